/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log says about the layout: each change once. Called by layout.c when it has applied
 * one. */
#include "log.h"
#include "scene/layout_internal.h"

/* What becomes of an output, once for each change. */
static void say_entry(struct entry *entry)
{
	bool turned = entry->transform != KMS_ROTATE_0;
	g_autofree char *line = NULL;

	if (entry->surplus)
		line = g_strdup_printf("%s: guest %s has %u scanouts, this is number %u",
			layout_has_picture(entry) ? "on, with its own picture" : "off",
			guest_name(entry->member->options.guest), entry->member->scanouts,
			entry->scanout);
	else
		line = g_strdup_printf("%s%s%s, %s, for scanout %u of guest %s",
			kms_output_mode(entry->output)->name, turned ? ", transform " : "",
			turned ? place_transform_name(entry->transform) : "",
			!kms_output_connected(entry->output) ? "without a monitor"
				: !layout_in_hours(entry->member->layout, entry->section)
				? "off at this hour"
				: layout_has_picture(entry) ? "on, with its own picture until used"
				: !layout_is_off(entry)	    ? "on"
				: layout_is_left_alone(entry)
				? "left as it is until its guest draws"
				: !entry->lit ? "off until used"
					      : "off",
			entry->scanout, guest_name(entry->member->options.guest));
	if (g_strcmp0(line, entry->said) == 0)
		return;
	log_output(G_LOG_LEVEL_INFO, kms_output_name(entry->output), "%s", line);
	g_free(entry->said);
	entry->said = g_steal_pointer(&line);
}

void layout_say_entries(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		say_entry(&layout->entries[i]);
}

void layout_remark_absent(const struct layout *layout, GPtrArray *remarks, GLogLevelFlags level,
	const char *names, const char *consequence)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t count = layout_list_outputs(layout, refs);
	struct layout_remark *remark;

	for (size_t i = 0; i < count; i++) {
		if (layout_output_is(refs[i].output, names))
			return;
	}
	remark = g_new0(struct layout_remark, 1);
	*remark = (struct layout_remark){.level = level,
		.output = names,
		.text = g_strdup_printf("no connector or monitor of this name yet: %s",
			consequence)};
	g_ptr_array_add(remarks, remark);
}

void layout_remark_absences(const struct layout *layout, GPtrArray *remarks)
{
	for (size_t i = 0; i < layout->layer_section_count; i++) {
		const struct layout_layer *section = &layout->layer_sections[i];
		g_autofree char *text = g_strdup_printf("layer %s waits for it", section->name);

		layout_remark_absent(layout, remarks, G_LOG_LEVEL_MESSAGE, section->output, text);
	}
	layout_region_remark(layout, remarks);
}

void layout_say_remarks(struct layout *layout, const GPtrArray *remarks)
{
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < remarks->len; i++) {
		const struct layout_remark *remark = g_ptr_array_index(remarks, i);
		char *key = g_strdup_printf("%s: %s",
			remark->output ? remark->output : remark->guest, remark->text);

		if (g_hash_table_contains(layout->said, key)) {
			/* Said. */
		} else if (remark->output) {
			log_output(remark->level, remark->output, "%s", remark->text);
		} else {
			log_guest(remark->level, remark->guest, "%s", remark->text);
		}
		g_hash_table_add(said, key);
	}
	g_hash_table_unref(layout->said);
	layout->said = said;
}
