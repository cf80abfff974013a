/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message of a side's, which relay_take.c has: understood as far as must be, and sent on whole.
 * What cannot be sent just now, for want of something that is the whole user's, stays where it was
 * taken to: it is tried again until it goes or the session does. Called by relay.c, for one side
 * after the other.
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

bool relay_has_room(struct relay *relay, enum side to)
{
	if (relay->fds_in_flight[to] >= RELAY_FDS_IN_FLIGHT_MAX && has_read_all(relay, to))
		relay->fds_in_flight[to] = 0;
	return relay->fds_in_flight[to] < RELAY_FDS_IN_FLIGHT_MAX &&
		message_has_room(&relay->streams[to]);
}

static enum step wait_and_send_again(struct relay *relay)
{
	relay_move_later(relay);
	return STEP_WAIT;
}

static enum step send_message(struct relay *relay, enum side to,
	const struct vhost_user_header *header, const int *fds, size_t fd_count)
{
	g_autofree char *text = NULL;
	enum message_status status = message_send(&relay->streams[to], header, fds, fd_count,
		&text);

	return relay_judge(relay, to, status, text);
}

static void observe_reply(struct relay *relay, const struct relay_message *message);

/* Sends the other side what was taken, now or later. */
static enum step pass_on(struct relay *relay, enum side from)
{
	enum side to = from == SIDE_VMM ? SIDE_BACKEND : SIDE_VMM;
	const struct relay_message *message = &relay->state->messages[from];
	const struct stream_fds *fds = &relay->fds[from];
	enum step step;

	relay_note_call(relay, RELAY_CALL_PASS, from);
	step = send_message(relay, to, &message->header, fds->fd, fds->count);
	if (step != STEP_MOVED) {
		relay_note(relay);
		return step == STEP_WAIT ? wait_and_send_again(relay) : step;
	}
	relay->counters.messages++;
	relay->fds_in_flight[to] += fds->count;
	relay_drop_message(relay, from);
	if (from == SIDE_BACKEND)
		observe_reply(relay, message);
	return STEP_MOVED;
}

/* Both ends of the back-end's display socket; false with errno. */
static bool make_display_socket(struct relay *relay)
{
	static const int display_buffer = 1 << 20;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	/* Room for what a back-end writes of a picture while we wait for the processor: fewer
	 * turns. The kernel may allow less (net.core.wmem_max). */
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &display_buffer, sizeof(display_buffer));
	relay->display_fd = pair[0];
	relay->display_peer_fd = pair[1];
	relay->now.display = relay_keep(relay, pair[0], false);
	relay->now.display_peer = relay_keep(relay, pair[1], false);
	relay_note(relay);
	return true;
}

/* The back-end has it. */
static void display_socket_given(struct relay *relay)
{
	uint64_t peer = relay->now.display_peer;
	int fd = relay->display_fd;

	relay->now.display_is = DISPLAY_GIVEN;
	relay->now.display_peer = 0;
	relay_note(relay);
	relay_keep_no_more(relay, peer);
	close(relay->display_peer_fd);
	relay->display_peer_fd = -1;
	relay->display_fd = -1;
	relay->fds_in_flight[SIDE_BACKEND]++;
	relay->counters.sockets_swapped++;
	relay->listener->attached(relay->data, fd);
}

/* Sends the back-end one end of a new pair, and hands the other to the listener. */
static enum step give_display_socket(struct relay *relay)
{
	struct vhost_user_header header = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0};
	enum step step;

	if (relay->display_peer_fd < 0 && !make_display_socket(relay)) {
		if (!relay->told_no_socket)
			log_guest(G_LOG_LEVEL_WARNING, relay->name, "no display socket yet: %s",
				g_strerror(errno));
		relay->told_no_socket = true;
		return wait_and_send_again(relay);
	}
	relay_note_call(relay, RELAY_CALL_SWAP, SIDE_VMM);
	step = send_message(relay, SIDE_BACKEND, &header, &relay->display_peer_fd, 1);
	if (step == STEP_MOVED) {
		display_socket_given(relay);
		return STEP_MOVED;
	}
	relay_note(relay);
	return step == STEP_WAIT ? wait_and_send_again(relay) : step;
}

/* Keeps the first fd of the message that was taken, in the place of the one before. */
static void keep_vmm_display(struct relay *relay)
{
	struct relay_fds *fds = &relay->now.transfers[SIDE_VMM].fds;
	uint64_t before = relay->now.vmm_display;
	int fd = stream_fds_take(&relay->fds[SIDE_VMM]);

	if (fd < 0)
		return;
	closer_close(relay->closer, relay->vmm_display_fd);
	relay->vmm_display_fd = fd;
	relay->now.vmm_display = fds->kept[0];
	/* It goes with the message. */
	fds->kept[0] = before;
}

/*
 * The VMM's message 33. The back-end gets ours, once; the VMM's socket is kept, and of several the
 * newest: QEMU has closed its end of the earlier ones before it sends another.
 */
static enum step swap_socket(struct relay *relay)
{
	const struct relay_message *message = &relay->state->messages[SIDE_VMM];
	bool again = relay->now.display_is == DISPLAY_GIVEN;

	keep_vmm_display(relay);
	relay->now.acknowledge = (message->header.flags & VHOST_USER_NEED_REPLY) != 0;
	if (again)
		relay->counters.sockets_swallowed++;
	else
		relay->now.display_is = DISPLAY_DUE;
	relay_drop_message(relay, SIDE_VMM);
	return again ? STEP_MOVED : give_display_socket(relay);
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
	enum step step;

	relay_note_call(relay, RELAY_CALL_ANSWER, SIDE_VMM);
	step = send_message(relay, SIDE_VMM, &answer.header, NULL, 0);
	if (step == STEP_MOVED)
		relay->now.acknowledge = false;
	relay_note(relay);
	return step == STEP_WAIT ? wait_and_send_again(relay) : step;
}

/* Whether the message gives the back-end memory that it can map, one fd a region. */
static bool memory_is_shareable(const struct relay_message *message, const struct stream_fds *fds)
{
	uint32_t regions = 1;

	if (message->header.request == VHOST_USER_SET_MEM_TABLE) {
		if (message->header.size < sizeof(regions))
			return false;
		memcpy(&regions, message->payload, sizeof(regions));
	}
	if (!regions || regions != fds->count)
		return false;
	for (size_t i = 0; i < fds->count; i++) {
		int flags = fcntl(fds->fd[i], F_GETFL);
		if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) != O_RDWR)
			return false;
	}
	return true;
}

static void observe_queue(struct relay *relay, bool stopped)
{
	if (relay->now.stopped == stopped)
		return;
	relay->now.stopped = stopped;
	if (relay->listener->running)
		relay->listener->running(relay->data, !stopped);
}

enum step relay_from_vmm(struct relay *relay)
{
	const struct relay_message *message = &relay->state->messages[SIDE_VMM];

	if (relay->now.display_is == DISPLAY_DUE)
		return give_display_socket(relay);
	if (relay->now.acknowledge) {
		if (!message_has_room(&relay->streams[SIDE_VMM]))
			return STEP_WAIT;
		enum step step = acknowledge_socket(relay);
		if (step != STEP_MOVED)
			return step;
	}
	enum step step = relay_take(relay, SIDE_VMM);
	if (step != STEP_MOVED)
		return step;
	switch (message->header.request) {
	case VHOST_USER_GPU_SET_SOCKET:
		return swap_socket(relay);
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
		if (!memory_is_shareable(message, &relay->fds[SIDE_VMM]))
			return fault(relay, SIDE_VMM, "gave memory without a usable fd: %s",
				MEMORY_ADVICE);
		relay->now.memory_shared = true;
		break;
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_KICK:
		observe_queue(relay, message->header.request == VHOST_USER_GET_VRING_BASE);
		break;
	case VHOST_USER_SET_VRING_ADDR:
		if (!relay->now.memory_shared)
			return fault(relay, SIDE_VMM, "starts a queue, but gave no memory: %s",
				MEMORY_ADVICE);
		break;
	}
	return pass_on(relay, SIDE_VMM);
}

/*
 * Reads num_scanouts out of a GET_CONFIG reply; false where it is not in it. QEMU puts its own
 * max_outputs in the place of the back-end's number behind us, and its back-end says 0: unknown.
 */
static bool find_scanouts(const struct relay_message *message, uint32_t *count)
{
	const size_t field = G_STRUCT_OFFSET(struct virtio_gpu_config, num_scanouts);
	struct vhost_user_config config;

	if (message->header.size < sizeof(config))
		return false;
	memcpy(&config, message->payload, sizeof(config));
	size_t got = MIN(config.size, message->header.size - sizeof(config));
	if (config.offset > field || field - config.offset + sizeof(*count) > got)
		return false;
	memcpy(count, message->payload + sizeof(config) + field - config.offset, sizeof(*count));
	*count = GUINT32_FROM_LE(*count);
	return *count != 0;
}

/* What a device is does not change; back-ends that say so are not listened to. */
static void learn_scanouts(struct relay *relay, const struct relay_message *message)
{
	uint32_t count;

	if (!relay->now.scanouts && message->header.flags & VHOST_USER_REPLY &&
		message->header.request == VHOST_USER_GET_CONFIG && find_scanouts(message, &count))
		relay->now.scanouts = count;
}

static void observe_reply(struct relay *relay, const struct relay_message *message)
{
	const struct vhost_user_header *header = &message->header;
	uint64_t status;

	if (!(header->flags & VHOST_USER_REPLY))
		return;
	switch (header->request) {
	case VHOST_USER_GET_CONFIG:
		if (relay->told_scanouts || !relay->now.scanouts)
			break;
		relay->told_scanouts = true;
		relay->listener->scanouts(relay->data, relay->now.scanouts);
		break;
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
		if (header->size != sizeof(status))
			break;
		memcpy(&status, message->payload, sizeof(status));
		if (status)
			log_guest(G_LOG_LEVEL_WARNING, relay->name,
				"the back-end refused memory of the VMM: %s", MEMORY_ADVICE);
		break;
	}
}

enum step relay_from_backend(struct relay *relay)
{
	enum step step = relay_take(relay, SIDE_BACKEND);

	if (step != STEP_MOVED)
		return step;
	learn_scanouts(relay, &relay->state->messages[SIDE_BACKEND]);
	return pass_on(relay, SIDE_BACKEND);
}
