/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes one file, again and again, without waiting for its disk. Owned by the daemon, for --stats.
 *
 * The thread, and why there is one: a file on a disk, or on a network, is written when that has
 * time, and open(), write() and rename() have no form that does not wait. It touches nothing but
 * the text that it was given, and lives as long as there is one. A text that comes while another is
 * being written waits for that, and the newest takes the place of one that waits.
 */
#ifndef SCANOUTD_REPORT_FILE_WRITER_H
#define SCANOUTD_REPORT_FILE_WRITER_H

#include <glib.h>
#include <stdbool.h>

struct file_writer;

/* How the text comes into the file: stats_write(). Called in the thread. */
typedef bool (*file_writer_func)(const char *path, const char *text, GError **error);

/* `what` is what log lines call the file; it, and `path`, are copied. */
struct file_writer *file_writer_create(const char *what, const char *path, file_writer_func write);

/* Takes `text` over. What goes wrong is logged, in a later turn of the main loop. */
void file_writer_write(struct file_writer *writer, char *text);

/* Waits for what is being written, but not longer than `timeout_ms`: then it is left alone, which
 * is logged. Takes NULL. */
void file_writer_destroy(struct file_writer *writer, unsigned int timeout_ms);

#endif
