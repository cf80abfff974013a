/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uevents of input devices that are cut at any byte, lost, or somebody else's, received by the real
 * libudev: libinput's are looked for again where one may have been missed, and only then.
 */
#include <errno.h>
#include <string.h>

#include "channel_fixture.h"
#include "input/lost_events.h"
#include "netlink_double.h"

#define PLUGGED \
	"ACTION=add DEVPATH=/devices/fake/input/event3 SUBSYSTEM=input MAJOR=13 MINOR=67 " \
	"DEVNAME=/dev/input/event3 SEQNUM=4711"

/* In place of GLib's: time does not pass, but in order. */
guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	return g_timeout_add_full(G_PRIORITY_DEFAULT, 0, function, data, NULL);
}

static void count(void *data)
{
	(*(unsigned int *)data)++;
}

/* How often it is told after the first bytes of an event, and then a whole one. */
static unsigned int times_lost(GBytes *event, gsize size)
{
	size_t fds = fixture_count_fds();
	unsigned int times = 0;
	struct lost_events *events = lost_events_create(count, &times);
	g_autoptr(GBytes) whole = netlink_double_event(NETLINK_UDEVD, PLUGGED);

	g_assert_nonnull(events);
	netlink_double_send(NETLINK_UDEVD, event, size);
	while (!netlink_double_is_read() || g_main_context_pending(NULL))
		g_main_context_iteration(NULL, TRUE);
	netlink_double_send(NETLINK_UDEVD, whole, g_bytes_get_size(whole));
	while (!netlink_double_is_read() || g_main_context_pending(NULL))
		g_main_context_iteration(NULL, TRUE);
	lost_events_destroy(events);
	netlink_double_end();
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
	return times;
}

static void test_cut(void)
{
	g_autoptr(GBytes) event = netlink_double_event(NETLINK_UDEVD, PLUGGED);
	gsize size = g_bytes_get_size(event);

	g_assert_cmpuint(times_lost(event, size), ==, 0);
	/* Of the header, what is left of it says that it was longer. */
	for (gsize bytes = 1; bytes < size; bytes++)
		g_assert_cmpuint(times_lost(event, bytes), <=, 1);
	g_assert_cmpuint(times_lost(event, 1), ==, 1);
	g_assert_cmpuint(times_lost(event, size / 2), ==, 1);
}

static void test_lost(void)
{
	static const int errors[] = {ENOBUFS, ENOMEM};
	g_autoptr(GBytes) event = netlink_double_event(NETLINK_UDEVD, PLUGGED);

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		netlink_double_error = errors[i];
		g_assert_cmpuint(times_lost(event, g_bytes_get_size(event)), ==, 1);
	}
}

static void test_foreign(void)
{
	g_autoptr(GBytes) event = netlink_double_event(NETLINK_UDEVD, PLUGGED);

	netlink_double_uid = 1000;
	g_assert_cmpuint(times_lost(event, g_bytes_get_size(event)), ==, 0);
	netlink_double_uid = 0;
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/cut/events/cut", test_cut);
	g_test_add_func("/cut/events/lost", test_lost);
	g_test_add_func("/cut/events/foreign", test_foreign);
	return g_test_run();
}
