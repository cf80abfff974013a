/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The camera's errors: one domain for what the kernel's errno does not say.
 * Used by every part of the camera; camera.c turns the code into an exit status.
 */
#ifndef CAMERA_ERROR_H
#define CAMERA_ERROR_H

#include <glib.h>

#define CAMERA_ERROR (camera_error_quark())

enum camera_error {
	/* A system call failed, a file is damaged, a format is unknown: no photograph can be
	 * made. */
	CAMERA_ERROR_FAILED,
	/* The CRTC is off: there is nothing to photograph, which is an answer and no fault. */
	CAMERA_ERROR_OFF,
	/* The state changed between two looks at it: try again. Never leaves photograph.c. */
	CAMERA_ERROR_CHANGED,
};

GQuark camera_error_quark(void);

#endif
