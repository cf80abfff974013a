/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

gboolean kernel_tire(gpointer tired)
{
	*(bool *)tired = true;
	return G_SOURCE_CONTINUE;
}

struct kms_frame kernel_frame(struct kms_buffer *buffer, uint64_t serial)
{
	const struct kms_rect all = {0, 0, (int32_t)kms_buffer_width(buffer),
		(int32_t)kms_buffer_height(buffer)};

	return (struct kms_frame){
		.serial = serial,
		.buffer = buffer,
		.source = all,
		.destination = all,
		.transform = KMS_ROTATE_0,
	};
}

int kernel_dmabuf(size_t size)
{
	struct udmabuf_create create = {.flags = UDMABUF_FLAGS_CLOEXEC};
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int fd;

	g_assert_cmpint(device, >=, 0);
	g_assert_cmpint(ftruncate(memory, (off_t)size), ==, 0);
	g_assert_cmpint(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), ==, 0);
	create.memfd = (uint32_t)memory;
	create.size = size;
	fd = ioctl(device, UDMABUF_CREATE, &create);
	g_assert_cmpint(fd, >=, 0);
	close(memory);
	close(device);
	return fd;
}

struct kms_dmabuf kernel_describe(int fd, uint32_t fourcc, uint64_t modifier)
{
	return (struct kms_dmabuf){
		.fd = fd,
		.width = 640,
		.height = 480,
		.stride = 640 * 4,
		.fourcc = fourcc,
		.modifier = modifier,
	};
}
