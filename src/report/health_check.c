/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/health_check.h"

/* Failures count: they were noticed, and reported to whoever waited. Tests of what a driver would
 * take do not, nor frames that were superseded: nothing is shown by either. */
static uint64_t progress_of(const struct kms_output_counters *counters)
{
	return counters->commits + counters->frames_shown + counters->commits_failed +
		counters->flip_timeouts + counters->mode_sets;
}

static size_t count_outputs(const struct health_parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->device_count; i++)
		count += kms_device_output_count(parts->devices[i]);
	return count;
}

static void fill_outputs(const struct kms_device *device, struct health_output *outputs)
{
	for (size_t i = 0; i < kms_device_output_count(device); i++) {
		const struct kms_output *output = kms_device_output(device, i);

		outputs[i] = (struct health_output){
			.name = kms_output_name(output),
			.busy = kms_output_active(output) && kms_output_due(output),
			.progress = progress_of(kms_output_counters(output)),
		};
	}
}

static void fill_guests(const struct health_parts *parts, struct health_guest *guests)
{
	for (size_t i = 0; i < parts->member_count; i++)
		guests[i] = (struct health_guest){
			.name = guest_name(member_guest(parts->members[i])),
			.waiting_since_us = member_waiting_since(parts->members[i]),
		};
}

char *health_check(struct health *health, const struct health_parts *parts, int64_t now_us)
{
	size_t output_count = count_outputs(parts);
	g_autofree struct health_output *outputs = g_new0(struct health_output, output_count);
	g_autofree struct health_guest *guests = g_new0(struct health_guest, parts->member_count);
	const struct health_facts facts = {guests, parts->member_count, outputs, output_count};

	for (size_t i = 0, done = 0; i < parts->device_count; i++) {
		fill_outputs(parts->devices[i], outputs + done);
		done += kms_device_output_count(parts->devices[i]);
	}
	fill_guests(parts, guests);
	return health_complaint(health, &facts, now_us);
}
