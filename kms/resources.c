/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resources.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* A mode set's event comes after its links are trained: so many flip timeouts for it. */
#define MODE_SET_TIMEOUTS 4

/* ---- commits in flight ---- */

int64_t kms_card_stuck_at(const struct kms_card *card, const struct kms_crtc *crtc)
{
	return crtc->committed_us +
		card->flip_timeout_ms * INT64_C(1000) *
		(crtc->setting_mode ? MODE_SET_TIMEOUTS : 1);
}

void kms_card_remove_doomed(struct kms_card *card)
{
	for (size_t i = 0; i < card->doomed_count; i++)
		drmModeRmFB(card->fd, card->doomed[i]);
	card->doomed_count = 0;
}

/* ---- what the kernel says ---- */

static uint64_t read_cap(int fd, uint64_t cap, uint64_t otherwise)
{
	uint64_t value = 0;

	return drmGetCap(fd, cap, &value) == 0 && value ? value : otherwise;
}

static void read_caps(struct kms_card *card)
{
	uint64_t sequence, time_ns;
	int fd = card->fd;

	card->has_import = (read_cap(fd, DRM_CAP_PRIME, 0) & DRM_PRIME_CAP_IMPORT) != 0;
	card->has_modifiers = read_cap(fd, DRM_CAP_ADDFB2_MODIFIERS, 0) != 0;
	card->cursor_width = (uint32_t)read_cap(fd, DRM_CAP_CURSOR_WIDTH, KMS_CURSOR_SIZE);
	card->cursor_height = (uint32_t)read_cap(fd, DRM_CAP_CURSOR_HEIGHT, KMS_CURSOR_SIZE);
	card->has_closefb = true;
	card->has_vblank = card->crtc_count > 0 &&
		(drmCrtcGetSequence(fd, card->crtcs[0].id, &sequence, &time_ns) == 0 ||
			errno != EOPNOTSUPP);
}

/* These two return 0 or an errno; what was known stays. */

static int read_crtc(struct kms_card *card, struct kms_crtc *crtc)
{
	int failure = kms_property_read(card->fd, card->property_cache, DRM_MODE_OBJECT_CRTC,
		crtc->id, crtc->properties);

	if (!failure)
		crtc->active = crtc->properties[KMS_CRTC_ACTIVE].value != 0;
	return failure;
}

static int read_plane(struct kms_card *card, struct kms_plane *plane)
{
	int failure = kms_property_read(card->fd, card->property_cache, DRM_MODE_OBJECT_PLANE,
		plane->id, plane->properties);
	uint32_t crtc_id;

	if (failure)
		return failure;
	plane->type = (uint32_t)plane->properties[KMS_PLANE_TYPE].value;
	crtc_id = (uint32_t)plane->properties[KMS_PLANE_CRTC_ID].value;
	/* Another master has had it since. */
	if (crtc_id != plane->crtc_id)
		kms_plane_forget_former(plane);
	plane->crtc_id = crtc_id;
	return 0;
}

static bool fail(const struct kms_card *card, const char *what, int failure, GError **error)
{
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC,
		"%s: the kernel does not say what %s: %s", card->path, what, g_strerror(failure));
	return false;
}

void kms_card_read_state(struct kms_card *card)
{
	for (size_t i = 0; i < card->crtc_count; i++)
		read_crtc(card, &card->crtcs[i]);
	for (size_t i = 0; i < card->plane_count; i++)
		read_plane(card, &card->planes[i]);
}

/* False with errno: one that there is cannot be asked. */
static bool add_plane(struct kms_card *card, uint32_t id)
{
	struct kms_plane *plane = &card->planes[card->plane_count];
	drmModePlane *read = drmModeGetPlane(card->fd, id);
	int failure;

	if (!read)
		return errno == ENOENT;
	plane->id = read->plane_id;
	plane->possible_crtcs = read->possible_crtcs;
	failure = read_plane(card, plane);
	if (!failure) {
		kms_plane_read_formats(plane, card->fd, read->formats, read->count_formats);
		card->plane_count++;
	}
	drmModeFreePlane(read);
	errno = failure;
	return !failure;
}

static bool read_planes(struct kms_card *card, GError **error)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(card->fd);
	bool good = true;

	if (!resources)
		return fail(card, "planes it has", errno, error);
	card->planes = g_new0(struct kms_plane, MAX(resources->count_planes, 1));
	for (uint32_t i = 0; i < resources->count_planes && good; i++)
		good = add_plane(card, resources->planes[i]) ||
			fail(card, "a plane is", errno, error);
	drmModeFreePlaneResources(resources);
	return good;
}

static bool read_all(struct kms_card *card, GError **error)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	int failure = 0;

	if (!resources)
		return fail(card, "it has", errno, error);
	card->crtc_count = MIN((size_t)resources->count_crtcs, KMS_OUTPUTS_MAX);
	card->crtcs = g_new0(struct kms_crtc, MAX(card->crtc_count, 1));
	for (size_t i = 0; i < card->crtc_count && !failure; i++) {
		card->crtcs[i].id = resources->crtcs[i];
		card->crtcs[i].index = (unsigned int)i;
		failure = read_crtc(card, &card->crtcs[i]);
	}
	drmModeFreeResources(resources);
	if (failure)
		return fail(card, "a CRTC is", failure, error);
	read_caps(card);
	return read_planes(card, error);
}

/* Who has leased objects, and has them no more, is told of none (drm_lease_filter_crtcs() in the
 * kernel). */
bool kms_card_is_revoked(const struct kms_card *card)
{
	drmModeRes *resources = card->inherited ? drmModeGetResources(card->fd) : NULL;
	bool revoked = resources && resources->count_crtcs == 0;

	if (resources)
		drmModeFreeResources(resources);
	return revoked;
}

/* ---- life ---- */

static bool open_card(struct kms_card *card, const struct kms_device_options *options,
	GError **error)
{
	card->opener = kms_card_direct_opener;
	if (options->fd < 0) {
		if (options->opener)
			card->opener = *options->opener;
		return kms_card_open(&card->opener, options->path, &card->fd, &card->path, error);
	}
	card->fd = options->fd;
	card->inherited = true;
	card->path = drmGetDeviceNameFromFd2(card->fd);
	if (!card->path)
		card->path = g_strdup_printf("card on fd %d", card->fd);
	return kms_card_prepare(card->fd, card->path, error);
}

struct kms_card *kms_card_create(const struct kms_device_options *options, GError **error)
{
	struct kms_card *card = g_new0(struct kms_card, 1);

	card->references = 1;
	card->fd = -1;
	card->signalled_fence = -1;
	/* What a predecessor on the same descriptor used is not taken for ours. */
	card->next_token = g_random_int();
	card->flip_timeout_ms = options->flip_timeout_ms ? options->flip_timeout_ms
							 : KMS_FLIP_TIMEOUT_MS;
	card->name = g_strdup(options->name);
	card->guard = options->guard;
	kms_records_init(&card->records);
	card->property_cache = kms_property_cache_create();
	if (!open_card(card, options, error) ||
		!kms_card_become_master(card->fd, card->path, error))
		goto fail;
	/* Before planes are read: virtual drivers hide cursor planes from who cannot do this. */
	drmSetClientCap(card->fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
	if (!read_all(card, error))
		goto fail;
	return card;

fail:
	kms_card_close(card);
	kms_card_unref(card);
	return NULL;
}

void kms_card_close(struct kms_card *card)
{
	/* What is on the screen is left to the kernel, which removes it with the fd and gives the
	 * console back: closing framebuffers one by one would leave the last picture standing. */
	card->records.state = KMS_DEVICE_GONE;
	card->records.source = NULL;
	for (size_t i = 0; i < card->plane_count; i++)
		kms_plane_finish(&card->planes[i]);
	g_clear_pointer(&card->planes, g_free);
	g_clear_pointer(&card->crtcs, g_free);
	card->plane_count = 0;
	card->crtc_count = 0;
	card->doomed_count = 0;
	g_clear_pointer(&card->property_cache, kms_property_cache_destroy);
	kms_records_finish(&card->records);
	if (card->signalled_fence >= 0)
		close(card->signalled_fence);
	card->signalled_fence = -1;
	if (card->fd >= 0)
		card->opener.close(card->opener.data, card->fd);
	card->fd = -1;
}

struct kms_card *kms_card_ref(struct kms_card *card)
{
	card->references++;
	return card;
}

void kms_card_unref(struct kms_card *card)
{
	if (!card || --card->references > 0)
		return;
	while (card->spare) {
		struct kms_spare *spare = card->spare;

		card->spare = spare->next;
		g_free(spare);
	}
	g_free(card->path);
	g_free(card->name);
	g_free(card);
}
