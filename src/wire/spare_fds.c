/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/spare_fds.h"

#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

bool spare_fds(int any, unsigned int count)
{
	int fds[SPARE_FDS_MAX];
	unsigned int made = 0;

	g_return_val_if_fail(count <= SPARE_FDS_MAX, false);
	/* No one call says it: a single F_DUPFD from a high number on finds one that is free, not
	 * `count`, and makes the kernel's table as long as that number, for good. */
	while (made < count && (fds[made] = fcntl(any, F_DUPFD_CLOEXEC, 0)) >= 0)
		made++;
	for (unsigned int i = 0; i < made; i++)
		close(fds[i]);
	return made == count;
}
