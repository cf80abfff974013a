/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which [device] sections are of which device, and what they say together. The device is this
 * test's: a seat makes its own of what hangs on the host alone.
 */
#include <glib.h>
#include <string.h>

#include "input/host_device.h"

/* ---- a device ---- */

struct seat_device {
	unsigned int capabilities;
	const char *name;
	uint32_t vendor, product;
	const char *properties[6]; /* names and values, in turn */
};

unsigned int seat_device_capabilities(const struct seat_device *device)
{
	return device->capabilities;
}

const char *seat_device_name(const struct seat_device *device)
{
	return device->name;
}

uint32_t seat_device_vendor(const struct seat_device *device)
{
	return device->vendor;
}

uint32_t seat_device_product(const struct seat_device *device)
{
	return device->product;
}

const char *seat_device_property(const struct seat_device *device, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(device->properties); i += 2) {
		if (g_strcmp0(device->properties[i], name) == 0)
			return device->properties[i + 1];
	}
	return NULL;
}

/* "3 ", for each time. */
static GString *leds_set;

void seat_device_set_leds(struct seat_device *device, uint32_t leds)
{
	g_string_append_printf(leds_set, "%u ", leds);
}

static const struct seat_device mouse = {
	.capabilities = SEAT_POINTER | SEAT_KEYBOARD,
	.name = "Logitech USB Mouse",
	.vendor = 0x046d,
	.product = 0xc077,
	.properties = {"ID_PATH", "pci-0000:00:14.0-usb-0:2:1.0", "ID_SEAT", "seat0"},
};

static struct host_device *create(const GPtrArray *sections, const struct seat_device *device)
{
	return host_device_create(sections, (struct seat_device *)device);
}

/* ---- matching ---- */

static const struct {
	struct {
		const char *name, *id, *path, *property, *type;
	} match;
	bool matches;
} matches[] = {
	{{0}, true},
	{{.name = "Logitech USB Mouse"}, true},
	{{.name = "Logitech*"}, true},
	{{.name = "logitech*"}, false},
	{{.name = "USB"}, false},
	{{.name = "*USB*"}, true},
	{{.name = ""}, false},
	{{.id = "046d:c077"}, true},
	{{.id = "046d:*"}, true},
	{{.id = "46d:c077"}, false},
	{{.id = "046D:C077"}, true},
	{{.id = "046D:*"}, true},
	{{.id = "046d:C07?"}, true},
	{{.id = "046d:C078"}, false},
	{{.path = "pci-*-usb-0:2:*"}, true},
	{{.path = "pci-*-usb-0:3:*"}, false},
	{{.property = "ID_SEAT=seat0"}, true},
	{{.property = "ID_SEAT=seat*"}, true},
	{{.property = "ID_SEAT=seat1"}, false},
	{{.property = "ID_SEAT="}, false},
	{{.property = "ID_SEAT"}, true},
	{{.property = "ID_SEA"}, false},
	{{.property = "ID_BUS=usb"}, false},
	{{.property = "=seat0"}, false},
	{{.type = "pointer"}, true},
	{{.type = "keyboard"}, true},
	{{.type = "touch"}, false},
	{{.type = "tablet"}, false},
	{{.type = "switch"}, false},
	/* All that are given must. */
	{{.name = "Logitech*", .id = "046d:*", .type = "pointer"}, true},
	{{.name = "Logitech*", .id = "046d:*", .type = "touch"}, false},
	{{.name = "Genius*", .id = "046d:*"}, false},
};

static void test_matching(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(matches); i++) {
		struct config_device section = {
			.guest = (char[]){"kiosk"},
			.match_name = (char *)matches[i].match.name,
			.match_id = (char *)matches[i].match.id,
			.match_path = (char *)matches[i].match.path,
			.match_property = (char *)matches[i].match.property,
			.match_type = (char *)matches[i].match.type,
		};
		g_autoptr(GPtrArray) sections = g_ptr_array_new();
		struct host_device *host;

		g_test_message("section %zu", i);
		g_ptr_array_add(sections, &section);
		host = create(sections, &mouse);
		g_assert_cmpstr(host->guest, ==, matches[i].matches ? "kiosk" : NULL);
		host_device_destroy(host);
	}
}

/* ---- what they say ---- */

static void test_together(void)
{
	struct config_device all = {
		.guest = (char[]){"a"},
		.output = (char[]){"DP-1"},
		.motion = CONFIG_MOTION_ACCELERATED,
		.options = {.ignore = true,
			.acceleration = 0.5,
			.profile = SEAT_PROFILE_FLAT,
			.tap = SEAT_ON,
			.calibrated = true,
			.calibration = {1, 2, 3, 4, 5, 6}},
		.ignore_given = true,
		.acceleration_given = true,
	};
	struct config_device of_mice = {
		.match_type = (char[]){"pointer"},
		.guest = (char[]){"b"},
		.options = {.ignore = false,
			.acceleration = 0,
			.profile = SEAT_PROFILE_ADAPTIVE,
			.natural_scrolling = SEAT_ON,
			.left_handed = SEAT_OFF},
		.ignore_given = true,
		.acceleration_given = true,
	};
	struct config_device of_others = {
		.match_type = (char[]){"touch"},
		.guest = (char[]){"c"},
		.output = (char[]){"DP-3"},
		.options = {.tap = SEAT_OFF, .ignore = true},
		.ignore_given = true,
	};
	g_autoptr(GPtrArray) sections = g_ptr_array_new();
	struct seat_device_options options = {.acceleration = -1};
	struct host_device *host;

	g_ptr_array_add(sections, &all);
	g_ptr_array_add(sections, &of_mice);
	g_ptr_array_add(sections, &of_others);
	host = create(sections, &mouse);
	g_assert_true(host->device == &mouse);
	/* A later one replaces what it says, and nothing else. */
	g_assert_cmpstr(host->guest, ==, "b");
	g_assert_cmpstr(host->output, ==, "DP-1");
	g_assert_false(host->raw);
	host_device_destroy(host);

	host_device_options(sections, &mouse, &options);
	g_assert_false(options.ignore);
	g_assert_cmpfloat(options.acceleration, ==, 0);
	g_assert_cmpint(options.profile, ==, SEAT_PROFILE_ADAPTIVE);
	g_assert_cmpint(options.natural_scrolling, ==, SEAT_ON);
	g_assert_cmpint(options.left_handed, ==, SEAT_OFF);
	g_assert_cmpint(options.tap, ==, SEAT_ON);
	g_assert_true(options.calibrated);
	g_assert_cmpfloat(options.calibration[5], ==, 6);

	of_mice.options.ignore = true;
	host_device_options(sections, &mouse, &options);
	g_assert_true(options.ignore);
	of_mice.options.ignore = false;
	host_device_options(sections, &mouse, &options);
	g_assert_false(options.ignore);
	/* What a guest has as it is, libinput leaves alone, whoever else speaks of it. */
	of_mice.passthrough = true;
	host_device_options(sections, &mouse, &options);
	g_assert_true(options.ignore);

	/* What nobody speaks of stays as it is. */
	g_ptr_array_set_size(sections, 0);
	host_device_options(sections, &mouse, &options);
	g_assert_cmpint(options.tap, ==, SEAT_ON);
}

/* Motion goes as it is counted, but of touch pads, unless it is said otherwise. */
static void test_raw_motion(void)
{
	static const struct {
		const char *touch_pad; /* ID_INPUT_TOUCHPAD; NULL: not set */
		enum config_motion motion;
		bool raw;
	} cases[] = {
		{NULL, CONFIG_MOTION_DEFAULT, true},
		{NULL, CONFIG_MOTION_ACCELERATED, false},
		{"1", CONFIG_MOTION_DEFAULT, false},
		{"1", CONFIG_MOTION_RAW, true},
		{"0", CONFIG_MOTION_DEFAULT, true},
		{"", CONFIG_MOTION_DEFAULT, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct seat_device device = {
			.name = "",
			.properties = {"ID_INPUT_TOUCHPAD", cases[i].touch_pad},
		};
		struct config_device section = {.motion = cases[i].motion};
		g_autoptr(GPtrArray) sections = g_ptr_array_new();
		struct host_device *host;

		g_ptr_array_add(sections, &section);
		host = create(sections, &device);
		g_assert_true(host->raw == cases[i].raw);
		host_device_destroy(host);
	}
	host_device_destroy(NULL);
}

/* Only what has changed is written, of keyboards; one that is new may have any on. */
static void test_leds(void)
{
	static const uint32_t shown[] = {0, 0, 3, 3, 1, 1, 0, 0};
	static const struct seat_device panel = {.capabilities = SEAT_TOUCH, .name = "panel"};
	g_autoptr(GPtrArray) sections = g_ptr_array_new();
	struct host_device *keyboard = create(sections, &mouse);
	struct host_device *touch = create(sections, &panel);

	leds_set = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(shown); i++) {
		host_device_show_leds(keyboard, shown[i]);
		host_device_show_leds(touch, shown[i]);
	}
	g_assert_cmpstr(leds_set->str, ==, "0 3 1 0 ");
	g_string_free(leds_set, TRUE);
	host_device_destroy(keyboard);
	host_device_destroy(touch);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/host-device/matching", test_matching);
	g_test_add_func("/input/host-device/together", test_together);
	g_test_add_func("/input/host-device/raw-motion", test_raw_motion);
	g_test_add_func("/input/host-device/leds", test_leds);
	return g_test_run();
}
