/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "display.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user_gpu.h"

#define WIDTH 640
#define HEIGHT 480

/* False at EOF. Fds that come along are not asked for, so the kernel keeps them out. */
static bool read_all(int fd, void *bytes, size_t size)
{
	return size == 0 || recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

static void reply(int fd, uint32_t request, const void *payload, uint32_t size)
{
	struct vhost_user_gpu_header header = {request, VHOST_USER_GPU_REPLY, size};
	struct iovec iov[] = {{&header, sizeof(header)}, {(void *)payload, size}};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

	if (sent != (ssize_t)(sizeof(header) + size))
		g_test_message("the back-end took no reply to %u", request);
}

static void answer(struct display *display, uint32_t request, const void *payload)
{
	const uint64_t features = VHOST_USER_GPU_FEATURE_EDID | VHOST_USER_GPU_FEATURE_DMABUF2;
	struct virtio_gpu_resp_display_info info = {0};
	struct virtio_gpu_resp_edid edid = {0};
	uint32_t width;

	switch (request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		reply(display->fd, request, &features, sizeof(features));
		break;
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		display->questions++;
		info.hdr.type = GUINT32_TO_LE(VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
		info.pmodes[0].width = GUINT32_TO_LE(WIDTH);
		info.pmodes[0].height = GUINT32_TO_LE(HEIGHT);
		info.pmodes[0].enabled = GUINT32_TO_LE(1);
		reply(display->fd, request, &info, sizeof(info));
		break;
	case VHOST_USER_GPU_GET_EDID:
		edid.hdr.type = GUINT32_TO_LE(VIRTIO_GPU_RESP_OK_EDID);
		reply(display->fd, request, &edid, sizeof(edid));
		break;
	case VHOST_USER_GPU_SCANOUT:
	case VHOST_USER_GPU_DMABUF_SCANOUT:
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		memcpy(&width, (const char *)payload + sizeof(uint32_t), sizeof(width));
		display->scanouts += width > 0;
		break;
	case VHOST_USER_GPU_UPDATE:
		display->updates++;
		break;
	case VHOST_USER_GPU_DMABUF_UPDATE:
		display->updates++;
		reply(display->fd, request, NULL, 0);
		break;
	}
}

static gboolean display_ready(int fd, GIOCondition condition, gpointer data)
{
	struct display *display = data;
	struct vhost_user_gpu_header header;
	g_autofree void *payload = NULL;

	if (read_all(fd, &header, sizeof(header))) {
		payload = g_malloc(header.size);
		if (read_all(fd, payload, header.size)) {
			if (!display->first_request)
				display->first_request = header.request;
			answer(display, header.request, payload);
			return G_SOURCE_CONTINUE;
		}
	}
	display->ended = true;
	display->source = 0;
	close(fd);
	display->fd = -1;
	return G_SOURCE_REMOVE;
}

void display_begin(struct display *display, int fd)
{
	display_finish(display);
	*display = (struct display){.fd = fd};
	display->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, display_ready, display);
}

void display_finish(struct display *display)
{
	g_clear_handle_id(&display->source, g_source_remove);
	if (display->fd >= 0)
		close(display->fd);
	display->fd = -1;
}
