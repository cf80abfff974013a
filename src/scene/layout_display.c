/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests are told about their screens, when they ask. The protocol has no word that they
 * changed, so a guest is told of a screen also while there is no monitor, and no card: one without
 * any would make no picture, and would not ask again when there is one. Where somebody can have the
 * guest ask again (layout_set_reachable()), a screen without a monitor is gone as long as the guest
 * has another one; its last stays, so that there is always a picture, also of a guest that starts
 * while the monitor is off.
 */
#include <string.h>

#include "scene/edid.h"
#include "scene/layout_internal.h"

G_STATIC_ASSERT(EDID_SIZE_MAX <= VIRTIO_GPU_EDID_MAX);

/* Where nothing is known: as kms_output_mode(). */
static const struct kms_mode_info unknown_mode = {1024, 768, 60000, "1024x768"};

enum kms_transform layout_choose_transform(const struct layout_output *section,
	const struct kms_output *output)
{
	if (section && section->transform != PLACE_TRANSFORM_AUTO)
		return section->transform;
	return kms_output_panel_transform(output);
}

struct kms_mode_info layout_told_mode(const struct entry *entry)
{
	struct kms_mode_info mode = *kms_output_mode(entry->output);

	if (entry->layer) {
		view_screen_size(entry->view, &mode.width, &mode.height);
		g_snprintf(mode.name, sizeof(mode.name), "%ux%u", mode.width, mode.height);
		return mode;
	}
	if (place_is_sideways(entry->transform)) {
		uint32_t width = mode.width;

		mode.width = mode.height;
		mode.height = width;
	}
	return mode;
}

void layout_physical_size(const struct entry *entry, uint32_t *width_mm, uint32_t *height_mm)
{
	uint32_t width, height, screen_width, screen_height;

	if (place_is_sideways(entry->transform))
		kms_output_physical_size(entry->output, height_mm, width_mm);
	else
		kms_output_physical_size(entry->output, width_mm, height_mm);
	if (!entry->layer)
		return;
	view_screen_size(entry->view, &width, &height);
	view_screen_size(entry->below, &screen_width, &screen_height);
	*width_mm = (uint32_t)((uint64_t)*width_mm * width / screen_width);
	*height_mm = (uint32_t)((uint64_t)*height_mm * height / screen_height);
}

/* The mode of the output that shows it; else as it was told before (it may be shown in another
 * layout); of the first scanout, any. NULL: the guest has no such screen. */
static const struct kms_mode_info *find_mode(struct member *member, uint32_t scanout,
	const struct entry *entry)
{
	struct kms_mode_info *told = &member->screens[scanout].mode;

	if (entry)
		*told = layout_told_mode(entry);
	else if (told->width == 0 && scanout == 0)
		*told = unknown_mode;
	else if (told->width == 0 ||
		(layout_has_all_cards(member->layout) && scanout > 0 &&
			!layout_is_named(member->layout, member->options.guest, (int)scanout)))
		return NULL;
	return told;
}

/* It has a monitor, or stands for one. */
static bool is_there(const struct entry *entry)
{
	return entry && kms_output_connected(entry->output);
}

/* Which of the guest's screens are told as gone: where none has a monitor, as it was before. */
static void find_gone(struct member *member)
{
	uint32_t gone = 0;
	uint32_t there = 0;

	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct entry *entry = layout_find_scanout(member->layout,
			member->options.guest, i);

		if (is_there(entry))
			there |= 1u << i;
		else
			gone |= 1u << i;
	}
	if (!layout_told_reachable(member))
		member->gone = 0;
	else if (there)
		member->gone = gone;
}

/* From left to right in the order of scanouts, but for those that the user placed. */
void layout_display_info(struct member *member, struct virtio_gpu_resp_display_info *info)
{
	int64_t right = 0;

	find_gone(member);
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++) {
		const struct entry *entry = layout_find_scanout(member->layout,
			member->options.guest, i);
		const struct kms_mode_info *mode = find_mode(member, i, entry);
		bool positioned = entry && entry->section && entry->section->positioned;
		int64_t x, y;

		if (!mode || member->gone & 1u << i)
			continue;
		x = positioned ? entry->section->x : right;
		y = positioned ? entry->section->y : 0;
		right = MAX(right, x + mode->width);
		if (layout_told_swapped(member) & 1u << i)
			continue;
		info->pmodes[i] = (struct virtio_gpu_display_one){
			.x = GUINT32_TO_LE((uint32_t)x),
			.y = GUINT32_TO_LE((uint32_t)y),
			.width = GUINT32_TO_LE(mode->width),
			.height = GUINT32_TO_LE(mode->height),
			.enabled = GUINT32_TO_LE(1),
		};
	}
}

static void on_info(void *data, struct guest *guest, struct virtio_gpu_resp_display_info *info)
{
	struct member *member = data;

	layout_display_info(member, info);
	layout_told_info(member, info);
}

/* A monitor that is switched off and on again is the same to the guest. */
static void remember_edid(struct screen *screen, const uint8_t *edid, size_t size)
{
	g_free(screen->edid);
	screen->edid = g_memdup2(edid, size);
	screen->edid_size = size;
}

static size_t recall_edid(const struct screen *screen, uint8_t *edid)
{
	memcpy(edid, screen->edid, screen->edid_size);
	return screen->edid_size;
}

size_t layout_display_edid(struct member *member, uint32_t scanout, uint8_t *edid)
{
	const struct entry *entry = layout_find_scanout(member->layout, member->options.guest,
		scanout);
	const struct kms_mode_info *mode = find_mode(member, scanout, entry);
	struct screen *told = &member->screens[scanout];
	const uint8_t *monitor = NULL;
	size_t monitor_size = 0;
	struct edid_screen screen;
	size_t size;

	if (!mode)
		return 0;
	if (!is_there(entry) && told->edid)
		return recall_edid(told, edid);
	screen = (struct edid_screen){
		.width = mode->width,
		.height = mode->height,
		.refresh_mhz = mode->refresh_mhz,
		/* Which card it is on matters to nobody who looks at it. */
		.name = entry ? layout_bare_name(kms_output_name(entry->output)) : "scanoutd",
	};
	if (entry)
		layout_physical_size(entry, &screen.width_mm, &screen.height_mm);
	/* No monitor is as large as a part of one. */
	if (entry && entry->layer) {
		screen.name = entry->layer->name;
	} else if (entry) {
		screen.turned = place_is_sideways(entry->transform);
		monitor = kms_output_edid(entry->output, &monitor_size);
		screen.scaled = entry->policy != PLACE_CENTER && entry->policy != PLACE_NONE;
	}
	size = edid_write(edid, &screen, monitor, monitor_size);
	if (is_there(entry))
		remember_edid(told, edid, size);
	return size;
}

static uint32_t on_edid(void *data, struct guest *guest, uint32_t scanout, uint8_t *edid)
{
	struct member *member = data;
	size_t size = layout_display_edid(member, scanout, edid);

	layout_told_edid(member, scanout, edid, size);
	return (uint32_t)size;
}

static void on_used(void *data, struct guest *guest, uint32_t scanout)
{
	layout_note_use(data, scanout);
}

static void on_hidden(void *data, struct guest *guest, bool hidden)
{
	layout_alive_hide(data, hidden);
}

const struct guest_display layout_guest_display = {
	.info = on_info,
	.edid = on_edid,
	.used = on_used,
	.hidden = on_hidden,
};

void layout_display_finish(struct member *member)
{
	for (uint32_t i = 0; i < VHOST_USER_GPU_SCANOUTS; i++)
		g_clear_pointer(&member->screens[i].edid, g_free);
}
