/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel cannot do just now is done later, and the connection is none the worse: no memory
 * for an answer, none for a mapping, no room for an fd.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../double/raw_mmap.h"
#include "backend_fixture.h"
#include "channel_fixture.h"

/* What a call fails with, in this program, while it does; of the connection alone. */
static int send_error;
static int map_error;
static unsigned int failures;

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
	if (send_error && flags & MSG_NOSIGNAL && flags & MSG_DONTWAIT) {
		failures++;
		errno = send_error;
		return -1;
	}
	return syscall(SYS_sendmsg, socket, message, flags);
}

ssize_t send(int socket, const void *bytes, size_t size, int flags)
{
	struct iovec piece = {(void *)bytes, size};
	const struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	return sendmsg(socket, &message, flags);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (map_error && flags & MAP_NORESERVE && flags & MAP_SHARED) {
		failures++;
		errno = map_error;
		return MAP_FAILED;
	}
	return raw_mmap(address, size, protection, flags, fd, offset);
}

static void await_failures(unsigned int count)
{
	failures = 0;
	while (failures < count)
		g_main_context_iteration(NULL, TRUE);
}

static struct vmm_message await_reply(struct backend_fixture *fixture)
{
	struct vmm_message reply;

	while (!vmm_receive(&fixture->vmm, &reply))
		g_main_context_iteration(NULL, TRUE);
	return reply;
}

static void expect_silence(struct backend_fixture *fixture)
{
	struct vmm_message reply;

	g_assert_false(vmm_receive(&fixture->vmm, &reply));
	g_assert_nonnull(fixture->vhost);
}

/* Answers go out later, each once, in order; and what comes meanwhile waits for them. */
static void test_answer(void)
{
	static const int errors[] = {ENOMEM, ENOBUFS, ETOOMANYREFS, EAGAIN};
	g_autoptr(backend_fixture) fixture = backend_fixture_new();

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		struct vmm_message first = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);
		struct vmm_message second = vmm_message(VHOST_USER_GET_MAX_MEM_SLOTS, 0, NULL);

		/* vmm_send() is not what fails. */
		vmm_send(&fixture->vmm, &first);
		vmm_send(&fixture->vmm, &second);
		send_error = errors[i];
		await_failures(3);
		send_error = 0;
		expect_silence(fixture);
		g_assert_cmpuint(await_reply(fixture).request, ==, VHOST_USER_GET_QUEUE_NUM);
		g_assert_cmpuint(await_reply(fixture).request, ==, VHOST_USER_GET_MAX_MEM_SLOTS);
	}
	backend_expect_alive(fixture);
}

/* The VMM has gone before its answer could be sent. */
static void test_gone(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm_message message = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);

	vmm_send(&fixture->vmm, &message);
	send_error = ENOMEM;
	await_failures(1);
	vmm_hang_up(&fixture->vmm);
	send_error = 0;
	while (fixture->vhost)
		g_main_context_iteration(NULL, TRUE);
	backend_expect_events(fixture, "closed\n");
}

/* Memory is mapped later, and only then its message is answered. */
static void test_memory(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm_message message = vmm_add_memory(&fixture->vmm);

	message.flags = VHOST_USER_NEED_REPLY;
	map_error = ENOMEM;
	vmm_send(&fixture->vmm, &message);
	await_failures(3);
	expect_silence(fixture);
	map_error = 0;
	g_assert_cmpuint(await_reply(fixture).words[0], ==, 0);
	g_assert_cmpuint(account_used(fixture->account, ACCOUNT_MAPPINGS), ==, 1);
	backend_expect_alive(fixture);
}

/* Who is to get none at all is told so in the end, and the others are not kept waiting by what is
 * no matter of time. */
static void test_no_memory(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm_message message = vmm_add_memory(&fixture->vmm);

	message.flags = VHOST_USER_NEED_REPLY;
	map_error = EPERM;
	vmm_send(&fixture->vmm, &message);
	g_assert_cmpuint(await_reply(fixture).words[0], ==, 1);
	backend_expect_log("Operation not permitted");
	map_error = ENOMEM;
	vmm_send(&fixture->vmm, &message);
	g_assert_cmpuint(await_reply(fixture).words[0], ==, 1);
	backend_expect_log("Cannot allocate memory");
	map_error = 0;
	g_assert_cmpuint(account_used(fixture->account, ACCOUNT_MAPPINGS), ==, 0);
	backend_expect_alive(fixture);
}

/* A message that may bring fds stays in its socket until there is room for them. */
static void test_no_fds(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm_message message = vmm_add_memory(&fixture->vmm);
	int lowest = fcntl(fixture->vmm.fd, F_DUPFD, 0);
	struct rlimit limit, none;

	close(lowest);
	message.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = (rlim_t)lowest + 7;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	vmm_send(&fixture->vmm, &message);
	fixture_settle();
	backend_expect_log("a message has to wait: this process can have no more file descriptors");
	/* Its timer, once more: no second line. */
	g_main_context_iteration(NULL, TRUE);
	expect_silence(fixture);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_assert_cmpuint(await_reply(fixture).words[0], ==, 0);
	backend_expect_alive(fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/vhost/moment/answer", test_answer);
	g_test_add_func("/vhost/moment/gone", test_gone);
	g_test_add_func("/vhost/moment/memory", test_memory);
	g_test_add_func("/vhost/moment/no-memory", test_no_memory);
	g_test_add_func("/vhost/moment/no-fds", test_no_fds);
	return g_test_run();
}
