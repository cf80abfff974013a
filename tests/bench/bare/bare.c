/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare [--pixels] [--mode MODE] [--card PATH] [--ballast N] --fd N [--fd N]…: the least that a
 * program can do to put frames on outputs, as a program: see tests/bench/common/bare.h. Takes the
 * first card, if it is told no other. Started by tests/bench/frames and by tests/hostile.
 */
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/bare.h"

static int open_card(const char *wanted)
{
	if (wanted) {
		int card = open(wanted, O_RDWR | O_CLOEXEC);

		if (card >= 0)
			return card;
		perror(wanted);
		exit(1);
	}
	for (int i = 0; i < 64; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	fprintf(stderr, "bare: no card\n");
	exit(1);
}

int main(int argc, char **argv)
{
	int fds[BARE_DEVICES_MAX];
	struct bare_options options = {.fds = fds};
	const char *card = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--pixels") == 0)
			options.pixels = true;
		else if (strcmp(argv[i], "--mode") == 0 && i + 1 < argc)
			options.mode = argv[++i];
		else if (strcmp(argv[i], "--card") == 0 && i + 1 < argc)
			card = argv[++i];
		else if (strcmp(argv[i], "--ballast") == 0 && i + 1 < argc)
			options.ballast = (unsigned int)atoi(argv[++i]);
		else if (strcmp(argv[i], "--fd") == 0 && i + 1 < argc &&
			options.count < BARE_DEVICES_MAX)
			fds[options.count++] = atoi(argv[++i]);
	}
	options.card = open_card(card);
	options.loop = g_main_loop_new(NULL, FALSE);
	bare_create(&options);
	/* The first thing that the driver waits for: the outputs are lit. */
	printf("ready\n");
	fflush(stdout);
	g_main_loop_run(options.loop);
	g_main_loop_unref(options.loop);
	return 0;
}
