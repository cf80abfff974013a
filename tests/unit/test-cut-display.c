/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back-end on the display socket that is killed, stopped for a while, or silent for ever, at
 * every boundary of a dialogue with all twelve messages and in the middle of each: the other guest
 * gets its frames and replies, what was given comes back, and the next back-end is served as the
 * first was.
 */
#include <fcntl.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

#define WIDTH 16
#define HEIGHT 8
#define PICTURE_BYTES (WIDTH * HEIGHT * 4)

/* Of a message longer than this only some bytes are the last that come. */
#define LONG_MESSAGE 100

enum cut {
	CUT_KILLED, /* the peer's socket is closed */
	CUT_STOPPED, /* SIGSTOP, and SIGCONT when others have lived on */
	CUT_SILENT, /* until the daemon ends */
};

struct line {
	GByteArray *bytes;
	bool with_fd;
};

/* The dialogue, in order; and what the peer gets for it, undisturbed. */
static GPtrArray *lines;
static GByteArray *replies;

/* The dma-bufs that guests a and b show. */
static int dmabufs[2];

static const struct scene_options options = {
	.outputs = 2,
	.width = WIDTH,
	.height = HEIGHT,
	.guests = 2,
	.sections =
		(const struct layout_output[]){
			{.name = "DP-1", .guest = "a"},
			{.name = "DP-2", .guest = "b"},
		},
	.section_count = 2,
};

static void line_free(gpointer data)
{
	struct line *line = data;

	g_byte_array_unref(line->bytes);
	g_free(line);
}

static void add_line(uint32_t request, const void *payload, size_t size, bool with_fd)
{
	struct line *line = g_new0(struct line, 1);

	line->bytes = g_byte_array_new();
	line->with_fd = with_fd;
	message_append(line->bytes, request, (uint32_t)size, payload, size);
	g_ptr_array_add(lines, line);
}

static const struct vhost_user_gpu_update whole = {0, 0, 0, WIDTH, HEIGHT};

static void add_pixels(void)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	g_byte_array_append(payload, (const guint8 *)&whole, sizeof(whole));
	for (guint i = 0; i < PICTURE_BYTES; i++)
		g_byte_array_append(payload, &(guint8){(guint8)i}, 1);
	add_line(VHOST_USER_GPU_UPDATE, payload->data, payload->len, false);
}

static const struct vhost_user_gpu_dmabuf_scanout2 shown = {
	.dmabuf_scanout = {.width = WIDTH,
		.height = HEIGHT,
		.fd_width = WIDTH,
		.fd_height = HEIGHT,
		.fd_stride = WIDTH * 4,
		.fd_drm_fourcc = (int32_t)DRM_FORMAT_XRGB8888},
};

static void make_dialogue(void)
{
	const uint64_t features = 3;
	const uint32_t first = 0;
	const struct vhost_user_gpu_scanout scanout = {0, WIDTH, HEIGHT};
	const struct vhost_user_gpu_dmabuf_scanout none = {0};
	const struct vhost_user_gpu_cursor_pos at = {0, 3, 4};
	static const struct vhost_user_gpu_cursor_update cursor = {.pos = {0, 1, 2}};

	lines = g_ptr_array_new_with_free_func(line_free);
	add_line(VHOST_USER_GPU_GET_PROTOCOL_FEATURES, NULL, 0, false);
	add_line(VHOST_USER_GPU_SET_PROTOCOL_FEATURES, &features, sizeof(features), false);
	add_line(VHOST_USER_GPU_GET_DISPLAY_INFO, NULL, 0, false);
	add_line(VHOST_USER_GPU_GET_EDID, &first, sizeof(first), false);
	add_line(VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), false);
	add_pixels();
	add_line(VHOST_USER_GPU_CURSOR_UPDATE, &cursor, sizeof(cursor), false);
	add_line(VHOST_USER_GPU_CURSOR_POS, &at, sizeof(at), false);
	add_line(VHOST_USER_GPU_DMABUF_SCANOUT, &shown.dmabuf_scanout, sizeof(shown.dmabuf_scanout),
		true);
	add_line(VHOST_USER_GPU_DMABUF_UPDATE, &whole, sizeof(whole), false);
	add_line(VHOST_USER_GPU_DMABUF_SCANOUT2, &shown, sizeof(shown), true);
	add_line(VHOST_USER_GPU_DMABUF_UPDATE, &whole, sizeof(whole), false);
	add_line(VHOST_USER_GPU_CURSOR_POS_HIDE, &at, sizeof(at), false);
	add_line(VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), false);
	add_pixels();
	add_line(VHOST_USER_GPU_DMABUF_SCANOUT, &none, sizeof(none), false);
	add_line(VHOST_USER_GPU_GET_EDID, &first, sizeof(first), false);
}

static int a_dmabuf(size_t guest)
{
	return fcntl(dmabufs[guest], F_DUPFD_CLOEXEC, 0);
}

static void flip_all(struct scene *scene, size_t output)
{
	struct kms_output *shown_on = scene_output(scene, output);

	fixture_settle();
	if (shown_on->cursor_in_flight)
		fake_flip_cursor(shown_on);
	while (shown_on->queued.frame.buffer)
		fake_flip(shown_on);
	fixture_settle();
}

/* Guest a's bytes from `begin` to `end` of a line. */
static void send_part(struct scene *scene, const struct line *line, size_t begin, size_t end)
{
	if (begin == end)
		return;
	scene_send_raw(scene, 0, line->bytes->data + begin, end - begin,
		line->with_fd && begin == 0 ? a_dmabuf(0) : -1);
}

static void receive(struct scene *scene, GByteArray *into)
{
	GByteArray *got = fixture_receive_on(scene->peers[0]);

	if (into)
		g_byte_array_append(into, got->data, got->len);
	g_byte_array_unref(got);
}

/* The dialogue's lines from `first` on, before `end`, each shown before the next. */
static void speak(struct scene *scene, guint first, guint end, GByteArray *into)
{
	for (guint i = first; i < end; i++) {
		const struct line *line = g_ptr_array_index(lines, i);

		send_part(scene, line, 0, line->bytes->len);
		flip_all(scene, 0);
		receive(scene, into);
	}
}

static void begin_other(struct scene *scene)
{
	scene_send(scene, 1, VHOST_USER_GPU_DMABUF_SCANOUT, &shown.dmabuf_scanout,
		sizeof(shown.dmabuf_scanout), a_dmabuf(1));
}

/* The other guest shows a frame, and is answered by its flip and by nothing else. */
static void other_lives(struct scene *scene)
{
	struct kms_output *output = scene_output(scene, 1);

	for (int i = 0; i < 2; i++) {
		size_t commits = output->commit_count;

		scene_send(scene, 1, VHOST_USER_GPU_DMABUF_UPDATE, &whole, sizeof(whole), -1);
		g_assert_cmpuint(output->commit_count, ==, commits + 1);
		g_assert_cmpuint(scene_replies(scene, 1), ==, 0);
		fake_flip(output);
		g_assert_cmpuint(scene_replies(scene, 1), ==, 1);
	}
	g_assert_cmpuint(scene->detached[1], ==, 0);
}

/* The socket is closed by us, once, and by one line where the peer had begun a message. */
static void expect_gone(struct scene *scene, bool inside)
{
	g_assert_cmpuint(scene->detached[0], ==, 1);
	if (inside)
		scene_expect_log("guest a: ");
	else
		scene_expect_no_log();
	fixture_peers_forget();
}

static void expect_replies(const GByteArray *got)
{
	g_assert_cmpmem(got->data, got->len, replies->data, replies->len);
}

/* `late`: the frame of the last message that came whole is still on its way to the glass. */
static void cut_at(enum cut cut, guint number, size_t byte, bool late)
{
	size_t fds = fixture_count_fds();
	struct scene *scene = scene_create(&options);
	const struct line *line = g_ptr_array_index(lines, number);
	size_t size = line->bytes->len;
	g_autoptr(GByteArray) got = g_byte_array_new();

	begin_other(scene);
	speak(scene, 0, number, got);
	send_part(scene, line, 0, byte);
	if (!late)
		flip_all(scene, 0);
	if (cut == CUT_KILLED)
		scene_hang_up(scene, 0);
	other_lives(scene);
	flip_all(scene, 0);
	other_lives(scene);

	switch (cut) {
	case CUT_KILLED:
		expect_gone(scene, byte > 0 && byte < size);
		scene_attach(scene, 0);
		g_byte_array_set_size(got, 0);
		speak(scene, 0, lines->len, got);
		expect_replies(got);
		g_assert_cmpuint(scene->detached[0], ==, 1);
		break;
	case CUT_STOPPED:
		send_part(scene, line, byte, size);
		flip_all(scene, 0);
		receive(scene, got);
		speak(scene, number + 1, lines->len, got);
		expect_replies(got);
		g_assert_cmpuint(scene->detached[0], ==, 0);
		break;
	case CUT_SILENT:
		g_assert_cmpuint(scene->detached[0], ==, 0);
		break;
	}
	other_lives(scene);
	scene_expect_no_log();
	scene_destroy(scene);
	fixture_settle();
	fixture_peers_forget();
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

static void test_cut(gconstpointer data)
{
	enum cut cut = (enum cut)GPOINTER_TO_UINT(data);

	for (guint i = 0; i < lines->len; i++) {
		const struct line *line = g_ptr_array_index(lines, i);
		size_t step = line->bytes->len > LONG_MESSAGE ? line->bytes->len / 30 : 1;

		for (size_t byte = 0; byte < line->bytes->len; byte += step)
			cut_at(cut, i, byte, false);
		cut_at(cut, i, line->bytes->len - 1, false);
		cut_at(cut, i, line->bytes->len, false);
		cut_at(cut, i, line->bytes->len, true);
	}
}

/* The dialogue as it is without a fault. */
static void test_whole(void)
{
	struct scene *scene = scene_create(&options);

	begin_other(scene);
	replies = g_byte_array_new();
	speak(scene, 0, lines->len, replies);
	/* Features, displays, two EDIDs, and two flips. */
	g_assert_cmpuint(replies->len, ==,
		6 * sizeof(struct vhost_user_gpu_header) + sizeof(uint64_t) +
			sizeof(struct virtio_gpu_resp_display_info) +
			2 * sizeof(struct virtio_gpu_resp_edid));
	other_lives(scene);
	scene_expect_no_log();
	scene_destroy(scene);
	fixture_settle();
	fixture_peers_forget();
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(dmabufs); i++)
		dmabufs[i] = fake_dmabuf_create(PICTURE_BYTES, NULL);
	make_dialogue();
	g_test_add_func("/cut/display/whole", test_whole);
	g_test_add_data_func("/cut/display/killed", GUINT_TO_POINTER(CUT_KILLED), test_cut);
	g_test_add_data_func("/cut/display/stopped", GUINT_TO_POINTER(CUT_STOPPED), test_cut);
	g_test_add_data_func("/cut/display/silent", GUINT_TO_POINTER(CUT_SILENT), test_cut);
	int status = g_test_run();
	for (size_t i = 0; i < G_N_ELEMENTS(dmabufs); i++)
		close(dmabufs[i]);
	g_ptr_array_unref(lines);
	g_clear_pointer(&replies, g_byte_array_unref);
	return status;
}
