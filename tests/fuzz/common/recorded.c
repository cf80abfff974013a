/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs that begin with what a real peer has sent. */
#include <string.h>

#include "fuzz.h"

/* As tests/fuzz/record/recorder.c writes them. */
#define MAGIC "peer"
#define RUN 0x80

bool fuzz_is_recorded(struct fuzz *fuzz)
{
	if (fuzz->size < strlen(MAGIC) || memcmp(fuzz->data, MAGIC, strlen(MAGIC)) != 0)
		return false;
	fuzz->data += strlen(MAGIC);
	fuzz->size -= strlen(MAGIC);
	return true;
}

bool fuzz_next_piece(struct fuzz *fuzz, struct fuzz_piece *piece)
{
	static uint8_t run[FUZZ_RUN_MAX];
	uint8_t kind = fuzz_u8(fuzz);
	size_t size = fuzz_u16(fuzz);

	*piece = (struct fuzz_piece){.fds = kind & 7};
	if (size == 0)
		return false;
	if (kind & RUN) {
		memset(run, fuzz_u8(fuzz), size);
		piece->bytes = run;
		piece->size = size;
	} else {
		piece->bytes = fuzz_bytes(fuzz, size, &piece->size);
	}
	return piece->size > 0;
}
