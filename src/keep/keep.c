/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keep/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "keep/manager.h"
#include "log.h"
#include "turn.h"

/* Of a name that the manager takes (fdname_is_valid() in systemd). */
#define NAME_MAX_BYTES 255

/* While we start we wait for a manager that has much to read, so long in all; microseconds. */
#define PATIENCE_US (10 * G_USEC_PER_SEC)

/* It is told then what it could not be told, so often at most what it is to keep, of which so many
 * can wait. */
#define TELL_AGAIN_S 1
#define TRIES_MAX 60
#define WAITING_MAX 32

/* That it has no room is not said more often: a guest's peers can make room and fill it again as
 * often as they are let in; microseconds. */
#define FULL_AGAIN_US (60 * G_USEC_PER_SEC)

/* So long it is waited for at the end; microseconds. */
#define STOP_PATIENCE_US G_USEC_PER_SEC

/* What the manager calls an fd of its store that nobody named. */
#define NAMELESS "stored"

struct handed {
	char *name; /* as the manager has it */
	int fd; /* -1: it was taken */
};

/* It is to be kept, and the manager had no room for the word. */
struct waiting {
	int fd; /* another one of it */
	unsigned int tries;
};

struct keep {
	int manager; /* its socket; -1: there is none */
	GArray *sockets; /* struct handed */
	GArray *stored; /* the same: what a predecessor kept */
	GHashTable *kept; /* a set of names: what the manager has of ours now */
	GHashTable *unwanted; /* the same: it has that still, for it could not be told */
	GHashTable *waiting; /* struct waiting by name, which is among `kept`, too */
	guint telling_again; /* the timer of both */
	guint most; /* fds that it keeps */
	bool told_full; /* that it has no room for more, since there was room last … */
	int64_t told_full_us; /* … and when; 0: never */
	struct fd_keeper keeper;
	int64_t patience_us; /* that is left; 0: the main loop waits for nobody */
	bool stopping;
	const char *given_back; /* what is below it can be forgotten all the same; NULL: nothing */
};

G_DEFINE_QUARK(scanoutd_keep_error_quark, keep_error)

/* ---- names ---- */

/* The manager takes printable ASCII without ":", and hands over a list in which a backslash escapes
 * what follows. NULL: it would be too long. */
static char *encode(const char *name)
{
	g_autoptr(GString) encoded = g_string_new(NULL);

	for (; *name != '\0'; name++) {
		if (g_ascii_isgraph(*name) && *name != ':' && *name != '%' && *name != '\\')
			g_string_append_c(encoded, *name);
		else
			g_string_append_printf(encoded, "%%%02x", (unsigned char)*name);
	}
	if (encoded->len > NAME_MAX_BYTES)
		return NULL;
	return g_string_free(g_steal_pointer(&encoded), FALSE);
}

static bool is_stored(const char *name)
{
	return strchr(name, '/') != NULL || strcmp(name, NAMELESS) == 0;
}

/* ---- what comes ---- */

static void clear(gpointer data)
{
	struct handed *handed = data;

	if (handed->fd >= 0)
		close(handed->fd);
	free(handed->name);
}

static void free_waiting(gpointer data)
{
	struct waiting *waiting = data;

	close(waiting->fd);
	g_free(waiting);
}

static bool receive(struct keep *keep, GError **error)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	if (count < 0) {
		g_set_error(error, KEEP_ERROR, KEEP_ERROR_FDS,
			"sockets of the service manager (LISTEN_FDS): %s", g_strerror(-count));
		return false;
	}
	for (int i = 0; i < count; i++) {
		struct handed handed = {names[i], SD_LISTEN_FDS_START + i};

		g_array_append_val(is_stored(names[i]) ? keep->stored : keep->sockets, handed);
	}
	free(names);
	return true;
}

size_t keep_socket_count(const struct keep *keep)
{
	return keep->sockets->len;
}

const char *keep_socket_name(const struct keep *keep, size_t index)
{
	return g_array_index(keep->sockets, struct handed, index).name;
}

int keep_take_socket(struct keep *keep, size_t index)
{
	struct handed *handed = &g_array_index(keep->sockets, struct handed, index);
	int fd = handed->fd;

	handed->fd = -1;
	return fd;
}

/* ---- the keeper ---- */

static bool is_broken(int error)
{
	return error == EPIPE || error == ECONNRESET || error == ECONNREFUSED || error == ENOTCONN;
}

/* What else our start takes costs nothing of the patience. */
static bool wait_for_room(struct keep *keep)
{
	struct pollfd room = {.fd = keep->manager, .events = POLLOUT};
	int64_t since_us = g_get_monotonic_time();

	if (keep->patience_us < 1000)
		return false;
	poll(&room, 1, (int)(keep->patience_us / 1000));
	keep->patience_us -= g_get_monotonic_time() - since_us;
	return true;
}

/* A manager that was started anew has another socket at the same place. */
static bool reconnect(struct keep *keep)
{
	int manager = manager_connect();

	if (manager < 0)
		return false;
	close(keep->manager);
	keep->manager = manager;
	return true;
}

/* False with errno. */
static bool tell(struct keep *keep, const char *state, int fd)
{
	bool reconnected = false;

	while (!manager_tell(keep->manager, state, fd)) {
		int saved = errno;
		bool again = saved == EAGAIN ? wait_for_room(keep)
					     : is_broken(saved) && !reconnected && reconnect(keep);

		reconnected |= saved != EAGAIN;
		errno = saved;
		if (!again)
			return false;
	}
	return true;
}

static bool tell_removal(struct keep *keep, const char *encoded)
{
	g_autofree char *state = g_strdup_printf("FDSTOREREMOVE=1\nFDNAME=%s", encoded);

	return keep->manager < 0 || tell(keep, state, -1);
}

/* What it could not be told then, as far as it can be told now. */
static void remove_unwanted(struct keep *keep)
{
	GHashTableIter names;
	gpointer name;

	g_hash_table_iter_init(&names, keep->unwanted);
	while (g_hash_table_iter_next(&names, &name, NULL) && tell_removal(keep, name))
		g_hash_table_iter_remove(&names);
}

static bool tell_to_keep(struct keep *keep, const char *encoded, int fd)
{
	g_autofree char *state = g_strdup_printf("FDSTORE=1\nFDNAME=%s", encoded);

	return tell(keep, state, fd);
}

static void say_not_kept(const char *encoded, const char *trouble)
{
	log_daemon(G_LOG_LEVEL_WARNING,
		"the service manager does not keep %s for another start of scanoutd: %s", encoded,
		trouble);
}

/* True: it waits no longer, and is kept, or is given up. */
static bool end_waiting(struct keep *keep, const char *encoded, struct waiting *waiting)
{
	/* Else there would be two. */
	if (g_hash_table_contains(keep->unwanted, encoded))
		errno = EAGAIN;
	else if (tell_to_keep(keep, encoded, waiting->fd))
		return true;
	if (errno == EAGAIN && ++waiting->tries < TRIES_MAX)
		return false;
	say_not_kept(encoded, g_strerror(errno));
	g_hash_table_remove(keep->kept, encoded);
	return true;
}

static void store_waiting(struct keep *keep)
{
	GHashTableIter all;
	gpointer name, waiting;

	g_hash_table_iter_init(&all, keep->waiting);
	while (g_hash_table_iter_next(&all, &name, &waiting)) {
		if (end_waiting(keep, name, waiting))
			g_hash_table_iter_remove(&all);
	}
}

static gboolean tell_again(gpointer data)
{
	struct keep *keep = data;

	turn_note();
	remove_unwanted(keep);
	store_waiting(keep);
	if (g_hash_table_size(keep->unwanted) > 0 || g_hash_table_size(keep->waiting) > 0)
		return G_SOURCE_CONTINUE;
	keep->telling_again = 0;
	return G_SOURCE_REMOVE;
}

static void tell_later(struct keep *keep)
{
	if (keep->telling_again == 0)
		keep->telling_again = turn_name(
			g_timeout_add_seconds(TELL_AGAIN_S, tell_again, keep), "keep");
}

/* False with errno: it is removed later. */
static bool remove_from_store(struct keep *keep, const char *encoded)
{
	int saved;

	if (tell_removal(keep, encoded)) {
		g_hash_table_remove(keep->unwanted, encoded);
		return true;
	}
	saved = errno;
	g_hash_table_add(keep->unwanted, g_strdup(encoded));
	tell_later(keep);
	errno = saved;
	return false;
}

static void drop(struct keep *keep, const char *encoded)
{
	if (!remove_from_store(keep, encoded))
		log_daemon(G_LOG_LEVEL_WARNING,
			"the service manager goes on keeping a file descriptor that is of no use, "
			"%s: %s",
			encoded, g_strerror(errno));
}

/* ---- what a predecessor kept under a name ---- */

static struct handed *find_left(struct keep *keep, const char *encoded)
{
	for (guint i = 0; i < keep->stored->len; i++) {
		struct handed *handed = &g_array_index(keep->stored, struct handed, i);

		if (handed->fd >= 0 && strcmp(handed->name, encoded) == 0)
			return handed;
	}
	return NULL;
}

static int take_left(struct handed *handed)
{
	int fd = handed->fd;

	handed->fd = -1;
	return fd;
}

static guint count_left(const struct keep *keep)
{
	guint count = 0;

	for (guint i = 0; i < keep->stored->len; i++)
		count += g_array_index(keep->stored, struct handed, i).fd >= 0;
	return count;
}

static int take(void *data, const char *name)
{
	struct keep *keep = data;
	g_autofree char *encoded = encode(name);
	struct handed *left = encoded != NULL ? find_left(keep, encoded) : NULL;

	if (left == NULL)
		return -1;
	g_hash_table_add(keep->kept, g_steal_pointer(&encoded));
	return take_left(left);
}

/* In its place comes another one. */
static bool is_known(struct keep *keep, const char *encoded)
{
	return g_hash_table_contains(keep->kept, encoded) ||
		g_hash_table_contains(keep->unwanted, encoded) || find_left(keep, encoded) != NULL;
}

/* Of one name the manager would keep several, and a successor could not tell them apart. False with
 * errno: it goes on keeping one. */
static bool make_way(struct keep *keep, const char *encoded)
{
	bool has = g_hash_table_remove(keep->kept, encoded) ||
		g_hash_table_contains(keep->unwanted, encoded);
	struct handed *left;

	while ((left = find_left(keep, encoded)) != NULL) {
		close(take_left(left));
		has = true;
	}
	return !has || remove_from_store(keep, encoded);
}

static bool has_room(const struct keep *keep)
{
	return g_hash_table_size(keep->kept) + g_hash_table_size(keep->unwanted) +
		count_left(keep) <
		keep->most;
}

/* False: as many wait as may. */
static bool wait_for_manager(struct keep *keep, const char *encoded, int fd)
{
	struct waiting *waiting;
	int copy;

	if (g_hash_table_size(keep->waiting) >= WAITING_MAX)
		return false;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return false;
	waiting = g_new0(struct waiting, 1);
	waiting->fd = copy;
	g_hash_table_insert(keep->waiting, g_strdup(encoded), waiting);
	tell_later(keep);
	return true;
}

/* NULL: it is kept, or will be when the manager reads. */
static const char *store(struct keep *keep, const char *encoded, int fd)
{
	int saved;

	if (make_way(keep, encoded) && tell_to_keep(keep, encoded, fd))
		return NULL;
	saved = errno;
	return saved == EAGAIN && wait_for_manager(keep, encoded, fd) ? NULL : g_strerror(saved);
}

/* Once, until there is room again. */
static void say_full(struct keep *keep, const char *encoded)
{
	const int64_t now_us = g_get_monotonic_time();

	if (keep->told_full ||
		(keep->told_full_us != 0 && now_us - keep->told_full_us < FULL_AGAIN_US))
		return;
	say_not_kept(encoded,
		"it keeps as many as it may (FileDescriptorStoreMax=), and no more is said of others");
	keep->told_full = true;
	keep->told_full_us = now_us;
}

static bool keep_one(void *data, const char *name, int fd)
{
	struct keep *keep = data;
	g_autofree char *encoded = encode(name);
	const char *trouble;

	if (keep->manager < 0 || encoded == NULL)
		return false;
	g_hash_table_remove(keep->waiting, encoded);
	remove_unwanted(keep);
	if (!is_known(keep, encoded) && !has_room(keep)) {
		say_full(keep, encoded);
		return false;
	}
	trouble = store(keep, encoded, fd);
	if (trouble != NULL) {
		say_not_kept(encoded, trouble);
		return false;
	}
	g_hash_table_add(keep->kept, g_steal_pointer(&encoded));
	return true;
}

/* NULL: in no folder is anything. */
static bool is_below(const char *encoded, const char *folder)
{
	return folder != NULL && g_str_has_prefix(encoded, folder);
}

static bool forget(void *data, const char *name)
{
	struct keep *keep = data;
	g_autofree char *encoded = encode(name);

	if (keep->manager < 0 || encoded == NULL || !g_hash_table_contains(keep->kept, encoded))
		return true;
	if (keep->stopping && !is_below(encoded, keep->given_back))
		return false;
	g_hash_table_remove(keep->kept, encoded);
	g_hash_table_remove(keep->waiting, encoded);
	keep->told_full = false;
	remove_unwanted(keep);
	drop(keep, encoded);
	return true;
}

const struct fd_keeper *keep_keeper(struct keep *keep)
{
	return keep->manager >= 0 || keep->stored->len > 0 ? &keep->keeper : NULL;
}

/* ---- life ---- */

/*
 * A manager without a store takes what it is told, and closes it. systemd (254 and later) says how
 * much it keeps, but not where that is nothing; what it says of memory came with that version. An
 * older one does not say.
 */
static bool has_no_store(const struct keep *keep)
{
	const char *most = g_getenv("FDSTORE");

	if (keep->stored->len > 0)
		return false;
	if (most != NULL)
		return strcmp(most, "0") == 0;
	return g_getenv("MEMORY_PRESSURE_WATCH") != NULL;
}

/* As has_no_store() has it: 254 and later, and scanout-hold. One that does not say it keeps as many
 * as our unit has it keep. */
unsigned int keep_most(void)
{
	const char *text = g_getenv("FDSTORE");
	guint64 most = KEEP_MAX;

	if (text != NULL)
		g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT, &most, NULL);
	return (unsigned int)most;
}

/* What is below this folder; NULL: all. */
static void close_left(struct keep *keep, const char *folder)
{
	g_autoptr(GString) unknown = g_string_new(NULL);

	for (guint i = 0; i < keep->stored->len; i++) {
		struct handed *handed = &g_array_index(keep->stored, struct handed, i);

		if (handed->fd < 0 || (folder != NULL && !is_below(handed->name, folder)))
			continue;
		close(handed->fd);
		handed->fd = -1;
		/* Of the same name there may be another one, which is in use. */
		if (g_hash_table_contains(keep->kept, handed->name))
			continue;
		drop(keep, handed->name);
		g_string_append_printf(unknown, "%s%s", unknown->len > 0 ? ", " : "", handed->name);
	}
	if (unknown->len > 0)
		log_daemon(G_LOG_LEVEL_MESSAGE,
			"closed what the scanoutd before this one has left, and is of no use to it: %s",
			unknown->str);
}

void keep_settle(struct keep *keep)
{
	close_left(keep, NULL);
	keep->patience_us = 0;
}

void keep_give_back(struct keep *keep, const char *folder)
{
	close_left(keep, folder);
	keep->given_back = folder;
	keep_stop(keep);
}

void keep_stop(struct keep *keep)
{
	GHashTableIter all;
	gpointer name;

	keep->stopping = true;
	if (g_hash_table_size(keep->waiting) == 0)
		return;
	keep->patience_us = STOP_PATIENCE_US;
	remove_unwanted(keep);
	store_waiting(keep);
	/* Of what waits in vain nobody goes on. */
	g_hash_table_iter_init(&all, keep->waiting);
	while (g_hash_table_iter_next(&all, &name, NULL))
		g_hash_table_remove(keep->kept, name);
	g_hash_table_remove_all(keep->waiting);
}

struct keep *keep_create(GError **error)
{
	struct keep *keep = g_new0(struct keep, 1);

	keep->sockets = g_array_new(FALSE, FALSE, sizeof(struct handed));
	keep->stored = g_array_new(FALSE, FALSE, sizeof(struct handed));
	g_array_set_clear_func(keep->sockets, clear);
	g_array_set_clear_func(keep->stored, clear);
	keep->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	keep->keeper = (struct fd_keeper){take, keep_one, forget, keep};
	keep->unwanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	keep->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_waiting);
	keep->patience_us = PATIENCE_US;
	keep->manager = -1;
	if (!receive(keep, error)) {
		keep_destroy(keep);
		return NULL;
	}
	if (has_no_store(keep)) {
		log_daemon(G_LOG_LEVEL_DEBUG,
			"the service manager keeps nothing for another start of scanoutd "
			"(FileDescriptorStoreMax=)");
		return keep;
	}
	keep->most = keep_most();
	keep->manager = manager_connect();
	if (keep->manager < 0 && errno != ENOENT)
		log_daemon(G_LOG_LEVEL_WARNING,
			"the service manager keeps nothing for another start of scanoutd: "
			"NOTIFY_SOCKET: %s",
			g_strerror(errno));
	return keep;
}

void keep_destroy(struct keep *keep)
{
	if (keep == NULL)
		return;
	g_clear_handle_id(&keep->telling_again, g_source_remove);
	g_array_unref(keep->sockets);
	g_array_unref(keep->stored);
	g_hash_table_unref(keep->kept);
	g_hash_table_unref(keep->unwanted);
	g_hash_table_unref(keep->waiting);
	if (keep->manager >= 0)
		close(keep->manager);
	g_free(keep);
}
