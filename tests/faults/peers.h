/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back-ends and VMMs for scenarios: each runs in a thread of its own, sends what such a peer sends,
 * waits for every reply that it is owed, and says how that went. They use nothing of the product,
 * so that no fault is theirs.
 */
#ifndef TESTS_FAULTS_PEERS_H
#define TESTS_FAULTS_PEERS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a peer waits for what must come: longer than any time limit of the product's here. */
#define PEERS_PATIENCE_MS 6000

enum peers_result {
	PEERS_DONE, /* every reply came, once */
	PEERS_CLOSED, /* the other side closed the socket first */
	PEERS_LOST, /* a reply did not come, and the socket is open */
};

/* Leaves the function with the result of what did not go well. */
#define PEERS_TRY(expression) \
	do { \
		enum peers_result tried = (expression); \
		if (tried != PEERS_DONE) { \
			g_printerr("%s: %s\n", #expression, \
				tried == PEERS_CLOSED ? "closed" : "lost"); \
			return tried; \
		} \
	} while (0)

/* What a guest shows; made before any thread. */
struct peers_picture {
	uint32_t width;
	uint32_t height;
	int dmabufs[3];
};

void peers_make_picture(struct peers_picture *picture, uint32_t width, uint32_t height);
void peers_free_picture(struct peers_picture *picture);

/* Connects as soon as somebody listens there; -1: nobody does in time. */
int peers_connect(const char *path);

/* A back-end's whole life on its display socket, which it closes. */
enum peers_result peers_show(int socket, const struct peers_picture *picture);

/* A VMM's and its back-end's life through a relay: the first connects to `vmm_path`, the second
 * takes one connection of `listener`'s. */
enum peers_result peers_relay(const char *vmm_path, int listener,
	const struct peers_picture *picture);

/* A listening socket. */
int peers_listen(const char *path);

/* ---- single messages ---- */

/* All of it, the fd (or -1) with the first byte. False: the socket is closed. */
bool peers_send(int socket, const void *bytes, size_t size, int fd);

/* All of `size` bytes; an fd that comes is handed out, or closed where `fd` is NULL. */
enum peers_result peers_receive(int socket, void *bytes, size_t size, int *fd);

/* Nothing is left to be read. */
bool peers_is_silent(int socket);

#endif
