/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's fd that outlives us (include/fd_keeper.h), and with it mode, picture and DRM master: an
 * opener that hands out what a predecessor kept, where it is the card that is asked for, and opens
 * the node else. What the predecessor had open on it is closed first; what it showed stays on the
 * screen until something is shown in its place. Used by cards.c, one for each card that we open by
 * ourselves: what a seat manager lends goes with our session.
 */
#ifndef SCANOUTD_SESSION_KEPT_CARD_H
#define SCANOUTD_SESSION_KEPT_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "device_opener.h"
#include "fd_keeper.h"
#include "kms.h"

struct kept_card;

/* The folder of all cards' names with the keeper. */
#define KEPT_CARDS "card/"

/* `number` is the card's in the configuration. The keeper outlives it. */
struct kept_card *kept_card_create(const struct fd_keeper *keeper, uint32_t number);
/* It stays kept where we end in order (the keeper refuses to forget then); else, as where a start
 * fails (keep_give_back()), it goes with it, or the last picture would stay on the screen, and DRM master taken. Takes
 * NULL. */
void kept_card_destroy(struct kept_card *kept);

/* The first try is over: what was of no use in it is closed, and kept no longer. */
void kept_card_settle(struct kept_card *kept);

/* Belongs to it. */
const struct device_opener *kept_card_opener(const struct kept_card *kept);

/* A device was made of what the opener gave: from now on it is kept. */
void kept_card_came(struct kept_card *kept, struct kms_device *device);
/* It goes, though we stay. */
void kept_card_gone(struct kept_card *kept);

/* The device is a predecessor's, whose picture is on its screens. Takes NULL. */
bool kept_card_has_predecessor(const struct kept_card *kept);

#endif
