/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of a seat manager: which are handed out, and which are kept for whoever asks for
 * their path. Books alone, without a lock of their own. Used by seat_client.c, of which each object
 * is a part.
 */
#ifndef SCANOUTD_SESSION_SEAT_DEVICES_H
#define SCANOUTD_SESSION_SEAT_DEVICES_H

#include <stdbool.h>

struct seat_devices;

struct seat_devices *seat_devices_create(void);
/* Closes what is kept. */
void seat_devices_destroy(struct seat_devices *devices);

/* `id`: libseat's, 0 or more. `fd` is the asker's, or, of what is kept, ours. */
void seat_devices_hand_out(struct seat_devices *devices, const char *path, int fd, int id);
void seat_devices_keep(struct seat_devices *devices, const char *path, int fd, int id);

/* What was kept is handed out: an fd; or -1, there is none. */
int seat_devices_take(struct seat_devices *devices, const char *path);

/* What was handed out is kept from now on. False: it is not known, or has been unplugged or
 * revoked. */
bool seat_devices_take_back(struct seat_devices *devices, int fd);

/* It is handed out no more: its id, or -1, it is not known. */
int seat_devices_forget(struct seat_devices *devices, int fd);

/* One that is kept is so no more: its id, and its fd, the caller's; or -1, there is none any
 * more. */
int seat_devices_drop(struct seat_devices *devices, int *fd);

#endif
