/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel on one end of a socket pair and a test on the other, for test-channel-*.
 *
 * Everything happens in one thread and the socket holds what was sent, so a test never waits: it
 * sends, lets the main loop run until nothing is ready, and looks. The listener writes a line a
 * call into `events`; what it says can be compared as text.
 */
#ifndef SCANOUTD_TEST_CHANNEL_FIXTURE_H
#define SCANOUTD_TEST_CHANNEL_FIXTURE_H

#include <glib.h>
#include <stdbool.h>

#include "wire/account.h"
#include "wire/channel.h"

#define FIXTURE_GUARD 4096

struct channel_fixture {
	const char *name;
	struct channel_state *state;
	struct channel *channel; /* NULL once destroyed */
	struct account *account;
	int peer; /* the back-end's end */
	GString *events;
	/* Answers DMABUF_UPDATE from inside the callback. */
	bool reply_at_once;
	/* The listener's function of this name destroys the channel and frees the state. */
	const char *destroy_in;
	/* The surface that update_begin gives out (of scanout 0 only), guards around it. */
	uint32_t width, height, stride;
	uint8_t *memory;
	uint8_t *surface;
	uint32_t rows; /* of the UPDATE that is being received, by update_rows */
};

/* Collects log lines in place of GLib's writer; call once, first. */
void fixture_init(int *argc, char ***argv);

/* A surface of width × height whose rows are `padding` bytes longer than their pixels. */
struct channel_fixture *fixture_create(const char *name, uint32_t width, uint32_t height,
	uint32_t padding);

/* Checks the surface's guards and closes both ends. */
void fixture_destroy(struct channel_fixture *fixture);

/* A new channel on `fd`, over the fixture's state as it is. */
void fixture_attach(struct channel_fixture *fixture, int fd);

/* Ends the channel and lets a new one go on, over a copy of the state at another address. */
void fixture_succeed(struct channel_fixture *fixture);

/* Lets the main loop run until nothing is ready, and what was given to closers is closed. */
void fixture_settle(void);
/* The second half of it alone. */
void fixture_await_closers(void);

/* Nothing is charged to it any more; destroys it. */
void fixture_close_account(struct account *account);

/* Sends all of it, which must fit into the socket; the fds are on the first byte. */
void fixture_send(struct channel_fixture *fixture, const void *bytes, size_t size, const int *fds,
	size_t fd_count);
/* The same on any socket. */
void fixture_send_on(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count);
/* For what may not fit: returns what sendmsg() returned. */
ssize_t fixture_try_send(int socket, const void *bytes, size_t size, const int *fds,
	size_t fd_count);

/* The events since the last call, checked and forgotten. */
void fixture_expect(struct channel_fixture *fixture, const char *events);

/* What is in the peer's socket now, taken out. Adds nothing when there is nothing. */
GByteArray *fixture_receive(struct channel_fixture *fixture);
GByteArray *fixture_receive_on(int socket);

/* A request's bytes, appended. `size` is what its header says. */
void message_append(GByteArray *bytes, uint32_t request, uint32_t size, const void *payload,
	size_t payload_size);

/* One of each kind, in good order, and what the listener says to it; for request 1 to 12. */
void message_append_good(GByteArray *bytes, uint32_t request);
const char *message_good_event(uint32_t request);

/* Bytes of a reply to request 1, 3, 10 or 11 of message_append_good(), header included; else 0. */
size_t message_reply_size(uint32_t request);

/* Checks one reply at `offset` and returns the offset behind it. */
size_t reply_check(const GByteArray *bytes, size_t offset, uint32_t request);

/* Log lines since the last call; NULL if none. Several are joined by newlines. Those that say that
 * a peer has come or gone are not among them, … */
char *fixture_log_take(void);

/* … but here, since the last call or since these were forgotten. */
char *fixture_peers_take(void);
void fixture_peers_forget(void);

/* A connection to whoever listens there, the caller's. */
int fixture_connect(const char *path);

/* Open fds of this process, less those that a closer has. */
size_t fixture_count_fds(void);

/* A fresh fd that the events call by `tag`, a digit. */
int fixture_memfd(char tag);

#endif
