/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watchdog.h"

#include "device.h"
#include "modeset.h"
#include "output.h"

#include <errno.h>
#include <log.h>

static void set_watchdog(struct kms_device *device, int64_t when_us)
{
	device->watchdog_us = when_us;
	g_source_set_ready_time(device->source, when_us == KMS_NEVER ? -1 : when_us);
}

void kms_watchdog_start(struct kms_device *device, int64_t now_us)
{
	/* One for all, and set again only when it has barked: nothing to do per frame. */
	if (device->watchdog_us == KMS_NEVER)
		set_watchdog(device, now_us + device->flip_timeout_ms * INT64_C(1000));
}

/* Events of what is in flight will be ignored from here on. True: a CRTC is stuck that a mode set
 * was made for already. */
static bool abandon_commits(struct kms_device *device, int64_t now_us)
{
	int64_t timeout_us = device->flip_timeout_ms * INT64_C(1000);
	bool hopeless = false;

	device->epoch = 1 - device->epoch;
	for (size_t i = 0; i < device->crtc_count; i++) {
		struct kms_crtc *crtc = &device->crtcs[i];
		bool stuck = now_us - crtc->committed_us >= timeout_us;

		if (!crtc->busy)
			continue;
		crtc->busy = false;
		if (stuck) {
			hopeless = hopeless || crtc->forced;
			crtc->forced = true;
		}
		if (!crtc->output)
			continue;
		if (stuck) {
			log_output(G_LOG_LEVEL_WARNING, kms_output_name(crtc->output),
				"no page-flip event for %u ms", device->flip_timeout_ms);
			crtc->output->counters.flip_timeouts++;
		}
		kms_output_fail(crtc->output, ETIMEDOUT);
		kms_output_settle(crtc->output);
	}
	return hopeless;
}

static void unstick(struct kms_device *device, int64_t now_us)
{
	bool hopeless = abandon_commits(device, now_us);
	int failure;

	if (device->state != KMS_DEVICE_READY)
		return;
	if (hopeless) {
		kms_device_become_gone(device,
			"page flips stay stuck after a mode set; giving the card up");
		return;
	}
	/* Who waits is answered at once, not after a mode set that blocks. What is drawn for that
	 * waits for the mode set. */
	device->modeset_wanted = true;
	kms_device_tell(device);
	if (device->state != KMS_DEVICE_READY)
		return;
	failure = kms_modeset_force(device);
	if (failure && !kms_device_note_error(device, failure)) {
		g_autofree char *reason = g_strdup_printf(
			"a page flip is stuck, and a mode set does not help: %s; giving the card up",
			g_strerror(failure));

		kms_device_become_gone(device, reason);
	}
}

void kms_watchdog_run(struct kms_device *device, int64_t now_us)
{
	int64_t timeout_us = device->flip_timeout_ms * INT64_C(1000);
	int64_t next_us = KMS_NEVER;

	for (size_t i = 0; i < device->crtc_count; i++) {
		if (device->crtcs[i].busy)
			next_us = MIN(next_us, device->crtcs[i].committed_us + timeout_us);
	}
	if (next_us > now_us) {
		set_watchdog(device, next_us);
		return;
	}
	set_watchdog(device, KMS_NEVER);
	unstick(device, now_us);
}
