/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's and udevd's uevents for the real libudev: a netlink socket that it opens is a socket
 * pair, to which a test sends what it likes, as whom it likes. In place of the C library's
 * socket(), bind(), getsockname(), setsockopt() and recvmsg(), which are its own for all other
 * sockets, and of its access(), to which udevd is there.
 */
#ifndef TESTS_UNIT_NETLINK_DOUBLE_H
#define TESTS_UNIT_NETLINK_DOUBLE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

enum netlink_from {
	NETLINK_KERNEL,
	NETLINK_UDEVD, /* has its own form */
};

/* Who sends all that is received from now on. At first root, or the kernel. */
extern uid_t netlink_double_uid;
/* What the next receive call fails with, once; else 0. The datagram is lost where it is ENOBUFS. */
extern int netlink_double_error;

/* An event in its sender's form: `properties` is "NAME=value NAME=value", ACTION and DEVPATH first.
 * Unref it. */
GBytes *netlink_double_event(enum netlink_from from, const char *properties);

/* To all who listen to that sender: the first `size` bytes. */
void netlink_double_send(enum netlink_from from, GBytes *event, gsize size);

/* All that was sent has been received. */
bool netlink_double_is_read(void);

/* When those who listened have gone. */
void netlink_double_end(void);

#endif
