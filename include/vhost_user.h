/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user wire format, as far as the relay and the back-end of our input devices must
 * understand it (QEMU, docs/interop/vhost-user.rst). Numbers and packed structs only; native byte
 * order.
 */
#ifndef SCANOUTD_VHOST_USER_H
#define SCANOUTD_VHOST_USER_H

#include <glib.h>
#include <stdint.h>

enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	/* One fd: the VMM's end of the display socket. No payload, no reply. */
	VHOST_USER_GPU_SET_SOCKET = 33,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
};

/* Bits of GET_FEATURES beside the device's and virtio's own (linux/virtio_config.h). */
#define VHOST_USER_F_PROTOCOL_FEATURES 30

/* Bits of GET_PROTOCOL_FEATURES. */
enum vhost_user_protocol_feature {
	VHOST_USER_PROTOCOL_F_REPLY_ACK = 3,
	VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5,
	VHOST_USER_PROTOCOL_F_CONFIG = 9,
	VHOST_USER_PROTOCOL_F_RESET_DEVICE = 13,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15,
};

/* In the u64 of SET_VRING_KICK, _CALL and _ERR: the queue, and that no fd comes with it. */
#define VHOST_USER_VRING_INDEX_MASK 0xffu
#define VHOST_USER_VRING_NO_FD 0x100u

/* vhost_user_header.flags */
#define VHOST_USER_VERSION_MASK 0x3u
#define VHOST_USER_VERSION 0x1u
#define VHOST_USER_REPLY 0x4u
#define VHOST_USER_NEED_REPLY 0x8u

/* At most so many fds travel with one message (VHOST_MEMORY_BASELINE_NREGIONS). */
#define VHOST_USER_FDS_MAX 8

/* libvhost-user's VhostUserMsg has room for no more than this behind the header. */
#define VHOST_USER_PAYLOAD_MAX 4096

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload, bytes */
} __attribute__((packed));

/* The head of GET_CONFIG and SET_CONFIG; `size` bytes of device configuration follow. */
struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
} __attribute__((packed));

/* Of SET_MEM_TABLE (behind vhost_user_memory), ADD_MEM_REG and REM_MEM_REG (behind a u64 of
 * padding). */
struct vhost_user_memory_region {
	uint64_t guest_address;
	uint64_t size; /* bytes */
	uint64_t user_address; /* in the VMM's process */
	uint64_t mmap_offset; /* of guest_address in the file whose fd comes with it, bytes */
} __attribute__((packed));

struct vhost_user_memory {
	uint32_t region_count;
	uint32_t padding;
} __attribute__((packed));

/* SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE and its reply, SET_VRING_ENABLE. */
struct vhost_user_vring_state {
	uint32_t index;
	uint32_t value;
} __attribute__((packed));

/* SET_VRING_ADDR; addresses of the VMM's process. */
struct vhost_user_vring_address {
	uint32_t index;
	uint32_t flags;
	uint64_t descriptors;
	uint64_t used;
	uint64_t available;
	uint64_t log;
} __attribute__((packed));

/* struct virtio_gpu_config of the virtio specification, 5.7.4; little-endian. */
struct virtio_gpu_config {
	uint32_t events_read;
	uint32_t events_clear;
	uint32_t num_scanouts;
	uint32_t num_capsets;
} __attribute__((packed));

G_STATIC_ASSERT(sizeof(struct vhost_user_header) == 12);
G_STATIC_ASSERT(sizeof(struct vhost_user_config) == 12);
G_STATIC_ASSERT(sizeof(struct vhost_user_memory_region) == 32);
G_STATIC_ASSERT(sizeof(struct vhost_user_memory) == 8);
G_STATIC_ASSERT(sizeof(struct vhost_user_vring_state) == 8);
G_STATIC_ASSERT(sizeof(struct vhost_user_vring_address) == 40);
G_STATIC_ASSERT(sizeof(struct virtio_gpu_config) == 16);

#endif
