/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [layer NAME] sections: their values, and what is checked of them when all files have been read. Called by
 * config.c and resolve.c.
 */
#ifndef SCANOUTD_CONFIG_LAYERS_H
#define SCANOUTD_CONFIG_LAYERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "scene/picture_spec.h"

struct config;

/* [layer NAME], in the order of the files. */
struct config_layer {
	char *name;
	char *origin;
	char *layouts; /* in which it counts, separated by semicolons; NULL: in all */
	char *output; /* as the name of an [output NAME]; not NULL after config_resolve() */
	char *guest; /* after config_resolve() NULL where it is a picture */
	int scanout; /* 0 to 15; -1: not given, and of a picture */
	bool pictured; /* picture= was given */
	struct picture_spec picture;
	int32_t x, y; /* on the screen as its viewer sees it, pixels */
	int32_t width, height; /* 0: as far as the edges, or as large as the PNG is */
	int z;
	uint16_t opacity; /* 0xffff: opaque */
};

struct config_layer *config_layer_create(const char *name, const char *layouts, const char *origin);
void config_layer_free(gpointer layer);

/* "640x480" */
bool config_parse_size(const char *text, int32_t *width, int32_t *height, GError **error);
/* "0.5" or "50%", of 0xffff */
bool config_parse_opacity(const char *text, uint16_t *opacity, GError **error);

/* Before the outputs are resolved: each layer's output is one that is on, whether a guest is shown on it or
 * not. Adds sections for those that have none. */
bool config_resolve_layers(struct config *config, GError **error);

/* And after: a layer without scanout= gets the lowest that no other section has. */
bool config_resolve_layer_scanouts(struct config *config, GError **error);

/* A section's picture that cannot be read; for --check-config. */
bool config_check_layers(const struct config *config, GError **error);

#endif
