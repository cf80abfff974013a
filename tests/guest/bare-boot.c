/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare-boot: the least that there is between a kernel's start and a picture, for the bench of the
 * boot: as the first program of the image's initramfs (rdinit=) it loads the card's driver and sets
 * a mode with one colour. Then it runs what
 * /bare-boot.command says, an argument a line: a VMM without a daemon. It says on the console when
 * the picture is there, and never ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define COLOR 0x204060U /* of the bench's splash */
#define ARGUMENTS_MAX 64

static void stay(void) __attribute__((noreturn));

static void stay(void)
{
	for (;;)
		pause();
}

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	printf("bare-boot: %s: %s\n", what, strerror(errno));
	stay();
}

static void run(char *const *command)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		execv(command[0], command);
		printf("bare-boot: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void begin(void)
{
	int console;

	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0 ||
		mount("proc", "/proc", "proc", 0, NULL) < 0 ||
		mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		stay();
	console = open("/dev/console", O_RDWR);
	if (console < 0)
		stay();
	for (int i = 0; i < 3; i++)
		dup2(console, i);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static drmModeConnector *find_connector(int card, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(card, resources->connectors[i]);

		if (connector && connector->connection == DRM_MODE_CONNECTED &&
			connector->count_modes > 0)
			return connector;
		drmModeFreeConnector(connector);
	}
	return NULL;
}

static uint32_t make_framebuffer(int card, const drmModeModeInfo *mode)
{
	uint32_t handle, pitch, framebuffer;
	uint64_t size, offset;
	uint32_t *pixels;

	if (drmModeCreateDumbBuffer(card, mode->hdisplay, mode->vdisplay, 32, 0, &handle, &pitch,
		    &size) < 0 ||
		drmModeMapDumbBuffer(card, handle, &offset) < 0)
		fail("a buffer");
	pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)offset);
	if (pixels == MAP_FAILED)
		fail("a buffer's memory");
	for (uint64_t i = 0; i < size / 4; i++)
		pixels[i] = COLOR;
	if (drmModeAddFB(card, mode->hdisplay, mode->vdisplay, 24, 32, pitch, handle,
		    &framebuffer) < 0)
		fail("a framebuffer");
	return framebuffer;
}

static void show(void)
{
	int card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	drmModeRes *resources;
	drmModeConnector *connector;

	if (card < 0)
		fail("/dev/dri/card0");
	resources = drmModeGetResources(card);
	connector = resources ? find_connector(card, resources) : NULL;
	if (!connector)
		fail("no connector");
	if (drmModeSetCrtc(card, resources->crtcs[0], make_framebuffer(card, &connector->modes[0]),
		    0, 0, &connector->connector_id, 1, &connector->modes[0]) < 0)
		fail("the mode");
	puts("bare-boot: picture");
}

/* The words stay for as long as the program. */
static void run_command(void)
{
	static char text[4096];
	char *arguments[ARGUMENTS_MAX + 1] = {NULL};
	char *rest = NULL;
	size_t count = 0;
	FILE *file = fopen("/bare-boot.command", "re");
	size_t size;

	if (!file)
		return;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	for (char *word = strtok_r(text, "\n", &rest); word && count < ARGUMENTS_MAX;
		word = strtok_r(NULL, "\n", &rest))
		arguments[count++] = word;
	if (count > 0)
		run(arguments);
}

int main(void)
{
	char modprobe[] = "/usr/sbin/modprobe", all[] = "-a", bus[] = "virtio_pci",
	     gpu[] = "virtio_gpu";
	char *const modules[] = {modprobe, all, bus, gpu, NULL};

	begin();
	run(modules);
	show();
	run_command();
	stay();
}
