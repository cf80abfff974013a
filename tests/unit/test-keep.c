/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of fds, with a service manager of the test's: what is kept is what a successor gets,
 * under names that the manager takes; what nobody knows is closed; and it works on where there is
 * no manager.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "keep/keep.h"
#include "log_record.h"

/* What sd_listen_fds_with_names() answers with, in the library's place. */
static struct {
	const char *const *names; /* ended by NULL */
	int error; /* instead */
} handed;

int sd_listen_fds_with_names(int unset, char ***names);

int sd_listen_fds_with_names(int unset, char ***names)
{
	g_assert_cmpint(unset, ==, 1);
	if (handed.error != 0)
		return -handed.error;
	*names = g_strdupv((char **)handed.names);
	return (int)g_strv_length(*names);
}

/* The numbers of what is handed over: SD_LISTEN_FDS_START and those that follow. Nobody else has
 * them, see main(). */
#define FIRST 3
#define LAST 8

/* Messages, more than any socket's queue. */
#define MANY 2000

struct fixture {
	char *directory;
	char *path;
	int manager;
	struct keep *keep;
	const struct fd_keeper *keeper;
};

static GString *logged;

/* Time stands still, however slow this machine is, but where a test says that it goes on. */
static gint64 now_us = G_USEC_PER_SEC;

gint64 g_get_monotonic_time(void)
{
	return now_us;
}

/* Of the keep's one timer: as soon as the loop waits for it, and with the time that it takes. */
static struct {
	GSourceFunc function;
	gpointer data;
	guint interval_s;
	unsigned int rounds;
	bool runs;
} timer;

static gboolean next_round(gpointer data)
{
	gboolean goes_on;

	timer.rounds++;
	now_us += timer.interval_s * G_TIME_SPAN_SECOND;
	goes_on = timer.function(timer.data);
	timer.runs = goes_on == G_SOURCE_CONTINUE;
	return goes_on;
}

guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	g_assert_false(timer.runs);
	timer.function = function;
	timer.data = data;
	timer.interval_s = interval;
	timer.rounds = 0;
	timer.runs = true;
	return g_idle_add(next_round, NULL);
}

static void reserve(void)
{
	for (int fd = FIRST; fd <= LAST; fd++) {
		int null;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		g_assert_cmpint(null, >=, 0);
		if (null == fd)
			continue;
		g_assert_cmpint(dup3(null, fd, O_CLOEXEC), ==, fd);
		close(null);
	}
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	reserve();
	fixture->directory = g_dir_make_tmp("keep-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->directory, "notify", NULL);
	g_strlcpy(address.sun_path, fixture->path, sizeof(address.sun_path));
	fixture->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_assert_cmpint(bind(fixture->manager, (const struct sockaddr *)&address, sizeof(address)),
		==, 0);
	g_setenv("NOTIFY_SOCKET", fixture->path, TRUE);
	g_unsetenv("FDSTORE");
	g_unsetenv("MEMORY_PRESSURE_WATCH");
	handed.names = NULL;
	handed.error = 0;
	g_string_truncate(logged, 0);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	keep_destroy(fixture->keep);
	close(fixture->manager);
	g_unlink(fixture->path);
	g_rmdir(fixture->directory);
	g_free(fixture->path);
	g_free(fixture->directory);
	g_unsetenv("NOTIFY_SOCKET");
	timer.runs = false;
}

/* A start with these names, whose fds are files that nobody else has. */
static void start(struct fixture *fixture, const char *const *names)
{
	g_autoptr(GError) error = NULL;

	handed.names = names;
	for (size_t i = 0; names[i] != NULL; i++) {
		int file = memfd_create(names[i], MFD_CLOEXEC);

		g_assert_cmpint(dup3(file, FIRST + (int)i, O_CLOEXEC), ==, FIRST + (int)i);
		close(file);
	}
	fixture->keep = keep_create(&error);
	g_assert_no_error(error);
	fixture->keeper = keep_keeper(fixture->keep);
}

static void start_with_nothing(struct fixture *fixture)
{
	static const char *const none[] = {NULL};

	start(fixture, none);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool same_file(int a, int b)
{
	struct stat first;
	struct stat second;

	g_assert_cmpint(fstat(a, &first), ==, 0);
	g_assert_cmpint(fstat(b, &second), ==, 0);
	return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* What the manager was told next; NULL: nothing. *fd is the caller's, -1: none came with it. */
static char *hear(const struct fixture *fixture, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char text[1024];
	struct iovec part = {text, sizeof(text)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t size = recvmsg(fixture->manager, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *rights = size >= 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (rights != NULL) {
		g_assert_cmpint(rights->cmsg_type, ==, SCM_RIGHTS);
		g_assert_cmpuint(rights->cmsg_len, ==, CMSG_LEN(sizeof(int)));
		memcpy(fd, CMSG_DATA(rights), sizeof(*fd));
	}
	return size >= 0 ? g_strndup(text, (gsize)size) : NULL;
}

static void expect(const struct fixture *fixture, const char *expected, int file)
{
	int fd;
	g_autofree char *heard = hear(fixture, &fd);

	g_assert_cmpstr(heard, ==, expected);
	g_assert_cmpint(fd >= 0, ==, file >= 0);
	if (fd < 0)
		return;
	g_assert_true(same_file(fd, file));
	close(fd);
}

static void read_all(const struct fixture *fixture)
{
	char *text;
	int fd;

	while ((text = hear(fixture, &fd)) != NULL) {
		g_free(text);
		if (fd >= 0)
			close(fd);
	}
}

static unsigned int count_lines(const char *part)
{
	g_auto(GStrv) lines = g_strsplit(logged->str, "\n", -1);
	unsigned int count = 0;

	for (char **line = lines; *line != NULL; line++)
		count += strstr(*line, part) != NULL;
	return count;
}

/* A manager that reads when it is waited for, and then all. */
static const struct fixture *reader;
static unsigned int
	waits_left; /* else: so often it is waited for in vain, and as long as was said */

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	const struct fixture *fixture = reader;
	char *text;

	g_assert_cmpuint(count, ==, 1);
	g_assert_cmpint(fds->events, ==, POLLOUT);
	g_assert_cmpint(timeout_ms, >, 0);
	if (waits_left > 0) {
		waits_left--;
		now_us += timeout_ms * INT64_C(1000);
		return 0;
	}
	g_assert_nonnull(fixture);
	do {
		int fd;

		text = hear(fixture, &fd);
		g_free(text);
		if (fd >= 0)
			close(fd);
	} while (text != NULL);
	return 1;
}

/* ---- tests ---- */

static void test_two_sorts(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"kiosk", "card/0", "kiosk-display.socket", NULL};
	int card;

	start(fixture, names);
	g_assert_cmpuint(keep_socket_count(fixture->keep), ==, 2);
	g_assert_cmpstr(keep_socket_name(fixture->keep, 0), ==, "kiosk");
	g_assert_cmpstr(keep_socket_name(fixture->keep, 1), ==, "kiosk-display.socket");
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, "kiosk"), ==, -1);
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, "card/1"), ==, -1);
	card = fixture->keeper->take(fixture->keeper->data, "card/0");
	g_assert_cmpint(card, ==, FIRST + 1);
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, "card/0"), ==, -1);
	g_assert_cmpint(keep_take_socket(fixture->keep, 0), ==, FIRST);
	g_assert_cmpint(keep_take_socket(fixture->keep, 0), ==, -1);
	g_clear_pointer(&fixture->keep, keep_destroy);
	/* What was taken is the taker's, the rest is closed. */
	g_assert_true(is_open(card));
	g_assert_true(is_open(FIRST));
	g_assert_false(is_open(FIRST + 2));
	expect(fixture, NULL, -1);
	g_assert_cmpstr(logged->str, ==, "");
}

static void test_keeps(struct fixture *fixture, gconstpointer data)
{
	int first = memfd_create("first", MFD_CLOEXEC);
	int second = memfd_create("second", MFD_CLOEXEC);

	start_with_nothing(fixture);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", first));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", first);
	/* One of a name: what the manager would take for another one of it goes first. */
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", second));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/0", -1);
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", second);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, "card/0"));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/0", -1);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, "card/0"));
	expect(fixture, NULL, -1);
	g_assert_true(is_open(first) && is_open(second));
	close(first);
	close(second);
}

static void test_names(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"socket/1-2/a%3ab%25%20%5c%c3%a4", NULL};
	g_autofree char *long_name = g_strnfill(200, ':');
	int file;

	start(fixture, names);
	file = fixture->keeper->take(fixture->keeper->data, "socket/1-2/a:b% \\\xc3\xa4");
	g_assert_cmpint(file, ==, FIRST);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, "socket/1-2/a:b% \\\xc3\xa4"));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=socket/1-2/a%3ab%25%20%5c%c3%a4", -1);
	g_assert_false(fixture->keeper->keep(fixture->keeper->data, long_name, file));
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, long_name), ==, -1);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, long_name));
	expect(fixture, NULL, -1);
	close(file);
}

/* Also a second one of a name that is in use, and one without a name. */
static void test_settles(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", "card/0", "future/7", "stored", NULL};

	start(fixture, names);
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, "card/0"), ==, FIRST);
	keep_settle(fixture->keep);
	g_assert_true(is_open(FIRST));
	for (int fd = FIRST + 1; fd <= FIRST + 3; fd++)
		g_assert_false(is_open(fd));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=future/7", -1);
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=stored", -1);
	expect(fixture, NULL, -1);
	g_assert_cmpstr(logged->str, ==,
		"closed what the scanoutd before this one has left, and is of no use to it: "
		"future/7, stored\n");
	close(FIRST);
}

/* A start that fails: cards are for others meanwhile, and all else is for the next start. */
static void test_gives_back(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", "guest/0", "card/1", "guest/1", NULL};
	const struct fd_keeper *keeper;

	start(fixture, names);
	keeper = fixture->keeper;
	g_assert_cmpint(keeper->take(keeper->data, "card/1"), ==, FIRST + 2);
	g_assert_cmpint(keeper->take(keeper->data, "guest/1"), ==, FIRST + 3);
	keep_give_back(fixture->keep, "card/");
	g_assert_false(is_open(FIRST));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/0", -1);
	g_assert_cmpstr(logged->str, ==,
		"closed what the scanoutd before this one has left, and is of no use to it: "
		"card/0\n");
	g_assert_true(keeper->forget(keeper->data, "card/1"));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/1", -1);
	g_assert_false(keeper->forget(keeper->data, "guest/1"));
	expect(fixture, NULL, -1);
	close(FIRST + 2);
	close(FIRST + 3);
}

/* Nobody has asked for what a predecessor kept under this name. */
static void test_keeps_in_its_place(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"socket/1", "card/0", "socket/1", NULL};
	int file = memfd_create("file", MFD_CLOEXEC);

	start(fixture, names);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "socket/1", file));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=socket/1", -1);
	expect(fixture, "FDSTORE=1\nFDNAME=socket/1", file);
	expect(fixture, NULL, -1);
	g_assert_false(is_open(FIRST) || is_open(FIRST + 2));
	g_assert_cmpint(fixture->keeper->take(fixture->keeper->data, "socket/1"), ==, -1);
	keep_settle(fixture->keep);
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/0", -1);
	expect(fixture, NULL, -1);
	close(file);
}

static void test_stops(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	start_with_nothing(fixture);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", file);
	keep_stop(fixture->keep);
	g_assert_false(fixture->keeper->forget(fixture->keeper->data, "card/0"));
	/* What is not kept can be done away with. */
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, "card/1"));
	expect(fixture, NULL, -1);
	close(file);
}

/* So that a socket's files are not left where nobody goes on with it. */
static void test_no_store(struct fixture *fixture, gconstpointer data)
{
	if (data != NULL)
		g_setenv("FDSTORE", data, TRUE);
	else
		g_setenv("MEMORY_PRESSURE_WATCH", "/dev/null", TRUE);
	start_with_nothing(fixture);
	g_assert_null(fixture->keeper);
	keep_stop(fixture->keep);
	expect(fixture, NULL, -1);
}

/* It says so, or has kept something already, whatever it says. */
static void test_store(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", NULL};
	int file = memfd_create("file", MFD_CLOEXEC);

	g_setenv("MEMORY_PRESSURE_WATCH", "/dev/null", TRUE);
	g_setenv("FDSTORE", "512", TRUE);
	start_with_nothing(fixture);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", file);
	g_clear_pointer(&fixture->keep, keep_destroy);
	g_unsetenv("FDSTORE");
	reserve();
	start(fixture, names);
	keep_settle(fixture->keep);
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/0", -1);
	close(file);
}

/* It says how much it keeps; what a predecessor has left is in it until we have settled. */
static void test_most(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", "card/1", NULL};
	int file = memfd_create("file", MFD_CLOEXEC);
	const struct fd_keeper *keeper;

	g_assert_cmpuint(keep_most(), ==, KEEP_MAX);
	g_setenv("FDSTORE", "3", TRUE);
	g_assert_cmpuint(keep_most(), ==, 3);
	start(fixture, names);
	keeper = fixture->keeper;
	g_assert_cmpint(keeper->take(keeper->data, "card/0"), ==, FIRST);
	g_assert_true(keeper->keep(keeper->data, "guest/1", file));
	expect(fixture, "FDSTORE=1\nFDNAME=guest/1", file);
	g_assert_false(keeper->keep(keeper->data, "guest/2", file));
	g_assert_cmpstr(logged->str, ==,
		"the service manager does not keep guest/2 for another start of scanoutd: it keeps as "
		"many as it may (FileDescriptorStoreMax=), and no more is said of others\n");
	g_string_truncate(logged, 0);
	g_assert_false(keeper->keep(keeper->data, "guest/3", file));
	g_assert_cmpstr(logged->str, ==, "");
	expect(fixture, NULL, -1);
	/* In its place. */
	g_assert_true(keeper->keep(keeper->data, "guest/1", file));
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=guest/1", -1);
	expect(fixture, "FDSTORE=1\nFDNAME=guest/1", file);
	keep_settle(fixture->keep);
	expect(fixture, "FDSTOREREMOVE=1\nFDNAME=card/1", -1);
	g_assert_true(keeper->keep(keeper->data, "guest/2", file));
	expect(fixture, "FDSTORE=1\nFDNAME=guest/2", file);
	close(FIRST);
	close(file);
}

/* Peers that come and go make room, and fill it, faster than anybody wants to read of. */
static void test_most_often(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	const struct fd_keeper *keeper;

	g_setenv("FDSTORE", "1", TRUE);
	start_with_nothing(fixture);
	keeper = fixture->keeper;
	for (unsigned int i = 0; i < 240; i++) {
		g_assert_true(keeper->keep(keeper->data, "guest/1", file));
		g_assert_false(keeper->keep(keeper->data, "guest/2", file));
		g_assert_false(keeper->keep(keeper->data, "guest/3", file));
		g_assert_true(keeper->forget(keeper->data, "guest/1"));
		read_all(fixture);
		now_us += G_USEC_PER_SEC / 2;
	}
	g_assert_cmpuint(count_lines("does not keep guest/2"), ==, 2);
	g_assert_cmpuint(count_lines("does not keep"), ==, 2);
	close(file);
}

static void test_no_manager(struct fixture *fixture, gconstpointer data)
{
	g_unsetenv("NOTIFY_SOCKET");
	start_with_nothing(fixture);
	g_assert_null(fixture->keeper);
	keep_settle(fixture->keep);
	g_assert_cmpstr(logged->str, ==, "");
}

/* As there is none, but that is worth a word. */
static void test_unreachable(struct fixture *fixture, gconstpointer data)
{
	g_unlink(fixture->path);
	g_setenv("NOTIFY_SOCKET", fixture->directory, TRUE);
	start_with_nothing(fixture);
	g_assert_nonnull(strstr(logged->str, "the service manager keeps nothing"));
	g_assert_null(fixture->keeper);
}

static unsigned int fill(const struct fixture *fixture, int file)
{
	char name[32];
	unsigned int i = 0;

	do
		g_snprintf(name, sizeof(name), "fill/%u", i++);
	while (fixture->keeper->keep(fixture->keeper->data, name, file));
	return i - 1;
}

/* It does not read: nobody waits for it, and who wanted to keep something knows that it is not
 * kept, where not even more can wait. */
static void test_full(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	g_autofree char *name = NULL;

	start_with_nothing(fixture);
	keep_settle(fixture->keep);
	name = g_strdup_printf("does not keep fill/%u", fill(fixture, file));
	g_assert_nonnull(strstr(logged->str, name));
	close(file);
}

/* The loop's own, whose time is not the test's. */
static gint poll_for_loop(GPollFD *fds, guint count, gint timeout_ms)
{
	return (gint)syscall(SYS_poll, fds, count, timeout_ms);
}

/* What it could not be told to keep it is told later, each once, but for what has come to its end
 * by then. */
static void test_keeps_later(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	g_autofree char *gone = NULL;
	unsigned int count, heard = 0;

	start_with_nothing(fixture);
	keep_settle(fixture->keep);
	count = fill(fixture, file);
	gone = g_strdup_printf("fill/%u", count - 1);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, gone));
	g_main_context_set_poll_func(NULL, poll_for_loop);
	while (heard + 1 < count) {
		int fd;
		g_autofree char *text = hear(fixture, &fd);

		if (text == NULL) {
			g_main_context_iteration(NULL, TRUE);
		} else if (fd >= 0) {
			g_autofree char *expected = g_strdup_printf("FDNAME=%s", gone);

			g_assert_null(strstr(text, expected));
			g_assert_true(same_file(fd, file));
			close(fd);
			heard++;
		}
	}
	close(file);
}

static unsigned int count_fds(void)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned int count = 0;

	while (g_dir_read_name(folder) != NULL)
		count++;
	return count;
}

/* A manager that reads nothing for a minute keeps nothing of what has waited so long: each is said
 * once, let go, and asked for no more; what wants to be kept after that is kept as ever. */
static void test_gives_up(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	unsigned int waiting, fds;

	start_with_nothing(fixture);
	keep_settle(fixture->keep);
	fds = count_fds();
	fill(fixture, file);
	waiting = count_fds() - fds;
	g_assert_cmpuint(waiting, >, 1);
	g_string_truncate(logged, 0);
	g_main_context_set_poll_func(NULL, poll_for_loop);
	while (timer.runs && timer.rounds < 59)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(timer.runs);
	g_assert_cmpstr(logged->str, ==, "");
	g_assert_cmpuint(count_fds(), ==, fds + waiting);
	g_main_context_iteration(NULL, TRUE);
	g_assert_false(timer.runs);
	g_assert_cmpuint(timer.rounds * timer.interval_s, ==, 60);
	g_assert_cmpuint(count_lines("does not keep fill/"), ==, waiting);
	g_assert_cmpuint(count_lines("Resource temporarily unavailable"), ==, waiting);
	g_assert_cmpuint(count_fds(), ==, fds);
	read_all(fixture);
	while (g_main_context_iteration(NULL, FALSE))
		;
	expect(fixture, NULL, -1);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", file);
	close(file);
}

/* The minute is each one's own. */
static void test_gives_up_one(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	unsigned int fds, count, waiting;
	g_autofree char *freed = NULL;

	start_with_nothing(fixture);
	keep_settle(fixture->keep);
	fds = count_fds();
	count = fill(fixture, file);
	waiting = count_fds() - fds;
	g_main_context_set_poll_func(NULL, poll_for_loop);
	while (timer.rounds < 30)
		g_main_context_iteration(NULL, TRUE);
	/* In the place of one that waited. */
	freed = g_strdup_printf("fill/%u", count - 1);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, freed, file));
	g_string_truncate(logged, 0);
	while (timer.rounds < 60)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(count_lines("does not keep fill/"), ==, waiting - 1);
	g_assert_true(timer.runs);
	while (timer.rounds < 89)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(count_lines(freed), ==, 0);
	g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(count_lines(freed), ==, 1);
	g_assert_cmpuint(count_fds(), ==, fds);
	close(file);
}

/* At the end it is waited for; what it has not taken by then stays with nobody. */
static void test_stops_waiting(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	g_autofree char *last = NULL;

	start_with_nothing(fixture);
	keep_settle(fixture->keep);
	last = g_strdup_printf("fill/%u", fill(fixture, file) - 1);
	if (data == NULL)
		waits_left = 1;
	else
		reader = fixture;
	keep_stop(fixture->keep);
	reader = NULL;
	g_assert_cmpuint(waits_left, ==, 0);
	g_assert_cmpint(fixture->keeper->forget(fixture->keeper->data, last), ==, data == NULL);
	g_assert_false(fixture->keeper->forget(fixture->keeper->data, "fill/0"));
	close(file);
}

/* What it could not be told to keep no more it is told later, and before there is another one of
 * that name. */
static void test_removes_later(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", "card/1", NULL};
	int file = memfd_create("file", MFD_CLOEXEC);
	const struct fd_keeper *keeper;

	start(fixture, names);
	keeper = fixture->keeper;
	close(keeper->take(keeper->data, "card/0"));
	close(keeper->take(keeper->data, "card/1"));
	keep_settle(fixture->keep);
	g_assert_cmpuint(fill(fixture, file), >, 0);
	g_assert_true(keeper->forget(keeper->data, "card/0"));
	g_assert_nonnull(
		strstr(logged->str, "goes on keeping a file descriptor that is of no use, card/0"));
	/* There would be two. */
	g_assert_false(keeper->keep(keeper->data, "card/0", file));
	g_assert_false(keeper->keep(keeper->data, "card/1", file));
	read_all(fixture);
	g_assert_true(keeper->keep(keeper->data, "card/1", file));
	for (unsigned int i = 0; i < 2; i++) {
		int none;
		g_autofree char *removed = hear(fixture, &none);

		g_assert_nonnull(strstr(removed, "FDSTOREREMOVE=1\nFDNAME=card/"));
	}
	expect(fixture, "FDSTORE=1\nFDNAME=card/1", file);
	expect(fixture, NULL, -1);
	g_assert_true(keeper->keep(keeper->data, "card/0", file));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", file);
	close(file);
}

/* Also where nothing else is to be kept or removed any more. */
static void test_removes_by_itself(struct fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"card/0", NULL};
	int file = memfd_create("file", MFD_CLOEXEC);
	g_autofree char *removed = NULL;
	int none;

	start(fixture, names);
	close(fixture->keeper->take(fixture->keeper->data, "card/0"));
	keep_settle(fixture->keep);
	g_assert_cmpuint(fill(fixture, file), >, 0);
	g_assert_true(fixture->keeper->forget(fixture->keeper->data, "card/0"));
	read_all(fixture);
	g_main_context_set_poll_func(NULL, poll_for_loop);
	while ((removed = hear(fixture, &none)) == NULL)
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(strstr(removed, "FDSTOREREMOVE=1\nFDNAME=card/0"));
	close(file);
}

/* While we start there is much to keep at once, more than a socket's queue holds. */
static void test_slow(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	start_with_nothing(fixture);
	/* What else a start takes is no time that it was waited for. */
	now_us += G_TIME_SPAN_HOUR;
	reader = fixture;
	for (unsigned int i = 0; i < MANY; i++)
		g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	reader = NULL;
	g_assert_cmpstr(logged->str, ==, "");
	close(file);
}

/* It does not read at all: the start goes on without it. */
static void test_hangs(struct fixture *fixture, gconstpointer data)
{
	int file = memfd_create("file", MFD_CLOEXEC);

	start_with_nothing(fixture);
	waits_left = 1;
	fill(fixture, file);
	g_assert_cmpuint(waits_left, ==, 0);
	g_assert_nonnull(strstr(logged->str, "does not keep fill/"));
	g_assert_false(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	close(file);
}

/* Started anew. */
static void test_other_manager(struct fixture *fixture, gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int file = memfd_create("file", MFD_CLOEXEC);

	start_with_nothing(fixture);
	close(fixture->manager);
	g_assert_false(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	g_assert_nonnull(strstr(logged->str, "does not keep card/0"));
	g_unlink(fixture->path);
	g_strlcpy(address.sun_path, fixture->path, sizeof(address.sun_path));
	fixture->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_assert_cmpint(bind(fixture->manager, (const struct sockaddr *)&address, sizeof(address)),
		==, 0);
	g_assert_true(fixture->keeper->keep(fixture->keeper->data, "card/0", file));
	expect(fixture, "FDSTORE=1\nFDNAME=card/0", file);
	close(file);
}

static void test_wrong(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	handed.error = EINVAL;
	g_assert_null(keep_create(&error));
	g_assert_error(error, KEEP_ERROR, KEEP_ERROR_FDS);
	g_assert_cmpstr(error->message, ==,
		"sockets of the service manager (LISTEN_FDS): Invalid argument");
}

int main(int argc, char **argv)
{
	/* Before GLib opens anything. */
	reserve();
	g_test_init(&argc, &argv, NULL);
	logged = log_record();
#define ADD(path, test) g_test_add("/keep/" path, struct fixture, NULL, set_up, test, tear_down)
	ADD("two-sorts", test_two_sorts);
	ADD("keeps", test_keeps);
	ADD("names", test_names);
	ADD("settles", test_settles);
	ADD("gives-back", test_gives_back);
	ADD("keeps-in-its-place", test_keeps_in_its_place);
	ADD("stops", test_stops);
	ADD("no-manager", test_no_manager);
	g_test_add("/keep/no-store/untold", struct fixture, NULL, set_up, test_no_store, tear_down);
	g_test_add("/keep/no-store/told", struct fixture, "0", set_up, test_no_store, tear_down);
	ADD("store", test_store);
	ADD("most", test_most);
	ADD("most-often", test_most_often);
	ADD("unreachable", test_unreachable);
	ADD("full", test_full);
	ADD("keeps-later", test_keeps_later);
	ADD("gives-up", test_gives_up);
	ADD("gives-up-one", test_gives_up_one);
	ADD("stops-waiting", test_stops_waiting);
	g_test_add("/keep/stops-and-is-heard", struct fixture, "reads", set_up, test_stops_waiting,
		tear_down);
	ADD("removes-by-itself", test_removes_by_itself);
	ADD("other-manager", test_other_manager);
	ADD("removes-later", test_removes_later);
	ADD("slow", test_slow);
	ADD("hangs", test_hangs);
	ADD("wrong", test_wrong);
	return g_test_run();
}
