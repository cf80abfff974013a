/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine whose process ends, and goes on in the next one: its guest has the devices that it
 * knows, each with the output that it knows, also where one is away or they come in another order;
 * and switches are what they are by then.
 */
#include <glib/gstdio.h>
#include <linux/virtio_input.h>
#include <string.h>

#include "input/machine.h"
#include "keeper_double.h"
#include "record_sink.h"
#include "vhost_fixture.h"

#define EVENT_QUEUE 0
#define BUFFER_OFFSET(head) (0x20000u + 32u * (head))

enum { KEYBOARD, TOUCH0, TOUCH1, DEVICES };

static const char *const devices[DEVICES] = {"keyboard", "touch0", "touch1"};

static const struct input_screen one = {.name = "DP-1", .width_mm = 600, .height_mm = 340};
static const struct input_screen two = {.name = "DP-2", .width_mm = 300, .height_mm = 170};
static const struct input_screen three = {.name = "DP-3"};

struct world {
	char *directory, *prefix;
	struct recorded_machine recorded;
	struct vmm vmms[DEVICES];
};

static void make_machine(struct world *world, size_t count, const struct input_screen *screens)
{
	const struct machine_options options = {
		.name = "a",
		.inputs = 1u << INPUT_KEYBOARD | 1u << INPUT_TOUCH,
		.prefix = world->prefix,
		.keeper = &keeper_double,
		.screens = screens,
		.screen_count = count,
	};

	recorded_machine_create(&world->recorded, &options);
}

static void offer_all(struct vmm *vmm)
{
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		driver_offer_buffer(&vmm->drivers[EVENT_QUEUE], head, BUFFER_OFFSET(head),
			sizeof(struct virtio_input_event), true);
	vmm_kick(vmm, EVENT_QUEUE);
}

static struct world *world_new(void)
{
	const struct input_screen screens[] = {one, two};
	struct world *world = g_new0(struct world, 1);

	world->directory = g_dir_make_tmp("test-machine-kept-XXXXXX", NULL);
	g_assert_nonnull(world->directory);
	world->prefix = g_build_filename(world->directory, "a", NULL);
	make_machine(world, G_N_ELEMENTS(screens), screens);
	for (size_t i = 0; i < DEVICES; i++) {
		g_autofree char *path = g_strdup_printf("%s-%s.sock", world->prefix, devices[i]);

		vmm_open(&world->vmms[i]);
		vmm_connect(&world->vmms[i], path);
		vmm_start(&world->vmms[i], 0);
	}
	return world;
}

static void world_free(struct world *world)
{
	recorded_machine_finish(&world->recorded);
	for (size_t i = 0; i < DEVICES; i++)
		vmm_close(&world->vmms[i]);
	g_assert_cmpuint(keeper_double_count(), ==, 0);
	g_assert_cmpint(g_rmdir(world->directory), ==, 0);
	g_free(world->prefix);
	g_free(world->directory);
	g_free(world);
}

/* The next process has these screens. */
static void succeed(struct world *world, size_t count, const struct input_screen *screens)
{
	g_autofree char *log = NULL;

	fixture_settle();
	keeper_double_stop(true);
	recorded_machine_finish(&world->recorded);
	keeper_double_stop(false);
	make_machine(world, count, screens);
	fixture_settle();
	log = fixture_log_take();
	g_assert_null(strstr(log, "has to connect again"));
	for (size_t i = 0; i < DEVICES; i++)
		g_assert_false(vmm_is_closed(&world->vmms[i]));
}

/* Of a machine's touch screens. */
static void expect_touches(const struct world *world, const char *names)
{
	g_auto(GStrv) all = g_strsplit(names, " ", -1);
	size_t count = g_strv_length(all);

	for (size_t i = 0; i < count; i++)
		g_assert_true(machine_touch_is(world->recorded.machine, i, all[i]));
	for (size_t i = 0; i < MACHINE_SCREENS_MAX; i++) {
		for (size_t j = 0; j < count; j++)
			g_assert_true(
				i == j || !machine_touch_is(world->recorded.machine, i, all[j]));
	}
}

/* The next group that a guest finds is one value. */
static void expect_value(struct vmm *vmm, uint16_t type, uint16_t code, int32_t value)
{
	struct virtio_input_event event;
	struct vring_used_elem element;

	g_assert_true(driver_take_used(&vmm->drivers[EVENT_QUEUE], &element));
	memcpy(&event, vmm->guest.bytes + BUFFER_OFFSET(element.id), sizeof(event));
	g_assert_cmpuint(event.type, ==, type);
	g_assert_cmpuint(event.code, ==, code);
	g_assert_cmpint((int32_t)event.value, ==, value);
	g_assert_true(driver_take_used(&vmm->drivers[EVENT_QUEUE], &element));
	memcpy(&event, vmm->guest.bytes + BUFFER_OFFSET(element.id), sizeof(event));
	g_assert_cmpuint(event.type, ==, EV_SYN);
}

static void test_screens(void)
{
	const struct input_screen second[] = {two};
	const struct input_screen others[] = {three, two, one};
	const struct input_value value = {EV_ABS, ABS_X, 7};
	struct world *world = world_new();

	expect_touches(world, "DP-1 DP-2");
	for (size_t i = 0; i < DEVICES; i++)
		offer_all(&world->vmms[i]);
	succeed(world, G_N_ELEMENTS(second), second);
	expect_touches(world, "DP-1 DP-2");
	succeed(world, G_N_ELEMENTS(others), others);
	expect_touches(world, "DP-1 DP-2 DP-3");
	g_assert_true(machine_listens(world->recorded.machine, INPUT_TOUCH, 1));
	g_assert_false(machine_listens(world->recorded.machine, INPUT_TOUCH, 2));
	machine_send(world->recorded.machine, INPUT_TOUCH, 1, &value, 1);
	expect_value(&world->vmms[TOUCH1], EV_ABS, ABS_X, 7);
	world_free(world);
}

/* Of one screen with a layer there are two, which have one name. */
static void test_layers(void)
{
	const struct input_screen screens[] = {one, one, two};
	struct world *world = world_new();

	succeed(world, G_N_ELEMENTS(screens), screens);
	g_assert_true(machine_touch_is(world->recorded.machine, 0, "DP-1"));
	g_assert_true(machine_touch_is(world->recorded.machine, 1, "DP-2"));
	g_assert_true(machine_touch_is(world->recorded.machine, 2, "DP-1"));
	world_free(world);
}

/* A lid that was opened while nobody looked is told to be open; one that is still shut is told by
 * who opens its device, and nothing more is said. */
static void test_switches(void)
{
	const struct input_screen screens[] = {one, two};
	struct world *world = world_new();
	struct vring_used_elem element;

	offer_all(&world->vmms[KEYBOARD]);
	machine_switch(world->recorded.machine, SW_LID, true);
	machine_switch(world->recorded.machine, SW_TABLET_MODE, true);
	expect_value(&world->vmms[KEYBOARD], EV_SW, SW_LID, 1);
	expect_value(&world->vmms[KEYBOARD], EV_SW, SW_TABLET_MODE, 1);
	succeed(world, G_N_ELEMENTS(screens), screens);
	offer_all(&world->vmms[KEYBOARD]);
	fixture_settle();
	machine_switch(world->recorded.machine, SW_TABLET_MODE, true);
	machine_settle(world->recorded.machine);
	expect_value(&world->vmms[KEYBOARD], EV_SW, SW_TABLET_MODE, 1);
	expect_value(&world->vmms[KEYBOARD], EV_SW, SW_LID, 0);
	machine_settle(world->recorded.machine);
	g_assert_false(driver_take_used(&world->vmms[KEYBOARD].drivers[EVENT_QUEUE], &element));
	world_free(world);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/machine-kept/screens", test_screens);
	g_test_add_func("/input/machine-kept/layers", test_layers);
	g_test_add_func("/input/machine-kept/switches", test_switches);
	return g_test_run();
}
