/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ERRORS_MAX 6

/* What each call can fail with where we make it. A 0 cuts it short. */
static const struct {
	int errors[ERRORS_MAX];
	size_t count;
} calls[FAULT_CALLS] = {
	[FAULT_RECVMSG] = {{0, EINTR, ECONNRESET, ENOMEM, EIO, EAGAIN}, 6},
	[FAULT_SENDMSG] = {{0, EINTR, ECONNRESET, ETOOMANYREFS, EIO, EAGAIN}, 6},
	[FAULT_IOCTL] = {{EIO}, 1},
	[FAULT_SETSOCKOPT] = {{ENOMEM}, 1},
	[FAULT_FCNTL] = {{EINVAL}, 1},
	[FAULT_FSTAT] = {{EIO}, 1},
	[FAULT_MMAP] = {{ENOMEM, EPERM}, 2},
	[FAULT_EPOLL_CREATE] = {{EMFILE, ENOMEM}, 2},
	[FAULT_EPOLL_ADD] = {{ENOMEM, ENOSPC}, 2},
	[FAULT_SOCKETPAIR] = {{EMFILE, ENFILE, ENOBUFS}, 3},
	[FAULT_SOCKET] = {{EMFILE, ENOBUFS}, 2},
	[FAULT_ACCEPT] = {{EMFILE, ECONNABORTED, ENOMEM}, 3},
	[FAULT_MEMFD] = {{EMFILE, ENOMEM}, 2},
	[FAULT_FTRUNCATE] = {{ENOSPC, EINTR}, 2},
	[FAULT_PREADV] = {{EOPNOTSUPP, EAGAIN}, 2},
	[FAULT_AIO] = {{EAGAIN}, 1},
};

static _Thread_local struct {
	bool armed;
	enum fault_call call;
	int error;
	unsigned int skip, times;
	bool struck;
} fault;

void fault_set(enum fault_call call, int error, unsigned int skip, unsigned int times)
{
	fault.armed = true;
	fault.call = call;
	fault.error = error;
	fault.skip = skip;
	fault.times = times;
	fault.struck = false;
}

void fault_arm(struct fuzz *fuzz)
{
	enum fault_call call = (enum fault_call)fuzz_pick(fuzz, FAULT_CALLS);
	uint8_t how = fuzz_u8(fuzz);

	fault_set(call, calls[call].errors[(how >> 4) % calls[call].count], how & 7,
		how & 8 ? 1000 : 1);
}

void fault_disarm(void)
{
	fault.armed = false;
}

bool fault_is(enum fault_call call)
{
	return fault.armed && fault.call == call;
}

bool fault_struck(enum fault_call call)
{
	return fault.call == call && fault.struck;
}

void fault_turns(struct fuzz *fuzz, unsigned int turns)
{
	fault_arm(fuzz);
	fuzz_turns(turns);
	fault_disarm();
}

/* It is this one's turn; `*error` is 0 where it is to be cut short. */
static bool is_due(enum fault_call call, int *error)
{
	if (!fault.armed || fault.call != call || fault.times == 0)
		return false;
	if (fault.skip > 0) {
		fault.skip--;
		return false;
	}
	fault.times--;
	*error = fault.error;
	fault.struck |= *error != 0 && *error != EAGAIN && *error != EINTR;
	return true;
}

static bool fails(enum fault_call call)
{
	int error;

	if (!is_due(call, &error))
		return false;
	errno = error;
	return true;
}

/* ---- in the calls' places ---- */

#define REAL(name) __asm__("__real_" #name)
#define WRAP(name) __asm__("__wrap_" #name)

ssize_t real_recvmsg(int fd, struct msghdr *message, int flags) REAL(recvmsg);
ssize_t wrap_recvmsg(int fd, struct msghdr *message, int flags) WRAP(recvmsg);
ssize_t real_sendmsg(int fd, const struct msghdr *message, int flags) REAL(sendmsg);
ssize_t wrap_sendmsg(int fd, const struct msghdr *message, int flags) WRAP(sendmsg);
ssize_t real_send(int fd, const void *bytes, size_t size, int flags) REAL(send);
ssize_t wrap_send(int fd, const void *bytes, size_t size, int flags) WRAP(send);
int real_ioctl(int fd, unsigned long request, void *argument) REAL(ioctl);
int wrap_ioctl(int fd, unsigned long request, void *argument) WRAP(ioctl);
int real_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
	REAL(setsockopt);
int wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
	WRAP(setsockopt);
int real_fcntl(int fd, int command, long argument) REAL(fcntl64);
int wrap_fcntl(int fd, int command, long argument) WRAP(fcntl64);
int real_fstat(int fd, struct stat *status) REAL(fstat64);
int wrap_fstat(int fd, struct stat *status) WRAP(fstat64);
void *real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
	REAL(mmap64);
void *wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
	WRAP(mmap64);
int real_epoll_create1(int flags) REAL(epoll_create1);
int wrap_epoll_create1(int flags) WRAP(epoll_create1);
int real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) REAL(epoll_ctl);
int wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) WRAP(epoll_ctl);
int real_socketpair(int domain, int type, int protocol, int pair[2]) REAL(socketpair);
int wrap_socketpair(int domain, int type, int protocol, int pair[2]) WRAP(socketpair);
int real_socket(int domain, int type, int protocol) REAL(socket);
int wrap_socket(int domain, int type, int protocol) WRAP(socket);
int real_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) REAL(accept4);
int wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) WRAP(accept4);
int real_memfd_create(const char *name, unsigned int flags) REAL(memfd_create);
int wrap_memfd_create(const char *name, unsigned int flags) WRAP(memfd_create);
int real_ftruncate(int fd, off_t size) REAL(ftruncate64);
int wrap_ftruncate(int fd, off_t size) WRAP(ftruncate64);
ssize_t real_preadv2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
	REAL(preadv64v2);
ssize_t wrap_preadv2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
	WRAP(preadv64v2);
long real_syscall(long number, long a, long b, long c, long d, long e, long f) REAL(syscall);
long wrap_syscall(long number, long a, long b, long c, long d, long e, long f) WRAP(syscall);

/* Of such a socket a message is whole, or is not there. */
static bool has_packets(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

/* The first byte carries the fds, so that they come, too. */
ssize_t wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct iovec piece = {message->msg_iov[0].iov_base, 1};
	struct msghdr first = *message;
	ssize_t got;
	int error;

	if (!is_due(FAULT_RECVMSG, &error))
		return real_recvmsg(fd, message, flags);
	if (error) {
		errno = error;
		return -1;
	}
	if (has_packets(fd))
		return real_recvmsg(fd, message, flags);
	first.msg_iov = &piece;
	first.msg_iovlen = 1;
	got = real_recvmsg(fd, &first, flags);
	message->msg_controllen = first.msg_controllen;
	message->msg_flags = first.msg_flags;
	return got;
}

ssize_t wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec piece = {message->msg_iov[0].iov_base, (message->msg_iov[0].iov_len + 1) / 2};
	struct msghdr half = *message;
	int error;

	if (!is_due(FAULT_SENDMSG, &error))
		return real_sendmsg(fd, message, flags);
	if (error) {
		errno = error;
		return -1;
	}
	if (has_packets(fd))
		return real_sendmsg(fd, message, flags);
	half.msg_iov = &piece;
	half.msg_iovlen = 1;
	return real_sendmsg(fd, &half, flags);
}

ssize_t wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	int error;

	if (!is_due(FAULT_SENDMSG, &error))
		return real_send(fd, bytes, size, flags);
	if (error) {
		errno = error;
		return -1;
	}
	return real_send(fd, bytes, (size + 1) / 2, flags);
}

int wrap_ioctl(int fd, unsigned long request, void *argument)
{
	return fails(FAULT_IOCTL) ? -1 : real_ioctl(fd, request, argument);
}

int wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return fails(FAULT_SETSOCKOPT) ? -1 : real_setsockopt(fd, level, name, value, size);
}

int wrap_fcntl(int fd, int command, long argument)
{
	return command == F_SETFL && fails(FAULT_FCNTL) ? -1 : real_fcntl(fd, command, argument);
}

int wrap_fstat(int fd, struct stat *status)
{
	return fails(FAULT_FSTAT) ? -1 : real_fstat(fd, status);
}

void *wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	/* What mends a mapping whose memory has gone does not fail here: then the process ends. */
	if (!(flags & MAP_FIXED) && fails(FAULT_MMAP))
		return MAP_FAILED;
	return real_mmap(at, size, protection, flags, fd, offset);
}

int wrap_epoll_create1(int flags)
{
	return fails(FAULT_EPOLL_CREATE) ? -1 : real_epoll_create1(flags);
}

/* A change of what is watched takes nothing, and cannot fail. */
int wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (operation == EPOLL_CTL_ADD && fails(FAULT_EPOLL_ADD))
		return -1;
	return real_epoll_ctl(epoll, operation, fd, event);
}

int wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	return fails(FAULT_SOCKETPAIR) ? -1 : real_socketpair(domain, type, protocol, pair);
}

int wrap_socket(int domain, int type, int protocol)
{
	return fails(FAULT_SOCKET) ? -1 : real_socket(domain, type, protocol);
}

int wrap_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	return fails(FAULT_ACCEPT) ? -1 : real_accept4(fd, address, size, flags);
}

int wrap_memfd_create(const char *name, unsigned int flags)
{
	return fails(FAULT_MEMFD) ? -1 : real_memfd_create(name, flags);
}

int wrap_ftruncate(int fd, off_t size)
{
	return fails(FAULT_FTRUNCATE) ? -1 : real_ftruncate(fd, size);
}

ssize_t wrap_preadv2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
	return fails(FAULT_PREADV) ? -1 : real_preadv2(fd, pieces, count, offset, flags);
}

/* The kernel's asynchronous reads have no functions of their own. */
long wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if ((number == SYS_io_setup || number == SYS_io_submit) && fails(FAULT_AIO))
		return -1;
	return real_syscall(number, a, b, c, d, e, f);
}
