/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cards that come and go, by the events of a udev that this file plays: a socket that a test
 * writes names to, one a datagram.
 */
#include <errno.h>
#include <kms.h>
#include <libudev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A datagram of this says that events were lost. */
#define LOST "lost"

static struct {
	int sockets[2]; /* udev's end, the monitor's */
	bool refuse_udev;
	bool refuse_monitor;
	bool refuse_receiving;
	int references; /* of everything that was handed out */
} played;

/* ---- libudev ---- */

struct udev {
	int unused;
};

struct udev_monitor {
	int unused;
};

struct udev_device {
	char name[64];
};

static struct udev the_udev;
static struct udev_monitor the_monitor;
static struct udev_device the_event;

struct udev *udev_new(void)
{
	if (played.refuse_udev)
		return NULL;
	played.references++;
	return &the_udev;
}

struct udev *udev_unref(struct udev *udev)
{
	played.references--;
	return NULL;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	if (played.refuse_monitor)
		return NULL;
	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, played.sockets),
		==, 0);
	played.references++;
	return &the_monitor;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
	const char *subsystem, const char *devtype)
{
	g_assert_cmpstr(subsystem, ==, "drm");
	return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	return played.refuse_receiving ? -EPERM : 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	return played.sockets[1];
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	ssize_t size = recv(played.sockets[1], the_event.name, sizeof(the_event.name) - 1, 0);

	if (size < 0)
		return NULL;
	the_event.name[size] = '\0';
	if (strcmp(the_event.name, LOST) == 0) {
		errno = ENOBUFS;
		return NULL;
	}
	played.references++;
	return &the_event;
}

const char *udev_device_get_sysname(struct udev_device *event)
{
	return event->name;
}

struct udev_device *udev_device_unref(struct udev_device *event)
{
	played.references--;
	return NULL;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	close(played.sockets[0]);
	close(played.sockets[1]);
	played.references--;
	return NULL;
}

/* ---- who watches ---- */

struct watcher {
	struct kms_watch *watch;
	unsigned int calls;
	bool leaves; /* destroys the watch when it is called */
};

static void changed(void *data)
{
	struct watcher *watcher = data;

	watcher->calls++;
	if (watcher->leaves)
		g_clear_pointer(&watcher->watch, kms_watch_destroy);
}

static void begin(struct watcher *watcher)
{
	GError *error = NULL;

	memset(&played, 0, sizeof(played));
	watcher->watch = kms_watch_create(changed, watcher, &error);
	g_assert_no_error(error);
	g_assert_nonnull(watcher->watch);
}

static void end(struct watcher *watcher)
{
	kms_watch_destroy(watcher->watch);
	g_assert_cmpint(played.references, ==, 0);
}

static void send_event(const char *name)
{
	g_assert_cmpint(send(played.sockets[0], name, strlen(name), 0), ==, (ssize_t)strlen(name));
}

/* Until the watch has read all that was sent, and decided. */
static void await_reading(void)
{
	char byte;

	while (recv(played.sockets[1], &byte, 1, MSG_PEEK) > 0)
		g_main_context_iteration(NULL, TRUE);
}

static gboolean tire(gpointer data)
{
	g_assert_not_reached();
}

static void await_calls(const struct watcher *watcher, unsigned int calls)
{
	guint guard = g_timeout_add_seconds(20, tire, NULL);

	while (watcher->calls < calls)
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(guard);
	g_assert_cmpuint(watcher->calls, ==, calls);
}

/* Nothing is about to come: no timer of the watch's is running. */
static void assert_at_rest(void)
{
	GMainContext *context = g_main_context_default();
	gint timeout_ms = 0;
	GPollFD fds[8];
	gint priority;

	g_assert_true(g_main_context_acquire(context));
	g_main_context_prepare(context, &priority);
	g_main_context_query(context, priority, &timeout_ms, fds, G_N_ELEMENTS(fds));
	g_main_context_release(context);
	g_assert_cmpint(timeout_ms, ==, -1);
}

/* ---- tests ---- */

static void test_card(void)
{
	struct watcher watcher = {0};

	begin(&watcher);
	assert_at_rest();
	send_event("card0");
	/* Not from within the event: the others of the same change are still to come. */
	await_reading();
	g_assert_cmpuint(watcher.calls, ==, 0);
	await_calls(&watcher, 1);
	assert_at_rest();
	/* And again. */
	send_event("card12");
	await_calls(&watcher, 2);
	end(&watcher);
}

static void test_gathered(void)
{
	struct watcher watcher = {0};

	begin(&watcher);
	send_event("card0");
	send_event("card1");
	send_event("card0");
	await_calls(&watcher, 1);
	await_reading();
	assert_at_rest();
	end(&watcher);
}

static void test_others(void)
{
	struct watcher watcher = {0};

	begin(&watcher);
	send_event("renderD128");
	send_event("card0-HDMI-A-1");
	send_event("version");
	await_reading();
	assert_at_rest();
	g_assert_cmpuint(watcher.calls, ==, 0);
	end(&watcher);
}

static void test_lost(void)
{
	struct watcher watcher = {0};

	begin(&watcher);
	send_event(LOST);
	await_calls(&watcher, 1);
	end(&watcher);
}

static void test_leaves(void)
{
	struct watcher watcher = {.leaves = true};

	begin(&watcher);
	send_event("card0");
	await_calls(&watcher, 1);
	g_assert_null(watcher.watch);
	assert_at_rest();
	end(&watcher);
}

static void test_ends_early(void)
{
	struct watcher watcher = {0};

	begin(&watcher);
	send_event("card0");
	await_reading();
	end(&watcher);
	assert_at_rest();
	g_assert_cmpuint(watcher.calls, ==, 0);
	kms_watch_destroy(NULL);
}

static void assert_refused(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(kms_watch_create(changed, NULL, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_UDEV);
	g_assert_nonnull(strstr(error->message, "udev"));
	g_assert_cmpint(played.references, ==, 0);
}

static void test_refused(void)
{
	memset(&played, 0, sizeof(played));
	played.refuse_udev = true;
	assert_refused();
	played.refuse_udev = false;
	played.refuse_monitor = true;
	assert_refused();
	played.refuse_monitor = false;
	played.refuse_receiving = true;
	assert_refused();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kms/watch/card", test_card);
	g_test_add_func("/kms/watch/gathered", test_gathered);
	g_test_add_func("/kms/watch/others", test_others);
	g_test_add_func("/kms/watch/lost", test_lost);
	g_test_add_func("/kms/watch/leaves", test_leaves);
	g_test_add_func("/kms/watch/ends-early", test_ends_early);
	g_test_add_func("/kms/watch/refused", test_refused);
	return g_test_run();
}
