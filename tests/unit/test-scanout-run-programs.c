/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which programs scanout-run runs: the back-end that it finds, and what it takes for a QEMU.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tools/scanout-run/backend.h"
#include "tools/scanout-run/program.h"

static void write_file(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, text, -1, &error));
}

static void remove_files(const char *directory, const char *const *names)
{
	for (; *names; names++) {
		g_autofree char *path = g_build_filename(directory, *names, NULL);
		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_discovery(void)
{
	g_autofree char *first = g_dir_make_tmp("first-XXXXXX", NULL);
	g_autofree char *second = g_dir_make_tmp("second-XXXXXX", NULL);
	const char *const directories[] = {"/nowhere", first, second, NULL};
	g_autofree char *none = backend_discover(directories);

	g_assert_null(none);
	write_file(first, "10-net.json", "{\"type\": \"net\", \"binary\": \"/bin/sh\"}");
	write_file(first, "20-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/nowhere/gpu\"}");
	write_file(first, "30-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/bin/true\"}");
	write_file(first, "35-gpu.txt", "{\"type\": \"gpu\", \"binary\": \"/bin/ls\"}");
	/* Ours hands over to a back-end. */
	write_file(first, "05-gpu.json",
		"{\"type\": \"gpu\", \"binary\": \"/usr/bin/scanout-gpu\"}");
	write_file(first, "40-gpu.json", "{}");
	g_autofree char *only = backend_discover(directories);
	g_assert_cmpstr(only, ==, "/bin/true");

	/* By name of file over all directories; but one of the same name is hidden. */
	write_file(second, "20-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/bin/ls\"}");
	g_autofree char *hidden = backend_discover(directories);
	g_assert_cmpstr(hidden, ==, "/bin/true");
	write_file(second, "25-gpu.json",
		"{\n  \"description\": \"a, {b}\",\n  \"tags\": [\"x\"],\n"
		"  \"type\": \"gpu\",\n  \"binary\": \"/bin/cat\"\n}\n");
	g_autofree char *earlier = backend_discover(directories);
	g_assert_cmpstr(earlier, ==, "/bin/cat");

	remove_files(first,
		(const char *const[]){"05-gpu.json", "10-net.json", "20-gpu.json", "30-gpu.json",
			"35-gpu.txt", "40-gpu.json", NULL});
	remove_files(second, (const char *const[]){"20-gpu.json", "25-gpu.json", NULL});
}

static char *write_script(const char *directory, const char *name, const char *text, int mode)
{
	char *path = g_build_filename(directory, name, NULL);

	write_file(directory, name, text);
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
	return path;
}

static void assert_no_qemu(const char *program, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(program_is_qemu(program, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, message));
}

static void test_qemu(void)
{
	g_autofree char *directory = g_dir_make_tmp("programs-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	/* It does not end by itself, and nobody waits for it. */
	g_autofree char *qemu = write_script(directory, "qemu",
		"#!/bin/sh\n[ \"$*\" = -version ] && echo 'QEMU emulator version 10.0.2 (x)'\n"
		"exec tail -f /dev/null\n",
		0755);
	g_autofree char *wrapper_text = g_strdup_printf("#!/bin/sh\necho x\nexec %s \"$@\"\n",
		qemu);
	g_autofree char *wrapper = write_script(directory, "wrapper", wrapper_text, 0755);
	g_autofree char *other = write_script(directory, "other",
		"#!/bin/sh\necho 'emulator version 10'\n", 0755);
	g_autofree char *endless = write_script(directory, "endless", "#!/bin/sh\nexec yes\n",
		0755);
	g_autofree char *plain = write_script(directory, "plain", "#!/bin/sh\n", 0644);

	g_assert_true(program_is_qemu(qemu, &error));
	g_assert_no_error(error);
	g_assert_true(program_is_qemu(wrapper, &error));
	g_assert_no_error(error);
	assert_no_qemu(other, "other is not QEMU");
	assert_no_qemu(endless, "endless is not QEMU");
	assert_no_qemu(plain, "plain: not an executable program");
	assert_no_qemu("/nowhere/qemu", "/nowhere/qemu: no such program");
	assert_no_qemu("no-such-qemu", "no-such-qemu: no such program in PATH");
	remove_files(directory,
		(const char *const[]){"qemu", "wrapper", "other", "endless", "plain", NULL});
}

static void test_says(void)
{
	g_assert_true(program_says("echo", "a", "dbus", "a dbus\n"));
	g_assert_false(program_says("echo", "a", "dbus", "\ndbus\n"));
	g_assert_false(program_says("/nowhere/qemu", "-display", "help", "dbus"));
}

static void test_beside(void)
{
	static const char *const none[] = {"no-such-file", NULL};
	static const char *const some[] = {"no-such-file", "../bin", "/bin/sh", "/bin/ls", NULL};
	g_autofree char *nothing = program_find_beside(none, G_FILE_TEST_EXISTS);
	g_autofree char *found = program_find_beside(some, G_FILE_TEST_IS_REGULAR);

	g_assert_null(nothing);
	g_assert_cmpstr(found, ==, "/bin/sh");
}

static void test_there(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(program_is_there("sh", &error));
	g_assert_true(program_is_there("/bin/sh", &error));
	g_assert_no_error(error);
	g_assert_false(program_is_there("/", &error));
	g_assert_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/programs/discovery", test_discovery);
	g_test_add_func("/programs/qemu", test_qemu);
	g_test_add_func("/programs/there", test_there);
	g_test_add_func("/programs/says", test_says);
	g_test_add_func("/programs/beside", test_beside);
	return g_test_run();
}
