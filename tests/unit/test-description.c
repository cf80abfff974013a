/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What virtual devices say of themselves, as a guest's kernel reads it. */
#include <glib.h>
#include <string.h>

#include "input/backlog.h"
#include "input/description.h"

/* ---- the guest's uevent ---- */

/* The kernel's UEVENT_BUFFER_SIZE, and what we allow ourselves of it. */
#define UEVENT_SIZE 2048
#define UEVENT_GOAL 1700

/* All but MODALIAS= and KEY= of the event of a virtio keyboard, as measured in a guest, with
 * SEQNUM of 20 digits. */
#define UEVENT_OTHERS 345

/* drivers/input/input.c, input_print_modalias_bits(): capitals, a comma behind each. */
static void print_modalias(GString *text, char kind, const uint8_t *bits, unsigned int first,
	unsigned int max)
{
	g_string_append_c(text, kind);
	for (unsigned int code = first; code < max; code++) {
		if (input_bit(bits, code))
			g_string_append_printf(text, "%X,", code);
	}
}

/* The same, input_print_bitmap(): words of 64 bits from the highest that has one. */
static void print_bitmap(GString *text, const char *name, const uint8_t *bits, unsigned int max)
{
	bool begun = false;

	g_string_append_printf(text, "%s=", name);
	for (unsigned int word = max / 64 + 1; word-- > 0;) {
		uint64_t value = 0;

		for (unsigned int bit = 0; bit < 64; bit++) {
			if (word * 64 + bit <= max && input_bit(bits, word * 64 + bit))
				value |= UINT64_C(1) << bit;
		}
		if (begun || value != 0)
			g_string_append_printf(text, "%" G_GINT64_MODIFIER "x ", value);
		begun |= value != 0;
	}
}

static void test_uevent(void)
{
	struct input_description description;
	g_autoptr(GString) text = g_string_new("MODALIAS=input:b0006v0000p0001e0001-e0,1,5,11,14,");

	input_describe(&description, INPUT_KEYBOARD, NULL);
	/* From KEY_MUTE on: KEY_MIN_INTERESTING. */
	print_modalias(text, 'k', description.keys, KEY_MUTE, KEY_MAX);
	print_modalias(text, 'r', description.relative, 0, REL_MAX);
	print_modalias(text, 'a', description.absolute, 0, ABS_MAX);
	print_modalias(text, 'm', description.misc, 0, MSC_MAX);
	print_modalias(text, 'l', description.leds, 0, LED_MAX);
	g_string_append(text, "sf");
	print_modalias(text, 'w', description.switches, 0, SW_MAX);
	print_bitmap(text, "KEY", description.keys, KEY_MAX);
	g_test_message("%zu bytes of %d", text->len + UEVENT_OTHERS, UEVENT_SIZE);
	g_assert_cmpuint(text->len + UEVENT_OTHERS, <, UEVENT_GOAL);
}

/* ---- which keys ---- */

static void test_keys(void)
{
	static const uint16_t kept[] = {KEY_ESC, KEY_A, KEY_102ND, KEY_RO, KEY_KPENTER, KEY_MUTE,
		KEY_POWER, KEY_COMPOSE, KEY_CALC, KEY_SLEEP, KEY_WWW, KEY_NEXTSONG, KEY_PLAYPAUSE,
		KEY_F13, KEY_F24, KEY_PROG4, KEY_BRIGHTNESSDOWN, KEY_WLAN, KEY_RFKILL, KEY_MICMUTE,
		KEY_OK, KEY_SELECT, KEY_INFO, KEY_EPG, KEY_SUBTITLE, KEY_TV, KEY_RED, KEY_BLUE,
		KEY_CHANNELUP, KEY_WORDPROCESSOR, KEY_DISPLAYTOGGLE, KEY_CONTEXT_MENU,
		KEY_PICKUP_PHONE, KEY_FN, KEY_FN_ESC, KEY_NUMERIC_5, KEY_NUMERIC_POUND,
		KEY_TOUCHPAD_TOGGLE, KEY_ROTATE_LOCK_TOGGLE, KEY_CONTROLPANEL, KEY_ASSISTANT,
		KEY_BRIGHTNESS_MAX, KEY_SELECTIVE_SCREENSHOT};
	static const uint16_t dropped[] = {KEY_RESERVED, 249, BTN_MISC, BTN_LEFT, BTN_TRIGGER,
		BTN_GAMEPAD, BTN_TOUCH, BTN_DPAD_UP, BTN_TRIGGER_HAPPY, BTN_TRIGGER_HAPPY40,
		KEY_ATTENDANT_ON, KEY_MACRO1, KEY_KBD_LCD_MENU1, KEY_MAX};
	struct input_description description;
	unsigned int count = 0;

	input_describe(&description, INPUT_KEYBOARD, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		g_assert_true(input_bit(description.keys, kept[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(dropped); i++)
		g_assert_false(input_bit(description.keys, dropped[i]));
	for (uint16_t code = KEY_ESC; code <= KEY_MICMUTE; code++)
		g_assert_true(input_bit(description.keys, code));
	for (uint16_t code = 0; code <= KEY_MAX; code++) {
		g_assert_true(input_bit(description.keys, code) == input_keyboard_has(code));
		count += input_keyboard_has(code);
	}
	g_assert_cmpuint(count, >, 350);
	g_assert_false(input_keyboard_has(KEY_MAX + 1));
	g_assert_false(input_keyboard_has(UINT16_MAX));
}

/* ---- names ---- */

static void test_text(void)
{
	static const struct {
		const char *text, *copy;
	} cases[] = {
		{"", ""},
		{"USB Keyboard", "USB Keyboard"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"a\xff"
		 "b",
			"a\xef\xbf\xbd"
			"b"},
		{"a\nSEQNUM=1\x1b[2J\x7f", "a?SEQNUM=1?[2J?"},
		{"\xc3", "\xef\xbf\xbd"},
		/* Fifteen bytes are all that there is room for. */
		{"123456789012345", "123456789012345"},
		{"1234567890123456", "123456789012345"},
		{"12345678901234\xc3\xa9", "12345678901234"},
		{"1234567890123\xc3\xa9", "1234567890123\xc3\xa9"},
		{"1234567890123\xf0\x9f\x96\xb1", "1234567890123"},
		{"12345678901234\xff", "12345678901234"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup(cases[i].text);
		g_autofree char *copy = g_malloc(16);

		input_text_copy(copy, 16, text);
		g_assert_cmpstr(copy, ==, cases[i].copy);
	}
}

static void test_text_random(void)
{
	for (int i = 0; i < 20000; i++) {
		char text[300] = {0};
		char copy[128];

		for (int j = g_test_rand_int_range(0, sizeof(text)); j > 0; j--)
			text[j - 1] = (char)g_test_rand_int_range(1, 256);
		input_text_copy(copy, sizeof(copy), text);
		g_assert_true(g_utf8_validate(copy, -1, NULL));
		for (const char *c = copy; *c != '\0'; c++)
			g_assert_false(g_ascii_iscntrl(*c));
	}
}

/* ---- ranges that make no sense ---- */

/* A device that a guest has as it is says whatever it likes of its slots. */
static void test_slots(void)
{
	static const struct {
		int32_t maximum;
		size_t slots;
	} cases[] = {
		{INT32_MIN, 0},
		{-5, 0},
		{-1, 0},
		{0, 1},
		{9, 10},
		{BACKLOG_SLOTS - 1, BACKLOG_SLOTS},
		{BACKLOG_SLOTS, BACKLOG_SLOTS},
		{INT32_MAX, BACKLOG_SLOTS},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct input_description description = {0};
		g_autofree struct backlog *backlog = g_new0(struct backlog, 1);

		memset(description.keys, 0xff, sizeof(description.keys));
		input_set_bit(description.absolute, ABS_MT_SLOT);
		description.axes[ABS_MT_SLOT].minimum = INT32_MAX;
		description.axes[ABS_MT_SLOT].maximum = cases[i].maximum;
		backlog_release(backlog, &description);
		g_assert_cmpuint(backlog->place.end, ==, KEY_CNT + 2 * cases[i].slots + 1);
	}
}

/* Guests tell them apart, and keep settings, by these. */
static void test_identity(void)
{
	static const struct input_screen screen = {.name = "DP-1"};

	for (enum input_kind kind = 0; kind < INPUT_PASSTHROUGH; kind++) {
		g_autofree char *name = g_strdup_printf("scanoutd %s", input_kind_name(kind));
		struct input_description description;

		input_describe(&description, kind,
			kind == INPUT_TOUCH || kind == INPUT_PEN ? &screen : NULL);
		g_assert_cmpstr(description.name, ==, name);
		g_assert_cmpuint(description.id.bustype, ==, BUS_VIRTUAL);
		g_assert_cmpuint(description.id.vendor, ==, 0);
		g_assert_cmpuint(description.id.product, ==, kind + 1);
		g_assert_cmpuint(description.id.version, ==, 1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/description/uevent", test_uevent);
	g_test_add_func("/description/keys", test_keys);
	g_test_add_func("/description/text", test_text);
	g_test_add_func("/description/text-random", test_text_random);
	g_test_add_func("/description/slots", test_slots);
	g_test_add_func("/description/identity", test_identity);
	return g_test_run();
}
