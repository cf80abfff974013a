/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/words.h"

#include <string.h>

/* Options of any QEMU from 5 on that have no argument. All others have one. */
static const char *const switches[] = {"h", "help", "version", "mem-prealloc", "snapshot", "usb",
	"nographic", "curses", "sdl", "full-screen", "no-frame", "alt-grab", "ctrl-grab", "no-quit",
	"portrait", "show-cursor", "win2k-hack", "no-fd-bootchk", "no-acpi", "no-hpet", "preconfig",
	"S", "s", "enable-kvm", "no-kvm", "enable-hax", "enable-fips", "xen-attach",
	"xen-domid-restrict", "no-reboot", "no-shutdown", "daemonize", "only-migratable",
	"nodefaults", "no-user-config", "nodefconfig", "enable-sync-profile", "perfmap", "jitdump",
	"singlestep", "one-insn-per-tb", "semihosting", "old-param", "async-teardown", "localtime",
	"tdf", "no-kvm-pit-reinjection", "no-kvm-irqchip", "no-kvm-pit", NULL};

/* Options whose argument can ask for a list instead. */
static const char *const askable[] = {"accel", "audio", "audiodev", "chardev", "cpu", "d", "device",
	"display", "L", "machine", "M", "netdev", "nic", "object", "soundhw", "tpmdev", "trace",
	"vga", "watchdog", NULL};

static void word_clear(gpointer data)
{
	struct word *word = data;

	g_free(word->changed);
}

/* As QEMU does, with one dash or two. */
static const char *option_name(const char *text)
{
	if (*text != '-' || !text[1])
		return NULL;
	return text + (g_str_has_prefix(text, "--") ? 2 : 1);
}

struct words *words_create(char *const *arguments)
{
	struct words *words = g_new0(struct words, 1);

	words->program = *arguments;
	words->list = g_array_new(FALSE, FALSE, sizeof(struct word));
	g_array_set_clear_func(words->list, word_clear);
	for (char *const *at = arguments + 1; *at; at++) {
		struct word word = {.text = *at, .name = option_name(*at)};

		word.is_switch = word.name && g_strv_contains(switches, word.name);
		/* QEMU knows no --option=argument, and takes nothing that follows for its own. */
		if (word.name && !word.is_switch && !strchr(word.name, '=') && at[1])
			word.value = *++at;
		g_array_append_val(words->list, word);
	}
	return words;
}

void words_destroy(struct words *words)
{
	if (!words)
		return;
	g_array_unref(words->list);
	g_free(words);
}

guint words_count(const struct words *words)
{
	return words->list->len;
}

struct word *words_at(const struct words *words, guint index)
{
	return &g_array_index(words->list, struct word, index);
}

bool word_is(const struct word *word, const char *name)
{
	if (!word->name)
		return false;
	if (g_str_equal(name, "machine") && g_str_equal(word->name, "M"))
		return true;
	return g_str_equal(word->name, name);
}

const char *word_value(const struct word *word)
{
	return word->changed ? word->changed : word->value;
}

void word_change(struct word *word, char *value)
{
	g_free(word->changed);
	word->changed = value;
	if (!*value)
		word->dropped = true;
}

char *word_text(const struct word *word)
{
	return g_strjoin(" ", word->text, word->value, NULL);
}

static bool asks(const char *value)
{
	g_auto(GStrv) items = g_strsplit(value, ",", -1);

	return g_strv_contains((const char *const *)items, "help") ||
		g_strv_contains((const char *const *)items, "?");
}

bool words_only_ask(const struct words *words)
{
	static const char *const always[] = {"h", "help", "version", "dump-vmstate", NULL};

	for (guint i = 0; i < words_count(words); i++) {
		const struct word *word = words_at(words, i);

		if (!word->name)
			continue;
		if (g_strv_contains(always, word->name))
			return true;
		if (word->value && g_strv_contains(askable, word->name) && asks(word->value))
			return true;
	}
	return false;
}

void words_write(const struct words *words, GPtrArray *command)
{
	g_ptr_array_add(command, g_strdup(words->program));
	for (guint i = 0; i < words_count(words); i++) {
		const struct word *word = words_at(words, i);

		if (word->dropped)
			continue;
		g_ptr_array_add(command, g_strdup(word->text));
		if (word->value)
			g_ptr_array_add(command, g_strdup(word_value(word)));
	}
}
