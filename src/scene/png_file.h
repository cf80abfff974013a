/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PNG of the user's as a surface. Waits for the disk, and takes as long as decoding takes: called
 * in a thread of painter.h, and by --check-config. Reads whatever it is given: what is no PNG, is
 * cut off or is too large, is an error that names the file and says why.
 */
#ifndef SCANOUTD_SCENE_PNG_FILE_H
#define SCANOUTD_SCENE_PNG_FILE_H

#include <glib.h>

#include "scene/surface.h"

/* Pixels, each way: more than any output has. */
#define PNG_FILE_SIDE_MAX 8192u
/* Bytes of the file. */
#define PNG_FILE_BYTES_MAX (64u << 20)

/* The caller's. What is transparent is black. NULL with an error that begins with the path. */
struct surface *png_file_load(const char *path, GError **error);

#endif
