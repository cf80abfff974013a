/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Eventfds are added to without waiting, whatever whoever shares them makes of them. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "vhost/signaller.h"

static uint64_t take(int fd)
{
	eventfd_t count = 0;

	if (eventfd_read(fd, &count) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
	return count;
}

static void test_adds(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	g_assert_cmpuint(take(fd), ==, 0);
	signaller_add(fd);
	signaller_add(fd);
	g_assert_cmpuint(take(fd), ==, 2);
	/* Each is done with: none of them takes up a place. */
	for (int i = 0; i < 10000; i++)
		signaller_add(fd);
	g_assert_cmpuint(take(fd), ==, 10000);
	close(fd);
}

/* write() would sleep for ever here. */
static void test_full_and_blocking(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	g_assert_cmpint(eventfd_write(fd, UINT64_MAX - 1), ==, 0);
	for (int i = 0; i < 3; i++)
		signaller_add(fd);
	g_assert_cmpuint(take(fd), ==, UINT64_MAX);
	signaller_add(fd);
	g_assert_cmpuint(take(fd), ==, 1);
	close(fd);
}

/* Nothing is written to what is no eventfd, and nothing is broken by it. */
static void test_no_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int pair[2];
	char byte;

	g_assert_cmpint(pipe2(pair, O_CLOEXEC | O_NONBLOCK), ==, 0);
	signaller_add(pair[1]);
	signaller_add(-1);
	g_assert_cmpint(read(pair[0], &byte, 1), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
	signaller_add(fd);
	g_assert_cmpuint(take(fd), ==, 1);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static void test_install(void)
{
	size_t before = fixture_count_fds();
	g_autoptr(GError) error = NULL;

	g_assert_true(signaller_install(&error));
	g_assert_no_error(error);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(signaller_install(NULL));
	g_test_add_func("/vhost/signaller/adds", test_adds);
	g_test_add_func("/vhost/signaller/full-and-blocking", test_full_and_blocking);
	g_test_add_func("/vhost/signaller/no-eventfd", test_no_eventfd);
	g_test_add_func("/vhost/signaller/install", test_install);
	return g_test_run();
}
