// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The test of the camera on a real driver: shows scenes on vkms and compares the camera's
 * photograph, pixel by pixel, with what vkms composed into its writeback connector, and the
 * camera's CRC with vkms's own. Then the camera's manners: it never is DRM master, nor in a
 * master's way.
 *
 * Runs in the lab as root, on the only card, made with one CRTC, two overlays, a cursor and
 * writeback, and without anybody else on it (tests/kms/test-screenshot). BUILD: where the
 * screenshot tool is.
 */
#include "master.h"

#include <drm_fourcc.h>
#include <glib/gstdio.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

static const unsigned int rotations[] = {
	DRM_MODE_ROTATE_0,
	DRM_MODE_ROTATE_90,
	DRM_MODE_ROTATE_180,
	DRM_MODE_ROTATE_270,
};

/* ------------------------------------------------------------------------------- the camera */

/* The camera's arguments, as camera() and camera_start() take them. */
#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The camera's command line: the program, then the arguments. */
static char **command_line(const char *const *arguments)
{
	GPtrArray *line = g_ptr_array_new();

	g_ptr_array_add(line, g_build_filename(g_getenv("BUILD"), "scanout-screenshot", NULL));
	for (; *arguments; arguments++)
		g_ptr_array_add(line, g_strdup(*arguments));
	g_ptr_array_add(line, NULL);
	return (char **)g_ptr_array_free(line, FALSE);
}

/* Runs the camera with these arguments. Returns its exit status. */
static int camera(char **output, const char *const *arguments)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) line = command_line(arguments);
	int status;

	g_spawn_sync(NULL, line, NULL, G_SPAWN_DEFAULT, NULL, NULL, output, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A camera that runs on while the test does something. */
struct running_camera {
	GPid pid;
	FILE *output;
};

static void camera_start(struct running_camera *running, const char *const *arguments)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) line = command_line(arguments);
	int output;

	g_spawn_async_with_pipes(NULL, line, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
		&running->pid, NULL, &output, NULL, &error);
	g_assert_no_error(error);
	running->output = fdopen(output, "r");
}

static int camera_wait(struct running_camera *running)
{
	int status;

	fclose(running->output);
	g_assert_cmpint(waitpid(running->pid, &status, 0), ==, running->pid);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Reads lines until one contains the text; fails at the end of the output. */
static void camera_expect(struct running_camera *running, const char *text)
{
	char line[512];

	while (fgets(line, sizeof(line), running->output))
		if (strstr(line, text))
			return;
	g_error("the camera ended without \"%s\"", text);
}

/* --------------------------------------------------------------------------------- pictures */

/* Any pixels; those with alpha premultiplied, as vkms expects them. */
static void fill(struct dumb *dumb)
{
	bool alpha = dumb->format == DRM_FORMAT_ARGB8888 || dumb->format == DRM_FORMAT_ABGR8888;
	bool alpha_first = dumb->format == DRM_FORMAT_RGBA8888 ||
		dumb->format == DRM_FORMAT_BGRA8888;

	for (size_t i = 0; i + 4 <= dumb->size; i += 4) {
		uint32_t random = (uint32_t)g_test_rand_int();
		uint8_t *bytes = dumb->pixels + i;

		memcpy(bytes, &random, 4);
		if (alpha)
			for (int n = 0; n < 3; n++)
				bytes[n] = (uint8_t)(bytes[n] * bytes[3] / 255);
		if (alpha_first)
			for (int n = 1; n < 4; n++)
				bytes[n] = (uint8_t)(bytes[n] * bytes[0] / 255);
	}
}

static void dumb_init_filled(struct dumb *dumb, struct master *master, uint32_t width,
	uint32_t height, uint32_t format)
{
	dumb_init(dumb, master, width, height, format);
	fill(dumb);
}

/* A PNG as rows of R, G, B. */
static uint8_t *read_png(const char *path, uint32_t *width, uint32_t *height)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	uint8_t *bytes;

	if (!png_image_begin_read_from_file(&image, path))
		g_error("%s: %s", path, image.message);
	image.format = PNG_FORMAT_RGB;
	bytes = g_malloc(PNG_IMAGE_SIZE(image));
	if (!png_image_finish_read(&image, NULL, bytes, 0, NULL))
		g_error("%s: %s", path, image.message);
	*width = image.width;
	*height = image.height;
	return bytes;
}

static void write_png(const char *path, const struct dumb *dumb)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = dumb->width,
		.height = dumb->height,
		.format = PNG_FORMAT_BGR,
	};
	g_autofree uint8_t *bytes = g_malloc((size_t)3 * dumb->width * dumb->height);

	for (size_t y = 0; y < dumb->height; y++)
		for (size_t x = 0; x < dumb->width; x++)
			memcpy(bytes + 3 * (y * dumb->width + x),
				dumb->pixels + y * dumb->pitch + 4 * x, 3);
	if (!png_image_write_to_file(&image, path, 0, bytes, 0, NULL))
		g_error("%s: %s", path, image.message);
}

/* The photograph in the file against the pixels (XR24) that vkms wrote back. */
static void assert_photograph(const char *path, const struct dumb *expected)
{
	uint32_t width, height;
	g_autofree uint8_t *bytes = read_png(path, &width, &height);
	unsigned int differences = 0;

	g_assert_cmpuint(width, ==, expected->width);
	g_assert_cmpuint(height, ==, expected->height);
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			const uint8_t *seen = bytes + 3 * (y * width + x);
			const uint8_t *shown = expected->pixels + y * expected->pitch + 4 * x;

			if (seen[0] == shown[2] && seen[1] == shown[1] && seen[2] == shown[0])
				continue;
			if (differences++ == 0)
				g_test_message(
					"first at %zu,%zu: camera %02x%02x%02x, vkms %02x%02x%02x",
					x, y, seen[0], seen[1], seen[2], shown[2], shown[1],
					shown[0]);
		}
	g_assert_cmpuint(differences, ==, 0);
}

/* ---------------------------------------------------------------------------------- fixture */

struct fixture {
	struct master master;
	struct dumb written; /* by vkms */
	char *folder, *photograph;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	master_init(&fixture->master);
	dumb_init(&fixture->written, &fixture->master, fixture->master.mode.hdisplay,
		fixture->master.mode.vdisplay, DRM_FORMAT_XRGB8888);
	fixture->folder = g_dir_make_tmp("composition-XXXXXX", NULL);
	fixture->photograph = g_build_filename(fixture->folder, "photograph.png", NULL);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	master_turn_off(&fixture->master);
	dumb_finish(&fixture->written, &fixture->master);
	master_finish(&fixture->master);
	g_unlink(fixture->photograph);
	g_rmdir(fixture->folder);
	g_free(fixture->photograph);
	g_free(fixture->folder);
}

/* Shows a scene and lets camera and vkms say what it looks like. */
static void check_scene(struct fixture *fixture, const struct scene *scene)
{
	g_autofree char *output = NULL;
	g_autofree char *crc = NULL;

	master_show(&fixture->master, scene, &fixture->written);
	g_assert_cmpint(camera(&output, ARGUMENTS("--output", fixture->photograph, "--crc")), ==,
		0);
	assert_photograph(fixture->photograph, &fixture->written);
	crc = g_strdup_printf("0x%08x\n", master_crc(&fixture->master));
	g_assert_cmpstr(output, ==, crc);
}

/* ------------------------------------------------------------------------------ composition */

static void test_formats(struct fixture *fixture, gconstpointer data)
{
	static const uint32_t formats[] = {
		DRM_FORMAT_XRGB8888,
		DRM_FORMAT_ARGB8888,
		DRM_FORMAT_XBGR8888,
		DRM_FORMAT_ABGR8888,
		DRM_FORMAT_RGBA8888,
		DRM_FORMAT_BGRA8888,
		DRM_FORMAT_RGB888,
		DRM_FORMAT_BGR888,
		DRM_FORMAT_RGB565,
		DRM_FORMAT_BGR565,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		struct scene scene = {0};
		struct dumb dumb;

		g_test_message("format %.4s", (const char *)&formats[i]);
		dumb_init_filled(&dumb, &fixture->master, 640, 480, formats[i]);
		scene.planes[PLANE_PRIMARY].dumb = &dumb;
		check_scene(fixture, &scene);
		master_turn_off(&fixture->master);
		dumb_finish(&dumb, &fixture->master);
	}
}

/* What the DMABUF path shows: memory of somebody else, imported. */
static void test_imported(struct fixture *fixture, gconstpointer data)
{
	struct dumb primary, overlay;
	struct scene scene = {0};

	dumb_init_imported(&primary, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	dumb_init_imported(&overlay, &fixture->master, 123, 77, DRM_FORMAT_ARGB8888);
	fill(&primary);
	fill(&overlay);
	scene.planes[PLANE_PRIMARY].dumb = &primary;
	scene.planes[PLANE_OVERLAY_1] = (struct scene_plane){.dumb = &overlay, .x = 600, .y = -7};
	check_scene(fixture, &scene);
	/* Drawn into while it is on: the next photograph shows it. */
	fill(&primary);
	check_scene(fixture, &scene);
	master_turn_off(&fixture->master);
	dumb_finish(&primary, &fixture->master);
	dumb_finish(&overlay, &fixture->master);
}

/* Primary below, both overlays and the cursor partly over the edges, all mixing. */
static void test_planes(struct fixture *fixture, gconstpointer data)
{
	struct dumb primary, first, second, cursor;
	struct scene scene = {0};

	dumb_init_filled(&primary, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	dumb_init_filled(&first, &fixture->master, 300, 200, DRM_FORMAT_ARGB8888);
	dumb_init_filled(&second, &fixture->master, 200, 300, DRM_FORMAT_ABGR8888);
	dumb_init_filled(&cursor, &fixture->master, 64, 64, DRM_FORMAT_ARGB8888);
	scene.planes[PLANE_PRIMARY].dumb = &primary;
	scene.planes[PLANE_OVERLAY_1] = (struct scene_plane){.dumb = &first, .x = -30, .y = 330};
	scene.planes[PLANE_OVERLAY_2] = (struct scene_plane){.dumb = &second, .x = 170, .y = 350};
	scene.planes[PLANE_CURSOR] = (struct scene_plane){.dumb = &cursor, .x = 200, .y = 340};
	check_scene(fixture, &scene);
	/* The cursor over each corner, the overlays over the others. */
	scene.planes[PLANE_CURSOR].x = -37;
	scene.planes[PLANE_CURSOR].y = -21;
	check_scene(fixture, &scene);
	scene.planes[PLANE_CURSOR].x = 613;
	scene.planes[PLANE_CURSOR].y = 477;
	scene.planes[PLANE_OVERLAY_1].x = 639;
	scene.planes[PLANE_OVERLAY_1].y = -199;
	scene.planes[PLANE_OVERLAY_2].x = -199;
	scene.planes[PLANE_OVERLAY_2].y = -1;
	check_scene(fixture, &scene);
	/* A part of each framebuffer, and a primary plane that leaves a background to be seen. */
	scene.background = 0xffff123456789abcull;
	scene.planes[PLANE_PRIMARY] = (struct scene_plane){&primary, 17, 33, 401, 299, 50, 60};
	scene.planes[PLANE_OVERLAY_1] = (struct scene_plane){&first, 99, 1, 201, 150, 400, 300};
	scene.planes[PLANE_OVERLAY_2].dumb = NULL;
	check_scene(fixture, &scene);
	master_turn_off(&fixture->master);
	dumb_finish(&primary, &fixture->master);
	dumb_finish(&first, &fixture->master);
	dumb_finish(&second, &fixture->master);
	dumb_finish(&cursor, &fixture->master);
}

/* All sixteen positions of a picture, whole and cut by an edge of the monitor. */
static void test_rotations(struct fixture *fixture, gconstpointer data)
{
	struct dumb wide, tall, overlay;

	dumb_init_filled(&wide, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	dumb_init_filled(&tall, &fixture->master, 480, 640, DRM_FORMAT_XRGB8888);
	dumb_init_filled(&overlay, &fixture->master, 150, 90, DRM_FORMAT_ARGB8888);
	for (unsigned int i = 0; i < 16; i++) {
		struct scene scene = {0};
		unsigned int rotation = rotations[i % 4] | (i & 4 ? DRM_MODE_REFLECT_X : 0) |
			(i & 8 ? DRM_MODE_REFLECT_Y : 0);

		g_test_message("rotation %#x", rotation);
		scene.planes[PLANE_PRIMARY].dumb = i % 2 ? &tall : &wide;
		scene.planes[PLANE_PRIMARY].rotation = rotation;
		scene.planes[PLANE_OVERLAY_1] = (struct scene_plane){.dumb = &overlay,
			.x = -20,
			.y = -40,
			.rotation = rotation};
		scene.planes[PLANE_OVERLAY_2] = (struct scene_plane){&overlay, 11, 7, 131, 71, 560,
			430, rotation};
		check_scene(fixture, &scene);
	}
	master_turn_off(&fixture->master);
	dumb_finish(&wide, &fixture->master);
	dumb_finish(&tall, &fixture->master);
	dumb_finish(&overlay, &fixture->master);
}

static struct scene_plane random_plane(const struct dumb *dumb)
{
	uint32_t width = g_test_rand_int_range(1, (int)dumb->width + 1);
	uint32_t height = g_test_rand_int_range(1, (int)dumb->height + 1);

	return (struct scene_plane){
		.dumb = dumb,
		.src_x = g_test_rand_int_range(0, (int)(dumb->width - width) + 1),
		.src_y = g_test_rand_int_range(0, (int)(dumb->height - height) + 1),
		.src_w = width,
		.src_h = height,
		.x = g_test_rand_int_range(-100, 600),
		.y = g_test_rand_int_range(-100, 440),
		.rotation = rotations[g_test_rand_int_range(0, 4)] |
			(g_test_rand_bit() ? DRM_MODE_REFLECT_X : 0) |
			(g_test_rand_bit() ? DRM_MODE_REFLECT_Y : 0),
	};
}

static void test_random(struct fixture *fixture, gconstpointer data)
{
	static const uint32_t formats[MASTER_PLANES] = {DRM_FORMAT_RGB565, DRM_FORMAT_ARGB8888,
		DRM_FORMAT_BGRA8888, DRM_FORMAT_ABGR8888};
	struct dumb dumbs[MASTER_PLANES];

	for (int i = 0; i < MASTER_PLANES; i++)
		dumb_init_filled(&dumbs[i], &fixture->master, 333, 277, formats[i]);
	for (int round = 0; round < 20; round++) {
		struct scene scene = {
			.background = 0xffffull << 48 | (uint64_t)(uint32_t)g_test_rand_int() << 8};

		for (int i = 0; i < MASTER_PLANES; i++)
			scene.planes[i] = random_plane(&dumbs[i]);
		check_scene(fixture, &scene);
	}
	master_turn_off(&fixture->master);
	for (int i = 0; i < MASTER_PLANES; i++)
		dumb_finish(&dumbs[i], &fixture->master);
}

/* ----------------------------------------------------------------------------------- answers */

static void test_json(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *on = NULL;
	g_autofree char *off = NULL;
	g_autofree char *cursor_line = NULL;
	struct dumb primary, cursor;
	struct scene scene = {0};

	dumb_init_filled(&primary, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	dumb_init_filled(&cursor, &fixture->master, 64, 64, DRM_FORMAT_ARGB8888);
	scene.planes[PLANE_PRIMARY].dumb = &primary;
	scene.planes[PLANE_CURSOR] = (struct scene_plane){&cursor, 1, 2, 60, 50, -10, 20,
		DRM_MODE_ROTATE_270 | DRM_MODE_REFLECT_Y};
	master_show(&fixture->master, &scene, NULL);
	g_assert_cmpint(camera(&on, ARGUMENTS("--json", "--connector", "Virtual-1")), ==, 0);
	g_assert_nonnull(strstr(on, "\"driver\": \"vkms\", \"master\": false"));
	g_assert_nonnull(strstr(on, "\"active\": true, \"mode\": \"640x480@60\""));
	g_assert_nonnull(strstr(on, "\"connectors\": [\"Virtual-1\"]"));
	cursor_line = g_strdup_printf(
		"{\"id\": %u, \"type\": \"cursor\", \"fb\": %u, \"fb_width\": 64, \"fb_height\": 64, "
		"\"format\": \"AR24\", \"modifier\": \"linear\", \"pitch\": 256, \"offset\": 0, "
		"\"src\": [1, 2, 60, 50], \"crtc\": [-10, 20, 50, 60], \"rotation\": 270, "
		"\"reflect_x\": false, \"reflect_y\": true, \"alpha\": 65535, "
		"\"blend\": \"premultiplied\", \"zpos\": null, \"hotspot\": null}",
		fixture->master.planes[PLANE_CURSOR], cursor.fb_id);
	g_assert_nonnull(strstr(on, cursor_line));
	/* An output that is off has states too, but no photograph. */
	master_turn_off(&fixture->master);
	g_assert_cmpint(camera(&off, ARGUMENTS("--json")), ==, 0);
	g_assert_nonnull(strstr(off, "\"active\": false, \"mode\": null"));
	g_assert_null(strstr(off, "\"type\""));
	g_assert_cmpint(camera(NULL, ARGUMENTS("--checksum")), ==, 1);
	g_assert_cmpint(camera(NULL, ARGUMENTS("--checksum", "--connector", "Virtual-1")), ==, 1);
	g_assert_cmpint(camera(NULL, ARGUMENTS("--checksum", "--connector", "DP-1")), ==, 2);
	dumb_finish(&primary, &fixture->master);
	dumb_finish(&cursor, &fixture->master);
}

/* The checksums and the CRC that the camera gives for a file are those of the same picture when
 * shown. */
static void test_hashes(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *shown = NULL;
	g_autofree char *of_file = NULL;
	g_autofree char *crc = NULL;
	struct scene scene = {0};
	struct dumb primary;

	dumb_init_filled(&primary, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	scene.planes[PLANE_PRIMARY].dumb = &primary;
	write_png(fixture->photograph, &primary);
	master_show(&fixture->master, &scene, NULL);
	g_assert_cmpint(camera(&shown, ARGUMENTS("--checksum", "--crc")), ==, 0);
	g_assert_cmpint(camera(&of_file,
				ARGUMENTS("--checksum-of", fixture->photograph, "--crc-of",
					fixture->photograph)),
		==, 0);
	g_assert_cmpstr(shown, ==, of_file);
	crc = g_strdup_printf("\n0x%08x\n", master_crc(&fixture->master));
	g_assert_true(g_str_has_suffix(shown, crc));
	master_turn_off(&fixture->master);
	dumb_finish(&primary, &fixture->master);
}

static void test_wait_picture(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *wanted = g_build_filename(fixture->folder, "wanted.png", NULL);
	struct running_camera running;
	struct dumb first, second;
	struct scene scene = {0};

	dumb_init_filled(&first, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	dumb_init_filled(&second, &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
	scene.planes[PLANE_PRIMARY].dumb = &first;
	write_png(wanted, &second);
	master_show(&fixture->master, &scene, &fixture->written);
	g_assert_cmpint(camera(NULL,
				ARGUMENTS("--wait-picture", wanted, "--timeout", "0.2", "--output",
					fixture->photograph)),
		==, 1);
	assert_photograph(fixture->photograph, &fixture->written);
	camera_start(&running, ARGUMENTS("--wait-picture", wanted, "--timeout", "60"));
	scene.planes[PLANE_PRIMARY].dumb = &second;
	master_flip(&fixture->master, &scene);
	g_assert_cmpint(camera_wait(&running), ==, 0);
	master_turn_off(&fixture->master);
	dumb_finish(&first, &fixture->master);
	dumb_finish(&second, &fixture->master);
	g_unlink(wanted);
}

/* What test_watch() shows in turn: two scenes of two planes, and the checksum of each. */
struct pair {
	struct dumb dumbs[4];
	struct scene scenes[2];
	char *checksums[2];
};

static void pair_init(struct pair *pair, struct fixture *fixture)
{
	for (int i = 0; i < 2; i++) {
		struct dumb *dumbs = &pair->dumbs[2 * i];

		dumb_init_filled(&dumbs[0], &fixture->master, 640, 480, DRM_FORMAT_XRGB8888);
		dumb_init_filled(&dumbs[1], &fixture->master, 100, 90, DRM_FORMAT_ARGB8888);
		pair->scenes[i] = (struct scene){0};
		pair->scenes[i].planes[PLANE_PRIMARY].dumb = &dumbs[0];
		pair->scenes[i].planes[PLANE_OVERLAY_1].dumb = &dumbs[1];
		master_show(&fixture->master, &pair->scenes[i], NULL);
		g_assert_cmpint(camera(&pair->checksums[i], ARGUMENTS("--checksum")), ==, 0);
		g_strchomp(pair->checksums[i]);
	}
	g_assert_cmpstr(pair->checksums[0], !=, pair->checksums[1]);
}

static void pair_finish(struct pair *pair, struct fixture *fixture)
{
	master_turn_off(&fixture->master);
	for (int i = 0; i < 4; i++)
		dumb_finish(&pair->dumbs[i], &fixture->master);
	for (int i = 0; i < 2; i++)
		g_free(pair->checksums[i]);
}

/* Which scene of the pair the camera's line names; its framebuffers have to be that scene's. */
static int scene_of_line(const struct pair *pair, struct fixture *fixture, const char *line)
{
	int scene = strstr(line, pair->checksums[0]) ? 0 : 1;
	g_autofree char *fbs = g_strdup_printf("fbs=%u:%u,%u:%u ",
		fixture->master.planes[PLANE_PRIMARY], pair->dumbs[2 * scene].fb_id,
		fixture->master.planes[PLANE_OVERLAY_1], pair->dumbs[2 * scene + 1].fb_id);

	if (!strstr(line, pair->checksums[scene]))
		g_error("a mix of both pictures: %s", line);
	g_assert_nonnull(strstr(line, fbs));
	return scene;
}

/*
 * Two scenes in turn at every vblank, two planes changing in each flip: each line of the camera is
 * one scene or the other. And the master flips on and stays master all the time.
 */
static void test_watch(struct fixture *fixture, gconstpointer data)
{
	struct running_camera running;
	struct pair pair;
	int seen[2] = {0, 0};
	char line[512];

	pair_init(&pair, fixture);
	camera_start(&running, ARGUMENTS("--watch", "60"));
	camera_expect(&running, "# watching");
	for (int i = 0; i < 240; i++) {
		master_flip(&fixture->master, &pair.scenes[i % 2]);
		g_assert_true(drmIsMaster(fixture->master.fd));
	}
	kill(running.pid, SIGTERM);
	while (fgets(line, sizeof(line), running.output) && line[0] != '#')
		/* The camera itself says so when it was overtaken at every attempt. */
		if (strstr(line, "stable=yes"))
			seen[scene_of_line(&pair, fixture, line)]++;
	g_assert_true(g_str_has_prefix(line, "# lines="));
	g_test_message("%d and %d stable photographs; %s", seen[0], seen[1], line);
	g_assert_cmpint(camera_wait(&running), ==, 0);
	g_assert_cmpint(seen[0], >, 0);
	g_assert_cmpint(seen[1], >, 0);
	pair_finish(&pair, fixture);
}

/* --------------------------------------------------------------------------------- mastership */

/* The camera is first on a card without master; who comes later still is master by opening it. */
static void test_leaves_mastership(void)
{
	struct running_camera running;
	struct fixture fixture;
	struct scene scene = {0};
	struct dumb primary;
	g_autofree char *fbs = NULL;

	camera_start(&running, ARGUMENTS("--watch", "60"));
	camera_expect(&running, "# watching");
	/* master_init() insists on the implicit mastership. */
	set_up(&fixture, NULL);
	dumb_init_filled(&primary, &fixture.master, 640, 480, DRM_FORMAT_XRGB8888);
	scene.planes[PLANE_PRIMARY].dumb = &primary;
	master_show(&fixture.master, &scene, NULL);
	fbs = g_strdup_printf("fbs=%u:%u ", fixture.master.planes[PLANE_PRIMARY], primary.fb_id);
	camera_expect(&running, fbs);
	g_assert_true(drmIsMaster(fixture.master.fd));
	/* Given up and taken again, with the camera looking on. */
	g_assert_cmpint(drmDropMaster(fixture.master.fd), ==, 0);
	g_assert_cmpint(drmSetMaster(fixture.master.fd), ==, 0);
	kill(running.pid, SIGTERM);
	camera_expect(&running, "# lines=");
	g_assert_cmpint(camera_wait(&running), ==, 0);
	master_turn_off(&fixture.master);
	dumb_finish(&primary, &fixture.master);
	tear_down(&fixture, NULL);
}

#define ADD(path, test) g_test_add(path, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/screenshot/vkms/formats", test_formats);
	ADD("/screenshot/vkms/imported", test_imported);
	ADD("/screenshot/vkms/planes", test_planes);
	ADD("/screenshot/vkms/rotations", test_rotations);
	ADD("/screenshot/vkms/random", test_random);
	ADD("/screenshot/vkms/json", test_json);
	ADD("/screenshot/vkms/hashes", test_hashes);
	ADD("/screenshot/vkms/wait-picture", test_wait_picture);
	ADD("/screenshot/vkms/watch", test_watch);
	g_test_add_func("/screenshot/vkms/leaves-mastership", test_leaves_mastership);
	return g_test_run();
}
