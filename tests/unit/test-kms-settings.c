/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a connector is asked beyond a mode: set with the mode, left out with a word where the
 * connector or the driver does not have it, and put back when it is no longer asked for.
 */
#include "card_fixture.h"

#include <string.h>

static uint64_t value(const char *property)
{
	return double_value(DOUBLE_CONNECTOR(0), property);
}

static void ask(struct card_fixture *card, size_t output, enum kms_setting setting, uint8_t first,
	uint8_t second)
{
	struct kms_settings *settings = &card->requests[output].settings;

	settings->given |= UINT32_C(1) << setting;
	settings->values[setting][0] = first;
	settings->values[setting][1] = second;
}

static void configure(struct card_fixture *card)
{
	card_configure(card, NULL, false);
	card_flip_all(card);
}

static unsigned int count(const struct card_fixture *card, const char *words)
{
	unsigned int found = 0;

	for (const char *at = card->log->str; (at = strstr(at, words)); at++)
		found++;
	return found;
}

/* By the driver's own numbers, of which it need not have all. */
static void test_set(struct card_fixture *card)
{
	struct kms_settings *settings;

	double_card.settings = true;
	card_open(card);
	ask(card, 0, KMS_SETTING_MAX_BPC, 10, 0);
	ask(card, 0, KMS_SETTING_CONTENT_TYPE, 3, 0);
	ask(card, 0, KMS_SETTING_BROADCAST_RGB, 1, 0);
	ask(card, 0, KMS_SETTING_SCALING_MODE, 3, 0);
	ask(card, 0, KMS_SETTING_UNDERSCAN, 2, 0);
	ask(card, 0, KMS_SETTING_UNDERSCAN_BORDER, 48, 27);
	ask(card, 0, KMS_SETTING_MARGINS, 1, 2);
	settings = &card->requests[0].settings;
	settings->values[KMS_SETTING_MARGINS][2] = 3;
	settings->values[KMS_SETTING_MARGINS][3] = 4;
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(value("max bpc"), ==, 10);
	g_assert_cmpuint(value("content type"), ==, 3);
	g_assert_cmpuint(value("Broadcast RGB"), ==, 1);
	g_assert_cmpuint(value("scaling mode"), ==, 3);
	g_assert_cmpuint(value("underscan"), ==, 2);
	g_assert_cmpuint(value("underscan hborder"), ==, 48);
	g_assert_cmpuint(value("underscan vborder"), ==, 27);
	g_assert_cmpuint(value("left margin"), ==, 1);
	g_assert_cmpuint(value("right margin"), ==, 2);
	g_assert_cmpuint(value("top margin"), ==, 3);
	g_assert_cmpuint(value("bottom margin"), ==, 4);
	g_assert_null(strstr(card->log->str, "left out"));
}

/* Nothing asked for: what is known to be the default; what depends on driver or kernel command line
 * stays. */
static void test_defaults(struct card_fixture *card)
{
	double_card.settings = true;
	card_start(card);
	g_assert_cmpuint(value("max bpc"), ==, 12);
	g_assert_cmpuint(value("content type"), ==, 0);
	g_assert_cmpuint(value("Broadcast RGB"), ==, 0);
	g_assert_cmpuint(value("underscan"), ==, 0);
	g_assert_cmpuint(value("underscan hborder"), ==, 0);
	g_assert_cmpuint(value("scaling mode"), ==, 2);
	g_assert_cmpuint(value("top margin"), ==, 5);
	g_assert_cmpuint(double_counters.tests, ==, 0);
}

/* Asked for while it runs, and no longer: one mode set each, and none where nothing has changed. */
static void test_changed_and_put_back(struct card_fixture *card)
{
	double_card.settings = true;
	card_start(card);
	card_show(card, 0);
	ask(card, 0, KMS_SETTING_MAX_BPC, 8, 0);
	ask(card, 0, KMS_SETTING_SCALING_MODE, 3, 0);
	ask(card, 0, KMS_SETTING_MARGINS, 9, 9);
	configure(card);
	g_assert_cmpuint(value("max bpc"), ==, 8);
	g_assert_cmpuint(value("scaling mode"), ==, 3);
	g_assert_cmpuint(value("left margin"), ==, 9);
	g_assert_cmpuint(value("top margin"), ==, 0);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	/* The picture is the one that it had. */
	g_assert_true(kms_output_holds(card->outputs[0].output, card_picture(card, 0)));
	configure(card);
	g_assert_cmpuint(double_counters.commits, ==, 2);
	card->requests[0].settings.given = 0;
	configure(card);
	g_assert_cmpuint(double_counters.commits, ==, 3);
	g_assert_cmpuint(value("max bpc"), ==, 12);
	g_assert_cmpuint(value("scaling mode"), ==, 2);
	g_assert_cmpuint(value("left margin"), ==, 0);
	g_assert_cmpuint(value("top margin"), ==, 5);
}

static void test_no_such_property(struct card_fixture *card)
{
	card_open(card);
	ask(card, 0, KMS_SETTING_CONTENT_TYPE, 1, 0);
	ask(card, 0, KMS_SETTING_MAX_BPC, 8, 0);
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(value("max bpc"), ==, 8);
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: content-type=graphics is left out: the connector has no such setting; it has "
		"max-bpc=6 to 12\n"));
	/* Once, whatever mode follows. */
	card_configure(card, "640x480", false);
	card_flip_all(card);
	g_assert_cmpuint(count(card, "is left out"), ==, 1);
	/* What is asked for anew is said anew. */
	ask(card, 0, KMS_SETTING_CONTENT_TYPE, 4, 0);
	configure(card);
	g_assert_nonnull(strstr(card->log->str, "DP-1: content-type=game is left out"));
}

static void test_no_such_value(struct card_fixture *card)
{
	double_card.settings = true;
	card_open(card);
	ask(card, 0, KMS_SETTING_SCALING_MODE, 1, 0);
	ask(card, 0, KMS_SETTING_MAX_BPC, 16, 0);
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(value("scaling mode"), ==, 2);
	g_assert_cmpuint(value("max bpc"), ==, 12);
	g_assert_nonnull(strstr(card->log->str,
		"DP-1: scaling-mode=full is left out: the connector has no such setting; it has "
		"max-bpc=6 to 12, content-type=no-data|graphics|photo|cinema|game, "
		"broadcast-rgb=auto|full|limited, scaling-mode=center|full-aspect, "
		"underscan=off|on|auto, underscan-border=0 to 128, margins=0 to 100\n"));
	g_assert_nonnull(strstr(card->log->str, "DP-1: max-bpc=16 is left out"));
}

/* The one that the driver does not take, of the output that asks for it. */
static void test_refused(struct card_fixture *card)
{
	double_card.settings = true;
	double_card.crtcs = 2;
	double_card.refused_value = "max bpc";
	double_card.refuses_value = 10;
	card_open(card);
	ask(card, 0, KMS_SETTING_MAX_BPC, 8, 0);
	ask(card, 1, KMS_SETTING_MAX_BPC, 10, 0);
	ask(card, 1, KMS_SETTING_UNDERSCAN, 1, 0);
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(value("max bpc"), ==, 8);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "max bpc"), ==, 12);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "underscan"), ==, 1);
	g_assert_cmpuint(count(card, "is left out"), ==, 1);
	g_assert_nonnull(strstr(card->log->str,
		"DP-2: max-bpc=10 is left out: the driver refuses it in this mode\n"));
	/* It is not tried again, nor said; but in another mode. */
	double_card.refused_value = NULL;
	ask(card, 0, KMS_SETTING_UNDERSCAN, 1, 0);
	configure(card);
	g_assert_cmpuint(value("underscan"), ==, 1);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "max bpc"), ==, 12);
	card_configure(card, "640x480", false);
	card_flip_all(card);
	g_assert_cmpuint(double_value(DOUBLE_CONNECTOR(1), "max bpc"), ==, 10);
	g_assert_cmpuint(count(card, "is left out"), ==, 1);
}

/* While it runs: what it had stays, and so does the output. */
static void test_refused_later(struct card_fixture *card)
{
	double_card.settings = true;
	double_card.refused_value = "content type";
	double_card.refuses_value = 4;
	card_start(card);
	ask(card, 0, KMS_SETTING_CONTENT_TYPE, 4, 0);
	ask(card, 0, KMS_SETTING_BROADCAST_RGB, 2, 0);
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(value("content type"), ==, 0);
	g_assert_cmpuint(value("Broadcast RGB"), ==, 2);
	g_assert_cmpuint(count(card, "is left out"), ==, 1);
}

/* The mode is what is refused: no setting is blamed. */
static void test_not_to_blame(struct card_fixture *card)
{
	double_card.settings = true;
	double_card.width_max = 800;
	card_open(card);
	ask(card, 0, KMS_SETTING_MAX_BPC, 8, 0);
	configure(card);
	g_assert_cmpuint(kms_output_mode(card->outputs[0].output)->width, ==, 800);
	g_assert_cmpuint(value("max bpc"), ==, 8);
	g_assert_cmpuint(count(card, "is left out"), ==, 0);
}

/* A driver that does not want the resets takes the settings all the same. */
static void test_without_resets(struct card_fixture *card)
{
	double_card.settings = true;
	double_card.refused_value = "max bpc";
	double_card.refuses_value = 12;
	card_open(card);
	ask(card, 0, KMS_SETTING_UNDERSCAN, 2, 0);
	configure(card);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(value("underscan"), ==, 2);
	g_assert_cmpuint(value("max bpc"), ==, 8);
	g_assert_cmpuint(count(card, "is left out"), ==, 0);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/settings/set", test_set);
	card_add_test("/kms/settings/defaults", test_defaults);
	card_add_test("/kms/settings/changed-and-put-back", test_changed_and_put_back);
	card_add_test("/kms/settings/no-such-property", test_no_such_property);
	card_add_test("/kms/settings/no-such-value", test_no_such_value);
	card_add_test("/kms/settings/refused", test_refused);
	card_add_test("/kms/settings/refused-later", test_refused_later);
	card_add_test("/kms/settings/not-to-blame", test_not_to_blame);
	card_add_test("/kms/settings/without-resets", test_without_resets);
	return g_test_run();
}
