/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines to standard error that is a pipe, a socket or a file, and counters to a file, with one
 * call that fails: nobody waits for who does not read, one line or one text is lost at most, and
 * the next one comes.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "interpose.h"
#include "log.h"
#include "report/file_writer.h"
#include "report/log_writer.h"
#include "report/stats.h"

/* What a pipe or a socket holds, made small, is less. */
#define LINES 20
#define LINE_SIZE 1000
#define HOLDS 4096

#define PATIENCE_MS 5000

/* ---- the log ---- */

static void write_line(const char *text)
{
	log_daemon(G_LOG_LEVEL_MESSAGE, "%s", text);
}

/* All that has come, up to now. */
static char *read_all(int fd)
{
	GString *text = g_string_new(NULL);
	char bytes[4096];
	ssize_t got;

	g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		g_string_append_len(text, bytes, got);
	return g_string_free(text, FALSE);
}

/* `fds`: where it is read, and what becomes standard error. */
static void log_to(const int fds[2])
{
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	g_autofree char *many = g_strnfill(LINE_SIZE, 'x');
	int own = dup(STDERR_FILENO);

	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_writer_install(G_LOG_LEVEL_INFO);
	write_line("one");
	write_line("two");
	/* Nobody reads. */
	for (int i = 0; i < LINES; i++)
		write_line(many);
	before = read_all(fds[0]);
	write_line("three");
	write_line("four");
	after = read_all(fds[0]);
	dup2(own, STDERR_FILENO);
	close(own);
	close(fds[0]);
	/* The reader has gone: nobody waits for it, and no more. */
	if (faults_is_hang_up())
		return;
	g_assert_true(strstr(before, "one") || strstr(before, "two"));
	g_assert_true(strstr(after, "three") || strstr(after, "four"));
}

static void log_to_pipe(void)
{
	int fds[2];

	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(fcntl(fds[1], F_SETPIPE_SZ, HOLDS), >, 0);
	log_to(fds);
}

static void log_to_socket(void)
{
	const int holds = HOLDS;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	g_assert_cmpint(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &holds, sizeof(holds)), ==, 0);
	log_to(fds);
}

static void log_to_file(void)
{
	g_autofree char *path = NULL;
	int fds[2];

	fds[1] = g_file_open_tmp("test-fault-XXXXXX", &path, NULL);
	g_assert_cmpint(fds[1], >=, 0);
	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	g_unlink(path);
	log_to(fds);
}

/* ---- counters ---- */

static char *text_of(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "stats.json", NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void write_counters(const char *folder, const char *text, file_writer_func write)
{
	g_autofree char *path = g_build_filename(folder, "stats.json", NULL);
	struct file_writer *writer = file_writer_create("statistics", path, write);

	file_writer_write(writer, g_strdup(text));
	file_writer_destroy(writer, PATIENCE_MS);
}

static void write_twice(file_writer_func write)
{
	g_autofree char *folder = g_dir_make_tmp("test-fault-XXXXXX", NULL);
	g_autofree char *before = NULL;
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	g_main_context_default();
	before = faults_list_fds();
	write_counters(folder, "old\n", write);
	first = text_of(folder);
	write_counters(folder, "new\n", write);
	second = text_of(folder);
	faults_expect_fds(before);
	/* One may be missing, none is cut. */
	g_assert_true(!first || g_str_equal(first, "old\n"));
	g_assert_true(second && (g_str_equal(second, "old\n") || g_str_equal(second, "new\n")));
	g_assert_true(first || g_str_equal(second, "new\n"));
	faults_expect_told(NULL, 0);
	faults_remove_folder(folder);
}

static void counters(void)
{
	write_twice(stats_write);
}

static void alive_file(void)
{
	write_twice(stats_write_for_all);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add_logging("/fault/report/log-to-pipe", log_to_pipe, 20);
	faults_add_logging("/fault/report/log-to-socket", log_to_socket, 20);
	faults_add_logging("/fault/report/log-to-file", log_to_file, 20);
	faults_add("/fault/report/counters", counters, 20);
	faults_add("/fault/report/alive-file", alive_file, 20);
	return g_test_run();
}
