/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One configuration value of each kind, from text; and the word that was meant. For config.c and
 * options.c.
 */
#ifndef SCANOUTD_CONFIG_VALUE_H
#define SCANOUTD_CONFIG_VALUE_H

#include "config/config.h"

/* Each message continues "KEY=VALUE: ": it says what is allowed. */
bool config_parse_place(const char *text, enum place_policy *place, GError **error);
bool config_parse_idle(const char *text, bool *last, GError **error);
bool config_parse_log_level(const char *text, GLogLevelFlags *level, GError **error);
bool config_parse_vt(const char *text, int *vt, GError **error);
bool config_parse_seat_manager(const char *text, enum config_seat_manager *manager, GError **error);
bool config_parse_number(const char *text, gint64 min, gint64 max, gint64 *number, GError **error);
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
bool config_parse_motion(const char *text, enum config_motion *motion, GError **error);
bool config_parse_profile(const char *text, struct seat_device_options *options, GError **error);
bool config_parse_acceleration(const char *text, double *acceleration, GError **error);
/* Six numbers, or 0, 90, 180, 270: turned clockwise so much. */
bool config_parse_calibration(const char *text, float calibration[6], GError **error);

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
