/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/routing.h"

#include "input/focus.h"
#include "input/host_device.h"
#include "input/idle.h"
#include "input/pen.h"
#include "input/screen.h"
#include "log.h"
#include "scene/view.h"

/* What is only one machine's. */
struct own {
	struct pen *pen;
	/* Of the host's devices that are its own, and of pointers above its layers; NULL: there are
	 * none. */
	struct focus *focus;
};

struct routing {
	struct routing_options options;
	const struct routing_listener *listener;
	void *data;
	struct machine *const *list; /* machines_list() */
	size_t machine_count;
	struct own *own; /* by the machine's index */
	struct screens screens;
	struct focus_keys keys;
	struct focus *focus; /* of the devices that are nobody's own */
	struct idle *idle;
	GPtrArray *host_devices; /* of struct host_device, owned */
	struct screen *touched[SEAT_SLOTS_MAX]; /* where a touch has begun, by the seat's slot */
};

static struct own *find_own(struct routing *routing, const struct machine *machine)
{
	size_t index = 0;

	while (routing->list[index] != machine)
		index++;
	return &routing->own[index];
}

static struct focus *own_focus(struct routing *routing, struct machine *machine);

static struct machine *machine_of_guest(void *data, const char *guest)
{
	const struct routing *routing = data;

	return routing->list[machines_index(routing->options.machines, guest)];
}

/* ---- events ---- */

/* With a word where it is not known. */
static struct screen *locate(struct routing *routing, struct host_device *host)
{
	struct screen *screen = screens_find(&routing->screens, host);

	if (!screen && !host->complained)
		log_daemon(G_LOG_LEVEL_WARNING,
			"input device \"%s\" is ignored: its output is not known; set output= in a "
			"[device] section, or the udev property SCANOUTD_OUTPUT",
			seat_device_name(host->device));
	host->complained |= !screen;
	return screen;
}

/* What is there, on the output that it lies on. */
static struct screen *locate_point(struct routing *routing, struct host_device *host, double x,
	double y)
{
	struct screen *screen = locate(routing, host);

	return screen ? screens_at(&routing->screens, screen, NULL, x, y) : NULL;
}

static void touch_happened(struct routing *routing, struct host_device *host,
	const struct seat_event *event)
{
	struct screen **touched;

	if (event->type == SEAT_EVENT_TOUCH_FRAME) {
		for (size_t i = 0; i < routing->screens.count; i++)
			touch_event(routing->screens.list[i]->touch, event);
		return;
	}
	touched = &routing->touched[event->point.slot];
	if (event->type == SEAT_EVENT_TOUCH_DOWN)
		*touched = locate_point(routing, host, event->point.x, event->point.y);
	/* A finger that wakes the screen is nobody's until it is lifted. */
	if (*touched && idle_input(routing->idle, (*touched)->machine))
		*touched = NULL;
	if (*touched)
		touch_event((*touched)->touch, event);
}

/* What woke the screen is kept; of a tip, until it is lifted. */
static bool keeps_tool(struct routing *routing, struct host_device *host,
	const struct seat_tool *tool)
{
	bool kept = idle_input(routing->idle, host->screen->machine) || host->kept;

	host->kept = kept && tool->near && tool->down;
	return kept;
}

/* A tip stays with what it touched. */
static void move_tool(struct routing *routing, struct host_device *host,
	const struct seat_tool *tool)
{
	struct screen *screen = host->screen;

	if (screen && tool->down)
		return;
	if (screen)
		host->screen = screens_at(&routing->screens, screen, NULL, tool->x, tool->y);
	else
		host->screen = locate_point(routing, host, tool->x, tool->y);
	if (screen && screen != host->screen)
		pen_leave(find_own(routing, screen->machine)->pen, host);
}

static void tool_happened(struct routing *routing, struct host_device *host,
	const struct seat_event *event)
{
	struct seat_tool tool;

	move_tool(routing, host, &event->tool);
	if (!host->screen || keeps_tool(routing, host, &event->tool))
		return;
	tool = event->tool;
	screen_turn_tool(host->screen, &tool);
	pen_event(find_own(routing, host->screen->machine)->pen, host, &tool, screen_pick,
		host->screen);
	if (!event->tool.near)
		host->screen = NULL;
}

/*
 * Motion of a mouse is not turned on an output that is: the guest's picture stands upright before
 * its viewer, and the mouse lies before the same person. Nor are wheels.
 */

/* What a device's motion counts by is the picture of the machine that has it. */
static void set_picture(struct focus *focus, const struct screen *screen)
{
	uint32_t width, height;

	screen_size(screen, &width, &height);
	focus_set_picture(focus, width, height);
	machine_set_picture(focus_machine(focus), width, height);
}

/* Where its buttons and wheels go. */
static struct focus *pointer_focus(const struct host_device *host)
{
	return host->pointing ? host->pointing : host->focus;
}

static struct focus *focus_of(struct routing *routing, const struct host_device *host,
	struct machine *machine)
{
	return focus_machine(host->focus) == machine ? host->focus : own_focus(routing, machine);
}

/* An absolute pointer is on the screen that it lies on, else on the first of its machine. There it
 * is above whatever is seen, layers of other machines too; but not where its machine is not, which
 * it follows. */
static struct screen *locate_pointer(const struct routing *routing, const struct host_device *host,
	const struct seat_event *event)
{
	bool drags = host->buttons > 0;
	const struct machine *machine = focus_machine(drags ? pointer_focus(host) : host->focus);
	struct screen *screen = screens_find(&routing->screens, host);

	if (drags && host->pointed && host->pointed->machine == machine)
		return host->pointed;
	if (!screen || !screens_shows(&routing->screens, screen, machine))
		screen = screens_first(&routing->screens, machine);
	else if (!drags && !host->guest)
		machine = NULL;
	if (!screen)
		return NULL;
	return screens_at(&routing->screens, screen, machine, event->point.x, event->point.y);
}

static void point_happened(struct routing *routing, struct host_device *host,
	const struct seat_event *event)
{
	struct screen *screen = locate_pointer(routing, host, event);
	double x, y;

	host->pointed = screen;
	if (host->buttons == 0)
		host->pointing = screen ? focus_of(routing, host, screen->machine) : NULL;
	idle_input(routing->idle, focus_machine(pointer_focus(host)));
	if (!screen ||
		screen_pick(screen, event->point.x, event->point.y, &x, &y) == VIEW_POINT_NOWHERE)
		return;
	set_picture(pointer_focus(host), screen);
	focus_point(pointer_focus(host), x, y);
}

static void motion_happened(struct routing *routing, const struct host_device *host,
	const struct seat_event *event)
{
	const struct screen *screen = screens_first(&routing->screens, focus_machine(host->focus));

	if (screen)
		set_picture(host->focus, screen);
	focus_event(host->focus, event, host->raw);
}

/* A press that wakes the screen is kept, and so is a turn of the wheel; a release is not: its press
 * was before the screen went off. */
static void focus_happened(struct routing *routing, const struct host_device *host,
	struct focus *focus, const struct seat_event *event)
{
	bool is_press = (event->type == SEAT_EVENT_KEY || event->type == SEAT_EVENT_BUTTON);

	if (!idle_input(routing->idle, focus_machine(focus)) || (is_press && !event->key.pressed))
		focus_event(focus, event, host->raw);
	else if (is_press)
		focus_keep(focus, event);
}

static void button_happened(struct routing *routing, struct host_device *host,
	const struct seat_event *event)
{
	focus_happened(routing, host, pointer_focus(host), event);
	if (event->key.pressed)
		host->buttons++;
	else if (host->buttons > 0)
		host->buttons--;
}

/* The lid is everybody's, unless the configuration gives it to one. */
static void switch_happened(struct routing *routing, const struct host_device *host,
	const struct seat_event *event)
{
	const struct machine *own = host->guest ? machine_of_guest(routing, host->guest) : NULL;

	for (size_t i = 0; i < routing->machine_count; i++) {
		if (!own || own == routing->list[i])
			machine_switch(routing->list[i], (uint16_t)event->key.code,
				event->key.pressed);
	}
}

static void event_happened(void *data, struct seat_device *device, const struct seat_event *event)
{
	struct routing *routing = data;
	struct host_device *host = seat_device_data(device);

	switch (event->type) {
	case SEAT_EVENT_HELD:
		focus_event(host->focus, event, host->raw);
		break;
	case SEAT_EVENT_KEY:
		focus_happened(routing, host, host->focus, event);
		break;
	case SEAT_EVENT_BUTTON:
		button_happened(routing, host, event);
		break;
	case SEAT_EVENT_WHEEL:
	case SEAT_EVENT_SCROLL:
		focus_happened(routing, host, pointer_focus(host), event);
		break;
	case SEAT_EVENT_MOTION:
		idle_input(routing->idle, focus_machine(host->focus));
		motion_happened(routing, host, event);
		break;
	case SEAT_EVENT_ABSOLUTE:
		point_happened(routing, host, event);
		break;
	case SEAT_EVENT_TOUCH_DOWN:
	case SEAT_EVENT_TOUCH_MOTION:
	case SEAT_EVENT_TOUCH_UP:
	case SEAT_EVENT_TOUCH_CANCEL:
	case SEAT_EVENT_TOUCH_FRAME:
		touch_happened(routing, host, event);
		break;
	case SEAT_EVENT_TOOL:
		tool_happened(routing, host, event);
		break;
	case SEAT_EVENT_SWITCH:
		switch_happened(routing, host, event);
		break;
	}
}

/* ---- the host's devices ---- */

void routing_show_leds(struct routing *routing)
{
	for (guint i = 0; i < routing->host_devices->len; i++) {
		struct host_device *host = g_ptr_array_index(routing->host_devices, i);

		host_device_show_leds(host, machine_leds(focus_machine(host->focus)));
	}
}

bool routing_has_keyboard(const struct routing *routing)
{
	for (guint i = 0; i < routing->host_devices->len; i++) {
		const struct host_device *host = g_ptr_array_index(routing->host_devices, i);

		if (seat_device_capabilities(host->device) & SEAT_KEYBOARD)
			return true;
	}
	return false;
}

static void focus_left(void *data)
{
	const struct routing *routing = data;

	routing->listener->leave(routing->data);
}

static void focus_terminal(void *data, int terminal)
{
	const struct routing *routing = data;

	routing->listener->switch_terminal(routing->data, terminal);
}

static void focus_layout(void *data, size_t index)
{
	const struct routing *routing = data;

	routing->listener->switch_layout(routing->data, index);
}

/* Who turns to a machine wants to see it. */
static void focus_moved(void *data)
{
	struct routing *routing = data;

	idle_input(routing->idle, focus_machine(routing->focus));
	routing_show_leds(routing);
}

static void idle_changed(void *data, const char *guest, bool idle)
{
	const struct routing *routing = data;

	routing->listener->idle(routing->data, guest, idle);
}

static const struct idle_listener idle_listener = {
	.changed = idle_changed,
};

static const struct focus_listener focus_listener = {
	.leave = focus_left,
	.switch_terminal = focus_terminal,
	.moved = focus_moved,
	.switch_layout = focus_layout,
};

static struct focus *own_focus(struct routing *routing, struct machine *machine)
{
	struct own *own = find_own(routing, machine);

	if (!own->focus)
		own->focus = focus_create(&routing->list[own - routing->own], 1, 0, &routing->keys,
			&focus_listener, routing);
	return own->focus;
}

void routing_configure_device(void *data, struct seat_device *device,
	struct seat_device_options *options)
{
	const struct routing *routing = data;

	host_device_options(routing->options.config->devices, device, options);
}

bool routing_was_pressed(void *data, const struct seat_device *device, uint16_t code)
{
	const struct host_device *host = seat_device_data(device);
	enum input_kind kind;

	return host && machine_sees_pressed(focus_machine(host->focus), code, &kind);
}

static void device_added(void *data, struct seat_device *device)
{
	struct routing *routing = data;
	struct host_device *host = host_device_create(routing->options.config->devices, device);

	host->focus = host->guest ? own_focus(routing, machine_of_guest(routing, host->guest))
				  : routing->focus;
	seat_device_set_data(device, host);
	g_ptr_array_add(routing->host_devices, host);
	idle_count(routing->idle, true);
	routing_show_leds(routing);
	routing->listener->devices_changed(routing->data);
}

static void device_removed(void *data, struct seat_device *device)
{
	struct routing *routing = data;

	g_ptr_array_remove_fast(routing->host_devices, seat_device_data(device));
	idle_count(routing->idle, routing->host_devices->len > 0);
	routing->listener->devices_changed(routing->data);
}

const struct seat_listener routing_seat_listener = {
	.device_added = device_added,
	.device_removed = device_removed,
	.event = event_happened,
};

void routing_note_input(struct routing *routing, const struct machine *machine)
{
	idle_input(routing->idle, machine);
}

/* ---- outputs come and go ---- */

static void leave_pointer(struct host_device *host, const struct screen *screen)
{
	if (host->pointed != screen)
		return;
	host->pointed = NULL;
	/* What is held is released where it was pressed. */
	if (host->buttons == 0)
		host->pointing = NULL;
}

/* A touch that has begun there is lifted, a tool that is near is gone. */
static void screen_leaves(void *data, struct screen *screen)
{
	struct routing *routing = data;

	for (size_t i = 0; i < SEAT_SLOTS_MAX; i++) {
		if (routing->touched[i] == screen)
			routing->touched[i] = NULL;
	}
	for (guint i = 0; i < routing->host_devices->len; i++) {
		struct host_device *host = g_ptr_array_index(routing->host_devices, i);

		leave_pointer(host, screen);
		if (host->screen != screen)
			continue;
		pen_leave(find_own(routing, screen->machine)->pen, host);
		host->screen = NULL;
	}
}

void routing_outputs_changed(struct routing *routing)
{
	screens_update(&routing->screens, routing->options.layout);
}

/* ---- life ---- */

struct routing *routing_create(const struct routing_options *options,
	const struct routing_listener *listener, void *data)
{
	const struct config_input *config = &options->config->input;
	struct routing *routing = g_new0(struct routing, 1);

	routing->options = *options;
	routing->listener = listener;
	routing->data = data;
	routing->list = machines_list(options->machines, &routing->machine_count);
	routing->host_devices = g_ptr_array_new_with_free_func((GDestroyNotify)host_device_destroy);
	routing->keys = (struct focus_keys){
		.never_pass = (const struct combination *)(const void *)config->never_pass->data,
		.never_pass_count = config->never_pass->len,
		.leave = config->leave,
		.switch_guest = config->switch_guest,
		.switch_terminal = config->switch_terminal,
		.switch_layout = config->switch_layout,
	};
	routing->own = g_new0(struct own, routing->machine_count);
	for (size_t i = 0; i < routing->machine_count; i++)
		routing->own[i].pen = pen_create(routing->list[i]);
	screens_init(&routing->screens, machine_of_guest, screen_leaves, routing);
	screens_update(&routing->screens, options->layout);
	routing->focus = focus_create(routing->list, routing->machine_count,
		config->focus ? machines_index(options->machines, config->focus) : 0,
		&routing->keys, &focus_listener, routing);
	routing->idle = idle_create(options->config->guests, machine_of_guest, routing,
		&idle_listener, routing);
	return routing;
}

void routing_destroy(struct routing *routing)
{
	if (!routing)
		return;
	idle_destroy(routing->idle);
	screens_finish(&routing->screens);
	focus_destroy(routing->focus);
	for (size_t i = 0; i < routing->machine_count; i++) {
		focus_destroy(routing->own[i].focus);
		pen_destroy(routing->own[i].pen);
	}
	g_ptr_array_unref(routing->host_devices);
	g_free(routing->own);
	g_free(routing);
}
