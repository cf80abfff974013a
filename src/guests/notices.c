/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/notices.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "escape.h"
#include "log.h"
#include "turn.h"

#define SUFFIX ".status"

/* Of a file: what is on a card is read from afar. */
#define TEXT_BYTES 200

/* Of events, in a turn: more than one of the longest name. */
#define EVENT_BYTES 1024

G_STATIC_ASSERT(EVENT_BYTES >= sizeof(struct inotify_event) + NAME_MAX + 1);

struct notices {
	char *folder;
	notices_func noticed;
	void *data;
	int inotify;
	guint source;
};

/* The first line; what would not be seen is written as it is in the log. NULL: there is none. */
static char *to_text(char *bytes)
{
	bytes[strcspn(bytes, "\n")] = '\0';
	g_strstrip(bytes);
	return bytes[0] != '\0' ? escape_new(bytes, "") : NULL;
}

/* Neither a link nor a FIFO is followed or waited for. */
static char *read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char bytes[TEXT_BYTES + 1] = {0};
	struct stat status;
	ssize_t size = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		size = read(fd, bytes, TEXT_BYTES);
	close(fd);
	return size > 0 ? to_text(bytes) : NULL;
}

static void look_at(const struct notices *notices, const char *file)
{
	g_autofree char *guest = NULL;
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	if (!g_str_has_suffix(file, SUFFIX))
		return;
	guest = g_strndup(file, strlen(file) - strlen(SUFFIX));
	path = g_build_filename(notices->folder, file, NULL);
	text = read_text(path);
	if (text != NULL)
		notices->noticed(notices->data, guest, text);
}

static gboolean changed(gint fd, GIOCondition condition, gpointer data)
{
	const struct notices *notices = data;
	_Alignas(struct inotify_event) char bytes[EVENT_BYTES];
	ssize_t size = read(fd, bytes, sizeof(bytes));
	const struct inotify_event *event;

	turn_note();
	for (ssize_t at = 0; at < size; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const void *)(bytes + at);
		if (event->len > 0)
			look_at(notices, event->name);
	}
	return G_SOURCE_CONTINUE;
}

struct notices *notices_create(const char *folder, notices_func noticed, void *data)
{
	int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct notices *notices;

	if (inotify < 0 ||
		inotify_add_watch(inotify, folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
		log_daemon(errno == ENOENT ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
			"%s/NAME" SUFFIX " is not read: %s", folder, g_strerror(errno));
		if (inotify >= 0)
			close(inotify);
		return NULL;
	}
	notices = g_new0(struct notices, 1);
	notices->folder = g_strdup(folder);
	notices->noticed = noticed;
	notices->data = data;
	notices->inotify = inotify;
	notices->source = turn_name(g_unix_fd_add(inotify, G_IO_IN, changed, notices), "notices");
	return notices;
}

void notices_destroy(struct notices *notices)
{
	if (notices == NULL)
		return;
	g_source_remove(notices->source);
	close(notices->inotify);
	g_free(notices->folder);
	g_free(notices);
}
