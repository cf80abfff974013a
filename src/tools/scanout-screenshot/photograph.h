/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A photograph: the picture that a CRTC shows now, composed from its planes' buffers and states.
 * Called by camera.c for one picture and by watch.c at every vblank.
 *
 * The states are read, then the pixels, then the states again. When something changed in between it
 * is done again, so that a photograph mixes no two frames. When nothing changed but more than one
 * vblank went by, a buffer may have been away and come back: then two photographs in a row must be
 * equal. What it cannot exclude is a program that draws into the very buffer that is being shown;
 * that would be seen on a monitor as well.
 */
#ifndef SCREENSHOT_PHOTOGRAPH_H
#define SCREENSHOT_PHOTOGRAPH_H

#include "buffer.h"
#include "snapshot.h"

/* What takes photographs of one card. The caller owns the struct and keeps the card open. */
struct photographer {
	const struct card *card;
	struct buffer_cache buffers;
	struct snapshot before, after;
	const struct plane_state **sorted; /* card->plane_count */
	uint64_t slow_checksum; /* of an attempt that saw a vblank, else 0 */
	bool warned_of_color;
};

struct photograph {
	struct picture picture;
	/* False when no attempt was without a change under way: the picture may mix frames. */
	bool stable;
	uint64_t sequence; /* the last vblank before it was taken, 0 without one */
	uint32_t vkms_crc; /* see compose_picture(); only when asked for */
};

void photographer_init(struct photographer *photographer, const struct card *card);
void photographer_finish(struct photographer *photographer);

/*
 * Takes a photograph; the picture is resized to the mode. attempts: how often to try for a stable
 * one. Errors: SCREENSHOT_ERROR_OFF when the CRTC shows nothing, SCREENSHOT_ERROR_FAILED.
 * Afterwards photographer->before is the state that was photographed.
 */
bool photograph_take(struct photographer *photographer, uint32_t crtc_id, unsigned int attempts,
	bool with_crc, struct photograph *photograph, GError **error);

#endif
