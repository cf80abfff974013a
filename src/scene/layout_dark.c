/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that nobody looks at go off: those of a scanout that its guest has switched off, and
 * those of a guest that nobody has touched for long. Called by the sources, from inside of a
 * guest's message, and by the daemon: so the views stay as they are, and only the card is asked.
 * Here is the one listener that a source has, so what other parts are to hear is handed on to them.
 */
#include "scene/layout_internal.h"

#include "turn.h"

static void set_unlit(struct screen *screen, bool unlit)
{
	g_clear_handle_id(&screen->timer, g_source_remove);
	if (screen->unlit == unlit)
		return;
	screen->unlit = unlit;
	layout_relight(screen->member->layout);
}

static gboolean dark_for_long(gpointer data)
{
	struct screen *screen = data;

	turn_note();
	screen->timer = 0;
	set_unlit(screen, true);
	return G_SOURCE_REMOVE;
}

/* What is to be off before it is black is black then. */
static int64_t blank_after_ms(const struct layout_guest *guest)
{
	if (guest->off_after_ms == LAYOUT_NEVER || guest->blank_after_ms == LAYOUT_NEVER)
		return guest->blank_after_ms;
	return MIN(guest->blank_after_ms, guest->off_after_ms);
}

/* Of off-after, blank-after has passed already. */
static void on_dark(void *data, struct source *source, bool dark)
{
	struct screen *screen = data;
	const struct layout_guest *guest = &screen->member->options;
	int64_t left_ms = guest->off_after_ms - MAX(blank_after_ms(guest), 0);

	if (!dark)
		set_unlit(screen, false);
	else if (guest->off_after_ms != LAYOUT_NEVER)
		screen->timer = turn_name(g_timeout_add((guint)left_ms, dark_for_long, screen),
			"dark");
	layout_alive_kick(screen->member->layout);
}

static void on_picture(void *data, struct source *source, bool there)
{
	layout_picture_changed(data, there);
}

static void on_unshowable(void *data, struct source *source)
{
	layout_picture_unshowable(data);
}

static void on_left(void *data, struct source *source, struct view *view, bool left)
{
	layout_picture_left(data, view, left);
}

static void on_frame(void *data, struct source *source, const struct kms_rect *rect)
{
	layout_alive_frame(data, rect);
}

static void on_seen(void *data, struct source *source)
{
	const struct member *member = ((struct screen *)data)->member;
	const struct layout *layout = member->layout;

	if (layout->listener.seen)
		layout->listener.seen(layout->data, member->options.guest);
}

static const struct source_listener source_listener = {
	.dark = on_dark,
	.picture = on_picture,
	.unshowable = on_unshowable,
	.left = on_left,
	.frame = on_frame,
	.seen = on_seen,
};

void layout_set_idle(struct layout *layout, struct guest *guest, bool idle)
{
	struct member *member = layout_find_member(layout, guest);

	if (member->idle == idle)
		return;
	member->idle = idle;
	layout_relight(layout);
}

void layout_dark_init(struct member *member)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		struct source *source = guest_source(member->options.guest, i);

		member->screens[i].member = member;
		source_set_blank_after(source, blank_after_ms(&member->options));
		source_listen(source, &source_listener, &member->screens[i]);
	}
}

void layout_dark_finish(struct member *member)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		source_listen(guest_source(member->options.guest, i), NULL, NULL);
		g_clear_handle_id(&member->screens[i].timer, g_source_remove);
	}
}
