/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel that is destroyed, or closed, at the worst moment: from inside each function of its
 * listener, with its state freed at once, with messages and fds behind the one that is handled.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"

struct moment {
	const char *function;
	uint32_t request;
};

static const struct moment moments[] = {
	{"display_info", 3},
	{"edid", 11},
	{"cursor_pos", 4},
	{"cursor_update", 6},
	{"scanout", 7},
	{"update_begin", 8},
	{"update_end", 8},
	{"dmabuf_scanout", 9},
	{"dmabuf_update", 10},
};

static void append_with_neighbours(GByteArray *bytes, uint32_t request)
{
	message_append_good(bytes, VHOST_USER_GPU_SET_PROTOCOL_FEATURES);
	message_append_good(bytes, request);
	message_append_good(bytes, VHOST_USER_GPU_CURSOR_POS);
	message_append_good(bytes, VHOST_USER_GPU_GET_EDID);
}

static void test_destroyed(gconstpointer data)
{
	const struct moment *moment = data;
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int fd = fixture_memfd('A');

	append_with_neighbours(bytes, moment->request);
	fixture->destroy_in = moment->function;
	fixture_send(fixture, bytes->data, bytes->len, moment->request == 9 ? &fd : NULL,
		moment->request == 9);
	/* More than one read, and an fd that nobody takes. */
	fixture_send(fixture, bytes->data, bytes->len, &fd, 1);
	close(fd);
	fixture_settle();
	g_assert_null(fixture->channel);
	g_assert_null(fixture->state);
	/* It was the last that was heard. */
	g_auto(GStrv) lines = g_strsplit(fixture->events->str, "\n", -1);
	guint count = g_strv_length(lines);
	g_assert_cmpuint(count, >=, 2);
	g_assert_true(g_str_has_prefix(lines[count - 2], moment->function));
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
	/* Of the fd that belongs nowhere, where it came to that. */
	g_free(fixture_log_take());
}

/* In the middle of a payload. */
static void test_destroyed_in_rows(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_UPDATE);
	fixture->destroy_in = "update_rows";
	fixture_send(fixture, bytes->data, bytes->len - 1, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, "update_rows\n");
	g_assert_null(fixture->channel);
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Inside the answer to an update, whose turn brings up a GET. */
static void test_destroyed_in_reply(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_DMABUF_UPDATE);
	message_append_good(bytes, VHOST_USER_GPU_GET_EDID);
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, message_good_event(VHOST_USER_GPU_DMABUF_UPDATE));
	fixture->destroy_in = "edid";
	channel_reply_dmabuf_update(fixture->channel);
	g_assert_null(fixture->channel);
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* From closed(): the ordinary way for a guest. By EOF, and by a fault. */
static void test_destroyed_in_closed(void)
{
	for (int faulty = 0; faulty < 2; faulty++) {
		size_t fds = fixture_count_fds();
		struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		fixture->destroy_in = "closed";
		if (faulty) {
			message_append(bytes, VHOST_USER_GPU_SCANOUT, 3, NULL, 0);
			fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
		} else {
			close(fixture->peer);
			fixture->peer = -1;
		}
		fixture_settle();
		fixture_expect(fixture, "closed\n");
		g_assert_null(fixture->channel);
		fixture_destroy(fixture);
		g_assert_cmpuint(fixture_count_fds(), ==, fds);
		g_autofree char *log = fixture_log_take();
		g_assert_true(faulty == (log != NULL));
	}
}

/* Whoever breaks the protocol, or goes in mid-message, has not left as it may. */
static void test_not_left(void)
{
	for (int cut = 0; cut < 2; cut++) {
		struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		message_append(bytes, VHOST_USER_GPU_SCANOUT, 3, NULL, 0);
		fixture_send(fixture, bytes->data, cut ? 4 : bytes->len, NULL, 0);
		close(fixture->peer);
		fixture->peer = -1;
		fixture_settle();
		fixture_expect(fixture, "closed\n");
		g_assert_false(channel_left(fixture->channel));
		fixture_destroy(fixture);
		g_free(fixture_log_take());
	}
}

/* Closed but not destroyed: nothing more is called, nothing is sent, the fd is gone. */
static void test_closed_stays_closed(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);

	close(fixture->peer);
	fixture->peer = -1;
	fixture_settle();
	fixture_expect(fixture, "closed\n");
	g_assert_true(channel_left(fixture->channel));
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
	channel_reply_dmabuf_update(fixture->channel);
	fixture_settle();
	fixture_expect(fixture, "");
	g_assert_cmpint(channel_detach(fixture->channel), ==, -1);
	fixture->channel = NULL;
	fixture_destroy(fixture);
}

/* An fd came ahead of its message, then the channel goes: the fd goes with it. */
static void test_destroyed_with_fd(void)
{
	size_t fds = fixture_count_fds();
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int fd = fixture_memfd('A');

	message_append_good(bytes, VHOST_USER_GPU_DMABUF_SCANOUT);
	fixture_send(fixture, bytes->data, 5, &fd, 1);
	close(fd);
	fixture_settle();
	g_assert_cmpuint(fixture_count_fds(), ==, fds + 3);
	fixture_destroy(fixture);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* A successor in the middle of pixels whose surface has gone: the rest is skipped, and said so. */
static void test_successor_without_surface(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append_good(bytes, VHOST_USER_GPU_UPDATE);
	message_append_good(bytes, VHOST_USER_GPU_CURSOR_POS);
	fixture_send(fixture, bytes->data, 40, NULL, 0);
	fixture_settle();
	fixture->width = 2;
	fixture_succeed(fixture);
	fixture_settle();
	fixture->width = 16;
	fixture_send(fixture, bytes->data + 40, bytes->len - 40, NULL, 0);
	fixture_settle();
	fixture_expect(fixture, message_good_event(VHOST_USER_GPU_CURSOR_POS));
	g_autofree char *log = fixture_log_take();
	g_assert_nonnull(strstr(log, "is not inside scanout 0: skipped"));
	fixture_destroy(fixture);
}

/* What the peer may use is what it said, of what we know. */
static void test_features(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 0);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	const uint64_t features = 0xf2;

	message_append(bytes, VHOST_USER_GPU_SET_PROTOCOL_FEATURES, 8, &features, 8);
	fixture_send(fixture, bytes->data, bytes->len, NULL, 0);
	fixture_settle();
	g_assert_cmphex(fixture->state->features, ==, VHOST_USER_GPU_FEATURE_DMABUF2);
	g_free(fixture_log_take());
	fixture_destroy(fixture);
}

/* A number that is no fd is an error, not a channel. */
static void test_bad_fd(void)
{
	g_autoptr(GError) error = NULL;
	static const struct channel_listener nobody;
	static struct channel_state state;
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 500);

	close(fd);
	g_assert_null(channel_create("kiosk", fd, NULL, &state, &nobody, NULL, &error));
	g_assert_nonnull(error);
}

/* No fault, and answered: what a VMM says first could be said by a back-end. */
static void test_vmm(void)
{
	struct channel_fixture *fixture = fixture_create("guest", 40, 30, 0);
	const struct vhost_user_gpu_header vhost_user = {1, 1, 0};
	const struct vhost_user_gpu_header garbage = {1, 5, 0};

	for (unsigned int i = 0; i < 2; i++) {
		g_autofree char *log = NULL;

		fixture_send(fixture, &vhost_user, sizeof(vhost_user), NULL, 0);
		fixture_settle();
		log = fixture_log_take();
		/* Said of the first message alone. */
		g_assert_true(i == 0 ? log && strstr(log, "guest guest: ") &&
					strstr(log, "a VMM belongs at vmm-socket=")
				     : !log);
		g_byte_array_unref(fixture_receive(fixture));
	}
	fixture_destroy(fixture);
	fixture = fixture_create("guest", 40, 30, 0);
	fixture_send(fixture, &garbage, sizeof(garbage), NULL, 0);
	fixture_settle();
	g_assert_null(fixture_log_take());
	g_byte_array_unref(fixture_receive(fixture));
	fixture_destroy(fixture);
}

/* ---- the share of a turn ---- */

/* Before the channel has its turn, the guest's devices have had all of the guest's share. */
static gboolean use_share_up(gpointer data)
{
	struct turn_share *share = data;

	share->turn_us = g_source_get_time(g_main_current_source());
	share->used_us = G_USEC_PER_SEC;
	return G_SOURCE_CONTINUE;
}

static unsigned int count_events(const struct channel_fixture *fixture)
{
	unsigned int count = 0;

	for (const char *line = fixture->events->str; *line; line++)
		count += *line == '\n';
	return count;
}

/* A few messages a turn are left to it then, and none is lost. */
static void test_share_used_up(void)
{
	struct channel_fixture *fixture;
	g_autoptr(GSource) others = g_timeout_source_new(G_MAXUINT);
	struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed)) messages[30];
	unsigned int seen = 0;
	unsigned int turns = 0;

	for (uint32_t i = 0; i < G_N_ELEMENTS(messages); i++) {
		messages[i].header = (struct vhost_user_gpu_header){VHOST_USER_GPU_SCANOUT, 0,
			sizeof(messages[i].scanout)};
		messages[i].scanout = (struct vhost_user_gpu_scanout){i % 16, i + 1, 1};
	}
	/* Attached before the channel's own, it comes before it. */
	g_source_attach(others, NULL);
	fixture = fixture_create("kiosk", 16, 16, 0);
	g_source_set_callback(others, use_share_up, account_share(fixture->account), NULL);
	fixture_send_on(fixture->peer, messages, sizeof(messages), NULL, 0);
	while (seen < G_N_ELEMENTS(messages)) {
		unsigned int now;

		g_source_set_ready_time(others, 0);
		g_main_context_iteration(NULL, FALSE);
		now = count_events(fixture);
		g_assert_cmpuint(now - seen, <=, 10);
		turns += now > seen;
		seen = now;
	}
	g_assert_cmpuint(turns, >=, 3);
	g_source_destroy(others);
	fixture_destroy(fixture);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
		g_autofree char *path = g_strconcat("/channel/destroyed-in/", moments[i].function,
			NULL);
		g_test_add_data_func(path, &moments[i], test_destroyed);
	}
	g_test_add_func("/channel/destroyed-in/update_rows", test_destroyed_in_rows);
	g_test_add_func("/channel/destroyed-in/reply", test_destroyed_in_reply);
	g_test_add_func("/channel/destroyed-in/closed", test_destroyed_in_closed);
	g_test_add_func("/channel/life/closed-stays-closed", test_closed_stays_closed);
	g_test_add_func("/channel/life/not-left", test_not_left);
	g_test_add_func("/channel/life/destroyed-with-fd", test_destroyed_with_fd);
	g_test_add_func("/channel/life/successor-without-surface", test_successor_without_surface);
	g_test_add_func("/channel/life/share-used-up", test_share_used_up);
	g_test_add_func("/channel/life/features", test_features);
	g_test_add_func("/channel/life/bad-fd", test_bad_fd);
	g_test_add_func("/channel/vmm", test_vmm);
	return g_test_run();
}
