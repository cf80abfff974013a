/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/host_seat.h"

#include "input/lost_events.h"
#include "log.h"
#include "turn.h"

/* Until a seat that cannot be opened is tried again, seconds: udev may be late. */
#define RETRY_S 10

/* Until a device is tried again that could not be opened, and then twice as long each time,
 * seconds: the others are closed for it. */
#define MISSED_FIRST_S 10u
#define MISSED_LAST_S 640u

struct host_seat {
	struct host_seat_options options;
	const struct seat_listener *listener;
	void *data;
	struct seat *seat; /* NULL: not yet, or it could not be opened */
	bool wanted; /* host_seat_open() was called */
	bool suspended;
	bool open; /* the seat is there and not suspended */
	guint retry; /* opening has failed, and is tried again; else 0 */
	guint missed; /* one device could not be opened, and is tried again; else 0 */
	unsigned int missed_s; /* … after that */
	struct lost_events *lost; /* with the first seat; NULL where udev cannot be reached */
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

static void reopen(struct host_seat *host);

static gboolean retry_missed(gpointer data)
{
	struct host_seat *host = data;

	turn_note();
	host->missed = 0;
	host_seat_retry(host);
	return G_SOURCE_REMOVE;
}

static void device_missed(void *data)
{
	struct host_seat *host = data;

	if (host->missed)
		return;
	host->missed_s = CLAMP(2 * host->missed_s, MISSED_FIRST_S, MISSED_LAST_S);
	host->missed = turn_name(g_timeout_add_seconds(host->missed_s, retry_missed, host),
		"seat retry");
}

static void events_lost(void *data)
{
	struct host_seat *host = data;

	/* Else all will be. */
	if (!host->open)
		return;
	log_daemon(G_LOG_LEVEL_WARNING,
		"input: more devices came and went than could be told: all are opened again");
	reopen(host);
}

static bool create_seat(struct host_seat *host, GError **error)
{
	const struct config_input *config = host->options.config;
	const struct seat_options options = {
		.name = config->devices ? NULL : config->seat,
		.opener = host->options.opener,
		.configure = host->options.configure,
		.was_pressed = host->options.was_pressed,
		.missed = device_missed,
		.missed_data = host,
	};

	/* Before it: nothing is missed between. */
	if (!host->lost && options.name)
		host->lost = lost_events_create(events_lost, host);
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

/* All of them: libinput cannot be told of one. */
static void reopen(struct host_seat *host)
{
	if (!host->open)
		return;
	seat_suspend(host->seat);
	host->open = false;
	follow(host);
}

void host_seat_retry(struct host_seat *host)
{
	if (host->open && seat_misses_devices(host->seat))
		reopen(host);
	if (host->open && !seat_misses_devices(host->seat)) {
		g_clear_handle_id(&host->missed, g_source_remove);
		host->missed_s = 0;
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
	/* Last: a device may be missed until then. */
	g_clear_handle_id(&host->missed, g_source_remove);
	lost_events_destroy(host->lost);
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
