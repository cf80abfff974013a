/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease/lease.h"

#include <glib-unix.h>

#include "kms_lease.h"
#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/door.h"
#include "wire/lease_wire.h"
#include "wire/stream.h"

/* A client asks as soon as it has connected; one that does not keeps others out. */
#define SILENT_S 10

/* What the kernel could not send just now is tried again after this. */
#define SEND_RETRY_MS 20

/* Door and lock, the client's socket, the lease here, and on its way. */
#define LEASE_FDS 5

struct lease {
	const struct config_lease *config;
	struct account *account;
	struct door *door;
	struct kms_device *device; /* NULL: there is none */
	enum lease_state state;
	struct stream stream; /* to the client, unless it is free */
	guint watch; /* of that */
	guint timer; /* until the client must have asked, or it can be answered; else 0 */
	struct kms_lease *
		kms; /* what it waits for, or holds; NULL while it has to wait for more than kms/ */
	bool said; /* that it waits for an output that is not there */
	struct lease_counters counters;
};

/* ---- the end of a client ---- */

/* `reason` NULL: there is nothing to say. */
static void dismiss(struct lease *lease, GLogLevelFlags level, const char *reason)
{
	bool held = lease->state == LEASE_HOLDS;

	if (reason && held)
		log_lease(level, lease->config->name, "%s; the outputs are ours again", reason);
	else if (reason)
		log_lease(level, lease->config->name, "%s", reason);
	lease->state = LEASE_FREE;
	g_clear_handle_id(&lease->watch, g_source_remove);
	g_clear_handle_id(&lease->timer, g_source_remove);
	g_clear_pointer(&lease->kms, kms_lease_destroy);
	stream_finish(&lease->stream);
	door_release(lease->door);
}

static void dismiss_for_fault(struct lease *lease, const char *reason)
{
	lease->counters.faults++;
	dismiss(lease, G_LOG_LEVEL_WARNING, reason);
}

/* ---- what it gets ---- */

static gboolean send_again(gpointer data);

static void hand_over(struct lease *lease)
{
	switch (lease_wire_send(&lease->stream, kms_lease_fd(lease->kms))) {
	case LEASE_WIRE_GET:
		lease->state = LEASE_HOLDS;
		lease->counters.given++;
		log_lease(G_LOG_LEVEL_INFO, lease->config->name,
			"%s given to a program until it goes", lease->config->outputs);
		break;
	case LEASE_WIRE_WAIT:
		if (!lease->timer)
			lease->timer = turn_name(g_timeout_add(SEND_RETRY_MS, send_again, lease),
				"lease");
		break;
	default:
		dismiss(lease, G_LOG_LEVEL_INFO, "the client has gone before it got the outputs");
	}
}

/* It waits: how far is that? */
static void look(struct lease *lease)
{
	switch (kms_lease_state(lease->kms)) {
	case KMS_LEASE_WAITING:
		break;
	case KMS_LEASE_GIVEN:
		if (lease->state == LEASE_WAITS)
			hand_over(lease);
		break;
	case KMS_LEASE_ENDED:
		dismiss(lease, G_LOG_LEVEL_MESSAGE,
			lease->state == LEASE_HOLDS
				? "taken back, since an output or the card is not there for it"
				: "cannot be given");
	}
}

static gboolean send_again(gpointer data)
{
	struct lease *lease = data;

	turn_note();
	lease->timer = 0;
	look(lease);
	return G_SOURCE_REMOVE;
}

/* All that the section names; false where one is not there. */
static bool find_outputs(const struct lease *lease, struct kms_output **outputs, size_t *count)
{
	g_auto(GStrv) names = config_lease_outputs(lease->config);

	*count = 0;
	for (char **name = names; *name && *count < KMS_OUTPUTS_MAX; name++) {
		outputs[*count] = kms_device_find_output(lease->device, *name, NULL);
		if (!outputs[*count])
			return false;
		++*count;
	}
	return true;
}

static void ask(struct lease *lease)
{
	struct kms_output *outputs[KMS_OUTPUTS_MAX];
	size_t count;

	if (lease->state != LEASE_WAITS || lease->kms || !lease->device)
		return;
	if (find_outputs(lease, outputs, &count)) {
		lease->kms = kms_lease_create(lease->device, outputs, count, lease->config->planes);
	} else if (!lease->said) {
		lease->said = true;
		log_lease(G_LOG_LEVEL_MESSAGE, lease->config->name,
			"a program waits for outputs of which not all are there: %s",
			lease->config->outputs);
	}
}

/* The monitor that one of the names means may be on another connector by now. */
static void ask_again(struct lease *lease)
{
	g_clear_pointer(&lease->kms, kms_lease_destroy);
	ask(lease);
}

/* ---- what it says ---- */

static void handle(struct lease *lease, enum lease_wire_status request)
{
	switch (request) {
	case LEASE_WIRE_WAIT:
		break;
	case LEASE_WIRE_GET:
		if (lease->state != LEASE_SILENT) {
			dismiss_for_fault(lease, "a client asked twice");
			break;
		}
		g_clear_handle_id(&lease->timer, g_source_remove);
		lease->state = LEASE_WAITS;
		ask(lease);
		break;
	case LEASE_WIRE_RELEASE:
		dismiss(lease, G_LOG_LEVEL_INFO, lease->state == LEASE_HOLDS ? "given back" : NULL);
		break;
	case LEASE_WIRE_ENDED:
		dismiss(lease, G_LOG_LEVEL_INFO,
			lease->state == LEASE_HOLDS ? "its program has gone" : NULL);
		break;
	case LEASE_WIRE_FAULT:
		dismiss_for_fault(lease, "a client sent what is no request for a lease");
	}
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct lease *lease = data;

	turn_note();
	handle(lease, lease_wire_read(&lease->stream));
	/* Where it is dismissed, the source is gone already. */
	return G_SOURCE_CONTINUE;
}

static gboolean silent_for_long(gpointer data)
{
	struct lease *lease = data;

	turn_note();
	lease->timer = 0;
	dismiss_for_fault(lease, "a client connected and asked for nothing");
	return G_SOURCE_REMOVE;
}

static void attached(void *data, int fd)
{
	struct lease *lease = data;
	g_autoptr(GError) error = NULL;

	lease->counters.clients++;
	lease->state = LEASE_SILENT;
	lease->said = false;
	if (!stream_init(&lease->stream, fd, account_closer(lease->account), &error)) {
		dismiss(lease, G_LOG_LEVEL_WARNING, error->message);
		return;
	}
	lease->watch = turn_name_of(g_unix_fd_add(fd, G_IO_IN, readable, lease), "lease",
		lease->config->name);
	lease->timer = turn_name(g_timeout_add_seconds(SILENT_S, silent_for_long, lease), "lease");
}

/* ---- called by leases.c ---- */

void lease_outputs_changed(struct lease *lease)
{
	if (!lease->kms || kms_lease_state(lease->kms) == KMS_LEASE_WAITING)
		ask_again(lease);
	else
		look(lease);
}

void lease_set_device(struct lease *lease, struct kms_device *device)
{
	lease->device = device;
	if (lease->state == LEASE_HOLDS) {
		dismiss(lease, G_LOG_LEVEL_MESSAGE, "taken back, since the card has gone");
		return;
	}
	/* Who waits goes on waiting, for what is to be asked for anew. */
	if (lease->state == LEASE_WAITS)
		g_clear_handle_id(&lease->timer, g_source_remove);
	ask_again(lease);
}

struct lease *lease_create(const struct config_lease *config, const struct fd_keeper *keeper,
	GError **error)
{
	struct lease *lease = g_new0(struct lease, 1);
	g_autofree char *whose = g_strdup_printf("lease %s", config->name);
	const struct door_options options = {
		.path = config->socket,
		.group = config->socket_group,
		.prepare = config_make_runtime_folder,
		.keeper = keeper,
		.packets = true,
		.lease = config->name,
		.account = lease->account = account_create(whose),
		.fds = LEASE_FDS,
	};

	lease->config = config;
	lease->stream.fd = -1;
	lease->door = door_create_path(&options, attached, lease, error);
	if (lease->door)
		return lease;
	g_prefix_error(error, "lease %s: ", config->name);
	lease_destroy(lease);
	return NULL;
}

void lease_destroy(struct lease *lease)
{
	if (!lease)
		return;
	if (lease->state != LEASE_FREE)
		dismiss(lease, G_LOG_LEVEL_INFO,
			lease->state == LEASE_HOLDS ? "taken back, since scanoutd stops" : NULL);
	door_destroy(lease->door);
	/* Last: all of them give back to it. */
	account_destroy(lease->account);
	g_free(lease);
}

uint32_t lease_card(const struct lease *lease)
{
	return lease->config->card;
}

const char *lease_name(const struct lease *lease)
{
	return lease->config->name;
}

enum lease_state lease_state(const struct lease *lease)
{
	return lease->state;
}

const struct lease_counters *lease_counters(const struct lease *lease)
{
	return &lease->counters;
}
