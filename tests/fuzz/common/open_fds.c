/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which fds there are, and the end of those that a thread closes (wire/closer.h): it runs here,
 * when they are counted or the target says, and so at the same place each time. Of those that paint
 * there is none. The linker puts this in the thread's place (fuzz_faults in the Makefile).
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "wire/account.h"
#include "wire/closer.h"

/* An input has far fewer. */
#define FDS_END 256

#define CLOSERS_MAX 64

static struct {
	GThreadFunc function;
	gpointer data;
} closers[CLOSERS_MAX];
static size_t closer_count;

GThread *wrap_thread_try_new(const char *name, GThreadFunc function, gpointer data,
	GError **error) __asm__("__wrap_g_thread_try_new");

GThread *wrap_thread_try_new(const char *name, GThreadFunc function, gpointer data, GError **error)
{
	/* Who waits for a picture would wait in vain. */
	if (g_str_equal(name, "painter")) {
		g_set_error_literal(error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "no thread");
		return NULL;
	}
	g_assert(closer_count < CLOSERS_MAX);
	closers[closer_count].function = function;
	closers[closer_count].data = data;
	closer_count++;
	return g_thread_ref(g_thread_self());
}

void fuzz_close(void)
{
	while (closer_count > 0) {
		closer_count--;
		closers[closer_count].function(closers[closer_count].data);
	}
}

int fuzz_next_open_fd(int fd)
{
	static struct pollfd fds[FDS_END];
	const struct timespec at_once = {0};

	/* All at once: those that are not there are the most. */
	if (fd < 0) {
		for (int i = 0; i < FDS_END; i++)
			fds[i] = (struct pollfd){.fd = i};
		/* Not by poll(), which is the fakes' or the clock's. */
		if (fuzz_ppoll(fds, FDS_END, &at_once) < 0)
			g_error("ppoll: %s", g_strerror(errno));
	}
	do
		fd++;
	while (fd < FDS_END && fds[fd].revents & POLLNVAL);
	return fd < FDS_END ? fd : -1;
}

void fuzz_check_account(const struct account *account)
{
	for (enum account_item item = 0; item < ACCOUNT_ITEMS; item++)
		g_assert(account_used(account, item) == 0);
}

/* As the size of procfs's folder, at little cost; 0: the kernel is older than 6.2, and does not
 * say. */
static unsigned int ask_kernel(void)
{
	static int folder = -1;
	struct stat status;

	if (folder < 0)
		folder = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Not by fstat(), which may be made to fail. */
	if (fstatat(folder, "", &status, AT_EMPTY_PATH) != 0)
		return 0;
	return (unsigned int)status.st_size;
}

unsigned int fuzz_open_fds(void)
{
	unsigned int count;

	fuzz_close();
	g_assert(closer_pending() == 0);
	count = ask_kernel();
	if (count > 0)
		return count;
	for (int fd = fuzz_next_open_fd(-1); fd >= 0; fd = fuzz_next_open_fd(fd))
		count++;
	return count;
}
