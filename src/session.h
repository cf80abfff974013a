/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual terminal that we show our pictures on: the kernel asks us before it switches away,
 * and the console comes back when we end, also after most crashes.
 *
 * Made by main before the card is opened, and destroyed after the card is closed: as long as we are
 * DRM master the console cannot draw. Where no terminal is ours (a service without TTYPath=, ssh)
 * there is no session, and terminals are left alone.
 */
#ifndef SCANOUTD_SESSION_H
#define SCANOUTD_SESSION_H

#include <glib.h>
#include <stdbool.h>

struct session;

#define SESSION_ERROR (session_error_quark())
GQuark session_error_quark(void);

enum session_error {
	SESSION_ERROR_FAILED, /* the message says what to do */
};

struct session_listener {
	/* The terminal goes away when this returns: stop using the card. */
	void (*release)(void *data);
	/* It is ours again. */
	void (*acquire)(void *data);
};

/*
 * `vt`: CONFIG_VT_AUTO, the terminal that standard input is, if it is one; CONFIG_VT_NONE; or a
 * terminal's number, which is brought to the front (waits up to 2 s for that) and left again at the
 * end. *session is NULL where there is none. Blocks the terminal's two signals in the calling
 * thread: call it before any other thread is made.
 */
bool session_create(int vt, const struct session_listener *listener, void *data,
	struct session **session, GError **error);

/* Gives the terminal back to text. Takes NULL. */
void session_destroy(struct session *session);

#endif
