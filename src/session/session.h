/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The place where we sit: what lends us the screen, takes it back when somebody switches terminals,
 * and opens devices for us where we may not. One of two ways:
 *
 *   our own        a virtual terminal: the kernel asks us before it switches away, and the console
 *                  comes back when we end, also after most crashes. Devices we open ourselves
 *   seat manager   seatd or logind, by libseat: it opens card and input devices for us, makes us
 *                  DRM master and no longer, and handles the terminal
 *
 * Made by the daemon before the card is opened, and destroyed after card and input devices are
 * closed: as long as we are DRM master the console cannot draw. Where no terminal is ours (a
 * service without TTYPath=, ssh) and no seat manager is used there is no session, and terminals are
 * left alone.
 */
#ifndef SCANOUTD_SESSION_H
#define SCANOUTD_SESSION_H

#include <glib.h>
#include <stdbool.h>

#include "config/value.h"
#include "device_opener.h"
#include "kms.h"

struct session;

#define SESSION_ERROR (session_error_quark())
GQuark session_error_quark(void);

enum session_error {
	SESSION_ERROR_FAILED, /* the message says what to do */
	SESSION_ERROR_NO_MANAGER, /* no seat manager answers; as well */
};

/* Called from the main loop. */
struct session_listener {
	/* The screen goes away when this returns: stop using the card and the input devices. */
	void (*release)(void *data);
	/* It is ours again. */
	void (*acquire)(void *data);
	/* Devices that could not be opened in time, which the openers say by -ETIMEDOUT, can be
	 * now. */
	void (*devices_ready)(void *data);
	/* The seat manager that opened card and input devices had gone, after which they may be of no
	 * use, and there is one again: as after `release` and `acquire`, with devices that are opened
	 * anew. */
	void (*renewed)(void *data);
	/* It was taken away, and nobody is there any more who could give it back. */
	void (*gone)(void *data);
};

struct session_options {
	/*
	 * CONFIG_VT_AUTO, the terminal that standard input is, if it is one; CONFIG_VT_NONE; or a
	 * terminal's number, which is brought to the front (waits up to 2 s for that) and left
	 * again at the end. Of no meaning with a seat manager, which has its own.
	 */
	int vt;
	enum config_seat_manager seat_manager;
};

/*
 * The screen is ours when this returns; with a seat manager it waits up to 2 s for that. *session
 * is NULL where there is none. Blocks the terminal's two signals in the calling thread: call it
 * before any other thread is made.
 */
bool session_create(const struct session_options *options, const struct session_listener *listener,
	void *data, struct session **session, GError **error);

/*
 * Will another terminal be in front when it is destroyed? DRM master is to be dropped before: who
 * has that one may ask for it at once, and only once. A seat manager sees to that by itself. Takes
 * NULL.
 */
bool session_leaves(const struct session *session);

/* Gives the terminal back to text. Takes NULL, as do all below. */
void session_destroy(struct session *session);

/* Brings another terminal to the front, or begins to: `release` follows. */
void session_switch_terminal(struct session *session, int terminal);

/* Keys go to guests, or nowhere: the terminal's own keyboard, whose shell would read them too, is
 * off. A seat manager sees to that by itself. */
void session_take_keyboard(struct session *session, bool taken);

/*
 * A card that the screen is shown by, its number below KMS_CARDS_MAX, as kms_device_duplicate()
 * gave it, taken over; -1: there is none of this number now. Where the main loop hangs and another
 * terminal is asked for, DRM master is dropped by it; a seat manager does that by itself. To be -1
 * before the card is closed.
 */
void session_set_card(struct session *session, uint32_t card, int fd);

/* How devices are opened; NULL: by ourselves. They live as long as the session. */
const struct device_opener *session_card_opener(const struct session *session);
const struct device_opener *session_input_opener(const struct session *session);

#endif
