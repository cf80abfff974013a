/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a guest's machine counts as untouched, and what wakes it. */
#include "input/idle.h"

#include <string.h>

static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c";

/* Of machines only the identity matters here: a and b have one, c has its own. */
static char machines[2];

static struct machine *machine_at(size_t index)
{
	return (struct machine *)(void *)&machines[index];
}

static struct machine *machine_of(void *data, const char *guest)
{
	return machine_at(g_str_equal(guest, "c"));
}

struct fixture {
	GPtrArray *guests;
	struct config_guest a, b, c;
	struct idle *idle;
	GString *told; /* "a-" idle, "a+" awake */
};

static void on_changed(void *data, const char *guest, bool idle)
{
	struct fixture *fixture = data;

	g_string_append_printf(fixture->told, "%s%c", guest, idle ? '-' : '+');
}

static const struct idle_listener listener = {on_changed};

static void set_up(struct fixture *fixture, gint64 a_ms, gint64 b_ms, gint64 c_ms)
{
	*fixture = (struct fixture){
		.guests = g_ptr_array_new(),
		.a = {.name = name_a, .idle_off_ms = a_ms},
		.b = {.name = name_b, .idle_off_ms = b_ms},
		.c = {.name = name_c, .idle_off_ms = c_ms},
		.told = g_string_new(NULL),
	};
	g_ptr_array_add(fixture->guests, &fixture->a);
	g_ptr_array_add(fixture->guests, &fixture->b);
	g_ptr_array_add(fixture->guests, &fixture->c);
	fixture->idle = idle_create(fixture->guests, machine_of, NULL, &listener, fixture);
}

static void tear_down(struct fixture *fixture)
{
	idle_destroy(fixture->idle);
	/* Nothing is left that would call us. */
	g_assert_false(g_main_context_pending(NULL));
	g_ptr_array_unref(fixture->guests);
	g_string_free(fixture->told, TRUE);
}

static void wait_for(struct fixture *fixture, const char *told)
{
	while (!strstr(fixture->told->str, told))
		g_main_context_iteration(NULL, TRUE);
}

static void expect_told(struct fixture *fixture, const char *told)
{
	g_assert_cmpstr(fixture->told->str, ==, told);
	g_string_truncate(fixture->told, 0);
}

static void test_idle_and_awake(void)
{
	struct fixture fixture;

	set_up(&fixture, 1, CONFIG_NEVER, CONFIG_NEVER);
	g_assert_true(idle_is_wanted(fixture.guests));
	idle_count(fixture.idle, true);
	g_assert_false(idle_input(fixture.idle, machine_at(0)));
	wait_for(&fixture, "a-");
	/* Another machine's input is none of its. */
	g_assert_false(idle_input(fixture.idle, machine_at(1)));
	expect_told(&fixture, "a-");
	g_assert_true(idle_input(fixture.idle, machine_at(0)));
	g_assert_false(idle_input(fixture.idle, machine_at(0)));
	wait_for(&fixture, "-");
	expect_told(&fixture, "a+a-");
	tear_down(&fixture);
}

/* Two guests of one machine have their own times, and are awake together. */
static void test_one_machine(void)
{
	struct fixture fixture;

	set_up(&fixture, 1, 2, 3600000);
	idle_count(fixture.idle, true);
	wait_for(&fixture, "a-b-");
	g_assert_true(idle_input(fixture.idle, machine_at(0)));
	expect_told(&fixture, "a-b-a+b+");
	tear_down(&fixture);
}

/* With nothing there to wake it by, a screen stays on. */
static void test_no_devices(void)
{
	struct fixture fixture;

	set_up(&fixture, 1, CONFIG_NEVER, CONFIG_NEVER);
	g_assert_false(g_main_context_pending(NULL));
	idle_count(fixture.idle, true);
	wait_for(&fixture, "a-");
	idle_count(fixture.idle, false);
	expect_told(&fixture, "a-a+");
	/* A device that is passed through is no reason to begin. */
	g_assert_false(idle_input(fixture.idle, machine_at(0)));
	g_assert_false(g_main_context_pending(NULL));
	idle_count(fixture.idle, true);
	wait_for(&fixture, "a-");
	tear_down(&fixture);
}

static void test_nobody_wants_it(void)
{
	struct fixture fixture;

	set_up(&fixture, CONFIG_NEVER, 0, CONFIG_NEVER);
	g_assert_false(idle_is_wanted(fixture.guests));
	idle_count(fixture.idle, true);
	g_assert_false(idle_input(fixture.idle, machine_at(0)));
	expect_told(&fixture, "");
	tear_down(&fixture);
}

/* The last device goes before the time is over: nobody waits any more. */
static void test_devices_go(void)
{
	GMainContext *context = g_main_context_default();
	struct fixture fixture;
	GPollFD fds[16];
	int priority, timeout;

	set_up(&fixture, 3600000, CONFIG_NEVER, CONFIG_NEVER);
	idle_count(fixture.idle, true);
	idle_count(fixture.idle, false);
	g_main_context_prepare(context, &priority);
	g_main_context_query(context, priority, &timeout, fds, G_N_ELEMENTS(fds));
	g_assert_cmpint(timeout, ==, -1);
	expect_told(&fixture, "");
	tear_down(&fixture);
	idle_destroy(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/idle/idle-and-awake", test_idle_and_awake);
	g_test_add_func("/idle/one-machine", test_one_machine);
	g_test_add_func("/idle/no-devices", test_no_devices);
	g_test_add_func("/idle/nobody-wants-it", test_nobody_wants_it);
	g_test_add_func("/idle/devices-go", test_devices_go);
	return g_test_run();
}
