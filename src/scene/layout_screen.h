/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One screen as a guest would be told of it if it asked now: what the layout gives to whoever can
 * have the guest ask again (layout_listener.screen_changed). A plain value.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_SCREEN_H
#define SCANOUTD_SCENE_LAYOUT_SCREEN_H

#include <stdint.h>

struct layout_screen {
	int32_t x, y; /* among the guest's screens, pixels */
	uint32_t width, height; /* of its mode; 0: there is no such screen now */
	uint32_t width_mm, height_mm; /* 0: not known */
};

#endif
