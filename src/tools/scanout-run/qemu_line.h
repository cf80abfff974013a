/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU command line says about memory and display, and what it must still be told so that
 * its guest is shown by scanoutd. Text in, text out; starts nothing.
 */
#ifndef SCANOUTD_TOOLS_QEMU_LINE_H
#define SCANOUTD_TOOLS_QEMU_LINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define QEMU_LINE_ERROR (qemu_line_error_quark())
GQuark qemu_line_error_quark(void);

enum qemu_line_error {
	/* The line cannot be shown by us, and the message says in one sentence what to change. */
	QEMU_LINE_ERROR_REFUSED,
};

struct qemu_line {
	uint64_t memory; /* bytes, as QEMU rounds them */
	bool memory_is_shared; /* the line brings its own shared memory */
	bool has_vga_none;
	bool has_display; /* one that shows nothing on a screen: none, dbus, -nographic */
};

/* `arguments` is NULL-terminated, QEMU's program first. */
bool qemu_line_read(struct qemu_line *line, char *const *arguments, GError **error);

struct qemu_line_additions {
	const char *socket_path; /* where scanoutd listens for QEMU */
	/* Virtual input devices: a bit for each enum input_kind, … */
	unsigned int inputs;
	unsigned int screens; /* … and of touch screens so many */
	const char *input_prefix; /* of their sockets, as in scanoutd.conf(5) */
	bool vga; /* a device that firmware without virtio-gpu can use too */
	unsigned int max_outputs; /* 0: QEMU's default, one */
	char *const *evdev; /* host input devices, NULL-terminated; or NULL */
};

/* The final command, NULL-terminated. What is added comes last, so that it takes nobody's place
 * on the bus. */
char **qemu_line_complete(const struct qemu_line *line, char *const *arguments,
	const struct qemu_line_additions *additions);

/* One line for a shell, quoted where needed. */
char *qemu_line_quote(char *const *arguments);

#endif
