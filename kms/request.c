/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "request.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>

void kms_request_init(struct kms_request *request)
{
	request->properties = drmModeAtomicAlloc();
	request->error = request->properties ? 0 : ENOMEM;
	request->size = 0;
}

void kms_request_finish(struct kms_request *request)
{
	if (request->properties)
		drmModeAtomicFree(request->properties);
	request->properties = NULL;
}

void kms_request_add(struct kms_request *request, uint32_t object,
	const struct kms_property *property, uint64_t value)
{
	int result;

	if (request->error)
		return;
	if (!property->id) {
		request->error = ENOENT;
		return;
	}
	result = drmModeAtomicAddProperty(request->properties, object, property->id, value);
	if (result < 0)
		request->error = -result;
	else
		request->size++;
}

void kms_request_add_optional(struct kms_request *request, uint32_t object,
	const struct kms_property *property, uint64_t value)
{
	if (property->id)
		kms_request_add(request, object, property, value);
}

void kms_request_add_resets(struct kms_request *request, uint32_t object,
	const struct kms_property *properties, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (properties[i].id && properties[i].resets)
			kms_request_add(request, object, &properties[i], properties[i].reset);
	}
}

/* Signed coordinates travel as the 64-bit numbers that they extend to. */
static uint64_t signed_value(int32_t value)
{
	return (uint64_t)(int64_t)value;
}

/* Source coordinates are 16.16 fixed point. */
static uint64_t fixed_value(int32_t value)
{
	return (uint64_t)(uint32_t)value << 16;
}

static void add_source(struct kms_request *request, const struct kms_plane *plane,
	const struct kms_rect *source)
{
	const struct kms_property *property = plane->properties;

	kms_request_add(request, plane->id, &property[KMS_PLANE_SRC_X], fixed_value(source->x));
	kms_request_add(request, plane->id, &property[KMS_PLANE_SRC_Y], fixed_value(source->y));
	kms_request_add(request, plane->id, &property[KMS_PLANE_SRC_W], fixed_value(source->width));
	kms_request_add(request, plane->id, &property[KMS_PLANE_SRC_H],
		fixed_value(source->height));
}

/* What the plane cannot do is for the driver to refuse. */
static uint32_t rotation_value(const struct kms_plane *plane, uint32_t transform)
{
	uint32_t rotation = kms_plane_rotation(plane, transform);

	return rotation ? rotation : transform;
}

void kms_request_add_placement(struct kms_request *request, const struct kms_plane *plane,
	const struct kms_placement *placement, const struct kms_placement *before)
{
	const struct kms_property *property = plane->properties;
	const struct kms_rect *to = &placement->destination;
	const struct kms_rect *from = before ? &before->destination : NULL;
	uint32_t id = plane->id;

	if (!before || !kms_rect_equal(&before->source, &placement->source))
		add_source(request, plane, &placement->source);
	if (!from || from->x != to->x || from->y != to->y) {
		kms_request_add(request, id, &property[KMS_PLANE_CRTC_X], signed_value(to->x));
		kms_request_add(request, id, &property[KMS_PLANE_CRTC_Y], signed_value(to->y));
	}
	if (!from || from->width != to->width || from->height != to->height) {
		kms_request_add(request, id, &property[KMS_PLANE_CRTC_W], (uint64_t)to->width);
		kms_request_add(request, id, &property[KMS_PLANE_CRTC_H], (uint64_t)to->height);
	}
	if (before && before->transform == placement->transform)
		return;
	/* Without the property only the upright picture is there. */
	if (property[KMS_PLANE_ROTATION].id ||
		rotation_value(plane, placement->transform) != KMS_ROTATE_0)
		kms_request_add(request, id, &property[KMS_PLANE_ROTATION],
			rotation_value(plane, placement->transform));
}

static int send_request(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags, guint token)
{
	int result;

	if (request->error)
		return request->error;
	/* A signal is nothing: libdrm asks again, and so do we where it does not. */
	do
		result = drmModeAtomicCommit(card->fd, request->properties, flags,
			GUINT_TO_POINTER(token));
	while (result == -EINTR);
	return result < 0 ? -result : 0;
}

int kms_request_test(const struct kms_card *card, const struct kms_request *request, uint32_t flags)
{
	return send_request(card, request, flags | DRM_MODE_ATOMIC_TEST_ONLY, 0);
}

int kms_request_commit_blocking(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags)
{
	return send_request(card, request, flags, 0);
}

int kms_request_commit_silent(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags)
{
	return send_request(card, request, flags | DRM_MODE_ATOMIC_NONBLOCK, 0);
}

int kms_request_commit(struct kms_card *card, const struct kms_request *request, uint32_t flags,
	guint *token)
{
	*token = card->next_token++;
	return send_request(card, request,
		flags | DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, *token);
}
