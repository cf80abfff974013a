/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both threads of libseat's client do with what both have: their requests, how they wake one
 * another, the devices that came too late, and the client itself, which whoever is done last
 * frees. Called by seat_client.c in the main thread and by seat_client_thread.c in the other one.
 */
#include <errno.h>
#include <unistd.h>

#include "session/seat_client_internal.h"

void seat_client_signal(int fd)
{
	const uint64_t one = 1;

	/* A full one says enough. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void seat_client_drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

void seat_request_free(struct seat_request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	g_free(request->path);
	g_free(request);
}

void seat_client_unref_and_unlock(struct seat_client *client)
{
	bool last = --client->references == 0;

	g_mutex_unlock(&client->lock);
	if (!last)
		return;
	g_queue_clear_full(&client->requests, (GDestroyNotify)seat_request_free);
	g_hash_table_unref(client->asked);
	seat_devices_destroy(client->devices);
	g_cond_clear(&client->answered);
	g_mutex_clear(&client->lock);
	if (client->wake >= 0)
		close(client->wake);
	if (client->told >= 0)
		close(client->told);
	g_free(client->name);
	g_free(client);
}

int seat_client_drop_late(struct seat_client *client, int *fd)
{
	int id;

	g_mutex_lock(&client->lock);
	id = seat_devices_drop(client->devices, fd);
	g_mutex_unlock(&client->lock);
	return id;
}
