/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease CONNECTOR FD COMMAND…: runs a command that drives one connector of the first card and no
 * other: with a DRM lease of it as that fd. What owns a card and gives part of it away does the
 * same (a compositor for a headset, a seat manager). Passes SIGTERM on; its exit status is the
 * command's. On SIGUSR1 it takes the lease back, and says so.
 *
 * lease CONNECTOR --planes-alone: tries to lease planes of the connector's CRTC without what they
 * are shown by, and prints the kernel's answers: to a plane, to a plane with the CRTC, and to one
 * with both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define OBJECTS_MAX 32

struct objects {
	uint32_t ids[OBJECTS_MAX];
	int count;
};

static pid_t child;
static volatile sig_atomic_t revoking;

static int fail(const char *what)
{
	fprintf(stderr, "lease: %s: %s\n", what, strerror(errno));
	return 1;
}

static void add(struct objects *objects, uint32_t id)
{
	if (objects->count < OBJECTS_MAX)
		objects->ids[objects->count++] = id;
}

static bool is_named(const drmModeConnector *connector, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "%s-%u",
		drmModeGetConnectorTypeName(connector->connector_type),
		connector->connector_type_id);
	return strcmp(text, name) == 0;
}

/* The connector, the CRTC of the same number, and the planes that reach that CRTC. */
static bool find_objects(int card, const char *name, struct objects *objects)
{
	drmModeRes *resources = drmModeGetResources(card);
	drmModePlaneRes *planes = drmModeGetPlaneResources(card);
	int index = -1;

	if (!resources || !planes)
		return false;
	for (int i = 0; i < resources->count_connectors && i < resources->count_crtcs; i++) {
		drmModeConnector *connector = drmModeGetConnectorCurrent(card,
			resources->connectors[i]);

		if (connector && is_named(connector, name))
			index = i;
		drmModeFreeConnector(connector);
	}
	if (index >= 0) {
		add(objects, resources->connectors[index]);
		add(objects, resources->crtcs[index]);
		for (uint32_t i = 0; i < planes->count_planes; i++) {
			drmModePlane *plane = drmModeGetPlane(card, planes->planes[i]);

			if (plane && plane->possible_crtcs == 1u << index)
				add(objects, plane->plane_id);
			drmModeFreePlane(plane);
		}
	}
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(resources);
	errno = ENOENT;
	return index >= 0;
}

/* The first of them, which are the connector, the CRTC and a plane, in another order. */
static int try_planes_alone(int card, const struct objects *objects)
{
	const uint32_t ids[] = {objects->ids[2], objects->ids[1], objects->ids[0]};
	uint32_t lessee;

	for (int count = 1; count <= 3; count++) {
		int lease = drmModeCreateLease(card, ids, count, O_CLOEXEC, &lessee);

		printf(count < 3 ? "%s, " : "%s\n", lease < 0 ? strerrorname_np(-lease) : "lent");
	}
	return 0;
}

static void note_revoking(int number)
{
	revoking = 1;
}

static void pass_on(int number)
{
	kill(child, number);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = pass_on};
	struct sigaction revoke = {.sa_handler = note_revoking};
	struct objects objects = {0};
	uint32_t lessee;
	int card, lease, status;
	bool planes_alone = argc == 3 && strcmp(argv[2], "--planes-alone") == 0;

	if (argc < 4 && !planes_alone) {
		fprintf(stderr, "usage: lease CONNECTOR FD COMMAND…|--planes-alone\n");
		return 2;
	}
	card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (card < 0 || drmSetClientCap(card, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) < 0)
		return fail("card0");
	if (!find_objects(card, argv[1], &objects))
		return fail(argv[1]);
	if (planes_alone)
		return try_planes_alone(card, &objects);
	lease = drmModeCreateLease(card, objects.ids, objects.count, O_CLOEXEC, &lessee);
	if (lease < 0) {
		errno = -lease;
		return fail("lease");
	}
	child = fork();
	if (child < 0)
		return fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(lease, atoi(argv[2])) < 0)
			return fail("fd");
		execv(argv[3], argv + 3);
		return fail(argv[3]);
	}
	close(lease);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &revoke, NULL);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return fail("wait");
		if (!revoking)
			continue;
		if (drmModeRevokeLease(card, lessee) != 0)
			return fail("revoke");
		fprintf(stderr, "lease: taken back\n");
		revoking = 0;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
