/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest's VMM ended, in the words of who started it and can know: the first line of the file
 * NAME.status in the folder of our sockets, where only those write who are trusted. Read when it is
 * written to or moved there, and at no other time, so that an old one says nothing. One for all
 * guests: made by the daemon when the folder is there.
 */
#ifndef SCANOUTD_GUESTS_NOTICES_H
#define SCANOUTD_GUESTS_NOTICES_H

#include <glib.h>

struct notices;

/* `text` is one line that can be shown, not empty; of any `guest`, also of one that is not
 * configured. */
typedef void (*notices_func)(void *data, const char *guest, const char *text);

/* NULL, and a line in the log, where the folder cannot be watched: guests are shown without. */
struct notices *notices_create(const char *folder, notices_func noticed, void *data);
/* Takes NULL. */
void notices_destroy(struct notices *notices);

#endif
