/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vhost/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/account.h"
#include "wire/closer.h"
#include "wire/guard.h"
#include "wire/kept_fds.h"
#include "wire/peer_fd.h"

G_DEFINE_QUARK(scanoutd_memory_error_quark, memory_error)

/* A VMM's offsets into its files have 64 bits, also where an address has 32. */
G_STATIC_ASSERT(sizeof(off_t) == sizeof(uint64_t));

/* ---- what became shorter ---- */

void memory_guard(void)
{
	guard_install();
}

bool memory_lost(const struct memory *memory)
{
	for (size_t i = 0; i < memory->count; i++) {
		if (guard_lost(memory->regions[i].guard))
			return true;
	}
	return false;
}

/* ---- regions ---- */

static bool refuse(GError **error, const struct vhost_user_memory_region *region, const char *why)
{
	g_set_error(error, MEMORY_ERROR, MEMORY_ERROR_REGION,
		"memory region of %" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x: %s",
		region->size, region->guest_address, why);
	return false;
}

static bool wraps(uint64_t address, uint64_t size)
{
	return address + size < address;
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool is_possible(const struct memory *memory, const struct vhost_user_memory_region *region,
	int fd, struct stat *status, GError **error)
{
	if (memory->count == MEMORY_REGIONS_MAX)
		return refuse(error, region, "one too many");
	if (region->size == 0)
		return refuse(error, region, "nothing in it");
	if (wraps(region->guest_address, region->size) ||
		wraps(region->user_address, region->size) ||
		wraps(region->mmap_offset, region->size))
		return refuse(error, region, "it wraps around");
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_region *other = &memory->regions[i];

		if (overlaps(region->guest_address, region->size, other->guest_address,
			    other->size) ||
			overlaps(region->user_address, region->size, other->user_address,
				other->size))
			return refuse(error, region, "it overlaps another one");
	}
	/* Before anything else is asked of it. */
	if (!peer_fd_is_memory(fd))
		return refuse(error, region,
			"it is no memfd and no file of tmpfs or hugetlbfs; start QEMU with "
			"-object memory-backend-memfd,id=mem,size=SIZE,share=on "
			"-machine memory-backend=mem");
	if (fstat(fd, status) < 0)
		return refuse(error, region, g_strerror(errno));
	if ((uint64_t)status->st_size < region->mmap_offset + region->size)
		return refuse(error, region, "its file is shorter");
	return true;
}

/* ---- how much of it ---- */

/*
 * A file of any size costs its owner nothing, but what is mapped of it costs us address space, of
 * which all guests have 128 TiB. Guests that together have several times the machine's memory are
 * nothing unusual.
 */
static uint64_t most_bytes(void)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	return MAX(MEMORY_BYTES_MAX, MEMORY_OVERCOMMIT_MAX * machine);
}

static uint64_t mapped_bytes(const struct memory *memory)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < memory->count; i++)
		bytes += memory->regions[i].mapping_size;
	return bytes;
}

bool memory_add(struct memory *memory, const struct vhost_user_memory_region *region, int fd,
	GError **error)
{
	struct memory_region *added = &memory->regions[memory->count];
	struct stat status;
	uint64_t begin;
	uint64_t page;
	uint64_t size;
	void *mapping;
	size_t guard;
	g_autoptr(GError) excess = NULL;

	if (!is_possible(memory, region, fd, &status, error))
		return false;
	/* Memory of huge pages is mapped by whole ones only, and its block size is a page. */
	page = status.st_blksize > 0 ? (uint64_t)status.st_blksize : 1;
	page = MAX(page, (uint64_t)sysconf(_SC_PAGESIZE));
	begin = region->mmap_offset / page * page;
	size = (region->mmap_offset - begin + region->size + page - 1) / page * page;
	/* One that no process of 32 bits could have must not become a shorter one in a size_t. */
	if (size > PTRDIFF_MAX)
		return refuse(error, region, "more than this process has addresses for");
	if (size > most_bytes() - MIN(mapped_bytes(memory), most_bytes()))
		return refuse(error, region, "more than a device may have");
	if (!account_charge_mapping(memory->account, size, &excess))
		return refuse(error, region, excess->message);
	mapping = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
		(off_t)begin);
	if (mapping == MAP_FAILED) {
		int saved = errno;

		account_discharge_mapping(memory->account, size);
		refuse(error, region, g_strerror(saved));
		if (error && (saved == ENOMEM || saved == EAGAIN))
			(*error)->code = MEMORY_ERROR_MOMENT;
		return false;
	}
	guard = guard_add(mapping, (size_t)size);
	if (guard == GUARD_NONE) {
		munmap(mapping, (size_t)size);
		account_discharge_mapping(memory->account, size);
		return refuse(error, region, "too many guests have too many of them");
	}
	*added = (struct memory_region){
		.guest_address = region->guest_address,
		.user_address = region->user_address,
		.size = region->size,
		.mmap_offset = region->mmap_offset,
		.bytes = (uint8_t *)mapping + (region->mmap_offset - begin),
		.mapping = mapping,
		.mapping_size = (size_t)size,
		.guard = guard,
	};
	memory->count++;
	return true;
}

static void unmap(const struct memory *memory, struct memory_region *region)
{
	guard_remove(region->guard);
	kept_fds_remove(memory->kept, region->kept, false);
	closer_unmap(account_closer(memory->account), region->mapping, region->mapping_size);
	account_discharge_mapping(memory->account, region->mapping_size);
}

bool memory_remove(struct memory *memory, const struct vhost_user_memory_region *region)
{
	for (size_t i = 0; i < memory->count; i++) {
		struct memory_region *found = &memory->regions[i];

		if (found->guest_address != region->guest_address ||
			found->user_address != region->user_address || found->size != region->size)
			continue;
		unmap(memory, found);
		*found = memory->regions[--memory->count];
		return true;
	}
	return false;
}

void memory_clear(struct memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		unmap(memory, &memory->regions[i]);
	memory->count = 0;
}

/* ---- addresses ---- */

static bool holds(uint64_t begin, uint64_t region_size, uint64_t address, uint64_t size)
{
	return address >= begin && size <= region_size && address - begin <= region_size - size;
}

void *memory_at_guest(const struct memory *memory, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_region *region = &memory->regions[i];

		if (holds(region->guest_address, region->size, address, size))
			return region->bytes + (address - region->guest_address);
	}
	return NULL;
}

void *memory_at_user(const struct memory *memory, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_region *region = &memory->regions[i];

		if (holds(region->user_address, region->size, address, size))
			return region->bytes + (address - region->user_address);
	}
	return NULL;
}
