/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mode that a guest's program sets where a test names no more than a size. Called by the
 * painter's screens, and by tests/gl/gl-painter.c. Header only: that one is built by itself.
 */
#ifndef SCANOUTD_TESTS_GUEST_MODE_H
#define SCANOUTD_TESTS_GUEST_MODE_H

#include <stdint.h>
#include <xf86drmMode.h>

/* 60 Hz. The timings matter to nobody here; virtio-gpu only looks at the size. */
static inline drmModeModeInfo mode_of_size(uint32_t width, uint32_t height)
{
	return (drmModeModeInfo){
		.clock = (width + 160) * (height + 30) * 60 / 1000,
		.hdisplay = (uint16_t)width,
		.hsync_start = (uint16_t)(width + 48),
		.hsync_end = (uint16_t)(width + 80),
		.htotal = (uint16_t)(width + 160),
		.vdisplay = (uint16_t)height,
		.vsync_start = (uint16_t)(height + 3),
		.vsync_end = (uint16_t)(height + 9),
		.vtotal = (uint16_t)(height + 30),
		.vrefresh = 60,
		.name = "painter",
	};
}

#endif
