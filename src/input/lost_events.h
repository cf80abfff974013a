/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices that udev has said more of input devices than a socket had room for. libinput listens by
 * a socket of its own, which takes the same events and has the same room, and says nothing of those
 * that are lost: devices would be missed, or kept that are gone. Owned by host_seat.c.
 */
#ifndef SCANOUTD_INPUT_LOST_EVENTS_H
#define SCANOUTD_INPUT_LOST_EVENTS_H

struct lost_events;

/* `lost` is called from the main loop, a second after events were lost: a storm is over then, or
 * comes again. NULL where udev cannot be reached. */
struct lost_events *lost_events_create(void (*lost)(void *data), void *data);
/* Takes NULL. */
void lost_events_destroy(struct lost_events *events);

#endif
