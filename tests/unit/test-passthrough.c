/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a guest has the host's device that is its own, and what it leaves behind. The host's device,
 * udev and the guest's device are this test's: a host has none of them for certain.
 */
#include <libevdev/libevdev.h>
#include <libudev.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "input/evdev.h"
#include "input/passthrough.h"

#define NODE "/dev/input/event3"

static struct {
	GString *text; /* what became of the host's device, and what the guest was sent */
	bool present; /* as udev lists it */
	bool replaced; /* by another one of the same kind, in the same place */
	bool overrun; /* of the monitor's socket, to be told */
	bool taken; /* by another program */
	const char *action; /* of udev's, to be heard */
	int monitor_fd;
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

struct evdev *evdev_open(const char *node, const struct device_opener *opener,
	const struct evdev_listener *listener, void *data, GError **error)
{
	struct evdev *evdev = g_new0(struct evdev, 1);

	g_assert_cmpstr(node, ==, NODE);
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
	*description = (struct input_description){.name = "keys"};
	input_set_bit(description->leds, LED_NUML);
	input_set_bit(description->leds, LED_CAPSL);
}

int evdev_grab(struct evdev *evdev)
{
	g_string_append(world.text, world.taken ? "taken " : "grab ");
	return world.taken ? EBUSY : 0;
}

void evdev_set_led(struct evdev *evdev, uint16_t code, bool on)
{
	g_assert_nonnull(evdev);
	if (code == LED_NUML || code == LED_CAPSL)
		g_string_append_printf(world.text, "%s=%d ",
			libevdev_event_code_get_name(EV_LED, code), on);
}

/* ---- the guest's device ---- */

static void destroy_device(struct input_sink *sink)
{
	g_string_append(world.text, "destroy ");
	world.listener = NULL;
	g_free(sink);
}

static const struct input_sink_interface device_interface = {.destroy = destroy_device};

struct input_sink *device_create(const struct device_options *options,
	const struct input_description *description, const struct input_sink_listener *listener,
	void *data, GError **error)
{
	struct input_sink *sink = g_new0(struct input_sink, 1);

	sink->interface = &device_interface;
	g_string_append_printf(world.text, "create %s ", options->path);
	world.listener = listener;
	world.data = data;
	return sink;
}

void device_counters(const struct input_sink *sink, struct device_counters *counters)
{
	*counters = (struct device_counters){.groups = 1};
}

static void guest_listens(bool listens)
{
	world.listener->connected(world.data, listens);
}

/* As device.c tells of them. */
static void guest_leds(uint32_t said, uint32_t leds)
{
	world.listener->leds(world.data, said, leds);
}

#define NUM (1u << LED_NUML)
#define CAPS (1u << LED_CAPSL)

/* ---- udev ---- */

static char handle; /* of all of its objects */

struct udev *udev_new(void)
{
	return (struct udev *)&handle;
}

struct udev *udev_unref(struct udev *udev)
{
	return NULL;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	return (struct udev_monitor *)&handle;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
	const char *subsystem, const char *devtype)
{
	return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	return 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	return world.monitor_fd;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	eventfd_t count;

	if (eventfd_read(world.monitor_fd, &count) != 0)
		return NULL;
	if (!world.overrun)
		return (struct udev_device *)&handle;
	world.overrun = false;
	errno = ENOBUFS;
	return NULL;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
	return (struct udev_enumerate *)&handle;
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate)
{
	return NULL;
}

int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate, const char *subsystem)
{
	return 0;
}

int udev_enumerate_add_match_sysname(struct udev_enumerate *enumerate, const char *sysname)
{
	return 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
	return 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
	return world.present ? (struct udev_list_entry *)&handle : NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry)
{
	return NULL;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry)
{
	return world.replaced ? "/sys/devices/input8/event3" : "/sys/devices/input7/event3";
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path)
{
	return world.present && g_str_equal(path, udev_list_entry_get_name(NULL))
		? (struct udev_device *)&handle
		: NULL;
}

const char *udev_device_get_syspath(struct udev_device *device)
{
	return udev_list_entry_get_name(NULL);
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
	return NULL;
}

struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *device,
	const char *subsystem, const char *devtype)
{
	return device;
}

const char *udev_device_get_action(struct udev_device *device)
{
	return world.action;
}

const char *udev_device_get_devnode(struct udev_device *device)
{
	return NODE;
}

const char *udev_device_get_sysname(struct udev_device *device)
{
	return "event3";
}

const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name)
{
	return g_str_equal(name, "name") ? "keys" : NULL;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *name)
{
	return NULL;
}

static void udev_says(const char *action)
{
	world.action = action;
	g_assert_cmpint(eventfd_write(world.monitor_fd, 1), ==, 0);
	fixture_settle();
}

/* ---- the fixture ---- */

static struct passthrough *start(bool present)
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
	g_autoptr(GError) error = NULL;

	world.present = present;
	world.taken = false;
	world.replaced = false;
	world.text = g_string_new(NULL);
	world.monitor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	passthrough = passthrough_create(&options, &error);
	g_assert_no_error(error);
	return passthrough;
}

static void finish(struct passthrough *passthrough)
{
	passthrough_destroy(passthrough);
	g_assert_null(world.listener);
	g_string_free(world.text, TRUE);
	close(world.monitor_fd);
}

/* ---- life ---- */

static void test_life(void)
{
	struct passthrough *passthrough = start(false);
	g_autofree char *log = fixture_log_take();
	struct device_counters counters;

	g_assert_nonnull(
		strstr(log, "device extra: is not plugged in; its socket appears with it"));
	g_assert_cmpstr(passthrough_guest(passthrough), ==, "kiosk");
	g_assert_cmpstr(passthrough_name(passthrough), ==, "extra");
	g_assert_false(passthrough_counters(passthrough, &counters));
	expect("");
	udev_says("add");
	expect("open close create /run/kiosk-extra.sock ");
	g_assert_true(passthrough_counters(passthrough, &counters));
	guest_listens(true);
	expect("open grab LED_NUML=0 LED_CAPSL=0 ");
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
	finish(passthrough);
}

static void udev_loses(bool present)
{
	world.present = present;
	world.overrun = true;
	g_assert_cmpint(eventfd_write(world.monitor_fd, 1), ==, 0);
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
	world.replaced = true;
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

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/passthrough/life", test_life);
	g_test_add_func("/input/passthrough/leds", test_leds);
	g_test_add_func("/input/passthrough/lost-events", test_lost_events);
	g_test_add_func("/input/passthrough/taken", test_taken);
	g_test_add_func("/input/passthrough/taken-for-a-while", test_taken_for_a_while);
	return g_test_run();
}
