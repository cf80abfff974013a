/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One card, seen from inside kms/: what the kernel says it has, who uses which part of it, and the
 * one source that brings its events and deadlines into the main loop. device.c owns all of it;
 * the other files of kms/ read it, and change only what their own header names.
 */
#ifndef KMS_DEVICE_H
#define KMS_DEVICE_H

#include "buffer.h"
#include "property.h"

#include <kms.h>
#include <xf86drmMode.h>

struct kms_hotplug;

/* Not in the libdrm headers of Debian 12. */
#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#endif

/* A deadline that is not set. */
#define KMS_NEVER INT64_MAX

/* Scans out one mode; drives one output, or is off. */
struct kms_crtc {
	uint32_t id;
	unsigned int index; /* its bit in possible_crtcs */
	struct kms_output *output; /* whom it drives, as last committed */
	bool active; /* lit, as the kernel has it */
	bool busy; /* a commit is in flight: its event has not come yet */
	int64_t committed_us; /* when that commit returned */
	bool forced; /* its stuck flip cost a blocking mode set, and it had no event since */
	struct kms_property properties[KMS_CRTC_PROPERTIES];
};

/* Puts one framebuffer on a CRTC. */
struct kms_plane {
	uint32_t id;
	uint32_t type; /* DRM_PLANE_TYPE_* */
	uint32_t possible_crtcs;
	uint32_t crtc_id; /* where it is, as the kernel has it; 0: nowhere */
	uint32_t *formats;
	size_t format_count;
	struct kms_property properties[KMS_PLANE_PROPERTIES];
};

enum kms_device_state {
	KMS_DEVICE_READY, /* master: commits are made */
	KMS_DEVICE_PAUSED, /* by kms_device_pause(): until kms_device_resume() */
	KMS_DEVICE_LOST_MASTER, /* found out by a commit: retried every second */
	KMS_DEVICE_GONE, /* unplugged, or stuck for good: nothing is ever tried again */
};

/* A page-flip event carries a pointer to one of these: to the device's present one, or the event
 * belongs to a commit that was given up after a timeout. */
struct kms_epoch {
	struct kms_device *device;
};

struct kms_device {
	int fd;
	struct kms_opener opener; /* closes it too */
	char *path;
	struct kms_listener listener;
	void *data;
	enum kms_device_state state;

	bool has_vblank; /* else events come at once */
	bool has_modifiers; /* AddFB2 takes modifiers */
	bool has_import;
	bool has_closefb; /* until the kernel says otherwise */
	bool has_hotspot; /* cursor planes have HOTSPOT_X and HOTSPOT_Y */
	uint32_t cursor_width;
	uint32_t cursor_height;

	struct kms_property_cache *property_cache;
	struct kms_crtc *crtcs;
	size_t crtc_count;
	struct kms_plane *planes;
	size_t plane_count;
	GPtrArray *outputs; /* struct kms_output; grows with MST */

	bool configured; /* kms_device_configure() was called */
	bool taken_over; /* the first joint commit was made */
	bool modeset_wanted; /* a joint mode set waits for the CRTCs to be idle */
	bool modeset_resets; /* and takes the whole card over again */

	struct kms_epoch epochs[2];
	unsigned int epoch;
	unsigned int flip_timeout_ms;

	/* Deadlines on the monotonic clock; KMS_NEVER where there is none. */
	int64_t watchdog_us;
	int64_t retry_us;
	int64_t deadline_us; /* the earliest of all but the watchdog's: retry, outputs' cursors */
	GSource *source;
	bool probe_untold; /* the listener has yet to hear that a probe is over */
	bool gone_untold; /* the listener has yet to hear that the card is gone */

	struct kms_hotplug *hotplug;
	struct kms_buffer_cache buffers;
	struct kms_device_counters counters;
};

/* A connector was probed, at start or after a uevent; `probed` NULL: the kernel knows it no
 * more. */
void kms_device_connector_probed(struct kms_device *device, uint32_t id,
	const drmModeConnector *probed);

/* Makes the loop wake at `when_us` at the latest. */
void kms_device_wake_at(struct kms_device *device, int64_t when_us);

/* The kernel had no time or memory for a mode set or a frame: tried again in 20 ms. */
void kms_device_retry_soon(struct kms_device *device);

/* The time of this turn of the loop: no system call of ours. */
int64_t kms_device_now(struct kms_device *device);

/* A commit was accepted on the CRTC: its event is awaited, and the watchdog runs. */
void kms_device_commit_begun(struct kms_device *device, struct kms_crtc *crtc, int64_t now_us);

/*
 * A commit said that the card is not ours (EACCES, EPERM) or is no more (ENODEV): outputs are
 * inactive from now on; listeners are told from the main loop. False for any other errno.
 */
bool kms_device_note_error(struct kms_device *device, int error);

/* Nothing is ever tried on it again. `reason` is logged, and the listener told from the main
 * loop. */
void kms_device_become_gone(struct kms_device *device, const char *reason);

/* Commits on every output what waits there and can go now. */
void kms_device_advance(struct kms_device *device);

/* Tells the listener what has failed or changed, from the main loop. */
void kms_device_tell(struct kms_device *device);

/* No CRTC has a commit in flight. */
bool kms_device_is_idle(const struct kms_device *device);

#endif
