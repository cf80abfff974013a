/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that draw slowly, on the double: a frame is committed when its buffer's fences have
 * signalled, and nobody but its own guest waits for that.
 *
 * The read end of a pipe stands for a dma-buf: it polls readable when the test says so.
 */
#include "card_fixture.h"
#include "device.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

int fstatfs(int fd, struct statfs *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->f_type = 0x444d4142;
	return 0;
}

struct guest {
	int fd;
	int gpu; /* what is written here, the fence is signalled by */
	struct kms_buffer *buffer;
};

static struct guest make_guest(struct card_fixture *card)
{
	struct kms_dmabuf dmabuf = {
		.width = 1024,
		.height = 768,
		.stride = 4096,
		.fourcc = DRM_FORMAT_XRGB8888,
		.modifier = KMS_MODIFIER_INVALID,
	};
	struct guest guest;
	int ends[2];

	g_assert_cmpint(pipe(ends), ==, 0);
	guest.fd = dmabuf.fd = ends[0];
	guest.gpu = ends[1];
	guest.buffer = kms_buffer_import(card->device, &dmabuf, NULL);
	g_assert_nonnull(guest.buffer);
	return guest;
}

static void draw(const struct guest *guest)
{
	g_assert_cmpint(write(guest->gpu, "", 1), ==, 1);
}

/* It draws into the buffer again. */
static void begin_to_draw(const struct guest *guest)
{
	char byte;

	g_assert_cmpint(read(guest->fd, &byte, 1), ==, 1);
}

static void end_guest(struct guest *guest)
{
	kms_buffer_unref(guest->buffer);
	close(guest->fd);
	close(guest->gpu);
}

static void test_waits(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct guest guest;

	card_start(card);
	card_show(card, 0);
	guest = make_guest(card);
	g_assert_cmpint(card_submit_buffer(card, 0, guest.buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_turn();
	g_assert_false(kms_output_busy(seen->output));
	/* It is the guest's affair how long that takes. */
	g_assert_false(kms_output_due(seen->output));
	g_assert_true(kms_output_holds(seen->output, guest.buffer));
	g_assert_cmpuint(seen->failures, ==, 0);
	draw(&guest);
	card_turn();
	g_assert_true(kms_output_busy(seen->output));
	g_assert_true(kms_output_due(seen->output));
	card_flip(0);
	g_assert_false(kms_output_due(seen->output));
	g_assert_cmpuint(seen->presented, ==, card->serial);
	/* Nothing is left in the loop. */
	g_assert_null(seen->output->layers[KMS_LAYER_PICTURE].fence_watch);
	end_guest(&guest);
}

/* The newest wins, ready or not, and what it superseded is answered with it. */
static void test_newest_wins(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct guest slow, slower;

	card_start(card);
	slow = make_guest(card);
	slower = make_guest(card);
	card_submit_buffer(card, 0, slow.buffer);
	card_submit_buffer(card, 0, slower.buffer);
	draw(&slow);
	card_turn();
	g_assert_false(kms_output_busy(seen->output));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(kms_output_busy(seen->output));
	/* The pending one may go meanwhile, and its descriptor with it. */
	end_guest(&slow);
	end_guest(&slower);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 3);
	g_assert_cmpuint(seen->failures, ==, 0);
}

/* While a flip is in flight nobody looks: at its event. */
static void test_behind_a_flip(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct guest guest;

	card_start(card);
	guest = make_guest(card);
	card_submit(card, 0);
	card_submit_buffer(card, 0, guest.buffer);
	g_assert_null(seen->output->layers[KMS_LAYER_PICTURE].fence_watch);
	card_flip(0);
	g_assert_false(kms_output_busy(seen->output));
	g_assert_nonnull(seen->output->layers[KMS_LAYER_PICTURE].fence_watch);
	draw(&guest);
	card_turn();
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 2);
	end_guest(&guest);
}

static void test_never(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct card_output *other = &card->outputs[1];
	uint32_t shown;
	struct guest guest;

	double_card.crtcs = 2;
	card_start_timed(card, 100);
	card_show(card, 0);
	shown = card_shown(0);
	guest = make_guest(card);
	card_submit_buffer(card, 0, guest.buffer);
	while (!seen->failures) {
		card_show(card, 1);
		g_main_context_iteration(NULL, FALSE);
	}
	g_assert_cmpint(seen->error, ==, ETIME);
	g_assert_false(kms_is_refusal(seen->error));
	g_assert_cmpuint(card_shown(0), ==, shown);
	g_assert_false(kms_output_holds(seen->output, guest.buffer));
	g_assert_null(seen->output->layers[KMS_LAYER_PICTURE].fence_watch);
	g_assert_cmpuint(other->failures, ==, 0);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	/* The next frame has all the time again. */
	card_submit_buffer(card, 0, guest.buffer);
	draw(&guest);
	card_turn();
	card_flip(0);
	g_assert_cmpuint(seen->failures, ==, 1);
	end_guest(&guest);
}

/* The output's cursor does not wait. */
static void test_cursor_moves(struct card_fixture *card)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct kms_output *output;
	struct guest guest;

	card_start(card);
	output = card->outputs[0].output;
	guest = make_guest(card);
	card_submit_buffer(card, 0, guest.buffer);
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	for (int i = 1; i <= 3; i++) {
		kms_output_move_cursor(output, i, i);
		card_wait(kms_output_busy(output));
		g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "CRTC_X"), ==, (uint64_t)i);
		card_flip(0);
	}
	g_assert_cmpuint(kms_output_counters(output)->cursor_commits, ==, 3);
	g_assert_cmpuint(card_shown(0), !=, guest.buffer->framebuffer);
	draw(&guest);
	card_turn();
	g_assert_cmpuint(card_shown(0), ==, guest.buffer->framebuffer);
	card_flip(0);
	end_guest(&guest);
}

/* What is on the glass is drawn into again: no mode set of ours shows it before that is over. */
static void show_and_draw_again(struct card_fixture *card, struct guest *guest)
{
	*guest = make_guest(card);
	draw(guest);
	card_submit_buffer(card, 0, guest->buffer);
	card_flip(0);
	begin_to_draw(guest);
}

static void test_mode_set_without_it(struct card_fixture *card)
{
	struct guest guest;

	card_start(card);
	show_and_draw_again(card, &guest);
	kms_device_pause(card->device);
	card_turn();
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(card_shown(0), !=, guest.buffer->framebuffer);
	card_flip(0);
	g_assert_cmpuint(card_shown(0), !=, guest.buffer->framebuffer);
	/* And back when it is. */
	draw(&guest);
	card_turn();
	g_assert_cmpuint(card_shown(0), ==, guest.buffer->framebuffer);
	card_flip(0);
	end_guest(&guest);
}

static void test_watchdog_without_it(struct card_fixture *card)
{
	struct guest guest;

	card_start_timed(card, 50);
	show_and_draw_again(card, &guest);
	card_time_out(card, 0);
	card_wait(double_counters.blocking_commits == 1);
	g_assert_cmpuint(card_shown(0), !=, guest.buffer->framebuffer);
	g_assert_false(card->gone);
	end_guest(&guest);
}

/* It is taken away while it waits. */
static void test_ends_meanwhile(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct guest guest;

	card_start(card);
	guest = make_guest(card);
	card_submit_buffer(card, 0, guest.buffer);
	kms_device_pause(card->device);
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 1);
	g_assert_cmpint(seen->error, ==, EACCES);
	g_assert_null(seen->output->layers[KMS_LAYER_PICTURE].fence_watch);
	draw(&guest);
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 0);
	end_guest(&guest);
}

/* A fence that a peer adds after we looked: the kernel is told of one that has signalled, and waits
 * for no other. Buffers of ours need none. */
static void test_overrules(struct card_fixture *card)
{
	struct guest guest;

	double_card.in_fences = true;
	card_start(card);
	card->device->card->signalled_fence = dup(STDIN_FILENO);
	card_show(card, 0);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "IN_FENCE_FD"));
	guest = make_guest(card);
	draw(&guest);
	card_submit_buffer(card, 0, guest.buffer);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "IN_FENCE_FD"));
	g_assert_cmpint((int)double_value(DOUBLE_PRIMARY(0), "IN_FENCE_FD"), ==,
		card->device->card->signalled_fence);
	card_flip(0);
	end_guest(&guest);
}

/* What is shown is drawn into again: there are drivers whose check adds its plane to whatever its
 * CRTC is asked for. */
static void test_overrules_shown(struct card_fixture *card)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct kms_output *output;
	struct guest guest;

	double_card.in_fences = true;
	card_start(card);
	output = card->outputs[0].output;
	card->device->card->signalled_fence = dup(STDIN_FILENO);
	card_show(card, 0);
	guest = make_guest(card);
	draw(&guest);
	card_submit_buffer(card, 0, guest.buffer);
	card_flip(0);
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	kms_output_move_cursor(output, 10, 10);
	card_wait(kms_output_counters(output)->cursor_commits > 0);
	g_assert_true(double_committed(DOUBLE_CURSOR(0), "CRTC_X"));
	g_assert_false(double_committed(DOUBLE_CURSOR(0), "IN_FENCE_FD"));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "IN_FENCE_FD"));
	card_flip(0);
	/* It has gone, and what is ours has no fence. */
	card_show(card, 0);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "IN_FENCE_FD"));
	end_guest(&guest);
}

/* ---- layers above the picture ---- */

struct answers {
	uint64_t presented;
	uint64_t failed;
	int error;
};

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	((struct answers *)data)->presented = serial;
}

static void on_commit_failed(void *data, uint64_t serial, int error)
{
	((struct answers *)data)->failed = serial;
	((struct answers *)data)->error = error;
}

/* A guest that shows its buffers on a layer. */
static struct kms_output_layer *make_layer(struct card_fixture *card, struct answers *answers)
{
	static const struct kms_layer_listener listener = {on_presented, on_commit_failed};

	*answers = (struct answers){0};
	return kms_output_layer_create(card->outputs[0].output, &listener, answers);
}

static enum kms_submit submit_layer(struct card_fixture *card, struct kms_output_layer *layer,
	struct kms_buffer *buffer, uint64_t serial)
{
	struct kms_frame below = card_frame(card, card_picture(card, 0));
	struct kms_frame above = card_frame(card, buffer);
	const struct kms_layer_wish wishes[] = {{NULL, &below}, {layer, &above}};

	g_assert_cmphex(kms_output_arrange(card->outputs[0].output, wishes, 2), ==, 3);
	above.serial = serial;
	return kms_output_layer_submit(layer, &above);
}

/* A guest that never draws to the end costs the picture nothing, and is told so by itself. */
static void test_layer(struct card_fixture *card)
{
	struct kms_output_layer *layer;
	struct answers answers;
	struct guest guest;

	double_card.shared_overlays = 1;
	card_start_timed(card, 1000);
	card_show(card, 0);
	guest = make_guest(card);
	layer = make_layer(card, &answers);
	g_assert_cmpint(submit_layer(card, layer, guest.buffer, 1), ==, KMS_SUBMIT_ACCEPTED);
	while (!answers.failed) {
		card_show(card, 0);
		g_main_context_iteration(NULL, FALSE);
		g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "FB_ID"), ==, 0);
	}
	g_assert_cmpint(answers.error, ==, ETIME);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	/* The next one is shown as soon as it is drawn. */
	submit_layer(card, layer, guest.buffer, 2);
	draw(&guest);
	card_wait(double_flip(0));
	card_turn();
	g_assert_cmpuint(answers.presented, ==, 2);
	g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "FB_ID"), ==, guest.buffer->framebuffer);
	kms_output_layer_destroy(layer);
	end_guest(&guest);
}

/* A layer that must change its plane while its guest draws again: that flip waits for nobody. */
static void test_layer_moves(struct card_fixture *card)
{
	struct kms_frame frames[3];
	struct kms_layer_wish wishes[3] = {{NULL, &frames[0]}, {NULL, &frames[1]},
		{NULL, &frames[2]}};
	struct kms_output_layer *low, *high;
	struct answers answers, others;
	struct guest guest;

	double_card.shared_overlays = 2;
	double_card.zpos_fixed = true;
	card_start(card);
	guest = make_guest(card);
	low = make_layer(card, &answers);
	high = make_layer(card, &others);
	draw(&guest);
	submit_layer(card, low, guest.buffer, 1);
	card_wait(double_flip(0));
	card_turn();
	g_assert_cmpuint(double_value(DOUBLE_SHARED(1), "FB_ID"), ==, guest.buffer->framebuffer);
	begin_to_draw(&guest);
	/* Another one comes above it, where it was. */
	frames[0] = card_frame(card, card_picture(card, 0));
	frames[1] = card_frame(card, guest.buffer);
	frames[2] = card_frame(card, card_picture(card, 0));
	wishes[1].layer = low;
	wishes[2].layer = high;
	g_assert_cmphex(kms_output_arrange(card->outputs[0].output, wishes, 3), ==, 7);
	frames[2].serial = 1;
	kms_output_layer_submit(high, &frames[2]);
	card_wait(double_flip(0));
	card_turn();
	card_wait(others.presented == 1 || !double_flip(0));
	g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "FB_ID"), ==, 0);
	draw(&guest);
	frames[1].serial = 2;
	g_assert_cmpint(kms_output_layer_submit(low, &frames[1]), ==, KMS_SUBMIT_ACCEPTED);
	while (answers.presented < 2) {
		g_main_context_iteration(NULL, TRUE);
		double_flip(0);
	}
	g_assert_cmpuint(double_value(DOUBLE_SHARED(0), "FB_ID"), ==, guest.buffer->framebuffer);
	kms_output_layer_destroy(low);
	kms_output_layer_destroy(high);
	end_guest(&guest);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/fence/waits", test_waits);
	card_add_test("/kms/fence/newest-wins", test_newest_wins);
	card_add_test("/kms/fence/behind-a-flip", test_behind_a_flip);
	card_add_test("/kms/fence/never", test_never);
	card_add_test("/kms/fence/cursor-moves", test_cursor_moves);
	card_add_test("/kms/fence/mode-set", test_mode_set_without_it);
	card_add_test("/kms/fence/watchdog", test_watchdog_without_it);
	card_add_test("/kms/fence/ends-meanwhile", test_ends_meanwhile);
	card_add_test("/kms/fence/overrules", test_overrules);
	card_add_test("/kms/fence/overrules-shown", test_overrules_shown);
	card_add_test("/kms/fence/layer", test_layer);
	card_add_test("/kms/fence/layer-moves", test_layer_moves);
	return g_test_run();
}
