/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/card.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "log.h"
#include "turn.h"

/* Between two tries where udev says nothing: permissions, another DRM master. */
#define RETRY_S 2

/* A card that was lost sooner than this is not at once taken again: its driver does not do what we
 * ask, and would not the next time either. The rest doubles. */
#define REST_FIRST_S 1u
#define REST_LAST_S 60u

/* The kernel's major number of DRM nodes. */
#define DRM_MAJOR 226

struct card {
	const struct kms_device_options *options;
	const struct kms_listener *kms_listener;
	void *kms_data;
	const struct card_listener *listener;
	void *data;
	struct kms_device *device; /* NULL: none now */
	bool coming; /* its outputs are being read; the listener has not heard of it */
	struct kms_watch *watch; /* while there is none */
	guint retry; /* the same, where events are not enough; else 0 */
	guint going; /* it is given up at the next turn; else 0 */
	gint64 came_us; /* when the present one was taken, or the last one; 0: there was none */
	unsigned int rest_s; /* after the last one; 0: none */
	bool paused;
	char *said; /* what is waited for; NULL: nothing */
};

G_DEFINE_QUARK(scanoutd_card_error_quark, card_error)

static bool is_inherited(const struct card *card)
{
	return card->options->fd >= 0;
}

static void wait_for_one(struct card *card);

/* ---- it comes ---- */

static void stop_waiting(struct card *card)
{
	g_clear_pointer(&card->watch, kms_watch_destroy);
	g_clear_handle_id(&card->retry, g_source_remove);
}

static void come(struct card *card)
{
	card->coming = false;
	card->listener->came(card->data, card->device);
}

static void outputs_read(void *data)
{
	come(data);
}

static bool try_to_open(struct card *card, GError **error)
{
	card->device = kms_device_create(card->options, card->kms_listener, card->kms_data, error);
	if (!card->device)
		return false;
	stop_waiting(card);
	/* The one that there is from the beginning is no news. */
	if (card->said || card->came_us)
		log_daemon(G_LOG_LEVEL_MESSAGE, "the card %s is there",
			kms_device_path(card->device));
	card->came_us = g_get_monotonic_time();
	g_clear_pointer(&card->said, g_free);
	card->coming = !kms_device_await(card->device, outputs_read, card);
	if (!card->coming)
		come(card);
	return true;
}

/* Each reason once. */
static void say_waiting(struct card *card, const GError *error)
{
	if (g_strcmp0(card->said, error->message) == 0)
		return;
	log_daemon(G_LOG_LEVEL_WARNING, "%s; waiting for that to change", error->message);
	g_free(card->said);
	card->said = g_strdup(error->message);
}

static gboolean retry(gpointer data)
{
	struct card *card = data;

	turn_note();
	/* Made again where it is still needed. */
	card->retry = 0;
	wait_for_one(card);
	return G_SOURCE_REMOVE;
}

static void something_changed(void *data)
{
	wait_for_one(data);
}

static void look_out(struct card *card)
{
	g_autoptr(GError) error = NULL;

	if (!card->watch)
		card->watch = kms_watch_create(something_changed, card, &error);
	if (error)
		log_daemon(G_LOG_LEVEL_DEBUG, "%s", error->message);
}

/* Looked out for before it is asked for: so nothing is missed between. */
static void wait_for_one(struct card *card)
{
	g_autoptr(GError) error = NULL;

	if (card->device || card->paused || is_inherited(card))
		return;
	look_out(card);
	if (try_to_open(card, &error))
		return;
	say_waiting(card, error);
	if (!card->retry && (!card->watch || !g_error_matches(error, KMS_ERROR, KMS_ERROR_NO_CARD)))
		card->retry = turn_name(g_timeout_add_seconds(RETRY_S, retry, card), "card retry");
}

/* Anything else than a card may stand at a path by mistake; a card may come to a path at any
 * time. */
static bool is_no_card(const char *path)
{
	struct stat node;

	return path && strchr(path, '/') && stat(path, &node) == 0 &&
		!(S_ISCHR(node.st_mode) && major(node.st_rdev) == DRM_MAJOR);
}

bool card_open(struct card *card, GError **error)
{
	if (is_no_card(card->options->path)) {
		g_set_error(error, CARD_ERROR, CARD_ERROR_NO_DEVICE, "%s: is no card's device node",
			card->options->path);
		return false;
	}
	if (is_inherited(card))
		return try_to_open(card, error);
	if (!try_to_open(card, NULL))
		wait_for_one(card);
	return true;
}

/* ---- it goes ---- */

static void give_up(struct card *card)
{
	struct kms_device *device = g_steal_pointer(&card->device);

	if (!card->coming)
		card->listener->going(card->data);
	card->coming = false;
	kms_device_destroy(device);
}

/* What udev says meanwhile ends the rest. */
static void rest(struct card *card)
{
	gint64 lived_us = g_get_monotonic_time() - card->came_us;

	if (lived_us > (gint64)REST_LAST_S * G_USEC_PER_SEC)
		card->rest_s = 0;
	if (card->rest_s > 0 && !card->paused && !card->retry) {
		look_out(card);
		card->retry = turn_name(g_timeout_add_seconds(card->rest_s, retry, card),
			"card retry");
	} else {
		wait_for_one(card);
	}
	card->rest_s = CLAMP(2 * card->rest_s, REST_FIRST_S, REST_LAST_S);
}

static gboolean go(gpointer data)
{
	struct card *card = data;
	bool revoked;

	turn_note();
	card->going = 0;
	revoked = kms_device_revoked(card->device);
	give_up(card);
	if (is_inherited(card) && !revoked)
		card->listener->lost(card->data);
	else if (!is_inherited(card))
		rest(card);
	return G_SOURCE_REMOVE;
}

void card_gone(struct card *card)
{
	if (!card->going && card->device && kms_device_gone(card->device))
		card->going = turn_name(g_idle_add_full(G_PRIORITY_DEFAULT, go, card, NULL),
			"card gone");
}

void card_retry(struct card *card)
{
	wait_for_one(card);
}

/* ---- the terminal ---- */

void card_pause(struct card *card)
{
	card->paused = true;
	stop_waiting(card);
	if (card->device)
		kms_device_pause(card->device);
}

bool card_resume(struct card *card)
{
	g_autoptr(GError) error = NULL;

	card->paused = false;
	if (!card->device)
		wait_for_one(card);
	else if (!kms_device_resume(card->device, &error))
		log_daemon(G_LOG_LEVEL_WARNING, "%s", error->message);
	return error == NULL;
}

void card_open_anew(struct card *card)
{
	/* It has gone, too, and is given up at the next turn. */
	if (card->going)
		return;
	give_up(card);
	wait_for_one(card);
}

void card_reopen(struct card *card)
{
	if (is_inherited(card)) {
		card_resume(card);
		return;
	}
	card->paused = false;
	if (card->device)
		card_open_anew(card);
	else
		wait_for_one(card);
}

void card_renew(struct card *card)
{
	if (card->device)
		kms_device_renew(card->device);
}

/* ---- life ---- */

struct card *card_create(const struct kms_device_options *options,
	const struct kms_listener *kms_listener, void *kms_data,
	const struct card_listener *listener, void *data)
{
	struct card *card = g_new0(struct card, 1);

	card->options = options;
	card->kms_listener = kms_listener;
	card->kms_data = kms_data;
	card->listener = listener;
	card->data = data;
	return card;
}

void card_destroy(struct card *card)
{
	if (!card)
		return;
	stop_waiting(card);
	g_clear_handle_id(&card->going, g_source_remove);
	kms_device_destroy(card->device);
	g_free(card->said);
	g_free(card);
}

struct kms_device *card_device(const struct card *card)
{
	return card->coming ? NULL : card->device;
}
