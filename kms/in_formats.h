/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plane's IN_FORMATS blob (struct drm_format_modifier_blob): which formats it has, and for each
 * modifier a set of them. Read here alone, and nothing behind the blob's end, whatever it says of
 * itself: libdrm's iterator believes it. Borrows the blob's bytes. Used by plane.c and list.c.
 */
#ifndef KMS_IN_FORMATS_H
#define KMS_IN_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kms_in_formats {
	const uint8_t *formats;
	uint32_t format_count;
	const uint8_t *modifiers;
	uint32_t modifier_count;
};

/* False: it is no such blob, or not of this version; there is nothing to read in it then. */
bool kms_in_formats_init(struct kms_in_formats *in_formats, const void *bytes, size_t size);

/* `index` below format_count. */
uint32_t kms_in_formats_fourcc(const struct kms_in_formats *in_formats, uint32_t index);

/* `index` below modifier_count. */
uint64_t kms_in_formats_modifier(const struct kms_in_formats *in_formats, uint32_t index);

/* Can a buffer of format number `format` have modifier number `modifier`? */
bool kms_in_formats_match(const struct kms_in_formats *in_formats, uint32_t format,
	uint32_t modifier);

#endif
