/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is pressed on a machine, by how many hands, and which of two ways it goes. */
#include <glib/gstdio.h>
#include <linux/virtio_input.h>
#include <string.h>

#include "input/focus.h"
#include "record_sink.h"
#include "vhost_fixture.h"

#define KINDS (1u << INPUT_KEYBOARD | 1u << INPUT_POINTER | 1u << INPUT_ABSOLUTE)

static void press(struct recorded_machine *recorded, enum input_kind kind, uint16_t code,
	bool pressed)
{
	machine_press(recorded->machine, kind, code, pressed);
}

/* ---- holders ---- */

static void test_holders(void)
{
	struct recorded_machine recorded;

	recorded_machine_start(&recorded, "a", KINDS, 0);
	press(&recorded, INPUT_KEYBOARD, KEY_A, true);
	press(&recorded, INPUT_KEYBOARD, KEY_A, true);
	press(&recorded, INPUT_KEYBOARD, KEY_B, true);
	recorded_machine_expect(&recorded, "keyboard KEY_A=1\nkeyboard KEY_B=1\n");
	press(&recorded, INPUT_KEYBOARD, KEY_A, false);
	recorded_machine_expect(&recorded, "");
	press(&recorded, INPUT_KEYBOARD, KEY_A, false);
	recorded_machine_expect(&recorded, "keyboard KEY_A=0\n");
	/* One release too many is none. */
	press(&recorded, INPUT_KEYBOARD, KEY_A, false);
	press(&recorded, INPUT_KEYBOARD, KEY_A, true);
	recorded_machine_expect(&recorded, "keyboard KEY_A=1\n");
	/* Each device counts by itself. */
	press(&recorded, INPUT_POINTER, BTN_LEFT, true);
	press(&recorded, INPUT_ABSOLUTE, BTN_LEFT, true);
	press(&recorded, INPUT_POINTER, BTN_LEFT, false);
	recorded_machine_expect(&recorded,
		"pointer BTN_LEFT=1\nabsolute BTN_LEFT=1\npointer BTN_LEFT=0\n");
	press(&recorded, INPUT_POINTER, KEY_MAX, true);
	recorded_machine_expect(&recorded, "pointer KEY_MAX=1\n");
	/* The keyboard has not every key there is. */
	press(&recorded, INPUT_KEYBOARD, KEY_MAX, true);
	press(&recorded, INPUT_KEYBOARD, KEY_MACRO1, true);
	press(&recorded, INPUT_KEYBOARD, KEY_MACRO1, false);
	recorded_machine_expect(&recorded, "");
	recorded_machine_finish(&recorded);
}

/* More hands than are counted: it is released once, and can be pressed again. */
static void test_many_holders(void)
{
	struct recorded_machine recorded;

	recorded_machine_start(&recorded, "a", KINDS, 0);
	for (int i = 0; i < 1000; i++)
		press(&recorded, INPUT_KEYBOARD, KEY_A, true);
	recorded_machine_expect(&recorded, "keyboard KEY_A=1\n");
	for (int i = 0; i < 1000; i++)
		press(&recorded, INPUT_KEYBOARD, KEY_A, false);
	recorded_machine_expect(&recorded, "keyboard KEY_A=0\n");
	press(&recorded, INPUT_KEYBOARD, KEY_A, true);
	recorded_machine_expect(&recorded, "keyboard KEY_A=1\n");
	recorded_machine_finish(&recorded);
}

/* ---- who listens ---- */

static void test_listeners(void)
{
	static const struct input_value value = {EV_REL, REL_X, 1};
	struct recorded_machine recorded;
	const struct machine_options options = {.name = "a"};

	recorded_machine_create(&recorded, &options);
	g_assert_cmpstr(machine_name(recorded.machine), ==, "a");
	g_assert_cmpint(recorded.listening, ==, 0);
	/* To nobody. */
	machine_send(recorded.machine, INPUT_POINTER, 0, &value, 1);
	recorded_machine_add(&recorded, 1u << INPUT_POINTER, 2);
	g_assert_cmpint(recorded.listening, ==, 1);
	g_assert_true(machine_listens(recorded.machine, INPUT_POINTER, 0));
	g_assert_false(machine_listens(recorded.machine, INPUT_KEYBOARD, 0));
	g_assert_true(machine_listens(recorded.machine, INPUT_TOUCH, 1));
	g_assert_false(machine_listens(recorded.machine, INPUT_TOUCH, MACHINE_SCREENS_MAX - 1));
	machine_send(recorded.machine, INPUT_POINTER, 0, &value, 0);
	machine_send(recorded.machine, INPUT_KEYBOARD, 0, &value, 1);
	machine_send(recorded.machine, INPUT_TOUCH, 1, &value, 1);
	recorded_machine_expect(&recorded, "touch1 REL_X=1\n");
	/* The first and the last of them count, and nobody twice. */
	machine_sink_connected(recorded.machine, INPUT_TOUCH, 0, true);
	machine_sink_connected(recorded.machine, INPUT_TOUCH, 0, false);
	machine_sink_connected(recorded.machine, INPUT_TOUCH, 0, false);
	machine_sink_connected(recorded.machine, INPUT_TOUCH, 1, false);
	g_assert_cmpint(recorded.listening, ==, 1);
	machine_sink_connected(recorded.machine, INPUT_POINTER, 0, false);
	g_assert_cmpint(recorded.listening, ==, 0);
	machine_send(recorded.machine, INPUT_POINTER, 0, &value, 1);
	recorded_machine_expect(&recorded, "");
	recorded_machine_finish(&recorded);
}

#define NUM (1u << LED_NUML)
#define CAPS (1u << LED_CAPSL)
#define SCROLL (1u << LED_SCROLLL)
#define LAST (1u << LED_MAX)

static void test_leds(void)
{
	static const struct {
		uint32_t said, on;
		uint32_t leds;
		int changes;
	} steps[] = {
		{CAPS, CAPS, CAPS, 1},
		{CAPS, CAPS, CAPS, 1},
		{NUM, NUM, CAPS | NUM, 2},
		{LAST, LAST, CAPS | NUM | LAST, 3},
		{CAPS, 0, NUM | LAST, 4},
		{SCROLL, 0, NUM | LAST, 4},
		{0, CAPS, NUM | LAST, 4},
		/* All that is said at once is one change. */
		{CAPS | NUM | SCROLL | LAST, CAPS | SCROLL, CAPS | SCROLL, 5},
		{CAPS | NUM, CAPS, CAPS | SCROLL, 5},
	};
	struct recorded_machine recorded;

	recorded_machine_start(&recorded, "a", KINDS, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		machine_sink_leds(recorded.machine, steps[i].said, steps[i].on);
		g_assert_cmphex(machine_leds(recorded.machine), ==, steps[i].leds);
		g_assert_cmpint(recorded.led_changes, ==, steps[i].changes);
	}
	recorded_machine_finish(&recorded);
}

/* ---- two ways ---- */

struct two_ways {
	char *directory;
	char *prefix;
	struct recorded_machine recorded;
	struct vmm vmm;
};

static void two_ways_start(struct two_ways *ways)
{
	static const struct input_screen screens[] = {{.name = "DP-1"}, {.name = "DP-2"}};
	struct machine_options options = {
		.name = "a",
		.inputs = ~0u,
		.screens = screens,
		.screen_count = G_N_ELEMENTS(screens),
	};

	ways->directory = g_dir_make_tmp("test-machine-XXXXXX", NULL);
	g_assert_nonnull(ways->directory);
	ways->prefix = g_build_filename(ways->directory, "a", NULL);
	options.prefix = ways->prefix;
	recorded_machine_create(&ways->recorded, &options);
	vmm_open(&ways->vmm);
}

static void two_ways_finish(struct two_ways *ways)
{
	recorded_machine_finish(&ways->recorded);
	vmm_close(&ways->vmm);
	/* All sockets are gone. */
	g_assert_cmpint(g_rmdir(ways->directory), ==, 0);
	g_free(ways->prefix);
	g_free(ways->directory);
}

static void begin(struct two_ways *ways, const char *device)
{
	g_autofree char *path = g_strdup_printf("%s-%s.sock", ways->prefix, device);

	vmm_connect(&ways->vmm, path);
	vmm_start(&ways->vmm, 0);
}

/* Elements that the guest's driver was given, which are events. */
static int count_events(struct two_ways *ways)
{
	struct vring_used_elem element;
	int count = 0;

	while (driver_take_used(&ways->vmm.drivers[0], &element))
		count++;
	return count;
}

static void append_name(void *data, const char *device, const struct device_counters *counters)
{
	g_string_append_printf(data, "%s=%u ", device, (unsigned int)counters->groups);
}

static void expect_counters(struct two_ways *ways, const char *text)
{
	g_autoptr(GString) names = g_string_new(NULL);

	machine_each_counters(ways->recorded.machine, append_name, names);
	g_assert_cmpstr(names->str, ==, text);
}

/* As long as a driver listens it has all; before and after it the other way has. A key that is held
 * over that is released where it was pressed. */
static void test_two_ways(void)
{
	struct two_ways ways;
	struct recorded_machine *recorded = &ways.recorded;

	two_ways_start(&ways);
	recorded_machine_add(recorded, 1u << INPUT_KEYBOARD | 1u << INPUT_POINTER, 0);
	press(recorded, INPUT_KEYBOARD, KEY_ENTER, true);
	recorded_machine_expect(recorded, "keyboard KEY_ENTER=1\n");

	begin(&ways, "keyboard");
	recorded_machine_expect(recorded, "keyboard released\n");
	g_assert_cmpint(recorded->listening, ==, 1);
	for (uint16_t i = 0; i < VMM_QUEUE_SIZE; i++)
		driver_offer_buffer(&ways.vmm.drivers[0], i, 0x10000, 8, true);
	press(recorded, INPUT_KEYBOARD, KEY_ENTER, false);
	g_assert_cmpint(count_events(&ways), ==, 0);
	press(recorded, INPUT_KEYBOARD, KEY_A, true);
	g_assert_cmpint(count_events(&ways), ==, 2);
	press(recorded, INPUT_POINTER, BTN_LEFT, true);
	recorded_machine_expect(recorded, "pointer BTN_LEFT=1\n");
	/* When the other way goes, the driver's stays; and comes again, to hear nothing. */
	machine_sink_connected(recorded->machine, INPUT_KEYBOARD, 0, false);
	g_assert_true(machine_listens(recorded->machine, INPUT_KEYBOARD, 0));
	machine_sink_connected(recorded->machine, INPUT_KEYBOARD, 0, true);
	press(recorded, INPUT_KEYBOARD, KEY_B, true);
	g_assert_cmpint(count_events(&ways), ==, 2);
	expect_counters(&ways, "keyboard=2 pointer=0 absolute=0 pen=0 touch0=0 touch1=0 ");

	vmm_hang_up(&ways.vmm);
	fixture_settle();
	press(recorded, INPUT_KEYBOARD, KEY_C, true);
	recorded_machine_expect(recorded, "keyboard KEY_C=1\n");
	g_assert_cmpint(recorded->listening, ==, 1);
	two_ways_finish(&ways);
}

/* A lid that is shut is told to whoever begins to listen, and one that was opened meanwhile is
 * not. */
static void test_switches(void)
{
	struct two_ways ways;
	struct virtio_input_event event;

	two_ways_start(&ways);
	for (uint16_t i = 0; i < VMM_QUEUE_SIZE; i++)
		driver_offer_buffer(&ways.vmm.drivers[0], i, 0x10000, 8, true);
	machine_switch(ways.recorded.machine, SW_TABLET_MODE, true);
	machine_switch(ways.recorded.machine, SW_LID, true);
	machine_switch(ways.recorded.machine, SW_TABLET_MODE, false);
	begin(&ways, "keyboard");
	g_assert_cmpint(count_events(&ways), ==, 2);
	expect_counters(&ways, "keyboard=1 pointer=0 absolute=0 pen=0 touch0=0 touch1=0 ");
	machine_switch(ways.recorded.machine, SW_LID, false);
	g_assert_cmpint(count_events(&ways), ==, 2);
	/* All buffers lie in one place: what was written last is the report. */
	memcpy(&event, ways.vmm.guest.bytes + 0x10000, sizeof(event));
	g_assert_cmpuint(event.type, ==, EV_SYN);
	two_ways_finish(&ways);
}

/* What a guest sees pressed, though nobody is known to hold it, can be held on: it is not pressed
 * again, and released by who holds it. */
static void test_held(void)
{
	static const struct input_value pressed = {EV_KEY, KEY_A, 1};
	static const struct focus_keys keys;
	static const struct focus_listener listener;
	struct seat_event event = {.type = SEAT_EVENT_HELD, .key = {KEY_A, true}};
	struct two_ways ways;
	struct machine *machine;
	struct focus *focus;
	enum input_kind kind;

	two_ways_start(&ways);
	machine = ways.recorded.machine;
	focus = focus_create(&machine, 1, 0, &keys, &listener, NULL);
	for (uint16_t i = 0; i < VMM_QUEUE_SIZE; i++)
		driver_offer_buffer(&ways.vmm.drivers[0], i, 0x10000, 8, true);
	begin(&ways, "keyboard");
	g_assert_false(machine_sees_pressed(machine, KEY_A, &kind));
	machine_send(machine, INPUT_KEYBOARD, 0, &pressed, 1);
	g_assert_cmpint(count_events(&ways), ==, 2);
	g_assert_true(machine_sees_pressed(machine, KEY_A, &kind));
	g_assert_cmpint(kind, ==, INPUT_KEYBOARD);
	g_assert_false(machine_sees_pressed(machine, KEY_B, &kind));

	focus_event(focus, &event, false);
	/* Of one that it does not see pressed it hears nothing. */
	event.key.code = KEY_B;
	focus_event(focus, &event, false);
	event.key.pressed = false;
	focus_event(focus, &event, false);
	g_assert_cmpint(count_events(&ways), ==, 0);
	event.key.code = KEY_A;
	focus_event(focus, &event, false);
	g_assert_cmpint(count_events(&ways), ==, 2);
	g_assert_false(machine_sees_pressed(machine, KEY_A, &kind));
	focus_destroy(focus);
	two_ways_finish(&ways);
}

/* LEDs of either way are the machine's. */
static void test_leds_of_two_ways(void)
{
	static const struct virtio_input_event event = {GUINT16_TO_LE(EV_LED),
		GUINT16_TO_LE(LED_NUML), GUINT32_TO_LE(1)};
	struct two_ways ways;

	two_ways_start(&ways);
	begin(&ways, "keyboard");
	g_assert_cmpint(ways.recorded.listening, ==, 1);
	machine_sink_leds(ways.recorded.machine, CAPS, CAPS);
	memcpy(ways.vmm.guest.bytes + 0x10000, &event, sizeof(event));
	driver_offer_buffer(&ways.vmm.drivers[1], 0, 0x10000, sizeof(event), false);
	vmm_kick(&ways.vmm, 1);
	g_assert_cmphex(machine_leds(ways.recorded.machine), ==, 1u << LED_CAPSL | 1u << LED_NUML);
	g_assert_cmpint(ways.recorded.led_changes, ==, 2);
	two_ways_finish(&ways);
}

/* Each screen has a touch device of its own, and the one that listens is that one. */
static void test_touch_sockets(void)
{
	static const struct input_value value = {EV_ABS, ABS_MT_TRACKING_ID, 1};
	struct two_ways ways;

	two_ways_start(&ways);
	begin(&ways, "touch1");
	g_assert_true(machine_listens(ways.recorded.machine, INPUT_TOUCH, 1));
	g_assert_false(machine_listens(ways.recorded.machine, INPUT_TOUCH, 0));
	g_assert_false(machine_listens(ways.recorded.machine, INPUT_PEN, 0));
	machine_send(ways.recorded.machine, INPUT_TOUCH, 0, &value, 1);
	machine_send(ways.recorded.machine, INPUT_TOUCH, 1, &value, 1);
	expect_counters(&ways, "keyboard=0 pointer=0 absolute=0 pen=0 touch0=0 touch1=1 ");
	two_ways_finish(&ways);
}

/* What the guest reads of the device that it has opened. */
static void expect_serial(struct two_ways *ways, const char *device, const char *serial)
{
	g_autofree char *path = g_strdup_printf("%s-%s.sock", ways->prefix, device);
	struct vmm_message set = vmm_config(VHOST_USER_SET_CONFIG, 0, 1);
	const struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	struct virtio_input_config config;
	struct vmm_message reply;

	vmm_connect(&ways->vmm, path);
	((uint8_t *)set.words)[sizeof(struct vhost_user_config)] = VIRTIO_INPUT_CFG_ID_SERIAL;
	vmm_send(&ways->vmm, &set);
	vmm_send(&ways->vmm, &get);
	fixture_settle();
	g_assert_true(vmm_receive(&ways->vmm, &reply));
	memcpy(&config, (uint8_t *)reply.words + sizeof(struct vhost_user_config), sizeof(config));
	g_assert_cmpuint(config.size, ==, strlen(serial));
	g_assert_cmpmem(config.u.string, config.size, serial, strlen(serial));
	vmm_hang_up(&ways->vmm);
	fixture_settle();
}

/* Those that lie on a screen say which one; a pen is on the first. */
static void test_serials(void)
{
	struct two_ways ways;

	two_ways_start(&ways);
	expect_serial(&ways, "touch0", "DP-1");
	expect_serial(&ways, "touch1", "DP-2");
	expect_serial(&ways, "pen", "DP-1");
	expect_serial(&ways, "keyboard", "");
	expect_serial(&ways, "absolute", "");
	two_ways_finish(&ways);
}

/* Half a machine is none. */
static void test_no_sockets(void)
{
	const struct machine_options options = {
		.name = "kiosk",
		.inputs = KINDS,
		.prefix = "/dev/null/kiosk",
	};
	g_autoptr(GError) error = NULL;
	size_t before = fixture_count_fds();

	g_assert_null(machine_create(&options, NULL, NULL, &error));
	g_assert_nonnull(error);
	g_assert_true(g_str_has_prefix(error->message, "guest kiosk: "));
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	machine_destroy(NULL);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/machine/holders", test_holders);
	g_test_add_func("/input/machine/many-holders", test_many_holders);
	g_test_add_func("/input/machine/listeners", test_listeners);
	g_test_add_func("/input/machine/leds", test_leds);
	g_test_add_func("/input/machine/two-ways", test_two_ways);
	g_test_add_func("/input/machine/switches", test_switches);
	g_test_add_func("/input/machine/held", test_held);
	g_test_add_func("/input/machine/leds-of-two-ways", test_leds_of_two_ways);
	g_test_add_func("/input/machine/touch-sockets", test_touch_sockets);
	g_test_add_func("/input/machine/serials", test_serials);
	g_test_add_func("/input/machine/no-sockets", test_no_sockets);
	return g_test_run();
}
