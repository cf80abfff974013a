/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tiled dma-bufs by libgbm, which is loaded here. */
#include "scene/tiled.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <unistd.h>

#include "kms.h"

struct tiled {
	struct tiled_functions gbm;
	void *library;
	int fd;
	struct gbm_device *device;
};

struct tiled_image {
	struct tiled *tiled;
	struct gbm_bo *bo;
	void *map_data;
};

char *tiled_render_node(const char *card_path)
{
	g_autofree char *card = g_path_get_basename(card_path);
	g_autofree char *folder = g_build_filename("/sys/class/drm", card, "device/drm", NULL);
	g_autoptr(GDir) siblings = g_dir_open(folder, 0, NULL);
	const char *name;

	while (siblings && (name = g_dir_read_name(siblings))) {
		if (g_str_has_prefix(name, "renderD"))
			return g_build_filename("/dev/dri", name, NULL);
	}
	return NULL;
}

static bool load(struct tiled *tiled, GError **error)
{
	struct {
		const char *name;
		void *function;
	} symbols[] = {
		{"gbm_create_device", &tiled->gbm.create_device},
		{"gbm_device_destroy", &tiled->gbm.device_destroy},
		{"gbm_bo_import", &tiled->gbm.bo_import},
		{"gbm_bo_destroy", &tiled->gbm.bo_destroy},
		{"gbm_bo_map", &tiled->gbm.bo_map},
		{"gbm_bo_unmap", &tiled->gbm.bo_unmap},
	};

	tiled->library = dlopen("libgbm.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!tiled->library) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
			"tiled buffers need libgbm: %s", dlerror());
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++) {
		/* A function's address as dlsym() has it, see its manual. */
		*(void **)symbols[i].function = dlsym(tiled->library, symbols[i].name);
		if (!*(void **)symbols[i].function) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "libgbm has no %s",
				symbols[i].name);
			return false;
		}
	}
	return true;
}

struct tiled *tiled_create(const char *render_node, const struct tiled_functions *functions,
	GError **error)
{
	struct tiled *tiled = g_new0(struct tiled, 1);

	tiled->fd = open(render_node, O_RDWR | O_CLOEXEC);
	if (tiled->fd < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s",
			render_node, g_strerror(errno));
		goto fail;
	}
	if (functions)
		tiled->gbm = *functions;
	else if (!load(tiled, error))
		goto fail;

	tiled->device = tiled->gbm.create_device(tiled->fd);
	if (!tiled->device) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			"%s: GBM has no driver for it", render_node);
		goto fail;
	}
	return tiled;

fail:
	tiled_destroy(tiled);
	return NULL;
}

void tiled_destroy(struct tiled *tiled)
{
	if (!tiled)
		return;
	if (tiled->device)
		tiled->gbm.device_destroy(tiled->device);
	if (tiled->library)
		dlclose(tiled->library);
	if (tiled->fd >= 0)
		close(tiled->fd);
	g_free(tiled);
}

struct tiled_image *tiled_import(struct tiled *tiled, int fd, const struct channel_dmabuf *dmabuf,
	GError **error)
{
	struct gbm_import_fd_data plain = {
		.fd = fd,
		.width = dmabuf->fd_width,
		.height = dmabuf->fd_height,
		.stride = dmabuf->fd_stride,
		.format = dmabuf->fourcc,
	};
	struct gbm_import_fd_modifier_data modified = {
		.width = dmabuf->fd_width,
		.height = dmabuf->fd_height,
		.format = dmabuf->fourcc,
		.num_fds = 1,
		.fds = {fd, -1, -1, -1},
		.strides = {(int)dmabuf->fd_stride},
		.modifier = dmabuf->modifier,
	};
	struct gbm_bo *bo;

	if (dmabuf->modifier == KMS_MODIFIER_INVALID)
		bo = tiled->gbm.bo_import(tiled->device, GBM_BO_IMPORT_FD, &plain,
			GBM_BO_USE_RENDERING);
	else
		bo = tiled->gbm.bo_import(tiled->device, GBM_BO_IMPORT_FD_MODIFIER, &modified,
			GBM_BO_USE_RENDERING);
	if (!bo) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
			"GBM does not take a buffer with modifier 0x%" PRIx64, dmabuf->modifier);
		return NULL;
	}

	struct tiled_image *image = g_new0(struct tiled_image, 1);

	image->tiled = tiled;
	image->bo = bo;
	return image;
}

void tiled_image_destroy(struct tiled_image *image)
{
	if (!image)
		return;
	tiled_unmap(image);
	image->tiled->gbm.bo_destroy(image->bo);
	g_free(image);
}

const uint8_t *tiled_map(struct tiled_image *image, uint32_t x, uint32_t y, uint32_t width,
	uint32_t height, uint32_t *stride)
{
	return image->tiled->gbm.bo_map(image->bo, x, y, width, height, GBM_BO_TRANSFER_READ,
		stride, &image->map_data);
}

void tiled_unmap(struct tiled_image *image)
{
	if (image->map_data)
		image->tiled->gbm.bo_unmap(image->bo, image->map_data);
	image->map_data = NULL;
}
