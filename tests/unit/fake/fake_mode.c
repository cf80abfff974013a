/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In kms/mode.c's place, which has its own test. */
#include <stdio.h>
#include <string.h>

#include "kms.h"

bool kms_mode_valid(const char *text, GError **error)
{
	unsigned int width;
	unsigned int height;

	if (strcmp(text, "preferred") == 0 || strcmp(text, "current") == 0 ||
		sscanf(text, "%ux%u", &width, &height) == 2 || strchr(text, ' ') != NULL)
		return true;
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_MODE, "\"%s\" is no mode", text);
	return false;
}
