/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources and their views, bound by the test in the layout's place: views that come and go while a
 * guest draws, cards that go and come, and the time after which a disabled scanout is black.
 */
#include "scene/source.h"

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define SCREENS (KMS_OUTPUTS_MAX + 1)

/* Outputs of one card, each with a view, and a guest that is bound to none of them yet. */
struct stage {
	struct scene *scene;
	struct kms_device *card;
	struct view *views[SCREENS];
	GString *dark; /* what the source said: '+' dark, '-' not */
	GString *pictures; /* '+' there is one, '-' there is none any more */
	unsigned int seen;
};

/* ---- in the layout's place ---- */

static struct view *view_of(const struct stage *stage, const struct kms_output *output)
{
	return stage->views[output - stage->card->outputs];
}

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	view_presented(view_of(data, output), serial, presentation);
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	view_commit_failed(view_of(data, output), serial, error);
}

static void on_output_changed(void *data, struct kms_output *output)
{
	view_output_changed(view_of(data, output));
}

static const struct kms_listener kms_listener = {
	.presented = on_presented,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
};

static void on_dark(void *data, struct source *source, bool dark)
{
	struct stage *stage = data;

	g_assert_true(source_dark(source) == dark);
	g_string_append_c(stage->dark, dark ? '+' : '-');
}

static void on_picture(void *data, struct source *source, bool there)
{
	struct stage *stage = data;

	g_assert_cmpint(source_state(source), ==, there ? SOURCE_ENABLED : SOURCE_EMPTY);
	g_string_append_c(stage->pictures, there ? '+' : '-');
}

static void on_seen(void *data, struct source *source)
{
	struct stage *stage = data;

	stage->seen++;
}

static const struct source_listener source_listener = {.dark = on_dark,
	.picture = on_picture,
	.seen = on_seen};

static void make_views(struct stage *stage, struct kms_device *card)
{
	stage->card = card;
	fake_card_listen(card, &kms_listener, stage);
	for (size_t i = 0; i < card->output_count; i++)
		stage->views[i] = view_create(&(struct view_options){.device = card,
			.output = &card->outputs[i],
			.policy = PLACE_FIT});
}

static void destroy_views(struct stage *stage)
{
	for (size_t i = 0; i < SCREENS; i++)
		g_clear_pointer(&stage->views[i], view_destroy);
}

static struct stage *stage_create(size_t outputs)
{
	struct stage *stage = g_new0(struct stage, 1);

	stage->scene = scene_prepare(&(struct scene_options){.outputs = outputs});
	stage->dark = g_string_new(NULL);
	stage->pictures = g_string_new(NULL);
	make_views(stage, stage->scene->card);
	scene_attach(stage->scene, 0);
	return stage;
}

static struct source *scanout(struct stage *stage, uint32_t index)
{
	return guest_source(stage->scene->guests[0], index);
}

/* The guest first, as it is at the daemon's end; views are still bound then. */
static void stage_destroy(struct stage *stage)
{
	g_clear_pointer(&stage->scene->guests[0], guest_destroy);
	destroy_views(stage);
	scene_destroy(stage->scene);
	g_string_free(stage->dark, TRUE);
	g_string_free(stage->pictures, TRUE);
	g_free(stage);
}

static void bind_source(struct stage *stage, size_t view)
{
	g_assert_true(source_add_view(scanout(stage, 0), stage->views[view]));
}

static void unbind(struct stage *stage, size_t view)
{
	source_remove_view(scanout(stage, 0), stage->views[view]);
}

static void draw_red(struct stage *stage)
{
	scene_scanout(stage->scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(stage->scene, 0, scene_full, RED);
}

/* ---- views come and go ---- */

/* A monitor appears while the guest shows something: it is there at once. */
static void test_view_comes(void)
{
	struct stage *stage = stage_create(2);

	bind_source(stage, 0);
	draw_red(stage);
	fake_flip(&stage->card->outputs[0]);
	bind_source(stage, 1);
	scene_expect_color(&stage->card->outputs[1], RED);
	fake_flip(&stage->card->outputs[1]);
	scene_update(stage->scene, 0, scene_full, GREEN);
	scene_expect_color(&stage->card->outputs[0], GREEN);
	scene_expect_color(&stage->card->outputs[1], GREEN);
	stage_destroy(stage);
}

/* All that was drawn before any monitor was there. */
static void test_view_comes_late(void)
{
	struct stage *stage = stage_create(1);

	draw_red(stage);
	bind_source(stage, 0);
	scene_expect_color(&stage->card->outputs[0], RED);
	stage_destroy(stage);
}

/* … and half of an UPDATE: nothing of it is seen before the rest. */
static void test_view_comes_in_mid_message(void)
{
	struct stage *stage = stage_create(1);

	draw_red(stage);
	scene_half_update(stage->scene, 0, scene_full, GREEN, SCENE_BYTES / 2);
	bind_source(stage, 0);
	g_assert_cmpuint(stage->card->outputs[0].commit_count, ==, 0);
	scene_more_pixels(stage->scene, GREEN, SCENE_BYTES / 2);
	scene_expect_color(&stage->card->outputs[0], GREEN);
	stage_destroy(stage);
}

/* A dma-buf that was shown to nobody is imported for the first view, and only then. */
static void test_view_comes_to_dmabuf(void)
{
	struct stage *stage = stage_create(2);
	struct kms_output *output = &stage->card->outputs[1];

	scene_show_dmabuf(stage->scene, RED);
	scene_wait_reply(stage->scene, 0);
	bind_source(stage, 1);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_true(fake_last(output)->buffer->imported);
	g_assert_cmpuint(stage->card->imports, ==, 1);
	fake_flip(output);
	scene_dmabuf_update(stage->scene, 0, scene_full);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 0);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 1);
	stage_destroy(stage);
}

/* Where it cannot be imported it is read, without a word from the guest. */
static void test_view_comes_to_copied_dmabuf(void)
{
	struct stage *stage = stage_create(1);

	stage->card->refuses_import = true;
	scene_show_dmabuf(stage->scene, RED);
	scene_wait_reply(stage->scene, 0);
	bind_source(stage, 0);
	scene_expect_color(&stage->card->outputs[0], RED);
	g_free(fixture_log_take());
	stage_destroy(stage);
}

/* An unlit one shows it when it is lit. */
static void test_view_comes_unlit(void)
{
	struct stage *stage = stage_create(1);

	fake_set_active(&stage->card->outputs[0], false);
	draw_red(stage);
	bind_source(stage, 0);
	g_assert_cmpuint(stage->card->outputs[0].commit_count, ==, 0);
	fake_set_active(&stage->card->outputs[0], true);
	scene_expect_color(&stage->card->outputs[0], RED);
	stage_destroy(stage);
}

static void test_view_comes_with_cursor(void)
{
	struct stage *stage = stage_create(1);

	draw_red(stage);
	scene_cursor(stage->scene, 0, 10, 20, 0xff00ff00);
	bind_source(stage, 0);
	g_assert_true(stage->card->outputs[0].cursor_visible);
	g_assert_cmpint(stage->card->outputs[0].cursor_x, ==, 10);
	g_assert_cmpint(stage->card->outputs[0].cursor_y, ==, 20);
	/* What has no source has no cursor. */
	unbind(stage, 0);
	g_assert_false(stage->card->outputs[0].cursor_visible);
	stage_destroy(stage);
}

/* A frame that waits for a monitor that goes: by the timer where it was the only one, … */
static void test_view_goes(void)
{
	struct stage *stage = stage_create(1);
	const struct guest_counters *counters = guest_counters(stage->scene->guests[0]);

	bind_source(stage, 0);
	scene_show_dmabuf(stage->scene, RED);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 0);
	unbind(stage, 0);
	scene_wait_reply(stage->scene, 0);
	g_assert_cmpuint(counters->replies[REPLY_OFF], ==, 1);
	/* The event comes for nobody. */
	fake_flip(&stage->card->outputs[0]);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 0);
	scene_dmabuf_update(stage->scene, 0, scene_full);
	scene_wait_reply(stage->scene, 0);
	stage_destroy(stage);
}

/* … by the event of the other where there is one; and the place that is free is used again. */
static void test_view_goes_from_mirror(void)
{
	struct stage *stage = stage_create(2);

	bind_source(stage, 0);
	bind_source(stage, 1);
	scene_show_dmabuf(stage->scene, RED);
	unbind(stage, 0);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 0);
	fake_flip(&stage->card->outputs[1]);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 1);

	fake_flip(&stage->card->outputs[0]);
	bind_source(stage, 0);
	fake_flip(&stage->card->outputs[0]);
	scene_dmabuf_update(stage->scene, 0, scene_full);
	fake_flip(&stage->card->outputs[1]);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 0);
	fake_flip(&stage->card->outputs[0]);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 1);
	stage_destroy(stage);
}

/* From one scanout to another of the same guest, with a flip in flight. */
static void test_view_changes_source(void)
{
	struct stage *stage = stage_create(1);
	struct kms_output *output = &stage->card->outputs[0];

	scene_scanout(stage->scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(stage->scene, 1, scene_full, BLUE);
	bind_source(stage, 0);
	draw_red(stage);
	unbind(stage, 0);
	g_assert_true(source_add_view(scanout(stage, 1), stage->views[0]));
	fake_flip(output);
	scene_expect_color(output, BLUE);
	scene_update(stage->scene, 0, scene_full, GREEN);
	fake_flip(output);
	scene_expect_color(output, BLUE);
	stage_destroy(stage);
}

static void test_too_many_views(void)
{
	struct stage *stage = stage_create(GUEST_VIEWS_MAX + 1);

	for (size_t i = 0; i < GUEST_VIEWS_MAX; i++)
		bind_source(stage, i);
	g_assert_false(source_add_view(scanout(stage, 0), stage->views[GUEST_VIEWS_MAX]));
	unbind(stage, 3);
	bind_source(stage, GUEST_VIEWS_MAX);
	draw_red(stage);
	scene_expect_color(&stage->card->outputs[GUEST_VIEWS_MAX], RED);
	g_assert_cmpuint(stage->card->outputs[3].commit_count, ==, 0);
	stage_destroy(stage);
}

/* ---- sources that are no guests ---- */

/* Its picture is there for ever, and it waits for nobody. */
struct still {
	struct source source;
	struct view_picture picture;
};

static void ignore_presented(void *data, uint64_t serial,
	const struct kms_presentation *presentation)
{
}

static void ignore_failed(void *data, uint64_t serial, int error)
{
}

static void ignore_changed(void *data)
{
}

static enum view_fill keep_surface(void *data, enum copy_reason reason)
{
	return VIEW_FILL_DONE;
}

static bool add_still_view(struct source *source, struct view *view)
{
	static const struct view_listener listener = {
		.presented = ignore_presented,
		.failed = ignore_failed,
		.changed = ignore_changed,
		.fill_surface = keep_surface,
	};
	struct still *still = (struct still *)source;

	view_set_source(view, &listener, still);
	view_show(view, &still->picture);
	return true;
}

static void remove_still_view(struct source *source, struct view *view)
{
	view_set_source(view, NULL, NULL);
}

static const struct source_interface still_interface = {
	.add_view = add_still_view,
	.remove_view = remove_still_view,
};

static void still_init(struct still *still, const struct view_picture *picture)
{
	*still = (struct still){.picture = *picture};
	source_init(&still->source, &still_interface);
	source_enabled(&still->source);
}

/* From one source to the next on one output, and another output beside it. */
static void test_still_color(void)
{
	struct stage *stage = stage_create(2);
	struct kms_output *output = &stage->card->outputs[0];
	struct still still;

	still_init(&still, &(struct view_picture){.solid = true, .color = GREEN});
	g_assert_cmpint(source_state(&still.source), ==, SOURCE_ENABLED);
	g_assert_true(source_add_view(&still.source, stage->views[0]));
	g_assert_true(source_add_view(&still.source, stage->views[1]));
	scene_expect_color(output, GREEN);
	scene_expect_color(&stage->card->outputs[1], GREEN);
	fake_flip(output);
	fake_flip(&stage->card->outputs[1]);
	fake_set_mode(output, 80, 60);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	fake_flip(output);

	draw_red(stage);
	scene_expect_color(output, GREEN);
	source_remove_view(&still.source, stage->views[0]);
	bind_source(stage, 0);
	scene_expect_color(output, RED);
	scene_expect_color(&stage->card->outputs[1], GREEN);
	source_remove_view(&still.source, stage->views[1]);
	scene_expect_color(&stage->card->outputs[1], GREEN);
	source_finish(&still.source);
	stage_destroy(stage);
}

/* A surface is placed as a scanout is, and is there again when the output comes back. */
static void test_still_picture(void)
{
	struct stage *stage = stage_create(1);
	struct surface *surface = surface_create("test", 32, 12, NULL);
	struct kms_output *output = &stage->card->outputs[0];
	uint32_t stride;
	uint32_t *pixels = (uint32_t *)(void *)surface_pixels(surface, &stride);
	struct still still;

	for (size_t i = 0; i < stride / 4 * 12; i++)
		pixels[i] = BLUE;
	still_init(&still, &(struct view_picture){.width = 32, .height = 12, .surface = surface});
	g_assert_true(source_add_view(&still.source, stage->views[0]));
	/* Fitted: twice as large, in the middle. */
	g_assert_cmphex(fake_pixel(output, 0, 11), ==, 0);
	g_assert_cmphex(fake_pixel(output, 0, 12), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 63, 35), ==, BLUE);
	g_assert_cmphex(fake_pixel(output, 63, 36), ==, 0);
	fake_flip(output);
	fake_unplug(output);
	fake_set_active(output, true);
	g_assert_cmphex(fake_pixel(output, 32, 24), ==, BLUE);
	fake_flip(output);
	view_release(stage->views[0], true);
	scene_expect_color(output, 0);
	source_remove_view(&still.source, stage->views[0]);
	source_finish(&still.source);
	surface_destroy(surface);
	stage_destroy(stage);
}

/* ---- cards go and come ---- */

static void lose_card(struct stage *stage)
{
	unbind(stage, 0);
	destroy_views(stage);
	guest_set_device(stage->scene->guests[0], 0, NULL);
	fake_card_destroy(stage->card);
}

static void find_card(struct stage *stage, bool refuses_import)
{
	stage->scene->card = fake_card_create(1, SCENE_WIDTH, SCENE_HEIGHT);
	stage->scene->card->refuses_import = refuses_import;
	guest_set_device(stage->scene->guests[0], 0, stage->scene->card);
	make_views(stage, stage->scene->card);
	bind_source(stage, 0);
}

/* The guest is answered all the time, and its picture is there again without a word of it. */
static void test_card_goes(gconstpointer refuses_import)
{
	struct stage *stage = stage_create(1);
	struct kms_output *output;

	bind_source(stage, 0);
	scene_show_dmabuf(stage->scene, RED);
	lose_card(stage);
	scene_wait_reply(stage->scene, 0);
	for (int i = 0; i < 3; i++) {
		scene_dmabuf_update(stage->scene, 0, scene_full);
		scene_wait_reply(stage->scene, 0);
	}
	find_card(stage, refuses_import != NULL);
	output = &stage->card->outputs[0];
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_true(fake_last(output)->buffer->imported == !refuses_import);
	if (refuses_import)
		scene_expect_color(output, RED);
	fake_flip(output);
	scene_dmabuf_update(stage->scene, 0, scene_full);
	fake_flip(output);
	g_assert_cmpuint(scene_replies(stage->scene, 0), ==, 1);
	g_free(fixture_log_take());
	stage_destroy(stage);
}

/* A new content, and one that goes, while there is no card. */
static void test_card_goes_with_pixels(void)
{
	struct stage *stage = stage_create(1);

	bind_source(stage, 0);
	draw_red(stage);
	lose_card(stage);
	scene_update(stage->scene, 0, (struct kms_rect){0, 0, 32, 48}, GREEN);
	find_card(stage, false);
	g_assert_cmphex(fake_pixel(&stage->card->outputs[0], 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(&stage->card->outputs[0], 32, 0), ==, RED);
	lose_card(stage);
	scene_hang_up(stage->scene, 0);
	find_card(stage, false);
	g_assert_cmpuint(stage->card->outputs[0].commit_count, ==, 0);
	stage_destroy(stage);
}

/* ---- seen ---- */

/* Once, when the first picture of its own is on the glass; not what is there before. */
static void test_seen(void)
{
	struct stage *stage = stage_create(1);
	struct kms_output *output = &stage->card->outputs[0];
	struct view_picture splash = {.width = SCENE_WIDTH,
		.height = SCENE_HEIGHT,
		.surface = surface_create("splash", SCENE_WIDTH, SCENE_HEIGHT, NULL),
		.placeholder = true};

	source_listen(scanout(stage, 0), &source_listener, stage);
	bind_source(stage, 0);
	view_show_placeholder(stage->views[0], &splash);
	fake_flip(output);
	g_assert_cmpuint(stage->seen, ==, 0);
	draw_red(stage);
	g_assert_cmpuint(stage->seen, ==, 0);
	fake_flip(output);
	g_assert_cmpuint(stage->seen, ==, 1);
	scene_update(stage->scene, 0, scene_full, GREEN);
	fake_flip(output);
	g_assert_cmpuint(stage->seen, ==, 1);
	stage_destroy(stage);
	surface_destroy(splash.surface);
}

/* There is no output as it draws; one comes, and it need not draw again. */
static void test_seen_later(void)
{
	struct stage *stage = stage_create(1);

	source_listen(scanout(stage, 0), &source_listener, stage);
	draw_red(stage);
	bind_source(stage, 0);
	g_assert_cmpuint(stage->seen, ==, 0);
	fake_flip(&stage->card->outputs[0]);
	g_assert_cmpuint(stage->seen, ==, 1);
	stage_destroy(stage);
}

/* ---- dark ---- */

/* Longer than any machine takes to come to the next line. */
#define HOUR_MS 3600000

static void wait_for_dark(struct stage *stage, const char *said)
{
	while (!g_str_equal(stage->dark->str, said))
		g_main_context_iteration(NULL, TRUE);
}

static void listen_and_draw(struct stage *stage, int blank_after)
{
	source_listen(scanout(stage, 0), &source_listener, stage);
	source_set_blank_after(scanout(stage, 0), blank_after);
	bind_source(stage, 0);
	draw_red(stage);
	fake_flip(&stage->card->outputs[0]);
}

static struct stage *stage_create_listened(int blank_after)
{
	struct stage *stage = stage_create(1);

	listen_and_draw(stage, blank_after);
	return stage;
}

static void test_blank(void)
{
	struct stage *stage = stage_create_listened(1);
	struct kms_output *output = &stage->card->outputs[0];

	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_ENABLED);
	scene_scanout(stage->scene, 0, 0, 0);
	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_DISABLED);
	wait_for_dark(stage, "+");
	scene_expect_color(output, 0);
	fake_flip(output);
	/* A new size is no picture. */
	scene_scanout(stage->scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpstr(stage->dark->str, ==, "+");
	scene_update(stage->scene, 0, scene_full, GREEN);
	g_assert_cmpstr(stage->dark->str, ==, "+-");
	scene_expect_color(output, GREEN);
	stage_destroy(stage);
}

/* A change of mode: the last picture stays until the next one. */
static void test_blank_not_seen(void)
{
	struct stage *stage = stage_create_listened(HOUR_MS);
	struct kms_output *output = &stage->card->outputs[0];

	scene_scanout(stage->scene, 0, 0, 0);
	scene_scanout(stage->scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_expect_color(output, RED);
	scene_update(stage->scene, 0, scene_full, GREEN);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpstr(stage->dark->str, ==, "");
	/* The timer is off again: with nothing else to wait for, nothing is due. */
	fake_flip(output);
	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_ENABLED);
	stage_destroy(stage);
}

static void test_blank_never(void)
{
	struct stage *stage = stage_create_listened(SOURCE_BLANK_NEVER);

	scene_scanout(stage->scene, 0, 0, 0);
	g_assert_cmpstr(stage->dark->str, ==, "+");
	scene_expect_color(&stage->card->outputs[0], RED);
	g_assert_cmpuint(stage->card->outputs[0].commit_count, ==, 1);
	stage_destroy(stage);
}

/* The output went off meanwhile: the first frame's reply goes by the timer, and it is shown when
 * there is light. */
static void test_dark_output_comes_back(void)
{
	struct stage *stage = stage_create_listened(1);
	struct kms_output *output = &stage->card->outputs[0];

	scene_scanout(stage->scene, 0, 0, 0);
	wait_for_dark(stage, "+");
	fake_set_active(output, false);
	scene_show_dmabuf(stage->scene, BLUE);
	g_assert_cmpstr(stage->dark->str, ==, "+-");
	scene_wait_reply(stage->scene, 0);
	g_assert_cmpuint(guest_counters(stage->scene->guests[0])->replies[REPLY_OFF], ==, 1);
	fake_set_active(output, true);
	g_assert_true(fake_last(output)->buffer->imported);
	stage_destroy(stage);
}

/* A guest that goes is no guest that switches its screen off: whoever listens decides what is
 * shown, and the timer is off. */
static void test_gone_is_not_disabled(void)
{
	struct stage *stage = stage_create_listened(HOUR_MS);

	scene_scanout(stage->scene, 0, 0, 0);
	scene_hang_up(stage->scene, 0);
	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_EMPTY);
	g_assert_cmpstr(stage->pictures->str, ==, "+-");
	scene_expect_color(&stage->card->outputs[0], RED);
	g_assert_cmpstr(stage->dark->str, ==, "");
	/* What was dark stays so until somebody draws. */
	scene_attach(stage->scene, 0);
	draw_red(stage);
	source_set_blank_after(scanout(stage, 0), 1);
	scene_scanout(stage->scene, 0, 0, 0);
	wait_for_dark(stage, "+");
	scene_hang_up(stage->scene, 0);
	g_assert_true(source_dark(scanout(stage, 0)));
	scene_attach(stage->scene, 0);
	draw_red(stage);
	g_assert_cmpstr(stage->dark->str, ==, "+-");
	stage_destroy(stage);
}

/* A reboot: the screen is switched off and the device reset, in either order; the source is empty
 * then, and never dark. */
static void test_reset_is_not_disabled(gconstpointer reset_first)
{
	struct stage *stage = stage_create(1);
	struct guest *guest = stage->scene->guests[0];
	struct kms_output *output = &stage->card->outputs[0];

	listen_and_draw(stage, HOUR_MS);
	if (reset_first)
		guest_set_running(guest, false);
	scene_scanout(stage->scene, 0, 0, 0);
	if (!reset_first)
		guest_set_running(guest, false);
	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_EMPTY);
	g_assert_cmpstr(stage->pictures->str, ==, "+-");
	scene_expect_color(output, RED);
	guest_set_running(guest, true);

	/* The next one is the guest's own. */
	scene_scanout(stage->scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(stage->scene, 0, scene_full, GREEN);
	fake_flip(output);
	g_assert_cmpstr(stage->dark->str, ==, "");
	g_assert_cmpstr(stage->pictures->str, ==, "+-+");
	source_set_blank_after(scanout(stage, 0), 1);
	scene_scanout(stage->scene, 0, 0, 0);
	wait_for_dark(stage, "+");
	stage_destroy(stage);
}

/* A picture that is not switched off survives a reset. */
static void test_reset_alone(void)
{
	struct stage *stage = stage_create_listened(1);

	guest_set_running(stage->scene->guests[0], false);
	g_assert_cmpint(source_state(scanout(stage, 0)), ==, SOURCE_ENABLED);
	guest_set_running(stage->scene->guests[0], true);
	scene_update(stage->scene, 0, (struct kms_rect){0, 0, 32, 48}, GREEN);
	g_assert_cmphex(fake_pixel(&stage->card->outputs[0], 0, 0), ==, GREEN);
	g_assert_cmphex(fake_pixel(&stage->card->outputs[0], 32, 0), ==, RED);
	stage_destroy(stage);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/source/views/comes", test_view_comes);
	g_test_add_func("/source/views/comes-late", test_view_comes_late);
	g_test_add_func("/source/views/comes-in-mid-message", test_view_comes_in_mid_message);
	g_test_add_func("/source/views/comes-to-dmabuf", test_view_comes_to_dmabuf);
	g_test_add_func("/source/views/comes-to-copied-dmabuf", test_view_comes_to_copied_dmabuf);
	g_test_add_func("/source/views/comes-unlit", test_view_comes_unlit);
	g_test_add_func("/source/views/comes-with-cursor", test_view_comes_with_cursor);
	g_test_add_func("/source/views/goes", test_view_goes);
	g_test_add_func("/source/views/goes-from-mirror", test_view_goes_from_mirror);
	g_test_add_func("/source/views/changes-source", test_view_changes_source);
	g_test_add_func("/source/views/too-many", test_too_many_views);
	g_test_add_data_func("/source/card/imported-anew", NULL, test_card_goes);
	g_test_add_data_func("/source/card/copied-then", "copied", test_card_goes);
	g_test_add_func("/source/still/color", test_still_color);
	g_test_add_func("/source/still/picture", test_still_picture);
	g_test_add_func("/source/card/pixels", test_card_goes_with_pixels);
	g_test_add_func("/source/seen/once", test_seen);
	g_test_add_func("/source/seen/later", test_seen_later);
	g_test_add_func("/source/dark/blank", test_blank);
	g_test_add_func("/source/dark/not-seen", test_blank_not_seen);
	g_test_add_func("/source/dark/never", test_blank_never);
	g_test_add_func("/source/dark/output-comes-back", test_dark_output_comes_back);
	g_test_add_func("/source/dark/gone-is-not-disabled", test_gone_is_not_disabled);
	g_test_add_data_func("/source/dark/reset-then-disabled", "first",
		test_reset_is_not_disabled);
	g_test_add_data_func("/source/dark/disabled-then-reset", NULL, test_reset_is_not_disabled);
	g_test_add_func("/source/dark/reset-alone", test_reset_alone);
	return g_test_run();
}
