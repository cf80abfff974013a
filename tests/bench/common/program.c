/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "send.h"
#include "vhost_user_gpu.h"

#define FIRST_FD 100
#define PIXEL sizeof(uint32_t)

static void fail(const char *what)
{
	fprintf(stderr, "program: %s: %s\n", what, strerror(errno));
	exit(1);
}

void program_start(struct program *program, char **command)
{
	const struct sched_param priority = {.sched_priority = 1};
	const int buffer = 1 << 20;
	int pair[2], ready[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
		pipe2(ready, O_CLOEXEC) < 0)
		fail("socket");
	/* As the daemon's relay does for a back-end. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	program->socket = pair[0];
	program->pid = fork();
	if (program->pid < 0)
		fail("fork");
	if (program->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		dup2(pair[1], FIRST_FD);
		if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
			fail("real-time priority");
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ready[1]);
	close(pair[1]);
	if (read(ready[0], &byte, 1) != 1) {
		errno = ECHILD;
		fail("it did not become ready");
	}
	close(ready[0]);
}

void program_stop(struct program *program)
{
	kill(program->pid, SIGTERM);
	if (waitpid(program->pid, NULL, 0) < 0)
		fail("wait");
	close(program->socket);
}

void program_send_scanout(const struct program *program, uint32_t width, uint32_t height)
{
	const struct {
		struct vhost_user_gpu_header header;
		struct vhost_user_gpu_scanout scanout;
	} __attribute__((packed))
	message = {{VHOST_USER_GPU_SCANOUT, 0, sizeof(message.scanout)}, {0, width, height}};

	send_all(program->socket, &message, sizeof(message), -1);
}

void program_update_init(struct program_update *update, uint32_t y, uint32_t height)
{
	const struct vhost_user_gpu_update head = {0, 0, y, PROGRAM_WIDTH, height};
	const struct vhost_user_gpu_header header = {VHOST_USER_GPU_UPDATE, 0,
		sizeof(head) + PROGRAM_WIDTH * height * PIXEL};

	update->size = sizeof(header) + header.size;
	update->bytes = g_malloc0(update->size);
	memcpy(update->bytes, &header, sizeof(header));
	memcpy(update->bytes + sizeof(header), &head, sizeof(head));
}

void program_update_fill(struct program_update *update, uint32_t colour)
{
	const size_t head = sizeof(struct vhost_user_gpu_header) +
		sizeof(struct vhost_user_gpu_update);

	for (size_t at = head; at < update->size; at += PIXEL)
		memcpy(update->bytes + at, &colour, PIXEL);
}

void program_update_finish(struct program_update *update)
{
	g_free(update->bytes);
}

void program_send_update(const struct program *program, const struct program_update *update)
{
	send_all(program->socket, update->bytes, update->size, -1);
}

void program_send_most(const struct program *program, const struct program_update *update)
{
	send_all(program->socket, update->bytes, update->size - PIXEL, -1);
}

void program_send_last(const struct program *program, const struct program_update *update)
{
	send_all(program->socket, update->bytes + update->size - PIXEL, PIXEL, -1);
}
