/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libgbm, which is loaded when a tiled buffer comes: what it must have, and which device it is for.
 * The dynamic linker and libgbm are this test's.
 */
#include "scene/tiled.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool no_library, no_driver;
	const char *missing; /* a function that it lacks; or NULL */
	unsigned int loaded, devices, asked;
	int fd;
} world;

/* ---- libgbm ---- */

static struct gbm_device *create_device(int fd)
{
	world.fd = fd;
	if (world.no_driver)
		return NULL;
	world.devices++;
	return (struct gbm_device *)&world;
}

static void device_destroy(struct gbm_device *device)
{
	g_assert_true(device == (struct gbm_device *)&world);
	world.devices--;
}

static void other(void)
{
	g_assert_not_reached();
}

/* ---- the dynamic linker ---- */

void *dlopen(const char *name, int flags)
{
	g_assert_cmpstr(name, ==, "libgbm.so.1");
	if (world.no_library)
		return NULL;
	world.loaded++;
	return &world;
}

int dlclose(void *library)
{
	g_assert_true(library == &world);
	world.loaded--;
	return 0;
}

char *dlerror(void)
{
	return (char *)"there is none";
}

void *dlsym(void *library, const char *name)
{
	void (*function)(void) = other;

	g_assert_true(library == &world);
	g_assert_true(g_str_has_prefix(name, "gbm_"));
	world.asked++;
	if (g_strcmp0(name, world.missing) == 0)
		return NULL;
	if (g_str_equal(name, "gbm_create_device"))
		function = (void (*)(void))create_device;
	else if (g_str_equal(name, "gbm_device_destroy"))
		function = (void (*)(void))device_destroy;
	return *(void **)&function;
}

/* ---- tests ---- */

static void expect_failure(const char *node, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(tiled_create(node, NULL, &error));
	g_assert_nonnull(error);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_cmpuint(world.loaded, ==, 0);
	g_assert_cmpuint(world.devices, ==, 0);
}

static void test_loaded(void)
{
	g_autoptr(GError) error = NULL;
	struct tiled *tiled;

	memset(&world, 0, sizeof(world));
	tiled = tiled_create("/dev/null", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(tiled);
	g_assert_cmpuint(world.asked, ==, 6);
	g_assert_cmpuint(world.loaded, ==, 1);
	g_assert_cmpuint(world.devices, ==, 1);
	g_assert_cmpint(fcntl(world.fd, F_GETFD), ==, FD_CLOEXEC);
	tiled_destroy(tiled);
	g_assert_cmpuint(world.loaded, ==, 0);
	g_assert_cmpuint(world.devices, ==, 0);
	g_assert_cmpint(fcntl(world.fd, F_GETFD), ==, -1);
	tiled_destroy(NULL);
}

static void test_failures(void)
{
	static const char *const functions[] = {"gbm_create_device", "gbm_device_destroy",
		"gbm_bo_import", "gbm_bo_destroy", "gbm_bo_map", "gbm_bo_unmap"};

	memset(&world, 0, sizeof(world));
	expect_failure("/dev/null/no", "/dev/null/no: Not a directory");
	world.no_library = true;
	expect_failure("/dev/null", "tiled buffers need libgbm: there is none");
	world.no_library = false;
	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		g_autofree char *message = g_strdup_printf("libgbm has no %s", functions[i]);

		world.missing = functions[i];
		expect_failure("/dev/null", message);
	}
	world.missing = NULL;
	world.no_driver = true;
	expect_failure("/dev/null", "/dev/null: GBM has no driver for it");
	g_assert_cmpint(fcntl(world.fd, F_GETFD), ==, -1);
}

/* Descriptor 0 is as good as any: whoever started us may have closed it. */
static void test_first_descriptor(void)
{
	int kept = dup(STDIN_FILENO);
	struct tiled *tiled;

	memset(&world, 0, sizeof(world));
	close(STDIN_FILENO);
	tiled = tiled_create("/dev/null", NULL, NULL);
	g_assert_nonnull(tiled);
	g_assert_cmpint(world.fd, ==, STDIN_FILENO);
	tiled_destroy(tiled);
	g_assert_cmpint(fcntl(STDIN_FILENO, F_GETFD), ==, -1);
	g_assert_cmpint(dup2(kept, STDIN_FILENO), ==, STDIN_FILENO);
	close(kept);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tiled/loaded", test_loaded);
	g_test_add_func("/tiled/failures", test_failures);
	g_test_add_func("/tiled/first-descriptor", test_first_descriptor);
	return g_test_run();
}
