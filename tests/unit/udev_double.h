/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udev in its library's place, with one input device or none: for passthrough.c, which looks for
 * its own and hears when it comes and goes.
 */
#ifndef TESTS_UNIT_UDEV_DOUBLE_H
#define TESTS_UNIT_UDEV_DOUBLE_H

#include <stdbool.h>

#define UDEV_DOUBLE_NODE "/dev/input/event3"

extern struct udev_double {
	bool present; /* as udev lists it */
	bool replaced; /* by another one of the same kind, in the same place */
	bool overrun; /* of the monitor's socket, to be told */
	const char *node; /* NULL: none */
	const char *sysname, *seat; /* seat NULL: it does not say */
	bool orphan; /* udev knows no input device behind it */
	int fails; /* of the calls that make a monitor, counted from 1, the one that does; 0: none */
	bool refuses_list; /* there is no memory for one */
	int scan_error; /* … or for all of it, or 0 */
	int device_error; /* the device cannot be looked at, or 0 */
	int receive_error; /* an event is lost on its way, once, or 0 */
	const char *action; /* to be heard */
	int monitor_fd; /* an eventfd: how many events are to be heard */
} udev_double;

/* One device that is fine, there or not. `fails` stays as it was. */
void udev_double_reset(bool present);
void udev_double_finish(void);

/* The monitor has something to say: events with the action above, or that there were too many. */
void udev_double_wake(unsigned int events);
bool udev_double_has_more(void);

#endif
