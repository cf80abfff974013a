/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buffers of a view: which is taken, and what each has missed. */
#include "scene/canvas.h"

#include "fake/fake_kms.h"

#define WIDTH 64
#define HEIGHT 48

static const struct kms_rect all = {0, 0, WIDTH, HEIGHT};

struct fixture {
	struct kms_device *card;
	struct kms_output *output;
	struct canvas_set set;
};

static void set_up(struct fixture *fixture)
{
	*fixture = (struct fixture){.card = fake_card_create(1, WIDTH, HEIGHT)};
	fixture->output = &fixture->card->outputs[0];
	canvas_set_resize(&fixture->set, WIDTH, HEIGHT);
}

static void tear_down(struct fixture *fixture)
{
	canvas_set_finish(&fixture->set);
	fake_card_destroy(fixture->card);
}

static struct canvas *take(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	struct canvas *canvas = canvas_set_take(&fixture->set, fixture->card, fixture->output,
		&error);

	g_assert_no_error(error);
	return canvas;
}

static void expect_rect(const struct kms_rect *is, struct kms_rect rect)
{
	g_assert_cmpmem(is, sizeof(*is), &rect, sizeof(rect));
}

static void expect_missing(const struct canvas *canvas, size_t count, struct kms_rect first)
{
	g_assert_cmpuint(canvas->missing.count, ==, count);
	if (count > 0)
		expect_rect(&canvas->missing.rects[0], first);
}

/* The output's, from the moment that it is submitted. */
static void show(struct fixture *fixture, struct canvas *canvas, uint64_t serial)
{
	const struct kms_frame frame = {
		.buffer = canvas->buffer,
		.source = all,
		.destination = all,
		.transform = KMS_ROTATE_0,
		.serial = serial,
	};

	canvas->drawn = serial;
	damage_clear(&canvas->missing);
	g_assert_cmpint(kms_output_submit(fixture->output, &frame), ==, KMS_SUBMIT_ACCEPTED);
}

static void ignore(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
}

static void test_take(void)
{
	static const struct kms_listener listener = {.presented = ignore};
	struct canvas *first, *second, *third;
	struct fixture fixture;

	set_up(&fixture);
	fake_card_listen(fixture.card, &listener, NULL);
	g_assert_null(canvas_set_peek(&fixture.set, fixture.output));
	g_assert_null(canvas_set_newest(&fixture.set));
	first = take(&fixture);
	expect_missing(first, 1, all);
	/* One that was never drawn is not the newest. */
	g_assert_null(canvas_set_newest(&fixture.set));
	g_assert_true(take(&fixture) == first);
	show(&fixture, first, 1);
	g_assert_null(canvas_set_peek(&fixture.set, fixture.output));
	second = take(&fixture);
	g_assert_true(second != first);
	show(&fixture, second, 2);
	g_assert_true(canvas_set_newest(&fixture.set) == second);
	fake_flip(fixture.output);
	fake_flip(fixture.output);
	/* The first is free again, and has missed less than a new one. */
	g_assert_true(canvas_set_peek(&fixture.set, fixture.output) == first);
	show(&fixture, first, 3);
	third = take(&fixture);
	show(&fixture, third, 4);
	g_assert_null(take(&fixture));
	fake_flip(fixture.output);
	fake_flip(fixture.output);
	/* Of two that are free, the one that was drawn later. */
	g_assert_true(take(&fixture) == first);
	first->drawn = 1;
	g_assert_true(take(&fixture) == second);
	g_assert_true(canvas_set_newest(&fixture.set) == third);
	g_assert_cmpuint(fixture.card->buffers, ==, 3);
	tear_down(&fixture);
}

static void test_size(void)
{
	struct fixture fixture;
	struct canvas *canvas;

	set_up(&fixture);
	canvas = take(&fixture);
	canvas_set_resize(&fixture.set, WIDTH, HEIGHT);
	g_assert_true(take(&fixture) == canvas);
	g_assert_nonnull(canvas->buffer);
	g_assert_cmpuint(fixture.card->buffers, ==, 1);
	canvas_set_resize(&fixture.set, WIDTH, HEIGHT / 2);
	g_assert_cmpuint(fixture.card->buffers, ==, 0);
	canvas = take(&fixture);
	g_assert_cmpuint(kms_buffer_height(canvas->buffer), ==, HEIGHT / 2);
	canvas_set_resize(&fixture.set, WIDTH / 2, HEIGHT / 2);
	g_assert_cmpuint(fixture.card->buffers, ==, 0);
	canvas = take(&fixture);
	g_assert_cmpuint(kms_buffer_width(canvas->buffer), ==, WIDTH / 2);
	tear_down(&fixture);
}

static void test_refused(void)
{
	g_autoptr(GError) error = NULL;
	struct fixture fixture;

	set_up(&fixture);
	fixture.card->refuses_dumb = true;
	g_assert_null(canvas_set_take(&fixture.set, fixture.card, fixture.output, &error));
	g_assert_nonnull(error);
	tear_down(&fixture);
}

static void test_missing(void)
{
	const struct kms_rect part = {1, 2, 3, 4};
	struct fixture fixture;
	struct canvas *canvas;

	set_up(&fixture);
	/* Those that are not made yet have nothing to miss but all. */
	canvas_set_mark(&fixture.set, &part);
	canvas_set_mark_complete(&fixture.set, &part);
	g_assert_cmpuint(fixture.set.canvas[1].missing.count, ==, 0);
	canvas = take(&fixture);
	damage_clear(&canvas->missing);
	canvas_set_mark(&fixture.set, &part);
	expect_missing(canvas, 1, part);
	damage_clear(&canvas->missing);
	canvas_set_mark_all(&fixture.set);
	expect_missing(canvas, 1, all);
	tear_down(&fixture);
}

/* Rows of an UPDATE that is not complete, drawn as they come. */
static void test_ahead(void)
{
	const struct kms_rect update = {8, 8, 16, 12};
	const struct kms_rect some = {8, 8, 16, 5};
	struct fixture fixture;
	struct canvas *canvas;
	struct kms_rect rest;

	set_up(&fixture);
	canvas = take(&fixture);
	damage_clear(&canvas->missing);
	rest = canvas_note_ahead(canvas, &some);
	expect_rect(&rest, some);
	/* More of them: only what is new is drawn. */
	rest = canvas_note_ahead(canvas, &update);
	expect_rect(&rest, (struct kms_rect){8, 13, 16, 7});
	rest = canvas_note_ahead(canvas, &update);
	g_assert_cmpint(rest.height, ==, 0);
	expect_missing(canvas, 0, all);
	/* All of it was: nothing is missed. */
	canvas_set_mark_complete(&fixture.set, &update);
	expect_missing(canvas, 0, all);
	g_assert_cmpint(canvas->ahead.width, ==, 0);
	/* The lower half was not. */
	canvas_note_ahead(canvas, &some);
	canvas_set_mark_complete(&fixture.set, &update);
	expect_missing(canvas, 1, (struct kms_rect){8, 13, 16, 7});
	tear_down(&fixture);
}

/* On a turned canvas what comes first lies at any side of the rectangle, and grows from there. */
static void test_ahead_from_any_side(void)
{
	static const struct kms_rect update = {8, 8, 16, 12};
	static const struct {
		struct kms_rect some, rest;
	} cases[] = {
		{{8, 8, 16, 5}, {8, 13, 16, 7}},
		{{8, 15, 16, 5}, {8, 8, 16, 7}},
		{{8, 8, 6, 12}, {14, 8, 10, 12}},
		{{18, 8, 6, 12}, {8, 8, 10, 12}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct fixture fixture;
		struct canvas *canvas;
		struct kms_rect rest;

		set_up(&fixture);
		canvas = take(&fixture);
		/* What it missed before and is drawn now, it does not miss any more. */
		damage_clear(&canvas->missing);
		damage_add(&canvas->missing, &update);
		rest = canvas_note_ahead(canvas, &cases[i].some);
		expect_rect(&rest, cases[i].some);
		expect_missing(canvas, 1, cases[i].rest);
		damage_clear(&canvas->missing);
		canvas_set_mark_complete(&fixture.set, &update);
		expect_missing(canvas, 1, cases[i].rest);
		g_assert_true(rect_empty(&canvas->ahead));
		damage_clear(&canvas->missing);
		canvas_note_ahead(canvas, &cases[i].some);
		rest = canvas_note_ahead(canvas, &update);
		expect_rect(&rest, cases[i].rest);
		tear_down(&fixture);
	}
}

/* What was drawn ahead of something else is missed. */
static void test_ahead_of_another(void)
{
	static const struct kms_rect others[] = {{9, 8, 16, 12}, {8, 9, 16, 12}, {8, 8, 15, 12},
		{8, 8, 16, 4}};
	const struct kms_rect some = {8, 8, 16, 5};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		struct fixture fixture;
		struct canvas *canvas;
		struct kms_rect rest;

		set_up(&fixture);
		canvas = take(&fixture);
		damage_clear(&canvas->missing);
		canvas_note_ahead(canvas, &some);
		rest = canvas_note_ahead(canvas, &others[i]);
		expect_rect(&rest, others[i]);
		g_assert_cmpuint(canvas->missing.count, >, 0);
		/* And it is forgotten altogether. */
		damage_clear(&canvas->missing);
		canvas_set_forget_ahead(&fixture.set);
		expect_missing(canvas, 1, others[i]);
		damage_clear(&canvas->missing);
		canvas_set_forget_ahead(&fixture.set);
		expect_missing(canvas, 0, all);
		tear_down(&fixture);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/canvas/take", test_take);
	g_test_add_func("/canvas/size", test_size);
	g_test_add_func("/canvas/refused", test_refused);
	g_test_add_func("/canvas/missing", test_missing);
	g_test_add_func("/canvas/ahead", test_ahead);
	g_test_add_func("/canvas/ahead-from-any-side", test_ahead_from_any_side);
	g_test_add_func("/canvas/ahead-of-another", test_ahead_of_another);
	return g_test_run();
}
