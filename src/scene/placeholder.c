/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/placeholder.h"

#include "scene/text_card.h"

struct placeholder {
	struct view *view;
	struct pictures *pictures;

	/* What is due. */
	bool due;
	struct picture_spec spec; /* the path is the file's */
	char **lines;
	const struct picture_file *file; /* PICTURE_FILE; else NULL */

	/* What the view was given last; it has the pointer while it shows it. */
	struct view_picture picture;
	bool shown;
	const struct picture_file *shown_file; /* whose surface that has; NULL: none */
	struct surface *card; /* the one that was drawn last, or NULL */
	struct painter_order *order; /* another is being drawn; or NULL */
	bool stale; /* … but is not due any more, */
	bool again; /* … and the next one is */
	uint32_t card_width; /* of either */
	uint32_t card_height;
};

static void show(struct placeholder *placeholder, const struct view_picture *picture)
{
	const struct view_picture *now = &placeholder->picture;

	if (placeholder->shown && now->solid == picture->solid && now->color == picture->color &&
		now->surface == picture->surface)
		return;
	placeholder->picture = *picture;
	placeholder->picture.placeholder = true;
	placeholder->shown = true;
	placeholder->shown_file = NULL;
	view_show_placeholder(placeholder->view, &placeholder->picture);
	/* From here on nobody looks at it. */
	if (placeholder->card != picture->surface)
		g_clear_pointer(&placeholder->card, surface_destroy);
}

static void show_color(struct placeholder *placeholder, uint32_t color)
{
	show(placeholder, &(struct view_picture){.solid = true, .color = color});
}

static void show_surface(struct placeholder *placeholder, struct surface *surface)
{
	show(placeholder,
		&(struct view_picture){
			.width = surface_width(surface),
			.height = surface_height(surface),
			.surface = surface,
		});
}

/* ---- cards ---- */

static void draw_card(struct placeholder *placeholder);

/* Its thread goes on until it is drawn: there is never a second one, however often a guest comes
 * and goes. */
static void forget_order(struct placeholder *placeholder)
{
	placeholder->stale = placeholder->order != NULL;
	placeholder->again = false;
}

static void card_drawn(void *data, struct surface *surface, const GError *error)
{
	struct placeholder *placeholder = data;
	bool stale = placeholder->stale;
	bool again = placeholder->again;

	placeholder->order = NULL;
	forget_order(placeholder);
	if (stale) {
		surface_destroy(surface);
		if (again)
			draw_card(placeholder);
		return;
	}
	pictures_note_card(placeholder->pictures, error);
	if (!surface) {
		show_color(placeholder, TEXT_CARD_COLOR);
		return;
	}
	show_surface(placeholder, surface);
	/* The one before was given up when this took its place. */
	placeholder->card = surface;
}

static void draw_card(struct placeholder *placeholder)
{
	forget_order(placeholder);
	view_screen_size(placeholder->view, &placeholder->card_width, &placeholder->card_height);
	placeholder->again = placeholder->order != NULL;
	if (placeholder->order)
		return;
	placeholder->order = pictures_draw_card(placeholder->pictures, placeholder->lines,
		placeholder->card_width, placeholder->card_height, card_drawn, placeholder);
}

/* ---- files ---- */

static void show_file(struct placeholder *placeholder, const struct picture_file *file)
{
	struct surface *surface = picture_file_surface(file);

	if (surface) {
		show_surface(placeholder, surface);
		placeholder->shown_file = file;
	} else if (picture_file_failed(file)) {
		draw_card(placeholder);
	}
}

void placeholder_file_changed(struct placeholder *placeholder, const struct picture_file *file)
{
	bool due = placeholder->due && placeholder->file == file;
	bool shown = placeholder->shown_file == file &&
		view_shows(placeholder->view, &placeholder->picture);

	/* It is shown and not due as the last picture, until a card is drawn, and by a view that
	 * its guest's picture has left behind. */
	/* What is due now is no card that is drawn in its place; but one may be due itself. */
	if (due)
		forget_order(placeholder);
	if (due || shown)
		show_file(placeholder, file);
}

bool placeholder_has_file(const struct placeholder *placeholder, const struct picture_file *file)
{
	return placeholder->file == file || placeholder->shown_file == file;
}

/* ---- what is due ---- */

static bool is_same(const struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines)
{
	return placeholder->due && picture_spec_equal(&placeholder->spec, spec) &&
		g_strv_equal((const char *const *)placeholder->lines, (const char *const *)lines);
}

static void set_due(struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines)
{
	char **copy = g_strdupv((char **)lines);

	forget_order(placeholder);
	placeholder->due = true;
	g_strfreev(placeholder->lines);
	placeholder->lines = copy;
	picture_spec_clear(&placeholder->spec);
	placeholder->spec = picture_spec_copy(spec);
	placeholder->file = NULL;
}

void placeholder_show(struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines)
{
	if (is_same(placeholder, spec, lines))
		return;
	set_due(placeholder, spec, lines);
	switch (spec->kind) {
	case PICTURE_COLOR:
		show_color(placeholder, spec->color);
		break;
	case PICTURE_LAST:
		break;
	case PICTURE_FILE:
		placeholder->file = pictures_file(placeholder->pictures, spec->path);
		show_file(placeholder, placeholder->file);
		break;
	case PICTURE_CARD:
		draw_card(placeholder);
		break;
	}
}

void placeholder_cover(struct placeholder *placeholder, const struct picture_spec *spec,
	char *const *lines)
{
	placeholder_end(placeholder);
	placeholder_show(placeholder, spec, lines);
	if (!placeholder->shown)
		show_color(placeholder, TEXT_CARD_COLOR);
}

void placeholder_end(struct placeholder *placeholder)
{
	forget_order(placeholder);
	placeholder->due = false;
	placeholder->shown = false;
}

bool placeholder_ready(const struct placeholder *placeholder)
{
	return placeholder->shown;
}

void placeholder_resized(struct placeholder *placeholder)
{
	bool drawing = placeholder->order && (!placeholder->stale || placeholder->again);
	bool is_card = drawing || (placeholder->due && placeholder->card);
	uint32_t width, height;

	view_screen_size(placeholder->view, &width, &height);
	/* Until it is drawn the one that is there is scaled. */
	if (is_card && (placeholder->card_width != width || placeholder->card_height != height))
		draw_card(placeholder);
}

/* ---- life ---- */

struct placeholder *placeholder_create(struct view *view, struct pictures *pictures)
{
	struct placeholder *placeholder = g_new0(struct placeholder, 1);

	placeholder->view = view;
	placeholder->pictures = pictures;
	placeholder->lines = g_new0(char *, 1);
	return placeholder;
}

void placeholder_destroy(struct placeholder *placeholder)
{
	if (!placeholder)
		return;
	painter_cancel(placeholder->order);
	surface_destroy(placeholder->card);
	picture_spec_clear(&placeholder->spec);
	g_strfreev(placeholder->lines);
	g_free(placeholder);
}
