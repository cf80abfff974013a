/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * back-end-died VMM: has systemd start the unit of the VMM again, if it runs, where the service of
 * a back-end has failed.
 *
 * A part of the image: the ExecStopPost= of scanout-backend@.service there, elsewhere a line for a
 * shell. $SERVICE_RESULT, which systemd sets, is "success" where the back-end has ended as it does
 * after its VMM.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *result = getenv("SERVICE_RESULT");

	if (argc != 2 || !result) {
		fprintf(stderr, "usage: SERVICE_RESULT=... back-end-died VMM\n");
		return 2;
	}
	if (strcmp(result, "success") == 0)
		return 0;
	execlp("systemctl", "systemctl", "--no-block", "try-restart", argv[1], (char *)NULL);
	fprintf(stderr, "back-end-died: systemctl: %s\n", strerror(errno));
	return 1;
}
