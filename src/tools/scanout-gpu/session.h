/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM has told its back-end, so that another back-end can go on in its place: QEMU's back-end
 * forgets no resource of the guest's when the guest resets the device (a reboot, another driver),
 * and what the guest then makes with the same numbers is refused. Owns copies of the messages that
 * count still, and duplicates of their fds. Used by pump, one for each VMM; each function may be
 * called from any thread.
 */
#ifndef SCANOUTD_TOOLS_GPU_SESSION_H
#define SCANOUTD_TOOLS_GPU_SESSION_H

#include <stdbool.h>

#include "tools/scanout-gpu/message.h"

struct session;

struct session *session_create(void);
void session_destroy(struct session *session);

/*
 * A message of the VMM's, before the back-end gets it. True: the guest has reset the device since
 * the queue was stopped, as it begins elsewhere than where it was; where a VM is only paused, it goes on
 * there (vhost-user: SET_VRING_BASE and GET_VRING_BASE). It is told once a reset.
 */
bool session_note_request(struct session *session, const struct message *message);

/* One of the back-end's, before the VMM gets it. */
void session_note_reply(struct session *session, const struct message *message);

/* Brings a back-end that has been told nothing to where the one before it was, without an answer of
 * its: all but the last message that was noted. False: it has ended, or not all is known. */
bool session_replay(struct session *session, int fd);

#endif
