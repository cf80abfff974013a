/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest that does not take its events finds when it does. */
#include <glib.h>
#include <string.h>

#include "input/backlog.h"

struct fixture {
	struct backlog backlog;
	/* A guest's own books, of what it has taken. */
	uint8_t pressed[INPUT_BITS_SIZE(KEY_MAX)];
	uint64_t touching;
	int32_t slot;
	int32_t position[BACKLOG_SLOTS];
	int64_t x;
	size_t groups;
	size_t odd; /* releases of what was not pressed, positions of what does not touch */
};

static struct fixture *fixture_new(void)
{
	return g_new0(struct fixture, 1);
}

static void push(struct fixture *fixture, size_t count, const struct input_value *values)
{
	backlog_push(&fixture->backlog, values, count);
}

#define PUSH(fixture, ...) \
	push(fixture, sizeof((struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value), \
		(struct input_value[]){__VA_ARGS__})

static void take_value(struct fixture *fixture, const struct input_value *value)
{
	if (value->type == EV_SYN) {
		fixture->groups++;
	} else if (value->type == EV_REL) {
		fixture->x += value->value;
	} else if (value->type == EV_KEY && value->value) {
		input_set_bit(fixture->pressed, value->code);
	} else if (value->type == EV_KEY) {
		fixture->odd += !input_bit(fixture->pressed, value->code);
		fixture->pressed[value->code / 8] &= (uint8_t) ~(1u << value->code % 8);
	} else if (value->code == ABS_MT_SLOT) {
		fixture->slot = value->value;
	} else if (value->code == ABS_MT_TRACKING_ID && value->value >= 0) {
		fixture->touching |= UINT64_C(1) << fixture->slot;
	} else if (value->code == ABS_MT_TRACKING_ID) {
		fixture->odd += !(fixture->touching >> fixture->slot & 1);
		fixture->touching &= ~(UINT64_C(1) << fixture->slot);
	} else if (value->code == ABS_MT_POSITION_X) {
		fixture->odd += !(fixture->touching >> fixture->slot & 1);
		fixture->position[fixture->slot] = value->value;
	}
}

static void take(struct fixture *fixture, size_t most)
{
	const struct input_value *value;

	while (most-- > 0 && (value = backlog_first(&fixture->backlog)) != NULL) {
		take_value(fixture, value);
		backlog_take(&fixture->backlog);
	}
}

static bool nothing_pressed(const struct fixture *fixture)
{
	for (size_t i = 0; i < sizeof(fixture->pressed); i++) {
		if (fixture->pressed[i])
			return false;
	}
	return fixture->touching == 0;
}

static void expect(struct fixture *fixture, size_t count, const struct input_value *values)
{
	for (size_t i = 0; i < count; i++) {
		const struct input_value *value = backlog_first(&fixture->backlog);

		g_assert_nonnull(value);
		g_assert_cmpuint(value->type, ==, values[i].type);
		g_assert_cmpuint(value->code, ==, values[i].code);
		g_assert_cmpint(value->value, ==, values[i].value);
		backlog_take(&fixture->backlog);
	}
	g_assert_null(backlog_first(&fixture->backlog));
}

#define EXPECT(fixture, ...) \
	expect(fixture, sizeof((struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value), \
		(struct input_value[]){__VA_ARGS__})

#define SYN \
	{ \
		EV_SYN, SYN_REPORT, 0 \
	}

static void test_order(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	PUSH(fixture, {EV_KEY, KEY_A, 1});
	PUSH(fixture, {EV_REL, REL_X, 3}, {EV_REL, REL_Y, -4});
	PUSH(fixture, {EV_KEY, KEY_A, 0});
	EXPECT(fixture, {EV_KEY, KEY_A, 1}, SYN, {EV_REL, REL_X, 3}, {EV_REL, REL_Y, -4}, SYN,
		{EV_KEY, KEY_A, 0}, SYN);
	g_assert_cmpuint(fixture->backlog.counters.groups, ==, 3);
}

/* A driver that begins in the middle hears of no release that it has seen no press of. */
static void test_reset(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	PUSH(fixture, {EV_KEY, KEY_A, 1});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 2}, {EV_ABS, ABS_MT_TRACKING_ID, 9});
	backlog_reset(&fixture->backlog);
	PUSH(fixture, {EV_KEY, KEY_A, 0});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 2}, {EV_ABS, ABS_MT_POSITION_X, 5});
	PUSH(fixture, {EV_ABS, ABS_MT_TRACKING_ID, -1});
	g_assert_null(backlog_first(&fixture->backlog));
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, 0);
}

/* The slot is named where the guest's is another, and only there. */
static void test_slots(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1},
		{EV_ABS, ABS_MT_SLOT, 5}, {EV_ABS, ABS_MT_POSITION_X, 7});
	PUSH(fixture, {EV_ABS, ABS_MT_TRACKING_ID, 2});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_POSITION_X, 8});
	EXPECT(fixture, {EV_ABS, ABS_MT_TRACKING_ID, 1}, SYN, {EV_ABS, ABS_MT_SLOT, 5},
		{EV_ABS, ABS_MT_TRACKING_ID, 2}, SYN, {EV_ABS, ABS_MT_SLOT, 0},
		{EV_ABS, ABS_MT_POSITION_X, 8}, SYN);
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, BACKLOG_SLOTS}, {EV_ABS, ABS_MT_TRACKING_ID, 3});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, -1}, {EV_ABS, ABS_MT_TRACKING_ID, 3});
	g_assert_null(backlog_first(&fixture->backlog));
}

/* Motion is lost by nobody: it is summed. */
static void test_merged_motion(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	for (int i = 0; i < 10000; i++)
		PUSH(fixture, {EV_REL, REL_X, 1});
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, 0);
	g_assert_cmpuint(fixture->backlog.counters.merged, >, 9000);
	take(fixture, G_MAXSIZE);
	g_assert_cmpint(fixture->x, ==, 10000);
	g_assert_cmpuint(fixture->groups, ==,
		fixture->backlog.counters.groups - fixture->backlog.counters.merged);
}

/* A group that the guest has in part is not touched. */
static void test_begun_group(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	PUSH(fixture, {EV_REL, REL_X, 100}, {EV_REL, REL_Y, 1});
	take(fixture, 1);
	for (int i = 0; i < 5000; i++)
		PUSH(fixture, {EV_REL, REL_X, 1});
	g_assert_cmpint(fixture->x, ==, 100);
	g_assert_cmpint(backlog_first(&fixture->backlog)->code, ==, REL_Y);
	take(fixture, 1);
	g_assert_cmpint(backlog_first(&fixture->backlog)->type, ==, EV_SYN);
	take(fixture, G_MAXSIZE);
	g_assert_cmpint(fixture->x, ==, 5101);
}

/* Merged around a press, never across it. */
static void test_merged_around_keys(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	int64_t before_press;

	for (int i = 0; i < 300; i++)
		PUSH(fixture, {EV_REL, REL_X, 1});
	PUSH(fixture, {EV_KEY, BTN_LEFT, 1});
	for (int i = 0; i < 3000; i++)
		PUSH(fixture, {EV_REL, REL_X, 1});
	PUSH(fixture, {EV_KEY, BTN_LEFT, 0});
	while (!input_bit(fixture->pressed, BTN_LEFT))
		take(fixture, 1);
	before_press = fixture->x;
	g_assert_cmpint(before_press, ==, 300);
	while (input_bit(fixture->pressed, BTN_LEFT))
		take(fixture, 1);
	g_assert_cmpint(fixture->x, ==, 3300);
	g_assert_cmpuint(fixture->odd, ==, 0);
}

/* Ten fingers that move while the guest is away are where they are when it is back. */
static void test_merged_touches(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	for (int finger = 0; finger < 10; finger++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, finger}, {EV_ABS, ABS_MT_TRACKING_ID, finger},
			{EV_ABS, ABS_MT_POSITION_X, finger});
	for (int frame = 1; frame <= 2000; frame++) {
		struct input_value values[20];

		for (int finger = 0; finger < 10; finger++) {
			values[2 * finger] = (struct input_value){EV_ABS, ABS_MT_SLOT, finger};
			values[2 * finger + 1] = (struct input_value){EV_ABS, ABS_MT_POSITION_X,
				1000 * finger + frame};
		}
		/* Every other frame the last finger alone, by the slot that is chosen. */
		if (frame % 2)
			push(fixture, 20, values);
		else
			push(fixture, 1, &values[19]);
	}
	PUSH(fixture, {EV_ABS, ABS_MT_TRACKING_ID, -1});
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, 0);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_cmpuint(fixture->touching, ==, 0x1ff);
	for (int finger = 0; finger < 9; finger++)
		g_assert_cmpint(fixture->position[finger], ==, 1000 * finger + 1999);
	g_assert_cmpint(fixture->position[9], ==, 11000);
}

/* Presses beyond the backlog are dropped with their releases; every other release is there. */
static void test_dropped_presses(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	size_t pressed = 0;

	for (int code = 1; code <= KEY_MAX; code++)
		PUSH(fixture, {EV_KEY, (uint16_t)code, 1});
	for (int i = 0; i < 100; i++) {
		PUSH(fixture, {EV_KEY, KEY_A, 0});
		PUSH(fixture, {EV_KEY, KEY_A, 1});
	}
	g_assert_cmpuint(fixture->backlog.counters.dropped, >, 0);
	for (int code = 1; code <= KEY_MAX; code++)
		PUSH(fixture, {EV_KEY, (uint16_t)code, 0});
	while (backlog_first(&fixture->backlog)) {
		const struct input_value *value = backlog_first(&fixture->backlog);

		pressed += value->type == EV_KEY && value->value;
		take(fixture, 1);
	}
	g_assert_cmpuint(pressed, >, 400);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
}

static void fill(struct fixture *fixture)
{
	while (fixture->backlog.counters.dropped == 0) {
		PUSH(fixture, {EV_KEY, KEY_A, 1});
		PUSH(fixture, {EV_KEY, KEY_A, 0});
	}
}

/* A single group of motion that would be longer in the order of its slots stays as it is. */
static void test_lone_motion(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	for (int slot = 0; slot < 8; slot++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, slot}, {EV_ABS, ABS_MT_TRACKING_ID, slot});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 5}, {EV_ABS, ABS_MT_TRACKING_ID, 100});
	PUSH(fixture, {EV_ABS, ABS_MT_POSITION_X, 5}, {EV_ABS, ABS_MT_SLOT, 0},
		{EV_ABS, ABS_MT_POSITION_X, 10}, {EV_ABS, ABS_MT_SLOT, 7},
		{EV_ABS, ABS_MT_POSITION_X, 17});
	fill(fixture);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_cmpint(fixture->position[5], ==, 5);
	g_assert_cmpint(fixture->position[0], ==, 10);
	g_assert_cmpint(fixture->position[7], ==, 17);
	g_assert_false(input_bit(fixture->pressed, KEY_A));
}

static void test_too_large(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	struct input_value values[BACKLOG_GROUP_MAX + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
		values[i] = (struct input_value){EV_MSC, MSC_SCAN, (int32_t)i};
	push(fixture, G_N_ELEMENTS(values), values);
	g_assert_null(backlog_first(&fixture->backlog));
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, 1);
	push(fixture, G_N_ELEMENTS(values) - 1, values);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->groups, ==, 1);
}

/* Anything goes in, from a guest that takes now and then: what comes out is always in pairs. */
static void test_random(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(20261123);
	int64_t sent = 0;

	for (int i = 0; i < 200000; i++) {
		int code = g_rand_int_range(random, 1, 40);
		int slot = g_rand_int_range(random, -2, 12);

		switch (g_rand_int_range(random, 0, 6)) {
		case 0:
			PUSH(fixture, {EV_KEY, (uint16_t)code, g_rand_int_range(random, 0, 2)});
			break;
		case 1:
			PUSH(fixture, {EV_ABS, ABS_MT_SLOT, slot},
				{EV_ABS, ABS_MT_TRACKING_ID, g_rand_int_range(random, -1, 3)});
			break;
		case 2:
			PUSH(fixture, {EV_ABS, ABS_MT_POSITION_X, i}, {EV_ABS, ABS_MT_SLOT, slot},
				{EV_ABS, ABS_MT_POSITION_X, i});
			break;
		case 3:
			take(fixture, (size_t)g_rand_int_range(random, 0, 9));
			break;
		default: {
			uint64_t dropped = fixture->backlog.counters.dropped;

			PUSH(fixture, {EV_REL, REL_X, code});
			if (dropped == fixture->backlog.counters.dropped)
				sent += code;
			break;
		}
		}
		g_assert_cmpuint(fixture->backlog.end, <=, BACKLOG_CAPACITY);
	}
	for (int slot = 0; slot < 12; slot++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, slot}, {EV_ABS, ABS_MT_TRACKING_ID, -1});
	for (int code = 1; code < 40; code++)
		PUSH(fixture, {EV_KEY, (uint16_t)code, 0});
	take(fixture, G_MAXSIZE);
	g_assert_cmpint(fixture->x, ==, sent);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
	g_assert_cmpuint(fixture->backlog.counters.merged, >, 0);
	g_assert_cmpuint(fixture->backlog.counters.dropped, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/backlog/order", test_order);
	g_test_add_func("/input/backlog/reset", test_reset);
	g_test_add_func("/input/backlog/slots", test_slots);
	g_test_add_func("/input/backlog/merged-motion", test_merged_motion);
	g_test_add_func("/input/backlog/begun-group", test_begun_group);
	g_test_add_func("/input/backlog/merged-around-keys", test_merged_around_keys);
	g_test_add_func("/input/backlog/merged-touches", test_merged_touches);
	g_test_add_func("/input/backlog/dropped-presses", test_dropped_presses);
	g_test_add_func("/input/backlog/lone-motion", test_lone_motion);
	g_test_add_func("/input/backlog/too-large", test_too_large);
	g_test_add_func("/input/backlog/random", test_random);
	return g_test_run();
}
