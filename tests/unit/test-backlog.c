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
	uint32_t switches;
	int64_t x;
	size_t groups;
	/* Releases of what was not pressed, positions of what does not touch, and for hands_move()
	 * a BTN_TOUCH that is not as its contacts are. */
	size_t odd;
	bool hands;
};

static struct fixture *fixture_new(void)
{
	return g_new0(struct fixture, 1);
}

static void push(struct fixture *fixture, size_t count, const struct input_value *values)
{
	backlog_push(&fixture->backlog, values, count);
	g_assert_true(backlog_place_sound(&fixture->backlog, &fixture->backlog.place));
}

#define PUSH(fixture, ...) \
	push(fixture, sizeof((struct input_value[]){__VA_ARGS__}) / sizeof(struct input_value), \
		(struct input_value[]){__VA_ARGS__})

static void take_value(struct fixture *fixture, const struct input_value *value)
{
	if (value->type == EV_SYN) {
		fixture->groups++;
		fixture->odd += fixture->hands &&
			input_bit(fixture->pressed, BTN_TOUCH) != (fixture->touching != 0);
	} else if (value->type == EV_SW) {
		fixture->switches &= ~(1u << value->code);
		fixture->switches |= (uint32_t)value->value << value->code;
	} else if (value->type == EV_REL) {
		fixture->x += value->value;
	} else if (value->type == EV_KEY && value->value) {
		input_set_bit(fixture->pressed, value->code);
	} else if (value->type == EV_KEY) {
		fixture->odd += !input_bit(fixture->pressed, value->code);
		input_clear_bit(fixture->pressed, value->code);
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

/* Each where it went last, also where all that it did is merged and another one alone moves on. */
static void test_merged_early_touches(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	for (int finger = 0; finger < 10; finger++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, finger}, {EV_ABS, ABS_MT_TRACKING_ID, finger});
	for (int finger = 0; finger < 10; finger++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, finger},
			{EV_ABS, ABS_MT_POSITION_X, 100 * finger});
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 3});
	for (int x = 1; x <= 3000; x++)
		PUSH(fixture, {EV_ABS, ABS_MT_POSITION_X, x});
	g_assert_cmpuint(fixture->backlog.counters.merged, >, 2000);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	for (int finger = 0; finger < 10; finger++)
		g_assert_cmpint(fixture->position[finger], ==, finger == 3 ? 3000 : 100 * finger);
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

/* Two keys in turn, the one going down as the other comes up: in a backlog that is full the
 * releases come without the presses. */
static void test_rolled_keys(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	uint64_t dropped;

	PUSH(fixture, {EV_KEY, KEY_A, 1});
	for (int i = 0; i < 2500; i++)
		PUSH(fixture, {EV_KEY, i % 2 ? KEY_B : KEY_A, 0},
			{EV_KEY, i % 2 ? KEY_A : KEY_B, 1});
	dropped = fixture->backlog.counters.dropped;
	g_assert_cmpuint(dropped, >, 0);
	PUSH(fixture, {EV_KEY, KEY_A, 0});
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, dropped);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
	PUSH(fixture, {EV_KEY, KEY_A, 1});
	EXPECT(fixture, {EV_KEY, KEY_A, 1}, SYN);
}

/* One finger after the other, the next one down before the last one is up: BTN_TOUCH goes with the
 * last contact that is known, and comes with the next one that has room. */
static void test_rolled_fingers(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	fixture->hands = true;
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 0},
		{EV_ABS, ABS_MT_POSITION_X, 0}, {EV_KEY, BTN_TOUCH, 1},
		{EV_KEY, BTN_TOOL_FINGER, 1}, {EV_ABS, ABS_X, 0});
	for (int i = 1; i < 1000; i++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, (i + 1) % 2}, {EV_ABS, ABS_MT_TRACKING_ID, -1},
			{EV_ABS, ABS_MT_SLOT, i % 2}, {EV_ABS, ABS_MT_TRACKING_ID, i},
			{EV_ABS, ABS_MT_POSITION_X, i}, {EV_ABS, ABS_X, i});
	g_assert_cmpuint(fixture->backlog.counters.dropped, >, 0);
	take(fixture, G_MAXSIZE);
	g_assert_true(nothing_pressed(fixture));
	PUSH(fixture, {EV_ABS, ABS_MT_SLOT, 0}, {EV_ABS, ABS_MT_TRACKING_ID, 1000});
	g_assert_cmpuint(fixture->backlog.counters.groups, >, 0);
	take(fixture, G_MAXSIZE);
	g_assert_true(input_bit(fixture->pressed, BTN_TOOL_FINGER));
	PUSH(fixture, {EV_ABS, ABS_MT_TRACKING_ID, -1}, {EV_ABS, ABS_MT_SLOT, 1},
		{EV_ABS, ABS_MT_TRACKING_ID, -1}, {EV_KEY, BTN_TOUCH, 0},
		{EV_KEY, BTN_TOOL_FINGER, 0});
	take(fixture, G_MAXSIZE);
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

/* Every finger of all slots, and every key that there is; and no room for more. */
static void hold_all(struct fixture *fixture)
{
	for (int slot = 0; slot < BACKLOG_SLOTS; slot++)
		PUSH(fixture, {EV_ABS, ABS_MT_SLOT, slot}, {EV_ABS, ABS_MT_TRACKING_ID, slot});
	for (int first = 1; first <= KEY_MAX; first += BACKLOG_GROUP_MAX) {
		struct input_value values[BACKLOG_GROUP_MAX];
		size_t count = 0;

		for (int code = first; code < first + BACKLOG_GROUP_MAX && code <= KEY_MAX; code++)
			values[count++] = (struct input_value){EV_KEY, (uint16_t)code, 1};
		push(fixture, count, values);
	}
	g_assert_cmpuint(fixture->backlog.counters.dropped, ==, 0);
	while (fixture->backlog.counters.dropped == 0)
		PUSH(fixture, {EV_MSC, MSC_SCAN, 1});
}

/* Every finger of all slots lifts while the others move, behind every key that there is. */
static void test_many_lifts(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	hold_all(fixture);
	for (int code = 1; code <= KEY_MAX; code++)
		PUSH(fixture, {EV_KEY, (uint16_t)code, 0}, {EV_KEY, KEY_RESERVED, 1});
	for (int slot = 0; slot < BACKLOG_SLOTS; slot++) {
		struct input_value values[BACKLOG_GROUP_MAX];
		size_t count = 0;

		values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, slot};
		values[count++] = (struct input_value){EV_ABS, ABS_MT_TRACKING_ID, -1};
		for (int other = slot + 1; other < BACKLOG_SLOTS; other++) {
			values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, other};
			values[count++] = (struct input_value){EV_ABS, ABS_MT_POSITION_X, slot};
		}
		push(fixture, count, values);
	}
	for (uint16_t code = 0; code <= SW_MAX; code++)
		PUSH(fixture, {EV_SW, code, 1});
	g_assert_cmpuint(fixture->backlog.place.end, <=, BACKLOG_CAPACITY);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
	g_assert_cmphex(fixture->switches, ==, (1u << SW_CNT) - 1);
}

/* A predecessor has left it full: all that is held is released behind what waits. */
static void test_left_full(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	struct backlog *backlog = &fixture->backlog;

	hold_all(fixture);
	backlog_disown(backlog);
	while (backlog_release_disowned(backlog))
		g_assert_true(backlog_place_sound(backlog, &backlog->place));
	g_assert_cmpuint(backlog->place.end, <=, BACKLOG_CAPACITY);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
}

/* Nothing is believed of a place in which there is no room for what is never dropped, or whose
 * slots there cannot be. */
static void test_damaged(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	struct backlog *backlog = &fixture->backlog;
	struct backlog_place place;

	hold_all(fixture);
	for (uint32_t i = 0; i < BACKLOG_CAPACITY; i++)
		backlog->values[backlog->place.area][i] = (struct input_value)SYN;
	place = backlog->place;
	while (backlog_place_sound(backlog, &place))
		place.end++;
	g_assert_cmpuint(place.end, <, BACKLOG_CAPACITY);
	/* The last one that was sound. */
	backlog->place = place;
	backlog->place.end--;
	for (uint16_t code = 0; code <= SW_MAX; code++)
		PUSH(fixture, {EV_SW, code, 1});
	backlog_disown(backlog);
	while (backlog_release_disowned(backlog))
		g_assert_cmpuint(backlog->place.end, <=, BACKLOG_CAPACITY);
	place = (struct backlog_place){.taken_slot = BACKLOG_SLOTS};
	g_assert_false(backlog_place_sound(backlog, &place));
	place = (struct backlog_place){.guest.slot = -1};
	g_assert_false(backlog_place_sound(backlog, &place));
	place = (struct backlog_place){.area = 2};
	g_assert_false(backlog_place_sound(backlog, &place));
	place = (struct backlog_place){.begin = 1};
	g_assert_false(backlog_place_sound(backlog, &place));
	place = (struct backlog_place){.end = 2};
	backlog->values[0][0] = (struct input_value){EV_ABS, ABS_MT_SLOT, BACKLOG_SLOTS};
	backlog->values[0][1] = (struct input_value)SYN;
	g_assert_false(backlog_place_sound(backlog, &place));
	backlog->values[0][0].value = 1;
	g_assert_true(backlog_place_sound(backlog, &place));
	backlog->values[0][1].code = SYN_MT_REPORT;
	g_assert_false(backlog_place_sound(backlog, &place));
}

/* A lid that is opened while the guest is away is not shut for ever. */
static void test_switches(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	size_t end;

	PUSH(fixture, {EV_SW, SW_LID, 1});
	fill(fixture);
	PUSH(fixture, {EV_SW, SW_LID, 0});
	PUSH(fixture, {EV_SW, SW_TABLET_MODE, 1}, {EV_KEY, KEY_A, 1});
	end = fixture->backlog.place.end;
	for (int i = 0; i < 1001; i++)
		PUSH(fixture, {EV_SW, SW_LID, i % 2}, {EV_SW, SW_TABLET_MODE, 0},
			{EV_SW, SW_TABLET_MODE, i % 2});
	g_assert_cmpuint(fixture->backlog.place.end, ==, end);
	take(fixture, G_MAXSIZE);
	g_assert_cmphex(fixture->switches, ==, 0);
	/* With room, each value counts. */
	PUSH(fixture, {EV_SW, SW_LID, 1}, {EV_SW, SW_LID, 0});
	EXPECT(fixture, {EV_SW, SW_LID, 1}, {EV_SW, SW_LID, 0}, SYN);
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
		g_assert_cmpuint(fixture->backlog.place.end, <=, BACKLOG_CAPACITY);
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

/* What a sender has pressed. */
struct hands {
	GRand *random;
	bool keys[40];
	bool touching[12];
	bool touch; /* BTN_TOUCH */
	uint32_t switches;
	struct input_value values[BACKLOG_GROUP_MAX];
	size_t count;
};

static void hands_add(struct hands *hands, uint16_t type, uint16_t code, int32_t value)
{
	hands->values[hands->count++] = (struct input_value){type, code, value};
}

static void hands_key(struct hands *hands, int code, bool pressed)
{
	hands->keys[code] = pressed;
	hands_add(hands, EV_KEY, (uint16_t)code, pressed);
}

static void hands_finger(struct hands *hands, int slot, bool touching)
{
	hands->touching[slot] = touching;
	hands_add(hands, EV_ABS, ABS_MT_SLOT, slot);
	hands_add(hands, EV_ABS, ABS_MT_TRACKING_ID, touching ? slot : -1);
}

static void hands_push(struct hands *hands, struct fixture *fixture)
{
	bool touch = false;

	for (size_t i = 0; i < G_N_ELEMENTS(hands->touching); i++)
		touch |= hands->touching[i];
	if (touch != hands->touch)
		hands_add(hands, EV_KEY, BTN_TOUCH, touch);
	hands->touch = touch;
	push(fixture, hands->count, hands->values);
	hands->count = 0;
}

/* One lifts, or comes down, while the others move. */
static void hands_touch(struct hands *hands)
{
	int slot = g_rand_int_range(hands->random, 0, G_N_ELEMENTS(hands->touching));

	hands_finger(hands, slot, !hands->touching[slot]);
	for (int i = 0; i < (int)G_N_ELEMENTS(hands->touching); i++) {
		if (i == slot || !hands->touching[i])
			continue;
		hands_add(hands, EV_ABS, ABS_MT_SLOT, i);
		hands_add(hands, EV_ABS, ABS_MT_POSITION_X, i);
	}
}

/* One finger is up and another one down, or none; and so of keys. */
static void hands_roll(struct hands *hands)
{
	int key = g_rand_int_range(hands->random, 1, G_N_ELEMENTS(hands->keys));
	int slot = g_rand_int_range(hands->random, 0, G_N_ELEMENTS(hands->touching));

	for (int i = 1; i < (int)G_N_ELEMENTS(hands->keys); i++) {
		if (hands->keys[i] && i != key)
			hands_key(hands, i, false);
	}
	hands_key(hands, key, true);
	for (int i = 0; i < (int)G_N_ELEMENTS(hands->touching); i++) {
		if (hands->touching[i] && i != slot)
			hands_finger(hands, i, false);
	}
	hands_finger(hands, slot, g_rand_boolean(hands->random));
}

static void hands_switch(struct hands *hands)
{
	uint16_t code = (uint16_t)g_rand_int_range(hands->random, 0, SW_CNT);

	hands->switches ^= 1u << code;
	hands_add(hands, EV_SW, code, hands->switches >> code & 1);
}

static void hands_move(struct hands *hands)
{
	switch (g_rand_int_range(hands->random, 0, 6)) {
	case 0:
		hands_roll(hands);
		break;
	case 1:
		hands_switch(hands);
		break;
	case 2:
		hands_switch(hands);
		hands_touch(hands);
		break;
	case 3:
		hands_key(hands, g_rand_int_range(hands->random, 1, G_N_ELEMENTS(hands->keys)),
			g_rand_boolean(hands->random));
		hands_add(hands, EV_MSC, MSC_SCAN, 1);
		break;
	default:
		hands_touch(hands);
		break;
	}
}

/* Groups that press and release at once, as hands and kernels make them, for a guest that is away
 * for long and for short. */
static void test_random_hands(void)
{
	g_autofree struct fixture *fixture = fixture_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(20261124);
	struct hands hands = {.random = random};

	fixture->hands = true;
	for (int i = 0; i < 300000; i++) {
		hands_move(&hands);
		hands_push(&hands, fixture);
		g_assert_cmpuint(fixture->backlog.place.end, <=, BACKLOG_CAPACITY);
		if (g_rand_int_range(random, 0, 4) == 0)
			take(fixture, (size_t)g_rand_int_range(random, 0, 9));
		if (g_rand_int_range(random, 0, 5000) == 0) {
			take(fixture, G_MAXSIZE);
			g_assert_cmphex(fixture->switches, ==, hands.switches);
		}
	}
	for (int i = 1; i < (int)G_N_ELEMENTS(hands.keys); i++)
		hands_key(&hands, i, false);
	for (int i = 0; i < (int)G_N_ELEMENTS(hands.touching); i++)
		hands_finger(&hands, i, false);
	hands_push(&hands, fixture);
	take(fixture, G_MAXSIZE);
	g_assert_cmpuint(fixture->odd, ==, 0);
	g_assert_true(nothing_pressed(fixture));
	g_assert_cmphex(fixture->switches, ==, hands.switches);
	g_assert_cmpuint(fixture->backlog.counters.dropped, >, 0);
}

/* The last key that there can be is one. */
static void test_last_key(void)
{
	g_autofree struct fixture *fixture = fixture_new();

	PUSH(fixture, {EV_KEY, KEY_MAX, 1});
	PUSH(fixture, {EV_KEY, KEY_MAX + 1, 1}, {EV_KEY, KEY_A, 1});
	PUSH(fixture, {EV_KEY, KEY_MAX, 0});
	EXPECT(fixture, {EV_KEY, KEY_MAX, 1}, SYN, {EV_KEY, KEY_A, 1}, SYN, {EV_KEY, KEY_MAX, 0},
		SYN);
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
	g_test_add_func("/input/backlog/merged-early-touches", test_merged_early_touches);
	g_test_add_func("/input/backlog/dropped-presses", test_dropped_presses);
	g_test_add_func("/input/backlog/rolled-keys", test_rolled_keys);
	g_test_add_func("/input/backlog/rolled-fingers", test_rolled_fingers);
	g_test_add_func("/input/backlog/many-lifts", test_many_lifts);
	g_test_add_func("/input/backlog/left-full", test_left_full);
	g_test_add_func("/input/backlog/damaged", test_damaged);
	g_test_add_func("/input/backlog/switches", test_switches);
	g_test_add_func("/input/backlog/lone-motion", test_lone_motion);
	g_test_add_func("/input/backlog/too-large", test_too_large);
	g_test_add_func("/input/backlog/random", test_random);
	g_test_add_func("/input/backlog/random-hands", test_random_hands);
	g_test_add_func("/input/backlog/last-key", test_last_key);
	return g_test_run();
}
