/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layer of an output gets which plane: found out by what planes say, then by TEST_ONLY, for a
 * stack of layers as a whole (design 17); and whose a plane is. Part of output.h.
 */
#include "output.h"

#include <errno.h>
#include <log.h>
#include <string.h>

/* TEST_ONLY values for one question. */
#define TESTS_MAX 24

/* What the driver had no time or memory for is asked again after this. */
#define ASK_AGAIN_US 100000

/* Planes that are looked at for one layer. */
#define CANDIDATES_MAX 16

/* ---- what is asked ---- */

static void describe(struct kms_stack_member *member, const struct kms_layer_wish *wish)
{
	const struct kms_output_frame frame = kms_output_frame_of(wish->frame);

	*member = (struct kms_stack_member){
		.layout = frame.buffer->layout,
		.placement = frame.placement,
		.dumb = frame.buffer->handle != 0,
	};
	if (!wish->layer)
		return;
	member->blend = (enum kms_blend)wish->layer->blend;
	member->translucent = wish->layer->alpha != UINT16_MAX;
}

/* ---- planes ---- */

static bool serves(const struct kms_output *output, const struct kms_plane *plane,
	const struct kms_stack_member *member)
{
	return plane->type == DRM_PLANE_TYPE_OVERLAY &&
		(plane->possible_crtcs >> output->state.crtc->index & 1) &&
		plane != output->state.layers[KMS_LAYER_CURSOR].plane &&
		kms_plane_takes(plane, member->layout.fourcc, member->layout.modifier) &&
		kms_plane_turns(plane, member->placement.transform) &&
		kms_plane_blends(plane, member->layout.fourcc, member->blend, member->translucent);
}

/* No other CRTC has it, and none is just about to give it up. */
static bool is_free(const struct kms_output *output, const struct kms_plane *plane)
{
	uint32_t id = output->state.crtc->id;

	return !plane->lent && (!plane->reserved || plane->reserved == id) &&
		(!plane->crtc_id || plane->crtc_id == id);
}

bool kms_output_is_arranged(const struct kms_output *output, const struct kms_plane *plane)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		if (output->layers[kms_layer_lowest(left)].plane == plane)
			return true;
	}
	return false;
}

static void release_planes(struct kms_output *output)
{
	struct kms_card *card = output->card;
	uint32_t id = output->state.crtc->id;

	for (size_t i = 0; i < card->plane_count; i++) {
		struct kms_plane *plane = &card->planes[i];

		if (plane->reserved != id || plane->crtc_id == id ||
			kms_output_is_arranged(output, plane) ||
			plane == output->state.layers[KMS_LAYER_CURSOR].plane)
			continue;
		plane->reserved = 0;
		card->plane_releases++;
		/* What it gives up itself is none that it lacked. */
		if (output->arranged)
			output->arranged->releases++;
		card->planes_freed = true;
		kms_records_wake_at(&card->records, 0);
	}
}

/* ---- the search ---- */

struct search {
	struct kms_output *output;
	const struct kms_layer_wish *wishes;
	const struct kms_stack *stack;
	unsigned int tests_left;
	bool in_vain; /* the driver could not answer: nothing is to be remembered */
	bool lacking;
};

static void add_wish(const struct search *search, const struct kms_stack_answer *answer,
	size_t index, struct kms_flip *flip)
{
	struct kms_output_layer *layer = search->wishes[index].layer;
	enum kms_layer_kind kind = layer ? layer->kind : KMS_LAYER_PICTURE;
	struct kms_layer *next = kms_flip_layer(flip, kind, search->wishes[index].frame->buffer);

	next->placement = search->stack->members[index].placement;
	if (layer) {
		kms_output_layer_fill(layer, next);
		next->plane = answer->planes[index];
	}
	next->zpos = answer->zpos[index];
}

/* All of it at once, with the cursor as it is. */
static bool test(struct search *search, const struct kms_stack_answer *answer)
{
	struct kms_output *output = search->output;
	struct kms_flip flip;
	int error;

	if (!search->tests_left || search->in_vain)
		return false;
	search->tests_left--;
	kms_flip_init(&flip, &output->state);
	kms_output_add_layers_off(output, &flip);
	for (size_t i = 0; i < search->stack->count; i++) {
		if (answer->planes[i])
			add_wish(search, answer, i, &flip);
	}
	if (output->has_former)
		kms_output_add_former_off(output, &flip, false);
	output->counters.tests++;
	error = kms_flip_test(output->card, &output->request, &flip);
	kms_flip_finish(&flip);
	search->in_vain = kms_error_is_passing(error) ||
		kms_records_note_error(&output->card->records, error);
	return error == 0;
}

/* One above it that has no plane is drawn into the picture, which is below all planes. */
static bool is_covered(const struct search *search, const struct kms_stack_answer *answer,
	size_t index)
{
	for (size_t i = index + 1; i < search->stack->count; i++) {
		if (!answer->planes[i] && kms_stack_overlap(search->stack, i, index))
			return true;
	}
	return false;
}

static bool is_in(const struct search *search, const struct kms_stack_answer *answer,
	const struct kms_plane *plane)
{
	for (size_t i = 1; i < search->stack->count; i++) {
		if (answer->planes[i] == plane)
			return true;
	}
	return false;
}

/* The uppermost first, so that there is room below. */
static uint64_t height_of(const struct kms_plane *plane)
{
	const struct kms_property *zpos = &plane->properties[KMS_PLANE_ZPOS];

	return zpos->maximum ? zpos->maximum : zpos->value;
}

static size_t insert(struct kms_plane **candidates, size_t count, struct kms_plane *plane,
	bool first)
{
	size_t at = 0;

	if (count == CANDIDATES_MAX)
		count--;
	while (!first && at < count && height_of(candidates[at]) >= height_of(plane))
		at++;
	memmove(candidates + at + 1, candidates + at, (count - at) * sizeof(*candidates));
	candidates[at] = plane;
	return count + 1;
}

/* `keep`: the one that it has is the first, and nobody else's is among them. */
static size_t find_candidates(struct search *search, const struct kms_stack_answer *answer,
	size_t index, bool keep, struct kms_plane **candidates)
{
	struct kms_output *output = search->output;
	struct kms_plane *own = search->wishes[index].layer->plane;
	const struct kms_rect *destination = &search->stack->members[index].placement.destination;
	struct kms_plane *present = NULL;
	size_t count = 0;

	for (size_t i = 0; i < output->card->plane_count; i++) {
		struct kms_plane *plane = &output->card->planes[i];

		if (!serves(output, plane, &search->stack->members[index]) ||
			is_in(search, answer, plane))
			continue;
		if (!is_free(output, plane) || !kms_output_may_use(output, plane, destination))
			search->lacking = true;
		else if ((keep && plane == own) ||
			(!own && kms_output_was_on(output, plane, destination)))
			present = plane;
		else if (!keep || !kms_output_is_arranged(output, plane))
			count = insert(candidates, count, plane, false);
	}
	return present ? insert(candidates, count, present, true) : count;
}

/* From the top: each layer the first plane that goes with those above it. Returns how many have
 * one. */
static size_t fill(struct search *search, struct kms_stack_answer *answer, bool keep, bool tests)
{
	const struct kms_plane *cursor = search->output->state.layers[KMS_LAYER_CURSOR].plane;
	struct kms_plane *candidates[CANDIDATES_MAX];
	size_t filled = 0;

	memset(&answer->planes[1], 0, sizeof(answer->planes) - sizeof(answer->planes[0]));
	for (size_t index = search->stack->count - 1; index > 0; index--) {
		size_t count = 0;

		if (!is_covered(search, answer, index))
			count = find_candidates(search, answer, index, keep, candidates);
		for (size_t i = 0; i < count && !answer->planes[index]; i++) {
			answer->planes[index] = candidates[i];
			if (!kms_stack_order(search->stack, answer, cursor) ||
				(tests && !test(search, answer)))
				answer->planes[index] = NULL;
		}
		filled += answer->planes[index] != NULL;
	}
	kms_stack_order(search->stack, answer, cursor);
	return filled;
}

/* With the planes that they have first; anew where not all layers get one so. */
static void find_planes(struct search *search, struct kms_stack_answer *best)
{
	size_t best_filled = 0;
	bool keep = true;

	for (int round = 0; round < 2 && best_filled + 1 < search->stack->count; round++) {
		struct kms_stack_answer answer = *best;
		size_t filled = fill(search, &answer, keep, false);

		if (filled && !test(search, &answer))
			filled = fill(search, &answer, keep, true);
		if (filled > best_filled) {
			*best = answer;
			best_filled = filled;
		}
		keep = false;
	}
	best->releases = search->output->card->plane_releases;
	best->lacking = search->lacking && best_filled + 1 < search->stack->count;
}

static bool find_out(struct search *search, struct kms_stack_answer *answer)
{
	struct kms_output *output = search->output;
	const struct kms_output_frame picture = kms_output_frame_of(search->wishes[0].frame);

	*answer = (struct kms_stack_answer){0};
	if (!kms_output_ask(output, &picture, false))
		return false;
	answer->planes[0] = output->state.layers[KMS_LAYER_PICTURE].plane;
	find_planes(search, answer);
	return true;
}

/* ---- the answer ---- */

/* It was given once, and would be again. */
static bool is_still_true(const struct kms_output *output, const struct kms_stack *stack,
	const struct kms_stack_answer *answer)
{
	if (kms_stack_answer_can_improve(answer) &&
		answer->releases != output->card->plane_releases)
		return false;
	for (size_t i = 1; i < stack->count; i++) {
		if (answer->planes[i] && !is_free(output, answer->planes[i]))
			return false;
	}
	return true;
}

static bool needs_commit(const struct kms_output *output)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		const struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];
		const struct kms_layer *now = &output->state.layers[layer->kind];

		if (now->buffer && (now->plane != layer->plane || now->zpos != layer->zpos))
			return true;
	}
	return kms_output_former_is_due(output);
}

/* A layer without a plane shows nothing by itself any more; what it showed is in the picture. */
static void take_away(struct kms_output_layer *layer)
{
	layer->plane = NULL;
	layer->zpos = 0;
	layer->place = 0;
}

static void drop_pending(struct kms_output_layer *layer)
{
	kms_output_layer_stop_waiting(layer);
	layer->damage_lost = true;
	/* It would say the same of the one before it. */
	if (layer->queued.serial)
		layer->dropped_serial = MAX(layer->pending.serial, layer->dropped_serial);
	else if (layer->pending.serial)
		kms_output_layer_note_failure(layer, layer->pending.serial, ECANCELED);
	kms_output_frame_clear(&layer->pending);
}

static void adopt(struct kms_output *output, const struct kms_layer_wish *wishes,
	const struct kms_stack *stack, struct kms_stack_answer *answer)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1)
		take_away(&output->layers[kms_layer_lowest(left)]);
	for (size_t i = 1; answer && i < stack->count; i++) {
		struct kms_output_layer *layer = wishes[i].layer;

		layer->plane = answer->planes[i];
		layer->zpos = answer->zpos[i];
		layer->place = i;
		if (layer->plane)
			layer->plane->reserved = output->state.crtc->id;
		if (layer->pending.buffer && layer->plane &&
			!kms_stack_member_equal(&layer->kind_of_frames, &stack->members[i]))
			drop_pending(layer);
		layer->kind_of_frames = stack->members[i];
	}
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (!layer->plane && layer->pending.buffer)
			drop_pending(layer);
	}
	output->arranged = answer;
	output->picture_zpos = answer ? answer->zpos[0] : 0;
	output->lacks_plane = answer && kms_stack_answer_can_improve(answer);
	output->rearranged = needs_commit(output);
	release_planes(output);
	if (output->rearranged)
		kms_output_advance(output);
}

static uint32_t bits(const struct kms_stack *stack, const struct kms_stack_answer *answer)
{
	uint32_t set = 0;

	for (size_t i = 0; i < stack->count; i++)
		set |= answer->planes[i] ? UINT32_C(1) << i : 0;
	return set;
}

/* The driver could not answer: nothing is remembered, and the caller is told to ask again. */
static void ask_again_later(struct kms_output *output, struct kms_stack_answer *answer)
{
	struct kms_card *card = output->card;

	answer->lacking = true;
	answer->releases = card->plane_releases - 1;
	output->lacks_plane = true;
	card->planes_freed = true;
	kms_records_wake_at(&card->records, g_get_monotonic_time() + ASK_AGAIN_US);
}

uint32_t kms_output_arrange(struct kms_output *output, const struct kms_layer_wish *wishes,
	size_t count)
{
	struct kms_stack stack = {.count = count};
	struct search search = {.output = output,
		.wishes = wishes,
		.stack = &stack,
		.tests_left = TESTS_MAX};
	struct kms_stack_answer *known, answer;
	uint32_t set;

	g_return_val_if_fail(count >= 1 && count <= KMS_STACK_MAX, 0);
	if (!kms_output_active(output))
		return 0;
	for (size_t i = 0; i < count; i++)
		describe(&stack.members[i], &wishes[i]);
	known = kms_stacks_find(&output->stacks, &stack);
	/* One that was denied since is drawn into the picture, and so is whom it covers. */
	for (size_t i = count - 1; known && i > 0; i--) {
		if (known->planes[i] && is_covered(&search, known, i))
			known->planes[i] = NULL;
	}
	if (!known || !is_still_true(output, &stack, known)) {
		bool is_picture_shown = find_out(&search, &answer);

		if (!kms_output_active(output))
			return 0;
		/* What is known of the picture is remembered elsewhere. */
		if (!is_picture_shown) {
			adopt(output, wishes, &stack, NULL);
			return 0;
		}
		answer.denials = known ? known->denials : 0;
		known = kms_stacks_remember(&output->stacks, &stack, &answer);
	}
	set = bits(&stack, known);
	adopt(output, wishes, &stack, known);
	if (search.in_vain)
		ask_again_later(output, known);
	return set;
}

/* Of one that it had. What else the card does may be why: when that gives up a plane it is tried
 * again, a few times. */
static bool deny(struct kms_output *output, size_t place)
{
	struct kms_stack_answer *answer = output->arranged;
	bool had = answer->planes[place] != NULL;

	answer->planes[place] = NULL;
	answer->releases = output->card->plane_releases;
	return had;
}

void kms_output_deny_layers(struct kms_output *output, uint32_t layers)
{
	bool denied = false;

	for (uint32_t left = layers & KMS_LAYERS_ABOVE & output->shown; left; left &= left - 1) {
		const struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (output->arranged && layer->place)
			denied |= deny(output, layer->place);
	}
	if (denied)
		output->arranged->denials++;
	kms_output_note_change(output);
}

/* ---- whose a plane is ---- */

void kms_output_reserve_cursor(struct kms_output *output)
{
	struct kms_plane *plane = output->state.layers[KMS_LAYER_CURSOR].plane;

	if (plane && plane->type == DRM_PLANE_TYPE_OVERLAY)
		plane->reserved = output->state.crtc->id;
	release_planes(output);
}

void kms_output_settle_layers(struct kms_output *output)
{
	bool settled = !kms_output_in_flight(output);

	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left && settled; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		if (layer->plane || output->state.layers[layer->kind].buffer)
			continue;
		kms_output_frame_clear(&layer->queued);
		kms_output_frame_clear(&layer->current);
		if (layer->leaving)
			output->shown &= ~KMS_LAYER_BIT(layer->kind);
	}
	if (output->has_former && settled)
		kms_output_note_former(output);
	if (output->state.crtc && settled)
		release_planes(output);
}

void kms_output_void_layers(struct kms_output *output, int error)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		kms_output_layer_fail(layer, error);
		kms_output_frame_clear(&layer->pending);
		take_away(layer);
	}
	output->arranged = NULL;
	output->picture_zpos = 0;
	output->lacks_plane = false;
	output->rearranged = false;
	if (output->state.crtc)
		release_planes(output);
}
