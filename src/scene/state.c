/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct state_memory {
	struct state_header header;
	struct guest_state guest;
};

struct state {
	int fd;
	struct state_memory *memory;
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
static struct state *map(int fd, GError **error)
{
	struct state *state;
	void *memory = mmap(NULL, sizeof(struct state_memory), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);

	if (memory == MAP_FAILED) {
		fail(error, "mmap");
		close(fd);
		return NULL;
	}
	state = g_new0(struct state, 1);
	state->fd = fd;
	state->memory = memory;
	return state;
}

struct state *state_create(const char *name, GError **error)
{
	g_autofree char *label = g_strdup_printf("scanoutd guest %s", name);
	int fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct state *state;

	if (fd < 0) {
		fail(error, "memfd_create");
		return NULL;
	}
	if (ftruncate(fd, sizeof(struct state_memory)) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		fail(error, "memfd");
		close(fd);
		return NULL;
	}
	state = map(fd, error);
	if (state != NULL) {
		state->memory->header.version = STATE_VERSION;
		state->memory->header.size = sizeof(struct state_memory);
	}
	return state;
}

struct state *state_create_from_fd(int fd, GError **error)
{
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
	state = map(fd, error);
	if (state == NULL)
		return NULL;
	if (state->memory->header.version != STATE_VERSION ||
		state->memory->header.size != sizeof(struct state_memory) ||
		status.st_size != (off_t)sizeof(struct state_memory)) {
		g_set_error(error, STATE_ERROR, STATE_ERROR_VERSION,
			"state: version %u of %llu bytes, not version %u of %zu",
			state->memory->header.version,
			(unsigned long long)state->memory->header.size, STATE_VERSION,
			sizeof(struct state_memory));
		state_destroy(state);
		return NULL;
	}
	return state;
}

void state_destroy(struct state *state)
{
	if (state == NULL)
		return;
	munmap(state->memory, sizeof(struct state_memory));
	close(state->fd);
	g_free(state);
}

struct guest_state *state_guest(struct state *state)
{
	return &state->memory->guest;
}

int state_fd(const struct state *state)
{
	return state->fd;
}
