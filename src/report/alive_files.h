/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells a supervisor, by a file for each guest that has alive-file=, how the guest is: one word and
 * a newline, "alive", "dead", or "unwatched" where nothing is due of it (scene/alive.h). The file
 * is replaced as a whole at each change, so that whoever watches it (inotify, a systemd path unit
 * with PathChanged=) reads one word or the other. Made by the daemon, which hands the layout's word
 * on; "unwatched" is left behind.
 */
#ifndef SCANOUTD_REPORT_ALIVE_FILES_H
#define SCANOUTD_REPORT_ALIVE_FILES_H

#include <stddef.h>

#include "guests/member.h"
#include "scene/alive.h"

struct alive_files;

/* The members outlive it. */
struct alive_files *alive_files_create(struct member *const *members, size_t count);
/* Waits for what is being written, but not longer than `timeout_ms` a file. Takes NULL. */
void alive_files_destroy(struct alive_files *files, unsigned int timeout_ms);

/* Does nothing for a guest without such a file, and for NULL. */
void alive_files_write(struct alive_files *files, const struct guest *guest,
	enum alive_state state);

#endif
