/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SCANOUTD_TEST_EDID_SEAL_H
#define SCANOUTD_TEST_EDID_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Makes the sum of an EDID's block, 128 bytes, right. */
static inline void edid_seal(uint8_t *block)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < 127; i++)
		sum = (uint8_t)(sum + block[i]);
	block[127] = (uint8_t)-sum;
}

/* And of a base block its header: most of what is in one is never looked at without both. */
static inline void edid_seal_base(uint8_t *block)
{
	static const uint8_t header[] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};

	memcpy(block, header, sizeof(header));
	edid_seal(block);
}

#endif
