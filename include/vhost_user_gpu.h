/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user-gpu display protocol (QEMU, docs/interop/vhost-user-gpu.rst): what travels on the
 * display socket between a back-end and us. Numbers and packed structs only.
 *
 * Byte order is native, except in the two virtio structs (display info and EDID), which are
 * little-endian.
 */
#ifndef SCANOUTD_VHOST_USER_GPU_H
#define SCANOUTD_VHOST_USER_GPU_H

#include <glib.h>
#include <stdint.h>

/* VIRTIO_GPU_MAX_SCANOUTS: scanouts are numbered 0 to 15. */
#define VHOST_USER_GPU_SCANOUTS 16

enum vhost_user_gpu_request {
	VHOST_USER_GPU_GET_PROTOCOL_FEATURES = 1,
	VHOST_USER_GPU_SET_PROTOCOL_FEATURES = 2,
	VHOST_USER_GPU_GET_DISPLAY_INFO = 3,
	VHOST_USER_GPU_CURSOR_POS = 4,
	VHOST_USER_GPU_CURSOR_POS_HIDE = 5,
	VHOST_USER_GPU_CURSOR_UPDATE = 6,
	VHOST_USER_GPU_SCANOUT = 7,
	VHOST_USER_GPU_UPDATE = 8,
	VHOST_USER_GPU_DMABUF_SCANOUT = 9,
	VHOST_USER_GPU_DMABUF_UPDATE = 10,
	VHOST_USER_GPU_GET_EDID = 11,
	VHOST_USER_GPU_DMABUF_SCANOUT2 = 12,
};

/* vhost_user_gpu_header.flags: the one flag, set in replies. In requests the field is garbage. */
#define VHOST_USER_GPU_REPLY 0x4u

/* Protocol features (messages 1 and 2). */
#define VHOST_USER_GPU_FEATURE_EDID (UINT64_C(1) << 0)
#define VHOST_USER_GPU_FEATURE_DMABUF2 (UINT64_C(1) << 1)

/* vhost_user_gpu_dmabuf_scanout.flags: row 0 of the memory is the bottom row of the picture. */
#define VHOST_USER_GPU_DMABUF_Y_0_TOP 0x1u

#define VHOST_USER_GPU_CURSOR_SIZE 64

struct vhost_user_gpu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload, bytes */
} __attribute__((packed));

/* x and y are the top-left of the image; signed in practice, so declared so. */
struct vhost_user_gpu_cursor_pos {
	uint32_t scanout;
	int32_t x;
	int32_t y;
} __attribute__((packed));

struct vhost_user_gpu_cursor_update {
	struct vhost_user_gpu_cursor_pos pos;
	uint32_t hot_x;
	uint32_t hot_y;
	/* ARGB8888, premultiplied. */
	uint32_t data[VHOST_USER_GPU_CURSOR_SIZE * VHOST_USER_GPU_CURSOR_SIZE];
} __attribute__((packed));

/* 0×0 disables the scanout. */
struct vhost_user_gpu_scanout {
	uint32_t scanout;
	uint32_t width;
	uint32_t height;
} __attribute__((packed));

/* UPDATE (width × height × 4 bytes of XRGB8888 rows follow) and DMABUF_UPDATE (nothing follows). */
struct vhost_user_gpu_update {
	uint32_t scanout;
	uint32_t x;
	uint32_t y;
	uint32_t width;
	uint32_t height;
} __attribute__((packed));

/* Without an fd it disables the scanout. x, y, width, height select a part of the dma-buf. */
struct vhost_user_gpu_dmabuf_scanout {
	uint32_t scanout;
	uint32_t x;
	uint32_t y;
	uint32_t width;
	uint32_t height;
	uint32_t fd_width;
	uint32_t fd_height;
	uint32_t fd_stride;
	uint32_t fd_flags;
	int32_t fd_drm_fourcc;
} __attribute__((packed));

struct vhost_user_gpu_dmabuf_scanout2 {
	struct vhost_user_gpu_dmabuf_scanout dmabuf_scanout;
	uint64_t modifier;
} __attribute__((packed));

struct vhost_user_gpu_edid_request {
	uint32_t scanout;
} __attribute__((packed));

/* struct virtio_gpu_ctrl_hdr, little-endian. */
struct virtio_gpu_ctrl_hdr {
	uint32_t type;
	uint32_t flags;
	uint64_t fence_id;
	uint32_t ctx_id;
	uint32_t padding;
} __attribute__((packed));

#define VIRTIO_GPU_RESP_OK_DISPLAY_INFO 0x1101u
#define VIRTIO_GPU_RESP_OK_EDID 0x1104u

struct virtio_gpu_display_one {
	uint32_t x;
	uint32_t y;
	uint32_t width;
	uint32_t height;
	uint32_t enabled;
	uint32_t flags;
} __attribute__((packed));

/* The reply to GET_DISPLAY_INFO, little-endian. */
struct virtio_gpu_resp_display_info {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_display_one pmodes[VHOST_USER_GPU_SCANOUTS];
} __attribute__((packed));

#define VIRTIO_GPU_EDID_MAX 1024

/* The reply to GET_EDID, little-endian. size 0 says that there is none. */
struct virtio_gpu_resp_edid {
	struct virtio_gpu_ctrl_hdr hdr;
	uint32_t size;
	uint32_t padding;
	uint8_t edid[VIRTIO_GPU_EDID_MAX];
} __attribute__((packed));

G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_header) == 12);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_cursor_pos) == 12);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_cursor_update) == 16404);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_scanout) == 12);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_update) == 20);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_dmabuf_scanout) == 40);
G_STATIC_ASSERT(sizeof(struct vhost_user_gpu_dmabuf_scanout2) == 48);
G_STATIC_ASSERT(sizeof(struct virtio_gpu_resp_display_info) == 408);
G_STATIC_ASSERT(sizeof(struct virtio_gpu_resp_edid) == 1056);

#endif
