/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "arrangement.h"
#include "config/changes.h"
#include "config/inherited_fds.h"
#include "config_reader.h"
#include "guests/member.h"
#include "guests/notices.h"
#include "input/input.h"
#include "keep/keep.h"
#include "kms.h"
#include "lease/leases.h"
#include "log.h"
#include "report/alive_files.h"
#include "report/health.h"
#include "report/health_check.h"
#include "report/lost_files.h"
#include "report/shown_files.h"
#include "report/stall.h"
#include "report/statistics.h"
#include "report/watchdog.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "session/cards.h"
#include "session/kept_card.h"
#include "session/session.h"
#include "turn.h"
#include "wire/guard.h"

/* What a slow disk is given at the end. */
#define FILES_MS 2000

struct daemon {
	const struct config *config;
	GMainLoop *loop;
	int exit_status;
	int64_t start_us;
	struct keep *keep;
	int signals; /* signalfd */
	guint signal_source;
	struct stall *stall; /* while the loop runs */
	struct file_writer *statistics; /* NULL: no file was named */
	struct alive_files *alive_files;
	struct shown_files *shown_files;
	struct health *health;
	struct session *session;
	struct layout *layout;
	struct config_reader *reader; /* NULL: the configuration is not read again */
	struct cards *cards;
	struct leases *leases; /* NULL until the doors are open */
	struct notices *notices; /* the same */
	struct input *input; /* made last: NULL until then */
	struct member **members; /* as many as config->guests, in the same order */
	size_t member_count;
};

/* ---- counters ---- */

static void write_stats(const struct daemon *daemon)
{
	const struct kms_device *devices[KMS_CARDS_MAX];
	const struct statistics_parts parts = {
		.start_us = daemon->start_us,
		.device_count = cards_list(daemon->cards, devices),
		.devices = devices,
		.layout = daemon->layout,
		.input = daemon->input,
		.leases = daemon->leases,
		.stall = daemon->stall,
		.members = daemon->members,
		.member_count = daemon->member_count,
	};

	statistics_write(&parts, daemon->statistics);
}

/* ---- health ---- */

static char *check_health(void *data)
{
	const struct daemon *daemon = data;
	const struct kms_device *devices[KMS_CARDS_MAX];
	const struct health_parts parts = {devices, cards_list(daemon->cards, devices),
		daemon->members, daemon->member_count};

	return health_check(daemon->health, &parts, g_get_monotonic_time());
}

/* ---- what may happen ---- */

static void reload(struct daemon *daemon)
{
	log_daemon(G_LOG_LEVEL_INFO, "SIGHUP: reading the pictures again");
	layout_reload_pictures(daemon->layout);
	if (daemon->reader != NULL)
		config_reader_read(daemon->reader);
}

static gboolean handle_signals(gint fd, GIOCondition condition, gpointer data)
{
	struct daemon *daemon = data;
	struct signalfd_siginfo info;

	turn_note();
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			reload(daemon);
		} else if (info.ssi_signo != SIGUSR1) {
			log_daemon(G_LOG_LEVEL_INFO, "stopping: SIG%s",
				sigabbrev_np((int)info.ssi_signo));
			g_main_loop_quit(daemon->loop);
		} else if (daemon->statistics != NULL) {
			write_stats(daemon);
		} else {
			log_daemon(G_LOG_LEVEL_WARNING,
				"SIGUSR1: no file for statistics is configured (stats=, --stats)");
		}
	}
	return G_SOURCE_CONTINUE;
}

static bool watch_signals(struct daemon *daemon, GError **error)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	daemon->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (daemon->signals < 0) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "signalfd: %s",
			g_strerror(saved));
		return false;
	}
	daemon->signal_source = turn_name(
		g_unix_fd_add(daemon->signals, G_IO_IN, handle_signals, daemon), "signals");
	return true;
}

static void device_gone(void *data)
{
	struct daemon *daemon = data;

	cards_gone(daemon->cards);
}

static void outputs_changed(void *data)
{
	struct daemon *daemon = data;

	input_outputs_changed(daemon->input);
	leases_outputs_changed(daemon->leases);
}

static void screen_changed(void *data, struct guest *guest, uint32_t scanout,
	const struct layout_screen *screen)
{
	struct daemon *daemon = data;

	input_tell_screen(daemon->input, guest_name(guest), scanout, screen);
}

static void life(void *data, struct guest *guest, enum alive_state state)
{
	struct daemon *daemon = data;

	alive_files_write(daemon->alive_files, guest, state);
}

static void seen(void *data, struct guest *guest)
{
	struct daemon *daemon = data;

	shown_files_write(daemon->shown_files, guest);
}

static void output_changed(void *data)
{
	struct daemon *daemon = data;

	leases_outputs_changed(daemon->leases);
}

static const struct layout_listener layout_listener = {device_gone, outputs_changed, screen_changed,
	life, output_changed, seen};

static void card_came(void *data, uint32_t card, struct kms_device *device)
{
	struct daemon *daemon = data;

	for (size_t i = 0; i < daemon->member_count; i++)
		guest_set_device(member_guest(daemon->members[i]), card, device);
	if (cards_has_predecessor(daemon->cards, card))
		layout_note_predecessor(daemon->layout, card);
	layout_set_device(daemon->layout, card, device);
	leases_set_device(daemon->leases, card, device);
	session_set_card(daemon->session, card, kms_device_duplicate(device));
}

/* Guests live on: they are answered by the pacing timer. */
static void card_going(void *data, uint32_t card, const char *path)
{
	struct daemon *daemon = data;

	if (cards_count(daemon->cards) > 1)
		log_daemon(G_LOG_LEVEL_WARNING, "the card %s is gone; guests go on without it",
			path);
	else
		log_daemon(G_LOG_LEVEL_WARNING, "the card is gone; guests go on without one");
	session_set_card(daemon->session, card, -1);
	leases_set_device(daemon->leases, card, NULL);
	layout_set_device(daemon->layout, card, NULL);
	for (size_t i = 0; i < daemon->member_count; i++)
		guest_set_device(member_guest(daemon->members[i]), card, NULL);
}

static void card_lost(void *data)
{
	struct daemon *daemon = data;

	log_daemon(G_LOG_LEVEL_CRITICAL, "stopping: the card of --drm-fd is gone");
	daemon->exit_status = EXIT_FAILURE;
	g_main_loop_quit(daemon->loop);
}

static const struct cards_listener cards_listener = {card_came, card_going, card_lost};

static void session_released(void *data)
{
	struct daemon *daemon = data;

	input_suspend(daemon->input);
	cards_pause(daemon->cards);
}

static void session_acquired(void *data)
{
	struct daemon *daemon = data;

	cards_resume(daemon->cards);
	input_resume(daemon->input);
}

static void session_devices_ready(void *data)
{
	struct daemon *daemon = data;

	cards_retry(daemon->cards);
	input_retry(daemon->input);
}

static void session_renewed(void *data)
{
	struct daemon *daemon = data;

	cards_reopen(daemon->cards);
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

static struct member *find_member(const struct daemon *daemon, const char *guest)
{
	return members_find(daemon->members, daemon->member_count, guest);
}

/* One that there is. */
static struct guest *find_guest(const struct daemon *daemon, const char *name)
{
	return member_guest(find_member(daemon, name));
}

static void guest_idle(void *data, const char *guest, bool idle)
{
	struct daemon *daemon = data;

	layout_set_idle(daemon->layout, find_guest(daemon, guest), idle);
}

static void guest_reachable(void *data, const char *guest, bool reachable)
{
	struct daemon *daemon = data;

	layout_set_reachable(daemon->layout, find_guest(daemon, guest), reachable);
}

static void switch_layout(void *data, size_t index)
{
	struct daemon *daemon = data;
	const char *name = layout_name_at(daemon->layout, index);

	if (name != NULL)
		layout_use(daemon->layout, name, LAYOUT_KEY);
}

/* ---- making ---- */

static bool receive_fds(struct daemon *daemon, GError **error)
{
	daemon->keep = keep_create(error);
	return daemon->keep != NULL;
}

static bool open_session(struct daemon *daemon, GError **error)
{
	const struct session_listener listener = {session_released, session_acquired,
		session_devices_ready, session_renewed, session_gone};
	const struct config_daemon *config = &daemon->config->daemon;
	const struct session_options options = {config->vt, config->seat_manager};

	return session_create(&options, &listener, daemon, &daemon->session, error);
}

static bool open_cards(struct daemon *daemon, GError **error)
{
	const struct config_daemon *config = &daemon->config->daemon;
	const struct cards_options options = {
		.paths = config->cards,
		.common =
			{
				.opener = session_card_opener(daemon->session),
				.fd = config->drm_fd,
				.flip_timeout_ms = config->flip_timeout_ms,
				.guard = {guard_add, guard_remove},
			},
		.keeper = keep_keeper(daemon->keep),
	};
	bool opened;

	guard_install();
	daemon->cards = cards_create(&options, layout_kms_listener(), daemon->layout,
		&cards_listener, daemon);
	layout_begin(daemon->layout);
	opened = cards_open(daemon->cards, error);
	layout_end(daemon->layout);
	return opened;
}

static bool make_guests(struct daemon *daemon, GError **error)
{
	const GPtrArray *sections = daemon->config->guests;
	const struct fd_keeper *keeper = keep_keeper(daemon->keep);

	daemon->members = g_new0(struct member *, sections->len);
	for (guint i = 0; i < sections->len; i++) {
		daemon->members[i] = member_create(g_ptr_array_index(sections, i), keeper,
			daemon->config->daemon.flip_timeout_ms, error);
		if (daemon->members[i] == NULL)
			return false;
		daemon->member_count++;
	}
	return true;
}

/* The layout, made or as another configuration has it. */
static void arrange(struct daemon *daemon, const struct config *config)
{
	struct arrangement *arrangement = arrangement_create(config, daemon->config,
		daemon->members, daemon->member_count);

	if (daemon->layout != NULL)
		layout_reconfigure(daemon->layout, arrangement_options(arrangement));
	else
		daemon->layout = layout_create(arrangement_options(arrangement), &layout_listener,
			daemon);
	arrangement_destroy(arrangement);
}

static bool show_guests(struct daemon *daemon, GError **error)
{
	daemon->alive_files = alive_files_create(daemon->members, daemon->member_count);
	daemon->shown_files = shown_files_create(daemon->members, daemon->member_count);
	arrange(daemon, daemon->config);
	for (size_t i = 0; i < daemon->member_count; i++)
		member_set_layout(daemon->members[i], daemon->layout);
	return open_cards(daemon, error);
}

static void noticed(void *data, const char *guest, const char *text)
{
	struct member *member = find_member(data, guest);

	if (member != NULL)
		member_notice(member, text);
}

/* With the folder that the doors have made. */
static void open_notices(struct daemon *daemon)
{
	g_autofree char *folder = config_runtime_folder();

	daemon->notices = notices_create(folder, noticed, daemon);
}

static bool open_doors(struct daemon *daemon, GError **error)
{
	if (!members_claim_sockets(daemon->members, daemon->member_count, daemon->keep, error))
		return false;
	for (size_t i = 0; i < daemon->member_count; i++) {
		if (!member_open(daemon->members[i], error))
			return false;
	}
	open_notices(daemon);
	daemon->leases = leases_create(daemon->config->leases, keep_keeper(daemon->keep), error);
	for (uint32_t card = 0; card < cards_count(daemon->cards); card++)
		leases_set_device(daemon->leases, card, cards_device(daemon->cards, card));
	return daemon->leases != NULL;
}

static struct account *find_account(void *data, const char *guest)
{
	const struct member *member = find_member(data, guest);

	return member != NULL ? member_account(member) : NULL;
}

static bool open_input(struct daemon *daemon, GError **error)
{
	static const struct input_listener listener = {leave, switch_terminal, keyboard_taken,
		guest_idle, guest_reachable, switch_layout};
	const struct input_options options = {
		.config = daemon->config,
		.layout = daemon->layout,
		.opener = session_input_opener(daemon->session),
		/* A seat manager has done that. */
		.keyboard_is_off = session_input_opener(daemon->session) != NULL,
		.account = find_account,
		.keeper = keep_keeper(daemon->keep),
	};

	daemon->input = input_create(&options, &listener, daemon, error);
	return daemon->input != NULL;
}

/* ---- another configuration ---- */

static void complain(const GError *error)
{
	g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		log_daemon(G_LOG_LEVEL_WARNING, "the configuration stays as it was: %s", *line);
}

static void config_read(void *data, struct config *config, const GError *error)
{
	struct daemon *daemon = data;
	g_autofree char *changes = NULL;

	if (config == NULL) {
		complain(error);
		return;
	}
	log_daemon(G_LOG_LEVEL_INFO, "the configuration was read again");
	changes = config_changes(daemon->config->texts, config->texts);
	if (changes != NULL)
		log_daemon(G_LOG_LEVEL_WARNING, "these take effect at the next start alone: %s",
			changes);
	/* Its outputs belong to other leases than there are. */
	if (config_lends_the_same(daemon->config, config))
		arrange(daemon, config);
	else
		log_daemon(G_LOG_LEVEL_WARNING,
			"outputs stay as they were until then, for others are lent");
	config_destroy(config);
}

void daemon_set_arguments(struct daemon *daemon, char **arguments)
{
	daemon->reader = config_reader_create(arguments, config_read, daemon);
}

/* ---- life ---- */

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

void daemon_give_back(void)
{
	struct keep *keep = keep_create(NULL);

	if (keep == NULL)
		return;
	keep_give_back(keep, KEPT_CARDS);
	keep_destroy(keep);
}

/* Returns NULL. */
static struct daemon *fail_to_start(struct daemon *daemon)
{
	const struct config *config = daemon->config;

	if (daemon->keep != NULL)
		keep_give_back(daemon->keep, KEPT_CARDS);
	daemon_destroy(daemon);
	lost_files_write(config->guests);
	return NULL;
}

struct daemon *daemon_create(const struct config *config, GError **error)
{
	struct daemon *daemon = g_new0(struct daemon, 1);

	daemon->config = config;
	daemon->start_us = g_get_monotonic_time();
	daemon->signals = -1;
	/* Before anything that opens one. */
	if (!receive_fds(daemon, error) || !inherited_fds_check(daemon->config, error))
		return fail_to_start(daemon);
	daemon->loop = g_main_loop_new(NULL, FALSE);
	if (config->daemon.stats != NULL)
		daemon->statistics = statistics_open(config->daemon.stats);
	daemon->health = health_create(config->daemon.flip_timeout_ms);
	if (!watch_signals(daemon, error) || !open_session(daemon, error) ||
		!make_guests(daemon, error) || !show_guests(daemon, error) ||
		!open_doors(daemon, error) || !open_input(daemon, error))
		return fail_to_start(daemon);
	keep_settle(daemon->keep);
	lost_files_write(config->guests);
	return daemon;
}

int daemon_run(struct daemon *daemon)
{
	struct watchdog *watchdog;

	for (size_t i = 0; i < daemon->member_count; i++)
		member_log_wiring(daemon->members[i]);
	tell_ready(daemon);
	daemon->stall = stall_create(NULL);
	watchdog = watchdog_create(check_health, daemon);
	g_main_loop_run(daemon->loop);
	watchdog_destroy(watchdog);
	sd_notify(0, "STOPPING=1");
	keep_stop(daemon->keep);
	for (size_t i = 0; i < daemon->member_count; i++)
		guest_stop(member_guest(daemon->members[i]));
	if (daemon->statistics != NULL)
		write_stats(daemon);
	g_clear_pointer(&daemon->stall, stall_destroy);
	return daemon->exit_status;
}

void daemon_destroy(struct daemon *daemon)
{
	if (daemon == NULL)
		return;
	g_clear_handle_id(&daemon->signal_source, g_source_remove);
	config_reader_destroy(daemon->reader);
	notices_destroy(daemon->notices);
	/* While all that its callbacks may ask for is there: it can run the main loop. */
	input_destroy(g_steal_pointer(&daemon->input));
	/* Who waits is answered before any socket is closed, and before the views are gone. */
	for (size_t i = 0; i < daemon->member_count; i++)
		guest_stop(member_guest(daemon->members[i]));
	/* While there is a card to take outputs back on, and a layout that hears of it. */
	leases_destroy(g_steal_pointer(&daemon->leases));
	layout_destroy(daemon->layout);
	for (size_t i = 0; i < daemon->member_count; i++)
		member_destroy(daemon->members[i]);
	/* Closing the cards is not enough where the service manager keeps them. */
	if (session_leaves(daemon->session))
		cards_pause(daemon->cards);
	for (uint32_t i = 0; i < cards_count(daemon->cards); i++)
		session_set_card(daemon->session, i, -1);
	cards_destroy(daemon->cards);
	session_destroy(daemon->session);
	keep_destroy(daemon->keep);
	if (daemon->signals >= 0)
		close(daemon->signals);
	health_destroy(daemon->health);
	g_clear_pointer(&daemon->loop, g_main_loop_unref);
	/* Last, when all that others wait for has been given back. */
	file_writer_destroy(daemon->statistics, FILES_MS);
	alive_files_destroy(daemon->alive_files, FILES_MS);
	shown_files_destroy(daemon->shown_files, FILES_MS);
	g_free(daemon->members);
	g_free(daemon);
}
