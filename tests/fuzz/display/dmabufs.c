/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dmabufs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "fake/fake_dmabuf.h"

struct dmabuf {
	size_t size;
	int fd;
	uint32_t *memory;
	bool emptied; /* or as long as it was made */
};

static struct dmabuf dmabufs[] = {
	{.size = 64 * 48 * 4},
	{.size = 64 * 48 * 4},
	{.size = 128 * 96 * 4},
	{.size = 4096},
};

static void set_size(const struct dmabuf *dmabuf, size_t size)
{
	if (ftruncate(dmabuf->fd, (off_t)size) != 0)
		g_error("ftruncate: %s", g_strerror(errno));
}

void dmabufs_reset(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(dmabufs); i++) {
		struct dmabuf *dmabuf = &dmabufs[i];

		if (!dmabuf->memory) {
			dmabuf->fd = fake_dmabuf_create(dmabuf->size, &dmabuf->memory);
			dmabuf->emptied = true;
		}
		if (dmabuf->emptied)
			set_size(dmabuf, dmabuf->size);
		dmabuf->emptied = false;
		fake_dmabuf_set_busy(dmabuf->memory, false);
	}
	fake_dmabuf_refuse_sync(false);
	fake_dmabuf_interrupt_sync(0);
}

int dmabufs_open(struct fuzz *fuzz)
{
	const struct dmabuf *dmabuf = &dmabufs[fuzz_pick(fuzz, G_N_ELEMENTS(dmabufs))];

	return fcntl(dmabuf->fd, F_DUPFD_CLOEXEC, 0);
}

void dmabufs_play(struct fuzz *fuzz)
{
	uint8_t what = fuzz_u8(fuzz);
	struct dmabuf *dmabuf = &dmabufs[what % G_N_ELEMENTS(dmabufs)];

	switch (what >> 5) {
	case 0:
		set_size(dmabuf, 0);
		dmabuf->emptied = true;
		break;
	case 1:
		fake_dmabuf_refuse_sync(what & 0x10);
		break;
	case 2:
		fake_dmabuf_interrupt_sync(fuzz_pick(fuzz, 32));
		break;
	default:
		fake_dmabuf_set_busy(dmabuf->memory, what & 0x10);
		break;
	}
}
