/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket on which each byte is a sign of life, whoever sends it and whatever comes with it. */
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "guests/heartbeat.h"
#include "wire/account.h"

struct bench {
	char *folder;
	char *path;
	struct account *account;
	struct heartbeat *heartbeat;
	unsigned int beats;
};

static void on_beat(void *data)
{
	struct bench *bench = data;

	bench->beats++;
}

static struct bench *create(void)
{
	struct bench *bench = g_new0(struct bench, 1);
	g_autoptr(GError) error = NULL;
	struct door_options options = {.guest = "a"};

	bench->folder = g_dir_make_tmp("test-heartbeat-XXXXXX", &error);
	g_assert_no_error(error);
	bench->path = g_build_filename(bench->folder, "alive.sock", NULL);
	bench->account = account_create("a");
	options.path = bench->path;
	options.account = bench->account;
	bench->heartbeat = heartbeat_create(&options, on_beat, bench, &error);
	g_assert_no_error(error);
	return bench;
}

static void destroy(struct bench *bench)
{
	heartbeat_destroy(bench->heartbeat);
	g_assert_cmpuint(account_used(bench->account, ACCOUNT_FDS), ==, 0);
	fixture_close_account(bench->account);
	g_assert_cmpint(g_rmdir(bench->folder), ==, 0);
	g_free(bench->folder);
	g_free(bench->path);
	g_free(bench);
}

static int dial(const struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(address.sun_path, bench->path, sizeof(address.sun_path));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	fixture_settle();
	return fd;
}

static void await_beats(struct bench *bench, unsigned int count)
{
	while (bench->beats < count)
		g_main_context_iteration(NULL, TRUE);
}

/* A peer that writes without end has us look at a piece now and then. */
static void test_rests(void)
{
	struct bench *bench = create();
	int peer = dial(bench);
	int64_t began_us = g_get_monotonic_time();

	g_assert_cmpint(send(peer, (char[5120]){0}, 5120, 0), ==, 5120);
	await_beats(bench, 10);
	g_assert_cmpint(g_get_monotonic_time() - began_us, >=, 9 * 5000);
	close(peer);
	destroy(bench);
}

static void test_bytes(void)
{
	struct bench *bench = create();
	int peer = dial(bench);

	g_assert_cmpuint(bench->beats, ==, 0);
	g_assert_cmpint(send(peer, "x", 1, 0), ==, 1);
	fixture_settle();
	g_assert_cmpuint(bench->beats, ==, 1);
	/* More than is read at once. */
	g_assert_cmpint(send(peer, (char[1024]){0}, 1024, 0), ==, 1024);
	await_beats(bench, 3);
	close(peer);
	destroy(bench);
}

/* Who leaves is no sign, and the next one is let in. */
static void test_comes_again(void)
{
	struct bench *bench = create();

	close(dial(bench));
	fixture_settle();
	g_assert_cmpuint(bench->beats, ==, 0);
	g_assert_cmpuint(account_used(bench->account, ACCOUNT_FDS), ==, 0);

	int peer = dial(bench);

	g_assert_cmpint(send(peer, "x", 1, 0), ==, 1);
	fixture_settle();
	g_assert_cmpuint(bench->beats, ==, 1);
	close(peer);
	destroy(bench);
}

/* They are closed, and the byte counts. */
static void test_fds(void)
{
	struct bench *bench = create();
	int peer = dial(bench);
	size_t before = fixture_count_fds();
	int fds[] = {fixture_memfd('a'), fixture_memfd('b')};

	fixture_send_on(peer, "x", 1, fds, 2);
	close(fds[0]);
	close(fds[1]);
	fixture_settle();
	g_assert_cmpuint(bench->beats, ==, 1);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	close(peer);
	destroy(bench);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/heartbeat/bytes", test_bytes);
	g_test_add_func("/heartbeat/rests", test_rests);
	g_test_add_func("/heartbeat/comes-again", test_comes_again);
	g_test_add_func("/heartbeat/fds", test_fds);
	return g_test_run();
}
