/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scanout-hold keeps of what its child tells it, and how the next one gets it. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keep/manager.h"
#include "tools/scanout-hold/store.h"

#define ROOM 3

struct fixture {
	int child; /* its end */
	int own;
	struct store *store;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	int pair[2];
	int yes = 1;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_cmpint(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)), ==, 0);
	fixture->child = pair[0];
	fixture->own = pair[1];
	fixture->store = store_create(ROOM);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	store_destroy(fixture->store);
	close(fixture->child);
	close(fixture->own);
}

static enum store_message say(struct fixture *fixture, const char *text, int fd)
{
	g_assert_true(manager_tell(fixture->child, text, fd));
	return store_receive(fixture->store, fixture->own, getpid());
}

/* What it is, and nobody else has; closed by the caller. */
static int make_file(void)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	g_assert_cmpint(file, >=, 0);
	return file;
}

static bool is_file(int fd, int file)
{
	struct stat a;
	struct stat b;

	return fstat(fd, &a) == 0 && fstat(file, &b) == 0 && a.st_ino == b.st_ino &&
		a.st_dev == b.st_dev;
}

/* In a process of its own, as it is before it becomes the next child. */
static void become_next(const struct fixture *fixture, const char *names, const int *files,
	int count)
{
	g_autofree char *number = g_strdup_printf("%d", count);
	g_autofree char *self = g_strdup_printf("%d", (int)getpid());
	int moved[ROOM];

	/* They can be anywhere by now, also in each other's places. */
	for (int i = 0; i < count; i++)
		moved[i] = fcntl(files[i], F_DUPFD_CLOEXEC, 100);
	if (!store_hand_over(fixture->store))
		_exit(1);
	for (int i = 0; i < count; i++) {
		if (!is_file(3 + i, moved[i]) || fcntl(3 + i, F_GETFD) != 0)
			_exit(2);
	}
	if (g_strcmp0(g_getenv("LISTEN_FDS"), number) != 0 ||
		g_strcmp0(g_getenv("LISTEN_PID"), self) != 0)
		_exit(3);
	_exit(g_strcmp0(g_getenv("LISTEN_FDNAMES"), names) == 0 ? 0 : 4);
}

static void expect_handed_over(const struct fixture *fixture, const char *names, const int *files,
	int count)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		become_next(fixture, names, files, count);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* ---- tests ---- */

static void test_keeps(struct fixture *fixture, gconstpointer data)
{
	const int files[] = {make_file(), make_file(), make_file()};

	g_assert_cmpint(say(fixture, "READY=1", -1), ==, STORE_OTHER);
	g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=card/0", files[0]), ==, STORE_DONE);
	g_assert_cmpint(say(fixture, "FDNAME=socket/1\nFDSTORE=1", files[1]), ==, STORE_DONE);
	g_assert_cmpint(say(fixture, "FDSTORE=1", files[2]), ==, STORE_DONE);
	g_assert_cmpuint(store_count(fixture->store), ==, 3);
	expect_handed_over(fixture, "card/0:socket/1:stored", files, 3);
	/* As often as it is needed. */
	expect_handed_over(fixture, "card/0:socket/1:stored", files, 3);
	g_assert_cmpint(say(fixture, "FDSTOREREMOVE=1\nFDNAME=socket/1", -1), ==, STORE_DONE);
	g_assert_cmpint(say(fixture, "FDSTOREREMOVE=1\nFDNAME=socket/2", -1), ==, STORE_DONE);
	expect_handed_over(fixture, "card/0:stored", (const int[]){files[0], files[2]}, 2);
	g_assert_cmpint(store_receive(fixture->store, fixture->own, getpid()), ==, STORE_NOTHING);
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		close(files[i]);
}

static void test_none(struct fixture *fixture, gconstpointer data)
{
	g_unsetenv("LISTEN_FDS");
	g_unsetenv("FDSTORE");
	g_assert_true(store_hand_over(fixture->store));
	g_assert_null(g_getenv("LISTEN_FDS"));
	/* How many there can be. */
	g_assert_cmpstr(g_getenv("FDSTORE"), ==, G_STRINGIFY(ROOM));
}

static void test_same_name(struct fixture *fixture, gconstpointer data)
{
	const int files[] = {make_file(), make_file()};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=a", files[i]), ==, STORE_DONE);
	expect_handed_over(fixture, "a:a", files, 2);
	g_assert_cmpint(say(fixture, "FDSTOREREMOVE=1\nFDNAME=a", -1), ==, STORE_DONE);
	g_assert_cmpuint(store_count(fixture->store), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		close(files[i]);
}

static void test_full(struct fixture *fixture, gconstpointer data)
{
	int file = make_file();

	for (int i = 0; i < ROOM; i++)
		g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=a", file), ==, STORE_DONE);
	g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=b", file), ==, STORE_FULL);
	g_assert_cmpuint(store_count(fixture->store), ==, ROOM);
	g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=b", -1), ==, STORE_FULL);
	close(file);
}

/* Nobody but the child: whoever is on this machine can write to the address. */
static void test_stranger(struct fixture *fixture, gconstpointer data)
{
	int file = make_file();

	g_assert_true(manager_tell(fixture->child, "FDSTORE=1\nFDNAME=a", file));
	g_assert_cmpint(store_receive(fixture->store, fixture->own, getpid() + 1), ==, STORE_OTHER);
	g_assert_cmpuint(store_count(fixture->store), ==, 0);
	close(file);
}

/* A name that would be two in the list. */
static void test_wrong_name(struct fixture *fixture, gconstpointer data)
{
	int file = make_file();

	g_assert_cmpint(say(fixture, "FDSTORE=1\nFDNAME=a:b", file), ==, STORE_DONE);
	expect_handed_over(fixture, "stored", &file, 1);
	close(file);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, test) \
	g_test_add("/scanout-hold/store/" path, struct fixture, NULL, set_up, test, tear_down)
	ADD("keeps", test_keeps);
	ADD("none", test_none);
	ADD("same-name", test_same_name);
	ADD("full", test_full);
	ADD("stranger", test_stranger);
	ADD("wrong-name", test_wrong_name);
	return g_test_run();
}
