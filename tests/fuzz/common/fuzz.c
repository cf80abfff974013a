/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMFD_BYTES 65536
/* Of the heap; more than an input needs. */
#define KEPT_BYTES (32 * 1024 * 1024)
#define FDS_MAX 16

enum fd_kind { FD_EVENT, FD_EVENT_NONBLOCK, FD_PIPE, FD_SOCKET, FD_NULL, FD_MEMORY, FD_KINDS };

void fuzz_copy(struct fuzz *fuzz, void *to, size_t size)
{
	size_t taken;
	const uint8_t *bytes = fuzz_bytes(fuzz, size, &taken);

	memset(to, 0, size);
	if (taken > 0)
		memcpy(to, bytes, taken);
}

const uint8_t *fuzz_bytes(struct fuzz *fuzz, size_t size, size_t *taken)
{
	const uint8_t *bytes = fuzz->data;

	*taken = MIN(size, fuzz->size);
	fuzz->data += *taken;
	fuzz->size -= *taken;
	return bytes;
}

uint8_t fuzz_u8(struct fuzz *fuzz)
{
	uint8_t value;

	fuzz_copy(fuzz, &value, sizeof(value));
	return value;
}

uint16_t fuzz_u16(struct fuzz *fuzz)
{
	uint16_t value;

	fuzz_copy(fuzz, &value, sizeof(value));
	return value;
}

uint32_t fuzz_u32(struct fuzz *fuzz)
{
	uint32_t value;

	fuzz_copy(fuzz, &value, sizeof(value));
	return value;
}

uint64_t fuzz_u64(struct fuzz *fuzz)
{
	uint64_t value;

	fuzz_copy(fuzz, &value, sizeof(value));
	return value;
}

uint32_t fuzz_pick(struct fuzz *fuzz, uint32_t count)
{
	return (count > 256 ? fuzz_u16(fuzz) : fuzz_u8(fuzz)) % count;
}

uint32_t fuzz_odd(struct fuzz *fuzz)
{
	static const uint32_t odd[] = {0, 1, 2, 4, 8, 12, 15, 16, 17, 20, 63, 64, 65, 255, 256,
		4095, 4096, 16383, 16384, 16385, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff};
	uint8_t choice = fuzz_u8(fuzz);

	return choice < G_N_ELEMENTS(odd) * 8 ? odd[choice / 8] : fuzz_u32(fuzz);
}

static int make_fd(enum fd_kind kind)
{
	int fds[2] = {-1, -1};

	switch (kind) {
	case FD_EVENT:
		return eventfd(0, EFD_CLOEXEC);
	case FD_EVENT_NONBLOCK:
		return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	case FD_PIPE:
		if (pipe2(fds, O_CLOEXEC) != 0)
			return -1;
		close(fds[1]);
		return fds[0];
	case FD_SOCKET:
		fuzz_pair(fds);
		close(fds[1]);
		return fds[0];
	case FD_NULL:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	default:
		fds[0] = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (ftruncate(fds[0], MEMFD_BYTES) != 0)
			g_error("memfd: %s", g_strerror(errno));
		return fds[0];
	}
}

static enum fd_kind choose_fd_kind(struct fuzz *fuzz)
{
	static const enum fd_kind kinds[] = {FD_EVENT, FD_PIPE, FD_SOCKET, FD_NULL, FD_MEMORY,
		FD_MEMORY};
	enum fd_kind kind = kinds[fuzz_pick(fuzz, G_N_ELEMENTS(kinds))];

	return kind == FD_EVENT && fuzz_u8(fuzz) & 1 ? FD_EVENT_NONBLOCK : kind;
}

/* One of each kind for all inputs: to make a file, and to be rid of it, takes longer than all
 * else. */
static int files[FD_KINDS];

int fuzz_fd(struct fuzz *fuzz)
{
	return fcntl(files[choose_fd_kind(fuzz)], F_DUPFD_CLOEXEC, 0);
}

void fuzz_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		g_error("socketpair: %s", g_strerror(errno));
}

bool fuzz_send(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	struct iovec piece = {(void *)(uintptr_t)bytes, size};
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr header;
	} control = {{0}};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	g_assert(fd_count <= FDS_MAX);
	if (fd_count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	/* A full socket loses the rest, as a peer that gives up would. */
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void close_received(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; part->cmsg_type == SCM_RIGHTS && i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

void fuzz_drain(int socket)
{
	static uint8_t sink[65536];
	union {
		char bytes[CMSG_SPACE(253 * sizeof(int))];
		struct cmsghdr header;
	} control;

	for (;;) {
		struct iovec piece = {sink, sizeof(sink)};
		struct msghdr message = {
			.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		close_received(&message);
	}
}

void fuzz_turns(unsigned int turns)
{
	while (turns-- > 0 && g_main_context_iteration(NULL, FALSE))
		;
}

int fuzz_ppoll(struct pollfd *fds, unsigned int count, const struct timespec *timeout)
{
	/* The kernel writes what is left of it. */
	struct timespec left = timeout ? *timeout : (struct timespec){0};

	return (int)syscall(SYS_ppoll, fds, count, timeout ? &left : NULL, NULL, 0);
}

static bool without_fds;

bool wrap_spare_fds(int any, unsigned int count) __asm__("__wrap_spare_fds");

bool wrap_spare_fds(int any, unsigned int count)
{
	return !without_fds || count == 0;
}

void fuzz_turns_without_fds(unsigned int turns)
{
	struct rlimit before, none;
	int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	close(next);
	if (getrlimit(RLIMIT_NOFILE, &before) != 0)
		g_error("getrlimit: %s", g_strerror(errno));
	none = before;
	none.rlim_cur = (rlim_t)next;
	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		g_error("setrlimit: %s", g_strerror(errno));
	without_fds = true;
	fuzz_turns(turns);
	without_fds = false;
	if (setrlimit(RLIMIT_NOFILE, &before) != 0)
		g_error("setrlimit: %s", g_strerror(errno));
}

/* The text of each line is made, so that what is wrong with its arguments is found. */
static GLogWriterOutput drop(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	return G_LOG_WRITER_HANDLED;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	signal(SIGPIPE, SIG_IGN);
	/* What an input gives back the next one takes, without a word to the kernel. (ASan has its
	 * own.) */
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	g_log_set_writer_func(drop, NULL, NULL);
	/* Has an fd of its own, which is there before any is counted. */
	g_main_context_default();
	for (enum fd_kind kind = 0; kind < FD_KINDS; kind++)
		files[kind] = make_fd(kind);
	/* This thread's for good: what is made between two turns need not wake it. */
	g_main_context_acquire(NULL);
	return 0;
}
