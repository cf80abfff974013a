/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of changed rectangles of fixed size. */
#include "scene/damage.h"

#include <glib.h>

#include "scene/place.h"

static int64_t area(const struct kms_rect *rect)
{
	return (int64_t)rect->width * rect->height;
}

/* Two rectangles become one where that copies no more pixels than both did. */
static bool worth_joining(const struct kms_rect *a, const struct kms_rect *b)
{
	struct kms_rect both = rect_bounding(a, b);

	return area(&both) <= area(a) + area(b);
}

void damage_add(struct damage *damage, const struct kms_rect *rect)
{
	struct kms_rect added = *rect;

	if (rect_empty(&added))
		return;

	/* What is joined grows, and can then swallow a rectangle that was looked at before. */
	for (size_t i = 0; i < damage->count;) {
		if (kms_rect_contains(&damage->rects[i], &added))
			return;
		if (worth_joining(&damage->rects[i], &added)) {
			added = rect_bounding(&damage->rects[i], &added);
			damage->rects[i] = damage->rects[--damage->count];
			i = 0;
		} else {
			i++;
		}
	}

	if (damage->count == KMS_DAMAGE_MAX) {
		for (size_t i = 0; i < damage->count; i++)
			added = rect_bounding(&damage->rects[i], &added);
		damage->count = 0;
	}
	damage->rects[damage->count++] = added;
}

void damage_remove(struct damage *damage, const struct kms_rect *rect)
{
	for (size_t i = 0; i < damage->count;) {
		struct kms_rect *left = &damage->rects[i];
		struct kms_rect drawn = rect_intersect(left, rect);
		struct kms_rect rest;

		if (rect_cut(left, &drawn, &rest))
			*left = rest;
		if (rect_empty(left))
			*left = damage->rects[--damage->count];
		else
			i++;
	}
}

bool damage_overlaps(const struct damage *damage, const struct kms_rect *rect)
{
	for (size_t i = 0; i < damage->count; i++) {
		if (rect_overlaps(&damage->rects[i], rect))
			return true;
	}
	return false;
}
