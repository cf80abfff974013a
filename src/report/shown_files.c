/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/shown_files.h"

#include <errno.h>
#include <unistd.h>

#include "log.h"
#include "report/file_writer.h"
#include "report/stats.h"

struct shown_file {
	const char *path; /* the configuration's; NULL: there is none */
	struct file_writer *writer; /* made when there is something to write */
};

struct shown_files {
	struct member *const *members; /* borrowed */
	struct shown_file *files; /* one for each of them */
	size_t count;
};

/* What is left by a daemon that was killed says nothing of this one. */
static void take_away(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		log_daemon(G_LOG_LEVEL_WARNING, "shown-file %s is not to be taken away: %s", path,
			g_strerror(errno));
}

struct shown_files *shown_files_create(struct member *const *members, size_t count)
{
	struct shown_files *files = g_new0(struct shown_files, 1);

	files->members = members;
	files->files = g_new0(struct shown_file, count);
	files->count = count;
	for (size_t i = 0; i < count; i++) {
		files->files[i].path = member_config(members[i])->shown_file;
		if (files->files[i].path != NULL)
			take_away(files->files[i].path);
	}
	return files;
}

void shown_files_write(struct shown_files *files, const struct guest *guest)
{
	for (size_t i = 0; files != NULL && i < files->count; i++) {
		struct shown_file *file = &files->files[i];

		if (file->path == NULL || file->writer != NULL ||
			member_guest(files->members[i]) != guest)
			continue;
		file->writer = file_writer_create("shown-file", file->path, stats_write_for_all);
		file_writer_write(file->writer, g_strdup("shown\n"));
	}
}

void shown_files_destroy(struct shown_files *files, unsigned int timeout_ms)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->count; i++) {
		file_writer_destroy(files->files[i].writer, timeout_ms);
		if (files->files[i].path != NULL)
			take_away(files->files[i].path);
	}
	g_free(files->files);
	g_free(files);
}
