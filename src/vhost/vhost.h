/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One VMM's connection to a vhost-user device that is ours: the back-end's half of the protocol
 * (QEMU, docs/interop/vhost-user.rst), the guest's memory and the rings in it. What the device is,
 * its owner knows (device.c), which is told by a listener. Lives from the door's socket until
 * either side closes it.
 *
 * Requests that are answered or obeyed: GET/SET_FEATURES, GET/SET_PROTOCOL_FEATURES (REPLY_ACK,
 * CONFIG, BACKEND_REQ, RESET_DEVICE, CONFIGURE_MEM_SLOTS), SET_OWNER, RESET_OWNER, RESET_DEVICE,
 * SET_MEM_TABLE, GET_MAX_MEM_SLOTS, ADD_MEM_REG, REM_MEM_REG, GET_QUEUE_NUM, SET_VRING_NUM, _ADDR,
 * _BASE, _KICK, _CALL, _ERR, _ENABLE, GET_VRING_BASE, SET_BACKEND_REQ_FD, GET_CONFIG, SET_CONFIG.
 *
 *   | what a VMM can do wrong                     | what happens
 *   |---------------------------------------------|---------------------------------------------
 *   | wrong version, size, number of fds          | closed, one log line
 *   | a request that we cannot follow: memory     | with NEED_REPLY: answered with 1;
 *   | that cannot be, no such ring, bad value,    | else closed; one log line
 *   | a kick or call that is no eventfd           |
 *   | GET_VRING_BASE of no such ring, GET_CONFIG  | answered with 0, or without payload;
 *   | of no such part                             | one log line, or none
 *   | a request that we do not know               | with NEED_REPLY: answered with 1; else ignored
 *   | memory whose file becomes shorter           | closed, one log line
 *   | no memory under a ring that runs, for a     | as if nothing were offered, until it is there;
 *   | while (as QEMU changes its memory)          | no word
 *   | (no fault) no fds, or no memory, for a      | the message waits in its socket, the answer is
 *   | message, its mapping or its answer just now | sent later; memory is refused after 2 s
 *   | its guest breaks a ring                     | the ring is stopped, in the next turn of the
 *   |                                             | main loop, until it is started anew; one log line
 */
#ifndef SCANOUTD_VHOST_VHOST_H
#define SCANOUTD_VHOST_VHOST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost/journal.h"
#include "vhost/ring.h"

struct account;
struct kept_fds;
struct vhost;

/* Called from the main loop. `closed` may destroy the connection, and the others may not. */
struct vhost_listener {
	/* The device's configuration space. False: offset and size are not inside it. */
	bool (*get_config)(void *data, uint32_t offset, uint32_t size, uint8_t *bytes);
	bool (*set_config)(void *data, uint32_t offset, uint32_t size, const uint8_t *bytes);
	/* The ring begins, or is over. */
	void (*started)(void *data, unsigned int ring);
	void (*stopped)(void *data, unsigned int ring);
	/* The guest has offered buffers. */
	void (*kicked)(void *data, unsigned int ring);
	/* The socket is closed: the VMM has gone, or broke the protocol (logged). */
	void (*closed)(void *data);
};

/* `fd` is taken over, also on failure. `guest` and `device` ("keyboard") are for the log and are
 * copied; `account` is the guest's, is charged with its memory, closes what is to be closed, and
 * outlives the connection; or NULL. */
struct vhost *vhost_create(const char *guest, const char *device, int fd, struct account *account,
	const struct vhost_listener *listener, void *data, GError **error);

/* It is to survive this process: writes into `journal`, which is zeroed, and keeps fds. Before the
 * main loop runs; both outlive the connection. */
void vhost_keep(struct vhost *vhost, struct vhost_journal *journal, struct kept_fds *kept);

/*
 * Goes on with a connection of another process, which is no more, by what that has left in
 * `journal` and `kept`, and keeps it as vhost_keep() does. Rings that ran run, of which nobody is
 * told. What its VMM said last is obeyed in the main loop, and what its guest has offered meanwhile
 * is kicked for again. NULL: it cannot be gone on with, and why. Else as vhost_create().
 */
struct vhost *vhost_adopt(const char *guest, const char *device, int fd, struct account *account,
	struct vhost_journal *journal, struct kept_fds *kept, const struct vhost_listener *listener,
	void *data, GError **error);

/* Destroys one that is kept, but not the connection, which another process goes on with: it has
 * another of its fd. */
void vhost_leave(struct vhost *vhost);

/* Without a callback. Takes NULL. */
void vhost_destroy(struct vhost *vhost);

/* Whether the ring is started, enabled and not broken. */
bool vhost_runs(const struct vhost *vhost, unsigned int ring);

/* Of the buffers that the driver has offered so far, the first that was not used, modulo 65536. A
 * VMM that goes on after a pause begins where it stopped, and for a new driver it begins at 0. */
uint16_t vhost_position(const struct vhost *vhost, unsigned int ring);

/* Buffers used since its memory was set up, modulo 65536, as the guest sees it. */
uint16_t vhost_used(const struct vhost *vhost, unsigned int ring);

/* The number of the ring's last start, which no other start of this connection has. */
uint32_t vhost_start_number(const struct vhost *vhost, unsigned int ring);

/* The next buffer of a ring, as ring_look(); a broken ring is logged here. */
bool vhost_look(struct vhost *vhost, unsigned int ring, bool writable, struct ring_chain *chain);

/* Gives it back, with `written` bytes in it. */
void vhost_use(struct vhost *vhost, unsigned int ring, const struct ring_chain *chain,
	uint32_t written);

/* After one or more vhost_use(): calls the guest, if it wants that. */
void vhost_call(struct vhost *vhost, unsigned int ring);

/* Blocks until a guest of any of them kicks, at most so long. For the end alone, when nobody else
 * waits. */
bool vhost_wait(struct vhost *const *vhosts, size_t count, unsigned int ring, int timeout_ms);

/* So long a ring is left alone of which there is more than a turn of the main loop has time for,
 * milliseconds: who offers as fast as it is taken must not keep the loop from sleeping, or the
 * kernel takes us for one of those that only reckon, and lets us wait. */
#define VHOST_REST_MS 5

/* There is more in the ring than a turn has time for: `kicked` comes when it has rested, however
 * often its guest kicks meanwhile. */
void vhost_rest(struct vhost *vhost, unsigned int ring);

/* `kicked` comes in the next turn. */
void vhost_kick_again(struct vhost *vhost, unsigned int ring);

#endif
