/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card has: CRTCs, planes, connectors, capabilities, read from the kernel into the device's
 * arrays. Called by device.c at start, after another master, and for connectors that come later.
 */
#ifndef KMS_RESOURCES_H
#define KMS_RESOURCES_H

#include "device.h"

/* Reads all there is, once, at start. Connectors are handed to kms_device_connector_probed(). */
bool kms_resources_read(struct kms_device *device, GError **error);

/* Reads again what the kernel has on its CRTCs, planes and connectors: after another master. */
void kms_resources_read_state(struct kms_device *device);

/*
 * The connector's output, made if it is new; NULL for one that is no output (writeback), or that is
 * not known and not there.
 */
struct kms_output *kms_resources_meet_connector(struct kms_device *device, uint32_t id,
	const drmModeConnector *probed);

/* NULL if the card has none of that id. */
struct kms_crtc *kms_resources_find_crtc(struct kms_device *device, uint32_t id);

bool kms_plane_has_format(const struct kms_plane *plane, uint32_t fourcc);

#endif
