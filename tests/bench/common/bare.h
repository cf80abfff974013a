/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a program can do to put frames on outputs, to compare the daemon with: the same
 * GLib loop with the same kinds of sources (a socket a device, one DRM fd, one timer), and in the
 * callbacks only: receive, commit, drmHandleEvent, send. Believes whatever comes; ends the process
 * where anything fails.
 *
 * Device i, whose display socket is fd i, is shown on the i-th connected connector. Used by the
 * program `bare` on the kernel's cards, and in one process with the double by the native benches.
 */
#ifndef SCANOUTD_TESTS_BENCH_BARE_H
#define SCANOUTD_TESTS_BENCH_BARE_H

#include <glib.h>
#include <stdbool.h>

#define BARE_DEVICES_MAX 16

struct bare;

struct bare_options {
	int card; /* borrowed; becomes DRM master */
	const int *fds; /* display sockets, borrowed */
	unsigned int count;
	/* NULL: the preferred mode; a connector's mode by its name; or a modeline, as scanoutd
	 * takes it. */
	const char *mode;
	bool pixels; /* UPDATEs will come, else DMABUF_UPDATEs */
	unsigned int
		ballast; /* system calls before each commit that do nothing but take their time */
	GMainLoop *loop; /* ended when a peer goes */
};

/* Sets the modes, and adds its sources to the default main context. */
struct bare *bare_create(const struct bare_options *options);
void bare_destroy(struct bare *bare);

#endif
