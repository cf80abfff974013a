/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that nobody reads: once it is full, one that can be written to has room for a byte.
 */
#include "attack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

void attack_terminal(char **arguments)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave;
	struct termios settings;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		attack_fail("terminal");
	unlink(arguments[0]);
	if (symlink(ptsname(master), arguments[0]) < 0)
		attack_fail(arguments[0]);
	/* It stays as it is when the last one closes it. */
	slave = open(arguments[0], O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &settings) < 0)
		attack_fail(arguments[0]);
	cfmakeraw(&settings);
	if (tcsetattr(slave, TCSANOW, &settings) < 0)
		attack_fail(arguments[0]);
	attack_done();
	attack_hold();
}
