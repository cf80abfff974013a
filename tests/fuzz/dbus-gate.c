/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate before a bus that sends what the input says: lines, messages of all types and sizes, in
 * pieces, with fds, faster than they are taken, while either side reads or does not, system calls
 * fail, and each may end at any moment. In GDBus' place is this: what it is given are whole
 * messages as they were sent, of the types, of the sizes and at the rate that they may have.
 *
 * Not reached: a message of GDBus that is none.
 *
 * Covers: src/input/dbus/gate.c src/input/dbus/frame.c src/input/dbus/budget.c
 * Covers: src/input/dbus/handshake.c
 * Reaches: 93
 * Of each file: 92
 */
#include "input/dbus/gate.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "fuzz.h"
#include "input/dbus/frame.h"
#include "wire/account.h"

#define STEPS_MAX 48
#define TURNS 4
#define GUID "0123456789abcdef0123456789abcdef"

/* Flags of a message that this target has made: its bytes follow from its serial. */
#define MADE 0x58

/* What a peer keeps until the gate takes it. */
#define UNSENT_MAX 200000

/* A side of the gate. */
struct side {
	int fd; /* -1: closed */
	GByteArray *unsent;
	GByteArray *got; /* and not looked at yet */
};

struct rig {
	struct account *account;
	struct dbus_budget budget;
	int64_t begin_us;
	struct dbus_gate *gate; /* NULL: released */
	unsigned int told;
	GAsyncReadyCallback connected; /* NULL: not asked to connect, or answered */
	gpointer connected_data;
	GIOStream *stream; /* that it connects with; NULL: it fails */
	GIOStream *remote;
	struct side bus, local;
	bool begun; /* the bus has had the last line of the handshake */
	uint32_t serial, seen_in, seen_out; /* of messages made, and that came */
	unsigned int calls, answers; /* that went into the gate, and came out of it */
	uint64_t paid; /* bytes of the budget, at least */
};

static struct rig rig = {.bus = {.fd = -1}, .local = {.fd = -1}};

/* ---- in the address' place ---- */

#define WRAP(name) __asm__("__wrap_" #name)

void wrap_get_stream(const char *address, GCancellable *cancellable, GAsyncReadyCallback callback,
	gpointer data) WRAP(g_dbus_address_get_stream);
GIOStream *wrap_get_stream_finish(GAsyncResult *result, char **guid, GError **error)
	WRAP(g_dbus_address_get_stream_finish);

void wrap_get_stream(const char *address, GCancellable *cancellable, GAsyncReadyCallback callback,
	gpointer data)
{
	rig.connected = callback;
	rig.connected_data = data;
}

GIOStream *wrap_get_stream_finish(GAsyncResult *result, char **guid, GError **error)
{
	if (!rig.stream)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody listens");
	return g_steal_pointer(&rig.stream);
}

/* ---- sides ---- */

static void side_init(struct side *side)
{
	side->fd = -1;
	side->unsent = g_byte_array_new();
	side->got = g_byte_array_new();
}

static void side_close(struct side *side)
{
	if (side->fd >= 0 && side != &rig.local)
		close(side->fd);
	side->fd = -1;
}

static void side_finish(struct side *side)
{
	side_close(side);
	g_byte_array_unref(side->unsent);
	g_byte_array_unref(side->got);
}

static void side_flush(struct side *side)
{
	ssize_t sent;

	if (side->fd < 0 || side->unsent->len == 0)
		return;
	sent = send(side->fd, side->unsent->data, side->unsent->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		g_byte_array_remove_range(side->unsent, 0, (guint)sent);
}

static void side_send(struct side *side, const void *bytes, size_t size)
{
	if (size > 0)
		g_byte_array_append(side->unsent, bytes, (guint)size);
	side_flush(side);
}

static void side_read(struct side *side)
{
	static uint8_t bytes[65536];
	ssize_t got;

	while (side->fd >= 0 && (got = recv(side->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		g_byte_array_append(side->got, bytes, (guint)got);
}

/* ---- messages ---- */

static void put_u32(uint8_t *to, bool little, uint32_t value)
{
	value = little ? GUINT32_TO_LE(value) : GUINT32_TO_BE(value);
	memcpy(to, &value, sizeof(value));
}

static uint32_t get_u32(const uint8_t *from, bool little)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return little ? GUINT32_FROM_LE(value) : GUINT32_FROM_BE(value);
}

/*
 * Bytes of a message, of which byte `place` is serial × 31 + place: from a table, since loops over
 * single bytes were most of what the instrumented target did. Returns how many of the `left` lie at
 * *bytes.
 */
static size_t bytes_at(uint32_t serial, size_t place, size_t left, const uint8_t **bytes)
{
	static uint8_t table[64 * 1024];

	if (table[1] == 0)
		for (size_t i = 0; i < sizeof(table); i++)
			table[i] = (uint8_t)i;
	*bytes = table + (uint8_t)(serial * 31 + place);
	return MIN(left, sizeof(table) - 256);
}

/* The caller's. */
static uint8_t *make_message(bool little, uint8_t type, uint32_t fields, uint32_t body,
	size_t *size)
{
	uint32_t serial = ++rig.serial;
	const uint8_t *bytes;
	uint8_t *message;

	*size = DBUS_FRAME_HEAD + (((size_t)fields + 7) & ~(size_t)7) + body;
	message = g_malloc(*size);
	message[0] = little ? 'l' : 'B';
	message[1] = type;
	message[2] = MADE;
	message[3] = 1;
	put_u32(message + 4, little, body);
	put_u32(message + 8, little, serial);
	put_u32(message + 12, little, fields);
	for (size_t i = DBUS_FRAME_HEAD, some; i < *size; i += some) {
		some = bytes_at(serial, i, *size - i, &bytes);
		memcpy(message + i, bytes, some);
	}
	return message;
}

/* It is as it was sent, in order. */
static void check_made(const uint8_t *message, size_t size, uint32_t *seen)
{
	uint32_t serial = get_u32(message + 8, message[0] == 'l');
	const uint8_t *bytes;

	if (message[2] != MADE || serial > rig.serial)
		return;
	for (size_t i = DBUS_FRAME_HEAD, some; i < size; i += some) {
		some = bytes_at(serial, i, size - i, &bytes);
		if (memcmp(message + i, bytes, some) != 0)
			return;
	}
	g_assert(size < 64 || serial > *seen);
	*seen = MAX(*seen, serial);
}

static void check_in(const uint8_t *message, const struct dbus_frame *frame)
{
	bool answers = frame->type == DBUS_FRAME_RETURN || frame->type == DBUS_FRAME_ERROR;

	g_assert(answers || frame->type == DBUS_FRAME_SIGNAL);
	rig.answers += answers;
	g_assert(rig.answers <= rig.calls);
	if (!answers || frame->size > DBUS_GATE_ANSWER_FREE)
		rig.paid += frame->size;
	g_assert((int64_t)rig.paid <= DBUS_BUDGET_BURST + 1 +
			(g_get_monotonic_time() - rig.begin_us) * DBUS_BUDGET_PER_SECOND /
				G_USEC_PER_SEC);
	check_made(message, frame->size, &rig.seen_in);
}

/* What GDBus would have. */
static void check_local(void)
{
	struct side *side = &rig.local;
	struct dbus_frame frame;
	size_t at = 0;

	side_read(side);
	while (side->got->len - at >= DBUS_FRAME_HEAD) {
		g_assert(dbus_frame_read(&frame, side->got->data + at));
		g_assert(frame.size <= DBUS_GATE_MESSAGE_MAX);
		if (frame.size > side->got->len - at)
			break;
		check_in(side->got->data + at, &frame);
		at += frame.size;
	}
	if (at > 0)
		g_byte_array_remove_range(side->got, 0, (guint)at);
}

/* What the bus has: lines, and behind them what GDBus has said. */
static void check_bus(void)
{
	static const char begin[] = "BEGIN\r\n";
	struct side *side = &rig.bus;
	struct dbus_frame frame;
	const char *end;
	size_t at = 0;

	side_read(side);
	if (!rig.begun) {
		if (side->got->len == 0)
			return;
		end = memmem(side->got->data, side->got->len, begin, strlen(begin));
		if (!end)
			return;
		rig.begun = true;
		at = (size_t)(end - (const char *)side->got->data) + strlen(begin);
	}
	while (side->got->len - at >= DBUS_FRAME_HEAD) {
		g_assert(dbus_frame_read(&frame, side->got->data + at));
		g_assert(side->got->data[at + 2] == MADE);
		if (frame.size > side->got->len - at)
			break;
		check_made(side->got->data + at, frame.size, &rig.seen_out);
		at += frame.size;
	}
	if (at > 0)
		g_byte_array_remove_range(side->got, 0, (guint)at);
}

static void turns(unsigned int count)
{
	side_flush(&rig.bus);
	side_flush(&rig.local);
	fuzz_turns(count);
}

/* ---- the gate's life ---- */

static void release(void)
{
	dbus_gate_release(g_steal_pointer(&rig.gate));
}

static void opened(void *data, GIOStream *stream, const GError *error)
{
	g_assert(rig.gate && (stream != NULL) != (error != NULL));
	g_assert(rig.told++ == 0);
	g_assert(!error || error->message);
	if (stream) {
		g_assert(g_str_equal(dbus_gate_guid(rig.gate), GUID));
		rig.remote = g_object_ref(stream);
		rig.local.fd = g_socket_get_fd(
			g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)));
	} else {
		g_assert(dbus_gate_end(rig.gate) == DBUS_GATE_BUS_GONE);
		release();
	}
}

static void close_local(void)
{
	rig.local.fd = -1;
	if (rig.remote)
		g_io_stream_close(rig.remote, NULL, NULL);
	g_clear_object(&rig.remote);
}

static void make_stream(void)
{
	g_autoptr(GSocket) socket = NULL;
	int pair[2];

	fuzz_pair(pair);
	socket = g_socket_new_from_fd(pair[0], NULL);
	g_assert(socket);
	rig.stream = G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
	rig.bus.fd = pair[1];
}

/* The thread that connects has come to its end. */
static void connect_gate(struct fuzz *fuzz)
{
	GAsyncReadyCallback connected = g_steal_pointer(&rig.connected);

	if (!connected)
		return;
	if (fuzz_u8(fuzz) >= 4)
		make_stream();
	else
		rig.stream = fuzz_u8(fuzz) & 1 ? g_object_new(G_TYPE_SIMPLE_IO_STREAM, NULL) : NULL;
	if (fuzz_u8(fuzz) >= 0xe0)
		fault_arm(fuzz);
	connected(NULL, NULL, rig.connected_data);
	fault_disarm();
	g_clear_object(&rig.stream);
	turns(TURNS);
}

/* ---- what the bus does ---- */

static void say_line(struct fuzz *fuzz)
{
	static const char *const lines[] = {"OK " GUID "\r\n", "OK " GUID "\r\n", "REJECTED\r\n",
		"ERROR\r\n", "REJECTED EXTERNAL\r\nOK " GUID "\r\n", "OK\r\n", "DATA\r\n", "\r\n",
		"OK " GUID "\n", "OK "};
	const char *line = lines[fuzz_pick(fuzz, G_N_ELEMENTS(lines))];

	side_send(&rig.bus, line, strlen(line));
}

static void say_raw(struct fuzz *fuzz)
{
	size_t size;
	const uint8_t *bytes = fuzz_bytes(fuzz, fuzz_u8(fuzz), &size);

	side_send(&rig.bus, bytes, size);
}

/* Mostly small ones: what takes long is copying. */
static uint32_t pick_size(struct fuzz *fuzz)
{
	static const uint32_t sizes[] = {0, 0, 1, 7, 8, 9, 16, 100, 232, 240, 241, 248, 1000, 5000,
		20000};
	uint8_t which = fuzz_u8(fuzz);

	if (which < 0xf0)
		return sizes[which % G_N_ELEMENTS(sizes)];
	return DBUS_GATE_MESSAGE_MAX - DBUS_FRAME_HEAD - 8 + which % 16;
}

/* At once, or in two pieces. */
static void say_message(struct fuzz *fuzz)
{
	static const uint8_t types[] = {DBUS_FRAME_SIGNAL, DBUS_FRAME_SIGNAL, DBUS_FRAME_RETURN,
		DBUS_FRAME_RETURN, DBUS_FRAME_ERROR, DBUS_FRAME_CALL, 5, 255};
	uint8_t how = fuzz_u8(fuzz);
	uint32_t body = pick_size(fuzz);
	uint32_t fields = how & 0x10 ? pick_size(fuzz) : 0;
	unsigned int times = how >= 0xf0 ? 40 : 1 + (how >> 6);

	for (; times > 0 && rig.bus.unsent->len < UNSENT_MAX; times--) {
		size_t size;
		g_autofree uint8_t *message = make_message(how & 8, types[how & 7], fields, body,
			&size);
		size_t cut = how & 0x20 ? fuzz_u16(fuzz) % size : 0;

		side_send(&rig.bus, message, cut);
		if (cut > 0)
			turns(TURNS);
		side_send(&rig.bus, message + cut, size - cut);
	}
}

/* A head that says it is longer than it may, or is none. */
static void say_odd_head(struct fuzz *fuzz)
{
	uint8_t head[DBUS_FRAME_HEAD] = {'l', 4, 0, 1};

	head[fuzz_pick(fuzz, 4)] = fuzz_u8(fuzz);
	put_u32(head + 4, head[0] == 'l', fuzz_odd(fuzz));
	put_u32(head + 12, head[0] == 'l', fuzz_odd(fuzz));
	side_send(&rig.bus, head, sizeof(head));
}

static void say_with_fds(struct fuzz *fuzz)
{
	size_t size;
	g_autofree uint8_t *message = make_message(true, DBUS_FRAME_SIGNAL, 0, 40, &size);
	int fds[3];
	size_t count = 1 + fuzz_pick(fuzz, G_N_ELEMENTS(fds));

	if (rig.bus.fd < 0 || rig.bus.unsent->len > 0)
		return;
	for (size_t i = 0; i < count; i++)
		fds[i] = fuzz_fd(fuzz);
	fuzz_send(rig.bus.fd, message, size, fds, count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* ---- what GDBus does ---- */

static void call(struct fuzz *fuzz)
{
	uint8_t how = fuzz_u8(fuzz);
	unsigned int times = how >= 0xf0 ? 60 : 1 + how % 4;

	if (rig.local.fd < 0)
		return;
	for (; times > 0 && rig.local.unsent->len < UNSENT_MAX; times--) {
		size_t size;
		g_autofree uint8_t *message = make_message(how & 0x40, DBUS_FRAME_CALL, 100,
			how & 0x80 ? 4000 : 4, &size);

		rig.calls++;
		side_send(&rig.local, message, size);
	}
}

/* ---- an input ---- */

static void end_something(struct fuzz *fuzz)
{
	switch (fuzz_u8(fuzz)) {
	case 1:
		side_close(&rig.bus);
		break;
	case 2:
		close_local();
		break;
	case 3:
		release();
		break;
	case 4:
		if (rig.bus.fd >= 0)
			shutdown(rig.bus.fd, SHUT_WR);
		break;
	default:
		clock_pass(fuzz_u16(fuzz));
		break;
	}
}

static void step(struct fuzz *fuzz)
{
	uint8_t what = fuzz_u8(fuzz);

	switch (what % 16) {
	case 0:
		connect_gate(fuzz);
		break;
	case 1:
		say_line(fuzz);
		break;
	case 2:
		say_raw(fuzz);
		break;
	case 3:
		say_odd_head(fuzz);
		break;
	case 4:
		say_with_fds(fuzz);
		break;
	case 5:
	case 6:
		call(fuzz);
		break;
	case 7:
		end_something(fuzz);
		break;
	case 8:
		fault_turns(fuzz, TURNS);
		break;
	case 9:
		check_local();
		break;
	case 10:
		check_bus();
		break;
	case 11:
		clock_pass(fuzz_u8(fuzz) * 16u);
		break;
	default:
		say_message(fuzz);
		break;
	}
	if (what & 0x10)
		turns(TURNS);
	if (what & 0x20)
		check_local();
	if (what & 0x40)
		check_bus();
}

/* Most inputs begin so. */
static void begin(struct fuzz *fuzz)
{
	const struct dbus_gate_options options = {"fuzz", "unix:path=bus", rig.account,
		&rig.budget};
	uint8_t how = fuzz_u8(fuzz);

	rig.told = 0;
	rig.begun = false;
	rig.serial = rig.seen_in = rig.seen_out = 0;
	rig.calls = rig.answers = 0;
	rig.paid = 0;
	rig.begin_us = g_get_monotonic_time();
	dbus_budget_init(&rig.budget, rig.begin_us);
	side_init(&rig.bus);
	side_init(&rig.local);
	rig.gate = dbus_gate_create(&options, opened, NULL);
	if (how >= 0x20)
		connect_gate(fuzz);
	if (how >= 0x40) {
		side_send(&rig.bus, "OK " GUID "\r\n", strlen("OK " GUID "\r\n"));
		turns(TURNS);
	}
}

static void finish(struct fuzz *fuzz, unsigned int fds)
{
	check_local();
	check_bus();
	if (rig.gate)
		release();
	connect_gate(fuzz);
	/* Nobody needs both to go. */
	if (fuzz_u8(fuzz) & 1)
		side_close(&rig.bus);
	close_local();
	turns(4 * TURNS);
	side_finish(&rig.bus);
	side_finish(&rig.local);
	turns(4 * TURNS);
	fuzz_check_account(rig.account);
	g_assert(fuzz_open_fds() == fds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	unsigned int fds;

	if (!rig.account) {
		rig.account = account_create("fuzz");
		/* With the first one GLib's own thread is there, and its fd. */
		g_type_class_unref(g_type_class_ref(G_TYPE_TASK));
	}
	fds = fuzz_open_fds();
	begin(&fuzz);
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++)
		step(&fuzz);
	finish(&fuzz, fds);
	return 0;
}
