/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/session.h"

#include <unistd.h>

#include "log.h"
#include "session/session_internal.h"

G_DEFINE_QUARK(scanoutd_session_error_quark, session_error)

/* Root opens everything, and gives the console back by itself. A terminal that is named, or none,
 * is a wish that a seat manager does not know. */
static bool may_use_manager(const struct session_options *options)
{
	switch (options->seat_manager) {
	case CONFIG_SEAT_MANAGER_YES:
		return true;
	case CONFIG_SEAT_MANAGER_NO:
		return false;
	case CONFIG_SEAT_MANAGER_AUTO:
		break;
	}
	return geteuid() != 0 && options->vt == CONFIG_VT_AUTO;
}

bool session_create(const struct session_options *options, const struct session_listener *listener,
	void *data, struct session **session, GError **error)
{
	g_autoptr(GError) failure = NULL;

	*session = NULL;
	if (may_use_manager(options)) {
		*session = session_seat_create(listener, data, &failure);
		if (*session != NULL)
			return true;
		if (options->seat_manager == CONFIG_SEAT_MANAGER_YES ||
			!g_error_matches(failure, SESSION_ERROR, SESSION_ERROR_NO_MANAGER)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return false;
		}
		log_daemon(G_LOG_LEVEL_DEBUG, "devices are opened directly: %s", failure->message);
	}
	return session_terminal_create(options->vt, listener, data, session, error);
}

bool session_leaves(const struct session *session)
{
	return session != NULL && session->way->leaves != NULL && session->way->leaves(session);
}

void session_destroy(struct session *session)
{
	if (session != NULL)
		session->way->destroy(session);
}

void session_switch_terminal(struct session *session, int terminal)
{
	if (session != NULL)
		session->way->switch_terminal(session, terminal);
}

void session_take_keyboard(struct session *session, bool taken)
{
	if (session != NULL && session->way->take_keyboard != NULL)
		session->way->take_keyboard(session, taken);
}

void session_set_card(struct session *session, uint32_t card, int fd)
{
	if (session != NULL && session->way->set_card != NULL)
		session->way->set_card(session, card, fd);
	else if (fd >= 0)
		close(fd);
}

const struct device_opener *session_card_opener(const struct session *session)
{
	return session != NULL && session->card_opener.open != NULL ? &session->card_opener : NULL;
}

const struct device_opener *session_input_opener(const struct session *session)
{
	return session != NULL && session->input_opener.open != NULL ? &session->input_opener
								     : NULL;
}
