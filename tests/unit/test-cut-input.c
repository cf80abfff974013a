/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMM on the socket of an input device that is killed, stopped for a while, or silent for ever,
 * at every boundary of its dialogue and in the middle of each message: the other guest gets its
 * keys, all fds come back, and a key that was pressed before is released in the guest that goes on.
 */
#include <string.h>
#include <unistd.h>

#include "device_fixture.h"

enum cut {
	CUT_KILLED, /* the VMM's socket is closed; its guest's driver goes on by another one */
	CUT_STOPPED, /* SIGSTOP, and SIGCONT when others have lived on */
	CUT_SILENT, /* until the daemon ends */
};

/* What QEMU says when its guest's driver begins; when the machine is paused, a key being pressed;
 * and when it goes on. */
enum part { PART_BEGIN, PART_PAUSE, PART_RESUME, PARTS };

static size_t pause_script(struct vmm_message *messages)
{
	size_t count = 0;

	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		messages[count++] = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(i, 0));
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		messages[count++] = VMM_MESSAGE(VHOST_USER_GET_VRING_BASE, VMM_STATE(i, 0));
	return count;
}

static size_t script(struct device_fixture *fixture, enum part part, struct vmm_message *messages)
{
	return part == PART_PAUSE ? pause_script(messages) : vmm_script(&fixture->vmm, messages);
}

/* How many messages a part has, and the size of each, bytes. */
static size_t measure(enum part part, size_t *sizes)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count;

	fixture->vmm.shared = part == PART_RESUME;
	count = script(fixture, part, messages);
	for (size_t i = 0; i < count; i++)
		sizes[i] = sizeof(struct vhost_user_header) + messages[i].size;
	return count;
}

/* The reply that belongs to it, and no other. */
static void expect_reply(struct device_fixture *fixture, const struct vmm_message *message)
{
	struct vmm_message reply;

	fixture_settle();
	if (vmm_expects_reply(message)) {
		g_assert_true(vmm_receive(&fixture->vmm, &reply));
		g_assert_cmpuint(reply.request, ==, message->request);
		if (message->flags & VHOST_USER_NEED_REPLY)
			g_assert_cmpuint(reply.words[0], ==, 0);
	}
	g_assert_false(vmm_receive(&fixture->vmm, &reply));
	fixture->vmm.shared |= message->request == VHOST_USER_ADD_MEM_REG;
}

static void speak(struct device_fixture *fixture, const struct vmm_message *messages, size_t first,
	size_t end)
{
	for (size_t i = first; i < end; i++) {
		vmm_send(&fixture->vmm, &messages[i]);
		expect_reply(fixture, &messages[i]);
	}
}

static void send_part(struct device_fixture *fixture, const struct vmm_message *message,
	size_t begin, size_t end)
{
	g_autoptr(GByteArray) bytes = vmm_bytes(message);

	if (begin < end)
		fixture_send_on(fixture->vmm.fd, bytes->data + begin, end - begin, message->fds,
			begin == 0 ? message->fd_count : 0);
	fixture_settle();
}

static void key(struct device_fixture *fixture, uint16_t code, int32_t value)
{
	DEVICE_SEND(fixture, {EV_KEY, code, value});
}

/* The guest has begun, and the host's user holds a key down. */
static void press(struct device_fixture *fixture)
{
	device_offer_all(fixture);
	key(fixture, KEY_A, 1);
	device_expect(fixture, "KEY_A=1 \n");
}

/* Another guest. */
static void other_lives(struct device_fixture *other)
{
	key(other, KEY_ESC, 1);
	device_expect(other, "KEY_ESC=1 \n");
	key(other, KEY_ESC, 0);
	device_expect(other, "KEY_ESC=0 \n");
	device_expect_heard(other, "");
}

/* Its VMM is gone: told once, and by one line where it had begun a message. */
static void expect_gone(struct device_fixture *fixture, bool inside)
{
	g_autofree char *log = fixture_log_take();

	if (inside) {
		g_assert_nonnull(log);
		g_assert_nonnull(strstr(log, "inside a message"));
		g_assert_null(strchr(log, '\n'));
	} else {
		g_assert_null(log);
	}
	fixture_peers_forget();
	g_assert_true(g_str_equal(fixture->heard->str, "") ||
		g_str_has_suffix(fixture->heard->str, "connected=0 "));
	g_string_truncate(fixture->heard, 0);
}

/* A new VMM, by which the driver goes on where it was; the host's key is no longer held. */
static void expect_served(struct device_fixture *fixture, bool begun)
{
	vmm_connect(&fixture->vmm, fixture->path);
	vmm_start(&fixture->vmm, 0);
	device_expect_heard(fixture, "connected=1 ");
	if (!begun)
		device_offer_all(fixture);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	g_autofree char *seen = device_take_all(fixture);
	g_assert_null(strstr(seen, "KEY_A=1"));
	g_assert_true(!begun || strstr(seen, "KEY_A=0 "));
	key(fixture, KEY_ESC, 1);
	device_expect(fixture, "KEY_ESC=1 \n");
}

/* The VMM goes on in the message that it stopped in, and the guest hears of the release, once. */
static void expect_resumed(struct device_fixture *fixture, enum part part,
	struct vmm_message *messages, size_t count, size_t number, size_t byte)
{
	if (byte) {
		g_autoptr(GByteArray) bytes = vmm_bytes(&messages[number]);
		send_part(fixture, &messages[number], byte, bytes->len);
		expect_reply(fixture, &messages[number]);
		number++;
	}
	speak(fixture, messages, number, count);
	g_autofree char *seen = device_take_all(fixture);
	for (part++; part < PARTS; part++) {
		if (part == PART_PAUSE)
			press(fixture);
		count = script(fixture, part, messages);
		speak(fixture, messages, 0, count);
	}
	/* What was kept goes when the guest offers room. */
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	g_autofree char *rest = device_take_all(fixture);
	g_autofree char *all = g_strconcat(seen, rest, NULL);
	g_string_truncate(fixture->heard, 0);
	if (g_str_equal(all, "")) {
		/* The host's user lets it go only now. */
		key(fixture, KEY_A, 0);
		device_expect(fixture, "KEY_A=0 \n");
	} else {
		g_assert_cmpstr(all, ==, "KEY_A=0 \n");
	}
}

static void cut_at(struct device_fixture *other, enum cut cut, enum part part, size_t number,
	size_t byte)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count;
	bool begun = part != PART_BEGIN;

	vmm_connect(&fixture->vmm, fixture->path);
	for (enum part before = PART_BEGIN; before < part; before++) {
		count = script(fixture, before, messages);
		speak(fixture, messages, 0, count);
		if (before == PART_BEGIN)
			press(fixture);
	}
	count = script(fixture, part, messages);
	speak(fixture, messages, 0, number);
	if (byte)
		send_part(fixture, &messages[number], 0, byte);
	if (cut == CUT_KILLED)
		vmm_hang_up(&fixture->vmm);
	fixture_settle();
	other_lives(other);
	/* The user does not know of it. */
	if (begun)
		key(fixture, KEY_A, 0);
	other_lives(other);

	switch (cut) {
	case CUT_KILLED:
		expect_gone(fixture, byte > 0);
		expect_served(fixture, begun);
		break;
	case CUT_STOPPED:
		expect_resumed(fixture, part, messages, count, number, byte);
		break;
	case CUT_SILENT:
		for (int i = 0; i < 200; i++)
			key(fixture, KEY_ESC, i % 2);
		other_lives(other);
		break;
	}
	fixture_peers_forget();
}

static void test_cut(gconstpointer data)
{
	enum cut cut = (enum cut)GPOINTER_TO_UINT(data);
	g_autoptr(device_fixture) other = device_fixture_new_begun();

	device_offer_all(other);
	for (enum part part = PART_BEGIN; part < PARTS; part++) {
		size_t sizes[VMM_SCRIPT_MAX];
		size_t count = measure(part, sizes);

		for (size_t i = 0; i < count; i++) {
			cut_at(other, cut, part, i, 0);
			cut_at(other, cut, part, i, 1);
			cut_at(other, cut, part, i, sizeof(struct vhost_user_header) - 1);
			if (sizes[i] == sizeof(struct vhost_user_header))
				continue;
			cut_at(other, cut, part, i, sizeof(struct vhost_user_header));
			cut_at(other, cut, part, i, sizes[i] - 1);
		}
	}
	fixture_peers_forget();
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_data_func("/cut/input/killed", GUINT_TO_POINTER(CUT_KILLED), test_cut);
	g_test_add_data_func("/cut/input/stopped", GUINT_TO_POINTER(CUT_STOPPED), test_cut);
	g_test_add_data_func("/cut/input/silent", GUINT_TO_POINTER(CUT_SILENT), test_cut);
	return g_test_run();
}
