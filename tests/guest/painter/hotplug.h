/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's kernel says that its monitors are others (HOTPLUG=1 of a DRM device), as desktops
 * hear it, but without udev. Called by the painter alone.
 */
#ifndef SCANOUTD_TESTS_GUEST_HOTPLUG_H
#define SCANOUTD_TESTS_GUEST_HOTPLUG_H

/* A socket that hears what the kernel says from now on; the caller's. Or a negative errno. */
int hotplug_listen(void);

/* Waits for the next of them. 0, or a negative errno. */
int hotplug_wait(int fd);

#endif
