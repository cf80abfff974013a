/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back-end's end of the display socket: sends messages, whole or mutilated, and judges every
 * reply that comes: to the oldest request that has none, flags 4, the exact size, never twice.
 *
 * Reads replies whenever it waits, also for room to send, unless it is told to be deaf.
 */
#ifndef SCRIPTED_BACKEND_WIRE_H
#define SCRIPTED_BACKEND_WIRE_H

#include <stdio.h>

#include "backend.h"
#include "record.h"
#include "vhost_user_gpu.h"

/* What is done to the next message. */
struct wire_next {
	uint32_t split; /* send it in pieces of so many bytes; 0: in one */
	uint32_t partial; /* send only so many bytes of it, keep the rest for wire_send_rest() */
	bool is_partial;
	uint32_t size; /* the header says so */
	bool has_size;
	uint32_t flags; /* the header says so; else garbage */
	bool has_flags;
	uint32_t surplus_fds; /* so many of /dev/null besides */
	uint32_t
		lingering_fds; /* and so many sockets whose last close() waits as long as we live */
};

struct wire_counters {
	uint64_t messages;
	uint64_t bytes;
	uint64_t frames; /* DMABUF_UPDATE */
	uint64_t updates; /* UPDATE */
	uint64_t replies;
	uint64_t frame_replies;
	uint64_t reconnects;
};

struct wire {
	int fd; /* -1 once closed by us */
	bool eof; /* the front-end has closed it */
	bool deaf;
	int timeout_ms; /* nothing may take longer */
	FILE *report; /* a line a reply, or NULL */
	struct record record; /* a line a frame, in vblanks */
	struct wire_next next;
	struct wire_counters counters;
	GArray *owed; /* of requests, oldest first */
	GArray *latencies; /* int64_t, microseconds from a DMABUF_UPDATE's last byte to its reply */
	GByteArray *received; /* not a whole reply yet */
	GByteArray *rest; /* of a partial message */
	/* The newest replies. */
	struct virtio_gpu_resp_display_info display_info;
	struct virtio_gpu_resp_edid edid;
	/* Another socket to serve while waiting (vhost.h), or -1. False ends the wait with an
	 * error. */
	int side_fd;
	bool (*side)(void *data, GError **error);
	void *side_data;
};

void wire_init(struct wire *wire);
void wire_finish(struct wire *wire);

/* One message: header, payload and what follows it (pixels). The fds stay the caller's. */
bool wire_send(struct wire *wire, uint32_t request, const void *payload, size_t size,
	const void *pixels, size_t pixels_size, const int *fds, size_t fd_count, GError **error);

/* Bytes as they are. */
bool wire_send_raw(struct wire *wire, const void *bytes, size_t size, const int *fds,
	size_t fd_count, GError **error);

/* What a partial message kept back. */
bool wire_send_rest(struct wire *wire, GError **error);

/* A reply to this is expected from now on, though no good request was sent. */
void wire_owe(struct wire *wire, uint32_t request);

/* Until no more than `owed` replies are outstanding. */
bool wire_wait(struct wire *wire, guint owed, GError **error);

/* Until the front-end closes the socket; what is owed then is forgiven. */
bool wire_wait_eof(struct wire *wire, GError **error);

/* Every reply has come and no other is in the socket: by asking for one more, which must be the
 * next. */
bool wire_settle(struct wire *wire, GError **error);

void wire_close(struct wire *wire);

/* Takes the replies that are there, without waiting. False: one of them is wrong. */
bool wire_look(struct wire *wire);

/* Closed, and ready for another socket: nothing is owed on that. */
void wire_restart(struct wire *wire);

#endif
