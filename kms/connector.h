/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a probe of a connector says: name, monitor, modes, EDID. A connector lives inside its output
 * (output.h); device.c fills it at start, hotplug.c's thread asks again after a uevent.
 */
#ifndef KMS_CONNECTOR_H
#define KMS_CONNECTOR_H

#include "property.h"

#include <xf86drmMode.h>

struct kms_connector {
	uint32_t id; /* 0: the kernel knows no such connector (any more) */
	char name[32]; /* "DP-1", as everywhere in Linux */
	bool non_desktop; /* a headset: only for who names it */
	bool connected;
	uint32_t possible_crtcs; /* bit n: the card's nth CRTC */
	uint32_t width_mm;
	uint32_t height_mm;
	drmModeModeInfo *modes;
	size_t mode_count;
	uint8_t *edid; /* NULL without */
	size_t edid_size;
	char *monitor; /* "MAKE MODEL SERIAL" from the EDID, or NULL */
	struct kms_property properties[KMS_CONNECTOR_PROPERTIES];
};

void kms_connector_finish(struct kms_connector *connector);

/* The name of a connector, without having read it: `size` bytes at `name`. */
void kms_connector_make_name(const drmModeConnector *probed, char *name, size_t size);

/*
 * Takes over what a probe found, NULL for a connector that is no more: its number and its
 * properties are void then, since a request that names them is refused as a whole. True if anything that a
 * user of the output can ask for has changed.
 */
bool kms_connector_update(struct kms_connector *connector, int fd, struct kms_property_cache *cache,
	const drmModeConnector *probed);

#endif
