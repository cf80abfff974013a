/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

static bool run_vkms(const char *const *arguments, char **output)
{
	g_autofree char *error_text = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)arguments, NULL, 0, NULL, NULL, output, &error_text,
		    &status, &error))
		g_error("%s", error->message);
	if (!g_spawn_check_wait_status(status, NULL))
		g_error("vkms: %s", error_text);
	return true;
}

void lab_change_vkms(struct lab *lab, const char *action, const char *index, const char *status)
{
	const char *arguments[] = {"tests/lab/vkms", action, lab->name, index, status, NULL};

	run_vkms(arguments, NULL);
}

static struct watched *find_watched(struct lab *lab, struct kms_output *output)
{
	for (size_t i = 0; i < lab->count; i++) {
		if (lab->watched[i].output == output)
			return &lab->watched[i];
	}
	g_assert_not_reached();
}

enum kms_submit lab_submit(struct watched *watched, struct kms_buffer *buffer)
{
	const struct kms_frame frame = kernel_frame(buffer, ++watched->submitted);

	return kms_output_submit(watched->output, &frame);
}

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct watched *watched = find_watched(data, output);

	g_assert_cmpuint(serial, >, watched->presented);
	g_assert_cmpuint(serial, <=, watched->submitted);
	g_assert_true(presentation->vblank);
	watched->presented = serial;
	watched->presentations++;
	if (watched->frames_left) {
		watched->frames_left--;
		g_assert_cmpint(lab_submit(watched, watched->buffers[watched->submitted % 2]), ==,
			KMS_SUBMIT_ACCEPTED);
	}
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct watched *watched = find_watched(data, output);

	g_assert_cmpuint(serial, >, watched->failed);
	g_assert_cmpuint(serial, >, watched->presented);
	watched->failed = serial;
	watched->failures++;
	watched->failure = error;
}

static void on_output_changed(void *data, struct kms_output *output)
{
	find_watched(data, output)->changes++;
}

static void on_device_gone(void *data)
{
	((struct lab *)data)->gone = true;
}

const struct kms_listener lab_listener = {
	.presented = on_presented,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
	.device_gone = on_device_gone,
};

/* A card of the shape that tests/lab/vkms takes. */
void lab_make_card(struct lab *lab, const char *shape)
{
	static unsigned int cards;
	g_autofree char *line = NULL;
	g_auto(GStrv) arguments = NULL;

	memset(lab, 0, sizeof(*lab));
	g_snprintf(lab->name, sizeof(lab->name), "kms%u", cards++);
	line = g_strdup_printf("tests/lab/vkms create %s %s", lab->name, shape);
	arguments = g_strsplit(line, " ", -1);
	run_vkms((const char *const *)arguments, &lab->path);
	g_strchomp(lab->path);
	lab->fd = open(lab->path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(lab->fd, >=, 0);
	drmDropMaster(lab->fd);
	drmSetClientCap(lab->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	drmSetClientCap(lab->fd, DRM_CLIENT_CAP_ATOMIC, 1);
}

void lab_open_device_on(struct lab *lab, int fd)
{
	const struct kms_device_options options = {
		.path = lab->path,
		.fd = fd,
		.flip_timeout_ms = lab->flip_timeout_ms,
	};
	g_autoptr(GError) error = NULL;

	lab->device = kms_device_create(&options, &lab_listener, lab, &error);
	g_assert_no_error(error);
	lab->count = kms_device_output_count(lab->device);
	g_assert_cmpuint(lab->count, <=, OUTPUTS);
	for (size_t i = 0; i < lab->count; i++)
		lab->watched[i].output = kms_device_output(lab->device, i);
}

void lab_open_device(struct lab *lab)
{
	lab_open_device_on(lab, -1);
}

void lab_configure(struct lab *lab, const char *mode, bool keep_picture)
{
	struct kms_output_request requests[OUTPUTS];
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < lab->count; i++)
		requests[i] = (struct kms_output_request){lab->watched[i].output, mode,
			keep_picture};
	kms_device_configure(lab->device, requests, lab->count, &error);
	g_assert_no_error(error);
}

void lab_close_device(struct lab *lab)
{
	for (size_t i = 0; i < lab->count; i++) {
		for (size_t j = 0; j < 2; j++) {
			kms_buffer_unref(lab->watched[i].buffers[j]);
			lab->watched[i].buffers[j] = NULL;
		}
	}
	kms_device_destroy(lab->device);
	lab->device = NULL;
}

void lab_remove_card(struct lab *lab)
{
	lab_close_device(lab);
	close(lab->fd);
	if (!lab->gone)
		lab_change_vkms(lab, "remove", NULL, NULL);
	g_free(lab->path);
}

void lab_make_buffers(struct lab *lab)
{
	for (size_t i = 0; i < lab->count; i++) {
		struct watched *watched = &lab->watched[i];
		const struct kms_mode_info *mode = kms_output_mode(watched->output);
		g_autoptr(GError) error = NULL;

		for (size_t j = 0; j < 2; j++) {
			watched->buffers[j] = kms_buffer_create_dumb(lab->device, mode->width,
				mode->height, &error);
			g_assert_no_error(error);
		}
	}
}

/* ---- what the kernel has ---- */

static uint32_t find_property(int fd, uint32_t object, uint32_t type, const char *name,
	uint64_t *value)
{
	drmModeObjectProperties *properties = drmModeObjectGetProperties(fd, object, type);
	uint32_t found = 0;

	g_assert_nonnull(properties);
	for (uint32_t i = 0; i < properties->count_props; i++) {
		drmModePropertyRes *read = drmModeGetProperty(fd, properties->props[i]);

		if (strcmp(read->name, name) == 0) {
			*value = properties->prop_values[i];
			found = properties->props[i];
		}
		drmModeFreeProperty(read);
	}
	drmModeFreeObjectProperties(properties);
	g_assert_cmpuint(found, !=, 0);
	return found;
}

uint32_t lab_property_id(int fd, uint32_t object, uint32_t type, const char *name)
{
	uint64_t value;

	return find_property(fd, object, type, name, &value);
}

uint64_t lab_property(int fd, uint32_t object, uint32_t type, const char *name)
{
	uint64_t value = 0;

	find_property(fd, object, type, name, &value);
	return value;
}

/* The nth CRTC. */
struct seen lab_look_at_crtc(struct lab *lab, int index)
{
	drmModeRes *resources = drmModeGetResources(lab->fd);
	drmModeCrtc *crtc;
	struct seen seen;

	g_assert_cmpint(index, <, resources->count_crtcs);
	crtc = drmModeGetCrtc(lab->fd, resources->crtcs[index]);
	seen = (struct seen){crtc->crtc_id, crtc->mode, crtc->mode_valid != 0};
	drmModeFreeCrtc(crtc);
	drmModeFreeResources(resources);
	return seen;
}

/* The plane of a type on a CRTC; 0 if none is there. */
uint32_t lab_find_plane(struct lab *lab, uint32_t crtc, uint64_t type)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(lab->fd);
	uint32_t found = 0;

	for (uint32_t i = 0; i < resources->count_planes; i++) {
		uint32_t id = resources->planes[i];

		if (lab_property(lab->fd, id, DRM_MODE_OBJECT_PLANE, "type") == type &&
			lab_property(lab->fd, id, DRM_MODE_OBJECT_PLANE, "CRTC_ID") == crtc)
			found = id;
	}
	drmModeFreePlaneResources(resources);
	return found;
}

uint32_t lab_framebuffer_on(struct lab *lab, uint32_t crtc)
{
	uint32_t plane = lab_find_plane(lab, crtc, DRM_PLANE_TYPE_PRIMARY);

	return plane ? (uint32_t)lab_property(lab->fd, plane, DRM_MODE_OBJECT_PLANE, "FB_ID") : 0;
}
