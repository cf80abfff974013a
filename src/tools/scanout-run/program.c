/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/program.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MILLISECONDS 10000
#define ANSWER_WANTED "QEMU emulator version"

bool program_is_there(const char *program, GError **error)
{
	g_autofree char *path = g_find_program_in_path(program);

	if (path)
		return true;
	if (!strchr(program, '/'))
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"%s: no such program in PATH", program);
	else if (!g_file_test(program, G_FILE_TEST_EXISTS))
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "%s: no such program",
			program);
	else
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES,
			"%s: not an executable program", program);
	return false;
}

/* Up to the wanted words, the end, or the end of our patience. */
static bool read_answer(int fd, const char *wanted)
{
	gint64 deadline = g_get_monotonic_time() + ANSWER_MILLISECONDS * G_TIME_SPAN_MILLISECOND;
	char answer[4096];
	size_t size = 0;

	while (size < sizeof(answer) - 1) {
		gint64 left = (deadline - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND;
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int count = poll(&ready, 1, left > 0 ? (int)left : 0);

		if (count < 0 && errno == EINTR)
			continue;
		if (count != 1)
			return false;
		ssize_t got = read(fd, answer + size, sizeof(answer) - 1 - size);
		if (got <= 0)
			return false;
		size += (size_t)got;
		answer[size] = '\0';
		if (strstr(answer, wanted))
			return true;
	}
	return false;
}

/* Runs it until it has said so. */
static bool listen_to(char **command, const char *wanted, GError **error)
{
	GPid pid;
	int fd;

	if (!g_spawn_async_with_pipes(NULL, command, NULL,
		    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
		    NULL, NULL, &pid, NULL, &fd, NULL, error))
		return false;
	bool said = read_answer(fd, wanted);
	close(fd);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	g_spawn_close_pid(pid);
	return said;
}

bool program_says(const char *program, const char *first, const char *second, const char *text)
{
	char *command[] = {(char *)program, (char *)first, (char *)second, NULL};

	return listen_to(command, text, NULL);
}

bool program_is_qemu(const char *program, GError **error)
{
	char *command[] = {(char *)program, (char *)"-version", NULL};
	g_autoptr(GError) not_run = NULL;

	if (!program_is_there(program, error))
		return false;
	if (listen_to(command, ANSWER_WANTED, &not_run))
		return true;
	if (not_run)
		g_propagate_error(error, g_steal_pointer(&not_run));
	else
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED,
			"%s is not QEMU: \"%s -version\" does not say \"" ANSWER_WANTED
			"\" (put a program that runs another, such as taskset, before scanout-run)",
			program, program);
	return false;
}

char *program_find_beside(const char *const *names, GFileTest kind)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = g_path_get_dirname(self ? self : ".");

	for (const char *const *name = names; *name; name++) {
		g_autofree char *path = g_canonicalize_filename(*name, directory);
		if (g_file_test(path, kind))
			return g_steal_pointer(&path);
	}
	return NULL;
}

char *program_find_daemon(GError **error)
{
	static const char *const beside[] = {"scanoutd", "../sbin/scanoutd", NULL};
	char *path = program_find_beside(beside, G_FILE_TEST_IS_EXECUTABLE);

	if (!path)
		path = g_find_program_in_path("scanoutd");
	if (!path)
		g_set_error(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT,
			"scanoutd is neither beside scanout-run nor in PATH; name it with --daemon");
	return path;
}
