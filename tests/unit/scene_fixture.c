/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests from the display socket to a fake card. */
#include "scene_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "vhost_user_gpu.h"
#include "wire/kept_fds.h"

const struct kms_rect scene_full = {0, 0, SCENE_WIDTH, SCENE_HEIGHT};

static void on_gone(void *data)
{
	struct scene *scene = data;

	scene->gone++;
}

static void on_changed(void *data)
{
	struct scene *scene = data;

	scene->changed++;
}

static void on_screen_changed(void *data, struct guest *guest, uint32_t scanout,
	const struct layout_screen *screen)
{
	struct scene *scene = data;

	g_string_append_printf(scene->screens, "%s %u %ux%u%+d%+d %ux%u\n", guest_name(guest),
		scanout, screen->width, screen->height, screen->x, screen->y, screen->width_mm,
		screen->height_mm);
}

static void on_life(void *data, struct guest *guest, enum alive_state state)
{
	struct scene *scene = data;

	g_string_append_printf(scene->lives, "%s %s\n", guest_name(guest), alive_state_name(state));
}

static void on_seen(void *data, struct guest *guest)
{
	struct scene *scene = data;

	scene->seen++;
}

static void on_detached(void *data)
{
	unsigned int *detached = data;

	(*detached)++;
}

static struct kept_fds *take_kept(struct scene *killed, size_t guest)
{
	const int *pair = kept_fds_pair(killed->kept[guest]);
	const int left[2] = {fcntl(pair[0], F_DUPFD_CLOEXEC, 0),
		fcntl(pair[1], F_DUPFD_CLOEXEC, 0)};
	struct kept_fds *kept = kept_fds_create_from(left, NULL, NULL);

	g_assert_nonnull(kept);
	return kept;
}

static struct scene *prepare(const struct scene_options *options, struct scene *killed)
{
	struct scene *scene = g_new0(struct scene, 1);
	size_t outputs = options->outputs ? options->outputs : 1;

	scene->screens = g_string_new(NULL);
	scene->lives = g_string_new(NULL);

	/* So that the double's ioctl() is linked, also where a sanitizer has one. */
	fake_dmabuf_refuse_sync(false);
	scene->card = fake_card_create(outputs, options->width ? options->width : SCENE_WIDTH,
		options->height ? options->height : SCENE_HEIGHT);
	scene->card->refuses_import = options->refuses_import;
	for (size_t i = 0; i < outputs; i++)
		scene->card->outputs[i].former = killed != NULL;
	scene->guest_count = options->guests ? options->guests : 1;
	for (size_t i = 0; i < scene->guest_count; i++) {
		char name[2] = {(char)('a' + i), 0};
		struct guest_options guest = {
			.name = name,
			.account = account_create(name),
			.flip_timeout_ms = options->flip_timeout_ms,
			.answers = options->answers,
			.firmware = options->firmware,
			.firmware_patience_ms = options->firmware_patience_ms,
			.detached = on_detached,
			.data = &scene->detached[i],
		};

		if (options->kept)
			scene->kept[i] = killed
				? take_kept(killed, i)
				: kept_fds_create(-1, account_closer(guest.account), NULL);
		guest.kept = scene->kept[i];
		scene->states[i] = g_new0(struct guest_state, 1);
		if (killed)
			*scene->states[i] = *killed->states[i];
		scene->accounts[i] = guest.account;
		scene->guests[i] = guest_create(&guest, scene->states[i]);
		guest_set_device(scene->guests[i], 0, scene->card);
		scene->peers[i] = -1;
	}
	return scene;
}

struct scene *scene_prepare(const struct scene_options *options)
{
	return prepare(options, NULL);
}

/* `guests` has room for all of them. */
static struct layout_options describe(const struct scene *scene,
	const struct scene_options *options, struct layout_guest *guests)
{
	bool darkens = options->blank_after_ms > 0 || options->off_after_ms > 0;

	for (size_t i = 0; i < scene->guest_count; i++)
		guests[i] = (struct layout_guest){
			.guest = scene->guests[i],
			.before = options->before,
			.after = options->after,
			.failed = options->after,
			.alive = options->alive,
			.dead = options->dead,
			.policy = options->policy,
			.blank_after_ms = darkens ? options->blank_after_ms : LAYOUT_NEVER,
			.off_after_ms = darkens ? options->off_after_ms : LAYOUT_NEVER,
		};
	return (struct layout_options){
		.outputs = options->sections,
		.output_count = options->section_count,
		.layers = options->layers,
		.layer_count = options->layer_count,
		.named = options->named,
		.named_count = options->named_count,
		.chosen = options->chosen,
		.guests = guests,
		.guest_count = scene->guest_count,
		.regions = options->regions,
		.region_count = options->region_count,
		.told_period_ms = 20,
		.told_patience_ms = options->told_patience_ms,
		.font = options->font,
		.card_count = options->cards,
	};
}

void scene_configure(struct scene *scene, const struct scene_options *options)
{
	static const struct layout_listener listener = {
		.device_gone = on_gone,
		.changed = on_changed,
		.screen_changed = on_screen_changed,
		.life = on_life,
		.seen = on_seen,
	};
	struct layout_guest guests[SCENE_GUESTS_MAX];
	const struct layout_options layout = describe(scene, options, guests);

	scene->layout = layout_create(&layout, &listener, scene);
	fake_card_listen(scene->card, layout_kms_listener(), scene->layout);
	if (!options->later)
		layout_set_device(scene->layout, 0, scene->card);
	scene->said = fixture_log_take();
}

void scene_reconfigure(struct scene *scene, const struct scene_options *options)
{
	struct layout_guest guests[SCENE_GUESTS_MAX];
	const struct layout_options layout = describe(scene, options, guests);

	layout_reconfigure(scene->layout, &layout);
}

struct scene *scene_create(const struct scene_options *options)
{
	struct scene *scene = scene_prepare(options);

	scene_configure(scene, options);
	for (size_t i = 0; i < scene->guest_count; i++)
		scene_attach(scene, i);
	return scene;
}

struct scene *scene_succeed(struct scene *killed, const struct scene_options *options, bool goes_on)
{
	struct scene *scene = prepare(options, killed);
	struct scene_options later = *options;
	int socket = fcntl(killed->sockets[0], F_DUPFD_CLOEXEC, 0);
	g_autoptr(GError) error = NULL;
	int nowhere[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, nowhere), ==, 0);
	g_assert_cmpint(dup3(nowhere[0], killed->sockets[0], O_CLOEXEC), ==, killed->sockets[0]);
	close(nowhere[0]);
	close(nowhere[1]);
	scene->peers[0] = killed->peers[0];
	killed->peers[0] = -1;
	later.later = true;
	scene_configure(scene, &later);
	layout_note_predecessor(scene->layout, 0);
	layout_set_device(scene->layout, 0, scene->card);
	scene->sockets[0] = socket;
	g_assert_cmpint(guest_adopt(scene->guests[0], socket, &error), ==, goes_on);
	g_assert_cmpint(error == NULL, ==, goes_on);
	g_assert_cmpint(guest_attached(scene->guests[0]), ==, goes_on);
	g_free(fixture_log_take());
	return scene;
}

void scene_destroy(struct scene *scene)
{
	layout_destroy(scene->layout);
	for (size_t i = 0; i < scene->guest_count; i++) {
		guest_destroy(scene->guests[i]);
		kept_fds_destroy(scene->kept[i]);
		fixture_close_account(scene->accounts[i]);
		g_free(scene->states[i]);
		if (scene->peers[i] >= 0)
			close(scene->peers[i]);
	}
	fake_card_destroy(scene->card);
	g_free(scene->said);
	g_string_free(scene->screens, TRUE);
	g_string_free(scene->lives, TRUE);
	g_free(scene);
}

struct scene *scene_create_red(const struct scene_options *options)
{
	struct scene *scene = scene_create(options);

	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	scene_update(scene, 0, scene_full, RED);
	scene_expect_color(scene_output(scene, 0), RED);
	fake_flip(scene_output(scene, 0));
	return scene;
}

void scene_expect_color(struct kms_output *output, uint32_t color)
{
	for (uint32_t y = 0; y < output->mode.height; y++) {
		for (uint32_t x = 0; x < output->mode.width; x++)
			g_assert_cmphex(fake_pixel(output, x, y), ==, color);
	}
}

void scene_paint(uint32_t *memory, uint32_t color)
{
	for (size_t i = 0; i < SCENE_BYTES / sizeof(*memory); i++)
		memory[i] = color;
}

uint32_t *scene_show_dmabuf_on(struct scene *scene, uint32_t scanout, uint32_t color)
{
	uint32_t *memory;
	int fd = fake_dmabuf_create(SCENE_BYTES, &memory);

	scene_paint(memory, color);
	scene_dmabuf(scene, scanout, SCENE_WIDTH, SCENE_HEIGHT, fd);
	scene_dmabuf_update(scene, scanout, scene_full);
	return memory;
}

uint32_t *scene_show_dmabuf(struct scene *scene, uint32_t color)
{
	return scene_show_dmabuf_on(scene, 0, color);
}

void scene_settle(struct scene *scene)
{
	struct kms_output *output = scene_output(scene, 0);

	fixture_settle();
	while (fake_in_flight(output)) {
		fake_flip_without_vblank(output);
		fixture_settle();
	}
}

struct kms_output *scene_output(struct scene *scene, size_t index)
{
	return &scene->card->outputs[index];
}

void scene_attach(struct scene *scene, size_t guest)
{
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_cmpint(fcntl(pair[0], F_SETFL, O_NONBLOCK), ==, 0);
	if (scene->peers[guest] >= 0)
		close(scene->peers[guest]);
	scene->peers[guest] = pair[0];
	scene->sockets[guest] = pair[1];
	guest_attach(scene->guests[guest], pair[1]);
	g_assert_true(guest_attached(scene->guests[guest]));
}

void scene_hang_up(struct scene *scene, size_t guest)
{
	close(scene->peers[guest]);
	scene->peers[guest] = -1;
	fixture_settle();
}

void scene_send_raw(struct scene *scene, size_t guest, const void *bytes, size_t size, int fd)
{
	const uint8_t *from = bytes;
	int passed = fd;

	while (size > 0) {
		ssize_t sent = fixture_try_send(scene->peers[guest], from, size, &passed,
			passed >= 0);

		if (sent < 0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			fixture_settle();
			continue;
		}
		from += sent;
		size -= (size_t)sent;
		passed = -1;
	}
	if (fd >= 0)
		close(fd);
	fixture_settle();
}

static void append_head(GByteArray *message, uint32_t request, size_t size)
{
	struct vhost_user_gpu_header header = {request, 0x7f13, (uint32_t)size};

	g_byte_array_append(message, (const guint8 *)&header, sizeof(header));
}

void scene_send(struct scene *scene, size_t guest, uint32_t request, const void *payload,
	size_t size, int fd)
{
	g_autoptr(GByteArray) message = g_byte_array_new();

	append_head(message, request, size);
	g_byte_array_append(message, payload, (guint)size);
	scene_send_raw(scene, guest, message->data, message->len, fd);
}

void scene_scanout(struct scene *scene, uint32_t scanout, uint32_t width, uint32_t height)
{
	struct vhost_user_gpu_scanout message = {scanout, width, height};

	scene_send(scene, 0, VHOST_USER_GPU_SCANOUT, &message, sizeof(message), -1);
}

static void append_update(GByteArray *bytes, uint32_t scanout, struct kms_rect rect, uint32_t color,
	size_t pixel_bytes)
{
	struct vhost_user_gpu_update update = {scanout, (uint32_t)rect.x, (uint32_t)rect.y,
		(uint32_t)rect.width, (uint32_t)rect.height};
	size_t all = (size_t)rect.width * (size_t)rect.height * 4;

	append_head(bytes, VHOST_USER_GPU_UPDATE, sizeof(update) + all);
	g_byte_array_append(bytes, (const guint8 *)&update, sizeof(update));
	for (size_t i = 0; i < pixel_bytes; i += 4)
		g_byte_array_append(bytes, (const guint8 *)&color, 4);
}

void scene_append_update(GByteArray *bytes, uint32_t scanout, struct kms_rect rect, uint32_t color)
{
	append_update(bytes, scanout, rect, color, (size_t)rect.width * (size_t)rect.height * 4);
}

void scene_half_update(struct scene *scene, uint32_t scanout, struct kms_rect rect, uint32_t color,
	size_t bytes)
{
	g_autoptr(GByteArray) message = g_byte_array_new();

	append_update(message, scanout, rect, color, bytes);
	scene_send_raw(scene, 0, message->data, message->len, -1);
}

void scene_more_pixels(struct scene *scene, uint32_t color, size_t bytes)
{
	g_autoptr(GByteArray) message = g_byte_array_new();

	for (size_t i = 0; i < bytes; i += 4)
		g_byte_array_append(message, (const guint8 *)&color, 4);
	scene_send_raw(scene, 0, message->data, message->len, -1);
}

void scene_update(struct scene *scene, uint32_t scanout, struct kms_rect rect, uint32_t color)
{
	scene_half_update(scene, scanout, rect, color,
		(size_t)rect.width * (size_t)rect.height * 4);
}

void scene_dmabuf(struct scene *scene, uint32_t scanout, uint32_t width, uint32_t height, int fd)
{
	struct vhost_user_gpu_dmabuf_scanout message = {
		.scanout = scanout,
		.width = width,
		.height = height,
		.fd_width = width,
		.fd_height = height,
		.fd_stride = width * 4,
		.fd_drm_fourcc = (int32_t)DRM_FORMAT_XRGB8888,
	};

	scene_send(scene, 0, VHOST_USER_GPU_DMABUF_SCANOUT, &message, sizeof(message), fd);
}

void scene_dmabuf_update(struct scene *scene, uint32_t scanout, struct kms_rect rect)
{
	struct vhost_user_gpu_update update = {scanout, (uint32_t)rect.x, (uint32_t)rect.y,
		(uint32_t)rect.width, (uint32_t)rect.height};

	scene_send(scene, 0, VHOST_USER_GPU_DMABUF_UPDATE, &update, sizeof(update), -1);
}

void scene_cursor(struct scene *scene, uint32_t scanout, int32_t x, int32_t y, uint32_t color)
{
	static struct vhost_user_gpu_cursor_update message;

	memset(&message, 0, sizeof(message));
	message.pos = (struct vhost_user_gpu_cursor_pos){scanout, x, y};
	message.hot_x = 1;
	message.hot_y = 2;
	/* An arrow of sorts: 8×8 in the corner. */
	for (size_t row = 0; row < 8; row++) {
		for (size_t column = 0; column < 8; column++)
			message.data[row * VHOST_USER_GPU_CURSOR_SIZE + column] = color;
	}
	scene_send(scene, 0, VHOST_USER_GPU_CURSOR_UPDATE, &message, sizeof(message), -1);
}

void scene_cursor_pos(struct scene *scene, uint32_t scanout, int32_t x, int32_t y, bool visible)
{
	struct vhost_user_gpu_cursor_pos message = {scanout, x, y};

	scene_send(scene, 0, visible ? VHOST_USER_GPU_CURSOR_POS : VHOST_USER_GPU_CURSOR_POS_HIDE,
		&message, sizeof(message), -1);
}

unsigned int scene_replies(struct scene *scene, size_t guest)
{
	struct vhost_user_gpu_header header;
	unsigned int count = 0;
	ssize_t got;

	fixture_settle();
	while ((got = recv(scene->peers[guest], &header, sizeof(header), 0)) > 0) {
		g_assert_cmpint(got, ==, sizeof(header));
		g_assert_cmpuint(header.request, ==, VHOST_USER_GPU_DMABUF_UPDATE);
		g_assert_cmpuint(header.flags, ==, VHOST_USER_GPU_REPLY);
		g_assert_cmpuint(header.size, ==, 0);
		count++;
	}
	return count;
}

void scene_wait_reply(struct scene *scene, size_t guest)
{
	unsigned int replies;

	while ((replies = scene_replies(scene, guest)) == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(replies, ==, 1);
}

void scene_expect_log(const char *text)
{
	g_autofree char *lines = fixture_log_take();

	g_assert_nonnull(lines);
	if (!strstr(lines, text))
		g_error("\"%s\" is not in the log:\n%s", text, lines);
}

void scene_expect_no_log(void)
{
	g_autofree char *lines = fixture_log_take();

	g_assert_cmpstr(lines, ==, NULL);
}
