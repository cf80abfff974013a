/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include "resources.h"
#include "watchdog.h"

#include <errno.h>
#include <log.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <turn.h>
#include <unistd.h>
#include <xf86drm.h>

#define MASTER_RETRY_US G_USEC_PER_SEC

/* ---- what was noted below ---- */

static void deal_with_loss(struct kms_device *device)
{
	struct kms_records *records = &device->card->records;

	if (records->gone_undealt) {
		log_card(G_LOG_LEVEL_WARNING, device->card->path, "%s", records->gone_reason);
		kms_outputs_suspend(&device->outputs, ENODEV);
		device->gone_untold = true;
	} else if (records->lost_undealt && records->state == KMS_DEVICE_LOST_MASTER) {
		log_card(G_LOG_LEVEL_WARNING, device->card->path,
			"another program has become DRM master; waiting until it lets go");
		kms_outputs_suspend(&device->outputs, EACCES);
		kms_records_retry_in(records, MASTER_RETRY_US);
	} else {
		records->lost_undealt = false;
		return;
	}
	records->gone_undealt = false;
	records->lost_undealt = false;
	kms_leases_end(&device->leases);
	kms_modeset_cancel(&device->modeset);
}

/* No event says that a lease was taken back: what names its objects is ENOENT from then on, and
 * EACCES where the owner has gone altogether. */
static bool look_for_lease(struct kms_device *device)
{
	struct kms_records *records = &device->card->records;

	records->missing_undealt = false;
	if (records->state == KMS_DEVICE_GONE || !kms_card_is_revoked(device->card))
		return false;
	records->revoked = true;
	kms_records_note_gone(records, "its owner has taken the lease back");
	return true;
}

/* An output shows nothing, though nothing of ours is wrong: what does the kernel have? */
static void deal_with_reset(struct kms_device *device)
{
	if (!device->card->records.reset_wanted || device->card->records.state != KMS_DEVICE_READY)
		return;
	device->card->records.reset_wanted = false;
	kms_card_read_state(device->card);
	kms_outputs_read_state(&device->outputs);
	kms_modeset_request(&device->modeset, false);
}

static void tell_output(struct kms_device *device, struct kms_output *output)
{
	const struct kms_listener *listener = &device->listener;
	struct kms_output_layer *picture = kms_output_picture(output);
	uint64_t serial = picture->failed_serial;

	picture->failed_serial = 0;
	if (serial && listener->commit_failed)
		listener->commit_failed(device->data, output, serial, picture->failed_error);
	if (kms_output_has_layers(output))
		kms_output_tell_failed_layers(output);
	if (output->changed) {
		output->changed = false;
		if (listener->output_changed)
			listener->output_changed(device->data, output);
	}
}

/* Who lacked a plane asks again. */
static void deal_with_planes(struct kms_device *device)
{
	device->card->planes_freed = false;
	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++) {
		struct kms_output *output = kms_outputs_at(&device->outputs, i);

		output->changed |= output->lacks_plane;
		output->lacks_plane = false;
	}
}

static void tell_read(struct kms_device *device)
{
	void (*read)(void *data) = device->read;

	device->read = NULL;
	read(device->read_data);
}

/* From the main loop alone. The last thing that a caller may do with a device that has gone is to
 * destroy it, in a later turn. */
static void tell(struct kms_device *device)
{
	if (device->card->records.missing_undealt)
		look_for_lease(device);
	deal_with_loss(device);
	deal_with_reset(device);
	if (kms_leases_any(&device->leases))
		kms_leases_run(&device->leases);
	if (device->card->planes_freed)
		deal_with_planes(device);
	if (!device->unread && device->read && !device->gone_untold)
		tell_read(device);
	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++)
		tell_output(device, kms_outputs_at(&device->outputs, i));
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

/* ---- who is master ---- */

void kms_device_pause(struct kms_device *device)
{
	struct kms_records *records = &device->card->records;

	if (records->state == KMS_DEVICE_GONE || records->state == KMS_DEVICE_PAUSED)
		return;
	records->state = KMS_DEVICE_PAUSED;
	records->retry_us = KMS_NEVER;
	kms_outputs_suspend(&device->outputs, EACCES);
	kms_leases_end(&device->leases);
	kms_modeset_cancel(&device->modeset);
	/* Refused where a seat manager does it, or has done it. */
	drmDropMaster(device->card->fd);
}

void kms_master_drop(int fd)
{
	drmDropMaster(fd);
}

/* What was given up, or too much, need not be so now. */
static void forgive(struct kms_device *device)
{
	struct kms_card *card = device->card;
	int64_t now_us = g_get_monotonic_time();

	kms_outputs_forgive(&device->outputs);
	for (size_t i = 0; i < card->crtc_count; i++) {
		struct kms_crtc *crtc = &card->crtcs[i];

		crtc->given_up = false;
		/* Events of commits from before may still come; they have the full time again. */
		if (crtc->busy)
			kms_card_commit_begun(card, crtc, crtc->token, now_us, crtc->setting_mode);
	}
}

static void come_back(struct kms_device *device)
{
	struct kms_card *card = device->card;

	card->records.state = KMS_DEVICE_READY;
	card->records.lost_undealt = false;
	card->records.retry_us = KMS_NEVER;
	kms_leases_revoke_rest(&device->leases);
	forgive(device);
	kms_card_read_state(card);
	kms_outputs_read_state(&device->outputs);
	kms_modeset_request(&device->modeset, true);
	/* Monitors may have come and gone meanwhile. */
	kms_hotplug_probe(device->hotplug);
}

bool kms_device_resume(struct kms_device *device, GError **error)
{
	struct kms_card *card = device->card;

	if (card->records.state == KMS_DEVICE_GONE) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_GONE, "%s: the card is gone", card->path);
		return false;
	}
	if (card->records.state == KMS_DEVICE_READY)
		return true;
	if (!kms_card_become_master(card->fd, card->path, error)) {
		card->records.state = KMS_DEVICE_LOST_MASTER;
		kms_records_retry_in(&card->records, MASTER_RETRY_US);
		return false;
	}
	come_back(device);
	return true;
}

void kms_device_renew(struct kms_device *device)
{
	if (device->card->records.state != KMS_DEVICE_READY)
		return;
	forgive(device);
	kms_modeset_request(&device->modeset, true);
	kms_hotplug_probe(device->hotplug);
}

static void retry(struct kms_device *device)
{
	struct kms_card *card = device->card;

	card->records.retry_us = KMS_NEVER;
	if (card->records.state == KMS_DEVICE_READY) {
		if (device->modeset.wanted)
			kms_modeset_run(&device->modeset);
		kms_outputs_advance(&device->outputs);
	} else if (card->records.state == KMS_DEVICE_LOST_MASTER) {
		if (kms_card_become_master(card->fd, card->path, NULL)) {
			log_card(G_LOG_LEVEL_MESSAGE, card->path, "is DRM master again");
			come_back(device);
		} else if (!look_for_lease(device)) {
			kms_records_retry_in(&card->records, MASTER_RETRY_US);
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

static void tell_flip(struct kms_device *device, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	if (serial && device->listener.presented)
		device->listener.presented(device->data, output, serial, presentation);
	else if (!serial && !kms_output_busy(output) && device->listener.idle)
		device->listener.idle(device->data, output);
}

static void flip(struct kms_device *device, struct kms_crtc *crtc,
	const struct kms_presentation *presentation)
{
	struct kms_output *output = kms_outputs_driven_by(&device->outputs, crtc);

	crtc->busy = false;
	crtc->forced = false;
	crtc->returning = false;
	if (output) {
		uint64_t serial = kms_output_flipped(output, presentation);

		/* Before the next frame takes the CRTC again. */
		if (kms_leases_any(&device->leases))
			kms_leases_run(&device->leases);
		kms_output_advance(output);
		if (kms_output_has_layers(output))
			kms_output_tell_layers(output, presentation);
		tell_flip(device, output, serial, presentation);
	}
	if (device->modeset.wanted)
		kms_modeset_run(&device->modeset);
}

/*
 * An event is told by its CRTC, and by the number that we gave the commit. What it carries is never
 * a pointer: on a descriptor that was another's before, it may be anybody's.
 */
static void handle_event(struct kms_device *device, const struct drm_event_vblank *event)
{
	struct kms_card *card = device->card;
	struct kms_crtc *crtc = kms_card_find_crtc(card, event->crtc_id);
	const struct kms_presentation presentation = {
		.time_us = (int64_t)event->tv_sec * G_USEC_PER_SEC + event->tv_usec,
		.sequence = card->has_vblank ? event->sequence : 0,
		.vblank = card->has_vblank,
	};

	if (crtc && crtc->busy && event->user_data == crtc->token)
		flip(device, crtc, &presentation);
}

static void handle_events(struct kms_device *device)
{
	/* The kernel writes events one after the other, each a multiple of eight bytes long. */
	_Alignas(struct drm_event_vblank) char bytes[1024];
	ssize_t size = read(device->card->fd, bytes, sizeof(bytes));

	if (size < 0) {
		kms_records_note_error(&device->card->records, errno == ENODEV ? ENODEV : 0);
		return;
	}
	for (size_t at = 0; at + sizeof(struct drm_event) <= (size_t)size;) {
		const struct drm_event_vblank *event = (const void *)(bytes + at);

		if (event->base.length < sizeof(event->base) ||
			event->base.length > (size_t)size - at)
			return;
		if (event->base.type == DRM_EVENT_FLIP_COMPLETE &&
			event->base.length >= sizeof(*event))
			handle_event(device, event);
		at += event->base.length;
	}
}

static void run_watchdog(struct kms_device *device, int64_t now_us)
{
	const struct kms_records *records = &device->card->records;

	if (!kms_watchdog_run(&device->outputs, now_us))
		return;
	/* Who waits is answered at once, not after a mode set that blocks. */
	tell(device);
	kms_watchdog_unstick(&device->modeset);
	if (records->state == KMS_DEVICE_READY)
		kms_modeset_run(&device->modeset);
}

static void run_deadlines(struct kms_device *device)
{
	struct kms_records *records = &device->card->records;
	int64_t now_us = kms_records_now(records);

	if (MIN(records->deadline_us, records->watchdog_us) > now_us)
		return;
	records->deadline_us = KMS_NEVER;
	tell(device);
	if (records->state == KMS_DEVICE_GONE)
		return;
	if (records->watchdog_us <= now_us)
		run_watchdog(device, now_us);
	kms_watchdog_retry(&device->modeset, now_us);
	if (records->retry_us <= now_us)
		retry(device);
	kms_records_wake_at(records, records->retry_us);
	for (size_t i = 0; i < kms_outputs_count(&device->outputs); i++)
		kms_output_run_deadlines(kms_outputs_at(&device->outputs, i), now_us);
}

/* Else it says how long from now. */
G_NO_INLINE static gboolean is_due(GSource *source, int64_t deadline_us, gint *timeout_ms)
{
	int64_t left_us = deadline_us - g_source_get_time(source);

	if (left_us <= 0)
		return TRUE;
	*timeout_ms = (gint)MIN((left_us + 999) / 1000, G_MAXINT);
	return FALSE;
}

/*
 * The watchdog is the source's ready time, which costs a frame nothing, but a system call and a
 * turn of the loop when it is set. Other deadlines are set more often, and are looked at here. One
 * that ends the poll is found at the next turn: without a check function of ours, GLib looks at the
 * fd alone.
 */
static gboolean source_prepare(GSource *base, gint *timeout_ms)
{
	const struct kms_device *device = ((struct device_source *)base)->device;
	int64_t deadline_us = device->card->records.deadline_us;

	*timeout_ms = -1;
	return deadline_us != KMS_NEVER && is_due(base, deadline_us, timeout_ms);
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer data)
{
	struct device_source *source = (struct device_source *)base;
	struct kms_device *device = source->device;
	struct kms_records *records = &device->card->records;
	GIOCondition card = g_source_query_unix_fd(base, source->card_tag);

	turn_note();
	/* What failed before comes before what is shown now; the watchdog, which an event can calm,
	 * comes after it. */
	if (!card || records->deadline_us != KMS_NEVER)
		run_deadlines(device);
	if (records->state == KMS_DEVICE_GONE)
		return G_SOURCE_CONTINUE;
	if (card & G_IO_IN)
		handle_events(device);
	else if (card & (G_IO_HUP | G_IO_ERR))
		kms_records_note_error(records, ENODEV);
	else if (source->hotplug_tag && g_source_query_unix_fd(base, source->hotplug_tag))
		kms_hotplug_receive(device->hotplug);
	if (device->card->doomed_count)
		kms_card_remove_doomed(device->card);
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
	source->card_tag = g_source_add_unix_fd(device->source, device->card->fd, G_IO_IN);
	if (hotplug_fd >= 0)
		source->hotplug_tag = g_source_add_unix_fd(device->source, hotplug_fd, G_IO_IN);
	device->card->records.source = device->source;
	g_source_set_name(device->source, "kms device");
	/* No loop runs inside a dispatch. Else GLib takes the fd out of the poll set for each one,
	 * and puts it back with a write that wakes its own loop: three system calls and a turn for
	 * nothing. */
	g_source_set_can_recurse(device->source, TRUE);
	g_source_attach(device->source, NULL);
}

/* ---- monitors that come and go ---- */

static void connector_probed(void *data, uint32_t id, const drmModeConnector *probed)
{
	struct kms_device *device = data;

	kms_outputs_probed(&device->outputs, id, probed);
}

static bool probe_finished(void *data)
{
	struct kms_device *device = data;

	kms_outputs_probes_done(&device->outputs);
	device->unread = false;
	kms_modeset_request(&device->modeset, false);
	device->probe_untold = true;
	/* Had it a lease, there would be no connector left. */
	device->card->records.missing_undealt = true;
	kms_records_wake_at(&device->card->records, 0);
	return !kms_outputs_lack_answers(&device->outputs);
}

/* Whoever waits for its outputs does not wait for better times. */
static void probe_failed(void *data)
{
	struct kms_device *device = data;

	if (!device->unread)
		return;
	kms_outputs_read(&device->outputs);
	device->unread = false;
	kms_records_wake_at(&device->card->records, 0);
}

/* Of whomever: a lease ends where its holder or its owner has closed it. */
static void leases_changed(void *data)
{
	struct kms_device *device = data;

	device->card->records.missing_undealt = true;
	kms_records_wake_at(&device->card->records, 0);
}

static void card_removed(void *data)
{
	struct kms_device *device = data;

	kms_records_note_gone(&device->card->records, "the card was removed");
}

static const struct kms_hotplug_listener hotplug_listener = {
	.connector = connector_probed,
	.finished = probe_finished,
	.failed = probe_failed,
	.removed = card_removed,
	.leases = leases_changed,
};

/* ---- start and stop ---- */

/* The event of a card that was removed while it was opened came before anybody listened to it, and
 * its driver need not refuse what is asked of it. */
static bool was_removed(const struct stat *node)
{
	g_autofree char *path = g_strdup_printf("/sys/dev/char/%u:%u", major(node->st_rdev),
		minor(node->st_rdev));

	return S_ISCHR(node->st_mode) && access("/sys/dev/char", F_OK) == 0 &&
		access(path, F_OK) != 0;
}

/* Its outputs, as they are, or as soon as the kernel has said that. */
static void begin_to_read(struct kms_device *device)
{
	device->unread = device->nonblocking;
	if (device->nonblocking)
		kms_hotplug_probe(device->hotplug);
	else if (!kms_outputs_read(&device->outputs) || kms_outputs_lack_answers(&device->outputs))
		kms_hotplug_probe_later(device->hotplug);
}

bool kms_device_await(struct kms_device *device, void (*read)(void *data), void *data)
{
	device->read = device->unread ? read : NULL;
	device->read_data = data;
	return !device->unread;
}

struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error)
{
	struct kms_card *card = kms_card_create(options, error);
	struct kms_device *device;
	struct stat node;

	if (!card)
		return NULL;
	card->signalled_fence = kms_buffer_export_signalled_fence(card);
	device = g_new0(struct kms_device, 1);
	device->card = card;
	device->listener = *listener;
	device->data = data;
	kms_outputs_init(&device->outputs, card);
	device->modeset.outputs = &device->outputs;
	kms_leases_init(&device->leases, &device->outputs, &device->modeset);
	device->nonblocking = options->nonblocking;
	if (fstat(card->fd, &node) != 0)
		memset(&node, 0, sizeof(node));
	device->hotplug = kms_hotplug_create(card->fd, node.st_rdev, &hotplug_listener, device);
	attach_source(device);
	begin_to_read(device);
	if (was_removed(&node))
		card_removed(device);
	return device;
}

void kms_device_keep(struct kms_device *device)
{
	kms_hotplug_keep_master(device->hotplug);
}

void kms_device_destroy(struct kms_device *device)
{
	if (!device)
		return;
	/* No framebuffer is closed any more: see kms_card_close(). */
	device->card->records.state = KMS_DEVICE_GONE;
	kms_hotplug_destroy(device->hotplug);
	g_source_destroy(device->source);
	g_source_unref(device->source);
	kms_leases_finish(&device->leases);
	kms_outputs_finish(&device->outputs);
	kms_imports_finish(&device->imports);
	kms_card_close(device->card);
	kms_card_unref(device->card);
	g_free(device);
}
