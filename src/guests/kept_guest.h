/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a guest outlives this process (include/fd_keeper.h), so that its back-end does not
 * notice: the memory of its state and its dma-bufs and surfaces, which lie in a queue
 * (wire/kept_fds.h), and the display socket while there is one. Made by the member (member.h)
 * before the guest, and destroyed after it.
 */
#ifndef SCANOUTD_GUESTS_KEPT_GUEST_H
#define SCANOUTD_GUESTS_KEPT_GUEST_H

#include <glib.h>
#include <stdbool.h>

#include "fd_keeper.h"
#include "scene/guest_state.h"

struct closer;
struct kept_fds;
struct kept_guest;

/* Where its display socket is kept. */
enum kept_display {
	KEPT_DISPLAY_HERE,
	KEPT_DISPLAY_WITH_RELAY, /* what is left stays as it is until somebody says whether there is one */
};

/*
 * With what a predecessor has left, where that can be used; where it cannot, though there was a
 * display socket, that is logged. `keeper` outlives it; NULL: nothing is kept. `closer` too.
 */
struct kept_guest *kept_guest_create(const struct fd_keeper *keeper, const char *guest,
	enum kept_display display, struct closer *closer, GError **error);

/* It stays kept where the keeper says so. Takes NULL. */
void kept_guest_destroy(struct kept_guest *kept);

/* Belong to it. */
struct guest_state *kept_guest_state(const struct kept_guest *kept);
/* NULL: nothing is kept. */
struct kept_fds *kept_guest_fds(const struct kept_guest *kept);

/* The predecessor's display socket, once, the caller's; -1: there was none. */
int kept_guest_take_display(struct kept_guest *kept);
/* A display socket has come; it stays the caller's. Before it is worked on. */
void kept_guest_attached(struct kept_guest *kept, int fd);
/* It has gone; before the state is another's. */
void kept_guest_detached(struct kept_guest *kept);

/* There is something that a predecessor has left, and a display socket can be gone on with. */
bool kept_guest_is_left(const struct kept_guest *kept);
/* There is no display socket to go on with: what was left is forgotten. */
void kept_guest_begin_anew(struct kept_guest *kept);

/* We end. True: our successor goes on with the display socket, if the relay's successor has it. */
bool kept_guest_stays(struct kept_guest *kept);

#endif
