/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA_BUF_IOCTL_SYNC of fake dma-bufs. On its own, for tests that have an ioctl() of theirs. */
#include <errno.h>
#include <glib.h>
#include <linux/dma-buf.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"

static unsigned int begun, ended;
static bool refuses;
static unsigned int interruptions;
static void (*on_sync)(void);

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request != DMA_BUF_IOCTL_SYNC || !fake_dmabuf_is_one(fd))
		return (int)syscall(SYS_ioctl, fd, request, argument);

	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (refuses) {
		errno = EIO;
		return -1;
	}
	g_assert_false(fake_dmabuf_is_busy(fd));
	if (on_sync)
		on_sync();
	if (((struct dma_buf_sync *)argument)->flags & DMA_BUF_SYNC_END)
		ended++;
	else
		begun++;
	return 0;
}

unsigned int fake_dmabuf_syncs_begun(void)
{
	return begun;
}

unsigned int fake_dmabuf_syncs_ended(void)
{
	return ended;
}

void fake_dmabuf_refuse_sync(bool refuse)
{
	refuses = refuse;
}

void fake_dmabuf_on_sync(void (*synced)(void))
{
	on_sync = synced;
}

void fake_dmabuf_interrupt_sync(unsigned int times)
{
	interruptions = times;
}
