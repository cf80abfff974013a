/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service manager is told of VMMs that nobody could go on with. */
#include <glib/gstdio.h>
#include <string.h>

#include "channel_fixture.h"
#include "config/config.h"
#include "report/lost_files.h"
#include "wire/lost_vmms.h"

static char *folder;

/* Two GPUs of one VM, and one of another. */
static GPtrArray *make_guests(void)
{
	static char first[] = "ivi", second[] = "passenger", third[] = "cluster";
	static struct config_guest guests[] = {
		{.name = first, .vm = first},
		{.name = second, .vm = first},
		{.name = third, .vm = third},
	};
	GPtrArray *all = g_ptr_array_new();

	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++)
		g_ptr_array_add(all, &guests[i]);
	return all;
}

/* The files that are there, which are removed then. */
static void expect_files(const char *names)
{
	g_autoptr(GString) found = g_string_new(NULL);
	static const char *const all[] = {"ivi.lost", "passenger.lost", "cluster.lost"};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *path = g_build_filename(folder, all[i], NULL);

		if (g_unlink(path) == 0)
			g_string_append_printf(found, "%s ", all[i]);
	}
	g_assert_cmpstr(found->str, ==, names);
}

static void test_lost(void)
{
	g_autoptr(GPtrArray) guests = make_guests();

	lost_files_write(guests);
	expect_files("");
	lost_vmms_note("passenger");
	lost_files_write(guests);
	expect_files("ivi.lost ");
	/* Once. */
	lost_files_write(guests);
	expect_files("");
	/* Input devices are the VM's. */
	lost_vmms_note("ivi");
	lost_vmms_note("cluster");
	lost_vmms_note("gone");
	lost_files_write(guests);
	expect_files("ivi.lost cluster.lost ");
}

/* Nobody waits for such a file. */
static void test_no_service(void)
{
	g_autoptr(GPtrArray) guests = make_guests();

	g_unsetenv("RUNTIME_DIRECTORY");
	lost_vmms_note("cluster");
	lost_files_write(guests);
	g_setenv("RUNTIME_DIRECTORY", folder, TRUE);
	lost_files_write(guests);
	expect_files("");
}

static void test_no_folder(void)
{
	g_autoptr(GPtrArray) guests = make_guests();
	g_autofree char *log = NULL;

	g_setenv("RUNTIME_DIRECTORY", "/dev/null/scanoutd", TRUE);
	lost_vmms_note("cluster");
	lost_files_write(guests);
	log = fixture_log_take();
	g_assert_nonnull(strstr(log, "guest cluster: /dev/null/scanoutd/cluster.lost: "));
	g_setenv("RUNTIME_DIRECTORY", folder, TRUE);
}

int main(int argc, char **argv)
{
	int status;

	fixture_init(&argc, &argv);
	folder = g_dir_make_tmp("test-lost-files-XXXXXX", NULL);
	g_assert_nonnull(folder);
	g_setenv("RUNTIME_DIRECTORY", folder, TRUE);
	g_test_add_func("/lost-files/lost", test_lost);
	g_test_add_func("/lost-files/no-service", test_no_service);
	g_test_add_func("/lost-files/no-folder", test_no_folder);
	status = g_test_run();
	g_rmdir(folder);
	g_free(folder);
	return status;
}
