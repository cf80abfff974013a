/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is logged, for a test to look at. Called by tests that judge what the daemon says.
 */
#ifndef TESTS_UNIT_LOG_RECORD_H
#define TESTS_UNIT_LOG_RECORD_H

#include <glib.h>

/* From now on each message goes to this string, a line each, and nowhere else. It stays the
 * process's, and may be truncated. */
GString *log_record(void);

#endif
