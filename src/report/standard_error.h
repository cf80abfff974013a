/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to standard error, whatever it is, without waiting for who reads it. Used by log_writer.c
 * alone.
 *
 * The open file behind standard error is shared with whoever started us, O_NONBLOCK with it, and
 * poll() says of a terminal that it takes a line when it takes one byte. So a pipe or a terminal is
 * opened once more, for us alone, and a socket is sent to. A file on a disk is written to as it is:
 * it takes what it is given, or fails.
 */
#ifndef SCANOUTD_REPORT_STANDARD_ERROR_H
#define SCANOUTD_REPORT_STANDARD_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct standard_error {
	int fd; /* ours, or STDERR_FILENO */
	enum {
		STANDARD_ERROR_FILE,
		STANDARD_ERROR_OWN, /* opened once more */
		STANDARD_ERROR_SOCKET,
		STANDARD_ERROR_SHARED, /* as FILE, but it may be made to wait, and could not be opened */
	} kind;
	bool cut; /* the last line was not taken whole */
};

/* For the life of the process. */
void standard_error_open(struct standard_error *to);

/* A whole line, with its newline. False: it, or a part of it, is lost. */
bool standard_error_write(struct standard_error *to, const char *line, size_t size);

#endif
