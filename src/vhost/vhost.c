/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket is watched edge-triggered through an epoll of our own, as the relay's are: a message
 * stays in it until it is whole and its answer has room.
 *
 *   SET_VRING_KICK and enabled ──▶ ring runs ──GET_VRING_BASE, disabled, reset, closed,──▶ stopped
 *                                                broken by its guest (in the next turn)
 */
#include <errno.h>
#include <glib-unix.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "turn.h"
#include "vhost/signaller.h"
#include "vhost/vhost_internal.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/spare_fds.h"

/* Log lines of one connection: a VMM can be refused for ever. */
#define COMPLAINTS_MAX 16

/* Messages a turn of the main loop; fewer where the guest's share of it is used up before. */
#define TURN_MESSAGES 32

/* What the kernel could not do is tried again after this. */
#define AGAIN_MS 20

/* ---- words ---- */

void vhost_complain(struct vhost *vhost, const char *format, ...)
{
	va_list arguments;
	g_autofree char *text = NULL;

	if (vhost->complaints == COMPLAINTS_MAX)
		return;
	vhost->complaints++;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_guest(G_LOG_LEVEL_WARNING, vhost->guest, "%s: %s%s", vhost->device, text,
		vhost->complaints == COMPLAINTS_MAX ? "; no more is said of this VMM" : "");
}

/* ---- rings ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vhost_queue_stop(struct vhost_queue *queue)
{
	struct vhost *vhost = queue->vhost;

	ring_stop(&queue->ring);
	if (!queue->runs)
		return;
	queue->runs = false;
	vhost->listener->stopped(vhost->data, (unsigned int)(queue - vhost->queues));
}

/* An eventfd of the VMM's. */
static void forget_fd(struct vhost_queue *queue, int *fd, uint64_t *kept)
{
	close_fd(fd);
	kept_fds_remove(queue->vhost->kept, *kept, true);
	*kept = 0;
}

static void forget_kick(struct vhost_queue *queue)
{
	g_clear_handle_id(&queue->kick_source, g_source_remove);
	g_clear_handle_id(&queue->rest_source, g_source_remove);
	forget_fd(queue, &queue->kick_fd, &queue->kick_kept);
}

void vhost_queue_forget_fds(struct vhost_queue *queue)
{
	forget_kick(queue);
	forget_fd(queue, &queue->call_fd, &queue->call_kept);
}

void vhost_reset_queues(struct vhost *vhost)
{
	for (unsigned int i = 0; i < VHOST_RINGS; i++) {
		struct vhost_queue *queue = &vhost->queues[i];

		vhost_queue_stop(queue);
		vhost_queue_forget_fds(queue);
		queue->ring = (struct ring){0};
		queue->enabled = false;
	}
}

bool vhost_queue_start(struct vhost_queue *queue)
{
	struct vhost *vhost = queue->vhost;
	unsigned int index = (unsigned int)(queue - vhost->queues);
	g_autoptr(GError) error = NULL;

	if (queue->runs || queue->kick_fd < 0 || !queue->enabled)
		return true;
	queue->ring.event_index = vhost->features & (UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX);
	if (!ring_start(&queue->ring, &vhost->memory, &error)) {
		vhost_complain(vhost, "queue %u: %s", index, error->message);
		return false;
	}
	queue->runs = true;
	queue->start = ++vhost->starts;
	/* Before the device uses a buffer: who obeys this message once more does not start it
	 * again. */
	vhost_note(vhost, VHOST_STEP_OBEY);
	vhost->listener->started(vhost->data, index);
	return true;
}

static void end(struct vhost *vhost);

/* What a guest that takes its memory away has written is zeroes by now: nothing of it is obeyed. */
static bool memory_holds(struct vhost *vhost)
{
	if (!memory_lost(&vhost->memory))
		return true;
	vhost_complain(vhost, "closing vhost-user: the VMM took memory away that it had shared");
	end(vhost);
	return false;
}

/* Bytes, 0 at the end, or -1 and errno. */
static ssize_t read_signal(int fd)
{
	uint64_t count;
	struct iovec bytes = {&count, sizeof(count)};

	return preadv2(fd, &bytes, 1, -1, RWF_NOWAIT);
}

/* What a predecessor left is looked at: nobody has died of it. */
static void note_survived(struct vhost *vhost)
{
	if (!vhost->left || vhost->unread)
		return;
	for (unsigned int i = 0; i < VHOST_RINGS; i++) {
		if (vhost->queues[i].runs && vhost->queues[i].left)
			return;
	}
	vhost->left = false;
	vhost->journal->adopted = 0;
}

static void serve(struct vhost_queue *queue)
{
	struct vhost *vhost = queue->vhost;

	vhost->listener->kicked(vhost->data, (unsigned int)(queue - vhost->queues));
	/* Where it rests there is more. */
	queue->left = queue->left && queue->rest_source;
	if (memory_holds(vhost))
		note_survived(vhost);
}

static gboolean kicked(gint fd, GIOCondition condition, gpointer data)
{
	struct vhost_queue *queue = data;
	struct vhost *vhost = queue->vhost;
	ssize_t got = read_signal(fd);

	turn_note();
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		/* No eventfd, or one that cannot be read: it would wake us for ever. */
		vhost_complain(vhost, "a kick's fd cannot be read: %s",
			got == 0 ? "it has ended" : g_strerror(errno));
		queue->kick_source = 0;
		/* Nobody will look at it. */
		queue->left = false;
		note_survived(vhost);
		return G_SOURCE_REMOVE;
	}
	if (got > 0 && queue->runs)
		serve(queue);
	return G_SOURCE_CONTINUE;
}

static void watch_kick(struct vhost_queue *queue)
{
	queue->kick_source = turn_often(
		turn_name_of(g_unix_fd_add(queue->kick_fd, G_IO_IN, kicked, queue), "kick of",
			queue->vhost->guest));
}

static bool end_rest(struct vhost_queue *queue)
{
	if (!queue->rest_source)
		return false;
	g_clear_handle_id(&queue->rest_source, g_source_remove);
	watch_kick(queue);
	return true;
}

static gboolean rested(gpointer data)
{
	struct vhost_queue *queue = data;

	turn_note();
	queue->rest_source = 0;
	watch_kick(queue);
	if (queue->runs)
		serve(queue);
	return G_SOURCE_REMOVE;
}

void vhost_rest(struct vhost *vhost, unsigned int ring)
{
	struct vhost_queue *queue = &vhost->queues[ring];

	if (queue->rest_source || !queue->kick_source)
		return;
	g_clear_handle_id(&queue->kick_source, g_source_remove);
	queue->rest_source = turn_name_of(g_timeout_add(VHOST_REST_MS, rested, queue), "rest of",
		vhost->guest);
}

void vhost_queue_set_call(struct vhost_queue *queue, int fd, uint64_t kept)
{
	/* A message that is obeyed twice brings the same one. */
	if (kept == queue->call_kept)
		queue->call_kept = 0;
	forget_fd(queue, &queue->call_fd, &queue->call_kept);
	queue->call_fd = fd;
	queue->call_kept = kept;
}

void vhost_queue_set_kick(struct vhost_queue *queue, int fd, uint64_t kept)
{
	/* Nobody kicks again for what is left, nor for what the old one was kicked for. */
	bool kicked = queue->rest_source ||
		(queue->kick_fd >= 0 && read_signal(queue->kick_fd) > 0);

	if (kept == queue->kick_kept)
		queue->kick_kept = 0;
	forget_kick(queue);
	queue->kick_fd = fd;
	queue->kick_kept = kept;
	watch_kick(queue);
	if (kicked)
		signaller_add(fd);
}

/* ---- the socket ---- */

/* Nothing but time helps. MESSAGE_WAIT always. */
static enum message_status move_later(struct vhost *vhost);

/* For what may come with a message: else the kernel drops it. */
static bool has_spare_fds(struct vhost *vhost)
{
	if (spare_fds(vhost->stream.fd, STREAM_FDS_MAX)) {
		vhost->told_no_fds = false;
		return true;
	}
	if (!vhost->told_no_fds)
		vhost_complain(vhost,
			"a message has to wait: this process can have no more file descriptors");
	vhost->told_no_fds = true;
	return false;
}

/* What lies whole in the socket can be had with time. */
static enum message_status take(struct vhost *vhost, char **fault)
{
	enum message_status status = vhost_take_message(vhost, fault);

	return status == MESSAGE_WAIT ? move_later(vhost) : status;
}

static enum message_status receive(struct vhost *vhost)
{
	g_autofree char *fault = NULL;
	enum message_status status = MESSAGE_DONE;

	if (vhost->have == 0)
		status = message_look(&vhost->stream, vhost->ended, &vhost->message.wire.header,
			&fault);
	/* Nothing else tells that no message lies in it: one that is there may have to wait, too. */
	if (status == MESSAGE_WAIT)
		vhost->unread = false;
	if (status == MESSAGE_DONE && !message_has_room(&vhost->stream))
		status = vhost->ended ? MESSAGE_ENDED : MESSAGE_WAIT;
	else if (status == MESSAGE_DONE && !vhost->ended && !has_spare_fds(vhost))
		return move_later(vhost);
	else if (status == MESSAGE_DONE)
		status = take(vhost, &fault);
	if (status == MESSAGE_FAULT)
		vhost_complain(vhost, "closing vhost-user: the VMM %s", fault);
	return status;
}

/* MESSAGE_DONE: one was handled, and there may be more. */
static enum message_status next_message(struct vhost *vhost)
{
	enum message_status status = vhost->owes || vhost->holds ? MESSAGE_DONE : receive(vhost);

	if (status != MESSAGE_DONE)
		return status;
	status = vhost->owes ? vhost_send_reply(vhost) : vhost_handle_message(vhost);
	if (!vhost->holds)
		vhost_forget_message(vhost);
	if (status == MESSAGE_DONE)
		vhost_note(vhost, VHOST_STEP_NONE);
	return status == MESSAGE_WAIT ? move_later(vhost) : status;
}

static bool watch(struct vhost *vhost, int operation)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};

	return epoll_ctl(vhost->epoll_fd, operation, vhost->stream.fd, &event) == 0;
}

static void stop_broken(struct vhost *vhost)
{
	for (unsigned int i = 0; i < VHOST_RINGS; i++) {
		struct vhost_queue *queue = &vhost->queues[i];

		if (!queue->ring.broken || !queue->runs)
			continue;
		vhost_queue_stop(queue);
		vhost_note(vhost, vhost->step);
	}
}

/* The edge has been seen but not used up: a change of the watch brings it again. */
static void move_next_turn(struct vhost *vhost)
{
	watch(vhost, EPOLL_CTL_MOD);
}

static void move(struct vhost *vhost)
{
	struct turn_share *share = account_share(vhost->memory.account);
	struct turn_work work;
	enum message_status status;
	int i = 0;

	stop_broken(vhost);
	/* A message can take long: a region is mapped, with dozens of system calls. */
	if (!turn_work_is_admitted(share, &vhost->waited)) {
		move_next_turn(vhost);
		return;
	}
	work = turn_work_begin(share);
	do
		status = next_message(vhost);
	while (status == MESSAGE_DONE && ++i < TURN_MESSAGES && turn_work_has_time(&work));
	if (status == MESSAGE_ENDED || status == MESSAGE_FAULT) {
		end(vhost);
		vhost = NULL;
	}
	turn_work_end(&work);
	if (!vhost || !memory_holds(vhost))
		return;
	if (status == MESSAGE_DONE || vhost_tidy(vhost))
		move_next_turn(vhost);
	note_survived(vhost);
}

static gboolean socket_ready(gint epoll_fd, GIOCondition condition, gpointer data)
{
	struct vhost *vhost = data;
	struct epoll_event event;

	turn_note();
	if (epoll_wait(epoll_fd, &event, 1, 0) == 1 &&
		(event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		vhost->ended = true;
	move(vhost);
	return G_SOURCE_CONTINUE;
}

static gboolean move_again(gpointer data)
{
	struct vhost *vhost = data;

	turn_note();
	vhost->again_source = 0;
	move(vhost);
	return G_SOURCE_REMOVE;
}

static enum message_status move_later(struct vhost *vhost)
{
	if (!vhost->again_source)
		vhost->again_source = turn_name_of(g_timeout_add(AGAIN_MS, move_again, vhost),
			"vhost-user of", vhost->guest);
	return MESSAGE_WAIT;
}

/* ---- life ---- */

/* Everything but what `vhost` is told by: no callback but the last, which may destroy it. */
static void release(struct vhost *vhost)
{
	g_clear_handle_id(&vhost->epoll_source, g_source_remove);
	g_clear_handle_id(&vhost->again_source, g_source_remove);
	stream_fds_close(&vhost->message.fds);
	vhost_forget_next(vhost);
	close_fd(&vhost->epoll_fd);
	stream_finish(&vhost->stream);
	vhost_reset_queues(vhost);
	closer_close(vhost->stream.closer, vhost->backend_request_fd);
	vhost->backend_request_fd = -1;
	memory_clear(&vhost->memory);
}

static void end(struct vhost *vhost)
{
	release(vhost);
	vhost->listener->closed(vhost->data);
}

struct vhost *vhost_create(const char *guest, const char *device, int fd, struct account *account,
	const struct vhost_listener *listener, void *data, GError **error)
{
	struct vhost *vhost = g_new0(struct vhost, 1);

	memory_guard();
	vhost->guest = g_strdup(guest);
	vhost->device = g_strdup(device);
	vhost->listener = listener;
	vhost->data = data;
	vhost->memory.account = account;
	vhost->epoll_fd = -1;
	vhost->backend_request_fd = -1;
	for (unsigned int i = 0; i < VHOST_RINGS; i++) {
		vhost->queues[i].vhost = vhost;
		vhost->queues[i].kick_fd = -1;
		vhost->queues[i].call_fd = -1;
	}
	if (!stream_init(&vhost->stream, fd, account_closer(account), error) ||
		!signaller_install(error)) {
		vhost_destroy(vhost);
		return NULL;
	}
	vhost->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (vhost->epoll_fd < 0 || !watch(vhost, EPOLL_CTL_ADD)) {
		int saved = errno;

		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
			"%s: the VMM cannot be watched: %s", device, g_strerror(saved));
		vhost_destroy(vhost);
		return NULL;
	}
	vhost->epoll_source = turn_often(
		turn_name_of(g_unix_fd_add(vhost->epoll_fd, G_IO_IN, socket_ready, vhost),
			"vhost-user of", vhost->guest));
	return vhost;
}

void vhost_destroy(struct vhost *vhost)
{
	if (!vhost)
		return;
	for (unsigned int i = 0; i < VHOST_RINGS; i++)
		vhost->queues[i].runs = false;
	release(vhost);
	g_free(vhost->device);
	g_free(vhost->guest);
	g_free(vhost);
}

/* ---- for the device ---- */

bool vhost_runs(const struct vhost *vhost, unsigned int ring)
{
	return vhost->queues[ring].runs && !vhost->queues[ring].ring.broken;
}

uint16_t vhost_position(const struct vhost *vhost, unsigned int ring)
{
	return vhost->queues[ring].ring.next;
}

/* The device is in the middle of its work: the connection is closed in the next turn of the loop,
 * and the guest is not blamed for the zeroes. */
static bool closes_soon(struct vhost *vhost)
{
	if (!memory_lost(&vhost->memory))
		return false;
	watch(vhost, EPOLL_CTL_MOD);
	return true;
}

bool vhost_look(struct vhost *vhost, unsigned int ring, bool writable, struct ring_chain *chain)
{
	struct vhost_queue *queue = &vhost->queues[ring];
	g_autoptr(GError) error = NULL;

	if (!queue->runs)
		return false;
	if (ring_look(&queue->ring, &vhost->memory, writable, chain, &error) == RING_CHAIN)
		return true;
	if (!closes_soon(vhost) && error) {
		vhost_complain(vhost, "queue %u stands still: the guest %s", ring, error->message);
		/* As above: it is stopped in the next turn. */
		watch(vhost, EPOLL_CTL_MOD);
	}
	return false;
}

void vhost_use(struct vhost *vhost, unsigned int ring, const struct ring_chain *chain,
	uint32_t written)
{
	ring_use(&vhost->queues[ring].ring, &vhost->memory, chain, written);
}

void vhost_call(struct vhost *vhost, unsigned int ring)
{
	struct vhost_queue *queue = &vhost->queues[ring];

	if (closes_soon(vhost))
		return;
	if (queue->runs && ring_wants_call(&queue->ring, &vhost->memory) && queue->call_fd >= 0)
		signaller_add(queue->call_fd);
}

bool vhost_wait(struct vhost *const *vhosts, size_t count, unsigned int ring, int timeout_ms)
{
	g_autofree struct pollfd *kicks = g_new0(struct pollfd, count);

	bool rested = false;

	for (size_t i = 0; i < count; i++) {
		struct vhost_queue *queue = &vhosts[i]->queues[ring];

		kicks[i] = (struct pollfd){queue->kick_fd, POLLIN, 0};
		/* It has more, and nobody kicks for that. */
		rested |= end_rest(queue);
	}
	if (rested)
		return true;
	if (poll(kicks, count, timeout_ms) <= 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (kicks[i].revents)
			read_signal(kicks[i].fd);
	}
	return true;
}

void vhost_kick_again(struct vhost *vhost, unsigned int ring)
{
	if (vhost->queues[ring].kick_fd >= 0)
		signaller_add(vhost->queues[ring].kick_fd);
}
