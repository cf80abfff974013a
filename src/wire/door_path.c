/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket of ours at a path. Whether somebody else serves it is decided by the lock, never by
 * connecting. Made by door.c: once in the main thread, when the daemon starts, and where the file
 * system was not ready for it, again and again in a thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "turn.h"
#include "wire/door_internal.h"

/* A group with its members; one that is larger cannot be looked at. */
#define GROUP_BYTES 65536

struct door_socket {
	char *path;
	char *lock_path;
	int lock_fd; /* held as long as it stands, or -1 */
	int fd; /* that listens, or -1 */
	dev_t device; /* of the socket that we bound, so that no other is unlinked */
	ino_t inode;
	char *remark;
	const struct fd_keeper *keeper; /* NULL: it is not kept */
	char *kept_name;
};

static void set_error(GError **error, const char *path, const char *what, int number)
{
	/* What is wrong with a name stays so. */
	bool mistake = number == ENOTDIR || number == ENAMETOOLONG || number == ELOOP;

	g_set_error(error, DOOR_ERROR, mistake ? DOOR_ERROR_FAILED : DOOR_ERROR_STATE, "%s: %s: %s",
		path, what, g_strerror(number));
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

/* Only for the message that another one gives: the lock itself decides, and a full file system is
 * no reason not to start. */
static void write_owner(struct door_socket *sock)
{
	g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
	size_t size = strlen(text);

	if (ftruncate(sock->lock_fd, 0) < 0 ||
		pwrite(sock->lock_fd, text, size, 0) != (ssize_t)size)
		sock->remark = g_strdup_printf("%s: has no process number in it: %s",
			sock->lock_path, g_strerror(errno));
}

static bool take_lock(struct door_socket *sock, GError **error)
{
	for (;;) {
		int fd = open(sock->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0) {
			if (errno == ENOENT)
				set_error(error, sock->path, "the socket's folder is missing",
					ENOENT);
			else
				set_error(error, sock->lock_path, "cannot open the lock file",
					errno);
			return false;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			int saved = errno;
			if (saved == EWOULDBLOCK)
				set_served_error(error, sock->path, fd);
			else
				set_error(error, sock->lock_path, "cannot lock", saved);
			close(fd);
			return false;
		}
		if (lock_is_current(fd, sock->lock_path)) {
			sock->lock_fd = fd;
			break;
		}
		close(fd);
	}

	write_owner(sock);
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

static bool find_group(const char *path, const char *group, gid_t *gid, GError **error)
{
	struct group entry;
	struct group *found = NULL;
	char text[GROUP_BYTES];
	int failure = getgrnam_r(group, &entry, text, sizeof(text), &found);

	if (found) {
		*gid = entry.gr_gid;
		return true;
	}
	if (failure != 0)
		set_error(error, path, "cannot look for its group", failure);
	else
		g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED, "%s: there is no group \"%s\"",
			path, group);
	return false;
}

/* The socket's own node, or -1: whoever may write to the folder may put a link to another file in
 * its place, to which we, who may be root, give nobody access. */
static int open_node(const struct door_socket *sock, GError **error)
{
	int node = open(sock->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (node < 0) {
		set_error(error, sock->path, "cannot look at it", errno);
		return -1;
	}
	if (fstat(node, &status) == 0 && S_ISSOCK(status.st_mode) &&
		status.st_dev == sock->device && status.st_ino == sock->inode)
		return node;
	close(node);
	g_set_error(error, DOOR_ERROR, DOOR_ERROR_STATE,
		"%s: another file has been put in its place", sock->path);
	return -1;
}

static bool open_to_group(const struct door_socket *sock, const char *group, GError **error)
{
	const char *failed = NULL;
	char name[32];
	gid_t gid;
	int node = find_group(sock->path, group, &gid, error) ? open_node(sock, error) : -1;

	if (node < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", node);
	if (fchownat(node, "", (uid_t)-1, gid, AT_EMPTY_PATH) < 0)
		failed = "cannot give it to the group";
	else if (chmod(name, 0660) < 0)
		failed = "cannot open it to the group";
	if (failed)
		set_error(error, sock->path, failed, errno);
	close(node);
	return !failed;
}

/* Before anything else: no file system has a name for it either. */
static bool has_length(const char *path, GError **error)
{
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(path) <= most)
		return true;
	g_set_error(error, DOOR_ERROR, DOOR_ERROR_FAILED,
		"%s: a socket's path may have %zu bytes at most", path, most);
	return false;
}

static bool bind_socket(struct door_socket *sock, const char *group, int type, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	strcpy(address.sun_path, sock->path);

	sock->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0) {
		set_error(error, sock->path, "cannot make a socket", errno);
		return false;
	}
	/* The mode that bind gives the file, so that it is never open to others for a moment. */
	if (fchmod(sock->fd, 0600) < 0 ||
		bind(sock->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		set_error(error, sock->path, "cannot bind", errno);
		return false;
	}
	if (lstat(sock->path, &status) == 0) {
		sock->device = status.st_dev;
		sock->inode = status.st_ino;
	}
	if (group && !open_to_group(sock, group, error))
		return false;
	if (listen(sock->fd, DOOR_BACKLOG) < 0) {
		set_error(error, sock->path, "cannot listen", errno);
		return false;
	}
	return true;
}

/* ---- kept for the next one ---- */

/* By its file: where another one stands at the path by now, nobody comes through this. */
static char *name_of(const struct door_socket *sock)
{
	return g_strdup_printf("socket/%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x/%s",
		(guint64)sock->device, (guint64)sock->inode, sock->path);
}

static bool has_option(int fd, int option, int wanted)
{
	socklen_t size = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

static bool listens(int fd, int type)
{
	return has_option(fd, SO_DOMAIN, AF_UNIX) && has_option(fd, SO_TYPE, type) &&
		has_option(fd, SO_ACCEPTCONN, 1);
}

/* Whoever waits in its queue is served. Not where another configuration would let others in. */
static bool go_on(struct door_socket *sock, const char *group, int type,
	const struct fd_keeper *keeper)
{
	g_autofree char *name = NULL;
	struct stat status;

	if (lstat(sock->path, &status) < 0 || !S_ISSOCK(status.st_mode))
		return false;
	sock->device = status.st_dev;
	sock->inode = status.st_ino;
	name = name_of(sock);
	sock->fd = keeper->take(keeper->data, name);
	if (sock->fd < 0)
		return false;
	if (listens(sock->fd, type) &&
		(group ? open_to_group(sock, group, NULL) : (status.st_mode & 0777) == 0600)) {
		sock->keeper = keeper;
		sock->kept_name = g_steal_pointer(&name);
		return true;
	}
	close(sock->fd);
	sock->fd = -1;
	keeper->forget(keeper->data, name);
	return false;
}

void door_socket_keep(struct door_socket *sock, const struct fd_keeper *keeper)
{
	g_autofree char *name = NULL;

	if (!keeper || sock->keeper || !sock->inode)
		return;
	name = name_of(sock);
	if (!keeper->keep(keeper->data, name, sock->fd))
		return;
	sock->keeper = keeper;
	sock->kept_name = g_steal_pointer(&name);
}

/* ---- life ---- */

struct door_socket *door_socket_create(const char *path, const char *group, int type,
	door_prepare_func prepare, const struct fd_keeper *keeper, GError **error)
{
	struct door_socket *sock = g_new0(struct door_socket, 1);

	sock->path = g_strdup(path);
	sock->lock_path = g_strconcat(path, ".lock", NULL);
	sock->lock_fd = -1;
	sock->fd = -1;
	if (has_length(path, error) && (!prepare || prepare(path, error)) &&
		take_lock(sock, error) &&
		((keeper && go_on(sock, group, type, keeper)) ||
			(remove_stale(path, error) && bind_socket(sock, group, type, error))))
		return sock;
	door_socket_destroy(sock);
	return NULL;
}

int door_socket_fd(const struct door_socket *sock)
{
	return sock->fd;
}

const char *door_socket_remark(const struct door_socket *sock)
{
	return sock->remark;
}

void door_socket_destroy(struct door_socket *sock)
{
	struct stat status;
	bool stays;

	if (!sock)
		return;
	stays = sock->keeper && !sock->keeper->forget(sock->keeper->data, sock->kept_name);
	if (sock->fd >= 0)
		close(sock->fd);
	if (sock->lock_fd >= 0 && stays) {
		close(sock->lock_fd);
	} else if (sock->lock_fd >= 0) {
		if (sock->inode && lstat(sock->path, &status) == 0 &&
			status.st_dev == sock->device && status.st_ino == sock->inode)
			unlink(sock->path);
		/* Before the lock is given up: then it may be another's file. */
		unlink(sock->lock_path);
		close(sock->lock_fd);
	}
	g_free(sock->path);
	g_free(sock->lock_path);
	g_free(sock->remark);
	g_free(sock->kept_name);
	g_free(sock);
}

/* ---- in a thread ---- */

struct door_attempt {
	char *path;
	char *group;
	int type;
	door_prepare_func prepare;
	/* The main thread's. */
	void (*done)(void *data, struct door_socket *sock, const GError *error);
	void *data;
	/* The thread's, until it attaches the source. */
	struct door_socket *sock;
	GError *error;
	GSource *source;
	GMainContext *context;
	int references; /* atomic: the main thread's and the thread's */

	GMutex lock; /* for what is below */
	bool attached; /* the source: the main thread has the rest to do */
	bool abandoned; /* the thread has */
};

static void attempt_unref(struct door_attempt *attempt)
{
	if (!g_atomic_int_dec_and_test(&attempt->references))
		return;
	door_socket_destroy(attempt->sock);
	g_clear_error(&attempt->error);
	g_source_unref(attempt->source);
	g_main_context_unref(attempt->context);
	g_mutex_clear(&attempt->lock);
	g_free(attempt->path);
	g_free(attempt->group);
	g_free(attempt);
}

static void *try_in_thread(void *data)
{
	struct door_attempt *attempt = data;

	attempt->sock = door_socket_create(attempt->path, attempt->group, attempt->type,
		attempt->prepare, NULL, &attempt->error);
	g_mutex_lock(&attempt->lock);
	attempt->attached = !attempt->abandoned;
	if (attempt->attached)
		g_source_attach(attempt->source, attempt->context);
	g_mutex_unlock(&attempt->lock);
	attempt_unref(attempt);
	return NULL;
}

static gboolean attempt_done(gpointer data)
{
	struct door_attempt *attempt = data;

	turn_note();
	attempt->done(attempt->data, g_steal_pointer(&attempt->sock), attempt->error);
	attempt_unref(attempt);
	return G_SOURCE_REMOVE;
}

struct door_attempt *door_attempt_create(const char *path, const char *group, int type,
	door_prepare_func prepare,
	void (*done)(void *data, struct door_socket *sock, const GError *error), void *data)
{
	struct door_attempt *attempt = g_new0(struct door_attempt, 1);
	GThread *thread;

	attempt->path = g_strdup(path);
	attempt->group = g_strdup(group);
	attempt->type = type;
	attempt->prepare = prepare;
	attempt->done = done;
	attempt->data = data;
	attempt->context = g_main_context_ref_thread_default();
	attempt->source = g_idle_source_new();
	attempt->references = 2;
	g_mutex_init(&attempt->lock);
	g_source_set_priority(attempt->source, G_PRIORITY_DEFAULT);
	g_source_set_name(attempt->source, "door retry");
	g_source_set_callback(attempt->source, attempt_done, attempt, NULL);
	thread = g_thread_try_new("door", try_in_thread, attempt, NULL);
	if (!thread) {
		attempt->references = 1;
		attempt_unref(attempt);
		return NULL;
	}
	g_thread_unref(thread);
	return attempt;
}

/* The main loop need not run any more: what has been made is removed here, or where it is made. */
void door_attempt_abandon(struct door_attempt *attempt)
{
	if (!attempt)
		return;
	g_mutex_lock(&attempt->lock);
	attempt->abandoned = true;
	if (attempt->attached)
		g_source_destroy(attempt->source);
	g_mutex_unlock(&attempt->lock);
	attempt_unref(attempt);
}
