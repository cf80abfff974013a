/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scripted VMM with a guest in it, for the tests of vhost, device and machine: the front-end's
 * half of vhost-user, in the order in which QEMU's hw/virtio speaks it, or in any other.
 *
 * As with channel_fixture.h (whose log and main loop it goes with) a test never waits: it sends,
 * lets the main loop run until nothing is ready, and looks.
 */
#ifndef TESTS_UNIT_VHOST_FIXTURE_H
#define TESTS_UNIT_VHOST_FIXTURE_H

#include <glib.h>
#include <stdbool.h>

#include "channel_fixture.h"
#include "guest_driver.h"
#include "vhost_user.h"

#define VMM_QUEUES 2
#define VMM_QUEUE_SIZE 4 /* as QEMU has it */
#define VMM_CONFIG_SIZE 136 /* of struct virtio_input_config */
#define VMM_WORDS_MAX 36
#define VMM_FDS_MAX 9
#define VMM_SCRIPT_MAX 40

/* One request or reply, in 8 bytes a word. */
struct vmm_message {
	uint32_t request;
	uint32_t flags; /* beside the version */
	uint32_t size; /* of the payload, bytes */
	size_t fd_count;
	int fds[VMM_FDS_MAX]; /* stay the test's */
	uint64_t words[VMM_WORDS_MAX];
};

/* What SET_VRING_NUM, _BASE and _ENABLE carry; and the heads of others. */
#define VMM_STATE(index, value) ((uint64_t)(index) | (uint64_t)(value) << 32)

struct vmm {
	int fd; /* the VMM's end of the socket, or -1 */
	uint64_t features; /* that the guest takes; all that there are at first */
	struct guest guest;
	bool shared; /* the back-end has the memory, and keeps it as long as the socket is open */
	struct driver drivers[VMM_QUEUES];
	int kicks[VMM_QUEUES];
	int calls[VMM_QUEUES];
};

/* A guest with two queues laid out; no connection. */
void vmm_open(struct vmm *vmm);
void vmm_close(struct vmm *vmm);
void vmm_connect(struct vmm *vmm, const char *path);
void vmm_hang_up(struct vmm *vmm);

/* A request with `count` words, all of its payload. */
struct vmm_message vmm_message(uint32_t request, size_t count, const uint64_t *words);
#define VMM_MESSAGE(request, ...) \
	vmm_message(request, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), \
		(uint64_t[]){__VA_ARGS__})
struct vmm_message vmm_message_with_fd(uint32_t request, uint64_t word, int fd);

/* All of the guest's memory, as ADD_MEM_REG. */
struct vmm_message vmm_add_memory(const struct vmm *vmm);
/* … and as REM_MEM_REG, which is answered. */
struct vmm_message vmm_remove_memory(void);
/* GET_CONFIG or SET_CONFIG of `size` bytes, all zero, at `offset`. */
struct vmm_message vmm_config(uint32_t request, uint32_t offset, uint32_t size);

/* As it is on the wire. */
GByteArray *vmm_bytes(const struct vmm_message *message);

void vmm_send(struct vmm *vmm, const struct vmm_message *message);

/* The next reply. False: there is none. */
bool vmm_receive(struct vmm *vmm, struct vmm_message *reply);

/* Sends it and returns the first word of its reply, which must come. */
uint64_t vmm_ask(struct vmm *vmm, const struct vmm_message *message);

/* No reply came, and the back-end has closed the socket. */
bool vmm_is_closed(struct vmm *vmm);

/* All that QEMU says until both queues run, one message each; returns how many. */
size_t vmm_script(struct vmm *vmm, struct vmm_message *messages);
/* Whether a reply comes to it. */
bool vmm_expects_reply(const struct vmm_message *message);

/* The script, up to the first message of this request (0: all of it), and what is answered. */
void vmm_start(struct vmm *vmm, uint32_t until);

/* What QEMU says when its guest stops the device; `bases` is where the queues were. */
void vmm_stop(struct vmm *vmm, uint16_t *bases);

void vmm_kick(struct vmm *vmm, unsigned int queue);
/* Whether the guest was called since the last time. */
bool vmm_was_called(struct vmm *vmm, unsigned int queue);

#endif
