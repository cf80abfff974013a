/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's life, and what the kernel says that it has: CRTCs, planes, capabilities. Called by
 * device.c at start and after another master; connectors are read by outputs.c.
 */
#ifndef KMS_RESOURCES_H
#define KMS_RESOURCES_H

#include "card.h"

/* Opens what the options name, becomes master and reads all there is. */
struct kms_card *kms_card_create(const struct kms_device_options *options, GError **error);

/* Closes it: everything is void but the buffers that somebody still references. */
void kms_card_close(struct kms_card *card);

struct kms_card *kms_card_ref(struct kms_card *card);
void kms_card_unref(struct kms_card *card);

/* Reads again what the kernel has on its CRTCs and planes: after another master. */
void kms_card_read_state(struct kms_card *card);

/* A lease that its owner has taken back: not one CRTC of it is there any more, as no other card has
 * none. */
bool kms_card_is_revoked(const struct kms_card *card);

/* NULL if the card has none of that id. */
static inline struct kms_crtc *kms_card_find_crtc(struct kms_card *card, uint32_t id)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (card->crtcs[i].id == id)
			return &card->crtcs[i];
	}
	return NULL;
}

/* When the commit that is in flight on it counts as stuck, on the monotonic clock. */
int64_t kms_card_stuck_at(const struct kms_card *card, const struct kms_crtc *crtc);

/* A commit was accepted on the CRTC: its event is awaited, and the watchdog runs. */
static inline void kms_card_commit_begun(struct kms_card *card, struct kms_crtc *crtc, guint token,
	int64_t now_us, bool sets_mode)
{
	crtc->busy = true;
	crtc->token = token;
	crtc->setting_mode = sets_mode;
	crtc->committed_us = now_us;
	/* One for all, and set again only when it has barked: nothing to do per frame. */
	if (card->records.watchdog_us == KMS_NEVER)
		kms_records_set_watchdog(&card->records, kms_card_stuck_at(card, crtc));
}

/* Removes framebuffers that had to wait for it: outside a frame's way. */
void kms_card_remove_doomed(struct kms_card *card);

#endif
