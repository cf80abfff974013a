/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of a configuration as they are made, with defaults, found and freed; knows no file.
 * Called by load.c and options.c, which fill them, by config_resolve(), and by whoever reads
 * them. */
#include "config/config.h"

#include "config/changes.h"
#include "config/input_kind.h"

static void guest_free(gpointer data)
{
	struct config_guest *guest = data;

	g_free(guest->name);
	g_free(guest->origin);
	g_free(guest->vm);
	g_free(guest->vmm_socket);
	g_free(guest->backend_socket);
	g_free(guest->display_socket);
	g_free(guest->socket_group);
	g_free(guest->input_prefix);
	g_free(guest->dbus_display);
	g_free(guest->mode);
	picture_spec_clear(&guest->before);
	picture_spec_clear(&guest->after);
	picture_spec_clear(&guest->failed);
	picture_spec_clear(&guest->dead);
	g_free(guest->alive_socket);
	g_free(guest->alive_file);
	g_free(guest->shown_file);
	g_free(guest);
}

static void device_free(gpointer data)
{
	struct config_device *device = data;

	g_free(device->name);
	g_free(device->origin);
	g_free(device->match_name);
	g_free(device->match_id);
	g_free(device->match_path);
	g_free(device->match_property);
	g_free(device->match_type);
	g_free(device->guest);
	g_free(device->output);
	g_free(device);
}

static void output_free(gpointer data)
{
	struct config_output *output = data;

	g_free(output->name);
	g_free(output->origin);
	g_free(output->layouts);
	g_free(output->guest);
	g_free(output->mode);
	picture_spec_clear(&output->picture);
	g_free(output);
}

static void region_free(gpointer data)
{
	struct config_region *region = data;

	g_free(region->name);
	g_free(region->origin);
	g_free(region->output);
	g_free(region->layer);
	g_free(region);
}

static void layout_free(gpointer data)
{
	struct config_layout *layout = data;

	g_free(layout->name);
	g_free(layout->origin);
	g_free(layout->when);
	g_free(layout);
}

static struct config_layer *layer_create(const char *name, const char *layouts, const char *origin)
{
	struct config_layer *layer = g_new0(struct config_layer, 1);

	layer->name = g_strdup(name);
	layer->layouts = g_strdup(layouts);
	layer->origin = g_strdup(origin);
	layer->scanout = -1;
	layer->opacity = UINT16_MAX;
	return layer;
}

static void layer_free(gpointer data)
{
	struct config_layer *layer = data;

	g_free(layer->name);
	g_free(layer->origin);
	g_free(layer->layouts);
	g_free(layer->output);
	g_free(layer->guest);
	picture_spec_clear(&layer->picture);
	g_free(layer);
}

static void lease_free(gpointer data)
{
	struct config_lease *lease = data;

	g_free(lease->name);
	g_free(lease->origin);
	g_free(lease->outputs);
	g_free(lease->plane_list);
	g_free(lease->socket);
	g_free(lease->socket_group);
	g_free(lease);
}

struct config *config_create(void)
{
	struct config *config = g_new0(struct config, 1);

	config->daemon.drm_fd = -1;
	config->daemon.ready_fd = -1;
	config->daemon.log_level = G_LOG_LEVEL_INFO;
	config->daemon.vt = CONFIG_VT_AUTO;
	config->input.seat = g_strdup("seat0");
	config->input.never_pass = g_array_new(FALSE, FALSE, sizeof(struct combination));
	config->input.switch_terminal.modifiers = MODIFIER_CTRL | MODIFIER_ALT;
	config->devices = g_ptr_array_new_with_free_func(device_free);
	config->guests = g_ptr_array_new_with_free_func(guest_free);
	config->outputs = g_ptr_array_new_with_free_func(output_free);
	config->layouts = g_ptr_array_new_with_free_func(layout_free);
	config->texts = config_texts_create();
	config->regions = g_ptr_array_new_with_free_func(region_free);
	config->layers = g_ptr_array_new_with_free_func(layer_free);
	config->leases = g_ptr_array_new_with_free_func(lease_free);
	return config;
}

void config_destroy(struct config *config)
{
	if (config == NULL)
		return;
	g_strfreev(config->daemon.cards);
	g_free(config->daemon.stats);
	g_free(config->daemon.font);
	g_free(config->daemon.layout);
	g_free(config->daemon.layout_origin);
	g_free(config->input.switch_origin);
	g_free(config->input.seat);
	g_free(config->input.devices);
	g_free(config->input.focus);
	g_array_unref(config->input.never_pass);
	g_ptr_array_unref(config->devices);
	g_ptr_array_unref(config->guests);
	g_ptr_array_unref(config->outputs);
	g_ptr_array_unref(config->layouts);
	g_hash_table_unref(config->texts);
	g_ptr_array_unref(config->regions);
	g_ptr_array_unref(config->layers);
	g_ptr_array_unref(config->leases);
	g_free(config);
}

struct config_guest *config_find_guest(const struct config *config, const char *name)
{
	for (guint i = 0; i < config->guests->len; i++) {
		struct config_guest *guest = g_ptr_array_index(config->guests, i);

		if (g_str_equal(guest->name, name))
			return guest;
	}
	return NULL;
}

struct config_output *config_find_output(const struct config *config, const char *name,
	const char *layouts)
{
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (g_str_equal(output->name, name) && g_strcmp0(output->layouts, layouts) == 0)
			return output;
	}
	return NULL;
}

struct config_guest *config_add_guest(struct config *config, const char *name, const char *origin)
{
	struct config_guest *guest = g_new0(struct config_guest, 1);

	guest->name = g_strdup(name);
	guest->origin = g_strdup(origin);
	guest->display_fd = -1;
	guest->place = PLACE_FIT;
	guest->inputs = INPUT_KINDS_DEFAULT;
	guest->blank_after_ms = CONFIG_BLANK_AFTER_MS;
	guest->off_after_ms = CONFIG_OFF_AFTER_MS;
	guest->idle_off_ms = CONFIG_NEVER;
	guest->dead.kind = PICTURE_CARD;
	g_ptr_array_add(config->guests, guest);
	return guest;
}

struct config_output *config_add_output(struct config *config, const char *name, const char *origin)
{
	struct config_output *output = g_new0(struct config_output, 1);

	output->name = g_strdup(name);
	output->origin = g_strdup(origin);
	output->scanout = -1;
	g_ptr_array_add(config->outputs, output);
	return output;
}

struct config_layer *config_add_layer(struct config *config, const char *name, const char *layouts,
	const char *origin)
{
	struct config_layer *layer;

	for (guint i = 0; i < config->layers->len; i++) {
		layer = g_ptr_array_index(config->layers, i);
		if (g_str_equal(layer->name, name) && g_strcmp0(layer->layouts, layouts) == 0)
			return layer;
	}
	layer = layer_create(name, layouts, origin);
	g_ptr_array_add(config->layers, layer);
	return layer;
}

struct config_device *config_add_device(struct config *config, const char *name, const char *origin)
{
	struct config_device *device;

	for (guint i = 0; i < config->devices->len; i++) {
		device = g_ptr_array_index(config->devices, i);
		if (g_str_equal(device->name, name))
			return device;
	}
	device = g_new0(struct config_device, 1);
	device->name = g_strdup(name);
	device->origin = g_strdup(origin);
	g_ptr_array_add(config->devices, device);
	return device;
}

struct config_layout *config_add_layout(struct config *config, const char *name, const char *origin)
{
	struct config_layout *layout;

	for (guint i = 0; i < config->layouts->len; i++) {
		layout = g_ptr_array_index(config->layouts, i);
		if (g_str_equal(layout->name, name))
			return layout;
	}
	layout = g_new0(struct config_layout, 1);
	layout->name = g_strdup(name);
	layout->origin = g_strdup(origin);
	g_ptr_array_add(config->layouts, layout);
	return layout;
}

struct config_region *config_add_region(struct config *config, const char *name, const char *origin)
{
	struct config_region *region;

	for (guint i = 0; i < config->regions->len; i++) {
		region = g_ptr_array_index(config->regions, i);
		if (g_str_equal(region->name, name))
			return region;
	}
	region = g_new0(struct config_region, 1);
	region->name = g_strdup(name);
	region->origin = g_strdup(origin);
	region->options.every_ms = CONFIG_REGION_EVERY_MS;
	g_ptr_array_add(config->regions, region);
	return region;
}

struct config_lease *config_add_lease(struct config *config, const char *name, const char *origin)
{
	struct config_lease *lease;

	for (guint i = 0; i < config->leases->len; i++) {
		lease = g_ptr_array_index(config->leases, i);
		if (g_str_equal(lease->name, name))
			return lease;
	}
	lease = g_new0(struct config_lease, 1);
	lease->name = g_strdup(name);
	lease->origin = g_strdup(origin);
	g_ptr_array_add(config->leases, lease);
	return lease;
}
