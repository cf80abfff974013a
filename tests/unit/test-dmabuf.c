/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dma-bufs: formats, parts, turned over; what is refused, and what GBM must untile. */
#include <drm_fourcc.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "color_at.h"
#include "fake/fake_dmabuf.h"
#include "scene/dmabuf.h"
#include "scene/surface.h"
#include "scene/tiled.h"

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

/* 8×6 pixels inside a buffer of 20×10. */
static struct channel_dmabuf describe_part(uint32_t stride)
{
	struct channel_dmabuf dmabuf = describe(20, 10, stride, DRM_FORMAT_XRGB8888);

	dmabuf.x = 3;
	dmabuf.y = 2;
	dmabuf.width = 8;
	dmabuf.height = 6;
	return dmabuf;
}

/* A rectangle of that part in a place, as it lies there: shifted, and turned upside down. */
static void draw_part(struct dmabuf_reader *reader, bool inverted, bool turned)
{
	/* Where it begins, 1, 2 lies at the target's top left. */
	const struct place place = {
		.source = {0, 0, 8, 6},
		.destination = {turned ? -(8 - 1 - 4) : -1, turned ? -(6 - 2 - 3) : -2, 8, 6},
		.transform = turned ? KMS_ROTATE_180 : KMS_ROTATE_0,
	};
	uint32_t pixels[4 * 3] = {0};
	struct copy_target target = {(uint8_t *)pixels, 16, 4, 3, NULL};

	target.image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, 4, 3, pixels, 16);
	g_assert_true(dmabuf_reader_draw(reader, &place, &target));
	pixman_image_unref(target.image);
	for (uint32_t y = 0; y < 3; y++) {
		for (uint32_t x = 0; x < 4; x++) {
			uint32_t column = 1 + (turned ? 3 - x : x);
			uint32_t upright = 2 + (turned ? 2 - y : y);
			uint32_t row = inverted ? 9 - (upright + 2) : upright + 2;

			g_assert_cmphex(pixels[y * 4 + x] & 0xffffff, ==,
				color_at(column + 3, row));
		}
	}
}

/* A surface of that part, into which a smaller rectangle is read: that alone is touched. */
static struct surface *read_part(struct dmabuf_reader *reader, bool inverted)
{
	struct surface *surface = surface_create("test", 8, 6, NULL);

	draw_part(reader, inverted, false);
	draw_part(reader, inverted, true);
	g_assert_true(dmabuf_reader_copy(reader, surface, &(struct kms_rect){1, 2, 5, 3}));
	for (uint32_t y = 0; y < 6; y++) {
		for (uint32_t x = 0; x < 8; x++) {
			bool inside = x >= 1 && x < 6 && y >= 2 && y < 5;
			uint32_t row = inverted ? 9 - (y + 2) : y + 2;

			g_assert_cmphex(surface_at(surface, x, y), ==,
				inside ? color_at(x + 3, row) : 0);
		}
	}
	return surface;
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
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error);
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

/* Part of a buffer, upright and upside down. */
static void test_part_and_flip(void)
{
	struct channel_dmabuf dmabuf = describe_part(96);
	struct dmabuf_gbm gbm = {0};
	uint32_t *memory;
	int fd = fake_dmabuf_create((size_t)96 * 10, &memory);

	for (uint32_t y = 0; y < 10; y++) {
		for (uint32_t x = 0; x < 20; x++)
			memory[y * 24 + x] = color_at(x, y);
	}
	for (int inverted = 0; inverted < 2; inverted++) {
		struct surface *surface;
		struct dmabuf_reader *reader;

		dmabuf.y_inverted = inverted;
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, NULL);
		g_assert_nonnull(reader);
		surface = read_part(reader, inverted);
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
	struct dmabuf_reader *reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, NULL);

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

	g_assert_null(dmabuf_reader_create(fd, dmabuf, &gbm, NULL, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, why));
}

/* The GPU that had the memory is gone: no signal ends us, and nobody is told a lie. */
static void test_memory_gone(void)
{
	struct channel_dmabuf dmabuf = describe(64, 8, 64 * 4, DRM_FORMAT_XRGB8888);
	struct dmabuf_gbm gbm = {0};
	struct surface *surface = surface_create("test", 64, 8, NULL);
	int fd = fake_dmabuf_create(64 * 8 * 4, NULL);
	struct dmabuf_reader *reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, NULL);
	const struct kms_rect rect = {0, 0, 64, 8};

	g_assert_nonnull(reader);
	g_assert_true(dmabuf_reader_copy(reader, surface, &rect));
	g_assert_cmpint(ftruncate(fd, 0), ==, 0);
	g_assert_false(dmabuf_reader_copy(reader, surface, &rect));
	g_assert_false(dmabuf_reader_copy(reader, surface, &rect));
	dmabuf_reader_destroy(reader);
	surface_destroy(surface);
	close(fd);
}

/* Between a processor and itself nothing is to be brought up to date, and nobody's fences to be
 * waited for; a GPU's memory is another matter, whatever its owner calls it. */
static void test_needs_sync(void)
{
#if defined(__x86_64__) || defined(__i386__)
	const bool coherent = true;
#else
	const bool coherent = false;
#endif
	const struct {
		const char *exporter;
		bool memory;
	} cases[] = {
		{"udmabuf", true},
		{"system", true},
		{"amdgpu", false},
		{"system-uncached", false},
		{"amdgpu\nname:\texp_name:\tudmabuf", false},
	};
	struct channel_dmabuf dmabuf = describe(64, 8, 64 * 4, DRM_FORMAT_XRGB8888);
	struct surface *surface = surface_create("test", 64, 8, NULL);
	const struct kms_rect rect = {0, 0, 64, 8};
	struct dmabuf_gbm gbm = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fd = fake_dmabuf_create(64 * 8 * 4, NULL);
		unsigned int syncs = fake_dmabuf_syncs_begun();
		bool expected = !(cases[i].memory && coherent);
		struct dmabuf_reader *reader;

		g_test_message("%s", cases[i].exporter);
		fake_dmabuf_set_exporter(cases[i].exporter);
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, NULL);
		g_assert_true(dmabuf_reader_copy(reader, surface, &rect));
		g_assert_cmpuint(fake_dmabuf_syncs_begun(), ==, syncs + expected);
		g_assert_cmpuint(fake_dmabuf_syncs_ended(), ==, fake_dmabuf_syncs_begun());
		dmabuf_reader_destroy(reader);
		close(fd);
	}
	fake_dmabuf_set_exporter("fake");
	surface_destroy(surface);
}

static void test_signalled(void)
{
	uint32_t *memory;
	int fd = fake_dmabuf_create(4096, &memory);

	g_assert_true(dmabuf_signalled(fd));
	fake_dmabuf_set_busy(memory, true);
	g_assert_false(dmabuf_signalled(fd));
	fake_dmabuf_set_busy(memory, false);
	g_assert_true(dmabuf_signalled(fd));
	close(fd);
}

static void test_checks(void)
{
	static const uint32_t xrgb = DRM_FORMAT_XRGB8888;
	const struct {
		uint32_t x, y, width; /* of the part */
		uint32_t fd_width, fd_height, fd_stride, fourcc; /* of the buffer */
		const char *why;
	} cases[] = {
		{0, 0, 16, 16, 9, 64, xrgb, "too small"},
		/* The product needs more than 32 bits. */
		{0, 0, 16384, 16384, 16384, 65536 * 16, xrgb, "too small"},
		{0, 0, 16, 16, 8, 60, xrgb, "stride"},
		{0, 0, 16, 16, 8, 66, xrgb, "stride"},
		{0, 0, 16, 16, 8, UINT32_MAX - 3, xrgb, "stride"},
		{1, 0, 16, 16, 8, 64, xrgb, "no part"},
		{0, UINT32_MAX, 16, 16, 8, 64, xrgb, "no part"},
		{0, 0, 0, 16, 8, 64, xrgb, "no part"},
		{0, 0, 16, 20000, 8, 64, xrgb, "no part"},
		{0, 0, 16, 16, 8, 64, DRM_FORMAT_NV12, "format"},
	};
	const struct channel_dmabuf good = describe(16, 8, 64, xrgb);
	int fd = fake_dmabuf_create((size_t)64 * 8, NULL);
	int plain = memfd_create("plain", MFD_CLOEXEC);
	struct channel_dmabuf tiled = good;

	g_assert_cmpint(ftruncate(plain, 64 * 8), ==, 0);
	g_assert_true(dmabuf_check(fd, &good, NULL));
	expect_refused(plain, &good, "is not a dma-buf");
	expect_refused(-1, &good, "is not a dma-buf");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct channel_dmabuf bad = describe(cases[i].fd_width, cases[i].fd_height,
			cases[i].fd_stride, cases[i].fourcc);

		g_test_message("case %zu", i);
		bad.x = cases[i].x;
		bad.y = cases[i].y;
		bad.width = cases[i].width;
		expect_refused(fd, &bad, cases[i].why);
	}
	tiled.modifier = I915_FORMAT_MOD_X_TILED;
	expect_refused(fd, &tiled, "render node");
	close(plain);
	close(fd);
}

/* ---- GBM, by a double that has a GPU's idea of a buffer ---- */

static struct {
	unsigned int devices, bos, maps;
	bool maps_nothing;
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
	if (gpu.maps_nothing)
		return NULL;
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
	struct channel_dmabuf dmabuf = describe_part(80);
	int fd = fake_dmabuf_create((size_t)80 * 10, NULL);

	gbm.tiled = tiled_create("/dev/null", &double_functions, &error);
	g_assert_no_error(error);
	for (int inverted = 0; inverted < 2; inverted++) {
		struct surface *surface;
		struct dmabuf_reader *reader;

		dmabuf.y_inverted = inverted;
		dmabuf.modifier = inverted ? KMS_MODIFIER_INVALID : I915_FORMAT_MOD_X_TILED;
		reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error);
		g_assert_no_error(error);
		g_assert_cmphex(gpu.modifier, ==, dmabuf.modifier);
		surface = read_part(reader, inverted);
		dmabuf_reader_destroy(reader);
		surface_destroy(surface);
	}

	/* Linear by its modifier: no GBM for that. */
	dmabuf.modifier = KMS_MODIFIER_LINEAR;
	gpu.type = 0;
	dmabuf_reader_destroy(dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(gpu.type, ==, 0);

	dmabuf.modifier = DRM_FORMAT_MOD_VIVANTE_TILED;
	g_assert_null(dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error));
	g_assert_nonnull(error);

	tiled_destroy(gbm.tiled);
	g_assert_cmpuint(gpu.devices, ==, 0);
	g_assert_cmpuint(gpu.bos, ==, 0);
	g_assert_cmpuint(gpu.maps, ==, 0);
	close(fd);
}

/* No render node, none that can be opened, or a GPU that maps nothing. */
static void test_tiled_failures(void)
{
	g_autoptr(GError) error = NULL;
	struct dmabuf_gbm gbm = {.render_node = "/dev/null/no"};
	struct channel_dmabuf dmabuf = describe_part(80);
	int fd = fake_dmabuf_create((size_t)80 * 10, NULL);
	struct surface *surface = surface_create("test", 8, 4, NULL);
	const struct kms_rect all = {0, 0, 8, 4};
	struct dmabuf_reader *reader;

	dmabuf.modifier = I915_FORMAT_MOD_X_TILED;
	g_assert_null(dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(gbm.tiled);
	gbm.tiled = tiled_create("/dev/null", &double_functions, NULL);
	reader = dmabuf_reader_create(fd, &dmabuf, &gbm, NULL, &error);
	g_assert_no_error(error);
	gpu.maps_nothing = true;
	g_assert_false(dmabuf_reader_copy(reader, surface, &all));
	gpu.maps_nothing = false;
	g_assert_true(dmabuf_reader_copy(reader, surface, &all));
	dmabuf_reader_destroy(reader);
	tiled_destroy(gbm.tiled);
	surface_destroy(surface);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/copy/dmabuf/formats", test_formats);
	g_test_add_func("/copy/dmabuf/part-and-flip", test_part_and_flip);
	g_test_add_func("/copy/dmabuf/interrupted", test_interrupted);
	g_test_add_func("/copy/dmabuf/memory-gone", test_memory_gone);
	g_test_add_func("/copy/dmabuf/needs-sync", test_needs_sync);
	g_test_add_func("/copy/dmabuf/signalled", test_signalled);
	g_test_add_func("/copy/dmabuf/checks", test_checks);
	g_test_add_func("/copy/dmabuf/tiled", test_tiled);
	g_test_add_func("/copy/dmabuf/tiled-failures", test_tiled_failures);
	return g_test_run();
}
