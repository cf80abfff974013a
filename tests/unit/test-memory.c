/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VMM may share and what not, and what becomes of it when the VMM takes it away. */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "vhost/memory.h"

#define PAGE 4096u
#define FILE_PAGES 16u

/* Ends of the address space. */
#define LAST UINT64_MAX

static int open_file(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(ftruncate(fd, FILE_PAGES * PAGE), ==, 0);
	return fd;
}

static bool add(struct memory *memory, int fd, struct vhost_user_memory_region region)
{
	g_autoptr(GError) error = NULL;
	size_t before = memory->count;
	bool added = memory_add(memory, &region, fd, &error);

	g_assert_cmpuint(memory->count, ==, before + added);
	g_assert_true(added == !error);
	if (error)
		g_assert_error(error, MEMORY_ERROR, MEMORY_ERROR_REGION);
	return added;
}

/* ---- a guest's share ---- */

/* Two devices of one guest, each with all regions that it may have: they count together. */
static void test_share(void)
{
	struct account *account = account_create("kiosk");
	struct account *other = account_create("other");
	g_autofree struct memory *memory = g_new0(struct memory, 1);
	g_autofree struct memory *another = g_new0(struct memory, 1);
	struct vhost_user_memory_region region = {0x10000, PAGE, 0x900000, 0};
	int fd = open_file();

	memory->account = account;
	g_assert_true(account_charge(account, ACCOUNT_MAPPINGS, GUEST_MAPPINGS_MAX - 1, NULL));
	g_assert_true(add(memory, fd, region));
	another->account = account;
	g_assert_false(add(another, fd, region));
	another->account = other;
	g_assert_true(add(another, fd, region));
	memory_clear(another);
	another->account = account;
	memory_clear(memory);
	g_assert_true(add(another, fd, region));
	memory_clear(another);
	account_discharge(account, ACCOUNT_MAPPINGS, GUEST_MAPPINGS_MAX - 1);

	g_assert_true(account_charge(account, ACCOUNT_MAPPED_BYTES,
		account_most(account, ACCOUNT_MAPPED_BYTES) - PAGE + 1, NULL));
	g_assert_false(add(another, fd, region));
	/* Of what was refused nothing is left charged. */
	g_assert_cmpuint(account_used(account, ACCOUNT_MAPPINGS), ==, 0);
	account_discharge(account, ACCOUNT_MAPPED_BYTES,
		account_most(account, ACCOUNT_MAPPED_BYTES) - PAGE + 1);
	fixture_await_closers();
	fixture_close_account(account);
	fixture_close_account(other);
	close(fd);
}

/* ---- geometry ---- */

/* Beside one region of four pages: at 0x10000 for the guest, at 0x900000 for the VMM. */
static const struct vhost_user_memory_region first = {0x10000, 4 * PAGE, 0x900000, 0};

static const struct {
	struct vhost_user_memory_region region;
	const char *why; /* NULL: it is taken */
} geometries[] = {
	{{0x20000, PAGE, 0xa00000, 0}, NULL},
	{{0x20000, 1, 0xa00000, PAGE - 1}, NULL},
	/* Nothing between, on either side. */
	{{0x10000 + 4 * PAGE, PAGE, 0x900000 + 4 * PAGE, PAGE}, NULL},
	{{0x10000 - PAGE, PAGE, 0x900000 - PAGE, PAGE}, NULL},
	{{0, PAGE, 0, 0}, NULL},
	/* The same bytes of the file twice. */
	{{0x20000, 4 * PAGE, 0xa00000, 0}, NULL},
	/* To the very end of the file. */
	{{0x20000, PAGE, 0xa00000, (FILE_PAGES - 1) * PAGE}, NULL},
	{{0x20000, FILE_PAGES *PAGE, 0xa00000, 0}, NULL},
	{{0x20000, FILE_PAGES *PAGE - 5, 0xa00000, 5}, NULL},

	{{0x20000, 0, 0xa00000, 0}, "nothing in it"},
	{{LAST, 2, 0xa00000, 0}, "it wraps around"},
	{{0x20000, 2, LAST, 0}, "it wraps around"},
	{{0x20000, 2, 0xa00000, LAST}, "it wraps around"},
	{{0x20000, LAST, 0xa00000, 0}, "it wraps around"},
	{{LAST - PAGE + 1, PAGE, 0xa00000, 0}, "it wraps around"},
	{{0, LAST, 0, 0}, "it overlaps another one"},
	{{0x10000, 4 * PAGE, 0xa00000, 0}, "it overlaps another one"},
	{{0x20000, 4 * PAGE, 0x900000, 0}, "it overlaps another one"},
	{{0x10000 + 4 * PAGE - 1, PAGE, 0xa00000, 0}, "it overlaps another one"},
	{{0x10000 - PAGE, PAGE + 1, 0xa00000, 0}, "it overlaps another one"},
	{{0x20000, PAGE, 0x900000 + PAGE, 0}, "it overlaps another one"},
	{{0x8000, 8 * PAGE + 0x8000, 0xa00000, 0}, "it overlaps another one"},
	{{0x20000, PAGE, 0xa00000, (FILE_PAGES - 1) * PAGE + 1}, "its file is shorter"},
	{{0x20000, 1, 0xa00000, FILE_PAGES *PAGE}, "its file is shorter"},
	{{0x20000, FILE_PAGES *PAGE + 1, 0xa00000, 0}, "its file is shorter"},
	{{0x20000, 1, 0xa00000, LAST / 2 + 1}, "its file is shorter"},
	{{0x20000, LAST / 2, 0xb000000000000, LAST / 2}, "its file is shorter"},
};

static void test_geometry(void)
{
	size_t before = fixture_count_fds();
	int fd = open_file();

	for (size_t i = 0; i < G_N_ELEMENTS(geometries); i++) {
		const struct vhost_user_memory_region *region = &geometries[i].region;
		g_autofree struct memory *memory = g_new0(struct memory, 1);
		g_autoptr(GError) error = NULL;
		bool added;

		g_test_message("region %zu", i);
		g_assert_true(add(memory, fd, first));
		added = memory_add(memory, region, fd, &error);
		g_assert_true(added == !geometries[i].why);
		if (error) {
			g_assert_error(error, MEMORY_ERROR, MEMORY_ERROR_REGION);
			g_assert_true(g_str_has_suffix(error->message, geometries[i].why));
			g_assert_cmpuint(memory->count, ==, 1);
		} else {
			/* Both ends can be written. */
			*(uint8_t *)memory_at_guest(memory, region->guest_address, 1) = 1;
			*(uint8_t *)memory_at_user(memory, region->user_address + region->size - 1,
				1) = 1;
		}
		memory_clear(memory);
		g_assert_cmpuint(memory->count, ==, 0);
	}
	close(fd);
	g_assert_cmpuint(fixture_count_fds(), ==, before);
}

/* Fds that are no memory, or none that we may write. */
static void test_files(void)
{
	const struct vhost_user_memory_region region = {0, PAGE, 0, 0};
	struct memory memory = {0};
	int file = open_file();
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
	int fds[] = {
		-1,
		eventfd(0, EFD_CLOEXEC),
		open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open("/dev/zero", O_RDWR | O_CLOEXEC),
		open(path, O_RDONLY | O_CLOEXEC),
		open(path, O_WRONLY | O_CLOEXEC),
	};
	size_t before = fixture_count_fds();

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		g_test_message("file %zu", i);
		g_assert_true(i == 0 || fds[i] >= 0);
		g_assert_false(add(&memory, fds[i], region));
	}
	g_assert_true(add(&memory, file, region));
	memory_clear(&memory);
	/* None was closed, and none was kept. */
	g_assert_cmpuint(fixture_count_fds(), ==, before);
	for (size_t i = 1; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
	close(file);
}

static void test_slots(void)
{
	struct memory memory = {0};
	int fd = open_file();
	struct vhost_user_memory_region region = {0, PAGE, 0, 0};

	for (size_t i = 0; i < MEMORY_REGIONS_MAX; i++) {
		region.guest_address = region.user_address = i * PAGE;
		g_assert_true(add(&memory, fd, region));
	}
	region.guest_address = region.user_address = MEMORY_REGIONS_MAX * PAGE;
	g_assert_false(add(&memory, fd, region));
	/* One that goes makes room for one. */
	region.guest_address = region.user_address = 7 * PAGE;
	g_assert_true(memory_remove(&memory, &region));
	g_assert_true(add(&memory, fd, region));
	g_assert_false(add(&memory, fd, (struct vhost_user_memory_region){1 << 30, 1, 1 << 30, 0}));
	memory_clear(&memory);
	close(fd);
}

/* A guest that takes all it can get leaves enough for others. */
static void test_many_guests(void)
{
	struct memory *memories = g_new0(struct memory, 40);
	int fd = open_file();

	for (size_t i = 0; i < 40; i++) {
		for (size_t j = 0; j < MEMORY_REGIONS_MAX; j++)
			g_assert_true(add(&memories[i], fd,
				(struct vhost_user_memory_region){j * PAGE, PAGE, j * PAGE, 0}));
	}
	for (size_t i = 0; i < 40; i++)
		memory_clear(&memories[i]);
	g_free(memories);
	close(fd);
}

/* What a size_t of 32 bits cannot hold: 4 GiB and a page are no page. */
static void test_long_region(void)
{
	struct memory memory = {0};
	int fd = memfd_create("sparse", MFD_CLOEXEC);
	bool taken;

	g_assert_cmpint(ftruncate(fd, INT64_C(1) << 33), ==, 0);
	taken = add(&memory, fd,
		(struct vhost_user_memory_region){0, (INT64_C(1) << 32) + PAGE, 0, 0});
	g_assert_cmpint(taken, ==, SIZE_MAX > UINT32_MAX);
	g_assert_cmpint(memory_at_guest(&memory, INT64_C(1) << 32, PAGE) != NULL, ==, taken);
	memory_clear(&memory);
	close(fd);
}

/* As much as there may be, of a file that takes no memory: as one region or as many, a machine's
 * address space is not a guest's. */
static void test_bound(void)
{
	uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * PAGE;
	uint64_t most = MAX(MEMORY_BYTES_MAX, MEMORY_OVERCOMMIT_MAX * machine);
	struct memory memory = {0};
	struct memory other = {0};
	int fd = memfd_create("sparse", MFD_CLOEXEC);

	g_assert_cmpint(ftruncate(fd, INT64_C(1) << 46), ==, 0);
	g_assert_false(add(&memory, fd, (struct vhost_user_memory_region){0, most + PAGE, 0, 0}));
	g_assert_false(
		add(&memory, fd, (struct vhost_user_memory_region){0, INT64_C(1) << 46, 0, 0}));
	g_assert_true(add(&memory, fd, (struct vhost_user_memory_region){0, most - PAGE, 0, 0}));
	g_assert_false(
		add(&memory, fd, (struct vhost_user_memory_region){most, 2 * PAGE, most, 0}));
	/* The end of a large file is as good as its beginning. */
	g_assert_true(add(&memory, fd,
		(struct vhost_user_memory_region){most, PAGE, most, (UINT64_C(1) << 46) - PAGE}));
	g_assert_false(
		add(&memory, fd, (struct vhost_user_memory_region){2 * most, 1, 2 * most, 0}));
	g_assert_true(add(&other, fd, (struct vhost_user_memory_region){0, most, 0, 0}));
	memory_clear(&memory);
	g_assert_true(add(&memory, fd, (struct vhost_user_memory_region){0, most, 0, 0}));
	memory_clear(&memory);
	memory_clear(&other);
	close(fd);
}

/* ---- addresses ---- */

/* Pages 0 to 3 and 4 to 7 of the guest, which lie the other way round in the file and apart for the
 * VMM; nothing at 8, and page 9 alone. */
static void add_three(struct memory *memory, int fd)
{
	g_assert_true(add(memory, fd,
		(struct vhost_user_memory_region){0, 4 * PAGE, 0x100000, 4 * PAGE}));
	g_assert_true(add(memory, fd,
		(struct vhost_user_memory_region){4 * PAGE, 4 * PAGE, 0x200000, 0}));
	g_assert_true(add(memory, fd,
		(struct vhost_user_memory_region){9 * PAGE, PAGE, 0x104000, 8 * PAGE}));
}

static const struct {
	bool user;
	uint64_t address, size;
	int64_t file; /* offset in the file; -1: not there */
} lookups[] = {
	{false, 0, 1, 4 * PAGE},
	{false, 0, 4 * PAGE, 4 * PAGE},
	{false, 4 * PAGE - 1, 1, 8 * PAGE - 1},
	{false, 4 * PAGE, 1, 0},
	{false, 8 * PAGE - 1, 1, 4 * PAGE - 1},
	{false, 9 * PAGE, PAGE, 8 * PAGE},
	/* Adjoining for the guest, but not for us. */
	{false, 4 * PAGE - 1, 2, -1},
	{false, 0, 8 * PAGE, -1},
	{false, 8 * PAGE - 1, 2, -1},
	{false, 8 * PAGE, 1, -1},
	{false, 9 * PAGE - 1, 2, -1},
	{false, 10 * PAGE, 1, -1},
	{false, 10 * PAGE - 1, 2, -1},
	{false, 0, LAST, -1},
	{false, 1, LAST, -1},
	{false, 4 * PAGE, LAST - 4 * PAGE + 2, -1},
	{false, LAST, 1, -1},
	{false, LAST, 2, -1},
	{false, LAST, LAST, -1},
	{true, 0x100000, 4 * PAGE, 4 * PAGE},
	{true, 0x104000, PAGE, 8 * PAGE},
	{true, 0x103fff, 2, -1},
	{true, 0xfffff, 2, -1},
	{true, 0x204000, 1, -1},
	{true, 0, 1, -1},
	{true, LAST, 1, -1},
};

static void test_addresses(void)
{
	struct memory memory = {0};
	int fd = open_file();
	uint8_t *file = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	g_assert_true(file != MAP_FAILED);
	add_three(&memory, fd);
	for (size_t i = 0; i < G_N_ELEMENTS(lookups); i++) {
		uint8_t *bytes = lookups[i].user
			? memory_at_user(&memory, lookups[i].address, lookups[i].size)
			: memory_at_guest(&memory, lookups[i].address, lookups[i].size);

		g_test_message("look-up %zu", i);
		g_assert_true(!bytes == (lookups[i].file < 0));
		if (!bytes)
			continue;
		bytes[0] = (uint8_t)(i + 1);
		g_assert_cmpuint(file[lookups[i].file], ==, i + 1);
	}
	munmap(file, FILE_PAGES * PAGE);
	memory_clear(&memory);
	g_assert_null(memory_at_guest(&memory, 0, 1));
	close(fd);
}

static void test_removal(void)
{
	const struct vhost_user_memory_region wrong[] = {
		{PAGE, 4 * PAGE, 0x100000, 4 * PAGE},
		{0, 4 * PAGE, 0x100001, 4 * PAGE},
		{0, PAGE, 0x100000, 4 * PAGE},
	};
	/* QEMU says no offset here. */
	const struct vhost_user_memory_region right = {0, 4 * PAGE, 0x100000, 0};
	struct memory memory = {0};
	int fd = open_file();

	add_three(&memory, fd);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(memory_remove(&memory, &wrong[i]));
	g_assert_cmpuint(memory.count, ==, 3);
	g_assert_true(memory_remove(&memory, &right));
	g_assert_false(memory_remove(&memory, &right));
	g_assert_null(memory_at_guest(&memory, 0, 1));
	g_assert_null(memory_at_user(&memory, 0x100000, 1));
	g_assert_nonnull(memory_at_guest(&memory, 4 * PAGE, 4 * PAGE));
	g_assert_nonnull(memory_at_guest(&memory, 9 * PAGE, PAGE));
	/* Its place is free for another one. */
	g_assert_true(add(&memory, fd, (struct vhost_user_memory_region){0, PAGE, 0x100000, 0}));
	memory_clear(&memory);
	close(fd);
}

/* ---- what is taken away ---- */

static void test_shrunk(void)
{
	struct memory memory = {0};
	struct memory other = {0};
	int fd = open_file();
	int other_fd = open_file();
	volatile uint8_t *bytes;
	volatile uint8_t *other_bytes;

	memory_guard();
	memory_guard();
	g_assert_true(add(&other, other_fd, first));
	add_three(&memory, fd);
	other_bytes = memory_at_guest(&other, first.guest_address, 1);
	bytes = memory_at_guest(&memory, 0, 4 * PAGE);
	bytes[0] = 0xaa;
	other_bytes[0] = 0xbb;
	g_assert_cmpint(ftruncate(fd, PAGE), ==, 0);
	/* It is found out by whoever touches it. */
	g_assert_false(memory_lost(&memory));
	g_assert_cmpuint(bytes[0], ==, 0);
	bytes[PAGE] = 1;
	g_assert_true(memory_lost(&memory));
	g_assert_false(memory_lost(&other));
	g_assert_cmpuint(other_bytes[0], ==, 0xbb);
	/* Once is for ever, also when the file is as long again. */
	g_assert_cmpint(ftruncate(fd, FILE_PAGES * PAGE), ==, 0);
	g_assert_true(memory_lost(&memory));
	memory_clear(&memory);
	g_assert_false(memory_lost(&memory));
	/* What is mapped anew is whole. */
	g_assert_true(add(&memory, fd, first));
	g_assert_cmpuint(*(volatile uint8_t *)memory_at_guest(&memory, 0x10000, 1), ==, 0);
	g_assert_false(memory_lost(&memory));
	memory_clear(&memory);
	memory_clear(&other);
	close(fd);
	close(other_fd);
}

/* The file is shorter than the region, but not than the page it ends in. */
static void test_shrunk_to_part_of_page(void)
{
	struct memory memory = {0};
	int fd = open_file();
	volatile uint8_t *bytes;

	memory_guard();
	g_assert_true(add(&memory, fd, (struct vhost_user_memory_region){0, 2 * PAGE, 0, 0}));
	bytes = memory_at_guest(&memory, 0, 2 * PAGE);
	bytes[100] = 0xaa;
	g_assert_cmpint(ftruncate(fd, 50), ==, 0);
	g_assert_cmpuint(bytes[100], ==, 0);
	g_assert_false(memory_lost(&memory));
	g_assert_cmpuint(bytes[PAGE], ==, 0);
	g_assert_true(memory_lost(&memory));
	memory_clear(&memory);
	close(fd);
}

/* ---- other bus errors ---- */

/* The test goes on in a process of its own; false: it has, and passed. */
static bool in_subprocess(void)
{
	if (g_test_subprocess())
		return true;
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	return false;
}

G_NORETURN
static void leave(int number)
{
	_exit(0);
}

/* A bus error at an address, as often as it is told and nobody dies of it. */
static void raise_bus_error(uint8_t *address)
{
	siginfo_t info = {.si_signo = SIGBUS, .si_code = SI_QUEUE};

	info.si_addr = address;
	g_assert_cmpint(syscall(SYS_rt_sigqueueinfo, getpid(), SIGBUS, &info), ==, 0);
}

/* What is not ours goes to the handler that was there before. */
static void test_foreign_bus_error(void)
{
	volatile uint8_t *bytes;

	if (!in_subprocess())
		return;
	bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, open_file(),
		FILE_PAGES * PAGE);
	signal(SIGBUS, leave);
	memory_guard();
	bytes[0] = 1;
	g_assert_not_reached();
	/* cppcheck-suppress memleak ; nobody comes here */
}

/* A fault that comes again where zeroes are by now is none of a file's end. */
static void test_second_bus_error(void)
{
	struct memory memory = {0};
	volatile uint8_t *bytes;
	int fd;

	if (!in_subprocess())
		return;
	fd = open_file();
	signal(SIGBUS, leave);
	memory_guard();
	g_assert_true(add(&memory, fd, first));
	bytes = memory_at_guest(&memory, first.guest_address, 1);
	g_assert_cmpint(ftruncate(fd, 0), ==, 0);
	bytes[0] = 1;
	g_assert_true(memory_lost(&memory));
	raise_bus_error((uint8_t *)bytes);
	raise_bus_error((uint8_t *)bytes);
	g_assert_not_reached();
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/vhost/memory/share", test_share);
	g_test_add_func("/vhost/memory/geometry", test_geometry);
	g_test_add_func("/vhost/memory/files", test_files);
	g_test_add_func("/vhost/memory/slots", test_slots);
	g_test_add_func("/vhost/memory/many-guests", test_many_guests);
	g_test_add_func("/vhost/memory/long-region", test_long_region);
	/* A process of 32 bits has fewer addresses than that. */
	if (sizeof(void *) > sizeof(uint32_t))
		g_test_add_func("/vhost/memory/bound", test_bound);
	g_test_add_func("/vhost/memory/addresses", test_addresses);
	g_test_add_func("/vhost/memory/removal", test_removal);
	g_test_add_func("/vhost/memory/shrunk", test_shrunk);
	g_test_add_func("/vhost/memory/shrunk-to-part-of-page", test_shrunk_to_part_of_page);
	g_test_add_func("/vhost/memory/foreign-bus-error", test_foreign_bus_error);
	g_test_add_func("/vhost/memory/second-bus-error", test_second_bus_error);
	return g_test_run();
}
