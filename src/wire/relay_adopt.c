/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session that a predecessor of this process had goes on with this one: its fds are had by their
 * numbers, both sides are watched again, and the message that was on its way goes on from where it
 * was. Called once at the start, before the main loop runs (relay_adopt); and the other side of
 * that, for a process that ends in order (relay_leave).
 */
#include <sys/epoll.h>

#include "log.h"
#include "wire/kept_fds.h"
#include "wire/lost_vmms.h"
#include "wire/relay_internal.h"

/* ---- fds ---- */

static bool take_fd(struct relay *relay, uint64_t number, int *fd)
{
	*fd = number ? kept_fds_get(relay->kept, number) : -1;
	return !number || *fd >= 0;
}

static bool take_fds(struct relay *relay, const struct relay_fds *numbers, struct stream_fds *fds)
{
	*fds = (struct stream_fds){
		.closer = relay->closer,
		.truncated = numbers->truncated,
		.lost = numbers->lost,
	};
	for (uint32_t i = 0; i < numbers->count; i++) {
		int fd = kept_fds_get(relay->kept, numbers->kept[i]);

		if (fd < 0)
			return false;
		fds->fd[fds->count++] = fd;
	}
	return true;
}

/* All but the sockets of the two sides, and the display socket that the back-end has. */
static bool take_all_fds(struct relay *relay)
{
	const struct relay_progress *now = &relay->now;
	bool is_due = now->display_is == DISPLAY_DUE;

	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		const struct relay_transfer *transfer = &now->transfers[side];

		if (!take_fds(relay, &transfer->fds, &relay->fds[side]) ||
			!take_fds(relay, &transfer->next, &relay->next[side]))
			return false;
	}
	if (now->display && !kept_fds_has(relay->kept, now->display))
		return false;
	return take_fd(relay, now->vmm_display, &relay->vmm_display_fd) &&
		take_fd(relay, is_due ? now->display : 0, &relay->display_fd) &&
		take_fd(relay, now->display_peer, &relay->display_peer_fd);
}

/* ---- the sides ---- */

static bool take_side(struct relay *relay, enum side side)
{
	uint64_t number = relay->now.sockets[side];
	int fd = kept_fds_get(relay->kept, number);

	/* Of what it has not read, fds may be a part. */
	relay->fds_in_flight[side] = RELAY_FDS_IN_FLIGHT_MAX;
	return fd >= 0 && relay_begin_side(relay, side, fd, number);
}

/* What is wrong, or NULL. */
static const char *take_sides(struct relay *relay)
{
	g_autoptr(GError) error = NULL;
	int vmm = kept_fds_get(relay->kept, relay->now.sockets[SIDE_VMM]);
	bool let_in = vmm >= 0 && door_adopt(relay->door, vmm, &error);

	closer_close(relay->closer, vmm);
	if (!let_in)
		return vmm < 0 ? "not all was kept" : "it has too much besides";
	if (take_side(relay, SIDE_VMM) &&
		(!relay->now.sockets[SIDE_BACKEND] || take_side(relay, SIDE_BACKEND)))
		return NULL;
	door_release(relay->door);
	return "a side's socket cannot be used";
}

/* ---- the session ---- */

static const char *take_session(struct relay *relay)
{
	const char *why;

	if (!relay_state_recover(relay->state, &relay->now, &why))
		return why ? why : "";
	if (!take_all_fds(relay))
		return "not all was kept";
	return take_sides(relay);
}

static bool tell_adopted(struct relay *relay)
{
	const struct relay_progress *now = &relay->now;
	int display = -1;

	if (now->scanouts) {
		relay->told_scanouts = true;
		relay->listener->scanouts(relay->data, now->scanouts);
	}
	if (now->display_is == DISPLAY_GIVEN && now->display) {
		display = kept_fds_get(relay->kept, now->display);
		/* No socket that was closed before: nobody would ever read it, nor end it. */
		if (display < 0) {
			log_guest(G_LOG_LEVEL_WARNING, relay->name,
				"the VMM and the back-end of the scanoutd before this one have to "
				"connect again: this process can have no more file descriptors");
			lost_vmms_note(relay->name);
			return false;
		}
	}
	if (!relay->listener->adopted(relay->data, display))
		return false;
	if (relay->listener->backend && now->sockets[SIDE_BACKEND])
		relay->listener->backend(relay->data, true);
	if (now->stopped && relay->listener->running)
		relay->listener->running(relay->data, false);
	return true;
}

/* Both see that it is over, before all that is kept of it goes. */
static void give_up(struct relay *relay)
{
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		if (relay->streams[side].fd < 0)
			closer_hang_up(relay->closer,
				kept_fds_get(relay->kept, relay->now.sockets[side]));
	}
	kept_fds_settle(relay->kept);
	relay_reset(relay);
}

bool relay_adopt(struct relay *relay)
{
	const char *why;

	relay->left = false;
	if (!relay->kept)
		return false;
	why = take_session(relay);
	if (why) {
		give_up(relay);
		if (!*why)
			return false;
		log_guest(G_LOG_LEVEL_MESSAGE, relay->name,
			"the VMM and the back-end of the scanoutd before this one have to connect "
			"again: %s",
			why);
		lost_vmms_note(relay->name);
		return false;
	}
	relay_note(relay);
	if (!tell_adopted(relay)) {
		give_up(relay);
		door_release(relay->door);
		return false;
	}
	kept_fds_settle(relay->kept);
	relay->counters.vmms++;
	log_guest(G_LOG_LEVEL_INFO, relay->name,
		"goes on with the VMM and the back-end of the scanoutd before this one");
	if (relay->streams[SIDE_BACKEND].fd < 0)
		relay_seek_backend(relay);
	return true;
}

void relay_leave(struct relay *relay)
{
	if (!relay->now.sockets[SIDE_VMM])
		return;
	relay->state->adopted = 0;
	relay->left = true;
	for (enum side side = SIDE_VMM; side <= SIDE_BACKEND; side++) {
		if (relay->streams[side].fd >= 0)
			epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, relay->streams[side].fd, NULL);
		closer_close(relay->closer, relay->streams[side].fd);
		relay->streams[side].fd = -1;
	}
}
