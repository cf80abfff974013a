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
	/* The output's, becomes the monitor's name; at most 13 characters count. */
	const char *name;
	/* What the guest draws smaller is scaled up: a made-up EDID offers the usual sizes too. */
	bool scaled;
	/* The monitor stands on its side: what its EDID says of width and height is the other way
	 * round. */
	bool turned;
};

/*
 * Writes the EDID for `screen` into `edid` and returns its size, a multiple of 128.
 *
 * `monitor` is the monitor's EDID or NULL. Where a Linux guest would prefer the screen's mode of it
 * (edid_preferred), with its rate as nearly as an EDID can say it, it is copied byte for byte, but
 * for CTA blocks with a wrong checksum, which Linux takes: they get a right one; and for width and
 * height of the image, which a turned monitor exchanges. Where its base
 * block is sound otherwise, its identity is kept with name and serial number, and its first timing
 * is the mode: ranges include it, and no native, preferred or DisplayID timing contradicts it. If
 * the mode fits into no detailed timing (a side above 4095 pixels, a pixel clock above 655.35 MHz),
 * a DisplayID block carries it. Without a sound monitor everything is made up: maker "SCD", model
 * from the size.
 *
 * For a few old monitors Linux prefers the largest mode by their make: these keep no other mode.
 * For two it replaces timings: these lose their product code.
 *
 * The refresh rate is the screen's to the millihertz wherever blanking and a clock of whole 10 kHz
 * can make it.
 */
size_t edid_write(uint8_t edid[EDID_SIZE_MAX], const struct edid_screen *screen,
	const uint8_t *monitor, size_t monitor_size);

/* Header, version 1, checksums of all blocks, size a multiple of 128 and as the base block says. */
bool edid_valid(const uint8_t *edid, size_t size);

/* The mode that a Linux guest prefers, of detailed timings (in base, CTA and VTB blocks) and those
 * of DisplayID. False: none is preferred, or which one is not known; or the base block is not
 * sound. */
bool edid_preferred(const uint8_t *edid, size_t size, uint32_t *width, uint32_t *height,
	uint32_t *refresh_mhz);

#endif
