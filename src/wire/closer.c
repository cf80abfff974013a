/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/closer.h"

#include <glib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "wire/peer_fd.h"

/* Pages that are freed in no time that anybody notices. */
#define SMALL_BYTES (4 << 20)

/* An fd, or a mapping. */
struct item {
	int fd; /* -1: a mapping */
	void *mapping;
	size_t size;
};

struct closer {
	char *guest;
	bool told; /* that it is full; until nothing is left */
	/* What the thread touches, too. */
	GMutex mutex;
	GQueue items; /* struct item, without the one that the thread has in its hands */
	gint pending; /* with that one; read without the mutex, too */
	bool runs; /* the thread */
	bool abandoned; /* the thread, if there is one, frees it */
};

static gint pending_of_all;

unsigned int closer_pending(void)
{
	return (unsigned int)g_atomic_int_get(&pending_of_all);
}

struct closer *closer_create(const char *guest)
{
	struct closer *closer = g_new0(struct closer, 1);

	closer->guest = g_strdup(guest);
	g_mutex_init(&closer->mutex);
	g_queue_init(&closer->items);
	return closer;
}

static void release(struct item *item)
{
	if (item->fd >= 0)
		close(item->fd);
	else
		munmap(item->mapping, item->size);
	g_free(item);
}

static void free_closer(struct closer *closer)
{
	g_mutex_clear(&closer->mutex);
	g_free(closer->guest);
	g_free(closer);
}

/* The next one, or NULL and the thread is at its end. */
static struct item *next_item(struct closer *closer, bool *abandoned)
{
	struct item *item;

	g_mutex_lock(&closer->mutex);
	item = g_queue_pop_head(&closer->items);
	if (!item)
		closer->runs = false;
	*abandoned = closer->abandoned;
	g_mutex_unlock(&closer->mutex);
	return item;
}

static gpointer run(gpointer data)
{
	struct closer *closer = data;
	bool abandoned;
	struct item *item;

	while ((item = next_item(closer, &abandoned))) {
		release(item);
		g_atomic_int_add(&closer->pending, -1);
		g_atomic_int_dec_and_test(&pending_of_all);
	}
	if (abandoned)
		free_closer(closer);
	return NULL;
}

/* With the mutex held. Where there can be no thread now, the next one that is closed tries
 * again. */
static void start(struct closer *closer)
{
	GThread *thread;

	if (closer->runs)
		return;
	thread = g_thread_try_new("closer", run, closer, NULL);
	if (!thread)
		return;
	closer->runs = true;
	g_thread_unref(thread);
}

void closer_destroy(struct closer *closer)
{
	bool runs;

	if (!closer)
		return;
	g_mutex_lock(&closer->mutex);
	closer->abandoned = true;
	if (!g_queue_is_empty(&closer->items))
		start(closer);
	runs = closer->runs;
	g_mutex_unlock(&closer->mutex);
	if (!runs)
		free_closer(closer);
}

static void push(struct closer *closer, const struct item *item)
{
	g_atomic_int_inc(&pending_of_all);
	g_mutex_lock(&closer->mutex);
	g_queue_push_tail(&closer->items, g_memdup2(item, sizeof(*item)));
	g_atomic_int_inc(&closer->pending);
	start(closer);
	g_mutex_unlock(&closer->mutex);
}

/* Its last close() waits for nobody and has little to do. */
static bool is_quick(int fd)
{
	struct stat status;

	if (peer_fd_is_memory(fd))
		return fstat(fd, &status) == 0 && status.st_blocks <= SMALL_BYTES / 512;
	return peer_fd_is_eventfd(fd) || peer_fd_is_dmabuf(fd);
}

void closer_close(struct closer *closer, int fd)
{
	if (fd < 0)
		return;
	if (!closer || is_quick(fd))
		close(fd);
	else
		push(closer, &(struct item){.fd = fd});
}

void closer_hang_up(struct closer *closer, int fd)
{
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	closer_close(closer, fd);
}

void closer_unmap(struct closer *closer, void *mapping, size_t size)
{
	if (closer)
		push(closer, &(struct item){-1, mapping, size});
	else
		munmap(mapping, size);
}

bool closer_is_full(struct closer *closer)
{
	gint pending;

	if (!closer)
		return false;
	pending = g_atomic_int_get(&closer->pending);
	if (pending == 0)
		closer->told = false;
	if (pending < CLOSER_PENDING_MAX)
		return false;
	if (!closer->told)
		log_guest(G_LOG_LEVEL_WARNING, closer->guest,
			"%d file descriptors of its VMM or back-end do not close: nothing more is "
			"taken from them until they do",
			pending);
	closer->told = true;
	return true;
}
