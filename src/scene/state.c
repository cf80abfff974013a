/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct state {
	int fd;
	struct state_header *memory; /* and what follows it */
	size_t size; /* of both */
};

G_DEFINE_QUARK(scanoutd_state_error_quark, state_error)

/* A size that cannot change: no access to the mapping faults. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void fail(GError **error, const char *what)
{
	g_set_error(error, STATE_ERROR, STATE_ERROR_FAILED, "state: %s: %s", what,
		g_strerror(errno));
}

/* Maps the memfd; takes the fd over, also on failure. */
static struct state *map(int fd, size_t size, GError **error)
{
	struct state *state;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED) {
		fail(error, "mmap");
		close(fd);
		return NULL;
	}
	state = g_new0(struct state, 1);
	state->fd = fd;
	state->memory = memory;
	state->size = size;
	return state;
}

struct state *state_create_of(const struct state_kind *kind, const char *name, GError **error)
{
	g_autofree char *label = g_strdup_printf("scanoutd %s %s", kind->what, name);
	size_t size = sizeof(struct state_header) + kind->size;
	int fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct state *state;

	if (fd < 0) {
		fail(error, "memfd_create");
		return NULL;
	}
	if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		fail(error, "memfd");
		close(fd);
		return NULL;
	}
	state = map(fd, size, error);
	if (state != NULL) {
		state->memory->version = kind->version;
		state->memory->size = size;
	}
	return state;
}

struct state *state_create_of_fd(const struct state_kind *kind, int fd, GError **error)
{
	size_t size = sizeof(struct state_header) + kind->size;
	struct state *state;
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &status) != 0) {
		g_set_error(error, STATE_ERROR, STATE_ERROR_FAILED,
			"state: fd %d is no sealed memfd", fd);
		close(fd);
		return NULL;
	}
	if (status.st_size < (off_t)sizeof(struct state_header)) {
		g_set_error(error, STATE_ERROR, STATE_ERROR_VERSION,
			"state: %lld bytes are too few", (long long)status.st_size);
		close(fd);
		return NULL;
	}
	/* A shorter one is mapped too, but of it only the header, in its first page, is read. */
	state = map(fd, size, error);
	if (state == NULL)
		return NULL;
	if (state->memory->version != kind->version || state->memory->size != size ||
		status.st_size != (off_t)size) {
		g_set_error(error, STATE_ERROR, STATE_ERROR_VERSION,
			"state: version %u of %llu bytes, not version %u of %zu",
			state->memory->version, (unsigned long long)state->memory->size,
			kind->version, size);
		state_destroy(state);
		return NULL;
	}
	return state;
}

static const struct state_kind guest_kind = {
	.what = "guest",
	.version = STATE_VERSION,
	.size = sizeof(struct guest_state),
};

struct state *state_create(const char *name, GError **error)
{
	return state_create_of(&guest_kind, name, error);
}

struct state *state_create_from_fd(int fd, GError **error)
{
	return state_create_of_fd(&guest_kind, fd, error);
}

void state_destroy(struct state *state)
{
	if (state == NULL)
		return;
	munmap(state->memory, state->size);
	close(state->fd);
	g_free(state);
}

void *state_memory(struct state *state)
{
	return state->memory + 1;
}

struct guest_state *state_guest(struct state *state)
{
	return state_memory(state);
}

int state_fd(const struct state *state)
{
	return state->fd;
}
