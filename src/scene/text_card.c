/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes are parts of the output's shorter side, so that a card looks alike on a landscape and on a
 * portrait panel.
 */
#include "scene/text_card.h"

#include <string.h>

#include "scene/font.h"

/* The shorter side has so many of a title's letters' heights. */
#define TITLE_PARTS 13u
/* Of the whole output's width, in percent, text has at most so much. */
#define TEXT_WIDTH_PERCENT 84
/* No text is smaller, pixels: it could not be read. */
#define SIZE_MIN 8u

enum style { STYLE_TITLE, STYLE_STATUS, STYLE_DETAIL, STYLES };

static const struct {
	uint32_t percent; /* of the title's size */
	uint32_t color;
	uint32_t gap_percent; /* before the line, of its height */
} styles[STYLES] = {
	[STYLE_TITLE] = {100, 0xffffff, 0},
	[STYLE_STATUS] = {58, 0xe3e8ee, 110},
	[STYLE_DETAIL] = {42, 0xa3b0bd, 60},
};

/* The mark between title and text. */
#define RULE_COLOR 0x5b9bd5u

/* A line as it is drawn: part of a text. */
struct piece {
	const char *text;
	size_t length;
	enum style style;
	bool begins; /* the text, before which there is a gap */
};

struct page {
	const struct text_card *card;
	struct font *font;
	struct surface *surface;
	uint32_t title_size;
	GArray *pieces; /* of struct piece */
	int height; /* of them all */
};

static enum style style_of(size_t line)
{
	return line == 0 ? STYLE_TITLE : line == 1 ? STYLE_STATUS : STYLE_DETAIL;
}

static void set_style(const struct page *page, enum style style)
{
	font_set_size(page->font, MAX(page->title_size * styles[style].percent / 100, SIZE_MIN));
}

static int gap_of(const struct page *page, const struct piece *piece)
{
	return piece->begins ? font_line(page->font) * (int)styles[piece->style].gap_percent / 100
			     : 0;
}

/* Bytes of a text's beginning that fit into a line: up to a blank, and where not even one word
 * fits, up to the last character that does. */
static size_t fitting(const struct page *page, const char *text, int width)
{
	const char *at = text;
	size_t whole = 0;
	size_t part = 0;
	int used = 0;

	while (*at != '\0') {
		const char *next = g_utf8_next_char(at);

		used += font_width(page->font, at, (size_t)(next - at));
		if (used > width)
			break;
		at = next;
		part = (size_t)(at - text);
		if (*at == ' ' || *at == '\0')
			whole = part;
	}
	if (whole > 0)
		return whole;
	return part > 0 ? part : (size_t)(g_utf8_next_char(text) - text);
}

static void break_text(struct page *page, const char *text, enum style style)
{
	int width = (int)(page->card->width * TEXT_WIDTH_PERCENT / 100);
	bool begins = true;

	set_style(page, style);
	while (*text != '\0') {
		struct piece piece = {text, fitting(page, text, width), style, begins};

		g_array_append_val(page->pieces, piece);
		page->height += gap_of(page, &piece) + font_line(page->font);
		text += piece.length;
		while (*text == ' ')
			text++;
		begins = false;
	}
}

static void break_all(struct page *page)
{
	g_array_set_size(page->pieces, 0);
	page->height = 0;
	for (size_t i = 0; page->card->lines[i]; i++)
		break_text(page, page->card->lines[i], style_of(i));
}

/* As large as can be. */
static void choose_size(struct page *page)
{
	int room = (int)page->card->height * 9 / 10;

	page->title_size = MAX(MIN(page->card->width, page->card->height) / TITLE_PARTS, SIZE_MIN);
	break_all(page);
	while (page->height > room && page->title_size > SIZE_MIN) {
		page->title_size = MAX(page->title_size * 9 / 10, SIZE_MIN);
		break_all(page);
	}
}

static void fill(const struct page *page, int x, int y, int width, int height, uint32_t color)
{
	uint32_t stride;
	uint8_t *pixels = surface_pixels(page->surface, &stride);

	pixman_fill((uint32_t *)(void *)pixels, (int)(stride / 4), 32, x, y, width, height, color);
}

/* In the middle of the gap above the text. */
static void draw_rule(const struct page *page, int y, int gap)
{
	int height = MAX((int)page->title_size / 16, 1);
	int width = (int)page->title_size * 2;
	int right = (int)page->card->width;

	if (gap <= height || width >= right || y + gap > (int)page->card->height)
		return;
	fill(page, (right - width) / 2, y + (gap - height) / 2, width, height, RULE_COLOR);
}

static void draw_pieces(const struct page *page)
{
	int y = MAX(((int)page->card->height - page->height) / 2, 0);

	for (guint i = 0; i < page->pieces->len; i++) {
		const struct piece *piece = &g_array_index(page->pieces, struct piece, i);
		int width, gap;

		set_style(page, piece->style);
		width = font_width(page->font, piece->text, piece->length);
		gap = gap_of(page, piece);
		if (piece->style == STYLE_STATUS && piece->begins)
			draw_rule(page, y, gap);
		y += gap;
		font_draw(page->font, surface_image(page->surface),
			((int)page->card->width - width) / 2, y + font_ascent(page->font),
			piece->text, piece->length, styles[piece->style].color);
		y += font_line(page->font);
	}
}

struct surface *text_card_draw(const struct text_card *card, GError **error)
{
	struct page page = {.card = card, .font = font_open(card->font, error)};

	if (!page.font)
		return NULL;
	page.surface = surface_create("card", card->width, card->height, error);
	if (page.surface) {
		page.pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
		fill(&page, 0, 0, (int)card->width, (int)card->height, TEXT_CARD_COLOR);
		choose_size(&page);
		draw_pieces(&page);
		g_array_unref(page.pieces);
	}
	font_close(page.font);
	return page.surface;
}
