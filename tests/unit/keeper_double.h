/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service manager's store of fds as an array, for tests in which who comes after is the same
 * process (store_double.h: another one). There is one.
 */
#ifndef TESTS_UNIT_KEEPER_DOUBLE_H
#define TESTS_UNIT_KEEPER_DOUBLE_H

#include <stdbool.h>

#include "fd_keeper.h"

extern const struct fd_keeper keeper_double;

/* Whoever has something kept ends: what is kept stays. */
void keeper_double_stop(bool stops);

/* It keeps nothing more. */
void keeper_double_fill(bool full);

/* It goes on keeping what it is told to forget, and says nothing of that. */
void keeper_double_deafen(bool deaf);

/* Names that it has. */
unsigned int keeper_double_count(void);

#endif
