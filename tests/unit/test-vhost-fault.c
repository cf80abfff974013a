/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of faults in vhost/vhost.h, a named test a cell, once with and once without NEED_REPLY.
 * Each ends with the outcome that the table promises, one log line, and no fd left.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend_fixture.h"

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
		"e", REFUSED, "it is no memfd and no file of tmpfs or hugetlbfs"},
	{"set-mem-table/other-file-system", FRESH,
		{VHOST_USER_SET_MEM_TABLE, 40, {1, 0, 0x1000, 0, 0}}, "z", REFUSED,
		"it is no memfd and no file of tmpfs or hugetlbfs"},
	{"add-mem-reg/other-file-system", READY, {VHOST_USER_ADD_MEM_REG, 40, {0, 0, 0x1000, 0, 0}},
		"p", REFUSED, "it is no memfd and no file of tmpfs or hugetlbfs"},
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
		"wants its queue to be polled, which is not supported"},
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
static void send_fault(struct backend_fixture *fixture, const struct fault *fault, bool needs_reply)
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

static void start_for(struct backend_fixture *fixture, const struct fault *fault)
{
	if (fault->state != FRESH)
		vmm_start(&fixture->vmm, fault->state == READY ? VHOST_USER_SET_VRING_ENABLE : 0);
	if (fault->state == READY) {
		/* All of the script but its kick and the second enable. */
		backend_ask(fixture, VMM_MESSAGE(VHOST_USER_GET_VRING_BASE, VMM_STATE(0, 0)));
		backend_tell(fixture, VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(0, 1)));
	}
	if (fault->before.number)
		backend_tell(fixture, make_request(&fault->before));
	g_string_truncate(fixture->events, 0);
}

static void check_outcome(struct backend_fixture *fixture, const struct fault *fault,
	bool needs_reply)
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
		backend_expect_alive(fixture);
	if (is_closed && fault->state == RUNNING)
		backend_expect_events(fixture, "stopped 0\nstopped 1\nclosed\n");
	else if (is_closed && !strstr(fixture->events->str, "set "))
		backend_expect_events(fixture, "closed\n");
}

static void test_fault(const void *data)
{
	const struct fault *fault = data;

	for (int needs_reply = 0; needs_reply < 2; needs_reply++) {
		g_autoptr(backend_fixture) fixture = backend_fixture_new();

		start_for(fixture, fault);
		send_fault(fixture, fault, needs_reply);
		check_outcome(fixture, fault, needs_reply);
		if (fault->log)
			backend_expect_log(fault->log);
	}
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/vhost/vhost-fault/", faults[i].name, NULL);

		g_test_add_data_func(path, &faults[i], test_fault);
	}
	return g_test_run();
}
