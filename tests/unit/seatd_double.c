/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seatd_double_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libseat.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SERVER 0x8000
#define ERROR 0xffff

enum kind { OPEN_SEAT = 1, CLOSE_SEAT, OPEN_DEVICE, CLOSE_DEVICE, DISABLE_SEAT, ENABLE_SEAT };

/* What DISABLE_SEAT and ENABLE_SEAT are when the client says them: the former is its consent. */
#define SWITCH_SESSION ENABLE_SEAT
#define PING 7
#define SESSION_SWITCHED 8
#define SEAT_DISABLED 9

/* Whether libseat awaits the two before: that of seatd 0.7 does not, and is told of a refusal
 * alone. */
static bool confirms;

/* More than any request has. */
#define REQUEST_MAX 512

struct header {
	uint16_t kind;
	uint16_t size;
};

static bool is_ending(struct seatd_double *seatd)
{
	bool ending;

	g_mutex_lock(&seatd->lock);
	ending = seatd->ending;
	g_mutex_unlock(&seatd->lock);
	return ending;
}

void seatd_double_hang_up(struct seatd_double *seatd, struct client *client)
{
	close(client->socket);
	if (client->heard)
		g_byte_array_unref(client->heard);
	g_mutex_lock(&seatd->lock);
	*client = seatd->clients[--seatd->client_count];
	g_cond_broadcast(&seatd->changed);
	g_mutex_unlock(&seatd->lock);
}

void seatd_double_die(struct seatd_double *seatd)
{
	while (seatd->client_count > 0)
		seatd_double_hang_up(seatd, &seatd->clients[0]);
	close(seatd->listener);
	g_mutex_lock(&seatd->lock);
	seatd->killed = true;
	g_mutex_unlock(&seatd->lock);
	g_main_context_wakeup(NULL);
}

static void stand_still(struct seatd_double *seatd)
{
	g_mutex_lock(&seatd->lock);
	seatd->stopped = true;
	g_main_context_wakeup(NULL);
	while (seatd->stopped && !seatd->ending)
		g_cond_wait(&seatd->changed, &seatd->lock);
	g_mutex_unlock(&seatd->lock);
}

static void send_part(const struct client *client, const void *bytes, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (size == 0)
		return;
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	/* The client may have gone. */
	(void)!sendmsg(client->socket, &message, MSG_NOSIGNAL);
}

bool seatd_double_say(struct seatd_double *seatd, const struct client *client, const void *bytes,
	size_t size, int fd)
{
	size_t left, first;

	g_mutex_lock(&seatd->lock);
	left = seatd->cut == SEATD_KILLED_UNREAD ? SEATD_NEVER : seatd->limit - seatd->books.sent;
	g_mutex_unlock(&seatd->lock);
	first = MIN(size, left);
	send_part(client, bytes, first, fd);
	seatd->books.sent += first;
	if (left <= size && seatd->cut == SEATD_KILLED) {
		seatd_double_die(seatd);
		return false;
	}
	if (left <= size)
		stand_still(seatd);
	if (is_ending(seatd))
		return false;
	send_part(client, (const char *)bytes + first, size - first, first > 0 ? -1 : fd);
	seatd->books.sent += size - first;
	g_array_append_val(seatd->books.boundaries, seatd->books.sent);
	return true;
}

static bool answer(struct seatd_double *seatd, const struct client *client, uint16_t kind,
	const void *payload, uint16_t size, int fd)
{
	const struct header header = {kind == ERROR ? ERROR : SERVER | kind, size};
	char bytes[64];

	memcpy(bytes, &header, sizeof(header));
	if (size > 0)
		memcpy(bytes + sizeof(header), payload, size);
	return seatd_double_say(seatd, client, bytes, sizeof(header) + size, fd);
}

static bool tell(struct seatd_double *seatd, const struct client *client, uint16_t kind)
{
	return answer(seatd, client, kind, NULL, 0, -1);
}

static bool confirm(struct seatd_double *seatd, const struct client *client, uint16_t kind)
{
	return !confirms || tell(seatd, client, kind);
}

static bool refuse(struct seatd_double *seatd, const struct client *client, int32_t error)
{
	seatd->books.wrong++;
	return answer(seatd, client, ERROR, &error, sizeof(error), -1);
}

static bool open_seat(struct seatd_double *seatd, struct client *client)
{
	static const char name[] = "\5\0seat0";

	client->enabled = true;
	return answer(seatd, client, OPEN_SEAT, name, sizeof(name) - 1, -1) &&
		tell(seatd, client, ENABLE_SEAT);
}

static bool open_device(struct seatd_double *seatd, struct client *client)
{
	int32_t id = client->next_id++;
	int fd;
	bool lives;

	g_assert_cmpint(id, <, G_N_ELEMENTS(client->open));
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	client->open[id] = true;
	seatd->books.opened++;
	lives = answer(seatd, client, OPEN_DEVICE, &id, sizeof(id), fd);
	close(fd);
	return lives;
}

static bool close_device(struct seatd_double *seatd, struct client *client, const char *payload)
{
	int32_t id;

	memcpy(&id, payload, sizeof(id));
	if (id < 0 || (size_t)id >= G_N_ELEMENTS(client->open) || !client->open[id])
		return refuse(seatd, client, EBADF);
	client->open[id] = false;
	seatd->books.closed++;
	return tell(seatd, client, CLOSE_DEVICE);
}

/* False: it was killed, or is to end. */
static bool serve(struct seatd_double *seatd, struct client *client, uint16_t kind,
	const char *payload)
{
	bool lives;

	switch (kind) {
	case OPEN_SEAT:
		return open_seat(seatd, client);
	case CLOSE_SEAT:
		lives = tell(seatd, client, CLOSE_SEAT);
		if (lives)
			seatd_double_hang_up(seatd, client);
		return lives;
	case OPEN_DEVICE:
		return open_device(seatd, client);
	case CLOSE_DEVICE:
		return close_device(seatd, client, payload);
	case SWITCH_SESSION:
		if (!client->enabled)
			return refuse(seatd, client, EPERM);
		client->enabled = false;
		return confirm(seatd, client, SESSION_SWITCHED) &&
			tell(seatd, client, DISABLE_SEAT);
	case DISABLE_SEAT:
		if (seatd->probed || client->enabled)
			return refuse(seatd, client, EBUSY);
		client->enabled = true;
		return confirm(seatd, client, SEAT_DISABLED) && tell(seatd, client, ENABLE_SEAT);
	case PING:
		return tell(seatd, client, PING);
	default:
		return refuse(seatd, client, EINVAL);
	}
}

static bool receive(const struct client *client, void *bytes, size_t size)
{
	return size == 0 || recv(client->socket, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

/* One request, which libseat sends at once. False: it was killed, or is to end. */
static bool listen_to(struct seatd_double *seatd, struct client *client)
{
	struct header header;
	char payload[REQUEST_MAX];

	if (seatd->cut == SEATD_KILLED_UNREAD && seatd->books.requests == seatd->limit) {
		seatd_double_die(seatd);
		return false;
	}
	if (!receive(client, &header, sizeof(header)) || header.size > sizeof(payload) ||
		!receive(client, payload, header.size)) {
		seatd_double_hang_up(seatd, client);
		return true;
	}
	seatd->books.requests++;
	return serve(seatd, client, header.kind, payload);
}

static void accept_client(struct seatd_double *seatd)
{
	int socket = accept4(seatd->listener, NULL, NULL, SOCK_CLOEXEC);

	g_assert_cmpint(socket, >=, 0);
	g_assert_cmpuint(seatd->client_count, <, CLIENTS_MAX);
	g_mutex_lock(&seatd->lock);
	seatd->clients[seatd->client_count++] = (struct client){.socket = socket};
	g_mutex_unlock(&seatd->lock);
}

static void *run(void *data)
{
	struct seatd_double *seatd = data;
	bool lives = true;

	while (lives && !is_ending(seatd)) {
		struct pollfd fds[2 + CLIENTS_MAX] = {{.fd = seatd->wake, .events = POLLIN},
			{.fd = seatd->listener, .events = POLLIN}};

		for (size_t i = 0; i < seatd->client_count; i++)
			fds[2 + i] = (struct pollfd){.fd = seatd->clients[i].socket,
				.events = POLLIN};
		if (poll(fds, 2 + seatd->client_count, -1) < 0)
			continue;
		/* One a round: the array may be another one after it. */
		for (size_t i = 0; i < seatd->client_count; i++) {
			if (!fds[2 + i].revents)
				continue;
			lives = seatd->hears(seatd, &seatd->clients[i]);
			break;
		}
		if (lives && fds[1].revents)
			accept_client(seatd);
	}
	return NULL;
}

struct seatd_double *seatd_double_start_as(size_t limit, enum seatd_cut cut,
	seatd_double_hears hears)
{
	struct seatd_double *seatd = g_new0(struct seatd_double, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autoptr(GError) error = NULL;
	g_autofree char *bus = NULL;

	g_mutex_init(&seatd->lock);
	g_cond_init(&seatd->changed);
	seatd->limit = limit;
	seatd->cut = cut;
	seatd->hears = hears;
	seatd->books.boundaries = g_array_new(FALSE, FALSE, sizeof(size_t));
	seatd->folder = g_dir_make_tmp("seatd-XXXXXX", &error);
	g_assert_no_error(error);
	seatd->path = g_build_filename(seatd->folder, "socket", NULL);
	g_assert_cmpuint(strlen(seatd->path), <, sizeof(address.sun_path));
	strcpy(address.sun_path, seatd->path);
	seatd->wake = eventfd(0, EFD_CLOEXEC);
	seatd->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(seatd->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(seatd->listener, 8), ==, 0);
	bus = g_strdup_printf("unix:path=%s", seatd->path);
	g_setenv("SEATD_SOCK", seatd->path, TRUE);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", bus, TRUE);
	seatd->thread = g_thread_new("seatd", run, seatd);
	return seatd;
}

struct seatd_double *seatd_double_start(size_t limit, enum seatd_cut cut)
{
	return seatd_double_start_as(limit, cut, listen_to);
}

void seatd_double_continue(struct seatd_double *seatd)
{
	g_mutex_lock(&seatd->lock);
	seatd->limit = SEATD_NEVER;
	seatd->stopped = false;
	g_cond_broadcast(&seatd->changed);
	g_mutex_unlock(&seatd->lock);
}

bool seatd_double_is_stopped(struct seatd_double *seatd)
{
	bool stopped;

	g_mutex_lock(&seatd->lock);
	stopped = seatd->stopped;
	g_mutex_unlock(&seatd->lock);
	return stopped;
}

void seatd_double_await_alone(struct seatd_double *seatd)
{
	g_mutex_lock(&seatd->lock);
	while (seatd->client_count > 0)
		g_cond_wait(&seatd->changed, &seatd->lock);
	g_mutex_unlock(&seatd->lock);
}

void seatd_double_end(struct seatd_double *seatd)
{
	g_mutex_lock(&seatd->lock);
	seatd->ending = true;
	g_cond_broadcast(&seatd->changed);
	g_mutex_unlock(&seatd->lock);
	g_assert_cmpint(eventfd_write(seatd->wake, 1), ==, 0);
	g_thread_join(seatd->thread);
	if (!seatd->killed)
		seatd_double_die(seatd);
	close(seatd->wake);
	g_unlink(seatd->path);
	g_rmdir(seatd->folder);
}

const struct seatd_double_books *seatd_double_books(const struct seatd_double *seatd)
{
	return &seatd->books;
}

void seatd_double_free(struct seatd_double *seatd)
{
	g_array_unref(seatd->books.boundaries);
	g_cond_clear(&seatd->changed);
	g_mutex_clear(&seatd->lock);
	g_free(seatd->path);
	g_free(seatd->folder);
	g_free(seatd);
}

/* ---- which libseat it is ---- */

static void ignore(struct libseat *libseat, void *data)
{
}

void seatd_double_probe(void)
{
	static const struct libseat_seat_listener listener = {ignore, ignore};
	struct seatd_double *seatd = seatd_double_start(SEATD_NEVER, SEATD_STOPPED);
	struct libseat *libseat;

	seatd->probed = true;
	libseat = libseat_open_seat(&listener, NULL);
	g_assert_nonnull(libseat);
	/* It notices if it awaits anything. */
	confirms = libseat_disable_seat(libseat) != 0;
	libseat_close_seat(libseat);
	seatd_double_end(seatd);
	seatd_double_free(seatd);
}
