/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the layout share, for nobody else. layout.c binds sources to outputs, by the
 * sections that layout_sections.c says count now; layout_cards.c lists the outputs and remembers
 * what was shown, layout_configure.c asks the cards for what is to be lit (layout_dark.c,
 * layout_hours.c: what is not), layout_display.c tells guests about their screens, and
 * layout_told.c sees when that holds no longer. layout_placeholder.c has what is shown where a
 * guest shows nothing, layout_vacant.c where there is no guest, layout_alive.c which pictures are
 * not to be seen, also for layout_region.c, and layout_layers.c what lies above what outputs show.
 * layout_say.c writes the log, and layout_views.c is asked from outside.
 */
#ifndef SCANOUTD_SCENE_LAYOUT_INTERNAL_H
#define SCANOUTD_SCENE_LAYOUT_INTERNAL_H

#include "scene/layout.h"
#include "scene/placeholder.h"
#include "scene/source.h"
#include "vhost_user_gpu.h"

struct told;
struct layout_arrangement;

/* An output, and the number of its card. */
struct layout_ref {
	struct kms_output *output;
	uint32_t card;
};

/* A guest, and what the layout knows of it. */
struct member {
	struct layout *layout;
	struct layout_guest options; /* the strings are its own */
	uint32_t used; /* bit i: it has used scanout i, or asked about it */
	uint32_t scanouts; /* of its device; 0: not known */
	bool idle; /* layout_set_idle() */
	struct told *told; /* layout_told.c's */
	uint32_t gone; /* bit i: scanout i is told as gone (layout_display.c) */
	bool shown; /* a picture of its own, since the start */
	bool failed; /* layout_set_status() */
	bool hidden; /* layout_alive_hide() */
	char **lines; /* of its cards */
	struct copy_target part; /* ALIVE_RECTANGLE: for reading it */
	enum alive_state life; /* as was told last */
	uint64_t covers;
	uint64_t cover_us;
	bool placed; /* something was shown in the place of its pictures */
	struct screen {
		struct member *member;
		bool unlit; /* it was dark for off-after: no output of it is lit */
		guint timer; /* until then; else 0 */
		/* As the guest was told last, or shown, turned as it was; width 0: never. Told
		 * again while there is no output. */
		struct kms_mode_info mode;
		/* The same of its EDID, where it had a monitor, which is told while that is
		 * away. */
		uint8_t *edid; /* owned; NULL: none */
		size_t edid_size;
		/* layout_alive.c's */
		struct alive alive;
		int64_t touched_us; /* ALIVE_RECTANGLE: drawn into, and not looked at so far; 0: not */
		bool unread; /* … since it could not be read when it was */
		bool seen; /* once, since it is due; then … */
		uint32_t crc; /* … what it was last */
		int64_t cover_due_us; /* of what covers it, and is not on the glass so far: since when; 0: none */
		bool overdue; /* it was dead by the last look, before what had come was read */
		uint64_t cover_after; /* … the view's serial before it */
	} screens[VHOST_USER_GPU_SCANOUTS];
};

/* An output that shows something, or would if it had a monitor. */
struct entry {
	struct kms_output *output;
	uint32_t card;
	struct view *view;
	struct placeholder *placeholder; /* the view's */
	struct member *member;
	uint32_t scanout;
	const struct layout_output *section; /* NULL: none */
	const char *mode;
	enum place_policy policy;
	enum kms_transform transform; /* one of the eight */
	uint32_t background;
	bool lit; /* as struct layout_show has it; so the next */
	bool surplus;
	bool covered; /* its view has a placeholder in the place of the source, which has no view there */
	bool crowded; /* it has to stay covered: its source has no place for the view */
	char *monitor; /* that it has, or had last; or NULL */
	char *said; /* the last line of the log about it */
	/* A layer, above that view of the output's own; NULL: it is an output itself. Without a
	 * member it is a picture of its own. */
	const struct layout_layer *layer;
	struct view *below;
};

/* An output with a picture of its own that no guest is shown on. (layout_vacant.c) */
struct vacant {
	struct kms_output *output;
	uint32_t card;
	const struct layout_output *section;
	struct view *view;
	struct placeholder *placeholder;
	bool said;
};

/* A card, there or not. */
struct layout_card {
	struct kms_device *device; /* NULL: it is not there now */
	struct kms_output_request requests[KMS_OUTPUTS_MAX]; /* as it was asked last */
	size_t request_count;
	bool accepted; /* it took them */
	bool has_predecessor; /* layout_note_predecessor(), until its guests have had their time */
};

struct layout {
	struct layout_listener listener;
	void *data;
	struct layout_arrangement *arrangement; /* all sections and layouts */
	struct layout_output *sections; /* of the layout in force; the strings are its own */
	size_t section_count;
	struct member *members;
	size_t member_count;
	struct layout_card cards[KMS_CARDS_MAX];
	uint32_t card_count;
	bool held; /* layout_begin() */
	struct entry entries[LAYOUT_OUTPUTS_MAX];
	size_t count;
	struct vacant vacants[LAYOUT_OUTPUTS_MAX];
	size_t vacant_count;
	struct layout_layer
		*layer_sections; /* of the layout in force, by z; the strings are its own */
	size_t layer_section_count;
	bool left_out[LAYOUT_LAYERS_MAX]; /* of them, as was said */
	struct entry layers[LAYOUT_LAYERS_MAX]; /* those of an output the lowest first */
	size_t layer_count;
	/* Also of cards that have gone; the strings are its own. */
	struct layout_former formers[LAYOUT_OUTPUTS_MAX];
	size_t former_count;
	unsigned int told_period_ms;
	unsigned int told_patience_ms;
	struct pictures *pictures;
	GSource *watch; /* looks who is alive, and at the regions; NULL: nobody need prove it */
	bool awaits_mode; /* it has left out an output whose mode is being set */
	struct watched *regions; /* layout_region.c's */
	size_t region_count;
	unsigned int minute; /* of the day, by which outputs are in their hours */
	guint minute_timer; /* until the next one; 0: no section has hours */
	guint predecessor_timer; /* until then; 0: no card has one */
	guint first_light; /* outputs that were left alone are lit in the next turn; 0: not */
	bool lighting; /* … just now: with what their guest has drawn */
	GHashTable *said; /* the remarks that hold, as text */
	uint64_t serial; /* the highest of a view that is gone: its frame may be in flight */
	bool applying; /* outputs and layers change just now */
	bool closed; /* a view has gone that the listener has not been told of */
};

/* The outputs of all cards that are there, card by card: at most LAYOUT_OUTPUTS_MAX.
 * (layout_cards.c) */
size_t layout_list_outputs(const struct layout *layout, struct layout_ref *refs);
/* Is there any card, and are there all? */
bool layout_has_card(const struct layout *layout);
bool layout_has_all_cards(const struct layout *layout);
/* For the next resolution: what is shown until now, and what was on cards that are not there. */
void layout_remember_entries(struct layout *layout);
void layout_forget_formers(struct layout *layout);

/* The output that stands for a scanout: of several that show it, the first with a monitor. NULL:
 * there is none. */
const struct entry *layout_find_scanout(const struct layout *layout, const struct guest *guest,
	uint32_t scanout);

/* All entries of guests: the outputs' own, then layers. NULL begins, and is the end. */
struct entry *layout_next_entry(struct layout *layout, struct entry *entry);

/* A panel that its maker has mounted turned shows upright pictures, unless a section says
 * otherwise. */
enum kms_transform layout_choose_transform(const struct layout_output *section,
	const struct kms_output *output);

/* The mode of the output as the guest is told it: of a turned one with its sides exchanged. */
struct kms_mode_info layout_told_mode(const struct entry *entry);
/* Millimetres of the output, or of what a layer has of it, as its viewer sees it: turned. */
void layout_physical_size(const struct entry *entry, uint32_t *width_mm, uint32_t *height_mm);

/* The guest uses the scanout: it is lit, if it was not. */
void layout_note_use(struct member *member, uint32_t scanout);

struct member *layout_find_member(struct layout *layout, const struct guest *guest);

/* The output as the resolution knows it, but for its card. (layout_cards.c, as the next two) */
struct layout_connector layout_describe(const struct kms_output *output);
/* layout_means() of an output. */
bool layout_section_means(const struct layout *layout, const struct layout_output *section,
	const struct layout_ref *ref);
/* A section takes it for connected, whatever the kernel says. */
bool layout_is_forced(const struct layout *layout, const struct layout_ref *ref);

/* Asks each card for what is to be lit now, if that is not so already. (layout_configure.c) */
void layout_configure_cards(struct layout *layout);

/* Nothing is to be lit there now. */
bool layout_is_off(const struct entry *entry);
/* Off, as the picture that was there is to stay, and would not if the output was lit: the kernel
 * knows of none. */
bool layout_is_left_alone(const struct entry *entry);

/* It is one of the hours at which the section has its output on; NULL: they all are.
 * (layout_hours.c) */
bool layout_in_hours(const struct layout *layout, const struct layout_output *section);
void layout_hours_init(struct layout *layout);
void layout_hours_finish(struct layout *layout);

/* Takes NULL. */
void layout_close_view(struct layout *layout, struct view *view);

/* Before anything else; after the members. (layout_sections.c) */
void layout_sections_init(struct layout *layout, const struct layout_options *options);
void layout_sections_finish(struct layout *layout);
/* The sections that are to be applied now: of another layout, where the monitors call for it.
 * Entries and the like refer to those before it until layout_sections_applied(). */
void layout_sections_choose(struct layout *layout);
void layout_sections_applied(struct layout *layout);
/* Asks for the sections anew, and applies them. (layout.c) */
void layout_update(struct layout *layout);
/* A section of any layout shows the guest; `scanout` -1: any of its scanouts. */
bool layout_is_named(const struct layout *layout, const struct guest *guest, int scanout);
/* So does a layer. */
bool layout_is_layered(const struct layout *layout, const struct guest *guest);
/* A section or a layer of any layout has this PNG. */
bool layout_sections_show_file(const struct layout *layout, const char *path);
/* PNGs that neither the configuration names any more nor an output shows are let go.
 * (layout_placeholder.c) */
void layout_keep_pictures(struct layout *layout);
/* A picture of a section, so that it is there when it is to be shown. */
void layout_begin_to_read(struct layout *layout, const struct picture_spec *spec);

/* (layout_layers.c) */
/* The sections that count now, which are layout_sections.c's, with the strings of their own. */
void layout_layers_sort(struct layout_layer *sections, size_t count);
/* They are others: what is the same refers to them. What is not refers to the former ones until
 * layout_layers_update() has closed it. */
void layout_layers_refer(struct layout *layout);
/* Opens and closes what has to be; true: there was something. */
bool layout_layers_update(struct layout *layout);
/* The output's own view is about to go; NULL: all are. */
void layout_layers_close_on(struct layout *layout, const struct view *below);
/* An output is to show what a layer shows, too, which has all the views that it can have: layers
 * are closed. False: there is none. */
bool layout_layers_give_room(struct layout *layout, const struct entry *entry);
/* The guest's scanout can be shown in one more place. */
bool layout_has_room(const struct layout *layout, const struct member *member, uint32_t scanout);
/* Its mode may be another; its views are told of that afterwards. */
void layout_layers_resized(struct layout *layout, const struct kms_output *output);
void layout_layers_say(struct layout *layout);
bool layout_has_layers(const struct layout *layout, const struct kms_output *output);

/* What becomes of the outputs. (layout_say.c) */
void layout_say_entries(struct layout *layout);
/* `names` is borrowed: a remark where no output of the cards is called so. */
void layout_remark_absent(const struct layout *layout, GPtrArray *remarks, GLogLevelFlags level,
	const char *names, const char *consequence);
/* The same of all layers of the layout in force, and of all regions. */
void layout_remark_absences(const struct layout *layout, GPtrArray *remarks);
/* What holds is said once; what no longer holds may be said again. */
void layout_say_remarks(struct layout *layout, const GPtrArray *remarks);

/* Asks the cards for what is to be lit now, and says what has changed; the views stay. */
void layout_relight(struct layout *layout);

/* Listens to the guest's sources: what is dark for off-after is unlit. (layout_dark.c) */
void layout_dark_init(struct member *member);
void layout_dark_finish(struct member *member);

/* Its guest has no such scanout, or does not use it so far, and the output has a picture for
 * that. (layout_placeholder.c) */
bool layout_has_picture(const struct entry *entry);

/* The output is about to be an entry's. (layout_vacant.c) */
void layout_vacant_give(struct layout *layout, const struct kms_output *output);
/* The entries are as they will be: which outputs are vacant now? */
void layout_vacant_update(struct layout *layout);
void layout_vacant_say(struct layout *layout);
void layout_vacant_close(struct layout *layout);
/* Those on this card alone. */
void layout_vacant_close_card(struct layout *layout, uint32_t card);

/* Shows what is due on the output of a guest that shows nothing; does nothing where it does.
 * (layout_placeholder.c) */
void layout_place(struct entry *entry);
/* source_listener.picture, .unshowable, .left */
void layout_picture_changed(struct screen *screen, bool there);
void layout_picture_unshowable(struct screen *screen);
void layout_picture_left(struct screen *screen, const struct view *view, bool left);
/* What was there before us stays until there is a picture, if `spec` is the first to be shown. */
bool layout_keeps_picture(const struct picture_spec *spec, const struct placeholder *placeholder);
/* What is shown there, if its guest shows nothing. */
const struct picture_spec *layout_spec(const struct entry *entry);
/* kms_output_request.paint, of all outputs; `data` is the layout. */
void layout_paint(void *data, struct kms_output *output, struct kms_buffer *buffer);
/* Before the card is asked, at the start: gives pictures a while to be there. */
void layout_await_pictures(struct layout *layout);
/* After the members. `font`: layout_options.font. */
void layout_placeholder_init(struct layout *layout, const char *font);

/*
 * Who is alive is looked at again, in a turn of its own: something of it may be another. Where
 * nobody need prove it, nothing. (layout_alive.c)
 */
void layout_alive_kick(struct layout *layout);
/* The entry's view, which is about to get its source, is covered instead. */
bool layout_alive_withholds(struct entry *entry);
/* guest_display.hidden: what a guest shows where it shows nothing is in the place of its pictures. */
void layout_alive_hide(struct member *member, bool hidden);
/* kms_listener.presented */
void layout_alive_presented(const struct entry *entry, uint64_t serial, int64_t time_us);
/* source_listener.frame */
void layout_alive_frame(struct screen *screen, const struct kms_rect *rect);
/* After the members, and before them. */
void layout_alive_init(struct layout *layout);
void layout_alive_finish(struct layout *layout);

/* Reads a region, if the time has come for one. When it must be called again; ALIVE_NEVER.
 * (layout_region.c) */
int64_t layout_region_look(struct layout *layout, int64_t now_us);
/* layout_remark_absent() */
void layout_region_remark(const struct layout *layout, GPtrArray *remarks);
/* What could not be read for want of a flip is read. */
void layout_region_presented(struct layout *layout, const struct kms_output *output);
/* Memory to read a rectangle into; of the owner. Finishing takes zeroed memory. It is ready unless
 * there is no memory just now: to be asked before each use. */
void layout_target_init(struct copy_target *target, const struct kms_rect *rectangle);
bool layout_target_ready(struct copy_target *target);
void layout_target_finish(struct copy_target *target);
/* For which the entry's picture is to be covered, or NULL. */
const struct region *layout_region_bad(const struct entry *entry);
void layout_region_init(struct layout *layout, const struct region_options *regions, size_t count);
void layout_region_finish(struct layout *layout);

/* The source of the entry's scanout. */
struct source *layout_source(const struct entry *entry);

/* What guests ask; `data` is their struct member. (layout_display.c) */
extern const struct guest_display layout_guest_display;
/* What it would be answered: `info` comes zeroed but for its header; the EDID's bytes, at most
 * VIRTIO_GPU_EDID_MAX. */
void layout_display_info(struct member *member, struct virtio_gpu_resp_display_info *info);
size_t layout_display_edid(struct member *member, uint32_t scanout, uint8_t *edid);
void layout_display_finish(struct member *member);

/* The guest was answered so. (layout_told.c) */
void layout_told_info(struct member *member, const struct virtio_gpu_resp_display_info *info);
void layout_told_edid(struct member *member, uint32_t scanout, const uint8_t *edid, size_t size);
/* The answers may be others now. */
void layout_told_check(struct layout *layout);
/* The guest is gone, or begins again: what it was answered, the next one has not heard. */
void layout_told_forget(struct member *member);
/* Bit i: scanout i is to be answered as gone for the moment. */
uint32_t layout_told_swapped(const struct member *member);
/* layout_set_reachable() */
bool layout_told_reachable(const struct member *member);
void layout_told_init(struct member *member);
void layout_told_finish(struct member *member);

#endif
