/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show-picture CARD SEED [N]: shows picture SEED (tests/pattern.h) on the card's first connected
 * connector, in its mode N (0: the first one), prints "WIDTH HEIGHT" when the kernel has taken it,
 * and keeps it there until standard input ends. For tests of cameras, and as another master: it
 * knows nothing of the daemon.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../pattern.h"

/* The first connector that has a mode, to be freed by the caller, or NULL. */
static drmModeConnector *find_connector(int fd, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(fd, resources->connectors[i]);

		if (connector && connector->connection == DRM_MODE_CONNECTED &&
			connector->count_modes)
			return connector;
		drmModeFreeConnector(connector);
	}
	return NULL;
}

/* A framebuffer of the mode's size that holds the picture; 0 on failure. Its memory ends with the
 * fd. */
static uint32_t draw(int fd, const drmModeModeInfo *mode, uint32_t seed)
{
	uint32_t handle, pitch, framebuffer;
	uint64_t size, offset;
	uint8_t *memory;

	if (drmModeCreateDumbBuffer(fd, mode->hdisplay, mode->vdisplay, 32, 0, &handle, &pitch,
		    &size) ||
		drmModeMapDumbBuffer(fd, handle, &offset))
		return 0;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return 0;
	for (uint32_t y = 0; y < mode->vdisplay; y++) {
		uint32_t *row = (uint32_t *)(void *)(memory + (size_t)y * pitch);

		for (uint32_t x = 0; x < mode->hdisplay; x++)
			row[x] = pattern_pixel(seed, x, y);
	}
	munmap(memory, size);
	if (drmModeAddFB(fd, mode->hdisplay, mode->vdisplay, 24, 32, pitch, handle, &framebuffer))
		return 0;
	return framebuffer;
}

static bool show(int fd, uint32_t seed, int number)
{
	drmModeRes *resources = drmModeGetResources(fd);
	drmModeConnector *connector = resources ? find_connector(fd, resources) : NULL;
	bool shown = false;

	if (connector && resources->count_crtcs && number < connector->count_modes) {
		drmModeModeInfo *mode = &connector->modes[number];
		uint32_t framebuffer = draw(fd, mode, seed);

		shown = framebuffer &&
			!drmModeSetCrtc(fd, resources->crtcs[0], framebuffer, 0, 0,
				&connector->connector_id, 1, mode);
		if (shown)
			printf("%d %d\n", mode->hdisplay, mode->vdisplay);
	}
	drmModeFreeConnector(connector);
	drmModeFreeResources(resources);
	return shown;
}

int main(int argc, char **argv)
{
	char byte;
	int fd, number;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: show-picture CARD SEED [N]\n");
		return 1;
	}
	number = argc == 4 ? (int)strtoul(argv[3], NULL, 0) : 0;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || !show(fd, (uint32_t)strtoul(argv[2], NULL, 0), number) || fflush(stdout)) {
		perror(argv[1]);
		return 1;
	}
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	close(fd);
	return 0;
}
