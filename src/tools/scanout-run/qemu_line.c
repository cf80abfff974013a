/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/qemu_line.h"

#include <string.h>

#include "tools/scanout-run/qemu_line_internal.h"

static void reason_clear(gpointer data)
{
	struct qemu_reason *reason = data;

	g_free(reason->text);
	g_free(reason->fix);
}

void reading_refuse(struct reading *reading, char *fix, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct qemu_reason reason = {g_strdup_vprintf(format, arguments), fix};
	va_end(arguments);
	g_array_append_val(reading->line->reasons, reason);
}

char *reading_drop(struct word *word)
{
	g_autofree char *text = word_text(word);

	word->dropped = true;
	return g_strdup_printf("removed %s", text);
}

struct properties *reading_properties(struct reading *reading, const struct word *word,
	const char *implied)
{
	g_autoptr(GError) error = NULL;
	struct properties *properties = properties_create(word->value, implied, &error);

	if (!properties)
		reading_refuse(reading, NULL, "%s %s is not valid JSON: %s", word->text,
			word->value, error->message);
	return properties;
}

static void read_machine(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, "type");

	if (!properties)
		return;
	const char *name = properties_get(properties, "type");
	if (name) {
		g_free(reading->machine);
		reading->machine = g_strdup(name);
	}
	reading->machine_has_pcie = properties_get_switch(properties, "pcie",
		reading->machine_has_pcie);
	read_machine_memory(reading, word, properties);
	properties_destroy(properties);
}

static void read_device(struct reading *reading, struct word *word)
{
	struct properties *properties = reading_properties(reading, word, "driver");

	if (!properties)
		return;
	read_device_display(reading, word, properties);
	read_device_memory(reading, word, properties);
	properties_destroy(properties);
}

static void read_daemonize(struct reading *reading, struct word *word)
{
	reading_refuse(reading, reading_drop(word),
		"-daemonize: QEMU must stay in the foreground: remove it");
}

static void read_nographic(struct reading *reading, struct word *word)
{
	reading->line->has_display = true;
}

static void read_readconfig(struct reading *reading, struct word *word)
{
	reading_refuse(reading, NULL,
		"-readconfig %s hides from scanout-run what memory and display the guest has: "
		"put its content on the command line",
		word->value);
}

/* Options that say something about machine, memory or display; all others are passed over. */
static const struct {
	const char *name;
	void (*read)(struct reading *reading, struct word *word);
} readers[] = {
	{"m", read_memory_size},
	{"machine", read_machine},
	{"object", read_object},
	{"numa", read_numa},
	{"mem-path", read_mem_path},
	{"vga", read_vga},
	{"display", read_display},
	{"vnc", read_vnc},
	{"spice", read_spice},
	{"sdl", read_display_switch},
	{"curses", read_display_switch},
	{"nographic", read_nographic},
	{"device", read_device},
	{"daemonize", read_daemonize},
	{"readconfig", read_readconfig},
};

static void read_word(struct reading *reading, struct word *word)
{
	const char *equals = word->name ? strchr(word->name, '=') : NULL;

	if (!word->name)
		return;
	if (equals) {
		reading_refuse(reading, NULL,
			"%s: QEMU takes an option's argument as a separate word: -%.*s %s",
			word->text, (int)(equals - word->name), word->name, equals + 1);
		return;
	}
	if (!word->value && !word->is_switch) {
		reading_refuse(reading, NULL, "%s: the argument is missing", word->text);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		if (word_is(word, readers[i].name))
			readers[i].read(reading, word);
}

/* Of the machines of QEMU's architectures; a name that ends with '*' is a beginning. */
static bool machine_lacks_pci(const char *machine)
{
	static const char *const names[] = {"none", "isapc", "microvm", "xenpv", "akita", "ast*",
		"b-l475e-*", "bananapi*", "bpim2u", "collie", "cubieboard", "emcraft-*", "imx25-*",
		"integratorcp", "kzm", "lm3s*", "microbit", "mps2-*", "mps3-*", "musca-*",
		"musicpal", "n800", "netduino*", "nuri", "olimex-*", "orangepi-*", "raspi*",
		"smdkc210", "stm32*", "sx1*", "vexpress-*", "xilinx-*", "xlnx-*", "microchip-*",
		"opentitan", "shakti_*", "sifive_*", "spike", NULL};

	for (const char *const *name = names; *name; name++) {
		size_t size = strcspn(*name, "*");

		if (strncmp(*name, machine, size + !(*name)[size]) == 0)
			return true;
	}
	return false;
}

static void judge_machine(struct reading *reading)
{
	const char *machine = reading->machine;

	if (!machine || !machine_lacks_pci(machine))
		return;
	if (!g_str_equal(machine, "microvm"))
		reading_refuse(reading, NULL,
			"the machine %s has no PCI bus for the display device: use another one, "
			"such as q35 or virt",
			machine);
	else if (!reading->machine_has_pcie)
		reading_refuse(reading, NULL,
			"the machine microvm has no PCI bus for the display device: use "
			"-machine microvm,pcie=on");
}

void qemu_line_read(struct qemu_line *line, char *const *arguments)
{
	struct reading reading = {.line = line};

	*line = (struct qemu_line){.words = words_create(arguments)};
	line->reasons = g_array_new(FALSE, FALSE, sizeof(struct qemu_reason));
	g_array_set_clear_func(line->reasons, reason_clear);
	line->only_asks = words_only_ask(line->words);
	if (line->only_asks)
		return;
	reading_memory_begin(&reading);
	for (guint i = 0; i < words_count(line->words); i++)
		read_word(&reading, words_at(line->words, i));
	judge_machine(&reading);
	judge_memory(&reading);
	reading_memory_finish(&reading);
	g_free(reading.machine);
}

void qemu_line_finish(struct qemu_line *line)
{
	g_clear_pointer(&line->words, words_destroy);
	g_clear_pointer(&line->reasons, g_array_unref);
}

bool qemu_line_can_be_fixed(const struct qemu_line *line)
{
	for (guint i = 0; i < line->reasons->len; i++)
		if (!g_array_index(line->reasons, struct qemu_reason, i).fix)
			return false;
	return true;
}
