/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outputs show where their guest shows nothing, and that its own picture takes the place at
 * once. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>

#include "channel_fixture.h"
#include "scene/source.h"
#include "scene/text_card.h"
#include "scene/view.h"
#include "scene_fixture.h"

#define GREY 0x808080u

static struct scene *create(struct scene_options options)
{
	options.before.color = options.before.kind == PICTURE_COLOR ? GREY : 0;
	options.after.color = options.after.kind == PICTURE_COLOR ? BLUE : 0;
	return scene_create(&options);
}

static void draw(struct scene *scene, uint32_t color)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, color);
}

static void set_failed(struct scene *scene, bool failed)
{
	char name[] = "a";
	char *lines[] = {name, NULL};

	layout_set_status(scene->layout, scene->guests[0], failed, lines);
}

/* From the start to the first frame, which follows in one commit. */
static void test_before(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpuint(output->commit_count, ==, 1);
	scene_update(scene, 0, scene_full, RED);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_expect_color(output, RED);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* The firmware's framebuffer, of which the kernel knows nothing, is on the glass until an output is
 * lit: that waits for the guest's first frame, or for a picture that says that it has failed. */
static void test_last_without_crtc(void)
{
	const struct scene_options options = {
		.before = {.kind = PICTURE_LAST},
		.after = {.color = BLUE},
	};

	for (int failed = 0; failed < 2; failed++) {
		struct scene *scene = scene_prepare(&options);
		struct kms_output *output = scene_output(scene, 0);

		output->without_crtc = true;
		output->active = false;
		scene_configure(scene, &options);
		scene_attach(scene, 0);
		g_assert_false(kms_output_active(output));
		if (failed)
			set_failed(scene, true);
		else
			draw(scene, RED);
		fixture_settle();
		g_assert_true(kms_output_active(output));
		fake_tell(scene->card);
		scene_expect_color(output, failed ? BLUE : RED);
		scene_destroy(scene);
	}
}

/* The frame of a guest that is as quick as the first commit is not followed by the placeholder. */
static void test_frame_with_flip_in_flight(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	scene_show_dmabuf(scene, RED);
	fake_flip(output);
	g_assert_true(fake_last(output)->buffer->imported);
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 2);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	scene_destroy(scene);
}

/* Black is what an output is lit with: nothing need be shown. */
static void test_black_before(void)
{
	struct scene *scene = scene_create(&(struct scene_options){0});

	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_destroy(scene);
}

static void test_after(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	/* Who comes next has not begun to draw. */
	scene_attach(scene, 0);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_expect_color(output, BLUE);
	scene_update(scene, 0, scene_full, GREEN);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	scene_destroy(scene);
}

/* The splash does not come back in the place of the last picture. */
static void test_last_after_splash(void)
{
	struct scene *scene = create((struct scene_options){.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, RED);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* A reboot: the guest resets the device after it has switched its screen off. */
static void test_reboot(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_scanout(scene, 0, 0, 0);
	scene_expect_color(output, RED);
	guest_set_running(scene->guests[0], false);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* A first picture that cannot be shown is a failure, said once; not so one in a later frame. */
static void test_unshowable(void)
{
	struct scene_options options = {.before.color = GREY, .after.color = BLUE};
	struct scene *scene = scene_create(&options);
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	scene->card->refuses_import = true;
	for (int i = 0; i < 2; i++) {
		scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT,
			open("/dev/null", O_RDWR | O_CLOEXEC));
		scene_dmabuf_update(scene, 0, scene_full);
	}
	/* The fixture's failed= is its after=. */
	scene_expect_color(output, BLUE);
	g_assert_cmpuint(output->commit_count, ==, 2);
	fake_flip(output);
	draw(scene, RED);
	fake_flip(output);
	scene_dmabuf(scene, 0, SCENE_WIDTH, SCENE_HEIGHT, open("/dev/null", O_RDWR | O_CLOEXEC));
	scene_dmabuf_update(scene, 0, scene_full);
	scene_expect_color(output, RED);
	g_free(fixture_log_take());
	scene_destroy(scene);
}

/* Dark, and then it goes while there is no card: it is lit when there is one, with all views in
 * place. */
static void test_dark_without_card(void)
{
	struct scene_options options = {.outputs = 2,
		.after.color = BLUE,
		.blank_after_ms = 1,
		.off_after_ms = 1};
	struct scene *scene = scene_create_red(&options);

	scene_scanout(scene, 0, 0, 0);
	while (scene_output(scene, 0)->active)
		g_main_context_iteration(NULL, TRUE);
	layout_set_device(scene->layout, 0, NULL);
	guest_set_device(scene->guests[0], 0, NULL);
	fake_card_destroy(scene->card);
	scene_hang_up(scene, 0);
	scene->card = fake_card_create(2, SCENE_WIDTH, SCENE_HEIGHT);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	guest_set_device(scene->guests[0], 0, scene->card);
	layout_set_device(scene->layout, 0, scene->card);
	g_assert_true(scene_output(scene, 0)->active);
	scene_expect_color(scene_output(scene, 0), BLUE);
	scene_destroy(scene);
}

static void test_failed(void)
{
	struct scene *scene = scene_prepare(&(struct scene_options){0});
	const struct layout_guest guest = {
		.guest = scene->guests[0],
		.after.color = BLUE,
		.failed.color = GREEN,
		.blank_after_ms = LAYOUT_NEVER,
		.off_after_ms = LAYOUT_NEVER,
	};
	struct kms_output *output = scene_output(scene, 0);

	scene->layout = layout_create(&(struct layout_options){.guests = &guest, .guest_count = 1},
		&(struct layout_listener){0}, NULL);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	layout_set_device(scene->layout, 0, scene->card);
	scene_attach(scene, 0);
	draw(scene, RED);
	fake_flip(output);
	/* What shows is not covered by what is known to come. */
	set_failed(scene, true);
	scene_expect_color(output, RED);
	scene_hang_up(scene, 0);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	set_failed(scene, false);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	/* A guest that shows something has not failed. */
	set_failed(scene, true);
	fake_flip(output);
	scene_attach(scene, 0);
	draw(scene, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* Nobody points at it, and the guest's cursor does not belong to it. */
static void test_no_picture(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);
	uint32_t width, height;
	double x, y;

	fake_flip(output);
	scene_cursor(scene, 0, 3, 4, 0xffffffff);
	g_assert_false(output->cursor_visible);
	g_assert_false(view_picture_size(layout_view(scene->layout, 0), &width, &height));
	g_assert_cmpint(view_pick(layout_view(scene->layout, 0), 0.5, 0.5, &x, &y), ==,
		VIEW_POINT_NOWHERE);
	draw(scene, RED);
	g_assert_true(output->cursor_visible);
	fake_flip(output);
	scene_hang_up(scene, 0);
	g_assert_false(output->cursor_visible);
	fake_flip(output);
	scene_destroy(scene);
}

/* In another mode, and when the output comes back. */
static void test_shown_again(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	fake_set_mode(output, 80, 60);
	scene_expect_color(output, GREY);
	fake_flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_destroy(scene);
}

/* A peer that has drawn nothing yet may switch its screen off, and go: what stands in its place
 * stays, and is shown again with the output. */
static void test_gone_before_a_frame(void)
{
	struct scene *scene = create((struct scene_options){0});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_scanout(scene, 0, 0, 0);
	scene_hang_up(scene, 0);
	fake_set_mode(output, 80, 60);
	scene_expect_color(output, GREY);
	fake_flip(output);
	/* While nobody sees it. */
	fake_set_active(output, false);
	set_failed(scene, true);
	scene_attach(scene, 0);
	scene_scanout(scene, 0, 0, 0);
	scene_hang_up(scene, 0);
	fake_set_active(output, true);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
}

/* A card that comes later, and one in its place. */
static void test_another_card(void)
{
	struct scene *scene = create((struct scene_options){0});

	fake_flip(scene_output(scene, 0));
	layout_set_device(scene->layout, 0, NULL);
	guest_set_device(scene->guests[0], 0, NULL);
	fake_card_destroy(scene->card);
	scene->card = fake_card_create(1, SCENE_WIDTH, SCENE_HEIGHT);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	guest_set_device(scene->guests[0], 0, scene->card);
	layout_set_device(scene->layout, 0, scene->card);
	scene_expect_color(scene_output(scene, 0), GREY);
	fake_flip(scene_output(scene, 0));
	scene_destroy(scene);
}

/* A screen that the guest switched off is dark; a placeholder that was asked for is to be seen. */
static void test_dark(gconstpointer data)
{
	bool black = data != NULL;
	struct scene_options options = {.blank_after_ms = 1, .off_after_ms = 1};
	struct scene *scene;
	struct kms_output *output;

	options.after.color = black ? 0 : BLUE;
	scene = scene_create_red(&options);
	output = scene_output(scene, 0);
	scene_scanout(scene, 0, 0, 0);
	while (output->active)
		g_main_context_iteration(NULL, TRUE);
	fake_tell(scene->card);
	scene_hang_up(scene, 0);
	fake_tell(scene->card);
	g_assert_true(output->active == !black);
	if (!black)
		scene_expect_color(output, BLUE);
	scene_destroy(scene);
}

/* ---- pictures ---- */

struct file {
	char *folder;
	char *path;
};

static void write_file(const struct file *file, uint32_t color)
{
	uint8_t pixels[SCENE_WIDTH * SCENE_HEIGHT][3];
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = SCENE_WIDTH,
		.height = SCENE_HEIGHT,
		.format = PNG_FORMAT_RGB};

	for (size_t i = 0; i < SCENE_WIDTH * SCENE_HEIGHT; i++) {
		pixels[i][0] = (uint8_t)(color >> 16);
		pixels[i][1] = (uint8_t)(color >> 8);
		pixels[i][2] = (uint8_t)color;
	}
	g_assert_true(png_image_write_to_file(&image, file->path, 0, pixels, 0, NULL));
}

static struct file make_file(uint32_t color)
{
	struct file file = {.folder = g_dir_make_tmp("scanoutd-placeholder-XXXXXX", NULL)};

	file.path = g_build_filename(file.folder, "splash.png", NULL);
	write_file(&file, color);
	return file;
}

static void remove_file(struct file *file)
{
	g_remove(file->path);
	g_assert_cmpint(g_rmdir(file->folder), ==, 0);
	g_free(file->path);
	g_free(file->folder);
}

/* What the output is lit with, as kms/ asks for it. */
static struct kms_buffer *paint(struct scene *scene)
{
	struct kms_buffer *buffer = kms_buffer_create_dumb(scene->card,
		scene_output(scene, 0)->mode.width, scene_output(scene, 0)->mode.height, NULL);
	const struct kms_output_request *request = &scene->card->requests[0];

	request->paint(request->paint_data, request->output, buffer);
	return buffer;
}

static void expect_painted(struct scene *scene, uint32_t color)
{
	struct kms_buffer *buffer = paint(scene);

	for (uint32_t y = 0; y < buffer->height; y++) {
		const uint32_t *row = (const void *)(buffer->pixels + (size_t)y * buffer->stride);

		for (uint32_t x = 0; x < buffer->width; x++)
			g_assert_cmphex(row[x] & 0xffffff, ==, color);
	}
	kms_buffer_unref(buffer);
}

static void wait_commit(struct scene *scene, size_t count)
{
	while (scene_output(scene, 0)->commit_count < count)
		g_main_context_iteration(NULL, TRUE);
}

static void wait_log(const char *text)
{
	for (;;) {
		g_autofree char *log = fixture_log_take();

		if (log && strstr(log, text))
			return;
		g_main_context_iteration(NULL, TRUE);
	}
}

/* There before the card is asked: part of the very first commit, and nothing is kept for it. */
static void test_splash(void)
{
	struct file file = make_file(GREEN);
	struct scene *scene = scene_create(
		&(struct scene_options){.before = {.kind = PICTURE_FILE, .path = file.path}});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_false(scene->card->requests[0].keep_picture);
	expect_painted(scene, GREEN);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	draw(scene, RED);
	scene_expect_color(output, RED);
	/* A guest's picture is shown when it can be, not painted. */
	expect_painted(scene, 0);
	fake_flip(output);
	scene_destroy(scene);
	remove_file(&file);
}

/* A picture of another size is placed and turned as a scanout is, also where the output is lit with
 * it. */
static void test_splash_placed(gconstpointer data)
{
	const struct layout_output section = {
		.name = "DP-1",
		.scanout = -1,
		.policy = PLACE_CENTER,
		.transform = data ? KMS_ROTATE_90 : KMS_ROTATE_0,
		.background = BLUE,
	};
	struct file file = make_file(GREEN);
	struct scene *scene = scene_create(&(struct scene_options){
		.before = {.kind = PICTURE_FILE, .path = file.path},
		.width = 80,
		.height = 70,
		.sections = &section,
		.section_count = 1,
	});
	struct kms_buffer *buffer = paint(scene);
	struct kms_output *output = scene_output(scene, 0);
	uint32_t left = data ? (80 - SCENE_HEIGHT) / 2 : (80 - SCENE_WIDTH) / 2;
	uint32_t top = data ? (70 - SCENE_WIDTH) / 2 : (70 - SCENE_HEIGHT) / 2;

	for (uint32_t y = 0; y < 70; y++) {
		const uint32_t *row = (const void *)(buffer->pixels + (size_t)y * buffer->stride);

		for (uint32_t x = 0; x < 80; x++) {
			bool inside = x >= left && x < 80 - left && y >= top && y < 70 - top;

			g_assert_cmphex(fake_pixel(output, x, y), ==, inside ? GREEN : BLUE);
			g_assert_cmphex(row[x] & 0xffffff, ==, inside ? GREEN : BLUE);
		}
	}
	kms_buffer_unref(buffer);
	fake_flip(output);
	scene_destroy(scene);
	remove_file(&file);
}

/* A picture that stays as the last one is replaced, too: its file's surface is no more. */
static void test_reload_last(void)
{
	struct file file = make_file(GREEN);
	struct scene *scene = scene_create(
		&(struct scene_options){.before = {.kind = PICTURE_FILE, .path = file.path},
			.after.kind = PICTURE_LAST});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	set_failed(scene, true);
	write_file(&file, BLUE);
	layout_reload_pictures(scene->layout);
	wait_commit(scene, 2);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	fake_set_active(output, false);
	fake_set_active(output, true);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	scene_destroy(scene);
	remove_file(&file);
}

/* The file is replaced: the new one is shown when that is asked for; a broken one changes
 * nothing. */
static void test_reload(void)
{
	struct file file = make_file(GREEN);
	struct scene *scene = scene_create(
		&(struct scene_options){.before = {.kind = PICTURE_FILE, .path = file.path},
			.after = {.kind = PICTURE_FILE, .path = file.path}});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	write_file(&file, BLUE);
	layout_reload_pictures(scene->layout);
	layout_reload_pictures(scene->layout);
	wait_commit(scene, 2);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	wait_commit(scene, 3);
	fake_flip(output);

	g_assert_true(g_file_set_contents(file.path, "half a", -1, NULL));
	layout_reload_pictures(scene->layout);
	wait_log("; the last one stays");
	g_assert_cmpuint(output->commit_count, ==, 3);

	/* Behind a guest's picture it is replaced, too. */
	draw(scene, RED);
	fake_flip(output);
	write_file(&file, GREY);
	layout_reload_pictures(scene->layout);
	scene_hang_up(scene, 0);
	wait_commit(scene, 5);
	while (fake_pixel(output, 0, 0) != GREY) {
		if (output->queued.frame.buffer)
			fake_flip(output);
		else
			g_main_context_iteration(NULL, TRUE);
	}
	fake_flip(output);
	scene_destroy(scene);
	remove_file(&file);
}

static bool is_card(const struct kms_output *output)
{
	size_t ground = 0;

	for (uint32_t y = 0; y < output->mode.height; y++) {
		for (uint32_t x = 0; x < output->mode.width; x++)
			ground += fake_pixel(output, x, y) == TEXT_CARD_COLOR;
	}
	return ground > 0 && ground < (size_t)output->mode.width * output->mode.height;
}

/* A PNG that is none: a card in its place, and a word with the file and the reason. */
static void test_bad_file(void)
{
	struct scene *scene = scene_create(&(struct scene_options){
		.before = {.kind = PICTURE_FILE, .path = (char[]){"/nowhere/splash.png"}}});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_nonnull(
		strstr(scene->said, "picture /nowhere/splash.png: No such file or directory"));
	wait_commit(scene, 1);
	g_assert_true(is_card(output));
	fake_flip(output);
	scene_destroy(scene);
}

static void set_status(struct scene *scene, const char *text)
{
	g_autofree char *copy = g_strdup(text);
	char name[] = "a";
	char *lines[] = {name, copy, NULL};

	layout_set_status(scene->layout, scene->guests[0], false, lines);
}

/* The text goes with the state, and a guest's picture takes the place of a card that is being
 * drawn. */
static void test_card(void)
{
	struct scene *scene = scene_create(
		&(struct scene_options){.before.kind = PICTURE_CARD, .after.kind = PICTURE_CARD});
	struct kms_output *output = scene_output(scene, 0);
	struct kms_buffer *buffer = paint(scene);
	uint32_t corner;
	size_t commits;

	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_true(is_card(output));
	memcpy(&corner, buffer->pixels, sizeof(corner));
	g_assert_cmphex(corner & 0xffffff, ==, TEXT_CARD_COLOR);
	kms_buffer_unref(buffer);
	fake_flip(output);
	set_status(scene, "waiting");
	wait_commit(scene, 2);
	g_assert_true(is_card(output));
	fake_flip(output);
	/* The same again is no news. */
	set_status(scene, "waiting");
	set_status(scene, "starting");
	draw(scene, RED);
	/* The card may have been ready before. */
	while (output->queued.frame.buffer)
		fake_flip(output);
	fixture_settle();
	scene_expect_color(output, RED);
	commits = output->commit_count;
	scene_hang_up(scene, 0);
	wait_commit(scene, commits + 1);
	g_assert_true(is_card(output));
	fake_flip(output);
	scene_destroy(scene);
}

/* Each size has its own. */
static void test_card_resized(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.before.kind = PICTURE_CARD});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	fake_set_mode(output, 160, 120);
	wait_commit(scene, 2);
	fake_flip(output);
	wait_commit(scene, 3);
	g_assert_true(is_card(output));
	fake_flip(output);
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_destroy(scene);
}

static unsigned int count_threads(void)
{
	g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
	unsigned int count = 0;

	while (g_dir_read_name(tasks))
		count++;
	return count;
}

/* However often the text changes before it is drawn, one thread draws; and the last one is
 * shown. */
static void test_card_changes(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.before.kind = PICTURE_CARD});
	struct kms_output *output = scene_output(scene, 0);
	unsigned int threads;

	fake_flip(output);
	set_status(scene, "0");
	threads = count_threads();
	for (int i = 0; i < 100; i++) {
		g_autofree char *text = g_strdup_printf("%d", i);

		set_status(scene, text);
		g_assert_cmpuint(count_threads(), <=, threads + 1);
	}
	wait_commit(scene, 2);
	g_assert_true(is_card(output));
	fake_flip(output);
	fixture_settle();
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* A colour that is due now is not covered by the card of another size. */
static void test_card_no_more(void)
{
	struct scene *scene = create(
		(struct scene_options){.before.kind = PICTURE_CARD, .font = NULL});
	struct kms_output *output = scene_output(scene, 0);

	fake_flip(output);
	set_failed(scene, true);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	fake_set_mode(output, 160, 120);
	fixture_settle();
	scene_expect_color(output, BLUE);
	fake_flip(output);
	fixture_settle();
	g_assert_cmpuint(output->commit_count, ==, 3);
	scene_destroy(scene);
}

/* Without a font the ground's colour, and one word about that. */
static void test_no_font(void)
{
	struct scene *scene = scene_create(
		&(struct scene_options){.before.kind = PICTURE_CARD, .font = "/dev/null"});
	struct kms_output *output = scene_output(scene, 0);

	g_assert_nonnull(strstr(scene->said,
		"no text card, a plain colour instead: /dev/null is no "
		"font"));
	expect_painted(scene, TEXT_CARD_COLOR);
	scene_expect_color(output, TEXT_CARD_COLOR);
	fake_flip(output);
	set_status(scene, "waiting");
	draw(scene, RED);
	fake_flip(output);
	scene_expect_no_log();
	scene_destroy(scene);
}

static void set_card(gpointer data)
{
	struct scene *scene = data;

	layout_set_device(scene->layout, 0, scene->card);
}

/* The screen stays as it is for a picture that is not there in time. */
static void test_not_ready(void)
{
	struct scene_options options = {.before.kind = PICTURE_CARD, .later = true};
	struct scene *scene = scene_prepare(&options);
	struct kms_output *output = scene_output(scene, 0);

	scene_configure(scene, &options);
	/* From inside of the main loop nothing is waited for. */
	g_idle_add_once(set_card, scene);
	while (scene->card->configured == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(scene->card->requests[0].keep_picture);
	expect_painted(scene, 0);
	wait_commit(scene, 1);
	g_assert_true(is_card(output));
	fake_flip(output);
	scene_destroy(scene);
}

/* ---- outputs that no guest is shown on ---- */

static const struct layout_output vacant_section = {.name = "DP-2",
	.scanout = -1,
	.transform = KMS_ROTATE_0,
	.pictured = true,
	.picture = {.kind = PICTURE_COLOR, .color = GREY}};

/* Guests that are shown by sections leave one; it is lit when a monitor comes, and off without. */
static void test_vacant(void)
{
	const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .transform = KMS_ROTATE_0},
		vacant_section,
	};
	struct scene_options options = {.outputs = 3,
		.guests = 1,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)};
	struct scene *scene = scene_prepare(&options);
	struct kms_output *output = scene_output(scene, 1);

	output->connected = false;
	scene_configure(scene, &options);
	g_assert_false(output->active);
	output->connected = true;
	fake_probe(scene->card);
	fake_tell(scene->card);
	g_assert_true(output->active);
	scene_expect_color(output, GREY);
	fake_flip(output);
	/* It is no view that anybody points at, and no guest's. */
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 1);
	/* Probes that find nothing new change nothing. */
	fake_probe(scene->card);
	fake_tell(scene->card);
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_false(scene_output(scene, 2)->active);
	output->connected = false;
	fake_probe(scene->card);
	fake_tell(scene->card);
	g_assert_false(output->active);
	scene_destroy(scene);
}

/* What is off is dark, by whatever words another section means it. */
static void test_vacant_off(void)
{
	struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .transform = KMS_ROTATE_0},
		{.name = "DP-2", .off = true},
		vacant_section,
	};
	struct scene_options options = {.outputs = 3,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)};
	struct scene *scene = scene_prepare(&options);

	sections[2].name = "ACME TV";
	for (size_t i = 1; i < 3; i++)
		g_strlcpy(scene_output(scene, i)->monitor, "ACME TV 7",
			sizeof(scene_output(scene, i)->monitor));
	scene_configure(scene, &options);
	g_assert_false(scene_output(scene, 1)->active);
	g_assert_true(scene_output(scene, 2)->active);
	scene_expect_color(scene_output(scene, 2), GREY);
	fake_flip(scene_output(scene, 2));
	scene_destroy(scene);
}

/* Another configuration has another file: the former one is let go. */
static void test_vacant_other_file(void)
{
	struct file file = make_file(GREEN);
	struct file other = make_file(BLUE);
	struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .transform = KMS_ROTATE_0},
		vacant_section,
	};
	struct scene_options options = {.outputs = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)};
	struct scene *scene;
	struct kms_output *output;

	sections[1].picture = (struct picture_spec){PICTURE_FILE, 0, file.path};
	scene = scene_create(&options);
	output = scene_output(scene, 1);
	scene_expect_color(output, GREEN);
	fake_flip(output);
	sections[1].picture.path = other.path;
	scene_reconfigure(scene, &options);
	while (!output->queued.frame.buffer)
		g_main_context_iteration(NULL, TRUE);
	scene_expect_color(output, BLUE);
	fake_flip(output);
	/* It is read when it is named again, and nothing is there of what it had. */
	g_assert_true(g_file_set_contents(file.path, "none", -1, NULL));
	sections[1].picture.path = file.path;
	scene_reconfigure(scene, &options);
	g_assert_cmphex(fake_pixel(output, 0, 0), !=, GREEN);
	wait_log(file.path);
	scene_destroy(scene);
	remove_file(&file);
	remove_file(&other);
}

/* Another view shows something on the output while a frame of the one before it is in flight:
 * frames go on in their order (struct kms_frame), whoever gives them. */
static void test_vacant_in_flight(void)
{
	const struct layout_output sections[] = {
		{.name = "DP-3;DP-2", .guest = "a", .transform = KMS_ROTATE_0},
		vacant_section,
	};
	const struct scene_options options = {.outputs = 3,
		.guests = 1,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)};
	struct scene *scene = scene_create(&options);
	struct kms_output *output = scene_output(scene, 1);

	scene_expect_color(output, GREY);
	g_assert_nonnull(output->queued.frame.buffer);
	scene_output(scene, 2)->connected = false;
	fake_probe(scene->card);
	fake_tell(scene->card);
	scene_show_dmabuf(scene, RED);
	g_assert_nonnull(output->pending.frame.buffer);
	fake_flip(output);
	/* And back. */
	scene_output(scene, 2)->connected = true;
	fake_probe(scene->card);
	fake_tell(scene->card);
	fake_flip(output);
	if (output->queued.frame.buffer)
		fake_flip(output);
	scene_expect_color(output, GREY);
	scene_destroy(scene);
}

/* What shows nobody is lit with it, too. */
static void test_vacant_painted(void)
{
	const struct layout_output sections[] = {
		{.name = "DP-1", .guest = "a", .transform = KMS_ROTATE_0},
		vacant_section,
	};
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.sections = sections,
		.section_count = G_N_ELEMENTS(sections)});
	const struct kms_output_request *request = &scene->card->requests[1];
	struct kms_buffer *buffer = kms_buffer_create_dumb(scene->card, SCENE_WIDTH, SCENE_HEIGHT,
		NULL);
	uint32_t pixel;

	g_assert_true(request->output == scene_output(scene, 1));
	g_assert_false(request->keep_picture);
	request->paint(request->paint_data, request->output, buffer);
	memcpy(&pixel, buffer->pixels, sizeof(pixel));
	g_assert_cmphex(pixel & 0xffffff, ==, GREY);
	kms_buffer_unref(buffer);
	fake_flip(scene_output(scene, 1));
	scene_destroy(scene);
}

/* The only guest's second output, which it does not use so far; and no longer has. */
static void test_vacant_until_used(void)
{
	struct scene *scene = scene_create(&(struct scene_options){.outputs = 2,
		.sections = &vacant_section,
		.section_count = 1});
	struct kms_output *output = scene_output(scene, 1);

	g_assert_true(output->active);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_scanout(scene, 1, SCENE_WIDTH, SCENE_HEIGHT);
	/* It is the guest's from here on, whose placeholder is black. */
	scene_expect_color(output, 0);
	fake_flip(output);
	scene_update(scene, 1, scene_full, RED);
	scene_expect_color(output, RED);
	fake_flip(output);
	scene_hang_up(scene, 0);
	scene_expect_color(output, 0);
	fake_flip(output);
	layout_set_scanout_count(scene->layout, scene->guests[0], 1);
	fake_tell(scene->card);
	g_assert_true(output->active);
	scene_expect_color(output, GREY);
	fake_flip(output);
	scene_destroy(scene);
}

/* By default such an output goes to the next guest. */
static void test_vacant_taken(void)
{
	struct scene_options options = {.outputs = 2,
		.guests = 2,
		.sections = &vacant_section,
		.section_count = 1};
	struct scene *scene = scene_prepare(&options);
	struct kms_output *output = scene_output(scene, 1);

	scene_output(scene, 0)->connected = false;
	scene_configure(scene, &options);
	/* The first guest has it, since it has the only monitor; the second waits. */
	scene_output(scene, 0)->connected = true;
	fake_probe(scene->card);
	fake_tell(scene->card);
	g_assert_cmpuint(layout_view_count(scene->layout), ==, 2);
	g_assert_true(output->active);
	g_assert_cmpuint(output->commit_count, ==, 0);
	scene_destroy(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/placeholder/before", test_before);
	g_test_add_func("/placeholder/last-without-crtc", test_last_without_crtc);
	g_test_add_func("/placeholder/frame-with-flip-in-flight", test_frame_with_flip_in_flight);
	g_test_add_func("/placeholder/black-before", test_black_before);
	g_test_add_func("/placeholder/after", test_after);
	g_test_add_func("/placeholder/last-after-splash", test_last_after_splash);
	g_test_add_func("/placeholder/reboot", test_reboot);
	g_test_add_func("/placeholder/failed", test_failed);
	g_test_add_func("/placeholder/unshowable", test_unshowable);
	g_test_add_func("/placeholder/no-picture", test_no_picture);
	g_test_add_func("/placeholder/shown-again", test_shown_again);
	g_test_add_func("/placeholder/gone-before-a-frame", test_gone_before_a_frame);
	g_test_add_func("/placeholder/another-card", test_another_card);
	g_test_add_func("/placeholder/dark/without-card", test_dark_without_card);
	g_test_add_data_func("/placeholder/dark/lit", NULL, test_dark);
	g_test_add_data_func("/placeholder/dark/black", "black", test_dark);
	g_test_add_func("/placeholder/splash", test_splash);
	g_test_add_data_func("/placeholder/splash-placed", NULL, test_splash_placed);
	g_test_add_data_func("/placeholder/splash-turned", "turned", test_splash_placed);
	g_test_add_func("/placeholder/reload", test_reload);
	g_test_add_func("/placeholder/reload-last", test_reload_last);
	g_test_add_func("/placeholder/card-no-more", test_card_no_more);
	g_test_add_func("/placeholder/changes", test_card_changes);
	g_test_add_func("/placeholder/bad-file", test_bad_file);
	g_test_add_func("/placeholder/card", test_card);
	g_test_add_func("/placeholder/card-resized", test_card_resized);
	g_test_add_func("/placeholder/no-font", test_no_font);
	g_test_add_func("/placeholder/not-ready", test_not_ready);
	g_test_add_func("/placeholder/vacant/monitor", test_vacant);
	g_test_add_func("/placeholder/vacant/off", test_vacant_off);
	g_test_add_func("/placeholder/vacant/other-file", test_vacant_other_file);
	g_test_add_func("/placeholder/vacant/in-flight", test_vacant_in_flight);
	g_test_add_func("/placeholder/vacant/painted", test_vacant_painted);
	g_test_add_func("/placeholder/vacant/until-used", test_vacant_until_used);
	g_test_add_func("/placeholder/vacant/taken", test_vacant_taken);
	return g_test_run();
}
