/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watched regions (region.h): read from what their outputs show, each at its own rate, one in a
 * turn of the main loop. What cannot be read at its time, since a flip is in flight or its guest is
 * at it, is read at the next flip, or at its next time. Looked at by layout_alive.c, which also
 * covers what is bad.
 */
#include "log.h"
#include "scene/checksum.h"
#include "scene/layout_internal.h"

struct watched {
	struct region region;
	struct region_options options; /* the strings are its own */
	struct copy_target target; /* of the rectangle's size; the pixels are its own */
	const struct view *view; /* in which it is watched; NULL: in none. Compared only */
	bool due; /* to be read */
	int64_t next_us; /* it will be, again */
};

static bool is_of(const struct watched *watched, const struct entry *entry)
{
	return entry->view && !entry->surplus &&
		layout_output_is(entry->output, watched->options.output);
}

static bool fits(const struct watched *watched, const struct entry *entry)
{
	const struct kms_mode_info *mode = kms_output_mode(entry->output);
	const struct kms_rect all = {0, 0, (int32_t)mode->width, (int32_t)mode->height};

	return kms_rect_contains(&all, &watched->options.rectangle);
}

static bool is_watchable(const struct watched *watched, const struct entry *entry)
{
	return is_of(watched, entry) && view_live(entry->view) && fits(watched, entry) &&
		!entry->member->hidden && source_state(layout_source(entry)) == SOURCE_ENABLED;
}

static struct entry *find_layer(struct layout *layout, const struct watched *watched)
{
	for (size_t i = 0; i < layout->layer_count; i++) {
		struct entry *entry = &layout->layers[i];

		if (entry->member && g_str_equal(entry->layer->name, watched->options.layer) &&
			is_watchable(watched, entry))
			return entry;
	}
	return NULL;
}

/* Where it can be watched now, or NULL. */
static struct entry *find_entry(struct layout *layout, const struct watched *watched)
{
	if (watched->options.layer)
		return find_layer(layout, watched);
	for (size_t i = 0; i < layout->count; i++) {
		if (is_watchable(watched, &layout->entries[i]))
			return &layout->entries[i];
	}
	return NULL;
}

/* ---- reading ---- */

static void say(const struct watched *watched, const struct entry *entry, int64_t now_us)
{
	const struct region *region = &watched->region;
	const char *output = kms_output_name(entry->output);
	const char *name = watched->options.name;

	switch (region->state) {
	case REGION_FROZEN:
		if (region_is_unread(region, now_us))
			log_output(G_LOG_LEVEL_WARNING, output,
				"region %s cannot be read: nothing is known of what it shows",
				name);
		else
			log_output(G_LOG_LEVEL_WARNING, output,
				"region %s is frozen: no change for %" G_GINT64_FORMAT " ms", name,
				watched->options.frozen_after_ms);
		break;
	case REGION_WRONG:
		log_output(G_LOG_LEVEL_WARNING, output,
			"region %s is wrong: %08x is none of its expect=", name, region->crc);
		break;
	case REGION_GOOD:
		log_output(G_LOG_LEVEL_MESSAGE, output, "region %s is good again", name);
		break;
	case REGION_UNWATCHED:
		break;
	}
}

static enum source_draw draw(struct watched *watched, struct entry *entry)
{
	return layout_target_ready(&watched->target)
		? view_read(entry->view, layout_source(entry), &watched->options.rectangle,
			  &watched->target)
		: SOURCE_DRAW_NEVER;
}

static void read_region(struct watched *watched, struct entry *entry, int64_t now_us)
{
	bool changed;

	switch (draw(watched, entry)) {
	case SOURCE_DRAWN:
		watched->due = false;
		changed = region_note(&watched->region, checksum_pixels(&watched->target), now_us);
		break;
	case SOURCE_DRAW_LATER:
		changed = region_skip(&watched->region, now_us);
		break;
	case SOURCE_DRAW_NEVER:
	default:
		watched->due = false;
		changed = region_skip(&watched->region, now_us);
		break;
	}
	if (!changed)
		return;
	say(watched, entry, now_us);
	layout_alive_kick(entry->member->layout);
}

static void begin(struct watched *watched, int64_t now_us)
{
	if (watched->region.state == REGION_UNWATCHED) {
		watched->next_us = now_us;
		watched->due = false;
	}
	region_begin(&watched->region, now_us);
}

static void look_at(struct watched *watched, struct entry *entry, int64_t now_us)
{
	watched->next_us = now_us + watched->options.every_ms * G_TIME_SPAN_MILLISECOND;
	watched->due = true;
	read_region(watched, entry, now_us);
}

int64_t layout_region_look(struct layout *layout, int64_t now_us)
{
	struct watched *oldest = NULL;
	struct entry *shows = NULL;
	int64_t next = ALIVE_NEVER;

	for (size_t i = 0; i < layout->region_count; i++) {
		struct watched *watched = &layout->regions[i];
		struct entry *entry = find_entry(layout, watched);

		watched->view = entry ? entry->view : NULL;
		if (!entry) {
			region_end(&watched->region);
			continue;
		}
		begin(watched, now_us);
		/* One a turn, the one that has been due for longest: where readings take long, each
		 * has its turn. */
		if (watched->next_us <= now_us && (!oldest || watched->next_us < oldest->next_us)) {
			oldest = watched;
			shows = entry;
		}
	}
	if (oldest)
		look_at(oldest, shows, now_us);
	for (size_t i = 0; i < layout->region_count; i++)
		if (layout->regions[i].view)
			next = MIN(next, layout->regions[i].next_us);
	return next;
}

void layout_region_presented(struct layout *layout, const struct kms_output *output)
{
	for (size_t i = 0; i < layout->region_count; i++) {
		struct watched *watched = &layout->regions[i];
		struct entry *shows = watched->due ? find_entry(layout, watched) : NULL;

		if (!shows || shows->output != output || watched->region.state == REGION_UNWATCHED)
			continue;
		read_region(watched, shows, g_get_monotonic_time());
		/* Others have the next flip. */
		if (!watched->due)
			return;
	}
}

/* ---- questions ---- */

void layout_region_remark(const struct layout *layout, GPtrArray *remarks)
{
	for (size_t i = 0; i < layout->region_count; i++) {
		const struct region_options *options = &layout->regions[i].options;
		g_autofree char *text = g_strdup_printf("region %s is not watched", options->name);

		layout_remark_absent(layout, remarks, G_LOG_LEVEL_WARNING, options->output, text);
	}
}

const struct region *layout_region_bad(const struct entry *entry)
{
	const struct layout *layout = entry->member->layout;

	for (size_t i = 0; i < layout->region_count; i++) {
		const struct watched *watched = &layout->regions[i];

		if (watched->options.cover && region_is_bad(&watched->region) &&
			watched->view == entry->view)
			return &watched->region;
	}
	return NULL;
}

size_t layout_region_count(const struct layout *layout)
{
	return layout->region_count;
}

const struct region *layout_region(const struct layout *layout, size_t index)
{
	return &layout->regions[index].region;
}

/* ---- life ---- */

void layout_target_init(struct copy_target *target, const struct kms_rect *rectangle)
{
	*target = (struct copy_target){
		.width = (uint32_t)rectangle->width,
		.height = (uint32_t)rectangle->height,
		.stride = (uint32_t)rectangle->width * 4,
	};
	target->pixels = g_malloc0((size_t)target->stride * target->height);
}

bool layout_target_ready(struct copy_target *target)
{
	if (!target->image)
		target->image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8,
			(int)target->width, (int)target->height, (uint32_t *)(void *)target->pixels,
			(int)target->stride);
	return target->image != NULL;
}

void layout_target_finish(struct copy_target *target)
{
	if (target->image)
		pixman_image_unref(target->image);
	g_free(target->pixels);
	*target = (struct copy_target){0};
}

void layout_region_init(struct layout *layout, const struct region_options *regions, size_t count)
{
	layout->regions = g_new0(struct watched, count);
	layout->region_count = count;
	for (size_t i = 0; i < count; i++) {
		struct watched *watched = &layout->regions[i];

		watched->options = regions[i];
		watched->options.name = g_strdup(regions[i].name);
		watched->options.output = g_strdup(regions[i].output);
		watched->options.layer = g_strdup(regions[i].layer);
		region_init(&watched->region, &watched->options);
		layout_target_init(&watched->target, &regions[i].rectangle);
	}
}

void layout_region_finish(struct layout *layout)
{
	for (size_t i = 0; i < layout->region_count; i++) {
		struct watched *watched = &layout->regions[i];

		layout_target_finish(&watched->target);
		g_free((char *)(uintptr_t)watched->options.name);
		g_free((char *)(uintptr_t)watched->options.output);
		g_free((char *)(uintptr_t)watched->options.layer);
	}
	g_free(layout->regions);
	layout->region_count = 0;
}
