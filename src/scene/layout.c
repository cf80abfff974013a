/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolution, applied: an entry is an output that shows something, or would. Entries are found
 * by the output's pointer, of which there are at most KMS_OUTPUTS_MAX a card.
 */
#include "scene/layout.h"

#include <string.h>

#include "log.h"
#include "scene/layout_internal.h"

G_STATIC_ASSERT(LAYOUT_MIRRORS_MAX == GUEST_VIEWS_MAX);

/* ---- what the card reports ---- */

/* NULL: it shows nothing, or not now. */
static const struct entry *find_output(const struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].output == output)
			return layout->entries[i].view ? &layout->entries[i] : NULL;
	}
	return NULL;
}

static struct vacant *find_vacant(struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->vacant_count; i++) {
		if (layout->vacants[i].output == output)
			return &layout->vacants[i];
	}
	return NULL;
}

static struct view *find_vacant_view(struct layout *layout, const struct kms_output *output)
{
	const struct vacant *vacant = find_vacant(layout, output);

	return vacant ? vacant->view : NULL;
}

static struct view *find_view(struct layout *layout, const struct kms_output *output)
{
	const struct entry *entry = find_output(layout, output);

	return entry ? entry->view : find_vacant_view(layout, output);
}

/* The output whose mode was being set may be the one that is awaited. */
static void note_flip(struct layout *layout)
{
	if (layout->awaits_mode)
		layout_alive_kick(layout);
}

static void on_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct layout *layout = data;
	const struct entry *entry = find_output(layout, output);
	struct view *view = entry ? entry->view : find_vacant_view(layout, output);

	if (entry && entry->covered)
		layout_alive_presented(entry, serial, presentation->time_us);
	/* Before the view draws the next one, which may be waited for. */
	if (layout->region_count)
		layout_region_presented(layout, output);
	if (view)
		view_presented(view, serial, presentation);
	note_flip(layout);
}

static void on_idle(void *data, struct kms_output *output)
{
	struct layout *layout = data;
	struct view *view = find_view(layout, output);

	if (view)
		view_resume(view);
	note_flip(layout);
}

static void on_commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct view *view = find_view(data, output);

	if (view)
		view_commit_failed(view, serial, error);
}

static void tell_changed(struct layout *layout)
{
	layout->closed = false;
	if (layout->listener.changed)
		layout->listener.changed(layout->data);
}

/* In another mode other layers can lie on the screen. Some have come or gone. */
static void follow_layers(struct layout *layout)
{
	/* An output that nobody looks at may be off without them. */
	layout_configure_cards(layout);
	layout_layers_say(layout);
	tell_changed(layout);
}

static void on_output_changed(void *data, struct kms_output *output)
{
	struct layout *layout = data;
	bool changed = layout_layers_update(layout);
	const struct entry *entry = find_output(layout, output);
	const struct vacant *vacant = find_vacant(layout, output);

	layout_layers_resized(layout, output);
	if (entry || vacant) {
		view_output_changed(entry ? entry->view : vacant->view);
		placeholder_resized(entry ? entry->placeholder : vacant->placeholder);
	}
	if (changed)
		follow_layers(layout);
	layout_alive_kick(layout);
	layout_told_check(layout);
	if (layout->listener.output_changed)
		layout->listener.output_changed(layout->data);
}

static void on_probed(void *data)
{
	layout_update(data);
}

static void on_device_gone(void *data)
{
	struct layout *layout = data;

	layout->listener.device_gone(layout->data);
}

static const struct kms_listener kms_listener = {
	.presented = on_presented,
	.idle = on_idle,
	.commit_failed = on_commit_failed,
	.output_changed = on_output_changed,
	.probed = on_probed,
	.device_gone = on_device_gone,
};

const struct kms_listener *layout_kms_listener(void)
{
	return &kms_listener;
}

/* ---- the situation ---- */

bool layout_output_is(const struct kms_output *output, const char *names)
{
	const struct layout_connector connector = layout_describe(output);

	return layout_names(names, &connector);
}

/* What guests' screens are without an output from now on: guests can ask as soon as a view goes. */
static void remember_screens(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];

		if (!entry->surplus)
			entry->member->screens[entry->scanout].mode = layout_told_mode(entry);
	}
}

static void resolve(const struct layout *layout, const struct layout_ref *refs, size_t count,
	struct layout_resolution *resolution)
{
	struct layout_connector connectors[LAYOUT_OUTPUTS_MAX];
	g_autofree struct layout_party *parties = g_new0(struct layout_party, layout->member_count);
	const struct layout_situation situation = {
		.sections = layout->sections,
		.section_count = layout->section_count,
		.parties = parties,
		.party_count = layout->member_count,
		.connectors = connectors,
		.connector_count = count,
		.formers = layout->formers,
		.former_count = layout->former_count,
	};

	for (size_t i = 0; i < layout->member_count; i++)
		parties[i] = (struct layout_party){
			.name = guest_name(layout->members[i].options.guest),
			.used = layout->members[i].used,
			.scanouts = layout->members[i].scanouts,
			.named = layout_is_named(layout, layout->members[i].options.guest, -1),
			.layered = layout_is_layered(layout, layout->members[i].options.guest),
		};
	for (size_t i = 0; i < count; i++) {
		connectors[i] = layout_describe(refs[i].output);
		connectors[i].card = refs[i].card;
		connectors[i].connected |= layout_is_forced(layout, &refs[i]);
	}
	layout_resolve(&situation, resolution);
}

/* ---- views come and go ---- */

struct source *layout_source(const struct entry *entry)
{
	return guest_source(entry->member->options.guest, entry->scanout);
}

static struct entry make_entry(struct layout *layout, const struct layout_show *show,
	const struct layout_ref *ref)
{
	struct member *member = &layout->members[show->party];
	const struct layout_output *section = show->section;

	return (struct entry){
		.output = ref->output,
		.card = ref->card,
		.member = member,
		.scanout = show->scanout,
		.section = section,
		.mode = section ? section->mode : member->options.mode,
		.policy = section ? section->policy : member->options.policy,
		.transform = layout_choose_transform(section, ref->output),
		.background = section ? section->background : 0,
		.lit = show->lit,
		.surplus = show->surplus,
	};
}

/* The view has this source no longer. A picture of it does not stay on an output that gets
 * another. */
static void unbind(struct entry *entry, bool black)
{
	if (black)
		view_release(entry->view, true);
	source_remove_view(layout_source(entry), entry->view);
	placeholder_end(entry->placeholder);
}

void layout_close_view(struct layout *layout, struct view *view)
{
	if (view) {
		layout_layers_close_on(layout, view);
		layout->serial = MAX(layout->serial, view_serial(view));
		layout->closed = true;
	}
	view_destroy(view);
}

static void close_entry(struct entry *entry)
{
	if (entry->view)
		unbind(entry, false);
	layout_close_view(entry->member->layout, entry->view);
	placeholder_destroy(entry->placeholder);
	g_free(entry->monitor);
	g_free(entry->said);
	*entry = (struct entry){0};
}

/* Those on the card. None of them is to be found while they go. */
static void close_entries(struct layout *layout, uint32_t card)
{
	struct entry gone[KMS_OUTPUTS_MAX];
	size_t gone_count = 0, count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].card == card)
			gone[gone_count++] = layout->entries[i];
		else
			layout->entries[count++] = layout->entries[i];
	}
	layout->count = count;
	for (size_t i = 0; i < gone_count; i++)
		close_entry(&gone[i]);
}

/* Takes over the view of the output, bound or not: a frame of it may be in flight. */
static void inherit(struct entry *entry, struct entry *olds, size_t old_count, bool *bound)
{
	*bound = false;
	for (size_t i = 0; i < old_count; i++) {
		struct entry *old = &olds[i];

		if (old->output != entry->output)
			continue;
		*bound = old->member == entry->member && old->scanout == entry->scanout &&
			old->policy == entry->policy && old->transform == entry->transform &&
			old->background == entry->background;
		if (!*bound) {
			unbind(old, true);
		} else {
			g_free(entry->said);
			entry->said = g_steal_pointer(&old->said);
			entry->covered = old->covered;
		}
		entry->view = g_steal_pointer(&old->view);
		entry->placeholder = g_steal_pointer(&old->placeholder);
		entry->monitor = g_steal_pointer(&old->monitor);
	}
	if (!kms_output_connected(entry->output))
		return;
	g_free(entry->monitor);
	entry->monitor = g_strdup(kms_output_monitor(entry->output));
}

static void bind_view(struct layout *layout, struct entry *entry)
{
	const struct view_options options = {
		.device = layout->cards[entry->card].device,
		.card = entry->card,
		.output = entry->output,
		.serial = layout->serial,
	};

	if (!entry->view) {
		entry->view = view_create(&options);
		entry->placeholder = placeholder_create(entry->view, layout->pictures);
	}
	view_set_policy(entry->view, entry->policy);
	view_set_transform(entry->view, entry->transform);
	view_set_background(entry->view, entry->background);
	if (layout_alive_withholds(entry))
		return;
	/* The resolution does not give a source more views than it takes; it knows nothing of
	 * layers. */
	while (!source_add_view(layout_source(entry), entry->view)) {
		if (!layout_layers_give_room(layout, entry))
			g_return_if_reached();
	}
}

/*
 * First the old ones go, so that sources have room for those that come. A view that goes can have a
 * guest answered, which then hears about its screens: so the new entries are in their place before.
 */
static bool replace_entries(struct layout *layout, const struct layout_ref *refs,
	const struct layout_resolution *resolution)
{
	struct entry olds[LAYOUT_OUTPUTS_MAX];
	size_t old_count = layout->count;
	bool bound[LAYOUT_OUTPUTS_MAX] = {false};
	bool changed = layout->count != resolution->count;

	memcpy(olds, layout->entries, old_count * sizeof(olds[0]));
	layout->count = resolution->count;
	for (size_t i = 0; i < layout->count; i++) {
		const struct layout_show *show = &resolution->shows[i];

		layout->entries[i] = make_entry(layout, show, &refs[show->connector]);
	}
	/* All are there: a layer that goes with one can have its guest answered, too. */
	for (size_t i = 0; i < layout->count; i++)
		layout_vacant_give(layout, layout->entries[i].output);
	for (size_t i = 0; i < layout->count; i++)
		inherit(&layout->entries[i], olds, old_count, &bound[i]);
	for (size_t i = 0; i < old_count; i++)
		close_entry(&olds[i]);
	for (size_t i = 0; i < layout->count; i++) {
		changed |= !bound[i];
		if (!bound[i])
			bind_view(layout, &layout->entries[i]);
	}
	layout_vacant_update(layout);
	/* Also of those that are used now, or no longer. That can light outputs, so all are
	 * there. */
	for (size_t i = 0; i < layout->count; i++)
		layout_place(&layout->entries[i]);
	return changed;
}

static void apply(struct layout *layout)
{
	struct layout_ref refs[LAYOUT_OUTPUTS_MAX];
	size_t count = layout_list_outputs(layout, refs);
	struct layout_resolution resolution;
	bool changed;

	layout_remember_entries(layout);
	remember_screens(layout);
	resolve(layout, refs, count, &resolution);
	layout->applying = true;
	changed = replace_entries(layout, refs, &resolution);
	changed |= layout_layers_update(layout);
	layout->applying = false;
	changed |= layout->closed;
	layout_alive_kick(layout);
	layout_await_pictures(layout);
	layout_configure_cards(layout);
	layout_remark_absences(layout, resolution.remarks);
	layout_say_remarks(layout, resolution.remarks);
	layout_say_entries(layout);
	layout_vacant_say(layout);
	layout_layers_say(layout);
	layout_resolution_finish(&resolution);
	layout_told_check(layout);
	if (changed)
		tell_changed(layout);
}

void layout_update(struct layout *layout)
{
	if (layout->held)
		return;
	layout_sections_choose(layout);
	if (layout_has_card(layout))
		apply(layout);
	layout_sections_applied(layout);
}

static void forget_device(struct layout *layout, uint32_t card)
{
	layout_remember_entries(layout);
	remember_screens(layout);
	layout->cards[card].device = NULL;
	layout->cards[card].has_predecessor = false;
	close_entries(layout, card);
	layout_vacant_close_card(layout, card);
}

void layout_set_device(struct layout *layout, uint32_t card, struct kms_device *device)
{
	if (!device)
		forget_device(layout, card);
	layout->cards[card].device = device;
	layout->cards[card].request_count = 0;
	layout->cards[card].accepted = false;
	if (!device && layout->listener.changed)
		layout->listener.changed(layout->data);
	layout_update(layout);
}

/* ---- what guests say and do ---- */

const struct entry *layout_find_scanout(const struct layout *layout, const struct guest *guest,
	uint32_t scanout)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < layout->count; i++) {
		const struct entry *entry = &layout->entries[i];

		if (entry->member->options.guest != guest || entry->scanout != scanout ||
			entry->surplus)
			continue;
		if (!found ||
			(!kms_output_connected(found->output) &&
				kms_output_connected(entry->output)))
			found = entry;
	}
	for (size_t i = 0; i < layout->layer_count && !found; i++) {
		const struct entry *entry = &layout->layers[i];

		if (entry->member && entry->member->options.guest == guest &&
			entry->scanout == scanout)
			found = entry;
	}
	return found;
}

struct entry *layout_next_entry(struct layout *layout, struct entry *entry)
{
	struct entry *outputs_end = layout->entries + layout->count;
	struct entry *layers_end = layout->layers + layout->layer_count;

	entry = entry ? entry + 1 : layout->entries;
	if (entry >= layout->entries && entry < outputs_end)
		return entry;
	if (entry == outputs_end)
		entry = layout->layers;
	while (entry < layers_end && !entry->member)
		entry++;
	return entry < layers_end ? entry : NULL;
}

/* From inside of a message of the guest's: the views stay. */
void layout_note_use(struct member *member, uint32_t scanout)
{
	struct layout *layout = member->layout;

	member->used |= 1u << scanout;
	for (size_t i = 0; i < layout->count; i++) {
		struct entry *entry = &layout->entries[i];

		if (entry->member != member || entry->scanout != scanout)
			continue;
		entry->lit = true;
		/* One without a view is being made, and is placed then. */
		if (entry->view)
			layout_place(entry);
	}
	layout_relight(layout);
}

struct member *layout_find_member(struct layout *layout, const struct guest *guest)
{
	for (size_t i = 0; i < layout->member_count; i++) {
		if (layout->members[i].options.guest == guest)
			return &layout->members[i];
	}
	return NULL;
}

void layout_set_scanout_count(struct layout *layout, struct guest *guest, uint32_t count)
{
	struct member *member = layout_find_member(layout, guest);

	if (member->scanouts == count)
		return;
	member->scanouts = count;
	layout_update(layout);
}

/* ---- life ---- */

static void add_member(struct layout *layout, const struct layout_guest *options)
{
	struct member *member = &layout->members[layout->member_count++];

	member->layout = layout;
	member->options = *options;
	member->options.mode = g_strdup(options->mode);
	member->options.before = picture_spec_copy(&options->before);
	member->options.after = picture_spec_copy(&options->after);
	member->options.failed = picture_spec_copy(&options->failed);
	member->options.dead = picture_spec_copy(&options->dead);
	member->lines = g_new0(char *, 2);
	member->lines[0] = g_strdup(guest_name(options->guest));
	guest_set_display(options->guest, &layout_guest_display, member);
	layout_told_init(member);
	layout_dark_init(member);
}

struct layout *layout_create(const struct layout_options *options,
	const struct layout_listener *listener, void *data)
{
	struct layout *layout = g_new0(struct layout, 1);

	layout->listener = *listener;
	layout->data = data;
	layout->card_count = MAX(options->card_count, 1);
	layout->told_period_ms = options->told_period_ms ? options->told_period_ms : 1000;
	layout->told_patience_ms = options->told_patience_ms ? options->told_patience_ms : 5000;
	layout->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	layout->members = g_new0(struct member, options->guest_count);
	for (size_t i = 0; i < options->guest_count; i++)
		add_member(layout, &options->guests[i]);
	layout_sections_init(layout, options);
	layout_placeholder_init(layout, options->font);
	for (size_t i = 0; i < options->output_count; i++)
		layout_begin_to_read(layout, &options->outputs[i].picture);
	layout_region_init(layout, options->regions, options->region_count);
	layout_alive_init(layout);
	return layout;
}

static void free_member(struct member *member)
{
	guest_set_display(member->options.guest, NULL, NULL);
	layout_dark_finish(member);
	layout_told_finish(member);
	layout_display_finish(member);
	/* A frame that had waited can come, and be looked at, as the guest's last view goes. */
	layout_target_finish(&member->part);
	g_free((char *)(uintptr_t)member->options.mode);
	picture_spec_clear(&member->options.before);
	picture_spec_clear(&member->options.after);
	picture_spec_clear(&member->options.failed);
	picture_spec_clear(&member->options.dead);
	g_strfreev(member->lines);
}

void layout_destroy(struct layout *layout)
{
	if (!layout)
		return;
	layout_alive_finish(layout);
	layout_region_finish(layout);
	layout_hours_finish(layout);
	g_clear_handle_id(&layout->predecessor_timer, g_source_remove);
	layout_layers_close_on(layout, NULL);
	for (uint32_t card = 0; card < layout->card_count; card++)
		close_entries(layout, card);
	layout_vacant_close(layout);
	pictures_destroy(layout->pictures);
	layout_forget_formers(layout);
	for (size_t i = 0; i < layout->member_count; i++)
		free_member(&layout->members[i]);
	layout_sections_finish(layout);
	g_hash_table_unref(layout->said);
	/* Last: what a view gave back may have been somebody's first picture. */
	g_clear_handle_id(&layout->first_light, g_source_remove);
	g_free(layout->members);
	g_free(layout);
}
