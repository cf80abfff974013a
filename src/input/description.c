/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/description.h"

#include <glib.h>
#include <string.h>

void input_text_copy(char *to, size_t size, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	const char *end = valid;

	for (char *c = valid; *c != '\0'; c++) {
		if (g_ascii_iscntrl(*c))
			*c = '?';
	}
	while (*end != '\0' && (size_t)(g_utf8_next_char(end) - valid) < size)
		end = g_utf8_next_char(end);
	memcpy(to, valid, (size_t)(end - valid));
	to[end - valid] = '\0';
}

static void set_axis(struct input_description *description, unsigned int code, int32_t minimum,
	int32_t maximum, int32_t resolution)
{
	input_set_bit(description->absolute, code);
	description->axes[code] = (struct input_absinfo){
		.minimum = minimum,
		.maximum = maximum,
		.resolution = resolution,
	};
}

/* Units a millimetre; 0: the size is not known. */
static int32_t resolution(uint32_t size_mm)
{
	return size_mm ? (int32_t)((INPUT_AXIS_MAX + size_mm / 2) / size_mm) : 0;
}

static void set_place(struct input_description *description, unsigned int x, unsigned int y,
	const struct input_screen *screen)
{
	set_axis(description, x, 0, INPUT_AXIS_MAX, screen ? resolution(screen->width_mm) : 0);
	set_axis(description, y, 0, INPUT_AXIS_MAX, screen ? resolution(screen->height_mm) : 0);
}

/*
 * What keyboards, remote controls and laptops send, of all that keyboards could: what hangs on the
 * host may change while the guest runs, and its keyboard cannot. Not every key, since a guest's
 * kernel names each one from KEY_MUTE on in its uevent, which has 2048 bytes: before Linux 6.10
 * (and its stable kernels of June 2024) one that is longer is not sent at all, no seat gets the
 * device, and Wayland sessions have no keyboard. No buttons among them, or guests would take it for
 * a mouse, a tablet or a joystick.
 */
static const struct {
	uint16_t first, last;
} keyboard_ranges[] = {
	{KEY_ESC, KEY_MICMUTE},
	/* Remote controls (with the colours), office keyboards, telephones. */
	{KEY_OK, KEY_HANGUP_PHONE},
	/* Laptops: Fn, and Fn with a function key. */
	{KEY_FN, KEY_FN_F12},
	/* Digits that are no letters' neighbours, star and pound. */
	{KEY_NUMERIC_0, KEY_NUMERIC_POUND},
	{KEY_CAMERA_FOCUS, KEY_TOUCHPAD_OFF},
	{KEY_ALS_TOGGLE, KEY_ROTATE_LOCK_TOGGLE},
	/* HID's application launchers. */
	{KEY_BUTTONCONFIG, KEY_DICTATE},
	{KEY_BRIGHTNESS_MIN, KEY_BRIGHTNESS_MAX},
	{KEY_PRIVACY_SCREEN_TOGGLE, KEY_SELECTIVE_SCREENSHOT},
};

bool input_keyboard_has(uint16_t code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keyboard_ranges); i++) {
		if (code >= keyboard_ranges[i].first && code <= keyboard_ranges[i].last)
			return true;
	}
	return false;
}

static void describe_keyboard(struct input_description *description)
{
	for (uint16_t code = 0; code <= KEY_MAX; code++) {
		if (input_keyboard_has(code))
			input_set_bit(description->keys, code);
	}
	/* A machine has one lid, and its keyboard is what every guest has. */
	input_set_bit(description->switches, SW_LID);
	input_set_bit(description->switches, SW_TABLET_MODE);
	input_set_bit(description->leds, LED_NUML);
	input_set_bit(description->leds, LED_CAPSL);
	input_set_bit(description->leds, LED_SCROLLL);
	description->repeats = true;
}

static void set_buttons(struct input_description *description, unsigned int first,
	unsigned int last)
{
	for (unsigned int code = first; code <= last; code++)
		input_set_bit(description->keys, code);
}

static void set_wheels(struct input_description *description)
{
	input_set_bit(description->relative, REL_WHEEL);
	input_set_bit(description->relative, REL_HWHEEL);
	input_set_bit(description->relative, REL_WHEEL_HI_RES);
	input_set_bit(description->relative, REL_HWHEEL_HI_RES);
}

static void describe_pointer(struct input_description *description)
{
	set_buttons(description, BTN_LEFT, BTN_TASK);
	input_set_bit(description->relative, REL_X);
	input_set_bit(description->relative, REL_Y);
	set_wheels(description);
}

/* As QEMU's tablet is: buttons and wheels, and where it is. */
static void describe_absolute(struct input_description *description)
{
	set_buttons(description, BTN_LEFT, BTN_TASK);
	set_place(description, ABS_X, ABS_Y, NULL);
	set_wheels(description);
}

/* Protocol B, and for simple guests the first finger as ABS_X and ABS_Y. */
static void describe_touch(struct input_description *description, const struct input_screen *screen)
{
	input_set_bit(description->properties, INPUT_PROP_DIRECT);
	input_set_bit(description->keys, BTN_TOUCH);
	set_place(description, ABS_X, ABS_Y, screen);
	set_axis(description, ABS_MT_SLOT, 0, INPUT_SLOTS - 1, 0);
	set_axis(description, ABS_MT_TRACKING_ID, 0, 65535, 0);
	set_place(description, ABS_MT_POSITION_X, ABS_MT_POSITION_Y, screen);
}

/* The axes of every pen: one that has fewer says 0. libinput refuses a tablet that does not tell
 * its size. */
static void describe_pen(struct input_description *description, const struct input_screen *screen)
{
	static const struct input_screen a4 = {.width_mm = 297, .height_mm = 210};
	const struct input_screen *sized = screen && screen->width_mm && screen->height_mm ? screen
											   : &a4;

	input_set_bit(description->properties, INPUT_PROP_DIRECT);
	input_set_bit(description->keys, BTN_TOUCH);
	input_set_bit(description->keys, BTN_STYLUS);
	input_set_bit(description->keys, BTN_STYLUS2);
	input_set_bit(description->keys, BTN_STYLUS3);
	set_buttons(description, BTN_TOOL_PEN, BTN_TOOL_AIRBRUSH);
	set_place(description, ABS_X, ABS_Y, sized);
	set_axis(description, ABS_PRESSURE, 0, INPUT_PRESSURE_MAX, 0);
	set_axis(description, ABS_DISTANCE, 0, INPUT_PRESSURE_MAX, 0);
	/* Degrees; of angles the resolution is units a radian. */
	set_axis(description, ABS_TILT_X, -90, 90, 57);
	set_axis(description, ABS_TILT_Y, -90, 90, 57);
	set_axis(description, ABS_Z, 0, 359, 57);
	/* The slider of an airbrush, which rests in the middle. */
	set_axis(description, ABS_WHEEL, 0, INPUT_PRESSURE_MAX, 0);
}

void input_describe(struct input_description *description, enum input_kind kind,
	const struct input_screen *screen)
{
	memset(description, 0, sizeof(*description));
	description->id = (struct input_id){
		.bustype = BUS_VIRTUAL,
		.product = (uint16_t)(kind + 1),
		.version = 1,
	};
	g_snprintf(description->name, sizeof(description->name), "scanoutd %s",
		input_kind_name(kind));
	if (screen)
		input_text_copy(description->serial, sizeof(description->serial), screen->name);
	switch (kind) {
	case INPUT_KEYBOARD:
		describe_keyboard(description);
		break;
	case INPUT_POINTER:
		describe_pointer(description);
		break;
	case INPUT_ABSOLUTE:
		describe_absolute(description);
		break;
	case INPUT_TOUCH:
		describe_touch(description, screen);
		break;
	case INPUT_PEN:
		describe_pen(description, screen);
		break;
	case INPUT_PASSTHROUGH:
	case INPUT_KINDS:
		break;
	}
}
