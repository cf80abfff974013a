/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log_writer.h"

#include "escape.h"
#include "report/journal.h"
#include "report/log_rate.h"
#include "report/standard_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe takes so much at once or not at all; longer lines are cut. */
#define LINE_MAX_BYTES 4096

/* GLib calls its writer from wherever a line is logged, so this cannot be in main's struct. */
static struct {
	GMutex lock; /* for all below but the level: threads log, too, and none waits while it holds it */
	GLogLevelFlags level;
	int journal; /* a socket for it; -1: lines go to standard error */
	struct standard_error standard_error;
	unsigned int lost; /* lines that neither of them took */
	struct log_rate *rate;
} writer = {.level = G_LOG_LEVEL_INFO, .journal = -1};

static const char *level_word(GLogLevelFlags level)
{
	switch (level & G_LOG_LEVEL_MASK) {
	case G_LOG_LEVEL_ERROR:
	case G_LOG_LEVEL_CRITICAL:
		return "error: ";
	case G_LOG_LEVEL_WARNING:
		return "warning: ";
	case G_LOG_LEVEL_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

/* NULL: there is none. */
static const char *find_text(const GLogField *fields, gsize count, const char *key)
{
	for (gsize i = 0; i < count; i++) {
		if (strcmp(fields[i].key, key) == 0 && fields[i].length < 0)
			return fields[i].value;
	}
	return NULL;
}

static bool write_message(GLogLevelFlags level, const char *message)
{
	char line[LINE_MAX_BYTES];
	size_t size = (size_t)snprintf(line, sizeof(line), "scanoutd: %s", level_word(level));

	size += escape_text(line + size, sizeof(line) - size, message, "");
	line[size++] = '\n';
	return standard_error_write(&writer.standard_error, line, size);
}

static bool send_fields(GLogLevelFlags level, const GLogField *fields, gsize count)
{
	if (writer.journal >= 0) {
		switch (journal_send(writer.journal, JOURNAL_SOCKET, fields, count)) {
		case JOURNAL_SENT:
			return true;
		case JOURNAL_FULL:
			return false;
		case JOURNAL_FAILED:
			break;
		}
	}
	const char *message = find_text(fields, count, "MESSAGE");

	return write_message(level, message != NULL ? message : "");
}

static bool tell_lost(void)
{
	char message[64];
	const GLogField fields[] = {
		{"MESSAGE", message, -1},
		{"PRIORITY", "4", -1},
	};

	snprintf(message, sizeof(message), "%u log lines were lost here", writer.lost);
	return send_fields(G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS(fields));
}

/* Or counts it. */
static void send_or_lose(GLogLevelFlags level, const GLogField *fields, gsize count)
{
	if (writer.lost > 0 && tell_lost())
		writer.lost = 0;
	if (writer.lost > 0 || !send_fields(level, fields, count))
		writer.lost++;
}

/* `kind`: "guest" or "lease". */
static void tell_left_out(const char *kind, const char *key, const char *name,
	unsigned int left_out)
{
	g_autofree char *message = g_strdup_printf("%s %s: %u log lines were left out here", kind,
		name, left_out);
	const GLogField fields[] = {
		{"MESSAGE", message, -1},
		{"PRIORITY", "4", -1},
		{key, name, -1},
	};

	send_or_lose(G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS(fields));
}

/* Whether the guest that a line is of, or the lease, if it is of one, has not had too many of
 * them. */
static bool rate_takes(const GLogField *fields, gsize count)
{
	const char *guest = find_text(fields, count, "SCANOUTD_GUEST");
	const char *lease = guest == NULL ? find_text(fields, count, "SCANOUTD_LEASE") : NULL;
	g_autofree char *of_lease = lease != NULL ? g_strdup_printf("lease %s", lease) : NULL;
	unsigned int left_out = 0;

	if (guest == NULL && lease == NULL)
		return true;
	/* No guest's name has a blank in it. */
	if (!log_rate_takes(writer.rate, guest != NULL ? guest : of_lease, g_get_monotonic_time(),
		    &left_out))
		return false;
	if (left_out > 0 && guest != NULL)
		tell_left_out("guest", "SCANOUTD_GUEST", guest, left_out);
	else if (left_out > 0)
		tell_left_out("lease", "SCANOUTD_LEASE", lease, left_out);
	return true;
}

static GLogWriterOutput write_fields(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	/* More urgent levels are smaller numbers. */
	if ((level & G_LOG_LEVEL_MASK) > writer.level)
		return G_LOG_WRITER_HANDLED;
	g_mutex_lock(&writer.lock);
	if (rate_takes(fields, count))
		send_or_lose(level, fields, count);
	g_mutex_unlock(&writer.lock);
	return G_LOG_WRITER_HANDLED;
}

void log_writer_set_level(GLogLevelFlags level)
{
	writer.level = level;
}

void log_writer_install(GLogLevelFlags level)
{
	writer.level = level;
	writer.rate = log_rate_create();
	standard_error_open(&writer.standard_error);
	if (g_log_writer_is_journald(STDERR_FILENO))
		writer.journal = journal_open();
	g_log_set_writer_func(write_fields, NULL, NULL);
}
