/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three doors. Each lives in the main loop and calls its owner once per peer. Owned by main and
 * by the relay.
 *
 *   path ──made──▶ listens ──a peer──▶ attached ──door_release──▶ listens
 *     └─cannot be made yet─▶ waits ──made, in a thread──▶ listens
 */
#include "wire/door_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/spare_fds.h"

/* So long another peer waits for the attached one to go, as it does where a VMM is started again,
 * before it is refused; milliseconds. */
#define BUSY_MS 2000

/* What could not be made is tried again after this, and after twice as long each time. */
#define MAKE_FIRST_MS 1000u
#define MAKE_LAST_MS 16000u

/* After a failure to accept that will not go away by itself (no fd left). */
#define RETRY_MS 1000

G_DEFINE_QUARK(scanoutd_door_error_quark, door_error)

/* Who is charged with the most. */
G_STATIC_ASSERT(ACCOUNT_FDS_RELAY <= SPARE_FDS_MAX);

struct door {
	char *guest; /* for the log, or NULL */
	char *lease; /* the same */
	struct account *account; /* the guest's; else NULL */
	unsigned int fds; /* that a peer of this door is charged with */
	bool charged; /* one is attached, and was */
	bool refusing; /* one was not, which has been logged */
	char *path; /* NULL: the socket is not ours to unlink */
	/* With path only: */
	char *group;
	int type;
	door_prepare_func prepare;
	const struct fd_keeper *keeper; /* or NULL */
	struct door_socket *socket; /* NULL: it cannot be made so far */
	struct door_attempt *attempt; /* one is under way */
	guint make_source; /* the next one */
	unsigned int make_ms; /* … comes after that */
	char *trouble; /* why it cannot, if it has been logged; else NULL */
	int listen_fd; /* -1: an inherited peer, or it cannot be made so far */
	int inherited_fd; /* until it has been handed in, else -1 */
	guint source; /* 0 while a peer is attached */
	guint queue_source; /* while one is: another one comes, or has come and waits */
	bool queue_told; /* … which has been logged */
	pid_t served; /* who is attached; 0: not known */
	bool failing; /* accept failed and has been logged */
	door_attached_func attached;
	void *data;
};

static void door_arm(struct door *door);

static const char *door_whose(const struct door *door)
{
	const char *owner = door->guest ? door->guest : door->lease;

	return owner ? owner : "of nobody";
}

static void tell(const struct door *door, GLogLevelFlags level, const char *text)
{
	const char *socket = door->path ? door->path : "listening socket";

	if (door->guest)
		log_guest(level, door->guest, "%s: %s", socket, text);
	else if (door->lease)
		log_lease(level, door->lease, "%s: %s", socket, text);
	else
		log_daemon(level, "%s: %s", socket, text);
}

static void complain(const struct door *door, int number)
{
	g_autofree char *text = g_strdup_printf("cannot accept a connection: %s",
		g_strerror(number));

	tell(door, G_LOG_LEVEL_WARNING, text);
}

/* 0: not known. */
static pid_t process_of(int peer)
{
	struct ucred credentials = {0};
	socklen_t size = sizeof(credentials);

	return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 ? credentials.pid
										   : 0;
}

static void watch_queue(struct door *door);

/* The first one has had the time to go. */
static gboolean door_busy(gpointer data)
{
	struct door *door = data;
	int peer = accept4(door->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	turn_note();
	door->queue_source = 0;
	/* It may have gone by itself. */
	if (peer >= 0) {
		g_autofree char *text = g_strdup_printf(
			"another peer (process %d) is refused: busy with process %d",
			(int)process_of(peer), (int)door->served);

		tell(door, G_LOG_LEVEL_WARNING, text);
		closer_close(account_closer(door->account), peer);
	}
	watch_queue(door);
	return G_SOURCE_REMOVE;
}

/* The queue stays readable as long as somebody is in it. */
static gboolean door_queued(gint fd, GIOCondition condition, gpointer data)
{
	struct door *door = data;

	turn_note();
	if (!door->queue_told)
		tell(door, G_LOG_LEVEL_INFO,
			"another peer has connected and waits: one is served at a time");
	door->queue_told = true;
	door->queue_source = turn_name_of(g_timeout_add(BUSY_MS, door_busy, door), "door",
		door_whose(door));
	return G_SOURCE_REMOVE;
}

static void watch_queue(struct door *door)
{
	door->queue_source = turn_name_of(
		g_unix_fd_add(door->listen_fd, G_IO_IN, door_queued, door), "door",
		door_whose(door));
}

static gboolean door_retry(gpointer data)
{
	struct door *door = data;

	turn_note();
	door->source = 0;
	door_arm(door);
	return G_SOURCE_REMOVE;
}

static void retry_after(struct door *door, guint delay_ms)
{
	door->source = turn_name_of(g_timeout_add(delay_ms, door_retry, door), "door retry",
		door_whose(door));
}

static bool charge(struct door *door)
{
	g_autoptr(GError) error = NULL;

	door->charged = account_charge(door->account, ACCOUNT_FDS, door->fds, &error);
	if (!door->charged && !door->refusing) {
		g_autofree char *text = g_strdup_printf("a peer has to wait: %s", error->message);

		tell(door, G_LOG_LEVEL_WARNING, text);
	}
	door->refusing = !door->charged;
	return door->charged;
}

static void discharge(struct door *door)
{
	if (door->charged)
		account_discharge(door->account, ACCOUNT_FDS, door->fds);
	door->charged = false;
}

/* A session that could not be made would be lost; who waits in the backlog is not. */
static bool has_spare_fds(struct door *door)
{
	int any = door->listen_fd >= 0 ? door->listen_fd : door->inherited_fd;

	if (spare_fds(any, door->fds))
		return true;
	if (!door->failing)
		complain(door, EMFILE);
	door->failing = true;
	return false;
}

/* Else it has been seen to that it is tried again: who comes waits in the backlog. */
static bool may_let_in(struct door *door)
{
	int64_t early_us;

	if (closer_is_full(account_closer(door->account)) || !has_spare_fds(door) ||
		!charge(door)) {
		retry_after(door, RETRY_MS);
		return false;
	}
	early_us = account_admit(door->account, g_get_monotonic_time());
	if (early_us == 0)
		return true;
	discharge(door);
	retry_after(door, (guint)(early_us / 1000) + 1);
	return false;
}

static gboolean door_accept(gint fd, GIOCondition condition, gpointer data)
{
	struct door *door = data;
	int peer;

	turn_note();
	if (!may_let_in(door))
		return G_SOURCE_REMOVE;
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer < 0) {
		discharge(door);
		/* The peer was gone before we looked: others may follow. */
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return G_SOURCE_CONTINUE;
		if (!door->failing)
			complain(door, errno);
		door->failing = true;
		retry_after(door, RETRY_MS);
		return G_SOURCE_REMOVE;
	}
	door->failing = false;
	door->source = 0;
	door->served = process_of(peer);
	door->queue_told = false;
	watch_queue(door);
	/* The callee may destroy the door. */
	door->attached(door->data, peer);
	return G_SOURCE_REMOVE;
}

static gboolean door_hand_in(gpointer data)
{
	struct door *door = data;
	int fd = door->inherited_fd;

	turn_note();
	if (!may_let_in(door))
		return G_SOURCE_REMOVE;
	door->inherited_fd = -1;
	door->source = 0;
	door->attached(door->data, fd);
	return G_SOURCE_REMOVE;
}

static void door_arm(struct door *door)
{
	g_clear_handle_id(&door->queue_source, g_source_remove);
	if (door->source)
		return;
	/* A predecessor's was here before there was a socket. */
	if (door->charged)
		watch_queue(door);
	else if (door->listen_fd >= 0)
		door->source = turn_name_of(
			g_unix_fd_add(door->listen_fd, G_IO_IN, door_accept, door), "door",
			door_whose(door));
	else if (door->inherited_fd >= 0)
		door->source = turn_name_of(
			g_idle_add_full(G_PRIORITY_DEFAULT, door_hand_in, door, NULL), "door",
			door_whose(door));
}

static struct door *door_new(door_attached_func attached, void *data)
{
	struct door *door = g_new0(struct door, 1);

	door->listen_fd = -1;
	door->inherited_fd = -1;
	door->attached = attached;
	door->data = data;
	return door;
}

/* ---- a socket of ours ---- */

static void make_later(struct door *door);

/* Each reason once. */
static void tell_trouble(struct door *door, const GError *error)
{
	g_autofree char *text = g_strdup_printf("cannot listen, and tries again: %s",
		error->message);

	if (g_strcmp0(door->trouble, error->message) == 0)
		return;
	tell(door, G_LOG_LEVEL_WARNING, text);
	g_free(door->trouble);
	door->trouble = g_strdup(error->message);
}

/* Taken over. */
static void set_socket(struct door *door, struct door_socket *socket)
{
	const char *remark = door_socket_remark(socket);

	door->socket = socket;
	door->listen_fd = door_socket_fd(socket);
	door_socket_keep(socket, door->keeper);
	if (remark)
		log_daemon(G_LOG_LEVEL_MESSAGE, "%s", remark);
	door_arm(door);
}

static void attempt_done(void *data, struct door_socket *socket, const GError *error)
{
	struct door *door = data;

	door->attempt = NULL;
	if (!socket) {
		tell_trouble(door, error);
		make_later(door);
		return;
	}
	tell(door, G_LOG_LEVEL_MESSAGE, "listens now");
	g_clear_pointer(&door->trouble, g_free);
	set_socket(door, socket);
}

static gboolean make(gpointer data)
{
	struct door *door = data;

	turn_note();
	door->make_source = 0;
	door->attempt = door_attempt_create(door->path, door->group, door->type, door->prepare,
		attempt_done, door);
	if (!door->attempt)
		make_later(door);
	return G_SOURCE_REMOVE;
}

static void make_later(struct door *door)
{
	door->make_source = turn_name_of(g_timeout_add(door->make_ms, make, door), "door retry",
		door_whose(door));
	door->make_ms = MIN(2 * door->make_ms, MAKE_LAST_MS);
}

struct door *door_create_path(const struct door_options *options, door_attached_func attached,
	void *data, GError **error)
{
	g_autoptr(GError) failure = NULL;
	struct door *door = door_new(attached, data);
	int type = options->packets ? SOCK_SEQPACKET : SOCK_STREAM;
	struct door_socket *socket = door_socket_create(options->path, options->group, type,
		options->prepare, options->keeper, &failure);

	door->path = g_strdup(options->path);
	door->group = g_strdup(options->group);
	door->type = type;
	door->lease = g_strdup(options->lease);
	door->prepare = options->prepare;
	door->keeper = options->keeper;
	door->make_ms = MAKE_FIRST_MS;
	door_set_guest(door, options->guest, options->account, options->fds);
	if (socket) {
		set_socket(door, socket);
		return door;
	}
	if (g_error_matches(failure, DOOR_ERROR, DOOR_ERROR_SERVED) ||
		g_error_matches(failure, DOOR_ERROR, DOOR_ERROR_FAILED)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		door_destroy(door);
		return NULL;
	}
	tell_trouble(door, failure);
	make_later(door);
	return door;
}

/* ---- others' sockets ---- */

static bool socket_option(int fd, int option, int *value)
{
	socklen_t size = sizeof(*value);

	return getsockopt(fd, SOL_SOCKET, option, value, &size) == 0;
}

/* An fd that the user named by its number: say what is wrong with it in words. */
static bool check_socket(int fd, bool listening, GError **error)
{
	int domain;
	int type;
	int accepting;

	if (!socket_option(fd, SO_DOMAIN, &domain) || !socket_option(fd, SO_TYPE, &type) ||
		!socket_option(fd, SO_ACCEPTCONN, &accepting)) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED, "fd %d is not a socket: %s", fd,
			g_strerror(errno));
		return false;
	}
	struct sockaddr_un peer;
	socklen_t size = sizeof(peer);
	bool connected = getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
	if (domain != AF_UNIX || type != SOCK_STREAM ||
		(listening ? !accepting : accepting || !connected)) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED,
			"fd %d is not a %s AF_UNIX stream socket", fd,
			listening ? "listening" : "connected");
		return false;
	}
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED, "fd %d: %s", fd,
			g_strerror(errno));
		return false;
	}
	return true;
}

struct door *door_create_listening(int fd, door_attached_func attached, void *data, GError **error)
{
	if (!check_socket(fd, true, error))
		return NULL;

	struct door *door = door_new(attached, data);
	door->listen_fd = fd;
	door_arm(door);
	return door;
}

struct door *door_create_inherited(int fd, door_attached_func attached, void *data, GError **error)
{
	if (!check_socket(fd, false, error))
		return NULL;

	struct door *door = door_new(attached, data);
	door->inherited_fd = fd;
	door_arm(door);
	return door;
}

void door_set_guest(struct door *door, const char *guest, struct account *account, unsigned int fds)
{
	door->account = account;
	door->fds = fds;
	g_free(door->guest);
	door->guest = g_strdup(guest);
	if (door->source)
		turn_name_of(door->source, "door", guest);
}

bool door_adopt(struct door *door, int peer, GError **error)
{
	if (!account_charge(door->account, ACCOUNT_FDS, door->fds, error))
		return false;
	door->charged = true;
	door->served = process_of(peer);
	door->queue_told = false;
	g_clear_handle_id(&door->source, g_source_remove);
	if (door->listen_fd >= 0)
		door_arm(door);
	return true;
}

pid_t door_served(const struct door *door)
{
	return door->served;
}

void door_release(struct door *door)
{
	discharge(door);
	door_arm(door);
}

void door_destroy(struct door *door)
{
	if (!door)
		return;
	discharge(door);
	g_clear_handle_id(&door->queue_source, g_source_remove);
	g_clear_handle_id(&door->source, g_source_remove);
	g_clear_handle_id(&door->make_source, g_source_remove);
	door_attempt_abandon(door->attempt);
	if (door->socket)
		door_socket_destroy(door->socket);
	else if (door->listen_fd >= 0)
		close(door->listen_fd);
	if (door->inherited_fd >= 0)
		close(door->inherited_fd);
	g_free(door->guest);
	g_free(door->lease);
	g_free(door->path);
	g_free(door->group);
	g_free(door->trouble);
	g_free(door);
}
