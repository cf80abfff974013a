/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The eight ways in which a picture can be turned, for tests that walk all of them. */
#ifndef TESTS_UNIT_TRANSFORMS_H
#define TESTS_UNIT_TRANSFORMS_H

#include "kms.h"

static const enum kms_transform transforms[] = {
	KMS_ROTATE_0,
	KMS_ROTATE_90,
	KMS_ROTATE_180,
	KMS_ROTATE_270,
	KMS_ROTATE_0 | KMS_REFLECT_X,
	KMS_ROTATE_90 | KMS_REFLECT_X,
	KMS_ROTATE_0 | KMS_REFLECT_Y,
	KMS_ROTATE_90 | KMS_REFLECT_Y,
};

#endif
