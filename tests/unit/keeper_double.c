/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper_double.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT_MAX 64

static struct {
	char *name;
	int fd;
} store[KEPT_MAX];

static bool is_stopping, is_full, is_deaf;

static int find(const char *name)
{
	for (int i = 0; i < KEPT_MAX; i++) {
		if (g_strcmp0(store[i].name, name) == 0)
			return i;
	}
	return -1;
}

static int take(void *data, const char *name)
{
	int i = find(name);

	return i < 0 ? -1 : fcntl(store[i].fd, F_DUPFD_CLOEXEC, 3);
}

static bool forget(void *data, const char *name)
{
	int i = find(name);

	if (i < 0)
		return true;
	if (is_stopping)
		return false;
	if (is_deaf)
		return true;
	/* By another process: no close() of a test's own. */
	syscall(SYS_close, store[i].fd);
	g_clear_pointer(&store[i].name, g_free);
	return true;
}

static bool keep(void *data, const char *name, int fd)
{
	int i = 0;

	if (is_full)
		return false;
	forget(NULL, name);
	while (store[i].name)
		g_assert_cmpint(++i, <, KEPT_MAX);
	store[i].name = g_strdup(name);
	store[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return true;
}

const struct fd_keeper keeper_double = {take, keep, forget, NULL};

void keeper_double_stop(bool stops)
{
	is_stopping = stops;
}

void keeper_double_fill(bool full)
{
	is_full = full;
}

void keeper_double_deafen(bool deaf)
{
	is_deaf = deaf;
}

unsigned int keeper_double_count(void)
{
	unsigned int count = 0;

	for (int i = 0; i < KEPT_MAX; i++)
		count += store[i].name != NULL;
	return count;
}
