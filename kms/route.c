/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route.h"

#include "device.h"
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
	if (output->crtc)
		return output->crtc;
	return kms_resources_find_crtc(output->device,
		(uint32_t)output->connector.properties[KMS_CONNECTOR_CRTC_ID].value);
}

static void route_crtcs(struct kms_plan *plan, struct kms_device *device)
{
	struct matching matching;

	matching_init(&matching, plan->count, device->crtc_count);
	for (size_t row = 0; row < plan->count; row++) {
		uint32_t possible = plan->entries[row].output->connector.possible_crtcs;

		if (!plan->entries[row].on)
			continue;
		for (size_t column = 0; column < device->crtc_count; column++)
			*matching_fits(&matching, row, column) = possible >> column & 1;
	}
	for (size_t row = 0; row < plan->count; row++) {
		struct kms_crtc *crtc = present_crtc(plan->entries[row].output);

		if (crtc)
			matching_prefer(&matching, row, crtc->index);
	}
	matching_solve(&matching);
	for (size_t row = 0; row < plan->count; row++) {
		int column = matching.column_of[row];

		plan->entries[row].crtc = column < 0 ? NULL : &device->crtcs[column];
	}
	matching_finish(&matching);
}

/* ---- CRTCs to planes ---- */

static bool plane_is_taken(const struct kms_plan *plan, const struct kms_plane *plane)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->entries[i].primary == plane || plan->entries[i].cursor == plane)
			return true;
	}
	return false;
}

static bool plane_serves(const struct kms_plan *plan, const struct kms_plane *plane, uint32_t type)
{
	if (plane->type != type || plane_is_taken(plan, plane))
		return false;
	/* An overlay that is to show a cursor must know alpha. */
	return type != DRM_PLANE_TYPE_OVERLAY || kms_plane_has_format(plane, DRM_FORMAT_ARGB8888);
}

static void route_planes(struct kms_plan *plan, struct kms_device *device, uint32_t type)
{
	bool primary = type == DRM_PLANE_TYPE_PRIMARY;
	struct matching matching;

	matching_init(&matching, plan->count, device->plane_count);
	for (size_t row = 0; row < plan->count; row++) {
		const struct kms_plan_entry *entry = &plan->entries[row];

		if (!entry->on || !entry->crtc || (!primary && entry->cursor))
			continue;
		for (size_t column = 0; column < device->plane_count; column++) {
			const struct kms_plane *plane = &device->planes[column];

			*matching_fits(&matching, row, column) = plane_serves(plan, plane, type) &&
				(plane->possible_crtcs >> entry->crtc->index & 1);
		}
	}
	for (size_t row = 0; row < plan->count; row++) {
		const struct kms_plan_entry *entry = &plan->entries[row];

		for (size_t column = 0; entry->crtc && column < device->plane_count; column++) {
			if (device->planes[column].crtc_id == entry->crtc->id)
				matching_prefer(&matching, row, column);
		}
	}
	matching_solve(&matching);
	for (size_t row = 0; row < plan->count; row++) {
		struct kms_plan_entry *entry = &plan->entries[row];
		struct kms_plane *plane;

		if (matching.column_of[row] < 0)
			continue;
		plane = &device->planes[matching.column_of[row]];
		if (primary)
			entry->primary = plane;
		else
			entry->cursor = plane;
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
		*mode = output->mode;
		return true;
	}
	read = crtc ? drmModeGetCrtc(output->device->fd, crtc->id) : NULL;
	valid = read && read->mode_valid;
	if (valid)
		*mode = read->mode;
	if (read)
		drmModeFreeCrtc(read);
	return valid;
}

static bool choose_mode(struct kms_plan_entry *entry, GError **error)
{
	struct kms_output *output = entry->output;
	const struct kms_connector *connector = &output->connector;
	drmModeModeInfo current;
	bool has_current = output->wish.kind == KMS_MODE_CURRENT &&
		read_current_mode(output, &current);

	return kms_mode_choose(&output->wish, connector->modes, connector->mode_count,
		has_current ? &current : NULL, connector->name, &entry->mode, error);
}

static bool check_route(const struct kms_plan_entry *entry, GError **error)
{
	if (entry->crtc && entry->primary)
		return true;
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CRTC,
		"%s: the card cannot drive so many outputs at once; turn another one off",
		kms_output_name(entry->output));
	return false;
}

/* True: leave the output off and go on. */
static bool tolerate(struct kms_plan_entry *entry, bool strict, GError *problem, GError **error)
{
	entry->on = false;
	entry->crtc = NULL;
	entry->primary = NULL;
	entry->cursor = NULL;
	if (strict && entry->output->asked_anew) {
		g_propagate_error(error, problem);
		return false;
	}
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(entry->output), "left off: %s",
		problem->message);
	entry->output->refused = true;
	g_error_free(problem);
	return true;
}

static void note_same(struct kms_plan_entry *entry)
{
	const struct kms_output *output = entry->output;

	/* An unplugged output holds its CRTC until a mode set takes it away. */
	entry->same = entry->on ? output->on : !output->crtc;
	if (entry->on && output->on)
		entry->same = entry->crtc == output->crtc && entry->primary == output->primary &&
			entry->cursor == output->cursor.plane &&
			kms_mode_equal(&entry->mode, &output->mode);
}

bool kms_plan_init(struct kms_plan *plan, struct kms_device *device, bool strict, GError **error)
{
	plan->count = device->outputs->len;
	plan->entries = g_new0(struct kms_plan_entry, MAX(plan->count, 1));
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		GError *problem = NULL;

		entry->output = device->outputs->pdata[i];
		entry->on = entry->output->wanted && entry->output->connector.connected &&
			!entry->output->refused;
		if (entry->on && !choose_mode(entry, &problem) &&
			!tolerate(entry, strict, problem, error))
			return false;
	}
	route_crtcs(plan, device);
	route_planes(plan, device, DRM_PLANE_TYPE_PRIMARY);
	route_planes(plan, device, DRM_PLANE_TYPE_CURSOR);
	route_planes(plan, device, DRM_PLANE_TYPE_OVERLAY);
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		GError *problem = NULL;

		if (entry->on && !check_route(entry, &problem) &&
			!tolerate(entry, strict, problem, error))
			return false;
		entry->wanted = entry->on;
		note_same(entry);
	}
	return true;
}

void kms_plan_finish(struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		kms_buffer_unref(plan->entries[i].buffer);
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
