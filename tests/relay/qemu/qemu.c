/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between unmodified programs: QEMU with OVMF as its guest, and QEMU's own back-end. No
 * DRM device takes part.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "vhost_user_gpu.h"

static bool guest_draws(struct rig *rig)
{
	return rig->display.updates > 0;
}

static bool driver_begins(struct rig *rig)
{
	return rig->display.questions > 0;
}

static bool display_socket_ended(struct rig *rig)
{
	return rig->display.ended;
}

static bool backend_ended(struct rig *rig)
{
	return rig->backend.ended;
}

static bool vmm_is_gone(struct rig *rig)
{
	return rig->detached > 0 && rig->detached == relay_counters(rig->relay)->vmms;
}

static bool socket_was_swallowed(struct rig *rig)
{
	return relay_counters(rig->relay)->sockets_swallowed == rig->swallowed_wanted;
}

static bool waits_for_backend(struct rig *rig)
{
	return rig_has_logged(rig, "waiting for the back-end");
}

/* One at a time, and where its callbacks find it. */
static struct rig rig;

/* QEMU's complaints, if it had any. */
static char *qemu_errors(void)
{
	char *text = NULL;

	g_assert_true(g_file_get_contents(rig.qemu_errors, &text, NULL, NULL));
	return text;
}

static void start_drawing(void)
{
	rig.display.updates = 0;
	rig_start_backend(&rig);
	rig_start_qemu(&rig, RIG_MEMORY_SHARED);
	rig_wait(&rig, guest_draws);
}

static void test_picture_arrives(void)
{
	rig_init(&rig);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 1);
	g_assert_cmpuint(rig.display.first_request, ==, VHOST_USER_GPU_GET_PROTOCOL_FEATURES);
	g_assert_cmpuint(rig.display.scanouts, >, 0);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swapped, ==, 1);
	g_assert_cmpuint(relay_counters(rig.relay)->messages, >, 20);
	g_assert_cmpuint(rig.detached, ==, 0);

	rig_qmp(&rig, "quit");
	rig_wait(&rig, vmm_is_gone);
	rig_wait(&rig, backend_ended);
	rig_wait(&rig, display_socket_ended);
	g_autofree char *errors = qemu_errors();
	g_assert_cmpstr(errors, ==, "");
	rig_finish(&rig);
}

/* The back-end has its one socket still, and is alive; QEMU has found nothing odd. */
static void check_survival(void)
{
	g_assert_cmpuint(rig.attached, ==, 1);
	g_assert_cmpuint(rig.detached, ==, 0);
	g_assert_cmpuint(relay_counters(rig.relay)->sockets_swapped, ==, 1);
	g_assert_false(rig.backend.ended);
	g_autofree char *errors = qemu_errors();
	g_assert_cmpstr(errors, ==, "");
}

/*
 * QEMU alone ends with a dead display here: its back-end refuses a second socket. That back-end
 * forgets no resource at a reset, so this firmware cannot make its own again and draws nothing; but
 * its driver is served, over the same display socket. A Linux guest draws: tests/guest/test-reboot.
 */
static void test_guest_reset(void)
{
	rig_init(&rig);
	start_drawing();
	for (unsigned int i = 1; i <= 3; i++) {
		rig.display.questions = 0;
		rig.swallowed_wanted = i;
		rig_qmp(&rig, "system_reset");
		rig_wait(&rig, socket_was_swallowed);
		rig_wait(&rig, driver_begins);
		check_survival();
	}
	rig_finish(&rig);
}

static void test_guest_paused(void)
{
	rig_init(&rig);
	start_drawing();
	rig.swallowed_wanted = 1;
	rig_qmp(&rig, "stop");
	rig_qmp(&rig, "cont");
	rig_wait(&rig, socket_was_swallowed);
	rig.display.updates = 0;
	rig_wait(&rig, guest_draws);
	check_survival();
	rig_finish(&rig);
}

/*
 * A debugger stops QEMU. Its back-end lives, nothing is closed, and what waits for QEMU waits in a
 * socket; when it goes on, so does the guest.
 */
static void test_vmm_stopped(void)
{
	rig_init(&rig);
	start_drawing();
	for (unsigned int i = 0; i < 3; i++) {
		kill(rig.qemu.pid, SIGSTOP);
		/* Of what the back-end had already, and of what is asked meanwhile, nothing is
		 * lost. */
		rig_qmp(&rig, "system_reset");
		check_survival();
		rig.display.questions = 0;
		rig.swallowed_wanted = i + 1;
		kill(rig.qemu.pid, SIGCONT);
		rig_wait(&rig, socket_was_swallowed);
		rig_wait(&rig, driver_begins);
		check_survival();
	}
	/* Nor is it needed for its end. */
	kill(rig.qemu.pid, SIGSTOP);
	kill(rig.qemu.pid, SIGKILL);
	rig_wait(&rig, vmm_is_gone);
	rig_wait(&rig, backend_ended);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 2);
	rig_finish(&rig);
}

static void test_next_vmm(void)
{
	rig_init(&rig);
	start_drawing();
	rig_qmp(&rig, "quit");
	rig_wait(&rig, vmm_is_gone);
	rig_wait(&rig, backend_ended);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 2);
	g_assert_cmpuint(rig.detached, ==, 1);

	kill(rig.qemu.pid, SIGKILL);
	rig_wait(&rig, vmm_is_gone);
	rig_wait(&rig, backend_ended);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 3);
	rig_finish(&rig);
}

static void test_backend_killed(void)
{
	rig_init(&rig);
	start_drawing();
	kill(rig.backend.pid, SIGKILL);
	rig_wait(&rig, vmm_is_gone);
	rig_wait(&rig, display_socket_ended);
	g_assert_true(rig_has_logged(&rig,
		"guest test: closing vhost-user: the back-end has disconnected"));
	program_kill(&rig.qemu);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 2);
	rig_finish(&rig);
}

static void test_backend_late(void)
{
	rig_init(&rig);
	rig_start_qemu(&rig, RIG_MEMORY_SHARED);
	rig_wait(&rig, waits_for_backend);
	g_autofree char *path = g_build_filename(rig.directory, "backend", NULL);
	g_assert_true(rig_has_logged(&rig, path));
	rig_start_backend(&rig);
	rig_wait(&rig, guest_draws);
	g_assert_cmpuint(rig.attached, ==, 1);
	rig_finish(&rig);
}

static void test_vmm_leaves_waiting(void)
{
	rig_init(&rig);
	rig_start_qemu(&rig, RIG_MEMORY_SHARED);
	rig_wait(&rig, waits_for_backend);
	program_kill(&rig.qemu);
	rig_wait(&rig, vmm_is_gone);
	start_drawing();
	g_assert_cmpuint(rig.attached, ==, 1);
	g_assert_cmpuint(rig.detached, ==, 1);
	rig_finish(&rig);
}

static void test_private_memory(void)
{
	rig_init(&rig);
	rig_start_backend(&rig);
	rig_start_qemu(&rig, RIG_MEMORY_PRIVATE);
	rig_wait(&rig, vmm_is_gone);
	g_assert_cmpuint(relay_counters(rig.relay)->vmms, ==, 1);
	g_assert_true(rig_has_logged(&rig, "-object memory-backend-memfd"));
	rig_finish(&rig);
}

/* CPU time of QEMU's main thread, in clock ticks. */
static long main_thread_ticks(void)
{
	const int pid = rig.qemu.pid;
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/stat", pid, pid);
	g_autofree char *text = NULL;
	long user;
	long system;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpint(sscanf(strrchr(text, ')'),
				") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
				&system),
		==, 2);
	return user + system;
}

static gboolean window_over(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

/*
 * A display socket that is closed behind QEMU's back makes its main thread spin and complain
 * without end. With the relay it does neither, also when the guest has been reset.
 */
static void test_vmm_does_not_spin(void)
{
	bool over = false;

	rig_init(&rig);
	start_drawing();
	rig.display.questions = 0;
	rig.swallowed_wanted = 1;
	rig_qmp(&rig, "system_reset");
	rig_wait(&rig, socket_was_swallowed);
	rig_wait(&rig, driver_begins);

	long before = main_thread_ticks();
	g_timeout_add_seconds(2, window_over, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
	long used = main_thread_ticks() - before;
	g_test_message("main thread: %ld of %ld ticks", used, 2 * sysconf(_SC_CLK_TCK));
	g_assert_cmpint(used, <, sysconf(_SC_CLK_TCK));
	g_autofree char *errors = qemu_errors();
	g_assert_cmpstr(errors, ==, "");
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	signal(SIGPIPE, SIG_IGN);
	g_test_add_func("/relay/qemu/picture-arrives", test_picture_arrives);
	g_test_add_func("/relay/qemu/guest-reset", test_guest_reset);
	g_test_add_func("/relay/qemu/guest-paused", test_guest_paused);
	g_test_add_func("/relay/qemu/vmm-stopped", test_vmm_stopped);
	g_test_add_func("/relay/qemu/next-vmm", test_next_vmm);
	g_test_add_func("/relay/qemu/backend-killed", test_backend_killed);
	g_test_add_func("/relay/qemu/backend-late", test_backend_late);
	g_test_add_func("/relay/qemu/vmm-leaves-waiting", test_vmm_leaves_waiting);
	g_test_add_func("/relay/qemu/private-memory", test_private_memory);
	g_test_add_func("/relay/qemu/vmm-does-not-spin", test_vmm_does_not_spin);
	return g_test_run();
}
