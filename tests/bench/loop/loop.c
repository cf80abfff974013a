/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop glib|measured|poll: what a turn of a main loop costs with one source: a socket becomes readable, its byte is read
 * and answered. measured is glib with the daemon's stall meter. Prints one line of JSON: turn_ns,
 * the median.
 */
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "report/stall.h"

#define TURNS 20000

static int ends[2];

static void fail(const char *what)
{
	fprintf(stderr, "loop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
		fail("clock");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void echo(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1 || write(fd, &byte, 1) != 1)
		fail("echo");
}

static gboolean readable(int fd, GIOCondition condition, gpointer data)
{
	turn_note();
	echo(fd);
	return G_SOURCE_CONTINUE;
}

static void turn_glib(void)
{
	g_main_context_iteration(NULL, TRUE);
}

static void turn_poll(void)
{
	struct pollfd fd = {.fd = ends[1], .events = POLLIN};

	if (poll(&fd, 1, -1) < 0)
		fail("poll");
	if (fd.revents)
		echo(ends[1]);
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	static int64_t samples[TURNS];
	bool measured = argc == 2 && strcmp(argv[1], "measured") == 0;
	bool glib = measured || (argc == 2 && strcmp(argv[1], "glib") == 0);
	struct stall *stall = NULL;

	if (argc != 2 || (!glib && strcmp(argv[1], "poll") != 0)) {
		fprintf(stderr, "usage: loop glib|measured|poll\n");
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		fail("socketpair");
	if (glib)
		turn_name(g_unix_fd_add(ends[1], G_IO_IN, readable, NULL), "echo");
	if (measured)
		stall = stall_create(NULL);
	for (size_t i = 0; i < TURNS; i++) {
		struct pollfd answered = {.fd = ends[0], .events = POLLIN};
		char byte = 0;
		int64_t begin_ns;

		if (write(ends[0], &byte, 1) != 1)
			fail("write");
		begin_ns = now_ns();
		/* Turns without an echo are part of the price. */
		do {
			(glib ? turn_glib : turn_poll)();
		} while (poll(&answered, 1, 0) != 1);
		samples[i] = now_ns() - begin_ns;
		if (read(ends[0], &byte, 1) != 1)
			fail("read");
	}
	stall_destroy(stall);
	qsort(samples, TURNS, sizeof(*samples), compare);
	printf("{\"turn_ns\": %lld}\n", (long long)samples[TURNS / 2]);
	return 0;
}
