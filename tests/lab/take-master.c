/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * take-master PID: makes the process with this id lose DRM master without being asked, and holds it
 * until killed. This is what a seat manager does when it revokes a device; root can do it with a
 * copy of the process's own fd. Prints a line once it is master.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>

#define DRM_MAJOR 226

static int fail(const char *what)
{
	fprintf(stderr, "take-master: %s: %s\n", what, strerror(errno));
	return 1;
}

/* The first fd of a card that the process has, as a copy; or -1. */
static int copy_card_fd(int pidfd)
{
	for (int fd = 0; fd < 256; fd++) {
		int copy = pidfd_getfd(pidfd, fd, 0);
		struct stat status;

		if (copy < 0)
			continue;
		if (fstat(copy, &status) == 0 && S_ISCHR(status.st_mode) &&
			major(status.st_rdev) == DRM_MAJOR)
			return copy;
		close(copy);
	}
	errno = ENODEV;
	return -1;
}

int main(int argc, char **argv)
{
	int pidfd, theirs, ours;

	if (argc != 2) {
		fprintf(stderr, "usage: take-master PID\n");
		return 2;
	}
	pidfd = pidfd_open(atoi(argv[1]), 0);
	if (pidfd < 0)
		return fail("pidfd_open");
	theirs = copy_card_fd(pidfd);
	if (theirs < 0)
		return fail("no card");
	if (drmDropMaster(theirs) < 0)
		return fail("drop master");
	ours = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (ours < 0)
		return fail("card");
	if (drmSetMaster(ours) < 0)
		return fail("set master");
	printf("master\n");
	fflush(stdout);
	pause();
	return 0;
}
