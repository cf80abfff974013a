/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a predecessor has left may be what it died of: it counts as survived when all of it has been
 * looked at, neither before nor never. (What is left: test-device-left.c.)
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend_fixture.h"
#include "vhost/journal.h"

/* What reading a kick fails with; 0: it does not. */
static int read_error;

ssize_t preadv2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
	if (read_error) {
		errno = read_error;
		return -1;
	}
	return syscall(SYS_preadv2, fd, pieces, count, offset, 0L, flags);
}

static void expect_survived(const struct backend_fixture *fixture, bool survived)
{
	g_assert_cmpuint(fixture->journal->adopted, ==, survived ? 0 : 1);
}

/* Nothing but what may lie in the rings. */
static void test_rings(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_kept();

	backend_succeed(fixture);
	expect_survived(fixture, false);
	fixture_settle();
	expect_survived(fixture, true);
	backend_expect_events(fixture, "kicked 0\nkicked 1\n");
}

/* A message that has to wait in the socket has not been looked at, whatever was before it. */
static void test_message_waits(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_kept();
	struct vmm_message message = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);
	struct rlimit limit, none;
	struct vmm_message reply;
	int lowest;

	vmm_send(&fixture->vmm, &message);
	backend_succeed(fixture);
	lowest = fcntl(fixture->vmm.fd, F_DUPFD, 0);
	close(lowest);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest + 7;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	fixture_settle();
	backend_expect_log("a message has to wait");
	backend_expect_events(fixture, "kicked 0\nkicked 1\n");
	expect_survived(fixture, false);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	while (!vmm_receive(&fixture->vmm, &reply))
		g_main_context_iteration(NULL, TRUE);
	fixture_settle();
	expect_survived(fixture, true);
}

/* What nobody will look at is nothing that somebody may die of. */
static void test_kick_unreadable(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_kept();
	g_autofree char *log = NULL;

	backend_succeed(fixture);
	read_error = EIO;
	fixture_settle();
	read_error = 0;
	log = fixture_log_take();
	g_assert_nonnull(strstr(log, "a kick's fd cannot be read: Input/output error"));
	backend_expect_events(fixture, "");
	expect_survived(fixture, true);
	backend_expect_alive(fixture);
}

/* The one that was signalled for what is left goes before it has been read. */
static void test_kick_replaced(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_kept();
	int kick = eventfd(0, EFD_CLOEXEC);
	struct vmm_message message = vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, kick);

	vmm_send(&fixture->vmm, &message);
	close(kick);
	backend_succeed(fixture);
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\nkicked 0\n");
	expect_survived(fixture, true);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/vhost/left/rings", test_rings);
	g_test_add_func("/vhost/left/message-waits", test_message_waits);
	g_test_add_func("/vhost/left/kick-unreadable", test_kick_unreadable);
	g_test_add_func("/vhost/left/kick-replaced", test_kick_replaced);
	return g_test_run();
}
