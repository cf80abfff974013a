/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is added to a QEMU command line: memory that the back-end can map, the device that scanoutd
 * shows, and input devices.
 */
#include <string.h>

#include "config/input_kind.h"
#include "escape.h"
#include "tools/scanout-run/properties.h"
#include "tools/scanout-run/qemu_line.h"
#include "tools/scanout-run/words.h"

#define MEBIBYTE (UINT64_C(1) << 20)

static void add(GPtrArray *command, const char *option, char *value)
{
	g_ptr_array_add(command, g_strdup(option));
	g_ptr_array_add(command, value);
}

static char *size_text(uint64_t size)
{
	if (size % MEBIBYTE)
		return g_strdup_printf("%" G_GUINT64_FORMAT, size);
	return g_strdup_printf("%" G_GUINT64_FORMAT "M", size / MEBIBYTE);
}

static void add_memory(GPtrArray *command, uint64_t memory)
{
	g_autofree char *size = size_text(memory);

	add(command, "-object",
		g_strdup_printf("memory-backend-memfd,id=scanout-memory,size=%s,share=on", size));
	add(command, "-machine", g_strdup("memory-backend=scanout-memory"));
}

static char *display_value(const char *bus)
{
	g_autofree char *address = bus ? properties_escape(bus) : NULL;

	return bus ? g_strdup_printf("dbus,addr=%s", address) : g_strdup("none");
}

static void add_device(GPtrArray *command, const struct qemu_line_additions *additions)
{
	g_autofree char *path = properties_escape(additions->socket_path);
	GString *device = g_string_new(additions->vga ? "vhost-user-vga" : "vhost-user-gpu-pci");

	add(command, "-chardev", g_strdup_printf("socket,id=scanout-vhost,path=%s", path));
	g_string_append(device, ",id=scanout-gpu,chardev=scanout-vhost");
	if (additions->max_outputs)
		g_string_append_printf(device, ",max_outputs=%u", additions->max_outputs);
	add(command, "-device", g_string_free(device, FALSE));
}

static void add_input(GPtrArray *command, const char *prefix, const char *name)
{
	g_autofree char *path = properties_escape(prefix);

	add(command, "-chardev",
		g_strdup_printf("socket,id=scanout-%s,path=%s-%s.sock", name, path, name));
	add(command, "-device", g_strdup_printf("vhost-user-input-pci,chardev=scanout-%s", name));
}

static void add_inputs(GPtrArray *command, const struct qemu_line_additions *additions)
{
	for (enum input_kind kind = INPUT_KEYBOARD; kind < INPUT_PASSTHROUGH; kind++) {
		if (!(additions->inputs & 1u << kind))
			continue;
		if (kind != INPUT_TOUCH) {
			add_input(command, additions->input_prefix, input_kind_name(kind));
			continue;
		}
		for (unsigned int i = 0; i < additions->screens; i++) {
			g_autofree char *name = g_strdup_printf("%s%u", input_kind_name(kind), i);

			add_input(command, additions->input_prefix, name);
		}
	}
}

char **qemu_line_complete(const struct qemu_line *line, const struct qemu_line_additions *additions)
{
	GPtrArray *command = g_ptr_array_new();

	words_write(line->words, command);
	if (!line->memory_is_shared)
		add_memory(command, line->memory);
	if (!line->has_vga_none)
		add(command, "-vga", g_strdup("none"));
	if (!line->has_display)
		add(command, "-display", display_value(additions->bus));
	add_device(command, additions);
	add_inputs(command, additions);
	for (char *const *device = additions->evdev; device && *device; device++) {
		g_autofree char *path = properties_escape(*device);
		add(command, "-device", g_strdup_printf("virtio-input-host-pci,evdev=%s", path));
	}
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

/* Bytes that no terminal ought to see, nor a line editor that they are pasted into, as numbers. */
static void append_unprintable(GString *text, const char *bytes, size_t size)
{
	g_string_append(text, "'\"$(printf '");
	for (size_t i = 0; i < size; i++)
		g_string_append_printf(text, "\\%03o", (unsigned char)bytes[i]);
	g_string_append(text, "')\"'");
}

static void append_quoted(GString *text, const char *word)
{
	g_string_append_c(text, '\'');
	while (*word) {
		gunichar c = g_utf8_get_char_validated(word, -1);
		bool valid = c != (gunichar)-1 && c != (gunichar)-2;
		size_t size = valid ? (size_t)(g_utf8_next_char(word) - word) : 1;

		if (*word == '\'')
			g_string_append(text, "'\\''");
		else if (*word == '\n' || (valid && escape_is_plain(c)))
			g_string_append_len(text, word, (gssize)size);
		else
			append_unprintable(text, word, size);
		word += size;
	}
	g_string_append_c(text, '\'');
}

char *qemu_line_quote(char *const *arguments)
{
	static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_./=,:@+%";
	GString *text = g_string_new(NULL);

	for (char *const *at = arguments; *at; at++) {
		if (text->len)
			g_string_append_c(text, ' ');
		if (**at && strspn(*at, plain) == strlen(*at))
			g_string_append(text, *at);
		else
			append_quoted(text, *at);
	}
	return g_string_free(text, FALSE);
}
