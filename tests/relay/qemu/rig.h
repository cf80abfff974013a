/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One relay between a real QEMU and a real back-end, in a directory of its own. Waits for
 * what happens, never for time to pass; gives up a test after RIG_PATIENCE_SECONDS.
 */
#ifndef SCANOUTD_TEST_RIG_H
#define SCANOUTD_TEST_RIG_H

#include <glib.h>
#include <stdbool.h>

#include "display.h"
#include "wire/relay.h"

#define RIG_PATIENCE_SECONDS 120

/* A child process that dies with the test. */
struct program {
	GPid pid; /* 0: not started */
	int input; /* its stdin */
	bool ended;
};

struct rig {
	char *directory;
	struct relay *relay;
	struct display display;
	unsigned int attached;
	unsigned int detached;
	struct program backend;
	struct program qemu;
	char *qemu_errors; /* path of what QEMU wrote to stderr */
	uint64_t swallowed_wanted; /* for a test's condition */
	GPtrArray *log; /* lines of the relay */
	int fds_before;
};

typedef bool (*rig_condition)(struct rig *rig);

void rig_init(struct rig *rig);
/* Ends the programs; checks that no fd was leaked and that each VMM that came was told gone. */
void rig_finish(struct rig *rig);

void rig_start_backend(struct rig *rig);

enum rig_memory { RIG_MEMORY_SHARED, RIG_MEMORY_PRIVATE };
/* OVMF alone in 256 MiB, QMP on its stdin. */
void rig_start_qemu(struct rig *rig, enum rig_memory memory);
/* `command` is a QMP command's name without arguments. */
void rig_qmp(struct rig *rig, const char *command);

/* Runs the main loop until `condition` holds; fails the test when that takes too long. */
#define rig_wait(rig, condition) rig_wait_named(rig, condition, #condition)
void rig_wait_named(struct rig *rig, rig_condition condition, const char *name);

bool rig_has_logged(const struct rig *rig, const char *text);

/* Kills it if it still runs, and waits for its end. */
void program_kill(struct program *program);

#endif
