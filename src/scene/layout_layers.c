/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers above what outputs show: each is an entry with a view that lies above the output's own,
 * wherever one of its section's outputs has such a view. Called by layout.c, after the entries and
 * the vacant outputs are as they will be, before one of their views goes, and when an output's mode
 * may be another.
 */
#include <string.h>

#include "log.h"
#include "scene/layout_internal.h"

/* ---- where ---- */

/* The output's own view; NULL: it has none. */
static struct view *view_on(const struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].output == output)
			return layout->entries[i].view;
	}
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (layout->vacants[i].output == output)
			return layout->vacants[i].view;
	}
	return NULL;
}

/* Of the outputs that are called so the first with a monitor, else the first. */
static struct view *find_named(const struct layout *layout, const char *name, size_t length)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t count = layout_list_outputs(layout, refs);
	struct view *found = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct layout_connector connector = layout_describe(refs[i].output);
		struct view *view = NULL;

		if (layout_is_called(&connector, name, length))
			view = view_on(layout, refs[i].output);
		if (view && connector.connected)
			return view;
		if (!found)
			found = view;
	}
	return found;
}

/* As an output's section takes them: by the order of the list the first with a monitor, else the
 * first. */
static struct view *find_below(const struct layout *layout, const struct layout_layer *section)
{
	const char *rest = section->output;
	const char *name;
	size_t length;
	struct view *found = NULL;

	while (layout_next_name(&rest, &name, &length)) {
		struct view *view = find_named(layout, name, length);

		if (view && kms_output_connected(view_output(view)))
			return view;
		if (!found)
			found = view;
	}
	return found;
}

/* Of what lies beyond the screen's edges there is nothing; empty: nothing of it is left. */
static struct kms_rect area_on(const struct layout_layer *section, const struct view *below)
{
	struct kms_rect screen = {0};
	struct kms_rect area = {section->x, section->y, section->width, section->height};
	uint32_t width, height;

	view_screen_size(below, &width, &height);
	screen.width = (int32_t)width;
	screen.height = (int32_t)height;
	if (section->width == 0) {
		area.width = screen.width - MIN(area.x, screen.width);
		area.height = screen.height - MIN(area.y, screen.height);
	}
	return rect_intersect(&area, &screen);
}

bool layout_has_layers(const struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->layer_count; i++) {
		if (layout->layers[i].output == output)
			return true;
	}
	return false;
}

/* The entry's view has a place at this source. */
static bool takes_place(const struct entry *entry, const struct member *member, uint32_t scanout)
{
	return entry->view && !entry->covered && entry->member == member &&
		entry->scanout == scanout;
}

bool layout_has_room(const struct layout *layout, const struct member *member, uint32_t scanout)
{
	size_t places = 0;

	for (size_t i = 0; i < layout->count; i++)
		places += takes_place(&layout->entries[i], member, scanout);
	for (size_t i = 0; i < layout->layer_count; i++)
		places += takes_place(&layout->layers[i], member, scanout);
	return places < GUEST_VIEWS_MAX;
}

/* ---- they come and go ---- */

static void close_layer(struct layout *layout, struct entry *entry)
{
	if (entry->member && !entry->covered)
		source_remove_view(guest_source(entry->member->options.guest, entry->scanout),
			entry->view);
	placeholder_end(entry->placeholder);
	layout_close_view(layout, entry->view);
	placeholder_destroy(entry->placeholder);
	g_free(entry->said);
	*entry = (struct entry){0};
}

void layout_layers_close_on(struct layout *layout, const struct view *below)
{
	for (size_t i = layout->layer_count; i-- > 0;) {
		struct entry gone = layout->layers[i];

		if (below && gone.below != below)
			continue;
		/* None of them is to be found while it goes. */
		layout->layer_count--;
		memmove(&layout->layers[i], &layout->layers[i + 1],
			(layout->layer_count - i) * sizeof(layout->layers[0]));
		close_layer(layout, &gone);
	}
}

bool layout_layers_give_room(struct layout *layout, const struct entry *entry)
{
	for (size_t i = layout->layer_count; i-- > 0;) {
		const struct entry *layer = &layout->layers[i];

		if (layer->member != entry->member || layer->scanout != entry->scanout)
			continue;
		layout_layers_close_on(layout, layer->below);
		return true;
	}
	return false;
}

static struct member *find_guest(const struct layout *layout, const char *name)
{
	for (size_t i = 0; name && i < layout->member_count; i++) {
		if (g_str_equal(guest_name(layout->members[i].options.guest), name))
			return &layout->members[i];
	}
	return NULL;
}

static void on_flipped(void *data, struct kms_output *output)
{
	layout_region_presented(data, output);
}

static struct view *make_view(struct layout *layout, const struct layout_layer *section,
	struct view *below)
{
	const struct view_options options = {
		.device = layout->cards[view_card(below)].device,
		.card = view_card(below),
		.output = view_output(below),
		/* A picture that is to have its own size; all others fill their place. */
		.policy = section->width == 0 && section->picture.kind == PICTURE_FILE ? PLACE_NONE
										       : PLACE_FIT,
		.serial = layout->serial,
		.below = below,
		.area = area_on(section, below),
		.opacity = section->opacity,
		.flipped = on_flipped,
		.flipped_data = layout,
	};

	return view_create(&options);
}

/* Its source has a place for it. */
static void open_layer(struct layout *layout, const struct layout_layer *section,
	struct view *below)
{
	struct entry *entry = &layout->layers[layout->layer_count++];
	char *lines[] = {(char *)(uintptr_t)section->name, NULL};

	*entry = (struct entry){
		.output = view_output(below),
		.card = view_card(below),
		.member = find_guest(layout, section->guest),
		.scanout = (uint32_t)section->scanout,
		.layer = section,
		.below = below,
		.policy = PLACE_FIT,
		.transform = view_transform(below),
		.lit = true,
		.view = make_view(layout, section, below),
	};
	entry->placeholder = placeholder_create(entry->view, layout->pictures);
	if (!entry->member) {
		placeholder_show(entry->placeholder, &section->picture, lines);
		return;
	}
	if (!layout_alive_withholds(entry))
		g_warn_if_fail(source_add_view(layout_source(entry), entry->view));
	layout_place(entry);
}

/* ---- which of them ---- */

struct wanted {
	const struct layout_layer *section;
	struct view *below;
};

static size_t count_below(const struct wanted *wanted, size_t count, const struct view *below)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += wanted[i].below == below;
	return found;
}

static size_t find_wanted(const struct layout *layout, struct wanted *wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->layer_section_count; i++) {
		const struct layout_layer *section = &layout->layer_sections[i];
		struct view *below = find_below(layout, section);
		struct kms_rect area;

		/* A guest that is new in the configuration is there from the next start on. */
		if (section->guest && !find_guest(layout, section->guest))
			continue;
		if (!below || count_below(wanted, count, below) == VIEW_LAYERS_MAX)
			continue;
		area = area_on(section, below);
		if (!rect_empty(&area))
			wanted[count++] = (struct wanted){section, below};
	}
	return count;
}

static bool is_as_wanted(const struct entry *entry, const struct wanted *wanted)
{
	return entry->layer == wanted->section && entry->below == wanted->below &&
		entry->transform == view_transform(wanted->below);
}

static bool is_open(const struct layout *layout, const struct wanted *wanted)
{
	for (size_t i = 0; i < layout->layer_count; i++) {
		if (is_as_wanted(&layout->layers[i], wanted))
			return true;
	}
	return false;
}

/* Its guest's scanout is shown in as many places as it can be, and this is none of them. */
static bool is_left_out(const struct layout *layout, const struct wanted *wanted)
{
	const struct member *member = find_guest(layout, wanted->section->guest);

	return member && !is_open(layout, wanted) &&
		!layout_has_room(layout, member, (uint32_t)wanted->section->scanout);
}

/* From `next` on, the first that is to be open on this output. */
static size_t next_wanted(const struct layout *layout, const struct view *below,
	const struct wanted *wanted, size_t count, size_t next)
{
	while (next < count && (wanted[next].below != below || is_left_out(layout, &wanted[next])))
		next++;
	return next;
}

/* The same ones in the same order on this output; what is left out is not missed. */
static bool is_same_on(const struct layout *layout, const struct view *below,
	const struct wanted *wanted, size_t count)
{
	size_t next = 0;

	for (size_t i = 0; i < layout->layer_count; i++) {
		if (layout->layers[i].below != below)
			continue;
		next = next_wanted(layout, below, wanted, count, next);
		if (next == count || !is_as_wanted(&layout->layers[i], &wanted[next++]))
			return false;
	}
	return next_wanted(layout, below, wanted, count, next) == count;
}

/* Those of an output all go where one of them is another: they lie above each other in the order in
 * which they are made. */
static bool close_others(struct layout *layout, const struct wanted *wanted, size_t count)
{
	bool changed = false;

	for (size_t i = 0; i < layout->layer_count;) {
		const struct view *below = layout->layers[i].below;

		if (is_same_on(layout, below, wanted, count)) {
			i++;
			continue;
		}
		layout_layers_close_on(layout, below);
		changed = true;
		i = 0;
	}
	return changed;
}

/* Once, for as long as it is so. */
static void say_left_out(struct layout *layout, const struct wanted *wanted)
{
	const struct layout_layer *section = wanted->section;
	bool *said = &layout->left_out[section - layout->layer_sections];

	if (!*said)
		log_output(G_LOG_LEVEL_WARNING, kms_output_name(view_output(wanted->below)),
			"layer %s is left out: scanout %d of guest %s is shown in too many places",
			section->name, section->scanout, section->guest);
	*said = true;
}

static void place_layers(struct layout *layout)
{
	for (size_t i = 0; i < layout->layer_count; i++) {
		struct entry *entry = &layout->layers[i];
		const struct kms_rect area = area_on(entry->layer, entry->below);

		if (!rect_empty(&area))
			view_set_area(entry->view, &area);
	}
}

bool layout_layers_update(struct layout *layout)
{
	struct wanted wanted[LAYOUT_LAYERS_MAX];
	size_t count = find_wanted(layout, wanted);
	bool changed = close_others(layout, wanted, count);

	for (size_t i = 0; i < count; i++) {
		if (is_left_out(layout, &wanted[i])) {
			say_left_out(layout, &wanted[i]);
			continue;
		}
		layout->left_out[wanted[i].section - layout->layer_sections] = false;
		if (is_open(layout, &wanted[i]))
			continue;
		open_layer(layout, wanted[i].section, wanted[i].below);
		changed = true;
	}
	place_layers(layout);
	return changed;
}

void layout_layers_resized(struct layout *layout, const struct kms_output *output)
{
	place_layers(layout);
	for (size_t i = 0; i < layout->layer_count; i++) {
		if (layout->layers[i].output == output)
			placeholder_resized(layout->layers[i].placeholder);
	}
}

/* ---- what is said ---- */

void layout_layers_say(struct layout *layout)
{
	for (size_t i = 0; i < layout->layer_count; i++) {
		struct entry *entry = &layout->layers[i];
		const struct layout_layer *section = entry->layer;
		g_autofree char *what = entry->member
			? g_strdup_printf("scanout %u of guest %s", entry->scanout, section->guest)
			: g_strdup("its picture");
		uint32_t width, height;
		char *line;

		view_screen_size(entry->view, &width, &height);
		line = g_strdup_printf("layer %s: %ux%u at %d,%d, for %s", section->name, width,
			height, section->x, section->y, what);
		if (g_strcmp0(line, entry->said) != 0)
			log_output(G_LOG_LEVEL_INFO, kms_output_name(entry->output), "%s", line);
		g_free(entry->said);
		entry->said = line;
	}
}

/* ---- sections ---- */

static int compare_heights(const void *a, const void *b, void *data)
{
	const struct layout_layer *first = a;
	const struct layout_layer *second = b;

	return first->z < second->z ? -1 : first->z > second->z;
}

void layout_layers_sort(struct layout_layer *sections, size_t count)
{
	/* Of one height in the order of the configuration. */
	g_qsort_with_data(sections, (gint)count, sizeof(*sections), compare_heights, NULL);
}

static bool is_same_section(const struct layout_layer *a, const struct layout_layer *b)
{
	return g_str_equal(a->name, b->name) && g_str_equal(a->output, b->output) &&
		g_strcmp0(a->guest, b->guest) == 0 && a->scanout == b->scanout &&
		picture_spec_equal(&a->picture, &b->picture) && a->x == b->x && a->y == b->y &&
		a->width == b->width && a->height == b->height && a->opacity == b->opacity;
}

void layout_layers_refer(struct layout *layout)
{
	memset(layout->left_out, 0, sizeof(layout->left_out));
	for (size_t i = 0; i < layout->layer_count; i++) {
		struct entry *entry = &layout->layers[i];

		for (size_t j = 0; j < layout->layer_section_count; j++) {
			if (!is_same_section(entry->layer, &layout->layer_sections[j]))
				continue;
			entry->layer = &layout->layer_sections[j];
			break;
		}
	}
}
