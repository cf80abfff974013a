/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of layout_resolve.h, in their order. "Taken" is a connector that an earlier rule gave to
 * a scanout, or that is off.
 */
#include "scene/layout_resolve.h"

#include <string.h>

#include "vhost_user_gpu.h"

#define NOBODY G_MAXSIZE

struct resolver {
	const struct layout_situation *situation;
	struct layout_resolution *resolution;
	bool taken[LAYOUT_OUTPUTS_MAX];
};

/* ---- names ---- */

bool layout_next_name(const char **rest, const char **name, size_t *length)
{
	while (**rest == ';' || g_ascii_isspace(**rest))
		(*rest)++;
	*name = *rest;
	*length = strcspn(*rest, ";");
	*rest += *length;
	while (*length > 0 && g_ascii_isspace((*name)[*length - 1]))
		(*length)--;
	return *length > 0;
}

static bool is_name(const char *text, const char *name, size_t length)
{
	return text && strlen(text) == length && memcmp(text, name, length) == 0;
}

const char *layout_bare_name(const char *connector)
{
	const char *colon = strrchr(connector, ':');

	return colon ? colon + 1 : connector;
}

/* The connector's own name, with or without its card's. */
static bool is_connector(const struct layout_connector *connector, const char *name, size_t length)
{
	return is_name(connector->name, name, length) ||
		is_name(layout_bare_name(connector->name), name, length);
}

bool layout_is_called(const struct layout_connector *connector, const char *name, size_t length)
{
	return is_connector(connector, name, length) ||
		(connector->connected && kms_monitor_matches(connector->monitor, name, length));
}

bool layout_names(const char *names, const struct layout_connector *connector)
{
	const char *name;
	size_t length;

	while (layout_next_name(&names, &name, &length)) {
		if (layout_is_called(connector, name, length))
			return true;
	}
	return false;
}

bool layout_means(const struct layout_output *section, const struct layout_connector *connector,
	bool first)
{
	const char *rest = section->name;
	const char *name;
	size_t length;

	while (layout_next_name(&rest, &name, &length)) {
		if (is_name(connector->name, name, length))
			return true;
		/* By any other name what is lent is of the first card. */
		if (section->lent && connector->card != 0)
			continue;
		if ((first && is_connector(connector, name, length)) ||
			(connector->connected &&
				kms_monitor_matches(connector->monitor, name, length)))
			return true;
	}
	return false;
}

/* ---- what is known so far ---- */

static const struct layout_connector *connector_of(const struct resolver *resolver, size_t index)
{
	return &resolver->situation->connectors[index];
}

static const struct layout_former *former_of_section(const struct resolver *resolver,
	const struct layout_output *section)
{
	for (size_t i = 0; i < resolver->situation->former_count; i++) {
		if (resolver->situation->formers[i].section == section)
			return &resolver->situation->formers[i];
	}
	return NULL;
}

static size_t find_connector(const struct resolver *resolver, const char *name)
{
	for (size_t i = 0; i < resolver->situation->connector_count; i++) {
		if (g_str_equal(connector_of(resolver, i)->name, name))
			return i;
	}
	return NOBODY;
}

static size_t find_party(const struct resolver *resolver, const char *name)
{
	for (size_t i = 0; i < resolver->situation->party_count; i++) {
		if (g_str_equal(resolver->situation->parties[i].name, name))
			return i;
	}
	return NOBODY;
}

static size_t count_shows(const struct resolver *resolver, size_t party, uint32_t scanout)
{
	size_t count = 0;

	for (size_t i = 0; i < resolver->resolution->count; i++) {
		const struct layout_show *show = &resolver->resolution->shows[i];

		count += show->party == party && show->scanout == scanout;
	}
	return count;
}

/* Of several that show it, the first. */
static const struct layout_show *find_show(const struct resolver *resolver, size_t connector)
{
	for (size_t i = 0; i < resolver->resolution->count; i++) {
		if (resolver->resolution->shows[i].connector == connector)
			return &resolver->resolution->shows[i];
	}
	return NULL;
}

static bool has_shows(const struct resolver *resolver, size_t party)
{
	for (size_t i = 0; i < resolver->resolution->count; i++) {
		if (resolver->resolution->shows[i].party == party)
			return true;
	}
	return false;
}

/* The lowest that no output shows so far; only monitors are asked, so it is the lowest that nobody
 * sees. VHOST_USER_GPU_SCANOUTS where all are seen. */
static uint32_t lowest_unseen(const struct resolver *resolver, size_t party)
{
	uint32_t scanout = 0;

	while (scanout < VHOST_USER_GPU_SCANOUTS && count_shows(resolver, party, scanout) > 0)
		scanout++;
	return scanout;
}

static void add_remark(struct resolver *resolver, GLogLevelFlags level, const char *output,
	const char *guest, char *text)
{
	struct layout_remark *remark = g_new0(struct layout_remark, 1);

	*remark = (struct layout_remark){level, output, guest, text};
	g_ptr_array_add(resolver->resolution->remarks, remark);
}

static void add_show(struct resolver *resolver, size_t connector, size_t party, uint32_t scanout,
	const struct layout_output *section)
{
	const struct layout_party *owner = &resolver->situation->parties[party];
	/* Every device has a scanout 0; whether it has more, nobody may have said. */
	bool known = owner->scanouts > 0 || scanout == 0 || (owner->used & (1u << scanout));

	resolver->resolution->shows[resolver->resolution->count++] = (struct layout_show){
		.connector = connector,
		.party = party,
		.scanout = scanout,
		.section = section,
		.lit = (section && !section->pictured) || known,
		.surplus = owner->scanouts > 0 && scanout >= owner->scanouts,
	};
	resolver->taken[connector] = true;
}

/* ---- rule 1: what no guest is shown on ---- */

/* No card before has a connector of this name. */
static bool is_first(const struct resolver *resolver, size_t index)
{
	const char *name = layout_bare_name(connector_of(resolver, index)->name);

	for (size_t i = 0; i < index; i++) {
		if (g_str_equal(layout_bare_name(connector_of(resolver, i)->name), name))
			return false;
	}
	return true;
}

static void take_off(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t i = 0; i < situation->section_count; i++) {
		const struct layout_output *section = &situation->sections[i];

		for (size_t j = 0;
			(section->off || section->lent) && j < situation->connector_count; j++) {
			if (layout_means(section, connector_of(resolver, j), is_first(resolver, j)))
				resolver->taken[j] = true;
		}
	}
}

/* ---- rule 2: sections ---- */

/* Two cards can each have a connector of one name. */
static void remark_cards(struct resolver *resolver, const struct layout_output *section,
	const char *name, size_t length, size_t chosen)
{
	const struct layout_connector *first = connector_of(resolver, chosen);

	for (size_t i = 0; i < resolver->situation->connector_count; i++) {
		const struct layout_connector *other = connector_of(resolver, i);

		if (i != chosen && is_connector(other, name, length))
			add_remark(resolver, G_LOG_LEVEL_WARNING, section->name, NULL,
				g_strdup_printf(
					"two cards have an output of this name; %s is used, and "
					"not %s: name it with its card",
					first->name, other->name));
	}
}

/* Two monitors can have one name: some makers give all of them the same serial number. */
static void remark_twins(struct resolver *resolver, const struct layout_output *section,
	const char *name, size_t length, size_t chosen)
{
	const struct layout_connector *first = connector_of(resolver, chosen);

	if (is_connector(first, name, length)) {
		remark_cards(resolver, section, name, length, chosen);
		return;
	}
	for (size_t i = 0; i < resolver->situation->connector_count; i++) {
		const struct layout_connector *other = connector_of(resolver, i);

		if (i == chosen || !other->connected ||
			!kms_monitor_matches(other->monitor, name, length))
			continue;
		add_remark(resolver, G_LOG_LEVEL_WARNING, section->name, NULL,
			g_strdup_printf("two monitors have this name; the one on %s is used, and "
					"not the one on %s: say it by the connector",
				first->name, other->name));
	}
}

/* The first with a monitor of the first name that has one, but of two monitors with one name rather
 * the one that the section has. */
static size_t choose_connected(struct resolver *resolver, const struct layout_output *section)
{
	const struct layout_former *former = former_of_section(resolver, section);
	const char *rest = section->name;
	const char *name;
	size_t length;

	while (layout_next_name(&rest, &name, &length)) {
		size_t chosen = NOBODY;

		for (size_t i = 0; i < resolver->situation->connector_count; i++) {
			const struct layout_connector *connector = connector_of(resolver, i);

			if (resolver->taken[i] || !connector->connected ||
				!layout_is_called(connector, name, length))
				continue;
			if (chosen == NOBODY ||
				(former && g_str_equal(former->connector, connector->name)))
				chosen = i;
		}
		if (chosen == NOBODY)
			continue;
		remark_twins(resolver, section, name, length, chosen);
		return chosen;
	}
	return NOBODY;
}

/* Where no monitor is: the connector that it had, else the first of the list that there is. */
static size_t choose_unplugged(const struct resolver *resolver, const struct layout_output *section)
{
	const struct layout_former *former = former_of_section(resolver, section);
	size_t connector = former ? find_connector(resolver, former->connector) : NOBODY;
	const char *rest = section->name;
	const char *name;
	size_t length;

	if (connector != NOBODY && !resolver->taken[connector] &&
		!connector_of(resolver, connector)->connected)
		return connector;
	while (layout_next_name(&rest, &name, &length)) {
		for (size_t i = 0; i < resolver->situation->connector_count; i++) {
			if (!resolver->taken[i] &&
				is_connector(connector_of(resolver, i), name, length))
				return i;
		}
	}
	return NOBODY;
}

/* The scanout of a section that names none. */
static uint32_t scanout_of(const struct layout_situation *situation, size_t index)
{
	uint32_t had = 0;

	for (size_t i = 0; i <= index; i++) {
		const struct layout_output *section = &situation->sections[i];
		uint32_t scanout = section->scanout >= 0 ? (uint32_t)section->scanout : 0;

		if (section->off ||
			g_strcmp0(section->guest, situation->sections[index].guest) != 0)
			continue;
		while (section->scanout < 0 && scanout < VHOST_USER_GPU_SCANOUTS - 1 &&
			(had & (1u << scanout)))
			scanout++;
		if (i == index)
			return scanout;
		had |= 1u << scanout;
	}
	return 0;
}

/* Why a section has nothing with a monitor. */
static void remark_waiting(struct resolver *resolver, const struct layout_output *section)
{
	const struct layout_situation *situation = resolver->situation;
	g_autoptr(GString) there = g_string_new(NULL);
	const struct layout_show *taker = NULL;
	bool known = false;

	for (size_t i = 0; i < situation->connector_count; i++) {
		const struct layout_connector *connector = connector_of(resolver, i);

		g_string_append_printf(there, "%s%s%s", i > 0 ? ", " : "", connector->name,
			connector->connected ? "" : " (no monitor)");
		if (connector->connected && connector->monitor)
			g_string_append_printf(there, " (%s)", connector->monitor);
		if (!layout_names(section->name, connector))
			continue;
		known = true;
		if (!taker && connector->connected)
			taker = find_show(resolver, i);
	}
	if (taker)
		add_remark(resolver, G_LOG_LEVEL_WARNING, section->name, section->guest,
			g_strdup_printf("shows scanout %u of guest %s, so guest %s waits for "
					"another monitor",
				taker->scanout, situation->parties[taker->party].name,
				section->guest));
	else if (known)
		add_remark(resolver, G_LOG_LEVEL_INFO, section->name, section->guest,
			g_strdup_printf("no monitor yet; guest %s waits for one", section->guest));
	else
		add_remark(resolver, G_LOG_LEVEL_MESSAGE, section->name, section->guest,
			g_strdup_printf("no connector or monitor of this name yet; guest %s waits "
					"for it; there are %s",
				section->guest, there->len ? there->str : "none"));
}

static bool shows_a_guest(const struct layout_output *section)
{
	return !section->off && section->guest;
}

static void give_section(struct resolver *resolver, size_t index, size_t connector)
{
	const struct layout_output *section = &resolver->situation->sections[index];
	size_t party = find_party(resolver, section->guest);
	uint32_t scanout = scanout_of(resolver->situation, index);

	if (party == NOBODY || connector == NOBODY)
		return;
	if (count_shows(resolver, party, scanout) < LAYOUT_MIRRORS_MAX) {
		add_show(resolver, connector, party, scanout, section);
		return;
	}
	add_remark(resolver, G_LOG_LEVEL_WARNING, section->name, section->guest,
		g_strdup_printf("scanout %u of guest %s is shown on %d outputs already, which is "
				"as many as can be",
			scanout, section->guest, LAYOUT_MIRRORS_MAX));
}

/* Those with monitors first: a place that is only kept is in nobody's way. */
static void give_sections(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;
	g_autofree bool *waits = g_new0(bool, MAX(situation->section_count, 1));

	for (size_t i = 0; i < situation->section_count; i++) {
		const struct layout_output *section = &situation->sections[i];
		size_t connector;

		if (!shows_a_guest(section))
			continue;
		connector = choose_connected(resolver, section);
		give_section(resolver, i, connector);
		waits[i] = connector == NOBODY;
	}
	for (size_t i = 0; i < situation->section_count; i++) {
		if (waits[i])
			remark_waiting(resolver, &situation->sections[i]);
	}
	for (size_t i = 0; i < situation->section_count; i++) {
		if (waits[i])
			give_section(resolver, i,
				choose_unplugged(resolver, &situation->sections[i]));
	}
}

/* ---- rule 3: guests that no section names ---- */

static bool has_section(const struct resolver *resolver, size_t party)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t i = 0; i < situation->section_count; i++) {
		if (shows_a_guest(&situation->sections[i]) &&
			g_str_equal(situation->sections[i].guest, situation->parties[party].name))
			return true;
	}
	return false;
}

static bool is_of_default_order(const struct resolver *resolver, size_t party)
{
	const struct layout_party *owner = &resolver->situation->parties[party];

	return !owner->named && !owner->layered && !has_section(resolver, party);
}

static void remark_absent(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t party = 0; party < situation->party_count; party++) {
		if (situation->parties[party].named && !situation->parties[party].layered &&
			!has_section(resolver, party))
			add_remark(resolver, G_LOG_LEVEL_INFO, NULL, situation->parties[party].name,
				g_strdup("is not shown in this layout"));
	}
}

/* A section without a guest says how an output looks. */
static const struct layout_output *find_looks(const struct resolver *resolver, size_t connector)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t i = 0; i < situation->section_count; i++) {
		const struct layout_output *section = &situation->sections[i];

		if (!section->off && !section->guest &&
			layout_names(section->name, connector_of(resolver, connector)))
			return section;
	}
	return NULL;
}

static bool may_take(const struct resolver *resolver, size_t connector)
{
	return connector != NOBODY && !resolver->taken[connector];
}

static void give_default(struct resolver *resolver, size_t connector, size_t party,
	uint32_t scanout)
{
	add_show(resolver, connector, party, scanout, find_looks(resolver, connector));
}

/* May the former show be taken up again, as far as the guest is concerned? */
static bool is_open(const struct resolver *resolver, const struct layout_former *former)
{
	return is_of_default_order(resolver, former->party) &&
		count_shows(resolver, former->party, former->scanout) == 0 &&
		(resolver->situation->party_count == 1 || !has_shows(resolver, former->party));
}

/* The monitor that the former show was on, on another connector. */
static size_t follow_monitor(const struct resolver *resolver, const struct layout_former *former)
{
	for (size_t i = 0; former->monitor && i < resolver->situation->connector_count; i++) {
		const struct layout_connector *connector = connector_of(resolver, i);

		if (may_take(resolver, i) && connector->connected &&
			g_strcmp0(connector->monitor, former->monitor) == 0)
			return i;
	}
	return NOBODY;
}

/* What is dark, since nobody uses it, is given out anew: so the only monitor that is left shows the
 * first scanout. */
static void keep_formers(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t i = 0; i < situation->former_count; i++) {
		const struct layout_former *former = &situation->formers[i];
		size_t connector = find_connector(resolver, former->connector);

		if (former->lit && is_open(resolver, former) && may_take(resolver, connector) &&
			connector_of(resolver, connector)->connected)
			give_default(resolver, connector, former->party, former->scanout);
	}
	for (size_t i = 0; i < situation->former_count; i++) {
		const struct layout_former *former = &situation->formers[i];
		size_t connector;

		if (!former->lit || !is_open(resolver, former))
			continue;
		connector = follow_monitor(resolver, former);
		if (connector != NOBODY)
			give_default(resolver, connector, former->party, former->scanout);
	}
}

static size_t next_monitor(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->situation->connector_count; i++) {
		if (may_take(resolver, i) && connector_of(resolver, i)->connected)
			return i;
	}
	return NOBODY;
}

static void give_monitors(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;
	bool alone = situation->party_count == 1;

	for (size_t party = 0; party < situation->party_count; party++) {
		size_t connector;

		if (!is_of_default_order(resolver, party))
			continue;
		while ((alone || !has_shows(resolver, party)) &&
			lowest_unseen(resolver, party) < VHOST_USER_GPU_SCANOUTS &&
			(connector = next_monitor(resolver)) != NOBODY)
			give_default(resolver, connector, party, lowest_unseen(resolver, party));
		if (!has_shows(resolver, party))
			add_remark(resolver, G_LOG_LEVEL_INFO, NULL, situation->parties[party].name,
				g_strdup("waits for a monitor"));
	}
}

/* ---- rule 4: places without a monitor ---- */

static void keep_places(struct resolver *resolver)
{
	const struct layout_situation *situation = resolver->situation;

	for (size_t i = 0; i < situation->former_count; i++) {
		const struct layout_former *former = &situation->formers[i];
		size_t connector = find_connector(resolver, former->connector);

		if (is_open(resolver, former) && may_take(resolver, connector))
			give_default(resolver, connector, former->party, former->scanout);
	}
	/* A guest must be told something when it asks about its screen: the mode that a monitor on
	 * the first connector would have. */
	for (size_t party = 0; party < situation->party_count; party++) {
		for (size_t i = 0; i < situation->connector_count; i++) {
			if (is_of_default_order(resolver, party) && !has_shows(resolver, party) &&
				may_take(resolver, i))
				give_default(resolver, i, party, 0);
		}
	}
}

/* ---- all of them ---- */

static void remark_free(gpointer data)
{
	struct layout_remark *remark = data;

	g_free(remark->text);
	g_free(remark);
}

void layout_resolve(const struct layout_situation *situation, struct layout_resolution *resolution)
{
	struct resolver resolver = {.situation = situation, .resolution = resolution};

	resolution->count = 0;
	resolution->remarks = g_ptr_array_new_with_free_func(remark_free);
	take_off(&resolver);
	give_sections(&resolver);
	keep_formers(&resolver);
	give_monitors(&resolver);
	keep_places(&resolver);
	remark_absent(&resolver);
}

void layout_resolution_finish(struct layout_resolution *resolution)
{
	g_ptr_array_unref(resolution->remarks);
}
