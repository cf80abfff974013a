/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), of which we need one datagram
 * a line. GLib and libsystemd speak it too, but wait while the journal does, and nothing that a
 * guest can have logged may stop the main loop. Used by log_writer.c alone.
 */
#ifndef SCANOUTD_REPORT_JOURNAL_H
#define SCANOUTD_REPORT_JOURNAL_H

#include <glib.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum journal_result {
	JOURNAL_SENT,
	JOURNAL_FULL, /* it takes nothing now */
	JOURNAL_FAILED, /* it is not there, or the fields are more than 8 KiB */
};

/* A socket to send from, for journal_send(), or -1. The caller closes it. */
int journal_open(void);

/* One entry, to the journal at `path`. Never blocks, allocates nothing. */
enum journal_result journal_send(int socket, const char *path, const GLogField *fields,
	gsize count);

#endif
