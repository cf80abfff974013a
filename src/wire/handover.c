/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/handover.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "turn.h"
#include "wire/stream.h"

#define FDS 2

/* A peer asks as soon as it has connected; one that does not keeps others out. */
#define SILENT_MS 10000

struct handover {
	struct stream stream;
	guint source; /* 0: nothing is waited for any more */
	guint silence; /* until it must have asked; else 0 */
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

/* Ends of ours, that nobody else has, and the peer's. */
struct ends {
	int ours[FDS];
	int peers[FDS];
};

static void ends_close(struct ends *ends)
{
	for (int i = 0; i < FDS; i++) {
		if (ends->ours[i] >= 0)
			close(ends->ours[i]);
		if (ends->peers[i] >= 0)
			close(ends->peers[i]);
	}
}

static bool ends_make(struct ends *ends)
{
	*ends = (struct ends){{-1, -1}, {-1, -1}};
	for (int i = 0; i < FDS; i++) {
		int pair[2];

		/* The peer's end is read by programs that wait. */
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return false;
		ends->ours[i] = pair[0];
		ends->peers[i] = pair[1];
		if (!g_unix_set_fd_nonblocking(pair[0], TRUE, NULL))
			return false;
	}
	return true;
}

/* What is wrong with what came, or NULL. */
static const char *fault_of(size_t bytes, char version, const struct stream_fds *fds)
{
	if (bytes != 1 || version != HANDOVER_VERSION)
		return "is of another version than this scanoutd";
	if (fds->count > 0 || fds->truncated || fds->lost)
		return "sent fds, which nobody had asked for";
	return NULL;
}

static void answer(struct handover *handover)
{
	char version = HANDOVER_VERSION;
	const struct iovec iov = {&version, sizeof(version)};
	struct ends ends;
	size_t bytes;

	if (!ends_make(&ends) ||
		stream_write(&handover->stream, &iov, 1, &bytes, ends.peers, FDS) != STREAM_DONE) {
		ends_close(&ends);
		handover->done(handover->data, -1, -1, "could not be given two connections");
		return;
	}
	for (int i = 0; i < FDS; i++)
		close(ends.peers[i]);
	handover->done(handover->data, ends.ours[0], ends.ours[1], NULL);
}

/* False: nothing has come so far. */
static bool take(struct handover *handover)
{
	char version = 0;
	const struct iovec iov = {&version, sizeof(version)};
	struct stream_fds fds;
	size_t bytes;
	const char *fault;

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
	stream_fds_close(&fds);
	if (fault)
		handover->done(handover->data, -1, -1, fault);
	else
		answer(handover);
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

static gboolean silent_for_long(gpointer data)
{
	struct handover *handover = data;

	turn_note();
	handover->silence = 0;
	g_clear_handle_id(&handover->source, g_source_remove);
	handover->done(handover->data, -1, -1, "connected and asked for nothing");
	return G_SOURCE_REMOVE;
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
	handover->silence = turn_name_of(g_timeout_add(SILENT_MS, silent_for_long, handover),
		"handover", guest);
	return handover;
}

void handover_destroy(struct handover *handover)
{
	if (!handover)
		return;
	g_clear_handle_id(&handover->source, g_source_remove);
	g_clear_handle_id(&handover->silence, g_source_remove);
	stream_finish(&handover->stream);
	g_free(handover);
}
