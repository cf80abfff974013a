/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How device nodes are opened: by ourselves, or by a seat manager that lends them. Implemented by
 * session/ and by whoever opens directly; called by kms/ for the card and by input/ for
 * /dev/input/eventN. The opener outlives what it has opened; each fd is given back to the opener
 * that it came from.
 */
#ifndef SCANOUTD_DEVICE_OPENER_H
#define SCANOUTD_DEVICE_OPENER_H

struct device_opener {
	/* An fd, with O_CLOEXEC, or -errno. */
	int (*open)(void *data, const char *path, int flags);
	void (*close)(void *data, int fd);
	void *data;
};

#endif
