/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modifiers that were down before their keyboard was opened: what the listener is told, and when
 * the kernel is asked. Which keys are down is this test's word; the node is one that can be opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "input/seat_internal.h"

#define NODE "/dev/null"

static struct {
	uint8_t down[INPUT_BITS_SIZE(KEY_MAX)];
	bool gone; /* the device */
	unsigned int asked;
	GString *told;
} world;

static void set_down(uint16_t code, bool down)
{
	if (down)
		input_set_bit(world.down, code);
	else
		input_clear_bit(world.down, code);
}

static void expect(const char *text)
{
	g_assert_cmpstr(world.told->str, ==, text);
	g_string_truncate(world.told, 0);
}

/* ---- the kernel ---- */

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *keys;

	g_assert_cmpuint(request, ==, EVIOCGKEY(sizeof(world.down)));
	g_assert_cmpint(fcntl(fd, F_GETFD), >=, 0);
	va_start(arguments, request);
	keys = va_arg(arguments, void *);
	va_end(arguments);
	world.asked++;
	if (world.gone) {
		errno = ENODEV;
		return -1;
	}
	memcpy(keys, world.down, sizeof(world.down));
	return sizeof(world.down);
}

/* ---- the rest of the seat ---- */

const char *seat_device_node(const struct seat_device *device)
{
	return device->data;
}

void seat_device_tell(struct seat_device *device, const struct seat_event *event)
{
	g_assert_cmpint(event->type, ==, SEAT_EVENT_HELD);
	g_string_append_printf(world.told, "%s=%d ",
		libevdev_event_code_get_name(EV_KEY, event->key.code), event->key.pressed);
}

/* ---- the fixture ---- */

struct fixture {
	struct seat seat;
	struct seat_device keyboard, other;
	int fd; /* libinput's */
};

static struct fixture *fixture_new(const char *node)
{
	struct fixture *fixture = g_new0(struct fixture, 1);

	memset(world.down, 0, sizeof(world.down));
	world.gone = false;
	world.asked = 0;
	world.told = g_string_new(NULL);
	fixture->seat.held_at_open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fixture->seat.holding = g_ptr_array_new();
	fixture->keyboard.seat = &fixture->seat;
	fixture->keyboard.data = (void *)node;
	fixture->other.seat = &fixture->seat;
	fixture->other.data = (void *)"/dev/zero";
	fixture->fd = open(NODE, O_RDWR | O_CLOEXEC);
	return fixture;
}

static void open_device(struct fixture *fixture, struct seat_device *device)
{
	seat_held_opened(&fixture->seat, seat_device_node(device), fixture->fd);
	seat_held_added(device);
}

static void fixture_free(struct fixture *fixture)
{
	expect("");
	g_assert_cmpuint(fixture->seat.holding->len, ==, 0);
	g_assert_cmpuint(g_hash_table_size(fixture->seat.held_at_open), ==, 0);
	g_hash_table_unref(fixture->seat.held_at_open);
	g_ptr_array_unref(fixture->seat.holding);
	close(fixture->fd);
	g_string_free(world.told, TRUE);
	g_free(fixture);
}

static void assert_closed(int fd)
{
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

/* ---- tests ---- */

static void test_nothing_held(void)
{
	struct fixture *fixture = fixture_new(NODE);

	set_down(KEY_A, true);
	open_device(fixture, &fixture->keyboard);
	g_assert_cmpuint(world.asked, ==, 1);
	seat_held_key(&fixture->keyboard, KEY_B);
	seat_held_removed(&fixture->keyboard);
	g_assert_cmpuint(world.asked, ==, 1);
	fixture_free(fixture);
}

static void test_held(void)
{
	struct fixture *fixture = fixture_new(NODE);
	int fd;

	set_down(KEY_LEFTCTRL, true);
	set_down(KEY_RIGHTALT, true);
	set_down(KEY_A, true);
	open_device(fixture, &fixture->keyboard);
	expect("KEY_LEFTCTRL=1 KEY_RIGHTALT=1 ");
	fd = fixture->keyboard.held_fd;
	g_assert_cmpint(fd, !=, fixture->fd);
	/* Whichever keyboard a key is on. */
	seat_held_key(&fixture->keyboard, KEY_F1);
	seat_held_key(&fixture->other, KEY_F1);
	expect("");
	set_down(KEY_RIGHTALT, false);
	seat_held_key(&fixture->other, KEY_F1);
	expect("KEY_RIGHTALT=0 ");
	/* What is pressed later is libinput's to tell. */
	set_down(KEY_RIGHTALT, true);
	seat_held_key(&fixture->keyboard, KEY_RIGHTALT);
	expect("");
	set_down(KEY_LEFTCTRL, false);
	seat_held_key(&fixture->keyboard, KEY_F1);
	expect("KEY_LEFTCTRL=0 ");
	assert_closed(fd);
	/* From now on nobody is asked. */
	world.asked = 0;
	seat_held_key(&fixture->keyboard, KEY_F1);
	g_assert_cmpuint(world.asked, ==, 0);
	fixture_free(fixture);
}

static bool was_pressed(void *data, const struct seat_device *device, uint16_t code)
{
	g_assert_nonnull(device);
	return code == KEY_A || code == BTN_LEFT;
}

/* Keys and buttons that somebody sees pressed since before: their release is told when it comes. */
static void test_was_pressed(void)
{
	struct fixture *fixture = fixture_new(NODE);
	int fd;

	fixture->seat.options.was_pressed = was_pressed;
	set_down(KEY_B, true);
	open_device(fixture, &fixture->other);
	expect("");
	set_down(KEY_A, true);
	set_down(BTN_LEFT, true);
	open_device(fixture, &fixture->keyboard);
	expect("KEY_A=1 BTN_LEFT=1 ");
	fd = fixture->keyboard.held_fd;
	set_down(BTN_LEFT, false);
	/* This node can always be read. */
	g_main_context_iteration(NULL, TRUE);
	expect("BTN_LEFT=0 ");
	g_main_context_iteration(NULL, TRUE);
	expect("");
	set_down(KEY_A, false);
	g_main_context_iteration(NULL, TRUE);
	expect("KEY_A=0 ");
	assert_closed(fd);
	g_assert_false(g_main_context_iteration(NULL, FALSE));
	fixture_free(fixture);
}

/* It was up in between, though it is down when the kernel is asked. */
static void test_pressed_again(void)
{
	struct fixture *fixture = fixture_new(NODE);

	set_down(KEY_LEFTCTRL, true);
	open_device(fixture, &fixture->keyboard);
	expect("KEY_LEFTCTRL=1 ");
	open_device(fixture, &fixture->other);
	expect("KEY_LEFTCTRL=1 ");
	seat_held_key(&fixture->keyboard, KEY_LEFTCTRL);
	expect("KEY_LEFTCTRL=0 ");
	seat_held_removed(&fixture->keyboard);
	expect("");
	seat_held_removed(&fixture->other);
	expect("KEY_LEFTCTRL=0 ");
	fixture_free(fixture);
}

static void test_up_meanwhile(void)
{
	struct fixture *fixture = fixture_new(NODE);

	set_down(KEY_LEFTSHIFT, true);
	seat_held_opened(&fixture->seat, NODE, fixture->fd);
	set_down(KEY_LEFTSHIFT, false);
	seat_held_added(&fixture->keyboard);
	/* Nor was it down when libinput opened it once more. */
	set_down(KEY_LEFTSHIFT, true);
	seat_held_opened(&fixture->seat, NODE, fixture->fd);
	set_down(KEY_LEFTSHIFT, false);
	seat_held_opened(&fixture->seat, NODE, fixture->fd);
	seat_held_added(&fixture->keyboard);
	fixture_free(fixture);
}

/* A seat manager opened it, and we may not. */
static void test_refused(void)
{
	struct fixture *fixture = fixture_new("/dev/null/event3");

	set_down(KEY_LEFTCTRL, true);
	open_device(fixture, &fixture->keyboard);
	seat_held_key(&fixture->keyboard, KEY_F1);
	seat_held_removed(&fixture->keyboard);
	g_assert_cmpuint(world.asked, ==, 1);
	fixture_free(fixture);
}

/* The keyboard is pulled: what cannot be asked for is not held. */
static void test_pulled(void)
{
	struct fixture *fixture = fixture_new(NODE);

	set_down(KEY_RIGHTMETA, true);
	open_device(fixture, &fixture->keyboard);
	expect("KEY_RIGHTMETA=1 ");
	world.gone = true;
	seat_held_key(&fixture->other, KEY_A);
	expect("KEY_RIGHTMETA=0 ");
	seat_held_removed(&fixture->keyboard);
	/* One that is gone already when it is opened. */
	open_device(fixture, &fixture->other);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/seat-held/nothing-held", test_nothing_held);
	g_test_add_func("/input/seat-held/held", test_held);
	g_test_add_func("/input/seat-held/was-pressed", test_was_pressed);
	g_test_add_func("/input/seat-held/pressed-again", test_pressed_again);
	g_test_add_func("/input/seat-held/up-meanwhile", test_up_meanwhile);
	g_test_add_func("/input/seat-held/refused", test_refused);
	g_test_add_func("/input/seat-held/pulled", test_pulled);
	return g_test_run();
}
