/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <log.h>
#include <string.h>
#include <xf86drmMode.h>

/* The kernel's side of struct kms_setting_kind: a property for each value, and its names for the
 * words. */
struct driver_side {
	enum kms_connector_property properties[KMS_SETTING_VALUES_MAX];
	const char *names[5];
};

static const struct driver_side sides[KMS_SETTINGS] = {
	/* That one is the CRTC's to set; the connector says whether its monitor can. */
	[KMS_SETTING_VRR] = {{KMS_CONNECTOR_VRR_CAPABLE}, {NULL}},
	[KMS_SETTING_MAX_BPC] = {{KMS_CONNECTOR_MAX_BPC}, {NULL}},
	[KMS_SETTING_CONTENT_TYPE] = {{KMS_CONNECTOR_CONTENT_TYPE},
		{"No Data", "Graphics", "Photo", "Cinema", "Game"}},
	[KMS_SETTING_BROADCAST_RGB] = {{KMS_CONNECTOR_BROADCAST_RGB},
		{"Automatic", "Full", "Limited 16:235"}},
	[KMS_SETTING_SCALING_MODE] = {{KMS_CONNECTOR_SCALING_MODE},
		{"None", "Full", "Center", "Full aspect"}},
	[KMS_SETTING_UNDERSCAN] = {{KMS_CONNECTOR_UNDERSCAN}, {"off", "on", "auto"}},
	[KMS_SETTING_UNDERSCAN_BORDER] = {{KMS_CONNECTOR_UNDERSCAN_X, KMS_CONNECTOR_UNDERSCAN_Y},
		{NULL}},
	[KMS_SETTING_MARGINS] = {{KMS_CONNECTOR_MARGIN_LEFT, KMS_CONNECTOR_MARGIN_RIGHT,
					 KMS_CONNECTOR_MARGIN_TOP, KMS_CONNECTOR_MARGIN_BOTTOM},
		{NULL}},
};

static bool has(const struct kms_settings *settings, int setting)
{
	return settings->given >> setting & 1;
}

static bool is_of_crtc(int setting)
{
	return setting == KMS_SETTING_VRR;
}

static const struct kms_property *property_of(const struct kms_connector *connector, int setting,
	size_t value)
{
	return &connector->properties[sides[setting].properties[value]];
}

/* The number that stands for a word in this driver. */
static bool find_word(const struct kms_property *property, int setting, size_t word,
	uint64_t *number)
{
	for (size_t i = 0; i < property->enum_count; i++) {
		if (strcmp(property->enums[i].name, sides[setting].names[word]) == 0) {
			*number = property->enums[i].value;
			return true;
		}
	}
	return false;
}

/* What the property is to have. False: it is not there, or cannot have it. */
static bool find_number(const struct kms_connector *connector, int setting, size_t value,
	uint8_t wanted, uint64_t *number)
{
	const struct kms_property *property = property_of(connector, setting, value);

	if (!property->id)
		return false;
	if (kms_setting_kind((enum kms_setting)setting)->words)
		return find_word(property, setting, wanted, number);
	*number = wanted;
	return wanted >= property->minimum && wanted <= property->maximum;
}

static bool can_vary(const struct kms_connector *connector)
{
	const struct kms_property *capable = &connector->properties[KMS_CONNECTOR_VRR_CAPABLE];

	return capable->id && capable->value;
}

static bool is_possible(const struct kms_connector *connector, const struct kms_crtc *crtc,
	const struct kms_settings *settings, int setting)
{
	uint64_t number;

	if (is_of_crtc(setting))
		return settings->values[setting][0] == KMS_VRR_OFF ||
			(can_vary(connector) && crtc->properties[KMS_CRTC_VRR_ENABLED].id);
	for (size_t i = 0; i < kms_setting_kind((enum kms_setting)setting)->count; i++) {
		if (!find_number(connector, setting, i, settings->values[setting][i], &number))
			return false;
	}
	return true;
}

/* ---- what is asked ---- */

void kms_settings_ask(struct kms_output_settings *settings, const struct kms_settings *wanted)
{
	if (kms_settings_equal(&settings->wanted, wanted))
		return;
	settings->wanted = *wanted;
	settings->refused = 0;
	settings->said = 0;
}

struct kms_settings kms_settings_choose(const struct kms_output_settings *settings,
	const struct kms_connector *connector, const struct kms_crtc *crtc)
{
	struct kms_settings chosen = settings->wanted;

	chosen.given &= ~settings->refused;
	for (int setting = 0; setting < KMS_SETTINGS; setting++) {
		if (has(&chosen, setting) && !is_possible(connector, crtc, &chosen, setting))
			chosen.given &= ~(UINT32_C(1) << setting);
	}
	return chosen;
}

static void put_back(struct kms_request *request, const struct kms_output_settings *settings,
	const struct kms_connector *connector, int setting)
{
	for (size_t i = 0; i < kms_setting_kind((enum kms_setting)setting)->count; i++) {
		const struct kms_property *property = property_of(connector, setting, i);

		kms_request_add_optional(request, connector->id, property,
			property->resets ? property->reset : settings->found[setting][i]);
	}
}

void kms_settings_add(struct kms_request *request, const struct kms_output_settings *settings,
	const struct kms_connector *connector, const struct kms_settings *chosen)
{
	for (int setting = 0; setting < KMS_SETTINGS; setting++) {
		const struct kms_setting_kind *kind = kms_setting_kind((enum kms_setting)setting);
		uint64_t number;

		if (is_of_crtc(setting))
			continue;
		if (!has(chosen, setting)) {
			if (settings->touched >> setting & 1)
				put_back(request, settings, connector, setting);
			continue;
		}
		for (size_t i = 0; i < kind->count; i++) {
			if (find_number(connector, setting, i, chosen->values[setting][i], &number))
				kms_request_add(request, connector->id,
					property_of(connector, setting, i), number);
		}
	}
}

bool kms_settings_vary(const struct kms_settings *chosen)
{
	return has(chosen, KMS_SETTING_VRR) && chosen->values[KMS_SETTING_VRR][0] != KMS_VRR_OFF;
}

void kms_settings_add_crtc(struct kms_request *request, const struct kms_crtc *crtc,
	const struct kms_settings *chosen, bool varies)
{
	bool wanted = kms_settings_vary(chosen);

	if (wanted || varies)
		kms_request_add_optional(request, crtc->id, &crtc->properties[KMS_CRTC_VRR_ENABLED],
			wanted);
}

/* ---- words ---- */

static void append_setting(GString *text, const struct kms_settings *settings, int setting)
{
	const struct kms_setting_kind *kind = kms_setting_kind((enum kms_setting)setting);
	const uint8_t *values = settings->values[setting];

	g_string_append_printf(text, "%s=", kind->name);
	if (kind->words)
		g_string_append(text, kind->words[values[0]]);
	for (size_t i = 0; !kind->words && i < kind->count; i++)
		g_string_append_printf(text, "%s%u", i ? "," : "", values[i]);
}

static void append_words(GString *text, const struct kms_connector *connector, int setting)
{
	const struct kms_setting_kind *kind = kms_setting_kind((enum kms_setting)setting);
	const char *separator = "";
	uint64_t number;

	for (size_t word = 0; kind->words[word]; word++) {
		if (!is_of_crtc(setting) &&
			!find_word(property_of(connector, setting, 0), setting, word, &number))
			continue;
		g_string_append_printf(text, "%s%s", separator, kind->words[word]);
		separator = "|";
	}
}

bool kms_settings_describe(GString *text, const struct kms_connector *connector)
{
	const char *separator = "";

	for (int setting = 0; setting < KMS_SETTINGS; setting++) {
		const struct kms_setting_kind *kind = kms_setting_kind((enum kms_setting)setting);
		const struct kms_property *property = property_of(connector, setting, 0);

		if (!property->id || (is_of_crtc(setting) && !can_vary(connector)))
			continue;
		g_string_append_printf(text, "%s%s=", separator, kind->name);
		separator = ", ";
		if (kind->words)
			append_words(text, connector, setting);
		else
			g_string_append_printf(text, "%u to %u", (unsigned int)property->minimum,
				(unsigned int)property->maximum);
	}
	return *separator != '\0';
}

static void say_missing(const struct kms_output_settings *settings,
	const struct kms_connector *connector, int setting)
{
	g_autoptr(GString) wanted = g_string_new(NULL);
	g_autoptr(GString) there = g_string_new(NULL);

	append_setting(wanted, &settings->wanted, setting);
	if (!kms_settings_describe(there, connector))
		g_string_append(there, "nothing of the kind");
	log_output(G_LOG_LEVEL_WARNING, connector->name,
		"%s is left out: the connector has no such setting; it has %s", wanted->str,
		there->str);
}

void kms_settings_refuse(struct kms_output_settings *settings,
	const struct kms_connector *connector, enum kms_setting setting)
{
	g_autoptr(GString) wanted = g_string_new(NULL);

	settings->refused |= UINT32_C(1) << setting;
	append_setting(wanted, &settings->wanted, (int)setting);
	log_output(G_LOG_LEVEL_WARNING, connector->name,
		"%s is left out: the driver refuses it in this mode", wanted->str);
}

/* ---- the kernel has accepted ---- */

static void remember(struct kms_output_settings *settings, const struct kms_connector *connector,
	int setting)
{
	for (size_t i = 0; i < kms_setting_kind((enum kms_setting)setting)->count; i++)
		settings->found[setting][i] = property_of(connector, setting, i)->value;
	settings->touched |= UINT32_C(1) << setting;
}

void kms_settings_apply(struct kms_output_settings *settings, const struct kms_connector *connector,
	const struct kms_crtc *crtc, const struct kms_settings *chosen)
{
	for (int setting = 0; setting < KMS_SETTINGS; setting++) {
		uint32_t bit = UINT32_C(1) << setting;

		if (has(chosen, setting) && !(settings->touched & bit))
			remember(settings, connector, setting);
		if (!has(&settings->wanted, setting) || settings->said & bit ||
			is_possible(connector, crtc, &settings->wanted, setting))
			continue;
		say_missing(settings, connector, setting);
		settings->said |= bit;
	}
}
