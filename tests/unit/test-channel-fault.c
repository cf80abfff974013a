/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fault table of wire/channel.h, a named test a cell: /channel/fault/MESSAGE/FAULT.
 *
 * Each ends with: one log line that names the guest and the fault, also when it happens again;
 * another channel in the same loop, in mid-message and with a reply owed, undisturbed; no fd
 * leaked; no byte read past the limit (a faulty message that is ignored is followed by a good one,
 * which must be found at its first byte; after one that closes, nothing more than the read-ahead
 * was taken; and nothing was written outside the pixels).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"

#define WORDS_MAX 12

/* What becomes of the connection. */
enum outcome {
	IGNORED, /* goes on; `events` are all that the listener hears */
	CLOSED, /* closed */
	ANSWERED, /* goes on; one reply came, `reply` bytes of it */
};

struct fault {
	const char *name;
	uint32_t request;
	uint32_t words[WORDS_MAX]; /* payload */
	size_t word_count;
	size_t filler; /* bytes of payload behind the words */
	int64_t size; /* in the header; -1: what is sent */
	size_t fds;
	enum outcome outcome;
	const char *events;
	const char *log; /* a part of the line; NULL: no fault after all */
};

#define WORDS(...) .words = {__VA_ARGS__}, .word_count = G_N_ELEMENTS(((uint32_t[]){__VA_ARGS__}))
#define FOURCC_XR24 0x34325258

static const struct fault faults[] = {
	/* scanout ≥ 16 */
	{"cursor-pos/scanout", 4, WORDS(16, 1, 2), .size = -1, .events = "",
		.log = "CURSOR_POS: scanout 16"},
	{"cursor-pos-hide/scanout", 5, WORDS(0xffffffff, 1, 2), .size = -1, .events = "",
		.log = "CURSOR_POS_HIDE: scanout 4294967295"},
	{"cursor-update/scanout", 6, WORDS(16, 1, 2, 3, 4), .filler = 16384, .size = -1,
		.events = "", .log = "CURSOR_UPDATE: scanout 16"},
	{"scanout/scanout", 7, WORDS(16, 640, 480), .size = -1, .events = "",
		.log = "SCANOUT: scanout 16"},
	{"update/scanout", 8, WORDS(16, 0, 0, 40, 30), .filler = 4800, .size = -1, .events = "",
		.log = "UPDATE: scanout 16"},
	{"dmabuf-scanout/scanout", 9, WORDS(16, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24),
		.size = -1, .fds = 1, .events = "", .log = "DMABUF_SCANOUT: scanout 16"},
	{"dmabuf-scanout/scanout-disable", 9, WORDS(17, 0, 0, 0, 0, 0, 0, 0, 0, 0), .size = -1,
		.events = "", .log = "DMABUF_SCANOUT: scanout 17"},
	{"dmabuf-update/scanout", 10, WORDS(16, 0, 0, 64, 48), .size = -1, .outcome = ANSWERED,
		.events = "dmabuf_update 16 0 0 64 48\n", .log = "DMABUF_UPDATE: scanout 16"},
	{"get-edid/scanout", 11, WORDS(16), .size = -1, .outcome = ANSWERED, .events = "",
		.log = "GET_EDID: scanout 16"},
	{"dmabuf-scanout2/scanout", 12, WORDS(99, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24, 0, 0),
		.size = -1, .fds = 1, .events = "", .log = "DMABUF_SCANOUT2: scanout 99"},

	/* an fd where none belongs, or too many */
	{"get-protocol-features/fd", 1, .size = -1, .fds = 1, .outcome = ANSWERED, .events = "",
		.log = "GET_PROTOCOL_FEATURES: came with a file descriptor"},
	{"set-protocol-features/fd", 2, WORDS(3, 0), .size = -1, .fds = 1, .events = "",
		.log = "SET_PROTOCOL_FEATURES: came with a file descriptor"},
	{"get-display-info/fd", 3, .size = -1, .fds = 2, .outcome = ANSWERED,
		.events = "display_info\n", .log = "GET_DISPLAY_INFO: came with a file descriptor"},
	{"cursor-pos/fd", 4, WORDS(0, 1, 2), .size = -1, .fds = 1,
		.events = "cursor_pos 0 1 2 visible\n",
		.log = "CURSOR_POS: came with a file descriptor"},
	{"cursor-pos-hide/fd", 5, WORDS(0, 1, 2), .size = -1, .fds = 1,
		.events = "cursor_pos 0 1 2 hidden\n",
		.log = "CURSOR_POS_HIDE: came with a file descriptor"},
	{"cursor-update/fd", 6, WORDS(0, 1, 2, 3, 4), .filler = 16384, .size = -1, .fds = 1,
		.events = "cursor_update 0 1 2 hot 3 4 sum SUM\n",
		.log = "CURSOR_UPDATE: came with a file descriptor"},
	{"scanout/fd", 7, WORDS(0, 640, 480), .size = -1, .fds = 1, .events = "scanout 0 640 480\n",
		.log = "SCANOUT: came with a file descriptor"},
	{"update/fd", 8, WORDS(0, 0, 0, 4, 3), .filler = 48, .size = -1, .fds = 1,
		.events = "update_end 0 0 0 4 3 sum SUM\n",
		.log = "UPDATE: came with a file descriptor"},
	{"dmabuf-scanout/second-fd", 9, WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24),
		.size = -1, .fds = 2,
		.events = "dmabuf_scanout 1 64x48+0+0 of 64x48 stride 256 fourcc 34325258 modifier "
			  "ffffffffffffff upright fd A\n",
		.log = "DMABUF_SCANOUT: came with more than one file descriptor"},
	{"dmabuf-scanout/sixteen-fds", 9, WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24),
		.size = -1, .fds = 16,
		.events = "dmabuf_scanout 1 64x48+0+0 of 64x48 stride 256 fourcc 34325258 modifier "
			  "ffffffffffffff upright fd A\n",
		.log = "DMABUF_SCANOUT: came with more than one file descriptor"},
	{"dmabuf-update/fd", 10, WORDS(0, 0, 0, 4, 3), .size = -1, .fds = 1, .outcome = ANSWERED,
		.events = "dmabuf_update 0 0 0 4 3\n",
		.log = "DMABUF_UPDATE: came with a file descriptor"},
	{"get-edid/fd", 11, WORDS(0), .size = -1, .fds = 1, .outcome = ANSWERED,
		.events = "edid 0\n", .log = "GET_EDID: came with a file descriptor"},
	{"dmabuf-scanout2/scanout-disable", 12, WORDS(17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		.size = -1, .events = "", .log = "DMABUF_SCANOUT2: scanout 17"},
	{"dmabuf-scanout2/second-fd", 12, WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24, 0, 0),
		.size = -1, .fds = 2,
		.events =
			"dmabuf_scanout 1 64x48+0+0 of 64x48 stride 256 fourcc 34325258 modifier 0 "
			"upright fd A\n",
		.log = "DMABUF_SCANOUT2: came with more than one file descriptor"},
	{"dmabuf-scanout2/sixteen-fds", 12,
		WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24, 0, 0), .size = -1, .fds = 16,
		.events =
			"dmabuf_scanout 1 64x48+0+0 of 64x48 stride 256 fourcc 34325258 modifier 0 "
			"upright fd A\n",
		.log = "DMABUF_SCANOUT2: came with more than one file descriptor"},
	{"unknown/fd", 77, .filler = 20, .size = -1, .fds = 1, .events = "",
		.log = "unknown message: number 77 with 20 bytes: skipped"},

	/* features that were not offered */
	{"set-protocol-features/unknown-bits", 2, WORDS(7, 1), .size = -1, .events = "",
		.log = "SET_PROTOCOL_FEATURES: features 0x100000004 "},

	/* SCANOUT */
	{"scanout/wide", 7, WORDS(0, 16385, 480), .size = -1, .events = "",
		.log = "SCANOUT: 16385×480"},
	{"scanout/high", 7, WORDS(0, 640, 0xffffffff), .size = -1, .events = "",
		.log = "SCANOUT: 640×4294967295"},
	{"scanout/largest", 7, WORDS(0, 16384, 16384), .size = -1,
		.events = "scanout 0 16384 16384\n"},
	{"scanout/zero-width", 7, WORDS(0, 0, 480), .size = -1, .events = "scanout 0 0 0\n"},
	{"scanout/zero-height", 7, WORDS(0, 640, 0), .size = -1, .events = "scanout 0 0 0\n"},

	/* UPDATE */
	{"update/empty", 8, WORDS(0, 1, 1, 0, 0), .size = -1, .events = "",
		.log = "UPDATE: empty rectangle"},
	{"update/empty-width", 8, WORDS(0, 1, 1, 0, 9), .size = -1, .events = "",
		.log = "UPDATE: empty rectangle"},
	{"update/beyond-right", 8, WORDS(0, 38, 0, 3, 3), .filler = 36, .size = -1, .events = "",
		.log = "UPDATE: 3×3+38+0 is not inside scanout 0"},
	{"update/beyond-bottom", 8, WORDS(0, 0, 29, 3, 3), .filler = 36, .size = -1, .events = "",
		.log = "UPDATE: 3×3+0+29 is not inside scanout 0"},
	{"update/beyond-int32", 8, WORDS(0, 0x7fffffff, 0, 3, 3), .filler = 36, .size = -1,
		.events = "", .log = "UPDATE: 3×3+2147483647+0 ends nowhere"},
	{"update/beyond-uint32", 8, WORDS(0, 0, 0xffffffff, 3, 3), .filler = 36, .size = -1,
		.events = "", .log = "UPDATE: 3×3+0+4294967295 ends nowhere"},
	{"update/no-surface", 8, WORDS(5, 0, 0, 40, 30), .filler = 4800, .size = -1, .events = "",
		.log = "UPDATE: 40×30+0+0 is not inside scanout 5"},
	{"update/large-skip", 8, WORDS(5, 0, 0, 200, 150), .filler = 120000, .size = -1,
		.events = "", .log = "UPDATE: 200×150+0+0 is not inside scanout 5"},
	/* 20 + w·h·4 must be so in more than 32 bits */
	{"update/overflow-area", 8, WORDS(0, 0, 0, 0x10000, 0x10000), .size = -1, .outcome = CLOSED,
		.log = "UPDATE: payload of 20 bytes for 65536×65536"},
	{"update/overflow-bytes", 8, WORDS(0, 0, 0, 0x8000, 0x8000), .size = -1, .outcome = CLOSED,
		.log = "UPDATE: payload of 20 bytes for 32768×32768"},
	{"update/overflow-64", 8, WORDS(0, 0, 0, 0x80000000, 0x80000000), .size = -1,
		.outcome = CLOSED, .log = "UPDATE: payload of 20 bytes for 2147483648×2147483648"},
	{"update/one-row-short", 8, WORDS(0, 0, 0, 10, 10), .filler = 360, .size = -1,
		.outcome = CLOSED, .log = "UPDATE: payload of 380 bytes for 10×10"},
	{"update/one-byte-long", 8, WORDS(0, 0, 0, 10, 10), .filler = 401, .size = -1,
		.outcome = CLOSED, .log = "UPDATE: payload of 421 bytes for 10×10"},
	{"update/empty-with-pixels", 8, WORDS(0, 0, 0, 0, 10), .filler = 400, .size = -1,
		.outcome = CLOSED, .log = "UPDATE: payload of 420 bytes for 0×10"},

/* the geometry of a dma-buf, in both messages that have one */
#define DMABUF_FAULT(name, ...) \
	{"dmabuf-scanout/" name, 9, WORDS(__VA_ARGS__), .size = -1, .fds = 1, .events = "", \
		.log = ": ignored"}, \
	{ \
		"dmabuf-scanout2/" name, 12, WORDS(__VA_ARGS__, 0, 0), \
			.size = -1, .fds = 1, .events = "", .log = ": ignored" \
	}
	DMABUF_FAULT("fd-width-zero", 0, 0, 0, 64, 48, 0, 48, 256, 0, 0),
	DMABUF_FAULT("fd-height-zero", 0, 0, 0, 64, 48, 64, 0, 256, 0, 0),
	DMABUF_FAULT("fd-width-huge", 0, 0, 0, 64, 48, 16385, 48, 256, 0, 0),
	DMABUF_FAULT("fd-height-huge", 0, 0, 0, 64, 48, 64, 16385, 256, 0, 0),
	DMABUF_FAULT("stride-zero", 0, 0, 0, 64, 48, 64, 48, 0, 0, 0),
	DMABUF_FAULT("stride-huge", 0, 0, 0, 64, 48, 64, 48, 0x80000000, 0, 0),
	DMABUF_FAULT("width-zero", 0, 0, 0, 0, 48, 64, 48, 256, 0, 0),
	DMABUF_FAULT("height-zero", 0, 0, 0, 64, 0, 64, 48, 256, 0, 0),
	DMABUF_FAULT("part-right", 0, 1, 0, 64, 48, 64, 48, 256, 0, 0),
	DMABUF_FAULT("part-bottom", 0, 0, 1, 64, 48, 64, 48, 256, 0, 0),
	DMABUF_FAULT("part-overflow-x", 0, 0xffffffff, 0, 2, 48, 64, 48, 256, 0, 0),
	DMABUF_FAULT("part-overflow-y", 0, 0, 0xfffffff0, 64, 32, 64, 48, 256, 0, 0),
	{"dmabuf-scanout/no-fd", 9, WORDS(3, 0, 0, 64, 48, 64, 48, 256, 0, 0), .size = -1,
		.events = "dmabuf_scanout 3 0x0+0+0 of 0x0 stride 0 fourcc 00000000 modifier "
			  "ffffffffffffff upright fd -\n"},
	{"dmabuf-scanout2/no-fd", 12, WORDS(3, 0, 0, 64, 48, 64, 48, 256, 0, 0, 0, 0), .size = -1,
		.events = "dmabuf_scanout 3 0x0+0+0 of 0x0 stride 0 fourcc 00000000 modifier "
			  "ffffffffffffff upright fd -\n"},

	/* DMABUF_UPDATE */
	{"dmabuf-update/empty", 10, WORDS(0, 5, 5, 0, 7), .size = -1, .outcome = ANSWERED,
		.events = "dmabuf_update 0 5 5 0 7\n", .log = "DMABUF_UPDATE: empty rectangle"},
	{"dmabuf-update/beyond-int32", 10, WORDS(0, 1, 0xffffffff, 0xffffffff, 4), .size = -1,
		.outcome = ANSWERED, .events = "dmabuf_update 0 1 2147483647 2147483646 0\n"},

	/* unknown messages */
	{"unknown/zero", 0, .size = -1, .events = "", .log = "number 0 with 0 bytes: skipped"},
	{"unknown/next", 13, .filler = 8, .size = -1, .events = "",
		.log = "number 13 with 8 bytes"},
	{"unknown/largest-skipped", 0xffffffff, .filler = 65536, .size = -1, .events = "",
		.log = "number 4294967295 with 65536 bytes: skipped"},
	{"unknown/too-large", 13, .filler = 2000, .size = 65537, .outcome = CLOSED,
		.log = "payload of 65537 bytes: connection closed"},
	{"unknown/huge", 200, .filler = 2000, .size = 0xffffffff, .outcome = CLOSED,
		.log = "payload of 4294967295 bytes: connection closed"},
};

/* Another guest on the same loop: half of a picture is there, and a reply is owed. */
static struct channel_fixture *bystander_create(void)
{
	struct channel_fixture *fixture = fixture_create("bystander", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_DMABUF_UPDATE);
	message_append_good(bytes, VHOST_USER_GPU_UPDATE);
	fixture_send(fixture, bytes->data, bytes->len - 10, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, message_good_event(VHOST_USER_GPU_DMABUF_UPDATE));
	return fixture;
}

static void bystander_check(struct channel_fixture *fixture)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_UPDATE);
	fixture_send(fixture, bytes->data + bytes->len - 10, 10, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, message_good_event(VHOST_USER_GPU_UPDATE));
	channel_reply_dmabuf_update(fixture->channel);
	g_autoptr(GByteArray) reply = fixture_receive(fixture);
	g_assert_cmpuint(reply_check(reply, 0, VHOST_USER_GPU_DMABUF_UPDATE), ==, reply->len);
	g_assert_cmpuint(channel_counters(fixture->channel)->faults, ==, 0);
	fixture_destroy(fixture);
}

static void send_fault(struct channel_fixture *fixture, const struct fault *fault)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int fds[16];

	g_byte_array_append(payload, (const guint8 *)fault->words,
		(guint)(fault->word_count * sizeof(uint32_t)));
	for (size_t i = 0; i < fault->filler; i++)
		g_byte_array_append(payload, (const guint8[]){0x5a}, 1);
	message_append(bytes, fault->request,
		fault->size < 0 ? payload->len : (uint32_t)fault->size, payload->data,
		payload->len);
	for (size_t i = 0; i < fault->fds; i++)
		fds[i] = fixture_memfd('A');
	fixture_send(fixture, bytes->data, bytes->len, fds, fault->fds);
	for (size_t i = 0; i < fault->fds; i++)
		close(fds[i]);
}

/* Sums depend on the bytes and are proven elsewhere. */
static char *without_sum(const char *events)
{
	const char *sum = strstr(events, "sum ");

	return sum ? g_strdup_printf("%.*s", (int)(sum - events), events) : g_strdup(events);
}

static void check_went_on(struct channel_fixture *fixture, const struct fault *fault)
{
	g_autofree char *wanted = without_sum(fault->events);
	g_autofree char *heard = without_sum(fixture->events->str);
	g_autoptr(GByteArray) replies = fixture_receive(fixture);

	g_assert_cmpstr(heard, ==, wanted);
	g_string_truncate(fixture->events, 0);
	if (fault->outcome == ANSWERED) {
		struct vhost_user_gpu_header header;
		memcpy(&header, replies->data, sizeof(header));
		g_assert_cmpuint(header.request, ==, fault->request);
		g_assert_cmphex(header.flags, ==, 4);
		g_assert_cmpuint(replies->len, ==, message_reply_size(fault->request));
		if (fault->request == VHOST_USER_GPU_GET_EDID && fault->words[0] >= 16)
			for (size_t i = 12 + 24; i < replies->len; i++)
				g_assert_cmphex(replies->data[i], ==, 0);
	} else {
		g_assert_cmpuint(replies->len, ==, 0);
	}

	/* The next message is found at its first byte. */
	g_autoptr(GByteArray) next = g_byte_array_new();
	message_append_good(next, VHOST_USER_GPU_SCANOUT);
	fixture_send(fixture, next->data, next->len, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, message_good_event(VHOST_USER_GPU_SCANOUT));
}

static void check_closed(struct channel_fixture *fixture)
{
	uint8_t byte;

	fixture_expect(fixture, "closed\n");
	g_assert_cmpuint(channel_counters(fixture->channel)->bytes_received, <=,
		sizeof(struct vhost_user_gpu_header) + CHANNEL_READ_AHEAD);
	ssize_t got = recv(fixture->peer, &byte, 1, MSG_DONTWAIT);
	/* A reset, where it closed with bytes unread. */
	g_assert_cmpint(got, <=, 0);
	if (got < 0)
		g_assert_cmpint(errno, ==, ECONNRESET);
	/* A late reply of the guest's goes nowhere. */
	channel_reply_dmabuf_update(fixture->channel);
}

static void check_log(const char *part)
{
	g_autofree char *log = fixture_log_take();

	if (!part) {
		g_assert_null(log);
		return;
	}
	g_assert_nonnull(log);
	if (strchr(log, '\n'))
		g_assert_cmpstr(log, ==, "one line");
	g_assert_true(g_str_has_prefix(log, "[kiosk] guest kiosk: "));
	if (!strstr(log, part))
		g_assert_cmpstr(log, ==, part);
}

static void run_fault(const struct fault *fault)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *bystander = bystander_create();
	struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);

	fixture->reply_at_once = true;
	send_fault(fixture, fault);
	fixture_settle();
	check_log(fault->log);
	if (fault->outcome == CLOSED) {
		check_closed(fixture);
	} else {
		check_went_on(fixture, fault);
		g_assert_cmpuint(channel_counters(fixture->channel)->faults, >=,
			fault->log ? 1 : 0);
		/* Once more, and from a successor too: the same, but the line was enough. */
		send_fault(fixture, fault);
		fixture_settle();
		check_went_on(fixture, fault);
		fixture_succeed(fixture);
		send_fault(fixture, fault);
		fixture_settle();
		check_went_on(fixture, fault);
		check_log(NULL);
	}
	bystander_check(bystander);
	fixture_destroy(fixture);
	check_log(NULL);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

static void test_fault(gconstpointer data)
{
	run_fault(data);
}

/* ---- wrong sizes, of each message ---- */

static const struct {
	const char *name;
	uint32_t size;
} messages[] = {
	[1] = {"get-protocol-features", 0},
	[2] = {"set-protocol-features", 8},
	[3] = {"get-display-info", 0},
	[4] = {"cursor-pos", 12},
	[5] = {"cursor-pos-hide", 12},
	[6] = {"cursor-update", 16404},
	[7] = {"scanout", 12},
	[8] = {"update", 20},
	[9] = {"dmabuf-scanout", 40},
	[10] = {"dmabuf-update", 20},
	[11] = {"get-edid", 4},
	[12] = {"dmabuf-scanout2", 48},
};

static const struct {
	const char *name;
	int64_t size; /* if < 0: */
	int64_t delta; /* own size and this */
} sizes[] = {
	{"size-zero", 0, 0},
	{"size-short", -1, -1},
	{"size-long", -1, 1},
	{"size-large", 100000, 0},
	{"size-huge", 0x7fffffff, 0},
	{"size-all-ones", 0xffffffff, 0},
};

static void run_size(gconstpointer data)
{
	uint32_t request = GPOINTER_TO_UINT(data) >> 8;
	size_t which = GPOINTER_TO_UINT(data) & 0xff;
	int64_t size = sizes[which].size;
	struct fault fault = {.request = request, .outcome = CLOSED, .filler = 3000};

	if (size < 0)
		size = messages[request].size + sizes[which].delta;
	g_autofree char *log = g_strdup_printf("payload of %u bytes", (uint32_t)size);
	fault.size = size;
	fault.log = log;
	run_fault(&fault);
	/* With an fd, which must not outlive the connection. (An UPDATE is judged when its head is
	 * there; the fd is a fault of its own then.) */
	fault.fds = 1;
	if (request != VHOST_USER_GPU_UPDATE)
		run_fault(&fault);
}

static void add_sizes(void)
{
	for (uint32_t request = 1; request < G_N_ELEMENTS(messages); request++) {
		for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
			int64_t size = sizes[i].size;
			if (size < 0)
				size = messages[request].size + sizes[i].delta;
			/* 0 is right for some; UPDATE's is checked against its rectangle. */
			if (size == messages[request].size || size < 0)
				continue;
			g_autofree char *path = g_strdup_printf("/channel/fault/%s/%s",
				messages[request].name, sizes[i].name);
			g_test_add_data_func(path, GUINT_TO_POINTER(request << 8 | i), run_size);
		}
	}
}

/* ---- the end of the stream ---- */

static struct channel_fixture *eof_at(uint32_t request, size_t bytes_sent, bool fd)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int memfd = fd ? fixture_memfd('A') : -1;

	message_append_good(bytes, request);
	fixture_send(fixture, bytes->data, MIN(bytes_sent, bytes->len), &memfd, fd && bytes_sent);
	if (fd)
		close(memfd);
	close(fixture->peer);
	fixture->peer = -1;
	fixture_settle();
	g_assert_true(g_str_has_suffix(fixture->events->str, "closed\n"));
	return fixture;
}

/* Inside a message: at every byte of each kind. */
static void test_eof_inside(void)
{
	size_t fds = fixture_count_fds();

	for (uint32_t request = 1; request <= 12; request++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		message_append_good(bytes, request);
		size_t step = bytes->len > 1000 ? 97 : 1;
		for (size_t sent = 1; sent < bytes->len; sent += step) {
			struct channel_fixture *bystander = bystander_create();
			struct channel_fixture *fixture = eof_at(request, sent,
				request == 9 || request == 12);
			fixture_expect(fixture, "closed\n");
			check_log("closed its socket in mid-message");
			bystander_check(bystander);
			fixture_destroy(fixture);
		}
	}
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

static void test_eof_in_skipped(void)
{
	static const struct fault skipped = {.request = 8,
		WORDS(5, 0, 0, 40, 30),
		.filler = 2000,
		.size = 4820};
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);

	send_fault(fixture, &skipped);
	fixture_settle();
	check_log("not inside scanout 5");
	close(fixture->peer);
	fixture->peer = -1;
	fixture_settle();
	fixture_expect(fixture, "closed\n");
	check_log("UPDATE: the back-end closed its socket in mid-message");
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Between messages: no fault; the last message counts, and a reset is no more than an EOF. */
static void test_eof_between(void)
{
	size_t fds = fixture_count_fds();

	for (uint32_t request = 1; request <= 12; request++) {
		struct channel_fixture *bystander = bystander_create();
		struct channel_fixture *fixture = eof_at(request, SIZE_MAX,
			request == 9 || request == 12);
		/* Whoever is gone is told nothing: what a GET would ask may or may not be asked. */
		if (!message_reply_size(request) || request == 10) {
			g_autofree char *events = g_strconcat(message_good_event(request),
				"closed\n", NULL);
			fixture_expect(fixture, events);
		}
		check_log(NULL);
		bystander_check(bystander);
		fixture_destroy(fixture);
	}
	struct channel_fixture *fixture = eof_at(4, 0, false);
	fixture_expect(fixture, "closed\n");
	check_log(NULL);
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* The peer closes with our replies unread: the socket says ECONNRESET. */
static void test_reset(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_GET_EDID);
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, "edid 5\n");
	close(fixture->peer);
	fixture->peer = -1;
	fixture_settle();
	fixture_expect(fixture, "closed\n");
	check_log(NULL);
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Silence inside each message: nothing is closed, nothing is called, nobody else notices. */
static void test_silence(void)
{
	size_t fds = fixture_count_fds();

	for (uint32_t request = 1; request <= 12; request++) {
		struct channel_fixture *bystander = bystander_create();
		struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		message_append_good(bytes, request);
		fixture_send(fixture, bytes->data, bytes->len - 1, NULL, 0);
		fixture_settle();
		fixture_expect(fixture, "");
		bystander_check(bystander);
		fixture_expect(fixture, "");
		fixture_destroy(fixture);
	}
	check_log(NULL);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* An fd in the middle of pixels, and of skipped bytes. */
static void test_fd_in_payload(void)
{
	static const struct fault wanted = {.request = 8,
		WORDS(0, 0, 0, 40, 30),
		.filler = 2000,
		.size = 4820};
	static const struct fault skipped = {.request = 8,
		WORDS(5, 0, 0, 40, 30),
		.filler = 2000,
		.size = 4820};
	static const struct fault *const both[] = {&wanted, &skipped};

	for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
		size_t fds = fixture_count_fds();
		struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);
		uint8_t rest[2800] = {0};
		int fd = fixture_memfd('A');

		send_fault(fixture, both[i]);
		fixture_settle();
		check_log(i ? "not inside scanout 5" : NULL);
		fixture_send(fixture, rest, 100, &fd, 1);
		close(fd);
		fixture_settle();
		check_log("UPDATE: came with a file descriptor: closed");
		g_assert_cmpuint(channel_counters(fixture->channel)->faults, ==, i + 1);
		fixture_send(fixture, rest, sizeof(rest) - 100, NULL, 0);
		fixture_settle();
		g_assert_true(g_str_has_prefix(fixture->events->str, i ? "" : "update_end"));
		g_string_truncate(fixture->events, 0);
		check_went_on(fixture, &(struct fault){.events = ""});
		fixture_destroy(fixture);
		g_assert_cmpuint(fixture_count_fds(), ==, fds);
	}
}

/* This process can have no more fds: the scanout keeps what it shows, and goes on when it can. */
static void test_lost_fd(void)
{
	static const struct fault sent[] = {
		{.request = 9,
			WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24),
			.size = -1,
			.fds = 1},
		{.request = 12,
			WORDS(1, 0, 0, 64, 48, 64, 48, 256, 0, FOURCC_XR24, 0, 0),
			.size = -1,
			.fds = 2},
		{.request = 4, WORDS(0, 1, 2), .size = -1, .fds = 1},
	};
	static const char *const logs[] = {
		"DMABUF_SCANOUT: this process can have no more file descriptors",
		"DMABUF_SCANOUT2: this process can have no more file descriptors",
		NULL,
	};
	static const char *const events[] = {"", "", "cursor_pos 0 1 2 visible\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(sent); i++) {
		size_t fds = fixture_count_fds();
		struct channel_fixture *fixture = fixture_create("kiosk", 40, 30, 12);
		struct rlimit limit, none;

		g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
		/* poll(2) takes no more fds than that, and two are polled. */
		none = limit;
		none.rlim_cur = 3;
		send_fault(fixture, &sent[i]);
		g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
		fixture_settle();
		g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
		check_log(logs[i]);
		fixture_expect(fixture, events[i]);
		check_went_on(fixture, &(struct fault){.events = ""});
		fixture_destroy(fixture);
		g_assert_cmpuint(fixture_count_fds(), ==, fds);
	}
}

/* Different faults of one guest are different lines; a fault of another guest is one of its own. */
static void test_causes(void)
{
	static const struct fault one = {.request = 4, WORDS(16, 0, 0), .size = -1};
	static const struct fault two = {.request = 7, WORDS(16, 0, 0), .size = -1};
	struct channel_fixture *kiosk = fixture_create("kiosk", 40, 30, 12);
	struct channel_fixture *lobby = fixture_create("lobby", 40, 30, 12);

	for (int i = 0; i < 3; i++) {
		send_fault(kiosk, &one);
		fixture_settle();
		send_fault(kiosk, &two);
		fixture_settle();
		send_fault(lobby, &one);
		fixture_settle();
	}
	g_autofree char *log = fixture_log_take();
	g_assert_cmpstr(log, ==,
		"[kiosk] guest kiosk: CURSOR_POS: scanout 16, but the last one is 15\n"
		"[kiosk] guest kiosk: SCANOUT: scanout 16, but the last one is 15\n"
		"[lobby] guest lobby: CURSOR_POS: scanout 16, but the last one is 15");
	g_assert_cmpuint(channel_counters(kiosk->channel)->faults, ==, 6);
	fixture_destroy(kiosk);
	fixture_destroy(lobby);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	add_sizes();
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/channel/fault/", faults[i].name, NULL);
		g_test_add_data_func(path, &faults[i], test_fault);
	}
	g_test_add_func("/channel/fault/eof-inside", test_eof_inside);
	g_test_add_func("/channel/fault/eof-in-skipped", test_eof_in_skipped);
	g_test_add_func("/channel/fault/eof-between", test_eof_between);
	g_test_add_func("/channel/fault/reset", test_reset);
	g_test_add_func("/channel/fault/silence", test_silence);
	g_test_add_func("/channel/fault/fd-in-payload", test_fd_in_payload);
	g_test_add_func("/channel/fault/lost-fd", test_lost_fd);
	g_test_add_func("/channel/fault/causes", test_causes);
	return g_test_run();
}
