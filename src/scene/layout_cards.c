/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cards as the layout sees them: which outputs there are on those that are there, and what was
 * shown on those that have gone, so that it is shown there again when they come. Called by the
 * other parts; layout_begin() and layout_end() from above, around several cards that come.
 */
#include <string.h>

#include "scene/layout_internal.h"

size_t layout_list_outputs(const struct layout *layout, struct layout_ref *refs)
{
	size_t count = 0;

	for (uint32_t card = 0; card < layout->card_count; card++) {
		struct kms_device *device = layout->cards[card].device;
		size_t outputs = device ? MIN(kms_device_output_count(device), KMS_OUTPUTS_MAX) : 0;

		for (size_t i = 0; i < outputs; i++)
			refs[count++] = (struct layout_ref){kms_device_output(device, i), card};
	}
	return count;
}

struct layout_connector layout_describe(const struct kms_output *output)
{
	return (struct layout_connector){
		.name = kms_output_name(output),
		.monitor = kms_output_monitor(output),
		.connected = kms_output_connected(output),
	};
}

/* No card before has an output of this name. */
static bool is_first(const struct layout *layout, const struct layout_ref *ref)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t count = layout_list_outputs(layout, refs);
	const char *name = layout_bare_name(kms_output_name(ref->output));

	for (size_t i = 0; i < count && refs[i].card < ref->card; i++) {
		if (g_str_equal(layout_bare_name(kms_output_name(refs[i].output)), name))
			return false;
	}
	return true;
}

bool layout_section_means(const struct layout *layout, const struct layout_output *section,
	const struct layout_ref *ref)
{
	struct layout_connector connector = layout_describe(ref->output);

	connector.card = ref->card;
	return layout_means(section, &connector, is_first(layout, ref));
}

bool layout_is_forced(const struct layout *layout, const struct layout_ref *ref)
{
	for (size_t i = 0; i < layout->section_count; i++) {
		if (layout->sections[i].force_on &&
			layout_section_means(layout, &layout->sections[i], ref))
			return true;
	}
	return false;
}

static uint32_t count_cards(const struct layout *layout)
{
	uint32_t count = 0;

	for (uint32_t card = 0; card < layout->card_count; card++)
		count += layout->cards[card].device != NULL;
	return count;
}

bool layout_has_card(const struct layout *layout)
{
	return count_cards(layout) > 0;
}

bool layout_has_all_cards(const struct layout *layout)
{
	return count_cards(layout) == layout->card_count;
}

void layout_begin(struct layout *layout)
{
	layout->held = true;
}

void layout_end(struct layout *layout)
{
	layout->held = false;
	layout_update(layout);
}

/* ---- what was shown ---- */

static void free_former(struct layout_former *former)
{
	g_free((char *)(uintptr_t)former->connector);
	g_free((char *)(uintptr_t)former->monitor);
}

static struct layout_former describe_entry(const struct layout *layout, const struct entry *entry)
{
	return (struct layout_former){
		.connector = g_strdup(kms_output_name(entry->output)),
		.monitor = g_strdup(entry->monitor),
		.party = (size_t)(entry->member - layout->members),
		.scanout = entry->scanout,
		.section = entry->section,
		.lit = entry->lit && !entry->surplus,
	};
}

static bool is_there(const struct layout_ref *refs, size_t count, const char *connector)
{
	for (size_t i = 0; i < count; i++) {
		if (g_str_equal(kms_output_name(refs[i].output), connector))
			return true;
	}
	return false;
}

void layout_remember_entries(struct layout *layout)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	struct layout_former formers[LAYOUT_OUTPUTS_MAX];
	size_t ref_count = layout_list_outputs(layout, refs);
	size_t count = layout->count;

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		formers[i] = describe_entry(layout, &layout->entries[i]);
	for (size_t i = 0; i < layout->former_count; i++) {
		struct layout_former *former = &layout->formers[i];

		if (count < LAYOUT_OUTPUTS_MAX && !is_there(refs, ref_count, former->connector))
			formers[count++] = *former;
		else
			free_former(former);
	}
	memcpy(layout->formers, formers, count * sizeof(formers[0]));
	layout->former_count = count;
}

void layout_forget_formers(struct layout *layout)
{
	for (size_t i = 0; i < layout->former_count; i++)
		free_former(&layout->formers[i]);
	layout->former_count = 0;
}
