/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <errno.h>

void kms_records_init(struct kms_records *records)
{
	records->deadline_us = KMS_NEVER;
	records->retry_us = KMS_NEVER;
	records->watchdog_us = KMS_NEVER;
}

void kms_records_finish(struct kms_records *records)
{
	g_clear_pointer(&records->gone_reason, g_free);
}

void kms_records_wake_at(struct kms_records *records, int64_t when_us)
{
	records->deadline_us = MIN(records->deadline_us, when_us);
}

void kms_records_retry_in(struct kms_records *records, int64_t microseconds)
{
	records->retry_us = MIN(records->retry_us, g_get_monotonic_time() + microseconds);
	kms_records_wake_at(records, records->retry_us);
}

void kms_records_set_watchdog(struct kms_records *records, int64_t when_us)
{
	records->watchdog_us = when_us;
	if (records->source)
		g_source_set_ready_time(records->source, when_us == KMS_NEVER ? -1 : when_us);
}

void kms_records_note_gone(struct kms_records *records, const char *reason)
{
	if (records->state == KMS_DEVICE_GONE)
		return;
	records->state = KMS_DEVICE_GONE;
	records->gone_undealt = true;
	records->gone_reason = g_strdup(reason);
	kms_records_wake_at(records, 0);
}

bool kms_records_note_error(struct kms_records *records, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		if (records->state == KMS_DEVICE_READY) {
			records->state = KMS_DEVICE_LOST_MASTER;
			records->lost_undealt = true;
			kms_records_wake_at(records, 0);
		}
		return true;
	case ENODEV:
		kms_records_note_gone(records, "the card is gone");
		return true;
	case ENOENT:
		records->missing_undealt = true;
		kms_records_wake_at(records, 0);
		return false;
	default:
		return false;
	}
}

bool kms_error_is_passing(int error)
{
	return error == EBUSY || error == ENOMEM;
}
