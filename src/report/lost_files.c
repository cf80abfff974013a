/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/lost_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "config/config.h"
#include "log.h"
#include "wire/lost_vmms.h"

static bool write_file(const char *path)
{
	static const char text[] = "lost\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0644);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, sizeof(text) - 1) == sizeof(text) - 1;
	close(fd);
	return written;
}

void lost_files_write(const GPtrArray *guests)
{
	g_autofree char *folder = config_runtime_folder();

	for (guint i = 0; g_getenv("RUNTIME_DIRECTORY") != NULL && i < guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);
		g_autofree char *path = g_strdup_printf("%s/%s.lost", folder, guest->vm);

		if ((lost_vmms_has(guest->name) || lost_vmms_has(guest->vm)) && !write_file(path))
			log_guest(G_LOG_LEVEL_WARNING, guest->name,
				"%s: %s: its VMM is not started again", path, g_strerror(errno));
	}
	lost_vmms_forget();
}
