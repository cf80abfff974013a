/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: what it says when all is well, and the exact words, with file and line, when
 * something is wrong; drop-ins in name order; files and command line together; the example that is
 * installed.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "input/description.h"
#include "kms.h"
#include "options.h"

/* In kms/mode.c's place, which has its own test. */
bool kms_mode_valid(const char *text, GError **error)
{
	unsigned int width;
	unsigned int height;

	return strcmp(text, "preferred") == 0 || strcmp(text, "current") == 0 ||
		sscanf(text, "%ux%u", &width, &height) == 2 || strchr(text, ' ') != NULL;
}

/* ---- a folder of files ---- */

struct fixture {
	char *folder;
	char *path; /* folder/scanoutd.conf */
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("scanoutd-config-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "scanoutd.conf", NULL);
	g_setenv("RUNTIME_DIRECTORY", "/run/scanoutd", TRUE);
}

static void remove_all(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			remove_all(path);
		else
			g_unlink(path);
	}
	g_rmdir(folder);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	remove_all(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static void write_file(const char *path, const char *text)
{
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void write_drop_in(const struct fixture *fixture, const char *name, const char *text)
{
	g_autofree char *folder = g_strconcat(fixture->path, ".d", NULL);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_mkdir(folder, 0700);
	write_file(path, text);
}

/* Files, command line ("" for none) and what belongs together. */
static struct config *load(const char *path, const char *command_line, GError **error)
{
	g_autofree char *line = g_strconcat("scanoutd ", command_line, NULL);
	g_auto(GStrv) arguments = NULL;
	struct options options;
	struct config *config;

	g_assert_true(g_shell_parse_argv(line, NULL, &arguments, NULL));
	if (!options_init(&options, arguments, error))
		return NULL;
	config = config_load(path, error);
	if (config != NULL &&
		(!options_apply(&options, config, error) || !config_resolve(config, error)))
		g_clear_pointer(&config, config_destroy);
	options_finish(&options);
	return config;
}

static struct config *load_sound(const char *path, const char *command_line)
{
	g_autoptr(GError) error = NULL;
	struct config *config = load(path, command_line, &error);

	g_assert_no_error(error);
	g_assert_nonnull(config);
	return config;
}

/* The exact message, without the folder's name. */
static void assert_fails(const struct fixture *fixture, const char *command_line,
	const char *expected)
{
	g_autofree char *prefix = g_strconcat(fixture->folder, "/", NULL);
	g_autoptr(GError) error = NULL;
	struct config *config = load(fixture->path, command_line, &error);
	g_auto(GStrv) parts = NULL;
	g_autofree char *message = NULL;

	g_assert_null(config);
	g_assert_nonnull(error);
	parts = g_strsplit(error->message, prefix, -1);
	message = g_strjoinv("", parts);
	g_assert_cmpstr(message, ==, expected);
}

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

static void test_defaults(struct fixture *fixture, gconstpointer data)
{
	struct config *config;
	const struct config_guest *guest;

	write_file(fixture->path, "");
	config = load_sound(fixture->path, "");
	g_assert_null(config->daemon.card);
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
	g_assert_false(guest->before_last);
	g_assert_false(guest->after_last);
	g_assert_cmpint(guest->place, ==, PLACE_FIT);
	g_assert_null(guest->mode);
	config_destroy(config);
}

static void test_all_keys(struct fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	const struct config_output *output;
	struct config *config;

	write_file(fixture->path,
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
		"place=integer\n"
		"mode=1920x1080\n"
		"[guest second]\n"
		"display-socket=/run/second\n"
		"[guest third]\n"
		"display-fd=7\n"
		"[output DP-1]\n"
		"guest=kiosk\n"
		"scanout=15\n"
		"mode=173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync\n"
		"place=none\n"
		"position= 1920 , 0\n"
		"[output  DEL   U2720Q ABC123 ]\n"
		"guest=second\n"
		"[output HDMI-A-1]\n"
		"mode=off\n");
	config = load_sound(fixture->path, "");
	g_assert_cmpstr(config->daemon.card, ==, "/dev/dri/by-path/pci-0000:01:00.0-card");
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
	g_assert_true(guest->before_last);
	g_assert_true(guest->after_last);
	g_assert_cmpint(guest->place, ==, PLACE_INTEGER);
	guest = guest_of(config, 1);
	g_assert_cmpstr(guest->display_socket, ==, "/run/second");
	g_assert_null(guest->vmm_socket);
	g_assert_null(guest->backend_socket);
	guest = guest_of(config, 2);
	g_assert_cmpint(guest->display_fd, ==, 7);
	g_assert_null(guest->vmm_socket);
	g_assert_cmpuint(config->outputs->len, ==, 3);
	output = output_of(config, 0);
	g_assert_cmpstr(output->name, ==, "DP-1");
	g_assert_cmpstr(output->guest, ==, "kiosk");
	g_assert_cmpint(output->scanout, ==, 15);
	g_assert_cmpstr(output->mode, ==,
		"173.00 1920 2048 2248 2576 1080 1083 1088 1120 -hsync +vsync");
	g_assert_cmpint(output->place, ==, PLACE_NONE);
	g_assert_true(output->positioned);
	g_assert_cmpint(output->x, ==, 1920);
	g_assert_cmpint(output->y, ==, 0);
	g_assert_false(output->off);
	output = output_of(config, 1);
	g_assert_cmpstr(output->name, ==, "DEL U2720Q ABC123");
	g_assert_cmpint(output->scanout, ==, 0);
	g_assert_cmpint(output->place, ==, PLACE_FIT);
	g_assert_false(output->positioned);
	g_assert_null(output->mode);
	output = output_of(config, 2);
	g_assert_true(output->off);
	g_assert_null(output->mode);
	g_assert_null(output->guest);
	config_destroy(config);
}

/* An output says less than its guest, and takes what the guest says. */
static void test_input_keys(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	const struct config_device *device;
	const struct combination *combinations;
	struct config *config;

	write_file(fixture->path,
		"[guest kiosk]\ninput=touch;keyboard\ninput-prefix=/run/in/x\n"
		"dbus-display=unix:path=/run/bus\n"
		"[guest plain]\n"
		"[input]\nseat=seat1\nfocus=plain\nnever-pass=Ctrl+Alt+Del; sysrq;\n"
		"leave=super+shift+F12\nswitch-guest=Ctrl+Alt\nswitch-terminal=none\n"
		"[device panel]\nmatch-name=ILI*\nmatch-id=222a:*\nmatch-path=pci-*\n"
		"match-property=ID_BUS=i2c\nmatch-type=touch\nguest=kiosk\noutput=DP-1\n"
		"calibration=90\n"
		"[device mouse]\nignore=no\npassthrough=yes\nguest=plain\nmotion=accelerated\n"
		"acceleration=-0.5\nacceleration-profile=flat\nnatural-scrolling=yes\ntap=no\n"
		"left-handed=yes\ncalibration=1 0 0.25 0 1 -2\n");
	config = load(fixture->path, "", &error);
	g_assert_no_error(error);
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

static void test_guest_defaults(struct fixture *fixture, gconstpointer data)
{
	struct config *config;

	write_file(fixture->path,
		"[output DP-1]\n"
		"guest=only\n"
		"[output DP-2]\n"
		"scanout=0\n"
		"place=none\n"
		"[output DP-3]\n"
		"guest=only\n"
		"mode=800x600\n"
		"[guest only]\n"
		"place=fill\n"
		"mode=1024x768\n");
	config = load_sound(fixture->path, "");
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
static void test_settings_only(struct fixture *fixture, gconstpointer data)
{
	struct config *config;

	write_file(fixture->path,
		"[output DP-1]\n"
		"mode=800x600\n"
		"[output DP-2]\n"
		"place=center\n");
	config = load_sound(fixture->path, "");
	for (guint i = 0; i < 2; i++) {
		g_assert_null(output_of(config, i)->guest);
		g_assert_cmpint(output_of(config, i)->scanout, ==, -1);
	}
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "800x600");
	g_assert_cmpint(output_of(config, 0)->place, ==, PLACE_FIT);
	g_assert_cmpint(output_of(config, 1)->place, ==, PLACE_CENTER);
	config_destroy(config);
}

static void test_runtime_folder(struct fixture *fixture, gconstpointer data)
{
	const struct {
		const char *runtime;
		const char *user;
		const char *expected;
	} cases[] = {
		{"/run/a", "/run/user/1", "/run/a/default.sock"},
		{"/run/a:/run/b", NULL, "/run/a/default.sock"},
		{NULL, "/run/user/1", "/run/user/1/scanoutd/default.sock"},
		{"", "", "/run/scanoutd/default.sock"},
		{NULL, NULL, "/run/scanoutd/default.sock"},
	};

	write_file(fixture->path, "");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct config *config;

		g_unsetenv("RUNTIME_DIRECTORY");
		g_unsetenv("XDG_RUNTIME_DIR");
		if (cases[i].runtime != NULL)
			g_setenv("RUNTIME_DIRECTORY", cases[i].runtime, TRUE);
		if (cases[i].user != NULL)
			g_setenv("XDG_RUNTIME_DIR", cases[i].user, TRUE);
		config = load_sound(fixture->path, "");
		g_assert_cmpstr(guest_of(config, 0)->vmm_socket, ==, cases[i].expected);
		config_destroy(config);
	}
}

/* ---- drop-ins ---- */

static void test_drop_ins(struct fixture *fixture, gconstpointer data)
{
	struct config *config;

	write_file(fixture->path,
		"[daemon]\n"
		"card=main\n"
		"stats=main\n"
		"[guest a]\n"
		"after=last\n"
		"[output DP-1]\n"
		"mode=off\n");
	write_drop_in(fixture, "20-second.conf",
		"[daemon]\nstats=20\n[output DP-1]\nmode=800x600\n");
	write_drop_in(fixture, "10-first.conf",
		"[daemon]\nstats=10\nlog-level=error\n[guest a]\nplace=none\n[output DP-0]\n");
	write_drop_in(fixture, ".hidden.conf", "nonsense\n");
	write_drop_in(fixture, "30-other.conf~", "nonsense\n");
	config = load_sound(fixture->path, "");
	g_assert_cmpstr(config->daemon.card, ==, "main");
	g_assert_cmpstr(config->daemon.stats, ==, "20");
	g_assert_cmpint(config->daemon.log_level, ==, G_LOG_LEVEL_CRITICAL);
	g_assert_cmpuint(config->guests->len, ==, 1);
	g_assert_true(guest_of(config, 0)->after_last);
	g_assert_cmpint(guest_of(config, 0)->place, ==, PLACE_NONE);
	g_assert_cmpuint(config->outputs->len, ==, 2);
	g_assert_cmpstr(output_of(config, 0)->name, ==, "DP-1");
	g_assert_false(output_of(config, 0)->off);
	g_assert_cmpstr(output_of(config, 0)->mode, ==, "800x600");
	g_assert_cmpstr(output_of(config, 1)->name, ==, "DP-0");
	config_destroy(config);

	write_drop_in(fixture, "15-bad.conf", "[daemon]\n\nstatz=1\n");
	assert_fails(fixture, "",
		"scanoutd.conf.d/15-bad.conf:3: unknown key \"statz\" in [daemon]; did you mean "
		"\"stats\"?");
}

static void test_missing_file(struct fixture *fixture, gconstpointer data)
{
	assert_fails(fixture, "", "scanoutd.conf: cannot be read: No such file or directory");
}

/* ---- when something is wrong ---- */

struct fault {
	const char *name;
	const char *text;
	const char *message;
};

static const struct fault faults[] = {
	{"unknown-key", "[guest kiosk]\nvmm-sokcet=/a\n",
		"scanoutd.conf:2: unknown key \"vmm-sokcet\" in [guest kiosk]; did you mean "
		"\"vmm-socket\"?"},
	{"unknown-key-unlike-any", "[daemon]\ncolour=red\n",
		"scanoutd.conf:2: unknown key \"colour\" in [daemon]"},
	{"key-of-another-section", "[daemon]\nplace=fit\n",
		"scanoutd.conf:2: unknown key \"place\" in [daemon]"},
	{"unknown-section", "\n[gest kiosk]\nvm=a\nvm=b\n",
		"scanoutd.conf:2: unknown section [gest kiosk]; did you mean [guest kiosk]?\n"
		"scanoutd.conf:4: key \"vm\" is given twice in [gest kiosk]; first on line 3"},
	{"unknown-section-unlike-any", "[network]\n", "scanoutd.conf:1: unknown section [network]"},
	{"key-twice", "[daemon]\ncard=a\n# between\ncard=b\n",
		"scanoutd.conf:4: key \"card\" is given twice in [daemon]; first on line 2"},
	{"section-twice", "[guest a]\n[guest b]\n[guest  a]\nfoo=bar\n",
		"scanoutd.conf:3: section [guest a] is given twice; first on line 1"},
	{"several", "[daemon]\nvt=x\nlog-level=loud\n[output DP-1]\nscanout=16\n",
		"scanoutd.conf:2: vt=x: must be auto, none or a terminal's number from 1 to 63\n"
		"scanoutd.conf:3: log-level=loud: must be error, warning, notice, info or debug\n"
		"scanoutd.conf:5: scanout=16: must be a whole number from 0 to 15"},
	{"no-section", "card=a\n",
		"scanoutd.conf:1: a section such as [daemon] must come before \"card=a\""},
	{"no-key", "[daemon]\njust words\n",
		"scanoutd.conf:2: neither a section, nor KEY=VALUE, nor a comment: \"just words\""},
	{"empty-key", "[daemon]\n=1\n",
		"scanoutd.conf:2: neither a section, nor KEY=VALUE, nor a comment: \"=1\""},
	{"empty-value", "[daemon]\ncard=\n", "scanoutd.conf:2: key \"card\" has no value"},
	{"open-section", "[daemon\n", "scanoutd.conf:1: a section ends with \"]\": \"[daemon\""},
	{"behind-section", "[daemon] card=a\n",
		"scanoutd.conf:1: a section ends with \"]\": \"[daemon] card=a\""},
	{"bracket-in-section", "[guest [a]]\n",
		"scanoutd.conf:1: [guest [a]] is no section's name"},
	{"empty-section", "[]\n", "scanoutd.conf:1: [] is no section's name"},
	{"guest-without-name", "[guest]\nvm=a\n",
		"scanoutd.conf:1: section [guest] needs a name: [guest NAME]"},
	{"output-without-name", "[output]\n",
		"scanoutd.conf:1: section [output] needs a name: [output NAME]"},
	{"daemon-with-name", "[daemon a]\n",
		"scanoutd.conf:1: section [daemon] has no name: [daemon]"},
	{"guest-name", "[guest ../a]\n",
		"scanoutd.conf:1: [guest ../a]: the name must be 1 to 64 letters, digits, dots, dashes "
		"or underscores, and begin with no dot or dash"},
	{"escape", "[daemon]\ncard=C:\\dev\n",
		"scanoutd.conf:2: key \"card\": a backslash is written \\\\; before s, n, t and r it has "
		"its own meaning"},
	{"escape-at-end", "[daemon]\ncard=a\\\n",
		"scanoutd.conf:2: key \"card\": a backslash is written \\\\; before s, n, t and r it has "
		"its own meaning"},
	{"not-utf-8", "[daemon]\ncard=\xff\n", "scanoutd.conf:2: not UTF-8 text"},
	{"place", "[guest a]\nplace=centre\n",
		"scanoutd.conf:2: place=centre: must be none, center, fit, fill or integer; did you mean "
		"center?"},
	{"before", "[guest a]\nbefore=blakc\n",
		"scanoutd.conf:2: before=blakc: must be black or last; did you mean black?"},
	{"mode", "[output DP-1]\nmode=large\n",
		"scanoutd.conf:2: mode=large: must be off, preferred, current, WIDTHxHEIGHT, "
		"WIDTHxHEIGHT@HERTZ or a modeline"},
	{"guest-mode-off", "[guest a]\nmode=off\n",
		"scanoutd.conf:2: mode=off: an output is turned off in its own section, [output NAME]"},
	{"position", "[output DP-1]\nposition=0x0\n",
		"scanoutd.conf:2: position=0x0: must be X,Y in pixels, each from 0 to 65535"},
	{"position-negative", "[output DP-1]\nposition=-1,0\n",
		"scanoutd.conf:2: position=-1,0: must be X,Y in pixels, each from 0 to 65535"},
	{"number", "[daemon]\nflip-timeout=5s\n",
		"scanoutd.conf:2: flip-timeout=5s: must be a whole number from 100 to 600000"},
	{"display-fd", "[guest a]\ndisplay-fd=-1\n",
		"scanoutd.conf:2: display-fd=-1: must be a whole number from 0 to 65535"},
	{"last-line-without-newline", "[daemon]\ncard=a\ncard=b",
		"scanoutd.conf:3: key \"card\" is given twice in [daemon]; first on line 2"},
	{"combination", "[input]\nnever-pass=Ctrl+Alt+Dele\n",
		"scanoutd.conf:2: never-pass=Ctrl+Alt+Dele: \"Dele\" is no key; keys are joined by "
		"\"+\", as in Ctrl+Alt+Delete"},
	{"two-keys", "[input]\nleave=Ctrl+A+B\n",
		"scanoutd.conf:2: leave=Ctrl+A+B: \"B\" is a second key; but for modifiers there is "
		"one"},
	{"modifiers", "[input]\nswitch-guest=Ctrl+A\n",
		"scanoutd.conf:2: switch-guest=Ctrl+A: must be none or modifiers alone, as Ctrl+Alt"},
	{"seat", "[input]\nseat=0\n",
		"scanoutd.conf:2: seat=0: must be none or the name of a seat, as seat0"},
	{"input-with-name", "[input a]\n", "scanoutd.conf:1: section [input] has no name: [input]"},
	{"input-kinds", "[guest a]\ninput=keyboard;mouse\n",
		"scanoutd.conf:2: input=keyboard;mouse: must be none, or some of keyboard, pointer, "
		"absolute, touch and pen, separated by semicolons"},
	{"device-type", "[device a]\nmatch-type=mouse\n",
		"scanoutd.conf:2: match-type=mouse: must be keyboard, pointer, touch, tablet or "
		"switch"},
	{"choice", "[device a]\ntap=on\n", "scanoutd.conf:2: tap=on: must be yes or no"},
	{"acceleration", "[device a]\nacceleration=2\n",
		"scanoutd.conf:2: acceleration=2: must be a number from -1 to 1"},
	{"calibration", "[device a]\ncalibration=1 0 0 0 1\n",
		"scanoutd.conf:2: calibration=1 0 0 0 1: must be 0, 90, 180 or 270, or the six numbers "
		"of a matrix"},
	{"device-guest", "[guest kiosk]\n[device a]\nguest=kisok\n",
		"scanoutd.conf:2: [device a]: guest=kisok: there is no [guest kisok]; did you mean "
		"kiosk?"},
	{"passthrough", "[device a]\npassthrough=yes\n",
		"scanoutd.conf:1: [device a]: passthrough=yes needs guest=: whose it is"},
	{"passthrough-name", "[guest a]\n[device touchy]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:2: [device touchy]: a device with passthrough=yes needs another name: "
		"its socket would be that of the machine's own"},
	{"passthrough-socket",
		"[guest a]\ndisplay-fd=3\n[device wheel]\npassthrough=yes\nguest=a\n",
		"scanoutd.conf:3: [device wheel]: passthrough=yes needs input-prefix= in [guest a], "
		"which has no socket"},
	{"focus", "[guest a]\n[input]\nfocus=b\n", "[input]: focus=b: there is no [guest b]"},
	/* What belongs together is named by the section's line. */
	{"two-doors", "\n[guest a]\nvmm-socket=/a\ndisplay-fd=3\n",
		"scanoutd.conf:2: [guest a]: a guest has one door: vmm-socket= and backend-socket=, or "
		"display-socket=, or display-fd="},
	{"no-such-guest", "[guest kiosk]\n[output DP-1]\nguest=kisok\n",
		"scanoutd.conf:2: [output DP-1]: guest=kisok: there is no [guest kisok]; did you mean "
		"kiosk?"},
	{"which-guest", "[guest a]\n[guest b]\n[output DP-1]\n",
		"scanoutd.conf:3: [output DP-1]: guest= is needed where there are several: a, b"},
	{"socket-twice", "[guest a]\nvmm-socket=/s\n[guest b]\ndisplay-socket=/s\n",
		"scanoutd.conf:3: [guest b]: display-socket=/s is vmm-socket of [guest a] already"},
	{"socket-too-long",
		"[guest a]\n"
		"display-socket=/1234567890/1234567890/1234567890/1234567890/1234567890/1234567890/"
		"1234567890/1234567890/1234567890/12345678\n",
		"scanoutd.conf:1: [guest a]: "
		"display-socket=/1234567890/1234567890/1234567890/1234567890/1234567890/1234567890/"
		"1234567890/1234567890/1234567890/12345678: a socket's path has at most 107 bytes"},
};

static void test_fault(struct fixture *fixture, gconstpointer data)
{
	const struct fault *fault = data;

	write_file(fixture->path, fault->text);
	assert_fails(fixture, "", fault->message);
}

static void test_too_many_scanouts(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GString) text = g_string_new("[guest a]\n");

	for (int i = 0; i < 17; i++)
		g_string_append_printf(text, "[output DP-%d]\nguest=a\n", i);
	write_file(fixture->path, text->str);
	assert_fails(fixture, "",
		"scanoutd.conf:34: [output DP-16]: guest a has no scanout left: a device has 16");
}

/* ---- the command line ---- */

static void test_options_alone(struct fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	write_file(fixture->path, "");
	config = load_sound(fixture->path,
		"--vmm-socket /v --backend-socket /b --socket-group kvm --before last --after last "
		"--output DP-2 --output DP-1 --mode 800x600 --place none --drm-fd 5 --ready-fd 6 "
		"--stats /s --log-level warning --no-vt --seat-manager yes");
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
	g_assert_true(guest->before_last);
	g_assert_true(guest->after_last);
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

	config = load_sound(fixture->path, "--display-socket /d --card /dev/dri/card1 --vt 3");
	g_assert_cmpstr(guest_of(config, 0)->display_socket, ==, "/d");
	g_assert_null(guest_of(config, 0)->vmm_socket);
	g_assert_cmpstr(config->daemon.card, ==, "/dev/dri/card1");
	g_assert_cmpint(config->daemon.vt, ==, 3);
	config_destroy(config);

	config = load_sound(fixture->path, "--display-fd 3");
	g_assert_cmpint(guest_of(config, 0)->display_fd, ==, 3);
	g_assert_null(guest_of(config, 0)->vmm_socket);
	config_destroy(config);
}

static void test_options_on_file(struct fixture *fixture, gconstpointer data)
{
	const struct config_guest *guest;
	struct config *config;

	write_file(fixture->path,
		"[daemon]\n"
		"card=/dev/dri/card0\n"
		"stats=/file\n"
		"[guest kiosk]\n"
		"display-socket=/d\n"
		"place=fit\n"
		"after=last\n"
		"[output DP-1]\n"
		"mode=800x600\n"
		"place=none\n"
		"position=10,20\n"
		"scanout=5\n"
		"[output DP-2]\n"
		"mode=off\n"
		"[output DP-3]\n");
	config = load_sound(fixture->path,
		"--vmm-socket=/v --card=/dev/dri/card1 --output=DP-2 --output=DP-1 --place=fill "
		"--mode=preferred");
	g_assert_cmpstr(config->daemon.card, ==, "/dev/dri/card1");
	g_assert_cmpstr(config->daemon.stats, ==, "/file");
	g_assert_cmpuint(config->guests->len, ==, 1);
	guest = guest_of(config, 0);
	g_assert_cmpstr(guest->name, ==, "kiosk");
	g_assert_true(guest->after_last);
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

struct option_fault {
	const char *name;
	const char *file;
	const char *command_line;
	const char *message;
};

static const struct option_fault option_faults[] = {
	{"several-guests", "[guest a]\n[guest b]\n", "--mode=800x600",
		"--mode is for one guest, and the configuration has 2; say it there"},
	{"two-doors", "", "--vmm-socket=/a --display-fd=3",
		"a guest has one door: --vmm-socket and --backend-socket, or --display-socket, or "
		"--display-fd"},
	{"card-and-fd", "", "--card=/dev/dri/card0 --drm-fd=3",
		"--card and --drm-fd exclude each other"},
	{"vt-and-no-vt", "", "--vt=3 --no-vt", "--vt and --no-vt exclude each other"},
	{"seat-manager", "", "--seat-manager=seatd",
		"--seat-manager=seatd: must be auto, yes or no"},
	{"seat-manager-and-vt", "[daemon]\nvt=3\n", "--seat-manager=yes",
		"seat-manager=yes and vt=3 exclude each other: a seat manager chooses the "
		"terminal"},
	{"mode", "", "--mode=big",
		"--mode=big: must be off, preferred, current, WIDTHxHEIGHT, WIDTHxHEIGHT@HERTZ or a "
		"modeline"},
	{"mode-off", "", "--mode=off",
		"--mode=off: an output is turned off in its own section, [output NAME]"},
	{"place", "", "--place=fitt",
		"--place=fitt: must be none, center, fit, fill or integer; did you mean fit?"},
	{"after", "", "--after=gone", "--after=gone: must be black or last"},
	{"output-twice", "", "--output=DP-1 --output=DP-2 --output=DP-1",
		"--output=DP-1: is given twice"},
	{"log-level", "", "--log-level=warn",
		"--log-level=warn: must be error, warning, notice, info or debug"},
	{"ready-fd", "", "--ready-fd=-2", "--ready-fd=-2: must be an fd's number"},
	{"argument", "", "kiosk", "\"kiosk\" is no option; see --help"},
	{"unknown", "", "--outptu=DP-1", "Unknown option --outptu=DP-1"},
};

static void test_option_fault(struct fixture *fixture, gconstpointer data)
{
	const struct option_fault *fault = data;

	write_file(fixture->path, fault->file);
	assert_fails(fixture, fault->command_line, fault->message);
}

/* ---- the example ---- */

/* The example is sound, and so are its comments: with every "#key=value" made a key, nothing is
 * unknown. And GKeyFile reads the same from it as we do. */
static void test_example(struct fixture *fixture, gconstpointer data)
{
	const char *path = "config/scanoutd.conf";
	g_autoptr(GKeyFile) key_file = g_key_file_new();
	g_autofree char *text = NULL;
	g_autofree char *all = NULL;
	g_autoptr(GRegex) commented = g_regex_new("^#(?=[a-z-]+=|\\[)", G_REGEX_MULTILINE, 0, NULL);
	struct config *config = load_sound(path, "");

	config_destroy(config);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(g_key_file_load_from_data(key_file, text, strlen(text), 0, NULL));
	all = g_regex_replace_literal(commented, text, -1, 0, "", 0, NULL);
	g_assert_cmpuint(strlen(all), <, strlen(text));
	write_file(fixture->path, all);
	config = load_sound(fixture->path, "");
	g_assert_cmpuint(config->guests->len, >, 1);
	g_assert_cmpuint(config->outputs->len, >, 1);
	config_destroy(config);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/config/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("defaults", test_defaults);
	ADD("all-keys", test_all_keys);
	ADD("input-keys", test_input_keys);
	ADD("guest-defaults", test_guest_defaults);
	ADD("settings-only", test_settings_only);
	ADD("runtime-folder", test_runtime_folder);
	ADD("drop-ins", test_drop_ins);
	ADD("missing-file", test_missing_file);
	ADD("too-many-scanouts", test_too_many_scanouts);
	ADD("options-alone", test_options_alone);
	ADD("options-on-file", test_options_on_file);
	ADD("example", test_example);
#undef ADD
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strconcat("/config/fault/", faults[i].name, NULL);

		g_test_add(path, struct fixture, &faults[i], set_up, test_fault, tear_down);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(option_faults); i++) {
		g_autofree char *path = g_strconcat("/config/option/", option_faults[i].name, NULL);

		g_test_add(path, struct fixture, &option_faults[i], set_up, test_option_fault,
			tear_down);
	}
	return g_test_run();
}
