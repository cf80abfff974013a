/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs together of [layer NAME] sections, and of the outputs that they lie on. */
#include "config/config.h"

#include <string.h>

#include "scene/layout.h"
#include "scene/layout_choose.h"
#include "scene/png_file.h"
#include "vhost_user_gpu.h"

/* ---- what belongs together ---- */

static bool fail(GError **error, const struct config_layer *layer, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, const struct config_layer *layer, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [layer %s]: %s", layer->origin,
		layer->name, message);
	return false;
}

static bool check_guest(const struct config *config, const struct config_layer *layer,
	GError **error)
{
	struct config_nearest nearest;

	if (config_find_guest(config, layer->guest) != NULL)
		return true;
	config_nearest_init(&nearest, layer->guest);
	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		config_nearest_offer(&nearest, guest->name);
	}
	fail(error, layer, "guest=%s: there is no [guest %s]", layer->guest, layer->guest);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

/* Whose scanout it shows, or which picture. */
static bool resolve_source(const struct config *config, struct config_layer *layer, GError **error)
{
	const struct config_guest *only = g_ptr_array_index(config->guests, 0);

	if (layer->pictured && (layer->guest != NULL || layer->scanout >= 0))
		return fail(error, layer, "use only one of picture= and guest= (with scanout=)");
	if (layer->pictured && layer->picture.kind == PICTURE_LAST)
		return fail(error, layer, "picture=last has nothing to show: it never had another");
	if (layer->pictured)
		return true;
	if (layer->guest != NULL)
		return check_guest(config, layer, error);
	if (layer->scanout < 0)
		return fail(error, layer, "guest=, scanout= or picture= is needed: what it shows");
	if (config->guests->len > 1)
		return fail(error, layer, "guest= is needed where there are several");
	layer->guest = g_strdup(only->name);
	return true;
}

/* ---- outputs ---- */

static bool has_name(const char *list, const char *name)
{
	g_auto(GStrv) names = g_strsplit(list, ";", -1);

	for (char **other = names; *other != NULL; other++) {
		if (g_str_equal(g_strstrip(*other), name))
			return true;
	}
	return false;
}

static bool share_name(const char *list, const char *other)
{
	g_auto(GStrv) names = g_strsplit(list, ";", -1);

	for (char **name = names; *name != NULL; name++) {
		if (*g_strstrip(*name) != '\0' && has_name(other, *name))
			return true;
	}
	return false;
}

static bool is_named(const struct config *config, const struct config_guest *guest)
{
	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (g_strcmp0(output->guest, guest->name) == 0)
			return true;
	}
	for (guint i = 0; i < config->layers->len; i++) {
		const struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (g_strcmp0(layer->guest, guest->name) == 0)
			return true;
	}
	return false;
}

/* It looks as its guest says, where only one can be shown there. `layouts`: as its layout=. */
static void add_output(struct config *config, const struct config_layer *layer, const char *layouts)
{
	const struct config_guest *guest = NULL;
	struct config_output *output;
	guint count = 0;

	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *other = g_ptr_array_index(config->guests, i);

		if (is_named(config, other))
			continue;
		guest = other;
		count++;
	}
	output = config_add_output(config, layer->output, layer->origin);
	output->layouts = g_strdup(layouts);
	output->pictured = true;
	output->placed = true;
	if (count != 1)
		return;
	output->place = guest->place;
	output->mode = g_strdup(guest->mode);
}

/* In that layout one is; `layout` NULL: there are no layouts. */
static bool has_output(const struct config *config, const struct config_layer *layer,
	const char *layout)
{
	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (share_name(layer->output, output->name) &&
			layout_counts(output->layouts, layout))
			return true;
	}
	return false;
}

/* In those of its layouts in which it has none. */
static void add_outputs(struct config *config, const struct config_layer *layer)
{
	g_autoptr(GString) missing = g_string_new(NULL);
	guint count = 0;

	for (guint i = 0; i < config->layouts->len; i++) {
		const struct config_layout *layout = g_ptr_array_index(config->layouts, i);

		if (!layout_counts(layer->layouts, layout->name) ||
			has_output(config, layer, layout->name))
			continue;
		g_string_append_printf(missing, "%s%s", count++ > 0 ? ";" : "", layout->name);
	}
	if (count > 0)
		add_output(config, layer, missing->str);
	else if (config->layouts->len == 0 && !has_output(config, layer, NULL))
		add_output(config, layer, NULL);
}

/* It is on although no guest may be shown there: black, if it says nothing else. */
static bool resolve_output(struct config *config, const struct config_layer *layer, GError **error)
{
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!share_name(layer->output, output->name) ||
			config_common_layout(config, layer->layouts, output->layouts) == NULL)
			continue;
		if (output->off)
			return fail(error, layer, "output=%s: [output %s] has mode=off (%s)",
				layer->output, output->name, output->origin);
		if (output->guest == NULL && output->scanout < 0)
			output->pictured = true;
	}
	add_outputs(config, layer);
	return true;
}

/* Those up to this one that lie on its output in the layout, by what their sections call it. */
static guint count_layers(const struct config *config, guint index, const char *layout)
{
	const struct config_layer *layer = g_ptr_array_index(config->layers, index);
	guint count = 0;

	for (guint i = 0; i <= index; i++) {
		const struct config_layer *other = g_ptr_array_index(config->layers, i);

		count += layout_counts(layer->layouts, layout) &&
			layout_counts(other->layouts, layout) &&
			g_str_equal(other->output, layer->output);
	}
	return count;
}

static bool check_count(const struct config *config, guint index, GError **error)
{
	const struct config_layer *layer = g_ptr_array_index(config->layers, index);
	guint count = count_layers(config, index, NULL);

	if (index >= LAYOUT_LAYERS_MAX)
		return fail(error, layer, "there are at most %d layers", LAYOUT_LAYERS_MAX);
	for (guint i = 0; i < config->layouts->len; i++) {
		const struct config_layout *layout = g_ptr_array_index(config->layouts, i);

		count = MAX(count, count_layers(config, index, layout->name));
	}
	return count <= VIEW_LAYERS_MAX ||
		fail(error, layer, "output %s has %d layers already, and can have no more",
			layer->output, VIEW_LAYERS_MAX);
}

/* One section of its name counts in each of its layouts. */
static bool check_layouts(const struct config *config, guint index, GError **error)
{
	const struct config_layer *layer = g_ptr_array_index(config->layers, index);
	g_autofree char *where = g_strdup_printf("%s: [layer %s]: layout", layer->origin,
		layer->name);

	if (!config_check_layouts(config, where, layer->layouts, error))
		return false;
	for (guint i = 0; i < index; i++) {
		const struct config_layer *other = g_ptr_array_index(config->layers, i);
		const char *layout = config_common_layout(config, layer->layouts, other->layouts);

		if (layout != NULL && g_str_equal(layer->name, other->name))
			return fail(error, layer, CONFIG_LAYOUT_TWICE, other->origin, layout);
	}
	return true;
}

bool config_resolve_layers(struct config *config, GError **error)
{
	for (guint i = 0; i < config->layers->len; i++) {
		struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (layer->output == NULL || !share_name(layer->output, layer->output))
			return fail(error, layer,
				"output= is needed: the output that it lies on, as DP-1");
		if (!check_layouts(config, i, error) || !resolve_source(config, layer, error) ||
			!check_count(config, i, error))
			return false;
	}
	for (guint i = 0; i < config->layers->len; i++) {
		if (!resolve_output(config, g_ptr_array_index(config->layers, i), error))
			return false;
	}
	return true;
}

/* ---- scanouts ---- */

static uint32_t taken_scanouts(const struct config *config, const struct config_layer *wanting)
{
	const char *guest = wanting->guest;
	uint32_t taken = 0;

	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!output->off && output->scanout >= 0 && g_strcmp0(output->guest, guest) == 0 &&
			config_common_layout(config, output->layouts, wanting->layouts) != NULL)
			taken |= UINT32_C(1) << output->scanout;
	}
	for (guint i = 0; i < config->layers->len; i++) {
		const struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (layer->scanout >= 0 && g_strcmp0(layer->guest, guest) == 0 &&
			config_common_layout(config, layer->layouts, wanting->layouts) != NULL)
			taken |= UINT32_C(1) << layer->scanout;
	}
	return taken;
}

bool config_resolve_layer_scanouts(struct config *config, GError **error)
{
	for (guint i = 0; i < config->layers->len; i++) {
		struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (layer->guest == NULL || layer->scanout >= 0)
			continue;
		layer->scanout = g_bit_nth_lsf(~(gulong)taken_scanouts(config, layer), -1);
		if (layer->scanout >= VHOST_USER_GPU_SCANOUTS)
			return fail(error, layer, "guest %s has no scanout left: a device has %d",
				layer->guest, VHOST_USER_GPU_SCANOUTS);
	}
	return true;
}

/* ---- what the machine has ---- */

bool config_check_layers(const struct config *config, GError **error)
{
	for (guint i = 0; i < config->layers->len; i++) {
		const struct config_layer *layer = g_ptr_array_index(config->layers, i);
		g_autoptr(GError) fault = NULL;
		struct surface *surface;

		if (layer->picture.kind != PICTURE_FILE)
			continue;
		surface = png_file_load(layer->picture.path, &fault);
		surface_destroy(surface);
		if (surface == NULL)
			return fail(error, layer, "picture=%s", fault->message);
	}
	return true;
}
