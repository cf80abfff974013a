/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log's writer, seen from outside: each test runs itself again with a standard error of its
 * choice and reads what comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "report/log_rate.h"
#include "report/log_writer.h"

/* What is another user's cannot be opened by its name. */
static bool cannot_reopen;

int open(const char *path, int flags, ...)
{
	if (cannot_reopen && g_str_equal(path, "/proc/self/fd/2")) {
		errno = EACCES;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

/* What a child wrote to its standard error. */
static char *run_child(void)
{
	char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) child = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_PIPE |
			G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
		&error, "/proc/self/exe", "--child", g_test_get_path(), NULL);

	g_assert_no_error(error);
	g_assert_true(g_subprocess_communicate_utf8(child, NULL, NULL, NULL, &text, &error));
	g_assert_no_error(error);
	g_assert_true(g_subprocess_get_successful(child));
	return text;
}

static void test_levels(void)
{
	g_autofree char *text = run_child();

	g_assert_cmpstr(text, ==,
		"scanoutd: error: e 1\n"
		"scanoutd: warning: w\n"
		"scanoutd: m\n"
		"scanoutd: i\n"
		"scanoutd: error: e\n"
		"scanoutd: debug: d\n");
}

static void child_levels(void)
{
	log_writer_install(G_LOG_LEVEL_INFO);
	log_daemon(G_LOG_LEVEL_CRITICAL, "e %d", 1);
	log_daemon(G_LOG_LEVEL_WARNING, "w");
	log_daemon(G_LOG_LEVEL_MESSAGE, "m");
	log_daemon(G_LOG_LEVEL_INFO, "i");
	log_daemon(G_LOG_LEVEL_DEBUG, "d");
	log_writer_set_level(G_LOG_LEVEL_CRITICAL);
	log_daemon(G_LOG_LEVEL_CRITICAL, "e");
	log_daemon(G_LOG_LEVEL_WARNING, "w");
	log_writer_set_level(G_LOG_LEVEL_DEBUG);
	log_daemon(G_LOG_LEVEL_DEBUG, "d");
}

static void test_names(void)
{
	g_autofree char *text = run_child();

	g_assert_cmpstr(text, ==,
		"scanoutd: guest kiosk: came\n"
		"scanoutd: DP-1: on\n"
		"scanoutd: /dev/dri/card0: gone\n");
}

static void child_names(void)
{
	log_writer_install(G_LOG_LEVEL_INFO);
	log_guest(G_LOG_LEVEL_INFO, "kiosk", "%s", "came");
	log_output(G_LOG_LEVEL_INFO, "DP-1", "on");
	log_card(G_LOG_LEVEL_INFO, "/dev/dri/card0", "gone");
}

/* A line that is too long is cut, and still ends. */
static void test_long_line(void)
{
	g_autofree char *text = run_child();

	g_assert_cmpuint(strlen(text), <=, 4096 + strlen("scanoutd: next\n"));
	g_assert_true(g_str_has_prefix(text, "scanoutd: xxxx"));
	g_assert_true(g_str_has_suffix(text, "x\nscanoutd: next\n"));
}

static void child_long_line(void)
{
	g_autofree char *line = g_strnfill(10000, 'x');

	log_writer_install(G_LOG_LEVEL_INFO);
	log_daemon(G_LOG_LEVEL_INFO, "%s", line);
	log_daemon(G_LOG_LEVEL_INFO, "next");
}

/* Nobody who names a device or fails a call moves the terminal's cursor or begins a line. */
static void test_escapes(void)
{
	g_autofree char *text = run_child();

	g_assert_cmpstr(text, ==,
		"scanoutd: device \\x1b[2Jx\\x07\\x0ascanoutd: error: no\\x7f\n"
		"scanoutd: caf\xc3\xa9 \xe2\x82\xac C:\\x\n"
		"scanoutd: \\xc2\\x9b2J \\xff\\xfe \\xc3\n"
		"scanoutd: \\xe2\\x80\\xaegnp.exe\\xe2\\x80\\xa8\n"
		"scanoutd: guest kiosk: \\x0d\n");
}

static void child_escapes(void)
{
	log_writer_install(G_LOG_LEVEL_INFO);
	log_daemon(G_LOG_LEVEL_INFO, "device %s", "\x1b[2Jx\x07\nscanoutd: error: no\x7f");
	log_daemon(G_LOG_LEVEL_INFO, "%s", "caf\xc3\xa9 \xe2\x82\xac C:\\x");
	log_daemon(G_LOG_LEVEL_INFO, "%s",
		"\xc2\x9b"
		"2J \xff\xfe \xc3");
	/* Text from right to left, and a line's end that is none of ours. */
	log_daemon(G_LOG_LEVEL_INFO, "%s",
		"\xe2\x80\xae"
		"gnp.exe\xe2\x80\xa8");
	log_guest(G_LOG_LEVEL_INFO, "kiosk", "\r");
}

/* Escapes and characters are cut as a whole, at every place. */
static void test_long_escapes(void)
{
	g_autofree char *text = run_child();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 13);
	for (size_t i = 0; i < 12; i++) {
		g_assert_cmpuint(strlen(lines[i]), <, 4096);
		g_assert_cmpuint(strlen(lines[i]), >, 4080);
		g_assert_true(g_utf8_validate(lines[i], -1, NULL));
		g_assert_true(g_str_has_suffix(lines[i], i < 6 ? "\\x1b" : "\xe2\x82\xac"));
	}
}

static void child_long_escapes(void)
{
	log_writer_install(G_LOG_LEVEL_INFO);
	for (int i = 0; i < 12; i++) {
		GString *line = g_string_new(NULL);

		for (int j = 0; j < i; j++)
			g_string_append_c(line, '-');
		for (int j = 0; j < 2000; j++)
			g_string_append(line, i < 6 ? "\x1b" : "\xe2\x82\xac");
		log_daemon(G_LOG_LEVEL_INFO, "%s", line->str);
		g_string_free(line, TRUE);
	}
}

/* Standard error is a pipe that nobody reads: the child must come to its end all the same, and say
 * afterwards how many lines were lost. */
static void test_stuck_reader(void)
{
	g_autofree char *text = run_child();

	g_assert_true(g_str_has_prefix(text, "scanoutd: warning: "));
	g_assert_true(g_str_has_suffix(text, " log lines were lost here\nscanoutd: at last\n"));
}

static void child_stuck_reader(void)
{
	int original = dup(STDERR_FILENO);
	int ends[2];
	char buffer[65536];
	ssize_t size;
	ssize_t last = 0;

	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_writer_install(G_LOG_LEVEL_INFO);
	for (int i = 0; i < 20000; i++)
		log_daemon(G_LOG_LEVEL_INFO, "line %d of many that nobody reads", i);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while ((size = read(ends[0], buffer, sizeof(buffer))) > 0)
		last = size;
	/* Whole lines only. */
	g_assert_cmpint(last, >, 0);
	log_daemon(G_LOG_LEVEL_INFO, "at last");
	size = read(ends[0], buffer, sizeof(buffer));
	g_assert_cmpint(write(original, buffer, (size_t)size), ==, size);
}

/* … or a terminal. It takes part of a line, then nothing; whoever shares the open file may rely on
 * its flags. */
static void test_stuck_terminal(void)
{
	g_autofree char *text = run_child();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_assert_true(g_str_has_prefix(text, "scanoutd: line 0 of"));
	for (size_t i = 0; lines[i]; i++)
		g_assert_cmpuint(strlen(lines[i]), <, 200);
	g_assert_nonnull(strstr(text, " log lines were lost here"));
	g_assert_true(g_str_has_suffix(text, "scanoutd: at last\n"));
}

static void copy_terminal(int terminal, int to)
{
	char buffer[4096];
	ssize_t size;

	while ((size = read(terminal, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < size; i++) {
			if (buffer[i] != '\r')
				g_assert_cmpint(write(to, buffer + i, 1), ==, 1);
		}
	}
}

static void stick_terminal(bool reopened)
{
	int original = dup(STDERR_FILENO);
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int theirs;

	g_assert_cmpint(terminal, >=, 0);
	g_assert_cmpint(grantpt(terminal), ==, 0);
	g_assert_cmpint(unlockpt(terminal), ==, 0);
	theirs = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	g_assert_cmpint(theirs, >=, 0);
	dup2(theirs, STDERR_FILENO);
	close(theirs);
	cannot_reopen = !reopened;
	log_writer_install(G_LOG_LEVEL_INFO);
	for (int i = 0; i < 20000; i++)
		log_daemon(G_LOG_LEVEL_INFO, "line %d of many that nobody reads", i);
	g_assert_cmpint(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, ==, 0);
	copy_terminal(terminal, original);
	log_daemon(G_LOG_LEVEL_INFO, "at last");
	copy_terminal(terminal, original);
}

static void child_stuck_terminal(void)
{
	stick_terminal(true);
}

static void child_stuck_foreign_terminal(void)
{
	stick_terminal(false);
}

/* … or a socket. */
static void child_stuck_socket(void)
{
	int original = dup(STDERR_FILENO);
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	dup2(pair[1], STDERR_FILENO);
	close(pair[1]);
	log_writer_install(G_LOG_LEVEL_INFO);
	for (int i = 0; i < 20000; i++)
		log_daemon(G_LOG_LEVEL_INFO, "line %d of many that nobody reads", i);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	copy_terminal(pair[0], original);
	log_daemon(G_LOG_LEVEL_INFO, "at last");
	copy_terminal(pair[0], original);
}

/* One that writes without end is cut short, and it is said by how much; others are not. */
static void test_rate(void)
{
	g_autofree char *text = run_child();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	unsigned int written = 0;
	unsigned int left_out = 0;
	unsigned int others = 0;
	unsigned int lease_left_out = 0;

	for (size_t i = 0; lines[i]; i++) {
		unsigned int count;

		if (strstr(lines[i], "lease loud: ") && strstr(lines[i], " left out here")) {
			lease_left_out++;
		} else if (strstr(lines[i], " log lines were left out here")) {
			g_assert_cmpint(
				sscanf(lines[i], "scanoutd: warning: guest loud: %u", &count), ==,
				1);
			left_out += count;
		} else if (strstr(lines[i], "guest loud: ")) {
			written++;
		} else if (strstr(lines[i], "guest quiet: ") || strstr(lines[i], "scanoutd: i")) {
			others++;
		}
	}
	g_assert_cmpuint(others, ==, 6);
	g_assert_cmpuint(written, >=, LOG_RATE_BURST);
	g_assert_cmpuint(left_out, >=, 1);
	g_assert_cmpuint(lease_left_out, >=, 1);
	g_assert_true(g_str_has_suffix(text, "guest loud: once more\n"));
}

static void child_rate(void)
{
	int original = dup(STDERR_FILENO);
	int file = memfd_create("log", MFD_CLOEXEC);
	char buffer[65536];
	ssize_t size;
	off_t before;

	dup2(file, STDERR_FILENO);
	log_writer_install(G_LOG_LEVEL_INFO);
	for (int i = 0; i < 3; i++) {
		log_guest(G_LOG_LEVEL_INFO, "quiet", "came");
		for (int j = 0; j < 1000; j++)
			log_guest(G_LOG_LEVEL_WARNING, "loud", "%d", j);
		log_daemon(G_LOG_LEVEL_INFO, "i");
	}
	/* A lease of the same name is another one. */
	for (int j = 0; j < 1000; j++)
		log_lease(G_LOG_LEVEL_WARNING, "loud", "%d", j);
	before = lseek(file, 0, SEEK_END);
	while (lseek(file, 0, SEEK_END) == before)
		log_lease(G_LOG_LEVEL_INFO, "loud", "once more");
	/* Until there is room for one again. */
	before = lseek(file, 0, SEEK_END);
	while (lseek(file, 0, SEEK_END) == before)
		log_guest(G_LOG_LEVEL_INFO, "loud", "once more");
	lseek(file, 0, SEEK_SET);
	while ((size = read(file, buffer, sizeof(buffer))) > 0)
		g_assert_cmpint(write(original, buffer, (size_t)size), ==, size);
}

/* The clock's part, without a clock: a burst, then so many a second; idleness saves no more than a
 * burst. */
static void test_bucket(void)
{
	struct log_rate *rate = log_rate_create();
	unsigned int taken = 0;
	unsigned int left_out = 0;
	int64_t now = 5 * G_USEC_PER_SEC;

	for (int i = 0; i < 1000; i++)
		taken += log_rate_takes(rate, "a", now, &left_out);
	g_assert_cmpuint(taken, ==, LOG_RATE_BURST);
	g_assert_true(log_rate_takes(rate, "b", now, &left_out));
	g_assert_cmpuint(left_out, ==, 0);
	now += G_USEC_PER_SEC;
	for (int i = 0; i < 1000; i++) {
		if (!log_rate_takes(rate, "a", now, &left_out))
			continue;
		g_assert_cmpuint(left_out, ==, i == 0 ? 1000 - LOG_RATE_BURST : 0);
		taken++;
	}
	g_assert_cmpuint(taken, ==, LOG_RATE_BURST + LOG_RATE_PER_SECOND);
	now += INT64_C(3600) * G_USEC_PER_SEC;
	for (int i = 0; i < 1000; i++)
		taken += log_rate_takes(rate, "a", now, &left_out);
	g_assert_cmpuint(taken, ==, 2 * LOG_RATE_BURST + LOG_RATE_PER_SECOND);
	log_rate_destroy(rate);
	log_rate_destroy(NULL);
}

static const struct {
	const char *path;
	void (*test)(void);
	void (*child)(void);
} tests[] = {
	{"/log/levels", test_levels, child_levels},
	{"/log/names", test_names, child_names},
	{"/log/long-line", test_long_line, child_long_line},
	{"/log/escapes", test_escapes, child_escapes},
	{"/log/long-escapes", test_long_escapes, child_long_escapes},
	{"/log/stuck-reader", test_stuck_reader, child_stuck_reader},
	{"/log/stuck-terminal", test_stuck_terminal, child_stuck_terminal},
	{"/log/stuck-foreign-terminal", test_stuck_terminal, child_stuck_foreign_terminal},
	{"/log/stuck-socket", test_stuck_terminal, child_stuck_socket},
	{"/log/rate", test_rate, child_rate},
};

int main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], "--child")) {
		for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
			if (g_str_equal(tests[i].path, argv[2]))
				tests[i].child();
		}
		return 0;
	}
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_func(tests[i].path, tests[i].test);
	g_test_add_func("/log/bucket", test_bucket);
	return g_test_run();
}
