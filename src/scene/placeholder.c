/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/placeholder.h"

struct placeholder {
	struct view *view;
	struct view_picture picture; /* the view has this pointer while it is shown */
	bool shown;
};

static void show(struct placeholder *placeholder, const struct view_picture *picture)
{
	placeholder->picture = *picture;
	placeholder->shown = true;
	view_show_placeholder(placeholder->view, &placeholder->picture);
}

static bool is_shown(const struct placeholder *placeholder, uint32_t color)
{
	const struct view_picture *picture = &placeholder->picture;

	return placeholder->shown && picture->solid && picture->color == color;
}

void placeholder_show(struct placeholder *placeholder, const struct picture_spec *spec)
{
	if (spec->kind == PICTURE_COLOR && !is_shown(placeholder, spec->color))
		show(placeholder,
			&(struct view_picture){.solid = true,
				.color = spec->color,
				.placeholder = true});
}

void placeholder_end(struct placeholder *placeholder)
{
	placeholder->shown = false;
}

struct placeholder *placeholder_create(struct view *view)
{
	struct placeholder *placeholder = g_new0(struct placeholder, 1);

	placeholder->view = view;
	return placeholder;
}

void placeholder_destroy(struct placeholder *placeholder)
{
	g_free(placeholder);
}
