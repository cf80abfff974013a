/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card_fixture.h"

#include <errno.h>
#include <string.h>

static struct card_fixture *current;

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; current && i < count; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			g_string_append_printf(current->log, "%s\n", (const char *)fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

void card_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
}

/* What g_test_add_data_func() carries: a pointer to a function is no gpointer in C. */
struct entry {
	card_test *test;
};

static void run_test(gconstpointer data)
{
	const struct entry *entry = data;
	struct card_fixture card = {0};

	double_reset();
	entry->test(&card);
	card_finish(&card);
}

void card_add_test(const char *path, card_test *test)
{
	const struct entry entry = {test};

	g_test_add_data_func_full(path, g_memdup2(&entry, sizeof(entry)), run_test, g_free);
}

/* ---- the listener ---- */

static struct card_output *find_output(struct card_fixture *card, struct kms_output *output)
{
	for (size_t i = 0; i < card->count; i++) {
		if (card->outputs[i].output == output)
			return &card->outputs[i];
	}
	g_assert_not_reached();
}

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct card_output *seen = find_output(data, output);

	g_assert_cmpuint(serial, >, seen->presented);
	g_assert_cmpuint(serial, >, seen->failed);
	seen->presented = serial;
	seen->presentations++;
	seen->presentation = *presentation;
	seen->busy_when_presented = kms_output_busy(output);
	if (current->on_presented)
		current->on_presented(current, seen);
}

static void on_idle(void *data, struct kms_output *output)
{
	g_assert_false(kms_output_busy(output));
	find_output(data, output)->idle++;
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct card_output *seen = find_output(data, output);

	g_assert_cmpuint(serial, >, seen->presented);
	g_assert_cmpuint(serial, >, seen->failed);
	seen->failed = serial;
	seen->failures++;
	seen->error = error;
	seen->blocked_when_failed = double_counters.blocking_commits;
}

static void on_output_changed(void *data, struct kms_output *output)
{
	find_output(data, output)->changes++;
}

static void on_probed(void *data)
{
	struct card_fixture *card = data;

	g_assert_false(card->gone);
	card->probes++;
	card->changes_when_probed = 0;
	for (size_t i = 0; i < card->count; i++)
		card->changes_when_probed += card->outputs[i].changes;
}

static void on_device_gone(void *data)
{
	struct card_fixture *card = data;

	g_assert_false(card->gone);
	card->gone = true;
}

static const struct kms_listener listener = {
	.presented = on_presented,
	.idle = on_idle,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
	.probed = on_probed,
	.device_gone = on_device_gone,
};

/* ---- life ---- */

static void create(struct card_fixture *card, const struct kms_device_options *options)
{
	GError *error = NULL;

	g_assert_null(card->device);
	card->buffers = g_ptr_array_new_with_free_func((GDestroyNotify)kms_buffer_unref);
	card->log = g_string_new(NULL);
	current = card;
	card->device = kms_device_create(options, &listener, card, &error);
	g_assert_no_error(error);
}

void card_find_outputs(struct card_fixture *card)
{
	card->count = kms_device_output_count(card->device);
	for (size_t i = 0; i < card->count; i++) {
		card->outputs[i].output = kms_device_output(card->device, i);
		card->requests[i].output = card->outputs[i].output;
	}
}

static void open_timed(struct card_fixture *card, unsigned int flip_timeout_ms)
{
	const struct kms_device_options options = {
		.fd = double_open(),
		.flip_timeout_ms = flip_timeout_ms,
	};

	create(card, &options);
	card_find_outputs(card);
}

void card_open(struct card_fixture *card)
{
	open_timed(card, 0);
}

void card_open_nonblocking(struct card_fixture *card)
{
	create(card, &(struct kms_device_options){.fd = double_open(), .nonblocking = true});
}

static void configure(struct card_fixture *card, size_t first, size_t count)
{
	GError *error = NULL;
	bool configured = kms_device_configure(card->device, &card->requests[first], count, &error);

	g_assert_no_error(error);
	g_assert_true(configured);
	card_turn();
}

void card_configure(struct card_fixture *card, const char *mode, bool keep_picture)
{
	for (size_t i = 0; i < card->count; i++) {
		card->requests[i].mode = mode;
		card->requests[i].keep_picture = keep_picture;
	}
	configure(card, 0, card->count);
}

void card_configure_only(struct card_fixture *card, size_t n)
{
	configure(card, n, 1);
}

void card_start(struct card_fixture *card)
{
	card_start_timed(card, 0);
}

void card_start_timed(struct card_fixture *card, unsigned int flip_timeout_ms)
{
	open_timed(card, flip_timeout_ms);
	card_configure(card, NULL, false);
	memset(&double_counters, 0, sizeof(double_counters));
	for (size_t i = 0; i < card->count; i++)
		card->outputs[i].changes = 0;
}

void card_close(struct card_fixture *card)
{
	if (!card->device)
		return;
	g_ptr_array_unref(card->buffers);
	kms_device_destroy(card->device);
	/* The double is to be at rest. */
	while (kms_probes() > 0)
		g_main_context_iteration(NULL, FALSE);
	g_string_free(card->log, TRUE);
	card->device = NULL;
	current = NULL;
}

void card_finish(struct card_fixture *card)
{
	card_close(card);
	g_assert_cmpstr(double_faults(), ==, NULL);
}

void card_turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		continue;
}

void card_flip(unsigned int n)
{
	g_assert_true(double_flip(n));
	card_turn();
}

void card_flip_all(struct card_fixture *card)
{
	for (unsigned int i = 0; i < card->count; i++) {
		if (double_flip(i))
			card_turn();
	}
}

gboolean card_tire(gpointer tired)
{
	*(bool *)tired = true;
	return G_SOURCE_CONTINUE;
}

/* ---- frames ---- */

struct kms_buffer *card_buffer(struct card_fixture *card, size_t output)
{
	const struct kms_mode_info *mode = kms_output_mode(card->outputs[output].output);
	GError *error = NULL;
	struct kms_buffer *buffer = kms_buffer_create_dumb(card->device, mode->width, mode->height,
		&error);

	g_assert_no_error(error);
	g_ptr_array_add(card->buffers, buffer);
	return buffer;
}

void card_release(struct card_fixture *card, struct kms_buffer *buffer)
{
	for (size_t i = 0; i < card->count; i++) {
		if (card->outputs[i].picture == buffer)
			card->outputs[i].picture = NULL;
	}
	g_assert_true(g_ptr_array_remove(card->buffers, buffer));
}

struct kms_buffer *card_picture(struct card_fixture *card, size_t output)
{
	const struct kms_mode_info *mode = kms_output_mode(card->outputs[output].output);
	struct kms_buffer **picture = &card->outputs[output].picture;

	if (*picture &&
		(kms_buffer_width(*picture) != mode->width ||
			kms_buffer_height(*picture) != mode->height))
		card_release(card, *picture);
	if (!*picture)
		*picture = card_buffer(card, output);
	return *picture;
}

struct kms_frame card_frame(struct card_fixture *card, struct kms_buffer *buffer)
{
	const struct kms_rect all = {0, 0, (int32_t)kms_buffer_width(buffer),
		(int32_t)kms_buffer_height(buffer)};

	return (struct kms_frame){
		.serial = ++card->serial,
		.buffer = buffer,
		.source = all,
		.destination = all,
		.transform = KMS_ROTATE_0,
	};
}

enum kms_submit card_submit(struct card_fixture *card, size_t output)
{
	return card_submit_buffer(card, output, card_picture(card, output));
}

enum kms_submit card_submit_buffer(struct card_fixture *card, size_t output,
	struct kms_buffer *buffer)
{
	const struct kms_frame frame = card_frame(card, buffer);

	return kms_output_submit(card->outputs[output].output, &frame);
}

void card_show(struct card_fixture *card, size_t output)
{
	g_assert_cmpint(card_submit(card, output), ==, KMS_SUBMIT_ACCEPTED);
	card_flip((unsigned int)output);
	g_assert_cmpuint(card->outputs[output].presented, ==, card->serial);
}

void card_submit_stuck(struct card_fixture *card, size_t output)
{
	g_assert_cmpint(card_submit(card, output), ==, KMS_SUBMIT_ACCEPTED);
	double_lose_flips();
}

void card_time_out(struct card_fixture *card, size_t output)
{
	struct card_output *seen = &card->outputs[output];
	unsigned int failures = seen->failures;

	card_submit_stuck(card, output);
	card_wait(seen->failures > failures);
	g_assert_cmpuint(seen->failed, ==, card->serial);
	g_assert_cmpint(seen->error, ==, ETIMEDOUT);
}

uint32_t card_shown(unsigned int n)
{
	return (uint32_t)double_value(DOUBLE_PRIMARY(n), "FB_ID");
}
