/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connector whose monitor says anything: by whatever its EDID has as a name it can be named in a
 * configuration, and whatever part of a tiled monitor it has.
 *
 * Covers: kms/connector.c kms/tile.c
 * Reaches: 94
 */
#include "connector.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "drm_double.h"
#include "edid_seal.h"
#include "fuzz.h"
#include "mode.h"

#define PROBES_MAX 4

static void set_edid(struct fuzz *fuzz, uint8_t how)
{
	uint8_t edid[256];
	size_t size = how & 1 ? 128 : fuzz_u8(fuzz);

	fuzz_copy(fuzz, edid, size);
	if (how & 1)
		edid_seal_base(edid);
	double_set_edid(0, edid, size);
}

/* Which part of a monitor it is, by anything. */
static void set_tile(struct fuzz *fuzz)
{
	static const char parts[][24] = {"1:1:2:1:0:0:640:0", "1:1:2:1:1:0:640:0", "1:1:2:2:"};
	char tile[24];

	fuzz_copy(fuzz, tile, sizeof(tile));
	/* A sound one, now and then, which would take long to find. */
	if ((uint8_t)tile[0] % 8 < G_N_ELEMENTS(parts))
		memcpy(tile, parts[(uint8_t)tile[0] % 8], sizeof(tile));
	double_set_tile(0, tile, sizeof(tile));
}

/* kms_output_monitor() says what a name is. */
static void check_name(const struct kms_connector *connector)
{
	const char *name = connector->monitor;
	const char *serial;

	if (!name)
		return;
	serial = strrchr(name, ' ');
	g_assert(serial && serial > name && serial[1]);
	for (const char *at = name; *at; at++) {
		g_assert(g_ascii_isprint(*at) && !strchr("[];\\", *at));
		g_assert(*at != ' ' || (at > name && at[1] && at[1] != ' '));
	}
	g_assert(kms_connector_matches(connector, name));
}

static void probe(struct kms_connector *connector, int fd, struct kms_property_cache *cache,
	struct fuzz *fuzz)
{
	static const drmModeConnection connections[] = {DRM_MODE_CONNECTED, DRM_MODE_CONNECTED,
		DRM_MODE_DISCONNECTED, DRM_MODE_UNKNOWNCONNECTION};
	uint8_t how = fuzz_u8(fuzz);
	drmModeModeInfo modes[2] = {{.hdisplay = 640}, {.hdisplay = 800}};
	const drmModeConnector probed = {
		.connector_id = DOUBLE_CONNECTOR(0),
		.connector_type = fuzz_u8(fuzz) % 24,
		.connection = connections[how >> 6],
		.mmWidth = fuzz_odd(fuzz),
		.count_modes = how >> 4 & 3 ? how >> 5 & 1 : -1,
		.modes = modes,
	};

	if (how & 8)
		set_edid(fuzz, how);
	else if (how & 1)
		set_tile(fuzz);
	if (how & 4)
		kms_connector_force(connector, how & 2);
	kms_connector_update(connector, fd, cache, how == 0xff ? NULL : &probed);
	g_assert(connector->connected || connector->mode_count == 0);
	g_assert((connector->edid != NULL) == (connector->edid_size > 0));
	g_assert(!connector->monitor || connector->edid);
	check_name(connector);
	kms_connector_is_blind(connector);
	g_assert(!kms_connector_is_twin(connector, connector));
	/* One of those that are built in. */
	g_assert(!(kms_connector_panel_transform(connector) & (KMS_REFLECT_X | KMS_REFLECT_Y)));
	g_assert(!connector->no_whole || !connector->connected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	struct kms_connector connector = {.id = DOUBLE_CONNECTOR(0), .name = "DP-1"};
	struct kms_property_cache *cache;
	int fd;

	double_reset();
	double_card.panels = true;
	double_card.panel_orientation = size % 6;
	fd = double_open();
	cache = kms_property_cache_create();
	for (unsigned int i = 0; i < PROBES_MAX && fuzz.size > 0; i++)
		probe(&connector, fd, cache, &fuzz);
	kms_connector_finish(&connector);
	kms_property_cache_destroy(cache);
	close(fd);
	g_assert(!double_faults());
	return 0;
}
