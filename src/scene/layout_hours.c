/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that are on at some hours of the day. The wall clock is read at the beginning of each of
 * its minutes, so that neither a clock that is set, a change to summer time nor a suspended machine
 * is missed for longer than one; only where a section has such hours. Called by layout.c and by the
 * main loop.
 */
#include "scene/layout_internal.h"
#include "turn.h"

bool layout_in_hours(const struct layout *layout, const struct layout_output *section)
{
	return !section || hours_has(&section->hours, layout->minute);
}

static gboolean look(gpointer data);

static void read_clock(struct layout *layout)
{
	unsigned int left_ms;

	layout->minute = hours_read_clock(&left_ms);
	layout->minute_timer = turn_name(g_timeout_add(left_ms, look, layout), "hours");
}

static gboolean look(gpointer data)
{
	struct layout *layout = data;
	unsigned int before = layout->minute;
	bool changed = false;

	turn_note();
	read_clock(layout);
	for (size_t i = 0; i < layout->section_count; i++)
		changed |= hours_has(&layout->sections[i].hours, before) !=
			hours_has(&layout->sections[i].hours, layout->minute);
	if (changed)
		layout_relight(layout);
	return G_SOURCE_REMOVE;
}

void layout_hours_init(struct layout *layout)
{
	for (size_t i = 0; i < layout->section_count && !layout->minute_timer; i++) {
		if (layout->sections[i].hours.count > 0)
			read_clock(layout);
	}
}

void layout_hours_finish(struct layout *layout)
{
	g_clear_handle_id(&layout->minute_timer, g_source_remove);
}
