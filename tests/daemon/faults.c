/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of a driver that vkms does not have, and of a machine that the lab is not: a library that
 * is preloaded into the daemon. Each file that a test puts into the folder $CARD_FAULTS is one
 * fault, and gone when it has come about:
 *
 *   refuse   a commit that was to follow a page flip at once: EINVAL
 *   lose     a page-flip event that never comes
 *   stall    a commit that hangs: a FIFO, where a line is written when it does; it goes on when a
 *            line has been written to the FIFO stall-end
 *
 * But suspended stays: as long as it is there the machine has been suspended for an hour, by its
 * clocks.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define DRM_MAJOR 226

/* Who commits now commits what waited for the flip. */
static bool in_event;

static bool find(const char *fault, char path[256])
{
	const char *folder = getenv("CARD_FAULTS");

	if (!folder)
		return false;
	snprintf(path, 256, "%s/%s", folder, fault);
	return true;
}

static bool is_wanted(const char *fault)
{
	char path[256];

	return find(fault, path) && unlink(path) == 0;
}

static void stall_if_wanted(void)
{
	char path[256];
	char line[16];
	int fd = find("stall", path) ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	unlink(path);
	if (write(fd, "stuck\n", 6) != 6)
		abort();
	close(fd);
	find("stall-end", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* To its end, or who writes would be left without a reader. */
	while (fd >= 0 && read(fd, line, sizeof(line)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

int drmModeAtomicCommit(int fd, drmModeAtomicReqPtr request, uint32_t flags, void *data)
{
	static int (*real)(int, drmModeAtomicReqPtr, uint32_t, void *);

	if (!real)
		real = (int (*)(int, drmModeAtomicReqPtr, uint32_t, void *))dlsym(RTLD_NEXT,
			"drmModeAtomicCommit");
	if (!(flags & DRM_MODE_ATOMIC_TEST_ONLY))
		stall_if_wanted();
	if (in_event && flags & DRM_MODE_PAGE_FLIP_EVENT && is_wanted("refuse"))
		return -EINVAL;
	return real(fd, request, flags, data);
}

static bool is_card(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISCHR(file.st_mode) && major(file.st_rdev) == DRM_MAJOR;
}

/* Events are read from the card; what comes of them is over when the main loop waits again. */
ssize_t read(int fd, void *buffer, size_t size)
{
	static ssize_t (*real)(int, void *, size_t);
	ssize_t result;

	if (!real)
		real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	result = real(fd, buffer, size);
	if (result <= 0 || !is_card(fd))
		return result;
	if (is_wanted("lose")) {
		errno = EAGAIN;
		return -1;
	}
	in_event = true;
	return result;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	static int (*real)(struct pollfd *, nfds_t, int);

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
	/* A look at a buffer's fences is no wait. */
	if (timeout_ms != 0)
		in_event = false;
	return real(fds, count, timeout_ms);
}

/* GLib's loop waits by this one from 2.80 on. */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *signals)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, const struct timespec *,
			const sigset_t *))dlsym(RTLD_NEXT, "ppoll");
	if (!timeout || timeout->tv_sec != 0 || timeout->tv_nsec != 0)
		in_event = false;
	return real(fds, count, timeout, signals);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	static int (*real)(clockid_t, struct timespec *);
	char path[256];
	int result;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	result = real(clock, time);
	if (clock == CLOCK_BOOTTIME && find("suspended", path) && access(path, F_OK) == 0)
		time->tv_sec += 3600;
	return result;
}
