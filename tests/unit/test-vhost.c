/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back-end's half of vhost-user, with a VMM that does as QEMU does, in any pieces, and with all
 * the faults of the table in input/vhost.h: each a named test, once with and once without
 * NEED_REPLY.
 */
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input/vhost.h"
#include "vhost_fixture.h"

#define BUFFER_OFFSET 0x10000u

/* Byte n of the configuration that is given out. */
#define CONFIG_BYTE(n) ((uint8_t)(7 * (n) + 1))

typedef struct fixture {
	struct vmm vmm;
	struct vhost *vhost; /* NULL once closed */
	GString *events;
	size_t fds;
} vhost_fixture;

/* ---- the device ---- */

static void event(struct fixture *fixture, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void event(struct fixture *fixture, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(fixture->events, format, arguments);
	va_end(arguments);
	g_string_append_c(fixture->events, '\n');
}

static bool get_config(void *data, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	event(data, "get %u at %u", size, offset);
	if (offset > VMM_CONFIG_SIZE || size > VMM_CONFIG_SIZE - offset)
		return false;
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = CONFIG_BYTE(offset + i);
	return true;
}

static bool set_config(void *data, uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	event(data, "set %u at %u to %02x", size, offset, size ? bytes[0] : 0);
	return offset + size <= VMM_CONFIG_SIZE;
}

static void started(void *data, unsigned int ring)
{
	event(data, "started %u", ring);
}

static void stopped(void *data, unsigned int ring)
{
	event(data, "stopped %u", ring);
}

static void kicked(void *data, unsigned int ring)
{
	event(data, "kicked %u", ring);
}

/* Destroying it from here is what devices do. */
static void closed(void *data)
{
	struct fixture *fixture = data;

	event(data, "closed");
	vhost_destroy(fixture->vhost);
	fixture->vhost = NULL;
}

static const struct vhost_listener listener = {
	.get_config = get_config,
	.set_config = set_config,
	.started = started,
	.stopped = stopped,
	.kicked = kicked,
	.closed = closed,
};

/* ---- the fixture ---- */

static struct fixture *fixture_new(void)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	g_autoptr(GError) error = NULL;
	int pair[2];

	vmm_open(&fixture->vmm);
	fixture->events = g_string_new(NULL);
	fixture->fds = fixture_count_fds();
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->vmm.fd = pair[1];
	fixture->vhost = vhost_create("kiosk", "keyboard", pair[0], &listener, fixture, &error);
	g_assert_no_error(error);
	return fixture;
}

/* Nothing is left, and nothing was logged that no test has asked for. */
static void fixture_free(struct fixture *fixture)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	vhost_destroy(fixture->vhost);
	vmm_hang_up(&fixture->vmm);
	g_assert_cmpuint(fixture_count_fds(), ==, fixture->fds);
	vmm_close(&fixture->vmm);
	g_string_free(fixture->events, TRUE);
	g_free(fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(vhost_fixture, fixture_free)

static void expect_events(struct fixture *fixture, const char *events)
{
	g_assert_cmpstr(fixture->events->str, ==, events);
	g_string_truncate(fixture->events, 0);
}

/* One line, of this guest and device, that has `text` in it. */
static void expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_nonnull(log);
	g_assert_null(strchr(log, '\n'));
	g_assert_true(g_str_has_prefix(log, "[kiosk] guest kiosk: keyboard: "));
	g_test_message("%s", log);
	g_assert_nonnull(strstr(log, text));
}

#define START_EVENTS "set 136 at 0 to 00\nget 136 at 0\nstarted 0\nstarted 1\n"

static struct fixture *fixture_new_started(void)
{
	struct fixture *fixture = fixture_new();

	vmm_start(&fixture->vmm, 0);
	expect_events(fixture, START_EVENTS);
	return fixture;
}

static void tell(struct fixture *fixture, struct vmm_message message)
{
	vmm_send(&fixture->vmm, &message);
	fixture_settle();
}

static uint64_t ask(struct fixture *fixture, struct vmm_message message)
{
	return vmm_ask(&fixture->vmm, &message);
}

static void expect_alive(struct fixture *fixture)
{
	g_assert_cmpuint(ask(fixture, vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL)), ==,
		VMM_QUEUES);
}

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
	g_autoptr(vhost_fixture) fixture = fixture_new();
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count = vmm_script(&fixture->vmm, messages);
	size_t answered = 0;

	g_assert_false(vhost_runs(fixture->vhost, 0));
	for (size_t i = 0; i < count; i++) {
		struct vmm_message reply;

		g_test_message("request %u", messages[i].request);
		tell(fixture, messages[i]);
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
				g_assert_cmphex(bytes[byte], ==, CONFIG_BYTE(byte));
			continue;
		}
		g_assert_cmpuint(reply.size, ==, 8);
		if (answered < G_N_ELEMENTS(answers))
			g_assert_cmphex(reply.words[0], ==, answers[answered++]);
		else
			g_assert_cmpuint(reply.words[0], ==, 0);
	}
	g_assert_cmpuint(answered, ==, G_N_ELEMENTS(answers));
	expect_events(fixture, START_EVENTS);
	g_assert_true(vhost_runs(fixture->vhost, 0));
	g_assert_true(vhost_runs(fixture->vhost, 1));
}

/* Message `which` of the script in two pieces, fds with the first one. */
static void start_split(struct fixture *fixture, size_t which, size_t at)
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
	expect_events(fixture, START_EVENTS);
}

static void test_split(void)
{
	size_t count = 1;

	for (size_t which = 0; which < count; which++) {
		size_t size = 2;

		for (size_t at = 1; at < size; at++) {
			g_autoptr(vhost_fixture) fixture = fixture_new();
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
		g_autoptr(vhost_fixture) fixture = fixture_new();
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
		expect_events(fixture, START_EVENTS);
	}
}

/* A VMM that asks and asks, and reads when nothing goes any more. */
static void test_unread_replies(void)
{
	g_autoptr(vhost_fixture) fixture = fixture_new();
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
	g_autoptr(vhost_fixture) fixture = fixture_new_started();
	struct driver *driver = &fixture->vmm.drivers[1];
	struct vring_used_elem element;
	struct ring_chain chain;

	driver_set_used_event(driver, 1);
	for (uint16_t i = 0; i < 3; i++)
		driver_offer_buffer(driver, i, BUFFER_OFFSET + i * 8u, 8, true);
	vmm_was_called(&fixture->vmm, 1);
	vmm_kick(&fixture->vmm, 1);
	expect_events(fixture, "kicked 1\n");
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
	expect_events(fixture, "");
	fixture_settle();
	expect_events(fixture, "kicked 1\n");
}

static void restart(struct fixture *fixture, unsigned int queue, uint16_t base)
{
	tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_BASE, VMM_STATE(queue, base)));
	tell(fixture,
		vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, queue, fixture->vmm.kicks[queue]));
	tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(queue, 1)));
}

/* Where it stopped it goes on. */
static void test_stop_and_restart(void)
{
	g_autoptr(vhost_fixture) fixture = fixture_new_started();
	struct ring_chain chain;
	uint16_t bases[VMM_QUEUES];

	for (uint16_t i = 0; i < 3; i++)
		driver_offer_buffer(&fixture->vmm.drivers[0], i, BUFFER_OFFSET, 8, true);
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	vhost_use(fixture->vhost, 0, &chain, 8);
	vmm_stop(&fixture->vmm, bases);
	expect_events(fixture, "stopped 0\nstopped 1\n");
	g_assert_cmpuint(bases[0], ==, 1);
	g_assert_cmpuint(bases[1], ==, 0);
	g_assert_false(vhost_runs(fixture->vhost, 0));
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	/* Its fds are gone, and a kick that lies in them is not heard. */
	vmm_kick(&fixture->vmm, 0);
	expect_events(fixture, "");

	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		restart(fixture, i, bases[i]);
	/* Who hears of a start looks by himself: a kick of before says nothing new. */
	expect_events(fixture, "started 0\nstarted 1\n");
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	g_assert_cmpuint(chain.head, ==, 1);
}

/* RESET_DEVICE, RESET_OWNER: no ring, no features; the memory stays. */
static void test_reset(void)
{
	static const uint32_t requests[] = {VHOST_USER_RESET_DEVICE, VHOST_USER_RESET_OWNER};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		g_autoptr(vhost_fixture) fixture = fixture_new_started();
		struct vmm *vmm = &fixture->vmm;

		tell(fixture, vmm_message(requests[i], 0, NULL));
		expect_events(fixture, "stopped 0\nstopped 1\n");
		/* Nothing is left of the ring: neither enabled nor with a size. */
		tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
		g_assert_false(vhost_runs(fixture->vhost, 0));
		tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_NUM, VMM_STATE(0, 4)));
		tell(fixture,
			VMM_MESSAGE(VHOST_USER_SET_VRING_ADDR, 0, GUEST_USER, GUEST_USER,
				GUEST_USER, 0));
		tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
		expect_events(fixture, "started 0\n");
	}
}

/* Without PROTOCOL_FEATURES rings are enabled from the start; with it they begin when both kick and
 * enable are there, whichever comes last. */
static void test_enable(void)
{
	for (int order = 0; order < 3; order++) {
		g_autoptr(vhost_fixture) fixture = fixture_new();
		struct vmm *vmm = &fixture->vmm;
		const struct vmm_message enable = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE,
			VMM_STATE(0, 1));
		const struct vmm_message kick = vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0,
			vmm->kicks[0]);

		if (order == 0)
			vmm->features &= ~(UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES);
		vmm_start(vmm, VHOST_USER_SET_VRING_KICK);
		expect_events(fixture, "set 136 at 0 to 00\nget 136 at 0\n");
		if (order > 0) {
			tell(fixture, order == 1 ? enable : kick);
			expect_events(fixture, "");
		}
		tell(fixture, order == 2 ? enable : kick);
		expect_events(fixture, "started 0\n");
		tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 0)));
		expect_events(fixture, "stopped 0\n");
		tell(fixture, enable);
		expect_events(fixture, "started 0\n");
	}
}

/* A guest's fault is no VMM's: the ring stands still, until it begins anew. */
static void test_broken_ring(void)
{
	g_autoptr(vhost_fixture) fixture = fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	struct ring_chain chain;

	driver_set_index(&vmm->drivers[0], 5);
	for (int i = 0; i < 3; i++)
		g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	expect_log("queue 0 stands still: the guest offers 5 buffers in a ring of 4");
	g_assert_false(vhost_runs(fixture->vhost, 0));
	g_assert_true(vhost_runs(fixture->vhost, 1));
	vhost_call(fixture->vhost, 0);
	vmm_kick(vmm, 0);
	expect_events(fixture, "kicked 0\n");
	expect_alive(fixture);
	g_assert_cmphex(ask(fixture, VMM_MESSAGE(VHOST_USER_GET_VRING_BASE, VMM_STATE(0, 0))), ==,
		0);
	driver_set_index(&vmm->drivers[0], 0);
	tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
	expect_events(fixture, "stopped 0\nstarted 0\n");
	g_assert_true(vhost_runs(fixture->vhost, 0));
}

/* ---- memory ---- */

/* Between two regions of the guest's own. */
static void test_memory_table(void)
{
	g_autoptr(vhost_fixture) fixture = fixture_new();
	struct vmm *vmm = &fixture->vmm;
	struct vmm_message table = VMM_MESSAGE(VHOST_USER_SET_MEM_TABLE, 2, 0, 0x1000, 0x1000, 0,
		GUEST_ADDRESS, GUEST_SIZE, GUEST_USER, GUEST_OFFSET);
	struct ring_chain chain;

	vmm_start(vmm, VHOST_USER_ADD_MEM_REG);
	table.fd_count = 2;
	table.fds[0] = table.fds[1] = vmm->guest.fd;
	table.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpuint(ask(fixture, table), ==, 0);
	/* Of a table that cannot be nothing is taken, and the old one stays. */
	table.words[8] = 0;
	table.words[1] = GUEST_ADDRESS;
	g_assert_cmpuint(ask(fixture, table), ==, 1);
	expect_log("memory region of ");
	table.words[1] = 0;
	table.words[8] = GUEST_OFFSET;

	tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_NUM, VMM_STATE(0, 4)));
	tell(fixture,
		VMM_MESSAGE(VHOST_USER_SET_VRING_ADDR, 0, GUEST_USER + vmm->drivers[0].descriptors,
			GUEST_USER + vmm->drivers[0].used, GUEST_USER + vmm->drivers[0].available,
			0));
	tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
	tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, 0, vmm->kicks[0]));
	g_assert_true(vhost_runs(fixture->vhost, 0));
	driver_offer_buffer(&vmm->drivers[0], 0, BUFFER_OFFSET, 8, true);
	/* A new table while the ring runs, as memory is plugged; one that is longer than its count. */
	table.size += 16;
	g_assert_cmpuint(ask(fixture, table), ==, 0);
	g_assert_true(vhost_look(fixture->vhost, 0, true, &chain));
	/* And away: the ring is on its own. */
	table.words[0] = 0;
	table.fd_count = 0;
	table.size = 8;
	g_assert_cmpuint(ask(fixture, table), ==, 0);
	g_assert_false(vhost_look(fixture->vhost, 0, true, &chain));
	expect_log("queue 0 stands still: the guest its ring is not in its memory any more");
	g_string_truncate(fixture->events, 0);
}

/* Files that become shorter: found out by a kick, by a message, or by the device. */
static void test_shrunk_memory(void)
{
	for (int finder = 0; finder < 4; finder++) {
		g_autoptr(vhost_fixture) fixture = fixture_new_started();
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
			expect_events(fixture, "kicked 0\n");
			expect_alive(fixture);
		}
		if (finder == 1) {
			tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 0)));
			tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
			expect_events(fixture,
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
			expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
		}
		expect_log("closing vhost-user: the VMM took memory away that it had shared");
		g_assert_true(vmm_is_closed(vmm));
	}
}

/* ---- faults ---- */

enum state {
	FRESH, /* connected */
	READY, /* all was said but the kicks; queue 0 is enabled */
	RUNNING,
};

enum outcome {
	CLOSED,
	REFUSED, /* answered with 1, or closed */
	UNKNOWN, /* answered with 1, or ignored; no word */
	ANSWERED, /* as the request's reply goes; `reply` bytes of it */
	OBEYED, /* no fault after all */
};

struct request {
	uint32_t number;
	uint32_t size; /* of the payload, bytes */
	uint64_t words[6];
};

static const struct fault {
	const char *name;
	enum state state;
	struct request request;
	/* A letter an fd: e an eventfd, m the guest's memory, f a file of one page, p a pipe, z
	 * /dev/zero. */
	const char *fds;
	enum outcome outcome;
	const char *log;
	uint32_t flags; /* beside version and NEED_REPLY; changed by exclusive or */
	uint32_t said_size; /* in the header, where it is not the real one */
	struct request before; /* obeyed */
	uint32_t reply;
} faults[] = {
	{"version-0", FRESH, {VHOST_USER_GET_FEATURES}, "", CLOSED, "version 0, not 1", 1},
	{"version-2", FRESH, {VHOST_USER_GET_FEATURES}, "", CLOSED, "version 2, not 1", 3},
	{"version-3", READY, {VHOST_USER_SET_OWNER}, "", CLOSED, "version 3, not 1", 2},
	{"huge", FRESH, {VHOST_USER_SET_MEM_TABLE}, "", CLOSED, "of 4097 bytes, more than 4096",
		.said_size = 4097},
	{"huge-unknown", FRESH, {99}, "", CLOSED, "of 4294967295 bytes, more than 4096",
		.said_size = UINT32_MAX},

	{"get-features/long", FRESH, {VHOST_USER_GET_FEATURES, 8}, "", CLOSED,
		"request 1 of 8 bytes"},
	{"set-features/short", FRESH, {VHOST_USER_SET_FEATURES, 4}, "", CLOSED,
		"request 2 of 4 bytes"},
	{"set-features/long", FRESH, {VHOST_USER_SET_FEATURES, 9}, "", CLOSED,
		"request 2 of 9 bytes"},
	{"set-owner/long", FRESH, {VHOST_USER_SET_OWNER, 1}, "", CLOSED, "request 3 of 1 bytes"},
	{"reset-owner/long", FRESH, {VHOST_USER_RESET_OWNER, 8}, "", CLOSED,
		"request 4 of 8 bytes"},
	{"set-mem-table/short", FRESH, {VHOST_USER_SET_MEM_TABLE, 7}, "", CLOSED,
		"request 5 of 7 bytes"},
	{"set-vring-num/short", FRESH, {VHOST_USER_SET_VRING_NUM, 4}, "", CLOSED,
		"request 8 of 4 bytes"},
	{"set-vring-addr/short", FRESH, {VHOST_USER_SET_VRING_ADDR, 39}, "", CLOSED,
		"request 9 of 39 bytes"},
	{"set-vring-addr/long", FRESH, {VHOST_USER_SET_VRING_ADDR, 48}, "", CLOSED,
		"request 9 of 48 bytes"},
	{"set-vring-base/empty", FRESH, {VHOST_USER_SET_VRING_BASE}, "", CLOSED,
		"request 10 of 0 bytes"},
	{"get-vring-base/short", FRESH, {VHOST_USER_GET_VRING_BASE, 4}, "", CLOSED,
		"request 11 of 4 bytes"},
	{"set-vring-kick/short", FRESH, {VHOST_USER_SET_VRING_KICK, 4}, "e", CLOSED,
		"request 12 of 4 bytes"},
	{"set-vring-enable/long", FRESH, {VHOST_USER_SET_VRING_ENABLE, 16}, "", CLOSED,
		"request 18 of 16 bytes"},
	{"set-backend-req-fd/long", FRESH, {VHOST_USER_SET_BACKEND_REQ_FD, 8}, "e", CLOSED,
		"request 21 of 8 bytes"},
	{"get-config/short", FRESH, {VHOST_USER_GET_CONFIG, 11}, "", CLOSED,
		"request 24 of 11 bytes"},
	{"set-config/short", FRESH, {VHOST_USER_SET_CONFIG, 0}, "", CLOSED,
		"request 25 of 0 bytes"},
	{"reset-device/long", FRESH, {VHOST_USER_RESET_DEVICE, 8}, "", CLOSED,
		"request 34 of 8 bytes"},
	{"add-mem-reg/short", FRESH, {VHOST_USER_ADD_MEM_REG, 32}, "m", CLOSED,
		"request 37 of 32 bytes"},
	{"rem-mem-reg/short", FRESH, {VHOST_USER_REM_MEM_REG, 32}, "", CLOSED,
		"request 38 of 32 bytes"},

	{"get-features/fd", FRESH, {VHOST_USER_GET_FEATURES}, "e", CLOSED, "request 1 with 1 fds"},
	{"set-vring-num/fd", FRESH, {VHOST_USER_SET_VRING_NUM, 8}, "e", CLOSED,
		"request 8 with 1 fds"},
	{"set-vring-kick/fds", FRESH, {VHOST_USER_SET_VRING_KICK, 8}, "ee", CLOSED,
		"request 12 with 2 fds"},
	{"set-backend-req-fd/no-fd", FRESH, {VHOST_USER_SET_BACKEND_REQ_FD}, "", CLOSED,
		"request 21 with 0 fds"},
	{"get-config/fd", FRESH, {VHOST_USER_GET_CONFIG, 12}, "e", CLOSED, "request 24 with 1 fds"},
	{"add-mem-reg/no-fd", FRESH, {VHOST_USER_ADD_MEM_REG, 40}, "", CLOSED,
		"request 37 with 0 fds"},
	{"add-mem-reg/fds", FRESH, {VHOST_USER_ADD_MEM_REG, 40}, "mm", CLOSED,
		"request 37 with 2 fds"},
	{"nine-fds", FRESH, {VHOST_USER_SET_MEM_TABLE, 8}, "mmmmmmmmm", CLOSED,
		"message 5 with more than 8 fds"},
	{"unknown/nine-fds", FRESH, {99}, "mmmmmmmmm", CLOSED, "message 99 with more than 8 fds"},

	{"set-features/packed", FRESH, {VHOST_USER_SET_FEATURES, 8, {UINT64_C(1) << 34}}, "",
		REFUSED, "features that were not offered: 0x400000000"},
	/* A guest of before virtio 1 has no driver for it, but may be. */
	{"set-features/none", FRESH, {VHOST_USER_SET_FEATURES, 8}, "", OBEYED, NULL},
	{"set-protocol-features", FRESH, {VHOST_USER_SET_PROTOCOL_FEATURES, 8, {1}}, "", REFUSED,
		"protocol features that were not offered"},
	{"set-protocol-features/none", FRESH, {VHOST_USER_SET_PROTOCOL_FEATURES, 8}, "", OBEYED,
		NULL},

	{"set-mem-table/no-fd", FRESH, {VHOST_USER_SET_MEM_TABLE, 40, {1, 0, 0x1000, 0, 0}}, "",
		REFUSED, "gives 1 memory regions with 0 fds; its memory must be shared"},
	{"set-mem-table/count", FRESH, {VHOST_USER_SET_MEM_TABLE, 8, {1}}, "m", REFUSED,
		"gives 1 memory regions with 1 fds"},
	{"set-mem-table/huge-count", FRESH, {VHOST_USER_SET_MEM_TABLE, 8, {UINT32_MAX}}, "",
		REFUSED, "gives 4294967295 memory regions with 0 fds"},
	{"set-mem-table/no-memory", FRESH, {VHOST_USER_SET_MEM_TABLE, 40, {1, 0, 0x1000, 0, 0}},
		"e", REFUSED, "its file is shorter"},
	{"set-mem-table/none", READY, {VHOST_USER_SET_MEM_TABLE, 8}, "", OBEYED, NULL},
	{"add-mem-reg/short-file", READY, {VHOST_USER_ADD_MEM_REG, 40, {0, 0, 0x1001, 0, 0}}, "f",
		REFUSED, "4097 bytes at 0x0: its file is shorter"},
	{"add-mem-reg/offset", READY, {VHOST_USER_ADD_MEM_REG, 40, {0, 0, 0x1000, 0, 0x1000}}, "f",
		REFUSED, "its file is shorter"},
	{"add-mem-reg/overlap", READY,
		{VHOST_USER_ADD_MEM_REG, 40, {0, GUEST_ADDRESS + 1, 0x1000, 0, 0}}, "f", REFUSED,
		"it overlaps another one"},
	{"add-mem-reg/empty", READY, {VHOST_USER_ADD_MEM_REG, 40}, "f", REFUSED, "nothing in it"},
	{"rem-mem-reg/other", READY,
		{VHOST_USER_REM_MEM_REG, 40, {0, GUEST_ADDRESS, 0x1000, GUEST_USER}}, "", REFUSED,
		"takes a memory region away that is not there"},
	{"rem-mem-reg/fd", READY,
		{VHOST_USER_REM_MEM_REG, 40, {0, GUEST_ADDRESS, GUEST_SIZE, GUEST_USER}}, "m",
		OBEYED, NULL},

	{"set-vring-num/queue-2", READY, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(2, 4)}}, "",
		REFUSED, "request 8 is for queue 2, of 2"},
	{"set-vring-num/queue-255", READY, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(255, 4)}}, "",
		REFUSED, "request 8 is for queue 255, of 2"},
	{"set-vring-addr/queue-2", READY, {VHOST_USER_SET_VRING_ADDR, 40, {2}}, "", REFUSED,
		"request 9 is for queue 2, of 2"},
	{"set-vring-base/queue-huge", READY,
		{VHOST_USER_SET_VRING_BASE, 8, {VMM_STATE(UINT32_MAX, 0)}}, "", REFUSED,
		"request 10 is for queue 4294967295, of 2"},
	{"set-vring-kick/queue-2", READY, {VHOST_USER_SET_VRING_KICK, 8, {2}}, "e", REFUSED,
		"request 12 is for queue 2, of 2"},
	{"set-vring-kick/queue-255", READY, {VHOST_USER_SET_VRING_KICK, 8, {255}}, "e", REFUSED,
		"request 12 is for queue 255, of 2"},
	{"set-vring-call/queue-2", READY, {VHOST_USER_SET_VRING_CALL, 8, {2}}, "e", REFUSED,
		"request 13 is for queue 2, of 2"},
	{"set-vring-err/queue-255", READY, {VHOST_USER_SET_VRING_ERR, 8, {0x1ff}}, "", REFUSED,
		"request 14 is for queue 255, of 2"},
	{"set-vring-enable/queue-2", READY, {VHOST_USER_SET_VRING_ENABLE, 8, {VMM_STATE(2, 1)}}, "",
		REFUSED, "request 18 is for queue 2, of 2"},
	{"get-vring-base/queue-2", READY, {VHOST_USER_GET_VRING_BASE, 8, {VMM_STATE(2, 7)}}, "",
		ANSWERED, "request 11 is for queue 2, of 2", .reply = 8},

	{"set-vring-num/0", READY, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(0, 0)}}, "", REFUSED,
		"queue 0 cannot have 0 entries"},
	{"set-vring-num/32769", READY, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(0, 32769)}}, "",
		REFUSED, "queue 0 cannot have 32769 entries"},
	{"set-vring-num/65540", READY, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(0, 65540)}}, "",
		REFUSED, "queue 0 cannot have 65540 entries"},
	{"set-vring-num/running", RUNNING, {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(0, 4)}}, "",
		REFUSED, "queue 0 cannot have 4 entries while it runs"},
	{"set-vring-base/65536", READY, {VHOST_USER_SET_VRING_BASE, 8, {VMM_STATE(0, 65536)}}, "",
		REFUSED, "queue 0 cannot go on at 65536"},
	{"set-vring-base/running", RUNNING, {VHOST_USER_SET_VRING_BASE, 8, {VMM_STATE(1, 0)}}, "",
		REFUSED, "queue 1 cannot go on at 0 while it runs"},
	{"set-vring-addr/running", RUNNING, {VHOST_USER_SET_VRING_ADDR, 40}, "", REFUSED,
		"queue 0 cannot be moved while it runs"},
	{"start/size-3", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", REFUSED,
		"queue 0: a ring's size is no power of two",
		.before = {VHOST_USER_SET_VRING_NUM, 8, {VMM_STATE(0, 3)}}},
	{"start/not-in-memory", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", REFUSED,
		"queue 0: a ring is not in the guest's memory",
		.before = {VHOST_USER_SET_VRING_ADDR, 40, {0, 0x1000, 0x2000, 0x3000}}},
	{"start/guest-address", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", REFUSED,
		"queue 0: a ring is not in the guest's memory",
		.before = {VHOST_USER_SET_VRING_ADDR, 40,
			{0, GUEST_ADDRESS, GUEST_ADDRESS, GUEST_ADDRESS}}},
	{"start/no-memory", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", REFUSED,
		"queue 0: a ring is not in the guest's memory",
		.before = {VHOST_USER_SET_MEM_TABLE, 8}},
	{"start/not-aligned", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", REFUSED,
		"queue 0: a ring is not aligned",
		.before = {VHOST_USER_SET_VRING_ADDR, 40,
			{0, GUEST_USER + 8, GUEST_USER, GUEST_USER}}},

	{"set-vring-kick/no-fd", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "", REFUSED,
		"request 12 comes with no fd"},
	{"set-vring-kick/polled", READY, {VHOST_USER_SET_VRING_KICK, 8, {0x100}}, "", REFUSED,
		"wants its queue to be polled, which we do not"},
	{"set-vring-kick/fd-and-none", READY, {VHOST_USER_SET_VRING_KICK, 8, {0x100}}, "e", REFUSED,
		"request 12 comes with an fd where none belongs"},
	{"set-vring-kick/pipe", READY, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "p", REFUSED,
		"request 12 comes with an fd that is no eventfd"},
	{"set-vring-kick/zero", RUNNING, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "z", REFUSED,
		"request 12 comes with an fd that is no eventfd"},
	{"set-vring-call/file", RUNNING, {VHOST_USER_SET_VRING_CALL, 8, {1}}, "f", REFUSED,
		"request 13 comes with an fd that is no eventfd"},
	{"set-vring-call/none", RUNNING, {VHOST_USER_SET_VRING_CALL, 8, {0x100}}, "", OBEYED, NULL},
	{"set-vring-call/anew", RUNNING, {VHOST_USER_SET_VRING_CALL, 8, {0}}, "e", OBEYED, NULL},
	{"set-vring-kick/anew", RUNNING, {VHOST_USER_SET_VRING_KICK, 8, {0}}, "e", OBEYED, NULL},
	{"set-vring-err/none", READY, {VHOST_USER_SET_VRING_ERR, 8, {0x101}}, "", OBEYED, NULL},
	{"set-backend-req-fd/anew", READY, {VHOST_USER_SET_BACKEND_REQ_FD}, "p", OBEYED, NULL},

	{"get-config/outside", FRESH, {VHOST_USER_GET_CONFIG, 13, {VMM_STATE(136, 1)}}, "",
		ANSWERED, NULL},
	{"get-config/wraps", FRESH, {VHOST_USER_GET_CONFIG, 20, {VMM_STATE(UINT32_MAX, 8)}}, "",
		ANSWERED, NULL},
	{"get-config/disagrees", FRESH, {VHOST_USER_GET_CONFIG, 20, {VMM_STATE(0, 9)}}, "",
		ANSWERED, "request 24 has not the 9 bytes"},
	{"get-config/nothing", FRESH, {VHOST_USER_GET_CONFIG, 12, {VMM_STATE(136, 0)}}, "",
		ANSWERED, NULL, .reply = 12},
	{"set-config/outside", FRESH, {VHOST_USER_SET_CONFIG, 16, {VMM_STATE(133, 4)}}, "", REFUSED,
		"writes 4 bytes at 133, outside the configuration"},
	{"set-config/disagrees", FRESH, {VHOST_USER_SET_CONFIG, 16, {VMM_STATE(0, 5)}}, "", REFUSED,
		"request 25 has not the 5 bytes"},

	{"unknown/6", FRESH, {6, 16}, "", UNKNOWN, NULL},
	{"unknown/0", READY, {0}, "", UNKNOWN, NULL},
	{"unknown/fds", RUNNING, {99, 40}, "mef", UNKNOWN, NULL},
};

static int open_fd(const struct vmm *vmm, char kind)
{
	int pair[2];
	int fd = -1;

	if (kind == 'e') {
		fd = eventfd(0, EFD_CLOEXEC);
	} else if (kind == 'm') {
		fd = dup(vmm->guest.fd);
	} else if (kind == 'z') {
		fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	} else if (kind == 'f') {
		fd = memfd_create("file", MFD_CLOEXEC);
		g_assert_cmpint(ftruncate(fd, 0x1000), ==, 0);
	} else if (kind == 'p') {
		g_assert_cmpint(pipe2(pair, O_CLOEXEC), ==, 0);
		close(pair[0]);
		fd = pair[1];
	}
	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static struct vmm_message make_request(const struct request *request)
{
	struct vmm_message message = vmm_message(request->number, 6, request->words);

	message.size = request->size;
	return message;
}

/* What the fault says, on the wire; a header alone where it lies of its size. */
static void send_fault(struct fixture *fixture, const struct fault *fault, bool needs_reply)
{
	struct vmm_message message = make_request(&fault->request);
	g_autoptr(GByteArray) bytes = NULL;

	message.flags = needs_reply ? VHOST_USER_NEED_REPLY : 0;
	for (const char *kind = fault->fds; *kind; kind++)
		message.fds[message.fd_count++] = open_fd(&fixture->vmm, *kind);
	bytes = vmm_bytes(&message);
	((struct vhost_user_header *)(void *)bytes->data)->flags ^= fault->flags;
	if (fault->said_size)
		((struct vhost_user_header *)(void *)bytes->data)->size = fault->said_size;
	fixture_send_on(fixture->vmm.fd, bytes->data, bytes->len, message.fds, message.fd_count);
	for (size_t i = 0; i < message.fd_count; i++)
		close(message.fds[i]);
	fixture_settle();
}

static void start_for(struct fixture *fixture, const struct fault *fault)
{
	if (fault->state != FRESH)
		vmm_start(&fixture->vmm, fault->state == READY ? VHOST_USER_SET_VRING_ENABLE : 0);
	if (fault->state == READY) {
		/* All of the script but its kick and the second enable. */
		ask(fixture, VMM_MESSAGE(VHOST_USER_GET_VRING_BASE, VMM_STATE(0, 0)));
		tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
	}
	if (fault->before.number)
		tell(fixture, make_request(&fault->before));
	g_string_truncate(fixture->events, 0);
}

static void check_outcome(struct fixture *fixture, const struct fault *fault, bool needs_reply)
{
	struct vmm_message reply;
	bool answered = vmm_receive(&fixture->vmm, &reply);
	bool is_answered = fault->outcome == ANSWERED || (needs_reply && fault->outcome != CLOSED);
	bool is_closed = fault->outcome == CLOSED || (fault->outcome == REFUSED && !needs_reply);

	g_assert_true(answered == is_answered);
	if (answered) {
		g_assert_cmpuint(reply.request, ==, fault->request.number);
		g_assert_cmpuint(reply.size, ==, fault->outcome == ANSWERED ? fault->reply : 8);
		if (fault->outcome == ANSWERED && fault->reply == 8)
			g_assert_cmphex(reply.words[0], ==, (uint32_t)fault->request.words[0]);
		else if (fault->outcome != ANSWERED)
			g_assert_cmpuint(reply.words[0], ==, fault->outcome != OBEYED);
	}
	g_assert_true(is_closed == !fixture->vhost);
	if (is_closed)
		g_assert_true(vmm_is_closed(&fixture->vmm));
	else
		expect_alive(fixture);
	if (is_closed && fault->state == RUNNING)
		expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
	else if (is_closed && !strstr(fixture->events->str, "set "))
		expect_events(fixture, "closed\n");
}

static void test_fault(const void *data)
{
	const struct fault *fault = data;

	for (int needs_reply = 0; needs_reply < 2; needs_reply++) {
		g_autoptr(vhost_fixture) fixture = fixture_new();

		start_for(fixture, fault);
		send_fault(fixture, fault, needs_reply);
		check_outcome(fixture, fault, needs_reply);
		if (fault->log)
			expect_log(fault->log);
	}
}

/* Between two messages a VMM may go; in the middle of one it is worth a word. */
static void test_hang_up(void)
{
	static const size_t sizes[] = {0, 1, 11, 12, 19, 20};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(vhost_fixture) fixture = fixture_new_started();
		const struct vmm_message message = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, 0);
		g_autoptr(GByteArray) bytes = vmm_bytes(&message);

		fixture_send_on(fixture->vmm.fd, bytes->data, sizes[i], NULL, 0);
		vmm_hang_up(&fixture->vmm);
		fixture_settle();
		expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
		if (sizes[i] % 20)
			expect_log("closing vhost-user: the VMM went away inside a message");
	}
}

/* Fd after fd in the place of the last: only that one stays. */
static void test_fds_replaced(void)
{
	static const uint32_t requests[] = {VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL,
		VHOST_USER_SET_VRING_ERR};
	g_autoptr(vhost_fixture) fixture = fixture_new_started();
	struct vmm *vmm = &fixture->vmm;
	size_t before = fixture_count_fds();
	struct vmm_message backend = vmm_message(VHOST_USER_SET_BACKEND_REQ_FD, 0, NULL);

	backend.fd_count = 1;
	backend.fds[0] = vmm->guest.fd;
	for (int i = 0; i < 20; i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(requests); j++)
			tell(fixture,
				vmm_message_with_fd(requests[j], 0,
					j == 0 ? vmm->kicks[0] : vmm->calls[0]));
		tell(fixture, backend);
	}
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	expect_events(fixture, "");
	/* A call that is new is called at once: what was used before may have gone to the old. */
	vmm_was_called(vmm, 0);
	tell(fixture, vmm_message_with_fd(VHOST_USER_SET_VRING_CALL, 1, vmm->calls[0]));
	g_assert_true(vmm_was_called(vmm, 0));
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/vhost/start", test_start);
	g_test_add_func("/input/vhost/split", test_split);
	g_test_add_func("/input/vhost/coalesced", test_coalesced);
	g_test_add_func("/input/vhost/unread-replies", test_unread_replies);
	g_test_add_func("/input/vhost/kick-and-call", test_kick_and_call);
	g_test_add_func("/input/vhost/stop-and-restart", test_stop_and_restart);
	g_test_add_func("/input/vhost/reset", test_reset);
	g_test_add_func("/input/vhost/enable", test_enable);
	g_test_add_func("/input/vhost/broken-ring", test_broken_ring);
	g_test_add_func("/input/vhost/memory-table", test_memory_table);
	g_test_add_func("/input/vhost/shrunk-memory", test_shrunk_memory);
	g_test_add_func("/input/vhost/hang-up", test_hang_up);
	g_test_add_func("/input/vhost/fds-replaced", test_fds_replaced);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/input/vhost/fault/", faults[i].name, NULL);

		g_test_add_data_func(path, &faults[i], test_fault);
	}
	return g_test_run();
}
