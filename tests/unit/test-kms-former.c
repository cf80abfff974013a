/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers that a previous master left on planes above its picture, on the double: they stay over the
 * takeover, each until a layer of ours has a frame in its place, or nobody is awaited there.
 */
#include "device.h"
#include "layers_fixture.h"

#include <errno.h>

static uint32_t shown_on(unsigned int plane)
{
	return (uint32_t)double_value(DOUBLE_SHARED(plane), "FB_ID");
}

/* What the layers of the fixture are on, by the process before us. */
static uint32_t former[TEST_LAYERS];

/* And its cursor, in the tests that have one. */
static bool has_cursor;
static uint32_t cursor;

static void configure(struct card_fixture *card, bool keep_layers)
{
	struct kms_output_request request = {
		.output = card->outputs[0].output,
		.keep_picture = true,
		.keep_layers = keep_layers,
		.keep_cursor = keep_layers,
	};

	g_assert_true(kms_device_configure(card->device, &request, 1, NULL));
}

/* A card with pictures, and above the first a layer on each of the overlays: where layers_make()
 * has them. */
static void light(struct card_fixture *card)
{
	layers_shape();
	for (unsigned int i = 0; i < double_card.crtcs; i++)
		double_light(i);
	for (unsigned int i = 0; i < TEST_LAYERS; i++) {
		const int32_t at = 50 * (int32_t)i;

		former[i] = double_light_plane(0, DOUBLE_SHARED(i), at, at, TEST_LAYER_SIZE,
			TEST_LAYER_SIZE);
	}
	if (has_cursor)
		cursor = double_light_plane(0, DOUBLE_CURSOR(0), 9, 9, KMS_CURSOR_SIZE,
			KMS_CURSOR_SIZE);
	card_open(card);
}

static void start(struct layers_fixture *fixture, struct card_fixture *card)
{
	light(card);
	configure(card, true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	for (unsigned int i = 0; i < TEST_LAYERS; i++) {
		g_assert_cmpuint(shown_on(i), ==, former[i]);
		g_assert_false(double_committed(DOUBLE_SHARED(i), "FB_ID"));
	}
	layers_make(fixture, card, 0, TEST_LAYERS);
}

/* Which of them are still there, a bit each. */
static unsigned int left(void)
{
	unsigned int set = 0;

	for (unsigned int i = 0; i < TEST_LAYERS; i++)
		set |= shown_on(i) == former[i] ? 1u << i : 0;
	return set;
}

static unsigned int lit(void)
{
	unsigned int set = 0;

	for (unsigned int i = 0; i < TEST_LAYERS; i++)
		set |= shown_on(i) ? 1u << i : 0;
	return set;
}

/* Each is replaced in its place, by the frame that takes it. */
static void test_replaced(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	g_assert_cmphex(left(), ==, 7);
	layers_submit(&fixture, 1);
	card_wait(double_counters.commits == 2);
	g_assert_cmphex(left(), ==, 5);
	g_assert_cmphex(lit(), ==, 7);
	g_assert_cmpuint(shown_on(1), ==, fixture.layers[1].buffer->framebuffer);
	g_assert_cmpuint(double_value(DOUBLE_SHARED(1), "CRTC_X"), ==, 50);
	card_flip(0);
	/* Nor does the picture's own frame take those who are to come. */
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_counters.commits == 3);
	card_flip(0);
	g_assert_cmphex(left(), ==, 5);
	layers_submit(&fixture, 0);
	layers_submit(&fixture, 2);
	card_wait(double_counters.commits >= 4);
	while (kms_output_due(card->outputs[0].output))
		card_flip(0);
	for (unsigned int i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(shown_on(i), ==, fixture.layers[i].buffer->framebuffer);
	g_assert_false(card->outputs[0].output->has_former);
	layers_end(&fixture);
}

/* Whom nobody awaits goes with the picture, not before. */
static void test_not_awaited(struct card_fixture *card)
{
	const struct kms_rect area = {90, 90, 120, 120};
	struct layers_fixture fixture;

	start(&fixture, card);
	kms_output_await_layers(card->outputs[0].output, &area, 1);
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmphex(left(), ==, 7);
	card_show(card, 0);
	g_assert_cmphex(left(), ==, 4);
	g_assert_cmphex(lit(), ==, 4);
	/* Then by itself, when that is said of the last, too. */
	kms_output_await_layers(card->outputs[0].output, NULL, 0);
	card_wait(lit() == 0);
	card_flip(0);
	g_assert_false(card->outputs[0].output->has_former);
	layers_end(&fixture);
}

/* Without a layer of ours. */
static void test_no_layers(struct card_fixture *card)
{
	light(card);
	configure(card, true);
	kms_output_await_layers(card->outputs[0].output, NULL, 0);
	g_assert_cmphex(left(), ==, 7);
	card_show(card, 0);
	g_assert_cmphex(lit(), ==, 0);
}

/* A plane that is waited for is another layer's when that is over. */
static void test_planes_are_freed(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int changes;

	start(&fixture, card);
	for (unsigned int i = 0; i < TEST_LAYERS; i++)
		fixture.layers[i].place.y += 300;
	g_assert_cmphex(layers_arrange(&fixture), ==, 1);
	card_show(card, 0);
	g_assert_cmphex(left(), ==, 7);
	changes = card->outputs[0].changes;
	kms_output_await_layers(card->outputs[0].output, NULL, 0);
	card_wait(lit() == 0);
	card_flip(0);
	card_wait(card->outputs[0].changes > changes);
	layers_show(&fixture);
	layers_end(&fixture);
}

/* Another output's only when the flip is over that it goes with. */
static void test_other_output(struct card_fixture *card)
{
	struct kms_output_request requests[2];
	struct layers_fixture fixture;
	unsigned int changes;

	double_card.crtcs = 2;
	light(card);
	for (size_t i = 0; i < 2; i++)
		requests[i] = (struct kms_output_request){
			.output = card->outputs[i].output,
			.keep_picture = true,
			.keep_layers = true,
		};
	g_assert_true(kms_device_configure(card->device, requests, 2, NULL));
	layers_make(&fixture, card, 1, 1);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1);
	card_show(card, 1);
	kms_output_await_layers(card->outputs[0].output, NULL, 0);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_turn();
	g_assert_cmphex(lit(), ==, 0);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1);
	changes = card->outputs[1].changes;
	card_flip(0);
	card_wait(card->outputs[1].changes > changes);
	g_assert_false(card->outputs[0].output->has_former);
	layers_show(&fixture);
	g_assert_cmphex(lit(), !=, 0);
	layers_end(&fixture);
}

/* The driver takes the frame without what is there alone. */
static void test_refused(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	double_card.overlays_max = 1;
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_counters.commits == 2);
	g_assert_cmphex(lit(), ==, 0);
	card_flip(0);
	layers_end(&fixture);
}

/* Whom nobody awaits any more may be in the picture by now: where that is what is refused, they
 * stay. */
static void test_picture_refused(struct card_fixture *card)
{
	struct kms_output *output;
	struct layers_fixture fixture;

	start(&fixture, card);
	output = card->outputs[0].output;
	fixture.count = 1;
	layers_arrange(&fixture);
	kms_output_await_layers(output, NULL, 0);
	/* Both, and the picture alone. */
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 2);
	kms_output_begin(output);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_ACCEPTED);
	kms_output_end(output);
	g_assert_cmpuint(double_counters.commits_refused, ==, 2);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_cmpuint(shown_on(0), ==, fixture.layers[0].buffer->framebuffer);
	g_assert_cmphex(left(), ==, 6);
	card_flip(0);
	g_assert_cmphex(left(), ==, 6);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_counters.commits == 3);
	card_flip(0);
	g_assert_cmphex(left(), ==, 0);
	fixture.count = TEST_LAYERS;
	layers_end(&fixture);
}

/* Layers of ours over a picture that is kept: where they are what is refused, who is awaited beside
 * them stays. */
static void test_layer_refused(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct kms_output *output;

	start(&fixture, card);
	output = card->outputs[0].output;
	fixture.count = 2;
	g_assert_cmphex(layers_arrange(&fixture), ==, 7);
	kms_output_begin(output);
	layers_submit(&fixture, 0);
	layers_submit(&fixture, 1);
	kms_output_end(output);
	card_flip(0);
	g_assert_cmphex(lit(), ==, 7);
	g_assert_cmphex(left(), ==, 4);
	/* One goes, and the other's frame with that is refused. */
	fixture.count = 1;
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1);
	kms_output_begin(output);
	layers_arrange(&fixture);
	layers_submit(&fixture, 0);
	kms_output_end(output);
	g_assert_cmpuint(double_counters.commits_refused, ==, 1);
	card_flip(0);
	g_assert_cmphex(lit(), ==, 4);
	g_assert_cmphex(left(), ==, 4);
	fixture.count = TEST_LAYERS;
	layers_end(&fixture);
}

/* Where that is not asked for, and with a mode that is another. */
static void test_off(struct card_fixture *card)
{
	light(card);
	configure(card, false);
	g_assert_cmphex(lit(), ==, 0);
}

static void test_mode_set(struct card_fixture *card)
{
	double_card.needs_mode_set = true;
	light(card);
	configure(card, true);
	g_assert_cmphex(lit(), ==, 0);
}

/* A mode set of ours ends them. */
static void test_later_mode_set(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	card_configure(card, "640x480", false);
	card_flip(0);
	g_assert_cmphex(lit(), ==, 0);
	g_assert_false(card->outputs[0].output->has_former);
	layers_end(&fixture);
}

/* A cursor without a plane of its own has an overlay that shows none of them, if there is one. */
static void test_cursor(struct card_fixture *card)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {UINT32_MAX};
	uint32_t layer;

	double_card.cursor_planes = false;
	layers_shape();
	double_light(0);
	layer = double_light_plane(0, DOUBLE_SHARED(0), 0, 0, TEST_LAYER_SIZE, TEST_LAYER_SIZE);
	card_open(card);
	configure(card, true);
	g_assert_cmpuint(shown_on(0), ==, layer);
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, pixels, 0, 0));
	card_wait(double_counters.commits == 2);
	card_flip(0);
	g_assert_cmpuint(shown_on(0), ==, layer);
	g_assert_cmpuint(shown_on(1), !=, 0);
}

/* That of the picture stays with it, whatever layers bring. */
static void test_cursor_below_layers(struct card_fixture *card)
{
	struct layers_fixture fixture;

	has_cursor = true;
	start(&fixture, card);
	has_cursor = false;
	fixture.count = 1;
	layers_arrange(&fixture);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(shown_on(0), ==, fixture.layers[0].buffer->framebuffer);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, cursor);
	card_flip(0);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, cursor);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_value(DOUBLE_CURSOR(0), "FB_ID") == 0);
	card_flip(0);
	fixture.count = TEST_LAYERS;
	layers_end(&fixture);
}

/* Another master has turned them off meanwhile: they are anybody's. */
static void test_other_master(struct card_fixture *card)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {UINT32_MAX};

	double_card.crtcs = 2;
	double_card.cursor_planes = false;
	double_card.connected[1] = false;
	light(card);
	card->requests[0].keep_layers = true;
	card_configure(card, NULL, true);
	g_assert_cmphex(left(), !=, 0);
	kms_device_pause(card->device);
	double_darken(0);
	double_card.connected[1] = true;
	g_assert_true(kms_device_resume(card->device, NULL));
	card_wait(kms_output_connected(card->outputs[1].output));
	card_flip_all(card);
	card_configure(card, NULL, false);
	card_flip_all(card);
	for (size_t i = 0; i < 2; i++)
		g_assert_true(kms_output_set_cursor(card->outputs[i].output, pixels, 0, 0));
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/former/replaced", test_replaced);
	card_add_test("/kms/former/not-awaited", test_not_awaited);
	card_add_test("/kms/former/no-layers", test_no_layers);
	card_add_test("/kms/former/planes-are-freed", test_planes_are_freed);
	card_add_test("/kms/former/other-output", test_other_output);
	card_add_test("/kms/former/refused", test_refused);
	card_add_test("/kms/former/picture-refused", test_picture_refused);
	card_add_test("/kms/former/layer-refused", test_layer_refused);
	card_add_test("/kms/former/off", test_off);
	card_add_test("/kms/former/mode-set", test_mode_set);
	card_add_test("/kms/former/later-mode-set", test_later_mode_set);
	card_add_test("/kms/former/cursor", test_cursor);
	card_add_test("/kms/former/cursor-below-layers", test_cursor_below_layers);
	card_add_test("/kms/former/other-master", test_other_master);
	return g_test_run();
}
