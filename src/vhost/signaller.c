/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vhost/signaller.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of what fails for the moment. */
#define TRIES 8

/* Finished requests that the kernel keeps for us: they are taken out when there is no room for
 * another, so that most calls to a guest are one system call. */
#define REQUESTS 128

static struct {
	aio_context_t context; /* 0: none yet */
	int file;
} signaller;

static bool fail(GError **error, const char *what)
{
	int saved = errno;

	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s", what,
		g_strerror(saved));
	return false;
}

bool signaller_install(GError **error)
{
	int file;

	if (signaller.context)
		return true;
	file = memfd_create("scanoutd signaller", MFD_CLOEXEC);
	if (file < 0)
		return fail(error, "cannot signal guests: memfd_create");
	if (syscall(SYS_io_setup, REQUESTS, &signaller.context) < 0) {
		fail(error, "cannot signal guests: io_setup");
		close(file);
		return false;
	}
	signaller.file = file;
	return true;
}

static void make_room(void)
{
	static const struct timespec no_time;
	struct io_event done[REQUESTS];

	syscall(SYS_io_getevents, signaller.context, 0L, (long)REQUESTS, done, &no_time);
}

void signaller_add(int fd)
{
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)signaller.file,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)fd,
	};
	struct iocb *requests[] = {&request};

	/* A call that is lost can be a key that is not released. */
	for (int i = 0; i < TRIES; i++) {
		if (syscall(SYS_io_submit, signaller.context, 1L, requests) == 1)
			return;
		if (errno != EAGAIN && errno != ENOMEM && errno != EINTR)
			return;
		make_room();
	}
}
