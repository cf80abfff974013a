/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outputs show where their guest shows nothing: before its first picture, after it has gone,
 * and after it has failed. Called by layout.c when a view gets its source, by the sources, from
 * inside of a guest's message, and by whoever knows how the guest is.
 */
#include "scene/layout_internal.h"
#include "turn.h"

/* At the start the first commit waits so long for what it is to show; then the screen stays as it
 * is until that has come. A PNG of 4K takes about 100 ms. */
#define FIRST_PICTURE_MS 400

/* A guest whose VMM or back-end connects again by itself has done so by then. */
#define PREDECESSOR_S 60

bool layout_has_picture(const struct entry *entry)
{
	return entry->section && entry->section->pictured && (!entry->lit || entry->surplus);
}

const struct picture_spec *layout_spec(const struct entry *entry)
{
	static const struct picture_spec last = {.kind = PICTURE_LAST};
	const struct member *member = entry->member;

	if (layout_has_picture(entry))
		return &entry->section->picture;
	if (member->failed)
		return &member->options.failed;
	if (!member->shown && member->layout->cards[entry->card].has_predecessor)
		return &last;
	return guest_was_shown(member->options.guest) ? &member->options.after
						      : &member->options.before;
}

/* Black, and nothing was ever shown: that is what kms/ lights an output with. */
static bool is_untouched(const struct member *member, const struct picture_spec *spec)
{
	return !member->shown && !member->placed && picture_spec_is_black(spec);
}

/* The output's picture, while its guest does not use it. */
static void place_own(struct entry *entry)
{
	g_autofree char *title = g_strdup("No signal");
	g_autofree char *text = g_strdup_printf("Guest %s does not use %s.",
		guest_name(entry->member->options.guest), kms_output_name(entry->output));
	char *lines[] = {title, text, NULL};

	entry->member->placed = true;
	placeholder_show(entry->placeholder, &entry->section->picture, lines);
}

void layout_place(struct entry *entry)
{
	struct member *member = entry->member;
	struct source *source = guest_source(member->options.guest, entry->scanout);
	const struct picture_spec *spec = layout_spec(entry);

	if (layout_has_picture(entry)) {
		place_own(entry);
		return;
	}
	if (entry->surplus || is_untouched(member, spec) ||
		(source_state(source) != SOURCE_EMPTY && !member->hidden))
		return;
	member->placed = true;
	/* Of a layer black is what lies below it. */
	if (entry->layer && picture_spec_is_black(spec)) {
		placeholder_end(entry->placeholder);
		view_release(entry->view, true);
		return;
	}
	placeholder_show(entry->placeholder, spec, member->lines);
	/* What its guest switched off stays off; but a picture was asked for to be seen. Last,
	 * since an output is lit with what it is to show. */
	if (spec->kind != PICTURE_LAST && !picture_spec_is_black(spec))
		source_light(source);
}

static gboolean end_succession(gpointer data)
{
	struct layout *layout = data;
	struct entry *entry = NULL;

	turn_note();
	layout->predecessor_timer = 0;
	for (uint32_t i = 0; i < layout->card_count; i++)
		layout->cards[i].has_predecessor = false;
	while ((entry = layout_next_entry(layout, entry))) {
		kms_output_forget_cursor(entry->output);
		if (entry->view)
			layout_place(entry);
		/* Nothing is placed there, nor comes, that would end what lies below its layers. */
		if (entry->view && entry->surplus && !entry->layer)
			view_release(entry->view, true);
	}
	return G_SOURCE_REMOVE;
}

void layout_note_predecessor(struct layout *layout, uint32_t card)
{
	layout->cards[card].has_predecessor = true;
	g_clear_handle_id(&layout->predecessor_timer, g_source_remove);
	layout->predecessor_timer = turn_name(
		g_timeout_add_seconds(PREDECESSOR_S, end_succession, layout), "last pictures");
}

static gboolean light_first(gpointer data)
{
	struct layout *layout = data;

	turn_note();
	layout->first_light = 0;
	layout->lighting = true;
	layout_relight(layout);
	layout->lighting = false;
	return G_SOURCE_REMOVE;
}

/* The member shows its first picture, which the views have by then: outputs that were left alone are
 * lit with it. */
static void light_later(struct layout *layout)
{
	if (!layout->first_light)
		layout->first_light = turn_name(
			g_idle_add_full(G_PRIORITY_DEFAULT, light_first, layout, NULL),
			"first light");
}

void layout_picture_changed(struct screen *screen, bool there)
{
	struct member *member = screen->member;
	struct layout *layout = member->layout;
	uint32_t scanout = (uint32_t)(screen - member->screens);
	struct entry *entry = NULL;
	bool first = false;

	/* Nobody sees it. */
	if (there && member->hidden)
		return;
	if (there) {
		first = !member->shown;
		member->shown = true;
		guest_note_shown(member->options.guest);
		member->failed = false;
	} else {
		layout_told_forget(member);
	}
	while ((entry = layout_next_entry(layout, entry))) {
		if (entry->member != member || entry->scanout != scanout || !entry->view)
			continue;
		if (!there)
			layout_place(entry);
		else if (!entry->covered)
			placeholder_end(entry->placeholder);
	}
	if (first)
		light_later(layout);
	layout_alive_kick(layout);
}

void layout_set_status(struct layout *layout, struct guest *guest, bool failed, char *const *lines)
{
	struct member *member = layout_find_member(layout, guest);
	struct entry *entry = NULL;

	member->failed = failed;
	g_strfreev(member->lines);
	member->lines = g_strdupv((char **)lines);
	while ((entry = layout_next_entry(layout, entry))) {
		if (entry->member == member && entry->view)
			layout_place(entry);
	}
	/* It is to be seen, where nothing was lit so far. */
	if (failed && !member->shown)
		layout_relight(layout);
}

/* From each of its frames, until it is told otherwise, or shows one. */
void layout_picture_unshowable(struct screen *screen)
{
	struct guest *guest = screen->member->options.guest;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (screen->member->failed)
		return;
	text = g_strdup_printf("%s\nIts picture cannot be shown\nThe log says why.",
		guest_name(guest));
	lines = g_strsplit(text, "\n", -1);
	layout_set_status(screen->member->layout, guest, true, lines);
}

/* As a guest that has failed; but its last picture would be an old one beside the one that others
 * show. */
static void place_left(struct entry *entry)
{
	const struct member *member = entry->member;
	const struct picture_spec card = {.kind = PICTURE_CARD};
	const struct picture_spec *spec = &member->options.failed;
	g_autofree char *text = g_strdup_printf("%s\nIts picture cannot be shown on %s\n"
						"Other outputs show it. The log says why.",
		guest_name(member->options.guest), kms_output_name(entry->output));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	placeholder_show(entry->placeholder, spec->kind == PICTURE_LAST ? &card : spec, lines);
}

void layout_picture_left(struct screen *screen, const struct view *view, bool left)
{
	struct entry *entry = NULL;

	while ((entry = layout_next_entry(screen->member->layout, entry))) {
		if (entry->view != view)
			continue;
		if (left)
			place_left(entry);
		else
			placeholder_end(entry->placeholder);
	}
}

void layout_reload_pictures(struct layout *layout)
{
	pictures_reload(layout->pictures);
}

static bool is_of_path(const struct picture_spec *spec, const char *path)
{
	return spec->kind == PICTURE_FILE && g_str_equal(spec->path, path);
}

static bool is_of_member(const struct layout_guest *options, const char *path)
{
	return is_of_path(&options->before, path) || is_of_path(&options->after, path) ||
		is_of_path(&options->failed, path) || is_of_path(&options->dead, path);
}

static bool is_on_view(const struct layout *layout, const struct picture_file *file)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].placeholder &&
			placeholder_has_file(layout->entries[i].placeholder, file))
			return true;
	}
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (placeholder_has_file(layout->vacants[i].placeholder, file))
			return true;
	}
	for (size_t i = 0; i < layout->layer_count; i++) {
		if (placeholder_has_file(layout->layers[i].placeholder, file))
			return true;
	}
	return false;
}

static bool is_wanted(const void *data, const struct picture_file *file)
{
	const struct layout *layout = data;
	const char *path = picture_file_path(file);

	for (size_t i = 0; i < layout->member_count; i++) {
		if (is_of_member(&layout->members[i].options, path))
			return true;
	}
	return layout_sections_show_file(layout, path) || is_on_view(layout, file);
}

void layout_keep_pictures(struct layout *layout)
{
	pictures_keep(layout->pictures, is_wanted, layout);
}

/* ---- the first picture of an output ---- */

bool layout_keeps_picture(const struct picture_spec *spec, const struct placeholder *placeholder)
{
	return spec->kind == PICTURE_LAST ||
		(!picture_spec_is_black(spec) && !(placeholder && placeholder_ready(placeholder)));
}

void layout_paint(void *data, struct kms_output *output, struct kms_buffer *buffer)
{
	const struct layout *layout = data;

	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];

		if (entry->output != output || !entry->view)
			continue;
		if (layout->lighting && !entry->covered && !entry->surplus)
			view_paint_source(entry->view, layout_source(entry), buffer);
		else
			view_paint(entry->view, buffer);
	}
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (layout->vacants[i].output == output)
			view_paint(layout->vacants[i].view, buffer);
	}
}

void layout_await_pictures(struct layout *layout)
{
	/* Never with the main loop standing still. */
	if (g_main_depth() == 0)
		pictures_wait(layout->pictures, FIRST_PICTURE_MS);
}

/* ---- pictures that come ---- */

static void on_file_changed(void *data, const struct picture_file *file)
{
	struct layout *layout = data;

	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].placeholder)
			placeholder_file_changed(layout->entries[i].placeholder, file);
	}
	for (size_t i = 0; i < layout->vacant_count; i++)
		placeholder_file_changed(layout->vacants[i].placeholder, file);
	for (size_t i = 0; i < layout->layer_count; i++)
		placeholder_file_changed(layout->layers[i].placeholder, file);
}

static const struct pictures_listener pictures_listener = {.file_changed = on_file_changed};

void layout_begin_to_read(struct layout *layout, const struct picture_spec *spec)
{
	if (spec->kind == PICTURE_FILE)
		pictures_file(layout->pictures, spec->path);
}

void layout_placeholder_init(struct layout *layout, const char *font)
{
	layout->pictures = pictures_create(font, &pictures_listener, layout);
	for (size_t i = 0; i < layout->member_count; i++) {
		const struct layout_guest *guest = &layout->members[i].options;

		layout_begin_to_read(layout, &guest->before);
		layout_begin_to_read(layout, &guest->after);
		layout_begin_to_read(layout, &guest->failed);
		layout_begin_to_read(layout, &guest->dead);
	}
	for (size_t i = 0; i < layout->layer_section_count; i++)
		layout_begin_to_read(layout, &layout->layer_sections[i].picture);
}
