/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   no bus ──it greets us──▶ bus ──org.qemu is owned──▶ asked for its consoles ──▶ QEMU is there
 *     ▲ retry                  ▲────────────────owner gone─────────┴──────────────────┘
 *     └──────────── the connection is closed, in each state
 *
 * QEMU tells its consoles in one answer (it is an object manager) and changes by signals, to which
 * we listen before we ask.
 */
#include "input/dbus/dbus_internal.h"

#include "input/dbus/limit.h"
#include "log.h"
#include "turn.h"

/* Until a bus is tried again. One that we are disconnected from for what it sent is left alone for
 * twice as long each time. */
#define RETRY_MS 500
#define RETRY_MS_LAST 32000

/* A bus, or a QEMU, that leaves us without an answer for so long is said to do so; it may go on
 * later. */
#define SILENCE_MS 3000

#define NAME "org.qemu"
#define ROOT "/org/qemu/Display1"

static void start_connecting(struct dbus_display *display);

static size_t sink_index(enum input_kind kind, size_t screen)
{
	return (size_t)kind + screen;
}

/* ---- silence ---- */

static gboolean tell_silence(gpointer data)
{
	struct dbus_display *display = data;

	turn_note();
	display->silence_timer = 0;
	if (!display->silence_logged)
		log_guest(G_LOG_LEVEL_WARNING, display->guest,
			"the D-Bus display at %s does not answer", display->address);
	display->silence_logged = true;
	return G_SOURCE_REMOVE;
}

static void stop_awaiting(struct dbus_display *display)
{
	g_clear_handle_id(&display->silence_timer, g_source_remove);
}

/* Something was asked. */
static void await_answer(struct dbus_display *display)
{
	stop_awaiting(display);
	display->silence_timer = turn_name(g_timeout_add(SILENCE_MS, tell_silence, display),
		"dbus silence");
}

/* ---- what is heard ---- */

const struct dbus_console *dbus_display_console(const struct dbus_display *display,
	const struct dbus_sink *sink)
{
	size_t index = sink->kind == INPUT_TOUCH ? sink->screen : 0;

	return index < display->console_count ? &display->consoles[index] : NULL;
}

static bool takes(const struct dbus_console *console, enum input_kind kind)
{
	bool sized = console->width && console->height;

	switch (kind) {
	case INPUT_KEYBOARD:
		return console->keyboard;
	case INPUT_POINTER:
		return console->mouse;
	case INPUT_ABSOLUTE:
		return console->mouse && console->absolute && sized;
	case INPUT_TOUCH:
		return console->touch && sized;
	default:
		return false;
	}
}

/* Each callback may destroy a sink. */
static void tell_sinks(struct dbus_display *display)
{
	for (size_t i = 0; i < DBUS_SINKS; i++) {
		struct dbus_sink *sink = display->sinks[i];
		const struct dbus_console *console;
		bool connected;

		if (!sink)
			continue;
		console = dbus_display_console(display, sink);
		connected = display->calls && console && takes(console, sink->kind);
		if (sink->connected == connected)
			continue;
		if (!connected && display->calls)
			dbus_sink_release(sink);
		sink->connected = connected;
		display->listener->connected(display->data, sink->kind, sink->screen, connected);
	}
}

/* org.qemu.Display1.Keyboard: Modifiers. */
static void set_modifiers(struct dbus_display *display, guint32 modifiers)
{
	static const uint16_t codes[] = {LED_SCROLLL, LED_NUML, LED_CAPSL};
	uint32_t leds = 0;
	uint32_t changed;

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
		leds |= (modifiers >> i & 1) << codes[i];
	changed = display->leds ^ leds;
	display->leds = leds;
	if (changed)
		display->listener->leds(display->data, changed, leds);
}

/* ---- consoles ---- */

static void take_modifiers(struct dbus_display *display, const struct dbus_console *console,
	const char *interface, GVariant *values)
{
	guint32 modifiers;

	/* All consoles tell the same; the keyboard's is the first one. */
	if (console == &display->consoles[0] &&
		strcmp(interface, "org.qemu.Display1.Keyboard") == 0 &&
		g_variant_lookup(values, "Modifiers", "u", &modifiers))
		set_modifiers(display, modifiers);
}

static void take_first_modifiers(struct dbus_display *display, GVariant *objects)
{
	g_autoptr(GVariant) interfaces = NULL;
	g_autoptr(GVariant) values = NULL;
	g_autofree char *path = NULL;

	if (display->console_count == 0)
		return;
	path = g_strdup_printf(DBUS_CONSOLE_PREFIX "%u", display->consoles[0].number);
	if (g_variant_lookup(objects, path, "@a{sa{sv}}", &interfaces) &&
		g_variant_lookup(interfaces, "org.qemu.Display1.Keyboard", "@a{sv}", &values))
		take_modifiers(display, &display->consoles[0], "org.qemu.Display1.Keyboard",
			values);
}

/* ---- screens ---- */

static void tell_gpus(struct dbus_display *display)
{
	size_t gpus = 0;

	for (size_t i = 0; i < display->console_count && display->calls; i++)
		gpus += display->consoles[i].head == 0;
	if (gpus == display->gpus)
		return;
	display->gpus = gpus;
	if (display->listener->gpus)
		display->listener->gpus(display->data, gpus);
}

/* The consoles of a device are behind each other, from its first head on. */
void dbus_display_tell_screen(struct dbus_display *display, size_t gpu, uint32_t scanout,
	const struct layout_screen *screen)
{
	size_t firsts = 0;

	for (size_t i = 0; i < display->console_count && display->calls; i++) {
		const struct dbus_console *console = &display->consoles[i];

		firsts += console->head == 0;
		if (firsts == gpu + 1 && console->head == scanout)
			dbus_screens_tell(display->screens, i, console->number, screen);
	}
}

/* ---- QEMU ---- */

static void properties_changed(void *data, const char *path, GVariant *parameters)
{
	struct dbus_display *display = data;
	g_autoptr(GVariant) values = NULL;
	struct dbus_console *console;
	const char *interface;
	uint32_t number;

	if (!dbus_console_parse(path, &number) ||
		(console = dbus_console_find(display, number)) == NULL)
		return;
	g_variant_get(parameters, "(&s@a{sv}as)", &interface, &values, NULL);
	dbus_console_take(console, interface, values);
	take_modifiers(display, console, interface, values);
	tell_sinks(display);
}

/* One QEMU on one bus, until either ends: neither the bus's number nor the name comes again. */
static char *identity(const struct dbus_display *display)
{
	return g_strdup_printf("%s %s", dbus_gate_guid(display->gate), display->owner);
}

static void forget_presses(struct dbus_display *display)
{
	memset(display->button_holders, 0, sizeof(display->button_holders));
	display->slots = 0;
	for (size_t i = 0; i < DBUS_SINKS; i++) {
		if (display->sinks[i])
			dbus_sink_forget(display->sinks[i]);
	}
	g_clear_pointer(&display->holder, g_free);
}

/* Where only our connection was lost, QEMU goes on with what it has heard of that; a release of
 * what is not pressed is nothing to it. What it has ever been told stays in the books: this
 * connection can be lost before the releases are there. */
static void release_what_is_held(struct dbus_display *display)
{
	g_autofree char *qemu = identity(display);

	if (g_strcmp0(qemu, display->holder) != 0) {
		forget_presses(display);
		return;
	}
	for (size_t i = 0; i < DBUS_SINKS; i++) {
		if (!display->sinks[i])
			continue;
		dbus_sink_hold_all(display->sinks[i]);
		dbus_sink_release(display->sinks[i]);
		dbus_sink_let_go(display->sinks[i]);
	}
	memset(display->button_holders, 0, sizeof(display->button_holders));
	display->slots = 0;
	g_clear_pointer(&display->holder, g_free);
}

static void consoles_answered(GObject *source, GAsyncResult *result, gpointer data)
{
	struct dbus_display *display = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant)
		answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) objects = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	stop_awaiting(display);
	display->silence_logged = false;
	/* Lost with the connection, which is heard of next. */
	if (!answer && dbus_gate_end(display->gate) != DBUS_GATE_LASTS)
		return;
	if (!answer) {
		log_guest(G_LOG_LEVEL_WARNING, display->guest, "%s on %s has no D-Bus display: %s",
			NAME, display->address, error->message);
		return;
	}
	objects = g_variant_get_child_value(answer, 0);
	dbus_consoles_take(display, objects);
	if (display->console_count == 0) {
		log_guest(G_LOG_LEVEL_WARNING, display->guest,
			"the D-Bus display on %s has no graphic console", display->address);
		return;
	}
	log_guest(G_LOG_LEVEL_INFO, display->guest, "input goes to QEMU's D-Bus display on %s",
		display->address);
	display->calls = dbus_calls_create(display->connection, display->owner, display->guest);
	dbus_screens_connect(display->screens, display->connection, display->owner);
	release_what_is_held(display);
	take_first_modifiers(display, objects);
	tell_sinks(display);
	tell_gpus(display);
}

static void find_qemu(struct dbus_display *display, const char *owner)
{
	await_answer(display);
	display->owner = g_strdup(owner);
	display->cancellable = g_cancellable_new();
	g_dbus_connection_call(display->connection, owner, ROOT,
		"org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
		G_VARIANT_TYPE("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT,
		display->cancellable, consoles_answered, display);
}

static void forget_calls(struct dbus_display *display)
{
	if (!display->calls)
		return;
	dbus_calls_count(display->calls, &display->counters);
	g_clear_pointer(&display->calls, dbus_calls_abandon);
}

static void stop_asking(struct dbus_display *display)
{
	stop_awaiting(display);
	if (display->cancellable)
		g_cancellable_cancel(display->cancellable);
	g_clear_object(&display->cancellable);
}

static void lose_qemu(struct dbus_display *display)
{
	if (!display->owner)
		return;
	stop_asking(display);
	g_clear_pointer(&display->owner, g_free);
	forget_calls(display);
	dbus_screens_disconnect(display->screens);
	display->console_count = 0;
	set_modifiers(display, 0);
	tell_sinks(display);
	tell_gpus(display);
}

static void qemu_changed(void *data, const char *owner)
{
	struct dbus_display *display = data;
	bool gone = !owner || display->owner;

	stop_awaiting(display);
	lose_qemu(display);
	if (gone) {
		forget_presses(display);
		dbus_screens_forget(display->screens);
	}
	/* It is heard of next that the bus has gone. */
	if (owner && dbus_gate_end(display->gate) == DBUS_GATE_LASTS)
		find_qemu(display, owner);
}

/* ---- the bus ---- */

static gboolean retry(gpointer data)
{
	struct dbus_display *display = data;

	turn_note();
	display->retry_timer = 0;
	start_connecting(display);
	return G_SOURCE_REMOVE;
}

/* `at_fault`: by what it said, the bus lost us. */
static void start_retry(struct dbus_display *display, bool at_fault)
{
	g_clear_pointer(&display->gate, dbus_gate_release);
	if (!at_fault)
		display->retry_ms = RETRY_MS;
	display->retry_timer = turn_name(g_timeout_add(display->retry_ms, retry, display),
		"dbus retry");
	if (at_fault)
		display->retry_ms = MIN(2 * display->retry_ms, RETRY_MS_LAST);
}

/* The gate is still there. */
static void lose_bus(struct dbus_display *display)
{
	stop_awaiting(display);
	if (display->calls)
		display->holder = identity(display);
	lose_qemu(display);
	g_clear_pointer(&display->client, dbus_client_destroy);
	g_clear_signal_handler(&display->closed_handler, display->connection);
	g_clear_object(&display->connection);
}

/* It was not let on the bus, or did not come so far. */
static void connecting_failed(struct dbus_display *display, const char *why)
{
	bool refused = dbus_gate_end(display->gate) == DBUS_GATE_REFUSED;

	stop_awaiting(display);
	if (!display->failure_logged && !refused)
		log_guest(G_LOG_LEVEL_INFO, display->guest, "waits for the bus at %s: %s",
			display->address, why);
	display->failure_logged = true;
	start_retry(display, refused);
}

static void bus_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
	struct dbus_display *display = data;
	enum dbus_gate_end end = dbus_gate_end(display->gate);
	bool greeted = display->greeted;

	lose_bus(display);
	if (!greeted) {
		connecting_failed(display, "the bus has ended the connection");
		return;
	}
	if (end == DBUS_GATE_BUS_GONE)
		log_guest(G_LOG_LEVEL_INFO, display->guest, "the bus at %s is gone",
			display->address);
	else if (end != DBUS_GATE_REFUSED)
		log_guest(G_LOG_LEVEL_WARNING, display->guest,
			"disconnected from the bus at %s: it sent what cannot be read",
			display->address);
	start_retry(display, end != DBUS_GATE_BUS_GONE);
}

static void bus_greeted(void *data, const GError *error)
{
	struct dbus_display *display = data;

	if (error) {
		g_dbus_connection_close(display->connection, NULL, NULL, NULL);
		lose_bus(display);
		connecting_failed(display, error->message);
		return;
	}
	display->greeted = true;
	display->failure_logged = false;
	/* Who owns the name is asked next. */
	await_answer(display);
}

static const struct dbus_client_listener client_listener = {
	.greeted = bus_greeted,
	.owned = qemu_changed,
	.changed = properties_changed,
};

/* GDBus is to think that QEMU is at the other end, so that it neither waits nor asks (client.h):
 * this only makes the object. */
static void gate_opened(void *data, GIOStream *stream, const GError *error)
{
	struct dbus_display *display = data;
	g_autoptr(GError) failure = NULL;

	if (!stream) {
		connecting_failed(display, error->message);
		return;
	}
	display->connection = g_dbus_connection_new_sync(stream, NULL, G_DBUS_CONNECTION_FLAGS_NONE,
		NULL, NULL, &failure);
	if (!display->connection) {
		connecting_failed(display, failure->message);
		return;
	}
	g_dbus_connection_add_filter(display->connection, dbus_limit_filter, NULL, NULL);
	display->closed_handler = g_signal_connect(display->connection, "closed",
		G_CALLBACK(bus_closed), display);
	display->greeted = false;
	display->client = dbus_client_create(display->connection, NAME, &client_listener, display);
}

static void start_connecting(struct dbus_display *display)
{
	const struct dbus_gate_options options = {
		.guest = display->guest,
		.address = display->address,
		.account = display->account,
		.budget = &display->budget,
	};

	await_answer(display);
	display->gate = dbus_gate_create(&options, gate_opened, display);
}

/* ---- sinks ---- */

static gboolean tell_new_sinks(gpointer data)
{
	struct dbus_display *display = data;

	turn_note();
	display->tell_source = 0;
	tell_sinks(display);
	return G_SOURCE_REMOVE;
}

struct input_sink *dbus_display_sink(struct dbus_display *display, enum input_kind kind,
	size_t screen)
{
	struct dbus_sink *sink = dbus_sink_create(display, kind, screen);

	display->sinks[sink_index(kind, screen)] = sink;
	if (!display->tell_source)
		display->tell_source = turn_name(g_idle_add(tell_new_sinks, display), "dbus sinks");
	return &sink->sink;
}

void dbus_display_remove_sink(struct dbus_display *display, const struct dbus_sink *sink)
{
	display->sinks[sink_index(sink->kind, sink->screen)] = NULL;
}

void dbus_display_set_picture(struct dbus_display *display, uint32_t width, uint32_t height)
{
	display->picture_width = width;
	display->picture_height = height;
}

void dbus_display_counters(const struct dbus_display *display, struct dbus_call_counters *counters)
{
	*counters = display->counters;
	if (display->calls)
		dbus_calls_count(display->calls, counters);
}

/* ---- life ---- */

void dbus_display_finish_all(void)
{
	while (dbus_calls_finishing())
		g_main_context_iteration(NULL, TRUE);
}

struct dbus_display *dbus_display_create(const char *guest, const char *address,
	struct account *account, const struct dbus_display_listener *listener, void *data)
{
	struct dbus_display *display = g_new0(struct dbus_display, 1);

	display->guest = g_strdup(guest);
	display->address = g_strdup(address);
	display->account = account;
	display->retry_ms = RETRY_MS;
	dbus_budget_init(&display->budget, turn_time());
	display->screens = dbus_screens_create(guest);
	display->listener = listener;
	display->data = data;
	display->x = (INPUT_AXIS_MAX + 1) / 2.0;
	display->y = (INPUT_AXIS_MAX + 1) / 2.0;
	start_connecting(display);
	return display;
}

/* The listener hears nothing any more: its sinks are gone already, and its LEDs are its own. */
void dbus_display_destroy(struct dbus_display *display)
{
	if (!display)
		return;
	stop_asking(display);
	g_clear_handle_id(&display->retry_timer, g_source_remove);
	g_clear_handle_id(&display->tell_source, g_source_remove);
	if (display->connection) {
		dbus_client_destroy(display->client);
		g_clear_signal_handler(&display->closed_handler, display->connection);
		if (display->calls)
			dbus_calls_finish(display->calls);
		else
			g_dbus_connection_close(display->connection, NULL, NULL, NULL);
		g_object_unref(display->connection);
	}
	dbus_gate_release(display->gate);
	dbus_screens_destroy(display->screens);
	g_free(display->owner);
	g_free(display->holder);
	g_free(display->guest);
	g_free(display->address);
	g_free(display);
}
