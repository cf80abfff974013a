/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cursor of an output: whether it can be above what is shown, and when it goes. A change goes
 * with the next frame's commit; alone only late in the frame (design 8), since a commit of its own
 * would keep out a frame that comes right after. Part of output.h.
 */
#include "output.h"

#include <log.h>

/* After so many vblanks one after the other that each brought a frame, the next one likely does. */
#define STEADY_FRAMES 4

/* Later than this before a vblank, a commit would likely hit the next one: wait for that one. */
#define TOO_LATE_US 1500

#define BUSY_RETRY_US 20000

/* ---- when ---- */

static bool has_change(const struct kms_output *output)
{
	return kms_output_cursor_is_due(output, 0);
}

G_NO_INLINE static void schedule(struct kms_output *output)
{
	int64_t period_us = kms_output_longest_period(output);
	int64_t lead_us = kms_output_lead(output);
	int64_t now_us = kms_records_now(&output->card->records);
	int64_t left_us = kms_output_time_left(output, now_us, period_us);

	if (left_us < MIN(TOO_LATE_US, lead_us / 2) - lead_us)
		left_us += period_us;
	output->cursor_due_us = now_us + MAX(0, left_us);
	/* The vblank after the last one's: a frame that is only late would lose it to the
	 * cursor. */
	if (output->frames_in_a_row >= STEADY_FRAMES &&
		output->cursor_due_us < output->event_us + period_us)
		output->cursor_due_us += period_us;
	kms_records_wake_at(&output->card->records, output->cursor_due_us);
}

void kms_output_schedule_change(struct kms_output *output)
{
	if (has_change(output) && output->cursor_due_us == KMS_NEVER)
		schedule(output);
}

static void schedule_if_idle(struct kms_output *output)
{
	if (kms_output_active(output) && !kms_output_in_flight(output))
		kms_output_schedule_cursor(output);
}

void kms_output_commit_cursor(struct kms_output *output)
{
	struct kms_output_refusal refusal;
	int error;

	output->cursor_due_us = KMS_NEVER;
	/* Frames that wait for others take it with them. */
	if (!kms_output_can_commit(output) || !has_change(output) ||
		output->gather_due_us != KMS_NEVER)
		return;
	error = kms_output_commit(output, 0, &refusal);
	if (!error) {
		output->counters.cursor_commits++;
	} else if (kms_error_is_passing(error)) {
		output->cursor_due_us = kms_records_now(&output->card->records) + BUSY_RETRY_US;
	} else if (kms_records_note_error(&output->card->records, error)) {
		return;
	} else if (kms_output_has_planes(output)) {
		/* It comes with the commit that takes the layers away. */
		kms_output_deny_layers(output, KMS_LAYERS_ABOVE);
	} else {
		/* One that was taken before: something else is wrong. */
		if (output->state.layers[KMS_LAYER_CURSOR].buffer)
			kms_output_distrust(output);
		kms_output_refuse_cursor(output, &output->state.layers[KMS_LAYER_PICTURE]);
	}
}

/* ---- whether ---- */

void kms_output_refuse_cursor(struct kms_output *output, const struct kms_layer *picture)
{
	struct kms_cursor *cursor = &output->cursor;

	if (cursor->refused) {
		/* Not even its being off is taken: leave the plane alone. */
		cursor->dirty = false;
		return;
	}
	log_output(G_LOG_LEVEL_MESSAGE, kms_output_name(output),
		"the driver refuses the cursor plane; the cursor is drawn into the picture");
	if (picture->buffer)
		kms_verdicts_get(&output->verdicts, picture->buffer, &picture->placement)->cursor =
			KMS_ANSWER_NO;
	cursor->refused = true;
	cursor->dirty = true;
	kms_output_note_change(output);
	schedule_if_idle(output);
}

/*
 * One that was refused above some picture stays so above all that are remembered with it, or else
 * it would come and go as its drawing changes what is shown.
 */
static bool is_refused(const struct kms_output *output)
{
	for (size_t i = 0; i < KMS_VERDICTS_MAX; i++) {
		if (output->verdicts.slots[i].used &&
			output->verdicts.slots[i].cursor == KMS_ANSWER_NO)
			return true;
	}
	return false;
}

/* Above which picture? The newest there is. */
static struct kms_verdict *present_verdict(struct kms_output *output)
{
	const struct kms_output_frame *pending = &kms_output_picture(output)->pending;
	const struct kms_layer *picture = &output->state.layers[KMS_LAYER_PICTURE];

	if (pending->buffer)
		return kms_verdicts_get(&output->verdicts, pending->buffer, &pending->placement);
	if (!picture->buffer)
		return NULL;
	return kms_verdicts_get(&output->verdicts, picture->buffer, &picture->placement);
}

/* 0 or an errno. */
static int ask(struct kms_output *output, bool with_layers)
{
	struct kms_flip flip;
	int error;

	kms_flip_init(&flip, &output->state);
	if (!with_layers)
		kms_output_add_layers_off(output, &flip);
	kms_cursor_fill_probe(&output->cursor, kms_flip_layer(&flip, KMS_LAYER_CURSOR, NULL));
	output->counters.tests++;
	error = kms_flip_test(output->card, &output->request, &flip);
	kms_flip_finish(&flip);
	return error;
}

/* Would the driver show it? Asked once for each picture that it is above, while the output is
 * idle; else the commit will tell. */
static bool test_cursor(struct kms_output *output)
{
	struct kms_verdict *verdict = present_verdict(output);
	int error;

	if (is_refused(output))
		return false;
	if (verdict && verdict->cursor == KMS_ANSWER_YES)
		return true;
	if (!kms_output_active(output) || kms_output_in_flight(output))
		return true;
	error = ask(output, true);
	/* In the picture it would be below layers: those go there instead. */
	if (kms_output_is_refusal(error) && kms_output_has_planes(output)) {
		error = ask(output, false);
		if (!error)
			kms_output_deny_layers(output, KMS_LAYERS_ABOVE);
	}
	if (kms_error_is_passing(error) || kms_records_note_error(&output->card->records, error))
		return true;
	if (verdict)
		verdict->cursor = error ? KMS_ANSWER_NO : KMS_ANSWER_YES;
	return error == 0;
}

/* ---- what src/ wants ---- */

static void hide(struct kms_output *output)
{
	kms_cursor_hide(&output->cursor, kms_layer_is_lit(&output->state.layers[KMS_LAYER_CURSOR]));
	schedule_if_idle(output);
}

bool kms_output_set_cursor(struct kms_output *output, const uint32_t *pixels, uint32_t hot_x,
	uint32_t hot_y)
{
	struct kms_cursor *cursor = &output->cursor;
	g_autoptr(GError) error = NULL;

	kms_cursor_set_image(cursor, pixels, hot_x, hot_y);
	if (!cursor->pixels) {
		hide(output);
		return true;
	}
	if (!output->state.crtc) {
		cursor->visible = true;
		return true;
	}
	if (!kms_cursor_is_usable(cursor, &error) || !test_cursor(output)) {
		if (error)
			log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
				"no memory for a cursor: %s", error->message);
		cursor->refused = true;
		hide(output);
		return false;
	}
	cursor->refused = false;
	kms_cursor_show(cursor);
	schedule_if_idle(output);
	return true;
}

void kms_output_forget_cursor(struct kms_output *output)
{
	output->keep_cursor = false;
	schedule_if_idle(output);
}

void kms_output_move_cursor(struct kms_output *output, int32_t x, int32_t y)
{
	struct kms_cursor *cursor = &output->cursor;

	if (cursor->x == x && cursor->y == y)
		return;
	cursor->x = x;
	cursor->y = y;
	cursor->dirty = true;
	schedule_if_idle(output);
}
