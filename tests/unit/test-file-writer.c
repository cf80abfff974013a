/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file on a disk that takes its time, or none at all, is nothing that the main loop waits for. */
#include <stdbool.h>
#include <string.h>

#include "channel_fixture.h"
#include "report/file_writer.h"

/* ---- the disk ---- */

static struct {
	GMutex mutex;
	GCond cond;
	bool stuck, fails;
	unsigned int begun, done;
	GThread *main;
	GString *texts; /* in order, a line each */
} disk;

static bool write_to_disk(const char *path, const char *text, GError **error)
{
	bool fails;

	g_assert_true(g_thread_self() != disk.main);
	g_assert_cmpstr(path, ==, "/file");
	g_mutex_lock(&disk.mutex);
	disk.begun++;
	g_cond_broadcast(&disk.cond);
	while (disk.stuck)
		g_cond_wait(&disk.cond, &disk.mutex);
	g_string_append_printf(disk.texts, "%s\n", text);
	disk.done++;
	fails = disk.fails;
	g_cond_broadcast(&disk.cond);
	g_mutex_unlock(&disk.mutex);
	if (fails)
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "/file: is full");
	return !fails;
}

static void set_stuck(bool stuck)
{
	g_mutex_lock(&disk.mutex);
	disk.stuck = stuck;
	g_cond_broadcast(&disk.cond);
	g_mutex_unlock(&disk.mutex);
}

static void await(const unsigned int *counter, unsigned int count)
{
	g_mutex_lock(&disk.mutex);
	while (*counter < count)
		g_cond_wait(&disk.cond, &disk.mutex);
	g_mutex_unlock(&disk.mutex);
}

static struct file_writer *create(void)
{
	disk.main = g_thread_self();
	disk.begun = 0;
	disk.done = 0;
	disk.fails = false;
	if (!disk.texts)
		disk.texts = g_string_new(NULL);
	g_string_truncate(disk.texts, 0);
	return file_writer_create("counters", "/file", write_to_disk);
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_true(text ? log && strstr(log, text) : !log);
}

/* Longer than any test is given. */
#define FOR_EVER 3600000u

/* ---- tests ---- */

static void test_writes(void)
{
	struct file_writer *writer = create();

	file_writer_write(writer, g_strdup("one"));
	await(&disk.done, 1);
	file_writer_write(writer, g_strdup("two"));
	file_writer_destroy(writer, FOR_EVER);
	g_assert_cmpstr(disk.texts->str, ==, "one\ntwo\n");
	file_writer_destroy(NULL, 0);
	file_writer_destroy(create(), FOR_EVER);
	expect_log(NULL);
}

/* Of those that wait the newest counts. */
static void test_newest(void)
{
	struct file_writer *writer = create();

	set_stuck(true);
	file_writer_write(writer, g_strdup("one"));
	await(&disk.begun, 1);
	for (int i = 0; i < 1000; i++)
		file_writer_write(writer, g_strdup_printf("%d", i));
	set_stuck(false);
	file_writer_destroy(writer, FOR_EVER);
	g_assert_cmpstr(disk.texts->str, ==, "one\n999\n");
	expect_log(NULL);
}

/* What goes wrong is said by the main loop, or at the end. */
static void test_fails(void)
{
	struct file_writer *writer = create();

	disk.fails = true;
	file_writer_write(writer, g_strdup("one"));
	await(&disk.done, 1);
	expect_log(NULL);
	g_main_context_iteration(NULL, TRUE);
	expect_log("counters: /file: is full");
	file_writer_write(writer, g_strdup("two"));
	file_writer_destroy(writer, FOR_EVER);
	expect_log("counters: /file: is full");
	g_assert_false(g_main_context_pending(NULL));
}

/* The end comes all the same. */
static void test_stuck(void)
{
	struct file_writer *writer = create();

	set_stuck(true);
	file_writer_write(writer, g_strdup("one"));
	await(&disk.begun, 1);
	file_writer_write(writer, g_strdup("two"));
	file_writer_destroy(writer, 1);
	expect_log("counters: /file: still not written, left alone");
	set_stuck(false);
	await(&disk.done, 2);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/report/file-writer/writes", test_writes);
	g_test_add_func("/report/file-writer/newest", test_newest);
	g_test_add_func("/report/file-writer/fails", test_fails);
	g_test_add_func("/report/file-writer/stuck", test_stuck);
	return g_test_run();
}
