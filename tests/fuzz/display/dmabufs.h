/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dma-bufs of the back-end: some fakes (tests/unit/fake/fake_dmabuf.h), made once for all
 * inputs, whose fences and memory an input can play with.
 */
#ifndef SCANOUTD_TESTS_FUZZ_DMABUFS_H
#define SCANOUTD_TESTS_FUZZ_DMABUFS_H

#include "fuzz.h"

/* As new: for the next input. */
void dmabufs_reset(void);

/* An fd of one of them, for the caller to close. */
int dmabufs_open(struct fuzz *fuzz);

/* One becomes busy or idle, or loses its memory; or the next reads of all are interrupted or
 * refused. */
void dmabufs_play(struct fuzz *fuzz);

#endif
