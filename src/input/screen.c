/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/screen.h"

#include <math.h>

#include "scene/view.h"

enum view_point screen_pick(void *data, double x, double y, double *picture_x, double *picture_y)
{
	const struct screen *screen = data;

	return view_pick(screen->view, x, y, picture_x, picture_y);
}

void screen_size(const struct screen *screen, uint32_t *width, uint32_t *height)
{
	const struct kms_mode_info *mode = kms_output_mode(view_output(screen->view));

	if (view_picture_size(screen->view, width, height))
		return;
	*width = mode->width;
	*height = mode->height;
}

static struct screen *find_by_name(const struct screens *screens, const char *name)
{
	const struct kms_output *output = kms_device_find_output(screens->device, name, NULL);

	for (size_t i = 0; output && i < screens->count; i++) {
		if (view_output(screens->list[i].view) == output)
			return &screens->list[i];
	}
	return NULL;
}

/* Touch panels tell their own size, and the glass under them has the same: but for a few
 * millimetres of frame. */
static bool same_size(double a_width, double a_height, uint32_t b_width, uint32_t b_height)
{
	return b_width && b_height && fabs(a_width - b_width) <= 5 + 0.03 * b_width &&
		fabs(a_height - b_height) <= 5 + 0.03 * b_height;
}

/* The only one that is lit. */
static struct screen *find_only(const struct screens *screens)
{
	struct screen *found = NULL;

	for (size_t i = 0; i < screens->count; i++) {
		if (!kms_output_active(view_output(screens->list[i].view)))
			continue;
		if (found)
			return NULL;
		found = &screens->list[i];
	}
	return found;
}

/* NULL also where there are two. */
static struct screen *find_by_size(const struct screens *screens, double width, double height)
{
	struct screen *found = NULL;

	for (size_t i = 0; i < screens->count; i++) {
		uint32_t width_mm, height_mm;

		kms_output_physical_size(view_output(screens->list[i].view), &width_mm, &height_mm);
		if (!same_size(width, height, width_mm, height_mm) &&
			!same_size(height, width, width_mm, height_mm))
			continue;
		if (found)
			return NULL;
		found = &screens->list[i];
	}
	return found;
}

struct screen *screens_find(const struct screens *screens, const struct host_device *host)
{
	static const char *const properties[] = {"SCANOUTD_OUTPUT", "WL_OUTPUT"};
	struct screen *screen = NULL;
	double width, height;

	if (host->output)
		return find_by_name(screens, host->output);
	for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
		const char *name = seat_device_property(host->device, properties[i]);

		if (name && *name)
			return find_by_name(screens, name);
	}
	if (seat_device_size(host->device, &width, &height))
		screen = find_by_size(screens, width, height);
	return screen ? screen : find_only(screens);
}

struct screen *screens_first(const struct screens *screens, const struct machine *machine)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (screens->list[i].machine == machine)
			return &screens->list[i];
	}
	return NULL;
}

static size_t count_of(const struct screens *screens, const struct machine *machine)
{
	size_t count = 0;

	for (size_t i = 0; i < screens->count; i++)
		count += screens->list[i].machine == machine;
	return count;
}

void screens_init(struct screens *screens, struct kms_device *device, const struct layout *layout,
	struct machine *(*find_machine)(void *data, const char *guest), void *data)
{
	screens->device = device;
	screens->count = 0;
	screens->list = g_new0(struct screen, MAX(layout_view_count(layout), 1));
	for (size_t i = 0; i < layout_view_count(layout); i++) {
		struct screen *screen = &screens->list[screens->count];
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);
		struct machine *machine = find_machine(data, guest_name(guest));
		size_t index = count_of(screens, machine);

		if (index == MACHINE_SCREENS_MAX)
			continue;
		screen->view = layout_view(layout, i);
		screen->machine = machine;
		screen->touch = touch_create(machine, index, screen_pick, screen);
		screens->count++;
	}
}

void screens_finish(struct screens *screens)
{
	for (size_t i = 0; i < screens->count; i++)
		touch_destroy(screens->list[i].touch);
	g_clear_pointer(&screens->list, g_free);
	screens->count = 0;
}
