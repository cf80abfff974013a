/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/dbus/budget.h"

#include <glib.h>

/* After so long it is full, whatever was left. */
#define FULL_US (INT64_C(1) * G_USEC_PER_SEC * DBUS_BUDGET_BURST / DBUS_BUDGET_PER_SECOND)

void dbus_budget_init(struct dbus_budget *budget, int64_t now_us)
{
	budget->left = DBUS_BUDGET_BURST;
	budget->at_us = now_us;
}

static void refill(struct dbus_budget *budget, int64_t now_us)
{
	int64_t passed_us = CLAMP(now_us - budget->at_us, 0, FULL_US);
	int64_t bytes = passed_us * DBUS_BUDGET_PER_SECOND / G_USEC_PER_SEC;

	budget->left = MIN(budget->left + bytes, DBUS_BUDGET_BURST);
	/* What makes no whole byte counts the next time. */
	if (passed_us == FULL_US)
		budget->at_us = now_us;
	else
		budget->at_us += bytes * G_USEC_PER_SEC / DBUS_BUDGET_PER_SECOND;
}

int64_t dbus_budget_take(struct dbus_budget *budget, int64_t bytes, int64_t now_us)
{
	refill(budget, now_us);
	if (bytes <= budget->left) {
		budget->left -= bytes;
		return 0;
	}
	return (bytes - budget->left) * G_USEC_PER_SEC / DBUS_BUDGET_PER_SECOND + 1;
}
