/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card_fixture.h"

#include <string.h>
#include <unistd.h>

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

/* ---- the listener ---- */

static struct card_output *find_output(struct card_fixture *fixture, struct kms_output *output)
{
	for (size_t i = 0; i < fixture->count; i++) {
		if (fixture->outputs[i].output == output)
			return &fixture->outputs[i];
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
}

static void on_output_changed(void *data, struct kms_output *output)
{
	find_output(data, output)->changes++;
}

static void on_device_gone(void *data)
{
	struct card_fixture *fixture = data;

	g_assert_false(fixture->gone);
	fixture->gone = true;
}

static const struct kms_listener listener = {
	.presented = on_presented,
	.idle = on_idle,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
	.device_gone = on_device_gone,
};

/* ---- life ---- */

void card_open_timed(struct card_fixture *fixture, unsigned int flip_timeout_ms)
{
	const struct kms_device_options options = {
		.fd = double_open(),
		.flip_timeout_ms = flip_timeout_ms,
	};
	GError *error = NULL;

	memset(fixture, 0, sizeof(*fixture));
	fixture->log = g_string_new(NULL);
	current = fixture;
	fixture->device = kms_device_create(&options, &listener, fixture, &error);
	g_assert_no_error(error);
	fixture->count = kms_device_output_count(fixture->device);
	for (size_t i = 0; i < fixture->count; i++)
		fixture->outputs[i].output = kms_device_output(fixture->device, i);
}

void card_open(struct card_fixture *fixture)
{
	card_open_timed(fixture, 0);
}

void card_configure(struct card_fixture *fixture, const char *mode, bool keep_picture)
{
	struct kms_output_request requests[DOUBLE_CRTCS_MAX];
	GError *error = NULL;

	for (size_t i = 0; i < fixture->count; i++)
		requests[i] = (struct kms_output_request){fixture->outputs[i].output, mode,
			keep_picture};
	kms_device_configure(fixture->device, requests, fixture->count, &error);
	g_assert_no_error(error);
	card_turn();
}

void card_start(struct card_fixture *fixture)
{
	card_open(fixture);
	card_configure(fixture, NULL, false);
	memset(&double_counters, 0, sizeof(double_counters));
	for (size_t i = 0; i < fixture->count; i++)
		fixture->outputs[i].changes = 0;
}

void card_finish(struct card_fixture *fixture)
{
	kms_device_destroy(fixture->device);
	g_assert_cmpstr(double_faults(), ==, NULL);
	g_string_free(fixture->log, TRUE);
	current = NULL;
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

gboolean card_tire(gpointer tired)
{
	*(bool *)tired = true;
	return G_SOURCE_CONTINUE;
}

/* ---- frames ---- */

enum kms_submit card_submit(struct card_fixture *fixture, size_t output, struct kms_buffer *buffer,
	const struct kms_rect *damage, size_t damage_count)
{
	const struct kms_rect all = {0, 0, (int32_t)kms_buffer_width(buffer),
		(int32_t)kms_buffer_height(buffer)};
	const struct kms_frame frame = {
		.serial = ++fixture->serial,
		.buffer = buffer,
		.source = all,
		.destination = all,
		.transform = KMS_ROTATE_0,
		.damage = damage,
		.damage_count = damage_count,
	};

	return kms_output_submit(fixture->outputs[output].output, &frame);
}

struct kms_buffer *card_buffer(struct card_fixture *fixture, size_t output)
{
	const struct kms_mode_info *mode = kms_output_mode(fixture->outputs[output].output);
	GError *error = NULL;
	struct kms_buffer *buffer = kms_buffer_create_dumb(fixture->device, mode->width,
		mode->height, &error);

	g_assert_no_error(error);
	return buffer;
}

uint32_t card_shown(unsigned int n)
{
	return (uint32_t)double_value(DOUBLE_PRIMARY(n), "FB_ID");
}
