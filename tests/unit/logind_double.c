/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "logind_double.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "seatd_double_private.h"

#define CARD_MAJOR 226
#define INPUT_MAJOR 13

/* ---- what the machine has, as libseat and libsystemd ask for it ---- */

/* The numbers that a card and an evdev node would have. */
static void disguise(struct stat *status)
{
	if (status->st_rdev == makedev(1, 5))
		status->st_rdev = makedev(CARD_MAJOR, 0);
	else if (status->st_rdev == makedev(1, 3))
		status->st_rdev = makedev(INPUT_MAJOR, 64);
}

int stat(const char *path, struct stat *status)
{
	static int (*real)(const char *, struct stat *);
	bool card = g_str_has_prefix(path, "/dev/dri/");
	bool input = g_str_has_prefix(path, "/dev/input/");
	int result;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "stat64");
	result = real(card ? "/dev/zero" : input ? "/dev/null" : path, status);
	if (result == 0 && (card || input))
		disguise(status);
	return result;
}

int fstat(int fd, struct stat *status)
{
	static int (*real)(int, struct stat *);
	int result;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fstat64");
	result = real(fd, status);
	if (result == 0)
		disguise(status);
	return result;
}

int sd_session_is_active(const char *session)
{
	return 1;
}

int sd_session_get_seat(const char *session, char **seat)
{
	*seat = strdup("seat0");
	return 0;
}

int sd_seat_can_graphical(const char *seat)
{
	return 1;
}

/* libseat never gives up the answer to this one, and so, as long as the process lives, its bus:
 * whatever else is left behind is to be seen. */
int sd_bus_call_method(sd_bus *bus, const char *destination, const char *path,
	const char *interface, const char *member, sd_bus_error *error, sd_bus_message **reply,
	const char *types, ...)
{
	bool confirms = g_str_equal(member, "PauseDeviceComplete");
	va_list arguments;
	int result;

	va_start(arguments, types);
	result = sd_bus_call_methodv(bus, destination, path, interface, member, error,
		confirms ? NULL : reply, types, arguments);
	va_end(arguments);
	return result;
}

void logind_double_prepare(void)
{
	g_setenv("XDG_SESSION_ID", "7", TRUE);
	g_unsetenv("XDG_SESSION_TYPE");
}

/* ---- messages ---- */

#define MANAGER "org.freedesktop.login1"
#define SESSION_PATH "/org/freedesktop/login1/session/_37"

/* The message is given up. */
static bool send_message(struct seatd_double *logind, struct client *client, GDBusMessage *message,
	int fd)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autofree guchar *bytes = NULL;
	gsize size;
	bool lives;

	g_dbus_message_set_serial(message, ++client->serial);
	/* For its header alone. */
	if (fd >= 0 && g_unix_fd_list_append(fds, fd, NULL) == 0)
		g_dbus_message_set_unix_fd_list(message, fds);
	bytes = g_dbus_message_to_blob(message, &size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING,
		NULL);
	g_assert_nonnull(bytes);
	lives = seatd_double_say(logind, client, bytes, size, fd);
	g_object_unref(message);
	return lives;
}

/* Takes `values` over; NULL: none. */
static bool answer(struct seatd_double *logind, struct client *client, GDBusMessage *call,
	GVariant *values, int fd)
{
	GDBusMessage *message = g_dbus_message_new_method_reply(call);

	g_dbus_message_set_sender(message, MANAGER);
	if (values)
		g_dbus_message_set_body(message, values);
	return send_message(logind, client, message, fd);
}

static bool refuse(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	GDBusMessage *message = g_dbus_message_new_method_error_literal(call,
		"org.freedesktop.DBus.Error.InvalidArgs", "no");

	logind->books.wrong++;
	g_dbus_message_set_sender(message, MANAGER);
	return send_message(logind, client, message, -1);
}

static bool tell(struct seatd_double *logind, struct client *client, const char *signal,
	GVariant *values, int fd)
{
	GDBusMessage *message = g_dbus_message_new_signal(SESSION_PATH, MANAGER ".Session", signal);

	g_dbus_message_set_sender(message, MANAGER);
	g_dbus_message_set_body(message, values);
	return send_message(logind, client, message, fd);
}

/* libseat 0.9 goes by this, older ones by what they are told of the card. */
static bool tell_active(struct seatd_double *logind, struct client *client)
{
	GDBusMessage *message = g_dbus_message_new_signal(SESSION_PATH,
		"org.freedesktop.DBus.Properties", "PropertiesChanged");
	GVariantBuilder changed;

	g_variant_builder_init(&changed, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&changed, "{sv}", "Active", g_variant_new_boolean(client->enabled));
	g_dbus_message_set_sender(message, MANAGER);
	g_dbus_message_set_body(message,
		g_variant_new("(sa{sv}as)", MANAGER ".Session", &changed, NULL));
	return send_message(logind, client, message, -1);
}

/* ---- what is asked ---- */

/* Cards are open[0], others open[1]. */
static bool read_device(GDBusMessage *call, struct client *client, bool **open, guint32 *major)
{
	GVariant *body = g_dbus_message_get_body(call);
	guint32 minor;

	if (!body || !g_variant_is_of_type(body, G_VARIANT_TYPE("(uu)")))
		return false;
	g_variant_get(body, "(uu)", major, &minor);
	*open = &client->open[*major == CARD_MAJOR ? 0 : 1];
	return true;
}

static int open_device(guint32 major)
{
	int fd = open(major == CARD_MAJOR ? "/dev/zero" : "/dev/null", O_RDWR | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static bool take_device(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	guint32 major;
	bool *open;
	bool lives;
	int fd;

	if (!read_device(call, client, &open, &major) || *open)
		return refuse(logind, client, call);
	*open = true;
	logind->books.opened++;
	fd = open_device(major);
	lives = answer(logind, client, call, g_variant_new("(hb)", 0, FALSE), fd);
	close(fd);
	return lives;
}

static bool release_device(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	guint32 major;
	bool *open;

	if (!read_device(call, client, &open, &major) || !*open)
		return refuse(logind, client, call);
	*open = false;
	logind->books.closed++;
	return answer(logind, client, call, NULL, -1);
}

static bool switch_away(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	if (!client->enabled)
		return refuse(logind, client, call);
	client->enabled = false;
	return answer(logind, client, call, NULL, -1) &&
		tell(logind, client, "PauseDevice", g_variant_new("(uus)", CARD_MAJOR, 0, "pause"),
			-1) &&
		tell_active(logind, client);
}

static bool switch_back(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	bool lives;
	int fd;

	if (client->enabled)
		return refuse(logind, client, call);
	client->enabled = true;
	if (!answer(logind, client, call, NULL, -1) || !tell_active(logind, client))
		return false;
	fd = open_device(CARD_MAJOR);
	lives = tell(logind, client, "ResumeDevice", g_variant_new("(uuh)", CARD_MAJOR, 0, 0), fd);
	close(fd);
	return lives;
}

/* What the bus itself, or logind, only says yes to. */
static bool agree(struct seatd_double *logind, struct client *client, GDBusMessage *call,
	const char *method)
{
	static const struct {
		const char *method, *answer; /* NULL: empty */
	} answers[] = {
		{"Hello", "(':1.7',)"},
		{"AddMatch", NULL},
		{"RemoveMatch", NULL},
		{"Ping", NULL},
		{"GetSession", "(objectpath '" SESSION_PATH "',)"},
		{"GetSeat", "(objectpath '/org/freedesktop/login1/seat/seat0',)"},
		{"Get", "(<true>,)"},
		{"Activate", NULL},
		{"TakeControl", NULL},
		{"ReleaseControl", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		if (!g_str_equal(method, answers[i].method))
			continue;
		client->enabled |= g_str_equal(method, "TakeControl");
		return answer(logind, client, call,
			answers[i].answer ? g_variant_new_parsed(answers[i].answer) : NULL, -1);
	}
	return refuse(logind, client, call);
}

/* False: it was killed, or is to end. */
static bool serve(struct seatd_double *logind, struct client *client, GDBusMessage *call)
{
	const char *method = g_dbus_message_get_member(call);

	if (g_dbus_message_get_message_type(call) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
		return true;
	logind->books.requests++;
	if (g_str_equal(method, "TakeDevice"))
		return take_device(logind, client, call);
	if (g_str_equal(method, "ReleaseDevice"))
		return release_device(logind, client, call);
	if (g_str_equal(method, "SwitchTo"))
		return switch_away(logind, client, call);
	if (g_str_equal(method, "PauseDeviceComplete"))
		return switch_back(logind, client, call);
	return agree(logind, client, call, method);
}

/* ---- what is heard ---- */

static bool say_line(struct seatd_double *logind, struct client *client, const char *line)
{
	return seatd_double_say(logind, client, line, strlen(line), -1);
}

/* A line of the handshake, whose user is not looked at. */
static bool serve_line(struct seatd_double *logind, struct client *client, const char *line)
{
	if (g_str_has_prefix(line, "AUTH EXTERNAL "))
		return say_line(logind, client, "OK 0123456789abcdef0123456789abcdef\r\n");
	if (g_str_equal(line, "AUTH EXTERNAL"))
		return say_line(logind, client, "DATA\r\n");
	if (g_str_equal(line, "DATA"))
		return say_line(logind, client, "OK 0123456789abcdef0123456789abcdef\r\n");
	if (g_str_equal(line, "NEGOTIATE_UNIX_FD"))
		return say_line(logind, client, "AGREE_UNIX_FD\r\n");
	client->greeted = g_str_equal(line, "BEGIN");
	return true;
}

/* False as serve(); `*more`: there was a whole line. */
static bool take_line(struct seatd_double *logind, struct client *client, bool *more)
{
	/* The first byte of all is 0. */
	const char *text = (const char *)client->heard->data;
	size_t skip = client->heard->len > 0 && *text == '\0';
	const char *end = memmem(text, client->heard->len, "\r\n", 2);
	g_autofree char *line = NULL;

	*more = end != NULL;
	if (!end)
		return true;
	line = g_strndup(text + skip, (size_t)(end - text) - skip);
	g_byte_array_remove_range(client->heard, 0, (guint)(end - text) + 2);
	return serve_line(logind, client, line);
}

static bool take_message(struct seatd_double *logind, struct client *client, bool *more)
{
	GByteArray *heard = client->heard;
	g_autoptr(GDBusMessage) call = NULL;
	gssize size = heard->len < 16 ? 0 : g_dbus_message_bytes_needed(heard->data, 16, NULL);

	g_assert_cmpint(size, >=, 0);
	*more = size > 0 && (gsize)size <= heard->len;
	if (!*more)
		return true;
	call = g_dbus_message_new_from_blob(heard->data, (gsize)size,
		G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
	g_assert_nonnull(call);
	g_byte_array_remove_range(heard, 0, (guint)size);
	return serve(logind, client, call);
}

static bool hears(struct seatd_double *logind, struct client *client)
{
	uint8_t bytes[4096];
	bool lives = true;
	bool more = true;
	ssize_t got;

	if (logind->cut == SEATD_KILLED_UNREAD && logind->books.requests >= logind->limit) {
		seatd_double_die(logind);
		return false;
	}
	got = recv(client->socket, bytes, sizeof(bytes), 0);
	if (got <= 0) {
		seatd_double_hang_up(logind, client);
		return true;
	}
	if (!client->heard)
		client->heard = g_byte_array_new();
	g_byte_array_append(client->heard, bytes, (guint)got);
	while (lives && more)
		lives = client->greeted ? take_message(logind, client, &more)
					: take_line(logind, client, &more);
	return lives;
}

struct seatd_double *logind_double_start(size_t limit, enum seatd_cut cut)
{
	return seatd_double_start_as(limit, cut, hears);
}
