/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an fd is that a peer sent: asked before anything else is done with it, and only in ways that
 * nobody can make us wait for. Used by whoever takes one in: vhost/ and scene/.
 *
 * The rule. No call of the main loop may wait for a peer. Whoever sends an fd chooses the file
 * behind it, keeps an fd of the same open file, and may serve the file system that it is on (FUSE
 * needs no privilege). Therefore:
 *
 *   - Kinds. Of an fd that was not told apart, only fcntl() and getsockopt() are called, and what
 *     procfs says of it is read: the kernel answers these itself. fstat(), statfs(), lseek(),
 *     poll(), ioctl(), read(), write() and mmap() ask the file system, which need not answer. A
 *     card may be asked to import it (DRM_IOCTL_PRIME_FD_TO_HANDLE): the kernel compares whose file
 *     operations it has, and asks those of dma-bufs alone. What it takes is a dma-buf.
 *   - Flags. O_NONBLOCK belongs to the open file, which the peer shares: no call relies on it.
 *     read() has RWF_NOWAIT, recvmsg() and sendmsg() have MSG_DONTWAIT, and eventfds are added to
 *     by the kernel's own code, which never waits (vhost/signaller.h).
 *   - Memory. A page fault waits for whoever serves the page. Mapped is only what the kernel has in
 *     memory or swap itself: memfds and files of tmpfs and hugetlbfs, and dma-bufs. That these can
 *     be gone is dealt with by wire/guard.h.
 *   - Closing. close() of a file of FUSE waits for its server, even beyond SIGKILL, and the last
 *     one of a socket as long as its SO_LINGER says; the fds that lie unread in a socket go with
 *     it. The last fd of a large memfd frees all of its pages. All but eventfds and dma-bufs is
 *     closed by a closer (wire/closer.h).
 *
 * The sources, as of Linux 6.1 to 6.18: fs/open.c filp_close(), fs/fuse/file.c fuse_flush(),
 * net/socket.c sock_close() with net/ipv4/tcp.c tcp_close(), mm/memfd.c memfd_file_seals_ptr(),
 * fs/proc/fd.c seq_show(), drivers/dma-buf/dma-buf.c dma_buf_get().
 */
#ifndef SCANOUTD_WIRE_PEER_FD_H
#define SCANOUTD_WIRE_PEER_FD_H

#include <stdbool.h>

/* All take any number, -1 too. Where procfs is not mounted nothing is an eventfd or a dma-buf. */

/* Served from the kernel's own memory: a memfd, or a file of tmpfs or hugetlbfs. Only these have
 * seals. */
bool peer_fd_is_memory(int fd);

bool peer_fd_is_eventfd(int fd);

bool peer_fd_is_dmabuf(int fd);

#endif
