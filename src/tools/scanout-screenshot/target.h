/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CRTC is meant: by id, by the connector it feeds, or simply the first that is on. Given on
 * the command line, looked up in a snapshot whenever the answer may have changed.
 */
#ifndef SCREENSHOT_TARGET_H
#define SCREENSHOT_TARGET_H

#include "snapshot.h"

/* Both empty: the first active CRTC in the card's order. */
struct target {
	uint32_t crtc_id; /* or 0 */
	const char *connector; /* name, or NULL */
};

/* Whether the card has such a CRTC or connector at all. */
bool target_check(const struct target *target, const struct card *card, GError **error);

/* The CRTC's id; 0 when nothing is on there. */
uint32_t target_find(const struct target *target, const struct snapshot *snapshot);

/* The name of a connector that this CRTC feeds; NULL when it feeds none. Owned by the card. */
const char *target_connector_name(const struct snapshot *snapshot, uint32_t crtc_id);

#endif
