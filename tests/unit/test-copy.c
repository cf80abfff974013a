/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Composition of surfaces and cursors, and reading dma-bufs: formats, flipping, checks, GBM. */
#include <drm_fourcc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"
#include "scene/copy.h"
#include "scene/cursor.h"
#include "scene/dmabuf.h"
#include "scene/tiled.h"
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

/* Every pixel has its own colour. */
static uint32_t color_at(uint32_t x, uint32_t y)
{
	return (x * 7 + 1) << 16 | (y * 11 + 1) << 8 | ((x + y) & 0xff);
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
	copy_clear(&target.copy, &all);
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

/* ---- dma-bufs ---- */

static struct channel_dmabuf describe(uint32_t width, uint32_t height, uint32_t stride,
	uint32_t fourcc)
{
	return (struct channel_dmabuf){
		.width = width,
		.height = height,
		.fd_width = width,
		.fd_height = height,
		.fd_stride = stride,
		.fourcc = fourcc,
		.modifier = KMS_MODIFIER_INVALID,
	};
}

static uint32_t surface_at(const struct surface *surface, uint32_t x, uint32_t y)
{
	uint32_t stride, pixel;
	const uint8_t *pixels = surface_pixels(surface, &stride);

	memcpy(&pixel, pixels + (size_t)y * stride + (size_t)x * 4, sizeof(pixel));
	return pixel & 0xffffff;
}

/* One colour in every format that guests use. */
static void test_formats(void)
{
	static const struct {
		uint32_t fourcc;
		uint32_t bytes; /* a pixel */
		uint8_t pixel[4];
		uint32_t expected;
	} cases[] = {
		{DRM_FORMAT_XRGB8888, 4, {0x33, 0x22, 0x11, 0x00}, 0x112233},
		{DRM_FORMAT_ARGB8888, 4, {0x33, 0x22, 0x11, 0x00}, 0x112233},
		{DRM_FORMAT_XBGR8888, 4, {0x11, 0x22, 0x33, 0x99}, 0x112233},
		{DRM_FORMAT_ABGR8888, 4, {0x11, 0x22, 0x33, 0x00}, 0x112233},
		{DRM_FORMAT_RGBX8888, 4, {0x99, 0x33, 0x22, 0x11}, 0x112233},
		{DRM_FORMAT_BGRX8888, 4, {0x99, 0x11, 0x22, 0x33}, 0x112233},
		{DRM_FORMAT_RGB888, 3, {0x33, 0x22, 0x11}, 0x112233},
		{DRM_FORMAT_BGR888, 3, {0x11, 0x22, 0x33}, 0x112233},
		{DRM_FORMAT_RGB565, 2, {0x00, 0xf8}, 0xff0000},
		{DRM_FORMAT_RGB565, 2, {0xe0, 0x07}, 0x00ff00},
		{DRM_FORMAT_XRGB2101010, 4, {0xff, 0x03, 0x00, 0x00}, 0x0000ff},
	};
	struct dmabuf_gbm gbm = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct channel_dmabuf dmabuf = describe(8, 4, 48, cases[i].fourcc);
		g_autoptr(GError) error = NULL;
		struct surface *surface = surface_create("test", 8, 4, NULL);
		struct kms_rect all = {0, 0, 8, 4};
		uint32_t *memory;
		int fd = fake_dmabuf_create((size_t)48 * 4, &memory);
		struct dmabuf_reader *reader;
		unsigned int syncs = fake_dmabuf_syncs_begun();

		for (size_t y = 0; y < 4; y++) {
			for (size_t x = 0; x < 8; x++)
				memcpy((uint8_t *)memory + y * 48 + x * cases[i].bytes,
					cases[i].pixel, cases[i].bytes);
		}
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, &error);
		g_assert_no_error(error);
		g_assert_true(dmabuf_reader_copy(reader, surface, &all));
		g_assert_cmpuint(fake_dmabuf_syncs_begun(), ==, syncs + 1);
		g_assert_cmpuint(fake_dmabuf_syncs_ended(), ==, syncs + 1);
		for (uint32_t y = 0; y < 4; y++) {
			for (uint32_t x = 0; x < 8; x++)
				g_assert_cmphex(surface_at(surface, x, y), ==, cases[i].expected);
		}
		dmabuf_reader_destroy(reader);
		surface_destroy(surface);
		close(fd);
	}
}

/* Part of a buffer, upright and upside down; only the damaged rectangle is touched. */
static void test_part_and_flip(void)
{
	struct channel_dmabuf dmabuf = describe(20, 10, 96, DRM_FORMAT_XRGB8888);
	struct dmabuf_gbm gbm = {0};
	uint32_t *memory;
	int fd = fake_dmabuf_create((size_t)96 * 10, &memory);

	for (uint32_t y = 0; y < 10; y++) {
		for (uint32_t x = 0; x < 20; x++)
			memory[y * 24 + x] = color_at(x, y);
	}
	dmabuf.x = 3;
	dmabuf.y = 2;
	dmabuf.width = 8;
	dmabuf.height = 6;
	for (int inverted = 0; inverted < 2; inverted++) {
		struct surface *surface = surface_create("test", 8, 6, NULL);
		struct dmabuf_reader *reader;

		dmabuf.y_inverted = inverted;
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL);
		g_assert_nonnull(reader);
		g_assert_true(dmabuf_reader_copy(reader, surface, &(struct kms_rect){1, 2, 5, 3}));
		for (uint32_t y = 0; y < 6; y++) {
			for (uint32_t x = 0; x < 8; x++) {
				bool inside = x >= 1 && x < 6 && y >= 2 && y < 5;
				uint32_t row = inverted ? 9 - (y + 2) : y + 2;

				g_assert_cmphex(surface_at(surface, x, y), ==,
					inside ? color_at(x + 3, row) : 0);
			}
		}
		fake_dmabuf_refuse_sync(true);
		g_assert_false(dmabuf_reader_copy(reader, surface, &(struct kms_rect){0, 0, 1, 1}));
		fake_dmabuf_refuse_sync(false);
		g_assert_cmphex(surface_at(surface, 0, 0), ==, 0);
		dmabuf_reader_destroy(reader);
		surface_destroy(surface);
	}
	close(fd);
}

/* An exporter that is interrupted is asked again; one that always is does not stop the daemon. */
static void test_interrupted(void)
{
	const struct channel_dmabuf dmabuf = describe(16, 8, 64, DRM_FORMAT_XRGB8888);
	const struct kms_rect corner = {0, 0, 1, 1};
	struct surface *surface = surface_create("test", 16, 8, NULL);
	struct dmabuf_gbm gbm = {0};
	uint32_t *memory;
	int fd = fake_dmabuf_create((size_t)64 * 8, &memory);
	struct dmabuf_reader *reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL);

	g_assert_nonnull(reader);
	memory[0] = 0x123456;
	fake_dmabuf_interrupt_sync(G_MAXUINT);
	g_assert_false(dmabuf_reader_copy(reader, surface, &corner));
	g_assert_cmphex(surface_at(surface, 0, 0), ==, 0);
	fake_dmabuf_interrupt_sync(3);
	g_assert_true(dmabuf_reader_copy(reader, surface, &corner));
	g_assert_cmphex(surface_at(surface, 0, 0), ==, 0x123456);
	dmabuf_reader_destroy(reader);
	surface_destroy(surface);
	close(fd);
}

static void expect_refused(int fd, const struct channel_dmabuf *dmabuf, const char *why)
{
	g_autoptr(GError) error = NULL;
	struct dmabuf_gbm gbm = {0};

	g_assert_null(dmabuf_reader_create(fd, dmabuf, &gbm, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, why));
}

static void test_checks(void)
{
	const struct channel_dmabuf good = describe(16, 8, 64, DRM_FORMAT_XRGB8888);
	int fd = fake_dmabuf_create((size_t)64 * 8, NULL);
	int plain = memfd_create("plain", MFD_CLOEXEC);
	struct channel_dmabuf bad;

	g_assert_cmpint(ftruncate(plain, 64 * 8), ==, 0);
	g_assert_true(dmabuf_check(fd, &good, NULL));
	expect_refused(plain, &good, "is none");
	expect_refused(-1, &good, "is none");

	bad = good;
	bad.fd_height = 9;
	expect_refused(fd, &bad, "too small");
	/* The product needs more than 32 bits. */
	bad = describe(16384, 16384, 65536 * 16, DRM_FORMAT_XRGB8888);
	expect_refused(fd, &bad, "too small");
	bad = good;
	bad.fd_stride = 60;
	expect_refused(fd, &bad, "stride");
	bad = good;
	bad.fd_stride = 66;
	expect_refused(fd, &bad, "stride");
	bad = good;
	bad.fd_stride = UINT32_MAX - 3;
	expect_refused(fd, &bad, "stride");
	bad = good;
	bad.x = 1;
	expect_refused(fd, &bad, "no part");
	bad = good;
	bad.y = UINT32_MAX;
	expect_refused(fd, &bad, "no part");
	bad = good;
	bad.width = 0;
	expect_refused(fd, &bad, "no part");
	bad = good;
	bad.fd_width = 20000;
	expect_refused(fd, &bad, "no part");
	bad = good;
	bad.fourcc = DRM_FORMAT_NV12;
	expect_refused(fd, &bad, "format");
	bad = good;
	bad.modifier = DRM_FORMAT_MOD_VENDOR_INTEL;
	expect_refused(fd,
		&(struct channel_dmabuf){.width = 16,
			.height = 8,
			.fd_width = 16,
			.fd_height = 8,
			.fd_stride = 64,
			.fourcc = DRM_FORMAT_XRGB8888,
			.modifier = I915_FORMAT_MOD_X_TILED},
		"render node");
	close(plain);
	close(fd);
}

/* ---- GBM, by a double that has a GPU's idea of a buffer ---- */

static struct {
	unsigned int devices, bos, maps;
	uint32_t type;
	uint64_t modifier;
	uint32_t memory[10 * 20];
} gpu;

/* Recognisable addresses that nobody may look behind. */
static struct gbm_device *double_create_device(int fd)
{
	g_assert_cmpint(fd, >=, 0);
	gpu.devices++;
	return (struct gbm_device *)&gpu;
}

static void double_device_destroy(struct gbm_device *device)
{
	g_assert_true(device == (struct gbm_device *)&gpu);
	gpu.devices--;
}

static struct gbm_bo *double_bo_import(struct gbm_device *device, uint32_t type, void *buffer,
	uint32_t usage)
{
	gpu.type = type;
	gpu.modifier = type == GBM_BO_IMPORT_FD_MODIFIER
		? ((struct gbm_import_fd_modifier_data *)buffer)->modifier
		: KMS_MODIFIER_INVALID;
	if (gpu.modifier == DRM_FORMAT_MOD_VIVANTE_TILED)
		return NULL;
	gpu.bos++;
	return (struct gbm_bo *)&gpu.bos;
}

static void double_bo_destroy(struct gbm_bo *bo)
{
	gpu.bos--;
}

/* What a driver does: the rectangle alone, untiled, with a stride of its own. */
static void *double_bo_map(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t flags, uint32_t *stride, void **map_data)
{
	uint32_t *memory;

	g_assert_cmpuint(flags, ==, GBM_BO_TRANSFER_READ);
	g_assert_cmpuint(x + width, <=, 20);
	g_assert_cmpuint(y + height, <=, 10);
	*stride = width * 4 + 16;
	memory = g_malloc0((size_t)*stride * height);
	for (uint32_t row = 0; row < height; row++) {
		for (uint32_t column = 0; column < width; column++)
			memory[row * *stride / 4 + column] = color_at(x + column, y + row);
	}
	*map_data = memory;
	gpu.maps++;
	return memory;
}

static void double_bo_unmap(struct gbm_bo *bo, void *map_data)
{
	g_free(map_data);
	gpu.maps--;
}

static const struct tiled_functions double_functions = {
	double_create_device,
	double_device_destroy,
	double_bo_import,
	double_bo_destroy,
	double_bo_map,
	double_bo_unmap,
};

static void test_tiled(void)
{
	g_autoptr(GError) error = NULL;
	struct dmabuf_gbm gbm = {.render_node = "/dev/null"};
	struct channel_dmabuf dmabuf = describe(20, 10, 80, DRM_FORMAT_XRGB8888);
	int fd = fake_dmabuf_create((size_t)80 * 10, NULL);

	gbm.tiled = tiled_create("/dev/null", &double_functions, &error);
	g_assert_no_error(error);
	dmabuf.x = 3;
	dmabuf.y = 2;
	dmabuf.width = 8;
	dmabuf.height = 6;
	for (int inverted = 0; inverted < 2; inverted++) {
		struct surface *surface = surface_create("test", 8, 6, NULL);
		struct dmabuf_reader *reader;

		dmabuf.y_inverted = inverted;
		dmabuf.modifier = inverted ? KMS_MODIFIER_INVALID : I915_FORMAT_MOD_X_TILED;
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, &error);
		g_assert_no_error(error);
		g_assert_cmphex(gpu.modifier, ==, dmabuf.modifier);
		g_assert_true(dmabuf_reader_copy(reader, surface, &(struct kms_rect){1, 2, 5, 3}));
		for (uint32_t y = 0; y < 6; y++) {
			for (uint32_t x = 0; x < 8; x++) {
				bool inside = x >= 1 && x < 6 && y >= 2 && y < 5;
				uint32_t row = inverted ? 9 - (y + 2) : y + 2;

				g_assert_cmphex(surface_at(surface, x, y), ==,
					inside ? color_at(x + 3, row) : 0);
			}
		}
		dmabuf_reader_destroy(reader);
		surface_destroy(surface);
	}

	/* Linear by its modifier: no GBM for that. */
	dmabuf.modifier = KMS_MODIFIER_LINEAR;
	gpu.type = 0;
	dmabuf_reader_destroy(dmabuf_reader_create(fd, &dmabuf, &gbm, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(gpu.type, ==, 0);

	dmabuf.modifier = DRM_FORMAT_MOD_VIVANTE_TILED;
	g_assert_null(dmabuf_reader_create(fd, &dmabuf, &gbm, &error));
	g_assert_nonnull(error);

	tiled_destroy(gbm.tiled);
	g_assert_cmpuint(gpu.devices, ==, 0);
	g_assert_cmpuint(gpu.bos, ==, 0);
	g_assert_cmpuint(gpu.maps, ==, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/copy/one-to-one", test_one_to_one);
	g_test_add_func("/copy/multiples-and-turns", test_multiples_and_turns);
	g_test_add_func("/copy/scaled", test_scaled);
	g_test_add_func("/copy/cursor", test_cursor_blend);
	g_test_add_func("/copy/dmabuf/formats", test_formats);
	g_test_add_func("/copy/dmabuf/part-and-flip", test_part_and_flip);
	g_test_add_func("/copy/dmabuf/interrupted", test_interrupted);
	g_test_add_func("/copy/dmabuf/checks", test_checks);
	g_test_add_func("/copy/dmabuf/tiled", test_tiled);
	return g_test_run();
}
