/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases of the double: who has which objects, by the kernel's rules
 * (drm_mode_create_lease_ioctl()).
 */
#include "double_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#define LEASES_MAX 8
#define OBJECTS_MAX 32

static struct {
	uint32_t objects[OBJECTS_MAX];
	size_t count; /* 0: there is no such lease */
} leases[LEASES_MAX];

void double_lease_reset(void)
{
	memset(leases, 0, sizeof(leases));
}

unsigned int double_lessees(void)
{
	unsigned int count = 0;

	for (size_t i = 0; i < LEASES_MAX; i++)
		count += leases[i].count > 0;
	return count;
}

bool double_is_leased(uint32_t object)
{
	for (size_t i = 0; i < LEASES_MAX; i++) {
		for (size_t n = 0; n < leases[i].count; n++) {
			if (leases[i].objects[n] == object)
				return true;
		}
	}
	return false;
}

/* At least one of each kind that a picture needs; 0, or an errno. */
static int check(const uint32_t *objects, int count)
{
	bool connector = false, crtc = false, plane = false;

	if (!double_objects.master)
		return EACCES;
	for (int i = 0; i < count; i++) {
		int index = double_objects_find(objects[i]);
		uint32_t type = index < 0 ? 0 : double_objects.objects[index].type;

		if (index < 0)
			return ENOENT;
		if (double_is_leased(objects[i]))
			return EBUSY;
		connector |= type == DRM_MODE_OBJECT_CONNECTOR;
		crtc |= type == DRM_MODE_OBJECT_CRTC;
		plane |= type == DRM_MODE_OBJECT_PLANE;
	}
	return connector && crtc && plane ? 0 : EINVAL;
}

int drmModeCreateLease(int fd, const uint32_t *objects, int count, int flags, uint32_t *lessee)
{
	int error = !double_ioctl() || double_scripted(DOUBLE_CREATE_LEASE) ? errno
									    : check(objects, count);
	size_t i = 0;

	if (error)
		return -error;
	g_assert_cmpint(count, <=, OBJECTS_MAX);
	while (i < LEASES_MAX && leases[i].count)
		i++;
	g_assert_cmpuint(i, <, LEASES_MAX);
	memcpy(leases[i].objects, objects, (size_t)count * sizeof(*objects));
	leases[i].count = (size_t)count;
	*lessee = (uint32_t)i + 1;
	return open("/dev/null", O_RDWR | flags);
}

drmModeLesseeListPtr drmModeListLessees(int fd)
{
	drmModeLesseeListPtr list;

	if (!double_ioctl())
		return NULL;
	list = calloc(1, sizeof(*list) + LEASES_MAX * sizeof(list->lessees[0]));
	for (uint32_t i = 0; i < LEASES_MAX; i++) {
		if (leases[i].count)
			list->lessees[list->count++] = i + 1;
	}
	return list;
}

void drmFree(void *memory)
{
	free(memory);
}

int drmModeRevokeLease(int fd, uint32_t lessee)
{
	if (!double_ioctl())
		return -errno;
	if (!double_objects.master)
		return -EACCES;
	if (lessee < 1 || lessee > LEASES_MAX || !leases[lessee - 1].count)
		return -ENOENT;
	leases[lessee - 1].count = 0;
	return 0;
}

uint32_t double_lessee_show(unsigned int n, bool other_mode)
{
	int plane = double_objects_find(DOUBLE_PRIMARY(n));
	int crtc = double_objects_find(DOUBLE_CRTC(n));
	uint32_t framebuffer = double_memory_foreign_framebuffer(1024, 768);
	const drmModeModeInfo *modes;
	size_t count;

	g_assert_true(double_is_leased(DOUBLE_PRIMARY(n)));
	double_objects.state.values[plane][PROPERTY_FB_ID] = framebuffer;
	if (double_objects.objects[plane].has[PROPERTY_ROTATION])
		double_objects.state.values[plane][PROPERTY_ROTATION] = DRM_MODE_ROTATE_180;
	if (!other_mode)
		return framebuffer;
	modes = double_modes(&count);
	double_objects.state.values[crtc][PROPERTY_MODE_ID] = double_memory_blob(&modes[count - 1],
		sizeof(*modes));
	return framebuffer;
}

void double_lessee_show_overlay(unsigned int n)
{
	uint64_t *values = double_objects.state.values[double_objects_find(DOUBLE_OVERLAY(n))];

	g_assert_true(double_is_leased(DOUBLE_OVERLAY(n)));
	values[PROPERTY_FB_ID] = double_memory_foreign_framebuffer(1024, 768);
	values[PROPERTY_CRTC_ID] = DOUBLE_CRTC(n);
	values[PROPERTY_SRC_W] = values[PROPERTY_SRC_H] = 64 << 16;
	values[PROPERTY_CRTC_W] = values[PROPERTY_CRTC_H] = 64;
}
