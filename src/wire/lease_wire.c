/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/lease_wire.h"

#include "wire/stream.h"

/* enum dlm_opcode */
#define GET_LEASE 0
#define RELEASE_LEASE 1

enum lease_wire_status lease_wire_read(struct stream *stream)
{
	/* More than a request has: a longer packet is none. */
	int packet[2];
	const struct iovec room = {packet, sizeof(packet)};
	size_t bytes;

	switch (stream_read(stream, &room, 1, &bytes, NULL)) {
	case STREAM_AGAIN:
		return LEASE_WIRE_WAIT;
	case STREAM_DONE:
		break;
	/* An empty packet looks like the end, and is as good as that. */
	default:
		return LEASE_WIRE_ENDED;
	}
	if (bytes != sizeof(packet[0]))
		return LEASE_WIRE_FAULT;
	switch (packet[0]) {
	case GET_LEASE:
		return LEASE_WIRE_GET;
	case RELEASE_LEASE:
		return LEASE_WIRE_RELEASE;
	default:
		return LEASE_WIRE_FAULT;
	}
}

enum lease_wire_status lease_wire_send(struct stream *stream, int fd)
{
	char byte = 0;
	const struct iovec answer = {&byte, sizeof(byte)};
	size_t bytes;

	switch (stream_write(stream, &answer, 1, &bytes, &fd, 1)) {
	case STREAM_DONE:
		return LEASE_WIRE_GET;
	case STREAM_AGAIN:
		return LEASE_WIRE_WAIT;
	default:
		return LEASE_WIRE_ENDED;
	}
}
