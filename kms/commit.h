/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One atomic request: built property by property, tested, applied. A request remembers its first
 * failure, so that twenty lines of properties need one check. Used by modeset.c for a whole card,
 * by output.c for a flip and by cursor.c for its part of one.
 */
#ifndef KMS_COMMIT_H
#define KMS_COMMIT_H

#include "property.h"

#include <kms.h>
#include <xf86drmMode.h>

struct kms_crtc;
struct kms_device;
struct kms_plane;

struct kms_request {
	drmModeAtomicReq *properties; /* kept between requests: a flip allocates nothing of ours */
	int error; /* the first failure, an errno, or 0 */
};

void kms_request_init(struct kms_request *request);
void kms_request_finish(struct kms_request *request);

/* Begins a new request in the same memory. */
void kms_request_reset(struct kms_request *request);

/* A mark, and back to it: what was added behind the mark is dropped, and so is its failure. */
int kms_request_mark(const struct kms_request *request);
void kms_request_rewind(struct kms_request *request, int mark);

/* A property that the object does not have is the failure ENOENT. */
void kms_request_add(struct kms_request *request, uint32_t object,
	const struct kms_property *property, uint64_t value);

/* The same where the property may be missing. */
void kms_request_add_optional(struct kms_request *request, uint32_t object,
	const struct kms_property *property, uint64_t value);

/* Every leakable property of an object to its default. */
void kms_request_add_resets(struct kms_request *request, uint32_t object,
	const struct kms_property *properties, size_t count);

/* What a plane shows, as KMS takes it. */
struct kms_placement {
	struct kms_rect source; /* pixels of the framebuffer */
	struct kms_rect destination; /* pixels of the CRTC */
	uint32_t transform; /* enum kms_transform */
};

bool kms_placement_equal(const struct kms_placement *a, const struct kms_placement *b);

/* `placement` NULL: only another framebuffer at the same place. */
void kms_request_add_plane(struct kms_request *request, const struct kms_plane *plane,
	const struct kms_crtc *crtc, uint32_t framebuffer, const struct kms_placement *placement);
void kms_request_add_plane_off(struct kms_request *request, const struct kms_plane *plane);

/* All return 0 or an errno. A refused request changed nothing. */

/* Would the driver take it? `flags`: 0 or DRM_MODE_ATOMIC_ALLOW_MODESET. */
int kms_request_test(struct kms_device *device, struct kms_request *request, uint32_t flags);

/* Waits until it is on the glass; no event follows. */
int kms_request_commit_blocking(struct kms_device *device, struct kms_request *request,
	uint32_t flags);

/* Returns at once; one page-flip event for each CRTC of the request follows. */
int kms_request_commit(struct kms_device *device, struct kms_request *request, uint32_t flags);

#endif
