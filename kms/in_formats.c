/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "in_formats.h"

#include <string.h>
#include <xf86drmMode.h>

static bool holds(size_t size, uint32_t offset, uint32_t count, size_t each)
{
	return offset <= size && count <= (size - offset) / each;
}

bool kms_in_formats_init(struct kms_in_formats *in_formats, const void *bytes, size_t size)
{
	struct drm_format_modifier_blob head;

	*in_formats = (struct kms_in_formats){0};
	if (!bytes || size < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if (head.version != FORMAT_BLOB_CURRENT ||
		!holds(size, head.formats_offset, head.count_formats, sizeof(uint32_t)) ||
		!holds(size, head.modifiers_offset, head.count_modifiers,
			sizeof(struct drm_format_modifier)))
		return false;
	*in_formats = (struct kms_in_formats){
		.formats = (const uint8_t *)bytes + head.formats_offset,
		.format_count = head.count_formats,
		.modifiers = (const uint8_t *)bytes + head.modifiers_offset,
		.modifier_count = head.count_modifiers,
	};
	return true;
}

uint32_t kms_in_formats_fourcc(const struct kms_in_formats *in_formats, uint32_t index)
{
	uint32_t fourcc;

	memcpy(&fourcc, in_formats->formats + index * sizeof(fourcc), sizeof(fourcc));
	return fourcc;
}

static struct drm_format_modifier read_modifier(const struct kms_in_formats *in_formats,
	uint32_t index)
{
	struct drm_format_modifier modifier;

	memcpy(&modifier, in_formats->modifiers + index * sizeof(modifier), sizeof(modifier));
	return modifier;
}

uint64_t kms_in_formats_modifier(const struct kms_in_formats *in_formats, uint32_t index)
{
	return read_modifier(in_formats, index).modifier;
}

/* A set has 64 formats, from `offset` on. */
bool kms_in_formats_match(const struct kms_in_formats *in_formats, uint32_t format,
	uint32_t modifier)
{
	const struct drm_format_modifier set = read_modifier(in_formats, modifier);

	return format >= set.offset && format - set.offset < 64 &&
		(set.formats >> (format - set.offset) & 1);
}
