/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's objects and their properties, looked up by name. Used by the benches alone, which look
 * each up once, at their start; nothing is kept.
 */
#ifndef SCANOUTD_TESTS_BENCH_OBJECTS_H
#define SCANOUTD_TESTS_BENCH_OBJECTS_H

#include <stdint.h>

/* The id of an object's property, 0 where there is none of that name. `type`: DRM_MODE_OBJECT_*.
 * `value`, which may be NULL, is what the property is now. */
uint32_t objects_property(int card, uint32_t object, uint32_t type, const char *name,
	uint64_t *value);

/* The primary plane of the CRTC of that index, 0 where there is none. */
uint32_t objects_primary_plane(int card, unsigned int crtc_index);

#endif
