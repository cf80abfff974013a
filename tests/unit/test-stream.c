/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader and writer of bytes with fds: every status it gives, and that every fd that comes is
 * the caller's or closed.
 */
#include "wire/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel_fixture.h"

struct pair {
	struct stream a;
	struct stream b;
	size_t fds; /* open before */
};

static struct pair pair_create(void)
{
	g_autoptr(GError) error = NULL;
	struct pair pair = {.fds = fixture_count_fds()};
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	g_assert_true(stream_init(&pair.a, fds[0], NULL, &error));
	g_assert_true(stream_init(&pair.b, fds[1], NULL, &error));
	return pair;
}

static void pair_destroy(struct pair *pair)
{
	stream_finish(&pair->a);
	stream_finish(&pair->b);
	/* Twice is no harm. */
	stream_finish(&pair->b);
	g_assert_cmpint(pair->b.fd, ==, -1);
	g_assert_cmpuint(fixture_count_fds(), ==, pair->fds);
}

static enum stream_status write_text(struct stream *stream, const char *text, const int *fds,
	size_t fd_count)
{
	struct iovec iov = {.iov_base = (void *)text, .iov_len = strlen(text)};
	size_t bytes;

	return stream_write(stream, &iov, 1, &bytes, fds, fd_count);
}

static enum stream_status read_text(struct stream *stream, char *text, size_t size,
	struct stream_fds *fds)
{
	struct iovec iov = {.iov_base = text, .iov_len = size - 1};
	size_t bytes;
	enum stream_status status = stream_read(stream, &iov, 1, &bytes, fds);

	text[bytes] = '\0';
	return status;
}

static void test_flags(void)
{
	struct pair pair = pair_create();

	g_assert_cmpint(fcntl(pair.a.fd, F_GETFD) & FD_CLOEXEC, !=, 0);
	g_assert_cmpint(fcntl(pair.a.fd, F_GETFL) & O_NONBLOCK, !=, 0);
	pair_destroy(&pair);
}

static void test_bad_fd(void)
{
	g_autoptr(GError) error = NULL;
	struct stream stream;
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 500);

	close(fd);
	g_assert_false(stream_init(&stream, fd, NULL, &error));
	g_assert_nonnull(error);
	g_assert_cmpint(stream.fd, ==, -1);
}

static void test_statuses(void)
{
	struct pair pair = pair_create();
	struct stream_fds fds;
	char text[8];

	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), &fds), ==, STREAM_AGAIN);
	g_assert_cmpuint(fds.count, ==, 0);
	g_assert_cmpint(write_text(&pair.b, "abcdefghij", NULL, 0), ==, STREAM_DONE);
	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), &fds), ==, STREAM_DONE);
	g_assert_cmpstr(text, ==, "abcdefg");
	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), NULL), ==, STREAM_DONE);
	g_assert_cmpstr(text, ==, "hij");
	stream_finish(&pair.b);
	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), &fds), ==, STREAM_EOF);
	/* No SIGPIPE. */
	g_assert_cmpint(write_text(&pair.a, "x", NULL, 0), ==, STREAM_EOF);
	pair_destroy(&pair);
}

static void test_reset(void)
{
	struct pair pair = pair_create();
	char text[8];

	g_assert_cmpint(write_text(&pair.a, "unread", NULL, 0), ==, STREAM_DONE);
	stream_finish(&pair.b);
	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), NULL), ==, STREAM_ERROR);
	g_assert_cmpint(errno, ==, ECONNRESET);
	g_assert_cmpint(read_text(&pair.a, text, sizeof(text), NULL), ==, STREAM_EOF);
	pair_destroy(&pair);
}

/* The socket fills up: what was taken is told, then AGAIN, and not one byte is lost. */
static void test_full(void)
{
	struct pair pair = pair_create();
	static char out[300000];
	static char in[sizeof(out)];
	size_t sent = 0, got = 0, bytes;
	bool again = false;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	while (got < sizeof(out)) {
		struct iovec iov = {.iov_base = out + sent, .iov_len = sizeof(out) - sent};
		enum stream_status status = STREAM_AGAIN;
		if (sent < sizeof(out))
			status = stream_write(&pair.a, &iov, 1, &bytes, NULL, 0);
		if (status == STREAM_DONE) {
			sent += bytes;
			continue;
		}
		g_assert_cmpint(status, ==, STREAM_AGAIN);
		again = again || sent < sizeof(out);
		struct iovec parts[] = {{in + got, MIN(100, sizeof(in) - got)},
			{in + got + 100, got + 100 < sizeof(in) ? sizeof(in) - got - 100 : 0}};
		g_assert_cmpint(stream_read(&pair.b, parts, 2, &bytes, NULL), ==, STREAM_DONE);
		got += bytes;
	}
	g_assert_true(again);
	g_assert_cmpmem(in, got, out, sent);
	pair_destroy(&pair);
}

static ino_t inode(int fd)
{
	struct stat status;

	g_assert_cmpint(fstat(fd, &status), ==, 0);
	return status.st_ino;
}

static void test_fds(void)
{
	struct pair pair = pair_create();
	struct stream_fds fds;
	int sent[STREAM_FDS_MAX];
	char text[8];

	for (size_t i = 0; i < STREAM_FDS_MAX; i++)
		sent[i] = memfd_create("stream", 0);
	g_assert_cmpint(write_text(&pair.a, "plain", NULL, 0), ==, STREAM_DONE);
	g_assert_cmpint(write_text(&pair.a, "fds", sent, STREAM_FDS_MAX), ==, STREAM_DONE);
	g_assert_cmpint(write_text(&pair.a, "rest", NULL, 0), ==, STREAM_DONE);

	char all[32];
	g_assert_cmpint(read_text(&pair.b, all, sizeof(all), &fds), ==, STREAM_DONE);
	/* Begins in plain bytes, stops behind the piece that carries fds. */
	g_assert_cmpstr(all, ==, "plainfds");
	g_assert_cmpuint(fds.count, ==, STREAM_FDS_MAX);
	for (size_t i = 0; i < STREAM_FDS_MAX / 2; i++) {
		int fd = stream_fds_take(&fds);
		g_assert_cmpuint(inode(fd), ==, inode(sent[i]));
		g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
		close(fd);
	}
	stream_fds_close(&fds);
	g_assert_cmpint(stream_fds_take(&fds), ==, -1);
	g_assert_cmpint(read_text(&pair.b, text, sizeof(text), &fds), ==, STREAM_DONE);
	g_assert_cmpstr(text, ==, "rest");
	g_assert_cmpuint(fds.count, ==, 0);
	for (size_t i = 0; i < STREAM_FDS_MAX; i++)
		close(sent[i]);
	pair_destroy(&pair);
}

/* The kernel's SCM_MAX_FD. */
#define SENT_FDS_MAX 253

/* Sends more than a stream takes, past stream_write(). */
static void send_many(int socket, int fd, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * SENT_FDS_MAX)];
	} control = {.bytes = {0}};
	char byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
	message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	g_assert_cmpint(sendmsg(socket, &message, 0), ==, 1);
}

static void test_too_many_fds(void)
{
	struct pair pair = pair_create();
	struct stream_fds fds;
	char text[8];

	for (size_t count = STREAM_FDS_MAX; count <= 100; count += 46) {
		send_many(pair.a.fd, 0, count);
		g_assert_cmpint(read_text(&pair.b, text, sizeof(text), &fds), ==, STREAM_DONE);
		g_assert_cmpuint(fds.count, ==, STREAM_FDS_MAX);
		g_assert_true(fds.truncated == (count > STREAM_FDS_MAX));
		g_assert_false(fds.lost);
		stream_fds_close(&fds);
		/* And where nobody wants any. */
		send_many(pair.a.fd, 0, count);
		g_assert_cmpint(read_text(&pair.b, text, sizeof(text), NULL), ==, STREAM_DONE);
	}
	pair_destroy(&pair);
}

/* All that the kernel lets a peer send at once is ours to close: what it had to drop, it would
 * close in this thread. */
static void test_all_fds(void)
{
	struct pair pair = pair_create();
	size_t before = fixture_count_fds();
	struct stream_fds fds;
	char text[8];

	send_many(pair.a.fd, 0, SENT_FDS_MAX);
	g_assert_cmpint(read_text(&pair.b, text, sizeof(text), &fds), ==, STREAM_DONE);
	g_assert_true(fds.truncated);
	g_assert_false(fds.lost);
	stream_fds_close(&fds);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	pair_destroy(&pair);
}

/* Another thing than too many: there is no room for one in this process. */
static void test_lost_fds(void)
{
	struct pair pair = pair_create();
	struct rlimit limit, none;
	struct stream_fds fds;
	char text[8];

	send_many(pair.a.fd, 0, 2);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	none = limit;
	none.rlim_cur = 0;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	g_assert_cmpint(read_text(&pair.b, text, sizeof(text), &fds), ==, STREAM_DONE);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	g_assert_cmpuint(fds.count, ==, 0);
	g_assert_true(fds.lost);
	g_assert_false(fds.truncated);
	pair_destroy(&pair);
}

/* Peeking leaves the fds where they are. */
static void test_peek(void)
{
	struct pair pair = pair_create();
	struct stream_fds fds;
	char text[8];
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	size_t bytes;
	int fd = memfd_create("stream", 0);
	size_t before = fixture_count_fds();

	g_assert_cmpint(write_text(&pair.a, "abc", &fd, 1), ==, STREAM_DONE);
	for (int i = 0; i < 3; i++) {
		g_assert_cmpint(stream_peek(&pair.b, &iov, 1, &bytes), ==, STREAM_DONE);
		g_assert_cmpmem(text, bytes, "abc", 3);
		g_assert_cmpuint(fixture_count_fds(), ==, before);
	}
	g_assert_cmpint(stream_read(&pair.b, &iov, 1, &bytes, &fds), ==, STREAM_DONE);
	g_assert_cmpuint(fds.count, ==, 1);
	g_assert_cmpuint(inode(fds.fd[0]), ==, inode(fd));
	stream_fds_close(&fds);
	close(fd);
	pair_destroy(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stream/flags", test_flags);
	g_test_add_func("/stream/bad-fd", test_bad_fd);
	g_test_add_func("/stream/statuses", test_statuses);
	g_test_add_func("/stream/reset", test_reset);
	g_test_add_func("/stream/full", test_full);
	g_test_add_func("/stream/fds", test_fds);
	g_test_add_func("/stream/too-many-fds", test_too_many_fds);
	g_test_add_func("/stream/all-fds", test_all_fds);
	g_test_add_func("/stream/lost-fds", test_lost_fds);
	g_test_add_func("/stream/peek", test_peek);
	return g_test_run();
}
