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

static void test_open(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	double_card.crtcs = 3;
	double_card.connected[1] = false;
	card_open(card);
	g_assert_cmpuint(card->count, ==, 3);
	g_assert_cmpstr(kms_device_path(card->device), ==, "/dev/dri/double");
	g_assert_cmpstr(kms_output_name(card->outputs[2].output), ==, "DP-3");
	g_assert_true(kms_output_connected(card->outputs[0].output));
	g_assert_false(kms_output_connected(card->outputs[1].output));
	g_assert_true(
		kms_device_find_output(card->device, "DP-2", NULL) == card->outputs[1].output);
	g_assert_null(kms_device_find_output(card->device, "HDMI-A-1", &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_CONNECTOR);
	g_assert_nonnull(strstr(error->message, "DP-1, DP-2 (no monitor), DP-3"));
	/* Nothing on the screen was touched. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
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

static void test_dark_card(struct card_fixture *card)
{
	const struct double_framebuffer *black;

	card_open(card);
	card_configure(card, "800x600", false);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->mode_sets, ==, 1);
	black = double_framebuffer(card_shown(0));
	g_assert_cmpuint(black->width, ==, 800);
	g_assert_cmpuint(black->height, ==, 600);
	g_assert_cmpuint(black->fourcc, ==, DRM_FORMAT_XRGB8888);
}

static void test_takes_over_without_mode_set(struct card_fixture *card)
{
	uint32_t before;

	before = double_light(0);
	card_open(card);
	card_configure(card, NULL, false);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->mode_sets, ==, 0);
	g_assert_cmpuint(card_shown(0), !=, before);
}

static void test_keeps_picture(struct card_fixture *card)
{
	uint32_t before;

	before = double_light(0);
	card_open(card);
	card_configure(card, NULL, true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(card_shown(0), ==, before);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	/* The first frame brings its whole placement along. */
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
}

static void test_picture_goes_with_its_mode(struct card_fixture *card)
{
	uint32_t before;

	double_card.needs_mode_set = true;
	before = double_light(0);
	card_open(card);
	card_configure(card, NULL, true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(card_shown(0), !=, before);
}

static void test_current_mode(struct card_fixture *card)
{
	uint32_t before;

	double_card.needs_mode_set = true;
	before = double_light(0);
	card_open(card);
	card_configure(card, "current", true);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(card_shown(0), ==, before);
}

static void test_leaks_are_undone(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_light(0);
	double_light(1);
	card_open(card);
	card_configure_only(card, 0);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 12);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "GAMMA_LUT"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "alpha"), ==, 0xffff);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(0), "alpha"), ==, 0xffff);
	/* Everything that was not asked for is off. */
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "MODE_ID"), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "CRTC_ID"), ==, 0);
	g_assert_cmpuint(card_shown(1), ==, 0);
	g_assert_false(kms_output_active(card->outputs[1].output));
}

static void test_resets_refused(struct card_fixture *card)
{
	double_card.refuse_resets = true;
	card_open(card);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 8);
}

static void test_mode_set_refused(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	double_card.crtcs = 2;
	double_card.active_max = 1;
	card_open(card);
	g_assert_false(kms_device_configure(card->device, card->requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
	g_assert_cmpuint(double_counters.commits, ==, 0);
	/* Nothing was kept of the attempt. */
	g_assert_cmpuint(double_framebuffer_count(), ==, 0);
	g_assert_true(kms_device_configure(card->device, card->requests, 1, NULL));
	g_assert_true(kms_output_active(card->outputs[0].output));
}

static void test_no_such_mode(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_start(card);
	card->requests[0].mode = "1920x1080";
	g_assert_false(kms_device_configure(card->device, card->requests, 1, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	g_assert_nonnull(strstr(error->message, "DP-1"));
	g_assert_nonnull(strstr(error->message, "800x600@"));
	/* What ran still runs. */
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 0);
}

/* ---- changing a card that runs ---- */

static void test_mode_set_waits_for_flips(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_submit(card, 0);
	card_show(card, 1);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_configure(card, "640x480", false);
	/* CRTC 0 has a commit in flight; nothing goes out before its event. */
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	g_assert_true(kms_output_busy(card->outputs[1].output));
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_cmpuint(card->outputs[0].changes, ==, 1);
	card_flip(0);
	card_flip(1);
	g_assert_cmpuint(card->outputs[0].presentations, ==, 1);
}

/* A frame that was made for the old mode cannot be shown in the new one. */
static void test_pending_frame_of_the_old_mode(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	card_configure(card, "640x480", false);
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_cmpuint(card->outputs[0].failed, ==, 2);
	g_assert_cmpint(card->outputs[0].error, ==, ECANCELED);
	card_flip(0);
	g_assert_false(kms_output_busy(card->outputs[0].output));
}

/* The driver refuses the new mode: the frame that waited for it is shown in the old one. */
static void test_pending_frame_of_a_refused_mode(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	card_configure(card, "640x480", false);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 2);
	card_flip(0);
	g_assert_nonnull(strstr(card->log->str, "refuses the mode set"));
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 1024);
}

static void test_one_off_and_on(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	card_show(card, 1);
	card_configure_only(card, 1);
	g_assert_false(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	g_assert_cmpuint(card->outputs[0].changes, ==, 1);
	/* The other one goes on with its picture. */
	g_assert_cmpuint(double_framebuffer(card_shown(1))->width, ==, 1024);
	g_assert_true(kms_output_holds(card->outputs[1].output, card_picture(card, 1)));
	g_assert_cmpuint(card->outputs[1].changes, ==, 0);
	card_flip(0);
	card_flip(1);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 1);
	card_flip(0);
	card_flip(1);
}

/* Asked for, but not lit yet: what its mode will be is known, and a mode that is not there is
 * refused at once. */
static void test_off_for_now(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	double_card.crtcs = 2;
	card_start(card);
	card->requests[1].mode = "640x480";
	card->requests[1].off = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[1].output)->width, ==, 640);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	card_flip(0);
	card_flip(1);
	card->requests[1].mode = "123x45";
	g_assert_false(kms_device_configure(card->device, card->requests, 2, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_MODE);
	card->requests[1].mode = "640x480";
	card->requests[1].off = false;
	g_assert_true(kms_device_configure(card->device, card->requests, 2, NULL));
	card_turn();
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[1].output)->width, ==, 640);
	card_flip(0);
	card_flip(1);
}

/* ---- monitors ---- */

static void probe(struct card_fixture *card, unsigned int n, bool connected)
{
	double_card.connected[n] = connected;
	kms_hotplug_probe(card->device->hotplug);
	card_wait(kms_output_connected(card->outputs[n].output) == connected);
	card_turn();
}

static void test_unplug(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	probe(card, 0, false);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	/* The event of what was in flight still comes, and is nobody's any more. */
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	card_flip(0);
	g_assert_false(kms_output_holds(seen->output, card_picture(card, 0)));

	probe(card, 0, true);
	g_assert_true(kms_output_active(seen->output));
	card_flip(0);
	card_show(card, 0);
}

static void test_plugged_later(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(card);
	g_assert_false(kms_output_active(card->outputs[1].output));
	probe(card, 1, true);
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(card->outputs[0].changes, ==, 0);
	card_flip(0);
	card_flip(1);
}

/* A monitor too many takes none of the others down. */
static void test_plugged_and_refused(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_start(card);
	probe(card, 1, true);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_nonnull(strstr(card->log->str, "DP-2: left off"));
	card_flip_all(card);
	g_assert_false(kms_output_busy(card->outputs[0].output));
}

/* ---- pause, resume, master ---- */

static void test_pause_and_resume(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];
	struct kms_buffer *buffer, *newest;

	card_start(card);
	buffer = card_buffer(card, 0);
	newest = card_buffer(card, 0);
	card_submit_buffer(card, 0, buffer);
	card_submit_buffer(card, 0, newest);
	kms_device_pause(card->device);
	g_assert_false(double_is_master());
	g_assert_false(kms_output_active(seen->output));
	card_turn();
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, EACCES);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_OFF);

	/* Another master shows something else meanwhile. */
	double_light(0);
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_true(double_is_master());
	g_assert_true(kms_output_active(seen->output));
	/* The newest picture is there, in a commit that did not wait. */
	g_assert_cmpuint(card_shown(0), ==, newest->framebuffer);
	g_assert_true(kms_output_holds(seen->output, newest));
	g_assert_false(kms_output_holds(seen->output, buffer));
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	card_flip(0);
	g_assert_cmpint(card_submit_buffer(card, 0, buffer), ==, KMS_SUBMIT_ACCEPTED);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, card->serial);
}

static void test_resume_while_busy(struct card_fixture *card)
{
	card_start(card);
	card_submit(card, 0);
	kms_device_pause(card->device);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	/* The mode set waits for the event of the commit from before the pause. */
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	g_assert_true(kms_output_active(card->outputs[0].output));
	card_flip(0);
}

static void test_configured_while_paused(struct card_fixture *card)
{
	double_light(0);
	card_open(card);
	kms_device_pause(card->device);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	/* Nothing was asked for yet. */
	g_assert_cmpuint(double_counters.commits, ==, 0);
	kms_device_pause(card->device);
	card_configure(card, "800x600", false);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(0), "max bpc"), ==, 12);
	card_flip(0);
}

/* Another master's commit is in flight when we come back: EBUSY, and tried again. */
static void test_resume_ebusy(struct card_fixture *card)
{
	card_start(card);
	kms_device_pause(card->device);
	double_fail(DOUBLE_COMMIT, EBUSY, 0, 2);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_wait(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 1);
	card_flip(0);
}

static void test_resume_without_master(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_start(card);
	kms_device_pause(card->device);
	double_card.other_master = true;
	g_assert_false(kms_device_resume(card->device, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	card_turn();
	g_assert_false(kms_output_active(card->outputs[0].output));
	/* It is tried again by itself. */
	double_card.other_master = false;
	card_wait(kms_output_active(card->outputs[0].output));
	card_flip(0);
}

static void lose_and_regain(struct card_fixture *card, bool pending)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	if (pending)
		card_submit(card, 0);
	double_fail(DOUBLE_COMMIT, EACCES, 0, 1);
	double_fail(DOUBLE_SET_MASTER, EACCES, 0, 1);
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	if (!pending)
		g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	card_turn();
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpuint(seen->failed, ==, pending ? 2 : 0);
	g_assert_cmpint(seen->error, ==, pending ? EACCES : 0);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_nonnull(strstr(card->log->str, "master"));
	card_wait(kms_output_active(seen->output));
	g_assert_nonnull(strstr(card->log->str, "is DRM master again"));
	card_flip(0);
	card_show(card, 0);
}

static void test_master_lost_at_submit(struct card_fixture *card)
{
	lose_and_regain(card, false);
}

static void test_master_lost_at_flip(struct card_fixture *card)
{
	lose_and_regain(card, true);
}

/* ---- the card ---- */

static void test_unplugged_card(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	double_card.gone = true;
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_true(card->gone);
	g_assert_false(kms_output_active(seen->output));
	g_assert_false(kms_device_resume(card->device, NULL));
}

static void test_unplugged_at_submit(struct card_fixture *card)
{
	card_start(card);
	card_picture(card, 0); /* made while the card is there */
	double_card.gone = true;
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	/* Nobody is called from inside the caller's own call. */
	g_assert_false(card->gone);
	card_turn();
	g_assert_true(card->gone);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
}

static void test_stuck_flip(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start_timed(card, 50);
	card_submit(card, 0);
	card_submit_stuck(card, 0);
	card_wait(seen->failures > 0);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ETIMEDOUT);
	g_assert_cmpuint(kms_output_counters(seen->output)->flip_timeouts, ==, 1);
	/* A blocking mode set helped: it goes on. */
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
	g_assert_false(card->gone);
	card_show(card, 0);
	g_assert_cmpuint(seen->presented, ==, 3);
}

static void test_stuck_for_good(struct card_fixture *card)
{
	card_start_timed(card, 50);
	card_time_out(card, 0);
	card_submit_stuck(card, 0);
	card_wait(card->gone);
	g_assert_cmpuint(card->outputs[0].failed, ==, 2);
	g_assert_nonnull(strstr(card->log->str, "stuck"));
}

/* One CRTC is stuck for good, and the events of another say nothing of it: there is no second
 * blocking mode set. */
static void test_stuck_beside_another(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_time_out(card, 0);
	card_submit_stuck(card, 0);
	card_show(card, 1);
	g_assert_cmpuint(card->outputs[1].presentations, ==, 1);
	card_wait(card->gone);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 1);
}

/* The mode set helped the one that was stuck; it helps the other, too, when that is. */
static void test_stuck_one_after_another(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_time_out(card, 0);
	card_time_out(card, 1);
	g_assert_false(card->gone);
	for (unsigned int i = 0; i < 2; i++) {
		card_show(card, i);
		g_assert_cmpuint(card->outputs[i].presentations, ==, 1);
	}
}

static void test_mode_set_does_not_help(struct card_fixture *card)
{
	card_start_timed(card, 50);
	card_submit_stuck(card, 0);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 10);
	card_wait(card->gone);
	g_assert_cmpuint(card->outputs[0].failures, ==, 1);
	g_assert_cmpint(card->outputs[0].error, ==, ETIMEDOUT);
	g_assert_nonnull(strstr(card->log->str, g_strerror(EINVAL)));
}

/* An event that comes after all is of a commit that was given up. */
static void test_late_event(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start_timed(card, 50);
	card_time_out(card, 0);
	double_find_flip(0);
	card_submit(card, 0);
	card_turn();
	g_assert_cmpuint(card->outputs[0].presentations, ==, 0);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 2);
}

/* ---- drivers of other tempers ---- */

static void test_no_vblank(struct card_fixture *card)
{
	double_card.vblank = false;
	card_start(card);
	for (int i = 0; i < 3; i++) {
		card_submit(card, 0);
		card_turn();
	}
	g_assert_cmpuint(card->outputs[0].presented, ==, 3);
	g_assert_false(card->outputs[0].presentation.vblank);
	g_assert_cmpuint(card->outputs[0].presentation.sequence, ==, 0);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->vblanks_missed, ==, 0);
}

static int lowest_free_descriptor(void)
{
	int descriptor = dup(STDOUT_FILENO);

	close(descriptor);
	/* cppcheck-suppress deallocret; the number is wanted, not the file. */
	return descriptor;
}

static void test_nothing_is_left_behind(struct card_fixture *card)
{
	int descriptor = lowest_free_descriptor();

	card_start(card);
	card_show(card, 0);
	card_release(card, card_picture(card, 0));
	/* What is on the screen is left to the kernel to take away with the descriptor. */
	double_counters.framebuffers_closed = 0;
	card_finish(card);
	g_assert_cmpuint(double_counters.framebuffers_closed, ==, 0);
	g_assert_cmpuint(double_counters.framebuffers_removed, ==, 0);
	double_reset();
	g_assert_cmpint(lowest_free_descriptor(), ==, descriptor);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/device/open", test_open);
	g_test_add_func("/kms/device/open/other-master", test_other_master_at_open);
	g_test_add_func("/kms/device/open/no-connectors", test_no_connectors);
	g_test_add_func("/kms/device/open/seat-manager", test_seat_manager);
	g_test_add_func("/kms/device/open/seat-manager-refuses", test_seat_manager_refuses);
	g_test_add_func("/kms/device/open/useless-card", test_useless_card);
	card_add_test("/kms/device/takeover/dark-card", test_dark_card);
	card_add_test("/kms/device/takeover/no-mode-set", test_takes_over_without_mode_set);
	card_add_test("/kms/device/takeover/keeps-picture", test_keeps_picture);
	card_add_test("/kms/device/takeover/picture-goes", test_picture_goes_with_its_mode);
	card_add_test("/kms/device/takeover/current-mode", test_current_mode);
	card_add_test("/kms/device/takeover/leaks-are-undone", test_leaks_are_undone);
	card_add_test("/kms/device/takeover/resets-refused", test_resets_refused);
	card_add_test("/kms/device/takeover/refused", test_mode_set_refused);
	card_add_test("/kms/device/takeover/no-such-mode", test_no_such_mode);
	card_add_test("/kms/device/mode-set/waits-for-flips", test_mode_set_waits_for_flips);
	card_add_test("/kms/device/mode-set/pending-frame", test_pending_frame_of_the_old_mode);
	card_add_test("/kms/device/mode-set/refused-pending-frame",
		test_pending_frame_of_a_refused_mode);
	card_add_test("/kms/device/mode-set/one-off-and-on", test_one_off_and_on);
	card_add_test("/kms/device/mode-set/off-for-now", test_off_for_now);
	card_add_test("/kms/device/monitor/unplug", test_unplug);
	card_add_test("/kms/device/monitor/plugged-later", test_plugged_later);
	card_add_test("/kms/device/monitor/plugged-and-refused", test_plugged_and_refused);
	card_add_test("/kms/device/pause/resume", test_pause_and_resume);
	card_add_test("/kms/device/pause/resume-while-busy", test_resume_while_busy);
	card_add_test("/kms/device/pause/configured", test_configured_while_paused);
	card_add_test("/kms/device/pause/resume-ebusy", test_resume_ebusy);
	card_add_test("/kms/device/pause/resume-without-master", test_resume_without_master);
	card_add_test("/kms/device/master/lost-at-submit", test_master_lost_at_submit);
	card_add_test("/kms/device/master/lost-at-flip", test_master_lost_at_flip);
	card_add_test("/kms/device/gone/at-flip", test_unplugged_card);
	card_add_test("/kms/device/gone/at-submit", test_unplugged_at_submit);
	card_add_test("/kms/device/stuck/mode-set-helps", test_stuck_flip);
	card_add_test("/kms/device/stuck/for-good", test_stuck_for_good);
	card_add_test("/kms/device/stuck/beside-another", test_stuck_beside_another);
	card_add_test("/kms/device/stuck/one-after-another", test_stuck_one_after_another);
	card_add_test("/kms/device/stuck/mode-set-refused", test_mode_set_does_not_help);
	card_add_test("/kms/device/stuck/late-event", test_late_event);
	card_add_test("/kms/device/no-vblank", test_no_vblank);
	card_add_test("/kms/device/nothing-left-behind", test_nothing_is_left_behind);
	return g_test_run();
}
