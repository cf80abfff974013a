/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vhost/ring.h"

#include <linux/virtio_ring.h>
#include <string.h>

G_DEFINE_QUARK(scanoutd_ring_error_quark, ring_error)

/* Fields of the two rings, in bytes from their begin (virtio 1.2, 2.7.6 and 2.7.8). */
#define FLAGS_OFFSET 0u
#define INDEX_OFFSET 2u
#define ENTRIES_OFFSET 4u

static size_t available_size(const struct ring *ring)
{
	return ENTRIES_OFFSET + (ring->size + 1u) * sizeof(uint16_t);
}

static size_t used_size(const struct ring *ring)
{
	return ENTRIES_OFFSET + ring->size * sizeof(struct vring_used_elem) + sizeof(uint16_t);
}

/* The VMM's address says nothing of where its file begins in our memory. */
static void *aligned(void *part, uintptr_t alignment)
{
	return (uintptr_t)part % alignment ? NULL : part;
}

/* The three parts were there at the start, but a region can have been removed since, and come back
 * later or elsewhere. */
static uint8_t *available_part(const struct ring *ring, const struct memory *memory)
{
	return aligned(memory_at_user(memory, ring->available_address, available_size(ring)), 2);
}

static uint8_t *used_part(const struct ring *ring, const struct memory *memory)
{
	return aligned(memory_at_user(memory, ring->used_address, used_size(ring)), 4);
}

static struct vring_desc *descriptor_part(const struct ring *ring, const struct memory *memory)
{
	return aligned(memory_at_user(memory, ring->descriptor_address,
			       ring->size * sizeof(struct vring_desc)),
		16);
}

struct parts {
	const struct vring_desc *descriptors;
	const uint8_t *available;
	uint8_t *used;
};

static bool find_parts(const struct ring *ring, const struct memory *memory, struct parts *parts)
{
	parts->descriptors = descriptor_part(ring, memory);
	parts->available = available_part(ring, memory);
	parts->used = used_part(ring, memory);
	return parts->descriptors && parts->available && parts->used;
}

/* One access each, of what another processor changes. */
static uint16_t read16(const uint8_t *bytes, int order)
{
	const uint16_t *place = (const uint16_t *)(const void *)bytes;

	return GUINT16_FROM_LE(order == __ATOMIC_ACQUIRE
			? __atomic_load_n(place, __ATOMIC_ACQUIRE)
			: __atomic_load_n(place, __ATOMIC_RELAXED));
}

static void write16(uint8_t *bytes, uint16_t value, int order)
{
	uint16_t *place = (uint16_t *)(void *)bytes;

	if (order == __ATOMIC_RELEASE)
		__atomic_store_n(place, GUINT16_TO_LE(value), __ATOMIC_RELEASE);
	else
		__atomic_store_n(place, GUINT16_TO_LE(value), __ATOMIC_RELAXED);
}

static bool refuse_address(GError **error, const char *what)
{
	g_set_error(error, RING_ERROR, RING_ERROR_ADDRESS, "%s", what);
	return false;
}

bool ring_start(struct ring *ring, const struct memory *memory, GError **error)
{
	struct parts parts;

	ring->started = false;
	ring->broken = false;
	if (ring->size == 0 || ring->size > RING_SIZE_MAX || (ring->size & (ring->size - 1)))
		return refuse_address(error, "a ring's size is no power of two up to 32768");
	if (ring->descriptor_address % 16 || ring->available_address % 2 || ring->used_address % 4)
		return refuse_address(error, "a ring is not aligned");
	if (!find_parts(ring, memory, &parts))
		return refuse_address(error,
			"a ring is not in the guest's memory, or not aligned in it");
	ring->used = read16(parts.used + INDEX_OFFSET, __ATOMIC_RELAXED);
	ring->signalled = ring->used;
	ring->called = false;
	ring->started = true;
	return true;
}

bool ring_go_on(struct ring *ring, const struct memory *memory, uint16_t used, GError **error)
{
	if (!ring_start(ring, memory, error))
		return false;
	ring->next = (uint16_t)(ring->next + (uint16_t)(ring->used - used));
	return true;
}

void ring_stop(struct ring *ring)
{
	ring->started = false;
}

G_GNUC_PRINTF(3, 4)
static enum ring_status break_ring(struct ring *ring, GError **error, const char *format, ...)
{
	va_list arguments;
	g_autofree char *text = NULL;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	ring->broken = true;
	g_set_error(error, RING_ERROR, RING_ERROR_GUEST, "%s", text);
	return RING_BROKEN;
}

/* ---- what is offered ---- */

/*
 * How many the guest offers. With the event index it kicks when it offers the one that we name; it
 * may do so while we name it, so that we look again.
 */
static uint16_t count_offered(const struct ring *ring, const struct parts *parts)
{
	uint16_t offered = (uint16_t)(read16(parts->available + INDEX_OFFSET, __ATOMIC_ACQUIRE) -
		ring->next);

	if (offered || !ring->event_index)
		return offered;
	write16(parts->used + used_size(ring) - sizeof(uint16_t), ring->next, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (uint16_t)(read16(parts->available + INDEX_OFFSET, __ATOMIC_ACQUIRE) - ring->next);
}

static enum ring_status look_offered(struct ring *ring, const struct memory *memory,
	struct parts *parts, GError **error)
{
	uint16_t offered;

	if (ring->broken)
		return RING_BROKEN;
	/* That a VMM takes memory away for a while is no fault of the guest's. */
	if (!ring->started || !find_parts(ring, memory, parts))
		return RING_EMPTY;
	offered = count_offered(ring, parts);
	if (offered <= ring->size)
		return offered ? RING_CHAIN : RING_EMPTY;
	break_ring(ring, error, "offers %u buffers in a ring of %u", offered, ring->size);
	return RING_BROKEN;
}

/* ---- chains ---- */

/* A table of descriptors: the ring's, or an indirect one. */
struct table {
	const struct vring_desc *descriptors;
	unsigned int size;
	bool indirect;
};

static struct vring_desc read_descriptor(const struct table *table, unsigned int index)
{
	struct vring_desc descriptor;

	memcpy(&descriptor, (const void *)&table->descriptors[index], sizeof(descriptor));
	/* What is checked below is this copy. */
	__asm__ volatile("" ::: "memory");
	descriptor.addr = GUINT64_FROM_LE(descriptor.addr);
	descriptor.len = GUINT32_FROM_LE(descriptor.len);
	descriptor.flags = GUINT16_FROM_LE(descriptor.flags);
	descriptor.next = GUINT16_FROM_LE(descriptor.next);
	return descriptor;
}

static enum ring_status add_piece(struct ring *ring, const struct memory *memory,
	const struct vring_desc *descriptor, bool writable, struct ring_chain *chain,
	GError **error)
{
	void *bytes;

	if (!!(descriptor->flags & VRING_DESC_F_WRITE) != writable)
		return break_ring(ring, error, "offers a buffer to %s where one to %s belongs",
			writable ? "read" : "write", writable ? "write" : "read");
	if (descriptor->len == 0)
		return break_ring(ring, error, "offers a buffer of no bytes");
	if (descriptor->len > RING_BYTES_MAX - chain->bytes)
		return break_ring(ring, error, "offers a buffer of more than %u bytes",
			RING_BYTES_MAX);
	if (chain->count == RING_PIECES_MAX)
		return break_ring(ring, error, "offers a buffer in more than %u pieces, or a loop",
			RING_PIECES_MAX);
	bytes = memory_at_guest(memory, descriptor->addr, descriptor->len);
	if (!bytes)
		return break_ring(ring, error,
			"offers a buffer of %u bytes at 0x%" G_GINT64_MODIFIER
			"x, outside its memory",
			descriptor->len, (guint64)descriptor->addr);
	chain->pieces[chain->count++] = (struct iovec){bytes, descriptor->len};
	chain->bytes += descriptor->len;
	return RING_CHAIN;
}

/* Not offered, and yet some drivers use it. */
static enum ring_status enter_indirect(struct ring *ring, const struct memory *memory,
	const struct vring_desc *descriptor, struct table *table, GError **error)
{
	if (table->indirect)
		return break_ring(ring, error, "offers an indirect table in an indirect table");
	if (descriptor->flags & VRING_DESC_F_NEXT)
		return break_ring(ring, error, "offers an indirect table that is not the last");
	if (descriptor->len == 0 || descriptor->len % sizeof(struct vring_desc))
		return break_ring(ring, error, "offers an indirect table of %u bytes",
			descriptor->len);
	table->descriptors = memory_at_guest(memory, descriptor->addr, descriptor->len);
	if (!table->descriptors)
		return break_ring(ring, error, "offers an indirect table outside its memory");
	table->size = descriptor->len / (unsigned int)sizeof(struct vring_desc);
	table->indirect = true;
	return RING_CHAIN;
}

/* Every step is a piece or the one way into an indirect table, so that a loop ends at
 * RING_PIECES_MAX. */
static enum ring_status walk(struct ring *ring, const struct memory *memory, struct table table,
	bool writable, struct ring_chain *chain, GError **error)
{
	unsigned int index = chain->head;

	for (;;) {
		struct vring_desc descriptor;
		enum ring_status status;

		if (index >= table.size)
			return break_ring(ring, error, "names descriptor %u of %u", index,
				table.size);
		descriptor = read_descriptor(&table, index);
		if (descriptor.flags & VRING_DESC_F_INDIRECT) {
			status = enter_indirect(ring, memory, &descriptor, &table, error);
			index = 0;
			if (status != RING_CHAIN)
				return status;
			continue;
		}
		status = add_piece(ring, memory, &descriptor, writable, chain, error);
		if (status != RING_CHAIN || !(descriptor.flags & VRING_DESC_F_NEXT))
			return status;
		index = descriptor.next;
	}
}

enum ring_status ring_look(struct ring *ring, const struct memory *memory, bool writable,
	struct ring_chain *chain, GError **error)
{
	struct parts parts;
	enum ring_status status = look_offered(ring, memory, &parts, error);
	const uint8_t *entry;

	if (status != RING_CHAIN)
		return status;
	entry = parts.available + ENTRIES_OFFSET +
		(ring->next & (ring->size - 1u)) * sizeof(uint16_t);
	chain->head = read16(entry, __ATOMIC_RELAXED);
	chain->count = 0;
	chain->bytes = 0;
	return walk(ring, memory, (struct table){parts.descriptors, ring->size, false}, writable,
		chain, error);
}

/* ---- what is given back ---- */

void ring_use(struct ring *ring, const struct memory *memory, const struct ring_chain *chain,
	uint32_t written)
{
	uint8_t *used = used_part(ring, memory);
	struct vring_used_elem element = {
		.id = GUINT32_TO_LE(chain->head),
		.len = GUINT32_TO_LE(written),
	};

	if (!used)
		return;
	memcpy(used + ENTRIES_OFFSET + (ring->used & (ring->size - 1u)) * sizeof(element), &element,
		sizeof(element));
	ring->next++;
	ring->used++;
	write16(used + INDEX_OFFSET, ring->used, __ATOMIC_RELEASE);
}

bool ring_wants_call(struct ring *ring, const struct memory *memory)
{
	const uint8_t *available = available_part(ring, memory);
	uint16_t before = ring->signalled;
	bool first = !ring->called;
	uint16_t event;

	if (!available || ring->used == before)
		return false;
	ring->signalled = ring->used;
	ring->called = true;
	/* The index that was written must be seen by a guest whose wish is read as the old one. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!ring->event_index)
		return !(read16(available + FLAGS_OFFSET, __ATOMIC_RELAXED) &
			VRING_AVAIL_F_NO_INTERRUPT);
	event = read16(available + available_size(ring) - sizeof(uint16_t), __ATOMIC_RELAXED);
	return first || vring_need_event(event, ring->used, before);
}
