/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM or a back-end on the relay that is killed, stopped for a while, or silent for ever, at
 * every boundary of a dialogue and in the middle of each message of its own: the other guest's
 * relay goes on, nothing of a half message is passed on, all fds come back, and the next VMM is
 * served. Also: a VMM that keeps the socket to itself, in silence, is no reason to keep the next
 * one waiting.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"

enum cut {
	CUT_KILLED, /* the peer's socket is closed */
	CUT_STOPPED, /* SIGSTOP, and SIGCONT when others have lived on */
	CUT_SILENT, /* until the daemon ends */
};

enum who { WHO_VMM, WHO_BACKEND };

/* In the order in which QEMU speaks, a few of each kind. */
static const struct line {
	enum who from;
	uint32_t request, flags, size;
	size_t fds;
} lines[] = {
	{WHO_VMM, VHOST_USER_GET_FEATURES, VHOST_USER_VERSION, 0, 0},
	{WHO_BACKEND, VHOST_USER_GET_FEATURES, VHOST_USER_VERSION | VHOST_USER_REPLY, 8, 0},
	{WHO_VMM, VHOST_USER_SET_BACKEND_REQ_FD, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0, 1},
	{WHO_BACKEND, VHOST_USER_SET_BACKEND_REQ_FD, VHOST_USER_VERSION | VHOST_USER_REPLY, 8, 0},
	{WHO_VMM, VHOST_USER_GET_CONFIG, VHOST_USER_VERSION, 32, 0},
	{WHO_BACKEND, VHOST_USER_GET_CONFIG, VHOST_USER_VERSION | VHOST_USER_REPLY, 32, 0},
	{WHO_VMM, VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0, 1},
	{WHO_VMM, VHOST_USER_SET_FEATURES, VHOST_USER_VERSION, 8, 0},
	{WHO_VMM, VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 40, 1},
	{WHO_BACKEND, VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION | VHOST_USER_REPLY, 8, 0},
	{WHO_VMM, VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, 40, 0},
	{WHO_VMM, VHOST_USER_SET_VRING_KICK, VHOST_USER_VERSION, 8, 1},
	/* An answer with fds, as GET_INFLIGHT_FD has it. */
	{WHO_VMM, 31, VHOST_USER_VERSION, 20, 0},
	{WHO_BACKEND, 31, VHOST_USER_VERSION | VHOST_USER_REPLY, 20, 3},
	{WHO_VMM, VHOST_USER_GET_VRING_BASE, VHOST_USER_VERSION, 8, 0},
	{WHO_BACKEND, VHOST_USER_GET_VRING_BASE, VHOST_USER_VERSION | VHOST_USER_REPLY, 8, 0},
};

static struct rig_message message_of(const struct line *line)
{
	struct rig_message message = rig_message(line->request, line->flags, line->size);

	/* A GET_CONFIG or a reply that says nothing of the device, and success. */
	if (line->from == WHO_BACKEND)
		memset(message.payload, 0, line->size);
	return message;
}

static struct rig_direction direction_of(struct rig *rig, const struct line *line)
{
	return rig_direction(rig, line->from == WHO_BACKEND);
}

/* It has arrived, as it is or as the relay's own. */
static void expect_line(struct rig *rig, const struct line *line)
{
	struct rig_direction way = direction_of(rig, line);
	struct rig_message message = message_of(line);

	if (line->request == VHOST_USER_GPU_SET_SOCKET)
		close(rig_receive_display_socket(rig));
	else
		rig_expect_message(*way.to, &message, rig->fds, line->fds);
	rig_expect_nothing(*way.to);
}

static void speak(struct rig *rig, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct rig_message message = message_of(&lines[i]);

		rig_send(*direction_of(rig, &lines[i]).from, &message, rig->fds, lines[i].fds);
		expect_line(rig, &lines[i]);
	}
}

static void begin(struct rig *rig)
{
	rig_close(&rig->display);
	rig_connect(rig);
}

/* Another guest's relay. */
static void other_lives(struct rig *other)
{
	struct rig_message message = rig_message(RIG_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, 16);

	for (int up = 0; up < 2; up++)
		rig_expect_forwarded(rig_direction(other, up), &message, other->fds, 2);
	g_assert_cmpuint(other->detached, ==, 0);
}

/* What the relay says when the peer is gone, once. */
static void expect_gone(struct rig *rig, enum who who, size_t byte)
{
	static const char *const names[] = {"VMM", "back-end"};
	g_autofree char *text = byte
		? g_strdup_printf("the %s went away inside a message, %zu bytes into it",
			  names[who], byte)
		: g_strdup_printf("the %s has disconnected", names[who]);

	rig_expect_session_over(rig, text);
	rig_close(&rig->vmm);
	rig_settle();
	rig_close(&rig->backend);
	begin(rig);
	speak(rig, 0, G_N_ELEMENTS(lines));
}

/* Before line `number`, or `byte` bytes into it. */
static void cut_at(struct rig *other, enum cut cut, enum who who, size_t number, size_t byte)
{
	struct rig rig;
	struct rig_message message;
	int *victim;

	rig_init(&rig);
	rig_forget_log();
	victim = who == WHO_VMM ? &rig.vmm : &rig.backend;
	speak(&rig, 0, number);
	if (byte) {
		message = message_of(&lines[number]);
		fixture_send_on(*victim, &message, byte, rig.fds, lines[number].fds);
		rig_settle();
		rig_expect_nothing(*direction_of(&rig, &lines[number]).to);
	}
	if (cut == CUT_KILLED)
		rig_close(victim);
	rig_settle();
	other_lives(other);

	switch (cut) {
	case CUT_KILLED:
		expect_gone(&rig, who, byte);
		break;
	case CUT_STOPPED:
		if (byte) {
			rig_send_rest(*victim, &message, byte);
			expect_line(&rig, &lines[number]);
			number++;
		}
		speak(&rig, number, G_N_ELEMENTS(lines));
		g_assert_cmpuint(rig.detached, ==, 0);
		g_assert_cmpuint(rig_times_logged("closing"), ==, 0);
		break;
	case CUT_SILENT:
		/* The other direction goes on. */
		message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
		rig_expect_forwarded(rig_direction(&rig, who == WHO_VMM), &message, NULL, 0);
		g_assert_cmpuint(rig.detached, ==, 0);
		g_assert_cmpuint(rig_times_logged("closing"), ==, 0);
		break;
	}
	other_lives(other);
	rig_finish(&rig);
}

static void test_cut(enum cut cut)
{
	struct rig other;

	rig_init(&other);
	for (enum who who = WHO_VMM; who <= WHO_BACKEND; who++) {
		for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
			struct rig_message message = message_of(&lines[i]);

			cut_at(&other, cut, who, i, 0);
			if (lines[i].from != who)
				continue;
			for (size_t byte = 1; byte < rig_message_size(&message);
				byte += byte < sizeof(message.header) ? 3 : 11)
				cut_at(&other, cut, who, i, byte);
		}
		cut_at(&other, cut, who, G_N_ELEMENTS(lines), 0);
	}
	rig_finish(&other);
}

static void test_killed(void)
{
	test_cut(CUT_KILLED);
}

static void test_stopped(void)
{
	test_cut(CUT_STOPPED);
}

static void test_silent(void)
{
	test_cut(CUT_SILENT);
}

/* Both at once, as when their session ends. */
static void test_both_killed(void)
{
	struct rig other;

	rig_init(&other);
	for (size_t i = 0; i <= G_N_ELEMENTS(lines); i++) {
		struct rig rig;

		rig_init(&rig);
		rig_forget_log();
		speak(&rig, 0, i);
		rig_close(&rig.vmm);
		rig_close(&rig.backend);
		rig_settle();
		g_assert_cmpuint(rig.detached, ==, 1);
		g_assert_cmpuint(rig_times_logged("disconnected"), ==, 1);
		other_lives(&other);
		begin(&rig);
		speak(&rig, 0, G_N_ELEMENTS(lines));
		rig_finish(&rig);
	}
	rig_finish(&other);
}

/* Silent in the middle of a message, and another one comes: refused in time, and told why. */
static void test_second_refused(void)
{
	struct rig rig;
	struct rig_message message = message_of(&lines[2]);

	rig_init(&rig);
	speak(&rig, 0, 2);
	fixture_send_on(rig.vmm, &message, 7, rig.fds, 1);
	int second = rig_connect_to(rig.vmm_path);
	while (!rig_times_logged("is refused: busy with process"))
		g_main_context_iteration(NULL, TRUE);
	rig_settle();
	rig_expect_closed(second);
	close(second);
	g_assert_cmpuint(rig.detached, ==, 0);
	rig_send_rest(rig.vmm, &message, 7);
	expect_line(&rig, &lines[2]);
	speak(&rig, 3, G_N_ELEMENTS(lines));
	rig_finish(&rig);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	rig_add("/cut/relay/killed", test_killed);
	rig_add("/cut/relay/stopped", test_stopped);
	rig_add("/cut/relay/silent", test_silent);
	rig_add("/cut/relay/both-killed", test_both_killed);
	rig_add("/cut/relay/second-refused", test_second_refused);
	return g_test_run();
}
