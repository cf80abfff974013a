// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Vblank events. At most one event is asked for at a time, so that none is left over to confuse the
 * next wait.
 */
#include "vblank.h"

#include "error.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <xf86drm.h>

#define PERIOD_WITHOUT_VBLANK 16667 /* us */

void vblank_clock_init(struct vblank_clock *clock, const struct card *card, uint32_t crtc_id)
{
	memset(clock, 0, sizeof(*clock));
	clock->card = card;
	clock->crtc_id = crtc_id;
}

void vblank_clock_move(struct vblank_clock *clock, uint32_t crtc_id)
{
	/* An event of the old CRTC that is still to come ends the next wait, at its latest
	 * vblank. */
	clock->crtc_id = crtc_id;
}

static void handle_sequence(int fd, uint64_t sequence, uint64_t time_ns, uint64_t user_data)
{
	struct vblank_clock *clock = (struct vblank_clock *)(uintptr_t)user_data;

	clock->last.sequence = sequence;
	clock->last.time_ns = time_ns;
	clock->queued = false;
	clock->arrived = true;
}

static enum vblank_result fail(const struct vblank_clock *clock, const char *what, GError **error)
{
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED, "%s: crtc %u: %s: %s",
		clock->card->path, clock->crtc_id, what, g_strerror(errno));
	return VBLANK_FAILED;
}

/* In milliseconds for poll(), rounded up so that the deadline is passed when it returns. */
static int time_left(int64_t deadline)
{
	int64_t left = deadline - g_get_monotonic_time();

	return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

static enum vblank_result wait_period(int64_t deadline, struct vblank *vblank)
{
	int64_t end = g_get_monotonic_time() + PERIOD_WITHOUT_VBLANK;

	poll(NULL, 0, time_left(MIN(end, deadline)));
	vblank->sequence = 0;
	vblank->time_ns = (uint64_t)g_get_monotonic_time() * 1000;
	return end <= deadline ? VBLANK_ARRIVED : VBLANK_DEADLINE;
}

enum vblank_result vblank_wait(struct vblank_clock *clock, int64_t deadline, struct vblank *vblank,
	GError **error)
{
	drmEventContext context = {.version = 4, .sequence_handler = handle_sequence};
	int fd = clock->card->fd;

	clock->arrived = false;
	if (!clock->queued && clock->crtc_id == 0)
		return wait_period(deadline, vblank);
	if (!clock->queued) {
		if (drmCrtcQueueSequence(fd, clock->crtc_id, DRM_CRTC_SEQUENCE_RELATIVE, 1, NULL,
			    (uintptr_t)clock) < 0) {
			/* EINVAL: the CRTC is off. EOPNOTSUPP: the driver has no vblank. */
			if (errno == EINVAL || errno == EOPNOTSUPP)
				return wait_period(deadline, vblank);
			return fail(clock, "cannot ask for a vblank", error);
		}
		clock->queued = true;
	}
	while (!clock->arrived) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		int count = poll(&readable, 1, time_left(deadline));

		if (count < 0 && errno != EINTR)
			return fail(clock, "poll", error);
		if (count == 0)
			return VBLANK_DEADLINE;
		if (count > 0 && readable.revents & (POLLERR | POLLHUP | POLLNVAL)) {
			errno = ENODEV;
			return fail(clock, "waiting for a vblank", error);
		}
		if (count > 0 && drmHandleEvent(fd, &context) < 0)
			return fail(clock, "reading a vblank event", error);
	}
	*vblank = clock->last;
	return VBLANK_ARRIVED;
}

uint64_t vblank_sequence(const struct card *card, uint32_t crtc_id)
{
	uint64_t sequence = 0, time_ns;

	if (drmCrtcGetSequence(card->fd, crtc_id, &sequence, &time_ns) < 0)
		return 0;
	return sequence;
}
