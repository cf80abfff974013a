/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who answers the kernel before a VT switch: the main loop, or the guard's thread where the loop
 * hangs. The kernel is played: its signals are sent to this process, and ioctl() is ours.
 */
#include <glib.h>
#include <linux/vt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kms.h"
#include "session/vt_guard.h"

/* No time at all, and more than any test takes. */
#define AT_ONCE 0
#define EVER 3600000

static int masters_dropped;

static struct {
	GMutex lock;
	GCond changed;
	unsigned int answers;
	unsigned int acknowledged;
	GThread *answerer;
	int dropped_before; /* masters, when the last answer came */
} kernel;

struct fixture {
	struct vt_guard *guard;
	GString *story; /* what the listener was told, a letter each */
	unsigned int answers_at_release;
};

/* Else the fake one would come, and the fake ioctl() with it. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

void kms_master_drop(int fd)
{
	g_assert_cmpint(fd, >, STDERR_FILENO);
	g_atomic_int_inc(&masters_dropped);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	int value;

	va_start(arguments, request);
	value = va_arg(arguments, int);
	va_end(arguments);
	g_assert_cmpint(fd, ==, STDIN_FILENO);
	g_assert_cmpuint(request, ==, VT_RELDISP);
	g_mutex_lock(&kernel.lock);
	if (value == VT_ACKACQ) {
		kernel.acknowledged++;
	} else {
		g_assert_cmpint(value, ==, 1);
		kernel.answers++;
		kernel.answerer = g_thread_self();
		kernel.dropped_before = g_atomic_int_get(&masters_dropped);
	}
	g_cond_signal(&kernel.changed);
	g_mutex_unlock(&kernel.lock);
	return 0;
}

/* ---- the guard's listener ---- */

static void release(void *data)
{
	struct fixture *fixture = data;

	g_string_append_c(fixture->story, 'r');
	fixture->answers_at_release = kernel.answers;
}

static void acquire(void *data)
{
	g_string_append_c(((struct fixture *)data)->story, 'a');
}

static void late(void *data)
{
	g_string_append_c(((struct fixture *)data)->story, 'l');
}

static const struct vt_guard_listener listener = {release, acquire, late};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	kernel.answers = kernel.acknowledged = 0;
	kernel.answerer = NULL;
	g_atomic_int_set(&masters_dropped, 0);
	fixture->story = g_string_new(NULL);
	fixture->guard = vt_guard_create(STDIN_FILENO, GPOINTER_TO_UINT(data), &listener, fixture,
		&error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	vt_guard_destroy(fixture->guard);
	g_string_free(fixture->story, TRUE);
}

/* ---- the kernel ---- */

static void ask(void)
{
	kill(getpid(), vt_guard_release_signal());
}

static void come_back(void)
{
	kill(getpid(), vt_guard_acquire_signal());
}

/* Without a turn of the loop. */
static void await_answers(unsigned int count)
{
	g_mutex_lock(&kernel.lock);
	while (kernel.answers < count)
		g_cond_wait(&kernel.changed, &kernel.lock);
	g_mutex_unlock(&kernel.lock);
}

static void run_until(const struct fixture *fixture, const char *story)
{
	while (fixture->story->len < strlen(story))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(fixture->story->str, ==, story);
}

static void give_card_number(const struct fixture *fixture, uint32_t number)
{
	int fd = dup(STDIN_FILENO);

	g_assert_cmpint(fd, >=, 0);
	vt_guard_set_card(fixture->guard, number, fd);
}

static void give_card(const struct fixture *fixture)
{
	give_card_number(fixture, 0);
}

/* ---- tests ---- */

static void test_loop_answers(struct fixture *fixture, gconstpointer data)
{
	give_card(fixture);
	ask();
	run_until(fixture, "r");
	g_assert_cmpuint(fixture->answers_at_release, ==, 0);
	g_assert_cmpuint(kernel.answers, ==, 1);
	g_assert_true(kernel.answerer == g_thread_self());
	come_back();
	run_until(fixture, "ra");
	g_assert_cmpuint(kernel.acknowledged, ==, 1);
	ask();
	run_until(fixture, "rar");
	g_assert_cmpuint(kernel.answers, ==, 2);
	g_assert_cmpint(g_atomic_int_get(&masters_dropped), ==, 0);
}

/* The loop does not turn: master is dropped, then the kernel is answered. It hears of it later,
 * and does not answer again. */
static void test_thread_answers(struct fixture *fixture, gconstpointer data)
{
	give_card(fixture);
	ask();
	await_answers(1);
	g_assert_true(kernel.answerer != g_thread_self());
	g_assert_cmpint(kernel.dropped_before, ==, 1);
	g_assert_cmpuint(fixture->story->len, ==, 0);
	run_until(fixture, "lr");
	g_assert_cmpuint(kernel.answers, ==, 1);
	come_back();
	run_until(fixture, "lra");
}

/* Every card that there is lets go. */
static void test_several_cards(struct fixture *fixture, gconstpointer data)
{
	for (uint32_t i = 0; i < KMS_CARDS_MAX; i++)
		give_card_number(fixture, i);
	vt_guard_set_card(fixture->guard, 1, -1);
	ask();
	await_answers(1);
	g_assert_cmpint(kernel.dropped_before, ==, KMS_CARDS_MAX - 1);
}

static void test_without_card(struct fixture *fixture, gconstpointer data)
{
	give_card(fixture);
	vt_guard_set_card(fixture->guard, 0, -1);
	ask();
	await_answers(1);
	g_assert_cmpint(kernel.dropped_before, ==, 0);
}

/* Away and back while it hung: both are made up for, since master was lost. And twice is once. */
static void test_there_and_back(struct fixture *fixture, gconstpointer data)
{
	for (unsigned int i = 1; i <= 2; i++) {
		ask();
		await_answers(i);
		come_back();
	}
	ask();
	await_answers(3);
	run_until(fixture, "lr");
	come_back();
	run_until(fixture, "lra");
	g_assert_cmpuint(kernel.answers, ==, 3);
}

/* In the thread's own time: it ends while the kernel waits. */
static void test_end(struct fixture *fixture, gconstpointer data)
{
	give_card(fixture);
	ask();
	vt_guard_destroy(g_steal_pointer(&fixture->guard));
	vt_guard_destroy(NULL);
	g_assert_cmpuint(fixture->story->len, ==, 0);
	g_assert_cmpuint(kernel.answers, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/vt-guard/loop-answers", struct fixture, GUINT_TO_POINTER(EVER), set_up,
		test_loop_answers, tear_down);
	g_test_add("/vt-guard/thread-answers", struct fixture, GUINT_TO_POINTER(AT_ONCE), set_up,
		test_thread_answers, tear_down);
	g_test_add("/vt-guard/several-cards", struct fixture, GUINT_TO_POINTER(AT_ONCE), set_up,
		test_several_cards, tear_down);
	g_test_add("/vt-guard/without-card", struct fixture, GUINT_TO_POINTER(AT_ONCE), set_up,
		test_without_card, tear_down);
	g_test_add("/vt-guard/there-and-back", struct fixture, GUINT_TO_POINTER(AT_ONCE), set_up,
		test_there_and_back, tear_down);
	g_test_add("/vt-guard/end", struct fixture, GUINT_TO_POINTER(EVER), set_up, test_end,
		tear_down);
	return g_test_run();
}
