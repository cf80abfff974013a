/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plane.h"

#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "in_formats.h"

void kms_plane_finish(struct kms_plane *plane)
{
	g_clear_pointer(&plane->formats, g_free);
	plane->format_count = 0;
}

static void add_format(GArray *formats, uint32_t fourcc, uint64_t modifier)
{
	const struct kms_plane_format format = {.modifier = modifier, .fourcc = fourcc};

	g_array_append_val(formats, format);
}

/* A format may come without any modifier: known, and no more. */
static void add_modifiers(GArray *formats, const struct kms_in_formats *in_formats, uint32_t index)
{
	uint32_t fourcc = kms_in_formats_fourcc(in_formats, index);
	bool has_one = false;

	for (uint32_t i = 0; i < in_formats->modifier_count; i++) {
		if (!kms_in_formats_match(in_formats, index, i))
			continue;
		add_format(formats, fourcc, kms_in_formats_modifier(in_formats, i));
		has_one = true;
	}
	if (!has_one)
		add_format(formats, fourcc, KMS_MODIFIER_INVALID);
}

static void read_in_formats(const struct kms_plane *plane, int fd, GArray *formats)
{
	uint32_t id = (uint32_t)plane->properties[KMS_PLANE_IN_FORMATS].value;
	drmModePropertyBlobRes *blob = id ? drmModeGetPropertyBlob(fd, id) : NULL;
	struct kms_in_formats in_formats;

	if (!blob)
		return;
	if (kms_in_formats_init(&in_formats, blob->data, blob->length)) {
		for (uint32_t i = 0; i < in_formats.format_count; i++)
			add_modifiers(formats, &in_formats, i);
	}
	drmModeFreePropertyBlob(blob);
}

void kms_plane_read_formats(struct kms_plane *plane, int fd, const uint32_t *fourccs, size_t count)
{
	GArray *formats = g_array_new(FALSE, FALSE, sizeof(struct kms_plane_format));

	read_in_formats(plane, fd, formats);
	if (!formats->len) {
		for (size_t i = 0; i < count; i++)
			add_format(formats, fourccs[i], KMS_MODIFIER_INVALID);
	}
	kms_plane_finish(plane);
	plane->format_count = formats->len;
	plane->formats = (struct kms_plane_format *)(void *)g_array_free(formats, FALSE);
}

bool kms_plane_takes(const struct kms_plane *plane, uint32_t fourcc, uint64_t modifier)
{
	for (size_t i = 0; i < plane->format_count; i++) {
		const struct kms_plane_format *format = &plane->formats[i];

		if (format->fourcc == fourcc &&
			(modifier == KMS_MODIFIER_INVALID || format->modifier == modifier ||
				format->modifier == KMS_MODIFIER_INVALID))
			return true;
	}
	return false;
}

bool kms_plane_blend_value(const struct kms_plane *plane, enum kms_blend blend, uint64_t *value)
{
	const struct kms_property *mode = &plane->properties[KMS_PLANE_BLEND_MODE];

	if (!mode->id || !mode->blends[blend])
		return false;
	*value = mode->blends[blend] - 1;
	return true;
}

/* DRM's names of formats begin with two letters, of which one is A where alpha is among the pixels:
 * AR24, RA24, AB4H. */
static bool has_alpha(uint32_t fourcc)
{
	return (fourcc & 0xff) == 'A' || (fourcc >> 8 & 0xff) == 'A';
}

bool kms_plane_blends(const struct kms_plane *plane, uint32_t fourcc, enum kms_blend blend,
	bool translucent)
{
	uint64_t value;

	if (translucent && !plane->properties[KMS_PLANE_ALPHA].maximum)
		return false;
	if (!has_alpha(fourcc) || kms_plane_blend_value(plane, blend, &value))
		return true;
	return blend == KMS_BLEND_PREMULTIPLIED && !plane->properties[KMS_PLANE_BLEND_MODE].id;
}

/* Reflected both ways and turned by 180 degrees, which together is nothing. */
static uint32_t other_words(uint32_t transform)
{
	const uint32_t rotations = KMS_ROTATE_0 | KMS_ROTATE_90 | KMS_ROTATE_180 | KMS_ROTATE_270;
	uint32_t rotation = transform & rotations;
	uint32_t opposite = rotation < KMS_ROTATE_180 ? rotation << 2 : rotation >> 2;

	return opposite | ((transform & ~rotations) ^ (KMS_REFLECT_X | KMS_REFLECT_Y));
}

static bool has_bits(const struct kms_property *rotation, uint32_t transform)
{
	return !rotation->bits || (rotation->bits & transform) == transform;
}

uint32_t kms_plane_rotation(const struct kms_plane *plane, uint32_t transform)
{
	const struct kms_property *rotation = &plane->properties[KMS_PLANE_ROTATION];
	uint32_t other = other_words(transform);

	if (transform == KMS_ROTATE_0 || other == KMS_ROTATE_0)
		return KMS_ROTATE_0;
	if (!rotation->id)
		return 0;
	if (has_bits(rotation, transform))
		return transform;
	return has_bits(rotation, other) ? other : 0;
}

struct kms_rect kms_plane_place(const struct kms_plane *plane)
{
	const struct kms_property *property = plane->properties;

	return (struct kms_rect){
		.x = (int32_t)property[KMS_PLANE_CRTC_X].value,
		.y = (int32_t)property[KMS_PLANE_CRTC_Y].value,
		.width = (int32_t)property[KMS_PLANE_CRTC_W].value,
		.height = (int32_t)property[KMS_PLANE_CRTC_H].value,
	};
}
