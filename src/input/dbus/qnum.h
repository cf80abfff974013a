/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's numbers of keys ("qnum"): what a PC keyboard sends in scan code set 1, one byte, with the
 * highest bit set where the key sends 0xe0 before it. Pure data, used by sink.c.
 */
#ifndef SCANOUTD_INPUT_DBUS_QNUM_H
#define SCANOUTD_INPUT_DBUS_QNUM_H

#include <stdint.h>

/* Of a KEY_*, or 0: there is no such scan code. No two keys have the same. QEMU drops those that
 * the keyboard of its guest has not. */
uint8_t qnum_from_key(uint16_t code);

#endif
