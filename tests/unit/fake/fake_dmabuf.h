/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dma-bufs where the kernel has none to give: memfds that fstatfs() calls dma-bufs and that take
 * DMA_BUF_IOCTL_SYNC. Both calls are replaced for the whole test program; for all other fds they do
 * what they always do.
 */
#ifndef SCANOUTD_TEST_FAKE_DMABUF_H
#define SCANOUTD_TEST_FAKE_DMABUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its fd; the memory stays mapped until the program ends. */
int fake_dmabuf_create(size_t size, uint32_t **memory);

/* Brackets opened and closed so far; DMA_BUF_IOCTL_SYNC fails while `refuse` was the last word. */
unsigned int fake_dmabuf_syncs_begun(void);
unsigned int fake_dmabuf_syncs_ended(void);
void fake_dmabuf_refuse_sync(bool refuse);
/* The next `times` are interrupted. */
void fake_dmabuf_interrupt_sync(unsigned int times);

#endif
