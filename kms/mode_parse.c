/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person wrote: an ordered list of modes, in the forms that other programs use too. */
#include "mode.h"

#include <math.h>
#include <string.h>

#define REDUCED_RATE_MHZ 60000

/* ---- WIDTHxHEIGHT and its like ---- */

static bool parse_number(const char **text, uint32_t *number)
{
	char *end;
	guint64 value;

	if (!g_ascii_isdigit(**text))
		return false;
	value = g_ascii_strtoull(*text, &end, 10);
	if (value == 0 || value > INT16_MAX)
		return false;
	*number = (uint32_t)value;
	*text = end;
	return true;
}

static bool parse_refresh(const char **text, uint32_t *refresh_mhz)
{
	char *end;
	double hertz;

	if (!g_ascii_isdigit(**text))
		return false;
	hertz = g_ascii_strtod(*text, &end);
	if (!(hertz >= 1 && hertz <= 1000))
		return false;
	*refresh_mhz = (uint32_t)lround(hertz * 1000);
	*text = end;
	return true;
}

static bool take(const char **text, const char *word)
{
	if (!g_str_has_prefix(*text, word))
		return false;
	*text += strlen(word);
	return true;
}

static bool take_scan(const char **text, struct kms_mode_wish *wish)
{
	if (take(text, "i"))
		wish->scan = KMS_MODE_SCAN_INTERLACED;
	else if (take(text, "p"))
		wish->scan = KMS_MODE_SCAN_PROGRESSIVE;
	else
		return false;
	return true;
}

/* Nothing, or "@HERTZ", or "@HERTZ Hz", up to the end. */
static bool parse_rate_and_end(const char *text, struct kms_mode_wish *wish)
{
	if (take(&text, "@")) {
		take(&text, " ");
		if (!parse_refresh(&text, &wish->refresh_mhz))
			return false;
		take(&text, " ");
		take(&text, "hz");
	}
	return *text == '\0';
}

/* WIDTHxHEIGHT, and "i" or "p" as televisions have it, or "r" as X.org and the kernel have it. */
static bool parse_size(const char *text, struct kms_mode_wish *wish)
{
	wish->kind = KMS_MODE_SIZE;
	if (!parse_number(&text, &wish->width) || !take(&text, "x") ||
		!parse_number(&text, &wish->height))
		return false;
	if (!take_scan(&text, wish))
		wish->reduced = take(&text, "r");
	return parse_rate_and_end(text, wish) &&
		!(wish->reduced && wish->refresh_mhz % REDUCED_RATE_MHZ != 0);
}

/* "1080p", "1080i50", "720p@59.94": the number of lines says the rest. */
static bool parse_format(const char *text, struct kms_mode_wish *wish)
{
	static const uint32_t sizes[][2] = {{720, 480}, {720, 576}, {1280, 720}, {1920, 1080},
		{2560, 1440}, {3840, 2160}, {7680, 4320}};

	wish->kind = KMS_MODE_SIZE;
	if (!parse_number(&text, &wish->height) || !take_scan(&text, wish))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		if (sizes[i][1] == wish->height)
			wish->width = sizes[i][0];
	}
	if (!wish->width)
		return false;
	if (!parse_refresh(&text, &wish->refresh_mhz))
		return parse_rate_and_end(text, wish);
	take(&text, "hz");
	return *text == '\0';
}

/* Between width and height: what people write for an x. */
static bool take_times(const char **text)
{
	const char *after = *text;

	while (take(&after, " "))
		continue;
	if (!take(&after, "x") && !take(&after, "*") && !take(&after, "×") && after == *text)
		return false;
	while (take(&after, " "))
		continue;
	*text = after;
	return true;
}

/*
 * What was most likely meant, where the numbers are there and what is between or behind them is not
 * as we want it: "1920*1080", "1920x1080_60.00", "1920x1080@60 16:9".
 */
static char *suggest_size(const char *text)
{
	uint32_t width;
	uint32_t height;
	uint32_t refresh_mhz = 0;
	char rate[G_ASCII_DTOSTR_BUF_SIZE];
	const char *scan;

	if (!parse_number(&text, &width) || !take_times(&text) || !parse_number(&text, &height))
		return NULL;
	scan = take(&text, "i") ? "i" : "";
	text += strspn(text, "@_-/ ");
	if (!parse_refresh(&text, &refresh_mhz))
		return g_strdup_printf("%ux%u%s", width, height, scan);
	g_ascii_formatd(rate, sizeof(rate), "%g", refresh_mhz / 1000.0);
	return g_strdup_printf("%ux%u%s@%s", width, height, scan, rate);
}

/* ---- modelines ---- */

static bool parse_modeline_flag(const char *word, uint32_t *flags)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} table[] = {
		{"+hsync", DRM_MODE_FLAG_PHSYNC},
		{"-hsync", DRM_MODE_FLAG_NHSYNC},
		{"+vsync", DRM_MODE_FLAG_PVSYNC},
		{"-vsync", DRM_MODE_FLAG_NVSYNC},
		{"interlace", DRM_MODE_FLAG_INTERLACE},
		{"doublescan", DRM_MODE_FLAG_DBLSCAN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (g_str_equal(word, table[i].word)) {
			*flags |= table[i].flag;
			return true;
		}
	}
	return false;
}

/* At blanks, of which there may be several. */
static GStrv split_words(const char *text)
{
	GStrvBuilder *builder = g_strv_builder_new();
	g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
	GStrv words;

	for (char **part = parts; *part; part++) {
		if (**part)
			g_strv_builder_add(builder, *part);
	}
	words = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return words;
}

/*
 * The words behind the name, without which it is pasted as often: `Modeline "NAME" CLOCK …`, as
 * xorg.conf, cvt(1) and xrandr have it. NULL where the quotes do not close.
 */
static const char *skip_name(const char *text)
{
	bool named = false;

	if (g_str_has_prefix(text, "modeline") && strchr(" \t\"", text[strlen("modeline")])) {
		text += strlen("modeline");
		text += strspn(text, " \t");
		named = true;
	}
	if (*text == '"') {
		text = strchr(text + 1, '"');
		return text ? text + 1 : NULL;
	}
	return named ? text + strcspn(text, " \t") : text;
}

/* Fewer are something else. */
#define MODELINE_WORDS_MEANT 5

enum modeline {
	MODELINE_NONE, /* it is something else */
	MODELINE_WRONG, /* one was meant */
	MODELINE_RIGHT,
};

static bool parse_clock(const char *word, uint32_t *khz)
{
	char *end;
	double mhz = g_ascii_strtod(word, &end);

	if (*end != '\0' || !(mhz > 0 && mhz < 10000))
		return false;
	*khz = (uint32_t)lround(mhz * 1000);
	return true;
}

/* The clock, eight timings and flags. Returns the word that is none of a modeline's, or NULL. */
static const char *parse_modeline_words(char **words, drmModeModeInfo *mode)
{
	uint16_t *const fields[] = {&mode->hdisplay, &mode->hsync_start, &mode->hsync_end,
		&mode->htotal, &mode->vdisplay, &mode->vsync_start, &mode->vsync_end,
		&mode->vtotal};

	if (!*words || !parse_clock(*words, &mode->clock))
		return *words;
	words++;
	for (size_t i = 0; *words && i < G_N_ELEMENTS(fields); i++, words++) {
		const char *word = *words;
		uint32_t number;

		if (!parse_number(&word, &number) || *word != '\0')
			return *words;
		*fields[i] = (uint16_t)number;
	}
	while (*words && parse_modeline_flag(*words, &mode->flags))
		words++;
	return *words;
}

/* `wrong`: the word that is none of a modeline's, of `text`, belongs to the caller; else NULL. */
static enum modeline parse_modeline(const char *text, struct kms_mode_wish *wish, char **wrong)
{
	const char *numbers = skip_name(text);
	g_auto(GStrv) words = split_words(numbers ? numbers : "");
	const char *found;

	if (numbers == text && g_strv_length(words) < MODELINE_WORDS_MEANT)
		return MODELINE_NONE;
	wish->kind = KMS_MODE_MODELINE;
	found = parse_modeline_words(words, &wish->modeline);
	*wrong = g_strdup(found);
	/* Timings that are missing are zero, and not sane. */
	if (found || !kms_mode_is_sane(&wish->modeline))
		return MODELINE_WRONG;
	kms_mode_complete(&wish->modeline);
	return MODELINE_RIGHT;
}

static void set_modeline_error(GError **error, const char *text, const char *wrong)
{
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
		"\"%s\" is no modeline%s%s%s: write the clock in MHz, HDISPLAY HSYNC_START "
		"HSYNC_END HTOTAL, VDISPLAY VSYNC_START VSYNC_END VTOTAL (each group in rising "
		"order), then any of +hsync -hsync +vsync -vsync interlace doublescan",
		text, wrong ? " because of \"" : "", wrong ? wrong : "", wrong ? "\"" : "");
}

/* ---- a list ---- */

static void set_error(GError **error, const char *text)
{
	g_autofree char *lower = g_ascii_strdown(text, -1);
	g_autofree char *meant = suggest_size(lower);

	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
		"\"%s\" is no mode: write preferred, current, WIDTHxHEIGHT, WIDTHxHEIGHT@HERTZ, "
		"WIDTHxHEIGHTi (interlaced), WIDTHxHEIGHTR (reduced blanking, at 60 or 120 Hz), "
		"1080p60 or a modeline; or several, separated by semicolons%s%s%s",
		text, meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static bool parse_one(const char *text, struct kms_mode_wish *wish, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(text, -1);
	g_autofree char *wrong = NULL;
	enum modeline modeline;

	/* Compared bytewise by others: padding too is zero. */
	memset(wish, 0, sizeof(*wish));
	if (strcmp(text, "preferred") == 0 || strcmp(text, "current") == 0) {
		wish->kind = *text == 'p' ? KMS_MODE_PREFERRED : KMS_MODE_CURRENT;
		return true;
	}
	if (parse_size(lower, wish))
		return true;
	memset(wish, 0, sizeof(*wish));
	if (parse_format(lower, wish))
		return true;
	memset(wish, 0, sizeof(*wish));
	modeline = parse_modeline(lower, wish, &wrong);
	if (modeline == MODELINE_WRONG)
		set_modeline_error(error, text, wrong);
	else if (modeline == MODELINE_NONE)
		set_error(error, text);
	return modeline == MODELINE_RIGHT;
}

bool kms_mode_wishes_parse(const char *text, struct kms_mode_wishes *wishes, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text ? text : "preferred", ";", -1);

	memset(wishes, 0, sizeof(*wishes));
	for (char **part = parts; *part; part++) {
		/* Lists may end with a separator. */
		if (part != parts && !part[1] && !*g_strchug(*part))
			break;
		if (wishes->count == KMS_MODE_WISHES_MAX) {
			g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE,
				"more than %d modes in a list", KMS_MODE_WISHES_MAX);
			return false;
		}
		if (!parse_one(g_strstrip(*part), &wishes->list[wishes->count], error))
			return false;
		wishes->count++;
	}
	/* Split, an empty text has no parts. */
	if (!wishes->count)
		set_error(error, text);
	return wishes->count > 0;
}

bool kms_mode_valid(const char *text, GError **error)
{
	struct kms_mode_wishes wishes;

	return kms_mode_wishes_parse(text, &wishes, error);
}
