/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of `scanoutd --list` that is about one card. kms_list() is in kms.h.
 */
#ifndef KMS_LIST_H
#define KMS_LIST_H

#include <glib.h>

/* Connectors, CRTCs and planes of an open card that kms_card_prepare() has found fit. */
void kms_list_parts(GString *text, int fd);

#endif
