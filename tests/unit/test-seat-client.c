/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seat manager that does not answer: the main loop goes on, and what was asked for comes when it
 * does. The manager is a double of libseat's, which can be stopped as a process is by SIGSTOP.
 */
#include <errno.h>
#include <fcntl.h>
#include <libseat.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "session/seat_client.h"
#include "session/session_internal.h"

/* Of session.c, which would bring the terminal with it, and the card. */
G_DEFINE_QUARK(test_session_error_quark, session_error)

/* ---- the manager ---- */

static struct {
	GMutex lock;
	GCond changed;
	bool stopped; /* answers nothing */
	unsigned int waiting; /* calls that wait for an answer */
	bool refuses; /* devices */
	bool dead;
	bool disable, enable; /* to be told at the next dispatch */
	GString *heard; /* "open1 close1 release switch3 end " */
	int last_id;
	int devices[16]; /* fds by id */
	int fd;
	const struct libseat_seat_listener *listener;
	void *data;
} manager;

static void wait_for_answer(void)
{
	g_mutex_lock(&manager.lock);
	manager.waiting++;
	g_cond_broadcast(&manager.changed);
	while (manager.stopped)
		g_cond_wait(&manager.changed, &manager.lock);
	manager.waiting--;
	g_mutex_unlock(&manager.lock);
}

static void hear(const char *what, int number)
{
	g_mutex_lock(&manager.lock);
	g_string_append(manager.heard, what);
	if (number > 0)
		g_string_append_printf(manager.heard, "%d", number);
	g_string_append_c(manager.heard, ' ');
	g_cond_broadcast(&manager.changed);
	g_mutex_unlock(&manager.lock);
}

void libseat_set_log_handler(libseat_log_func handler)
{
}

void libseat_set_log_level(enum libseat_log_level level)
{
}

struct libseat *libseat_open_seat(const struct libseat_seat_listener *listener, void *data)
{
	wait_for_answer();
	if (manager.refuses) {
		errno = ENOENT;
		return NULL;
	}
	manager.listener = listener;
	manager.data = data;
	manager.enable = true;
	manager.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	return (struct libseat *)&manager;
}

int libseat_close_seat(struct libseat *libseat)
{
	wait_for_answer();
	close(manager.fd);
	hear("end", 0);
	return 0;
}

const char *libseat_seat_name(struct libseat *libseat)
{
	return "seat0";
}

int libseat_get_fd(struct libseat *libseat)
{
	return manager.fd;
}

int libseat_dispatch(struct libseat *libseat, int timeout)
{
	uint64_t count;
	bool enable, disable, dead;

	g_assert_cmpint(timeout, ==, 0);
	if (read(manager.fd, &count, sizeof(count)) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
	g_mutex_lock(&manager.lock);
	disable = manager.disable;
	enable = manager.enable;
	dead = manager.dead;
	manager.disable = manager.enable = false;
	g_mutex_unlock(&manager.lock);
	if (disable) {
		manager.listener->disable_seat(libseat, manager.data);
		hear("away", 0);
	}
	if (enable)
		manager.listener->enable_seat(libseat, manager.data);
	return dead ? -1 : 0;
}

int libseat_open_device(struct libseat *libseat, const char *path, int *fd)
{
	wait_for_answer();
	if (manager.refuses) {
		errno = EPERM;
		return -1;
	}
	*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	g_assert_cmpint(*fd, >=, 0);
	hear("open", ++manager.last_id);
	g_assert_cmpint(manager.last_id, <, G_N_ELEMENTS(manager.devices));
	manager.devices[manager.last_id] = *fd;
	return manager.last_id;
}

int libseat_close_device(struct libseat *libseat, int id)
{
	wait_for_answer();
	/* As libseat does with logind, to know which device it is. */
	g_assert_cmpint(fcntl(manager.devices[id], F_GETFD), >=, 0);
	hear("close", id);
	return 0;
}

int libseat_disable_seat(struct libseat *libseat)
{
	wait_for_answer();
	hear("release", 0);
	return 0;
}

int libseat_switch_session(struct libseat *libseat, int session)
{
	wait_for_answer();
	hear("switch", session);
	return 0;
}

/* ---- the test's side of it ---- */

static void set_stopped(bool stopped)
{
	g_mutex_lock(&manager.lock);
	manager.stopped = stopped;
	g_cond_broadcast(&manager.changed);
	g_mutex_unlock(&manager.lock);
}

static void await_waiting(void)
{
	g_mutex_lock(&manager.lock);
	while (manager.waiting == 0)
		g_cond_wait(&manager.changed, &manager.lock);
	g_mutex_unlock(&manager.lock);
}

/* All that it has heard since the test began. */
static void await_heard(const char *all)
{
	g_mutex_lock(&manager.lock);
	while (!g_str_equal(manager.heard->str, all)) {
		g_assert_true(g_str_has_prefix(all, manager.heard->str));
		g_cond_wait(&manager.changed, &manager.lock);
	}
	g_mutex_unlock(&manager.lock);
}

static void tell(bool disable, bool enable, bool dead)
{
	g_mutex_lock(&manager.lock);
	manager.disable = disable;
	manager.enable = enable;
	manager.dead = dead;
	g_mutex_unlock(&manager.lock);
	g_assert_cmpint(eventfd_write(manager.fd, 1), ==, 0);
}

struct seat {
	struct seat_client *client;
	struct seat_client_news news;
	unsigned int ready;
	bool disabled; /* so far */
	int reopened; /* a device that ready() closes and opens again; its fd, then what comes of it */
	size_t fds;
};

static void changed(void *data)
{
	struct seat *seat = data;

	seat->news = seat_client_take(seat->client);
	seat->disabled = seat->disabled || seat->news.disabled;
}

static void ready(void *data)
{
	struct seat *seat = data;

	seat->ready++;
	if (seat->reopened < 0)
		return;
	/* Busy with others meanwhile. */
	set_stopped(true);
	seat_client_close(seat->client, seat->reopened);
	seat->reopened = seat_client_open(seat->client, "/dev/input/event0");
	set_stopped(false);
}

static const struct seat_client_listener listener = {changed, ready};

static void manager_reset(void)
{
	if (manager.heard)
		g_string_free(manager.heard, TRUE);
	manager.heard = g_string_new(NULL);
	manager.stopped = manager.refuses = manager.dead = false;
	manager.enable = manager.disable = false;
	manager.last_id = 0;
	manager.fd = -1;
}

static void seat_open(struct seat *seat)
{
	int reason;

	manager_reset();
	g_main_context_default();
	*seat = (struct seat){.reopened = -1, .fds = fixture_count_fds()};
	seat->client = seat_client_create(&listener, seat, &reason);
	g_assert_nonnull(seat->client);
	g_assert_cmpint(reason, ==, 0);
	g_assert_cmpstr(seat_client_name(seat->client), ==, "seat0");
	g_assert_true(seat_client_await_enabled(seat->client));
}

static void seat_close(struct seat *seat)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	seat_client_destroy(seat->client);
	g_assert_cmpuint(fixture_count_fds(), ==, seat->fds);
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_nonnull(log);
	g_assert_nonnull(strstr(log, text));
}

/* In a turn of the main loop, as a hot-plugged device is opened. */
struct opening {
	struct seat *seat;
	const char *path;
	int result;
	bool done;
};

static gboolean open_in_turn(gpointer data)
{
	struct opening *opening = data;

	opening->result = seat_client_open(opening->seat->client, opening->path);
	opening->done = true;
	return G_SOURCE_REMOVE;
}

static int open_from_loop(struct seat *seat, const char *path)
{
	struct opening opening = {.seat = seat, .path = path};

	g_idle_add_full(G_PRIORITY_HIGH, open_in_turn, &opening, NULL);
	while (!opening.done)
		g_main_context_iteration(NULL, TRUE);
	return opening.result;
}

/* ---- tests ---- */

static void test_devices(void)
{
	struct seat seat;
	int card, keyboard;

	seat_open(&seat);
	card = seat_client_open(seat.client, "/dev/dri/card0");
	g_assert_cmpint(card, >=, 0);
	keyboard = open_from_loop(&seat, "/dev/input/event0");
	g_assert_cmpint(keyboard, >=, 0);
	seat_client_close(seat.client, card);
	manager.refuses = true;
	g_assert_cmpint(seat_client_open(seat.client, "/dev/input/event1"), ==, -EPERM);
	seat_client_close(seat.client, keyboard);
	await_heard("open1 open2 close1 close2 ");
	seat_close(&seat);
	await_heard("open1 open2 close1 close2 end ");
	g_assert_cmpint(fcntl(card, F_GETFD), <, 0);
	g_assert_cmpint(fcntl(keyboard, F_GETFD), <, 0);
}

/* While it is stopped nobody waits for it for long, and everything is done when it goes on. */
static void test_stopped(void)
{
	struct seat seat;
	int keyboard, mouse, pen;

	seat_open(&seat);
	keyboard = open_from_loop(&seat, "/dev/input/event0");
	set_stopped(true);
	/* These wait for nothing at all. */
	seat_client_close(seat.client, keyboard);
	seat_client_switch(seat.client, 3);
	seat_client_release(seat.client);
	await_waiting();
	g_assert_cmpint(open_from_loop(&seat, "/dev/input/event1"), ==, -ETIMEDOUT);
	expect_log("seat0: the seat manager does not answer");
	g_assert_cmpint(open_from_loop(&seat, "/dev/input/event2"), ==, -ETIMEDOUT);
	g_assert_cmpint(open_from_loop(&seat, "/dev/input/event1"), ==, -ETIMEDOUT);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(seat.ready, ==, 0);

	set_stopped(false);
	while (!seat.ready)
		g_main_context_iteration(NULL, TRUE);
	expect_log("seat0: the seat manager answers again");
	await_heard("open1 close1 switch3 release open2 open3 ");
	/* They are there, without another question. */
	mouse = open_from_loop(&seat, "/dev/input/event1");
	g_assert_cmpint(mouse, >=, 0);
	pen = open_from_loop(&seat, "/dev/input/event3");
	g_assert_cmpint(pen, >=, 0);
	await_heard("open1 close1 switch3 release open2 open3 open4 ");
	g_assert_cmpuint(seat.ready, ==, 1);
	seat_client_close(seat.client, mouse);
	seat_client_close(seat.client, pen);
	/* The one that nobody has asked for again is given back, too. */
	seat_close(&seat);
	await_heard("open1 close1 switch3 release open2 open3 open4 close2 close4 close3 end ");
}

/* The manager is stopped, and what it is asked for comes too late, if ever. */
static void open_in_vain(struct seat *seat, const char *path)
{
	set_stopped(true);
	g_assert_cmpint(open_from_loop(seat, path), ==, -ETIMEDOUT);
	/* On a busy machine it may not have been asked so far. */
	await_waiting();
	expect_log("does not answer");
}

/* It has closed what came too late, and gives the device anew. */
static void open_after_release(struct seat *seat)
{
	int fd;

	await_heard("open1 close1 release ");
	fd = open_from_loop(seat, "/dev/input/event0");
	g_assert_cmpint(fd, >=, 0);
	await_heard("open1 close1 release open2 ");
	seat_client_close(seat->client, fd);
}

/* One that came too late and is not asked for goes with the session: it is of no use after it. */
static void test_late_and_released(void)
{
	struct seat seat;

	seat_open(&seat);
	open_in_vain(&seat, "/dev/input/event0");
	set_stopped(false);
	while (!seat.ready)
		g_main_context_iteration(NULL, TRUE);
	expect_log("answers again");
	seat_client_release(seat.client);
	open_after_release(&seat);
	seat_close(&seat);
}

/* One that comes while the release is on its way is of no use after it either. */
static void test_late_while_released(void)
{
	struct seat seat;

	seat_open(&seat);
	open_in_vain(&seat, "/dev/input/event0");
	seat_client_release(seat.client);
	set_stopped(false);
	while (!seat.ready)
		g_main_context_iteration(NULL, TRUE);
	expect_log("answers again");
	open_after_release(&seat);
	seat_close(&seat);
}

/* One that answers again and takes the session away at once: nobody asks for devices in between. */
static void test_answers_and_disables(void)
{
	struct seat seat;
	int fd;

	seat_open(&seat);
	open_in_vain(&seat, "/dev/input/event0");
	tell(true, false, false);
	set_stopped(false);
	await_heard("open1 away ");
	while (!seat.disabled)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(seat.ready, ==, 0);
	expect_log("answers again");
	seat_client_release(seat.client);
	await_heard("open1 away close1 release ");
	tell(false, true, false);
	while (!seat.news.enabled)
		g_main_context_iteration(NULL, TRUE);
	fd = open_from_loop(&seat, "/dev/input/event0");
	g_assert_cmpint(fd, >=, 0);
	seat_client_close(seat.client, fd);
	seat_close(&seat);
}

/* A slow one: to ask for what came too late all are opened again, and none of them has to wait
 * then. */
static void test_late_of_many(void)
{
	struct seat seat;
	int mouse;

	seat_open(&seat);
	seat.reopened = open_from_loop(&seat, "/dev/input/event0");
	g_assert_cmpint(seat.reopened, >=, 0);
	open_in_vain(&seat, "/dev/input/event1");
	set_stopped(false);
	while (!seat.ready)
		g_main_context_iteration(NULL, TRUE);
	expect_log("answers again");
	g_assert_cmpint(seat.reopened, >=, 0);
	mouse = open_from_loop(&seat, "/dev/input/event1");
	g_assert_cmpint(mouse, >=, 0);
	await_heard("open1 open2 ");
	g_assert_cmpuint(seat.ready, ==, 1);
	/* Otherwise it is given back as ever. */
	seat_client_close(seat.client, seat.reopened);
	seat_client_close(seat.client, mouse);
	seat_close(&seat);
	await_heard("open1 open2 close1 close2 end ");
}

/* What it says is passed on, in the main loop. */
static void test_news(void)
{
	struct seat seat;

	seat_open(&seat);
	tell(true, false, false);
	while (!seat.disabled)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(seat.news.enabled);
	tell(false, true, false);
	while (!seat.news.enabled)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(seat.news.gone);
	seat_close(&seat);
}

/* What would be refused is not asked for: a session that is being taken away. */
static void test_switched_twice(void)
{
	struct seat seat;

	seat_open(&seat);
	seat_client_switch(seat.client, 3);
	await_heard("switch3 ");
	tell(true, false, false);
	seat_client_switch(seat.client, 4);
	while (!seat.disabled)
		g_main_context_iteration(NULL, TRUE);
	seat_client_release(seat.client);
	await_heard("switch3 away release ");
	tell(false, true, false);
	while (!seat.news.enabled)
		g_main_context_iteration(NULL, TRUE);
	seat_client_switch(seat.client, 5);
	await_heard("switch3 away release switch5 ");
	seat_close(&seat);
}

static void test_dies(void)
{
	struct seat seat;
	int card;

	seat_open(&seat);
	card = seat_client_open(seat.client, "/dev/dri/card0");
	tell(false, false, true);
	while (!seat.news.gone)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(seat.news.enabled);
	g_assert_cmpint(seat_client_open(seat.client, "/dev/input/event0"), ==, -ENOTCONN);
	seat_client_switch(seat.client, 3);
	/* The fd is ours all the same. */
	g_assert_cmpint(fcntl(card, F_GETFD), >=, 0);
	seat_client_close(seat.client, card);
	seat_close(&seat);
	await_heard("open1 end ");
}

/* It answers, and dies: nobody is told to open again what could not be had again. */
static void test_answers_and_dies(void)
{
	struct seat seat;

	seat_open(&seat);
	open_in_vain(&seat, "/dev/input/event0");
	tell(false, false, true);
	set_stopped(false);
	await_heard("open1 end ");
	while (!seat.news.gone)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(seat.ready, ==, 0);
	seat_close(&seat);
}

/* It does not even let us in: no error for ever, and the thread ends when it can. */
static void test_stopped_at_start(void)
{
	size_t fds;
	int reason;

	manager_reset();
	g_main_context_default();
	fds = fixture_count_fds();
	set_stopped(true);
	g_assert_null(seat_client_create(&listener, NULL, &reason));
	g_assert_cmpint(reason, ==, ETIMEDOUT);
	set_stopped(false);
	await_heard("end ");
	while (fixture_count_fds() != fds)
		g_thread_yield();
	manager.refuses = true;
	g_assert_null(seat_client_create(&listener, NULL, &reason));
	g_assert_cmpint(reason, ==, ENOENT);
	while (fixture_count_fds() != fds)
		g_thread_yield();
}

/* The end waits for it, but not for ever. */
static void test_stopped_at_end(void)
{
	struct seat seat;

	seat_open(&seat);
	open_in_vain(&seat, "/dev/input/event0");
	seat_client_destroy(seat.client);
	set_stopped(false);
	await_heard("open1 end ");
	while (fixture_count_fds() != seat.fds)
		g_thread_yield();
}

/* Each that was asked is said, with what became of it; one that the environment names is asked
 * alone. */
static void test_refused(void)
{
	static const struct session_listener nobody;
	static const struct {
		const char *named;
		const char *reasons;
	} cases[] = {
		{NULL, "answers (seatd: No such file or directory, logind: No such file or directory); "},
		{"logind", "answers (logind: No such file or directory); "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		manager_reset();
		manager.refuses = true;
		if (cases[i].named)
			g_setenv("LIBSEAT_BACKEND", cases[i].named, TRUE);
		else
			g_unsetenv("LIBSEAT_BACKEND");
		g_assert_null(session_seat_create(&nobody, NULL, &error));
		g_assert_error(error, SESSION_ERROR, SESSION_ERROR_NO_MANAGER);
		g_assert_nonnull(strstr(error->message, cases[i].reasons));
		g_assert_cmpstr(g_getenv("LIBSEAT_BACKEND"), ==, cases[i].named);
	}
	g_unsetenv("LIBSEAT_BACKEND");
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/session/seat-client/devices", test_devices);
	g_test_add_func("/session/seat-client/stopped", test_stopped);
	g_test_add_func("/session/seat-client/late-and-released", test_late_and_released);
	g_test_add_func("/session/seat-client/late-while-released", test_late_while_released);
	g_test_add_func("/session/seat-client/answers-and-disables", test_answers_and_disables);
	g_test_add_func("/session/seat-client/late-of-many", test_late_of_many);
	g_test_add_func("/session/seat-client/news", test_news);
	g_test_add_func("/session/seat-client/switched-twice", test_switched_twice);
	g_test_add_func("/session/seat-client/dies", test_dies);
	g_test_add_func("/session/seat-client/answers-and-dies", test_answers_and_dies);
	g_test_add_func("/session/seat-client/stopped-at-start", test_stopped_at_start);
	g_test_add_func("/session/seat-client/stopped-at-end", test_stopped_at_end);
	g_test_add_func("/session/seat-manager/refused", test_refused);
	return g_test_run();
}
