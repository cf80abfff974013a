/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device on its own socket, from configuration to LEDs, with a guest that has four
 * buffers and gives them back one at a time; and guests that do other things.
 */
#include <glib/gstdio.h>
#include <libevdev/libevdev.h>
#include <linux/virtio_input.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "input/description.h"
#include "input/device.h"
#include "vhost_fixture.h"

#define EVENT_QUEUE 0
#define STATUS_QUEUE 1

/* Of descriptor `head`. */
#define BUFFER_OFFSET(head) (0x20000u + (head)*32u)

typedef struct fixture {
	char *directory;
	char *path;
	struct input_sink *sink;
	struct vmm vmm;
	GString *heard; /* by the device's owner */
	size_t fds;
} device_fixture;

/* ---- the owner ---- */

static void led(void *data, uint16_t code, bool on)
{
	struct fixture *fixture = data;

	g_string_append_printf(fixture->heard, "%s=%d ", libevdev_event_code_get_name(EV_LED, code),
		on);
}

static void connected(void *data, bool connects)
{
	struct fixture *fixture = data;

	g_string_append_printf(fixture->heard, "connected=%d ", connects);
}

static const struct input_sink_listener listener = {led, connected};

static void expect_heard(struct fixture *fixture, const char *text)
{
	g_assert_cmpstr(fixture->heard->str, ==, text);
	g_string_truncate(fixture->heard, 0);
}

/* ---- the fixture ---- */

static void set_bit(uint8_t *bits, unsigned int bit)
{
	input_set_bit(bits, bit);
}

/* Something of everything. */
static void describe(struct input_description *description)
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

static struct fixture *fixture_new(void)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	struct device_options options = {.guest = "kiosk", .device = "keyboard", .listen_fd = -1};
	struct input_description description;
	g_autoptr(GError) error = NULL;

	describe(&description);
	vmm_open(&fixture->vmm);
	fixture->heard = g_string_new(NULL);
	fixture->directory = g_dir_make_tmp("test-device-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->path = g_build_filename(fixture->directory, "keyboard.sock", NULL);
	fixture->fds = fixture_count_fds();
	options.path = fixture->path;
	fixture->sink = device_create(&options, &description, &listener, fixture, &error);
	g_assert_no_error(error);
	return fixture;
}

static void fixture_free(struct fixture *fixture)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	input_sink_destroy(fixture->sink);
	vmm_hang_up(&fixture->vmm);
	g_assert_cmpuint(fixture_count_fds(), ==, fixture->fds);
	g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
	vmm_close(&fixture->vmm);
	g_string_free(fixture->heard, TRUE);
	g_free(fixture->path);
	g_free(fixture->directory);
	g_free(fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(device_fixture, fixture_free)

/* A VMM comes, and its guest's driver begins, with nothing offered. */
static void begin(struct fixture *fixture)
{
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	expect_heard(fixture, "connected=1 ");
}

static struct fixture *fixture_new_begun(void)
{
	struct fixture *fixture = fixture_new();

	begin(fixture);
	return fixture;
}

/* Another driver, on queues of its own. */
static void lay_out_anew(struct fixture *fixture)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		driver_init(&fixture->vmm.drivers[i], &fixture->vmm.guest, VMM_QUEUE_SIZE,
			i * 0x1000);
}

static void offer(struct fixture *fixture, uint16_t head)
{
	driver_offer_buffer(&fixture->vmm.drivers[EVENT_QUEUE], head, BUFFER_OFFSET(head),
		sizeof(struct virtio_input_event), true);
}

static void offer_all(struct fixture *fixture)
{
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		offer(fixture, head);
	vmm_kick(&fixture->vmm, EVENT_QUEUE);
}

static void push(struct fixture *fixture, size_t count, const struct input_value *values)
{
	input_sink_send(fixture->sink, values, count);
}

#define SEND(fixture, ...) \
	push(fixture, sizeof((struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value), \
		(struct input_value[]){__VA_ARGS__})

static void append_value(GString *text, uint16_t type, uint16_t code, int32_t value)
{
	if (type == EV_SYN && code == SYN_REPORT)
		g_string_append(text, "\n");
	else
		g_string_append_printf(text, "%s=%d ", libevdev_event_code_get_name(type, code),
			value);
}

/* The next event that the guest finds. */
static bool take(struct fixture *fixture, GString *text, uint16_t *head)
{
	struct virtio_input_event event;
	struct vring_used_elem element;

	if (!driver_take_used(&fixture->vmm.drivers[EVENT_QUEUE], &element))
		return false;
	g_assert_cmpuint(element.id, <, VMM_QUEUE_SIZE);
	g_assert_cmpuint(element.len, ==, sizeof(event));
	memcpy(&event, fixture->vmm.guest.bytes + BUFFER_OFFSET(element.id), sizeof(event));
	append_value(text, GUINT16_FROM_LE(event.type), GUINT16_FROM_LE(event.code),
		(int32_t)GUINT32_FROM_LE(event.value));
	*head = (uint16_t)element.id;
	return true;
}

/* All that there is, a line a group; each buffer goes back as soon as it is read. */
static char *take_all(struct fixture *fixture)
{
	GString *text = g_string_new(NULL);
	uint16_t head;

	while (take(fixture, text, &head)) {
		offer(fixture, head);
		vmm_kick(&fixture->vmm, EVENT_QUEUE);
	}
	return g_string_free(text, FALSE);
}

static void expect(struct fixture *fixture, const char *text)
{
	g_autofree char *taken = take_all(fixture);

	g_assert_cmpstr(taken, ==, text);
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_cmpstr(log, ==, text);
}

/* ---- configuration ---- */

static const struct {
	uint8_t select, subselect;
	const char *bytes; /* in hexadecimal, `size` of them */
} configurations[] = {
	{VIRTIO_INPUT_CFG_UNSET, 0, ""},
	{VIRTIO_INPUT_CFG_UNSET, 1, ""},
	{VIRTIO_INPUT_CFG_ID_NAME, 0, "616c6c"},
	{VIRTIO_INPUT_CFG_ID_NAME, 1, ""},
	{VIRTIO_INPUT_CFG_ID_SERIAL, 0, "c3a42031"},
	{VIRTIO_INPUT_CFG_ID_SERIAL, 255, ""},
	{VIRTIO_INPUT_CFG_ID_DEVIDS, 0, "0201040306050807"},
	{VIRTIO_INPUT_CFG_ID_DEVIDS, 2, ""},
	{0x04, 0, ""},
	{VIRTIO_INPUT_CFG_PROP_BITS, 0, "02"},
	{VIRTIO_INPUT_CFG_PROP_BITS, 1, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SYN, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, "02000040"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_REL, "0110"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_ABS, "0200000000000080"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_MSC, "10"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SW, "02"},
	{VIRTIO_INPUT_CFG_EV_BITS, 0x06, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_LED, "02"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SND, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_REP, "03"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_FF, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_CNT, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, 255, ""},
	/* Minimum, maximum, fuzz, flat, resolution; the axis that is none has no bit. */
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_X, ""},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_Y, "feffffffffff0000030000000400000005000000"},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_MAX, "0000000000000000000000000000000000000000"},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_CNT, ""},
	{VIRTIO_INPUT_CFG_ABS_INFO, 255, ""},
	{0x13, 0, ""},
	{0xff, 0xff, ""},
};

/* As QEMU hands it on: all of the space, of which a driver can write two bytes. */
static void select_all(struct vmm *vmm, uint8_t select, uint8_t subselect)
{
	struct vmm_message message = vmm_config(VHOST_USER_SET_CONFIG, 0, VMM_CONFIG_SIZE);
	uint8_t *bytes = (uint8_t *)message.words + sizeof(struct vhost_user_config);

	memset(bytes, 0xee, VMM_CONFIG_SIZE);
	bytes[0] = select;
	bytes[1] = subselect;
	message.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpuint(vmm_ask(vmm, &message), ==, 0);
}

/* As a driver does, a byte a time. */
static void select_each(struct vmm *vmm, uint8_t select, uint8_t subselect)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vmm_message message = vmm_config(VHOST_USER_SET_CONFIG, i, 1);

		((uint8_t *)message.words)[sizeof(struct vhost_user_config)] = i ? subselect
										 : select;
		vmm_send(vmm, &message);
	}
}

static void read_config(struct vmm *vmm, struct virtio_input_config *config)
{
	const struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	struct vmm_message reply;

	vmm_send(vmm, &get);
	fixture_settle();
	g_assert_true(vmm_receive(vmm, &reply));
	g_assert_cmpuint(reply.size, ==, sizeof(struct vhost_user_config) + sizeof(*config));
	memcpy(config, (uint8_t *)reply.words + sizeof(struct vhost_user_config), sizeof(*config));
}

static void test_configuration(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();
	struct vmm *vmm = &fixture->vmm;

	vmm_connect(vmm, fixture->path);
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(configurations); i++) {
		size_t which = i / 2;
		uint8_t select = configurations[which].select;
		uint8_t subselect = configurations[which].subselect;
		struct virtio_input_config config;
		g_autoptr(GString) bytes = g_string_new(NULL);

		g_test_message("select %02x %02x", select, subselect);
		if (i % 2)
			select_each(vmm, select, subselect);
		else
			select_all(vmm, select, subselect);
		read_config(vmm, &config);
		g_assert_cmphex(config.select, ==, select);
		g_assert_cmphex(config.subsel, ==, subselect);
		g_assert_cmpuint(config.size, <=, sizeof(config.u));
		for (size_t byte = 0; byte < config.size; byte++)
			g_string_append_printf(bytes, "%02x", config.u.bitmap[byte]);
		g_assert_cmpstr(bytes->str, ==, configurations[which].bytes);
		for (size_t byte = config.size; byte < sizeof(config.u); byte++)
			g_assert_cmphex(config.u.bitmap[byte], ==, 0);
	}
	/* One VMM's choice is not the next one's. */
	vmm_hang_up(vmm);
	fixture_settle();
	vmm_connect(vmm, fixture->path);
	{
		struct virtio_input_config config;

		read_config(vmm, &config);
		g_assert_cmphex(config.select, ==, 0);
	}
}

/* A part of the space, as a VMM may ask for that knows which. */
static void test_part_of_configuration(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();
	struct vmm *vmm = &fixture->vmm;
	const struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 2, 1);
	struct vmm_message reply;

	vmm_connect(vmm, fixture->path);
	select_each(vmm, VIRTIO_INPUT_CFG_ID_NAME, 0);
	vmm_send(vmm, &get);
	fixture_settle();
	g_assert_true(vmm_receive(vmm, &reply));
	g_assert_cmpuint(reply.size, ==, sizeof(struct vhost_user_config) + 1);
	g_assert_cmpuint(((uint8_t *)reply.words)[sizeof(struct vhost_user_config)], ==, 3);
}

/* Every kind says what fits, and names itself. */
static void test_kinds(void)
{
	static const struct input_screen screen = {"DP-1", 344, 194};

	for (enum input_kind kind = 0; kind < INPUT_PASSTHROUGH; kind++) {
		bool placed = kind == INPUT_TOUCH || kind == INPUT_PEN;
		struct input_description description;
		g_autofree char *name = g_strconcat("scanoutd ", input_kind_name(kind), NULL);

		input_describe(&description, kind, placed ? &screen : NULL);
		g_assert_cmpstr(description.name, ==, name);
		g_assert_cmpstr(description.serial, ==, placed ? "DP-1" : "");
		g_assert_true(!!input_bit(description.properties, INPUT_PROP_DIRECT) == placed);
		g_assert_true(!!input_bit(description.keys, BTN_LEFT) ==
			(kind == INPUT_POINTER || kind == INPUT_ABSOLUTE));
		g_assert_true(description.repeats == (kind == INPUT_KEYBOARD));
		for (unsigned int axis = 0; axis < ABS_CNT; axis++) {
			const struct input_absinfo *info = &description.axes[axis];

			if (input_bit(description.absolute, axis))
				g_assert_cmpint(info->minimum, <, info->maximum);
		}
		/* 65536 places on 344 mm. */
		if (placed)
			g_assert_cmpint(description.axes[ABS_X].resolution, ==, 191);
	}
}

/* ---- events ---- */

static void test_order(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	struct device_counters counters;

	offer_all(fixture);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	SEND(fixture, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 4}, {EV_REL, REL_WHEEL, INT32_MIN});
	SEND(fixture, {EV_KEY, KEY_A, 0});
	SEND(fixture, {EV_KEY, KEY_B, 1}, {EV_KEY, KEY_B, 0});
	expect(fixture,
		"KEY_A=1 \n"
		"REL_X=-3 REL_Y=4 REL_WHEEL=-2147483648 \n"
		"KEY_A=0 \n"
		"KEY_B=1 KEY_B=0 \n");
	device_counters(fixture->sink, &counters);
	g_assert_cmpuint(counters.groups, ==, 4);
	g_assert_cmpuint(counters.events, ==, 11);
	g_assert_cmpuint(counters.dropped, ==, 0);
}

/* Buffers that come after the events; events that come when there is one buffer. */
static void test_late_buffers(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	g_autoptr(GString) text = g_string_new(NULL);
	uint16_t head;

	SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_false(take(fixture, text, &head));
	offer(fixture, 2);
	vmm_kick(&fixture->vmm, EVENT_QUEUE);
	g_assert_true(take(fixture, text, &head));
	g_assert_cmpuint(head, ==, 2);
	g_assert_false(take(fixture, text, &head));
	g_assert_cmpstr(text->str, ==, "KEY_A=1 ");
	offer_all(fixture);
	expect(fixture, "\n");
	SEND(fixture, {EV_KEY, KEY_A, 0});
	expect(fixture, "KEY_A=0 \n");
}

/* The guest is called once for what it gets at once, and kicked for when it has run empty. */
static void test_calls(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[EVENT_QUEUE];

	offer_all(fixture);
	vmm_was_called(&fixture->vmm, EVENT_QUEUE);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_true(vmm_was_called(&fixture->vmm, EVENT_QUEUE));
	/* It has not looked yet, and wants to hear of nothing before the fourth. */
	driver_set_used_event(driver, 3);
	SEND(fixture, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, 1});
	g_assert_true(vmm_was_called(&fixture->vmm, EVENT_QUEUE));
	g_assert_cmpuint(driver_available_event(driver), ==, 4);
	SEND(fixture, {EV_REL, REL_X, 1});
	g_assert_false(vmm_was_called(&fixture->vmm, EVENT_QUEUE));
	g_assert_false(vmm_was_called(&fixture->vmm, STATUS_QUEUE));
	expect(fixture, "KEY_A=1 \nREL_X=1 REL_Y=1 \nREL_X=1 \n");
}

/* One frame of ten fingers is 41 events for four buffers. */
static void test_ten_fingers(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	g_autoptr(GString) wanted = g_string_new(NULL);
	g_autofree char *taken = NULL;

	offer_all(fixture);
	for (int frame = 0; frame < 5; frame++) {
		struct input_value values[40];
		size_t count = 0;

		for (int finger = 0; finger < 10; finger++) {
			values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, finger};
			if (frame == 0 || frame == 4)
				values[count++] = (struct input_value){EV_ABS, ABS_MT_TRACKING_ID,
					frame ? -1 : finger + 100};
			if (frame == 4)
				continue;
			values[count++] = (struct input_value){EV_ABS, ABS_MT_POSITION_X,
				frame * 100 + finger};
			values[count++] = (struct input_value){EV_ABS, ABS_MT_POSITION_Y,
				frame * 1000 + finger};
		}
		push(fixture, count, values);
		/* The guest's slot is 0 to begin with. */
		for (size_t i = frame == 0; i < count; i++)
			append_value(wanted, values[i].type, values[i].code, values[i].value);
		g_string_append_c(wanted, '\n');
	}
	taken = take_all(fixture);
	g_assert_cmpstr(taken, ==, wanted->str);
}

/* A guest that looks away finds the sum of all motion, and every release. */
static void test_flood(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	struct device_counters counters;
	g_autofree char *taken = NULL;
	g_auto(GStrv) groups = NULL;
	int sum = 0;

	offer_all(fixture);
	SEND(fixture, {EV_KEY, BTN_LEFT, 1});
	for (int i = 0; i < 20000; i++)
		SEND(fixture, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -1});
	SEND(fixture, {EV_KEY, BTN_LEFT, 0});
	taken = take_all(fixture);
	g_assert_true(g_str_has_prefix(taken, "BTN_LEFT=1 \nREL_X="));
	g_assert_true(g_str_has_suffix(taken, "\nBTN_LEFT=0 \n"));
	groups = g_strsplit(taken, "\n", -1);
	/* Whole ones: as much to the right as up. */
	for (char **group = groups + 1; g_str_has_prefix(*group, "REL_X="); group++) {
		int x = 0, y = 0;

		g_assert_cmpint(sscanf(*group, "REL_X=%d REL_Y=%d ", &x, &y), ==, 2);
		g_assert_cmpint(x, ==, -y);
		sum += x;
	}
	g_assert_cmpint(sum, ==, 20000);
	device_counters(fixture->sink, &counters);
	g_assert_cmpuint(counters.groups, ==, 20002);
	g_assert_cmpuint(counters.merged, >, 19000);
	g_assert_cmpuint(counters.dropped, ==, 0);
}

/* Sizes that no driver has a reason for. */
static void test_buffers(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[EVENT_QUEUE];
	struct vring_used_elem element;
	struct virtio_input_event event;
	uint8_t *bytes = fixture->vmm.guest.bytes;

	/* Too small; larger than needed; in pieces of 1, 2 and 29 bytes. */
	driver_offer_buffer(driver, 0, BUFFER_OFFSET(0), 7, true);
	vmm_kick(&fixture->vmm, EVENT_QUEUE);
	g_assert_false(driver_take_used(driver, &element));
	SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_true(driver_take_used(driver, &element));
	g_assert_cmpuint(element.id, ==, 0);
	g_assert_cmpuint(element.len, ==, 0);
	memset(bytes + BUFFER_OFFSET(0), 0xee, 96);
	driver_offer_buffer(driver, 0, BUFFER_OFFSET(0), 32, true);
	for (uint16_t i = 1; i < 4; i++)
		driver_describe(driver, i,
			(struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(1) + (i - 1u) * i / 2,
				i == 3 ? 29 : i,
				VRING_DESC_F_WRITE | (i < 3 ? VRING_DESC_F_NEXT : 0),
				(uint16_t)(i + 1)});
	driver_offer(driver, 1);
	vmm_kick(&fixture->vmm, EVENT_QUEUE);
	for (uint32_t i = 0; i < 2; i++) {
		g_assert_true(driver_take_used(driver, &element));
		g_assert_cmpuint(element.id, ==, i);
		g_assert_cmpuint(element.len, ==, sizeof(event));
		memcpy(&event, bytes + BUFFER_OFFSET(i), sizeof(event));
		g_assert_cmpuint(GUINT16_FROM_LE(event.code), ==, i ? SYN_REPORT : KEY_A);
		g_assert_cmphex(bytes[BUFFER_OFFSET(i) + sizeof(event)], ==, 0xee);
	}
	g_assert_false(driver_take_used(driver, &element));
}

/* Nobody there, a VMM alone, a ring that is broken: nothing is kept. */
static void test_nobody_listens(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();
	struct vmm *vmm = &fixture->vmm;
	struct device_counters counters;

	SEND(fixture, {EV_KEY, KEY_A, 1});
	vmm_connect(vmm, fixture->path);
	vmm_start(vmm, VHOST_USER_SET_VRING_KICK);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	expect_heard(fixture, "");
	vmm_hang_up(vmm);
	fixture_settle();
	expect_heard(fixture, "");

	begin(fixture);
	driver_offer_buffer(&vmm->drivers[EVENT_QUEUE], 0, BUFFER_OFFSET(0), 8, false);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	expect_log("[kiosk] guest kiosk: keyboard: queue 0 stands still: the guest offers a buffer "
		   "to read where one to write belongs");
	for (int i = 0; i < 10; i++)
		SEND(fixture, {EV_KEY, KEY_B, i % 2});
	vmm_kick(vmm, EVENT_QUEUE);
	device_counters(fixture->sink, &counters);
	g_assert_cmpuint(counters.groups, ==, 1);
	g_assert_cmpuint(counters.events, ==, 0);
}

/* ---- status ---- */

static void put_status(struct fixture *fixture, uint16_t head, uint16_t type, uint16_t code,
	uint32_t value)
{
	const struct virtio_input_event event = {GUINT16_TO_LE(type), GUINT16_TO_LE(code),
		GUINT32_TO_LE(value)};

	memcpy(fixture->vmm.guest.bytes + BUFFER_OFFSET(head), &event, sizeof(event));
}

static void offer_status(struct fixture *fixture, uint16_t head, uint16_t type, uint16_t code,
	uint32_t value, uint32_t length)
{
	put_status(fixture, head, type, code, value);
	driver_offer_buffer(&fixture->vmm.drivers[STATUS_QUEUE], head, BUFFER_OFFSET(head), length,
		false);
}

static void expect_status_used(struct fixture *fixture, uint32_t count)
{
	struct vring_used_elem element;

	for (uint32_t i = 0; i < count; i++) {
		g_assert_true(driver_take_used(&fixture->vmm.drivers[STATUS_QUEUE], &element));
		g_assert_cmpuint(element.id, ==, i);
		g_assert_cmpuint(element.len, ==, 0);
	}
	g_assert_false(driver_take_used(&fixture->vmm.drivers[STATUS_QUEUE], &element));
}

static void test_leds(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[STATUS_QUEUE];

	vmm_was_called(&fixture->vmm, STATUS_QUEUE);
	offer_status(fixture, 0, EV_LED, LED_CAPSL, 1, 8);
	offer_status(fixture, 1, EV_SYN, SYN_REPORT, 0, 8);
	offer_status(fixture, 2, EV_LED, LED_CAPSL, 0, 8);
	offer_status(fixture, 3, EV_LED, LED_MAX, 7, 32);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	expect_heard(fixture, "LED_CAPSL=1 LED_CAPSL=0 LED_MAX=1 ");
	expect_status_used(fixture, 4);
	g_assert_true(vmm_was_called(&fixture->vmm, STATUS_QUEUE));

	/* What is no LED, is cut off, or is none of ours. */
	offer_status(fixture, 0, EV_LED, LED_CNT, 1, 8);
	offer_status(fixture, 1, EV_LED, LED_NUML, 1, 7);
	offer_status(fixture, 2, EV_KEY, KEY_A, 1, 8);
	offer_status(fixture, 3, EV_LED, 0xffff, 1, 8);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	expect_heard(fixture, "");
	expect_status_used(fixture, 4);

	/* In two pieces. */
	put_status(fixture, 0, EV_LED, LED_SCROLLL, 1);
	driver_describe(driver, 0,
		(struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(0), 3, VRING_DESC_F_NEXT, 1});
	driver_describe(driver, 1,
		(struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(0) + 3, 5, 0, 0});
	driver_offer(driver, 0);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	expect_heard(fixture, "LED_SCROLLL=1 ");
	expect_status_used(fixture, 1);
}

/* Offered before the queue is started, without a kick after it. */
static void test_early_status(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();

	offer_status(fixture, 0, EV_LED, LED_NUML, 1, 8);
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	expect_heard(fixture, "connected=1 LED_NUML=1 ");
	expect_status_used(fixture, 1);
}

/* More buffers than a turn of the main loop has time for. */
static void test_many_status(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();
	struct driver *driver = &fixture->vmm.drivers[STATUS_QUEUE];
	struct vring_used_elem element;
	int taken = 0;

	driver_init(driver, &fixture->vmm.guest, 16384, 0x100000);
	begin(fixture);
	put_status(fixture, 0, EV_SYN, 0, 0);
	driver_describe(driver, 0, (struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(0), 8, 0, 0});
	for (int i = 0; i < 10000; i++)
		driver_offer(driver, 0);
	g_assert_cmpint(eventfd_write(fixture->vmm.kicks[STATUS_QUEUE], 1), ==, 0);
	g_main_context_iteration(NULL, FALSE);
	while (driver_take_used(driver, &element))
		taken++;
	g_assert_cmpint(taken, >, 0);
	g_assert_cmpint(taken, <, 10000);
	fixture_settle();
	while (driver_take_used(driver, &element))
		taken++;
	g_assert_cmpint(taken, ==, 10000);
}

/* ---- life ---- */

/* The guest's reset, with a key down: its driver begins with everything released. */
static void test_reset(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	uint16_t bases[VMM_QUEUES];

	offer_all(fixture);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	SEND(fixture, {EV_KEY, KEY_B, 1});
	SEND(fixture, {EV_KEY, KEY_C, 1});
	vmm_stop(&fixture->vmm, bases);
	expect_heard(fixture, "connected=0 ");
	g_assert_cmpuint(bases[EVENT_QUEUE], ==, 4);
	SEND(fixture, {EV_KEY, KEY_B, 0});

	lay_out_anew(fixture);
	offer_all(fixture);
	vmm_start(&fixture->vmm, 0);
	expect_heard(fixture, "connected=1 ");
	SEND(fixture, {EV_KEY, KEY_A, 0});
	SEND(fixture, {EV_KEY, KEY_C, 0});
	SEND(fixture, {EV_KEY, KEY_A, 1});
	expect(fixture, "KEY_A=1 \n");
}

/* One VMM after the other; the second one waits until the first has gone. */
static void test_second_vmm(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	const struct vmm_message message = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);
	struct vmm second = fixture->vmm;
	struct vmm_message reply;

	offer_all(fixture);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	vmm_connect(&second, fixture->path);
	vmm_send(&second, &message);
	fixture_settle();
	g_assert_false(vmm_receive(&second, &reply));
	expect_heard(fixture, "");
	vmm_hang_up(&fixture->vmm);
	fixture_settle();
	expect_heard(fixture, "connected=0 ");
	g_assert_true(vmm_receive(&second, &reply));

	fixture->vmm.fd = second.fd;
	lay_out_anew(fixture);
	vmm_start(&fixture->vmm, 0);
	expect_heard(fixture, "connected=1 ");
	offer_all(fixture);
	SEND(fixture, {EV_KEY, KEY_A, 0}, {EV_KEY, KEY_B, 1});
	expect(fixture, "KEY_B=1 \n");
}

/* A VMM that takes its memory away while events come is gone in the next turn. */
static void test_shrunk_memory(void)
{
	for (int offered = 0; offered < 2; offered++) {
		g_autoptr(device_fixture) fixture = fixture_new_begun();

		if (offered)
			offer_all(fixture);
		guest_shrink(&fixture->vmm.guest);
		SEND(fixture, {EV_KEY, KEY_A, 1});
		SEND(fixture, {EV_KEY, KEY_A, 0});
		expect_heard(fixture, "");
		fixture_settle();
		expect_heard(fixture, "connected=0 ");
		expect_log("[kiosk] guest kiosk: keyboard: closing vhost-user: the VMM took memory "
			   "away that it had shared");
		vmm_close(&fixture->vmm);
		vmm_open(&fixture->vmm);
		begin(fixture);
		offer_all(fixture);
		SEND(fixture, {EV_KEY, KEY_A, 1});
		expect(fixture, "KEY_A=1 \n");
	}
}

/* The service manager's socket is taken over, and what cannot be is left to its owner. */
static void test_sockets(void)
{
	g_autoptr(device_fixture) fixture = fixture_new();
	g_autofree char *path = g_build_filename(fixture->directory, "other.sock", NULL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct device_options options = {.guest = "kiosk", .device = "other"};
	struct input_description description;
	struct input_sink *sink;
	g_autoptr(GError) error = NULL;

	describe(&description);
	options.path = fixture->path;
	g_assert_null(device_create(&options, &description, &listener, fixture, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	options.path = NULL;
	options.listen_fd = fixture->vmm.guest.fd;
	g_assert_null(device_create(&options, &description, &listener, fixture, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);

	options.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(options.listen_fd, (struct sockaddr *)&address, sizeof(address)), ==,
		0);
	g_assert_cmpint(listen(options.listen_fd, 1), ==, 0);
	sink = device_create(&options, &description, &listener, fixture, &error);
	g_assert_no_error(error);
	vmm_connect(&fixture->vmm, path);
	vmm_start(&fixture->vmm, 0);
	expect_heard(fixture, "connected=1 ");
	/* Destroyed in the middle, without a word. */
	input_sink_destroy(sink);
	expect_heard(fixture, "");
	g_assert_true(vmm_is_closed(&fixture->vmm));
	g_assert_cmpint(g_unlink(path), ==, 0);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/device/configuration", test_configuration);
	g_test_add_func("/input/device/part-of-configuration", test_part_of_configuration);
	g_test_add_func("/input/device/kinds", test_kinds);
	g_test_add_func("/input/device/order", test_order);
	g_test_add_func("/input/device/late-buffers", test_late_buffers);
	g_test_add_func("/input/device/calls", test_calls);
	g_test_add_func("/input/device/ten-fingers", test_ten_fingers);
	g_test_add_func("/input/device/flood", test_flood);
	g_test_add_func("/input/device/buffers", test_buffers);
	g_test_add_func("/input/device/nobody-listens", test_nobody_listens);
	g_test_add_func("/input/device/leds", test_leds);
	g_test_add_func("/input/device/early-status", test_early_status);
	g_test_add_func("/input/device/many-status", test_many_status);
	g_test_add_func("/input/device/reset", test_reset);
	g_test_add_func("/input/device/second-vmm", test_second_vmm);
	g_test_add_func("/input/device/shrunk-memory", test_shrunk_memory);
	g_test_add_func("/input/device/sockets", test_sockets);
	return g_test_run();
}
