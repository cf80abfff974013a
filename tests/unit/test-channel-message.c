/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Good messages, however they are cut: every message split at every byte, byte by byte, glued to
 * every other one in one read, and continued by a successor at every byte; each with the fd it
 * carries.
 */
#include <string.h>
#include <unistd.h>

#include "channel_fixture.h"

#define FIRST VHOST_USER_GPU_GET_PROTOCOL_FEATURES
#define LAST VHOST_USER_GPU_DMABUF_SCANOUT2

static bool takes_fd(uint32_t request)
{
	return request == VHOST_USER_GPU_DMABUF_SCANOUT ||
		request == VHOST_USER_GPU_DMABUF_SCANOUT2;
}

static struct channel_fixture *create(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 20);

	fixture->reply_at_once = true;
	return fixture;
}

static void expect_replies(struct channel_fixture *fixture, const uint32_t *requests, size_t count)
{
	g_autoptr(GByteArray) bytes = fixture_receive(fixture);
	size_t offset = 0;

	for (size_t i = 0; i < count; i++)
		if (message_reply_size(requests[i]))
			offset = reply_check(bytes, offset, requests[i]);
	g_assert_cmpuint(bytes->len, ==, offset);
}

/* Sends bytes[from…to), with the fd on the first byte if they begin a message that takes one. */
static void send_part(struct channel_fixture *fixture, const GByteArray *bytes, size_t from,
	size_t to, uint32_t request)
{
	int fd = from == 0 && to > 0 && takes_fd(request) ? fixture_memfd('A') : -1;

	fixture_send(fixture, bytes->data + from, to - from, &fd, fd >= 0 ? 1 : 0);
	if (fd >= 0)
		close(fd);
}

static void test_split(gconstpointer data)
{
	uint32_t request = GPOINTER_TO_UINT(data);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();

	message_append_good(bytes, request);
	for (size_t split = 0; split <= bytes->len; split++) {
		send_part(fixture, bytes, 0, split, request);
		fixture_settle();
		if (split < bytes->len)
			fixture_expect(fixture, "");
		send_part(fixture, bytes, split, bytes->len, request);
		fixture_settle();
		fixture_expect(fixture, message_good_event(request));
		expect_replies(fixture, &request, 1);
	}
	g_assert_cmpuint(channel_counters(fixture->channel)->faults, ==, 0);
	g_assert_cmpuint(channel_counters(fixture->channel)->messages, ==, bytes->len + 1);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* The fd comes with a later byte of its message: no peer does so, but it is not lost. */
static void test_late_fd(gconstpointer data)
{
	uint32_t request = GPOINTER_TO_UINT(data);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();

	message_append_good(bytes, request);
	for (size_t split = 1; split < bytes->len; split++) {
		int fd = fixture_memfd('A');
		fixture_send(fixture, bytes->data, split, NULL, 0);
		if (split % 2)
			fixture_settle();
		fixture_send(fixture, bytes->data + split, bytes->len - split, &fd, 1);
		close(fd);
		fixture_settle();
		fixture_expect(fixture, message_good_event(request));
	}
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* All twelve, a byte at a time. */
static void test_byte_by_byte(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();

	for (uint32_t request = FIRST; request <= LAST; request++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		message_append_good(bytes, request);
		for (size_t i = 0; i < bytes->len; i++) {
			send_part(fixture, bytes, i, i + 1, i ? 0 : request);
			fixture_settle();
		}
		fixture_expect(fixture, message_good_event(request));
		expect_replies(fixture, &request, 1);
	}
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* The events of a pair: replies are made at the end of a turn, so what a GET asks comes last. */
static char *pair_events(uint32_t first, uint32_t second)
{
	bool first_asks = first == VHOST_USER_GPU_GET_DISPLAY_INFO ||
		first == VHOST_USER_GPU_GET_EDID;
	bool second_asks = second == VHOST_USER_GPU_GET_DISPLAY_INFO ||
		second == VHOST_USER_GPU_GET_EDID;
	const char *a = message_good_event(first);
	const char *b = message_good_event(second);

	if (first_asks && !second_asks)
		return g_strconcat(b, a, NULL);
	return g_strconcat(a, b, NULL);
}

/* Two messages wait in the socket before anything is read; each with its own fd. */
static void test_coalesced(gconstpointer data)
{
	uint32_t first = GPOINTER_TO_UINT(data);
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();

	for (uint32_t second = FIRST; second <= LAST; second++) {
		const uint32_t requests[] = {first, second};
		g_autofree char *events = pair_events(first, second);
		g_autofree char *swapped = g_strconcat(message_good_event(first),
			message_good_event(second), NULL);

		for (size_t i = 0; i < 2; i++) {
			g_autoptr(GByteArray) bytes = g_byte_array_new();
			message_append_good(bytes, requests[i]);
			send_part(fixture, bytes, 0, bytes->len, requests[i]);
		}
		fixture_settle();
		/* A message with an fd, or one that is large, ends a read: then it is a turn
		 * each. */
		if (!g_str_equal(fixture->events->str, swapped))
			g_assert_cmpstr(fixture->events->str, ==, events);
		g_string_truncate(fixture->events, 0);
		expect_replies(fixture, requests, 2);
	}
	g_assert_cmpuint(channel_counters(fixture->channel)->faults, ==, 0);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* The first message's bytes in the same sendmsg as the fd-carrying second one, cut at every
 * byte. */
static void test_glued(gconstpointer data)
{
	uint32_t first = GPOINTER_TO_UINT(data) >> 8;
	uint32_t second = GPOINTER_TO_UINT(data) & 0xff;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();
	g_autofree char *events = g_strconcat(message_good_event(first), message_good_event(second),
		NULL);

	message_append_good(bytes, first);
	size_t border = bytes->len;
	message_append_good(bytes, second);
	/* One piece with the fd, reaching back to `from` and on to `to`. */
	for (size_t from = 0; from <= border; from++) {
		for (size_t to = border + 1; to <= bytes->len; to++) {
			int fd = fixture_memfd('A');
			fixture_send(fixture, bytes->data, from, NULL, 0);
			fixture_send(fixture, bytes->data + from, to - from, &fd, 1);
			fixture_send(fixture, bytes->data + to, bytes->len - to, NULL, 0);
			close(fd);
			fixture_settle();
			fixture_expect(fixture, events);
			expect_replies(fixture, &first, 1);
		}
	}
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Three dma-bufs in a row, all there before the first read: each message gets its own. */
static void test_fds_in_order(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_DMABUF_SCANOUT);
	for (int tag = '1'; tag <= '3'; tag++) {
		int fd = fixture_memfd((char)tag);
		fixture_send(fixture, bytes->data, bytes->len, &fd, 1);
		close(fd);
	}
	/* Without one: it disables. */
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	fixture_settle();

	g_auto(GStrv) lines = g_strsplit(fixture->events->str, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 5);
	g_assert_true(g_str_has_suffix(lines[0], "fd 1"));
	g_assert_true(g_str_has_suffix(lines[1], "fd 2"));
	g_assert_true(g_str_has_suffix(lines[2], "fd 3"));
	g_assert_cmpstr(lines[3], ==,
		"dmabuf_scanout 6 0x0+0+0 of 0x0 stride 0 fourcc 00000000 modifier ffffffffffffff "
		"upright fd -");
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* At every byte of every message the channel ends and another goes on over the same state. */
static void test_successor(gconstpointer data)
{
	uint32_t request = GPOINTER_TO_UINT(data);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();

	/* Neighbours on both sides, so that read-ahead has something to keep. */
	message_append_good(bytes, VHOST_USER_GPU_CURSOR_POS);
	size_t begin = bytes->len;
	message_append_good(bytes, request);
	size_t end = bytes->len;
	message_append_good(bytes, VHOST_USER_GPU_SCANOUT);
	g_autofree char *events = g_strconcat(message_good_event(VHOST_USER_GPU_CURSOR_POS),
		message_good_event(request), NULL);
	/* The large one in larger steps: they meet every border of the buffer and the header. */
	size_t step = request == VHOST_USER_GPU_CURSOR_UPDATE ? 61 : 1;

	for (size_t split = 0; split <= end; split += step) {
		fixture_send(fixture, bytes->data, split, NULL, 0);
		fixture_settle();
		fixture_succeed(fixture);
		fixture_settle();
		fixture_send(fixture, bytes->data + split, end - split, NULL, 0);
		fixture_settle();
		fixture_expect(fixture, events);
		/* And nothing is left behind. */
		fixture_send(fixture, bytes->data + end, bytes->len - end, NULL, 0);
		fixture_settle();
		fixture_expect(fixture, message_good_event(VHOST_USER_GPU_SCANOUT));
		expect_replies(fixture, &request, 1);
	}
	g_assert_cmpuint(begin, <, end);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/*
 * A long random mixture, sent in random pieces with random pauses, so that every border of the
 * read-ahead is met. A piece with an fd begins with its message, as real peers send it.
 */
static void test_mixture(gconstpointer data)
{
	/* Whose events come in the order of the messages: a GET is asked at the end of a turn. */
	static const uint32_t kinds[] = {1, 2, 4, 5, 6, 7, 8, 9, 9, 10, 10, 10, 12, 4, 4, 8};
	g_autoptr(GRand) random = g_rand_new_with_seed(GPOINTER_TO_UINT(data));
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = create();
	g_autoptr(GByteArray) pending = g_byte_array_new();
	g_autoptr(GString) wanted = g_string_new(NULL);
	size_t messages = 0;

	while (messages < 3000) {
		uint32_t request = kinds[g_rand_int_range(random, 0, G_N_ELEMENTS(kinds))];
		int fd = takes_fd(request) ? fixture_memfd('A') : -1;
		size_t begin = pending->len;

		if (fd >= 0) {
			fixture_send(fixture, pending->data, pending->len, NULL, 0);
			g_byte_array_set_size(pending, 0);
			begin = 0;
		}
		message_append_good(pending, request);
		g_string_append(wanted, message_good_event(request));
		messages++;
		if (fd >= 0 || g_rand_int_range(random, 0, 4) == 0) {
			size_t end = (size_t)g_rand_int_range(random, (gint32)begin + 1,
				(gint32)pending->len + 1);
			fixture_send(fixture, pending->data, end, &fd, fd >= 0 ? 1 : 0);
			g_byte_array_remove_range(pending, 0, (guint)end);
		}
		if (fd >= 0)
			close(fd);
		/* Before the socket is full. */
		if (pending->len > 60000 || g_rand_int_range(random, 0, 6) == 0) {
			fixture_settle();
			g_byte_array_unref(fixture_receive(fixture));
		}
	}
	fixture_send(fixture, pending->data, pending->len, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, wanted->str);
	g_assert_cmpuint(channel_counters(fixture->channel)->messages, ==, messages);
	g_assert_cmpuint(channel_counters(fixture->channel)->faults, ==, 0);
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Rectangles of every width at every place, wider than one recvmsg's rows, in odd pieces. */
static void check_pixels(uint32_t width, uint32_t height, uint32_t padding)
{
	struct channel_fixture *fixture = fixture_create("kiosk", width, height, padding);
	g_autofree uint8_t *model = g_malloc(fixture->stride * height);
	g_autoptr(GRand) random = g_rand_new_with_seed(width * 31 + padding);

	memcpy(model, fixture->surface, fixture->stride * height);
	for (int round = 0; round < 60; round++) {
		struct vhost_user_gpu_update update = {0};
		update.width = round ? (uint32_t)g_rand_int_range(random, 1, (gint32)width + 1)
				     : width;
		update.height = round ? (uint32_t)g_rand_int_range(random, 1, (gint32)height + 1)
				      : height;
		update.x = (uint32_t)g_rand_int_range(random, 0,
			(gint32)(width - update.width) + 1);
		update.y = (uint32_t)g_rand_int_range(random, 0,
			(gint32)(height - update.height) + 1);

		size_t row = update.width * 4, size = row * update.height;
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		message_append(bytes, VHOST_USER_GPU_UPDATE, (uint32_t)(sizeof(update) + size),
			&update, sizeof(update));
		guint head = bytes->len;
		g_byte_array_set_size(bytes, head + (guint)size);
		for (size_t i = 0; i < size; i++) {
			uint8_t byte = (uint8_t)g_rand_int(random);
			bytes->data[head + i] = byte;
			model[(update.y + i / row) * fixture->stride + update.x * 4 + i % row] =
				byte;
		}
		message_append_good(bytes, VHOST_USER_GPU_SCANOUT);

		for (size_t sent = 0; sent < bytes->len;) {
			size_t part = (size_t)g_rand_int_range(random, 1, 50000);
			part = MIN(part, bytes->len - sent);
			fixture_send(fixture, bytes->data + sent, part, NULL, 0);
			sent += part;
			fixture_settle();
			/* Whole rows are told as they come, and the last ones by the end. */
			if (sent >= head && sent - head < size)
				g_assert_cmpuint(fixture->rows, ==, (sent - head) / row);
		}
		g_assert_true(g_str_has_suffix(fixture->events->str, "scanout 15 1920 1080\n"));
		g_assert_true(g_str_has_prefix(fixture->events->str, "update_end 0 "));
		g_string_truncate(fixture->events, 0);
		g_assert_cmpmem(fixture->surface, fixture->stride * height, model,
			fixture->stride * height);
	}
	fixture_destroy(fixture);
	g_assert_null(fixture_log_take());
}

static void test_pixels_packed(void)
{
	check_pixels(160, 90, 0);
}

static void test_pixels_padded(void)
{
	check_pixels(97, 61, 36);
}

/* More rows than one recvmsg takes. */
static void test_pixels_tall(void)
{
	check_pixels(3, 1300, 4);
}

static void add(const char *path, uint32_t request, GTestDataFunc function)
{
	g_autofree char *full = g_strdup_printf("/channel/%s/%u", path, request);

	g_test_add_data_func(full, GUINT_TO_POINTER(request), function);
}

int main(int argc, char **argv)
{
	static const uint32_t glued[][2] = {{8, 9}, {4, 12}, {4, 9}, {7, 9}, {10, 12}, {2, 12}};

	fixture_init(&argc, &argv);
	for (uint32_t request = FIRST; request <= LAST; request++) {
		add("split", request, test_split);
		add("coalesced", request, test_coalesced);
		if (takes_fd(request))
			add("late-fd", request, test_late_fd);
		else
			add("successor", request, test_successor);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(glued); i++) {
		g_autofree char *path = g_strdup_printf("/channel/glued/%u+%u", glued[i][0],
			glued[i][1]);
		g_test_add_data_func(path, GUINT_TO_POINTER(glued[i][0] << 8 | glued[i][1]),
			test_glued);
	}
	for (uint32_t seed = 1; seed <= 8; seed++)
		add("mixture", seed, test_mixture);
	g_test_add_func("/channel/byte-by-byte", test_byte_by_byte);
	g_test_add_func("/channel/fds-in-order", test_fds_in_order);
	g_test_add_func("/channel/pixels/packed", test_pixels_packed);
	g_test_add_func("/channel/pixels/padded", test_pixels_padded);
	g_test_add_func("/channel/pixels/tall", test_pixels_tall);
	return g_test_run();
}
