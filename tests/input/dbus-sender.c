/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dbus-sender ADDRESS: gives events to a QEMU by its D-Bus display, with the daemon's own code.
 *
 * Reads commands from standard input, one a line:
 *
 *   KIND SCREEN TYPE CODE VALUE [TYPE CODE VALUE …]   one group for that sink; numbers as evdev has them
 *   destroy KIND SCREEN                               the sink is no more
 *   counters                                          counters CALLS REFUSED MERGED DROPPED
 *   end                                               releases everything and ends
 *
 * and writes one a line what it hears:
 *
 *   connected KIND SCREEN 0|1
 *   led CODE 0|1
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input/dbus/dbus.h"
#include "input/description.h"

#define SCREENS 2
#define VALUES_MAX 64

struct sender {
	struct dbus_display *display;
	struct input_sink *sinks[INPUT_TOUCH + SCREENS];
	GIOChannel *input;
	bool ends;
};

static const char *const kinds[] = {"keyboard", "pointer", "absolute", "touch"};

static void connected(void *data, enum input_kind kind, size_t screen, bool is_connected)
{
	printf("connected %s %zu %d\n", kinds[kind], screen, is_connected);
}

static void leds(void *data, uint32_t said, uint32_t on)
{
	for (unsigned int code = 0; code <= LED_MAX; code++) {
		if (said >> code & 1)
			printf("led %u %u\n", code, on >> code & 1);
	}
}

static const struct dbus_display_listener listener = {.connected = connected, .leds = leds};

static struct input_sink **find_sink(struct sender *sender, const char *kind, unsigned long screen)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i], kind) == 0 && screen < (i == INPUT_TOUCH ? SCREENS : 1))
			return &sender->sinks[i + screen];
	}
	return NULL;
}

static void print_counters(const struct sender *sender)
{
	struct dbus_call_counters counters;

	dbus_display_counters(sender->display, &counters);
	printf("counters %lu %lu %lu %lu\n", (unsigned long)counters.calls,
		(unsigned long)counters.refused, (unsigned long)counters.merged,
		(unsigned long)counters.dropped);
}

/* `words`: a type, a code and a value each. */
static void send_group(struct input_sink *sink, char **words, guint count)
{
	struct input_value values[VALUES_MAX];

	for (guint i = 0; i < count; i++)
		values[i] = (struct input_value){
			.type = (uint16_t)strtoul(words[3 * i], NULL, 10),
			.code = (uint16_t)strtoul(words[3 * i + 1], NULL, 10),
			.value = (int32_t)strtol(words[3 * i + 2], NULL, 10),
		};
	input_sink_send(sink, values, count);
}

static void run_line(struct sender *sender, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	guint count = g_strv_length(words);
	guint first = count == 3 && strcmp(words[0], "destroy") == 0 ? 1 : 0;
	struct input_sink **sink;

	if (strcmp(line, "end") == 0) {
		sender->ends = true;
		return;
	}
	if (strcmp(line, "counters") == 0) {
		print_counters(sender);
		return;
	}
	sink = count >= 2 ? find_sink(sender, words[first], strtoul(words[first + 1], NULL, 10))
			  : NULL;
	if (!sink || !*sink || (!first && count % 3 != 2) || count / 3 > VALUES_MAX) {
		fprintf(stderr, "dbus-sender: what is \"%s\"?\n", line);
		exit(2);
	}
	if (first)
		g_clear_pointer(sink, input_sink_destroy);
	else
		send_group(*sink, words + 2, count / 3);
}

static gboolean read_line(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	struct sender *sender = data;
	g_autofree char *line = NULL;
	gsize end = 0;

	if (g_io_channel_read_line(channel, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL) {
		sender->ends = true;
		return G_SOURCE_REMOVE;
	}
	line[end] = '\0';
	run_line(sender, line);
	return G_SOURCE_CONTINUE;
}

static void finish(struct sender *sender)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sender->sinks); i++)
		g_clear_pointer(&sender->sinks[i], input_sink_destroy);
	dbus_display_destroy(sender->display);
	dbus_display_finish_all();
	g_io_channel_unref(sender->input);
}

int main(int argc, char **argv)
{
	static struct sender sender;

	if (argc != 2) {
		fprintf(stderr, "usage: dbus-sender ADDRESS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sender.display = dbus_display_create("sender", argv[1], NULL, &listener, NULL);
	for (enum input_kind kind = INPUT_KEYBOARD; kind <= INPUT_TOUCH; kind++)
		for (size_t screen = 0; screen < (kind == INPUT_TOUCH ? SCREENS : 1); screen++)
			sender.sinks[kind + screen] = dbus_display_sink(sender.display, kind,
				screen);
	sender.input = g_io_channel_unix_new(STDIN_FILENO);
	g_io_add_watch(sender.input, G_IO_IN | G_IO_HUP | G_IO_ERR, read_line, &sender);
	while (!sender.ends)
		g_main_context_iteration(NULL, TRUE);
	finish(&sender);
	return 0;
}
