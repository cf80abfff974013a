/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uevents of one card: monitors that come and go, the card that is removed. Events are gathered for
 * 100 ms; then a helper thread probes the connectors, since drmModeGetConnector takes tens of
 * milliseconds and has no non-blocking form. The thread knows an fd and connector ids, nothing
 * else. Owned by device.c, called in its thread only.
 */
#ifndef KMS_HOTPLUG_H
#define KMS_HOTPLUG_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <xf86drmMode.h>

struct kms_hotplug;

struct kms_hotplug_listener {
	/* One connector was probed; `probed` is NULL where the kernel knows it no more. Belongs to
	 * the caller. */
	void (*connector)(void *data, uint32_t id, const drmModeConnector *probed);
	/*
	 * That was the last one of this round. False: its answers are worth another round, which
	 * comes after a second, the next after two, and so on up to 32, until an event comes.
	 */
	bool (*finished)(void *data);
	/* The kernel said nothing, or not all, in this round; it is made again. */
	void (*failed)(void *data);
	void (*removed)(void *data);
	/* Leases of objects of the card have come to an end. */
	void (*leases)(void *data);
};

/* `card`: its device number. Where udev cannot be reached that is logged, not fatal. */
struct kms_hotplug *kms_hotplug_create(int fd, dev_t card,
	const struct kms_hotplug_listener *listener, void *data);

/* The card stays open after us, with DRM master: a probe that is under way then does not cost
 * that. */
void kms_hotplug_keep_master(struct kms_hotplug *hotplug);

/* A probe that is under way is left to itself: it may take seconds, and has an fd of its own. */
void kms_hotplug_destroy(struct kms_hotplug *hotplug);

/* To be polled for reading; -1 where udev cannot be reached. Belongs to it. */
int kms_hotplug_fd(const struct kms_hotplug *hotplug);

/* It is readable: takes one event from it. */
void kms_hotplug_receive(struct kms_hotplug *hotplug);

/* Probes all connectors now, as after an event. A round in which the kernel did not answer (for
 * want of memory, say) says nothing of any connector, and is made again. */
void kms_hotplug_probe(struct kms_hotplug *hotplug);

/* The same in a second: what was read so far is not worth much. */
void kms_hotplug_probe_later(struct kms_hotplug *hotplug);

#endif
