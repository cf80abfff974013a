/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three doors. A door is locked, bound and listening when it is created; from then on it lives
 * in the main loop and calls its owner once per peer. Owned by main and by the relay.
 */
#include "wire/door.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/spare_fds.h"

/* Peers that wait while another one is attached. */
#define BACKLOG 8

/* So long another peer waits for the attached one to go, as it does where a VMM is started again,
 * before it is refused; milliseconds. */
#define BUSY_MS 2000

/* After a failure to accept that will not go away by itself (no fd left). */
#define RETRY_MS 1000

G_DEFINE_QUARK(scanoutd - door - error, door_error)

struct door {
	char *guest; /* for the log, or NULL */
	struct account *account; /* the guest's; else NULL */
	unsigned int fds; /* that a peer of this door is charged with */
	bool charged; /* one is attached, and was */
	bool refusing; /* one was not, which has been logged */
	char *path; /* NULL: the socket is not ours to unlink */
	char *lock_path; /* with path only */
	int lock_fd; /* held as long as the door stands, or -1 */
	dev_t device; /* of the socket that we bound, so that no other is unlinked */
	ino_t inode;
	int listen_fd; /* -1 for an inherited peer */
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
	return door->guest ? door->guest : "of nobody";
}

static void tell(const struct door *door, GLogLevelFlags level, const char *text)
{
	const char *socket = door->path ? door->path : "listening socket";

	if (door->guest)
		log_guest(level, door->guest, "%s: %s", socket, text);
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
	if (door->listen_fd >= 0)
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

	door->lock_fd = -1;
	door->listen_fd = -1;
	door->inherited_fd = -1;
	door->attached = attached;
	door->data = data;
	return door;
}

static void set_error(GError **error, const char *path, const char *what, int number)
{
	g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED, "%s: %s: %s", path, what,
		g_strerror(number));
}

static void set_served_error(GError **error, const char *path, int lock_fd)
{
	char text[32];
	ssize_t length = pread(lock_fd, text, sizeof(text) - 1, 0);
	guint64 pid = 0;

	text[length > 0 ? length : 0] = '\0';
	g_strchomp(text);
	if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &pid, NULL))
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_SERVED,
			"%s is served by process %" G_GUINT64_FORMAT " already", path, pid);
	else
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_SERVED,
			"%s is served by another process already", path);
}

/* A lock on a file that its owner has unlinked in the meantime guards nothing. */
static bool lock_is_current(int fd, const char *lock_path)
{
	struct stat held;
	struct stat named;

	return fstat(fd, &held) == 0 && stat(lock_path, &named) == 0 &&
		held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Only for the message that another one gives: the lock itself decides, and a full file system is no
 * reason not to start. */
static void write_owner(const struct door *door)
{
	g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
	size_t size = strlen(text);

	if (ftruncate(door->lock_fd, 0) < 0 ||
		pwrite(door->lock_fd, text, size, 0) != (ssize_t)size)
		log_daemon(G_LOG_LEVEL_MESSAGE, "%s: has no process number in it: %s",
			door->lock_path, g_strerror(errno));
}

static bool door_lock(struct door *door, GError **error)
{
	for (;;) {
		int fd = open(door->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0) {
			if (errno == ENOENT)
				set_error(error, door->path, "the socket's folder is missing",
					ENOENT);
			else
				set_error(error, door->lock_path, "cannot open the lock file",
					errno);
			return false;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int saved = errno;
			if (saved == EWOULDBLOCK)
				set_served_error(error, door->path, fd);
			else
				set_error(error, door->lock_path, "cannot lock", saved);
			close(fd);
			return false;
		}
		if (lock_is_current(fd, door->lock_path)) {
			door->lock_fd = fd;
			break;
		}
		close(fd);
	}

	write_owner(door);
	return true;
}

/* With the lock held, a socket that is still there is one that nobody serves. */
static bool remove_stale(const char *path, GError **error)
{
	struct stat status;

	if (lstat(path, &status) < 0) {
		if (errno == ENOENT)
			return true;
		set_error(error, path, "cannot look at it", errno);
		return false;
	}
	if (!S_ISSOCK(status.st_mode)) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED,
			"%s: is there already and is not a socket", path);
		return false;
	}
	if (unlink(path) < 0) {
		set_error(error, path, "cannot remove the stale socket", errno);
		return false;
	}
	return true;
}

static bool open_to_group(const char *path, const char *group, GError **error)
{
	errno = 0;
	struct group *entry = getgrnam(group);

	if (!entry) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED, "%s: there is no group \"%s\"",
			path, group);
		return false;
	}
	if (lchown(path, (uid_t)-1, entry->gr_gid) < 0) {
		set_error(error, path, "cannot give it to the group", errno);
		return false;
	}
	if (chmod(path, 0660) < 0) {
		set_error(error, path, "cannot open it to the group", errno);
		return false;
	}
	return true;
}

static bool door_bind(struct door *door, const char *group, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (strlen(door->path) >= sizeof(address.sun_path)) {
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED,
			"%s: a socket's path may have %zu bytes at most", door->path,
			sizeof(address.sun_path) - 1);
		return false;
	}
	strcpy(address.sun_path, door->path);

	door->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (door->listen_fd < 0) {
		set_error(error, door->path, "cannot make a socket", errno);
		return false;
	}
	/* The mode that bind gives the file, so that it is never open to others for a moment. */
	if (fchmod(door->listen_fd, 0600) < 0 ||
		bind(door->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		set_error(error, door->path, "cannot bind", errno);
		return false;
	}
	if (lstat(door->path, &status) == 0) {
		door->device = status.st_dev;
		door->inode = status.st_ino;
	}
	if (group && !open_to_group(door->path, group, error))
		return false;
	if (listen(door->listen_fd, BACKLOG) < 0) {
		set_error(error, door->path, "cannot listen", errno);
		return false;
	}
	return true;
}

struct door *door_create_path(const char *path, const char *group, door_attached_func attached,
	void *data, GError **error)
{
	struct door *door = door_new(attached, data);

	door->path = g_strdup(path);
	door->lock_path = g_strconcat(path, ".lock", NULL);
	if (!door_lock(door, error) || !remove_stale(path, error) ||
		!door_bind(door, group, error)) {
		door_destroy(door);
		return NULL;
	}
	door_arm(door);
	return door;
}

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
	if (door->listen_fd >= 0)
		close(door->listen_fd);
	if (door->inherited_fd >= 0)
		close(door->inherited_fd);
	if (door->lock_fd >= 0) {
		struct stat status;
		if (door->inode && lstat(door->path, &status) == 0 &&
			status.st_dev == door->device && status.st_ino == door->inode)
			unlink(door->path);
		/* Before the lock is given up: then it may be another's file. */
		unlink(door->lock_path);
		close(door->lock_fd);
	}
	g_free(door->guest);
	g_free(door->path);
	g_free(door->lock_path);
	g_free(door);
}
