/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service manager's watchdog, at a socket of the test's: what it hears, and what it does
 * not. */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "report/watchdog.h"

struct fixture {
	char *directory;
	char *path;
	int manager;
	bool sick;
	unsigned int asked;
};

static unsigned int logged_critical;
static unsigned int logged_well;
static char *logged;

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	logged_critical += level == G_LOG_LEVEL_CRITICAL;
	logged_well += level == G_LOG_LEVEL_MESSAGE;
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE")) {
			g_free(logged);
			logged = g_strdup(fields[i].value);
		}
	}
	return G_LOG_WRITER_HANDLED;
}

static void listen_at(struct fixture *fixture, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fixture->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	g_assert_cmpint(bind(fixture->manager, (const struct sockaddr *)&address, length), ==, 0);
	g_setenv("NOTIFY_SOCKET", path, TRUE);
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
	bool abstract = data != NULL;

	fixture->directory = g_dir_make_tmp("watchdog-XXXXXX", NULL);
	fixture->path = abstract ? g_strdup_printf("@scanoutd-test-watchdog-%s", pid)
				 : g_build_filename(fixture->directory, "notify", NULL);
	listen_at(fixture, fixture->path);
	g_setenv("WATCHDOG_PID", pid, TRUE);
	/* Microseconds. */
	g_setenv("WATCHDOG_USEC", "2000", TRUE);
	logged_critical = 0;
	logged_well = 0;
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	close(fixture->manager);
	g_unlink(fixture->path);
	g_rmdir(fixture->directory);
	g_free(fixture->path);
	g_free(fixture->directory);
	g_clear_pointer(&logged, g_free);
	g_unsetenv("NOTIFY_SOCKET");
	g_unsetenv("WATCHDOG_PID");
	g_unsetenv("WATCHDOG_USEC");
}

static char *check(void *data)
{
	struct fixture *fixture = data;

	fixture->asked++;
	return fixture->sick ? g_strdup("guest kiosk has waited") : NULL;
}

/* How often it was told that we live since the last look. */
static unsigned int heard(const struct fixture *fixture)
{
	unsigned int count = 0;
	char text[64];
	ssize_t size;

	while ((size = recv(fixture->manager, text, sizeof(text), 0)) >= 0) {
		g_assert_cmpmem(text, (size_t)size, "WATCHDOG=1", strlen("WATCHDOG=1"));
		count++;
	}
	return count;
}

static void run_until_asked(struct fixture *fixture, unsigned int times)
{
	unsigned int end = fixture->asked + times;

	while (fixture->asked < end)
		g_main_context_iteration(NULL, TRUE);
}

static void test_alive(struct fixture *fixture, gconstpointer data)
{
	struct watchdog *watchdog = watchdog_create(check, fixture);

	g_assert_nonnull(watchdog);
	g_assert_cmpuint(heard(fixture), ==, 1);
	run_until_asked(fixture, 3);
	g_assert_cmpuint(heard(fixture), ==, 3);
	g_assert_cmpuint(logged_critical, ==, 0);
	watchdog_destroy(watchdog);
	g_assert_false(g_main_context_iteration(NULL, FALSE));
}

static void test_sick(struct fixture *fixture, gconstpointer data)
{
	struct watchdog *watchdog = watchdog_create(check, fixture);

	heard(fixture);
	fixture->sick = true;
	run_until_asked(fixture, 3);
	g_assert_cmpuint(heard(fixture), ==, 0);
	g_assert_cmpuint(logged_critical, ==, 1);
	g_assert_true(g_str_has_prefix(logged, "guest kiosk has waited; "));
	fixture->sick = false;
	run_until_asked(fixture, 2);
	g_assert_cmpuint(heard(fixture), ==, 2);
	g_assert_cmpuint(logged_well, ==, 1);
	fixture->sick = true;
	run_until_asked(fixture, 1);
	g_assert_cmpuint(logged_critical, ==, 2);
	watchdog_destroy(watchdog);
}

/* The manager reads nothing, and then is gone: the loop turns on. */
static void test_manager_sleeps(struct fixture *fixture, gconstpointer data)
{
	struct watchdog *watchdog = watchdog_create(check, fixture);
	unsigned int queued;

	/* More than a queue of datagrams takes. */
	run_until_asked(fixture, 600);
	queued = heard(fixture);
	g_assert_cmpuint(queued, >, 0);
	g_assert_cmpuint(queued, <, 601);
	run_until_asked(fixture, 1);
	g_assert_cmpuint(heard(fixture), ==, 1);
	close(fixture->manager);
	run_until_asked(fixture, 2);
	fixture->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	watchdog_destroy(watchdog);
}

static void test_not_wanted(struct fixture *fixture, gconstpointer data)
{
	g_unsetenv("WATCHDOG_USEC");
	g_assert_null(watchdog_create(check, fixture));
	/* Meant for another process. */
	g_setenv("WATCHDOG_USEC", "2000", TRUE);
	g_setenv("WATCHDOG_PID", "1", TRUE);
	g_assert_null(watchdog_create(check, fixture));
	g_assert_null(logged);
	watchdog_destroy(NULL);
}

/* It is said, and costs nothing else. */
static void test_no_socket(struct fixture *fixture, gconstpointer data)
{
	static const char *const paths[] = {"", "x", "/nonexistent/notify"};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_setenv("NOTIFY_SOCKET", paths[i], TRUE);
		g_assert_null(watchdog_create(check, fixture));
		g_assert_nonnull(strstr(logged, "NOTIFY_SOCKET"));
		g_clear_pointer(&logged, g_free);
	}
	g_unsetenv("NOTIFY_SOCKET");
	g_assert_null(watchdog_create(check, fixture));
	g_assert_nonnull(strstr(logged, "NOTIFY_SOCKET"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(record, NULL, NULL);
	g_test_add("/watchdog/alive", struct fixture, NULL, set_up, test_alive, tear_down);
	g_test_add("/watchdog/abstract-socket", struct fixture, "abstract", set_up, test_alive,
		tear_down);
	g_test_add("/watchdog/sick", struct fixture, NULL, set_up, test_sick, tear_down);
	g_test_add("/watchdog/manager-sleeps", struct fixture, NULL, set_up, test_manager_sleeps,
		tear_down);
	g_test_add("/watchdog/not-wanted", struct fixture, NULL, set_up, test_not_wanted,
		tear_down);
	g_test_add("/watchdog/no-socket", struct fixture, NULL, set_up, test_no_socket, tear_down);
	return g_test_run();
}
