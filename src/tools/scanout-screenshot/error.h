/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tool's errors: one domain for what the kernel's errno does not say.
 * Used by every part of the tool; main.c turns the code into an exit status.
 */
#ifndef SCREENSHOT_ERROR_H
#define SCREENSHOT_ERROR_H

#include <glib.h>

#define SCREENSHOT_ERROR (screenshot_error_quark())

enum screenshot_error {
	/* A system call failed, a file is damaged, a format is unknown: no screenshot can be
	 * made. */
	SCREENSHOT_ERROR_FAILED,
	/* The CRTC is off: there is nothing to take, which is an answer and no fault. */
	SCREENSHOT_ERROR_OFF,
	/* The state changed between two looks at it: try again. Never leaves photograph.c. */
	SCREENSHOT_ERROR_CHANGED,
};

GQuark screenshot_error_quark(void);

#endif
