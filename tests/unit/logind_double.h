/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logind, and the system's bus that it is on, in one: a seatd_double that speaks D-Bus. A device
 * that is taken is /dev/zero, which libseat is told is a card, or /dev/null, an evdev node. When
 * somebody asks to switch the session away, the card is paused, and resumed as soon as that is
 * confirmed.
 */
#ifndef TESTS_UNIT_LOGIND_DOUBLE_H
#define TESTS_UNIT_LOGIND_DOUBLE_H

#include "seatd_double.h"

/* This process has a session from now on, and such devices. Once, before the first is started. */
void logind_double_prepare(void);

/* As seatd_double_start(), for $DBUS_SYSTEM_BUS_ADDRESS; all other functions are the same. */
struct seatd_double *logind_double_start(size_t limit, enum seatd_cut cut);

#endif
