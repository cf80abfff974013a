/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program under test and the display socket that leads into it: the back-end's end of a guest
 * that sends pixels. A picture is of one colour and as large as the scanout, an UPDATE as wide as
 * that. Ends the process where anything fails. Used by glass and hotplug.
 */
#ifndef SCANOUTD_TESTS_BENCH_PROGRAM_H
#define SCANOUTD_TESTS_BENCH_PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_WIDTH 1024u
#define PROGRAM_HEIGHT 768u

struct program {
	int socket;
	pid_t pid;
};

/* An UPDATE of one colour. */
struct program_update {
	uint8_t *bytes;
	size_t size;
};

/*
 * Starts it with its end of the socket as fd 100, and returns when it has said that it is ready, by
 * a line on its standard output. It runs as a real-time process: what competes for the processor
 * here, the bench first of all, is not its delay.
 */
void program_start(struct program *program, char **command);

/* Tells it to end, and waits for that. */
void program_stop(struct program *program);

/* SCANOUT; 0 x 0 disables it. */
void program_send_scanout(const struct program *program, uint32_t width, uint32_t height);

/* Of so many rows from y on; its memory is the caller's until program_update_finish(). */
void program_update_init(struct program_update *update, uint32_t y, uint32_t height);
void program_update_fill(struct program_update *update, uint32_t colour);
void program_update_finish(struct program_update *update);

void program_send_update(const struct program *program, const struct program_update *update);

/* The same in two parts: all but the last pixel, and that. What follows a moment that is to be
 * known is short. */
void program_send_most(const struct program *program, const struct program_update *update);
void program_send_last(const struct program *program, const struct program_update *update);

#endif
