/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_writer.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe takes so much at once or says that it cannot; longer lines are cut. */
#define LINE_MAX_BYTES 4096

/* GLib calls its writer from wherever a line is logged, so this cannot be in main's struct. */
static struct {
	GLogLevelFlags level;
	bool journal;
	unsigned int lost; /* lines that standard error did not take */
} writer = {.level = G_LOG_LEVEL_INFO};

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

static const char *find_message(const GLogField *fields, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0 && fields[i].length < 0)
			return fields[i].value;
	}
	return "";
}

/* A reader of our standard error that sleeps must not make us sleep. */
static bool write_line(const char *line, size_t size)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
		return false;
	return write(STDERR_FILENO, line, size) == (ssize_t)size;
}

static void write_message(GLogLevelFlags level, const char *message)
{
	char line[LINE_MAX_BYTES];
	int size;

	if (writer.lost > 0) {
		size = snprintf(line, sizeof(line),
			"scanoutd: warning: %u log lines were lost here\n", writer.lost);
		if (write_line(line, (size_t)size))
			writer.lost = 0;
	}
	size = snprintf(line, sizeof(line), "scanoutd: %s%s\n", level_word(level), message);
	if ((size_t)size >= sizeof(line)) {
		size = sizeof(line) - 1;
		line[size - 1] = '\n';
	}
	if (writer.lost > 0 || !write_line(line, (size_t)size))
		writer.lost++;
}

static GLogWriterOutput write_fields(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	/* More urgent levels are smaller numbers. */
	if ((level & G_LOG_LEVEL_MASK) > writer.level)
		return G_LOG_WRITER_HANDLED;
	if (writer.journal &&
		g_log_writer_journald(level, fields, count, data) == G_LOG_WRITER_HANDLED)
		return G_LOG_WRITER_HANDLED;
	write_message(level, find_message(fields, count));
	return G_LOG_WRITER_HANDLED;
}

void log_writer_set_level(GLogLevelFlags level)
{
	writer.level = level;
}

void log_writer_install(GLogLevelFlags level)
{
	writer.level = level;
	writer.journal = g_log_writer_is_journald(STDERR_FILENO);
	g_log_set_writer_func(write_fields, NULL, NULL);
}
