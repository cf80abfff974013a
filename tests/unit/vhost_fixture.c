/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vhost_fixture.h"

#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* REPLY_ACK, BACKEND_REQ, CONFIG, RESET_DEVICE, CONFIGURE_MEM_SLOTS. */
#define PROTOCOL_FEATURES 0xa228u

/* ---- life ---- */

void vmm_open(struct vmm *vmm)
{
	*vmm = (struct vmm){.fd = -1};
	vmm->features = UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX |
		UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES;
	guest_open(&vmm->guest);
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		driver_init(&vmm->drivers[i], &vmm->guest, VMM_QUEUE_SIZE, i * 0x1000);
		vmm->kicks[i] = eventfd(0, EFD_CLOEXEC);
		vmm->calls[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
}

void vmm_connect(struct vmm *vmm, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	vmm->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(vmm->fd, >=, 0);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(connect(vmm->fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
}

void vmm_hang_up(struct vmm *vmm)
{
	if (vmm->fd >= 0)
		close(vmm->fd);
	vmm->fd = -1;
	vmm->shared = false;
}

void vmm_close(struct vmm *vmm)
{
	vmm_hang_up(vmm);
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		close(vmm->kicks[i]);
		close(vmm->calls[i]);
	}
	guest_close(&vmm->guest);
}

/* ---- messages ---- */

struct vmm_message vmm_message(uint32_t request, size_t count, const uint64_t *words)
{
	struct vmm_message message = {
		.request = request,
		.size = (uint32_t)(count * sizeof(*words)),
	};

	g_assert_cmpuint(count, <=, VMM_WORDS_MAX);
	if (count)
		memcpy(message.words, words, message.size);
	return message;
}

struct vmm_message vmm_message_with_fd(uint32_t request, uint64_t word, int fd)
{
	struct vmm_message message = VMM_MESSAGE(request, word);

	message.fd_count = 1;
	message.fds[0] = fd;
	return message;
}

static struct vmm_message plain(uint32_t request)
{
	return vmm_message(request, 0, NULL);
}

struct vmm_message vmm_add_memory(const struct vmm *vmm)
{
	const struct vhost_user_memory_region region = guest_region();
	struct vmm_message message = VMM_MESSAGE(VHOST_USER_ADD_MEM_REG, 0, region.guest_address,
		region.size, region.user_address, region.mmap_offset);

	message.fd_count = 1;
	message.fds[0] = vmm->guest.fd;
	return message;
}

struct vmm_message vmm_remove_memory(void)
{
	const struct vhost_user_memory_region region = guest_region();
	struct vmm_message message = VMM_MESSAGE(VHOST_USER_REM_MEM_REG, 0, region.guest_address,
		region.size, region.user_address, region.mmap_offset);

	message.flags = VHOST_USER_NEED_REPLY;
	return message;
}

struct vmm_message vmm_config(uint32_t request, uint32_t offset, uint32_t size)
{
	struct vmm_message message = VMM_MESSAGE(request, VMM_STATE(offset, size));

	message.size = (uint32_t)sizeof(struct vhost_user_config) + size;
	return message;
}

GByteArray *vmm_bytes(const struct vmm_message *message)
{
	const struct vhost_user_header header = {message->request,
		message->flags | VHOST_USER_VERSION, message->size};
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
	if (message->size)
		g_byte_array_append(bytes, (const guint8 *)message->words, message->size);
	return bytes;
}

void vmm_send(struct vmm *vmm, const struct vmm_message *message)
{
	g_autoptr(GByteArray) bytes = vmm_bytes(message);

	fixture_send_on(vmm->fd, bytes->data, bytes->len, message->fds, message->fd_count);
}

bool vmm_receive(struct vmm *vmm, struct vmm_message *reply)
{
	struct vhost_user_header header;
	ssize_t got = recv(vmm->fd, &header, sizeof(header), MSG_DONTWAIT);

	if (got <= 0)
		return false;
	g_assert_cmpint(got, ==, sizeof(header));
	g_assert_cmphex(header.flags, ==, VHOST_USER_VERSION | VHOST_USER_REPLY);
	g_assert_cmpuint(header.size, <=, sizeof(reply->words));
	*reply = (struct vmm_message){.request = header.request, .size = header.size};
	if (header.size)
		g_assert_cmpint(recv(vmm->fd, reply->words, header.size, MSG_DONTWAIT), ==,
			header.size);
	return true;
}

uint64_t vmm_ask(struct vmm *vmm, const struct vmm_message *message)
{
	struct vmm_message reply;

	vmm_send(vmm, message);
	fixture_settle();
	g_assert_true(vmm_receive(vmm, &reply));
	g_assert_cmpuint(reply.request, ==, message->request);
	return reply.words[0];
}

bool vmm_is_closed(struct vmm *vmm)
{
	char byte;

	return recv(vmm->fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* ---- what QEMU says ---- */

static struct vmm_message needing_reply(struct vmm_message message)
{
	message.flags |= VHOST_USER_NEED_REPLY;
	return message;
}

static size_t script_queue(struct vmm *vmm, unsigned int index, struct vmm_message *messages)
{
	const struct driver *driver = &vmm->drivers[index];
	size_t count = 0;

	messages[count++] = VMM_MESSAGE(VHOST_USER_SET_VRING_NUM, VMM_STATE(index, driver->size));
	messages[count++] = VMM_MESSAGE(VHOST_USER_SET_VRING_BASE, VMM_STATE(index, driver->seen));
	messages[count++] = VMM_MESSAGE(VHOST_USER_SET_VRING_ADDR, index,
		GUEST_USER + driver->descriptors, GUEST_USER + driver->used,
		GUEST_USER + driver->available, 0);
	messages[count++] = vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, index,
		vmm->kicks[index]);
	messages[count++] = vmm_message_with_fd(VHOST_USER_SET_VRING_CALL, index,
		vmm->calls[index]);
	return count;
}

size_t vmm_script(struct vmm *vmm, struct vmm_message *messages)
{
	struct vmm_message backend = plain(VHOST_USER_SET_BACKEND_REQ_FD);
	size_t count = 0;

	backend.fd_count = 1;
	backend.fds[0] = vmm->guest.fd;
	messages[count++] = plain(VHOST_USER_GET_FEATURES);
	messages[count++] = plain(VHOST_USER_GET_PROTOCOL_FEATURES);
	messages[count++] = VMM_MESSAGE(VHOST_USER_SET_PROTOCOL_FEATURES, PROTOCOL_FEATURES);
	messages[count++] = plain(VHOST_USER_GET_QUEUE_NUM);
	messages[count++] = plain(VHOST_USER_GET_MAX_MEM_SLOTS);
	messages[count++] = needing_reply(backend);
	messages[count++] = plain(VHOST_USER_SET_OWNER);
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		messages[count++] = vmm_message_with_fd(VHOST_USER_SET_VRING_CALL, i,
			vmm->calls[i]);
		messages[count++] = vmm_message_with_fd(VHOST_USER_SET_VRING_ERR, i, vmm->calls[i]);
	}
	messages[count++] = needing_reply(vmm_config(VHOST_USER_SET_CONFIG, 0, VMM_CONFIG_SIZE));
	messages[count++] = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	messages[count++] = VMM_MESSAGE(VHOST_USER_SET_FEATURES, vmm->features);
	if (!vmm->shared)
		messages[count++] = needing_reply(vmm_add_memory(vmm));
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		count += script_queue(vmm, i, messages + count);
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		messages[count++] = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(i, 1));
	g_assert_cmpuint(count, <=, VMM_SCRIPT_MAX);
	return count;
}

bool vmm_expects_reply(const struct vmm_message *message)
{
	switch (message->request) {
	case VHOST_USER_GET_FEATURES:
	case VHOST_USER_GET_PROTOCOL_FEATURES:
	case VHOST_USER_GET_QUEUE_NUM:
	case VHOST_USER_GET_MAX_MEM_SLOTS:
	case VHOST_USER_GET_CONFIG:
	case VHOST_USER_GET_VRING_BASE:
		return true;
	default:
		return message->flags & VHOST_USER_NEED_REPLY;
	}
}

void vmm_start(struct vmm *vmm, uint32_t until)
{
	struct vmm_message messages[VMM_SCRIPT_MAX];
	struct vmm_message reply;
	size_t count = vmm_script(vmm, messages);

	for (size_t i = 0; i < count && messages[i].request != until; i++)
		vmm_send(vmm, &messages[i]);
	fixture_settle();
	for (size_t i = 0; i < count && messages[i].request != until; i++) {
		if (!vmm_expects_reply(&messages[i]))
			continue;
		g_assert_true(vmm_receive(vmm, &reply));
		g_assert_cmpuint(reply.request, ==, messages[i].request);
		if (messages[i].flags & VHOST_USER_NEED_REPLY)
			g_assert_cmpuint(reply.words[0], ==, 0);
		vmm->shared |= messages[i].request == VHOST_USER_ADD_MEM_REG;
	}
	g_assert_false(vmm_receive(vmm, &reply));
	/* The back-end hears that there is room for replies again. */
	fixture_settle();
}

void vmm_stop(struct vmm *vmm, uint16_t *bases)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message disable = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE,
			VMM_STATE(i, 0));
		vmm_send(vmm, &disable);
	}
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message ask = VMM_MESSAGE(VHOST_USER_GET_VRING_BASE,
			VMM_STATE(i, 0));
		uint64_t state = vmm_ask(vmm, &ask);

		g_assert_cmpuint((uint32_t)state, ==, i);
		bases[i] = (uint16_t)(state >> 32);
	}
}

/* ---- notifications ---- */

void vmm_kick(struct vmm *vmm, unsigned int queue)
{
	g_assert_cmpint(eventfd_write(vmm->kicks[queue], 1), ==, 0);
	fixture_settle();
}

bool vmm_was_called(struct vmm *vmm, unsigned int queue)
{
	eventfd_t count;

	return eventfd_read(vmm->calls[queue], &count) == 0;
}
