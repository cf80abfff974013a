/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card on the double: opening it, taking it over from who had it before, giving it up.
 */
#include "card_fixture.h"

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

/* One of several: its outputs are called by it, too. */
static void test_named(void)
{
	const struct kms_listener listener = {0};
	struct kms_device_options options = {.name = "card1"};
	struct kms_device *device;

	double_reset();
	options.fd = double_open();
	device = kms_device_create(&options, &listener, NULL, NULL);
	g_assert_nonnull(device);
	g_assert_cmpstr(kms_output_name(kms_device_output(device, 0)), ==, "card1:DP-1");
	g_assert_nonnull(kms_device_find_output(device, "card1:DP-1", NULL));
	g_assert_nonnull(kms_device_find_output(device, "DP-1", NULL));
	g_assert_false(kms_device_gone(device));
	kms_device_destroy(device);
}

static unsigned int reads;

static void note_read(void *data)
{
	card_find_outputs(data);
	reads++;
}

/* Beside other cards, whose frames do not wait for it: neither for its connectors nor for its first
 * commit. */
static void test_nonblocking(struct card_fixture *card)
{
	reads = 0;
	double_card.crtcs = 2;
	card_open_nonblocking(card);
	g_assert_cmpuint(kms_device_output_count(card->device), ==, 0);
	g_assert_false(kms_device_await(card->device, note_read, card));
	card_wait(reads > 0);
	g_assert_true(kms_device_await(card->device, note_read, card));
	g_assert_cmpuint(card->count, ==, 2);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	card_configure(card, NULL, false);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.blocking_commits, ==, 0);
	g_assert_true(kms_output_busy(card->outputs[0].output));
	card_flip_all(card);
	card_show(card, 0);
	card_show(card, 1);
	g_assert_cmpuint(reads, ==, 1);
}

/* The kernel does not say all just now: who waits has what there is. */
static void test_nonblocking_failing(struct card_fixture *card)
{
	reads = 0;
	double_card.crtcs = 2;
	double_fail(DOUBLE_GET_CONNECTOR, ENOMEM, 1, 2);
	card_open_nonblocking(card);
	g_assert_false(kms_device_await(card->device, note_read, card));
	card_wait(reads > 0);
	g_assert_cmpuint(card->count, ==, 1);
	g_assert_cmpstr(kms_output_name(card->outputs[0].output), ==, "DP-2");
	card_configure(card, NULL, false);
	card_flip_all(card);
	card_show(card, 0);
}

/* It goes before it was read, or nobody waits any more. */
static void test_nonblocking_goes(struct card_fixture *card)
{
	reads = 0;
	/* Two looks open it. */
	double_fail(DOUBLE_GET_RESOURCES, ENODEV, 2, 1);
	card_open_nonblocking(card);
	g_assert_false(kms_device_await(card->device, note_read, card));
	card_wait(card->gone);
	g_assert_cmpuint(reads, ==, 0);
	card_close(card);
	card->gone = false;
	card_open_nonblocking(card);
	g_assert_false(kms_device_await(card->device, note_read, card));
	card_close(card);
	g_assert_cmpuint(reads, ==, 0);
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
	const struct device_opener opener = {manager_open, manager_close, manager};
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
	/* By a framebuffer of ours: the one from before may go with its owner. */
	g_assert_cmpuint(card_shown(0), !=, before);
	g_assert_cmpuint(double_framebuffer(card_shown(0))->stride, ==,
		double_framebuffer(before)->stride);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	g_assert_cmpuint(double_handle_count(), ==, 0);
	/* The first frame brings its whole placement along. */
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	g_assert_true(double_committed(DOUBLE_PRIMARY(0), "SRC_W"));
	card_flip(0);
	g_assert_cmpuint(card->outputs[0].presented, ==, 1);
}

/* It is there again after a terminal switch, as long as no frame came. */
static void test_kept_picture_comes_back(struct card_fixture *card)
{
	uint32_t kept;

	double_light(0);
	card_open(card);
	card_configure(card, NULL, true);
	kept = card_shown(0);
	kms_device_pause(card->device);
	card_turn();
	double_light(0);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_turn();
	g_assert_cmpuint(card_shown(0), ==, kept);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(0), "SRC_W"), ==, UINT64_C(1024) << 16);
	card_flip(0);
}

/* The kernel does not say what is there: it stays as it is. */
static void test_keeps_picture_of_another(struct card_fixture *card)
{
	uint32_t before;

	double_card.no_getfb2 = true;
	before = double_light(0);
	card_open(card);
	card_configure(card, NULL, true);
	g_assert_cmpuint(card_shown(0), ==, before);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	card_show(card, 0);
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
	g_assert_cmpuint(double_framebuffer(card_shown(0))->stride, ==,
		double_framebuffer(before)->stride);
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

/* One monitor too many: the others are lit, and that one is when there is room. */
static void test_one_too_many(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	double_card.crtcs = 2;
	double_card.active_max = 1;
	card_open(card);
	g_assert_true(kms_device_configure(card->device, card->requests, 2, &error));
	g_assert_no_error(error);
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_nonnull(strstr(card->log->str, "DP-2: left off"));
	g_assert_nonnull(strstr(card->log->str, g_strerror(ENOSPC)));
	/* Nothing was kept of the attempts. */
	g_assert_cmpuint(double_framebuffer_count(), ==, 1);
	card_configure_only(card, 1);
	card_flip_all(card);
	g_assert_true(kms_output_active(card->outputs[1].output));
}

/* A driver that lights nothing: a state, and the next configuration is tried again. */
static void test_mode_set_refused(struct card_fixture *card)
{
	card_open(card);
	double_fail(DOUBLE_COMMIT, EINVAL, 0, 1000);
	double_fail(DOUBLE_TEST, EINVAL, 0, 1000);
	g_assert_true(kms_device_configure(card->device, card->requests, 1, NULL));
	card_turn();
	g_assert_false(kms_output_active(card->outputs[0].output));
	g_assert_nonnull(strstr(card->log->str, "left off"));
	g_assert_cmpuint(double_framebuffer_count(), ==, 0);
	double_fail(DOUBLE_COMMIT, 0, 0, 0);
	double_fail(DOUBLE_TEST, 0, 0, 0);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
}

/* A mode that the monitor has not is a state: the next one of the list. What is no mode at all is a
 * typo. */
static void test_no_such_mode(struct card_fixture *card)
{
	g_autoptr(GError) error = NULL;

	card_start(card);
	card->requests[0].mode = "1920*1080";
	g_assert_false(kms_device_configure(card->device, card->requests, 1, &error));
	g_assert_nonnull(strstr(error->message, "DP-1"));
	/* What ran still runs. */
	card_turn();
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_counters.commits, ==, 0);

	card->requests[0].mode = "123x45@60;800x600";
	double_card.no_odd_modes = true;
	g_assert_true(kms_device_configure(card->device, card->requests, 1, NULL));
	card_turn();
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 800);
	card_flip(0);
}

/* The driver refuses each mode but the last that it is tried with. */
static void test_refused_modes(struct card_fixture *card)
{
	double_card.no_odd_modes = true;
	double_card.width_max = 640;
	card_open(card);
	card_configure(card, "123x45@60;1024x768", false);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 640);
	g_assert_nonnull(strstr(card->log->str, "DP-1: the mode that was asked for"));
	/* The one that is refused is not tried at every probe. */
	memset(&double_counters, 0, sizeof(double_counters));
	card_turn();
	g_assert_cmpuint(double_counters.commits_refused, ==, 0);
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
	g_test_add_func("/kms/device/open/named", test_named);
	card_add_test("/kms/device/open/nonblocking", test_nonblocking);
	card_add_test("/kms/device/open/nonblocking-failing", test_nonblocking_failing);
	card_add_test("/kms/device/open/nonblocking-goes", test_nonblocking_goes);
	g_test_add_func("/kms/device/open/other-master", test_other_master_at_open);
	g_test_add_func("/kms/device/open/no-connectors", test_no_connectors);
	g_test_add_func("/kms/device/open/seat-manager", test_seat_manager);
	g_test_add_func("/kms/device/open/seat-manager-refuses", test_seat_manager_refuses);
	g_test_add_func("/kms/device/open/useless-card", test_useless_card);
	card_add_test("/kms/device/takeover/dark-card", test_dark_card);
	card_add_test("/kms/device/takeover/no-mode-set", test_takes_over_without_mode_set);
	card_add_test("/kms/device/takeover/keeps-picture", test_keeps_picture);
	card_add_test("/kms/device/takeover/kept-picture-comes-back", test_kept_picture_comes_back);
	card_add_test("/kms/device/takeover/keeps-picture-of-another",
		test_keeps_picture_of_another);
	card_add_test("/kms/device/takeover/picture-goes", test_picture_goes_with_its_mode);
	card_add_test("/kms/device/takeover/current-mode", test_current_mode);
	card_add_test("/kms/device/takeover/leaks-are-undone", test_leaks_are_undone);
	card_add_test("/kms/device/takeover/resets-refused", test_resets_refused);
	card_add_test("/kms/device/takeover/one-too-many", test_one_too_many);
	card_add_test("/kms/device/takeover/refused", test_mode_set_refused);
	card_add_test("/kms/device/takeover/no-such-mode", test_no_such_mode);
	card_add_test("/kms/device/takeover/refused-modes", test_refused_modes);
	card_add_test("/kms/device/no-vblank", test_no_vblank);
	card_add_test("/kms/device/nothing-left-behind", test_nothing_is_left_behind);
	return g_test_run();
}
