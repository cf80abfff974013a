/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The turn of the main loop that runs, and which source is at work in it: what the stall meter
 * (src/report/stall.h) reads. Every source of ours has a name, and calls turn_note() first of all
 * when it is dispatched. GLib tells nobody what it dispatches; this is the record instead.
 *
 * There is one record, since there is one loop: no room has to be handed it. Without a meter (a
 * unit test, a tool) nothing is noted. Main thread alone.
 */
#ifndef SCANOUTD_TURN_H
#define SCANOUTD_TURN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TURN_NAME_SIZE 64

struct turn {
	int64_t (*now_us)(void);
	int64_t began_us; /* when poll returned */
	int64_t since_us; /* since when the source is at work; of the first one: since the turn began */
	int64_t slowest_us; /* the longest that one source was at work in this turn … */
	char slowest[TURN_NAME_SIZE]; /* … and which */
	char source[TURN_NAME_SIZE]; /* at work; "": none has said so yet */
};

/*
 * NULL: nobody measures. Set by the meter alone. Weak, since it belongs to no file that all rooms,
 * tools and tests are linked with; looked at for every source that is dispatched, so it is no more
 * than a variable.
 */
extern struct turn *turn_current;
__attribute__((weak)) struct turn *turn_current;

/* When this turn began, as g_get_monotonic_time(): good enough for what is reckoned in frames, and
 * no look at the clock. Without a meter it is now. */
static inline int64_t turn_time(void)
{
	return turn_current ? turn_current->began_us : g_get_monotonic_time();
}

/* Cut where it is too long. Once for each source that is dispatched: not byte by byte. */
static inline void turn_copy_name(char to[TURN_NAME_SIZE], const char *name)
{
	size_t length = MIN(strlen(name), TURN_NAME_SIZE - 1);

	memcpy(to, name, length);
	to[length] = '\0';
}

/* The source that was at work no longer is. */
static inline void turn_settle(struct turn *turn, int64_t now_us)
{
	if (now_us - turn->since_us > turn->slowest_us) {
		turn->slowest_us = now_us - turn->since_us;
		turn_copy_name(turn->slowest, turn->source);
	}
	turn->since_us = now_us;
}

/*
 * The source that is dispatched now is at work from here on. What ran in this turn before the first
 * one counts as its own. Costs a look at the clock only where another was at work before.
 */
static inline void turn_note(void)
{
	struct turn *turn = turn_current;
	GSource *source;
	const char *name;

	if (!turn)
		return;
	source = g_main_current_source();
	name = source ? g_source_get_name(source) : NULL;
	if (turn->source[0])
		turn_settle(turn, turn->now_us());
	/* Copied: it may be gone before the turn is over. */
	turn_copy_name(turn->source, name ? name : "unnamed");
}

/* Names a source that GLib made; gives its id back. */
static inline guint turn_name(guint id, const char *name)
{
	g_source_set_name_by_id(id, name);
	return id;
}

/* The same with whose it is: "relay kiosk". */
static inline guint turn_name_of(guint id, const char *what, const char *whose)
{
	char name[TURN_NAME_SIZE];

	g_snprintf(name, sizeof(name), "%s %s", what, whose);
	return turn_name(id, name);
}

/* The same for a source that is not attached. */
static inline void turn_name_source(GSource *source, const char *what, const char *whose)
{
	char name[TURN_NAME_SIZE];

	g_snprintf(name, sizeof(name), "%s %s", what, whose);
	g_source_set_name(source, name);
}

/*
 * One that is dispatched often; gives its id back. GLib takes the fds of a source out of its poll
 * while it is dispatched and puts them back, and wakes a loop for both that is awake: two system
 * calls, and a turn in which it finds just that. Not so where a source may be dispatched inside of
 * itself; none of ours runs a loop.
 */
static inline guint turn_often(guint id)
{
	g_source_set_can_recurse(g_main_context_find_source_by_id(NULL, id), TRUE);
	return id;
}

#endif
