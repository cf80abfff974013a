/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outputs of a card: one for each connector that was ever seen, known by its name. Made and
 * updated by what a probe found. Part of a device; called by device.c, route.c and modeset.c.
 */
#ifndef KMS_OUTPUTS_H
#define KMS_OUTPUTS_H

#include "output.h"

struct kms_outputs {
	struct kms_card *card;
	GPtrArray *all; /* struct kms_output; grows with MST */
};

static inline size_t kms_outputs_count(const struct kms_outputs *outputs)
{
	return outputs->all->len;
}

static inline struct kms_output *kms_outputs_at(const struct kms_outputs *outputs, size_t index)
{
	return outputs->all->pdata[index];
}

void kms_outputs_init(struct kms_outputs *outputs, struct kms_card *card);
void kms_outputs_finish(struct kms_outputs *outputs);

/* Probes every connector, at start: takes tens of milliseconds each. False: not all could be
 * asked. */
bool kms_outputs_read(struct kms_outputs *outputs);

/* A connector was probed; `probed` NULL: the kernel knows it no more. */
void kms_outputs_probed(struct kms_outputs *outputs, uint32_t id, const drmModeConnector *probed);

/* A round of probes is over: connectors that were not among them are no more. */
void kms_outputs_probes_done(struct kms_outputs *outputs);

/* A monitor is there, whatever the kernel says of it: kms_connector_force(). */
void kms_outputs_force(struct kms_outputs *outputs, struct kms_output *output, bool forced);

/* A monitor is there whose EDID should be, and is not, or nobody could say what can drive it: it
 * may be known a moment later. */
bool kms_outputs_lack_answers(const struct kms_outputs *outputs);

/* Reads again what drives the connectors: after another master. */
void kms_outputs_read_state(struct kms_outputs *outputs);

/* NULL: it drives none that is ours. */
static inline struct kms_output *kms_outputs_driven_by(const struct kms_outputs *outputs,
	const struct kms_crtc *crtc)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		if (kms_outputs_at(outputs, i)->state.crtc == crtc)
			return kms_outputs_at(outputs, i);
	}
	return NULL;
}

/* Something of the card was set free, or is new: who was refused before may be lit now. */
void kms_outputs_forgive(struct kms_outputs *outputs);

void kms_outputs_suspend(struct kms_outputs *outputs, int error);

/* Commits on every output what waits there and can go now. */
void kms_outputs_advance(struct kms_outputs *outputs);

#endif
