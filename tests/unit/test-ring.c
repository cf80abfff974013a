/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtqueue, with a driver that does what it should and then all that it may not. */
#include <string.h>

#include "channel_fixture.h"
#include "guest_driver.h"
#include "vhost/ring.h"

#define QUEUE_OFFSET 0x1000u
#define TABLE_OFFSET 0x8000u /* an indirect one */
#define BUFFER_OFFSET 0x10000u

/* For the guest. */
#define TABLE (GUEST_ADDRESS + TABLE_OFFSET)
#define BUFFER (GUEST_ADDRESS + BUFFER_OFFSET)
#define END (GUEST_ADDRESS + (uint64_t)GUEST_SIZE)

#define W VRING_DESC_F_WRITE
#define N VRING_DESC_F_NEXT
#define I VRING_DESC_F_INDIRECT

typedef struct fixture {
	struct guest guest;
	struct memory memory;
	struct driver driver;
	struct ring ring;
} ring_fixture;

static void set_addresses(struct fixture *fixture)
{
	fixture->ring.size = fixture->driver.size;
	fixture->ring.descriptor_address = GUEST_USER + fixture->driver.descriptors;
	fixture->ring.available_address = GUEST_USER + fixture->driver.available;
	fixture->ring.used_address = GUEST_USER + fixture->driver.used;
}

static void setup(struct fixture *fixture)
{
	const struct vhost_user_memory_region region = guest_region();
	g_autoptr(GError) error = NULL;

	guest_open(&fixture->guest);
	memory_add(&fixture->memory, &region, fixture->guest.fd, &error);
	g_assert_no_error(error);
}

/* A queue of `size` that has come to `index`. */
static void start(struct fixture *fixture, uint16_t size, uint16_t index, bool event_index)
{
	g_autoptr(GError) error = NULL;

	driver_init(&fixture->driver, &fixture->guest, size, QUEUE_OFFSET);
	driver_begin_at(&fixture->driver, index);
	fixture->ring = (struct ring){.next = index, .event_index = event_index};
	set_addresses(fixture);
	ring_start(&fixture->ring, &fixture->memory, &error);
	g_assert_no_error(error);
}

static struct fixture *fixture_new(uint16_t size, uint16_t index, bool event_index)
{
	struct fixture *fixture = g_new0(struct fixture, 1);

	setup(fixture);
	start(fixture, size, index, event_index);
	return fixture;
}

static void fixture_free(struct fixture *fixture)
{
	memory_clear(&fixture->memory);
	guest_close(&fixture->guest);
	g_free(fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ring_fixture, fixture_free)

static enum ring_status look(struct fixture *fixture, bool writable, struct ring_chain *chain)
{
	return ring_look(&fixture->ring, &fixture->memory, writable, chain, NULL);
}

/* The next chain is used, which `head` begins. */
static void use_next(struct fixture *fixture, uint16_t head, uint32_t written)
{
	struct ring_chain chain;

	g_assert_cmpint(look(fixture, true, &chain), ==, RING_CHAIN);
	g_assert_cmpuint(chain.head, ==, head);
	ring_use(&fixture->ring, &fixture->memory, &chain, written);
}

static void expect_used(struct fixture *fixture, uint32_t id, uint32_t length)
{
	struct vring_used_elem element;

	g_assert_true(driver_take_used(&fixture->driver, &element));
	g_assert_cmpuint(element.id, ==, id);
	g_assert_cmpuint(element.len, ==, length);
}

/* ---- chains ---- */

static const struct chain_case {
	const char *name;
	bool readable;
	uint16_t head;
	struct vring_desc ring[3]; /* of 8 */
	struct vring_desc table[4];
	uint32_t table_shift;
	/* Of the chain that is found … */
	int pieces;
	size_t bytes;
	/* … or the end of why it is refused. */
	const char *why;
} chain_cases[] = {
	{"one", .ring = {{BUFFER, 8, W}}, .pieces = 1, .bytes = 8},
	{"readable", true, .ring = {{BUFFER, 8}}, .pieces = 1, .bytes = 8},
	{"pieces", .ring = {{BUFFER, 1, W | N, 2}, {BUFFER + 9, 2, W}, {BUFFER + 1, 5, W | N, 1}},
		.pieces = 3, .bytes = 8},
	/* Without NEXT it is not looked at. */
	{"last-next", .ring = {{BUFFER, 8, W, 999}}, .pieces = 1, .bytes = 8},
	{"unknown-flags", .ring = {{BUFFER, 8, 0xfff8 | W}}, .pieces = 1, .bytes = 8},
	{"odd-address", .ring = {{BUFFER + 3, 8, W}}, .pieces = 1, .bytes = 8},
	{"very-begin", .ring = {{GUEST_ADDRESS, 1, W}}, .pieces = 1, .bytes = 1},
	{"very-end", .ring = {{END - 8, 8, W}}, .pieces = 1, .bytes = 8},
	{"same-twice", .ring = {{BUFFER, 8, W | N, 1}, {BUFFER, 8, W}}, .pieces = 2, .bytes = 16},
	{"most-bytes", .ring = {{BUFFER, RING_BYTES_MAX, W}}, .pieces = 1, .bytes = RING_BYTES_MAX},
	{"indirect", .ring = {{TABLE, 48, I}},
		.table = {{BUFFER, 1, W | N, 2}, {0}, {BUFFER, 7, W}}, .pieces = 2, .bytes = 8},
	/* The device ignores WRITE there. */
	{"indirect-write", true, .ring = {{TABLE, 16, I | W}}, .table = {{BUFFER, 8}}, .pieces = 1,
		.bytes = 8},
	{"indirect-odd-address", .ring = {{TABLE + 5, 16, I}}, .table = {{BUFFER, 8, W}},
		.table_shift = 5, .pieces = 1, .bytes = 8},
	{"piece-then-indirect", .ring = {{BUFFER, 3, W | N, 1}, {TABLE, 16, I}},
		.table = {{BUFFER + 3, 5, W}}, .pieces = 2, .bytes = 8},

	{"head-outside", .head = 8, .why = "names descriptor 8 of 8"},
	{"head-far-outside", .head = 0xffff, .why = "names descriptor 65535 of 8"},
	{"next-outside", .ring = {{BUFFER, 1, W | N, 8}}, .why = "names descriptor 8 of 8"},
	{"loop", .ring = {{BUFFER, 1, W | N, 0}}, .why = "in more than 16 pieces, or a loop"},
	{"loop-of-two", .ring = {{BUFFER, 1, W | N, 1}, {BUFFER, 1, W | N, 0}},
		.why = "in more than 16 pieces, or a loop"},
	{"no-bytes", .ring = {{BUFFER, 0, W}}, .why = "a buffer of no bytes"},
	{"no-bytes-behind", .ring = {{BUFFER, 8, W | N, 1}, {BUFFER, 0, W}},
		.why = "a buffer of no bytes"},
	{"nowhere", .ring = {{0, 8, W}}, .why = "of 8 bytes at 0x0, outside its memory"},
	{"below", .ring = {{GUEST_ADDRESS - 1, 8, W}}, .why = "outside its memory"},
	{"over-the-end", .ring = {{END - 7, 8, W}}, .why = "outside its memory"},
	{"behind", .ring = {{END, 1, W}}, .why = "outside its memory"},
	{"wraps", .ring = {{UINT64_MAX, 8, W}}, .why = "outside its memory"},
	/* The VMM's addresses are not the guest's. */
	{"user-address", .ring = {{GUEST_USER, 8, W}}, .why = "outside its memory"},
	{"second-outside", .ring = {{BUFFER, 8, W | N, 1}, {END, 8, W}},
		.why = "outside its memory"},
	{"huge", .ring = {{BUFFER, UINT32_MAX, W}}, .why = "of more than 65536 bytes"},
	{"one-too-many", .ring = {{BUFFER, RING_BYTES_MAX + 1, W}},
		.why = "of more than 65536 bytes"},
	{"sum-too-large", .ring = {{BUFFER, RING_BYTES_MAX, W | N, 1}, {BUFFER, 1, W}},
		.why = "of more than 65536 bytes"},
	{"sum-overflows", .ring = {{BUFFER, 2, W | N, 1}, {BUFFER, UINT32_MAX - 1, W}},
		.why = "of more than 65536 bytes"},
	{"to-read", .ring = {{BUFFER, 8}}, .why = "to read where one to write belongs"},
	{"to-write", true, .ring = {{BUFFER, 8, W}}, .why = "to write where one to read belongs"},
	{"read-then-write", .ring = {{BUFFER, 8, N, 1}, {BUFFER, 8, W}},
		.why = "to read where one to write belongs"},
	{"write-then-read", .ring = {{BUFFER, 8, W | N, 1}, {BUFFER, 8}},
		.why = "to read where one to write belongs"},
	{"nested", .ring = {{TABLE, 16, I}}, .table = {{TABLE, 16, I}},
		.why = "an indirect table in an indirect table"},
	{"nested-behind", .ring = {{TABLE, 32, I}},
		.table = {{BUFFER, 8, W | N, 1}, {TABLE, 16, I}},
		.why = "an indirect table in an indirect table"},
	{"indirect-and-next", .ring = {{TABLE, 16, I | N, 1}, {BUFFER, 8, W}},
		.table = {{BUFFER, 8, W}}, .why = "an indirect table that is not the last"},
	{"indirect-empty", .ring = {{TABLE, 0, I}}, .why = "an indirect table of 0 bytes"},
	{"indirect-short", .ring = {{TABLE, 15, I}}, .why = "an indirect table of 15 bytes"},
	{"indirect-odd", .ring = {{TABLE, 33, I}}, .table = {{BUFFER, 8, W}},
		.why = "an indirect table of 33 bytes"},
	{"indirect-outside", .ring = {{END - 16, 32, I}},
		.why = "an indirect table outside its memory"},
	{"indirect-huge", .ring = {{TABLE, 0xfffffff0, I}},
		.why = "an indirect table outside its memory"},
	{"indirect-next-outside", .ring = {{TABLE, 32, I}}, .table = {{BUFFER, 8, W | N, 2}},
		.why = "names descriptor 2 of 2"},
	{"indirect-loop", .ring = {{TABLE, 16, I}}, .table = {{BUFFER, 1, W | N, 0}},
		.why = "in more than 16 pieces, or a loop"},
	{"indirect-read", .ring = {{TABLE, 16, I}}, .table = {{BUFFER, 8}},
		.why = "to read where one to write belongs"},
};

/* Nothing that is found lies outside of what was shared. */
static void check_pieces(const struct fixture *fixture, const struct ring_chain *chain)
{
	const uint8_t *memory = fixture->memory.regions[0].bytes;
	size_t bytes = 0;

	g_assert_cmpint(chain->count, >, 0);
	g_assert_cmpint(chain->count, <=, RING_PIECES_MAX);
	for (int i = 0; i < chain->count; i++) {
		const uint8_t *piece = chain->pieces[i].iov_base;

		g_assert_true(piece >= memory);
		g_assert_cmpuint((size_t)(piece - memory), <=,
			GUEST_SIZE - chain->pieces[i].iov_len);
		bytes += chain->pieces[i].iov_len;
	}
	g_assert_cmpuint(bytes, ==, chain->bytes);
	g_assert_cmpuint(bytes, <=, RING_BYTES_MAX);
}

/* Refused once and for all, with one reason; a start heals. */
static void check_broken(struct fixture *fixture, bool writable, const GError *error,
	const char *why)
{
	struct ring_chain chain;
	g_autoptr(GError) again = NULL;

	g_assert_error(error, RING_ERROR, RING_ERROR_GUEST);
	g_assert_true(g_str_has_suffix(error->message, why));
	g_assert_true(fixture->ring.broken);
	g_assert_cmpint(ring_look(&fixture->ring, &fixture->memory, writable, &chain, &again), ==,
		RING_BROKEN);
	g_assert_no_error(again);
	g_assert_false(ring_wants_call(&fixture->ring, &fixture->memory));
	start(fixture, 8, 0, false);
	g_assert_cmpint(look(fixture, writable, &chain), ==, RING_EMPTY);
}

static void test_chain(const void *data)
{
	const struct chain_case *test = data;
	g_autoptr(ring_fixture) fixture = fixture_new(8, 0, false);
	struct ring_chain chain;
	g_autoptr(GError) error = NULL;
	enum ring_status status;

	for (size_t i = 0; i < G_N_ELEMENTS(test->ring); i++)
		driver_describe(&fixture->driver, (uint16_t)i, test->ring[i]);
	memcpy(fixture->guest.bytes + TABLE_OFFSET + test->table_shift, test->table,
		sizeof(test->table));
	driver_offer(&fixture->driver, test->head);
	status = ring_look(&fixture->ring, &fixture->memory, !test->readable, &chain, &error);
	if (test->why) {
		g_assert_cmpint(status, ==, RING_BROKEN);
		check_broken(fixture, !test->readable, error, test->why);
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, RING_CHAIN);
	g_assert_cmpint(chain.count, ==, test->pieces);
	g_assert_cmpuint(chain.bytes, ==, test->bytes);
	g_assert_cmpuint(chain.head, ==, test->head);
	check_pieces(fixture, &chain);
	/* It is offered until it is used. */
	g_assert_cmpint(look(fixture, !test->readable, &chain), ==, RING_CHAIN);
	ring_use(&fixture->ring, &fixture->memory, &chain, 3);
	g_assert_cmpint(look(fixture, !test->readable, &chain), ==, RING_EMPTY);
	expect_used(fixture, test->head, 3);
}

/* As many pieces as there may be, and one more. */
static void test_most_pieces(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(32, 0, false);
	struct ring_chain chain;

	for (uint16_t i = 0; i < 17; i++)
		driver_describe(&fixture->driver, i,
			(struct vring_desc){BUFFER + i, 1, i == 15 ? W : W | N, (uint16_t)(i + 1)});
	driver_offer(&fixture->driver, 0);
	g_assert_cmpint(look(fixture, true, &chain), ==, RING_CHAIN);
	g_assert_cmpint(chain.count, ==, RING_PIECES_MAX);
	driver_describe(&fixture->driver, 15, (struct vring_desc){BUFFER, 1, W | N, 17});
	g_assert_cmpint(look(fixture, true, &chain), ==, RING_BROKEN);
}

/* Whatever is in the ring and in the table. */
static void test_random(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(8, 0, false);
	g_autoptr(GRand) random = g_rand_new_with_seed(20261124);
	/* So that every step of a chain is reached now and then. */
	static const uint64_t addresses[] = {BUFFER, TABLE, END - 20, GUEST_ADDRESS + QUEUE_OFFSET,
		UINT64_MAX - 3};
	static const uint32_t lengths[] = {1, 8, 16, 32, 4096, 0, UINT32_MAX};
	unsigned int found = 0, broken = 0;

	for (int round = 0; round < 50000; round++) {
		bool writable = g_rand_boolean(random);
		struct ring_chain chain;
		enum ring_status status;

		for (uint16_t i = 0; i < 16; i++) {
			const struct vring_desc descriptor = {
				addresses[g_rand_int(random) % G_N_ELEMENTS(addresses)],
				lengths[g_rand_int(random) % G_N_ELEMENTS(lengths)],
				(uint16_t)((g_rand_int(random) & (N | I)) | (writable ? W : 0)),
				(uint16_t)(g_rand_int(random) % 9),
			};

			if (i < 8)
				driver_describe(&fixture->driver, i, descriptor);
			else
				memcpy(fixture->guest.bytes + TABLE_OFFSET + (i - 8u) * 16,
					&descriptor, 16);
		}
		driver_offer(&fixture->driver, (uint16_t)(g_rand_int(random) % 9));
		status = look(fixture, writable, &chain);
		found += status == RING_CHAIN;
		broken += status == RING_BROKEN;
		if (status == RING_CHAIN)
			check_pieces(fixture, &chain);
		start(fixture, 8, (uint16_t)g_rand_int(random), false);
	}
	g_assert_cmpuint(found, >, 1000);
	g_assert_cmpuint(broken, >, 1000);
}

/* ---- indices ---- */

static void test_jumps(void)
{
	static const struct {
		uint16_t offered;
		enum ring_status status;
	} jumps[] = {
		{0, RING_EMPTY},
		{1, RING_CHAIN},
		{8, RING_CHAIN},
		{9, RING_BROKEN},
		{0x8000, RING_BROKEN},
		{0xffff, RING_BROKEN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
		for (uint32_t begin = 0; begin <= UINT16_MAX; begin += 13107) {
			g_autoptr(ring_fixture) fixture = fixture_new(8, (uint16_t)begin, i % 2);
			struct ring_chain chain;

			driver_describe(&fixture->driver, 0, (struct vring_desc){BUFFER, 8, W});
			driver_set_index(&fixture->driver, (uint16_t)(begin + jumps[i].offered));
			g_assert_cmpint(look(fixture, true, &chain), ==, jumps[i].status);
		}
	}
}

/* Four buffers go round and round, over the end of all indices. */
static void test_wrap(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(4, 65500, false);

	for (uint16_t i = 0; i < 4; i++)
		driver_offer_buffer(&fixture->driver, i, BUFFER_OFFSET + i * 8u, 8, true);
	for (uint16_t i = 0; i < 100; i++) {
		uint16_t head = i % 4;

		use_next(fixture, head, i);
		g_assert_cmpuint(fixture->ring.next, ==, (uint16_t)(65500 + i + 1));
		expect_used(fixture, head, i);
		driver_offer(&fixture->driver, head);
	}
}

/* Buffers come back in the order in which they were offered, which need not be the table's. */
static void test_order(void)
{
	static const uint16_t heads[] = {5, 2, 7, 0, 3, 1, 6, 4};
	g_autoptr(ring_fixture) fixture = fixture_new(8, 3, false);
	struct ring_chain chain;

	for (size_t i = 0; i < 8; i++)
		driver_offer_buffer(&fixture->driver, heads[i], BUFFER_OFFSET + heads[i] * 8u, 8,
			true);
	for (size_t i = 0; i < 8; i++) {
		g_assert_cmpint(look(fixture, true, &chain), ==, RING_CHAIN);
		g_assert_true(chain.pieces[0].iov_base ==
			memory_at_guest(&fixture->memory, BUFFER + heads[i] * 8u, 8));
		use_next(fixture, heads[i], (uint32_t)i);
	}
	for (size_t i = 0; i < 8; i++)
		expect_used(fixture, heads[i], (uint32_t)i);
	g_assert_cmpint(look(fixture, true, &chain), ==, RING_EMPTY);
}

/* ---- who calls whom ---- */

static void use_many(struct fixture *fixture, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		driver_offer(&fixture->driver, 0);
		use_next(fixture, 0, 8);
	}
}

static bool wants_call(struct fixture *fixture)
{
	return ring_wants_call(&fixture->ring, &fixture->memory);
}

/* `used` elements since the last call, of which the driver named one: virtio 1.2, 2.7.10. */
static void test_event_index(void)
{
	static const struct {
		unsigned int used;
		int event; /* counted from the first of them */
		bool call;
	} cases[] = {
		{1, 0, true},
		{1, 1, false},
		{1, -1, false},
		{1, 100, false},
		{3, 0, true},
		{3, 1, true},
		{3, 2, true},
		{3, 3, false},
		{3, -1, false},
		{3, -0x7000, false},
		{4, 3, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (uint32_t begin = 0; begin <= UINT16_MAX; begin += 21845) {
			g_autoptr(ring_fixture)
				fixture = fixture_new(4, (uint16_t)(begin - 1), true);

			g_test_message("case %zu from %u", i, begin);
			driver_describe(&fixture->driver, 0, (struct vring_desc){BUFFER, 8, W});
			/* What is said after the start is not of this test. */
			use_many(fixture, 1);
			wants_call(fixture);
			driver_set_used_event(&fixture->driver,
				(uint16_t)(begin + (uint32_t)cases[i].event));
			/* Without the event index this would be no. */
			driver_set_flags(&fixture->driver, VRING_AVAIL_F_NO_INTERRUPT);
			use_many(fixture, cases[i].used);
			g_assert_true(wants_call(fixture) == cases[i].call);
			/* Asked again, nothing has been used since. */
			g_assert_false(wants_call(fixture));
		}
	}
}

/* A driver that was served by another back-end before may wait for what that one has used. */
static void test_first_call(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(4, 7, true);

	driver_describe(&fixture->driver, 0, (struct vring_desc){BUFFER, 8, W});
	driver_set_used_event(&fixture->driver, 6);
	g_assert_false(wants_call(fixture));
	use_many(fixture, 1);
	g_assert_true(wants_call(fixture));
	use_many(fixture, 1);
	g_assert_false(wants_call(fixture));
}

static void test_no_event_index(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(4, 0, false);

	driver_describe(&fixture->driver, 0, (struct vring_desc){BUFFER, 8, W});
	g_assert_false(wants_call(fixture));
	use_many(fixture, 2);
	g_assert_true(wants_call(fixture));
	g_assert_false(wants_call(fixture));
	driver_set_flags(&fixture->driver, VRING_AVAIL_F_NO_INTERRUPT);
	use_many(fixture, 1);
	g_assert_false(wants_call(fixture));
	driver_set_flags(&fixture->driver, (uint16_t)~VRING_AVAIL_F_NO_INTERRUPT);
	/* What nobody wanted to hear of is not said later. */
	g_assert_false(wants_call(fixture));
	use_many(fixture, 1);
	g_assert_true(wants_call(fixture));
}

/* A ring that has run empty asks for a kick with the next buffer, and only then. */
static void test_available_event(void)
{
	for (int event_index = 0; event_index < 2; event_index++) {
		g_autoptr(ring_fixture) fixture = fixture_new(4, 65534, event_index);
		struct ring_chain chain;

		for (uint16_t i = 0; i < 4; i++)
			driver_offer_buffer(&fixture->driver, i, BUFFER_OFFSET, 8, true);
		for (uint16_t i = 0; i < 4; i++)
			use_next(fixture, i, 8);
		g_assert_cmpuint(driver_available_event(&fixture->driver), ==, 0);
		g_assert_cmpint(look(fixture, true, &chain), ==, RING_EMPTY);
		g_assert_cmpuint(driver_available_event(&fixture->driver), ==, event_index ? 2 : 0);
	}
}

/* ---- start ---- */

static void expect_start(struct fixture *fixture, const char *why)
{
	struct ring_chain chain;
	g_autoptr(GError) error = NULL;

	g_assert_true(ring_start(&fixture->ring, &fixture->memory, &error) == !why);
	if (!why) {
		g_assert_no_error(error);
		return;
	}
	g_assert_error(error, RING_ERROR, RING_ERROR_ADDRESS);
	g_assert_cmpstr(error->message, ==, why);
	g_assert_cmpint(look(fixture, true, &chain), ==, RING_EMPTY);
	g_assert_false(fixture->ring.started);
}

#define BAD_SIZE "a ring's size is no power of two up to 32768"
#define NOT_ALIGNED "a ring is not aligned"
#define NOT_THERE "a ring is not in the guest's memory, or not aligned in it"

static void test_sizes(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(4, 0, false);

	for (uint32_t size = 0; size <= UINT16_MAX; size++) {
		bool right = size && (size & (size - 1)) == 0;

		fixture->ring.size = (uint16_t)size;
		expect_start(fixture, right ? NULL : BAD_SIZE);
	}
}

static void test_ring_addresses(void)
{
	/* Of a queue of 4: 64, 14 and 38 bytes. */
	static const struct {
		uint64_t descriptors, available, used;
		const char *why;
	} cases[] = {
		{0x1000, 0x2000, 0x3000, NULL},
		{GUEST_SIZE - 64, 0x2000, 0x3000, NULL},
		{0x1000, GUEST_SIZE - 14, 0x3000, NULL},
		{0x1000, 0x2000, GUEST_SIZE - 40, NULL},
		{0, 0x2002, 0x3004, NULL},
		/* One upon the other is the guest's own loss. */
		{0x1000, 0x1000, 0x1000, NULL},
		{0x1008, 0x2000, 0x3000, NOT_ALIGNED},
		{0x1000, 0x2001, 0x3000, NOT_ALIGNED},
		{0x1000, 0x2000, 0x3002, NOT_ALIGNED},
		{GUEST_SIZE - 48, 0x2000, 0x3000, NOT_THERE},
		{0x1000, GUEST_SIZE - 12, 0x3000, NOT_THERE},
		{0x1000, 0x2000, GUEST_SIZE - 36, NOT_THERE},
		{GUEST_SIZE, 0x2000, 0x3000, NOT_THERE},
		{-(uint64_t)GUEST_USER, 0x2000, 0x3000, NOT_THERE},
		{0x1000, -(uint64_t)GUEST_USER - 2, 0x3000, NOT_THERE},
		{0x1000, 0x2000, -(uint64_t)16, NOT_THERE},
	};
	g_autoptr(ring_fixture) fixture = fixture_new(4, 0, false);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("addresses %zu", i);
		fixture->ring.descriptor_address = GUEST_USER + cases[i].descriptors;
		fixture->ring.available_address = GUEST_USER + cases[i].available;
		fixture->ring.used_address = GUEST_USER + cases[i].used;
		expect_start(fixture, cases[i].why);
	}
}

/* The memory under a ring goes, or comes to lie oddly: it is looked at each time. */
static void test_moved_memory(void)
{
	struct vhost_user_memory_region region = guest_region();
	struct ring_chain chain;

	for (int odd = 0; odd < 2; odd++) {
		g_autoptr(ring_fixture) fixture = fixture_new(4, 0, true);
		g_autoptr(GError) error = NULL;

		driver_offer_buffer(&fixture->driver, 0, BUFFER_OFFSET, 8, true);
		use_next(fixture, 0, 8);
		driver_offer(&fixture->driver, 0);
		g_assert_cmpint(look(fixture, true, &chain), ==, RING_CHAIN);
		g_assert_true(memory_remove(&fixture->memory, &region));
		region.mmap_offset = GUEST_OFFSET - 1;
		if (odd)
			memory_add(&fixture->memory, &region, fixture->guest.fd, &error);
		g_assert_no_error(error);
		/* Neither of them touches what is not there. */
		g_assert_false(wants_call(fixture));
		ring_use(&fixture->ring, &fixture->memory, &chain, 8);
		g_assert_cmpint(look(fixture, true, &chain), ==, RING_EMPTY);
		/* Where it is again, nothing is lost. */
		if (odd)
			g_assert_true(memory_remove(&fixture->memory, &region));
		region.mmap_offset = GUEST_OFFSET;
		memory_add(&fixture->memory, &region, fixture->guest.fd, &error);
		g_assert_no_error(error);
		use_next(fixture, 0, 8);
		memory_clear(&fixture->memory);
		expect_start(fixture, NOT_THERE);
	}
}

/* Where it was stopped it goes on; where another one has used buffers, that counts. */
static void test_stop(void)
{
	g_autoptr(ring_fixture) fixture = fixture_new(4, 10, false);
	struct ring_chain chain;

	driver_offer_buffer(&fixture->driver, 1, BUFFER_OFFSET, 8, true);
	driver_offer_buffer(&fixture->driver, 2, BUFFER_OFFSET, 8, true);
	use_next(fixture, 1, 8);
	ring_stop(&fixture->ring);
	g_assert_cmpint(look(fixture, true, &chain), ==, RING_EMPTY);
	g_assert_cmpuint(fixture->ring.next, ==, 11);
	expect_start(fixture, NULL);
	use_next(fixture, 2, 8);
	expect_used(fixture, 1, 8);
	expect_used(fixture, 2, 8);
	g_assert_cmpuint(fixture->ring.used, ==, 12);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(chain_cases); i++) {
		g_autofree char *path = g_strconcat("/vhost/ring/chain/", chain_cases[i].name,
			NULL);

		g_test_add_data_func(path, &chain_cases[i], test_chain);
	}
	g_test_add_func("/vhost/ring/most-pieces", test_most_pieces);
	g_test_add_func("/vhost/ring/random", test_random);
	g_test_add_func("/vhost/ring/jumps", test_jumps);
	g_test_add_func("/vhost/ring/wrap", test_wrap);
	g_test_add_func("/vhost/ring/order", test_order);
	g_test_add_func("/vhost/ring/event-index", test_event_index);
	g_test_add_func("/vhost/ring/first-call", test_first_call);
	g_test_add_func("/vhost/ring/no-event-index", test_no_event_index);
	g_test_add_func("/vhost/ring/available-event", test_available_event);
	g_test_add_func("/vhost/ring/sizes", test_sizes);
	g_test_add_func("/vhost/ring/ring-addresses", test_ring_addresses);
	g_test_add_func("/vhost/ring/moved-memory", test_moved_memory);
	g_test_add_func("/vhost/ring/stop", test_stop);
	return g_test_run();
}
