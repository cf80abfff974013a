/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of scanout-gpu, which is a vhost-user back-end's (QEMU's
 * docs/interop/vhost-user.rst, "Backend program conventions", and "vhost-user-gpu program" for the
 * display), and what we add. Read by main, once.
 */
#ifndef SCANOUTD_TOOLS_GPU_OPTIONS_H
#define SCANOUTD_TOOLS_GPU_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

struct options {
	int fd; /* the VMM's connection, inherited; -1: not given */
	char *socket_path; /* where it is to be waited for; or NULL */
	gboolean print_capabilities;
	char *render_node; /* for the back-end; or NULL */
	gboolean virgl; /* the same */
	char *guest; /* NULL: of the VMM's name */
	char *vmm_socket; /* scanoutd's; NULL: the guest's usual one */
	char *backend; /* the program; NULL: the one that is installed */
};

/* On failure, too, options_finish() is to be called. */
bool options_read(struct options *options, int *argc, char ***argv, GError **error);
void options_finish(struct options *options);

#endif
