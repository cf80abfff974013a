/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of qemu_line.c share while a line is read: qemu_line_display.c and
 * qemu_line_memory.c collect and judge, qemu_line.c walks the line and calls them.
 */
#ifndef SCANOUTD_TOOLS_QEMU_LINE_INTERNAL_H
#define SCANOUTD_TOOLS_QEMU_LINE_INTERNAL_H

#include "tools/scanout-run/properties.h"
#include "tools/scanout-run/qemu_line.h"
#include "tools/scanout-run/words.h"

/* What is collected on the way through the line and judged at its end. */
struct reading {
	struct qemu_line *line;
	GArray *objects; /* of struct object */
	GArray *uses; /* of struct memory_use */
	char *machine; /* its name, or NULL: QEMU's default */
	bool machine_has_pcie; /* pcie=on, which microvm needs */
};

/* `fix` is taken over, and NULL where there is none: what has been marked in the words already. */
void reading_refuse(struct reading *reading, char *fix, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Marks the word to be left out, and says so. The caller's. */
char *reading_drop(struct word *word);

/* An option's argument, for properties_destroy(); NULL where it is JSON that cannot be read, which
 * is then a reason. */
struct properties *reading_properties(struct reading *reading, const struct word *word,
	const char *implied);

void reading_memory_begin(struct reading *reading);
void reading_memory_finish(struct reading *reading);
/* Options' readers, each for one word with an argument. */
void read_memory_size(struct reading *reading, struct word *word);
void read_mem_path(struct reading *reading, struct word *word);
void read_object(struct reading *reading, struct word *word);
void read_numa(struct reading *reading, struct word *word);
/* What -machine and -device say of memory. */
void read_machine_memory(struct reading *reading, struct word *word,
	const struct properties *properties);
void read_device_memory(struct reading *reading, struct word *word,
	const struct properties *properties);
/* When all words are read. */
void judge_memory(struct reading *reading);

void read_vga(struct reading *reading, struct word *word);
void read_display(struct reading *reading, struct word *word);
void read_vnc(struct reading *reading, struct word *word);
void read_spice(struct reading *reading, struct word *word);
/* -sdl, -curses. */
void read_display_switch(struct reading *reading, struct word *word);
void read_device_display(struct reading *reading, struct word *word,
	const struct properties *properties);

#endif
