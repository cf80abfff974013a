/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the keys that are about input: one parser a kind, as in value.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"

static bool refuse(GError **error, const char *message)
{
	g_set_error_literal(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, message);
	return false;
}

bool config_parse_seat(const char *text, char **seat, GError **error)
{
	*seat = NULL;
	if (g_str_equal(text, "none"))
		return true;
	if (!g_str_has_prefix(text, "seat") || strchr(text, '/') != NULL)
		return refuse(error, "must be none or the name of a seat, as seat0");
	*seat = g_strdup(text);
	return true;
}

bool config_parse_combinations(const char *text, GArray *combinations, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	g_array_set_size(combinations, 0);
	for (char **part = parts; *part != NULL; part++) {
		struct combination combination;

		/* GKeyFile's lists may end with a separator. */
		if (*g_strstrip(*part) == '\0')
			continue;
		if (!combination_parse(*part, &combination, error))
			return false;
		g_array_append_val(combinations, combination);
	}
	return true;
}

bool config_parse_combination(const char *text, struct combination *combination, GError **error)
{
	*combination = (struct combination){0};
	return g_str_equal(text, "none") || combination_parse(text, combination, error);
}

bool config_parse_modifiers(const char *text, struct combination *combination, GError **error)
{
	if (!config_parse_combination(text, combination, error))
		return false;
	if (combination->key == 0)
		return true;
	return refuse(error, "must be none or modifiers alone, as Ctrl+Alt");
}

bool config_parse_choice(const char *text, bool *yes, GError **error)
{
	*yes = g_str_equal(text, "yes");
	return *yes || g_str_equal(text, "no") || refuse(error, "must be yes or no");
}

bool config_parse_device_type(const char *text, GError **error)
{
	static const char *const types[] = {"keyboard", "pointer", "touch", "tablet", "switch",
		NULL};

	return g_strv_contains(types, text) ||
		refuse(error, "must be keyboard, pointer, touch, tablet or switch");
}

/* Four digits, or with stars what can be four. */
static bool is_half_of_id(const char *text, size_t length)
{
	size_t digits = 0;
	bool star = false;

	for (size_t i = 0; i < length; i++) {
		if (g_ascii_isxdigit(text[i]) || text[i] == '?')
			digits++;
		else if (text[i] == '*')
			star = true;
		else
			return false;
	}
	return digits == 4 || (star && digits < 4);
}

bool config_parse_device_id(const char *text, GError **error)
{
	const char *colon = strchr(text, ':');

	if (colon != NULL ? is_half_of_id(text, (size_t)(colon - text)) &&
				is_half_of_id(colon + 1, strlen(colon + 1))
			  : g_str_equal(text, "*"))
		return true;
	return refuse(error,
		"must be VENDOR:PRODUCT of four hexadecimal digits each, as 046d:c077 or 046d:*");
}

bool config_parse_device_output(const char *text, GError **error)
{
	const char *dash = strrchr(text, '-');

	/* A monitor's make, model and serial number may be anything. */
	if (strchr(text, ' ') != NULL ||
		(dash != NULL && dash > text && dash[1] != '\0' &&
			strspn(dash + 1, "0123456789") == strlen(dash + 1)))
		return true;
	return refuse(error,
		"must be a connector, as DP-1, or a monitor's make, model and serial number");
}

bool config_parse_motion(const char *text, enum config_motion *motion, GError **error)
{
	*motion = g_str_equal(text, "raw") ? CONFIG_MOTION_RAW : CONFIG_MOTION_ACCELERATED;
	return g_str_equal(text, "raw") || g_str_equal(text, "accelerated") ||
		refuse(error, "must be raw or accelerated");
}

bool config_parse_profile(const char *text, struct seat_device_options *options, GError **error)
{
	options->profile = g_str_equal(text, "flat") ? SEAT_PROFILE_FLAT : SEAT_PROFILE_ADAPTIVE;
	return g_str_equal(text, "flat") || g_str_equal(text, "adaptive") ||
		refuse(error, "must be flat or adaptive");
}

/* A number as the C locale writes it, all of the text. */
static bool parse_real(const char *text, double *number)
{
	char *end;

	errno = 0;
	*number = g_ascii_strtod(text, &end);
	return errno == 0 && end != text && *end == '\0' && *number > -1e6 && *number < 1e6;
}

bool config_parse_acceleration(const char *text, double *acceleration, GError **error)
{
	return (parse_real(text, acceleration) && *acceleration >= -1 && *acceleration <= 1) ||
		refuse(error, "must be a number from -1 to 1");
}

/* Numbers separated by blanks or commas, as many as there are; 0 where there is anything else, or
 * more than `max`. */
static size_t parse_reals(const char *text, float *numbers, size_t max)
{
	g_auto(GStrv) parts = g_strsplit_set(text, " \t,", -1);
	size_t count = 0;

	for (char **part = parts; *part != NULL; part++) {
		double number;

		if (**part == '\0')
			continue;
		if (count == max || !parse_real(*part, &number))
			return 0;
		numbers[count++] = (float)number;
	}
	return count;
}

bool config_parse_calibration(const char *text, float calibration[6], GError **error)
{
	static const struct {
		const char *degrees;
		float matrix[6];
	} turns[] = {
		{"0", {1, 0, 0, 0, 1, 0}},
		{"90", {0, -1, 1, 1, 0, 0}},
		{"180", {-1, 0, 1, 0, -1, 1}},
		{"270", {0, 1, 0, -1, 0, 1}},
	};
	float matrix[9];

	for (size_t i = 0; i < G_N_ELEMENTS(turns); i++) {
		if (g_str_equal(turns[i].degrees, text)) {
			memcpy(calibration, turns[i].matrix, sizeof(turns[i].matrix));
			return true;
		}
	}
	/* Six as libinput and udev have them, nine as xinput has them: of an affine transformation
	 * the last row says nothing. */
	switch (parse_reals(text, matrix, G_N_ELEMENTS(matrix))) {
	case 9:
		if (matrix[6] != 0 || matrix[7] != 0 || matrix[8] != 1)
			return refuse(error,
				"of nine numbers the last three must be 0 0 1, as in 0 -1 1 1 0 0 "
				"0 0 1");
		break;
	case 6:
		break;
	default:
		return refuse(error,
			"must be 0, 90, 180 or 270, or the six numbers of a matrix, as 0 -1 1 1 0 "
			"0, or its nine");
	}
	memcpy(calibration, matrix, 6 * sizeof(*matrix));
	return true;
}
