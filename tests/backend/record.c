/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel itself: this program is linked to no libdrm. Opened by main.c, fed by wire.c.
 */
#include "record.h"

#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CRTCS_MAX 32

static bool find_crtc(struct record *record, unsigned int index, GError **error)
{
	uint32_t crtcs[CRTCS_MAX] = {0};
	struct drm_mode_card_res resources = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.count_crtcs = CRTCS_MAX,
	};

	if (ioctl(record->card, DRM_IOCTL_MODE_GETRESOURCES, &resources) < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "resources: %s",
			g_strerror(errno));
	if (index >= resources.count_crtcs || index >= CRTCS_MAX)
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "the card has %u CRTCs",
			resources.count_crtcs);
	record->crtc = crtcs[index];
	return true;
}

bool record_open(struct record *record, const char *file, const char *crtc, GError **error)
{
	const char *colon = strrchr(crtc ? crtc : "", ':');
	g_autofree char *card = colon ? g_strndup(crtc, (gsize)(colon - crtc)) : NULL;
	guint64 index = 0;

	if (!card || !g_ascii_string_to_unsigned(colon + 1, 10, 0, CRTCS_MAX - 1, &index, NULL))
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "--frames needs --crtc CARD:N");
	record->card = open(card, O_RDWR | O_CLOEXEC);
	if (record->card < 0)
		return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", card, g_strerror(errno));
	/* The first who opens a card is its master, which somebody else wants to be. */
	ioctl(record->card, DRM_IOCTL_DROP_MASTER, 0);
	record->file = fopen(file, "we");
	if (record->file)
		return find_crtc(record, (unsigned int)index, error);
	return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", file, g_strerror(errno));
}

void record_close(struct record *record)
{
	if (!record->file)
		return;
	fclose(record->file);
	record->file = NULL;
	close(record->card);
}

void record_note(struct record *record, int64_t now_us)
{
	struct drm_crtc_get_sequence get = {.crtc_id = record->crtc};

	if (!record->file)
		return;
	if (ioctl(record->card, DRM_IOCTL_CRTC_GET_SEQUENCE, &get) < 0)
		return;
	fprintf(record->file, "%llu %" G_GINT64_FORMAT "\n", (unsigned long long)get.sequence,
		now_us);
	fflush(record->file);
}
