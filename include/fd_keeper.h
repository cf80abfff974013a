/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an fd is kept for who is started after us, should we die or be started again: with the
 * service manager, or nowhere. Implemented by keep/; asked by session/ for the card, by wire/ for
 * listening sockets. Whoever has no keeper (NULL) keeps nothing.
 *
 * An fd is kept under a name that says all that has to be known of it before it is used. What is
 * behind an fd of that name never changes its meaning: another version of this program that means
 * something else by it gives it another name, and closes the one that it does not know.
 */
#ifndef SCANOUTD_FD_KEEPER_H
#define SCANOUTD_FD_KEEPER_H

#include <stdbool.h>

struct fd_keeper {
	/* What a predecessor kept: an fd with O_CLOEXEC, the caller's, of which another one stays
	 * kept; -1: nothing of this name, or it was taken. It need not be what its name says. */
	int (*take)(void *data, const char *name);
	/* Keeps one like `fd`, which stays the caller's, in the place of what was kept under this
	 * name. False: it is not kept. */
	bool (*keep)(void *data, const char *name, int fd);
	/* The thing has come to its end. False: it has not, but we have: it stays kept, and with it
	 * must stay what makes it usable, such as a socket's file. */
	bool (*forget)(void *data, const char *name);
	void *data;
};

#endif
