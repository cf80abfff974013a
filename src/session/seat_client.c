/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/seat_client.h"

#include <errno.h>
#include <glib-unix.h>
#include <libseat.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "session/seat_devices.h"
#include "turn.h"

enum request_kind {
	REQUEST_OPEN,
	REQUEST_CLOSE,
	REQUEST_RELEASE,
	REQUEST_SWITCH,
	REQUEST_END,
};

struct request {
	enum request_kind kind;
	char *path; /* OPEN */
	int number; /* CLOSE: libseat's id; SWITCH: the terminal */
	int fd; /* CLOSE: closed when that is done; else -1 */
	bool awaited; /* OPEN: the main loop waits for it */
	bool answered;
	int result; /* OPEN: an fd or -errno */
};

struct seat_client {
	struct seat_client_listener listener;
	void *data;
	guint source; /* the main loop's */
	guint expiry; /* of what came too late; else 0 */
	bool retrying; /* the listener has been told that it is ready, and has not returned */
	int64_t turn_us; /* the last turn in which it was waited … */
	int64_t waited_us; /* … and for how long in it */

	/* Both threads', and never changed while both are there. */
	int wake; /* eventfd: the thread has something to do */
	int told; /* eventfd: the main loop has */

	GMutex lock; /* for what is below */
	GCond answered; /* something that may be waited for has happened */
	unsigned int references; /* the main thread's and the thread's */
	bool opened; /* libseat_open_seat() has returned … */
	int reason; /* … an errno, or 0 */
	bool ended; /* the thread makes no call any more */
	char *name;
	bool enabled;
	bool disabled;
	bool gone;
	bool settled; /* it was enabled, or has gone before it was */
	GQueue requests; /* struct request, not begun yet */
	unsigned int unanswered; /* OPENs that nobody waits for any more */
	bool ready; /* there were some, and the last was answered */
	GHashTable *asked; /* their paths */
	struct seat_devices *devices; /* kept: what came too late */
};

static void signal_eventfd(int fd)
{
	const uint64_t one = 1;

	/* A full one says enough. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void drain_eventfd(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static void request_free(struct request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	g_free(request->path);
	g_free(request);
}

/* With the lock held, which it releases. */
static void unref_and_unlock(struct seat_client *client)
{
	bool last = --client->references == 0;

	g_mutex_unlock(&client->lock);
	if (!last)
		return;
	g_queue_clear_full(&client->requests, (GDestroyNotify)request_free);
	g_hash_table_unref(client->asked);
	seat_devices_destroy(client->devices);
	g_cond_clear(&client->answered);
	g_mutex_clear(&client->lock);
	if (client->wake >= 0)
		close(client->wake);
	if (client->told >= 0)
		close(client->told);
	g_free(client->name);
	g_free(client);
}

/* ---- the thread ---- */

static void seat_enabled(struct libseat *libseat, void *data)
{
	struct seat_client *client = data;

	g_mutex_lock(&client->lock);
	client->enabled = true;
	client->settled = true;
	g_cond_broadcast(&client->answered);
	g_mutex_unlock(&client->lock);
	signal_eventfd(client->told);
}

static void seat_disabled(struct libseat *libseat, void *data)
{
	struct seat_client *client = data;

	g_mutex_lock(&client->lock);
	client->enabled = false;
	client->disabled = true;
	g_mutex_unlock(&client->lock);
	signal_eventfd(client->told);
}

/* libseat's back-ends keep the pointer. */
static const struct libseat_seat_listener listener_of_libseat = {seat_enabled, seat_disabled};

/* What went wrong there is said by us too, in a user's words. */
G_GNUC_PRINTF(2, 0)
static void write_log(enum libseat_log_level level, const char *format, va_list arguments)
{
	int saved = errno;
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	log_daemon(G_LOG_LEVEL_DEBUG, "libseat: %s", text);
	errno = saved;
}

/* With the lock held. Nobody waits for it any more. */
static void keep_late(struct seat_client *client, const struct request *request, int id)
{
	g_hash_table_remove(client->asked, request->path);
	if (--client->unanswered == 0)
		client->ready = true;
	if (request->result >= 0)
		seat_devices_keep(client->devices, request->path, request->result, id);
}

/* Of what has just failed. Of logind's reasons none becomes an errno. */
static int reason_of_failure(void)
{
	return errno > 0 ? errno : EACCES;
}

static void open_device(struct seat_client *client, struct libseat *libseat,
	struct request *request)
{
	int fd = -1;
	int id;
	bool awaited;

	errno = 0;
	id = libseat_open_device(libseat, request->path, &fd);
	request->result = id >= 0 ? fd : -reason_of_failure();
	g_mutex_lock(&client->lock);
	request->answered = true;
	awaited = request->awaited;
	if (!awaited)
		keep_late(client, request, id);
	else if (id >= 0)
		seat_devices_hand_out(client->devices, request->path, fd, id);
	g_cond_broadcast(&client->answered);
	g_mutex_unlock(&client->lock);
	if (awaited)
		return; /* It is the main thread's again. */
	request_free(request);
	signal_eventfd(client->told);
}

/* As seat_devices_drop(). */
static int drop_late(struct seat_client *client, int *fd)
{
	int id;

	g_mutex_lock(&client->lock);
	id = seat_devices_drop(client->devices, fd);
	g_mutex_unlock(&client->lock);
	return id;
}

/* What one that has gone does not do is no news beside that. With logind libseat has no fd any more then. */
static bool is_there(struct libseat *libseat)
{
	struct pollfd connection = {.fd = libseat_get_fd(libseat)};

	return connection.fd >= 0 && poll(&connection, 1, 0) == 0 &&
		libseat_dispatch(libseat, 0) >= 0 && libseat_get_fd(libseat) >= 0;
}

/* The manager takes all devices back, also those that were asked for before and have come just now:
 * whoever comes back asks anew. */
static void release_seat(struct seat_client *client, struct libseat *libseat)
{
	int id, fd, reason;

	while ((id = drop_late(client, &fd)) >= 0) {
		libseat_close_device(libseat, id);
		close(fd);
	}
	errno = 0;
	if (libseat_disable_seat(libseat) == 0)
		return;
	reason = reason_of_failure();
	if (is_there(libseat))
		log_daemon(G_LOG_LEVEL_WARNING, "%s: cannot be released: %s", client->name,
			g_strerror(reason));
}

static bool is_enabled(struct seat_client *client)
{
	bool enabled;

	g_mutex_lock(&client->lock);
	enabled = client->enabled;
	g_mutex_unlock(&client->lock);
	return enabled;
}

/* A session that is being switched away is refused another switch, and libseat 0.7, which awaits no
 * answer here, takes the refusal for the answer to its next question, and so on for ever. */
static void switch_session(struct seat_client *client, struct libseat *libseat, int terminal)
{
	int reason;

	if (libseat_dispatch(libseat, 0) < 0 || !is_enabled(client))
		return;
	errno = 0;
	if (libseat_switch_session(libseat, terminal) == 0)
		return;
	reason = reason_of_failure();
	if (is_there(libseat))
		log_daemon(G_LOG_LEVEL_WARNING, "%s: tty%d cannot be switched to: %s", client->name,
			terminal, g_strerror(reason));
}

/* False: it was the last one. */
static bool carry_out(struct seat_client *client, struct libseat *libseat, struct request *request)
{
	bool goes_on = request->kind != REQUEST_END;

	switch (request->kind) {
	case REQUEST_OPEN:
		open_device(client, libseat, request);
		return true;
	case REQUEST_CLOSE:
		/* With logind libseat's id is the fd, which it looks at to know the device. */
		libseat_close_device(libseat, request->number);
		break;
	case REQUEST_RELEASE:
		release_seat(client, libseat);
		break;
	case REQUEST_SWITCH:
		switch_session(client, libseat, request->number);
		break;
	case REQUEST_END:
		break;
	}
	request_free(request);
	return goes_on;
}

static struct request *next_request(struct seat_client *client)
{
	struct request *request;

	g_mutex_lock(&client->lock);
	request = g_queue_pop_head(&client->requests);
	g_mutex_unlock(&client->lock);
	return request;
}

/* At the end of the stream libseat itself would read for ever, and with logind it says nothing of it. False:
 * the manager has gone. */
static bool dispatch(struct libseat *libseat, short events)
{
	return libseat_dispatch(libseat, 0) >= 0 && !(events & (POLLHUP | POLLERR | POLLNVAL));
}

/* libseat calls its listener also from inside a call that waits for an answer, and what it has read but
 * not told yet is no edge on its fd: after each call it is asked once more. */
static void serve(struct seat_client *client, struct libseat *libseat)
{
	struct pollfd fds[] = {{.events = POLLIN}, {.fd = client->wake, .events = POLLIN}};
	bool look = true;
	struct request *request;

	for (;;) {
		fds[0].revents = fds[1].revents = 0;
		/* A call may have noticed that it has gone; its fd can be anybody's then. */
		fds[0].fd = libseat_get_fd(libseat);
		if (fds[0].fd < 0)
			return;
		if (poll(fds, G_N_ELEMENTS(fds), look ? 0 : -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			drain_eventfd(client->wake);
		look = false;
		if (!dispatch(libseat, fds[0].revents))
			return;
		while ((request = next_request(client))) {
			look = true;
			if (!carry_out(client, libseat, request))
				return;
		}
	}
}

/* Whoever waits is not kept waiting, and nobody waits from now on. */
static void end_requests(struct seat_client *client)
{
	struct request *request;

	client->gone = true;
	client->settled = true;
	while ((request = g_queue_pop_head(&client->requests))) {
		request->answered = true;
		request->result = -ENOTCONN;
		if (!request->awaited)
			request_free(request);
	}
	g_cond_broadcast(&client->answered);
}

static void tell_opened(struct seat_client *client, struct libseat *libseat, int reason)
{
	g_mutex_lock(&client->lock);
	client->opened = true;
	client->reason = libseat ? 0 : reason > 0 ? reason : EACCES;
	client->name = libseat ? g_strdup(libseat_seat_name(libseat)) : NULL;
	g_cond_broadcast(&client->answered);
	g_mutex_unlock(&client->lock);
}

static void *run(void *data)
{
	struct seat_client *client = data;
	struct libseat *libseat;
	sigset_t all;

	/* The main thread's and the terminal's: none is for us. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	errno = 0;
	libseat = libseat_open_seat(&listener_of_libseat, client);
	tell_opened(client, libseat, errno);
	if (libseat) {
		serve(client, libseat);
		g_mutex_lock(&client->lock);
		end_requests(client);
		g_mutex_unlock(&client->lock);
		signal_eventfd(client->told);
		libseat_close_seat(libseat);
	}
	g_mutex_lock(&client->lock);
	client->ended = true;
	g_cond_broadcast(&client->answered);
	unref_and_unlock(client);
	return NULL;
}

/* ---- the main thread ---- */

/* With the lock held. */
static void push(struct seat_client *client, struct request *request)
{
	g_queue_push_tail(&client->requests, request);
	signal_eventfd(client->wake);
}

/* The same without an answer; an fd is taken over. */
static void ask_with_fd(struct seat_client *client, enum request_kind kind, int number, int fd)
{
	struct request *request = g_new0(struct request, 1);

	request->kind = kind;
	request->number = number;
	request->fd = fd;
	g_mutex_lock(&client->lock);
	if (client->gone)
		request_free(request);
	else
		push(client, request);
	g_mutex_unlock(&client->lock);
}

static void ask(struct seat_client *client, enum request_kind kind, int number)
{
	ask_with_fd(client, kind, number, -1);
}

/* What came too late is given back. */
static void give_late_back(struct seat_client *client)
{
	int id, fd;

	g_clear_handle_id(&client->expiry, g_source_remove);
	while ((id = drop_late(client, &fd)) >= 0)
		ask_with_fd(client, REQUEST_CLOSE, id, fd);
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
	drain_eventfd(fd);
	g_mutex_lock(&client->lock);
	/* Whoever closes devices for it could not open them again; nor where the session has just been
	 * taken away. All are opened when it comes back. */
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
	struct request *request = g_new0(struct request, 1);
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
		request_free(request);
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

/* Whoever asks again for devices that came too late may have to close all others first, and would wait for
 * each of those anew: of many, some would be too late each time. */
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
		ask_with_fd(client, REQUEST_CLOSE, id, fd);
	else
		close(fd);
}

void seat_client_release(struct seat_client *client)
{
	g_clear_handle_id(&client->expiry, g_source_remove);
	ask(client, REQUEST_RELEASE, 0);
}

void seat_client_switch(struct seat_client *client, int terminal)
{
	ask(client, REQUEST_SWITCH, terminal);
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
	GThread *thread;
	int reason;

	if (client->wake < 0 || client->told < 0)
		return EMFILE;
	libseat_set_log_handler(write_log);
	libseat_set_log_level(LIBSEAT_LOG_LEVEL_DEBUG);
	client->references++;
	thread = g_thread_try_new("seat manager", run, client, NULL);
	if (!thread) {
		client->references--;
		return EAGAIN;
	}
	g_thread_unref(thread);
	g_mutex_lock(&client->lock);
	reason = wait_for(client, &client->opened, SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND)
		? client->reason
		: ETIMEDOUT;
	g_mutex_unlock(&client->lock);
	return reason;
}

struct seat_client *seat_client_create(const struct seat_client_listener *listener, void *data,
	int *reason)
{
	struct seat_client *client = client_new(listener, data);

	*reason = start(client);
	if (*reason != 0) {
		g_mutex_lock(&client->lock);
		/* Where it hangs, it ends as soon as it can. */
		push(client,
			g_memdup2(&(struct request){.kind = REQUEST_END, .fd = -1},
				sizeof(struct request)));
		unref_and_unlock(client);
		return NULL;
	}
	/* Before the card's: a commit after we have lost DRM master is in vain. */
	client->source = turn_name(
		g_unix_fd_add_full(G_PRIORITY_HIGH, client->told, G_IO_IN, told, client, NULL),
		"seat manager");
	return client;
}

void seat_client_destroy(struct seat_client *client)
{
	if (!client)
		return;
	g_clear_handle_id(&client->source, g_source_remove);
	give_late_back(client);
	ask(client, REQUEST_END, 0);
	g_mutex_lock(&client->lock);
	wait_for(client, &client->ended, SEAT_CLIENT_START_MS * G_TIME_SPAN_MILLISECOND);
	unref_and_unlock(client);
}
