/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/hours.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS 60000

/* "07:00", two digits each. */
static bool parse_time(const char *text, uint16_t *minute)
{
	int hour = g_ascii_digit_value(text[0]) * 10 + g_ascii_digit_value(text[1]);
	int rest = g_ascii_digit_value(text[3]) * 10 + g_ascii_digit_value(text[4]);

	*minute = (uint16_t)(hour * 60 + rest);
	return rest < 60 && hour * 60 + rest <= HOURS_MINUTES;
}

static bool parse_span(const char *text, struct hours_span *span)
{
	static const char form[] = "00:00-00:00";

	if (strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == '0' ? !g_ascii_isdigit(text[i]) : text[i] != form[i])
			return false;
	}
	return parse_time(text, &span->from) && parse_time(text + 6, &span->to) &&
		span->from < HOURS_MINUTES && span->to > 0 && span->from != span->to;
}

bool hours_parse(const char *text, struct hours *hours)
{
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	hours->count = 0;
	for (char **part = parts; *part; part++) {
		/* As in the other lists, one may end with a separator. */
		if (*g_strstrip(*part) == '\0')
			continue;
		if (hours->count == HOURS_MAX || !parse_span(*part, &hours->spans[hours->count]))
			return false;
		hours->count++;
	}
	return hours->count > 0;
}

bool hours_has(const struct hours *hours, unsigned int minute)
{
	for (size_t i = 0; i < hours->count; i++) {
		const struct hours_span *span = &hours->spans[i];

		if (span->from < span->to ? minute >= span->from && minute < span->to
					  : minute >= span->from || minute < span->to)
			return true;
	}
	return hours->count == 0;
}

unsigned int hours_read_clock(unsigned int *left_ms)
{
	gint64 now_ms = g_get_real_time() / 1000;
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm local = {0};

	/* Another time zone since the last time? */
	tzset();
	localtime_r(&seconds, &local);
	*left_ms = MAX(
		MINUTE_MS - ((unsigned int)local.tm_sec * 1000 + (unsigned int)(now_ms % 1000)), 1);
	/* A leap second belongs to its minute. */
	if (local.tm_sec >= 60)
		*left_ms = 1000;
	return (unsigned int)(local.tm_hour * 60 + local.tm_min);
}
