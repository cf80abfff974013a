/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/layout_choose.h"

#include <string.h>

#include "scene/layout_resolve.h"

const char *layout_reason_name(enum layout_reason reason)
{
	static const char *const names[] = {
		[LAYOUT_FIRST] = "first",
		[LAYOUT_WHEN] = "when",
		[LAYOUT_CONFIGURED] = "configured",
		[LAYOUT_KEY] = "key",
	};

	return names[reason];
}

bool layout_counts(const char *layouts, const char *name)
{
	const char *listed;
	size_t length;

	if (!layouts)
		return true;
	while (name && layout_next_name(&layouts, &listed, &length)) {
		if (strlen(name) == length && memcmp(name, listed, length) == 0)
			return true;
	}
	return false;
}

static bool has_monitor(const struct layout_connector *connectors, size_t count, const char *name,
	size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (connectors[i].connected && layout_is_called(&connectors[i], name, length))
			return true;
	}
	return false;
}

static bool holds(const char *when, const struct layout_connector *connectors, size_t count)
{
	const char *name;
	size_t length;

	while (layout_next_name(&when, &name, &length)) {
		if (!has_monitor(connectors, count, name, length))
			return false;
	}
	return true;
}

size_t layout_rule(const struct layout_named *named, size_t count,
	const struct layout_connector *connectors, size_t connector_count)
{
	size_t without = LAYOUT_NONE;

	for (size_t i = 0; i < count; i++) {
		if (!named[i].when)
			without = MIN(without, i);
		else if (holds(named[i].when, connectors, connector_count))
			return i;
	}
	return without;
}
