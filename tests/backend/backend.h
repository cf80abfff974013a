/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the scripted back-end share beside their own headers: errors, and the words of
 * a script's line. The program is a judge of the daemon, so it shares no code with it but the
 * numbers of include/vhost_user*.h.
 */
#ifndef SCRIPTED_BACKEND_H
#define SCRIPTED_BACKEND_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BACKEND_ERROR (g_quark_from_static_string("scripted-backend"))

enum backend_error {
	BACKEND_ERROR_SCRIPT, /* the script says something that cannot be done */
	BACKEND_ERROR_FRONTEND, /* the front-end did what it must not */
	BACKEND_ERROR_SYSTEM,
};

/* Sets the error and is false. */
G_GNUC_PRINTF(3, 4)
static inline bool backend_fail(GError **error, enum backend_error code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	GError *made = g_error_new_valist(BACKEND_ERROR, (gint)code, format, arguments);
	va_end(arguments);
	g_propagate_error(error, made);
	return false;
}

#endif
