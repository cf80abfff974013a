/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal active         prints the number of the virtual terminal in front
 * terminal mode N         prints "text" or "graphics", and who switches it: "auto" or "process"
 * terminal keyboard N     prints what its keyboard gives: "raw", "xlate", "mediumraw", "unicode", "off"
 * terminal switch N       brings it to the front; returns when it is there
 * terminal await N        somebody else does: returns when it is there
 * terminal hangup N       hangs it up, as a login does that starts there
 *
 * What chvt and its like say, but with an end: a terminal that is not let go within a minute is an
 * error.
 */
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define SWITCH_SECONDS 60

static int open_terminal(int number)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/tty%d", number);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		perror(path);
	return fd;
}

static int print_active(void)
{
	struct vt_stat state;
	int fd = open_terminal(0);

	if (fd < 0 || ioctl(fd, VT_GETSTATE, &state) != 0) {
		perror("VT_GETSTATE");
		return 1;
	}
	printf("%d\n", state.v_active);
	close(fd);
	return 0;
}

static int print_mode(int number)
{
	struct vt_mode mode;
	int display;
	int fd = open_terminal(number);

	if (fd < 0 || ioctl(fd, KDGETMODE, &display) != 0 || ioctl(fd, VT_GETMODE, &mode) != 0) {
		perror("KDGETMODE, VT_GETMODE");
		return 1;
	}
	printf("%s %s\n", display == KD_TEXT ? "text" : "graphics",
		mode.mode == VT_AUTO ? "auto" : "process");
	close(fd);
	return 0;
}

static int print_keyboard(int number)
{
	static const char *const modes[] = {
		[K_RAW] = "raw",
		[K_XLATE] = "xlate",
		[K_MEDIUMRAW] = "mediumraw",
		[K_UNICODE] = "unicode",
		[K_OFF] = "off",
	};
	int mode;
	int fd = open_terminal(number);

	if (fd < 0 || ioctl(fd, KDGKBMODE, &mode) != 0) {
		perror("KDGKBMODE");
		return 1;
	}
	printf("%s\n", modes[mode]);
	close(fd);
	return 0;
}

static int await(int number, int activate)
{
	int fd = open_terminal(0);

	/* SIGALRM ends us where VT_WAITACTIVE would wait for ever. */
	alarm(SWITCH_SECONDS);
	if (fd < 0 || (activate && ioctl(fd, VT_ACTIVATE, number) != 0) ||
		ioctl(fd, VT_WAITACTIVE, number) != 0) {
		perror("VT_ACTIVATE, VT_WAITACTIVE");
		return 1;
	}
	close(fd);
	return 0;
}

static int hang_up(int number)
{
	int fd = open_terminal(number);

	if (fd < 0 || ioctl(fd, TIOCVHANGUP) != 0) {
		perror("TIOCVHANGUP");
		return 1;
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "active") == 0)
		return print_active();
	if (argc == 3 && strcmp(argv[1], "mode") == 0)
		return print_mode((int)strtol(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "switch") == 0)
		return await((int)strtol(argv[2], NULL, 10), 1);
	if (argc == 3 && strcmp(argv[1], "await") == 0)
		return await((int)strtol(argv[2], NULL, 10), 0);
	if (argc == 3 && strcmp(argv[1], "keyboard") == 0)
		return print_keyboard((int)strtol(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "hangup") == 0)
		return hang_up((int)strtol(argv[2], NULL, 10));
	fprintf(stderr, "terminal active | mode N | keyboard N | switch N | await N | hangup N\n");
	return 2;
}
