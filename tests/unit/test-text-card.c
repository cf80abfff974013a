/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards of text: where the ink is, and that there is some. With the machine's own font, so nothing
 * is asked of its letters. */
#include "scene/text_card.h"

#include <string.h>

#include "kms.h"

static struct surface *draw(uint32_t width, uint32_t height, const char *const *lines)
{
	const struct text_card card = {.lines = (char **)(uintptr_t)lines,
		.width = width,
		.height = height};
	GError *error = NULL;
	struct surface *surface = text_card_draw(&card, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(surface_width(surface), ==, width);
	g_assert_cmpuint(surface_height(surface), ==, height);
	return surface;
}

static uint32_t pixel_at(const struct surface *surface, uint32_t x, uint32_t y)
{
	uint32_t stride, pixel;
	const uint8_t *pixels = surface_pixels(surface, &stride);

	memcpy(&pixel, pixels + (size_t)y * stride + (size_t)x * 4, sizeof(pixel));
	return pixel & 0xffffff;
}

/* The smallest rectangle that has all that is not ground. */
static struct kms_rect find_ink(const struct surface *surface)
{
	int32_t left = INT32_MAX, top = INT32_MAX, right = -1, bottom = -1;

	for (uint32_t y = 0; y < surface_height(surface); y++) {
		for (uint32_t x = 0; x < surface_width(surface); x++) {
			if (pixel_at(surface, x, y) == TEXT_CARD_COLOR)
				continue;
			left = MIN(left, (int32_t)x);
			right = MAX(right, (int32_t)x);
			top = MIN(top, (int32_t)y);
			bottom = MAX(bottom, (int32_t)y);
		}
	}
	if (right < 0)
		return (struct kms_rect){0};
	return (struct kms_rect){left, top, right - left + 1, bottom - top + 1};
}

static const char *const lines[] = {"kiosk", "The back-end has gone",
	"Since 20:14:03. The picture comes back when the virtual machine is started again.", NULL};

static const struct {
	uint32_t width, height;
} modes[] = {{1920, 1080}, {1080, 1920}, {1280, 800}, {640, 480}, {3840, 2160}, {1024, 768},
	{1920, 480}, {480, 1920}};

/* In the middle, with margins, in a size that can be read from afar. */
static void test_modes(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		int32_t width = (int32_t)modes[i].width, height = (int32_t)modes[i].height;
		struct surface *surface = draw(modes[i].width, modes[i].height, lines);
		struct kms_rect ink = find_ink(surface);
		int32_t right = width - ink.x - ink.width, below = height - ink.y - ink.height;

		g_test_message("%dx%d: ink %dx%d at %d,%d", width, height, ink.width, ink.height,
			ink.x, ink.y);
		g_assert_cmpint(ink.x, >=, width * 7 / 100);
		g_assert_cmpint(ABS(ink.x - right), <=, width / 50);
		g_assert_cmpint(ink.y, >=, height / 20);
		g_assert_cmpint(ABS(ink.y - below), <=, height / 10);
		g_assert_cmpint(ink.height, >=, MIN(width, height) / 6);
		surface_destroy(surface);
	}
}

/* Words are dark or light, not the ground's. */
static void test_contrast(void)
{
	struct surface *surface = draw(640, 480, lines);
	size_t light = 0;

	for (uint32_t y = 0; y < 480; y++) {
		for (uint32_t x = 0; x < 640; x++)
			light += (pixel_at(surface, x, y) >> 8 & 0xff) > 0xd0;
	}
	g_assert_cmpuint(light, >, 100);
	surface_destroy(surface);
}

static void test_other_text(void)
{
	static const char *const other[] = {"kiosk", "Starting", NULL};
	struct surface *a = draw(640, 480, lines), *b = draw(640, 480, other),
		       *c = draw(640, 480, lines);
	uint32_t stride;

	g_assert_cmpmem(surface_pixels(a, &stride), 640 * 480 * 4, surface_pixels(c, &stride),
		640 * 480 * 4);
	g_assert_cmpint(
		memcmp(surface_pixels(a, &stride), surface_pixels(b, &stride), 640 * 480 * 4), !=,
		0);
	surface_destroy(a);
	surface_destroy(b);
	surface_destroy(c);
}

/* A path has no blank to be broken at, and a sentence may be long. */
static void test_long(void)
{
	g_autofree char *word = g_strnfill(500, 'w');
	g_autofree char *sentence = g_strjoinv(" ",
		(char *[]){word, word, (char[]){"and more"}, NULL});
	const char *const text[] = {word, sentence, word, sentence, NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		struct surface *surface = draw(modes[i].width, modes[i].height, text);
		struct kms_rect ink = find_ink(surface);

		g_assert_cmpint(ink.x, >=, (int32_t)modes[i].width * 7 / 100);
		g_assert_cmpint(ink.width, >, (int32_t)modes[i].width / 2);
		surface_destroy(surface);
	}
}

/* Nothing to say, little room, letters that fonts do not have. */
static void test_odd(void)
{
	static const char *const nothing[] = {NULL};
	static const char *const empty[] = {"", "", "", NULL};
	static const char *const strange[] = {"Ä𝔘 \xf0\x9f\x96\xa5 ", "\t", "  two  ", NULL};
	static const struct {
		uint32_t width, height;
	} sizes[] = {{1, 1}, {2, 300}, {300, 2}, {17, 17}, {16384, 1}};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		surface_destroy(draw(sizes[i].width, sizes[i].height, nothing));
		surface_destroy(draw(sizes[i].width, sizes[i].height, empty));
		surface_destroy(draw(sizes[i].width, sizes[i].height, strange));
		surface_destroy(draw(sizes[i].width, sizes[i].height, lines));
	}
}

static void test_no_font(void)
{
	const struct text_card card = {
		.font = (char[]){"/dev/null"},
		.lines = (char **)(uintptr_t)lines,
		.width = 64,
		.height = 48,
	};
	g_autoptr(GError) error = NULL;

	g_assert_null(text_card_draw(&card, &error));
	g_assert_cmpstr(error->message, ==, "/dev/null is no font that can be read (font=)");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text-card/modes", test_modes);
	g_test_add_func("/text-card/contrast", test_contrast);
	g_test_add_func("/text-card/other-text", test_other_text);
	g_test_add_func("/text-card/long", test_long);
	g_test_add_func("/text-card/odd", test_odd);
	g_test_add_func("/text-card/no-font", test_no_font);
	return g_test_run();
}
