/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs that no guest is shown on, and that have a picture of their own (picture= of a section
 * without guest=): those that the resolution gives to nobody. What it gives to a guest that does
 * not use it is an entry, see layout_has_picture().
 *
 * Called by layout.c, before the entries change and after.
 */
#include "log.h"
#include "scene/layout_internal.h"

static void close_vacant(struct layout *layout, struct vacant *vacant)
{
	layout_close_view(layout, vacant->view);
	placeholder_destroy(vacant->placeholder);
	*vacant = (struct vacant){0};
}

/* It is out of the list before: a guest that is answered can ask for its screens. */
static struct vacant take_out(struct layout *layout, size_t index)
{
	struct vacant taken = layout->vacants[index];

	layout->vacants[index] = layout->vacants[--layout->vacant_count];
	return taken;
}

static void close_at(struct layout *layout, size_t index)
{
	struct vacant gone = take_out(layout, index);

	close_vacant(layout, &gone);
}

void layout_vacant_close_card(struct layout *layout, uint32_t card)
{
	for (size_t i = layout->vacant_count; i-- > 0;) {
		if (layout->vacants[i].card == card)
			close_at(layout, i);
	}
}

void layout_vacant_close(struct layout *layout)
{
	while (layout->vacant_count > 0)
		close_at(layout, layout->vacant_count - 1);
}

void layout_vacant_give(struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (layout->vacants[i].output == output) {
			close_at(layout, i);
			return;
		}
	}
}

static bool is_taken(const struct layout *layout, const struct kms_output *output,
	const struct vacant *vacants, size_t count)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].output == output)
			return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (vacants[i].output == output)
			return true;
	}
	return false;
}

/* Another section turns it off, perhaps by another of its names. */
static bool is_off(const struct layout *layout, const struct layout_ref *ref)
{
	for (size_t i = 0; i < layout->section_count; i++) {
		if (layout->sections[i].off &&
			layout_section_means(layout, &layout->sections[i], ref))
			return true;
	}
	return false;
}

/* What is lent is of the first card, by names without a card's. */
static bool is_of(const struct layout *layout, const struct layout_output *section,
	const struct layout_ref *ref)
{
	return section->lent ? layout_section_means(layout, section, ref)
			     : layout_output_is(ref->output, section->name);
}

/* The first of the section's that is free. Without an output: there is none. */
static struct layout_ref choose_output(const struct layout *layout,
	const struct layout_output *section, const struct vacant *vacants, size_t count)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t ref_count = layout_list_outputs(layout, refs);

	for (size_t i = 0; i < ref_count; i++) {
		struct kms_output *output = refs[i].output;

		if ((kms_output_connected(output) || layout_is_forced(layout, &refs[i])) &&
			is_of(layout, section, &refs[i]) && !is_off(layout, &refs[i]) &&
			!is_taken(layout, output, vacants, count))
			return refs[i];
	}
	return (struct layout_ref){0};
}

static struct vacant open_vacant(struct layout *layout, const struct layout_ref *ref,
	const struct layout_output *section)
{
	const struct view_options options = {.device = layout->cards[ref->card].device,
		.card = ref->card,
		.output = ref->output,
		.serial = layout->serial};
	struct vacant vacant = {.output = ref->output,
		.card = ref->card,
		.section = section,
		.view = view_create(&options)};

	view_set_policy(vacant.view, section->policy);
	view_set_transform(vacant.view, layout_choose_transform(section, ref->output));
	view_set_background(vacant.view, section->background);
	vacant.placeholder = placeholder_create(vacant.view, layout->pictures);
	return vacant;
}

/* With the view that the output has, if it shows the same. */
static struct vacant make_vacant(struct layout *layout, const struct layout_ref *ref,
	const struct layout_output *section)
{
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (layout->vacants[i].output != ref->output)
			continue;
		if (layout->vacants[i].section == section)
			return take_out(layout, i);
		close_at(layout, i);
		break;
	}
	return open_vacant(layout, ref, section);
}

static void begin(struct vacant *vacant)
{
	g_autofree char *text = g_strdup_printf(vacant->section->lent
			? "%s is kept for another program."
			: "No guest is shown on %s.",
		kms_output_name(vacant->output));
	g_autofree char *title = g_strdup("No signal");
	char *lines[] = {title, text, NULL};

	placeholder_show(vacant->placeholder, &vacant->section->picture, lines);
}

void layout_vacant_update(struct layout *layout)
{
	struct vacant vacants[LAYOUT_OUTPUTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < layout->section_count && count < LAYOUT_OUTPUTS_MAX; i++) {
		const struct layout_output *section = &layout->sections[i];
		struct layout_ref ref = {0};

		if (section->pictured && !section->guest && !section->off)
			ref = choose_output(layout, section, vacants, count);
		if (ref.output)
			vacants[count++] = make_vacant(layout, &ref, section);
	}
	layout_vacant_close(layout);
	layout->vacant_count = count;
	for (size_t i = 0; i < count; i++) {
		layout->vacants[i] = vacants[i];
		begin(&layout->vacants[i]);
	}
}

void layout_vacant_say(struct layout *layout)
{
	for (size_t i = 0; i < layout->vacant_count; i++) {
		struct vacant *vacant = &layout->vacants[i];

		if (!vacant->said)
			log_output(G_LOG_LEVEL_INFO, kms_output_name(vacant->output),
				"%s, on, with its own picture: %s",
				kms_output_mode(vacant->output)->name,
				vacant->section->lent ? "kept for another program"
						      : "no guest is shown there");
		vacant->said = true;
	}
}
