/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an fd of a peer's is, for fds of every kind, and for those that would like to pass for
 * another. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "wire/peer_fd.h"

enum kind {
	KIND_NONE,
	KIND_MEMORY,
	KIND_EVENTFD,
	KIND_DMABUF,
};

/* Closes it. */
static void expect_kind(int fd, enum kind kind)
{
	/* The fake is a memfd that also passes for a dma-buf. */
	if (kind != KIND_DMABUF)
		g_assert_true(peer_fd_is_memory(fd) == (kind == KIND_MEMORY));
	g_assert_true(peer_fd_is_eventfd(fd) == (kind == KIND_EVENTFD));
	g_assert_true(peer_fd_is_dmabuf(fd) == (kind == KIND_DMABUF));
	if (fd >= 0)
		close(fd);
}

static void test_kinds(void)
{
	int pair[2];

	expect_kind(-1, KIND_NONE);
	expect_kind(fake_dmabuf_create(4096, NULL), KIND_DMABUF);
	expect_kind(memfd_create("memory", MFD_CLOEXEC), KIND_MEMORY);
	expect_kind(memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING), KIND_MEMORY);
	expect_kind(eventfd(0, EFD_CLOEXEC), KIND_EVENTFD);
	expect_kind(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE | EFD_NONBLOCK), KIND_EVENTFD);

	expect_kind(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), KIND_NONE);
	expect_kind(epoll_create1(EPOLL_CLOEXEC), KIND_NONE);
	expect_kind(open("/dev/zero", O_RDWR | O_CLOEXEC), KIND_NONE);
	expect_kind(open("/proc/self/maps", O_RDONLY | O_CLOEXEC), KIND_NONE);
	expect_kind(open("/", O_PATH | O_CLOEXEC), KIND_NONE);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	expect_kind(pair[0], KIND_NONE);
	expect_kind(pair[1], KIND_NONE);
	g_assert_cmpint(pipe2(pair, O_CLOEXEC), ==, 0);
	expect_kind(pair[0], KIND_NONE);
	expect_kind(pair[1], KIND_NONE);
}

/* Names are their owner's to choose. */
static void test_names(void)
{
	static const char *const names[] = {"anon_inode:[eventfd]", "dmabuf:", "memfd:memory",
		"\nexp_name:\tudmabuf"};
	g_autofree char *folder = g_dir_make_tmp("test-peer-fd-XXXXXX", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		int fd = memfd_create(names[i], MFD_CLOEXEC);

		g_test_message("name %zu", i);
		expect_kind(fd, KIND_MEMORY);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		g_assert_cmpint(fd, >=, 0);
		g_assert_false(peer_fd_is_eventfd(fd));
		g_assert_false(peer_fd_is_dmabuf(fd));
		close(fd);
		g_unlink(path);
	}
	g_rmdir(folder);
}

/* Locks are listed with what fdinfo says of an fd. */
static void test_locked(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = memfd_create("locked", MFD_CLOEXEC);

	g_assert_cmpint(fcntl(fd, F_SETLK, &lock), ==, 0);
	expect_kind(fd, KIND_MEMORY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/peer-fd/kinds", test_kinds);
	g_test_add_func("/wire/peer-fd/names", test_names);
	g_test_add_func("/wire/peer-fd/locked", test_locked);
	return g_test_run();
}
