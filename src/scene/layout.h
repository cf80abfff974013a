/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which source is shown on which output, how the outputs are arranged, and what guests are told
 * about them. layout_resolve.h decides; here its answer is applied, at each probe of the connectors
 * and whenever a guest says more: only what has changed is touched, and the card is asked once.
 *
 * Made by the daemon before the cards are opened, since it is the cards' listener: it hands what
 * kms/ reports on to the view of that output. Outlives any number of cards, each of which comes and
 * goes by itself. Owns the views.
 *
 * Sections count in some of the named layouts, of which one is in force (layout_sections.c):
 * another one is applied as any other answer, in one joint commit; outputs and guests for which it
 * is the same notice nothing.
 *
 * A scanout that its guest switched off, or a guest without input for long, has its outputs off
 * until there is a picture, or input.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_H
#define SCANOUTD_SCENE_LAYOUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms.h"
#include "scene/alive.h"
#include "scene/guest.h"
#include "scene/layout_choose.h"
#include "scene/layout_resolve.h"
#include "scene/layout_screen.h"
#include "scene/picture_spec.h"
#include "scene/place.h"
#include "scene/region.h"
#include "scene/view.h"

struct layout;

/* The outputs of a scanout never go off by themselves. */
#define LAYOUT_NEVER (-1)

struct layout_guest {
	struct guest *guest;
	/*
	 * What is shown where it shows nothing: before its first picture since the start, after it
	 * has gone or while it begins again, and where it has failed. PICTURE_LAST before: until
	 * the first frame the screen stays as it is.
	 */
	struct picture_spec before;
	struct picture_spec after;
	struct picture_spec failed;
	/* How it proves that it is alive, and what covers its picture while it does not:
	 * PICTURE_LAST, nothing. */
	struct alive_options alive;
	struct picture_spec dead;
	/* Of its outputs without a section. Borrowed during layout_create(). */
	const char *mode;
	enum place_policy policy;
	/* Milliseconds from when it switches a scanout off, or LAYOUT_NEVER: until the outputs are
	 * black, and until they are off. */
	int64_t blank_after_ms;
	int64_t off_after_ms;
};

/* One [layer NAME] section: something above what an output shows. Strings are borrowed. */
struct layout_layer {
	const char *name;
	const char *layouts; /* in which it counts, for layout_counts() */
	const char *output; /* as layout_output.name; the output has a section, or shows a guest */
	const char *guest; /* whose scanout it shows; NULL: `picture` */
	int scanout; /* 0 to 15 */
	struct picture_spec picture;
	/* On the screen as its viewer sees it, pixels; what lies beyond its edges is cut off. Width
	 * and height 0: as far as the edges; of a PNG its own size. */
	int32_t x;
	int32_t y;
	int32_t width;
	int32_t height;
	int z; /* a higher one is above; of two that are equal, the later one */
	uint16_t opacity; /* 0xffff: opaque */
};

#define LAYOUT_LAYERS_MAX 64

struct layout_options {
	const struct layout_output *outputs;
	size_t output_count;
	const struct layout_named *named; /* [layout] sections; none: all sections count */
	size_t named_count;
	const char *chosen; /* in force at first: [daemon] layout=; NULL: as when= says */
	const struct layout_layer
		*layers; /* at most LAYOUT_LAYERS_MAX, VIEW_LAYERS_MAX of an output */
	size_t layer_count;
	const struct layout_guest *guests;
	size_t guest_count;
	const struct region_options *regions; /* each of at most CHECKSUM_PIXELS_MAX pixels */
	size_t region_count;
	unsigned int told_period_ms; /* between two layout_listener.screen_changed; 0: 1000 */
	unsigned int told_patience_ms; /* until a guest that was told has asked; 0: 5000 */
	const char *font; /* of cards: see font_open() */
	uint32_t card_count; /* that there can be, at most KMS_CARDS_MAX; 0: one */
};

struct layout_listener {
	/* kms_listener.device_gone, of one of the cards (kms_device_gone()):
	 * layout_set_device(NULL) and its end must follow, but not from inside. */
	void (*device_gone)(void *data);
	/* The views are others than before: layout_view_count() and so on. May be NULL. */
	void (*changed)(void *data);
	/* A guest that can be reached was answered something else about this scanout's screen, when
	 * it asked last, than it would be now: have it ask again. Told once for each change, not
	 * more often than told_period_ms says. From the main loop, never from inside of another
	 * call. May be NULL. */
	void (*screen_changed)(void *data, struct guest *guest, uint32_t scanout,
		const struct layout_screen *screen);
	/* By its own proof the guest is in another state than before; at first it is unwatched.
	 * From the main loop, as screen_changed(). May be NULL. */
	void (*life)(void *data, struct guest *guest, enum alive_state state);
	/* kms_listener.output_changed of any output. May be NULL. */
	void (*output_changed)(void *data);
	/* A picture of the guest's own is on the glass, for the first time since the guest was
	 * made; once for each of its scanouts. No change of the layout may follow from inside. May
	 * be NULL. */
	void (*seen)(void *data, struct guest *guest);
};

/* The options are copied, the guests are not: they outlive the layout's last
 * layout_set_device(). */
struct layout *layout_create(const struct layout_options *options,
	const struct layout_listener *listener, void *data);
/* Takes NULL. Before the guests. */
void layout_destroy(struct layout *layout);

/* For each kms_device_create(), with the layout as its data. */
const struct kms_listener *layout_kms_listener(void);

/*
 * The card of this number came: views are made for the outputs that the resolution names, given to
 * the guests' sources, and the card is taken over (kms_device_configure). Whatever shows no scanout
 * is off; so is, until its guest asks for that scanout's EDID or uses it, an output of the default
 * order whose scanout is not the first. What the card refuses is logged, and asked again at its
 * next probe. NULL: it goes. All views on it are gone when this returns; what was shown is
 * remembered. Other cards' outputs notice only where they get what it showed.
 */
void layout_set_device(struct layout *layout, uint32_t card, struct kms_device *device);

/* Before the card of this number comes: what it shows are the guests' own pictures, from a process
 * that has died. In the place of before= they stay until their guest shows one again or has failed,
 * for 60 s at most. */
void layout_note_predecessor(struct layout *layout, uint32_t card);

/* Until the end cards that come are only there; then all of them are arranged at once, so that
 * nothing is shown on one that belongs on another. Not nested; no turn of the main loop may lie
 * between. */
void layout_begin(struct layout *layout);
void layout_end(struct layout *layout);

/* The guest's device has so many scanouts (relay: GET_CONFIG): outputs of its others go off. */
void layout_set_scanout_count(struct layout *layout, struct guest *guest, uint32_t count);

/*
 * How a guest is, for the time that it shows nothing: it has failed, until it shows a picture again
 * or this says that it has not; and the lines of its card (text_card.lines; copied), until the
 * first call its name alone.
 */
void layout_set_status(struct layout *layout, struct guest *guest, bool failed, char *const *lines);

/*
 * Puts a layout in force, until the monitors call for another one than they do now. False: there is
 * none of that name. Not from inside of a guest's message.
 */
bool layout_use(struct layout *layout, const char *name, enum layout_reason reason);

/* The n-th layout's name, from 0; NULL: there are not so many. */
const char *layout_name_at(const struct layout *layout, size_t index);

/* The one in force, and why; NULL: there are no layouts. */
const char *layout_in_force(const struct layout *layout, enum layout_reason *reason);

/*
 * Other sections than before, and other layouts: of the options the outputs, layers and layouts,
 * and of each guest, which are those of layout_create() in the same order, mode and policy. A
 * layout in force stays so if it is still there, unless `chosen` is another than before.
 */
void layout_reconfigure(struct layout *layout, const struct layout_options *options);

/* Reads the PNGs again: what shows one shows the new one when it is there. */
void layout_reload_pictures(struct layout *layout);

/* Nobody has touched the guest's machine for long: its outputs are off as long as this is so. */
void layout_set_idle(struct layout *layout, struct guest *guest, bool idle);

/*
 * Somebody can have the guest ask again about its screens, or cannot any more. While it is so,
 * layout_listener.screen_changed is called for it, and a screen whose monitor is away is told to be
 * gone where another screen of the guest has one. At first nobody can.
 */
void layout_set_reachable(struct layout *layout, struct guest *guest, bool reachable);

/* A sign of life of the guest's, from elsewhere than its screens. */
void layout_note_life(struct layout *layout, struct guest *guest);

/* Of all screens of the guest's, since the start. */
struct layout_life_counters {
	struct alive_counters alive;
	uint64_t covers; /* pictures that were covered, on each output */
	/* The longest time from when a sign was due until the page flip of what covers the picture,
	 * microseconds. */
	uint64_t cover_us;
};
struct layout_life_counters layout_life_counters(const struct layout *layout,
	const struct guest *guest);
enum alive_state layout_life(const struct layout *layout, const struct guest *guest);

/* Watched regions, in the order of the options: how each is now, and its counters. */
size_t layout_region_count(const struct layout *layout);
const struct region *layout_region(const struct layout *layout, size_t index);

/* Views of guests that there are now, for counters, input and tests: the outputs' own, and then
 * layers, of each output the lowest first. */
size_t layout_view_count(const struct layout *layout);
struct view *layout_view(const struct layout *layout, size_t index);
/* Whose scanout a view shows. */
struct guest *layout_view_guest(const struct layout *layout, size_t index, uint32_t *scanout);

/* It has a monitor, and its scanout is used: it is lit, or dark only since nobody looks at it. */
bool layout_view_in_use(const struct layout *layout, const struct view *view);
/* Its guest has switched the scanout off, and is still there. */
bool layout_view_asleep(const struct layout *layout, const struct view *view);

/* Is the output, or the monitor on it, one of the list of names? As layout_output.name. */
bool layout_output_is(const struct kms_output *output, const char *names);

#endif
