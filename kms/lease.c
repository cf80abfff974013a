/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include "resources.h"

#include <errno.h>
#include <fcntl.h>
#include <log.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

/* What the kernel had no memory or descriptor for is tried again after this. */
#define RETRY_US G_USEC_PER_SEC

struct kms_lease {
	struct kms_leases *leases; /* NULL: the device has gone */
	enum kms_lease_state state;
	struct kms_output *outputs[KMS_OUTPUTS_MAX];
	size_t count;
	uint32_t planes; /* enum kms_lease_planes */
	/* While it is given. */
	int fd;
	uint32_t lessee; /* the kernel's number of its holder */
	uint32_t crtcs; /* bit n: the card's nth CRTC */
};

struct kept {
	int fd;
	uint32_t crtcs;
};

static struct kms_card *card_of(const struct kms_leases *leases)
{
	return leases->outputs->card;
}

/* ---- what closes ---- */

static void *close_in_thread(void *data)
{
	close(GPOINTER_TO_INT(data));
	return NULL;
}

/*
 * The last descriptor of a file takes down what it still shows, and may wait for a commit of the
 * holder's in that, which may wait for a fence of anybody's: nothing for the main loop.
 */
static void let_go(int fd)
{
	GThread *thread = g_thread_try_new("kms-lease", close_in_thread, GINT_TO_POINTER(fd), NULL);

	if (thread)
		g_thread_unref(thread);
	else
		close(fd);
}

static void let_go_of_all(struct kms_leases *leases)
{
	for (guint i = 0; i < leases->kept->len; i++)
		let_go(g_array_index(leases->kept, struct kept, i).fd);
	g_array_set_size(leases->kept, 0);
}

static bool is_returning(const struct kms_card *card, uint32_t crtcs)
{
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (crtcs >> i & 1 && card->crtcs[i].returning)
			return true;
	}
	return false;
}

/* Their CRTCs have shown what is ours since. */
static void let_go_of_old(struct kms_leases *leases)
{
	for (guint i = leases->kept->len; i-- > 0;) {
		const struct kept *kept = &g_array_index(leases->kept, struct kept, i);

		if (is_returning(card_of(leases), kept->crtcs))
			continue;
		let_go(kept->fd);
		g_array_remove_index_fast(leases->kept, i);
	}
}

/* ---- giving ---- */

/* Lit, idle, and with no more above its picture than what is off. */
static bool can_be_lent(const struct kms_output *output)
{
	if (!kms_output_active(output) || output->held || kms_output_in_flight(output) ||
		output->state.crtc->given_up)
		return false;
	for (size_t kind = KMS_LAYER_ABOVE; kind < KMS_LAYERS; kind++) {
		if (output->state.layers[kind].buffer)
			return false;
	}
	return true;
}

/* The picture's plane, the cursor's, and overlays that no other CRTC can have. */
static bool is_its_plane(const struct kms_output *output, const struct kms_plane *plane)
{
	const struct kms_state *state = &output->state;

	if (plane == state->layers[KMS_LAYER_PICTURE].plane ||
		plane == state->layers[KMS_LAYER_CURSOR].plane)
		return true;
	return plane->type == DRM_PLANE_TYPE_OVERLAY && !plane->reserved &&
		plane->possible_crtcs == UINT32_C(1) << state->crtc->index;
}

static enum kms_lease_planes kind_of(const struct kms_plane *plane)
{
	switch (plane->type) {
	case DRM_PLANE_TYPE_PRIMARY:
		return KMS_LEASE_PRIMARY;
	case DRM_PLANE_TYPE_CURSOR:
		return KMS_LEASE_CURSOR;
	default:
		return KMS_LEASE_OVERLAYS;
	}
}

/* False: it has no such plane. */
static bool add_objects(const struct kms_output *output, uint32_t planes, GArray *ids)
{
	const struct kms_card *card = output->card;
	guint before;

	g_array_append_val(ids, output->connector.id);
	g_array_append_val(ids, output->state.crtc->id);
	before = ids->len;
	for (size_t i = 0; i < card->plane_count; i++) {
		const struct kms_plane *plane = &card->planes[i];

		if (is_its_plane(output, plane) && planes & kind_of(plane))
			g_array_append_val(ids, plane->id);
	}
	return ids->len > before;
}

/* It is its holder's from now on. What it shows stays, with the buffer that we keep, until the
 * holder shows something else. The planes that the holder has not got are left alone, too: a commit
 * of ours would keep out those of the holder, of which a CRTC takes one at a time. */
static void hand_over(struct kms_lease *lease, struct kms_output *output)
{
	const struct kms_card *card = output->card;

	kms_output_suspend(output, EACCES);
	for (size_t i = 0; i < card->plane_count; i++) {
		if (is_its_plane(output, &card->planes[i]))
			card->planes[i].lent = true;
	}
	output->state.crtc->lent = true;
	output->counters.leases++;
	lease->crtcs |= UINT32_C(1) << output->state.crtc->index;
}

static void refuse(struct kms_lease *lease, const struct kms_output *output, const char *reason)
{
	log_output(G_LOG_LEVEL_WARNING, kms_output_name(output),
		"cannot be lent to another program: %s", reason);
	lease->state = KMS_LEASE_ENDED;
	kms_output_note_change(lease->outputs[0]);
}

/* Or it waits on, for what the kernel lacks for a moment. */
static void give(struct kms_lease *lease)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct kms_card *card = card_of(lease->leases);
	int fd;

	for (size_t i = 0; i < lease->count; i++) {
		if (add_objects(lease->outputs[i], lease->planes, ids))
			continue;
		refuse(lease, lease->outputs[i], "it has none of the planes that are to be lent");
		return;
	}
	fd = drmModeCreateLease(card->fd, (const uint32_t *)(void *)ids->data, (int)ids->len,
		O_CLOEXEC, &lease->lessee);
	if (fd >= 0) {
		lease->fd = fd;
		lease->state = KMS_LEASE_GIVEN;
		for (size_t i = 0; i < lease->count; i++)
			hand_over(lease, lease->outputs[i]);
		return;
	}
	if (kms_records_note_error(&card->records, -fd))
		return;
	if (fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE) {
		kms_records_retry_in(&card->records, RETRY_US);
		return;
	}
	refuse(lease, lease->outputs[0], g_strerror(-fd));
}

static void try_to_give(struct kms_lease *lease)
{
	for (size_t i = 0; i < lease->count; i++) {
		if (!can_be_lent(lease->outputs[i]))
			return;
	}
	give(lease);
}

/* ---- taking back ---- */

static void end_lessee(struct kms_leases *leases, uint32_t lessee)
{
	/* Another's master, or none: it cannot do anything by itself either, until we are that
	 * again. */
	if (drmModeRevokeLease(card_of(leases)->fd, lessee) == -EACCES)
		g_array_append_val(leases->unrevoked, lessee);
}

/* `shown`: it stays on the screen until we show something. */
static void keep(struct kms_lease *lease, bool shown)
{
	const struct kept kept = {lease->fd, lease->crtcs};

	if (shown)
		g_array_append_val(lease->leases->kept, kept);
	else
		let_go(lease->fd);
	lease->fd = -1;
}

/* The objects are ours, whatever they have now. `ready`: what that is was read. */
static void take_objects(struct kms_lease *lease, bool ready)
{
	struct kms_card *card = card_of(lease->leases);

	for (size_t i = 0; i < card->plane_count; i++) {
		for (size_t n = 0; n < lease->count; n++)
			card->planes[i].lent &= !is_its_plane(lease->outputs[n], &card->planes[i]);
	}
	for (size_t i = 0; i < lease->count; i++) {
		struct kms_crtc *crtc = lease->outputs[i]->state.crtc;

		crtc->lent = false;
		crtc->returning = ready && crtc->active;
		lease->outputs[i]->renew = true;
	}
}

static void end(struct kms_lease *lease)
{
	struct kms_leases *leases = lease->leases;
	struct kms_card *card = card_of(leases);
	bool ready = card->records.state == KMS_DEVICE_READY;

	if (lease->state != KMS_LEASE_GIVEN)
		return;
	lease->state = KMS_LEASE_ENDED;
	end_lessee(leases, lease->lessee);
	if (ready) {
		kms_card_read_state(card);
		kms_outputs_read_state(leases->outputs);
	}
	take_objects(lease, ready);
	keep(lease, ready);
	for (size_t i = 0; i < lease->count; i++)
		kms_output_note_change(lease->outputs[i]);
	if (ready)
		kms_modeset_request(leases->modeset, false);
}

static bool is_wanted(const struct kms_lease *lease)
{
	for (size_t i = 0; i < lease->count; i++) {
		const struct kms_output *output = lease->outputs[i];

		if (!output->wanted || !output->connector.connected)
			return false;
	}
	return true;
}

/* ---- all of them ---- */

void kms_leases_init(struct kms_leases *leases, struct kms_outputs *outputs,
	struct kms_modeset *modeset)
{
	leases->outputs = outputs;
	leases->modeset = modeset;
	leases->all = g_ptr_array_new();
	leases->kept = g_array_new(FALSE, FALSE, sizeof(struct kept));
	leases->unrevoked = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void kms_leases_run(struct kms_leases *leases)
{
	for (guint i = 0; i < leases->all->len; i++) {
		struct kms_lease *lease = leases->all->pdata[i];

		if (lease->state == KMS_LEASE_WAITING)
			try_to_give(lease);
		else if (lease->state == KMS_LEASE_GIVEN && !is_wanted(lease))
			end(lease);
	}
	let_go_of_old(leases);
}

void kms_leases_end(struct kms_leases *leases)
{
	for (guint i = 0; i < leases->all->len; i++)
		end(leases->all->pdata[i]);
	/* Nothing of ours follows soon. */
	for (size_t i = 0; i < card_of(leases)->crtc_count; i++)
		card_of(leases)->crtcs[i].returning = false;
	let_go_of_all(leases);
}

void kms_leases_revoke_rest(struct kms_leases *leases)
{
	for (guint i = 0; i < leases->unrevoked->len; i++)
		drmModeRevokeLease(card_of(leases)->fd,
			g_array_index(leases->unrevoked, uint32_t, i));
	g_array_set_size(leases->unrevoked, 0);
}

void kms_leases_finish(struct kms_leases *leases)
{
	for (guint i = 0; i < leases->all->len; i++) {
		struct kms_lease *lease = leases->all->pdata[i];

		end(lease);
		lease->leases = NULL;
	}
	let_go_of_all(leases);
	g_ptr_array_free(leases->all, TRUE);
	g_array_free(leases->kept, TRUE);
	g_array_free(leases->unrevoked, TRUE);
}

/* ---- for src/ ---- */

struct kms_lease *kms_leases_add(struct kms_leases *leases, struct kms_output *const *outputs,
	size_t count, uint32_t planes)
{
	struct kms_lease *lease = g_new0(struct kms_lease, 1);

	lease->leases = leases;
	lease->fd = -1;
	lease->planes = planes;
	for (size_t i = 0; i < count && i < KMS_OUTPUTS_MAX; i++)
		lease->outputs[lease->count++] = outputs[i];
	g_ptr_array_add(leases->all, lease);
	/* In the loop's next turn. */
	kms_records_wake_at(&card_of(leases)->records, 0);
	return lease;
}

enum kms_lease_state kms_lease_state(const struct kms_lease *lease)
{
	return lease->state;
}

int kms_lease_fd(const struct kms_lease *lease)
{
	return lease->fd;
}

void kms_lease_destroy(struct kms_lease *lease)
{
	if (!lease)
		return;
	if (lease->leases) {
		end(lease);
		g_ptr_array_remove_fast(lease->leases->all, lease);
	}
	g_free(lease);
}
