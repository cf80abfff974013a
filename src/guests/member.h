/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A [guest] section while the daemon runs: the guest (scene/guest.h), what of it outlives us
 * (kept_guest.h, kept_relay.h), its account (wire/account.h), and the way in for its display
 * socket, which is a relay or a door, never both. Connects them; decides nothing about pixels or
 * bytes. Made by the daemon, one for each section, before there is a card; the way in is opened
 * last, so that nobody connects before all else is there.
 */
#ifndef SCANOUTD_GUESTS_MEMBER_H
#define SCANOUTD_GUESTS_MEMBER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "scene/guest.h"
#include "scene/layout.h"
#include "wire/relay.h"

struct account;
struct fd_keeper;
struct keep;
struct member;

#define MEMBER_ERROR (member_error_quark())
GQuark member_error_quark(void);

enum member_error {
	MEMBER_ERROR_SOCKET, /* a socket of the service manager's that no guest claims */
	MEMBER_ERROR_KEPT, /* of what a predecessor had something is not there */
};

/* The guest, not yet reachable. `config` outlives the member, and so does `keeper`, which keeps
 * what the next scanoutd needs of it, or is NULL; `flip_timeout_ms` as in guest_options. */
struct member *member_create(const struct config_guest *config, const struct fd_keeper *keeper,
	unsigned int flip_timeout_ms, GError **error);
/* Answers who waits and closes the way in; after the layout is destroyed. Takes NULL. */
void member_destroy(struct member *member);

/* Who is told how many scanouts the guest's device has, and how the guest is. Before
 * member_open(). */
void member_set_layout(struct member *member, struct layout *layout);

/* The one of the guest of this name; NULL. */
struct member *members_find(struct member *const *members, size_t count, const char *name);

/* Sockets that the service manager listens on for us, by FileDescriptorName=: each is its
 * guest's. Before member_open(). */
bool members_claim_sockets(struct member *const *members, size_t count, struct keep *keep,
	GError **error);

/* The way in that the section names, and its alive-socket; sockets of ours are kept. A back-end
 * that a predecessor served is gone on with. The error begins with the guest's name. */
bool member_open(struct member *member, GError **error);

/* How its VMM ended, in the words of who started it (notices.h). After member_set_layout(). */
void member_notice(struct member *member, const char *text);

/* Where its peer is waited for: the line that a person looks for first. */
void member_log_wiring(const struct member *member);

/* Belong to the member. */
const struct config_guest *member_config(const struct member *member);
struct guest *member_guest(const struct member *member);
struct account *member_account(const struct member *member);
/* Since when the DMABUF_UPDATE that came last waits for its answer, g_get_monotonic_time(); 0: none
 * waits. */
int64_t member_waiting_since(const struct member *member);
/* NULL: it has a door. */
const struct relay_counters *member_relay_counters(const struct member *member);

#endif
