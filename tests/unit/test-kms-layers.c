/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers above an output's picture, on the double: their frames, which flip together and wait for
 * nobody for long, and their life through mode sets, refusals and cards that go. What gets which
 * plane: test-kms-planes.
 */
#include "device.h"
#include "layers_fixture.h"

#include <errno.h>
#include <string.h>

static uint32_t shown_on(unsigned int plane)
{
	return (uint32_t)double_value(DOUBLE_SHARED(plane), "FB_ID");
}

/* The plane that a layer is on, or TEST_LAYERS. */
static unsigned int plane_of(const struct test_layer *layer)
{
	unsigned int plane = 0;

	while (plane < TEST_LAYERS && shown_on(plane) != layer->buffer->framebuffer)
		plane++;
	return plane;
}

/* Vblanks come; is no layer's plane on by now? */
static bool are_off(void)
{
	bool on = false;

	double_flip(0);
	for (unsigned int plane = 0; plane < TEST_LAYERS; plane++)
		on |= shown_on(plane) != 0;
	return !on;
}

static void start(struct layers_fixture *fixture, struct card_fixture *card)
{
	layers_shape();
	card_start(card);
	layers_make(fixture, card, 0, TEST_LAYERS);
}

/* ---- frames ---- */

static void test_shown(struct card_fixture *card)
{
	struct layers_fixture fixture;
	uint64_t below;

	start(&fixture, card);
	layers_show(&fixture);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	below = double_value(DOUBLE_PRIMARY(0), "zpos");
	for (size_t i = 0; i < TEST_LAYERS; i++) {
		unsigned int plane = plane_of(&fixture.layers[i]);

		g_assert_cmpuint(plane, <, TEST_LAYERS);
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "CRTC_ID"), ==, DOUBLE_CRTC(0));
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "CRTC_X"), ==, 50 * i);
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "CRTC_W"), ==, 100);
		g_assert_cmphex(double_value(DOUBLE_SHARED(plane), "alpha"), ==, 0xffff);
		g_assert_cmpuint(double_value(DOUBLE_SHARED(plane), "zpos"), >, below);
		below = double_value(DOUBLE_SHARED(plane), "zpos");
	}
	/* The next ones say no more than which framebuffer. */
	g_assert_cmpint(layers_submit(&fixture, 1), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(kms_output_due(card->outputs[0].output) && double_counters.commits == 2);
	g_assert_true(double_committed(DOUBLE_SHARED(plane_of(&fixture.layers[1])), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_SHARED(plane_of(&fixture.layers[1])), "zpos"));
	g_assert_false(double_committed(DOUBLE_SHARED(plane_of(&fixture.layers[1])), "CRTC_X"));
	g_assert_false(double_committed(DOUBLE_SHARED(plane_of(&fixture.layers[2])), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	card_flip(0);
	g_assert_cmpuint(fixture.layers[1].presented, ==, 2);
	g_assert_cmpuint(fixture.layers[2].presented, ==, 1);
	layers_end(&fixture);
}

/* What came while a flip was in flight goes with the next one, all of it; the newest of each
 * layer. */
static void test_one_commit(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	layers_show(&fixture);
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_counters.commits == 2);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	layers_submit(&fixture, 0);
	g_assert_true(kms_output_layer_busy(fixture.layers[0].layer));
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	card_flip(0);
	g_assert_cmpuint(fixture.layers[0].presented, ==, 3);
	g_assert_cmpuint(fixture.layers[1].presented, ==, 2);
	g_assert_cmpuint(card->outputs[0].presented, ==, card->serial);
	g_assert_false(kms_output_layer_busy(fixture.layers[0].layer));
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->frames_superseded, ==, 1);
	layers_end(&fixture);
}

/* Those that showed a frame lately are waited for, as long as the vblank is not missed. */
static void test_gathers(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	layers_show(&fixture);
	layers_submit(&fixture, 0);
	layers_submit(&fixture, 1);
	layers_submit(&fixture, 2);
	card_turn();
	/* Unless this took too long; then the test says nothing. */
	if (double_counters.commits == 1)
		g_assert_true(kms_output_due(card->outputs[0].output));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_turn();
	g_assert_cmpuint(double_counters.commits, <=, 3);
	card_wait(double_counters.commits >= 2);
	card_flip(0);
	/* One that is dead: the others go without it, by themselves. */
	for (unsigned int frame = 0; frame < 3; frame++) {
		unsigned int commits = double_counters.commits;

		card_submit(card, 0);
		layers_submit(&fixture, 0);
		card_wait(double_counters.commits > commits);
		card_flip(0);
		g_assert_cmpuint(fixture.layers[0].presented, ==, fixture.layers[0].serial);
		g_assert_cmpuint(card->outputs[0].presented, ==, card->serial);
	}
	layers_end(&fixture);
}

/* Where nobody else shows anything, nobody is waited for; nor where there is no vblank. */
static void test_waits_for_nobody(struct card_fixture *card)
{
	struct layers_fixture fixture;

	double_card.vblank = false;
	start(&fixture, card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	for (unsigned int frame = 1; frame <= 3; frame++) {
		for (size_t i = 0; i < TEST_LAYERS; i++) {
			layers_submit(&fixture, i);
			card_turn();
			g_assert_cmpuint(fixture.layers[i].presented, ==, frame);
		}
	}
	layers_end(&fixture);
}

static void test_alone(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	for (unsigned int frame = 1; frame <= 3; frame++) {
		layers_submit(&fixture, 2);
		g_assert_cmpuint(double_counters.commits, ==, frame);
		/* The picture's owner may have held something back. */
		g_assert_false(kms_output_busy(card->outputs[0].output));
		card_flip(0);
		g_assert_cmpuint(fixture.layers[2].presented, ==, frame);
		g_assert_cmpuint(card->outputs[0].idle, ==, frame);
	}
	layers_end(&fixture);
}

/* Damage of each layer is told of its own plane. */
static void test_damage(struct card_fixture *card)
{
	static const struct kms_rect part = {1, 2, 3, 4};
	struct layers_fixture fixture;
	struct kms_frame frame;
	unsigned int plane;

	double_card.damage_clips = true;
	start(&fixture, card);
	layers_show(&fixture);
	plane = plane_of(&fixture.layers[1]);
	frame = (struct kms_frame){
		.serial = ++fixture.layers[1].serial,
		.buffer = fixture.layers[1].buffer,
		.source = {0, 0, 100, 100},
		.destination = fixture.layers[1].place,
		.transform = KMS_ROTATE_0,
		.damage = &part,
		.damage_count = 1,
	};
	kms_output_layer_submit(fixture.layers[1].layer, &frame);
	card_wait(double_counters.commits == 2);
	g_assert_true(double_committed(DOUBLE_SHARED(plane), "FB_DAMAGE_CLIPS"));
	g_assert_nonnull(
		double_blob((uint32_t)double_value(DOUBLE_SHARED(plane), "FB_DAMAGE_CLIPS"), NULL));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_DAMAGE_CLIPS"));
	card_flip(0);
	layers_end(&fixture);
}

/* ---- what does not go ---- */

static void test_kinds(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct kms_buffer *other;

	start(&fixture, card);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_REFUSED);
	layers_show(&fixture);
	/* Another place, another size: to be asked first. */
	fixture.layers[0].place.x += 1;
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_REFUSED);
	fixture.layers[0].place.x -= 1;
	other = kms_buffer_create_dumb(card->device, 101, 100, NULL);
	kms_buffer_unref(fixture.layers[0].buffer);
	fixture.layers[0].buffer = other;
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_REFUSED);
	fixture.layers[0].place.width = 101;
	g_assert_cmphex(layers_arrange(&fixture), ==, 15);
	g_assert_cmpint(layers_submit(&fixture, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(double_counters.commits == 2);
	card_flip(0);
	g_assert_cmpuint(fixture.layers[0].presented, ==, fixture.layers[0].serial);
	layers_end(&fixture);
}

/* A frame that alone is refused fails alone, and the next question says so. */
static void test_refused(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct kms_output *output;
	unsigned int changes;

	start(&fixture, card);
	output = card->outputs[0].output;
	layers_show(&fixture);
	changes = card->outputs[0].changes;
	kms_output_begin(output);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	/* All four, then without the uppermost; without the second it is taken. */
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 2);
	kms_output_end(output);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_turn();
	g_assert_cmpuint(fixture.layers[1].failures, ==, 1);
	g_assert_cmpint(fixture.layers[1].error, ==, ENOSPC);
	g_assert_cmpuint(card->outputs[0].changes, ==, changes + 1);
	card_flip(0);
	g_assert_cmpuint(fixture.layers[0].presented, ==, 2);
	g_assert_cmpuint(fixture.layers[2].presented, ==, 2);
	g_assert_cmpuint(card->outputs[0].presented, ==, card->serial);
	g_assert_cmpuint(fixture.layers[1].presented, ==, 1);
	double_counters.tests = 0;
	g_assert_cmphex(layers_arrange(&fixture), ==, 1 | 1 << 3);
	g_assert_cmpuint(double_counters.tests, ==, 0);
	g_assert_cmpint(layers_submit(&fixture, 1), ==, KMS_SUBMIT_REFUSED);
	layers_end(&fixture);
}

/* The cursor, which was left out first, comes back: it was not to blame. */
static void test_refused_below_cursor(struct card_fixture *card)
{
	static const uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct layers_fixture fixture;
	struct kms_output *output;

	start(&fixture, card);
	output = card->outputs[0].output;
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	layers_show(&fixture);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), !=, 0);
	kms_output_begin(output);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	/* With all, then without the cursor; without the uppermost it is taken. */
	double_fail(DOUBLE_COMMIT, ENOSPC, 0, 2);
	kms_output_end(output);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), ==, 0);
	card_flip(0);
	g_assert_cmpuint(fixture.layers[2].failures, ==, 1);
	card_submit(card, 0);
	card_wait(double_counters.commits == 3);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "FB_ID"), !=, 0);
	layers_end(&fixture);
}

/* Where no single one is to blame, the picture goes on without them. */
static void test_all_refused(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct kms_output *output;

	start(&fixture, card);
	output = card->outputs[0].output;
	layers_show(&fixture);
	kms_output_begin(output);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 5);
	kms_output_end(output);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_turn();
	for (size_t i = 0; i < TEST_LAYERS; i++) {
		g_assert_cmpuint(fixture.layers[i].failures, ==, 1);
		g_assert_cmpuint(shown_on((unsigned int)i), ==, 0);
	}
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, card->serial);
	g_assert_cmphex(layers_arrange(&fixture), ==, 1);
	layers_end(&fixture);
}

/* Nothing goes at all: each is told, and the screen is as it was. */
static void test_nothing_taken(struct card_fixture *card)
{
	struct layers_fixture fixture;
	struct kms_output *output;
	unsigned int planes[TEST_LAYERS] = {0};

	start(&fixture, card);
	output = card->outputs[0].output;
	layers_show(&fixture);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		planes[i] = plane_of(&fixture.layers[i]);
	kms_output_begin(output);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 100);
	kms_output_end(output);
	card_wait(fixture.layers[0].failures == 1);
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++) {
		g_assert_cmpuint(fixture.layers[i].failures, ==, 1);
		g_assert_cmpuint(plane_of(&fixture.layers[i]), ==, planes[i]);
	}
	g_assert_cmpuint(card->outputs[0].failed, ==, card->serial);
	layers_end(&fixture);
}

/* A wrong moment is no refusal. */
static void test_no_memory(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	layers_show(&fixture);
	double_fail(DOUBLE_COMMIT, ENOMEM, 0, 2);
	layers_submit(&fixture, 1);
	card_wait(double_counters.commits == 2);
	card_flip(0);
	g_assert_cmpuint(fixture.layers[1].presented, ==, 2);
	g_assert_cmpuint(fixture.layers[1].failures, ==, 0);
	layers_end(&fixture);
}

/* ---- life ---- */

static void test_destroyed(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int framebuffers, plane;
	struct kms_buffer *buffer;

	start(&fixture, card);
	layers_show(&fixture);
	plane = plane_of(&fixture.layers[1]);
	buffer = fixture.layers[1].buffer;
	/* One frame is in flight, and another waits. */
	layers_submit(&fixture, 1);
	card_wait(double_counters.commits == 2);
	layers_submit(&fixture, 1);
	kms_output_layer_destroy(fixture.layers[1].layer);
	fixture.layers[1].layer = NULL;
	g_assert_cmpuint(shown_on(plane), !=, 0);
	card_flip(0);
	card_wait(double_counters.commits == 3);
	g_assert_cmpuint(shown_on(plane), ==, 0);
	/* What was on the screen is held until that is over. */
	framebuffers = double_framebuffer_count();
	fixture.layers[1].buffer = NULL;
	kms_buffer_unref(buffer);
	g_assert_cmpuint(double_framebuffer_count(), ==, framebuffers);
	card_flip(0);
	g_assert_cmpuint(double_framebuffer_count(), ==, framebuffers - 1);
	g_assert_cmpuint(fixture.layers[1].presented, ==, 1);
	g_assert_cmpuint(fixture.layers[1].failures, ==, 0);
	layers_end(&fixture);
	card_wait(are_off());
}

static void test_many(struct card_fixture *card)
{
	const struct kms_layer_listener listener = {0};
	struct kms_output_layer *layers[KMS_LAYERS_MAX];
	struct kms_output *output;

	layers_shape();
	card_start(card);
	output = card->outputs[0].output;
	for (unsigned int round = 0; round < 3; round++) {
		for (size_t i = 0; i < KMS_LAYERS_MAX; i++) {
			layers[i] = kms_output_layer_create(output, &listener, NULL);
			g_assert_nonnull(layers[i]);
		}
		g_assert_null(kms_output_layer_create(output, &listener, NULL));
		for (size_t i = 0; i < KMS_LAYERS_MAX; i++)
			kms_output_layer_destroy(layers[i]);
	}
	kms_output_layer_destroy(NULL);
	card_show(card, 0);
}

/* The same mode again, after another master: all of it comes back at once. */
static void test_paused(struct card_fixture *card)
{
	struct layers_fixture fixture;
	GError *error = NULL;

	start(&fixture, card);
	layers_show(&fixture);
	layers_submit(&fixture, 0);
	kms_device_pause(card->device);
	card_turn();
	g_assert_cmpint(layers_submit(&fixture, 1), ==, KMS_SUBMIT_OFF);
	fixture.layers[1].serial--;
	g_assert_cmpuint(fixture.layers[0].failed, ==, 2);
	g_assert_cmpint(fixture.layers[0].error, ==, EACCES);
	g_assert_cmphex(layers_arrange(&fixture), ==, 0);
	while (double_flip(0))
		card_turn();
	g_assert_true(kms_device_resume(card->device, &error));
	g_assert_no_error(error);
	card_turn();
	for (size_t i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(plane_of(&fixture.layers[i]), <, TEST_LAYERS);
	card_flip(0);
	/* They are what they were. */
	g_assert_cmpint(layers_submit(&fixture, 1), ==, KMS_SUBMIT_ACCEPTED);
	card_wait(kms_output_due(card->outputs[0].output));
	while (fixture.layers[1].presented < fixture.layers[1].serial) {
		g_main_context_iteration(NULL, TRUE);
		double_flip(0);
	}
	layers_end(&fixture);
}

static void test_mode_set(struct card_fixture *card)
{
	struct layers_fixture fixture;
	unsigned int changes;

	start(&fixture, card);
	layers_show(&fixture);
	layers_submit(&fixture, 0);
	card_wait(double_counters.commits == 2);
	layers_submit(&fixture, 1);
	changes = card->outputs[0].changes;
	card_configure(card, "800x600", false);
	card_flip(0);
	/* What was in flight was shown; the rest is void with the old mode. */
	g_assert_cmpuint(fixture.layers[0].presented, ==, 2);
	g_assert_cmpuint(fixture.layers[1].failed, ==, 2);
	g_assert_cmpint(fixture.layers[1].error, ==, ECANCELED);
	g_assert_cmpuint(card->outputs[0].changes, >, changes);
	for (unsigned int plane = 0; plane < TEST_LAYERS; plane++)
		g_assert_cmpuint(shown_on(plane), ==, 0);
	g_assert_cmpint(layers_submit(&fixture, 2), ==, KMS_SUBMIT_REFUSED);
	card_flip(0);
	layers_show(&fixture);
	layers_end(&fixture);
}

static void test_unplugged(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	layers_show(&fixture);
	kms_output_begin(card->outputs[0].output);
	card_submit(card, 0);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		layers_submit(&fixture, i);
	kms_output_end(card->outputs[0].output);
	card_wait(double_counters.commits == 2);
	layers_submit(&fixture, 2);
	double_card.gone = true;
	double_flip(0);
	card_wait(card->gone);
	for (size_t i = 0; i < TEST_LAYERS; i++) {
		g_assert_cmpuint(MAX(fixture.layers[i].presented, fixture.layers[i].failed), ==,
			fixture.layers[i].serial);
		g_assert_cmpint(layers_submit(&fixture, i), ==, KMS_SUBMIT_OFF);
	}
	g_assert_cmpint(fixture.layers[2].error, ==, ENODEV);
	layers_end(&fixture);
}

/* A flip that is stuck is said to be, of each layer, and the mode set that helps shows them all. */
static void test_stuck(struct card_fixture *card)
{
	struct layers_fixture fixture;

	layers_shape();
	card_start_timed(card, 500);
	layers_make(&fixture, card, 0, TEST_LAYERS);
	layers_show(&fixture);
	layers_submit(&fixture, 0);
	layers_submit(&fixture, 1);
	card_wait(double_counters.commits == 2);
	layers_submit(&fixture, 2);
	double_lose_flips();
	card_wait(fixture.layers[0].failures == 1);
	g_assert_cmpint(fixture.layers[0].error, ==, ETIMEDOUT);
	g_assert_cmpuint(fixture.layers[1].failures, ==, 1);
	g_assert_cmpuint(fixture.layers[2].failures, ==, 1);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		g_assert_cmpuint(plane_of(&fixture.layers[i]), <, TEST_LAYERS);
	layers_end(&fixture);
	card_turn();
}

/* From a callback anything may be done. */
static void destroy_from_within(struct test_layer *layer)
{
	kms_output_layer_destroy(layer->layer);
	layer->layer = NULL;
}

static void test_destroyed_from_within(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	for (size_t i = 0; i < TEST_LAYERS; i++)
		fixture.layers[i].on_presented = destroy_from_within;
	layers_show(&fixture);
	card_wait(are_off());
	layers_end(&fixture);
}

/* ---- for long ---- */

/* Whatever comes in whatever order: each frame is answered once, and the kernel's rules are
 * kept. */
static void test_random(struct card_fixture *card)
{
	struct layers_fixture fixture;

	start(&fixture, card);
	for (unsigned int step = 0; step < 20000; step++) {
		size_t layer = (size_t)g_test_rand_int_range(0, TEST_LAYERS);

		switch (g_test_rand_int_range(0, 8)) {
		case 0:
			fixture.layers[layer].place.x = 10 * g_test_rand_int_range(0, 30);
			layers_arrange(&fixture);
			break;
		case 1:
			card_submit(card, 0);
			break;
		case 2:
			double_card.overlays_max = (unsigned int)g_test_rand_int_range(0, 4);
			break;
		case 3:
			kms_output_layer_set_blending(fixture.layers[layer].layer,
				KMS_BLEND_PREMULTIPLIED,
				(uint16_t)g_test_rand_int_range(0xfffd, 0x10000));
			break;
		case 4:
		case 5:
			if (layers_submit(&fixture, layer) != KMS_SUBMIT_ACCEPTED)
				fixture.layers[layer].serial--;
			break;
		default:
			card_turn();
			double_flip(0);
			card_turn();
			break;
		}
	}
	double_card.overlays_max = 0;
	for (size_t i = 0; i < TEST_LAYERS; i++) {
		struct test_layer *layer = &fixture.layers[i];

		while (MAX(layer->presented, layer->failed) < layer->serial) {
			g_main_context_iteration(NULL, TRUE);
			double_flip(0);
		}
	}
	layers_end(&fixture);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/layers/shown", test_shown);
	card_add_test("/kms/layers/one-commit", test_one_commit);
	card_add_test("/kms/layers/gathers", test_gathers);
	card_add_test("/kms/layers/waits-for-nobody", test_waits_for_nobody);
	card_add_test("/kms/layers/alone", test_alone);
	card_add_test("/kms/layers/damage", test_damage);
	card_add_test("/kms/layers/kinds", test_kinds);
	card_add_test("/kms/layers/refused", test_refused);
	card_add_test("/kms/layers/refused-below-cursor", test_refused_below_cursor);
	card_add_test("/kms/layers/all-refused", test_all_refused);
	card_add_test("/kms/layers/nothing-taken", test_nothing_taken);
	card_add_test("/kms/layers/no-memory", test_no_memory);
	card_add_test("/kms/layers/destroyed", test_destroyed);
	card_add_test("/kms/layers/many", test_many);
	card_add_test("/kms/layers/paused", test_paused);
	card_add_test("/kms/layers/mode-set", test_mode_set);
	card_add_test("/kms/layers/unplugged", test_unplugged);
	card_add_test("/kms/layers/stuck", test_stuck);
	card_add_test("/kms/layers/destroyed-from-within", test_destroyed_from_within);
	card_add_test("/kms/layers/random", test_random);
	return g_test_run();
}
