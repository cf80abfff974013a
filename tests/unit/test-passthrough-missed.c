/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's own device that could not be looked at just now: it is looked for until it can be,
 * whatever else there is, and that is said once. The host's device, udev and the guest's device are
 * this test's.
 */
#include <errno.h>

#include "channel_fixture.h"
#include "input/evdev.h"
#include "input/passthrough.h"
#include "udev_double.h"

static struct {
	GString *text; /* what became of the host's device */
	enum evdev_error error; /* that opening it meets, or … */
	bool opens; /* … none */
	const struct input_sink_listener *listener; /* of the guest's device; NULL: there is none */
	void *data;
} world;

/* ---- the host's device ---- */

G_DEFINE_QUARK(test_evdev_error_quark, evdev_error)

struct evdev *evdev_open(const char *node, const struct device_opener *opener,
	const struct evdev_listener *listener, void *data, GError **error)
{
	g_string_append_printf(world.text, "%s ", world.opens ? "open" : "try");
	if (world.opens)
		return g_malloc(1);
	g_set_error(error, EVDEV_ERROR, world.error, "%s is busy", node);
	return NULL;
}

void evdev_close(struct evdev *evdev)
{
	g_free(evdev);
}

void evdev_describe(const struct evdev *evdev, struct input_description *description)
{
	*description = (struct input_description){.id.bustype = BUS_USB};
}

int evdev_grab(struct evdev *evdev)
{
	g_string_append(world.text, "grab ");
	return 0;
}

bool evdev_is_down(const struct evdev *evdev, uint16_t code)
{
	return false;
}

void evdev_set_led(struct evdev *evdev, uint16_t code, bool on)
{
}

/* ---- the guest's device ---- */

static void destroy_device(struct input_sink *sink)
{
	world.listener = NULL;
	g_free(sink);
}

static const struct input_sink_interface device_interface = {.destroy = destroy_device};

struct input_sink *device_create(const struct device_options *options,
	const struct input_description *description, const struct input_sink_listener *listener,
	void *data, GError **error)
{
	struct input_sink *sink;

	if (!description)
		return NULL;
	sink = g_new0(struct input_sink, 1);
	sink->interface = &device_interface;
	world.listener = listener;
	world.data = data;
	return sink;
}

const struct input_description *device_description(const struct input_sink *sink)
{
	static const struct input_description description = {.id.bustype = BUS_USB};

	return &description;
}

bool device_sees_pressed(const struct input_sink *sink, uint16_t code)
{
	return false;
}

void device_counters(const struct input_sink *sink, struct device_counters *counters)
{
}

/* ---- the fixture ---- */

static void expect(const char *text)
{
	g_assert_cmpstr(world.text->str, ==, text);
	g_string_truncate(world.text, 0);
}

static void expect_log(const char *text)
{
	g_autofree char *line = g_strconcat("[kiosk] guest kiosk: device extra: ", text, NULL);
	g_autofree char *log = fixture_log_take();

	g_assert_cmpstr(log, ==, line);
}

static void expect_silence(void)
{
	g_assert_null(fixture_log_take());
}

static void udev_says(const char *action)
{
	udev_double.action = action;
	udev_double_wake(1);
	fixture_settle();
}

/* It is looked for by itself. */
static void await_more(void)
{
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
}

/* The device is there, and nobody has said so. */
static struct passthrough *start(void)
{
	static char name[] = "extra";
	static const struct config_device section = {.name = name};
	const struct passthrough_options options = {
		.section = &section,
		.seat = "seat0",
		.guest = "kiosk",
		.prefix = "/run/kiosk",
	};
	struct passthrough *passthrough;

	udev_double_reset(false);
	world.text = g_string_new(NULL);
	world.opens = true;
	passthrough = passthrough_create(&options, NULL);
	g_assert_nonnull(passthrough);
	g_free(fixture_log_take());
	udev_double.present = true;
	return passthrough;
}

static void finish(struct passthrough *passthrough)
{
	passthrough_destroy(passthrough);
	g_assert_null(world.listener);
	g_string_free(world.text, TRUE);
	udev_double_finish();
}

/* ---- tests ---- */

/* Another one that the section means and that can never be used is no reason not to ask for the
 * first again; and is named once, however often all are looked at. */
static void test_beside_refused(void)
{
	struct passthrough *passthrough = start();

	world.opens = false;
	world.error = EVDEV_ERROR_MOMENT;
	udev_says("add");
	expect("try ");
	expect_log("/dev/input/event3 is busy; it is tried again");
	world.error = EVDEV_ERROR_OPEN;
	udev_double.node = "/dev/input/event4";
	udev_says("change");
	expect_log("/dev/input/event4 is busy");
	udev_says("change");
	expect_silence();
	/* Once it has been pulled it is another one. */
	udev_says("remove");
	udev_says("add");
	expect("try try try ");
	expect_log("/dev/input/event4 is busy");
	world.opens = true;
	udev_double.node = UDEV_DOUBLE_NODE;
	await_more();
	expect("open ");
	g_assert_nonnull(world.listener);
	expect_silence();
	finish(passthrough);
}

/* The log says it again only after it could be had. */
static void test_said_once(void)
{
	struct passthrough *passthrough = start();

	world.error = EVDEV_ERROR_MOMENT;
	for (unsigned int i = 0; i < 2; i++) {
		world.opens = false;
		udev_says("add");
		expect_log("/dev/input/event3 is busy; it is tried again");
		passthrough_retry(passthrough);
		expect("try try ");
		expect_silence();
		world.opens = true;
		passthrough_retry(passthrough);
		expect("open ");
		udev_says("remove");
	}
	finish(passthrough);
}

/* udev has no memory for an answer, for a moment. */
static void test_udev(void)
{
	static const struct {
		bool refuses_list;
		int scan_error, device_error;
		const char *said;
	} cases[] = {
		{true, 0, 0, "the host's input devices cannot be listed; it is tried again"},
		{false, ENOMEM, 0,
			"not all of the host's input devices can be listed; it is tried again"},
		{false, 0, ENOMEM,
			"udev cannot be asked about one of the host's devices; it is tried again"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct passthrough *passthrough = start();

		udev_double.refuses_list = cases[i].refuses_list;
		udev_double.scan_error = cases[i].scan_error;
		udev_double.device_error = cases[i].device_error;
		udev_double.overrun = true;
		udev_says("add");
		expect("");
		expect_log(cases[i].said);
		udev_double.refuses_list = false;
		udev_double.scan_error = udev_double.device_error = 0;
		await_more();
		expect("open ");
		finish(passthrough);
	}
}

/* One that is in use is not taken for pulled, and its keys not for released. */
static void test_udev_in_use(void)
{
	struct passthrough *passthrough = start();

	udev_says("add");
	world.listener->connected(world.data, true);
	expect("open open grab ");
	udev_double.device_error = ENOMEM;
	udev_double.overrun = true;
	udev_says("change");
	expect_log("udev cannot be asked about one of the host's devices; it is tried again");
	udev_double.device_error = 0;
	passthrough_retry(passthrough);
	expect("");
	udev_double.present = false;
	udev_double.overrun = true;
	udev_says("change");
	udev_double.present = true;
	udev_says("add");
	expect("open open grab ");
	finish(passthrough);
}

/* One event that is lost is made up for as many are. */
static void test_lost_event(void)
{
	struct passthrough *passthrough = start();

	udev_double.receive_error = ENOMEM;
	udev_says("change");
	expect("open ");
	finish(passthrough);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/passthrough-missed/beside-refused", test_beside_refused);
	g_test_add_func("/input/passthrough-missed/said-once", test_said_once);
	g_test_add_func("/input/passthrough-missed/udev", test_udev);
	g_test_add_func("/input/passthrough-missed/udev-in-use", test_udev_in_use);
	g_test_add_func("/input/passthrough-missed/lost-event", test_lost_event);
	return g_test_run();
}
