/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest_driver.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- memory ---- */

void guest_open(struct guest *guest)
{
	uint8_t *mapping;

	guest->fd = memfd_create("guest", MFD_CLOEXEC);
	g_assert_cmpint(guest->fd, >=, 0);
	g_assert_cmpint(ftruncate(guest->fd, GUEST_OFFSET + GUEST_SIZE), ==, 0);
	mapping = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, guest->fd,
		GUEST_OFFSET);
	g_assert_true(mapping != MAP_FAILED);
	guest->bytes = mapping;
}

void guest_close(struct guest *guest)
{
	munmap(guest->bytes, GUEST_SIZE);
	close(guest->fd);
}

void guest_shrink(struct guest *guest)
{
	g_assert_cmpint(ftruncate(guest->fd, 0), ==, 0);
}

struct vhost_user_memory_region guest_region(void)
{
	return (struct vhost_user_memory_region){GUEST_ADDRESS, GUEST_SIZE, GUEST_USER,
		GUEST_OFFSET};
}

/* ---- a queue ---- */

static uint16_t *word(const struct driver *driver, uint32_t offset)
{
	return (uint16_t *)(void *)(driver->guest->bytes + offset);
}

static uint16_t *used_event(const struct driver *driver)
{
	return word(driver, driver->available + 4 + 2u * driver->size);
}

void driver_init(struct driver *driver, struct guest *guest, uint16_t size, uint32_t offset)
{
	uint32_t end;

	*driver = (struct driver){.guest = guest, .size = size, .descriptors = offset};
	driver->available = offset + size * (uint32_t)sizeof(struct vring_desc);
	driver->used = (driver->available + 4 + 2u * (size + 1u) + 3) & ~3u;
	end = driver->used + 4 + size * (uint32_t)sizeof(struct vring_used_elem) + 2;
	g_assert_cmpuint(end, <=, GUEST_SIZE);
	memset(guest->bytes + offset, 0, end - offset);
}

void driver_begin_at(struct driver *driver, uint16_t index)
{
	driver->seen = index;
	*word(driver, driver->used + 2) = GUINT16_TO_LE(index);
	driver_set_index(driver, index);
}

void driver_describe(struct driver *driver, uint16_t index, struct vring_desc descriptor)
{
	const struct vring_desc wire = {
		.addr = GUINT64_TO_LE(descriptor.addr),
		.len = GUINT32_TO_LE(descriptor.len),
		.flags = GUINT16_TO_LE(descriptor.flags),
		.next = GUINT16_TO_LE(descriptor.next),
	};

	memcpy(driver->guest->bytes + driver->descriptors + index * sizeof(wire), &wire,
		sizeof(wire));
}

void driver_offer(struct driver *driver, uint16_t head)
{
	uint32_t entry = driver->offered % driver->size;

	*word(driver, driver->available + 4 + 2 * entry) = GUINT16_TO_LE(head);
	driver_set_index(driver, (uint16_t)(driver->offered + 1));
}

void driver_offer_buffer(struct driver *driver, uint16_t head, uint32_t offset, uint32_t length,
	bool writable)
{
	driver_describe(driver, head,
		(struct vring_desc){GUEST_ADDRESS + offset, length,
			writable ? VRING_DESC_F_WRITE : 0, 0});
	driver_offer(driver, head);
}

void driver_set_index(struct driver *driver, uint16_t index)
{
	driver->offered = index;
	__atomic_store_n(word(driver, driver->available + 2), GUINT16_TO_LE(index),
		__ATOMIC_RELEASE);
}

void driver_set_flags(struct driver *driver, uint16_t flags)
{
	*word(driver, driver->available) = GUINT16_TO_LE(flags);
}

void driver_set_used_event(struct driver *driver, uint16_t index)
{
	*used_event(driver) = GUINT16_TO_LE(index);
}

uint16_t driver_available_event(const struct driver *driver)
{
	return GUINT16_FROM_LE(*word(driver, driver->used + 4 + 8u * driver->size));
}

bool driver_take_used(struct driver *driver, struct vring_used_elem *element)
{
	uint16_t index = GUINT16_FROM_LE(
		__atomic_load_n(word(driver, driver->used + 2), __ATOMIC_ACQUIRE));

	if (driver->seen == index)
		return false;
	memcpy(element,
		driver->guest->bytes + driver->used + 4 +
			driver->seen % driver->size * sizeof(*element),
		sizeof(*element));
	element->id = GUINT32_FROM_LE(element->id);
	element->len = GUINT32_FROM_LE(element->len);
	driver->seen++;
	return true;
}
