/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three doors: who is let in and when, who serves a path, and what is left behind.
 */
#include "wire/door.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel_fixture.h"

/* The line that was logged last, or NULL. */
static char *logged;

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE")) {
			g_free(logged);
			logged = g_strdup(fields[i].value);
		}
	}
	return G_LOG_WRITER_HANDLED;
}

/* A folder, a door, and whom it let in. */
struct house {
	char *folder;
	char *path;
	char *lock_path;
	struct door *door;
	int peer; /* that came last, or -1 */
	int peers;
	bool destroy_door; /* when one comes */
	size_t fds;
};

static void on_attached(void *data, int fd)
{
	struct house *house = data;

	g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
	g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, !=, 0);
	if (house->peer >= 0)
		close(house->peer);
	house->peer = fd;
	house->peers++;
	if (house->destroy_door) {
		door_destroy(house->door);
		house->door = NULL;
	}
}

static struct house house_create(void)
{
	g_autoptr(GError) error = NULL;
	struct house house = {.peer = -1};

	g_main_context_default();
	house.fds = fixture_count_fds();
	house.folder = g_dir_make_tmp("test-door-XXXXXX", &error);
	g_assert_no_error(error);
	house.path = g_build_filename(house.folder, "socket", NULL);
	house.lock_path = g_strconcat(house.path, ".lock", NULL);
	return house;
}

/* Nothing may be left: no file, no fd. */
static void house_destroy(struct house *house)
{
	door_destroy(house->door);
	if (house->peer >= 0)
		close(house->peer);
	g_assert_cmpint(rmdir(house->folder), ==, 0);
	g_assert_cmpuint(fixture_count_fds(), ==, house->fds);
	g_free(house->folder);
	g_free(house->path);
	g_free(house->lock_path);
}

static struct door *open_path(struct house *house, GError **error)
{
	return door_create_path(&(struct door_options){.path = house->path, .group = NULL},
		on_attached, house, error);
}

static void open_or_fail(struct house *house)
{
	g_autoptr(GError) error = NULL;

	house->door = open_path(house, &error);
	g_assert_no_error(error);
	g_assert_nonnull(house->door);
}

static void settle(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(fd, 4), ==, 0);
	return fd;
}

/* The peer at the door is the one that connected as `fd`. */
static void check_peer(struct house *house, int fd, int peers)
{
	char byte = (char)peers;
	char got = 0;

	settle();
	g_assert_cmpint(house->peers, ==, peers);
	g_assert_cmpint(write(fd, &byte, 1), ==, 1);
	g_assert_cmpint(read(house->peer, &got, 1), ==, 1);
	g_assert_cmpint(got, ==, byte);
}

/* ---- who comes in ---- */

static void check_one_at_a_time(struct house *house, const char *path)
{
	int first = fixture_connect(path);
	int second = fixture_connect(path);
	int third = fixture_connect(path);

	g_clear_pointer(&logged, g_free);
	check_peer(house, first, 1);
	settle();
	g_assert_cmpint(house->peers, ==, 1);
	g_assert_nonnull(logged);
	g_assert_nonnull(strstr(logged, "another peer has connected and waits"));
	g_clear_pointer(&logged, g_free);
	settle();
	g_assert_null(logged);
	door_release(house->door);
	check_peer(house, second, 2);
	close(first);
	settle();
	g_assert_cmpint(house->peers, ==, 2);
	door_release(house->door);
	/* Twice lets in one all the same. */
	door_release(house->door);
	check_peer(house, third, 3);
	/* The second one heard of the third, which hears of nobody. */
	g_assert_nonnull(logged);
	g_clear_pointer(&logged, g_free);
	settle();
	g_assert_null(logged);
	close(second);
	close(third);
}

static void test_path(void)
{
	struct house house = house_create();

	open_or_fail(&house);
	check_one_at_a_time(&house, house.path);
	house_destroy(&house);
}

/* Who waits for too long is told so, and why; the attached one notices nothing. */
static void test_busy(void)
{
	struct house house = house_create();
	g_autofree char *expected = g_strdup_printf(
		"another peer (process %d) is refused: busy with process %d", (int)getpid(),
		(int)getpid());
	int first, second, third;
	char byte;

	open_or_fail(&house);
	door_set_guest(house.door, "kiosk", NULL, 0);
	first = fixture_connect(house.path);
	check_peer(&house, first, 1);
	for (unsigned int i = 0; i < 2; i++) {
		g_clear_pointer(&logged, g_free);
		second = fixture_connect(house.path);
		while (logged == NULL || strstr(logged, "is refused") == NULL)
			g_main_context_iteration(NULL, TRUE);
		g_assert_nonnull(strstr(logged, expected));
		g_assert_true(g_str_has_prefix(logged, "guest kiosk: "));
		g_assert_cmpint(read(second, &byte, 1), ==, 0);
		close(second);
	}
	check_peer(&house, first, 1);
	/* One that comes in time takes its place. */
	third = fixture_connect(house.path);
	settle();
	door_release(house.door);
	check_peer(&house, third, 2);
	close(first);
	close(third);
	house_destroy(&house);
}

static void test_listening(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int fd = listen_at(house.path);

	house.door = door_create_listening(fd, on_attached, &house, &error);
	g_assert_no_error(error);
	check_one_at_a_time(&house, house.path);
	/* It is the service manager's path. */
	g_assert_cmpint(unlink(house.path), ==, 0);
	house_destroy(&house);
}

/* No fd is left for a peer: said once, and of whose door it is. */
static void test_cannot_accept(void)
{
	struct house house = house_create();
	struct rlimit limit, none;
	int peer;

	open_or_fail(&house);
	door_set_guest(house.door, "kiosk", NULL, 0);
	peer = fixture_connect(house.path);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = 3;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	settle();
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_assert_cmpint(house.peers, ==, 0);
	g_assert_nonnull(logged);
	g_assert_true(g_str_has_prefix(logged, "guest kiosk: "));
	g_assert_nonnull(strstr(logged, house.path));
	g_clear_pointer(&logged, g_free);
	close(peer);
	house_destroy(&house);
}

/* A peer for whose session there is no room stays in the backlog, where it is not lost. */
static void test_no_room(void)
{
	struct house house = house_create();
	struct rlimit limit, none;
	int lowest;
	int peer;

	open_or_fail(&house);
	door_set_guest(house.door, "kiosk", NULL, 5);
	peer = fixture_connect(house.path);
	lowest = fcntl(peer, F_DUPFD, 0);
	close(lowest);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest + 4;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	settle();
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_assert_cmpint(house.peers, ==, 0);
	g_assert_nonnull(logged);
	g_assert_nonnull(strstr(logged, "cannot accept a connection: Too many open files"));
	g_clear_pointer(&logged, g_free);
	while (house.peers == 0)
		g_main_context_iteration(NULL, TRUE);
	check_peer(&house, peer, 1);
	close(peer);
	house_destroy(&house);
}

static void test_inherited(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	house.door = door_create_inherited(pair[0], on_attached, &house, &error);
	g_assert_no_error(error);
	/* From the main loop, not from here; and once. */
	g_assert_cmpint(house.peers, ==, 0);
	check_peer(&house, pair[1], 1);
	door_release(house.door);
	settle();
	g_assert_cmpint(house.peers, ==, 1);
	close(pair[1]);
	house_destroy(&house);
}

static void test_inherited_never_taken(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	house.door = door_create_inherited(pair[0], on_attached, &house, &error);
	close(pair[1]);
	house_destroy(&house);
	settle();
}

static void test_destroyed_in_callback(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int pair[2];

	house.destroy_door = true;
	open_or_fail(&house);
	int fd = fixture_connect(house.path);
	check_peer(&house, fd, 1);
	g_assert_null(house.door);
	close(fd);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	house.door = door_create_inherited(pair[0], on_attached, &house, &error);
	check_peer(&house, pair[1], 2);
	g_assert_null(house.door);
	close(pair[1]);
	house_destroy(&house);
}

/* ---- who serves ---- */

static void test_served(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	g_autofree char *pid = g_strdup_printf("%s is served by process %d already", house.path,
		(int)getpid());

	open_or_fail(&house);
	g_assert_null(open_path(&house, &error));
	g_assert_error(error, DOOR_ERROR, DOOR_ERROR_SERVED);
	g_assert_cmpstr(error->message, ==, pid);
	/* And the one that serves is as it was. */
	int fd = fixture_connect(house.path);
	check_peer(&house, fd, 1);
	close(fd);
	house_destroy(&house);
}

/* By another process: the message says which. It is not asked by connecting. */
static void test_served_elsewhere(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int ready[2], leave[2];
	char byte;

	g_assert_cmpint(pipe(ready), ==, 0);
	g_assert_cmpint(pipe(leave), ==, 0);
	pid_t child = fork();
	if (child == 0) {
		house.door = open_path(&house, NULL);
		byte = house.door != NULL;
		close(leave[1]);
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		/* Until the parent closes it; then gone without tidying up. */
		_exit(read(leave[0], &byte, 1) == 0 ? 0 : 1);
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	g_assert_cmpint(byte, ==, 1);
	g_autofree char *wanted = g_strdup_printf("%s is served by process %d already", house.path,
		(int)child);
	g_assert_null(open_path(&house, &error));
	g_assert_cmpstr(error->message, ==, wanted);

	int status;
	close(leave[0]);
	close(leave[1]);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	/* It left socket and lock file behind: both are stale. */
	g_assert_true(g_file_test(house.path, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(house.lock_path, G_FILE_TEST_EXISTS));
	open_or_fail(&house);
	int fd = fixture_connect(house.path);
	check_peer(&house, fd, 1);
	close(fd);
	close(ready[0]);
	close(ready[1]);
	house_destroy(&house);
}

/* A file system that takes no byte more is no reason not to serve. */
static void test_full_file_system(void)
{
	struct house house = house_create();
	const struct rlimit none = {0, RLIM_INFINITY};
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	g_autoptr(GError) error = NULL;
	int client;

	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
	open_or_fail(&house);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &unlimited), ==, 0);
	g_assert_nonnull(logged);
	g_assert_nonnull(
		strstr(logged, "socket.lock: has no process number in it: File too large"));
	/* The lock holds all the same. */
	g_assert_null(open_path(&house, &error));
	g_assert_error(error, DOOR_ERROR, DOOR_ERROR_SERVED);
	client = fixture_connect(house.path);
	check_peer(&house, client, 1);
	close(client);
	house_destroy(&house);
}

/* Who comes and goes in a loop is served, but not as fast as it can. */
static void test_too_often(void)
{
	struct house house = house_create();
	struct account *account = account_create("kiosk");
	unsigned int served = 0;
	int client;

	open_or_fail(&house);
	door_set_guest(house.door, "kiosk", account, 1);
	for (int i = 0; i < 1000; i++) {
		client = fixture_connect(house.path);
		settle();
		close(client);
		if (house.peer < 0)
			break;
		served++;
		close(house.peer);
		house.peer = -1;
		door_release(house.door);
	}
	g_assert_cmpuint(served, >=, GUEST_SESSIONS_BURST);
	g_assert_cmpuint(served, <, 1000);
	/* The one that waits is let in in its turn. */
	while (house.peer < 0)
		g_main_context_iteration(NULL, TRUE);
	house_destroy(&house);
	fixture_close_account(account);
}

/* All doors of a guest count: with one more device it has no more than before. */
static void test_too_many(void)
{
	struct house house = house_create();
	struct account *account = account_create("kiosk");
	uint64_t most = account_most(account, ACCOUNT_FDS);
	int client;

	open_or_fail(&house);
	door_set_guest(house.door, "kiosk", account, 10);
	g_assert_true(account_charge(account, ACCOUNT_FDS, most - 9, NULL));
	client = fixture_connect(house.path);
	settle();
	g_assert_cmpint(house.peers, ==, 0);
	g_assert_nonnull(logged);
	g_assert_true(g_str_has_prefix(logged, "guest kiosk: "));
	g_assert_nonnull(strstr(logged, "a peer has to wait: "));
	g_clear_pointer(&logged, g_free);
	/* It is let in when there is room, and is charged for as long as it stays. */
	account_discharge(account, ACCOUNT_FDS, 1);
	while (house.peers == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_null(logged);
	check_peer(&house, client, 1);
	g_assert_cmpuint(account_used(account, ACCOUNT_FDS), ==, most);
	door_release(house.door);
	g_assert_cmpuint(account_used(account, ACCOUNT_FDS), ==, most - 10);
	account_discharge(account, ACCOUNT_FDS, most - 10);
	close(client);
	house_destroy(&house);
	fixture_close_account(account);
}

/* A lock that is held, whose file says nothing yet. */
static void test_served_by_nobody_knows(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int fd = open(house.lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	g_assert_null(open_path(&house, &error));
	g_assert_error(error, DOOR_ERROR, DOOR_ERROR_SERVED);
	g_assert_nonnull(strstr(error->message, "is served by another process already"));
	/* Not ours to remove. */
	g_assert_cmpint(unlink(house.lock_path), ==, 0);
	close(fd);
	house_destroy(&house);
}

static void test_stale_socket(void)
{
	struct house house = house_create();

	/* Even one that still listens, since it has no lock. */
	int stale = listen_at(house.path);
	open_or_fail(&house);
	int fd = fixture_connect(house.path);
	check_peer(&house, fd, 1);
	close(fd);
	close(stale);
	house_destroy(&house);
}

/* Another's socket, that took the place of ours, stays. */
static void test_replaced_under_us(void)
{
	struct house house = house_create();

	open_or_fail(&house);
	g_assert_cmpint(unlink(house.path), ==, 0);
	int other = listen_at(house.path);
	door_destroy(house.door);
	house.door = NULL;
	g_assert_cmpint(unlink(house.path), ==, 0);
	close(other);
	house_destroy(&house);
}

/* ---- what is wrong ---- */

static void expect_failure(struct door *door, GError **error, const char *part)
{
	g_assert_null(door);
	g_assert_error(*error, DOOR_ERROR, DOOR_ERROR_FAILED);
	if (!strstr((*error)->message, part))
		g_assert_cmpstr((*error)->message, ==, part);
	g_clear_error(error);
}

static void test_bad_paths(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	char longest[200];

	g_assert_true(g_file_set_contents(house.path, "a letter", -1, NULL));
	expect_failure(open_path(&house, &error), &error, "is there already and is not a socket");
	g_assert_cmpint(unlink(house.path), ==, 0);

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	g_autofree char *too_long = g_build_filename(house.folder, longest, NULL);
	expect_failure(door_create_path(&(struct door_options){.path = too_long, .group = NULL},
			       on_attached, &house, &error),
		&error, "a socket's path may have 107 bytes at most");

	expect_failure(door_create_path(
			       &(struct door_options){.path = house.path, .group = "no-such-group"},
			       on_attached, &house, &error),
		&error, "there is no group \"no-such-group\"");
	house_destroy(&house);
}

static void test_bad_fds(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int listening = listen_at(house.path);
	int unconnected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int datagram[2];

	expect_failure(door_create_inherited(file, on_attached, &house, &error), &error,
		"is not a socket");
	expect_failure(door_create_inherited(listening, on_attached, &house, &error), &error,
		"is not a connected AF_UNIX stream socket");
	expect_failure(door_create_inherited(unconnected, on_attached, &house, &error), &error,
		"is not a connected AF_UNIX stream socket");
	expect_failure(door_create_listening(unconnected, on_attached, &house, &error), &error,
		"is not a listening AF_UNIX stream socket");
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram), ==, 0);
	expect_failure(door_create_inherited(datagram[0], on_attached, &house, &error), &error,
		"is not a connected AF_UNIX stream socket");
	/* Not taken over: all can still be closed. */
	g_assert_cmpint(close(file), ==, 0);
	g_assert_cmpint(close(listening), ==, 0);
	g_assert_cmpint(close(unconnected), ==, 0);
	g_assert_cmpint(close(datagram[0]), ==, 0);
	close(datagram[1]);
	g_assert_cmpint(unlink(house.path), ==, 0);
	house_destroy(&house);
}

/* ---- who may ---- */

static void test_mode(void)
{
	struct house house = house_create();
	struct stat status;
	mode_t mask = umask(0);

	open_or_fail(&house);
	umask(mask);
	g_assert_cmpint(stat(house.path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(stat(house.lock_path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	house_destroy(&house);
}

static void test_group(void)
{
	struct house house = house_create();
	g_autoptr(GError) error = NULL;
	struct stat status;
	struct group entry, *own;
	char text[4096];

	g_assert_cmpint(getgrgid_r(getgid(), &entry, text, sizeof(text), &own), ==, 0);
	g_assert_nonnull(own);
	mode_t mask = umask(077);
	house.door = door_create_path(
		&(struct door_options){.path = house.path, .group = own->gr_name}, on_attached,
		&house, &error);
	umask(mask);
	g_assert_no_error(error);
	g_assert_cmpint(stat(house.path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0660);
	g_assert_cmpuint(status.st_gid, ==, getgid());
	house_destroy(&house);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(record, NULL, NULL);
	g_test_add_func("/door/path", test_path);
	g_test_add_func("/door/listening", test_listening);
	g_test_add_func("/door/busy", test_busy);
	g_test_add_func("/door/cannot-accept", test_cannot_accept);
	g_test_add_func("/door/inherited", test_inherited);
	g_test_add_func("/door/inherited-never-taken", test_inherited_never_taken);
	g_test_add_func("/door/destroyed-in-callback", test_destroyed_in_callback);
	g_test_add_func("/door/served", test_served);
	g_test_add_func("/door/served-elsewhere", test_served_elsewhere);
	g_test_add_func("/door/served-by-nobody-knows", test_served_by_nobody_knows);
	g_test_add_func("/door/full-file-system", test_full_file_system);
	g_test_add_func("/door/no-room", test_no_room);
	g_test_add_func("/door/too-often", test_too_often);
	g_test_add_func("/door/too-many", test_too_many);
	g_test_add_func("/door/stale-socket", test_stale_socket);
	g_test_add_func("/door/replaced-under-us", test_replaced_under_us);
	g_test_add_func("/door/bad-paths", test_bad_paths);
	g_test_add_func("/door/bad-fds", test_bad_fds);
	g_test_add_func("/door/mode", test_mode);
	g_test_add_func("/door/group", test_group);
	return g_test_run();
}
