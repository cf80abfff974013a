// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The screenshot tool's composition (src/tools/scanout-screenshot/compose.c) against pixels that
 * were worked out by hand, and against a second composition that does the same by other means:
 * whole images are cut, mirrored, turned and scaled one step after the other, and mixed in floating
 * point.
 */
#include "compose.h"

#include <drm_fourcc.h>
#include <drm_mode.h>
#include <math.h>
#include <string.h>

#define ROTATE_MASK \
	(DRM_MODE_ROTATE_0 | DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_180 | DRM_MODE_ROTATE_270)

static const struct compose_color black = {0xffff, 0, 0, 0};

/* A plane that shows all of a 32-bit framebuffer at (x, y), unscaled. */
static struct compose_plane whole_plane(const void *pixels, uint32_t format, uint32_t width,
	uint32_t height, int32_t x, int32_t y)
{
	return (struct compose_plane){
		.pixels = pixels,
		.size = (size_t)4 * width * height,
		.format = format,
		.pitch = 4 * width,
		.fb_width = width,
		.fb_height = height,
		.src_w = width << 16,
		.src_h = height << 16,
		.crtc_x = x,
		.crtc_y = y,
		.crtc_w = width,
		.crtc_h = height,
		.rotation = DRM_MODE_ROTATE_0,
		.alpha = 0xffff,
	};
}

static void compose(const struct compose_plane *planes, size_t count, struct picture *picture)
{
	g_autoptr(GError) error = NULL;
	bool ok = compose_picture(planes, count, black, picture, NULL, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static void assert_pixels(const struct picture *picture, const uint32_t *expected)
{
	for (unsigned int y = 0; y < picture->height; y++)
		for (unsigned int x = 0; x < picture->width; x++)
			if (picture->pixels[y * picture->width + x] !=
				expected[y * picture->width + x])
				g_error("pixel %u,%u is %06x, not %06x", x, y,
					picture->pixels[y * picture->width + x],
					expected[y * picture->width + x]);
}

/* One pixel of one plane on a background of one color. */
static uint32_t compose_pixel(const struct compose_plane *plane, struct compose_color background)
{
	g_autoptr(GError) error = NULL;
	struct picture picture;
	uint32_t pixel;

	picture_init(&picture, 1, 1);
	g_assert_true(compose_picture(plane, 1, background, &picture, NULL, &error));
	pixel = picture.pixels[0];
	picture_finish(&picture);
	return pixel;
}

/* ------------------------------------------------------------------------------- by hand */

static void test_formats(void)
{
	/* Every format with the pixel red 0x40 of 0xff, green 0x80, blue 0xff, as near as it
	 * can. */
	static const struct {
		uint32_t format;
		uint8_t bytes[4];
		uint32_t expected;
	} cases[] = {
		{DRM_FORMAT_XRGB8888, {0xff, 0x80, 0x40, 0x12}, 0x4080ff},
		{DRM_FORMAT_ARGB8888, {0xff, 0x80, 0x40, 0xff}, 0x4080ff},
		{DRM_FORMAT_XBGR8888, {0x40, 0x80, 0xff, 0x12}, 0x4080ff},
		{DRM_FORMAT_ABGR8888, {0x40, 0x80, 0xff, 0xff}, 0x4080ff},
		{DRM_FORMAT_RGBX8888, {0x12, 0xff, 0x80, 0x40}, 0x4080ff},
		{DRM_FORMAT_RGBA8888, {0xff, 0xff, 0x80, 0x40}, 0x4080ff},
		{DRM_FORMAT_BGRX8888, {0x12, 0x40, 0x80, 0xff}, 0x4080ff},
		{DRM_FORMAT_BGRA8888, {0xff, 0x40, 0x80, 0xff}, 0x4080ff},
		{DRM_FORMAT_RGB888, {0xff, 0x80, 0x40}, 0x4080ff},
		{DRM_FORMAT_BGR888, {0x40, 0x80, 0xff}, 0x4080ff},
		/* red 8/31 = 0x42, green 32/63 = 0x82, blue 31/31; 0b01000'100000'11111 */
		{DRM_FORMAT_RGB565, {0x1f, 0x44}, 0x4282ff},
		{DRM_FORMAT_BGR565, {0x08, 0xfc}, 0x4282ff},
		/* green 16/31 = 0x84; 0b0'01000'10000'11111 */
		{DRM_FORMAT_XRGB1555, {0x1f, 0x22}, 0x4284ff},
		{DRM_FORMAT_ARGB1555, {0x1f, 0xa2}, 0x4284ff},
		/* red 257/1023 = 0x40, green 514/1023 = 0x80; 0x101<<20 | 0x202<<10 | 0x3ff */
		{DRM_FORMAT_XRGB2101010, {0xff, 0x0b, 0x18, 0x10}, 0x4080ff},
		{DRM_FORMAT_ARGB2101010, {0xff, 0x0b, 0x18, 0xd0}, 0x4080ff},
		/* 0x3ff<<20 | 0x202<<10 | 0x101 */
		{DRM_FORMAT_XBGR2101010, {0x01, 0x09, 0xf8, 0x3f}, 0x4080ff},
		{DRM_FORMAT_ABGR2101010, {0x01, 0x09, 0xf8, 0xff}, 0x4080ff},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_plane plane = whole_plane(cases[i].bytes, cases[i].format, 1, 1, 0,
			0);
		uint32_t pixel = compose_pixel(&plane, black);

		g_assert_true(compose_format_supported(cases[i].format));
		if (pixel != cases[i].expected)
			g_error("%.4s: %06x, not %06x", (const char *)&cases[i].format, pixel,
				cases[i].expected);
	}
	g_assert_false(compose_format_supported(DRM_FORMAT_NV12));
}

static void test_rotation(void)
{
	/* a b c
	 * d e f  in all sixteen positions, read row by row */
	static const uint32_t source[] = {'a', 'b', 'c', 'd', 'e', 'f'};
	static const struct {
		unsigned int rotation;
		const char *expected;
	} cases[] = {
		{DRM_MODE_ROTATE_0, "abcdef"},
		{DRM_MODE_ROTATE_90, "cfbead"},
		{DRM_MODE_ROTATE_180, "fedcba"},
		{DRM_MODE_ROTATE_270, "daebfc"},
		{DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X, "cbafed"},
		{DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_X, "adbecf"},
		{DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_X, "defabc"},
		{DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_X, "fcebda"},
		{DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_Y, "defabc"},
		{DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_Y, "fcebda"},
		{DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_Y, "cbafed"},
		{DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_Y, "adbecf"},
		{DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y, "fedcba"},
		{DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y, "daebfc"},
		{DRM_MODE_ROTATE_180 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y, "abcdef"},
		{DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y, "cfbead"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct compose_plane plane = whole_plane(source, DRM_FORMAT_XRGB8888, 3, 2, 0, 0);
		bool quarter = cases[i].rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
		struct picture picture;
		char seen[7] = "";

		plane.rotation = cases[i].rotation;
		plane.crtc_w = quarter ? 2 : 3;
		plane.crtc_h = quarter ? 3 : 2;
		picture_init(&picture, plane.crtc_w, plane.crtc_h);
		compose(&plane, 1, &picture);
		for (int n = 0; n < 6; n++)
			seen[n] = (char)picture.pixels[n];
		g_assert_cmpstr(seen, ==, cases[i].expected);
		picture_finish(&picture);
	}
}

static void test_position(void)
{
	/* A 3x3 plane slid over a 3x3 picture, from outside to outside. */
	static const uint32_t source[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

	for (int y = -4; y <= 4; y++)
		for (int x = -4; x <= 4; x++) {
			struct compose_plane plane = whole_plane(source, DRM_FORMAT_XRGB8888, 3, 3,
				x, y);
			uint32_t expected[9] = {0};
			struct picture picture;

			for (int row = 0; row < 3; row++)
				for (int column = 0; column < 3; column++)
					if (x + column >= 0 && x + column < 3 && y + row >= 0 &&
						y + row < 3)
						expected[(y + row) * 3 + x + column] =
							source[row * 3 + column];
			picture_init(&picture, 3, 3);
			compose(&plane, 1, &picture);
			assert_pixels(&picture, expected);
			picture_finish(&picture);
		}
}

static void test_source_rectangle(void)
{
	/* The lower right 2x2 of a 3x3 framebuffer that begins 4 bytes into rows of 20. */
	uint32_t buffer[15] = {0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 7, 8, 9, 0};
	static const uint32_t expected[] = {5, 6, 8, 9};
	struct compose_plane plane = whole_plane(buffer, DRM_FORMAT_XRGB8888, 3, 3, 0, 0);
	struct picture picture;

	plane.size = sizeof(buffer);
	plane.offset = 4;
	plane.pitch = 20;
	plane.src_x = plane.src_y = 1 << 16;
	plane.src_w = plane.src_h = 2 << 16;
	plane.crtc_w = plane.crtc_h = 2;
	picture_init(&picture, 2, 2);
	compose(&plane, 1, &picture);
	assert_pixels(&picture, expected);
	/* Unscaled, a fraction of the origin is dropped. */
	plane.src_x = 0x1ffff;
	plane.src_w = 1 << 16;
	plane.crtc_w = 1;
	picture_resize(&picture, 1, 2);
	compose(&plane, 1, &picture);
	assert_pixels(&picture, (const uint32_t[]){5, 8});
	picture_finish(&picture);
}

static void test_scaling(void)
{
	static const uint32_t source[] = {1, 2, 3, 4, 5, 6};
	static const uint32_t doubled[] = {1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4,
		4, 5, 5, 6, 6};
	/* Two of three columns: the centres are at 0.75 and 2.25. Five of three: .3 .9 1.5 2.1
	 * 2.7 */
	static const uint32_t narrower[] = {1, 3, 4, 6};
	static const uint32_t wider[] = {1, 1, 2, 3, 3, 4, 4, 5, 6, 6};
	struct compose_plane plane = whole_plane(source, DRM_FORMAT_XRGB8888, 3, 2, 0, 0);
	struct picture picture = {0};

	plane.crtc_w = 6;
	plane.crtc_h = 4;
	picture_resize(&picture, 6, 4);
	compose(&plane, 1, &picture);
	assert_pixels(&picture, doubled);
	plane.crtc_w = 2;
	plane.crtc_h = 2;
	picture_resize(&picture, 2, 2);
	compose(&plane, 1, &picture);
	assert_pixels(&picture, narrower);
	plane.crtc_w = 5;
	picture_resize(&picture, 5, 2);
	compose(&plane, 1, &picture);
	assert_pixels(&picture, wider);
	picture_finish(&picture);
}

static void test_blend(void)
{
	static const struct compose_color gray = {0xffff, 0x8080, 0x8080, 0x8080};
	static const struct {
		const char *name;
		uint32_t format, pixel;
		uint16_t alpha;
		enum blend_mode blend;
		uint32_t expected; /* over 0x808080 */
	} cases[] = {
		{"clear", DRM_FORMAT_ARGB8888, 0x00000000, 0xffff, BLEND_PREMULTIPLIED, 0x808080},
		/* 0x33 = 51 = a fifth of 255: 128 * 4/5 = 102.4, plus the pixel */
		{"fifth", DRM_FORMAT_ARGB8888, 0x33330010, 0xffff, BLEND_PREMULTIPLIED, 0x996676},
		/* the same pixel, not premultiplied: 51/5 = 10.2, 16/5 = 3.2, on 102.4 */
		{"fifth, coverage", DRM_FORMAT_ARGB8888, 0x33330010, 0xffff, BLEND_COVERAGE,
			0x71666a},
		{"fifth, none", DRM_FORMAT_ARGB8888, 0x33330010, 0xffff, BLEND_NONE, 0x330010},
		/* plane alpha a fifth: 102.4 + 255/5, + 0, + 50/5 */
		{"plane", DRM_FORMAT_XRGB8888, 0x00ff0032, 0x3333, BLEND_PREMULTIPLIED, 0x996670},
		{"plane, none", DRM_FORMAT_ARGB8888, 0x00ff0032, 0x3333, BLEND_NONE, 0x996670},
		/* both a fifth: 128 * 24/25 = 122.88, + 51/5, + 0, + 16/5 */
		{"both", DRM_FORMAT_ARGB8888, 0x33330010, 0x3333, BLEND_PREMULTIPLIED, 0x857b7e},
		/* 122.88 + 51/25 = 124.92, 122.88, 122.88 + 16/25 = 123.52 */
		{"both, coverage", DRM_FORMAT_ARGB8888, 0x33330010, 0x3333, BLEND_COVERAGE,
			0x7d7b7c},
		{"invisible plane", DRM_FORMAT_XRGB8888, 0x00ff0032, 0, BLEND_PREMULTIPLIED,
			0x808080},
		{"opaque X", DRM_FORMAT_XRGB8888, 0x00123456, 0xffff, BLEND_COVERAGE, 0x123456},
		/* Not premultiplied as it should be: more than white is white. */
		{"too bright", DRM_FORMAT_ARGB8888, 0x10ff80ff, 0xffff, BLEND_PREMULTIPLIED,
			0xfff8ff},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint32_t bytes = GUINT32_TO_LE(cases[i].pixel);
		struct compose_plane plane = whole_plane(&bytes, cases[i].format, 1, 1, 0, 0);
		uint32_t pixel;

		plane.alpha = cases[i].alpha;
		plane.blend = cases[i].blend;
		pixel = compose_pixel(&plane, gray);
		if (pixel != cases[i].expected)
			g_error("%s: %06x, not %06x", cases[i].name, pixel, cases[i].expected);
	}
}

static void test_order(void)
{
	static const uint32_t below[] = {0x111111, 0x111111, 0x111111};
	static const uint32_t above[] = {0x222222, 0x222222};
	static const struct compose_color background = {0, 0x3333, 0x3333, 0x3333};
	struct compose_plane planes[] = {
		whole_plane(below, DRM_FORMAT_XRGB8888, 3, 1, 0, 0),
		whole_plane(above, DRM_FORMAT_XRGB8888, 2, 1, 2, 0),
	};
	struct picture picture;

	picture_init(&picture, 5, 1);
	g_assert_true(compose_picture(planes, 2, background, &picture, NULL, NULL));
	assert_pixels(&picture,
		(const uint32_t[]){0x111111, 0x111111, 0x222222, 0x222222, 0x333333});
	planes[0] = planes[1];
	planes[1] = whole_plane(below, DRM_FORMAT_XRGB8888, 3, 1, 0, 0);
	g_assert_true(compose_picture(planes, 2, background, &picture, NULL, NULL));
	assert_pixels(&picture,
		(const uint32_t[]){0x111111, 0x111111, 0x111111, 0x222222, 0x333333});
	g_assert_true(compose_picture(NULL, 0, background, &picture, NULL, NULL));
	assert_pixels(&picture,
		(const uint32_t[]){0x333333, 0x333333, 0x333333, 0x333333, 0x333333});
	picture_finish(&picture);
}

static void test_bad_states(void)
{
	static const uint32_t pixels[4];
	const struct compose_plane good = whole_plane(pixels, DRM_FORMAT_XRGB8888, 2, 2, 0, 0);
	struct compose_plane bad[10];
	struct picture picture;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		bad[i] = good;
	bad[0].format = DRM_FORMAT_NV12;
	bad[1].src_x = 1;
	bad[2].src_h = 0x20001;
	bad[3].src_y = 0xffffffff;
	bad[4].pitch = 7;
	bad[5].size = 15;
	bad[6].offset = 1;
	bad[7].crtc_w = 0;
	bad[8].src_w = 0;
	bad[9].fb_height = 0;
	picture_init(&picture, 2, 2);
	compose(&good, 1, &picture);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(compose_picture(&bad[i], 1, black, &picture, NULL, &error));
		g_assert_nonnull(error);
	}
	picture_finish(&picture);
}

static void test_crc(void)
{
	static const uint32_t opaque[] = {0x123456, 0xfedcba};
	uint32_t blended = GUINT32_TO_LE(0x80402010);
	struct compose_plane plane = whole_plane(opaque, DRM_FORMAT_XRGB8888, 2, 1, 0, 0);
	struct picture picture;
	uint32_t crc;

	/* Of opaque pixels it is the picture's own. */
	picture_init(&picture, 2, 1);
	g_assert_true(compose_picture(&plane, 1, black, &picture, &crc, NULL));
	assert_pixels(&picture, opaque);
	g_assert_cmphex(crc, ==, picture_vkms_crc(&picture));
	/*
	 * 0x40 * 257 + 0xffff * (0xffff - 0x80 * 257) / 0xffff: ffff bebf 9f9f 8f8f, the CRC-32 of
	 * ff ff bf bf 9f 9f 8f 8f without inversions.
	 */
	plane = whole_plane(&blended, DRM_FORMAT_ARGB8888, 1, 1, 0, 0);
	picture_resize(&picture, 1, 1);
	g_assert_true(compose_picture(&plane, 1,
		(struct compose_color){0xffff, 0xffff, 0xffff, 0xffff}, &picture, &crc, NULL));
	g_assert_cmphex(picture.pixels[0], ==, 0xbf9f8f);
	g_assert_cmphex(crc, ==, 0x1f0666b9);
	picture_finish(&picture);
}

/* ---------------------------------------------------------------- by another composition */

/* A picture as one of the steps leaves it: straight values 0 to 1, four a pixel. */
struct image {
	int width, height;
	double *values;
};

static struct image image_new(int width, int height)
{
	return (struct image){width, height, g_new0(double, 4 * width * height)};
}

static double *image_at(const struct image *image, int x, int y)
{
	return image->values + 4 * ((ptrdiff_t)y * image->width + x);
}

enum step {
	STEP_MIRROR_X,
	STEP_MIRROR_Y,
	STEP_TURN, /* a quarter, counter-clockwise */
};

static void image_step(struct image *image, enum step step)
{
	struct image result = step == STEP_TURN ? image_new(image->height, image->width)
						: image_new(image->width, image->height);

	for (int y = 0; y < image->height; y++)
		for (int x = 0; x < image->width; x++) {
			double *to = step == STEP_TURN
				? image_at(&result, y, image->width - 1 - x)
				: image_at(&result,
					  step == STEP_MIRROR_X ? image->width - 1 - x : x,
					  step == STEP_MIRROR_Y ? image->height - 1 - y : y);

			memcpy(to, image_at(image, x, y), 4 * sizeof(double));
		}
	g_free(image->values);
	*image = result;
}

static void image_scale(struct image *image, int width, int height)
{
	struct image result = image_new(width, height);

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			double from_x = floor((x + 0.5) * image->width / width);
			double from_y = floor((y + 0.5) * image->height / height);

			memcpy(image_at(&result, x, y), image_at(image, (int)from_x, (int)from_y),
				4 * sizeof(double));
		}
	g_free(image->values);
	*image = result;
}

/* The source rectangle of a plane of AR24 or XR24 as an image. */
static struct image image_from_plane(const struct compose_plane *plane)
{
	struct image image = image_new((int)(plane->src_w >> 16), (int)(plane->src_h >> 16));

	for (int y = 0; y < image.height; y++)
		for (int x = 0; x < image.width; x++) {
			const uint8_t *bytes = plane->pixels + plane->offset +
				(y + (plane->src_y >> 16)) * plane->pitch +
				(x + (plane->src_x >> 16)) * 4;
			double *values = image_at(&image, x, y);

			for (int channel = 0; channel < 3; channel++)
				values[channel] = bytes[channel] / 255.0;
			values[3] = plane->format == DRM_FORMAT_XRGB8888 ? 1 : bytes[3] / 255.0;
		}
	return image;
}

static void image_paint(const struct image *canvas, const struct image *image,
	const struct compose_plane *plane)
{
	double plane_alpha = plane->alpha / 65535.0;

	for (int y = 0; y < image->height; y++)
		for (int x = 0; x < image->width; x++) {
			int to_x = x + plane->crtc_x, to_y = y + plane->crtc_y;
			const double *from = image_at(image, x, y);
			double alpha = from[3], factor = plane_alpha;

			if (to_x < 0 || to_y < 0 || to_x >= canvas->width || to_y >= canvas->height)
				continue;
			if (plane->blend == BLEND_NONE)
				alpha = 1;
			if (plane->blend == BLEND_COVERAGE)
				factor *= alpha;
			for (int channel = 0; channel < 3; channel++) {
				double *to = image_at(canvas, to_x, to_y) + channel;

				*to = fmin(1,
					from[channel] * factor + *to * (1 - alpha * plane_alpha));
			}
		}
}

static void paint_plane(const struct image *canvas, const struct compose_plane *plane)
{
	struct image image = image_from_plane(plane);
	int turns = plane->rotation & DRM_MODE_ROTATE_90 ? 1
		: plane->rotation & DRM_MODE_ROTATE_180	 ? 2
		: plane->rotation & DRM_MODE_ROTATE_270	 ? 3
							 : 0;

	if (plane->rotation & DRM_MODE_REFLECT_X)
		image_step(&image, STEP_MIRROR_X);
	if (plane->rotation & DRM_MODE_REFLECT_Y)
		image_step(&image, STEP_MIRROR_Y);
	while (turns-- > 0)
		image_step(&image, STEP_TURN);
	image_scale(&image, (int)plane->crtc_w, (int)plane->crtc_h);
	image_paint(canvas, &image, plane);
	g_free(image.values);
}

/*
 * A plane of random state on random pixels. Odd source sizes: then no destination pixel's centre
 * falls between two source pixels, where both compositions would be right.
 */
static struct compose_plane random_plane(const uint32_t *pixels, bool opaque)
{
	struct compose_plane plane = whole_plane(pixels, DRM_FORMAT_ARGB8888, 16, 16, 0, 0);
	uint32_t width = g_test_rand_int_range(0, 6) * 2 + 1;
	uint32_t height = g_test_rand_int_range(0, 6) * 2 + 1;
	unsigned int rotation = DRM_MODE_ROTATE_0 << g_test_rand_int_range(0, 4);
	bool quarter = rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);

	if (opaque || g_test_rand_bit())
		plane.format = DRM_FORMAT_XRGB8888;
	plane.src_x = (uint32_t)g_test_rand_int_range(0, 17 - (int)width) << 16;
	plane.src_y = (uint32_t)g_test_rand_int_range(0, 17 - (int)height) << 16;
	plane.src_w = width << 16;
	plane.src_h = height << 16;
	plane.crtc_w = quarter ? height : width;
	plane.crtc_h = quarter ? width : height;
	if (g_test_rand_bit()) {
		plane.crtc_w = g_test_rand_int_range(1, 24);
		plane.crtc_h = g_test_rand_int_range(1, 24);
	}
	plane.crtc_x = g_test_rand_int_range(-12, 20);
	plane.crtc_y = g_test_rand_int_range(-12, 20);
	plane.rotation = rotation | (g_test_rand_bit() ? DRM_MODE_REFLECT_X : 0) |
		(g_test_rand_bit() ? DRM_MODE_REFLECT_Y : 0);
	if (!opaque) {
		plane.alpha = g_test_rand_bit() ? 0xffff : g_test_rand_int_range(0, 0x10000);
		plane.blend = g_test_rand_int_range(BLEND_PREMULTIPLIED, BLEND_NONE + 1);
	}
	return plane;
}

static void compare_with_canvas(const struct picture *picture, const struct image *canvas,
	double tolerance)
{
	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < canvas->width; x++) {
			uint32_t pixel = picture->pixels[(size_t)y * picture->width + x];

			for (int channel = 0; channel < 3; channel++) {
				double seen = pixel >> (8 * channel) & 0xff;
				double expected = image_at(canvas, x, y)[channel] * 255;

				if (fabs(seen - expected) > tolerance)
					g_error("pixel %d,%d is %06x, channel %d should be %g", x,
						y, pixel, channel, expected);
			}
		}
}

static void test_against_second(gconstpointer data)
{
	bool opaque = GPOINTER_TO_INT(data);
	struct picture picture;

	picture_init(&picture, 21, 19);
	for (int round = 0; round < 3000; round++) {
		struct image canvas = image_new(21, 19);
		struct compose_plane planes[3];
		uint32_t pixels[256];
		size_t count = g_test_rand_int_range(1, 4);

		for (int i = 0; i < 256; i++)
			pixels[i] = (uint32_t)g_test_rand_int();
		for (size_t i = 0; i < count; i++) {
			planes[i] = random_plane(pixels, opaque);
			paint_plane(&canvas, &planes[i]);
		}
		compose(planes, count, &picture);
		/* Mixed pixels: half a step for 8 bits, and a little for 16 bits in between. */
		compare_with_canvas(&picture, &canvas, opaque ? 1e-9 : 0.52);
		g_free(canvas.values);
	}
	picture_finish(&picture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/screenshot/compose/formats", test_formats);
	g_test_add_func("/screenshot/compose/rotation", test_rotation);
	g_test_add_func("/screenshot/compose/position", test_position);
	g_test_add_func("/screenshot/compose/source-rectangle", test_source_rectangle);
	g_test_add_func("/screenshot/compose/scaling", test_scaling);
	g_test_add_func("/screenshot/compose/blend", test_blend);
	g_test_add_func("/screenshot/compose/order", test_order);
	g_test_add_func("/screenshot/compose/bad-states", test_bad_states);
	g_test_add_func("/screenshot/compose/crc", test_crc);
	g_test_add_data_func("/screenshot/compose/geometry-against-second", GINT_TO_POINTER(true),
		test_against_second);
	g_test_add_data_func("/screenshot/compose/blend-against-second", GINT_TO_POINTER(false),
		test_against_second);
	return g_test_run();
}
