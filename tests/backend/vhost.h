/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough vhost-user for the relay: the back-end's side up to the display socket, and a VMM
 * that hands one over as QEMU does. Neither has a virtqueue.
 */
#ifndef SCRIPTED_BACKEND_VHOST_H
#define SCRIPTED_BACKEND_VHOST_H

#include "backend.h"

/* The back-end's side of one connection. */
struct vhost_backend {
	int fd; /* -1 once the VMM has gone */
	int display_fd; /* that message 33 brought, until it is taken; else -1 */
	unsigned int display_sockets; /* how many came: with a relay that swallows repeats, one */
	uint32_t scanouts; /* what GET_CONFIG says */
};

/* Listens at a path, waits for one connection and serves it until the display socket is there. */
bool vhost_backend_accept(struct vhost_backend *backend, const char *path, int timeout_ms,
	GError **error);

/* Serves what is readable on backend->fd; takes the struct as data, so that it can be a wire's
 * side. */
bool vhost_backend_serve(void *data, GError **error);

/* The connection to the VMM side of a relay. */
struct vhost_vmm {
	int fd;
	int display_fd; /* our end of the pair that message 33 gave away: never read */
	int memory_fd; /* the guest's memory */
};

/*
 * Connects, waiting until somebody listens, and says what QEMU says at the start of a guest:
 * features, configuration, message 33, memory.
 */
bool vhost_vmm_start(struct vhost_vmm *vmm, const char *path, int timeout_ms, GError **error);

/* As a guest's reboot does: message 33 again, with a new pair. */
bool vhost_vmm_reboot(struct vhost_vmm *vmm, GError **error);

void vhost_vmm_finish(struct vhost_vmm *vmm);

/* connect() as soon as somebody listens there. -1 and an error if nobody does in time. */
int vhost_connect(const char *path, int timeout_ms, GError **error);

#endif
