/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/session.h"

#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>

/* Of the device's queues (virtio 5.7.2): control and cursor. */
#define QUEUES 2

/* More messages than QEMU's few regions of memory and two queues need. */
#define NOTES_MAX 1024

/* What makes a message stand for an earlier one: 0 where there is one of its kind only. */
#define NOTE_KEY_SIZE (sizeof(uint64_t) * 3)

struct note {
	struct message message;
	char key[NOTE_KEY_SIZE];
};

struct queue {
	bool stopped;
	uint32_t base; /* where it was then */
};

struct session {
	GMutex lock;
	GPtrArray *notes; /* struct note, in the order in which they were first said */
	bool incomplete; /* there are more than could be kept */
	struct queue queues[QUEUES];
};

static void destroy_note(gpointer data)
{
	struct note *note = data;

	message_close_fds(&note->message);
	g_free(note);
}

struct session *session_create(void)
{
	struct session *session = g_new0(struct session, 1);

	g_mutex_init(&session->lock);
	session->notes = g_ptr_array_new_with_free_func(destroy_note);
	return session;
}

void session_destroy(struct session *session)
{
	g_ptr_array_unref(session->notes);
	g_mutex_clear(&session->lock);
	g_free(session);
}

static bool get_state(const struct message *message, struct vhost_user_vring_state *state)
{
	if (message->header.size != sizeof(*state))
		return false;
	memcpy(state, message->payload, sizeof(*state));
	return true;
}

/* Which part of the payload is the key, in bytes. False: another back-end need not hear of it. */
static bool key_range(uint32_t request, size_t *from, size_t *size)
{
	*from = *size = 0;
	switch (request) {
	case VHOST_USER_SET_OWNER:
	case VHOST_USER_SET_FEATURES:
	case VHOST_USER_SET_PROTOCOL_FEATURES:
	case VHOST_USER_SET_BACKEND_REQ_FD:
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_GPU_SET_SOCKET:
		return true;
	case VHOST_USER_SET_VRING_NUM:
	case VHOST_USER_SET_VRING_ADDR:
	case VHOST_USER_SET_VRING_BASE:
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
	case VHOST_USER_SET_VRING_ENABLE:
		/* The index; of a u64's lower byte, beside a flag, where fds come along. */
		*size = 1;
		return true;
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_REM_MEM_REG:
		*from = sizeof(uint64_t);
		*size = NOTE_KEY_SIZE;
		return true;
	default:
		return false;
	}
}

static void get_key(const struct message *message, size_t from, size_t size, char *key)
{
	memset(key, 0, NOTE_KEY_SIZE);
	if (message->header.size >= from + size)
		memcpy(key, message->payload + from, size);
}

/* The place of the one that this stands for, else past the end. */
static guint find(const struct session *session, uint32_t request, const char *key)
{
	guint i;

	for (i = 0; i < session->notes->len; i++) {
		const struct note *note = g_ptr_array_index(session->notes, i);

		if (note->message.header.request == request &&
			memcmp(note->key, key, NOTE_KEY_SIZE) == 0)
			break;
	}
	return i;
}

static void forget(struct session *session, uint32_t request, const char *key)
{
	guint place = find(session, request, key);

	if (place < session->notes->len)
		g_ptr_array_remove_index(session->notes, place);
}

/* Nothing that is told of a queue before it stops counts when it starts again, but whom it calls. */
static void forget_queue(struct session *session, uint32_t index)
{
	static const uint32_t requests[] = {VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_ADDR,
		VHOST_USER_SET_VRING_BASE, VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_ENABLE};
	char key[NOTE_KEY_SIZE] = {(char)index};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		forget(session, requests[i], key);
}

static bool copy_fds(const struct message *message, struct note *note)
{
	for (size_t i = 0; i < message->fd_count; i++) {
		int fd = fcntl(message->fds[i], F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return false;
		note->message.fds[note->message.fd_count++] = fd;
	}
	return true;
}

static void keep(struct session *session, const struct message *message, const char *key)
{
	struct note *note = g_new0(struct note, 1);
	guint place = find(session, message->header.request, key);

	note->message.header = message->header;
	/* Nobody waits for its answer. */
	note->message.header.flags &= ~VHOST_USER_NEED_REPLY;
	memcpy(note->message.payload, message->payload, message->header.size);
	memcpy(note->key, key, NOTE_KEY_SIZE);
	if (!copy_fds(message, note) || place >= NOTES_MAX) {
		session->incomplete = true;
		destroy_note(note);
	} else if (place < session->notes->len) {
		destroy_note(session->notes->pdata[place]);
		session->notes->pdata[place] = note;
	} else {
		g_ptr_array_add(session->notes, note);
	}
}

static void note(struct session *session, const struct message *message)
{
	const uint32_t request = message->header.request;
	struct vhost_user_vring_state state;
	char key[NOTE_KEY_SIZE];
	size_t from, size;

	if (request == VHOST_USER_GET_VRING_BASE && get_state(message, &state))
		forget_queue(session, state.index);
	if (!key_range(request, &from, &size))
		return;
	get_key(message, from, size, key);
	if (request == VHOST_USER_REM_MEM_REG)
		forget(session, VHOST_USER_ADD_MEM_REG, key);
	else
		keep(session, message, key);
}

static bool is_reset(struct session *session, const struct message *message)
{
	struct vhost_user_vring_state state;
	struct queue *queue;
	bool begins_elsewhere;

	if (message->header.request != VHOST_USER_SET_VRING_BASE || !get_state(message, &state) ||
		state.index >= QUEUES)
		return false;
	queue = &session->queues[state.index];
	begins_elsewhere = queue->stopped && queue->base != state.value;
	queue->stopped = false;
	if (begins_elsewhere)
		memset(session->queues, 0, sizeof(session->queues));
	return begins_elsewhere;
}

bool session_note_request(struct session *session, const struct message *message)
{
	bool reset;

	g_mutex_lock(&session->lock);
	reset = is_reset(session, message);
	/* Who is replayed to hears of it from the caller. */
	if (!reset)
		note(session, message);
	g_mutex_unlock(&session->lock);
	return reset;
}

void session_note_reply(struct session *session, const struct message *message)
{
	struct vhost_user_vring_state state;

	if (message->header.request != VHOST_USER_GET_VRING_BASE || !get_state(message, &state) ||
		state.index >= QUEUES)
		return;
	g_mutex_lock(&session->lock);
	session->queues[state.index] = (struct queue){true, state.value};
	g_mutex_unlock(&session->lock);
}

bool session_replay(struct session *session, int fd)
{
	bool told;

	g_mutex_lock(&session->lock);
	told = !session->incomplete;
	for (guint i = 0; told && i < session->notes->len; i++) {
		const struct note *note = g_ptr_array_index(session->notes, i);

		told = message_give(fd, &note->message);
	}
	g_mutex_unlock(&session->lock);
	return told;
}
