/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More of what is allowed than anybody needs.
 */
#include "attack.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user.h"

#define FDS 8
#define STUCK_MS 100
#define TRIES 100
#define CONNECTIONS 200

/* ---- fds in flight ---- */

/* Until nothing more is taken; reads nothing. */
static void fill(int socket)
{
	const struct vhost_user_header header = {133, VHOST_USER_VERSION, 0};
	struct pollfd writable = {socket, POLLOUT, 0};
	int fds[FDS];
	int refused = 0;

	for (int i = 0; i < FDS; i++) {
		fds[i] = memfd_create("inflight", MFD_CLOEXEC);
		if (fds[i] < 0)
			attack_fail("memfd");
	}
	while (refused < TRIES && poll(&writable, 1, STUCK_MS) > 0)
		if (!attack_send(socket, &header, sizeof(header), fds, FDS))
			refused = errno == EPIPE ? TRIES : refused + 1;
}

void attack_inflight(char **arguments)
{
	int door = attack_listen(arguments[1]);
	int vmm = attack_connect(arguments[0]);
	int backend;

	if (vmm < 0)
		attack_fail(arguments[0]);
	backend = accept(door, NULL, NULL);
	if (backend < 0)
		attack_fail(arguments[1]);
	fill(vmm);
	fill(backend);
	attack_done();
	for (;;) {
		fill(vmm);
		fill(backend);
		poll(NULL, 0, STUCK_MS);
	}
}

/* ---- connections ---- */

void attack_connections(char **arguments)
{
	const struct vhost_user_header nonsense = {0xffff, 0, 0xffffffff};

	for (unsigned int i = 1;; i++) {
		for (char **path = arguments; *path; path++) {
			int socket = attack_connect(*path);

			/* Its queue is full: let the daemon run. */
			if (socket < 0) {
				sched_yield();
				continue;
			}
			if (i % 2)
				attack_send(socket, &nonsense, sizeof(nonsense), NULL, 0);
			close(socket);
		}
		if (i == CONNECTIONS)
			attack_done();
	}
}
