/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/backlog.h"

#include <glib.h>
#include <string.h>

void backlog_reset(struct backlog *backlog)
{
	backlog->place = (struct backlog_place){.area = !backlog->place.area};
}

static struct input_value *area(struct backlog *backlog)
{
	return backlog->values[backlog->place.area];
}

static bool is_report(const struct input_value *value)
{
	return value->type == EV_SYN && value->code == SYN_REPORT;
}

/* Values of one slot of many. */
static bool is_of_slot(const struct input_value *value)
{
	return value->type == EV_ABS && value->code > ABS_MT_SLOT && value->code <= ABS_MAX;
}

static bool is_slot(const struct input_value *value)
{
	return value->type == EV_ABS && value->code == ABS_MT_SLOT;
}

/* ---- what a guest may see ---- */

static bool is_tracking(const struct input_value *value)
{
	return value->type == EV_ABS && value->code == ABS_MT_TRACKING_ID;
}

static bool is_release(const struct input_value *value)
{
	return (value->type == EV_KEY && value->value == 0) ||
		(is_tracking(value) && value->value < 0);
}

static bool is_motion(const struct input_value *value)
{
	return value->type == EV_REL || (value->type == EV_ABS && !is_tracking(value));
}

static uint64_t slot_bit(int32_t slot)
{
	return slot >= 0 && slot < BACKLOG_SLOTS ? UINT64_C(1) << slot : 0;
}

/* Which go with the contacts of a touch screen or a touch pad. */
static const uint16_t contact_keys[] = {BTN_TOUCH, BTN_TOOL_FINGER, BTN_TOOL_DOUBLETAP,
	BTN_TOOL_TRIPLETAP, BTN_TOOL_QUADTAP, BTN_TOOL_QUINTTAP};

/* A group on its way in: what is left of it, and what it makes of the backlog's books. */
struct group {
	struct input_value values[2 * BACKLOG_GROUP_MAX + G_N_ELEMENTS(contact_keys) + 1];
	size_t count;
	bool full; /* there is room for releases and switches alone */
	bool lacks; /* something was left out for that */
	bool replaces; /* a switch has its new value in an earlier group */
	bool touches; /* a contact of the guest's begins or ends */
	struct backlog_books guest, sender;
};

static void append(struct group *group, struct input_value value)
{
	group->values[group->count++] = value;
}

static bool leave_out(struct group *group)
{
	group->lacks |= group->full;
	return group->full;
}

static void admit_key(struct group *group, const struct input_value *value)
{
	if (value->code > KEY_MAX)
		return;
	if (value->value != 0) {
		input_set_bit(group->sender.pressed, value->code);
		if (leave_out(group) ||
			(value->value == 1 && input_bit(group->guest.pressed, value->code)))
			return;
		input_set_bit(group->guest.pressed, value->code);
	} else {
		input_clear_bit(group->sender.pressed, value->code);
		if (!input_bit(group->guest.pressed, value->code))
			return;
		input_clear_bit(group->guest.pressed, value->code);
	}
	append(group, *value);
}

/* Of a contact in slot `bit`. False: the guest is not to hear of it. */
static bool admit_contact(struct group *group, const struct input_value *value, uint64_t bit)
{
	if (is_release(value)) {
		group->sender.touching &= ~bit;
		if (!(group->guest.touching & bit))
			return false;
		group->guest.touching &= ~bit;
		group->touches = true;
		return true;
	}
	if (is_tracking(value)) {
		group->sender.touching |= bit;
		if (leave_out(group))
			return false;
		group->guest.touching |= bit;
		group->touches = true;
		return true;
	}
	return (group->guest.touching & bit) && !leave_out(group);
}

/* A value of the slot that the sender has chosen, which the guest may not have heard of. */
static void admit_of_slot(struct group *group, const struct input_value *value)
{
	int32_t slot = group->sender.slot;
	uint64_t bit = slot_bit(slot);

	if (!bit || !admit_contact(group, value, bit))
		return;
	if (group->guest.slot != slot)
		append(group, (struct input_value){EV_ABS, ABS_MT_SLOT, slot});
	group->guest.slot = slot;
	append(group, *value);
}

static struct input_value *find_switch(struct input_value *values, size_t count, uint16_t code)
{
	for (size_t i = count; i > 0; i--) {
		if (values[i - 1].type == EV_SW && values[i - 1].code == code)
			return &values[i - 1];
	}
	return NULL;
}

static void note_switch(struct backlog_books *books, const struct input_value *value)
{
	uint32_t bit = UINT32_C(1) << value->code;

	books->switches = value->value ? books->switches | bit : books->switches & ~bit;
}

/* Where there is room for one value of it, the one that waits is the last one too. */
static void admit_switch(struct backlog *backlog, struct group *group,
	const struct input_value *value)
{
	struct input_value *waiting = NULL;

	if (value->code > SW_MAX)
		return;
	note_switch(&group->guest, value);
	note_switch(&group->sender, value);
	if (group->full)
		waiting = find_switch(group->values, group->count, value->code);
	if (group->full && !waiting)
		waiting = find_switch(area(backlog) + backlog->place.begin,
			backlog->place.end - backlog->place.begin, value->code);
	if (waiting)
		waiting->value = value->value;
	else
		append(group, *value);
	group->replaces |= waiting != NULL;
}

/* With the last contact that the guest knows its keys go, though there are others that were
 * dropped; and those that were dropped with a contact come with the next one. */
static void match_contact_keys(struct group *group)
{
	bool pressed = group->guest.touching != 0;

	if (!group->touches || (pressed ? group->full : group->sender.touching == 0))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(contact_keys); i++) {
		uint16_t code = contact_keys[i];

		if (input_bit(group->guest.pressed, code) == pressed ||
			!input_bit(group->sender.pressed, code))
			continue;
		if (pressed)
			input_set_bit(group->guest.pressed, code);
		else
			input_clear_bit(group->guest.pressed, code);
		append(group, (struct input_value){EV_KEY, code, pressed});
	}
}

/* Releases of what was never seen pressed are left out, and so is what belongs to them. */
static void admit(struct backlog *backlog, struct group *group, const struct input_value *values,
	size_t count, bool full)
{
	group->count = 0;
	group->full = full;
	group->lacks = false;
	group->replaces = false;
	group->touches = false;
	group->guest = backlog->place.guest;
	group->sender = backlog->place.sender;
	for (size_t i = 0; i < count; i++) {
		if (is_slot(&values[i]))
			group->sender.slot = values[i].value;
		else if (is_of_slot(&values[i]))
			admit_of_slot(group, &values[i]);
		else if (values[i].type == EV_KEY)
			admit_key(group, &values[i]);
		else if (values[i].type == EV_SW)
			admit_switch(backlog, group, &values[i]);
		else if (!is_report(&values[i]) && !leave_out(group))
			append(group, values[i]);
	}
	match_contact_keys(group);
}

/* ---- merging ---- */

/* Where a run of motion comes to: one entry for each axis of each slot. */
struct motion {
	struct {
		int32_t slot;
		struct input_value value;
	} entries[BACKLOG_GROUP_MAX];
	size_t count;
	int32_t slot; /* chosen at the end of the run */
};

/* There is room for it: who calls has counted. */
static void add_motion(struct motion *motion, const struct input_value *value)
{
	int32_t slot = is_of_slot(value) ? motion->slot : -1;

	if (is_slot(value)) {
		motion->slot = value->value;
		return;
	}
	for (size_t i = 0; i < motion->count; i++) {
		struct input_value *known = &motion->entries[i].value;

		if (motion->entries[i].slot != slot || known->type != value->type ||
			known->code != value->code)
			continue;
		if (value->type == EV_REL)
			__builtin_add_overflow(known->value, value->value, &known->value);
		else
			known->value = value->value;
		return;
	}
	motion->entries[motion->count].slot = slot;
	motion->entries[motion->count++].value = *value;
}

/* Values of one slot, behind each other. */
static size_t write_slot(const struct motion *motion, int32_t slot, int32_t *chosen,
	struct input_value *values)
{
	size_t count = 0;

	for (size_t i = 0; i < motion->count; i++) {
		if (motion->entries[i].slot != slot)
			continue;
		if (slot >= 0 && *chosen != slot)
			values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, slot};
		if (slot >= 0)
			*chosen = slot;
		values[count++] = motion->entries[i].value;
	}
	return count;
}

/* The slot that is chosen at the end comes last, since what follows may count on it. Never more
 * values than a run of two or more groups had: what a SLOT may cost more, a SYN_REPORT less has
 * saved. */
static size_t write_motion(const struct motion *motion, int32_t chosen, struct input_value *values)
{
	size_t count = write_slot(motion, -1, &chosen, values);

	for (int32_t slot = 0; slot < BACKLOG_SLOTS; slot++) {
		if (slot != motion->slot)
			count += write_slot(motion, slot, &chosen, values + count);
	}
	count += write_slot(motion, motion->slot, &chosen, values + count);
	if (chosen != motion->slot)
		values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, motion->slot};
	values[count++] = (struct input_value){EV_SYN, SYN_REPORT, 0};
	return count;
}

/* Values of a group, SYN_REPORT included. */
static size_t group_size(const struct input_value *values, bool *motion)
{
	size_t count = 0;

	*motion = true;
	while (!is_report(&values[count]))
		*motion &= is_motion(&values[count++]);
	return count + 1;
}

static int32_t slot_behind(const struct input_value *values, size_t count, int32_t slot)
{
	for (size_t i = 0; i < count; i++) {
		if (is_slot(&values[i]))
			slot = values[i].value;
	}
	return slot;
}

/* Between two areas. */
struct move {
	const struct input_value *from, *end;
	struct input_value *to;
	int32_t slot; /* chosen at `from` */
};

static void move_values(struct move *move, size_t count)
{
	memcpy(move->to, move->from, count * sizeof(*move->to));
	move->slot = slot_behind(move->from, count, move->slot);
	move->from += count;
	move->to += count;
}

/* A run of groups that only move becomes one; or one group that does not. */
static void move_run(struct backlog *backlog, struct move *move)
{
	struct motion sum = {.count = 0, .slot = move->slot};
	const struct input_value *from = move->from;
	size_t groups = 0;
	size_t count = 0;
	bool motion;

	while (from < move->end) {
		count = group_size(from, &motion);
		if (!motion || sum.count + count > BACKLOG_GROUP_MAX)
			break;
		for (size_t i = 0; i + 1 < count; i++)
			add_motion(&sum, &from[i]);
		from += count;
		groups++;
	}
	if (groups <= 1) {
		move_values(move, groups == 0 ? count : (size_t)(from - move->from));
		return;
	}
	move->to += write_motion(&sum, move->slot, move->to);
	move->slot = sum.slot;
	move->from = from;
	backlog->counters.merged += groups - 1;
}

static void move_to_other_area(struct backlog *backlog, bool merge)
{
	struct backlog_place *place = &backlog->place;
	struct input_value *to = backlog->values[!place->area];
	struct move move = {
		.from = area(backlog) + place->begin,
		.end = area(backlog) + place->end,
		.to = to,
		.slot = place->taken_slot,
	};
	bool motion;

	if (!merge)
		move_values(&move, place->end - place->begin);
	else if (place->begun)
		move_values(&move, group_size(move.from, &motion));
	while (move.from < move.end)
		move_run(backlog, &move);
	place->area = !place->area;
	place->begin = 0;
	place->end = (uint32_t)(move.to - to);
}

/* ---- in and out ---- */

/* False: it would not end where groups are taken whole. */
static bool make_room(struct backlog *backlog, size_t size)
{
	const struct backlog_place *place = &backlog->place;

	if (place->end - place->begin + size > BACKLOG_VALUES)
		move_to_other_area(backlog, true);
	else if (place->end + size > BACKLOG_CAPACITY)
		move_to_other_area(backlog, false);
	return place->end - place->begin + size <= BACKLOG_VALUES;
}

void backlog_push(struct backlog *backlog, const struct input_value *values, size_t count)
{
	struct group group;

	if (count > BACKLOG_GROUP_MAX) {
		backlog->counters.dropped++;
		return;
	}
	admit(backlog, &group, values, count, false);
	if (group.count > 0 && !make_room(backlog, group.count + 1))
		admit(backlog, &group, values, count, true);
	backlog->place.guest = group.guest;
	backlog->place.sender = group.sender;
	backlog->counters.groups += group.count > 0 || group.replaces;
	backlog->counters.merged += group.count == 0 && group.replaces;
	backlog->counters.dropped += group.lacks;
	if (group.count == 0)
		return;
	append(&group, (struct input_value){EV_SYN, SYN_REPORT, 0});
	memcpy(area(backlog) + backlog->place.end, group.values,
		group.count * sizeof(*group.values));
	backlog->place.end += (uint32_t)group.count;
}

static void put(struct backlog *backlog, uint16_t type, uint16_t code, int32_t value)
{
	area(backlog)[backlog->place.end++] = (struct input_value){type, code, value};
}

void backlog_release(struct backlog *backlog, const struct input_description *description)
{
	int32_t slots = input_bit(description->absolute, ABS_MT_SLOT)
		? MIN(description->axes[ABS_MT_SLOT].maximum, BACKLOG_SLOTS - 1) + 1
		: 0;

	for (uint16_t code = 0; code <= KEY_MAX; code++) {
		if (input_bit(description->keys, code))
			put(backlog, EV_KEY, code, 0);
	}
	for (int32_t slot = slots - 1; slot >= 0; slot--) {
		put(backlog, EV_ABS, ABS_MT_SLOT, slot);
		put(backlog, EV_ABS, ABS_MT_TRACKING_ID, -1);
	}
	if (backlog->place.end > 0)
		put(backlog, EV_SYN, SYN_REPORT, 0);
}

/* ---- after those who held what is pressed ---- */

void backlog_disown(struct backlog *backlog)
{
	backlog->place.sender = (struct backlog_books){0};
}

/* There is always room for releases. */
bool backlog_release_disowned(struct backlog *backlog)
{
	const struct backlog_books *guest = &backlog->place.guest;
	const struct backlog_books *sender = &backlog->place.sender;
	struct input_value values[BACKLOG_GROUP_MAX];
	size_t count = 0;

	for (int32_t slot = 0; slot < BACKLOG_SLOTS; slot++) {
		if (!(guest->touching & ~sender->touching & slot_bit(slot)))
			continue;
		values[count++] = (struct input_value){EV_ABS, ABS_MT_SLOT, slot};
		values[count++] = (struct input_value){EV_ABS, ABS_MT_TRACKING_ID, -1};
	}
	for (uint16_t code = 0; code <= KEY_MAX && count < BACKLOG_GROUP_MAX; code++) {
		if (input_bit(guest->pressed, code) && !input_bit(sender->pressed, code))
			values[count++] = (struct input_value){EV_KEY, code, 0};
	}
	if (count > 0)
		backlog_push(backlog, values, count);
	return count > 0;
}

/* ---- what a predecessor left ---- */

static bool slot_sound(int32_t slot)
{
	return slot_bit(slot) != 0;
}

static size_t count_bits(uint64_t bits)
{
	size_t count = 0;

	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

/* What is never dropped, at worst each with a group of its own: releases of what is pressed, and
 * the switches of which no value waits that could be changed. */
static size_t room_needed(const struct backlog_books *guest, uint32_t waiting_switches)
{
	size_t keys = 0;

	for (uint16_t code = 0; code <= KEY_MAX; code++)
		keys += input_bit(guest->pressed, code);
	return 2 * keys + 3 * count_bits(guest->touching) +
		2 * (SW_CNT - count_bits(waiting_switches));
}

bool backlog_place_sound(const struct backlog *backlog, const struct backlog_place *place)
{
	const struct input_value *values = backlog->values[place->area & 1];
	uint32_t switches = 0;

	if (place->area > 1 || place->begin > place->end || place->end > BACKLOG_CAPACITY ||
		!slot_sound(place->taken_slot) || !slot_sound(place->guest.slot) ||
		(place->begin < place->end && !is_report(&values[place->end - 1])))
		return false;
	for (uint32_t i = place->begin; i < place->end; i++) {
		if (is_slot(&values[i]) && !slot_sound(values[i].value))
			return false;
		if (values[i].type == EV_SW && values[i].code <= SW_MAX)
			switches |= UINT32_C(1) << values[i].code;
	}
	return place->end - place->begin + room_needed(&place->guest, switches) <= BACKLOG_CAPACITY;
}

const struct input_value *backlog_first(const struct backlog *backlog)
{
	const struct backlog_place *place = &backlog->place;

	return place->begin < place->end ? &backlog->values[place->area][place->begin] : NULL;
}

void backlog_take(struct backlog *backlog)
{
	struct backlog_place *place = &backlog->place;
	const struct input_value *value = &area(backlog)[place->begin++];

	place->begun = !is_report(value);
	if (is_slot(value))
		place->taken_slot = value->value;
	if (place->begin == place->end)
		place->begin = place->end = 0;
}
