/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/screen.h"

#include <math.h>

#include "scene/view.h"

enum view_point screen_pick(void *data, double x, double y, double *picture_x, double *picture_y)
{
	const struct screen *screen = data;
	enum view_point point = view_pick(screen->view, x, y, picture_x, picture_y);

	if (point != VIEW_POINT_NOWHERE || !screen->layout ||
		!layout_view_asleep(screen->layout, screen->view))
		return point;
	place_untransform(view_transform(screen->view), x, y, picture_x, picture_y);
	return VIEW_POINT_INSIDE;
}

static void turn_direction(enum kms_transform transform, double *x, double *y)
{
	double zero_x, zero_y, to_x, to_y;

	place_untransform(transform, 0, 0, &zero_x, &zero_y);
	place_untransform(transform, *x, *y, &to_x, &to_y);
	*x = to_x - zero_x;
	*y = to_y - zero_y;
}

/* Where the panel's top is in the picture, degrees clockwise from the picture's. */
static double top_of(enum kms_transform transform)
{
	double x = 0, y = -1;

	turn_direction(transform, &x, &y);
	return x > 0.5 ? 90 : y > 0.5 ? 180 : x < -0.5 ? 270 : 0;
}

void screen_turn_tool(const struct screen *screen, struct seat_tool *tool)
{
	enum kms_transform transform = view_transform(screen->view);
	bool mirrored = transform & KMS_REFLECT_X;
	double degrees;

	turn_direction(transform, &tool->tilt_x, &tool->tilt_y);
	if (!tool->rotates)
		return;
	degrees = top_of(transform) + (mirrored ? -tool->rotation : tool->rotation);
	tool->rotation = degrees < 0 ? degrees + 360 : degrees >= 360 ? degrees - 360 : degrees;
}

void screen_size(const struct screen *screen, uint32_t *width, uint32_t *height)
{
	if (!view_picture_size(screen->view, width, height))
		view_screen_size(screen->view, width, height);
}

static struct screen *find_by_name(const struct screens *screens, const char *name)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (layout_output_is(view_output(screens->list[i]->view), name))
			return screens->list[i];
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

static bool is_lit(const struct screen *screen)
{
	return kms_output_active(view_output(screen->view));
}

/* Dark for now, it may be, since nobody has touched it for long. */
static bool is_in_use(const struct screen *screen)
{
	return screen->layout && layout_view_in_use(screen->layout, screen->view);
}

static bool is_on_output_of(const struct screen *screen, const struct screen *other)
{
	return view_output(screen->view) == view_output(other->view);
}

/* The only one that is so: layers are on the same output. */
static struct screen *find_only(const struct screens *screens,
	bool (*is_so)(const struct screen *screen))
{
	struct screen *found = NULL;

	for (size_t i = 0; i < screens->count; i++) {
		if (!is_so(screens->list[i]) || (found && is_on_output_of(screens->list[i], found)))
			continue;
		if (found)
			return NULL;
		found = screens->list[i];
	}
	return found;
}

/* NULL also where there are two. */
static struct screen *find_by_size(const struct screens *screens, double width, double height)
{
	struct screen *found = NULL;

	for (size_t i = 0; i < screens->count; i++) {
		uint32_t width_mm, height_mm;

		kms_output_physical_size(view_output(screens->list[i]->view), &width_mm,
			&height_mm);
		if (!same_size(width, height, width_mm, height_mm) &&
			!same_size(height, width, width_mm, height_mm))
			continue;
		if (found && is_on_output_of(screens->list[i], found))
			continue;
		if (found)
			return NULL;
		found = screens->list[i];
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
	if (!screen)
		screen = find_only(screens, is_lit);
	return screen ? screen : find_only(screens, is_in_use);
}

static struct screen *find_lowest(const struct screens *screens, struct screen *screen,
	const struct machine *machine)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (is_on_output_of(screens->list[i], screen) &&
			(!machine || screens->list[i]->machine == machine))
			return screens->list[i];
	}
	return screen;
}

struct screen *screens_at(const struct screens *screens, struct screen *screen,
	const struct machine *machine, double x, double y)
{
	double picture_x, picture_y;

	for (size_t i = screens->count; i-- > 0;) {
		struct screen *upper = screens->list[i];

		if (view_is_layer(upper->view) && is_on_output_of(upper, screen) &&
			(!machine || upper->machine == machine) &&
			view_pick(upper->view, x, y, &picture_x, &picture_y) == VIEW_POINT_INSIDE)
			return upper;
	}
	return find_lowest(screens, screen, machine);
}

bool screens_shows(const struct screens *screens, const struct screen *screen,
	const struct machine *machine)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (screens->list[i]->machine == machine &&
			is_on_output_of(screens->list[i], screen))
			return true;
	}
	return false;
}

struct screen *screens_first(const struct screens *screens, const struct machine *machine)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (screens->list[i]->machine == machine)
			return screens->list[i];
	}
	return NULL;
}

/* ---- they come and go ---- */

static bool has_index(const struct screens *screens, const struct machine *machine, size_t index)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (screens->list[i]->machine == machine && screens->list[i]->index == index)
			return true;
	}
	return false;
}

static struct screen *find_by_view(const struct screens *screens, const struct view *view,
	const struct machine *machine)
{
	for (size_t i = 0; i < screens->count; i++) {
		if (screens->list[i]->view == view && screens->list[i]->machine == machine)
			return screens->list[i];
	}
	return NULL;
}

static void screen_destroy(struct screens *screens, struct screen *screen)
{
	if (screens->leaves)
		screens->leaves(screens->data, screen);
	touch_destroy(screen->touch);
	g_free(screen);
}

static bool is_shown(const struct screens *screens, const struct layout *layout,
	const struct screen *screen)
{
	for (size_t i = 0; i < layout_view_count(layout); i++) {
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);

		if (layout_view(layout, i) == screen->view &&
			screens->find_machine(screens->data, guest_name(guest)) == screen->machine)
			return true;
	}
	return false;
}

/* Views that the layout has destroyed are not looked into. */
static void remove_gone(struct screens *screens, const struct layout *layout)
{
	size_t kept = 0;

	for (size_t i = 0; i < screens->count; i++) {
		if (is_shown(screens, layout, screens->list[i]))
			screens->list[kept++] = screens->list[i];
		else
			screen_destroy(screens, screens->list[i]);
	}
	screens->count = kept;
}

/* The one that its guest knows as its output's, else the first that is free. */
static size_t find_index(const struct screens *screens, const struct machine *machine,
	const struct view *view)
{
	const char *output = kms_output_name(view_output(view));
	size_t index = 0;

	for (size_t i = 0; i < MACHINE_SCREENS_MAX; i++) {
		if (machine_touch_is(machine, i, output) && !has_index(screens, machine, i))
			return i;
	}
	while (has_index(screens, machine, index))
		index++;
	return index;
}

static struct screen *screen_create(const struct screens *screens, const struct layout *layout,
	struct view *view, struct machine *machine)
{
	struct screen *screen = g_new0(struct screen, 1);

	screen->view = view;
	screen->layout = layout;
	screen->machine = machine;
	screen->index = find_index(screens, machine, view);
	screen->touch = touch_create(machine, screen->index, screen_pick, screen);
	return screen;
}

static size_t count_of(const struct screens *screens, const struct machine *machine)
{
	size_t count = 0;

	for (size_t i = 0; i < screens->count; i++)
		count += screens->list[i]->machine == machine;
	return count;
}

static int compare_screens(const void *a, const void *b, void *data)
{
	const struct screen *const *first = a;
	const struct screen *const *second = b;
	const struct layout *layout = data;

	for (size_t i = 0; i < layout_view_count(layout); i++) {
		if (layout_view(layout, i) == (*first)->view)
			return (*second)->view == (*first)->view ? 0 : -1;
		if (layout_view(layout, i) == (*second)->view)
			return 1;
	}
	return 0;
}

void screens_update(struct screens *screens, const struct layout *layout)
{
	remove_gone(screens, layout);
	for (size_t i = 0; i < layout_view_count(layout); i++) {
		struct view *view = layout_view(layout, i);
		uint32_t scanout;
		const struct guest *guest = layout_view_guest(layout, i, &scanout);
		struct machine *machine = screens->find_machine(screens->data, guest_name(guest));

		if (find_by_view(screens, view, machine) ||
			count_of(screens, machine) == MACHINE_SCREENS_MAX)
			continue;
		screens->list[screens->count] = screen_create(screens, layout, view, machine);
		screens->count++;
	}
	g_qsort_with_data(screens->list, (gint)screens->count, sizeof(struct screen *),
		compare_screens, (void *)(uintptr_t)layout);
}

void screens_init(struct screens *screens,
	struct machine *(*find_machine)(void *data, const char *guest),
	void (*leaves)(void *data, struct screen *screen), void *data)
{
	screens->count = 0;
	screens->find_machine = find_machine;
	screens->leaves = leaves;
	screens->data = data;
}

void screens_finish(struct screens *screens)
{
	for (size_t i = 0; i < screens->count; i++)
		screen_destroy(screens, screens->list[i]);
	screens->count = 0;
}
