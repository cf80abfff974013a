/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an output's connector is asked beyond a mode, by its properties: which of it the connector
 * can have, and what goes into the request of a mode set. What it cannot have is said once and
 * costs nothing else. Part of an output; route.c asks it what a state has, attempt.c has it fill
 * the request, and settings_trial.c notes what the driver refuses.
 */
#ifndef KMS_SETTINGS_INTERNAL_H
#define KMS_SETTINGS_INTERNAL_H

#include "connector.h"
#include "request.h"

#include <kms_settings.h>

struct kms_output_settings {
	struct kms_settings wanted;
	/* Bit n: the driver took the mode set only without the setting n. 0 again for another mode
	 * or monitor. */
	uint32_t refused;
	uint32_t said; /* bit n: that the connector cannot have it */
	/* Bit n: it was set, and this is what its properties had before, to be put back. */
	uint32_t touched;
	uint64_t found[KMS_SETTINGS][KMS_SETTING_VALUES_MAX];
};

/* Other ones from now on, unless they are the same: what was refused is tried again. */
void kms_settings_ask(struct kms_output_settings *settings, const struct kms_settings *wanted);

/* Those that connector and CRTC can have and nobody refused. */
struct kms_settings kms_settings_choose(const struct kms_output_settings *settings,
	const struct kms_connector *connector, const struct kms_crtc *crtc);

/* `chosen`; and what was set before and is not in it goes back to its default, or to what was
 * found. */
void kms_settings_add(struct kms_request *request, const struct kms_output_settings *settings,
	const struct kms_connector *connector, const struct kms_settings *chosen);

/* Do they want a variable refresh rate, at first? */
bool kms_settings_vary(const struct kms_settings *chosen);

/* What of them is the CRTC's; `varies`: its refresh rate does so far. */
void kms_settings_add_crtc(struct kms_request *request, const struct kms_crtc *crtc,
	const struct kms_settings *chosen, bool varies);

/* The kernel has accepted them. Says what is wanted and missing. */
void kms_settings_apply(struct kms_output_settings *settings, const struct kms_connector *connector,
	const struct kms_crtc *crtc, const struct kms_settings *chosen);

/* The driver takes no mode set with the setting: said, and left out as long as `refused` says
 * so. */
void kms_settings_refuse(struct kms_output_settings *settings,
	const struct kms_connector *connector, enum kms_setting setting);

/* Appends "max-bpc=6 to 12, underscan=off|on": what the connector can be asked. False: nothing. */
bool kms_settings_describe(GString *text, const struct kms_connector *connector);

#endif
