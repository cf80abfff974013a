/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest takes and may take: counters, peers over time, and for how many guests a limit
 * does. */
#include <glib.h>
#include <string.h>

#include "keep/keep.h"
#include "wire/account.h"
#include "wire/closer.h"

static void test_charges(void)
{
	struct account *account = account_create("kiosk");
	struct account *other = account_create("other");
	g_autoptr(GError) error = NULL;
	uint64_t most = account_most(account, ACCOUNT_FDS);

	g_assert_cmpuint(most, ==, GUEST_FDS_MAX - CLOSER_PENDING_MAX);
	g_assert_true(account_charge(account, ACCOUNT_FDS, most - 1, NULL));
	g_assert_true(account_charge(account, ACCOUNT_FDS, 1, &error));
	g_assert_no_error(error);
	/* Full: nothing is charged, and the message says of what. */
	g_assert_false(account_charge(account, ACCOUNT_FDS, 1, &error));
	g_assert_error(error, ACCOUNT_ERROR, ACCOUNT_ERROR_EXCEEDED);
	g_assert_nonnull(strstr(error->message, "384 file descriptors"));
	g_assert_cmpuint(account_used(account, ACCOUNT_FDS), ==, most);
	/* Nothing else of this guest is, and no other guest. */
	g_assert_true(account_charge(account, ACCOUNT_MAPPINGS, 1, NULL));
	g_assert_true(account_charge(other, ACCOUNT_FDS, most, NULL));

	account_discharge(account, ACCOUNT_FDS, 2);
	g_assert_false(account_charge(account, ACCOUNT_FDS, 3, NULL));
	g_assert_true(account_charge(account, ACCOUNT_FDS, 2, NULL));
	account_destroy(account);
	account_destroy(other);
}

/* An amount that a peer chose wraps nowhere. */
static void test_huge(void)
{
	struct account *account = account_create("kiosk");

	g_assert_true(account_charge(account, ACCOUNT_MAPPED_BYTES, 4096, NULL));
	g_assert_false(account_charge(account, ACCOUNT_MAPPED_BYTES, UINT64_MAX, NULL));
	g_assert_false(account_charge(account, ACCOUNT_MAPPED_BYTES, UINT64_MAX - 4095, NULL));
	g_assert_cmpuint(account_used(account, ACCOUNT_MAPPED_BYTES), ==, 4096);
	account_destroy(account);
}

static void test_none(void)
{
	g_assert_true(account_charge(NULL, ACCOUNT_FDS, UINT64_MAX, NULL));
	account_discharge(NULL, ACCOUNT_FDS, 1);
	g_assert_cmpuint(account_used(NULL, ACCOUNT_FDS), ==, 0);
	g_assert_cmpuint(account_most(NULL, ACCOUNT_FDS), ==, UINT64_MAX);
	g_assert_cmpint(account_admit(NULL, 0), ==, 0);
	g_assert_null(account_closer(NULL));
	g_assert_null(account_share(NULL));
	account_destroy(NULL);
}

/* A burst, and then as many as time brings. */
static void test_admits(void)
{
	static const int64_t each_us = G_USEC_PER_SEC / GUEST_SESSIONS_PER_SECOND;
	struct account *account = account_create("kiosk");
	int64_t now_us = 1000000;

	for (int i = 0; i < GUEST_SESSIONS_BURST; i++)
		g_assert_cmpint(account_admit(account, now_us), ==, 0);
	g_assert_cmpint(account_admit(account, now_us), ==, each_us);
	g_assert_cmpint(account_admit(account, now_us + each_us - 1), ==, 1);
	now_us += each_us;
	g_assert_cmpint(account_admit(account, now_us), ==, 0);
	g_assert_cmpint(account_admit(account, now_us), >, 0);
	/* All of the burst comes back with time, and no more than that. */
	now_us += 10 * G_USEC_PER_SEC;
	for (int i = 0; i < GUEST_SESSIONS_BURST; i++)
		g_assert_cmpint(account_admit(account, now_us), ==, 0);
	g_assert_cmpint(account_admit(account, now_us), >, 0);
	account_destroy(account);
}

static void test_guests(void)
{
	const uint64_t others = DAEMON_FDS_MAX + SUCCESSION_FDS_MAX;

	g_assert_cmpuint(guest_limits_guests(0), ==, 0);
	g_assert_cmpuint(guest_limits_guests(others), ==, 0);
	g_assert_cmpuint(guest_limits_guests(others + GUEST_FDS_MAX - 1), ==, 0);
	g_assert_cmpuint(guest_limits_guests(others + GUEST_FDS_MAX), ==, 1);
	g_assert_cmpuint(guest_limits_guests(1024), ==, 1);
	g_assert_cmpuint(guest_limits_guests(4096), ==, 8);
	g_assert_cmpuint(guest_limits_guests(524288), ==, 1169);
	g_assert_cmpuint(guest_limits_guests(UINT64_MAX), >, 1000000);
}

/* Of those with the service manager, too; our unit has it keep enough for as many as the manual
 * says. */
static void test_stored(void)
{
	g_assert_cmpuint(guest_limits_stored(0), ==, 0);
	g_assert_cmpuint(guest_limits_stored(DAEMON_STORED_FDS_MAX), ==, 0);
	g_assert_cmpuint(guest_limits_stored(DAEMON_STORED_FDS_MAX + GUEST_STORED_FDS_MAX - 1), ==,
		0);
	g_assert_cmpuint(guest_limits_stored(DAEMON_STORED_FDS_MAX + GUEST_STORED_FDS_MAX), ==, 1);
	g_assert_cmpuint(guest_limits_stored(KEEP_MAX), ==, 8);
	g_assert_cmpuint(guest_limits_stored(UINT64_MAX), >, 1000000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/account/charges", test_charges);
	g_test_add_func("/wire/account/huge", test_huge);
	g_test_add_func("/wire/account/none", test_none);
	g_test_add_func("/wire/account/admits", test_admits);
	g_test_add_func("/wire/account/guests", test_guests);
	g_test_add_func("/wire/account/stored", test_stored);
	return g_test_run();
}
