/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the host's devices are opened anew: one could not be opened just then, or udev has said more
 * than libinput heard. The seat and udev are this test's.
 */
#include <errno.h>
#include <libudev.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "input/host_seat.h"

static struct {
	GString *text; /* what was done with the seat */
	bool misses; /* one of its devices cannot be opened */
	bool fails; /* it does not come back */
	bool overrun; /* of the monitor's socket, to be told */
	unsigned int events; /* of udev's, to be heard before that */
	int monitor_fd;
	struct seat_options options;
} world;

static void expect(const char *text)
{
	g_assert_cmpstr(world.text->str, ==, text);
	g_string_truncate(world.text, 0);
}

/* ---- the seat ---- */

static void open_devices(void)
{
	if (world.misses)
		world.options.missed(world.options.missed_data);
}

struct seat *seat_create(const struct seat_options *options, const struct seat_listener *listener,
	void *data, GError **error)
{
	world.options = *options;
	g_string_append(world.text, "create ");
	open_devices();
	return (struct seat *)&world;
}

void seat_destroy(struct seat *seat)
{
	if (seat)
		g_string_append(world.text, "destroy ");
}

void seat_suspend(struct seat *seat)
{
	g_string_append(world.text, "suspend ");
}

bool seat_resume(struct seat *seat, GError **error)
{
	g_string_append(world.text, "resume ");
	if (world.fails)
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "it does not");
	else
		open_devices();
	return !world.fails;
}

bool seat_misses_devices(const struct seat *seat)
{
	return world.misses;
}

bool seat_add_path(struct seat *seat, const char *path, GError **error)
{
	g_string_append_printf(world.text, "add %s ", path);
	return true;
}

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
	g_assert_cmpstr(name, ==, "udev");
	return (struct udev_monitor *)&handle;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
	const char *subsystem, const char *devtype)
{
	g_assert_cmpstr(subsystem, ==, "input");
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
	uint64_t count;

	if (world.events > 0) {
		world.events--;
		return (struct udev_device *)&handle;
	}
	if (read(world.monitor_fd, &count, sizeof(count)) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
	errno = world.overrun ? ENOBUFS : EAGAIN;
	world.overrun = false;
	return NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
	return NULL;
}

static void udev_says(unsigned int events, bool overrun)
{
	world.events = events;
	world.overrun = overrun;
	g_assert_cmpint(eventfd_write(world.monitor_fd, 1), ==, 0);
}

/* ---- tests ---- */

static struct host_seat *start(bool misses)
{
	static const struct config_input config = {.seat = (char *)"seat0"};
	const struct host_seat_options options = {.config = &config};
	struct host_seat *host;

	world.misses = misses;
	world.fails = false;
	world.text = g_string_new(NULL);
	world.monitor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	host = host_seat_create(&options, NULL, NULL);
	expect("");
	host_seat_open(host);
	expect("create ");
	return host;
}

static void finish(struct host_seat *host)
{
	host_seat_destroy(host);
	expect("destroy ");
	g_string_free(world.text, TRUE);
	close(world.monitor_fd);
	/* No timer is left that could call back. */
	g_assert_false(g_main_context_pending(NULL));
}

/* All are opened anew for it; where none is missed none is closed. */
static void test_missed(void)
{
	struct host_seat *host = start(true);

	host_seat_retry(host);
	expect("suspend resume ");
	world.misses = false;
	host_seat_retry(host);
	expect("");
	/* One that is plugged in later. */
	world.misses = true;
	world.options.missed(world.options.missed_data);
	host_seat_suspend(host);
	expect("suspend ");
	host_seat_retry(host);
	expect("");
	host_seat_resume(host);
	expect("resume ");
	finish(host);
}

static void test_lost_events(void)
{
	struct host_seat *host = start(false);
	g_autofree char *log = NULL;

	udev_says(100, false);
	while (world.events > 0)
		g_main_context_iteration(NULL, TRUE);
	udev_says(3, true);
	while (world.text->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expect("suspend resume ");
	log = fixture_log_take();
	g_assert_nonnull(log);
	g_assert_nonnull(strstr(log, "more devices came and went than could be told"));
	finish(host);
}

/* One that does not come back is made anew. */
static void test_fails(void)
{
	struct host_seat *host = start(true);

	world.fails = true;
	host_seat_retry(host);
	expect("suspend resume destroy create ");
	finish(host);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/host-seat/missed", test_missed);
	g_test_add_func("/input/host-seat/lost-events", test_lost_events);
	g_test_add_func("/input/host-seat/fails", test_fails);
	return g_test_run();
}
