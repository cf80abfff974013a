/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's keyboard while a key is held and the terminal goes away and comes back, with one call
 * that fails; libinput is a double. Whatever that call is, each key that was told of as pressed is
 * told of as released, and the keyboard is used again in the end, or was said not to be there.
 */
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <unistd.h>

#include "harness.h"
#include "input/host_seat.h"
#include "libinput_double.h"

/* More than the host's devices are left alone after a failure. */
#define PATIENCE_S 20

static struct {
	unsigned int keyboards;
	unsigned int held;
} world;

/* ---- the listener ---- */

static void added(void *data, struct seat_device *device)
{
	world.keyboards++;
}

static void removed(void *data, struct seat_device *device)
{
	world.keyboards--;
}

static void happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	if (event->type != SEAT_EVENT_KEY)
		return;
	g_assert_true(event->key.pressed || world.held > 0);
	world.held += event->key.pressed ? 1 : -1u;
}

static const struct seat_listener listener = {added, removed, happened};

static void configure(void *data, struct seat_device *device, struct seat_device_options *options)
{
}

/* ---- the scenario ---- */

static void press(struct libinput_device *keyboard, bool pressed)
{
	libinput_double_send(&(struct libinput_event){
		.type = LIBINPUT_EVENT_KEYBOARD_KEY,
		.device = keyboard,
		.code = KEY_A,
		.state = pressed ? LIBINPUT_KEY_STATE_PRESSED : LIBINPUT_KEY_STATE_RELEASED,
	});
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void expect_keyboard(void)
{
	FAULTS_AWAIT(world.keyboards == 1, PATIENCE_S);
	g_assert_cmpuint(world.keyboards, ==, 1);
	g_assert_cmpuint(world.held, ==, 0);
}

/* A node of devices= that cannot be asked for is one that is not there: it is named, and not
 * used. */
static bool is_node_missing(void)
{
	return world.keyboards == 0 &&
		(faults_is_in("stat") || faults_is_in("udev_new") ||
			faults_is_in("udev_device_new_from_devnum") ||
			faults_is_in("libinput_path_add_device"));
}

static void use(struct host_seat *host, struct libinput_device *keyboard)
{
	host_seat_open(host);
	if (is_node_missing()) {
		host_seat_destroy(host);
		return;
	}
	expect_keyboard();
	press(keyboard, true);
	g_assert_cmpuint(world.held, ==, 1);
	host_seat_suspend(host);
	g_assert_cmpuint(world.keyboards, ==, 0);
	g_assert_cmpuint(world.held, ==, 0);
	host_seat_resume(host);
	expect_keyboard();
	press(keyboard, true);
	press(keyboard, false);
	g_assert_cmpuint(world.held, ==, 0);
	press(keyboard, true);
	host_seat_destroy(host);
	g_assert_cmpuint(world.held, ==, 0);
}

static void keyboard(void)
{
	struct libinput_device device = {
		.name = "Keys",
		.sysname = "event2",
		.capabilities = 1u << LIBINPUT_DEVICE_CAP_KEYBOARD,
	};
	struct udev_device known = {.node = "/dev/null", .initialized = true, .references = 1};
	struct config_input config = {.devices = (char *)(uintptr_t) "/dev/null"};
	const struct host_seat_options options = {&config, &seat_opener_direct, configure};
	g_autofree char *before = NULL;

	g_main_context_default();
	before = faults_list_fds();
	libinput_double_reset();
	libinput_double.known = &known;
	libinput_double_plug(&device);
	use(host_seat_create(&options, &listener, NULL), &device);
	libinput_double_finish();
	faults_expect_told(NULL, 0);
	faults_expect_fds(before);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/seat/keyboard", keyboard, 60);
	return g_test_run();
}
