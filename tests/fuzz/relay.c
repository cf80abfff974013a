/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between a VMM and a back-end that both send what the input says: messages that are
 * nearly right, in pieces, with fds of all kinds, more than the other side takes, and ends at any
 * moment, while system calls fail. One relay for all inputs, each of which is a session of it; or a
 * relay that is kept, and whose successor goes on with what it left, or with what nobody leaves.
 *
 * Not reached: fds that nobody asked for (stream_read() without a list of them), which only tests
 * do.
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
#include "wire/kept_fds.h"
#include "wire/message.h"
#include "wire/relay_state.h"

#define STEPS_MAX 64
#define TURNS 8
#define BURST_MAX 80

/* Longer than any timer of the relay's, and than a session takes of the door's clock. */
#define AGES_MS 11000

struct rig {
	struct relay *relay;
	struct account *account;
	struct relay_state *state; /* of one that is kept */
	struct kept_fds *kept;
	bool keeps; /* it is such a one */
	bool succeeded; /* and not the first of this session */
	bool over; /* nobody could go on with it */
	bool refuses; /* nobody wants the display socket that its predecessor has given */
	int vmm_listen;
	struct sockaddr_un vmm_address;
	struct sockaddr_un backend_address;
	int backend_listen; /* 0: not made yet */
	uint64_t vmms; /* that this relay has served before this session */
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

static bool adopted(void *data, int fd)
{
	g_assert(rig.display < 0);
	if (!rig.refuses) {
		rig.display = fd;
		return true;
	}
	if (fd >= 0)
		close(fd);
	return false;
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

static const struct relay_listener listener = {attached, scanouts, detached, running, backend,
	adopted};

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

static void make_relay(bool keeps)
{
	struct relay_options options = {
		.name = "fuzz",
		.account = rig.account,
		.vmm_listen_fd = fcntl(rig.vmm_listen, F_DUPFD_CLOEXEC, 0),
		.backend_path = rig.backend_address.sun_path,
		.state = keeps ? rig.state : NULL,
		.kept = keeps ? rig.kept : NULL,
	};
	g_autoptr(GError) error = NULL;

	relay_destroy(rig.relay);
	rig.relay = relay_create(&options, &listener, NULL, &error);
	g_assert_no_error(error);
	rig.keeps = keeps;
	rig.vmms = 0;
}

/* A message with so many fds, as vhost/ takes one: in one go. */
static enum message_status take_message(size_t fd_count)
{
	const struct vhost_user_header header = {VHOST_USER_GET_FEATURES, VHOST_USER_VERSION, 0};
	g_autofree char *text = NULL;
	int fds[VHOST_USER_FDS_MAX + 1];
	enum message_status status;
	struct message message;
	struct stream stream;
	int pair[2];

	fuzz_pair(pair);
	for (size_t i = 0; i < fd_count; i++)
		fds[i] = pair[0];
	fuzz_send(pair[0], &header, sizeof(header), fds, fd_count);
	g_assert(stream_init(&stream, pair[1], NULL, NULL));
	g_assert(message_look(&stream, false, &message.wire.header, &text) == MESSAGE_DONE);
	status = message_take(&stream, &message, &text);
	g_assert(message.fds.count == (status == MESSAGE_DONE ? fd_count : 0));
	stream_fds_close(&message.fds);
	stream_finish(&stream);
	close(pair[0]);
	return status;
}

static void take_messages(void)
{
	g_assert(take_message(0) == MESSAGE_DONE);
	g_assert(take_message(VHOST_USER_FDS_MAX) == MESSAGE_DONE);
	g_assert(take_message(VHOST_USER_FDS_MAX + 1) == MESSAGE_FAULT);
	/* The header is looked at by one of these calls. */
	fault_set(FAULT_RECVMSG, EIO, 1, 1);
	g_assert(take_message(1) == MESSAGE_FAULT);
	fault_disarm();
}

/* What all inputs share. */
static void rig_init(void)
{
	g_autofree char *path = g_build_filename(fuzz_folder(), "backend.sock", NULL);
	struct relay_options options = {.name = "fuzz", .backend_path = path};

	rig.vmm_address = address_of("vmm");
	rig.backend_address.sun_family = AF_UNIX;
	g_strlcpy(rig.backend_address.sun_path, path, sizeof(rig.backend_address.sun_path));
	rig.backend_listen = listen_at(&rig.backend_address);
	options.vmm_listen_fd = rig.vmm_listen = listen_at(&rig.vmm_address);
	options.account = rig.account = account_create("fuzz");
	refuse_relays(&options);
	take_messages();
	rig.state = g_new0(struct relay_state, 1);
	rig.kept = kept_fds_create(-1, account_closer(rig.account), NULL);
	make_relay(false);
}

/* ---- another process ---- */

/* The outcome of a call that was not made: of a message that is there, or of what is not. */
static void damage_call(struct fuzz *fuzz, struct relay_progress *progress)
{
	static const struct vhost_user_header header = {VHOST_USER_GET_FEATURES, VHOST_USER_VERSION,
		8};
	uint8_t how = fuzz_u8(fuzz);
	uint32_t side = how & 1;
	struct relay_transfer *transfer = &progress->transfers[side];

	progress->call = 1 + (how >> 4) % (RELAY_CALLS - 1);
	progress->side = side;
	rig.state->messages[side].header = header;
	rig.state->record.call.msg_len = how & 2 ? 20 : sizeof(header);
	rig.state->record.call.msg_hdr.msg_flags = how & 4 ? MSG_CTRUNC : 0;
	*transfer = (struct relay_transfer){.size = 20, .have = how & 8 ? 20 : 0};
	transfer->next.count = fuzz_u8(fuzz) % (STREAM_FDS_MAX + 1);
	for (uint32_t i = 0; i < transfer->next.count; i++)
		transfer->next.kept[i] = progress->sockets[0];
	if (progress->call == RELAY_CALL_SWAP) {
		progress->display_is = DISPLAY_DUE;
		progress->display = progress->display_peer = how & 8 ? progress->sockets[0] : 0;
	}
}

/* What nobody leaves. */
static void damage_state(struct fuzz *fuzz)
{
	struct relay_progress *progress = &rig.state->progress[rig.state->current & 1];
	struct relay_transfer *transfer = &progress->transfers[fuzz_u8(fuzz) & 1];
	uint32_t *words = (uint32_t *)progress;
	uint8_t how = fuzz_u8(fuzz);
	const uint64_t odd[] = {0, RELAY_FD_NOT_KEPT, 4711};

	switch (how % 6) {
	case 0:
		damage_call(fuzz, progress);
		break;
	case 1:
		words[fuzz_pick(fuzz, sizeof(*progress) / sizeof(*words))] = fuzz_odd(fuzz);
		break;
	case 2:
		transfer->size = fuzz_odd(fuzz);
		transfer->have = how & 0x80 ? transfer->size : fuzz_odd(fuzz);
		break;
	case 3:
		*(how & 0x80 ? &transfer->fds : &transfer->next) = (struct relay_fds){
			.count = 1,
			.kept = {odd[(how >> 4) % G_N_ELEMENTS(odd)]},
		};
		transfer->size = 20;
		transfer->have = 0;
		break;
	case 4:
		progress->display_is = how >> 6;
		progress->display = odd[(how >> 4) % G_N_ELEMENTS(odd)];
		break;
	default:
		rig.state->adopted = how >> 4;
		progress->stopped = true;
		break;
	}
}

/* The queue as another process has it. */
static void hand_queue_over(void)
{
	int pair[2];

	for (size_t i = 0; i < 2; i++)
		pair[i] = fcntl(kept_fds_pair(rig.kept)[i], F_DUPFD_CLOEXEC, 0);
	kept_fds_destroy(rig.kept);
	rig.kept = kept_fds_create_from(pair, account_closer(rig.account), NULL);
	g_assert(rig.kept);
}

static void close_display(void);

/* This process's part ends, and the next one's begins. */
static void succeed(struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);

	relay_leave(rig.relay);
	g_clear_pointer(&rig.relay, relay_destroy);
	close_display();
	if (how & 1)
		damage_state(fuzz);
	hand_queue_over();
	make_relay(true);
	rig.running = true;
	rig.succeeded = true;
	rig.refuses = (how & 0x0e) == 0x0e;
	if (how & 0x10)
		fault_arm(fuzz);
	rig.over = !relay_adopt(rig.relay);
	fault_disarm();
	for (int i = 0; !rig.over && how & 0x20 && i < 3; i++) {
		clock_pass(AGES_MS);
		fuzz_turns(TURNS);
	}
	if (rig.over || !(how & 1))
		return;
	/* It may have what is no VMM in the VMM's place: then nothing would end it. */
	fuzz_turns(TURNS);
	close_display();
	make_relay(true);
	relay_adopt(rig.relay);
	rig.over = true;
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
			relay_display_closing(rig.relay);
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
		if (rig.keeps && what & 0x80) {
			succeed(fuzz);
			return !rig.over;
		}
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

/* As scanout-gpu does it, perhaps after one that says nothing. Returns the VMM's end; the other is
 * in *backend. */
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

/* The VMM comes, and the relay finds the back-end at once, or later, or a call fails; or both are
 * handed over. */
static int begin(struct fuzz *fuzz, int *backend)
{
	uint8_t how = fuzz_u8(fuzz);
	bool late = how & 1;
	int vmm;

	rig.detached = 0;
	rig.silent = 0;
	rig.running = true;
	rig.succeeded = rig.over = false;
	if (rig.keeps != ((how & 0xe0) == 0x60))
		make_relay(!rig.keeps);
	clock_pass(AGES_MS);
	if ((how & 0xf0) == 0x50 || (how & 0xf0) == 0x70)
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

/* What could not leave it because too much was being closed leaves it now, and not in the next
 * session. */
static void empty_queue(void)
{
	for (int i = 0; i < 3; i++) {
		fuzz_close();
		kept_fds_empty(rig.kept);
	}
}

/* A session that is over is over once, and soon. */
static void check_end(void)
{
	const char *fault;

	if (rig.over)
		rig.detached = 1;
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
	int vmm, backend;
	unsigned int fds;

	if (rig.backend_listen == 0)
		rig_init();
	fds = fuzz_open_fds();
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
	empty_queue();
	g_assert(rig.succeeded || relay_counters(rig.relay)->vmms - rig.vmms == 1 + rig.silent);
	rig.vmms = relay_counters(rig.relay)->vmms;
	fuzz_check_account(rig.account);
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
