/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outputs show where their guest shows nothing: before its first picture, after it has gone, and
 * after it has failed. Called by layout.c when a view gets its source, by the sources, from inside of a
 * guest's message, and by whoever knows how the guest is.
 */
#include "scene/layout_internal.h"

/* Nothing was ever shown: that is what kms/ lights an output with, and what before=last keeps. */
static bool is_untouched(const struct member *member, const struct picture_spec *spec)
{
	return member->moment == LAYOUT_BEFORE && !member->placed && picture_spec_is_black(spec);
}

static const struct picture_spec *spec_of(const struct member *member)
{
	switch (member->moment) {
	case LAYOUT_BEFORE:
		return &member->options.before;
	case LAYOUT_AFTER:
		break;
	case LAYOUT_FAILED:
		return &member->options.failed;
	}
	return &member->options.after;
}

void layout_place(struct entry *entry)
{
	struct member *member = entry->member;
	struct source *source = guest_source(member->options.guest, entry->scanout);
	const struct picture_spec *spec = spec_of(member);

	if (entry->surplus || source_state(source) != SOURCE_EMPTY || is_untouched(member, spec))
		return;
	/* What its guest switched off stays off; but a picture was asked for to be seen. */
	if (spec->kind != PICTURE_LAST && !picture_spec_is_black(spec))
		source_light(source);
	member->placed = true;
	placeholder_show(entry->placeholder, spec);
}

void layout_picture_changed(struct screen *screen, bool there)
{
	struct member *member = screen->member;
	struct layout *layout = member->layout;
	uint32_t scanout = (uint32_t)(screen - member->screens);

	if (there)
		member->moment = LAYOUT_AFTER;
	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];

		if (entry->member != member || entry->scanout != scanout || !entry->view)
			continue;
		if (there)
			placeholder_end(entry->placeholder);
		else
			layout_place(entry);
	}
}

void layout_set_moment(struct layout *layout, struct guest *guest, enum layout_moment moment)
{
	struct member *member = layout_find_member(layout, guest);

	member->moment = moment;
	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];

		if (entry->member == member && entry->view)
			layout_place(entry);
	}
}
