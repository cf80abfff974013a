/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kms/ on drivers that are not vkms: runs in the driver VM (tests/kms/test-kms-drivers) on Debian
 * 13's kernel, with virtio-gpu (EDID, hotspot cursor, no vblank, no import) and bochs (no cursor
 * plane, no vblank), and on a newer one, whose bochs copies only what is damaged. What is on the
 * glass is seen from outside: screendump has QEMU write what its card shows.
 */
#include "../pattern.h"
#include "common/kernel.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <kms.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#define WAIT_SECONDS 60

struct driver {
	struct kms_device *device;
	struct kms_output *output;
	uint64_t submitted;
	uint64_t presented;
	struct kms_presentation presentation;
};

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct driver *driver = data;

	driver->presented = serial;
	driver->presentation = *presentation;
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	g_error("frame %" G_GUINT64_FORMAT ": %s", serial, g_strerror(error));
}

static const struct kms_listener listener = {
	.presented = on_presented,
	.commit_failed = on_commit_failed,
};

/* The card that a driver has made, whatever its number. */
static char *find_card(const char *driver)
{
	for (int i = 0; i < 8; i++) {
		g_autofree char *path = g_strdup_printf("/dev/dri/card%d", i);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		drmVersion *version = fd < 0 ? NULL : drmGetVersion(fd);
		bool found = version && strcmp(version->name, driver) == 0;

		if (version)
			drmFreeVersion(version);
		if (fd >= 0)
			close(fd);
		if (found)
			return g_steal_pointer(&path);
	}
	g_error("there is no card of %s", driver);
}

static void start(struct driver *driver, const char *name)
{
	struct kms_device_options options = {.fd = -1};
	struct kms_output_request request = {0};
	g_autofree char *path = find_card(name);
	g_autoptr(GError) error = NULL;

	memset(driver, 0, sizeof(*driver));
	options.path = path;
	driver->device = kms_device_create(&options, &listener, driver, &error);
	g_assert_no_error(error);
	driver->output = kms_device_output(driver->device, 0);
	request.output = driver->output;
	kms_device_configure(driver->device, &request, 1, &error);
	g_assert_no_error(error);
	g_assert_true(kms_output_active(driver->output));
}

static struct kms_buffer *make_buffer(struct driver *driver)
{
	const struct kms_mode_info *mode = kms_output_mode(driver->output);
	g_autoptr(GError) error = NULL;
	struct kms_buffer *buffer = kms_buffer_create_dumb(driver->device, mode->width,
		mode->height, &error);

	g_assert_no_error(error);
	return buffer;
}

static void draw(struct kms_buffer *buffer, uint32_t seed)
{
	uint32_t stride;
	uint8_t *pixels = kms_buffer_pixels(buffer, &stride);

	for (uint32_t y = 0; y < kms_buffer_height(buffer); y++) {
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);

		for (uint32_t x = 0; x < kms_buffer_width(buffer); x++)
			row[x] = pattern_pixel(seed, x, y);
	}
}

static void show(struct driver *driver, struct kms_buffer *buffer, const struct kms_rect *damage)
{
	struct kms_frame frame = kernel_frame(buffer, ++driver->submitted);

	frame.damage = damage;
	frame.damage_count = damage ? 1 : 0;
	g_assert_cmpint(kms_output_submit(driver->output, &frame), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, driver->presented == driver->submitted);
}

/* Has QEMU write what its nth card shows, and notes the size for who compares. */
static void screendump(struct driver *driver, const char *name, const char *card)
{
	const char *arguments[] = {"tests/lab/screendump", name, card, NULL};
	const struct kms_mode_info *mode = kms_output_mode(driver->output);
	g_autofree char *file = g_strdup_printf("%s/%s.size", g_getenv("LAB_OUT"), name);
	g_autofree char *size = g_strdup_printf("%u %u\n", mode->width, mode->height);
	g_autoptr(GError) error = NULL;
	int status;

	g_spawn_sync(NULL, (char **)arguments, NULL, 0, NULL, NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
	g_file_set_contents(file, size, -1, &error);
	g_assert_no_error(error);
}

/* ---- virtio-gpu ---- */

static void test_edid(void)
{
	static const uint8_t header[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
	struct driver driver;
	const uint8_t *edid;
	size_t size;

	start(&driver, "virtio_gpu");
	edid = kms_output_edid(driver.output, &size);
	g_assert_cmpuint(size, >=, 128);
	g_assert_cmpmem(edid, sizeof(header), header, sizeof(header));
	/* QEMU's monitor is known by what it says of itself. */
	g_assert_true(kms_device_find_output(driver.device, "RHT QEMU Monitor 0x00000000", NULL) ==
		driver.output);
	kms_device_destroy(driver.device);
}

static uint64_t hotspot(const char *path, const char *name)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	drmModePlaneRes *resources;
	uint64_t value = UINT64_MAX;

	drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1);
	g_assert_cmpint(drmSetClientCap(fd, CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1), ==, 0);
	resources = drmModeGetPlaneResources(fd);
	for (uint32_t i = 0; i < resources->count_planes; i++) {
		drmModeObjectProperties *properties = drmModeObjectGetProperties(fd,
			resources->planes[i], DRM_MODE_OBJECT_PLANE);

		for (uint32_t j = 0; j < properties->count_props; j++) {
			drmModePropertyRes *property = drmModeGetProperty(fd, properties->props[j]);

			if (strcmp(property->name, name) == 0)
				value = properties->prop_values[j];
			drmModeFreeProperty(property);
		}
		drmModeFreeObjectProperties(properties);
	}
	drmModeFreePlaneResources(resources);
	close(fd);
	return value;
}

static void test_hotspot(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	struct driver driver;
	struct kms_buffer *buffer;

	for (uint32_t i = 0; i < G_N_ELEMENTS(pixels); i++)
		pixels[i] = pattern_cursor_pixel(1, i % KMS_CURSOR_SIZE, i / KMS_CURSOR_SIZE);
	start(&driver, "virtio_gpu");
	buffer = make_buffer(&driver);
	g_assert_true(kms_output_set_cursor(driver.output, pixels, 3, 5));
	draw(buffer, 4);
	show(&driver, buffer, NULL);
	screendump(&driver, "virtio", "0");
	g_assert_cmpuint(hotspot(kms_device_path(driver.device), "HOTSPOT_X"), ==, 3);
	g_assert_cmpuint(hotspot(kms_device_path(driver.device), "HOTSPOT_Y"), ==, 5);
	kms_buffer_unref(buffer);
	kms_device_destroy(driver.device);
}

/* virtio-gpu of this kernel imports nothing: once asked, not asked again for buffers of that
 * layout. */
static void test_no_import(void)
{
	int fd = kernel_dmabuf(640 * 480 * 4);
	const struct kms_dmabuf dmabuf = kernel_describe(fd, DRM_FORMAT_XRGB8888,
		KMS_MODIFIER_INVALID);
	struct driver driver;

	start(&driver, "virtio_gpu");
	for (int i = 0; i < 3; i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(kms_buffer_import(driver.device, &dmabuf, &error));
		g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	}
	g_assert_cmpuint(kms_device_counters(driver.device)->imports_refused, ==, 3);
	g_assert_cmpuint(kms_device_counters(driver.device)->cache_misses, ==, 1);
	kms_device_destroy(driver.device);
	close(fd);
}

/* ---- bochs ---- */

static void test_no_cursor(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	struct driver driver;
	struct kms_buffer *buffer;

	pixels[0] = 0xffffffff;
	start(&driver, "bochs-drm");
	g_assert_false(kms_output_set_cursor(driver.output, pixels, 0, 0));
	buffer = make_buffer(&driver);
	draw(buffer, 3);
	show(&driver, buffer, NULL);
	screendump(&driver, "bochs", "1");
	kms_buffer_unref(buffer);
	kms_device_destroy(driver.device);
}

/*
 * What was drawn but not said to be damaged does not get to the glass: the clips do what they say.
 * Not on virtio-gpu, where a change of framebuffer has clips ignored for good (ignore_damage_clips
 * is never reset, Linux 6.12 to 7.3).
 */
static void test_damage(void)
{
	static const struct kms_rect part = {64, 32, 128, 96};
	struct driver driver;
	struct kms_buffer *buffer;

	start(&driver, "bochs-drm");
	buffer = make_buffer(&driver);
	draw(buffer, 1);
	show(&driver, buffer, NULL);
	screendump(&driver, "whole", "1");
	draw(buffer, 2);
	show(&driver, buffer, &part);
	screendump(&driver, "part", "1");
	kms_buffer_unref(buffer);
	kms_device_destroy(driver.device);
}

/* ---- both ---- */

static void no_vblank(const char *name)
{
	struct driver driver;
	struct kms_buffer *buffers[2];

	start(&driver, name);
	for (int i = 0; i < 2; i++)
		buffers[i] = make_buffer(&driver);
	for (int i = 0; i < 30; i++) {
		show(&driver, buffers[i % 2], NULL);
		/* Events come at once here, and the caller is told so. */
		g_assert_false(driver.presentation.vblank);
		g_assert_cmpuint(driver.presentation.sequence, ==, 0);
		g_assert_cmpint(driver.presentation.time_us, >, 0);
	}
	g_assert_cmpuint(kms_output_counters(driver.output)->frames_shown, ==, 30);
	g_assert_cmpuint(kms_output_counters(driver.output)->vblanks_missed, ==, 0);
	for (int i = 0; i < 2; i++)
		kms_buffer_unref(buffers[i]);
	kms_device_destroy(driver.device);
}

static void test_virtio_has_no_vblank(void)
{
	no_vblank("virtio_gpu");
}

static void test_bochs_has_no_vblank(void)
{
	no_vblank("bochs-drm");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms-drivers/virtio-gpu/edid", test_edid);
	g_test_add_func("/kms-drivers/virtio-gpu/hotspot", test_hotspot);
	g_test_add_func("/kms-drivers/virtio-gpu/no-import", test_no_import);
	g_test_add_func("/kms-drivers/virtio-gpu/no-vblank", test_virtio_has_no_vblank);
	g_test_add_func("/kms-drivers/bochs/no-cursor", test_no_cursor);
	g_test_add_func("/kms-drivers/bochs/damage", test_damage);
	g_test_add_func("/kms-drivers/bochs/no-vblank", test_bochs_has_no_vblank);
	return g_test_run();
}
