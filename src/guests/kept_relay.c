/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/kept_relay.h"

#include "log.h"
#include "scene/state.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"
#include "wire/lost_vmms.h"
#include "wire/relay_state.h"

#define ENDS 2

static const char *const end_names[ENDS] = {"relay-in", "relay-out"};

struct kept_relay {
	const struct fd_keeper *keeper; /* or NULL */
	char *guest;
	struct closer *closer;
	char *names[ENDS]; /* in the store */
	struct state *state;
	struct kept_fds *fds; /* NULL: nothing is kept */
};

static const struct state_kind relay_kind = {
	.what = "relay",
	.version = RELAY_STATE_VERSION,
	.size = sizeof(struct relay_state),
};

static void forget(const struct kept_relay *kept)
{
	for (size_t i = 0; kept->keeper && i < ENDS; i++)
		kept->keeper->forget(kept->keeper->data, kept->names[i]);
}

static void drop(struct kept_relay *kept)
{
	g_clear_pointer(&kept->fds, kept_fds_destroy);
	g_clear_pointer(&kept->state, state_destroy);
}

/* A predecessor's: all of it, or nothing. */
static void go_on(struct kept_relay *kept)
{
	g_autoptr(GError) error = NULL;
	int queue[ENDS];

	for (size_t i = 0; i < ENDS; i++)
		queue[i] = kept->keeper->take(kept->keeper->data, kept->names[i]);
	if (queue[0] < 0 && queue[1] < 0)
		return;
	kept->fds = kept_fds_create_from(queue, kept->closer, &error);
	if (kept->fds)
		kept->state = state_create_of_fd(&relay_kind,
			kept_fds_get(kept->fds, KEPT_FDS_STATE), &error);
	if (kept->state)
		return;
	/* The manager has the connections, too, and may be slow to let go of them. */
	if (kept->fds)
		kept_fds_hang_up(kept->fds);
	drop(kept);
	forget(kept);
	log_guest(G_LOG_LEVEL_MESSAGE, kept->guest,
		"VMM and back-end, if the scanoutd before this one had any, have to connect again: %s",
		error->message);
	lost_vmms_note(kept->guest);
}

static bool keep_queue(struct kept_relay *kept)
{
	const int *pair = kept_fds_pair(kept->fds);

	for (size_t i = 0; i < ENDS; i++) {
		if (!kept->keeper->keep(kept->keeper->data, kept->names[i], pair[i]))
			return false;
	}
	return true;
}

static void begin_anew(struct kept_relay *kept)
{
	kept->state = state_create_of(&relay_kind, kept->guest, NULL);
	if (kept->state)
		kept->fds = kept_fds_create(state_fd(kept->state), kept->closer, NULL);
	if (kept->fds && keep_queue(kept))
		return;
	drop(kept);
	forget(kept);
}

struct kept_relay *kept_relay_create(const struct fd_keeper *keeper, const char *guest,
	struct closer *closer)
{
	struct kept_relay *kept = g_new0(struct kept_relay, 1);

	kept->keeper = keeper;
	kept->guest = g_strdup(guest);
	kept->closer = closer;
	for (size_t i = 0; i < ENDS; i++)
		kept->names[i] = g_strdup_printf("guest/%s/%s", end_names[i], guest);
	if (keeper)
		go_on(kept);
	if (keeper && !kept->fds)
		begin_anew(kept);
	return kept;
}

void kept_relay_destroy(struct kept_relay *kept)
{
	if (!kept)
		return;
	forget(kept);
	drop(kept);
	for (size_t i = 0; i < ENDS; i++)
		g_free(kept->names[i]);
	g_free(kept->guest);
	g_free(kept);
}

struct relay_state *kept_relay_state(const struct kept_relay *kept)
{
	return kept->state ? state_memory(kept->state) : NULL;
}

struct kept_fds *kept_relay_fds(const struct kept_relay *kept)
{
	return kept->fds;
}

bool kept_relay_stays(struct kept_relay *kept)
{
	return kept->fds && !kept->keeper->forget(kept->keeper->data, kept->names[0]);
}
