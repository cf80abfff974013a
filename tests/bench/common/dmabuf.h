/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memfds that pass for udmabufs in the program that makes them: what a file system and procfs say
 * of an fd is answered here. For native benches, whose card is the libdrm double.
 */
#ifndef SCANOUTD_TESTS_BENCH_DMABUF_H
#define SCANOUTD_TESTS_BENCH_DMABUF_H

#include <stddef.h>

/* Of so many bytes, all 0; the caller's. Never fails. */
int dmabuf_create_memfd(size_t bytes);

#endif
