/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arrangement.h"

struct arrangement {
	struct layout_options options;
	struct layout_output *outputs;
	struct layout_named *named;
	struct layout_layer *layers;
	struct layout_guest *guests;
	struct region_options *regions;
};

static struct layout_output *make_outputs(const GPtrArray *sections)
{
	struct layout_output *outputs = g_new0(struct layout_output, sections->len);

	for (guint i = 0; i < sections->len; i++) {
		const struct config_output *section = g_ptr_array_index(sections, i);

		outputs[i] = (struct layout_output){
			.name = section->name,
			.layouts = section->layouts,
			.guest = section->guest,
			.scanout = section->scanout,
			.mode = section->mode,
			.policy = section->place,
			.transform = section->transform,
			.background = section->background,
			.settings = section->settings,
			.hours = section->on_hours,
			.off = section->off,
			.lent = section->lent,
			.force_on = section->force_on,
			.pictured = section->pictured,
			.picture = section->picture,
			.positioned = section->positioned,
			.x = section->x,
			.y = section->y,
		};
	}
	return outputs;
}

static struct layout_named *make_named(const GPtrArray *sections)
{
	struct layout_named *named = g_new0(struct layout_named, sections->len);

	for (guint i = 0; i < sections->len; i++) {
		const struct config_layout *section = g_ptr_array_index(sections, i);

		named[i] = (struct layout_named){section->name, section->when};
	}
	return named;
}

static struct layout_layer *make_layers(const GPtrArray *sections)
{
	struct layout_layer *layers = g_new0(struct layout_layer, sections->len);

	for (guint i = 0; i < sections->len; i++) {
		const struct config_layer *section = g_ptr_array_index(sections, i);

		layers[i] = (struct layout_layer){
			.name = section->name,
			.layouts = section->layouts,
			.output = section->output,
			.guest = section->guest,
			.scanout = section->scanout,
			.picture = section->picture,
			.x = section->x,
			.y = section->y,
			.width = section->width,
			.height = section->height,
			.z = section->z,
			.opacity = section->opacity,
		};
	}
	return layers;
}

/* What goes for outputs without a section is as the configuration has it now. */
static struct layout_guest *make_guests(const struct config *config, struct member *const *members,
	size_t count)
{
	struct layout_guest *guests = g_new0(struct layout_guest, count);

	for (size_t i = 0; i < count; i++) {
		const struct config_guest *section = member_config(members[i]);
		const struct config_guest *present = config_find_guest(config, section->name);

		if (present == NULL)
			present = section;
		guests[i] = (struct layout_guest){
			.guest = member_guest(members[i]),
			.before = section->before,
			.after = section->after,
			.failed = section->failed,
			.alive = section->alive,
			.dead = section->dead,
			.mode = present->mode,
			.policy = present->place,
			.blank_after_ms = section->blank_after_ms,
			.off_after_ms = section->off_after_ms,
		};
	}
	return guests;
}

static struct region_options *make_regions(const GPtrArray *sections)
{
	struct region_options *regions = g_new0(struct region_options, sections->len);

	for (guint i = 0; i < sections->len; i++)
		regions[i] =
			((const struct config_region *)g_ptr_array_index(sections, i))->options;
	return regions;
}

struct arrangement *arrangement_create(const struct config *config, const struct config *first,
	struct member *const *members, size_t member_count)
{
	struct arrangement *arrangement = g_new0(struct arrangement, 1);
	char **cards = first->daemon.cards;

	arrangement->outputs = make_outputs(config->outputs);
	arrangement->named = make_named(config->layouts);
	arrangement->layers = make_layers(config->layers);
	arrangement->guests = make_guests(config, members, member_count);
	arrangement->regions = make_regions(first->regions);
	arrangement->options = (struct layout_options){
		.outputs = arrangement->outputs,
		.output_count = config->outputs->len,
		.named = arrangement->named,
		.named_count = config->layouts->len,
		.chosen = config->daemon.layout,
		.layers = arrangement->layers,
		.layer_count = config->layers->len,
		.guests = arrangement->guests,
		.guest_count = member_count,
		.regions = arrangement->regions,
		.region_count = first->regions->len,
		.card_count = cards != NULL ? g_strv_length(cards) : 1,
		.font = first->daemon.font,
	};
	return arrangement;
}

void arrangement_destroy(struct arrangement *arrangement)
{
	g_free(arrangement->outputs);
	g_free(arrangement->named);
	g_free(arrangement->layers);
	g_free(arrangement->guests);
	g_free(arrangement->regions);
	g_free(arrangement);
}

const struct layout_options *arrangement_options(const struct arrangement *arrangement)
{
	return &arrangement->options;
}
