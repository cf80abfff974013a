/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection as its two files see it: vhost.c (the socket, the rings' life, what the device
 * calls) and request.c (what the VMM asks for). Nobody else includes this.
 */
#ifndef SCANOUTD_VHOST_INTERNAL_H
#define SCANOUTD_VHOST_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost/memory.h"
#include "vhost/ring.h"
#include "vhost/vhost.h"
#include "wire/message.h"
#include "wire/stream.h"

struct vhost_queue {
	struct vhost *vhost;
	struct ring ring;
	bool enabled; /* SET_VRING_ENABLE; without PROTOCOL_FEATURES from the start */
	bool runs; /* the listener has heard of its start */
	int kick_fd;
	guint kick_source;
	guint rest_source; /* the kick is not looked at meanwhile */
	int call_fd;
};

struct vhost {
	char *guest;
	char *device;
	const struct vhost_listener *listener;
	void *data;
	struct stream stream;
	bool ended; /* the VMM sends no more */
	int epoll_fd;
	guint epoll_source;
	int backend_request_fd; /* held open for the VMM, which reads from it; we ask nothing */
	uint64_t features;
	struct memory memory;
	struct vhost_queue queues[VHOST_RINGS];
	struct message message; /* the one that is being handled */
	/* What waits for the kernel, and is tried again: nothing is read meanwhile. */
	bool holds; /* the message, which cannot be obeyed yet, … */
	unsigned int tries; /* … which has been tried so often */
	bool owes; /* the answer, which is in its place, cannot be sent yet */
	bool told_no_fds; /* that messages wait for want of them, so far */
	guint again_source;
	unsigned int waited; /* turns in which it was other devices' of its guest to be looked at */
	unsigned int complaints;
};

/* ---- vhost.c ---- */

/* One log line with the device's name; of a connection only so many. */
void vhost_complain(struct vhost *vhost, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Begins where everything is there: a kick, and the word that it is enabled. False: a VMM's fault,
 * logged. */
bool vhost_queue_start(struct vhost_queue *queue);
void vhost_queue_stop(struct vhost_queue *queue);

/* `fd`: an eventfd, the caller's no more. */
void vhost_queue_set_kick(struct vhost_queue *queue, int fd);
/* Closes kick and call. */
void vhost_queue_forget_fds(struct vhost_queue *queue);

/* What was set up for the driver goes; the memory is the VMM's to keep. */
void vhost_reset_queues(struct vhost *vhost);

/* ---- request.c ---- */

/* Obeys and answers vhost->message. MESSAGE_WAIT: the kernel cannot just now, vhost->holds or
 * vhost->owes is set. Not MESSAGE_DONE: the connection is to be closed, for a reason that was logged. */
enum message_status vhost_handle_message(struct vhost *vhost);

/* The answer that it owes, as above. */
enum message_status vhost_send_reply(struct vhost *vhost);

#endif
