/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_script.h"

#include <glib.h>
#include <string.h>

void script_describe(struct input_description *description, const char *name)
{
	memset(description, 0, sizeof(*description));
	g_strlcpy(description->name, name, sizeof(description->name));
	for (uint16_t i = 0; i < SCRIPT_KEYS; i++)
		input_set_bit(description->keys, (uint16_t)(KEY_1 + i));
	input_set_bit(description->keys, BTN_TOUCH);
	input_set_bit(description->misc, MSC_SCAN);
	input_set_bit(description->absolute, ABS_MT_SLOT);
	input_set_bit(description->absolute, ABS_MT_TRACKING_ID);
	description->axes[ABS_MT_SLOT].maximum = SCRIPT_FINGERS - 1;
}

size_t script_make_group(unsigned int n, struct input_value *values)
{
	uint16_t key = (uint16_t)(KEY_1 + n % SCRIPT_KEYS);
	size_t count = 0;

	values[count++] = (struct input_value){EV_MSC, MSC_SCAN, (int32_t)n};
	values[count++] = (struct input_value){EV_KEY, key, n / SCRIPT_KEYS % 2 == 1};
	for (int32_t i = 0; n % 8 % 7 == 0 && i < SCRIPT_FINGERS; i++) {
		values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, i};
		values[count++] = (struct input_value){EV_ABS, ABS_MT_TRACKING_ID,
			n % 8 == 7 ? (int32_t)n + i : -1};
	}
	if (n % 8 % 7 == 0)
		values[count++] = (struct input_value){EV_KEY, BTN_TOUCH, n % 8 == 7};
	return count;
}

void script_guest_reset(struct script_guest *guest)
{
	memset(guest->keys, 0, sizeof(guest->keys));
	memset(guest->contacts, 0xff, sizeof(guest->contacts));
	guest->slot = 0;
}

static void expect_key(struct script_guest *guest, uint16_t code, int32_t value)
{
	g_assert_true(value == 0 || value == 1);
	g_assert_cmpint(guest->keys[code], !=, value);
	guest->keys[code] = value;
}

static void expect_contact(struct script_guest *guest, int32_t id)
{
	g_assert_cmpint(guest->slot, <, SCRIPT_FINGERS);
	g_assert_cmpint(guest->contacts[guest->slot] < 0, ==, id >= 0);
	guest->contacts[guest->slot] = id;
}

/* Each number once, in order, and none is left out but those whose senders died. */
static void expect_number(struct script_guest *guest, unsigned int number)
{
	while (guest->next < number)
		g_assert_true(guest->maybe[guest->next++]);
	g_assert_cmpuint(number, ==, guest->next);
	guest->next++;
}

void script_take_event(struct script_guest *guest, const struct virtio_input_event *event)
{
	uint16_t code = GUINT16_FROM_LE(event->code);
	int32_t value = (int32_t)GUINT32_FROM_LE(event->value);

	guest->within = GUINT16_FROM_LE(event->type) != EV_SYN;
	switch (GUINT16_FROM_LE(event->type)) {
	case EV_MSC:
		expect_number(guest, (unsigned int)value);
		break;
	case EV_KEY:
		expect_key(guest, code, value);
		break;
	case EV_ABS:
		if (code == ABS_MT_SLOT)
			guest->slot = value;
		else
			expect_contact(guest, value);
		break;
	default:
		g_assert_cmpuint(event->type, ==, EV_SYN);
		break;
	}
}

bool script_is_pressed(const struct script_guest *guest)
{
	for (size_t i = 0; i < KEY_CNT; i++) {
		if (guest->keys[i])
			return true;
	}
	for (size_t i = 0; i < SCRIPT_FINGERS; i++) {
		if (guest->contacts[i] >= 0)
			return true;
	}
	return false;
}
