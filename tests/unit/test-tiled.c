/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libgbm, which is loaded when a tiled buffer comes: what is said where it is not there, lacks
 * something, or has no driver for the card. Which library stands for it is this test's word.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "scene/tiled.h"

/* NULL: there is none. dlsym() is the real one, which sanitizers need before main() begins. */
static const char *library;

void *dlopen(const char *name, int flags)
{
	if (strcmp(name, "libgbm.so.1") != 0)
		return dlmopen(LM_ID_BASE, name, flags);
	return library ? dlmopen(LM_ID_BASE, library, flags) : NULL;
}

static void expect_failure(const char *node, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(tiled_create(node, NULL, &error));
	g_assert_nonnull(error);
	g_assert_true(g_str_has_prefix(error->message, message));
}

static void test_failures(void)
{
	expect_failure("/dev/null/no", "/dev/null/no: Not a directory");
	library = NULL;
	expect_failure("/dev/null", "tiled buffers need libgbm: ");
	library = "libm.so.6";
	expect_failure("/dev/null", "libgbm has no gbm_create_device");
	tiled_destroy(NULL);
}

/* ---- with functions of its own ---- */

static int given;
static bool no_driver;

static struct gbm_device *create_device(int fd)
{
	given = fd;
	return no_driver ? NULL : (struct gbm_device *)&given;
}

static void device_destroy(struct gbm_device *device)
{
	g_assert_true(device == (struct gbm_device *)&given);
}

static const struct tiled_functions functions = {
	.create_device = create_device,
	.device_destroy = device_destroy,
};

static void test_no_driver(void)
{
	g_autoptr(GError) error = NULL;

	no_driver = true;
	g_assert_null(tiled_create("/dev/null", &functions, &error));
	g_assert_nonnull(error);
	g_assert_cmpstr(error->message, ==, "/dev/null: GBM has no driver for it");
	g_assert_cmpint(fcntl(given, F_GETFD), ==, -1);
	no_driver = false;
}

/* Descriptor 0 is as good as any: whoever started us may have closed it. */
static void test_first_descriptor(void)
{
	int kept = dup(STDIN_FILENO);
	struct tiled *tiled;

	close(STDIN_FILENO);
	tiled = tiled_create("/dev/null", &functions, NULL);
	g_assert_nonnull(tiled);
	g_assert_cmpint(given, ==, STDIN_FILENO);
	tiled_destroy(tiled);
	g_assert_cmpint(fcntl(STDIN_FILENO, F_GETFD), ==, -1);
	g_assert_cmpint(dup2(kept, STDIN_FILENO), ==, STDIN_FILENO);
	close(kept);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tiled/failures", test_failures);
	g_test_add_func("/tiled/no-driver", test_no_driver);
	g_test_add_func("/tiled/first-descriptor", test_first_descriptor);
	return g_test_run();
}
