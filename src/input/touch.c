/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocol B (Linux, multi-touch-protocol): each contact has a slot of the guest's device and a
 * tracking id; for guests that know one finger only, the oldest is ABS_X, ABS_Y and BTN_TOUCH too.
 */
#include "input/touch.h"

#define NO_SLOT (-1)

/* Values of one contact in a frame: SLOT, TRACKING_ID, X, Y; down and up can share a frame. */
#define CONTACT_VALUES 6

struct contact {
	int32_t slot; /* of the guest's device; NO_SLOT: not down, or not in the picture */
	uint64_t order; /* of its beginning */
	int32_t x, y; /* of the guest's axes */
};

struct touch {
	struct machine *machine;
	size_t screen;
	touch_pick_func pick;
	void *data;

	struct contact contacts[SEAT_SLOTS_MAX]; /* by the seat's slot */
	uint32_t slots; /* of the guest's device, in use */
	uint64_t begun; /* contacts so far */
	bool touched; /* BTN_TOUCH as last sent */
	int32_t x, y; /* ABS_X and ABS_Y as last sent */

	/* Of this frame. */
	struct input_value values[SEAT_SLOTS_MAX * CONTACT_VALUES + 3];
	size_t count;
};

static void add(struct touch *touch, uint16_t type, uint16_t code, int32_t value)
{
	touch->values[touch->count++] = (struct input_value){type, code, value};
}

/* ---- the frame ---- */

static const struct contact *oldest(const struct touch *touch)
{
	const struct contact *found = NULL;

	for (size_t i = 0; i < SEAT_SLOTS_MAX; i++) {
		const struct contact *contact = &touch->contacts[i];

		if (contact->slot != NO_SLOT && (!found || contact->order < found->order))
			found = contact;
	}
	return found;
}

static void add_single_touch(struct touch *touch)
{
	const struct contact *first = oldest(touch);
	bool begins = first && !touch->touched;

	if (touch->touched != (first != NULL))
		add(touch, EV_KEY, BTN_TOUCH, first != NULL);
	touch->touched = first != NULL;
	if (!first)
		return;
	if (begins || touch->x != first->x)
		add(touch, EV_ABS, ABS_X, first->x);
	if (begins || touch->y != first->y)
		add(touch, EV_ABS, ABS_Y, first->y);
	touch->x = first->x;
	touch->y = first->y;
}

static void flush(struct touch *touch)
{
	if (touch->count == 0)
		return;
	add_single_touch(touch);
	machine_send(touch->machine, INPUT_TOUCH, touch->screen, touch->values, touch->count);
	touch->count = 0;
}

/* A device that sends more between two frames than a frame has gets one more. */
static void make_room(struct touch *touch)
{
	if (touch->count + CONTACT_VALUES > SEAT_SLOTS_MAX * CONTACT_VALUES)
		flush(touch);
}

/* ---- contacts ---- */

static void begin(struct touch *touch, struct contact *contact, double x, double y)
{
	double picture_x, picture_y;
	int slot = g_bit_nth_lsf(~(gulong)touch->slots, -1);

	if (slot >= INPUT_SLOTS ||
		touch->pick(touch->data, x, y, &picture_x, &picture_y) != VIEW_POINT_INSIDE)
		return;
	*contact = (struct contact){
		.slot = slot,
		.order = touch->begun++,
		.x = input_axis_value(picture_x),
		.y = input_axis_value(picture_y),
	};
	touch->slots |= UINT32_C(1) << slot;
	make_room(touch);
	add(touch, EV_ABS, ABS_MT_SLOT, slot);
	add(touch, EV_ABS, ABS_MT_TRACKING_ID, (int32_t)(contact->order & 0xffff));
	add(touch, EV_ABS, ABS_MT_POSITION_X, contact->x);
	add(touch, EV_ABS, ABS_MT_POSITION_Y, contact->y);
}

static void move(struct touch *touch, struct contact *contact, double x, double y)
{
	double picture_x, picture_y;
	int32_t before_x = contact->x;
	int32_t before_y = contact->y;

	if (contact->slot == NO_SLOT ||
		touch->pick(touch->data, x, y, &picture_x, &picture_y) == VIEW_POINT_NOWHERE)
		return;
	contact->x = input_axis_value(picture_x);
	contact->y = input_axis_value(picture_y);
	if (contact->x == before_x && contact->y == before_y)
		return;
	make_room(touch);
	add(touch, EV_ABS, ABS_MT_SLOT, contact->slot);
	if (contact->x != before_x)
		add(touch, EV_ABS, ABS_MT_POSITION_X, contact->x);
	if (contact->y != before_y)
		add(touch, EV_ABS, ABS_MT_POSITION_Y, contact->y);
}

static void end(struct touch *touch, struct contact *contact)
{
	if (contact->slot == NO_SLOT)
		return;
	make_room(touch);
	add(touch, EV_ABS, ABS_MT_SLOT, contact->slot);
	add(touch, EV_ABS, ABS_MT_TRACKING_ID, -1);
	touch->slots &= ~(UINT32_C(1) << contact->slot);
	contact->slot = NO_SLOT;
}

void touch_event(struct touch *touch, const struct seat_event *event)
{
	struct contact *contact;

	if (event->type == SEAT_EVENT_TOUCH_FRAME) {
		flush(touch);
		return;
	}
	if (event->point.slot < 0 || event->point.slot >= SEAT_SLOTS_MAX)
		return;
	contact = &touch->contacts[event->point.slot];
	switch (event->type) {
	case SEAT_EVENT_TOUCH_DOWN:
		end(touch, contact);
		begin(touch, contact, event->point.x, event->point.y);
		break;
	case SEAT_EVENT_TOUCH_MOTION:
		move(touch, contact, event->point.x, event->point.y);
		break;
	case SEAT_EVENT_TOUCH_UP:
	case SEAT_EVENT_TOUCH_CANCEL:
		end(touch, contact);
		break;
	default:
		break;
	}
}

/* ---- life ---- */

struct touch *touch_create(struct machine *machine, size_t screen, touch_pick_func pick, void *data)
{
	struct touch *touch = g_new0(struct touch, 1);

	touch->machine = machine;
	touch->screen = screen;
	touch->pick = pick;
	touch->data = data;
	for (size_t i = 0; i < SEAT_SLOTS_MAX; i++)
		touch->contacts[i].slot = NO_SLOT;
	return touch;
}

void touch_destroy(struct touch *touch)
{
	if (!touch)
		return;
	for (size_t i = 0; i < SEAT_SLOTS_MAX; i++)
		end(touch, &touch->contacts[i]);
	flush(touch);
	g_free(touch);
}
