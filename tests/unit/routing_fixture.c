/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "routing_fixture.h"

#include "channel_fixture.h"
#include "vhost_user_gpu.h"

char routing_name_a[] = "a", routing_name_b[] = "b";

/* ---- listeners ---- */

static void note(void *data)
{
}

static void note_use(void *data, const struct machine *machine)
{
}

static const struct machines_listener machines_listener = {note, note, note_use};

static void on_leave(void *data)
{
	g_string_append(((struct routing_fixture *)data)->told, "leave ");
}

static void on_terminal(void *data, int terminal)
{
	g_string_append_printf(((struct routing_fixture *)data)->told, "vt%d ", terminal);
}

static void on_devices(void *data)
{
	g_string_append(((struct routing_fixture *)data)->told, "devices ");
}

static void on_idle(void *data, const char *guest, bool idle)
{
	g_string_append_printf(((struct routing_fixture *)data)->told, "%s%c ", guest,
		idle ? '-' : '+');
}

static void on_layout(void *data, size_t index)
{
	g_string_append_printf(((struct routing_fixture *)data)->told, "layout%zu ", index);
}

const struct routing_listener routing_fixture_listener = {on_leave, on_terminal, on_devices,
	on_idle, on_layout};

void routing_expect_told(struct routing_fixture *fixture, const char *told)
{
	g_assert_cmpstr(fixture->told->str, ==, told);
	g_string_truncate(fixture->told, 0);
}

/* ---- the fixture ---- */

static struct combination parse(const char *text)
{
	struct combination combination;
	g_autoptr(GError) error = NULL;

	combination_parse(text, &combination, &error);
	g_assert_no_error(error);
	return combination;
}

void routing_show(struct routing_fixture *fixture, size_t guest, uint32_t width, uint32_t height)
{
	const struct vhost_user_gpu_scanout scanout = {0, width, height};
	g_autoptr(GByteArray) update = g_byte_array_new();

	scene_send(fixture->scene, guest, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	scene_append_update(update, 0, (struct kms_rect){0, 0, (int32_t)width, (int32_t)height},
		RED);
	scene_send_raw(fixture->scene, guest, update->data, update->len, -1);
	fake_flip(scene_output(fixture->scene, guest));
}

static void set_up_guests(struct routing_fixture *fixture, const char *const *machine_names,
	unsigned int kinds, gint64 idle_ms, struct config_device *section,
	const struct layout_layer *layer)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a"},
		{.name = "DP-2", .guest = "b", .policy = PLACE_CENTER},
	};
	const struct scene_options scene = {
		.outputs = 2,
		.guests = 2,
		.sections = sections,
		.section_count = 2,
		.layers = layer,
		.layer_count = layer ? 1 : 0,
	};
	g_autoptr(GError) error = NULL;
	struct machine *const *list;
	size_t count;

	*fixture = (struct routing_fixture){.told = g_string_new(NULL)};
	libinput_double_reset();
	fixture->scene = scene_create(&scene);
	fixture->config.guests = g_ptr_array_new();
	fixture->config.devices = g_ptr_array_new();
	if (section)
		g_ptr_array_add(fixture->config.devices, section);
	fixture->config.input.never_pass = g_array_new(FALSE, FALSE, sizeof(struct combination));
	fixture->config.input.switch_guest = parse("Ctrl+Alt");
	fixture->config.input.switch_terminal = parse("Ctrl+Alt");
	fixture->config.input.leave = parse("Ctrl+Super+Esc");
	for (size_t i = 0; i < 2; i++) {
		char *name = i == 0 ? routing_name_a : routing_name_b;

		routing_show(fixture, i, SCENE_WIDTH, SCENE_HEIGHT);
		fixture->guests[i] = (struct config_guest){
			.name = name,
			.vm = (char *)machine_names[i],
			.idle_off_ms = i == 0 ? idle_ms : 0,
		};
		g_ptr_array_add(fixture->config.guests, &fixture->guests[i]);
	}
	fixture->machines = machines_create(&(struct machines_options){.config = &fixture->config,
						    .layout = fixture->scene->layout},
		&machines_listener, fixture, &error);
	g_assert_no_error(error);
	list = machines_list(fixture->machines, &count);
	for (size_t i = 0; i < 2; i++) {
		fixture->recorded[i].text = g_string_new(NULL);
		if (i >= count)
			continue;
		fixture->recorded[i].machine = list[i];
		recorded_machine_add(&fixture->recorded[i], kinds, 2);
	}
	fixture->routing = routing_create(&(struct routing_options){&fixture->config,
						  fixture->scene->layout, fixture->machines},
		&routing_fixture_listener, fixture);
	fixture->seat = seat_create(&(struct seat_options){"seat0", NULL, routing_configure_device},
		&routing_seat_listener, fixture->routing, &error);
	g_assert_no_error(error);
	g_free(fixture_log_take());
	fixture->device = (struct libinput_device){.name = "device", .sysname = "event0"};
}

void routing_set_up(struct routing_fixture *fixture, unsigned int kinds, gint64 idle_ms,
	struct config_device *section)
{
	set_up_guests(fixture, (const char *const[]){routing_name_a, routing_name_b}, kinds,
		idle_ms, section, NULL);
}

void routing_set_up_layer(struct routing_fixture *fixture, unsigned int kinds,
	struct config_device *section)
{
	static const struct layout_layer layer = {
		.name = "cluster",
		.output = "DP-1",
		.guest = routing_name_b,
		.x = SCENE_WIDTH / 2,
		.y = SCENE_HEIGHT / 2,
		.width = SCENE_WIDTH / 2,
		.height = SCENE_HEIGHT / 2,
		.opacity = UINT16_MAX,
	};

	set_up_guests(fixture, (const char *const[]){routing_name_a, routing_name_b}, kinds, 0,
		section, &layer);
}

/* Both guests are of one. */
void routing_set_up_one_machine(struct routing_fixture *fixture, unsigned int kinds,
	struct config_device *section)
{
	set_up_guests(fixture, (const char *const[]){routing_name_a, routing_name_a}, kinds, 0,
		section, NULL);
}

void routing_turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

void routing_plug(struct routing_fixture *fixture, enum libinput_device_capability capability)
{
	fixture->device.capabilities = 1u << capability;
	libinput_double_plug(&fixture->device);
	routing_turn();
	routing_expect_told(fixture, "devices ");
	g_free(fixture_log_take());
}

void routing_expect(struct routing_fixture *fixture, const char *a, const char *b)
{
	routing_turn();
	recorded_machine_expect(&fixture->recorded[0], a);
	recorded_machine_expect(&fixture->recorded[1], b);
}

void routing_forget(struct routing_fixture *fixture)
{
	routing_turn();
	for (size_t i = 0; i < 2; i++)
		g_string_truncate(fixture->recorded[i].text, 0);
	g_string_truncate(fixture->told, 0);
}

void routing_tear_down(struct routing_fixture *fixture)
{
	seat_destroy(fixture->seat);
	routing_destroy(fixture->routing);
	machines_destroy(fixture->machines);
	scene_destroy(fixture->scene);
	libinput_double_finish();
	for (size_t i = 0; i < 2; i++)
		g_string_free(fixture->recorded[i].text, TRUE);
	g_ptr_array_unref(fixture->config.guests);
	g_ptr_array_unref(fixture->config.devices);
	g_array_unref(fixture->config.input.never_pass);
	g_string_free(fixture->told, TRUE);
	g_free(fixture_log_take());
}

/* ---- what happens on the host ---- */

void host_send(struct routing_fixture *fixture, struct libinput_event event)
{
	event.device = &fixture->device;
	libinput_double_send(&event);
}

void host_key(struct routing_fixture *fixture, uint32_t code, bool pressed)
{
	host_send(fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_KEYBOARD_KEY,
			.code = code,
			.state = pressed ? LIBINPUT_KEY_STATE_PRESSED
					 : LIBINPUT_KEY_STATE_RELEASED});
}

void host_chord(struct routing_fixture *fixture, uint32_t first, uint32_t second, uint32_t third)
{
	const uint32_t codes[] = {first, second, third};

	for (size_t i = 0; i < 3; i++)
		host_key(fixture, codes[i], true);
	for (size_t i = 0; i < 3; i++)
		host_key(fixture, codes[i], false);
	routing_turn();
}

void host_touch(struct routing_fixture *fixture, enum libinput_event_type type, int32_t slot,
	double x)
{
	host_send(fixture, (struct libinput_event){.type = type, .slot = slot, .x = x, .y = x});
	host_send(fixture, (struct libinput_event){.type = LIBINPUT_EVENT_TOUCH_FRAME});
}

void host_tool(struct routing_fixture *fixture, bool near, bool down, double x)
{
	host_send(fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_TABLET_TOOL_PROXIMITY,
			.state = near,
			.tip = down,
			.x = x,
			.y = x,
			.slider = -1});
}

void host_point(struct routing_fixture *fixture, double x, double y)
{
	host_send(fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_POINTER_MOTION_ABSOLUTE,
			.x = x,
			.y = y});
}

void host_button(struct routing_fixture *fixture, bool pressed)
{
	host_send(fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_POINTER_BUTTON,
			.code = BTN_LEFT,
			.state = pressed ? LIBINPUT_BUTTON_STATE_PRESSED
					 : LIBINPUT_BUTTON_STATE_RELEASED});
}

void host_move(struct routing_fixture *fixture, double x, double raw_x)
{
	host_send(fixture,
		(struct libinput_event){.type = LIBINPUT_EVENT_POINTER_MOTION,
			.dx = x,
			.raw_x = raw_x});
}
