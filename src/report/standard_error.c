/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/standard_error.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void standard_error_open(struct standard_error *to)
{
	struct stat status;

	/* What nobody knows may make us wait. */
	*to = (struct standard_error){.fd = STDERR_FILENO, .kind = STANDARD_ERROR_SHARED};
	if (fstat(STDERR_FILENO, &status) < 0)
		return;
	if (S_ISREG(status.st_mode)) {
		to->kind = STANDARD_ERROR_FILE;
		return;
	}
	if (S_ISSOCK(status.st_mode)) {
		to->kind = STANDARD_ERROR_SOCKET;
		return;
	}
	int own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return;
	to->fd = own;
	to->kind = STANDARD_ERROR_OWN;
}

/* A terminal of another user's, or no procfs: who shares the open file sees it not block for so
 * long. */
static ssize_t write_shared(int fd, const char *bytes, size_t size)
{
	int flags = fcntl(fd, F_GETFL);
	ssize_t written;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	written = write(fd, bytes, size);
	fcntl(fd, F_SETFL, flags);
	return written;
}

static ssize_t write_some(const struct standard_error *to, const char *bytes, size_t size)
{
	switch (to->kind) {
	case STANDARD_ERROR_SOCKET:
		return send(to->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	case STANDARD_ERROR_SHARED:
		return write_shared(to->fd, bytes, size);
	default:
		return write(to->fd, bytes, size);
	}
}

bool standard_error_write(struct standard_error *to, const char *line, size_t size)
{
	ssize_t written;

	if (to->cut && write_some(to, "\n", 1) != 1)
		return false;
	to->cut = false;
	written = write_some(to, line, size);
	to->cut = written > 0 && (size_t)written < size;
	return written == (ssize_t)size;
}
