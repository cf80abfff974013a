/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the script and does what it says, line by line. Called once by main.c. The commands that
 * make messages are in command.c.
 */
#include "script_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A line without comment and blanks at its ends. */
static char *clean_line(const char *line)
{
	g_autofree char *copy = g_strdup(line);

	for (char *c = strchr(copy, '#'); c; c = strchr(c + 1, '#')) {
		if (c == copy || g_ascii_isspace(c[-1])) {
			*c = '\0';
			break;
		}
	}
	return g_strdup(g_strstrip(copy));
}

static char **split_words(const char *line)
{
	g_auto(GStrv) parts = g_strsplit_set(line, " \t", -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **part = parts; *part; part++)
		if (**part)
			g_strv_builder_add(builder, *part);
	return g_strv_builder_end(builder);
}

static char *expand(const char *line, unsigned int round)
{
	g_autoptr(GString) text = g_string_new(line);
	char number[16];

	g_snprintf(number, sizeof(number), "%u", round);
	g_string_replace(text, "$i", number, 0);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool is_command(const char *line, const char *command)
{
	size_t length = strlen(command);

	return strncmp(line, command, length) == 0 &&
		(line[length] == '\0' || g_ascii_isspace(line[length]));
}

/* Its number is judged when it is reached. */
static void find_again(struct script *script)
{
	char **lines = script->lines;

	while (lines[script->again] && !is_command(lines[script->again], "again"))
		script->again++;
	if (lines[script->again])
		script->again_left = g_ascii_strtoull(lines[script->again] + strlen("again"), NULL,
			10);
}

struct script *script_create(const char *text, struct wire *wire, const struct script_vmm *vmm,
	const struct script_door *door)
{
	struct script *script = g_new0(struct script, 1);

	script->wire = wire;
	script->vmm = vmm;
	script->door = door;
	script->lines = g_strsplit(text, "\n", -1);
	for (char **line = script->lines; *line; line++) {
		char *clean = clean_line(*line);
		g_free(*line);
		*line = clean;
	}
	find_again(script);
	script->memories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
		(GDestroyNotify)memory_destroy);
	return script;
}

void script_destroy(struct script *script)
{
	if (!script)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(script->shown); i++)
		g_free(script->shown[i].pixels);
	g_hash_table_destroy(script->memories);
	g_strfreev(script->lines);
	g_free(script);
}

/* ---- flow ---- */

static bool run_shell(const char *command, GError **error)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	int status;

	fflush(stdout);
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
		    NULL, &status, error))
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return backend_fail(error, BACKEND_ERROR_FRONTEND, "\"%s\" failed with status %d", command,
		WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static bool remove_file(const char *path, GError **error)
{
	if (path && unlink(path) == 0)
		return true;
	return backend_fail(error, BACKEND_ERROR_SYSTEM, "%s: %s", path ? path : "no file",
		g_strerror(path ? errno : EINVAL));
}

static bool is_count(const char *word, GError **error)
{
	guint64 count;

	if (!word)
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "again N");
	return g_ascii_string_to_unsigned(word, 10, 1, G_MAXUINT, &count, error);
}

static bool vmm_command(struct script *script, const char *what, GError **error)
{
	if (!script->vmm)
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "there is no VMM of ours");
	if (g_strcmp0(what, "reboot") == 0)
		return script->vmm->reboot(script->vmm->data, error);
	if (g_strcmp0(what, "exit") == 0)
		return script->vmm->exit(script->vmm->data, error);
	return backend_fail(error, BACKEND_ERROR_SCRIPT, "a VMM can \"reboot\" and \"exit\"");
}

/* Commands that are neither messages nor about replies. `known` is false where it is none of
 * them. */
static bool run_flow(struct script *script, const char *line, char **words, bool *known,
	GError **error)
{
	*known = true;
	if (g_str_equal(words[0], "run"))
		return run_shell(line + strlen("run"), error);
	if (g_str_equal(words[0], "mark")) {
		puts(g_strchug((char *)line + strlen("mark")));
		fflush(stdout);
		return true;
	}
	if (g_str_equal(words[0], "time")) {
		int64_t now = g_get_monotonic_time();
		printf("%" G_GINT64_FORMAT ".%06d\n", now / G_USEC_PER_SEC,
			(int)(now % G_USEC_PER_SEC));
		return true;
	}
	if (g_str_equal(words[0], "sleep")) {
		guint64 ms;
		if (!words[1])
			return backend_fail(error, BACKEND_ERROR_SCRIPT, "sleep MS");
		if (!g_ascii_string_to_unsigned(words[1], 10, 0, 3600000, &ms, error))
			return false;
		g_usleep((gulong)ms * 1000);
		return true;
	}
	if (g_str_equal(words[0], "vmm"))
		return vmm_command(script, words[1], error);
	if (g_str_equal(words[0], "remove"))
		return remove_file(words[1], error);
	if (g_str_equal(words[0], "again"))
		return is_count(words[1], error);
	*known = false;
	return true;
}

static bool run_line(struct script *script, unsigned int number, unsigned int round, GError **error)
{
	g_autofree char *line = expand(script->lines[number], round);
	g_auto(GStrv) words = split_words(line);
	bool known;

	if (!words[0])
		return true;
	bool done = run_flow(script, line, words, &known, error);
	if (!known)
		done = command_run(script, words, error);
	if (!done)
		g_prefix_error(error, "line %u: %s: ", number + 1, words[0]);
	return done;
}

static bool is_loop(const char *line)
{
	return is_command(line, "repeat") || is_command(line, "until");
}

/* The "end" of the loop at `from`, or `to`. */
static unsigned int find_end(const struct script *script, unsigned int from, unsigned int to)
{
	unsigned int depth = 0;

	for (unsigned int i = from; i < to; i++) {
		if (is_loop(script->lines[i]))
			depth++;
		else if (is_command(script->lines[i], "end") && --depth == 0)
			return i;
	}
	return to;
}

static bool run_lines(struct script *script, unsigned int from, unsigned int to, unsigned int round,
	GError **error);

static bool run_repeat(struct script *script, unsigned int number, unsigned int end,
	const char *count, GError **error)
{
	guint64 rounds = 0;

	if (!g_ascii_string_to_unsigned(count, 10, 0, G_MAXUINT, &rounds, error)) {
		g_prefix_error(error, "line %u: repeat: ", number + 1);
		return false;
	}
	for (unsigned int i = 0; i < rounds; i++)
		if (!run_lines(script, number + 1, end, i, error))
			return false;
	return true;
}

static bool run_until(struct script *script, unsigned int number, unsigned int end,
	const char *file, GError **error)
{
	for (unsigned int i = 0; !g_file_test(file, G_FILE_TEST_EXISTS); i++)
		if (!run_lines(script, number + 1, end, i, error))
			return false;
	return true;
}

static bool run_loop(struct script *script, unsigned int number, unsigned int end, GError **error)
{
	g_auto(GStrv) words = split_words(script->lines[number]);

	if (!words[1] || words[2])
		return backend_fail(error, BACKEND_ERROR_SCRIPT, "line %u: %s", number + 1,
			g_str_equal(words[0], "until") ? "until FILE" : "repeat N");
	return g_str_equal(words[0], "until") ? run_until(script, number, end, words[1], error)
					      : run_repeat(script, number, end, words[1], error);
}

static bool run_lines(struct script *script, unsigned int from, unsigned int to, unsigned int round,
	GError **error)
{
	for (unsigned int i = from; i < to; i++) {
		if (is_loop(script->lines[i])) {
			unsigned int end = find_end(script, i, to);
			if (end == to)
				return backend_fail(error, BACKEND_ERROR_SCRIPT,
					"line %u: this %s has no end", i + 1,
					is_command(script->lines[i], "until") ? "until" : "repeat");
			if (!run_loop(script, i, end, error))
				return false;
			i = end;
		} else if (!run_line(script, i, round, error)) {
			return false;
		}
	}
	return true;
}

/* ---- again ---- */

bool script_may_begin_again(const struct script *script)
{
	return script->again_left > 0;
}

/* The front-end has gone, and not in the middle of what it was saying. */
static bool is_left(const struct script *script)
{
	struct wire *wire = script->wire;

	return script->again_left > 0 && wire_look(wire) && wire->eof && wire->received->len == 0;
}

/* False with an error, or without one where the front-end has left once more. */
static bool begin_again(struct script *script, GError **error)
{
	g_autoptr(GError) refused = NULL;

	script->again_left--;
	if (script->door->reopen(script->door->data, &refused))
		return true;
	script->wire->eof = true;
	if (script->again_left == 0)
		g_propagate_error(error, g_steal_pointer(&refused));
	return false;
}

/* From this line on, whatever the front-end does. */
static bool run_from(struct script *script, unsigned int from, unsigned int end, GError **error)
{
	g_autoptr(GError) cut = NULL;

	if (run_lines(script, from, end, 0, &cut))
		return true;
	while (is_left(script)) {
		g_autoptr(GError) refused = NULL;
		bool begun = begin_again(script, &refused);

		g_clear_error(&cut);
		if (begun && run_lines(script, script->again + 1, end, 0, &cut))
			return true;
		if (refused)
			cut = g_steal_pointer(&refused);
	}
	g_propagate_error(error, g_steal_pointer(&cut));
	return false;
}

bool script_run(struct script *script, GError **error)
{
	unsigned int end = g_strv_length(script->lines);

	if (!run_from(script, 0, end, error))
		return false;
	if (wire_settle(script->wire, error))
		return true;
	g_prefix_error(error, "at the end: ");
	return false;
}
