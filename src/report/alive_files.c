/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/alive_files.h"

#include "report/file_writer.h"
#include "report/stats.h"

struct alive_files {
	struct member *const *members; /* borrowed */
	struct file_writer **writers; /* one for each of them; NULL: it has no file */
	size_t count;
};

static void write_state(struct file_writer *writer, enum alive_state state)
{
	file_writer_write(writer, g_strconcat(alive_state_name(state), "\n", NULL));
}

struct alive_files *alive_files_create(struct member *const *members, size_t count)
{
	struct alive_files *files = g_new0(struct alive_files, 1);

	files->members = members;
	files->writers = g_new0(struct file_writer *, count);
	files->count = count;
	for (size_t i = 0; i < count; i++) {
		const char *path = member_config(members[i])->alive_file;

		if (path == NULL)
			continue;
		files->writers[i] = file_writer_create("alive-file", path, stats_write_for_all);
		write_state(files->writers[i], ALIVE_UNWATCHED);
	}
	return files;
}

void alive_files_write(struct alive_files *files, const struct guest *guest, enum alive_state state)
{
	for (size_t i = 0; files != NULL && i < files->count; i++) {
		if (files->writers[i] != NULL && member_guest(files->members[i]) == guest)
			write_state(files->writers[i], state);
	}
}

void alive_files_destroy(struct alive_files *files, unsigned int timeout_ms)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->count; i++) {
		if (files->writers[i] != NULL)
			write_state(files->writers[i], ALIVE_UNWATCHED);
		file_writer_destroy(files->writers[i], timeout_ms);
	}
	g_free(files->writers);
	g_free(files);
}
