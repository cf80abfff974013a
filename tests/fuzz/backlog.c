/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The backlog of a guest that takes events when it likes: whatever comes in whatever order, what it
 * is given is pairs of presses and releases.
 *
 * Not reached: a run of motion with more axes than a group has values, which merge() keeps from
 * coming to that.
 *
 * Covers: src/input/backlog.c
 * Reaches: 96
 */
#include "input/backlog.h"

#include <glib.h>
#include <string.h>

#include "fuzz.h"
#include "input/description.h"

#define GROUP_MAX (BACKLOG_GROUP_MAX + 8)

/* A group comes at most so often; five of the largest fill the backlog. */
#define TIMES_MAX 24

/* What the guest believes to be pressed. */
struct books {
	uint8_t keys[INPUT_BITS_SIZE(KEY_MAX)];
	uint64_t touching;
	int32_t slot;
};

static struct input_value make_value(struct fuzz *fuzz)
{
	static const uint16_t contact_keys[] = {BTN_TOUCH, BTN_TOOL_FINGER, BTN_TOOL_DOUBLETAP};

	switch (fuzz_pick(fuzz, 12)) {
	case 0:
	case 1:
		return (struct input_value){EV_KEY, (uint16_t)fuzz_pick(fuzz, KEY_CNT + 16),
			fuzz_u8(fuzz) & 1};
	case 2:
		return (struct input_value){EV_REL, (uint16_t)fuzz_pick(fuzz, 16),
			(int32_t)fuzz_u32(fuzz)};
	case 3:
		return (struct input_value){EV_ABS, ABS_MT_SLOT, (int32_t)fuzz_odd(fuzz)};
	case 4:
		return (struct input_value){EV_ABS, ABS_MT_TRACKING_ID, (int8_t)fuzz_u8(fuzz)};
	case 5:
		return (struct input_value){EV_SW, (uint16_t)fuzz_pick(fuzz, SW_CNT + 4),
			fuzz_u8(fuzz) & 1};
	case 6:
		return (struct input_value){EV_ABS, (uint16_t)fuzz_pick(fuzz, ABS_CNT + 4),
			(int32_t)fuzz_u32(fuzz)};
	/* A touch screen's. */
	case 7:
	case 8:
		return (struct input_value){EV_ABS, ABS_MT_SLOT, fuzz_u8(fuzz) & 3};
	case 9:
		return (struct input_value){EV_ABS, ABS_MT_POSITION_X, fuzz_u8(fuzz)};
	case 10:
		return (struct input_value){EV_KEY,
			contact_keys[fuzz_pick(fuzz, G_N_ELEMENTS(contact_keys))],
			fuzz_u8(fuzz) & 1};
	default:
		return (struct input_value){fuzz_u16(fuzz), fuzz_u16(fuzz),
			(int32_t)fuzz_u32(fuzz)};
	}
}

static void see(struct books *books, const struct input_value *value)
{
	if (value->type == EV_KEY) {
		g_assert(value->code <= KEY_MAX);
		g_assert(value->value || input_bit(books->keys, value->code));
		if (value->value)
			input_set_bit(books->keys, value->code);
		else
			input_clear_bit(books->keys, value->code);
	}
	if (value->type == EV_ABS && value->code == ABS_MT_SLOT)
		books->slot = value->value;
	if (value->type == EV_ABS && value->code == ABS_MT_TRACKING_ID) {
		uint64_t bit;

		g_assert(books->slot >= 0 && books->slot < BACKLOG_SLOTS);
		bit = UINT64_C(1) << books->slot;
		g_assert(value->value >= 0 || (books->touching & bit));
		books->touching = value->value >= 0 ? books->touching | bit
						    : books->touching & ~bit;
	}
}

static void take(struct backlog *backlog, struct books *books, size_t count)
{
	const struct input_value *value;

	while (count-- > 0 && (value = backlog_first(backlog))) {
		see(books, value);
		backlog_take(backlog);
	}
}

/* A guest that may have anything pressed is told that nothing is: each key and contact ends
 * once. */
static void release_all(struct backlog *backlog, struct books *books, enum input_kind kind)
{
	static const struct input_screen screen = {"DP-1", 600, 340};
	struct input_description description;
	const struct input_value *value;

	input_describe(&description, kind, &screen);
	backlog_reset(backlog);
	memset(books, 0, sizeof(*books));
	backlog_release(backlog, &description);
	while ((value = backlog_first(backlog))) {
		g_assert(value->type == EV_SYN || value->value <= 0 || value->code == ABS_MT_SLOT);
		backlog_take(backlog);
	}
	backlog_reset(backlog);
}

/* Who held what is pressed has gone: it is released, each key and contact once. */
static void let_go(struct backlog *backlog, struct books *books)
{
	static const struct books nothing;

	g_assert(backlog_place_sound(backlog, &backlog->place));
	backlog_disown(backlog);
	while (backlog_release_disowned(backlog))
		;
	take(backlog, books, BACKLOG_CAPACITY + 1);
	g_assert(memcmp(books->keys, nothing.keys, sizeof(books->keys)) == 0);
	g_assert(books->touching == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct backlog backlog;
	struct input_value values[GROUP_MAX];
	struct fuzz fuzz = {data, size};
	struct books books = {0};

	memset(&backlog, 0, sizeof(backlog));
	while (fuzz.size > 0) {
		uint8_t step = fuzz_u8(&fuzz);
		/* A long group is one value many times: bytes are dear. */
		size_t count = step & 0x40 ? fuzz_pick(&fuzz, GROUP_MAX) : step & 0x0f;

		for (size_t i = 0; i < count; i++)
			values[i] = i < 16 ? make_value(&fuzz) : values[i - 16];
		for (size_t i = 16; i < count; i++)
			values[i].code = (uint16_t)(values[i].code + i / 16);
		for (unsigned int times = step & 0x80 ? 1 + fuzz_u8(&fuzz) % TIMES_MAX : 1;
			times > 0; times--)
			backlog_push(&backlog, values, count);
		if (step & 0x20)
			take(&backlog, &books, fuzz_u8(&fuzz) * (size_t)8);
		if (step == 0x1f)
			release_all(&backlog, &books,
				(enum input_kind)fuzz_pick(&fuzz, INPUT_KINDS));
	}
	take(&backlog, &books, BACKLOG_CAPACITY + 1);
	g_assert(!backlog_first(&backlog));
	let_go(&backlog, &books);
	return 0;
}
