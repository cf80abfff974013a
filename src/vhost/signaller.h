/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adds 1 to eventfds that a peer has, too, without ever waiting. Used by the connection (vhost.c,
 * request.c) for calls, and for kicks of its own.
 *
 * write() waits where the counter is full and O_NONBLOCK is not set; both are the peer's to change
 * between any check of ours and the call, and of write() there is no form that does not wait. So
 * the kernel does it: an asynchronous read (io_submit(2)) of no bytes, of an empty file of ours, is
 * done at once, and names the eventfd as the one to tell. The kernel's own way of adding saturates.
 *
 * One for the process, for good: taking one down waits some 30 ms for the kernel, and no VMM that
 * comes and goes may cost others that.
 */
#ifndef SCANOUTD_VHOST_SIGNALLER_H
#define SCANOUTD_VHOST_SIGNALLER_H

#include <glib.h>
#include <stdbool.h>

/* Before the first signaller_add(); more than once is no harm. False, and to be tried again later:
 * all of the fs.aio-max-nr requests of this machine are in use, or no fd is left; *error says
 * which. */
bool signaller_install(GError **error);

/* `fd` is any; where it is no eventfd, or the kernel has no memory though it was asked several
 * times, nothing happens. */
void signaller_add(int fd);

#endif
