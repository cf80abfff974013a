/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where log lines (include/log.h) go: to the journal, with their fields, where standard error is
 * the journal's; else to standard error, one line each, where control characters
 * and what is no UTF-8 are written as \x1b. Nobody who reads, or does not, makes us wait: lines
 * that cannot be written now are dropped and counted, and so are those of a guest that has too many
 * (report/log_rate.h). Used by main alone.
 */
#ifndef SCANOUTD_REPORT_LOG_WRITER_H
#define SCANOUTD_REPORT_LOG_WRITER_H

#include <glib.h>

/* Once, before anything is logged. Lines less urgent than `level` are dropped. */
void log_writer_install(GLogLevelFlags level);

/* From now on. */
void log_writer_set_level(GLogLevelFlags level);

#endif
