/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus_fixture.h"

/* What the program's log has, for dbus_fixture_times_logged(). */
static GString *logged;

static GLogWriterOutput keep_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	g_assert_cmpint(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL), ==, 0);
	for (gsize i = 0; i < count; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			g_string_append_printf(logged, "%s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

void dbus_fixture_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	logged = g_string_new(NULL);
	g_log_set_writer_func(keep_log, NULL, NULL);
}

unsigned int dbus_fixture_times_logged(const char *text)
{
	unsigned int count = 0;

	for (const char *at = logged->str; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void connected(void *data, enum input_kind kind, size_t screen, bool is_connected)
{
	struct dbus_fixture *fixture = data;

	g_assert_cmpint(fixture->connected[kind][screen], !=, is_connected);
	fixture->connected[kind][screen] = is_connected;
}

static void leds(void *data, uint32_t said, uint32_t on)
{
	struct dbus_fixture *fixture = data;

	for (unsigned int code = 0; code <= LED_MAX; code++) {
		if (said >> code & 1)
			g_string_append_printf(fixture->leds, " %u=%u", code, on >> code & 1);
	}
}

static void gpus(void *data, size_t count)
{
	struct dbus_fixture *fixture = data;

	g_assert_cmpuint(fixture->gpus, !=, count);
	fixture->gpus = count;
}

static const struct dbus_display_listener listener = {
	.connected = connected,
	.leds = leds,
	.gpus = gpus,
};

void dbus_fixture_manage(struct dbus_fixture *fixture, bool absolute)
{
	g_autofree char *console = bus_double_console(0, "Graphic", 1280, 800, absolute);
	g_autofree char *text = g_strdup_printf("{%s}", console);

	bus_double_manage(fixture->bus, text);
}

struct dbus_fixture *dbus_fixture_new(void)
{
	struct dbus_fixture *fixture = g_new0(struct dbus_fixture, 1);

	fixture->bus = bus_double_new();
	fixture->leds = g_string_new(NULL);
	dbus_fixture_manage(fixture, false);
	return fixture;
}

void dbus_fixture_start(struct dbus_fixture *fixture)
{
	fixture->display = dbus_display_create("kiosk",
		fixture->address ? fixture->address : fixture->bus->address, NULL, &listener,
		fixture);
	fixture->keyboard = dbus_display_sink(fixture->display, INPUT_KEYBOARD, 0);
	fixture->pointer = dbus_display_sink(fixture->display, INPUT_POINTER, 0);
	fixture->absolute = dbus_display_sink(fixture->display, INPUT_ABSOLUTE, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(fixture->touch); i++)
		fixture->touch[i] = dbus_display_sink(fixture->display, INPUT_TOUCH, i);
}

void dbus_fixture_start_all(struct dbus_fixture *fixture)
{
	bus_double_start(fixture->bus);
	bus_double_own(fixture->bus, true);
	dbus_fixture_start(fixture);
}

void dbus_fixture_wait(struct dbus_fixture *fixture)
{
	UNTIL(fixture->connected[INPUT_KEYBOARD][0]);
}

struct dbus_fixture *dbus_fixture_new_connected(bool absolute)
{
	struct dbus_fixture *fixture = dbus_fixture_new();

	dbus_fixture_manage(fixture, absolute);
	dbus_fixture_start_all(fixture);
	dbus_fixture_wait(fixture);
	return fixture;
}

void dbus_fixture_end(struct dbus_fixture *fixture)
{
	g_clear_pointer(&fixture->keyboard, input_sink_destroy);
	g_clear_pointer(&fixture->pointer, input_sink_destroy);
	g_clear_pointer(&fixture->absolute, input_sink_destroy);
	for (size_t i = 0; i < G_N_ELEMENTS(fixture->touch); i++)
		g_clear_pointer(&fixture->touch[i], input_sink_destroy);
	g_clear_pointer(&fixture->display, dbus_display_destroy);
}

void dbus_fixture_free(struct dbus_fixture *fixture)
{
	dbus_fixture_end(fixture);
	bus_double_free(fixture->bus);
	g_string_free(fixture->leds, TRUE);
	g_free(fixture);
}

void dbus_fixture_key(struct dbus_fixture *fixture, uint16_t code, int32_t value)
{
	SEND(fixture->keyboard, {EV_KEY, code, value});
}

void dbus_fixture_slot(struct input_sink *touch, int32_t slot, int32_t id)
{
	SEND(touch, {EV_ABS, ABS_MT_SLOT, slot}, {EV_ABS, ABS_MT_TRACKING_ID, id});
}

void dbus_fixture_settle(struct dbus_fixture *fixture, const char *end)
{
	for (;;) {
		const GPtrArray *calls = fixture->bus->calls;

		if (calls->len > 0 && g_str_equal(g_ptr_array_index(calls, calls->len - 1), end))
			return;
		g_main_context_iteration(NULL, TRUE);
	}
}

void dbus_fixture_expect(struct dbus_fixture *fixture, const char *calls)
{
	g_autofree char *expected = g_strdup_printf("%s0 Keyboard.Press (57,)\n"
						    "0 Keyboard.Release (57,)\n",
		calls);
	g_autofree char *seen = NULL;

	dbus_fixture_key(fixture, KEY_SPACE, 1);
	dbus_fixture_key(fixture, KEY_SPACE, 0);
	dbus_fixture_settle(fixture, "0 Keyboard.Release (57,)");
	seen = bus_double_take(fixture->bus);
	g_assert_cmpstr(seen, ==, expected);
}
