/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include "card.h"
#include "hotplug.h"
#include "modeset.h"
#include "output.h"
#include "resources.h"
#include "watchdog.h"

#include <errno.h>
#include <log.h>
#include <string.h>
#include <sys/stat.h>
#include <xf86drm.h>

#define FLIP_TIMEOUT_MS 5000
#define MASTER_RETRY_US G_USEC_PER_SEC
#define BUSY_RETRY_US 20000

/* ---- questions ---- */

const char *kms_device_path(const struct kms_device *device)
{
	return device->path;
}

const struct kms_device_counters *kms_device_counters(const struct kms_device *device)
{
	return &device->counters;
}

static bool is_offered(const struct kms_output *output)
{
	return !output->connector.non_desktop;
}

size_t kms_device_output_count(const struct kms_device *device)
{
	size_t count = 0;

	for (guint i = 0; i < device->outputs->len; i++)
		count += is_offered(device->outputs->pdata[i]);
	return count;
}

struct kms_output *kms_device_output(const struct kms_device *device, size_t index)
{
	for (guint i = 0; i < device->outputs->len; i++) {
		if (is_offered(device->outputs->pdata[i]) && index-- == 0)
			return device->outputs->pdata[i];
	}
	return NULL;
}

struct kms_output *kms_device_find_output(const struct kms_device *device, const char *name,
	GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_output *output = device->outputs->pdata[i];
		const struct kms_connector *connector = &output->connector;

		if (strcmp(connector->name, name) == 0 || g_strcmp0(connector->monitor, name) == 0)
			return output;
		g_string_append_printf(known, "%s%s%s", i ? ", " : "", connector->name,
			connector->connected ? "" : " (no monitor)");
		if (connector->monitor)
			g_string_append_printf(known, " (%s)", connector->monitor);
	}
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CONNECTOR,
		"%s has no connector \"%s\"; there are %s", device->path, name, known->str);
	return NULL;
}

bool kms_device_is_idle(const struct kms_device *device)
{
	for (size_t i = 0; i < device->crtc_count; i++) {
		if (device->crtcs[i].busy)
			return false;
	}
	return true;
}

/* ---- deadlines ---- */

void kms_device_wake_at(struct kms_device *device, int64_t when_us)
{
	device->deadline_us = MIN(device->deadline_us, when_us);
}

static void retry_in(struct kms_device *device, int64_t microseconds)
{
	device->retry_us = g_get_monotonic_time() + microseconds;
	kms_device_wake_at(device, device->retry_us);
}

void kms_device_retry_soon(struct kms_device *device)
{
	retry_in(device, BUSY_RETRY_US);
}

int64_t kms_device_now(struct kms_device *device)
{
	return g_source_get_time(device->source);
}

void kms_device_commit_begun(struct kms_device *device, struct kms_crtc *crtc, int64_t now_us)
{
	crtc->busy = true;
	crtc->committed_us = now_us;
	kms_watchdog_start(device, now_us);
}

/* ---- the card is not ours, or is no more ---- */

static void suspend_outputs(struct kms_device *device, int error)
{
	for (guint i = 0; i < device->outputs->len; i++)
		kms_output_suspend(device->outputs->pdata[i], error);
	device->modeset_wanted = false;
}

void kms_device_become_gone(struct kms_device *device, const char *reason)
{
	if (device->state == KMS_DEVICE_GONE)
		return;
	log_card(G_LOG_LEVEL_WARNING, device->path, "%s", reason);
	device->state = KMS_DEVICE_GONE;
	suspend_outputs(device, ENODEV);
	device->gone_untold = true;
	kms_device_wake_at(device, 0);
}

static void lose_master(struct kms_device *device)
{
	if (device->state != KMS_DEVICE_READY)
		return;
	log_card(G_LOG_LEVEL_WARNING, device->path,
		"another program has become DRM master; waiting until it lets go");
	device->state = KMS_DEVICE_LOST_MASTER;
	suspend_outputs(device, EACCES);
	retry_in(device, MASTER_RETRY_US);
}

bool kms_device_note_error(struct kms_device *device, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		lose_master(device);
		return true;
	case ENODEV:
		kms_device_become_gone(device, "the card is gone");
		return true;
	default:
		return false;
	}
}

void kms_device_pause(struct kms_device *device)
{
	if (device->state == KMS_DEVICE_GONE || device->state == KMS_DEVICE_PAUSED)
		return;
	device->state = KMS_DEVICE_PAUSED;
	device->retry_us = KMS_NEVER;
	suspend_outputs(device, EACCES);
	/* Refused where a seat manager does it, or has done it. */
	drmDropMaster(device->fd);
}

static void come_back(struct kms_device *device)
{
	int64_t now_us = g_get_monotonic_time();

	device->state = KMS_DEVICE_READY;
	device->retry_us = KMS_NEVER;
	/* What was too much then need not be now. */
	for (guint i = 0; i < device->outputs->len; i++)
		((struct kms_output *)device->outputs->pdata[i])->refused = false;
	/* Events of commits from before may still come; they have the full time again. */
	for (size_t i = 0; i < device->crtc_count; i++) {
		if (device->crtcs[i].busy)
			kms_device_commit_begun(device, &device->crtcs[i], now_us);
	}
	kms_resources_read_state(device);
	kms_modeset_request(device, true);
	/* Monitors may have come and gone meanwhile. */
	kms_hotplug_probe(device->hotplug);
}

bool kms_device_resume(struct kms_device *device, GError **error)
{
	if (device->state == KMS_DEVICE_GONE) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_GONE, "%s: the card is gone", device->path);
		return false;
	}
	if (device->state == KMS_DEVICE_READY)
		return true;
	if (!kms_card_become_master(device->fd, device->path, error)) {
		device->state = KMS_DEVICE_LOST_MASTER;
		retry_in(device, MASTER_RETRY_US);
		return false;
	}
	come_back(device);
	return true;
}

void kms_device_advance(struct kms_device *device)
{
	for (guint i = 0; i < device->outputs->len; i++)
		kms_output_advance(device->outputs->pdata[i]);
}

static void retry(struct kms_device *device)
{
	device->retry_us = KMS_NEVER;
	if (device->state == KMS_DEVICE_READY) {
		kms_modeset_run(device);
		kms_device_advance(device);
	} else if (device->state == KMS_DEVICE_LOST_MASTER) {
		if (kms_card_become_master(device->fd, device->path, NULL)) {
			log_card(G_LOG_LEVEL_MESSAGE, device->path, "is DRM master again");
			come_back(device);
		} else {
			retry_in(device, MASTER_RETRY_US);
		}
	}
}

/* ---- the main loop's source ---- */

struct device_source {
	GSource source;
	struct kms_device *device;
	gpointer card_tag;
	gpointer hotplug_tag; /* NULL: there is no udev */
};

static void page_flip(int fd, unsigned int sequence, unsigned int seconds,
	unsigned int microseconds, unsigned int crtc_id, void *user_data)
{
	struct kms_epoch *epoch = user_data;
	struct kms_device *device = epoch->device;
	struct kms_crtc *crtc = kms_resources_find_crtc(device, crtc_id);
	const struct kms_presentation presentation = {
		.time_us = (int64_t)seconds * G_USEC_PER_SEC + microseconds,
		.sequence = device->has_vblank ? sequence : 0,
		.vblank = device->has_vblank,
	};

	if (!crtc || !crtc->busy || epoch != &device->epochs[device->epoch])
		return;
	crtc->busy = false;
	crtc->forced = false;
	if (crtc->output)
		kms_output_flipped(crtc->output, &presentation);
	if (device->modeset_wanted)
		kms_modeset_run(device);
}

static void handle_events(struct kms_device *device)
{
	drmEventContext context = {
		.version = 3,
		.page_flip_handler2 = page_flip,
	};

	if (drmHandleEvent(device->fd, &context) != 0 && errno == ENODEV)
		kms_device_become_gone(device, "the card is gone");
}

static void tell_output(struct kms_device *device, struct kms_output *output)
{
	const struct kms_listener *listener = &device->listener;
	uint64_t serial = output->failed_serial;

	output->failed_serial = 0;
	if (serial && listener->commit_failed)
		listener->commit_failed(device->data, output, serial, output->failed_error);
	if (output->changed) {
		output->changed = false;
		if (listener->output_changed)
			listener->output_changed(device->data, output);
	}
}

void kms_device_tell(struct kms_device *device)
{
	for (guint i = 0; i < device->outputs->len; i++)
		tell_output(device, device->outputs->pdata[i]);
	if (device->probe_untold && !device->gone_untold) {
		device->probe_untold = false;
		if (device->listener.probed)
			device->listener.probed(device->data);
	}
	if (!device->gone_untold)
		return;
	device->gone_untold = false;
	g_source_destroy(device->source);
	if (device->listener.device_gone)
		device->listener.device_gone(device->data);
}

static void run_deadlines(struct kms_device *device)
{
	int64_t now_us = kms_device_now(device);

	if (MIN(device->deadline_us, device->watchdog_us) > now_us)
		return;
	device->deadline_us = KMS_NEVER;
	kms_device_tell(device);
	if (device->state == KMS_DEVICE_GONE)
		return;
	if (device->watchdog_us <= now_us)
		kms_watchdog_run(device, now_us);
	if (device->retry_us <= now_us)
		retry(device);
	kms_device_wake_at(device, device->retry_us);
	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		if (output->cursor.due_us <= now_us)
			kms_output_commit_cursor(output);
		kms_device_wake_at(device, output->cursor.due_us);
	}
}

/*
 * The watchdog is the source's ready time, which costs a frame nothing, but a system call and a
 * turn of the loop when it is set. Other deadlines are set more often, and are looked at here. One
 * that ends the poll is found at the next turn: without a check function of ours, GLib looks at the
 * fd alone.
 */
static gboolean source_prepare(GSource *base, gint *timeout_ms)
{
	struct kms_device *device = ((struct device_source *)base)->device;
	int64_t left_us;

	*timeout_ms = -1;
	if (device->deadline_us == KMS_NEVER)
		return FALSE;
	left_us = device->deadline_us - g_source_get_time(base);
	if (left_us <= 0)
		return TRUE;
	*timeout_ms = (gint)MIN((left_us + 999) / 1000, G_MAXINT);
	return FALSE;
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer data)
{
	struct device_source *source = (struct device_source *)base;
	struct kms_device *device = source->device;
	GIOCondition card = g_source_query_unix_fd(base, source->card_tag);

	/* What failed before comes before what is shown now; the watchdog, which an event can calm,
	 * comes after it. */
	if (!card || device->deadline_us != KMS_NEVER)
		run_deadlines(device);
	if (device->state == KMS_DEVICE_GONE)
		return G_SOURCE_CONTINUE;
	if (card & G_IO_IN)
		handle_events(device);
	else if (card & (G_IO_HUP | G_IO_ERR))
		kms_device_become_gone(device, "the card is gone");
	else if (source->hotplug_tag && g_source_query_unix_fd(base, source->hotplug_tag))
		kms_hotplug_receive(device->hotplug);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
	.prepare = source_prepare,
	.dispatch = source_dispatch,
};

/* One source for all that the card has: each costs every turn of the loop. */
static void attach_source(struct kms_device *device)
{
	int hotplug_fd = kms_hotplug_fd(device->hotplug);
	struct device_source *source;

	device->source = g_source_new(&source_functions, sizeof(struct device_source));
	source = (struct device_source *)device->source;
	source->device = device;
	source->card_tag = g_source_add_unix_fd(device->source, device->fd, G_IO_IN);
	if (hotplug_fd >= 0)
		source->hotplug_tag = g_source_add_unix_fd(device->source, hotplug_fd, G_IO_IN);
	g_source_set_name(device->source, "kms device");
	/* No loop runs inside a dispatch. Else GLib takes the fd out of the poll set for each one,
	 * and puts it back with a write that wakes its own loop: three system calls and a turn for
	 * nothing. */
	g_source_set_can_recurse(device->source, TRUE);
	g_source_attach(device->source, NULL);
}

/* ---- monitors that come and go ---- */

void kms_device_connector_probed(struct kms_device *device, uint32_t id,
	const drmModeConnector *probed)
{
	struct kms_output *output = kms_resources_meet_connector(device, id, probed);
	const struct kms_property *link;

	if (!output)
		return;
	output->seen = true;
	if (kms_connector_update(&output->connector, device->fd, device->property_cache, probed)) {
		output->refused = false;
		if (!output->connector.connected)
			kms_output_suspend(output, ENODEV);
		if (!output->crtc)
			kms_output_guess_mode(output, NULL);
		kms_output_note_change(output);
	}
	link = &output->connector.properties[KMS_CONNECTOR_LINK_STATUS];
	if (output->on && link->resets && link->value != link->reset) {
		log_output(G_LOG_LEVEL_MESSAGE, kms_output_name(output),
			"the link failed; setting the mode again");
		device->modeset_resets = true;
	}
}

static void connector_probed(void *data, uint32_t id, const drmModeConnector *probed)
{
	kms_device_connector_probed(data, id, probed);
}

static void probe_finished(void *data)
{
	struct kms_device *device = data;

	for (guint i = 0; i < device->outputs->len; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		if (!output->seen && output->connector.id)
			kms_device_connector_probed(device, output->connector.id, NULL);
		output->seen = false;
	}
	kms_modeset_request(device, device->modeset_resets);
	device->probe_untold = true;
	kms_device_wake_at(device, 0);
}

static void card_removed(void *data)
{
	kms_device_become_gone(data, "the card was removed");
}

static const struct kms_hotplug_listener hotplug_listener = {
	.connector = connector_probed,
	.finished = probe_finished,
	.removed = card_removed,
};

/* ---- start and stop ---- */

static bool open_card(struct kms_device *device, const struct kms_device_options *options,
	GError **error)
{
	device->opener = kms_card_direct_opener;
	if (options->fd < 0) {
		if (options->opener)
			device->opener = *options->opener;
		return kms_card_open(&device->opener, options->path, &device->fd, &device->path,
			error);
	}
	device->fd = options->fd;
	device->path = drmGetDeviceNameFromFd2(device->fd);
	if (!device->path)
		device->path = g_strdup_printf("card on fd %d", device->fd);
	return kms_card_prepare(device->fd, device->path, error);
}

static void free_device(struct kms_device *device)
{
	kms_hotplug_destroy(device->hotplug);
	if (device->source) {
		g_source_destroy(device->source);
		g_source_unref(device->source);
	}
	if (device->outputs) {
		for (guint i = 0; i < device->outputs->len; i++)
			kms_output_destroy(device->outputs->pdata[i]);
		g_ptr_array_free(device->outputs, TRUE);
	}
	kms_buffer_cache_finish(&device->buffers);
	for (size_t i = 0; i < device->plane_count; i++)
		g_free(device->planes[i].formats);
	g_free(device->planes);
	g_free(device->crtcs);
	kms_property_cache_destroy(device->property_cache);
	if (device->fd >= 0)
		device->opener.close(device->opener.data, device->fd);
	g_free(device->path);
	g_free(device);
}

struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error)
{
	struct kms_device *device = g_new0(struct kms_device, 1);
	struct stat node;

	device->fd = -1;
	device->listener = *listener;
	device->data = data;
	device->deadline_us = KMS_NEVER;
	device->watchdog_us = KMS_NEVER;
	device->retry_us = KMS_NEVER;
	device->epochs[0].device = device;
	device->epochs[1].device = device;
	device->flip_timeout_ms = options->flip_timeout_ms ? options->flip_timeout_ms
							   : FLIP_TIMEOUT_MS;
	device->outputs = g_ptr_array_new();
	device->property_cache = kms_property_cache_create();

	if (!open_card(device, options, error) ||
		!kms_card_become_master(device->fd, device->path, error))
		goto fail;
	/* Before planes are read: virtual drivers hide cursor planes from who cannot do this. */
	device->has_hotspot = drmSetClientCap(device->fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1) ==
		0;
	if (!kms_resources_read(device, error))
		goto fail;
	/* By no probe yet: the first one must find all of them again. */
	for (guint i = 0; i < device->outputs->len; i++)
		((struct kms_output *)device->outputs->pdata[i])->seen = false;
	if (fstat(device->fd, &node) != 0)
		memset(&node, 0, sizeof(node));
	device->hotplug = kms_hotplug_create(device->fd, node.st_rdev, &hotplug_listener, device);
	attach_source(device);
	return device;

fail:
	free_device(device);
	return NULL;
}

void kms_device_destroy(struct kms_device *device)
{
	if (!device)
		return;
	/* What is on the screen is left to the kernel, which removes it with the fd and gives the
	 * console back: closing framebuffers one by one would leave the last picture standing. */
	device->state = KMS_DEVICE_GONE;
	free_device(device);
}
