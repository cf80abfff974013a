/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lessee SOCKET: a program that gets its output by a lease. It asks as libdlmclient does (its
 * protocol is written down in src/wire/lease_wire.h), prints "lent", and does what the lines on
 * standard input say, each of which it answers with one:
 *
 *   show N         picture N (tests/pattern.h) in the mode that is there: "shown"
 *   mode WxH N     the same in this mode of the connector
 *   overlay WxH+X+Y N   picture N of that size, at that place, on the first overlay plane that it has: "shown"
 *   off            turns the CRTC off: "off"
 *   flip           shows the same again: "flipped", or "refused: " and why
 *   await-end      until the other side closes the connection: "ended"
 *   release        gives the lease back: "released"
 *
 * Ends with the input. A lease that is refused is exit status 3.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../pattern.h"

struct lessee {
	int socket;
	int card; /* the lease */
	uint32_t connector, crtc, framebuffer;
};

static int fail(const char *what)
{
	fprintf(stderr, "lessee: %s: %s\n", what, strerror(errno));
	return 1;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

/* ---- the lease ---- */

static bool request(int socket, int opcode)
{
	return send(socket, &opcode, sizeof(opcode), MSG_NOSIGNAL) == sizeof(opcode);
}

/* -1: it was refused. */
static int receive_lease(int socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec room = {&byte, 1};
	struct msghdr message = {.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *part;
	int fd;

	if (recvmsg(socket, &message, 0) != 1)
		return -1;
	part = CMSG_FIRSTHDR(&message);
	if (!part || part->cmsg_type != SCM_RIGHTS || part->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

static int ask(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		!request(fd, 0))
		return -1;
	return fd;
}

static bool find_objects(struct lessee *lessee)
{
	drmModeRes *resources = drmModeGetResources(lessee->card);

	if (!resources || resources->count_crtcs < 1 || resources->count_connectors < 1)
		return false;
	lessee->crtc = resources->crtcs[0];
	lessee->connector = resources->connectors[0];
	drmModeFreeResources(resources);
	return true;
}

/* ---- pictures ---- */

static bool make_picture(struct lessee *lessee, uint32_t width, uint32_t height, uint32_t seed)
{
	uint32_t handle, stride;
	uint64_t size, offset;
	uint8_t *pixels;

	if (drmModeCreateDumbBuffer(lessee->card, width, height, 32, 0, &handle, &stride, &size) !=
			0 ||
		drmModeMapDumbBuffer(lessee->card, handle, &offset) != 0 ||
		drmModeAddFB(lessee->card, width, height, 24, 32, stride, handle,
			&lessee->framebuffer) != 0)
		return false;
	pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, lessee->card, (off_t)offset);
	if (pixels == MAP_FAILED)
		return false;
	for (uint32_t y = 0; y < height; y++) {
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);

		for (uint32_t x = 0; x < width; x++)
			row[x] = pattern_pixel(seed, x, y);
	}
	munmap(pixels, size);
	return true;
}

static bool show(struct lessee *lessee, drmModeModeInfo *mode, uint32_t seed)
{
	return make_picture(lessee, mode->hdisplay, mode->vdisplay, seed) &&
		drmModeSetCrtc(lessee->card, lessee->crtc, lessee->framebuffer, 0, 0,
			&lessee->connector, 1, mode) == 0;
}

static bool show_in_present_mode(struct lessee *lessee, uint32_t seed)
{
	drmModeCrtc *crtc = drmModeGetCrtc(lessee->card, lessee->crtc);
	bool shown = crtc && crtc->mode_valid && show(lessee, &crtc->mode, seed);

	drmModeFreeCrtc(crtc);
	return shown;
}

static bool show_in_mode(struct lessee *lessee, const char *name, uint32_t seed)
{
	drmModeConnector *connector = drmModeGetConnector(lessee->card, lessee->connector);
	bool shown = false;

	for (int i = 0; connector && i < connector->count_modes && !shown; i++) {
		if (strcmp(connector->modes[i].name, name) == 0)
			shown = show(lessee, &connector->modes[i], seed);
	}
	drmModeFreeConnector(connector);
	return shown;
}

/* 0: there is none. Without universal planes these are all that are listed. */
static uint32_t first_overlay(const struct lessee *lessee)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(lessee->card);
	uint32_t plane = planes && planes->count_planes > 0 ? planes->planes[0] : 0;

	drmModeFreePlaneResources(planes);
	return plane;
}

static bool show_overlay(struct lessee *lessee, const unsigned int *size, const int *at,
	uint32_t seed)
{
	const uint32_t width = size[0], height = size[1];

	return make_picture(lessee, width, height, seed) &&
		drmModeSetPlane(lessee->card, first_overlay(lessee), lessee->crtc,
			lessee->framebuffer, 0, at[0], at[1], width, height, 0, 0, width << 16,
			height << 16) == 0;
}

/* ---- lines ---- */

static int obey(struct lessee *lessee, const char *line)
{
	char mode[32] = "";
	unsigned int seed = 0, size[2];
	int at[2];
	char end;
	int error;

	if (sscanf(line, "show %u", &seed) == 1) {
		if (!show_in_present_mode(lessee, seed))
			return fail(line);
		say("shown");
	} else if (sscanf(line, "mode %31s %u", mode, &seed) == 2) {
		if (!show_in_mode(lessee, mode, seed))
			return fail(line);
		say("shown");
	} else if (sscanf(line, "overlay %ux%u+%d+%d %u", &size[0], &size[1], &at[0], &at[1],
			   &seed) == 5) {
		if (!show_overlay(lessee, size, at, seed))
			return fail(line);
		say("shown");
	} else if (strcmp(line, "off") == 0) {
		if (drmModeSetCrtc(lessee->card, lessee->crtc, 0, 0, 0, NULL, 0, NULL) != 0)
			return fail(line);
		say("off");
	} else if (strcmp(line, "flip") == 0) {
		error = drmModePageFlip(lessee->card, lessee->crtc, lessee->framebuffer, 0, NULL);
		printf(error ? "refused: %s\n" : "flipped\n", strerror(-error));
		fflush(stdout);
	} else if (strcmp(line, "await-end") == 0) {
		if (recv(lessee->socket, &end, 1, 0) > 0)
			return fail(line);
		say("ended");
	} else if (strcmp(line, "release") == 0) {
		if (!request(lessee->socket, 1))
			return fail(line);
		say("released");
	} else {
		fprintf(stderr, "lessee: \"%s\"?\n", line);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct lessee lessee = {0};
	char line[128];
	int status = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: lessee SOCKET\n");
		return 2;
	}
	lessee.socket = ask(argv[1]);
	if (lessee.socket < 0)
		return fail(argv[1]);
	lessee.card = receive_lease(lessee.socket);
	if (lessee.card < 0) {
		say("refused");
		return 3;
	}
	if (!find_objects(&lessee))
		return fail("what was lent");
	say("lent");
	while (status == 0 && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		status = obey(&lessee, line);
	}
	return status;
}
