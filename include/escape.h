/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way of text to a terminal. Names come from hardware and configuration, error texts from
 * other programs, file names from anywhere: what would move a terminal's cursor or more is written
 * as \x and two hexadecimal digits a byte. Called by whatever writes to standard error or output:
 * the log's writer, `scanoutd --list`, the tools. No state.
 */
#ifndef SCANOUTD_ESCAPE_H
#define SCANOUTD_ESCAPE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Neither controls (C0, DEL, C1) nor what reorders or parts a line without being seen. */
static inline bool escape_is_plain(gunichar character)
{
	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return false;
	default:
		return true;
	}
}

/*
 * Writes `text` to `to`, escaped, but for the ASCII characters of `kept`; what is no UTF-8 is
 * escaped too. Returns the bytes written, fewer than `size`, without a part of a character and
 * without a zero byte at the end: a longer text is cut.
 */
static inline size_t escape_text(char *to, size_t size, const char *text, const char *kept)
{
	size_t used = 0;

	while (*text != '\0') {
		gunichar c = g_utf8_get_char_validated(text, -1);
		bool valid = c != (gunichar)-1 && c != (gunichar)-2;
		bool plain = valid && (escape_is_plain(c) || strchr(kept, *text) != NULL);
		size_t bytes = valid ? (size_t)(g_utf8_next_char(text) - text) : 1;

		if (used + bytes * (plain ? 1 : 4) >= size)
			break;
		for (size_t i = 0; !plain && i < bytes; i++)
			snprintf(to + used + 4 * i, 5, "\\x%02x", (unsigned char)text[i]);
		if (plain)
			memcpy(to + used, text, bytes);
		used += bytes * (plain ? 1 : 4);
		text += bytes;
	}
	return used;
}

/* The same as a string of its own, the caller's. */
static inline char *escape_new(const char *text, const char *kept)
{
	size_t size = 4 * strlen(text) + 1;
	char *to = g_malloc(size);

	to[escape_text(to, size, text, kept)] = '\0';
	return to;
}

/* What g_set_printerr_handler() takes: g_printerr("…\n") is one line on standard error. */
static inline void escape_print_message(const char *message)
{
	size_t length = strlen(message);
	g_autofree char *line = g_strndup(message, length - g_str_has_suffix(message, "\n"));
	g_autofree char *printed = escape_new(line, "");

	fprintf(stderr, "%s\n", printed);
}

#endif
