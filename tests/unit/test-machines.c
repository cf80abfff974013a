/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which machines the configuration comes to, what each is made with, and who hears of it. Machines
 * and passthrough devices themselves are this test's; the layout, which says where their touch
 * screens are, is real.
 */
#include <string.h>

#include "channel_fixture.h"
#include "input/dbus/dbus.h"
#include "input/machines.h"
#include "input/passthrough.h"
#include "scene_fixture.h"

static struct {
	GString *text; /* what was made and undone */
	const char *refused; /* the machine or the section that cannot be made; or NULL */
	const struct machine_listener *listener;
	void *data;
	struct passthrough_options passthrough; /* of the last one */
	bool seen; /* passthrough devices have been plugged in */
	GString *listened; /* what the listener heard */
} world;

static void expect(const char *text)
{
	g_assert_cmpstr(world.text->str, ==, text);
	g_string_truncate(world.text, 0);
}

/* ---- machines ---- */

struct machine {
	char *name;
};

struct machine *machine_create(const struct machine_options *options,
	const struct machine_listener *listener, void *data, GError **error)
{
	struct machine *machine;

	if (g_strcmp0(world.refused, options->name) == 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "no socket");
		return NULL;
	}
	g_string_append_printf(world.text, "%s inputs 0x%x", options->name, options->inputs);
	if (options->prefix)
		g_string_append_printf(world.text, " at %s of %s", options->prefix, options->group);
	if (options->bus)
		g_string_append_printf(world.text, " bus %s", options->bus);
	for (size_t i = 0; i < options->screen_count; i++)
		g_string_append_printf(world.text, " %s %ux%u", options->screens[i].name,
			options->screens[i].width_mm, options->screens[i].height_mm);
	g_string_append_c(world.text, '\n');
	world.listener = listener;
	world.data = data;
	machine = g_new0(struct machine, 1);
	machine->name = g_strdup(options->name);
	return machine;
}

void machine_destroy(struct machine *machine)
{
	g_string_append_printf(world.text, "-%s ", machine->name);
	g_free(machine->name);
	g_free(machine);
}

const char *machine_name(const struct machine *machine)
{
	return machine->name;
}

void machine_tell_screen(struct machine *machine, size_t gpu, uint32_t scanout,
	const struct layout_screen *screen)
{
	g_string_append_printf(world.text, "%s gpu %zu scanout %u %ux%u\n", machine->name, gpu,
		scanout, screen->width, screen->height);
}

void machine_settle(struct machine *machine)
{
	g_string_append_printf(world.text, "switches %s ", machine->name);
}

void machine_append_devices(const struct machine *machine, GPtrArray *sinks)
{
	g_ptr_array_add(sinks, machine->name);
}

void machine_each_counters(const struct machine *machine,
	void (*each)(void *data, const char *device, const struct device_counters *counters),
	void *data)
{
	each(data, "keyboard", &(struct device_counters){.groups = 1});
	each(data, "pointer", &(struct device_counters){.groups = 2});
}

/* ---- passthrough devices ---- */

struct passthrough {
	const struct config_device *section;
};

struct passthrough *passthrough_create(const struct passthrough_options *options, GError **error)
{
	struct passthrough *passthrough;

	if (g_strcmp0(world.refused, options->section->name) == 0) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "no socket");
		return NULL;
	}
	g_string_append_printf(world.text, "%s of %s in %s at %s of %s\n", options->section->name,
		options->guest, options->seat, options->prefix, options->group);
	world.passthrough = *options;
	passthrough = g_new0(struct passthrough, 1);
	passthrough->section = options->section;
	return passthrough;
}

void passthrough_destroy(struct passthrough *passthrough)
{
	g_string_append_printf(world.text, "-%s ", passthrough->section->name);
	g_free(passthrough);
}

void passthrough_suspend(struct passthrough *passthrough)
{
	g_string_append_printf(world.text, "%s rests ", passthrough->section->name);
}

void passthrough_resume(struct passthrough *passthrough)
{
	g_string_append_printf(world.text, "%s works ", passthrough->section->name);
}

void passthrough_retry(struct passthrough *passthrough)
{
	g_string_append_printf(world.text, "%s again ", passthrough->section->name);
}

const char *passthrough_guest(const struct passthrough *passthrough)
{
	return passthrough->section->guest;
}

const char *passthrough_name(const struct passthrough *passthrough)
{
	return passthrough->section->name;
}

void passthrough_append_device(const struct passthrough *passthrough, GPtrArray *sinks)
{
	g_ptr_array_add(sinks, passthrough->section->name);
}

bool passthrough_counters(const struct passthrough *passthrough, struct device_counters *counters)
{
	*counters = (struct device_counters){.groups = 3};
	return world.seen;
}

/* ---- the rest of the room ---- */

void device_flush(struct input_sink *const *sinks, size_t count)
{
	/* These are names here. */
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(world.text, "flush %s ", (const char *)sinks[i]);
}

void device_settle(struct input_sink *sink)
{
	g_string_append_printf(world.text, "settle %s ", (const char *)(void *)sink);
}

void dbus_display_finish_all(void)
{
	g_string_append(world.text, "bus done ");
}

/* ---- the listener ---- */

static void on_listens(void *data)
{
	g_string_append(world.listened, "listens ");
}

static void on_leds(void *data)
{
	g_string_append(world.listened, "leds ");
}

static void on_used(void *data, const struct machine *machine)
{
	g_string_append_printf(world.listened, "used %s ", machine_name(machine));
}

static void on_reachable(void *data, const char *guest, bool reachable)
{
	g_string_append_printf(world.listened, "%s%s ", reachable ? "" : "not ", guest);
}

static const struct machines_listener listener = {on_listens, on_leds, on_used, on_reachable};

/* ---- the fixture ---- */

#define GUESTS 2

struct fixture {
	struct scene *scene;
	struct config config;
	struct config_guest guests[GUESTS];
	char names[GUESTS][2];
};

static void set_up(struct fixture *fixture, const struct scene_options *options)
{
	memset(fixture, 0, sizeof(*fixture));
	world.text = g_string_new(NULL);
	world.listened = g_string_new(NULL);
	world.refused = NULL;
	world.seen = true;
	fixture->scene = scene_prepare(options);
	fixture->config.guests = g_ptr_array_new();
	fixture->config.devices = g_ptr_array_new();
	fixture->config.outputs = g_ptr_array_new();
	fixture->config.input.seat = (char *)"seat0";
	for (size_t i = 0; i < GUESTS; i++) {
		struct config_guest *guest = &fixture->guests[i];

		fixture->names[i][0] = (char)('a' + i);
		guest->name = fixture->names[i];
		guest->vm = guest->name;
		g_ptr_array_add(fixture->config.guests, guest);
	}
}

static struct machines *create(struct fixture *fixture, GError **error)
{
	return machines_create(&(struct machines_options){.config = &fixture->config,
				       .layout = fixture->scene->layout},
		&listener, &world, error);
}

static struct machines *create_well(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	struct machines *machines = create(fixture, &error);

	g_assert_no_error(error);
	return machines;
}

static void tear_down(struct fixture *fixture)
{
	scene_destroy(fixture->scene);
	g_ptr_array_unref(fixture->config.guests);
	g_ptr_array_unref(fixture->config.devices);
	g_ptr_array_unref(fixture->config.outputs);
	g_string_free(world.text, TRUE);
	g_string_free(world.listened, TRUE);
}

static const struct scene_options two = {.outputs = 2, .guests = 2};

static void start(struct fixture *fixture)
{
	set_up(fixture, &two);
	scene_configure(fixture->scene, &two);
}

static void add_output(struct fixture *fixture, struct config_output *output)
{
	g_ptr_array_add(fixture->config.outputs, output);
}

/* ---- what they are made with ---- */

static void test_machines(void)
{
	struct fixture fixture;
	struct machines *machines;
	struct machine *const *list;
	size_t count;

	start(&fixture);
	scene_output(fixture.scene, 0)->width_mm = 531;
	scene_output(fixture.scene, 0)->height_mm = 299;
	fixture.guests[0].inputs = 5;
	fixture.guests[1].input_prefix = (char *)"/run/b";
	fixture.guests[1].socket_group = (char *)"kvm";
	fixture.guests[1].dbus_display = (char *)"unix:b";
	machines = create_well(&fixture);
	expect("a inputs 0x5 DP-1 531x299\n"
	       "b inputs 0x0 at /run/b of kvm bus unix:b DP-2 0x0\n");
	list = machines_list(machines, &count);
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpstr(machine_name(list[0]), ==, "a");
	g_assert_cmpstr(machine_name(list[1]), ==, "b");
	g_assert_cmpuint(machines_index(machines, "a"), ==, 0);
	g_assert_cmpuint(machines_index(machines, "b"), ==, 1);
	machines_destroy(machines);
	expect("-a -b bus done ");
	machines_destroy(NULL);
	tear_down(&fixture);
}

/* Guests of one machine have one set of devices: of each thing, the first who names it. */
static void test_one_machine(void)
{
	struct fixture fixture;
	struct machines *machines;
	size_t count;

	start(&fixture);
	fixture.guests[0].vm = (char *)"m";
	fixture.guests[1].vm = (char *)"m";
	fixture.guests[0].inputs = 1;
	fixture.guests[1].inputs = 2;
	fixture.guests[1].input_prefix = (char *)"/run/b";
	fixture.guests[1].socket_group = (char *)"kvm";
	fixture.guests[1].dbus_display = (char *)"unix:b";
	machines = create_well(&fixture);
	expect("m inputs 0x3 at /run/b of kvm bus unix:b DP-1 0x0 DP-2 0x0\n");
	machines_list(machines, &count);
	g_assert_cmpuint(count, ==, 1);
	g_assert_cmpuint(machines_index(machines, "a"), ==, 0);
	g_assert_cmpuint(machines_index(machines, "b"), ==, 0);
	machines_destroy(machines);
	expect("-m bus done ");

	fixture.guests[0].input_prefix = (char *)"/run/a";
	fixture.guests[0].socket_group = (char *)"video";
	fixture.guests[0].dbus_display = (char *)"unix:a";
	machines_destroy(create_well(&fixture));
	expect("m inputs 0x3 at /run/a of video bus unix:a DP-1 0x0 DP-2 0x0\n-m bus done ");
	tear_down(&fixture);
}

/* A touch screen is a socket, and so is made at start: also of outputs that are not there yet. */
static void test_absent_screens(void)
{
	static const struct layout_output sections[] = {{.name = "DP-1", .guest = "a"}};
	struct scene_options options = {.outputs = 1,
		.guests = 2,
		.sections = sections,
		.section_count = 1};
	struct config_output there = {.name = (char *)"DP-1", .guest = (char *)"a"};
	struct config_output absent = {.name = (char *)"DP-7", .guest = (char *)"a"};
	struct config_output off = {.name = (char *)"DP-8", .guest = (char *)"a", .off = true};
	struct config_output nobodys = {.name = (char *)"DP-9"};
	struct fixture fixture;

	set_up(&fixture, &options);
	scene_configure(fixture.scene, &options);
	/* One that no output shows and none is named for has one, by its own name. */
	machines_destroy(create_well(&fixture));
	expect("a inputs 0x0 DP-1 0x0\nb inputs 0x0 b 0x0\n-a -b bus done ");
	add_output(&fixture, &there);
	add_output(&fixture, &absent);
	add_output(&fixture, &off);
	add_output(&fixture, &nobodys);
	machines_destroy(create_well(&fixture));
	expect("a inputs 0x0 DP-1 0x0 DP-7 0x0\nb inputs 0x0 b 0x0\n-a -b bus done ");
	absent.guest = (char *)"b";
	machines_destroy(create_well(&fixture));
	expect("a inputs 0x0 DP-1 0x0\nb inputs 0x0 DP-7 0x0\n-a -b bus done ");
	/* What is off is not named for anybody. */
	off.guest = (char *)"b";
	absent.off = true;
	machines_destroy(create_well(&fixture));
	expect("a inputs 0x0 DP-1 0x0\nb inputs 0x0 b 0x0\n-a -b bus done ");
	/* A configuration may have no list of outputs at all. */
	g_ptr_array_unref(fixture.config.outputs);
	fixture.config.outputs = NULL;
	machines_destroy(create_well(&fixture));
	expect("a inputs 0x0 DP-1 0x0\nb inputs 0x0 b 0x0\n-a -b bus done ");
	fixture.config.outputs = g_ptr_array_new();
	tear_down(&fixture);
}

/* No more than a machine can have. */
static void test_many_screens(void)
{
	static char names[MACHINE_SCREENS_MAX + 2][8];
	struct config_output outputs[MACHINE_SCREENS_MAX + 2];
	struct fixture fixture;

	start(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++) {
		g_snprintf(names[i], sizeof(names[i]), "O-%zu", i);
		outputs[i] = (struct config_output){.name = names[i], .guest = (char *)"a"};
		add_output(&fixture, &outputs[i]);
	}
	machines_destroy(create_well(&fixture));
	/* DP-1, and 15 of them. */
	g_assert_nonnull(strstr(world.text->str, " O-14 0x0\nb "));
	tear_down(&fixture);
}

/* ---- who listens ---- */

static void test_listeners(void)
{
	struct fixture fixture;
	struct machines *machines;

	start(&fixture);
	machines = create_well(&fixture);
	g_assert_false(machines_listen(machines));
	world.listener->listens(world.data, NULL, true);
	world.listener->listens(world.data, NULL, true);
	g_assert_true(machines_listen(machines));
	world.listener->listens(world.data, NULL, false);
	g_assert_true(machines_listen(machines));
	world.listener->listens(world.data, NULL, false);
	g_assert_false(machines_listen(machines));
	world.listener->leds(world.data, NULL);
	g_assert_cmpstr(world.listened->str, ==, "listens listens listens listens leds ");
	machines_destroy(machines);
	tear_down(&fixture);
}

/* ---- passthrough ---- */

static void append_counters(void *data, const char *machine, const char *device,
	const struct device_counters *counters)
{
	g_string_append_printf(data, "%s %s=%u ", machine, device, (unsigned int)counters->groups);
}

static void test_passthrough(void)
{
	struct config_device wheel = {.name = (char *)"wheel",
		.guest = (char *)"b",
		.passthrough = true};
	struct config_device other = {.name = (char *)"other", .guest = (char *)"b"};
	g_autoptr(GString) counters = g_string_new(NULL);
	struct fixture fixture;
	struct machines *machines;

	start(&fixture);
	fixture.guests[1].input_prefix = (char *)"/run/b";
	fixture.guests[1].socket_group = (char *)"kvm";
	g_ptr_array_add(fixture.config.devices, &other);
	g_ptr_array_add(fixture.config.devices, &wheel);
	machines = create_well(&fixture);
	g_assert_true(g_str_has_suffix(world.text->str, "wheel of b in seat0 at /run/b of kvm\n"));
	g_assert_null(strstr(world.text->str, "other"));
	g_string_truncate(world.text, 0);

	world.passthrough.used(world.passthrough.data, "b");
	g_assert_cmpstr(world.listened->str, ==, "used b ");
	machines_suspend(machines);
	machines_resume(machines);
	machines_retry(machines);
	machines_flush(machines);
	expect("wheel rests wheel works wheel again flush a flush b flush wheel ");
	machines_settle(machines);
	expect("settle a settle b settle wheel switches a switches b ");
	machines_each_counters(machines, append_counters, counters);
	g_assert_cmpstr(counters->str, ==,
		"a keyboard=1 a pointer=2 b keyboard=1 b pointer=2 b wheel=3 ");
	g_string_truncate(counters, 0);
	world.seen = false;
	machines_each_counters(machines, append_counters, counters);
	g_assert_cmpstr(counters->str, ==, "a keyboard=1 a pointer=2 b keyboard=1 b pointer=2 ");
	machines_destroy(machines);
	expect("-wheel -a -b bus done ");
	tear_down(&fixture);
}

/* ---- what cannot be made ---- */

/* The rest is undone. */
static void test_failures(void)
{
	struct config_device wheel = {.name = (char *)"wheel",
		.guest = (char *)"b",
		.passthrough = true};
	static const struct {
		const char *refused, *message, *undone;
	} cases[] = {
		{"a", "no socket", "bus done "},
		{"b", "no socket", "-a bus done "},
		{"wheel", "guest b: device wheel: no socket", "-a -b bus done "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct fixture fixture;

		start(&fixture);
		g_ptr_array_add(fixture.config.devices, &wheel);
		world.refused = cases[i].refused;
		g_assert_null(create(&fixture, &error));
		g_assert_nonnull(error);
		g_assert_cmpstr(error->message, ==, cases[i].message);
		g_assert_true(g_str_has_suffix(world.text->str, cases[i].undone));
		g_assert_null(strstr(world.text->str, "wheel"));
		tear_down(&fixture);
	}
}

/* The guests of a machine are its display devices in their order. */
static void test_screens(void)
{
	const struct layout_screen screen = {.width = 1920, .height = 1080};
	struct fixture fixture;
	struct machines *machines;
	struct machine *const *list;
	size_t count;

	start(&fixture);
	fixture.guests[0].vm = (char *)"m";
	fixture.guests[1].vm = (char *)"m";
	machines = create_well(&fixture);
	list = machines_list(machines, &count);
	g_string_truncate(world.text, 0);
	world.listener->gpus(world.data, list[0], 1);
	world.listener->gpus(world.data, list[0], 3);
	world.listener->gpus(world.data, list[0], 0);
	g_assert_cmpstr(world.listened->str, ==, "a not b a b not a not b ");
	machines_tell_screen(machines, "a", 2, &screen);
	machines_tell_screen(machines, "b", 0, &screen);
	expect("m gpu 0 scanout 2 1920x1080\nm gpu 1 scanout 0 1920x1080\n");
	machines_destroy(machines);
	tear_down(&fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/machines/machines", test_machines);
	g_test_add_func("/input/machines/one-machine", test_one_machine);
	g_test_add_func("/input/machines/absent-screens", test_absent_screens);
	g_test_add_func("/input/machines/many-screens", test_many_screens);
	g_test_add_func("/input/machines/listeners", test_listeners);
	g_test_add_func("/input/machines/passthrough", test_passthrough);
	g_test_add_func("/input/machines/failures", test_failures);
	g_test_add_func("/input/machines/screens", test_screens);
	return g_test_run();
}
