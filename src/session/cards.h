/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cards that the configuration names, each with a life of its own (session/card.h): one that is
 * not there, or goes, is nothing to the others. Used by daemon.c alone.
 *
 * A card is known by its number, its place in the configuration. Where there are several, its
 * outputs are called by its name, "CARD:DP-1", since two cards may each have a DP-1.
 *
 * When the machine resumes from suspend, all have their modes set again (session/suspend.h).
 */
#ifndef SCANOUTD_SESSION_CARDS_H
#define SCANOUTD_SESSION_CARDS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "fd_keeper.h"
#include "kms.h"

struct cards;

/* Called from the main loop, and by cards_open(). */
struct cards_listener {
	/* There is one: show something on it. */
	void (*came)(void *data, uint32_t card, struct kms_device *device);
	/* It has gone, and is destroyed when this returns: let go of all that was made of it.
	 * `path` as it is configured; NULL where none is. */
	void (*going)(void *data, uint32_t card, const char *path);
	/* An inherited one has gone: there will be none again. After `going`. */
	void (*lost)(void *data);
};

struct cards_options {
	/* At most KMS_CARDS_MAX paths, ended by NULL; none of them: the first card that can do it,
	 * or the one of `common.fd`. Copied. */
	char *const *paths;
	struct kms_device_options
		common; /* path and name are each card's own; the rest outlives it */
	/* Keeps what we open by ourselves, with common.opener NULL and no common.fd, for who is
	 * started after us; or NULL. Outlives the cards. */
	const struct fd_keeper *keeper;
};

struct cards *cards_create(const struct cards_options *options,
	const struct kms_listener *kms_listener, void *kms_data,
	const struct cards_listener *listener, void *data);
/* Without a word to the listener. Takes NULL, as do all below but cards_open(). */
void cards_destroy(struct cards *cards);

/* The first try, of each. True also where there are none yet; false where one never will be. */
bool cards_open(struct cards *cards, GError **error);

/* How many there can be: their numbers are below. */
uint32_t cards_count(const struct cards *cards);
/* NULL: there is none of this number now. */
struct kms_device *cards_device(const struct cards *cards, uint32_t card);

/* Is the device of this number a predecessor's, whose picture is on its screens? Asked from `came`
 * on. */
bool cards_has_predecessor(const struct cards *cards, uint32_t card);

/* Those that are there, at most KMS_CARDS_MAX: how many. */
size_t cards_list(const struct cards *cards, const struct kms_device **devices);

/* kms_listener.device_gone was called: whichever has gone is given up at the next turn of the
 * loop. */
void cards_gone(struct cards *cards);

/* Those that could not be opened in time may be now. */
void cards_retry(struct cards *cards);

/* The terminal goes away: no card is taken until it is ours again. */
void cards_pause(struct cards *cards);
void cards_resume(struct cards *cards);
/* As that, where the opener is another one than before. */
void cards_reopen(struct cards *cards);

#endif
