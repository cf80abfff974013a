/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which views there are, whose they are and whether they are used: what input, the counters and the
 * health check ask of a layout, at any time. Changes nothing.
 */
#include "scene/layout.h"

#include "scene/layout_internal.h"

static const struct entry *entry_at(const struct layout *layout, size_t index)
{
	struct entry *entry = NULL;

	for (size_t i = 0; i <= index; i++) {
		entry = layout_next_entry((struct layout *)(uintptr_t)layout, entry);
		if (!entry)
			return NULL;
	}
	return entry;
}

size_t layout_view_count(const struct layout *layout)
{
	size_t count = layout->count;

	for (size_t i = 0; i < layout->layer_count; i++)
		count += layout->layers[i].member != NULL;
	return count;
}

struct view *layout_view(const struct layout *layout, size_t index)
{
	return entry_at(layout, index)->view;
}

struct guest *layout_view_guest(const struct layout *layout, size_t index, uint32_t *scanout)
{
	const struct entry *entry = entry_at(layout, index);

	*scanout = entry->scanout;
	return entry->member->options.guest;
}

static const struct entry *find_entry(const struct layout *layout, const struct view *view)
{
	struct entry *entry = NULL;

	while ((entry = layout_next_entry((struct layout *)(uintptr_t)layout, entry))) {
		if (entry->view == view)
			return entry;
	}
	return NULL;
}

bool layout_view_in_use(const struct layout *layout, const struct view *view)
{
	const struct entry *entry = find_entry(layout, view);

	return entry && entry->lit && !entry->surplus && kms_output_connected(entry->output);
}

bool layout_view_asleep(const struct layout *layout, const struct view *view)
{
	const struct entry *entry = find_entry(layout, view);

	return entry && source_state(layout_source(entry)) == SOURCE_DISABLED;
}
