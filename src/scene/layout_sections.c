/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of the configuration, and those of them that count now: of the layout that is in
 * force, chosen by the monitors that there are, by a person, or by the configuration. Called by
 * layout.c before each resolution, and from above where another layout or other sections are
 * wanted.
 *
 * Who shows something by a section refers to it. Where other sections take the place of those, they
 * are known again by their names, and the former ones stay until all is applied.
 */
#include "log.h"
#include "scene/layout_internal.h"

struct layout_arrangement {
	struct layout_output *sections; /* of all layouts; the strings are its own */
	size_t section_count;
	struct layout_layer *layers; /* the same */
	size_t layer_count;
	struct layout_named *named; /* the strings are its own */
	size_t named_count;
	char *chosen; /* layout_options.chosen */
	size_t in_force; /* LAYOUT_NONE: there are no layouts */
	enum layout_reason reason;
	bool ruled; /* the monitors were asked, and called for … */
	size_t rule; /* … this one; LAYOUT_NONE: for none */
	bool stale; /* layout->sections, layer_sections are not those of the layout in force */
	/* Those before, until the present ones are applied; NULL: there are none. */
	struct layout_output *former;
	size_t former_count;
	struct layout_layer *former_layers;
	size_t former_layer_count;
};

static void free_text(const char *text)
{
	g_free((char *)(uintptr_t)text);
}

/* ---- sections ---- */

static struct layout_output copy_section(const struct layout_output *section)
{
	struct layout_output copy = *section;

	copy.name = g_strdup(section->name);
	copy.layouts = g_strdup(section->layouts);
	copy.guest = g_strdup(section->guest);
	copy.mode = g_strdup(section->mode);
	copy.picture = picture_spec_copy(&section->picture);
	return copy;
}

static void free_sections(struct layout_output *sections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free_text(sections[i].name);
		free_text(sections[i].layouts);
		free_text(sections[i].guest);
		free_text(sections[i].mode);
		picture_spec_clear(&sections[i].picture);
	}
	g_free(sections);
}

static struct layout_layer copy_layer(const struct layout_layer *section)
{
	struct layout_layer copy = *section;

	copy.name = g_strdup(section->name);
	copy.layouts = g_strdup(section->layouts);
	copy.output = g_strdup(section->output);
	copy.guest = g_strdup(section->guest);
	copy.picture = picture_spec_copy(&section->picture);
	return copy;
}

static void free_layers(struct layout_layer *sections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free_text(sections[i].name);
		free_text(sections[i].layouts);
		free_text(sections[i].output);
		free_text(sections[i].guest);
		picture_spec_clear(&sections[i].picture);
	}
	g_free(sections);
}

static const char *name_of(const struct layout_arrangement *arrangement, size_t index)
{
	return index == LAYOUT_NONE ? NULL : arrangement->named[index].name;
}

static size_t find_named(const struct layout_arrangement *arrangement, const char *name)
{
	for (size_t i = 0; name && i < arrangement->named_count; i++) {
		if (g_str_equal(arrangement->named[i].name, name))
			return i;
	}
	return LAYOUT_NONE;
}

/* ---- other sections take the place ---- */

/* Of one name there is one in a layout. NULL: there is none. */
static const struct layout_output *find_again(const struct layout *layout,
	const struct layout_output *former)
{
	for (size_t i = 0; former && i < layout->section_count; i++) {
		if (g_str_equal(layout->sections[i].name, former->name))
			return &layout->sections[i];
	}
	return NULL;
}

static bool looks_the_same(const struct layout_output *a, const struct layout_output *b)
{
	return a && b && a->policy == b->policy && a->transform == b->transform &&
		a->background == b->background && picture_spec_equal(&a->picture, &b->picture);
}

static void refer_to_present(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		layout->entries[i].section = find_again(layout, layout->entries[i].section);
	for (size_t i = 0; i < layout->former_count; i++)
		layout->formers[i].section = find_again(layout, layout->formers[i].section);
	for (size_t i = 0; i < layout->vacant_count; i++) {
		struct vacant *vacant = &layout->vacants[i];
		const struct layout_output *present = find_again(layout, vacant->section);

		/* One that shows something else begins anew. */
		vacant->section = looks_the_same(vacant->section, present) ? present : NULL;
	}
}

static void take_layers(struct layout *layout, const char *name)
{
	struct layout_arrangement *arrangement = layout->arrangement;

	arrangement->former_layers = layout->layer_sections;
	arrangement->former_layer_count = layout->layer_section_count;
	layout->layer_sections = g_new0(struct layout_layer, arrangement->layer_count);
	layout->layer_section_count = 0;
	for (size_t i = 0; i < arrangement->layer_count; i++) {
		if (layout_counts(arrangement->layers[i].layouts, name))
			layout->layer_sections[layout->layer_section_count++] = copy_layer(
				&arrangement->layers[i]);
	}
	layout_layers_sort(layout->layer_sections, layout->layer_section_count);
	layout_layers_refer(layout);
}

static void take_sections(struct layout *layout)
{
	struct layout_arrangement *arrangement = layout->arrangement;
	const char *name = name_of(arrangement, arrangement->in_force);

	g_warn_if_fail(!arrangement->former);
	arrangement->former = layout->sections;
	arrangement->former_count = layout->section_count;
	layout->sections = g_new0(struct layout_output, arrangement->section_count);
	layout->section_count = 0;
	for (size_t i = 0; i < arrangement->section_count; i++) {
		const struct layout_output *section = &arrangement->sections[i];

		if (layout_counts(section->layouts, name))
			layout->sections[layout->section_count++] = copy_section(section);
	}
	take_layers(layout, name);
	arrangement->stale = false;
	refer_to_present(layout);
	layout_hours_finish(layout);
	layout_hours_init(layout);
}

void layout_sections_applied(struct layout *layout)
{
	struct layout_arrangement *arrangement = layout->arrangement;

	free_sections(arrangement->former, arrangement->former_count);
	free_layers(arrangement->former_layers, arrangement->former_layer_count);
	arrangement->former = NULL;
	arrangement->former_count = 0;
	arrangement->former_layers = NULL;
	arrangement->former_layer_count = 0;
}

/* ---- which layout ---- */

static void set_in_force(struct layout_arrangement *arrangement, size_t index,
	enum layout_reason reason)
{
	static const char *const why[] = {
		[LAYOUT_FIRST] = "no other is called for",
		[LAYOUT_WHEN] = "the outputs of its when= have monitors",
		[LAYOUT_CONFIGURED] = "so says layout= in [daemon]",
		[LAYOUT_KEY] = "its key was pressed",
	};

	if (index != arrangement->in_force)
		log_daemon(G_LOG_LEVEL_INFO, "layout %s is in force: %s",
			name_of(arrangement, index), why[reason]);
	arrangement->stale |= index != arrangement->in_force;
	arrangement->in_force = index;
	arrangement->reason = reason;
}

static size_t ask_rule(const struct layout *layout)
{
	const struct layout_arrangement *arrangement = layout->arrangement;
	struct layout_connector connectors[LAYOUT_OUTPUTS_MAX];
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t count = layout_list_outputs(layout, refs);

	for (size_t i = 0; i < count; i++) {
		connectors[i] = layout_describe(refs[i].output);
		connectors[i].connected = kms_output_detected(refs[i].output);
	}
	return layout_rule(arrangement->named, arrangement->named_count, connectors, count);
}

static void follow(struct layout_arrangement *arrangement, size_t rule)
{
	if (rule != LAYOUT_NONE)
		set_in_force(arrangement, rule,
			arrangement->named[rule].when ? LAYOUT_WHEN : LAYOUT_FIRST);
}

/* What a person chose holds until the monitors call for another one than they did then. */
static void ask_monitors(struct layout *layout)
{
	struct layout_arrangement *arrangement = layout->arrangement;
	size_t rule = ask_rule(layout);
	bool chosen = arrangement->reason == LAYOUT_CONFIGURED || arrangement->reason == LAYOUT_KEY;

	if (arrangement->ruled ? rule != arrangement->rule : !chosen)
		follow(arrangement, rule);
	arrangement->ruled = true;
	arrangement->rule = rule;
}

void layout_sections_choose(struct layout *layout)
{
	if (layout_has_card(layout) && layout->arrangement->named_count > 0)
		ask_monitors(layout);
	if (layout->arrangement->stale)
		take_sections(layout);
}

/* Before the monitors are known. */
static void begin(struct layout *layout)
{
	struct layout_arrangement *arrangement = layout->arrangement;
	size_t index = find_named(arrangement, arrangement->chosen);

	arrangement->ruled = false;
	if (index != LAYOUT_NONE) {
		set_in_force(arrangement, index, LAYOUT_CONFIGURED);
		return;
	}
	index = layout_rule(arrangement->named, arrangement->named_count, NULL, 0);
	set_in_force(arrangement, index == LAYOUT_NONE ? 0 : index, LAYOUT_FIRST);
}

bool layout_use(struct layout *layout, const char *name, enum layout_reason reason)
{
	size_t index = find_named(layout->arrangement, name);

	if (index == LAYOUT_NONE)
		return false;
	set_in_force(layout->arrangement, index, reason);
	layout_update(layout);
	return true;
}

const char *layout_name_at(const struct layout *layout, size_t index)
{
	return index < layout->arrangement->named_count ? layout->arrangement->named[index].name
							: NULL;
}

const char *layout_in_force(const struct layout *layout, enum layout_reason *reason)
{
	*reason = layout->arrangement->reason;
	return name_of(layout->arrangement, layout->arrangement->in_force);
}

bool layout_is_named(const struct layout *layout, const struct guest *guest, int scanout)
{
	const struct layout_arrangement *arrangement = layout->arrangement;

	for (size_t i = 0; i < arrangement->section_count; i++) {
		const struct layout_output *section = &arrangement->sections[i];

		if (!section->off && g_strcmp0(section->guest, guest_name(guest)) == 0 &&
			(scanout < 0 || section->scanout == scanout))
			return true;
	}
	return false;
}

bool layout_is_layered(const struct layout *layout, const struct guest *guest)
{
	const struct layout_arrangement *arrangement = layout->arrangement;

	for (size_t i = 0; i < arrangement->layer_count; i++) {
		if (g_strcmp0(arrangement->layers[i].guest, guest_name(guest)) == 0)
			return true;
	}
	return false;
}

bool layout_sections_show_file(const struct layout *layout, const char *path)
{
	const struct layout_arrangement *arrangement = layout->arrangement;

	for (size_t i = 0; i < arrangement->section_count; i++) {
		if (g_strcmp0(arrangement->sections[i].picture.path, path) == 0)
			return true;
	}
	for (size_t i = 0; i < arrangement->layer_count; i++) {
		if (g_strcmp0(arrangement->layers[i].picture.path, path) == 0)
			return true;
	}
	return false;
}

/* ---- life ---- */

static struct layout_arrangement *copy_arrangement(const struct layout_options *options)
{
	struct layout_arrangement *arrangement = g_new0(struct layout_arrangement, 1);

	arrangement->sections = g_new0(struct layout_output, options->output_count);
	arrangement->section_count = options->output_count;
	for (size_t i = 0; i < options->output_count; i++)
		arrangement->sections[i] = copy_section(&options->outputs[i]);
	arrangement->layer_count = MIN(options->layer_count, LAYOUT_LAYERS_MAX);
	arrangement->layers = g_new0(struct layout_layer, arrangement->layer_count);
	for (size_t i = 0; i < arrangement->layer_count; i++)
		arrangement->layers[i] = copy_layer(&options->layers[i]);
	arrangement->named = g_new0(struct layout_named, options->named_count);
	arrangement->named_count = options->named_count;
	for (size_t i = 0; i < options->named_count; i++)
		arrangement->named[i] = (struct layout_named){g_strdup(options->named[i].name),
			g_strdup(options->named[i].when)};
	arrangement->chosen = g_strdup(options->chosen);
	arrangement->in_force = LAYOUT_NONE;
	arrangement->stale = true;
	return arrangement;
}

static void free_arrangement(struct layout_arrangement *arrangement)
{
	free_sections(arrangement->sections, arrangement->section_count);
	free_layers(arrangement->layers, arrangement->layer_count);
	for (size_t i = 0; i < arrangement->named_count; i++) {
		free_text(arrangement->named[i].name);
		free_text(arrangement->named[i].when);
	}
	g_free(arrangement->named);
	g_free(arrangement->chosen);
	g_free(arrangement);
}

/* The same layout as before, by its name, where it is still there. */
static void go_on(struct layout *layout, const struct layout_arrangement *before)
{
	struct layout_arrangement *arrangement = layout->arrangement;
	size_t index = find_named(arrangement, name_of(before, before->in_force));
	const char *rule = before->ruled ? name_of(before, before->rule) : NULL;
	bool rechosen = g_strcmp0(arrangement->chosen, before->chosen) != 0;

	if (arrangement->named_count == 0)
		return;
	if (index == LAYOUT_NONE || rechosen) {
		begin(layout);
		return;
	}
	arrangement->in_force = index;
	arrangement->reason = before->reason;
	arrangement->rule = find_named(arrangement, rule);
	arrangement->ruled = before->ruled && (!rule || arrangement->rule != LAYOUT_NONE);
}

void layout_reconfigure(struct layout *layout, const struct layout_options *options)
{
	struct layout_arrangement *before = layout->arrangement;
	/* Entries refer to them until there are others. */
	g_autoptr(GPtrArray) former_modes = g_ptr_array_new_with_free_func(g_free);

	layout->arrangement = copy_arrangement(options);
	go_on(layout, before);
	free_arrangement(before);
	for (size_t i = 0; i < layout->member_count; i++) {
		struct layout_guest *guest = &layout->members[i].options;

		g_ptr_array_add(former_modes, (char *)(uintptr_t)guest->mode);
		guest->mode = g_strdup(options->guests[i].mode);
		guest->policy = options->guests[i].policy;
	}
	for (size_t i = 0; i < layout->arrangement->section_count; i++)
		layout_begin_to_read(layout, &layout->arrangement->sections[i].picture);
	layout_update(layout);
	layout_keep_pictures(layout);
}

void layout_sections_init(struct layout *layout, const struct layout_options *options)
{
	layout->arrangement = copy_arrangement(options);
	if (options->named_count > 0)
		begin(layout);
	take_sections(layout);
	layout_sections_applied(layout);
}

void layout_sections_finish(struct layout *layout)
{
	layout_sections_applied(layout);
	free_sections(layout->sections, layout->section_count);
	free_layers(layout->layer_sections, layout->layer_section_count);
	free_arrangement(layout->arrangement);
}
