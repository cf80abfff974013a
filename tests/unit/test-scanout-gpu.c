/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-gpu: who the VMM is, and where its guest's socket is. With the relay and a QEMU it is tested by
 * tests/relay/test-scanout-gpu.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/scanout-gpu/hand_over.h"
#include "tools/scanout-gpu/options.h"
#include "tools/scanout-gpu/vmm.h"

/* `line` with its words parted by '|'. */
static void expect_name(const char *line, const char *wanted)
{
	gsize length = strlen(line) + 1;
	g_autofree char *words = g_strdelimit(g_strdup(line), "|", '\0');
	g_autofree char *name = vmm_find_name(words, length);

	g_assert_cmpstr(name, ==, wanted);
}

static void test_name(void)
{
	expect_name("qemu|-name|kiosk|-m|1G", "kiosk");
	expect_name("qemu|-name|guest=kiosk,debug-threads=on", "kiosk");
	expect_name("qemu|-m|1G|-name|debug-threads=on,guest=kiosk", "kiosk");
	expect_name("qemu|--name|a,,b,process=x", "a,b");
	expect_name("qemu|-name|one|-name|two", "two");
	expect_name("qemu|-name|one|-name|process=x", "one");
	expect_name("qemu|-append|-name|guest=kiosk", "kiosk");
	expect_name("qemu|-m|1G", NULL);
	expect_name("qemu|-name", NULL);
	expect_name("", NULL);
}

/* The writer is this process, whose name a test's argument is not. */
static void test_writer(void)
{
	g_autoptr(GError) error = NULL;
	char byte = 'x';
	int pair[2];
	int value = 1;
	socklen_t size = sizeof(value);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_cmpint(write(pair[0], &byte, 1), ==, 1);
	g_autofree char *name = vmm_guest_name(pair[1], &error);
	g_assert_null(name);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
	g_autofree char *process = g_strdup_printf("process %d)", getpid());
	g_assert_nonnull(strstr(error->message, process));
	/* The byte is there still, and whoever reads it gets nothing beside it. */
	g_assert_cmpint(recv(pair[1], &byte, 1, MSG_DONTWAIT), ==, 1);
	g_assert_cmpint(getsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &value, &size), ==, 0);
	g_assert_cmpint(value, ==, 0);

	g_clear_error(&error);
	close(pair[0]);
	g_autofree char *gone = vmm_guest_name(pair[1], &error);
	g_assert_null(gone);
	g_assert_no_error(error);
	close(pair[1]);
	g_autofree char *closed = vmm_guest_name(pair[1], &error);
	g_assert_null(closed);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_BADF);
}

static void test_path(void)
{
	g_autofree char *runtime = g_dir_make_tmp("runtime-XXXXXX", NULL);
	g_autofree char *folder = g_build_filename(runtime, "scanoutd", NULL);
	g_autofree char *file = g_build_filename(folder, "kiosk.sock", NULL);

	g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
	g_autofree char *systems = hand_over_default_path("kiosk");
	g_assert_cmpstr(systems, ==, "/run/scanoutd/kiosk.sock");
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, "", 0, NULL));
	g_autofree char *own = hand_over_default_path("kiosk");
	g_assert_cmpstr(own, ==, file);
	g_assert_cmpint(g_unlink(file), ==, 0);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	g_assert_cmpint(g_rmdir(runtime), ==, 0);
}

/* NULL: it is taken. */
static void expect_options(const char *line, const char *wanted)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autofree char **kept = g_memdup2(words, sizeof(*words) * (g_strv_length(words) + 1));
	char **argv = kept;
	int argc = (int)g_strv_length(words);
	struct options options;

	g_assert_true(options_read(&options, &argc, &argv, &error) == (wanted == NULL));
	if (wanted)
		g_assert_nonnull(strstr(error->message, wanted));
	options_finish(&options);
}

static void test_options(void)
{
	expect_options("scanout-gpu --fd=3", NULL);
	expect_options("scanout-gpu --fd=0 --virgl --render-node=/dev/dri/renderD128", NULL);
	expect_options("scanout-gpu --socket-path=x --guest=kiosk", NULL);
	expect_options("scanout-gpu --print-capabilities", NULL);
	expect_options("scanout-gpu", "give one of --fd and --socket-path");
	expect_options("scanout-gpu --fd=3 --socket-path=x", "give one of");
	expect_options("scanout-gpu --fd=3 kiosk", "kiosk: there are no arguments");
	expect_options("scanout-gpu --fd=3 --guest=../x", "--guest=../x: must be the name");
	expect_options("scanout-gpu --fd=3 --guest=", "--guest=: must be the name");
	expect_options("scanout-gpu --fd=x", "x");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scanout-gpu/name", test_name);
	g_test_add_func("/scanout-gpu/writer", test_writer);
	g_test_add_func("/scanout-gpu/path", test_path);
	g_test_add_func("/scanout-gpu/options", test_options);
	return g_test_run();
}
