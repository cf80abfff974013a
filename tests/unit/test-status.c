/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a card says of a guest that shows nothing. */
#include "guests/status.h"

static const struct config_guest relayed = {.name = (char[]){"kiosk"},
	.vmm_socket = (char[]){"/run/kiosk.sock"},
	.backend_socket = (char[]){"/run/kiosk-backend.sock"}};
static const struct config_guest direct = {.name = (char[]){"sign"},
	.display_socket = (char[]){"/run/sign.sock"}};
static const struct config_guest inherited = {.name = (char[]){"sign"}, .display_fd = 3};

/* The clock's digits are left out. */
static void expect(const struct config_guest *config, enum status_kind kind, const char *fault,
	const char *text)
{
	struct status status;
	g_auto(GStrv) lines = NULL;
	g_autofree char *said = NULL;

	status_init(&status);
	status_set(&status, kind, fault);
	lines = status_lines(&status, config);
	g_assert_cmpstr(lines[0], ==, config->name);
	for (char **line = lines; *line; line++) {
		for (char *at = *line; *at; at++)
			*at = g_ascii_isdigit(*at) ? '0' : *at;
	}
	said = g_strjoinv("|", lines + 1);
	g_assert_cmpstr(said, ==, text);
	status_finish(&status);
}

static void test_lines(void)
{
	expect(&relayed, STATUS_WAITING, NULL,
		"Waiting for the virtual machine|The picture appears when it starts.|Since 00:00:00");
	expect(&direct, STATUS_WAITING, NULL,
		"Waiting for the back-end|It is to connect to /run/sign.sock.|Since 00:00:00");
	expect(&inherited, STATUS_WAITING, NULL,
		"Waiting for the back-end|The picture appears when it connects.|Since 00:00:00");
	expect(&relayed, STATUS_NO_BACKEND, NULL,
		"Waiting for the back-end|It is to listen at "
		"/run/kiosk-backend.sock.|Since 00:00:00");
	expect(&relayed, STATUS_STARTING, NULL,
		"Starting|The guest has not drawn its picture yet.|Since 00:00:00");
	expect(&relayed, STATUS_RESTARTING, NULL,
		"Paused, or starting again|The guest has not drawn its picture yet.|Since 00:00:00");
	expect(&relayed, STATUS_STOPPED, NULL,
		"The virtual machine has stopped|The picture appears when it "
		"starts.|Since 00:00:00");
	expect(&direct, STATUS_STOPPED, NULL,
		"The back-end has disconnected|It is to connect to /run/sign.sock.|Since 00:00:00");
	expect(&relayed, STATUS_BACKEND_GONE, NULL,
		"The back-end has gone|The picture comes back when the virtual machine "
		"is started again.|Since 00:00:00");
	expect(&relayed, STATUS_FAULT, "the VMM gave no memory",
		"Stopped by an error|The VMM gave no memory.|The log says more.|Since 00:00:00");
	expect(&relayed, STATUS_FAULT, "", "Stopped by an error|The log says more.|Since 00:00:00");
}

/* The time is that of the change, not of the card. */
static void test_since(void)
{
	struct status status;

	status_init(&status);
	g_assert_cmpint(status.since, >, 0);
	status.since = 1;
	g_assert_false(status_set(&status, STATUS_WAITING, NULL));
	g_assert_cmpint(status.since, ==, 1);
	g_assert_true(status_set(&status, STATUS_FAULT, "a"));
	g_assert_cmpint(status.since, >, 1);
	g_assert_false(status_set(&status, STATUS_FAULT, "a"));
	g_assert_true(status_set(&status, STATUS_FAULT, "b"));
	status_finish(&status);
}

/* How its VMM ended, by who started it: in the place of what else would come next, and until the
 * next one comes. */
static void test_notice(void)
{
	struct status status;
	g_auto(GStrv) lines = NULL;

	status_init(&status);
	status_set(&status, STATUS_STARTING, NULL);
	/* It is known here before the end itself is. */
	g_assert_true(status_notice(&status, "Ended with status 1."));
	g_assert_false(status_notice(&status, "Ended with status 1."));
	g_assert_false(status_is_failure(&status));
	lines = status_lines(&status, &relayed);
	g_assert_cmpstr(lines[2], ==, "The guest has not drawn its picture yet.");
	status_set(&status, STATUS_STOPPED, NULL);
	g_assert_true(status_is_failure(&status));
	g_strfreev(lines);
	lines = status_lines(&status, &relayed);
	g_assert_cmpstr(lines[1], ==, "The virtual machine has stopped");
	g_assert_cmpstr(lines[2], ==, "Ended with status 1.");
	g_assert_true(g_str_has_prefix(lines[3], "Since "));
	g_assert_null(lines[4]);
	g_assert_true(status_notice(&status, "Ended with status 2."));

	status_set(&status, STATUS_NO_BACKEND, NULL);
	g_assert_false(status_is_failure(&status));
	status_set(&status, STATUS_STOPPED, NULL);
	g_assert_false(status_is_failure(&status));
	g_assert_null(status.notice);
	status_notice(&status, "Ended with status 3.");
	status_finish(&status);
}

static void test_failures(void)
{
	for (enum status_kind kind = STATUS_WAITING; kind <= STATUS_FAULT; kind++) {
		struct status status = {.kind = kind};

		g_assert_true(status_is_failure(&status) ==
			(kind == STATUS_BACKEND_GONE || kind == STATUS_FAULT));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/status/lines", test_lines);
	g_test_add_func("/status/since", test_since);
	g_test_add_func("/status/notice", test_notice);
	g_test_add_func("/status/failures", test_failures);
	return g_test_run();
}
