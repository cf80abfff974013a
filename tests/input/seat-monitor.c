/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seat-monitor [OPTION…]: says what src/input/seat.c tells, one event a line, until its input ends.
 *
 *   --path NODE         this device, by libinput's path back-end; may be repeated
 *   --left-handed, --natural-scrolling, --tap, --turned (90 degrees), --ignore NAME
 *   --acceleration NUMBER, --profile flat|adaptive
 *   --accelerated       of motion also what libinput makes of it
 *
 * Lines on standard input: suspend, resume; each is answered by "ok".
 */
#include <glib-unix.h>
#include <libevdev/libevdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input/seat.h"

struct monitor {
	GMainLoop *loop;
	struct seat *seat;
	gboolean left_handed, natural_scrolling, tap, turned, accelerated;
	double acceleration;
	char *profile;
	char *ignore;
	char **paths;
};

static void configure(void *data, struct seat_device *device, struct seat_device_options *options)
{
	static const float turned[6] = {0, -1, 1, 1, 0, 0};
	const struct monitor *monitor = data;
	unsigned int capabilities = seat_device_capabilities(device);

	options->ignore = g_strcmp0(monitor->ignore, seat_device_name(device)) == 0;
	if (capabilities & SEAT_POINTER) {
		options->left_handed = monitor->left_handed ? SEAT_ON : SEAT_DEFAULT;
		options->natural_scrolling = monitor->natural_scrolling ? SEAT_ON : SEAT_DEFAULT;
		options->tap = monitor->tap ? SEAT_ON : SEAT_DEFAULT;
		options->acceleration = monitor->acceleration;
		if (g_strcmp0(monitor->profile, "flat") == 0)
			options->profile = SEAT_PROFILE_FLAT;
		else if (monitor->profile)
			options->profile = SEAT_PROFILE_ADAPTIVE;
	}
	if (monitor->turned && capabilities & SEAT_TOUCH) {
		options->calibrated = true;
		memcpy(options->calibration, turned, sizeof(turned));
	}
}

static void device_added(void *data, struct seat_device *device)
{
	printf("added %s %u\n", seat_device_name(device), seat_device_capabilities(device));
}

static void device_removed(void *data, struct seat_device *device)
{
	printf("removed %s\n", seat_device_name(device));
}

static void print_key(const char *what, const struct seat_event *event, unsigned int type)
{
	printf("%s %s %d\n", what, libevdev_event_code_get_name(type, event->key.code),
		event->key.pressed);
}

static void print_tool(const struct seat_tool *tool)
{
	printf("tool %s near %d down %d at %.3f %.3f pressure %.2f distance %.2f tilt %.0f %.0f",
		libevdev_event_code_get_name(EV_KEY, tool->code), tool->near, tool->down, tool->x,
		tool->y, tool->pressure, tool->distance, tool->tilt_x, tool->tilt_y);
	if (tool->button)
		printf(" %s %d", libevdev_event_code_get_name(EV_KEY, tool->button), tool->pressed);
	printf("\n");
}

static void print_motion(const struct monitor *monitor, const struct seat_event *event)
{
	printf("motion raw %.2f %.2f", event->motion.raw_x, event->motion.raw_y);
	if (monitor->accelerated)
		printf(" accelerated %.9g %.9g", event->motion.x, event->motion.y);
	printf("\n");
}

static void event(void *data, struct seat_device *device, const struct seat_event *event)
{
	switch (event->type) {
	case SEAT_EVENT_KEY:
		print_key("key", event, EV_KEY);
		break;
	case SEAT_EVENT_HELD:
		print_key("held", event, EV_KEY);
		break;
	case SEAT_EVENT_BUTTON:
		print_key("button", event, EV_KEY);
		break;
	case SEAT_EVENT_SWITCH:
		print_key("switch", event, EV_SW);
		break;
	case SEAT_EVENT_MOTION:
		print_motion(data, event);
		break;
	case SEAT_EVENT_ABSOLUTE:
		printf("absolute %.3f %.3f\n", event->point.x, event->point.y);
		break;
	case SEAT_EVENT_WHEEL:
	case SEAT_EVENT_SCROLL:
		/* The end of a scroll has no sign. */
		printf("%s %s %.9g\n", event->type == SEAT_EVENT_WHEEL ? "wheel" : "scroll",
			event->scroll.axis == SEAT_VERTICAL ? "vertical" : "horizontal",
			event->scroll.value + 0.0);
		break;
	case SEAT_EVENT_TOUCH_DOWN:
		printf("down %d %.3f %.3f\n", event->point.slot, event->point.x, event->point.y);
		break;
	case SEAT_EVENT_TOUCH_MOTION:
		printf("move %d %.3f %.3f\n", event->point.slot, event->point.x, event->point.y);
		break;
	case SEAT_EVENT_TOUCH_UP:
		printf("up %d\n", event->point.slot);
		break;
	case SEAT_EVENT_TOUCH_CANCEL:
		printf("cancel %d\n", event->point.slot);
		break;
	case SEAT_EVENT_TOUCH_FRAME:
		printf("frame\n");
		break;
	case SEAT_EVENT_TOOL:
		print_tool(&event->tool);
		break;
	}
}

static gboolean command_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct monitor *monitor = data;
	g_autoptr(GError) error = NULL;
	char line[64];
	ssize_t size = read(fd, line, sizeof(line) - 1);

	if (size <= 0) {
		g_main_loop_quit(monitor->loop);
		return G_SOURCE_REMOVE;
	}
	line[size] = '\0';
	if (g_str_has_prefix(line, "suspend"))
		seat_suspend(monitor->seat);
	else if (g_str_has_prefix(line, "resume") && !seat_resume(monitor->seat, &error))
		printf("error %s\n", error->message);
	printf("ok\n");
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	static const struct seat_listener listener = {device_added, device_removed, event};
	struct monitor monitor = {0};
	const GOptionEntry entries[] = {
		{"path", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &monitor.paths, "A device", "NODE"},
		{"left-handed", 0, 0, G_OPTION_ARG_NONE, &monitor.left_handed, "Option", NULL},
		{"natural-scrolling", 0, 0, G_OPTION_ARG_NONE, &monitor.natural_scrolling, "Option",
			NULL},
		{"tap", 0, 0, G_OPTION_ARG_NONE, &monitor.tap, "Option", NULL},
		{"turned", 0, 0, G_OPTION_ARG_NONE, &monitor.turned, "Option", NULL},
		{"acceleration", 0, 0, G_OPTION_ARG_DOUBLE, &monitor.acceleration, "Option",
			"NUMBER"},
		{"profile", 0, 0, G_OPTION_ARG_STRING, &monitor.profile, "Option", "PROFILE"},
		{"accelerated", 0, 0, G_OPTION_ARG_NONE, &monitor.accelerated, "Accelerated motion",
			NULL},
		{"ignore", 0, 0, G_OPTION_ARG_STRING, &monitor.ignore, "A device", "NAME"},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("– what the seat tells");
	g_autoptr(GError) error = NULL;
	struct seat_options options = {.configure = configure};

	setvbuf(stdout, NULL, _IOLBF, 0);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		g_error("%s", error->message);
	options.name = monitor.paths ? NULL : "seat0";
	monitor.seat = seat_create(&options, &listener, &monitor, &error);
	for (char **path = monitor.paths; path && *path && monitor.seat; path++)
		seat_add_path(monitor.seat, *path, &error);
	if (error) {
		printf("error %s\n", error->message);
		return 1;
	}
	printf("ready\n");
	monitor.loop = g_main_loop_new(NULL, FALSE);
	g_unix_fd_add(STDIN_FILENO, G_IO_IN, command_ready, &monitor);
	g_main_loop_run(monitor.loop);
	seat_destroy(monitor.seat);
	printf("end\n");
	g_main_loop_unref(monitor.loop);
	g_strfreev(monitor.paths);
	g_free(monitor.profile);
	g_free(monitor.ignore);
	return 0;
}
