/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File descriptors that lie in a pair of sockets: all that were not removed come to a successor, by
 * their numbers, and no other; whatever the predecessor was at, and whatever the pair is.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

static int make_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
	return fd;
}

static uint64_t add_file(struct kept_fds *kept, const char *text)
{
	int fd = make_file(text);
	uint64_t number = kept_fds_add(kept, fd, false);

	g_assert_cmpuint(number, !=, 0);
	close(fd);
	return number;
}

/* As the service manager has it, when we have died. */
static struct kept_fds *succeed(struct kept_fds *kept)
{
	g_autoptr(GError) error = NULL;
	const int *pair = kept_fds_pair(kept);
	const int left[2] = {dup(pair[0]), dup(pair[1])};
	struct kept_fds *next;

	kept_fds_destroy(kept);
	next = kept_fds_create_from(left, NULL, &error);
	g_assert_no_error(error);
	return next;
}

static void expect_file(struct kept_fds *kept, uint64_t number, const char *text)
{
	char bytes[16] = "";
	int fd = kept_fds_get(kept, number);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pread(fd, bytes, sizeof(bytes) - 1, 0), ==, (ssize_t)strlen(text));
	g_assert_cmpstr(bytes, ==, text);
	close(fd);
}

static void expect_none(struct kept_fds *kept, uint64_t number)
{
	g_assert_cmpint(kept_fds_get(kept, number), ==, -1);
}

static void test_succession(void)
{
	size_t fds = fixture_count_fds();
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	uint64_t one = add_file(kept, "one");
	uint64_t two = add_file(kept, "two");
	uint64_t three = add_file(kept, "three");
	uint64_t four;

	kept_fds_remove(kept, two, false);
	kept_fds_tidy(kept);
	kept = succeed(kept);
	expect_file(kept, one, "one");
	expect_file(kept, three, "three");
	expect_none(kept, two);
	/* Each as often as it is asked for. */
	expect_file(kept, three, "three");
	kept_fds_settle(kept);
	expect_none(kept, one);
	four = add_file(kept, "four");
	g_assert_cmpuint(four, >, three);
	kept = succeed(kept);
	expect_file(kept, one, "one");
	expect_file(kept, three, "three");
	expect_file(kept, four, "four");
	kept_fds_destroy(kept);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* What was removed may be named by somebody, until it is tidied away. */
static void test_removed(void)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	uint64_t one = add_file(kept, "one");

	kept_fds_remove(kept, one, false);
	kept = succeed(kept);
	expect_file(kept, one, "one");
	kept_fds_destroy(kept);
}

/* Of those nobody asks for nothing is left. */
static void test_settle(void)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	uint64_t one = add_file(kept, "one");
	uint64_t two = add_file(kept, "two");

	kept = succeed(kept);
	expect_file(kept, two, "two");
	kept_fds_settle(kept);
	kept_fds_tidy(kept);
	kept = succeed(kept);
	expect_none(kept, one);
	expect_file(kept, two, "two");
	kept_fds_destroy(kept);
}

/* What says what the others are stays when there are none. */
static void test_state(void)
{
	int fd = make_file("state");
	struct kept_fds *kept = kept_fds_create(fd, NULL, NULL);
	uint64_t one;

	close(fd);
	for (unsigned int i = 0; i < 3; i++) {
		one = add_file(kept, "one");
		g_assert_cmpuint(one, >, KEPT_FDS_STATE);
		kept = succeed(kept);
		expect_file(kept, KEPT_FDS_STATE, "state");
		expect_file(kept, one, "one");
		kept_fds_settle(kept);
		kept_fds_empty(kept);
		kept = succeed(kept);
		expect_file(kept, KEPT_FDS_STATE, "state");
		expect_none(kept, one);
		kept_fds_settle(kept);
	}
	kept_fds_destroy(kept);
}

/* A guest that sends another buffer with each frame, beside one that stays: the queue does not
 * grow, and who made the file is told of its end. */
static void test_flips(void)
{
	struct closer *closer = closer_create("kiosk");
	struct kept_fds *kept = kept_fds_create(-1, closer, NULL);
	uint64_t still = add_file(kept, "still");
	uint64_t last = 0;
	int watched[2];
	char byte;

	g_assert_cmpint(pipe2(watched, O_CLOEXEC | O_NONBLOCK), ==, 0);
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t number = kept_fds_add(kept, watched[1], i % 2);

		g_assert_cmpuint(number, !=, 0);
		g_assert_cmpuint(kept_fds_number(kept, watched[1]), ==, number);
		kept_fds_remove(kept, last, i % 2);
		kept_fds_tidy(kept);
		last = number;
	}
	close(watched[1]);
	kept_fds_remove(kept, last, true);
	while (kept_fds_tidy(kept))
		;
	while (closer_pending() > 0)
		g_thread_yield();
	g_assert_cmpint(read(watched[0], &byte, 1), ==, 0);
	close(watched[0]);
	kept = succeed(kept);
	expect_file(kept, still, "still");
	kept_fds_destroy(kept);
	closer_destroy(closer);
}

static void test_full(void)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	int fd = make_file("any");
	uint64_t numbers[KEPT_FDS_MAX];

	for (unsigned int i = 0; i < KEPT_FDS_MAX; i++) {
		numbers[i] = kept_fds_add(kept, fd, true);
		g_assert_cmpuint(numbers[i], !=, 0);
	}
	g_assert_cmpuint(kept_fds_add(kept, fd, true), ==, 0);
	/* The newest, so that all others must be moved. */
	for (unsigned int round = 0; round < 100; round++) {
		kept_fds_remove(kept, numbers[KEPT_FDS_MAX - 1], true);
		numbers[KEPT_FDS_MAX - 1] = kept_fds_add(kept, fd, true);
		g_assert_cmpuint(numbers[KEPT_FDS_MAX - 1], !=, 0);
	}
	kept = succeed(kept);
	for (unsigned int i = 0; i < KEPT_FDS_MAX; i++)
		expect_file(kept, numbers[i], "any");
	kept_fds_destroy(kept);
	close(fd);
}

/* The mark of one that died when it took the fds in, and what it had moved by then. */
static void test_died_at_this(void)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	uint64_t one = add_file(kept, "one");
	uint64_t two = add_file(kept, "two");
	uint64_t mark = UINT64_C(1) << 63 | 1;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec text = {&one, sizeof(one)};
	struct msghdr message = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	int fd = make_file("again");

	g_assert_cmpint(send(kept_fds_pair(kept)[0], &mark, sizeof(mark), 0), ==, sizeof(mark));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	g_assert_cmpint(sendmsg(kept_fds_pair(kept)[0], &message, 0), ==, sizeof(one));
	close(fd);
	for (unsigned int i = 0; i < 3; i++) {
		kept = succeed(kept);
		expect_file(kept, one, "one");
		expect_file(kept, two, "two");
	}
	kept_fds_destroy(kept);
}

static void expect_refused(int first, int second)
{
	const int pair[2] = {first, second};
	g_autoptr(GError) error = NULL;

	g_assert_null(kept_fds_create_from(pair, NULL, &error));
	g_assert_error(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED);
}

static void test_no_pair(void)
{
	size_t fds = fixture_count_fds();
	uint64_t number = 7;
	int pair[2];

	expect_refused(-1, -1);
	expect_refused(open("/dev/null", O_RDWR | O_CLOEXEC),
		open("/dev/null", O_RDWR | O_CLOEXEC));
	/* A message of another length, and one without its fd. */
	for (size_t size = 4; size <= 8; size += 4) {
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
		g_assert_cmpint(send(pair[0], &number, size, 0), ==, (ssize_t)size);
		expect_refused(pair[0], pair[1]);
	}
	/* The other end of another one. */
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
	expect_refused(pair[0], dup(pair[0]));
	close(pair[1]);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

static void test_nothing(void)
{
	g_assert_cmpuint(kept_fds_add(NULL, 0, true), ==, 0);
	g_assert_cmpuint(kept_fds_number(NULL, 0), ==, 0);
	g_assert_cmpint(kept_fds_get(NULL, 1), ==, -1);
	kept_fds_remove(NULL, 1, true);
	kept_fds_settle(NULL);
	kept_fds_tidy(NULL);
	kept_fds_destroy(NULL);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/kept-fds/succession", test_succession);
	g_test_add_func("/kept-fds/removed", test_removed);
	g_test_add_func("/kept-fds/settle", test_settle);
	g_test_add_func("/kept-fds/state", test_state);
	g_test_add_func("/kept-fds/flips", test_flips);
	g_test_add_func("/kept-fds/full", test_full);
	g_test_add_func("/kept-fds/died-at-this", test_died_at_this);
	g_test_add_func("/kept-fds/no-pair", test_no_pair);
	g_test_add_func("/kept-fds/nothing", test_nothing);
	return g_test_run();
}
