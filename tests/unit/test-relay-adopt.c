/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relay goes on with that a predecessor has left, and what it does not go on with, but says
 * so, and serves the next VMM. (A predecessor that is killed: test-relay-kept.c.)
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include "channel_fixture.h"
#include "relay_fixture.h"
#include "wire/relay_state.h"

/* ---- what is left ---- */

/* What is taken out of the socket is not believed where it cannot be. */
static void test_damaged(void)
{
	static const struct {
		struct relay_progress progress;
		uint32_t bytes;
		int flags;
		bool sound;
	} cases[] = {
		{{.sockets = {7, 8}}, 0, 0, true},
		{{.sockets = {7, 0}}, 0, 0, true},
		{{.sockets = {7, RELAY_FD_NOT_KEPT}}, 0, 0, false},
		{{.sockets = {7, 8}, .vmm_display = RELAY_FD_NOT_KEPT}, 0, 0, false},
		{{.sockets = {7, 8}, .display_is = DISPLAY_GIVEN, .display = RELAY_FD_NOT_KEPT}, 0,
			0, false},
		{{.sockets = {7, 8}, .display_is = DISPLAY_GIVEN, .display = 9}, 0, 0, true},
		{{.sockets = {7, 8}, .display_is = DISPLAY_GIVEN + 1}, 0, 0, false},
		{{.sockets = {7, 8}, .display_is = DISPLAY_NONE, .display = 9}, 0, 0, false},
		{{.sockets = {7, 8}, .display_is = DISPLAY_DUE, .display = 9}, 0, 0, false},
		{{.sockets = {7, 8}, .display_is = DISPLAY_DUE, .display = 9, .display_peer = 10},
			0, 0, true},
		{{.sockets = {7, 8}, .call = RELAY_CALLS}, 0, 0, false},
		{{.sockets = {7, 8}, .side = 2}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.have = 1}}}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.size = 11}}}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.size = 12}}}, 0, 0, true},
		{{.sockets = {7, 8}, .transfers = {{.size = 12, .have = 13}}}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.size = 12 + 4097}}}, 0, 0, false},
		/* Of a message of no bytes behind its header. */
		{{.sockets = {7, 8}, .transfers = {{.size = 12, .have = 12}}}, 0, 0, true},
		{{.sockets = {7, 8}, .transfers = {{0}, {.size = 20, .have = 12}}}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.fds = {.count = 1, .kept = {9}}}}}, 0, 0,
			false},
		{{.sockets = {7, 8}, .transfers = {{.next = {.count = 1, .kept = {9}}}}}, 0, 0,
			true},
		{{.sockets = {7, 8}, .transfers = {{.next = {.count = 1}}}}, 0, 0, false},
		{{.sockets = {7, 8}, .transfers = {{.next = {.count = 9}}}}, 0, 0, false},
		{{.sockets = {7, 8},
			 .transfers = {{.next = {.count = 1, .kept = {RELAY_FD_NOT_KEPT}}}}},
			0, 0, false},
		{{.sockets = {7, 8}, .call = RELAY_CALL_TAKE, .transfers = {{.size = 12}}},
			STREAM_RECORD_NOTHING, 0, true},
		{{.sockets = {7, 8}, .call = RELAY_CALL_TAKE, .transfers = {{.size = 12}}}, 12, 0,
			true},
		{{.sockets = {7, 8}, .call = RELAY_CALL_TAKE, .transfers = {{.size = 12}}}, 13, 0,
			false},
		{{.sockets = {7, 8}, .call = RELAY_CALL_TAKE, .transfers = {{.size = 12}}}, 0, 0,
			false},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_TAKE,
			 .side = 1,
			 .transfers = {{.size = 12}}},
			12, 0, false},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_PASS,
			 .transfers = {{.size = 12, .have = 12}}},
			12, 0, true},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_PASS,
			 .transfers = {{.size = 12, .have = 12}}},
			11, 0, false},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_PASS,
			 .transfers = {{.size = 12, .have = 11}}},
			12, 0, false},
		{{.sockets = {7, 8}, .call = RELAY_CALL_PASS}, 0, 0, false},
		{{.sockets = {7, 8}, .call = RELAY_CALL_SWAP}, 12, 0, false},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_SWAP,
			 .display_is = DISPLAY_DUE,
			 .display = 9,
			 .display_peer = 10},
			12, 0, true},
		{{.sockets = {7, 8},
			 .call = RELAY_CALL_SWAP,
			 .display_is = DISPLAY_DUE,
			 .display = 9,
			 .display_peer = 10},
			11, 0, false},
		{{.sockets = {7, 8}, .call = RELAY_CALL_ANSWER, .acknowledge = 1}, 20, 0, true},
		{{.sockets = {7, 8}, .call = RELAY_CALL_ANSWER, .acknowledge = 1}, 0, 0, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree struct relay_state *state = g_new0(struct relay_state, 1);
		struct relay_progress progress;
		const char *why;

		state->current = i & 1;
		state->progress[i & 1] = cases[i].progress;
		state->record.call.msg_len = cases[i].bytes;
		state->record.call.msg_hdr.msg_flags = cases[i].flags;
		if (relay_state_recover(state, &progress, &why) != cases[i].sound)
			g_error("case %zu: %s", i, why ? why : "sound");
		if (!cases[i].sound)
			g_assert_nonnull(why);
	}
}

/* Nobody was there. */
static void test_none(void)
{
	g_autofree struct relay_state *state = g_new0(struct relay_state, 1);
	struct relay_progress progress;
	const char *why;

	g_assert_false(relay_state_recover(state, &progress, &why));
	g_assert_null(why);
	g_assert_cmpuint(state->adopted, ==, 0);
}

/* Who dies of it, again and again, is not the next one's to try. */
static void test_fatal(void)
{
	g_autofree struct relay_state *state = g_new0(struct relay_state, 1);
	struct relay_progress progress;
	const char *why;

	state->progress[0].sockets[0] = 7;
	for (int i = 0; i < RELAY_ADOPTED_MAX; i++)
		g_assert_true(relay_state_recover(state, &progress, &why));
	g_assert_false(relay_state_recover(state, &progress, &why));
	g_assert_cmpstr(why, ==, "each that went on with it has died of it");
}

/* ---- in one process, by what the listener is told ---- */

/* A session that has a display socket, and whose VMM has sent the first bytes of a message. */
static void begin(struct rig *rig, const struct rig_message *message)
{
	rig_init(rig);
	for (int up = 0; up < 2; up++) {
		struct rig_message other = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			16);

		rig_expect_forwarded(rig_direction(rig, up), &other, rig->fds, 2);
	}
	rig_swap(rig, rig->fds[0]);
	fixture_send_on(rig->vmm, message, 15, rig->fds, 3);
	rig_settle();
	rig_replace_relay(rig);
}

static void test_goes_on(void)
{
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 20);
	struct rig rig;

	begin(&rig, &message);
	g_assert_true(relay_adopt(rig.relay));
	g_assert_cmpuint(rig.adopted, ==, 1);
	g_assert_cmpint(rig.display, >=, 0);
	g_assert_true(rig.backend_there);
	rig_settle();
	rig_expect_nothing(rig.backend);
	rig_send_rest(rig.vmm, &message, 15);
	rig_expect_message(rig.backend, &message, rig.fds, 3);
	/* The display socket is given once a session. */
	rig_send(rig.vmm, &rig_swap_message, rig.fds, 1);
	rig_expect_nothing(rig.backend);
	g_assert_cmpuint(rig.detached, ==, 0);
	/* Without it. */
	relay_display_closing(rig.relay);
	rig_replace_relay(&rig);
	g_assert_true(relay_adopt(rig.relay));
	g_assert_cmpint(rig.display, ==, -1);
	rig_close(&rig.vmm);
	rig_settle();
	rig_expect_session_over(&rig, "the VMM has disconnected");
	rig_finish(&rig);
}

/* A VMM that waits for its back-end waits on. */
static void test_waits_on(void)
{
	struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 20);
	struct rig rig;

	rig_prepare(&rig);
	rig_create_relay(&rig);
	rig.vmm = rig_connect_to(rig.vmm_path);
	rig_send(rig.vmm, &message, NULL, 0);
	g_assert_cmpuint(rig_times_logged("waiting for the back-end"), ==, 1);
	rig_replace_relay(&rig);
	g_assert_true(relay_adopt(rig.relay));
	g_assert_cmpuint(rig_times_logged("waiting for the back-end"), ==, 2);
	rig.listener = rig_listen_at(rig.backend_path);
	while (!rig.backend_there)
		g_main_context_iteration(NULL, TRUE);
	rig_settle();
	g_assert_true(rig_accept(&rig));
	rig_expect_message(rig.backend, &message, NULL, 0);
	rig_finish(&rig);
}

enum refusal {
	REFUSAL_DAMAGED,
	REFUSAL_FATAL,
	REFUSAL_LOST,
	REFUSAL_LOST_DISPLAY,
	REFUSAL_NO_FDS,
	REFUSAL_LISTENER,
	REFUSALS,
};

static void damage(struct rig *rig, enum refusal refusal)
{
	struct relay_progress *progress = &rig->state->progress[rig->state->current];

	switch (refusal) {
	case REFUSAL_DAMAGED:
		progress->transfers[0].have = UINT32_MAX;
		break;
	case REFUSAL_FATAL:
		rig->state->adopted = RELAY_ADOPTED_MAX;
		break;
	case REFUSAL_LOST:
		progress->sockets[1] = 4711;
		break;
	case REFUSAL_LOST_DISPLAY:
		progress->display = 4711;
		break;
	case REFUSAL_NO_FDS:
		progress->scanouts = 1;
		getrlimit(RLIMIT_NOFILE, &rig->limit);
		rig->runs_out = true;
		break;
	default:
		rig->refuses = true;
		break;
	}
}

/* Both sides see the end of it, and the next VMM is served. */
static void test_refused(void)
{
	static const char *const texts[REFUSALS] = {"its state is damaged",
		"each that went on with it has died of it", "a side's socket cannot be used",
		"not all was kept", "this process can have no more file descriptors", NULL};

	for (enum refusal refusal = 0; refusal < REFUSALS; refusal++) {
		struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION,
			20);
		struct rig rig;

		begin(&rig, &message);
		damage(&rig, refusal);
		g_assert_false(relay_adopt(rig.relay));
		if (refusal == REFUSAL_NO_FDS)
			g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &rig.limit), ==, 0);
		rig.runs_out = false;
		g_assert_cmpuint(rig_times_logged("have to connect again"), ==,
			texts[refusal] ? 1 : 0);
		if (texts[refusal])
			g_assert_cmpuint(rig_times_logged(texts[refusal]), ==, 1);
		rig_settle();
		rig_expect_closed(rig.vmm);
		/* Where nobody knows that socket any more, it is closed a moment later. */
		rig_expect_closed(rig.backend);
		rig_close(&rig.vmm);
		rig_close(&rig.backend);
		rig_connect(&rig);
		rig_expect_forwarded(rig_direction(&rig, false), &message, rig.fds, 3);
		g_assert_cmpuint(rig.detached, ==, 0);
		rig_finish(&rig);
	}
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	g_test_add_func("/relay/adopt/damaged", test_damaged);
	g_test_add_func("/relay/adopt/none", test_none);
	g_test_add_func("/relay/adopt/fatal", test_fatal);
	rig_add_kept("/relay/adopt/goes-on", test_goes_on);
	rig_add_kept("/relay/adopt/waits-on", test_waits_on);
	rig_add_kept("/relay/adopt/refused", test_refused);
	return g_test_run();
}
