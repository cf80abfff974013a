/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes into a display socket, as a back-end sends them. Ends the process where that fails. Used by
 * the benches and by what they share.
 */
#ifndef SCANOUTD_TESTS_BENCH_SEND_H
#define SCANOUTD_TESTS_BENCH_SEND_H

#include <stddef.h>

/* All of it, however often the socket must be waited for; with the first byte a copy of `fd`, which
 * stays the caller's; -1: none. */
void send_all(int socket, const void *data, size_t size, int fd);

#endif
