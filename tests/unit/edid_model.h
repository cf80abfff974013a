/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Linux guest makes of an EDID, told by the rules of drivers/gpu/drm/drm_edid.c and
 * drm_modes.c alone, for tests of src/scene/edid.c: all modes of the EDID, its quirks, the order in
 * which a connector has them, and that virtio-gpu has none that are interlaced. Without those modes
 * that Linux adds of other rates of TVs' modes, which are never preferred nor larger.
 */
#ifndef TESTS_UNIT_EDID_MODEL_H
#define TESTS_UNIT_EDID_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDID_MODEL_MODES_MAX 256

struct edid_model_mode {
	uint32_t width, height;
	uint32_t clock_khz;
	uint32_t horizontal_total, vertical_total;
	bool preferred, interlaced;
};

struct edid_model {
	struct edid_model_mode modes[EDID_MODEL_MODES_MAX];
	size_t count;
	bool preferred_next; /* while it is read: the first detailed timing to come is preferred */
};

/* As Linux lists them: the first is the one that a guest takes. False: the EDID is none. */
bool edid_model_read(struct edid_model *model, const uint8_t *edid, size_t size);

/* Of one that fits: any rate. */
bool edid_model_has(const struct edid_model *model, uint32_t width, uint32_t height);

/* As the kernel's vblank timer counts it, thousandths of a hertz. */
double edid_model_refresh(const struct edid_model_mode *mode);

#endif
