/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel whose process is killed, before and after each system call and each call of its
 * listener, and goes on in another process: the peer, which has not noticed, sees each reply once
 * and in order, and the listener hears of each message, of the one that was being handled perhaps
 * twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/kept_fds.h"

#define WIDTH 40
#define HEIGHT 60
#define EVENTS_MAX 4096
#define LAST_X 999

/* What outlives a process. */
static struct shared {
	struct channel_state state;
	struct channel_journal journal;
	uint32_t pixels[WIDTH * HEIGHT];
	char events[EVENTS_MAX];
	bool fd_in_hand; /* the call before has taken one from the socket, and nobody has it yet */
	unsigned int points; /* so far, of all processes */
	unsigned int kill_at; /* the next one; 0: none */
	unsigned int kill_every; /* from then on; 0: no more */
} * shared;

/* ---- where it can be killed ---- */

static void point(void)
{
	if (++shared->points != shared->kill_at)
		return;
	shared->kill_at = shared->kill_every ? shared->points + shared->kill_every : 0;
	kill(getpid(), SIGKILL);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
	struct timespec *timeout)
{
	int result;

	point();
	shared->fd_in_hand = false;
	result = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
	shared->fd_in_hand = result > 0 && messages->msg_hdr.msg_controllen > 0;
	point();
	return result;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	int result;

	point();
	/* A part of it at a time. */
	if (messages->msg_hdr.msg_iov->iov_len > 100)
		messages->msg_hdr.msg_iov->iov_len = 100;
	result = (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
	point();
	return result;
}

static G_GNUC_PRINTF(1, 2) void event(const char *format, ...)
{
	size_t used = strlen(shared->events);
	va_list arguments;

	point();
	shared->fd_in_hand = false;
	va_start(arguments, format);
	g_vsnprintf(shared->events + used, sizeof(shared->events) - used, format, arguments);
	va_end(arguments);
	point();
}

/* ---- the listener ---- */

static void on_info(void *data, struct virtio_gpu_resp_display_info *info)
{
	info->pmodes[0].width = 4711;
	point();
}

static uint32_t on_edid(void *data, uint32_t scanout, uint8_t *edid)
{
	memset(edid, (int)scanout + 1, 128);
	point();
	return 128;
}

static void on_cursor_pos(void *data, uint32_t scanout, int32_t x, int32_t y, bool visible)
{
	event("cursor_pos %d\n", x);
}

static void on_cursor_update(void *data, const struct vhost_user_gpu_cursor_update *cursor)
{
	event("cursor_update %u %08x\n", cursor->pos.x, cursor->data[4095]);
}

static void on_scanout(void *data, uint32_t scanout, uint32_t width, uint32_t height)
{
	event("scanout %u\n", width);
}

static bool on_update_begin(void *data, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	point();
	if (update->scanout != 0)
		return false;
	pixels->stride = WIDTH * 4;
	pixels->row = (uint8_t *)(shared->pixels + update->y * WIDTH + update->x);
	return true;
}

static void on_update_rows(void *data, const struct vhost_user_gpu_update *update, uint32_t rows)
{
	point();
}

static void on_update_end(void *data, const struct vhost_user_gpu_update *update)
{
	event("update_end %u\n", update->x);
}

static void on_dmabuf_scanout(void *data, uint32_t scanout, const struct channel_dmabuf *dmabuf,
	int fd)
{
	struct kept_fds **kept = data;
	char tag = '-';

	if (fd >= 0)
		g_assert_cmpint(pread(fd, &tag, 1, 0), ==, 1);
	event("dmabuf_scanout %c\n", tag);
	/* It keeps none. */
	kept_fds_remove(*kept, kept_fds_number(*kept, fd), false);
	if (fd >= 0)
		close(fd);
}

static void on_dmabuf_update(void *data, const struct vhost_user_gpu_update *update)
{
	event("dmabuf_update %u\n", update->x);
}

static void on_closed(void *data)
{
	event("closed\n");
}

static const struct channel_listener listener = {
	.display_info = on_info,
	.edid = on_edid,
	.cursor_pos = on_cursor_pos,
	.cursor_update = on_cursor_update,
	.scanout = on_scanout,
	.update_begin = on_update_begin,
	.update_rows = on_update_rows,
	.update_end = on_update_end,
	.dmabuf_scanout = on_dmabuf_scanout,
	.dmabuf_update = on_dmabuf_update,
	.closed = on_closed,
};

/* ---- one process ---- */

static bool answer_one(struct channel *channel)
{
	for (uint32_t i = 0; i < shared->state.owed_count; i++) {
		const struct channel_owed *owed = &shared->state.owed[i];

		if (owed->request != VHOST_USER_GPU_DMABUF_UPDATE || owed->answered)
			continue;
		channel_reply_dmabuf_update(channel);
		return true;
	}
	return false;
}

enum end {
	END_DONE,
	END_LOST = 77, /* an fd had just come, and is gone with the one that was killed */
};

static enum end serve(int socket, const int pair[2], bool first)
{
	g_autofree char *last = g_strdup_printf("cursor_pos %d\n", LAST_X);
	struct kept_fds *kept;
	struct channel *channel;
	const char *why;

	/* Of those before this one nobody died by itself. */
	shared->journal.adopted = 0;
	if (!first && !channel_state_recover(&shared->state, &shared->journal, &why)) {
		g_assert_true(shared->fd_in_hand);
		g_assert_cmpstr(why, ==, "a file descriptor that it had just sent is lost");
		return END_LOST;
	}
	kept = kept_fds_create_from(pair, NULL, NULL);
	g_assert_nonnull(kept);
	channel = channel_create("kiosk", socket, NULL, &shared->state, &listener, &kept, NULL);
	channel_keep(channel, &shared->journal, kept);
	kept_fds_settle(kept);
	while (!strstr(shared->events, last) || shared->state.owed_count > 0 ||
		shared->state.unsent_end > 0) {
		if (!g_main_context_iteration(NULL, FALSE))
			answer_one(channel);
	}
	close(channel_detach(channel));
	kept_fds_destroy(kept);
	return END_DONE;
}

/* ---- the peer ---- */

static void append_words(GByteArray *bytes, uint32_t request, const uint32_t *words, size_t count)
{
	message_append(bytes, request, (uint32_t)(count * 4), words, count * 4);
}

#define APPEND(bytes, request, ...) \
	append_words(bytes, request, ((const uint32_t[]){__VA_ARGS__}), \
		G_N_ELEMENTS(((const uint32_t[]){__VA_ARGS__})))

static void append_update(GByteArray *bytes, uint32_t scanout, uint32_t x, uint32_t width,
	uint32_t height, uint32_t seed)
{
	g_autofree uint32_t *payload = g_new(uint32_t, 5 + width * height);

	payload[0] = scanout;
	payload[1] = x;
	payload[2] = 0;
	payload[3] = width;
	payload[4] = height;
	for (uint32_t i = 0; i < width * height; i++)
		payload[5 + i] = seed + i;
	append_words(bytes, VHOST_USER_GPU_UPDATE, payload, 5 + width * height);
}

static void append_cursor(GByteArray *bytes, uint32_t x, uint32_t seed)
{
	g_autofree uint32_t *payload = g_new(uint32_t, 5 + 4096);

	for (uint32_t i = 0; i < 5 + 4096; i++)
		payload[i] = seed;
	payload[0] = 0;
	payload[1] = x;
	append_words(bytes, VHOST_USER_GPU_CURSOR_UPDATE, payload, 5 + 4096);
}

static void send_all(int peer, GByteArray *bytes, char tag)
{
	int fd = tag ? fixture_memfd(tag) : -1;

	fixture_send_on(peer, bytes->data, bytes->len, &fd, tag ? 1 : 0);
	if (tag)
		close(fd);
	g_byte_array_set_size(bytes, 0);
}

static void send_script(int peer)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	APPEND(bytes, VHOST_USER_GPU_SET_PROTOCOL_FEATURES, 3, 0);
	message_append(bytes, VHOST_USER_GPU_GET_DISPLAY_INFO, 0, NULL, 0);
	APPEND(bytes, VHOST_USER_GPU_GET_EDID, 4);
	APPEND(bytes, VHOST_USER_GPU_SCANOUT, 0, WIDTH, HEIGHT);
	append_update(bytes, 0, 0, WIDTH, HEIGHT, 0x1000);
	append_cursor(bytes, 5, 0xaaaaaaaa);
	APPEND(bytes, VHOST_USER_GPU_CURSOR_POS, 0, 1, 2);
	send_all(peer, bytes, 0);
	/* Of an unknown one, and of an UPDATE that is not wanted, the payload is skipped. */
	message_append(bytes, 99, 3000, shared->pixels, 3000);
	append_update(bytes, 3, 0, 10, 10, 0);
	APPEND(bytes, VHOST_USER_GPU_CURSOR_POS, 0, 3, 4);
	send_all(peer, bytes, 0);
	APPEND(bytes, VHOST_USER_GPU_DMABUF_SCANOUT, 0, 0, 0, 64, 48, 64, 48, 256, 0, 0x34325258);
	APPEND(bytes, VHOST_USER_GPU_DMABUF_UPDATE, 0, 6, 0, 64, 48);
	send_all(peer, bytes, 'A');
	APPEND(bytes, VHOST_USER_GPU_GET_EDID, 1);
	APPEND(bytes, VHOST_USER_GPU_DMABUF_UPDATE, 0, 7, 0, 64, 48);
	send_all(peer, bytes, 0);
	/* Its fd comes with its first bytes, long before the others. */
	APPEND(bytes, VHOST_USER_GPU_DMABUF_SCANOUT, 0, 0, 0, 64, 48, 64, 48, 256, 0, 0x34325258);
	{
		g_autoptr(GByteArray) head = g_byte_array_new();

		g_byte_array_append(head, bytes->data, 7);
		g_byte_array_remove_range(bytes, 0, 7);
		send_all(peer, head, 'B');
	}
	APPEND(bytes, VHOST_USER_GPU_DMABUF_UPDATE, 0, 8, 0, 64, 48);
	append_update(bytes, 0, 2, 3, 50, 0x9000);
	APPEND(bytes, VHOST_USER_GPU_CURSOR_POS, 0, LAST_X, 4);
	send_all(peer, bytes, 0);
}

static const char events[] = "scanout 40\n"
			     "update_end 0\n"
			     "cursor_update 5 aaaaaaaa\n"
			     "cursor_pos 1\n"
			     "cursor_pos 3\n"
			     "dmabuf_scanout A\n"
			     "dmabuf_update 6\n"
			     "dmabuf_update 7\n"
			     "dmabuf_scanout B\n"
			     "dmabuf_update 8\n"
			     "update_end 2\n"
			     "cursor_pos 999\n";

/* Two that are the same, one after the other, are one message that was handled twice. */
static void expect_events(void)
{
	g_auto(GStrv) lines = g_strsplit(shared->events, "\n", -1);
	g_autoptr(GString) seen = g_string_new(NULL);

	for (guint i = 0; lines[i] && *lines[i]; i++) {
		if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
			g_string_append_printf(seen, "%s\n", lines[i]);
	}
	g_assert_cmpstr(seen->str, ==, events);
}

static void expect_pixels(void)
{
	for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
		uint32_t x = i % WIDTH;
		uint32_t y = i / WIDTH;
		bool second = x >= 2 && x < 5 && y < 50;

		g_assert_cmphex(shared->pixels[i], ==,
			second ? 0x9000 + y * 3 + x - 2 : 0x1000 + i);
	}
}

static void expect_replies(int peer)
{
	g_autoptr(GByteArray) bytes = fixture_receive_on(peer);
	static const uint32_t requests[] = {
		VHOST_USER_GPU_GET_DISPLAY_INFO,
		VHOST_USER_GPU_GET_EDID,
		VHOST_USER_GPU_DMABUF_UPDATE,
		VHOST_USER_GPU_GET_EDID,
		VHOST_USER_GPU_DMABUF_UPDATE,
		VHOST_USER_GPU_DMABUF_UPDATE,
	};
	size_t at = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		struct vhost_user_gpu_header header;

		g_assert_cmpuint(bytes->len, >=, at + sizeof(header));
		memcpy(&header, bytes->data + at, sizeof(header));
		g_assert_cmpuint(header.request, ==, requests[i]);
		if (requests[i] == VHOST_USER_GPU_GET_EDID)
			g_assert_cmphex(bytes->data[at + sizeof(header) +
						offsetof(struct virtio_gpu_resp_edid, edid) + 127],
				==, i == 1 ? 5 : 2);
		at += sizeof(header) + header.size;
	}
	g_assert_cmpuint(at, ==, bytes->len);
}

/* ---- tests ---- */

/* The whole script, killed at this point and, unless 0, every so many from then on. How many
 * lived. */
static unsigned int run(unsigned int kill_at, unsigned int kill_every, bool *lost)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	unsigned int lives = 0;
	int status;
	int pair[2];

	memset(shared, 0, sizeof(*shared));
	shared->kill_at = kill_at;
	shared->kill_every = kill_every;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	send_script(pair[0]);
	do {
		pid_t child = fork();

		if (child == 0)
			_exit(serve(pair[1], kept_fds_pair(kept), lives == 0));
		g_assert_cmpint(waitpid(child, &status, 0), ==, child);
		g_assert_cmpuint(++lives, <, 1000);
	} while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	g_assert_true(WIFEXITED(status));
	*lost = WEXITSTATUS(status) == END_LOST;
	if (!*lost) {
		g_assert_cmpint(WEXITSTATUS(status), ==, END_DONE);
		expect_events();
		expect_pixels();
		expect_replies(pair[0]);
	}
	close(pair[0]);
	close(pair[1]);
	kept_fds_destroy(kept);
	return lives;
}

static void test_not_killed(void)
{
	bool lost;

	g_assert_cmpuint(run(0, 0, &lost), ==, 1);
	g_assert_false(lost);
}

static void test_once(void)
{
	unsigned int losses = 0;
	unsigned int points;
	bool lost;

	run(0, 0, &lost);
	points = shared->points;
	g_assert_cmpuint(points, >, 40);
	for (unsigned int i = 1; i <= points; i++) {
		g_assert_cmpuint(run(i, 0, &lost), ==, 2);
		losses += lost;
	}
	/* Right after each of the two calls that brought an fd. */
	g_assert_cmpuint(losses, ==, 2);
}

static void test_often(void)
{
	for (unsigned int every = 12; every < 40; every++) {
		bool lost;

		g_assert_cmpuint(run(every, every, &lost), >, 1);
	}
}

/* What would be read or written out of bounds by who goes on with it; else it is refused for
 * nothing. */
static void test_sound(void)
{
	static const struct channel_state damaged[] = {
		{.begin = 2, .end = 1},
		{.begin = 2, .end = CHANNEL_BUFFER_SIZE + 1},
		{.end = CHANNEL_MESSAGE_MAX + 1},
		{.owed_count = CHANNEL_REPLIES_MAX + 1},
		{.unsent_begin = 2, .unsent_end = 1},
		{.unsent_end = CHANNEL_UNSENT_SIZE + 1},
		{.arrived = 1},
		{.pixels_left = 4},
		{.pixels_left = 20, .update = {0, 0, 0, 2, 2}},
		{.pixels_left = 4, .arrived = 5, .update = {0, 0, 0, 2, 2}},
		{.pixels_left = 4, .skip = 1, .update = {0, 0, 0, 2, 2}},
		{.pixels_left = 4, .update = {16, 0, 0, 2, 2}},
		{.pixels_left = 4, .update = {0, INT32_MAX, 0, 2, 2}},
		{.pixels_left = 4, .update = {0, 0, INT32_MAX, 2, 2}},
		{.pixels_left = 4, .update = {0, 0, 0, 65536, 65536}},
	};
	static const struct channel_state sound = {
		.begin = CHANNEL_BUFFER_SIZE - CHANNEL_MESSAGE_MAX,
		.end = CHANNEL_BUFFER_SIZE,
		.owed_count = CHANNEL_REPLIES_MAX,
		.unsent_end = CHANNEL_UNSENT_SIZE,
		.pixels_left = 16,
		.arrived = 16,
		.update = {15, 0, INT32_MAX - 2, 2, 2},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(damaged); i++)
		g_assert_false(channel_state_sound(&damaged[i]));
	g_assert_true(channel_state_sound(&sound));
}

/* What is not taken is not believed. */
static void test_damaged(void)
{
	static const struct {
		uint32_t call;
		uint32_t bytes;
		size_t control;
		struct channel_state state;
		bool sound;
	} cases[] = {
		{CHANNEL_CALLS, .sound = false},
		{UINT32_MAX, .sound = false},
		{CHANNEL_CALL_NONE, 7, 8, .sound = true},
		{CHANNEL_CALL_MESSAGES, CHANNEL_MESSAGE_MAX, .sound = true},
		{CHANNEL_CALL_MESSAGES, CHANNEL_MESSAGE_MAX + 1, .sound = false},
		{CHANNEL_CALL_MESSAGES, UINT32_MAX - 1, .sound = false},
		{CHANNEL_CALL_MESSAGES, 1, .state = {.end = CHANNEL_MESSAGE_MAX}, .sound = false},
		{CHANNEL_CALL_MESSAGES, 8, 8, .sound = false},
		{CHANNEL_CALL_MESSAGES, STREAM_RECORD_NOTHING, .sound = true},
		{CHANNEL_CALL_PIXELS, CHANNEL_MESSAGE_MAX + 1, .sound = false},
		{CHANNEL_CALL_SKIPPED, 1, .sound = false},
		{CHANNEL_CALL_SKIPPED, 1, .state = {.skip = 1}, .sound = true},
		{CHANNEL_CALL_WRITE, 1, .sound = false},
		{CHANNEL_CALL_WRITE, 1, .state = {.unsent_end = 1}, .sound = true},
		{.state = {.early = {{CHANNEL_FD_NOT_KEPT}}}, .sound = false},
		{.state = {.early = {{CHANNEL_FD_NOT_HAD}}}, .sound = true},
		{.state = {.early = {{1, CHANNEL_BUFFER_SIZE + 1}}}, .sound = false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *why = NULL;

		memset(shared, 0, sizeof(*shared));
		shared->journal.current = 1;
		shared->journal.progress[1].call = cases[i].call;
		memcpy(shared->journal.progress[1].state, &cases[i].state, CHANNEL_PROGRESS_SIZE);
		shared->journal.record.call.msg_len = cases[i].bytes;
		shared->journal.record.call.msg_hdr.msg_controllen = cases[i].control;
		g_assert_cmpint(channel_state_recover(&shared->state, &shared->journal, &why), ==,
			cases[i].sound);
		g_assert_nonnull(why);
	}
}

/* Something in it kills whoever goes on with it; but not who has worked on a message since. */
static void test_fatal(void)
{
	const char *why;

	memset(shared, 0, sizeof(*shared));
	for (unsigned int i = 0; i < CHANNEL_ADOPTED_MAX; i++)
		g_assert_true(channel_state_recover(&shared->state, &shared->journal, &why));
	g_assert_false(channel_state_recover(&shared->state, &shared->journal, &why));
	g_assert_cmpstr(why, ==, "each that went on with it has died of it");
	shared->journal.adopted = 0;
	g_assert_true(channel_state_recover(&shared->state, &shared->journal, &why));
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0,
		0);
	g_assert_true(shared != MAP_FAILED);
	g_test_add_func("/channel/kept/not-killed", test_not_killed);
	g_test_add_func("/channel/kept/once", test_once);
	g_test_add_func("/channel/kept/often", test_often);
	g_test_add_func("/channel/kept/sound", test_sound);
	g_test_add_func("/channel/kept/damaged", test_damaged);
	g_test_add_func("/channel/kept/fatal", test_fatal);
	return g_test_run();
}
