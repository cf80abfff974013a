/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/host_device.h"

#include <string.h>

#include "input/match.h"

static const char *get_property(const void *data, const char *name)
{
	return seat_device_property(data, name);
}

static bool matches(const struct config_device *section, const struct seat_device *device)
{
	return match_section(section,
		&(struct match_device){
			.name = seat_device_name(device),
			.vendor = seat_device_vendor(device),
			.product = seat_device_product(device),
			.capabilities = seat_device_capabilities(device),
			.property = get_property,
			.data = device,
		});
}

void host_device_options(const GPtrArray *sections, const struct seat_device *device,
	struct seat_device_options *options)
{
	bool passthrough = false;

	for (guint i = 0; i < sections->len; i++) {
		const struct config_device *section = g_ptr_array_index(sections, i);
		const struct seat_device_options *wanted = &section->options;

		if (!matches(section, device))
			continue;
		if (section->ignore_given)
			options->ignore = wanted->ignore;
		/* It is read without libinput, see passthrough.h. */
		passthrough |= section->passthrough;
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
	options->ignore |= passthrough;
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
	}
	/* A guest accelerates a mouse by itself; a touch pad counts in its own units. */
	host->raw = motion ? motion == CONFIG_MOTION_RAW
			   : !touch_pad || !g_str_equal(touch_pad, "1");
	return host;
}

void host_device_show_leds(struct host_device *host, uint32_t leds)
{
	if (!(seat_device_capabilities(host->device) & SEAT_KEYBOARD) ||
		(host->leds_shown && host->leds == leds))
		return;
	host->leds = leds;
	host->leds_shown = true;
	seat_device_set_leds(host->device, leds);
}

void host_device_destroy(struct host_device *host)
{
	g_free(host);
}
