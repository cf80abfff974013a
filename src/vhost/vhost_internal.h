/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection as its files see it: vhost.c (the socket, the rings' life, what the device
 * calls), vhost_take.c (a message out of the socket), request.c (what the VMM asks for),
 * vhost_note.c and vhost_kept.c (what outlives this process). Nobody else includes this.
 */
#ifndef SCANOUTD_VHOST_INTERNAL_H
#define SCANOUTD_VHOST_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost/memory.h"
#include "vhost/ring.h"
#include "vhost/vhost.h"
#include "wire/kept_fds.h"
#include "wire/message.h"
#include "wire/stream.h"

struct vhost_queue {
	struct vhost *vhost;
	struct ring ring;
	bool enabled; /* SET_VRING_ENABLE; without PROTOCOL_FEATURES from the start */
	bool runs; /* the listener has heard of its start */
	bool left; /* of what a predecessor left in it some is still to be looked at */
	int kick_fd;
	guint kick_source;
	guint rest_source; /* the kick is not looked at meanwhile */
	int call_fd;
	uint64_t kick_kept, call_kept; /* their numbers; 0: not kept, or none */
	uint32_t start; /* vhost_start_number() */
};

/* Fds that have come, and their numbers. */
struct vhost_fds {
	struct stream_fds fds;
	uint64_t kept[STREAM_FDS_MAX]; /* 0, or VHOST_FD_NOT_KEPT */
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
	uint32_t have; /* bytes of one that is not all here; 0: of none */
	struct vhost_fds next; /* the first ones that lie in the socket, with later bytes */
	/* What waits for the kernel, and is tried again: nothing is read meanwhile. */
	bool holds; /* the message, which cannot be obeyed yet, … */
	unsigned int tries; /* … which has been tried so often */
	bool owes; /* the answer, which is in its place, cannot be sent yet */
	bool told_no_fds; /* that messages wait for want of them, so far */
	guint again_source;
	unsigned int waited; /* turns in which it was other devices' of its guest to be looked at */
	unsigned int complaints;
	/* What outlives this process. */
	struct vhost_journal *journal; /* NULL: nothing does */
	struct kept_fds *kept;
	enum vhost_step step; /* as noted last */
	bool left; /* a predecessor's, and of what that left some is still to be looked at … */
	bool unread; /* … in the socket */
	uint32_t starts; /* of rings so far */
	uint64_t backend_request_kept;
	uint64_t message_kept[STREAM_FDS_MAX]; /* of the message's fds, as they came */
	uint32_t message_kept_count;
	uint32_t message_taken; /* a bit for each of them that has an owner now */
};

/* ---- vhost.c ---- */

/* One log line with the device's name; of a connection only so many. */
void vhost_complain(struct vhost *vhost, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Begins where everything is there: a kick, and the word that it is enabled. False: a VMM's fault,
 * logged. */
bool vhost_queue_start(struct vhost_queue *queue);
void vhost_queue_stop(struct vhost_queue *queue);

/* `fd`: an eventfd, the caller's no more; `kept`: its number. */
void vhost_queue_set_kick(struct vhost_queue *queue, int fd, uint64_t kept);
void vhost_queue_set_call(struct vhost_queue *queue, int fd, uint64_t kept);
/* Closes kick and call. */
void vhost_queue_forget_fds(struct vhost_queue *queue);

/* What was set up for the driver goes; the memory is the VMM's to keep. */
void vhost_reset_queues(struct vhost *vhost);

/* ---- request.c ---- */

/* Obeys and answers vhost->message. MESSAGE_WAIT: the kernel cannot just now, vhost->holds or
 * vhost->owes is set. Not MESSAGE_DONE: the connection is to be closed, for a reason that was
 * logged. */
enum message_status vhost_handle_message(struct vhost *vhost);

/* The answer that it owes, as above. */
enum message_status vhost_send_reply(struct vhost *vhost);

/* ---- vhost_note.c ---- */

/* The connection is as a successor is to find it. Before a step is begun. Nothing where nothing is
 * kept, as the next ones. */
void vhost_note(struct vhost *vhost, enum vhost_step step);

/* ---- vhost_take.c ---- */

/* All of the message whose header is in its place, with its fds, or MESSAGE_WAIT for more time:
 * vhost->have says whether some of it is here. Else as message_look(). */
enum message_status vhost_take_message(struct vhost *vhost, char **fault);

/* The number of an fd of the message, which is somebody's from now on; 0: it has none. */
uint64_t vhost_take_number(struct vhost *vhost, uint32_t index);

/* The message is over: fds that nobody has taken are closed, and kept no longer. */
void vhost_forget_message(struct vhost *vhost);

/* The same of those that lie in the socket. */
void vhost_forget_next(struct vhost *vhost);

/* ---- vhost_kept.c ---- */

/* What is kept no longer goes, as far as there is time. True: there is more. */
bool vhost_tidy(struct vhost *vhost);

#endif
