/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether what a guest was answered about its screens still holds, and who is to hear where it does
 * not. Called by the layout after anything that an answer is made of may have changed, and by
 * layout_display.c with each answer. Guests that nobody can reach cost nothing.
 *
 * A plug that is pulled and pushed in again makes a burst of changes, and a bad cable makes them
 * without end: so they are looked at a part of the period later, and each guest is told at most
 * once in one. What was taken back by then, the guest never hears of.
 *
 * Another monitor in the place of one is told as a real connector would: it is gone, and when the
 * guest knows that and has switched it off, it is there. Desktops look at a monitor's modes when it
 * comes, and many at no other time.
 */
#include "scene/edid.h"
#include "scene/layout_internal.h"
#include "turn.h"

/* From the first change until it is looked at: so many of them are a period. */
#define SETTLES 5

/* A desktop that has not switched a screen off for so many periods since it was gone leaves it
 * on. */
#define LEAVES_ON 3

#define DIGEST_SIZE 32

/* An answer, as far as the guest asked for it. */
struct answer {
	struct virtio_gpu_display_one mode;
	uint8_t edid[DIGEST_SIZE]; /* SHA-256 */
};

struct told {
	struct member *member;
	bool reachable; /* layout_set_reachable() */
	bool asked_info; /* GET_DISPLAY_INFO, since the guest began */
	uint32_t asked_edids; /* bit i: GET_EDID of scanout i, since then */
	struct answer given[VHOST_USER_GPU_SCANOUTS]; /* to the guest, last */
	/* Bit i: `passed` was told to the listener since, and the guest has not asked yet. */
	uint32_t passed_bits;
	struct answer passed[VHOST_USER_GPU_SCANOUTS];
	uint32_t swapped; /* bit i: told as gone until the guest knows that, being another */
	int64_t known_us; /* when it knew of the first of them; 0: of none */
	guint swap_timer; /* a guest that does not ask is not waited for; else 0 */
	guint timer; /* until the changes are looked at; else 0 */
	int64_t last_us; /* when the listener was told; 0: never */
};

static void digest(uint8_t result[DIGEST_SIZE], const uint8_t *edid, size_t size)
{
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize length = DIGEST_SIZE;

	g_checksum_update(checksum, edid, (gssize)size);
	g_checksum_get_digest(checksum, result, &length);
	g_checksum_free(checksum);
}

static bool same(const struct told *told, uint32_t scanout, const struct answer *a,
	const struct answer *b)
{
	bool asked_edid = told->asked_edids & 1u << scanout;

	return (!told->asked_info || memcmp(&a->mode, &b->mode, sizeof(a->mode)) == 0) &&
		(!asked_edid || memcmp(a->edid, b->edid, sizeof(a->edid)) == 0);
}

/* Between two tellings of one guest: its kernel and its desktop set modes at each. */
static int64_t period_ms(const struct told *told)
{
	return told->member->layout->told_period_ms;
}

static void check(struct told *told);
static void look_after(struct told *told, int64_t wait_ms);

/* ---- what the guest was answered ---- */

/* It knows that these are gone. Its kernel does: its desktop has to look before there is
 * another. */
static void note_known(struct told *told)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		if (!told->given[i].mode.enabled)
			known |= told->swapped & 1u << i;
	}
	if (!known)
		return;
	if (told->known_us == 0)
		told->known_us = g_get_monotonic_time();
	if (known == told->swapped)
		g_clear_handle_id(&told->swap_timer, g_source_remove);
	look_after(told, period_ms(told) / SETTLES);
}

void layout_told_info(struct member *member, const struct virtio_gpu_resp_display_info *info)
{
	struct told *told = member->told;

	told->asked_info = true;
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		told->given[i].mode = info->pmodes[i];
	note_known(told);
}

uint32_t layout_told_swapped(const struct member *member)
{
	return member->told->swapped;
}

void layout_told_edid(struct member *member, uint32_t scanout, const uint8_t *edid, size_t size)
{
	struct told *told = member->told;

	told->asked_edids |= 1u << scanout;
	digest(told->given[scanout].edid, edid, size);
}

/* ---- what it would be answered ---- */

static void answer_now(const struct told *told, uint32_t scanout,
	const struct virtio_gpu_resp_display_info *info, struct answer *answer)
{
	uint8_t edid[VIRTIO_GPU_EDID_MAX];

	*answer = (struct answer){.mode = info->pmodes[scanout]};
	if (told->asked_edids & 1u << scanout)
		digest(answer->edid, edid, layout_display_edid(told->member, scanout, edid));
}

static struct layout_screen describe(const struct member *member, uint32_t scanout,
	const struct virtio_gpu_display_one *mode)
{
	const struct entry *entry = layout_find_scanout(member->layout, member->options.guest,
		scanout);
	struct layout_screen screen = {0};

	if (!mode->enabled)
		return screen;
	screen.x = (int32_t)GUINT32_FROM_LE(mode->x);
	screen.y = (int32_t)GUINT32_FROM_LE(mode->y);
	screen.width = GUINT32_FROM_LE(mode->width);
	screen.height = GUINT32_FROM_LE(mode->height);
	if (entry)
		layout_physical_size(entry, &screen.width_mm, &screen.height_mm);
	return screen;
}

static gboolean swap_over(gpointer data)
{
	struct told *told = data;

	turn_note();
	told->swap_timer = 0;
	told->swapped = 0;
	told->known_us = 0;
	check(told);
	return G_SOURCE_REMOVE;
}

/* There was a screen and is one, but of another size or monitor. */
static bool is_swap(const struct told *told, uint32_t scanout, const struct answer *now)
{
	const struct answer *before = &told->given[scanout];

	if (!told->asked_info || !before->mode.enabled || !now->mode.enabled)
		return false;
	/* A guest that was told so, and did not ask. */
	if (told->passed_bits & 1u << scanout && !told->passed[scanout].mode.enabled)
		return false;
	return before->mode.width != now->mode.width || before->mode.height != now->mode.height ||
		(told->asked_edids & 1u << scanout &&
			memcmp(before->edid, now->edid, sizeof(now->edid)) != 0);
}

static void begin_swap(struct told *told, uint32_t scanout)
{
	told->swapped |= 1u << scanout;
	g_clear_handle_id(&told->swap_timer, g_source_remove);
	told->swap_timer = turn_name(
		g_timeout_add(told->member->layout->told_patience_ms, swap_over, told),
		"screens swapped");
}

/* True: it was told of now. */
static bool tell_screen(struct told *told, uint32_t scanout,
	const struct virtio_gpu_resp_display_info *info)
{
	const struct layout *layout = told->member->layout;
	uint32_t bit = 1u << scanout;
	struct layout_screen screen;
	struct answer answer;

	answer_now(told, scanout, info, &answer);
	if (same(told, scanout, &answer, &told->given[scanout])) {
		told->passed_bits &= ~bit;
		return false;
	}
	if (is_swap(told, scanout, &answer)) {
		begin_swap(told, scanout);
		answer.mode = (struct virtio_gpu_display_one){0};
	}
	if (told->passed_bits & bit && same(told, scanout, &answer, &told->passed[scanout]))
		return false;
	told->passed_bits |= bit;
	told->passed[scanout] = answer;
	screen = describe(told->member, scanout, &answer.mode);
	layout->listener.screen_changed(layout->data, told->member->options.guest, scanout,
		&screen);
	return true;
}

static void tell(struct told *told)
{
	struct virtio_gpu_resp_display_info info = {0};
	bool news = false;

	/* Until there is a card again, nothing is known that is worth a change. */
	if (!layout_has_card(told->member->layout))
		return;
	layout_display_info(told->member, &info);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		news |= tell_screen(told, i, &info);
	if (news)
		told->last_us = g_get_monotonic_time();
}

/* Those that the guest has switched off, as it does what is gone, or that it leaves on. True:
 * others are to be waited for. */
static bool end_swaps(struct told *told)
{
	int64_t waited_ms = (g_get_monotonic_time() - told->known_us) / 1000;
	bool waits = false;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct source *source = guest_source(told->member->options.guest, i);

		if (!(told->swapped & 1u << i) || told->given[i].mode.enabled)
			continue;
		if (source_state(source) == SOURCE_ENABLED &&
			waited_ms < LEAVES_ON * period_ms(told))
			waits = true;
		else
			told->swapped &= ~(1u << i);
	}
	if (told->swapped == 0)
		told->known_us = 0;
	return waits;
}

static gboolean settled(gpointer data)
{
	struct told *told = data;
	bool waits = end_swaps(told);

	turn_note();
	told->timer = 0;
	tell(told);
	if (waits)
		look_after(told, period_ms(told) / SETTLES);
	return G_SOURCE_REMOVE;
}

static void look_after(struct told *told, int64_t wait_ms)
{
	g_clear_handle_id(&told->timer, g_source_remove);
	told->timer = turn_name(g_timeout_add((guint)wait_ms, settled, told), "screens told");
}

static void check(struct told *told)
{
	int64_t wait_ms = period_ms(told) / SETTLES;

	if (!told->reachable || told->timer || !(told->asked_info || told->asked_edids))
		return;
	if (told->last_us)
		wait_ms = MAX(wait_ms,
			period_ms(told) - (g_get_monotonic_time() - told->last_us) / 1000);
	look_after(told, wait_ms);
}

void layout_told_check(struct layout *layout)
{
	for (size_t i = 0; i < layout->member_count; i++)
		check(layout->members[i].told);
}

/* ---- who is to hear ---- */

bool layout_told_reachable(const struct member *member)
{
	return member->told->reachable;
}

/* Whoever is there now has not heard of what was told. */
static void forget_passed(struct told *told)
{
	told->passed_bits = 0;
	told->swapped = 0;
	told->known_us = 0;
	g_clear_handle_id(&told->swap_timer, g_source_remove);
	g_clear_handle_id(&told->timer, g_source_remove);
}

void layout_told_forget(struct member *member)
{
	struct told *told = member->told;

	told->asked_info = false;
	told->asked_edids = 0;
	forget_passed(told);
}

void layout_set_reachable(struct layout *layout, struct guest *guest, bool reachable)
{
	struct member *member = layout_find_member(layout, guest);
	struct told *told = member->told;

	if (told->reachable == reachable)
		return;
	told->reachable = reachable && layout->listener.screen_changed;
	forget_passed(told);
	if (!guest_attached(guest))
		layout_told_forget(member);
	check(told);
}

/* ---- life ---- */

void layout_told_init(struct member *member)
{
	member->told = g_new0(struct told, 1);
	member->told->member = member;
}

void layout_told_finish(struct member *member)
{
	g_clear_handle_id(&member->told->swap_timer, g_source_remove);
	g_clear_handle_id(&member->told->timer, g_source_remove);
	g_clear_pointer(&member->told, g_free);
}
