/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration, read again while the main loop runs. */
#include "config_fixture.h"
#include "config_reader.h"

struct reading {
	GMainLoop *loop;
	char **arguments;
	struct config_reader *reader;
	struct config *config;
	char *message;
};

static void on_read(void *data, struct config *config, const GError *error)
{
	struct reading *reading = data;

	g_assert_cmpint(config == NULL, ==, error != NULL);
	g_assert_null(reading->config);
	g_assert_null(reading->message);
	reading->config = config;
	reading->message = error != NULL ? g_strdup(error->message) : NULL;
	g_main_loop_quit(reading->loop);
}

static void start(struct config_fixture *fixture, struct reading *reading)
{
	static char program[] = "scanoutd", card[] = "--card=/dev/b";
	char *arguments[] = {program, g_strdup_printf("--config=%s", fixture->path), card, NULL};

	*reading = (struct reading){.loop = g_main_loop_new(NULL, FALSE)};
	/* As main's: a thread that nobody waits for may have them for longer than the test. */
	reading->arguments = g_memdup2(arguments, sizeof(arguments));
	reading->reader = config_reader_create(reading->arguments, on_read, reading);
}

/* The thread has ended with the last call. */
static void finish(struct reading *reading)
{
	config_reader_destroy(reading->reader);
	g_free(reading->arguments[1]);
	g_free(reading->arguments);
	g_main_loop_unref(reading->loop);
}

static void test_reads(struct config_fixture *fixture, gconstpointer data)
{
	struct reading reading;

	start(fixture, &reading);
	config_fixture_write(fixture, "[daemon]\ncard=/dev/a\n[output DP-1]\n");
	config_reader_read(reading.reader);
	g_main_loop_run(reading.loop);
	g_assert_cmpstr(reading.config->daemon.cards[0], ==, "/dev/b");
	g_assert_cmpuint(reading.config->outputs->len, ==, 1);
	config_destroy(reading.config);
	finish(&reading);
}

/* While it is read, a file changes: what is told is what it says then, and only that. */
static void test_again(struct config_fixture *fixture, gconstpointer data)
{
	struct reading reading;

	start(fixture, &reading);
	config_fixture_write(fixture, "[output DP-1]\n");
	config_reader_read(reading.reader);
	config_fixture_write(fixture, "[output DP-1]\n[output DP-2]\n");
	config_reader_read(reading.reader);
	config_reader_read(reading.reader);
	g_main_loop_run(reading.loop);
	g_assert_cmpuint(reading.config->outputs->len, ==, 2);
	config_destroy(reading.config);
	finish(&reading);
}

static void test_error(struct config_fixture *fixture, gconstpointer data)
{
	g_autofree char *message = g_strdup_printf(
		"%s:2: [output DP-1]: guest=none: there is no [guest none]", fixture->path);
	struct reading reading;

	start(fixture, &reading);
	config_fixture_write(fixture, "[daemon]\n[output DP-1]\nguest=none\n");
	config_reader_read(reading.reader);
	g_main_loop_run(reading.loop);
	g_assert_cmpstr(reading.message, ==, message);
	g_free(reading.message);
	finish(&reading);
}

/* Last: its thread may live as long as the program. */
static void test_nobody_waits(struct config_fixture *fixture, gconstpointer data)
{
	static struct reading reading;
	struct reading other;

	config_fixture_write(fixture, "[output DP-1]\n");
	start(fixture, &reading);
	start(fixture, &other);
	config_reader_read(reading.reader);
	config_reader_destroy(reading.reader);
	config_reader_read(other.reader);
	g_main_loop_run(other.loop);
	config_destroy(other.config);
	finish(&other);
	g_main_loop_unref(reading.loop);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/config-reader/" name, struct config_fixture, NULL, config_fixture_set_up, \
		function, config_fixture_tear_down)
	ADD("reads", test_reads);
	ADD("again", test_again);
	ADD("error", test_error);
	ADD("nobody-waits", test_nobody_waits);
#undef ADD
	return g_test_run();
}
