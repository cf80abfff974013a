/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's seat: its devices, those that are there and those that come, what they are asked for,
 * and what is said where something is missing. libinput and udev are doubles.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <string.h>
#include <unistd.h>

#include "input/seat.h"
#include "libinput_double.h"

static struct {
	GString *told; /* by the listener */
	GString *log; /* warnings with "! " before them */
	int open_error; /* of the opener */
	bool opens_first; /* descriptor 0 */
	int opened_flags;
	struct seat_device *last;
	struct seat_device_options options; /* for each device */
	unsigned int configured;
} world;

/* ---- what the seat is given ---- */

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			g_string_append_printf(world.log, "%s%s\n",
				level & G_LOG_LEVEL_WARNING ? "! " : "",
				(const char *)fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

static int open_node(void *data, const char *path, int flags)
{
	world.opened_flags = flags;
	if (world.opens_first)
		return 0;
	return world.open_error ? -world.open_error : open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void close_node(void *data, int fd)
{
	g_assert_cmpint(close(fd), ==, 0);
	g_string_append(world.told, "closed ");
}

static const struct device_opener opener = {open_node, close_node, NULL};

static void configure(void *data, struct seat_device *device, struct seat_device_options *options)
{
	world.configured++;
	*options = world.options;
}

static void added(void *data, struct seat_device *device)
{
	g_assert_true(data == &world);
	g_assert_null(seat_device_data(device));
	seat_device_set_data(device, &world.told);
	world.last = device;
	g_string_append_printf(world.told, "+%s ", seat_device_name(device));
}

static void removed(void *data, struct seat_device *device)
{
	g_assert_true(seat_device_data(device) == &world.told);
	g_string_append_printf(world.told, "-%s ", seat_device_name(device));
}

static void happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	g_string_append_printf(world.told, "%d:%u=%d ", (int)event->type, event->key.code,
		event->key.pressed);
}

static const struct seat_listener listener = {added, removed, happened};

static void expect(const char *told)
{
	g_assert_cmpstr(world.told->str, ==, told);
	g_string_truncate(world.told, 0);
}

static void expect_log(const char *log)
{
	g_assert_cmpstr(world.log->str, ==, log);
	g_string_truncate(world.log, 0);
}

/* ---- devices ---- */

static struct udev_device mouse_udev, keyboard_udev;
static struct libinput_device mouse, keyboard;

static void setup(void)
{
	libinput_double_reset();
	g_string_truncate(world.told, 0);
	g_string_truncate(world.log, 0);
	world.open_error = 0;
	world.options = (struct seat_device_options){0};
	world.configured = 0;
	mouse_udev = (struct udev_device){"/dev/input/event4", "ID_PATH", "usb-1", true, 0};
	mouse = (struct libinput_device){
		.name = "Mouse",
		.sysname = "event4",
		.vendor = 0x46d,
		.product = 0xc077,
		.capabilities = 1u << LIBINPUT_DEVICE_CAP_POINTER,
		.accelerates = true,
		.scrolls_naturally = true,
		.has_hands = true,
		.calibrates = true,
		.tap_fingers = 1,
		.udev_device = &mouse_udev,
	};
	keyboard_udev = (struct udev_device){.initialized = true};
	keyboard = (struct libinput_device){
		.name = "Keys",
		.sysname = "event2",
		.capabilities = 1u << LIBINPUT_DEVICE_CAP_KEYBOARD |
			1u << LIBINPUT_DEVICE_CAP_SWITCH,
	};
}

static struct seat *open_seat(const char *name)
{
	const struct seat_options options = {name, &opener, configure};
	g_autoptr(GError) error = NULL;
	struct seat *seat = seat_create(&options, &listener, &world, &error);

	g_assert_no_error(error);
	return seat;
}

static void turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void press(struct libinput_device *device, uint32_t code, bool pressed)
{
	libinput_double_send(&(struct libinput_event){
		.type = LIBINPUT_EVENT_KEYBOARD_KEY,
		.device = device,
		.code = code,
		.state = pressed ? LIBINPUT_KEY_STATE_PRESSED : LIBINPUT_KEY_STATE_RELEASED,
	});
}

/* ---- they come and go ---- */

static void test_devices(void)
{
	struct seat *seat;

	setup();
	libinput_double_plug(&mouse);
	seat = open_seat("seat0");
	g_assert_cmpstr(libinput_double.seat, ==, "seat0");
	expect("+Mouse ");
	expect_log("input device \"Mouse\" (/dev/input/event4)\n");
	libinput_double_plug(&keyboard);
	expect("");
	turn();
	expect("+Keys ");
	expect_log("input device \"Keys\" (event2)\n");
	g_assert_cmpuint(world.configured, ==, 2);
	press(&keyboard, KEY_A, true);
	turn();
	expect("0:30=1 ");
	/* What is pressed is released first. */
	libinput_double_pull(&keyboard);
	turn();
	expect("0:30=0 -Keys ");
	g_assert_cmpuint(keyboard.references, ==, 0);
	libinput_double.device_count = 1;
	seat_destroy(seat);
	expect("-Mouse ");
	libinput_double.device_count = 2;
	libinput_double_finish();
}

/* An event is no device's that the seat knows nothing of. */
static void test_ignored(void)
{
	struct seat *seat;

	setup();
	world.options.ignore = true;
	world.options.tap = SEAT_ON;
	libinput_double_plug(&keyboard);
	seat = open_seat("seat0");
	/* Of its other options, none counts. */
	libinput_double_expect(&keyboard, "events 1;");
	g_assert_cmpuint(keyboard.references, ==, 0);
	press(&keyboard, KEY_A, true);
	libinput_double_pull(&keyboard);
	turn();
	seat_destroy(seat);
	expect("");
	expect_log("");
	libinput_double_finish();
}

static void test_suspend(void)
{
	g_autoptr(GError) error = NULL;
	struct seat *seat;

	setup();
	libinput_double_plug(&keyboard);
	seat = open_seat("seat0");
	press(&keyboard, KEY_A, true);
	turn();
	expect("+Keys 0:30=1 ");
	seat_suspend(seat);
	expect("0:30=0 -Keys ");
	libinput_double.stays_suspended = true;
	g_assert_false(seat_resume(seat, &error));
	g_assert_error(error, SEAT_ERROR, SEAT_ERROR_UDEV);
	expect("");
	libinput_double.stays_suspended = false;
	g_assert_true(seat_resume(seat, NULL));
	expect("+Keys ");
	seat_destroy(seat);
	expect("-Keys ");
	libinput_double_finish();
}

/* No listener has to hear of devices. */
static void test_deaf(void)
{
	static const struct seat_listener events = {.event = happened};
	const struct seat_options options = {"seat0", &opener, NULL};
	struct seat *seat;

	setup();
	libinput_double_plug(&keyboard);
	seat = seat_create(&options, &events, &world, NULL);
	press(&keyboard, KEY_B, true);
	turn();
	seat_destroy(seat);
	expect("0:48=1 0:48=0 ");
	libinput_double_finish();
}

/* ---- what a device says of itself ---- */

static void test_device(void)
{
	static const struct {
		enum libinput_device_capability libinput;
		unsigned int ours;
	} capabilities[] = {
		{LIBINPUT_DEVICE_CAP_KEYBOARD, SEAT_KEYBOARD},
		{LIBINPUT_DEVICE_CAP_POINTER, SEAT_POINTER},
		{LIBINPUT_DEVICE_CAP_TOUCH, SEAT_TOUCH},
		{LIBINPUT_DEVICE_CAP_TABLET_TOOL, SEAT_TABLET},
		{LIBINPUT_DEVICE_CAP_SWITCH, SEAT_SWITCH},
		{LIBINPUT_DEVICE_CAP_GESTURE, 0},
	};
	double width, height;
	struct seat *seat;

	setup();
	libinput_double_plug(&mouse);
	seat = open_seat("seat0");
	g_assert_cmpuint(seat_device_vendor(world.last), ==, 0x46d);
	g_assert_cmpuint(seat_device_product(world.last), ==, 0xc077);
	g_assert_cmpstr(seat_device_node(world.last), ==, "/dev/input/event4");
	g_assert_cmpstr(seat_device_property(world.last, "ID_PATH"), ==, "usb-1");
	g_assert_null(seat_device_property(world.last, "ID_SEAT"));
	g_assert_false(seat_device_size(world.last, &width, &height));
	mouse.width_mm = 344;
	mouse.height_mm = 194;
	g_assert_true(seat_device_size(world.last, &width, &height));
	g_assert_cmpfloat(width, ==, 344);
	g_assert_cmpfloat(height, ==, 194);
	for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		mouse.capabilities = 1u << capabilities[i].libinput;
		g_assert_cmphex(seat_device_capabilities(world.last), ==, capabilities[i].ours);
	}
	mouse.capabilities = ~0u;
	g_assert_cmphex(seat_device_capabilities(world.last), ==,
		SEAT_KEYBOARD | SEAT_POINTER | SEAT_TOUCH | SEAT_TABLET | SEAT_SWITCH);
	/* A node that udev does not tell, and a device that udev does not know. */
	mouse_udev.node = NULL;
	g_assert_cmpstr(seat_device_node(world.last), ==, "event4");
	seat_destroy(seat);
	libinput_double_finish();

	setup();
	libinput_double_plug(&keyboard);
	seat = open_seat("seat0");
	g_assert_null(seat_device_property(world.last, "ID_PATH"));
	seat_destroy(seat);
	libinput_double_finish();
}

static void test_leds(void)
{
	static const struct {
		uint32_t leds;
		const char *asked;
	} cases[] = {
		{0, "leds 0;"},
		{1u << LED_NUML, "leds 1;"},
		{1u << LED_CAPSL, "leds 2;"},
		{1u << LED_SCROLLL, "leds 4;"},
		{1u << LED_NUML | 1u << LED_CAPSL | 1u << LED_SCROLLL, "leds 7;"},
		/* Those that libinput cannot set. */
		{1u << LED_COMPOSE | 1u << LED_KANA, "leds 0;"},
	};
	struct seat *seat;

	setup();
	libinput_double_plug(&keyboard);
	seat = open_seat("seat0");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		seat_device_set_leds(world.last, cases[i].leds);
		libinput_double_expect(&keyboard, cases[i].asked);
	}
	seat_destroy(seat);
	libinput_double_finish();
}

/* ---- options ---- */

static void test_options(void)
{
	static const struct {
		struct seat_device_options options;
		const char *asked;
		const char *key; /* as the log calls it */
	} cases[] = {
		{{.acceleration = 0.5}, "speed 0.5;", "acceleration"},
		{{.profile = SEAT_PROFILE_FLAT}, "profile 1;", "acceleration-profile"},
		{{.profile = SEAT_PROFILE_ADAPTIVE}, "profile 2;", "acceleration-profile"},
		{{.natural_scrolling = SEAT_ON}, "natural 1;", "natural-scrolling"},
		{{.natural_scrolling = SEAT_OFF}, "natural 0;", "natural-scrolling"},
		{{.tap = SEAT_ON}, "tap 1;", "tap"},
		{{.tap = SEAT_OFF}, "tap 0;", "tap"},
		{{.left_handed = SEAT_ON}, "left-handed 1;", "left-handed"},
		{{.left_handed = SEAT_OFF}, "left-handed 0;", "left-handed"},
		{{.calibrated = true, .calibration = {2}}, "matrix 2;", "calibration"},
		{{0}, "", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *why[] = {NULL, "refused", "does not apply to it"};

		for (size_t k = 0; k < G_N_ELEMENTS(why); k++) {
			g_autofree char *log = k > 0 && cases[i].key
				? g_strdup_printf("! input device \"Mouse\": %s %s\n", cases[i].key,
					  why[k])
				: g_strdup("");
			struct seat *seat;

			setup();
			world.options = cases[i].options;
			mouse.refuses = k == 1;
			if (k == 2)
				mouse = (struct libinput_device){.name = "Mouse",
					.udev_device = &mouse_udev};
			libinput_double_plug(&mouse);
			seat = open_seat("seat0");
			libinput_double_expect(&mouse, cases[i].asked);
			g_assert_true(g_str_has_prefix(world.log->str, log));
			g_assert_cmpstr(world.log->str + strlen(log), ==,
				"input device \"Mouse\" (/dev/input/event4)\n");
			seat_destroy(seat);
			libinput_double_finish();
		}
	}
}

/* ---- nodes ---- */

/* One word for all nodes that may not be opened: the reason is the same. */
static void test_nodes_that_cannot_be_opened(void)
{
	struct seat *seat;
	int fd;

	setup();
	seat = open_seat("seat0");
	fd = libinput_double.interface->open_restricted("/dev/input/event1", O_RDWR,
		libinput_double.data);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(world.opened_flags, ==, O_RDWR);
	libinput_double.interface->close_restricted(fd, libinput_double.data);
	expect("closed ");
	/* 0 is as good a descriptor as any. */
	world.opens_first = true;
	g_assert_cmpint(libinput_double.interface->open_restricted("/dev/input/event1", O_RDWR,
				libinput_double.data),
		==, 0);
	world.opens_first = false;
	expect_log("");
	world.open_error = ENODEV;
	g_assert_cmpint(libinput_double.interface->open_restricted("/dev/input/event1", O_RDWR,
				libinput_double.data),
		==, -ENODEV);
	expect_log("/dev/input/event1 cannot be opened: No such device\n");
	world.open_error = EPERM;
	g_assert_cmpint(libinput_double.interface->open_restricted("/dev/input/event1", O_RDWR,
				libinput_double.data),
		==, -EPERM);
	g_assert_true(g_str_has_prefix(world.log->str,
		"! /dev/input/event1 may not be opened: Operation not permitted; the group input "));
	g_string_truncate(world.log, 0);
	world.open_error = EACCES;
	libinput_double.interface->open_restricted("/dev/input/event2", O_RDWR,
		libinput_double.data);
	expect_log("/dev/input/event2 cannot be opened: Permission denied\n");
	seat_destroy(seat);

	seat = open_seat("seat0");
	libinput_double.interface->open_restricted("/dev/input/event2", O_RDWR,
		libinput_double.data);
	g_assert_true(g_str_has_prefix(world.log->str,
		"! /dev/input/event2 may not be opened: Permission denied; "));
	seat_destroy(seat);
	libinput_double_finish();
}

static void test_direct_opener(void)
{
	int fd = seat_opener_direct.open(seat_opener_direct.data, "/dev/null", O_RDWR);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
	seat_opener_direct.close(seat_opener_direct.data, fd);
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
	fd = dup(STDIN_FILENO);
	close(STDIN_FILENO);
	g_assert_cmpint(seat_opener_direct.open(seat_opener_direct.data, "/dev/null", O_RDWR), ==,
		0);
	dup2(fd, STDIN_FILENO);
	close(fd);
	g_assert_cmpint(seat_opener_direct.open(seat_opener_direct.data, "/dev/null/no", O_RDWR),
		==, -ENOTDIR);
}

static void test_paths(void)
{
	g_autoptr(GError) error = NULL;
	struct seat *seat;

	setup();
	/* A node that udev does not know, or has not finished with, is not even asked for. */
	seat = open_seat(NULL);
	g_assert_false(seat_add_path(seat, "/dev/null", &error));
	g_assert_error(error, SEAT_ERROR, SEAT_ERROR_DEVICE);
	g_assert_cmpstr(error->message, ==,
		"/dev/null: no such device in udev's database, by which libinput knows them");
	g_clear_error(&error);
	libinput_double.known = &keyboard_udev;
	keyboard_udev.initialized = false;
	g_assert_false(seat_add_path(seat, "/dev/null", NULL));
	keyboard_udev.initialized = true;
	g_assert_false(seat_add_path(seat, "/", NULL));
	g_assert_false(seat_add_path(seat, "/dev/null/no", NULL));
	libinput_double.no_udev = true;
	g_assert_false(seat_add_path(seat, "/dev/null", NULL));
	libinput_double.no_udev = false;
	g_assert_null(libinput_double.path);

	libinput_double.no_device = true;
	g_assert_false(seat_add_path(seat, "/dev/null", &error));
	g_assert_error(error, SEAT_ERROR, SEAT_ERROR_DEVICE);
	g_assert_cmpstr(error->message, ==, "/dev/null is no input device that can be used");
	libinput_double.no_device = false;
	libinput_double_plug(&keyboard);
	turn();
	expect("+Keys ");
	libinput_double_pull(&keyboard);
	turn();
	expect("-Keys ");
	g_assert_true(seat_add_path(seat, "/dev/null", NULL));
	g_assert_cmpstr(libinput_double.path, ==, "/dev/null");
	expect("+Keys ");
	g_assert_cmpuint(keyboard_udev.references, ==, 0);
	seat_destroy(seat);
	libinput_double_finish();
}

/* ---- without libinput ---- */

static void expect_failure(const char *name, const char *message)
{
	const struct seat_options options = {name, &opener, configure};
	g_autoptr(GError) error = NULL;

	g_assert_null(seat_create(&options, &listener, &world, &error));
	g_assert_error(error, SEAT_ERROR, SEAT_ERROR_UDEV);
	g_assert_cmpstr(error->message, ==, message);
	libinput_double_finish();
}

static void test_failures(void)
{
	const char *watched = "the devices of seat7 cannot be watched: is udev there?";

	setup();
	libinput_double.no_udev = true;
	expect_failure("seat7", watched);
	setup();
	libinput_double.no_context = true;
	expect_failure("seat7", watched);
	expect_failure(NULL, "libinput cannot be used");
	setup();
	libinput_double.no_seat = true;
	expect_failure("seat7", watched);
	seat_destroy(NULL);
}

/* Its errors are ours, the rest is for who looks closer; in lines without an end. */
static void test_log(void)
{
	const char *const names[] = {"seat0", NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct seat *seat;

		setup();
		seat = open_seat(names[i]);
		g_assert_cmpint(libinput_double.log_priority, ==, LIBINPUT_LOG_PRIORITY_INFO);
		libinput_double_log(LIBINPUT_LOG_PRIORITY_ERROR, "event%d is lost\n", 3);
		expect_log("! libinput: event3 is lost\n");
		libinput_double_log(LIBINPUT_LOG_PRIORITY_INFO, "event3 is there\n");
		libinput_double_log(LIBINPUT_LOG_PRIORITY_DEBUG, "so it is");
		expect_log("libinput: event3 is there\nlibinput: so it is\n");
		seat_destroy(seat);
		libinput_double_finish();
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	world.told = g_string_new(NULL);
	world.log = g_string_new(NULL);
	g_test_add_func("/seat/devices", test_devices);
	g_test_add_func("/seat/ignored", test_ignored);
	g_test_add_func("/seat/suspend", test_suspend);
	g_test_add_func("/seat/deaf", test_deaf);
	g_test_add_func("/seat/device", test_device);
	g_test_add_func("/seat/leds", test_leds);
	g_test_add_func("/seat/options", test_options);
	g_test_add_func("/seat/nodes-that-cannot-be-opened", test_nodes_that_cannot_be_opened);
	g_test_add_func("/seat/direct-opener", test_direct_opener);
	g_test_add_func("/seat/paths", test_paths);
	g_test_add_func("/seat/failures", test_failures);
	g_test_add_func("/seat/log", test_log);
	return g_test_run();
}
