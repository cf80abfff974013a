/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guests/kept_guest.h"

#include <string.h>

#include "log.h"
#include "scene/state.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* What is kept, each under a name of its own. */
enum part {
	PART_QUEUE_IN,
	PART_QUEUE_OUT,
	PART_DISPLAY,
	PARTS,
};

static const char *const part_names[PARTS] = {"queue-in", "queue-out", "display"};

struct kept_guest {
	const struct fd_keeper *keeper; /* or NULL */
	char *guest;
	struct closer *closer;
	char *names[PARTS]; /* in the store */
	struct state *state;
	struct kept_fds *fds; /* NULL: nothing is kept */
	bool with_relay; /* its display socket is kept elsewhere */
	bool left; /* the state is a predecessor's */
	int display; /* the predecessor's, until it is taken; or -1 */
};

/* ---- a predecessor's ---- */

static int take(const struct kept_guest *kept, enum part part)
{
	return kept->keeper->take(kept->keeper->data, kept->names[part]);
}

/* All of it, or nothing. The pair is taken over. */
static bool take_over(struct kept_guest *kept, const int queue[2], GError **error)
{
	kept->fds = kept_fds_create_from(queue, kept->closer, error);
	if (!kept->fds)
		return false;
	kept->state = state_create_from_fd(kept_fds_get(kept->fds, KEPT_FDS_STATE), error);
	if (kept->state)
		return true;
	g_clear_pointer(&kept->fds, kept_fds_destroy);
	return false;
}

void kept_guest_begin_anew(struct kept_guest *kept)
{
	struct guest_state *state = state_guest(kept->state);

	kept->left = false;
	memset(state, 0, sizeof(*state));
	kept_fds_settle(kept->fds);
	kept_fds_empty(kept->fds);
}

/* Nobody has anything to go on with where there is no display socket. */
static void go_on(struct kept_guest *kept)
{
	g_autoptr(GError) error = NULL;
	const int queue[2] = {take(kept, PART_QUEUE_IN), take(kept, PART_QUEUE_OUT)};
	int display = kept->with_relay ? -1 : take(kept, PART_DISPLAY);

	if (take_over(kept, queue, &error)) {
		kept->display = display;
		kept->left = true;
		if (display < 0 && !kept->with_relay)
			kept_guest_begin_anew(kept);
		return;
	}
	if (display < 0)
		return;
	closer_hang_up(kept->closer, display);
	kept->keeper->forget(kept->keeper->data, kept->names[PART_DISPLAY]);
	log_guest(G_LOG_LEVEL_MESSAGE, kept->guest,
		"display socket: the back-end of the scanoutd before this one has to connect again: "
		"%s",
		error->message);
}

/* ---- a new one ---- */

static bool keep(const struct kept_guest *kept, enum part part, int fd)
{
	return kept->keeper->keep(kept->keeper->data, kept->names[part], fd);
}

static void forget(const struct kept_guest *kept)
{
	for (size_t i = 0; kept->keeper && i < PARTS; i++)
		kept->keeper->forget(kept->keeper->data, kept->names[i]);
}

static void keep_queue(struct kept_guest *kept)
{
	const int *pair;

	kept->fds = kept_fds_create(state_fd(kept->state), kept->closer, NULL);
	if (kept->fds) {
		pair = kept_fds_pair(kept->fds);
		if (keep(kept, PART_QUEUE_IN, pair[0]) && keep(kept, PART_QUEUE_OUT, pair[1]))
			return;
	}
	/* Nor what a predecessor kept, which would go on holding buffers. */
	g_clear_pointer(&kept->fds, kept_fds_destroy);
	forget(kept);
}

/* ---- life ---- */

struct kept_guest *kept_guest_create(const struct fd_keeper *keeper, const char *guest,
	enum kept_display display, struct closer *closer, GError **error)
{
	struct kept_guest *kept = g_new0(struct kept_guest, 1);

	kept->keeper = keeper;
	kept->guest = g_strdup(guest);
	kept->closer = closer;
	kept->with_relay = display == KEPT_DISPLAY_WITH_RELAY;
	kept->display = -1;
	for (size_t i = 0; i < PARTS; i++)
		kept->names[i] = g_strdup_printf("guest/%s/%s", part_names[i], guest);
	if (keeper)
		go_on(kept);
	if (kept->state)
		return kept;
	kept->state = state_create(guest, error);
	if (!kept->state) {
		kept_guest_destroy(kept);
		return NULL;
	}
	/* Whoever comes after us may be the one who hears of that socket first. */
	state_guest(kept->state)->unrelated = kept->with_relay;
	if (keeper)
		keep_queue(kept);
	return kept;
}

void kept_guest_destroy(struct kept_guest *kept)
{
	if (!kept)
		return;
	forget(kept);
	closer_hang_up(kept->closer, kept->display);
	kept_fds_destroy(kept->fds);
	state_destroy(kept->state);
	for (size_t i = 0; i < PARTS; i++)
		g_free(kept->names[i]);
	g_free(kept->guest);
	g_free(kept);
}

struct guest_state *kept_guest_state(const struct kept_guest *kept)
{
	return state_guest(kept->state);
}

struct kept_fds *kept_guest_fds(const struct kept_guest *kept)
{
	return kept->fds;
}

int kept_guest_take_display(struct kept_guest *kept)
{
	int display = kept->display;

	kept->display = -1;
	return display;
}

void kept_guest_attached(struct kept_guest *kept, int fd)
{
	if (kept->fds && !kept->with_relay)
		keep(kept, PART_DISPLAY, fd);
}

void kept_guest_detached(struct kept_guest *kept)
{
	if (kept->fds)
		kept->keeper->forget(kept->keeper->data, kept->names[PART_DISPLAY]);
}

bool kept_guest_is_left(const struct kept_guest *kept)
{
	return kept->left && !state_guest(kept->state)->unrelated;
}

bool kept_guest_stays(struct kept_guest *kept)
{
	enum part part = kept->with_relay ? PART_QUEUE_IN : PART_DISPLAY;

	return kept->fds && !kept->keeper->forget(kept->keeper->data, kept->names[part]);
}
