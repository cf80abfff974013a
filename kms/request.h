/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One atomic request: built property by property, tested, applied. A request remembers its first
 * failure, so that twenty lines of properties need one check. What goes into one, state.c says.
 */
#ifndef KMS_REQUEST_H
#define KMS_REQUEST_H

#include "card.h"

#include <string.h>
#include <xf86drmMode.h>

struct kms_request {
	drmModeAtomicReq *properties; /* kept between requests: a flip allocates nothing of ours */
	int error; /* the first failure, an errno, or 0 */
	unsigned int size;
};

void kms_request_init(struct kms_request *request);
void kms_request_finish(struct kms_request *request);

/* Begins a new request in the same memory. */
static inline void kms_request_reset(struct kms_request *request)
{
	/* There was no memory for it, and may be now. */
	if (!request->properties) {
		kms_request_init(request);
		return;
	}
	drmModeAtomicSetCursor(request->properties, 0);
	request->error = 0;
	request->size = 0;
}

/* How many properties it has. */
static inline unsigned int kms_request_size(const struct kms_request *request)
{
	return request->size;
}

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

/* Compared as a whole, bit by bit: no padding. */
G_STATIC_ASSERT(sizeof(struct kms_placement) == 9 * sizeof(uint32_t));

static inline bool kms_placement_equal(const struct kms_placement *a, const struct kms_placement *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Only what differs from `before`; NULL: all of it. */
void kms_request_add_placement(struct kms_request *request, const struct kms_plane *plane,
	const struct kms_placement *placement, const struct kms_placement *before);

/* All return 0 or an errno. A refused request changed nothing. */

/* Would the driver take it? `flags`: 0 or DRM_MODE_ATOMIC_ALLOW_MODESET. */
int kms_request_test(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags);

/* Waits until it is on the glass; no event follows. */
int kms_request_commit_blocking(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags);

/* Returns at once, and no event follows: for what shows nothing. */
int kms_request_commit_silent(const struct kms_card *card, const struct kms_request *request,
	uint32_t flags);

/* Returns at once; one page-flip event for each CRTC of the request follows, with *token. */
int kms_request_commit(struct kms_card *card, const struct kms_request *request, uint32_t flags,
	guint *token);

#endif
