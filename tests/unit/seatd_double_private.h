/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a seat manager's double has, whatever it speaks: a thread with a socket, its clients, and
 * the byte after which it is killed or stopped. seatd_double.c owns it and speaks seatd's protocol,
 * logind_double.c logind's.
 */
#ifndef TESTS_UNIT_SEATD_DOUBLE_PRIVATE_H
#define TESTS_UNIT_SEATD_DOUBLE_PRIVATE_H

#include "seatd_double.h"

#include <stdint.h>

/* One that was continued serves its successor, too. */
#define CLIENTS_MAX 4

struct client {
	int socket;
	bool enabled; /* its session, or it is told to be */
	bool open[16]; /* devices, by id */
	int next_id;
	GByteArray *heard; /* logind's: what has come, and is no whole message yet */
	bool greeted; /* logind's: messages come, not lines */
	uint32_t serial;
};

/* Something has come of a client's. False: the manager was killed, or is to end. */
typedef bool (*seatd_double_hears)(struct seatd_double *seatd, struct client *client);

struct seatd_double {
	char *folder;
	char *path;
	int listener;
	int wake; /* eventfd: to be ended */
	GThread *thread;
	struct client clients[CLIENTS_MAX];
	size_t client_count;
	enum seatd_cut cut;
	seatd_double_hears hears;
	bool probed; /* refuses to take a session away */
	struct seatd_double_books books;

	GMutex lock; /* for what is below */
	GCond changed;
	size_t limit;
	bool stopped;
	bool killed;
	bool ending;
};

struct seatd_double *seatd_double_start_as(size_t limit, enum seatd_cut cut,
	seatd_double_hears hears);

/* Part of a message, or all of it, with an fd or -1. False: it was killed, or is to end. */
bool seatd_double_say(struct seatd_double *seatd, const struct client *client, const void *bytes,
	size_t size, int fd);

/* The client is none any more. */
void seatd_double_hang_up(struct seatd_double *seatd, struct client *client);

/* As the kernel does it. */
void seatd_double_die(struct seatd_double *seatd);

#endif
