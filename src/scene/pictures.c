/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/pictures.h"

#include "log.h"
#include "scene/png_file.h"
#include "scene/text_card.h"

struct picture_file {
	struct pictures *pictures;
	char *path;
	struct surface *surface;
	bool failed;
	struct painter_order *order; /* it is being read; or NULL */
	bool again; /* and is to be read once more */
};

struct pictures {
	char *font;
	const struct pictures_listener *listener;
	void *data;
	struct painter *painter;
	GPtrArray *files; /* of struct picture_file, owned */
	char *said; /* why there are no cards: in the log; or NULL */
};

/* ---- files ---- */

static struct surface *make_file(void *what, GError **error)
{
	return png_file_load(what, error);
}

static const struct painter_work file_work = {make_file, g_free};

static void order_file(struct picture_file *file);

static void file_made(void *data, struct surface *surface, const GError *error)
{
	struct picture_file *file = data;
	struct surface *old = file->surface;

	file->order = NULL;
	file->failed = !surface;
	if (surface)
		file->surface = surface;
	else
		log_daemon(G_LOG_LEVEL_WARNING, "picture %s%s", error->message,
			old ? "; the last one stays" : "");
	file->pictures->listener->file_changed(file->pictures->data, file);
	if (surface)
		surface_destroy(old);
	if (file->again)
		order_file(file);
}

static void order_file(struct picture_file *file)
{
	file->again = file->order != NULL;
	if (!file->order)
		file->order = painter_order(file->pictures->painter, &file_work,
			g_strdup(file->path), file_made, file);
}

static void free_file(gpointer data)
{
	struct picture_file *file = data;

	painter_cancel(file->order);
	surface_destroy(file->surface);
	g_free(file->path);
	g_free(file);
}

const struct picture_file *pictures_file(struct pictures *pictures, const char *path)
{
	struct picture_file *file;

	for (guint i = 0; i < pictures->files->len; i++) {
		file = g_ptr_array_index(pictures->files, i);
		if (g_str_equal(file->path, path))
			return file;
	}
	file = g_new0(struct picture_file, 1);
	file->pictures = pictures;
	file->path = g_strdup(path);
	g_ptr_array_add(pictures->files, file);
	order_file(file);
	return file;
}

const char *picture_file_path(const struct picture_file *file)
{
	return file->path;
}

struct surface *picture_file_surface(const struct picture_file *file)
{
	return file->surface;
}

bool picture_file_failed(const struct picture_file *file)
{
	return file->failed;
}

void pictures_reload(struct pictures *pictures)
{
	for (guint i = 0; i < pictures->files->len; i++)
		order_file(g_ptr_array_index(pictures->files, i));
}

void pictures_keep(struct pictures *pictures,
	bool (*wanted)(const void *data, const struct picture_file *file), const void *data)
{
	for (guint i = pictures->files->len; i-- > 0;) {
		if (!wanted(data, g_ptr_array_index(pictures->files, i)))
			g_ptr_array_remove_index(pictures->files, i);
	}
}

/* ---- cards ---- */

static struct surface *make_card(void *what, GError **error)
{
	return text_card_draw(what, error);
}

static void free_card(void *what)
{
	struct text_card *card = what;

	g_free(card->font);
	g_strfreev(card->lines);
	g_free(card);
}

static const struct painter_work card_work = {make_card, free_card};

struct painter_order *pictures_draw_card(struct pictures *pictures, char *const *lines,
	uint32_t width, uint32_t height, painter_func func, void *data)
{
	struct text_card *card = g_new0(struct text_card, 1);

	*card = (struct text_card){g_strdup(pictures->font), g_strdupv((char **)lines), width,
		height};
	return painter_order(pictures->painter, &card_work, card, func, data);
}

void pictures_note_card(struct pictures *pictures, const GError *error)
{
	const char *message = error ? error->message : NULL;

	if (error && g_strcmp0(message, pictures->said) != 0)
		log_daemon(G_LOG_LEVEL_WARNING, "no text card, a plain colour instead: %s",
			message);
	g_free(pictures->said);
	pictures->said = g_strdup(message);
}

/* ---- life ---- */

struct pictures *pictures_create(const char *font, const struct pictures_listener *listener,
	void *data)
{
	struct pictures *pictures = g_new0(struct pictures, 1);

	pictures->font = g_strdup(font);
	pictures->listener = listener;
	pictures->data = data;
	pictures->painter = painter_create();
	pictures->files = g_ptr_array_new_with_free_func(free_file);
	return pictures;
}

void pictures_destroy(struct pictures *pictures)
{
	if (!pictures)
		return;
	g_ptr_array_unref(pictures->files);
	painter_destroy(pictures->painter);
	g_free(pictures->said);
	g_free(pictures->font);
	g_free(pictures);
}

void pictures_wait(struct pictures *pictures, unsigned int timeout_ms)
{
	painter_wait(pictures->painter, timeout_ms);
}
