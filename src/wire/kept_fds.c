/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/kept_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/account.h"
#include "wire/closer.h"

/* With those that were removed, and wait for kept_fds_tidy(). */
#define QUEUE_MAX (KEPT_FDS_MAX + 32)
G_STATIC_ASSERT(2 * QUEUE_MAX <= SUCCESSION_FDS_MAX);

/* So many are looked at in one go: each is three system calls. */
#define TIDY_STEPS 4

/* Set in what is no number, but the end of what a predecessor left. */
#define MARK (UINT64_C(1) << 63)

struct place {
	uint64_t number;
	int fd; /* as its owner has it, who may have closed it since; or -1 */
	int left; /* a predecessor's, ours until kept_fds_settle(); else -1 */
	bool known;
	bool removed;
	bool wanted; /* left, and kept_fds_get() has given it out */
};

struct kept_fds {
	struct closer *closer;
	struct account *account; /* is charged with what lies in it; or NULL */
	int pair[2]; /* written to, read from */
	uint64_t last; /* number */
	unsigned int count;
	unsigned int removed; /* of them */
	struct place queue[QUEUE_MAX]; /* oldest first, as they lie in the pair */
	bool left; /* there are a predecessor's fds in `queue` that are ours */
};

G_DEFINE_QUARK(scanoutd_kept_fds_error_quark, kept_fds_error)

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* ---- the queue ---- */

static bool send_one(const struct kept_fds *kept, uint64_t number, int fd)
{
	union control control = {.bytes = {0}};
	struct iovec text = {&number, sizeof(number)};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(kept->pair[0], &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(number);
}

/* The fd of a message, ours; -1: it has none. */
static int fd_of(struct msghdr *message)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
		part->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* The oldest one. With `fd` it is ours then, or -1. False: there is none. */
static bool receive_one(const struct kept_fds *kept, int flags, uint64_t *number, int *fd)
{
	union control control;
	struct iovec text = {number, sizeof(*number)};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
	ssize_t got;

	if (fd) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
	}
	do
		got = recvmsg(kept->pair[1], &message, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (fd)
		*fd = got < 0 ? -1 : fd_of(&message);
	if (got == (ssize_t)sizeof(*number))
		return true;
	if (fd) {
		closer_close(kept->closer, *fd);
		*fd = -1;
	}
	return false;
}

static void drop_place(struct kept_fds *kept)
{
	if (kept->queue[0].removed)
		kept->removed--;
	kept->count--;
	account_discharge(kept->account, ACCOUNT_KEPT_FDS, 1);
	memmove(kept->queue, kept->queue + 1, kept->count * sizeof(kept->queue[0]));
}

/* Whatever it is, nobody waits for its end (wire/peer_fd.h). */
static bool discard_oldest(struct kept_fds *kept)
{
	const struct place *oldest = &kept->queue[0];
	uint64_t number;
	int fd = -1;

	if (!receive_one(kept, 0, &number, oldest->known ? NULL : &fd))
		return false;
	closer_close(kept->closer, fd);
	drop_place(kept);
	return true;
}

/* Its close() waits for nobody as long as somebody else has it, too. */
static bool is_socket(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

/* To the end, without a moment in which it is not in the queue. */
static bool move_oldest(struct kept_fds *kept)
{
	struct place place = kept->queue[0];
	uint64_t number;
	bool moved;
	int fd;

	if (!receive_one(kept, MSG_PEEK, &number, &fd))
		return false;
	moved = fd >= 0 && send_one(kept, place.number, fd);
	if (fd >= 0 && (place.known || (moved && is_socket(fd))))
		close(fd);
	else
		closer_close(kept->closer, fd);
	if (!moved || !receive_one(kept, 0, &number, NULL))
		return false;
	drop_place(kept);
	/* What was discharged just now. */
	account_charge(kept->account, ACCOUNT_KEPT_FDS, 1, NULL);
	kept->queue[kept->count++] = place;
	return true;
}

static bool tidy_one(struct kept_fds *kept)
{
	/* It closes one that closing may wait for. */
	if (!kept->queue[0].known && closer_is_full(kept->closer))
		return false;
	return kept->queue[0].removed ? discard_oldest(kept) : move_oldest(kept);
}

bool kept_fds_tidy(struct kept_fds *kept)
{
	for (unsigned int i = 0; kept && kept->removed > 0 && i < TIDY_STEPS; i++) {
		if (!tidy_one(kept))
			return false;
	}
	return kept && kept->removed > 0;
}

void kept_fds_empty(struct kept_fds *kept)
{
	for (unsigned int i = 0; kept && i < kept->count; i++) {
		struct place *place = &kept->queue[i];

		if (place->number == KEPT_FDS_STATE || place->removed)
			continue;
		place->removed = true;
		kept->removed++;
	}
	while (kept && kept->removed > 0 && tidy_one(kept))
		;
}

/* A peer that makes more in one turn than is tidied away has made the work, too. */
static bool make_room(struct kept_fds *kept)
{
	for (unsigned int i = 0; kept->count == QUEUE_MAX && i < QUEUE_MAX; i++) {
		if (!tidy_one(kept))
			return false;
	}
	return true;
}

/* ---- what is kept ---- */

static struct place *find(struct kept_fds *kept, uint64_t number)
{
	for (unsigned int i = 0; i < kept->count; i++) {
		struct place *place = &kept->queue[i];

		if (place->number == number && !place->removed)
			return place;
	}
	return NULL;
}

uint64_t kept_fds_add(struct kept_fds *kept, int fd, bool known)
{
	if (!kept || kept->count - kept->removed >= KEPT_FDS_MAX)
		return 0;
	/* Who had it under this number has closed it. */
	for (unsigned int i = 0; i < kept->count; i++) {
		if (kept->queue[i].fd == fd)
			kept->queue[i].fd = -1;
	}
	if (!make_room(kept) || !account_charge(kept->account, ACCOUNT_KEPT_FDS, 1, NULL))
		return 0;
	if (!send_one(kept, kept->last + 1, fd)) {
		account_discharge(kept->account, ACCOUNT_KEPT_FDS, 1);
		return 0;
	}
	kept->queue[kept->count++] = (struct place){
		.number = ++kept->last,
		.fd = fd,
		.left = -1,
		.known = known,
	};
	return kept->last;
}

uint64_t kept_fds_number(const struct kept_fds *kept, int fd)
{
	uint64_t number = 0;

	for (unsigned int i = 0; kept && i < kept->count; i++) {
		const struct place *place = &kept->queue[i];

		if (place->fd == fd && !place->removed)
			number = MAX(number, place->number);
	}
	return number;
}

void kept_fds_remove(struct kept_fds *kept, uint64_t number, bool known)
{
	struct place *place = kept && number ? find(kept, number) : NULL;

	if (!place)
		return;
	place->removed = true;
	place->known |= known;
	kept->removed++;
}

/* ---- what a predecessor left ---- */

static struct place *find_left(struct kept_fds *kept, uint64_t number)
{
	struct place *place = kept && number && kept->left ? find(kept, number) : NULL;

	return place && place->left >= 0 ? place : NULL;
}

bool kept_fds_has(struct kept_fds *kept, uint64_t number)
{
	return find_left(kept, number) != NULL;
}

int kept_fds_get(struct kept_fds *kept, uint64_t number)
{
	struct place *place = find_left(kept, number);

	if (!place)
		return -1;
	place->fd = fcntl(place->left, F_DUPFD_CLOEXEC, 3);
	/* What nobody has is let go with the rest of what was left. */
	place->wanted |= place->fd >= 0;
	return place->fd;
}

void kept_fds_hang_up(struct kept_fds *kept)
{
	for (unsigned int i = 0; i < kept->count; i++) {
		/* What is no socket does not mind. */
		if (kept->queue[i].left >= 0)
			shutdown(kept->queue[i].left, SHUT_RDWR);
	}
}

void kept_fds_settle(struct kept_fds *kept)
{
	if (!kept || !kept->left)
		return;
	kept->left = false;
	for (unsigned int i = 0; i < kept->count; i++) {
		struct place *place = &kept->queue[i];

		closer_close(kept->closer, place->left);
		if (place->left >= 0 && !place->wanted)
			kept_fds_remove(kept, place->number, false);
		place->left = -1;
	}
}

/* One that was moved when its mover died lies in it twice. */
static bool take_in(struct kept_fds *kept, uint64_t number, int fd)
{
	if (find(kept, number)) {
		closer_close(kept->closer, fd);
		return true;
	}
	if (kept->count == QUEUE_MAX || !send_one(kept, number, fd)) {
		closer_close(kept->closer, fd);
		return false;
	}
	kept->queue[kept->count++] = (struct place){.number = number, .fd = -1, .left = fd};
	kept->last = MAX(kept->last, number);
	return true;
}

/* Each goes to the end, before it is taken from the beginning, and leaves another in our hands;
 * until a mark of ours comes. Other marks are of those who died at this. */
static bool take_in_all(struct kept_fds *kept)
{
	const uint64_t mark = MARK | (uint64_t)g_get_monotonic_time();
	bool whole = send_one(kept, mark, -1);
	uint64_t number = 0;

	while (whole && number != mark) {
		int fd;

		whole = receive_one(kept, MSG_PEEK, &number, &fd);
		if (whole && !(number & MARK))
			whole = fd >= 0 && take_in(kept, number, fd);
		else
			closer_close(kept->closer, fd);
		whole = whole && receive_one(kept, 0, &number, NULL);
	}
	return whole;
}

/* ---- life ---- */

static struct kept_fds *new_kept(const int pair[2], struct closer *closer)
{
	struct kept_fds *kept = g_new0(struct kept_fds, 1);

	kept->closer = closer;
	kept->pair[0] = pair[0];
	kept->pair[1] = pair[1];
	return kept;
}

struct kept_fds *kept_fds_create(int state, struct closer *closer, GError **error)
{
	struct kept_fds *kept;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		g_set_error(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED, "socketpair: %s",
			g_strerror(errno));
		return NULL;
	}
	kept = new_kept(pair, closer);
	if (state < 0 || kept_fds_add(kept, state, true) == KEPT_FDS_STATE) {
		kept->last = KEPT_FDS_STATE;
		return kept;
	}
	g_set_error(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED, "sendmsg: %s", g_strerror(errno));
	kept_fds_destroy(kept);
	return NULL;
}

struct kept_fds *kept_fds_create_from(const int pair[2], struct closer *closer, GError **error)
{
	struct kept_fds *kept = new_kept(pair, closer);

	kept->left = true;
	if (take_in_all(kept))
		return kept;
	g_set_error(error, KEPT_FDS_ERROR, KEPT_FDS_ERROR_FAILED,
		"the file descriptors that it kept cannot be had");
	kept_fds_destroy(kept);
	return NULL;
}

void kept_fds_destroy(struct kept_fds *kept)
{
	if (!kept)
		return;
	kept_fds_settle(kept);
	account_discharge(kept->account, ACCOUNT_KEPT_FDS, kept->count);
	/* Where nobody else has it, all that lies in it is closed with it. */
	for (size_t i = 0; i < G_N_ELEMENTS(kept->pair); i++)
		closer_close(kept->closer, kept->pair[i]);
	g_free(kept);
}

bool kept_fds_charge(struct kept_fds *kept, struct account *account)
{
	if (!account_charge(account, ACCOUNT_KEPT_FDS, kept->count, NULL))
		return false;
	kept->account = account;
	return true;
}

const int *kept_fds_pair(const struct kept_fds *kept)
{
	return kept->pair;
}
