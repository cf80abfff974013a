/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A listening socket that is kept for the next start: it stays with its file, whoever connects
 * while nobody runs is served by the next one, and what is kept is of no use where another file
 * stands at the path or others could connect than the configuration says.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/door.h"

/* A folder, a service manager's store of one, and a door. */
struct house {
	char *folder;
	char *path;
	char *lock_path;
	char *name; /* of what is stored; NULL: nothing is */
	int stored;
	int handed; /* to this process when it was started; -1: taken, or nothing was */
	bool ending; /* this process is about to */
	struct fd_keeper keeper;
	struct door *door;
	int peer; /* that came last, or -1 */
	size_t fds;
};

/* ---- the keeper ---- */

static int take(void *data, const char *name)
{
	struct house *house = data;
	int fd = house->handed;

	if (g_strcmp0(house->name, name) != 0)
		return -1;
	house->handed = -1;
	return fd;
}

static void clear_store(struct house *house)
{
	if (house->name)
		close(house->stored);
	g_clear_pointer(&house->name, g_free);
}

static bool keep(void *data, const char *name, int fd)
{
	struct house *house = data;

	clear_store(house);
	house->name = g_strdup(name);
	house->stored = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return true;
}

static bool forget(void *data, const char *name)
{
	struct house *house = data;

	g_assert_cmpstr(name, ==, house->name);
	if (house->ending)
		return false;
	clear_store(house);
	return true;
}

/* ---- life ---- */

static void attached(void *data, int fd)
{
	struct house *house = data;

	g_assert_cmpint(house->peer, ==, -1);
	house->peer = fd;
}

static void set_up(struct house *house, gconstpointer data)
{
	g_main_context_default();
	*house = (struct house){.handed = -1, .peer = -1};
	house->fds = fixture_count_fds();
	house->folder = g_dir_make_tmp("test-door-kept-XXXXXX", NULL);
	house->path = g_build_filename(house->folder, "socket", NULL);
	house->lock_path = g_strconcat(house->path, ".lock", NULL);
	house->keeper = (struct fd_keeper){take, keep, forget, house};
}

static void tear_down(struct house *house, gconstpointer data)
{
	house->ending = false;
	door_destroy(house->door);
	if (house->peer >= 0)
		close(house->peer);
	g_assert_cmpint(g_rmdir(house->folder), ==, 0);
	clear_store(house);
	g_assert_cmpuint(fixture_count_fds(), ==, house->fds);
	g_free(house->folder);
	g_free(house->path);
	g_free(house->lock_path);
}

static void start(struct house *house, const char *group)
{
	const struct door_options options = {.path = house->path,
		.group = group,
		.keeper = &house->keeper};
	g_autoptr(GError) error = NULL;

	house->ending = false;
	house->handed = house->name ? fcntl(house->stored, F_DUPFD_CLOEXEC, 0) : -1;
	house->door = door_create_path(&options, attached, house, &error);
	g_assert_no_error(error);
	/* What nobody asks for, main closes. */
	if (house->handed >= 0)
		close(house->handed);
}

static void end(struct house *house)
{
	house->ending = true;
	g_clear_pointer(&house->door, door_destroy);
}

/* The door lets in who has connected. */
static void expect_served(struct house *house, int client)
{
	char byte = 'x';

	while (house->peer < 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(send(client, &byte, 1, MSG_NOSIGNAL), ==, 1);
	g_assert_cmpint(recv(house->peer, &byte, 1, 0), ==, 1);
	close(client);
	close(house->peer);
	house->peer = -1;
	door_release(house->door);
}

static ino_t file_of(const struct house *house)
{
	struct stat status;

	g_assert_cmpint(lstat(house->path, &status), ==, 0);
	return status.st_ino;
}

/* ---- tests ---- */

static void test_waits(struct house *house, gconstpointer data)
{
	ino_t file;
	int client;

	start(house, NULL);
	g_assert_nonnull(house->name);
	file = file_of(house);
	expect_served(house, fixture_connect(house->path));
	for (int i = 0; i < 2; i++) {
		end(house);
		client = fixture_connect(house->path);
		start(house, NULL);
		expect_served(house, client);
		g_assert_cmpuint(file_of(house), ==, file);
	}
	expect_served(house, fixture_connect(house->path));
}

/* Killed: its lock went with it, and its files did not. Nobody else may serve the path meanwhile
 * without that. */
static void test_locked(struct house *house, gconstpointer data)
{
	const struct door_options options = {.path = house->path};
	g_autoptr(GError) error = NULL;

	start(house, NULL);
	end(house);
	start(house, NULL);
	g_assert_null(door_create_path(&options, attached, house, &error));
	g_assert_error(error, DOOR_ERROR, DOOR_ERROR_SERVED);
}

/* A door that is not needed any more while the process runs. */
static void test_forgotten(struct house *house, gconstpointer data)
{
	start(house, NULL);
	g_clear_pointer(&house->door, door_destroy);
	g_assert_null(house->name);
	g_assert_cmpint(access(house->path, F_OK), ==, -1);
	g_assert_cmpint(access(house->lock_path, F_OK), ==, -1);
}

/* The file of what is kept has gone, and with it the way in. */
static void test_other_file(struct house *house, gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *first = NULL;
	int other;

	start(house, NULL);
	end(house);
	/* While the first one's file is there, or it could have its number. */
	g_strlcpy(address.sun_path, house->path, sizeof(address.sun_path));
	g_strlcat(address.sun_path, "-2", sizeof(address.sun_path));
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(other, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(rename(address.sun_path, house->path), ==, 0);
	close(other);
	first = g_strdup(house->name);
	start(house, NULL);
	g_assert_cmpstr(house->name, !=, first);
	expect_served(house, fixture_connect(house->path));
}

/* It was open to a group, and is to be ours alone; or the other way round. */
static void test_group(struct house *house, gconstpointer data)
{
	struct stat status;

	start(house, NULL);
	end(house);
	g_assert_cmpint(chmod(house->path, 0660), ==, 0);
	start(house, NULL);
	g_assert_cmpint(lstat(house->path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	expect_served(house, fixture_connect(house->path));
}

/* An fd that is not what its name says. */
static void test_no_socket(struct house *house, gconstpointer data)
{
	start(house, NULL);
	end(house);
	close(house->stored);
	house->stored = open("/dev/null", O_RDWR | O_CLOEXEC);
	start(house, NULL);
	expect_served(house, fixture_connect(house->path));
}

static void test_not_kept(struct house *house, gconstpointer data)
{
	const struct door_options options = {.path = house->path};

	house->door = door_create_path(&options, attached, house, NULL);
	expect_served(house, fixture_connect(house->path));
	g_assert_null(house->name);
	end(house);
	g_assert_cmpint(access(house->path, F_OK), ==, -1);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
#define ADD(path, test) g_test_add("/door/kept/" path, struct house, NULL, set_up, test, tear_down)
	ADD("waits", test_waits);
	ADD("locked", test_locked);
	ADD("forgotten", test_forgotten);
	ADD("other-file", test_other_file);
	ADD("group", test_group);
	ADD("no-socket", test_no_socket);
	ADD("not-kept", test_not_kept);
	return g_test_run();
}
