/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gate with a bus before it that is scripted byte by byte, and the test behind it in GDBus'
 * place; for test-dbus-gate and test-dbus-frame.
 */
#ifndef SCANOUTD_TEST_GATE_FIXTURE_H
#define SCANOUTD_TEST_GATE_FIXTURE_H

#include <gio/gio.h>

#include "input/dbus/gate.h"

/* What the bus says it is. */
#define GATE_GUID "0123456789abcdef0123456789abcdef"

struct gate_fixture {
	char *folder;
	char *path;
	char *address;
	int listener;
	int bus; /* the bus' end of the connection */
	struct account *account;
	struct dbus_budget budget;
	struct dbus_gate *gate;
	unsigned int told;
	GError *error;
	GIOStream *stream; /* GDBus' end … */
	int local; /* … and its fd; borrowed */
};

/* A bus that listens, and nobody there. */
void gate_fixture_init(struct gate_fixture *rig);
/* A gate has connected, and waits. */
void gate_fixture_connect(struct gate_fixture *rig);
/* The same for whoever connects. */
void gate_fixture_accept(struct gate_fixture *rig);
/* The byte that the connection begins with, and the first line. */
void gate_fixture_expect_greeting(struct gate_fixture *rig);
/* All of these, and the rest of the handshake. */
void gate_fixture_open(struct gate_fixture *rig);
void gate_fixture_close_local(struct gate_fixture *rig);
void gate_fixture_close_bus(struct gate_fixture *rig);
/* All is given back. */
void gate_fixture_finish(struct gate_fixture *rig);

/* The callback of a gate whose data is the fixture. */
void gate_fixture_opened(void *data, GIOStream *stream, const GError *error);

/* ---- bytes; the main loop runs meanwhile ---- */

void gate_fixture_send(int fd, const void *bytes, size_t size);
/* So many bytes, or as many as there are before the end. */
size_t gate_fixture_receive(int fd, uint8_t *bytes, size_t size);
void gate_fixture_expect_end(int fd);
/* What is underway has come: nothing more does. */
void gate_fixture_expect_silence(int fd);
void gate_fixture_expect_text(int fd, const char *text);

/* ---- messages ---- */

/* `order`: 'l' or 'B'. */
void gate_fixture_make_head(uint8_t *head, char order, uint8_t type, uint32_t fields,
	uint32_t body);
/* One of `size` bytes, each of which is another than the one before; the caller's. */
uint8_t *gate_fixture_make_message(char order, uint8_t type, size_t size);
void gate_fixture_send_message(int fd, uint8_t type, size_t size);
void gate_fixture_expect_message(int fd, char order, uint8_t type, size_t size);
/* A call goes out, so that an answer may come. */
void gate_fixture_call(struct gate_fixture *rig);

#endif
