/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several views of one scanout: they never show two different pictures for longer than a frame of
 * the slower one takes, and none of them holds up the guest without need. Called by the other files
 * of the scanout, with each frame and when a view's output comes, goes or changes.
 *
 * A frame goes to all views: as it is, or as a copy. Where it can go to some only, since the plane
 * of another refuses the buffer and nobody can read that, the others are left: they give up their
 * older picture, and the layout shows something else there until a frame comes that they can show.
 */
#include <errno.h>

#include "log.h"
#include "scene/scanout_internal.h"

void mirror_join(struct scanout_slot *slot)
{
	slot->left = false;
	source_left(&slot->scanout->source, slot->view, false);
}

void mirror_leave(struct scanout *scanout, uint32_t bits)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (!(bits & 1u << slot->bit))
			continue;
		view_keep(slot->view);
		view_surface_lost(slot->view);
		/* Its picture is about to be another, which it must not be drawn from. */
		view_release(slot->view, false);
		mirror_note(slot, true);
	}
}

static void leave(struct scanout *scanout, struct scanout_slot *slot)
{
	slot->left = true;
	if (complain_once(scanout, COMPLAINT_MIRROR))
		log_guest(G_LOG_LEVEL_WARNING, scanout->guest,
			"scanout %u: output %s cannot show its buffer, which cannot be read either, "
			"while others show it",
			scanout->index, kms_output_name(view_output(slot->view)));
	view_release(slot->view, false);
	source_left(&scanout->source, slot->view, true);
}

static bool is_shown(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (!slot->unshown && view_live(slot->view))
			return scanout->shown.kind != SCANOUT_DISABLED;
	}
	return false;
}

void mirror_settle_unshown(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	if (!is_shown(scanout))
		return;
	scanout->any_unshown = false;
	while ((slot = scanout_next_slot(scanout, slot))) {
		if (slot->unshown && !slot->left)
			leave(scanout, slot);
	}
}

void mirror_forget(struct scanout *scanout)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(scanout, slot)))
		mirror_note(slot, false);
}

uint32_t mirror_fastest(struct scanout *scanout, uint32_t bits)
{
	struct scanout_slot *slot = NULL;
	int64_t period_us = INT64_MAX;
	uint32_t found = 0;

	while ((slot = scanout_next_slot(scanout, slot))) {
		if (!(bits & 1u << slot->bit) || view_period_us(slot->view) >= period_us)
			continue;
		period_us = view_period_us(slot->view);
		found = 1u << slot->bit;
	}
	return found;
}

static bool is_shown_elsewhere(const struct scanout_slot *here)
{
	struct scanout_slot *slot = NULL;

	while ((slot = scanout_next_slot(here->scanout, slot))) {
		if (slot != here && view_live(slot->view))
			return true;
	}
	return false;
}

bool mirror_still_reads(struct scanout_slot *failed, uint64_t serial, int error)
{
	if (early_is_free(failed) || !is_shown_elsewhere(failed))
		return false;
	return view_tries_again(failed->view, serial) ||
		(error == ETIMEDOUT && view_repeat(failed->view));
}
