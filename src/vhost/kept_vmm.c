/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vhost/kept_vmm.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/account.h"
#include "wire/closer.h"
#include "wire/kept_fds.h"

/* What is kept, each under a name of its own. */
enum part {
	PART_QUEUE_IN,
	PART_QUEUE_OUT,
	PART_CONNECTION,
	PARTS,
};

static const char *const part_names[PARTS] = {"queue-in", "queue-out", "vmm"};

/* What the memory begins with. */
struct header {
	uint32_t version;
	uint32_t padding;
	uint64_t size; /* of the whole, this included; bytes */
};

/* A size that cannot change: no access to the mapping faults. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct kept_vmm {
	struct kept_vmm_options options; /* without the name */
	char *names[PARTS]; /* in the store */
	struct header *memory; /* NULL: not mapped */
	struct kept_fds *fds; /* NULL: nothing is kept */
	int connection; /* the predecessor's, until it is taken; or -1 */
};

static size_t whole_size(const struct kept_vmm *kept)
{
	return sizeof(struct header) + kept->options.size;
}

/* ---- the memory ---- */

static bool map(struct kept_vmm *kept, int fd)
{
	void *memory = mmap(NULL, whole_size(kept), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return false;
	kept->memory = memory;
	return true;
}

static void unmap(struct kept_vmm *kept)
{
	if (kept->memory)
		munmap(kept->memory, whole_size(kept));
	kept->memory = NULL;
}

/* A new one, zeroed. -1: it cannot be had. */
static int make_memory(struct kept_vmm *kept)
{
	int fd = memfd_create("scanoutd device", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)whole_size(kept)) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0 ||
		!map(kept, fd)) {
		close(fd);
		return -1;
	}
	kept->memory->version = kept->options.version;
	kept->memory->size = whole_size(kept);
	return fd;
}

/* A predecessor's. */
static bool map_left(struct kept_vmm *kept, int fd)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &status) == 0 &&
		status.st_size == (off_t)whole_size(kept) && map(kept, fd) &&
		kept->memory->version == kept->options.version &&
		kept->memory->size == whole_size(kept);
}

/* ---- the store ---- */

static int take(const struct kept_vmm *kept, enum part part)
{
	return kept->options.keeper->take(kept->options.keeper->data, kept->names[part]);
}

static bool keep(const struct kept_vmm *kept, enum part part, int fd)
{
	return kept->options.keeper->keep(kept->options.keeper->data, kept->names[part], fd);
}

static bool forget(const struct kept_vmm *kept, enum part part)
{
	return kept->options.keeper->forget(kept->options.keeper->data, kept->names[part]);
}

/* ---- a predecessor's ---- */

static bool take_over(struct kept_vmm *kept, const int queue[2])
{
	int fd;

	kept->fds = kept_fds_create_from(queue, account_closer(kept->options.account), NULL);
	if (!kept->fds)
		return false;
	fd = kept_fds_get(kept->fds, KEPT_FDS_STATE);
	if (kept_fds_charge(kept->fds, kept->options.account) && map_left(kept, fd)) {
		close(fd);
		return true;
	}
	closer_close(account_closer(kept->options.account), fd);
	unmap(kept);
	g_clear_pointer(&kept->fds, kept_fds_destroy);
	return false;
}

/* ---- a new one ---- */

static bool start_anew(struct kept_vmm *kept)
{
	int fd = make_memory(kept);
	const int *pair;

	if (fd < 0)
		return false;
	kept->fds = kept_fds_create(fd, account_closer(kept->options.account), NULL);
	close(fd);
	if (!kept->fds || !kept_fds_charge(kept->fds, kept->options.account))
		return false;
	pair = kept_fds_pair(kept->fds);
	return keep(kept, PART_QUEUE_IN, pair[0]) && keep(kept, PART_QUEUE_OUT, pair[1]);
}

/* ---- life ---- */

static struct kept_vmm *new_kept(const struct kept_vmm_options *options)
{
	struct kept_vmm *kept = g_new0(struct kept_vmm, 1);

	kept->options = *options;
	kept->options.name = NULL;
	kept->connection = -1;
	for (size_t i = 0; i < PARTS; i++)
		kept->names[i] = g_strdup_printf("device/%s/%s", part_names[i], options->name);
	return kept;
}

struct kept_vmm *kept_vmm_take(const struct kept_vmm_options *options, const char **why)
{
	struct kept_vmm *kept = new_kept(options);
	const int queue[2] = {take(kept, PART_QUEUE_IN), take(kept, PART_QUEUE_OUT)};

	*why = NULL;
	kept->connection = take(kept, PART_CONNECTION);
	if (take_over(kept, queue) && kept->connection >= 0)
		return kept;
	if (kept->connection >= 0)
		*why = "its state cannot be had, or is another version's";
	kept_vmm_destroy(kept);
	return NULL;
}

struct kept_vmm *kept_vmm_create(const struct kept_vmm_options *options)
{
	struct kept_vmm *kept = new_kept(options);

	if (start_anew(kept))
		return kept;
	kept_vmm_destroy(kept);
	return NULL;
}

/* False: it has not come to its end. */
static bool forget_all(const struct kept_vmm *kept)
{
	bool forgotten = true;

	for (enum part part = 0; part < PARTS; part++)
		forgotten &= forget(kept, part);
	return forgotten;
}

void kept_vmm_destroy(struct kept_vmm *kept)
{
	bool over;

	if (!kept)
		return;
	over = forget_all(kept);
	closer_hang_up(account_closer(kept->options.account), kept->connection);
	kept_fds_settle(kept->fds);
	/* What the VMM sent is closed one by one, and not by the kernel with the queue. */
	if (over)
		kept_fds_empty(kept->fds);
	kept_fds_destroy(kept->fds);
	unmap(kept);
	for (size_t i = 0; i < PARTS; i++)
		g_free(kept->names[i]);
	g_free(kept);
}

void *kept_vmm_memory(const struct kept_vmm *kept)
{
	return kept->memory + 1;
}

struct kept_fds *kept_vmm_fds(const struct kept_vmm *kept)
{
	return kept->fds;
}

int kept_vmm_take_connection(struct kept_vmm *kept)
{
	int connection = kept->connection;

	kept->connection = -1;
	return connection;
}

void kept_vmm_attached(struct kept_vmm *kept, int fd)
{
	keep(kept, PART_CONNECTION, fd);
}

bool kept_vmm_stays(struct kept_vmm *kept)
{
	return kept && !forget(kept, PART_CONNECTION);
}
