/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the order of enum guest_reply. */
static const char *const reply_names[REPLY_KINDS] = {
	[REPLY_FLIP] = "flip",
	[REPLY_SUPERSEDED] = "superseded",
	[REPLY_COPIED] = "copied",
	[REPLY_ALL_OUTPUTS] = "all_outputs",
	[REPLY_NO_VBLANK] = "no_vblank",
	[REPLY_OFF] = "off",
	[REPLY_UNUSABLE] = "unusable",
	[REPLY_FAILED] = "failed",
	[REPLY_STOPPING] = "stopping",
};

/* In the order of enum copy_reason. */
static const char *const copy_names[COPY_REASONS] = {
	[COPY_IMPORT_REFUSED] = "import_refused",
	[COPY_TEST_REFUSED] = "test_refused",
	[COPY_GEOMETRY] = "geometry",
	[COPY_CURSOR] = "cursor",
};

/* ---- JSON ---- */

struct json {
	GString *text;
	unsigned int depth;
	bool first; /* nothing stands yet in the innermost object or array */
};

static void json_string(struct json *json, const char *string)
{
	g_string_append_c(json->text, '"');
	for (const char *c = string; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(json->text, '\\');
		if ((unsigned char)*c < 0x20)
			g_string_append_printf(json->text, "\\u%04x", (unsigned char)*c);
		else
			g_string_append_c(json->text, *c);
	}
	g_string_append_c(json->text, '"');
}

/* The place for the next member; `name` is NULL inside an array. */
static void json_next(struct json *json, const char *name)
{
	if (!json->first)
		g_string_append_c(json->text, ',');
	if (json->depth > 0)
		g_string_append_c(json->text, '\n');
	for (unsigned int i = 0; i < json->depth; i++)
		g_string_append_c(json->text, '\t');
	json->first = false;
	if (name != NULL) {
		json_string(json, name);
		g_string_append(json->text, ": ");
	}
}

static void json_open(struct json *json, const char *name, char bracket)
{
	json_next(json, name);
	g_string_append_c(json->text, bracket);
	json->depth++;
	json->first = true;
}

static void json_close(struct json *json, char bracket)
{
	bool empty = json->first;

	json->depth--;
	if (!empty) {
		g_string_append_c(json->text, '\n');
		for (unsigned int i = 0; i < json->depth; i++)
			g_string_append_c(json->text, '\t');
	}
	g_string_append_c(json->text, bracket);
	json->first = false;
}

static void json_number(struct json *json, const char *name, uint64_t value)
{
	json_next(json, name);
	g_string_append_printf(json->text, "%" G_GUINT64_FORMAT, value);
}

static void json_bool(struct json *json, const char *name, bool value)
{
	json_next(json, name);
	g_string_append(json->text, value ? "true" : "false");
}

/* NULL is null. */
static void json_text(struct json *json, const char *name, const char *value)
{
	json_next(json, name);
	if (value != NULL)
		json_string(json, value);
	else
		g_string_append(json->text, "null");
}

/* ---- what is counted ---- */

static void add_device(struct json *json, const struct stats *stats)
{
	const struct kms_device_counters *counters = stats->device;

	json_open(json, "card", '{');
	json_text(json, "path", stats->card);
	json_number(json, "imports", counters->imports);
	json_number(json, "imports_refused", counters->imports_refused);
	json_number(json, "cache_hits", counters->cache_hits);
	json_number(json, "cache_misses", counters->cache_misses);
	json_number(json, "framebuffers", counters->framebuffers);
	json_close(json, '}');
}

static void add_output(struct json *json, const struct stats_output *output)
{
	const struct kms_output_counters *counters = output->counters;

	json_open(json, NULL, '{');
	json_text(json, "name", output->name);
	json_bool(json, "active", output->active);
	json_number(json, "width", output->mode->width);
	json_number(json, "height", output->mode->height);
	json_number(json, "refresh_mhz", output->mode->refresh_mhz);
	json_text(json, "guest", output->guest);
	if (output->guest != NULL)
		json_number(json, "scanout", output->scanout);
	json_number(json, "commits", counters->commits);
	json_number(json, "frames_shown", counters->frames_shown);
	json_number(json, "frames_superseded", counters->frames_superseded);
	json_number(json, "commits_failed", counters->commits_failed);
	json_number(json, "commits_slow", counters->commits_slow);
	json_number(json, "cursor_commits", counters->cursor_commits);
	json_number(json, "mode_sets", counters->mode_sets);
	json_number(json, "vblanks_missed", counters->vblanks_missed);
	json_number(json, "tests", counters->tests);
	json_number(json, "flip_timeouts", counters->flip_timeouts);
	json_close(json, '}');
}

static void add_latency(struct json *json, const struct guest_counters *counters)
{
	json_open(json, "reply_latency", '[');
	for (unsigned int i = 0; i < GUEST_LATENCY_BUCKETS; i++) {
		json_open(json, NULL, '{');
		if (i + 1 < GUEST_LATENCY_BUCKETS)
			json_number(json, "within_us", UINT64_C(100) << i);
		else
			json_text(json, "within_us", NULL);
		json_number(json, "count", counters->reply_latency[i]);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void add_guest_counters(struct json *json, const struct guest_counters *counters)
{
	json_number(json, "display_sockets", counters->attached);
	json_number(json, "frames", counters->frames);
	json_number(json, "frames_superseded", counters->frames_superseded);
	json_open(json, "frames_copied", '{');
	for (size_t i = 0; i < COPY_REASONS; i++)
		json_number(json, copy_names[i], counters->frames_copied[i]);
	json_close(json, '}');
	json_number(json, "pixel_updates", counters->pixel_updates);
	json_number(json, "pixel_bytes", counters->pixel_bytes);
	json_number(json, "cursor_moves", counters->cursor_moves);
	json_number(json, "cursor_images", counters->cursor_images);
	json_open(json, "replies", '{');
	for (size_t i = 0; i < REPLY_KINDS; i++)
		json_number(json, reply_names[i], counters->replies[i]);
	json_close(json, '}');
	add_latency(json, counters);
}

static void add_guest(struct json *json, const struct stats_guest *guest)
{
	json_open(json, NULL, '{');
	json_text(json, "name", guest->name);
	json_bool(json, "attached", guest->attached);
	add_guest_counters(json, guest->counters);
	json_open(json, "channel", '{');
	json_number(json, "bytes_received", guest->channel.bytes_received);
	json_number(json, "messages", guest->channel.messages);
	json_number(json, "faults", guest->channel.faults);
	json_number(json, "replies", guest->channel.replies);
	json_close(json, '}');
	if (guest->relay != NULL) {
		json_open(json, "relay", '{');
		json_number(json, "vmms", guest->relay->vmms);
		json_number(json, "messages", guest->relay->messages);
		json_number(json, "sockets_swapped", guest->relay->sockets_swapped);
		json_number(json, "sockets_swallowed", guest->relay->sockets_swallowed);
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void add_input(struct json *json, const struct stats_input *input)
{
	json_open(json, NULL, '{');
	json_text(json, "machine", input->machine);
	json_text(json, "device", input->device);
	json_number(json, "groups", input->counters.groups);
	json_number(json, "events", input->counters.events);
	json_number(json, "merged", input->counters.merged);
	json_number(json, "dropped", input->counters.dropped);
	json_close(json, '}');
}

char *stats_to_json(const struct stats *stats)
{
	struct json json = {.text = g_string_sized_new(4096), .first = true};

	json_open(&json, NULL, '{');
	json_number(&json, "version", 1);
	json_number(&json, "uptime_us", (uint64_t)stats->uptime_us);
	add_device(&json, stats);
	json_open(&json, "outputs", '[');
	for (size_t i = 0; i < stats->output_count; i++)
		add_output(&json, &stats->outputs[i]);
	json_close(&json, ']');
	json_open(&json, "guests", '[');
	for (size_t i = 0; i < stats->guest_count; i++)
		add_guest(&json, &stats->guests[i]);
	json_close(&json, ']');
	json_open(&json, "inputs", '[');
	for (size_t i = 0; i < stats->input_count; i++)
		add_input(&json, &stats->inputs[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	g_string_append_c(json.text, '\n');
	return g_string_free(json.text, FALSE);
}

/* ---- the file ---- */

static bool fail(GError **error, const char *path, const char *what)
{
	int saved = errno;

	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s: %s", path, what,
		g_strerror(saved));
	return false;
}

/* Without fsync, which waits for the disk: this is called in the main loop. */
bool stats_write(const char *path, const char *json, GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
	size_t size = strlen(json);
	int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0644);
	bool written;

	if (fd < 0)
		return fail(error, path, "cannot be written");
	written = write(fd, json, size) == (ssize_t)size;
	if (close(fd) != 0)
		written = false;
	if (written && rename(temporary, path) == 0)
		return true;
	fail(error, path, "cannot be written");
	unlink(temporary);
	return false;
}
