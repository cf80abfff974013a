/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session at a time: from the moment the door hands in a VMM until either side is gone.
 *
 *   no VMM ──door──▶ waiting ──connected──▶ relaying ──either side ends──▶ no VMM
 *                    (timer)                (epoll)
 *
 * Both sockets are watched edge-triggered, through an epoll of our own: a message is left in its
 * socket until it is whole and the other side takes it, and a level-triggered poll would spin on it
 * for as long. Whatever wakes us, both directions are pumped until neither can move.
 */
#include "wire/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"
#include "vhost_user.h"
#include "wire/closer.h"
#include "wire/door.h"
#include "wire/message.h"
#include "wire/stream.h"

/* Messages a direction and turn of the main loop, so that a chattering VMM delays no flip. */
#define TURN_MESSAGES 32

/* The back-end is looked for at once and then at these distances, doubling. */
#define RETRY_FIRST_MS 10u
#define RETRY_LAST_MS 500u

/* A back-end that ends closes its sockets one by one: the display socket alone is given so long. */
#define DISPLAY_CLOSED_MS 200u

#define MEMORY_ADVICE \
	"the back-end cannot share the VMM's memory; start QEMU with " \
	"-object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem"

enum side { SIDE_VMM, SIDE_BACKEND };

static const char *const side_names[] = {"VMM", "back-end"};

struct relay {
	char *name;
	char *vmm_path; /* NULL: the socket is the service manager's */
	char *backend_path;
	const struct relay_listener *listener;
	void *data;
	struct relay_counters counters;
	struct door *door;
	struct closer *closer;
	int epoll_fd;
	guint epoll_source;

	/* The session. */
	struct stream streams[2]; /* by enum side; fd -1: not there */
	bool ended[2]; /* by enum side: the peer sends no more */
	guint retry_source;
	unsigned int retry_ms;
	bool told_waiting;
	int vmm_display_fd; /* kept open unread: see relay.h */
	bool swapped; /* the back-end has its display socket */
	bool memory_shared; /* at least one region has come with its fd */
	bool acknowledge; /* the VMM waits for our answer to a message 33 */
	bool told_scanouts;
	bool stopped; /* the VMM has stopped its queues */
	guint display_closed_source;
};

/* What became of one try to move one message. */
enum step {
	STEP_MOVED, /* and there may be more */
	STEP_WAIT, /* for more bytes, or for room */
	STEP_END, /* of the session; the reason has been logged */
};

static enum step fault(struct relay *relay, enum side side, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static enum step fault(struct relay *relay, enum side side, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_guest(G_LOG_LEVEL_WARNING, relay->name, "closing vhost-user: the %s %s",
		side_names[side], text);
	return STEP_END;
}

/* What a message's status means for the session; ends it with a word where it must. */
static enum step judge(struct relay *relay, enum side side, enum message_status status,
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
	if (side == SIDE_BACKEND)
		return fault(relay, side, "has disconnected");
	log_guest(G_LOG_LEVEL_INFO, relay->name, "the VMM has disconnected");
	return STEP_END;
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

	if (status == MESSAGE_DONE && message_has_room(&relay->streams[to]))
		status = message_take(stream, message, &text);
	else if (status == MESSAGE_DONE)
		/* A peer that has gone is not kept waiting for one that does not read. */
		status = relay->ended[from] ? MESSAGE_ENDED : MESSAGE_WAIT;
	return judge(relay, from, status, text);
}

static enum step send_message(struct relay *relay, enum side to,
	const struct vhost_user_header *header, const int *fds, size_t fd_count)
{
	g_autofree char *text = NULL;
	enum message_status status = message_send(&relay->streams[to], header, fds, fd_count,
		&text);

	return judge(relay, to, status, text);
}

/* Sends the other side what was taken. */
static enum step pass_on(struct relay *relay, enum side from, struct message *message)
{
	enum side to = from == SIDE_VMM ? SIDE_BACKEND : SIDE_VMM;
	enum step step = send_message(relay, to, &message->wire.header, message->fds.fd,
		message->fds.count);

	stream_fds_close(&message->fds);
	if (step == STEP_MOVED)
		relay->counters.messages++;
	return step;
}

/* Sends the back-end one end of a new pair, and hands the other to the listener. */
static enum step give_display_socket(struct relay *relay)
{
	static const int display_buffer = 1 << 20;
	struct vhost_user_header header = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		log_guest(G_LOG_LEVEL_WARNING, relay->name,
			"closing vhost-user: no display socket: %s", g_strerror(errno));
		return STEP_END;
	}
	/* Room for what a back-end writes of a picture while we wait for the processor: fewer
	 * turns. The kernel may allow less (net.core.wmem_max). */
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &display_buffer, sizeof(display_buffer));
	enum step step = send_message(relay, SIDE_BACKEND, &header, &pair[1], 1);
	close(pair[1]);
	if (step != STEP_MOVED) {
		close(pair[0]);
		return step;
	}
	relay->swapped = true;
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
	if (!relay->swapped)
		return give_display_socket(relay);
	relay->counters.sockets_swallowed++;
	return STEP_MOVED;
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
	return step;
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

static enum step from_vmm(struct relay *relay)
{
	struct message message;

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
	case VHOST_USER_SET_VRING_ADDR:
		if (!relay->memory_shared) {
			stream_fds_close(&message.fds);
			return fault(relay, SIDE_VMM, "starts a queue, but gave no memory: %s",
				MEMORY_ADVICE);
		}
		break;
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_KICK:
		observe_queue(relay, message.wire.header.request == VHOST_USER_GET_VRING_BASE);
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

static enum step from_backend(struct relay *relay)
{
	struct message message;
	enum step step = take_message(relay, SIDE_BACKEND, &message);

	if (step != STEP_MOVED)
		return step;
	step = pass_on(relay, SIDE_BACKEND, &message);
	if (step == STEP_MOVED)
		observe_reply(relay, &message);
	return step;
}

static gboolean tell_display_closed(gpointer data)
{
	struct relay *relay = data;

	turn_note();
	relay->display_closed_source = 0;
	log_guest(G_LOG_LEVEL_WARNING, relay->name,
		"the back-end's display socket is closed; there is no picture until the VMM is "
		"restarted");
	return G_SOURCE_REMOVE;
}

void relay_display_closed(struct relay *relay)
{
	if (relay->swapped && !relay->display_closed_source)
		relay->display_closed_source = turn_name_of(
			g_timeout_add(DISPLAY_CLOSED_MS, tell_display_closed, relay), "relay",
			relay->name);
}

static bool watch(struct relay *relay, enum side side, int operation)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u32 = side,
	};
	return epoll_ctl(relay->epoll_fd, operation, relay->streams[side].fd, &event) == 0;
}

static void session_reset(struct relay *relay)
{
	g_clear_handle_id(&relay->display_closed_source, g_source_remove);
	g_clear_handle_id(&relay->retry_source, g_source_remove);
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		/* It may not be closed for a while. */
		if (relay->streams[side].fd >= 0)
			watch(relay, side, EPOLL_CTL_DEL);
		stream_finish(&relay->streams[side]);
		relay->ended[side] = false;
	}
	closer_close(relay->closer, relay->vmm_display_fd);
	relay->vmm_display_fd = -1;
	relay->swapped = false;
	relay->memory_shared = false;
	relay->acknowledge = false;
	relay->told_scanouts = false;
	relay->stopped = false;
}

/* Takes everything down that the VMM had, and lets the next one in. */
static void session_end(struct relay *relay)
{
	session_reset(relay);
	relay->listener->detached(relay->data);
	door_release(relay->door);
}

/* Moves messages both ways until neither can, or until it is another source's turn. */
static void pump(struct relay *relay)
{
	for (int i = 0; i < TURN_MESSAGES; i++) {
		enum step down = from_vmm(relay);
		enum step up = down == STEP_END ? STEP_END : from_backend(relay);
		if (up == STEP_END) {
			session_end(relay);
			return;
		}
		if (down == STEP_WAIT && up == STEP_WAIT)
			return;
	}
	/* The edges have been seen but not used up: a change of the watch brings them again. */
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++)
		watch(relay, side, EPOLL_CTL_MOD);
}

static gboolean sockets_ready(int epoll_fd, GIOCondition condition, gpointer data)
{
	struct relay *relay = data;
	struct epoll_event events[2];
	int count = epoll_wait(epoll_fd, events, G_N_ELEMENTS(events), 0);

	turn_note();
	for (int i = 0; i < count; i++)
		if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			relay->ended[events[i].data.u32] = true;

	if (relay->streams[SIDE_BACKEND].fd >= 0) {
		pump(relay);
	} else if (relay->ended[SIDE_VMM]) {
		judge(relay, SIDE_VMM, MESSAGE_ENDED, NULL);
		session_end(relay);
	}
	return G_SOURCE_CONTINUE;
}

/* A connected socket, or -1 with errno. Never blocks: a Unix socket connects at once or not. */
static int connect_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static bool begin_side(struct relay *relay, enum side side, int fd)
{
	g_autoptr(GError) error = NULL;

	if (!stream_init(&relay->streams[side], fd, relay->closer, &error)) {
		log_guest(G_LOG_LEVEL_WARNING, relay->name, "the %s: %s", side_names[side],
			error->message);
		return false;
	}
	if (!watch(relay, side, EPOLL_CTL_ADD)) {
		log_guest(G_LOG_LEVEL_WARNING, relay->name, "the %s cannot be watched: %s",
			side_names[side], g_strerror(errno));
		return false;
	}
	return true;
}

static gboolean try_backend(gpointer data);

static void retry_later(struct relay *relay)
{
	relay->retry_source = turn_name_of(g_timeout_add(relay->retry_ms, try_backend, relay),
		"relay retry", relay->name);
	relay->retry_ms = MIN(relay->retry_ms * 2, RETRY_LAST_MS);
}

/* Looks for the back-end; until it listens, the VMM's bytes stay where they are. */
static gboolean try_backend(gpointer data)
{
	struct relay *relay = data;
	int fd;

	turn_note();
	relay->retry_source = 0;
	fd = connect_path(relay->backend_path);
	if (fd < 0) {
		if (!relay->told_waiting)
			log_guest(G_LOG_LEVEL_WARNING, relay->name,
				"waiting for the back-end to listen at %s: %s", relay->backend_path,
				g_strerror(errno));
		relay->told_waiting = true;
		retry_later(relay);
		return G_SOURCE_REMOVE;
	}
	if (!begin_side(relay, SIDE_BACKEND, fd)) {
		session_end(relay);
		return G_SOURCE_REMOVE;
	}
	log_guest(G_LOG_LEVEL_INFO, relay->name, "connected to the back-end at %s",
		relay->backend_path);
	pump(relay);
	return G_SOURCE_REMOVE;
}

static void vmm_attached(void *data, int fd)
{
	struct relay *relay = data;

	relay->counters.vmms++;
	relay->told_waiting = false;
	relay->retry_ms = RETRY_FIRST_MS;
	log_guest(G_LOG_LEVEL_INFO, relay->name, "a VMM has connected at %s",
		relay->vmm_path ? relay->vmm_path : "the listening socket");
	if (begin_side(relay, SIDE_VMM, fd))
		try_backend(relay);
	else
		session_end(relay);
}

struct relay *relay_create(const struct relay_options *options,
	const struct relay_listener *listener, void *data, GError **error)
{
	struct sockaddr_un address;
	struct relay *relay = g_new0(struct relay, 1);

	relay->name = g_strdup(options->name);
	relay->vmm_path = g_strdup(options->vmm_path);
	relay->backend_path = g_strdup(options->backend_path);
	relay->listener = listener;
	relay->data = data;
	relay->vmm_display_fd = -1;
	relay->streams[SIDE_VMM].fd = -1;
	relay->streams[SIDE_BACKEND].fd = -1;

	relay->epoll_fd = -1;
	relay->closer = closer_create(relay->name);

	if (options->vmm_path)
		relay->door = door_create_path(options->vmm_path, options->vmm_group, vmm_attached,
			relay, error);
	else
		relay->door = door_create_listening(options->vmm_listen_fd, vmm_attached, relay,
			error);
	if (!relay->door)
		goto fail;
	door_set_guest(relay->door, relay->name, relay->closer);
	if (strlen(relay->backend_path) >= sizeof(address.sun_path)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
			"the back-end's socket path is longer than %zu bytes: %s",
			sizeof(address.sun_path) - 1, relay->backend_path);
		goto fail;
	}
	relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (relay->epoll_fd < 0) {
		int saved = errno;
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "epoll: %s",
			g_strerror(saved));
		goto fail;
	}
	relay->epoll_source = turn_name_of(
		g_unix_fd_add(relay->epoll_fd, G_IO_IN, sockets_ready, relay), "relay",
		relay->name);
	return relay;

fail:
	relay_destroy(relay);
	return NULL;
}

void relay_destroy(struct relay *relay)
{
	if (!relay)
		return;
	door_destroy(relay->door);
	session_reset(relay);
	g_clear_handle_id(&relay->epoll_source, g_source_remove);
	if (relay->epoll_fd >= 0)
		close(relay->epoll_fd);
	closer_destroy(relay->closer);
	g_free(relay->vmm_path);
	g_free(relay->backend_path);
	g_free(relay->name);
	g_free(relay);
}

const struct relay_counters *relay_counters(const struct relay *relay)
{
	return &relay->counters;
}
