/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboards and pointers, and the machine that has them: a set of the host's devices that work
 * together. Made by routing.c: one for all devices that are nobody's own, and one for each machine
 * that has devices of its own.
 *
 * Every press that a machine saw is released there: when the key comes up, when the focus moves,
 * and when the focus ends. A key that is held while the focus moves is nobody's until it is up; a
 * modifier that was held before its keyboard was ours counts for the keys that are ours alone.
 */
#ifndef SCANOUTD_INPUT_FOCUS_H
#define SCANOUTD_INPUT_FOCUS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/combination.h"
#include "input/machine.h"
#include "input/seat.h"

struct focus;

/* Keys that are ours. All zero: none. Borrowed as long as the focus lives. */
struct focus_keys {
	/* The press that would complete one of these for a guest is kept, in whatever order. */
	const struct combination *never_pass;
	size_t never_pass_count;
	struct combination leave;
	struct combination switch_guest; /* modifiers of a digit, 1 for the first machine */
	struct combination switch_terminal; /* modifiers of a function key */
	struct combination switch_layout; /* modifiers of a digit, 1 for the first layout */
};

struct focus_listener {
	void (*leave)(void *data);
	void (*switch_terminal)(void *data, int terminal);
	/* focus_machine() is another: its LEDs count now. */
	void (*moved)(void *data);
	void (*switch_layout)(void *data, size_t index);
};

/* `machines` are borrowed; the focus begins with the one of that index. */
struct focus *focus_create(struct machine *const *machines, size_t count, size_t first,
	const struct focus_keys *keys, const struct focus_listener *listener, void *data);
/* Releases everything. Takes NULL. */
void focus_destroy(struct focus *focus);

struct machine *focus_machine(const struct focus *focus);

/* Keyboard and pointer go to another machine. Out of range: nothing happens. */
void focus_move(struct focus *focus, size_t index);

/* KEY, HELD, BUTTON, MOTION, WHEEL and SCROLL. `raw`: motion as the device counts it. */
void focus_event(struct focus *focus, const struct seat_event *event, bool raw);

/* A press (KEY, BUTTON) that no machine hears of, nor of its release; hot-keys are obeyed. */
void focus_keep(struct focus *focus, const struct seat_event *event);

/* Pixels of the machine's picture, not 0: what a mouse moves by, on a machine that only has an
 * absolute pointer, and the other way round. */
void focus_set_picture(struct focus *focus, uint32_t width, uint32_t height);

/* An absolute pointer is here, in fractions of the machine's picture. */
void focus_point(struct focus *focus, double x, double y);

#endif
