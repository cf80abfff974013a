/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config_reader.h"

#include <stdbool.h>

#include "config/config.h"
#include "config/options.h"
#include "turn.h"

/* The main thread's, and while it is read the other thread's; then the main thread's again. */
struct reading {
	struct config_reader *reader; /* the main thread's: NULL, nobody waits for it */
	char **arguments;
	struct config *config;
	GError *error;
	GMainContext *context;
	GSource *done; /* attached by the thread when it has finished */
};

struct config_reader {
	char **arguments;
	config_reader_func func;
	void *data;
	struct reading *reading; /* under way, or NULL */
	bool again;
};

/* The only code that runs in the thread. */
static void *run(void *data)
{
	struct reading *reading = data;
	GSource *done = g_source_ref(reading->done);
	GMainContext *context = g_main_context_ref(reading->context);
	struct options options;

	if (options_init(&options, reading->arguments, &reading->error)) {
		reading->config = options_read(&options, &reading->error);
		options_finish(&options);
	}
	/* Last: the main thread may free the reading from then on. */
	g_source_attach(done, context);
	g_source_unref(done);
	g_main_context_unref(context);
	return NULL;
}

static void free_reading(struct reading *reading)
{
	config_destroy(reading->config);
	g_clear_error(&reading->error);
	g_source_destroy(reading->done);
	g_source_unref(reading->done);
	g_main_context_unref(reading->context);
	g_free(reading);
}

static void tell(struct config_reader *reader, struct reading *reading)
{
	reader->func(reader->data, g_steal_pointer(&reading->config), reading->error);
}

static gboolean finished(gpointer data)
{
	struct reading *reading = data;
	struct config_reader *reader = reading->reader;

	turn_note();
	if (reader != NULL) {
		reader->reading = NULL;
		if (reader->again)
			config_reader_read(reader);
		else
			tell(reader, reading);
	}
	free_reading(reading);
	return G_SOURCE_REMOVE;
}

static struct reading *new_reading(struct config_reader *reader)
{
	struct reading *reading = g_new0(struct reading, 1);

	reading->reader = reader;
	reading->arguments = reader->arguments;
	reading->context = g_main_context_ref_thread_default();
	reading->done = g_idle_source_new();
	g_source_set_priority(reading->done, G_PRIORITY_DEFAULT);
	g_source_set_static_name(reading->done, "configuration");
	g_source_set_callback(reading->done, finished, reading, NULL);
	return reading;
}

void config_reader_read(struct config_reader *reader)
{
	struct reading *reading;
	GThread *thread;

	reader->again = reader->reading != NULL;
	if (reader->again)
		return;
	reading = new_reading(reader);
	thread = g_thread_try_new("configuration", run, reading, &reading->error);
	if (thread != NULL) {
		reader->reading = reading;
		g_thread_unref(thread);
		return;
	}
	tell(reader, reading);
	free_reading(reading);
}

struct config_reader *config_reader_create(char **arguments, config_reader_func func, void *data)
{
	struct config_reader *reader = g_new0(struct config_reader, 1);

	reader->arguments = arguments;
	reader->func = func;
	reader->data = data;
	return reader;
}

void config_reader_destroy(struct config_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->reading != NULL)
		reader->reading->reader = NULL;
	g_free(reader);
}
