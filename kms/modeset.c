/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modeset.h"

#include "device.h"
#include "output.h"
#include "route.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <log.h>
#include <string.h>

/* After another master, a commit of its may still be in flight: not ours to know by a flag. */

struct attempt {
	bool resets; /* undo what a previous master left */
	bool pictures; /* the last pictures; else black */
	bool blocking; /* touches everything; else only what may carry an event */
};

/* ---- what each output shows first ---- */

static struct kms_placement whole_screen(const drmModeModeInfo *mode)
{
	const struct kms_rect all = {0, 0, mode->hdisplay, mode->vdisplay};

	return (struct kms_placement){all, all, KMS_ROTATE_0};
}

/* The previous master's picture can stay: its CRTC, plane and mode are those that we want. */
static bool can_keep(const struct kms_plan_entry *entry)
{
	const struct kms_output *output = entry->output;
	drmModeCrtc *crtc;
	bool same;

	if (!output->keep_picture || output->device->taken_over || !entry->crtc->active ||
		output->connector.properties[KMS_CONNECTOR_CRTC_ID].value != entry->crtc->id ||
		entry->primary->crtc_id != entry->crtc->id)
		return false;
	crtc = drmModeGetCrtc(output->device->fd, entry->crtc->id);
	same = crtc && crtc->mode_valid && kms_mode_equal(&crtc->mode, &entry->mode);
	if (crtc)
		drmModeFreeCrtc(crtc);
	return same;
}

static bool choose_picture(struct kms_plan_entry *entry, bool pictures, GError **error)
{
	const struct kms_output *output = entry->output;

	entry->keep = pictures && can_keep(entry);
	if (entry->keep)
		return true;
	if (pictures && output->current.buffer && kms_mode_equal(&entry->mode, &output->mode)) {
		entry->buffer = kms_buffer_ref(output->current.buffer);
		entry->placement = output->current.placement;
		return true;
	}
	entry->placement = whole_screen(&entry->mode);
	entry->buffer = kms_buffer_create(output->device, entry->mode.hdisplay,
		entry->mode.vdisplay, DRM_FORMAT_XRGB8888, false, error);
	return entry->buffer != NULL;
}

static bool prepare(struct kms_plan *plan, struct kms_device *device, bool pictures, GError **error)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (!entry->on)
			continue;
		if (drmModeCreatePropertyBlob(device->fd, &entry->mode, sizeof(entry->mode),
			    &entry->mode_blob) != 0) {
			g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED,
				"%s: the kernel refuses mode %ux%u: %s",
				kms_output_name(entry->output), entry->mode.hdisplay,
				entry->mode.vdisplay, g_strerror(errno));
			return false;
		}
		if (!choose_picture(entry, pictures, error))
			return false;
	}
	return true;
}

/* What prepare() made and nobody took over. */
static void discard(struct kms_plan *plan, struct kms_device *device)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (entry->mode_blob)
			drmModeDestroyPropertyBlob(device->fd, entry->mode_blob);
		entry->mode_blob = 0;
		kms_buffer_unref(entry->buffer);
		entry->buffer = NULL;
	}
}

/* ---- the request ---- */

static const struct kms_plan_entry *find_by_crtc(const struct kms_plan *plan,
	const struct kms_crtc *crtc)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->entries[i].on && plan->entries[i].crtc == crtc)
			return &plan->entries[i];
	}
	return NULL;
}

static const struct kms_plan_entry *find_by_primary(const struct kms_plan *plan,
	const struct kms_plane *plane)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->entries[i].on && plan->entries[i].primary == plane)
			return &plan->entries[i];
	}
	return NULL;
}

/*
 * An event for a CRTC that is dark and stays so is EINVAL, and an object that leaves such a CRTC
 * pulls it in: they stay out of a request with events. They show nothing.
 */
static bool takes_part(const struct kms_device *device, const struct kms_plan *plan,
	const struct attempt *attempt, uint32_t crtc_id)
{
	for (size_t i = 0; i < device->crtc_count; i++) {
		const struct kms_crtc *crtc = &device->crtcs[i];

		if (crtc->id == crtc_id)
			return attempt->blocking || crtc->active || find_by_crtc(plan, crtc);
	}
	return attempt->blocking;
}

static void add_connector(struct kms_request *request, const struct kms_device *device,
	const struct kms_plan *plan, const struct kms_plan_entry *entry,
	const struct attempt *attempt)
{
	const struct kms_connector *connector = &entry->output->connector;
	const struct kms_property *crtc_id = &connector->properties[KMS_CONNECTOR_CRTC_ID];

	/* A connector that was taken away (MST) has no properties left. */
	if (!crtc_id->id ||
		(!entry->on && !takes_part(device, plan, attempt, (uint32_t)crtc_id->value)))
		return;
	/* That goes as soon as its CRTC is off, and nobody tells; to name it then is ENOENT. */
	if (device->taken_over && !entry->on && !crtc_id->value)
		return;
	kms_request_add(request, connector->id, crtc_id, entry->on ? entry->crtc->id : 0);
	if (attempt->resets)
		kms_request_add_resets(request, connector->id, connector->properties,
			KMS_CONNECTOR_PROPERTIES);
	else if (entry->on)
		kms_request_add_optional(request, connector->id,
			&connector->properties[KMS_CONNECTOR_LINK_STATUS],
			connector->properties[KMS_CONNECTOR_LINK_STATUS].reset);
}

static void add_crtc(struct kms_request *request, const struct kms_device *device,
	const struct kms_plan *plan, const struct kms_crtc *crtc, const struct attempt *attempt)
{
	const struct kms_plan_entry *entry = find_by_crtc(plan, crtc);

	if (!takes_part(device, plan, attempt, crtc->id))
		return;
	kms_request_add(request, crtc->id, &crtc->properties[KMS_CRTC_ACTIVE], entry ? 1 : 0);
	kms_request_add(request, crtc->id, &crtc->properties[KMS_CRTC_MODE_ID],
		entry ? entry->mode_blob : 0);
	if (attempt->resets)
		kms_request_add_resets(request, crtc->id, crtc->properties, KMS_CRTC_PROPERTIES);
}

static void add_plane(struct kms_request *request, const struct kms_device *device,
	const struct kms_plan *plan, const struct kms_plane *plane, const struct attempt *attempt)
{
	const struct kms_plan_entry *entry = find_by_primary(plan, plane);

	if (!entry && !takes_part(device, plan, attempt, plane->crtc_id))
		return;
	/* Resets first: the placement has the last word on the rotation. */
	if (attempt->resets)
		kms_request_add_resets(request, plane->id, plane->properties, KMS_PLANE_PROPERTIES);
	if (attempt->resets && entry && plane->properties[KMS_PLANE_ZPOS].maximum)
		kms_request_add(request, plane->id, &plane->properties[KMS_PLANE_ZPOS],
			plane->properties[KMS_PLANE_ZPOS].minimum);
	if (!entry)
		kms_request_add_plane_off(request, plane);
	else if (!entry->keep)
		kms_request_add_plane(request, plane, entry->crtc, entry->buffer->framebuffer,
			&entry->placement);
}

static void build(struct kms_request *request, const struct kms_device *device,
	const struct kms_plan *plan, const struct attempt *attempt)
{
	kms_request_reset(request);
	for (size_t i = 0; i < plan->count; i++)
		add_connector(request, device, plan, &plan->entries[i], attempt);
	for (size_t i = 0; i < device->crtc_count; i++)
		add_crtc(request, device, plan, &device->crtcs[i], attempt);
	for (size_t i = 0; i < device->plane_count; i++)
		add_plane(request, device, plan, &device->planes[i], attempt);
}

/* ---- after the kernel said yes ---- */

static void apply_to_output(struct kms_plan_entry *entry, const struct attempt *attempt)
{
	struct kms_output *output = entry->output;
	struct kms_output_frame *frame = attempt->blocking ? &output->current : &output->queued;
	bool was_on = output->on;

	if (output->mode_blob)
		drmModeDestroyPropertyBlob(output->device->fd, output->mode_blob);
	output->mode_blob = entry->mode_blob;
	entry->mode_blob = 0;
	if (!entry->on) {
		output->on = false;
		output->crtc = NULL;
		output->primary = NULL;
		kms_cursor_set_plane(output, NULL);
		kms_output_fail(output, ECANCELED);
		kms_output_frame_clear(&output->pending);
		kms_output_frame_clear(&output->queued);
		kms_output_frame_clear(&output->current);
		if (was_on)
			kms_output_note_change(output);
		return;
	}

	output->on = true;
	output->crtc = entry->crtc;
	output->primary = entry->primary;
	output->mode = entry->mode;
	kms_mode_describe(&output->mode, &output->info);
	output->connector.properties[KMS_CONNECTOR_CRTC_ID].value = entry->crtc->id;
	kms_output_forget_state(output);
	kms_cursor_set_plane(output, entry->cursor);
	if (!entry->same && output->pending.buffer) {
		/* It was made for another mode, or another plane. */
		kms_output_fail(output, ECANCELED);
		kms_output_frame_clear(&output->pending);
	}
	if (attempt->blocking)
		kms_output_frame_clear(&output->queued);
	kms_buffer_unref(frame->buffer);
	*frame = (struct kms_output_frame){.buffer = entry->buffer, .placement = entry->placement};
	entry->buffer = NULL;
	output->placed = entry->placement;
	output->is_placed = !entry->keep;
	if (!entry->same || attempt->resets)
		kms_output_note_change(output);
}

static void apply(struct kms_device *device, struct kms_plan *plan, const struct attempt *attempt)
{
	int64_t now_us = g_get_monotonic_time();

	/* Who takes part is judged by the state before this commit. */
	for (size_t i = 0; i < device->plane_count; i++) {
		struct kms_plane *plane = &device->planes[i];
		const struct kms_plan_entry *entry = find_by_primary(plan, plane);

		if (entry)
			plane->crtc_id = entry->crtc->id;
		else if (takes_part(device, plan, attempt, plane->crtc_id))
			plane->crtc_id = 0;
	}
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		struct kms_property *crtc_id =
			&entry->output->connector.properties[KMS_CONNECTOR_CRTC_ID];

		if (!entry->on && takes_part(device, plan, attempt, (uint32_t)crtc_id->value))
			crtc_id->value = 0;
		apply_to_output(entry, attempt);
	}
	for (size_t i = 0; i < device->crtc_count; i++) {
		struct kms_crtc *crtc = &device->crtcs[i];
		const struct kms_plan_entry *entry = find_by_crtc(plan, crtc);

		if (!attempt->blocking && takes_part(device, plan, attempt, crtc->id))
			kms_device_commit_begun(device, crtc, now_us);
		if (attempt->blocking)
			crtc->busy = false;
		crtc->output = entry ? entry->output : NULL;
		crtc->active = entry != NULL;
	}
	device->taken_over = true;
}

/* ---- trying ---- */

static int try_commit(struct kms_device *device, struct kms_plan *plan,
	const struct attempt *attempt, GError **error)
{
	struct kms_request request;
	uint32_t flags = 0;
	int failure;

	if (!prepare(plan, device, attempt->pictures, error)) {
		discard(plan, device);
		return EINVAL;
	}
	kms_request_init(&request);
	build(&request, device, plan, attempt);
	if (kms_request_test(device, &request, 0) != 0)
		flags = DRM_MODE_ATOMIC_ALLOW_MODESET;
	failure = attempt->blocking ? kms_request_commit_blocking(device, &request, flags)
				    : kms_request_commit(device, &request, flags);
	kms_request_finish(&request);
	if (failure) {
		discard(plan, device);
		return failure;
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->entries[i].on) {
			plan->entries[i].output->counters.commits++;
			if (flags)
				plan->entries[i].output->counters.mode_sets++;
		}
	}
	apply(device, plan, attempt);
	return 0;
}

static bool is_final(int failure)
{
	return failure == 0 || failure == EACCES || failure == EPERM || failure == ENODEV ||
		failure == EBUSY;
}

/* With everything first; then what a driver may refuse is left out. */
static int try_attempts(struct kms_device *device, struct kms_plan *plan, bool resets,
	bool blocking, GError **error)
{
	const struct attempt attempts[] = {
		{.resets = resets, .pictures = true, .blocking = blocking},
		{.resets = false, .pictures = false, .blocking = blocking},
	};
	int failure = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
		g_clear_error(error);
		failure = try_commit(device, plan, &attempts[i], error);
		if (is_final(failure))
			break;
	}
	return failure;
}

static bool is_newcomer(const struct kms_plan_entry *entry)
{
	return entry->wanted && !entry->output->on;
}

static bool has_newcomers(const struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (is_newcomer(&plan->entries[i]))
			return true;
	}
	return false;
}

static void leave_off(struct kms_plan_entry *entry, int failure)
{
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(entry->output),
		"left off: the driver refuses %ux%u on it: %s", entry->mode.hdisplay,
		entry->mode.vdisplay, g_strerror(failure));
	entry->output->refused = true;
	entry->wanted = false;
}

/* Would the driver light what is on in the plan, if all of it was black? 0 or an errno. */
static int test_plan(struct kms_device *device, struct kms_plan *plan)
{
	const struct attempt attempt = {0};
	struct kms_request request;
	int failure = EINVAL;

	if (prepare(plan, device, false, NULL)) {
		kms_request_init(&request);
		build(&request, device, plan, &attempt);
		failure = kms_request_test(device, &request, DRM_MODE_ATOMIC_ALLOW_MODESET);
		kms_request_finish(&request);
	}
	discard(plan, device);
	return failure;
}

/*
 * Outputs that are new in the plan (after a pause, all are) shall neither take those that run down
 * with them nor each other: they come to it one after the other, and who is refused stays off.
 * Where no single one is to blame, all do. False: nothing is left to try.
 */
static bool drop_newcomers(struct kms_device *device, struct kms_plan *plan, int failure)
{
	bool dropped = false;
	bool remaining = false;

	for (size_t i = 0; i < plan->count; i++)
		plan->entries[i].on &= !is_newcomer(&plan->entries[i]);
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		int refusal;

		if (!is_newcomer(entry))
			continue;
		entry->on = true;
		refusal = test_plan(device, plan);
		if (!refusal)
			continue;
		entry->on = false;
		leave_off(entry, refusal);
		dropped = true;
	}
	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];

		if (!dropped && is_newcomer(entry)) {
			entry->on = false;
			leave_off(entry, failure);
		}
		remaining |= entry->on || entry->output->on;
	}
	return remaining;
}

/* Plans, commits, and if it must be, again with less. */
static int try_plan(struct kms_device *device, bool resets, bool blocking)
{
	struct kms_plan plan;
	int failure;

	kms_plan_init(&plan, device, false, NULL);
	failure = try_attempts(device, &plan, resets, blocking, NULL);
	if (!is_final(failure) && has_newcomers(&plan) && drop_newcomers(device, &plan, failure))
		failure = try_attempts(device, &plan, resets, blocking, NULL);
	kms_plan_finish(&plan);
	return failure;
}

/* ---- called by device.c ---- */

void kms_modeset_run(struct kms_device *device)
{
	int failure;

	if (!device->modeset_wanted || device->state != KMS_DEVICE_READY ||
		!kms_device_is_idle(device))
		return;
	device->modeset_wanted = false;
	failure = try_plan(device, device->modeset_resets, false);
	if (failure == 0) {
		device->modeset_resets = false;
	} else if (failure == EBUSY) {
		device->modeset_wanted = true;
		kms_device_retry_soon(device);
	} else if (!kms_device_note_error(device, failure)) {
		log_card(G_LOG_LEVEL_WARNING, device->path, "the driver refuses the mode set: %s",
			g_strerror(failure));
	}
	/* Frames that waited for the mode that is refused are shown in the one that stays. */
	kms_device_advance(device);
}

void kms_modeset_request(struct kms_device *device, bool resets)
{
	struct kms_plan plan;
	bool changes;

	if (!device->configured || device->state != KMS_DEVICE_READY)
		return;
	/* Configured while the card was not ours: the first mode set is the takeover. */
	device->modeset_resets |= resets || !device->taken_over;
	kms_plan_init(&plan, device, false, NULL);
	changes = kms_plan_changes_anything(&plan);
	kms_plan_finish(&plan);
	if (!changes && !device->modeset_resets)
		return;
	device->modeset_wanted = true;
	kms_modeset_run(device);
}

int kms_modeset_force(struct kms_device *device)
{
	int failure = try_plan(device, true, true);

	if (failure)
		return failure;
	/* It was the one that waited, too; frames that had to wait with it go on. */
	device->modeset_wanted = false;
	device->modeset_resets = false;
	kms_device_advance(device);
	return 0;
}

static void set_refused_error(GError **error, const struct kms_device *device, int failure)
{
	if (error && *error)
		return;
	if (failure == EACCES || failure == EPERM)
		g_set_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER,
			"%s: another program drives the card (DRM master); stop it, or switch to "
			"a free VT",
			device->path);
	else if (failure == ENODEV)
		g_set_error(error, KMS_ERROR, KMS_ERROR_GONE, "%s: the card is gone", device->path);
	else
		g_set_error(error, KMS_ERROR, KMS_ERROR_REFUSED,
			"%s: the driver refuses the mode set: %s", device->path,
			g_strerror(failure));
}

static bool take_over(struct kms_device *device, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct kms_plan plan;
	int failure;

	if (!kms_plan_init(&plan, device, true, error)) {
		kms_plan_finish(&plan);
		return false;
	}
	failure = try_attempts(device, &plan, true, true, &problem);
	kms_plan_finish(&plan);
	if (!failure)
		return true;
	set_refused_error(&problem, device, failure);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

/* Would it be taken? Asked before anything is changed, so that a wrong mode is an error at once. */
static bool check_plan(struct kms_device *device, GError **error)
{
	struct kms_plan plan;
	bool valid = kms_plan_init(&plan, device, true, error);

	kms_plan_finish(&plan);
	return valid;
}

struct saved_request {
	bool wanted;
	bool keep_picture;
	struct kms_mode_wish wish;
};

/* Is something asked of it that was not asked before? Then it must be possible. */
static bool is_asked_anew(const struct kms_output *output, const struct saved_request *saved)
{
	return !output->device->taken_over || (output->wanted && !saved->wanted) ||
		memcmp(&output->wish, &saved->wish, sizeof(output->wish)) != 0;
}

/* Of an output that stays dark for now. */
static bool guess_mode(struct kms_output *output, GError **error)
{
	return kms_output_guess_mode(output, output->asked_anew ? error : NULL) ||
		!output->asked_anew;
}

bool kms_device_configure(struct kms_device *device, const struct kms_output_request *requests,
	size_t count, GError **error)
{
	guint outputs = device->outputs->len;
	g_autofree struct kms_mode_wish *wishes = g_new0(struct kms_mode_wish, MAX(count, 1));
	g_autofree struct saved_request *saved = g_new0(struct saved_request, MAX(outputs, 1));
	bool done = true;

	for (size_t i = 0; i < count; i++) {
		if (!kms_mode_parse(requests[i].mode, &wishes[i], error)) {
			g_prefix_error(error, "%s: ", kms_output_name(requests[i].output));
			return false;
		}
	}
	for (guint i = 0; i < outputs; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		saved[i] = (struct saved_request){output->wanted, output->keep_picture,
			output->wish};
		output->wanted = false;
		output->refused = false;
	}
	for (size_t i = 0; i < count; i++) {
		requests[i].output->wanted = !requests[i].off;
		requests[i].output->keep_picture = requests[i].keep_picture;
		requests[i].output->wish = wishes[i];
	}
	for (guint i = 0; i < outputs; i++) {
		struct kms_output *output = device->outputs->pdata[i];

		output->asked_anew = is_asked_anew(output, &saved[i]);
	}
	for (size_t i = 0; i < count && done; i++) {
		if (requests[i].off)
			done = guess_mode(requests[i].output, error);
	}

	if (done && device->state == KMS_DEVICE_READY && !device->taken_over)
		done = take_over(device, error);
	else if (done)
		done = check_plan(device, error);
	if (!done) {
		for (guint i = 0; i < outputs; i++) {
			struct kms_output *output = device->outputs->pdata[i];

			output->wanted = saved[i].wanted;
			output->keep_picture = saved[i].keep_picture;
			output->wish = saved[i].wish;
		}
		return false;
	}
	device->configured = true;
	kms_modeset_request(device, false);
	return true;
}
