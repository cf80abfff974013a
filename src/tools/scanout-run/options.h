/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of scanout-run: options of its own, options that the daemon gets as they are,
 * and behind them the VMM's command line. Read once by main.
 */
#ifndef SCANOUTD_SCANOUT_RUN_OPTIONS_H
#define SCANOUTD_SCANOUT_RUN_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

/* The guest has the keyboard, so that Ctrl-C is the guest's as well. */
#define OPTIONS_DEFAULT_LEAVE "Ctrl+Alt+End"

struct options {
	gboolean dry_run;
	gboolean fix; /* leave out of QEMU's line what is in the way */
	char *backend;
	char *render_node;
	gboolean virgl;
	gboolean vga;
	int max_outputs;
	char **evdev;
	char *daemon;
	char *input; /* NULL: every kind */
	unsigned int inputs; /* a bit for each enum input_kind */
	char *leave;
	GPtrArray *for_daemon; /* options, as they are passed on */
	unsigned int outputs; /* --output among them */
	bool configured; /* --config among them */
	char **qemu; /* the VMM's command line */
};

/* `arguments` as main gets them. On failure the error is for the user, and options_finish() is
 * still due. --help prints, and does not return. */
bool options_read(struct options *options, char **arguments, GError **error);
void options_finish(struct options *options);

#endif
