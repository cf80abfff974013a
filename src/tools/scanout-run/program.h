/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that are to be run: whether they are there, and whether one is a QEMU. Used by main
 * before anything is started, so that a typing mistake does not cost the screen.
 */
#ifndef SCANOUTD_TOOLS_PROGRAM_H
#define SCANOUTD_TOOLS_PROGRAM_H

#include <glib.h>
#include <stdbool.h>

/* A path, or a name that is looked for in PATH. */
bool program_is_there(const char *program, GError **error);

/*
 * It is there, and says with -version that it is a QEMU, as a script does that runs one with its
 * own arguments. Waits for its answer, 10 s at most.
 */
bool program_is_qemu(const char *program, GError **error);

/* With these two arguments it writes the text, within its first 4096 bytes. Waits as above. */
bool program_says(const char *program, const char *first, const char *second, const char *text);

/* The first file of that kind among the names (NULL-terminated, absolute or from this program's
 * folder). The caller's, or NULL. */
char *program_find_beside(const char *const *names, GFileTest kind);

/* scanoutd beside this program, as it is built; where it is installed; and in PATH. The caller's;
 * NULL with an error. */
char *program_find_daemon(GError **error);

#endif
