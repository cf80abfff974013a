/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU command line says about machine, memory and display, and what it must still be told
 * so that its guest is shown by scanoutd. Text in, text out; starts nothing. Used by main.
 */
#ifndef SCANOUTD_TOOLS_QEMU_LINE_H
#define SCANOUTD_TOOLS_QEMU_LINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Why scanoutd cannot show the line's guest, and what to do about it: one sentence each. */
struct qemu_reason {
	char *text;
	char *fix; /* what qemu_line_complete() does about it ("left out -vga std"); NULL: nothing */
};

struct words;

struct qemu_line {
	/* QEMU only prints something and ends: nothing else is read, there are no reasons. */
	bool only_asks;
	uint64_t memory; /* bytes, as QEMU rounds them */
	bool memory_is_shared; /* the line brings its own shared memory */
	bool has_vga_none;
	bool has_display; /* one that shows nothing on a screen: none, dbus, -nographic */
	GArray *reasons; /* of struct qemu_reason: all there are, in the line's order */
	struct words *words; /* of qemu_line.c and its parts */
};

/* `arguments` is NULL-terminated, QEMU's program first, and must outlive the line. */
void qemu_line_read(struct qemu_line *line, char *const *arguments);
void qemu_line_finish(struct qemu_line *line);

/* Whether every reason has a fix. */
bool qemu_line_can_be_fixed(const struct qemu_line *line);

struct qemu_line_additions {
	const char *socket_path; /* where scanoutd listens for QEMU */
	/* Virtual input devices: a bit for each enum input_kind, … */
	unsigned int inputs;
	unsigned int screens; /* … and of touch screens so many */
	const char *input_prefix; /* of their sockets, as in scanoutd.conf(5) */
	bool vga; /* a device that firmware without virtio-gpu can use too */
	unsigned int max_outputs; /* 0: QEMU's default, one */
	char *const *evdev; /* host input devices, NULL-terminated; or NULL */
	const char *
		bus; /* where the display is a D-Bus display, its address; NULL: it shows nothing */
};

/* The final command, NULL-terminated, with every fix made. What is added comes last, so that it
 * takes nobody's place on the bus. */
char **qemu_line_complete(const struct qemu_line *line,
	const struct qemu_line_additions *additions);

/* For a POSIX shell, quoted where needed, to be printed on a terminal and pasted from there: only
 * words with newlines take several lines. */
char *qemu_line_quote(char *const *arguments);

#endif
