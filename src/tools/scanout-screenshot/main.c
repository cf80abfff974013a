// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scanout-screenshot: takes a screenshot of what is on a CRTC, for people and for the tests. Runs
 * as root, shares no code with the daemon that it judges but escape.h, never becomes DRM master
 * (card.h says how). This file is the command line and nothing else.
 *
 * Exit status: 0 done, or yes; 1 no (pictures differ, the time ran out, nothing is on); 2 it could
 * not be done, or the command line is wrong.
 */
#include "error.h"
#include "escape.h"
#include "json.h"
#include "photograph.h"
#include "target.h"
#include "watch.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 10 /* for a stable photograph of a picture that moves */

enum exit_status {
	EXIT_YES,
	EXIT_NO,
	EXIT_TROUBLE,
};

static const char summary[] =
	"Takes a screenshot of a CRTC, all its planes composed as their state says.\n"
	"\n"
	"  scanout-screenshot --output NOW.png --json --checksum   one screenshot, several answers\n"
	"  scanout-screenshot --connector DP-1 --wait-picture WANTED.png --timeout 5 [--output LAST.png]\n"
	"  scanout-screenshot --watch 10 --record FOLDER           one line for each vblank\n"
	"  scanout-screenshot --compare A.png B.png [--tolerance 1]   needs no card";

/* The command line, as it was given. */
struct command {
	char *card, *connector, *output, *crop, *wait_picture, *record;
	char *checksum_of, *crc_of;
	char **pixels, **files;
	int crtc, frames, tolerance;
	double timeout, watch;
	gboolean all, json, checksum, crc, compare;
	struct picture_rect crop_rect; /* of --crop */
};

static enum exit_status trouble(const GError *error)
{
	g_printerr("scanout-screenshot: %s\n", error->message);
	return g_error_matches(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_OFF) ? EXIT_NO
									      : EXIT_TROUBLE;
}

static bool usage_error(GError **error, const char *message)
{
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
	return false;
}

static bool parse_options(struct command *command, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"card", 0, 0, G_OPTION_ARG_STRING, &command->card,
			"Card to look at: path or number (default: the first with connectors)",
			"CARD"},
		{"crtc", 0, 0, G_OPTION_ARG_INT, &command->crtc, "CRTC by its id", "ID"},
		{"connector", 0, 0, G_OPTION_ARG_STRING, &command->connector,
			"CRTC that feeds this connector", "CONNECTOR"},
		{"all", 0, 0, G_OPTION_ARG_NONE, &command->all,
			"All CRTCs that are on; files become FILE-CONNECTOR.png", NULL},
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &command->output, "Write the screenshot",
			"FILE.png"},
		{"json", 0, 0, G_OPTION_ARG_NONE, &command->json,
			"Print the states of CRTCs, planes and connectors", NULL},
		{"checksum", 0, 0, G_OPTION_ARG_NONE, &command->checksum,
			"Print a hash of the picture", NULL},
		{"crc", 0, 0, G_OPTION_ARG_NONE, &command->crc,
			"Print the CRC that vkms has for this picture in debugfs", NULL},
		{"pixel", 0, 0, G_OPTION_ARG_STRING_ARRAY, &command->pixels,
			"Print a pixel as rrggbb (may be repeated)", "X,Y"},
		{"crop", 0, 0, G_OPTION_ARG_STRING, &command->crop,
			"Look at this part of the picture only", "X,Y,WxH"},
		{"wait-picture", 0, 0, G_OPTION_ARG_FILENAME, &command->wait_picture,
			"Take one at each vblank until the picture is this one", "FILE.png"},
		{"timeout", 0, 0, G_OPTION_ARG_DOUBLE, &command->timeout,
			"Wait no longer than this (default 10)", "SECONDS"},
		{"watch", 0, 0, G_OPTION_ARG_DOUBLE, &command->watch,
			"Print one line for each vblank, for so long", "SECONDS"},
		{"frames", 0, 0, G_OPTION_ARG_INT, &command->frames,
			"Print one line for each vblank, so many", "N"},
		{"record", 0, 0, G_OPTION_ARG_FILENAME, &command->record,
			"With --watch or --frames: write each distinct picture there as CHECKSUM.png",
			"FOLDER"},
		{"compare", 0, 0, G_OPTION_ARG_NONE, &command->compare,
			"Compare the two files given", NULL},
		{"tolerance", 0, 0, G_OPTION_ARG_INT, &command->tolerance,
			"With --compare: allowed difference of a channel (default 0)", "0-255"},
		{"checksum-of", 0, 0, G_OPTION_ARG_FILENAME, &command->checksum_of,
			"Print the hash of a file", "FILE.png"},
		{"crc-of", 0, 0, G_OPTION_ARG_FILENAME, &command->crc_of,
			"Print vkms's CRC of a file", "FILE.png"},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &command->files, NULL,
			"[A.png B.png]"},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, argc, argv, error);
}

/* Whole numbers with these separators between them, one a character; and nothing behind. */
static bool parse_numbers(const char *text, const char *separators, uint32_t *numbers)
{
	for (size_t i = 0;; i++) {
		char *end;
		unsigned long number;

		if (!g_ascii_isdigit(*text))
			return false;
		errno = 0;
		number = strtoul(text, &end, 10);
		if (errno != 0 || number > UINT32_MAX || *end != separators[i])
			return false;
		numbers[i] = (uint32_t)number;
		if (*end == '\0')
			return true;
		text = end + 1;
	}
}

static bool parse_crop(struct command *command)
{
	uint32_t numbers[4];

	if (!parse_numbers(command->crop, ",,x", numbers))
		return false;
	command->crop_rect = (struct picture_rect){numbers[0], numbers[1], numbers[2], numbers[3]};
	return true;
}

static bool check_command(struct command *command, GError **error)
{
	bool watches = command->watch > 0 || command->frames > 0;
	bool photographs = command->output || command->json || command->checksum || command->crc ||
		command->pixels;
	size_t file_count = command->files ? g_strv_length(command->files) : 0;
	int modes = (command->compare != 0) + (command->checksum_of || command->crc_of) +
		(command->wait_picture != NULL) + watches;

	if (modes > 1)
		return usage_error(error,
			"--compare, --checksum-of and --crc-of, --wait-picture, "
			"--watch or --frames: one of them at a time");
	if (modes == 0 && !photographs)
		return usage_error(error,
			"nothing to do: --output, --json, --checksum, --crc or "
			"--pixel? See --help");
	if (file_count != (command->compare ? 2 : 0))
		return usage_error(error,
			command->compare ? "--compare takes two files"
					 : "files are for --compare only");
	if (command->crtc < 0 || command->frames < 0 || command->watch < 0 || command->timeout < 0)
		return usage_error(error, "a number is negative");
	if (command->tolerance < 0 || command->tolerance > 255)
		return usage_error(error, "--tolerance is 0 to 255");
	if ((command->crtc != 0) + (command->connector != NULL) + command->all > 1)
		return usage_error(error, "--crtc, --connector, --all: one of them");
	if (command->all && (modes > 0))
		return usage_error(error, "--all is for screenshots and --json only");
	if (command->record && !watches)
		return usage_error(error, "--record goes with --watch or --frames");
	if (command->crop && !parse_crop(command))
		return usage_error(error, "--crop is X,Y,WxH");
	return true;
}

static enum exit_status compare_files(const struct command *command)
{
	g_autoptr(GError) error = NULL;
	struct picture a = {0}, b = {0};
	struct picture_difference difference;
	enum exit_status status = EXIT_YES;

	if (!picture_read_png(&a, command->files[0], &error) ||
		!picture_read_png(&b, command->files[1], &error)) {
		status = trouble(error);
	} else if (a.width != b.width || a.height != b.height) {
		printf("sizes differ: %ux%u, %ux%u\n", a.width, a.height, b.width, b.height);
		status = EXIT_NO;
	} else if (!picture_compare(&a, &b, command->tolerance, &difference)) {
		printf("%" PRIu64 " of %" PRIu64 " pixels differ, first at %u,%u: %06x, %06x; "
		       "all inside %u,%u,%ux%u; largest difference of a channel %u\n",
			difference.count, (uint64_t)a.width * a.height, difference.first_x,
			difference.first_y, difference.first_a, difference.first_b,
			difference.bounds.x, difference.bounds.y, difference.bounds.width,
			difference.bounds.height, difference.largest);
		status = EXIT_NO;
	}
	picture_finish(&a);
	picture_finish(&b);
	return status;
}

static enum exit_status hash_files(const struct command *command)
{
	g_autoptr(GError) error = NULL;
	struct picture picture = {0};
	bool ok = true;

	if (command->checksum_of) {
		ok = picture_read_png(&picture, command->checksum_of, &error);
		if (ok)
			printf("%016" PRIx64 "\n", picture_checksum(&picture));
	}
	if (ok && command->crc_of) {
		ok = picture_read_png(&picture, command->crc_of, &error);
		if (ok)
			printf("0x%08x\n", picture_vkms_crc(&picture));
	}
	picture_finish(&picture);
	return ok ? EXIT_YES : trouble(error);
}

static bool print_pixels(const struct command *command, const struct picture *picture,
	GError **error)
{
	for (char **pixel = command->pixels; pixel && *pixel; pixel++) {
		uint32_t at[2];

		if (!parse_numbers(*pixel, ",", at) || at[0] >= picture->width ||
			at[1] >= picture->height) {
			g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
				"--pixel %s: not X,Y inside a picture of %ux%u", *pixel,
				picture->width, picture->height);
			return false;
		}
		printf("%06x\n", picture->pixels[(size_t)at[1] * picture->width + at[0]]);
	}
	return true;
}

/* FILE.png, or with --all FILE-CONNECTOR.png. */
static char *output_path(const struct command *command, const char *name)
{
	size_t length = strlen(command->output);

	if (!command->all)
		return g_strdup(command->output);
	if (g_str_has_suffix(command->output, ".png"))
		length -= strlen(".png");
	return g_strdup_printf("%.*s-%s.png", (int)length, command->output, name);
}

/* Photographs one CRTC and gives all answers about the picture that were asked for. */
static bool photograph_crtc(const struct command *command, struct photographer *photographer,
	uint32_t crtc_id, GError **error)
{
	struct photograph photograph = {0};
	struct picture part = {0};
	const struct picture *picture = &photograph.picture;
	g_autofree char *name = NULL;
	bool ok = photograph_take(photographer, crtc_id, ATTEMPTS, command->crc, &photograph,
		error);

	if (ok) {
		const char *connector = target_connector_name(&photographer->before, crtc_id);

		name = connector ? g_strdup(connector) : g_strdup_printf("crtc-%u", crtc_id);
		if (!photograph.stable)
			g_printerr("scanout-screenshot: %s: the picture changed at every attempt\n",
				name);
	}
	if (ok && command->crop) {
		ok = picture_crop(&photograph.picture, &command->crop_rect, &part, error);
		picture = &part;
	}
	if (ok && command->output) {
		g_autofree char *path = output_path(command, name);

		ok = picture_write_png(picture, path, error);
	}
	if (ok && command->checksum)
		printf("%s%s%016" PRIx64 "\n", command->all ? name : "", command->all ? " " : "",
			picture_checksum(picture));
	if (ok && command->crc)
		printf("%s%s0x%08x\n", command->all ? name : "", command->all ? " " : "",
			photograph.vkms_crc);
	ok = ok && print_pixels(command, picture, error);
	picture_finish(&photograph.picture);
	picture_finish(&part);
	return ok;
}

static bool print_json(struct photographer *photographer, uint32_t crtc_id)
{
	g_autoptr(GString) text = g_string_new(NULL);

	json_append_snapshot(text, &photographer->before, crtc_id);
	return fputs(text->str, stdout) >= 0;
}

/* Everything that one photograph of one or of all CRTCs answers. */
static bool photograph_target(const struct command *command, struct photographer *photographer,
	const struct target *target, GError **error)
{
	bool photographs = command->output || command->checksum || command->crc || command->pixels;
	bool chosen = target->crtc_id || target->connector;
	uint32_t crtc_id = 0;
	bool ok = snapshot_read(&photographer->before, error);

	if (ok && !command->all)
		crtc_id = target_find(target, &photographer->before);
	if (ok && photographs && !command->all && crtc_id == 0) {
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_OFF, "%s is off",
			target->connector ? target->connector : photographer->card->path);
		return false;
	}
	if (ok && photographs && command->all) {
		for (size_t i = 0; i < photographer->card->crtc_count && ok; i++)
			if (photographer->before.crtcs[i].active)
				ok = photograph_crtc(command, photographer,
					photographer->before.crtcs[i].id, error);
	} else if (ok && photographs) {
		ok = photograph_crtc(command, photographer, crtc_id, error);
	}
	return ok && (!command->json || print_json(photographer, chosen ? crtc_id : 0));
}

static enum exit_status wait_for_picture(const struct command *command,
	struct photographer *photographer, const struct target *target,
	const struct watch_options *options)
{
	g_autoptr(GError) error = NULL;
	struct picture expected = {0}, seen = {0};
	enum watch_result result = WATCH_FAILED;

	if (picture_read_png(&expected, command->wait_picture, &error))
		result = watch_wait_picture(photographer, target, options, &expected, &seen,
			&error);
	if (result != WATCH_FAILED && command->output && seen.pixels &&
		!picture_write_png(&seen, command->output, &error))
		result = WATCH_FAILED;
	if (result == WATCH_NO)
		g_printerr("scanout-screenshot: %s did not come within %g s; %s\n",
			command->wait_picture, command->timeout,
			seen.pixels ? "another picture is on" : "nothing is on");
	picture_finish(&expected);
	picture_finish(&seen);
	if (result == WATCH_FAILED)
		return trouble(error);
	return result == WATCH_YES ? EXIT_YES : EXIT_NO;
}

static int64_t seconds(double value)
{
	return value >= G_MAXINT32 ? G_MAXINT64 : (int64_t)(value * G_USEC_PER_SEC);
}

static enum exit_status use_card(const struct command *command, struct card *card)
{
	g_autoptr(GError) error = NULL;
	struct target target = {.crtc_id = command->crtc, .connector = command->connector};
	struct watch_options options = {
		.frames = command->frames,
		.crop = command->crop ? &command->crop_rect : NULL,
		.record = command->record,
	};
	struct photographer photographer;
	enum exit_status status = EXIT_YES;

	if (!target_check(&target, card, &error))
		return trouble(error);
	photographer_init(&photographer, card);
	if (command->wait_picture) {
		options.duration = seconds(command->timeout);
		status = wait_for_picture(command, &photographer, &target, &options);
	} else if (command->watch > 0 || command->frames > 0) {
		options.duration = command->watch > 0 ? seconds(command->watch) : G_MAXINT64;
		if (watch_print(&photographer, &target, &options, &error) == WATCH_FAILED)
			status = trouble(error);
	} else if (!photograph_target(command, &photographer, &target, &error)) {
		status = trouble(error);
	}
	photographer_finish(&photographer);
	/* The promise of card.h, checked once more at the end of the work. */
	if (card_is_master(card)) {
		g_printerr("scanout-screenshot: %s: became DRM master\n", card->path);
		status = EXIT_TROUBLE;
	}
	return status;
}

static enum exit_status run(const struct command *command)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_strdup(command->card);
	struct card card;
	enum exit_status status;

	if (command->compare)
		return compare_files(command);
	if (command->checksum_of || command->crc_of)
		return hash_files(command);
	if (path && g_ascii_isdigit(path[0])) {
		g_free(path);
		path = g_strconcat("/dev/dri/card", command->card, NULL);
	}
	if (!card_open(&card, path, &error))
		return trouble(error);
	status = use_card(command, &card);
	card_close(&card);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct command command = {.timeout = 10};
	enum exit_status status;

	setlocale(LC_CTYPE, "");
	g_set_printerr_handler(escape_print_message);
	if (!parse_options(&command, &argc, &argv, &error) || !check_command(&command, &error))
		status = trouble(error);
	else
		status = run(&command);
	if (fflush(stdout) != 0)
		status = EXIT_TROUBLE;
	g_free(command.card);
	g_free(command.connector);
	g_free(command.output);
	g_free(command.crop);
	g_free(command.wait_picture);
	g_free(command.record);
	g_free(command.checksum_of);
	g_free(command.crc_of);
	g_strfreev(command.pixels);
	g_strfreev(command.files);
	return status;
}
