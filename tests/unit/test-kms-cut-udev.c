/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uevents that are cut at any byte, late, lost, somebody else's, or never come, received by the
 * real libudev: a monitor that was plugged is looked for, a card that comes is noticed as soon as
 * an event says so or may have said so, and nothing else is done. udevd stopped or killed between
 * the kernel's event and its own: monitors are seen all the same, cards that come when it goes on.
 */
#include <errno.h>
#include <glib-unix.h>
#include <kms.h>
#include <string.h>
#include <unistd.h>

#include "drm_double.h"
#include "hotplug.h"
#include "netlink_double.h"

#define CARD ((dev_t)0xe200)
#define OF_CARD "DEVPATH=/devices/fake/drm/card0 SUBSYSTEM=drm DEVTYPE=drm_minor MAJOR=226 MINOR=0"
#define PLUGGED "ACTION=change " OF_CARD " DEVNAME=/dev/dri/card0 HOTPLUG=1 SEQNUM=4712"
#define REMOVED "ACTION=remove " OF_CARD " DEVNAME=/dev/dri/card0 SEQNUM=4713"
#define ADDED "ACTION=add " OF_CARD " DEVNAME=/dev/dri/card0 SEQNUM=4714"

/* More than libudev has room for. */
#define HUGE_BYTES 20000

static struct {
	struct kms_hotplug *hotplug; /* of the card that is open */
	struct kms_watch *watch; /* for one that comes */
	int card;
	guint source;
	unsigned int rounds, removed, changed; /* what was told */
} world;

/* ---- time ---- */

/* In place of GLib's: it does not pass, but in order. */
guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	return g_timeout_add_full(G_PRIORITY_DEFAULT, 0, function, data, NULL);
}

/* ---- who listens ---- */

static void on_connector(void *data, uint32_t id, const drmModeConnector *probed)
{
}

static bool on_finished(void *data)
{
	world.rounds++;
	return true;
}

static void on_failed(void *data)
{
}

static void on_removed(void *data)
{
	world.removed++;
}

static const struct kms_hotplug_listener listener = {on_connector, on_finished, on_failed,
	on_removed};

static gboolean receive(gint fd, GIOCondition condition, gpointer data)
{
	kms_hotplug_receive(world.hotplug);
	return G_SOURCE_CONTINUE;
}

static void on_changed(void *data)
{
	world.changed++;
}

static void start(void)
{
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 1;
	memset(&world, 0, sizeof(world));
	world.card = double_open();
	world.hotplug = kms_hotplug_create(world.card, CARD, &listener, NULL);
	g_assert_cmpint(kms_hotplug_fd(world.hotplug), >=, 0);
	world.source = g_unix_fd_add(kms_hotplug_fd(world.hotplug), G_IO_IN, receive, NULL);
	world.watch = kms_watch_create(on_changed, NULL, &error);
	g_assert_no_error(error);
}

static void finish(void)
{
	g_source_remove(world.source);
	kms_hotplug_destroy(world.hotplug);
	kms_watch_destroy(world.watch);
	netlink_double_end();
	close(world.card);
	while (kms_probes() > 0)
		g_main_context_iteration(NULL, TRUE);
	netlink_double_uid = 0;
	netlink_double_error = 0;
}

static void settle(void)
{
	while (g_main_context_iteration(NULL, FALSE) || kms_probes() > 0)
		;
	g_assert_true(netlink_double_is_read());
}

static void tell(enum netlink_from from, const char *properties)
{
	g_autoptr(GBytes) event = netlink_double_event(from, properties);

	netlink_double_send(from, event, g_bytes_get_size(event));
}

static void expect(unsigned int rounds, unsigned int changed, unsigned int removed)
{
	settle();
	g_assert_cmpuint(world.rounds, ==, rounds);
	g_assert_cmpuint(world.changed, ==, changed);
	g_assert_cmpuint(world.removed, ==, removed);
}

/* ---- tests ---- */

static void test_whole(void)
{
	start();
	expect(0, 0, 0);
	tell(NETLINK_KERNEL, PLUGGED);
	expect(1, 0, 0);
	tell(NETLINK_UDEVD, PLUGGED);
	expect(1, 1, 0);
	tell(NETLINK_UDEVD, ADDED);
	expect(1, 2, 0);
	tell(NETLINK_KERNEL, REMOVED);
	expect(1, 2, 1);
	finish();
}

/* One that ends too soon says what it says, or that one was lost; the next is one as ever. */
static void test_cut(gconstpointer data)
{
	enum netlink_from from = (enum netlink_from)GPOINTER_TO_UINT(data);
	g_autoptr(GBytes) event = netlink_double_event(from, PLUGGED);
	bool of_kernel = from == NETLINK_KERNEL;

	for (gsize size = 1; size < g_bytes_get_size(event); size++) {
		unsigned int rounds, changed;

		start();
		netlink_double_send(from, event, size);
		settle();
		rounds = world.rounds;
		changed = world.changed;
		g_assert_cmpuint(rounds, <=, of_kernel);
		g_assert_cmpuint(changed, <=, !of_kernel);
		tell(from, PLUGGED);
		expect(rounds + of_kernel, changed + !of_kernel, 0);
		finish();
	}
}

/* What cannot be received, or read, may have been a plug, a card. */
static void test_lost(void)
{
	static const int errors[] = {ENOBUFS, ENOMEM};
	g_autofree char *huge = g_strnfill(HUGE_BYTES, 'x');
	g_autofree char *too_long = g_strconcat(PLUGGED " X=", huge, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		start();
		tell(NETLINK_KERNEL, PLUGGED);
		netlink_double_error = errors[i];
		while (netlink_double_error != 0)
			g_main_context_iteration(NULL, TRUE);
		tell(NETLINK_UDEVD, "ACTION=add DEVPATH=/devices/fake/drm/card0 SEQNUM=1");
		settle();
		g_assert_cmpuint(world.rounds, ==, 1);
		finish();
	}
	start();
	tell(NETLINK_KERNEL, too_long);
	tell(NETLINK_UDEVD, too_long);
	expect(1, 1, 0);
	finish();
}

/* Who is neither the kernel nor root says nothing. */
static void test_foreign(void)
{
	start();
	netlink_double_uid = 1000;
	tell(NETLINK_KERNEL, PLUGGED);
	tell(NETLINK_KERNEL, REMOVED);
	tell(NETLINK_UDEVD, ADDED);
	expect(0, 0, 0);
	netlink_double_uid = 0;
	tell(NETLINK_KERNEL, PLUGGED);
	tell(NETLINK_UDEVD, ADDED);
	expect(1, 1, 0);
	finish();
}

/* udevd is stopped when a monitor, and another card, are plugged; it says so when it goes on. */
static void test_stopped(void)
{
	start();
	tell(NETLINK_KERNEL, PLUGGED);
	tell(NETLINK_KERNEL, ADDED);
	expect(1, 0, 0);
	tell(NETLINK_UDEVD, PLUGGED);
	tell(NETLINK_UDEVD, ADDED);
	expect(1, 1, 0);
	finish();
}

/* The events of one that was killed never come; its successor's do. */
static void test_killed(void)
{
	start();
	tell(NETLINK_KERNEL, ADDED);
	tell(NETLINK_KERNEL, REMOVED);
	expect(0, 0, 1);
	tell(NETLINK_UDEVD, ADDED);
	expect(0, 1, 1);
	finish();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cut/udev/whole", test_whole);
	g_test_add_data_func("/cut/udev/cut-kernel", GUINT_TO_POINTER(NETLINK_KERNEL), test_cut);
	g_test_add_data_func("/cut/udev/cut-udevd", GUINT_TO_POINTER(NETLINK_UDEVD), test_cut);
	g_test_add_func("/cut/udev/lost", test_lost);
	g_test_add_func("/cut/udev/foreign", test_foreign);
	g_test_add_func("/cut/udev/stopped", test_stopped);
	g_test_add_func("/cut/udev/killed", test_killed);
	return g_test_run();
}
