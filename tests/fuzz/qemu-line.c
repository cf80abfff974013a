/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-run's reading of QEMU command lines: whatever is written there, what comes out means the
 * same to a shell, and a property that is set can be read.
 *
 * Covers: src/tools/scanout-run/qemu_line src/tools/scanout-run/properties.c
 * Covers: src/tools/scanout-run/words.c
 * Reaches: 96
 * Of each file: 94
 */
#include "tools/scanout-run/qemu_line.h"

#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "tools/scanout-run/properties.h"

#define WORDS_MAX 24

/* Up to the next 0 byte. */
static char *read_text(struct fuzz *fuzz)
{
	const char *text = (const char *)fuzz->data;
	size_t length = strnlen(text, fuzz->size);
	size_t taken;

	fuzz_bytes(fuzz, length + 1, &taken);
	return g_strndup(text, length);
}

static char **read_words(struct fuzz *fuzz)
{
	char **words = g_new0(char *, WORDS_MAX + 2);

	words[0] = g_strdup("qemu-system-x86_64");
	for (size_t i = 1; i <= WORDS_MAX && fuzz->size > 0; i++)
		words[i] = read_text(fuzz);
	return words;
}

/* Of octal numbers, as printf has them; returns where they end. */
static const char *read_bytes(const char *at, GString *word)
{
	for (; *at == '\\'; at += 4)
		g_string_append_c(word,
			(char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0')));
	return at;
}

/* What a shell makes of a word, as far as qemu_line_quote() needs one; returns where it ends. */
static const char *read_word(const char *at, GString *word)
{
	static const char begin[] = "\"$(printf '";
	static const char end[] = "')\"";

	while (*at && *at != ' ') {
		if (*at == '\'') {
			const char *close = strchr(at + 1, '\'');

			g_assert(close);
			g_string_append_len(word, at + 1, close - at - 1);
			at = close + 1;
		} else if (g_str_has_prefix(at, begin)) {
			at = read_bytes(at + strlen(begin), word);
			g_assert(g_str_has_prefix(at, end));
			at += strlen(end);
		} else {
			at += *at == '\\';
			g_string_append_c(word, *at++);
		}
	}
	return at;
}

static void check_quoted(char *const *words)
{
	g_autofree char *text = qemu_line_quote(words);
	const char *at = text;

	g_assert(g_utf8_validate(text, -1, NULL));
	for (; *words; words++) {
		GString *word = g_string_new(NULL);

		at = read_word(at, word);
		g_assert(g_str_equal(word->str, *words));
		g_string_free(word, TRUE);
		at += *at == ' ';
	}
	g_assert(!*at);
	for (at = text; *at; at++)
		g_assert(*at == '\n' || !g_ascii_iscntrl(*at));
}

static void complete(const struct qemu_line *line, uint8_t how)
{
	char *evdev[] = {(char *)"/dev/input/by-id/a,b c", NULL};
	const struct qemu_line_additions additions = {
		.socket_path = "/tmp/a,b/s",
		.inputs = how & 0x1f,
		.screens = how >> 6,
		.input_prefix = "/tmp/a,b/vmm",
		.vga = how & 0x20,
		.max_outputs = how >> 5,
		.evdev = how & 0x10 ? evdev : NULL,
	};
	g_auto(GStrv) completed = qemu_line_complete(line, &additions);

	g_assert(g_str_equal(completed[0], "qemu-system-x86_64"));
	check_quoted(completed);
}

static void fuzz_line(struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);
	g_auto(GStrv) words = read_words(fuzz);
	struct qemu_line line;

	check_quoted(words);
	qemu_line_read(&line, words);
	for (guint i = 0; i < line.reasons->len; i++)
		g_assert(g_array_index(line.reasons, struct qemu_reason, i).text);
	if (!line.only_asks && qemu_line_can_be_fixed(&line))
		complete(&line, how);
	qemu_line_finish(&line);
}

/* What is set can be read, of a list as of JSON. */
static void check_change(const char *text, const char *name, const char *value)
{
	g_autofree char *changed = properties_change(text, "type", name, value);
	struct properties *properties = properties_create(changed, "type", NULL);

	g_assert(properties);
	if (!value)
		g_assert(!properties_get(properties, name));
	else if (g_str_equal(value, "off"))
		g_assert(!properties_get_switch(properties, name, true));
	else
		g_assert(g_strcmp0(properties_get(properties, name), value) == 0);
	properties_destroy(properties);
}

static void fuzz_properties(struct fuzz *fuzz)
{
	static const char *const names[] = {"type", "id", "memory-backend", "size"};
	static const char *const values[] = {"mem", "512M", "off", NULL};
	const char *name = names[fuzz_pick(fuzz, G_N_ELEMENTS(names))];
	const char *value = values[fuzz_pick(fuzz, G_N_ELEMENTS(values))];
	g_autofree char *text = read_text(fuzz);
	struct properties *properties = properties_create(text, "type", NULL);
	uint64_t size;

	properties_parse_size(text, 1024, &size);
	if (!properties)
		return;
	properties_destroy(properties);
	/* An item that looks like JSON, and becomes the first one of a list, is no property of
	 * QEMU's. */
	if (strchr(text, '{') && *text != '{')
		return;
	check_change(text, name, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};

	if (fuzz_u8(&fuzz) & 1)
		fuzz_properties(&fuzz);
	else
		fuzz_line(&fuzz);
	return 0;
}
