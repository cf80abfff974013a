/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMMs that a predecessor of this process had, and that it cannot go on with: their guests' devices
 * are dead until somebody starts them again. Noted by whoever finds that out while we start, beside
 * a word in the log; read once by the daemon, which tells those who start VMMs.
 */
#ifndef SCANOUTD_WIRE_LOST_VMMS_H
#define SCANOUTD_WIRE_LOST_VMMS_H

#include <stdbool.h>

/* That of this guest, or of the guests that share its input devices under this name; copied. */
void lost_vmms_note(const char *name);

/* It was noted. */
bool lost_vmms_has(const char *name);

/* Nobody needs to know any more. */
void lost_vmms_forget(void);

#endif
