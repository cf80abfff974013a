/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layers_fixture.h"

void layers_shape(void)
{
	double_card.shared_overlays = TEST_LAYERS;
	double_card.zpos = true;
}

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct test_layer *layer = data;

	g_assert_cmpuint(serial, >, layer->presented);
	g_assert_cmpuint(serial, >, layer->failed);
	g_assert_cmpuint(serial, <=, layer->serial);
	layer->presented = serial;
	layer->presentations++;
	layer->sequence = presentation->sequence;
	if (layer->on_presented)
		layer->on_presented(layer);
}

static void on_commit_failed(void *data, uint64_t serial, int error)
{
	struct test_layer *layer = data;

	g_assert_cmpuint(serial, >, layer->presented);
	g_assert_cmpuint(serial, >, layer->failed);
	g_assert_cmpuint(serial, <=, layer->serial);
	layer->failed = serial;
	layer->failures++;
	layer->error = error;
}

void layers_make(struct layers_fixture *fixture, struct card_fixture *card, size_t output,
	size_t count)
{
	static const struct kms_layer_listener listener = {
		.presented = on_presented,
		.commit_failed = on_commit_failed,
	};

	*fixture = (struct layers_fixture){.card = card, .output = output, .count = count};
	for (size_t i = 0; i < count; i++) {
		struct test_layer *layer = &fixture->layers[i];

		layer->layer = kms_output_layer_create(card->outputs[output].output, &listener,
			layer);
		g_assert_nonnull(layer->layer);
		layer->buffer = kms_buffer_create_dumb(card->device, TEST_LAYER_SIZE,
			TEST_LAYER_SIZE, NULL);
		g_assert_nonnull(layer->buffer);
		layer->place = (struct kms_rect){50 * (int32_t)i, 50 * (int32_t)i, TEST_LAYER_SIZE,
			TEST_LAYER_SIZE};
	}
}

void layers_end(struct layers_fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		kms_output_layer_destroy(fixture->layers[i].layer);
		kms_buffer_unref(fixture->layers[i].buffer);
	}
}

static struct kms_frame frame_of(const struct test_layer *layer)
{
	return (struct kms_frame){
		.serial = layer->serial,
		.buffer = layer->buffer,
		.source = {0, 0, (int32_t)kms_buffer_width(layer->buffer),
			(int32_t)kms_buffer_height(layer->buffer)},
		.destination = layer->place,
		.transform = KMS_ROTATE_0,
	};
}

uint32_t layers_arrange(struct layers_fixture *fixture)
{
	struct kms_frame frames[1 + TEST_LAYERS];
	struct kms_layer_wish wishes[1 + TEST_LAYERS] = {{NULL, &frames[0]}};

	frames[0] = card_frame(fixture->card, card_picture(fixture->card, fixture->output));
	for (size_t i = 0; i < fixture->count; i++) {
		frames[i + 1] = frame_of(&fixture->layers[i]);
		wishes[i + 1] = (struct kms_layer_wish){fixture->layers[i].layer, &frames[i + 1]};
	}
	return kms_output_arrange(fixture->card->outputs[fixture->output].output, wishes,
		fixture->count + 1);
}

enum kms_submit layers_submit(struct layers_fixture *fixture, size_t layer)
{
	struct test_layer *shown = &fixture->layers[layer];
	struct kms_frame frame;

	shown->serial++;
	frame = frame_of(shown);
	return kms_output_layer_submit(shown->layer, &frame);
}

void layers_show(struct layers_fixture *fixture)
{
	struct kms_output *output = fixture->card->outputs[fixture->output].output;

	/* Together: alone the planes would be set at once where nothing was shown for a while, as
	 * on a slow machine. */
	kms_output_begin(output);
	g_assert_cmphex(layers_arrange(fixture), ==, (1u << (fixture->count + 1)) - 1);
	g_assert_cmpint(card_submit(fixture->card, fixture->output), ==, KMS_SUBMIT_ACCEPTED);
	for (size_t i = 0; i < fixture->count; i++)
		g_assert_cmpint(layers_submit(fixture, i), ==, KMS_SUBMIT_ACCEPTED);
	kms_output_end(output);
	card_flip((unsigned int)fixture->output);
	for (size_t i = 0; i < fixture->count; i++)
		g_assert_cmpuint(fixture->layers[i].presented, ==, fixture->layers[i].serial);
}
