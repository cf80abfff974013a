/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a guest has the host's device that is its own, which one a section means, what the guest
 * gets of it, and what it leaves behind. The host's device, udev and the guest's device are this
 * test's: a host has none of them for certain.
 */
#include <libevdev/libevdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "input/evdev.h"
#include "input/passthrough.h"
#include "udev_double.h"

#define NODE UDEV_DOUBLE_NODE

static struct {
	GString *text; /* what became of the host's device, and what the guest was sent */
	bool taken; /* by another program */
	const char *name; /* as the device says */
	bool refuses_socket;
	unsigned int used; /* times that it was told */
	const struct evdev_listener *host_listener; /* of the open device */
	void *host_data;
	bool missed; /* it cannot be opened just now */
	const struct input_description *left; /* that a predecessor's guest knows; or NULL */
	struct input_description description; /* of the guest's device */
	uint8_t down[INPUT_BITS_SIZE(KEY_MAX)]; /* keys of the host's device … */
	uint8_t seen[INPUT_BITS_SIZE(KEY_MAX)]; /* … and as a predecessor's guest sees them */
	const struct input_sink_listener *listener; /* of the guest's device; NULL: there is none */
	void *data;
} world;

static void expect(const char *text)
{
	g_assert_cmpstr(world.text->str, ==, text);
	g_string_truncate(world.text, 0);
}

/* ---- the host's device ---- */

struct evdev {
	const struct evdev_listener *listener;
	void *data;
};

G_DEFINE_QUARK(test_evdev_error_quark, evdev_error)

struct evdev *evdev_open(const char *node, const struct device_opener *opener,
	const struct evdev_listener *listener, void *data, GError **error)
{
	struct evdev *evdev;

	g_assert_cmpstr(node, ==, udev_double.node);
	if (world.missed) {
		g_string_append(world.text, "missed ");
		g_set_error(error, EVDEV_ERROR, EVDEV_ERROR_MOMENT, "%s times out", node);
		return NULL;
	}
	evdev = g_new0(struct evdev, 1);
	world.host_listener = listener;
	world.host_data = data;
	evdev->listener = listener;
	evdev->data = data;
	g_string_append(world.text, "open ");
	return evdev;
}

void evdev_close(struct evdev *evdev)
{
	if (!evdev)
		return;
	g_string_append(world.text, "close ");
	g_free(evdev);
}

void evdev_describe(const struct evdev *evdev, struct input_description *description)
{
	*description = (struct input_description){.id.bustype = BUS_USB};
	g_strlcpy(description->name, world.name, sizeof(description->name));
	input_set_bit(description->keys, KEY_MAX);
	input_set_bit(description->relative, REL_MAX);
	input_set_bit(description->absolute, ABS_MAX);
	input_set_bit(description->misc, MSC_MAX);
	input_set_bit(description->switches, SW_MAX);
	input_set_bit(description->leds, LED_NUML);
	input_set_bit(description->leds, LED_CAPSL);
}

int evdev_grab(struct evdev *evdev)
{
	g_string_append(world.text, world.taken ? "taken " : "grab ");
	return world.taken ? EBUSY : 0;
}

bool evdev_is_down(const struct evdev *evdev, uint16_t code)
{
	return input_bit(world.down, code);
}

void evdev_set_led(struct evdev *evdev, uint16_t code, bool on)
{
	g_assert_nonnull(evdev);
	if (code == LED_NUML || code == LED_CAPSL)
		g_string_append_printf(world.text, "%s=%d ",
			libevdev_event_code_get_name(EV_LED, code), on);
}

#define NUM (1u << LED_NUML)
#define CAPS (1u << LED_CAPSL)

/* ---- the guest's device ---- */

static void destroy_device(struct input_sink *sink)
{
	g_string_append(world.text, "destroy ");
	world.listener = NULL;
	g_free(sink);
}

static void send_device(struct input_sink *sink, const struct input_value *values, size_t count)
{
	g_assert_cmpuint(count, >, 0);
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(world.text, "%u/%u=%d ", values[i].type, values[i].code,
			values[i].value);
	g_string_append(world.text, "| ");
}

static const struct input_sink_interface device_interface = {
	.send = send_device,
	.destroy = destroy_device,
};

struct input_sink *device_create(const struct device_options *options,
	const struct input_description *description, const struct input_sink_listener *listener,
	void *data, GError **error)
{
	struct input_sink *sink = g_new0(struct input_sink, 1);

	if (!description)
		description = world.left;
	if (!description || world.refuses_socket) {
		g_free(sink);
		if (description)
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "no socket");
		return NULL;
	}
	world.description = *description;
	sink->interface = &device_interface;
	g_string_append_printf(world.text, "create %s ", options->path);
	world.listener = listener;
	world.data = data;
	if (world.left)
		listener->connected(data, true);
	return sink;
}

const struct input_description *device_description(const struct input_sink *sink)
{
	g_assert_nonnull(sink);
	return &world.description;
}

bool device_sees_pressed(const struct input_sink *sink, uint16_t code)
{
	return input_bit(world.seen, code);
}

void device_counters(const struct input_sink *sink, struct device_counters *counters)
{
	*counters = (struct device_counters){.groups = 1};
}

static void guest_listens(bool listens)
{
	world.listener->connected(world.data, listens);
}

static void guest_leds(uint32_t said, uint32_t leds)
{
	world.listener->leds(world.data, said, leds);
}

/* ---- udev ---- */

static void udev_says(const char *action)
{
	udev_double.action = action;
	udev_double_wake(1);
	fixture_settle();
}

/* ---- the fixture ---- */

static void on_used(void *data, const char *guest)
{
	g_assert_true(data == &world);
	g_assert_cmpstr(guest, ==, "kiosk");
	world.used++;
}

static struct passthrough *try_start(bool present, GError **error)
{
	static char name[] = "extra";
	static const struct config_device section = {.name = name};
	const struct passthrough_options options = {
		.section = &section,
		.seat = "seat0",
		.guest = "kiosk",
		.prefix = "/run/kiosk",
		.used = on_used,
		.data = &world,
	};

	udev_double_reset(present);
	world.taken = false;
	world.name = "keys";
	world.used = 0;
	world.missed = false;
	world.text = g_string_new(NULL);
	return passthrough_create(&options, error);
}

static struct passthrough *start(bool present)
{
	g_autoptr(GError) error = NULL;
	struct passthrough *passthrough = try_start(present, &error);

	g_assert_no_error(error);
	return passthrough;
}

static void finish(struct passthrough *passthrough)
{
	passthrough_destroy(passthrough);
	g_assert_null(world.listener);
	g_string_free(world.text, TRUE);
	udev_double_finish();
}

/* ---- life ---- */

static void test_life(void)
{
	struct passthrough *passthrough = start(false);
	g_autofree char *log = fixture_log_take();
	g_autoptr(GPtrArray) sinks = g_ptr_array_new();
	struct device_counters counters;

	g_assert_nonnull(
		strstr(log, "device extra: is not plugged in; its socket appears with it"));
	g_assert_cmpstr(passthrough_guest(passthrough), ==, "kiosk");
	g_assert_cmpstr(passthrough_name(passthrough), ==, "extra");
	g_assert_false(passthrough_counters(passthrough, &counters));
	passthrough_append_device(passthrough, sinks);
	g_assert_cmpuint(sinks->len, ==, 0);
	expect("");
	udev_says("add");
	expect("open close create /run/kiosk-extra.sock ");
	g_assert_true(passthrough_counters(passthrough, &counters));
	passthrough_append_device(passthrough, sinks);
	g_assert_cmpuint(sinks->len, ==, 1);
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	/* Another device. */
	udev_double.node = "/dev/input/event4";
	udev_says("remove");
	udev_double.node = NULL;
	udev_says("remove");
	expect("");
	udev_double.node = NODE;
	udev_says("remove");
	expect("close ");
	udev_says("add");
	expect("open close open grab LED_NUML=0 LED_CAPSL=0 ");
	passthrough_suspend(passthrough);
	expect("close ");
	passthrough_resume(passthrough);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	guest_listens(false);
	expect("close ");
	passthrough_resume(passthrough);
	expect("");
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	/* The kernel says so before udev does. */
	world.host_listener->gone(world.host_data);
	expect("close ");
	guest_listens(false);
	finish(passthrough);
}

/* What a predecessor's guest knows of the device. */
static struct passthrough *start_left(bool present, const char *name)
{
	static struct input_description left;
	struct passthrough *passthrough;

	left = (struct input_description){.id.bustype = BUS_USB};
	g_strlcpy(left.name, name, sizeof(left.name));
	input_set_bit(left.absolute, ABS_X);
	left.axes[ABS_X] = (struct input_absinfo){.minimum = -128, .maximum = 127};
	input_set_bit(left.absolute, ABS_THROTTLE);
	left.axes[ABS_THROTTLE] = (struct input_absinfo){.maximum = 255};
	world.left = &left;
	passthrough = start(present);
	world.left = NULL;
	return passthrough;
}

/* A guest that was there before this process keeps its device while the host's is away, as it was
 * described, with its sticks in the middle; and has the host's when that is back. */
static void test_left(void)
{
	struct passthrough *passthrough = start_left(false, "keys");
	g_autofree char *before = fixture_log_take();
	g_autofree char *log = NULL;
	struct device_counters counters;

	g_assert_null(before);

	expect("create /run/kiosk-extra.sock 3/0=0 | ");
	g_assert_true(passthrough_counters(passthrough, &counters));
	udev_says("add");
	expect("open close open grab LED_NUML=0 LED_CAPSL=0 ");
	udev_says("remove");
	expect("close ");
	finish(passthrough);
	/* One is held, one was let go, and one nobody has told of. */
	input_set_bit(world.seen, KEY_A);
	input_set_bit(world.down, KEY_A);
	input_set_bit(world.seen, KEY_B);
	input_set_bit(world.down, KEY_C);
	passthrough = start_left(true, "keys");
	expect("create /run/kiosk-extra.sock open close open grab 1/30=1 | LED_NUML=0 LED_CAPSL=0 ");
	finish(passthrough);
	input_clear_bit(world.seen, KEY_A);
	passthrough = start_left(true, "wheel");
	expect("create /run/kiosk-extra.sock open close open grab LED_NUML=0 LED_CAPSL=0 ");
	log = fixture_log_take();
	g_assert_nonnull(strstr(log, "keys is another device than the guest knows"));
	finish(passthrough);
}

/* However much udev says, other sources have their turn between. */
static void test_storm(void)
{
	struct passthrough *passthrough = start(true);

	expect("open close create /run/kiosk-extra.sock ");
	udev_double.action = "change";
	udev_double_wake(1000);
	g_main_context_iteration(NULL, FALSE);
	g_assert_true(udev_double_has_more());
	fixture_settle();
	g_assert_false(udev_double_has_more());
	expect("");
	finish(passthrough);
}

static void udev_loses(bool present)
{
	udev_double.present = present;
	udev_double.overrun = true;
	udev_double_wake(1);
	fixture_settle();
}

/* More happened at once than the monitor's socket had room for. */
static void test_lost_events(void)
{
	struct passthrough *passthrough = start(false);

	udev_loses(true);
	expect("open close create /run/kiosk-extra.sock ");
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	/* Nothing of it was this device's. */
	udev_loses(true);
	expect("");
	udev_double.replaced = true;
	udev_loses(true);
	expect("close open close open grab LED_NUML=0 LED_CAPSL=0 ");
	udev_loses(false);
	expect("close ");
	udev_loses(false);
	expect("");
	udev_says("add");
	expect("open close open grab LED_NUML=0 LED_CAPSL=0 ");
	finish(passthrough);
}

/* What the guest has lit is put out when it does not have the device any more; a guest that was
 * only paused has it lit again. */
static void test_leds(void)
{
	struct passthrough *passthrough = start(true);

	guest_listens(true);
	expect("open close create /run/kiosk-extra.sock open grab LED_NUML=0 LED_CAPSL=0 ");
	guest_leds(CAPS, CAPS);
	expect("LED_CAPSL=1 ");
	guest_leds(CAPS | NUM, CAPS);
	expect("");
	/* Paused. */
	guest_listens(false);
	expect("LED_CAPSL=0 close ");
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=1 ");
	passthrough_suspend(passthrough);
	expect("LED_CAPSL=0 close ");
	guest_leds(NUM, NUM);
	passthrough_resume(passthrough);
	expect("open grab LED_NUML=1 LED_CAPSL=1 ");
	/* Gone. */
	guest_listens(false);
	expect("LED_NUML=0 LED_CAPSL=0 close ");
	guest_leds(CAPS | NUM, 0);
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	guest_leds(NUM, NUM);
	g_string_truncate(world.text, 0);
	passthrough_suspend(passthrough);
	expect("LED_NUML=0 close ");
	finish(passthrough);
}

/* One that another program has is let go, and tried again: when there is an occasion, or after a
 * second. */
static void expect_missed(void)
{
	g_autofree char *log = fixture_log_take();

	g_assert_nonnull(log);
	g_assert_nonnull(strstr(log, " times out; it is tried again"));
	g_assert_null(strchr(log, '\n'));
}

/* A seat manager that does not answer, or no fd: the device is asked for until it can be had. */
static void test_missed(void)
{
	struct passthrough *passthrough = start(false);

	g_free(fixture_log_take());
	world.missed = true;
	udev_double.present = true;
	udev_says("add");
	expect("missed ");
	expect_missed();
	/* Now and then by itself, without a word. */
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expect("missed ");
	g_assert_null(fixture_log_take());
	world.missed = false;
	passthrough_retry(passthrough);
	expect("open close create /run/kiosk-extra.sock ");
	/* And one that is known already. */
	world.missed = true;
	guest_listens(true);
	expect("missed ");
	expect_missed();
	world.missed = false;
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	passthrough_retry(passthrough);
	expect("");
	passthrough_suspend(passthrough);
	expect("close ");
	/* Nothing is asked for while the terminal is another's. */
	world.missed = true;
	passthrough_retry(passthrough);
	expect("");
	world.missed = false;
	finish(passthrough);
}

static void test_taken(void)
{
	struct passthrough *passthrough = start(true);

	expect("open close create /run/kiosk-extra.sock ");
	world.taken = true;
	guest_listens(true);
	expect("open taken close ");
	guest_leds(CAPS, CAPS);
	udev_says("change");
	expect("open taken close ");
	passthrough_suspend(passthrough);
	udev_says("change");
	expect("");
	world.taken = false;
	passthrough_resume(passthrough);
	expect("open grab LED_NUML=0 LED_CAPSL=1 ");
	udev_says("change");
	expect("");
	passthrough_suspend(passthrough);
	expect("LED_CAPSL=0 close ");
	world.taken = true;
	passthrough_resume(passthrough);
	expect("open taken close ");
	world.taken = false;
	udev_says("change");
	expect("open grab LED_NUML=0 LED_CAPSL=1 ");
	finish(passthrough);
}

/* How long the main loop would sleep, milliseconds; -1: for ever. */
static int loop_timeout(void)
{
	GMainContext *context = g_main_context_default();
	GPollFD fds[16];
	int priority, timeout;

	g_main_context_prepare(context, &priority);
	g_main_context_query(context, priority, &timeout, fds, G_N_ELEMENTS(fds));
	return timeout;
}

/* Said once, however often it is tried. */
static void test_taken_for_a_while(void)
{
	struct passthrough *passthrough = start(true);

	expect("open close create /run/kiosk-extra.sock ");
	world.taken = true;
	guest_listens(true);
	expect("open taken close ");
	g_autofree char *log = fixture_log_take();
	g_assert_nonnull(strstr(log, "another program has it"));
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expect("open taken close ");
	world.taken = false;
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
	g_assert_null(fixture_log_take());

	/* Not any more when nobody listens: the timer is gone. */
	guest_listens(false);
	expect("close ");
	world.taken = true;
	guest_listens(true);
	expect("open taken close ");
	g_assert_cmpint(loop_timeout(), >, 0);
	guest_listens(false);
	g_assert_cmpint(loop_timeout(), ==, -1);
	finish(passthrough);
}

/* ---- what the guest gets ---- */

static void tell(uint16_t type, uint16_t code)
{
	const struct input_value value = {type, code, 1};

	world.host_listener->group(world.host_data, &value, 1);
}

/* What it was not told of is left out; using it is using it all the same. */
static void test_groups(void)
{
	static const struct {
		uint16_t type, last;
	} kinds[] = {
		{EV_KEY, KEY_MAX},
		{EV_REL, REL_MAX},
		{EV_ABS, ABS_MAX},
		{EV_MSC, MSC_MAX},
		{EV_SW, SW_MAX},
	};
	static const struct input_value mixed[] = {{EV_KEY, KEY_A, 1}, {EV_KEY, KEY_MAX, 1},
		{EV_LED, LED_NUML, 1}, {EV_REL, REL_MAX, 2}};
	struct passthrough *passthrough = start(true);
	g_autofree char *both = g_strdup_printf("1/%u=1 2/%u=2 | ", KEY_MAX, REL_MAX);

	guest_listens(true);
	g_string_truncate(world.text, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *sent = g_strdup_printf("%u/%u=1 | ", kinds[i].type, kinds[i].last);

		tell(kinds[i].type, kinds[i].last);
		expect(sent);
		tell(kinds[i].type, 0);
		tell(kinds[i].type, kinds[i].last + 1);
		tell(kinds[i].type, UINT16_MAX);
		expect("");
	}
	g_assert_cmpuint(world.used, ==, 4 * G_N_ELEMENTS(kinds));
	world.host_listener->group(world.host_data, mixed, G_N_ELEMENTS(mixed));
	expect(both);
	finish(passthrough);
}

/* ---- which device it is ---- */

static void test_others_are_not_it(void)
{
	struct passthrough *passthrough = start(false);

	g_free(fixture_log_take());
	udev_double.seat = "seat1";
	udev_says("add");
	udev_double.seat = "seat0";
	udev_double.sysname = "js0";
	udev_says("add");
	udev_double.sysname = "event3";
	udev_double.orphan = true;
	udev_says("add");
	udev_double.orphan = false;
	udev_double.node = NULL;
	udev_says("add");
	expect("");
	udev_double.node = NODE;
	udev_says("add");
	expect("open close create /run/kiosk-extra.sock ");
	g_assert_null(fixture_log_take());
	/* A second one that the section matches. */
	udev_double.node = "/dev/input/event4";
	udev_says("add");
	expect("");
	g_autofree char *log = fixture_log_take();
	g_assert_cmpstr(log, ==,
		"[kiosk] guest kiosk: device extra: is /dev/input/event3 already, and "
		"/dev/input/event4 is ignored");
	udev_double.node = NODE;
	finish(passthrough);
}

static void test_another_kind(void)
{
	struct passthrough *passthrough = start(true);
	g_autofree char *log = NULL;

	udev_says("remove");
	udev_says("add");
	g_assert_null(fixture_log_take());
	udev_says("remove");
	world.name = "wheel";
	udev_says("add");
	log = fixture_log_take();
	g_assert_cmpstr(log, ==,
		"[kiosk] guest kiosk: device extra: wheel is another device than the guest knows; "
		"what the first had not is left out");
	finish(passthrough);
}

/* ---- what fails ---- */

static void test_no_udev(void)
{
	for (udev_double.fails = 1; udev_double.fails <= 4; udev_double.fails++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(try_start(true, &error));
		g_assert_error(error, SEAT_ERROR, SEAT_ERROR_UDEV);
		finish(NULL);
	}
	udev_double.fails = 0;
}

/* At start that is an error, later a word. */
static void test_no_socket(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *log = NULL;
	struct passthrough *passthrough;

	world.refuses_socket = true;
	g_assert_null(try_start(true, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES);
	finish(NULL);
	passthrough = start(false);
	g_free(fixture_log_take());
	udev_says("add");
	log = fixture_log_take();
	g_assert_cmpstr(log, ==, "[kiosk] guest kiosk: device extra: no socket");
	passthrough_suspend(passthrough);
	udev_double.present = true;
	passthrough_resume(passthrough);
	g_free(log);
	log = fixture_log_take();
	g_assert_cmpstr(log, ==, "[kiosk] guest kiosk: device extra: no socket");
	world.refuses_socket = false;
	finish(passthrough);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/passthrough/life", test_life);
	g_test_add_func("/input/passthrough/left", test_left);
	g_test_add_func("/input/passthrough/leds", test_leds);
	g_test_add_func("/input/passthrough/storm", test_storm);
	g_test_add_func("/input/passthrough/lost-events", test_lost_events);
	g_test_add_func("/input/passthrough/taken", test_taken);
	g_test_add_func("/input/passthrough/missed", test_missed);
	g_test_add_func("/input/passthrough/taken-for-a-while", test_taken_for_a_while);
	g_test_add_func("/input/passthrough/groups", test_groups);
	g_test_add_func("/input/passthrough/others-are-not-it", test_others_are_not_it);
	g_test_add_func("/input/passthrough/another-kind", test_another_kind);
	g_test_add_func("/input/passthrough/no-udev", test_no_udev);
	g_test_add_func("/input/passthrough/no-socket", test_no_socket);
	return g_test_run();
}
