/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells the service manager whose VMM is to be started again, since we could not go on with it
 * (wire/lost_vmms.h): by a file VM.lost in the folder of sockets, for which scanout-lost@.path
 * waits. Called by the daemon at its start, before the main loop runs.
 */
#ifndef SCANOUTD_REPORT_LOST_FILES_H
#define SCANOUTD_REPORT_LOST_FILES_H

#include <glib.h>

/* `guests`: of struct config_guest. Nothing where we are no service, and that has no
 * $RUNTIME_DIRECTORY. What is lost is forgotten then. */
void lost_files_write(const GPtrArray *guests);

#endif
