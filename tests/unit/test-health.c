/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What counts as sick: a guest that waits, an output that does not move; and what does not. */
#include <glib.h>
#include <stdbool.h>

#include "kms.h"
#include "report/health.h"

#define LIMIT_US (4 * KMS_FLIP_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND)
#define START_US G_TIME_SPAN_HOUR

static char *ask(struct health *health, const struct health_guest *guest,
	const struct health_output *output, int64_t now_us)
{
	const struct health_facts facts = {guest, guest != NULL, output, output != NULL};

	return health_complaint(health, &facts, now_us);
}

static void expect(struct health *health, const struct health_guest *guest,
	const struct health_output *output, int64_t now_us, const char *complaint)
{
	g_autofree char *text = ask(health, guest, output, now_us);

	g_assert_cmpstr(text, ==, complaint);
}

static void test_guest(void)
{
	struct health *health = health_create(0);
	struct health_guest guest = {"kiosk", 0};

	expect(health, &guest, NULL, START_US, NULL);
	guest.waiting_since_us = START_US;
	expect(health, &guest, NULL, START_US + LIMIT_US, NULL);
	expect(health, &guest, NULL, START_US + LIMIT_US + 1,
		"guest kiosk has waited for an answer for 20 s");
	guest.waiting_since_us = START_US + 2;
	expect(health, &guest, NULL, START_US + LIMIT_US + 1, NULL);
	health_destroy(health);
}

/* A short timeout is no reason to be hasty; a long one is one to wait. */
static void test_timeouts(void)
{
	const struct health_guest guest = {"kiosk", START_US};
	struct health *hasty = health_create(10);
	struct health *patient = health_create(2 * KMS_FLIP_TIMEOUT_MS);

	expect(hasty, &guest, NULL, START_US + LIMIT_US, NULL);
	expect(patient, &guest, NULL, START_US + 2 * LIMIT_US, NULL);
	expect(patient, &guest, NULL, START_US + 2 * LIMIT_US + 1,
		"guest kiosk has waited for an answer for 40 s");
	health_destroy(hasty);
	health_destroy(patient);
}

static void test_output(void)
{
	struct health *health = health_create(0);
	struct health_output output = {"DP-1", true, 17};

	/* Known for the first time: how long it has been so nobody knows. */
	expect(health, NULL, &output, START_US, NULL);
	expect(health, NULL, &output, START_US + LIMIT_US, NULL);
	expect(health, NULL, &output, START_US + LIMIT_US + 1,
		"DP-1: nothing was shown and nothing failed for 20 s, though frames are due");
	output.progress++;
	expect(health, NULL, &output, START_US + LIMIT_US + 2, NULL);
	expect(health, NULL, &output, START_US + 2 * LIMIT_US + 2, NULL);
	health_destroy(health);
}

/* One that shows what there is has nothing to do. */
static void test_idle_output(void)
{
	struct health *health = health_create(0);
	struct health_output output = {"DP-1", false, 17};

	expect(health, NULL, &output, START_US, NULL);
	expect(health, NULL, &output, START_US + 2 * LIMIT_US, NULL);
	output.busy = true;
	expect(health, NULL, &output, START_US + 2 * LIMIT_US, NULL);
	output.busy = false;
	expect(health, NULL, &output, START_US + 3 * LIMIT_US, NULL);
	output.busy = true;
	expect(health, NULL, &output, START_US + 4 * LIMIT_US, NULL);
	health_destroy(health);
}

/* What is said of the first that is sick does not keep the others from being known. */
static void test_several(void)
{
	struct health *health = health_create(0);
	const struct health_guest guests[] = {{"well", 0}, {"ivi", START_US}};
	const struct health_output outputs[] = {{"DP-1", true, 1}, {"DP-2", true, 2}};
	const struct health_facts all = {guests, 2, outputs, 2};
	const struct health_facts second = {guests, 1, outputs + 1, 1};
	int64_t later_us = START_US + LIMIT_US + 1;
	g_autofree char *nothing = health_complaint(health, &all, START_US);
	g_autofree char *first = health_complaint(health, &all, later_us);
	g_autofree char *other = health_complaint(health, &second, later_us);

	g_assert_null(nothing);
	g_assert_cmpstr(first, ==, "guest ivi has waited for an answer for 20 s");
	g_assert_cmpstr(other, ==,
		"DP-2: nothing was shown and nothing failed for 20 s, though frames are due");
	health_destroy(health);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/health/guest", test_guest);
	g_test_add_func("/health/timeouts", test_timeouts);
	g_test_add_func("/health/output", test_output);
	g_test_add_func("/health/idle-output", test_idle_output);
	g_test_add_func("/health/several", test_several);
	return g_test_run();
}
