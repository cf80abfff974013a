/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-hold/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* systemd's name for what was not given one. */
#define NAMELESS "stored"

#define TEXT_MAX 4096
#define FDS_MAX 16

struct kept {
	char *name;
	int fd;
};

struct store {
	GArray *all; /* struct kept */
	size_t most;
};

static void clear(gpointer data)
{
	struct kept *kept = data;

	close(kept->fd);
	g_free(kept->name);
}

/* ---- messages ---- */

struct message {
	char text[TEXT_MAX];
	int fds[FDS_MAX];
	size_t fd_count;
	pid_t sender; /* 0: not known */
	bool cut; /* not all fds that came could be received */
};

/* False: there is none. */
static bool receive(int socket, struct message *message)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = {message->text, sizeof(message->text) - 1};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t size;

	do
		size = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return false;
	message->text[size] = '\0';
	message->fd_count = 0;
	message->sender = 0;
	message->cut = (header.msg_flags & MSG_CTRUNC) != 0;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); at; at = CMSG_NXTHDR(&header, at)) {
		struct ucred credentials;

		if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS) {
			message->fd_count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(message->fds, CMSG_DATA(at), message->fd_count * sizeof(int));
		} else if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&credentials, CMSG_DATA(at), sizeof(credentials));
			message->sender = credentials.pid;
		}
	}
	return true;
}

static const char *value_of(char *const *lines, const char *key)
{
	size_t length = strlen(key);

	for (; *lines; lines++) {
		if (strncmp(*lines, key, length) == 0 && (*lines)[length] == '=')
			return *lines + length + 1;
	}
	return NULL;
}

static bool keep(struct store *store, const char *name, struct message *message)
{
	bool all = message->fd_count > 0 && !message->cut;

	for (size_t i = 0; i < message->fd_count; i++) {
		if (store->all->len >= store->most) {
			close(message->fds[i]);
			all = false;
			continue;
		}
		g_array_set_size(store->all, store->all->len + 1);
		g_array_index(store->all, struct kept,
			store->all->len - 1) = (struct kept){g_strdup(name), message->fds[i]};
	}
	message->fd_count = 0;
	return all;
}

static void forget(struct store *store, const char *name)
{
	for (guint i = store->all->len; i-- > 0;) {
		if (strcmp(g_array_index(store->all, struct kept, i).name, name) == 0)
			g_array_remove_index(store->all, i);
	}
}

/* A name that cannot stand in a list of names is none. */
static const char *name_in(char *const *lines)
{
	const char *name = value_of(lines, "FDNAME");

	return name && !strchr(name, ':') ? name : NAMELESS;
}

static enum store_message obey(struct store *store, struct message *message)
{
	g_auto(GStrv) lines = g_strsplit(message->text, "\n", -1);
	const char *name = name_in(lines);

	if (g_strcmp0(value_of(lines, "FDSTOREREMOVE"), "1") == 0) {
		forget(store, name);
		return STORE_DONE;
	}
	if (g_strcmp0(value_of(lines, "FDSTORE"), "1") == 0)
		return keep(store, name, message) ? STORE_DONE : STORE_FULL;
	return STORE_OTHER;
}

enum store_message store_receive(struct store *store, int socket, pid_t sender)
{
	struct message message;
	enum store_message result = STORE_OTHER;

	if (!receive(socket, &message))
		return STORE_NOTHING;
	if (message.sender == sender)
		result = obey(store, &message);
	for (size_t i = 0; i < message.fd_count; i++)
		close(message.fds[i]);
	return result;
}

size_t store_count(const struct store *store)
{
	return store->all->len;
}

/* ---- the next process ---- */

static bool set_number(const char *variable, long number)
{
	g_autofree char *text = g_strdup_printf("%ld", number);

	return setenv(variable, text, 1) == 0;
}

static bool tell(const struct store *store)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < store->all->len; i++)
		g_string_append_printf(names, "%s%s", i > 0 ? ":" : "",
			g_array_index(store->all, struct kept, i).name);
	return set_number("LISTEN_PID", getpid()) && set_number("LISTEN_FDS", store->all->len) &&
		setenv("LISTEN_FDNAMES", names->str, 1) == 0;
}

bool store_hand_over(const struct store *store)
{
	int above = SD_LISTEN_FDS_START + (int)store->all->len;

	/* Out of the way of each other first. */
	for (guint i = 0; i < store->all->len; i++) {
		struct kept *kept = &g_array_index(store->all, struct kept, i);

		kept->fd = fcntl(kept->fd, F_DUPFD_CLOEXEC, above);
		if (kept->fd < 0)
			return false;
	}
	for (guint i = 0; i < store->all->len; i++) {
		if (dup2(g_array_index(store->all, struct kept, i).fd,
			    SD_LISTEN_FDS_START + (int)i) < 0)
			return false;
	}
	/* Also where there is nothing yet: what a service manager says of its own store must not be
	 * taken for this. */
	return set_number("FDSTORE", (long)store->most) && (store->all->len == 0 || tell(store));
}

/* ---- life ---- */

struct store *store_create(size_t most)
{
	struct store *store = g_new0(struct store, 1);

	store->all = g_array_new(FALSE, FALSE, sizeof(struct kept));
	g_array_set_clear_func(store->all, clear);
	store->most = most;
	return store;
}

void store_destroy(struct store *store)
{
	if (!store)
		return;
	g_array_unref(store->all);
	g_free(store);
}
