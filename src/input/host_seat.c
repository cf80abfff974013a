/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/host_seat.h"

#include "log.h"
#include "turn.h"

/* Until a seat that cannot be opened is tried again, seconds: udev may be late. */
#define RETRY_S 10

struct host_seat {
	struct host_seat_options options;
	const struct seat_listener *listener;
	void *data;
	struct seat *seat; /* NULL: not yet, or it could not be opened */
	bool wanted; /* host_seat_open() was called */
	bool suspended;
	bool open; /* the seat is there and not suspended */
	guint retry; /* opening has failed, and is tried again; else 0 */
};

/* One that cannot be used costs no other. */
static void add_nodes(struct host_seat *host)
{
	g_auto(GStrv) nodes = g_strsplit(host->options.config->devices, ";", -1);

	for (char **node = nodes; *node; node++) {
		g_autoptr(GError) error = NULL;

		if (*g_strstrip(*node) && !seat_add_path(host->seat, *node, &error))
			log_daemon(G_LOG_LEVEL_WARNING, "input: %s", error->message);
	}
}

static bool create_seat(struct host_seat *host, GError **error)
{
	const struct config_input *config = host->options.config;
	const struct seat_options options = {
		.name = config->devices ? NULL : config->seat,
		.opener = host->options.opener,
		.configure = host->options.configure,
	};

	host->seat = seat_create(&options, host->listener, host->data, error);
	if (host->seat && config->devices)
		add_nodes(host);
	return host->seat != NULL;
}

/* A seat of nodes does not come back at all where one of them has gone; a new one has the others,
 * and says which is missing. */
static bool bring_up(struct host_seat *host, GError **error)
{
	g_autoptr(GError) resume_error = NULL;

	if (host->seat && seat_resume(host->seat, &resume_error))
		return true;
	g_clear_pointer(&host->seat, seat_destroy);
	return create_seat(host, error);
}

static gboolean retry(gpointer data);

/* Opens the devices where they are to be open and are not. */
static void follow(struct host_seat *host)
{
	const struct config_input *config = host->options.config;
	g_autoptr(GError) error = NULL;

	if (host->open || !host->wanted || host->suspended || (!config->devices && !config->seat))
		return;
	host->open = bring_up(host, &error);
	if (!host->open && !host->retry) {
		log_daemon(G_LOG_LEVEL_WARNING, "no input: %s; it is tried again every %d s",
			error->message, RETRY_S);
		host->retry = turn_name(g_timeout_add_seconds(RETRY_S, retry, host), "seat retry");
	} else if (host->open && host->retry) {
		log_daemon(G_LOG_LEVEL_INFO, "input: the host's devices can be used now");
		g_clear_handle_id(&host->retry, g_source_remove);
	}
}

static gboolean retry(gpointer data)
{
	turn_note();
	follow(data);
	return G_SOURCE_CONTINUE;
}

struct host_seat *host_seat_create(const struct host_seat_options *options,
	const struct seat_listener *listener, void *data)
{
	struct host_seat *host = g_new0(struct host_seat, 1);

	host->options = *options;
	host->listener = listener;
	host->data = data;
	return host;
}

void host_seat_destroy(struct host_seat *host)
{
	if (!host)
		return;
	g_clear_handle_id(&host->retry, g_source_remove);
	seat_destroy(host->seat);
	g_free(host);
}

void host_seat_open(struct host_seat *host)
{
	host->wanted = true;
	follow(host);
}

void host_seat_suspend(struct host_seat *host)
{
	host->suspended = true;
	if (host->open)
		seat_suspend(host->seat);
	host->open = false;
}

void host_seat_resume(struct host_seat *host)
{
	host->suspended = false;
	follow(host);
}
