/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The back-end's half of vhost-user, with a VMM that does as QEMU does, in any pieces. */
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "backend_fixture.h"
#include "vhost/vhost_internal.h"

#define BUFFER_OFFSET 0x10000u

/* ---- as QEMU does ---- */

static void test_start(void)
{
	static const uint64_t answers[] = {
		/* VERSION_1, EVENT_IDX, PROTOCOL_FEATURES; PACKED and INDIRECT_DESC are not. */
		0x160000000,
		0xa228,
		VMM_QUEUES,
		MEMORY_REGIONS_MAX,
		0,
		0,
	};
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count = vmm_script(&fixture->vmm, messages);
	size_t answered = 0;

	g_assert_false(vhost_runs(fixture->vhost, 0));
	for (size_t i = 0; i < count; i++) {
		struct vmm_message reply;

		g_test_message("request %u", messages[i].request);
		backend_tell(fixture, messages[i]);
		g_assert_true(
			vmm_receive(&fixture->vmm, &reply) == vmm_expects_reply(&messages[i]));
		if (!vmm_expects_reply(&messages[i]))
			continue;
		g_assert_cmpuint(reply.request, ==, messages[i].request);
		if (messages[i].request == VHOST_USER_GET_CONFIG) {
			const uint8_t *bytes = (const uint8_t *)reply.words + 12;

			g_assert_cmpuint(reply.size, ==, 12 + VMM_CONFIG_SIZE);
			g_assert_cmphex(reply.words[0], ==, VMM_STATE(0, VMM_CONFIG_SIZE));
			for (size_t byte = 0; byte < VMM_CONFIG_SIZE; byte++)
				g_assert_cmphex(bytes[byte], ==, BACKEND_CONFIG_BYTE(byte));
			continue;
		}
		g_assert_cmpuint(reply.size, ==, 8);
		if (answered < G_N_ELEMENTS(answers))
			g_assert_cmphex(reply.words[0], ==, answers[answered++]);
		else
			g_assert_cmpuint(reply.words[0], ==, 0);
	}
	g_assert_cmpuint(answered, ==, G_N_ELEMENTS(answers));
	backend_expect_events(fixture, BACKEND_START_EVENTS);
	g_assert_true(vhost_runs(fixture->vhost, 0));
	g_assert_true(vhost_runs(fixture->vhost, 1));
}

/* Message `which` of the script in two pieces, fds with the first one. */
static void start_split(struct backend_fixture *fixture, size_t which, size_t at)
{
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count = vmm_script(&fixture->vmm, messages);
	const struct vmm_message *message = &messages[which];
	g_autoptr(GByteArray) bytes = vmm_bytes(message);
	struct vmm_message reply;
	size_t replies = 0;

	for (size_t i = 0; i < which; i++)
		vmm_send(&fixture->vmm, &messages[i]);
	fixture_settle();
	for (size_t i = 0; i < which; i++)
		replies += vmm_expects_reply(&messages[i]);
	while (replies > 0 && vmm_receive(&fixture->vmm, &reply))
		replies--;
	g_assert_cmpuint(replies, ==, 0);
	fixture_send_on(fixture->vmm.fd, bytes->data, at, message->fds, message->fd_count);
	fixture_settle();
	g_assert_false(vmm_receive(&fixture->vmm, &reply));
	fixture_send_on(fixture->vmm.fd, bytes->data + at, bytes->len - at, NULL, 0);
	for (size_t i = which + 1; i < count; i++)
		vmm_send(&fixture->vmm, &messages[i]);
	fixture_settle();
	for (size_t i = which; i < count; i++) {
		if (!vmm_expects_reply(&messages[i]))
			continue;
		g_assert_true(vmm_receive(&fixture->vmm, &reply));
		g_assert_cmpuint(reply.request, ==, messages[i].request);
	}
	backend_expect_events(fixture, BACKEND_START_EVENTS);
}

static void test_split(void)
{
	size_t count = 1;

	for (size_t which = 0; which < count; which++) {
		size_t size = 2;

		for (size_t at = 1; at < size; at++) {
			g_autoptr(backend_fixture) fixture = backend_fixture_new();
			struct vmm_message messages[VMM_SCRIPT_MAX];

			count = vmm_script(&fixture->vmm, messages);
			size = sizeof(struct vhost_user_header) + messages[which].size;
			start_split(fixture, which, at);
		}
	}
}

/* Each with its neighbour in one piece: the second one without fds, as no sender does otherwise. */
static void test_coalesced(void)
{
	size_t count = 2;

	for (size_t which = 0; which + 1 < count; which++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new();
		struct vmm_message messages[VMM_SCRIPT_MAX];

		count = vmm_script(&fixture->vmm, messages);
		for (size_t i = 0; i < count; i++) {
			g_autoptr(GByteArray) bytes = vmm_bytes(&messages[i]);
			const struct vmm_message *first = &messages[i];

			if (i == which && messages[i + 1].fd_count == 0) {
				g_autoptr(GByteArray) next = vmm_bytes(&messages[++i]);

				g_byte_array_append(bytes, next->data, next->len);
			}
			fixture_send_on(fixture->vmm.fd, bytes->data, bytes->len, first->fds,
				first->fd_count);
		}
		fixture_settle();
		backend_expect_events(fixture, BACKEND_START_EVENTS);
	}
}

/* A VMM that asks and asks, and reads when nothing goes any more. */
static void test_unread_replies(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	const struct vmm_message message = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	g_autoptr(GByteArray) bytes = vmm_bytes(&message);
	size_t asked = 0, answered = 0;

	while (send(fixture->vmm.fd, bytes->data, bytes->len, MSG_DONTWAIT) ==
		(ssize_t)bytes->len) {
		asked++;
		fixture_settle();
	}
	g_assert_cmpuint(asked, >, 100);
	for (;;) {
		struct vmm_message reply;

		fixture_settle();
		if (!vmm_receive(&fixture->vmm, &reply))
			break;
		g_assert_cmpuint(reply.size, ==, 12 + VMM_CONFIG_SIZE);
		answered++;
	}
	g_assert_cmpuint(answered, ==, asked);
	g_assert_nonnull(fixture->vhost);
}

/* ---- rings ---- */

static void test_kick_and_call(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct driver *driver = &fixture->vmm.drivers[1];
	struct vring_used_elem element;
	struct ring_chain chain;

	driver_set_used_event(driver, 1);
	for (uint16_t i = 0; i < 3; i++)
		driver_offer_buffer(driver, i, BUFFER_OFFSET + i * 8u, 8, true);
	vmm_was_called(&fixture->vmm, 1);
	vmm_kick(&fixture->vmm, 1);
	backend_expect_events(fixture, "kicked 1\n");
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	for (uint16_t i = 0; i < 3; i++) {
		g_assert_true(vhost_look(fixture->vhost, 1, true, &chain));
		vhost_use(fixture->vhost, 1, &chain, i);
		vhost_call(fixture->vhost, 1);
		/* The first one after a start, and the one that the driver has named. */
		g_assert_true(vmm_was_called(&fixture->vmm, 1) == (i < 2));
		g_assert_true(driver_take_used(driver, &element));
		g_assert_cmpuint(element.id, ==, i);
		g_assert_cmpuint(element.len, ==, i);
	}
	g_assert_false(vhost_look(fixture->vhost, 1, true, &chain));
	g_assert_false(vmm_was_called(&fixture->vmm, 0));
	vhost_kick_again(fixture->vhost, 1);
	backend_expect_events(fixture, "");
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\n");
}

static void restart(struct backend_fixture *fixture, unsigned int queue, uint16_t base)
{
	backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_BASE, VMM_STATE(queue, base)));
	backend_tell(fixture,
		vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, queue, fixture->vmm.kicks[queue]));
	backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(queue, 1)));
}

/* Where it stopped it goes on. */
static void test_stop_and_restart(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct ring_chain chain;
	uint16_t bases[VMM_QUEUES];

	for (uint16_t i = 0; i < 3; i++)
		driver_offer_buffer(&fixture->vmm.drivers[0], i, BUFFER_OFFSET, 8, true);
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	vhost_use(fixture->vhost, 0, &chain, 8);
	vmm_stop(&fixture->vmm, bases);
	backend_expect_events(fixture, "stopped 0\nstopped 1\n");
	g_assert_cmpuint(bases[0], ==, 1);
	g_assert_cmpuint(bases[1], ==, 0);
	g_assert_false(vhost_runs(fixture->vhost, 0));
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	/* Its fds are gone, and a kick that lies in them is not heard. */
	vmm_kick(&fixture->vmm, 0);
	backend_expect_events(fixture, "");

	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		restart(fixture, i, bases[i]);
	/* Who hears of a start looks by himself: a kick of before says nothing new. */
	backend_expect_events(fixture, "started 0\nstarted 1\n");
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	g_assert_cmpuint(chain.head, ==, 1);
}

/* RESET_DEVICE, RESET_OWNER: no ring, no features; the memory stays. */
static void test_reset(void)
{
	static const uint32_t requests[] = {VHOST_USER_RESET_DEVICE, VHOST_USER_RESET_OWNER};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
		struct vmm *vmm = &fixture->vmm;

		backend_tell(fixture, vmm_message(requests[i], 0, NULL));
		backend_expect_events(fixture, "stopped 0\nstopped 1\n");
		/* Nothing is left of the ring: neither enabled nor with a size. */
		backend_tell(fixture,
			vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
		g_assert_false(vhost_runs(fixture->vhost, 0));
		backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_NUM, VMM_STATE(0, 4)));
		backend_tell(fixture,
			VMM_MESSAGE(VHOST_USER_SET_VRING_ADDR, 0, GUEST_USER, GUEST_USER,
				GUEST_USER, 0));
		backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
		backend_expect_events(fixture, "started 0\n");
	}
}

/* Without PROTOCOL_FEATURES rings are enabled from the start; with it they begin when both kick and
 * enable are there, whichever comes last. */
static void test_enable(void)
{
	for (int order = 0; order < 3; order++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new();
		struct vmm *vmm = &fixture->vmm;
		const struct vmm_message enable = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE,
			VMM_STATE(0, 1));
		const struct vmm_message kick = vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0,
			vmm->kicks[0]);

		if (order == 0)
			vmm->features &= ~(UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES);
		vmm_start(vmm, VHOST_USER_SET_VRING_KICK);
		backend_expect_events(fixture, "set 136 at 0 to 00\nget 136 at 0\n");
		if (order > 0) {
			backend_tell(fixture, order == 1 ? enable : kick);
			backend_expect_events(fixture, "");
		}
		backend_tell(fixture, order == 2 ? enable : kick);
		backend_expect_events(fixture, "started 0\n");
		backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 0)));
		backend_expect_events(fixture, "stopped 0\n");
		backend_tell(fixture, enable);
		backend_expect_events(fixture, "started 0\n");
	}
}

/* A VMM that makes its eventfds block, the call full. */
static void test_blocking_fds(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	struct ring_chain chain;

	vmm_was_called(vmm, 0);
	g_assert_cmpint(eventfd_write(vmm->calls[0], UINT64_MAX - 1), ==, 0);
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		g_assert_cmpint(fcntl(vmm->calls[i], F_SETFL, O_RDWR), ==, 0);
		g_assert_cmpint(fcntl(vmm->kicks[i], F_SETFL, O_RDWR), ==, 0);
	}
	driver_offer_buffer(&vmm->drivers[0], 0, 0x10000, 8, true);
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	vhost_use(fixture->vhost, 0, &chain, 8);
	vhost_call(fixture->vhost, 0);
	/* The others are woken by theirs. */
	g_assert_cmpint(eventfd_write(vmm->kicks[0], 1), ==, 0);
	g_assert_cmpint(eventfd_write(vmm->kicks[1], 1), ==, 0);
	fixture_settle();
	backend_expect_events(fixture, "kicked 0\nkicked 1\n");
	vhost_kick_again(fixture->vhost, 1);
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\n");
	backend_expect_alive(fixture);
}

/* While a ring rests its guest may kick as it likes; and it may be stopped, and begin again. */
static void test_rest(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	gint64 begin_us = g_get_monotonic_time();
	uint16_t bases[VMM_QUEUES];

	vhost_rest(fixture->vhost, 1);
	vhost_rest(fixture->vhost, 1);
	vmm_kick(vmm, 1);
	while (fixture->events->len == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(g_get_monotonic_time() - begin_us, >=, VHOST_REST_MS * 1000);
	/* What it kicked for meanwhile is looked at then. */
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\nkicked 1\n");
	/* Another kick is not waited for with what is left. */
	vhost_rest(fixture->vhost, 1);
	backend_tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 1, vmm->kicks[1]));
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\n");
	/* Without a main loop it rests no longer. */
	vhost_rest(fixture->vhost, 1);
	g_assert_true(vhost_wait(&fixture->vhost, 1, 1, 0));
	g_assert_false(vhost_wait(&fixture->vhost, 1, 1, 0));
	vhost_rest(fixture->vhost, 1);
	vmm_stop(vmm, bases);
	backend_expect_events(fixture, "stopped 0\nstopped 1\n");
	g_assert_false(vhost_wait(&fixture->vhost, 1, 1, 0));
	restart(fixture, 1, bases[1]);
	backend_expect_events(fixture, "started 1\n");
	vmm_kick(vmm, 1);
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\n");
	/* It rests at the end. */
	vhost_rest(fixture->vhost, 1);
}

/* A guest's fault is no VMM's: the ring is stopped, until it begins anew. */
static void test_broken_ring(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	struct ring_chain chain;

	driver_set_index(&vmm->drivers[0], 5);
	for (int i = 0; i < 3; i++)
		g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	backend_expect_log("queue 0 stands still: the guest offers 5 buffers in a ring of 4");
	g_assert_false(vhost_runs(fixture->vhost, 0));
	g_assert_true(vhost_runs(fixture->vhost, 1));
	vhost_call(fixture->vhost, 0);
	/* Who looks is in the middle of his work, and hears of it in the next turn. */
	backend_expect_events(fixture, "");
	fixture_settle();
	backend_expect_events(fixture, "stopped 0\n");
	vmm_kick(vmm, 0);
	backend_expect_events(fixture, "");
	backend_expect_alive(fixture);
	g_assert_cmphex(
		backend_ask(fixture, VMM_MESSAGE(VHOST_USER_GET_VRING_BASE, VMM_STATE(0, 0))), ==,
		0);
	driver_set_index(&vmm->drivers[0], 0);
	backend_tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
	backend_expect_events(fixture, "started 0\n");
	g_assert_true(vhost_runs(fixture->vhost, 0));
}

/* ---- memory ---- */

/* Between two regions of the guest's own. */
static void test_memory_table(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new();
	struct vmm *vmm = &fixture->vmm;
	struct vmm_message table = VMM_MESSAGE(VHOST_USER_SET_MEM_TABLE, 2, 0, 0x1000, 0x1000, 0,
		GUEST_ADDRESS, GUEST_SIZE, GUEST_USER, GUEST_OFFSET);
	struct ring_chain chain;

	vmm_start(vmm, VHOST_USER_ADD_MEM_REG);
	table.fd_count = 2;
	table.fds[0] = table.fds[1] = vmm->guest.fd;
	table.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpuint(backend_ask(fixture, table), ==, 0);
	/* Of a table that cannot be nothing is taken, and the old one stays. */
	table.words[8] = 0;
	table.words[1] = GUEST_ADDRESS;
	g_assert_cmpuint(backend_ask(fixture, table), ==, 1);
	backend_expect_log("memory region of ");
	table.words[1] = 0;
	table.words[8] = GUEST_OFFSET;

	backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_NUM, VMM_STATE(0, 4)));
	backend_tell(fixture,
		VMM_MESSAGE(VHOST_USER_SET_VRING_ADDR, 0, GUEST_USER + vmm->drivers[0].descriptors,
			GUEST_USER + vmm->drivers[0].used, GUEST_USER + vmm->drivers[0].available,
			0));
	backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
	backend_tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
	g_assert_true(vhost_runs(fixture->vhost, 0));
	driver_offer_buffer(&vmm->drivers[0], 0, BUFFER_OFFSET, 8, true);
	/* A new table while the ring runs, as memory is plugged; one that is longer than its
	 * count. */
	table.size += 16;
	g_assert_cmpuint(backend_ask(fixture, table), ==, 0);
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	/* And away: nothing is there to take, and nobody is to blame. */
	g_string_truncate(fixture->events, 0);
	table.words[0] = 0;
	table.fd_count = 0;
	table.size = 8;
	g_assert_cmpuint(backend_ask(fixture, table), ==, 0);
	fixture_settle();
	backend_expect_events(fixture, "kicked 0\n");
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	g_assert_true(vhost_runs(fixture->vhost, 0));
}

/* As QEMU changes its memory: what was there goes, and comes again. */
static void test_changed_memory(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	struct vmm_message add = vmm_add_memory(vmm);
	struct ring_chain chain;

	add.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpuint(backend_ask(fixture, vmm_remove_memory()), ==, 0);
	driver_offer_buffer(&vmm->drivers[0], 0, BUFFER_OFFSET, 8, true);
	vmm_kick(vmm, 0);
	backend_expect_events(fixture, "kicked 0\n");
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	/* Both are looked at again, and nobody has to kick. */
	g_assert_cmpuint(backend_ask(fixture, add), ==, 0);
	fixture_settle();
	backend_expect_events(fixture, "kicked 0\nkicked 1\n");
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
}

/* Files that become shorter: found out by a kick, by a message, or by the device. */
static void test_shrunk_memory(void)
{
	for (int finder = 0; finder < 4; finder++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
		struct vmm *vmm = &fixture->vmm;
		struct ring_chain chain = {0};

		g_test_message("finder %d", finder);
		for (uint16_t i = 0; i < 4; i++)
			driver_offer_buffer(&vmm->drivers[0], i, BUFFER_OFFSET, 8, true);
		if (finder == 3)
			g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
		guest_shrink(&vmm->guest);
		if (finder == 0) {
			/* Nobody has touched it. */
			vmm_kick(vmm, 0);
			backend_expect_events(fixture, "kicked 0\n");
			backend_expect_alive(fixture);
		}
		if (finder == 1) {
			backend_tell(fixture,
				VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 0)));
			backend_tell(fixture,
				VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
			backend_expect_events(fixture,
				"stopped 0\nstarted 0\nstopped 0\nstopped 1\nclosed\n");
		} else {
			/* In the middle of the device's work it is not closed. */
			if (finder == 3)
				vhost_use(fixture->vhost, 0, &chain, 8);
			else
				g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
			vhost_call(fixture->vhost, 0);
			g_assert_nonnull(fixture->vhost);
			fixture_settle();
			backend_expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
		}
		backend_expect_log(
			"closing vhost-user: the VMM took memory away that it had shared");
		g_assert_true(vmm_is_closed(vmm));
	}
}

/* Between two messages a VMM may go; in the middle of one it is worth a word. */
static void test_hang_up(void)
{
	static const size_t sizes[] = {0, 1, 11, 12, 19, 20};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
		const struct vmm_message message = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, 0);
		g_autoptr(GByteArray) bytes = vmm_bytes(&message);

		fixture_send_on(fixture->vmm.fd, bytes->data, sizes[i], NULL, 0);
		vmm_hang_up(&fixture->vmm);
		fixture_settle();
		backend_expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
		if (sizes[i] % 20)
			backend_expect_log(
				"closing vhost-user: the VMM went away inside a message");
	}
}

/* Fd after fd in the place of the last: only that one stays. */
static void test_fds_replaced(void)
{
	static const uint32_t requests[] = {VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL,
		VHOST_USER_SET_VRING_ERR};
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	size_t before = fixture_count_fds();
	struct vmm_message backend = vmm_message(VHOST_USER_SET_BACKEND_REQ_FD, 0, NULL);

	backend.fd_count = 1;
	backend.fds[0] = vmm->guest.fd;
	for (int i = 0; i < 20; i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(requests); j++)
			backend_tell(fixture,
				vmm_message_with_fd(requests[j], 0,
					j == 0 ? vmm->kicks[0] : vmm->calls[0]));
		backend_tell(fixture, backend);
	}
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	backend_expect_events(fixture, "");
	/* A call that is new is called at once: what was used before may have gone to the old. */
	vmm_was_called(vmm, 0);
	backend_tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_CALL, 1, vmm->calls[0]));
	g_assert_true(vmm_was_called(vmm, 0));
}

/* What the old one was kicked for, and was not looked at so far, is the new one's. */
static void test_kick_replaced(void)
{
	g_autoptr(backend_fixture) fixture = backend_fixture_new_started();
	struct vhost_queue *queue = &fixture->vhost->queues[1];

	g_assert_cmpint(eventfd_write(fixture->vmm.kicks[1], 1), ==, 0);
	/* As a message brings it, before the main loop has come to the kick. */
	vhost_queue_set_kick(queue, eventfd(0, EFD_CLOEXEC), 0);
	fixture_settle();
	backend_expect_events(fixture, "kicked 1\n");
	vhost_queue_set_kick(queue, eventfd(0, EFD_CLOEXEC), 0);
	fixture_settle();
	backend_expect_events(fixture, "");
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/vhost/vhost/start", test_start);
	g_test_add_func("/vhost/vhost/split", test_split);
	g_test_add_func("/vhost/vhost/coalesced", test_coalesced);
	g_test_add_func("/vhost/vhost/unread-replies", test_unread_replies);
	g_test_add_func("/vhost/vhost/kick-and-call", test_kick_and_call);
	g_test_add_func("/vhost/vhost/stop-and-restart", test_stop_and_restart);
	g_test_add_func("/vhost/vhost/reset", test_reset);
	g_test_add_func("/vhost/vhost/enable", test_enable);
	g_test_add_func("/vhost/vhost/blocking-fds", test_blocking_fds);
	g_test_add_func("/vhost/vhost/rest", test_rest);
	g_test_add_func("/vhost/vhost/broken-ring", test_broken_ring);
	g_test_add_func("/vhost/vhost/memory-table", test_memory_table);
	g_test_add_func("/vhost/vhost/changed-memory", test_changed_memory);
	g_test_add_func("/vhost/vhost/shrunk-memory", test_shrunk_memory);
	g_test_add_func("/vhost/vhost/hang-up", test_hang_up);
	g_test_add_func("/vhost/vhost/fds-replaced", test_fds_replaced);
	g_test_add_func("/vhost/vhost/kick-replaced", test_kick_replaced);
	return g_test_run();
}
