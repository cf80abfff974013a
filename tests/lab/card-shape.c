/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * card-shape CARD [--hotspot]: prints what a KMS card has, for the tests of the lab and of the
 * driver VM:
 *
 *   crtc ID
 *   plane ID TYPE crtcs=MASK properties=NAME,…
 *   connector ID NAME STATUS modes=COUNT edid=BYTES
 *   total driver=NAME crtcs=N primary=N overlay=N cursor=N connectors=N connected=N writeback=N
 *
 * With --hotspot it asks for cursor planes with a hotspot first
 * (DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT), behind which virtual cards hide theirs. Shares no code
 * with the daemon. Exit status 1 when the card cannot be opened or asked.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Debian 12's libdrm has no name for it. */
#define CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6

static const char *const type_names[] = {"overlay", "primary", "cursor"};

struct totals {
	int types[3];
	int connectors;
	int connected;
	int writeback;
};

static void print_plane(int fd, uint32_t id, struct totals *totals)
{
	drmModePlane *plane = drmModeGetPlane(fd, id);
	drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, id,
		DRM_MODE_OBJECT_PLANE);
	uint64_t type = 0;

	for (uint32_t i = 0; properties && i < properties->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, properties->props[i]);

		if (property && strcmp(property->name, "type") == 0)
			type = properties->prop_values[i] % 3;
		drmModeFreeProperty(property);
	}
	totals->types[type]++;
	printf("plane %" PRIu32 " %s crtcs=%#x properties=", id, type_names[type],
		plane ? plane->possible_crtcs : 0);
	for (uint32_t i = 0; properties && i < properties->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, properties->props[i]);

		printf("%s%s", i ? "," : "", property ? property->name : "?");
		drmModeFreeProperty(property);
	}
	printf("\n");
	drmModeFreeObjectProperties(properties);
	drmModeFreePlane(plane);
}

static uint32_t edid_bytes(int fd, const drmModeConnector *connector)
{
	uint32_t bytes = 0;

	for (int i = 0; i < connector->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(fd, connector->props[i]);

		if (property && strcmp(property->name, "EDID") == 0) {
			drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(fd,
				(uint32_t)connector->prop_values[i]);

			bytes = blob ? blob->length : 0;
			drmModeFreePropertyBlob(blob);
		}
		drmModeFreeProperty(property);
	}
	return bytes;
}

static void print_connector(int fd, uint32_t id, struct totals *totals)
{
	static const char *const statuses[] = {"?", "connected", "disconnected", "unknown"};
	drmModeConnector *connector = drmModeGetConnector(fd, id);
	const char *type;

	if (!connector)
		return;
	if (connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK) {
		totals->writeback++;
	} else {
		totals->connectors++;
		totals->connected += connector->connection == DRM_MODE_CONNECTED;
	}
	type = drmModeGetConnectorTypeName(connector->connector_type);
	printf("connector %" PRIu32 " %s-%" PRIu32 " %s modes=%d edid=%" PRIu32 "\n", id,
		type ? type : "Unknown", connector->connector_type_id,
		statuses[connector->connection % 4], connector->count_modes,
		edid_bytes(fd, connector));
	drmModeFreeConnector(connector);
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	drmModeRes *resources;
	drmModePlaneRes *planes;
	drmVersion *version;
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: card-shape CARD [--hotspot]\n");
		return 1;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	if (drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1) ||
		(argc > 2 && strcmp(argv[2], "--hotspot") == 0 &&
			drmSetClientCap(fd, CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1))) {
		perror("drmSetClientCap");
		close(fd);
		return 1;
	}
	/* Only cards with one have it. */
	drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	version = drmGetVersion(fd);
	resources = drmModeGetResources(fd);
	planes = drmModeGetPlaneResources(fd);
	if (!version || !resources || !planes) {
		perror(argv[1]);
		close(fd);
		return 1;
	}
	for (int i = 0; i < resources->count_crtcs; i++)
		printf("crtc %" PRIu32 "\n", resources->crtcs[i]);
	for (uint32_t i = 0; i < planes->count_planes; i++)
		print_plane(fd, planes->planes[i], &totals);
	for (int i = 0; i < resources->count_connectors; i++)
		print_connector(fd, resources->connectors[i], &totals);
	printf("total driver=%s crtcs=%d primary=%d overlay=%d cursor=%d connectors=%d connected=%d writeback=%d\n",
		version->name, resources->count_crtcs, totals.types[DRM_PLANE_TYPE_PRIMARY],
		totals.types[DRM_PLANE_TYPE_OVERLAY], totals.types[DRM_PLANE_TYPE_CURSOR],
		totals.connectors, totals.connected, totals.writeback);
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(resources);
	drmFreeVersion(version);
	close(fd);
	return 0;
}
