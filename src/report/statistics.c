/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/statistics.h"

#include "report/stats.h"
#include "scene/view.h"

static size_t count_outputs(const struct statistics_parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->device_count; i++)
		count += kms_device_output_count(parts->devices[i]);
	return count;
}

static void fill_outputs(const struct statistics_parts *parts, const struct kms_device *device,
	struct stats_output *outputs)
{
	for (size_t i = 0; i < kms_device_output_count(device); i++) {
		struct kms_output *output = kms_device_output(device, i);

		outputs[i] = (struct stats_output){
			.name = kms_output_name(output),
			.active = kms_output_active(output),
			.mode = kms_output_mode(output),
			.counters = kms_output_counters(output),
		};
		for (size_t j = 0; j < layout_view_count(parts->layout); j++) {
			uint32_t scanout;
			struct guest *guest = layout_view_guest(parts->layout, j, &scanout);

			/* Its own, before its layers'. */
			if (!outputs[i].guest &&
				view_output(layout_view(parts->layout, j)) == output) {
				outputs[i].guest = guest_name(guest);
				outputs[i].scanout = scanout;
			}
		}
	}
}

/* Of each card, one behind the other. */
static void fill_cards(const struct statistics_parts *parts, struct stats_card *cards,
	struct stats_output *outputs)
{
	for (size_t i = 0; i < parts->device_count; i++) {
		const struct kms_device *device = parts->devices[i];

		cards[i] = (struct stats_card){kms_device_path(device),
			kms_device_counters(device)};
		fill_outputs(parts, device, outputs);
		outputs += kms_device_output_count(device);
	}
}

static void fill_guests(const struct statistics_parts *parts, struct stats_guest *guests)
{
	for (size_t i = 0; i < parts->member_count; i++) {
		const struct member *member = parts->members[i];
		const struct guest *guest = member_guest(member);

		guests[i] = (struct stats_guest){
			.name = guest_name(guest),
			.attached = guest_attached(guest),
			.counters = guest_counters(guest),
			.channel = guest_channel_counters(guest),
			.relay = member_relay_counters(member),
			.life = layout_life(parts->layout, guest),
			.lives = layout_life_counters(parts->layout, guest),
		};
	}
}

static void fill_regions(const struct layout *layout, struct stats_region *regions)
{
	for (size_t i = 0; i < layout_region_count(layout); i++) {
		const struct region *region = layout_region(layout, i);

		regions[i] = (struct stats_region){region->options->name, region->options->output,
			region};
	}
}

static void fill_leases(const struct statistics_parts *parts, struct stats_lease *leases)
{
	for (size_t i = 0; i < leases_count(parts->leases); i++) {
		const struct lease *lease = leases_at(parts->leases, i);

		leases[i] = (struct stats_lease){lease_name(lease), lease_state(lease),
			lease_counters(lease)};
	}
}

static void add_input(void *data, const char *machine, const char *device,
	const struct device_counters *counters)
{
	const struct stats_input input = {machine, device, *counters};

	g_array_append_val((GArray *)data, input);
}

struct file_writer *statistics_open(const char *path)
{
	return file_writer_create("statistics", path, stats_write);
}

void statistics_write(const struct statistics_parts *parts, struct file_writer *file)
{
	size_t output_count = count_outputs(parts);
	g_autofree struct stats_card *cards = g_new0(struct stats_card, parts->device_count);
	g_autofree struct stats_output *outputs = g_new0(struct stats_output, output_count);
	g_autofree struct stats_guest *guests = g_new0(struct stats_guest, parts->member_count);
	size_t region_count = layout_region_count(parts->layout);
	g_autofree struct stats_region *regions = g_new0(struct stats_region, region_count);
	size_t lease_count = leases_count(parts->leases);
	g_autofree struct stats_lease *leases = g_new0(struct stats_lease, lease_count);
	g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(struct stats_input));
	enum layout_reason reason;
	const char *layout = layout_in_force(parts->layout, &reason);
	char *json;

	fill_cards(parts, cards, outputs);
	fill_guests(parts, guests);
	fill_regions(parts->layout, regions);
	fill_leases(parts, leases);
	input_each_counters(parts->input, add_input, inputs);
	json = stats_to_json(&(struct stats){
		.cards = cards,
		.card_count = parts->device_count,
		.uptime_us = g_get_monotonic_time() - parts->start_us,
		.loop = parts->stall != NULL ? stall_counters(parts->stall) : NULL,
		.layout = layout,
		.layout_reason = layout_reason_name(reason),
		.outputs = outputs,
		.output_count = output_count,
		.guests = guests,
		.guest_count = parts->member_count,
		.inputs = (const struct stats_input *)(const void *)inputs->data,
		.input_count = inputs->len,
		.regions = regions,
		.region_count = region_count,
		.leases = leases,
		.lease_count = lease_count,
	});
	file_writer_write(file, json);
}
