/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What script.c (lines and flow) and command.c (messages) share. Nobody else includes it.
 */
#ifndef SCRIPTED_BACKEND_SCRIPT_INTERNAL_H
#define SCRIPTED_BACKEND_SCRIPT_INTERNAL_H

#include "memory.h"
#include "script.h"

/* What a scanout must show, as far as the messages say. */
struct shown {
	/* By UPDATE: an image of ours. */
	uint8_t *pixels;
	uint32_t width, height;
	/* By DMABUF_UPDATE: a part of a buffer; NULL: pixels. */
	const struct memory *memory;
	uint32_t rect[4]; /* x, y, width, height */
	bool upside_down;
	struct shown_cursor {
		uint32_t pixels[VHOST_USER_GPU_CURSOR_SIZE * VHOST_USER_GPU_CURSOR_SIZE];
		int32_t x, y;
		bool visible;
	} cursor;
};

struct script {
	struct wire *wire;
	const struct script_vmm *vmm;
	const struct script_door *door;
	unsigned int again; /* the line of "again"; where there is none, behind the last */
	uint64_t again_left; /* so often */
	char **lines;
	GHashTable *memories; /* struct memory, by name */
	struct shown shown[VHOST_USER_GPU_SCANOUTS + 1]; /* the last: all beyond */
};

/* `words[0]` is the command. */
bool command_run(struct script *script, char **words, GError **error);

#endif
