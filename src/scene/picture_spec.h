/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown where a guest shows nothing, as a user says it: before=, after=, failed= and
 * picture= of scanoutd.conf(5), and whether its firmware's pictures are something (firmware=).
 * Plain data: the configuration fills it in, a placeholder (placeholder.h) shows it.
 */
#ifndef SCANOUTD_SCENE_PICTURE_SPEC_H
#define SCANOUTD_SCENE_PICTURE_SPEC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum picture_kind {
	PICTURE_COLOR, /* all over the output; zeroed memory is black */
	PICTURE_LAST, /* what is on the screen stays there */
	PICTURE_FILE, /* a PNG, placed as a scanout is */
	PICTURE_CARD, /* text: who it is, what is the matter, what comes next */
};

/* Pictures of the guest's firmware. */
enum firmware_pictures {
	FIRMWARE_HIDE, /* not seen, but where that waits for somebody */
	FIRMWARE_SHOW,
};

struct picture_spec {
	enum picture_kind kind;
	uint32_t color; /* PICTURE_COLOR: XRGB */
	char *path; /* PICTURE_FILE: absolute; its owner's; else NULL */
};

static inline bool picture_spec_is_black(const struct picture_spec *spec)
{
	return spec->kind == PICTURE_COLOR && spec->color == 0;
}

static inline bool picture_spec_equal(const struct picture_spec *a, const struct picture_spec *b)
{
	return a->kind == b->kind && a->color == b->color && g_strcmp0(a->path, b->path) == 0;
}

static inline struct picture_spec picture_spec_copy(const struct picture_spec *spec)
{
	return (struct picture_spec){spec->kind, spec->color, g_strdup(spec->path)};
}

/* It is black then. */
static inline void picture_spec_clear(struct picture_spec *spec)
{
	g_free(spec->path);
	*spec = (struct picture_spec){0};
}

#endif
