/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread of libseat's client: all calls of libseat's, one after the other, as the main thread
 * asks for them, and what libseat tells in between. Started by seat_client.c. Here nobody calls
 * the main loop or the session: answers and news are written down under the lock, and the main
 * thread is woken.
 */
#include <errno.h>
#include <glib.h>
#include <libseat.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "log.h"
#include "session/seat_client_internal.h"

static void seat_enabled(struct libseat *libseat, void *data)
{
	struct seat_client *client = data;

	g_mutex_lock(&client->lock);
	client->enabled = true;
	client->settled = true;
	g_cond_broadcast(&client->answered);
	g_mutex_unlock(&client->lock);
	seat_client_signal(client->told);
}

static void seat_disabled(struct libseat *libseat, void *data)
{
	struct seat_client *client = data;

	g_mutex_lock(&client->lock);
	client->enabled = false;
	client->disabled = true;
	g_mutex_unlock(&client->lock);
	seat_client_signal(client->told);
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
static void keep_late(struct seat_client *client, const struct seat_request *request, int id)
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
	struct seat_request *request)
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
	seat_request_free(request);
	seat_client_signal(client->told);
}

/* What one that has gone does not do is no news beside that. With logind libseat has no fd any more
 * then. */
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

	while ((id = seat_client_drop_late(client, &fd)) >= 0) {
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
static bool carry_out(struct seat_client *client, struct libseat *libseat,
	struct seat_request *request)
{
	bool goes_on = request->kind != SEAT_REQUEST_END;

	switch (request->kind) {
	case SEAT_REQUEST_OPEN:
		open_device(client, libseat, request);
		return true;
	case SEAT_REQUEST_CLOSE:
		/* With logind libseat's id is the fd, which it looks at to know the device. */
		libseat_close_device(libseat, request->number);
		break;
	case SEAT_REQUEST_RELEASE:
		release_seat(client, libseat);
		break;
	case SEAT_REQUEST_SWITCH:
		switch_session(client, libseat, request->number);
		break;
	case SEAT_REQUEST_END:
		break;
	}
	seat_request_free(request);
	return goes_on;
}

static struct seat_request *next_request(struct seat_client *client)
{
	struct seat_request *request;

	g_mutex_lock(&client->lock);
	request = g_queue_pop_head(&client->requests);
	g_mutex_unlock(&client->lock);
	return request;
}

/* At the end of the stream libseat itself would read for ever, and with logind it says nothing of
 * it. False: the manager has gone. */
static bool dispatch(struct libseat *libseat, short events)
{
	return libseat_dispatch(libseat, 0) >= 0 && !(events & (POLLHUP | POLLERR | POLLNVAL));
}

/* libseat calls its listener also from inside a call that waits for an answer, and what it has read
 * but not told yet is no edge on its fd: after each call it is asked once more. */
static void serve(struct seat_client *client, struct libseat *libseat)
{
	struct pollfd fds[] = {{.events = POLLIN}, {.fd = client->wake, .events = POLLIN}};
	bool look = true;
	struct seat_request *request;

	for (;;) {
		fds[0].revents = fds[1].revents = 0;
		/* A call may have noticed that it has gone; its fd can be anybody's then. */
		fds[0].fd = libseat_get_fd(libseat);
		if (fds[0].fd < 0)
			return;
		if (poll(fds, G_N_ELEMENTS(fds), look ? 0 : -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			seat_client_drain(client->wake);
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
	struct seat_request *request;

	client->gone = true;
	client->settled = true;
	while ((request = g_queue_pop_head(&client->requests))) {
		request->answered = true;
		request->result = -ENOTCONN;
		if (!request->awaited)
			seat_request_free(request);
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
	if (libseat)
		serve(client, libseat);
	g_mutex_lock(&client->lock);
	end_requests(client);
	g_mutex_unlock(&client->lock);
	seat_client_signal(client->told);
	if (libseat)
		libseat_close_seat(libseat);
	g_mutex_lock(&client->lock);
	client->ended = true;
	g_cond_broadcast(&client->answered);
	seat_client_unref_and_unlock(client);
	return NULL;
}

int seat_client_thread_start(struct seat_client *client)
{
	GThread *thread;

	libseat_set_log_handler(write_log);
	libseat_set_log_level(LIBSEAT_LOG_LEVEL_DEBUG);
	client->references++;
	thread = g_thread_try_new("seat manager", run, client, NULL);
	if (!thread) {
		client->references--;
		return EAGAIN;
	}
	g_thread_unref(thread);
	return 0;
}
