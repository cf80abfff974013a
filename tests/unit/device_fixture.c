/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_fixture.h"

#include <glib/gstdio.h>
#include <libevdev/libevdev.h>
#include <linux/virtio_input.h>
#include <string.h>

#include "vhost/signaller.h"

/* ---- the owner ---- */

static void leds(void *data, uint32_t said, uint32_t on)
{
	struct device_fixture *fixture = data;

	for (unsigned int code = 0; code <= LED_MAX; code++) {
		if (said >> code & 1)
			g_string_append_printf(fixture->heard, "%s=%u ",
				libevdev_event_code_get_name(EV_LED, code), on >> code & 1);
	}
	g_string_append(fixture->heard, "; ");
}

static void connected(void *data, bool connects)
{
	struct device_fixture *fixture = data;

	g_string_append_printf(fixture->heard, "connected=%d ", connects);
}

const struct input_sink_listener device_fixture_listener = {leds, connected};

void device_expect_heard(struct device_fixture *fixture, const char *text)
{
	g_assert_cmpstr(fixture->heard->str, ==, text);
	g_string_truncate(fixture->heard, 0);
}

/* ---- the fixture ---- */

static void set_bit(uint8_t *bits, unsigned int bit)
{
	input_set_bit(bits, bit);
}

void device_fixture_describe(struct input_description *description)
{
	*description = (struct input_description){
		.name = "all",
		.serial = "\xc3\xa4 1",
		.id = {0x0102, 0x0304, 0x0506, 0x0708},
		.repeats = true,
	};
	set_bit(description->properties, INPUT_PROP_DIRECT);
	set_bit(description->keys, KEY_ESC);
	set_bit(description->keys, KEY_A);
	set_bit(description->relative, REL_X);
	set_bit(description->relative, REL_HWHEEL_HI_RES);
	set_bit(description->absolute, ABS_Y);
	set_bit(description->absolute, ABS_MAX);
	set_bit(description->misc, MSC_SCAN);
	set_bit(description->switches, SW_TABLET_MODE);
	set_bit(description->leds, LED_CAPSL);
	description->axes[ABS_X] = (struct input_absinfo){.maximum = 9};
	description->axes[ABS_Y] = (struct input_absinfo){77, -2, 65535, 3, 4, 5};
}

struct device_fixture *device_fixture_new(void)
{
	struct device_fixture *fixture = g_new0(struct device_fixture, 1);
	struct device_options options = {.guest = "kiosk", .device = "keyboard"};
	struct input_description description;
	g_autoptr(GError) error = NULL;

	device_fixture_describe(&description);
	vmm_open(&fixture->vmm);
	fixture->heard = g_string_new(NULL);
	fixture->directory = g_dir_make_tmp("test-device-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->path = g_build_filename(fixture->directory, "keyboard.sock", NULL);
	/* Its fd is the process's, and stays. */
	g_assert_true(signaller_install(NULL));
	fixture->fds = fixture_count_fds();
	options.path = fixture->path;
	fixture->account = account_create("kiosk");
	options.account = fixture->account;
	fixture->sink = device_create(&options, &description, &device_fixture_listener, fixture,
		&error);
	g_assert_no_error(error);
	return fixture;
}

void device_fixture_free(struct device_fixture *fixture)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	input_sink_destroy(fixture->sink);
	fixture_close_account(fixture->account);
	vmm_hang_up(&fixture->vmm);
	g_assert_cmpuint(fixture_count_fds(), ==, fixture->fds);
	g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
	vmm_close(&fixture->vmm);
	g_string_free(fixture->heard, TRUE);
	g_free(fixture->path);
	g_free(fixture->directory);
	g_free(fixture);
}

/* ---- the guest ---- */

void device_begin(struct device_fixture *fixture)
{
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
}

struct device_fixture *device_fixture_new_begun(void)
{
	struct device_fixture *fixture = device_fixture_new();

	device_begin(fixture);
	return fixture;
}

void device_lay_out_anew(struct device_fixture *fixture)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		driver_init(&fixture->vmm.drivers[i], &fixture->vmm.guest, VMM_QUEUE_SIZE,
			i * 0x1000);
}

void device_offer(struct device_fixture *fixture, uint16_t head)
{
	driver_offer_buffer(&fixture->vmm.drivers[DEVICE_EVENT_QUEUE], head,
		DEVICE_BUFFER_OFFSET(head), sizeof(struct virtio_input_event), true);
}

void device_offer_all(struct device_fixture *fixture)
{
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		device_offer(fixture, head);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
}

void device_push(struct device_fixture *fixture, size_t count, const struct input_value *values)
{
	input_sink_send(fixture->sink, values, count);
}

void device_append_value(GString *text, uint16_t type, uint16_t code, int32_t value)
{
	if (type == EV_SYN && code == SYN_REPORT)
		g_string_append(text, "\n");
	else
		g_string_append_printf(text, "%s=%d ", libevdev_event_code_get_name(type, code),
			value);
}

bool device_take(struct device_fixture *fixture, GString *text, uint16_t *head)
{
	struct virtio_input_event event;
	struct vring_used_elem element;

	if (!driver_take_used(&fixture->vmm.drivers[DEVICE_EVENT_QUEUE], &element))
		return false;
	g_assert_cmpuint(element.id, <, VMM_QUEUE_SIZE);
	g_assert_cmpuint(element.len, ==, sizeof(event));
	memcpy(&event, fixture->vmm.guest.bytes + DEVICE_BUFFER_OFFSET(element.id), sizeof(event));
	device_append_value(text, GUINT16_FROM_LE(event.type), GUINT16_FROM_LE(event.code),
		(int32_t)GUINT32_FROM_LE(event.value));
	*head = (uint16_t)element.id;
	return true;
}

char *device_take_all(struct device_fixture *fixture)
{
	GString *text = g_string_new(NULL);
	uint16_t head;

	while (device_take(fixture, text, &head)) {
		device_offer(fixture, head);
		vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	}
	return g_string_free(text, FALSE);
}

void device_expect(struct device_fixture *fixture, const char *text)
{
	g_autofree char *taken = device_take_all(fixture);

	g_assert_cmpstr(taken, ==, text);
}

void device_expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_cmpstr(log, ==, text);
}
