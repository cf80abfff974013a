/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line. Its options say for one guest what the configuration says for many; given
 * together, the command line wins. scanoutd(8) is the reference.
 */
#ifndef SCANOUTD_CONFIG_OPTIONS_H
#define SCANOUTD_CONFIG_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

enum options_action {
	OPTIONS_RUN,
	OPTIONS_LIST, /* --list */
	OPTIONS_CHECK_CONFIG, /* --check-config */
	OPTIONS_VERSION, /* --version */
};

/* Strings are NULL and numbers -1 where the option was not given. */
struct options {
	enum options_action action;
	char *config; /* --config: NULL means CONFIG_DEFAULT_PATH */

	char *vmm_socket;
	char *backend_socket;
	char *display_socket;
	int display_fd;
	char *socket_group;
	char *before;
	char *firmware;
	char *after;
	char *input;
	char *dbus_display;

	char **outputs; /* --output, in scanout order */
	char *mode;
	char *place;

	char *card;
	int drm_fd;
	int ready_fd;
	char *stats;
	char *log_level;
	char *vt; /* "none" for --no-vt */
	char *leave;
	char *seat_manager;
};

/* `arguments` is main's argv, which stays as it is. --help ends the process. */
bool options_init(struct options *options, char **arguments, GError **error);
void options_finish(struct options *options);

/*
 * Puts the options on top of what the files said; before config_resolve(). An error where an option
 * is for one guest and the files have several, or a value is wrong.
 */
bool options_apply(const struct options *options, struct config *config, GError **error);

/* Files and options together, resolved. The caller's. */
struct config *options_read(const struct options *options, GError **error);

#endif
