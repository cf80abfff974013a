/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/lost_vmms.h"

#include <glib.h>

static GHashTable *lost; /* a set of names; NULL: it is empty */

void lost_vmms_note(const char *name)
{
	if (!lost)
		lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_add(lost, g_strdup(name));
}

bool lost_vmms_has(const char *name)
{
	return lost && g_hash_table_contains(lost, name);
}

void lost_vmms_forget(void)
{
	g_clear_pointer(&lost, g_hash_table_unref);
}
