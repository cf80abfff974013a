/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statistics file: what is written is JSON, and read back it is every counter under its name; a
 * reader never sees half of it.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/stats.h"

/* ---- what was written, read back ---- */

/* A scalar as text; members and elements are added each under its own path ("guests.0.name"). */
static void collect(GHashTable *values, const char *path, JsonNode *node);

static char *join(const char *path, const char *name)
{
	return *path == '\0' ? g_strdup(name) : g_strdup_printf("%s.%s", path, name);
}

static void collect_object(GHashTable *values, const char *path, JsonObject *object)
{
	JsonObjectIter iterator;
	const char *name;
	JsonNode *member;

	json_object_iter_init(&iterator, object);
	while (json_object_iter_next(&iterator, &name, &member)) {
		g_autofree char *below = join(path, name);

		collect(values, below, member);
	}
}

static void collect_array(GHashTable *values, const char *path, JsonArray *array)
{
	for (guint i = 0; i < json_array_get_length(array); i++) {
		g_autofree char *name = g_strdup_printf("%u", i);
		g_autofree char *below = join(path, name);

		collect(values, below, json_array_get_element(array, i));
	}
}

static char *scalar(JsonNode *node)
{
	if (JSON_NODE_HOLDS_NULL(node))
		return g_strdup("null");
	switch (json_node_get_value_type(node)) {
	case G_TYPE_BOOLEAN:
		return g_strdup(json_node_get_boolean(node) ? "true" : "false");
	case G_TYPE_STRING:
		return json_node_dup_string(node);
	default:
		/* Every number is an integer. */
		g_assert_true(json_node_get_value_type(node) == G_TYPE_INT64);
		return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
	}
}

static void collect(GHashTable *values, const char *path, JsonNode *node)
{
	if (JSON_NODE_HOLDS_OBJECT(node))
		collect_object(values, path, json_node_get_object(node));
	else if (JSON_NODE_HOLDS_ARRAY(node))
		collect_array(values, path, json_node_get_array(node));
	else
		g_assert_true(g_hash_table_insert(values, g_strdup(path), scalar(node)));
}

static GHashTable *read_json(const char *text)
{
	GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) root = json_from_string(text, &error);

	g_assert_no_error(error);
	g_assert_true(g_str_has_suffix(text, "\n}\n"));
	collect(values, "", root);
	return values;
}

static void assert_value(GHashTable *values, const char *path, const char *expected)
{
	const char *value = g_hash_table_lookup(values, path);

	if (value == NULL)
		g_test_message("%s is not there", path);
	g_assert_cmpstr(value, ==, expected);
	g_hash_table_remove(values, path);
}

static void assert_number(GHashTable *values, const char *path, uint64_t expected)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, expected);

	assert_value(values, path, text);
}

/* ---- counters, each with a number of its own ---- */

static const char *const output_names[] = {"commits", "frames_shown", "frames_superseded",
	"commits_failed", "commits_slow", "cursor_commits", "mode_sets", "vblanks_missed", "tests",
	"flip_timeouts", "leases"};
static const char *const reply_names[] = {"flip", "superseded", "fence_timeout", "copied",
	"all_outputs", "no_vblank", "off", "unusable", "failed", "stopping", "early"};
static const char *const copy_names[] = {"import_refused", "test_refused", "geometry", "cursor",
	"early"};

G_STATIC_ASSERT(sizeof(struct kms_output_counters) == sizeof(output_names) / sizeof(char *) * 8);
G_STATIC_ASSERT(G_N_ELEMENTS(reply_names) == REPLY_KINDS);
G_STATIC_ASSERT(G_N_ELEMENTS(copy_names) == COPY_REASONS);

static void check_outputs(GHashTable *values, uint64_t first)
{
	assert_value(values, "outputs.0.name", "DP-1");
	assert_value(values, "outputs.0.active", "true");
	assert_value(values, "outputs.0.guest", "ki\"osk\\\n");
	assert_number(values, "outputs.0.scanout", 3);
	assert_number(values, "outputs.0.width", 1920);
	assert_number(values, "outputs.0.height", 1080);
	assert_number(values, "outputs.0.refresh_mhz", 59940);
	for (size_t i = 0; i < G_N_ELEMENTS(output_names); i++) {
		g_autofree char *path = g_strdup_printf("outputs.0.%s", output_names[i]);
		g_autofree char *second = g_strdup_printf("outputs.1.%s", output_names[i]);

		assert_number(values, path, first + i);
		assert_number(values, second, 0);
	}
	assert_value(values, "outputs.1.name", "DP-2");
	assert_value(values, "outputs.1.active", "false");
	assert_value(values, "outputs.1.guest", "null");
	assert_number(values, "outputs.1.width", 1920);
	assert_number(values, "outputs.1.height", 1080);
	assert_number(values, "outputs.1.refresh_mhz", 59940);
}

static void check_guest(GHashTable *values)
{
	assert_value(values, "guests.0.name", "ki\"osk\\\n");
	assert_value(values, "guests.0.attached", "true");
	assert_number(values, "guests.0.frames", 100);
	assert_number(values, "guests.0.pixel_updates", 101);
	/* The most that json-glib writes. */
	assert_number(values, "guests.0.pixel_bytes", INT64_MAX);
	assert_number(values, "guests.0.frames_superseded", 103);
	assert_number(values, "guests.0.frames_unanswered", 107);
	assert_number(values, "guests.0.cursor_moves", 104);
	assert_number(values, "guests.0.cursor_images", 105);
	assert_number(values, "guests.0.display_sockets", 106);
	for (size_t i = 0; i < COPY_REASONS; i++) {
		g_autofree char *path = g_strdup_printf("guests.0.frames_copied.%s", copy_names[i]);

		assert_number(values, path, 200 + i);
	}
	for (size_t i = 0; i < REPLY_KINDS; i++) {
		g_autofree char *path = g_strdup_printf("guests.0.replies.%s", reply_names[i]);

		assert_number(values, path, 300 + i);
	}
	for (size_t i = 0; i < GUEST_LATENCY_BUCKETS; i++) {
		g_autofree char *within = g_strdup_printf("guests.0.reply_latency.%zu.within_us",
			i);
		g_autofree char *count = g_strdup_printf("guests.0.reply_latency.%zu.count", i);

		if (i + 1 < GUEST_LATENCY_BUCKETS)
			assert_number(values, within, 100 << i);
		else
			assert_value(values, within, "null");
		assert_number(values, count, 400 + i);
	}
	assert_number(values, "guests.0.channel.bytes_received", 500);
	assert_number(values, "guests.0.channel.messages", 501);
	assert_number(values, "guests.0.channel.faults", 502);
	assert_number(values, "guests.0.channel.replies", 503);
	assert_value(values, "guests.0.alive.state", "dead");
	assert_number(values, "guests.0.alive.deaths", 700);
	assert_number(values, "guests.0.alive.returns", 701);
	assert_number(values, "guests.0.alive.longest_silence_us", 702);
	assert_number(values, "guests.0.alive.covers", 703);
	assert_number(values, "guests.0.alive.longest_cover_us", 704);
	assert_number(values, "guests.0.relay.vmms", 600);
	assert_number(values, "guests.0.relay.messages", 601);
	assert_number(values, "guests.0.relay.sockets_swapped", 602);
	assert_number(values, "guests.0.relay.sockets_swallowed", 603);
}

/* Its counters are `first` and the numbers after it; or all 0. */
static void check_card(GHashTable *values, const char *name, const char *path, uint64_t first)
{
	static const char *const names[] = {"imports", "imports_refused", "cache_hits",
		"cache_misses", "framebuffers"};
	g_autofree char *path_name = join(name, "path");

	assert_value(values, path_name, path);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *counter = join(name, names[i]);

		assert_number(values, counter, first ? first + i : 0);
	}
}

static void test_every_counter(void)
{
	const struct kms_mode_info mode = {.width = 1920, .height = 1080, .refresh_mhz = 59940};
	const struct kms_output_counters output = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	const struct kms_output_counters no_output = {0};
	const struct kms_device_counters device = {.imports = 51,
		.imports_refused = 52,
		.cache_hits = 53,
		.cache_misses = 54,
		.framebuffers = 55};
	struct guest_counters guest = {.frames = 100,
		.pixel_updates = 101,
		.pixel_bytes = UINT64_MAX,
		.frames_superseded = 103,
		.frames_unanswered = 107,
		.cursor_moves = 104,
		.cursor_images = 105,
		.attached = 106};
	const struct channel_counters channel = {.bytes_received = 500,
		.messages = 501,
		.faults = 502,
		.replies = 503};
	const struct relay_counters relay = {.vmms = 600,
		.messages = 601,
		.sockets_swapped = 602,
		.sockets_swallowed = 603};
	const struct stats_output outputs[] = {
		{"DP-1", true, "ki\"osk\\\n", 3, &mode, &output},
		{"DP-2", false, NULL, 0, &mode, &no_output},
	};
	const struct stats_guest guests[] = {
		{"ki\"osk\\\n", true, &guest, channel, &relay, ALIVE_DEAD,
			{{700, 701, 702}, 703, 704}},
		{"second", false, &guest, {0}, NULL},
	};
	const struct stats_input input = {"ivi", "touch1", {61, 62, 63, 64}};
	const struct lease_counters of_lease = {65, 66, 67};
	const struct stats_lease lease = {"cluster", LEASE_HOLDS, &of_lease};
	const struct region region = {.state = REGION_WRONG,
		.read = true,
		.crc = 0x1a2b,
		.counters = {81, 82, 83, 84}};
	const struct stats_region watched = {"lamp", "DP-1", &region};
	const struct stall_counters loop = {71, 72, "channel kiosk"};
	const struct kms_device_counters no_device = {0};
	const struct stats_card cards[] = {{"/dev/dri/card0", &device},
		{"/dev/dri/card1", &no_device}};
	const struct stats stats = {cards, 2, 4711, &loop, outputs, 2, guests, 2, &input, 1,
		&watched, 1, &lease, 1, "day", "key"};
	g_autoptr(GHashTable) values = NULL;
	g_autofree char *json = NULL;
	GHashTableIter iterator;
	gpointer left;

	for (size_t i = 0; i < COPY_REASONS; i++)
		guest.frames_copied[i] = 200 + i;
	for (size_t i = 0; i < REPLY_KINDS; i++)
		guest.replies[i] = 300 + i;
	for (size_t i = 0; i < GUEST_LATENCY_BUCKETS; i++)
		guest.reply_latency[i] = 400 + i;
	json = stats_to_json(&stats);
	values = read_json(json);
	assert_number(values, "version", 1);
	assert_number(values, "uptime_us", 4711);
	assert_number(values, "loop.turns", 71);
	assert_number(values, "loop.longest_turn_us", 72);
	assert_value(values, "loop.longest_turn_source", "channel kiosk");
	check_card(values, "card", "/dev/dri/card0", 51);
	check_card(values, "cards.0", "/dev/dri/card0", 51);
	check_card(values, "cards.1", "/dev/dri/card1", 0);
	assert_value(values, "layout.name", "day");
	assert_value(values, "layout.reason", "key");
	check_outputs(values, 1);
	check_guest(values);
	assert_value(values, "guests.1.name", "second");
	assert_value(values, "guests.1.attached", "false");
	assert_value(values, "inputs.0.machine", "ivi");
	assert_value(values, "inputs.0.device", "touch1");
	assert_value(values, "leases.0.name", "cluster");
	assert_value(values, "leases.0.client", "holds");
	assert_number(values, "leases.0.clients", 65);
	assert_number(values, "leases.0.given", 66);
	assert_number(values, "leases.0.faults", 67);
	assert_number(values, "inputs.0.groups", 61);
	assert_number(values, "inputs.0.events", 62);
	assert_number(values, "inputs.0.merged", 63);
	assert_number(values, "inputs.0.dropped", 64);
	assert_value(values, "regions.0.name", "lamp");
	assert_value(values, "regions.0.output", "DP-1");
	assert_value(values, "regions.0.state", "wrong");
	assert_value(values, "regions.0.checksum", "00001a2b");
	assert_number(values, "regions.0.reads", 81);
	assert_number(values, "regions.0.skipped", 82);
	assert_number(values, "regions.0.frozen", 83);
	assert_number(values, "regions.0.wrong", 84);
	/* The second guest's counters are all that is left: nothing unchecked, no relay. */
	g_hash_table_iter_init(&iterator, values);
	while (g_hash_table_iter_next(&iterator, &left, NULL)) {
		g_assert_true(g_str_has_prefix(left, "guests.1."));
		g_assert_null(strstr(left, "relay."));
	}
}

static void assert_empty(const char *text, const char *name)
{
	g_autoptr(JsonNode) root = json_from_string(text, NULL);
	JsonArray *array = json_object_get_array_member(json_node_get_object(root), name);

	g_assert_cmpuint(json_array_get_length(array), ==, 0);
}

static void test_nothing(void)
{
	const struct kms_device_counters device = {0};
	const struct stats_card card = {"/dev/dri/card0", &device};
	const struct stats stats = {.cards = &card, .card_count = 1};
	g_autofree char *json = stats_to_json(&stats);
	g_autoptr(GHashTable) values = read_json(json);

	assert_empty(json, "outputs");
	assert_empty(json, "guests");
	assert_empty(json, "inputs");
	/* The card twice: as the first one, and among all. */
	g_assert_cmpuint(g_hash_table_size(values), ==, 19);
}

/* A card's path is any bytes, JSON is UTF-8. */
static void test_bytes(void)
{
	const struct kms_device_counters device = {0};
	const struct stats_card card = {"/dev/\xff/\xc3\xbc", &device};
	const struct stats stats = {.cards = &card, .card_count = 1};
	g_autofree char *json = stats_to_json(&stats);
	g_autoptr(GHashTable) values = read_json(json);

	assert_value(values, "card.path", "/dev/\uFFFD/\u00fc");
}

/* The file under the name is never the one that is being written, and nothing else is left. */
static void test_write(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("scanoutd-stats-XXXXXX", &error);
	g_autofree char *path = g_build_filename(folder, "stats.json", NULL);
	g_autofree char *old = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GDir) dir = NULL;
	GMappedFile *reader;
	struct stat status;

	g_assert_true(stats_write(path, "{\"old\": 1}\n", &error));
	g_assert_no_error(error);
	reader = g_mapped_file_new(path, FALSE, &error);
	g_assert_no_error(error);
	g_assert_true(stats_write(path, "{\"new\": 22}\n", &error));
	g_assert_no_error(error);
	old = g_strndup(g_mapped_file_get_contents(reader), g_mapped_file_get_length(reader));
	g_mapped_file_unref(reader);
	g_assert_cmpstr(old, ==, "{\"old\": 1}\n");
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "{\"new\": 22}\n");
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0022, ==, 0);
	dir = g_dir_open(folder, 0, NULL);
	g_assert_cmpstr(g_dir_read_name(dir), ==, "stats.json");
	g_assert_null(g_dir_read_name(dir));
	g_unlink(path);
	g_rmdir(folder);
}

/* As a service has it: its umask is for what is nobody else's. */
static void test_write_for_all(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("scanoutd-stats-XXXXXX", &error);
	g_autofree char *path = g_build_filename(folder, "cluster.alive", NULL);
	mode_t before = umask(0077);
	struct stat status;

	g_assert_true(stats_write_for_all(path, "alive\n", &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0644);
	g_assert_true(stats_write(path, "{}\n", &error));
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	umask(before);
	g_unlink(path);
	g_rmdir(folder);
}

static void test_write_fails(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(stats_write("/nonexistent/stats.json", "{}\n", &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
	g_assert_cmpstr(error->message, ==,
		"/nonexistent/stats.json: cannot be written: No such file or directory");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stats/every-counter", test_every_counter);
	g_test_add_func("/stats/nothing", test_nothing);
	g_test_add_func("/stats/bytes", test_bytes);
	g_test_add_func("/stats/write", test_write);
	g_test_add_func("/stats/write-for-all", test_write_for_all);
	g_test_add_func("/stats/write-fails", test_write_fails);
	return g_test_run();
}
