/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/options.h"

#include "config/input_kind.h"
#include "config/value.h"
#include "vhost_user_gpu.h"

static const char origin[] = "command line";

static const char description[] =
	"Without options and without a configuration, one guest's scanouts go to the connected "
	"outputs of the first usable card, in connector order; the VMM connects to "
	"/run/scanoutd/default.sock and the back-end listens on /run/scanoutd/default-backend.sock "
	"(or in $RUNTIME_DIRECTORY; for a user in $XDG_RUNTIME_DIR/scanoutd).\n\n"
	"Signals: SIGTERM and SIGINT stop, SIGUSR1 writes the counters to the --stats file, SIGHUP "
	"reads pictures and configuration again: outputs, layers and layouts are as it says then.\n\n"
	"See scanoutd(8) and scanoutd.conf(5).";

bool options_init(struct options *options, char **arguments, GError **error)
{
	gboolean list = FALSE;
	gboolean check_config = FALSE;
	gboolean version = FALSE;
	gboolean no_vt = FALSE;
	const GOptionEntry guest_entries[] = {
		{"vmm-socket", 0, 0, G_OPTION_ARG_FILENAME, &options->vmm_socket,
			"Where the VMM connects", "PATH"},
		{"backend-socket", 0, 0, G_OPTION_ARG_FILENAME, &options->backend_socket,
			"Where the vhost-user back-end listens", "PATH"},
		{"display-socket", 0, 0, G_OPTION_ARG_FILENAME, &options->display_socket,
			"Instead of these two: where a back-end connects without a VMM", "PATH"},
		{"display-fd", 0, 0, G_OPTION_ARG_INT, &options->display_fd,
			"Instead of these: an inherited display socket", "N"},
		{"socket-group", 0, 0, G_OPTION_ARG_STRING, &options->socket_group,
			"Let this group connect, too", "GROUP"},
		{"before", 0, 0, G_OPTION_ARG_STRING, &options->before,
			"Before the first frame: black, #RRGGBB, card, last, or a PNG's path",
			"WHAT"},
		{"after", 0, 0, G_OPTION_ARG_STRING, &options->after,
			"After the guest has disconnected: black, #RRGGBB, card, last, or a PNG's path",
			"WHAT"},
		{"firmware", 0, 0, G_OPTION_ARG_STRING, &options->firmware,
			"What the guest's firmware draws before its system: hide, show", "WHETHER"},
		{"input", 0, 0, G_OPTION_ARG_STRING, &options->input,
			"Its input devices: none, or some of keyboard,pointer,absolute,touch,pen",
			"KINDS"},
		{"dbus-display", 0, 0, G_OPTION_ARG_STRING, &options->dbus_display,
			"The bus of its QEMU's D-Bus display, such as unix:path=/run/kiosk/bus",
			"ADDRESS"},
		{NULL},
	};
	const GOptionEntry output_entries[] = {
		{"output", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->outputs,
			"Show the next scanout here; may be repeated. \"A;B\": on the first that has a "
			"monitor",
			"CONNECTOR"},
		{"mode", 0, 0, G_OPTION_ARG_STRING, &options->mode,
			"preferred, current, WIDTHxHEIGHT[@HERTZ], 1080p60 or a modeline; or several "
			"with ; between, the first that works",
			"MODE"},
		{"scaling", 0, 0, G_OPTION_ARG_STRING, &options->place,
			"How to scale a scanout whose size differs from the mode: none, center, fit, fill, "
			"integer",
			"HOW"},
		{"place", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->place, NULL,
			NULL},
		{NULL},
	};
	const GOptionEntry daemon_entries[] = {
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
			"Read FILE and FILE.d/*.conf instead of " CONFIG_DEFAULT_PATH, "FILE"},
		{"card", 0, 0, G_OPTION_ARG_FILENAME, &options->card,
			"/dev/dri/cardN or a by-path name, or several separated by semicolons",
			"PATH"},
		{"drm-fd", 0, 0, G_OPTION_ARG_INT, &options->drm_fd, "An inherited DRM fd", "N"},
		{"vt", 0, 0, G_OPTION_ARG_STRING, &options->vt,
			"Use virtual terminal N; auto: the one that is standard input", "N"},
		{"no-vt", 0, 0, G_OPTION_ARG_NONE, &no_vt, "Do not use virtual terminals", NULL},
		{"quit-key", 0, 0, G_OPTION_ARG_STRING, &options->leave,
			"Quit keys: they stop the daemon, such as Ctrl+Alt+End; or none", "KEYS"},
		{"leave", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->leave, NULL,
			NULL},
		{"seat-manager", 0, 0, G_OPTION_ARG_STRING, &options->seat_manager,
			"Let seatd or logind open the devices: auto, yes, no", "WHETHER"},
		{"stats", 0, 0, G_OPTION_ARG_FILENAME, &options->stats,
			"Write the counters here on SIGUSR1 and at exit", "FILE"},
		{"ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd,
			"Write a line to this fd when the sockets are ready", "N"},
		{"log-level", 0, 0, G_OPTION_ARG_STRING, &options->log_level,
			"error, warning, notice, info, debug", "LEVEL"},
		{"list", 0, 0, G_OPTION_ARG_NONE, &list,
			"Print cards, connectors, modes and planes", NULL},
		{"check-config", 0, 0, G_OPTION_ARG_NONE, &check_config,
			"Check the configuration and exit", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(
		"– show virtual machines full-screen on the host's monitors");
	g_auto(GStrv) rest = g_strdupv(arguments);
	bool parsed;

	*options = (struct options){.display_fd = -1, .drm_fd = -1, .ready_fd = -1};
	g_option_context_add_main_entries(context, guest_entries, NULL);
	g_option_context_add_main_entries(context, output_entries, NULL);
	g_option_context_add_main_entries(context, daemon_entries, NULL);
	g_option_context_set_description(context, description);
	parsed = g_option_context_parse_strv(context, &rest, error);
	if (parsed && g_strv_length(rest) > 1) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"\"%s\" is not an option; see --help", rest[1]);
		parsed = false;
	}
	if (parsed && no_vt && options->vt != NULL) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
			"use only one of --vt and --no-vt");
		parsed = false;
	}
	if (!parsed) {
		options_finish(options);
		return false;
	}
	if (no_vt)
		options->vt = g_strdup("none");
	options->action = version ? OPTIONS_VERSION
		: list		  ? OPTIONS_LIST
		: check_config	  ? OPTIONS_CHECK_CONFIG
				  : OPTIONS_RUN;
	return true;
}

void options_finish(struct options *options)
{
	g_free(options->config);
	g_free(options->vmm_socket);
	g_free(options->backend_socket);
	g_free(options->display_socket);
	g_free(options->socket_group);
	g_free(options->before);
	g_free(options->after);
	g_free(options->firmware);
	g_free(options->input);
	g_free(options->dbus_display);
	g_strfreev(options->outputs);
	g_free(options->mode);
	g_free(options->place);
	g_free(options->card);
	g_free(options->stats);
	g_free(options->log_level);
	g_free(options->vt);
	g_free(options->leave);
	g_free(options->seat_manager);
	*options = (struct options){.display_fd = -1, .drm_fd = -1, .ready_fd = -1};
}

static void replace(char **member, const char *value)
{
	if (value == NULL)
		return;
	g_free(*member);
	*member = g_strdup(value);
}

/* "--NAME=TEXT: " before what is wrong with it. */
static bool fail_value(GError **error, const char *name, const char *text)
{
	g_prefix_error(error, "--%s=%s: ", name, text);
	return false;
}

static bool check_fd(const char *name, int fd, bool given, GError **error)
{
	if (!given || fd >= 0)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "--%s=%d: must be an fd's number",
		name, fd);
	return false;
}

static bool apply_daemon(const struct options *options, struct config_daemon *daemon,
	GError **error)
{
	if (options->card != NULL && options->drm_fd >= 0) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"use only one of --card and --drm-fd");
		return false;
	}
	if (!check_fd("drm-fd", options->drm_fd, options->drm_fd != -1, error) ||
		!check_fd("ready-fd", options->ready_fd, options->ready_fd != -1, error))
		return false;
	if (options->card != NULL && !config_parse_cards(options->card, &daemon->cards, error))
		return fail_value(error, "card", options->card);
	replace(&daemon->stats, options->stats);
	daemon->drm_fd = options->drm_fd;
	/* In the place of whatever the files name. */
	if (options->drm_fd >= 0)
		g_clear_pointer(&daemon->cards, g_strfreev);
	daemon->ready_fd = options->ready_fd;
	if (options->log_level != NULL &&
		!config_parse_log_level(options->log_level, &daemon->log_level, error))
		return fail_value(error, "log-level", options->log_level);
	if (options->vt != NULL && !config_parse_vt(options->vt, &daemon->vt, error))
		return fail_value(error, "vt", options->vt);
	if (options->seat_manager != NULL &&
		!config_parse_seat_manager(options->seat_manager, &daemon->seat_manager, error))
		return fail_value(error, "seat-manager", options->seat_manager);
	return true;
}

/* A door on the command line replaces whichever the file gave. */
static bool apply_door(const struct options *options, struct config_guest *guest, GError **error)
{
	bool relay = options->vmm_socket != NULL || options->backend_socket != NULL;
	bool listening = options->display_socket != NULL;
	bool inherited = options->display_fd >= 0;

	if (!check_fd("display-fd", options->display_fd, options->display_fd != -1, error))
		return false;
	if (relay + listening + inherited > 1) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"use only one of --vmm-socket (with --backend-socket), --display-socket "
			"and --display-fd");
		return false;
	}
	if (listening || inherited) {
		g_clear_pointer(&guest->vmm_socket, g_free);
		g_clear_pointer(&guest->backend_socket, g_free);
	}
	if (relay || inherited)
		g_clear_pointer(&guest->display_socket, g_free);
	if (relay || listening)
		guest->display_fd = -1;
	replace(&guest->vmm_socket, options->vmm_socket);
	replace(&guest->backend_socket, options->backend_socket);
	replace(&guest->display_socket, options->display_socket);
	if (inherited)
		guest->display_fd = options->display_fd;
	replace(&guest->socket_group, options->socket_group);
	return true;
}

static bool apply_input(const struct options *options, struct config_input *input, GError **error)
{
	return options->leave == NULL ||
		config_parse_combination(options->leave, &input->leave, error) ||
		fail_value(error, "quit-key", options->leave);
}

static bool apply_guest(const struct options *options, struct config_guest *guest, GError **error)
{
	if (options->input != NULL && !input_kinds_parse(options->input, &guest->inputs, error))
		return fail_value(error, "input", options->input);
	replace(&guest->dbus_display, options->dbus_display);
	if (options->before != NULL &&
		!config_parse_picture(options->before, &guest->before, error))
		return fail_value(error, "before", options->before);
	if (options->after != NULL && !config_parse_picture(options->after, &guest->after, error))
		return fail_value(error, "after", options->after);
	if (options->firmware != NULL &&
		!config_parse_firmware(options->firmware, &guest->firmware, error))
		return fail_value(error, "firmware", options->firmware);
	return apply_door(options, guest, error);
}

/* Each section of that name, whatever the layout. False: there is none. */
static bool show_on(const struct config *config, const char *name, const struct config_guest *guest,
	int scanout)
{
	bool found = false;

	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!g_str_equal(output->name, name))
			continue;
		replace(&output->guest, guest->name);
		output->scanout = scanout;
		output->off = false;
		output->pictured = false;
		found = true;
	}
	return found;
}

/*
 * The outputs that --output names, in that order, are all there are. What a section says of one of
 * them stays, but for its guest and scanout.
 */
static bool apply_outputs(char *const *names, struct config *config,
	const struct config_guest *guest, GError **error)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (i >= VHOST_USER_GPU_SCANOUTS) {
			g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
				"--output=%s: a guest has at most %d scanouts", names[i],
				VHOST_USER_GPU_SCANOUTS);
			return false;
		}
		if (g_strv_contains((const char *const *)names + i + 1, names[i])) {
			g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
				"--output=%s: is given twice", names[i]);
			return false;
		}
		if (!show_on(config, names[i], guest, i)) {
			config_add_output(config, names[i], origin);
			show_on(config, names[i], guest, i);
		}
	}
	for (guint i = config->outputs->len; i > 0; i--) {
		const struct config_output *output = g_ptr_array_index(config->outputs, i - 1);

		if (!g_strv_contains((const char *const *)names, output->name))
			g_ptr_array_remove_index(config->outputs, i - 1);
	}
	return true;
}

static bool apply_mode(const struct options *options, struct config *config,
	struct config_guest *guest, GError **error)
{
	g_autofree char *mode = NULL;
	bool off;

	if (!config_parse_mode(options->mode, &off, &mode, error))
		return fail_value(error, "mode", options->mode);
	if (off) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"--mode=off: an output is turned off in its own section, [output NAME]");
		return false;
	}
	replace(&guest->mode, mode);
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		g_clear_pointer(&output->mode, g_free);
	}
	return true;
}

static bool apply_place(const struct options *options, struct config *config,
	struct config_guest *guest, GError **error)
{
	if (!config_parse_place(options->place, &guest->place, error))
		return fail_value(error, "scaling", options->place);
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		output->placed = false;
	}
	return true;
}

/* The first option that is for one guest, or NULL. */
static const char *guest_option(const struct options *options)
{
	const struct {
		const char *name;
		bool given;
	} given[] = {
		{"vmm-socket", options->vmm_socket != NULL},
		{"backend-socket", options->backend_socket != NULL},
		{"display-socket", options->display_socket != NULL},
		{"display-fd", options->display_fd != -1},
		{"socket-group", options->socket_group != NULL},
		{"before", options->before != NULL},
		{"after", options->after != NULL},
		{"firmware", options->firmware != NULL},
		{"input", options->input != NULL},
		{"dbus-display", options->dbus_display != NULL},
		{"output", options->outputs != NULL},
		{"mode", options->mode != NULL},
		{"scaling", options->place != NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
		if (given[i].given)
			return given[i].name;
	}
	return NULL;
}

bool options_apply(const struct options *options, struct config *config, GError **error)
{
	const char *name = guest_option(options);
	struct config_guest *guest;

	if (!apply_daemon(options, &config->daemon, error) ||
		!apply_input(options, &config->input, error))
		return false;
	if (name == NULL)
		return true;
	if (config->guests->len > 1) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"--%s is for one guest, and the configuration has %u; say it there", name,
			config->guests->len);
		return false;
	}
	guest = config->guests->len == 1 ? g_ptr_array_index(config->guests, 0)
					 : config_add_guest(config, CONFIG_DEFAULT_GUEST, origin);
	return apply_guest(options, guest, error) &&
		(options->outputs == NULL ||
			apply_outputs(options->outputs, config, guest, error)) &&
		(options->mode == NULL || apply_mode(options, config, guest, error)) &&
		(options->place == NULL || apply_place(options, config, guest, error));
}

struct config *options_read(const struct options *options, GError **error)
{
	struct config *config = config_load(options->config, error);

	if (config != NULL &&
		(!options_apply(options, config, error) || !config_resolve(config, error)))
		g_clear_pointer(&config, config_destroy);
	return config;
}
