/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A still picture, for views. */
#include "scene/still.h"

#include "scene/view.h"

struct still {
	struct source source;
	struct view_picture picture;
	struct view *views[KMS_OUTPUTS_MAX]; /* NULL: free */
};

/* ---- what the views call: nobody waits for anything ---- */

static void ignore_presented(void *data, uint64_t serial,
	const struct kms_presentation *presentation)
{
}

static void ignore_failed(void *data, uint64_t serial, int error)
{
}

static void ignore_changed(void *data)
{
}

/* It is filled for ever. */
static enum view_fill keep_surface(void *data, enum copy_reason reason)
{
	return VIEW_FILL_DONE;
}

static const struct view_listener view_listener = {
	.presented = ignore_presented,
	.failed = ignore_failed,
	.changed = ignore_changed,
	.fill_surface = keep_surface,
};

/* ---- the source ---- */

static struct still *of_source(struct source *source)
{
	return (struct still *)(void *)((uint8_t *)source - G_STRUCT_OFFSET(struct still, source));
}

static struct view **find_slot(struct still *still, const struct view *view)
{
	for (size_t i = 0; i < KMS_OUTPUTS_MAX; i++) {
		if (still->views[i] == view)
			return &still->views[i];
	}
	return NULL;
}

static bool add_view(struct source *source, struct view *view)
{
	struct still *still = of_source(source);
	struct view **slot = find_slot(still, NULL);

	if (!slot)
		return false;
	*slot = view;
	view_set_source(view, &view_listener, still);
	view_show(view, &still->picture);
	return true;
}

static void remove_view(struct source *source, struct view *view)
{
	struct view **slot = find_slot(of_source(source), view);

	if (!slot)
		return;
	view_set_source(view, NULL, NULL);
	*slot = NULL;
}

static void blank(struct source *source)
{
	struct still *still = of_source(source);

	for (size_t i = 0; i < KMS_OUTPUTS_MAX; i++) {
		if (still->views[i])
			view_release(still->views[i], true);
	}
}

static const struct source_interface interface = {
	.add_view = add_view,
	.remove_view = remove_view,
	.blank = blank,
};

struct source *still_source(struct still *still)
{
	return &still->source;
}

/* ---- life ---- */

static struct still *create(const char *name, const struct view_picture *picture)
{
	struct still *still = g_new0(struct still, 1);

	still->picture = *picture;
	source_init(&still->source, &interface, g_strdup(name));
	source_enabled(&still->source);
	return still;
}

struct still *still_create_color(const char *name, uint32_t color)
{
	return create(name, &(struct view_picture){.solid = true, .color = color});
}

struct still *still_create_picture(const char *name, struct surface *surface)
{
	return create(name,
		&(struct view_picture){
			.width = surface_width(surface),
			.height = surface_height(surface),
			.surface = surface,
		});
}

void still_destroy(struct still *still)
{
	if (!still)
		return;
	for (size_t i = 0; i < KMS_OUTPUTS_MAX; i++) {
		if (still->views[i])
			remove_view(&still->source, still->views[i]);
	}
	surface_destroy(still->picture.surface);
	source_finish(&still->source);
	g_free(still);
}
