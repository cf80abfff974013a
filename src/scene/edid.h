/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EDID that a guest is given for a scanout: the monitor's own where that says what we show,
 * else one that does.
 *
 * A guest takes the preferred timing of its EDID for its screen, so that timing must be the mode
 * that runs on the output. Called by the guest at GET_EDID; keeps nothing. Sources: VESA E-EDID
 * 1.4, DisplayID 1.3, CVT 1.2 and 2.0; what Linux guests read of it is in
 * drivers/gpu/drm/drm_edid.c.
 */
#ifndef SCANOUTD_SCENE_EDID_H
#define SCANOUTD_SCENE_EDID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDID_BLOCK_SIZE 128

/* What edid_write() writes at most: all that the protocol carries (VIRTIO_GPU_EDID_MAX). */
#define EDID_SIZE_MAX 1024

/* What the guest's screen shall be. */
struct edid_screen {
	uint32_t width; /* pixels, 64 to 16384 */
	uint32_t height; /* pixels, 64 to 16384 */
	uint32_t refresh_mhz; /* thousandths of a hertz; 0: 60 Hz */
	uint32_t width_mm; /* 0: as if it had 96 dots an inch */
	uint32_t height_mm;
	const char
		*name; /* the output's, becomes the monitor's name; at most 13 characters count */
};

/*
 * Writes the EDID for `screen` into `edid` and returns its size, a multiple of 128.
 *
 * `monitor` is the monitor's EDID or NULL. If it is sound and its preferred timing has the screen's
 * width, height and (within 0.5 Hz) refresh, it is copied byte for byte. If it is sound otherwise,
 * its identity is kept and its first detailed timing is replaced. If the mode fits into no detailed
 * timing (a side above 4095 pixels, a pixel clock above 655.35 MHz), a DisplayID block carries it.
 * Without a sound monitor everything is made up: maker "SCD", model from the size.
 */
size_t edid_write(uint8_t edid[EDID_SIZE_MAX], const struct edid_screen *screen,
	const uint8_t *monitor, size_t monitor_size);

/* Header, version 1, checksums of all blocks, size a multiple of 128 and as the base block says. */
bool edid_valid(const uint8_t *edid, size_t size);

/* The preferred timing. False: it has none. Asks nothing of extensions but DisplayID's type I
 * timing that edid_write() makes. */
bool edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height,
	uint32_t *refresh_mhz);

#endif
