/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-gpu, where the guest resets its GPU: what another back-end is told in the place of the one
 * before, and when. With libvirt, QEMU and a Linux guest it is tested by tests/guest/test-libvirt.
 */
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/scanout-gpu/message.h"
#include "tools/scanout-gpu/pump.h"
#include "tools/scanout-gpu/session.h"
#include "vhost_user.h"

static struct message message_of(uint32_t request, const void *payload, uint32_t size)
{
	struct message message = {.header = {request, VHOST_USER_VERSION, size}};

	memcpy(message.payload, payload, size);
	return message;
}

static struct message number_of(uint32_t request, uint64_t number)
{
	return message_of(request, &number, sizeof(number));
}

static struct message state_of(uint32_t request, uint32_t index, uint32_t value)
{
	const struct vhost_user_vring_state state = {index, value};

	return message_of(request, &state, sizeof(state));
}

static struct message region_of(uint32_t request, uint64_t guest_address)
{
	const struct {
		uint64_t padding;
		struct vhost_user_memory_region region;
	} payload = {0, {guest_address, 0x1000, guest_address + 0x100000, 0}};

	return message_of(request, &payload, sizeof(payload));
}

/* The fd is the test's own. */
static struct message with_fd(struct message message, int fd)
{
	message.fds[message.fd_count++] = fd;
	return message;
}

static bool note(struct session *session, struct message message)
{
	return session_note_request(session, &message);
}

static void stop_queue(struct session *session, uint32_t index, uint32_t base)
{
	struct message reply = state_of(VHOST_USER_GET_VRING_BASE, index, base);

	g_assert_false(note(session, state_of(VHOST_USER_GET_VRING_BASE, index, 0)));
	session_note_reply(session, &reply);
}

static bool start_queue(struct session *session, uint32_t index, uint32_t base)
{
	return note(session, state_of(VHOST_USER_SET_VRING_BASE, index, base));
}

static bool is_same_file(int one, int other)
{
	struct stat a;
	struct stat b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino &&
		a.st_dev == b.st_dev;
}

/* The next one, as it was noted. */
static void expect(int fd, struct message wanted)
{
	struct message message;

	g_assert_true(message_take(fd, &message));
	g_assert_cmpmem(&message.header, sizeof(message.header), &wanted.header,
		sizeof(wanted.header));
	g_assert_cmpmem(message.payload, message.header.size, wanted.payload, wanted.header.size);
	g_assert_cmpuint(message.fd_count, ==, wanted.fd_count);
	for (size_t i = 0; i < wanted.fd_count; i++)
		g_assert_true(is_same_file(message.fds[i], wanted.fds[i]));
	message_close_fds(&message);
}

static void expect_end(int fd)
{
	char byte;

	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
}

static void make_pair(int *pair)
{
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
}

static int make_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

/* A paused VM goes on where it was, also at its first command; a device that was reset begins anew,
 * whichever queue says so first, and that is told once. */
static void test_reset(void)
{
	struct session *session = session_create();

	g_assert_false(start_queue(session, 0, 0));
	g_assert_false(start_queue(session, 1, 0));
	stop_queue(session, 0, 0);
	stop_queue(session, 1, 0);
	g_assert_false(start_queue(session, 0, 0));
	g_assert_false(start_queue(session, 1, 0));
	stop_queue(session, 0, 700);
	stop_queue(session, 1, 3);
	g_assert_false(start_queue(session, 0, 700));
	g_assert_false(start_queue(session, 1, 3));
	stop_queue(session, 0, 800);
	stop_queue(session, 1, 4);
	g_assert_true(start_queue(session, 0, 0));
	g_assert_false(start_queue(session, 0, 0));
	g_assert_false(start_queue(session, 1, 0));
	stop_queue(session, 0, 0);
	stop_queue(session, 1, 5);
	g_assert_false(start_queue(session, 0, 0));
	g_assert_true(start_queue(session, 1, 0));
	g_assert_false(start_queue(session, 1, 0));
	session_destroy(session);
}

/* A queue that the device has not, and messages that are none. */
static void test_odd(void)
{
	struct session *session = session_create();
	struct message reply = state_of(VHOST_USER_GET_VRING_BASE, 0, 9);
	int pair[2];

	stop_queue(session, 0xffffffff, 7);
	g_assert_false(start_queue(session, 0xffffffff, 0));
	stop_queue(session, 2, 7);
	g_assert_false(start_queue(session, 2, 0));
	reply.header.size = 4;
	session_note_reply(session, &reply);
	g_assert_false(start_queue(session, 0, 0));
	g_assert_false(note(session, number_of(VHOST_USER_GET_VRING_BASE, 0)));
	g_assert_false(note(session, message_of(VHOST_USER_SET_VRING_BASE, "", 0)));
	g_assert_false(note(session, message_of(VHOST_USER_ADD_MEM_REG, "abcdefghi", 9)));
	make_pair(pair);
	g_assert_true(session_replay(session, pair[0]));
	close(pair[0]);
	close(pair[1]);
	session_destroy(session);
}

/* In order, each as it was said last, with its fds, and without a question; of a queue that has
 * stopped what it is after that. */
static void test_replay(void)
{
	struct session *session = session_create();
	struct message owner = message_of(VHOST_USER_SET_OWNER, "", 0);
	struct message features = number_of(VHOST_USER_SET_FEATURES, 2);
	struct message call = with_fd(number_of(VHOST_USER_SET_VRING_CALL, 0), make_file());
	struct message other_call = with_fd(number_of(VHOST_USER_SET_VRING_CALL, 1), make_file());
	struct message socket = with_fd(message_of(VHOST_USER_GPU_SET_SOCKET, "", 0), make_file());
	struct message kept = with_fd(region_of(VHOST_USER_ADD_MEM_REG, 0x1000), make_file());
	struct message gone = with_fd(region_of(VHOST_USER_ADD_MEM_REG, 0x2000), make_file());
	struct message kick = with_fd(number_of(VHOST_USER_SET_VRING_KICK, 0), make_file());
	struct message asking = kept;
	int pair[2];

	g_assert_false(note(session, message_of(VHOST_USER_GET_FEATURES, "", 0)));
	g_assert_false(note(session, owner));
	g_assert_false(note(session, number_of(VHOST_USER_SET_FEATURES, 1)));
	g_assert_false(
		note(session, with_fd(number_of(VHOST_USER_SET_VRING_CALL, 0), kick.fds[0])));
	g_assert_false(note(session, other_call));
	g_assert_false(note(session, socket));
	asking.header.flags |= VHOST_USER_NEED_REPLY;
	g_assert_false(note(session, asking));
	g_assert_false(note(session, gone));
	g_assert_false(note(session, state_of(VHOST_USER_SET_VRING_NUM, 0, 64)));
	g_assert_false(note(session, state_of(VHOST_USER_SET_VRING_BASE, 0, 0)));
	g_assert_false(note(session, kick));
	stop_queue(session, 0, 5);
	g_assert_false(note(session, region_of(VHOST_USER_REM_MEM_REG, 0x2000)));
	g_assert_false(note(session, call));
	g_assert_false(note(session, features));
	g_assert_false(note(session, state_of(VHOST_USER_SET_VRING_NUM, 0, 128)));
	g_assert_true(note(session, state_of(VHOST_USER_SET_VRING_BASE, 0, 0)));

	make_pair(pair);
	g_assert_true(session_replay(session, pair[0]));
	close(pair[0]);
	expect(pair[1], owner);
	expect(pair[1], features);
	expect(pair[1], call);
	expect(pair[1], other_call);
	expect(pair[1], socket);
	expect(pair[1], kept);
	expect(pair[1], state_of(VHOST_USER_SET_VRING_NUM, 0, 128));
	expect_end(pair[1]);
	close(pair[1]);
	session_destroy(session);
	close(call.fds[0]);
	close(other_call.fds[0]);
	close(socket.fds[0]);
	close(kept.fds[0]);
	close(gone.fds[0]);
	close(kick.fds[0]);
}

/* No VMM has so much memory; what is not known whole is not told. */
static void test_too_much(void)
{
	struct session *session = session_create();
	int pair[2];

	make_pair(pair);
	for (uint64_t i = 0; i <= 1024; i++)
		g_assert_false(note(session, region_of(VHOST_USER_ADD_MEM_REG, i)));
	g_assert_false(session_replay(session, pair[0]));
	close(pair[0]);
	expect_end(pair[1]);
	close(pair[1]);
	session_destroy(session);
}

/* ---- between VMM and scanoutd ---- */

/* In the pump's process. *data: its end of the other connection, or -1. */
static int renew(void *data, GError **error)
{
	int *fd = data;

	if (*fd < 0)
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "nobody is there");
	return *fd;
}

/* Returns the VMM's end; scanoutd's is in *daemon. */
static int start(int *other, int *daemon)
{
	g_autoptr(GError) error = NULL;
	int vmm[2];
	int first[2];
	int unused[2];

	make_pair(vmm);
	make_pair(first);
	make_pair(unused);
	g_assert_true(pump_start(vmm[1], first[1], unused[1], renew, other, &error));
	g_assert_no_error(error);
	close(vmm[1]);
	close(first[1]);
	close(unused[0]);
	close(unused[1]);
	*daemon = first[0];
	return vmm[0];
}

/* A VMM's beginning, its stop, and all of what comes before the queue begins anew. */
static void reset(int vmm, int daemon, struct message last)
{
	struct message owner = message_of(VHOST_USER_SET_OWNER, "", 0);
	struct message question = state_of(VHOST_USER_GET_VRING_BASE, 0, 0);
	struct message answer = state_of(VHOST_USER_GET_VRING_BASE, 0, 7);

	g_assert_true(message_give(vmm, &owner));
	expect(daemon, owner);
	g_assert_true(message_give(vmm, &question));
	expect(daemon, question);
	g_assert_true(message_give(daemon, &answer));
	expect(vmm, answer);
	g_assert_true(message_give(vmm, &last));
	expect_end(daemon);
	close(daemon);
}

/* As often as it happens; what both sides say then goes its way. */
static void test_again(void)
{
	struct message owner = message_of(VHOST_USER_SET_OWNER, "", 0);
	struct message last = state_of(VHOST_USER_SET_VRING_BASE, 0, 0);
	struct message features = number_of(VHOST_USER_GET_FEATURES, 5);
	int other[2];
	int daemon;

	make_pair(other);
	int vmm = start(&other[1], &daemon);
	close(other[1]);
	reset(vmm, daemon, last);
	expect(other[0], owner);
	expect(other[0], last);
	g_assert_true(message_give(vmm, &features));
	expect(other[0], features);
	g_assert_true(message_give(other[0], &features));
	expect(vmm, features);
	shutdown(other[0], SHUT_WR);
	expect_end(vmm);
	expect_end(other[0]);
	close(vmm);
	close(other[0]);
}

/* There is no other: the VMM hears that it is over, and standard error why. */
static void test_not_again(void)
{
	static const char wanted[] =
		"scanout-gpu: the guest has reset its GPU, and there is no other "
		"back-end: nobody is there\n";
	char text[sizeof(wanted)];
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	int none = -1;
	int ends[2];
	int daemon;

	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
	int vmm = start(&none, &daemon);
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[1]);
	reset(vmm, daemon, state_of(VHOST_USER_SET_VRING_BASE, 0, 0));
	expect_end(vmm);
	close(vmm);
	g_assert_cmpint(read(ends[0], text, sizeof(text)), ==, sizeof(wanted) - 1);
	g_assert_cmpmem(text, sizeof(wanted) - 1, wanted, sizeof(wanted) - 1);
	close(ends[0]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scanout-gpu-session/reset", test_reset);
	g_test_add_func("/scanout-gpu-session/odd", test_odd);
	g_test_add_func("/scanout-gpu-session/replay", test_replay);
	g_test_add_func("/scanout-gpu-session/too-much", test_too_much);
	g_test_add_func("/scanout-gpu-session/again", test_again);
	g_test_add_func("/scanout-gpu-session/not-again", test_not_again);
	return g_test_run();
}
