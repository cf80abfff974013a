/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dma-bufs where the kernel has none to give: memfds that fstatfs() and procfs call dma-bufs, that
 * take DMA_BUF_IOCTL_SYNC (fake_sync.c), and that poll() finds readable only when their fences have
 * signalled (fake_poll.c). These calls, and open() for procfs, are replaced for the whole test
 * program; for all other fds they do what they always do.
 */
#ifndef SCANOUTD_TEST_FAKE_DMABUF_H
#define SCANOUTD_TEST_FAKE_DMABUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its fd; the memory stays mapped until the program ends. */
int fake_dmabuf_create(size_t size, uint32_t **memory);

/* Who exports them, as procfs has it, "fake" at first; more lines may follow. The text stays the
 * caller's. */
void fake_dmabuf_set_exporter(const char *lines);

/* Brackets opened and closed so far; DMA_BUF_IOCTL_SYNC fails while `refuse` was the last word. */
unsigned int fake_dmabuf_syncs_begun(void);
unsigned int fake_dmabuf_syncs_ended(void);
void fake_dmabuf_refuse_sync(bool refuse);
/* Its fences have not signalled, or have; until the first word they have. DMA_BUF_IOCTL_SYNC, which
 * would wait for them, then fails the test. */
void fake_dmabuf_set_busy(const uint32_t *memory, bool busy);
/* They have for so many polls; then its owner has added another one. */
void fake_dmabuf_set_busy_after(const uint32_t *memory, unsigned int asked);

/* Times that procfs was asked about one. */
unsigned int fake_dmabuf_infos(void);

/* Times that a dma-buf's fences were asked for, by whomever. */
unsigned int fake_dmabuf_polls(void);

/* For fake_poll.c, which has the two above: whoever calls them is linked with its poll(), and not
 * with a sanitizer's. */
void fake_dmabuf_note_busy(const uint32_t *memory, bool busy);
bool fake_dmabuf_is_one(int fd);
bool fake_dmabuf_is_busy(int fd);
/* Both at once: false, it is none, and not busy. */
bool fake_dmabuf_find(int fd, bool *busy);
/* Is any of them? Without a system call. */
bool fake_dmabuf_any_busy(void);

/* Called when a bracket begins, and when it ends; or NULL. */
void fake_dmabuf_on_sync(void (*synced)(void));

/* The next `times` are interrupted. */
void fake_dmabuf_interrupt_sync(unsigned int times);

#endif
