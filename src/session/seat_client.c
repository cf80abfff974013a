/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread's side of libseat's client: asks the thread, waits for a device as long as a
 * turn allows, and has its news told. Called by seat_manager.c; the thread is
 * seat_client_thread.c's.
 */
#include "session/seat_client.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "session/seat_client_internal.h"
#include "turn.h"

/* ---- asking ---- */

/* With the lock held. */
static void push(struct seat_client *client, struct seat_request *request)
{
	g_queue_push_tail(&client->requests, request);
	seat_client_signal(client->wake);
}

/* Nobody waits for an answer; an fd is taken over. */
static void ask_with_fd(struct seat_client *client, enum seat_request_kind kind, int number, int fd)
{
	struct seat_request *request = g_new0(struct seat_request, 1);

	request->kind = kind;
	request->number = number;
	request->fd = fd;
	g_mutex_lock(&client->lock);
	if (client->gone)
		seat_request_free(request);
	else
		push(client, request);
	g_mutex_unlock(&client->lock);
}

static void ask(struct seat_client *client, enum seat_request_kind kind, int number)
{
	ask_with_fd(client, kind, number, -1);
}

/* What came too late is given back. */
static void give_late_back(struct seat_client *client)
{
	int id, fd;

	g_clear_handle_id(&client->expiry, g_source_remove);
	while ((id = seat_client_drop_late(client, &fd)) >= 0)
		ask_with_fd(client, SEAT_REQUEST_CLOSE, id, fd);
}

/* Nobody has asked again for a while. */
static gboolean expire(gpointer data)
{
	struct seat_client *client = data;

	turn_note();
	client->expiry = 0;
	give_late_back(client);
	return G_SOURCE_REMOVE;
}

static gboolean told(gint fd, GIOCondition condition, gpointer data)
{
	struct seat_client *client = data;
	bool answers, active;

	turn_note();
	seat_client_drain(fd);
	g_mutex_lock(&client->lock);
	/* Whoever closes devices for it could not open them again; nor where the session has just
	 * been taken away. All are opened when it comes back. */
	answers = client->ready && !client->gone;
	active = client->enabled && !client->disabled;
	client->ready = false;
	g_mutex_unlock(&client->lock);
	if (answers)
		log_daemon(G_LOG_LEVEL_MESSAGE, "%s: the seat manager answers again", client->name);
	if (answers && active) {
		if (!client->expiry)
			client->expiry = turn_name(
				g_timeout_add_seconds(SEAT_CLIENT_KEEP_S, expire, client),
				"seat manager");
		client->retrying = true;
		client->listener.ready(client->data);
		client->retrying = false;
	}
	client->listener.changed(client->data);
	return G_SOURCE_CONTINUE;
}

struct seat_client_news seat_client_take(struct seat_client *client)
{
	struct seat_client_news news;

	g_mutex_lock(&client->lock);
	news = (struct seat_client_news){client->enabled, client->disabled, client->gone};
	client->disabled = false;
	g_mutex_unlock(&client->lock);
	return news;
}

const char *seat_client_name(const struct seat_client *client)
{
	return client->name;
}

/* With the lock held: until *what. */
static bool wait_for(struct seat_client *client, const bool *what, int64_t patience_us)
{
	gint64 end_us = g_get_monotonic_time() + patience_us;

	while (!*what && patience_us > 0)
		if (!g_cond_wait_until(&client->answered, &client->lock, end_us))
			break;
	return *what;
}

bool seat_client_await_enabled(struct seat_client *client)
{
	bool enabled;

	g_mutex_lock(&client->lock);
	wait_for(client, &client->settled, SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND);
	enabled = client->enabled;
	g_mutex_unlock(&client->lock);
	return enabled;
}

/* What is left of this turn. */
static int64_t patience_us(struct seat_client *client)
{
	GSource *source = g_main_current_source();

	if (!source)
		return SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND;
	if (client->turn_us != g_source_get_time(source)) {
		client->turn_us = g_source_get_time(source);
		client->waited_us = 0;
	}
	return SEAT_CLIENT_TURN_MS * G_TIME_SPAN_MILLISECOND - client->waited_us;
}

/* With the lock held: it is asked for, and waited for where that is worth it. */
static int ask_and_wait(struct seat_client *client, const char *path)
{
	struct seat_request *request = g_new0(struct seat_request, 1);
	/* It has not answered the one before. */
	bool silent = client->unanswered > 0;
	int64_t began_us = g_get_monotonic_time();
	int result = -ETIMEDOUT;

	request->path = g_strdup(path);
	request->fd = -1;
	request->awaited = true;
	push(client, request);
	if (wait_for(client, &request->answered, silent ? 0 : patience_us(client))) {
		result = request->result;
		seat_request_free(request);
	} else {
		request->awaited = false;
		client->unanswered++;
		g_hash_table_add(client->asked, g_strdup(path));
		if (!silent)
			log_daemon(G_LOG_LEVEL_WARNING,
				"%s: the seat manager does not answer; devices are opened when it "
				"does",
				client->name);
	}
	client->waited_us += g_get_monotonic_time() - began_us;
	return result;
}

int seat_client_open(struct seat_client *client, const char *path)
{
	int result;

	g_mutex_lock(&client->lock);
	result = seat_devices_take(client->devices, path);
	if (result < 0) {
		if (client->gone)
			result = -ENOTCONN;
		else if (g_hash_table_contains(client->asked, path))
			result = -ETIMEDOUT;
		else
			result = ask_and_wait(client, path);
	}
	g_mutex_unlock(&client->lock);
	return result;
}

/* Whoever asks again for devices that came too late may have to close all others first, and would
 * wait for each of those anew: of many, some would be too late each time. */
static bool is_wanted_again(struct seat_client *client, int fd)
{
	return client->retrying && seat_devices_take_back(client->devices, fd);
}

void seat_client_close(struct seat_client *client, int fd)
{
	bool wanted;
	int id = -1;

	g_mutex_lock(&client->lock);
	wanted = is_wanted_again(client, fd);
	if (!wanted)
		id = seat_devices_forget(client->devices, fd);
	g_mutex_unlock(&client->lock);
	if (wanted)
		return;
	if (id >= 0)
		ask_with_fd(client, SEAT_REQUEST_CLOSE, id, fd);
	else
		close(fd);
}

void seat_client_release(struct seat_client *client)
{
	g_clear_handle_id(&client->expiry, g_source_remove);
	ask(client, SEAT_REQUEST_RELEASE, 0);
}

void seat_client_switch(struct seat_client *client, int terminal)
{
	ask(client, SEAT_REQUEST_SWITCH, terminal);
}

/* ---- life ---- */

static struct seat_client *client_new(const struct seat_client_listener *listener, void *data)
{
	struct seat_client *client = g_new0(struct seat_client, 1);

	client->listener = *listener;
	client->data = data;
	client->references = 1;
	client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	client->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_mutex_init(&client->lock);
	g_cond_init(&client->answered);
	g_queue_init(&client->requests);
	client->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	client->devices = seat_devices_create();
	return client;
}

/* 0, or an errno. */
static int start(struct seat_client *client)
{
	if (client->wake < 0 || client->told < 0)
		return EMFILE;
	return seat_client_thread_start(client);
}

/* 0, or an errno. */
static int await_opened(struct seat_client *client)
{
	int reason;

	g_mutex_lock(&client->lock);
	reason = wait_for(client, &client->opened, SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND)
		? client->reason
		: ETIMEDOUT;
	g_mutex_unlock(&client->lock);
	return reason;
}

/* Before the card's: a commit after we have lost DRM master is in vain. */
static void listen_to_thread(struct seat_client *client)
{
	client->source = turn_name(
		g_unix_fd_add_full(G_PRIORITY_HIGH, client->told, G_IO_IN, told, client, NULL),
		"seat manager");
}

struct seat_client *seat_client_create(const struct seat_client_listener *listener, void *data,
	int *reason)
{
	struct seat_client *client = client_new(listener, data);

	*reason = start(client);
	if (*reason == 0)
		*reason = await_opened(client);
	if (*reason != 0) {
		g_mutex_lock(&client->lock);
		/* Where it hangs, it ends as soon as it can. */
		push(client,
			g_memdup2(&(struct seat_request){.kind = SEAT_REQUEST_END, .fd = -1},
				sizeof(struct seat_request)));
		seat_client_unref_and_unlock(client);
		return NULL;
	}
	listen_to_thread(client);
	return client;
}

struct seat_client *seat_client_begin(const struct seat_client_listener *listener, void *data)
{
	struct seat_client *client = client_new(listener, data);

	if (start(client) != 0) {
		g_mutex_lock(&client->lock);
		seat_client_unref_and_unlock(client);
		return NULL;
	}
	listen_to_thread(client);
	return client;
}

void seat_client_destroy(struct seat_client *client)
{
	if (!client)
		return;
	g_clear_handle_id(&client->source, g_source_remove);
	give_late_back(client);
	ask(client, SEAT_REQUEST_END, 0);
	g_mutex_lock(&client->lock);
	wait_for(client, &client->ended, SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND);
	seat_client_unref_and_unlock(client);
}
