/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The top of the room: what the three parts tell is handed from one to the other.
 *
 *   host_seat ──devices, events──▶ routing ──what each machine gets──▶ machines
 */
#include "input/input.h"

#include "input/host_seat.h"
#include "input/idle.h"
#include "input/machines.h"
#include "input/routing.h"

struct input {
	struct input_options options;
	const struct input_listener *listener;
	void *data;
	struct machines *machines;
	struct routing *routing;
	struct host_seat *seat;
	bool keyboard_taken; /* as the listener was told */
};

/* No keys lead to another terminal. */
static bool is_locked(const struct input *input)
{
	return input->options.config->input.switch_terminal.modifiers == 0;
}

/* Whoever else reads keys is told to stop only where we have a keyboard to read them from: there
 * must always be one way to press the keys that switch terminals, where there are any. */
static void tell_keyboard(struct input *input)
{
	bool taken = is_locked(input) ||
		(machines_listen(input->machines) && routing_has_keyboard(input->routing));

	if (taken == input->keyboard_taken)
		return;
	input->keyboard_taken = taken;
	input->listener->keyboard_taken(input->data, taken);
}

/* Before a guest listens, too, devices are read for the keys that are ours: those of
 * vt-switch= where the terminal's keyboard is off, quit-key= and switch-layout=; and for
 * idle-off=. */
static bool opens_at_once(const struct input *input)
{
	const struct config_input *config = &input->options.config->input;

	return input->options.keyboard_is_off || is_locked(input) ||
		idle_is_wanted(input->options.config->guests) || config->leave.modifiers ||
		config->leave.key || config->switch_layout.modifiers;
}

/* ---- what the parts tell ---- */

static void machines_listening(void *data)
{
	struct input *input = data;

	if (!input->seat)
		return;
	if (machines_listen(input->machines))
		host_seat_open(input->seat);
	tell_keyboard(input);
}

static void machines_leds(void *data)
{
	const struct input *input = data;

	if (input->routing)
		routing_show_leds(input->routing);
}

static void machines_used(void *data, const struct machine *machine)
{
	const struct input *input = data;

	if (input->routing)
		routing_note_input(input->routing, machine);
}

static void machines_reachable(void *data, const char *guest, bool reachable)
{
	const struct input *input = data;

	if (input->listener->reachable)
		input->listener->reachable(input->data, guest, reachable);
}

static const struct machines_listener machines_listener = {
	.reachable = machines_reachable,
	.used = machines_used,
	.listens = machines_listening,
	.leds = machines_leds,
};

static void routing_left(void *data)
{
	const struct input *input = data;

	input->listener->leave(input->data);
}

static void routing_terminal(void *data, int terminal)
{
	const struct input *input = data;

	input->listener->switch_terminal(input->data, terminal);
}

static void routing_devices_changed(void *data)
{
	tell_keyboard(data);
}

static void routing_idle(void *data, const char *guest, bool idle)
{
	const struct input *input = data;

	input->listener->idle(input->data, guest, idle);
}

static void routing_layout(void *data, size_t index)
{
	const struct input *input = data;

	input->listener->switch_layout(input->data, index);
}

static const struct routing_listener routing_listener = {
	.switch_layout = routing_layout,
	.idle = routing_idle,
	.leave = routing_left,
	.switch_terminal = routing_terminal,
	.devices_changed = routing_devices_changed,
};

/* ---- life ---- */

struct input *input_create(const struct input_options *options,
	const struct input_listener *listener, void *data, GError **error)
{
	const struct machines_options machines_options = {
		.config = options->config,
		.layout = options->layout,
		.opener = options->opener,
		.account = options->account,
		.account_data = data,
		.keeper = options->keeper,
	};
	const struct host_seat_options seat_options = {
		.config = &options->config->input,
		.opener = options->opener,
		.configure = routing_configure_device,
		.was_pressed = routing_was_pressed,
	};
	struct input *input = g_new0(struct input, 1);
	struct routing_options routing_options = {
		.config = options->config,
		.layout = options->layout,
	};

	input->options = *options;
	input->listener = listener;
	input->data = data;
	input->machines = machines_create(&machines_options, &machines_listener, input, error);
	if (!input->machines) {
		input_destroy(input);
		return NULL;
	}
	routing_options.machines = input->machines;
	input->routing = routing_create(&routing_options, &routing_listener, input);
	input->seat = host_seat_create(&seat_options, &routing_seat_listener, input->routing);
	/* A guest of a scanoutd before this one listens already. */
	if (opens_at_once(input) || machines_listen(input->machines))
		host_seat_open(input->seat);
	machines_settle(input->machines);
	tell_keyboard(input);
	return input;
}

/* Whoever presses something releases it, before the guests' devices go. Those may still tell of
 * drivers that cease to listen: the parts that would be told are NULL then. */
void input_destroy(struct input *input)
{
	if (!input)
		return;
	g_clear_pointer(&input->seat, host_seat_destroy);
	if (input->machines)
		machines_suspend(input->machines);
	g_clear_pointer(&input->routing, routing_destroy);
	if (input->machines)
		machines_flush(input->machines);
	machines_destroy(input->machines);
	g_free(input);
}

void input_outputs_changed(struct input *input)
{
	if (input)
		routing_outputs_changed(input->routing);
}

void input_tell_screen(struct input *input, const char *guest, uint32_t scanout,
	const struct layout_screen *screen)
{
	if (input)
		machines_tell_screen(input->machines, guest, scanout, screen);
}

void input_suspend(struct input *input)
{
	if (!input)
		return;
	host_seat_suspend(input->seat);
	machines_suspend(input->machines);
}

void input_resume(struct input *input)
{
	if (!input)
		return;
	host_seat_resume(input->seat);
	machines_resume(input->machines);
}

void input_retry(struct input *input)
{
	if (!input)
		return;
	host_seat_retry(input->seat);
	machines_retry(input->machines);
}

void input_each_counters(const struct input *input, input_counters_func call, void *data)
{
	machines_each_counters(input->machines, call, data);
}
