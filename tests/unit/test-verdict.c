/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a picture: all that it can be made of, against a table whose rows leave nothing
 * out and do not overlap; and what holds for another kind of picture.
 */
#include "scene/verdict.h"

#include <glib.h>
#include <string.h>

#define MODE_WIDTH 64
#define MODE_HEIGHT 48

/*
 * What a row is about, a letter each, '*' for all:
 *   picture  b has a buffer, - has not;  s is not of the mode's size, t is, on an output that is
 *            turned ('s' in a row is both), 1 is, on one that is not
 *   cursor   c to be seen, - hidden
 *   answers  cursor, direct, placed: y, n, or ? not asked so far
 */
static const struct row {
	const char *when;
	enum verdict_question ask;
	/* Where nothing is to be asked: */
	enum verdict_way way;
	enum verdict_cursor cursor;
	enum copy_reason reason; /* where it is not direct */
} rows[] = {
	/* Questions, and no more of them than matter. */
	{"**c?**", .ask = VERDICT_ASK_CURSOR},
	{"b*-*?*", .ask = VERDICT_ASK_DIRECT},
	{"b*cy?*", .ask = VERDICT_ASK_DIRECT},
	{"bs-*n?", .ask = VERDICT_ASK_PLACED},
	{"bscyn?", .ask = VERDICT_ASK_PLACED},
	{"bscn*?", .ask = VERDICT_ASK_PLACED},
	{"-s-**?", .ask = VERDICT_ASK_PLACED},
	{"-scy*?", .ask = VERDICT_ASK_PLACED},
	{"-scn*?", .ask = VERDICT_ASK_PLACED},
#define IS VERDICT_ASK_NOTHING
	/* The buffer itself; never with a cursor that must be blended. */
	{"b*-*y*", IS, VERDICT_DIRECT, VERDICT_CURSOR_NONE, 0},
	{"b*cyy*", IS, VERDICT_DIRECT, VERDICT_CURSOR_PLANE, 0},
	/* A canvas of the picture's size. */
	{"bs-*ny", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_NONE, COPY_GEOMETRY},
	{"bscyny", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_PLANE, COPY_GEOMETRY},
	{"bscn*y", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_BLENDED, COPY_CURSOR},
	{"-s-**y", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_NONE, COPY_IMPORT_REFUSED},
	{"-scy*y", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_PLANE, COPY_IMPORT_REFUSED},
	{"-scn*y", IS, VERDICT_PLACED_CANVAS, VERDICT_CURSOR_BLENDED, COPY_IMPORT_REFUSED},
	/* A canvas of the mode's. */
	{"bs-*nn", IS, VERDICT_CANVAS, VERDICT_CURSOR_NONE, COPY_GEOMETRY},
	{"bscynn", IS, VERDICT_CANVAS, VERDICT_CURSOR_PLANE, COPY_GEOMETRY},
	{"bscn*n", IS, VERDICT_CANVAS, VERDICT_CURSOR_BLENDED, COPY_CURSOR},
	{"-s-**n", IS, VERDICT_CANVAS, VERDICT_CURSOR_NONE, COPY_IMPORT_REFUSED},
	{"-scy*n", IS, VERDICT_CANVAS, VERDICT_CURSOR_PLANE, COPY_IMPORT_REFUSED},
	{"-scn*n", IS, VERDICT_CANVAS, VERDICT_CURSOR_BLENDED, COPY_IMPORT_REFUSED},
	{"b1-*n*", IS, VERDICT_CANVAS, VERDICT_CURSOR_NONE, COPY_TEST_REFUSED},
	{"b1cyn*", IS, VERDICT_CANVAS, VERDICT_CURSOR_PLANE, COPY_TEST_REFUSED},
	{"b1cn**", IS, VERDICT_CANVAS, VERDICT_CURSOR_BLENDED, COPY_CURSOR},
	{"-1-***", IS, VERDICT_CANVAS, VERDICT_CURSOR_NONE, COPY_IMPORT_REFUSED},
	{"-1cy**", IS, VERDICT_CANVAS, VERDICT_CURSOR_PLANE, COPY_IMPORT_REFUSED},
	{"-1cn**", IS, VERDICT_CANVAS, VERDICT_CURSOR_BLENDED, COPY_IMPORT_REFUSED},
#undef IS
};

static bool matches(const char *row, const char *when)
{
	for (size_t i = 0; i < strlen(row); i++) {
		if (row[i] != '*' && row[i] != when[i] && !(row[i] == 's' && when[i] == 't'))
			return false;
	}
	return true;
}

static struct verdict_kind kind_of(uint32_t width, uint32_t height, bool buffer)
{
	struct verdict_kind kind = {
		.width = width,
		.height = height,
		.mode_width = MODE_WIDTH,
		.mode_height = MODE_HEIGHT,
		.policy = PLACE_FIT,
	};

	if (buffer) {
		kind.buffer_width = width;
		kind.buffer_height = height;
		kind.part = (struct kms_rect){0, 0, (int32_t)width, (int32_t)height};
	}
	return kind;
}

static enum verdict_answer answer_of(char letter)
{
	return letter == 'y' ? VERDICT_YES : letter == 'n' ? VERDICT_NO : VERDICT_UNKNOWN;
}

static struct verdict_input input_of(const char *when)
{
	bool scaled = when[1] == 's';
	struct verdict_input input = {
		.kind = kind_of(scaled ? 32 : MODE_WIDTH, scaled ? 24 : MODE_HEIGHT,
			when[0] == 'b'),
		.cursor = when[2] == 'c',
		.answers = {answer_of(when[3]), answer_of(when[4]), answer_of(when[5])},
	};

	if (when[1] == 't') {
		input.kind = kind_of(MODE_HEIGHT, MODE_WIDTH, when[0] == 'b');
		input.kind.transform = KMS_ROTATE_90;
	}
	return input;
}

static void check(const char *when, const struct row *row)
{
	struct verdict_input input = input_of(when);
	struct verdict verdict = verdict_judge(&input);

	g_test_message("%s by %s", when, row->when);
	g_assert_cmpint(verdict.ask, ==, row->ask);
	g_assert_true(verdict.place.scaled == (when[1] == 's'));
	g_assert_cmpint(verdict.place.transform, ==, when[1] == 't' ? KMS_ROTATE_90 : KMS_ROTATE_0);
	if (row->ask != VERDICT_ASK_NOTHING) {
		/* As long as nobody knows better, nothing is promised. */
		g_assert_cmpint(verdict.way, ==, VERDICT_CANVAS);
		return;
	}
	g_assert_cmpint(verdict.way, ==, row->way);
	g_assert_cmpint(verdict.cursor, ==, row->cursor);
	if (verdict.way != VERDICT_DIRECT)
		g_assert_cmpint(verdict.reason, ==, row->reason);
}

static void test_table(void)
{
	static const char letters[][4] = {"b-", "st1", "c-", "yn?", "yn?", "yn?"};
	unsigned int used[G_N_ELEMENTS(rows)] = {0};
	char when[7] = "";

	for (unsigned int i = 0; i < 2 * 3 * 2 * 3 * 3 * 3; i++) {
		unsigned int rest = i, found = 0;

		for (size_t j = 0; j < G_N_ELEMENTS(letters); j++) {
			when[j] = letters[j][rest % strlen(letters[j])];
			rest /= (unsigned int)strlen(letters[j]);
		}
		for (size_t j = 0; j < G_N_ELEMENTS(rows); j++) {
			if (!matches(rows[j].when, when))
				continue;
			check(when, &rows[j]);
			used[j]++;
			found++;
		}
		if (found != 1)
			g_error("%u rows are about %s", found, when);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpuint(used[i], >, 0);
}

/* Each way with each cursor is there, but for the one that cannot be. */
static void test_cells(void)
{
	bool cells[3][3] = {{false}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].ask == VERDICT_ASK_NOTHING)
			cells[rows[i].way][rows[i].cursor] = true;
	}
	for (size_t way = 0; way < 3; way++) {
		for (size_t cursor = 0; cursor < 3; cursor++)
			g_assert_true(cells[way][cursor] ==
				(way != VERDICT_DIRECT || cursor != VERDICT_CURSOR_BLENDED));
	}
}

/* Upside down is geometry, whoever refuses it. */
static void test_y_inverted(void)
{
	struct verdict_input input = input_of("b1-?n?");

	input.kind.y_inverted = 1;
	g_assert_cmpint(verdict_judge(&input).reason, ==, COPY_GEOMETRY);
}

/* One colour has no size, asks nobody, and bears no cursor. */
static void test_solid(void)
{
	struct verdict_input input = {
		.kind = {.mode_width = MODE_WIDTH, .mode_height = MODE_HEIGHT},
		.cursor = true,
	};
	struct verdict verdict = verdict_judge(&input);

	g_assert_cmpint(verdict.ask, ==, VERDICT_ASK_NOTHING);
	g_assert_cmpint(verdict.way, ==, VERDICT_CANVAS);
	g_assert_cmpint(verdict.cursor, ==, VERDICT_CURSOR_NONE);
	g_assert_cmpint(verdict.place.destination.width, ==, 0);
}

/* The policy is in the place. */
static void test_policy(void)
{
	struct verdict_input input = input_of("bs----");

	input.kind.policy = PLACE_CENTER;
	g_assert_false(verdict_judge(&input).place.scaled);
	g_assert_cmpint(verdict_judge(&input).place.destination.x, ==, 16);
	input.kind.policy = PLACE_NONE;
	g_assert_cmpint(verdict_judge(&input).place.destination.x, ==, 0);
}

/* A colour around the picture needs a canvas of the mode's size; around a picture that fills the
 * output there is none. */
static void test_background(void)
{
	struct verdict_input input = input_of("bs-?yy");

	input.kind.background = 0x102030;
	g_assert_cmpint(verdict_judge(&input).way, ==, VERDICT_DIRECT);
	input.kind.policy = PLACE_CENTER;
	g_assert_cmpint(verdict_judge(&input).ask, ==, VERDICT_ASK_NOTHING);
	g_assert_cmpint(verdict_judge(&input).way, ==, VERDICT_CANVAS);
	g_assert_cmpint(verdict_judge(&input).reason, ==, COPY_GEOMETRY);
	input.kind.background = 0;
	g_assert_cmpint(verdict_judge(&input).way, ==, VERDICT_DIRECT);
	input.kind.transform = KMS_ROTATE_270;
	g_assert_cmpint(verdict_judge(&input).way, ==, VERDICT_DIRECT);
	input.kind.background = 1;
	g_assert_cmpint(verdict_judge(&input).way, ==, VERDICT_CANVAS);
}

/* Of what was answered, only what depends on sizes alone. */
static void test_inherit(void)
{
	const struct verdict_input from = input_of("bscyyn");
	struct verdict_input to = input_of("bscnnn");

	to.kind.fourcc = 1;
	g_assert_false(verdict_kind_equal(&to.kind, &from.kind));
	verdict_inherit(&to, &from);
	g_assert_cmpint(to.answers[VERDICT_ASK_CURSOR], ==, VERDICT_YES);
	g_assert_cmpint(to.answers[VERDICT_ASK_DIRECT], ==, VERDICT_UNKNOWN);
	g_assert_cmpint(to.answers[VERDICT_ASK_PLACED], ==, VERDICT_NO);

	to.kind.transform = KMS_ROTATE_180;
	verdict_inherit(&to, &from);
	for (size_t i = 0; i < VERDICT_QUESTIONS; i++)
		g_assert_cmpint(to.answers[i], ==, VERDICT_UNKNOWN);
	to = input_of("bscnnn");
	to.kind.width++;
	verdict_inherit(&to, &from);
	for (size_t i = 0; i < VERDICT_QUESTIONS; i++)
		g_assert_cmpint(to.answers[i], ==, VERDICT_UNKNOWN);
	to = input_of("bscnnn");
	verdict_inherit(&to, NULL);
	for (size_t i = 0; i < VERDICT_QUESTIONS; i++)
		g_assert_cmpint(to.answers[i], ==, VERDICT_UNKNOWN);
}

/* Every field of the kind makes another kind. */
static void test_kinds(void)
{
	const struct verdict_kind kind = kind_of(32, 24, true);

	for (size_t i = 0; i < sizeof(kind); i++) {
		struct verdict_kind other = kind;

		g_assert_true(verdict_kind_equal(&kind, &other));
		((uint8_t *)&other)[i]++;
		g_assert_false(verdict_kind_equal(&kind, &other));
	}
}

/* A layer's cursor is asked about, too; which way the layer takes is not said here. */
static void test_layer(void)
{
	static const enum verdict_cursor cursors[] = {
		[VERDICT_UNKNOWN] = VERDICT_CURSOR_BLENDED,
		[VERDICT_YES] = VERDICT_CURSOR_PLANE,
		[VERDICT_NO] = VERDICT_CURSOR_BLENDED,
	};
	struct verdict_input input = {
		.kind =
			{
				.width = 16,
				.height = 8,
				.mode_width = MODE_WIDTH,
				.mode_height = MODE_HEIGHT,
				.policy = PLACE_FIT,
				.buffer_width = 16,
				.buffer_height = 8,
				.area = {8, 4, 16, 8},
			},
		.cursor = true,
	};
	struct verdict verdict;

	for (enum verdict_answer answer = VERDICT_UNKNOWN; answer <= VERDICT_NO; answer++) {
		input.answers[VERDICT_ASK_CURSOR] = answer;
		verdict = verdict_judge(&input);
		g_assert_cmpint(verdict.ask, ==,
			answer == VERDICT_UNKNOWN ? VERDICT_ASK_CURSOR : VERDICT_ASK_NOTHING);
		g_assert_cmpint(verdict.cursor, ==, cursors[answer]);
		g_assert_cmpint(verdict.way, ==, VERDICT_CANVAS);
	}
	input.cursor = false;
	input.answers[VERDICT_ASK_CURSOR] = VERDICT_UNKNOWN;
	verdict = verdict_judge(&input);
	g_assert_cmpint(verdict.ask, ==, VERDICT_ASK_NOTHING);
	g_assert_cmpint(verdict.cursor, ==, VERDICT_CURSOR_NONE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/verdict/table", test_table);
	g_test_add_func("/verdict/cells", test_cells);
	g_test_add_func("/verdict/y-inverted", test_y_inverted);
	g_test_add_func("/verdict/solid", test_solid);
	g_test_add_func("/verdict/policy", test_policy);
	g_test_add_func("/verdict/background", test_background);
	g_test_add_func("/verdict/layer", test_layer);
	g_test_add_func("/verdict/inherit", test_inherit);
	g_test_add_func("/verdict/kinds", test_kinds);
	return g_test_run();
}
