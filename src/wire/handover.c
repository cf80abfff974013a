/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/handover.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "turn.h"
#include "wire/stream.h"

#define FDS 2

struct handover {
	struct stream stream;
	guint source; /* 0: nothing is waited for any more */
	handover_done_func done;
	void *data;
};

bool handover_is_offered(int fd)
{
	const size_t length = strlen(HANDOVER_ADDRESS);
	struct sockaddr_un peer = {0};
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
		peer.sun_family == AF_UNIX &&
		size > offsetof(struct sockaddr_un, sun_path) + 1 + length &&
		peer.sun_path[0] == '\0' &&
		memcmp(peer.sun_path + 1, HANDOVER_ADDRESS, length) == 0;
}

static bool option_is(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

/* Whether it is connected is seen when it is used. */
static bool is_connection(int fd)
{
	return option_is(fd, SO_DOMAIN, AF_UNIX) && option_is(fd, SO_TYPE, SOCK_STREAM) &&
		option_is(fd, SO_ACCEPTCONN, 0);
}

/* What is wrong with what came, or NULL. */
static const char *fault_of(size_t bytes, char version, const struct stream_fds *fds)
{
	if (bytes != 1 || version != HANDOVER_VERSION)
		return "is of another version than this scanoutd";
	if (fds->lost)
		return "sent fds, but this process can have no more of them";
	if (fds->count != FDS || fds->truncated)
		return "did not send two fds, the VMM's and the back-end's";
	if (!is_connection(fds->fd[0]) || !is_connection(fds->fd[1]))
		return "sent an fd that is not a connected AF_UNIX stream socket";
	return NULL;
}

/* False: nothing has come so far. */
static bool take(struct handover *handover)
{
	char version = 0;
	const struct iovec iov = {&version, sizeof(version)};
	struct stream_fds fds;
	size_t bytes;
	const char *fault;
	int vmm_fd;

	switch (stream_read(&handover->stream, &iov, 1, &bytes, &fds)) {
	case STREAM_AGAIN:
		return false;
	case STREAM_DONE:
		break;
	case STREAM_EOF:
		handover->done(handover->data, -1, -1,
			"went away before it had handed anything over");
		return true;
	case STREAM_ERROR:
		handover->done(handover->data, -1, -1, g_strerror(errno));
		return true;
	}
	fault = fault_of(bytes, version, &fds);
	if (fault) {
		stream_fds_close(&fds);
		handover->done(handover->data, -1, -1, fault);
		return true;
	}
	vmm_fd = stream_fds_take(&fds);
	handover->done(handover->data, vmm_fd, stream_fds_take(&fds), NULL);
	return true;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct handover *handover = data;
	guint source = handover->source;

	turn_note();
	/* It may be gone after this. */
	handover->source = 0;
	if (take(handover))
		return G_SOURCE_REMOVE;
	handover->source = source;
	return G_SOURCE_CONTINUE;
}

struct handover *handover_create(int fd, const char *guest, struct closer *closer,
	handover_done_func done, void *data)
{
	struct handover *handover = g_new0(struct handover, 1);

	/* What the door accepted is non-blocking and close-on-exec. */
	handover->stream.fd = fd;
	handover->stream.closer = closer;
	handover->done = done;
	handover->data = data;
	handover->source = turn_name_of(
		g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, handover), "handover",
		guest);
	return handover;
}

void handover_answer(struct handover *handover)
{
	char version = HANDOVER_VERSION;
	const struct iovec iov = {&version, sizeof(version)};
	size_t bytes;

	stream_write(&handover->stream, &iov, 1, &bytes, NULL, 0);
}

void handover_destroy(struct handover *handover)
{
	if (!handover)
		return;
	g_clear_handle_id(&handover->source, g_source_remove);
	stream_finish(&handover->stream);
	g_free(handover);
}
