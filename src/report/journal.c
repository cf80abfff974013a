/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/journal.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ENTRY_MAX_BYTES 8192

struct entry {
	char bytes[ENTRY_MAX_BYTES];
	size_t size;
};

int journal_open(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static bool append(struct entry *entry, const void *bytes, size_t size)
{
	if (size > sizeof(entry->bytes) - entry->size)
		return false;
	memcpy(entry->bytes + entry->size, bytes, size);
	entry->size += size;
	return true;
}

/* KEY=value, or with its length before it where it may contain the newline that ends it. */
static bool append_field(struct entry *entry, const GLogField *field)
{
	size_t size = field->length < 0 ? strlen(field->value) : (size_t)field->length;
	guint64 length = GUINT64_TO_LE((guint64)size);

	if (!append(entry, field->key, strlen(field->key)))
		return false;
	if (field->length < 0 && !strchr(field->value, '\n'))
		return append(entry, "=", 1) && append(entry, field->value, size) &&
			append(entry, "\n", 1);
	return append(entry, "\n", 1) && append(entry, &length, sizeof(length)) &&
		append(entry, field->value, size) && append(entry, "\n", 1);
}

enum journal_result journal_send(int socket, const char *path, const GLogField *fields, gsize count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct entry entry;

	entry.size = 0;
	for (gsize i = 0; i < count; i++) {
		if (!append_field(&entry, &fields[i]))
			return JOURNAL_FAILED;
	}
	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return JOURNAL_FAILED;
	if (sendto(socket, entry.bytes, entry.size, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&address, sizeof(address)) >= 0)
		return JOURNAL_SENT;
	return errno == EAGAIN || errno == ENOBUFS ? JOURNAL_FULL : JOURNAL_FAILED;
}
