/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits of an output: which frames go, with which damage and cursor; what is left out where the
 * driver refuses; and what is tried again. Part of output.h.
 */
#include "output.h"

#include "resources.h"

#include <errno.h>
#include <log.h>

/* A NONBLOCK commit that takes longer than this is counted as a finding. */
#define SLOW_COMMIT_US 4000

/* What the kernel had no time or memory for is tried again after so long, for so long; then it is a
 * refusal. */
#define BUSY_RETRY_US 20000
#define BUSY_LIMIT_US 100000

bool kms_output_is_refusal(int error)
{
	return error && kms_is_refusal(error) && !kms_error_is_passing(error);
}

/* Of a layer that the flip leaves as it is so far. Is the frame of memory of ours? */
G_ALWAYS_INLINE static inline bool add_frame(struct kms_output *output, enum kms_layer_kind kind,
	struct kms_flip *flip)
{
	struct kms_output_layer *frames = &output->layers[kind];
	const struct kms_output_frame *frame = &frames->pending;
	struct kms_layer *layer = kms_flip_copy_layer(flip, kind, frame->buffer);

	if (kind != KMS_LAYER_PICTURE)
		kms_output_layer_fill(frames, layer);
	layer->placement = frame->placement;
	layer->anew = true;
	if (frames->damage.count && layer->plane->properties[KMS_PLANE_FB_DAMAGE_CLIPS].id &&
		layer->plane == output->state.layers[kind].plane)
		kms_flip_damage(flip, kind, kms_output_layer_damage(frames));
	return frame->buffer->handle != 0;
}

static void add_cursor(struct kms_output *output, struct kms_flip *flip)
{
	kms_cursor_fill(&output->cursor, kms_flip_layer(flip, KMS_LAYER_CURSOR, NULL));
}

/* ---- what the driver refuses is tried again with less, one after the other ---- */

/* One commit on its way. */
struct commit {
	struct kms_output *output;
	struct kms_flip flip;
	uint32_t frames; /* the set of layers whose pending frames it has */
	bool with_cursor;
	guint token;
};

static int send_flip(struct commit *commit)
{
	return kms_flip_commit(commit->output->card, &commit->output->request, &commit->flip,
		&commit->token);
}

/* As the layer is to be. */
static const struct kms_layer *next_layer(const struct commit *commit, enum kms_layer_kind kind)
{
	return commit->flip.copied & KMS_LAYER_BIT(kind) ? &commit->flip.layers[kind]
							 : &commit->output->state.layers[kind];
}

static bool has_cursor(const struct commit *commit)
{
	return next_layer(commit, KMS_LAYER_CURSOR)->buffer != NULL;
}

/* The refresh rate varies, or does not, as before. */
static int send_without_vrr(struct commit *commit)
{
	int error;

	commit->flip.vrr = commit->output->state.vrr;
	error = send_flip(commit);
	if (!error)
		kms_output_vrr_refuse(commit->output);
	return error;
}

/* Off; or where that is what was refused, as it is. */
static int send_without_cursor(struct commit *commit)
{
	bool lit = has_cursor(commit);
	int error;

	commit->with_cursor = false;
	if (lit)
		kms_flip_layer(&commit->flip, KMS_LAYER_CURSOR, NULL);
	else
		kms_flip_leave(&commit->flip, KMS_LAYER_CURSOR);
	error = send_flip(commit);
	if (error || !lit)
		return error;
	/* In the picture it would be below the layers: those go there instead, and it is tried
	 * again. */
	commit->output->cursor.dirty = true;
	if (kms_output_has_planes(commit->output))
		kms_output_deny_layers(commit->output, KMS_LAYERS_ABOVE);
	else
		kms_output_refuse_cursor(commit->output, next_layer(commit, KMS_LAYER_PICTURE));
	return 0;
}

static int send_without_damage(struct commit *commit, bool had_cursor)
{
	struct kms_output *output = commit->output;
	int error;

	commit->flip.damaged = 0;
	error = send_flip(commit);
	output->damage_refused = !error;
	/* The cursor was not to blame: it comes back with the next commit. */
	output->cursor.dirty |= !error && had_cursor;
	return error;
}

/* Other frames go now than those that these were chosen for: with a picture that is left out they
 * stay, since what takes their place is in that, perhaps. */
static void choose_former_off(struct commit *commit, bool all)
{
	commit->flip.off = 0;
	if (commit->output->has_former)
		kms_output_add_former_off(commit->output, &commit->flip, all);
}

/* Its frame stays away. If it gives its plane to another layer, it goes from the screen. */
static void leave_frame(struct commit *commit, enum kms_layer_kind kind)
{
	struct kms_output *output = commit->output;
	const struct kms_layer *now = &output->state.layers[kind];

	kms_flip_leave(&commit->flip, kind);
	commit->frames &= ~KMS_LAYER_BIT(kind);
	if (kind != KMS_LAYER_PICTURE && now->buffer && now->plane != output->layers[kind].plane)
		kms_flip_layer(&commit->flip, kind, NULL);
}

/* Of several frames, from the top: is a single one to blame? */
static int send_without_one(struct commit *commit, int error, struct kms_output_refusal *refusal)
{
	uint32_t all = commit->frames;
	int again = error;

	for (int kind = KMS_LAYER_CURSOR - 1; kind >= 0 && kms_output_is_refusal(again); kind--) {
		if (!(all & KMS_LAYER_BIT(kind)))
			continue;
		leave_frame(commit, (enum kms_layer_kind)kind);
		choose_former_off(commit, false);
		again = send_flip(commit);
		if (again == 0) {
			*refusal = (struct kms_output_refusal){KMS_LAYER_BIT(kind), error};
		} else {
			kms_flip_leave(&commit->flip, (enum kms_layer_kind)kind);
			add_frame(commit->output, (enum kms_layer_kind)kind, &commit->flip);
			commit->frames = all;
		}
	}
	return again;
}

static int send_without_planes(struct commit *commit, int error, bool all)
{
	choose_former_off(commit, all);
	return commit->flip.copied || commit->flip.off ? send_flip(commit) : error;
}

/* The picture alone, or what is to be off: it goes on without the others. What a previous master
 * left goes only where it is in the way of the picture. */
static int send_without_layers(struct commit *commit, int error, struct kms_output_refusal *refusal)
{
	struct kms_output *output = commit->output;
	uint32_t others = commit->frames & KMS_LAYERS_ABOVE;
	int again;

	kms_output_add_layers_off(output, &commit->flip);
	commit->frames &= ~others;
	again = send_without_planes(commit, error, false);
	if (kms_output_is_refusal(again) && output->has_former && commit->frames)
		again = send_without_planes(commit, again, true);
	if (again == 0) {
		*refusal = (struct kms_output_refusal){others, error};
		kms_output_deny_layers(output, KMS_LAYERS_ABOVE);
	}
	return again;
}

G_NO_INLINE static int send_less(struct commit *commit, int error,
	struct kms_output_refusal *refusal)
{
	bool had_cursor = has_cursor(commit);

	if (kms_output_is_refusal(error) && commit->flip.vrr != commit->output->state.vrr)
		error = send_without_vrr(commit);
	if (kms_output_is_refusal(error) && commit->frames && (had_cursor || commit->with_cursor))
		error = send_without_cursor(commit);
	if (kms_output_is_refusal(error) && commit->flip.damaged)
		error = send_without_damage(commit, had_cursor);
	if (kms_output_is_refusal(error) && commit->frames & (commit->frames - 1))
		error = send_without_one(commit, error, refusal);
	if (kms_output_is_refusal(error) && kms_output_has_layers(commit->output) &&
		(commit->output->rearranged || commit->frames & KMS_LAYER_BIT(KMS_LAYER_PICTURE)))
		error = send_without_layers(commit, error, refusal);
	/* Nor was the cursor to blame there. */
	commit->output->cursor.dirty |= !error && refusal->error && had_cursor;
	return error;
}

/* ---- one commit ---- */

/* Every frame comes here. */
G_ALWAYS_INLINE static inline int commit_frames(struct kms_output *output, uint32_t frames,
	bool has_layers, struct kms_output_refusal *refusal)
{
	struct kms_card *card = output->card;
	struct commit commit;
	int64_t before_us, now_us;
	bool written = false;
	int error;

	commit.output = output;
	commit.frames = frames;
	commit.token = 0;
	kms_flip_init(&commit.flip, &output->state);
	for (uint32_t left = frames; left; left &= left - 1)
		written |= add_frame(output, kms_layer_lowest(left), &commit.flip);
	if (has_layers)
		kms_output_add_planes(output, &commit.flip);
	/* A frame whose pixels we wrote ourselves may have cost milliseconds in this turn of the
	 * loop; any other cannot, and the loop's own time saves a system call. */
	before_us = written ? g_get_monotonic_time() : kms_records_now(&card->records);
	commit.with_cursor = kms_output_cursor_is_due(output, frames);
	if (commit.with_cursor)
		add_cursor(output, &commit.flip);
	if (output->vrr_auto)
		commit.flip.vrr = kms_output_vrr_choose(output, frames != 0);
	error = send_flip(&commit);
	if (error)
		error = send_less(&commit, error, refusal);
	if (error) {
		kms_flip_finish(&commit.flip);
		return error;
	}
	now_us = g_get_monotonic_time();
	kms_flip_apply(&commit.flip, &output->state);
	if (output->has_former)
		kms_output_former_applied(output, commit.flip.off);
	if (commit.with_cursor)
		kms_cursor_applied(&output->cursor, &output->state.layers[KMS_LAYER_CURSOR]);
	output->counters.commits++;
	if (now_us - before_us > SLOW_COMMIT_US)
		output->counters.commits_slow++;
	output->cursor_due_us = KMS_NEVER;
	output->rearranged = false;
	kms_card_commit_begun(card, output->state.crtc, commit.token, now_us, false);
	return 0;
}

int kms_output_commit(struct kms_output *output, uint32_t frames,
	struct kms_output_refusal *refusal)
{
	*refusal = (struct kms_output_refusal){0};
	return commit_frames(output, frames, kms_output_has_layers(output), refusal);
}

/* ---- pending becomes queued ---- */

/* Another CRTC's mode set may keep this one out for as long as its link is trained. */
static bool a_mode_is_set(const struct kms_card *card)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (card->crtcs[i].busy && card->crtcs[i].setting_mode)
			return true;
	}
	return false;
}

/* The frame stays pending where only the moment was wrong, for a while. */
static bool try_again(struct kms_output *output, int error)
{
	int64_t now_us = g_get_monotonic_time();

	if (!kms_error_is_passing(error))
		return false;
	if (!output->trying_since_us)
		output->trying_since_us = now_us;
	if (now_us - output->trying_since_us > BUSY_LIMIT_US &&
		!(error == EBUSY && a_mode_is_set(output->card)))
		return false;
	kms_records_retry_in(&output->card->records, BUSY_RETRY_US);
	return true;
}

/* Once a cause. What is said of the whole card, the card says. */
static void log_refusal(struct kms_output *output, int error)
{
	if (error == output->logged_error || error == EACCES || error == EPERM || error == ENODEV)
		return;
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output), "the driver refused a frame: %s",
		g_strerror(error));
	output->logged_error = error;
}

/* Whose buffers nobody draws into any more. */
G_ALWAYS_INLINE static inline uint32_t ready(struct kms_output *output, uint32_t layers)
{
	for (uint32_t left = layers; left; left &= left - 1) {
		if (!kms_output_layer_is_ready(&output->layers[kms_layer_lowest(left)]))
			layers &= ~(left & -left);
	}
	return layers;
}

G_ALWAYS_INLINE static inline void queue(struct kms_output *output, uint32_t frames)
{
	for (uint32_t left = frames; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];

		layer->damage_lost = false;
		kms_output_frame_move(&layer->queued, &layer->pending);
	}
}

/* A word on the picture, where that is alone; else on how it goes with the layers above it. */
static void remember(struct kms_output *output, struct kms_output_refusal refusal)
{
	bool is_picture = refusal.layers & KMS_LAYER_BIT(KMS_LAYER_PICTURE);

	if (is_picture && kms_output_has_planes(output))
		kms_output_deny_layers(output, KMS_LAYERS_ABOVE);
	else if (is_picture)
		kms_output_remember(output, &kms_output_picture(output)->pending, refusal.error);
	if (refusal.layers & KMS_LAYERS_ABOVE)
		kms_output_deny_layers(output, refusal.layers);
}

static void judge(struct kms_output *output, struct kms_output_refusal refusal)
{
	if (kms_is_refusal(refusal.error))
		remember(output, refusal);
	log_refusal(output, refusal.error);
}

/* Nothing was taken: now, or at all? */
G_NO_INLINE static struct kms_output_refusal deal_with_error(struct kms_output *output,
	uint32_t frames, int error)
{
	const struct kms_output_refusal refusal = {frames, error};

	if (try_again(output, error))
		return (struct kms_output_refusal){0};
	output->trying_since_us = 0;
	judge(output, refusal);
	return refusal;
}

G_ALWAYS_INLINE static inline struct kms_output_refusal commit_pending(struct kms_output *output,
	uint32_t layers, bool has_layers)
{
	struct kms_output_refusal refusal = {0};
	uint32_t frames = ready(output, layers);
	int error;

	if (!frames && !(has_layers && output->rearranged))
		return refusal;
	if (has_layers && kms_output_gathers(output, frames))
		return refusal;
	error = commit_frames(output, frames, has_layers, &refusal);
	if (error)
		return deal_with_error(output, frames, error);
	output->trying_since_us = 0;
	queue(output, frames & ~refusal.layers);
	if (refusal.error)
		judge(output, refusal);
	return refusal;
}

struct kms_output_refusal kms_output_commit_pending(struct kms_output *output, uint32_t layers)
{
	/* Most have none: without a loop over them. */
	if (!kms_output_has_layers(output))
		return commit_pending(output, KMS_LAYER_BIT(KMS_LAYER_PICTURE), false);
	return commit_pending(output, layers, true);
}
