/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers the kernel before it switches away from our virtual terminal. With VT_PROCESS it asks, by
 * a signal, and waits for the answer as long as the process lives: a daemon that hangs would keep
 * the user from every other terminal. Used by terminal.c alone.
 *
 * A thread, the only one of the daemon's that does more than probe: what hangs is the main loop, so
 * another one must answer. It knows the signals, the terminal's fd and one of each card's, and no
 * state. It passes what comes on to the main loop, which lets go in order and answers; only where
 * that takes too long, the thread lets go itself: it drops DRM master, so that what the loop still
 * commits is refused, and answers. When the loop wakes it is told of all that it missed.
 *
 * VT_AUTO would need no answer, but nobody would take DRM master from us: no other display server
 * could start, and our next flip would hide the console that the user switched to.
 */
#ifndef SCANOUTD_SESSION_VT_GUARD_H
#define SCANOUTD_SESSION_VT_GUARD_H

#include <glib.h>
#include <stdint.h>

struct vt_guard;

/* Called from the main loop. */
struct vt_guard_listener {
	/* Let go of the screen before this returns: the kernel is answered then. */
	void (*release)(void *data);
	void (*acquire)(void *data);
	/* It was answered without us, before `release`. */
	void (*late)(void *data);
};

/* What to give VT_SETMODE as relsig and acqsig. */
int vt_guard_release_signal(void);
int vt_guard_acquire_signal(void);

/*
 * Before VT_SETMODE. Blocks the two signals in the calling thread, before any other is made. `tty`
 * is borrowed; so long, in milliseconds, the main loop has to let go. NULL: `error` is a
 * G_FILE_ERROR.
 */
struct vt_guard *vt_guard_create(int tty, unsigned int patience_ms,
	const struct vt_guard_listener *listener, void *data, GError **error);
/* Ends the thread. Takes NULL. */
void vt_guard_destroy(struct vt_guard *guard);

/* Of the card of this number, below KMS_CARDS_MAX, from kms_device_duplicate(); taken over. -1:
 * there is none now. */
void vt_guard_set_card(struct vt_guard *guard, uint32_t card, int fd);

#endif
