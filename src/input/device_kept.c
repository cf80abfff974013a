/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM that a predecessor of this process had goes on with this one: its guest does not notice,
 * and what it has been told is pressed is known. Whoever held that has gone; who goes on holding it
 * says so until device_settle().
 */
#include <stdatomic.h>
#include <string.h>

#include "input/device_internal.h"
#include "log.h"
#include "vhost/kept_vmm.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"
#include "wire/lost_vmms.h"

/* ---- while it works ---- */

/* For a process that is killed between two stores their order is that of the program. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

void device_note(struct device *device)
{
	struct device_memory *memory = device->memory;
	uint32_t other = !memory->current;

	if (!device->kept || !device->vhost)
		return;
	memory->pictures[other] = (struct device_picture){
		.state = device->state,
		.start = vhost_start_number(device->vhost, DEVICE_EVENT_QUEUE),
		.used = vhost_used(device->vhost, DEVICE_EVENT_QUEUE),
		.position = device->position,
		.given = device->given,
		.skips = device->skips,
		.leds = device->leds,
		.place = memory->backlog.place,
	};
	in_order();
	memory->current = other;
	in_order();
}

/* Of the device, not of its VMM. */
static void use_memory(struct device *device, struct device_memory *memory)
{
	memory->backlog.counters = device->memory->backlog.counters;
	device->memory = memory;
}

void device_keep(struct device *device, int fd)
{
	if (device->keeping.keeper)
		device->kept = kept_vmm_create(&device->keeping);
	if (!device->kept)
		return;
	use_memory(device, kept_vmm_memory(device->kept));
	memcpy(&device->memory->description, &device->own->description,
		sizeof(device->memory->description));
	kept_vmm_attached(device->kept, fd);
}

void device_forget(struct device *device)
{
	use_memory(device, device->own);
	g_clear_pointer(&device->kept, kept_vmm_destroy);
}

/* ---- a successor ---- */

static bool text_sound(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* All else of it says what it says, whatever its bytes are. */
static bool description_sound(const struct input_description *description)
{
	uint8_t repeats;

	memcpy(&repeats, &description->repeats, sizeof(repeats));
	return text_sound(description->name, sizeof(description->name)) &&
		text_sound(description->serial, sizeof(description->serial)) && repeats <= 1;
}

static bool is_sound(const struct device *device, const struct device_picture *picture)
{
	return description_sound(&device->memory->description) && picture->state < DEVICE_STATES &&
		backlog_place_sound(&device->memory->backlog, &picture->place);
}

/* One value can have been the guest's when nobody was left to note that. */
static void catch_up(struct device *device, const struct device_picture *picture)
{
	struct backlog *backlog = &device->memory->backlog;
	uint16_t taken = (uint16_t)(vhost_used(device->vhost, DEVICE_EVENT_QUEUE) - picture->used);

	if (taken == 0)
		return;
	device->given = true;
	if (taken == 1 && picture->skips)
		return;
	if (taken == 1 && backlog_first(backlog)) {
		backlog_take(backlog);
		return;
	}
	/* The guest writes where only we do: what it holds for pressed is not known. */
	backlog_reset(backlog);
	backlog_release(backlog, &device->memory->description);
}

static void take_over(struct device *device, const struct device_picture *picture)
{
	bool runs = vhost_runs(device->vhost, DEVICE_EVENT_QUEUE);
	uint16_t position = vhost_position(device->vhost, DEVICE_EVENT_QUEUE);

	device->state = (enum device_state)picture->state;
	device->position = picture->position;
	device->given = picture->given;
	device->leds = picture->leds;
	device->memory->backlog.place = picture->place;
	if (!runs && device->state == DEVICE_LISTENS) {
		device->state = DEVICE_HALTED;
		device->position = position;
	} else if (runs &&
		picture->start == vhost_start_number(device->vhost, DEVICE_EVENT_QUEUE)) {
		device->state = DEVICE_LISTENS;
		catch_up(device, picture);
	} else if (runs) {
		device_begin_listening(device, position);
	}
	backlog_disown(&device->memory->backlog);
	device_note(device);
}

/* `fd` is taken over, also on failure. */
static bool adopt(struct device *device, int fd, GError **error)
{
	const struct device_memory *memory = device->memory;
	const struct device_picture picture = memory->pictures[memory->current & 1];
	bool sound = is_sound(device, &picture);

	if (!sound || !door_adopt(device->door, fd, error)) {
		if (!sound)
			g_set_error_literal(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED,
				"its state is damaged");
		closer_hang_up(account_closer(device->account), fd);
		return false;
	}
	device->vhost = vhost_adopt(device->guest, device->name, fd, device->account,
		&device->memory->vhost, kept_vmm_fds(device->kept), &device_vhost_listener, device,
		error);
	if (!device->vhost) {
		door_release(device->door);
		return false;
	}
	take_over(device, &picture);
	return true;
}

static void tell_owner(const struct device *device)
{
	if (device->leds)
		device->listener->leds(device->data, device->leds, device->leds);
	if (device->state == DEVICE_LISTENS)
		device->listener->connected(device->data, true);
}

static void tell_lost(const struct device *device, const char *why)
{
	log_guest(G_LOG_LEVEL_MESSAGE, device->guest,
		"%s: the VMM of the scanoutd before this one has to connect again: %s",
		device->name, why);
	lost_vmms_note(device->guest);
}

void device_adopt(struct device *device)
{
	g_autoptr(GError) error = NULL;

	if (!device->kept)
		return;
	if (!adopt(device, kept_vmm_take_connection(device->kept), &error)) {
		device_forget(device);
		tell_lost(device, error->message);
		return;
	}
	kept_fds_settle(kept_vmm_fds(device->kept));
	log_guest(G_LOG_LEVEL_INFO, device->guest,
		"%s: goes on with the VMM of the scanoutd before this one", device->name);
	tell_owner(device);
}

void device_settle(struct input_sink *sink)
{
	struct device *device = (struct device *)sink;

	while (backlog_release_disowned(&device->memory->backlog))
		device_note(device);
	if (device->state == DEVICE_LISTENS)
		device_feed(device);
}

bool device_sees_pressed(const struct input_sink *sink, uint16_t code)
{
	const struct device *device = (const struct device *)sink;

	return input_bit(device->memory->backlog.place.guest.pressed, code);
}

uint32_t device_sees_switches(const struct input_sink *sink)
{
	const struct device *device = (const struct device *)sink;

	return device->memory->backlog.place.guest.switches;
}

/* NULL: it is none. */
static const struct input_description *left_description(const struct device *device)
{
	const struct input_description *description = &device->memory->description;

	if (description_sound(description))
		return description;
	tell_lost(device, "its state is damaged");
	return NULL;
}

bool device_open_memory(struct device *device, const struct device_options *options,
	const struct input_description *description)
{
	const char *why = NULL;

	device->own = g_new0(struct device_memory, 1);
	device->memory = device->own;
	device->keeping = (struct kept_vmm_options){
		.keeper = options->keeps_vmm ? options->keeper : NULL,
		.name = g_strdup(options->path),
		.account = device->account,
		.version = DEVICE_MEMORY_VERSION,
		.size = sizeof(struct device_memory),
	};
	if (device->keeping.keeper)
		device->kept = kept_vmm_take(&device->keeping, &why);
	if (device->kept)
		device->memory = kept_vmm_memory(device->kept);
	if (why)
		tell_lost(device, why);
	if (!description && device->kept)
		description = left_description(device);
	if (description)
		memcpy(&device->own->description, description, sizeof(*description));
	return description != NULL;
}

void device_close_memory(struct device *device)
{
	kept_vmm_destroy(device->kept);
	g_free(device->own);
	g_free((char *)device->keeping.name);
}
