/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message of vhost-user's, whole, and its fds: what is read beyond its end would bring the next
 * one's fds with it. Used by pump and session. Blocking, also on a socket that is not.
 */
#ifndef SCANOUTD_TOOLS_GPU_MESSAGE_H
#define SCANOUTD_TOOLS_GPU_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "vhost_user.h"

struct message {
	struct vhost_user_header header;
	char payload[VHOST_USER_PAYLOAD_MAX];
	int fds[VHOST_USER_FDS_MAX]; /* fd_count of them, its owner's */
	size_t fd_count;
	const char *fault; /* of who sent it: "a message …"; else NULL */
};

/* Waits for the next one. False: the other side has ended, or `fault` says what is wrong. In either
 * case there may be fds, which are the caller's. */
bool message_take(int fd, struct message *message);

/* False: the other side has ended. */
bool message_give(int fd, const struct message *message);

void message_close_fds(struct message *message);

#endif
