/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libseat, in a thread of its own. Used by seat_manager.c alone.
 *
 * The thread, and why there is one: each call of libseat's asks the manager and waits for its
 * answer, however long that takes: seatd for ever where it is stopped, logind's bus for 25 s.
 * libseat has no other form of it. So one thread makes all calls, one after the other, and knows
 * nothing else. The main loop asks it and goes on; only for a device it waits, and not for long:
 * libinput and kms/ need the fd at once. A device that comes too late is kept for whoever asks
 * again.
 */
#ifndef SCANOUTD_SESSION_SEAT_CLIENT_H
#define SCANOUTD_SESSION_SEAT_CLIENT_H

#include <glib.h>
#include <stdbool.h>

/* So long the main loop waits for devices in one of its turns, all together, and so long for one
 * where it does not run yet; milliseconds. */
#define SEAT_CLIENT_TURN_MS 20
#define SEAT_CLIENT_START_MS 2000

/* So long a device that came too late is kept, seconds. */
#define SEAT_CLIENT_KEEP_S 10

struct seat_client;

/* Called from the main loop. */
struct seat_client_listener {
	/* seat_client_take() has something to tell. */
	void (*changed)(void *data);
	/* The manager answers again, and the session is active: devices that were refused with
	 * -ETIMEDOUT can be had. What is closed before this returns can be had again at once, too.
	 * Does not destroy the client. */
	void (*ready)(void *data);
};

/* What the manager has said since it was asked last. */
struct seat_client_news {
	bool enabled; /* the session is the active one, as was said last */
	bool disabled; /* it was taken away, and seat_client_release() is awaited */
	bool gone; /* the manager */
};

/*
 * Connects as $LIBSEAT_BACKEND says, and waits for that, at most SEAT_CLIENT_START_MS. NULL:
 * `reason` is an errno, ETIMEDOUT where it does not answer; a thread that hangs is left to itself.
 */
struct seat_client *seat_client_create(const struct seat_client_listener *listener, void *data,
	int *reason);
/* The same, and waits for nothing: `changed` tells of an enabled session, or that no manager is there
 * by that it has gone. NULL where no thread can be had. */
struct seat_client *seat_client_begin(const struct seat_client_listener *listener, void *data);
/* Gives all back, and waits for that, at most SEAT_CLIENT_START_MS: of a manager that has gone nothing
 * is asked, and it comes at once. Takes NULL. */
void seat_client_destroy(struct seat_client *client);

/* The seat's, once it is enabled; belongs to the client. */
const char *seat_client_name(const struct seat_client *client);

/* Waits until the session is enabled, or the manager has gone, at most SEAT_CLIENT_START_MS: before
 * the main loop runs. False: it is not enabled. */
bool seat_client_await_enabled(struct seat_client *client);

struct seat_client_news seat_client_take(struct seat_client *client);

/* An fd, or -errno: -ETIMEDOUT, it comes later, if at all; -ENOTCONN, the manager has gone. */
int seat_client_open(struct seat_client *client, const char *path);
/* The fd is ours from now on: closed when the manager has been told, which has the device open
 * until then, too; but see ready(). */
void seat_client_close(struct seat_client *client, int fd);

/* Asked for, not waited for. */
void seat_client_release(struct seat_client *client);
void seat_client_switch(struct seat_client *client, int terminal);

#endif
