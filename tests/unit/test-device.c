/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device from events to LEDs, with a guest that has four buffers and gives them back
 * one at a time.
 */
#include <glib/gstdio.h>
#include <libevdev/libevdev.h>
#include <linux/virtio_input.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device_fixture.h"

/* ---- events ---- */

static void test_order(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct device_counters counters;

	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	DEVICE_SEND(fixture, {EV_REL, REL_X, -3}, {EV_REL, REL_Y, 4},
		{EV_REL, REL_WHEEL, INT32_MIN});
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 1}, {EV_KEY, KEY_B, 0});
	device_expect(fixture,
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
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	g_autoptr(GString) text = g_string_new(NULL);
	uint16_t head;

	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_false(device_take(fixture, text, &head));
	device_offer(fixture, 2);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	g_assert_true(device_take(fixture, text, &head));
	g_assert_cmpuint(head, ==, 2);
	g_assert_false(device_take(fixture, text, &head));
	g_assert_cmpstr(text->str, ==, "KEY_A=1 ");
	device_offer_all(fixture);
	device_expect(fixture, "\n");
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	device_expect(fixture, "KEY_A=0 \n");
}

/* The guest is called once for what it gets at once, and kicked for when it has run empty. */
static void test_calls(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_EVENT_QUEUE];

	device_offer_all(fixture);
	vmm_was_called(&fixture->vmm, DEVICE_EVENT_QUEUE);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_true(vmm_was_called(&fixture->vmm, DEVICE_EVENT_QUEUE));
	/* It has not looked yet, and wants to hear of nothing before the fourth. */
	driver_set_used_event(driver, 3);
	DEVICE_SEND(fixture, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, 1});
	g_assert_true(vmm_was_called(&fixture->vmm, DEVICE_EVENT_QUEUE));
	g_assert_cmpuint(driver_available_event(driver), ==, 4);
	DEVICE_SEND(fixture, {EV_REL, REL_X, 1});
	g_assert_false(vmm_was_called(&fixture->vmm, DEVICE_EVENT_QUEUE));
	g_assert_false(vmm_was_called(&fixture->vmm, DEVICE_STATUS_QUEUE));
	device_expect(fixture, "KEY_A=1 \nREL_X=1 REL_Y=1 \nREL_X=1 \n");
}

/* One frame of ten fingers is 41 events for four buffers. */
static void test_ten_fingers(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	g_autoptr(GString) wanted = g_string_new(NULL);
	g_autofree char *taken = NULL;

	device_offer_all(fixture);
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
		device_push(fixture, count, values);
		/* The guest's slot is 0 to begin with. */
		for (size_t i = frame == 0; i < count; i++)
			device_append_value(wanted, values[i].type, values[i].code,
				values[i].value);
		g_string_append_c(wanted, '\n');
	}
	taken = device_take_all(fixture);
	g_assert_cmpstr(taken, ==, wanted->str);
}

/* A guest that looks away finds the sum of all motion, and every release. */
static void test_flood(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct device_counters counters;
	g_autofree char *taken = NULL;
	g_auto(GStrv) groups = NULL;
	int sum = 0;

	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, BTN_LEFT, 1});
	for (int i = 0; i < 20000; i++)
		DEVICE_SEND(fixture, {EV_REL, REL_X, 1}, {EV_REL, REL_Y, -1});
	DEVICE_SEND(fixture, {EV_KEY, BTN_LEFT, 0});
	taken = device_take_all(fixture);
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

/* Nobody there, or a VMM alone: nothing is kept. */
static void test_nobody_listens(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm *vmm = &fixture->vmm;
	struct device_counters counters;

	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	vmm_connect(vmm, fixture->path);
	vmm_start(vmm, VHOST_USER_SET_VRING_KICK);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect_heard(fixture, "");
	vmm_hang_up(vmm);
	fixture_settle();
	device_expect_heard(fixture, "");

	device_begin(fixture);
	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 1});
	device_expect(fixture, "KEY_B=1 \n");
	device_counters(fixture->sink, &counters);
	g_assert_cmpuint(counters.groups, ==, 1);
}

/* ---- status ---- */

static void put_status(struct device_fixture *fixture, uint16_t head, uint16_t type, uint16_t code,
	uint32_t value)
{
	const struct virtio_input_event event = {GUINT16_TO_LE(type), GUINT16_TO_LE(code),
		GUINT32_TO_LE(value)};

	memcpy(fixture->vmm.guest.bytes + DEVICE_BUFFER_OFFSET(head), &event, sizeof(event));
}

static void offer_status(struct device_fixture *fixture, uint16_t head, uint16_t type,
	uint16_t code, uint32_t value, uint32_t length)
{
	put_status(fixture, head, type, code, value);
	driver_offer_buffer(&fixture->vmm.drivers[DEVICE_STATUS_QUEUE], head,
		DEVICE_BUFFER_OFFSET(head), length, false);
}

static void expect_status_used(struct device_fixture *fixture, uint32_t count)
{
	struct vring_used_elem element;

	for (uint32_t i = 0; i < count; i++) {
		g_assert_true(
			driver_take_used(&fixture->vmm.drivers[DEVICE_STATUS_QUEUE], &element));
		g_assert_cmpuint(element.id, ==, i);
		g_assert_cmpuint(element.len, ==, 0);
	}
	g_assert_false(driver_take_used(&fixture->vmm.drivers[DEVICE_STATUS_QUEUE], &element));
}

static void test_leds(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_STATUS_QUEUE];

	vmm_was_called(&fixture->vmm, DEVICE_STATUS_QUEUE);
	offer_status(fixture, 0, EV_LED, LED_CAPSL, 1, 8);
	offer_status(fixture, 1, EV_SYN, SYN_REPORT, 0, 8);
	offer_status(fixture, 2, EV_LED, LED_CAPSL, 0, 8);
	offer_status(fixture, 3, EV_LED, LED_MAX, 7, 32);
	vmm_kick(&fixture->vmm, DEVICE_STATUS_QUEUE);
	device_expect_heard(fixture, "LED_CAPSL=0 LED_MAX=1 ; ");
	expect_status_used(fixture, 4);
	g_assert_true(vmm_was_called(&fixture->vmm, DEVICE_STATUS_QUEUE));

	/* What is no LED, is cut off, or is none of ours. */
	offer_status(fixture, 0, EV_LED, LED_CNT, 1, 8);
	offer_status(fixture, 1, EV_LED, LED_NUML, 1, 7);
	offer_status(fixture, 2, EV_KEY, KEY_A, 1, 8);
	offer_status(fixture, 3, EV_LED, 0xffff, 1, 8);
	vmm_kick(&fixture->vmm, DEVICE_STATUS_QUEUE);
	device_expect_heard(fixture, "");
	expect_status_used(fixture, 4);

	/* In two pieces. */
	put_status(fixture, 0, EV_LED, LED_SCROLLL, 1);
	driver_describe(driver, 0,
		(struct vring_desc){GUEST_ADDRESS + DEVICE_BUFFER_OFFSET(0), 3, VRING_DESC_F_NEXT,
			1});
	driver_describe(driver, 1,
		(struct vring_desc){GUEST_ADDRESS + DEVICE_BUFFER_OFFSET(0) + 3, 5, 0, 0});
	driver_offer(driver, 0);
	vmm_kick(&fixture->vmm, DEVICE_STATUS_QUEUE);
	device_expect_heard(fixture, "LED_SCROLLL=1 ; ");
	expect_status_used(fixture, 1);
}

/* So many more come, each after its rest. */
static void await_used(struct driver *driver, size_t count)
{
	struct vring_used_elem element;

	while (count > 0) {
		g_main_context_iteration(NULL, TRUE);
		while (driver_take_used(driver, &element))
			count--;
	}
}

/* A guest that lets them flicker is told of once a turn, and gets few turns in a row. */
static void test_flickering_leds(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_STATUS_QUEUE];
	struct vring_used_elem element;
	size_t told = 0;
	size_t taken = 0;

	driver_init(driver, &fixture->vmm.guest, 4096, 0x100000);
	device_begin(fixture);
	for (uint16_t i = 0; i < 4096; i++)
		offer_status(fixture, i, EV_LED, LED_CAPSL, i % 2, 8);
	g_assert_cmpint(eventfd_write(fixture->vmm.kicks[DEVICE_STATUS_QUEUE], 1), ==, 0);
	g_main_context_iteration(NULL, FALSE);
	while (driver_take_used(driver, &element))
		taken++;
	g_assert_cmpuint(taken, <=, 256);
	await_used(driver, 4096 - taken);
	for (const char *text = fixture->heard->str; (text = strchr(text, ';')) != NULL; text++)
		told++;
	g_assert_cmpuint(told, >=, 4096 / 256);
	g_assert_cmpuint(told, <, 4096);
	g_assert_true(g_str_has_suffix(fixture->heard->str, "LED_CAPSL=1 ; "));
	g_string_truncate(fixture->heard, 0);
}

/* Offered before the queue is started, without a kick after it. */
static void test_early_status(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();

	offer_status(fixture, 0, EV_LED, LED_NUML, 1, 8);
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 LED_NUML=1 ; ");
	expect_status_used(fixture, 1);
}

/* More buffers than a turn of the main loop has time for. */
static void test_many_status(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_STATUS_QUEUE];
	struct vring_used_elem element;
	int taken = 0;

	driver_init(driver, &fixture->vmm.guest, 16384, 0x100000);
	device_begin(fixture);
	put_status(fixture, 0, EV_SYN, 0, 0);
	driver_describe(driver, 0,
		(struct vring_desc){GUEST_ADDRESS + DEVICE_BUFFER_OFFSET(0), 8, 0, 0});
	for (int i = 0; i < 10000; i++)
		driver_offer(driver, 0);
	g_assert_cmpint(eventfd_write(fixture->vmm.kicks[DEVICE_STATUS_QUEUE], 1), ==, 0);
	g_main_context_iteration(NULL, FALSE);
	while (driver_take_used(driver, &element))
		taken++;
	g_assert_cmpint(taken, >, 0);
	g_assert_cmpint(taken, <, 10000);
	await_used(driver, 10000 - (size_t)taken);
}

/* Before the device has its turn, its guest's others have had all of their share. */
static gboolean use_share_up(gpointer data)
{
	struct turn_share *share = data;

	share->turn_us = g_source_get_time(g_main_current_source());
	share->used_us = G_USEC_PER_SEC;
	return G_SOURCE_CONTINUE;
}

/* One buffer a turn is left to it then. */
static void test_share_used_up(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_STATUS_QUEUE];
	/* Made before the connection's own sources, it comes before them. */
	g_autoptr(GSource) others = g_timeout_source_new(G_MAXUINT);
	struct vring_used_elem element;

	g_source_set_callback(others, use_share_up, account_share(fixture->account), NULL);
	g_source_attach(others, NULL);
	device_begin(fixture);
	for (uint16_t i = 0; i < 4; i++)
		offer_status(fixture, i, EV_LED, LED_CAPSL, 1, 8);
	g_assert_cmpint(eventfd_write(fixture->vmm.kicks[DEVICE_STATUS_QUEUE], 1), ==, 0);
	for (int i = 0; i < 4; i++) {
		do {
			g_source_set_ready_time(others, 0);
			g_main_context_iteration(NULL, FALSE);
		} while (!driver_take_used(driver, &element));
		g_assert_false(driver_take_used(driver, &element));
	}
	g_source_destroy(others);
	fixture_settle();
	g_string_truncate(fixture->heard, 0);
}

/* ---- life ---- */

/* The guest's reset, with a key down: its driver begins with everything released. */
static void test_reset(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	uint16_t bases[VMM_QUEUES];

	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 1});
	DEVICE_SEND(fixture, {EV_KEY, KEY_C, 1});
	vmm_stop(&fixture->vmm, bases);
	device_expect_heard(fixture, "connected=0 ");
	g_assert_cmpuint(bases[DEVICE_EVENT_QUEUE], ==, 4);
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 0});

	device_lay_out_anew(fixture);
	device_offer_all(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	DEVICE_SEND(fixture, {EV_KEY, KEY_C, 0});
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect(fixture, "KEY_A=1 \n");
}

/* A driver that has got something from another scanoutd: what that may have left pressed is
 * released. */
static void test_driver_that_goes_on(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_EVENT_QUEUE];

	driver_begin_at(driver, 2);
	device_begin(fixture);
	device_offer_all(fixture);
	device_expect(fixture, "KEY_ESC=0 KEY_A=0 \n");
}

/* A queue that is at its beginning again after 65536 buffers may be one that begins, or goes on:
 * what its driver may hold is released. */
static void test_driver_that_got_many(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	uint16_t bases[VMM_QUEUES];

	driver_begin_at(&fixture->vmm.drivers[DEVICE_EVENT_QUEUE], 65533);
	device_begin(fixture);
	device_offer_all(fixture);
	device_expect(fixture, "KEY_ESC=0 KEY_A=0 \n");
	vmm_stop(&fixture->vmm, bases);
	g_assert_cmpuint(bases[DEVICE_EVENT_QUEUE], ==, 0);
	device_expect_heard(fixture, "connected=0 ");
	device_lay_out_anew(fixture);
	device_offer_all(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	device_expect(fixture, "KEY_ESC=0 KEY_A=0 \n");
}

/* One that was stopped before it got anything holds nothing. */
static void test_driver_that_got_nothing(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	uint16_t bases[VMM_QUEUES];

	for (int i = 0; i < 2; i++) {
		vmm_stop(&fixture->vmm, bases);
		g_assert_cmpuint(bases[DEVICE_EVENT_QUEUE], ==, 0);
		device_expect_heard(fixture, "connected=0 ");
		device_lay_out_anew(fixture);
		vmm_start(&fixture->vmm, 0);
		device_expect_heard(fixture, "connected=1 ");
	}
	device_offer_all(fixture);
	device_expect(fixture, "");
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect(fixture, "KEY_A=1 \n");
}

/* LEDs that a guest has on are off when it goes, and when its next driver begins. */
static void test_leds_go_out(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	uint16_t bases[VMM_QUEUES];

	offer_status(fixture, 0, EV_LED, LED_CAPSL, 1, 8);
	vmm_kick(&fixture->vmm, DEVICE_STATUS_QUEUE);
	device_expect_heard(fixture, "LED_CAPSL=1 ; ");
	vmm_stop(&fixture->vmm, bases);
	device_expect_heard(fixture, "connected=0 ");
	device_lay_out_anew(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "LED_CAPSL=0 ; connected=1 ");

	offer_status(fixture, 0, EV_LED, LED_NUML, 1, 8);
	vmm_kick(&fixture->vmm, DEVICE_STATUS_QUEUE);
	device_expect_heard(fixture, "LED_NUML=1 ; ");
	vmm_hang_up(&fixture->vmm);
	fixture_settle();
	device_expect_heard(fixture, "connected=0 LED_NUML=0 ; ");
}

/* One VMM after the other; the second one waits until the first has gone. */
static void test_second_vmm(void)
{
	fixture_peers_forget();
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	const struct vmm_message message = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);
	struct vmm second = fixture->vmm;
	struct vmm_message reply;

	g_autofree char *came = fixture_peers_take();
	g_assert_cmpstr(came, ==, "[kiosk] guest kiosk: keyboard: a VMM has connected");
	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	vmm_connect(&second, fixture->path);
	vmm_send(&second, &message);
	fixture_settle();
	g_assert_false(vmm_receive(&second, &reply));
	device_expect_heard(fixture, "");
	vmm_hang_up(&fixture->vmm);
	fixture_settle();
	device_expect_heard(fixture, "connected=0 ");
	g_assert_true(vmm_receive(&second, &reply));
	g_autofree char *waited = g_strdup_printf(
		"[kiosk] guest kiosk: %s: another peer has connected and waits: one is served at a "
		"time\n[kiosk] guest kiosk: keyboard: the VMM has disconnected\n%s",
		fixture->path, came);
	g_autofree char *changed = fixture_peers_take();
	g_assert_cmpstr(changed, ==, waited);

	fixture->vmm.fd = second.fd;
	device_lay_out_anew(fixture);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0}, {EV_KEY, KEY_B, 1});
	device_expect(fixture, "KEY_B=1 \n");
}

/* One that waits for too long is refused, and told so; the first one's keys come as before. */
static void test_second_vmm_refused(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	const struct vmm_message message = vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL);
	g_autofree char *refused = g_strdup_printf(
		"another peer (process %d) is refused: busy with process %d", (int)getpid(),
		(int)getpid());
	struct vmm second = fixture->vmm;
	struct vmm_message reply;
	g_autofree char *said = NULL;
	char byte;

	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect(fixture, "KEY_A=1 \n");
	vmm_connect(&second, fixture->path);
	vmm_send(&second, &message);
	while (!(said = fixture_log_take()))
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(strstr(said, refused));
	/* A thread closes it. */
	g_assert_cmpint(recv(second.fd, &byte, 1, 0), <=, 0);
	close(second.fd);
	device_expect_heard(fixture, "");
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	device_expect(fixture, "KEY_A=0 \n");
	vmm_send(&fixture->vmm, &message);
	fixture_settle();
	g_assert_true(vmm_receive(&fixture->vmm, &reply));
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
	g_test_add_func("/input/device/nobody-listens", test_nobody_listens);
	g_test_add_func("/input/device/leds", test_leds);
	g_test_add_func("/input/device/flickering-leds", test_flickering_leds);
	g_test_add_func("/input/device/early-status", test_early_status);
	g_test_add_func("/input/device/many-status", test_many_status);
	g_test_add_func("/input/device/share-used-up", test_share_used_up);
	g_test_add_func("/input/device/reset", test_reset);
	g_test_add_func("/input/device/driver-that-goes-on", test_driver_that_goes_on);
	g_test_add_func("/input/device/driver-that-got-many", test_driver_that_got_many);
	g_test_add_func("/input/device/driver-that-got-nothing", test_driver_that_got_nothing);
	g_test_add_func("/input/device/leds-go-out", test_leds_go_out);
	g_test_add_func("/input/device/second-vmm", test_second_vmm);
	g_test_add_func("/input/device/second-vmm-refused", test_second_vmm_refused);
	g_test_add_func("/input/device/sockets", test_sockets);
	return g_test_run();
}
