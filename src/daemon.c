/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "card.h"
#include "input/input.h"
#include "kms.h"
#include "log.h"
#include "report/stats.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "scene/state.h"
#include "scene/view.h"
#include "session/session.h"
#include "wire/door.h"
#include "wire/relay.h"

/* A guest and the way in for its display socket: `relay` or `door`, never both. */
struct member {
	struct daemon *daemon;
	const struct config_guest *config;
	struct state *state;
	struct guest *guest;
	struct relay *relay;
	struct door *door;
	int listen_fd; /* the service manager's, until a door takes it over; else -1 */
};

struct daemon {
	const struct config *config;
	GMainLoop *loop;
	int exit_status;
	int64_t start_us;
	int signals; /* signalfd */
	guint signal_source;
	struct session *session;
	struct layout *layout;
	struct kms_device_options card_options;
	struct card *card;
	struct input *input; /* made last: NULL until then */
	struct member *members; /* as many as config->guests, in the same order */
	size_t member_count;
};

G_DEFINE_QUARK(scanoutd_daemon_error_quark, daemon_error)

/* ---- counters ---- */

static size_t count_outputs(const struct kms_device *device)
{
	return device != NULL ? kms_device_output_count(device) : 0;
}

static void fill_outputs(const struct daemon *daemon, struct stats_output *outputs)
{
	const struct kms_device *device = card_device(daemon->card);

	for (size_t i = 0; i < count_outputs(device); i++) {
		struct kms_output *output = kms_device_output(device, i);

		outputs[i] = (struct stats_output){
			.name = kms_output_name(output),
			.active = kms_output_active(output),
			.mode = kms_output_mode(output),
			.counters = kms_output_counters(output),
		};
		for (size_t j = 0; j < layout_view_count(daemon->layout); j++) {
			uint32_t scanout;
			struct guest *guest = layout_view_guest(daemon->layout, j, &scanout);

			if (view_output(layout_view(daemon->layout, j)) == output) {
				outputs[i].guest = guest_name(guest);
				outputs[i].scanout = scanout;
			}
		}
	}
}

static void add_input(void *data, const char *machine, const char *device,
	const struct device_counters *counters)
{
	const struct stats_input input = {machine, device, *counters};

	g_array_append_val((GArray *)data, input);
}

static void write_stats(const struct daemon *daemon)
{
	const char *path = daemon->config->daemon.stats;
	const struct kms_device *device = card_device(daemon->card);
	size_t output_count = count_outputs(device);
	g_autofree struct stats_output *outputs = g_new0(struct stats_output, output_count);
	g_autofree struct stats_guest *guests = g_new0(struct stats_guest, daemon->member_count);
	g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(struct stats_input));
	g_autofree char *json = NULL;
	g_autoptr(GError) error = NULL;

	fill_outputs(daemon, outputs);
	input_each_counters(daemon->input, add_input, inputs);
	for (size_t i = 0; i < daemon->member_count; i++) {
		const struct member *member = &daemon->members[i];

		guests[i] = (struct stats_guest){
			.name = member->config->name,
			.attached = guest_attached(member->guest),
			.counters = guest_counters(member->guest),
			.channel = guest_channel_counters(member->guest),
			.relay = member->relay != NULL ? relay_counters(member->relay) : NULL,
		};
	}
	json = stats_to_json(&(struct stats){
		.card = device != NULL ? kms_device_path(device) : NULL,
		.device = device != NULL ? kms_device_counters(device) : NULL,
		.uptime_us = g_get_monotonic_time() - daemon->start_us,
		.outputs = outputs,
		.output_count = output_count,
		.guests = guests,
		.guest_count = daemon->member_count,
		.inputs = (const struct stats_input *)(const void *)inputs->data,
		.input_count = inputs->len,
	});
	if (!stats_write(path, json, &error))
		log_daemon(G_LOG_LEVEL_WARNING, "statistics: %s", error->message);
}

/* ---- what may happen ---- */

static gboolean handle_signals(gint fd, GIOCondition condition, gpointer data)
{
	struct daemon *daemon = data;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGUSR1) {
			log_daemon(G_LOG_LEVEL_INFO, "stopping: SIG%s",
				sigabbrev_np((int)info.ssi_signo));
			g_main_loop_quit(daemon->loop);
		} else if (daemon->config->daemon.stats != NULL) {
			write_stats(daemon);
		} else {
			log_daemon(G_LOG_LEVEL_WARNING,
				"SIGUSR1: no file for statistics is configured (stats=, --stats)");
		}
	}
	return G_SOURCE_CONTINUE;
}

static void watch_signals(struct daemon *daemon)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	daemon->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	daemon->signal_source = g_unix_fd_add(daemon->signals, G_IO_IN, handle_signals, daemon);
}

static void device_gone(void *data)
{
	struct daemon *daemon = data;

	card_gone(daemon->card);
}

static void outputs_changed(void *data)
{
	struct daemon *daemon = data;

	input_outputs_changed(daemon->input);
}

static const struct layout_listener layout_listener = {device_gone, outputs_changed};

static void card_came(void *data, struct kms_device *device)
{
	struct daemon *daemon = data;

	for (size_t i = 0; i < daemon->member_count; i++)
		guest_set_device(daemon->members[i].guest, device);
	layout_set_device(daemon->layout, device);
}

/* Guests live on: they are answered by the pacing timer. */
static void card_going(void *data)
{
	struct daemon *daemon = data;

	log_daemon(G_LOG_LEVEL_WARNING, "the card is gone; guests go on without one");
	layout_set_device(daemon->layout, NULL);
	for (size_t i = 0; i < daemon->member_count; i++)
		guest_set_device(daemon->members[i].guest, NULL);
}

static void card_lost(void *data)
{
	struct daemon *daemon = data;

	log_daemon(G_LOG_LEVEL_CRITICAL, "stopping: the card of --drm-fd is gone");
	daemon->exit_status = EXIT_FAILURE;
	g_main_loop_quit(daemon->loop);
}

static const struct card_listener card_listener = {card_came, card_going, card_lost};

static void session_released(void *data)
{
	struct daemon *daemon = data;

	input_suspend(daemon->input);
	if (daemon->card != NULL)
		card_pause(daemon->card);
}

static void session_acquired(void *data)
{
	struct daemon *daemon = data;

	if (daemon->card != NULL)
		card_resume(daemon->card);
	input_resume(daemon->input);
}

static void session_gone(void *data)
{
	struct daemon *daemon = data;

	log_daemon(G_LOG_LEVEL_CRITICAL, "stopping: the session does not get the screen back");
	daemon->exit_status = EXIT_FAILURE;
	g_main_loop_quit(daemon->loop);
}

static void leave(void *data)
{
	struct daemon *daemon = data;

	log_daemon(G_LOG_LEVEL_INFO, "stopping: the quit keys were pressed");
	g_main_loop_quit(daemon->loop);
}

static void switch_terminal(void *data, int terminal)
{
	struct daemon *daemon = data;

	if (daemon->session == NULL)
		log_daemon(G_LOG_LEVEL_DEBUG, "VT switch to tty%d ignored: scanoutd has no VT",
			terminal);
	session_switch_terminal(daemon->session, terminal);
}

static void keyboard_taken(void *data, bool taken)
{
	struct daemon *daemon = data;

	session_take_keyboard(daemon->session, taken);
}

static void guest_idle(void *data, const char *guest, bool idle)
{
	struct daemon *daemon = data;

	for (size_t i = 0; i < daemon->member_count; i++) {
		if (g_str_equal(daemon->members[i].config->name, guest))
			layout_set_idle(daemon->layout, daemon->members[i].guest, idle);
	}
}

static void door_attached(void *data, int fd)
{
	struct member *member = data;

	guest_attach(member->guest, fd);
}

static void display_closed(void *data)
{
	struct member *member = data;

	if (member->door != NULL)
		door_release(member->door);
	if (member->relay != NULL)
		relay_display_closed(member->relay);
}

static void relay_scanouts(void *data, uint32_t count)
{
	struct member *member = data;

	layout_set_scanout_count(member->daemon->layout, member->guest, count);
}

static void relay_detached(void *data)
{
	struct member *member = data;

	guest_detach(member->guest);
}

static void relay_running(void *data, bool running)
{
	struct member *member = data;

	guest_set_running(member->guest, running);
}

static const struct relay_listener relay_listener = {
	.attached = door_attached,
	.scanouts = relay_scanouts,
	.detached = relay_detached,
	.running = relay_running,
};

/* ---- making ---- */

/* A number that is no fd of ours is named as it was given. */
static bool check_fd(const char *option, int fd, GError **error)
{
	if (fd < 0 || fcntl(fd, F_GETFD) >= 0)
		return true;
	g_set_error(error, DAEMON_ERROR, DAEMON_ERROR_FD, "%s=%d: %s", option, fd,
		g_strerror(errno));
	return false;
}

static bool check_fds(const struct daemon *daemon, GError **error)
{
	if (!check_fd("--drm-fd", daemon->config->daemon.drm_fd, error) ||
		!check_fd("--ready-fd", daemon->config->daemon.ready_fd, error))
		return false;
	for (size_t i = 0; i < daemon->member_count; i++) {
		const struct config_guest *guest = daemon->members[i].config;

		if (!check_fd("display-fd", guest->display_fd, error)) {
			g_prefix_error(error, "guest %s: ", guest->name);
			return false;
		}
	}
	return true;
}

static bool open_session(struct daemon *daemon, GError **error)
{
	const struct session_listener listener = {session_released, session_acquired, session_gone};
	const struct config_daemon *config = &daemon->config->daemon;
	const struct session_options options = {config->vt, config->seat_manager};

	return session_create(&options, &listener, daemon, &daemon->session, error);
}

static bool open_card(struct daemon *daemon, GError **error)
{
	const struct config_daemon *config = &daemon->config->daemon;

	daemon->card_options = (struct kms_device_options){
		.path = config->card,
		.opener = session_card_opener(daemon->session),
		.fd = config->drm_fd,
		.flip_timeout_ms = config->flip_timeout_ms,
	};
	daemon->card = card_create(&daemon->card_options, layout_kms_listener(), daemon->layout,
		&card_listener, daemon);
	return card_open(daemon->card, error);
}

static bool make_guests(struct daemon *daemon, GError **error)
{
	for (size_t i = 0; i < daemon->member_count; i++) {
		struct member *member = &daemon->members[i];
		const struct guest_options options = {
			.name = member->config->name,
			.after = member->config->after_last ? GUEST_IDLE_LAST : GUEST_IDLE_BLACK,
			.flip_timeout_ms = daemon->config->daemon.flip_timeout_ms,
			.detached = display_closed,
			.data = member,
		};

		member->state = state_create(member->config->name, error);
		if (member->state == NULL)
			return false;
		member->guest = guest_create(&options, state_guest(member->state));
	}
	return true;
}

static void make_layout(struct daemon *daemon)
{
	const GPtrArray *sections = daemon->config->outputs;
	g_autofree struct layout_output *outputs = g_new0(struct layout_output, sections->len);
	g_autofree struct layout_guest *guests = g_new0(struct layout_guest, daemon->member_count);
	struct layout_options options = {outputs, sections->len, guests, daemon->member_count};

	for (guint i = 0; i < sections->len; i++) {
		const struct config_output *section = g_ptr_array_index(sections, i);

		outputs[i] = (struct layout_output){
			.name = section->name,
			.guest = section->guest,
			.scanout = section->scanout,
			.mode = section->mode,
			.policy = section->place,
			.off = section->off,
			.force_on = section->force_on,
			.positioned = section->positioned,
			.x = section->x,
			.y = section->y,
		};
	}
	for (size_t i = 0; i < daemon->member_count; i++) {
		const struct member *member = &daemon->members[i];

		guests[i] = (struct layout_guest){
			.guest = member->guest,
			.keep_picture = member->config->before_last,
			.mode = member->config->mode,
			.policy = member->config->place,
			.blank_after_ms = member->config->blank_after_ms,
			.off_after_ms = member->config->off_after_ms,
		};
	}
	daemon->layout = layout_create(&options, &layout_listener, daemon);
}

static bool show_guests(struct daemon *daemon, GError **error)
{
	make_layout(daemon);
	return open_card(daemon, error);
}

/* ---- doors ---- */

/* Sockets that the service manager listens on for us, by FileDescriptorName=. */
static bool claim_listen_fds(struct daemon *daemon, GError **error)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);
	bool claimed = true;

	if (count < 0) {
		g_set_error(error, DAEMON_ERROR, DAEMON_ERROR_SOCKET,
			"sockets of the service manager (LISTEN_FDS): %s", g_strerror(-count));
		return false;
	}
	for (int i = 0; i < count; i++) {
		struct member *owner = NULL;

		for (size_t j = 0; j < daemon->member_count; j++) {
			if (g_str_equal(daemon->members[j].config->name, names[i]))
				owner = &daemon->members[j];
		}
		if (claimed && (owner == NULL || owner->listen_fd >= 0)) {
			g_set_error(error, DAEMON_ERROR, DAEMON_ERROR_SOCKET,
				"a socket named \"%s\" was passed, but %s; its FileDescriptorName= must "
				"be a guest's name",
				names[i],
				owner == NULL ? "there is no such guest" : "there are two");
			claimed = false;
		} else if (owner != NULL && owner->listen_fd < 0) {
			owner->listen_fd = SD_LISTEN_FDS_START + i;
		}
		free(names[i]);
	}
	free(names);
	return claimed;
}

/* The folder of default paths is ours to make; any other is its owner's. */
static void make_socket_folder(const char *path)
{
	g_autofree char *folder = config_runtime_folder();

	if (path != NULL && g_str_has_prefix(path, folder))
		g_mkdir_with_parents(folder, 0755);
}

static bool open_relay(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;
	const struct relay_options options = {
		.name = config->name,
		.vmm_path = member->listen_fd >= 0 ? NULL : config->vmm_socket,
		.vmm_listen_fd = member->listen_fd,
		.vmm_group = config->socket_group,
		.backend_path = config->backend_socket,
	};

	if (member->listen_fd < 0)
		make_socket_folder(config->vmm_socket);
	member->relay = relay_create(&options, &relay_listener, member, error);
	return member->relay != NULL;
}

static bool open_door(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;

	if (config->vmm_socket != NULL)
		return open_relay(member, error);
	if (config->display_fd >= 0) {
		member->door = door_create_inherited(config->display_fd, door_attached, member,
			error);
	} else if (member->listen_fd >= 0) {
		member->door = door_create_listening(member->listen_fd, door_attached, member,
			error);
	} else {
		make_socket_folder(config->display_socket);
		member->door = door_create_path(config->display_socket, config->socket_group,
			door_attached, member, error);
	}
	if (member->door == NULL)
		return false;
	door_set_guest(member->door, config->name);
	return true;
}

static bool open_doors(struct daemon *daemon, GError **error)
{
	if (!claim_listen_fds(daemon, error))
		return false;
	for (size_t i = 0; i < daemon->member_count; i++) {
		if (!open_door(&daemon->members[i], error)) {
			g_prefix_error(error, "guest %s: ", daemon->members[i].config->name);
			return false;
		}
	}
	return true;
}

static bool open_input(struct daemon *daemon, GError **error)
{
	static const struct input_listener listener = {leave, switch_terminal, keyboard_taken,
		guest_idle};
	const struct input_options options = {
		.config = daemon->config,
		.layout = daemon->layout,
		.opener = session_input_opener(daemon->session),
		/* A seat manager has done that. */
		.keyboard_is_off = session_input_opener(daemon->session) != NULL,
	};

	for (size_t i = 0; i < daemon->member_count; i++)
		make_socket_folder(daemon->members[i].config->input_prefix);
	daemon->input = input_create(&options, &listener, daemon, error);
	return daemon->input != NULL;
}

/* ---- life ---- */

/* Where peers are waited for: the lines that a person looks for first. */
static void log_wiring(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->member_count; i++) {
		const struct config_guest *config = daemon->members[i].config;

		if (daemon->members[i].listen_fd >= 0)
			log_guest(G_LOG_LEVEL_INFO, config->name,
				"waits at the service manager's socket");
		else if (config->vmm_socket != NULL)
			log_guest(G_LOG_LEVEL_INFO, config->name, "waits for a VMM at %s",
				config->vmm_socket);
		else if (config->display_socket != NULL)
			log_guest(G_LOG_LEVEL_INFO, config->name, "waits for a back-end at %s",
				config->display_socket);
	}
}

static void tell_ready(const struct daemon *daemon)
{
	static const char ready[] = "ready\n";
	int fd = daemon->config->daemon.ready_fd;

	sd_notify(0, "READY=1");
	if (fd < 0)
		return;
	if (write(fd, ready, sizeof(ready) - 1) < 0)
		log_daemon(G_LOG_LEVEL_WARNING, "--ready-fd=%d: %s", fd, g_strerror(errno));
	close(fd);
}

struct daemon *daemon_create(const struct config *config, GError **error)
{
	struct daemon *daemon = g_new0(struct daemon, 1);

	daemon->config = config;
	daemon->start_us = g_get_monotonic_time();
	daemon->loop = g_main_loop_new(NULL, FALSE);
	daemon->member_count = config->guests->len;
	daemon->members = g_new0(struct member, daemon->member_count);
	for (size_t i = 0; i < daemon->member_count; i++) {
		daemon->members[i].daemon = daemon;
		daemon->members[i].config = g_ptr_array_index(config->guests, i);
		daemon->members[i].listen_fd = -1;
	}
	watch_signals(daemon);
	if (!check_fds(daemon, error) || !open_session(daemon, error) ||
		!make_guests(daemon, error) || !show_guests(daemon, error) ||
		!open_doors(daemon, error) || !open_input(daemon, error)) {
		daemon_destroy(daemon);
		return NULL;
	}
	return daemon;
}

int daemon_run(struct daemon *daemon)
{
	log_wiring(daemon);
	tell_ready(daemon);
	g_main_loop_run(daemon->loop);
	sd_notify(0, "STOPPING=1");
	for (size_t i = 0; i < daemon->member_count; i++)
		guest_stop(daemon->members[i].guest);
	if (daemon->config->daemon.stats != NULL)
		write_stats(daemon);
	return daemon->exit_status;
}

void daemon_destroy(struct daemon *daemon)
{
	if (daemon == NULL)
		return;
	g_clear_handle_id(&daemon->signal_source, g_source_remove);
	/* While all that its callbacks may ask for is there: it can run the main loop. */
	input_destroy(g_steal_pointer(&daemon->input));
	/* Who waits is answered before any socket is closed, and before the views are gone. */
	for (size_t i = 0; i < daemon->member_count && daemon->members[i].guest != NULL; i++)
		guest_stop(daemon->members[i].guest);
	layout_destroy(daemon->layout);
	for (size_t i = 0; i < daemon->member_count; i++)
		g_clear_pointer(&daemon->members[i].guest, guest_destroy);
	for (size_t i = 0; i < daemon->member_count; i++) {
		relay_destroy(daemon->members[i].relay);
		door_destroy(daemon->members[i].door);
		state_destroy(daemon->members[i].state);
	}
	card_destroy(daemon->card);
	session_destroy(daemon->session);
	close(daemon->signals);
	g_main_loop_unref(daemon->loop);
	g_free(daemon->members);
	g_free(daemon);
}
