/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cut_seat.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "session/seat_client.h"
#include "session/session_internal.h"

/* Of session.c, which would bring the terminal with it, and the card. */
G_DEFINE_QUARK(test_session_error_quark, session_error)

/* As test-cut-display's. */
enum cut { CUT_KILLED, CUT_STOPPED, CUT_SILENT };

/* Whose double is spoken to, and that. */
static const struct cut_seat_manager *manager;
static struct seatd_double *seatd;

/* ---- the log, of two threads ---- */

static struct {
	GMutex lock;
	GString *warnings; /* and worse, a line each */
	unsigned int gone; /* that it has exited */
	unsigned int silent, answering; /* that it does not answer, and that it does again */
} logged;

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	const char *message = "";

	for (gsize i = 0; i < count; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	g_mutex_lock(&logged.lock);
	if (level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))
		g_string_append_printf(logged.warnings, "%s\n", message);
	logged.gone += strstr(message, "has exited") != NULL;
	logged.silent += strstr(message, "does not answer") != NULL;
	logged.answering += strstr(message, "answers again") != NULL;
	g_mutex_unlock(&logged.lock);
	return G_LOG_WRITER_HANDLED;
}

static unsigned int times(const unsigned int *what)
{
	unsigned int count;

	g_mutex_lock(&logged.lock);
	count = *what;
	g_mutex_unlock(&logged.lock);
	return count;
}

static void forget_log(void)
{
	g_string_truncate(logged.warnings, 0);
	logged.gone = logged.silent = logged.answering = 0;
}

/* ---- time ---- */

/*
 * In place of GLib's: whoever waits has all the time of the world, however slow this machine is,
 * until the seatd is stopped; then it is up.
 */
gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_us)
{
	static gboolean (*wait)(GCond *, GMutex *, gint64);

	if (!wait)
		*(void **)&wait = dlsym(RTLD_NEXT, "g_cond_wait_until");
	if (seatd && seatd_double_is_stopped(seatd))
		return FALSE;
	/* Who has waited in vain looks again: it may have happened when the time was up. */
	wait(cond, mutex, g_get_monotonic_time() + G_TIME_SPAN_MILLISECOND);
	return TRUE;
}

/* ---- who sits there ---- */

struct user {
	struct session *session;
	int card, keyboard; /* fds, or -errno */
	bool wants_card, wants_keyboard; /* as soon as they can be had */
	unsigned int released, acquired, renewed, gone;
};

static int open_device(const struct user *user, const char *path, bool *wants)
{
	const struct device_opener *opener = &user->session->input_opener;
	int fd = opener->open(opener->data, path, O_RDWR);

	*wants = fd == -ETIMEDOUT;
	return fd;
}

static void close_device(const struct user *user, int *fd, bool *wants)
{
	const struct device_opener *opener = &user->session->input_opener;

	*wants = false;
	if (*fd >= 0)
		opener->close(opener->data, *fd);
	*fd = -EBADF;
}

static void on_release(void *data)
{
	struct user *user = data;

	user->released++;
	close_device(user, &user->keyboard, &user->wants_keyboard);
}

static void on_acquire(void *data)
{
	struct user *user = data;

	user->acquired++;
	user->keyboard = open_device(user, "/dev/input/event0", &user->wants_keyboard);
}

static void on_devices_ready(void *data)
{
	struct user *user = data;

	if (user->wants_card)
		user->card = open_device(user, "/dev/dri/card0", &user->wants_card);
	if (user->wants_keyboard)
		user->keyboard = open_device(user, "/dev/input/event0", &user->wants_keyboard);
}

static void on_renewed(void *data)
{
	struct user *user = data;

	user->renewed++;
	close_device(user, &user->card, &user->wants_card);
	user->card = open_device(user, "/dev/dri/card0", &user->wants_card);
	close_device(user, &user->keyboard, &user->wants_keyboard);
	user->keyboard = open_device(user, "/dev/input/event0", &user->wants_keyboard);
}

static void on_gone(void *data)
{
	struct user *user = data;

	user->gone++;
}

static const struct session_listener listener = {on_release, on_acquire, on_devices_ready,
	on_renewed, on_gone};

/* ---- the dialogue ---- */

/* False: nothing comes any more. */
static bool goes_on(enum cut cut)
{
	if (times(&logged.gone) > 0)
		return false;
	if (seatd_double_is_stopped(seatd)) {
		if (cut != CUT_STOPPED)
			return false;
		seatd_double_continue(seatd);
	}
	return true;
}

#define UNTIL(condition) \
	while (!(condition) && goes_on(cut)) \
	g_main_context_iteration(NULL, TRUE)

/* A device that is plugged is opened in a turn of the main loop. */
static gboolean plug_keyboard(gpointer data)
{
	struct user *user = data;

	user->keyboard = open_device(user, "/dev/input/event0", &user->wants_keyboard);
	return G_SOURCE_REMOVE;
}

/* False: there is no session. */
static bool sit_down(struct user *user)
{
	g_autoptr(GError) error = NULL;

	*user = (struct user){.card = -EBADF, .keyboard = -EBADF};
	user->session = session_seat_create(&listener, user, &error);
	if (!user->session) {
		g_assert_nonnull(error);
		return false;
	}
	g_assert_no_error(error);
	user->card = open_device(user, "/dev/dri/card0", &user->wants_card);
	return true;
}

/* A keyboard comes and goes, the terminal is switched away and back. */
static void use(struct user *user, enum cut cut)
{
	user->wants_keyboard = true;
	g_idle_add_full(G_PRIORITY_HIGH, plug_keyboard, user, NULL);
	do
		g_main_context_iteration(NULL, FALSE);
	while (user->keyboard == -EBADF);
	UNTIL(!user->wants_keyboard && !user->wants_card);
	close_device(user, &user->keyboard, &user->wants_keyboard);
	user->session->way->switch_terminal(user->session, 3);
	UNTIL(user->acquired > 0);
	UNTIL(!user->wants_keyboard && !user->wants_card);
}

static void stand_up(struct user *user)
{
	close_device(user, &user->keyboard, &user->wants_keyboard);
	close_device(user, &user->card, &user->wants_card);
	user->session->way->destroy(user->session);
}

static void expect_whole(const struct user *user)
{
	g_assert_cmpint(user->card, >=, 0);
	g_assert_cmpint(user->keyboard, >=, 0);
	g_assert_cmpuint(user->released, ==, 1);
	g_assert_cmpuint(user->acquired, ==, 1);
	g_assert_cmpuint(user->gone, ==, 0);
	g_assert_cmpuint(times(&logged.gone), ==, 0);
	g_assert_cmpuint(times(&logged.silent), ==, times(&logged.answering));
}

/* What was open stays open; and whoever has not got the session back has been told why. */
static void expect_gone(const struct user *user)
{
	while (times(&logged.gone) == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(times(&logged.gone), ==, 1);
	g_assert_cmpuint(user->released - user->acquired, ==, user->gone);
	if (user->card >= 0)
		g_assert_cmpint(fcntl(user->card, F_GETFD), >=, 0);
}

/* What is there before a dialogue, and after it. */
struct before {
	size_t fds;
	size_t threads;
};

static struct before look_before(void)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/task", 0, NULL);
	struct before before = {.threads = 0};

	g_assert_nonnull(folder);
	while (g_dir_read_name(folder))
		before.threads++;
	g_clear_pointer(&folder, g_dir_close);
	before.fds = fixture_count_fds();
	return before;
}

/* A thread that hung has ended, too: where a seat could not be opened libseat closes its socket
 * twice, and the second time can be another's of the next dialogue. */
static void end_seatd(struct before before)
{
	struct before now;

	seatd_double_end(seatd);
	do {
		g_thread_yield();
		now = look_before();
	} while (now.fds != before.fds || now.threads != before.threads);
	g_assert_cmpuint(seatd_double_books(seatd)->wrong, ==, 0);
}

/* All of it, with a seatd that nothing happens to. */
static struct seatd_double_books play_whole(void)
{
	struct before before = look_before();
	struct seatd_double_books books;
	const enum cut cut = CUT_SILENT;
	struct user user;

	seatd = manager->start(SEATD_NEVER, SEATD_STOPPED);
	g_assert_true(sit_down(&user));
	use(&user, cut);
	expect_whole(&user);
	stand_up(&user);
	end_seatd(before);
	books = *seatd_double_books(seatd);
	g_array_ref(books.boundaries);
	g_assert_cmpuint(books.opened, ==, 3);
	g_assert_cmpuint(books.closed, ==, 3);
	g_assert_cmpuint(times(&logged.silent), ==, 0);
	g_assert_cmpstr(logged.warnings->str, ==, "");
	seatd_double_free(seatd);
	forget_log();
	return books;
}

/* `last`: what is cut after this may be of the end, of which nothing is told. */
static void play_cut(size_t limit, enum seatd_cut how, enum cut cut, bool last)
{
	struct before before = look_before();
	unsigned int warnings;
	struct user user;

	seatd = manager->start(limit, how);
	if (sit_down(&user)) {
		use(&user, cut);
		if (cut == CUT_STOPPED)
			expect_whole(&user);
		else if (cut == CUT_KILLED && !last)
			expect_gone(&user);
		stand_up(&user);
	}
	if (cut == CUT_STOPPED) {
		seatd_double_continue(seatd);
		seatd_double_await_alone(seatd);
	}
	end_seatd(before);
	if (cut == CUT_STOPPED)
		g_assert_cmpuint(seatd_double_books(seatd)->opened, ==,
			seatd_double_books(seatd)->closed);
	/* One word, if it was not the caller's to say. */
	warnings = (unsigned int)strlen(logged.warnings->str);
	g_strdelimit(logged.warnings->str, "\n", '\0');
	g_assert_cmpuint(warnings, <=, strlen(logged.warnings->str) + 1);
	seatd_double_free(seatd);
	forget_log();
}

/* The next place after `limit`: the next byte, or the middle of a message, or its end. */
static size_t next_limit(const GArray *boundaries, size_t limit)
{
	size_t begin = 0;

	if (manager->at_each_byte)
		return limit + 1;
	for (guint i = 0; i < boundaries->len; i++) {
		size_t end = g_array_index(boundaries, size_t, i);

		if (limit < begin + (end - begin) / 2)
			return begin + (end - begin) / 2;
		if (limit < end)
			return end;
		begin = end;
	}
	return limit + 1;
}

static void cut_everywhere(enum seatd_cut how, enum cut cut)
{
	struct seatd_double_books whole = play_whole();
	/* Two devices, and the seat, are closed at the end. */
	size_t last = g_array_index(whole.boundaries, size_t, whole.boundaries->len - 4);

	for (size_t limit = 0; limit < whole.sent; limit = next_limit(whole.boundaries, limit)) {
		play_cut(limit, how, cut, limit >= last);
		g_array_unref(play_whole().boundaries);
	}
	g_array_unref(whole.boundaries);
}

static void test_whole(void)
{
	g_array_unref(play_whole().boundaries);
}

static void test_killed(void)
{
	cut_everywhere(SEATD_KILLED, CUT_KILLED);
}

static void test_stopped(void)
{
	cut_everywhere(SEATD_STOPPED, CUT_STOPPED);
}

static void test_silent(void)
{
	cut_everywhere(SEATD_STOPPED, CUT_SILENT);
}

/* What it was asked last is still in its socket. */
static void test_killed_unread(void)
{
	struct seatd_double_books whole = play_whole();

	for (size_t request = 0; request < whole.requests; request++)
		play_cut(request, SEATD_KILLED_UNREAD, CUT_KILLED, request + 3 >= whole.requests);
	g_array_unref(whole.boundaries);
}

/* Killed, and started again. */
static void test_renewed(void)
{
	struct seatd_double_books whole = play_whole();
	size_t limit = g_array_index(whole.boundaries, size_t, whole.boundaries->len - 4);
	struct before before = look_before();
	struct seatd_double *killed = manager->start(limit, SEATD_KILLED);
	struct user user;

	g_array_unref(whole.boundaries);
	seatd = killed;
	g_assert_true(sit_down(&user));
	use(&user, CUT_KILLED);
	expect_gone(&user);
	seatd_double_end(killed);
	seatd = manager->start(SEATD_NEVER, SEATD_STOPPED);
	while (user.renewed == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(user.card, >=, 0);
	g_assert_cmpint(user.keyboard, >=, 0);
	g_assert_cmpuint(user.released, ==, user.acquired + user.renewed);
	g_assert_cmpuint(user.gone, ==, 0);
	stand_up(&user);
	end_seatd(before);
	g_assert_cmpuint(user.renewed, ==, 1);
	g_assert_cmpuint(seatd_double_books(seatd)->opened, ==, 2);
	g_assert_cmpuint(seatd_double_books(seatd)->closed, ==, 2);
	seatd_double_free(killed);
	seatd_double_free(seatd);
	forget_log();
}

static void add_test(const char *name, GTestFunc function)
{
	g_autofree char *path = g_strdup_printf("/cut/%s/%s", manager->name, name);

	g_test_add_func(path, function);
}

int cut_seat_run(int argc, char **argv, const struct cut_seat_manager *of)
{
	int status;

	manager = of;
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	logged.warnings = g_string_new(NULL);
	/* Has an fd of its own, which is there before any is counted. */
	g_main_context_default();
	g_setenv("LIBSEAT_BACKEND", manager->name, TRUE);
	if (manager->prepare)
		manager->prepare();
	add_test("whole", test_whole);
	add_test("killed", test_killed);
	add_test("killed-unread", test_killed_unread);
	add_test("renewed", test_renewed);
	add_test("stopped", test_stopped);
	add_test("silent", test_silent);
	status = g_test_run();
	g_string_free(logged.warnings, TRUE);
	return status;
}
