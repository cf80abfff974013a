/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/keys.h"

#include "config/config.h"
#include "config/input_kind.h"
#include "vhost_user_gpu.h"

/* ---- the tables ---- */

/* What a key's value is, and with it the type of the member that it is stored in. */
enum value_kind {
	VALUE_STRING, /* char * */
	VALUE_NAME, /* char *, config_parse_name() */
	VALUE_NUMBER, /* int, from min to max */
	VALUE_DURATION, /* gint64, milliseconds or CONFIG_NEVER */
	VALUE_PERIOD, /* gint64, milliseconds from `min` to `max` */
	VALUE_ALIVE, /* enum alive_proof */
	VALUE_ANSWERS, /* enum answers_mode */
	VALUE_FIRMWARE, /* enum firmware_pictures */
	VALUE_RECTANGLE, /* struct kms_rect */
	VALUE_EXPECT, /* of struct region_options */
	VALUE_PLACE, /* enum place_policy; of an output also `placed` */
	VALUE_PICTURE, /* struct picture_spec; of an output also `pictured` */
	VALUE_FAILED, /* the same, and `failed_given` */
	VALUE_LOG_LEVEL, /* GLogLevelFlags */
	VALUE_VT, /* int */
	VALUE_CARDS, /* char ** */
	VALUE_SEAT_MANAGER, /* enum config_seat_manager */
	VALUE_MODE, /* char *; of an output "off" too */
	VALUE_TRANSFORM, /* enum kms_transform */
	VALUE_COLOR, /* uint32_t */
	VALUE_HOURS, /* struct hours */
	VALUE_SETTING, /* struct kms_settings, of which it is the one numbered `min` */
	VALUE_POSITION, /* int32_t[2], and `positioned` */
	VALUE_LAYOUTS, /* char *, config_parse_layouts() */
	VALUE_WHEN, /* char *, config_parse_when() */
	VALUE_LAYER_POSITION, /* int32_t[2], as the next */
	VALUE_SIZE,
	VALUE_OPACITY, /* uint16_t */
	VALUE_LAYER_PICTURE, /* struct picture_spec, and `pictured` */
	VALUE_SEAT, /* char * */
	VALUE_COMBINATIONS, /* GArray * */
	VALUE_COMBINATION, /* struct combination */
	VALUE_MODIFIERS, /* the same, of modifiers alone */
	VALUE_INPUTS, /* unsigned int */
	VALUE_BOOLEAN, /* bool */
	VALUE_IGNORE, /* bool, and `ignore_given` */
	VALUE_CHOICE, /* enum seat_choice */
	VALUE_DEVICE_TYPE, /* char *, as the next two */
	VALUE_DEVICE_ID,
	VALUE_DEVICE_OUTPUT,
	VALUE_MOTION, /* enum config_motion */
	VALUE_PROFILE, /* of struct seat_device_options */
	VALUE_ACCELERATION, /* double, and `acceleration_given` */
	VALUE_CALIBRATION, /* float[6], and `calibrated` */
};

struct config_key {
	const char *name;
	enum value_kind kind;
	size_t offset; /* in the section's struct */
	int min;
	int max;
	/* There, a char *: where it is said, for what is looked at when all is read; 0: nobody
	 * asks. */
	size_t origin;
};

static const struct config_key daemon_keys[] = {
	{"card", VALUE_CARDS, offsetof(struct config_daemon, cards)},
	{"stats", VALUE_STRING, offsetof(struct config_daemon, stats)},
	{"font", VALUE_STRING, offsetof(struct config_daemon, font)},
	{"layout", VALUE_NAME, offsetof(struct config_daemon, layout),
		.origin = offsetof(struct config_daemon, layout_origin)},
	{"log-level", VALUE_LOG_LEVEL, offsetof(struct config_daemon, log_level)},
	{"vt", VALUE_VT, offsetof(struct config_daemon, vt)},
	{"seat-manager", VALUE_SEAT_MANAGER, offsetof(struct config_daemon, seat_manager)},
	{"flip-timeout", VALUE_NUMBER, offsetof(struct config_daemon, flip_timeout_ms), 100,
		600000},
};

static const struct config_key input_keys[] = {
	{"seat", VALUE_SEAT, offsetof(struct config_input, seat)},
	{"devices", VALUE_STRING, offsetof(struct config_input, devices)},
	{"focus", VALUE_NAME, offsetof(struct config_input, focus)},
	{"never-pass", VALUE_COMBINATIONS, offsetof(struct config_input, never_pass)},
	{"quit-key", VALUE_COMBINATION, offsetof(struct config_input, leave)},
	{"switch-guest", VALUE_MODIFIERS, offsetof(struct config_input, switch_guest)},
	{"switch-layout", VALUE_MODIFIERS, offsetof(struct config_input, switch_layout),
		.origin = offsetof(struct config_input, switch_origin)},
	{"vt-switch", VALUE_MODIFIERS, offsetof(struct config_input, switch_terminal)},
};

static const struct config_key device_keys[] = {
	{"match-name", VALUE_STRING, offsetof(struct config_device, match_name)},
	{"match-id", VALUE_DEVICE_ID, offsetof(struct config_device, match_id)},
	{"match-path", VALUE_STRING, offsetof(struct config_device, match_path)},
	{"match-property", VALUE_STRING, offsetof(struct config_device, match_property)},
	{"match-type", VALUE_DEVICE_TYPE, offsetof(struct config_device, match_type)},
	{"ignore", VALUE_IGNORE, offsetof(struct config_device, options.ignore)},
	{"guest", VALUE_NAME, offsetof(struct config_device, guest)},
	{"output", VALUE_DEVICE_OUTPUT, offsetof(struct config_device, output)},
	{"passthrough", VALUE_BOOLEAN, offsetof(struct config_device, passthrough)},
	{"motion", VALUE_MOTION, offsetof(struct config_device, motion)},
	{"acceleration", VALUE_ACCELERATION, offsetof(struct config_device, options.acceleration)},
	{"acceleration-profile", VALUE_PROFILE, offsetof(struct config_device, options)},
	{"natural-scrolling", VALUE_CHOICE,
		offsetof(struct config_device, options.natural_scrolling)},
	{"tap", VALUE_CHOICE, offsetof(struct config_device, options.tap)},
	{"left-handed", VALUE_CHOICE, offsetof(struct config_device, options.left_handed)},
	{"calibration", VALUE_CALIBRATION, offsetof(struct config_device, options.calibration)},
};

static const struct config_key guest_keys[] = {
	{"vm", VALUE_NAME, offsetof(struct config_guest, vm)},
	{"vmm-socket", VALUE_STRING, offsetof(struct config_guest, vmm_socket)},
	{"backend-socket", VALUE_STRING, offsetof(struct config_guest, backend_socket)},
	{"display-socket", VALUE_STRING, offsetof(struct config_guest, display_socket)},
	{"display-fd", VALUE_NUMBER, offsetof(struct config_guest, display_fd), 0, 65535},
	{"socket-group", VALUE_STRING, offsetof(struct config_guest, socket_group)},
	{"before", VALUE_PICTURE, offsetof(struct config_guest, before)},
	{"after", VALUE_PICTURE, offsetof(struct config_guest, after)},
	{"failed", VALUE_FAILED, offsetof(struct config_guest, failed)},
	{"firmware", VALUE_FIRMWARE, offsetof(struct config_guest, firmware)},
	{"answers", VALUE_ANSWERS, offsetof(struct config_guest, answers)},
	{"alive", VALUE_ALIVE, offsetof(struct config_guest, alive.proof)},
	{"alive-period", VALUE_PERIOD, offsetof(struct config_guest, alive.period_ms), 20, 3600000},
	{"alive-rectangle", VALUE_RECTANGLE, offsetof(struct config_guest, alive.rectangle)},
	{"alive-socket", VALUE_STRING, offsetof(struct config_guest, alive_socket)},
	{"alive-file", VALUE_STRING, offsetof(struct config_guest, alive_file)},
	{"shown-file", VALUE_STRING, offsetof(struct config_guest, shown_file)},
	{"dead", VALUE_PICTURE, offsetof(struct config_guest, dead)},
	{"blank-after", VALUE_DURATION, offsetof(struct config_guest, blank_after_ms)},
	{"off-after", VALUE_DURATION, offsetof(struct config_guest, off_after_ms)},
	{"idle-off", VALUE_DURATION, offsetof(struct config_guest, idle_off_ms)},
	{"scaling", VALUE_PLACE, offsetof(struct config_guest, place)},
	{"mode", VALUE_MODE, offsetof(struct config_guest, mode)},
	{"input", VALUE_INPUTS, offsetof(struct config_guest, inputs)},
	{"input-prefix", VALUE_STRING, offsetof(struct config_guest, input_prefix)},
	{"dbus-display", VALUE_STRING, offsetof(struct config_guest, dbus_display)},
};

#define SETTING(name, setting) \
	{ \
		name, VALUE_SETTING, offsetof(struct config_output, settings), setting \
	}

static const struct config_key output_keys[] = {
	{"guest", VALUE_NAME, offsetof(struct config_output, guest)},
	{"scanout", VALUE_NUMBER, offsetof(struct config_output, scanout), 0,
		VHOST_USER_GPU_SCANOUTS - 1},
	{"mode", VALUE_MODE, offsetof(struct config_output, mode)},
	{"scaling", VALUE_PLACE, offsetof(struct config_output, place)},
	{"transform", VALUE_TRANSFORM, offsetof(struct config_output, transform)},
	{"background", VALUE_COLOR, offsetof(struct config_output, background)},
	SETTING("vrr", KMS_SETTING_VRR),
	SETTING("max-bpc", KMS_SETTING_MAX_BPC),
	SETTING("content-type", KMS_SETTING_CONTENT_TYPE),
	SETTING("broadcast-rgb", KMS_SETTING_BROADCAST_RGB),
	SETTING("scaling-mode", KMS_SETTING_SCALING_MODE),
	SETTING("underscan", KMS_SETTING_UNDERSCAN),
	SETTING("underscan-border", KMS_SETTING_UNDERSCAN_BORDER),
	SETTING("margins", KMS_SETTING_MARGINS),
	{"on-hours", VALUE_HOURS, offsetof(struct config_output, on_hours)},
	{CONFIG_TELLING_KEY, VALUE_LAYOUTS, offsetof(struct config_output, layouts)},
	{"position", VALUE_POSITION, offsetof(struct config_output, x)},
	{"force-on", VALUE_BOOLEAN, offsetof(struct config_output, force_on)},
	{"picture", VALUE_PICTURE, offsetof(struct config_output, picture)},
};

static const struct config_key layout_keys[] = {
	{"when", VALUE_WHEN, offsetof(struct config_layout, when)},
};

static const struct config_key region_keys[] = {
	{"output", VALUE_STRING, offsetof(struct config_region, output)},
	{"layer", VALUE_STRING, offsetof(struct config_region, layer)},
	{"rectangle", VALUE_RECTANGLE, offsetof(struct config_region, options.rectangle)},
	{"every", VALUE_PERIOD, offsetof(struct config_region, options.every_ms), 20, 60000},
	{"frozen-after", VALUE_PERIOD, offsetof(struct config_region, options.frozen_after_ms), 20,
		3600000},
	{"expect", VALUE_EXPECT, offsetof(struct config_region, options)},
	{"cover", VALUE_BOOLEAN, offsetof(struct config_region, options.cover)},
};

static const struct config_key layer_keys[] = {
	{"output", VALUE_STRING, offsetof(struct config_layer, output)},
	{"guest", VALUE_NAME, offsetof(struct config_layer, guest)},
	{"scanout", VALUE_NUMBER, offsetof(struct config_layer, scanout), 0,
		VHOST_USER_GPU_SCANOUTS - 1},
	{"picture", VALUE_LAYER_PICTURE, offsetof(struct config_layer, picture)},
	{"position", VALUE_LAYER_POSITION, offsetof(struct config_layer, x)},
	{"size", VALUE_SIZE, offsetof(struct config_layer, width)},
	{"z", VALUE_NUMBER, offsetof(struct config_layer, z), 0, 1000},
	{"opacity", VALUE_OPACITY, offsetof(struct config_layer, opacity)},
	{CONFIG_TELLING_KEY, VALUE_LAYOUTS, offsetof(struct config_layer, layouts)},
};

/* What keys were called until 2026; still understood, in no document, and never suggested. */
static const struct {
	const char *former;
	const char *name;
} renamed_keys[] = {
	{"place", "scaling"},
	{"leave", "quit-key"},
	{"switch-terminal", "vt-switch"},
};

static const struct config_key lease_keys[] = {
	{"outputs", VALUE_STRING, offsetof(struct config_lease, outputs)},
	{"planes", VALUE_STRING, offsetof(struct config_lease, plane_list)},
	{"socket", VALUE_STRING, offsetof(struct config_lease, socket)},
	{"socket-group", VALUE_STRING, offsetof(struct config_lease, socket_group)},
};

/* Keys that are live in sections that are not. */
static const struct {
	const struct config_key *keys;
	const char *name;
} live_keys[] = {
	{daemon_keys, "layout"},
	{guest_keys, "mode"},
	{guest_keys, "scaling"},
};

static const struct config_section sections[] = {
	{"daemon", CONFIG_SECTION_DAEMON, daemon_keys, G_N_ELEMENTS(daemon_keys)},
	{"input", CONFIG_SECTION_INPUT, input_keys, G_N_ELEMENTS(input_keys)},
	{"device", CONFIG_SECTION_DEVICE, device_keys, G_N_ELEMENTS(device_keys)},
	{"guest", CONFIG_SECTION_GUEST, guest_keys, G_N_ELEMENTS(guest_keys)},
	{"output", CONFIG_SECTION_OUTPUT, output_keys, G_N_ELEMENTS(output_keys), .live = true},
	{"layout", CONFIG_SECTION_LAYOUT, layout_keys, G_N_ELEMENTS(layout_keys), .live = true},
	{"region", CONFIG_SECTION_REGION, region_keys, G_N_ELEMENTS(region_keys)},
	{"layer", CONFIG_SECTION_LAYER, layer_keys, G_N_ELEMENTS(layer_keys), .live = true},
	{"lease", CONFIG_SECTION_LEASE, lease_keys, G_N_ELEMENTS(lease_keys)},
};

G_STATIC_ASSERT(
	offsetof(struct config_output, y) == offsetof(struct config_output, x) + sizeof(int32_t));
G_STATIC_ASSERT(
	offsetof(struct config_layer, y) == offsetof(struct config_layer, x) + sizeof(int32_t));
G_STATIC_ASSERT(offsetof(struct config_layer, height) ==
	offsetof(struct config_layer, width) + sizeof(int32_t));

/* ---- which is meant ---- */

const struct config_section *config_find_section(const char *name, struct config_nearest *nearest)
{
	const struct config_section *found = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
		if (g_str_equal(sections[i].name, name))
			found = &sections[i];
		config_nearest_offer(nearest, sections[i].name);
	}
	return found;
}

static const char *present_name(const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(renamed_keys); i++) {
		if (g_str_equal(renamed_keys[i].former, key))
			return renamed_keys[i].name;
	}
	return key;
}

const struct config_key *config_find_key(const struct config_section *section, const char *name,
	struct config_nearest *nearest)
{
	const char *present = present_name(name);

	for (size_t i = 0; i < section->key_count; i++) {
		if (g_str_equal(section->keys[i].name, present))
			return &section->keys[i];
		config_nearest_offer(nearest, section->keys[i].name);
	}
	return NULL;
}

const char *config_key_name(const struct config_key *key)
{
	return key->name;
}

bool config_key_is_live(const struct config_section *section, const struct config_key *key)
{
	bool live = section->live;

	for (size_t i = 0; i < G_N_ELEMENTS(live_keys); i++)
		live |= live_keys[i].keys == section->keys &&
			g_str_equal(live_keys[i].name, key->name);
	return live;
}

/* ---- what it is set to ---- */

static void set_string(char **member, char *value)
{
	g_free(*member);
	*member = value;
}

static bool set_position(struct config_output *output, const char *text, GError **error)
{
	output->positioned = true;
	return config_parse_position(text, &output->x, &output->y, error);
}

static bool set_choice(enum seat_choice *choice, const char *text, GError **error)
{
	bool yes;

	if (!config_parse_choice(text, &yes, error))
		return false;
	*choice = yes ? SEAT_ON : SEAT_OFF;
	return true;
}

/* The kinds that only [layer NAME] has. */
static bool set_layer_value(const struct config_key *key, struct config_layer *layer,
	const char *text, GError **error)
{
	switch (key->kind) {
	case VALUE_LAYER_POSITION:
		return config_parse_position(text, &layer->x, &layer->y, error);
	case VALUE_SIZE:
		return config_parse_size(text, &layer->width, &layer->height, error);
	case VALUE_OPACITY:
		return config_parse_opacity(text, &layer->opacity, error);
	default:
		layer->pictured = true;
		return config_parse_picture(text, &layer->picture, error);
	}
}

/* The kinds that only [input], [device NAME] and input= have. */
static bool set_input_value(const struct config_key *key, void *target, void *member,
	const char *text, GError **error)
{
	struct config_device *device = target;
	char *seat;

	switch (key->kind) {
	case VALUE_SEAT:
		if (!config_parse_seat(text, &seat, error))
			return false;
		set_string(member, seat);
		return true;
	case VALUE_COMBINATIONS:
		return config_parse_combinations(text, *(GArray **)member, error);
	case VALUE_COMBINATION:
		return config_parse_combination(text, member, error);
	case VALUE_MODIFIERS:
		return config_parse_modifiers(text, member, error);
	case VALUE_INPUTS:
		return input_kinds_parse(text, member, error);
	case VALUE_IGNORE:
		device->ignore_given = true;
		return config_parse_choice(text, member, error);
	case VALUE_BOOLEAN:
		return config_parse_choice(text, member, error);
	case VALUE_CHOICE:
		return set_choice(member, text, error);
	case VALUE_DEVICE_TYPE:
		set_string(member, g_strdup(text));
		return config_parse_device_type(text, error);
	case VALUE_DEVICE_ID:
		set_string(member, g_strdup(text));
		return config_parse_device_id(text, error);
	case VALUE_DEVICE_OUTPUT:
		set_string(member, g_strdup(text));
		return config_parse_device_output(text, error);
	case VALUE_MOTION:
		return config_parse_motion(text, member, error);
	case VALUE_PROFILE:
		return config_parse_profile(text, member, error);
	case VALUE_ACCELERATION:
		device->acceleration_given = true;
		return config_parse_acceleration(text, member, error);
	case VALUE_CALIBRATION:
		device->options.calibrated = true;
		return config_parse_calibration(text, member, error);
	default:
		g_return_val_if_reached(false);
	}
}

/* `target` is the section's struct; `output` is it too where it is an output's. */
static bool set_value(const struct config_key *key, void *target, struct config_output *output,
	const char *text, GError **error)
{
	void *member = (char *)target + key->offset;
	gint64 number;
	char *mode;
	bool off;

	switch (key->kind) {
	case VALUE_NAME:
		if (!config_parse_name(text, error))
			return false;
		set_string(member, g_strdup(text));
		return true;
	case VALUE_STRING:
		set_string(member, g_strdup(text));
		return true;
	case VALUE_NUMBER:
		if (!config_parse_number(text, key->min, key->max, &number, error))
			return false;
		*(int *)member = (int)number;
		return true;
	case VALUE_DURATION:
		return config_parse_duration(text, member, error);
	case VALUE_PERIOD:
		return config_parse_period(text, key->min, key->max, member, error);
	case VALUE_RECTANGLE:
		return config_parse_rectangle(text, member, error);
	case VALUE_EXPECT:
		return config_parse_expect(text, member, error);
	case VALUE_ALIVE:
		return config_parse_alive(text, member, error);
	case VALUE_ANSWERS:
		return config_parse_answers(text, member, error);
	case VALUE_FIRMWARE:
		return config_parse_firmware(text, member, error);
	case VALUE_PLACE:
		if (output != NULL)
			output->placed = true;
		return config_parse_place(text, member, error);
	case VALUE_FAILED:
		((struct config_guest *)target)->failed_given = true;
		return config_parse_picture(text, member, error);
	case VALUE_PICTURE:
		if (output != NULL)
			output->pictured = true;
		return config_parse_picture(text, member, error);
	case VALUE_LOG_LEVEL:
		return config_parse_log_level(text, member, error);
	case VALUE_VT:
		return config_parse_vt(text, member, error);
	case VALUE_CARDS:
		return config_parse_cards(text, member, error);
	case VALUE_SEAT_MANAGER:
		return config_parse_seat_manager(text, member, error);
	case VALUE_MODE:
		if (!config_parse_mode(text, &off, &mode, error))
			return false;
		if (off && output == NULL) {
			g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
				"an output is turned off in its own section, [output NAME]");
			return false;
		}
		if (output != NULL)
			output->off = off;
		set_string(member, mode);
		return true;
	case VALUE_TRANSFORM:
		return config_parse_transform(text, member, error);
	case VALUE_COLOR:
		return config_parse_color(text, member, error);
	case VALUE_HOURS:
		return config_parse_hours(text, member, error);
	case VALUE_SETTING:
		return config_parse_setting(text, (enum kms_setting)key->min, member, error);
	case VALUE_POSITION:
		return set_position(target, text, error);
	case VALUE_LAYOUTS:
		set_string(member, g_strdup(text));
		return config_parse_layouts(text, error);
	case VALUE_WHEN:
		set_string(member, g_strdup(text));
		return config_parse_when(text, error);
	case VALUE_LAYER_POSITION:
	case VALUE_SIZE:
	case VALUE_OPACITY:
	case VALUE_LAYER_PICTURE:
		return set_layer_value(key, target, text, error);
	default:
		return set_input_value(key, target, member, text, error);
	}
}

bool config_key_set(const struct config_section *section, const struct config_key *key,
	void *target, const char *text, const char *origin, GError **error)
{
	if (key->origin != 0)
		set_string((void *)((char *)target + key->origin), g_strdup(origin));
	return set_value(key, target, section->kind == CONFIG_SECTION_OUTPUT ? target : NULL, text,
		error);
}
