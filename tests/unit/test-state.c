/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's state: survives in its memfd, and is refused where its layout is another. */
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scene/state.h"

static void test_create(void)
{
	g_autoptr(GError) error = NULL;
	struct state *state = state_create("kiosk", &error);
	struct state_header header;
	struct guest_state zero;

	g_assert_no_error(error);
	memset(&zero, 0, sizeof(zero));
	g_assert_cmpmem(state_guest(state), sizeof(zero), &zero, sizeof(zero));
	g_assert_cmpint(pread(state_fd(state), &header, sizeof(header), 0), ==, sizeof(header));
	g_assert_cmpuint(header.version, ==, STATE_VERSION);
	g_assert_cmpuint(header.size, ==, (uint64_t)lseek(state_fd(state), 0, SEEK_END));
	/* Nobody can make an access fault. */
	g_assert_cmpint(ftruncate(state_fd(state), 0), ==, -1);
	g_assert_cmpint(fcntl(state_fd(state), F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
	state_destroy(state);
	state_destroy(NULL);
}

/* What one process wrote in place is what the next one works on. */
static void test_hand_over(void)
{
	g_autoptr(GError) error = NULL;
	struct state *first = state_create("kiosk", &error);
	struct state *second;

	g_assert_no_error(error);
	state_guest(first)->last_reply_us = 4711;
	state_guest(first)->scanouts[15].cursor_pixels[4095] = 0xffabcdefu;
	second = state_create_from_fd(dup(state_fd(first)), &error);
	g_assert_no_error(error);
	state_destroy(first);
	g_assert_cmpint(state_guest(second)->last_reply_us, ==, 4711);
	g_assert_cmphex(state_guest(second)->scanouts[15].cursor_pixels[4095], ==, 0xffabcdefu);
	state_destroy(second);
}

static void assert_refused(int fd, enum state_error code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(state_create_from_fd(fd, &error));
	g_assert_error(error, STATE_ERROR, (int)code);
	/* It was taken over all the same. */
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void test_other_layout(void)
{
	struct state_header header = {.version = STATE_VERSION + 1, .size = 4096};
	const struct {
		uint32_t version;
		uint64_t size;
		off_t length;
	} cases[] = {
		{STATE_VERSION + 1, 4096, 4096},
		{STATE_VERSION, 4096, 4096},
		{STATE_VERSION, 0, sizeof(header)},
		{STATE_VERSION, 0, sizeof(header) - 1},
		{STATE_VERSION, UINT64_MAX, 64 * 1024 * 1024},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		header.version = cases[i].version;
		header.size = cases[i].size;
		g_assert_cmpint(write(fd, &header, sizeof(header)), ==, sizeof(header));
		g_assert_cmpint(ftruncate(fd, cases[i].length), ==, 0);
		g_assert_cmpint(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
			==, 0);
		assert_refused(fd, STATE_ERROR_VERSION);
	}
}

static void test_no_memfd(void)
{
	int ends[2];

	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	close(ends[1]);
	assert_refused(ends[0], STATE_ERROR_FAILED);
	/* Without seals the other side could cut it while we read. */
	assert_refused(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING), STATE_ERROR_FAILED);
}

/* Descriptor 0 is as good as any: whoever started us may have closed it. */
static void test_first_descriptor(void)
{
	int kept = dup(STDIN_FILENO);
	struct state *state;

	close(STDIN_FILENO);
	state = state_create("kiosk", NULL);
	g_assert_nonnull(state);
	g_assert_cmpint(state_fd(state), ==, STDIN_FILENO);
	state_destroy(state);
	g_assert_cmpint(dup2(kept, STDIN_FILENO), ==, STDIN_FILENO);
	close(kept);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/state/create", test_create);
	g_test_add_func("/state/hand-over", test_hand_over);
	g_test_add_func("/state/other-layout", test_other_layout);
	g_test_add_func("/state/no-memfd", test_no_memfd);
	g_test_add_func("/state/first-descriptor", test_first_descriptor);
	return g_test_run();
}
