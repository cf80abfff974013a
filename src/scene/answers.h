/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Early answers of one device (design 22): whether a frame is answered when its flip shows it, or
 * is copied and answered at once, so that several outputs of one device all run at their full rate.
 *
 * Part of a guest, in its memory: told of each frame and of each copy by its scanouts
 * (scanout_early.c), which ask before each frame. Plain data and arithmetic: it looks at no clock,
 * and makes nothing.
 *
 * A device has one update outstanding at a time. With N outputs of which each is waited for, each
 * gets every Nth vblank only; with copies all get each, as long as there is time to copy. So:
 * copied where two or more scanouts are drawn on, the memory is fast to read, and all copies
 * together leave the most of a period free.
 */
#ifndef SCANOUTD_SCENE_ANSWERS_H
#define SCANOUTD_SCENE_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost_user_gpu.h"

enum answers_mode {
	ANSWERS_AUTO, /* as said above */
	ANSWERS_FLIP, /* never early */
	ANSWERS_COPIED, /* early wherever two scanouts are shown, the buffer can be read, and a copy be shown */
};

enum answers_choice {
	ANSWERS_AT_FLIP,
	ANSWERS_MEASURE, /* a part of the buffer is to be copied for the time that it takes; then ask again */
	ANSWERS_EARLY,
};

/* A scanout is drawn on when so many frames have come, … */
#define ANSWERS_RUN 8
/* … none of them later than this after the one before. */
#define ANSWERS_PAUSE_US INT64_C(1000000)
/* What is not copied is measured again after this time. */
#define ANSWERS_AGAIN_US INT64_C(10000000)
/* Thousandths of the time that all copies may take: from this on no more are begun, … */
#define ANSWERS_LOAD_BEGIN 500u
/* … and from this on they are given up. The same of a single scanout, which then is left out. */
#define ANSWERS_LOAD_END 750u

struct answers {
	enum answers_mode mode;
	bool early; /* ANSWERS_AUTO: the copies of all fit */
	/* Scanouts that are: with fewer than two of them nothing is ever early. */
	unsigned int live;
	struct answers_scanout {
		bool live; /* shows a dma-buf, on an output that is on */
		bool slow; /* ANSWERS_AUTO: its memory is read too slowly, or not at all */
		bool unshown; /* as answers_unshown() said, less than ANSWERS_AGAIN_US ago */
		uint32_t run; /* frames without a pause between them, at most ANSWERS_RUN */
		uint32_t period_us; /* of its output */
		int64_t frame_us; /* when the last one came */
		uint64_t pixels; /* a frame, on the average */
		uint64_t cost; /* nanoseconds for 1024 pixels, on the average; 0: not known */
		int64_t measured_us; /* when that was, or when it was found to be impossible */
	} scanouts[VHOST_USER_GPU_SCANOUTS];
};

void answers_init(struct answers *answers, enum answers_mode mode);

/* The scanout shows a dma-buf on an output that is on, or does no longer. */
void answers_set_live(struct answers *answers, uint32_t scanout, bool live);

/* No frame of this scanout's can be early, whether it is still live or not. */
static inline bool answers_alone(const struct answers *answers, uint32_t scanout)
{
	return answers->mode == ANSWERS_FLIP ||
		(answers->live == 1 && answers->scanouts[scanout].live);
}

/* A frame has come, so many pixels of which are new; `period_us` is its output's, not 0. */
void answers_frame(struct answers *answers, uint32_t scanout, uint64_t pixels, uint32_t period_us,
	int64_t now_us);

/* Of the frame that has come. */
enum answers_choice answers_choose(struct answers *answers, uint32_t scanout, int64_t now_us);

/* So many pixels were copied, in so much time. */
void answers_measured(struct answers *answers, uint32_t scanout, uint64_t pixels, int64_t took_ns,
	int64_t now_us);

/* The buffer cannot be read by the processor, or not at once. */
void answers_unreadable(struct answers *answers, uint32_t scanout, int64_t now_us);

/* A copy cannot be shown: there is no scanout buffer for it, or the driver refuses that. Whatever
 * the mode is, no copy is worth making for ANSWERS_AGAIN_US. */
void answers_unshown(struct answers *answers, uint32_t scanout, int64_t now_us);

#endif
