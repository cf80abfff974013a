/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a VMM is kept for the next process, over a keeper that is an array: it goes without
 * anybody's waiting for what the VMM has sent, and stays whole where it is gone on with.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "keeper_double.h"
#include "vhost/kept_vmm.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* ---- close() ---- */

static struct {
	GThread *main;
	bool watched;
	unsigned int count; /* of sockets and pipes, closed by the main loop's thread */
} closed;

int close(int fd)
{
	struct stat status;

	if (closed.watched && g_thread_self() == closed.main && fstat(fd, &status) == 0 &&
		(S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)))
		closed.count++;
	return (int)syscall(SYS_close, fd);
}

/* ---- tests ---- */

static struct account *account;

static const struct kept_vmm_options *options(void)
{
	static struct kept_vmm_options options = {
		.keeper = &keeper_double,
		.name = "/run/kiosk-keyboard.sock",
		.version = 1,
		.size = 4096,
	};

	options.account = account;
	return &options;
}

/* Whose other end is in `watched` then. */
static uint64_t add_pipe(struct kept_vmm *kept, int *watched)
{
	int ends[2];
	uint64_t number;

	g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
	number = kept_fds_add(kept_vmm_fds(kept), ends[1], false);
	g_assert_cmpuint(number, !=, 0);
	close(ends[1]);
	*watched = ends[0];
	return number;
}

static void destroy_watched(struct kept_vmm *kept)
{
	closed.count = 0;
	closed.watched = true;
	kept_vmm_destroy(kept);
	closed.watched = false;
	g_assert_cmpuint(closed.count, ==, 0);
	while (closer_pending() > 0)
		g_thread_yield();
}

static void expect_closed(int watched)
{
	char byte;

	g_assert_cmpint(read(watched, &byte, 1), ==, 0);
	close(watched);
}

/* Of one guest only so many: what is beyond is not kept. */
static void test_many(void)
{
	struct kept_vmm *all[8];
	unsigned int refused = 0;
	unsigned int count = 0;
	char name[32];

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		struct kept_vmm_options other = *options();

		g_snprintf(name, sizeof(name), "device%zu", i);
		other.name = name;
		all[i] = kept_vmm_create(&other);
		refused += !all[i];
		if (!all[i])
			continue;
		count++;
		for (size_t j = 1; j < KEPT_FDS_MAX; j++) {
			uint64_t number = kept_fds_add(kept_vmm_fds(all[i]), STDERR_FILENO, true);

			count += number != 0;
			refused += number == 0;
		}
	}
	g_assert_cmpuint(count, ==, account_most(account, ACCOUNT_KEPT_FDS));
	g_assert_cmpuint(refused, >, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		kept_vmm_destroy(all[i]);
	g_assert_cmpuint(account_used(account, ACCOUNT_KEPT_FDS), ==, 0);
}

/* As many as there may be: more than the closer has at one time. */
static void test_goes(void)
{
	struct kept_vmm *kept = kept_vmm_create(options());
	int watched[KEPT_FDS_MAX - 1];

	for (size_t i = 0; i < G_N_ELEMENTS(watched); i++)
		add_pipe(kept, &watched[i]);
	destroy_watched(kept);
	for (size_t i = 0; i < G_N_ELEMENTS(watched); i++)
		expect_closed(watched[i]);
	g_assert_cmpuint(keeper_double_count(), ==, 0);
}

static void leave(struct kept_vmm *kept)
{
	keeper_double_stop(true);
	g_assert_true(kept_vmm_stays(kept));
	destroy_watched(kept);
	keeper_double_stop(false);
}

/* It is left, and found as it was; what the next one has no use for goes with it. */
static void test_stays(void)
{
	struct kept_vmm *kept = kept_vmm_create(options());
	const char *why;
	uint64_t number;
	int pair[2];
	int watched;
	int fd;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	strcpy(kept_vmm_memory(kept), "as it was");
	number = add_pipe(kept, &watched);
	kept_vmm_attached(kept, pair[0]);
	close(pair[0]);
	leave(kept);
	kept = kept_vmm_take(options(), &why);
	g_assert_null(why);
	g_assert_cmpstr(kept_vmm_memory(kept), ==, "as it was");
	fd = kept_fds_get(kept_vmm_fds(kept), number);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	destroy_watched(kept);
	expect_closed(watched);
	expect_closed(pair[1]);
}

int main(int argc, char **argv)
{
	int status;

	fixture_init(&argc, &argv);
	closed.main = g_thread_self();
	account = account_create("kiosk");
	g_test_add_func("/kept-vmm/goes", test_goes);
	g_test_add_func("/kept-vmm/stays", test_stays);
	g_test_add_func("/kept-vmm/many", test_many);
	status = g_test_run();
	account_destroy(account);
	return status;
}
