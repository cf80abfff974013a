/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "fuzz.h"

static char *folder;

static void remove_all(const char *from)
{
	GDir *entries = g_dir_open(from, 0, NULL);
	const char *name;

	while (entries && (name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(from, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			remove_all(path);
		else
			g_unlink(path);
	}
	if (entries)
		g_dir_close(entries);
	g_rmdir(from);
}

static void remove_folder(void)
{
	remove_all(folder);
	g_clear_pointer(&folder, g_free);
}

const char *fuzz_folder(void)
{
	g_autoptr(GError) error = NULL;

	if (folder)
		return folder;
	folder = g_dir_make_tmp("scanoutd-fuzz-XXXXXX", &error);
	g_assert_no_error(error);
	atexit(remove_folder);
	return folder;
}
