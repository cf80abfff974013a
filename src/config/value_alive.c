/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of the keys that say who is alive: one parser a kind, as in value.c. */
#include "config/value.h"

#include <string.h>

static const struct {
	const char *word;
	enum alive_proof proof;
} proofs[] = {
	{"none", ALIVE_UNASKED},
	{"frames", ALIVE_FRAMES},
	{"rectangle", ALIVE_RECTANGLE},
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
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be none, frames, rectangle or socket");
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

static bool parse_number(const char *text, gint64 min, int32_t *number)
{
	gint64 parsed;

	if (!g_ascii_string_to_signed(text, 10, min, 65535, &parsed, NULL))
		return false;
	*number = (int32_t)parsed;
	return true;
}

/* `text` is two numbers around `separator`. */
static bool parse_pair(const char *text, const char *separator, gint64 min, int32_t *first,
	int32_t *second)
{
	g_auto(GStrv) parts = g_strsplit(text, separator, 3);

	return g_strv_length(parts) == 2 && parse_number(g_strstrip(parts[0]), min, first) &&
		parse_number(g_strstrip(parts[1]), min, second);
}

bool config_parse_rectangle(const char *text, struct kms_rect *rectangle, GError **error)
{
	const char *space = strrchr(text, ' ');
	g_autofree char *position = space ? g_strndup(text, (gsize)(space - text)) : NULL;
	struct kms_rect parsed;

	if (space && parse_pair(position, ",", 0, &parsed.x, &parsed.y) &&
		parse_pair(space + 1, "x", 1, &parsed.width, &parsed.height)) {
		*rectangle = parsed;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be X,Y WIDTHxHEIGHT in pixels, as 16,16 64x64");
	return false;
}

static bool parse_checksum(const char *text, uint32_t *checksum)
{
	guint64 parsed;

	if (strlen(text) != 8 ||
		!g_ascii_string_to_unsigned(text, 16, 0, G_MAXUINT32, &parsed, NULL))
		return false;
	*checksum = (uint32_t)parsed;
	return true;
}

bool config_parse_expect(const char *text, struct region_options *region, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);
	size_t count = 0;
	bool valid = true;

	for (char **word = words; *word && valid; word++) {
		if (*g_strstrip(*word) == '\0')
			continue;
		valid = count < REGION_EXPECT_MAX && parse_checksum(*word, &region->expect[count]);
		count++;
	}
	region->expect_count = count;
	if (valid && count > 0)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be checksums of eight hexadecimal digits, at most %d, separated by semicolons",
		REGION_EXPECT_MAX);
	return false;
}

/* As a person writes it. */
static char *print_period(gint64 milliseconds)
{
	if (milliseconds % 3600000 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "h", milliseconds / 3600000);
	if (milliseconds % 1000 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "s", milliseconds / 1000);
	return g_strdup_printf("%" G_GINT64_FORMAT "ms", milliseconds);
}

bool config_parse_period(const char *text, gint64 min, gint64 max, gint64 *milliseconds,
	GError **error)
{
	g_autofree char *least = print_period(min);
	g_autofree char *most = print_period(max);
	gint64 duration;

	if (config_parse_duration(text, &duration, NULL) && duration >= min && duration <= max) {
		*milliseconds = duration;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be a whole number with ms, s, min or h, from %s to %s", least, most);
	return false;
}
