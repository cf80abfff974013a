/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads files and command line again, while the daemon runs. In a thread of its own, for a disk can
 * be slow and frames do not wait; the thread knows the command line alone. Made by the daemon,
 * called from the main loop.
 */
#ifndef SCANOUTD_CONFIG_READER_H
#define SCANOUTD_CONFIG_READER_H

#include <glib.h>

struct config;
struct config_reader;

/* From the main loop. `config` is resolved, and the callee's; NULL: `error` says all that is wrong,
 * a line each. */
typedef void (*config_reader_func)(void *data, struct config *config, const GError *error);

/* `arguments`, main's argv, stay as long as the process. */
struct config_reader *config_reader_create(char **arguments, config_reader_func func, void *data);
/* Calls nobody after it. Takes NULL. */
void config_reader_destroy(struct config_reader *reader);

/* Begins to read. While it does, files may have changed behind it: then they are read once more
 * after that, and the first is never told. */
void config_reader_read(struct config_reader *reader);

#endif
