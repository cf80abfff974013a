/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's firmware, which begins as OVMF's driver does: its pictures are not seen, the system's
 * first frame is, whatever ends the one and begins the other; and what is no firmware is shown at
 * once.
 */
#include <string.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "scene/source.h"
#include "scene_fixture.h"
#include "vhost_user_gpu.h"

#define GREY 0x808080u

static const struct scene_options options = {
	.before = {.color = GREY},
	.after = {.color = BLUE},
};

static void flip_all(struct scene *scene)
{
	while (fake_in_flight(scene_output(scene, 0)))
		fake_flip(scene_output(scene, 0));
}

static void firmware_begins(struct scene *scene)
{
	scene_scanout(scene, 0, 640, 480);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
}

static void firmware_draws(struct scene *scene)
{
	firmware_begins(scene);
	scene_update(scene, 0, scene_full, RED);
}

static void system_draws(struct scene *scene)
{
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	scene_update(scene, 0, scene_full, GREEN);
}

static void device_is_reset(struct scene *scene)
{
	guest_set_running(scene->guests[0], false);
	guest_set_running(scene->guests[0], true);
}

static void ask_edid(struct scene *scene)
{
	const uint32_t scanout = 0;

	scene_send(scene, 0, VHOST_USER_GPU_GET_EDID, &scanout, sizeof(scanout), -1);
	g_byte_array_unref(fixture_receive_on(scene->peers[0]));
}

static struct scene *create_with_firmware(const struct scene_options *wanted)
{
	struct scene *scene = scene_create(wanted);

	scene_expect_color(scene_output(scene, 0), GREY);
	flip_all(scene);
	firmware_draws(scene);
	scene_expect_color(scene_output(scene, 0), GREY);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	return scene;
}

/* Nothing but its picture is on the way to the glass. */
static void expect_system(struct scene *scene)
{
	struct kms_output *output = scene_output(scene, 0);
	unsigned int commits = output->commit_count;

	system_draws(scene);
	flip_all(scene);
	g_assert_cmpuint(scene->seen, ==, 1);
	scene_expect_color(output, GREEN);
	g_assert_cmpuint(output->commit_count, ==, commits + 1);
	scene_destroy(scene);
}

static void test_reset(void)
{
	struct scene *scene = create_with_firmware(&options);

	scene_update(scene, 0, (struct kms_rect){1, 1, 2, 2}, RED);
	scene_scanout(scene, 0, 32, 32);
	device_is_reset(scene);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	expect_system(scene);
}

/* Without a relay nobody hears of a reset. */
static void test_edid(void)
{
	struct scene *scene = create_with_firmware(&options);

	ask_edid(scene);
	scene_update(scene, 0, scene_full, RED);
	scene_expect_color(scene_output(scene, 0), GREY);
	flip_all(scene);
	expect_system(scene);
}

/* What the firmware showed is forgotten, not shown until the system draws. */
static void test_system_sets_and_waits(void)
{
	struct scene *scene = create_with_firmware(&options);
	struct kms_output *output = scene_output(scene, 0);

	device_is_reset(scene);
	scene_scanout(scene, 0, SCENE_WIDTH, SCENE_HEIGHT);
	flip_all(scene);
	scene_expect_color(output, GREY);
	g_assert_cmpint(source_state(guest_source(scene->guests[0], 0)), ==, SOURCE_EMPTY);
	expect_system(scene);
}

static void test_last(void)
{
	struct scene_options last = options;
	struct scene *scene;

	last.before = (struct picture_spec){.kind = PICTURE_LAST};
	scene = scene_create(&last);
	firmware_draws(scene);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	device_is_reset(scene);
	system_draws(scene);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 1);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_destroy(scene);
}

static void test_show(void)
{
	struct scene_options show = options;
	struct scene *scene;

	show.firmware = FIRMWARE_SHOW;
	scene = scene_create(&show);
	firmware_draws(scene);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), RED);
	device_is_reset(scene);
	firmware_draws(scene);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), RED);
	scene_destroy(scene);
}

/* It waits for somebody. */
static void test_time_is_up(void)
{
	struct scene_options patient = options;
	struct scene *scene;

	patient.firmware_patience_ms = 20;
	scene = scene_create(&patient);
	flip_all(scene);
	firmware_draws(scene);
	while (fake_pixel(scene_output(scene, 0), 0, 0) != RED)
		g_main_context_iteration(NULL, TRUE);
	scene_expect_color(scene_output(scene, 0), RED);
	flip_all(scene);
	g_assert_cmpuint(scene->seen, ==, 0);
	g_free(fixture_log_take());
	/* And it may go on. */
	scene_update(scene, 0, scene_full, BLUE);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), BLUE);
	g_assert_cmpuint(scene->seen, ==, 0);
	device_is_reset(scene);
	expect_system(scene);
}

/* Each of these is a system's beginning. */
static void test_systems(void)
{
	for (int i = 0; i < 4; i++) {
		struct scene *scene = scene_create(&options);

		flip_all(scene);
		switch (i) {
		case 0:
			break;
		case 1:
			ask_edid(scene);
			firmware_begins(scene);
			break;
		case 2:
			scene_scanout(scene, 0, 640, 480);
			scene_update(scene, 0, (struct kms_rect){0, 0, 640, 480}, RED);
			flip_all(scene);
			break;
		default:
			scene_scanout(scene, 0, 640, 480);
			scene_scanout(scene, 1, 640, 480);
			break;
		}
		expect_system(scene);
	}
}

static void test_dmabufs(void)
{
	struct scene *scene = scene_create(&options);
	struct kms_output *output = scene_output(scene, 0);
	uint32_t *memory;

	flip_all(scene);
	scene_dmabuf(scene, 0, 640, 480, fake_dmabuf_create((size_t)640 * 480 * 4, &memory));
	scene_show_dmabuf(scene, RED);
	scene_wait_reply(scene, 0);
	g_assert_cmpuint(output->commit_count, ==, 1);
	device_is_reset(scene);
	scene_show_dmabuf(scene, GREEN);
	flip_all(scene);
	g_assert_cmpuint(scene_replies(scene, 0), ==, 1);
	g_assert_cmpuint(output->commit_count, ==, 2);
	scene_destroy(scene);
}

/* Of what was shown before, after= is left. */
static void test_reboot(void)
{
	struct scene *scene = scene_create(&options);
	struct kms_output *output = scene_output(scene, 0);

	flip_all(scene);
	system_draws(scene);
	flip_all(scene);
	device_is_reset(scene);
	firmware_draws(scene);
	flip_all(scene);
	scene_expect_color(output, BLUE);
	device_is_reset(scene);
	expect_system(scene);
}

/* A machine that is paused meanwhile is the same as before. */
static void test_paused(void)
{
	struct scene *scene = create_with_firmware(&options);

	device_is_reset(scene);
	scene_update(scene, 0, scene_full, RED);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), GREY);
	device_is_reset(scene);
	firmware_draws(scene);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), GREY);
	device_is_reset(scene);
	expect_system(scene);
}

static void test_hangs_up(void)
{
	struct scene *scene = create_with_firmware(&options);

	scene_hang_up(scene, 0);
	scene_attach(scene, 0);
	expect_system(scene);
}

static void test_is_no_sign_of_life(void)
{
	struct scene_options alive = options;
	struct scene *scene;

	alive.alive = (struct alive_options){.proof = ALIVE_FRAMES, .period_ms = 20};
	alive.firmware_patience_ms = 200;
	alive.dead = (struct picture_spec){.color = RED};
	scene = create_with_firmware(&alive);
	/* Nothing is due before it is shown. */
	while (!strstr(scene->lives->str, "dead"))
		g_main_context_iteration(NULL, TRUE);
	scene_expect_log("its firmware is shown");
	scene_destroy(scene);
}

static void test_kept(void)
{
	struct scene_options kept = options;
	struct scene *killed, *scene;

	kept.kept = true;
	killed = create_with_firmware(&kept);
	scene = scene_succeed(killed, &kept, true);
	scene_destroy(killed);
	scene_update(scene, 0, scene_full, RED);
	g_assert_cmpint(source_state(guest_source(scene->guests[0], 0)), ==, SOURCE_ENABLED);
	g_assert_cmpuint(scene_output(scene, 0)->commit_count, ==, 0);
	device_is_reset(scene);
	system_draws(scene);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), GREEN);
	scene_destroy(scene);
}

/* The time that guests have after a restart is over at once. */
static bool impatient;

guint g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
	return g_timeout_add(impatient ? 0 : seconds * 1000, function, data);
}

/* The system was shown, and it boots anew: what is left of that is left by each process that comes after
 * another, also where the time for guests to come is over. */
static void test_kept_after(void)
{
	struct scene_options kept = options;
	struct scene *scene;

	kept.kept = true;
	scene = scene_create(&kept);
	flip_all(scene);
	system_draws(scene);
	flip_all(scene);
	device_is_reset(scene);
	firmware_draws(scene);
	flip_all(scene);
	scene_expect_color(scene_output(scene, 0), BLUE);
	impatient = true;
	for (unsigned int i = 0; i < 3; i++) {
		struct scene *killed = scene;

		scene = scene_succeed(killed, &kept, true);
		scene_destroy(killed);
		while (scene_output(scene, 0)->commit_count == 0)
			g_main_context_iteration(NULL, TRUE);
		scene_expect_color(scene_output(scene, 0), BLUE);
		flip_all(scene);
	}
	impatient = false;
	device_is_reset(scene);
	expect_system(scene);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/guest/firmware/reset", test_reset);
	g_test_add_func("/guest/firmware/edid", test_edid);
	g_test_add_func("/guest/firmware/system-sets-and-waits", test_system_sets_and_waits);
	g_test_add_func("/guest/firmware/last", test_last);
	g_test_add_func("/guest/firmware/show", test_show);
	g_test_add_func("/guest/firmware/time-is-up", test_time_is_up);
	g_test_add_func("/guest/firmware/systems", test_systems);
	g_test_add_func("/guest/firmware/dmabufs", test_dmabufs);
	g_test_add_func("/guest/firmware/reboot", test_reboot);
	g_test_add_func("/guest/firmware/paused", test_paused);
	g_test_add_func("/guest/firmware/hangs-up", test_hangs_up);
	g_test_add_func("/guest/firmware/no-sign-of-life", test_is_no_sign_of_life);
	g_test_add_func("/guest/firmware/kept", test_kept);
	g_test_add_func("/guest/firmware/kept-after", test_kept_after);
	return g_test_run();
}
