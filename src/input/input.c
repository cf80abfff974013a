/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/input.h"

#include <string.h>

#include "input/dbus/dbus.h"
#include "input/focus.h"
#include "input/host_device.h"
#include "input/passthrough.h"
#include "input/pen.h"
#include "input/screen.h"
#include "log.h"
#include "scene/view.h"

/* Until a seat that cannot be opened is tried again, seconds: udev may be late. */
#define SEAT_RETRY_S 10

/* A machine, with what is only its own. */
struct member {
	struct machine *machine;
	struct pen *pen;
	struct focus *focus; /* of the host's devices that are its own; NULL: there are none */
};

struct input {
	struct input_options options;
	const struct input_listener *listener;
	void *data;
	struct member *members;
	struct machine **machines; /* the same, for the focus */
	size_t member_count;
	struct screens screens;
	GPtrArray *passthroughs; /* of struct passthrough, owned */
	struct focus_keys keys;
	struct focus *focus; /* of the devices that are nobody's own */
	struct seat *seat; /* NULL: not yet, or there is none */
	guint seat_retry; /* its opening has failed, and is tried again; else 0 */
	bool suspended;
	size_t listening; /* machines */
	bool keyboard_taken; /* as the listener was told */
	GPtrArray *host_devices; /* of struct host_device, owned */
	struct screen *touched[SEAT_SLOTS_MAX]; /* where a touch has begun, by the seat's slot */
};

static struct member *find_member(struct input *input, const struct machine *machine)
{
	for (size_t i = 0; i < input->member_count; i++) {
		if (input->machines[i] == machine)
			return &input->members[i];
	}
	return NULL;
}

static struct machine *machine_of_guest(void *data, const char *guest)
{
	const struct input *input = data;
	const char *name = config_find_guest(input->options.config, guest)->vm;

	for (size_t i = 0; i < input->member_count; i++) {
		if (g_str_equal(machine_name(input->machines[i]), name))
			return input->machines[i];
	}
	return NULL;
}

/* ---- events ---- */

/* With a word where it is not known. */
static struct screen *locate(struct input *input, struct host_device *host)
{
	struct screen *screen = screens_find(&input->screens, host);

	if (!screen && !host->complained)
		log_daemon(G_LOG_LEVEL_WARNING,
			"input device \"%s\" is ignored: which output it lies on is not known; say it "
			"by output= in a [device] section, or by the udev property SCANOUTD_OUTPUT",
			seat_device_name(host->device));
	host->complained |= !screen;
	return screen;
}

static void touch_happened(struct input *input, struct host_device *host,
	const struct seat_event *event)
{
	struct screen **touched;

	if (event->type == SEAT_EVENT_TOUCH_FRAME) {
		for (size_t i = 0; i < input->screens.count; i++)
			touch_event(input->screens.list[i].touch, event);
		return;
	}
	if (event->point.slot < 0 || event->point.slot >= SEAT_SLOTS_MAX)
		return;
	touched = &input->touched[event->point.slot];
	if (event->type == SEAT_EVENT_TOUCH_DOWN)
		*touched = locate(input, host);
	if (*touched)
		touch_event((*touched)->touch, event);
}

static void tool_happened(struct input *input, struct host_device *host,
	const struct seat_event *event)
{
	if (!host->screen)
		host->screen = locate(input, host);
	if (!host->screen)
		return;
	pen_event(find_member(input, host->screen->machine)->pen, host, &event->tool, screen_pick,
		host->screen);
	if (!event->tool.near)
		host->screen = NULL;
}

/* What a device's motion counts by is the picture of the machine that has it. */
static void set_picture(struct focus *focus, const struct screen *screen)
{
	uint32_t width, height;

	screen_size(screen, &width, &height);
	focus_set_picture(focus, width, height);
	machine_set_picture(focus_machine(focus), width, height);
}

/* An absolute pointer is on the screen that it lies on, else on the first of its machine. */
static void point_happened(struct input *input, struct host_device *host,
	const struct seat_event *event)
{
	const struct machine *machine = focus_machine(host->focus);
	struct screen *screen = screens_find(&input->screens, host);
	double x, y;

	if (!screen || screen->machine != machine)
		screen = screens_first(&input->screens, machine);
	if (!screen)
		return;
	if (screen_pick(screen, event->point.x, event->point.y, &x, &y) == VIEW_POINT_NOWHERE)
		return;
	set_picture(host->focus, screen);
	focus_point(host->focus, x, y);
}

static void motion_happened(struct input *input, const struct host_device *host,
	const struct seat_event *event)
{
	const struct screen *screen = screens_first(&input->screens, focus_machine(host->focus));

	if (screen)
		set_picture(host->focus, screen);
	focus_event(host->focus, event, host->raw);
}

/* The lid is everybody's, unless the configuration gives it to one. */
static void switch_happened(struct input *input, const struct host_device *host,
	const struct seat_event *event)
{
	const struct machine *own = host->guest ? machine_of_guest(input, host->guest) : NULL;

	for (size_t i = 0; i < input->member_count; i++) {
		if (!own || own == input->machines[i])
			machine_switch(input->machines[i], (uint16_t)event->key.code,
				event->key.pressed);
	}
}

static void event_happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	struct input *input = data;
	struct host_device *host = seat_device_data(device);

	switch (event->type) {
	case SEAT_EVENT_KEY:
	case SEAT_EVENT_BUTTON:
	case SEAT_EVENT_WHEEL:
	case SEAT_EVENT_SCROLL:
		focus_event(host->focus, event, host->raw);
		break;
	case SEAT_EVENT_MOTION:
		motion_happened(input, host, event);
		break;
	case SEAT_EVENT_ABSOLUTE:
		point_happened(input, host, event);
		break;
	case SEAT_EVENT_TOUCH_DOWN:
	case SEAT_EVENT_TOUCH_MOTION:
	case SEAT_EVENT_TOUCH_UP:
	case SEAT_EVENT_TOUCH_CANCEL:
	case SEAT_EVENT_TOUCH_FRAME:
		touch_happened(input, host, event);
		break;
	case SEAT_EVENT_TOOL:
		tool_happened(input, host, event);
		break;
	case SEAT_EVENT_SWITCH:
		switch_happened(input, host, event);
		break;
	}
}

/* ---- the seat's devices ---- */

static void show_leds(struct input *input)
{
	for (guint i = 0; i < input->host_devices->len; i++) {
		struct host_device *host = g_ptr_array_index(input->host_devices, i);

		host_device_show_leds(host, machine_leds(focus_machine(host->focus)));
	}
}

static void focus_left(void *data)
{
	struct input *input = data;

	input->listener->leave(input->data);
}

static void focus_terminal(void *data, int terminal)
{
	struct input *input = data;

	input->listener->switch_terminal(input->data, terminal);
}

static void focus_moved(void *data)
{
	show_leds(data);
}

static const struct focus_listener focus_listener = {
	.leave = focus_left,
	.switch_terminal = focus_terminal,
	.moved = focus_moved,
};

static struct focus *own_focus(struct input *input, const char *guest)
{
	struct member *member = find_member(input, machine_of_guest(input, guest));

	if (!member->focus)
		member->focus = focus_create(&member->machine, 1, 0, &input->keys, &focus_listener,
			input);
	return member->focus;
}

/* No keys lead to another terminal. */
static bool is_locked(const struct input *input)
{
	return input->keys.switch_terminal.modifiers == 0;
}

/* Whoever else reads keys is told to stop only where we have a keyboard to read them from: there
 * must always be one way to press the keys that switch terminals, where there are any. */
static void tell_keyboard(struct input *input)
{
	bool taken = is_locked(input);

	for (guint i = 0; input->listening > 0 && i < input->host_devices->len; i++) {
		const struct host_device *host = g_ptr_array_index(input->host_devices, i);

		taken |= (seat_device_capabilities(host->device) & SEAT_KEYBOARD) != 0;
	}
	if (taken == input->keyboard_taken)
		return;
	input->keyboard_taken = taken;
	input->listener->keyboard_taken(input->data, taken);
}

static void configure_device(void *data, struct seat_device *device,
	struct seat_device_options *options)
{
	const struct input *input = data;

	host_device_options(input->options.config->devices, device, options);
}

static void device_added(void *data, struct seat_device *device)
{
	struct input *input = data;
	struct host_device *host = host_device_create(input->options.config->devices, device);

	host->focus = host->guest ? own_focus(input, host->guest) : input->focus;
	seat_device_set_data(device, host);
	g_ptr_array_add(input->host_devices, host);
	show_leds(input);
	tell_keyboard(input);
}

static void device_removed(void *data, struct seat_device *device)
{
	struct input *input = data;

	g_ptr_array_remove_fast(input->host_devices, seat_device_data(device));
	tell_keyboard(input);
}

static const struct seat_listener seat_listener = {
	.device_added = device_added,
	.device_removed = device_removed,
	.event = event_happened,
};

/* Before a guest listens, too, devices are read for the keys that are ours: those of
 * switch-terminal= where the terminal's keyboard is off, and leave=. */
static bool opens_at_once(const struct input *input)
{
	return input->options.keyboard_is_off || is_locked(input) || input->keys.leave.modifiers ||
		input->keys.leave.key;
}

/* One that cannot be used costs no other. */
static void add_nodes(struct input *input)
{
	g_auto(GStrv) nodes = g_strsplit(input->options.config->input.devices, ";", -1);

	for (char **node = nodes; *node; node++) {
		g_autoptr(GError) error = NULL;

		if (*g_strstrip(*node) && !seat_add_path(input->seat, *node, &error))
			log_daemon(G_LOG_LEVEL_WARNING, "input: %s", error->message);
	}
}

static gboolean retry_seat(gpointer data);

static void open_seat(struct input *input)
{
	const struct config_input *config = &input->options.config->input;
	const struct seat_options options = {
		.name = config->devices ? NULL : config->seat,
		.opener = input->options.opener,
		.configure = configure_device,
	};
	g_autoptr(GError) error = NULL;

	if (input->seat || input->suspended || (!config->devices && !config->seat))
		return;
	input->seat = seat_create(&options, &seat_listener, input, &error);
	if (input->seat && config->devices)
		add_nodes(input);
	if (!input->seat && !input->seat_retry) {
		log_daemon(G_LOG_LEVEL_WARNING, "no input: %s; it is tried again every %d s",
			error->message, SEAT_RETRY_S);
		input->seat_retry = g_timeout_add_seconds(SEAT_RETRY_S, retry_seat, input);
	} else if (input->seat && input->seat_retry) {
		log_daemon(G_LOG_LEVEL_INFO, "input: the host's devices can be used now");
		g_clear_handle_id(&input->seat_retry, g_source_remove);
	}
}

static gboolean retry_seat(gpointer data)
{
	open_seat(data);
	return G_SOURCE_CONTINUE;
}

/* ---- machines ---- */

static void machine_listening(void *data, struct machine *machine, bool listens)
{
	struct input *input = data;

	input->listening += listens ? 1 : -(size_t)1;
	if (listens)
		open_seat(input);
	tell_keyboard(input);
}

static void machine_leds_changed(void *data, struct machine *machine)
{
	show_leds(data);
}

static const struct machine_listener machine_listener = {
	.listens = machine_listening,
	.leds = machine_leds_changed,
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

/* The outputs that show a machine, in the layout's order. */
static GArray *describe_screens(const struct input *input, const char *machine)
{
	const struct layout *layout = input->options.layout;
	GArray *screens = g_array_new(FALSE, TRUE, sizeof(struct input_screen));

	for (size_t i = 0; i < layout_view_count(layout); i++) {
		const struct kms_output *output = view_output(layout_view(layout, i));
		struct input_screen screen = {.name = kms_output_name(output)};
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);

		if (!g_str_equal(config_find_guest(input->options.config, guest_name(guest))->vm,
			    machine) ||
			screens->len == MACHINE_SCREENS_MAX)
			continue;
		kms_output_physical_size(output, &screen.width_mm, &screen.height_mm);
		g_array_append_val(screens, screen);
	}
	return screens;
}

static bool make_machine(struct input *input, const struct config_guest *first, GError **error)
{
	const GPtrArray *guests = input->options.config->guests;
	g_autoptr(GArray) screens = describe_screens(input, first->vm);
	struct member *member = &input->members[input->member_count];
	struct machine_options options = {
		.name = first->vm,
		.screens = (const struct input_screen *)(const void *)screens->data,
		.screen_count = screens->len,
	};

	for (guint i = 0; i < guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(guests, i);

		if (!g_str_equal(guest->vm, first->vm))
			continue;
		options.inputs |= guest->inputs;
		if (!options.prefix) {
			options.prefix = guest->input_prefix;
			options.group = guest->socket_group;
		}
		if (!options.bus)
			options.bus = guest->dbus_display;
	}
	member->machine = machine_create(&options, &machine_listener, input, error);
	if (!member->machine)
		return false;
	member->pen = pen_create(member->machine);
	input->machines[input->member_count++] = member->machine;
	return true;
}

static bool make_passthrough(struct input *input, const struct config_device *section,
	GError **error)
{
	const struct config *config = input->options.config;
	const struct config_guest *guest = config_find_guest(config, section->guest);
	const struct passthrough_options options = {
		.section = section,
		.seat = config->input.seat,
		.opener = input->options.opener,
		.guest = guest->vm,
		.prefix = guest->input_prefix,
		.group = guest->socket_group,
	};
	struct passthrough *passthrough = passthrough_create(&options, error);

	if (!passthrough) {
		g_prefix_error(error, "guest %s: device %s: ", guest->vm, section->name);
		return false;
	}
	g_ptr_array_add(input->passthroughs, passthrough);
	return true;
}

static bool make_passthroughs(struct input *input, GError **error)
{
	const GPtrArray *sections = input->options.config->devices;

	for (guint i = 0; i < sections->len; i++) {
		const struct config_device *section = g_ptr_array_index(sections, i);

		if (section->passthrough && !make_passthrough(input, section, error))
			return false;
	}
	return true;
}

static bool make_machines(struct input *input, GError **error)
{
	const GPtrArray *guests = input->options.config->guests;

	for (guint i = 0; i < guests->len; i++) {
		if (is_first_of_machine(guests, i) &&
			!make_machine(input, g_ptr_array_index(guests, i), error))
			return false;
	}
	return true;
}

static size_t first_focus(struct input *input)
{
	const char *guest = input->options.config->input.focus;

	return guest ? (size_t)(find_member(input, machine_of_guest(input, guest)) - input->members)
		     : 0;
}

/* ---- life ---- */

struct input *input_create(const struct input_options *options,
	const struct input_listener *listener, void *data, GError **error)
{
	const struct config_input *config = &options->config->input;
	const GPtrArray *guests = options->config->guests;
	struct input *input = g_new0(struct input, 1);

	input->options = *options;
	input->listener = listener;
	input->data = data;
	input->host_devices = g_ptr_array_new_with_free_func((GDestroyNotify)host_device_destroy);
	input->members = g_new0(struct member, guests->len);
	input->machines = g_new0(struct machine *, guests->len);
	input->keys = (struct focus_keys){
		.never_pass = (const struct combination *)(const void *)config->never_pass->data,
		.never_pass_count = config->never_pass->len,
		.leave = config->leave,
		.switch_guest = config->switch_guest,
		.switch_terminal = config->switch_terminal,
	};
	input->passthroughs = g_ptr_array_new_with_free_func((GDestroyNotify)passthrough_destroy);
	if (!make_machines(input, error) || !make_passthroughs(input, error)) {
		input_destroy(input);
		return NULL;
	}
	screens_init(&input->screens, options->device, options->layout, machine_of_guest, input);
	input->focus = focus_create(input->machines, input->member_count, first_focus(input),
		&input->keys, &focus_listener, input);
	if (opens_at_once(input))
		open_seat(input);
	tell_keyboard(input);
	return input;
}

/* Whoever presses something releases it. */
static void release_all(struct input *input)
{
	g_clear_pointer(&input->seat, seat_destroy);
	for (guint i = 0; i < input->passthroughs->len; i++)
		passthrough_suspend(g_ptr_array_index(input->passthroughs, i));
	screens_finish(&input->screens);
	focus_destroy(input->focus);
	for (size_t i = 0; i < input->member_count; i++) {
		focus_destroy(input->members[i].focus);
		pen_destroy(input->members[i].pen);
	}
}

static void flush_devices(const struct input *input)
{
	g_autoptr(GPtrArray) sinks = g_ptr_array_new();

	for (size_t i = 0; i < input->member_count; i++)
		machine_append_devices(input->machines[i], sinks);
	for (guint i = 0; i < input->passthroughs->len; i++)
		passthrough_append_device(g_ptr_array_index(input->passthroughs, i), sinks);
	device_flush((struct input_sink *const *)(void *)sinks->pdata, sinks->len);
}

void input_destroy(struct input *input)
{
	if (!input)
		return;
	g_clear_handle_id(&input->seat_retry, g_source_remove);
	release_all(input);
	flush_devices(input);
	g_ptr_array_unref(input->passthroughs);
	for (size_t i = 0; i < input->member_count; i++)
		machine_destroy(input->members[i].machine);
	dbus_display_finish_all();
	g_ptr_array_unref(input->host_devices);
	g_free(input->machines);
	g_free(input->members);
	g_free(input);
}

void input_suspend(struct input *input)
{
	if (!input)
		return;
	input->suspended = true;
	if (input->seat)
		seat_suspend(input->seat);
	for (guint i = 0; i < input->passthroughs->len; i++)
		passthrough_suspend(g_ptr_array_index(input->passthroughs, i));
}

void input_resume(struct input *input)
{
	g_autoptr(GError) error = NULL;

	if (!input)
		return;
	input->suspended = false;
	if (input->seat && !seat_resume(input->seat, &error))
		log_daemon(G_LOG_LEVEL_WARNING, "input: %s", error->message);
	else if (input->listening > 0 || opens_at_once(input))
		open_seat(input);
	for (guint i = 0; i < input->passthroughs->len; i++)
		passthrough_resume(g_ptr_array_index(input->passthroughs, i));
}

struct each {
	const struct machine *machine;
	input_counters_func call;
	void *data;
};

static void each_of_machine(void *data, const char *device, const struct device_counters *counters)
{
	const struct each *each = data;

	each->call(each->data, machine_name(each->machine), device, counters);
}

void input_each_counters(const struct input *input, input_counters_func call, void *data)
{
	for (size_t i = 0; i < input->member_count; i++) {
		struct each each = {input->machines[i], call, data};

		machine_each_counters(input->machines[i], each_of_machine, &each);
	}
	for (guint i = 0; i < input->passthroughs->len; i++) {
		const struct passthrough *passthrough = g_ptr_array_index(input->passthroughs, i);
		struct device_counters counters;

		if (passthrough_counters(passthrough, &counters))
			call(data, passthrough_guest(passthrough), passthrough_name(passthrough),
				&counters);
	}
}
