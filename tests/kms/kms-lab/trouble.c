/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bad days of kms/ on real kernel DRM: a guest whose fence does not signal, another master that
 * leaves things where they are not ours, monitors that come and go in a storm. Part of kms-lab.
 */
#include "lab.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <xf86drm.h>

/* ---- fences of a software timeline, which signal when it is advanced ---- */

struct sw_sync_create_fence_data {
	__u32 value;
	char name[32];
	__s32 fence;
};
#define SW_SYNC_IOC_CREATE_FENCE _IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_IOC_INC _IOW('W', 1, __u32)

#ifndef DMA_BUF_IOCTL_IMPORT_SYNC_FILE
struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

static int open_timeline(void)
{
	int timeline = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);

	g_assert_cmpint(timeline, >=, 0);
	return timeline;
}

/* As a GPU that has still to draw into it. */
static void add_fence(int timeline, int dmabuf)
{
	struct sw_sync_create_fence_data create = {.value = 1, .name = "guest"};
	struct dma_buf_import_sync_file import = {.flags = DMA_BUF_SYNC_WRITE};

	g_assert_cmpint(ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &create), ==, 0);
	import.fd = create.fence;
	g_assert_cmpint(ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import), ==, 0);
	close(create.fence);
}

static void signal_fences(int timeline)
{
	__u32 by = 1;

	g_assert_cmpint(ioctl(timeline, SW_SYNC_IOC_INC, &by), ==, 0);
}

static struct kms_buffer *import_guest(struct lab *lab, int fd)
{
	const struct kms_dmabuf dmabuf = kernel_describe(fd, DRM_FORMAT_XRGB8888,
		KMS_MODIFIER_LINEAR);
	struct kms_buffer *buffer = kms_buffer_import(lab->device, &dmabuf, NULL);

	g_assert_nonnull(buffer);
	return buffer;
}

struct guests {
	struct lab lab;
	struct watched *slow;
	struct watched *other;
	int timeline;
	int drawn; /* a dma-buf that is ready */
	int stuck; /* one that is not */
};

/* Two guests on two outputs; the slow one has shown a frame, and the other one goes on all the
 * time. */
static void start_guests(struct guests *guests, unsigned int flip_timeout_ms)
{
	struct lab *lab = &guests->lab;
	struct kms_buffer *buffer;

	lab_make_card(lab, "--crtcs 2");
	lab->flip_timeout_ms = flip_timeout_ms;
	lab_open_device(lab);
	lab_configure(lab, "640x480", false);
	lab_make_buffers(lab);
	guests->slow = &lab->watched[0];
	guests->other = &lab->watched[1];
	guests->timeline = open_timeline();
	guests->drawn = kernel_dmabuf(640 * 480 * 4);
	guests->stuck = kernel_dmabuf(640 * 480 * 4);
	buffer = import_guest(lab, guests->drawn);
	g_assert_cmpint(lab_submit(guests->slow, buffer), ==, KMS_SUBMIT_ACCEPTED);
	kms_buffer_unref(buffer);
	kernel_wait(20, guests->slow->presented == 1);
	guests->other->frames_left = 1000000;
	g_assert_cmpint(lab_submit(guests->other, guests->other->buffers[0]), ==,
		KMS_SUBMIT_ACCEPTED);
	add_fence(guests->timeline, guests->stuck);
}

static void submit_stuck(struct guests *guests)
{
	struct kms_buffer *buffer = import_guest(&guests->lab, guests->stuck);

	g_assert_cmpint(lab_submit(guests->slow, buffer), ==, KMS_SUBMIT_ACCEPTED);
	kms_buffer_unref(buffer);
}

static void end_guests(struct guests *guests)
{
	guests->other->frames_left = 0;
	kernel_wait(20, guests->other->presented == guests->other->submitted);
	g_assert_cmpuint(guests->other->failures, ==, 0);
	close(guests->timeline);
	close(guests->drawn);
	close(guests->stuck);
	lab_remove_card(&guests->lab);
}

/* The other guest's frames go on. */
static void check_other(struct guests *guests, uint64_t frames)
{
	uint64_t before = guests->other->presentations;

	kernel_wait(20, guests->other->presentations >= before + frames);
	g_assert_cmpuint(guests->other->failures, ==, 0);
}

/* Its fence never signals: its output keeps its picture, its cursor moves on, it is told after the
 * flip timeout, and the other guest does not notice. */
static void test_fence_that_never_signals(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct guests guests = {0};
	uint32_t crtc, shown, plane;

	start_guests(&guests, 3000);
	crtc = lab_look_at_crtc(&guests.lab, 0).crtc;
	shown = lab_framebuffer_on(&guests.lab, crtc);
	submit_stuck(&guests);
	g_assert_false(kms_output_busy(guests.slow->output));
	g_assert_true(kms_output_set_cursor(guests.slow->output, pixels, 0, 0));
	kms_output_move_cursor(guests.slow->output, 77, 5);
	kernel_wait(20, kms_output_counters(guests.slow->output)->cursor_commits > 0);
	plane = lab_find_plane(&guests.lab, crtc, DRM_PLANE_TYPE_CURSOR);
	g_assert_cmpuint(lab_property(guests.lab.fd, plane, DRM_MODE_OBJECT_PLANE, "CRTC_X"), ==,
		77);
	g_assert_cmpuint(lab_framebuffer_on(&guests.lab, crtc), ==, shown);
	g_assert_cmpuint(guests.slow->failures, ==, 0);
	kernel_wait(20, guests.slow->failures == 1);
	g_assert_cmpint(guests.slow->failure, ==, ETIME);
	g_assert_cmpuint(guests.slow->failed, ==, 2);
	g_assert_cmpuint(lab_framebuffer_on(&guests.lab, crtc), ==, shown);
	check_other(&guests, 120);
	/* It is no worse off than before. */
	{
		struct kms_buffer *buffer = import_guest(&guests.lab, guests.drawn);

		g_assert_cmpint(lab_submit(guests.slow, buffer), ==, KMS_SUBMIT_ACCEPTED);
		kms_buffer_unref(buffer);
	}
	kernel_wait(20, guests.slow->presented == 3);
	end_guests(&guests);
}

static void test_fence_that_signals_late(void)
{
	struct guests guests = {0};

	start_guests(&guests, 0);
	submit_stuck(&guests);
	check_other(&guests, 60);
	g_assert_cmpuint(guests.slow->presented, ==, 1);
	signal_fences(guests.timeline);
	kernel_wait(20, guests.slow->presented == 2);
	g_assert_cmpuint(guests.slow->failures, ==, 0);
	end_guests(&guests);
}

/* What is shown is drawn into again, and the fence never signals: a mode set, a VT switch and the
 * coming and going of a monitor do not wait for it. */
static void test_fence_on_what_is_shown(void)
{
	struct guests guests = {0};
	start_guests(&guests, 0);
	add_fence(guests.timeline, guests.drawn);
	guests.other->frames_left = 0;
	kernel_wait(20, guests.other->presented == guests.other->submitted);
	kms_device_pause(guests.lab.device);
	g_assert_true(kms_device_resume(guests.lab.device, NULL));
	kernel_wait(20,
		kms_output_active(guests.slow->output) && !kms_output_busy(guests.slow->output));
	lab_configure(&guests.lab, "800x600", false);
	kernel_wait(20,
		kms_output_mode(guests.slow->output)->width == 800 &&
			!kms_output_busy(guests.slow->output));
	lab_change_vkms(&guests.lab, "connector", "0", "disconnected");
	kernel_wait(20, !lab_look_at_crtc(&guests.lab, 0).lit);
	end_guests(&guests);
}

/* The cursor above it moves on: each commit but the first shows that the one before it came to its
 * end. */
static void test_cursor_above_what_is_drawn(void)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE] = {0xffffffff};
	struct guests guests = {0};
	struct kms_output *output;

	start_guests(&guests, 0);
	output = guests.slow->output;
	add_fence(guests.timeline, guests.drawn);
	g_assert_true(kms_output_set_cursor(output, pixels, 0, 0));
	for (uint64_t i = 0; i < 5; i++) {
		kms_output_move_cursor(output, (int32_t)i, 5);
		kernel_wait(20,
			kms_output_counters(output)->cursor_commits > i &&
				!kms_output_busy(output));
	}
	g_assert_cmpuint(guests.slow->failures, ==, 0);
	check_other(&guests, 60);
	end_guests(&guests);
}

/* ---- another master ---- */

/* It left our connector on another CRTC, and that dark; with a plane on it. */
static void test_blanked_elsewhere(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	drmModeAtomicReq *request;
	drmModeRes *resources;
	uint32_t first, second, connector, blob;
	drmModeModeInfo mode;
	int other;

	lab_make_card(&lab, "--crtcs 2");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, watched->presented == 1);
	first = lab_look_at_crtc(&lab, 0).crtc;
	second = lab_look_at_crtc(&lab, 1).crtc;
	mode = lab_look_at_crtc(&lab, 0).mode;
	kms_device_pause(lab.device);

	other = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(other) || drmSetMaster(other) == 0);
	drmSetClientCap(other, DRM_CLIENT_CAP_ATOMIC, 1);
	resources = drmModeGetResources(other);
	connector = resources->connectors[0];
	g_assert_cmpint(drmModeCreatePropertyBlob(other, &mode, sizeof(mode), &blob), ==, 0);
	/* Both dark, both connectors on the second. */
	g_assert_cmpint(drmModeSetCrtc(other, first, 0, 0, 0, NULL, 0, NULL), ==, 0);
	g_assert_cmpint(drmModeSetCrtc(other, second, 0, 0, 0, NULL, 0, NULL), ==, 0);
	request = drmModeAtomicAlloc();
	drmModeAtomicAddProperty(request, connector,
		lab_property_id(other, connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID"), second);
	drmModeAtomicAddProperty(request, second,
		lab_property_id(other, second, DRM_MODE_OBJECT_CRTC, "MODE_ID"), blob);
	drmModeAtomicAddProperty(request, second,
		lab_property_id(other, second, DRM_MODE_OBJECT_CRTC, "ACTIVE"), 0);
	g_assert_cmpint(drmModeAtomicCommit(other, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL),
		==, 0);
	drmModeAtomicFree(request);
	drmModeFreeResources(resources);
	close(other);

	g_assert_true(kms_device_resume(lab.device, NULL));
	for (int i = 0; i < 2; i++) {
		kernel_wait(20,
			kms_output_active(lab.watched[i].output) &&
				!kms_output_busy(lab.watched[i].output));
		g_assert_true(lab_look_at_crtc(&lab, i).lit);
	}
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, watched->presented == 2);
	lab_remove_card(&lab);
}

/* The boot splash's framebuffer goes with its owner: what before=last kept is ours by then. */
static void test_splash_goes(void)
{
	struct lab lab;
	uint32_t handle, pitch, framebuffer, crtc, connector;
	drmModeModeInfo mode;
	drmModeRes *resources;
	uint64_t size;
	int splash;

	lab_make_card(&lab, "--crtcs 1");
	splash = open(lab.path, O_RDWR | O_CLOEXEC);
	g_assert_true(drmIsMaster(splash) || drmSetMaster(splash) == 0);
	mode = lab_look_at_crtc(&lab, 0).mode;
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	resources = drmModeGetResources(splash);
	connector = resources->connectors[0];
	drmModeFreeResources(resources);
	g_assert_cmpint(drmModeCreateDumbBuffer(splash, mode.hdisplay, mode.vdisplay, 32, 0,
				&handle, &pitch, &size),
		==, 0);
	g_assert_cmpint(drmModeAddFB(splash, mode.hdisplay, mode.vdisplay, 24, 32, pitch, handle,
				&framebuffer),
		==, 0);
	g_assert_cmpint(drmModeSetCrtc(splash, crtc, framebuffer, 0, 0, &connector, 1, &mode), ==,
		0);
	drmDropMaster(splash);
	lab_open_device(&lab);
	lab_configure(&lab, "current", true);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, framebuffer);
	close(splash);
	g_assert_true(lab_look_at_crtc(&lab, 0).lit);
	g_assert_cmpuint(lab_framebuffer_on(&lab, crtc), !=, 0);
	lab_make_buffers(&lab);
	g_assert_cmpint(lab_submit(&lab.watched[0], lab.watched[0].buffers[0]), ==,
		KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, lab.watched[0].presented == 1);
	lab_remove_card(&lab);
}

/* Somebody switches the CRTC off behind us, as the kernel does when a framebuffer is removed: the
 * first picture that is refused brings a mode set. */
static void test_goes_dark(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[0];
	uint32_t crtc;
	int ours;

	lab_make_card(&lab, "--crtcs 1");
	ours = open(lab.path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	lab_open_device_on(&lab, ours);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, watched->presented == 1);
	crtc = lab_look_at_crtc(&lab, 0).crtc;
	g_assert_cmpint(drmModeSetCrtc(ours, crtc, 0, 0, 0, NULL, 0, NULL), ==, 0);
	g_assert_false(lab_look_at_crtc(&lab, 0).lit);
	watched->changes = 0;
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_REFUSED);
	kernel_wait(20, watched->changes > 0 && !kms_output_busy(watched->output));
	g_assert_true(lab_look_at_crtc(&lab, 0).lit);
	g_assert_cmpint(lab_submit(watched, watched->buffers[1]), ==, KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, watched->presented == watched->submitted);
	lab_remove_card(&lab);
}

/* ---- a storm ---- */

static unsigned int count_descriptors(void)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned int count = 0;

	while (g_dir_read_name(folder))
		count++;
	return count;
}

/* Of the card, as the kernel counts them. */
static unsigned int count_framebuffers(const struct lab *lab)
{
	g_autofree char *path = g_strdup_printf("/sys/kernel/debug/dri/%s/framebuffer",
		strrchr(lab->path, 'd') + 1);
	g_autofree char *text = NULL;
	unsigned int count = 0;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (const char *at = text; (at = strstr(at, "framebuffer[")); at++)
		count++;
	return count;
}

/* Ids are small numbers, given again when they are free. */
static unsigned int count_blobs(const struct lab *lab)
{
	unsigned int count = 0;

	for (uint32_t id = 1; id < 1000; id++) {
		drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(lab->fd, id);

		count += blob != NULL;
		drmModeFreePropertyBlob(blob);
	}
	return count;
}

struct storm {
	struct lab *lab;
	int file;
	unsigned int left;
};

static gboolean plug(gpointer data)
{
	struct storm *storm = data;

	if (!storm->left)
		return G_SOURCE_CONTINUE;
	storm->left--;
	/* 1: connected, 2: disconnected. */
	g_assert_cmpint(pwrite(storm->file, storm->left % 2 ? "2" : "1", 1, 0), ==, 1);
	return G_SOURCE_CONTINUE;
}

static void settle(struct lab *lab)
{
	struct watched *watched = &lab->watched[1];

	kernel_wait(20, kms_output_active(watched->output) && !kms_output_busy(watched->output));
	if (lab_submit(watched, watched->buffers[0]) == KMS_SUBMIT_ACCEPTED)
		kernel_wait(20, watched->presented == watched->submitted);
}

/* A thousand times, while another output's frames go on: nothing is left behind, every frame is
 * answered, and the picture comes back. */
static void test_storm(void)
{
	struct lab lab;
	struct watched *watched = &lab.watched[1];
	g_autofree char *path = NULL;
	unsigned int descriptors, framebuffers;
	struct storm storm;
	unsigned int blobs;
	guint source;

	lab_make_card(&lab, "--crtcs 2");
	lab_open_device(&lab);
	lab_configure(&lab, "640x480", false);
	lab_make_buffers(&lab);
	g_assert_cmpint(lab_submit(&lab.watched[0], lab.watched[0].buffers[0]), ==,
		KMS_SUBMIT_ACCEPTED);
	kernel_wait(20, lab.watched[0].presented == 1);
	settle(&lab);
	descriptors = count_descriptors();
	framebuffers = count_framebuffers(&lab);
	blobs = count_blobs(&lab);
	path = g_strdup_printf("/sys/kernel/config/vkms/%s/connectors/connector1/status", lab.name);
	storm = (struct storm){&lab, open(path, O_WRONLY | O_CLOEXEC), 1000};
	g_assert_cmpint(storm.file, >=, 0);
	lab.watched[0].frames_left = 1000000;
	g_assert_cmpint(lab_submit(&lab.watched[0], lab.watched[0].buffers[0]), ==,
		KMS_SUBMIT_ACCEPTED);
	source = g_timeout_add(4, plug, &storm);
	while (storm.left) {
		/* Frames of the output that comes and goes are answered, too. */
		if (kms_output_active(watched->output) && !kms_output_busy(watched->output))
			lab_submit(watched, watched->buffers[watched->submitted % 2]);
		g_main_context_iteration(NULL, TRUE);
	}
	g_source_remove(source);
	close(storm.file);
	settle(&lab);
	lab.watched[0].frames_left = 0;
	kernel_wait(20, lab.watched[0].presented == lab.watched[0].submitted);
	g_assert_cmpuint(lab.watched[0].failures, ==, 0);
	g_assert_cmpuint(MAX(watched->presented, watched->failed), ==, watched->submitted);
	/* The last of the probes may still be at work in its thread. */
	kernel_wait(20, count_descriptors() == descriptors);
	g_assert_cmpuint(count_framebuffers(&lab), ==, framebuffers);
	g_assert_cmpuint(count_blobs(&lab), ==, blobs);
	lab_remove_card(&lab);
}

void lab_add_trouble(void)
{
	g_test_add_func("/kms-lab/fence/never", test_fence_that_never_signals);
	g_test_add_func("/kms-lab/fence/late", test_fence_that_signals_late);
	g_test_add_func("/kms-lab/fence/on-what-is-shown", test_fence_on_what_is_shown);
	g_test_add_func("/kms-lab/fence/cursor-above", test_cursor_above_what_is_drawn);
	g_test_add_func("/kms-lab/master/blanked-elsewhere", test_blanked_elsewhere);
	g_test_add_func("/kms-lab/takeover/splash-goes", test_splash_goes);
	g_test_add_func("/kms-lab/takeover/goes-dark", test_goes_dark);
	g_test_add_func("/kms-lab/unplug/storm", test_storm);
}
