/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/health.h"

#include "kms.h"

/*
 * A frame can wait for the guest's fences, then for a flip that is lost, then for the mode set that
 * follows, one flip timeout each. A short timeout says how soon a flip is given up, not how soon
 * the daemon is.
 */
#define FLIP_TIMEOUTS 4

struct progress {
	uint64_t number;
	int64_t since_us;
};

struct health {
	int64_t limit_us;
	GHashTable *outputs; /* name → struct progress, of those that were busy when last asked */
};

struct health *health_create(unsigned int flip_timeout_ms)
{
	struct health *health = g_new0(struct health, 1);

	health->limit_us = (int64_t)MAX(flip_timeout_ms, KMS_FLIP_TIMEOUT_MS) * FLIP_TIMEOUTS *
		G_TIME_SPAN_MILLISECOND;
	health->outputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return health;
}

void health_destroy(struct health *health)
{
	if (health == NULL)
		return;
	g_hash_table_unref(health->outputs);
	g_free(health);
}

/* Since when it is busy without anything that moves; now: it is not. */
static int64_t still_since(struct health *health, const struct health_output *output,
	int64_t now_us)
{
	struct progress *last = g_hash_table_lookup(health->outputs, output->name);

	if (!output->busy) {
		g_hash_table_remove(health->outputs, output->name);
		return now_us;
	}
	if (last == NULL) {
		last = g_new(struct progress, 1);
		*last = (struct progress){output->progress, now_us};
		g_hash_table_insert(health->outputs, g_strdup(output->name), last);
	} else if (last->number != output->progress) {
		*last = (struct progress){output->progress, now_us};
	}
	return last->since_us;
}

char *health_complaint(struct health *health, const struct health_facts *facts, int64_t now_us)
{
	char *complaint = NULL;

	for (size_t i = 0; i < facts->guest_count; i++) {
		const struct health_guest *guest = &facts->guests[i];
		int64_t waited_us = now_us - guest->waiting_since_us;

		if (complaint == NULL && guest->waiting_since_us != 0 &&
			waited_us > health->limit_us)
			complaint = g_strdup_printf("guest %s has waited for an answer for %d s",
				guest->name, (int)(waited_us / G_USEC_PER_SEC));
	}
	/* All of them, so that each one's progress is known. */
	for (size_t i = 0; i < facts->output_count; i++) {
		const struct health_output *output = &facts->outputs[i];
		int64_t still_us = now_us - still_since(health, output, now_us);

		if (complaint == NULL && still_us > health->limit_us)
			complaint = g_strdup_printf(
				"%s: nothing was shown and nothing failed for %d s, though frames "
				"are due",
				output->name, (int)(still_us / G_USEC_PER_SEC));
	}
	return complaint;
}
