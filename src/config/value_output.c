/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the keys that only [output NAME] and [layer NAME] have, as far as they are many:
 * one parser a kind, as in value.c.
 */
#include <string.h>

#include "config/value.h"

static void fail_word(const struct kms_setting_kind *kind, const char *text, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);
	struct config_nearest nearest;

	config_nearest_init(&nearest, text);
	for (size_t i = 0; kind->words[i] != NULL; i++) {
		const char *separator = i == 0 ? "" : kind->words[i + 1] != NULL ? ", " : " or ";

		g_string_append_printf(list, "%s%s", separator, kind->words[i]);
		config_nearest_offer(&nearest, kind->words[i]);
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "must be %s", list->str);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
}

static bool parse_word(const struct kms_setting_kind *kind, const char *text, uint8_t *value,
	GError **error)
{
	for (size_t i = 0; kind->words[i] != NULL; i++) {
		if (g_str_equal(kind->words[i], text)) {
			*value = (uint8_t)i;
			return true;
		}
	}
	fail_word(kind, text, error);
	return false;
}

static bool parse_numbers(const struct kms_setting_kind *kind, const char *text, uint8_t *values,
	GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", KMS_SETTING_VALUES_MAX + 1);
	bool valid = g_strv_length(parts) == kind->count;
	gint64 number;

	for (size_t i = 0; valid && i < kind->count; i++) {
		valid = g_ascii_string_to_signed(g_strstrip(parts[i]), 10, kind->minimum,
			kind->maximum, &number, NULL);
		if (valid)
			values[i] = (uint8_t)number;
	}
	if (!valid && kind->count == 1)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"must be a whole number from %d to %d", kind->minimum, kind->maximum);
	else if (!valid)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"must be %d whole numbers from %d to %d, separated by commas", kind->count,
			kind->minimum, kind->maximum);
	return valid;
}

bool config_parse_setting(const char *text, enum kms_setting setting, struct kms_settings *settings,
	GError **error)
{
	const struct kms_setting_kind *kind = kms_setting_kind(setting);
	uint8_t *values = settings->values[setting];

	settings->given |= UINT32_C(1) << setting;
	return kind->words != NULL ? parse_word(kind, text, values, error)
				   : parse_numbers(kind, text, values, error);
}

bool config_parse_hours(const char *text, struct hours *hours, GError **error)
{
	if (hours_parse(text, hours))
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be times of day as 07:00-22:30, or up to %d of them separated by semicolons",
		HOURS_MAX);
	return false;
}

bool config_parse_size(const char *text, int32_t *width, int32_t *height, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "x", 3);
	gint64 numbers[2];

	if (g_strv_length(parts) == 2 &&
		g_ascii_string_to_signed(parts[0], 10, 1, 16384, &numbers[0], NULL) &&
		g_ascii_string_to_signed(parts[1], 10, 1, 16384, &numbers[1], NULL)) {
		*width = (int32_t)numbers[0];
		*height = (int32_t)numbers[1];
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be WIDTHxHEIGHT in pixels, each from 1 to 16384");
	return false;
}

bool config_parse_opacity(const char *text, uint16_t *opacity, GError **error)
{
	char *end;
	double value = g_ascii_strtod(text, &end);
	bool percent = *end == '%';
	double whole = percent ? 100 : 1;

	end += percent;
	if (end != text && *end == '\0' && g_ascii_isdigit(*text) && value >= 0 && value <= whole) {
		*opacity = (uint16_t)(value / whole * UINT16_MAX + 0.5);
		return true;
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"must be a number from 0 (not seen) to 1 (opaque), or from 0%% to 100%%");
	return false;
}
