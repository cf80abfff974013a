/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCANOUTD_TEST_COLOR_AT_H
#define SCANOUTD_TEST_COLOR_AT_H

#include <stdint.h>

/* Every pixel of a test picture has its own colour: a wrong place shows. */
static inline uint32_t color_at(uint32_t x, uint32_t y)
{
	return (x * 7 + 1) << 16 | (y * 11 + 1) << 8 | ((x + y) & 0xff);
}

#endif
