/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log_rate.h"

#include <glib.h>

#define LINE_US (G_USEC_PER_SEC / LOG_RATE_PER_SECOND)

struct bucket {
	/* Where time stands that its lines have used up: each takes LINE_US, and it may be so far
	 * ahead of the clock as a burst is long. */
	int64_t used_us;
	unsigned int left_out;
};

struct log_rate {
	GHashTable *buckets; /* by guest; guests are those of the configuration, and few */
};

struct log_rate *log_rate_create(void)
{
	struct log_rate *rate = g_new0(struct log_rate, 1);

	rate->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return rate;
}

void log_rate_destroy(struct log_rate *rate)
{
	if (!rate)
		return;
	g_hash_table_unref(rate->buckets);
	g_free(rate);
}

static struct bucket *find_bucket(struct log_rate *rate, const char *guest)
{
	struct bucket *bucket = g_hash_table_lookup(rate->buckets, guest);

	if (!bucket) {
		bucket = g_new0(struct bucket, 1);
		g_hash_table_insert(rate->buckets, g_strdup(guest), bucket);
	}
	return bucket;
}

bool log_rate_takes(struct log_rate *rate, const char *guest, int64_t now_us,
	unsigned int *left_out)
{
	struct bucket *bucket = find_bucket(rate, guest);
	int64_t used_us = MAX(bucket->used_us, now_us) + LINE_US;

	if (used_us > now_us + LOG_RATE_BURST * LINE_US) {
		bucket->left_out++;
		return false;
	}
	bucket->used_us = used_us;
	*left_out = bucket->left_out;
	bucket->left_out = 0;
	return true;
}
