/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modeset.h"

#include "attempt.h"
#include "resources.h"
#include "settings_trial.h"

#include <errno.h>
#include <log.h>
#include <xf86drm.h>

/* What the kernel had no time or memory for, or another master's last commit keeps out. */
#define BUSY_RETRY_US 20000
#define BUSY_LONG_RETRY_US G_USEC_PER_SEC
#define BUSY_LIMIT_US (2 * G_USEC_PER_SEC)

/* So many modes of an output are tried, one after the other. */
#define MODES_TRIED_MAX 16

/* ---- trying ---- */

/* What was switched off makes room, and so may another mode. */
static bool makes_room(const struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct kms_plan_entry *entry = &plan->entries[i];
		const struct kms_state *now = &entry->output->state;

		if (now->crtc && !entry->same &&
			(!entry->on || !kms_mode_equal(&entry->next.mode, &now->mode)))
			return true;
	}
	return false;
}

static void count(const struct kms_plan *plan, const struct kms_attempt *attempt, bool sets_mode)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct kms_plan_entry *entry = &plan->entries[i];

		if (!entry->on || !kms_attempt_includes(entry, attempt))
			continue;
		entry->output->counters.commits++;
		if (sets_mode)
			entry->output->counters.mode_sets++;
	}
}

static int try_commit(struct kms_modeset *modeset, struct kms_plan *plan,
	const struct kms_attempt *attempt, GError **error)
{
	struct kms_request request;
	uint32_t flags = 0;
	guint token = 0;
	int failure;
	bool room;

	if (!kms_attempt_prepare(plan, attempt, error)) {
		kms_attempt_discard(plan);
		return EINVAL;
	}
	kms_request_init(&request);
	kms_attempt_build(&request, plan, attempt);
	if (!request.error && !kms_request_size(&request)) {
		kms_request_finish(&request);
		/* What is to go off is dark already, and is to be off by our books, too. */
		kms_attempt_apply(plan, attempt, 0, false);
		return 0;
	}
	if (kms_request_test(plan->card, &request, 0) != 0)
		flags = DRM_MODE_ATOMIC_ALLOW_MODESET;
	failure = attempt->blocking ? kms_request_commit_blocking(plan->card, &request, flags)
				    : kms_request_commit(plan->card, &request, flags, &token);
	kms_request_finish(&request);
	if (failure) {
		kms_attempt_discard(plan);
		return failure;
	}
	count(plan, attempt, flags != 0);
	room = makes_room(plan);
	kms_attempt_apply(plan, attempt, token, flags != 0);
	modeset->taken_over = true;
	if (room)
		kms_outputs_forgive(modeset->outputs);
	return 0;
}

static bool is_final(int failure)
{
	return failure == 0 || failure == EACCES || failure == EPERM || failure == ENODEV ||
		kms_error_is_passing(failure);
}

/* Again without the connectors' settings that the driver refuses. */
static int try_settings(struct kms_modeset *modeset, struct kms_plan *plan,
	const struct kms_attempt *attempt, GError **error)
{
	int failure = try_commit(modeset, plan, attempt, error);

	if (is_final(failure) || !kms_settings_trial(plan, attempt))
		return failure;
	g_clear_error(error);
	return try_commit(modeset, plan, attempt, error);
}

/* With everything first; then what a driver may refuse is left out. */
static int try_attempts(struct kms_modeset *modeset, struct kms_plan *plan,
	const struct kms_attempt *wanted, GError **error)
{
	struct kms_attempt attempt = *wanted;
	int failure;

	attempt.resets = true;
	attempt.pictures = true;
	failure = try_settings(modeset, plan, &attempt, error);
	if (is_final(failure))
		return failure;
	g_clear_error(error);
	attempt.resets = false;
	attempt.pictures = false;
	return try_settings(modeset, plan, &attempt, error);
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
		"left off: the driver refuses %ux%u on it: %s", entry->next.mode.hdisplay,
		entry->next.mode.vdisplay, g_strerror(failure));
	entry->output->refused = true;
	entry->output->step = 0;
	entry->wanted = false;
}

/* Would the driver light what is on in the plan, if all of it was black? 0 or an errno. */
static int test_plan(struct kms_plan *plan, const struct kms_attempt *wanted)
{
	const struct kms_attempt attempt = {.whole = wanted->whole,
		.only = wanted->only,
		.bare = true};
	struct kms_request request;
	int failure = EINVAL;

	if (kms_attempt_prepare(plan, &attempt, NULL)) {
		kms_request_init(&request);
		kms_attempt_build(&request, plan, &attempt);
		failure = kms_request_test(plan->card, &request, DRM_MODE_ATOMIC_ALLOW_MODESET);
		kms_request_finish(&request);
	}
	kms_attempt_discard(plan);
	return failure;
}

/* Goes on in the list of its modes until one is taken. 0, or what the driver said of the first. */
static int test_modes(struct kms_plan *plan, struct kms_plan_entry *entry,
	const struct kms_attempt *attempt)
{
	int refusal = test_plan(plan, attempt);
	drmModeModeInfo first = entry->next.mode;

	for (size_t step = 1; refusal && step <= MODES_TRIED_MAX; step++) {
		if (!kms_plan_choose_mode(entry, step))
			break;
		if (test_plan(plan, attempt) == 0) {
			entry->output->step += step;
			return 0;
		}
	}
	entry->next.mode = first;
	return refusal;
}

/* An output that runs, and whose new mode is refused: the next one in the list. False where there
 * is none. */
static bool take_next_mode(const struct kms_plan *plan)
{
	bool changed = false;

	for (size_t i = 0; i < plan->count; i++) {
		struct kms_plan_entry *entry = &plan->entries[i];
		struct kms_output *output = entry->output;
		drmModeModeInfo refused = entry->next.mode;

		if (!entry->on || entry->same || !output->on || output->step >= MODES_TRIED_MAX ||
			kms_mode_equal(&entry->next.mode, &output->state.mode) ||
			!kms_plan_choose_mode(entry, 1))
			continue;
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
			"the driver refuses %ux%u; trying the next mode", refused.hdisplay,
			refused.vdisplay);
		output->step++;
		changed = true;
	}
	return changed;
}

/*
 * Outputs that are new in the plan (after a pause, all are) shall neither take those that run down
 * with them nor each other: they come to it one after the other, and who is refused stays off.
 * Where no single one is to blame, all do. False: nothing is left to try.
 */
static bool drop_newcomers(struct kms_plan *plan, const struct kms_attempt *attempt, int failure)
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
		refusal = test_modes(plan, entry, attempt);
		dropped |= refusal != 0 || entry->output->step != 0;
		if (!refusal)
			continue;
		entry->on = false;
		leave_off(entry, refusal);
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
static int try_plan(struct kms_modeset *modeset, const struct kms_attempt *attempt, GError **error)
{
	bool again = true;
	int failure = 0;

	while (again) {
		struct kms_plan plan;

		kms_plan_init(&plan, modeset->outputs);
		g_clear_error(error);
		failure = try_attempts(modeset, &plan, attempt, error);
		if (!is_final(failure) && has_newcomers(&plan) &&
			drop_newcomers(&plan, attempt, failure)) {
			g_clear_error(error);
			failure = try_attempts(modeset, &plan, attempt, error);
		}
		again = !is_final(failure) && take_next_mode(&plan);
		kms_plan_finish(&plan);
	}
	return failure;
}

/* ---- what another master left on CRTCs that are dark ---- */

static bool is_dark(const struct kms_card *card, uint64_t crtc_id)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		const struct kms_crtc *crtc = &card->crtcs[i];

		if (crtc->id == crtc_id)
			return !crtc->active && !crtc->busy && !crtc->given_up && !crtc->lent;
	}
	return false;
}

/*
 * Connectors and planes that stand on a dark CRTC cannot leave it in a request with events. They go
 * before, in one without: nothing of it is seen, and nothing waits for it.
 */
static int sweep(struct kms_modeset *modeset)
{
	struct kms_outputs *outputs = modeset->outputs;
	struct kms_card *card = outputs->card;
	struct kms_request request;
	int failure = 0;

	kms_request_init(&request);
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		const struct kms_connector *connector = &kms_outputs_at(outputs, i)->connector;

		if (is_dark(card, connector->properties[KMS_CONNECTOR_CRTC_ID].value))
			kms_state_add_connector(&request, connector, NULL, false);
	}
	for (size_t i = 0; i < card->plane_count; i++) {
		if (is_dark(card, card->planes[i].crtc_id))
			kms_state_add_plane_off(&request, &card->planes[i], false);
	}
	for (size_t i = 0; kms_request_size(&request) && i < card->crtc_count; i++) {
		if (is_dark(card, card->crtcs[i].id))
			kms_state_add_crtc(&request, &card->crtcs[i], NULL, false);
	}
	if (kms_request_size(&request)) {
		failure = kms_request_commit_silent(card, &request, DRM_MODE_ATOMIC_ALLOW_MODESET);
		kms_card_read_state(card);
		kms_outputs_read_state(outputs);
	}
	kms_request_finish(&request);
	return failure;
}

/* ---- called by device.c and configure.c ---- */

static bool is_idle(const struct kms_modeset *modeset, const struct kms_plan *plan)
{
	const struct kms_attempt attempt = {.whole = modeset->resets || modeset->alone};

	for (size_t i = 0; i < plan->card->crtc_count; i++) {
		const struct kms_crtc *crtc = &plan->card->crtcs[i];

		if (crtc->busy && kms_attempt_includes_crtc(plan, &attempt, crtc))
			return false;
	}
	return true;
}

/* Frames of outputs that the mode set changes wait for it. */
static void hold(const struct kms_modeset *modeset, const struct kms_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		plan->entries[i].output->held = modeset->wanted &&
			(modeset->resets || modeset->alone || !plan->entries[i].same);
}

static void release(struct kms_modeset *modeset)
{
	for (size_t i = 0; i < kms_outputs_count(modeset->outputs); i++)
		kms_outputs_at(modeset->outputs, i)->held = false;
}

/* Another program has it no more, and its last commit need not be done. */
static bool awaits_holder(const struct kms_card *card)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (card->crtcs[i].returning)
			return true;
	}
	return false;
}

/* Nothing of it was the driver's word: the same again, soon. */
static void try_later(struct kms_modeset *modeset, int failure)
{
	struct kms_records *records = &modeset->outputs->card->records;
	int64_t now_us = g_get_monotonic_time();

	if (!modeset->trying_since_us)
		modeset->trying_since_us = now_us;
	/* Nobody waits for ever for who stays busy. */
	modeset->alone = failure == EBUSY && !awaits_holder(modeset->outputs->card) &&
		now_us - modeset->trying_since_us <= BUSY_LIMIT_US;
	kms_records_retry_in(records,
		now_us - modeset->trying_since_us > BUSY_LIMIT_US ? BUSY_LONG_RETRY_US
								  : BUSY_RETRY_US);
}

/* True: it is done. Else it is tried again later, or the driver refuses it. */
static bool make(struct kms_modeset *modeset)
{
	const struct kms_attempt attempt = {.whole = modeset->resets,
		.first = !modeset->taken_over};
	struct kms_card *card = modeset->outputs->card;
	int failure = modeset->resets ? sweep(modeset) : 0;

	/* Should another than the moment be against it, the rest is tried without. */
	if (!kms_error_is_passing(failure))
		failure = try_plan(modeset, &attempt, NULL);
	if (kms_error_is_passing(failure)) {
		try_later(modeset, failure);
		return false;
	}
	if (failure == 0)
		modeset->resets = false;
	else if (!kms_records_note_error(&card->records, failure))
		log_card(G_LOG_LEVEL_WARNING, card->path, "the driver refuses the mode set: %s",
			g_strerror(failure));
	modeset->trying_since_us = 0;
	modeset->alone = false;
	modeset->wanted = false;
	return failure == 0;
}

/* One that was refused, and may be tried again by now. */
static bool somebody_waits(const struct kms_modeset *modeset)
{
	for (size_t i = 0; i < kms_outputs_count(modeset->outputs); i++) {
		const struct kms_output *output = kms_outputs_at(modeset->outputs, i);

		/* What another program has, or a driver that does not answer, comes back by
		 * itself. */
		bool away = output->state.crtc &&
			(output->state.crtc->lent || output->state.crtc->given_up);

		if (output->wanted && output->connector.connected && !output->on &&
			!output->refused && !away)
			return true;
	}
	return false;
}

/* Is there something to do, and can it be done now? */
static bool is_due(struct kms_modeset *modeset)
{
	struct kms_plan plan;
	bool idle;

	if (modeset->alone && g_get_monotonic_time() - modeset->trying_since_us > BUSY_LIMIT_US)
		modeset->alone = false;
	kms_plan_init(&plan, modeset->outputs);
	modeset->wanted = modeset->resets || kms_plan_changes_anything(&plan);
	hold(modeset, &plan);
	idle = is_idle(modeset, &plan);
	kms_plan_finish(&plan);
	/* Should nobody's event come, that is found out, too. */
	if (modeset->alone && !idle)
		kms_records_retry_in(&modeset->outputs->card->records, BUSY_RETRY_US);
	return modeset->wanted && idle;
}

void kms_modeset_run(struct kms_modeset *modeset)
{
	bool again = true;

	if (!modeset->configured || modeset->outputs->card->records.state != KMS_DEVICE_READY)
		return;
	while (again)
		again = is_due(modeset) && make(modeset) && somebody_waits(modeset);
	if (modeset->wanted)
		return;
	/* Frames that waited for a mode that is refused are shown in the one that stays. */
	release(modeset);
	kms_outputs_advance(modeset->outputs);
}

void kms_modeset_request(struct kms_modeset *modeset, bool resets)
{
	/* Configured while the card was not ours: the first mode set is the takeover. */
	modeset->resets |= modeset->configured && (resets || !modeset->taken_over);
	kms_modeset_run(modeset);
}

void kms_modeset_cancel(struct kms_modeset *modeset)
{
	modeset->wanted = false;
	modeset->alone = false;
	modeset->trying_since_us = 0;
	release(modeset);
}

int kms_modeset_unstick(struct kms_modeset *modeset, struct kms_crtc *crtc, bool blocking)
{
	const struct kms_attempt attempt = {.blocking = blocking, .only = crtc};
	struct kms_plan plan;
	int failure;

	kms_plan_init(&plan, modeset->outputs);
	failure = try_attempts(modeset, &plan, &attempt, NULL);
	kms_plan_finish(&plan);
	return failure;
}

static void set_refused_error(GError **error, const struct kms_card *card, int failure)
{
	if (failure == ENODEV)
		g_set_error(error, KMS_ERROR, KMS_ERROR_GONE, "%s: the card is gone", card->path);
	else
		g_set_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER,
			"%s: another program drives the card (DRM master); stop it, or switch to "
			"a free VT",
			card->path);
}

bool kms_modeset_take_over(struct kms_modeset *modeset, GError **error)
{
	const struct kms_attempt attempt = {.whole = true, .blocking = true, .first = true};
	g_autoptr(GError) problem = NULL;
	struct kms_card *card = modeset->outputs->card;
	int failure = try_plan(modeset, &attempt, &problem);

	/* Noted, it is tried again when the card is ours, or told when it is gone. */
	if (kms_records_note_error(&card->records, failure)) {
		set_refused_error(error, card, failure);
		return false;
	}
	/* The driver does not light them: a state, not an end. */
	if (failure)
		log_card(G_LOG_LEVEL_WARNING, card->path, "%s",
			problem ? problem->message : g_strerror(failure));
	return true;
}
