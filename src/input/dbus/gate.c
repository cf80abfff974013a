/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   connecting ──socket──▶ greeting ──OK──▶ open ──either side ends, or the bus says too much──▶ ended
 *
 * Each way has a buffer, of which the beginning is known: so many bytes of a message that is let
 * through, or is dropped. A way stands still where the other side takes no more, or the budget is
 * used up; then it is not read from.
 */
#include "input/dbus/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixconnection.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input/dbus/frame.h"
#include "input/dbus/handshake.h"
#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/stream.h"

#define WAY_BYTES 16384

/* Reads of a turn, where no share ends it. */
#define TURN_READS 16

/* A flood of short messages, when the budget is used up, wakes us no more often than that. */
#define REFILL_MS_LEAST 20

enum state { CONNECTING, GREETING, OPEN, ENDED };

enum stop {
	STOP_NONE,
	STOP_FULL, /* where it goes takes no more now */
	STOP_BUDGET, /* the timer goes on */
};

struct way {
	uint8_t bytes[WAY_BYTES];
	size_t start, end; /* what is there of it */
	uint64_t left; /* of the message at `start`; 0: its head is to be looked at */
	bool drops; /* that message */
	enum stop stop;
};

/* An fd in the source, with what it is polled for; NULL: it is not. */
struct watch {
	gpointer tag;
	GIOCondition condition;
};

struct dbus_gate {
	char *guest;
	char *address;
	dbus_gate_opened opened;
	void *data;
	struct account *account;
	struct dbus_budget *budget;
	struct dbus_budget own_budget; /* when it is released, as the closer */
	struct closer *own_closer;
	bool released;

	enum state state;
	enum dbus_gate_end end;
	GError *error; /* why there is no connection; until it is told */
	struct dbus_handshake handshake;
	struct stream bus; /* from GREETING on */
	struct stream local; /* our end of the pair; while OPEN */
	GIOStream *remote; /* GDBus' end, until it is told */
	GSource *source;
	struct watch bus_watch, local_watch;
	guint timer; /* of the budget */
	struct way in; /* from the bus */
	struct way out; /* to it */
	uint64_t owed; /* answers to calls that went out */
};

struct gate_source {
	GSource source;
	struct dbus_gate *gate;
};

static void pump(struct dbus_gate *gate, bool in, bool out);

/* ---- end ---- */

static void end(struct dbus_gate *gate, enum dbus_gate_end how)
{
	if (gate->state == ENDED)
		return;
	gate->state = ENDED;
	gate->end = how;
	g_clear_handle_id(&gate->timer, g_source_remove);
	if (gate->source) {
		g_source_destroy(gate->source);
		g_clear_pointer(&gate->source, g_source_unref);
	}
	/* What GDBus has not read yet stays there for it. */
	stream_finish(&gate->local);
	stream_finish(&gate->bus);
}

/* There is no connection, for that reason. */
static void fail(struct dbus_gate *gate, GError *error)
{
	gate->error = error;
	end(gate, DBUS_GATE_BUS_GONE);
}

/* One of the two is at its end, or takes nothing any more. */
static void lose(struct dbus_gate *gate, const struct stream *stream)
{
	if (gate->state == GREETING)
		fail(gate,
			g_error_new(G_IO_ERROR, G_IO_ERROR_CLOSED,
				"the bus has ended the connection"));
	else
		end(gate, stream == &gate->bus ? DBUS_GATE_BUS_GONE : DBUS_GATE_LEFT);
}

static void gate_free(struct dbus_gate *gate)
{
	end(gate, DBUS_GATE_LEFT);
	closer_destroy(gate->own_closer);
	g_clear_object(&gate->remote);
	g_clear_error(&gate->error);
	g_free(gate->guest);
	g_free(gate->address);
	g_free(gate);
}

static void refuse(struct dbus_gate *gate, const char *what)
{
	log_guest(G_LOG_LEVEL_WARNING, gate->guest, "disconnected from the bus at %s: it sent %s",
		gate->address, what);
	end(gate, DBUS_GATE_REFUSED);
}

/* ---- messages ---- */

static gboolean refilled(gpointer data)
{
	struct dbus_gate *gate = data;

	turn_note();
	gate->timer = 0;
	gate->in.stop = STOP_NONE;
	pump(gate, false, false);
	return G_SOURCE_REMOVE;
}

/* False: there is not enough of the budget now. */
static bool pay(struct dbus_gate *gate, uint64_t size)
{
	int64_t wait_us = dbus_budget_take(gate->budget, (int64_t)size, turn_time());
	guint wait_ms = (guint)MAX(wait_us / 1000 + 1, REFILL_MS_LEAST);

	if (wait_us == 0)
		return true;
	gate->in.stop = STOP_BUDGET;
	gate->timer = turn_name_of(g_timeout_add(wait_ms, refilled, gate), "dbus budget",
		gate->guest);
	return false;
}

/* One from the bus begins; `left` stays 0 where it is not taken, now or at all. */
static void begin_in(struct dbus_gate *gate, struct way *way)
{
	struct dbus_frame frame;
	bool answers, awaited;
	char text[96];

	if (!dbus_frame_read(&frame, way->bytes + way->start)) {
		refuse(gate, "what is no message");
		return;
	}
	if (frame.size > DBUS_GATE_MESSAGE_MAX) {
		g_snprintf(text, sizeof(text),
			"a message of %" G_GUINT64_FORMAT " bytes; at most %d are allowed",
			(guint64)frame.size, DBUS_GATE_MESSAGE_MAX);
		refuse(gate, text);
		return;
	}
	answers = frame.type == DBUS_FRAME_RETURN || frame.type == DBUS_FRAME_ERROR;
	awaited = answers && gate->owed > 0;
	if (!(awaited && frame.size <= DBUS_GATE_ANSWER_FREE) && !pay(gate, frame.size))
		return;
	if (awaited)
		gate->owed--;
	way->left = frame.size;
	way->drops = !awaited && frame.type != DBUS_FRAME_SIGNAL;
}

/* One of GDBus. */
static void begin_out(struct dbus_gate *gate, struct way *way)
{
	struct dbus_frame frame;

	if (!dbus_frame_read(&frame, way->bytes + way->start)) {
		end(gate, DBUS_GATE_LEFT);
		return;
	}
	gate->owed += frame.type == DBUS_FRAME_CALL;
	way->left = frame.size;
}

/* ---- ways ---- */

/* So much of the message as is there. */
static void pass(struct dbus_gate *gate, struct way *way, struct stream *to)
{
	struct iovec iov = {way->bytes + way->start, MIN(way->left, way->end - way->start)};
	enum stream_status status = STREAM_DONE;
	size_t passed = iov.iov_len;

	if (!way->drops)
		status = stream_write(to, &iov, 1, &passed, NULL, 0);
	if (status == STREAM_AGAIN) {
		way->stop = STOP_FULL;
	} else if (status != STREAM_DONE) {
		lose(gate, to);
	} else {
		way->start += passed;
		way->left -= passed;
	}
}

/* What was read goes on as far as it can. */
static void pass_all(struct dbus_gate *gate, struct way *way, struct stream *to,
	void (*begin)(struct dbus_gate *, struct way *))
{
	way->stop = STOP_NONE;
	while (gate->state != ENDED && way->stop == STOP_NONE && way->start < way->end) {
		if (way->left == 0 && way->end - way->start < DBUS_FRAME_HEAD)
			break;
		if (way->left == 0)
			begin(gate, way);
		if (way->left > 0)
			pass(gate, way, to);
	}
}

/* False: there is no more now. Only where nothing but part of a head is left. */
static bool fill(struct dbus_gate *gate, struct way *way, struct stream *from)
{
	struct iovec iov;
	size_t got;

	memmove(way->bytes, way->bytes + way->start, way->end - way->start);
	way->end -= way->start;
	way->start = 0;
	iov = (struct iovec){way->bytes + way->end, WAY_BYTES - way->end};
	switch (stream_read(from, &iov, 1, &got, NULL)) {
	case STREAM_DONE:
		way->end += got;
		return got == iov.iov_len;
	case STREAM_AGAIN:
		return false;
	default:
		lose(gate, from);
		return false;
	}
}

/* `readable`: `from` has something, or is at its end. False: no more now. */
static bool carry(struct dbus_gate *gate, struct way *way, struct stream *from, struct stream *to,
	void (*begin)(struct dbus_gate *, struct way *), bool readable)
{
	bool more;

	/* The timer goes on with it. */
	if (gate->state != OPEN || way->stop == STOP_BUDGET)
		return false;
	pass_all(gate, way, to, begin);
	if (gate->state != OPEN || way->stop != STOP_NONE || !readable)
		return false;
	more = fill(gate, way, from);
	if (gate->state == OPEN)
		pass_all(gate, way, to, begin);
	return more;
}

/* ---- greeting ---- */

/* Nothing else is on its way out meanwhile. */
static void say(struct dbus_gate *gate, const char *text)
{
	size_t length = strlen(text);

	memcpy(gate->out.bytes + gate->out.end, text, length);
	gate->out.end += length;
	gate->out.left += length;
}

static void open_pair(struct dbus_gate *gate)
{
	g_autoptr(GSocket) socket = NULL;
	GError *error = NULL;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		fail(gate,
			g_error_new(G_IO_ERROR, (gint)g_io_error_from_errno(errno),
				"socket pair: %s", g_strerror(errno)));
		return;
	}
	socket = g_socket_new_from_fd(pair[1], &error);
	if (!socket) {
		close(pair[0]);
		close(pair[1]);
		fail(gate, error);
		return;
	}
	if (!stream_init(&gate->local, pair[0], NULL, &error)) {
		fail(gate, error);
		return;
	}
	gate->remote = G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
	gate->state = OPEN;
}

static void hear(struct dbus_gate *gate)
{
	struct way *way = &gate->in;
	char says[DBUS_HANDSHAKE_LINE];
	GError *error = NULL;
	size_t used;

	fill(gate, way, &gate->bus);
	while (gate->state == GREETING && way->start < way->end) {
		enum dbus_handshake_step step = dbus_handshake_hear(&gate->handshake,
			way->bytes + way->start, way->end - way->start, &used, says, &error);

		way->start += used;
		if (step == DBUS_HANDSHAKE_FAILED)
			fail(gate, error);
		if (step == DBUS_HANDSHAKE_SAYS || step == DBUS_HANDSHAKE_DONE)
			say(gate, says);
		if (step == DBUS_HANDSHAKE_DONE)
			open_pair(gate);
	}
}

static void greet(struct dbus_gate *gate, bool readable)
{
	pass_all(gate, &gate->out, &gate->bus, begin_out);
	if (gate->state == GREETING && readable)
		hear(gate);
	if (gate->state != ENDED)
		pass_all(gate, &gate->out, &gate->bus, begin_out);
}

/* Who we are is with the first byte, where the bus does not ask the socket. */
static bool send_first(struct dbus_gate *gate, const char *text)
{
	const struct ucred me = {getpid(), geteuid(), getegid()};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(me))];
	} control = {.bytes = {0}};
	char zero = '\0';
	struct iovec iov[2] = {{&zero, 1}, {(void *)(uintptr_t)text, strlen(text)}};
	struct msghdr message = {
		.msg_iov = iov,
		.msg_iovlen = G_N_ELEMENTS(iov),
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t sent;

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_CREDENTIALS;
	control.header.cmsg_len = CMSG_LEN(sizeof(me));
	memcpy(CMSG_DATA(&control.header), &me, sizeof(me));
	do
		sent = sendmsg(gate->bus.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)(1 + strlen(text));
}

/* ---- turns ---- */

static void watch(struct dbus_gate *gate, struct watch *watch, int fd, GIOCondition condition,
	bool always)
{
	if (condition == 0 && !always) {
		/* Or it would be told of a peer that hangs up, on and on. */
		if (watch->tag)
			g_source_remove_unix_fd(gate->source, watch->tag);
		watch->tag = NULL;
	} else if (!watch->tag) {
		watch->tag = g_source_add_unix_fd(gate->source, fd, condition);
	} else if (watch->condition != condition) {
		g_source_modify_unix_fd(gate->source, watch->tag, condition);
	}
	watch->condition = condition;
}

/* A bus that takes nothing of what we say is not listened to: by what it says it could have GDBus,
 * whose queue has no end, say more and more. */
static bool hears(const struct dbus_gate *gate)
{
	return gate->out.stop == STOP_NONE;
}

static void watch_both(struct dbus_gate *gate)
{
	GIOCondition bus = 0;
	GIOCondition local = 0;

	if (gate->in.stop == STOP_NONE && hears(gate))
		bus |= G_IO_IN;
	if (gate->out.stop == STOP_FULL)
		bus |= G_IO_OUT;
	watch(gate, &gate->bus_watch, gate->bus.fd, bus, false);
	if (gate->state != OPEN)
		return;
	if (gate->out.stop == STOP_NONE)
		local |= G_IO_IN;
	if (gate->in.stop == STOP_FULL && hears(gate))
		local |= G_IO_OUT;
	/* That GDBus has closed its end is always heard of. */
	watch(gate, &gate->local_watch, gate->local.fd, local, true);
}

static void carry_both(struct dbus_gate *gate, bool in, bool out)
{
	struct turn_work work = turn_work_begin(account_share(gate->account));
	unsigned int reads = 0;

	do {
		out = carry(gate, &gate->out, &gate->local, &gate->bus, begin_out, out);
		in = hears(gate) && carry(gate, &gate->in, &gate->bus, &gate->local, begin_in, in);
	} while ((in || out) && ++reads < TURN_READS && turn_work_has_time(&work));
	turn_work_end(&work);
}

static void tell(struct dbus_gate *gate)
{
	g_autoptr(GIOStream) remote = g_steal_pointer(&gate->remote);
	g_autoptr(GError) error = g_steal_pointer(&gate->error);

	gate->opened(gate->data, remote, error);
}

/* `in`, `out`: the bus, or GDBus, has something or is at its end. The gate may be gone after it. */
static void pump(struct dbus_gate *gate, bool in, bool out)
{
	bool greeted = gate->state == GREETING;

	if (greeted)
		greet(gate, in);
	else
		carry_both(gate, in, out);
	if (gate->state != ENDED)
		watch_both(gate);
	if (greeted && gate->state != GREETING)
		tell(gate);
	else if (gate->state == ENDED && gate->released)
		gate_free(gate);
}

static GIOCondition conditions(GSource *source, const struct watch *watch)
{
	return watch->tag ? g_source_query_unix_fd(source, watch->tag) : 0;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	const GIOCondition readable = G_IO_IN | G_IO_HUP | G_IO_ERR;
	struct dbus_gate *gate = ((struct gate_source *)source)->gate;
	GIOCondition bus = conditions(source, &gate->bus_watch);
	GIOCondition local = conditions(source, &gate->local_watch);

	turn_note();
	/* GDBus has closed its end, and the bus takes nothing more of what it said. */
	if (local & (G_IO_HUP | G_IO_ERR) && gate->out.stop != STOP_NONE)
		end(gate, DBUS_GATE_LEFT);
	pump(gate, bus & readable, local & readable);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.dispatch = dispatch};

static void start(struct dbus_gate *gate)
{
	gate->source = g_source_new(&source_funcs, sizeof(struct gate_source));
	((struct gate_source *)gate->source)->gate = gate;
	turn_name_source(gate->source, "dbus gate", gate->guest);
	g_source_set_can_recurse(gate->source, TRUE);
	gate->state = GREETING;
	watch_both(gate);
	g_source_attach(gate->source, NULL);
}

/* ---- connecting ---- */

static struct closer *closer_of(const struct dbus_gate *gate)
{
	return gate->released ? gate->own_closer : account_closer(gate->account);
}

/* A socket of our own out of GLib's, which closes its fd in the main loop. */
static bool take_socket(struct dbus_gate *gate, GIOStream *stream, GError **error)
{
	GSocket *socket;
	int fd;

	if (!G_IS_SOCKET_CONNECTION(stream)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
			"the address is not that of a socket");
		return false;
	}
	socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
	fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "socket: %s",
			g_strerror(errno));
		return false;
	}
	return stream_init(&gate->bus, fd, closer_of(gate), error);
}

static void connected(GObject *source, GAsyncResult *result, gpointer data)
{
	struct dbus_gate *gate = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GIOStream) stream = g_dbus_address_get_stream_finish(result, NULL, &error);
	char says[DBUS_HANDSHAKE_LINE];

	if (gate->released) {
		/* To be closed where that may wait. */
		if (stream)
			take_socket(gate, stream, NULL);
		gate_free(gate);
		return;
	}
	if (!stream || !take_socket(gate, stream, &error)) {
		fail(gate, g_steal_pointer(&error));
		tell(gate);
		return;
	}
	dbus_handshake_init(&gate->handshake, says);
	start(gate);
	if (!send_first(gate, says)) {
		lose(gate, &gate->bus);
		tell(gate);
	}
}

/* ---- life ---- */

/* What the thread that connects is made of is made here first. Of two threads that each use such a
 * class for the first time either can wait for the other for ever (GLib 2.74), and one of them
 * would be the main loop's. */
static void make_classes(void)
{
	const GType types[] = {G_TYPE_TASK, G_TYPE_SOCKET, G_TYPE_SOCKET_CLIENT,
		G_TYPE_UNIX_CONNECTION, G_TYPE_UNIX_SOCKET_ADDRESS};
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new("/");

	/* Its class has no name outside of GLib. */
	g_object_unref(g_socket_connectable_enumerate(G_SOCKET_CONNECTABLE(address)));
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		g_type_class_unref(g_type_class_ref(types[i]));
}

struct dbus_gate *dbus_gate_create(const struct dbus_gate_options *options, dbus_gate_opened opened,
	void *data)
{
	struct dbus_gate *gate = g_new0(struct dbus_gate, 1);

	gate->guest = g_strdup(options->guest);
	gate->address = g_strdup(options->address);
	gate->account = options->account;
	gate->budget = options->budget;
	gate->opened = opened;
	gate->data = data;
	gate->bus.fd = -1;
	gate->local.fd = -1;
	make_classes();
	g_dbus_address_get_stream(gate->address, NULL, connected, gate);
	return gate;
}

void dbus_gate_release(struct dbus_gate *gate)
{
	if (!gate)
		return;
	if (gate->state == GREETING || gate->state == ENDED) {
		gate_free(gate);
		return;
	}
	gate->released = true;
	gate->account = NULL;
	gate->own_budget = *gate->budget;
	gate->budget = &gate->own_budget;
	gate->own_closer = closer_create(gate->guest);
	gate->bus.closer = gate->own_closer;
}

const char *dbus_gate_guid(const struct dbus_gate *gate)
{
	return gate->handshake.guid;
}

enum dbus_gate_end dbus_gate_end(const struct dbus_gate *gate)
{
	return gate->end;
}
