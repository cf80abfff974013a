/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card: its descriptor, what its driver can do, its CRTCs and planes, and the records of what
 * happened on it. Knows no output. Made by device.c; list.c and watch.c only open cards here.
 *
 * A card is closed when its device goes, and lives on, empty, as long as a buffer of it is
 * referenced: then nothing of it may be used but what buffer.c asks.
 */
#ifndef KMS_CARD_H
#define KMS_CARD_H

#include "plane.h"
#include "property.h"
#include "records.h"

#include <glib.h>
#include <kms.h>
#include <stdbool.h>

/* Not in the libdrm headers of Debian 12. */
#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#endif

/* Framebuffers that wait for their removal, where the kernel has no CLOSEFB. */
#define KMS_DOOMED_MAX 64

/* Scans out one mode; drives one output, or is off. */
struct kms_crtc {
	uint32_t id;
	unsigned int index; /* its bit in possible_crtcs */
	bool active; /* lit, as the kernel has it */
	/* A commit is in flight: its event, which carries `token`, has not come yet. */
	bool busy;
	guint token;
	bool setting_mode; /* that commit sets a mode, which may train a link for seconds */
	int64_t committed_us; /* when that commit returned */
	bool stuck; /* the event did not come within the flip timeout; nothing was done about it yet */
	bool forced; /* … it cost a mode set, and there was no event since */
	bool given_up; /* … nor did that help: left out of every request … */
	int64_t retry_us; /* … until then, on the monotonic clock */
	bool lent; /* to another program: left out of every request, too (lease.h) */
	bool returning; /* it was, and no commit of ours was shown since: one of theirs may be in flight */
	struct kms_property properties[KMS_CRTC_PROPERTIES];
};

/* What a buffer that is no more leaves behind: the first member of its struct. */
struct kms_spare {
	struct kms_spare *next;
};

struct kms_card {
	unsigned int references; /* the device's, and one of each buffer */
	int fd; /* -1: closed */
	struct device_opener opener; /* closes it too */
	char *path;
	bool inherited; /* the descriptor was opened elsewhere: it may be a lease */
	char *name; /* by which its outputs are called; or NULL */
	struct kms_mapping_guard guard;

	bool has_vblank; /* else events come at once */
	bool has_modifiers; /* AddFB2 takes modifiers */
	bool has_import;
	bool has_closefb; /* until the kernel says otherwise */
	uint32_t cursor_width;
	uint32_t cursor_height;
	/* A fence that has signalled: given with a frame, it overrules those that a peer may add to
	 * the buffer after we looked. -1 where there is none. */
	int signalled_fence;

	struct kms_property_cache *property_cache;
	struct kms_crtc *crtcs;
	size_t crtc_count;
	struct kms_plane *planes;
	size_t plane_count;
	/* Of planes that layers had: how many, and whether device.c has to tell those that lack
	 * one. */
	unsigned int plane_releases;
	bool planes_freed;

	unsigned int flip_timeout_ms;
	guint next_token; /* what the next commit's events will carry */
	struct kms_records records;
	struct kms_device_counters counters;

	uint32_t doomed[KMS_DOOMED_MAX];
	size_t doomed_count;
	/* Structs of buffers to use again: a new dma-buf at every frame allocates nothing. */
	struct kms_spare *spare;
};

/*
 * Opens the card that a user named: a path, a name in /dev/dri/by-path or /dev/dri, or NULL for the
 * first with atomic KMS and connectors. On success *fd is the caller's, and so is *opened, the path
 * of the node; else *fd is -1. The client capabilities that kms/ needs are set.
 */
bool kms_card_open(const struct device_opener *opener, const char *path, int *fd, char **opened,
	GError **error);

/* How a card is opened where nobody else does it. */
extern const struct device_opener kms_card_direct_opener;

/* Makes an fd that came from elsewhere ready: client capabilities, or a reason why not. */
bool kms_card_prepare(int fd, const char *path, GError **error);

/* Becomes master, if it is not yet: a seat manager makes us that, and we may not ourselves. */
bool kms_card_become_master(int fd, const char *path, GError **error);

/* The nodes /dev/dri/card*, lowest number first. Free with g_strfreev(). */
char **kms_card_nodes(void);

#endif
