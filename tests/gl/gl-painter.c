/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gl-painter CONTROL: draws what it is told on the guest's screen with OpenGL ES, as a compositor
 * does: buffers by GBM, a context by EGL, a mode set and page flips by KMS. In a guest with virgl
 * the GPU's commands go to the back-end, and what comes on the screen is a texture of the host's.
 *
 * Runs in a guest, started by the painter (`shell /bin/gl-painter /dev/ttyS1`) after it has left
 * the screen; takes its place at CONTROL, in the same way: says "ready", reads a command a line,
 * and answers each with one line, "ok …" or "error …". Ends after `leave`. The pictures are those
 * of tests/pattern.h, drawn by a shader.
 *
 *   renderer                   ok NAME: what GL says it draws with, so that a test knows that it is virgl
 *   mode WIDTH HEIGHT SEED     mode set, showing picture SEED
 *   flip SEED [COUNT]          COUNT page flips (1), to pictures SEED, SEED+1, …
 *   leave
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <errno.h>
#include <fcntl.h>
#include <gbm.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "../guest/painter/mode.h"

struct painter {
	int fd; /* the DRM device's */
	uint32_t connector;
	uint32_t crtc;
	struct gbm_device *gbm;
	EGLDisplay display;
	EGLConfig config;
	EGLContext context;
	/* Of one mode. */
	struct gbm_surface *surface;
	EGLSurface window;
	uint32_t height;
	struct gbm_bo *front; /* on the screen, or NULL */
	uint32_t framebuffer; /* its */
	/* Of the shaders. */
	GLint seed_location;
	GLint height_location;
};

/* A triangle that is larger than the screen. */
static const char vertex_shader[] = "#version 300 es\n"
				    "void main() {\n"
				    "	float x = gl_VertexID == 1 ? 3.0 : -1.0;\n"
				    "	float y = gl_VertexID == 2 ? 3.0 : -1.0;\n"
				    "	gl_Position = vec4(x, y, 0.0, 1.0);\n"
				    "}\n";

/* pattern_pixel() of tests/pattern.h. GL counts lines from the lowest. */
static const char fragment_shader[] =
	"#version 300 es\n"
	"precision highp float;\n"
	"precision highp int;\n"
	"uniform uint seed;\n"
	"uniform uint height;\n"
	"out vec4 color;\n"
	"void main() {\n"
	"	uint x = uint(gl_FragCoord.x);\n"
	"	uint y = height - 1u - uint(gl_FragCoord.y);\n"
	"	uint hash = seed * 2654435761u;\n"
	"	uint red = (hash >> 24) ^ (x & 255u);\n"
	"	uint green = ((hash >> 16) & 255u) ^ (y & 255u);\n"
	"	uint blue = ((hash >> 8) & 255u) ^ (((x + 2u * y) >> 3) & 255u);\n"
	"	if (x % 64u == 0u || y % 64u == 0u) {\n"
	"		uint line = 0xffffffu ^ (hash & 0x3f3f3fu);\n"
	"		red = line >> 16;\n"
	"		green = (line >> 8) & 255u;\n"
	"		blue = line & 255u;\n"
	"	}\n"
	"	color = vec4(float(red), float(green), float(blue), 255.0) / 255.0;\n"
	"}\n";

/* Says on standard error what has failed: the guest's console, which the test keeps. */
static int failed(const char *what, int error)
{
	fprintf(stderr, "gl-painter: %s: %s\n", what, strerror(error));
	return -error;
}

static int find_screen(struct painter *painter)
{
	drmModeRes *resources = drmModeGetResources(painter->fd);

	if (!resources || resources->count_connectors == 0 || resources->count_crtcs == 0)
		return failed("drmModeGetResources", resources ? ENODEV : errno);
	/* virtio-gpu: connector 0 is driven by CRTC 0. */
	painter->connector = resources->connectors[0];
	painter->crtc = resources->crtcs[0];
	drmModeFreeResources(resources);
	return 0;
}

/* GBM's surface and EGL's must be of the same format. */
static bool choose_config(struct painter *painter)
{
	static const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_WINDOW_BIT, EGL_RENDERABLE_TYPE,
		EGL_OPENGL_ES3_BIT, EGL_NONE};
	EGLConfig configs[256];
	EGLint count = 0;

	if (!eglChooseConfig(painter->display, wanted, configs, 256, &count))
		return false;
	for (EGLint i = 0; i < count; i++) {
		EGLint format = 0;

		if (eglGetConfigAttrib(painter->display, configs[i], EGL_NATIVE_VISUAL_ID,
			    &format) &&
			(uint32_t)format == GBM_FORMAT_XRGB8888) {
			painter->config = configs[i];
			return true;
		}
	}
	return false;
}

static int make_context(struct painter *painter)
{
	static const EGLint version_3[] = {EGL_CONTEXT_CLIENT_VERSION, 3, EGL_NONE};

	painter->gbm = gbm_create_device(painter->fd);
	if (!painter->gbm)
		return failed("gbm_create_device", ENODEV);
	painter->display = eglGetPlatformDisplay(EGL_PLATFORM_GBM_KHR, painter->gbm, NULL);
	if (painter->display == EGL_NO_DISPLAY || !eglInitialize(painter->display, NULL, NULL))
		return failed("eglInitialize", ENODEV);
	if (!eglBindAPI(EGL_OPENGL_ES_API) || !choose_config(painter))
		return failed("eglChooseConfig", ENODEV);
	painter->context = eglCreateContext(painter->display, painter->config, EGL_NO_CONTEXT,
		version_3);
	if (painter->context == EGL_NO_CONTEXT ||
		!eglMakeCurrent(painter->display, EGL_NO_SURFACE, EGL_NO_SURFACE, painter->context))
		return failed("eglCreateContext", ENODEV);
	return 0;
}

static bool attach_shader(GLuint program, GLenum type, const char *source)
{
	GLuint shader = glCreateShader(type);
	GLint compiled = GL_FALSE;
	char log[256] = "";

	glShaderSource(shader, 1, &source, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &compiled);
	glGetShaderInfoLog(shader, sizeof(log), NULL, log);
	if (!compiled)
		fprintf(stderr, "gl-painter: %s\n", log);
	glAttachShader(program, shader);
	return compiled;
}

static int make_program(struct painter *painter)
{
	GLuint program = glCreateProgram();
	GLint linked = GL_FALSE;

	if (!attach_shader(program, GL_VERTEX_SHADER, vertex_shader) ||
		!attach_shader(program, GL_FRAGMENT_SHADER, fragment_shader))
		return failed("glCompileShader", EINVAL);
	glLinkProgram(program);
	glGetProgramiv(program, GL_LINK_STATUS, &linked);
	if (!linked)
		return failed("glLinkProgram", EINVAL);
	glUseProgram(program);
	painter->seed_location = glGetUniformLocation(program, "seed");
	painter->height_location = glGetUniformLocation(program, "height");
	return 0;
}

/* Draws into the next buffer of the surface, which is the caller's to release, and makes a
 * framebuffer of it. */
static int draw(struct painter *painter, uint32_t seed, struct gbm_bo **bo, uint32_t *framebuffer)
{
	uint32_t handles[4] = {0};
	uint32_t strides[4] = {0};
	uint32_t offsets[4] = {0};

	glUniform1ui(painter->seed_location, seed);
	glUniform1ui(painter->height_location, painter->height);
	glDrawArrays(GL_TRIANGLES, 0, 3);
	if (glGetError() != GL_NO_ERROR)
		return failed("glDrawArrays", EIO);
	if (!eglSwapBuffers(painter->display, painter->window))
		return failed("eglSwapBuffers", EIO);
	*bo = gbm_surface_lock_front_buffer(painter->surface);
	if (!*bo)
		return failed("gbm_surface_lock_front_buffer", EIO);
	handles[0] = gbm_bo_get_handle(*bo).u32;
	strides[0] = gbm_bo_get_stride(*bo);
	if (drmModeAddFB2(painter->fd, gbm_bo_get_width(*bo), gbm_bo_get_height(*bo),
		    GBM_FORMAT_XRGB8888, handles, strides, offsets, framebuffer, 0) < 0) {
		int error = errno;

		gbm_surface_release_buffer(painter->surface, *bo);
		return failed("drmModeAddFB2", error);
	}
	return 0;
}

/* What is on the screen now; the one before is free for drawing. */
static void set_front(struct painter *painter, struct gbm_bo *bo, uint32_t framebuffer)
{
	if (painter->front) {
		drmModeRmFB(painter->fd, painter->framebuffer);
		gbm_surface_release_buffer(painter->surface, painter->front);
	}
	painter->front = bo;
	painter->framebuffer = framebuffer;
}

/* The screen goes dark. */
static void drop_surface(struct painter *painter)
{
	set_front(painter, NULL, 0);
	eglMakeCurrent(painter->display, EGL_NO_SURFACE, EGL_NO_SURFACE, painter->context);
	if (painter->window != EGL_NO_SURFACE)
		eglDestroySurface(painter->display, painter->window);
	painter->window = EGL_NO_SURFACE;
	if (painter->surface)
		gbm_surface_destroy(painter->surface);
	painter->surface = NULL;
}

static int set_mode(struct painter *painter, uint32_t width, uint32_t height, uint32_t seed)
{
	drmModeModeInfo mode = mode_of_size(width, height);
	struct gbm_bo *bo = NULL;
	uint32_t framebuffer = 0;
	int result;

	drop_surface(painter);
	painter->surface = gbm_surface_create(painter->gbm, width, height, GBM_FORMAT_XRGB8888,
		GBM_BO_USE_SCANOUT | GBM_BO_USE_RENDERING);
	if (!painter->surface)
		return failed("gbm_surface_create", ENOMEM);
	painter->window = eglCreatePlatformWindowSurface(painter->display, painter->config,
		painter->surface, NULL);
	if (painter->window == EGL_NO_SURFACE ||
		!eglMakeCurrent(painter->display, painter->window, painter->window,
			painter->context))
		return failed("eglCreatePlatformWindowSurface", EIO);
	painter->height = height;
	glViewport(0, 0, (GLsizei)width, (GLsizei)height);
	result = draw(painter, seed, &bo, &framebuffer);
	if (result < 0)
		return result;
	if (drmModeSetCrtc(painter->fd, painter->crtc, framebuffer, 0, 0, &painter->connector, 1,
		    &mode) < 0)
		result = failed("drmModeSetCrtc", errno);
	set_front(painter, bo, framebuffer);
	return result;
}

static void flipped(int fd, unsigned int sequence, unsigned int seconds, unsigned int microseconds,
	void *data)
{
	(void)fd, (void)sequence, (void)seconds, (void)microseconds;
	*(bool *)data = true;
}

static int wait_for_flip(struct painter *painter, const bool *done)
{
	drmEventContext context = {.version = 2, .page_flip_handler = flipped};

	while (!*done) {
		struct pollfd wait = {.fd = painter->fd, .events = POLLIN};

		if (poll(&wait, 1, 60000) <= 0)
			return failed("no page flip came", ETIMEDOUT);
		if (drmHandleEvent(painter->fd, &context) < 0)
			return failed("drmHandleEvent", EIO);
	}
	return 0;
}

static int flip(struct painter *painter, uint32_t seed)
{
	struct gbm_bo *bo = NULL;
	uint32_t framebuffer = 0;
	bool done = false;
	int result;

	if (!painter->front)
		return failed("a flip before a mode set", ENXIO);
	result = draw(painter, seed, &bo, &framebuffer);
	if (result < 0)
		return result;
	if (drmModePageFlip(painter->fd, painter->crtc, framebuffer, DRM_MODE_PAGE_FLIP_EVENT,
		    &done) < 0)
		result = failed("drmModePageFlip", errno);
	else
		result = wait_for_flip(painter, &done);
	set_front(painter, bo, framebuffer);
	return result;
}

static int painter_run(struct painter *painter, char *line, char *answer, size_t size)
{
	unsigned int n[3] = {0, 0, 0};
	int result = 0;

	if (strcmp(line, "renderer") == 0) {
		snprintf(answer, size, "%s", (const char *)glGetString(GL_RENDERER));
		return 0;
	}
	if (sscanf(line, "mode %u %u %u", &n[0], &n[1], &n[2]) == 3)
		return set_mode(painter, n[0], n[1], n[2]);
	n[1] = 1;
	if (sscanf(line, "flip %u %u", &n[0], &n[1]) < 1)
		return -EINVAL;
	for (unsigned int i = 0; i < n[1] && result == 0; i++)
		result = flip(painter, n[0] + i);
	return result;
}

/* Two streams on one terminal: C forbids reading and writing one in turns without a seek. */
static int serve(struct painter *painter, const char *path)
{
	FILE *commands = fopen(path, "re");
	FILE *answers = fopen(path, "we");
	char line[256];

	if (!commands || !answers)
		return failed(path, errno);
	setvbuf(answers, NULL, _IOLBF, 0);
	fprintf(answers, "ready\n");
	while (fgets(line, sizeof(line), commands)) {
		char answer[128] = "";
		int result;

		line[strcspn(line, "\r\n")] = '\0';
		if (strcmp(line, "leave") == 0)
			break;
		result = painter_run(painter, line, answer, sizeof(answer));
		if (result < 0)
			fprintf(answers, "error %s\n", strerror(-result));
		else
			fprintf(answers, "ok%s%s\n", answer[0] ? " " : "", answer);
	}
	fclose(commands);
	fclose(answers);
	return 0;
}

int main(int argc, char **argv)
{
	struct painter painter = {.window = EGL_NO_SURFACE};

	if (argc != 2) {
		fprintf(stderr, "usage: gl-painter CONTROL\n");
		return 2;
	}
	painter.fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (painter.fd < 0)
		return failed("/dev/dri/card0", errno) != 0;
	if (find_screen(&painter) < 0 || make_context(&painter) < 0 || make_program(&painter) < 0)
		return 1;
	if (serve(&painter, argv[1]) < 0)
		return 1;
	drop_surface(&painter);
	return 0;
}
