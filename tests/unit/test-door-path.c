/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket that the file system does not let us make: full, read-only, not there yet, slow. It is
 * said once, tried again, and nobody else waits for it.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/door.h"

/* ---- the file system ---- */

static struct {
	GMutex mutex;
	GCond cond;
	int error; /* that bind() fails with; 0: none */
	bool stuck; /* bind() does not return in any thread but the main one */
	unsigned int calls;
	GThread *main;
	const char
		*link; /* that the folder's owner puts in the socket's place at once; NULL: none */
} binds;

/* As the one who owns the folder may. */
static void replace(const char *path)
{
	g_assert_cmpint(unlink(path), ==, 0);
	g_assert_cmpint(symlink(binds.link, path), ==, 0);
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	int error;

	g_mutex_lock(&binds.mutex);
	binds.calls++;
	error = binds.error;
	g_cond_broadcast(&binds.cond);
	while (binds.stuck && g_thread_self() != binds.main)
		g_cond_wait(&binds.cond, &binds.mutex);
	g_mutex_unlock(&binds.mutex);
	if (!error)
		error = syscall(SYS_bind, fd, address, size) < 0 ? errno : 0;
	if (!error && binds.link)
		replace(((const struct sockaddr_un *)address)->sun_path);
	errno = error;
	return error ? -1 : 0;
}

static void set_binds(int error, bool stuck)
{
	g_mutex_lock(&binds.mutex);
	binds.error = error;
	binds.stuck = stuck;
	binds.calls = 0;
	binds.main = g_thread_self();
	g_cond_broadcast(&binds.cond);
	g_mutex_unlock(&binds.mutex);
}

static unsigned int count_binds(void)
{
	unsigned int calls;

	g_mutex_lock(&binds.mutex);
	calls = binds.calls;
	g_mutex_unlock(&binds.mutex);
	return calls;
}

/* ---- the doors ---- */

struct street {
	char *folder;
	char *path;
	struct door *door;
	int peer;
	size_t fds;
};

static void attached(void *data, int fd)
{
	int *peer = data;

	*peer = fd;
}

static struct street street_create(void)
{
	struct street street = {.peer = -1};

	g_main_context_default();
	street.fds = fixture_count_fds();
	street.folder = g_dir_make_tmp("test-door-path-XXXXXX", NULL);
	g_assert_nonnull(street.folder);
	street.path = g_build_filename(street.folder, "socket", NULL);
	return street;
}

static void street_destroy(struct street *street)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	door_destroy(street->door);
	if (street->peer >= 0)
		close(street->peer);
	g_assert_cmpint(g_rmdir(street->folder), ==, 0);
	g_assert_cmpuint(fixture_count_fds(), ==, street->fds);
	g_free(street->folder);
	g_free(street->path);
}

static struct door *open_door(const char *path, int *peer)
{
	const struct door_options options = {.path = path, .guest = "kiosk"};
	g_autoptr(GError) error = NULL;
	struct door *door = door_create_path(&options, attached, peer, &error);

	g_assert_no_error(error);
	g_assert_nonnull(door);
	return door;
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	if (text)
		g_assert_cmpstr(log, ==, text);
	else
		g_assert_null(log);
}

static void await_log(const char *text)
{
	g_autofree char *expected = g_strdup_printf("[kiosk] guest kiosk: %s", text);
	char *log = NULL;

	while (!log) {
		g_main_context_iteration(NULL, TRUE);
		log = fixture_log_take();
	}
	g_assert_cmpstr(log, ==, expected);
	g_free(log);
}

/* Whoever connects is served. */
static void expect_served(const char *path, const int *peer)
{
	int client = fixture_connect(path);

	while (*peer < 0)
		g_main_context_iteration(NULL, TRUE);
	close(client);
}

static void test_no_folder(void)
{
	struct street street = street_create();
	g_autofree char *folder = g_build_filename(street.folder, "later", NULL);
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	g_autofree char *waits = g_strdup_printf(
		"[kiosk] guest kiosk: %s: cannot listen, and tries again: %s: the socket's folder is "
		"missing: No such file or directory",
		path, path);
	g_autofree char *listens = g_strdup_printf("%s: listens now", path);

	street.door = open_door(path, &street.peer);
	expect_log(waits);
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	await_log(listens);
	expect_served(path, &street.peer);
	g_clear_pointer(&street.door, door_destroy);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	street_destroy(&street);
}

static char *waiting_for(const struct street *street, int error)
{
	return g_strdup_printf("%s: cannot listen, and tries again: %s: cannot bind: %s",
		street->path, street->path, g_strerror(error));
}

/* Each reason is said once, however often it is met. */
static void test_reasons(void)
{
	struct street street = street_create();
	g_autofree char *full = waiting_for(&street, ENOSPC);
	g_autofree char *first = g_strdup_printf("[kiosk] guest kiosk: %s", full);
	g_autofree char *read_only = waiting_for(&street, EROFS);
	g_autofree char *listens = g_strdup_printf("%s: listens now", street.path);

	set_binds(ENOSPC, false);
	street.door = open_door(street.path, &street.peer);
	expect_log(first);
	while (count_binds() < 2)
		g_main_context_iteration(NULL, TRUE);
	expect_log(NULL);
	set_binds(EROFS, false);
	await_log(read_only);
	set_binds(0, false);
	await_log(listens);
	expect_served(street.path, &street.peer);
	street_destroy(&street);
}

static bool prepares;

static bool prepare(const char *path, GError **error)
{
	if (prepares)
		return true;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ROFS, "no folder for %s", strrchr(path, '/'));
	return false;
}

static void test_prepare(void)
{
	struct street street = street_create();
	const struct door_options options = {
		.path = street.path,
		.prepare = prepare,
		.guest = "kiosk",
	};
	g_autofree char *waits = g_strdup_printf(
		"[kiosk] guest kiosk: %s: cannot listen, and tries again: no folder for /socket",
		street.path);
	g_autofree char *listens = g_strdup_printf("%s: listens now", street.path);

	street.door = door_create_path(&options, attached, &street.peer, NULL);
	g_assert_nonnull(street.door);
	expect_log(waits);
	prepares = true;
	await_log(listens);
	expect_served(street.path, &street.peer);
	street_destroy(&street);
}

enum patience { PATIENT, GIVES_UP, GIVES_UP_LATE };

static bool is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* A file system that takes its time holds nobody up, and whoever gives up waits for nothing. */
static void test_slow(gconstpointer data)
{
	enum patience patience = GPOINTER_TO_INT(data);
	struct street street = street_create();
	g_autofree char *other = g_build_filename(street.folder, "other", NULL);
	g_autofree char *listens = g_strdup_printf("%s: listens now", street.path);
	struct door *door;
	int peer = -1;

	set_binds(EROFS, false);
	street.door = open_door(street.path, &street.peer);
	g_free(fixture_log_take());
	set_binds(0, true);
	while (count_binds() == 0)
		g_main_context_iteration(NULL, FALSE);
	/* It is in bind(), and does not return. */
	door = open_door(other, &peer);
	expect_served(other, &peer);
	close(peer);
	door_destroy(door);
	if (patience == GIVES_UP)
		g_clear_pointer(&street.door, door_destroy);
	set_binds(0, false);
	if (patience == PATIENT)
		await_log(listens);
	while (patience == GIVES_UP_LATE && !is_there(street.path))
		g_thread_yield();
	if (patience == GIVES_UP_LATE)
		g_clear_pointer(&street.door, door_destroy);
	/* What was made in vain is unmade, though the main loop is over. */
	while (patience != PATIENT && fixture_count_fds() != street.fds)
		g_thread_yield();
	street_destroy(&street);
}

static unsigned int mode_of(const char *path)
{
	struct stat status;

	g_assert_cmpint(lstat(path, &status), ==, 0);
	return status.st_mode & 07777;
}

/* The socket is opened to its group, and nothing else that is put in its place meanwhile. */
static void test_group(void)
{
	struct street street = street_create();
	/* cppcheck-suppress getgrgidCalled ; there is one thread */
	const struct group *group = getgrgid(getgid());
	g_autofree char *victim = g_build_filename(street.folder, "victim", NULL);
	g_autofree char *waits = g_strdup_printf(
		"[kiosk] guest kiosk: %s: cannot listen, and tries again: %s: another file has been "
		"put in its place",
		street.path, street.path);
	g_autofree char *listens = g_strdup_printf("%s: listens now", street.path);
	struct door_options options = {.path = street.path, .guest = "kiosk"};

	g_assert_nonnull(group);
	options.group = group->gr_name;
	g_assert_true(
		g_file_set_contents_full(victim, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	binds.link = victim;
	street.door = door_create_path(&options, attached, &street.peer, NULL);
	g_assert_nonnull(street.door);
	expect_log(waits);
	g_assert_cmpuint(mode_of(victim), ==, 0600);
	binds.link = NULL;
	unlink(street.path);
	await_log(listens);
	g_assert_cmpuint(mode_of(street.path), ==, 0660);
	expect_served(street.path, &street.peer);
	g_assert_cmpint(g_unlink(victim), ==, 0);
	street_destroy(&street);
}

static void test_destroyed_before(void)
{
	struct street street = street_create();

	set_binds(ENOSPC, false);
	street.door = open_door(street.path, &street.peer);
	g_free(fixture_log_take());
	set_binds(0, false);
	street_destroy(&street);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/door/path/no-folder", test_no_folder);
	g_test_add_func("/door/path/reasons", test_reasons);
	g_test_add_func("/door/path/prepare", test_prepare);
	g_test_add_data_func("/door/path/slow", GINT_TO_POINTER(PATIENT), test_slow);
	g_test_add_data_func("/door/path/slow/given-up", GINT_TO_POINTER(GIVES_UP), test_slow);
	g_test_add_data_func("/door/path/slow/given-up-late", GINT_TO_POINTER(GIVES_UP_LATE),
		test_slow);
	g_test_add_func("/door/path/group", test_group);
	g_test_add_func("/door/path/destroyed-before", test_destroyed_before);
	return g_test_run();
}
