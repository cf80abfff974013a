/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing and opening a card. Called by device.c, and by list.c for every card there is.
 */
#ifndef KMS_CARD_H
#define KMS_CARD_H

#include <glib.h>
#include <kms.h>
#include <stdbool.h>

/*
 * Opens the card that a user named: a path, a name in /dev/dri/by-path or /dev/dri, or NULL for the
 * first with atomic KMS and connectors. On success *fd is the caller's, and so is *opened, the path
 * of the node; else *fd is -1. The client capabilities that kms/ needs are set.
 */
bool kms_card_open(const struct kms_opener *opener, const char *path, int *fd, char **opened,
	GError **error);

/* How a card is opened where nobody else does it. */
extern const struct kms_opener kms_card_direct_opener;

/* Makes an fd that came from elsewhere ready: client capabilities, or a reason why not. */
bool kms_card_prepare(int fd, const char *path, GError **error);

/* Becomes master, if it is not yet: a seat manager makes us that, and we may not ourselves. */
bool kms_card_become_master(int fd, const char *path, GError **error);

/* The nodes /dev/dri/card*, lowest number first. Free with g_strfreev(). */
char **kms_card_nodes(void);

#endif
