/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/heartbeat.h"

#include <glib-unix.h>

#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/stream.h"

/* That a port of the guest's has collected at most until it is read again. */
#define PIECE_BYTES 512

/* Between two pieces: a peer that writes without end has no turn after the other. Of the shortest
 * period that a guest can be given (20 ms) a part. */
#define REST_MS 5

struct heartbeat {
	char *guest;
	struct account *account; /* borrowed */
	heartbeat_func beat;
	void *data;
	struct door *door;
	struct stream stream; /* fd -1: nobody is connected */
	guint source; /* while somebody is: the socket's, or the rest's */
};

static void hang_up(struct heartbeat *heartbeat)
{
	g_clear_handle_id(&heartbeat->source, g_source_remove);
	stream_finish(&heartbeat->stream);
}

static void watch(struct heartbeat *heartbeat);

static gboolean rested(gpointer data)
{
	turn_note();
	watch(data);
	return G_SOURCE_REMOVE;
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct heartbeat *heartbeat = data;
	char piece[PIECE_BYTES];
	const struct iovec iov = {piece, sizeof(piece)};
	size_t bytes;

	turn_note();
	switch (stream_read(&heartbeat->stream, &iov, 1, &bytes, NULL)) {
	case STREAM_DONE:
		heartbeat->source = turn_name_of(g_timeout_add(REST_MS, rested, heartbeat),
			"alive-socket", heartbeat->guest);
		heartbeat->beat(heartbeat->data);
		return G_SOURCE_REMOVE;
	case STREAM_AGAIN:
		return G_SOURCE_CONTINUE;
	case STREAM_EOF:
	case STREAM_ERROR:
		break;
	}
	log_guest(G_LOG_LEVEL_INFO, heartbeat->guest, "alive-socket: the peer has disconnected");
	heartbeat->source = 0;
	hang_up(heartbeat);
	door_release(heartbeat->door);
	return G_SOURCE_REMOVE;
}

static void watch(struct heartbeat *heartbeat)
{
	heartbeat->source = turn_name_of(g_unix_fd_add(heartbeat->stream.fd,
						 G_IO_IN | G_IO_HUP | G_IO_ERR, readable,
						 heartbeat),
		"alive-socket", heartbeat->guest);
}

static void attached(void *data, int fd)
{
	struct heartbeat *heartbeat = data;
	g_autoptr(GError) error = NULL;

	if (!stream_init(&heartbeat->stream, fd, account_closer(heartbeat->account), &error)) {
		log_guest(G_LOG_LEVEL_WARNING, heartbeat->guest, "alive-socket: %s",
			error->message);
		door_release(heartbeat->door);
		return;
	}
	log_guest(G_LOG_LEVEL_INFO, heartbeat->guest, "alive-socket: a peer has connected");
	watch(heartbeat);
}

struct heartbeat *heartbeat_create(const struct door_options *options, heartbeat_func beat,
	void *data, GError **error)
{
	struct heartbeat *heartbeat = g_new0(struct heartbeat, 1);

	heartbeat->guest = g_strdup(options->guest);
	heartbeat->account = options->account;
	heartbeat->beat = beat;
	heartbeat->data = data;
	heartbeat->stream.fd = -1;
	heartbeat->door = door_create_path(options, attached, heartbeat, error);
	if (heartbeat->door == NULL) {
		heartbeat_destroy(heartbeat);
		return NULL;
	}
	door_set_guest(heartbeat->door, options->guest, options->account, ACCOUNT_FDS_ALIVE);
	return heartbeat;
}

void heartbeat_destroy(struct heartbeat *heartbeat)
{
	if (heartbeat == NULL)
		return;
	hang_up(heartbeat);
	door_destroy(heartbeat->door);
	g_free(heartbeat->guest);
	g_free(heartbeat);
}
