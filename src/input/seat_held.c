/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that were down before their device was opened: modifiers, as Ctrl and Alt are when the
 * terminal comes back by Ctrl+Alt+F1, and what a guest sees pressed, since a predecessor of this
 * process told it so. libinput tells neither of their press nor of their release, so the kernel is
 * asked which keys are down (EVIOCGKEY): when they count, at each key that is pressed or released
 * anywhere, and when something happens on their device, until all are up.
 *
 * The question throws away what waits in the queue of the file that it is asked by. libinput's own
 * is asked while it is new; after that, one that we open ourselves. Where we may not, as with a
 * seat manager, what is held is not known: a manager has one file for each device, and lends
 * that.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/combination.h"
#include "input/seat_internal.h"
#include "log.h"
#include "turn.h"

/* Whether anybody wants to know; without a device it is not known yet who that would be. */
static bool counts(const struct seat *seat, const struct seat_device *device, uint16_t code)
{
	return combination_modifier_of(code) ||
		(seat->options.was_pressed &&
			(!device || seat->options.was_pressed(seat->data, device, code)));
}

/* Those that are down, and count; false: it does not tell. */
static bool read_keys(const struct seat *seat, const struct seat_device *device, int fd,
	struct seat_keys *keys)
{
	uint8_t down[INPUT_BITS_SIZE(KEY_MAX)] = {0};

	*keys = (struct seat_keys){0};
	if (ioctl(fd, EVIOCGKEY(sizeof(down)), down) < 0)
		return false;
	for (uint16_t code = 0; code <= KEY_MAX && keys->count < SEAT_HELD_MAX; code++) {
		if (input_bit(down, code) && counts(seat, device, code))
			keys->codes[keys->count++] = code;
	}
	return true;
}

static bool contains(const struct seat_keys *keys, uint16_t code)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->codes[i] == code)
			return true;
	}
	return false;
}

static void tell(struct seat_device *device, uint16_t code, bool pressed)
{
	const struct seat_event event = {
		.type = SEAT_EVENT_HELD,
		.time_us = (uint64_t)g_get_monotonic_time(),
		.key = {code, pressed},
	};

	seat_device_tell(device, &event);
}

/* Those of `now` stay held. */
static void keep(struct seat_device *device, const struct seat_keys *now)
{
	struct seat_keys before = device->held;

	device->held.count = 0;
	for (size_t i = 0; i < before.count; i++) {
		if (contains(now, before.codes[i]))
			device->held.codes[device->held.count++] = before.codes[i];
		else
			tell(device, before.codes[i], false);
	}
	if (device->held.count > 0)
		return;
	g_clear_handle_id(&device->held_source, g_source_remove);
	close(device->held_fd);
	g_ptr_array_remove_fast(device->seat->holding, device);
}

void seat_held_opened(struct seat *seat, const char *node, int fd)
{
	struct seat_keys keys;

	if (read_keys(seat, NULL, fd, &keys) && keys.count > 0)
		g_hash_table_add(seat->held_at_open, g_strdup(node));
	else
		g_hash_table_remove(seat->held_at_open, node);
}

/* What it was is read by libinput, too. */
static gboolean happened(gint fd, GIOCondition condition, gpointer data)
{
	struct seat_device *device = data;
	struct input_event events[64];
	struct seat_keys now;

	turn_note();
	while (read(fd, events, sizeof(events)) > 0)
		;
	read_keys(device->seat, device, fd, &now);
	keep(device, &now);
	return G_SOURCE_CONTINUE;
}

void seat_held_added(struct seat_device *device)
{
	const char *node = seat_device_node(device);
	struct seat_keys now;

	if (!g_hash_table_remove(device->seat->held_at_open, node))
		return;
	device->held_fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (device->held_fd < 0) {
		log_daemon(G_LOG_LEVEL_DEBUG, "%s: which keys are held is not known: %s", node,
			g_strerror(errno));
		return;
	}
	if (!read_keys(device->seat, device, device->held_fd, &now) || now.count == 0) {
		close(device->held_fd);
		return;
	}
	device->held = now;
	g_ptr_array_add(device->seat->holding, device);
	device->held_source = turn_often(
		turn_name(g_unix_fd_add(device->held_fd, G_IO_IN, happened, device), "held keys"));
	for (size_t i = 0; i < now.count; i++)
		tell(device, now.codes[i], true);
}

void seat_held_key(struct seat_device *device, uint32_t code)
{
	GPtrArray *holding = device->seat->holding;

	/* From the end: one that holds nothing any more is taken out. */
	for (guint i = holding->len; i-- > 0;) {
		struct seat_device *holder = g_ptr_array_index(holding, i);
		struct seat_keys now;

		read_keys(holder->seat, holder, holder->held_fd, &now);
		/* What libinput tells of now has been up in between. */
		for (size_t k = 0; holder == device && k < now.count; k++) {
			if (now.codes[k] == code)
				now.codes[k] = now.codes[--now.count];
		}
		keep(holder, &now);
	}
}

void seat_held_removed(struct seat_device *device)
{
	static const struct seat_keys none;

	if (device->held.count > 0)
		keep(device, &none);
}
