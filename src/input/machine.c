/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/machine.h"

#include "input/dbus/dbus.h"
#include "input/device.h"
#include "log.h"

/* Devices of all kinds: those there is one of, and the touch screens. */
#define PORTS_MAX (INPUT_PASSTHROUGH + MACHINE_SCREENS_MAX)

/* One virtual device, by one or two ways. */
struct port {
	struct machine *machine;
	char *name; /* "touch0"; NULL: there is no such device */
	struct input_sink *device; /* by vhost-user */
	bool device_listens;
	struct input_sink *other; /* machine_add_sink() */
	bool other_listens;
};

struct machine {
	char *name;
	const struct machine_listener *listener;
	void *data;
	struct dbus_display *display; /* NULL: it has none */
	struct port ports[PORTS_MAX];
	unsigned int listening; /* ports */
	uint32_t leds;
	uint32_t switches; /* bit SW_*, that are on */
	uint8_t holders[INPUT_ABSOLUTE + 1][KEY_CNT]; /* of each key and button, by device */
	uint8_t left_out[INPUT_BITS_SIZE(KEY_MAX)]; /* keys that its keyboard lacks, as said once */
};

/* Touch screens are behind all others. */
static struct port *find_port(struct machine *machine, enum input_kind kind, size_t screen)
{
	return &machine->ports[kind == INPUT_TOUCH ? INPUT_PASSTHROUGH + screen : (size_t)kind];
}

static const struct port *look_port(const struct machine *machine, enum input_kind kind,
	size_t screen)
{
	return &machine->ports[kind == INPUT_TOUCH ? INPUT_PASSTHROUGH + screen : (size_t)kind];
}

/* ---- what the sinks say ---- */

static void set_listens(struct port *port, bool *way, bool listens)
{
	struct machine *machine = port->machine;
	bool before = port->device_listens || port->other_listens;
	bool after;

	*way = listens;
	after = port->device_listens || port->other_listens;
	if (before == after)
		return;
	machine->listening += after ? 1 : -1u;
	if (machine->listening == (after ? 1 : 0))
		machine->listener->listens(machine->data, machine, after);
}

static void tell_switches(struct machine *machine)
{
	for (uint16_t code = 0; code <= SW_MAX; code++) {
		const struct input_value value = {EV_SW, code, 1};

		if (machine->switches & UINT32_C(1) << code)
			machine_send(machine, INPUT_KEYBOARD, 0, &value, 1);
	}
}

static void device_connected(void *data, bool connected)
{
	struct port *port = data;

	/* A key that went the other way would never be released there: its release comes here. */
	if (connected && port->other_listens)
		input_sink_release(port->other);
	set_listens(port, &port->device_listens, connected);
	if (connected && port == find_port(port->machine, INPUT_KEYBOARD, 0))
		tell_switches(port->machine);
}

static void device_leds(void *data, uint32_t said, uint32_t leds)
{
	const struct port *port = data;

	machine_sink_leds(port->machine, said, leds);
}

static const struct input_sink_listener sink_listener = {
	.leds = device_leds,
	.connected = device_connected,
};

void machine_sink_connected(struct machine *machine, enum input_kind kind, size_t screen,
	bool connected)
{
	struct port *port = find_port(machine, kind, screen);

	set_listens(port, &port->other_listens, connected);
}

void machine_sink_leds(struct machine *machine, uint32_t said, uint32_t leds)
{
	uint32_t before = machine->leds;

	machine->leds = (before & ~said) | (leds & said);
	if (machine->leds != before)
		machine->listener->leds(machine->data, machine);
}

/* ---- what goes to them ---- */

bool machine_listens(const struct machine *machine, enum input_kind kind, size_t screen)
{
	const struct port *port = look_port(machine, kind, screen);

	return port->device_listens || port->other_listens;
}

void machine_send(struct machine *machine, enum input_kind kind, size_t screen,
	const struct input_value *values, size_t count)
{
	struct port *port = find_port(machine, kind, screen);

	if (count == 0)
		return;
	/* Also one that does not listen: its guest may be paused, and must hear of releases. */
	if (port->device)
		input_sink_send(port->device, values, count);
	if (port->other_listens && !port->device_listens)
		input_sink_send(port->other, values, count);
}

static void leave_out(struct machine *machine, uint16_t code)
{
	if (input_bit(machine->left_out, code))
		return;
	input_set_bit(machine->left_out, code);
	log_guest(G_LOG_LEVEL_DEBUG, machine->name,
		"key %u is not on the virtual keyboard and is dropped", code);
}

void machine_press(struct machine *machine, enum input_kind kind, uint16_t code, bool pressed)
{
	const struct input_value value = {EV_KEY, code, pressed};
	uint8_t *holders = &machine->holders[kind][code];

	if (kind == INPUT_KEYBOARD && !input_keyboard_has(code)) {
		leave_out(machine, code);
		return;
	}
	if (*holders == (pressed ? UINT8_MAX : 0))
		return;
	*holders = (uint8_t)(*holders + (pressed ? 1 : -1));
	if (*holders == (pressed ? 1 : 0))
		machine_send(machine, kind, 0, &value, 1);
}

bool machine_sees_pressed(const struct machine *machine, uint16_t code, enum input_kind *kind)
{
	for (*kind = INPUT_KEYBOARD; *kind <= INPUT_ABSOLUTE; (*kind)++) {
		const struct port *port = look_port(machine, *kind, 0);

		if (port->device && device_sees_pressed(port->device, code))
			return true;
	}
	return false;
}

void machine_switch(struct machine *machine, uint16_t code, bool on)
{
	const struct input_value value = {EV_SW, code, on};
	uint32_t bit = UINT32_C(1) << code;

	machine->switches = on ? machine->switches | bit : machine->switches & ~bit;
	machine_send(machine, INPUT_KEYBOARD, 0, &value, 1);
}

void machine_settle(struct machine *machine)
{
	const struct port *port = find_port(machine, INPUT_KEYBOARD, 0);
	uint32_t seen;

	if (!port->device)
		return;
	seen = device_sees_switches(port->device);
	for (uint16_t code = 0; code <= SW_MAX; code++) {
		const struct input_value value = {EV_SW, code, 0};

		if (seen & ~machine->switches & UINT32_C(1) << code)
			input_sink_send(port->device, &value, 1);
	}
}

void machine_set_picture(struct machine *machine, uint32_t width, uint32_t height)
{
	if (machine->display)
		dbus_display_set_picture(machine->display, width, height);
}

void machine_tell_screen(struct machine *machine, size_t gpu, uint32_t scanout,
	const struct layout_screen *screen)
{
	if (machine->display)
		dbus_display_tell_screen(machine->display, gpu, scanout, screen);
}

uint32_t machine_leds(const struct machine *machine)
{
	return machine->leds;
}

const char *machine_name(const struct machine *machine)
{
	return machine->name;
}

void machine_append_devices(const struct machine *machine, GPtrArray *sinks)
{
	for (size_t i = 0; i < PORTS_MAX; i++) {
		if (machine->ports[i].device)
			g_ptr_array_add(sinks, machine->ports[i].device);
	}
}

void machine_each_counters(const struct machine *machine,
	void (*each)(void *data, const char *device, const struct device_counters *counters),
	void *data)
{
	for (size_t i = 0; i < PORTS_MAX; i++) {
		const struct port *port = &machine->ports[i];
		struct device_counters counters;

		if (!port->device)
			continue;
		device_counters(port->device, &counters);
		each(data, port->name, &counters);
	}
}

/* ---- life ---- */

void machine_add_sink(struct machine *machine, enum input_kind kind, size_t screen,
	struct input_sink *sink)
{
	find_port(machine, kind, screen)->other = sink;
}

static void display_connected(void *data, enum input_kind kind, size_t screen, bool connected)
{
	machine_sink_connected(data, kind, screen, connected);
}

static void display_leds(void *data, uint32_t said, uint32_t leds)
{
	machine_sink_leds(data, said, leds);
}

static void display_gpus(void *data, size_t count)
{
	struct machine *machine = data;

	if (machine->listener->gpus)
		machine->listener->gpus(machine->data, machine, count);
}

static const struct dbus_display_listener display_listener = {
	.connected = display_connected,
	.leds = display_leds,
	.gpus = display_gpus,
};

/* How many devices of that kind the machine has. */
static size_t device_count(const struct machine_options *options, enum input_kind kind)
{
	if (!(options->inputs & 1u << kind))
		return 0;
	if (kind == INPUT_TOUCH)
		return options->screen_count;
	return kind == INPUT_PEN ? MIN(options->screen_count, 1) : 1;
}

/* D-Bus knows no pens. */
static void open_display(struct machine *machine, const struct machine_options *options)
{
	machine->display = dbus_display_create(options->name, options->bus, options->account,
		&display_listener, machine);
	for (enum input_kind kind = INPUT_KEYBOARD; kind <= INPUT_TOUCH; kind++) {
		for (size_t i = 0; i < device_count(options, kind); i++)
			machine_add_sink(machine, kind, i,
				dbus_display_sink(machine->display, kind, i));
	}
}

/* NULL as the description: as device_create() has it. */
static bool open_port(struct machine *machine, const struct machine_options *options,
	enum input_kind kind, size_t screen, const struct input_description *description,
	GError **error)
{
	struct port *port = find_port(machine, kind, screen);
	g_autofree char *path = NULL;
	struct device_options device = {
		.guest = options->name,
		.group = options->group,
		.account = options->account,
		.keeper = options->keeper,
		.keeps_vmm = true,
	};

	port->name = kind == INPUT_TOUCH ? g_strdup_printf("%s%zu", input_kind_name(kind), screen)
					 : g_strdup(input_kind_name(kind));
	path = g_strdup_printf("%s-%s.sock", options->prefix, port->name);
	device.device = port->name;
	device.path = path;
	port->device = device_create(&device, description, &sink_listener, port, error);
	if (!port->device)
		g_clear_pointer(&port->name, g_free);
	return port->device != NULL;
}

/* Those of which a guest of a predecessor of this process knows stay what they are, also where
 * their outputs are away, or come in another order. */
static bool open_left_touches(struct machine *machine, const struct machine_options *options,
	GError **error)
{
	for (size_t i = 0; i < MACHINE_SCREENS_MAX; i++) {
		g_autoptr(GError) left_error = NULL;

		if (open_port(machine, options, INPUT_TOUCH, i, NULL, &left_error) || !left_error)
			continue;
		g_propagate_error(error, g_steal_pointer(&left_error));
		return false;
	}
	return true;
}

bool machine_touch_is(const struct machine *machine, size_t screen, const char *output)
{
	const struct port *port = look_port(machine, INPUT_TOUCH, screen);

	return port->device && g_str_equal(device_description(port->device)->serial, output);
}

/* With layers an output is several screens. */
static bool has_touch(const struct machine *machine, const struct machine_options *options,
	size_t screen, const struct input_description *description)
{
	size_t count = 0;

	for (size_t i = 0; i < MACHINE_SCREENS_MAX; i++)
		count += machine_touch_is(machine, i, description->serial);
	for (size_t i = 0; i < screen && count > 0; i++)
		count -= g_str_equal(options->screens[i].name, options->screens[screen].name);
	return count > 0;
}

/* Each screen has one, in their order where nothing was left. */
static bool open_touches(struct machine *machine, const struct machine_options *options,
	GError **error)
{
	size_t port = 0;

	if (!open_left_touches(machine, options, error))
		return false;
	for (size_t i = 0; i < options->screen_count; i++) {
		struct input_description description;

		input_describe(&description, INPUT_TOUCH, &options->screens[i]);
		if (has_touch(machine, options, i, &description))
			continue;
		while (port < MACHINE_SCREENS_MAX && look_port(machine, INPUT_TOUCH, port)->device)
			port++;
		if (port < MACHINE_SCREENS_MAX &&
			!open_port(machine, options, INPUT_TOUCH, port, &description, error))
			return false;
	}
	return true;
}

static bool open_kind(struct machine *machine, const struct machine_options *options,
	enum input_kind kind, GError **error)
{
	struct input_description description;

	if (device_count(options, kind) == 0)
		return true;
	if (kind == INPUT_TOUCH)
		return open_touches(machine, options, error);
	input_describe(&description, kind, kind == INPUT_PEN ? options->screens : NULL);
	return open_port(machine, options, kind, 0, &description, error);
}

struct machine *machine_create(const struct machine_options *options,
	const struct machine_listener *listener, void *data, GError **error)
{
	struct machine *machine = g_new0(struct machine, 1);
	bool opened = true;

	machine->name = g_strdup(options->name);
	machine->listener = listener;
	machine->data = data;
	for (size_t i = 0; i < PORTS_MAX; i++)
		machine->ports[i].machine = machine;
	for (enum input_kind kind = 0; options->prefix && kind < INPUT_PASSTHROUGH; kind++)
		opened = opened && open_kind(machine, options, kind, error);
	if (opened && options->bus)
		open_display(machine, options);
	if (opened)
		return machine;
	g_prefix_error(error, "guest %s: ", options->name);
	machine_destroy(machine);
	return NULL;
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	for (size_t i = 0; i < PORTS_MAX; i++) {
		input_sink_destroy(machine->ports[i].device);
		input_sink_destroy(machine->ports[i].other);
		g_free(machine->ports[i].name);
	}
	dbus_display_destroy(machine->display);
	g_free(machine->name);
	g_free(machine);
}
