/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A seat manager, seatd or logind, by libseat. Used by session.c alone.
 *
 *   active ──disable_seat──▶ released ──libseat_disable_seat──▶ waiting ──enable_seat──▶ active
 *
 * libseat calls its listener also from inside a call of ours that waits for an answer, such as
 * opening a device for libinput: there nothing can be closed. So the listener only notes what was
 * said, and the main loop's source acts on it. What libseat has read but not told yet is no edge on
 * its fd either: after each call the source runs once more.
 *
 * Opening and closing a device asks the manager and waits; libseat has no other form of it.
 */
#include <errno.h>
#include <libseat.h>
#include <unistd.h>

#include "log.h"
#include "session/session_internal.h"
#include "turn.h"

#define ENABLE_TIMEOUT_MS 2000

struct manager {
	struct session session;
	struct libseat *libseat;
	const char *name; /* of the seat; libseat's */
	GSource *source;
	GHashTable *devices; /* fd ▶ libseat's id */
	bool enabled; /* as libseat said last */
	bool disabled; /* it said so, and we have not answered */
	bool active; /* as the listener was told last */
	bool look; /* libseat may have something to say */
	bool gone; /* the manager */
};

/* ---- what the manager says ---- */

static void seat_enabled(struct libseat *libseat, void *data)
{
	struct manager *manager = data;

	manager->enabled = true;
}

static void seat_disabled(struct libseat *libseat, void *data)
{
	struct manager *manager = data;

	manager->enabled = false;
	manager->disabled = true;
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

static void release(struct manager *manager)
{
	manager->disabled = false;
	if (manager->active) {
		manager->active = false;
		log_daemon(G_LOG_LEVEL_INFO, "%s: switched to another session", manager->name);
		manager->session.listener.release(manager->session.data);
	}
	if (!manager->gone && libseat_disable_seat(manager->libseat) != 0)
		log_daemon(G_LOG_LEVEL_WARNING, "%s: cannot be released: %s", manager->name,
			g_strerror(errno));
}

static void acquire(struct manager *manager)
{
	manager->active = true;
	log_daemon(G_LOG_LEVEL_INFO, "%s: switched back", manager->name);
	manager->session.listener.acquire(manager->session.data);
}

/* What we have stays ours: the kernel asks nobody. */
static void lose(struct manager *manager)
{
	manager->gone = true;
	g_source_destroy(manager->source);
	if (manager->enabled) {
		log_daemon(G_LOG_LEVEL_WARNING,
			"%s: the seat manager has exited; until scanoutd is restarted, VTs are not "
			"switched and new input devices are not used",
			manager->name);
		return;
	}
	log_daemon(G_LOG_LEVEL_CRITICAL,
		"%s: the seat manager has exited while another session was active", manager->name);
	if (manager->active)
		release(manager);
	manager->session.listener.gone(manager->session.data);
}

/* ---- the main loop's source ---- */

struct manager_source {
	GSource source;
	struct manager *manager;
	gpointer fd_tag;
};

static gboolean source_prepare(GSource *base, gint *timeout_ms)
{
	*timeout_ms = -1;
	return ((struct manager_source *)base)->manager->look;
}

static gboolean source_check(GSource *base)
{
	const struct manager_source *source = (struct manager_source *)base;

	return source->manager->look || g_source_query_unix_fd(base, source->fd_tag) != 0;
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer data)
{
	const struct manager_source *source = (struct manager_source *)base;
	struct manager *manager = source->manager;
	GIOCondition condition = g_source_query_unix_fd(base, source->fd_tag);
	bool dispatched;

	turn_note();
	manager->look = false;
	dispatched = libseat_dispatch(manager->libseat, 0) >= 0;
	/* At the end of the stream libseat itself would read for ever. */
	if (!dispatched || (condition & (G_IO_HUP | G_IO_ERR))) {
		lose(manager);
		return G_SOURCE_REMOVE;
	}
	if (manager->disabled)
		release(manager);
	if (manager->enabled && !manager->active)
		acquire(manager);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
	.prepare = source_prepare,
	.check = source_check,
	.dispatch = source_dispatch,
};

static void attach_source(struct manager *manager)
{
	struct manager_source *source;

	manager->source = g_source_new(&source_functions, sizeof(*source));
	source = (struct manager_source *)manager->source;
	source->manager = manager;
	source->fd_tag = g_source_add_unix_fd(manager->source, libseat_get_fd(manager->libseat),
		G_IO_IN);
	g_source_set_name(manager->source, "seat manager");
	/* Before the card's: a commit after we have lost DRM master is in vain. */
	g_source_set_priority(manager->source, G_PRIORITY_HIGH);
	g_source_attach(manager->source, NULL);
}

/* ---- devices ---- */

/* `flags` are the manager's own: read, write, non-blocking. */
static int open_device(void *data, const char *path, int flags)
{
	struct manager *manager = data;
	int fd = -1;
	int id;

	if (manager->gone)
		return -ENOTCONN;
	errno = 0;
	id = libseat_open_device(manager->libseat, path, &fd);
	manager->look = true;
	/* Of logind's reasons none becomes an errno. */
	if (id < 0)
		return errno > 0 ? -errno : -EACCES;
	g_hash_table_insert(manager->devices, GINT_TO_POINTER(fd), GINT_TO_POINTER(id));
	return fd;
}

static void close_device(void *data, int fd)
{
	struct manager *manager = data;
	gpointer id;

	if (g_hash_table_steal_extended(manager->devices, GINT_TO_POINTER(fd), NULL, &id) &&
		!manager->gone) {
		libseat_close_device(manager->libseat, GPOINTER_TO_INT(id));
		manager->look = true;
	}
	close(fd);
}

/* ---- life ---- */

static void switch_terminal(struct session *session, int terminal)
{
	struct manager *manager = (struct manager *)session;

	if (manager->gone)
		return;
	if (libseat_switch_session(manager->libseat, terminal) < 0)
		log_daemon(G_LOG_LEVEL_WARNING, "%s: tty%d cannot be switched to: %s",
			manager->name, terminal, g_strerror(errno));
	manager->look = true;
}

static void destroy(struct session *session)
{
	struct manager *manager = (struct manager *)session;

	if (manager->source != NULL) {
		g_source_destroy(manager->source);
		g_source_unref(manager->source);
	}
	if (manager->libseat != NULL)
		libseat_close_seat(manager->libseat);
	g_hash_table_unref(manager->devices);
	g_free(manager);
}

static const struct session_way way = {
	.destroy = destroy,
	.switch_terminal = switch_terminal,
};

/*
 * The managers one by one, unless $LIBSEAT_BACKEND names one: libseat's third way, for root, is a
 * fork of ourselves. What each had to say is added to `reasons`.
 */
static struct libseat *open_seat(struct manager *manager, GString *reasons)
{
	static const char *const managers[] = {"seatd", "logind"};
	struct libseat *libseat = NULL;

	if (g_getenv("LIBSEAT_BACKEND") != NULL)
		return libseat_open_seat(&listener_of_libseat, manager);
	for (size_t i = 0; i < G_N_ELEMENTS(managers) && libseat == NULL; i++) {
		g_setenv("LIBSEAT_BACKEND", managers[i], TRUE);
		errno = 0;
		libseat = libseat_open_seat(&listener_of_libseat, manager);
		if (libseat != NULL)
			log_daemon(G_LOG_LEVEL_INFO, "%s: by %s", libseat_seat_name(libseat),
				managers[i]);
		else
			g_string_append_printf(reasons, "%s%s: %s", i > 0 ? ", " : "", managers[i],
				errno > 0 ? g_strerror(errno) : "no");
	}
	g_unsetenv("LIBSEAT_BACKEND");
	return libseat;
}

static bool wait_enabled(struct manager *manager, GError **error)
{
	gint64 end = g_get_monotonic_time() + ENABLE_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
	int timeout_ms = 0;

	while (!manager->enabled) {
		gint64 left = end - g_get_monotonic_time();

		if (left <= 0 || libseat_dispatch(manager->libseat, timeout_ms) < 0) {
			g_set_error(error, SESSION_ERROR, SESSION_ERROR_FAILED,
				"%s: the seat manager does not activate this session; switch to the "
				"VT that scanoutd was started on",
				manager->name);
			return false;
		}
		/* Not the first time: with logind, what is there already is no reason to wake up. */
		timeout_ms = (int)(left / 1000) + 1;
	}
	return true;
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
	manager->devices = g_hash_table_new(NULL, NULL);
	libseat_set_log_handler(write_log);
	libseat_set_log_level(LIBSEAT_LOG_LEVEL_DEBUG);
	manager->libseat = open_seat(manager, reasons);
	if (manager->libseat == NULL) {
		g_set_error(error, SESSION_ERROR, SESSION_ERROR_NO_MANAGER,
			"no seat manager answers%s%s%s; start seatd and be in the group of its socket, "
			"or log in on the machine's own terminal, where logind is one; with "
			"seat-manager=no none is needed, but the groups video and input are",
			reasons->len > 0 ? " (" : "", reasons->str, reasons->len > 0 ? ")" : "");
		destroy(&manager->session);
		return NULL;
	}
	manager->name = libseat_seat_name(manager->libseat);
	if (!wait_enabled(manager, error)) {
		destroy(&manager->session);
		return NULL;
	}
	manager->active = true;
	/* A word that came behind the first one. */
	manager->look = true;
	attach_source(manager);
	return &manager->session;
}
