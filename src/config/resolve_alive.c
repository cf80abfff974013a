/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs together of the keys that say how a guest proves that it is alive. */
#include "config/config.h"

static bool fail(GError **error, const struct config_guest *guest, const char *message)
{
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [guest %s]: %s", guest->origin,
		guest->name, message);
	return false;
}

bool config_resolve_alive(struct config_guest *guest, const char *folder, GError **error)
{
	struct alive_options *alive = &guest->alive;

	if (alive->proof == ALIVE_UNASKED && alive->period_ms != 0)
		return fail(error, guest, "alive-period= needs alive=");
	if (alive->proof == ALIVE_UNASKED && guest->alive_file != NULL)
		return fail(error, guest, "alive-file= needs alive=");
	if (alive->proof != ALIVE_SOCKET && guest->alive_socket != NULL)
		return fail(error, guest, "alive-socket= needs alive=socket");
	if (guest->alive_file != NULL && !g_path_is_absolute(guest->alive_file))
		return fail(error, guest, "alive-file= must be a path that begins with /");
	if (alive->period_ms == 0)
		alive->period_ms = CONFIG_ALIVE_PERIOD_MS;
	if (alive->proof == ALIVE_SOCKET && guest->alive_socket == NULL)
		guest->alive_socket = g_strdup_printf("%s/%s-alive.sock", folder, guest->name);
	return true;
}
