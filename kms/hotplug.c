/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <kms.h>
#include <libudev.h>
#include <log.h>
#include <stdbool.h>
#include <string.h>
#include <turn.h>
#include <unistd.h>
#include <xf86drm.h>

/* One plug makes several events. */
#define DEBOUNCE_MS 100

/* A round that failed is made again after this, and after twice as long each time, so often. */
#define RETRY_MS 1000
#define RETRIES 6

/* The main thread's, and while the probe is under way the helper thread's; then the main thread's
 * again. */
struct probe {
	struct kms_hotplug *hotplug; /* the main thread's: NULL, nobody waits for the answers */
	int fd; /* its own: the card may be closed before */
	GArray *ids; /* of the connectors to probe: uint32_t */
	GPtrArray *answers; /* drmModeConnector or NULL, in the same order */
	bool failed; /* the kernel did not say all */
	bool gone; /* it said that there is no such card any more */
	GMainContext *context;
	GSource *done; /* attached by the thread when it has finished */
};

struct kms_hotplug {
	int fd;
	dev_t card;
	struct kms_hotplug_listener listener;
	void *data;
	struct udev *udev;
	struct udev_monitor *monitor;
	guint debounce_source;
	guint retry_source;
	unsigned int retries; /* one after the other */
	struct probe *probe; /* under way, or NULL */
	bool again; /* an event came while a probe was under way */
	bool keeps_master;
};

/* Of this process, under way. */
static gint probes;

/* ---- the probe: the only code that runs in the helper thread ---- */

static void *run_probe(void *data)
{
	struct probe *probe = data;
	GSource *done = g_source_ref(probe->done);
	GMainContext *context = g_main_context_ref(probe->context);
	drmModeRes *resources = drmModeGetResources(probe->fd);

	probe->failed = !resources;
	probe->gone = !resources && errno == ENODEV;
	for (int i = 0; resources && i < resources->count_connectors; i++) {
		uint32_t id = resources->connectors[i];
		drmModeConnector *answer = drmModeGetConnector(probe->fd, id);

		/* Only that one is known to be no more. */
		probe->failed |= !answer && errno != ENOENT;
		g_array_append_val(probe->ids, id);
		g_ptr_array_add(probe->answers, answer);
	}
	if (resources)
		drmModeFreeResources(resources);
	/* Last: the main thread may free the probe from then on. */
	g_source_attach(done, context);
	g_source_unref(done);
	g_main_context_unref(context);
	return NULL;
}

static void probe_destroy(struct probe *probe)
{
	for (guint i = 0; i < probe->answers->len; i++) {
		if (probe->answers->pdata[i])
			drmModeFreeConnector(probe->answers->pdata[i]);
	}
	g_ptr_array_free(probe->answers, TRUE);
	g_array_free(probe->ids, TRUE);
	g_source_destroy(probe->done);
	g_source_unref(probe->done);
	g_main_context_unref(probe->context);
	if (probe->fd >= 0)
		close(probe->fd);
	g_free(probe);
	g_atomic_int_dec_and_test(&probes);
}

unsigned int kms_probes(void)
{
	return (unsigned int)g_atomic_int_get(&probes);
}

static gboolean retry(gpointer data)
{
	struct kms_hotplug *hotplug = data;

	turn_note();
	hotplug->retry_source = 0;
	kms_hotplug_probe(hotplug);
	return G_SOURCE_REMOVE;
}

void kms_hotplug_probe_later(struct kms_hotplug *hotplug)
{
	if (hotplug->retry_source || hotplug->retries >= RETRIES)
		return;
	hotplug->retry_source = turn_name(
		g_timeout_add(RETRY_MS << hotplug->retries, retry, hotplug), "hotplug retry");
	hotplug->retries++;
}

static bool tell(struct kms_hotplug *hotplug, const struct probe *probe)
{
	for (guint i = 0; i < probe->ids->len; i++)
		hotplug->listener.connector(hotplug->data, g_array_index(probe->ids, uint32_t, i),
			probe->answers->pdata[i]);
	return hotplug->listener.finished(hotplug->data);
}

static gboolean probe_finished(gpointer data)
{
	struct probe *probe = data;
	struct kms_hotplug *hotplug = probe->hotplug;
	bool gone = probe->gone;
	bool good;
	bool again;

	turn_note();
	if (!hotplug) {
		probe_destroy(probe);
		return G_SOURCE_REMOVE;
	}
	if (probe->failed && !gone)
		hotplug->listener.failed(hotplug->data);
	good = !probe->failed && tell(hotplug, probe);
	again = hotplug->again;
	hotplug->again = false;
	g_clear_pointer(&hotplug->probe, probe_destroy);
	if (gone) {
		/* Last: the listener may destroy us. */
		hotplug->listener.removed(hotplug->data);
		return G_SOURCE_REMOVE;
	}
	if (good)
		hotplug->retries = 0;
	else
		kms_hotplug_probe_later(hotplug);
	if (again)
		kms_hotplug_probe(hotplug);
	return G_SOURCE_REMOVE;
}

static struct probe *probe_new(struct kms_hotplug *hotplug)
{
	struct probe *probe = g_new0(struct probe, 1);

	g_atomic_int_inc(&probes);
	probe->hotplug = hotplug;
	probe->fd = fcntl(hotplug->fd, F_DUPFD_CLOEXEC, 0);
	probe->ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	probe->answers = g_ptr_array_new();
	probe->context = g_main_context_ref_thread_default();
	probe->done = g_idle_source_new();
	g_source_set_priority(probe->done, G_PRIORITY_DEFAULT);
	g_source_set_name(probe->done, "hotplug");
	g_source_set_callback(probe->done, probe_finished, probe, NULL);
	return probe;
}

void kms_hotplug_probe(struct kms_hotplug *hotplug)
{
	g_autoptr(GError) error = NULL;
	struct probe *probe;
	GThread *thread;

	if (hotplug->probe) {
		hotplug->again = true;
		return;
	}
	probe = probe_new(hotplug);
	if (probe->fd < 0)
		g_set_error_literal(&error, G_FILE_ERROR, g_file_error_from_errno(errno),
			g_strerror(errno));
	thread = probe->fd >= 0 ? g_thread_try_new("kms-probe", run_probe, probe, &error) : NULL;
	if (thread) {
		hotplug->probe = probe;
		g_thread_unref(thread);
		return;
	}
	log_daemon(G_LOG_LEVEL_WARNING, "monitors cannot be looked for just now: %s",
		error->message);
	probe_destroy(probe);
	hotplug->listener.failed(hotplug->data);
	kms_hotplug_probe_later(hotplug);
}

/* ---- uevents ---- */

static gboolean debounced(gpointer data)
{
	struct kms_hotplug *hotplug = data;

	turn_note();
	hotplug->debounce_source = 0;
	hotplug->retries = 0;
	kms_hotplug_probe(hotplug);
	return G_SOURCE_REMOVE;
}

static void probe_soon(struct kms_hotplug *hotplug)
{
	if (!hotplug->debounce_source)
		hotplug->debounce_source = turn_name(g_timeout_add(DEBOUNCE_MS, debounced, hotplug),
			"hotplug");
}

static bool has_property(struct udev_device *event, const char *name)
{
	const char *value = udev_device_get_property_value(event, name);

	return value && strcmp(value, "1") == 0;
}

void kms_hotplug_receive(struct kms_hotplug *hotplug)
{
	struct udev_device *event;
	const char *action;
	bool changed, removed;

	errno = 0;
	event = udev_monitor_receive_device(hotplug->monitor);
	if (!event) {
		/* What was lost, or cannot be read, may have been of this card. */
		if (errno != EAGAIN && errno != EINTR)
			probe_soon(hotplug);
		return;
	}
	action = udev_device_get_action(event);
	removed = udev_device_get_devnum(event) == hotplug->card &&
		g_strcmp0(action, "remove") == 0;
	changed = udev_device_get_devnum(event) == hotplug->card &&
		g_strcmp0(action, "change") == 0;
	if (changed && has_property(event, "HOTPLUG"))
		probe_soon(hotplug);
	if (changed && has_property(event, "LEASE"))
		hotplug->listener.leases(hotplug->data);
	udev_device_unref(event);
	/* Last: the listener may destroy us. */
	if (removed)
		hotplug->listener.removed(hotplug->data);
}

int kms_hotplug_fd(const struct kms_hotplug *hotplug)
{
	return hotplug->monitor ? udev_monitor_get_fd(hotplug->monitor) : -1;
}

struct kms_hotplug *kms_hotplug_create(int fd, dev_t card,
	const struct kms_hotplug_listener *listener, void *data)
{
	struct kms_hotplug *hotplug = g_new0(struct kms_hotplug, 1);

	hotplug->fd = fd;
	hotplug->card = card;
	hotplug->listener = *listener;
	hotplug->data = data;
	hotplug->udev = udev_new();
	/* The kernel's own events say all of a card that is open, also where udevd is not there, or
	 * hangs. */
	if (hotplug->udev)
		hotplug->monitor = udev_monitor_new_from_netlink(hotplug->udev, "kernel");
	if (!hotplug->monitor ||
		udev_monitor_filter_add_match_subsystem_devtype(hotplug->monitor, "drm", NULL) <
			0 ||
		udev_monitor_enable_receiving(hotplug->monitor) < 0) {
		log_daemon(G_LOG_LEVEL_WARNING,
			"udev cannot be reached: monitors that come and go are not seen");
		g_clear_pointer(&hotplug->monitor, udev_monitor_unref);
	}
	return hotplug;
}

void kms_hotplug_keep_master(struct kms_hotplug *hotplug)
{
	hotplug->keeps_master = true;
}

void kms_hotplug_destroy(struct kms_hotplug *hotplug)
{
	if (!hotplug)
		return;
	if (hotplug->debounce_source)
		g_source_remove(hotplug->debounce_source);
	if (hotplug->retry_source)
		g_source_remove(hotplug->retry_source);
	if (hotplug->probe) {
		hotplug->probe->hotplug = NULL;
		/* Its fd keeps the card open: whoever opens that next is to be master. */
		if (!hotplug->keeps_master)
			drmDropMaster(hotplug->fd);
	}
	if (hotplug->monitor)
		udev_monitor_unref(hotplug->monitor);
	if (hotplug->udev)
		udev_unref(hotplug->udev);
	g_free(hotplug);
}
