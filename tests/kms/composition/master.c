// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Atomic commits in their plainest form: every property of every plane in each, so that a scene
 * does not depend on the one before.
 */
#include "master.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#define WIDTH 640
#define HEIGHT 480
#define PATIENCE 10000 /* ms, for what comes within a few vblanks */

#define must(condition, what) \
	do { \
		if (!(condition)) \
			g_error("%s: %s", what, g_strerror(errno)); \
	} while (0)

static void learn_properties(struct master *master, uint32_t object, uint32_t type)
{
	drmModeObjectProperties *properties = drmModeObjectGetProperties(master->fd, object, type);

	must(properties, "properties");
	for (uint32_t i = 0; i < properties->count_props; i++) {
		drmModePropertyRes *property = drmModeGetProperty(master->fd, properties->props[i]);

		must(property, "property");
		g_hash_table_insert(master->properties,
			g_strdup_printf("%u/%s", object, property->name),
			GUINT_TO_POINTER(property->prop_id));
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(properties);
}

static void add(struct master *master, drmModeAtomicReq *request, uint32_t object, const char *name,
	uint64_t value)
{
	g_autofree char *key = g_strdup_printf("%u/%s", object, name);
	uint32_t property = GPOINTER_TO_UINT(g_hash_table_lookup(master->properties, key));

	if (property == 0)
		g_error("object %s has no such property", key);
	must(drmModeAtomicAddProperty(request, object, property, value) >= 0, key);
}

static uint64_t initial_value(struct master *master, uint32_t object, const char *name)
{
	g_autofree char *key = g_strdup_printf("%u/%s", object, name);
	uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(master->properties, key));
	drmModeObjectProperties *properties = drmModeObjectGetProperties(master->fd, object,
		DRM_MODE_OBJECT_ANY);
	uint64_t value = 0;

	must(properties, key);
	for (uint32_t i = 0; i < properties->count_props; i++)
		if (properties->props[i] == id)
			value = properties->prop_values[i];
	drmModeFreeObjectProperties(properties);
	return value;
}

/* One primary plane, two overlays, one cursor: as the card was ordered from the lab. */
static void find_planes(struct master *master)
{
	drmModePlaneRes *resources = drmModeGetPlaneResources(master->fd);
	int overlays = 0;

	must(resources, "planes");
	g_assert_cmpuint(resources->count_planes, ==, MASTER_PLANES);
	for (uint32_t i = 0; i < resources->count_planes; i++) {
		uint32_t id = resources->planes[i];

		learn_properties(master, id, DRM_MODE_OBJECT_PLANE);
		switch (initial_value(master, id, "type")) {
		case DRM_PLANE_TYPE_PRIMARY:
			master->planes[PLANE_PRIMARY] = id;
			break;
		case DRM_PLANE_TYPE_CURSOR:
			master->planes[PLANE_CURSOR] = id;
			break;
		default:
			master->planes[overlays++ ? PLANE_OVERLAY_2 : PLANE_OVERLAY_1] = id;
		}
	}
	drmModeFreePlaneResources(resources);
}

static void use_connector(struct master *master, const drmModeConnector *connector)
{
	master->connector_id = connector->connector_id;
	for (int i = 0; i < connector->count_modes && master->mode_blob == 0; i++) {
		if (connector->modes[i].hdisplay != WIDTH || connector->modes[i].vdisplay != HEIGHT)
			continue;
		master->mode = connector->modes[i];
		must(drmModeCreatePropertyBlob(master->fd, &master->mode, sizeof(master->mode),
			     &master->mode_blob) == 0,
			"mode");
	}
	g_assert_cmpuint(master->mode_blob, !=, 0);
}

static void find_connectors(struct master *master, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(master->fd,
			resources->connectors[i]);

		must(connector, "connector");
		learn_properties(master, connector->connector_id, DRM_MODE_OBJECT_CONNECTOR);
		if (connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
			master->writeback_id = connector->connector_id;
		else
			use_connector(master, connector);
		drmModeFreeConnector(connector);
	}
	g_assert_cmpuint(master->connector_id, !=, 0);
	g_assert_cmpuint(master->writeback_id, !=, 0);
}

void master_init(struct master *master)
{
	drmModeRes *resources;

	memset(master, 0, sizeof(*master));
	master->path = g_strdup("/dev/dri/card0");
	master->fd = open(master->path, O_RDWR | O_CLOEXEC);
	must(master->fd >= 0, master->path);
	g_assert_true(drmIsMaster(master->fd));
	must(drmSetClientCap(master->fd, DRM_CLIENT_CAP_ATOMIC, 1) == 0, "atomic");
	must(drmSetClientCap(master->fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1) == 0,
		"writeback connectors");
	master->properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	resources = drmModeGetResources(master->fd);
	must(resources, "resources");
	g_assert_cmpint(resources->count_crtcs, ==, 1);
	master->crtc_id = resources->crtcs[0];
	learn_properties(master, master->crtc_id, DRM_MODE_OBJECT_CRTC);
	find_connectors(master, resources);
	find_planes(master);
	drmModeFreeResources(resources);
}

void master_finish(struct master *master)
{
	drmModeDestroyPropertyBlob(master->fd, master->mode_blob);
	g_hash_table_unref(master->properties);
	g_free(master->path);
	close(master->fd);
}

static unsigned int bytes_of(uint32_t format)
{
	switch (format) {
	case DRM_FORMAT_RGB565:
	case DRM_FORMAT_BGR565:
		return 2;
	case DRM_FORMAT_RGB888:
	case DRM_FORMAT_BGR888:
		return 3;
	default:
		return 4;
	}
}

/*
 * All framebuffers begin at offset 0: vkms (7.3) adds an offset twice, once in drm_gem_fb_vmap()
 * and once in packed_pixels_offset(), and reads past the buffer.
 */
static void add_framebuffer(struct dumb *dumb, struct master *master)
{
	uint32_t handles[4] = {dumb->handle}, pitches[4] = {dumb->pitch}, offsets[4] = {0};

	must(drmModeAddFB2(master->fd, dumb->width, dumb->height, dumb->format, handles, pitches,
		     offsets, &dumb->fb_id, 0) == 0,
		"framebuffer");
}

static void set_shape(struct dumb *dumb, uint32_t width, uint32_t height, uint32_t format)
{
	memset(dumb, 0, sizeof(*dumb));
	dumb->width = width;
	dumb->height = height;
	dumb->format = format;
	dumb->bytes = bytes_of(format);
}

void dumb_init(struct dumb *dumb, struct master *master, uint32_t width, uint32_t height,
	uint32_t format)
{
	uint64_t offset;

	set_shape(dumb, width, height, format);
	must(drmModeCreateDumbBuffer(master->fd, width, height, 8 * dumb->bytes, 0, &dumb->handle,
		     &dumb->pitch, &dumb->size) == 0,
		"dumb buffer");
	must(drmModeMapDumbBuffer(master->fd, dumb->handle, &offset) == 0, "map");
	dumb->pixels = mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED, master->fd,
		(off_t)offset);
	must(dumb->pixels != MAP_FAILED, "mmap");
	add_framebuffer(dumb, master);
}

/* Like a back-end's memory: a memfd that can no longer shrink, made a dma-buf. */
static int make_udmabuf(int memory, size_t size)
{
	struct udmabuf_create request = {.memfd = (uint32_t)memory, .size = size};
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd;

	must(device >= 0, "/dev/udmabuf");
	must(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0, "seal");
	fd = ioctl(device, UDMABUF_CREATE, &request);
	must(fd >= 0, "udmabuf");
	close(device);
	return fd;
}

void dumb_init_imported(struct dumb *dumb, struct master *master, uint32_t width, uint32_t height,
	uint32_t format)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int memory = memfd_create("composition", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int fd;

	set_shape(dumb, width, height, format);
	dumb->pitch = width * dumb->bytes + 128;
	dumb->size = ((size_t)dumb->pitch * height + page - 1) / page * page;
	must(memory >= 0 && ftruncate(memory, (off_t)dumb->size) == 0, "memfd");
	dumb->pixels = mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	must(dumb->pixels != MAP_FAILED, "mmap");
	fd = make_udmabuf(memory, dumb->size);
	must(drmPrimeFDToHandle(master->fd, fd, &dumb->handle) == 0, "import");
	close(fd);
	close(memory);
	add_framebuffer(dumb, master);
}

void dumb_finish(struct dumb *dumb, struct master *master)
{
	munmap(dumb->pixels, dumb->size);
	drmModeRmFB(master->fd, dumb->fb_id);
	drmCloseBufferHandle(master->fd, dumb->handle);
}

static void add_plane(struct master *master, drmModeAtomicReq *request, uint32_t id,
	const struct scene_plane *plane)
{
	unsigned int rotation = plane->rotation ? plane->rotation : DRM_MODE_ROTATE_0;
	bool quarter = rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
	uint32_t width = plane->src_w, height = plane->src_h;

	if (!plane->dumb) {
		add(master, request, id, "FB_ID", 0);
		add(master, request, id, "CRTC_ID", 0);
		return;
	}
	if (width == 0) {
		width = plane->dumb->width;
		height = plane->dumb->height;
	}
	add(master, request, id, "FB_ID", plane->dumb->fb_id);
	add(master, request, id, "CRTC_ID", master->crtc_id);
	add(master, request, id, "SRC_X", (uint64_t)plane->src_x << 16);
	add(master, request, id, "SRC_Y", (uint64_t)plane->src_y << 16);
	add(master, request, id, "SRC_W", (uint64_t)width << 16);
	add(master, request, id, "SRC_H", (uint64_t)height << 16);
	add(master, request, id, "CRTC_X", (uint64_t)(int64_t)plane->x);
	add(master, request, id, "CRTC_Y", (uint64_t)(int64_t)plane->y);
	add(master, request, id, "CRTC_W", quarter ? height : width);
	add(master, request, id, "CRTC_H", quarter ? width : height);
	add(master, request, id, "rotation", rotation);
}

static void wait_readable(int fd, const char *what)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	int count;

	do
		count = poll(&readable, 1, PATIENCE);
	while (count < 0 && errno == EINTR);
	if (count == 0)
		g_error("%s did not come", what);
	must(count == 1, what);
}

void master_show(struct master *master, const struct scene *scene, const struct dumb *picture)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int32_t fence = -1;

	add(master, request, master->crtc_id, "ACTIVE", 1);
	add(master, request, master->crtc_id, "MODE_ID", master->mode_blob);
	add(master, request, master->crtc_id, "BACKGROUND_COLOR",
		scene->background ? scene->background : 0xffffull << 48);
	add(master, request, master->connector_id, "CRTC_ID", master->crtc_id);
	for (int i = 0; i < MASTER_PLANES; i++)
		add_plane(master, request, master->planes[i], &scene->planes[i]);
	add(master, request, master->writeback_id, "CRTC_ID", picture ? master->crtc_id : 0);
	if (picture) {
		add(master, request, master->writeback_id, "WRITEBACK_FB_ID", picture->fb_id);
		add(master, request, master->writeback_id, "WRITEBACK_OUT_FENCE_PTR",
			(uintptr_t)&fence);
	}
	must(drmModeAtomicCommit(master->fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) == 0,
		"commit");
	drmModeAtomicFree(request);
	if (picture) {
		wait_readable(fence, "the writeback");
		close(fence);
	}
}

static void handle_flip(int fd, unsigned int sequence, unsigned int seconds,
	unsigned int microseconds, unsigned int crtc_id, void *data)
{
	*(bool *)data = true;
}

void master_flip(struct master *master, const struct scene *scene)
{
	drmEventContext context = {.version = 3, .page_flip_handler2 = handle_flip};
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	bool flipped = false;

	for (int i = 0; i < MASTER_PLANES; i++)
		if (scene->planes[i].dumb)
			add(master, request, master->planes[i], "FB_ID",
				scene->planes[i].dumb->fb_id);
	must(drmModeAtomicCommit(master->fd, request,
		     DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, &flipped) == 0,
		"flip");
	drmModeAtomicFree(request);
	while (!flipped) {
		wait_readable(master->fd, "the flip");
		must(drmHandleEvent(master->fd, &context) == 0, "event");
	}
}

void master_turn_off(struct master *master)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	const struct scene_plane nothing = {0};

	for (int i = 0; i < MASTER_PLANES; i++)
		add_plane(master, request, master->planes[i], &nothing);
	add(master, request, master->crtc_id, "ACTIVE", 0);
	add(master, request, master->crtc_id, "MODE_ID", 0);
	add(master, request, master->connector_id, "CRTC_ID", 0);
	add(master, request, master->writeback_id, "CRTC_ID", 0);
	must(drmModeAtomicCommit(master->fd, request, DRM_MODE_ATOMIC_ALLOW_MODESET, NULL) == 0,
		"turning off");
	drmModeAtomicFree(request);
}

/* debugfs: one line a vblank, "0xFRAME 0xCRC", from when the file is opened. */
uint32_t master_crc(struct master *master)
{
	static const char folder[] = "/sys/kernel/debug/dri/0/crtc-0/crc";
	g_autofree char *control = g_build_filename(folder, "control", NULL);
	g_autofree char *data = g_build_filename(folder, "data", NULL);
	uint32_t crc = 0;
	int fd = open(control, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "auto", 4) == 4, control);
	close(fd);
	fd = open(data, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, data);
	/* The scene is on before we ask, so every line is of it. Two lines must agree. */
	for (int i = 0; i < 2; i++) {
		char line[64] = "";
		unsigned int frame, value;
		ssize_t size = read(fd, line, sizeof(line) - 1);

		must(size > 0, data);
		g_assert_cmpint(sscanf(line, "%x %x", &frame, &value), ==, 2);
		if (i > 0)
			g_assert_cmphex(value, ==, crc);
		crc = value;
	}
	close(fd);
	return crc;
}
