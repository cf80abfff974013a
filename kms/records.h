/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened on a card and was not dealt with yet: that it is another's or no more, and when the
 * main loop has to look again. The bottom of kms/: everybody writes here, and nobody is called;
 * device.c drains it in the loop's turn, decides, and tells. Part of a card.
 */
#ifndef KMS_RECORDS_H
#define KMS_RECORDS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A deadline that is not set. */
#define KMS_NEVER INT64_MAX

enum kms_device_state {
	KMS_DEVICE_READY, /* master: commits are made */
	KMS_DEVICE_PAUSED, /* by kms_device_pause(): until kms_device_resume() */
	KMS_DEVICE_LOST_MASTER, /* found out by a commit: retried every second */
	KMS_DEVICE_GONE, /* unplugged, or stuck for good: nothing is ever tried again */
};

struct kms_records {
	enum kms_device_state state;
	bool lost_undealt; /* the state became LOST_MASTER, and outputs do not know it yet */
	bool gone_undealt; /* the same of GONE */
	bool revoked; /* GONE, since a lease was taken back by its owner */
	/* A request named what the kernel does not have: a framebuffer or a connector that has
	 * gone, or all that a lease had. */
	bool missing_undealt;
	bool reset_wanted; /* an output asked for a full mode set: see kms_output_distrust() */
	char *gone_reason; /* for the log; owned */

	/* On the monotonic clock. */
	int64_t deadline_us; /* the earliest of all but the watchdog's */
	int64_t retry_us;
	int64_t watchdog_us;
	GSource *source; /* the device's; NULL before it is attached */
};

void kms_records_init(struct kms_records *records);
void kms_records_finish(struct kms_records *records);

/* Makes the loop look at the latest at `when_us`; 0: in its next turn. */
void kms_records_wake_at(struct kms_records *records, int64_t when_us);

/* Something that failed for the moment is tried again then. */
void kms_records_retry_in(struct kms_records *records, int64_t microseconds);

/* The time of this turn of the loop: no system call of ours. */
static inline int64_t kms_records_now(const struct kms_records *records)
{
	return records->source ? g_source_get_time(records->source) : g_get_monotonic_time();
}

/* The watchdog is the source's ready time, which costs a frame nothing. KMS_NEVER: none. */
void kms_records_set_watchdog(struct kms_records *records, int64_t when_us);

/*
 * A call said that the card is not ours (EACCES, EPERM) or is no more (ENODEV): nothing is
 * committed from now on. False for any other errno; ENOENT is noted as well, for what it may say of
 * a lease.
 */
bool kms_records_note_error(struct kms_records *records, int error);

/* Nothing is ever tried on it again; `reason` is logged. */
void kms_records_note_gone(struct kms_records *records, const char *reason);

/* EBUSY, ENOMEM: says something of the moment, not of what was asked. */
bool kms_error_is_passing(int error);

#endif
