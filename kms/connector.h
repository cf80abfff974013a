/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a probe of a connector says: name, monitor, modes, EDID. A connector lives inside its output
 * (output.h); device.c fills it at start, hotplug.c's thread asks again after a uevent.
 */
#ifndef KMS_CONNECTOR_H
#define KMS_CONNECTOR_H

#include "property.h"
#include "tile.h"

#include <kms.h>
#include <xf86drmMode.h>

struct kms_connector {
	uint32_t id; /* 0: the kernel knows no such connector (any more) */
	uint32_t type; /* DRM_MODE_CONNECTOR_* */
	char name[96]; /* "DP-1", as everywhere in Linux; "CARD:DP-1" of several cards */
	bool non_desktop; /* a headset: only for who names it */
	bool forced; /* by kms_connector_force() */
	bool detected; /* the kernel says that a monitor is there */
	bool connected; /* it does, or it is forced; but not what `no_whole` is */
	struct kms_tile
		tile; /* of a monitor behind several connectors, the part that this one has */
	bool no_whole; /* … which does not show all of the monitor: another connector does, or none */
	/* A monitor was detected, and its EDID could not be read, or is damaged: it may be when it
	 * is probed again, since monitors that were just plugged in are late at times. Never of
	 * panels and virtual connectors, which need not have one. */
	bool edid_missing;
	uint32_t possible_crtcs; /* bit n: the card's nth CRTC */
	uint32_t width_mm;
	uint32_t height_mm;
	drmModeModeInfo *modes;
	size_t mode_count;
	uint8_t *edid; /* NULL without; as the kernel gives it, so it may be damaged */
	size_t edid_size;
	char *monitor; /* see kms_output_monitor() */
	uint32_t slowest_hz; /* of the rates that the monitor can have, by its EDID; 0: not said */
	struct kms_property properties[KMS_CONNECTOR_PROPERTIES];
};

void kms_connector_finish(struct kms_connector *connector);

/* The name of a connector, without having read it: `size` bytes at `name`. `card`: its card's, or
 * NULL. */
void kms_connector_make_name(const drmModeConnector *probed, const char *card, char *name,
	size_t size);

/*
 * Takes over what a probe found, NULL for a connector that is no more: its number and its
 * properties are void then, since a request that names them is refused as a whole. True if anything
 * that a user of the output can ask for has changed.
 */
bool kms_connector_update(struct kms_connector *connector, int fd, struct kms_property_cache *cache,
	const drmModeConnector *probed);

/*
 * A monitor is there, whatever the kernel says (true), or where it says so (false); at once and for
 * every later update. Where the kernel knows no mode, it has those that every monitor shows. True
 * if anything has changed, as above.
 */
bool kms_connector_force(struct kms_connector *connector, bool forced);

/* How a picture must be turned to stand upright: see kms_output_panel_transform(). */
enum kms_transform kms_connector_panel_transform(const struct kms_connector *connector);

/* Nobody says what the monitor can show: kms_mode_wishes.blind. */
bool kms_connector_is_blind(const struct kms_connector *connector);

/* Is `name` the connector's, or that of the monitor on it (see kms_monitor_matches())? */
bool kms_connector_matches(const struct kms_connector *connector, const char *name);

/* Two monitors that their names do not tell apart. */
bool kms_connector_is_twin(const struct kms_connector *a, const struct kms_connector *b);

#endif
