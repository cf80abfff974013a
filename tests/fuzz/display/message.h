/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the back-end of an input says: messages that are nearly right, whole or in pieces, with fds
 * of all kinds. */
#ifndef SCANOUTD_TESTS_FUZZ_MESSAGE_H
#define SCANOUTD_TESTS_FUZZ_MESSAGE_H

#include "fuzz.h"

void message_send(struct fuzz *fuzz, int peer);

#endif
