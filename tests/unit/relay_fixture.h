/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay between a VMM and a back-end that are sockets of the test, for test-relay-*.
 *
 * Both ends are in one process, so that what one sends is there when the main loop has nothing left
 * to do: a test sends, and looks.
 */
#ifndef SCANOUTD_TEST_RELAY_FIXTURE_H
#define SCANOUTD_TEST_RELAY_FIXTURE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "vhost_user.h"
#include "wire/relay.h"

/* One more than a message may have. */
#define RIG_FDS (VHOST_USER_FDS_MAX + 1)

/* Requests that the relay knows nothing of: one without fds, one with. */
#define RIG_GET_QUEUE_NUM 17
#define RIG_SET_BACKEND_REQ_FD 21

struct rig_message {
	struct vhost_user_header header;
	uint8_t payload[VHOST_USER_PAYLOAD_MAX + 1];
} __attribute__((packed));

struct rig {
	struct account *account; /* the relay's */
	struct relay_state *state; /* the same, where it is kept, … */
	struct kept_fds *kept; /* … else NULL */
	char *directory;
	char *vmm_path;
	char *backend_path;
	struct relay *relay;
	int vmm;
	int listener;
	int backend;
	int display; /* the relay's end, as handed to `attached` */
	int fds[RIG_FDS]; /* memory of the test's, to send along */
	unsigned int attached;
	unsigned int adopted;
	bool refuses; /* to go on with what is adopted */
	struct rlimit limit; /* of fds, otherwise */
	bool runs_out; /* this process can have no more fds from when it hears how many scanouts there are */
	unsigned int detached;
	unsigned int scanouts_told;
	uint32_t scanouts;
	unsigned int running_told;
	int unread_when_told; /* bytes that the back-end had not read when `running` was told last; -1: there was none */
	bool running;
	unsigned int backend_told;
	bool backend_there;
	size_t fds_before;
	bool has_log; /* no other rig was there */
};

/* The g_test_init() of these tests: lines that are logged go to the rig. */
void rig_setup(int *argc, char ***argv);

/* A test that is run twice: the relay is kept for a successor the second time (PATH-kept). */
void rig_add(const char *path, void (*test)(void));
/* The second alone. */
void rig_add_kept(const char *path, void (*test)(void));

/* A directory and the fds; no relay yet. */
void rig_prepare(struct rig *rig);
void rig_create_relay(struct rig *rig);
/* A VMM comes, and the back-end is there. */
void rig_connect(struct rig *rig);
/* All three. */
void rig_init(struct rig *rig);
/* Of one that is kept: it leaves, and another one is there, which has not looked at what it
 * left. */
void rig_replace_relay(struct rig *rig);
/* Ends the relay where the test has not, and checks that no fd is left. Of two rigs the later one
 * goes first. */
void rig_finish(struct rig *rig);

/* What the relay tells the rig. */
extern const struct relay_listener rig_listener;

/* Lines since rig_prepare(), or since they were forgotten, that have the text in them. */
unsigned int rig_times_logged(const char *text);
void rig_forget_log(void);

/* Lets the relay do all that it can do now. A relay that spins makes this never end. */
void rig_settle(void);

/* ---- sockets ---- */

int rig_connect_to(const char *path);
int rig_listen_at(const char *path);
/* The relay's connection to the back-end, if it has made one. */
bool rig_accept(struct rig *rig);
/* Closes what is open, and says so in it. */
void rig_close(int *fd);

/* Each direction: where to send, where it must arrive. */
struct rig_direction {
	int *from;
	int *to;
};
struct rig_direction rig_direction(struct rig *rig, bool up);

/* ---- messages ---- */

/* A message whose payload's bytes differ. */
struct rig_message rig_message(uint32_t request, uint32_t flags, uint32_t size);
size_t rig_message_size(const struct rig_message *message);

/* Sends it and lets the relay settle. */
void rig_send(int socket, const struct rig_message *message, const int *fds, size_t fd_count);
/* What is left of a message that was sent up to `cut`. */
void rig_send_rest(int socket, const struct rig_message *message, size_t cut);
/* Sends it over and over until the relay passes on no more. Returns how many were sent. */
uint64_t rig_fill(struct rig *rig, int socket, const struct rig_message *message);

/*
 * Reads as libvhost-user does: the header with the fds, then the payload by one read. False where
 * nothing is there; a part of a message fails the test.
 */
bool rig_receive(int socket, struct rig_message *message, int *fds, size_t *fd_count);

/* `socket` has received exactly this message; its fds are copies of `fds`, of the same open
 * files. */
void rig_expect_message(int socket, const struct rig_message *wanted, const int *fds,
	size_t fd_count);
void rig_expect_nothing(int socket);
void rig_expect_closed(int socket);

/* Sends it, and it arrives as it is. */
void rig_expect_forwarded(struct rig_direction way, const struct rig_message *message,
	const int *fds, size_t fd_count);

/* After a fault: both sides closed, told once, and the next VMM is served by a new connection. */
void rig_expect_session_over(struct rig *rig, const char *text);

/* ---- the display socket ---- */

extern const struct rig_message rig_swap_message;

/* The back-end has got its message 33; returns the fd in it. */
int rig_receive_display_socket(struct rig *rig);
/* The VMM hands over `fd`, and the back-end gets one of the relay's, which it closes. */
void rig_swap(struct rig *rig, int fd);

#endif
