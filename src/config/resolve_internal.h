/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of config_resolve() share: resolve.c has guests, outputs and input,
 * resolve_lease.c leases. For nobody else.
 */
#ifndef SCANOUTD_CONFIG_RESOLVE_INTERNAL_H
#define SCANOUTD_CONFIG_RESOLVE_INTERNAL_H

#include "config/config.h"

/* The names of a list with ";" between, without the spaces around them and the empty ones; `list`
 * may be NULL. The caller's. */
GStrv resolve_split(const char *list);

/* Whose the socket is already, however its path is written; NULL: it is taken for `use` now. `seen`
 * lives for one config_resolve(). */
const char *resolve_claim_socket(GHashTable *seen, const char *path, const char *use);

/* NULL: the folder that `path` is to be made in is there, or is ours to make and can be made. Else
 * what is wrong; the caller's. */
char *resolve_folder_fault(const char *path);

/* ---- resolve_lease.c ---- */

/* Before the outputs: those that are lent are reserved there. `folder`: of default socket paths. */
bool resolve_leases(struct config *config, const char *folder, GHashTable *seen, GError **error);

/* Of config_check_system(). */
bool resolve_check_leases(const struct config *config, GError **error);

#endif
