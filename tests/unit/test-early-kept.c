/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process dies that had copied frames and answered them before they were shown (test-early): its
 * guest may be drawing into their buffers. The next one shows the copy, where a surface has it, or
 * leaves it on the output, until there is another frame; and never what is in the buffer.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/surface.h"
#include "scene_fixture.h"

#define GREY 0x808080u
#define OUTPUTS 3u
#define FDS_MAX 1024

/* A scanout on each of two outputs, and the first on a third, too. */
static const struct layout_output sections[OUTPUTS] = {
	{.name = "DP-1", .guest = "a", .scanout = 0},
	{.name = "DP-2", .guest = "a", .scanout = 1},
	{.name = "DP-3", .guest = "a", .scanout = 0},
};

/* A still picture in a corner of the first. */
static const struct layout_layer corner = {
	.name = "corner",
	.output = "DP-1",
	.picture = {.color = GREEN},
	.x = SCENE_WIDTH - 8,
	.width = 8,
	.height = 8,
	.opacity = UINT16_MAX,
};

/* Without the third. */
static const struct scene_options alone = {
	.outputs = 2,
	.sections = sections,
	.section_count = 2,
	.answers = ANSWERS_COPIED,
	.kept = true,
};

static const struct scene_options mirrored = {
	.outputs = OUTPUTS,
	.sections = sections,
	.section_count = OUTPUTS,
	.answers = ANSWERS_COPIED,
	.kept = true,
};

/* Nor can it be shown by itself. */
static const struct scene_options copied = {
	.outputs = OUTPUTS,
	.sections = sections,
	.section_count = OUTPUTS,
	.answers = ANSWERS_COPIED,
	.refuses_import = true,
	.kept = true,
};

static const struct scene_options layered = {
	.outputs = 2,
	.sections = sections,
	.section_count = 2,
	.layers = &corner,
	.layer_count = 1,
	.answers = ANSWERS_COPIED,
	.kept = true,
};

/* Of each test. */
struct kept {
	const struct scene_options *options;
	struct scene *scene;
	uint32_t *memory[2]; /* of the buffer that each scanout has */
};

static struct kms_output *output_of(const struct kept *kept, size_t index)
{
	return scene_output(kept->scene, index);
}

static void finish_flips(const struct kept *kept)
{
	for (size_t i = 0; i < kept->options->outputs; i++) {
		while (fake_in_flight(output_of(kept, i)))
			fake_flip(output_of(kept, i));
	}
}

static void draw(struct kept *kept, uint32_t scanout, uint32_t color)
{
	scene_paint(kept->memory[scanout], color);
	scene_dmabuf_update(kept->scene, scanout, scene_full);
}

/* A new buffer, and its first frame. */
static void show(struct kept *kept, uint32_t scanout, uint32_t color)
{
	kept->memory[scanout] = scene_show_dmabuf_on(kept->scene, scanout, color);
}

/* Both scanouts show copies of what is answered, red and blue, and their guest draws on. */
static void set_up(struct kept *kept, gconstpointer options)
{
	kept->options = options;
	kept->scene = scene_create(options);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t scanout = 0; scanout < 2; scanout++) {
			if (round == 0)
				show(kept, scanout, GREEN);
			else
				draw(kept, scanout, scanout == 0 ? RED : BLUE);
			finish_flips(kept);
		}
	}
	g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 6);
	g_assert_cmphex(fake_seen(output_of(kept, 0), 0, 0), ==, RED);
	for (uint32_t scanout = 0; scanout < 2; scanout++)
		scene_paint(kept->memory[scanout], GREY);
}

/* The time that a guest has for its next frame is over at once. */
static bool impatient;

guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
	return g_timeout_add_full(G_PRIORITY_DEFAULT, impatient ? 0 : interval, function, data,
		NULL);
}

static void succeed(struct kept *kept)
{
	struct scene *killed = kept->scene;

	kept->scene = scene_succeed(killed, kept->options, true);
	scene_destroy(killed);
	fixture_settle();
}

static void tear_down(struct kept *kept, gconstpointer options)
{
	scene_destroy(kept->scene);
}

/* What comes next is shown as ever. */
static void expect_goes_on(struct kept *kept)
{
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t scanout = 0; scanout < 2; scanout++)
			draw(kept, scanout, round == 0 ? GREEN : BLUE);
		for (size_t i = 0; i < kept->options->outputs; i++) {
			struct kms_output *output = output_of(kept, i);
			uint32_t pixel = round == 0 ? GREEN : BLUE;

			if (fake_last(output)->buffer->imported)
				g_assert_cmphex(kept->memory[i % 2][0], ==, pixel);
			else
				scene_expect_color(output, pixel);
		}
		finish_flips(kept);
		fixture_settle();
		g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 2);
	}
	scene_expect_no_log();
}

/* Drawn past its surface: the output alone has it, through as many deaths as it may be. */
static void test_stays(struct kept *kept, gconstpointer options)
{
	impatient = true;
	for (unsigned int i = 0; i < 3; i++) {
		succeed(kept);
		for (size_t j = 0; j < kept->options->outputs; j++)
			g_assert_cmpuint(output_of(kept, j)->commit_count, ==, 0);
	}
	g_assert_cmpuint(source_state(guest_source(kept->scene->guests[0], 0)), ==, SOURCE_ENABLED);
	impatient = false;
	expect_goes_on(kept);
}

/* Its next frame is another copy, although no other scanout has brought one so far. */
static void test_goes_on_with_copies(struct kept *kept, gconstpointer options)
{
	succeed(kept);
	draw(kept, 0, GREEN);
	g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 1);
	scene_paint(kept->memory[0], GREY);
	finish_flips(kept);
	g_assert_false(fake_last(output_of(kept, 0))->buffer->imported);
	scene_expect_color(output_of(kept, 0), GREEN);
	expect_goes_on(kept);
}

/* It has not got to the glass, and went with its process: a guest that draws on brings another … */
static void test_lost(struct kept *kept, gconstpointer options)
{
	draw(kept, 0, GREEN);
	g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 1);
	for (unsigned int i = 0; i < 3; i++)
		succeed(kept);
	g_assert_cmpuint(output_of(kept, 0)->commit_count, ==, 0);
	expect_goes_on(kept);
}

/* … and what one has drawn that does not is in its buffer. */
static void test_lost_for_good(struct kept *kept, gconstpointer options)
{
	draw(kept, 0, GREEN);
	g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 1);
	succeed(kept);
	impatient = true;
	succeed(kept);
	impatient = false;
	g_assert_cmpuint(output_of(kept, 0)->commit_count, ==, 1);
	g_assert_true(fake_last(output_of(kept, 0))->buffer->imported);
	g_assert_cmphex(kept->memory[0][0], ==, GREEN);
	g_assert_cmpuint(output_of(kept, 1)->commit_count, ==, 0);
	finish_flips(kept);
	expect_goes_on(kept);
}

/* The output has it no more, and so nobody has. */
static void test_mode_set(struct kept *kept, gconstpointer options)
{
	struct kms_output *output;

	succeed(kept);
	output = output_of(kept, 0);
	fake_set_mode(output, SCENE_WIDTH * 2, SCENE_HEIGHT * 2);
	g_assert_cmpuint(output->commit_count, ==, 1);
	fake_set_mode(output, SCENE_WIDTH, SCENE_HEIGHT);
	finish_flips(kept);
	g_assert_cmpuint(output_of(kept, 1)->commit_count, ==, 0);
	expect_goes_on(kept);
}

/* Answered at its flip: it is shown as it is. */
static void test_answered_at_flip(struct kept *kept, gconstpointer options)
{
	scene_scanout(kept->scene, 1, 0, 0);
	draw(kept, 0, GREEN);
	finish_flips(kept);
	g_assert_true(fake_last(output_of(kept, 0))->buffer->imported);
	succeed(kept);
	g_assert_cmpuint(output_of(kept, 0)->commit_count, ==, 1);
	g_assert_true(fake_last(output_of(kept, 0))->buffer->imported);
	finish_flips(kept);
}

/* One that waits for its answer is nobody's to draw into. */
static void test_waits(struct kept *kept, gconstpointer options)
{
	draw(kept, 0, GREEN);
	draw(kept, 0, BLUE);
	succeed(kept);
	g_assert_cmpuint(output_of(kept, 0)->commit_count, ==, 1);
	g_assert_cmphex(kept->memory[0][0], ==, BLUE);
	finish_flips(kept);
	fixture_settle();
	g_assert_cmpuint(output_of(kept, 1)->commit_count, ==, 0);
}

static void expect_copy(const struct kept *kept, size_t index, uint32_t color)
{
	g_assert_cmpuint(output_of(kept, index)->commit_count, ==, 1);
	g_assert_false(fake_last(output_of(kept, index))->buffer->imported);
	scene_expect_color(output_of(kept, index), color);
}

/* Several show it, from a surface. */
static void test_copy(struct kept *kept, gconstpointer options)
{
	for (unsigned int i = 0; i < 3; i++) {
		succeed(kept);
		expect_copy(kept, 0, RED);
		expect_copy(kept, 2, RED);
		finish_flips(kept);
		fixture_settle();
		g_assert_cmpuint(scene_replies(kept->scene, 0), ==, 0);
	}
	expect_goes_on(kept);
}

/* … and what others are drawn over, where the output's own would be black. */
static void test_below(struct kept *kept, gconstpointer options)
{
	struct kms_output *output;

	succeed(kept);
	output = output_of(kept, 0);
	/* Nor is it for a moment. */
	g_assert_cmpuint(output->commit_count, ==, 1);
	g_assert_false(fake_last(output)->buffer->imported);
	g_assert_cmphex(fake_seen(output, 0, 0), ==, RED);
	finish_flips(kept);
	g_assert_cmphex(fake_seen(output, 0, 0), ==, RED);
	g_assert_cmphex(fake_seen(output, SCENE_WIDTH - 1, 0), ==, GREEN);
	g_assert_cmpuint(output_of(kept, 1)->commit_count, ==, 0);
	finish_flips(kept);
}

/* ---- killed in the midst of a copy ---- */

static bool is_surface(int fd)
{
	struct stat status;

	return fcntl(fd, F_GET_SEALS) >= 0 && fstat(fd, &status) == 0 &&
		status.st_size > SCENE_BYTES && status.st_size < SCENE_BYTES + 65536;
}

static const struct kms_rect *unfinished_of(int fd)
{
	static struct surface_header header;

	g_assert_cmpint(pread(fd, &header, sizeof(header), 0), ==, sizeof(header));
	return &header.unfinished;
}

static unsigned int unfinished;

static void count_unfinished(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++)
		unfinished += is_surface(fd) && unfinished_of(fd)->width > 0;
}

static void test_half_a_copy(struct kept *kept, gconstpointer options)
{
	const struct kms_rect half = {0, 0, SCENE_WIDTH, SCENE_HEIGHT / 2};

	/* Whoever is killed now leaves a picture that is not whole, and says so. */
	fake_dmabuf_on_sync(count_unfinished);
	draw(kept, 0, RED);
	fake_dmabuf_on_sync(NULL);
	g_assert_cmpuint(unfinished, >, 0);
	unfinished = 0;
	count_unfinished();
	g_assert_cmpuint(unfinished, ==, 0);
	finish_flips(kept);
	scene_paint(kept->memory[0], GREY);

	for (int fd = 0; fd < FDS_MAX; fd++) {
		if (is_surface(fd))
			g_assert_cmpint(pwrite(fd, &half, sizeof(half),
						offsetof(struct surface_header, unfinished)),
				==, sizeof(half));
	}
	succeed(kept);
	g_assert_cmpuint(output_of(kept, 0)->commit_count, ==, 0);
	g_assert_cmpuint(output_of(kept, 2)->commit_count, ==, 0);
}

/* ---- a copy that fails half-way ---- */

/* As the copy begins, all but the first rows of what the guest draws into goes. */
static void cut_buffers(void)
{
	for (int fd = 0; fd < FDS_MAX; fd++) {
		if (fake_dmabuf_is_one(fd))
			g_assert_cmpint(ftruncate(fd, SCENE_BYTES / 3), ==, 0);
	}
}

static void expect_last(const struct kept *kept, unsigned int commits)
{
	for (size_t i = 0; i < OUTPUTS; i += 2)
		g_assert_cmpuint(output_of(kept, i)->commit_count, ==, commits);
}

/* The shown picture is in that surface, and is not to be taken for whole: neither by us … */
static void test_half_failed(struct kept *kept, gconstpointer options)
{
	unsigned int commits = output_of(kept, 0)->commit_count;

	unfinished = 0;
	scene_paint(kept->memory[0], GREEN);
	fake_dmabuf_on_sync(cut_buffers);
	scene_dmabuf_update(kept->scene, 0, scene_full);
	fake_dmabuf_on_sync(NULL);
	finish_flips(kept);
	expect_last(kept, commits);
	count_unfinished();
	g_assert_cmpuint(unfinished, ==, 1);
	scene_expect_log("buffer cannot be read");

	/* … nor by who comes after us, until there is another frame. */
	succeed(kept);
	expect_last(kept, 0);
	show(kept, 0, BLUE);
	scene_expect_color(output_of(kept, 0), BLUE);
	scene_expect_color(output_of(kept, 2), BLUE);
	finish_flips(kept);
}

/* ---- a state that says what is not so ---- */

static void test_damaged(struct kept *kept, gconstpointer options)
{
	struct guest_scanout_state *state = kept->scene->states[0]->scanouts;

	state[0].contents[state[0].current].shown.copy += 1;
	state[1].contents[state[1].current].shown.copy = UINT64_MAX;
	succeed(kept);
	for (size_t i = 0; i < OUTPUTS; i++)
		g_assert_cmpuint(output_of(kept, i)->commit_count, ==, 0);
	expect_goes_on(kept);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add("/early/kept/stays", struct kept, &alone, set_up, test_stays, tear_down);
	g_test_add("/early/kept/goes-on-with-copies", struct kept, &alone, set_up,
		test_goes_on_with_copies, tear_down);
	g_test_add("/early/kept/lost", struct kept, &alone, set_up, test_lost, tear_down);
	g_test_add("/early/kept/lost-for-good", struct kept, &alone, set_up, test_lost_for_good,
		tear_down);
	g_test_add("/early/kept/mode-set", struct kept, &alone, set_up, test_mode_set, tear_down);
	g_test_add("/early/kept/answered-at-flip", struct kept, &alone, set_up,
		test_answered_at_flip, tear_down);
	g_test_add("/early/kept/waits", struct kept, &alone, set_up, test_waits, tear_down);
	g_test_add("/early/kept/copy", struct kept, &mirrored, set_up, test_copy, tear_down);
	g_test_add("/early/kept/below", struct kept, &layered, set_up, test_below, tear_down);
	g_test_add("/early/kept/half-a-copy", struct kept, &mirrored, set_up, test_half_a_copy,
		tear_down);
	g_test_add("/early/kept/half-failed", struct kept, &copied, set_up, test_half_failed,
		tear_down);
	g_test_add("/early/kept/damaged", struct kept, &mirrored, set_up, test_damaged, tear_down);
	return g_test_run();
}
