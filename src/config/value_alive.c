/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of the keys that say who is alive: one parser a kind, as in value.c. */
#include "config/value.h"

static const struct {
	const char *word;
	enum alive_proof proof;
} proofs[] = {
	{"none", ALIVE_UNASKED},
	{"frames", ALIVE_FRAMES},
	{"socket", ALIVE_SOCKET},
};

bool config_parse_alive(const char *text, enum alive_proof *proof, GError **error)
{
	struct config_nearest nearest;

	config_nearest_init(&nearest, text);
	for (size_t i = 0; i < G_N_ELEMENTS(proofs); i++) {
		if (g_str_equal(proofs[i].word, text)) {
			*proof = proofs[i].proof;
			return true;
		}
		config_nearest_offer(&nearest, proofs[i].word);
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "must be none, frames or socket");
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

bool config_parse_period(const char *text, gint64 min, gint64 max, gint64 *milliseconds,
	GError **error)
{
	gint64 duration;

	if (config_parse_duration(text, &duration, NULL) && duration >= min && duration <= max) {
		*milliseconds = duration;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be a whole number with ms, s, min or h, from %" G_GINT64_FORMAT
		"ms to %" G_GINT64_FORMAT "ms",
		min, max);
	return false;
}
