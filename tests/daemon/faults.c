/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of a driver that vkms does not have: a library that is preloaded into the daemon. Each file
 * that a test puts into the folder $CARD_FAULTS is one fault, and gone when it has come about:
 *
 *   refuse   a commit that was to follow a page flip at once: EINVAL
 *   lose     a page-flip event that never comes
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <dlfcn.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* Who is called from here commits what waited for the flip. */
static bool in_event;

static bool is_wanted(const char *fault)
{
	const char *folder = getenv("CARD_FAULTS");
	char path[256];

	if (!folder)
		return false;
	snprintf(path, sizeof(path), "%s/%s", folder, fault);
	return unlink(path) == 0;
}

int drmModeAtomicCommit(int fd, drmModeAtomicReqPtr request, uint32_t flags, void *data)
{
	static int (*real)(int, drmModeAtomicReqPtr, uint32_t, void *);

	if (!real)
		real = (int (*)(int, drmModeAtomicReqPtr, uint32_t, void *))dlsym(RTLD_NEXT,
			"drmModeAtomicCommit");
	if (in_event && flags & DRM_MODE_PAGE_FLIP_EVENT && is_wanted("refuse"))
		return -EINVAL;
	return real(fd, request, flags, data);
}

int drmHandleEvent(int fd, drmEventContextPtr context)
{
	static int (*real)(int, drmEventContextPtr);
	char lost[1024];
	int result;

	if (!real)
		real = (int (*)(int, drmEventContextPtr))dlsym(RTLD_NEXT, "drmHandleEvent");
	if (is_wanted("lose"))
		return read(fd, lost, sizeof(lost)) > 0 ? 0 : -1;
	in_event = true;
	result = real(fd, context);
	in_event = false;
	return result;
}
