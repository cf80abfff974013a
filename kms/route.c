/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route.h"

#include "resources.h"

#include <drm_fourcc.h>
#include <log.h>
#include <string.h>

/*
 * A matching of rows to columns (outputs to CRTCs, CRTCs to planes) that serves as many rows as can
 * be: Kuhn's augmenting paths. Rows keep what they have wherever that costs nobody a place.
 */
struct matching {
	size_t rows;
	size_t columns;
	bool *fits; /* rows × columns */
	int *column_of; /* of a row, or -1 */
	int *row_of; /* of a column, or -1 */
	bool *seen; /* columns */
};

static void matching_init(struct matching *matching, size_t rows, size_t columns)
{
	matching->rows = rows;
	matching->columns = columns;
	matching->fits = g_new0(bool, rows *columns);
	matching->column_of = g_new(int, rows);
	matching->row_of = g_new(int, columns);
	matching->seen = g_new0(bool, columns);
	for (size_t row = 0; row < rows; row++)
		matching->column_of[row] = -1;
	for (size_t column = 0; column < columns; column++)
		matching->row_of[column] = -1;
}

static void matching_finish(struct matching *matching)
{
	g_free(matching->fits);
	g_free(matching->column_of);
	g_free(matching->row_of);
	g_free(matching->seen);
}

static bool *matching_fits(struct matching *matching, size_t row, size_t column)
{
	return &matching->fits[row * matching->columns + column];
}

static void matching_join(struct matching *matching, size_t row, size_t column)
{
	matching->column_of[row] = (int)column;
	matching->row_of[column] = (int)row;
}

static void matching_prefer(struct matching *matching, size_t row, size_t column)
{
	if (*matching_fits(matching, row, column) && matching->column_of[row] < 0 &&
		matching->row_of[column] < 0)
		matching_join(matching, row, column);
}

/* Recursion goes no deeper than there are rows: at most 32. */
static bool matching_augment(struct matching *matching, size_t row)
{
	for (size_t column = 0; column < matching->columns; column++) {
		if (!*matching_fits(matching, row, column) || matching->seen[column])
			continue;
		matching->seen[column] = true;
		if (matching->row_of[column] < 0 ||
			matching_augment(matching, (size_t)matching->row_of[column])) {
			matching_join(matching, row, column);
			return true;
		}
	}
	return false;
}

/* What is free first, in order; then others are moved for who has found nothing. */
static void matching_solve(struct matching *matching)
{
	for (size_t row = 0; row < matching->rows; row++) {
		for (size_t column = 0; column < matching->columns; column++)
			matching_prefer(matching, row, column);
	}
	for (size_t row = 0; row < matching->rows; row++) {
		if (matching->column_of[row] >= 0)
			continue;
		memset(matching->seen, 0, matching->columns * sizeof(*matching->seen));
		matching_augment(matching, row);
	}
}

/* ---- outputs to CRTCs ---- */

/* The CRTC that drives it now: ours, or the previous master's. */
static struct kms_crtc *present_crtc(struct kms_output *output)
{
	if (output->state.crtc)
		return output->state.crtc;
	return kms_card_find_crtc(output->card,
		(uint32_t)output->connector.properties[KMS_CONNECTOR_CRTC_ID].value);
}

static void route_crtcs(struct kms_plan *plan)
{
	struct kms_card *card = plan->card;
	struct matching matching;

	matching_init(&matching, plan->count, card->crtc_count);
	for (size_t row = 0; row < plan->count; row++) {
		uint32_t possible = plan->entries[row].output->connector.possible_crtcs;

		if (!plan->entries[row].on)
			continue;
		for (size_t column = 0; column < card->crtc_count; column++)
			*matching_fits(&matching, row, column) = (possible >> column & 1) &&
				!card->crtcs[column].given_up && !card->crtcs[column].lent;
	}
	for (size_t row = 0; row < plan->count; row++) {
		struct kms_crtc *crtc = present_crtc(plan->entries[row].output);

		if (crtc)
			matching_prefer(&matching, row, crtc->index);
	}
	matching_solve(&matching);
	for (size_t row = 0; row < plan->count; row++) {
		int column = matching.column_of[row];

		plan->entries[row].next.crtc = column < 0 ? NULL : &card->crtcs[column];
	}
	matching_finish(&matching);
}

/* ---- CRTCs to planes ---- */

static bool plane_is_taken(const struct kms_plan *plan, const struct kms_plane *plane)
{
	for (size_t i = 0; i < plan->count; i++) {
		for (size_t kind = 0; kind < KMS_LAYERS; kind++) {
			if (plan->entries[i].next.layers[kind].plane == plane)
				return true;
		}
	}
	return false;
}

static bool plane_serves(const struct kms_plan *plan, const struct kms_plane *plane, uint32_t type)
{
	if (plane->type != type || plane->lent || plane->former || plane_is_taken(plan, plane))
		return false;
	/* An overlay that is to show a cursor must know alpha, in memory as we fill it: those that
	 * take compressed buffers alone do not. */
	return type != DRM_PLANE_TYPE_OVERLAY ||
		kms_plane_takes(plane, DRM_FORMAT_ARGB8888, KMS_MODIFIER_LINEAR);
}

/* What layers above the picture have stays theirs, where the output stays what it is. */
static void keep_layers(struct kms_plan_entry *entry)
{
	const struct kms_output *output = entry->output;

	if (!entry->on || !entry->next.crtc || entry->next.crtc != output->state.crtc ||
		!kms_mode_equal(&entry->next.mode, &output->state.mode))
		return;
	for (int kind = KMS_LAYER_ABOVE; kind < KMS_LAYER_CURSOR; kind++)
		entry->next.layers[kind].plane = output->layers[kind].plane;
}

static void route_planes(struct kms_plan *plan, uint32_t type)
{
	enum kms_layer_kind kind = type == DRM_PLANE_TYPE_PRIMARY ? KMS_LAYER_PICTURE
								  : KMS_LAYER_CURSOR;
	struct kms_card *card = plan->card;
	struct matching matching;

	matching_init(&matching, plan->count, card->plane_count);
	for (size_t row = 0; row < plan->count; row++) {
		const struct kms_plan_entry *entry = &plan->entries[row];

		if (!entry->on || !entry->next.crtc || entry->next.layers[kind].plane)
			continue;
		for (size_t column = 0; column < card->plane_count; column++) {
			const struct kms_plane *plane = &card->planes[column];

			*matching_fits(&matching, row, column) = plane_serves(plan, plane, type) &&
				(plane->possible_crtcs >> entry->next.crtc->index & 1);
		}
	}
	/* What it has, then what stands there from before us. */
	for (size_t row = 0; row < plan->count; row++) {
		const struct kms_plan_entry *entry = &plan->entries[row];
		const struct kms_plane *ours = entry->output->state.layers[kind].plane;

		if (ours && entry->next.crtc == entry->output->state.crtc)
			matching_prefer(&matching, row, (size_t)(ours - card->planes));
	}
	for (size_t row = 0; row < plan->count; row++) {
		const struct kms_plan_entry *entry = &plan->entries[row];

		/* An overlay there shows a layer, more likely than a cursor. */
		if (type == DRM_PLANE_TYPE_OVERLAY && entry->output->keep_layers)
			continue;
		for (size_t column = 0; entry->next.crtc && column < card->plane_count; column++) {
			if (card->planes[column].crtc_id == entry->next.crtc->id)
				matching_prefer(&matching, row, column);
		}
	}
	/* Then one that shows nothing: the others may show layers that are to stay. */
	for (size_t row = 0; row < plan->count; row++) {
		for (size_t column = 0; column < card->plane_count; column++) {
			if (!card->planes[column].crtc_id)
				matching_prefer(&matching, row, column);
		}
	}
	matching_solve(&matching);
	for (size_t row = 0; row < plan->count; row++) {
		if (matching.column_of[row] >= 0)
			plan->entries[row].next.layers[kind].plane =
				&card->planes[matching.column_of[row]];
	}
	matching_finish(&matching);
}

/* ---- the plan ---- */

/* What runs on the connector now; false where it is dark. */
static bool read_current_mode(struct kms_output *output, drmModeModeInfo *mode)
{
	struct kms_crtc *crtc = present_crtc(output);
	drmModeCrtc *read;
	bool valid;

	if (output->on) {
		*mode = output->state.mode;
		return true;
	}
	read = crtc ? drmModeGetCrtc(output->card->fd, crtc->id) : NULL;
	valid = read && read->mode_valid;
	if (valid)
		*mode = read->mode;
	if (read)
		drmModeFreeCrtc(read);
	return valid;
}

static bool wishes_current(const struct kms_mode_wishes *wishes)
{
	for (size_t i = 0; i < wishes->count; i++) {
		if (wishes->list[i].kind == KMS_MODE_CURRENT)
			return true;
	}
	return false;
}

bool kms_plan_choose_mode(struct kms_plan_entry *entry, size_t later)
{
	struct kms_output *output = entry->output;
	drmModeModeInfo current;
	bool has_current = wishes_current(&output->wishes) && read_current_mode(output, &current);

	return kms_output_candidate(output, has_current ? &current : NULL, later,
		&entry->next.mode);
}

static void leave_off(struct kms_plan_entry *entry, const char *reason)
{
	entry->on = false;
	memset(&entry->next, 0, sizeof(entry->next));
	entry->output->refused = true;
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(entry->output), "left off: %s", reason);
}

/* What its CRTC does is not known, or another program's to say: neither it nor its connector can be
 * moved. */
static bool is_left_alone(const struct kms_output *output)
{
	const struct kms_crtc *crtc = output->state.crtc;

	return crtc && (crtc->given_up || crtc->lent);
}

static bool is_same(const struct kms_plan_entry *entry)
{
	const struct kms_output *output = entry->output;
	const struct kms_state *now = &output->state;
	const struct kms_state *next = &entry->next;

	/* An unplugged output holds its CRTC until a mode set takes it away. One that was given up
	 * or lent is left alone. */
	if (!entry->on)
		return !now->crtc || is_left_alone(output);
	if (!output->on || output->renew || next->crtc != now->crtc)
		return false;
	if (next->layers[KMS_LAYER_PICTURE].plane != now->layers[KMS_LAYER_PICTURE].plane ||
		next->layers[KMS_LAYER_CURSOR].plane != now->layers[KMS_LAYER_CURSOR].plane)
		return false;
	return kms_mode_equal(&next->mode, &now->mode) &&
		kms_settings_equal(&next->settings, &now->settings);
}

void kms_plan_init(struct kms_plan *plan, const struct kms_outputs *outputs)
{
	plan->card = outputs->card;
	plan->count = kms_outputs_count(outputs);
	plan->entries = g_new0(struct kms_plan_entry, MAX(plan->count, 1));
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		entry->output = kms_outputs_at(outputs, i);
		entry->on = entry->output->wanted && entry->output->connector.connected &&
			!entry->output->refused && !is_left_alone(entry->output);
		if (entry->on && !kms_plan_choose_mode(entry, 0))
			leave_off(entry, "none of its modes works");
	}
	route_crtcs(plan);
	for (size_t i = 0; i < plan->count; i++)
		keep_layers(&plan->entries[i]);
	route_planes(plan, DRM_PLANE_TYPE_PRIMARY);
	route_planes(plan, DRM_PLANE_TYPE_CURSOR);
	route_planes(plan, DRM_PLANE_TYPE_OVERLAY);
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (entry->on && !(entry->next.crtc && entry->next.layers[KMS_LAYER_PICTURE].plane))
			leave_off(entry,
				"the card cannot drive so many outputs at once; turn another one off");
		if (entry->on)
			entry->next.settings = kms_settings_choose(&entry->output->settings,
				&entry->output->connector, entry->next.crtc);
		entry->wanted = entry->on;
		entry->resets = entry->output->renew;
		entry->same = is_same(entry);
	}
}

void kms_plan_finish(struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		kms_state_drop(plan->card, &plan->entries[i].next);
	g_clear_pointer(&plan->entries, g_free);
	plan->count = 0;
}

bool kms_plan_changes_anything(const struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->entries[i].same)
			return true;
	}
	return false;
}
