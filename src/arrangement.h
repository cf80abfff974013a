/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration says of outputs, layouts, layers, guests and regions, in the layout's words.
 * Made by daemon.c for layout_create() and layout_reconfigure(), which copy it, and gone after
 * that.
 */
#ifndef SCANOUTD_ARRANGEMENT_H
#define SCANOUTD_ARRANGEMENT_H

#include <glib.h>

#include "config/config.h"
#include "guests/member.h"
#include "scene/layout.h"

struct arrangement;

/*
 * `config` is the one to be applied, `first` that of the start: cards, regions, the font and most
 * of what guests are do not change under way. Everything is borrowed.
 */
struct arrangement *arrangement_create(const struct config *config, const struct config *first,
	struct member *const *members, size_t member_count);
void arrangement_destroy(struct arrangement *arrangement);

const struct layout_options *arrangement_options(const struct arrangement *arrangement);

#endif
