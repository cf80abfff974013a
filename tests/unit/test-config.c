/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: what it says when all is well; drop-ins in name order; files and command line
 * together; the examples that are installed and in documents.
 */
#include <string.h>
#include <unistd.h>

#include "config/changes.h"
#include "config_fixture.h"
#include "input/description.h"

static const struct config_guest *guest_of(const struct config *config, guint i)
{
	g_assert_cmpuint(i, <, config->guests->len);
	return g_ptr_array_index(config->guests, i);
}

static const struct config_output *output_of(const struct config *config, guint i)
{
	g_assert_cmpuint(i, <, config->outputs->len);
	return g_ptr_array_index(config->outputs, i);
}

/* ---- when all is well ---- */

static void test_cards(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\n"
		"card=/dev/dri/card0 ; /dev/dri/by-path/pci-0000:01:00.0-card;\n"
		"[output card0:DP-1]\n"
		"[output pci-0000:01:00.0-card:DP-1]\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(g_strv_length(config->daemon.cards), ==, 2);
	g_assert_cmpstr(config->daemon.cards[0], ==, "/dev/dri/card0");
	g_assert_cmpstr(config_card_name(config->daemon.cards[1]), ==, "pci-0000:01:00.0-card");
	g_assert_cmpuint(config->outputs->len, ==, 2);
	config_destroy(config);
	config = config_fixture_load(fixture->path, "--card card1;card2");
	g_assert_cmpstr(config->daemon.cards[0], ==, "card1");
	g_assert_cmpstr(config_card_name(config->daemon.cards[1]), ==, "card2");
	config_destroy(config);
}

static void test_defaults(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;
	const struct config_guest *guest;

	config_fixture_write(fixture, "");
	config = config_fixture_load(fixture->path, "");
	g_assert_null(config->daemon.cards);
	g_assert_cmpint(config->daemon.drm_fd, ==, -1);
	g_assert_cmpint(config->daemon.ready_fd, ==, -1);
	g_assert_null(config->daemon.stats);
	g_assert_cmpint(config->daemon.log_level, ==, G_LOG_LEVEL_INFO);
	g_assert_cmpint(config->daemon.vt, ==, CONFIG_VT_AUTO);
	g_assert_cmpint(config->daemon.seat_manager, ==, CONFIG_SEAT_MANAGER_AUTO);
	g_assert_cmpuint(config->daemon.flip_timeout_ms, ==, 0);
	g_assert_cmpuint(config->outputs->len, ==, 0);
	g_assert_cmpuint(config->guests->len, ==, 1);
	guest = guest_of(config, 0);
	g_assert_cmpstr(guest->name, ==, "default");
	g_assert_cmpstr(guest->vm, ==, "default");
	g_assert_cmpstr(guest->vmm_socket, ==, "/run/scanoutd/default.sock");
	g_assert_cmpstr(guest->backend_socket, ==, "/run/scanoutd/default-backend.sock");
	g_assert_null(guest->display_socket);
	g_assert_cmpint(guest->display_fd, ==, -1);
	g_assert_null(guest->socket_group);
	g_assert_true(picture_spec_is_black(&guest->before));
	g_assert_true(picture_spec_is_black(&guest->after));
	g_assert_true(picture_spec_is_black(&guest->failed));
	g_assert_cmpint(guest->place, ==, PLACE_FIT);
	g_assert_null(guest->mode);
	g_assert_cmpint(guest->blank_after_ms, ==, 2000);
	g_assert_cmpint(guest->firmware, ==, FIRMWARE_HIDE);
	g_assert_cmpint(guest->off_after_ms, ==, 60000);
	g_assert_cmpint(guest->idle_off_ms, ==, CONFIG_NEVER);
	g_assert_cmpint(guest->answers, ==, ANSWERS_AUTO);
	config_destroy(config);
}

static void test_all_keys(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	const struct config_output *output;
	struct config *config;

	config_fixture_write(fixture,
		"# a comment\n"
		"[daemon]\n"
		"card = /dev/dri/by-path/pci-0000:01:00.0-card\n"
		"stats=/run/scanoutd/stats\\sof\\\\it\n"
		"log-level=debug\n"
		"vt=7\n"
		"seat-manager=no\n"
		"flip-timeout=1500\n"
		"\n"
		"[guest kiosk]\n"
		"vm=front\n"
		"vmm-socket=/run/kiosk/vmm\n"
		"backend-socket=/run/kiosk/backend\n"
		"socket-group=libvirt-qemu\n"
		"before=last\n"
		"after=last\n"
		"scaling=integer\n"
		"mode=1920x1080\n"
		"blank-after=500ms\n"
		"off-after=2 h\n"
		"idle-off=10min\n"
		"answers=copied\n"
		"firmware=show\n"
		"[guest second]\n"
		"display-socket=/run/second\n"
		"answers=flip\n"
		"blank-after=never\n"
		"off-after=0s\n"
		"[guest third]\n"
		"display-fd=7\n"
		"answers=auto\n"
		"[output DP-1]\n"
		"guest=kiosk\n"
		"scanout=15\n"
		"mode=173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync\n"
		"scaling=none\n"
		"position= 1920 , 0\n"
		"transform=flipped-270\n"
		"background=#10aBff\n"
		"on-hours=07:00-12:00; 22:30-06:00;\n"
		"vrr=auto\n"
		"max-bpc=10\n"
		"content-type=game\n"
		"broadcast-rgb=limited\n"
		"scaling-mode=full-aspect\n"
		"underscan=on\n"
		"underscan-border=48,27\n"
		"margins= 1, 2,3 ,100\n"
		"[output  DEL   U2720Q ABC123 ]\n"
		"guest=second\n"
		"[output HDMI-A-1]\n"
		"mode=off\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(config->daemon.cards[0], ==, "/dev/dri/by-path/pci-0000:01:00.0-card");
	g_assert_cmpstr(config->daemon.stats, ==, "/run/scanoutd/stats of\\it");
	g_assert_cmpint(config->daemon.log_level, ==, G_LOG_LEVEL_DEBUG);
	g_assert_cmpint(config->daemon.vt, ==, 7);
	g_assert_cmpint(config->daemon.seat_manager, ==, CONFIG_SEAT_MANAGER_NO);
	g_assert_cmpuint(config->daemon.flip_timeout_ms, ==, 1500);
	g_assert_cmpuint(config->guests->len, ==, 3);
	guest = guest_of(config, 0);
	g_assert_cmpstr(guest->name, ==, "kiosk");
	g_assert_cmpstr(guest->vm, ==, "front");
	g_assert_cmpstr(guest->vmm_socket, ==, "/run/kiosk/vmm");
	g_assert_cmpstr(guest->backend_socket, ==, "/run/kiosk/backend");
	g_assert_cmpstr(guest->socket_group, ==, "libvirt-qemu");
	g_assert_cmpint(guest->before.kind, ==, PICTURE_LAST);
	g_assert_cmpint(guest->after.kind, ==, PICTURE_LAST);
	g_assert_cmpint(guest->place, ==, PLACE_INTEGER);
	g_assert_cmpint(guest->blank_after_ms, ==, 500);
	g_assert_cmpint(guest->firmware, ==, FIRMWARE_SHOW);
	g_assert_cmpint(guest->off_after_ms, ==, 7200000);
	g_assert_cmpint(guest->idle_off_ms, ==, 600000);
	g_assert_cmpint(guest->answers, ==, ANSWERS_COPIED);
	guest = guest_of(config, 1);
	g_assert_cmpint(guest->blank_after_ms, ==, CONFIG_NEVER);
	g_assert_cmpint(guest->off_after_ms, ==, 0);
	g_assert_cmpstr(guest->display_socket, ==, "/run/second");
	g_assert_cmpint(guest->answers, ==, ANSWERS_FLIP);
	g_assert_null(guest->vmm_socket);
	g_assert_null(guest->backend_socket);
	guest = guest_of(config, 2);
	g_assert_cmpint(guest->display_fd, ==, 7);
	g_assert_cmpint(guest->answers, ==, ANSWERS_AUTO);
	g_assert_null(guest->vmm_socket);
	g_assert_cmpuint(config->outputs->len, ==, 3);
	output = output_of(config, 0);
	g_assert_cmpstr(output->name, ==, "DP-1");
	g_assert_cmpstr(output->guest, ==, "kiosk");
	g_assert_cmpint(output->scanout, ==, 15);
	g_assert_cmpstr(output->mode, ==,
		"173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync");
	g_assert_cmpint(output->place, ==, PLACE_NONE);
	g_assert_cmpint(output->transform, ==, KMS_ROTATE_270 | KMS_REFLECT_X);
	g_assert_cmphex(output->background, ==, 0x10abff);
	g_assert_cmphex(output->settings.given, ==, (1u << KMS_SETTINGS) - 1);
	g_assert_cmpuint(output->on_hours.count, ==, 2);
	g_assert_cmpuint(output->on_hours.spans[1].from, ==, 22 * 60 + 30);
	g_assert_cmpuint(output->on_hours.spans[1].to, ==, 360);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_VRR][0], ==, KMS_VRR_AUTO);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_MAX_BPC][0], ==, 10);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_CONTENT_TYPE][0], ==, 4);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_BROADCAST_RGB][0], ==, 2);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_SCALING_MODE][0], ==, 3);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_UNDERSCAN][0], ==, 1);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_UNDERSCAN_BORDER][0], ==, 48);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_UNDERSCAN_BORDER][1], ==, 27);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_MARGINS][0], ==, 1);
	g_assert_cmpuint(output->settings.values[KMS_SETTING_MARGINS][3], ==, 100);
	g_assert_true(output->positioned);
	g_assert_cmpint(output->x, ==, 1920);
	g_assert_cmpint(output->y, ==, 0);
	g_assert_false(output->off);
	output = output_of(config, 1);
	g_assert_cmpstr(output->name, ==, "DEL U2720Q ABC123");
	g_assert_cmpint(output->scanout, ==, 0);
	g_assert_cmpint(output->place, ==, PLACE_FIT);
	g_assert_false(output->positioned);
	g_assert_cmpint(output->transform, ==, PLACE_TRANSFORM_AUTO);
	g_assert_cmphex(output->background, ==, 0);
	g_assert_cmphex(output->settings.given, ==, 0);
	g_assert_null(output->mode);
	output = output_of(config, 2);
	g_assert_true(output->off);
	g_assert_null(output->mode);
	g_assert_null(output->guest);
	config_destroy(config);
}

/* An output says less than its guest, and takes what the guest says. */
static void test_input_keys(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_device *device;
	const struct combination *combinations;
	struct config *config;

	config_fixture_write(fixture,
		"[guest kiosk]\ninput=touch;keyboard\ninput-prefix=/run/in/x\n"
		"dbus-display=unix:path=/run/bus\n"
		"[guest plain]\n"
		"[input]\nseat=seat1\nfocus=plain\nnever-pass=Ctrl+Alt+Del; sysrq;\n"
		"quit-key=super+shift+F12\nswitch-guest=Ctrl+Alt\nvt-switch=none\n"
		"[device panel]\nmatch-name=ILI*\nmatch-id=222a:*\nmatch-path=pci-*\n"
		"match-property=ID_BUS=i2c\nmatch-type=touch\nguest=kiosk\noutput=DP-1\n"
		"calibration=90\n"
		"[device mouse]\nignore=no\npassthrough=yes\nguest=plain\nmotion=accelerated\n"
		"acceleration=-0.5\nacceleration-profile=flat\nnatural-scrolling=yes\ntap=no\n"
		"left-handed=yes\ncalibration=1 0 0.25 0 1 -2\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(guest_of(config, 0)->inputs, ==, 1u << INPUT_TOUCH | 1u << INPUT_KEYBOARD);
	g_assert_cmpstr(guest_of(config, 0)->input_prefix, ==, "/run/in/x");
	g_assert_cmpstr(guest_of(config, 0)->dbus_display, ==, "unix:path=/run/bus");
	g_assert_cmpuint(guest_of(config, 1)->inputs, ==, INPUT_KINDS_DEFAULT);
	g_assert_cmpstr(guest_of(config, 1)->input_prefix, ==, "/run/scanoutd/plain");
	g_assert_cmpstr(config->input.seat, ==, "seat1");
	g_assert_cmpstr(config->input.focus, ==, "plain");
	g_assert_cmpuint(config->input.never_pass->len, ==, 2);
	combinations = (const struct combination *)(const void *)config->input.never_pass->data;
	g_assert_cmpuint(combinations[0].modifiers, ==, MODIFIER_CTRL | MODIFIER_ALT);
	g_assert_cmpuint(combinations[0].key, ==, KEY_DELETE);
	g_assert_cmpuint(combinations[1].modifiers, ==, 0);
	g_assert_cmpuint(combinations[1].key, ==, KEY_SYSRQ);
	g_assert_cmpuint(config->input.leave.modifiers, ==, MODIFIER_SUPER | MODIFIER_SHIFT);
	g_assert_cmpuint(config->input.leave.key, ==, KEY_F12);
	g_assert_cmpuint(config->input.switch_guest.modifiers, ==, MODIFIER_CTRL | MODIFIER_ALT);
	g_assert_cmpuint(config->input.switch_terminal.modifiers, ==, 0);

	g_assert_cmpuint(config->devices->len, ==, 2);
	device = g_ptr_array_index(config->devices, 0);
	g_assert_cmpstr(device->name, ==, "panel");
	g_assert_cmpstr(device->match_name, ==, "ILI*");
	g_assert_cmpstr(device->match_id, ==, "222a:*");
	g_assert_cmpstr(device->match_path, ==, "pci-*");
	g_assert_cmpstr(device->match_property, ==, "ID_BUS=i2c");
	g_assert_cmpstr(device->match_type, ==, "touch");
	g_assert_cmpstr(device->guest, ==, "kiosk");
	g_assert_cmpstr(device->output, ==, "DP-1");
	g_assert_false(device->ignore_given);
	g_assert_true(device->options.calibrated);
	g_assert_cmpfloat(device->options.calibration[1], ==, -1);
	device = g_ptr_array_index(config->devices, 1);
	g_assert_true(device->ignore_given);
	g_assert_false(device->options.ignore);
	g_assert_true(device->passthrough);
	g_assert_cmpint(device->motion, ==, CONFIG_MOTION_ACCELERATED);
	g_assert_true(device->acceleration_given);
	g_assert_cmpfloat(device->options.acceleration, ==, -0.5);
	g_assert_cmpint(device->options.profile, ==, SEAT_PROFILE_FLAT);
	g_assert_cmpint(device->options.natural_scrolling, ==, SEAT_ON);
	g_assert_cmpint(device->options.tap, ==, SEAT_OFF);
	g_assert_cmpint(device->options.left_handed, ==, SEAT_ON);
	g_assert_cmpfloat(device->options.calibration[2], ==, 0.25f);
	g_assert_cmpfloat(device->options.calibration[5], ==, -2);
	config_destroy(config);
}

/* As libinput has it, as xinput prints and takes it, as people write lists. */
static void test_calibrations(struct config_fixture *fixture, gconstpointer data)
{
	static const char *const forms[] = {
		"270",
		"0 1 0 -1 0 1",
		"0 1 0 -1 0 1 0 0 1",
		"0, 1, 0, -1, 0, 1, 0, 0, 1",
		"0,1,0,-1,0,1",
		("0.000000, 1.000000, 0.000000, -1.000000, 0.000000, 1.000000, 0.000000, 0.000000, "
		 "1.000000"),
		"0\\t1 0  -1 0 1",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		static const float expected[6] = {0, 1, 0, -1, 0, 1};
		g_autofree char *text = g_strdup_printf("[device a]\ncalibration=%s\n", forms[i]);
		const struct config_device *device;
		struct config *config;

		config_fixture_write(fixture, text);
		config = config_fixture_load(fixture->path, "");
		device = g_ptr_array_index(config->devices, 0);
		g_assert_true(device->options.calibrated);
		for (size_t j = 0; j < G_N_ELEMENTS(expected); j++)
			g_assert_cmpfloat(device->options.calibration[j], ==, expected[j]);
		config_destroy(config);
	}
}

static void test_force_on(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[output VGA-1]\nforce-on=yes\nmode=1920x1080;preferred\n"
		"[output DP-1]\n[output DP-2]\nforce-on=no\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_true(config_find_output(config, "VGA-1", NULL)->force_on);
	g_assert_cmpstr(config_find_output(config, "VGA-1", NULL)->mode, ==, "1920x1080;preferred");
	g_assert_false(config_find_output(config, "DP-1", NULL)->force_on);
	g_assert_false(config_find_output(config, "DP-2", NULL)->force_on);
	config_destroy(config);
}

static const struct config_layer *layer_of(const struct config *config, guint index)
{
	return g_ptr_array_index(config->layers, index);
}

static void test_layers(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[guest ivi]\n"
		"[guest cluster]\n"
		"[layer cluster]\noutput=DP-1\nguest=cluster\nposition=100,20\nsize=640x480\n"
		"z=3\nopacity=50%\n"
		"[layer second]\noutput=DP-1\nguest=cluster\nopacity=0.25\n"
		"[layer logo]\noutput=DP-2\npicture=#102030\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->layers->len, ==, 3);
	g_assert_cmpstr(layer_of(config, 0)->guest, ==, "cluster");
	g_assert_cmpint(layer_of(config, 0)->scanout, ==, 0);
	g_assert_cmpint(layer_of(config, 0)->x, ==, 100);
	g_assert_cmpint(layer_of(config, 0)->y, ==, 20);
	g_assert_cmpint(layer_of(config, 0)->width, ==, 640);
	g_assert_cmpint(layer_of(config, 0)->height, ==, 480);
	g_assert_cmpint(layer_of(config, 0)->z, ==, 3);
	g_assert_cmpuint(layer_of(config, 0)->opacity, ==, 0x8000);
	g_assert_cmpint(layer_of(config, 1)->scanout, ==, 1);
	g_assert_cmpint(layer_of(config, 1)->width, ==, 0);
	g_assert_cmpuint(layer_of(config, 1)->opacity, ==, 0x4000);
	g_assert_null(layer_of(config, 2)->guest);
	g_assert_cmpuint(layer_of(config, 2)->picture.color, ==, 0x102030);
	g_assert_cmpuint(layer_of(config, 2)->opacity, ==, 0xffff);
	/* Their outputs are on, whether a guest is shown below or not. */
	g_assert_cmpuint(config->outputs->len, ==, 2);
	g_assert_true(config_find_output(config, "DP-1", NULL)->pictured);
	g_assert_null(config_find_output(config, "DP-1", NULL)->guest);
	g_assert_true(config_find_output(config, "DP-2", NULL)->pictured);
	config_destroy(config);
}

/* An output that has a section keeps it; that of the only guest which is not named looks as it
 * says. */
static void test_layer_outputs(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[guest ivi]\nscaling=none\nmode=800x600\n"
		"[guest cluster]\n"
		"[output DP-2]\nguest=cluster\n"
		"[output DP-3]\ntransform=90\n"
		"[layer a]\noutput=DP-1\nguest=cluster\n"
		"[layer b]\noutput=DP-2;DP-9\nguest=cluster\n"
		"[layer c]\noutput=DP-3\nguest=cluster\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->outputs->len, ==, 3);
	g_assert_false(config_find_output(config, "DP-2", NULL)->pictured);
	g_assert_true(config_find_output(config, "DP-3", NULL)->pictured);
	g_assert_cmpint(config_find_output(config, "DP-1", NULL)->place, ==, PLACE_NONE);
	g_assert_cmpstr(config_find_output(config, "DP-1", NULL)->mode, ==, "800x600");
	/* What the output shows comes first. */
	g_assert_cmpint(config_find_output(config, "DP-2", NULL)->scanout, ==, 0);
	g_assert_cmpint(layer_of(config, 0)->scanout, ==, 1);
	g_assert_cmpint(layer_of(config, 2)->scanout, ==, 3);
	config_destroy(config);
}

static void test_guest_defaults(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[output DP-1]\n"
		"guest=only\n"
		"[output DP-2]\n"
		"scanout=0\n"
		"scaling=none\n"
		"[output DP-3]\n"
		"guest=only\n"
		"mode=800x600\n"
		"[guest only]\n"
		"scaling=fill\n"
		"mode=1024x768\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_FILL);
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "1024x768");
	g_assert_cmpstr(output_of(config, 1)->guest, ==, "only");
	g_assert_cmpint(output_of(config, 1)->place, ==, PLACE_NONE);
	g_assert_cmpstr(output_of(config, 2)->mode, ==, "800x600");
	/* DP-2 has taken scanout 0. */
	g_assert_cmpint(output_of(config, 0)->scanout, ==, 1);
	g_assert_cmpint(output_of(config, 1)->scanout, ==, 0);
	g_assert_cmpint(output_of(config, 2)->scanout, ==, 2);
	config_destroy(config);
}

/* How an output looks, without a word on what it shows: that is the layout's to say. */
static void test_settings_only(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[output DP-1]\n"
		"mode=800x600\n"
		"[output DP-2]\n"
		"scaling=center\n");
	config = config_fixture_load(fixture->path, "");
	for (guint i = 0; i < 2; i++) {
		g_assert_null(output_of(config, i)->guest);
		g_assert_cmpint(output_of(config, i)->scanout, ==, -1);
	}
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "800x600");
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_FIT);
	g_assert_cmpint(output_of(config, 1)->place, ==, PLACE_CENTER);
	config_destroy(config);
}

/* ---- layouts ---- */

static void test_layouts(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_layout *layout;
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\nlayout=night\n[input]\nswitch-layout=Ctrl+Super\n"
		"[guest a]\n[guest b]\n"
		"[layout day]\n"
		"[output DP-1]\nguest=a\nlayout=day\n"
		"[output DP-1]\nguest=b\nlayout= night ; evening\nmode=800x600\n"
		"[output DP-2]\nguest=a\nlayout=night\n"
		"[output DP-2]\nmode=off\nlayout=evening\n"
		"[output DP-3]\nguest=a\n"
		"[layout night]\nwhen=DP-2; ACME TV 7\n[layout evening]\n");
	config_fixture_write_drop_in(fixture, "10.conf",
		"[output DP-1]\nlayout=day\nscaling=none\n[layout day]\nwhen=DP-9\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(config->daemon.layout, ==, "night");
	g_assert_cmpuint(config->input.switch_layout.modifiers, ==, MODIFIER_CTRL | MODIFIER_SUPER);
	g_assert_cmpuint(config->layouts->len, ==, 3);
	layout = g_ptr_array_index(config->layouts, 0);
	g_assert_cmpstr(layout->name, ==, "day");
	g_assert_cmpstr(layout->when, ==, "DP-9");
	layout = g_ptr_array_index(config->layouts, 1);
	g_assert_cmpstr(layout->when, ==, "DP-2; ACME TV 7");
	/* What the drop-in says goes to the section of the same layout. */
	g_assert_cmpuint(config->outputs->len, ==, 5);
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_NONE);
	g_assert_cmpstr(output_of(config, 0)->layouts, ==, "day");
	g_assert_cmpint(output_of(config, 1)->place, ==, PLACE_FIT);
	g_assert_cmpstr(output_of(config, 1)->mode, ==, "800x600");
	g_assert_null(output_of(config, 4)->layouts);
	/* Scanouts are counted in each layout: DP-3 is in both with guest a. */
	g_assert_cmpint(output_of(config, 0)->scanout, ==, 0);
	g_assert_cmpint(output_of(config, 1)->scanout, ==, 0);
	g_assert_cmpint(output_of(config, 2)->scanout, ==, 0);
	g_assert_cmpint(output_of(config, 4)->scanout, ==, 1);
	config_destroy(config);
}

/* One output on the command line, and two sections. */
static void test_layouts_and_options(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[layout day]\n[layout night]\n[output DP-2]\n"
		"[output DP-1]\nlayout=day\nscanout=4\nscaling=none\n"
		"[output DP-1]\nlayout=night\nmode=off\n");
	config = config_fixture_load(fixture->path, "--output DP-3 --output DP-1");
	g_assert_cmpuint(config->outputs->len, ==, 3);
	for (guint i = 0; i < 2; i++) {
		g_assert_cmpstr(output_of(config, i)->name, ==, "DP-1");
		g_assert_cmpint(output_of(config, i)->scanout, ==, 1);
		g_assert_false(output_of(config, i)->off);
	}
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_NONE);
	g_assert_cmpstr(output_of(config, 2)->name, ==, "DP-3");
	config_destroy(config);
}

/* ---- what takes effect at the start alone ---- */

static void expect_changes(struct config_fixture *fixture, const char *before, const char *after,
	const char *changes)
{
	g_autofree char *seen = NULL;
	struct config *running, *read;

	config_fixture_write(fixture, before);
	running = config_fixture_load(fixture->path, "");
	config_fixture_write(fixture, after);
	read = config_fixture_load(fixture->path, "");
	seen = config_changes(running->texts, read->texts);
	g_assert_cmpstr(seen, ==, changes);
	config_destroy(running);
	config_destroy(read);
}

static void test_changes(struct config_fixture *fixture, gconstpointer data)
{
	static const char text[] = "[daemon]\ncard=/dev/a\n[guest a]\nvm=x\nplace=fit\n[input]\n";

	expect_changes(fixture, text, text, NULL);
	/* Outputs and layouts, and of guests what goes for outputs. */
	expect_changes(fixture, text,
		"[layout day]\nwhen=DP-1\n[daemon]\nlayout=day\ncard=/dev/a\n"
		"[output DP-1]\nlayout=day\n[input]\n[layer a]\noutput=DP-1\npicture=card\n"
		"[guest a]\nscaling=none\nmode=800x600\nvm=x\n",
		NULL);
	expect_changes(fixture, text,
		"[daemon]\nstats=/s\n[guest a]\nvm=y\nscaling=fit\n[guest b]\nvm=z\n[device mouse]\n",
		"[daemon] card, [daemon] stats, [device mouse], [guest a] vm, [guest b], [input]");
	/* By its present name, whatever it was called. */
	expect_changes(fixture, "[input]\nleave=F1\n", "[input]\nquit-key=F1\n", NULL);
	expect_changes(fixture, "[input]\nleave=F1\n", "[input]\nquit-key=F2\n",
		"[input] quit-key");
}

/* Lists of outputs may have names in common, and of both guests; and what is off twice is off. */
static void test_output_lists(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[guest a]\n[guest b]\n"
		"[output HDMI-A-1 ; eDP-1]\nguest=a\n"
		"[output eDP-1;HDMI-A-1;]\nguest=b\n"
		"[output DP-1;DP-2]\nmode=off\n"
		"[output DP-2]\nmode=off\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->outputs->len, ==, 4);
	g_assert_cmpstr(output_of(config, 0)->name, ==, "HDMI-A-1 ; eDP-1");
	config_destroy(config);

	config_fixture_write(fixture, "");
	config = config_fixture_load(fixture->path, "--output 'HDMI-A-1;eDP-1' --output DP-1");
	g_assert_cmpuint(config->outputs->len, ==, 2);
	g_assert_cmpstr(output_of(config, 0)->name, ==, "HDMI-A-1;eDP-1");
	g_assert_cmpint(output_of(config, 0)->scanout, ==, 0);
	g_assert_cmpint(output_of(config, 1)->scanout, ==, 1);
	config_destroy(config);
}

/* A layer's output is on in the layer's layouts: where it has no section, it gets one. */
static void test_layers_in_layouts(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[layout day]\n[layout night]\n[layout late]\n[guest a]\n[guest b]\n"
		"[output DP-1]\nguest=a\nlayout=day\n"
		"[output DP-2]\nmode=off\nlayout=day\n"
		"[layer one]\noutput=DP-1\nguest=b\n"
		"[layer two]\noutput=DP-2\nguest=b\nlayout=night\n"
		"[layer two]\noutput=DP-1\nguest=a\nlayout=day;late\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->layers->len, ==, 3);
	g_assert_cmpstr(layer_of(config, 1)->layouts, ==, "night");
	g_assert_cmpstr(layer_of(config, 2)->layouts, ==, "day;late");
	g_assert_cmpuint(config->outputs->len, ==, 4);
	g_assert_cmpstr(output_of(config, 2)->name, ==, "DP-1");
	g_assert_cmpstr(output_of(config, 2)->layouts, ==, "night;late");
	g_assert_true(output_of(config, 2)->pictured);
	g_assert_cmpstr(output_of(config, 3)->name, ==, "DP-2");
	g_assert_cmpstr(output_of(config, 3)->layouts, ==, "night");
	/* Scanouts are counted in each layout, over outputs and layers. */
	g_assert_cmpint(output_of(config, 0)->scanout, ==, 0);
	g_assert_cmpint(layer_of(config, 0)->scanout, ==, 0);
	g_assert_cmpint(layer_of(config, 1)->scanout, ==, 1);
	g_assert_cmpint(layer_of(config, 2)->scanout, ==, 1);
	config_destroy(config);
}

static void test_runtime_folder(struct config_fixture *fixture, gconstpointer data)
{
	const struct {
		const char *runtime;
		const char *user;
		const char *expected;
	} cases[] = {
		{"/run/a", "/run/user/1", "/run/a/default.sock"},
		{"/run/a:/run/b", NULL, "/run/a/default.sock"},
		{NULL, "/run/user/1",
			geteuid() == 0 ? "/run/scanoutd/default.sock"
				       : "/run/user/1/scanoutd/default.sock"},
		{"", "", "/run/scanoutd/default.sock"},
		{NULL, NULL, "/run/scanoutd/default.sock"},
	};

	config_fixture_write(fixture, "");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct config *config;

		g_unsetenv("RUNTIME_DIRECTORY");
		g_unsetenv("XDG_RUNTIME_DIR");
		if (cases[i].runtime != NULL)
			g_setenv("RUNTIME_DIRECTORY", cases[i].runtime, TRUE);
		if (cases[i].user != NULL)
			g_setenv("XDG_RUNTIME_DIR", cases[i].user, TRUE);
		config = config_fixture_load(fixture->path, "");
		g_assert_cmpstr(guest_of(config, 0)->vmm_socket, ==, cases[i].expected);
		config_destroy(config);
	}
}

/* ---- drop-ins ---- */

static void test_drop_ins(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\n"
		"card=main\n"
		"stats=main\n"
		"[guest a]\n"
		"after=last\n"
		"[output DP-1]\n"
		"mode=off\n");
	config_fixture_write_drop_in(fixture, "20-second.conf",
		"[daemon]\nstats=20\n[output DP-1]\nmode=800x600\n");
	config_fixture_write_drop_in(fixture, "10-first.conf",
		"[daemon]\nstats=10\nlog-level=error\n[guest a]\nscaling=none\n[output DP-0]\n");
	config_fixture_write_drop_in(fixture, ".hidden.conf", "nonsense\n");
	config_fixture_write_drop_in(fixture, "30-other.conf~", "nonsense\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(config->daemon.cards[0], ==, "main");
	g_assert_cmpstr(config->daemon.stats, ==, "20");
	g_assert_cmpint(config->daemon.log_level, ==, G_LOG_LEVEL_CRITICAL);
	g_assert_cmpuint(config->guests->len, ==, 1);
	g_assert_cmpint(guest_of(config, 0)->after.kind, ==, PICTURE_LAST);
	g_assert_cmpint(guest_of(config, 0)->place, ==, PLACE_NONE);
	g_assert_cmpuint(config->outputs->len, ==, 2);
	g_assert_cmpstr(output_of(config, 0)->name, ==, "DP-1");
	g_assert_false(output_of(config, 0)->off);
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "800x600");
	g_assert_cmpstr(output_of(config, 1)->name, ==, "DP-0");
	config_destroy(config);

	config_fixture_write_drop_in(fixture, "15-bad.conf", "[daemon]\n\nstatz=1\n");
	config_fixture_expect_error(fixture, "",
		"scanoutd.conf.d/15-bad.conf:3: unknown key \"statz\" in [daemon]; did you mean "
		"\"stats\"?");
}

/* ---- the command line ---- */

static void test_options_alone(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	config_fixture_write(fixture, "");
	config = config_fixture_load(fixture->path,
		"--vmm-socket /v --backend-socket /b --socket-group kvm --before last --after last "
		"--output DP-2 --output DP-1 --mode 800x600 --scaling none --drm-fd 5 --ready-fd 6 "
		"--stats /s --log-level warning --no-vt --seat-manager yes "
		"--dbus-display unix:path=/bus");
	g_assert_cmpint(config->daemon.drm_fd, ==, 5);
	g_assert_cmpint(config->daemon.ready_fd, ==, 6);
	g_assert_cmpstr(config->daemon.stats, ==, "/s");
	g_assert_cmpint(config->daemon.log_level, ==, G_LOG_LEVEL_WARNING);
	g_assert_cmpint(config->daemon.vt, ==, CONFIG_VT_NONE);
	g_assert_cmpint(config->daemon.seat_manager, ==, CONFIG_SEAT_MANAGER_YES);
	g_assert_cmpuint(config->guests->len, ==, 1);
	guest = guest_of(config, 0);
	g_assert_cmpstr(guest->name, ==, "default");
	g_assert_cmpstr(guest->vmm_socket, ==, "/v");
	g_assert_cmpstr(guest->backend_socket, ==, "/b");
	g_assert_cmpstr(guest->socket_group, ==, "kvm");
	g_assert_cmpint(guest->before.kind, ==, PICTURE_LAST);
	g_assert_cmpint(guest->after.kind, ==, PICTURE_LAST);
	g_assert_cmpstr(guest->dbus_display, ==, "unix:path=/bus");
	g_assert_cmpuint(config->outputs->len, ==, 2);
	for (guint i = 0; i < 2; i++) {
		const struct config_output *output = output_of(config, i);

		g_assert_cmpstr(output->name, ==, i == 0 ? "DP-2" : "DP-1");
		g_assert_cmpint(output->scanout, ==, (int)i);
		g_assert_cmpstr(output->guest, ==, "default");
		g_assert_cmpstr(output->mode, ==, "800x600");
		g_assert_cmpint(output->place, ==, PLACE_NONE);
	}
	config_destroy(config);

	config = config_fixture_load(fixture->path,
		"--display-socket /d --card /dev/dri/card1 --vt 3");
	g_assert_cmpstr(guest_of(config, 0)->display_socket, ==, "/d");
	g_assert_null(guest_of(config, 0)->vmm_socket);
	g_assert_cmpstr(config->daemon.cards[0], ==, "/dev/dri/card1");
	g_assert_cmpint(config->daemon.vt, ==, 3);
	config_destroy(config);

	config = config_fixture_load(fixture->path, "--display-fd 3");
	g_assert_cmpint(guest_of(config, 0)->display_fd, ==, 3);
	g_assert_null(guest_of(config, 0)->vmm_socket);
	config_destroy(config);
}

/* Forms of match-id= and of a device's output= that are right. */
static void test_device_forms(struct config_fixture *fixture, gconstpointer data)
{
	static const char *const ids[] = {"046d:c077", "046D:C52B", "046d:*", "*:c077", "*", "*:*",
		"04?d:c0*", "*46d:c0*7", "????:????"};
	static const char *const outputs[] = {"DP-1", "HDMI-A-12", "Virtual-1", "eDP-1",
		"DEL DELL U2412M SN4711", "Dell Inc. 0xA07B"};

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		const char *output = outputs[i % G_N_ELEMENTS(outputs)];
		g_autofree char *text = g_strdup_printf("[device a]\nmatch-id=%s\noutput=%s\n",
			ids[i], output);
		const struct config_device *device;
		struct config *config;

		config_fixture_write(fixture, text);
		config = config_fixture_load(fixture->path, "");
		device = g_ptr_array_index(config->devices, 0);
		g_assert_cmpstr(device->match_id, ==, ids[i]);
		g_assert_cmpstr(device->output, ==, output);
		config_destroy(config);
	}
}

/* Guests of one machine have its input devices together: nothing is twice. */
static void test_shared_input_prefix(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[guest a]\nvm=m\ninput-prefix=/run/m\n[guest b]\nvm=m\ninput-prefix=/run/m\n"
		"[guest c]\ninput=none\ninput-prefix=/run/m\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->guests->len, ==, 3);
	config_destroy(config);
}

static void test_options_on_file(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\n"
		"card=/dev/dri/card0\n"
		"stats=/file\n"
		"[guest kiosk]\n"
		"display-socket=/d\n"
		"scaling=fit\n"
		"after=last\n"
		"[output DP-1]\n"
		"mode=800x600\n"
		"scaling=none\n"
		"position=10,20\n"
		"scanout=5\n"
		"[output DP-2]\n"
		"mode=off\n"
		"[output DP-3]\n");
	config = config_fixture_load(fixture->path,
		"--vmm-socket=/v --card=/dev/dri/card1 --output=DP-2 --output=DP-1 --scaling=fill "
		"--mode=preferred");
	g_assert_cmpstr(config->daemon.cards[0], ==, "/dev/dri/card1");
	g_assert_cmpstr(config->daemon.stats, ==, "/file");
	g_assert_cmpuint(config->guests->len, ==, 1);
	guest = guest_of(config, 0);
	g_assert_cmpstr(guest->name, ==, "kiosk");
	g_assert_cmpint(guest->after.kind, ==, PICTURE_LAST);
	g_assert_cmpstr(guest->vmm_socket, ==, "/v");
	g_assert_cmpstr(guest->backend_socket, ==, "/run/scanoutd/kiosk-backend.sock");
	g_assert_null(guest->display_socket);
	/* DP-3 is not named, so it is not used. */
	g_assert_cmpuint(config->outputs->len, ==, 2);
	g_assert_cmpstr(output_of(config, 0)->name, ==, "DP-1");
	g_assert_cmpint(output_of(config, 0)->scanout, ==, 1);
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "preferred");
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_FILL);
	g_assert_cmpint(output_of(config, 0)->y, ==, 20);
	g_assert_cmpstr(output_of(config, 1)->name, ==, "DP-2");
	g_assert_cmpint(output_of(config, 1)->scanout, ==, 0);
	g_assert_false(output_of(config, 1)->off);
	config_destroy(config);
}

/* ---- pictures in the place of a guest's ---- */

static void expect_picture(const struct picture_spec *spec, enum picture_kind kind, uint32_t color,
	const char *path)
{
	g_assert_cmpint(spec->kind, ==, kind);
	g_assert_cmphex(spec->color, ==, color);
	g_assert_cmpstr(spec->path, ==, path);
}

static void test_pictures(struct config_fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	config_fixture_write(fixture,
		"[daemon]\nfont=/a.ttf\n"
		"[guest a]\nbefore=/etc/a b.png\nafter=card\nfailed=#1A2b3c\n"
		"[guest b]\nbefore=/b.png\nafter=#000000\n"
		"[guest c]\nafter=/c.png\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpstr(config->daemon.font, ==, "/a.ttf");
	guest = guest_of(config, 0);
	expect_picture(&guest->before, PICTURE_FILE, 0, "/etc/a b.png");
	expect_picture(&guest->after, PICTURE_CARD, 0, NULL);
	expect_picture(&guest->failed, PICTURE_COLOR, 0x1a2b3c, NULL);
	guest = guest_of(config, 1);
	expect_picture(&guest->before, PICTURE_FILE, 0, "/b.png");
	g_assert_true(picture_spec_is_black(&guest->after));
	g_assert_true(picture_spec_is_black(&guest->failed));
	/* What is not said of a failure is as after a guest that has gone. */
	guest = guest_of(config, 2);
	expect_picture(&guest->before, PICTURE_COLOR, 0, NULL);
	expect_picture(&guest->after, PICTURE_FILE, 0, "/c.png");
	expect_picture(&guest->failed, PICTURE_FILE, 0, "/c.png");
	config_destroy(config);

	/* With several guests, too. */
	config_fixture_write(fixture,
		"[guest a]\n[guest b]\n[output DP-1]\npicture=card\n[output DP-2]\nguest=b\n"
		"[output DP-3]\npicture=/e.png\nmode=800x600\n");
	config = config_fixture_load(fixture->path, "");
	expect_picture(&output_of(config, 0)->picture, PICTURE_CARD, 0, NULL);
	g_assert_true(output_of(config, 0)->pictured);
	g_assert_null(output_of(config, 0)->guest);
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_FIT);
	g_assert_false(output_of(config, 1)->pictured);
	expect_picture(&output_of(config, 2)->picture, PICTURE_FILE, 0, "/e.png");
	g_assert_cmpstr(output_of(config, 2)->mode, ==, "800x600");
	config_destroy(config);
	/* --output gives it to the guest. */
	config_fixture_write(fixture, "[output DP-1]\npicture=card\nscaling=none\n");
	config = config_fixture_load(fixture->path, "--output DP-1");
	g_assert_false(output_of(config, 0)->pictured);
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_NONE);
	config_destroy(config);

	config_fixture_write(fixture, "[guest a]\nafter=last\n");
	config = config_fixture_load(fixture->path, "--before '#102030' --after /d.png");
	guest = guest_of(config, 0);
	expect_picture(&guest->before, PICTURE_COLOR, 0x102030, NULL);
	expect_picture(&guest->after, PICTURE_FILE, 0, "/d.png");
	expect_picture(&guest->failed, PICTURE_FILE, 0, "/d.png");
	config_destroy(config);
}

/* ---- the example ---- */

/* The example is sound, and so are its comments: with every "#key=value" made a key, nothing is
 * unknown. And GKeyFile reads the same from it as we do. */
static void test_example(struct config_fixture *fixture, gconstpointer data)
{
	const char *path = "config/scanoutd.conf";
	g_autoptr(GKeyFile) key_file = g_key_file_new();
	g_autofree char *text = NULL;
	g_autofree char *all = NULL;
	g_autoptr(GRegex) commented = g_regex_new("^#(?=[a-z-]+=|\\[)", G_REGEX_MULTILINE, 0, NULL);
	struct config *config = config_fixture_load(path, "");

	config_destroy(config);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(g_key_file_load_from_data(key_file, text, strlen(text), 0, NULL));
	all = g_regex_replace_literal(commented, text, -1, 0, "", 0, NULL);
	g_assert_cmpuint(strlen(all), <, strlen(text));
	config_fixture_write(fixture, all);
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->guests->len, >, 1);
	g_assert_cmpuint(config->outputs->len, >, 1);
	config_destroy(config);
}

/* ---- what keys and options were called ---- */

static void test_renamed(struct config_fixture *fixture, gconstpointer data)
{
	struct config *config;

	config_fixture_write(fixture,
		"[input]\nleave=F12\nswitch-terminal=Super\n[guest a]\nplace=none\n");
	config = config_fixture_load(fixture->path, "");
	g_assert_cmpuint(config->input.leave.key, ==, KEY_F12);
	g_assert_cmpuint(config->input.switch_terminal.modifiers, !=, 0);
	g_assert_cmpint(guest_of(config, 0)->place, ==, PLACE_NONE);
	config_destroy(config);
	config = config_fixture_load(fixture->path, "--leave F11 --place fill");
	g_assert_cmpuint(config->input.leave.key, ==, KEY_F11);
	g_assert_cmpint(guest_of(config, 0)->place, ==, PLACE_FILL);
	config_destroy(config);
}

/* ---- what documents show ---- */

/* A line of a man page as it is printed, where it is no request. */
static char *printed(const char *line)
{
	g_autoptr(GString) text = g_string_new(line);

	g_string_replace(text, "\\-", "-", 0);
	g_string_replace(text, "\\e", "\\", 0);
	g_string_replace(text, "\\&", "", 0);
	return g_strdup(text->str);
}

/* The indented blocks of a README, or those from .EX to .EE of a man page, each as one string. */
static GPtrArray *blocks_of(const char *path)
{
	GPtrArray *blocks = g_ptr_array_new_with_free_func(g_free);
	bool is_page = !g_str_has_suffix(path, ".md");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GString *block = NULL;
	bool example = false;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		bool inside = is_page ? example && strcmp(*line, ".EE") != 0
				      : g_str_has_prefix(*line, "    ");

		if (is_page)
			example = inside || strcmp(*line, ".EX") == 0;
		if (block && !inside) {
			g_ptr_array_add(blocks, g_string_free(block, FALSE));
			block = NULL;
		}
		if (inside) {
			g_autofree char *shown = printed(is_page ? *line : *line + 4);

			if (!block)
				block = g_string_new(NULL);
			g_string_append_printf(block, "%s\n", shown);
		}
	}
	g_assert_null(block);
	return blocks;
}

static bool is_configuration(const char *block)
{
	return *block == '[' || *block == '#';
}

/* Each configuration that a document shows is sound as it stands. */
static void test_documents(struct config_fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *path;
		guint configurations;
	} documents[] = {
		{"README.md", 1},
		{"config/man/scanoutd.conf.5", 21},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(documents); i++) {
		g_autoptr(GPtrArray) blocks = blocks_of(documents[i].path);
		guint count = 0;

		for (guint j = 0; j < blocks->len; j++) {
			const char *block = g_ptr_array_index(blocks, j);

			if (!is_configuration(block))
				continue;
			count++;
			config_fixture_write(fixture, block);
			config_destroy(config_fixture_load(fixture->path, ""));
		}
		g_assert_cmpuint(count, ==, documents[i].configurations);
	}
}

/* Of each key that the man page explains the installed file has an example. */
static void test_example_of_each(struct config_fixture *fixture, gconstpointer data)
{
	g_autoptr(GRegex) key = g_regex_new("[a-z][a-z-]*(?==)", 0, 0, NULL);
	g_autofree char *page = NULL;
	g_autofree char *example = NULL;
	g_auto(GStrv) lines = NULL;
	guint count = 0;

	g_assert_true(g_file_get_contents("config/man/scanoutd.conf.5", &page, NULL, NULL));
	g_assert_true(g_file_get_contents("config/scanoutd.conf", &example, NULL, NULL));
	lines = g_strsplit(page, "\n", -1);
	for (size_t i = 1; lines[i]; i++) {
		g_autofree char *heading = printed(lines[i]);
		g_autoptr(GMatchInfo) match = NULL;

		if (!g_str_equal(lines[i - 1], ".TP") || !g_str_has_prefix(heading, ".B"))
			continue;
		for (g_regex_match(key, heading, 0, &match); g_match_info_matches(match);
			g_match_info_next(match, NULL)) {
			g_autofree char *name = g_match_info_fetch(match, 0);
			g_autofree char *line = g_strdup_printf("\n#%s=", name);

			if (!strstr(example, line))
				g_error("config/scanoutd.conf has no example of %s=", name);
			count++;
		}
	}
	g_assert_cmpuint(count, >, 70);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/config/" name, struct config_fixture, NULL, config_fixture_set_up, function, \
		config_fixture_tear_down)
	ADD("defaults", test_defaults);
	ADD("cards", test_cards);
	ADD("all-keys", test_all_keys);
	ADD("input-keys", test_input_keys);
	ADD("calibrations", test_calibrations);
	ADD("force-on", test_force_on);
	ADD("guest-defaults", test_guest_defaults);
	ADD("layers", test_layers);
	ADD("layer-outputs", test_layer_outputs);
	ADD("settings-only", test_settings_only);
	ADD("output-lists", test_output_lists);
	ADD("layouts", test_layouts);
	ADD("layouts-and-options", test_layouts_and_options);
	ADD("layers-in-layouts", test_layers_in_layouts);
	ADD("changes", test_changes);
	ADD("runtime-folder", test_runtime_folder);
	ADD("drop-ins", test_drop_ins);
	ADD("options-alone", test_options_alone);
	ADD("device-forms", test_device_forms);
	ADD("shared-input-prefix", test_shared_input_prefix);
	ADD("options-on-file", test_options_on_file);
	ADD("pictures", test_pictures);
	ADD("example", test_example);
	ADD("renamed", test_renamed);
	ADD("documents", test_documents);
	ADD("example-of-each", test_example_of_each);
#undef ADD
	return g_test_run();
}
