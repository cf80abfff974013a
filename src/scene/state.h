/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that a guest's state lives in: a memfd, so that a successor of this process can go on
 * where it stopped (design 13). The guest works on it in place; nothing is ever saved or restored.
 *
 * Made for each guest (guests/kept_guest.h), before guest_create(); outlives the guest.
 */
#ifndef SCANOUTD_SCENE_STATE_H
#define SCANOUTD_SCENE_STATE_H

#include <glib.h>

#include "scene/guest_state.h"

/* Raised whenever the layout or the meaning of struct guest_state changes. A build that tests
 * succeed and precede this one with has another. */
#ifndef STATE_VERSION
#define STATE_VERSION 7u
#endif

/* What the memfd begins with. */
struct state_header {
	uint32_t version; /* STATE_VERSION, or another kind's */
	uint32_t padding;
	uint64_t size; /* of the whole memfd, this header included; bytes */
};

struct state;

#define STATE_ERROR (state_error_quark())
GQuark state_error_quark(void);

enum state_error {
	STATE_ERROR_FAILED, /* no memory, or not a memfd */
	STATE_ERROR_VERSION, /* written by a daemon with another layout: start anew */
	STATE_ERROR_DAMAGED, /* guest_adopt(): says what no daemon leaves behind, or not all was kept: start anew */
};

/* A new, zeroed one. `name` is the guest's: it is seen in /proc/PID/maps. */
struct state *state_create(const char *name, GError **error);

/* One that another process made, and works on no more; `fd` is taken over, also on failure. What is
 * in it nobody has looked at: guest_adopt() does. */
struct state *state_create_from_fd(int fd, GError **error);

/* Takes NULL. The memory lives on as long as somebody else has the fd. */
void state_destroy(struct state *state);

struct guest_state *state_guest(struct state *state);

/* Memory of another kind, such as the relay's: a plain struct behind the header. */
struct state_kind {
	const char *what; /* for /proc/PID/maps, before the name */
	uint32_t version; /* raised whenever the struct's layout or meaning changes */
	size_t size; /* of the struct; bytes */
};

/* As state_create() and state_create_from_fd(). */
struct state *state_create_of(const struct state_kind *kind, const char *name, GError **error);
struct state *state_create_of_fd(const struct state_kind *kind, int fd, GError **error);

/* The struct; borrowed. */
void *state_memory(struct state *state);

/* Borrowed: to hand over, duplicate it. */
int state_fd(const struct state *state);

#endif
