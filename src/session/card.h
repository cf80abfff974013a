/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card, whether it is there or not: takes it when it can be had, gives it up when it goes, and
 * says once what it waits for. Used by daemon.c alone.
 *
 * That there is no card, that it may not be opened, that another program is DRM master, or that its
 * driver cannot do what we need, are states: tried again whenever udev says that a card has
 * changed, and every few seconds where no event would come. Only an inherited fd, and a path that
 * leads to something else than a card, are errors: nothing better can come.
 */
#ifndef SCANOUTD_SESSION_CARD_H
#define SCANOUTD_SESSION_CARD_H

#include <glib.h>
#include <stdbool.h>

#include "kms.h"

struct card;

#define CARD_ERROR (card_error_quark())
GQuark card_error_quark(void);

enum card_error {
	CARD_ERROR_NO_DEVICE, /* the configured path is no card's, whatever comes */
};

/* Called from the main loop, and by card_open(). */
struct card_listener {
	/* There is one: show something on it. */
	void (*came)(void *data, struct kms_device *device);
	/* It has gone, and is destroyed when this returns: let go of all that was made of it. */
	void (*going)(void *data);
	/* An inherited one has gone: there will be none again. After `going`. Not of a lease that
	 * its owner has taken back, which is a state: we may be wanted again, with another fd. */
	void (*lost)(void *data);
};

/* `options` and what they point to outlive it; so do the listeners. */
struct card *card_create(const struct kms_device_options *options,
	const struct kms_listener *kms_listener, void *kms_data,
	const struct card_listener *listener, void *data);
/* Without a word to the listener. Takes NULL. */
void card_destroy(struct card *card);

/* The first try. True also where there is none yet; false where there will be none. */
bool card_open(struct card *card, GError **error);

/* NULL: there is none now, or it has not come so far. */
struct kms_device *card_device(const struct card *card);

/* kms_listener.device_gone was called: where it was of this one, that is given up at the next turn
 * of the loop. */
void card_gone(struct card *card);

/* One that could not be opened in time may be now. */
void card_retry(struct card *card);

/* The terminal goes away: no card is taken until it is ours again. */
void card_pause(struct card *card);
/* False: it is not ours so far. */
bool card_resume(struct card *card);

/* The device that is there is given up for one that is opened, when that can be: at once,
 * perhaps. */
void card_open_anew(struct card *card);

/* As card_resume(), with a device that is opened anew, where it is the opener's. */
void card_reopen(struct card *card);

/* The machine was suspended, and has resumed. */
void card_renew(struct card *card);

#endif
