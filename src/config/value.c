/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of configuration keys and of options: one parser a kind. What a value is said with
 * (file and line, or option) is added by the caller.
 */
#include "config/value.h"

#include <string.h>

#include "kms.h"

G_DEFINE_QUARK(scanoutd_config_error_quark, config_error)

/* Timers of the main loop count in less than 50 days. */
#define DURATION_MAX_MS (INT64_C(30) * 24 * 3600 * 1000)

struct word {
	const char *text;
	int value;
};

/* scene/place.h has the words; the order is the manual's. */
static const enum place_policy places[] = {
	PLACE_NONE,
	PLACE_CENTER,
	PLACE_FIT,
	PLACE_FILL,
	PLACE_INTEGER,
};

static const struct word picture_words[] = {
	{"black", PICTURE_COLOR},
	{"last", PICTURE_LAST},
	{"card", PICTURE_CARD},
};

#define HEX_DIGITS "0123456789abcdefABCDEF"

/* The journal's names for GLib's levels. */
static const struct word log_levels[] = {
	{"error", G_LOG_LEVEL_CRITICAL},
	{"warning", G_LOG_LEVEL_WARNING},
	{"notice", G_LOG_LEVEL_MESSAGE},
	{"info", G_LOG_LEVEL_INFO},
	{"debug", G_LOG_LEVEL_DEBUG},
};

static const struct word answers_modes[] = {
	{"flip", ANSWERS_FLIP},
	{"copied", ANSWERS_COPIED},
	{"auto", ANSWERS_AUTO},
};

static const struct word firmware_pictures[] = {
	{"hide", FIRMWARE_HIDE},
	{"show", FIRMWARE_SHOW},
};

static const struct word seat_managers[] = {
	{"auto", CONFIG_SEAT_MANAGER_AUTO},
	{"yes", CONFIG_SEAT_MANAGER_YES},
	{"no", CONFIG_SEAT_MANAGER_NO},
};

/* Typing mistakes in a word that is still taken for another one. */
#define SLIPS_MAX 2u

/* The least number of letters to insert, remove, replace or swap with their neighbour. */
static guint distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	guint rows[3][MAX + 1];
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);

	if (a_length > MAX || b_length > MAX)
		return G_MAXUINT;
	for (guint j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (guint i = 1; i <= a_length; i++) {
		const guint *before = rows[(i + 1) % 3]; /* row i - 2 */
		const guint *above = rows[(i - 1) % 3];
		guint *row = rows[i % 3];

		row[0] = i;
		for (guint j = 1; j <= b_length; j++) {
			guint replaced = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = MIN(MIN(above[j], row[j - 1]) + 1, replaced);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

void config_nearest_init(struct config_nearest *nearest, const char *wanted)
{
	nearest->wanted = wanted;
	nearest->found = NULL;
	nearest->distance = G_MAXUINT;
}

void config_nearest_offer(struct config_nearest *nearest, const char *candidate)
{
	guint length = (guint)MAX(strlen(nearest->wanted), strlen(candidate));
	guint away = distance(nearest->wanted, candidate);

	/* What differs in more than one of three letters is another word. */
	if (away <= MIN(SLIPS_MAX, length / 3) && away < nearest->distance) {
		nearest->distance = away;
		nearest->found = candidate;
	}
}

static bool parse_word(const char *text, const struct word *words, size_t count, int *value,
	GError **error)
{
	g_autoptr(GString) list = NULL;
	struct config_nearest nearest;

	for (size_t i = 0; i < count; i++) {
		if (g_str_equal(words[i].text, text)) {
			*value = words[i].value;
			return true;
		}
	}
	list = g_string_new(NULL);
	config_nearest_init(&nearest, text);
	for (size_t i = 0; i < count; i++) {
		const char *separator = i == 0 ? "" : i + 1 < count ? ", " : " or ";

		g_string_append_printf(list, "%s%s", separator, words[i].text);
		config_nearest_offer(&nearest, words[i].text);
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "must be %s", list->str);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

void config_did_you_mean(GError **error, const char *candidate)
{
	char *message;

	if (error == NULL)
		return;
	message = g_strdup_printf("%s; did you mean %s?", (*error)->message, candidate);
	g_free((*error)->message);
	(*error)->message = message;
}

bool config_parse_place(const char *text, enum place_policy *place, GError **error)
{
	struct word words[G_N_ELEMENTS(places)];
	int value;

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		words[i].text = place_policy_name(places[i]);
		words[i].value = (int)places[i];
	}
	if (!parse_word(text, words, G_N_ELEMENTS(words), &value, error))
		return false;
	*place = (enum place_policy)value;
	return true;
}

static bool parse_color(const char *text, uint32_t *color)
{
	guint64 value;

	/* g_ascii_string_to_unsigned() takes signs and blanks. */
	if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, HEX_DIGITS) != 6 ||
		!g_ascii_string_to_unsigned(text + 1, 16, 0, 0xffffff, &value, NULL))
		return false;
	*color = (uint32_t)value;
	return true;
}

/* The word of the configuration, or NULL. */
static const struct word *find_picture_word(const char *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(picture_words); i++) {
		if (g_str_equal(picture_words[i].text, text))
			return &picture_words[i];
	}
	return NULL;
}

static bool fail_picture(const char *text, GError **error)
{
	struct config_nearest nearest;

	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be black, last, card, a colour as #1a2b3c, or the path of a PNG as "
		"/etc/scanoutd/splash.png");
	config_nearest_init(&nearest, text);
	for (size_t i = 0; i < G_N_ELEMENTS(picture_words); i++)
		config_nearest_offer(&nearest, picture_words[i].text);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

bool config_parse_picture(const char *text, struct picture_spec *spec, GError **error)
{
	const struct word *word = find_picture_word(text);
	struct picture_spec parsed = {0};

	if (word != NULL)
		parsed.kind = (enum picture_kind)word->value;
	else if (g_path_is_absolute(text))
		parsed = (struct picture_spec){.kind = PICTURE_FILE, .path = g_strdup(text)};
	else if (!parse_color(text, &parsed.color))
		return fail_picture(text, error);
	picture_spec_clear(spec);
	*spec = parsed;
	return true;
}

bool config_parse_log_level(const char *text, GLogLevelFlags *level, GError **error)
{
	int value;

	if (!parse_word(text, log_levels, G_N_ELEMENTS(log_levels), &value, error))
		return false;
	*level = (GLogLevelFlags)value;
	return true;
}

bool config_parse_answers(const char *text, enum answers_mode *mode, GError **error)
{
	int value;

	if (!parse_word(text, answers_modes, G_N_ELEMENTS(answers_modes), &value, error))
		return false;
	*mode = (enum answers_mode)value;
	return true;
}

bool config_parse_firmware(const char *text, enum firmware_pictures *pictures, GError **error)
{
	int value;

	if (!parse_word(text, firmware_pictures, G_N_ELEMENTS(firmware_pictures), &value, error))
		return false;
	*pictures = (enum firmware_pictures)value;
	return true;
}

bool config_parse_seat_manager(const char *text, enum config_seat_manager *manager, GError **error)
{
	int value;

	if (!parse_word(text, seat_managers, G_N_ELEMENTS(seat_managers), &value, error))
		return false;
	*manager = (enum config_seat_manager)value;
	return true;
}

bool config_parse_number(const char *text, gint64 min, gint64 max, gint64 *number, GError **error)
{
	if (!g_ascii_string_to_signed(text, 10, min, max, number, NULL)) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
			min, max);
		return false;
	}
	return true;
}

bool config_parse_duration(const char *text, gint64 *milliseconds, GError **error)
{
	static const struct {
		const char *unit;
		gint64 milliseconds;
	} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}};
	size_t digits = strspn(text, "0123456789");
	g_autofree char *number = g_strndup(text, digits);
	const char *unit = text + digits + strspn(text + digits, " ");
	gint64 count;

	if (g_str_equal(text, "never")) {
		*milliseconds = CONFIG_NEVER;
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		gint64 most = DURATION_MAX_MS / units[i].milliseconds;

		if (g_str_equal(unit, units[i].unit) &&
			g_ascii_string_to_signed(number, 10, 0, most, &count, NULL)) {
			*milliseconds = count * units[i].milliseconds;
			return true;
		}
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be never, or a whole number with ms, s, min or h, as 2s, of at most 30 days");
	return false;
}

bool config_parse_vt(const char *text, int *vt, GError **error)
{
	gint64 number;

	if (g_str_equal(text, "auto")) {
		*vt = CONFIG_VT_AUTO;
	} else if (g_str_equal(text, "none")) {
		*vt = CONFIG_VT_NONE;
	} else if (g_ascii_string_to_signed(text, 10, 1, 63, &number, NULL)) {
		*vt = (int)number;
	} else {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"must be auto, none or a terminal's number from 1 to 63");
		return false;
	}
	return true;
}

bool config_parse_position(const char *text, int32_t *x, int32_t *y, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", 3);
	gint64 numbers[2];

	if (g_strv_length(parts) == 2 &&
		g_ascii_string_to_signed(g_strstrip(parts[0]), 10, 0, 65535, &numbers[0], NULL) &&
		g_ascii_string_to_signed(g_strstrip(parts[1]), 10, 0, 65535, &numbers[1], NULL)) {
		*x = (int32_t)numbers[0];
		*y = (int32_t)numbers[1];
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be X,Y in pixels, each from 0 to 65535");
	return false;
}

bool config_parse_transform(const char *text, enum kms_transform *transform, GError **error)
{
	struct word words[PLACE_TRANSFORMS + 1];
	int value;

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		words[i].text = place_transform_word(i, transform);
		words[i].value = (int)*transform;
	}
	if (!parse_word(text, words, G_N_ELEMENTS(words), &value, error))
		return false;
	*transform = (enum kms_transform)value;
	return true;
}

bool config_parse_color(const char *text, uint32_t *color, GError **error)
{
	guint64 number;

	if (text[0] == '#' && strlen(text) == 7 &&
		g_ascii_string_to_unsigned(text + 1, 16, 0, 0xffffff, &number, NULL)) {
		*color = (uint32_t)number;
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be a colour as #RRGGBB, two hexadecimal digits each for red, green and blue");
	return false;
}

bool config_parse_name(const char *text, GError **error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(text);

	if (length >= 1 && length <= 64 && strspn(text, allowed) == length && text[0] != '.' &&
		text[0] != '-')
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with no dot "
		"or dash");
	return false;
}

bool config_parse_mode(const char *text, bool *off, char **mode, GError **error)
{
	g_autoptr(GError) problem = NULL;

	*off = g_str_equal(text, "off");
	*mode = NULL;
	if (*off)
		return true;
	if (!kms_mode_valid(text, &problem)) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "must be off or a mode; %s",
			problem->message);
		return false;
	}
	*mode = g_strdup(text);
	return true;
}
