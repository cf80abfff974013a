/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fds whose close() waits are in nobody's way but their guest's. What waits here is a close() of
 * this program's own, and a socket that lingers.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/closer.h"
#include "wire/door.h"
#include "wire/stream.h"

/* ---- close() ---- */

/* Fds from here on do not close until they may. */
#define STUCK_FD 700

static struct {
	GMutex mutex;
	GCond cond;
	bool stuck;
	unsigned int waiting; /* calls of close() */
	GThread *main;
} gate;

int close(int fd)
{
	if (fd >= STUCK_FD) {
		g_mutex_lock(&gate.mutex);
		gate.waiting++;
		g_cond_broadcast(&gate.cond);
		while (gate.stuck) {
			g_assert_true(g_thread_self() != gate.main);
			g_cond_wait(&gate.cond, &gate.mutex);
		}
		gate.waiting--;
		g_mutex_unlock(&gate.mutex);
	}
	return (int)syscall(SYS_close, fd);
}

static void set_stuck(bool stuck)
{
	gate.main = g_thread_self();
	g_mutex_lock(&gate.mutex);
	gate.stuck = stuck;
	g_cond_broadcast(&gate.cond);
	g_mutex_unlock(&gate.mutex);
}

static void await_waiting(unsigned int count)
{
	g_mutex_lock(&gate.mutex);
	while (gate.waiting < count)
		g_cond_wait(&gate.cond, &gate.mutex);
	g_mutex_unlock(&gate.mutex);
}

/* A pipe's end, which is no kind that is known to close at once. */
static int open_stuck(void)
{
	int pair[2];
	int fd;

	g_assert_cmpint(pipe2(pair, O_CLOEXEC), ==, 0);
	fd = fcntl(pair[0], F_DUPFD_CLOEXEC, STUCK_FD);
	g_assert_cmpint(fd, >=, STUCK_FD);
	close(pair[0]);
	close(pair[1]);
	return fd;
}

/* ---- tests ---- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_closes(void)
{
	struct closer *closer = closer_create("kiosk");
	size_t before = fixture_count_fds();

	for (int i = 0; i < 100; i++)
		closer_close(closer, open_stuck());
	closer_close(closer, -1);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	closer_destroy(closer);
	closer_destroy(NULL);
	g_assert_cmpuint(closer_pending(), ==, 0);
}

/* What cannot wait needs no thread. */
static void test_quick(void)
{
	struct closer *closer = closer_create("kiosk");
	int fds[] = {eventfd(0, EFD_CLOEXEC), memfd_create("small", MFD_CLOEXEC)};

	set_stuck(true);
	closer_close(closer, open_stuck());
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		closer_close(closer, fds[i]);
		g_assert_false(is_open(fds[i]));
	}
	set_stuck(false);
	closer_destroy(closer);
	fixture_await_closers();
}

/* The last of a large one frees its pages: not in the main loop. */
static void test_large(void)
{
	static const size_t size = 8 << 20;
	struct closer *closer = closer_create("kiosk");
	int fd = memfd_create("large", MFD_CLOEXEC);
	int large = fcntl(fd, F_DUPFD_CLOEXEC, STUCK_FD);
	void *mapping;

	g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
	g_assert_cmpint(fallocate(fd, 0, 0, (off_t)size), ==, 0);
	mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	g_assert_true(mapping != MAP_FAILED);
	close(fd);
	set_stuck(true);
	closer_close(closer, large);
	closer_unmap(closer, mapping, size);
	await_waiting(1);
	g_assert_cmpuint(closer_pending(), ==, 2);
	set_stuck(false);
	fixture_await_closers();
	g_assert_cmpint(msync(mapping, size, MS_ASYNC), ==, -1);
	closer_destroy(closer);
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_true(text ? log && strstr(log, text) : !log);
}

/* One guest's do not stop another's, and only so many are taken. */
static void test_full(void)
{
	struct closer *kiosk = closer_create("kiosk");
	struct closer *other = closer_create("other");
	int fds[2];

	set_stuck(true);
	for (int i = 0; i < CLOSER_PENDING_MAX; i++) {
		g_assert_false(closer_is_full(kiosk));
		closer_close(kiosk, open_stuck());
	}
	await_waiting(1);
	expect_log(NULL);
	g_assert_true(closer_is_full(kiosk));
	expect_log("guest kiosk: 64 file descriptors of its VMM or back-end do not close");
	g_assert_true(closer_is_full(kiosk));
	expect_log(NULL);
	g_assert_false(closer_is_full(other));
	g_assert_false(closer_is_full(NULL));

	g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
	closer_close(other, fds[0]);
	closer_close(other, fds[1]);
	while (closer_pending() > CLOSER_PENDING_MAX)
		g_thread_yield();
	g_assert_false(is_open(fds[0]));
	g_assert_false(is_open(fds[1]));

	set_stuck(false);
	fixture_await_closers();
	g_assert_false(closer_is_full(kiosk));
	closer_destroy(kiosk);
	closer_destroy(other);
}

/* Its owner can go, and does not wait. */
static void test_destroyed_while_stuck(void)
{
	size_t before = fixture_count_fds();
	struct closer *closer = closer_create("kiosk");

	set_stuck(true);
	for (int i = 0; i < 5; i++)
		closer_close(closer, open_stuck());
	await_waiting(1);
	closer_destroy(closer);
	g_assert_cmpuint(closer_pending(), ==, 5);
	set_stuck(false);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
}

/* A guest whose closer is full is not read from. */
static void test_stream(void)
{
	struct closer *closer = closer_create("kiosk");
	struct stream stream;
	struct stream_fds fds;
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	size_t bytes;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_true(stream_init(&stream, pair[0], closer, NULL));
	g_assert_cmpint(send(pair[1], &byte, 1, 0), ==, 1);
	set_stuck(true);
	for (int i = 0; i < CLOSER_PENDING_MAX; i++)
		closer_close(closer, open_stuck());
	g_assert_cmpint(stream_read(&stream, &iov, 1, &bytes, &fds), ==, STREAM_ERROR);
	g_assert_cmpint(errno, ==, EBUSY);
	expect_log("do not close");
	/* The peer hears of the end all the same. */
	stream_finish(&stream);
	g_assert_cmpint(recv(pair[1], &byte, 1, 0), ==, 0);
	set_stuck(false);
	fixture_await_closers();
	close(pair[1]);
	closer_destroy(closer);
}

static void attached(void *data, int fd)
{
	int *peer = data;

	*peer = fd;
}

/* … and nobody new of that guest is let in until it is not. */
static void test_door(void)
{
	g_autofree char *folder = g_dir_make_tmp("test-closer-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	struct account *account = account_create("kiosk");
	struct closer *closer = account_closer(account);
	int client;
	int peer = -1;
	struct door *door = door_create_path(&(struct door_options){.path = path, .group = NULL},
		attached, &peer, NULL);

	g_assert_nonnull(door);
	door_set_guest(door, "kiosk", account, 1);
	set_stuck(true);
	for (int i = 0; i < CLOSER_PENDING_MAX; i++)
		closer_close(closer, open_stuck());
	client = fixture_connect(path);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpint(peer, ==, -1);
	expect_log("do not close");
	set_stuck(false);
	fixture_await_closers();
	while (peer < 0)
		g_main_context_iteration(NULL, TRUE);
	close(peer);
	close(client);
	door_destroy(door);
	account_destroy(account);
	g_rmdir(folder);
}

/* ---- a socket that lingers ---- */

/* Full, nobody reads at its other end, and its close() waits for ten minutes. */
static int open_lingering(int *reader)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct linger linger = {1, 600};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char junk[65536];

	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(listener, 1), ==, 0);
	g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, size), ==, 0);
	*reader = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), ==, 0);
	while (send(fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
		;
	return fd;
}

static void test_lingering(void)
{
	struct closer *closer = closer_create("kiosk");
	size_t before = fixture_count_fds();
	struct stream stream;
	int sockets[2];
	int pair[2];
	int readers[2];

	for (size_t i = 0; i < 2; i++)
		sockets[i] = open_lingering(&readers[i]);
	/* One by itself, one that lies unread in a peer's socket: gone with it, whoever closes
	 * that. */
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_true(stream_init(&stream, pair[0], closer, NULL));
	fixture_send_on(pair[1], "x", 1, &sockets[1], 1);
	shutdown(sockets[1], SHUT_RD);
	close(pair[1]);
	closer_close(closer, sockets[0]);
	/* This is the last but the one that is in flight. */
	closer_close(closer, sockets[1]);
	stream_finish(&stream);
	g_assert_cmpuint(closer_pending(), >, 0);
	/* Reset by their readers, they linger no more. */
	close(readers[0]);
	close(readers[1]);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	closer_destroy(closer);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);

	g_test_add_func("/wire/closer/closes", test_closes);
	g_test_add_func("/wire/closer/quick", test_quick);
	g_test_add_func("/wire/closer/large", test_large);
	g_test_add_func("/wire/closer/full", test_full);
	g_test_add_func("/wire/closer/destroyed-while-stuck", test_destroyed_while_stuck);
	g_test_add_func("/wire/closer/stream", test_stream);
	g_test_add_func("/wire/closer/door", test_door);
	g_test_add_func("/wire/closer/lingering", test_lingering);
	return g_test_run();
}
