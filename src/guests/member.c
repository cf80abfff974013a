/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/member.h"

#include "guests/heartbeat.h"
#include "guests/kept_guest.h"
#include "guests/kept_relay.h"
#include "guests/status.h"
#include "keep/keep.h"
#include "log.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/door.h"
#include "wire/lost_vmms.h"

struct member {
	const struct config_guest *config;
	struct layout *layout;
	struct account *account;
	const struct fd_keeper *keeper; /* or NULL */
	struct kept_guest *kept;
	struct kept_relay *kept_relay; /* NULL: it has a door */
	struct status status;
	struct guest *guest;
	struct relay *relay;
	struct door *door;
	struct heartbeat *heartbeat; /* NULL: it need not prove that it is alive so */
	int listen_fd; /* the service manager's, until a door takes it over; else -1 */
};

G_DEFINE_QUARK(scanoutd_member_error_quark, member_error)

/* ---- what may happen ---- */

static void tell_status(const struct member *member)
{
	g_auto(GStrv) lines = status_lines(&member->status, member->config);

	layout_set_status(member->layout, member->guest, status_is_failure(&member->status), lines);
}

/* Before the guest itself hears of it: what it leaves behind is this one's. */
static void set_status(struct member *member, enum status_kind kind, const char *fault)
{
	if (status_set(&member->status, kind, fault))
		tell_status(member);
}

void member_notice(struct member *member, const char *text)
{
	log_guest(G_LOG_LEVEL_INFO, member->config->name, "its starter says: %s", text);
	if (status_notice(&member->status, text))
		tell_status(member);
}

static void door_attached(void *data, int fd)
{
	struct member *member = data;

	set_status(member, STATUS_STARTING, NULL);
	kept_guest_attached(member->kept, fd);
	guest_attach(member->guest, fd);
}

static void display_closing(void *data, bool fault)
{
	struct member *member = data;

	kept_guest_detached(member->kept);
	if (member->relay != NULL)
		relay_display_closing(member->relay);
	if (fault)
		set_status(member, STATUS_FAULT, "the back-end broke the protocol");
	else
		set_status(member, member->relay ? STATUS_BACKEND_GONE : STATUS_STOPPED, NULL);
}

static void display_closed(void *data)
{
	struct member *member = data;

	kept_guest_detached(member->kept);
	if (member->door != NULL)
		door_release(member->door);
	if (member->relay != NULL)
		relay_display_closed(member->relay);
}

/* The back-end has not noticed that another process serves it. */
static bool relay_adopted(void *data, int fd)
{
	struct member *member = data;
	g_autoptr(GError) error = NULL;

	if (fd < 0) {
		kept_guest_begin_anew(member->kept);
		return true;
	}
	if (!kept_guest_is_left(member->kept)) {
		closer_hang_up(account_closer(member->account), fd);
		g_set_error(&error, MEMBER_ERROR, MEMBER_ERROR_KEPT, "what it showed was not kept");
	} else if (guest_adopt(member->guest, fd, &error)) {
		return true;
	}
	log_guest(G_LOG_LEVEL_MESSAGE, member->config->name,
		"the VMM and the back-end of the scanoutd before this one have to connect again: %s",
		error->message);
	lost_vmms_note(member->config->name);
	return false;
}

static void relay_scanouts(void *data, uint32_t count)
{
	struct member *member = data;

	layout_set_scanout_count(member->layout, member->guest, count);
}

static void relay_backend(void *data, bool there)
{
	set_status(data, there ? STATUS_STARTING : STATUS_NO_BACKEND, NULL);
}

static void relay_detached(void *data)
{
	struct member *member = data;
	const char *fault;

	switch (relay_end(member->relay, &fault)) {
	case RELAY_END_VMM:
		set_status(member, STATUS_STOPPED, NULL);
		break;
	case RELAY_END_BACKEND:
		set_status(member, STATUS_BACKEND_GONE, NULL);
		break;
	case RELAY_END_FAULT:
		set_status(member, STATUS_FAULT, fault);
		break;
	}
	guest_detach(member->guest);
}

static void relay_running(void *data, bool running)
{
	struct member *member = data;

	if (!running)
		set_status(member, STATUS_RESTARTING, NULL);
	guest_set_running(member->guest, running);
}

static const struct relay_listener relay_listener = {
	.attached = door_attached,
	.adopted = relay_adopted,
	.scanouts = relay_scanouts,
	.backend = relay_backend,
	.detached = relay_detached,
	.running = relay_running,
};

/* ---- the way in ---- */

static bool has_relay(const struct config_guest *config)
{
	return config->vmm_socket != NULL;
}

struct member *members_find(struct member *const *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (g_str_equal(members[i]->config->name, name))
			return members[i];
	}
	return NULL;
}

bool members_claim_sockets(struct member *const *members, size_t count, struct keep *keep,
	GError **error)
{
	for (size_t i = 0; i < keep_socket_count(keep); i++) {
		const char *name = keep_socket_name(keep, i);
		struct member *owner = members_find(members, count, name);

		if (owner == NULL || owner->listen_fd >= 0) {
			g_set_error(error, MEMBER_ERROR, MEMBER_ERROR_SOCKET,
				"a socket named \"%s\" was passed, but %s; its FileDescriptorName= must "
				"be a guest's name",
				name, owner == NULL ? "there is no such guest" : "there are two");
			return false;
		}
		owner->listen_fd = keep_take_socket(keep, i);
	}
	return true;
}

static bool open_relay(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;
	const struct relay_options options = {
		.name = config->name,
		.account = member->account,
		.vmm_path = member->listen_fd >= 0 ? NULL : config->vmm_socket,
		.vmm_listen_fd = member->listen_fd,
		.vmm_group = config->socket_group,
		.prepare = config_make_runtime_folder,
		.keeper = member->keeper,
		.backend_path = config->backend_socket,
		.state = kept_relay_state(member->kept_relay),
		.kept = kept_relay_fds(member->kept_relay),
	};

	member->relay = relay_create(&options, &relay_listener, member, error);
	return member->relay != NULL;
}

static struct door_options door_options_of(const struct member *member, const char *path,
	unsigned int fds)
{
	return (struct door_options){
		.path = path,
		.group = member->config->socket_group,
		.prepare = config_make_runtime_folder,
		.keeper = member->keeper,
		.guest = member->config->name,
		.account = member->account,
		.fds = fds,
	};
}

static bool open_door(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;
	const struct door_options options = door_options_of(member, config->display_socket,
		ACCOUNT_FDS_DISPLAY);

	if (config->display_fd >= 0) {
		member->door = door_create_inherited(config->display_fd, door_attached, member,
			error);
	} else if (member->listen_fd >= 0) {
		member->door = door_create_listening(member->listen_fd, door_attached, member,
			error);
	} else {
		member->door = door_create_path(&options, door_attached, member, error);
	}
	if (member->door == NULL)
		return false;
	door_set_guest(member->door, config->name, member->account, ACCOUNT_FDS_DISPLAY);
	return true;
}

static void heart_beats(void *data)
{
	const struct member *member = data;

	layout_note_life(member->layout, member->guest);
}

static bool open_heartbeat(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;
	const struct door_options options = door_options_of(member, config->alive_socket,
		ACCOUNT_FDS_ALIVE);

	if (config->alive_socket == NULL)
		return true;
	member->heartbeat = heartbeat_create(&options, heart_beats, member, error);
	return member->heartbeat != NULL;
}

/* Its back-end has not noticed that another process serves it. */
static void go_on(struct member *member)
{
	g_autoptr(GError) error = NULL;
	int fd = kept_guest_take_display(member->kept);

	if (member->relay != NULL && !relay_adopt(member->relay))
		kept_guest_begin_anew(member->kept);
	if (fd < 0)
		return;
	if (!door_adopt(member->door, fd, &error)) {
		closer_hang_up(account_closer(member->account), fd);
	} else if (guest_adopt(member->guest, fd, &error)) {
		set_status(member, STATUS_STARTING, NULL);
		return;
	} else {
		door_release(member->door);
	}
	kept_guest_detached(member->kept);
	log_guest(G_LOG_LEVEL_MESSAGE, member->config->name,
		"display socket: the back-end of the scanoutd before this one has to connect again: "
		"%s",
		error->message);
}

bool member_open(struct member *member, GError **error)
{
	bool opened = has_relay(member->config) ? open_relay(member, error)
						: open_door(member, error);

	opened = opened && open_heartbeat(member, error);
	if (opened)
		go_on(member);
	else
		g_prefix_error(error, "guest %s: ", member->config->name);
	return opened;
}

void member_log_wiring(const struct member *member)
{
	const struct config_guest *config = member->config;

	if (member->listen_fd >= 0)
		log_guest(G_LOG_LEVEL_INFO, config->name, "waits at the service manager's socket");
	else if (config->vmm_socket != NULL)
		log_guest(G_LOG_LEVEL_INFO, config->name, "waits for a VMM at %s",
			config->vmm_socket);
	else if (config->display_socket != NULL)
		log_guest(G_LOG_LEVEL_INFO, config->name, "waits for a back-end at %s",
			config->display_socket);
}

/* ---- life ---- */

/* An inherited socket is whose it is. */
static const struct fd_keeper *keeper_of(const struct member *member)
{
	return member->config->display_fd < 0 ? member->keeper : NULL;
}

static bool create_kept(struct member *member, GError **error)
{
	const struct config_guest *config = member->config;
	struct closer *closer = account_closer(member->account);
	enum kept_display display = has_relay(config) ? KEPT_DISPLAY_WITH_RELAY : KEPT_DISPLAY_HERE;

	if (has_relay(config))
		member->kept_relay = kept_relay_create(keeper_of(member), config->name, closer);
	member->kept = kept_guest_create(keeper_of(member), config->name, display, closer, error);
	return member->kept != NULL;
}

struct member *member_create(const struct config_guest *config, const struct fd_keeper *keeper,
	unsigned int flip_timeout_ms, GError **error)
{
	struct member *member = g_new0(struct member, 1);
	struct guest_options options = {
		.name = config->name,
		.flip_timeout_ms = flip_timeout_ms,
		.answers = config->answers,
		.firmware = config->firmware,
		.closing = display_closing,
		.detached = display_closed,
		.data = member,
	};

	member->config = config;
	member->keeper = keeper;
	status_init(&member->status);
	member->listen_fd = -1;
	member->account = account_create(config->name);
	options.account = member->account;
	if (!create_kept(member, error)) {
		member_destroy(member);
		return NULL;
	}
	options.kept = kept_guest_fds(member->kept);
	member->guest = guest_create(&options, kept_guest_state(member->kept));
	return member;
}

/* A successor goes on with it, if that is so for all of it. */
static void leave(struct member *member)
{
	bool stays = member->guest != NULL && kept_guest_stays(member->kept);

	if (member->relay != NULL)
		stays = kept_relay_stays(member->kept_relay) && stays;
	if (!stays)
		return;
	if (member->relay != NULL)
		relay_leave(member->relay);
	guest_leave(member->guest);
}

void member_destroy(struct member *member)
{
	if (member == NULL)
		return;
	leave(member);
	g_clear_pointer(&member->guest, guest_destroy);
	heartbeat_destroy(member->heartbeat);
	relay_destroy(member->relay);
	door_destroy(member->door);
	kept_relay_destroy(member->kept_relay);
	kept_guest_destroy(member->kept);
	status_finish(&member->status);
	/* Last: all of them give back to it. */
	account_destroy(member->account);
	g_free(member);
}

void member_set_layout(struct member *member, struct layout *layout)
{
	member->layout = layout;
	tell_status(member);
}

const struct config_guest *member_config(const struct member *member)
{
	return member->config;
}

struct guest *member_guest(const struct member *member)
{
	return member->guest;
}

struct account *member_account(const struct member *member)
{
	return member->account;
}

int64_t member_waiting_since(const struct member *member)
{
	const struct guest_state *state = kept_guest_state(member->kept);

	return state->waiting_count > 0 ? state->waiting[state->waiting_count - 1].since_us : 0;
}

const struct relay_counters *member_relay_counters(const struct member *member)
{
	return member->relay != NULL ? relay_counters(member->relay) : NULL;
}
