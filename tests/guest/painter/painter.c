/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * painter CONTROL: draws what it is told on the guest's DRM device.
 *
 * Runs in a guest's initramfs, started by its init. Reads one command a line from CONTROL (a serial
 * port whose other end a test holds) and answers each with one line, "ok …" or "error …", once the
 * kernel has taken it; so a test never needs to wait for a while. The pictures are those of
 * tests/pattern.h.
 *
 *   screen I                   the commands below mean connector I (0 at first)
 *   preferred                  ok WIDTH HEIGHT: the preferred mode
 *   mode WIDTH HEIGHT SEED     mode set, showing picture SEED
 *   flip SEED [COUNT]          COUNT page flips (1), to pictures SEED, SEED+1, …; ok FLIPS-SO-FAR
 *   dirty X Y W H SEED         this rectangle of picture SEED into the buffer on screen
 *   cursor SEED X Y | move X Y | hide
 *   hand [SERIAL]              takes all input devices up, or those of that serial; ok DEVICES
 *   draw SEED GROUPS           where they touch, parts of picture SEED appear, for GROUPS groups of events; ok X Y: the last one
 *   animate COUNT              COUNT page flips with a moving cursor, for people to look at
 *   off                        turn the CRTC off
 *   listen                     hear of other monitors from now on
 *   changed                    wait for one that has come, or gone, since
 *   follow SEED                wait for one that has come since, and set its preferred mode, showing picture SEED; ok WIDTH HEIGHT
 *   leave                      give the screen back to the console
 *   text WORDS…                print WORDS on the console
 *   shell COMMAND…             ok STATUS
 *   reboot | poweroff
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <xf86drm.h>

#include "hand.h"
#include "hotplug.h"
#include "screen.h"

#define SCREENS 16

struct painter {
	int fd; /* the DRM device's, or -1 */
	FILE *commands;
	FILE *answers;
	unsigned int selected;
	struct screen screens[SCREENS];
	bool ready[SCREENS];
	struct hand hand;
	int hotplug; /* hotplug_listen(), or -1 */
};

static struct screen *painter_screen(struct painter *painter, int *result)
{
	struct screen *screen = &painter->screens[painter->selected];

	*result = 0;
	if (painter->fd < 0) {
		painter->fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
		if (painter->fd < 0) {
			*result = -errno;
			return NULL;
		}
	}
	if (!painter->ready[painter->selected]) {
		*result = screen_init(screen, painter->fd, painter->selected);
		if (*result < 0)
			return NULL;
		painter->ready[painter->selected] = true;
	}
	return screen;
}

static void painter_leave(struct painter *painter)
{
	for (int i = 0; i < SCREENS; i++) {
		if (painter->ready[i])
			screen_finish(&painter->screens[i]);
		painter->ready[i] = false;
	}
	if (painter->fd >= 0)
		close(painter->fd);
	painter->fd = -1;
}

static int start_listening(struct painter *painter)
{
	if (painter->hotplug >= 0)
		close(painter->hotplug);
	painter->hotplug = hotplug_listen();
	return painter->hotplug < 0 ? painter->hotplug : 0;
}

/* The kernel speaks of each of a few changes, also of a connector that has no mode between two
 * monitors: the one counts whose mode is another. */
static int follow(struct painter *painter, struct screen *screen, uint32_t seed, char *answer,
	size_t size)
{
	uint32_t before = screen->buffers[0].width;
	uint32_t width = before;
	uint32_t height = 0;
	int result = 0;

	while (result == 0 && width == before) {
		result = hotplug_wait(painter->hotplug);
		if (result == 0)
			result = screen_preferred(screen, &width, &height);
		if (result == -ENOENT)
			result = 0;
	}
	if (result == 0)
		result = screen_set_mode(screen, width, height, seed);
	snprintf(answer, size, "%u %u", width, height);
	return result;
}

static int animate(struct screen *screen, long count)
{
	int result = screen_set_cursor(screen, 3, 0, 0);
	int width = (int)screen->buffers[0].width;
	int height = (int)screen->buffers[0].height;

	for (long i = 0; i < count && result == 0; i++) {
		result = screen_move_cursor(screen, (int)(i * 9 % width), (int)(i * 5 % height));
		if (result == 0)
			result = screen_flip(screen, (uint32_t)i + 1);
	}
	return result;
}

static int run_shell(const char *command)
{
	int status = system(command);

	return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int print_text(const char *text)
{
	FILE *console = fopen("/dev/tty0", "w");

	if (!console)
		return -errno;
	fprintf(console, "%s\n", text);
	return fclose(console) == 0 ? 0 : -errno;
}

/* Runs one line. The result is 0 or a negative errno; `answer` is what follows the "ok". */
static int painter_run(struct painter *painter, char *line, char *answer, size_t size)
{
	long n[5] = {0};
	char *rest = NULL;
	char *command = strtok_r(line, " ", &rest);
	struct screen *screen;
	int numbers = 0;
	int result;

	if (!command)
		return -EINVAL;
	if (strcmp(command, "leave") == 0) {
		painter_leave(painter);
		return 0;
	}
	if (strcmp(command, "text") == 0)
		return print_text(rest);
	if (strcmp(command, "hand") == 0) {
		result = hand_open(&painter->hand, strtok_r(NULL, " ", &rest));
		snprintf(answer, size, "%u", painter->hand.count);
		return result;
	}
	if (strcmp(command, "shell") == 0) {
		snprintf(answer, size, "%d", run_shell(rest));
		return 0;
	}
	if (strcmp(command, "listen") == 0)
		return start_listening(painter);
	if (strcmp(command, "changed") == 0)
		return hotplug_wait(painter->hotplug);
	if (strcmp(command, "reboot") == 0 || strcmp(command, "poweroff") == 0) {
		sync();
		return reboot(strcmp(command, "reboot") == 0 ? RB_AUTOBOOT : RB_POWER_OFF) < 0
			? -errno
			: 0;
	}
	for (char *word = strtok_r(NULL, " ", &rest); word && numbers < 5;
		word = strtok_r(NULL, " ", &rest))
		n[numbers++] = strtol(word, NULL, 0);
	if (strcmp(command, "screen") == 0 && numbers == 1 && n[0] >= 0 && n[0] < SCREENS) {
		painter->selected = (unsigned int)n[0];
		return 0;
	}

	screen = painter_screen(painter, &result);
	if (!screen)
		return result;
	if (strcmp(command, "preferred") == 0) {
		uint32_t width = 0;
		uint32_t height = 0;

		result = screen_preferred(screen, &width, &height);
		snprintf(answer, size, "%u %u", width, height);
		return result;
	}
	if (strcmp(command, "mode") == 0 && numbers == 3)
		return screen_set_mode(screen, (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2]);
	if (strcmp(command, "flip") == 0 && numbers >= 1) {
		for (long i = 0; i < (numbers > 1 ? n[1] : 1) && result == 0; i++)
			result = screen_flip(screen, (uint32_t)(n[0] + i));
		snprintf(answer, size, "%u", screen->flips);
		return result;
	}
	if (strcmp(command, "dirty") == 0 && numbers == 5)
		return screen_dirty(screen, (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2],
			(uint32_t)n[3], (uint32_t)n[4]);
	if (strcmp(command, "cursor") == 0 && numbers == 3)
		return screen_set_cursor(screen, (uint32_t)n[0], (int32_t)n[1], (int32_t)n[2]);
	if (strcmp(command, "move") == 0 && numbers == 2)
		return screen_move_cursor(screen, (int32_t)n[0], (int32_t)n[1]);
	if (strcmp(command, "hide") == 0)
		return screen_hide_cursor(screen);
	if (strcmp(command, "draw") == 0 && numbers == 2) {
		int32_t x = -1;
		int32_t y = -1;

		result = hand_draw(&painter->hand, screen, (uint32_t)n[0], n[1], &x, &y);
		snprintf(answer, size, "%d %d", x, y);
		return result;
	}
	if (strcmp(command, "animate") == 0 && numbers == 1)
		return animate(screen, n[0]);
	if (strcmp(command, "follow") == 0 && numbers == 1)
		return follow(painter, screen, (uint32_t)n[0], answer, size);
	if (strcmp(command, "off") == 0)
		return screen_off(screen);
	return -EINVAL;
}

/* Two streams on one terminal: C forbids reading and writing one in turns without a seek. */
static bool open_control(struct painter *painter, const char *path)
{
	int in = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios settings;

	if (in < 0 || out < 0)
		return false;
	if (tcgetattr(in, &settings) == 0) {
		cfmakeraw(&settings);
		tcsetattr(in, TCSANOW, &settings);
	}
	painter->commands = fdopen(in, "r");
	painter->answers = fdopen(out, "w");
	return painter->commands && painter->answers;
}

int main(int argc, char **argv)
{
	struct painter painter = {.fd = -1, .hotplug = -1};
	char line[512];

	if (argc != 2) {
		fprintf(stderr, "usage: painter CONTROL\n");
		return 2;
	}
	if (!open_control(&painter, argv[1])) {
		fprintf(stderr, "painter: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	setvbuf(painter.answers, NULL, _IOLBF, 0);
	fprintf(painter.answers, "ready\n");
	while (fgets(line, sizeof(line), painter.commands)) {
		char answer[64] = "";
		int result;

		line[strcspn(line, "\r\n")] = '\0';
		if (!line[0])
			continue;
		result = painter_run(&painter, line, answer, sizeof(answer));
		if (result < 0)
			fprintf(painter.answers, "error %s\n", strerror(-result));
		else
			fprintf(painter.answers, "ok%s%s\n", answer[0] ? " " : "", answer);
	}
	painter_leave(&painter);
	hand_close(&painter.hand);
	fclose(painter.commands);
	fclose(painter.answers);
	return 0;
}
