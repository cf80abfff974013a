/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/file_writer.h"

#include "log.h"
#include "turn.h"

struct file_writer {
	char *what;
	char *path;
	file_writer_func write;
	/* What the thread touches, too. */
	GMutex mutex;
	GCond idle;
	char *waiting; /* the next text, or NULL */
	bool runs; /* the thread */
	bool abandoned; /* the thread frees it */
	GError *error; /* of the last one that failed, until it is logged */
	guint report_source;
};

struct file_writer *file_writer_create(const char *what, const char *path, file_writer_func write)
{
	struct file_writer *writer = g_new0(struct file_writer, 1);

	writer->what = g_strdup(what);
	writer->path = g_strdup(path);
	writer->write = write;
	g_mutex_init(&writer->mutex);
	g_cond_init(&writer->idle);
	return writer;
}

static void free_writer(struct file_writer *writer)
{
	g_mutex_clear(&writer->mutex);
	g_cond_clear(&writer->idle);
	g_clear_error(&writer->error);
	g_free(writer->waiting);
	g_free(writer->path);
	g_free(writer->what);
	g_free(writer);
}

static void log_failure(struct file_writer *writer)
{
	GError *error;

	g_mutex_lock(&writer->mutex);
	writer->report_source = 0;
	error = g_steal_pointer(&writer->error);
	g_mutex_unlock(&writer->mutex);
	if (!error)
		return;
	log_daemon(G_LOG_LEVEL_WARNING, "%s: %s", writer->what, error->message);
	g_error_free(error);
}

static gboolean report(gpointer data)
{
	turn_note();
	log_failure(data);
	return G_SOURCE_REMOVE;
}

/* With the mutex held: the log is the main thread's. */
static void keep_error(struct file_writer *writer, GError *error)
{
	if (!error)
		return;
	g_clear_error(&writer->error);
	writer->error = error;
	if (!writer->report_source && !writer->abandoned)
		writer->report_source = turn_name(g_idle_add(report, writer), "file writer");
}

static gpointer run(gpointer data)
{
	struct file_writer *writer = data;
	bool abandoned;

	g_mutex_lock(&writer->mutex);
	while (writer->waiting) {
		g_autofree char *text = g_steal_pointer(&writer->waiting);
		GError *error = NULL;

		g_mutex_unlock(&writer->mutex);
		writer->write(writer->path, text, &error);
		g_mutex_lock(&writer->mutex);
		keep_error(writer, error);
	}
	writer->runs = false;
	abandoned = writer->abandoned;
	g_cond_signal(&writer->idle);
	g_mutex_unlock(&writer->mutex);
	if (abandoned)
		free_writer(writer);
	return NULL;
}

void file_writer_write(struct file_writer *writer, char *text)
{
	GThread *thread = NULL;
	GError *error = NULL;

	g_mutex_lock(&writer->mutex);
	g_free(writer->waiting);
	writer->waiting = text;
	if (!writer->runs)
		thread = g_thread_try_new("file writer", run, writer, &error);
	if (thread)
		writer->runs = true;
	keep_error(writer, error);
	g_mutex_unlock(&writer->mutex);
	if (thread)
		g_thread_unref(thread);
}

void file_writer_destroy(struct file_writer *writer, unsigned int timeout_ms)
{
	gint64 end_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	bool runs;

	if (!writer)
		return;
	g_mutex_lock(&writer->mutex);
	while (writer->runs && g_cond_wait_until(&writer->idle, &writer->mutex, end_us))
		;
	runs = writer->runs;
	writer->abandoned = runs;
	g_clear_handle_id(&writer->report_source, g_source_remove);
	/* From here on the thread may free it. */
	if (runs)
		log_daemon(G_LOG_LEVEL_WARNING, "%s: %s: still not written, left alone",
			writer->what, writer->path);
	g_mutex_unlock(&writer->mutex);
	if (runs)
		return;
	log_failure(writer);
	free_writer(writer);
}
