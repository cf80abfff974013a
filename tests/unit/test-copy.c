/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Composition of surfaces and cursors into what is scanned out. */
#include <string.h>

#include "color_at.h"
#include "scene/copy.h"
#include "scene/cursor.h"
#include "transforms.h"

#define GUARD 0xdeadbeefu

/* A target of width × height inside a larger memory, so that what is written beyond it is seen. */
struct target {
	struct copy_target copy;
	uint32_t *memory;
	uint32_t columns;
	uint32_t rows;
};

static void target_init(struct target *target, uint32_t width, uint32_t height)
{
	target->columns = width + 4;
	target->rows = height + 2;
	target->memory = g_new(uint32_t, (size_t)target->columns * target->rows);
	for (size_t i = 0; i < (size_t)target->columns * target->rows; i++)
		target->memory[i] = GUARD;
	target->copy.pixels = (uint8_t *)(target->memory + target->columns);
	target->copy.stride = target->columns * 4;
	target->copy.width = width;
	target->copy.height = height;
	target->copy.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, (int)width,
		(int)height, target->memory + target->columns, (int)target->columns * 4);
}

/* Without the byte that means nothing; GUARD where nothing was written. */
static uint32_t target_at(const struct target *target, uint32_t x, uint32_t y)
{
	uint32_t pixel = target->memory[(size_t)(y + 1) * target->columns + x];

	return pixel == GUARD ? GUARD : pixel & 0xffffff;
}

static void target_finish(struct target *target)
{
	for (uint32_t row = 0; row < target->rows; row++) {
		for (uint32_t column = 0; column < target->columns; column++) {
			bool inside = row >= 1 && row <= target->copy.height &&
				column < target->copy.width;

			if (!inside)
				g_assert_cmphex(
					target->memory[(size_t)row * target->columns + column], ==,
					GUARD);
		}
	}
	pixman_image_unref(target->copy.image);
	g_free(target->memory);
}

static struct surface *make_surface(uint32_t width, uint32_t height)
{
	struct surface *surface = surface_create("test", width, height, NULL);
	uint32_t stride;
	uint32_t *pixels = (uint32_t *)(void *)surface_pixels(surface, &stride);

	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++)
			pixels[y * stride / 4 + x] = color_at(x, y);
	}
	return surface;
}

static void test_one_to_one(void)
{
	struct surface *surface = make_surface(20, 16);
	struct kms_rect all = {-5, -5, 1000, 1000};
	struct target target;
	struct place place;

	/* Smaller than the mode: centred, nothing written beside it. */
	target_init(&target, 30, 18);
	place_compute(&place, 20, 16, 30, 18, PLACE_CENTER, KMS_ROTATE_0);
	copy_fill(&target.copy, &all, 0);
	copy_surface(&target.copy, surface, &place, &all);
	for (uint32_t y = 0; y < 18; y++) {
		for (uint32_t x = 0; x < 30; x++) {
			bool inside = x >= 5 && x < 25 && y >= 1 && y < 17;

			g_assert_cmphex(target_at(&target, x, y), ==,
				inside ? color_at(x - 5, y - 1) : 0);
		}
	}
	target_finish(&target);

	/* Larger: its middle; only the rectangle that was asked for. */
	target_init(&target, 10, 8);
	place_compute(&place, 20, 16, 10, 8, PLACE_CENTER, KMS_ROTATE_0);
	copy_surface(&target.copy, surface, &place, &(struct kms_rect){2, 3, 4, 2});
	for (uint32_t y = 0; y < 8; y++) {
		for (uint32_t x = 0; x < 10; x++) {
			bool inside = x >= 2 && x < 6 && y >= 3 && y < 5;

			g_assert_cmphex(target_at(&target, x, y), ==,
				inside ? color_at(x + 5, y + 4) : GUARD);
		}
	}
	target_finish(&target);
	surface_destroy(surface);
}

/* Whole multiples are sharp: each pixel a block. And every transform puts pixels where place.c
 * says. */
static void test_multiples_and_turns(void)
{
	struct surface *surface = make_surface(7, 5);
	struct kms_rect all = {0, 0, 40, 40};

	for (size_t t = 0; t < G_N_ELEMENTS(transforms); t++) {
		for (int policy = PLACE_CENTER; policy <= PLACE_INTEGER; policy++) {
			struct target target;
			struct place place;

			if (policy == PLACE_FILL)
				continue;
			target_init(&target, 40, 40);
			place_compute(&place, 7, 5, 40, 40, (enum place_policy)policy,
				transforms[t]);
			copy_surface(&target.copy, surface, &place, &all);
			for (uint32_t y = 0; y < 40; y++) {
				for (uint32_t x = 0; x < 40; x++) {
					double from_x, from_y;
					uint32_t expected = GUARD;

					if (place_from_output(&place, x + 0.5, y + 0.5, &from_x,
						    &from_y))
						expected = color_at((uint32_t)from_x,
							(uint32_t)from_y);
					g_assert_cmphex(target_at(&target, x, y), ==, expected);
				}
			}
			target_finish(&target);
		}
	}
	surface_destroy(surface);
}

/* Scaled by no whole number: a picture of one colour stays that to its last pixel, and drawing it
 * in parts is the same as drawing it at once. */
static void test_scaled(void)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{33, 21}, {100, 75}, {640, 480}, {13, 200}};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		uint32_t width = sizes[i].width, height = sizes[i].height;
		struct surface *surface = make_surface(width, height);
		struct target whole, parts;
		struct kms_rect all = {0, 0, 90, 50};
		struct place place;

		place_compute(&place, width, height, 90, 50, PLACE_FIT, KMS_ROTATE_0);
		g_assert_true(place.scaled);
		target_init(&whole, 90, 50);
		target_init(&parts, 90, 50);
		copy_surface(&whole.copy, surface, &place, &all);
		for (int32_t y = 0; y < 50; y += 7) {
			for (int32_t x = 0; x < 90; x += 13)
				copy_surface(&parts.copy, surface, &place,
					&(struct kms_rect){x, y, 13, 7});
		}
		for (uint32_t y = 0; y < 50; y++) {
			for (uint32_t x = 0; x < 90; x++)
				g_assert_cmphex(target_at(&whole, x, y), ==,
					target_at(&parts, x, y));
		}

		/* No border is darker than the rest. */
		uint32_t stride;
		uint8_t *pixels = surface_pixels(surface, &stride);

		memset(pixels, 0x80, (size_t)stride * height);
		copy_surface(&whole.copy, surface, &place, &all);
		for (int32_t y = 0; y < place.destination.height; y++) {
			for (int32_t x = 0; x < place.destination.width; x++)
				g_assert_cmphex(target_at(&whole,
							(uint32_t)(place.destination.x + x),
							(uint32_t)(place.destination.y + y)) &
						0xffffff,
					==, 0x808080);
		}
		target_finish(&whole);
		target_finish(&parts);
		surface_destroy(surface);
	}
}

static void expect_near(uint32_t a, uint32_t b)
{
	for (unsigned int shift = 0; shift < 24; shift += 8)
		g_assert_cmpint(ABS((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff)), <=, 2);
}

/* Scaled by no whole number and turned, in one pass: as scaled upright, and then turned pixel by
 * pixel. Pixman rounds where it looks to 1/65536 of a pixel. */
static void test_scaled_and_turned(void)
{
	/* So small that colours are ramps without a step. */
	static const uint32_t sizes[][2] = {{33, 21}, {20, 20}, {10, 23}, {36, 8}};

	for (size_t i = 0; i < PLACE_TRANSFORMS * G_N_ELEMENTS(sizes) * 2; i++) {
		const uint32_t *size = sizes[i / PLACE_TRANSFORMS / 2];
		enum place_policy policy = i / PLACE_TRANSFORMS % 2 ? PLACE_FILL : PLACE_FIT;
		struct surface *surface = make_surface(size[0], size[1]);
		const struct kms_rect all = {0, 0, 90, 90};
		struct place place, upright, whole_screen;
		struct target screen, panel;
		enum kms_transform transform;
		uint32_t width, height;

		place_transform_word(i % PLACE_TRANSFORMS + 1, &transform);
		width = place_is_sideways(transform) ? 50 : 90;
		height = place_is_sideways(transform) ? 90 : 50;
		place_compute(&place, size[0], size[1], 90, 50, policy, transform);
		place_compute(&upright, size[0], size[1], width, height, policy, KMS_ROTATE_0);
		place_compute(&whole_screen, width, height, 90, 50, PLACE_NONE, transform);
		target_init(&screen, width, height);
		target_init(&panel, 90, 50);
		copy_surface(&screen.copy, surface, &upright, &all);
		copy_surface(&panel.copy, surface, &place, &all);
		for (uint32_t at = 0; at < 90 * 50; at++) {
			uint32_t column = at % 90;
			uint32_t row = at / 90;
			double x, y;

			g_assert_true(
				place_from_output(&whole_screen, column + 0.5, row + 0.5, &x, &y));
			expect_near(target_at(&panel, column, row),
				target_at(&screen, (uint32_t)x, (uint32_t)y));
		}
		target_finish(&screen);
		target_finish(&panel);
		surface_destroy(surface);
	}
}

/* ---- cursors ---- */

static void test_cursor_blend(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	struct surface *surface = make_surface(30, 20);
	struct kms_rect all = {0, 0, 60, 40};
	struct cursor cursor = {0};
	struct target target;
	struct place place;

	for (size_t y = 0; y < 4; y++) {
		for (size_t x = 0; x < 4; x++)
			pixels[(y + 2) * KMS_CURSOR_SIZE + x + 1] = 0xffffffff;
	}
	g_assert_false(cursor_visible(&cursor));
	cursor_set_image(&cursor, pixels, 0, 0);
	g_assert_true(cursor_visible(&cursor));
	g_assert_cmpint(cursor.seen.x, ==, 1);
	g_assert_cmpint(cursor.seen.y, ==, 2);
	g_assert_cmpint(cursor.seen.width, ==, 4);
	g_assert_cmpint(cursor.seen.height, ==, 4);

	/* Twice as large, half outside on the right: cut at the picture, not at the mode. */
	target_init(&target, 60, 40);
	place_compute(&place, 30, 20, 60, 40, PLACE_INTEGER, KMS_ROTATE_0);
	copy_surface(&target.copy, surface, &place, &all);
	cursor.x = 27;
	cursor.y = 3;
	cursor_blend(&cursor, &target.copy, surface, &place);
	for (uint32_t y = 0; y < 40; y++) {
		for (uint32_t x = 0; x < 60; x++) {
			bool inside = x >= 56 && y >= 10 && y < 18;

			g_assert_cmphex(target_at(&target, x, y) & 0xffffff, ==,
				inside ? 0xffffff : color_at(x / 2, y / 2));
		}
	}
	/* Far outside: nothing happens. */
	cursor.x = INT32_MAX;
	cursor.y = INT32_MIN;
	cursor_blend(&cursor, &target.copy, surface, &place);
	target_finish(&target);

	/* Of a surface that nothing was drawn of before, beside its origin. */
	struct surface *other = make_surface(30, 20);

	target_init(&target, 60, 40);
	place_compute(&place, 30, 20, 60, 40, PLACE_CENTER, KMS_ROTATE_0);
	pixels[0] = 0xffffffff;
	cursor_set_image(&cursor, pixels, 0, 0);
	cursor.x = 5;
	cursor.y = 6;
	cursor_blend(&cursor, &target.copy, other, &place);
	g_assert_cmphex(target_at(&target, 20, 16), ==, 0xffffff);
	g_assert_cmphex(target_at(&target, 21, 16), ==, color_at(6, 6));
	g_assert_cmphex(target_at(&target, 19, 16), ==, GUARD);
	target_finish(&target);
	surface_destroy(other);
	place_compute(&place, 30, 20, 60, 40, PLACE_INTEGER, KMS_ROTATE_0);

	/* Too large for a plane once it is scaled. */
	uint32_t hot_x, hot_y;

	for (size_t i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = 0x10101010;
	cursor_set_image(&cursor, pixels, 63, 200);
	g_assert_null(cursor_plane_image(&cursor, &place, &hot_x, &hot_y));
	place_compute(&place, 30, 20, 30, 20, PLACE_INTEGER, KMS_ROTATE_0);
	g_assert_true(cursor_plane_image(&cursor, &place, &hot_x, &hot_y) == pixels);
	g_assert_cmpuint(hot_x, ==, 63);
	g_assert_cmpuint(hot_y, ==, 63);

	memset(pixels, 0, sizeof(pixels));
	cursor_set_image(&cursor, pixels, 0, 0);
	g_assert_false(cursor_visible(&cursor));
	cursor_finish(&cursor);
	surface_destroy(surface);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/copy/one-to-one", test_one_to_one);
	g_test_add_func("/copy/multiples-and-turns", test_multiples_and_turns);
	g_test_add_func("/copy/scaled", test_scaled);
	g_test_add_func("/copy/scaled-and-turned", test_scaled_and_turned);
	g_test_add_func("/copy/cursor", test_cursor_blend);
	return g_test_run();
}
