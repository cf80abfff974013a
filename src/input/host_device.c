/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/host_device.h"

#include <string.h>

static bool matches_text(const char *pattern, const char *text)
{
	return !pattern || (text && g_pattern_match_simple(pattern, text));
}

static bool matches_id(const char *pattern, const struct seat_device *device)
{
	char id[16];

	g_snprintf(id, sizeof(id), "%04x:%04x", seat_device_vendor(device),
		seat_device_product(device));
	return matches_text(pattern, id);
}

static bool matches_property(const char *wanted, const struct seat_device *device)
{
	const char *equals = wanted ? strchr(wanted, '=') : NULL;
	g_autofree char *name = NULL;

	if (!wanted)
		return true;
	/* Without a value it only has to be there. */
	if (!equals)
		return seat_device_property(device, wanted) != NULL;
	name = g_strndup(wanted, (gsize)(equals - wanted));
	return matches_text(equals + 1, seat_device_property(device, name));
}

static bool matches_type(const char *type, const struct seat_device *device)
{
	static const struct {
		const char *word;
		enum seat_capability capability;
	} types[] = {
		{"keyboard", SEAT_KEYBOARD},
		{"pointer", SEAT_POINTER},
		{"touch", SEAT_TOUCH},
		{"tablet", SEAT_TABLET},
		{"switch", SEAT_SWITCH},
	};

	for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
		if (g_str_equal(types[i].word, type))
			return seat_device_capabilities(device) & types[i].capability;
	}
	return true;
}

static bool matches(const struct config_device *section, const struct seat_device *device)
{
	return matches_text(section->match_name, seat_device_name(device)) &&
		matches_id(section->match_id, device) &&
		matches_text(section->match_path, seat_device_property(device, "ID_PATH")) &&
		matches_property(section->match_property, device) &&
		matches_type(section->match_type, device);
}

void host_device_options(const GPtrArray *sections, const struct seat_device *device,
	struct seat_device_options *options)
{
	for (guint i = 0; i < sections->len; i++) {
		const struct config_device *section = g_ptr_array_index(sections, i);
		const struct seat_device_options *wanted = &section->options;

		if (!matches(section, device))
			continue;
		if (section->ignore_given)
			options->ignore = wanted->ignore;
		if (section->acceleration_given)
			options->acceleration = wanted->acceleration;
		if (wanted->profile)
			options->profile = wanted->profile;
		if (wanted->natural_scrolling)
			options->natural_scrolling = wanted->natural_scrolling;
		if (wanted->tap)
			options->tap = wanted->tap;
		if (wanted->left_handed)
			options->left_handed = wanted->left_handed;
		if (wanted->calibrated) {
			options->calibrated = true;
			memcpy(options->calibration, wanted->calibration,
				sizeof(options->calibration));
		}
	}
}

struct host_device *host_device_create(const GPtrArray *sections, struct seat_device *device)
{
	struct host_device *host = g_new0(struct host_device, 1);
	const char *touch_pad = seat_device_property(device, "ID_INPUT_TOUCHPAD");
	enum config_motion motion = CONFIG_MOTION_DEFAULT;

	host->device = device;
	for (guint i = 0; i < sections->len; i++) {
		const struct config_device *section = g_ptr_array_index(sections, i);

		if (!matches(section, device))
			continue;
		if (section->guest)
			host->guest = section->guest;
		if (section->output)
			host->output = section->output;
		if (section->motion)
			motion = section->motion;
		host->passthrough |= section->passthrough;
	}
	/* A guest accelerates a mouse by itself; a touch pad counts in its own units. */
	host->raw = motion ? motion == CONFIG_MOTION_RAW
			   : !touch_pad || !g_str_equal(touch_pad, "1");
	return host;
}

void host_device_destroy(struct host_device *host)
{
	g_free(host);
}
