/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the order of enum guest_reply. */
static const char *const reply_names[REPLY_KINDS] = {
	[REPLY_FLIP] = "flip",
	[REPLY_SUPERSEDED] = "superseded",
	[REPLY_FENCE_TIMEOUT] = "fence_timeout",
	[REPLY_COPIED] = "copied",
	[REPLY_ALL_OUTPUTS] = "all_outputs",
	[REPLY_NO_VBLANK] = "no_vblank",
	[REPLY_OFF] = "off",
	[REPLY_UNUSABLE] = "unusable",
	[REPLY_FAILED] = "failed",
	[REPLY_STOPPING] = "stopping",
	[REPLY_EARLY] = "early",
};

/* In the order of enum copy_reason. */
static const char *const copy_names[COPY_REASONS] = {
	[COPY_IMPORT_REFUSED] = "import_refused",
	[COPY_TEST_REFUSED] = "test_refused",
	[COPY_GEOMETRY] = "geometry",
	[COPY_CURSOR] = "cursor",
	[COPY_EARLY] = "early",
};

/* ---- members ---- */

/* JSON has no limit, json-glib has this one; no counter gets there. */
static void add_number(JsonBuilder *json, const char *name, uint64_t value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, (gint64)MIN(value, (uint64_t)G_MAXINT64));
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_boolean_value(json, value);
}

/* NULL is null. A path need not be UTF-8, JSON must. */
static void add_text(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	if (value != NULL) {
		g_autofree char *valid = g_utf8_make_valid(value, -1);

		json_builder_add_string_value(json, valid);
	} else {
		json_builder_add_null_value(json);
	}
}

static void begin_object(JsonBuilder *json, const char *name)
{
	json_builder_set_member_name(json, name);
	json_builder_begin_object(json);
}

static void begin_array(JsonBuilder *json, const char *name)
{
	json_builder_set_member_name(json, name);
	json_builder_begin_array(json);
}

/* ---- what is counted ---- */

static void add_card(JsonBuilder *json, const struct stats_card *card)
{
	const struct kms_device_counters *counters = card->counters;

	add_text(json, "path", card->path);
	add_number(json, "imports", counters->imports);
	add_number(json, "imports_refused", counters->imports_refused);
	add_number(json, "cache_hits", counters->cache_hits);
	add_number(json, "cache_misses", counters->cache_misses);
	add_number(json, "framebuffers", counters->framebuffers);
}

/* "card" is the first of them that is there. */
static void add_cards(JsonBuilder *json, const struct stats *stats)
{
	static const struct kms_device_counters none;
	static const struct stats_card no_card = {NULL, &none};

	begin_object(json, "card");
	add_card(json, stats->card_count > 0 ? &stats->cards[0] : &no_card);
	json_builder_end_object(json);
	begin_array(json, "cards");
	for (size_t i = 0; i < stats->card_count; i++) {
		json_builder_begin_object(json);
		add_card(json, &stats->cards[i]);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_loop(JsonBuilder *json, const struct stats *stats)
{
	static const struct stall_counters none;
	const struct stall_counters *loop = stats->loop != NULL ? stats->loop : &none;

	begin_object(json, "loop");
	add_number(json, "turns", loop->turns);
	add_number(json, "longest_turn_us", loop->longest_turn_us);
	add_text(json, "longest_turn_source", loop->longest_turn_source);
	json_builder_end_object(json);
}

static void add_layout(JsonBuilder *json, const struct stats *stats)
{
	begin_object(json, "layout");
	add_text(json, "name", stats->layout);
	add_text(json, "reason", stats->layout != NULL ? stats->layout_reason : NULL);
	json_builder_end_object(json);
}

static void add_output(JsonBuilder *json, const struct stats_output *output)
{
	const struct kms_output_counters *counters = output->counters;

	json_builder_begin_object(json);
	add_text(json, "name", output->name);
	add_bool(json, "active", output->active);
	add_number(json, "width", output->mode->width);
	add_number(json, "height", output->mode->height);
	add_number(json, "refresh_mhz", output->mode->refresh_mhz);
	add_text(json, "guest", output->guest);
	if (output->guest != NULL)
		add_number(json, "scanout", output->scanout);
	add_number(json, "commits", counters->commits);
	add_number(json, "frames_shown", counters->frames_shown);
	add_number(json, "frames_superseded", counters->frames_superseded);
	add_number(json, "commits_failed", counters->commits_failed);
	add_number(json, "commits_slow", counters->commits_slow);
	add_number(json, "cursor_commits", counters->cursor_commits);
	add_number(json, "mode_sets", counters->mode_sets);
	add_number(json, "vblanks_missed", counters->vblanks_missed);
	add_number(json, "tests", counters->tests);
	add_number(json, "flip_timeouts", counters->flip_timeouts);
	add_number(json, "leases", counters->leases);
	json_builder_end_object(json);
}

static void add_latency(JsonBuilder *json, const struct guest_counters *counters)
{
	begin_array(json, "reply_latency");
	for (unsigned int i = 0; i < GUEST_LATENCY_BUCKETS; i++) {
		json_builder_begin_object(json);
		if (i + 1 < GUEST_LATENCY_BUCKETS)
			add_number(json, "within_us", UINT64_C(100) << i);
		else
			add_text(json, "within_us", NULL);
		add_number(json, "count", counters->reply_latency[i]);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_guest_counters(JsonBuilder *json, const struct guest_counters *counters)
{
	add_number(json, "display_sockets", counters->attached);
	add_number(json, "frames", counters->frames);
	add_number(json, "frames_superseded", counters->frames_superseded);
	add_number(json, "frames_unanswered", counters->frames_unanswered);
	begin_object(json, "frames_copied");
	for (size_t i = 0; i < COPY_REASONS; i++)
		add_number(json, copy_names[i], counters->frames_copied[i]);
	json_builder_end_object(json);
	add_number(json, "pixel_updates", counters->pixel_updates);
	add_number(json, "pixel_bytes", counters->pixel_bytes);
	add_number(json, "cursor_moves", counters->cursor_moves);
	add_number(json, "cursor_images", counters->cursor_images);
	begin_object(json, "replies");
	for (size_t i = 0; i < REPLY_KINDS; i++)
		add_number(json, reply_names[i], counters->replies[i]);
	json_builder_end_object(json);
	add_latency(json, counters);
}

static void add_guest(JsonBuilder *json, const struct stats_guest *guest)
{
	json_builder_begin_object(json);
	add_text(json, "name", guest->name);
	add_bool(json, "attached", guest->attached);
	add_guest_counters(json, guest->counters);
	begin_object(json, "channel");
	add_number(json, "bytes_received", guest->channel.bytes_received);
	add_number(json, "messages", guest->channel.messages);
	add_number(json, "faults", guest->channel.faults);
	add_number(json, "replies", guest->channel.replies);
	json_builder_end_object(json);
	begin_object(json, "alive");
	add_text(json, "state", alive_state_name(guest->life));
	add_number(json, "deaths", guest->lives.alive.deaths);
	add_number(json, "returns", guest->lives.alive.returns);
	add_number(json, "longest_silence_us", guest->lives.alive.silence_us);
	add_number(json, "covers", guest->lives.covers);
	add_number(json, "longest_cover_us", guest->lives.cover_us);
	json_builder_end_object(json);
	if (guest->relay != NULL) {
		begin_object(json, "relay");
		add_number(json, "vmms", guest->relay->vmms);
		add_number(json, "messages", guest->relay->messages);
		add_number(json, "sockets_swapped", guest->relay->sockets_swapped);
		add_number(json, "sockets_swallowed", guest->relay->sockets_swallowed);
		json_builder_end_object(json);
	}
	json_builder_end_object(json);
}

static void add_input(JsonBuilder *json, const struct stats_input *input)
{
	json_builder_begin_object(json);
	add_text(json, "machine", input->machine);
	add_text(json, "device", input->device);
	add_number(json, "groups", input->counters.groups);
	add_number(json, "events", input->counters.events);
	add_number(json, "merged", input->counters.merged);
	add_number(json, "dropped", input->counters.dropped);
	json_builder_end_object(json);
}

static void add_region(JsonBuilder *json, const struct stats_region *region)
{
	const struct region_counters *counters = &region->region->counters;
	char crc[9];

	g_snprintf(crc, sizeof(crc), "%08x", region->region->crc);
	json_builder_begin_object(json);
	add_text(json, "name", region->name);
	add_text(json, "output", region->output);
	add_text(json, "state", region_state_name(region->region->state));
	add_text(json, "checksum", region->region->read ? crc : NULL);
	add_number(json, "reads", counters->reads);
	add_number(json, "skipped", counters->skipped);
	add_number(json, "frozen", counters->frozen);
	add_number(json, "wrong", counters->wrong);
	json_builder_end_object(json);
}

static void add_lease(JsonBuilder *json, const struct stats_lease *lease)
{
	static const char *const states[] = {
		[LEASE_FREE] = "free",
		[LEASE_SILENT] = "silent",
		[LEASE_WAITS] = "waits",
		[LEASE_HOLDS] = "holds",
	};

	json_builder_begin_object(json);
	add_text(json, "name", lease->name);
	add_text(json, "client", states[lease->state]);
	add_number(json, "clients", lease->counters->clients);
	add_number(json, "given", lease->counters->given);
	add_number(json, "faults", lease->counters->faults);
	json_builder_end_object(json);
}

/* Indented, and with the newline that a text file ends with. */
static char *generate(JsonBuilder *json)
{
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = json_builder_get_root(json);
	GString *text = g_string_sized_new(4096);

	json_generator_set_root(generator, root);
	json_generator_set_pretty(generator, TRUE);
	json_generator_set_indent(generator, 1);
	json_generator_set_indent_char(generator, '\t');
	json_generator_to_gstring(generator, text);
	g_string_append_c(text, '\n');
	return g_string_free(text, FALSE);
}

char *stats_to_json(const struct stats *stats)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_number(json, "version", 1);
	add_number(json, "uptime_us", (uint64_t)stats->uptime_us);
	add_loop(json, stats);
	add_cards(json, stats);
	add_layout(json, stats);
	begin_array(json, "outputs");
	for (size_t i = 0; i < stats->output_count; i++)
		add_output(json, &stats->outputs[i]);
	json_builder_end_array(json);
	begin_array(json, "guests");
	for (size_t i = 0; i < stats->guest_count; i++)
		add_guest(json, &stats->guests[i]);
	json_builder_end_array(json);
	begin_array(json, "inputs");
	for (size_t i = 0; i < stats->input_count; i++)
		add_input(json, &stats->inputs[i]);
	json_builder_end_array(json);
	begin_array(json, "regions");
	for (size_t i = 0; i < stats->region_count; i++)
		add_region(json, &stats->regions[i]);
	json_builder_end_array(json);
	begin_array(json, "leases");
	for (size_t i = 0; i < stats->lease_count; i++)
		add_lease(json, &stats->leases[i]);
	json_builder_end_array(json);
	json_builder_end_object(json);
	return generate(json);
}

/* ---- the file ---- */

static bool fail(GError **error, const char *path, const char *what)
{
	int saved = errno;

	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s: %s", path, what,
		g_strerror(saved));
	return false;
}

/* Without fsync: a reader is to see old or new, and after a power cut nobody asks. `readable`:
 * whatever the umask says. */
static bool replace(const char *path, const char *text, bool readable, GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
	size_t size = strlen(text);
	int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0644);
	bool written, kept_back;

	if (fd < 0)
		return fail(error, path, "cannot be written");
	kept_back = readable && fchmod(fd, 0644) != 0 &&
		!fail(error, path, "others cannot read it");
	written = write(fd, text, size) == (ssize_t)size;
	if (close(fd) != 0)
		written = false;
	if (written && rename(temporary, path) == 0)
		return !kept_back;
	if (!kept_back)
		fail(error, path, "cannot be written");
	unlink(temporary);
	return false;
}

bool stats_write(const char *path, const char *json, GError **error)
{
	return replace(path, json, false, error);
}

bool stats_write_for_all(const char *path, const char *text, GError **error)
{
	return replace(path, text, true, error);
}
