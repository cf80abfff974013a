/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease/leases.h"

struct leases {
	GPtrArray *all; /* struct lease */
};

static void destroy(gpointer data)
{
	lease_destroy(data);
}

struct leases *leases_create(const GPtrArray *sections, const struct fd_keeper *keeper,
	GError **error)
{
	struct leases *leases = g_new0(struct leases, 1);

	leases->all = g_ptr_array_new_with_free_func(destroy);
	for (guint i = 0; i < sections->len; i++) {
		struct lease *lease = lease_create(g_ptr_array_index(sections, i), keeper, error);

		if (!lease) {
			leases_destroy(leases);
			return NULL;
		}
		g_ptr_array_add(leases->all, lease);
	}
	return leases;
}

void leases_destroy(struct leases *leases)
{
	if (!leases)
		return;
	g_ptr_array_unref(leases->all);
	g_free(leases);
}

void leases_set_device(struct leases *leases, uint32_t card, struct kms_device *device)
{
	for (size_t i = 0; i < leases_count(leases); i++) {
		struct lease *lease = leases->all->pdata[i];

		if (lease_card(lease) == card)
			lease_set_device(lease, device);
	}
}

void leases_outputs_changed(struct leases *leases)
{
	for (size_t i = 0; i < leases_count(leases); i++)
		lease_outputs_changed(leases->all->pdata[i]);
}

size_t leases_count(const struct leases *leases)
{
	return leases ? leases->all->len : 0;
}

const struct lease *leases_at(const struct leases *leases, size_t index)
{
	return leases->all->pdata[index];
}
