/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Surfaces: memory, header, and the unfinished rectangle. */
#include "scene/surface.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_memory(void)
{
	g_autoptr(GError) error = NULL;
	struct surface *surface = surface_create("test", 101, 53, &error);
	const struct surface_header *header;
	const uint8_t *other;
	struct stat status;
	uint32_t stride;
	uint8_t *pixels;

	g_assert_no_error(error);
	header = surface_header(surface);
	g_assert_cmpuint(header->version, ==, SURFACE_VERSION);
	g_assert_cmpuint(header->size, ==, sizeof(*header));
	g_assert_cmpuint(header->width, ==, 101);
	g_assert_cmpuint(header->height, ==, 53);
	g_assert_cmpuint(surface_width(surface), ==, 101);
	g_assert_cmpuint(surface_height(surface), ==, 53);

	/* Another mapping of the memfd, as a successor has it, sees header and pixels. */
	pixels = surface_pixels(surface, &stride);
	g_assert_cmpuint(stride, ==, header->stride);
	g_assert_cmpint(fstat(surface_fd(surface), &status), ==, 0);
	g_assert_cmpint(status.st_size, ==, header->offset + (off_t)stride * 53);
	other = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, surface_fd(surface), 0);
	g_assert_true(other != MAP_FAILED);
	for (size_t i = 0; i < (size_t)stride * 53; i++)
		g_assert_cmpuint(pixels[i], ==, 0);
	memset(pixels + (size_t)stride * 52, 0x5a, stride);
	g_assert_cmpmem(other, sizeof(*header), header, sizeof(*header));
	g_assert_cmpmem(other + header->offset, (size_t)stride * 53, pixels, (size_t)stride * 53);
	munmap((void *)(uintptr_t)other, (size_t)status.st_size);

	g_assert_cmpint(pixman_image_get_width(surface_image(surface)), ==, 101);
	g_assert_true((uint8_t *)pixman_image_get_data(surface_image(surface)) == pixels);
	surface_destroy(surface);
	surface_destroy(NULL);
}

static void test_unfinished(void)
{
	struct surface *surface = surface_create("test", 64, 48, NULL);
	struct kms_rect rect = {3, 4, 5, 6};
	uint32_t stride;
	uint8_t *pixels = surface_pixels(surface, &stride);

	g_assert_null(surface_unfinished(surface));
	g_assert_true(surface_begin(surface, &rect) == pixels + (size_t)4 * stride + (size_t)3 * 4);
	g_assert_nonnull(surface_unfinished(surface));
	g_assert_cmpmem(surface_unfinished(surface), sizeof(rect), &rect, sizeof(rect));
	g_assert_cmpuint(surface_header(surface)->updates, ==, 0);
	surface_end(surface);
	g_assert_null(surface_unfinished(surface));
	g_assert_cmpuint(surface_header(surface)->updates, ==, 1);
	surface_destroy(surface);
}

static void test_refused(void)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{0, 1}, {1, 0}, {16385, 1}, {1, 16385}, {UINT32_MAX, UINT32_MAX}};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(surface_create("test", sizes[i].width, sizes[i].height, &error));
		g_assert_nonnull(error);
	}
}

static void test_largest(void)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = {{16384, 1}, {1, 16384}};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct surface *surface = surface_create("test", sizes[i].width, sizes[i].height,
			NULL);

		g_assert_nonnull(surface);
		surface_destroy(surface);
	}
}

/* Descriptor 0 is as good as any: whoever started us may have closed it. */
static void test_first_descriptor(void)
{
	int kept = dup(STDIN_FILENO);
	struct surface *surface;

	close(STDIN_FILENO);
	surface = surface_create("test", 8, 8, NULL);
	g_assert_nonnull(surface);
	g_assert_cmpint(surface_fd(surface), ==, STDIN_FILENO);
	surface_destroy(surface);
	g_assert_cmpint(dup2(kept, STDIN_FILENO), ==, STDIN_FILENO);
	close(kept);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/surface/memory", test_memory);
	g_test_add_func("/surface/unfinished", test_unfinished);
	g_test_add_func("/surface/refused", test_refused);
	g_test_add_func("/surface/largest", test_largest);
	g_test_add_func("/surface/first-descriptor", test_first_descriptor);
	return g_test_run();
}
