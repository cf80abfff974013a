/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display end that shows nothing: answers a real back-end's questions, so that the guest goes on,
 * and counts what comes. Trusts its peer, and reads it blocking; it is no part of what is tested.
 */
#ifndef SCANOUTD_TEST_DISPLAY_H
#define SCANOUTD_TEST_DISPLAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct display {
	int fd; /* -1 before a socket comes and after EOF */
	guint source;
	uint32_t first_request; /* 0 before it came */
	unsigned int questions; /* GET_DISPLAY_INFO: a driver begins */
	unsigned int scanouts; /* SCANOUT or DMABUF_SCANOUT, not disabling */
	unsigned int updates; /* UPDATE or DMABUF_UPDATE */
	bool ended; /* EOF was seen */
};

/* Takes the fd over and serves it from the main loop. Forgets what an earlier one has counted. */
void display_begin(struct display *display, int fd);
void display_finish(struct display *display);

#endif
