/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the back-end of an input says: messages that are nearly right, whole or in pieces, with fds
 * of all kinds. */
#ifndef SCANOUTD_TESTS_FUZZ_MESSAGE_H
#define SCANOUTD_TESTS_FUZZ_MESSAGE_H

#include "fuzz.h"

void message_send(struct fuzz *fuzz, int peer);

/* A recorded piece of a back-end's stream; the fds are dma-bufs. */
void message_send_piece(const struct fuzz_piece *piece, struct fuzz *fuzz, int peer);

#endif
