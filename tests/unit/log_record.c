/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_record.h"

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	GString *logged = data;

	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			g_string_append_printf(logged, "%s\n", (const char *)fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

GString *log_record(void)
{
	GString *logged = g_string_new(NULL);

	g_log_set_writer_func(record, logged, NULL);
	return logged;
}
