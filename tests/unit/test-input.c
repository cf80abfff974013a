/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the host's seat is opened, and opened again. The seat is this test's, and time goes at its word. */
#include "channel_fixture.h"
#include "input/input.h"
#include "scene_fixture.h"

static struct {
	bool refuses;
	bool stays_closed; /* after a suspend */
	unsigned int asked;
	unsigned int resumed;
	bool open;
	GSourceFunc timer;
	gpointer timer_data;
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
	g_assert_cmpstr(options->name, ==, "seat0");
	g_assert_false(world.open);
	if (world.refuses) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV, "is udev there?");
		return NULL;
	}
	world.open = true;
	return (struct seat *)&world;
}

void seat_destroy(struct seat *seat)
{
	world.open = false;
}

bool seat_add_path(struct seat *seat, const char *path, GError **error)
{
	g_assert_not_reached();
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
	g_assert_not_reached();
}

const char *seat_device_name(const struct seat_device *device)
{
	g_assert_not_reached();
}

uint32_t seat_device_vendor(const struct seat_device *device)
{
	g_assert_not_reached();
}

uint32_t seat_device_product(const struct seat_device *device)
{
	g_assert_not_reached();
}

const char *seat_device_property(const struct seat_device *device, const char *name)
{
	g_assert_not_reached();
}

bool seat_device_size(const struct seat_device *device, double *width_mm, double *height_mm)
{
	g_assert_not_reached();
}

void seat_device_set_leds(struct seat_device *device, uint32_t leds)
{
	g_assert_not_reached();
}

void seat_device_set_data(struct seat_device *device, void *data)
{
	g_assert_not_reached();
}

void *seat_device_data(const struct seat_device *device)
{
	g_assert_not_reached();
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

static struct fixture *fixture_new(void)
{
	static char guest[] = "a";
	static char seat[] = "seat0";
	struct fixture *fixture = g_new0(struct fixture, 1);
	struct input_options options = {.keyboard_is_off = true};
	g_autoptr(GError) error = NULL;

	world.timer = NULL;
	world.asked = 0;
	world.resumed = 0;
	fixture->scene = scene_create(&(struct scene_options){0});
	fixture->guest = (struct config_guest){.name = guest, .vm = guest};
	fixture->config.guests = g_ptr_array_new();
	g_ptr_array_add(fixture->config.guests, &fixture->guest);
	fixture->config.devices = g_ptr_array_new();
	fixture->config.input.seat = seat;
	fixture->config.input.switch_terminal.modifiers = MODIFIER_CTRL;
	fixture->config.input.never_pass = g_array_new(FALSE, FALSE, sizeof(struct combination));
	options.config = &fixture->config;
	options.layout = fixture->scene->layout;
	fixture->input = input_create(&options, NULL, NULL, &error);
	g_assert_no_error(error);
	return fixture;
}

static void fixture_free(struct fixture *fixture)
{
	input_destroy(fixture->input);
	g_assert_false(world.open);
	scene_destroy(fixture->scene);
	g_ptr_array_unref(fixture->config.guests);
	g_ptr_array_unref(fixture->config.devices);
	g_array_unref(fixture->config.input.never_pass);
	g_free(fixture);
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

/* The terminal comes back, and the seat does not: a new one is opened, at once or when it can be. */
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

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/input/seat", test_seat);
	g_test_add_func("/input/input/late-seat", test_late_seat);
	g_test_add_func("/input/input/failed-resume", test_failed_resume);
	g_test_add_func("/input/input/no-seat", test_no_seat);
	return g_test_run();
}
