/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage.h"

#include <glib.h>
#include <string.h>

static struct kms_rect bounding_box(const struct kms_rect *rects, size_t count)
{
	int32_t left = G_MAXINT32, top = G_MAXINT32, right = G_MININT32, bottom = G_MININT32;

	for (size_t i = 0; i < count; i++) {
		left = MIN(left, rects[i].x);
		top = MIN(top, rects[i].y);
		right = MAX(right, rects[i].x + rects[i].width);
		bottom = MAX(bottom, rects[i].y + rects[i].height);
	}
	return (struct kms_rect){left, top, right - left, bottom - top};
}

void kms_damage_set(struct kms_damage *damage, const struct kms_rect *rects, size_t count)
{
	damage->count = count <= KMS_DAMAGE_MAX ? count : 0;
	for (size_t i = 0; i < damage->count; i++)
		damage->rects[i] = rects[i];
}

void kms_damage_add(struct kms_damage *damage, const struct kms_rect *rects, size_t count)
{
	struct kms_rect all[2 * KMS_DAMAGE_MAX];

	if (!count || count > KMS_DAMAGE_MAX || !damage->count) {
		damage->count = 0;
		return;
	}
	memcpy(all, rects, count * sizeof(*all));
	memcpy(all + count, damage->rects, damage->count * sizeof(*all));
	count += damage->count;
	if (count > KMS_DAMAGE_MAX) {
		all[0] = bounding_box(all, count);
		count = 1;
	}
	kms_damage_set(damage, all, count);
}

size_t kms_damage_clips(const struct kms_damage *damage, const struct kms_rect *source,
	struct drm_mode_rect *clips)
{
	size_t count = 0;

	for (size_t i = 0; i < damage->count; i++) {
		const struct kms_rect *rect = &damage->rects[i];
		struct drm_mode_rect clip = {
			.x1 = MAX(rect->x, source->x),
			.y1 = MAX(rect->y, source->y),
			.x2 = MIN(rect->x + rect->width, source->x + source->width),
			.y2 = MIN(rect->y + rect->height, source->y + source->height),
		};

		if (clip.x1 >= clip.x2 || clip.y1 >= clip.y2)
			continue;
		if (clip.x2 - clip.x1 == source->width && clip.y2 - clip.y1 == source->height)
			return 0;
		clips[count++] = clip;
	}
	return count;
}
