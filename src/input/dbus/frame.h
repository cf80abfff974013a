/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * D-Bus messages in a stream of bytes: how long one is, and of which type, by the 16 bytes that
 * each begins with (D-Bus specification, "Message Format"). Used by gate.c, for both directions.
 * Pure: no state.
 */
#ifndef SCANOUTD_INPUT_DBUS_FRAME_H
#define SCANOUTD_INPUT_DBUS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define DBUS_FRAME_HEAD 16

enum dbus_frame_type {
	DBUS_FRAME_CALL = 1,
	DBUS_FRAME_RETURN = 2,
	DBUS_FRAME_ERROR = 3,
	DBUS_FRAME_SIGNAL = 4,
	/* Others may come: the specification says to ignore them. */
};

struct dbus_frame {
	uint8_t type; /* enum dbus_frame_type, or another */
	uint64_t size; /* bytes of the message, the head among them */
};

/* False: no message begins so, or it is longer than the specification allows. */
bool dbus_frame_read(struct dbus_frame *frame, const uint8_t head[DBUS_FRAME_HEAD]);

#endif
