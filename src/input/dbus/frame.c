/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/frame.h"

#include <glib.h>
#include <string.h>

/* The specification's, in bytes. */
#define MESSAGE_MAX (UINT64_C(1) << 27)
#define FIELDS_MAX (UINT64_C(1) << 26)

#define VERSION 1

static uint64_t read_u32(const uint8_t *bytes, bool little)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return little ? GUINT32_FROM_LE(value) : GUINT32_FROM_BE(value);
}

/* Byte order, type, flags, version; length of the body, serial, length of the header's fields,
 * which are padded to 8. */
bool dbus_frame_read(struct dbus_frame *frame, const uint8_t head[DBUS_FRAME_HEAD])
{
	bool little = head[0] == 'l';
	uint64_t body = read_u32(head + 4, little);
	uint64_t fields = read_u32(head + 12, little);

	if ((!little && head[0] != 'B') || head[1] == 0 || head[3] != VERSION)
		return false;
	frame->type = head[1];
	frame->size = DBUS_FRAME_HEAD + ((fields + 7) & ~UINT64_C(7)) + body;
	return fields <= FIELDS_MAX && frame->size <= MESSAGE_MAX;
}
