/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device from events to LEDs, with a guest that has four buffers and gives them back
 * one at a time; and guests that do other things.
 */
#include <glib/gstdio.h>
#include <libevdev/libevdev.h>
#include <linux/virtio_input.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "device_fixture.h"

#define EVENT_QUEUE 0
#define STATUS_QUEUE 1

/* Of descriptor `head`. */
#define BUFFER_OFFSET(head) (0x20000u + (head)*32u)

/* A VMM comes, and its guest's driver begins, with nothing offered. */
static void begin(struct device_fixture *fixture)
{
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
}

static struct device_fixture *fixture_new_begun(void)
{
	struct device_fixture *fixture = device_fixture_new();

	begin(fixture);
	return fixture;
}

/* Another driver, on queues of its own. */
static void lay_out_anew(struct device_fixture *fixture)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		driver_init(&fixture->vmm.drivers[i], &fixture->vmm.guest, VMM_QUEUE_SIZE,
			i * 0x1000);
}

static void offer(struct device_fixture *fixture, uint16_t head)
{
	driver_offer_buffer(&fixture->vmm.drivers[EVENT_QUEUE], head, BUFFER_OFFSET(head),
		sizeof(struct virtio_input_event), true);
}

static void offer_all(struct device_fixture *fixture)
{
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		offer(fixture, head);
	vmm_kick(&fixture->vmm, EVENT_QUEUE);
}

static void push(struct device_fixture *fixture, size_t count, const struct input_value *values)
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
static bool take(struct device_fixture *fixture, GString *text, uint16_t *head)
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
static char *take_all(struct device_fixture *fixture)
{
	GString *text = g_string_new(NULL);
	uint16_t head;

	while (take(fixture, text, &head)) {
		offer(fixture, head);
		vmm_kick(&fixture->vmm, EVENT_QUEUE);
	}
	return g_string_free(text, FALSE);
}

static void expect(struct device_fixture *fixture, const char *text)
{
	g_autofree char *taken = take_all(fixture);

	g_assert_cmpstr(taken, ==, text);
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_cmpstr(log, ==, text);
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
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm *vmm = &fixture->vmm;
	struct device_counters counters;

	SEND(fixture, {EV_KEY, KEY_A, 1});
	vmm_connect(vmm, fixture->path);
	vmm_start(vmm, VHOST_USER_SET_VRING_KICK);
	SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect_heard(fixture, "");
	vmm_hang_up(vmm);
	fixture_settle();
	device_expect_heard(fixture, "");

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

static void put_status(struct device_fixture *fixture, uint16_t head, uint16_t type, uint16_t code,
	uint32_t value)
{
	const struct virtio_input_event event = {GUINT16_TO_LE(type), GUINT16_TO_LE(code),
		GUINT32_TO_LE(value)};

	memcpy(fixture->vmm.guest.bytes + BUFFER_OFFSET(head), &event, sizeof(event));
}

static void offer_status(struct device_fixture *fixture, uint16_t head, uint16_t type,
	uint16_t code, uint32_t value, uint32_t length)
{
	put_status(fixture, head, type, code, value);
	driver_offer_buffer(&fixture->vmm.drivers[STATUS_QUEUE], head, BUFFER_OFFSET(head), length,
		false);
}

static void expect_status_used(struct device_fixture *fixture, uint32_t count)
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
	device_expect_heard(fixture, "LED_CAPSL=1 LED_CAPSL=0 LED_MAX=1 ");
	expect_status_used(fixture, 4);
	g_assert_true(vmm_was_called(&fixture->vmm, STATUS_QUEUE));

	/* What is no LED, is cut off, or is none of ours. */
	offer_status(fixture, 0, EV_LED, LED_CNT, 1, 8);
	offer_status(fixture, 1, EV_LED, LED_NUML, 1, 7);
	offer_status(fixture, 2, EV_KEY, KEY_A, 1, 8);
	offer_status(fixture, 3, EV_LED, 0xffff, 1, 8);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	device_expect_heard(fixture, "");
	expect_status_used(fixture, 4);

	/* In two pieces. */
	put_status(fixture, 0, EV_LED, LED_SCROLLL, 1);
	driver_describe(driver, 0,
		(struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(0), 3, VRING_DESC_F_NEXT, 1});
	driver_describe(driver, 1,
		(struct vring_desc){GUEST_ADDRESS + BUFFER_OFFSET(0) + 3, 5, 0, 0});
	driver_offer(driver, 0);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	device_expect_heard(fixture, "LED_SCROLLL=1 ");
	expect_status_used(fixture, 1);
}

/* Offered before the queue is started, without a kick after it. */
static void test_early_status(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();

	offer_status(fixture, 0, EV_LED, LED_NUML, 1, 8);
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 LED_NUML=1 ");
	expect_status_used(fixture, 1);
}

/* More buffers than a turn of the main loop has time for. */
static void test_many_status(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
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
	device_expect_heard(fixture, "connected=0 ");
	g_assert_cmpuint(bases[EVENT_QUEUE], ==, 4);
	SEND(fixture, {EV_KEY, KEY_B, 0});

	lay_out_anew(fixture);
	offer_all(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	SEND(fixture, {EV_KEY, KEY_A, 0});
	SEND(fixture, {EV_KEY, KEY_C, 0});
	SEND(fixture, {EV_KEY, KEY_A, 1});
	expect(fixture, "KEY_A=1 \n");
}

/* A driver that has got something from another scanoutd: what that may have left pressed is
 * released. */
static void test_driver_that_goes_on(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct driver *driver = &fixture->vmm.drivers[EVENT_QUEUE];

	driver_begin_at(driver, 2);
	begin(fixture);
	offer_all(fixture);
	expect(fixture, "KEY_ESC=0 KEY_A=0 \n");
}

/* LEDs that a guest has on are off when it goes, and when its next driver begins. */
static void test_leds_go_out(void)
{
	g_autoptr(device_fixture) fixture = fixture_new_begun();
	uint16_t bases[VMM_QUEUES];

	offer_status(fixture, 0, EV_LED, LED_CAPSL, 1, 8);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	device_expect_heard(fixture, "LED_CAPSL=1 ");
	vmm_stop(&fixture->vmm, bases);
	device_expect_heard(fixture, "connected=0 ");
	lay_out_anew(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "LED_CAPSL=0 connected=1 ");

	offer_status(fixture, 0, EV_LED, LED_NUML, 1, 8);
	vmm_kick(&fixture->vmm, STATUS_QUEUE);
	device_expect_heard(fixture, "LED_NUML=1 ");
	vmm_hang_up(&fixture->vmm);
	fixture_settle();
	device_expect_heard(fixture, "connected=0 LED_NUML=0 ");
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
	device_expect_heard(fixture, "");
	vmm_hang_up(&fixture->vmm);
	fixture_settle();
	device_expect_heard(fixture, "connected=0 ");
	g_assert_true(vmm_receive(&second, &reply));

	fixture->vmm.fd = second.fd;
	lay_out_anew(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
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
		device_expect_heard(fixture, "");
		fixture_settle();
		device_expect_heard(fixture, "connected=0 ");
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

/* One that is served already is refused; and one ends in the middle. */
static void test_sockets(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	g_autofree char *path = g_build_filename(fixture->directory, "other.sock", NULL);
	struct device_options options = {.guest = "kiosk", .device = "other"};
	struct input_description description;
	struct input_sink *sink;
	g_autoptr(GError) error = NULL;

	device_fixture_describe(&description);
	options.path = fixture->path;
	g_assert_null(
		device_create(&options, &description, &device_fixture_listener, fixture, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	options.path = path;
	sink = device_create(&options, &description, &device_fixture_listener, fixture, &error);
	g_assert_no_error(error);
	vmm_connect(&fixture->vmm, path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	/* Destroyed in the middle, without a word. */
	input_sink_destroy(sink);
	device_expect_heard(fixture, "");
	g_assert_true(vmm_is_closed(&fixture->vmm));
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
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
	g_test_add_func("/input/device/driver-that-goes-on", test_driver_that_goes_on);
	g_test_add_func("/input/device/leds-go-out", test_leds_go_out);
	g_test_add_func("/input/device/second-vmm", test_second_vmm);
	g_test_add_func("/input/device/shrunk-memory", test_shrunk_memory);
	g_test_add_func("/input/device/sockets", test_sockets);
	return g_test_run();
}
