/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs together of the keys that say how a guest proves that it is alive. */
#include "config/config.h"
#include "scene/checksum.h"

static bool fail(GError **error, const struct config_guest *guest, const char *message)
{
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [guest %s]: %s", guest->origin,
		guest->name, message);
	return false;
}

static gint64 pixels(const struct kms_rect *rectangle)
{
	return (gint64)rectangle->width * rectangle->height;
}

bool config_resolve_alive(struct config_guest *guest, const char *folder, GError **error)
{
	struct alive_options *alive = &guest->alive;

	if (alive->proof == ALIVE_UNASKED && alive->period_ms != 0)
		return fail(error, guest, "alive-period= needs alive=");
	if (alive->proof == ALIVE_UNASKED && guest->alive_file != NULL)
		return fail(error, guest, "alive-file= needs alive=");
	if (alive->proof != ALIVE_SOCKET && guest->alive_socket != NULL)
		return fail(error, guest, "alive-socket= needs alive=socket");
	if (alive->proof != ALIVE_RECTANGLE && alive->rectangle.width != 0)
		return fail(error, guest, "alive-rectangle= needs alive=rectangle");
	if (alive->proof == ALIVE_RECTANGLE && alive->rectangle.width == 0)
		return fail(error, guest, "alive=rectangle needs alive-rectangle=");
	if (pixels(&alive->rectangle) > CHECKSUM_PIXELS_MAX)
		return fail(error, guest,
			"alive-rectangle= may have at most " G_STRINGIFY(
				CHECKSUM_PIXELS_MAX) " pixels");
	if (alive->period_ms == 0)
		alive->period_ms = CONFIG_ALIVE_PERIOD_MS;
	if (alive->proof == ALIVE_SOCKET && guest->alive_socket == NULL)
		guest->alive_socket = g_strdup_printf("%s/%s-alive.sock", folder, guest->name);
	return true;
}

/* ---- regions ---- */

static bool fail_region(GError **error, const struct config_region *region, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail_region(GError **error, const struct config_region *region, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [region %s]: %s", region->origin,
		region->name, message);
	return false;
}

static bool check_region(const struct config_region *region, GError **error)
{
	const struct region_options *options = &region->options;
	const struct kms_rect *rectangle = &options->rectangle;

	if (region->output == NULL || *region->output == '\0')
		return fail_region(error, region, "output= is needed: which output it is on");
	if (rectangle->width == 0)
		return fail_region(error, region, "rectangle= is needed: which part of the output");
	if (pixels(rectangle) > CHECKSUM_PIXELS_MAX)
		return fail_region(error, region,
			"rectangle= has %" G_GINT64_FORMAT " pixels, and may have at most %d",
			pixels(rectangle), CHECKSUM_PIXELS_MAX);
	if (options->frozen_after_ms == 0 && options->expect_count == 0)
		return fail_region(error, region,
			"frozen-after= or expect= is needed: what is watched for");
	if (options->frozen_after_ms != 0 && options->frozen_after_ms <= options->every_ms)
		return fail_region(error, region,
			"frozen-after= must be longer than every=, which is %" G_GINT64_FORMAT "ms",
			options->every_ms);
	return true;
}

/* Of several of this name, each counts in layouts of its own: one that it can be on is enough. */
static bool check_layer(const struct config *config, const struct config_region *region,
	GError **error)
{
	const struct config_layer *found = NULL;

	if (region->layer == NULL)
		return true;
	for (guint i = 0; i < config->layers->len; i++) {
		const struct config_layer *layer = g_ptr_array_index(config->layers, i);

		if (!g_str_equal(layer->name, region->layer))
			continue;
		found = layer;
		if (layer->guest != NULL && g_str_equal(layer->output, region->output))
			return true;
	}
	if (found == NULL)
		return fail_region(error, region, "layer=%s: there is no [layer %s]", region->layer,
			region->layer);
	if (found->guest == NULL)
		return fail_region(error, region, "layer=%s shows no guest", region->layer);
	return fail_region(error, region, "layer=%s is on output %s", region->layer, found->output);
}

bool config_resolve_regions(struct config *config, GError **error)
{
	for (guint i = 0; i < config->regions->len; i++) {
		struct config_region *region = g_ptr_array_index(config->regions, i);
		unsigned int before = 0;

		if (!check_region(region, error) || !check_layer(config, region, error))
			return false;
		region->options.name = region->name;
		region->options.output = region->output;
		region->options.layer = region->layer;
		for (guint j = 0; j < i; j++) {
			const struct config_region *other = g_ptr_array_index(config->regions, j);

			before += g_str_equal(other->output, region->output);
		}
		if (before >= REGIONS_PER_OUTPUT)
			return fail_region(error, region, "output=%s has %d regions already",
				region->output, REGIONS_PER_OUTPUT);
	}
	return true;
}
