/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiled dma-buf that is read by GBM, with one call that fails, and with GBM itself refusing each
 * thing once: what cannot be had is said by an error or by the answer, the next try has it, and
 * nothing of GBM's is left. GBM is a double; where its library is loaded that is another one.
 */
#include <dlfcn.h>
#include <drm_fourcc.h>
#include <gbm.h>
#include <string.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"
#include "harness.h"
#include "interpose.h"
#include "scene/dmabuf.h"
#include "scene/surface.h"
#include "scene/tiled.h"

#define WIDTH 16
#define HEIGHT 8
#define COLOR 0x00336699u

/* Takes every render node, and is none. */
#define NODE "/dev/null"

/* ---- GBM ---- */

enum gbm_part { GBM_DEVICE, GBM_IMPORT, GBM_MAP, GBM_PARTS };

static struct {
	enum gbm_part refuses; /* once; GBM_PARTS: nothing */
	unsigned int devices, bos, maps; /* that exist */
	uint32_t memory[WIDTH * HEIGHT];
} gbm;

static bool refuses(enum gbm_part part)
{
	bool refused = gbm.refuses == part;

	if (refused)
		gbm.refuses = GBM_PARTS;
	return refused;
}

static struct gbm_device *create_device(int fd)
{
	if (refuses(GBM_DEVICE))
		return NULL;
	gbm.devices++;
	return (struct gbm_device *)&gbm;
}

static void device_destroy(struct gbm_device *device)
{
	g_assert_cmpuint(gbm.bos, ==, 0);
	gbm.devices--;
}

static struct gbm_bo *bo_import(struct gbm_device *device, uint32_t type, void *buffer,
	uint32_t usage)
{
	if (refuses(GBM_IMPORT))
		return NULL;
	gbm.bos++;
	return (struct gbm_bo *)&gbm.bos;
}

static void bo_destroy(struct gbm_bo *bo)
{
	g_assert_cmpuint(gbm.maps, ==, 0);
	gbm.bos--;
}

static void *bo_map(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
	uint32_t flags, uint32_t *stride, void **map_data)
{
	if (refuses(GBM_MAP))
		return NULL;
	gbm.maps++;
	*stride = WIDTH * sizeof(*gbm.memory);
	*map_data = &gbm.maps;
	return &gbm.memory[y * WIDTH + x];
}

static void bo_unmap(struct gbm_bo *bo, void *map_data)
{
	gbm.maps--;
}

static const struct tiled_functions functions = {create_device, device_destroy, bo_import,
	bo_destroy, bo_map, bo_unmap};

/* It has none of GBM's functions. */
void *dlopen(const char *name, int flags)
{
	return dlmopen(LM_ID_BASE, name && g_str_equal(name, "libgbm.so.1") ? "libm.so.6" : name,
		flags);
}

/* ---- the scenario ---- */

/* Two faults at most: the call, and GBM's. */
#define TRIES 3

static const struct channel_dmabuf dmabuf = {
	.width = WIDTH,
	.height = HEIGHT,
	.fd_width = WIDTH,
	.fd_height = HEIGHT,
	.fd_stride = WIDTH * 4,
	.fourcc = DRM_FORMAT_XRGB8888,
	.modifier = I915_FORMAT_MOD_X_TILED,
};

/* Whatever failed before it is found to be none, that is one error. */
static void load_library(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(tiled_create(NODE, NULL, &error));
	g_assert_nonnull(error);
	g_assert_cmpstr(error->message, !=, "");
}

static struct tiled *open_device(void)
{
	struct tiled *tiled = NULL;

	for (int i = 0; i < TRIES && !tiled; i++) {
		g_autoptr(GError) error = NULL;

		tiled = tiled_create(NODE, &functions, &error);
		g_assert_true((tiled != NULL) == (error == NULL));
	}
	g_assert_nonnull(tiled);
	return tiled;
}

static struct dmabuf_reader *import(int fd, struct dmabuf_gbm *device)
{
	struct dmabuf_reader *reader = NULL;

	for (int i = 0; i < TRIES && !reader; i++) {
		g_autoptr(GError) error = NULL;

		reader = dmabuf_reader_create(fd, &dmabuf, device, NULL, &error);
		g_assert_true((reader != NULL) == (error == NULL));
		g_assert_true(reader || gbm.bos == 0);
	}
	g_assert_nonnull(reader);
	return reader;
}

static void copy(struct dmabuf_reader *reader, struct surface *surface)
{
	const struct kms_rect all = {0, 0, WIDTH, HEIGHT};
	bool copied = false;

	for (int i = 0; i < TRIES && !copied; i++) {
		copied = dmabuf_reader_copy(reader, surface, &all);
		g_assert_cmpuint(gbm.maps, ==, 0);
	}
	g_assert_true(copied);
}

/* What GBM refuses, beside the call that fails. */
static void read_tiled(int fd, enum gbm_part refused)
{
	struct dmabuf_gbm device = {.render_node = NODE};
	struct surface *surface;
	struct dmabuf_reader *reader;
	uint32_t stride, pixel;

	gbm.refuses = refused;
	faults_pause();
	surface = surface_create("test", WIDTH, HEIGHT, NULL);
	faults_continue();
	device.tiled = open_device();
	reader = import(fd, &device);
	copy(reader, surface);
	g_assert_cmpint(gbm.refuses, ==, GBM_PARTS);
	memcpy(&pixel, surface_pixels(surface, &stride), sizeof(pixel));
	g_assert_cmphex(pixel & 0xffffff, ==, COLOR);
	dmabuf_reader_destroy(reader);
	tiled_destroy(device.tiled);
	surface_destroy(surface);
	g_assert_cmpuint(gbm.devices + gbm.bos + gbm.maps, ==, 0);
}

static void tiled(void)
{
	g_autofree char *before = NULL;
	int fd = fake_dmabuf_create(sizeof(gbm.memory), NULL);

	g_main_context_default();
	for (size_t i = 0; i < G_N_ELEMENTS(gbm.memory); i++)
		gbm.memory[i] = COLOR;
	before = faults_list_fds();
	load_library();
	for (enum gbm_part part = 0; part <= GBM_PARTS; part++)
		read_tiled(fd, part);
	faults_expect_told(NULL, 0);
	faults_expect_fds(before);
	close(fd);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/tiled/read", tiled, 20);
	return g_test_run();
}
