/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every source has: a name, views that come and go, and the time after which it is black. */
#include "scene/source.h"

#include "turn.h"

bool source_add_view(struct source *source, struct view *view)
{
	return source->interface->add_view(source, view);
}

void source_remove_view(struct source *source, struct view *view)
{
	source->interface->remove_view(source, view);
}

enum source_draw source_draw(struct source *source, const struct kms_buffer *shown,
	const struct place *place, const struct copy_target *target)
{
	return source->interface->draw ? source->interface->draw(source, shown, place, target)
				       : SOURCE_DRAW_NEVER;
}

bool source_size(const struct source *source, uint32_t *width, uint32_t *height)
{
	return source->interface->size && source->interface->size(source, width, height);
}

void source_listen(struct source *source, const struct source_listener *listener, void *data)
{
	source->listener = listener;
	source->data = data;
}

void source_watch(struct source *source, bool watched)
{
	source->watched = watched;
}

void source_set_blank_after(struct source *source, int64_t milliseconds)
{
	source->blank_after_ms = milliseconds;
}

enum source_state source_state(const struct source *source)
{
	return source->state;
}

bool source_dark(const struct source *source)
{
	return source->dark;
}

/* ---- dark ---- */

static void set_dark(struct source *source, bool dark)
{
	if (source->dark == dark)
		return;
	source->dark = dark;
	if (source->listener)
		source->listener->dark(source->data, source, dark);
}

static gboolean timer_dispatch(GSource *timer, GSourceFunc callback, gpointer data)
{
	struct source *source = data;

	turn_note();
	g_source_set_ready_time(timer, -1);
	source->interface->blank(source);
	set_dark(source, true);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = {.dispatch = timer_dispatch};

/* A source without a callback is taken for a removed one. */
static gboolean timer_callback(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

static void arm(struct source *source)
{
	if (!source->timer) {
		source->timer = g_source_new(&timer_funcs, sizeof(GSource));
		g_source_set_static_name(source->timer, "blank");
		g_source_set_callback(source->timer, timer_callback, source, NULL);
		g_source_attach(source->timer, NULL);
	}
	g_source_set_ready_time(source->timer,
		g_get_monotonic_time() + source->blank_after_ms * G_TIME_SPAN_MILLISECOND);
}

static void disarm(struct source *source)
{
	if (source->timer)
		g_source_set_ready_time(source->timer, -1);
}

void source_light(struct source *source)
{
	set_dark(source, false);
}

/* ---- its picture ---- */

static void tell_picture(struct source *source, bool there)
{
	if (source->listener && source->listener->picture)
		source->listener->picture(source->data, source, there);
}

void source_enable(struct source *source)
{
	source->state = SOURCE_ENABLED;
	disarm(source);
	set_dark(source, false);
	tell_picture(source, true);
}

void source_see(struct source *source)
{
	source->seen = true;
	if (source->listener && source->listener->seen)
		source->listener->seen(source->data, source);
}

void source_unshowable(struct source *source)
{
	if (source->state == SOURCE_EMPTY && source->listener && source->listener->unshowable)
		source->listener->unshowable(source->data, source);
}

void source_left(struct source *source, struct view *view, bool left)
{
	if (source->listener && source->listener->left)
		source->listener->left(source->data, source, view, left);
}

void source_disabled(struct source *source)
{
	/* One that never showed anything is before its first picture. */
	if (source->state != SOURCE_ENABLED)
		return;
	source->state = SOURCE_DISABLED;
	if (source->blank_after_ms == SOURCE_BLANK_NEVER)
		set_dark(source, true);
	else
		arm(source);
}

void source_emptied(struct source *source)
{
	source->state = SOURCE_EMPTY;
	disarm(source);
	tell_picture(source, false);
}

/* ---- life ---- */

void source_init(struct source *source, const struct source_interface *interface)
{
	*source = (struct source){
		.interface = interface,
		.blank_after_ms = SOURCE_BLANK_AFTER_MS,
	};
}

void source_finish(struct source *source)
{
	if (source->timer) {
		g_source_destroy(source->timer);
		g_clear_pointer(&source->timer, g_source_unref);
	}
}
