/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front-end side of the vhost-user-gpu display protocol on one socket: framing, limits, checks
 * of every payload, and the queue of replies. Hostile territory: nothing a peer sends makes it
 * block, read past a limit, leak an fd or disturb another channel.
 *
 * Made by a guest for each display socket that a door hands in. What a message means is
 * the listener's business (scene/guest.c); the channel guarantees that what it calls with is
 * well-formed: scanout < 16, sizes exact, rectangles without overflow, one fd where one belongs.
 *
 * An fd belongs to the message that it was sent with, that is with its first byte, as every sane
 * peer does it. One read can take several messages and stops behind the piece that carried fds:
 * they are then those of the last message beginning in it that takes one (or whose header is still
 * incomplete), and of the message in progress where none begins.
 *
 * Faults. "ignored": one log line a cause and connection, the message is consumed and nothing is
 * called. "skipped": the same, payload included. "answered": as ignored, but the reply that a peer
 * waits for is given as the text says. "closed": one log line, the socket is closed,
 * listener->closed is called. "fd": an fd where none belongs, or a second one, is closed, with one
 * log line; the message stands.
 *
 *   | message               | wrong size | scanout ≥ 16       | fd     | other faults
 *   |-----------------------|------------|--------------------|--------|--------------------------
 *   | GET_PROTOCOL_FEATURES | closed     | –                  | fd     |
 *   | SET_PROTOCOL_FEATURES | closed     | –                  | fd     | unknown bits: ignored
 *   | GET_DISPLAY_INFO      | closed     | –                  | fd     |
 *   | CURSOR_POS            | closed     | ignored            | fd     |
 *   | CURSOR_POS_HIDE       | closed     | ignored            | fd     |
 *   | CURSOR_UPDATE         | closed     | ignored            | fd     |
 *   | SCANOUT               | closed     | ignored            | fd     | a side > 16384: ignored;
 *   |                       |            |                    |        | a side 0: disables, no fault
 *   | UPDATE                | closed ¹   | skipped            | fd     | empty: ignored; x + w or y + h >
 *   |                       |            |                    |        | INT32_MAX: skipped; listener
 *   |                       |            |                    |        | says no surface: skipped
 *   | DMABUF_SCANOUT        | closed     | ignored, fd closed | second | no fd: disables, no fault; bad
 *   |                       |            |                    |        | geometry ²: ignored, fd closed
 *   | DMABUF_UPDATE         | closed     | answered (paced)   | fd     | empty: answered (paced)
 *   | GET_EDID              | closed     | answered, size 0   | fd     |
 *   | DMABUF_SCANOUT2       | closed     | ignored, fd closed | second | as DMABUF_SCANOUT
 *   | any other number      | > 64 KiB:  | –                  | closed | ≤ 64 KiB: skipped (one line
 *   |                       | closed     |                    |        | for message and fd)
 *
 *   An fd that is lost because this process can have no more: DMABUF_SCANOUT and DMABUF_SCANOUT2
 *   are ignored, so that the old picture stays. No fault of the peer's, but logged as one.
 *
 *   ¹ less than 20, or not 20 + w·h·4.
 *   ² a side of the dma-buf or of the part of it that is shown is 0, a side of the dma-buf is >
 *   16384,
 *     the part is not inside the dma-buf, or a row is 0 bytes or more than 16 bytes a pixel of
 *     16384.
 *
 *   EOF, or a reset, between messages: closed, no fault. Inside a message: closed, logged. Silence
 *   inside a message: nothing happens, to nobody. A peer that does not read its replies: reading
 *   stops while the reply queue is full; never closed for that. Request flags are garbage and are
 *   ignored.
 */
#ifndef SCANOUTD_WIRE_CHANNEL_H
#define SCANOUTD_WIRE_CHANNEL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vhost_user_gpu.h"
#include "wire/stream.h"

/* Largest side of a scanout that is believed, pixels. */
#define CHANNEL_SIDE_MAX 16384u

/* Bytes of pixel payload read in one turn of the main loop, so that one guest's 4K updates do not
 * delay another guest's flip: about a quarter of a millisecond. After the first read of a turn, or
 * its first messages, the guest's share of it counts, too. */
#define CHANNEL_TURN_BYTES (2048u * 1024u)

/* Unanswered requests at one time. One or two in practice; reading stops while it is full. */
#define CHANNEL_REPLIES_MAX 16

/* An unknown message of at most so many bytes of payload is stepped over. */
#define CHANNEL_UNKNOWN_MAX 65536u

/* Read ahead at the border of messages: one recvmsg takes several small messages, and little of an
 * UPDATE's pixels, which would have to be copied. */
#define CHANNEL_READ_AHEAD 1024u

/* The largest message that is not pixels, with its header. */
#define CHANNEL_MESSAGE_MAX \
	(sizeof(struct vhost_user_gpu_header) + sizeof(struct vhost_user_gpu_cursor_update))

/* So that what is left of a read is moved only to where it has not been: whoever goes on in the
 * middle of that has it whole. */
#define CHANNEL_BUFFER_SIZE (2 * CHANNEL_MESSAGE_MAX)

/* Room for the largest reply, twice. */
#define CHANNEL_UNSENT_SIZE \
	(2 * (sizeof(struct vhost_user_gpu_header) + sizeof(struct virtio_gpu_resp_edid)))

/* A request that waits for its reply. */
struct channel_owed {
	uint32_t request;
	uint32_t scanout; /* of a GET_EDID or DMABUF_UPDATE */
	uint32_t answered; /* of a DMABUF_UPDATE: its turn has come as soon as it is the oldest */
};

/* An fd that came, and whose message has not been handed on. */
struct channel_early_fd {
	uint64_t kept; /* its number (wire/kept_fds.h), or one of the next; 0: this place is free */
	uint32_t offset; /* of its message, in channel_state.buffer */
	uint32_t more; /* another one came for the same message, and was closed */
};

#define CHANNEL_FD_NOT_KEPT UINT64_MAX /* nobody can go on without it */
#define CHANNEL_FD_NOT_HAD (UINT64_MAX - 1) /* this process could have no more */

/* For the message in progress, and for a message that begins behind it. */
#define CHANNEL_EARLY_FDS 2

/*
 * Position inside the stream and the replies owed: all a successor needs to go on where this
 * process stopped. Plain data in shared memory (design 13), no pointers; the channel works on it in
 * place. Bytes that are not taken from the socket yet are the socket's to keep. An fd that came
 * ahead of the rest of its message survives by its number, where fds are kept.
 */
struct channel_state {
	uint64_t features; /* SET_PROTOCOL_FEATURES */
	uint64_t pixels_left; /* bytes of an UPDATE's pixels that are to come, … */
	uint64_t arrived; /* … but for so many that are in place, and nobody has been told of, … */
	struct vhost_user_gpu_update update; /* … and whose they are */
	uint32_t skip; /* bytes of payload still to be thrown away … */
	uint32_t skip_request; /* … of such a message */
	/* Received and not consumed: buffer[begin…end), a message's first byte at `begin`. */
	uint32_t begin;
	uint32_t end;
	/* Replies that the socket did not take: unsent[unsent_begin…unsent_end). */
	uint32_t unsent_begin;
	uint32_t unsent_end;
	/* Requests that wait for their reply, oldest first. */
	uint32_t owed_count;
	struct channel_owed owed[CHANNEL_REPLIES_MAX];
	struct channel_early_fd early[CHANNEL_EARLY_FDS];
	/* What follows is no part of a struct channel_progress. By request number (0: unknown
	 * ones), a bit a cause: logged once. */
	uint32_t faults_logged[VHOST_USER_GPU_DMABUF_SCANOUT2 + 1];
	uint8_t unsent[CHANNEL_UNSENT_SIZE];
	uint8_t buffer[CHANNEL_BUFFER_SIZE];
};

#define CHANNEL_PROGRESS_SIZE offsetof(struct channel_state, faults_logged)

/* The call of the socket that is being made, and whose outcome is in channel_journal.record. */
enum channel_call {
	CHANNEL_CALL_NONE,
	CHANNEL_CALL_MESSAGES, /* reads into the buffer */
	CHANNEL_CALL_PIXELS, /* and pixels, and then into the buffer */
	CHANNEL_CALL_SKIPPED,
	CHANNEL_CALL_WRITE,
	CHANNEL_CALLS,
};

/*
 * Where a successor goes on, whenever we are killed: channel_state as it was after the last
 * message, read or write, which is written beside the last such picture of it, and then chosen by
 * one store. What a message does besides can be done twice. Of a call that had begun the kernel has
 * left the outcome.
 */
struct channel_journal {
	struct stream_record record;
	uint32_t current; /* of the two */
	uint32_t
		adopted; /* by processes that have worked on no message since, and did not live long */
	struct channel_progress {
		uint32_t call; /* enum channel_call, on the state as it is here */
		uint32_t padding;
		uint64_t state[CHANNEL_PROGRESS_SIZE / sizeof(uint64_t)];
	} progress[2];
};

G_STATIC_ASSERT(CHANNEL_PROGRESS_SIZE % sizeof(uint64_t) == 0);

/* A message, or what it led to, may be what its reader dies of: so many go on with a connection
 * from the same place. Fewer than scanout-hold starts in one go. */
#define CHANNEL_ADOPTED_MAX 4

/*
 * Makes `state` what a successor of its last channel goes on with, by what is in the journal,
 * whatever that is. False: nobody can, and why. Then all of both is to be zeroed.
 */
bool channel_state_recover(struct channel_state *state, struct channel_journal *journal,
	const char **why);

/* Could a channel have left it? Ask before a channel is made over the state of another process. */
bool channel_state_sound(const struct channel_state *state);

struct account;
struct channel;
struct kept_fds;

/* Where the pixels of an UPDATE go: rows of an XRGB8888 image. */
struct channel_pixels {
	uint8_t *row; /* top-left of the rectangle */
	uint32_t stride; /* bytes from row to row */
};

struct channel_dmabuf {
	uint32_t x, y, width, height; /* the part that is shown */
	uint32_t fd_width, fd_height, fd_stride;
	uint32_t fourcc;
	uint64_t modifier; /* DRM_FORMAT_MOD_INVALID where the message has none */
	bool y_inverted; /* Y_0_TOP: memory row 0 is the bottom row */
};

/* Could a channel have handed it on? */
bool channel_dmabuf_sound(const struct channel_dmabuf *dmabuf);

/*
 * Called for each well-formed message, in order. Any of these may call any function below, also
 * channel_destroy(). No member may be NULL.
 */
struct channel_listener {
	/* Fills in pmodes (little-endian); all is zero before. Called when the turn of the reply
	 * has come, so also from inside channel_reply_dmabuf_update(). */
	void (*display_info)(void *data, struct virtio_gpu_resp_display_info *info);
	/* Writes at most VIRTIO_GPU_EDID_MAX bytes, returns how many; 0 where there is none. Called
	 * as display_info is, and never for a scanout ≥ 16. */
	uint32_t (*edid)(void *data, uint32_t scanout, uint8_t *edid);
	void (*cursor_pos)(void *data, uint32_t scanout, int32_t x, int32_t y, bool visible);
	/* `pixels` need not be aligned and is gone when this returns. */
	void (*cursor_update)(void *data, const struct vhost_user_gpu_cursor_update *cursor);
	/* width 0: the scanout is disabled. */
	void (*scanout)(void *data, uint32_t scanout, uint32_t width, uint32_t height);
	/* An UPDATE begins, x + width and y + height ≤ INT32_MAX and neither side 0; false: there
	 * is no surface, or it is smaller: skip the payload (which the channel logs). The rows must
	 * stay where they are until update_end or closed. A channel over the state of another asks
	 * again, in the middle of the payload. */
	bool (*update_begin)(void *data, const struct vhost_user_gpu_update *update,
		struct channel_pixels *pixels);
	/* Its upper `rows` rows, more than the last time, are in place, and there are more to come:
	 * those can be worked on while the processor's caches hold them. */
	void (*update_rows)(void *data, const struct vhost_user_gpu_update *update, uint32_t rows);
	/* Its last byte is in place. */
	void (*update_end)(void *data, const struct vhost_user_gpu_update *update);
	/* `fd` is the listener's from here on; -1 disables. */
	void (*dmabuf_scanout)(void *data, uint32_t scanout, const struct channel_dmabuf *dmabuf,
		int fd);
	/* Owes exactly one channel_reply_dmabuf_update(), now or later. Faulty ones come too
	 * (scanout ≥ 16, empty rectangle; logged by the channel), since the peer waits all the
	 * same. The rectangle is cut so that x + width and y + height ≤ INT32_MAX. */
	void (*dmabuf_update)(void *data, const struct vhost_user_gpu_update *update);
	/* The channel has closed its socket: the peer has gone or was faulty. Destroy it from here
	 * or later; an update that has begun will not end. */
	void (*closed)(void *data);
};

struct channel_counters {
	uint64_t bytes_received;
	uint64_t messages;
	uint64_t faults;
	uint64_t replies;
};

/*
 * `fd` is taken over, also on failure. `name` is the guest's, for the log. `state` must be zeroed,
 * or be what an earlier channel on the same socket left; it and `listener` must outlive the
 * channel. `account` is the guest's and outlives it, or is NULL: its closer closes `fd` and those
 * that no listener gets. Attaches its source to the default main context.
 */
struct channel *channel_create(const char *name, int fd, struct account *account,
	struct channel_state *state, const struct channel_listener *listener, void *data,
	GError **error);

/* It is to survive this process: keeps `journal`, which belongs to the state, and fds. Before the
 * main loop runs; both outlive the channel. */
void channel_keep(struct channel *channel, struct channel_journal *journal, struct kept_fds *kept);

/* Closes the socket; what is owed is not answered: reply first. Takes NULL. May be called from a
 * listener's function; state and listener are not touched any more. */
void channel_destroy(struct channel *channel);

/* Destroys the channel but not the connection: the socket is the caller's, and a new channel over
 * it and the same state goes on in mid-message. -1 if it is closed already. */
int channel_detach(struct channel *channel);

/*
 * Answers the oldest DMABUF_UPDATE that is not answered yet. Requests that came after it are
 * answered behind it, in order. Never blocks: what the socket does not take is kept and written
 * when it can be. Nothing happens once the socket is closed.
 */
void channel_reply_dmabuf_update(struct channel *channel);

/* Closed by its peer, as it may be: between two messages. */
bool channel_left(const struct channel *channel);

const struct channel_counters *channel_counters(const struct channel *channel);

#endif
