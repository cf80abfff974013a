/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that have to prove that they are alive (alive.h), and what becomes of the pictures of
 * those that do not: each output that shows one is given another picture, while the guest goes on
 * as one that is on no output, so that it can come back. For that the view is taken from its
 * source, and bound again afterwards.
 *
 * The same becomes of pictures of which a watched region is bad (layout_region.c), and of those
 * of a guest's firmware, in whose place is what is shown where a guest shows nothing.
 *
 * Signs are noted when they come, from inside of a guest's message; who is dead is looked at in a
 * turn of its own, at the next deadline or when something is another (layout_alive_kick()).
 */
#include "log.h"
#include "scene/checksum.h"
#include "scene/layout_internal.h"
#include "turn.h"

/* A part that cannot be read now is tried again after this. */
#define AGAIN_US 10000

static struct screen *screen_of(const struct entry *entry)
{
	return &entry->member->screens[entry->scanout];
}

static unsigned int scanout_of(const struct screen *screen)
{
	return (unsigned int)(screen - screen->member->screens);
}

static struct source *source_of(const struct screen *screen)
{
	return guest_source(screen->member->options.guest, scanout_of(screen));
}

/* ---- covers ---- */

static char *clock_time(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();

	return now ? g_date_time_format(now, "%H:%M:%S") : g_strdup("?");
}

/* What is the matter, in two lines of a card. */
static void add_reason(GPtrArray *lines, const struct entry *entry)
{
	static const char *const missing[] = {
		[ALIVE_FRAMES] = "It has drawn nothing",
		[ALIVE_RECTANGLE] = "Its picture has not changed",
		[ALIVE_SOCKET] = "It has sent no sign of life",
	};
	const struct alive_options *alive = &entry->member->options.alive;
	const struct region *region = layout_region_bad(entry);

	if (screen_of(entry)->alive.dead || !region) {
		g_ptr_array_add(lines, g_strdup("Not responding"));
		g_ptr_array_add(lines,
			g_strdup_printf("%s for %" G_GINT64_FORMAT " ms.", missing[alive->proof],
				alive->period_ms));
		return;
	}
	g_ptr_array_add(lines, g_strdup("Its picture is not as it ought to be"));
	g_ptr_array_add(lines,
		g_strdup_printf("The part \"%s\" is %s.", region->options->name,
			region_state_name(region->state)));
}

/* text_card.lines; the caller's. */
static char **make_lines(const struct entry *entry)
{
	g_autofree char *since = clock_time();
	GPtrArray *lines = g_ptr_array_new();

	g_ptr_array_add(lines, g_strdup(guest_name(entry->member->options.guest)));
	add_reason(lines, entry);
	g_ptr_array_add(lines, g_strdup("The picture comes back when that is over."));
	g_ptr_array_add(lines, g_strdup_printf("Since %s", since));
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(lines, FALSE);
}

static bool is_to_be_covered(const struct entry *entry)
{
	if (!entry->view || entry->surplus)
		return false;
	return entry->member->hidden ||
		(entry->member->options.dead.kind != PICTURE_LAST &&
			(screen_of(entry)->alive.dead || layout_region_bad(entry)));
}

static void cover_dead(struct entry *entry)
{
	g_auto(GStrv) lines = make_lines(entry);

	entry->member->covers++;
	screen_of(entry)->cover_after = view_serial(entry->view);
	placeholder_cover(entry->placeholder, &entry->member->options.dead, lines);
}

static void cover(struct entry *entry)
{
	struct view_stack *held = view_hold(entry->view);

	source_remove_view(layout_source(entry), entry->view);
	entry->covered = true;
	if (entry->member->hidden)
		layout_place(entry);
	else
		cover_dead(entry);
	view_let_go(held);
}

/* A covered view has no place among those of its source, and others may have taken the last one
 * meanwhile. */
static void say_crowded(struct entry *entry)
{
	if (!entry->crowded)
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(entry->output),
			"stays covered: scanout %u of guest %s is shown in too many places",
			entry->scanout, guest_name(entry->member->options.guest));
	entry->crowded = true;
}

/* What the guest switched off meanwhile is black, as it would be by itself after blank-after. */
static void uncover(struct entry *entry)
{
	static const struct picture_spec black = {.kind = PICTURE_COLOR};
	struct source *source = layout_source(entry);
	struct view_stack *held;

	if (!layout_has_room(entry->member->layout, entry->member, entry->scanout)) {
		say_crowded(entry);
		return;
	}
	held = view_hold(entry->view);
	/* First: where its picture cannot be shown there, the view is given another one at once.
	 * Where there is none, what is due may be the same as before. */
	if (source_state(source) != SOURCE_EMPTY)
		placeholder_end(entry->placeholder);
	g_warn_if_fail(source_add_view(source, entry->view));
	entry->covered = false;
	entry->crowded = false;
	if (source_state(source) == SOURCE_DISABLED)
		placeholder_show(entry->placeholder, &black, entry->member->lines);
	else
		layout_place(entry);
	view_let_go(held);
}

bool layout_alive_withholds(struct entry *entry)
{
	bool due = is_to_be_covered(entry);

	if (due)
		cover(entry);
	return due;
}

static void cover_entries(struct layout *layout)
{
	struct entry *entry = NULL;

	while ((entry = layout_next_entry(layout, entry))) {
		bool due = is_to_be_covered(entry);

		if (due && !entry->covered)
			cover(entry);
		else if (!due && entry->covered)
			uncover(entry);
	}
}

void layout_alive_hide(struct member *member, bool hidden)
{
	struct layout *layout = member->layout;

	member->hidden = hidden;
	cover_entries(layout);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS && !hidden; i++) {
		struct screen *screen = &member->screens[i];

		if (source_state(source_of(screen)) == SOURCE_ENABLED)
			layout_picture_changed(screen, true);
	}
	layout_alive_kick(layout);
}

void layout_alive_presented(const struct entry *entry, uint64_t serial, int64_t time_us)
{
	struct screen *screen = screen_of(entry);
	struct member *member = entry->member;

	/* A frame of the guest's may have been in flight. */
	if (screen->cover_due_us == 0 || serial <= screen->cover_after)
		return;
	if (time_us > screen->cover_due_us)
		member->cover_us = MAX(member->cover_us,
			(uint64_t)(time_us - screen->cover_due_us));
	screen->cover_due_us = 0;
}

/* ---- who is alive ---- */

static void note_sign(struct screen *screen, int64_t now_us)
{
	if (!alive_sign(&screen->alive, now_us))
		return;
	log_guest(G_LOG_LEVEL_MESSAGE, guest_name(screen->member->options.guest),
		"scanout %u is alive again", scanout_of(screen));
	layout_alive_kick(screen->member->layout);
}

/* What the picture has of the rectangle, at the target's top left; the rest of that is black. */
static enum source_draw read_part(struct screen *screen)
{
	struct member *member = screen->member;
	const struct kms_rect *rectangle = &member->options.alive.rectangle;
	const struct kms_rect all = {0, 0, rectangle->width, rectangle->height};
	struct place place = {.transform = KMS_ROTATE_0};
	struct kms_rect picture = {0};
	uint32_t width, height;

	if (source_size(source_of(screen), &width, &height))
		picture = (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
	place.source = rect_intersect(&picture, rectangle);
	if (rect_empty(&place.source))
		return SOURCE_DRAW_NEVER;
	if (!layout_target_ready(&member->part))
		return SOURCE_DRAW_LATER;
	place.destination = (struct kms_rect){0, 0, place.source.width, place.source.height};
	copy_fill(&member->part, &all, 0);
	return source_draw(source_of(screen), NULL, &place, &member->part);
}

/* The rectangle was drawn into: has it changed by that? */
static void look_at_part(struct screen *screen)
{
	int64_t touched_us = screen->touched_us;
	uint32_t crc;

	screen->unread = false;
	switch (read_part(screen)) {
	case SOURCE_DRAWN:
		break;
	case SOURCE_DRAW_LATER:
		screen->unread = true;
		return;
	default:
		screen->touched_us = 0;
		return;
	}
	screen->touched_us = 0;
	crc = checksum_pixels(&screen->member->part);
	if (!screen->seen || screen->crc != crc)
		note_sign(screen, touched_us);
	screen->seen = true;
	screen->crc = crc;
}

void layout_alive_frame(struct screen *screen, const struct kms_rect *rect)
{
	const struct alive_options *options = &screen->member->options.alive;

	if (options->proof == ALIVE_FRAMES) {
		note_sign(screen, turn_time());
		return;
	}
	if (!rect || rect_overlaps(rect, &options->rectangle)) {
		screen->touched_us = turn_time();
		layout_alive_kick(screen->member->layout);
	}
	/* Just now nothing is half received, which it may be at each look where its socket is
	 * always full. */
	if (screen->unread)
		look_at_part(screen);
}

void layout_note_life(struct layout *layout, struct guest *guest)
{
	struct member *member = layout_find_member(layout, guest);
	int64_t now_us = g_get_monotonic_time();

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		note_sign(&member->screens[i], now_us);
}

/* An output of it is lit. One whose mode is being set is not so far: until that is done its guest
 * waits for us. */
static bool is_seen(const struct screen *screen)
{
	struct layout *layout = screen->member->layout;
	struct entry *entry = NULL;

	while ((entry = layout_next_entry(layout, entry))) {
		if (!entry->view || entry->surplus || screen_of(entry) != screen ||
			!view_live(entry->view))
			continue;
		if (!kms_output_setting_mode(entry->output))
			return true;
		layout->awaits_mode = true;
	}
	return false;
}

/* What covers it is to be on the glass soon. */
static void reserve(const struct screen *screen)
{
	struct entry *entry = NULL;

	while ((entry = layout_next_entry(screen->member->layout, entry))) {
		if (entry->view && !entry->covered && screen_of(entry) == screen)
			view_reserve(entry->view);
	}
}

static void say_dead(const struct screen *screen)
{
	static const char *const missing[] = {
		[ALIVE_FRAMES] = "no frame",
		[ALIVE_RECTANGLE] = "no change in its alive-rectangle",
		[ALIVE_SOCKET] = "no byte on its alive-socket",
	};
	const struct layout_guest *options = &screen->member->options;

	log_guest(G_LOG_LEVEL_WARNING, guest_name(options->guest),
		"scanout %u is dead: %s for %" G_GINT64_FORMAT " ms", scanout_of(screen),
		missing[options->alive.proof], options->alive.period_ms);
}

static void end_screen(struct screen *screen)
{
	screen->touched_us = 0;
	screen->unread = false;
	screen->seen = false;
	if (alive_end(&screen->alive))
		log_guest(G_LOG_LEVEL_MESSAGE, guest_name(screen->member->options.guest),
			"scanout %u shows nothing any more, and was dead", scanout_of(screen));
}

static void look_at_screen(struct screen *screen, int64_t now_us)
{
	int64_t due_us;

	if (screen->member->hidden || source_state(source_of(screen)) != SOURCE_ENABLED) {
		end_screen(screen);
		return;
	}
	alive_run(&screen->alive, is_seen(screen), now_us);
	/* How long its cover takes says nothing while no output is on. */
	if (!screen->alive.running)
		screen->cover_due_us = 0;
	else if (screen->member->options.dead.kind != PICTURE_LAST)
		reserve(screen);
	if (screen->touched_us != 0)
		look_at_part(screen);
	due_us = alive_deadline(&screen->alive);
	/* What has come meanwhile is read first, in this turn: it may be we who stood still. */
	if (due_us <= now_us && !screen->overdue) {
		screen->overdue = true;
		layout_alive_kick(screen->member->layout);
		return;
	}
	screen->overdue = false;
	if (!alive_check(&screen->alive, now_us))
		return;
	screen->cover_due_us = due_us;
	say_dead(screen);
}

static enum alive_state state_of(const struct member *member)
{
	enum alive_state state = ALIVE_UNWATCHED;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct alive *alive = &member->screens[i].alive;

		if (alive->dead)
			return ALIVE_DEAD;
		if (alive->running)
			state = ALIVE_WELL;
	}
	return state;
}

static void tell_state(struct member *member)
{
	struct layout *layout = member->layout;
	enum alive_state state = state_of(member);

	if (member->life == state)
		return;
	member->life = state;
	if (layout->listener.life)
		layout->listener.life(layout->data, member->options.guest, state);
}

static int64_t next_deadline(const struct layout *layout, int64_t now_us)
{
	int64_t next = ALIVE_NEVER;

	for (size_t i = 0; i < layout->member_count; i++) {
		for (uint32_t j = 0; j < VHOST_USER_GPU_SCANOUTS; j++) {
			const struct screen *screen = &layout->members[i].screens[j];

			next = MIN(next, alive_deadline(&screen->alive));
			/* It could not be read: its guest's GPU is at it. */
			if (screen->touched_us != 0)
				next = MIN(next, now_us + AGAIN_US);
		}
	}
	return next;
}

static gboolean look(GSource *source, GSourceFunc callback, gpointer data)
{
	struct layout *layout = data;
	int64_t now_us = g_get_monotonic_time();
	int64_t next_us;

	turn_note();
	g_source_set_ready_time(source, -1);
	layout->awaits_mode = false;
	for (size_t i = 0; i < layout->member_count; i++) {
		struct member *member = &layout->members[i];

		if (member->options.alive.proof == ALIVE_UNASKED)
			continue;
		for (uint32_t j = 0; j < VHOST_USER_GPU_SCANOUTS; j++)
			look_at_screen(&member->screens[j], now_us);
		tell_state(member);
	}
	next_us = MIN(next_deadline(layout, now_us), layout_region_look(layout, now_us));
	cover_entries(layout);
	/* What kicked it meanwhile is looked at again. */
	if (g_source_get_ready_time(source) < 0 && next_us != ALIVE_NEVER)
		g_source_set_ready_time(source, next_us);
	return G_SOURCE_CONTINUE;
}

void layout_alive_kick(struct layout *layout)
{
	if (layout->watch)
		g_source_set_ready_time(layout->watch, 0);
}

/* ---- counters ---- */

struct layout_life_counters layout_life_counters(const struct layout *layout,
	const struct guest *guest)
{
	const struct member *member = layout_find_member((struct layout *)layout, guest);
	struct layout_life_counters sum = {.covers = member->covers, .cover_us = member->cover_us};

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct alive_counters *counters = &member->screens[i].alive.counters;

		sum.alive.deaths += counters->deaths;
		sum.alive.returns += counters->returns;
		sum.alive.silence_us = MAX(sum.alive.silence_us, counters->silence_us);
	}
	return sum;
}

enum alive_state layout_life(const struct layout *layout, const struct guest *guest)
{
	return layout_find_member((struct layout *)layout, guest)->life;
}

/* ---- life ---- */

static GSourceFuncs watch_funcs = {.dispatch = look};

/* A source without a callback is taken for a removed one. */
static gboolean watch_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static void make_watch(struct layout *layout)
{
	if (layout->watch)
		return;
	layout->watch = g_source_new(&watch_funcs, sizeof(GSource));
	g_source_set_static_name(layout->watch, "alive");
	g_source_set_callback(layout->watch, watch_callback, layout, NULL);
	g_source_attach(layout->watch, NULL);
}

static void watch_member(struct member *member)
{
	const struct alive_options *options = &member->options.alive;
	bool frames = options->proof == ALIVE_FRAMES || options->proof == ALIVE_RECTANGLE;

	if (options->proof == ALIVE_RECTANGLE)
		layout_target_init(&member->part, &options->rectangle);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		alive_init(&member->screens[i].alive, options->period_ms * G_TIME_SPAN_MILLISECOND);
		source_watch(guest_source(member->options.guest, i), frames);
	}
	make_watch(member->layout);
}

void layout_alive_init(struct layout *layout)
{
	for (size_t i = 0; i < layout->member_count; i++) {
		if (layout->members[i].options.alive.proof != ALIVE_UNASKED)
			watch_member(&layout->members[i]);
	}
	if (layout->region_count > 0)
		make_watch(layout);
}

void layout_alive_finish(struct layout *layout)
{
	if (!layout->watch)
		return;
	g_source_destroy(layout->watch);
	g_clear_pointer(&layout->watch, g_source_unref);
}
