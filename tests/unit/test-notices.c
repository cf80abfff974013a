/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others say of a guest, by a file in the folder of its sockets. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/notices.h"

static struct {
	char *folder;
	GString *said; /* "guest: text|" each */
	unsigned int warnings;
} world;

static void noticed(void *data, const char *guest, const char *text)
{
	g_string_append_printf(world.said, "%s: %s|", guest, text);
}

static GLogWriterOutput count_warnings(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	world.warnings += (level & G_LOG_LEVEL_WARNING) != 0;
	return G_LOG_WRITER_HANDLED;
}

static char *path_of(const char *file)
{
	return g_build_filename(world.folder, file, NULL);
}

static void put(const char *file, const char *text, size_t size)
{
	g_autofree char *path = path_of(file);
	FILE *stream = fopen(path, "w");

	g_assert_nonnull(stream);
	g_assert_cmpuint(fwrite(text, 1, size, stream), ==, size);
	g_assert_cmpint(fclose(stream), ==, 0);
}

static void take_away(const char *file)
{
	g_autofree char *path = path_of(file);

	g_assert_cmpint(g_unlink(path), ==, 0);
}

/* Of all that was done so far. */
static void expect(const char *said)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpstr(world.said->str, ==, said);
	g_string_truncate(world.said, 0);
}

static void write_and_expect(const char *text, const char *said)
{
	put("kiosk.status", text, strlen(text));
	expect(said);
}

static struct notices *begin(void)
{
	struct notices *notices = notices_create(world.folder, noticed, NULL);

	g_assert_nonnull(notices);
	return notices;
}

static void test_is_read(void)
{
	struct notices *notices;

	/* Of a time when nobody looked. */
	put("kiosk.status", "old", 3);
	notices = begin();
	expect("");
	write_and_expect("ended with status 1\n", "kiosk: ended with status 1|");
	/* The same again is said again: whether it is new, others know. */
	write_and_expect("ended with status 1\n", "kiosk: ended with status 1|");
	put("kiosk.sock.lock", "x", 1);
	put("status", "x", 1);
	expect("");
	take_away("kiosk.sock.lock");
	take_away("status");
	take_away("kiosk.status");
	expect("");
	notices_destroy(notices);
	put("kiosk.status", "late", 4);
	expect("");
	take_away("kiosk.status");
}

/* Whole, as by who writes a file beside it first. */
static void test_is_moved_there(void)
{
	struct notices *notices = begin();
	g_autofree char *from = path_of("new");
	g_autofree char *to = path_of("a b.status");

	put("new", "one\ntwo\n", 8);
	g_assert_cmpint(g_rename(from, to), ==, 0);
	expect("a b: one|");
	take_away("a b.status");
	notices_destroy(notices);
}

static void test_odd_texts(void)
{
	struct notices *notices = begin();
	char *long_text = g_strnfill(5000, 'x');
	char *said;

	write_and_expect("", "");
	write_and_expect("  \n text\n", "");
	write_and_expect(" text \r\nmore", "kiosk: text|");
	write_and_expect("a\033[2Jb\tc", "kiosk: a\\x1b[2Jb\\x09c|");
	write_and_expect("f\xc3\xbcr \xff", "kiosk: f\xc3\xbcr \\xff|");
	put("kiosk.status", "a\0b", 3);
	expect("kiosk: a|");
	said = g_strdup_printf("kiosk: %.200s|", long_text);
	write_and_expect(long_text, said);
	take_away("kiosk.status");
	g_free(said);
	g_free(long_text);
	notices_destroy(notices);
}

/* Nothing there is followed or waited for. */
static void test_odd_files(void)
{
	struct notices *notices = begin();
	g_autofree char *path = path_of("kiosk.status");
	g_autofree char *other = path_of("other");
	g_autofree char *moved = path_of("moved");

	put("other", "secret", 6);
	g_assert_cmpint(symlink(other, moved), ==, 0);
	g_assert_cmpint(g_rename(moved, path), ==, 0);
	expect("");
	g_assert_cmpint(mkfifo(moved, 0600), ==, 0);
	g_assert_cmpint(g_rename(moved, path), ==, 0);
	expect("");
	take_away("kiosk.status");
	g_assert_cmpint(g_mkdir(moved, 0700), ==, 0);
	g_assert_cmpint(g_rename(moved, path), ==, 0);
	expect("");
	g_assert_cmpint(g_rmdir(path), ==, 0);
	take_away("other");
	/* One that is gone before it is read. */
	put("kiosk.status", "x", 1);
	take_away("kiosk.status");
	expect("");
	notices_destroy(notices);
}

/* More in one turn than are read at once, with the longest names. */
static void test_many(void)
{
	struct notices *notices = begin();
	g_autofree char *name = g_strnfill(255 - strlen(".status"), 'n');
	g_autofree char *file = g_strconcat(name, ".status", NULL);
	GString *said = g_string_new(NULL);

	for (int i = 0; i < 40; i++) {
		put(i % 2 ? file : "kiosk.status", "x", 1);
		g_string_append_printf(said, "%s: x|", i % 2 ? name : "kiosk");
	}
	expect(said->str);
	take_away(file);
	take_away("kiosk.status");
	g_string_free(said, TRUE);
	notices_destroy(notices);
}

static void test_no_folder(void)
{
	g_autofree char *missing = path_of("missing");
	g_autofree char *file = path_of("file");

	world.warnings = 0;
	g_assert_null(notices_create(missing, noticed, NULL));
	/* There is just nobody who could write there. */
	g_assert_cmpuint(world.warnings, ==, 0);
	put("file", "x", 1);
	g_assert_null(notices_create(file, noticed, NULL));
	g_assert_cmpuint(world.warnings, ==, 1);
	take_away("file");
	notices_destroy(NULL);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(count_warnings, NULL, NULL);
	world.folder = g_dir_make_tmp("notices-XXXXXX", NULL);
	world.said = g_string_new(NULL);
	g_assert_nonnull(world.folder);
	g_test_add_func("/notices/is-read", test_is_read);
	g_test_add_func("/notices/is-moved-there", test_is_moved_there);
	g_test_add_func("/notices/odd-texts", test_odd_texts);
	g_test_add_func("/notices/odd-files", test_odd_files);
	g_test_add_func("/notices/many", test_many);
	g_test_add_func("/notices/no-folder", test_no_folder);
	result = g_test_run();
	g_assert_cmpint(g_rmdir(world.folder), ==, 0);
	g_free(world.folder);
	g_string_free(world.said, TRUE);
	return result;
}
