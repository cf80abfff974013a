/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commit.h"

#include "device.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>

void kms_request_init(struct kms_request *request)
{
	request->properties = drmModeAtomicAlloc();
	request->error = request->properties ? 0 : ENOMEM;
}

void kms_request_finish(struct kms_request *request)
{
	if (request->properties)
		drmModeAtomicFree(request->properties);
	request->properties = NULL;
}

void kms_request_reset(struct kms_request *request)
{
	kms_request_rewind(request, 0);
}

int kms_request_mark(const struct kms_request *request)
{
	return request->properties ? drmModeAtomicGetCursor(request->properties) : 0;
}

void kms_request_rewind(struct kms_request *request, int mark)
{
	request->error = request->properties ? 0 : ENOMEM;
	if (request->properties)
		drmModeAtomicSetCursor(request->properties, mark);
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

bool kms_placement_equal(const struct kms_placement *a, const struct kms_placement *b)
{
	return a->transform == b->transform && kms_rect_equal(&a->source, &b->source) &&
		kms_rect_equal(&a->destination, &b->destination);
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

void kms_request_add_plane(struct kms_request *request, const struct kms_plane *plane,
	const struct kms_crtc *crtc, uint32_t framebuffer, const struct kms_placement *placement)
{
	const struct kms_property *property = plane->properties;
	uint32_t id = plane->id;

	kms_request_add(request, id, &property[KMS_PLANE_FB_ID], framebuffer);
	if (!placement)
		return;
	kms_request_add(request, id, &property[KMS_PLANE_CRTC_ID], crtc->id);
	kms_request_add(request, id, &property[KMS_PLANE_SRC_X], fixed_value(placement->source.x));
	kms_request_add(request, id, &property[KMS_PLANE_SRC_Y], fixed_value(placement->source.y));
	kms_request_add(request, id, &property[KMS_PLANE_SRC_W],
		fixed_value(placement->source.width));
	kms_request_add(request, id, &property[KMS_PLANE_SRC_H],
		fixed_value(placement->source.height));
	kms_request_add(request, id, &property[KMS_PLANE_CRTC_X],
		signed_value(placement->destination.x));
	kms_request_add(request, id, &property[KMS_PLANE_CRTC_Y],
		signed_value(placement->destination.y));
	kms_request_add(request, id, &property[KMS_PLANE_CRTC_W],
		(uint64_t)placement->destination.width);
	kms_request_add(request, id, &property[KMS_PLANE_CRTC_H],
		(uint64_t)placement->destination.height);
	/* Without the property only the upright picture is there. */
	if (property[KMS_PLANE_ROTATION].id || placement->transform != KMS_ROTATE_0)
		kms_request_add(request, id, &property[KMS_PLANE_ROTATION], placement->transform);
}

void kms_request_add_plane_off(struct kms_request *request, const struct kms_plane *plane)
{
	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_FB_ID], 0);
	kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_CRTC_ID], 0);
}

static int send_request(struct kms_device *device, struct kms_request *request, uint32_t flags,
	void *user_data)
{
	int result;

	if (request->error)
		return request->error;
	result = drmModeAtomicCommit(device->fd, request->properties, flags, user_data);
	return result < 0 ? -result : 0;
}

int kms_request_test(struct kms_device *device, struct kms_request *request, uint32_t flags)
{
	return send_request(device, request, flags | DRM_MODE_ATOMIC_TEST_ONLY, NULL);
}

int kms_request_commit_blocking(struct kms_device *device, struct kms_request *request,
	uint32_t flags)
{
	return send_request(device, request, flags, NULL);
}

int kms_request_commit(struct kms_device *device, struct kms_request *request, uint32_t flags)
{
	return send_request(device, request,
		flags | DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
		&device->epochs[device->epoch]);
}
