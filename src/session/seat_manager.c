/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seat manager, seatd or logind, by libseat (seat_client.h). Used by session.c alone.
 *
 *   active ──disabled──▶ released ──seat_client_release──▶ waiting ──enabled──▶ active
 *
 * Where the manager goes while we are active, all stays as it is, and another one is looked for. Its
 * client, `next`, takes the place of the first one's when it has made our session the active one.
 *
 * Nothing here waits for the manager but the start, and for a moment whoever opens a device.
 */
#include <errno.h>

#include "log.h"
#include "session/seat_client.h"
#include "session/session_internal.h"
#include "turn.h"

/* Between two looks for a manager that has gone; twice as long for each that was there for less than
 * STEADY_S, since card and input are opened anew, and all modes set, each time. */
#define RETRY_S 1
#define RETRY_MAX_S 64
#define STEADY_S 60

struct manager {
	struct session session;
	struct seat_client *client;
	struct seat_client *next; /* NULL: none is asked now */
	guint retry; /* source: the next one is asked */
	guint pause_s; /* until then */
	int64_t since_us; /* the client's manager is there; 0: from the start */
	bool active; /* as the listener was told last */
	bool gone; /* the manager */
};

/* ---- what the manager says ---- */

static void release(struct manager *manager)
{
	if (manager->active) {
		manager->active = false;
		log_daemon(G_LOG_LEVEL_INFO, "%s: switched to another session",
			seat_client_name(manager->client));
		manager->session.listener.release(manager->session.data);
	}
	seat_client_release(manager->client);
}

static void acquire(struct manager *manager)
{
	manager->active = true;
	log_daemon(G_LOG_LEVEL_INFO, "%s: switched back", seat_client_name(manager->client));
	manager->session.listener.acquire(manager->session.data);
}

/* ---- it has gone, and another comes ---- */

static gboolean look_again(gpointer data);

static void look_later(struct manager *manager)
{
	manager->retry = turn_name(g_timeout_add_seconds(manager->pause_s, look_again, manager),
		"seat manager");
}

static void choose_pause(struct manager *manager)
{
	bool was_steady = manager->since_us == 0 ||
		g_get_monotonic_time() - manager->since_us > STEADY_S * G_TIME_SPAN_SECOND;

	manager->pause_s = was_steady ? RETRY_S : MIN(2 * manager->pause_s, RETRY_MAX_S);
}

static void renew(struct manager *manager)
{
	struct seat_client *lost = manager->client;

	log_daemon(G_LOG_LEVEL_MESSAGE, "%s: the seat manager is there again",
		seat_client_name(manager->next));
	manager->session.listener.release(manager->session.data);
	manager->client = g_steal_pointer(&manager->next);
	manager->gone = false;
	manager->active = true;
	manager->since_us = g_get_monotonic_time();
	seat_client_destroy(lost);
	manager->session.listener.renewed(manager->session.data);
}

static void next_changed(struct manager *manager)
{
	struct seat_client_news news = seat_client_take(manager->next);

	if (news.gone) {
		seat_client_destroy(g_steal_pointer(&manager->next));
		look_later(manager);
		return;
	}
	if (news.disabled)
		seat_client_release(manager->next);
	if (news.enabled)
		renew(manager);
}

/* ---- what the manager says, if it is there ---- */

/* What we have stays ours: the kernel asks nobody. */
static void lose(struct manager *manager, bool enabled)
{
	if (manager->gone)
		return;
	manager->gone = true;
	if (enabled) {
		log_daemon(G_LOG_LEVEL_WARNING,
			"%s: the seat manager has exited; until it is there again, VTs are not "
			"switched and new input devices are not used",
			seat_client_name(manager->client));
		choose_pause(manager);
		look_later(manager);
		return;
	}
	log_daemon(G_LOG_LEVEL_CRITICAL,
		"%s: the seat manager has exited while another session was active",
		seat_client_name(manager->client));
	if (manager->active)
		release(manager);
	manager->session.listener.gone(manager->session.data);
}

static void changed(void *data)
{
	struct manager *manager = data;
	struct seat_client_news news;

	if (manager->next != NULL)
		next_changed(manager);
	news = seat_client_take(manager->client);
	/* What it said last it may have said just before it went. */
	if (news.disabled && !news.gone)
		release(manager);
	if (news.enabled && !manager->active)
		acquire(manager);
	if (news.gone)
		lose(manager, news.enabled);
}

static void ready(void *data)
{
	struct manager *manager = data;

	if (manager->active)
		manager->session.listener.devices_ready(manager->session.data);
}

static const struct seat_client_listener client_listener = {changed, ready};

/* By the same manager as before ($LIBSEAT_BACKEND). */
static gboolean look_again(gpointer data)
{
	struct manager *manager = data;

	turn_note();
	manager->retry = 0;
	manager->next = seat_client_begin(&client_listener, manager);
	if (manager->next == NULL)
		look_later(manager);
	return G_SOURCE_REMOVE;
}

/* ---- devices ---- */

/* `flags` are the manager's own: read, write, non-blocking. */
static int open_device(void *data, const char *path, int flags)
{
	const struct manager *manager = data;

	return seat_client_open(manager->client, path);
}

static void close_device(void *data, int fd)
{
	const struct manager *manager = data;

	seat_client_close(manager->client, fd);
}

/* ---- life ---- */

static void switch_terminal(struct session *session, int terminal)
{
	const struct manager *manager = (const struct manager *)session;

	seat_client_switch(manager->client, terminal);
}

static void destroy(struct session *session)
{
	struct manager *manager = (struct manager *)session;

	g_clear_handle_id(&manager->retry, g_source_remove);
	seat_client_destroy(manager->next);
	seat_client_destroy(manager->client);
	g_free(manager);
}

static const struct session_way way = {
	.destroy = destroy,
	.switch_terminal = switch_terminal,
};

/* As $LIBSEAT_BACKEND says, which is `name`. NULL: why is added to `reasons`. */
static struct seat_client *connect_one(struct manager *manager, const char *name, GString *reasons)
{
	int reason;
	struct seat_client *client = seat_client_create(&client_listener, manager, &reason);

	if (client != NULL)
		log_daemon(G_LOG_LEVEL_INFO, "%s: by %s", seat_client_name(client), name);
	else
		g_string_append_printf(reasons, "%s%s: %s", reasons->len > 0 ? ", " : "", name,
			reason == ETIMEDOUT ? "does not answer" : g_strerror(reason));
	return client;
}

/*
 * The managers one by one, unless $LIBSEAT_BACKEND names one: libseat's third way, for root, is a
 * fork of ourselves. The one that answers stays named, for a next time: then other threads may read
 * the environment.
 */
static struct seat_client *connect_client(struct manager *manager, GString *reasons)
{
	static const char *const managers[] = {"seatd", "logind"};
	const char *named = g_getenv("LIBSEAT_BACKEND");
	struct seat_client *client = NULL;

	if (named != NULL)
		return connect_one(manager, named, reasons);
	for (size_t i = 0; i < G_N_ELEMENTS(managers) && client == NULL; i++) {
		g_setenv("LIBSEAT_BACKEND", managers[i], TRUE);
		client = connect_one(manager, managers[i], reasons);
	}
	if (client == NULL)
		g_unsetenv("LIBSEAT_BACKEND");
	return client;
}

static void set_not_enabled(struct manager *manager, GError **error)
{
	const char *name = seat_client_name(manager->client);

	if (seat_client_take(manager->client).gone)
		g_set_error(error, SESSION_ERROR, SESSION_ERROR_NO_MANAGER,
			"%s: the seat manager has exited before it activated this session", name);
	else
		g_set_error(error, SESSION_ERROR, SESSION_ERROR_FAILED,
			"%s: the seat manager does not activate this session; switch to the VT that "
			"scanoutd was started on",
			name);
}

struct session *session_seat_create(const struct session_listener *listener, void *data,
	GError **error)
{
	struct manager *manager = g_new0(struct manager, 1);
	g_autoptr(GString) reasons = g_string_new(NULL);

	manager->session.way = &way;
	manager->session.listener = *listener;
	manager->session.data = data;
	manager->session.card_opener = (struct device_opener){open_device, close_device, manager};
	manager->session.input_opener = (struct device_opener){open_device, close_device, manager};
	manager->client = connect_client(manager, reasons);
	if (manager->client == NULL) {
		g_set_error(error, SESSION_ERROR, SESSION_ERROR_NO_MANAGER,
			"no seat manager answers (%s); start seatd and be in the group of its socket, "
			"or log in on the machine's own terminal, where logind is one; with "
			"seat-manager=no none is needed, but the groups video and input are",
			reasons->str);
		destroy(&manager->session);
		return NULL;
	}
	if (!seat_client_await_enabled(manager->client)) {
		set_not_enabled(manager, error);
		destroy(&manager->session);
		return NULL;
	}
	manager->active = true;
	return &manager->session;
}
