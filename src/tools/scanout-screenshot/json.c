// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing a snapshot as JSON. Numbers are printed digit by digit so that no locale has a say.
 */
#include "json.h"

#include "buffer.h"
#include "vblank.h"

#include <drm_fourcc.h>

static void append_string(GString *text, const char *string)
{
	g_string_append_c(text, '"');
	for (const char *c = string; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(text, '\\');
		if (g_ascii_iscntrl(*c))
			g_string_append_printf(text, "\\u%04x", *c);
		else
			g_string_append_c(text, *c);
	}
	g_string_append_c(text, '"');
}

static const char *boolean(bool value)
{
	return value ? "true" : "false";
}

/* 16.16 as a decimal number; five digits tell every fraction of 65536 apart. */
static void append_fixed(GString *text, uint32_t value)
{
	uint32_t fraction = value & 0xffff;

	g_string_append_printf(text, "%u", value >> 16);
	if (fraction)
		g_string_append_printf(text, ".%05u",
			(unsigned int)((uint64_t)fraction * 100000 / 65536));
}

static void append_framebuffer(GString *text, const struct card *card, uint32_t fb_id)
{
	struct framebuffer_info info = {0};
	char format[5] = "    ";

	g_string_append_printf(text, "\"fb\": %u, ", fb_id);
	if (!buffer_describe(card, fb_id, &info, NULL)) {
		g_string_append(text,
			"\"fb_width\": 0, \"fb_height\": 0, \"format\": null, "
			"\"modifier\": null, \"pitch\": 0, \"offset\": 0, ");
		return;
	}
	for (int i = 0; i < 4; i++)
		format[i] = (char)(info.format >> (8 * i) & 0x7f);
	g_string_append_printf(text,
		"\"fb_width\": %u, \"fb_height\": %u, \"format\": ", info.width, info.height);
	append_string(text, format);
	g_string_append(text, ", \"modifier\": ");
	if (!info.has_modifier)
		g_string_append(text, "\"none\"");
	else if (info.modifier == DRM_FORMAT_MOD_LINEAR)
		g_string_append(text, "\"linear\"");
	else
		g_string_append_printf(text, "\"0x%016" G_GINT64_MODIFIER "x\"", info.modifier);
	g_string_append_printf(text, ", \"pitch\": %u, \"offset\": %u, ", info.pitch, info.offset);
}

static unsigned int degrees(unsigned int rotation)
{
	switch (rotation & DRM_MODE_ROTATE_MASK) {
	case DRM_MODE_ROTATE_90:
		return 90;
	case DRM_MODE_ROTATE_180:
		return 180;
	case DRM_MODE_ROTATE_270:
		return 270;
	default:
		return 0;
	}
}

static void append_plane(GString *text, const struct card *card, const struct plane_state *plane)
{
	static const char *const types[] = {"overlay", "primary", "cursor"};
	static const char *const blends[] = {
		[BLEND_PREMULTIPLIED] = "premultiplied",
		[BLEND_COVERAGE] = "coverage",
		[BLEND_NONE] = "none",
	};

	g_string_append_printf(text, "{\"id\": %u, \"type\": \"%s\", ", plane->id,
		plane->type < G_N_ELEMENTS(types) ? types[plane->type] : "unknown");
	append_framebuffer(text, card, plane->fb_id);
	g_string_append(text, "\"src\": [");
	append_fixed(text, plane->src_x);
	g_string_append(text, ", ");
	append_fixed(text, plane->src_y);
	g_string_append(text, ", ");
	append_fixed(text, plane->src_w);
	g_string_append(text, ", ");
	append_fixed(text, plane->src_h);
	g_string_append_printf(text, "], \"crtc\": [%d, %d, %u, %u], ", plane->crtc_x,
		plane->crtc_y, plane->crtc_w, plane->crtc_h);
	g_string_append_printf(text, "\"rotation\": %u, \"reflect_x\": %s, \"reflect_y\": %s, ",
		degrees(plane->rotation), boolean(plane->rotation & DRM_MODE_REFLECT_X),
		boolean(plane->rotation & DRM_MODE_REFLECT_Y));
	g_string_append_printf(text, "\"alpha\": %u, \"blend\": \"%s\", ", plane->alpha,
		blends[plane->blend]);
	if (plane->has_zpos)
		g_string_append_printf(text, "\"zpos\": %" G_GUINT64_FORMAT ", ", plane->zpos);
	else
		g_string_append(text, "\"zpos\": null, ");
	if (plane->has_hotspot)
		g_string_append_printf(text, "\"hotspot\": [%d, %d]}", plane->hotspot_x,
			plane->hotspot_y);
	else
		g_string_append(text, "\"hotspot\": null}");
}

static void append_mode(GString *text, const struct drm_mode_modeinfo *mode)
{
	unsigned int refresh = snapshot_refresh(mode);

	if (mode->hdisplay)
		g_string_append_printf(text, "\"mode\": \"%ux%u@%u\", ", mode->hdisplay,
			mode->vdisplay, (refresh + 500) / 1000);
	else
		g_string_append(text, "\"mode\": null, ");
	g_string_append_printf(text, "\"width\": %u, \"height\": %u, \"refresh_mhz\": %u, ",
		mode->hdisplay, mode->vdisplay, refresh);
}

static void append_crtc(GString *text, const struct snapshot *snapshot, size_t index)
{
	const struct card *card = snapshot->card;
	const struct crtc_state *crtc = &snapshot->crtcs[index];
	g_autofree const struct plane_state **planes = g_new(const struct plane_state *,
		card->plane_count);
	size_t count = snapshot_planes_on_crtc(snapshot, crtc->id, planes);
	const char *separator = "";

	g_string_append_printf(text, "  {\"id\": %u, \"index\": %u, \"active\": %s, ", crtc->id,
		card->crtcs[index].index, boolean(crtc->active));
	append_mode(text, &crtc->mode);
	g_string_append_printf(text, "\"sequence\": %" G_GUINT64_FORMAT ", \"connectors\": [",
		vblank_sequence(card, crtc->id));
	for (size_t i = 0; i < card->connector_count; i++) {
		if (snapshot->connector_crtcs[i] != crtc->id)
			continue;
		g_string_append(text, separator);
		append_string(text, card->connectors[i].name);
		separator = ", ";
	}
	g_string_append_printf(text, "], \"gamma_lut\": %u, \"degamma_lut\": %u, \"ctm\": %u, ",
		crtc->gamma_lut, crtc->degamma_lut, crtc->ctm);
	g_string_append_printf(text, "\"background\": \"%04x%04x%04x\", \"planes\": [",
		crtc->background.red, crtc->background.green, crtc->background.blue);
	for (size_t i = 0; i < count; i++) {
		g_string_append(text, i ? ",\n    " : "\n    ");
		append_plane(text, card, planes[i]);
	}
	g_string_append(text, "]}");
}

void json_append_snapshot(GString *text, const struct snapshot *snapshot, uint32_t crtc_id)
{
	const struct card *card = snapshot->card;
	const char *separator = "\n";

	g_string_append(text, "{\"card\": ");
	append_string(text, card->path);
	g_string_append(text, ", \"driver\": ");
	append_string(text, card->driver);
	g_string_append_printf(text, ", \"master\": %s, \"crtcs\": [",
		boolean(card_is_master(card)));
	for (size_t i = 0; i < card->crtc_count; i++) {
		if (crtc_id && card->crtcs[i].id != crtc_id)
			continue;
		g_string_append(text, separator);
		append_crtc(text, snapshot, i);
		separator = ",\n";
	}
	g_string_append(text, "],\n \"connectors\": [");
	for (size_t i = 0; i < card->connector_count; i++) {
		g_string_append_printf(text, "%s\n  {\"id\": %u, \"name\": ", i ? "," : "",
			card->connectors[i].id);
		append_string(text, card->connectors[i].name);
		g_string_append_printf(text, ", \"crtc\": %u}", snapshot->connector_crtcs[i]);
	}
	g_string_append(text, "],\n \"idle_planes\": [");
	separator = "";
	for (size_t i = 0; i < card->plane_count; i++) {
		if (snapshot->planes[i].fb_id != 0)
			continue;
		g_string_append_printf(text, "%s%u", separator, card->planes[i].id);
		separator = ", ";
	}
	g_string_append(text, "]}\n");
}
