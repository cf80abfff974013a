/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's numbers of keys, against what keyboards are known to send. */
#include <glib.h>
#include <linux/input-event-codes.h>

#include "input/dbus/qnum.h"

/* Scan codes of a PC keyboard in set 1 as IBM's and Microsoft's papers have them. */
static void test_known_keys(void)
{
	static const struct {
		uint16_t key;
		uint8_t qnum;
	} known[] = {
		{KEY_ESC, 0x01},
		{KEY_1, 0x02},
		{KEY_Q, 0x10},
		{KEY_ENTER, 0x1c},
		{KEY_LEFTCTRL, 0x1d},
		{KEY_A, 0x1e},
		{KEY_LEFTSHIFT, 0x2a},
		{KEY_RIGHTSHIFT, 0x36},
		{KEY_KPASTERISK, 0x37},
		{KEY_SPACE, 0x39},
		{KEY_F1, 0x3b},
		{KEY_F10, 0x44},
		{KEY_NUMLOCK, 0x45},
		{KEY_KPDOT, 0x53},
		{KEY_102ND, 0x56},
		{KEY_F11, 0x57},
		{KEY_F12, 0x58},
		{KEY_RO, 0x73},
		{KEY_YEN, 0x7d},
		{KEY_HANGEUL, 0x72},
		{KEY_HANJA, 0x71},
		{KEY_KPENTER, 0x80 | 0x1c},
		{KEY_RIGHTCTRL, 0x80 | 0x1d},
		{KEY_MUTE, 0x80 | 0x20},
		{KEY_KPSLASH, 0x80 | 0x35},
		{KEY_RIGHTALT, 0x80 | 0x38},
		{KEY_HOME, 0x80 | 0x47},
		{KEY_UP, 0x80 | 0x48},
		{KEY_LEFT, 0x80 | 0x4b},
		{KEY_RIGHT, 0x80 | 0x4d},
		{KEY_DOWN, 0x80 | 0x50},
		{KEY_INSERT, 0x80 | 0x52},
		{KEY_DELETE, 0x80 | 0x53},
		{KEY_LEFTMETA, 0x80 | 0x5b},
		{KEY_COMPOSE, 0x80 | 0x5d},
		{KEY_POWER, 0x80 | 0x5e},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		g_assert_cmphex(qnum_from_key(known[i].key), ==, known[i].qnum);
}

/* 104 keys, and the 105th of Europe. */
static void test_every_key_of_a_keyboard(void)
{
	unsigned int keys = 0;

	for (uint16_t key = KEY_ESC; key <= KEY_COMPOSE; key++)
		keys += qnum_from_key(key) != 0;
	g_assert_cmpuint(keys, >=, 105);
}

static void test_no_two_are_the_same(void)
{
	uint16_t owner[256] = {0};

	for (unsigned int key = 0; key <= UINT16_MAX; key++) {
		uint8_t qnum = qnum_from_key((uint16_t)key);

		if (!qnum)
			continue;
		g_assert_cmpuint(owner[qnum], ==, 0);
		owner[qnum] = (uint16_t)key;
		/* 0x80 alone is no key, and 0xe0 and 0xe1 begin others. */
		g_assert_cmphex(qnum, !=, 0x80);
		g_assert_cmphex(qnum, !=, 0x60);
		g_assert_cmphex(qnum, !=, 0x61);
	}
}

static void test_what_is_no_key(void)
{
	g_assert_cmphex(qnum_from_key(KEY_RESERVED), ==, 0);
	g_assert_cmphex(qnum_from_key(BTN_LEFT), ==, 0);
	g_assert_cmphex(qnum_from_key(KEY_FN), ==, 0);
	g_assert_cmphex(qnum_from_key(KEY_MAX), ==, 0);
	g_assert_cmphex(qnum_from_key(UINT16_MAX), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qnum/known-keys", test_known_keys);
	g_test_add_func("/qnum/every-key-of-a-keyboard", test_every_key_of_a_keyboard);
	g_test_add_func("/qnum/no-two-are-the-same", test_no_two_are_the_same);
	g_test_add_func("/qnum/what-is-no-key", test_what_is_no_key);
	return g_test_run();
}
