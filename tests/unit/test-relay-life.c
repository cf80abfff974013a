/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMMs and back-ends that come and go, and the relay's own beginning and end.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

/* The back-end comes late: one line, the VMM's bytes wait, and nothing is lost. */
static void test_backend_late(void)
{
	struct rig rig;
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	rig_prepare(&rig);
	rig_create_relay(&rig);
	rig.vmm = rig_connect_to(rig.vmm_path);
	rig_settle();
	rig_send(rig.vmm, &message, rig.fds, 1);
	rig_send(rig.vmm, &message, rig.fds, 1);
	/* Some tries fail: nobody listens, then a socket that nobody serves. */
	while (rig_times_logged(rig.backend_path) == 0)
		g_main_context_iteration(NULL, TRUE);
	int stale = rig_listen_at(rig.backend_path);
	close(stale);
	for (int tries = 0; tries < 3; tries++)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(rig_times_logged("waiting for the back-end to listen"), ==, 1);
	g_assert_cmpuint(rig_times_logged(rig.backend_path), ==, 1);
	g_assert_cmpuint(rig.backend_told, ==, 1);
	g_assert_false(rig.backend_there);

	rig.listener = rig_listen_at(rig.backend_path);
	while (!rig_accept(&rig))
		g_main_context_iteration(NULL, TRUE);
	rig_settle();
	rig_expect_message(rig.backend, &message, rig.fds, 1);
	rig_expect_message(rig.backend, &message, rig.fds, 1);
	g_assert_cmpuint(rig_times_logged("connected to the back-end at"), ==, 1);
	g_assert_cmpuint(rig.backend_told, ==, 2);
	g_assert_true(rig.backend_there);
	rig_finish(&rig);
}

/* What a back-end that may write to its folder puts in its socket's place. */
static void test_backend_link(void)
{
	struct rig rig;

	rig_prepare(&rig);
	g_autofree char *others_path = g_build_filename(rig.directory, "others", NULL);
	int others = rig_listen_at(others_path);

	g_assert_cmpint(symlink(others_path, rig.backend_path), ==, 0);
	rig_create_relay(&rig);
	rig.vmm = rig_connect_to(rig.vmm_path);
	while (rig_times_logged("Too many levels of symbolic links") == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(accept4(others, NULL, NULL, SOCK_NONBLOCK), ==, -1);
	rig.listener = rig_listen_at(rig.backend_path);
	while (!rig_accept(&rig))
		g_main_context_iteration(NULL, TRUE);
	close(others);
	g_unlink(others_path);
	rig_finish(&rig);
}

static void test_vmm_leaves_waiting(void)
{
	struct rig rig;
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	rig_prepare(&rig);
	rig_create_relay(&rig);
	for (unsigned int i = 1; i <= 3; i++) {
		rig.vmm = rig_connect_to(rig.vmm_path);
		rig_settle();
		rig_send(rig.vmm, &message, rig.fds, 1);
		rig_close(&rig.vmm);
		rig_settle();
		g_assert_cmpuint(rig.detached, ==, i);
		g_assert_cmpuint(rig_times_logged("waiting for the back-end"), ==, i);
	}
	rig_connect(&rig);
	g_assert_cmpuint(rig.attached, ==, 0);
	rig_finish(&rig);
}

/* Who comes and goes is logged, with the guest's name and where. */
static void test_told(void)
{
	struct rig rig;

	rig_init(&rig);
	g_autofree char *came = g_strdup_printf("guest test: a VMM has connected at %s\n",
		rig.vmm_path);
	g_autofree char *backend = g_strdup_printf("guest test: connected to the back-end at %s\n",
		rig.backend_path);
	g_assert_cmpuint(rig_times_logged(came), ==, 1);
	g_assert_cmpuint(rig_times_logged(backend), ==, 1);
	rig_close(&rig.vmm);
	rig_settle();
	g_assert_cmpuint(rig_times_logged("guest test: the VMM has disconnected\n"), ==, 1);
	g_assert_cmpuint(rig_times_logged("\n"), ==, 3);
	rig_close(&rig.backend);
	rig_finish(&rig);
}

/* A second VMM waits until the first is gone, and then gets a connection of its own. */
static void test_second_vmm_waits(void)
{
	struct rig rig;
	struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);

	rig_init(&rig);
	int second = rig_connect_to(rig.vmm_path);
	rig_settle();
	rig_send(second, &message, NULL, 0);
	rig_expect_nothing(rig.backend);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);
	g_assert_cmpuint(rig_times_logged("another peer has connected and waits"), ==, 1);

	rig_close(&rig.vmm);
	rig_settle();
	rig_expect_closed(rig.backend);
	rig_close(&rig.backend);
	g_assert_cmpuint(rig.detached, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 2);
	g_assert_true(rig_accept(&rig));
	rig_expect_message(rig.backend, &message, NULL, 0);
	rig.vmm = second;
	rig_finish(&rig);
}

/* At a socket that the service manager listens on. */
static void test_listening(void)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;
	struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);

	rig_prepare(&rig);
	const struct relay_options options = {
		.name = "test",
		.vmm_listen_fd = rig_listen_at(rig.vmm_path),
		.backend_path = rig.backend_path,
	};
	rig.relay = relay_create(&options, &rig_listener, &rig, &error);
	g_assert_no_error(error);
	rig_connect(&rig);
	rig_expect_forwarded(rig_direction(&rig, false), &message, NULL, 0);
	g_unlink(rig.vmm_path);
	rig_finish(&rig);
}

/* Destroyed in whichever state, it leaves no fd and calls nobody. */
static void test_destroy(void)
{
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);

	relay_destroy(NULL);
	for (int state = 0; state < 4; state++) {
		struct rig rig;

		rig_prepare(&rig);
		rig_create_relay(&rig);
		if (state == 1) {
			rig.vmm = rig_connect_to(rig.vmm_path);
			rig_settle();
		} else if (state >= 2) {
			rig_connect(&rig);
			rig_swap(&rig, rig.fds[0]);
		}
		if (state == 3) {
			fixture_send_on(rig.vmm, &message, 15, rig.fds, 1);
			rig_settle();
		}
		relay_destroy(rig.relay);
		rig.relay = NULL;
		g_assert_cmpuint(rig.detached, ==, 0);
		g_assert_false(g_file_test(rig.vmm_path, G_FILE_TEST_EXISTS));
		rig_finish(&rig);
	}
}

static void test_create_refused(void)
{
	struct rig rig;
	g_autoptr(GError) error = NULL;
	char too_long[200];

	rig_prepare(&rig);
	memset(too_long, 'x', sizeof(too_long));
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	struct relay_options options = {
		.name = "test",
		.vmm_path = rig.vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = too_long,
	};
	g_assert_null(relay_create(&options, &rig_listener, &rig, &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, too_long));
	g_clear_error(&error);

	options.backend_path = rig.backend_path;
	rig.relay = relay_create(&options, &rig_listener, &rig, &error);
	g_assert_no_error(error);
	g_assert_null(relay_create(&options, &rig_listener, &rig, &error));
	g_assert_nonnull(error);
	rig_finish(&rig);
}

static void expect_end(const struct rig *rig, enum relay_end wanted, const char *wanted_fault)
{
	const char *fault;

	g_assert_cmpuint(rig->detached, ==, 1);
	g_assert_cmpint(relay_end(rig->relay, &fault), ==, wanted);
	g_assert_cmpint(relay_end(rig->relay, NULL), ==, wanted);
	g_assert_cmpstr(fault, ==, wanted_fault);
}

/* For people: who has left, or what was wrong. */
static void test_ends(void)
{
	struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, 2, 0);
	struct rig rig;

	rig_init(&rig);
	g_assert_cmpuint(rig.backend_told, ==, 1);
	g_assert_true(rig.backend_there);
	rig_close(&rig.vmm);
	rig_settle();
	expect_end(&rig, RELAY_END_VMM, NULL);
	rig_finish(&rig);

	rig_init(&rig);
	rig_close(&rig.backend);
	rig_settle();
	expect_end(&rig, RELAY_END_BACKEND, NULL);
	rig_finish(&rig);

	rig_init(&rig);
	rig_send(rig.vmm, &message, NULL, 0);
	expect_end(&rig, RELAY_END_FAULT, "the VMM sent message 17 of version 2, not 1");
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/relay/backend-late", test_backend_late);
	rig_add("/relay/backend-link", test_backend_link);
	rig_add("/relay/vmm-leaves-waiting", test_vmm_leaves_waiting);
	rig_add("/relay/told", test_told);
	rig_add("/relay/second-vmm-waits", test_second_vmm_waits);
	rig_add("/relay/listening", test_listening);
	rig_add("/relay/ends", test_ends);
	rig_add("/relay/destroy", test_destroy);
	rig_add("/relay/create-refused", test_create_refused);
	return g_test_run();
}
