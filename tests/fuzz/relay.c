/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between a VMM and a back-end that both send what the input says: messages that are
 * nearly right, in pieces, with fds of all kinds, more than the other side takes, and ends at any
 * moment, while system calls fail. One relay for all inputs, each of which is a session of it.
 *
 * Not reached: fds that nobody asked for (stream_read() without a list of them), which only tests do.
 *
 * Covers: src/wire/relay.c src/wire/relay_ src/wire/handover.c src/wire/message.c src/wire/stream.c
 * Reaches: 95
 * Of each file: 92
 */
#include "wire/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "fuzz.h"
#include "vhost_user.h"
#include "wire/account.h"
#include "wire/handover.h"

#define STEPS_MAX 64
#define TURNS 8
#define BURST_MAX 80

/* Longer than any timer of the relay's, and than a session takes of the door's clock. */
#define AGES_MS 11000

struct rig {
	struct relay *relay;
	struct account *account;
	struct sockaddr_un vmm_address;
	struct sockaddr_un backend_address;
	int backend_listen; /* 0: not made yet */
	unsigned int detached; /* in this session */
	unsigned int silent; /* connections before the one of this input, which said nothing */
	int display; /* what the relay handed out, or -1 */
	bool running; /* the VMM's queues, as far as the relay said */
};

static struct rig rig = {.display = -1};

static void attached(void *data, int fd)
{
	g_assert(rig.display < 0);
	rig.display = fd;
}

static void scanouts(void *data, uint32_t count)
{
	g_assert(count > 0);
}

static void detached(void *data)
{
	rig.detached++;
}

static void running(void *data, bool running)
{
	g_assert(rig.running != running);
	rig.running = running;
}

static void backend(void *data, bool there)
{
	g_assert(rig.detached == 0);
}

static const struct relay_listener listener = {attached, scanouts, detached, running, backend};

/* Abstract: nothing is left behind, however the process ends. */
static struct sockaddr_un address_of(const char *side)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "fuzz-%s-%d", side,
		(int)getpid());
	return address;
}

static int listen_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, 8) != 0)
		g_error("listen: %s", g_strerror(errno));
	return fd;
}

static int connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		g_error("connect: %s", g_strerror(errno));
	return fd;
}

static void check_refused(const struct relay_options *options)
{
	g_autoptr(GError) error = NULL;

	g_assert(!relay_create(options, &listener, NULL, &error));
	g_assert(error);
}

/* Relays that cannot be. */
static void refuse_relays(const struct relay_options *options)
{
	char path[200];
	struct relay_options far_away = *options;

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	far_away.vmm_path = path;
	check_refused(&far_away);
	far_away.vmm_path = NULL;
	far_away.backend_path = path;
	far_away.vmm_listen_fd = fcntl(options->vmm_listen_fd, F_DUPFD_CLOEXEC, 0);
	check_refused(&far_away);
	far_away.backend_path = options->backend_path;
	far_away.vmm_listen_fd = fcntl(options->vmm_listen_fd, F_DUPFD_CLOEXEC, 0);
	fault_set(FAULT_EPOLL_CREATE, EMFILE, 0, 1);
	check_refused(&far_away);
	fault_disarm();
}

/* What all inputs share. */
static void rig_init(void)
{
	g_autofree char *path = g_build_filename(fuzz_folder(), "backend.sock", NULL);
	struct relay_options options = {.name = "fuzz", .backend_path = path};
	g_autoptr(GError) error = NULL;

	rig.vmm_address = address_of("vmm");
	rig.backend_address.sun_family = AF_UNIX;
	g_strlcpy(rig.backend_address.sun_path, path, sizeof(rig.backend_address.sun_path));
	rig.backend_listen = listen_at(&rig.backend_address);
	options.vmm_listen_fd = listen_at(&rig.vmm_address);
	options.account = rig.account = account_create("fuzz");
	refuse_relays(&options);
	rig.relay = relay_create(&options, &listener, NULL, &error);
	g_assert_no_error(error);
}

/* It listens elsewhere for a while: the relay tries again. */
static void hide_backend(bool hidden)
{
	g_autofree char *elsewhere = g_strconcat(rig.backend_address.sun_path, "-hidden", NULL);
	const char *path = rig.backend_address.sun_path;

	if (g_rename(hidden ? path : elsewhere, hidden ? elsewhere : path) != 0)
		g_error("rename: %s", g_strerror(errno));
}

static int accept_backend(void)
{
	return accept4(rig.backend_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Those that a session has made when nobody looked any more. */
static void refuse_backends(void)
{
	int fd;

	while ((fd = accept_backend()) >= 0)
		close(fd);
}

static uint32_t choose_request(struct fuzz *fuzz)
{
	static const uint32_t known[] = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_GET_CONFIG,
		VHOST_USER_ADD_MEM_REG, VHOST_USER_SET_MEM_TABLE, VHOST_USER_SET_VRING_ADDR,
		VHOST_USER_GET_FEATURES, VHOST_USER_SET_BACKEND_REQ_FD, VHOST_USER_SET_VRING_KICK,
		44};
	uint8_t choice = fuzz_u8(fuzz);

	if (choice >= 200 && choice < 216)
		return VHOST_USER_GET_VRING_BASE;
	return choice < 200 ? known[choice % G_N_ELEMENTS(known)] : fuzz_odd(fuzz);
}

static uint32_t size_for(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GET_CONFIG:
		return sizeof(struct vhost_user_config) + sizeof(struct virtio_gpu_config);
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_SET_MEM_TABLE:
		return sizeof(uint64_t) + sizeof(struct vhost_user_memory_region);
	case VHOST_USER_SET_VRING_ADDR:
		return sizeof(struct vhost_user_vring_address);
	case VHOST_USER_GPU_SET_SOCKET:
	case VHOST_USER_GET_FEATURES:
	case VHOST_USER_SET_BACKEND_REQ_FD:
		return 0;
	default:
		return sizeof(uint64_t);
	}
}

/* One message, or the first part of one, or the same many times. */
static void send_message(struct fuzz *fuzz, int socket, bool reply)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[VHOST_USER_PAYLOAD_MAX + 64];
	} __attribute__((packed)) wire;
	uint8_t shape = fuzz_u8(fuzz);
	int fds[VHOST_USER_FDS_MAX + 1];
	size_t fd_count = shape & 1 ? 1 : 0;
	size_t whole;

	wire.header.request = choose_request(fuzz);
	wire.header.flags = shape & 2 ? fuzz_u8(fuzz) : 1u | (reply ? 4u : 0u);
	wire.header.size = shape & 4 ? fuzz_odd(fuzz) : size_for(wire.header.request);
	fuzz_copy(fuzz, wire.payload, sizeof(struct vhost_user_vring_address));
	memset(wire.payload + sizeof(struct vhost_user_vring_address), shape,
		sizeof(wire.payload) - sizeof(struct vhost_user_vring_address));
	if ((shape & 0x18) == 0x18)
		fd_count = fuzz_pick(fuzz, VHOST_USER_FDS_MAX + 2);
	for (size_t i = 0; i < fd_count; i++)
		fds[i] = fuzz_fd(fuzz);
	whole = sizeof(wire.header) + MIN(wire.header.size, sizeof(wire.payload));
	if (shape & 0x20)
		whole = fuzz_pick(fuzz, (uint32_t)whole + 1);
	unsigned int times = (shape & 0xc0) == 0xc0 ? fuzz_pick(fuzz, BURST_MAX) : 1;
	/* What is not taken once is not taken again before somebody has read. */
	while (whole > 0 && times > 0 && fuzz_send(socket, &wire, whole, fds, fd_count))
		times--;
	for (size_t i = 0; i < fd_count; i++)
		close(fds[i]);
}

/* Of a recorded session: both sides' messages, in the order in which they came. A reply is of the
 * back-end's. */
static void replay(struct fuzz *fuzz, int vmm, int backend)
{
	struct fuzz_piece piece;
	int side = vmm;

	while (fuzz_next_piece(fuzz, &piece)) {
		struct vhost_user_header header;
		int fds[7];

		for (unsigned int i = 0; i < piece.fds; i++)
			fds[i] = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (piece.size >= sizeof(header)) {
			memcpy(&header, piece.bytes, sizeof(header));
			side = header.flags & VHOST_USER_REPLY && backend >= 0 ? backend : vmm;
		}
		fuzz_send(side, piece.bytes, piece.size, fds, piece.fds);
		for (unsigned int i = 0; i < piece.fds; i++)
			close(fds[i]);
		fuzz_turns(TURNS);
		fuzz_drain(side == vmm ? backend : vmm);
	}
}

static void close_display(void)
{
	if (rig.display < 0)
		return;
	close(rig.display);
	rig.display = -1;
}

/* What the VMM does, or the back-end, or time; false: the session is over. */
static bool step(struct fuzz *fuzz, int vmm, int backend)
{
	uint8_t what = fuzz_u8(fuzz);

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		send_message(fuzz, vmm, false);
		break;
	case 3:
	case 4:
		if (backend >= 0)
			send_message(fuzz, backend, true);
		break;
	case 5:
		fuzz_drain(what & 0x10 || backend < 0 ? vmm : backend);
		break;
	case 6:
		if (what & 0x80) {
			close_display();
			relay_display_closed(rig.relay);
		} else if (what & 0x40) {
			fuzz_close();
		}
		clock_pass(what & 0x10 ? 250 : 20);
		break;
	default:
		if (what > 0xe0)
			return false;
		shutdown(what & 0x10 || backend < 0 ? vmm : backend, SHUT_WR);
		break;
	}
	if ((what & 0x68) == 0x68)
		fault_turns(fuzz, TURNS);
	else if ((what & 0x48) == 0x48)
		fuzz_turns_without_fds(TURNS);
	else if (what & 0x08)
		fuzz_turns(TURNS);
	return true;
}

/* What is sent to be given two connections. */
static void ask_for_both(struct fuzz *fuzz, int carrier)
{
	uint8_t shape = fuzz_u8(fuzz);
	int odd = fcntl(rig.backend_listen, F_DUPFD_CLOEXEC, 0);
	uint8_t version = shape & 4 ? fuzz_u8(fuzz) : HANDOVER_VERSION;

	if (!(shape & 0x10))
		fuzz_send(carrier, &version, sizeof(version), &odd, (shape & 0x18) == 0x08);
	if (shape & 0x20)
		shutdown(carrier, SHUT_WR);
	close(odd);
	if (shape & 0x40)
		fault_turns(fuzz, TURNS);
	if (shape & 0x80)
		fuzz_turns_without_fds(TURNS);
	fuzz_turns(TURNS);
}

/* Both that came, or else two that nobody is at the other end of. */
static void take_both(int carrier, int *both)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 2)];
	} control = {0};
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};

	if (recvmsg(carrier, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1 &&
		control.align.cmsg_len == CMSG_LEN(sizeof(int) * 2)) {
		memcpy(both, CMSG_DATA(&control.align), sizeof(int) * 2);
		g_unix_set_fd_nonblocking(both[0], TRUE, NULL);
		g_unix_set_fd_nonblocking(both[1], TRUE, NULL);
	} else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
		g_error("socketpair: %s", g_strerror(errno));
	}
}

static int connect_carrier(void)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	int carrier = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	g_snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1, HANDOVER_ADDRESS "%d",
		(int)getpid());
	if (bind(carrier, (struct sockaddr *)&own, sizeof(own)) != 0 ||
		connect(carrier, (struct sockaddr *)&rig.vmm_address, sizeof(rig.vmm_address)) != 0)
		g_error("handover: %s", g_strerror(errno));
	fuzz_turns(TURNS);
	return carrier;
}

/* As scanout-gpu does it, perhaps after one that says nothing. Returns the VMM's end; the other is in *backend. */
static int hand_over(struct fuzz *fuzz, bool silent, int *backend)
{
	int carrier = connect_carrier();
	int both[2];

	if (silent) {
		clock_pass(AGES_MS);
		fuzz_turns(TURNS);
		g_assert(rig.detached == 1);
		rig.detached = 0;
		rig.silent++;
		close(carrier);
		carrier = connect_carrier();
	}
	ask_for_both(fuzz, carrier);
	take_both(carrier, both);
	close(carrier);
	*backend = both[1];
	return both[0];
}

/* The VMM comes, and the relay finds the back-end at once, or later, or a call fails; or both are handed over. */
static int begin(struct fuzz *fuzz, int *backend)
{
	uint8_t how = fuzz_u8(fuzz);
	bool late = how & 1;
	int vmm;

	rig.detached = 0;
	rig.silent = 0;
	rig.running = true;
	clock_pass(AGES_MS);
	if ((how & 0xf0) == 0x50)
		return hand_over(fuzz, how & 8, backend);
	if (late)
		hide_backend(true);
	vmm = connect_to(&rig.vmm_address);
	if ((how & 6) == 6)
		fault_turns(fuzz, TURNS);
	fuzz_turns(TURNS);
	if (late)
		hide_backend(false);
	if (how & 8)
		clock_pass(100);
	fuzz_turns(TURNS);
	*backend = accept_backend();
	return vmm;
}

/* A session that is over is over once, and soon. */
static void check_end(void)
{
	const char *fault;

	for (unsigned int i = 0; i < TURNS && rig.detached == 0; i++) {
		fuzz_turns(TURNS);
		clock_pass(AGES_MS);
	}
	g_assert(rig.detached == 1);
	relay_end(rig.relay, &fault);
	g_assert(!fault || *fault);
	close_display();
	fuzz_turns(TURNS);
	g_assert(rig.detached == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	const struct relay_counters *counters;
	uint64_t vmms;
	int vmm, backend;
	unsigned int fds;

	if (rig.backend_listen == 0)
		rig_init();
	fds = fuzz_open_fds();
	counters = relay_counters(rig.relay);
	vmms = counters->vmms;
	vmm = begin(&fuzz, &backend);
	if (fuzz_is_recorded(&fuzz))
		replay(&fuzz, vmm, backend);
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++) {
		if (!step(&fuzz, vmm, backend))
			break;
	}
	if (fuzz_u8(&fuzz) & 1)
		fuzz_drain(vmm);
	close(vmm);
	check_end();
	if (backend >= 0)
		close(backend);
	refuse_backends();
	g_assert(counters->vmms == vmms + 1 + rig.silent);
	fuzz_check_account(rig.account);
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
