/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest with all that is behind its display socket: a real channel, scanouts, views and a
 * layout, and a card of memory (tests/unit/fake/fake_kms.h). Made and taken down for each input;
 * what must hold whatever was sent is asserted here.
 */
#ifndef SCANOUTD_TESTS_FUZZ_STAGE_H
#define SCANOUTD_TESTS_FUZZ_STAGE_H

#include <glib.h>

#include "fake/fake_kms.h"
#include "fuzz.h"
#include "scene/guest.h"
#include "scene/layout.h"

struct stage {
	struct kms_device *card; /* NULL: there is none just now */
	size_t outputs; /* of any card of this input */
	struct layout *layout;
	struct account *account;
	struct guest *guest;
	struct guest_state *state;
	int peer; /* the back-end's end, or -1 */
	uint64_t frames_before; /* DMABUF_UPDATEs of earlier peers */
	uint64_t answers; /* to this one */
	bool unheard; /* a reply to it could not be written, so that it gets no more */
	GByteArray *received; /* part of a reply */
	unsigned int fds; /* open before */
};

/* With a peer; how the layout is configured is the input's choice. */
void stage_init(struct stage *stage, struct fuzz *fuzz);

/* Stops, as the daemon does. Every DMABUF_UPDATE that was read has had its answer then, no buffer
 * and no fd is left, and surfaces stayed within their bound. */
void stage_finish(struct stage *stage);

/* A new back-end, whether there is one or not; and its end. */
void stage_attach(struct stage *stage);
void stage_hang_up(struct stage *stage);

/* A new back-end with a socket that cannot be used. */
void stage_attach_broken(struct stage *stage);

/* Turns of the main loop while a system call fails. */
void stage_turns_with_fault(struct stage *stage, struct fuzz *fuzz);

/* Other sections, or another layout: its own or a new configuration's. */
void stage_arrange(struct stage *stage, struct fuzz *fuzz);

/* The card goes, or another comes. */
void stage_change_card(struct stage *stage);

/* Reads all replies, which are well-formed; returns how many bytes. */
size_t stage_receive(struct stage *stage);

#endif
