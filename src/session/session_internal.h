/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session as its three files see it: session.c (which way, and the front of both),
 * terminal.c (a virtual terminal that we handle ourselves) and seat_manager.c (a seat
 * manager, by libseat, which seat_client.c speaks). Nobody else includes this.
 */
#ifndef SCANOUTD_SESSION_INTERNAL_H
#define SCANOUTD_SESSION_INTERNAL_H

#include "session/session.h"

/* Each way's own struct begins with this one. */
struct session {
	const struct session_way *way;
	struct session_listener listener;
	void *data;
	/* `open` NULL: by ourselves. */
	struct device_opener card_opener;
	struct device_opener input_opener;
};

struct session_way {
	void (*destroy)(struct session *session);
	void (*switch_terminal)(struct session *session, int terminal);
	void (*take_keyboard)(struct session *session, bool taken);
	void (*set_card)(struct session *session, uint32_t card, int fd); /* NULL: not needed */
	bool (*leaves)(const struct session *session); /* the same */
};

/* As session_create(): *session is NULL where no terminal is ours. */
bool session_terminal_create(int vt, const struct session_listener *listener, void *data,
	struct session **session, GError **error);

/* NULL with SESSION_ERROR_NO_MANAGER where none answers. */
struct session *session_seat_create(const struct session_listener *listener, void *data,
	GError **error);

#endif
