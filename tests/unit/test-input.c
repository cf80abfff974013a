/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the host's seat is opened, and opened again. The seat is this test's, and time goes at its
 * word. */
#include <glib/gstdio.h>

#include "channel_fixture.h"
#include "input/input.h"
#include "scene_fixture.h"
#include "vhost_fixture.h"

static struct {
	bool refuses;
	bool stays_closed; /* after a suspend */
	unsigned int asked;
	unsigned int resumed;
	bool open;
	GSourceFunc timer;
	gpointer timer_data;
	const struct seat_listener *listener; /* the seat's */
	void *data;
	unsigned int capabilities; /* of its one device */
	void *device_data;
	GString *told; /* by input */
	char *nodes; /* devices= of the configuration, or NULL */
} world;

/* ---- the seat ---- */

const struct device_opener seat_opener_direct;

GQuark seat_error_quark(void)
{
	return g_quark_from_static_string("seat-error");
}

struct seat *seat_create(const struct seat_options *options, const struct seat_listener *listener,
	void *data, GError **error)
{
	world.asked++;
	g_assert_cmpstr(options->name, ==, world.nodes ? NULL : "seat0");
	g_assert_false(world.open);
	if (world.refuses) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV, "is udev there?");
		return NULL;
	}
	world.open = true;
	world.listener = listener;
	world.data = data;
	return (struct seat *)&world;
}

void seat_destroy(struct seat *seat)
{
	world.open = false;
}

bool seat_add_path(struct seat *seat, const char *path, GError **error)
{
	g_string_append_printf(world.told, "%s ", path);
	if (!g_str_has_suffix(path, "7"))
		return true;
	g_set_error(error, SEAT_ERROR, SEAT_ERROR_DEVICE, "%s is no device", path);
	return false;
}

bool seat_misses_devices(const struct seat *seat)
{
	return false;
}

bool seat_is_passing(int number)
{
	return false;
}

void seat_suspend(struct seat *seat)
{
}

bool seat_resume(struct seat *seat, GError **error)
{
	g_assert_true(world.open);
	world.resumed++;
	if (world.stays_closed)
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV,
			"the devices cannot be opened again");
	return !world.stays_closed;
}

unsigned int seat_device_capabilities(const struct seat_device *device)
{
	return world.capabilities;
}

const char *seat_device_name(const struct seat_device *device)
{
	return "keys";
}

uint32_t seat_device_vendor(const struct seat_device *device)
{
	return 0;
}

uint32_t seat_device_product(const struct seat_device *device)
{
	return 0;
}

const char *seat_device_property(const struct seat_device *device, const char *name)
{
	return NULL;
}

bool seat_device_size(const struct seat_device *device, double *width_mm, double *height_mm)
{
	g_assert_not_reached();
}

void seat_device_set_leds(struct seat_device *device, uint32_t leds)
{
	g_string_append_printf(world.told, "leds %u ", leds);
}

void seat_device_set_data(struct seat_device *device, void *data)
{
	world.device_data = data;
}

void *seat_device_data(const struct seat_device *device)
{
	return world.device_data;
}

/* ---- the card, as the configuration's reader asks for it ---- */

bool kms_mode_valid(const char *text, GError **error)
{
	g_assert_not_reached();
}

/* ---- time ---- */

guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	g_assert_cmpuint(interval, >=, 5);
	g_assert_null(world.timer);
	world.timer = function;
	world.timer_data = data;
	/* One that never comes. */
	return g_timeout_add(G_MAXINT, function, data);
}

/* ---- the fixture ---- */

struct fixture {
	struct scene *scene;
	struct config config;
	struct config_guest guest;
	struct input *input;
};

static void on_leave(void *data)
{
	g_string_append(world.told, "leave ");
}

static void on_terminal(void *data, int terminal)
{
	g_string_append_printf(world.told, "vt%d ", terminal);
}

static void on_taken(void *data, bool taken)
{
	g_string_append(world.told, taken ? "taken " : "free ");
}

static void on_idle(void *data, const char *guest, bool idle)
{
	g_string_append_printf(world.told, "%s%c ", guest, idle ? '-' : '+');
}

static const struct input_listener input_listener = {on_leave, on_terminal, on_taken, on_idle};

/* `prefix`: of a keyboard's socket, or NULL. */
static struct fixture *fixture_new_with(bool keyboard_is_off, unsigned int terminal_keys,
	char *prefix)
{
	static char guest[] = "a";
	static char seat[] = "seat0";
	struct fixture *fixture = g_new0(struct fixture, 1);
	struct input_options options = {.keyboard_is_off = keyboard_is_off};
	g_autoptr(GError) error = NULL;

	world.timer = NULL;
	world.told = g_string_new(NULL);
	world.asked = 0;
	world.resumed = 0;
	fixture->scene = scene_create(&(struct scene_options){0});
	fixture->guest = (struct config_guest){.name = guest,
		.vm = guest,
		.inputs = 1u << INPUT_KEYBOARD,
		.input_prefix = prefix};
	fixture->config.guests = g_ptr_array_new();
	g_ptr_array_add(fixture->config.guests, &fixture->guest);
	fixture->config.devices = g_ptr_array_new();
	fixture->config.input.seat = seat;
	fixture->config.input.devices = world.nodes;
	fixture->config.input.switch_terminal.modifiers = terminal_keys;
	fixture->config.input.never_pass = g_array_new(FALSE, FALSE, sizeof(struct combination));
	options.config = &fixture->config;
	options.layout = fixture->scene->layout;
	fixture->input = input_create(&options, &input_listener, NULL, &error);
	g_assert_no_error(error);
	return fixture;
}

static struct fixture *fixture_new(void)
{
	return fixture_new_with(true, MODIFIER_CTRL, NULL);
}

static void fixture_free(struct fixture *fixture)
{
	input_destroy(fixture->input);
	g_assert_false(world.open);
	scene_destroy(fixture->scene);
	g_ptr_array_unref(fixture->config.guests);
	g_ptr_array_unref(fixture->config.devices);
	g_array_unref(fixture->config.input.never_pass);
	g_string_free(world.told, TRUE);
	g_free(fixture);
}

static void expect_told(const char *told)
{
	g_assert_cmpstr(world.told->str, ==, told);
	g_string_truncate(world.told, 0);
}

static struct seat_device *device(void)
{
	return (struct seat_device *)&world.capabilities;
}

static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_cmpstr(log, ==, text);
}

/* ---- tests ---- */

static void test_seat(void)
{
	struct fixture *fixture;

	world.refuses = false;
	fixture = fixture_new();
	g_assert_true(world.open);
	g_assert_null(world.timer);
	fixture_free(fixture);
	expect_log(NULL);
}

/* A udev that is late: one word at first, and one when it is there. */
static void test_late_seat(void)
{
	struct fixture *fixture;

	world.refuses = true;
	fixture = fixture_new();
	expect_log("[] no input: is udev there?; it is tried again every 10 s");
	g_assert_nonnull(world.timer);
	g_assert_true(world.timer(world.timer_data));
	g_assert_cmpuint(world.asked, ==, 2);
	/* The terminal is not ours. */
	input_suspend(fixture->input);
	g_assert_true(world.timer(world.timer_data));
	g_assert_cmpuint(world.asked, ==, 2);
	input_resume(fixture->input);
	g_assert_cmpuint(world.asked, ==, 3);
	expect_log(NULL);
	world.refuses = false;
	world.timer(world.timer_data);
	g_assert_true(world.open);
	expect_log("[] input: the host's devices can be used now");
	fixture_free(fixture);
}

/* The terminal comes back, and the seat does not: a new one is opened, at once or when it can
 * be. */
static void test_failed_resume(void)
{
	struct fixture *fixture;

	world.refuses = false;
	fixture = fixture_new();
	input_suspend(fixture->input);
	input_resume(fixture->input);
	g_assert_cmpuint(world.resumed, ==, 1);
	g_assert_cmpuint(world.asked, ==, 1);

	world.stays_closed = true;
	input_suspend(fixture->input);
	input_resume(fixture->input);
	g_assert_cmpuint(world.resumed, ==, 2);
	g_assert_cmpuint(world.asked, ==, 2);
	g_assert_true(world.open);
	g_assert_null(world.timer);
	expect_log(NULL);

	world.refuses = true;
	input_suspend(fixture->input);
	input_resume(fixture->input);
	g_assert_cmpuint(world.asked, ==, 3);
	g_assert_false(world.open);
	expect_log("[] no input: is udev there?; it is tried again every 10 s");
	/* Another switch of terminals in between is nothing to it. */
	input_suspend(fixture->input);
	input_resume(fixture->input);
	g_assert_cmpuint(world.asked, ==, 4);
	world.refuses = false;
	world.timer(world.timer_data);
	g_assert_true(world.open);
	g_assert_cmpuint(world.resumed, ==, 3);
	expect_log("[] input: the host's devices can be used now");
	world.stays_closed = false;
	fixture_free(fixture);
}

/* The daemon stops before it is there. */
static void test_no_seat(void)
{
	world.refuses = true;
	fixture_free(fixture_new());
	g_assert_cmpuint(world.asked, ==, 1);
	expect_log("[] no input: is udev there?; it is tried again every 10 s");
}

/* Nodes in place of the seat's devices; one that cannot be used costs no other. */
static void test_nodes(void)
{
	static char nodes[] = " /dev/input/event1 ;; /dev/input/event7;/dev/input/event2 ; ";
	struct fixture *fixture;

	world.refuses = false;
	world.nodes = nodes;
	fixture = fixture_new();
	expect_told("/dev/input/event1 /dev/input/event7 /dev/input/event2 ");
	expect_log("[] input: /dev/input/event7 is no device");
	g_assert_true(world.open);
	fixture_free(fixture);
	world.nodes = NULL;
}

/* ---- who reads the keyboard ---- */

/* Who else reads keys is told to stop when a guest listens and there is a keyboard to read them
 * from, and may go on when either is over. */
static void test_keyboard(void)
{
	g_autofree char *directory = g_dir_make_tmp("test-input-XXXXXX", NULL);
	g_autofree char *prefix = g_build_filename(directory, "a", NULL);
	g_autofree char *path = g_strconcat(prefix, "-keyboard.sock", NULL);
	struct fixture *fixture;
	struct vmm vmm;

	world.refuses = false;
	fixture = fixture_new_with(false, MODIFIER_CTRL, prefix);
	/* Nobody listens, so there is no use for the host's devices. */
	g_assert_false(world.open);
	vmm_open(&vmm);
	vmm_connect(&vmm, path);
	vmm_start(&vmm, 0);
	g_assert_true(world.open);
	expect_told("");
	world.capabilities = SEAT_POINTER;
	world.listener->device_added(world.data, device());
	expect_told("");
	world.listener->device_removed(world.data, device());
	world.capabilities = SEAT_KEYBOARD;
	world.listener->device_added(world.data, device());
	expect_told("leds 0 taken ");
	world.listener->device_removed(world.data, device());
	expect_told("free ");
	world.listener->device_added(world.data, device());
	expect_told("leds 0 taken ");
	vmm_hang_up(&vmm);
	fixture_settle();
	expect_told("free ");
	vmm_connect(&vmm, path);
	vmm_start(&vmm, 0);
	expect_told("taken ");
	world.listener->device_removed(world.data, device());
	expect_told("free ");
	fixture_free(fixture);
	vmm_close(&vmm);
	g_assert_cmpint(g_rmdir(directory), ==, 0);
	g_free(fixture_log_take());
}

/* Where no keys lead to another terminal, nobody else reads any. */
static void test_locked(void)
{
	struct fixture *fixture;

	world.refuses = false;
	fixture = fixture_new_with(false, 0, NULL);
	expect_told("taken ");
	g_assert_true(world.open);
	fixture_free(fixture);
	input_destroy(NULL);
	input_suspend(NULL);
	input_resume(NULL);
	input_outputs_changed(NULL);
}

/* What the seat says is handed on. */
static void test_handed_on(void)
{
	struct seat_event event = {.type = SEAT_EVENT_KEY, .key = {KEY_LEFTCTRL, true}};
	struct fixture *fixture;

	world.refuses = false;
	fixture = fixture_new();
	world.capabilities = SEAT_KEYBOARD;
	world.listener->device_added(world.data, device());
	expect_told("leds 0 ");
	world.listener->event(world.data, device(), &event);
	event.key.code = KEY_F4;
	world.listener->event(world.data, device(), &event);
	expect_told("vt4 ");
	world.listener->device_removed(world.data, device());
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/input/seat", test_seat);
	g_test_add_func("/input/input/late-seat", test_late_seat);
	g_test_add_func("/input/input/failed-resume", test_failed_resume);
	g_test_add_func("/input/input/no-seat", test_no_seat);
	g_test_add_func("/input/input/nodes", test_nodes);
	g_test_add_func("/input/input/keyboard", test_keyboard);
	g_test_add_func("/input/input/locked", test_locked);
	g_test_add_func("/input/input/handed-on", test_handed_on);
	return g_test_run();
}
