/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card on the double: taking it over, mode sets, pause and resume, loss of master, stuck flips,
 * monitors that come and go, the card's end.
 */
#include "card_fixture.h"
#include "device.h"
#include "hotplug.h"
#include "output.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ---- */

static void test_open(void)
{
	struct card_fixture fixture;
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 3;
	double_card.connected[1] = false;
	card_open(&fixture);
	g_assert_cmpuint(fixture.count, ==, 3);
	g_assert_cmpstr(kms_device_path(fixture.device), ==, "/dev/dri/double");
	g_assert_cmpstr(kms_output_name(fixture.outputs[2].output), ==, "DP-3");
	g_assert_true(kms_output_connected(fixture.outputs[0].output));
	g_assert_false(kms_output_connected(fixture.outputs[1].output));
	g_assert_true(
		kms_device_find_output(fixture.device, "DP-2", NULL) == fixture.outputs[1].output);
	g_assert_null(kms_device_find_output(fixture.device, "HDMI-A-1", &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_CONNECTOR);
	g_assert_nonnull(strstr(error->message, "DP-1, DP-2 (no monitor), DP-3"));
	/* Nothing on the screen was touched. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_finish(&fixture);
}

static void test_other_master_at_open(void)
{
	struct kms_device_options options = {0};
	const struct kms_listener listener = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.other_master = true;
	options.fd = double_open();
	g_assert_null(kms_device_create(&options, &listener, NULL, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	g_assert_nonnull(strstr(error->message, "/dev/dri/double"));
}

static void test_no_connectors(void)
{
	struct kms_device_options options = {0};
	const struct kms_listener listener = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 0;
	options.fd = double_open();
	g_assert_null(kms_device_create(&options, &listener, NULL, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC);
}

/* What stands for a seat manager: its card is the double, and it counts. */
struct manager {
	int refusal; /* -errno, or 0 */
	unsigned int opened;
	unsigned int closed;
	int fd;
};

static int manager_open(void *data, const char *path, int flags)
{
	struct manager *manager = data;

	g_assert_cmpstr(path, ==, "/dev/dri/card0");
	if (manager->refusal)
		return manager->refusal;
	manager->opened++;
	manager->fd = double_open();
	return manager->fd;
}

static void manager_close(void *data, int fd)
{
	struct manager *manager = data;

	g_assert_cmpint(fd, ==, manager->fd);
	manager->closed++;
	close(fd);
}

static struct kms_device *open_managed(struct manager *manager, GError **error)
{
	const struct kms_opener opener = {manager_open, manager_close, manager};
	const struct kms_device_options options = {
		.path = "/dev/dri/card0",
		.opener = &opener,
		.fd = -1,
	};
	const struct kms_listener listener = {0};

	return kms_device_create(&options, &listener, NULL, error);
}

static void test_seat_manager(void)
{
	struct manager manager = {0};
	g_autoptr(GError) error = NULL;
	struct kms_device *device;

	double_reset();
	double_card.manager = true;
	device = open_managed(&manager, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(kms_device_path(device), ==, "/dev/dri/card0");
	/* It takes master away before we are asked, and gives it before we are told. */
	double_set_master(false);
	kms_device_pause(device);
	g_assert_false(kms_device_resume(device, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	g_clear_error(&error);
	double_set_master(true);
	kms_device_pause(device);
	g_assert_true(double_is_master());
	g_assert_true(kms_device_resume(device, &error));
	g_assert_no_error(error);
	kms_device_destroy(device);
	g_assert_cmpuint(manager.opened, ==, 1);
	g_assert_cmpuint(manager.closed, ==, 1);
}

static void test_seat_manager_refuses(void)
{
	struct manager manager = {.refusal = -EPERM};
	g_autoptr(GError) error = NULL;

	double_reset();
	g_assert_null(open_managed(&manager, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_PERMISSION);
	g_clear_error(&error);
	manager.refusal = -ENOENT;
	g_assert_null(open_managed(&manager, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_CARD);
	g_assert_cmpstr(error->message, ==, "/dev/dri/card0: No such file or directory");
	g_assert_cmpuint(manager.closed, ==, 0);
}

/* It is closed, and only once: by then the number may be somebody else's. */
static void test_useless_card(void)
{
	struct manager manager = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 0;
	g_assert_null(open_managed(&manager, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC);
	g_assert_cmpuint(manager.opened, ==, 1);
	g_assert_cmpuint(manager.closed, ==, 1);
}

/* ---- taking over ---- */

static void test_dark_card(void)
{
	struct card_fixture fixture;
	const struct double_framebuffer *black;

	double_reset();
	card_open(&fixture);
	card_configure(&fixture, "800x600", false);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
	g_assert_cmpuint(kms_output_counters(fixture.outputs[0].output)->mode_sets, ==, 1);
	black = double_framebuffer(card_shown(0));
	g_assert_cmpuint(black->width, ==, 800);
	g_assert_cmpuint(black->height, ==, 600);
	g_assert_cmpuint(black->fourcc, ==, DRM_FORMAT_XRGB8888);
	card_finish(&fixture);
}

static void test_takes_over_without_mode_set(void)
{
	struct card_fixture fixture;
	uint32_t before;

	double_reset();
	before = double_light(0);
	card_open(&fixture);
	card_configure(&fixture, NULL, false);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(kms_output_counters(fixture.outputs[0].output)->mode_sets, ==, 0);
	g_assert_cmpuint(card_shown(0), !=, before);
	card_finish(&fixture);
}

static void test_keeps_picture(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	uint32_t before;

	double_reset();
	before = double_light(0);
	card_open(&fixture);
	card_configure(&fixture, NULL, true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(card_shown(0), ==, before);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	/* The first frame brings its whole placement along. */
	buffer = card_buffer(&fixture, 0);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	card_flip(0);
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 1);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_picture_goes_with_its_mode(void)
{
	struct card_fixture fixture;
	uint32_t before;

	double_reset();
	double_card.needs_mode_set = true;
	before = double_light(0);
	card_open(&fixture);
	card_configure(&fixture, NULL, true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(card_shown(0), !=, before);
	card_finish(&fixture);
}

static void test_current_mode(void)
{
	struct card_fixture fixture;
	uint32_t before;

	double_reset();
	double_card.needs_mode_set = true;
	before = double_light(0);
	card_open(&fixture);
	card_configure(&fixture, "current", true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(card_shown(0), ==, before);
	card_finish(&fixture);
}

static void test_leaks_are_undone(void)
{
	struct card_fixture fixture;
	struct kms_output_request request = {0};

	double_reset();
	double_card.crtcs = 2;
	double_light(0);
	double_light(1);
	card_open(&fixture);
	request.output = fixture.outputs[0].output;
	g_assert_true(kms_device_configure(fixture.device, &request, 1, NULL));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 12);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "GAMMA_LUT"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "alpha"), ==, 0xffff);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "alpha"), ==, 0xffff);
	/* Everything that was not asked for is off. */
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "MODE_ID"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, 0);
	g_assert_cmpuint(card_shown(1), ==, 0);
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	card_finish(&fixture);
}

static void test_resets_refused(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.refuse_resets = true;
	card_open(&fixture);
	card_configure(&fixture, NULL, false);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 8);
	card_finish(&fixture);
}

static void test_mode_set_refused(void)
{
	struct card_fixture fixture;
	struct kms_output_request requests[2];
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 2;
	double_card.active_max = 1;
	card_open(&fixture);
	for (int i = 0; i < 2; i++)
		requests[i] = (struct kms_output_request){fixture.outputs[i].output, NULL, false};
	g_assert_false(kms_device_configure(fixture.device, requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
	g_assert_cmpuint(double_counters.commits, ==, 0);
	/* Nothing was kept of the attempt. */
	g_assert_cmpuint(double_framebuffer_count(), ==, 0);
	g_assert_true(kms_device_configure(fixture.device, requests, 1, NULL));
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	card_finish(&fixture);
}

static void test_no_such_mode(void)
{
	struct card_fixture fixture;
	struct kms_output_request request = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	card_start(&fixture);
	request.output = fixture.outputs[0].output;
	request.mode = "1920x1080";
	g_assert_false(kms_device_configure(fixture.device, &request, 1, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	g_assert_nonnull(strstr(error->message, "DP-1"));
	g_assert_nonnull(strstr(error->message, "800x600@"));
	/* What ran still runs. */
	card_turn();
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_finish(&fixture);
}

/* ---- changing it while it runs ---- */

static void test_mode_set_waits_for_flips(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 1, buffer, NULL, 0);
	card_flip(1);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_configure(&fixture, "640x480", false);
	/* CRTC 0 has a commit in flight; nothing goes out before its event. */
	g_assert_cmpint(card_submit(&fixture, 1, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	g_assert_cmpuint(kms_output_mode(fixture.outputs[0].output)->width, ==, 640);
	g_assert_true(kms_output_busy(fixture.outputs[0].output));
	g_assert_true(kms_output_busy(fixture.outputs[1].output));
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 1);
	g_assert_cmpuint(fixture.outputs[0].changes, ==, 1);
	card_flip(0);
	card_flip(1);
	g_assert_cmpuint(fixture.outputs[0].presentations, ==, 1);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* A frame that was made for the old mode cannot be shown in the new one. */
static void test_pending_frame_of_the_old_mode(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_configure(&fixture, "640x480", false);
	card_flip(0);
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 1);
	g_assert_cmpuint(fixture.outputs[0].failed, ==, 2);
	g_assert_cmpint(fixture.outputs[0].error, ==, ECANCELED);
	card_flip(0);
	g_assert_false(kms_output_busy(fixture.outputs[0].output));
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* The driver refuses the new mode: the frame that waited for it is shown in the old one. */
static void test_pending_frame_of_a_refused_mode(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_configure(&fixture, "640x480", false);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 2);
	card_flip(0);
	g_assert_nonnull(strstr(fixture.log->str, "refuses the mode set"));
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 1);
	g_assert_true(kms_output_busy(fixture.outputs[0].output));
	card_flip(0);
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 2);
	g_assert_cmpuint(fixture.outputs[0].failures, ==, 0);
	g_assert_cmpuint(kms_output_mode(fixture.outputs[0].output)->width, ==, 1024);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_one_off_and_on(void)
{
	struct card_fixture fixture;
	struct kms_output_request request = {0};
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_start(&fixture);
	buffer = card_buffer(&fixture, 1);
	card_submit(&fixture, 1, buffer, NULL, 0);
	card_flip(1);
	request.output = fixture.outputs[1].output;
	g_assert_true(kms_device_configure(fixture.device, &request, 1, NULL));
	card_turn();
	g_assert_false(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	g_assert_cmpuint(fixture.outputs[0].changes, ==, 1);
	/* The other one goes on with its picture. */
	g_assert_cmpuint(double_framebuffer(card_shown(1))->width, ==, 1024);
	g_assert_true(kms_output_holds(fixture.outputs[1].output, buffer));
	g_assert_cmpuint(fixture.outputs[1].changes, ==, 0);
	card_flip(0);
	card_flip(1);
	card_configure(&fixture, NULL, false);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 1);
	card_flip(0);
	card_flip(1);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* Asked for, but not lit yet: what its mode will be is known, and a mode that is not there is
 * refused at once. */
static void test_off_for_now(void)
{
	struct card_fixture fixture;
	struct kms_output_request requests[2] = {0};
	g_autoptr(GError) error = NULL;

	double_reset();
	double_card.crtcs = 2;
	card_start(&fixture);
	requests[0].output = fixture.outputs[0].output;
	requests[1].output = fixture.outputs[1].output;
	requests[1].mode = "640x480";
	requests[1].off = true;
	g_assert_true(kms_device_configure(fixture.device, requests, 2, NULL));
	card_turn();
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(kms_output_mode(fixture.outputs[1].output)->width, ==, 640);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	card_flip(0);
	card_flip(1);
	requests[1].mode = "123x45";
	g_assert_false(kms_device_configure(fixture.device, requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	requests[1].mode = "640x480";
	requests[1].off = false;
	g_assert_true(kms_device_configure(fixture.device, requests, 2, NULL));
	card_turn();
	g_assert_true(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(kms_output_mode(fixture.outputs[1].output)->width, ==, 640);
	card_flip(0);
	card_flip(1);
	card_finish(&fixture);
}

/* ---- monitors ---- */

static void probe(struct card_fixture *fixture, unsigned int n, bool connected)
{
	double_card.connected[n] = connected;
	kms_hotplug_probe(fixture->device->hotplug);
	card_wait(kms_output_connected(fixture->outputs[n].output) == connected);
	card_turn();
}

static void test_unplug(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	probe(&fixture, 0, false);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_OFF);
	/* The event of what was in flight still comes, and is nobody's any more. */
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	card_flip(0);
	g_assert_false(kms_output_holds(seen->output, buffer));

	probe(&fixture, 0, true);
	g_assert_true(kms_output_active(seen->output));
	card_flip(0);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, fixture.serial);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_plugged_later(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(&fixture);
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	probe(&fixture, 1, true);
	g_assert_true(kms_output_active(fixture.outputs[1].output));
	g_assert_cmpuint(fixture.outputs[0].changes, ==, 0);
	card_flip(0);
	card_flip(1);
	card_finish(&fixture);
}

/* A monitor too many takes none of the others down. */
static void test_plugged_and_refused(void)
{
	struct card_fixture fixture;

	double_reset();
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_start(&fixture);
	probe(&fixture, 1, true);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_false(kms_output_active(fixture.outputs[1].output));
	g_assert_nonnull(strstr(fixture.log->str, "DP-2: left off"));
	if (kms_output_busy(fixture.outputs[0].output))
		card_flip(0);
	g_assert_false(kms_output_busy(fixture.outputs[0].output));
	card_finish(&fixture);
}

/* ---- pause, resume, master ---- */

static void test_pause_and_resume(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer, *newest;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	newest = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, newest, NULL, 0);
	kms_device_pause(fixture.device);
	g_assert_false(double_is_master());
	g_assert_false(kms_output_active(seen->output));
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, EACCES);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_OFF);

	/* Another master shows something else meanwhile. */
	double_light(0);
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	g_assert_true(double_is_master());
	g_assert_true(kms_output_active(seen->output));
	/* The newest picture is there, in a commit that did not wait. */
	g_assert_cmpuint(card_shown(0), ==, newest->framebuffer);
	g_assert_true(kms_output_holds(seen->output, newest));
	g_assert_false(kms_output_holds(seen->output, buffer));
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	card_flip(0);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, fixture.serial);
	kms_buffer_unref(buffer);
	kms_buffer_unref(newest);
	card_finish(&fixture);
}

static void test_resume_while_busy(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	kms_device_pause(fixture.device);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	/* The mode set waits for the event of the commit from before the pause. */
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_configured_while_paused(void)
{
	struct card_fixture fixture;

	double_reset();
	double_light(0);
	card_open(&fixture);
	kms_device_pause(fixture.device);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	/* Nothing was asked for yet. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	kms_device_pause(fixture.device);
	card_configure(&fixture, "800x600", false);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 12);
	card_flip(0);
	card_finish(&fixture);
}

/* Another master's commit is in flight when we come back: EBUSY, and tried again. */
static void test_resume_ebusy(void)
{
	struct card_fixture fixture;

	double_reset();
	card_start(&fixture);
	kms_device_pause(fixture.device);
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 2);
	g_assert_true(kms_device_resume(fixture.device, NULL));
	card_wait(kms_output_active(fixture.outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	card_finish(&fixture);
}

static void test_resume_without_master(void)
{
	struct card_fixture fixture;
	g_autoptr(GError) error = NULL;

	double_reset();
	card_start(&fixture);
	kms_device_pause(fixture.device);
	double_card.other_master = true;
	g_assert_false(kms_device_resume(fixture.device, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	card_turn();
	g_assert_false(kms_output_active(fixture.outputs[0].output));
	/* It is tried again by itself. */
	double_card.other_master = false;
	card_wait(kms_output_active(fixture.outputs[0].output));
	card_flip(0);
	card_finish(&fixture);
}

static void lose_and_regain(bool pending)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	if (pending)
		card_submit(&fixture, 0, buffer, NULL, 0);
	double_fail(DOUBLE_COMMIT, EACCES, 0, 1);
	double_fail(DOUBLE_SET_MASTER, EACCES, 0, 1);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	if (!pending)
		g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_OFF);
	card_turn();
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpuint(seen->failed, ==, pending ? 2 : 0);
	g_assert_cmpint(seen->error, ==, pending ? EACCES : 0);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_nonnull(strstr(fixture.log->str, "master"));
	card_wait(kms_output_active(seen->output));
	g_assert_nonnull(strstr(fixture.log->str, "is DRM master again"));
	card_flip(0);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_master_lost_at_submit(void)
{
	lose_and_regain(false);
}

static void test_master_lost_at_flip(void)
{
	lose_and_regain(true);
}

/* ---- the end ---- */

static void test_unplugged_card(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_card.gone = true;
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_true(fixture.gone);
	g_assert_false(kms_output_active(seen->output));
	g_assert_false(kms_device_resume(fixture.device, NULL));
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_unplugged_at_submit(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	double_card.gone = true;
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_OFF);
	/* Nobody is called from inside the caller's own call. */
	g_assert_false(fixture.gone);
	card_turn();
	g_assert_true(fixture.gone);
	g_assert_cmpuint(fixture.outputs[0].failures, ==, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_stuck_flip(void)
{
	struct card_fixture fixture;
	struct card_output *seen = &fixture.outputs[0];
	struct kms_buffer *buffer;

	double_reset();
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(seen->failures > 0);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ETIMEDOUT);
	g_assert_cmpuint(kms_output_counters(seen->output)->flip_timeouts, ==, 1);
	/* A blocking mode set helped: it goes on. */
	g_assert_cmpuint(double_counters.blocking_commits, ==, 2);
	g_assert_false(fixture.gone);
	g_assert_cmpint(card_submit(&fixture, 0, buffer, NULL, 0), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 3);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_stuck_for_good(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[0].failures == 1);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.gone);
	g_assert_cmpuint(fixture.outputs[0].failed, ==, 2);
	g_assert_nonnull(strstr(fixture.log->str, "stuck"));
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* One CRTC is stuck for good, and the events of another say nothing of it: there is no second
 * blocking mode set. */
static void test_stuck_beside_another(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	unsigned int blocking;

	double_reset();
	double_card.crtcs = 2;
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	blocking = double_counters.blocking_commits;
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[0].failures == 1);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_submit(&fixture, 1, buffer, NULL, 0);
	card_flip(1);
	g_assert_cmpuint(fixture.outputs[1].presentations, ==, 1);
	card_wait(fixture.gone);
	g_assert_cmpuint(double_counters.blocking_commits, ==, blocking + 1);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* The mode set helped the one that was stuck; it helps the other, too, when that is. */
static void test_stuck_one_after_another(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[0].failures == 1);
	card_submit(&fixture, 1, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[1].failures == 1);
	g_assert_false(fixture.gone);
	for (unsigned int i = 0; i < 2; i++) {
		card_submit(&fixture, i, buffer, NULL, 0);
		card_flip(i);
		g_assert_cmpuint(fixture.outputs[i].presentations, ==, 1);
	}
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static void test_mode_set_does_not_help(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 10);
	card_wait(fixture.gone);
	g_assert_cmpuint(fixture.outputs[0].failures, ==, 1);
	g_assert_cmpint(fixture.outputs[0].error, ==, ETIMEDOUT);
	g_assert_nonnull(strstr(fixture.log->str, g_strerror(EINVAL)));
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* An event that comes after all is of a commit that was given up. */
static void test_late_event(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.crtcs = 2;
	card_open_timed(&fixture, 50);
	card_configure(&fixture, NULL, false);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	double_lose_flips();
	card_wait(fixture.outputs[0].failures == 1);
	double_find_flip(0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_turn();
	g_assert_cmpuint(fixture.outputs[0].presentations, ==, 0);
	g_assert_true(kms_output_busy(fixture.outputs[0].output));
	card_flip(0);
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 2);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

/* ---- drivers of other tempers ---- */

static void test_no_vblank(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;

	double_reset();
	double_card.vblank = false;
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	for (int i = 0; i < 3; i++) {
		card_submit(&fixture, 0, buffer, NULL, 0);
		card_turn();
	}
	g_assert_cmpuint(fixture.outputs[0].presented, ==, 3);
	g_assert_false(fixture.outputs[0].presentation.vblank);
	g_assert_cmpuint(fixture.outputs[0].presentation.sequence, ==, 0);
	g_assert_cmpuint(kms_output_counters(fixture.outputs[0].output)->vblanks_missed, ==, 0);
	kms_buffer_unref(buffer);
	card_finish(&fixture);
}

static int lowest_free_descriptor(void)
{
	int descriptor = dup(STDOUT_FILENO);

	close(descriptor);
	/* cppcheck-suppress deallocret; the number is wanted, not the file. */
	return descriptor;
}

static void test_nothing_is_left_behind(void)
{
	struct card_fixture fixture;
	struct kms_buffer *buffer;
	int descriptor;

	double_reset();
	descriptor = lowest_free_descriptor();
	card_start(&fixture);
	buffer = card_buffer(&fixture, 0);
	card_submit(&fixture, 0, buffer, NULL, 0);
	card_flip(0);
	kms_buffer_unref(buffer);
	/* What is on the screen is left to the kernel to take away with the descriptor. */
	double_counters.framebuffers_closed = 0;
	card_finish(&fixture);
	g_assert_cmpuint(double_counters.framebuffers_closed, ==, 0);
	g_assert_cmpuint(double_counters.framebuffers_removed, ==, 0);
	double_reset();
	g_assert_cmpint(lowest_free_descriptor(), ==, descriptor);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	g_test_add_func("/kms/device/open", test_open);
	g_test_add_func("/kms/device/open/other-master", test_other_master_at_open);
	g_test_add_func("/kms/device/open/no-connectors", test_no_connectors);
	g_test_add_func("/kms/device/open/seat-manager", test_seat_manager);
	g_test_add_func("/kms/device/open/seat-manager-refuses", test_seat_manager_refuses);
	g_test_add_func("/kms/device/open/useless-card", test_useless_card);
	g_test_add_func("/kms/device/takeover/dark-card", test_dark_card);
	g_test_add_func("/kms/device/takeover/no-mode-set", test_takes_over_without_mode_set);
	g_test_add_func("/kms/device/takeover/keeps-picture", test_keeps_picture);
	g_test_add_func("/kms/device/takeover/picture-goes", test_picture_goes_with_its_mode);
	g_test_add_func("/kms/device/takeover/current-mode", test_current_mode);
	g_test_add_func("/kms/device/takeover/leaks-are-undone", test_leaks_are_undone);
	g_test_add_func("/kms/device/takeover/resets-refused", test_resets_refused);
	g_test_add_func("/kms/device/takeover/refused", test_mode_set_refused);
	g_test_add_func("/kms/device/takeover/no-such-mode", test_no_such_mode);
	g_test_add_func("/kms/device/mode-set/waits-for-flips", test_mode_set_waits_for_flips);
	g_test_add_func("/kms/device/mode-set/pending-frame", test_pending_frame_of_the_old_mode);
	g_test_add_func("/kms/device/mode-set/refused-pending-frame",
		test_pending_frame_of_a_refused_mode);
	g_test_add_func("/kms/device/mode-set/one-off-and-on", test_one_off_and_on);
	g_test_add_func("/kms/device/mode-set/off-for-now", test_off_for_now);
	g_test_add_func("/kms/device/monitor/unplug", test_unplug);
	g_test_add_func("/kms/device/monitor/plugged-later", test_plugged_later);
	g_test_add_func("/kms/device/monitor/plugged-and-refused", test_plugged_and_refused);
	g_test_add_func("/kms/device/pause/resume", test_pause_and_resume);
	g_test_add_func("/kms/device/pause/resume-while-busy", test_resume_while_busy);
	g_test_add_func("/kms/device/pause/configured", test_configured_while_paused);
	g_test_add_func("/kms/device/pause/resume-ebusy", test_resume_ebusy);
	g_test_add_func("/kms/device/pause/resume-without-master", test_resume_without_master);
	g_test_add_func("/kms/device/master/lost-at-submit", test_master_lost_at_submit);
	g_test_add_func("/kms/device/master/lost-at-flip", test_master_lost_at_flip);
	g_test_add_func("/kms/device/gone/at-flip", test_unplugged_card);
	g_test_add_func("/kms/device/gone/at-submit", test_unplugged_at_submit);
	g_test_add_func("/kms/device/stuck/mode-set-helps", test_stuck_flip);
	g_test_add_func("/kms/device/stuck/for-good", test_stuck_for_good);
	g_test_add_func("/kms/device/stuck/beside-another", test_stuck_beside_another);
	g_test_add_func("/kms/device/stuck/one-after-another", test_stuck_one_after_another);
	g_test_add_func("/kms/device/stuck/mode-set-refused", test_mode_set_does_not_help);
	g_test_add_func("/kms/device/stuck/late-event", test_late_event);
	g_test_add_func("/kms/device/no-vblank", test_no_vblank);
	g_test_add_func("/kms/device/nothing-left-behind", test_nothing_is_left_behind);
	return g_test_run();
}
