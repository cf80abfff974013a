/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells those who wait for it, by a file for each guest that has shown-file=, that the guest can be
 * seen: a picture of its own has been on an output since the daemon started. The file is there
 * then, and not before, so that a systemd path unit with PathExists= waits for it; its text is the
 * word "shown". Made by the daemon, which hands the layout's word on; it is taken away at the start
 * and at the end.
 */
#ifndef SCANOUTD_REPORT_SHOWN_FILES_H
#define SCANOUTD_REPORT_SHOWN_FILES_H

#include <stddef.h>

#include "guests/member.h"

struct shown_files;

/* The members outlive it. */
struct shown_files *shown_files_create(struct member *const *members, size_t count);
/* Waits for what is being written, but not longer than `timeout_ms` a file. Takes NULL. */
void shown_files_destroy(struct shown_files *files, unsigned int timeout_ms);

/* Does nothing for a guest without such a file, for one that was told of before, and for NULL. */
void shown_files_write(struct shown_files *files, const struct guest *guest);

#endif
