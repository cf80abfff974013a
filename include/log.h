/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line a fact, with the object's name in the text and as a structured field.
 *
 * Every room logs through these macros, so that `journalctl SCANOUTD_GUEST=kiosk` and a reader of
 * stderr find the same line. Nothing is logged per frame. src/report/log_writer.c is the writer.
 */
#ifndef SCANOUTD_LOG_H
#define SCANOUTD_LOG_H

#include <glib.h>

#define LOG_DOMAIN "scanoutd"

/* `name` is the guest's name in the configuration; `format` is a string literal. */
#define log_guest(level, name, format, ...) \
	g_log_structured(LOG_DOMAIN, (level), "SCANOUTD_GUEST", (name), "MESSAGE", \
		"guest %s: " format, (name), ##__VA_ARGS__)

/* `name` is that of a [lease] section. */
#define log_lease(level, name, format, ...) \
	g_log_structured(LOG_DOMAIN, (level), "SCANOUTD_LEASE", (name), "MESSAGE", \
		"lease %s: " format, (name), ##__VA_ARGS__)

/* `name` is the connector's name as users know it, "DP-1". */
#define log_output(level, name, format, ...) \
	g_log_structured(LOG_DOMAIN, (level), "SCANOUTD_OUTPUT", (name), "MESSAGE", "%s: " format, \
		(name), ##__VA_ARGS__)

/* `name` is the card's path, "/dev/dri/card0". */
#define log_card(level, name, format, ...) \
	g_log_structured(LOG_DOMAIN, (level), "SCANOUTD_CARD", (name), "MESSAGE", "%s: " format, \
		(name), ##__VA_ARGS__)

#define log_daemon(level, ...) g_log_structured(LOG_DOMAIN, (level), "MESSAGE", __VA_ARGS__)

#endif
