/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attempt.h"

#include "resources.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <log.h>
#include <xf86drm.h>

/* ---- who takes part ---- */

static const struct kms_plan_entry *find_by_crtc(const struct kms_plan *plan,
	const struct kms_crtc *crtc)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->entries[i].on && plan->entries[i].next.crtc == crtc)
			return &plan->entries[i];
	}
	return NULL;
}

static const struct kms_plan_entry *find_by_plane(const struct kms_plan *plan,
	const struct kms_plane *plane, enum kms_layer_kind *kind)
{
	for (size_t i = 0; i < plan->count; i++) {
		for (int layer = 0; layer < KMS_LAYERS; layer++) {
			if (plan->entries[i].on &&
				plan->entries[i].next.layers[layer].plane == plane) {
				*kind = (enum kms_layer_kind)layer;
				return &plan->entries[i];
			}
		}
	}
	return NULL;
}

bool kms_attempt_includes(const struct kms_plan_entry *entry, const struct kms_attempt *attempt)
{
	if (attempt->only)
		return entry->next.crtc == attempt->only ||
			entry->output->state.crtc == attempt->only;
	/* One that is off and stays so has nothing to say, nor has one that is lent. */
	return !entry->same || (attempt->whole && entry->on);
}

static bool is_changed(const struct kms_plan *plan, const struct kms_attempt *attempt,
	const struct kms_crtc *crtc)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct kms_plan_entry *entry = &plan->entries[i];

		if (kms_attempt_includes(entry, attempt) &&
			(entry->output->state.crtc == crtc ||
				(entry->on && entry->next.crtc == crtc)))
			return true;
	}
	return false;
}

/*
 * An event for a CRTC that is dark and stays so is EINVAL, and an object that leaves such a CRTC
 * pulls it in: they stay out of a request with events. See sweep().
 */
bool kms_attempt_includes_crtc(const struct kms_plan *plan, const struct kms_attempt *attempt,
	const struct kms_crtc *crtc)
{
	if (crtc->given_up || crtc->lent || (attempt->only && attempt->only != crtc))
		return false;
	if (!attempt->whole && !is_changed(plan, attempt, crtc))
		return false;
	return attempt->blocking || crtc->active || find_by_crtc(plan, crtc);
}

/* The same by its id; what stands nowhere is of the first request, which touches everything. */
static bool id_takes_part(const struct kms_plan *plan, const struct kms_attempt *attempt,
	uint32_t id)
{
	const struct kms_crtc *crtc = id ? kms_card_find_crtc(plan->card, id) : NULL;

	return crtc ? kms_attempt_includes_crtc(plan, attempt, crtc)
		    : attempt->whole && attempt->blocking;
}

static bool resets(const struct kms_attempt *attempt, const struct kms_plan_entry *entry)
{
	return attempt->resets && (attempt->whole || attempt->only || (entry && entry->resets));
}

/* ---- what each output shows first ---- */

static struct kms_placement whole_screen(const drmModeModeInfo *mode)
{
	const struct kms_rect all = {0, 0, mode->hdisplay, mode->vdisplay};

	return (struct kms_placement){all, all, KMS_ROTATE_0};
}

/* Where the previous master's picture is; turned it is no longer, by our resets. */
static struct kms_placement place_of(const struct kms_plane *plane)
{
	const struct kms_property *property = plane->properties;

	return (struct kms_placement){
		.source =
			{
				.x = (int32_t)(property[KMS_PLANE_SRC_X].value >> 16),
				.y = (int32_t)(property[KMS_PLANE_SRC_Y].value >> 16),
				.width = (int32_t)(property[KMS_PLANE_SRC_W].value >> 16),
				.height = (int32_t)(property[KMS_PLANE_SRC_H].value >> 16),
			},
		.destination = kms_plane_place(plane),
		.transform = KMS_ROTATE_0,
	};
}

/* The previous master's picture can stay: its CRTC, plane and mode are those that we want. */
static bool can_keep(const struct kms_plan_entry *entry, const struct kms_attempt *attempt)
{
	const struct kms_output *output = entry->output;
	const struct kms_crtc *wanted = entry->next.crtc;
	drmModeCrtc *crtc;
	bool same;

	if (!output->keep_picture || !attempt->first || !wanted->active ||
		output->connector.properties[KMS_CONNECTOR_CRTC_ID].value != wanted->id ||
		entry->next.layers[KMS_LAYER_PICTURE].plane->crtc_id != wanted->id)
		return false;
	crtc = drmModeGetCrtc(output->card->fd, wanted->id);
	same = crtc && crtc->mode_valid && kms_mode_equal(&crtc->mode, &entry->next.mode);
	if (crtc)
		drmModeFreeCrtc(crtc);
	return same;
}

/* Not what a kernel without cursor planes of its own may show on an overlay. */
static bool can_keep_cursor(const struct kms_plan_entry *entry)
{
	const struct kms_plane *plane = entry->next.layers[KMS_LAYER_CURSOR].plane;

	return entry->output->keep_cursor && plane && plane->type == DRM_PLANE_TYPE_CURSOR &&
		plane->crtc_id == entry->next.crtc->id;
}

/* Nothing that somebody still draws into: the kernel would wait for it in our call. */
static bool can_show_current(const struct kms_plan_entry *entry, enum kms_layer_kind kind)
{
	const struct kms_output *output = entry->output;
	const struct kms_output_frame *current = &output->layers[kind].current;

	return current->buffer && kms_mode_equal(&entry->next.mode, &output->state.mode) &&
		kms_buffer_is_ready(current->buffer);
}

static bool choose_picture(struct kms_plan_entry *entry, const struct kms_attempt *attempt,
	GError **error)
{
	struct kms_layer *layer = &entry->next.layers[KMS_LAYER_PICTURE];
	struct kms_output *output = entry->output;
	const struct kms_output_frame *current = &kms_output_picture(output)->current;
	bool paint;

	layer->kept = attempt->pictures && can_keep(entry, attempt);
	entry->next.layers[KMS_LAYER_CURSOR].kept = layer->kept && can_keep_cursor(entry);
	if (layer->kept) {
		/* Ours from now on: the one of the previous master goes with its owner. */
		layer->buffer = kms_buffer_adopt(output->card,
			(uint32_t)layer->plane->properties[KMS_PLANE_FB_ID].value);
		layer->placement = place_of(layer->plane);
		return true;
	}
	if (attempt->pictures && can_show_current(entry, KMS_LAYER_PICTURE)) {
		kms_layer_set_buffer(layer, current->buffer);
		layer->placement = current->placement;
		return true;
	}
	paint = attempt->pictures && output->paint;
	layer->placement = whole_screen(&entry->next.mode);
	layer->buffer = kms_buffer_create(output->card, entry->next.mode.hdisplay,
		entry->next.mode.vdisplay, DRM_FORMAT_XRGB8888, paint, error);
	if (paint && layer->buffer)
		output->paint(output->paint_data, entry->output, layer->buffer);
	return layer->buffer != NULL;
}

/* Layers above the picture, where route.c left them their planes. */
static void choose_layers(struct kms_plan_entry *entry)
{
	const struct kms_output *output = entry->output;

	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		enum kms_layer_kind kind = kms_layer_lowest(left);
		struct kms_layer *next = &entry->next.layers[kind];

		if (!next->plane || !can_show_current(entry, kind))
			continue;
		kms_output_layer_fill(&output->layers[kind], next);
		kms_layer_set_buffer(next, output->layers[kind].current.buffer);
		next->placement = output->layers[kind].current.placement;
		entry->next.layers[KMS_LAYER_PICTURE].zpos = output->picture_zpos;
	}
}

bool kms_attempt_prepare(struct kms_plan *plan, const struct kms_attempt *attempt, GError **error)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (!entry->on || !kms_attempt_includes(entry, attempt))
			continue;
		if (drmModeCreatePropertyBlob(plan->card->fd, &entry->next.mode,
			    sizeof(entry->next.mode), &entry->next.mode_blob) != 0) {
			g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED,
				"%s: the kernel refuses mode %ux%u: %s",
				kms_output_name(entry->output), entry->next.mode.hdisplay,
				entry->next.mode.vdisplay, g_strerror(errno));
			return false;
		}
		if (!choose_picture(entry, attempt, error))
			return false;
		if (attempt->pictures && !entry->next.layers[KMS_LAYER_PICTURE].kept)
			choose_layers(entry);
	}
	return true;
}

/* What kms_attempt_prepare() made and nobody took over. */
void kms_attempt_discard(struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (entry->next.mode_blob)
			drmModeDestroyPropertyBlob(plan->card->fd, entry->next.mode_blob);
		entry->next.mode_blob = 0;
		for (size_t kind = 0; kind < KMS_LAYERS; kind++)
			kms_layer_set_buffer(&entry->next.layers[kind], NULL);
	}
}

/* ---- the request ---- */

/* `entry` NULL: of a CRTC that is off. */
static const struct kms_settings *settings_of(const struct kms_plan_entry *entry,
	const struct kms_attempt *attempt)
{
	static const struct kms_settings none;

	return !entry || attempt->bare ? &none : &entry->next.settings;
}

static void add_connector(struct kms_request *request, const struct kms_plan *plan,
	const struct kms_plan_entry *entry, const struct kms_attempt *attempt)
{
	const struct kms_connector *connector = &entry->output->connector;
	const struct kms_property *crtc_id = &connector->properties[KMS_CONNECTOR_CRTC_ID];
	bool takes_part = entry->on ? kms_attempt_includes(entry, attempt)
				    : id_takes_part(plan, attempt, (uint32_t)crtc_id->value);

	/* A connector that was taken away (MST) has no properties left. */
	if (!takes_part || !crtc_id->id)
		return;
	kms_state_add_connector(request, connector, entry->on ? entry->next.crtc : NULL,
		resets(attempt, entry));
	/* After the resets: they have the last word. */
	if (entry->on)
		kms_settings_add(request, &entry->output->settings, connector,
			settings_of(entry, attempt));
}

static void add_crtc(struct kms_request *request, const struct kms_plan *plan,
	const struct kms_crtc *crtc, const struct kms_attempt *attempt)
{
	const struct kms_plan_entry *entry = find_by_crtc(plan, crtc);

	if (!kms_attempt_includes_crtc(plan, attempt, crtc))
		return;
	kms_state_add_crtc(request, crtc, entry ? &entry->next : NULL, resets(attempt, entry));
	kms_settings_add_crtc(request, crtc, settings_of(entry, attempt),
		!entry || entry->output->state.crtc != crtc || entry->output->state.vrr);
}

static bool shows(const struct kms_plan_entry *entry, enum kms_layer_kind kind)
{
	return kind == KMS_LAYER_PICTURE ||
		(kind != KMS_LAYER_CURSOR && entry->next.layers[kind].buffer);
}

/* It shows what lies above a previous master's picture, which stays. */
static bool stays(const struct kms_plan *plan, const struct kms_plane *plane)
{
	const struct kms_crtc *crtc = kms_card_find_crtc(plan->card, plane->crtc_id);
	const struct kms_plan_entry *entry = crtc ? find_by_crtc(plan, crtc) : NULL;
	enum kms_layer_kind kind;

	return entry && entry->next.layers[KMS_LAYER_PICTURE].kept && entry->output->keep_layers &&
		kms_plane_can_stay(plan->card, plane) && !find_by_plane(plan, plane, &kind);
}

/* Cursors are off at first, their planes are lit by the next commit; unless the one that is there
 * is to stay until then. */
static void add_plane(struct kms_request *request, const struct kms_plan *plan,
	const struct kms_plane *plane, const struct kms_attempt *attempt)
{
	enum kms_layer_kind kind = KMS_LAYER_CURSOR;
	const struct kms_plan_entry *entry = find_by_plane(plan, plane, &kind);

	if (entry && kind == KMS_LAYER_CURSOR && entry->next.layers[kind].kept)
		return;
	if (entry && shows(entry, kind) && kms_attempt_includes(entry, attempt))
		kms_state_add_layer(request, plan->card, &entry->next, kind,
			resets(attempt, entry));
	else if (id_takes_part(plan, attempt, plane->crtc_id) && !stays(plan, plane))
		kms_state_add_plane_off(request, plane, resets(attempt, entry));
}

void kms_attempt_build(struct kms_request *request, const struct kms_plan *plan,
	const struct kms_attempt *attempt)
{
	kms_request_reset(request);
	for (size_t i = 0; i < plan->count; i++)
		add_connector(request, plan, &plan->entries[i], attempt);
	for (size_t i = 0; i < plan->card->crtc_count; i++)
		add_crtc(request, plan, &plan->card->crtcs[i], attempt);
	for (size_t i = 0; i < plan->card->plane_count; i++)
		add_plane(request, plan, &plan->card->planes[i], attempt);
}

/* ---- after the kernel said yes ---- */

static void drop_frames(struct kms_output *output)
{
	kms_output_fail(output, ECANCELED);
	kms_output_drop_frames(output);
	kms_output_frame_clear(&kms_output_picture(output)->current);
	kms_output_settle_layers(output);
}

static void apply_off(struct kms_output *output)
{
	bool was_on = output->on;

	output->on = false;
	output->has_former = false;
	output->state.layers[KMS_LAYER_CURSOR].plane = NULL;
	kms_output_void_layers(output, ECANCELED);
	kms_state_drop(output->card, &output->state);
	kms_cursor_set_plane(&output->cursor, NULL, 0, 0, false);
	drop_frames(output);
	if (was_on)
		kms_output_note_change(output);
}

static void put_off(struct kms_output_layer *layer)
{
	if (layer->pending.buffer || !layer->current.buffer)
		return;
	layer->pending = layer->current;
	layer->pending.serial = 0;
	layer->current = (struct kms_output_frame){0};
}

/* The picture to come back to is still drawn into: it is shown when that is over. */
static void put_off_current(struct kms_output *output)
{
	struct kms_output_layer *picture = kms_output_picture(output);

	if (picture->current.buffer && !kms_buffer_is_ready(picture->current.buffer))
		put_off(picture);
}

/* Something else was asked for. */
static void log_other_mode(const struct kms_output *output)
{
	for (size_t i = 0; i < output->wishes.count; i++) {
		if (kms_mode_satisfies(&output->wishes.list[i], &output->state.mode))
			return;
	}
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
		"the mode that was asked for is not there or does not work; using %s",
		output->info.name);
}

/* The mode set shows this, and no frame of its owner's. */
static void set_frame(struct kms_output_layer *frames, const struct kms_layer *shown,
	const struct kms_attempt *attempt)
{
	struct kms_output_frame *frame = attempt->blocking ? &frames->current : &frames->queued;
	struct kms_output_frame before = *frame;

	*frame = (struct kms_output_frame){
		.buffer = shown->buffer ? kms_buffer_ref(shown->buffer) : NULL,
		.placement = shown->placement,
	};
	kms_buffer_unref(before.buffer);
	if (attempt->blocking)
		kms_output_frame_clear(&frames->queued);
}

/* Layers above the picture that the mode set left out are shown after it. */
static void set_layers(struct kms_output *output, const struct kms_attempt *attempt)
{
	for (uint32_t left = output->shown & KMS_LAYERS_ABOVE; left; left &= left - 1) {
		struct kms_output_layer *layer = &output->layers[kms_layer_lowest(left)];
		const struct kms_layer *shown = &output->state.layers[layer->kind];

		if (shown->buffer)
			set_frame(layer, shown, attempt);
		else if (layer->plane)
			put_off(layer);
	}
	output->rearranged = false;
}

static void apply_on(struct kms_plan_entry *entry, const struct kms_attempt *attempt)
{
	struct kms_output *output = entry->output;
	struct kms_output_layer *frames = kms_output_picture(output);
	const struct kms_layer *picture = &entry->next.layers[KMS_LAYER_PICTURE];
	bool other = !output->state.crtc ||
		picture->plane != output->state.layers[KMS_LAYER_PICTURE].plane ||
		!kms_mode_equal(&entry->next.mode, &output->state.mode);

	if (other && frames->pending.buffer) {
		/* It was made for another mode, or another plane. */
		kms_output_fail(output, ECANCELED);
		kms_output_frame_clear(&frames->pending);
	}
	if (other)
		kms_output_void_layers(output, ECANCELED);
	else
		put_off_current(output);
	kms_state_apply(output->card, &output->state, &entry->next);
	kms_output_note_former(output);
	kms_output_reserve_cursor(output);
	picture = &output->state.layers[KMS_LAYER_PICTURE];
	output->on = true;
	output->renew = false;
	kms_settings_apply(&output->settings, &output->connector, output->state.crtc,
		&output->state.settings);
	kms_output_vrr_start(output);
	kms_mode_describe(&output->state.mode, &output->info);
	if (other)
		log_other_mode(output);
	output->connector.properties[KMS_CONNECTOR_CRTC_ID].value = output->state.crtc->id;
	kms_output_forget_state(output);
	kms_cursor_set_plane(&output->cursor, output->state.layers[KMS_LAYER_CURSOR].plane,
		output->info.width, output->info.height,
		output->state.layers[KMS_LAYER_CURSOR].kept);
	set_frame(frames, picture, attempt);
	set_layers(output, attempt);
	kms_output_note_change(output);
}

static void apply_to_planes(struct kms_plan *plan, const struct kms_attempt *attempt)
{
	for (size_t i = 0; i < plan->card->plane_count; i++) {
		struct kms_plane *plane = &plan->card->planes[i];

		if (!id_takes_part(plan, attempt, plane->crtc_id))
			continue;
		plane->former = stays(plan, plane);
		plane->awaited = plane->former;
		if (!plane->former)
			plane->crtc_id = 0;
	}
}

void kms_attempt_apply(struct kms_plan *plan, const struct kms_attempt *attempt, guint token,
	bool sets_mode)
{
	bool part[KMS_OUTPUTS_MAX] = {false};
	int64_t now_us = g_get_monotonic_time();
	struct kms_card *card = plan->card;

	/* Who takes part is judged by the state before this commit. */
	apply_to_planes(plan, attempt);
	for (size_t i = 0; i < card->crtc_count; i++)
		part[i] = kms_attempt_includes_crtc(plan, attempt, &card->crtcs[i]);
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		struct kms_property *crtc_id =
			&entry->output->connector.properties[KMS_CONNECTOR_CRTC_ID];

		if (!entry->on && id_takes_part(plan, attempt, (uint32_t)crtc_id->value))
			crtc_id->value = 0;
	}
	for (size_t i = 0; i < card->crtc_count; i++) {
		struct kms_crtc *crtc = &card->crtcs[i];

		if (!part[i])
			continue;
		crtc->active = find_by_crtc(plan, crtc) != NULL;
		if (attempt->blocking)
			crtc->busy = false;
		else
			kms_card_commit_begun(card, crtc, token, now_us, sets_mode);
	}
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (!kms_attempt_includes(entry, attempt))
			continue;
		if (entry->on)
			apply_on(entry, attempt);
		else if (entry->output->state.crtc)
			apply_off(entry->output);
	}
}
