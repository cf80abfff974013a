/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "double_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xf86drm.h>

struct item {
	uint32_t object;
	uint32_t property;
	uint64_t value;
};

struct _drmModeAtomicReq {
	struct item *items;
	int count;
	int room;
};

static struct {
	int kernel_end; /* what is written here, the client reads */
	struct {
		bool in_flight;
		bool lost; /* its event never comes */
		bool stalled; /* nor does the commit complete */
		void *user_data;
		void *lost_user_data;
		uint32_t sequence;
		int64_t vblank_us;
	} crtcs[DOUBLE_CRTCS_MAX];
	/* The CRTC whose commit had the plane last, plus 1, by the object's number. */
	unsigned int last_crtc[2 * DOUBLE_CRTCS_MAX + DOUBLE_PLANES_MAX];
} atomic = {.kernel_end = -1};

void double_atomic_reset(void)
{
	if (atomic.kernel_end >= 0)
		close(atomic.kernel_end);
	memset(&atomic, 0, sizeof(atomic));
	atomic.kernel_end = -1;
}

int double_atomic_open(void)
{
	int ends[2];

	if (atomic.kernel_end >= 0)
		close(atomic.kernel_end);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
		==, 0);
	atomic.kernel_end = ends[1];
	return ends[0];
}

bool double_on_screen(uint32_t framebuffer)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		if (double_objects.objects[i].type == DRM_MODE_OBJECT_PLANE &&
			double_objects.state.values[i][PROPERTY_FB_ID] == framebuffer)
			return true;
	}
	return false;
}

/* ---- events ---- */

static void send_event(unsigned int n, void *user_data)
{
	struct drm_event_vblank event = {
		.base = {.type = DRM_EVENT_FLIP_COMPLETE, .length = sizeof(event)},
		.user_data = (uint64_t)(uintptr_t)user_data,
		.sequence = double_card.vblank ? atomic.crtcs[n].sequence : 0,
		.crtc_id = DOUBLE_CRTC(n),
		.tv_sec = (uint32_t)(atomic.crtcs[n].vblank_us / G_USEC_PER_SEC),
		.tv_usec = (uint32_t)(atomic.crtcs[n].vblank_us % G_USEC_PER_SEC),
	};

	g_assert_cmpint(write(atomic.kernel_end, &event, sizeof(event)), ==, sizeof(event));
}

bool double_flip_after(unsigned int n, unsigned int vblanks)
{
	atomic.crtcs[n].sequence += vblanks;
	atomic.crtcs[n].vblank_us = g_get_monotonic_time();
	if (!atomic.crtcs[n].in_flight || atomic.crtcs[n].lost)
		return false;
	send_event(n, atomic.crtcs[n].user_data);
	atomic.crtcs[n].in_flight = false;
	return true;
}

bool double_flip(unsigned int n)
{
	return double_flip_after(n, 1);
}

void double_lose_flips(void)
{
	for (unsigned int i = 0; i < DOUBLE_CRTCS_MAX; i++) {
		atomic.crtcs[i].lost = atomic.crtcs[i].in_flight;
		atomic.crtcs[i].lost_user_data = atomic.crtcs[i].user_data;
	}
}

void double_stall(unsigned int n)
{
	atomic.crtcs[n].lost = true;
	atomic.crtcs[n].stalled = true;
}

void double_lessee_commit(unsigned int n, bool in_flight)
{
	atomic.crtcs[n].stalled = in_flight;
}

void double_find_flip(unsigned int n)
{
	send_event(n, atomic.crtcs[n].lost_user_data);
}

int drmHandleEvent(int fd, drmEventContextPtr context)
{
	struct drm_event_vblank events[32];
	ssize_t size = read(fd, events, sizeof(events));

	double_counters.ioctls++;
	if (size < 0)
		return -1;
	for (size_t i = 0; i < (size_t)size / sizeof(*events); i++)
		context->page_flip_handler2(fd, events[i].sequence, events[i].tv_sec,
			events[i].tv_usec, events[i].crtc_id,
			(void *)(uintptr_t)events[i].user_data);
	return 0;
}

int drmCrtcGetSequence(int fd, uint32_t id, uint64_t *sequence, uint64_t *time_ns)
{
	if (!double_ioctl())
		return -1;
	if (!double_card.vblank) {
		errno = EOPNOTSUPP;
		return -1;
	}
	*sequence = atomic.crtcs[id - DOUBLE_CRTC(0)].sequence;
	*time_ns = (uint64_t)atomic.crtcs[id - DOUBLE_CRTC(0)].vblank_us * 1000;
	return 0;
}

/* ---- requests ---- */

drmModeAtomicReqPtr drmModeAtomicAlloc(void)
{
	return calloc(1, sizeof(struct _drmModeAtomicReq));
}

void drmModeAtomicFree(drmModeAtomicReqPtr request)
{
	if (!request)
		return;
	free(request->items);
	free(request);
}

int drmModeAtomicGetCursor(drmModeAtomicReqPtr request)
{
	return request->count;
}

void drmModeAtomicSetCursor(drmModeAtomicReqPtr request, int cursor)
{
	request->count = cursor;
}

int drmModeAtomicAddProperty(drmModeAtomicReqPtr request, uint32_t object, uint32_t property,
	uint64_t value)
{
	if (request->count == request->room) {
		request->room = request->room ? 2 * request->room : 32;
		request->items = realloc(request->items,
			(size_t)request->room * sizeof(*request->items));
	}
	request->items[request->count++] = (struct item){object, property, value};
	return request->count;
}

/* ---- the driver's check ---- */

struct check {
	struct double_state state;
	bool touched[2 * DOUBLE_CRTCS_MAX + DOUBLE_PLANES_MAX][PROPERTIES];
	bool crtcs[DOUBLE_CRTCS_MAX]; /* whose state is part of the request */
	bool mode_set;
};

static void note_crtc(struct check *check, uint64_t crtc)
{
	if (crtc)
		check->crtcs[crtc - DOUBLE_CRTC(0)] = true;
}

static int apply_items(struct check *check, drmModeAtomicReqPtr request)
{
	for (int i = 0; i < request->count; i++) {
		const struct item *item = &request->items[i];
		int index = double_objects_find(item->object);
		uint32_t property = item->property - PROPERTY_ID(0);
		const struct double_object *object;

		if (index < 0 || property >= PROPERTIES || double_card.revoked)
			return ENOENT;
		object = &double_objects.objects[index];
		if (!object->has[property])
			return ENOENT;
		if (double_is_leased(item->object))
			double_fault("a commit names %x, which is leased", item->object);
		if (double_card.refused_value && item->value == double_card.refuses_value &&
			strcmp(double_property_name(property), double_card.refused_value) == 0)
			return EINVAL;
		/* It would replace a fence that is there. */
		if (property == PROPERTY_IN_FENCE_FD && check->touched[index][property])
			return EINVAL;
		check->state.values[index][property] = item->value;
		check->touched[index][property] = true;
		if (object->type == DRM_MODE_OBJECT_CRTC)
			note_crtc(check, object->id);
	}
	/* An object that comes to or leaves a CRTC pulls it in. */
	for (size_t i = 0; i < double_objects.count; i++) {
		bool touched = false;

		for (int property = 0; property < PROPERTIES; property++)
			touched |= check->touched[i][property];
		if (!touched || double_objects.objects[i].type == DRM_MODE_OBJECT_CRTC)
			continue;
		note_crtc(check, check->state.values[i][PROPERTY_CRTC_ID]);
		note_crtc(check, double_objects.state.values[i][PROPERTY_CRTC_ID]);
	}
	return 0;
}

static bool same_mode(uint64_t a, uint64_t b)
{
	const drmModeModeInfo *first = double_blob((uint32_t)a, NULL);
	const drmModeModeInfo *second = double_blob((uint32_t)b, NULL);

	if (!first || !second)
		return first == second;
	return first->clock == second->clock && first->hdisplay == second->hdisplay &&
		first->vdisplay == second->vdisplay && first->flags == second->flags;
}

static bool is_possible(uint32_t blob)
{
	const drmModeModeInfo *mode = double_blob(blob, NULL);
	const drmModeModeInfo *modes;
	size_t count;

	if (!mode || (double_card.width_max && mode->hdisplay > double_card.width_max))
		return false;
	if (!double_card.no_odd_modes)
		return true;
	modes = double_modes(&count);
	for (size_t i = 0; i < count; i++) {
		if (modes[i].hdisplay == mode->hdisplay && modes[i].vdisplay == mode->vdisplay)
			return true;
	}
	return false;
}

static bool has_primary(const struct check *check, unsigned int n)
{
	int index = double_objects_find(DOUBLE_PRIMARY(n));

	return check->state.values[index][PROPERTY_FB_ID] != 0;
}

static int check_crtcs(struct check *check)
{
	unsigned int active = 0;

	for (size_t i = 0; i < double_objects.count; i++) {
		const struct double_object *object = &double_objects.objects[i];
		const uint64_t *now = double_objects.state.values[i];
		const uint64_t *next = check->state.values[i];

		if (object->type == DRM_MODE_OBJECT_CONNECTOR)
			check->mode_set |= now[PROPERTY_CRTC_ID] != next[PROPERTY_CRTC_ID] ||
				now[PROPERTY_LINK_STATUS] != next[PROPERTY_LINK_STATUS];
		if (object->type != DRM_MODE_OBJECT_CRTC)
			continue;
		check->mode_set |= now[PROPERTY_ACTIVE] != next[PROPERTY_ACTIVE] ||
			!same_mode(now[PROPERTY_MODE_ID], next[PROPERTY_MODE_ID]) ||
			(double_card.vrr_by_mode_set &&
				now[PROPERTY_VRR_ENABLED] != next[PROPERTY_VRR_ENABLED]);
		if (next[PROPERTY_ACTIVE] && !is_possible((uint32_t)next[PROPERTY_MODE_ID]))
			return EINVAL;
		if (next[PROPERTY_ACTIVE] && double_card.primary_needed &&
			!has_primary(check, object->index))
			return EINVAL;
		active += next[PROPERTY_ACTIVE] != 0;
	}
	return double_card.active_max && active > double_card.active_max ? ENOSPC : 0;
}

static int check_primary(const struct double_object *plane, const uint64_t *values)
{
	uint64_t width = values[PROPERTY_SRC_W] >> 16;
	uint64_t height = values[PROPERTY_SRC_H] >> 16;

	if (plane->has[PROPERTY_ROTATION] &&
		values[PROPERTY_ROTATION] & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270)) {
		uint64_t swap = width;

		width = height;
		height = swap;
	}
	if (!double_card.scaler &&
		(width != values[PROPERTY_CRTC_W] || height != values[PROPERTY_CRTC_H]))
		return ERANGE;
	return 0;
}

static bool is_scaled(const struct check *check, uint32_t plane)
{
	const uint64_t *values = check->state.values[double_objects_find(plane)];

	return values[PROPERTY_SRC_W] >> 16 != values[PROPERTY_CRTC_W] ||
		values[PROPERTY_SRC_H] >> 16 != values[PROPERTY_CRTC_H];
}

static int check_cursor(const uint64_t *values)
{
	const struct double_framebuffer *framebuffer = double_framebuffer(
		(uint32_t)values[PROPERTY_FB_ID]);

	if (framebuffer->width != double_card.cursor_size ||
		framebuffer->height != double_card.cursor_size)
		return EINVAL;
	return 0;
}

static int check_plane(const struct check *check, size_t index, bool test_only)
{
	const struct double_object *plane = &double_objects.objects[index];
	const uint64_t *values = check->state.values[index];
	const struct double_framebuffer *framebuffer;

	if (!values[PROPERTY_FB_ID] != !values[PROPERTY_CRTC_ID])
		return EINVAL;
	if (!values[PROPERTY_FB_ID])
		return 0;
	framebuffer = double_framebuffer((uint32_t)values[PROPERTY_FB_ID]);
	if (!framebuffer)
		return check->touched[index][PROPERTY_FB_ID] ? ENOENT : 0;
	if (values[PROPERTY_CRTC_ID] != DOUBLE_CRTC(plane->index) && !plane->shared)
		return EINVAL;
	if ((values[PROPERTY_SRC_X] + values[PROPERTY_SRC_W]) >> 16 > framebuffer->width ||
		(values[PROPERTY_SRC_Y] + values[PROPERTY_SRC_H]) >> 16 > framebuffer->height)
		return ENOSPC;
	switch (values[PROPERTY_TYPE]) {
	case DRM_PLANE_TYPE_PRIMARY:
		return check_primary(plane, values);
	case DRM_PLANE_TYPE_CURSOR:
		if (double_card.refuse_cursor || (double_card.refuse_cursor_commit && !test_only))
			return EINVAL;
		if (double_card.cursor_unscaled && is_scaled(check, DOUBLE_PRIMARY(plane->index)))
			return EINVAL;
		return check_cursor(values);
	default:
		return check_primary(plane, values);
	}
}

static bool is_lit_overlay(const struct check *check, size_t index)
{
	return double_objects.objects[index].type == DRM_MODE_OBJECT_PLANE &&
		check->state.values[index][PROPERTY_TYPE] == DRM_PLANE_TYPE_OVERLAY &&
		check->state.values[index][PROPERTY_FB_ID];
}

static bool is_lit_cursor(const struct check *check)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		if (double_objects.objects[i].type == DRM_MODE_OBJECT_PLANE &&
			check->state.values[i][PROPERTY_TYPE] == DRM_PLANE_TYPE_CURSOR &&
			check->state.values[i][PROPERTY_FB_ID])
			return true;
	}
	return false;
}

static int check_planes(const struct check *check, bool test_only)
{
	unsigned int overlays = 0;

	for (size_t i = 0; i < double_objects.count; i++)
		overlays += is_lit_overlay(check, i);
	if (overlays && double_card.cursor_without_overlays && is_lit_cursor(check))
		return EINVAL;
	if (double_card.overlays_max && overlays > double_card.overlays_max)
		return ENOSPC;
	for (size_t i = 0; i < double_objects.count; i++) {
		int error = 0;

		if (double_objects.objects[i].type == DRM_MODE_OBJECT_PLANE)
			error = check_plane(check, i, test_only);
		if (error)
			return error;
		if (double_card.refuse_damage && check->touched[i][PROPERTY_FB_DAMAGE_CLIPS] &&
			check->state.values[i][PROPERTY_FB_DAMAGE_CLIPS])
			return EINVAL;
		if (double_card.refuse_resets && check->touched[i][PROPERTY_MAX_BPC])
			return EINVAL;
	}
	return 0;
}

static int check_events(const struct check *check, uint32_t flags)
{
	bool any = false;

	for (unsigned int i = 0; i < double_card.crtcs; i++) {
		int index = double_objects_find(DOUBLE_CRTC(i));

		if (!check->crtcs[i])
			continue;
		any = true;
		if ((flags & DRM_MODE_PAGE_FLIP_EVENT) &&
			!double_objects.state.values[index][PROPERTY_ACTIVE] &&
			!check->state.values[index][PROPERTY_ACTIVE])
			return EINVAL;
	}
	return (flags & DRM_MODE_PAGE_FLIP_EVENT) && !any ? EINVAL : 0;
}

static bool is_touched(const struct check *check, size_t index)
{
	for (int property = 0; property < PROPERTIES; property++) {
		if (check->touched[index][property])
			return true;
	}
	return false;
}

/* A plane is another CRTC's only after the flip that had it here. */
static int check_busy_planes(const struct check *check, uint32_t flags)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		unsigned int last = atomic.last_crtc[i];

		if (last && double_objects.objects[i].type == DRM_MODE_OBJECT_PLANE &&
			is_touched(check, i) && !check->crtcs[last - 1] &&
			atomic.crtcs[last - 1].in_flight && flags & DRM_MODE_ATOMIC_NONBLOCK) {
			double_fault("plane %x on its way from CRTC %u",
				double_objects.objects[i].id, last - 1);
			return EBUSY;
		}
	}
	return 0;
}

static int check_busy(const struct check *check, uint32_t flags)
{
	int error = check_busy_planes(check, flags);

	if (error)
		return error;
	for (unsigned int i = 0; i < double_card.crtcs; i++) {
		if (check->crtcs[i] && atomic.crtcs[i].stalled && flags & DRM_MODE_ATOMIC_NONBLOCK)
			return EBUSY;
		if (!check->crtcs[i] || !atomic.crtcs[i].in_flight || atomic.crtcs[i].lost)
			continue;
		if (flags & DRM_MODE_ATOMIC_NONBLOCK) {
			double_fault("a commit on CRTC %u before the event of the last one", i);
			return EBUSY;
		}
	}
	return 0;
}

static int check_request(struct check *check, drmModeAtomicReqPtr request, uint32_t flags)
{
	bool test_only = (flags & DRM_MODE_ATOMIC_TEST_ONLY) != 0;
	int error;

	if (!double_objects.atomic)
		return EINVAL;
	if (!double_objects.master)
		return EACCES;
	if (test_only && (flags & DRM_MODE_PAGE_FLIP_EVENT)) {
		double_fault("TEST_ONLY with an event");
		return EINVAL;
	}
	memset(check->crtcs, 0, sizeof(check->crtcs));
	check->mode_set = false;
	memcpy(check->state.values, double_objects.state.values,
		double_objects.count * sizeof(*check->state.values));
	memset(check->touched, 0, double_objects.count * sizeof(*check->touched));
	/* Damage is of one commit; a client that leaves it out damages everything. */
	for (size_t i = 0; i < double_objects.count; i++)
		check->state.values[i][PROPERTY_FB_DAMAGE_CLIPS] = 0;
	error = apply_items(check, request);
	if (!error)
		error = check_events(check, flags);
	if (!error)
		error = check_crtcs(check);
	if (!error)
		error = check_planes(check, test_only);
	if (!error && check->mode_set && !(flags & DRM_MODE_ATOMIC_ALLOW_MODESET))
		error = EINVAL;
	if (!error && !test_only)
		error = check_busy(check, flags);
	return error;
}

static void note_planes(const struct check *check)
{
	for (size_t i = 0; i < double_objects.count; i++) {
		uint64_t crtc = check->state.values[i][PROPERTY_CRTC_ID];

		if (!crtc)
			crtc = double_objects.state.values[i][PROPERTY_CRTC_ID];
		if (crtc && is_touched(check, i))
			atomic.last_crtc[i] = (unsigned int)(crtc - DOUBLE_CRTC(0)) + 1;
	}
}

static void apply(const struct check *check, uint32_t flags, void *user_data)
{
	note_planes(check);
	memcpy(double_objects.state.values, check->state.values,
		double_objects.count * sizeof(*check->state.values));
	memcpy(double_objects.committed, check->touched,
		double_objects.count * sizeof(*check->touched));
	double_objects_let_go();
	double_counters.commits++;
	if (flags & DRM_MODE_ATOMIC_ALLOW_MODESET)
		double_counters.modeset_commits++;
	if (!(flags & DRM_MODE_ATOMIC_NONBLOCK))
		double_counters.blocking_commits++;
	for (unsigned int i = 0; i < double_card.crtcs; i++) {
		if (!check->crtcs[i])
			continue;
		if (!(flags & DRM_MODE_ATOMIC_NONBLOCK)) {
			atomic.crtcs[i].in_flight = false;
			atomic.crtcs[i].lost = false;
			atomic.crtcs[i].stalled = false;
		}
		if (!(flags & DRM_MODE_PAGE_FLIP_EVENT))
			continue;
		atomic.crtcs[i].in_flight = true;
		atomic.crtcs[i].lost = false;
		atomic.crtcs[i].user_data = user_data;
		if (double_card.events_at_once || !double_card.vblank)
			double_flip(i);
	}
}

int drmModeAtomicCommit(int fd, drmModeAtomicReqPtr request, uint32_t flags, void *user_data)
{
	bool test_only = (flags & DRM_MODE_ATOMIC_TEST_ONLY) != 0;
	/* Big, and only as much of it is touched as the card has objects: a bench counts our part
	 * too. */
	static struct check check;
	int error;

	/* As libdrm does. */
	if (request->count == 0) {
		if (flags & DRM_MODE_PAGE_FLIP_EVENT)
			double_fault(
				"an event of a request with nothing in it, which is never sent");
		return 0;
	}
	if (!double_ioctl())
		return -errno;
	if (test_only)
		double_counters.tests++;
	if (double_scripted(test_only ? DOUBLE_TEST : DOUBLE_COMMIT))
		error = errno;
	else
		error = check_request(&check, request, flags);
	if (error) {
		double_counters.commits_refused += !test_only;
		errno = error;
		return -error;
	}
	if (!test_only)
		apply(&check, flags, user_data);
	return 0;
}
