/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/input.h"

#include <math.h>
#include <string.h>

#include "input/focus.h"
#include "input/host_device.h"
#include "input/pen.h"
#include "input/touch.h"
#include "log.h"
#include "scene/view.h"

/* A machine, with what is only its own. */
struct member {
	struct machine *machine;
	struct pen *pen;
	struct focus *focus; /* of the host's devices that are its own; NULL: there are none */
	struct screen *first_screen; /* NULL: it is shown nowhere */
	size_t screen_count;
};

/* An output that shows a machine. */
struct screen {
	struct view *view;
	struct member *member;
	struct touch *touch;
};

struct input {
	struct input_options options;
	const struct input_listener *listener;
	void *data;
	struct member *members;
	struct machine **machines; /* the same, for the focus */
	size_t member_count;
	struct screen *screens;
	size_t screen_count;
	struct focus_keys keys;
	struct focus *focus; /* of the devices that are nobody's own */
	struct seat *seat; /* NULL: not yet, or there is none */
	bool seat_failed;
	bool suspended;
	size_t listening; /* machines */
	GPtrArray *host_devices; /* of struct host_device, owned */
	struct screen *touched[SEAT_SLOTS_MAX]; /* where a touch has begun, by the seat's slot */
};

/* ---- where a device lies ---- */

static bool pick(void *data, double x, double y, double *picture_x, double *picture_y)
{
	const struct screen *screen = data;

	return view_pick(screen->view, x, y, picture_x, picture_y);
}

static struct screen *screen_by_name(struct input *input, const char *name)
{
	const struct kms_output *output = kms_device_find_output(input->options.device, name, NULL);

	for (size_t i = 0; output && i < input->screen_count; i++) {
		if (view_output(input->screens[i].view) == output)
			return &input->screens[i];
	}
	return NULL;
}

/* Touch panels tell their own size, and the glass under them has the same: but for a few
 * millimetres of frame. */
static bool same_size(double a_width, double a_height, uint32_t b_width, uint32_t b_height)
{
	return b_width && b_height && fabs(a_width - b_width) <= 5 + 0.03 * b_width &&
		fabs(a_height - b_height) <= 5 + 0.03 * b_height;
}

static struct screen *screen_by_size(struct input *input, double width, double height)
{
	struct screen *found = NULL;

	for (size_t i = 0; i < input->screen_count; i++) {
		uint32_t width_mm, height_mm;

		kms_output_physical_size(view_output(input->screens[i].view), &width_mm,
			&height_mm);
		if (!same_size(width, height, width_mm, height_mm) &&
			!same_size(height, width, width_mm, height_mm))
			continue;
		if (found)
			return NULL;
		found = &input->screens[i];
	}
	return found;
}

/* By configuration, by udev, by size, or because there is one only; NULL where none of them tells. */
static struct screen *find_screen(struct input *input, struct host_device *host)
{
	static const char *const properties[] = {"SCANOUTD_OUTPUT", "WL_OUTPUT"};
	struct screen *screen = NULL;
	double width, height;

	if (host->output)
		return screen_by_name(input, host->output);
	for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
		const char *name = seat_device_property(host->device, properties[i]);

		if (name && *name)
			return screen_by_name(input, name);
	}
	if (seat_device_size(host->device, &width, &height))
		screen = screen_by_size(input, width, height);
	if (!screen && input->screen_count == 1)
		screen = &input->screens[0];
	return screen;
}

/* The same, with a word where it is not known. */
static struct screen *locate(struct input *input, struct host_device *host)
{
	struct screen *screen = find_screen(input, host);

	if (!screen && !host->complained)
		log_daemon(G_LOG_LEVEL_WARNING,
			"input device \"%s\" is ignored: which output it lies on is not known; say it "
			"by output= in a [device] section, or by the udev property SCANOUTD_OUTPUT",
			seat_device_name(host->device));
	host->complained |= !screen;
	return screen;
}

/* ---- events ---- */

static void touch_happened(struct input *input, struct host_device *host,
	const struct seat_event *event)
{
	struct screen **touched;

	if (event->type == SEAT_EVENT_TOUCH_FRAME) {
		for (size_t i = 0; i < input->screen_count; i++)
			touch_event(input->screens[i].touch, event);
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
	pen_event(host->screen->member->pen, host, &event->tool, pick, host->screen);
	if (!event->tool.near)
		host->screen = NULL;
}

/* An absolute pointer is on the screen that it lies on, else on the first of its machine. */
static void point_happened(struct input *input, struct host_device *host,
	const struct seat_event *event)
{
	const struct machine *machine = focus_machine(host->focus);
	struct screen *screen = find_screen(input, host);
	const struct kms_mode_info *mode;
	double x, y;

	for (size_t i = 0; i < input->member_count; i++) {
		if (input->machines[i] == machine &&
			(!screen || screen->member != &input->members[i]))
			screen = input->members[i].first_screen;
	}
	if (!screen)
		return;
	pick(screen, event->point.x, event->point.y, &x, &y);
	mode = kms_output_mode(view_output(screen->view));
	focus_point(host->focus, x, y, mode->width, mode->height);
}

static void switch_happened(struct input *input, const struct seat_event *event)
{
	const struct input_value value = {EV_SW, (uint16_t)event->key.code, event->key.pressed};

	for (size_t i = 0; i < input->member_count; i++)
		machine_send(input->machines[i], INPUT_KEYBOARD, 0, &value, 1);
}

static void event_happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	struct input *input = data;
	struct host_device *host = seat_device_data(device);

	switch (event->type) {
	case SEAT_EVENT_KEY:
	case SEAT_EVENT_BUTTON:
	case SEAT_EVENT_MOTION:
	case SEAT_EVENT_WHEEL:
	case SEAT_EVENT_SCROLL:
		focus_event(host->focus, event, host->raw);
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
		switch_happened(input, event);
		break;
	}
}

/* ---- the seat's devices ---- */

static void show_leds(struct input *input)
{
	for (guint i = 0; i < input->host_devices->len; i++) {
		const struct host_device *host = g_ptr_array_index(input->host_devices, i);

		if (seat_device_capabilities(host->device) & SEAT_KEYBOARD)
			seat_device_set_leds(host->device,
				machine_leds(focus_machine(host->focus)));
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

static struct member *find_member(struct input *input, const char *machine)
{
	for (size_t i = 0; i < input->member_count; i++) {
		if (g_str_equal(machine_name(input->machines[i]), machine))
			return &input->members[i];
	}
	return NULL;
}

static struct member *member_of_guest(struct input *input, const char *guest)
{
	return find_member(input, config_find_guest(input->options.config, guest)->vm);
}

static struct focus *own_focus(struct input *input, struct member *member)
{
	if (!member->focus)
		member->focus = focus_create(&member->machine, 1, 0, &input->keys, &focus_listener,
			input);
	return member->focus;
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

	host->focus = host->guest ? own_focus(input, member_of_guest(input, host->guest))
				  : input->focus;
	seat_device_set_data(device, host);
	g_ptr_array_add(input->host_devices, host);
	show_leds(input);
}

static void device_removed(void *data, struct seat_device *device)
{
	struct input *input = data;

	g_ptr_array_remove_fast(input->host_devices, seat_device_data(device));
}

static const struct seat_listener seat_listener = {
	.device_added = device_added,
	.device_removed = device_removed,
	.event = event_happened,
};

static void open_seat(struct input *input)
{
	const struct seat_options options = {
		.name = input->options.config->input.seat,
		.opener = input->options.opener,
		.configure = configure_device,
	};
	g_autoptr(GError) error = NULL;

	if (input->seat || input->seat_failed || !options.name)
		return;
	input->seat = seat_create(&options, &seat_listener, input, &error);
	if (input->seat)
		return;
	input->seat_failed = true;
	log_daemon(G_LOG_LEVEL_WARNING, "no input: %s", error->message);
}

/* ---- machines ---- */

static void machine_listening(void *data, struct machine *machine, bool listens)
{
	struct input *input = data;

	input->listening += listens ? 1 : -(size_t)1;
	if (listens)
		open_seat(input);
	if (input->seat && input->listening == (listens ? 1 : 0))
		input->listener->keyboard_taken(input->data, listens);
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
	}
	member->machine = machine_create(&options, &machine_listener, input, error);
	if (!member->machine)
		return false;
	member->pen = pen_create(member->machine);
	input->machines[input->member_count++] = member->machine;
	return true;
}

static void make_screens(struct input *input)
{
	const struct layout *layout = input->options.layout;

	input->screens = g_new0(struct screen, MAX(layout_view_count(layout), 1));
	for (size_t i = 0; i < layout_view_count(layout); i++) {
		struct screen *screen = &input->screens[input->screen_count];
		uint32_t scanout;
		struct member *member = member_of_guest(input,
			guest_name(layout_view_guest(layout, i, &scanout)));

		if (member->screen_count == MACHINE_SCREENS_MAX)
			continue;
		screen->view = layout_view(layout, i);
		screen->member = member;
		screen->touch = touch_create(member->machine, member->screen_count++, pick, screen);
		if (!member->first_screen)
			member->first_screen = screen;
		input->screen_count++;
	}
}

static size_t first_focus(struct input *input)
{
	const char *guest = input->options.config->input.focus;

	return guest ? (size_t)(member_of_guest(input, guest) - input->members) : 0;
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
	for (guint i = 0; i < guests->len; i++) {
		if (is_first_of_machine(guests, i) &&
			!make_machine(input, g_ptr_array_index(guests, i), error)) {
			input_destroy(input);
			return NULL;
		}
	}
	make_screens(input);
	input->focus = focus_create(input->machines, input->member_count, first_focus(input),
		&input->keys, &focus_listener, input);
	return input;
}

void input_destroy(struct input *input)
{
	if (!input)
		return;
	/* Its releases still go to the guests. */
	seat_destroy(input->seat);
	for (size_t i = 0; i < input->screen_count; i++)
		touch_destroy(input->screens[i].touch);
	focus_destroy(input->focus);
	for (size_t i = 0; i < input->member_count; i++) {
		focus_destroy(input->members[i].focus);
		pen_destroy(input->members[i].pen);
		machine_destroy(input->members[i].machine);
	}
	g_ptr_array_unref(input->host_devices);
	g_free(input->screens);
	g_free(input->machines);
	g_free(input->members);
	g_free(input);
}

void input_suspend(struct input *input)
{
	if (input && input->seat)
		seat_suspend(input->seat);
}

void input_resume(struct input *input)
{
	g_autoptr(GError) error = NULL;

	if (input && input->seat && !seat_resume(input->seat, &error))
		log_daemon(G_LOG_LEVEL_WARNING, "input: %s", error->message);
}

size_t input_machine_count(const struct input *input)
{
	return input->member_count;
}

const struct machine *input_machine(const struct input *input, size_t index)
{
	return input->machines[index];
}
