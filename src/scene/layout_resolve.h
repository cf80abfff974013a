/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which scanout goes to which output, as a pure function: from what the configuration wants, what
 * the card has now, and what was shown until now, to what is to be shown. It changes nothing, keeps
 * nothing and knows no card, so that a table of situations tests it. Called by layout.c, which
 * applies the answer, at each probe of the connectors and whenever a guest says more about its
 * scanouts.
 *
 * What is not there (a connector, a monitor) is a state with a remark, never an error: it is asked
 * again at the next probe.
 *
 * The sections are those of the layout in force. The rules, in order:
 *   1. A section that turns off, or whose outputs other programs show, takes every output that it
 *      names from all others: by a connector's name alone that of the first card that has one, and
 *      to be lent by any name without its card's of the first card alone.
 *   2. Each section with a guest, in the order of the configuration, gets the first output of its
 *      list of names that has a monitor and is not taken. It keeps the one it has while that is as
 *      good. Where no name of it has a monitor, the first connector of the list stands in for it.
 *   3. Guests that no section of any layout names, in the order of the configuration: outputs that
 *      show one of their scanouts keep it. A monitor that moved to another connector takes its
 *      scanout along. Each monitor that is left gets the lowest scanout that is not to be seen: of
 *      the only guest, up to the last one; of several guests, one each.
 *   4. What has lost its monitor keeps its place as long as nobody else shows the scanout.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_RESOLVE_H
#define SCANOUTD_SCENE_LAYOUT_RESOLVE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kms.h"
#include "scene/hours.h"
#include "scene/picture_spec.h"
#include "scene/place.h"

/* Outputs of all cards. */
#define LAYOUT_OUTPUTS_MAX (KMS_CARDS_MAX * KMS_OUTPUTS_MAX)

/* Outputs that show one scanout. */
#define LAYOUT_MIRRORS_MAX 16

/* One [output NAME] section. Strings are borrowed. */
struct layout_output {
	/* "DP-1", "MAKE MODEL SERIAL" or "MAKE MODEL", or several of them with ";" between: the
	 * first that has a monitor. Of several cards "CARD:DP-1"; "DP-1" is that of the first that
	 * has one. */
	const char *name;
	const char *layouts; /* in which it counts, for layout_counts() */
	const char *guest; /* whose scanout it shows; NULL: of the default order */
	int scanout; /* 0 to 15; -1: the lowest that no earlier section has */
	const char *mode; /* kms_output_request.mode */
	enum place_policy policy;
	enum kms_transform transform; /* one of the eight (place.h), or PLACE_TRANSFORM_AUTO */
	uint32_t background; /* XRGB, around what does not fill the output */
	struct kms_settings settings; /* kms_output_request.settings */
	struct hours hours; /* it is off at all others */
	bool off; /* shows nothing */
	bool lent; /* another program may show something there, and no guest; `pictured`, too */
	bool force_on; /* a connector of this name is as good as one with a monitor */
	/* picture= was given, to a section without a guest: shown where no guest is, or none that
	 * uses the output. */
	bool pictured;
	struct picture_spec picture;
	bool positioned; /* … at x, y in the arrangement that guests are told; else to the right */
	int32_t x;
	int32_t y;
};

/* One [guest NAME], as far as it matters here. */
struct layout_party {
	const char *name;
	uint32_t used; /* bit i: it has used scanout i, or asked about it */
	uint32_t scanouts; /* that its device has; 0: not known */
	/* A section shows it, if not in this layout then in another: so it is not of the default
	 * order. */
	bool named;
	bool layered; /* a layer shows it: it is not of the default order */
};

/* One connector of a card. */
struct layout_connector {
	const char *name; /* "DP-1"; of one of several cards "CARD:DP-1" */
	const char *monitor; /* "MAKE MODEL SERIAL", or NULL */
	bool connected;
	uint32_t card; /* its number: leases are of the first, 0, alone */
};

/* What was shown until now. It survives its card: all is known by name. */
struct layout_former {
	const char *connector;
	const char *monitor; /* that it had when it last had one; or NULL */
	size_t party;
	uint32_t scanout;
	const struct layout_output *section; /* NULL: default order */
	bool lit;
};

struct layout_situation {
	const struct layout_output *sections;
	size_t section_count;
	const struct layout_party *parties;
	size_t party_count;
	const struct layout_connector *connectors; /* card by card, in the kernel's order */
	size_t connector_count; /* at most LAYOUT_OUTPUTS_MAX */
	const struct layout_former *formers;
	size_t former_count;
};

/* One output that shows something, or would if it had a monitor. */
struct layout_show {
	size_t connector; /* index, as the next */
	size_t party;
	uint32_t scanout;
	const struct layout_output *section; /* that says how; NULL: none */
	/* A section asked for it that has no picture for this case, or the guest uses it; else it
	 * is dark until one does. */
	bool lit;
	bool surplus; /* the guest's device has no such scanout: dark */
};

/* A state that a person may wait for or mend: said once while it lasts. */
struct layout_remark {
	GLogLevelFlags level;
	const char *output; /* the section's name, borrowed; or NULL */
	const char *guest; /* the guest's name, borrowed; or NULL */
	char *text;
};

struct layout_resolution {
	struct layout_show shows[LAYOUT_OUTPUTS_MAX];
	size_t count;
	GPtrArray *remarks; /* of struct layout_remark, owned */
};

/* `resolution` is the caller's memory, to be finished by it. */
void layout_resolve(const struct layout_situation *situation, struct layout_resolution *resolution);
void layout_resolution_finish(struct layout_resolution *resolution);

/* The next name of a list, without the blanks around it; `rest` moves on. False at its end. */
bool layout_next_name(const char **rest, const char **name, size_t *length);

/* Is that the name of the connector, or of the monitor on it? */
bool layout_is_called(const struct layout_connector *connector, const char *name, size_t length);

/* "DP-1", also of "CARD:DP-1". */
const char *layout_bare_name(const char *connector);

/* Is the connector one that the section means whatever is on it (off, lent, force_on)? `first`: no
 * card before its own has a connector of this name. */
bool layout_means(const struct layout_output *section, const struct layout_connector *connector,
	bool first);

/* Is the connector, or the monitor on it, one of the list of names? */
bool layout_names(const char *names, const struct layout_connector *connector);

#endif
