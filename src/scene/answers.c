/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which frames of a device are answered early. */
#include "scene/answers.h"

#include <glib.h>

#define COST_PIXELS 1024u
/* An average's weight: what one frame brings counts for an eighth. */
#define WEIGHT 8
/* A copy during which something else had the processor counts for no more than so many. */
#define SAMPLE_MAX 4u
/* More than any memory takes, and small enough to be multiplied. */
#define COST_MAX (UINT64_C(1) << 40)
#define PIXELS_MAX (UINT64_C(1) << 32)

void answers_init(struct answers *answers, enum answers_mode mode)
{
	*answers = (struct answers){.mode = mode};
}

void answers_set_live(struct answers *answers, uint32_t scanout, bool live)
{
	struct answers_scanout *one = &answers->scanouts[scanout];

	answers->live += live;
	answers->live -= one->live;
	one->live = live;
	if (!live)
		one->run = 0;
}

void answers_frame(struct answers *answers, uint32_t scanout, uint64_t pixels, uint32_t period_us,
	int64_t now_us)
{
	struct answers_scanout *one = &answers->scanouts[scanout];
	bool paused = now_us - one->frame_us > ANSWERS_PAUSE_US;

	pixels = MIN(pixels, PIXELS_MAX);
	if (one->run == 0 || paused) {
		one->run = 0;
		one->pixels = pixels;
	}
	one->run = MIN(one->run + 1, ANSWERS_RUN);
	one->pixels = (one->pixels * (WEIGHT - 1) + pixels) / WEIGHT;
	one->period_us = MAX(period_us, 1);
	one->frame_us = now_us;
}

/* Thousandths of the time, of a scanout that is copied. */
static uint64_t load_of(const struct answers_scanout *one)
{
	/* Nanoseconds a frame, and of them a thousandth a microsecond of the period. */
	return one->pixels * MIN(one->cost, COST_MAX / COST_PIXELS) / COST_PIXELS / one->period_us;
}

static bool is_drawn_on(const struct answers_scanout *one, int64_t now_us)
{
	return one->live && one->run == ANSWERS_RUN && now_us - one->frame_us <= ANSWERS_PAUSE_US;
}

static unsigned int count_drawn_on(const struct answers *answers, int64_t now_us)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		count += is_drawn_on(&answers->scanouts[i], now_us);
	return count;
}

/* Of all that are copied, or would be. */
static uint64_t load_of_all(const struct answers *answers, int64_t now_us)
{
	uint64_t load = 0;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct answers_scanout *one = &answers->scanouts[i];

		if (is_drawn_on(one, now_us) && !one->slow)
			load += load_of(one);
	}
	return load;
}

/* What goes on may cost more than what begins. */
static unsigned int limit_of(bool going_on)
{
	return going_on ? ANSWERS_LOAD_END : ANSWERS_LOAD_BEGIN;
}

static enum answers_choice choose_by_cost(struct answers *answers, uint32_t scanout, int64_t now_us)
{
	struct answers_scanout *one = &answers->scanouts[scanout];
	bool copied = answers->early && !one->slow;

	if (one->cost == 0 || (!copied && now_us - one->measured_us >= ANSWERS_AGAIN_US))
		return ANSWERS_MEASURE;
	one->slow = load_of(one) > limit_of(!one->slow && answers->early);
	answers->early = load_of_all(answers, now_us) <= limit_of(answers->early);
	return answers->early && !one->slow ? ANSWERS_EARLY : ANSWERS_AT_FLIP;
}

enum answers_choice answers_choose(struct answers *answers, uint32_t scanout, int64_t now_us)
{
	struct answers_scanout *one = &answers->scanouts[scanout];

	if (now_us - one->measured_us >= ANSWERS_AGAIN_US)
		one->unshown = false;
	if (!one->live || one->unshown || answers->live < 2)
		return ANSWERS_AT_FLIP;
	switch (answers->mode) {
	case ANSWERS_FLIP:
		break;
	case ANSWERS_COPIED:
		return ANSWERS_EARLY;
	case ANSWERS_AUTO:
		if (is_drawn_on(one, now_us) && count_drawn_on(answers, now_us) > 1)
			return choose_by_cost(answers, scanout, now_us);
		break;
	}
	return ANSWERS_AT_FLIP;
}

void answers_measured(struct answers *answers, uint32_t scanout, uint64_t pixels, int64_t took_ns,
	int64_t now_us)
{
	struct answers_scanout *one = &answers->scanouts[scanout];
	uint64_t cost;

	if (pixels == 0)
		return;
	cost = (uint64_t)CLAMP(took_ns, 1, INT64_C(1) << 40) * COST_PIXELS / pixels;
	cost = CLAMP(cost, 1, COST_MAX);
	/* What was not copied for long is known by nothing but this. */
	if (one->cost == 0 || now_us - one->measured_us >= ANSWERS_AGAIN_US)
		one->cost = cost;
	cost = MIN(cost, one->cost * SAMPLE_MAX);
	one->cost = MAX((one->cost * (WEIGHT - 1) + cost) / WEIGHT, 1);
	one->measured_us = now_us;
}

void answers_unreadable(struct answers *answers, uint32_t scanout, int64_t now_us)
{
	struct answers_scanout *one = &answers->scanouts[scanout];

	one->cost = COST_MAX;
	one->slow = true;
	one->measured_us = now_us;
}

void answers_unshown(struct answers *answers, uint32_t scanout, int64_t now_us)
{
	answers_unreadable(answers, scanout, now_us);
	answers->scanouts[scanout].unshown = true;
}
