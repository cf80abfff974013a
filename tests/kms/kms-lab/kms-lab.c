/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kms/ on real kernel DRM: runs in the lab (tests/kms/test-kms-lab), makes a vkms card for each
 * case and looks at what the kernel has through a file descriptor of its own.
 */
#include "lab.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

static void test_mode_set_one(void)
{
	struct lab lab;
	struct seen seen;

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	g_assert_cmpuint(lab.count, ==, 1);
	g_assert_false(kms_output_active(lab.watched[0].output));
	lab_configure(&lab, "800x600", false);
	g_assert_true(kms_output_active(lab.watched[0].output));
	g_assert_cmpuint(kms_output_mode(lab.watched[0].output)->width, ==, 800);
	g_assert_cmpuint(kms_output_counters(lab.watched[0].output)->mode_sets, ==, 1);
	seen = lab_look_at_crtc(&lab, 0);
	g_assert_true(seen.lit);
	g_assert_cmpuint(seen.mode.hdisplay, ==, 800);
	g_assert_cmpuint(seen.mode.vdisplay, ==, 600);
	lab_remove_card(&lab);
}

/* The kernel takes no screen so wide; the next in the list it takes, though no monitor has it. */
static void test_mode_set_next(void)
{
	struct lab lab;
	struct seen seen;

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	lab_configure(&lab, "16384x100@60;1440x900@50;preferred", false);
	g_assert_true(kms_output_active(lab.watched[0].output));
	seen = lab_look_at_crtc(&lab, 0);
	g_assert_true(seen.lit);
	/* As `cvt 1440 900 50` has it. */
	g_assert_cmpuint(seen.mode.hdisplay, ==, 1440);
	g_assert_cmpuint(seen.mode.vdisplay, ==, 900);
	g_assert_cmpuint(seen.mode.clock, ==, 86750);
	g_assert_cmpuint(seen.mode.htotal, ==, 1872);
	g_assert_cmpuint(seen.mode.vtotal, ==, 929);
	lab_remove_card(&lab);
}

static void test_mode_set_three(void)
{
	struct lab lab;
	uint32_t crtcs[OUTPUTS];

	lab_make_card(&lab, "--crtcs 3");
	lab_open_device(&lab);
	g_assert_cmpuint(lab.count, ==, 3);
	lab_configure(&lab, "1024x768", false);
	for (int i = 0; i < 3; i++) {
		struct seen seen = lab_look_at_crtc(&lab, i);

		g_assert_true(kms_output_active(lab.watched[i].output));
		g_assert_true(seen.lit);
		g_assert_cmpuint(seen.mode.hdisplay, ==, 1024);
		g_assert_cmpuint(lab_framebuffer_on(&lab, seen.crtc), !=, 0);
		crtcs[i] = seen.crtc;
	}
	g_assert_cmpuint(crtcs[0], !=, crtcs[1]);
	g_assert_cmpuint(crtcs[1], !=, crtcs[2]);

	/* One of them goes off without a word to the others, and comes back. */
	{
		struct kms_output_request two[] = {
			{lab.watched[0].output, "1024x768", false},
			{lab.watched[2].output, "1024x768", false},
		};

		g_assert_true(kms_device_configure(lab.device, two, 2, NULL));
		kernel_wait(WAIT_SECONDS,
			!kms_output_active(lab.watched[1].output) &&
				!kms_output_busy(lab.watched[0].output));
	}
	g_assert_true(kms_output_active(lab.watched[0].output));
	g_assert_true(kms_output_active(lab.watched[2].output));
	lab_configure(&lab, "1024x768", false);
	kernel_wait(WAIT_SECONDS, kms_output_active(lab.watched[1].output));
	lab_remove_card(&lab);
}

static void flip_many(const char *shape)
{
	struct lab lab;

	lab_make_card(&lab, shape);
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	for (size_t i = 0; i < lab.count; i++) {
		lab.watched[i].frames_left = 179;
		g_assert_cmpint(lab_submit(&lab.watched[i], lab.watched[i].buffers[0]), ==,
			KMS_SUBMIT_ACCEPTED);
	}
	for (size_t i = 0; i < lab.count; i++)
		kernel_wait(WAIT_SECONDS, lab.watched[i].presented == 180);
	for (size_t i = 0; i < lab.count; i++) {
		const struct kms_output_counters *counters = kms_output_counters(
			lab.watched[i].output);

		g_assert_cmpuint(lab.watched[i].presentations, ==, 180);
		g_assert_cmpuint(lab.watched[i].failed, ==, 0);
		g_assert_cmpuint(counters->frames_shown, ==, 180);
		/* The mode set and the frames: nothing was tried twice. */
		g_assert_cmpuint(counters->commits, ==, 181);
		g_assert_cmpuint(counters->commits_failed, ==, 0);
		g_assert_cmpuint(counters->tests, <=, 1);
	}
	lab_remove_card(&lab);
}

static void test_flips_one(void)
{
	flip_many("--crtcs 1");
}

static void test_flips_three(void)
{
	flip_many("--crtcs 3");
}

/* ---- cursor ---- */

static const uint32_t *white_corner(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];

	pixels[0] = 0xffffffff;
	return pixels;
}

static void test_cursor(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	const struct kms_output_counters *counters;
	uint32_t crtc, plane;

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	counters = kms_output_counters(watched->output);
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);

	/* Alone, when no frame comes. */
	g_assert_true(kms_output_set_cursor(watched->output, white_corner(), 0, 0));
	kms_output_move_cursor(watched->output, -10, 20);
	kernel_wait(WAIT_SECONDS,
		counters->cursor_commits == 1 && !kms_output_busy(watched->output));
	plane = lab_find_plane(&lab, crtc, DRM_PLANE_TYPE_CURSOR);
	g_assert_cmpuint(plane, !=, 0);
	g_assert_cmpint((int64_t)lab_property(lab.fd, plane, DRM_MODE_OBJECT_PLANE, "CRTC_X"), ==,
		-10);
	g_assert_cmpint((int64_t)lab_property(lab.fd, plane, DRM_MODE_OBJECT_PLANE, "CRTC_Y"), ==,
		20);
	g_assert_cmpuint(watched->presentations, ==, 1);

	/* Hidden: with the next frame. */
	g_assert_true(kms_output_set_cursor(watched->output, NULL, 0, 0));
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == 2);
	g_assert_cmpuint(lab_find_plane(&lab, crtc, DRM_PLANE_TYPE_CURSOR), ==, 0);
	g_assert_cmpuint(counters->cursor_commits, ==, 1);
	lab_remove_card(&lab);
}

/* A cursor that moves at every turn of the loop costs no frame its vblank. */
static gboolean jiggle(gpointer data)
{
	struct watched *watched = data;
	static int32_t x;

	x = (x + 1) % 500;
	kms_output_move_cursor(watched->output, x, x);
	return G_SOURCE_CONTINUE;
}

static void test_cursor_among_frames(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	guint jiggler;

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	g_assert_true(kms_output_set_cursor(watched->output, white_corner(), 0, 0));
	jiggler = g_timeout_add(1, jiggle, watched);
	watched->frames_left = 179;
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == 180);
	g_source_remove(jiggler);
	g_assert_cmpuint(watched->presentations, ==, 180);
	/* Each frame was there at its vblank, and took the cursor along. */
	g_assert_cmpuint(kms_output_counters(watched->output)->cursor_commits, ==, 0);
	g_assert_cmpuint(kms_output_counters(watched->output)->commits, ==, 181);
	lab_remove_card(&lab);
}

static void test_cursor_on_overlay(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	uint32_t crtc;

	lab_make_card(&lab, "--crtcs 1 --overlays 1 --cursors 0");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	g_assert_true(kms_output_set_cursor(watched->output, white_corner(), 0, 0));
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	g_assert_cmpuint(lab_find_plane(&lab, crtc, DRM_PLANE_TYPE_OVERLAY), !=, 0);
	lab_remove_card(&lab);
}

static void test_no_cursor_plane(void)
{
	struct lab lab;

	lab_make_card(&lab, "--crtcs 1 --cursors 0");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	g_assert_false(kms_output_set_cursor(lab.watched[0].output, white_corner(), 0, 0));
	lab_remove_card(&lab);
}

/* ---- dma-bufs ---- */

static struct kms_buffer *import(struct lab *lab, int fd, uint32_t fourcc, uint64_t modifier)
{
	const struct kms_dmabuf dmabuf = kernel_describe(fd, fourcc, modifier);
	g_autoptr(GError) error = NULL;
	struct kms_buffer *buffer = kms_buffer_import(lab->device, &dmabuf, &error);

	g_assert_no_error(error);
	return buffer;
}

static void test_dmabuf(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	const struct kms_device_counters *counters;
	int fd = kernel_dmabuf(640 * 480 * 4);

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	counters = kms_device_counters(lab.device);
	/* The same buffer again, as contrib's 2D draws when a guest has only one. */
	for (uint64_t i = 1; i <= 10; i++) {
		struct kms_buffer *buffer = import(&lab, fd, DRM_FORMAT_XRGB8888,
			KMS_MODIFIER_LINEAR);

		g_assert_cmpint(lab_submit(watched, buffer), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
		kernel_wait(WAIT_SECONDS, watched->presented == i);
	}
	close(fd);
	g_assert_cmpuint(counters->imports, ==, 1);
	g_assert_cmpuint(counters->cache_hits, ==, 9);
	/* A new one for every frame. */
	for (uint64_t i = 11; i <= 40; i++) {
		struct kms_buffer *buffer;

		fd = kernel_dmabuf(640 * 480 * 4);
		buffer = import(&lab, fd, DRM_FORMAT_ARGB8888, KMS_MODIFIER_INVALID);
		close(fd);
		g_assert_cmpint(lab_submit(watched, buffer), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
		kernel_wait(WAIT_SECONDS, watched->presented == i);
	}
	g_assert_cmpuint(counters->imports, ==, 31);
	g_assert_cmpuint(counters->framebuffers, <=, 6);
	/* One for each layout. */
	g_assert_cmpuint(kms_output_counters(watched->output)->tests, <=, 2);
	lab_remove_card(&lab);
}

static void test_no_dmabuf(void)
{
	struct lab lab;
	struct kms_dmabuf dmabuf = kernel_describe(-1, DRM_FORMAT_XRGB8888, KMS_MODIFIER_INVALID);
	g_autoptr(GError) error = NULL;

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	dmabuf.fd = memfd_create("none", MFD_CLOEXEC);
	g_assert_null(kms_buffer_import(lab.device, &dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	close(dmabuf.fd);
	g_clear_error(&error);
	/* Smaller than it says it is. */
	dmabuf.fd = kernel_dmabuf(4096);
	g_assert_null(kms_buffer_import(lab.device, &dmabuf, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_REFUSED);
	close(dmabuf.fd);
	g_assert_cmpuint(kms_device_counters(lab.device)->framebuffers, ==, 0);
	lab_remove_card(&lab);
}

/* ---- what comes and goes ---- */

static void test_unplug(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[1];

	lab_make_card(&lab, "--crtcs 2");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	/* The other one's frames go on all the time. */
	lab.watched[0].frames_left = 100000;
	lab_submit(&lab.watched[0], lab.watched[0].buffers[0]);
	lab_submit(watched, watched->buffers[0]);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	lab_change_vkms(&lab, "connector", "1", "disconnected");
	kernel_wait(WAIT_SECONDS, !kms_output_connected(watched->output));
	g_assert_false(kms_output_active(watched->output));
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_OFF);
	kernel_wait(WAIT_SECONDS, !lab_look_at_crtc(&lab, 1).lit);
	lab_change_vkms(&lab, "connector", "1", "connected");
	kernel_wait(WAIT_SECONDS, kms_output_active(watched->output));
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == watched->submitted);
	g_assert_cmpuint(lab.watched[0].failed, ==, 0);
	g_assert_true(kms_output_active(lab.watched[0].output));
	lab.watched[0].frames_left = 0;
	kernel_wait(WAIT_SECONDS, lab.watched[0].presented == lab.watched[0].submitted);
	lab_remove_card(&lab);
}

static void test_card_removed(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];

	lab_make_card(&lab, "--crtcs 1");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	lab_submit(watched, watched->buffers[0]);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	lab_change_vkms(&lab, "remove", NULL, NULL);
	kernel_wait(WAIT_SECONDS, lab.gone);
	g_assert_false(kms_output_active(watched->output));
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_OFF);
	lab_remove_card(&lab);
}

static void on_card_changed(void *data)
{
	(*(unsigned int *)data)++;
}

/* Who has no card hears of the first one, and of its end. */
static void test_watch(void)
{
	struct lab lab;
	unsigned int seen = 0, before;
	g_autoptr(GError) error = NULL;
	struct kms_watch *watch = kms_watch_create(on_card_changed, &seen, &error);

	g_assert_no_error(error);
	lab_make_card(&lab, "--crtcs 1");
	kernel_wait(WAIT_SECONDS, seen > 0);
	lab_open_device(&lab);
	lab_close_device(&lab);
	before = seen;
	lab_change_vkms(&lab, "remove", NULL, NULL);
	kernel_wait(WAIT_SECONDS, seen > before);
	kms_watch_destroy(watch);
	lab.gone = true;
	lab_remove_card(&lab);
}

/* ---- taking over, giving back ---- */

/* The kernel's console is on the card before us: its picture stays, and it has the card back after
 * us. */
static void test_keeps_console_picture(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	drmModeFB *before, *after;
	uint32_t crtc, console;

	lab_make_card(&lab, "--crtcs 1");
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	console = lab_framebuffer_on(&lab, crtc);
	g_assert_cmpuint(console, !=, 0);
	lab_open_device(&lab);
	lab_configure(&lab, "current", true);
	/* By a framebuffer of ours over the same memory. */
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, console);
	before = drmModeGetFB(lab.fd, console);
	after = drmModeGetFB(lab.fd, lab_framebuffer_on(&lab, crtc));
	g_assert_cmpuint(after->pitch, ==, before->pitch);
	g_assert_cmpuint(after->height, ==, before->height);
	drmModeFreeFB(before);
	drmModeFreeFB(after);
	g_assert_cmpuint(kms_output_counters(watched->output)->mode_sets, ==, 0);
	lab_make_buffers(&lab);
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, console);
	lab_close_device(&lab);
	/* Our own descriptor keeps the card open, and with it the kernel from taking it back. */
	close(lab.fd);
	lab.fd = open(lab.path, O_RDWR | O_CLOEXEC);
	drmSetClientCap(lab.fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	drmSetClientCap(lab.fd, DRM_CLIENT_CAP_ATOMIC, 1);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), ==, console);
	lab_remove_card(&lab);
}

static void test_black_without_mode_set(void)
{
	struct lab lab;
	uint32_t crtc, console;

	lab_make_card(&lab, "--crtcs 1");
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	console = lab_framebuffer_on(&lab, crtc);
	lab_open_device(&lab);
	lab_configure(&lab, "current", false);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, console);
	g_assert_cmpuint(kms_output_counters(lab.watched[0].output)->mode_sets, ==, 0);
	lab_remove_card(&lab);
}

static void test_pause_and_resume(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	uint32_t crtc, shown;
	drmModeFB *console;
	int other;

	lab_make_card(&lab, "--crtcs 1");
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	console = drmModeGetFB(lab.fd, lab_framebuffer_on(&lab, crtc));
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	lab_submit(watched, watched->buffers[0]);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	shown = lab_framebuffer_on(&lab, crtc);
	lab_submit(watched, watched->buffers[1]);
	lab_submit(watched, watched->buffers[0]);
	kms_device_pause(lab.device);
	kernel_wait(WAIT_SECONDS, watched->changes >= 2 && !kms_output_busy(watched->output));
	g_assert_false(kms_output_active(watched->output));
	g_assert_cmpuint(watched->presented, ==, 1);
	g_assert_cmpuint(watched->failed, ==, 3);
	g_assert_cmpint(watched->failure, ==, EACCES);

	/* Another master turns everything off. */
	other = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(other) || drmSetMaster(other) == 0);
	g_assert_cmpint(drmModeSetCrtc(other, crtc, 0, 0, 0, NULL, 0, NULL), ==, 0);
	g_assert_false(lab_look_at_crtc(&lab, 0).lit);
	g_assert_false(kms_device_resume(lab.device, NULL));
	g_assert_false(kms_output_active(watched->output));
	close(other);
	/* It is tried again by itself, and the newest picture is back. */
	kernel_wait(WAIT_SECONDS,
		kms_output_active(watched->output) && !kms_output_busy(watched->output));
	g_assert_true(lab_look_at_crtc(&lab, 0).lit);
	g_assert_cmpuint(lab_look_at_crtc(&lab, 0).mode.hdisplay, ==, 640);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, 0);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), ==, shown);
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == watched->submitted);
	drmModeFreeFB(console);
	lab_remove_card(&lab);
}

static void test_other_master_at_start(void)
{
	struct lab lab;
	struct kms_device_options options = {.fd = -1};
	g_autoptr(GError) error = NULL;
	int other;

	lab_make_card(&lab, "--crtcs 1");
	other = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(other) || drmSetMaster(other) == 0);
	options.path = lab.path;
	g_assert_null(kms_device_create(&options, &lab_listener, &lab, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_OTHER_MASTER);
	close(other);
	lab_open_device(&lab);
	lab_remove_card(&lab);
}

/* Master is taken away without a word, as a debugger or a careless seat manager does. */
static void test_master_is_lost(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	int ours, other;

	lab_make_card(&lab, "--crtcs 1");
	ours = open(lab.path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	lab_open_device_on(&lab, ours);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	lab_submit(watched, watched->buffers[0]);
	kernel_wait(WAIT_SECONDS, watched->presented == 1);
	g_assert_cmpint(drmDropMaster(ours), ==, 0);
	other = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(other) || drmSetMaster(other) == 0);
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_OFF);
	kernel_wait(WAIT_SECONDS, watched->changes >= 2);
	g_assert_false(kms_output_active(watched->output));
	close(other);
	kernel_wait(WAIT_SECONDS, kms_output_active(watched->output));
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(WAIT_SECONDS, watched->presented == watched->submitted);
	g_assert_cmpuint(watched->failed, ==, 0);
	lab_remove_card(&lab);
}

/* ---- looking ---- */

static void test_list(void)
{
	struct lab lab;
	g_autoptr(GString) text = g_string_new(NULL);
	int other;

	lab_make_card(&lab, "--crtcs 2 --overlays 1");
	g_assert_true(kms_list(text, NULL));
	g_assert_nonnull(strstr(text->str, lab.path));
	g_assert_nonnull(strstr(text->str, "connected"));
	g_assert_nonnull(strstr(text->str, "preferred"));
	g_assert_nonnull(strstr(text->str, "XR24"));
	g_assert_nonnull(strstr(text->str, "cursor"));
	g_assert_nonnull(strstr(text->str, "overlay"));
	/* It left nobody master. */
	other = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(other) || drmSetMaster(other) == 0);
	close(other);
	lab_open_device(&lab);
	lab_remove_card(&lab);
}

static void test_no_such_card(void)
{
	struct kms_device_options options = {.path = "/dev/dri/card99", .fd = -1};
	g_autoptr(GError) error = NULL;

	g_assert_null(kms_device_create(&options, &lab_listener, NULL, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_CARD);
	g_clear_error(&error);
	options.path = "/dev/null";
	g_assert_null(kms_device_create(&options, &lab_listener, NULL, &error));
	g_assert_error(error, KMS_ERROR, KMS_ERROR_NO_ATOMIC);
	g_assert_nonnull(strstr(error->message, "/dev/null"));
}

static void test_first_card(void)
{
	struct lab lab;
	struct kms_device_options options = {.fd = -1};
	g_autoptr(GError) error = NULL;
	struct kms_device *device;

	lab_make_card(&lab, "--crtcs 1");
	device = kms_device_create(&options, &lab_listener, &lab, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(kms_device_path(device), ==, lab.path);
	kms_device_destroy(device);
	/* By its name alone. */
	options.path = strrchr(lab.path, '/') + 1;
	device = kms_device_create(&options, &lab_listener, &lab, &error);
	g_assert_no_error(error);
	kms_device_destroy(device);
	lab_open_device(&lab);
	lab_remove_card(&lab);
}

/* Lines that kms/ logs are told apart from the test's own, and none of them ends it. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			g_printerr("# %s\n", (const char *)fields[i].value);
	}
	if (level & G_LOG_LEVEL_ERROR)
		abort();
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(write_log, NULL, NULL);
	g_test_add_func("/kms-lab/mode-set/one", test_mode_set_one);
	g_test_add_func("/kms-lab/mode-set/next", test_mode_set_next);
	g_test_add_func("/kms-lab/mode-set/three", test_mode_set_three);
	g_test_add_func("/kms-lab/flips/one", test_flips_one);
	g_test_add_func("/kms-lab/flips/three", test_flips_three);
	g_test_add_func("/kms-lab/cursor/plane", test_cursor);
	g_test_add_func("/kms-lab/cursor/among-frames", test_cursor_among_frames);
	g_test_add_func("/kms-lab/cursor/overlay", test_cursor_on_overlay);
	g_test_add_func("/kms-lab/cursor/none", test_no_cursor_plane);
	g_test_add_func("/kms-lab/dmabuf/flips", test_dmabuf);
	g_test_add_func("/kms-lab/dmabuf/refused", test_no_dmabuf);
	g_test_add_func("/kms-lab/unplug/connector", test_unplug);
	g_test_add_func("/kms-lab/unplug/card", test_card_removed);
	g_test_add_func("/kms-lab/unplug/watch", test_watch);
	g_test_add_func("/kms-lab/takeover/keeps-console-picture", test_keeps_console_picture);
	g_test_add_func("/kms-lab/takeover/black", test_black_without_mode_set);
	g_test_add_func("/kms-lab/master/pause-and-resume", test_pause_and_resume);
	g_test_add_func("/kms-lab/master/other-at-start", test_other_master_at_start);
	g_test_add_func("/kms-lab/master/lost", test_master_is_lost);
	g_test_add_func("/kms-lab/card/list", test_list);
	g_test_add_func("/kms-lab/card/no-such", test_no_such_card);
	g_test_add_func("/kms-lab/card/first", test_first_card);
	lab_add_trouble();
	lab_add_layers();
	return g_test_run();
}
