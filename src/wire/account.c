/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/account.h"

#include <inttypes.h>
#include <unistd.h>

#include "wire/closer.h"

#define SESSION_US (G_USEC_PER_SEC / GUEST_SESSIONS_PER_SECOND)

G_DEFINE_QUARK(scanoutd_account_error_quark, account_error)

struct account {
	struct closer *closer;
	struct turn_share share;
	uint64_t used[ACCOUNT_ITEMS];
	uint64_t most[ACCOUNT_ITEMS];
	/* Where time stands that its peers have used up: each takes SESSION_US, and it may be so
	 * far ahead of the clock as a burst is long. */
	int64_t sessions_us;
};

static const char *const item_names[ACCOUNT_ITEMS] = {
	[ACCOUNT_FDS] = "file descriptors",
	[ACCOUNT_KEPT_FDS] = "kept file descriptors",
	[ACCOUNT_MAPPINGS] = "mappings",
	[ACCOUNT_MAPPED_BYTES] = "mapped bytes",
	[ACCOUNT_SURFACE_BYTES] = "bytes of pictures",
	[ACCOUNT_BUFFER_BYTES] = "bytes of dma-bufs",
};

/* A guest with everything that may be configured, and its 16 scanouts in use. */
#define SCANOUTS 16
#define DEVICES 18
G_STATIC_ASSERT(CLOSER_PENDING_MAX + MAX(ACCOUNT_FDS_RELAY, ACCOUNT_FDS_DISPLAY) +
		2 * SCANOUTS * (ACCOUNT_FDS_DMABUF + ACCOUNT_FDS_SURFACE) +
		DEVICES * ACCOUNT_FDS_DEVICE + ACCOUNT_FDS_ALIVE <=
	GUEST_FDS_MAX);

/* What is kept with the service manager goes by how many peers there can be. */
G_STATIC_ASSERT(GUEST_STORED_FDS_MAX ==
	7 + 4 * ((GUEST_FDS_MAX - CLOSER_PENDING_MAX - ACCOUNT_FDS_RELAY) / ACCOUNT_FDS_DEVICE));

static uint64_t mapped_bytes_max(void)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	return MAX(GUEST_MAPPED_BYTES_MAX, GUEST_MAPPED_OVERCOMMIT * machine);
}

struct account *account_create(const char *guest)
{
	struct account *account = g_new0(struct account, 1);

	account->closer = closer_create(guest);
	/* Those that are being closed have a bound of their own. */
	account->most[ACCOUNT_FDS] = GUEST_FDS_MAX - CLOSER_PENDING_MAX;
	account->most[ACCOUNT_KEPT_FDS] = GUEST_KEPT_FDS_MAX;
	account->most[ACCOUNT_MAPPINGS] = GUEST_MAPPINGS_MAX;
	account->most[ACCOUNT_MAPPED_BYTES] = mapped_bytes_max();
	account->most[ACCOUNT_SURFACE_BYTES] = GUEST_SURFACE_BYTES_MAX;
	account->most[ACCOUNT_BUFFER_BYTES] = GUEST_BUFFER_BYTES_MAX;
	return account;
}

void account_destroy(struct account *account)
{
	if (!account)
		return;
	closer_destroy(account->closer);
	g_free(account);
}

bool account_charge(struct account *account, enum account_item item, uint64_t amount,
	GError **error)
{
	if (!account)
		return true;
	if (amount <= account->most[item] - account->used[item]) {
		account->used[item] += amount;
		return true;
	}
	g_set_error(error, ACCOUNT_ERROR, ACCOUNT_ERROR_EXCEEDED,
		"with it there would be more than %" PRIu64 " %s, the most that a guest may have",
		account->most[item], item_names[item]);
	return false;
}

void account_discharge(struct account *account, enum account_item item, uint64_t amount)
{
	if (!account)
		return;
	g_return_if_fail(amount <= account->used[item]);
	account->used[item] -= amount;
}

bool account_charge_mapping(struct account *account, uint64_t bytes, GError **error)
{
	if (!account_charge(account, ACCOUNT_MAPPINGS, 1, error))
		return false;
	if (account_charge(account, ACCOUNT_MAPPED_BYTES, bytes, error))
		return true;
	account_discharge(account, ACCOUNT_MAPPINGS, 1);
	return false;
}

void account_discharge_mapping(struct account *account, uint64_t bytes)
{
	account_discharge(account, ACCOUNT_MAPPINGS, 1);
	account_discharge(account, ACCOUNT_MAPPED_BYTES, bytes);
}

uint64_t account_used(const struct account *account, enum account_item item)
{
	return account ? account->used[item] : 0;
}

uint64_t account_most(const struct account *account, enum account_item item)
{
	return account ? account->most[item] : UINT64_MAX;
}

int64_t account_admit(struct account *account, int64_t now_us)
{
	int64_t used_us;
	int64_t early_us;

	if (!account)
		return 0;
	used_us = MAX(account->sessions_us, now_us) + SESSION_US;
	early_us = used_us - now_us - GUEST_SESSIONS_BURST * SESSION_US;
	if (early_us > 0)
		return early_us;
	account->sessions_us = used_us;
	return 0;
}

struct closer *account_closer(const struct account *account)
{
	return account ? account->closer : NULL;
}

struct turn_share *account_share(struct account *account)
{
	return account ? &account->share : NULL;
}
