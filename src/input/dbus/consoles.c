/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU says of its consoles, which may be anything. Called by dbus.c, for the answer that it
 * is asked for and for each change.
 */
#include "input/dbus/dbus_internal.h"

/* Pixels beyond which no console is. */
#define SIZE_MAX_PIXELS 65536

bool dbus_console_parse(const char *path, uint32_t *number)
{
	guint64 value;

	if (!g_str_has_prefix(path, DBUS_CONSOLE_PREFIX) ||
		!g_ascii_string_to_unsigned(path + strlen(DBUS_CONSOLE_PREFIX), 10, 0, G_MAXUINT32,
			&value, NULL))
		return false;
	*number = (uint32_t)value;
	return true;
}

struct dbus_console *dbus_console_find(struct dbus_display *display, uint32_t number)
{
	for (size_t i = 0; i < display->console_count; i++) {
		if (display->consoles[i].number == number)
			return &display->consoles[i];
	}
	return NULL;
}

/* In order; of too many the first. */
static void add_console(struct dbus_display *display, const struct dbus_console *console)
{
	size_t i = display->console_count;

	if (i == DBUS_SCREENS_MAX && display->consoles[i - 1].number < console->number)
		return;
	if (i < DBUS_SCREENS_MAX)
		display->console_count++;
	else
		i--;
	for (; i > 0 && display->consoles[i - 1].number > console->number; i--)
		display->consoles[i] = display->consoles[i - 1];
	display->consoles[i] = *console;
}

void dbus_console_take(struct dbus_console *console, const char *interface, GVariant *values)
{
	gboolean absolute;
	guint32 size;
	gint32 slots;

	if (strcmp(interface, "org.qemu.Display1.Console") == 0) {
		g_variant_lookup(values, "Head", "u", &console->head);
		if (g_variant_lookup(values, "Width", "u", &size))
			console->width = size <= SIZE_MAX_PIXELS ? size : 0;
		if (g_variant_lookup(values, "Height", "u", &size))
			console->height = size <= SIZE_MAX_PIXELS ? size : 0;
	} else if (strcmp(interface, "org.qemu.Display1.Mouse") == 0) {
		if (g_variant_lookup(values, "IsAbsolute", "b", &absolute))
			console->absolute = absolute;
	} else if (strcmp(interface, "org.qemu.Display1.MultiTouch") == 0) {
		if (g_variant_lookup(values, "MaxSlots", "i", &slots))
			console->slots = (uint32_t)CLAMP(slots, 0, DBUS_SLOTS_MAX);
	}
}

static bool is_graphic(GVariant *interfaces)
{
	g_autoptr(GVariant) values = NULL;
	const char *type;

	return g_variant_lookup(interfaces, "org.qemu.Display1.Console", "@a{sv}", &values) &&
		g_variant_lookup(values, "Type", "&s", &type) && strcmp(type, "Graphic") == 0;
}

static void take_console(struct dbus_display *display, uint32_t number, GVariant *interfaces)
{
	struct dbus_console console = {.number = number};
	const char *interface;
	GVariant *values;
	GVariantIter iter;

	g_variant_iter_init(&iter, interfaces);
	while (g_variant_iter_loop(&iter, "{&s@a{sv}}", &interface, &values)) {
		console.keyboard |= strcmp(interface, "org.qemu.Display1.Keyboard") == 0;
		console.mouse |= strcmp(interface, "org.qemu.Display1.Mouse") == 0;
		console.touch |= strcmp(interface, "org.qemu.Display1.MultiTouch") == 0;
		dbus_console_take(&console, interface, values);
	}
	add_console(display, &console);
}

void dbus_consoles_take(struct dbus_display *display, GVariant *objects)
{
	const char *path;
	GVariant *interfaces;
	GVariantIter iter;
	uint32_t number;

	display->console_count = 0;
	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		if (dbus_console_parse(path, &number) && is_graphic(interfaces))
			take_console(display, number, interfaces);
	}
}
