/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seat manager that exits, and when another one is asked for: after a second, as long as none is
 * there; later and later where each that comes goes again soon. Clients are played, and so is time.
 * (The real libseat's client: test-seat-client.c; managers that are cut off: cut_seat.c.)
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "log_record.h"
#include "session/seat_client.h"
#include "session/session_internal.h"

/* Of session.c, which would bring the terminal with it, and the card. */
G_DEFINE_QUARK(test_session_error_quark, session_error)

/* ---- time ---- */

static gint64 now_us = G_USEC_PER_SEC;
static guint pause_s; /* that was asked for last */
static guint pauses;

gint64 g_get_monotonic_time(void)
{
	return now_us;
}

static void pass(guint seconds)
{
	now_us += seconds * G_TIME_SPAN_SECOND;
}

/* Time goes by while the loop waits for it. */
guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	pause_s = interval;
	pauses++;
	pass(interval);
	return g_idle_add(function, data);
}

/* ---- clients ---- */

struct seat_client {
	const struct seat_client_listener *listener;
	void *data;
	struct seat_client_news news;
};

static struct {
	struct seat_client *last;
	unsigned int begun, alive;
	bool none; /* no thread can be had */
} clients;

static struct seat_client *new_client(const struct seat_client_listener *listener, void *data)
{
	struct seat_client *client = g_new0(struct seat_client, 1);

	client->listener = listener;
	client->data = data;
	clients.alive++;
	clients.last = client;
	return client;
}

struct seat_client *seat_client_create(const struct seat_client_listener *listener, void *data,
	int *reason)
{
	return new_client(listener, data);
}

struct seat_client *seat_client_begin(const struct seat_client_listener *listener, void *data)
{
	clients.begun++;
	return clients.none ? NULL : new_client(listener, data);
}

void seat_client_destroy(struct seat_client *client)
{
	if (client)
		clients.alive--;
	g_free(client);
}

const char *seat_client_name(const struct seat_client *client)
{
	return "seat0";
}

bool seat_client_await_enabled(struct seat_client *client)
{
	client->news.enabled = true;
	return true;
}

struct seat_client_news seat_client_take(struct seat_client *client)
{
	struct seat_client_news news = client->news;

	client->news.disabled = false;
	return news;
}

int seat_client_open(struct seat_client *client, const char *path)
{
	return -ENOTCONN;
}

void seat_client_close(struct seat_client *client, int fd)
{
	g_assert_not_reached();
}

void seat_client_release(struct seat_client *client)
{
	client->news.enabled = false;
}

void seat_client_switch(struct seat_client *client, int terminal)
{
	g_assert_not_reached();
}

/* ---- the session ---- */

static GString *story; /* what its owner was told, a letter each */
static GString *logged;

static void told_release(void *data)
{
	g_string_append_c(story, 'r');
}

static void told_acquire(void *data)
{
	g_string_append_c(story, 'a');
}

static void told_ready(void *data)
{
	g_string_append_c(story, 'd');
}

static void told_renewed(void *data)
{
	g_string_append_c(story, 'n');
}

static void told_gone(void *data)
{
	g_string_append_c(story, 'g');
}

static const struct session_listener listener = {
	.release = told_release,
	.acquire = told_acquire,
	.devices_ready = told_ready,
	.renewed = told_renewed,
	.gone = told_gone,
};

static struct session *start(void)
{
	g_autoptr(GError) error = NULL;
	struct session *session;

	memset(&clients, 0, sizeof(clients));
	pauses = 0;
	g_string_truncate(story, 0);
	session = session_seat_create(&listener, NULL, &error);
	g_assert_no_error(error);
	return session;
}

static void end(struct session *session)
{
	session->way->destroy(session);
	g_assert_cmpuint(clients.alive, ==, 0);
	/* Nothing is asked any more. */
	clients.begun = 0;
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(clients.begun, ==, 0);
	g_string_truncate(logged, 0);
}

static void expect_story(const char *wanted)
{
	g_assert_cmpstr(story->str, ==, wanted);
	g_string_truncate(story, 0);
}

/* Of the client that there is, or is asked. */
static void tell(bool enabled, bool gone)
{
	clients.last->news.enabled = enabled;
	clients.last->news.gone = gone;
	clients.last->listener->changed(clients.last->data);
}

/* Another one is asked after so many seconds, once. */
static void expect_asked_after(guint seconds)
{
	unsigned int begun = clients.begun;

	g_assert_cmpuint(pauses, ==, 1);
	g_assert_cmpuint(pause_s, ==, seconds);
	pauses = 0;
	g_assert_cmpuint(clients.begun, ==, begun);
	while (g_main_context_iteration(NULL, FALSE) && pauses == 0)
		;
	g_assert_cmpuint(clients.begun, ==, begun + 1);
}

/* ---- tests ---- */

/* None is there for an hour, which is no reason to look less often. */
static void test_away(void)
{
	struct session *session = start();

	tell(true, true);
	for (unsigned int i = 0; i < 3600; i++) {
		expect_asked_after(1);
		g_assert_cmpuint(clients.alive, ==, 2);
		tell(false, true);
		g_assert_cmpuint(clients.alive, ==, 1);
	}
	expect_story("");
	expect_asked_after(1);
	tell(true, false);
	expect_story("rn");
	g_assert_cmpuint(clients.alive, ==, 1);
	g_assert_cmpuint(pauses, ==, 0);
	end(session);
}

/* Each is there, and goes again: twice as long from time to time, and then no longer. */
static void test_comes_and_goes(void)
{
	static const guint wanted[] = {1, 2, 4, 8, 16, 32, 64, 64, 64};
	struct session *session = start();

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		tell(true, true);
		expect_asked_after(wanted[i]);
		tell(true, false);
		expect_story("rn");
		/* To the last second. */
		pass(60);
	}
	pass(1);
	tell(true, true);
	expect_asked_after(1);
	tell(true, false);
	/* And as before. */
	tell(true, true);
	expect_asked_after(2);
	end(session);
}

/* That it takes long to be there is no merit of its, and the pause stays what it was. */
static void test_away_in_between(void)
{
	struct session *session = start();

	tell(true, true);
	expect_asked_after(1);
	tell(true, false);
	tell(true, true);
	for (unsigned int i = 0; i < 100; i++) {
		expect_asked_after(2);
		tell(false, true);
	}
	expect_asked_after(2);
	tell(true, false);
	tell(true, true);
	expect_asked_after(4);
	end(session);
}

/* It is tried again where it could not be asked. */
static void test_no_thread(void)
{
	struct session *session = start();

	tell(true, true);
	clients.none = true;
	for (unsigned int i = 0; i < 3; i++)
		expect_asked_after(1);
	clients.none = false;
	expect_asked_after(1);
	tell(true, false);
	expect_story("rn");
	end(session);
}

/* While another session is active: nobody is asked, as nobody could give anything back. */
static void test_released(void)
{
	struct session *session = start();

	clients.last->news.disabled = true;
	tell(false, false);
	expect_story("r");
	tell(false, true);
	expect_story("g");
	g_assert_cmpuint(pauses, ==, 0);
	end(session);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	logged = log_record();
	story = g_string_new(NULL);
	g_setenv("LIBSEAT_BACKEND", "seatd", TRUE);
	g_test_add_func("/seat-manager/away", test_away);
	g_test_add_func("/seat-manager/comes-and-goes", test_comes_and_goes);
	g_test_add_func("/seat-manager/away-in-between", test_away_in_between);
	g_test_add_func("/seat-manager/no-thread", test_no_thread);
	g_test_add_func("/seat-manager/released", test_released);
	return g_test_run();
}
