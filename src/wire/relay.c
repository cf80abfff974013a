/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session at a time: from the moment the door hands in a VMM until either side is gone.
 *
 *   no VMM ──door──▶ waiting ──connected──▶ relaying ──either side ends──▶ no VMM
 *                    (timer)                (epoll)
 *     └─handover─▶ awaited ──both have come──▶ relaying
 *   a predecessor's ──relay_adopt()──▶ waiting or relaying
 *
 * Both sockets are watched edge-triggered, through an epoll of our own: a message is left in its
 * socket until it is whole and the other side takes it, and a level-triggered poll would spin on it
 * for as long. Whatever wakes us, both directions are pumped until neither can move.
 */
#include "wire/relay_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"
#include "wire/kept_fds.h"

/* Messages a direction and turn of the main loop, so that a chattering VMM delays no flip; fewer
 * where the guest's share of the turn is used up before. */
#define TURN_MESSAGES 32

/* The back-end is looked for at once and then at these distances, doubling. */
#define RETRY_FIRST_MS 10u
#define RETRY_LAST_MS 500u

/* What the kernel could not send is tried again after this, and what it could not make. */
#define SEND_AGAIN_MS 20u

/* A back-end that ends closes its sockets one by one: the display socket alone is given so long. */
#define DISPLAY_CLOSED_MS 200u

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

void relay_display_closing(struct relay *relay)
{
	uint64_t display = relay->now.display;

	if (relay->now.display_is != DISPLAY_GIVEN || !display)
		return;
	relay->now.display = 0;
	relay_note(relay);
	relay_keep_no_more(relay, display);
	/* The back-end sees the end of it when ours is the last one. */
	relay_move_later(relay);
}

void relay_display_closed(struct relay *relay)
{
	/* It may not have come so far that it could be closing. */
	relay_display_closing(relay);
	if (relay->now.display_is == DISPLAY_GIVEN && !relay->display_closed_source)
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

static void close_display_sockets(struct relay *relay)
{
	closer_close(relay->closer, relay->vmm_display_fd);
	relay->vmm_display_fd = -1;
	/* Of a pair of ours that nobody has. */
	closer_close(NULL, relay->display_fd);
	closer_close(NULL, relay->display_peer_fd);
	relay->display_fd = -1;
	relay->display_peer_fd = -1;
}

void relay_reset(struct relay *relay)
{
	g_clear_handle_id(&relay->display_closed_source, g_source_remove);
	g_clear_handle_id(&relay->retry_source, g_source_remove);
	g_clear_handle_id(&relay->send_again_source, g_source_remove);
	g_clear_pointer(&relay->handover, handover_destroy);
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		/* It may not be closed for a while. */
		if (relay->streams[side].fd >= 0)
			watch(relay, side, EPOLL_CTL_DEL);
		stream_finish(&relay->streams[side]);
		relay->ended[side] = false;
		relay->unwatched[side] = false;
		stream_fds_close(&relay->fds[side]);
		stream_fds_close(&relay->next[side]);
		relay->fds_in_flight[side] = 0;
	}
	close_display_sockets(relay);
	relay->told_no_socket = false;
	relay->told_no_fds = false;
	relay->told_scanouts = false;
	if (!relay->left)
		relay_clear_state(relay);
}

/* Takes everything down that the VMM had, and lets the next one in. */
static void session_end(struct relay *relay)
{
	relay_reset(relay);
	relay->listener->detached(relay->data);
	door_release(relay->door);
}

/* Moves messages both ways until neither can, or until it is another source's turn. */
static void pump(struct relay *relay)
{
	struct turn_work work = turn_work_begin(account_share(relay->account));
	int i = 0;

	do {
		enum step down = relay_from_vmm(relay);
		enum step up = down == STEP_END ? STEP_END : relay_from_backend(relay);
		if (up == STEP_END) {
			turn_work_end(&work);
			session_end(relay);
			return;
		}
		if (down == STEP_WAIT && up == STEP_WAIT) {
			turn_work_end(&work);
			/* Of what was left nobody has died. */
			relay->state->adopted = 0;
			if (kept_fds_tidy(relay->kept))
				relay_move_later(relay);
			return;
		}
	} while (++i < TURN_MESSAGES && turn_work_has_time(&work));
	turn_work_end(&work);
	/* The edges have been seen but not used up: a change of the watch brings them again. */
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++)
		watch(relay, side, EPOLL_CTL_MOD);
}

/* Whom the kernel could not watch: what came meanwhile is an edge all the same. */
static void watch_later(struct relay *relay)
{
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		if (!relay->unwatched[side])
			continue;
		relay->unwatched[side] = !watch(relay, side, EPOLL_CTL_ADD);
		if (relay->unwatched[side])
			relay_move_later(relay);
	}
}

static gboolean send_again(gpointer data)
{
	struct relay *relay = data;

	turn_note();
	relay->send_again_source = 0;
	watch_later(relay);
	/* The VMM may be there alone. */
	if (relay->streams[SIDE_BACKEND].fd >= 0)
		pump(relay);
	return G_SOURCE_REMOVE;
}

void relay_move_later(struct relay *relay)
{
	if (!relay->send_again_source)
		relay->send_again_source = turn_name_of(
			g_timeout_add(SEND_AGAIN_MS, send_again, relay), "relay", relay->name);
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
		relay_judge(relay, SIDE_VMM, MESSAGE_ENDED, NULL);
		session_end(relay);
	}
	return G_SOURCE_CONTINUE;
}

/* The node of a socket's path, or -1 with errno. The folder may be the back-end's own: where it
 * puts a link to somebody else's socket, we, who may be root, do not follow. */
static int open_node(const char *path)
{
	int node = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (node < 0)
		return -1;
	if (fstat(node, &status) == 0 && !S_ISLNK(status.st_mode))
		return node;
	close(node);
	errno = ELOOP;
	return -1;
}

static int connect_node(int node)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", node);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A connected socket, or -1 with errno. Never blocks: a Unix socket connects at once or not. */
static int connect_path(const char *path)
{
	int node = open_node(path);

	if (node < 0)
		return -1;
	int fd = connect_node(node);
	int saved = errno;
	close(node);
	errno = saved;
	return fd;
}

bool relay_begin_side(struct relay *relay, enum side side, int fd, uint64_t number)
{
	g_autoptr(GError) error = NULL;

	if (!stream_init(&relay->streams[side], fd, relay->closer, &error)) {
		log_guest(G_LOG_LEVEL_WARNING, relay->name, "the %s: %s", relay_side_names[side],
			error->message);
		relay_note_end(relay, RELAY_END_FAULT, g_strdup(error->message));
		return false;
	}
	if (relay->kept)
		relay->streams[side].record = &relay->state->record;
	relay->now.sockets[side] = number ? number : relay_keep(relay, fd, false);
	relay_note(relay);
	if (watch(relay, side, EPOLL_CTL_ADD))
		return true;
	log_guest(G_LOG_LEVEL_WARNING, relay->name, "the %s cannot be watched: %s",
		relay_side_names[side], g_strerror(errno));
	if (errno != ENOMEM && errno != ENOSPC) {
		relay_note_end(relay, RELAY_END_FAULT, g_strdup(g_strerror(errno)));
		return false;
	}
	/* Of the moment: looked at now and then until it can be. */
	relay->unwatched[side] = true;
	relay_move_later(relay);
	return true;
}

static gboolean try_backend(gpointer data);

static void retry_later(struct relay *relay)
{
	relay->state->adopted = 0;
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
		if (!relay->told_waiting && relay->listener->backend)
			relay->listener->backend(relay->data, false);
		relay->told_waiting = true;
		retry_later(relay);
		return G_SOURCE_REMOVE;
	}
	if (!relay_begin_side(relay, SIDE_BACKEND, fd, 0)) {
		session_end(relay);
		return G_SOURCE_REMOVE;
	}
	log_guest(G_LOG_LEVEL_INFO, relay->name, "connected to the back-end at %s",
		relay->backend_path);
	if (relay->listener->backend)
		relay->listener->backend(relay->data, true);
	pump(relay);
	return G_SOURCE_REMOVE;
}

void relay_seek_backend(struct relay *relay)
{
	relay->told_waiting = false;
	relay->retry_ms = RETRY_FIRST_MS;
	try_backend(relay);
}

/* The VMM has been there for a while, and has a back-end already. */
static void handed_over(void *data, int vmm_fd, int backend_fd, const char *fault)
{
	struct relay *relay = data;

	if (fault) {
		log_guest(G_LOG_LEVEL_WARNING, relay->name, "a handover: the peer %s", fault);
		relay_note_end(relay, RELAY_END_FAULT,
			g_strdup_printf("whoever hands a VMM over %s", fault));
		session_end(relay);
		return;
	}
	/* The VMM last: with it the session begins, for a successor, which would look for a
	 * back-end that is not there. */
	if (!relay_begin_side(relay, SIDE_BACKEND, backend_fd, 0)) {
		closer_close(relay->closer, vmm_fd);
		session_end(relay);
		return;
	}
	if (!relay_begin_side(relay, SIDE_VMM, vmm_fd, 0)) {
		session_end(relay);
		return;
	}
	g_clear_pointer(&relay->handover, handover_destroy);
	log_guest(G_LOG_LEVEL_INFO, relay->name, "a VMM and its back-end have been handed over");
	if (relay->listener->backend)
		relay->listener->backend(relay->data, true);
	pump(relay);
}

static void vmm_attached(void *data, int fd)
{
	struct relay *relay = data;

	relay->left = false;
	relay->counters.vmms++;
	if (handover_is_offered(fd)) {
		log_guest(G_LOG_LEVEL_INFO, relay->name, "a VMM is being handed over by process %d",
			(int)door_served(relay->door));
		relay->handover = handover_create(fd, relay->name, relay->closer, handed_over,
			relay);
		return;
	}
	log_guest(G_LOG_LEVEL_INFO, relay->name, "a VMM has connected at %s",
		relay->vmm_path ? relay->vmm_path : "the listening socket");
	if (relay_begin_side(relay, SIDE_VMM, fd, 0))
		relay_seek_backend(relay);
	else
		session_end(relay);
}

struct relay *relay_create(const struct relay_options *options,
	const struct relay_listener *listener, void *data, GError **error)
{
	const struct door_options door = {
		.path = options->vmm_path,
		.group = options->vmm_group,
		.prepare = options->prepare,
		.keeper = options->keeper,
		.guest = options->name,
		.account = options->account,
		.fds = ACCOUNT_FDS_RELAY,
	};
	struct sockaddr_un address;
	struct relay *relay = g_new0(struct relay, 1);

	relay->name = g_strdup(options->name);
	relay->vmm_path = g_strdup(options->vmm_path);
	relay->backend_path = g_strdup(options->backend_path);
	relay->listener = listener;
	relay->data = data;
	relay->vmm_display_fd = -1;
	relay->display_fd = -1;
	relay->display_peer_fd = -1;
	relay->streams[SIDE_VMM].fd = -1;
	relay->streams[SIDE_BACKEND].fd = -1;

	relay->epoll_fd = -1;
	relay->account = options->account;
	relay->closer = account_closer(options->account);
	relay->fds[SIDE_VMM].closer = relay->closer;
	relay->fds[SIDE_BACKEND].closer = relay->closer;
	relay->kept = options->kept;
	if (!options->kept)
		relay->own_state = g_new0(struct relay_state, 1);
	relay->state = options->kept ? options->state : relay->own_state;
	/* Until relay_adopt() has looked, it may be a predecessor's. */
	relay->left = true;

	if (options->vmm_path)
		relay->door = door_create_path(&door, vmm_attached, relay, error);
	else
		relay->door = door_create_listening(options->vmm_listen_fd, vmm_attached, relay,
			error);
	if (!relay->door)
		goto fail;
	if (!options->vmm_path)
		door_set_guest(relay->door, door.guest, door.account, door.fds);
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
	relay->epoll_source = turn_often(
		turn_name_of(g_unix_fd_add(relay->epoll_fd, G_IO_IN, sockets_ready, relay), "relay",
			relay->name));
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
	relay_reset(relay);
	g_clear_handle_id(&relay->epoll_source, g_source_remove);
	if (relay->epoll_fd >= 0)
		close(relay->epoll_fd);
	g_free(relay->own_state);
	g_free(relay->fault);
	g_free(relay->vmm_path);
	g_free(relay->backend_path);
	g_free(relay->name);
	g_free(relay);
}

const struct relay_counters *relay_counters(const struct relay *relay)
{
	return &relay->counters;
}

enum relay_end relay_end(const struct relay *relay, const char **fault)
{
	if (fault)
		*fault = relay->fault;
	return relay->end;
}
