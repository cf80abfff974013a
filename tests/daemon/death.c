/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon that dies at a call: a library that is preloaded into it by test-soak, which decides
 * when. $DEATH_FOLDER has
 *
 *   started   a FIFO: at its start the daemon writes its process's number, a line
 *   go        a FIFO: and waits there for a line
 *   plan      eight bytes, which the test changes in place: a call's letter (see below), "b" or "a" for before or after it,
 *             and the number of the call, counted from when the plan is there, in decimal; or a
 *             letter "-": nothing
 *
 *   c  a commit that sets no mode        e  a read of events             m  a commit that may set one
 *   r  something received from a socket  s  something sent to one        t  a commit that only tests
 *   i  any ioctl                         p  the main loop's wait
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define PLAN_SIZE 8

static const volatile char *plan; /* NULL: we are in another program, or it has not begun */
static atomic_int calls; /* of the plan's kind, so far */

/* The real function of this name. */
#define REAL(name) \
	static __typeof__(&(name)) real; \
	if (!real) \
	real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* The number of this call, 0 where it is not of the plan's kind. */
static int count(char call)
{
	return plan && plan[0] == call ? atomic_fetch_add(&calls, 1) + 1 : 0;
}

static void die_if(int number, char side)
{
	char wanted[PLAN_SIZE - 1] = {0};

	if (number == 0 || plan[1] != side)
		return;
	for (size_t i = 0; i < sizeof(wanted) - 1; i++)
		wanted[i] = plan[2 + i];
	if (number >= atoi(wanted))
		die();
}

static int before(char call)
{
	int number = count(call);

	die_if(number, 'b');
	return number;
}

static void after(int number)
{
	int saved = errno;

	die_if(number, 'a');
	errno = saved;
}

/* ---- the calls ---- */

int drmModeAtomicCommit(int fd, drmModeAtomicReqPtr request, uint32_t flags, void *data)
{
	REAL(drmModeAtomicCommit);
	char call = flags & DRM_MODE_ATOMIC_TEST_ONLY	? 't'
		: flags & DRM_MODE_ATOMIC_ALLOW_MODESET ? 'm'
							: 'c';
	int number = before(call);
	int result = real(fd, request, flags, data);

	after(number);
	return result;
}

int ioctl(int fd, unsigned long request, ...)
{
	REAL(ioctl);
	va_list arguments;
	void *argument;
	int number = before('i');
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	result = real(fd, request, argument);
	after(number);
	return result;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	REAL(recvmsg);
	int number = before('r');
	ssize_t result = real(fd, message, flags);

	after(number);
	return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	int number = before('s');
	ssize_t result = real(fd, message, flags);

	after(number);
	return result;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
	REAL(send);
	int number = before('s');
	ssize_t result = real(fd, bytes, size, flags);

	after(number);
	return result;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	REAL(read);
	int number = before('e');
	ssize_t result = real(fd, buffer, size);

	after(number);
	return result;
}

int poll(struct pollfd *fds, nfds_t fd_count, int timeout_ms)
{
	REAL(poll);
	int number = before('p');
	int result = real(fds, fd_count, timeout_ms);

	after(number);
	return result;
}

/* GLib's loop waits by this one from 2.80 on. */
int ppoll(struct pollfd *fds, nfds_t fd_count, const struct timespec *timeout,
	const sigset_t *signals)
{
	REAL(ppoll);
	int number = before('p');
	int result = real(fds, fd_count, timeout, signals);

	after(number);
	return result;
}

/* ---- the start ---- */

static int open_in(const char *folder, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

static void await_go(const char *folder)
{
	int fd = open_in(folder, "started", O_WRONLY);
	char line[16];

	snprintf(line, sizeof(line), "%d\n", (int)getpid());
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
	fd = open_in(folder, "go", O_RDONLY);
	if (read(fd, line, 1) != 1)
		abort();
	close(fd);
}

__attribute__((constructor)) static void begin(void)
{
	const char *folder = getenv("DEATH_FOLDER");
	void *bytes;
	int fd;

	/* Not in who starts it. */
	if (!folder || strcmp(program_invocation_short_name, "scanoutd") != 0)
		return;
	await_go(folder);
	fd = open_in(folder, "plan", O_RDONLY);
	bytes = mmap(NULL, PLAN_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		abort();
	plan = bytes;
}
