/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One configuration value of each kind, from text, and the types of those that are nobody else's;
 * and the word that was meant. Below config.h, which is made of them. For keys.c and options.c.
 */
#ifndef SCANOUTD_CONFIG_VALUE_H
#define SCANOUTD_CONFIG_VALUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/combination.h"
#include "config/device_options.h"
#include "kms_settings.h"
#include "scene/alive.h"
#include "scene/answers.h"
#include "scene/hours.h"
#include "scene/picture_spec.h"
#include "scene/place.h"
#include "scene/region.h"

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);

/* A duration that does not end. */
#define CONFIG_NEVER (-1)

enum config_error {
	CONFIG_ERROR_FILE, /* cannot be read */
	CONFIG_ERROR_VALUE, /* the message has file and line, or the option */
};

/* config_daemon.vt: no VT, or the one that stdin is, else the VT's number. */
#define CONFIG_VT_NONE (-1)
#define CONFIG_VT_AUTO 0

/* Whether card and input devices are opened by a seat manager: AUTO, where we are not root and one
 * is there. */
enum config_seat_manager {
	CONFIG_SEAT_MANAGER_AUTO,
	CONFIG_SEAT_MANAGER_YES,
	CONFIG_SEAT_MANAGER_NO,
};

/* How motion of one of the host's devices is counted for the guest: by default raw of mice, and
 * accelerated of touch pads. */
enum config_motion {
	CONFIG_MOTION_DEFAULT,
	CONFIG_MOTION_RAW,
	CONFIG_MOTION_ACCELERATED,
};

/* Each message continues "KEY=VALUE: ": it says what is allowed. */
bool config_parse_place(const char *text, enum place_policy *place, GError **error);
/* "last", "black", "card", a colour as "#1a2b3c", or an absolute path; what `spec` had is freed. */
bool config_parse_picture(const char *text, struct picture_spec *spec, GError **error);
bool config_parse_log_level(const char *text, GLogLevelFlags *level, GError **error);
bool config_parse_vt(const char *text, int *vt, GError **error);
/* Paths separated by semicolons; what *cards had is freed. (value_card.c) */
bool config_parse_cards(const char *text, char ***cards, GError **error);
/* What the card at a path is called: its last part, borrowed. */
const char *config_card_name(const char *path);
bool config_parse_seat_manager(const char *text, enum config_seat_manager *manager, GError **error);
bool config_parse_number(const char *text, gint64 min, gint64 max, gint64 *number, GError **error);
/* "500ms", "2s", "10min", "1h" or "never" (CONFIG_NEVER); at most 30 days. */
bool config_parse_duration(const char *text, gint64 *milliseconds, GError **error);
/* As "500ms", from `min` to `max` milliseconds. (value_alive.c) */
bool config_parse_period(const char *text, gint64 min, gint64 max, gint64 *milliseconds,
	GError **error);
/* "none", "frames", … (value_alive.c) */
bool config_parse_alive(const char *text, enum alive_proof *proof, GError **error);
/* "hide" or "show". */
bool config_parse_firmware(const char *text, enum firmware_pictures *pictures, GError **error);
/* "flip", "copied" or "auto". */
bool config_parse_answers(const char *text, enum answers_mode *mode, GError **error);
/* "X,Y WxH", pixels; and not empty. (value_alive.c) */
bool config_parse_rectangle(const char *text, struct kms_rect *rectangle, GError **error);
/* Checksums of eight hexadecimal digits, separated by semicolons: they replace those that are
 * there. (value_alive.c) */
bool config_parse_expect(const char *text, struct region_options *region, GError **error);
/* "auto", "normal", "90", … "flipped-270": see scene/place.h. */
bool config_parse_transform(const char *text, enum kms_transform *transform, GError **error);
/* "#rrggbb", as XRGB. */
bool config_parse_color(const char *text, uint32_t *color, GError **error);
/* Of a setting of a connector, by its kind's words or numbers: then it is among those that are
 * given. */
bool config_parse_setting(const char *text, enum kms_setting setting, struct kms_settings *settings,
	GError **error);
/* Times of day: see scene/hours.h. */
bool config_parse_hours(const char *text, struct hours *hours, GError **error);
bool config_parse_position(const char *text, int32_t *x, int32_t *y, GError **error);
/* A guest's or a machine's name: part of a socket's path and of LISTEN_FDNAMES. */
bool config_parse_name(const char *text, GError **error);
/* "off" sets *off and leaves *mode NULL; else *mode is the caller's. Only the form is judged: what
 * the monitor has is known to kms/ alone. */
bool config_parse_mode(const char *text, bool *off, char **mode, GError **error);

/* "none" or a seat's name; NULL is none. The caller's. */
bool config_parse_seat(const char *text, char **seat, GError **error);
/* Combinations separated by semicolons; replaces what is in the array. */
bool config_parse_combinations(const char *text, GArray *combinations, GError **error);
/* "none" is one without keys. */
bool config_parse_combination(const char *text, struct combination *combination, GError **error);
/* The same of modifiers alone. */
bool config_parse_modifiers(const char *text, struct combination *combination, GError **error);
/* "none" or kinds separated by semicolons. */
bool config_parse_choice(const char *text, bool *yes, GError **error);
bool config_parse_device_type(const char *text, GError **error);
/* "046d:c077", or a pattern that can be one; capitals are the same. */
bool config_parse_device_id(const char *text, GError **error);
/* "DP-1", or words: make, model and serial number. Whether it is there, kms/ alone knows. */
bool config_parse_device_output(const char *text, GError **error);
bool config_parse_motion(const char *text, enum config_motion *motion, GError **error);
bool config_parse_profile(const char *text, struct seat_device_options *options, GError **error);
bool config_parse_acceleration(const char *text, double *acceleration, GError **error);
/* Six numbers, or nine that end with 0 0 1, with blanks or commas between; or 0, 90, 180, 270:
 * turned clockwise so much. */
bool config_parse_calibration(const char *text, float calibration[6], GError **error);

/* "a;b": names, each once. */
bool config_parse_layouts(const char *text, GError **error);
/* "DP-1;HDMI-A-1": at least one output, each once. */
bool config_parse_when(const char *text, GError **error);
/* "640x480" */
bool config_parse_size(const char *text, int32_t *width, int32_t *height, GError **error);
/* "0.5" or "50%", of 0xffff */
bool config_parse_opacity(const char *text, uint16_t *opacity, GError **error);

/* Of the words offered, the one that `wanted` is most likely a misspelling of; NULL where none is
 * near. */
struct config_nearest {
	const char *wanted;
	const char *found;
	guint distance;
};

void config_nearest_init(struct config_nearest *nearest, const char *wanted);
void config_nearest_offer(struct config_nearest *nearest, const char *candidate);

/* Adds "; did you mean CANDIDATE?" to the message. */
void config_did_you_mean(GError **error, const char *candidate);

#endif
