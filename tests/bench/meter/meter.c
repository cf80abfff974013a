/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meter: a library that is preloaded into a program under test and measures, between the
 * returns of poll, how long the program is awake, and how soon it has committed and replied. The
 * same for whatever program, so that two can be compared; the clock calls cost both the same.
 */
#include "meter.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <drm.h>

static struct meter *meter;
static uint64_t woken; /* poll's last return; 0 before the first */
static bool committed;
static bool sent;

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

__attribute__((constructor)) static void meter_start(void)
{
	const char *fd = getenv(METER_ENVIRONMENT);
	void *memory;

	if (!fd)
		return;
	memory = mmap(NULL, sizeof(*meter), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0);
	if (memory != MAP_FAILED)
		meter = memory;
}

static void before_poll(void)
{
	if (meter && woken)
		meter->active_ns += now_ns() - woken;
}

static void after_poll(void)
{
	if (!meter)
		return;
	meter->turns++;
	committed = false;
	sent = false;
	woken = now_ns();
}

/* A question about one fd is work, no end of a turn. */
static bool is_question(nfds_t count, bool at_once)
{
	return count == 1 && at_once;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	static int (*real)(struct pollfd *, nfds_t, int);
	int result;

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
	if (is_question(count, timeout == 0))
		return real(fds, count, timeout);
	before_poll();
	result = real(fds, count, timeout);
	after_poll();
	return result;
}

/* What poll() becomes under _FORTIFY_SOURCE. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return poll(fds, count, timeout);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	int result;

	if (!real)
		real = (int (*)(struct pollfd *, nfds_t, const struct timespec *,
			const sigset_t *))dlsym(RTLD_NEXT, "ppoll");
	if (is_question(count, timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0))
		return real(fds, count, timeout, mask);
	before_poll();
	result = real(fds, count, timeout, mask);
	after_poll();
	return result;
}

/* And ppoll(), which the loop of newer GLibs waits by. */
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(fds, count, timeout, mask);
}

static bool commits(unsigned long request, const void *argument)
{
	if (request == DRM_IOCTL_MODE_ATOMIC)
		return !(((const struct drm_mode_atomic *)argument)->flags &
			DRM_MODE_ATOMIC_TEST_ONLY);
	return request == DRM_IOCTL_MODE_SETCRTC;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, void *);
	va_list arguments;
	uint64_t before_ns = 0;
	void *argument;
	int result;

	if (!real)
		real = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!meter || !commits(request, argument))
		return real(fd, request, argument);
	if (!meter->first_commit_ns)
		before_ns = now_ns();
	result = real(fd, request, argument);
	if (result != 0)
		return result;
	/* A mode set returns with the next vblank, and when that is due is by chance. */
	if (!meter->first_commit_ns)
		meter->first_commit_ns = before_ns;
	if (woken && !committed) {
		if (meter->commits < METER_SAMPLES) {
			meter->commit_ns[meter->commits] = (uint32_t)(now_ns() - woken);
			meter->commit_active_ns[meter->commits] = meter->active_ns;
		}
		meter->commits++;
		committed = true;
	}
	return result;
}

static void after_send(void)
{
	if (!meter || !woken || sent)
		return;
	if (meter->sends < METER_SAMPLES)
		meter->send_ns[meter->sends] = (uint32_t)(now_ns() - woken);
	meter->sends++;
	sent = true;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	ssize_t result;

	if (!real)
		real = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	result = real(fd, message, flags);
	after_send();
	return result;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	ssize_t result;

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	result = real(fd, data, size, flags);
	after_send();
	return result;
}
