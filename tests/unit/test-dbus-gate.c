/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between a bus and GDBus: what goes through, what does not, how much, and for how
 * long. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "dbus_fixture.h"
#include "gate_fixture.h"
#include "input/dbus/frame.h"
#include "wire/account.h"

static void test_through(void)
{
	const char orders[] = {'l', 'B'};
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		for (size_t size = 16; size < 60; size += 3) {
			g_autofree uint8_t *message = gate_fixture_make_message(orders[i],
				DBUS_FRAME_SIGNAL, size);

			gate_fixture_send(rig.bus, message, size);
			gate_fixture_expect_message(rig.local, orders[i], DBUS_FRAME_SIGNAL, size);
			gate_fixture_send(rig.local, message, size);
			gate_fixture_expect_message(rig.bus, orders[i], DBUS_FRAME_SIGNAL, size);
		}
	}
	/* Longer than what is read at once. */
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, DBUS_GATE_MESSAGE_MAX);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_RETURN, DBUS_GATE_MESSAGE_MAX);
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_ERROR, 40);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_ERROR, 40);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LASTS);
	gate_fixture_finish(&rig);
}

/* Two messages in all pieces that they can come in. */
static void test_pieces(void)
{
	g_autofree uint8_t *first = gate_fixture_make_message('l', DBUS_FRAME_SIGNAL, 33);
	g_autofree uint8_t *second = gate_fixture_make_message('B', DBUS_FRAME_SIGNAL, 18);
	uint8_t both[33 + 18];
	struct gate_fixture rig;

	memcpy(both, first, 33);
	memcpy(both + 33, second, 18);
	gate_fixture_open(&rig);
	for (size_t cut = 1; cut < sizeof(both); cut++) {
		gate_fixture_send(rig.bus, both, cut);
		while (g_main_context_iteration(NULL, FALSE))
			;
		gate_fixture_send(rig.bus, both + cut, sizeof(both) - cut);
		gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 33);
		gate_fixture_expect_message(rig.local, 'B', DBUS_FRAME_SIGNAL, 18);
	}
	for (size_t i = 0; i < sizeof(both); i++) {
		gate_fixture_send(rig.bus, both + i, 1);
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 33);
	gate_fixture_expect_message(rig.local, 'B', DBUS_FRAME_SIGNAL, 18);
	gate_fixture_finish(&rig);
}

/* What nobody asked for, and what nobody here answers. */
static void test_dropped(void)
{
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_CALL, 500);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, 16);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_ERROR, 300);
	gate_fixture_send_message(rig.bus, 5, 77);
	gate_fixture_send_message(rig.bus, 255, 17);
	gate_fixture_expect_silence(rig.local);
	/* One answer to each call. */
	gate_fixture_call(&rig);
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_ERROR, 20);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, 21);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, 22);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 23);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_ERROR, 20);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_RETURN, 21);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 23);
	gate_fixture_expect_silence(rig.local);
	/* What is no call is not answered. */
	gate_fixture_send_message(rig.local, DBUS_FRAME_RETURN, 24);
	gate_fixture_expect_message(rig.bus, 'l', DBUS_FRAME_RETURN, 24);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, 24);
	gate_fixture_expect_silence(rig.local);
	gate_fixture_finish(&rig);
}

/* ---- what does not ---- */

static void expect_refused(const uint8_t *head, const char *said)
{
	unsigned int told = dbus_fixture_times_logged(said);
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 19);
	gate_fixture_send(rig.bus, head, DBUS_FRAME_HEAD);
	/* What came before is there; nothing of it is. */
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 19);
	gate_fixture_expect_end(rig.local);
	gate_fixture_expect_end(rig.bus);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_REFUSED);
	g_assert_cmpuint(dbus_fixture_times_logged(said), ==, told + 1);
	g_assert_cmpuint(dbus_fixture_times_logged("guest kiosk: disconnected from the bus at"), ==,
		dbus_fixture_times_logged("it sent"));
	g_assert_cmpuint(rig.told, ==, 1);
	gate_fixture_finish(&rig);
}

static void test_too_long(void)
{
	const uint8_t types[] = {DBUS_FRAME_RETURN, DBUS_FRAME_ERROR, DBUS_FRAME_SIGNAL,
		DBUS_FRAME_CALL};
	uint8_t head[DBUS_FRAME_HEAD];

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		gate_fixture_make_head(head, 'l', types[i], 0,
			DBUS_GATE_MESSAGE_MAX - DBUS_FRAME_HEAD + 1);
		expect_refused(head, "a message of 65537 bytes; at most 65536 are allowed");
		gate_fixture_make_head(head, 'B', types[i], DBUS_GATE_MESSAGE_MAX - 7, 0);
		expect_refused(head, "a message of 65552 bytes; at most 65536 are allowed");
	}
	gate_fixture_make_head(head, 'l', DBUS_FRAME_RETURN, 0, (1u << 27) - DBUS_FRAME_HEAD);
	expect_refused(head, "a message of 134217728 bytes");
}

static void test_no_message(void)
{
	uint8_t head[DBUS_FRAME_HEAD];

	gate_fixture_make_head(head, 'x', DBUS_FRAME_SIGNAL, 0, 0);
	expect_refused(head, "what is no message");
	gate_fixture_make_head(head, 'l', 0, 0, 0);
	expect_refused(head, "what is no message");
	gate_fixture_make_head(head, 'l', DBUS_FRAME_SIGNAL, UINT32_MAX, UINT32_MAX);
	expect_refused(head, "what is no message");
	memcpy(head, "OK " GATE_GUID, sizeof(head));
	expect_refused(head, "what is no message");
}

/* The bus goes in the middle of a head, or of a message, or between two. */
static void test_end_of_the_bus(void)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', DBUS_FRAME_SIGNAL, 50);

	for (size_t sent = 0; sent < 50; sent++) {
		uint8_t got[50];
		struct gate_fixture rig;

		gate_fixture_open(&rig);
		gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 20);
		gate_fixture_send(rig.bus, message, sent);
		gate_fixture_close_bus(&rig);
		gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 20);
		g_assert_cmpuint(gate_fixture_receive(rig.local, got, sizeof(got)), ==,
			sent < DBUS_FRAME_HEAD ? 0 : sent);
		g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_BUS_GONE);
		gate_fixture_finish(&rig);
	}
}

/* Fds are let go of, wherever they come, and what they came with goes on. */
static void test_fds(void)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', DBUS_FRAME_SIGNAL, 40);
	size_t fds = fixture_count_fds();
	struct gate_fixture rig;
	int memory;

	gate_fixture_open(&rig);
	memory = memfd_create("gate", MFD_CLOEXEC);
	for (size_t cut = 0; cut < 40; cut += 5) {
		union {
			struct cmsghdr header;
			char bytes[CMSG_SPACE(4 * sizeof(int))];
		} control = {.bytes = {0}};
		const int sent[4] = {memory, rig.listener, memory, rig.listener};
		struct iovec iov = {message + cut, 40 - cut};
		struct msghdr header = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control.bytes),
		};

		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(sent));
		memcpy(CMSG_DATA(&control.header), sent, sizeof(sent));
		gate_fixture_send(rig.bus, message, cut);
		g_assert_cmpint(sendmsg(rig.bus, &header, 0), ==, 40 - cut);
		gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 40);
	}
	close(memory);
	gate_fixture_finish(&rig);
	while (fixture_count_fds() != fds)
		g_main_context_iteration(NULL, FALSE);
}

/* ---- floods ---- */

/* As much as the socket takes at once. */
static size_t send_some(int fd, const uint8_t *bytes, size_t size)
{
	ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
	return sent < 0 ? 0 : (size_t)sent;
}

static size_t receive_some(int fd)
{
	uint8_t bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	return got < 0 ? 0 : (size_t)got;
}

/* A bus that sends as fast as it can, of one type, until it would have passed much more than it
 * may. */
static void flood(uint8_t type, size_t size, bool passes)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', type, size);
	int64_t begin_us, budget;
	size_t sent = 0, got = 0;
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	begin_us = rig.budget.at_us;
	while (sent < DBUS_BUDGET_BURST + 400000 && got < DBUS_BUDGET_BURST) {
		size_t at = sent % size;

		sent += send_some(rig.bus, message + at, size - at);
		g_main_context_iteration(NULL, FALSE);
		got += receive_some(rig.local);
		budget = DBUS_BUDGET_BURST +
			(g_get_monotonic_time() - begin_us) * DBUS_BUDGET_PER_SECOND /
				G_USEC_PER_SEC;
		g_assert_cmpint((int64_t)got, <=, budget);
		/* It stands still: the rest waits with the bus. */
		if (rig.budget.left < (int64_t)size && at == sent % size)
			break;
	}
	g_assert_cmpint(got > 0, ==, passes);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LASTS);
	/* And it goes on: with the answer to a call, too. */
	gate_fixture_send_message(rig.local, DBUS_FRAME_CALL, 24);
	gate_fixture_expect_message(rig.bus, 'l', DBUS_FRAME_CALL, 24);
	gate_fixture_finish(&rig);
}

static void test_flood(void)
{
	flood(DBUS_FRAME_SIGNAL, 16, true);
	flood(DBUS_FRAME_SIGNAL, 1000, true);
	flood(DBUS_FRAME_SIGNAL, DBUS_GATE_MESSAGE_MAX, true);
	flood(DBUS_FRAME_RETURN, 16, false);
	flood(DBUS_FRAME_CALL, 100, false);
}

/* What waits for the budget comes when there is some, by itself. */
static void test_budget_used_up(void)
{
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	rig.budget.left = 0;
	rig.budget.at_us = g_get_monotonic_time();
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 1000);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 2000);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 1000);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 2000);
	/* Short answers do not wait for it. */
	rig.budget.left = 0;
	rig.budget.at_us = INT64_MAX / 2;
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, DBUS_GATE_ANSWER_FREE);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_RETURN, DBUS_GATE_ANSWER_FREE);
	/* Longer ones do; it may end meanwhile. */
	gate_fixture_call(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, DBUS_GATE_ANSWER_FREE + 1);
	gate_fixture_expect_silence(rig.local);
	gate_fixture_close_local(&rig);
	gate_fixture_expect_end(rig.bus);
	gate_fixture_finish(&rig);
}

/* Nor does the other side read: what is underway is bounded, and nothing of it is lost. */
static void test_full(void)
{
	struct gate_fixture rig;
	size_t sent[2] = {0}, got = 0;
	int from, to;

	for (int way = 0; way < 2; way++) {
		g_autofree uint8_t *message = gate_fixture_make_message('l', DBUS_FRAME_SIGNAL,
			1000);

		gate_fixture_open(&rig);
		from = way ? rig.local : rig.bus;
		to = way ? rig.bus : rig.local;
		for (size_t still = 0; still < 100; still++) {
			size_t at = sent[way] % 1000;
			size_t more = send_some(from, message + at, 1000 - at);

			/* It is not this that ends it. */
			rig.budget.left = DBUS_BUDGET_BURST;
			sent[way] += more;
			if (more > 0)
				still = 0;
			g_main_context_iteration(NULL, FALSE);
		}
		g_assert_cmpuint(sent[way], >, 1000);
		while (got < sent[way]) {
			g_main_context_iteration(NULL, FALSE);
			got += receive_some(to);
			rig.budget.left = DBUS_BUDGET_BURST;
		}
		g_assert_cmpuint(got, ==, sent[way]);
		got = 0;
		g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LASTS);
		gate_fixture_finish(&rig);
	}
}

/* GDBus says as much as goes. */
static void say_until_full(struct gate_fixture *rig)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', DBUS_FRAME_CALL, 1000);

	for (size_t still = 0, sent = 0; still < 100; still++) {
		size_t more = send_some(rig->local, message + sent % 1000, 1000 - sent % 1000);

		sent += more;
		if (more > 0)
			still = 0;
		g_main_context_iteration(NULL, FALSE);
	}
}

/* A bus that takes nothing is not listened to, and is again when it does. */
static void test_deaf(void)
{
	struct gate_fixture rig;
	size_t got = 0;

	gate_fixture_open(&rig);
	say_until_full(&rig);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 300);
	for (int i = 0; i < 100; i++)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpuint(receive_some(rig.local), ==, 0);
	while (got < 300) {
		receive_some(rig.bus);
		g_main_context_iteration(NULL, FALSE);
		got += receive_some(rig.local);
	}
	g_assert_cmpuint(got, ==, 300);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LASTS);
	gate_fixture_close_local(&rig);
	gate_fixture_close_bus(&rig);
	gate_fixture_finish(&rig);
}

/* GDBus goes while the bus takes nothing of what it has said. */
static void test_left_full(void)
{
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	say_until_full(&rig);
	gate_fixture_close_local(&rig);
	UNTIL(dbus_gate_end(rig.gate) != DBUS_GATE_LASTS);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LEFT);
	gate_fixture_close_bus(&rig);
	gate_fixture_finish(&rig);
}

/* ---- life ---- */

/* A bus that has gone is seen though the budget is used up. */
static void test_gone_meanwhile(void)
{
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	rig.budget.left = 0;
	rig.budget.at_us = g_get_monotonic_time();
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 300);
	gate_fixture_close_bus(&rig);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 300);
	gate_fixture_expect_end(rig.local);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_BUS_GONE);
	gate_fixture_finish(&rig);
}

/* It is nobody's any more, and goes on until GDBus has closed. */
static void test_released(void)
{
	struct gate_fixture rig;

	gate_fixture_open(&rig);
	dbus_gate_release(g_steal_pointer(&rig.gate));
	rig.budget.left = 0;
	account_destroy(g_steal_pointer(&rig.account));
	gate_fixture_send_message(rig.local, DBUS_FRAME_CALL, 30);
	gate_fixture_expect_message(rig.bus, 'l', DBUS_FRAME_CALL, 30);
	gate_fixture_send_message(rig.bus, DBUS_FRAME_RETURN, 400);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_RETURN, 400);
	gate_fixture_send_message(rig.local, DBUS_FRAME_CALL, 31);
	gate_fixture_close_local(&rig);
	gate_fixture_expect_message(rig.bus, 'l', DBUS_FRAME_CALL, 31);
	gate_fixture_expect_end(rig.bus);
	g_assert_cmpuint(rig.told, ==, 1);
	gate_fixture_finish(&rig);
	/* Or the bus has. */
	gate_fixture_open(&rig);
	dbus_gate_release(g_steal_pointer(&rig.gate));
	gate_fixture_close_bus(&rig);
	gate_fixture_expect_end(rig.local);
	gate_fixture_finish(&rig);
	/* Or it was refused. */
	gate_fixture_open(&rig);
	dbus_gate_release(g_steal_pointer(&rig.gate));
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, DBUS_GATE_MESSAGE_MAX + 1);
	gate_fixture_expect_end(rig.local);
	gate_fixture_finish(&rig);
}

static void test_released_early(void)
{
	struct gate_fixture rig;
	const char text[1] = {'O'};
	uint8_t byte;

	/* Before it is connected, or has heard of it. */
	gate_fixture_init(&rig);
	gate_fixture_connect(&rig);
	dbus_gate_release(g_steal_pointer(&rig.gate));
	while (gate_fixture_receive(rig.bus, &byte, 1) == 1)
		;
	g_assert_cmpuint(rig.told, ==, 0);
	gate_fixture_finish(&rig);
	/* While it greets. */
	gate_fixture_init(&rig);
	gate_fixture_connect(&rig);
	gate_fixture_expect_greeting(&rig);
	gate_fixture_send(rig.bus, text, sizeof(text));
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_LASTS);
	dbus_gate_release(g_steal_pointer(&rig.gate));
	gate_fixture_expect_end(rig.bus);
	g_assert_cmpuint(rig.told, ==, 0);
	gate_fixture_finish(&rig);
}

static void expect_failure(const char *says, const char *message)
{
	struct gate_fixture rig;

	gate_fixture_init(&rig);
	gate_fixture_connect(&rig);
	gate_fixture_expect_greeting(&rig);
	gate_fixture_send(rig.bus, says, strlen(says));
	g_assert_cmpint(shutdown(rig.bus, SHUT_WR), ==, 0);
	UNTIL(rig.told);
	g_assert_nonnull(rig.error);
	g_assert_cmpstr(rig.error->message, ==, message);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_BUS_GONE);
	gate_fixture_close_bus(&rig);
	gate_fixture_finish(&rig);
}

static void test_no_greeting(void)
{
	g_autofree char *refusal = g_strdup_printf("the bus does not let user %lu in",
		(unsigned long)geteuid());

	expect_failure("REJECTED EXTERNAL\r\nREJECTED\r\n", refusal);
	expect_failure("I am no bus\r\n", "what listens there does not speak D-Bus");
	expect_failure("", "the bus has ended the connection");
	expect_failure("OK", "the bus has ended the connection");
}

static void expect_no_connection(const char *address, const char *message)
{
	struct dbus_gate_options options = {.guest = "kiosk", .address = address};
	struct gate_fixture rig = {.bus = -1};

	options.budget = &rig.budget;
	rig.gate = dbus_gate_create(&options, gate_fixture_opened, &rig);
	UNTIL(rig.told);
	g_assert_nonnull(rig.error);
	if (message)
		g_assert_cmpstr(rig.error->message, ==, message);
	g_assert_cmpint(dbus_gate_end(rig.gate), ==, DBUS_GATE_BUS_GONE);
	dbus_gate_release(rig.gate);
	g_clear_error(&rig.error);
}

static void test_no_connection(void)
{
	expect_no_connection("unix:path=/nowhere/at/all", NULL);
	expect_no_connection("no address", NULL);
	expect_no_connection("", NULL);
	dbus_gate_release(NULL);
}

/* What came with the last line of the handshake are messages like others. */
static void test_early_messages(void)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', DBUS_FRAME_SIGNAL, 30);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct gate_fixture rig;

	gate_fixture_init(&rig);
	gate_fixture_connect(&rig);
	gate_fixture_expect_greeting(&rig);
	g_byte_array_append(bytes, (const guint8 *)"OK " GATE_GUID "\r\n",
		(guint)strlen("OK " GATE_GUID "\r\n"));
	g_byte_array_append(bytes, message, 30);
	g_byte_array_append(bytes, message, 30);
	gate_fixture_send(rig.bus, bytes->data, bytes->len);
	UNTIL(rig.told);
	gate_fixture_expect_text(rig.bus, "BEGIN\r\n");
	gate_fixture_send_message(rig.bus, DBUS_FRAME_SIGNAL, 31);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 30);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 30);
	gate_fixture_expect_message(rig.local, 'l', DBUS_FRAME_SIGNAL, 31);
	gate_fixture_finish(&rig);
}

int main(int argc, char **argv)
{
	dbus_fixture_init(&argc, &argv);
	g_test_add_func("/dbus-gate/through", test_through);
	g_test_add_func("/dbus-gate/pieces", test_pieces);
	g_test_add_func("/dbus-gate/dropped", test_dropped);
	g_test_add_func("/dbus-gate/too-long", test_too_long);
	g_test_add_func("/dbus-gate/no-message", test_no_message);
	g_test_add_func("/dbus-gate/end-of-the-bus", test_end_of_the_bus);
	g_test_add_func("/dbus-gate/fds", test_fds);
	g_test_add_func("/dbus-gate/flood", test_flood);
	g_test_add_func("/dbus-gate/budget-used-up", test_budget_used_up);
	g_test_add_func("/dbus-gate/full", test_full);
	g_test_add_func("/dbus-gate/left-full", test_left_full);
	g_test_add_func("/dbus-gate/deaf", test_deaf);
	g_test_add_func("/dbus-gate/gone-meanwhile", test_gone_meanwhile);
	g_test_add_func("/dbus-gate/released", test_released);
	g_test_add_func("/dbus-gate/released-early", test_released_early);
	g_test_add_func("/dbus-gate/no-greeting", test_no_greeting);
	g_test_add_func("/dbus-gate/no-connection", test_no_connection);
	g_test_add_func("/dbus-gate/early-messages", test_early_messages);
	return g_test_run();
}
