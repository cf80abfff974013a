/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixture of the channel's tests: a listener that writes down what it is told, messages of
 * every kind, and the log.
 */
#include "channel_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/account.h"
#include "wire/closer.h"

#define GUARD_BYTE 0xa5

/* More turns than any test needs: a source that is always ready is a bug. */
#define TURNS_MAX 200000

static GString *log_lines;
static GString *peer_lines;

/* ---- the log ---- */

/* Kept apart: most tests are about what goes wrong. */
static bool is_of_peer(GLogLevelFlags level, const char *message)
{
	return (level & G_LOG_LEVEL_INFO) &&
		(strstr(message, " has connected") || strstr(message, " has disconnected"));
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	const char *message = "";
	const char *guest = NULL;

	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			message = fields[i].value;
		else if (g_str_equal(fields[i].key, "SCANOUTD_GUEST"))
			guest = fields[i].value;
	}
	GString *lines = is_of_peer(level, message) ? peer_lines : log_lines;

	g_string_append_printf(lines, "%s[%s] %s", lines->len ? "\n" : "", guest ? guest : "",
		message);
	return G_LOG_WRITER_HANDLED;
}

void fixture_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	log_lines = g_string_new(NULL);
	peer_lines = g_string_new(NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	/* Has an fd of its own, which is there before any is counted. */
	g_main_context_default();
}

static char *take_lines(GString *from)
{
	if (!from->len)
		return NULL;
	char *lines = g_strdup(from->str);
	g_string_truncate(from, 0);
	return lines;
}

char *fixture_log_take(void)
{
	return take_lines(log_lines);
}

void fixture_peers_forget(void)
{
	g_string_truncate(peer_lines, 0);
}

char *fixture_peers_take(void)
{
	return take_lines(peer_lines);
}

/* ---- fds ---- */

int fixture_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

size_t fixture_count_fds(void)
{
	DIR *directory;
	size_t count = 0;

	fixture_await_closers();
	directory = opendir("/proc/self/fd");
	g_assert_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

int fixture_memfd(char tag)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pwrite(fd, &tag, 1, 0), ==, 1);
	return fd;
}

/* ---- the listener ---- */

static void event(struct channel_fixture *fixture, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void event(struct channel_fixture *fixture, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_string_append_vprintf(fixture->events, format, arguments);
	va_end(arguments);
	g_string_append_c(fixture->events, '\n');
	/* The last thing of each function: the first word is the function's name. */
	if (!fixture->destroy_in || !fixture->channel)
		return;
	const char *line = strrchr(fixture->events->str, '\n') - 1;
	while (line > fixture->events->str && line[-1] != '\n')
		line--;
	if (!g_str_has_prefix(line, fixture->destroy_in))
		return;
	channel_destroy(fixture->channel);
	fixture->channel = NULL;
	g_free(fixture->state);
	fixture->state = NULL;
}

static void on_display_info(void *data, struct virtio_gpu_resp_display_info *info)
{
	info->pmodes[0].width = GUINT32_TO_LE(640);
	info->pmodes[0].height = GUINT32_TO_LE(480);
	info->pmodes[0].enabled = GUINT32_TO_LE(1);
	event(data, "display_info");
}

static uint32_t on_edid(void *data, uint32_t scanout, uint8_t *edid)
{
	memset(edid, 0xed, 128);
	event(data, "edid %u", scanout);
	return 128;
}

static void on_cursor_pos(void *data, uint32_t scanout, int32_t x, int32_t y, bool visible)
{
	event(data, "cursor_pos %u %d %d %s", scanout, x, y, visible ? "visible" : "hidden");
}

static uint32_t checksum(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint32_t sum = 1;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + byte[i];
	return sum;
}

static void on_cursor_update(void *data, const struct vhost_user_gpu_cursor_update *cursor)
{
	event(data, "cursor_update %u %d %d hot %u %u sum %08x", cursor->pos.scanout, cursor->pos.x,
		cursor->pos.y, cursor->hot_x, cursor->hot_y,
		checksum(cursor->data, sizeof(cursor->data)));
}

static void on_scanout(void *data, uint32_t scanout, uint32_t width, uint32_t height)
{
	event(data, "scanout %u %u %u", scanout, width, height);
}

static bool on_update_begin(void *data, const struct vhost_user_gpu_update *update,
	struct channel_pixels *pixels)
{
	struct channel_fixture *fixture = data;

	g_assert_cmpuint(update->scanout, <, VHOST_USER_GPU_SCANOUTS);
	g_assert_cmpuint(update->width, >, 0);
	g_assert_cmpuint(update->height, >, 0);
	g_assert_cmpint((int32_t)(update->x + update->width), >, 0);
	g_assert_cmpint((int32_t)(update->y + update->height), >, 0);
	if (fixture->destroy_in && g_str_equal(fixture->destroy_in, "update_begin")) {
		event(fixture, "update_begin");
		return true;
	}
	if (update->scanout != 0 || update->x + update->width > fixture->width ||
		update->y + update->height > fixture->height)
		return false;
	fixture->rows = 0;
	pixels->row = fixture->surface + (size_t)update->y * fixture->stride +
		(size_t)update->x * sizeof(uint32_t);
	pixels->stride = fixture->stride;
	return true;
}

static void on_update_rows(void *data, const struct vhost_user_gpu_update *update, uint32_t rows)
{
	struct channel_fixture *fixture = data;

	g_assert_cmpuint(rows, >, fixture->rows);
	g_assert_cmpuint(rows, <, update->height);
	fixture->rows = rows;
	if (fixture->destroy_in && g_str_equal(fixture->destroy_in, "update_rows"))
		event(fixture, "update_rows");
}

static void on_update_end(void *data, const struct vhost_user_gpu_update *update)
{
	struct channel_fixture *fixture = data;
	uint32_t sum = 0;

	for (uint32_t y = update->y; y < update->y + update->height; y++)
		sum = sum * 37 +
			checksum(fixture->surface + (size_t)y * fixture->stride +
					(size_t)update->x * sizeof(uint32_t),
				(size_t)update->width * sizeof(uint32_t));
	event(fixture, "update_end %u %u %u %u %u sum %08x", update->scanout, update->x, update->y,
		update->width, update->height, sum);
}

static void on_dmabuf_scanout(void *data, uint32_t scanout, const struct channel_dmabuf *dmabuf,
	int fd)
{
	char tag = '-';

	if (fd >= 0) {
		g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
		g_assert_cmpint(pread(fd, &tag, 1, 0), ==, 1);
		close(fd);
	}
	event(data,
		"dmabuf_scanout %u %ux%u+%u+%u of %ux%u stride %u fourcc %08x "
		"modifier %" G_GINT64_MODIFIER "x %s fd %c",
		scanout, dmabuf->width, dmabuf->height, dmabuf->x, dmabuf->y, dmabuf->fd_width,
		dmabuf->fd_height, dmabuf->fd_stride, dmabuf->fourcc, dmabuf->modifier,
		dmabuf->y_inverted ? "inverted" : "upright", tag);
}

static void on_dmabuf_update(void *data, const struct vhost_user_gpu_update *update)
{
	struct channel_fixture *fixture = data;

	if (fixture->reply_at_once)
		channel_reply_dmabuf_update(fixture->channel);
	event(fixture, "dmabuf_update %u %u %u %u %u", update->scanout, update->x, update->y,
		update->width, update->height);
}

static void on_closed(void *data)
{
	event(data, "closed");
}

static const struct channel_listener listener = {
	.display_info = on_display_info,
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

/* ---- the fixture ---- */

void fixture_attach(struct channel_fixture *fixture, int fd)
{
	g_autoptr(GError) error = NULL;

	fixture->channel = channel_create(fixture->name, fd, fixture->account, fixture->state,
		&listener, fixture, &error);
	g_assert_no_error(error);
	g_assert_nonnull(fixture->channel);
}

struct channel_fixture *fixture_create(const char *name, uint32_t width, uint32_t height,
	uint32_t padding)
{
	struct channel_fixture *fixture = g_new0(struct channel_fixture, 1);
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->name = name;
	fixture->peer = pair[1];
	fixture->account = account_create(name);
	fixture->state = g_new0(struct channel_state, 1);
	fixture->events = g_string_new(NULL);
	fixture->width = width;
	fixture->height = height;
	fixture->stride = width * (uint32_t)sizeof(uint32_t) + padding;
	size_t size = (size_t)fixture->stride * height;
	fixture->memory = g_malloc(size + 2 * FIXTURE_GUARD);
	memset(fixture->memory, GUARD_BYTE, size + 2 * FIXTURE_GUARD);
	fixture->surface = fixture->memory + FIXTURE_GUARD;
	fixture_attach(fixture, pair[0]);
	return fixture;
}

/* Nothing but pixels was ever written: neither around the surface nor between its rows. */
static void check_guards(const struct channel_fixture *fixture)
{
	size_t size = (size_t)fixture->stride * fixture->height;

	for (size_t i = 0; i < size + 2 * FIXTURE_GUARD; i++) {
		size_t offset = i - FIXTURE_GUARD;
		bool pixel = i >= FIXTURE_GUARD && offset < size &&
			offset % fixture->stride < fixture->width * sizeof(uint32_t);
		if (!pixel)
			g_assert_cmphex(fixture->memory[i], ==, GUARD_BYTE);
	}
}

void fixture_destroy(struct channel_fixture *fixture)
{
	check_guards(fixture);
	channel_destroy(fixture->channel);
	if (fixture->peer >= 0)
		close(fixture->peer);
	fixture_await_closers();
	fixture_close_account(fixture->account);
	g_string_free(fixture->events, TRUE);
	g_free(fixture->state);
	g_free(fixture->memory);
	g_free(fixture);
}

void fixture_succeed(struct channel_fixture *fixture)
{
	struct channel_state *state = g_memdup2(fixture->state, sizeof(*state));
	int fd = channel_detach(fixture->channel);

	g_assert_cmpint(fd, >=, 0);
	/* At another address, so that a pointer in it would show. */
	memset(fixture->state, 0xdd, sizeof(*fixture->state));
	g_free(fixture->state);
	fixture->state = state;
	fixture_attach(fixture, fd);
}

static void run_until_idle(void)
{
	int turns = 0;

	while (g_main_context_iteration(NULL, FALSE))
		g_assert_cmpint(++turns, <, TURNS_MAX);
}

void fixture_close_account(struct account *account)
{
	for (enum account_item item = 0; item < ACCOUNT_ITEMS; item++)
		g_assert_cmpuint(account_used(account, item), ==, 0);
	account_destroy(account);
}

void fixture_await_closers(void)
{
	while (closer_pending() > 0)
		g_thread_yield();
}

void fixture_settle(void)
{
	run_until_idle();
	fixture_await_closers();
	run_until_idle();
}

ssize_t fixture_try_send(int socket, const void *bytes, size_t size, const int *fds,
	size_t fd_count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * 16)];
	} control = {.bytes = {0}};
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	g_assert_cmpuint(fd_count, <=, 16);
	if (fd_count) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	}
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void fixture_send_on(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	if (size)
		g_assert_cmpint(fixture_try_send(socket, bytes, size, fds, fd_count), ==, size);
}

void fixture_send(struct channel_fixture *fixture, const void *bytes, size_t size, const int *fds,
	size_t fd_count)
{
	fixture_send_on(fixture->peer, bytes, size, fds, fd_count);
}

void fixture_expect(struct channel_fixture *fixture, const char *events)
{
	g_assert_cmpstr(fixture->events->str, ==, events);
	g_string_truncate(fixture->events, 0);
}

GByteArray *fixture_receive_on(int socket)
{
	GByteArray *bytes = g_byte_array_new();
	uint8_t part[4096];
	ssize_t got;

	while ((got = recv(socket, part, sizeof(part), MSG_DONTWAIT)) > 0)
		g_byte_array_append(bytes, part, (guint)got);
	return bytes;
}

GByteArray *fixture_receive(struct channel_fixture *fixture)
{
	return fixture_receive_on(fixture->peer);
}

/* ---- messages ---- */

void message_append(GByteArray *bytes, uint32_t request, uint32_t size, const void *payload,
	size_t payload_size)
{
	/* Flags of requests are garbage: send some. */
	struct vhost_user_gpu_header header = {request, 0x7f13, size};

	g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
	if (payload_size)
		g_byte_array_append(bytes, payload, (guint)payload_size);
}

#define GOOD_ROW 12
#define GOOD_ROWS 2

struct good_update {
	struct vhost_user_gpu_update head;
	uint8_t pixels[GOOD_ROW * GOOD_ROWS];
} __attribute__((packed));

static struct good_update make_good_update(void)
{
	struct good_update update = {.head = {0, 1, 1, GOOD_ROW / 4, GOOD_ROWS}};

	for (size_t i = 0; i < sizeof(update.pixels); i++)
		update.pixels[i] = (uint8_t)(7 * i + 1);
	return update;
}

static struct vhost_user_gpu_cursor_update make_good_cursor(void)
{
	struct vhost_user_gpu_cursor_update cursor = {.pos = {3, -5, 1000}, .hot_x = 7, .hot_y = 9};

	for (size_t i = 0; i < G_N_ELEMENTS(cursor.data); i++)
		cursor.data[i] = (uint32_t)i * 2654435761u;
	return cursor;
}

void message_append_good(GByteArray *bytes, uint32_t request)
{
	const struct vhost_user_gpu_cursor_update cursor = make_good_cursor();
	const struct good_update pixels = make_good_update();
	const uint64_t features = VHOST_USER_GPU_FEATURE_EDID;
	const struct vhost_user_gpu_cursor_pos pos = {2, -1, 700};
	const struct vhost_user_gpu_scanout scanout = {15, 1920, 1080};
	const struct vhost_user_gpu_update update = {4, 10, 20, 30, 40};
	const struct vhost_user_gpu_edid_request edid = {5};
	const struct vhost_user_gpu_dmabuf_scanout2 dmabuf = {
		{6, 1, 2, 60, 40, 64, 48, 256, VHOST_USER_GPU_DMABUF_Y_0_TOP, 0x34325258},
		0x0102030405060708,
	};

	switch (request) {
	case VHOST_USER_GPU_SET_PROTOCOL_FEATURES:
		message_append(bytes, request, sizeof(features), &features, sizeof(features));
		break;
	case VHOST_USER_GPU_CURSOR_POS:
	case VHOST_USER_GPU_CURSOR_POS_HIDE:
		message_append(bytes, request, sizeof(pos), &pos, sizeof(pos));
		break;
	case VHOST_USER_GPU_CURSOR_UPDATE:
		message_append(bytes, request, sizeof(cursor), &cursor, sizeof(cursor));
		break;
	case VHOST_USER_GPU_SCANOUT:
		message_append(bytes, request, sizeof(scanout), &scanout, sizeof(scanout));
		break;
	case VHOST_USER_GPU_UPDATE:
		message_append(bytes, request, sizeof(pixels), &pixels, sizeof(pixels));
		break;
	case VHOST_USER_GPU_DMABUF_SCANOUT:
		message_append(bytes, request, sizeof(dmabuf.dmabuf_scanout), &dmabuf,
			sizeof(dmabuf.dmabuf_scanout));
		break;
	case VHOST_USER_GPU_DMABUF_UPDATE:
		message_append(bytes, request, sizeof(update), &update, sizeof(update));
		break;
	case VHOST_USER_GPU_GET_EDID:
		message_append(bytes, request, sizeof(edid), &edid, sizeof(edid));
		break;
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		message_append(bytes, request, sizeof(dmabuf), &dmabuf, sizeof(dmabuf));
		break;
	default:
		message_append(bytes, request, 0, NULL, 0);
		break;
	}
}

#define GOOD_DMABUF "dmabuf_scanout 6 60x40+1+2 of 64x48 stride 256 fourcc 34325258 "

static const char *good_cursor_event(void)
{
	static char line[64];
	const struct vhost_user_gpu_cursor_update cursor = make_good_cursor();

	g_snprintf(line, sizeof(line), "cursor_update 3 -5 1000 hot 7 9 sum %08x\n",
		checksum(cursor.data, sizeof(cursor.data)));
	return line;
}

static const char *good_update_event(void)
{
	static char line[64];
	const struct good_update update = make_good_update();
	uint32_t sum = 0;

	for (size_t row = 0; row < GOOD_ROWS; row++)
		sum = sum * 37 + checksum(update.pixels + row * GOOD_ROW, GOOD_ROW);
	g_snprintf(line, sizeof(line), "update_end 0 1 1 3 2 sum %08x\n", sum);
	return line;
}

const char *message_good_event(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		return "display_info\n";
	case VHOST_USER_GPU_CURSOR_POS:
		return "cursor_pos 2 -1 700 visible\n";
	case VHOST_USER_GPU_CURSOR_POS_HIDE:
		return "cursor_pos 2 -1 700 hidden\n";
	case VHOST_USER_GPU_CURSOR_UPDATE:
		return good_cursor_event();
	case VHOST_USER_GPU_SCANOUT:
		return "scanout 15 1920 1080\n";
	case VHOST_USER_GPU_UPDATE:
		return good_update_event();
	case VHOST_USER_GPU_DMABUF_SCANOUT:
		return GOOD_DMABUF "modifier ffffffffffffff inverted fd A\n";
	case VHOST_USER_GPU_DMABUF_UPDATE:
		return "dmabuf_update 4 10 20 30 40\n";
	case VHOST_USER_GPU_GET_EDID:
		return "edid 5\n";
	case VHOST_USER_GPU_DMABUF_SCANOUT2:
		return GOOD_DMABUF "modifier 102030405060708 inverted fd A\n";
	default:
		return "";
	}
}

size_t message_reply_size(uint32_t request)
{
	switch (request) {
	case VHOST_USER_GPU_GET_PROTOCOL_FEATURES:
		return 12 + 8;
	case VHOST_USER_GPU_GET_DISPLAY_INFO:
		return 12 + 408;
	case VHOST_USER_GPU_DMABUF_UPDATE:
		return 12;
	case VHOST_USER_GPU_GET_EDID:
		return 12 + 1056;
	default:
		return 0;
	}
}

static void check_payload(uint32_t request, const uint8_t *payload)
{
	if (request == VHOST_USER_GPU_GET_PROTOCOL_FEATURES) {
		uint64_t features;
		memcpy(&features, payload, sizeof(features));
		g_assert_cmphex(features, ==, 3);
	} else if (request == VHOST_USER_GPU_GET_DISPLAY_INFO) {
		struct virtio_gpu_resp_display_info info;
		memcpy(&info, payload, sizeof(info));
		g_assert_cmphex(GUINT32_FROM_LE(info.hdr.type), ==, 0x1101);
		g_assert_cmpuint(GUINT32_FROM_LE(info.pmodes[0].width), ==, 640);
		g_assert_cmpuint(info.pmodes[15].width, ==, 0);
	} else if (request == VHOST_USER_GPU_GET_EDID) {
		struct virtio_gpu_resp_edid edid;
		memcpy(&edid, payload, sizeof(edid));
		g_assert_cmphex(GUINT32_FROM_LE(edid.hdr.type), ==, 0x1104);
		g_assert_cmpuint(GUINT32_FROM_LE(edid.size), ==, 128);
		g_assert_cmphex(edid.edid[127], ==, 0xed);
		g_assert_cmphex(edid.edid[128], ==, 0);
	}
}

size_t reply_check(const GByteArray *bytes, size_t offset, uint32_t request)
{
	struct vhost_user_gpu_header header;
	size_t size = message_reply_size(request);

	g_assert_cmpuint(bytes->len, >=, offset + size);
	memcpy(&header, bytes->data + offset, sizeof(header));
	g_assert_cmpuint(header.request, ==, request);
	g_assert_cmphex(header.flags, ==, 0x4);
	g_assert_cmpuint(header.size, ==, size - sizeof(header));
	check_payload(request, bytes->data + offset + sizeof(header));
	return offset + size;
}
