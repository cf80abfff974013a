/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One of the host's devices without libinput: the groups that are told, what the guest cannot know,
 * and what is released at the end. libevdev keeps its books of a device that this test makes up;
 * the kernel, which would send events, is this test.
 */
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "input/backlog.h"
#include "input/description.h"
#include "input/evdev.h"

#define NODE "/dev/input/event3"

/* What the kernel says, in order: an event, or what libevdev_next_event() returns for it. */
struct said {
	int status;
	struct input_event event;
};

static struct {
	struct libevdev *device; /* that is found behind the fd */
	int error; /* of opening it, or 0 */
	int grab_error;
	bool grabbed;
	GArray *said; /* of struct said */
	int events_fd; /* a pipe's end, readable for good */
	unsigned int flags; /* that events were asked for with, last */
	GString *told;
	bool closed;
} world;

/* ---- the kernel ---- */

int libevdev_new_from_fd(int fd, struct libevdev **device)
{
	if (world.error)
		return -world.error;
	*device = world.device;
	return 0;
}

int libevdev_grab(struct libevdev *device, enum libevdev_grab_mode grab)
{
	if (world.grab_error)
		return -world.grab_error;
	world.grabbed = grab == LIBEVDEV_GRAB;
	return 0;
}

int libevdev_next_event(struct libevdev *device, unsigned int flags, struct input_event *event)
{
	struct said said;

	world.flags = flags;
	if (world.said->len == 0)
		return -EAGAIN;
	said = g_array_index(world.said, struct said, 0);
	g_array_remove_index(world.said, 0);
	*event = said.event;
	if (said.status >= 0 && event->type != EV_SYN)
		libevdev_set_event_value(device, event->type, event->code, event->value);
	return said.status;
}

int libevdev_kernel_set_led_value(struct libevdev *device, unsigned int code,
	enum libevdev_led_value value)
{
	g_string_append_printf(world.told, "%s=%d ", libevdev_event_code_get_name(EV_LED, code),
		value == LIBEVDEV_LED_ON);
	return 0;
}

static void say(int status, uint16_t type, uint16_t code, int32_t value)
{
	const struct said said = {status, {.type = type, .code = code, .value = value}};

	g_array_append_val(world.said, said);
}

static int open_node(void *data, const char *path, int flags)
{
	int ends[2];

	g_assert_cmpstr(path, ==, NODE);
	g_assert_cmpint(flags, ==, O_RDWR | O_NONBLOCK);
	if (world.error == ENOENT)
		return -ENOENT;
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	world.events_fd = ends[1];
	g_assert_cmpint(write(ends[1], "", 1), ==, 1);
	world.closed = false;
	return ends[0];
}

static void close_node(void *data, int fd)
{
	/* The grab would outlive us with whoever lent the fd. */
	g_assert_false(world.grabbed);
	close(fd);
	close(world.events_fd);
	world.closed = true;
}

static const struct device_opener opener = {open_node, close_node, NULL};

/* ---- the listener ---- */

static void on_group(void *data, const struct input_value *values, size_t count)
{
	g_assert_cmpuint(count, >, 0);
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(world.told, "%s=%d ",
			libevdev_event_code_get_name(values[i].type, values[i].code),
			values[i].value);
	g_string_append(world.told, "| ");
}

static void on_gone(void *data)
{
	g_string_append(world.told, "gone ");
}

static const struct evdev_listener listener = {on_group, on_gone};

static void expect(const char *told)
{
	g_assert_cmpstr(world.told->str, ==, told);
	g_string_truncate(world.told, 0);
}

/* ---- the fixture ---- */

static void enable_axis(unsigned int code, int minimum, int maximum, int value)
{
	const struct input_absinfo axis = {.value = value,
		.minimum = minimum,
		.maximum = maximum,
		.resolution = 5};

	libevdev_enable_event_code(world.device, EV_ABS, code, &axis);
}

static void set_up(void)
{
	world.device = libevdev_new();
	world.error = 0;
	world.grab_error = 0;
	world.said = g_array_new(FALSE, TRUE, sizeof(struct said));
	world.told = g_string_new(NULL);
	libevdev_set_name(world.device, "Pad");
	libevdev_enable_event_code(world.device, EV_KEY, KEY_A, NULL);
	libevdev_enable_event_code(world.device, EV_KEY, KEY_B, NULL);
}

static struct evdev *open_evdev(void)
{
	g_autoptr(GError) error = NULL;
	struct evdev *evdev = evdev_open(NODE, &opener, &listener, NULL, &error);

	g_assert_no_error(error);
	return evdev;
}

static struct evdev *grab_evdev(void)
{
	struct evdev *evdev = open_evdev();

	g_assert_cmpint(evdev_grab(evdev), ==, 0);
	return evdev;
}

static void tear_down(struct evdev *evdev)
{
	evdev_close(evdev);
	g_assert_true(world.closed);
	expect("");
	g_array_unref(world.said);
	g_string_free(world.told, TRUE);
}

/* ---- groups ---- */

static void test_groups(void)
{
	struct evdev *evdev;

	set_up();
	evdev = grab_evdev();
	say(0, EV_MSC, MSC_SCAN, 4);
	say(0, EV_KEY, KEY_A, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	say(0, EV_REL, REL_X, -2);
	say(0, EV_ABS, ABS_X, 3);
	say(0, EV_SW, SW_LID, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	/* The guest repeats keys, makes sounds and lights LEDs by itself. */
	say(0, EV_KEY, KEY_A, 2);
	say(0, EV_SND, SND_BELL, 1);
	say(0, EV_LED, LED_NUML, 1);
	say(0, EV_REP, REP_DELAY, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	/* A group that is not complete waits. */
	say(0, EV_KEY, KEY_A, 0);
	say(0, EV_SYN, SYN_MT_REPORT, 0);
	g_main_context_iteration(NULL, FALSE);
	expect("MSC_SCAN=4 KEY_A=1 | REL_X=-2 ABS_X=3 SW_LID=1 | ");
	g_assert_cmpuint(world.flags, ==, LIBEVDEV_READ_FLAG_NORMAL);
	say(0, EV_SYN, SYN_REPORT, 0);
	g_main_context_iteration(NULL, FALSE);
	expect("KEY_A=0 | ");
	tear_down(evdev);
}

static void test_long_group(void)
{
	g_autoptr(GString) whole = g_string_new(NULL);
	struct evdev *evdev;

	set_up();
	evdev = grab_evdev();
	for (int i = 0; i < BACKLOG_GROUP_MAX + 1; i++) {
		say(0, EV_REL, REL_X, i);
		g_string_append_printf(whole, "REL_X=%d %s", i,
			i == BACKLOG_GROUP_MAX - 1 ? "| " : "");
	}
	g_string_append(whole, "| ");
	say(0, EV_SYN, SYN_REPORT, 0);
	g_main_context_iteration(NULL, FALSE);
	expect(whole->str);
	tear_down(evdev);
}

/* Where the kernel had to drop some, libevdev is asked what is different, until it has said so. */
static void test_dropped(void)
{
	struct evdev *evdev;

	set_up();
	evdev = grab_evdev();
	say(0, EV_KEY, KEY_A, 1);
	say(LIBEVDEV_READ_STATUS_SYNC, EV_SYN, SYN_DROPPED, 0);
	g_main_context_iteration(NULL, FALSE);
	/* Asked for more of it, then for what comes after. */
	g_assert_cmpuint(world.flags, ==, LIBEVDEV_READ_FLAG_NORMAL);
	expect("KEY_A=1 | ");
	say(LIBEVDEV_READ_STATUS_SYNC, EV_SYN, SYN_DROPPED, 0);
	say(LIBEVDEV_READ_STATUS_SYNC, EV_KEY, KEY_A, 0);
	say(LIBEVDEV_READ_STATUS_SYNC, EV_SYN, SYN_REPORT, 0);
	say(-EAGAIN, 0, 0, 0);
	say(0, EV_KEY, KEY_B, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	g_main_context_iteration(NULL, FALSE);
	expect("KEY_A=0 | KEY_B=1 | ");
	say(LIBEVDEV_READ_STATUS_SYNC, EV_SYN, SYN_DROPPED, 0);
	say(-ENODEV, 0, 0, 0);
	g_main_context_iteration(NULL, FALSE);
	g_assert_cmpuint(world.flags, ==, LIBEVDEV_READ_FLAG_SYNC);
	expect("gone ");
	evdev_close(evdev);
	expect("KEY_B=0 | ");
	tear_down(NULL);
}

/* Neither an interruption nor an empty queue is an end; a device that is pulled is. */
static void test_pulled(void)
{
	struct evdev *evdev;

	set_up();
	evdev = grab_evdev();
	say(-EINTR, 0, 0, 0);
	say(0, EV_KEY, KEY_A, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	g_main_context_iteration(NULL, FALSE);
	expect("");
	g_main_context_iteration(NULL, FALSE);
	expect("KEY_A=1 | ");
	say(-ENODEV, 0, 0, 0);
	g_main_context_iteration(NULL, FALSE);
	expect("gone ");
	/* And nobody is asked again. */
	say(-ENODEV, 0, 0, 0);
	g_assert_false(g_main_context_iteration(NULL, FALSE));
	evdev_close(evdev);
	expect("KEY_A=0 | ");
	tear_down(NULL);
}

/* ---- where it stands ---- */

static void test_state(void)
{
	g_autofree char *state = g_strdup_printf("ABS_X=7 ABS_MISC=0 SW_LID=0 %s=1 | ",
		libevdev_event_code_get_name(EV_SW, SW_MAX));
	struct evdev *evdev;

	set_up();
	enable_axis(ABS_X, -100, 100, 7);
	enable_axis(ABS_MISC, 0, 10, 0);
	libevdev_enable_event_code(world.device, EV_SW, SW_LID, NULL);
	libevdev_enable_event_code(world.device, EV_SW, SW_MAX, NULL);
	libevdev_set_event_value(world.device, EV_SW, SW_MAX, 1);
	evdev = grab_evdev();
	g_assert_true(world.grabbed);
	expect(state);
	evdev_close(evdev);
	/* A stick springs back. */
	expect("ABS_X=0 | ");
	tear_down(NULL);
}

static void test_slot(void)
{
	struct evdev *evdev;

	set_up();
	enable_axis(ABS_MT_SLOT, 0, 2, 0);
	enable_axis(ABS_MT_TRACKING_ID, 0, 65535, 0);
	libevdev_set_event_value(world.device, EV_ABS, ABS_MT_SLOT, 0);
	evdev = grab_evdev();
	/* Of multi-touch, the slot alone. */
	expect("ABS_MT_SLOT=0 | ");
	libevdev_set_slot_value(world.device, 0, ABS_MT_TRACKING_ID, -1);
	libevdev_set_slot_value(world.device, 1, ABS_MT_TRACKING_ID, 0);
	libevdev_set_slot_value(world.device, 2, ABS_MT_TRACKING_ID, 9);
	evdev_close(evdev);
	expect("ABS_MT_SLOT=1 ABS_MT_TRACKING_ID=-1 ABS_MT_SLOT=2 ABS_MT_TRACKING_ID=-1 | ");
	tear_down(NULL);
}

static void test_sticks(void)
{
	static const struct {
		int minimum, maximum, value;
		bool springs;
	} cases[] = {
		{-1, 1, 1, true},
		{-1, 1, 0, false},
		/* Where the middle of these is, nobody knows. */
		{0, 255, 200, false},
		{-255, 0, -200, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct evdev *evdev;

		set_up();
		enable_axis(ABS_HAT0X, cases[i].minimum, cases[i].maximum, cases[i].value);
		evdev = grab_evdev();
		g_string_truncate(world.told, 0);
		evdev_close(evdev);
		expect(cases[i].springs ? "ABS_HAT0X=0 | " : "");
		tear_down(NULL);
	}
}

static void test_keys_are_released(void)
{
	struct evdev *evdev;

	set_up();
	libevdev_enable_event_code(world.device, EV_KEY, KEY_MAX, NULL);
	evdev = grab_evdev();
	say(0, EV_KEY, KEY_A, 1);
	say(0, EV_KEY, KEY_MAX, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	/* Half a group is none. */
	say(0, EV_REL, REL_X, 1);
	g_main_context_iteration(NULL, FALSE);
	expect("KEY_A=1 KEY_MAX=1 | ");
	evdev_close(evdev);
	expect("KEY_A=0 KEY_MAX=0 | ");
	tear_down(NULL);
}

/* ---- life ---- */

static void test_another_has_it(void)
{
	struct evdev *evdev;

	set_up();
	world.grab_error = EBUSY;
	libevdev_set_event_value(world.device, EV_KEY, KEY_A, 1);
	evdev = open_evdev();
	g_assert_cmpint(evdev_grab(evdev), ==, EBUSY);
	say(0, EV_KEY, KEY_B, 1);
	say(0, EV_SYN, SYN_REPORT, 0);
	g_assert_false(g_main_context_iteration(NULL, FALSE));
	/* What it never told it does not release. */
	tear_down(evdev);
}

static void test_cannot_be_opened(void)
{
	static const struct {
		int error;
		const char *message;
	} cases[] = {
		{ENOENT, NODE " cannot be used: No such file or directory"},
		{EINVAL, NODE " cannot be used: Invalid argument"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		set_up();
		world.error = cases[i].error;
		world.closed = cases[i].error == ENOENT;
		g_assert_null(evdev_open(NODE, &opener, &listener, NULL, &error));
		g_assert_error(error, EVDEV_ERROR, EVDEV_ERROR_OPEN);
		g_assert_cmpstr(error->message, ==, cases[i].message);
		libevdev_free(world.device);
		tear_down(NULL);
	}
}

static void test_leds(void)
{
	struct evdev *evdev;

	set_up();
	libevdev_enable_event_code(world.device, EV_LED, LED_CAPSL, NULL);
	evdev = open_evdev();
	evdev_set_led(evdev, LED_CAPSL, true);
	evdev_set_led(evdev, LED_NUML, true);
	evdev_set_led(evdev, LED_CAPSL, false);
	expect("LED_CAPSL=1 LED_CAPSL=0 ");
	tear_down(evdev);
}

/* ---- description ---- */

static void test_description(void)
{
	struct input_description description;
	struct evdev *evdev;

	set_up();
	libevdev_set_uniq(world.device, "12:34");
	libevdev_set_id_bustype(world.device, BUS_USB);
	libevdev_set_id_vendor(world.device, 0x46d);
	libevdev_set_id_product(world.device, 0xc216);
	libevdev_set_id_version(world.device, 0x110);
	libevdev_enable_property(world.device, INPUT_PROP_MAX);
	libevdev_enable_event_code(world.device, EV_KEY, KEY_MAX, NULL);
	libevdev_enable_event_code(world.device, EV_REL, REL_MAX, NULL);
	libevdev_enable_event_code(world.device, EV_MSC, MSC_MAX, NULL);
	libevdev_enable_event_code(world.device, EV_SW, SW_MAX, NULL);
	libevdev_enable_event_code(world.device, EV_LED, LED_MAX, NULL);
	enable_axis(ABS_MAX, -3, 3, 2);
	evdev = open_evdev();
	evdev_describe(evdev, &description);
	g_assert_cmpstr(description.name, ==, "Pad");
	g_assert_cmpstr(description.serial, ==, "12:34");
	g_assert_cmphex(description.id.bustype, ==, BUS_USB);
	g_assert_cmphex(description.id.vendor, ==, 0x46d);
	g_assert_cmphex(description.id.product, ==, 0xc216);
	g_assert_cmphex(description.id.version, ==, 0x110);
	g_assert_true(input_bit(description.properties, INPUT_PROP_MAX));
	g_assert_false(input_bit(description.properties, INPUT_PROP_POINTER));
	g_assert_true(input_bit(description.keys, KEY_MAX));
	g_assert_true(input_bit(description.keys, KEY_A));
	g_assert_false(input_bit(description.keys, KEY_F));
	g_assert_true(input_bit(description.relative, REL_MAX));
	g_assert_true(input_bit(description.absolute, ABS_MAX));
	g_assert_true(input_bit(description.misc, MSC_MAX));
	g_assert_true(input_bit(description.switches, SW_MAX));
	g_assert_true(input_bit(description.leds, LED_MAX));
	g_assert_false(description.repeats);
	g_assert_cmpint(description.axes[ABS_MAX].minimum, ==, -3);
	g_assert_cmpint(description.axes[ABS_MAX].maximum, ==, 3);
	g_assert_cmpint(description.axes[ABS_MAX].resolution, ==, 5);
	/* Where it stands is told by an event. */
	g_assert_cmpint(description.axes[ABS_MAX].value, ==, 0);
	g_assert_cmpint(description.axes[ABS_X].maximum, ==, 0);
	tear_down(evdev);
}

static void test_poor_description(void)
{
	struct input_description description;
	struct evdev *evdev;

	set_up();
	libevdev_enable_event_type(world.device, EV_REP);
	evdev = open_evdev();
	evdev_describe(evdev, &description);
	g_assert_cmpstr(description.serial, ==, "");
	g_assert_true(description.repeats);
	tear_down(evdev);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/evdev/groups", test_groups);
	g_test_add_func("/evdev/long-group", test_long_group);
	g_test_add_func("/evdev/dropped", test_dropped);
	g_test_add_func("/evdev/pulled", test_pulled);
	g_test_add_func("/evdev/state", test_state);
	g_test_add_func("/evdev/slot", test_slot);
	g_test_add_func("/evdev/sticks", test_sticks);
	g_test_add_func("/evdev/keys-are-released", test_keys_are_released);
	g_test_add_func("/evdev/another-has-it", test_another_has_it);
	g_test_add_func("/evdev/cannot-be-opened", test_cannot_be_opened);
	g_test_add_func("/evdev/leds", test_leds);
	g_test_add_func("/evdev/description", test_description);
	g_test_add_func("/evdev/poor-description", test_poor_description);
	return g_test_run();
}
