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
#include "turn.h"
#include "vhost/kept_vmm.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* Who has lived so long does not die of what was left: longer than the watchdog waits. */
#define SETTLED_S 30

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
	memcpy(&device->memory->description, &device->description, sizeof(device->description));
	kept_vmm_attached(device->kept, fd);
}

void device_forget(struct device *device)
{
	use_memory(device, device->own);
	g_clear_pointer(&device->kept, kept_vmm_destroy);
}

/* ---- a successor ---- */

/* Member by member: what lies between them is anything. */
static bool is_alike(const struct input_description *a, const struct input_description *b)
{
#define ALIKE(member) (memcmp(&a->member, &b->member, sizeof(a->member)) == 0)
	return ALIKE(name) && ALIKE(serial) && ALIKE(id) && ALIKE(properties) && ALIKE(keys) &&
		ALIKE(relative) && ALIKE(absolute) && ALIKE(misc) && ALIKE(switches) &&
		ALIKE(leds) && ALIKE(repeats) && ALIKE(axes);
#undef ALIKE
}

/* Why not; NULL: it is. */
static const char *why_unsound(const struct device *device, const struct device_picture *picture)
{
	const struct device_memory *memory = device->memory;

	if (!is_alike(&memory->description, &device->description))
		return "it is another device now";
	if (picture->state >= DEVICE_STATES ||
		!backlog_place_sound(&memory->backlog, &picture->place))
		return "its state is damaged";
	return NULL;
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
	backlog_release(backlog, &device->description);
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

void device_settled(struct device *device)
{
	g_clear_handle_id(&device->settling, g_source_remove);
	if (device->kept)
		device->memory->vhost.adopted = 0;
}

static gboolean settled(gpointer data)
{
	struct device *device = data;

	turn_note();
	device->settling = 0;
	device_settled(device);
	return G_SOURCE_REMOVE;
}

/* `fd` is taken over, also on failure. */
static bool adopt(struct device *device, int fd, GError **error)
{
	const struct device_memory *memory = device->memory;
	const struct device_picture picture = memory->pictures[memory->current & 1];
	const char *why = why_unsound(device, &picture);

	if (why || !door_adopt(device->door, fd, error)) {
		if (why)
			g_set_error_literal(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED, why);
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
	device->settling = turn_name_of(g_timeout_add_seconds(SETTLED_S, settled, device),
		"device of", device->guest);
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

void device_open_memory(struct device *device, const struct device_options *options)
{
	const char *why = NULL;

	device->own = g_new0(struct device_memory, 1);
	device->memory = device->own;
	device->keeping = (struct kept_vmm_options){
		.keeper = options->keeps_vmm ? options->keeper : NULL,
		.name = g_strdup(options->path),
		.closer = account_closer(device->account),
		.version = DEVICE_MEMORY_VERSION,
		.size = sizeof(struct device_memory),
	};
	if (device->keeping.keeper)
		device->kept = kept_vmm_take(&device->keeping, &why);
	if (device->kept)
		device->memory = kept_vmm_memory(device->kept);
	if (why)
		tell_lost(device, why);
}

void device_close_memory(struct device *device)
{
	kept_vmm_destroy(device->kept);
	g_free(device->own);
	g_free((char *)device->keeping.name);
}
