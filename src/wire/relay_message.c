/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message of a side's: read, understood as far as must be, and sent on whole. What cannot be sent
 * just now, for want of something that is the whole user's, is held, the one thing that is: it is
 * tried again until it goes or the session does. Called by relay.c, for one side after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "vhost_user.h"
#include "wire/relay_internal.h"
#include "wire/spare_fds.h"

/* Fds that lie unread with one side: those in flight are counted by user, for all guests. */
#define FDS_IN_FLIGHT_MAX 64

#define MEMORY_ADVICE \
	"the back-end cannot share the VMM's memory; start QEMU with " \
	"-object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem"

const char *const relay_side_names[2] = {"VMM", "back-end"};

static enum step fault(struct relay *relay, enum side side, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static enum step fault(struct relay *relay, enum side side, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_guest(G_LOG_LEVEL_WARNING, relay->name, "closing vhost-user: the %s %s",
		relay_side_names[side], text);
	relay_note_end(relay, RELAY_END_FAULT,
		g_strdup_printf("the %s %s", relay_side_names[side], text));
	return STEP_END;
}

void relay_note_end(struct relay *relay, enum relay_end end, char *fault)
{
	relay->end = end;
	g_free(relay->fault);
	relay->fault = fault;
}

enum step relay_judge(struct relay *relay, enum side side, enum message_status status,
	const char *text)
{
	switch (status) {
	case MESSAGE_DONE:
		return STEP_MOVED;
	case MESSAGE_WAIT:
		return STEP_WAIT;
	case MESSAGE_FAULT:
		return fault(relay, side, "%s", text);
	case MESSAGE_ENDED:
		break;
	}
	if (side == SIDE_BACKEND) {
		fault(relay, side, "has disconnected");
		relay_note_end(relay, RELAY_END_BACKEND, NULL);
		return STEP_END;
	}
	log_guest(G_LOG_LEVEL_INFO, relay->name, "the VMM has disconnected");
	relay_note_end(relay, RELAY_END_VMM, NULL);
	return STEP_END;
}

/* Of what was sent to it, bytes that it has not read. */
static bool has_read_all(const struct relay *relay, enum side side)
{
	int unread = 0;

	return ioctl(relay->streams[side].fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

static bool has_room(struct relay *relay, enum side to)
{
	if (relay->fds_in_flight[to] >= FDS_IN_FLIGHT_MAX && has_read_all(relay, to))
		relay->fds_in_flight[to] = 0;
	return relay->fds_in_flight[to] < FDS_IN_FLIGHT_MAX &&
		message_has_room(&relay->streams[to]);
}

static enum step wait_and_send_again(struct relay *relay)
{
	relay_move_later(relay);
	return STEP_WAIT;
}

/* For what may come with a message: else the kernel drops it. */
static bool has_spare_fds(struct relay *relay, const struct stream *stream)
{
	if (spare_fds(stream->fd, STREAM_FDS_MAX)) {
		relay->told_no_fds = false;
		return true;
	}
	if (!relay->told_no_fds)
		log_guest(G_LOG_LEVEL_WARNING, relay->name,
			"a message has to wait: this process can have no more file descriptors");
	relay->told_no_fds = true;
	return false;
}

/*
 * STEP_MOVED: `message` has been taken out of the socket, its fds are the caller's, and the other
 * side has room for it. Until then it stays where it is.
 */
static enum step take_message(struct relay *relay, enum side from, struct message *message)
{
	enum side to = from == SIDE_VMM ? SIDE_BACKEND : SIDE_VMM;
	struct stream *stream = &relay->streams[from];
	g_autofree char *text = NULL;
	enum message_status status = message_look(stream, relay->ended[from], &message->wire.header,
		&text);

	if (status == MESSAGE_DONE && !relay->ended[from] && has_room(relay, to) &&
		!has_spare_fds(relay, stream))
		return wait_and_send_again(relay);
	if (status == MESSAGE_DONE && has_room(relay, to))
		status = message_take(stream, message, &text);
	else if (status == MESSAGE_DONE)
		/* A peer that has gone is not kept waiting for one that does not read. */
		status = relay->ended[from] ? MESSAGE_ENDED : MESSAGE_WAIT;
	return relay_judge(relay, from, status, text);
}

static enum step send_message(struct relay *relay, enum side to,
	const struct vhost_user_header *header, const int *fds, size_t fd_count)
{
	g_autofree char *text = NULL;
	enum message_status status = message_send(&relay->streams[to], header, fds, fd_count,
		&text);

	return relay_judge(relay, to, status, text);
}

static void observe_reply(struct relay *relay, const struct message *message);

/* Sends the other side what was taken, or holds it until that can be sent. */
static enum step pass_on(struct relay *relay, enum side from, struct message *message)
{
	enum side to = from == SIDE_VMM ? SIDE_BACKEND : SIDE_VMM;
	enum step step = send_message(relay, to, &message->wire.header, message->fds.fd,
		message->fds.count);

	if (step == STEP_WAIT) {
		relay->held[from] = *message;
		relay->holds[from] = true;
		return wait_and_send_again(relay);
	}
	if (step == STEP_MOVED) {
		relay->counters.messages++;
		relay->fds_in_flight[to] += message->fds.count;
		if (from == SIDE_BACKEND)
			observe_reply(relay, message);
	}
	stream_fds_close(&message->fds);
	return step;
}

static enum step pass_held_on(struct relay *relay, enum side from)
{
	struct message message = relay->held[from];

	relay->holds[from] = false;
	return pass_on(relay, from, &message);
}

/* Sends the back-end one end of a new pair, and hands the other to the listener. */
static enum step give_display_socket(struct relay *relay)
{
	static const int display_buffer = 1 << 20;
	struct vhost_user_header header = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		if (!relay->told_no_socket)
			log_guest(G_LOG_LEVEL_WARNING, relay->name, "no display socket yet: %s",
				g_strerror(errno));
		relay->told_no_socket = true;
		return wait_and_send_again(relay);
	}
	/* Room for what a back-end writes of a picture while we wait for the processor: fewer
	 * turns. The kernel may allow less (net.core.wmem_max). */
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &display_buffer, sizeof(display_buffer));
	enum step step = send_message(relay, SIDE_BACKEND, &header, &pair[1], 1);
	close(pair[1]);
	if (step != STEP_MOVED) {
		close(pair[0]);
		return step == STEP_WAIT ? wait_and_send_again(relay) : step;
	}
	relay->display = DISPLAY_GIVEN;
	relay->fds_in_flight[SIDE_BACKEND]++;
	relay->counters.sockets_swapped++;
	relay->listener->attached(relay->data, pair[0]);
	return STEP_MOVED;
}

/*
 * The VMM's message 33. The back-end gets ours, once; the VMM's socket is kept, and of several the
 * newest: QEMU has closed its end of the earlier ones before it sends another.
 */
static enum step swap_socket(struct relay *relay, struct message *message)
{
	int vmm_display_fd = stream_fds_take(&message->fds);

	stream_fds_close(&message->fds);
	if (vmm_display_fd >= 0) {
		closer_close(relay->closer, relay->vmm_display_fd);
		relay->vmm_display_fd = vmm_display_fd;
	}
	relay->acknowledge = message->wire.header.flags & VHOST_USER_NEED_REPLY;
	if (relay->display == DISPLAY_GIVEN) {
		relay->counters.sockets_swallowed++;
		return STEP_MOVED;
	}
	relay->display = DISPLAY_DUE;
	return give_display_socket(relay);
}

/* The answer to a message 33 that asked for one: the back-end never saw that. */
static enum step acknowledge_socket(struct relay *relay)
{
	const struct {
		struct vhost_user_header header;
		uint64_t status;
	} __attribute__((packed))
	answer = {{VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION | VHOST_USER_REPLY,
			  sizeof(answer.status)},
		0};
	enum step step = send_message(relay, SIDE_VMM, &answer.header, NULL, 0);

	if (step == STEP_MOVED)
		relay->acknowledge = false;
	return step == STEP_WAIT ? wait_and_send_again(relay) : step;
}

/* Whether the message gives the back-end memory that it can map, one fd a region. */
static bool memory_is_shareable(const struct message *message)
{
	uint32_t regions = 1;

	if (message->wire.header.request == VHOST_USER_SET_MEM_TABLE) {
		if (message->wire.header.size < sizeof(regions))
			return false;
		memcpy(&regions, message->wire.payload, sizeof(regions));
	}
	if (!regions || regions != message->fds.count)
		return false;
	for (size_t i = 0; i < message->fds.count; i++) {
		int flags = fcntl(message->fds.fd[i], F_GETFL);
		if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) != O_RDWR)
			return false;
	}
	return true;
}

static void observe_queue(struct relay *relay, bool stopped)
{
	if (relay->stopped == stopped)
		return;
	relay->stopped = stopped;
	if (relay->listener->running)
		relay->listener->running(relay->data, !stopped);
}

enum step relay_from_vmm(struct relay *relay)
{
	struct message message;

	if (relay->holds[SIDE_VMM])
		return pass_held_on(relay, SIDE_VMM);
	if (relay->display == DISPLAY_DUE)
		return give_display_socket(relay);
	if (relay->acknowledge) {
		if (!message_has_room(&relay->streams[SIDE_VMM]))
			return STEP_WAIT;
		enum step step = acknowledge_socket(relay);
		if (step != STEP_MOVED)
			return step;
	}
	enum step step = take_message(relay, SIDE_VMM, &message);
	if (step != STEP_MOVED)
		return step;
	switch (message.wire.header.request) {
	case VHOST_USER_GPU_SET_SOCKET:
		return swap_socket(relay, &message);
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
		if (!memory_is_shareable(&message)) {
			stream_fds_close(&message.fds);
			return fault(relay, SIDE_VMM, "gave memory without a usable fd: %s",
				MEMORY_ADVICE);
		}
		relay->memory_shared = true;
		break;
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_KICK:
		observe_queue(relay, message.wire.header.request == VHOST_USER_GET_VRING_BASE);
		break;
	case VHOST_USER_SET_VRING_ADDR:
		if (!relay->memory_shared) {
			stream_fds_close(&message.fds);
			return fault(relay, SIDE_VMM, "starts a queue, but gave no memory: %s",
				MEMORY_ADVICE);
		}
		break;
	}
	return pass_on(relay, SIDE_VMM, &message);
}

/*
 * Reads num_scanouts out of a GET_CONFIG reply; false where it is not in it. QEMU puts its own
 * max_outputs in the place of the back-end's number behind us, and its back-end says 0: unknown.
 */
static bool find_scanouts(const struct message *message, uint32_t *count)
{
	const size_t field = G_STRUCT_OFFSET(struct virtio_gpu_config, num_scanouts);
	struct vhost_user_config config;

	if (message->wire.header.size < sizeof(config))
		return false;
	memcpy(&config, message->wire.payload, sizeof(config));
	size_t got = MIN(config.size, message->wire.header.size - sizeof(config));
	if (config.offset > field || field - config.offset + sizeof(*count) > got)
		return false;
	memcpy(count, message->wire.payload + sizeof(config) + field - config.offset,
		sizeof(*count));
	*count = GUINT32_FROM_LE(*count);
	return *count != 0;
}

static void observe_reply(struct relay *relay, const struct message *message)
{
	const struct vhost_user_header *header = &message->wire.header;
	uint32_t count;
	uint64_t status;

	if (!(header->flags & VHOST_USER_REPLY))
		return;
	switch (header->request) {
	case VHOST_USER_GET_CONFIG:
		/* What a device is does not change; back-ends that say so are not listened to. */
		if (relay->told_scanouts || !find_scanouts(message, &count))
			break;
		relay->told_scanouts = true;
		relay->listener->scanouts(relay->data, count);
		break;
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
		if (header->size != sizeof(status))
			break;
		memcpy(&status, message->wire.payload, sizeof(status));
		if (status)
			log_guest(G_LOG_LEVEL_WARNING, relay->name,
				"the back-end refused memory of the VMM: %s", MEMORY_ADVICE);
		break;
	}
}

enum step relay_from_backend(struct relay *relay)
{
	struct message message;
	enum step step;

	if (relay->holds[SIDE_BACKEND])
		return pass_held_on(relay, SIDE_BACKEND);
	step = take_message(relay, SIDE_BACKEND, &message);
	return step == STEP_MOVED ? pass_on(relay, SIDE_BACKEND, &message) : step;
}
