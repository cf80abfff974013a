/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each card is asked for: which outputs are on, in which mode, and what they are lit with.
 * Called whenever something of that may be another; the card is asked only where it is.
 */
#include <string.h>

#include "log.h"
#include "scene/layout_internal.h"

static const struct screen *screen_of(const struct entry *entry)
{
	return &entry->member->screens[entry->scanout];
}

/* Nobody looks at it, by its guest's off-after or idle-off. */
static bool is_unwatched(const struct entry *entry)
{
	return entry->member->idle || screen_of(entry)->unlit;
}

static bool is_used(const struct entry *entry)
{
	return entry->member->used >> entry->scanout & 1;
}

/* Nobody looks at any guest that the output, which has layers, shows: `own` below them, or NULL.
 * Pictures have no say, nor has a guest that has not begun to show something. */
static bool are_unwatched(const struct layout *layout, const struct kms_output *output,
	const struct entry *own)
{
	bool any = own && own->lit && !layout_has_picture(own);

	if (any && !is_unwatched(own))
		return false;
	for (size_t i = 0; i < layout->layer_count; i++) {
		const struct entry *entry = &layout->layers[i];

		if (entry->output != output || !entry->member || !is_used(entry))
			continue;
		if (!is_unwatched(entry))
			return false;
		any = true;
	}
	return any;
}

bool layout_is_left_alone(const struct entry *entry)
{
	const struct member *member = entry->member;

	return !member->shown && layout_spec(entry)->kind == PICTURE_LAST &&
		kms_output_without_crtc(entry->output) &&
		!layout_has_layers(member->layout, entry->output);
}

bool layout_is_off(const struct entry *entry)
{
	const struct layout *layout = entry->member->layout;

	if (!layout_in_hours(layout, entry->section) || layout_is_left_alone(entry))
		return true;
	if (layout_has_layers(layout, entry->output))
		return are_unwatched(layout, entry->output, entry);
	return !layout_has_picture(entry) && (!entry->lit || is_unwatched(entry));
}

/* What is to be kept is of the first request alone. */
static bool same_request(const struct kms_output_request *a, const struct kms_output_request *b)
{
	return a->output == b->output && g_strcmp0(a->mode, b->mode) == 0 && a->off == b->off &&
		a->force == b->force && kms_settings_equal(&a->settings, &b->settings);
}

static bool same_requests(const struct layout_card *card, const struct kms_output_request *requests,
	size_t count)
{
	for (size_t i = 0; i < count && count == card->request_count; i++) {
		if (!same_request(&card->requests[i], &requests[i]))
			return false;
	}
	return count == card->request_count;
}

/* `section` NULL: none says anything of the output. */
static struct kms_output_request request_of(struct layout *layout, struct layout_ref ref,
	const struct layout_output *section)
{
	return (struct kms_output_request){
		.output = ref.output,
		.force = layout_is_forced(layout, &ref),
		.paint = layout_paint,
		.paint_data = layout,
		.settings = section ? section->settings : (struct kms_settings){0},
	};
}

/* What a predecessor has on planes above the output's picture can stay beside that alone. */
static void keep_planes(const struct layout *layout, uint32_t card,
	struct kms_output_request *request)
{
	bool has_predecessor = layout->cards[card].has_predecessor;

	request->keep_cursor = has_predecessor;
	request->keep_layers = has_predecessor && layout_has_layers(layout, request->output);
	request->keep_picture |= request->keep_layers;
}

/* At most KMS_OUTPUTS_MAX: as many as the card has outputs. */
static size_t make_requests(struct layout *layout, uint32_t card,
	struct kms_output_request *requests)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];
		struct kms_output_request *request = &requests[count];

		if (entry->card != card)
			continue;
		if (entry->surplus && !layout_has_picture(entry) &&
			!layout_has_layers(layout, entry->output))
			continue;
		*request = request_of(layout, (struct layout_ref){entry->output, card},
			entry->section);
		request->mode = entry->mode;
		request->keep_picture = layout_keeps_picture(layout_spec(entry),
			entry->placeholder);
		keep_planes(layout, card, request);
		request->off = layout_is_off(entry);
		count++;
	}
	for (size_t i = 0; i < layout->vacant_count; i++) {
		const struct vacant *vacant = &layout->vacants[i];
		struct kms_output_request *request = &requests[count];

		if (vacant->card != card)
			continue;
		count++;
		*request = request_of(layout, (struct layout_ref){vacant->output, card},
			vacant->section);
		request->mode = vacant->section->mode;
		request->keep_picture = layout_keeps_picture(&vacant->section->picture,
			vacant->placeholder);
		keep_planes(layout, card, request);
		request->off = !layout_in_hours(layout, vacant->section) ||
			are_unwatched(layout, vacant->output, NULL);
	}
	return count;
}

/* Everything that shows something on, all else off: where that is not so already. */
static void configure(struct layout *layout, uint32_t number)
{
	struct layout_card *card = &layout->cards[number];
	struct kms_output_request requests[KMS_OUTPUTS_MAX];
	size_t count = make_requests(layout, number, requests);
	g_autoptr(GError) error = NULL;
	bool asked = card->accepted && same_requests(card, requests, count);

	/* Also where they are the same: the modes may be other sections'. */
	memcpy(card->requests, requests, count * sizeof(requests[0]));
	card->request_count = count;
	if (asked)
		return;
	card->accepted = kms_device_configure(card->device, requests, count, &error);
	/* Of a master or a card that is lost, the card tells. */
	if (!card->accepted && !g_error_matches(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER) &&
		!g_error_matches(error, KMS_ERROR, KMS_ERROR_GONE))
		log_daemon(G_LOG_LEVEL_WARNING, "%s", error->message);
}

void layout_configure_cards(struct layout *layout)
{
	for (uint32_t i = 0; i < layout->card_count; i++) {
		if (layout->cards[i].device)
			configure(layout, i);
	}
}

void layout_relight(struct layout *layout)
{
	/* By a guest that is answered meanwhile: the cards are asked when all is in its place. */
	if (layout->applying)
		return;
	layout_configure_cards(layout);
	layout_say_entries(layout);
	layout_told_check(layout);
}
