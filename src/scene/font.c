/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/font.h"

#include <dlfcn.h>
#include <ft2build.h>
#include <stdbool.h>
#include <string.h>
#include FT_FREETYPE_H

/* Positions and sizes of a face's metrics are in 64ths of a pixel. */
#define PIXELS(position) ((int)(((position) + 32) >> 6))

/* What distributions install, Debian's fonts-dejavu-core first: no library is asked, which would
 * read all fonts of the machine before the first card. */
static const char *const usual_paths[] = {
	"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
	"/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
	"/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
	"/usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf",
	"/usr/share/fonts/truetype/freefont/FreeSans.ttf",
	"/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
	"/usr/share/fonts/TTF/DejaVuSans.ttf",
	"/usr/share/fonts/dejavu/DejaVuSans.ttf",
};

struct font {
	void *handle; /* of the library */
	FT_Library library;
	FT_Face face;
	FT_Error (*init)(FT_Library *library);
	FT_Error (*done)(FT_Library library);
	FT_Error (*new_face)(FT_Library library, const char *path, FT_Long index, FT_Face *face);
	FT_Error (*set_pixel_sizes)(FT_Face face, FT_UInt width, FT_UInt height);
	FT_Error (*load_char)(FT_Face face, FT_ULong code, FT_Int32 flags);
};

static bool load(struct font *font, GError **error)
{
	struct {
		const char *name;
		void *function;
	} symbols[] = {
		{"FT_Init_FreeType", &font->init},
		{"FT_Done_FreeType", &font->done},
		{"FT_New_Face", &font->new_face},
		{"FT_Set_Pixel_Sizes", &font->set_pixel_sizes},
		{"FT_Load_Char", &font->load_char},
	};

	font->handle = dlopen("libfreetype.so.6", RTLD_NOW | RTLD_LOCAL);
	if (!font->handle) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "cards need FreeType: %s",
			dlerror());
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
		/* A function's address as dlsym() has it, see its manual. */
		*(void **)symbols[i].function = dlsym(font->handle, symbols[i].name);
		if (!*(void **)symbols[i].function) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "FreeType has no %s",
				symbols[i].name);
			return false;
		}
	}
	if (font->init(&font->library) == 0)
		return true;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "FreeType cannot begin");
	return false;
}

static bool open_face(struct font *font, const char *path)
{
	return font->new_face(font->library, path, 0, &font->face) == 0 &&
		FT_IS_SCALABLE(font->face);
}

static bool open_usual(struct font *font)
{
	for (size_t i = 0; i < G_N_ELEMENTS(usual_paths); i++) {
		if (open_face(font, usual_paths[i]))
			return true;
	}
	return false;
}

struct font *font_open(const char *path, GError **error)
{
	struct font *font = g_new0(struct font, 1);

	if (!load(font, error))
		goto fail;
	if (path && !open_face(font, path)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"%s is no font that can be read (font=)", path);
		goto fail;
	}
	if (!path && !open_usual(font)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			"there is no font for cards; install fonts-dejavu-core, or name one by font=");
		goto fail;
	}
	font_set_size(font, 16);
	return font;

fail:
	font_close(font);
	return NULL;
}

void font_close(struct font *font)
{
	if (!font)
		return;
	if (font->library)
		font->done(font->library);
	if (font->handle)
		dlclose(font->handle);
	g_free(font);
}

void font_set_size(struct font *font, uint32_t size)
{
	font->set_pixel_sizes(font->face, 0, size);
}

int font_line(const struct font *font)
{
	return PIXELS(font->face->size->metrics.height);
}

int font_ascent(const struct font *font)
{
	return PIXELS(font->face->size->metrics.ascender);
}

/* The next character's glyph, if the font has one. NULL: it takes up no room. */
static FT_GlyphSlot next_glyph(struct font *font, const char **text, FT_Int32 flags)
{
	gunichar character = g_utf8_get_char(*text);

	*text = g_utf8_next_char(*text);
	return font->load_char(font->face, character, flags) == 0 ? font->face->glyph : NULL;
}

int font_width(struct font *font, const char *text, size_t length)
{
	const char *end = text + length;
	int width = 0;

	while (text < end) {
		FT_GlyphSlot glyph = next_glyph(font, &text, FT_LOAD_DEFAULT);

		width += glyph ? PIXELS(glyph->advance.x) : 0;
	}
	return width;
}

/* pixman's rows begin at whole words. */
static pixman_image_t *mask_of(const FT_Bitmap *bitmap)
{
	pixman_image_t *mask = pixman_image_create_bits(PIXMAN_a8, (int)bitmap->width,
		(int)bitmap->rows, NULL, 0);
	uint8_t *bits = mask ? (uint8_t *)pixman_image_get_data(mask) : NULL;

	for (unsigned int y = 0; bits && y < bitmap->rows; y++)
		memcpy(bits + (size_t)y * (size_t)pixman_image_get_stride(mask),
			bitmap->buffer + (ptrdiff_t)y * bitmap->pitch, bitmap->width);
	return mask;
}

static void draw_glyph(pixman_image_t *target, pixman_image_t *ink, FT_GlyphSlot glyph, int x,
	int baseline)
{
	const FT_Bitmap *bitmap = &glyph->bitmap;
	pixman_image_t *mask;

	if (bitmap->pixel_mode != FT_PIXEL_MODE_GRAY || bitmap->width == 0 || bitmap->rows == 0)
		return;
	mask = mask_of(bitmap);
	if (!mask)
		return;
	pixman_image_composite32(PIXMAN_OP_OVER, ink, mask, target, 0, 0, 0, 0,
		x + glyph->bitmap_left, baseline - glyph->bitmap_top, (int)bitmap->width,
		(int)bitmap->rows);
	pixman_image_unref(mask);
}

void font_draw(struct font *font, pixman_image_t *target, int x, int baseline, const char *text,
	size_t length, uint32_t color)
{
	const pixman_color_t ink_color = {(uint16_t)((color >> 16 & 0xff) * 0x101),
		(uint16_t)((color >> 8 & 0xff) * 0x101), (uint16_t)((color & 0xff) * 0x101),
		0xffff};
	pixman_image_t *ink = pixman_image_create_solid_fill(&ink_color);
	const char *end = text + length;

	while (ink && text < end) {
		FT_GlyphSlot glyph = next_glyph(font, &text, FT_LOAD_RENDER);

		if (!glyph)
			continue;
		draw_glyph(target, ink, glyph, x, baseline);
		x += PIXELS(glyph->advance.x);
	}
	if (ink)
		pixman_image_unref(ink);
}
