/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/cards.h"

#include "config/value.h"
#include "log.h"
#include "session/card.h"
#include "session/kept_card.h"
#include "session/suspend.h"

/* One of them; what it says gets its number. */
struct slot {
	struct cards *cards;
	uint32_t number;
	char *path; /* NULL: the first that can do it */
	struct kms_device_options options;
	struct kept_card *kept; /* NULL: it goes with us */
	struct card *card;
};

struct cards {
	struct slot slots[KMS_CARDS_MAX];
	uint32_t count;
	bool opening; /* cards_open(): nothing is shown on any so far */
	struct suspend *suspend;
	struct cards_listener listener;
	void *data;
};

/* ---- what each says ---- */

/* One that comes while another is there must not keep that from its frames. */
static void note_others(struct cards *cards)
{
	for (uint32_t i = 0; i < cards->count; i++) {
		bool others = false;

		for (uint32_t j = 0; j < cards->count; j++)
			others |= j != i && cards_device(cards, j) != NULL;
		cards->slots[i].options.nonblocking = others && !cards->opening;
	}
}

static void came(void *data, struct kms_device *device)
{
	const struct slot *slot = data;

	note_others(slot->cards);
	if (slot->kept != NULL)
		kept_card_came(slot->kept, device);
	slot->cards->listener.came(slot->cards->data, slot->number, device);
}

static void going(void *data)
{
	const struct slot *slot = data;

	note_others(slot->cards);
	slot->cards->listener.going(slot->cards->data, slot->number, slot->path);
	if (slot->kept != NULL)
		kept_card_gone(slot->kept);
}

static void lost(void *data)
{
	const struct slot *slot = data;

	slot->cards->listener.lost(slot->cards->data);
}

static const struct card_listener card_listener = {came, going, lost};

/* ---- all of them ---- */

bool cards_open(struct cards *cards, GError **error)
{
	bool opened = true;

	cards->opening = true;
	for (uint32_t i = 0; i < cards->count && opened; i++) {
		const struct slot *slot = &cards->slots[i];

		opened = card_open(slot->card, error);
		if (opened && slot->kept != NULL)
			kept_card_settle(slot->kept);
	}
	cards->opening = false;
	note_others(cards);
	return opened;
}

bool cards_has_predecessor(const struct cards *cards, uint32_t card)
{
	return kept_card_has_predecessor(cards->slots[card].kept);
}

uint32_t cards_count(const struct cards *cards)
{
	return cards != NULL ? cards->count : 0;
}

struct kms_device *cards_device(const struct cards *cards, uint32_t card)
{
	return card < cards_count(cards) ? card_device(cards->slots[card].card) : NULL;
}

size_t cards_list(const struct cards *cards, const struct kms_device **devices)
{
	size_t count = 0;

	for (uint32_t i = 0; i < cards_count(cards); i++) {
		if (cards_device(cards, i) != NULL)
			devices[count++] = cards_device(cards, i);
	}
	return count;
}

void cards_gone(struct cards *cards)
{
	for (uint32_t i = 0; i < cards_count(cards); i++)
		card_gone(cards->slots[i].card);
}

void cards_retry(struct cards *cards)
{
	for (uint32_t i = 0; i < cards_count(cards); i++)
		card_retry(cards->slots[i].card);
}

void cards_pause(struct cards *cards)
{
	for (uint32_t i = 0; i < cards_count(cards); i++)
		card_pause(cards->slots[i].card);
}

void cards_resume(struct cards *cards)
{
	for (uint32_t i = 0; i < cards_count(cards); i++) {
		/* Linux gives a card back to the process that opened it, and to root. What nobody
		 * is master of belongs to whoever opens it. */
		if (!card_resume(cards->slots[i].card) && cards_has_predecessor(cards, i))
			card_open_anew(cards->slots[i].card);
	}
}

void cards_reopen(struct cards *cards)
{
	for (uint32_t i = 0; i < cards_count(cards); i++)
		card_reopen(cards->slots[i].card);
}

static void resumed(void *data, int64_t suspended_us)
{
	struct cards *cards = data;

	log_daemon(G_LOG_LEVEL_INFO,
		"the machine was suspended for %.1f s; all modes are set again",
		(double)suspended_us / G_USEC_PER_SEC);
	for (uint32_t i = 0; i < cards->count; i++)
		card_renew(cards->slots[i].card);
}

/* ---- life ---- */

static void add(struct cards *cards, const struct cards_options *options, const char *path,
	const struct kms_listener *kms_listener, void *kms_data)
{
	struct slot *slot = &cards->slots[cards->count];

	slot->cards = cards;
	slot->number = cards->count++;
	slot->path = g_strdup(path);
	slot->options = options->common;
	slot->options.path = slot->path;
	if (options->keeper != NULL && slot->options.opener == NULL && slot->options.fd < 0) {
		slot->kept = kept_card_create(options->keeper, slot->number);
		slot->options.opener = kept_card_opener(slot->kept);
	}
	slot->card = card_create(&slot->options, kms_listener, kms_data, &card_listener, slot);
}

struct cards *cards_create(const struct cards_options *options,
	const struct kms_listener *kms_listener, void *kms_data,
	const struct cards_listener *listener, void *data)
{
	struct cards *cards = g_new0(struct cards, 1);
	char *const *paths = options->paths;

	cards->listener = *listener;
	cards->data = data;
	if (paths == NULL || paths[0] == NULL)
		add(cards, options, NULL, kms_listener, kms_data);
	for (size_t i = 0; paths != NULL && paths[i] != NULL && cards->count < KMS_CARDS_MAX; i++)
		add(cards, options, paths[i], kms_listener, kms_data);
	for (uint32_t i = 0; cards->count > 1 && i < cards->count; i++)
		cards->slots[i].options.name = config_card_name(cards->slots[i].path);
	cards->suspend = suspend_create(resumed, cards);
	return cards;
}

void cards_destroy(struct cards *cards)
{
	if (cards != NULL)
		suspend_destroy(cards->suspend);
	for (uint32_t i = 0; i < cards_count(cards); i++) {
		card_destroy(cards->slots[i].card);
		kept_card_destroy(cards->slots[i].kept);
		g_free(cards->slots[i].path);
	}
	g_free(cards);
}
