/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The D-Bus display before a QEMU that says of its consoles what the input says, of any type and
 * size, while input and screens are sent to it, calls are answered late, or by errors, and the bus
 * goes. Whatever it was told, it works with the honest QEMU that comes after it. The gate before
 * the bus has a target of its own, dbus-gate; GDBus is bus.c, which has no thread to be waited for.
 *
 * Covers: src/input/dbus/dbus.c src/input/dbus/client.c src/input/dbus/calls.c
 * Covers: src/input/dbus/consoles.c src/input/dbus/screens.c
 * Covers: src/input/dbus/sink.c src/input/dbus/qnum.c src/input/dbus/limit.c
 * Reaches: 94
 * Of each file: 92
 */
#include "input/dbus/dbus.h"

#include <gio/gio.h>
#include <glib.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "bus.h"
#include "clock.h"
#include "fuzz.h"
#include "input/dbus/screens.h"
#include "input/description.h"

#define STEPS_MAX 32
#define SCREENS 2
#define CONSOLE "/org/qemu/Display1/Console_"

/* Longer than any timer of the display's. */
#define AGES_MS 40000

/* One display for all inputs: each begins and ends with a QEMU of its own. */
struct rig {
	struct dbus_display *display;
	struct input_sink *keyboard, *pointer, *absolute, *touch[SCREENS];
	bool connected[INPUT_KINDS][DBUS_SCREENS_MAX];
};

static struct rig rig;

static void connected(void *data, enum input_kind kind, size_t screen, bool is_connected)
{
	g_assert(rig.connected[kind][screen] != is_connected);
	rig.connected[kind][screen] = is_connected;
}

static void leds(void *data, uint32_t said, uint32_t leds)
{
	/* QEMU tells three (dbus.c), and `leds` has also those that stay as they are. */
	const uint32_t told = 1u << LED_SCROLLL | 1u << LED_NUML | 1u << LED_CAPSL;

	g_assert(said != 0 && (said & ~told) == 0 && (leds & ~told) == 0);
}

static const struct dbus_display_listener listener = {connected, leds};

static void await_connection(void)
{
	while (!bus_is_connected()) {
		clock_pass(AGES_MS);
		g_main_context_iteration(NULL, TRUE);
	}
}

static void make_display(void)
{
	rig.display = dbus_display_create("fuzz", "unix:path=bus", NULL, &listener, NULL);
	rig.keyboard = dbus_display_sink(rig.display, INPUT_KEYBOARD, 0);
	rig.pointer = dbus_display_sink(rig.display, INPUT_POINTER, 0);
	rig.absolute = dbus_display_sink(rig.display, INPUT_ABSOLUTE, 0);
	for (size_t i = 0; i < SCREENS; i++)
		rig.touch[i] = dbus_display_sink(rig.display, INPUT_TOUCH, i);
}

static void destroy_display(void)
{
	input_sink_destroy(rig.keyboard);
	input_sink_destroy(rig.pointer);
	input_sink_destroy(rig.absolute);
	for (size_t i = 0; i < SCREENS; i++)
		input_sink_destroy(rig.touch[i]);
	dbus_display_destroy(rig.display);
	memset(rig.connected, 0, sizeof(rig.connected));
}

static void rig_init(void)
{
	bus_start();
	make_display();
	await_connection();
}

/* Another display on the same bus; what the one before has called for comes to its end, or is given
 * up. */
static void renew_display(struct fuzz *fuzz)
{
	struct dbus_call_counters counters;

	dbus_display_counters(rig.display, &counters);
	destroy_display();
	if (fuzz_u8(fuzz) & 1)
		bus_answer(SIZE_MAX);
	clock_pass(AGES_MS);
	dbus_display_finish_all();
	make_display();
}

static void lose_bus(void)
{
	bus_stop();
	fuzz_turns(8);
	clock_pass(AGES_MS);
	fuzz_turns(8);
	bus_start();
}

/* Only the display's connection: the same QEMU goes on. */
static void lose_connection(struct fuzz *fuzz)
{
	static const enum dbus_gate_end ends[] = {DBUS_GATE_BUS_GONE, DBUS_GATE_REFUSED,
		DBUS_GATE_LEFT};

	bus_lose(ends[fuzz_pick(fuzz, G_N_ELEMENTS(ends))]);
	fuzz_turns(fuzz_u8(fuzz) & 7);
	clock_pass(AGES_MS);
	fuzz_turns(8);
}

/* ---- what QEMU says ---- */

/* As `gdbus call` prints it. */
static GVariant *parse_text(struct fuzz *fuzz, size_t most)
{
	size_t size;
	const uint8_t *bytes = fuzz_bytes(fuzz, most, &size);
	g_autofree char *text = g_strndup((const char *)bytes, size);

	return g_variant_parse(NULL, text, NULL, NULL, NULL);
}

/* Of the right type, whatever is in it. */
static GVariant *read_bytes(struct fuzz *fuzz)
{
	size_t size;
	const uint8_t *bytes = fuzz_bytes(fuzz, fuzz_u8(fuzz), &size);
	g_autoptr(GBytes) copy = g_bytes_new(bytes, size);
	g_autoptr(GVariant) value = g_variant_ref_sink(
		g_variant_new_from_bytes(G_VARIANT_TYPE("a{oa{sa{sv}}}"), copy, FALSE));

	return g_variant_get_normal_form(value);
}

/* As an ordinary QEMU has them; one of an interface. */
static GVariant *make_properties(const char *name, GVariant *value)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&builder, "{sv}", name, value);
	return g_variant_builder_end(&builder);
}

static GVariant *make_console_properties(const char *type, uint32_t width, uint32_t height)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&builder, "{sv}", "Type", g_variant_new_string(type));
	g_variant_builder_add(&builder, "{sv}", "Width", g_variant_new_uint32(width));
	g_variant_builder_add(&builder, "{sv}", "Height", g_variant_new_uint32(height));
	return g_variant_builder_end(&builder);
}

static void add_console(GVariantBuilder *consoles, uint32_t number, const char *type,
	uint32_t width, uint32_t height, bool absolute)
{
	char path[sizeof(CONSOLE "4294967295")];
	GVariantBuilder builder;

	g_snprintf(path, sizeof(path), CONSOLE "%u", number);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sa{sv}}"));
	g_variant_builder_add(&builder, "{s@a{sv}}", "org.qemu.Display1.Console",
		make_console_properties(type, width, height));
	g_variant_builder_add(&builder, "{s@a{sv}}", "org.qemu.Display1.Keyboard",
		make_properties("Modifiers", g_variant_new_uint32(0)));
	g_variant_builder_add(&builder, "{s@a{sv}}", "org.qemu.Display1.Mouse",
		make_properties("IsAbsolute", g_variant_new_boolean(absolute)));
	g_variant_builder_add(&builder, "{s@a{sv}}", "org.qemu.Display1.MultiTouch",
		make_properties("MaxSlots", g_variant_new_int32(10)));
	g_variant_builder_add(consoles, "{o@a{sa{sv}}}", path, g_variant_builder_end(&builder));
}

static GVariant *make_consoles(struct fuzz *fuzz)
{
	static const char *const types[] = {"Graphic", "Graphic", "Text", ""};
	unsigned int count = 1 + fuzz_pick(fuzz, 4);
	GVariantBuilder consoles;

	g_variant_builder_init(&consoles, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
	for (unsigned int i = 0; i < count; i++) {
		uint8_t how = fuzz_u8(fuzz);
		uint32_t number = how & 0x80 ? fuzz_odd(fuzz) : i;
		uint32_t width = how & 0x40 ? fuzz_odd(fuzz) : 640;
		uint32_t height = how & 0x20 ? fuzz_odd(fuzz) : 480;

		add_console(&consoles, number, types[how % G_N_ELEMENTS(types)], width, height,
			how & 0x10);
	}
	return g_variant_ref_sink(g_variant_builder_end(&consoles));
}

/* What is believed in the end. */
static GVariant *make_honest(void)
{
	static GVariant *honest;
	GVariantBuilder consoles;

	if (!honest) {
		g_variant_builder_init(&consoles, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
		add_console(&consoles, 0, "Graphic", 1280, 800, false);
		honest = g_variant_ref_sink(g_variant_builder_end(&consoles));
	}
	return g_variant_ref(honest);
}

/* More values than there can be of consoles, or a longer one. Made once: it takes longer than all
 * else. */
static GVariant *make_large(struct fuzz *fuzz)
{
	static GVariant *many, *longer;
	g_autofree char *text = NULL;

	if (!many) {
		text = g_strnfill(20000, 'x');
		many = g_variant_ref_sink(g_variant_new_bytestring(text));
		text[5000] = '\0';
		longer = g_variant_ref_sink(g_variant_new_string(text));
	}
	return g_variant_ref(fuzz_u8(fuzz) & 1 ? many : longer);
}

/* Another QEMU, or the same with another answer. */
static void manage(struct fuzz *fuzz)
{
	uint8_t how;

	g_clear_pointer(&bus.managed, g_variant_unref);
	switch (fuzz_pick(fuzz, 9)) {
	case 7:
		bus.managed = parse_text(fuzz, fuzz_u16(fuzz) % 4096);
		break;
	case 6:
		bus.managed = fuzz_u8(fuzz) < 0x40 ? make_large(fuzz) : make_consoles(fuzz);
		break;
	case 0:
		bus.managed = parse_text(fuzz, fuzz_u8(fuzz));
		break;
	case 1:
		bus.managed = read_bytes(fuzz);
		break;
	default:
		bus.managed = make_consoles(fuzz);
		break;
	}
	how = fuzz_u8(fuzz);
	bus.lie = how >= 0xc0 ? (how >> 4) % BUS_LIES : BUS_IS_HONEST;
	if (bus.lie == BUS_SPEAKS_FOR_OTHERS)
		bus_own_oddly();
	bus_own(how & 15);
}

static void change(struct fuzz *fuzz)
{
	static const char *const paths[] = {CONSOLE "0", CONSOLE "0", CONSOLE "1", CONSOLE "2",
		CONSOLE "99999999999", "/elsewhere"};
	static const char *const interfaces[] = {"org.qemu.Display1.Keyboard",
		"org.qemu.Display1.Mouse", "org.qemu.Display1.Console",
		"org.qemu.Display1.MultiTouch"};
	static const char *const forms[] = {"{'Modifiers': <uint32 %u>}",
		"{'IsAbsolute': <%u > 7>}", "{'IsAbsolute': <true>}", "{'Width': <uint32 %u>}",
		"{'Height': <uint32 %u>}", "{'MaxSlots': <%u>}", "{'Type': <'Text'>}", "'%u'",
		"@a{sv} {}"};
	const char *path = paths[fuzz_pick(fuzz, G_N_ELEMENTS(paths))];
	const char *interface = interfaces[fuzz_pick(fuzz, G_N_ELEMENTS(interfaces))];
	const char *form = forms[fuzz_pick(fuzz, G_N_ELEMENTS(forms))];
	const char *number = strstr(form, "%u");
	g_autofree char *text = number ? g_strdup_printf("%.*s%u%s", (int)(number - form), form,
						 fuzz_odd(fuzz), number + 2)
				       : g_strdup(form);
	GVariant *value = g_variant_parse(NULL, text, NULL, NULL, NULL);

	if (value)
		bus_change(path, interface, value);
}

static void play(struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);

	bus.refuses = how & 1;
	bus.holds = how & 2;
	bus_answer(how >> 2);
}

/* ---- what the host's devices send ---- */

static struct input_value make_value(struct fuzz *fuzz)
{
	static const struct {
		uint16_t type, first, count;
	} ranges[] = {
		{EV_KEY, 0, 512},
		{EV_KEY, KEY_A, 4},
		{EV_KEY, BTN_LEFT, 8},
		{EV_KEY, BTN_TOUCH, 1},
		{EV_REL, REL_X, 2},
		{EV_REL, REL_HWHEEL, 8},
		{EV_ABS, ABS_X, 2},
		{EV_ABS, ABS_MT_SLOT, 16},
		{EV_ABS, ABS_MT_SLOT, 1},
		{EV_ABS, ABS_MT_TRACKING_ID, 1},
	};
	size_t range = fuzz_pick(fuzz, G_N_ELEMENTS(ranges));
	uint16_t code = (uint16_t)(ranges[range].first + fuzz_pick(fuzz, ranges[range].count));
	uint8_t value = fuzz_u8(fuzz);

	return (struct input_value){ranges[range].type, code,
		ranges[range].type == EV_KEY ? value & 1
			: value < 0xc0	     ? (int8_t)(value % 16) - 4
					     : (int32_t)fuzz_odd(fuzz)};
}

static void press(struct fuzz *fuzz)
{
	struct input_sink *const sinks[] = {rig.keyboard, rig.pointer, rig.absolute, rig.touch[0],
		rig.touch[1]};
	struct input_sink *sink = sinks[fuzz_pick(fuzz, G_N_ELEMENTS(sinks))];
	struct input_value values[4];
	uint8_t how = fuzz_u8(fuzz);
	size_t count = 1 + how % G_N_ELEMENTS(values);
	/* Some of them so often that calls pile up. */
	unsigned int times = how < 0xe0 ? 1 + how / 4 % 4 : 16 * (unsigned int)(how - 0xdf);

	for (size_t i = 0; i < count; i++)
		values[i] = make_value(fuzz);
	for (; times > 0; times--)
		input_sink_send(sink, values, count);
}

/* ---- what the host's monitors become ---- */

static void change_screen(struct fuzz *fuzz)
{
	uint32_t width = fuzz_odd(fuzz);
	uint32_t height = fuzz_odd(fuzz);
	const struct layout_screen screen = {.x = (int32_t)height,
		.width = width,
		.height = height,
		.width_mm = width,
		.height_mm = height};

	dbus_display_set_picture(rig.display, width, height);
	dbus_display_tell_screen(rig.display, width % 3, height % 2, &screen);
}

/* ---- an input ---- */

static void step(struct fuzz *fuzz)
{
	uint8_t what = fuzz_u8(fuzz);

	switch (what % 8) {
	case 0:
	case 1:
		manage(fuzz);
		break;
	case 2:
	case 3:
		change(fuzz);
		break;
	case 4:
		play(fuzz);
		break;
	case 5:
		if (what >= 0xe0 && what & 0x08)
			lose_connection(fuzz);
		else if (what >= 0xe0)
			lose_bus();
		else if (what >= 0xc0)
			renew_display(fuzz);
		change_screen(fuzz);
		break;
	default:
		press(fuzz);
		break;
	}
	if (what & 0x10)
		fuzz_turns(8);
	/* What has been said until now has been heard, when its next question comes. */
	if (what & 0x20 && bus.owned) {
		unsigned int asked = bus.asked;

		bus.lie = BUS_IS_HONEST;
		await_connection();
		bus_own(true);
		while (bus.asked == asked)
			g_main_context_iteration(NULL, TRUE);
	}
}

static bool last_call_is(const char *call, unsigned int before)
{
	g_autofree char *last = bus_call(before);

	return g_str_equal(last, call);
}

/* What has been said before has been answered, late or not. */
static bool listens(void)
{
	return rig.connected[INPUT_KEYBOARD][0] && bus_is_connected();
}

/* False: it was still the QEMU before, which has gone now. */
static bool hears_key(void)
{
	const struct input_value pressed = {EV_KEY, KEY_A, 1};
	const struct input_value released = {EV_KEY, KEY_A, 0};

	while (!listens())
		g_main_context_iteration(NULL, TRUE);
	input_sink_send(rig.keyboard, &pressed, 1);
	input_sink_send(rig.keyboard, &released, 1);
	while (listens() && !last_call_is("0 Keyboard.Release (30,)", 0))
		g_main_context_iteration(NULL, TRUE);
	return listens();
}

static bool heard_screen(unsigned int calls)
{
	g_autofree char *last = bus_call(0);

	return bus.calls > calls && g_str_has_prefix(last, "0 Console.SetUIInfo (0, ") &&
		g_str_has_suffix(last, ", 0, 0, 1024, 768)");
}

/* It hears of a screen, of what it refuses once more, and of the same again. */
static void check_screen(void)
{
	const struct layout_screen screen = {.width = 1024, .height = 768};
	const struct input_value pressed = {EV_KEY, KEY_A, 1};
	const struct input_value released = {EV_KEY, KEY_A, 0};

	for (int i = 0; i < 3; i++) {
		unsigned int calls = bus.calls;

		bus.refuses = i == 0;
		input_sink_send(rig.keyboard, &pressed, 1);
		input_sink_send(rig.keyboard, &released, 1);
		while (!heard_screen(calls)) {
			dbus_display_tell_screen(rig.display, 0, 0, &screen);
			clock_pass(AGES_MS);
			g_main_context_iteration(NULL, FALSE);
		}
	}
}

/* An honest QEMU takes its place, and hears what is pressed. */
static void check_honest(void)
{
	bus.lie = BUS_IS_HONEST;
	bus.refuses = false;
	bus.holds = false;
	bus_answer(SIZE_MAX);
	await_connection();
	bus_own(false);
	g_clear_pointer(&bus.managed, g_variant_unref);
	bus.managed = make_honest();
	bus_own(true);
	/* The one before, for which too much waited, may have had the press dropped. */
	while (!hears_key() || !last_call_is("0 Keyboard.Press (30,)", 1))
		;
	check_screen();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};

	if (!rig.display)
		rig_init();
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++)
		step(&fuzz);
	check_honest();
	return 0;
}
