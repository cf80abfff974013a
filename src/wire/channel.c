/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of a channel: its source in the main loop, reading in bounded turns, and which message an fd
 * belongs to. Created by the guest for each display socket; in one of three states: open, closed
 * (stream.fd is -1, the listener has been told), destroyed (freed as soon as no call of ours is on
 * the stack).
 */
#include "wire/channel_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "log.h"
#include "turn.h"
#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

#define HEADER_SIZE ((uint32_t)sizeof(struct vhost_user_gpu_header))

/* Rows of an UPDATE that one recvmsg fills; the kernel takes 1024. */
#define ROWS_MAX 512

/* What a read at the border of messages counts against CHANNEL_TURN_BYTES, since a byte of a small
 * message costs more than a byte of pixels: a turn takes 8 KiB of small messages at most. */
#define SMALL_READ_COST (CHANNEL_TURN_BYTES / 8)

/* The offset of a message that is not in the buffer: its payload is being received or skipped. */
#define OFFSET_PAYLOAD UINT32_MAX

struct channel_source {
	GSource source;
	struct channel *channel;
};

/* ---- faults ---- */

void channel_fault(struct channel *channel, uint32_t request, enum channel_fault fault,
	const char *format, ...)
{
	struct channel_state *state = channel->state;
	uint32_t *logged = &state->faults_logged[0];
	va_list arguments;

	if (request < G_N_ELEMENTS(state->faults_logged))
		logged = &state->faults_logged[request];
	channel->counters.faults++;
	if (*logged & (1u << fault))
		return;
	*logged |= 1u << fault;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_guest(G_LOG_LEVEL_WARNING, channel->name, "%s: %s", channel_request_name(request),
		text);
}

/* ---- fds ---- */

static struct vhost_user_gpu_header header_at(const struct channel_state *state, uint32_t offset)
{
	struct vhost_user_gpu_header header;

	memcpy(&header, state->buffer + offset, HEADER_SIZE);
	return header;
}

/*
 * The message that fds belong to which came with buffer[start…end): the rule in channel.h.
 * `payload` says that bytes of a message that is not in the buffer came before them.
 */
static uint32_t fd_owner(const struct channel_state *state, uint32_t start, bool payload)
{
	uint32_t owner = payload ? OFFSET_PAYLOAD : state->begin;
	uint32_t offset = state->begin;
	bool certain = false;

	while (offset < state->end) {
		uint32_t rest = state->end - offset;
		bool begins = offset >= start;

		if (rest < HEADER_SIZE)
			return begins ? offset : owner;
		struct vhost_user_gpu_header header = header_at(state, offset);
		if (begins && (channel_takes_fd(header.request) || !certain)) {
			owner = offset;
			certain = channel_takes_fd(header.request);
		}
		if (header.size >= rest - HEADER_SIZE)
			break;
		offset += HEADER_SIZE + header.size;
	}
	return owner;
}

/* For a successor. */
static uint64_t number_of(struct channel *channel, int fd)
{
	uint64_t number = fd == CHANNEL_FD_LOST ? CHANNEL_FD_NOT_HAD
						: kept_fds_add(channel->kept, fd, false);

	return number ? number : CHANNEL_FD_NOT_KEPT;
}

static void keep_fd(struct channel *channel, uint32_t offset, int fd)
{
	struct channel_early_fd *early = channel->state->early;
	size_t free_place = CHANNEL_EARLY_FDS;

	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		if (channel->fds[i].fd != -1 && early[i].offset == offset) {
			early[i].more = true;
			closer_close(channel->stream.closer, fd);
			return;
		}
		if (channel->fds[i].fd == -1)
			free_place = i;
	}
	/* All but the last message of a read are handed on before the next read: then a predecessor
	 * has left what none can. */
	if (free_place == CHANNEL_EARLY_FDS) {
		closer_close(channel->stream.closer, fd);
		return;
	}
	channel->fds[free_place].fd = fd;
	early[free_place] = (struct channel_early_fd){
		.kept = number_of(channel, fd),
		.offset = offset,
	};
}

static void keep_some(struct channel *channel, struct stream_fds *fds, uint32_t start, bool payload,
	uint32_t request)
{
	uint32_t offset = fd_owner(channel->state, start, payload);
	if (offset == OFFSET_PAYLOAD) {
		stream_fds_close(fds);
		channel_fault(channel, request, CHANNEL_FAULT_FD,
			"came with a file descriptor: closed");
		return;
	}
	for (int fd = stream_fds_take(fds); fd >= 0; fd = stream_fds_take(fds))
		keep_fd(channel, offset, fd);
	if (fds->lost)
		keep_fd(channel, offset, CHANNEL_FD_LOST);
}

static void keep_fds(struct channel *channel, struct stream_fds *fds, uint32_t start, bool payload,
	uint32_t request)
{
	if (fds->count > 0 || fds->lost)
		keep_some(channel, fds, start, payload, request);
}

int channel_take_fd(struct channel *channel, uint32_t offset, bool *more)
{
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		struct channel_early_fd *early = &channel->state->early[i];
		int fd = channel->fds[i].fd;

		if (fd == -1 || early->offset != offset)
			continue;
		channel->fds[i].fd = -1;
		*more = early->more;
		early->kept = 0;
		return fd;
	}
	return -1;
}

void channel_drop_fd(struct channel *channel, int fd)
{
	kept_fds_remove(channel->kept, kept_fds_number(channel->kept, fd), false);
	closer_close(channel->stream.closer, fd);
}

/* Makes room for a message behind what has been consumed: what is left is moved to where it has not
 * been. */
static void compact(struct channel *channel)
{
	struct channel_state *state = channel->state;
	uint32_t begin = state->begin;

	if (begin <= CHANNEL_MESSAGE_MAX)
		return;
	memcpy(state->buffer, state->buffer + begin, state->end - begin);
	state->begin = 0;
	state->end -= begin;
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++)
		state->early[i].offset -= begin;
}

/* ---- reading ---- */

/* One recvmsg, which a successor can finish. */
G_ALWAYS_INLINE static inline enum stream_status read_socket(struct channel *channel,
	enum channel_call call, const struct iovec *iov, int iov_count, size_t *bytes,
	struct stream_fds *fds)
{
	enum stream_status status;

	if (!channel->journal)
		return stream_read(&channel->stream, iov, iov_count, bytes, fds);
	channel_note_call(channel, call);
	status = stream_read(&channel->stream, iov, iov_count, bytes, fds);
	/* Of what was read its reader says that it is done with it. */
	if (status != STREAM_DONE)
		channel_note(channel);
	return status;
}

/*
 * Each read_*() is one recvmsg. True: all that was asked for came, so there may be more. False: it
 * came short (the loop says when there is more; asking again would only cost a system call), or
 * `status` says why nothing came.
 */

static bool read_skipped(struct channel *channel, size_t budget, enum stream_status *status,
	size_t *bytes)
{
	struct channel_state *state = channel->state;
	struct stream_fds fds;
	struct iovec iov = {
		.iov_base = state->buffer,
		.iov_len = MIN(MIN(state->skip, sizeof(state->buffer)), budget),
	};

	*status = read_socket(channel, CHANNEL_CALL_SKIPPED, &iov, 1, bytes, &fds);
	if (*status != STREAM_DONE)
		return false;
	state->skip -= (uint32_t)*bytes;
	keep_fds(channel, &fds, 0, true, state->skip_request);
	channel_note(channel);
	return *bytes == iov.iov_len;
}

/* Fills `iov` with the places of the next pixels, `limit` bytes at most, and says how many. */
static size_t pixel_places(const struct channel *channel, size_t limit, struct iovec *iov,
	int *iov_count)
{
	const struct channel_state *state = channel->state;
	const struct channel_pixels *pixels = &channel->pixels;
	size_t row_size = (size_t)state->update.width * sizeof(uint32_t);
	size_t done = row_size * state->update.height - state->pixels_left;
	size_t row = done / row_size;
	size_t column = done % row_size;
	size_t placed = 0;

	*iov_count = 0;
	if (pixels->stride == row_size) {
		iov[(*iov_count)++] = (struct iovec){.iov_base = pixels->row + done,
			.iov_len = limit};
		return limit;
	}
	while (placed < limit && *iov_count < ROWS_MAX) {
		size_t part = MIN(row_size - column, limit - placed);
		iov[(*iov_count)++] = (struct iovec){
			.iov_base = pixels->row + row * pixels->stride + column,
			.iov_len = part,
		};
		placed += part;
		row++;
		column = 0;
	}
	return placed;
}

/* Into the surface; with the last pixels of a message, the beginning of the next one. */
static bool read_pixels(struct channel *channel, size_t budget, enum stream_status *status,
	size_t *bytes)
{
	struct channel_state *state = channel->state;
	struct stream_fds fds;
	struct iovec iov[ROWS_MAX + 1];
	int iov_count;
	size_t placed = pixel_places(channel, MIN(state->pixels_left, budget), iov, &iov_count);
	size_t wanted = placed;

	if (placed == state->pixels_left) {
		iov[iov_count++] = (struct iovec){
			.iov_base = state->buffer,
			.iov_len = CHANNEL_READ_AHEAD,
		};
		wanted += CHANNEL_READ_AHEAD;
	}
	*status = read_socket(channel, CHANNEL_CALL_PIXELS, iov, iov_count, bytes, &fds);
	if (*status != STREAM_DONE)
		return false;
	state->arrived = MIN(*bytes, placed);
	state->end = (uint32_t)(*bytes - state->arrived);
	keep_fds(channel, &fds, 0, true, VHOST_USER_GPU_UPDATE);
	channel_note(channel);
	return *bytes == wanted;
}

/* What a read of small messages asks for: all of a message that has begun, else a little ahead. */
static size_t small_read_size(const struct channel_state *state)
{
	uint32_t have = state->end - state->begin;
	size_t size = CHANNEL_READ_AHEAD;

	if (have >= HEADER_SIZE &&
		header_at(state, state->begin).request == VHOST_USER_GPU_CURSOR_UPDATE)
		size = MAX(size, CHANNEL_MESSAGE_MAX - have);
	return MIN(size, CHANNEL_MESSAGE_MAX - have);
}

static bool read_small(struct channel *channel, enum stream_status *status, size_t *bytes)
{
	struct channel_state *state = channel->state;
	struct stream_fds fds;

	compact(channel);
	uint32_t start = state->end;
	struct iovec iov = {
		.iov_base = state->buffer + start,
		.iov_len = small_read_size(state),
	};
	*status = read_socket(channel, CHANNEL_CALL_MESSAGES, &iov, 1, bytes, &fds);
	if (*status != STREAM_DONE)
		return false;
	state->end += (uint32_t)*bytes;
	keep_fds(channel, &fds, start, false, 0);
	channel_note(channel);
	return *bytes == iov.iov_len;
}

static bool in_message(const struct channel_state *state)
{
	return state->skip || state->pixels_left || state->begin < state->end;
}

/* The peer has gone; `error` is an errno or 0. Always false. */
static bool hang_up(struct channel *channel, int error)
{
	const struct channel_state *state = channel->state;

	/* Of a closer that is full, it has told. */
	if (error == EBUSY)
		return channel_close(channel);
	channel->left = !in_message(state) && (!error || error == ECONNRESET);
	if (in_message(state)) {
		uint32_t request = 0;
		if (state->pixels_left)
			request = VHOST_USER_GPU_UPDATE;
		else if (state->skip)
			request = state->skip_request;
		else if (state->end - state->begin >= HEADER_SIZE)
			request = header_at(state, state->begin).request;
		channel_fault(channel, request, CHANNEL_FAULT_EOF,
			"the back-end closed its socket in mid-message");
	} else if (error && error != ECONNRESET) {
		log_guest(G_LOG_LEVEL_WARNING, channel->name, "cannot read from the back-end: %s",
			g_strerror(error));
	}
	return channel_close(channel);
}

/* One recvmsg and what becomes of it. `more`: another one can be worth it in this turn. */
static bool receive(struct channel *channel, size_t *budget, bool *more)
{
	const struct channel_state *state = channel->state;
	enum stream_status status;
	size_t bytes;
	size_t cost = 0;

	if (state->skip) {
		*more = read_skipped(channel, *budget, &status, &bytes);
		cost = bytes;
	} else if (state->pixels_left) {
		*more = read_pixels(channel, *budget, &status, &bytes);
		cost = bytes;
		if (status == STREAM_DONE && !channel_advance_update(channel, state->arrived))
			return false;
	} else {
		*more = read_small(channel, &status, &bytes);
		cost = SMALL_READ_COST;
	}
	if (status == STREAM_EOF || status == STREAM_ERROR)
		return hang_up(channel, status == STREAM_ERROR ? errno : 0);
	channel_note(channel);
	channel->counters.bytes_received += bytes;
	*budget -= MIN(*budget, cost);
	return channel_process(channel);
}

/* Messages with fds are handed on before the next read: none while some wait. */
static bool may_read(const struct channel *channel)
{
	return !channel->stalled && !channel_queue_full(channel);
}

/* A turn: until a read comes short or a bound is reached. Most are one read of a few messages, for
 * which the clock is not asked. */
static bool receive_turn(struct channel *channel)
{
	size_t budget = CHANNEL_TURN_BYTES;
	bool more = may_read(channel);

	while (more) {
		if (!receive(channel, &budget, &more))
			return false;
		more = more && budget && may_read(channel) && channel_has_time(channel);
	}
	return true;
}

bool channel_has_time(struct channel *channel)
{
	if (channel->working)
		return turn_work_has_time(&channel->work);
	channel->work = turn_work_begin(account_share(channel->account));
	channel->working = true;
	return true;
}

/* ---- life ---- */

/* A peer that reads no replies is not read from for ever either. */
static inline void update_source(struct channel *channel)
{
	const struct channel_state *state = channel->state;
	GIOCondition condition = 0;

	if (!channel_queue_full(channel))
		condition |= G_IO_IN;
	if (state->unsent_begin < state->unsent_end)
		condition |= G_IO_OUT;
	if (condition != channel->condition) {
		channel->condition = condition;
		g_source_modify_unix_fd(channel->source, channel->tag, condition);
	}
	if (channel->stalled && !channel_queue_full(channel))
		g_source_set_ready_time(channel->source, 0);
}

static void close_socket(struct channel *channel)
{
	if (channel->source) {
		g_source_destroy(channel->source);
		g_source_unref(channel->source);
		channel->source = NULL;
	}
	stream_finish(&channel->stream);
	for (size_t i = 0; i < G_N_ELEMENTS(channel->fds); i++) {
		closer_close(channel->stream.closer, channel->fds[i].fd);
		channel->fds[i].fd = -1;
	}
}

static void leave(struct channel *channel)
{
	if (--channel->entered || !channel->destroyed)
		return;
	g_free(channel->name);
	g_free(channel);
}

bool channel_close(struct channel *channel)
{
	if (channel_is_open(channel)) {
		close_socket(channel);
		channel->listener->closed(channel->data);
	}
	return false;
}

/* Those that a predecessor was receiving. */
static bool go_on_with_pixels(struct channel *channel)
{
	const struct channel_state *state = channel->state;

	if (state->pixels_left && !channel->pixels.row && !channel_begin_update(channel))
		return false;
	if (state->arrived && !channel_advance_update(channel, state->arrived))
		return false;
	return true;
}

/* What the socket's readiness, or a free place in the reply queue, lets us do. */
static void turn(struct channel *channel, GIOCondition condition)
{
	if (!go_on_with_pixels(channel))
		return;
	if (channel->stalled) {
		channel->stalled = false;
		if (!channel_process(channel))
			return;
	}
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) {
		/* Both directions are shut: no reply can be waited for, so the queue stays full. */
		if (channel_queue_full(channel) && condition & (G_IO_HUP | G_IO_ERR)) {
			channel_close(channel);
			return;
		}
		if (!receive_turn(channel))
			return;
	}
	if (channel_flush(channel))
		update_source(channel);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct channel *channel = ((struct channel_source *)source)->channel;
	GIOCondition condition = g_source_query_unix_fd(source, channel->tag);

	turn_note();
	/* Only then it may be set; writing it would wake the loop. */
	if (channel->stalled || channel->untidy)
		g_source_set_ready_time(source, -1);
	channel->untidy = false;
	channel->entered++;
	turn(channel, condition);
	if (channel_is_open(channel)) {
		channel_note(channel);
		/* Also while the peer is silent: what it has replaced is not counted as its any
		 * more. */
		channel->untidy = kept_fds_tidy(channel->kept);
		if (channel->untidy)
			g_source_set_ready_time(source, 0);
	}
	if (channel->working)
		turn_work_end(&channel->work);
	channel->working = false;
	leave(channel);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.dispatch = dispatch};

static void attach(struct channel *channel)
{
	const struct channel_state *state = channel->state;

	channel->source = g_source_new(&source_funcs, sizeof(struct channel_source));
	((struct channel_source *)channel->source)->channel = channel;
	turn_name_source(channel->source, "channel", channel->name);
	/* No loop runs inside a dispatch. Else GLib takes the fd out of the poll set for each one,
	 * and puts it back with a write that wakes its own loop: three system calls and a turn for
	 * nothing. */
	g_source_set_can_recurse(channel->source, TRUE);
	channel->condition = G_IO_IN;
	channel->tag = g_source_add_unix_fd(channel->source, channel->stream.fd, G_IO_IN);
	/* A predecessor has left something to do that the socket will not announce. */
	if (in_message(state) || state->owed_count || state->unsent_end) {
		channel->stalled = true;
		g_source_set_ready_time(channel->source, 0);
	}
	g_source_attach(channel->source, NULL);
}

struct channel *channel_create(const char *name, int fd, struct account *account,
	struct channel_state *state, const struct channel_listener *listener, void *data,
	GError **error)
{
	struct stream stream;

	if (!stream_init(&stream, fd, account_closer(account), error))
		return NULL;

	struct channel *channel = g_new0(struct channel, 1);
	channel->name = g_strdup(name);
	channel->account = account;
	channel->stream = stream;
	channel->state = state;
	channel->listener = listener;
	channel->data = data;
	for (size_t i = 0; i < G_N_ELEMENTS(channel->fds); i++)
		channel->fds[i].fd = -1;
	attach(channel);
	return channel;
}

void channel_destroy(struct channel *channel)
{
	if (!channel)
		return;
	channel->entered++;
	close_socket(channel);
	channel->destroyed = true;
	leave(channel);
}

void channel_keep(struct channel *channel, struct channel_journal *journal, struct kept_fds *kept)
{
	channel->journal = journal;
	channel->kept = kept;
	channel->stream.record = &journal->record;
	for (size_t i = 0; i < CHANNEL_EARLY_FDS; i++) {
		uint64_t number = channel->state->early[i].kept;

		if (number == 0)
			continue;
		channel->fds[i].fd = CHANNEL_FD_LOST;
		if (number != CHANNEL_FD_NOT_HAD)
			channel->fds[i].fd = kept_fds_get(kept, number);
		/* There is no fd left for it: nothing to do with a message that has none. */
		if (channel->fds[i].fd < 0)
			channel->fds[i].fd = CHANNEL_FD_LOST;
	}
	channel_note(channel);
}

int channel_detach(struct channel *channel)
{
	int fd = channel->stream.fd;

	channel->stream.fd = -1;
	channel_destroy(channel);
	return fd;
}

void channel_reply_dmabuf_update(struct channel *channel)
{
	struct channel_state *state = channel->state;

	if (!channel_is_open(channel))
		return;
	for (uint32_t i = 0; i < state->owed_count; i++) {
		struct channel_owed *owed = &state->owed[i];
		if (owed->request != VHOST_USER_GPU_DMABUF_UPDATE || owed->answered)
			continue;
		owed->answered = true;
		/* From inside a listener's function it goes out at the end of the turn. */
		if (channel->entered)
			return;
		channel->entered++;
		if (channel_flush(channel))
			update_source(channel);
		leave(channel);
		return;
	}
	/* A fault of ours, not of the peer's, which must not be sent what it did not ask for. */
	log_guest(G_LOG_LEVEL_CRITICAL, channel->name, "one answer too many to a DMABUF_UPDATE");
}

const struct channel_counters *channel_counters(const struct channel *channel)
{
	return &channel->counters;
}

bool channel_left(const struct channel *channel)
{
	return channel->left;
}
