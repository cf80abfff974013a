/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder beside a configuration file, whose files are read after it. Called by load.c
 * alone. */
#ifndef SCANOUTD_CONFIG_DROP_INS_H
#define SCANOUTD_CONFIG_DROP_INS_H

#include <glib.h>

/* The names of the drop-ins, in order; a folder that is not there has none. NULL on other errors.
 * The caller's. */
GPtrArray *config_list_drop_ins(const char *folder, GError **error);

#endif
