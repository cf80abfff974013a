/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_sink.h"

#include <libevdev/libevdev.h>

struct record_sink {
	struct input_sink sink;
	struct recorded_machine *recorded;
	char *name;
};

static void record(struct input_sink *sink, const struct input_value *values, size_t count)
{
	const struct record_sink *record = (const struct record_sink *)sink;
	GString *text = record->recorded->text;

	g_assert_cmpuint(count, >, 0);
	g_string_append(text, record->name);
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(text, " %s=%d",
			libevdev_event_code_get_name(values[i].type, values[i].code),
			values[i].value);
	g_string_append_c(text, '\n');
}

static void destroy(struct input_sink *sink)
{
	struct record_sink *record = (struct record_sink *)sink;

	g_free(record->name);
	g_free(record);
}

static void release(struct input_sink *sink)
{
	const struct record_sink *record = (const struct record_sink *)sink;

	g_string_append_printf(record->recorded->text, "%s released\n", record->name);
}

static const struct input_sink_interface record_interface = {record, destroy, release};

static void listens(void *data, struct machine *machine, bool listens)
{
	struct recorded_machine *recorded = data;

	recorded->listening += listens ? 1 : -1;
}

static void leds(void *data, struct machine *machine)
{
	struct recorded_machine *recorded = data;

	recorded->led_changes++;
}

static const struct machine_listener listener = {listens, leds};

static void add(struct recorded_machine *recorded, enum input_kind kind, size_t screen)
{
	struct record_sink *record = g_new0(struct record_sink, 1);

	record->sink.interface = &record_interface;
	record->recorded = recorded;
	record->name = kind == INPUT_TOUCH ? g_strdup_printf("touch%zu", screen)
					   : g_strdup(input_kind_name(kind));
	machine_add_sink(recorded->machine, kind, screen, &record->sink);
	machine_sink_connected(recorded->machine, kind, screen, true);
}

void recorded_machine_create(struct recorded_machine *recorded,
	const struct machine_options *options)
{
	g_autoptr(GError) error = NULL;

	*recorded = (struct recorded_machine){.text = g_string_new(NULL)};
	recorded->machine = machine_create(options, &listener, recorded, &error);
	g_assert_no_error(error);
}

void recorded_machine_start(struct recorded_machine *recorded, const char *name, unsigned int kinds,
	size_t screens)
{
	const struct machine_options options = {.name = name};

	recorded_machine_create(recorded, &options);
	recorded_machine_add(recorded, kinds, screens);
}

void recorded_machine_add(struct recorded_machine *recorded, unsigned int kinds, size_t screens)
{
	for (enum input_kind kind = 0; kind < INPUT_PASSTHROUGH; kind++) {
		if (kinds & 1u << kind)
			add(recorded, kind, 0);
	}
	for (size_t i = 0; i < screens; i++)
		add(recorded, INPUT_TOUCH, i);
}

void recorded_machine_finish(struct recorded_machine *recorded)
{
	machine_destroy(recorded->machine);
	g_string_free(recorded->text, TRUE);
}

void recorded_machine_expect(struct recorded_machine *recorded, const char *text)
{
	g_assert_cmpstr(recorded->text->str, ==, text);
	g_string_truncate(recorded->text, 0);
}
