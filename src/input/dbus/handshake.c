/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/handshake.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

static void append_hexadecimal(char says[DBUS_HANDSHAKE_LINE], const char *text)
{
	for (const char *at = text; *at; at++) {
		size_t length = strlen(says);

		g_snprintf(says + length, DBUS_HANDSHAKE_LINE - length, "%02x",
			(unsigned int)(unsigned char)*at);
	}
	g_strlcat(says, "\r\n", DBUS_HANDSHAKE_LINE);
}

/* The next mechanism. */
static enum dbus_handshake_step ask(struct dbus_handshake *handshake,
	char says[DBUS_HANDSHAKE_LINE], GError **error)
{
	char user[24];

	switch (handshake->asked++) {
	case 0:
		g_strlcpy(says, "AUTH EXTERNAL ", DBUS_HANDSHAKE_LINE);
		g_snprintf(user, sizeof(user), "%lu", (unsigned long)geteuid());
		append_hexadecimal(says, user);
		return DBUS_HANDSHAKE_SAYS;
	case 1:
		g_strlcpy(says, "AUTH ANONYMOUS ", DBUS_HANDSHAKE_LINE);
		append_hexadecimal(says, "scanoutd");
		return DBUS_HANDSHAKE_SAYS;
	default:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
			"the bus does not let user %lu in", (unsigned long)geteuid());
		return DBUS_HANDSHAKE_FAILED;
	}
}

void dbus_handshake_init(struct dbus_handshake *handshake, char says[DBUS_HANDSHAKE_LINE])
{
	memset(handshake, 0, sizeof(*handshake));
	ask(handshake, says, NULL);
}

/* A line of the bus, without its end. */
static enum dbus_handshake_step answer(struct dbus_handshake *handshake, const char *line,
	char says[DBUS_HANDSHAKE_LINE], GError **error)
{
	if (g_str_has_prefix(line, "OK ") && g_dbus_is_guid(line + 3)) {
		g_strlcpy(handshake->guid, line + 3, sizeof(handshake->guid));
		g_strlcpy(says, "BEGIN\r\n", DBUS_HANDSHAKE_LINE);
		return DBUS_HANDSHAKE_DONE;
	}
	if (g_str_has_prefix(line, "REJECTED") || g_str_has_prefix(line, "ERROR"))
		return ask(handshake, says, error);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
		"what listens there does not speak D-Bus");
	return DBUS_HANDSHAKE_FAILED;
}

enum dbus_handshake_step dbus_handshake_hear(struct dbus_handshake *handshake, const void *bytes,
	size_t size, size_t *used, char says[DBUS_HANDSHAKE_LINE], GError **error)
{
	const char *end = memchr(bytes, '\n', size);
	size_t taken = end ? (size_t)(end - (const char *)bytes) + 1 : size;
	size_t room = sizeof(handshake->line) - handshake->length;

	*used = taken;
	/* One too long is cut, and then is none that we know. */
	memcpy(handshake->line + handshake->length, bytes, MIN(taken, room));
	handshake->length += MIN(taken, room);
	if (!end && handshake->length < sizeof(handshake->line))
		return DBUS_HANDSHAKE_WAITS;
	if (handshake->length < 2 ||
		memcmp(handshake->line + handshake->length - 2, "\r\n", 2) != 0)
		handshake->length = 2;
	handshake->line[handshake->length - 2] = '\0';
	handshake->length = 0;
	return answer(handshake, handshake->line, says, error);
}
