/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layer gets which plane, on the double: by what planes can do, by what the driver says of
 * all of them together, and by who else has them. What layers show: test-kms-layers; what lies
 * above what: test-kms-stack.
 */
#include "device.h"
#include "layers_fixture.h"

#include <errno.h>

static unsigned int plane_of(const struct test_layer *layer)
{
	unsigned int plane = 0;

	while (plane < TEST_LAYERS &&
		double_value(DOUBLE_SHARED(plane), "FB_ID") != layer->buffer->framebuffer)
		plane++;
	return plane;
}

/* A vblank comes, whether there is a commit or not. */
static bool flip(unsigned int crtc)
{
	double_flip(crtc);
	card_turn();
	return true;
}

static unsigned int tests(const struct card_fixture *card)
{
	return (unsigned int)kms_output_counters(card->outputs[0].output)->tests;
}

/* Asked once, by one value where all goes; then remembered, in whatever order the questions
 * come. */
static void test_remembered(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int asked;

	layers_shape();
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	asked = tests(card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	/* The picture alone, and all. */
	g_assert_cmpuint(tests(card), ==, asked + 2);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	fixture.layers[0].place.x = 300;
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	g_assert_cmpuint(tests(card), ==, asked + 3);
	fixture.layers[0].place.x = 0;
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	/* How translucent is no question, whether it is at all is one. */
	kms_output_layer_set_blending(fixture.layers[1].layer, KMS_BLEND_PREMULTIPLIED, 100);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	g_assert_cmpuint(tests(card), ==, asked + 4);
	kms_output_layer_set_blending(fixture.layers[1].layer, KMS_BLEND_PREMULTIPLIED, 200);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	g_assert_cmpuint(tests(card), ==, asked + 4);
	layers_end(&fixture);
}

/* With less room than layers those at the top have planes, whoever is below is drawn. */
static void test_too_few(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int asked;

	layers_shape();
	double_card.overlays_max = 1;
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	asked = tests(card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 3);
	g_assert_cmpuint(tests(card) - asked, <, 25);
	asked = tests(card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 3);
	g_assert_cmpuint(tests(card), ==, asked);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_REFUSED);
	g_assert_cmpint(layers_submit(&fixture, 2), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	layers_end(&fixture);
}

/* Who is covered by one that is drawn is drawn, too: a scaled layer, which no overlay here
 * shows. */
static void test_covered(struct card_fixture *card)
{
	struct layers_fixture fixture;

	layers_shape();
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	fixture.layers[1].place.width = 200;
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 3);
	fixture.layers[0].place.x = 500;
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 1 | 1 << 3);
	layers_end(&fixture);
}

/* Without zpos nobody knows which of two overlays is the upper one. */
static void test_unordered(struct card_fixture *card)
{
	struct layers_fixture fixture;

	layers_shape();
	double_card.zpos = false;
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 3);
	/* Now the first and the third touch in a corner only. */
	fixture.layers[1].place.x = 600;
	layers_show(&fixture);
	layers_end(&fixture);
}

/* Where each plane has its place, layers take the planes in that order, and change them with it. */
static void test_fixed(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct test_layer above;

	layers_shape();
	double_card.zpos = false;
	double_card.zpos_fixed = true;
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	layers_show(&fixture);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(plane_of(&fixture.layers[i]), ==, i);
	/* The lowest comes to the top: all of it in one commit. */
	above = fixture.layers[0];
	fixture.layers[0] = fixture.layers[1];
	fixture.layers[1] = fixture.layers[2];
	fixture.layers[2] = above;
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	card_wait(double_counters.commits == 2);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(plane_of(&fixture.layers[i]), ==, i);
	card_flip(0);
	layers_end(&fixture);
}

/* A layer keeps its plane where its neighbour comes, goes, or must be drawn. */
static void test_kept(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int planes[TEST_LAYERS] = {0}, commits;

	layers_shape();
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	layers_show(&fixture);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		planes[i] = plane_of(&fixture.layers[i]);
	fixture.layers[0].place.width = 200;
	g_assert_cmphex(layers_arrange(&fixture), ==, 13);
	card_wait(double_counters.commits == 2);
	card_flip(0);
	g_assert_cmpuint(plane_of(&fixture.layers[0]), ==, TEST_LAYERS);
	g_assert_cmpuint(plane_of(&fixture.layers[1]), ==, planes[1]);
	g_assert_cmpuint(plane_of(&fixture.layers[2]), ==, planes[2]);
	fixture.layers[0].place.width = 100;
	commits = double_counters.commits;
	layers_show(&fixture);
	g_assert_cmpuint(double_counters.commits, ==, commits + 1);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(plane_of(&fixture.layers[i]), ==, planes[i]);
	layers_end(&fixture);
}

/* ---- what planes say that they can do ---- */

static uint32_t blended(struct layers_fixture *fixture, enum kms_blend blend, uint16_t alpha)
{
	kms_output_layer_set_blending(fixture->layers[0].layer, blend, alpha);
	return layers_arrange(fixture);
}

/* No question where the plane cannot say so; what is opaque needs no property. */
static void test_blending(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int asked;

	layers_shape();
	double_card.no_alpha = true;
	card_start(card);
	layers_make(&fixture, card, 0, 1);
	g_assert_cmphex(blended(&fixture, KMS_BLEND_NONE, 0xffff), ==, 3);
	asked = tests(card);
	g_assert_cmphex(blended(&fixture, KMS_BLEND_NONE, 0xfffe), ==, 1);
	g_assert_cmpuint(tests(card), ==, asked);
	layers_end(&fixture);
}

static void test_blend_modes(struct card_fixture *card)
{
	static const uint64_t numbers[KMS_BLENDS] = {
		[KMS_BLEND_PREMULTIPLIED] = 0,
		[KMS_BLEND_NONE] = 2,
		[KMS_BLEND_COVERAGE] = 1,
	};
	struct layers_fixture fixture;

	layers_shape();
	double_card.blend_modes = true;
	card_start(card);
	layers_make(&fixture, card, 0, 1);
	for (int blend = 0; blend < KMS_BLENDS; blend++) {
		unsigned int plane;

		g_assert_cmphex(blended(&fixture, (enum kms_blend)blend, 0x8000), ==, 3);
		layers_submit(&fixture, 0);
		card_wait(double_flip(0));
		card_turn();
		plane = plane_of(&fixture.layers[0]);
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "pixel blend mode"), ==,
			numbers[blend]);
		g_assert_cmphex(double_value(DOUBLE_SHARED(plane), "alpha"), ==, 0x8000);
	}
	layers_end(&fixture);
}

/* ---- whose planes they are ---- */

/* Two CRTCs that share three planes. */
static void test_shared(struct card_fixture *card)
{
	struct layers_fixture first, second;
	unsigned int changes;

	layers_shape();
	double_card.crtcs = 2;
	card_start(card);
	layers_make(&first, card, 0, 2);
	layers_make(&second, card, 1, 2);
	layers_show(&first);
	g_assert_cmphex(layers_arrange(&second), ==, 1 | 1 << 2);
	g_assert_cmpint(layers_submit(&second, 1), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(1);
	changes = card->outputs[1].changes;
	/* What one gives up the other hears of, once it is free. */
	kms_output_layer_destroy(first.layers[0].layer);
	first.layers[0].layer = NULL;
	card_wait(double_value(DOUBLE_SHARED(0), "FB_ID") == 0 ||
		double_value(DOUBLE_SHARED(1), "FB_ID") == 0 ||
		double_value(DOUBLE_SHARED(2), "FB_ID") == 0);
	card_turn();
	g_assert_cmpuint(card->outputs[1].changes, ==, changes);
	g_assert_cmphex(layers_arrange(&second), ==, 1 | 1 << 2);
	card_flip(0);
	card_turn();
	g_assert_cmpuint(card->outputs[1].changes, ==, changes + 1);
	g_assert_cmphex(layers_arrange(&second), ==, 7);
	g_assert_cmpint(layers_submit(&second, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(flip(1) && second.layers[0].presented == 1);
	/* Nobody is told again. */
	g_assert_cmpuint(card->outputs[1].changes, ==, changes + 1);
	layers_end(&first);
	layers_end(&second);
}

/* An output that goes gives up its planes, those that are lit and those that are not yet. */
static void test_given_up(struct card_fixture *card)
{
	struct layers_fixture first, second;

	layers_shape();
	double_card.crtcs = 2;
	card_start(card);
	layers_make(&first, card, 0, TEST_LAYERS);
	layers_make(&second, card, 1, TEST_LAYERS);
	g_assert_cmphex(layers_arrange(&first), ==, 15);
	layers_submit(&first, 0);
	card_flip(0);
	g_assert_cmphex(layers_arrange(&second), ==, 1);
	card_configure_only(card, 1);
	card_flip_all(card);
	card_turn();
	g_assert_cmphex(layers_arrange(&second), ==, 15);
	layers_show(&second);
	layers_end(&first);
	layers_end(&second);
}

/* The driver takes all but the lower one, whatever it said before. */
static void show_refused(struct layers_fixture *fixture, struct card_fixture *card)
{
	struct kms_output *output = card->outputs[1].output;
	unsigned int failures = fixture->layers[0].failures;

	kms_output_begin(output);
	card_submit(card, 1);
	layers_submit(fixture, 0);
	layers_submit(fixture, 1);
	/* All, then without the upper one. */
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 2);
	kms_output_end(output);
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	card_turn();
	g_assert_cmpuint(fixture->layers[0].failures, ==, failures + 1);
	card_flip(1);
}

/* What was refused once is tried again when another output has given up a plane, but not for
 * ever. */
static void test_denied(struct card_fixture *card)
{
	const struct kms_output_counters *counters;
	struct layers_fixture first, second;

	layers_shape();
	double_card.crtcs = 2;
	card_start(card);
	layers_make(&second, card, 1, 2);
	counters = kms_output_counters(card->outputs[1].output);
	for (unsigned int round = 1; round <= KMS_STACK_DENIALS_MAX; round++) {
		uint64_t asked;

		layers_make(&first, card, 0, 1);
		layers_show(&first);
		g_assert_cmphex(layers_arrange(&second), ==, 7);
		show_refused(&second, card);
		asked = counters->tests;
		g_assert_cmphex(layers_arrange(&second), ==, 1 | 1 << 2);
		g_assert_cmpuint(counters->tests, ==, asked);
		layers_end(&first);
		card_wait(flip(0) && double_value(DOUBLE_SHARED(0), "CRTC_ID") != DOUBLE_CRTC(0) &&
			double_value(DOUBLE_SHARED(1), "CRTC_ID") != DOUBLE_CRTC(0) &&
			double_value(DOUBLE_SHARED(2), "CRTC_ID") != DOUBLE_CRTC(0));
		flip(0);
		flip(1);
	}
	g_assert_cmphex(layers_arrange(&second), ==, 1 | 1 << 2);
	layers_end(&second);
}

/* A cursor that stands on an overlay keeps it, and what comes as a cursor takes none of a
 * layer's. */
static void test_cursor(struct card_fixture *card)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct layers_fixture fixture;

	layers_shape();
	double_card.cursor_planes = false;
	card_start(card);
	g_assert_true(kms_output_set_cursor(card->outputs[0].output, pixels, 0, 0));
	layers_make(&fixture, card, 0, 2);
	layers_show(&fixture);
	g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "zpos"), ==, 7);
	g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "CRTC_W"), ==, 64);
	layers_end(&fixture);
}

/* Nor is one of another output's taken while it is hidden; when that goes off, it may be. */
static void test_hidden_cursor(struct card_fixture *card)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct layers_fixture first;

	layers_shape();
	double_card.cursor_planes = false;
	double_card.crtcs = 2;
	card_start(card);
	layers_make(&first, card, 0, TEST_LAYERS);
	/* Three overlays, two of them for cursors. */
	g_assert_cmphex(layers_arrange(&first), ==, 1 | 1 << 3);
	g_assert_true(kms_output_set_cursor(card->outputs[1].output, pixels, 0, 0));
	kms_output_set_cursor(card->outputs[1].output, NULL, 0, 0);
	card_configure_only(card, 0);
	card_flip_all(card);
	card_turn();
	g_assert_cmphex(layers_arrange(&first), ==, 1 | 1 << 2 | 1 << 3);
	layers_end(&first);
}

/*
 * A cursor that the driver shows only without them stays above them: who is to be drawn are the
 * layers, whether it comes by a question or, while a flip is in flight, by a commit.
 */
static void check_cursor_above(struct card_fixture *card, bool in_flight)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct layers_fixture fixture;
	struct kms_output *output;
	unsigned int changes;

	layers_shape();
	double_card.cursor_without_overlays = true;
	card_start(card);
	output = card->outputs[0].output;
	layers_make(&fixture, card, 0, 2);
	layers_show(&fixture);
	changes = card->outputs[0].changes;
	if (in_flight) {
		card_submit(card, 0);
		card_wait(double_counters.commits == 2);
	}
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	card_wait(flip(0) && card->outputs[0].changes > changes);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1);
	card_wait(flip(0) && double_value(DOUBLE_CURSOR(0), "FB_ID"));
	for (unsigned int plane = 0; plane < TEST_LAYERS; plane++)
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "FB_ID"), ==, 0);
	layers_end(&fixture);
}

static void test_cursor_above(struct card_fixture *card)
{
	check_cursor_above(card, false);
}

static void test_cursor_above_in_flight(struct card_fixture *card)
{
	check_cursor_above(card, true);
}

/* A picture that is refused for want of memory is no word on the layers. */
static void test_picture_refused(struct card_fixture *card)
{
	struct layers_fixture fixture;

	layers_shape();
	card_start(card);
	layers_make(&fixture, card, 0, 2);
	double_fail(DOUBLE_TEST, ENOSPC, 0, 1);
	g_assert_cmphex(layers_arrange(&fixture), ==, 0);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_REFUSED);
	card_configure(card, "800x600", false);
	card_flip(0);
	g_assert_cmphex(layers_arrange(&fixture), ==, 7);
	layers_end(&fixture);
}

/* ---- wrong moments ---- */

/* Whichever question the driver has no memory for: what it takes is found out in the end. */
static void test_no_memory(struct card_fixture *card)
{
	layers_shape();
	double_card.overlays_max = 2;
	card_start(card);
	for (unsigned int nth = 0; nth < 12; nth++) {
		struct layers_fixture fixture;
		unsigned int changes;
		uint32_t answer;

		layers_make(&fixture, card, 0, TEST_LAYERS);
		/* Each time another question. */
		fixture.layers[0].place.y = (int32_t)nth;
		double_fail(DOUBLE_TEST, ENOMEM, nth, 1);
		changes = card->outputs[0].changes;
		answer = layers_arrange(&fixture);
		if (answer != 13) {
			card_wait(card->outputs[0].changes > changes);
			g_assert_cmphex(layers_arrange(&fixture), ==, 13);
		}
		double_fail(DOUBLE_TEST, 0, 0, 0);
		layers_end(&fixture);
	}
}

/* The card is another's by now: that is dealt with, and nothing is said of the layers. */
static void test_other_master(struct card_fixture *card)
{
	struct layers_fixture fixture;

	layers_shape();
	card_start(card);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	double_set_master(false);
	double_card.other_master = true;
	g_assert_cmphex(layers_arrange(&fixture), ==, 0);
	card_turn();
	g_assert_false(kms_output_active(card->outputs[0].output));
	layers_end(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/planes/remembered", test_remembered);
	card_add_test("/kms/planes/too-few", test_too_few);
	card_add_test("/kms/planes/covered", test_covered);
	card_add_test("/kms/planes/unordered", test_unordered);
	card_add_test("/kms/planes/fixed", test_fixed);
	card_add_test("/kms/planes/kept", test_kept);
	card_add_test("/kms/planes/blending", test_blending);
	card_add_test("/kms/planes/blend-modes", test_blend_modes);
	card_add_test("/kms/planes/shared", test_shared);
	card_add_test("/kms/planes/given-up", test_given_up);
	card_add_test("/kms/planes/denied", test_denied);
	card_add_test("/kms/planes/cursor", test_cursor);
	card_add_test("/kms/planes/hidden-cursor", test_hidden_cursor);
	card_add_test("/kms/planes/cursor-above", test_cursor_above);
	card_add_test("/kms/planes/cursor-above-in-flight", test_cursor_above_in_flight);
	card_add_test("/kms/planes/picture-refused", test_picture_refused);
	card_add_test("/kms/planes/no-memory", test_no_memory);
	card_add_test("/kms/planes/other-master", test_other_master);
	return g_test_run();
}
