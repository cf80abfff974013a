/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest is that shows nothing, and since when, in words for people: the text of its card.
 * Part of a member (member.h), which knows what has happened, and is told how its VMM ended
 * (notices.h).
 */
#ifndef SCANOUTD_GUESTS_STATUS_H
#define SCANOUTD_GUESTS_STATUS_H

#include <glib.h>
#include <stdbool.h>

#include "config/config.h"

enum status_kind {
	STATUS_WAITING, /* for a VMM, or where there is none for the back-end */
	STATUS_NO_BACKEND, /* there is a VMM, which waits for the back-end */
	STATUS_STARTING, /* all are there: it is the guest's turn to draw */
	STATUS_RESTARTING, /* the guest has reset its device, or its machine is paused */
	STATUS_STOPPED, /* the VMM, or the back-end that comes by itself, has left as it should */
	STATUS_BACKEND_GONE, /* and should not have */
	STATUS_FAULT, /* a peer did what it must not do */
};

struct status {
	enum status_kind kind;
	char *fault; /* STATUS_FAULT: what; else NULL */
	char *notice; /* how the VMM ended, and what is done about it, from who started it; or NULL */
	gint64 since; /* seconds since 1970 */
};

/* STATUS_WAITING, now. */
void status_init(struct status *status);
void status_finish(struct status *status);

/* True: it is another one, since now. `fault` is copied. */
bool status_set(struct status *status, enum status_kind kind, const char *fault);

/* The same, where another line was noticed: copied. It is of no meaning any more when the next VMM
 * comes. */
bool status_notice(struct status *status, const char *notice);

/* It is gone, and not as it should be: that is also what a notice says. */
bool status_is_failure(const struct status *status);

/* text_card.lines; the caller's. */
char **status_lines(const struct status *status, const struct config_guest *config);

#endif
