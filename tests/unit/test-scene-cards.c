/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several cards: each guest may be on any of them, or on all; one that goes, or comes, is nothing
 * to the outputs of the others.
 */
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/source.h"
#include "scene/view.h"
#include "scene_fixture.h"

/* Two cards, "x" and "y", of the same outputs DP-1 …, or more. */
struct cards {
	struct scene *scene;
	struct kms_device *devices[KMS_CARDS_MAX]; /* NULL: it is not there */
	size_t outputs;
};

static const char *const names[KMS_CARDS_MAX] = {"x", "y", "z", "w"};

static struct kms_device *make_card(const char *name, size_t outputs)
{
	struct kms_device *device = fake_card_create(outputs, SCENE_WIDTH, SCENE_HEIGHT);

	for (size_t i = 0; i < outputs; i++)
		g_snprintf(device->outputs[i].name, sizeof(device->outputs[i].name), "%s:DP-%zu",
			name, i + 1);
	return device;
}

static void come(struct cards *cards, uint32_t card)
{
	struct scene *scene = cards->scene;

	cards->devices[card] = make_card(names[card], cards->outputs);
	fake_card_listen(cards->devices[card], layout_kms_listener(), scene->layout);
	for (size_t i = 0; i < scene->guest_count; i++)
		guest_set_device(scene->guests[i], card, cards->devices[card]);
	layout_set_device(scene->layout, card, cards->devices[card]);
}

static void go(struct cards *cards, uint32_t card)
{
	struct scene *scene = cards->scene;

	layout_set_device(scene->layout, card, NULL);
	for (size_t i = 0; i < scene->guest_count; i++)
		guest_set_device(scene->guests[i], card, NULL);
	fake_card_destroy(g_steal_pointer(&cards->devices[card]));
}

/* All are there. */
static struct cards create_cards(struct scene_options options, uint32_t count)
{
	struct cards cards = {.outputs = options.outputs ? options.outputs : 1};

	options.cards = count;
	options.later = true;
	cards.scene = scene_prepare(&options);
	/* The fixture's own is never opened. */
	for (size_t i = 0; i < cards.scene->guest_count; i++)
		guest_set_device(cards.scene->guests[i], 0, NULL);
	scene_configure(cards.scene, &options);
	for (size_t i = 0; i < cards.scene->guest_count; i++)
		scene_attach(cards.scene, i);
	for (uint32_t card = 0; card < count; card++)
		come(&cards, card);
	return cards;
}

static struct cards create(struct scene_options options)
{
	return create_cards(options, 2);
}

static void destroy(struct cards *cards)
{
	for (uint32_t i = 0; i < KMS_CARDS_MAX; i++) {
		if (cards->devices[i])
			go(cards, i);
	}
	g_free(fixture_log_take());
	scene_destroy(cards->scene);
}

static struct kms_output *output(const struct cards *cards, uint32_t card, size_t index)
{
	return &cards->devices[card]->outputs[index];
}

static const struct layout_output mirror[] = {
	{.name = "x:DP-1", .guest = "a", .scanout = 0},
	{.name = "y:DP-1", .guest = "a", .scanout = 0},
};

static struct cards create_mirrors(void)
{
	return create((struct scene_options){.sections = mirror, .section_count = 2});
}

static void flip_both(const struct cards *cards)
{
	fake_flip(output(cards, 0, 0));
	fake_flip(output(cards, 1, 0));
}

/* The frame is a buffer of the output's own card. */
static void expect_direct(const struct kms_output *seen)
{
	const struct kms_buffer *buffer = fake_last(seen)->buffer;

	g_assert_true(buffer->imported);
	g_assert_true(buffer->device == seen->device);
}

/* ---- one scanout on both ---- */

static void test_mirror(void)
{
	struct cards cards = create_mirrors();

	for (int i = 0; i < 3; i++) {
		scene_show_dmabuf(cards.scene, RED);
		expect_direct(output(&cards, 0, 0));
		expect_direct(output(&cards, 1, 0));
		fake_flip(output(&cards, 0, 0));
		g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 0);
		fake_flip(output(&cards, 1, 0));
		g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	}
	scene_scanout(cards.scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(cards.scene, 0, scene_full, GREEN);
	scene_expect_color(output(&cards, 0, 0), GREEN);
	scene_expect_color(output(&cards, 1, 0), GREEN);
	destroy(&cards);
}

/* The framebuffers of a third and a fourth card have fds of their own, which the guest has to have
 * left: else they show copies. */
static void test_charged(void)
{
	static const struct layout_output sections[] = {
		{.name = "x:DP-1", .guest = "a", .scanout = 0},
		{.name = "y:DP-1", .guest = "a", .scanout = 0},
		{.name = "z:DP-1", .guest = "a", .scanout = 0},
		{.name = "w:DP-1", .guest = "a", .scanout = 0},
	};
	struct cards cards = create_cards(
		(struct scene_options){.sections = sections, .section_count = 4}, 4);
	struct account *account = cards.scene->accounts[0];
	uint64_t before = account_used(account, ACCOUNT_FDS);
	uint64_t left = account_most(account, ACCOUNT_FDS) - before;

	scene_show_dmabuf(cards.scene, RED);
	g_assert_cmpuint(account_used(account, ACCOUNT_FDS), ==,
		before + ACCOUNT_FDS_DMABUF + 2 * ACCOUNT_FDS_FRAMEBUFFER);
	for (uint32_t card = 0; card < 4; card++) {
		expect_direct(output(&cards, card, 0));
		fake_flip(output(&cards, card, 0));
	}
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);

	/* A card that goes gives its own back. */
	go(&cards, 3);
	g_assert_cmpuint(account_used(account, ACCOUNT_FDS), ==,
		before + ACCOUNT_FDS_DMABUF + ACCOUNT_FDS_FRAMEBUFFER);

	/* The last one that the guest may have is the next buffer's; a copy's surface has none
	 * left, either. */
	scene_expect_log("w:DP-1: no connector or monitor of this name yet");
	g_assert_true(account_charge(account, ACCOUNT_FDS,
		left - 2 * ACCOUNT_FDS_DMABUF - ACCOUNT_FDS_FRAMEBUFFER, NULL));
	scene_show_dmabuf(cards.scene, GREEN);
	scene_expect_log("frames are copied for another card: ");
	expect_direct(output(&cards, 0, 0));
	expect_direct(output(&cards, 1, 0));
	g_assert_false(fake_last(output(&cards, 2, 0))->buffer->imported);
	account_discharge(account, ACCOUNT_FDS,
		left - 2 * ACCOUNT_FDS_DMABUF - ACCOUNT_FDS_FRAMEBUFFER);
	/* All is given back with the pictures: scene_destroy() asks. */
	destroy(&cards);
}

/* One card's driver takes the buffer, the other's does not: that one shows a copy. */
static void test_one_imports(void)
{
	struct cards cards = create_mirrors();

	cards.devices[1]->refuses_import = true;
	scene_show_dmabuf(cards.scene, RED);
	expect_direct(output(&cards, 0, 0));
	scene_expect_color(output(&cards, 1, 0), RED);
	fake_flip(output(&cards, 0, 0));
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	fake_flip(output(&cards, 1, 0));
	cards.devices[0]->refuses_import = true;
	cards.devices[1]->refuses_import = false;
	scene_show_dmabuf(cards.scene, GREEN);
	scene_expect_color(output(&cards, 0, 0), GREEN);
	destroy(&cards);
}

/* ---- one goes ---- */

/* Whichever it is: the dma-buf is the guest's still, with whatever card it was first. */
static void test_goes_and_comes(gconstpointer data)
{
	uint32_t gone = data ? 1 : 0;
	struct cards cards = create_mirrors();
	struct kms_output *stays = output(&cards, 1 - gone, 0);
	unsigned int configured = cards.devices[1 - gone]->configured;
	size_t commits;

	scene_show_dmabuf(cards.scene, RED);
	flip_both(&cards);
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	/* In the midst of a frame: who waits, waits for the other. */
	scene_show_dmabuf(cards.scene, GREEN);
	commits = stays->commit_count;
	go(&cards, gone);
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 0);
	fake_flip(stays);
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	g_assert_cmpuint(stays->commit_count, ==, commits);
	for (int i = 0; i < 3; i++) {
		scene_dmabuf_update(cards.scene, 0, scene_full);
		expect_direct(stays);
		fake_flip(stays);
		g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	}
	commits = stays->commit_count;
	come(&cards, gone);
	expect_direct(output(&cards, gone, 0));
	fake_flip(output(&cards, gone, 0));
	/* The other has not noticed. */
	g_assert_cmpuint(stays->commit_count, ==, commits);
	g_assert_cmpuint(cards.devices[1 - gone]->configured, ==, configured);
	scene_show_dmabuf(cards.scene, BLUE);
	flip_both(&cards);
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	destroy(&cards);
}

/* Both go, one after the other, and come back in the other order: the guest lives on without. */
static void test_both_go(void)
{
	struct cards cards = create_mirrors();

	scene_show_dmabuf(cards.scene, RED);
	flip_both(&cards);
	g_assert_cmpuint(scene_replies(cards.scene, 0), ==, 1);
	go(&cards, 0);
	go(&cards, 1);
	scene_dmabuf_update(cards.scene, 0, scene_full);
	scene_wait_reply(cards.scene, 0);
	come(&cards, 1);
	expect_direct(output(&cards, 1, 0));
	come(&cards, 0);
	expect_direct(output(&cards, 0, 0));
	destroy(&cards);
}

/* Scanouts in the default order are on the outputs of all cards, and come back to where they
 * were. */
static void test_default_order(void)
{
	struct cards cards = create((struct scene_options){.outputs = 2});
	struct layout *layout = cards.scene->layout;
	uint32_t scanout;

	g_assert_cmpuint(layout_view_count(layout), ==, 4);
	for (uint32_t i = 0; i < 4; i++) {
		layout_view_guest(layout, i, &scanout);
		g_assert_cmpuint(scanout, ==, i);
		g_assert_true(view_output(layout_view(layout, i)) == output(&cards, i / 2, i % 2));
		g_assert_cmpuint(view_card(layout_view(layout, i)), ==, i / 2);
		scene_scanout(cards.scene, i, SCENE_WIDTH, SCENE_HEIGHT);
		scene_update(cards.scene, i, scene_full, 0x10101 * (i + 1));
	}
	go(&cards, 0);
	g_assert_cmpuint(layout_view_count(layout), ==, 2);
	scene_expect_color(output(&cards, 1, 0), 0x030303);
	scene_expect_color(output(&cards, 1, 1), 0x040404);
	come(&cards, 0);
	scene_expect_color(output(&cards, 0, 0), 0x010101);
	scene_expect_color(output(&cards, 0, 1), 0x020202);
	g_assert_cmpuint(output(&cards, 1, 0)->commit_count, ==, 1);
	g_assert_cmpuint(output(&cards, 1, 1)->commit_count, ==, 1);
	destroy(&cards);
}

/* ---- names ---- */

/* "DP-1" is the first card's, with a word about that. */
static void test_ambiguous(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0},
		{.name = "y:DP-2", .guest = "b", .scanout = 0},
	};
	struct cards cards = create((struct scene_options){.outputs = 2,
		.guests = 2,
		.sections = sections,
		.section_count = 2});
	struct layout *layout = cards.scene->layout;
	g_autofree char *lines = fixture_log_take();

	g_assert_cmpuint(layout_view_count(layout), ==, 2);
	g_assert_true(view_output(layout_view(layout, 0)) == output(&cards, 0, 0));
	g_assert_true(view_output(layout_view(layout, 1)) == output(&cards, 1, 1));
	g_assert_nonnull(strstr(lines,
		"DP-1: two cards have an output of this name; x:DP-1 is "
		"used, and not y:DP-1: name it with its card"));
	/* Once. */
	fake_probe(cards.devices[0]);
	scene_expect_no_log();
	destroy(&cards);
}

/* What is taken for connected is one of them, too, and stays the one. */
static void test_forced(void)
{
	static const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .scanout = 0, .force_on = true},
		{.name = "y:DP-1", .guest = "b", .scanout = 0},
	};
	struct cards cards = create(
		(struct scene_options){.guests = 2, .sections = sections, .section_count = 2});
	const struct kms_device *const *devices = (const struct kms_device *const *)cards.devices;

	g_assert_cmpuint(devices[0]->request_count, ==, 1);
	g_assert_true(devices[0]->requests[0].force);
	g_assert_cmpuint(devices[1]->request_count, ==, 1);
	g_assert_false(devices[1]->requests[0].force);
	destroy(&cards);
}

/* Of a card that is not there the section waits, and does not take the other's output. */
static void test_waits_for_its_card(void)
{
	struct cards cards = create_mirrors();

	go(&cards, 1);
	g_assert_cmpuint(layout_view_count(cards.scene->layout), ==, 1);
	g_free(fixture_log_take());
	come(&cards, 1);
	g_assert_cmpuint(layout_view_count(cards.scene->layout), ==, 2);
	destroy(&cards);
}

/* Both come at once: the better of two places is taken without a detour over the other. */
static void test_together(void)
{
	static const struct layout_output sections[] = {
		{.name = "y:DP-1;x:DP-1", .guest = "a", .scanout = 0},
	};
	struct scene_options options = {.cards = 2,
		.later = true,
		.sections = sections,
		.section_count = 1};
	struct cards cards = {.scene = scene_prepare(&options), .outputs = 1};

	guest_set_device(cards.scene->guests[0], 0, NULL);
	scene_configure(cards.scene, &options);
	layout_begin(cards.scene->layout);
	come(&cards, 0);
	come(&cards, 1);
	g_assert_cmpuint(layout_view_count(cards.scene->layout), ==, 0);
	g_assert_cmpuint(cards.devices[0]->configured, ==, 0);
	layout_end(cards.scene->layout);
	g_assert_cmpuint(layout_view_count(cards.scene->layout), ==, 1);
	g_assert_true(view_output(layout_view(cards.scene->layout, 0)) == output(&cards, 1, 0));
	g_assert_cmpuint(cards.devices[0]->configured, ==, 1);
	g_assert_false(output(&cards, 0, 0)->active);
	destroy(&cards);
}

/* A card of its own picture, where no guest is shown, goes and comes with its card. */
static void test_vacant(void)
{
	static const struct layout_output sections[] = {
		{.name = "x:DP-1", .guest = "a", .scanout = 0},
		{.name = "y:DP-1", .pictured = true, .picture = {.color = BLUE}},
	};
	struct cards cards = create(
		(struct scene_options){.sections = sections, .section_count = 2});

	scene_expect_color(output(&cards, 1, 0), BLUE);
	go(&cards, 1);
	come(&cards, 1);
	scene_expect_color(output(&cards, 1, 0), BLUE);
	go(&cards, 0);
	scene_expect_color(output(&cards, 1, 0), BLUE);
	g_assert_cmpuint(output(&cards, 1, 0)->commit_count, ==, 1);
	destroy(&cards);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/scene-cards/mirror", test_mirror);
	g_test_add_func("/scene-cards/charged", test_charged);
	g_test_add_func("/scene-cards/one-imports", test_one_imports);
	g_test_add_data_func("/scene-cards/goes/first", NULL, test_goes_and_comes);
	g_test_add_data_func("/scene-cards/goes/second", "second", test_goes_and_comes);
	g_test_add_func("/scene-cards/both-go", test_both_go);
	g_test_add_func("/scene-cards/default-order", test_default_order);
	g_test_add_func("/scene-cards/ambiguous", test_ambiguous);
	g_test_add_func("/scene-cards/forced", test_forced);
	g_test_add_func("/scene-cards/waits-for-its-card", test_waits_for_its_card);
	g_test_add_func("/scene-cards/together", test_together);
	g_test_add_func("/scene-cards/vacant", test_vacant);
	return g_test_run();
}
