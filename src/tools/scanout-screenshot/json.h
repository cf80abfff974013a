/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot as JSON, for tests and for people. One plane a line, so that grep works too. Keys:
 *
 *   card, driver                    strings
 *   master                          the tool's own mastership: always false
 *   crtcs[]                         all, or the one asked for
 *     id, index                     debugfs calls a CRTC crtc-INDEX
 *     active                        boolean
 *     mode                          "1024x768@60", or null
 *     width, height, refresh_mhz    of the mode, 0 without one
 *     sequence                      of the last vblank, 0 when there is none
 *     connectors[]                  names of those it feeds
 *     gamma_lut, degamma_lut, ctm   blob ids, 0: none
 *     background                    "rrrrggggbbbb", hexadecimal
 *     planes[]                      those with a framebuffer on this CRTC, the lowest first
 *       id, type                    "primary", "overlay", "cursor"
 *       fb, fb_width, fb_height     the framebuffer's id and size
 *       format                      its four letters, "XR24"
 *       modifier                    "none", "linear" or "0x…"
 *       pitch, offset               bytes
 *       src                         [x, y, w, h] in pixels, with fractions
 *       crtc                        [x, y, w, h] in pixels, x and y signed
 *       rotation                    0, 90, 180, 270, counter-clockwise
 *       reflect_x, reflect_y        booleans
 *       alpha                       0 to 65535
 *       blend                       "premultiplied", "coverage", "none"
 *       zpos                        number, or null
 *       hotspot                     [x, y], or null
 *   connectors[]                    id, name, crtc (0: off)
 *   idle_planes[]                   ids of planes that are off
 */
#ifndef SCREENSHOT_JSON_H
#define SCREENSHOT_JSON_H

#include "snapshot.h"

/* Appends to text. crtc_id 0: all CRTCs. Asks the card for the framebuffers' formats. */
void json_append_snapshot(GString *text, const struct snapshot *snapshot, uint32_t crtc_id);

#endif
