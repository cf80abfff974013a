/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: scanoutd.conf and its drop-ins, as plain structs.
 *
 * config_load() (load.c, by the tables of keys.h) reads the files, options.h puts the command line
 * on top, config_resolve() fills in what neither says and checks what belongs together. After that
 * nothing changes: what is read again while the daemon runs (config_reader.h) is another
 * configuration. Made by main; read by the daemon, and by the rooms that have sections of their
 * own. Knows no device, so a connector's name is believed here and checked where the card is known.
 *
 * Whatever a file says that we do not know is an error with file and line: a typo never becomes a
 * default. scanoutd.conf(5) is the reference of all keys.
 */
#ifndef SCANOUTD_CONFIG_H
#define SCANOUTD_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/combination.h"
#include "config/device_options.h"
#include "config/value.h"
#include "scene/alive.h"
#include "scene/answers.h"
#include "scene/picture_spec.h"
#include "scene/place.h"
#include "scene/region.h"

#define CONFIG_DEFAULT_PATH "/etc/scanoutd/scanoutd.conf"

/* The guest that exists where no file names one. */
#define CONFIG_DEFAULT_GUEST "default"

/* [daemon] */
struct config_daemon {
	char **cards; /* paths, each with a name of its own (config_card_name()); NULL: the first that can do it */
	int drm_fd; /* --drm-fd, or -1 */
	int ready_fd; /* --ready-fd, or -1 */
	char *stats; /* NULL: no file */
	char *font; /* of text cards: a path; NULL: one that is there */
	char *layout; /* that is in force at first; NULL: as their when= say */
	char *layout_origin; /* "scanoutd.conf:12", where that is said; or NULL */
	GLogLevelFlags log_level; /* the least urgent one that is written */
	int vt;
	enum config_seat_manager seat_manager;
	unsigned int flip_timeout_ms; /* 0: kms/'s default */
};

/* [input] */
struct config_input {
	char *seat; /* of udev; NULL: none, no device of the host is used but … */
	char *devices; /* … nodes, parted by semicolons; or NULL. Instead of the seat's */
	char *focus; /* the guest that keyboard and pointer begin with; NULL: the first */
	GArray *never_pass; /* of struct combination: the press that would complete one is kept */
	struct combination leave; /* stops the daemon */
	/* Held with a digit: the n-th machine gets keyboard and pointer. 0: no hot-key. */
	struct combination switch_guest;
	/* The same for the n-th layout. */
	struct combination switch_layout;
	char *switch_origin; /* where that is said; or NULL */
	/* Held with a function key: the n-th virtual terminal, where one is ours. 0: no hot-key. */
	struct combination switch_terminal;
};

/* [device NAME]: some of the host's input devices. Of several sections that match, each key's last
 * word counts. */
struct config_device {
	char *name;
	char *origin;
	/* All that are given must match; NULL: any. */
	char *match_name; /* glob */
	char *match_id; /* "046d:c077", glob */
	char *match_path; /* ID_PATH, glob */
	char *match_property; /* "NAME=VALUE" of udev, VALUE a glob */
	char *match_type; /* "keyboard", "pointer", "touch", "tablet" or "switch" */

	char *guest; /* whose it is, whoever has the focus; NULL: as the focus says */
	char *output; /* that a touch screen or tablet lies on; NULL: found out */
	bool passthrough; /* given to `guest` as it is, with all it can do */
	enum config_motion motion;
	struct seat_device_options options; /* libinput's */
	bool ignore_given, acceleration_given;
};

/* Defaults of blank-after= and off-after=: a change of mode inside the guest is not seen; a screen
 * that nobody draws on costs no power for long. */
#define CONFIG_BLANK_AFTER_MS 2000
#define CONFIG_OFF_AFTER_MS 60000

/* Default of alive-period=. */
#define CONFIG_ALIVE_PERIOD_MS 500

/* [guest NAME]: one vhost-user-gpu device. After config_resolve() it has exactly one door. */
struct config_guest {
	char *name;
	char *origin; /* "scanoutd.conf:12" or "command line", for messages */
	char *vm; /* the machine it belongs to; its own name by default */

	/* Door 1, the relay: both are set, or neither is. */
	char *vmm_socket;
	char *backend_socket;
	/* Door 2: a back-end connects by itself. */
	char *display_socket;
	/* Door 3: inherited, or -1. */
	int display_fd;
	/* Who may connect beside us; NULL: nobody. */
	char *socket_group;

	/* Shown before the first frame, after the guest has gone, and after it has gone with an
	 * error: by default as `after`, where config_resolve() puts it. */
	struct picture_spec before;
	struct picture_spec after;
	struct picture_spec failed;
	bool failed_given;
	/* FIRMWARE_HIDE by default. */
	enum firmware_pictures firmware;
	/* When its frames are answered: ANSWERS_AUTO by default. */
	enum answers_mode answers;
	/* How it proves that it is alive; the period is 0 where nothing says it, until
	 * config_resolve(). */
	struct alive_options alive;
	char *alive_socket; /* ALIVE_SOCKET: after config_resolve() never NULL */
	char *alive_file; /* that is told how it is; or NULL */
	char *shown_file; /* that is there once a picture of its own has been shown; or NULL */
	struct picture_spec dead; /* covers its picture then; a card by default */
	/* Milliseconds or CONFIG_NEVER. From when the guest disables a scanout until its outputs
	 * are black, and until they are off: */
	gint64 blank_after_ms;
	gint64 off_after_ms;
	/* From the last input for its machine until its outputs are off: */
	gint64 idle_off_ms;
	/* Which input devices its machine has: a bit for each enum input_kind that can be wished
	 * for. Of guests with one `vm`, all together. */
	unsigned int inputs;
	/* Their sockets are PREFIX-keyboard.sock and so on; by default the guest's own socket
	 * without ".sock". NULL: an inherited display has none, and so no input. */
	char *input_prefix;
	char *dbus_display; /* the bus of QEMU's D-Bus display, where there is one; or NULL */
	/* For outputs of this guest that say nothing themselves, and for those without a
	 * section. */
	enum place_policy place;
	char *mode;
};

/* [output NAME]. Sections in the order of the files; --output in the order of the options. Those
 * with one name and one layout= are the same. */
struct config_output {
	/* A connector, "DP-1" (of one of several cards "CARD:DP-1"), or "MAKE MODEL SERIAL"; or
	 * several with ";" between: the first of them that has a monitor. */
	char *name;
	char *origin;
	char *layouts; /* in which it counts, separated by semicolons; NULL: in all */
	char *guest; /* after config_resolve() NULL where the layout decides, or `off` */
	int scanout; /* 0 to 15; after config_resolve() -1 only with `guest` NULL, or `off` */
	bool off; /* mode=off */
	bool force_on; /* a monitor is there, whatever the kernel detects */
	char *mode; /* as kms_output_request.mode takes it; never "off" */
	bool placed; /* place= was given */
	enum place_policy place;
	enum kms_transform transform; /* PLACE_TRANSFORM_AUTO by default */
	uint32_t background; /* XRGB, black by default */
	bool lent; /* by a [lease] section: no guest is ever shown on it; `pictured` too */
	bool pictured; /* picture= was given: of an output that no guest is shown on */
	struct picture_spec picture;
	struct kms_settings settings; /* of the connector, beyond its mode */
	struct hours on_hours; /* it is off at all others */
	bool positioned; /* position= was given */
	int32_t x; /* in the arrangement that the guest is told, pixels */
	int32_t y;
};

/* Default of every=. */
#define CONFIG_REGION_EVERY_MS 100

/* [region NAME]: a part of an output that is watched. */
struct config_region {
	char *name;
	char *origin;
	char *output; /* as config_output.name; after config_resolve() never NULL */
	char *layer; /* the name of a [layer] of a guest's on it; or NULL */
	struct region_options
		options; /* .name, .output and .layer are those above, after config_resolve() */
};

/* [layout NAME], in the order of the files. */
struct config_layout {
	char *name;
	char *origin;
	char *when; /* outputs, separated by semicolons; NULL: not given */
};

/* [layer NAME], in the order of the files. */
struct config_layer {
	char *name;
	char *origin;
	char *layouts; /* in which it counts, as config_output.layouts */
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

/* [lease NAME]: outputs that another program drives, which asks for them at a socket. */
struct config_lease {
	char *name;
	char *origin;
	char *outputs; /* as [output NAME] names one, with ";" between: all of them */
	char *plane_list; /* as it was written; NULL: all */
	uint32_t planes; /* enum kms_lease_planes: of that */
	uint32_t card; /* its number, that of all of them */
	char *socket;
	char *socket_group; /* who may connect beside us; NULL: nobody */
};

struct config {
	struct config_daemon daemon;
	struct config_input input;
	GPtrArray *devices; /* of struct config_device, owned, in the order of the files */
	GPtrArray *guests; /* of struct config_guest, owned; at least one after config_resolve() */
	GPtrArray *outputs; /* of struct config_output, owned; may be empty: see config_resolve() */
	GPtrArray *layouts; /* of struct config_layout, owned, in the order of the files */
	GHashTable *texts; /* what takes effect at the start alone: see changes.h */
	GPtrArray *regions; /* of struct config_region, owned */
	GPtrArray *layers; /* of struct config_layer, owned, in the order of the files */
	GPtrArray *leases; /* of struct config_lease, owned */
};

/*
 * Reads `path` and then "<path>.d/"*.conf in the order of their names; a later file's key
 * replaces an earlier one's. NULL: CONFIG_DEFAULT_PATH, which need not exist. NULL with an error of
 * all faults of the first faulty file, one a line.
 */
struct config *config_load(const char *path, GError **error);

/*
 * Fills in defaults and checks what belongs together. Without a guest section there is one guest,
 * CONFIG_DEFAULT_GUEST. Default socket paths are in $RUNTIME_DIRECTORY, else
 * $XDG_RUNTIME_DIR/scanoutd for who is not root, else /run/scanoutd: "NAME.sock" for the VMM,
 * "NAME-backend.sock" for the back-end.
 *
 * An output section with guest= but without scanout= gets the lowest scanout of its guest that no
 * other section that counts in a layout with it has. With one guest, a section may leave out both:
 * it sets mode, place and position of an output that the layout gives out, as it does those without
 * a section (scene/layout.h). So may one whose output has layers; where that has no section, it
 * gets one. So do outputs that a [lease] section names.
 */
bool config_resolve(struct config *config, GError **error);

/* A part of config_resolve(): what belongs together of alive=, and its defaults. `folder` is that
 * of default socket paths. The same of regions. (resolve_alive.c) */
bool config_resolve_alive(struct config_guest *guest, const char *folder, GError **error);
bool config_resolve_regions(struct config *config, GError **error);
/* The names of its outputs=, the caller's; empty where there is none. */
GStrv config_lease_outputs(const struct config_lease *lease);

/* Do both lend the same outputs by the same names? */
bool config_lends_the_same(const struct config *a, const struct config *b);

/* What a start on this machine would find out later, for --check-config: groups, folders and
 * pictures that are not there, or are none. */
bool config_check_system(const struct config *config, GError **error);

/* The folder of default socket paths. The caller's. */
char *config_runtime_folder(void);

/* Makes that folder where `path` (may be NULL) lies in it: it is ours to make. Any other is its
 * owner's. */
bool config_make_runtime_folder(const char *path, GError **error);

/* Empty, with defaults. */
struct config *config_create(void);
/* Takes NULL. */
void config_destroy(struct config *config);

/* NULL where there is none of that name. */
struct config_guest *config_find_guest(const struct config *config, const char *name);
struct config_output *config_find_output(const struct config *config, const char *name,
	const char *layouts);

/* Added at the end, with defaults. The config's. A device, layout, layer, region or lease that is
 * there is found instead. */
struct config_guest *config_add_guest(struct config *config, const char *name, const char *origin);
struct config_output *config_add_output(struct config *config, const char *name,
	const char *origin);
struct config_layout *config_add_layout(struct config *config, const char *name,
	const char *origin);
struct config_layer *config_add_layer(struct config *config, const char *name, const char *layouts,
	const char *origin);
struct config_lease *config_add_lease(struct config *config, const char *name, const char *origin);
struct config_device *config_add_device(struct config *config, const char *name,
	const char *origin);
struct config_region *config_add_region(struct config *config, const char *name,
	const char *origin);

/* ---- parts of config_resolve(): resolve_layouts.c ---- */

/* Two sections of one name: where the other one is, and a layout that both have. */
#define CONFIG_LAYOUT_TWICE \
	"the section on %s counts in layout %s, too; say in which layouts each does, by layout="

/* Is there each layout of a list? NULL: none is named. `where` begins the message:
 * "FILE:12: [output DP-1]: layout". */
bool config_check_layouts(const struct config *config, const char *where, const char *list,
	GError **error);

/*
 * A layout in which two sections count that have these lists (layout=; NULL: not given): "" where
 * the configuration has no layouts, NULL where there is none.
 */
const char *config_common_layout(const struct config *config, const char *list, const char *other);

/* [daemon] layout=, and switch-layout=. */
bool config_resolve_layouts(const struct config *config, GError **error);

/* ---- and resolve_layers.c ---- */

/* Before the outputs are resolved: each layer's output is one that is on in its layouts, whether a
 * guest is shown on it or not. Adds sections for those that have none. */
bool config_resolve_layers(struct config *config, GError **error);

/* And after: a layer without scanout= gets the lowest that no other section has in a layout with
 * it. */
bool config_resolve_layer_scanouts(struct config *config, GError **error);

/* A section's picture that cannot be read; for --check-config. */
bool config_check_layers(const struct config *config, GError **error);

#endif
