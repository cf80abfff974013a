/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of udev's events are the card's, how many of them make one probe, and how often one that
 * failed is made again. udev is this test's, time passes at its word.
 */
#include "drm_double.h"
#include "hotplug.h"

#include <errno.h>
#include <libudev.h>
#include <string.h>
#include <unistd.h>

#define CARD ((dev_t)0xe200)

static struct {
	int fails; /* of the calls that make a monitor, counted from 1, the one that does; 0: none */
	const char *source; /* that events are heard from */
	/* The next event. */
	const char *action, *hotplug, *lease; /* action NULL: none, with errno */
	dev_t node;
	int error;

	unsigned int timer; /* the last that was set … */
	unsigned int interval; /* … for so many milliseconds; 0: none was set since */

	unsigned int connectors, rounds, failed, removed, leases;
	bool bad; /* a round does not find all that it should */
	unsigned int warnings;
} world;

/* ---- udev ---- */

static char handle; /* of all of its objects */

struct udev *udev_new(void)
{
	return world.fails == 1 ? NULL : (struct udev *)&handle;
}

struct udev *udev_unref(struct udev *udev)
{
	g_assert_nonnull(udev);
	return NULL;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	world.source = name;
	return world.fails == 2 ? NULL : (struct udev_monitor *)&handle;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	g_assert_nonnull(monitor);
	return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
	const char *subsystem, const char *devtype)
{
	g_assert_cmpstr(subsystem, ==, "drm");
	return world.fails == 3 ? -EINVAL : 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	return world.fails == 4 ? -EINVAL : 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	return 77;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	if (world.action)
		return (struct udev_device *)&handle;
	errno = world.error;
	return NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
	return NULL;
}

const char *udev_device_get_action(struct udev_device *device)
{
	return world.action;
}

dev_t udev_device_get_devnum(struct udev_device *device)
{
	return world.node;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *name)
{
	if (g_str_equal(name, "LEASE"))
		return world.lease;
	return g_str_equal(name, "HOTPLUG") ? world.hotplug : NULL;
}

/* ---- time ---- */

guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	world.interval = interval;
	/* One that never comes by itself. */
	world.timer = g_timeout_add_full(G_PRIORITY_DEFAULT, G_MAXINT, function, data, NULL);
	return world.timer;
}

static void pass_time(void)
{
	world.interval = 0;
	g_source_set_ready_time(g_main_context_find_source_by_id(NULL, world.timer), 0);
	g_main_context_iteration(NULL, FALSE);
}

static void await_rounds(unsigned int rounds)
{
	while (world.rounds < rounds)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(world.rounds, ==, rounds);
}

/* ---- the listener ---- */

static void on_connector(void *data, uint32_t id, const drmModeConnector *probed)
{
	world.connectors++;
}

static bool on_finished(void *data)
{
	world.rounds++;
	return !world.bad;
}

static void on_failed(void *data)
{
	world.failed++;
}

static void on_removed(void *data)
{
	world.removed++;
}

static void on_leases(void *data)
{
	world.leases++;
}

static const struct kms_hotplug_listener listener = {on_connector, on_finished, on_failed,
	on_removed, on_leases};

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	world.warnings += (level & G_LOG_LEVEL_WARNING) != 0;
	return G_LOG_WRITER_HANDLED;
}

/* ---- the fixture ---- */

static int card_fd;

static struct kms_hotplug *start(void)
{
	double_reset();
	double_card.crtcs = 2;
	memset(&world, 0, sizeof(world));
	card_fd = double_open();
	return kms_hotplug_create(card_fd, CARD, &listener, NULL);
}

static void finish(struct kms_hotplug *hotplug)
{
	kms_hotplug_destroy(hotplug);
	close(card_fd);
}

static void receive(struct kms_hotplug *hotplug, dev_t node, const char *action, const char *plug)
{
	world.action = action;
	world.hotplug = plug;
	world.node = node;
	kms_hotplug_receive(hotplug);
}

/* ---- events ---- */

static void test_events(void)
{
	struct kms_hotplug *hotplug = start();

	g_assert_cmpstr(world.source, ==, "kernel");
	g_assert_cmpint(kms_hotplug_fd(hotplug), ==, 77);
	/* Another card's, and what is no plug. */
	receive(hotplug, CARD + 1, "change", "1");
	receive(hotplug, CARD, "add", "1");
	receive(hotplug, CARD, "change", NULL);
	receive(hotplug, CARD, "change", "0");
	receive(hotplug, CARD + 1, "remove", NULL);
	g_assert_cmpuint(world.interval, ==, 0);
	g_assert_cmpuint(world.removed, ==, 0);
	/* One plug makes several events. */
	receive(hotplug, CARD, "change", "1");
	g_assert_cmpuint(world.interval, ==, 100);
	world.interval = 0;
	receive(hotplug, CARD, "change", "1");
	g_assert_cmpuint(world.interval, ==, 0);
	pass_time();
	await_rounds(1);
	g_assert_cmpuint(world.connectors, ==, 2);
	receive(hotplug, CARD, "change", "1");
	g_assert_cmpuint(world.interval, ==, 100);
	receive(hotplug, CARD, "remove", NULL);
	g_assert_cmpuint(world.removed, ==, 1);
	finish(hotplug);
}

/* The end of a lease is no plug: nothing is probed for it. */
static void test_leases(void)
{
	struct kms_hotplug *hotplug = start();

	world.lease = "1";
	receive(hotplug, CARD + 1, "change", NULL);
	receive(hotplug, CARD, "add", NULL);
	g_assert_cmpuint(world.leases, ==, 0);
	receive(hotplug, CARD, "change", NULL);
	g_assert_cmpuint(world.leases, ==, 1);
	g_assert_cmpuint(world.interval, ==, 0);
	finish(hotplug);
}

static void test_lost_events(void)
{
	struct kms_hotplug *hotplug = start();

	world.error = EAGAIN;
	kms_hotplug_receive(hotplug);
	g_assert_cmpuint(world.interval, ==, 0);
	world.error = ENOBUFS;
	kms_hotplug_receive(hotplug);
	g_assert_cmpuint(world.interval, ==, 100);
	pass_time();
	await_rounds(1);
	/* Nor can one be known that cannot be read. */
	world.error = EINVAL;
	kms_hotplug_receive(hotplug);
	g_assert_cmpuint(world.interval, ==, 100);
	pass_time();
	await_rounds(2);
	finish(hotplug);
}

/* What comes while a probe is under way is probed after it. */
static void test_again(void)
{
	struct kms_hotplug *hotplug = start();

	kms_hotplug_probe(hotplug);
	kms_hotplug_probe(hotplug);
	kms_hotplug_probe(hotplug);
	await_rounds(1);
	await_rounds(2);
	g_main_context_iteration(NULL, FALSE);
	kms_hotplug_probe(hotplug);
	await_rounds(3);
	finish(hotplug);
}

/* ---- again and again ---- */

static void test_retries(void)
{
	struct kms_hotplug *hotplug = start();
	unsigned int rounds = 0;

	world.bad = true;
	kms_hotplug_probe(hotplug);
	await_rounds(++rounds);
	for (unsigned int i = 0; i < 6; i++) {
		g_assert_cmpuint(world.interval, ==, 1000u << i);
		/* One is enough. */
		world.interval = 0;
		kms_hotplug_probe_later(hotplug);
		g_assert_cmpuint(world.interval, ==, 0);
		pass_time();
		await_rounds(++rounds);
	}
	/* That was that, … */
	g_assert_cmpuint(world.interval, ==, 0);
	/* … until something happens. */
	receive(hotplug, CARD, "change", "1");
	pass_time();
	await_rounds(++rounds);
	g_assert_cmpuint(world.interval, ==, 1000);
	world.bad = false;
	pass_time();
	await_rounds(++rounds);
	g_assert_cmpuint(world.interval, ==, 0);
	/* A good one starts anew. */
	world.bad = true;
	kms_hotplug_probe(hotplug);
	await_rounds(++rounds);
	g_assert_cmpuint(world.interval, ==, 1000);
	finish(hotplug);
}

/* A kernel that does not say all is asked again; one that says "no such connector" has said it. */
static void test_failed_probes(void)
{
	struct kms_hotplug *hotplug = start();

	double_fail(DOUBLE_GET_CONNECTOR, ENOENT, 0, 1);
	kms_hotplug_probe(hotplug);
	await_rounds(1);
	g_assert_cmpuint(world.interval, ==, 0);
	g_assert_cmpuint(world.connectors, ==, 2);
	double_fail(DOUBLE_GET_CONNECTOR, EINTR, 0, 1);
	kms_hotplug_probe(hotplug);
	while (world.interval == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(world.rounds, ==, 1);
	g_assert_cmpuint(world.failed, ==, 1);
	pass_time();
	await_rounds(2);
	double_fail(DOUBLE_GET_RESOURCES, ENOMEM, 0, 1);
	kms_hotplug_probe(hotplug);
	while (world.interval == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(world.removed, ==, 0);
	g_assert_cmpuint(world.failed, ==, 2);
	double_fail(DOUBLE_GET_RESOURCES, ENODEV, 0, 1);
	kms_hotplug_probe(hotplug);
	while (world.removed == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(world.rounds, ==, 2);
	finish(hotplug);
}

/* ---- without udev ---- */

static void test_no_udev(void)
{
	for (int i = 1; i <= 4; i++) {
		struct kms_hotplug *hotplug;

		double_reset();
		memset(&world, 0, sizeof(world));
		world.fails = i;
		hotplug = kms_hotplug_create(card_fd = double_open(), CARD, &listener, NULL);
		g_assert_cmpuint(world.warnings, ==, 1);
		g_assert_cmpint(kms_hotplug_fd(hotplug), ==, -1);
		/* Who asks is answered all the same. */
		kms_hotplug_probe(hotplug);
		await_rounds(1);
		finish(hotplug);
	}
	kms_hotplug_destroy(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	g_test_add_func("/kms/uevent/events", test_events);
	g_test_add_func("/kms/uevent/leases", test_leases);
	g_test_add_func("/kms/uevent/lost-events", test_lost_events);
	g_test_add_func("/kms/uevent/again", test_again);
	g_test_add_func("/kms/uevent/retries", test_retries);
	g_test_add_func("/kms/uevent/failed-probes", test_failed_probes);
	g_test_add_func("/kms/uevent/no-udev", test_no_udev);
	return g_test_run();
}
