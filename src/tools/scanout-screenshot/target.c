// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what the user named to a CRTC id.
 */
#include "target.h"

#include "error.h"

#include <string.h>

bool target_check(const struct target *target, const struct card *card, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	if (target->crtc_id) {
		for (size_t i = 0; i < card->crtc_count; i++)
			if (card->crtcs[i].id == target->crtc_id)
				return true;
		for (size_t i = 0; i < card->crtc_count; i++)
			g_string_append_printf(names, " %u", card->crtcs[i].id);
		g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
			"%s: no crtc %u; there are:%s", card->path, target->crtc_id, names->str);
		return false;
	}
	if (!target->connector)
		return true;
	for (size_t i = 0; i < card->connector_count; i++) {
		if (strcmp(card->connectors[i].name, target->connector) == 0)
			return true;
		g_string_append_printf(names, " %s", card->connectors[i].name);
	}
	g_set_error(error, SCREENSHOT_ERROR, SCREENSHOT_ERROR_FAILED,
		"%s: no connector %s; there are:%s", card->path, target->connector, names->str);
	return false;
}

uint32_t target_find(const struct target *target, const struct snapshot *snapshot)
{
	const struct card *card = snapshot->card;

	if (target->crtc_id)
		return target->crtc_id;
	if (target->connector) {
		for (size_t i = 0; i < card->connector_count; i++)
			if (strcmp(card->connectors[i].name, target->connector) == 0)
				return snapshot->connector_crtcs[i];
		return 0;
	}
	for (size_t i = 0; i < card->crtc_count; i++)
		if (snapshot->crtcs[i].active)
			return snapshot->crtcs[i].id;
	return 0;
}

const char *target_connector_name(const struct snapshot *snapshot, uint32_t crtc_id)
{
	for (size_t i = 0; i < snapshot->card->connector_count; i++)
		if (snapshot->connector_crtcs[i] == crtc_id)
			return snapshot->card->connectors[i].name;
	return NULL;
}
