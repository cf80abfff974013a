/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power-button DEVICE COMMAND…: waits until the power button behind that input device is pressed,
 * and becomes the command.
 *
 * A part of the image, in which systemd-logind, which does this elsewhere, is not: that needs a
 * bus. Started by scanout-power-button@.service for each button that udev finds. Ends with 1 where
 * the device has gone or is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct input_event event;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: power-button DEVICE COMMAND...\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "power-button: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (;;) {
		ssize_t size = read(fd, &event, sizeof(event));

		if (size < 0 && errno == EINTR)
			continue;
		/* The kernel hands out whole events alone. */
		if (size != sizeof(event)) {
			fprintf(stderr, "power-button: %s has gone\n", argv[1]);
			return 1;
		}
		if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
			break;
	}
	execv(argv[2], argv + 2);
	fprintf(stderr, "power-button: %s: %s\n", argv[2], strerror(errno));
	return 1;
}
