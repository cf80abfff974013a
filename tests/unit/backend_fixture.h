/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back-end of vhost/vhost.h between a scripted VMM and a device that writes down what it is
 * told, for test-vhost and test-vhost-*.
 */
#ifndef TESTS_UNIT_BACKEND_FIXTURE_H
#define TESTS_UNIT_BACKEND_FIXTURE_H

#include "vhost/vhost.h"
#include "vhost_fixture.h"

/* Byte n of the configuration that is given out. */
#define BACKEND_CONFIG_BYTE(n) ((uint8_t)(7 * (n) + 1))

/* What the device is told while vmm_start() is said. */
#define BACKEND_START_EVENTS "set 136 at 0 to 00\nget 136 at 0\nstarted 0\nstarted 1\n"

typedef struct backend_fixture {
	struct vmm vmm;
	struct account *account;
	struct vhost *vhost; /* NULL once closed */
	struct vhost_journal *journal; /* and what else outlives the process; NULL: nothing does */
	struct kept_fds *kept;
	GString *events; /* a line each */
	size_t fds;
} backend_fixture;

/* Connected, and nothing said. */
struct backend_fixture *backend_fixture_new(void);
/* Both queues run. */
struct backend_fixture *backend_fixture_new_started(void);

/* … and they are kept. */
struct backend_fixture *backend_fixture_new_kept(void);
/* Another process goes on with what is kept, but has not looked at anything. */
void backend_succeed(struct backend_fixture *fixture);

/* No fd is left, and nothing was logged that no test has asked for. */
void backend_fixture_free(struct backend_fixture *fixture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(backend_fixture, backend_fixture_free)

/* The events since the last call, checked and forgotten. */
void backend_expect_events(struct backend_fixture *fixture, const char *events);

/* One line was logged, of this guest and device, with `text` in it. */
void backend_expect_log(const char *text);

/* Sends a request and lets it be handled. */
void backend_tell(struct backend_fixture *fixture, struct vmm_message message);
/* … and returns the first word of its reply, which must come. */
uint64_t backend_ask(struct backend_fixture *fixture, struct vmm_message message);

void backend_expect_alive(struct backend_fixture *fixture);

#endif
