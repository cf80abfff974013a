/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Geometry: all policies, all transforms, odd sizes; and damage sets. */
#include <math.h>
#include <string.h>

#include "scene/damage.h"
#include "scene/place.h"
#include "transforms.h"

static void expect_rect(const struct kms_rect *rect, int32_t x, int32_t y, int32_t width,
	int32_t height)
{
	g_assert_cmpint(rect->x, ==, x);
	g_assert_cmpint(rect->y, ==, y);
	g_assert_cmpint(rect->width, ==, width);
	g_assert_cmpint(rect->height, ==, height);
}

/* Known answers on a mode of 1920×1080. */
static void test_policies(void)
{
	static const struct {
		enum place_policy policy;
		uint32_t width, height;
		struct kms_rect source, destination;
		bool scaled;
	} cases[] = {
		{PLACE_NONE, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}, false},
		{PLACE_CENTER, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}, false},
		{PLACE_FIT, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}, false},
		{PLACE_FILL, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}, false},
		{PLACE_INTEGER, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}, false},

		{PLACE_NONE, 800, 600, {0, 0, 800, 600}, {0, 0, 800, 600}, false},
		{PLACE_NONE, 2001, 601, {0, 0, 1920, 601}, {0, 0, 1920, 601}, false},
		{PLACE_CENTER, 800, 600, {0, 0, 800, 600}, {560, 240, 800, 600}, false},
		{PLACE_CENTER, 2001, 601, {40, 0, 1920, 601}, {0, 239, 1920, 601}, false},
		{PLACE_CENTER, 3840, 2160, {960, 540, 1920, 1080}, {0, 0, 1920, 1080}, false},
		{PLACE_FIT, 800, 600, {0, 0, 800, 600}, {240, 0, 1440, 1080}, true},
		{PLACE_FIT, 3840, 2160, {0, 0, 3840, 2160}, {0, 0, 1920, 1080}, true},
		{PLACE_FIT, 5120, 1440, {0, 0, 5120, 1440}, {0, 270, 1920, 540}, true},
		{PLACE_FIT, 1, 16384, {0, 0, 1, 16384}, {959, 0, 1, 1080}, true},
		{PLACE_FILL, 800, 600, {0, 75, 800, 450}, {0, 0, 1920, 1080}, true},
		{PLACE_FILL, 5120, 1440, {1280, 0, 2560, 1440}, {0, 0, 1920, 1080}, true},
		{PLACE_INTEGER, 640, 480, {0, 0, 640, 480}, {320, 60, 1280, 960}, true},
		{PLACE_INTEGER, 1000, 500, {0, 0, 1000, 500}, {460, 290, 1000, 500}, false},
		{PLACE_INTEGER, 3840, 2160, {0, 0, 3840, 2160}, {0, 0, 1920, 1080}, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct kms_rect *source = &cases[i].source;
		const struct kms_rect *destination = &cases[i].destination;
		struct place place;

		place_compute(&place, cases[i].width, cases[i].height, 1920, 1080, cases[i].policy,
			KMS_ROTATE_0);
		expect_rect(&place.source, source->x, source->y, source->width, source->height);
		expect_rect(&place.destination, destination->x, destination->y, destination->width,
			destination->height);
		g_assert_cmpint(place.scaled, ==, cases[i].scaled);
	}
}

/* What holds for all of them, whatever the sizes. */
static void check_place(const struct place *place, uint32_t width, uint32_t height,
	uint32_t mode_width, uint32_t mode_height, enum place_policy policy)
{
	struct kms_rect picture = {0, 0, (int32_t)width, (int32_t)height};
	struct kms_rect mode = {0, 0, (int32_t)mode_width, (int32_t)mode_height};
	const struct kms_rect *source = &place->source;
	const struct kms_rect *destination = &place->destination;
	double x, y, back_x, back_y;

	g_assert_false(rect_empty(source));
	g_assert_false(rect_empty(destination));
	g_assert_true(kms_rect_contains(&picture, source));
	g_assert_true(kms_rect_contains(&mode, destination));
	if (policy == PLACE_NONE || policy == PLACE_CENTER)
		g_assert_false(place->scaled);
	if (policy == PLACE_FILL)
		g_assert_true(kms_rect_contains(destination, &mode));
	if (policy == PLACE_FIT)
		g_assert_true(
			destination->width == mode.width || destination->height == mode.height);

	/* All that is seen lies on the destination, and each of its corners is found again. */
	struct kms_rect covered = place_to_output(place, &picture);

	expect_rect(&covered, destination->x, destination->y, destination->width,
		destination->height);
	for (int corner = 0; corner < 4; corner++) {
		double corner_x = source->x + (corner & 1 ? source->width : 0);
		double corner_y = source->y + (corner & 2 ? source->height : 0);

		place_point_to_output(place, corner_x, corner_y, &x, &y);
		g_assert_true(place_from_output(place, x, y, &back_x, &back_y));
		g_assert_cmpfloat_with_epsilon(back_x, corner_x, 1e-6);
		g_assert_cmpfloat_with_epsilon(back_y, corner_y, 1e-6);
	}
	/* Beside it is beside it, and stays in the picture. */
	g_assert_false(place_from_output(place, mode_width + 10.0, -10, &back_x, &back_y));
	g_assert_cmpfloat(back_x, >=, source->x);
	g_assert_cmpfloat(back_x, <=, source->x + source->width);
	g_assert_cmpfloat(back_y, >=, source->y);
	g_assert_cmpfloat(back_y, <=, source->y + source->height);
}

static void test_all_sizes(void)
{
	static const uint32_t sides[] = {1, 2, 3, 479, 640, 1080, 1366, 3840, 16384};
	static const struct {
		uint32_t width, height;
	} modes[] = {{640, 480}, {1366, 768}, {1080, 1920}, {3840, 2160}, {1, 1}};
	struct place place;

	for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
		for (size_t w = 0; w < G_N_ELEMENTS(sides); w++) {
			for (size_t h = 0; h < G_N_ELEMENTS(sides); h++) {
				for (int policy = PLACE_FIT; policy <= PLACE_INTEGER; policy++) {
					for (size_t t = 0; t < G_N_ELEMENTS(transforms); t++) {
						place_compute(&place, sides[w], sides[h],
							modes[m].width, modes[m].height,
							(enum place_policy)policy, transforms[t]);
						check_place(&place, sides[w], sides[h],
							modes[m].width, modes[m].height,
							(enum place_policy)policy);
					}
				}
			}
		}
	}
}

/* Where the first pixel of a 4×2 picture that fills the screen goes on the panel, by the words of
 * wl_output: 90 is counter-clockwise, and what is flipped is mirrored left to right before. */
static void test_transforms(void)
{
	static const struct {
		const char *word;
		uint32_t mode_width, mode_height;
		double x, y; /* of the first pixel's middle */
	} cases[] = {
		{"normal", 4, 2, 0.5, 0.5},
		{"90", 2, 4, 0.5, 3.5},
		{"180", 4, 2, 3.5, 1.5},
		{"270", 2, 4, 1.5, 0.5},
		{"flipped", 4, 2, 3.5, 0.5},
		{"flipped-90", 2, 4, 0.5, 0.5},
		{"flipped-180", 4, 2, 0.5, 1.5},
		{"flipped-270", 2, 4, 1.5, 3.5},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		enum kms_transform transform;
		struct place place;
		double x, y;

		g_assert_cmpstr(place_transform_word(i + 1, &transform), ==, cases[i].word);
		place_compute(&place, 4, 2, cases[i].mode_width, cases[i].mode_height, PLACE_NONE,
			transform);
		expect_rect(&place.source, 0, 0, 4, 2);
		expect_rect(&place.destination, 0, 0, (int32_t)cases[i].mode_width,
			(int32_t)cases[i].mode_height);
		g_assert_false(place.scaled);
		place_point_to_output(&place, 0.5, 0.5, &x, &y);
		g_assert_cmpfloat_with_epsilon(x, cases[i].x, 1e-9);
		g_assert_cmpfloat_with_epsilon(y, cases[i].y, 1e-9);
	}
}

/* ---- a reference: pictures of points, placed by scale and turned as arrays ---- */

#define SIDE_MAX 64

struct point {
	double x, y; /* of the picture, of the middle of a pixel; x < 0: none there */
};

struct points {
	int width, height;
	struct point at[SIDE_MAX][SIDE_MAX]; /* row, column */
};

static double scale_of(enum place_policy policy, const struct points *screen, int width, int height)
{
	double x = (double)screen->width / width;
	double y = (double)screen->height / height;

	switch (policy) {
	case PLACE_FIT:
		return MIN(x, y);
	case PLACE_FILL:
		return MAX(x, y);
	case PLACE_INTEGER:
		return MIN(x, y) >= 1 ? floor(MIN(x, y)) : MIN(x, y);
	default:
		return 1;
	}
}

/* What lies where, as the viewer sees it. */
static void draw_reference(struct points *screen, int width, int height, enum place_policy policy)
{
	double scale = scale_of(policy, screen, width, height);
	double left = policy == PLACE_NONE ? 0 : (screen->width - width * scale) / 2;
	double top = policy == PLACE_NONE ? 0 : (screen->height - height * scale) / 2;

	for (int row = 0; row < screen->height; row++) {
		for (int column = 0; column < screen->width; column++) {
			struct point point = {(column + 0.5 - left) / scale,
				(row + 0.5 - top) / scale};
			bool inside = point.x >= 0 && point.x < width && point.y >= 0 &&
				point.y < height;

			screen->at[row][column] = inside ? point : (struct point){-1, -1};
		}
	}
}

static void mirror(struct points *screen)
{
	for (int row = 0; row < screen->height; row++) {
		for (int left = 0, right = screen->width - 1; left < right; left++, right--) {
			struct point point = screen->at[row][left];

			screen->at[row][left] = screen->at[row][right];
			screen->at[row][right] = point;
		}
	}
}

/* The last column becomes the first row. */
static void turn_left(struct points *screen)
{
	static struct points before;

	before = *screen;
	screen->width = before.height;
	screen->height = before.width;
	for (int row = 0; row < screen->height; row++) {
		for (int column = 0; column < screen->width; column++)
			screen->at[row][column] = before.at[column][before.width - 1 - row];
	}
}

/* By its index in the order of wl_output: how often to the left, and behind that flipped. */
static void turn_reference(struct points *screen, size_t index)
{
	if (index >= 4)
		mirror(screen);
	for (size_t i = 0; i < index % 4; i++)
		turn_left(screen);
}

/* Pixels are rounded where a scale is no whole number: at edges one may be told of either side. */
static bool is_edge(const struct points *screen, int row, int column)
{
	bool inside = screen->at[row][column].x >= 0;

	for (int y = MAX(row - 1, 0); y <= MIN(row + 1, screen->height - 1); y++) {
		for (int x = MAX(column - 1, 0); x <= MIN(column + 1, screen->width - 1); x++) {
			if ((screen->at[y][x].x >= 0) != inside)
				return true;
		}
	}
	return false;
}

static void compare_reference(const struct points *panel, const struct place *place)
{
	/* In pixels of the picture: a pixel of the panel, or one of its own. */
	double scale = sqrt((double)place->source.width * place->source.height /
		((double)place->destination.width * place->destination.height));
	double epsilon = place->scaled ? 1.01 * MAX(1, scale) : 1e-9;
	int compared = 0;

	for (int row = 0; row < panel->height; row++) {
		for (int column = 0; column < panel->width; column++) {
			const struct point *expected = &panel->at[row][column];
			double x, y, back_x, back_y;
			bool inside = place_from_output(place, column + 0.5, row + 0.5, &x, &y);

			if (place->scaled && is_edge(panel, row, column))
				continue;
			g_assert_cmpint(inside, ==, expected->x >= 0);
			if (!inside)
				continue;
			g_assert_cmpfloat_with_epsilon(x, expected->x, epsilon);
			g_assert_cmpfloat_with_epsilon(y, expected->y, epsilon);
			place_point_to_output(place, x, y, &back_x, &back_y);
			g_assert_cmpfloat_with_epsilon(back_x, column + 0.5, 1e-9);
			g_assert_cmpfloat_with_epsilon(back_y, row + 0.5, 1e-9);
			compared++;
		}
	}
	g_assert_cmpint(compared, >, 0);
}

static void test_reference(void)
{
	static const int modes[][2] = {{60, 40}, {40, 60}, {50, 50}};
	static const int pictures[][2] = {{60, 40}, {40, 60}, {20, 10}, {12, 18}, {64, 64},
		{10, 64}, {64, 8}};
	static struct points screen;

	for (size_t t = 0; t < PLACE_TRANSFORMS; t++) {
		enum kms_transform transform;

		place_transform_word(t + 1, &transform);
		for (size_t i = 0; i < G_N_ELEMENTS(modes) * G_N_ELEMENTS(pictures) * 5; i++) {
			const int *mode = modes[i % 3];
			const int *picture = pictures[i / 3 % G_N_ELEMENTS(pictures)];
			enum place_policy policy = (enum place_policy)(
				i / 3 / G_N_ELEMENTS(pictures));
			bool sideways = t % 2 == 1;
			struct place place;

			screen.width = mode[sideways];
			screen.height = mode[!sideways];
			draw_reference(&screen, picture[0], picture[1], policy);
			turn_reference(&screen, t);
			place_compute(&place, (uint32_t)picture[0], (uint32_t)picture[1],
				(uint32_t)mode[0], (uint32_t)mode[1], policy, transform);
			g_test_message("%d×%d on %d×%d, %s, %s", picture[0], picture[1], mode[0],
				mode[1], place_policy_name(policy),
				place_transform_name(transform));
			compare_reference(&screen, &place);
		}
	}
}

/* Without a picture: the middle of the panel's upper edge on the screen. */
static void test_untransform(void)
{
	static const struct point expected[] = {{0.5, 0}, {1, 0.5}, {0.5, 1}, {0, 0.5}, {0.5, 0},
		{0, 0.5}, {0.5, 1}, {1, 0.5}};

	for (size_t t = 0; t < PLACE_TRANSFORMS; t++) {
		enum kms_transform transform;
		double x, y;

		place_transform_word(t + 1, &transform);
		place_untransform(transform, 0.5, 0, &x, &y);
		g_assert_cmpfloat_with_epsilon(x, expected[t].x, 1e-9);
		g_assert_cmpfloat_with_epsilon(y, expected[t].y, 1e-9);
	}
}

static void test_words(void)
{
	static const char *const words[] = {"fit", "center", "none", "fill", "integer"};

	for (int i = PLACE_FIT; i <= PLACE_INTEGER; i++)
		g_assert_cmpstr(place_policy_name((enum place_policy)i), ==, words[i]);
}

static void test_transform_words(void)
{
	enum kms_transform transform = KMS_ROTATE_0;
	const char *word;
	size_t count = 0;

	while ((word = place_transform_word(count, &transform))) {
		g_assert_cmpstr(place_transform_name(transform), ==, word);
		g_assert_cmpint(transform == PLACE_TRANSFORM_AUTO, ==, count == 0);
		count++;
	}
	g_assert_cmpuint(count, ==, PLACE_TRANSFORMS + 1);
	g_assert_cmpstr(place_transform_name(KMS_ROTATE_90 | KMS_REFLECT_Y), ==, "?");
}

/* Damage of a scaled picture covers at least the pixels that it reaches. */
static void test_damage_scaled(void)
{
	struct place place;
	struct kms_rect rect = {10, 10, 1, 1};
	struct kms_rect covered;

	place_compute(&place, 100, 100, 250, 250, PLACE_FIT, KMS_ROTATE_0);
	covered = place_to_output(&place, &rect);
	g_assert_cmpint(covered.x, <=, 22);
	g_assert_cmpint(covered.x + covered.width, >=, 30);
	rect = (struct kms_rect){200, 200, 5, 5};
	covered = place_to_output(&place, &rect);
	g_assert_true(rect_empty(&covered));
}

/* A part of the picture on a turned and scaled output: every pixel that shows something of it is
 * covered, and where nothing is scaled no other. */
static void test_damage_turned(void)
{
	struct place place;

	for (int i = 0; i < PLACE_TRANSFORMS * 5 * 20; i++) {
		const int policy = i / PLACE_TRANSFORMS % 5;
		int32_t x = g_test_rand_int_range(0, 30), y = g_test_rand_int_range(0, 70);
		struct kms_rect rect = {x, y, g_test_rand_int_range(1, 31 - x),
			g_test_rand_int_range(1, 71 - y)};
		enum kms_transform transform;
		struct kms_rect covered;

		place_transform_word((size_t)i % PLACE_TRANSFORMS + 1, &transform);
		place_compute(&place, 30, 70, 64, 48, (enum place_policy)policy, transform);
		covered = place_to_output(&place, &rect);
		for (int32_t at = 0; at < 64 * 48; at++) {
			struct kms_rect pixel = {at % 64, at / 64, 1, 1};
			double from_x, from_y;
			bool changed = place_from_output(&place, pixel.x + 0.5, pixel.y + 0.5,
					       &from_x, &from_y) &&
				from_x >= rect.x && from_x < rect.x + rect.width &&
				from_y >= rect.y && from_y < rect.y + rect.height;

			if (changed || !place.scaled)
				g_assert_cmpint(rect_overlaps(&covered, &pixel), ==, changed);
		}
	}
}

/* ---- damage ---- */

/* Strips along any whole side go; what is in the middle leaves all as it is. */
static void test_damage_removed(void)
{
	static const struct {
		struct kms_rect drawn, left;
	} cases[] = {
		{{0, 0, 100, 15}, {10, 15, 20, 25}},
		{{10, 30, 20, 10}, {10, 10, 20, 20}},
		{{5, 5, 10, 100}, {15, 10, 15, 30}},
		{{20, 10, 50, 30}, {10, 10, 10, 30}},
		{{15, 10, 5, 30}, {10, 10, 20, 30}},
		{{10, 20, 20, 5}, {10, 10, 20, 30}},
		{{10, 10, 19, 29}, {10, 10, 20, 30}},
		{{50, 10, 20, 30}, {10, 10, 20, 30}},
		{{0, 0, 50, 50}, {0}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct damage damage = {0};
		const struct kms_rect *left = &cases[i].left;

		damage_add(&damage, &(struct kms_rect){10, 10, 20, 30});
		damage_remove(&damage, &cases[i].drawn);
		g_assert_cmpuint(damage.count, ==, left->width > 0);
		if (damage.count > 0)
			expect_rect(&damage.rects[0], left->x, left->y, left->width, left->height);
	}
}

static bool covers_pixel(const struct damage *damage, int32_t x, int32_t y)
{
	struct kms_rect pixel = {x, y, 1, 1};

	return damage_overlaps(damage, &pixel);
}

static void test_damage_joins(void)
{
	struct damage damage = {0};

	damage_add(&damage, &(struct kms_rect){0, 0, 0, 5});
	damage_add(&damage, &(struct kms_rect){0, 0, 5, -1});
	g_assert_cmpuint(damage.count, ==, 0);

	damage_add(&damage, &(struct kms_rect){0, 0, 10, 10});
	damage_add(&damage, &(struct kms_rect){2, 2, 3, 3});
	g_assert_cmpuint(damage.count, ==, 1);
	damage_add(&damage, &(struct kms_rect){10, 0, 10, 10});
	g_assert_cmpuint(damage.count, ==, 1);
	expect_rect(&damage.rects[0], 0, 0, 20, 10);
	damage_add(&damage, &(struct kms_rect){100, 100, 1, 1});
	g_assert_cmpuint(damage.count, ==, 2);
	/* All of it: one again. */
	damage_add(&damage, &(struct kms_rect){0, 0, 200, 200});
	g_assert_cmpuint(damage.count, ==, 1);
}

/* Against a bitmap: nothing that was added is ever lost, and the count stays in its limit. */
static void test_damage_random(void)
{
	enum { SIDE = 64 };
	struct damage damage;

	for (int round = 0; round < 200; round++) {
		bool pixels[SIDE][SIDE] = {{false}};

		damage_clear(&damage);
		for (int i = 0; i < 40; i++) {
			int32_t x = g_test_rand_int_range(0, SIDE);
			int32_t y = g_test_rand_int_range(0, SIDE);
			struct kms_rect rect = {x, y, g_test_rand_int_range(1, SIDE - x + 1),
				g_test_rand_int_range(1, SIDE - y + 1)};

			if (i % 2) {
				rect.width = MIN(rect.width, 3);
				rect.height = MIN(rect.height, 3);
			} else if (i % 10) {
				rect.width = 1;
				rect.height = 1;
			}
			damage_add(&damage, &rect);
			g_assert_cmpuint(damage.count, <=, KMS_DAMAGE_MAX);
			for (int32_t row = y; row < y + rect.height; row++) {
				for (int32_t column = x; column < x + rect.width; column++)
					pixels[row][column] = true;
			}
		}
		for (int32_t row = 0; row < SIDE; row++) {
			for (int32_t column = 0; column < SIDE; column++) {
				if (pixels[row][column])
					g_assert_true(covers_pixel(&damage, column, row));
			}
		}
	}
}

static void test_intersect(void)
{
	static const struct {
		struct kms_rect other, both;
	} cases[] = {
		{{20, 20, 5, 5}, {20, 20, 5, 5}},
		{{0, 0, 100, 100}, {10, 10, 30, 20}},
		{{39, 29, 10, 10}, {39, 29, 1, 1}},
		{{0, 0, 11, 11}, {10, 10, 1, 1}},
		/* Beside it, above it, or only at a corner. */
		{{40, 10, 5, 20}, {0}},
		{{0, 10, 10, 20}, {0}},
		{{10, 30, 30, 5}, {0}},
		{{10, 0, 30, 10}, {0}},
		{{40, 30, 5, 5}, {0}},
		{{20, 20, 0, 5}, {0}},
		{{20, 20, 5, 0}, {0}},
	};
	const struct kms_rect rect = {10, 10, 30, 20};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kms_rect both = rect_intersect(&rect, &cases[i].other);

		g_assert_cmpmem(&both, sizeof(both), &cases[i].both, sizeof(both));
		both = rect_intersect(&cases[i].other, &rect);
		g_assert_cmpmem(&both, sizeof(both), &cases[i].both, sizeof(both));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/place/policies", test_policies);
	g_test_add_func("/place/all-sizes", test_all_sizes);
	g_test_add_func("/place/transforms", test_transforms);
	g_test_add_func("/place/reference", test_reference);
	g_test_add_func("/place/untransform", test_untransform);
	g_test_add_func("/place/words", test_words);
	g_test_add_func("/place/transform-words", test_transform_words);
	g_test_add_func("/place/intersect", test_intersect);
	g_test_add_func("/place/damage", test_damage_scaled);
	g_test_add_func("/place/damage-turned", test_damage_turned);
	g_test_add_func("/damage/removed", test_damage_removed);
	g_test_add_func("/damage/joins", test_damage_joins);
	g_test_add_func("/damage/random", test_damage_random);
	return g_test_run();
}
