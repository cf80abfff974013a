/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scanout of which guest is shown on which output, how the outputs are arranged, and what
 * guests are told about them.
 *
 * Made by main before the card is opened, since it is the card's listener: it hands what kms/
 * reports on to the view of that output. Owns the views, which outlive the guests.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_H
#define SCANOUTD_SCENE_LAYOUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms.h"
#include "scene/guest.h"
#include "scene/layout_resolve.h"
#include "scene/place.h"

struct layout;

#define LAYOUT_ERROR (layout_error_quark())
GQuark layout_error_quark(void);

enum layout_error {
	LAYOUT_ERROR_TAKEN, /* two scanouts want one output; the message names the free ones */
	LAYOUT_ERROR_GUEST, /* no such guest */
	LAYOUT_ERROR_MIRRORS, /* more than GUEST_VIEWS_MAX outputs are to show one scanout */
	LAYOUT_ERROR_NO_OUTPUT, /* nothing is left to show a guest on; or no such output */
};

struct layout_guest {
	struct guest *guest;
	bool keep_picture; /* before=last: until the first frame the screen stays as it is */
	/* Of its outputs without a section. */
	const char *mode;
	enum place_policy policy;
};

struct layout_options {
	const struct layout_output *outputs;
	size_t output_count;
	const struct layout_guest *guests;
	size_t guest_count;
};

/* `device_gone` of the kms_listener is handed on to main. */
struct layout *layout_create(void (*device_gone)(void *data), void *data);
/* Takes NULL. After the guests, before kms_device_destroy(). */
void layout_destroy(struct layout *layout);

/* For kms_device_create(), with the layout as its data. */
const struct kms_listener *layout_kms_listener(void);

/*
 * Once, at start: assigns outputs, makes their views, gives them to the guests (guest_source) and
 * takes the card over (kms_device_configure). Outputs that are named in no section: with one guest
 * its scanouts in order over the connected outputs in the kernel's order; with several, one output
 * for each guest that has none. Whatever shows no scanout is off; so is, until its guest asks for
 * that scanout's EDID or uses it, an output of the default order whose scanout is not the first.
 */
bool layout_configure(struct layout *layout, struct kms_device *device,
	const struct layout_options *options, GError **error);

/* The guest's device has so many scanouts (relay: GET_CONFIG): outputs of its others go off. */
void layout_set_scanout_count(struct layout *layout, struct guest *guest, uint32_t count);

/* Views, for counters and tests. */
size_t layout_view_count(const struct layout *layout);
struct view *layout_view(const struct layout *layout, size_t index);
/* Whose scanout a view shows. */
struct guest *layout_view_guest(const struct layout *layout, size_t index, uint32_t *scanout);

#endif
