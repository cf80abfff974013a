/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/machines.h"

#include "input/dbus/dbus.h"
#include "input/passthrough.h"
#include "scene/view.h"

struct machines {
	struct machines_options options;
	const struct machines_listener *listener;
	void *data;
	struct machine **list; /* owned */
	size_t count;
	size_t listening;
	GPtrArray *passthroughs; /* of struct passthrough, owned */
};

struct machine *const *machines_list(const struct machines *machines, size_t *count)
{
	*count = machines->count;
	return machines->list;
}

size_t machines_index(const struct machines *machines, const char *guest)
{
	const char *name = config_find_guest(machines->options.config, guest)->vm;
	size_t index = 0;

	while (index < machines->count && !g_str_equal(machine_name(machines->list[index]), name))
		index++;
	g_assert(index < machines->count);
	return index;
}

bool machines_listen(const struct machines *machines)
{
	return machines->listening > 0;
}

/* ---- machines ---- */

static void machine_listening(void *data, struct machine *machine, bool listens)
{
	struct machines *machines = data;

	machines->listening += listens ? 1 : -(size_t)1;
	machines->listener->listens(machines->data);
}

static void machine_leds_changed(void *data, struct machine *machine)
{
	struct machines *machines = data;

	machines->listener->leds(machines->data);
}

/* Of too many guests the last ones have no device. */
static void machine_gpus_changed(void *data, struct machine *machine, size_t count)
{
	struct machines *machines = data;
	const GPtrArray *guests = machines->options.config->guests;
	size_t gpu = 0;

	for (guint i = 0; i < guests->len && machines->listener->reachable; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);

		if (g_str_equal(guest->vm, machine_name(machine)))
			machines->listener->reachable(machines->data, guest->name, gpu++ < count);
	}
}

/* The place of a guest among those of its machine. */
static size_t gpu_index(const struct machines *machines, const struct config_guest *guest)
{
	const GPtrArray *guests = machines->options.config->guests;
	size_t gpu = 0;

	for (guint i = 0; g_ptr_array_index(guests, i) != guest; i++) {
		const struct config_guest *other = g_ptr_array_index(guests, i);

		gpu += g_str_equal(other->vm, guest->vm);
	}
	return gpu;
}

void machines_tell_screen(struct machines *machines, const char *guest, uint32_t scanout,
	const struct layout_screen *screen)
{
	const struct config_guest *section = config_find_guest(machines->options.config, guest);

	machine_tell_screen(machines->list[machines_index(machines, guest)],
		gpu_index(machines, section), scanout, screen);
}

static const struct machine_listener machine_listener = {
	.listens = machine_listening,
	.leds = machine_leds_changed,
	.gpus = machine_gpus_changed,
};

static bool is_first_of_machine(const GPtrArray *guests, guint index)
{
	const struct config_guest *guest = g_ptr_array_index(guests, index);

	for (guint i = 0; i < index; i++) {
		const struct config_guest *other = g_ptr_array_index(guests, i);

		if (g_str_equal(other->vm, guest->vm))
			return false;
	}
	return true;
}

static void add_screen(GArray *screens, const struct input_screen *screen)
{
	if (screens->len < MACHINE_SCREENS_MAX)
		g_array_append_vals(screens, screen, 1);
}

static bool has_screen(const GArray *screens, const char *name)
{
	for (guint i = 0; i < screens->len; i++) {
		if (g_str_equal(g_array_index(screens, struct input_screen, i).name, name))
			return true;
	}
	return false;
}

static bool is_shown(const struct layout *layout, const char *guest_of, const char *output)
{
	for (size_t i = 0; i < layout_view_count(layout); i++) {
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);

		if (g_str_equal(guest_name(guest), guest_of) &&
			(!output || layout_output_is(view_output(layout_view(layout, i)), output)))
			return true;
	}
	return false;
}

/* A touch screen is a socket, and so is made at start: also of outputs that are not there yet. */
static void add_absent_screens(const struct machines *machines, const struct config_guest *guest,
	GArray *screens)
{
	const GPtrArray *outputs = machines->options.config->outputs;
	const struct layout *layout = machines->options.layout;
	bool named = false;

	for (guint i = 0; outputs && i < outputs->len; i++) {
		const struct config_output *output = g_ptr_array_index(outputs, i);

		if (output->off || g_strcmp0(output->guest, guest->name) != 0)
			continue;
		named = true;
		/* In another layout it has another section. */
		if (has_screen(screens, output->name))
			continue;
		if (!is_shown(layout, guest->name, output->name))
			add_screen(screens, &(struct input_screen){.name = output->name});
	}
	if (!named && !is_shown(layout, guest->name, NULL))
		add_screen(screens, &(struct input_screen){.name = guest->name});
}

/* The outputs that show a machine, in the layout's order, and those that will. */
static GArray *describe_screens(const struct machines *machines, const char *machine)
{
	const GPtrArray *guests = machines->options.config->guests;
	const struct layout *layout = machines->options.layout;
	GArray *screens = g_array_new(FALSE, TRUE, sizeof(struct input_screen));

	for (size_t i = 0; i < layout_view_count(layout); i++) {
		const struct kms_output *output = view_output(layout_view(layout, i));
		struct input_screen screen = {.name = kms_output_name(output)};
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);

		if (!g_str_equal(config_find_guest(machines->options.config, guest_name(guest))->vm,
			    machine))
			continue;
		kms_output_physical_size(output, &screen.width_mm, &screen.height_mm);
		add_screen(screens, &screen);
	}
	for (guint i = 0; i < guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);

		if (g_str_equal(guest->vm, machine))
			add_absent_screens(machines, guest, screens);
	}
	return screens;
}

static struct account *account_of(const struct machines *machines, const struct config_guest *guest)
{
	return machines->options.account
		? machines->options.account(machines->options.account_data, guest->name)
		: NULL;
}

static bool make_machine(struct machines *machines, const struct config_guest *first,
	GError **error)
{
	const GPtrArray *guests = machines->options.config->guests;
	g_autoptr(GArray) screens = describe_screens(machines, first->vm);
	struct machine_options options = {
		.name = first->vm,
		.keeper = machines->options.keeper,
		.screens = (const struct input_screen *)(const void *)screens->data,
		.screen_count = screens->len,
	};
	struct machine *machine;

	for (guint i = 0; i < guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);

		if (!g_str_equal(guest->vm, first->vm))
			continue;
		options.inputs |= guest->inputs;
		if (!options.prefix) {
			options.prefix = guest->input_prefix;
			options.group = guest->socket_group;
			options.account = account_of(machines, guest);
		}
		if (!options.bus)
			options.bus = guest->dbus_display;
	}
	machine = machine_create(&options, &machine_listener, machines, error);
	if (!machine)
		return false;
	machines->list[machines->count++] = machine;
	return true;
}

static bool make_machines(struct machines *machines, GError **error)
{
	const GPtrArray *guests = machines->options.config->guests;

	for (guint i = 0; i < guests->len; i++) {
		if (is_first_of_machine(guests, i) &&
			!make_machine(machines, g_ptr_array_index(guests, i), error))
			return false;
	}
	return true;
}

/* ---- passthrough devices ---- */

static void passthrough_used(void *data, const char *name)
{
	struct machines *machines = data;

	for (size_t i = 0; i < machines->count; i++) {
		if (g_str_equal(machine_name(machines->list[i]), name))
			machines->listener->used(machines->data, machines->list[i]);
	}
}

static bool make_passthrough(struct machines *machines, const struct config_device *section,
	GError **error)
{
	const struct config *config = machines->options.config;
	const struct config_guest *guest = config_find_guest(config, section->guest);
	const struct passthrough_options options = {
		.section = section,
		.seat = config->input.seat,
		.opener = machines->options.opener,
		.guest = guest->vm,
		.account = account_of(machines, guest),
		.keeper = machines->options.keeper,
		.prefix = guest->input_prefix,
		.group = guest->socket_group,
		.used = passthrough_used,
		.data = machines,
	};
	struct passthrough *passthrough = passthrough_create(&options, error);

	if (!passthrough) {
		g_prefix_error(error, "guest %s: device %s: ", guest->vm, section->name);
		return false;
	}
	g_ptr_array_add(machines->passthroughs, passthrough);
	return true;
}

static bool make_passthroughs(struct machines *machines, GError **error)
{
	const GPtrArray *sections = machines->options.config->devices;

	for (guint i = 0; i < sections->len; i++) {
		const struct config_device *section = g_ptr_array_index(sections, i);

		if (section->passthrough && !make_passthrough(machines, section, error))
			return false;
	}
	return true;
}

void machines_suspend(struct machines *machines)
{
	for (guint i = 0; i < machines->passthroughs->len; i++)
		passthrough_suspend(g_ptr_array_index(machines->passthroughs, i));
}

void machines_resume(struct machines *machines)
{
	for (guint i = 0; i < machines->passthroughs->len; i++)
		passthrough_resume(g_ptr_array_index(machines->passthroughs, i));
}

void machines_retry(struct machines *machines)
{
	for (guint i = 0; i < machines->passthroughs->len; i++)
		passthrough_retry(g_ptr_array_index(machines->passthroughs, i));
}

/* ---- life ---- */

struct machines *machines_create(const struct machines_options *options,
	const struct machines_listener *listener, void *data, GError **error)
{
	struct machines *machines = g_new0(struct machines, 1);

	machines->options = *options;
	machines->listener = listener;
	machines->data = data;
	machines->list = g_new0(struct machine *, options->config->guests->len);
	machines->passthroughs = g_ptr_array_new_with_free_func(
		(GDestroyNotify)passthrough_destroy);
	if (make_machines(machines, error) && make_passthroughs(machines, error))
		return machines;
	machines_destroy(machines);
	return NULL;
}

static GPtrArray *list_devices(const struct machines *machines)
{
	GPtrArray *sinks = g_ptr_array_new();

	for (size_t i = 0; i < machines->count; i++)
		machine_append_devices(machines->list[i], sinks);
	for (guint i = 0; i < machines->passthroughs->len; i++)
		passthrough_append_device(g_ptr_array_index(machines->passthroughs, i), sinks);
	return sinks;
}

void machines_settle(const struct machines *machines)
{
	g_autoptr(GPtrArray) sinks = list_devices(machines);

	for (guint i = 0; i < sinks->len; i++)
		device_settle(g_ptr_array_index(sinks, i));
	for (size_t i = 0; i < machines->count; i++)
		machine_settle(machines->list[i]);
}

void machines_flush(const struct machines *machines)
{
	g_autoptr(GPtrArray) sinks = list_devices(machines);

	device_flush((struct input_sink *const *)(void *)sinks->pdata, sinks->len);
}

void machines_destroy(struct machines *machines)
{
	if (!machines)
		return;
	g_ptr_array_unref(machines->passthroughs);
	for (size_t i = 0; i < machines->count; i++)
		machine_destroy(machines->list[i]);
	dbus_display_finish_all();
	g_free(machines->list);
	g_free(machines);
}

/* ---- counters ---- */

struct each {
	const struct machine *machine;
	void (*call)(void *data, const char *machine, const char *device,
		const struct device_counters *counters);
	void *data;
};

static void each_of_machine(void *data, const char *device, const struct device_counters *counters)
{
	const struct each *each = data;

	each->call(each->data, machine_name(each->machine), device, counters);
}

void machines_each_counters(const struct machines *machines,
	void (*call)(void *data, const char *machine, const char *device,
		const struct device_counters *counters),
	void *data)
{
	for (size_t i = 0; i < machines->count; i++) {
		struct each each = {machines->list[i], call, data};

		machine_each_counters(machines->list[i], each_of_machine, &each);
	}
	for (guint i = 0; i < machines->passthroughs->len; i++) {
		const struct passthrough *passthrough = g_ptr_array_index(machines->passthroughs,
			i);
		struct device_counters counters;

		if (passthrough_counters(passthrough, &counters))
			call(data, passthrough_guest(passthrough), passthrough_name(passthrough),
				&counters);
	}
}
