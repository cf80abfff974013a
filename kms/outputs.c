/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outputs.h"

#include <errno.h>
#include <log.h>
#include <string.h>
#include <xf86drm.h>

void kms_outputs_init(struct kms_outputs *outputs, struct kms_card *card)
{
	outputs->card = card;
	outputs->all = g_ptr_array_new();
}

void kms_outputs_finish(struct kms_outputs *outputs)
{
	if (!outputs->all)
		return;
	for (size_t i = 0; i < kms_outputs_count(outputs); i++)
		kms_output_destroy(kms_outputs_at(outputs, i));
	g_ptr_array_free(outputs->all, TRUE);
	outputs->all = NULL;
}

void kms_outputs_forgive(struct kms_outputs *outputs)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		struct kms_output *output = kms_outputs_at(outputs, i);

		output->refused = false;
		/* Nor does it need a lesser mode; who runs keeps the one that it has. */
		if (!output->state.crtc)
			output->step = 0;
	}
}

void kms_outputs_suspend(struct kms_outputs *outputs, int error)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++)
		kms_output_suspend(kms_outputs_at(outputs, i), error);
}

void kms_outputs_advance(struct kms_outputs *outputs)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++)
		kms_output_advance(kms_outputs_at(outputs, i));
}

/* ---- connectors ---- */

static struct kms_output *find_by_id(const struct kms_outputs *outputs, uint32_t id)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		if (kms_outputs_at(outputs, i)->connector.id == id)
			return kms_outputs_at(outputs, i);
	}
	return NULL;
}

static struct kms_output *find_by_name(const struct kms_outputs *outputs,
	const drmModeConnector *probed)
{
	char name[sizeof(((struct kms_connector *)NULL)->name)];

	kms_connector_make_name(probed, outputs->card->name, name, sizeof(name));
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		if (strcmp(kms_outputs_at(outputs, i)->connector.name, name) == 0)
			return kms_outputs_at(outputs, i);
	}
	return NULL;
}

/* 0: nobody knows, just now. */
static uint32_t possible_crtcs(int fd, const drmModeConnector *probed)
{
	uint32_t possible = 0;

	for (int i = 0; i < probed->count_encoders; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(fd, probed->encoders[i]);

		if (!encoder && errno != ENOENT)
			return 0;
		if (encoder) {
			possible |= encoder->possible_crtcs;
			drmModeFreeEncoder(encoder);
		}
	}
	return possible;
}

/* A full mode set makes the link good again. */
static void check_link(struct kms_output *output)
{
	const struct kms_property *link = &output->connector.properties[KMS_CONNECTOR_LINK_STATUS];

	if (!output->on || !link->resets || link->value == link->reset)
		return;
	log_output(G_LOG_LEVEL_MESSAGE, kms_output_name(output),
		"the link failed; setting the mode again");
	output->renew = true;
}

/* What a user of the output can ask for is no longer what it was. */
static void take_note(struct kms_outputs *outputs, struct kms_output *output)
{
	kms_outputs_forgive(outputs);
	output->step = 0;
	output->settings.refused = 0;
	if (!output->connector.connected)
		kms_output_suspend(output, ENODEV);
	if (!output->state.crtc)
		kms_output_guess_mode(output);
	else if (output->state.crtc->given_up)
		output->state.crtc->given_up = false;
	kms_output_note_change(output);
}

/* It stays dark although a monitor is there, or shows less than that can. */
static void say_tile(const struct kms_connector *connector)
{
	const struct kms_tile *tile = &connector->tile;

	if (!connector->no_whole)
		log_output(G_LOG_LEVEL_MESSAGE, connector->name,
			"is a part of a tiled monitor (%ux%u): that is driven by this connector alone",
			tile->columns, tile->rows);
	else if (tile->column || tile->row)
		log_output(G_LOG_LEVEL_MESSAGE, connector->name,
			"is a part of a tiled monitor (%ux%u), column %u of row %u: left to the "
			"connector of the first one",
			tile->columns, tile->rows, tile->column + 1, tile->row + 1);
	else
		log_output(G_LOG_LEVEL_WARNING, connector->name,
			"is a part of a tiled monitor (%ux%u): left off, for it has no mode for the "
			"whole monitor",
			tile->columns, tile->rows);
}

static void update(struct kms_outputs *outputs, struct kms_output *output,
	const drmModeConnector *probed)
{
	struct kms_card *card = outputs->card;
	const struct kms_tile tile = output->connector.tile;

	output->seen = true;
	if (kms_connector_update(&output->connector, card->fd, card->property_cache, probed))
		take_note(outputs, output);
	if (kms_tile_is_part(&output->connector.tile) &&
		memcmp(&tile, &output->connector.tile, sizeof(tile)) != 0)
		say_tile(&output->connector);
	check_link(output);
}

void kms_outputs_force(struct kms_outputs *outputs, struct kms_output *output, bool forced)
{
	if (kms_connector_force(&output->connector, forced))
		take_note(outputs, output);
}

/* What can drive it, where nobody knew. */
static void ask_again(struct kms_outputs *outputs, struct kms_output *output,
	const drmModeConnector *probed)
{
	struct kms_connector *connector = &output->connector;

	if (connector->possible_crtcs)
		return;
	connector->possible_crtcs = possible_crtcs(outputs->card->fd, probed);
	if (connector->possible_crtcs)
		take_note(outputs, output);
}

/*
 * The connector's output, made if it is new; NULL for one that is no output (writeback). MST gives
 * a monitor that comes back a new connector, whose number may be one that another output's
 * connector had: an output is known by its name, which no two connectors share at a time.
 */
static struct kms_output *meet(struct kms_outputs *outputs, uint32_t id,
	const drmModeConnector *probed)
{
	struct kms_output *output, *former;

	if (probed->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
		return NULL;
	output = find_by_name(outputs, probed);
	if (output && output->connector.id == id) {
		ask_again(outputs, output, probed);
		return output;
	}
	former = find_by_id(outputs, id);
	if (former)
		update(outputs, former, NULL);
	if (!output) {
		output = kms_output_create(outputs->card);
		kms_connector_make_name(probed, outputs->card->name, output->connector.name,
			sizeof(output->connector.name));
		g_ptr_array_add(outputs->all, output);
	}
	memset(output->connector.properties, 0, sizeof(output->connector.properties));
	output->connector.id = id;
	output->connector.possible_crtcs = possible_crtcs(outputs->card->fd, probed);
	return output;
}

void kms_outputs_probed(struct kms_outputs *outputs, uint32_t id, const drmModeConnector *probed)
{
	struct kms_output *output = probed ? meet(outputs, id, probed) : find_by_id(outputs, id);

	if (output)
		update(outputs, output, probed);
}

void kms_outputs_probes_done(struct kms_outputs *outputs)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		struct kms_output *output = kms_outputs_at(outputs, i);

		if (!output->seen && output->connector.id)
			update(outputs, output, NULL);
		output->seen = false;
	}
}

/* Panels that are built in, and virtual ones, often have none; a plug that is not all the way in,
 * or a monitor that is still waking up, has one later. */
static bool should_have_edid(const struct kms_connector *connector)
{
	static const char *const types[] = {"DP-", "HDMI-", "DVI-", "VGA-"};
	const char *colon = strrchr(connector->name, ':');
	const char *name = colon ? colon + 1 : connector->name;

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_str_has_prefix(name, types[i]))
			return true;
	}
	return false;
}

bool kms_outputs_lack_answers(const struct kms_outputs *outputs)
{
	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		const struct kms_connector *connector = &kms_outputs_at(outputs, i)->connector;

		if (connector->connected &&
			(!connector->possible_crtcs ||
				(!connector->edid_size && should_have_edid(connector))))
			return true;
	}
	return false;
}

bool kms_outputs_read(struct kms_outputs *outputs)
{
	int fd = outputs->card->fd;
	drmModeRes *resources = drmModeGetResources(fd);
	bool complete = resources != NULL;

	for (int i = 0; resources && i < resources->count_connectors; i++) {
		drmModeConnector *probed = drmModeGetConnector(fd, resources->connectors[i]);

		if (probed)
			kms_outputs_probed(outputs, resources->connectors[i], probed);
		/* Only that one is known to be no more. */
		complete &= probed || errno == ENOENT;
		drmModeFreeConnector(probed);
	}
	if (resources)
		drmModeFreeResources(resources);
	/* By no probe yet: the first one must find all of them again. */
	for (size_t i = 0; i < kms_outputs_count(outputs); i++)
		kms_outputs_at(outputs, i)->seen = false;
	return complete;
}

void kms_outputs_read_state(struct kms_outputs *outputs)
{
	struct kms_card *card = outputs->card;

	for (size_t i = 0; i < kms_outputs_count(outputs); i++) {
		struct kms_output *output = kms_outputs_at(outputs, i);
		struct kms_connector *connector = &output->connector;

		if (connector->id &&
			kms_property_read(card->fd, card->property_cache, DRM_MODE_OBJECT_CONNECTOR,
				connector->id, connector->properties) == ENOENT)
			update(outputs, output, NULL);
	}
}
