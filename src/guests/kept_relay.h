/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a relay outlives this process (include/fd_keeper.h), so that VMM and back-end do not
 * notice: the memory of its state (wire/relay_state.h), and its fds, which lie in a queue
 * (wire/kept_fds.h). Made by the member (member.h) before the relay, and destroyed after it. What
 * the guest shows is kept beside it (kept_guest.h).
 */
#ifndef SCANOUTD_GUESTS_KEPT_RELAY_H
#define SCANOUTD_GUESTS_KEPT_RELAY_H

#include <stdbool.h>

#include "fd_keeper.h"

struct closer;
struct kept_fds;
struct kept_relay;
struct relay_state;

/* With what a predecessor has left, where that can be used; where it cannot, that is logged, and it
 * begins anew; where nothing can be kept, it keeps nothing. `keeper` outlives it; NULL: nothing is
 * kept. `closer` too. */
struct kept_relay *kept_relay_create(const struct fd_keeper *keeper, const char *guest,
	struct closer *closer);

/* It stays kept where the keeper says so. Takes NULL. */
void kept_relay_destroy(struct kept_relay *kept);

/* Belong to it; both NULL: nothing is kept. */
struct relay_state *kept_relay_state(const struct kept_relay *kept);
struct kept_fds *kept_relay_fds(const struct kept_relay *kept);

/* We end. True: our successor goes on with the session that there is. */
bool kept_relay_stays(struct kept_relay *kept);

#endif
