/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libseat's client as its three files see it: seat_client.c (the main thread's side, and the front
 * of all), seat_client_thread.c (the thread that makes the calls) and seat_client_shared.c (what
 * both do with what both have). Nobody else includes this.
 */
#ifndef SCANOUTD_SESSION_SEAT_CLIENT_INTERNAL_H
#define SCANOUTD_SESSION_SEAT_CLIENT_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/seat_client.h"
#include "session/seat_devices.h"

/* What the thread is asked for. */
enum seat_request_kind {
	SEAT_REQUEST_OPEN,
	SEAT_REQUEST_CLOSE,
	SEAT_REQUEST_RELEASE,
	SEAT_REQUEST_SWITCH,
	SEAT_REQUEST_END,
};

struct seat_request {
	enum seat_request_kind kind;
	char *path; /* OPEN */
	int number; /* CLOSE: libseat's id; SWITCH: the terminal */
	int fd; /* CLOSE: closed when that is done; else -1 */
	bool awaited; /* OPEN: the main loop waits for it */
	bool answered;
	int result; /* OPEN: an fd or -errno */
};

struct seat_client {
	struct seat_client_listener listener;
	void *data;
	guint source; /* the main loop's */
	guint expiry; /* of what came too late; else 0 */
	bool retrying; /* the listener has been told that it is ready, and has not returned */
	int64_t turn_us; /* the last turn in which it was waited … */
	int64_t waited_us; /* … and for how long in it */

	/* Both threads', and never changed while both are there. */
	int wake; /* eventfd: the thread has something to do */
	int told; /* eventfd: the main loop has */

	GMutex lock; /* for what is below */
	GCond answered; /* something that may be waited for has happened */
	unsigned int references; /* the main thread's and the thread's */
	bool opened; /* libseat_open_seat() has returned … */
	int reason; /* … an errno, or 0 */
	bool ended; /* the thread makes no call any more */
	char *name;
	bool enabled;
	bool disabled;
	bool gone;
	bool settled; /* it was enabled, or has gone before it was */
	GQueue requests; /* struct seat_request, not begun yet */
	unsigned int unanswered; /* OPENs that nobody waits for any more */
	bool ready; /* there were some, and the last was answered */
	GHashTable *asked; /* their paths */
	struct seat_devices *devices; /* kept: what came too late */
};

/* ---- both threads ---- */

/* Closes the fd that it has. */
void seat_request_free(struct seat_request *request);

/* Of `wake` and `told`. */
void seat_client_signal(int fd);
void seat_client_drain(int fd);

/* As seat_devices_drop(); takes the lock. */
int seat_client_drop_late(struct seat_client *client, int *fd);

/* With the lock held, which it releases; the last one frees the client. */
void seat_client_unref_and_unlock(struct seat_client *client);

/* ---- the thread ---- */

/* It has a reference of its own, says `opened`, and ends where no manager is there, when that goes,
 * or after SEAT_REQUEST_END. 0, or an errno: there is no thread. */
int seat_client_thread_start(struct seat_client *client);

#endif
