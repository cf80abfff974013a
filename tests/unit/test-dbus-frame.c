/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a gate before a bus is made of: heads of messages, the budget, the handshake. */
#include <string.h>
#include <unistd.h>

#include "dbus_fixture.h"
#include "gate_fixture.h"
#include "input/dbus/budget.h"
#include "input/dbus/frame.h"
#include "input/dbus/handshake.h"

/* ---- heads ---- */

static void expect_size(char order, uint32_t fields, uint32_t body, uint64_t size)
{
	uint8_t head[DBUS_FRAME_HEAD];
	struct dbus_frame frame;

	gate_fixture_make_head(head, order, DBUS_FRAME_SIGNAL, fields, body);
	g_assert_cmpint(dbus_frame_read(&frame, head), ==, size > 0);
	if (size == 0)
		return;
	g_assert_cmpuint(frame.size, ==, size);
	g_assert_cmpuint(frame.type, ==, DBUS_FRAME_SIGNAL);
}

static void test_heads(void)
{
	const uint32_t fields_max = 1u << 26;
	const uint32_t rest = (1u << 27) - fields_max - DBUS_FRAME_HEAD;
	const char orders[] = {'l', 'B'};

	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		expect_size(orders[i], 0, 0, 16);
		expect_size(orders[i], 0, 1, 17);
		expect_size(orders[i], 1, 0, 24);
		expect_size(orders[i], 7, 3, 27);
		expect_size(orders[i], 8, 3, 27);
		expect_size(orders[i], 9, 0, 32);
		expect_size(orders[i], 0x010203, 0x040506, 16 + 0x010208 + 0x040506);
		expect_size(orders[i], fields_max, rest, 1u << 27);
		expect_size(orders[i], fields_max, rest + 1, 0);
		expect_size(orders[i], fields_max + 1, 0, 0);
		expect_size(orders[i], 0, (1u << 27) - 16, 1u << 27);
		expect_size(orders[i], 0, (1u << 27) - 15, 0);
		expect_size(orders[i], UINT32_MAX, UINT32_MAX, 0);
		expect_size(orders[i], 0, UINT32_MAX, 0);
		expect_size(orders[i], UINT32_MAX, 0, 0);
	}
}

static void test_no_heads(void)
{
	uint8_t head[DBUS_FRAME_HEAD];
	struct dbus_frame frame;

	gate_fixture_make_head(head, 'l', 1, 0, 0);
	g_assert_true(dbus_frame_read(&frame, head));
	head[0] = 'b';
	g_assert_false(dbus_frame_read(&frame, head));
	gate_fixture_make_head(head, 'B', 0, 0, 0);
	g_assert_false(dbus_frame_read(&frame, head));
	gate_fixture_make_head(head, 'B', 255, 0, 0);
	g_assert_true(dbus_frame_read(&frame, head));
	head[3] = 2;
	g_assert_false(dbus_frame_read(&frame, head));
}

/* ---- the budget ---- */

static void test_budget(void)
{
	const int64_t now_us = 5 * G_USEC_PER_SEC;
	struct dbus_budget budget;

	dbus_budget_init(&budget, now_us);
	g_assert_cmpint(dbus_budget_take(&budget, DBUS_BUDGET_BURST, now_us), ==, 0);
	g_assert_cmpint(dbus_budget_take(&budget, 1, now_us), >, 0);
	g_assert_cmpint(dbus_budget_take(&budget, DBUS_BUDGET_PER_SECOND, now_us), ==,
		G_USEC_PER_SEC + 1);
	/* A clock that is behind gives nothing. */
	g_assert_cmpint(dbus_budget_take(&budget, 1, now_us - G_USEC_PER_SEC), >, 0);
	/* Looked at often, it is the same. */
	for (int i = 1; i < 1000; i++)
		g_assert_cmpint(dbus_budget_take(&budget, DBUS_BUDGET_PER_SECOND,
					now_us + i * (G_USEC_PER_SEC / 1000)),
			>, 0);
	g_assert_cmpint(
		dbus_budget_take(&budget, DBUS_BUDGET_PER_SECOND - 1000, now_us + G_USEC_PER_SEC),
		==, 0);
	/* Never more than at first. */
	g_assert_cmpint(dbus_budget_take(&budget, DBUS_BUDGET_BURST, INT64_MAX / 2), ==, 0);
	g_assert_cmpint(dbus_budget_take(&budget, 1, INT64_MAX / 2), >, 0);
}

/* It is as long as it says. */
static void test_budget_wait(void)
{
	struct dbus_budget budget;
	int64_t wait_us;

	dbus_budget_init(&budget, 0);
	g_assert_cmpint(dbus_budget_take(&budget, DBUS_BUDGET_BURST - 100, 0), ==, 0);
	wait_us = dbus_budget_take(&budget, 1000, 0);
	g_assert_cmpint(wait_us, >, 0);
	g_assert_cmpint(dbus_budget_take(&budget, 1000, wait_us / 2), >, 0);
	g_assert_cmpint(dbus_budget_take(&budget, 1000, wait_us), ==, 0);
}

/* ---- the handshake ---- */

/* The lines that come, in pieces of `piece` bytes; what is said until then, or "-" and how it
 * failed. */
static void expect_said(const char *lines, size_t piece, const char *said)
{
	g_autofree char *user = g_strdup_printf("%lu", (unsigned long)geteuid());
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(GString) expected = g_string_new("AUTH EXTERNAL ");
	g_autoptr(GError) error = NULL;
	struct dbus_handshake handshake;
	char says[DBUS_HANDSHAKE_LINE];
	enum dbus_handshake_step step = DBUS_HANDSHAKE_WAITS;

	for (const char *at = user; *at; at++)
		g_string_append_printf(expected, "%02x", (unsigned int)*at);
	g_string_append_printf(expected, "\r\n%s", said);
	dbus_handshake_init(&handshake, says);
	g_string_append(all, says);
	while (*lines && step != DBUS_HANDSHAKE_FAILED && step != DBUS_HANDSHAKE_DONE) {
		size_t used;

		step = dbus_handshake_hear(&handshake, lines, MIN(piece, strlen(lines)), &used,
			says, &error);
		g_assert_cmpint(step == DBUS_HANDSHAKE_FAILED, ==, error != NULL);
		if (step == DBUS_HANDSHAKE_SAYS || step == DBUS_HANDSHAKE_DONE)
			g_string_append(all, says);
		lines += used;
	}
	if (error)
		g_string_append_printf(all, "-%s", error->message);
	g_assert_cmpstr(all->str, ==, expected->str);
	g_assert_cmpint(step == DBUS_HANDSHAKE_DONE, ==, g_str_has_suffix(said, "BEGIN\r\n"));
	if (step == DBUS_HANDSHAKE_DONE)
		g_assert_cmpstr(handshake.guid, ==, GATE_GUID);
}

#define ANONYMOUS "AUTH ANONYMOUS 7363616e6f757464\r\n"
#define NO_BUS "-what listens there does not speak D-Bus"

static void test_handshake(void)
{
	g_autofree char *refusal = g_strdup_printf(ANONYMOUS "-the bus does not let user %lu in",
		(unsigned long)geteuid());
	g_autofree char *longest = g_strnfill(DBUS_HANDSHAKE_LINE, 'x');
	g_autofree char *long_line = g_strdup_printf("OK %s\r\n", longest);

	for (size_t piece = 1; piece < 100; piece += 7) {
		expect_said("OK " GATE_GUID "\r\n", piece, "BEGIN\r\n");
		expect_said("REJECTED EXTERNAL ANONYMOUS\r\nOK " GATE_GUID "\r\n", piece,
			ANONYMOUS "BEGIN\r\n");
		expect_said("ERROR\r\nOK " GATE_GUID "\r\n", piece, ANONYMOUS "BEGIN\r\n");
		expect_said("REJECTED\r\nREJECTED\r\nOK " GATE_GUID "\r\n", piece, refusal);
		expect_said("OK\r\n", piece, NO_BUS);
		expect_said("OK " GATE_GUID "0\r\n", piece, NO_BUS);
		expect_said("OK " GATE_GUID "\n", piece, NO_BUS);
		expect_said("DATA 00\r\n", piece, NO_BUS);
		expect_said("\n", piece, NO_BUS);
		expect_said("\r\n", piece, NO_BUS);
		expect_said("HTTP/1.1 400 Bad Request\r\n", piece, NO_BUS);
		expect_said(long_line, piece, NO_BUS);
		expect_said("OK " GATE_GUID, piece, "");
	}
	expect_said(long_line, SIZE_MAX, NO_BUS);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus-frame/heads", test_heads);
	g_test_add_func("/dbus-frame/no-heads", test_no_heads);
	g_test_add_func("/dbus-frame/budget", test_budget);
	g_test_add_func("/dbus-frame/budget-wait", test_budget_wait);
	g_test_add_func("/dbus-frame/handshake", test_handshake);
	return g_test_run();
}
