/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual input device between events that come and a VMM that sends what the input says:
 * requests that are nearly right, memory that comes, shrinks and goes, and a guest whose rings hold
 * anything, while system calls fail. A second thread writes into the guest's memory all the while,
 * as another of its processors would. The devices are there for all inputs, each of which is a VMM
 * of one of them.
 *
 * Not reached: more than 4096 mappings of all guests together (wire/guard.h).
 *
 * Covers: src/vhost/memory.c src/vhost/request.c src/vhost/ring.c src/vhost/signaller.c
 * Covers: src/vhost/vhost.c
 * Covers: src/vhost/vhost_note.c src/input/device.c src/input/device_config.c
 * Reaches: 97
 * Of each file: 93
 */
#include "input/device.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/virtio_input.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "fault.h"
#include "fuzz.h"
#include "input/description.h"
#include "vhost/signaller.h"
#include "vhost_user.h"
#include "wire/account.h"

#define RAM_BYTES 0x8000u
#define RING_BYTES 0x4000u /* of RAM for each ring: descriptors, available, used, buffers */
#define AVAILABLE 0x1000u
#define USED 0x2000u
#define BUFFERS 0x3000u
#define USER_ADDRESS 0x10000000u
/* Where the guest has the memory that the VMM takes away, and further regions of the same file. */
#define SHRINKING 0x100000u
#define STEPS_MAX 96
#define REGIONS_MAX 8 /* of one message */

/* Of the second thread, on end: more than the device needs for some turns. */
#define WRITES_MAX 20000u

/* More than any VMM's session takes of a door's clock. */
#define AGES_MS 10000

static const enum input_kind kinds[] = {INPUT_KEYBOARD, INPUT_TOUCH};

struct rig {
	struct input_sink *devices[G_N_ELEMENTS(kinds)];
	struct sockaddr_un addresses[G_N_ELEMENTS(kinds)];
	bool listens[G_N_ELEMENTS(kinds)];
	uint8_t *ram; /* the mutator writes into it, too */
	int ram_fd;
	int kicks[2];
	int call;
	struct account *account;
	/* Of the input that runs. */
	struct input_sink *device;
	int vmm;
	int shrinking_fd; /* -1: not made yet */
	uint32_t regions; /* of it, that were given */
};

static struct rig rig;

/* What is kept for another process, which is this one, too. */
static struct {
	struct {
		char *name;
		int fd;
	} things[16]; /* name NULL: free */
	bool stays; /* we end, as that one is told */
} store;

static int find_kept(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(store.things); i++) {
		if (g_strcmp0(store.things[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static int take_kept(void *data, const char *name)
{
	int i = find_kept(name);

	return i < 0 ? -1 : fcntl(store.things[i].fd, F_DUPFD_CLOEXEC, 3);
}

static bool forget(void *data, const char *name)
{
	int i = find_kept(name);

	if (i < 0)
		return true;
	if (store.stays)
		return false;
	close(store.things[i].fd);
	g_clear_pointer(&store.things[i].name, g_free);
	return true;
}

static bool keep(void *data, const char *name, int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int i;

	forget(NULL, name);
	i = find_kept(NULL);
	if (kept < 0)
		return false;
	if (i < 0)
		g_error("more is kept than there is");
	store.things[i].name = g_strdup(name);
	store.things[i].fd = kept;
	return true;
}

static const struct fd_keeper keeper = {take_kept, keep, forget, NULL};

/* What the second thread does: 0 nothing; else a seed, for a while. Written with the mutex held. */
static gint mutate;
static GMutex mutex;
static GCond changed;

/* The guest's, as its keyboard would show them. */
static uint32_t lit;

static void leds(void *data, uint32_t said, uint32_t leds)
{
	g_assert(said != 0 && said >> LED_CNT == 0);
	lit = (lit & ~said) | (leds & said);
}

static void connected(void *data, bool connected)
{
	bool *listens = data;

	g_assert(*listens != connected);
	*listens = connected;
}

static const struct input_sink_listener listener = {leds, connected};

static void set_mutate(gint seed)
{
	g_mutex_lock(&mutex);
	g_atomic_int_set(&mutate, seed);
	g_cond_signal(&changed);
	g_mutex_unlock(&mutex);
}

static void await_seed(void)
{
	g_mutex_lock(&mutex);
	while (g_atomic_int_get(&mutate) == 0)
		g_cond_wait(&changed, &mutex);
	g_mutex_unlock(&mutex);
}

/* It writes into the mapping of a file that stays. */
static gpointer mutator(gpointer data)
{
	uint32_t random = 1;
	unsigned int writes = 0;
	uint8_t *ram = data;

	for (;;) {
		gint seed = g_atomic_int_get(&mutate);

		if (seed == 0) {
			await_seed();
			writes = 0;
			continue;
		}
		if (++writes > WRITES_MAX) {
			g_atomic_int_compare_and_exchange(&mutate, seed, 0);
			continue;
		}
		random = random * 1664525u + 1013904223u + (uint32_t)seed;
		/* Near the beginning of a ring's parts, where it is looked at. */
		((volatile uint8_t *)ram)[(random >> 30) * AVAILABLE + (random >> 8) % 256] =
			(uint8_t)random;
	}
	return NULL;
}

static struct input_sink *make_device(size_t i)
{
	static const struct input_screen screen = {"DP-1", 600, 340};
	const struct device_options options = {
		.guest = "fuzz",
		.device = "device",
		.path = rig.addresses[i].sun_path,
		.account = rig.account,
		.keeper = &keeper,
		.keeps_vmm = true,
	};
	struct input_description description;
	struct input_sink *device;
	g_autoptr(GError) error = NULL;

	input_describe(&description, kinds[i], kinds[i] == INPUT_TOUCH ? &screen : NULL);
	device = device_create(&options, &description, &listener, &rig.listens[i], &error);
	g_assert(!device == !!error);
	return device;
}

/* Each is there for good from its first use on, but not where the kernel has no more. */
static void install_signaller(void)
{
	static const enum fault_call calls[] = {FAULT_MEMFD, FAULT_AIO};

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autoptr(GError) error = NULL;

		fault_set(calls[i], EAGAIN, 0, 1);
		g_assert(!signaller_install(&error) && error);
		fault_disarm();
	}
	if (!signaller_install(NULL))
		g_error("no signaller");
}

static void make_devices(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *path = g_strdup_printf("%s/%zu", fuzz_folder(), i);

		rig.addresses[i].sun_family = AF_UNIX;
		g_strlcpy(rig.addresses[i].sun_path, path, sizeof(rig.addresses[i].sun_path));
		rig.devices[i] = make_device(i);
		g_assert(rig.devices[i]);
		/* One that is made twice, or goes, is no VMM's doing: once is enough. */
		g_assert(!make_device(i));
		input_sink_destroy(rig.devices[i]);
		rig.devices[i] = make_device(i);
	}
}

/* What all inputs share. */
static void rig_init(void)
{
	rig.ram_fd = memfd_create("ram", MFD_CLOEXEC);
	if (ftruncate(rig.ram_fd, RAM_BYTES) != 0)
		g_error("memfd: %s", g_strerror(errno));
	rig.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, rig.ram_fd, 0);
	rig.kicks[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig.kicks[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig.call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	install_signaller();
	rig.account = account_create("fuzz");
	make_devices();
	g_thread_unref(g_thread_new("guest", mutator, rig.ram));
}

static void connect_device(struct fuzz *fuzz, size_t i, bool faulty)
{
	rig.device = rig.devices[i];
	rig.shrinking_fd = -1;
	rig.regions = 0;
	clock_pass(AGES_MS);
	rig.vmm = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(rig.vmm, (const struct sockaddr *)&rig.addresses[i],
		    sizeof(rig.addresses[i])) != 0)
		g_error("connect: %s", g_strerror(errno));
	if (faulty)
		fault_turns(fuzz, 3);
	fuzz_turns(3);
}

static void empty_eventfds(void)
{
	const int fds[] = {rig.kicks[0], rig.kicks[1], rig.call};
	uint64_t drained;

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		(void)!read(fds[i], &drained, sizeof(drained));
}

/* ---- messages ---- */

struct message {
	struct vhost_user_header header;
	uint8_t payload[512];
} __attribute__((packed));

static bool send_message(struct message *message, const int *fds, size_t fd_count)
{
	size_t size = sizeof(message->header) + MIN(message->header.size, sizeof(message->payload));

	return fuzz_send(rig.vmm, message, size, fds, fd_count);
}

static void put(struct message *message, size_t offset, const void *bytes, size_t size)
{
	memcpy(message->payload + offset, bytes, size);
	message->header.size = MAX(message->header.size, (uint32_t)(offset + size));
}

static void put_state(struct message *message, uint32_t index, uint32_t value)
{
	const struct vhost_user_vring_state state = {index, value};

	put(message, 0, &state, sizeof(state));
}

/* Of the file that shrinks; each region of it elsewhere. */
static struct vhost_user_memory_region further_region(void)
{
	const uint64_t offset = SHRINKING + (uint64_t)rig.regions++ * RAM_BYTES;

	return (struct vhost_user_memory_region){offset, RAM_BYTES, USER_ADDRESS + offset, 0};
}

static int shrinking_fd(void)
{
	if (rig.shrinking_fd < 0) {
		rig.shrinking_fd = memfd_create("shrinks", MFD_CLOEXEC);
		if (ftruncate(rig.shrinking_fd, RAM_BYTES) != 0)
			g_error("memfd: %s", g_strerror(errno));
	}
	return rig.shrinking_fd;
}

static void resize(struct fuzz *fuzz)
{
	static const off_t sizes[] = {0, 4096, RAM_BYTES, INT64_C(1) << 46};

	if (ftruncate(shrinking_fd(), sizes[fuzz_pick(fuzz, G_N_ELEMENTS(sizes))]) != 0)
		g_error("memfd: %s", g_strerror(errno));
}

static void odd_region(struct fuzz *fuzz, struct vhost_user_memory_region *region)
{
	region->guest_address = fuzz_odd(fuzz);
	region->size = fuzz_u8(fuzz) & 1 ? (uint64_t)fuzz_u32(fuzz) << 14 : fuzz_odd(fuzz);
	region->user_address = fuzz_u8(fuzz) & 1 ? fuzz_u64(fuzz) : USER_ADDRESS;
	region->mmap_offset = fuzz_odd(fuzz);
}

/* A region and the fd that goes with it. */
static struct vhost_user_memory_region make_region(struct fuzz *fuzz, bool odd, int *fd)
{
	struct vhost_user_memory_region region = {0, RAM_BYTES, USER_ADDRESS, 0};
	uint8_t how = odd ? fuzz_u8(fuzz) : 0;

	if (how & 1)
		region = further_region();
	*fd = how & 3 ? shrinking_fd() : rig.ram_fd;
	if (how & 4)
		odd_region(fuzz, &region);
	if (how & 8)
		*fd = rig.call;
	return region;
}

/* Of 64 regions each is one message more: many in one step. */
static void give_many(void)
{
	for (unsigned int i = 0; i < 40; i++) {
		const struct vhost_user_memory_region region = further_region();
		struct message message = {.header = {VHOST_USER_ADD_MEM_REG, 1, 0}};
		const uint64_t head = 0;
		const int fd = shrinking_fd();

		put(&message, 0, &head, sizeof(head));
		put(&message, sizeof(head), &region, sizeof(region));
		/* What is not taken once is not taken again before somebody has read. */
		if (!send_message(&message, &fd, 1))
			break;
	}
}

static size_t put_table(struct message *message, struct fuzz *fuzz, bool odd, int *fds)
{
	struct vhost_user_memory table = {
		.region_count = odd ? fuzz_pick(fuzz, REGIONS_MAX + 1) : 1};
	size_t count = table.region_count;

	for (size_t i = 0; i < count; i++) {
		const struct vhost_user_memory_region region = make_region(fuzz, odd, &fds[i]);

		put(message, sizeof(table) + i * sizeof(region), &region, sizeof(region));
	}
	if (odd && fuzz_u8(fuzz) & 1)
		table.region_count = fuzz_odd(fuzz);
	put(message, 0, &table, sizeof(table));
	return count;
}

static void put_addresses(struct message *message, uint32_t ring, struct fuzz *fuzz, bool odd)
{
	uint8_t how = odd ? fuzz_u8(fuzz) : 0;
	uint64_t base = USER_ADDRESS + (uint64_t)(ring & 1) * RING_BYTES +
		(how & 1		  ? SHRINKING
				: how & 2 ? 4
					  : 0);
	struct vhost_user_vring_address address = {
		.index = ring,
		.descriptors = base,
		.available = base + AVAILABLE,
		.used = base + USED,
	};

	if (how & 4)
		address.used = USER_ADDRESS + fuzz_odd(fuzz);
	put(message, 0, &address, sizeof(address));
}

static void put_config(struct message *message, struct fuzz *fuzz, bool odd)
{
	const struct vhost_user_config config = {odd ? fuzz_odd(fuzz) : 0,
		odd ? fuzz_odd(fuzz) : 136, 0};
	uint8_t bytes[136] = {0};

	/* What is selected, and of that what. */
	bytes[0] = fuzz_u8(fuzz);
	bytes[0] = bytes[0] < 0xc0 ? bytes[0] % 0x14 : bytes[0];
	bytes[1] = fuzz_u8(fuzz);
	put(message, 0, &config, sizeof(config));
	put(message, sizeof(config), bytes, sizeof(bytes));
	if (odd && fuzz_u8(fuzz) & 1)
		message->header.size = sizeof(config) + config.size;
}

/* An fd for a ring's kicks, calls or errors, or the word that there is none, or neither. */
static size_t put_ring_fd(struct message *message, struct fuzz *fuzz, uint32_t ring, bool odd,
	int *fd)
{
	uint8_t how = odd ? fuzz_u8(fuzz) : 0;
	uint64_t value = ring | (how & 1 ? VHOST_USER_VRING_NO_FD : 0);

	put(message, 0, &value, sizeof(value));
	*fd = message->header.request == VHOST_USER_SET_VRING_KICK ? rig.kicks[ring & 1] : rig.call;
	if (how & 2)
		*fd = rig.ram_fd;
	return how & 4 ? 0 : 1;
}

/* A request with the payload and the fds that belong to it, unless `odd`. */
static void request(struct fuzz *fuzz, uint32_t number, uint32_t ring, bool odd, bool need_reply)
{
	struct message message = {.header = {number, 1u | (need_reply ? 8u : 0u), 0}};
	struct vhost_user_memory_region region;
	uint64_t value = 0;
	int fds[REGIONS_MAX];
	size_t fd_count = 0;

	switch (number) {
	case VHOST_USER_SET_FEATURES:
		value = UINT64_C(1) << 32 | UINT64_C(1) << 30 | UINT64_C(1) << 29;
		value = odd ? fuzz_u8(fuzz) & 1 ? UINT64_C(1) << 32 : fuzz_u64(fuzz) : value;
		put(&message, 0, &value, sizeof(value));
		break;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		value = odd ? fuzz_u64(fuzz) : 0xa228;
		put(&message, 0, &value, sizeof(value));
		break;
	case VHOST_USER_SET_MEM_TABLE:
		fd_count = put_table(&message, fuzz, odd, fds);
		break;
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_REM_MEM_REG:
		region = make_region(fuzz, odd, fds);
		put(&message, 0, &value, sizeof(value));
		put(&message, sizeof(value), &region, sizeof(region));
		fd_count = number == VHOST_USER_ADD_MEM_REG;
		break;
	case VHOST_USER_SET_VRING_NUM:
		put_state(&message, ring, odd ? fuzz_odd(fuzz) : 64);
		break;
	case VHOST_USER_SET_VRING_BASE:
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_ENABLE:
		put_state(&message, ring,
			odd ? fuzz_odd(fuzz) : number == VHOST_USER_SET_VRING_ENABLE);
		break;
	case VHOST_USER_SET_VRING_ADDR:
		put_addresses(&message, ring, fuzz, odd);
		break;
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
		fd_count = put_ring_fd(&message, fuzz, ring, odd, fds);
		break;
	case VHOST_USER_GET_CONFIG:
	case VHOST_USER_SET_CONFIG:
		put_config(&message, fuzz, odd);
		break;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		fds[0] = rig.call;
		fd_count = odd ? 0 : 1;
		break;
	default:
		message.header.size = odd ? fuzz_pick(fuzz, 64) : 0;
		break;
	}
	send_message(&message, fds, fd_count);
}

/* As a VMM begins: both rings run. */
static void begin(struct fuzz *fuzz)
{
	static const uint32_t order[] = {VHOST_USER_SET_FEATURES, VHOST_USER_SET_PROTOCOL_FEATURES,
		VHOST_USER_ADD_MEM_REG};
	static const uint32_t of_ring[] = {VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_BASE,
		VHOST_USER_SET_VRING_ADDR, VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_KICK,
		VHOST_USER_SET_VRING_ENABLE};

	for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
		request(fuzz, order[i], 0, false, false);
	for (uint32_t ring = 0; ring < 2; ring++) {
		for (size_t i = 0; i < G_N_ELEMENTS(of_ring); i++)
			request(fuzz, of_ring[i], ring, false, false);
	}
	fuzz_turns(4);
}

/* ---- the guest ---- */

static void offer(struct fuzz *fuzz)
{
	uint32_t which = fuzz_u8(fuzz) & 1;
	uint8_t *base = rig.ram + which * RING_BYTES;
	struct vring_desc *descriptors = (struct vring_desc *)(void *)base;
	uint16_t *available = (uint16_t *)(void *)(base + AVAILABLE);
	uint8_t shape = fuzz_u8(fuzz);

	for (unsigned int i = 0; i < (shape & 7u); i++) {
		uint16_t index = fuzz_u8(fuzz) & 63;
		uint8_t kind = fuzz_u8(fuzz);

		descriptors[index] = (struct vring_desc){
			.addr = kind & 1 ? fuzz_odd(fuzz) : BUFFERS + index * 16u,
			.len = kind & 2	    ? fuzz_odd(fuzz)
				: kind & 32 ? 16
					    : 8,
			.flags = (uint16_t)(kind & 4 ? fuzz_u8(fuzz) & 7
					: which	     ? 0
						     : 2),
			.next = kind & 8 ? fuzz_u16(fuzz) : index,
		};
		available[2 + (available[1] & 63)] = kind & 16 ? fuzz_u16(fuzz) : index;
		available[1]++;
	}
	if (shape & 8)
		available[1] = fuzz_u16(fuzz);
	if (shape & 16)
		fuzz_copy(fuzz, available + 2 + 64, 2);
	eventfd_write(rig.kicks[which], 1);
}

/* What the driver says of its keyboard's lights. */
static void light(struct fuzz *fuzz)
{
	uint8_t *buffer = rig.ram + BUFFERS + (fuzz_u8(fuzz) & 63) * 16;
	const struct virtio_input_event event = {EV_LED, fuzz_u8(fuzz) & 31, fuzz_u8(fuzz) & 1};

	memcpy(buffer, &event, sizeof(event));
}

static void press(struct fuzz *fuzz)
{
	struct input_value values[8];
	size_t count = 1 + fuzz_pick(fuzz, G_N_ELEMENTS(values));
	uint8_t times = fuzz_u8(fuzz);

	for (size_t i = 0; i < count; i++)
		values[i] = (struct input_value){EV_KEY, fuzz_u8(fuzz), fuzz_u8(fuzz) & 1};
	for (unsigned int i = 0; i <= (times & 0x80 ? times & 0x3fu : 0); i++)
		input_sink_send(rig.device, values, count);
}

/* Another process goes on with it. */
static void succeed(void)
{
	size_t i = 0;

	while (rig.devices[i] != rig.device)
		i++;
	store.stays = true;
	input_sink_destroy(rig.device);
	store.stays = false;
	rig.listens[i] = false;
	lit = 0;
	rig.device = rig.devices[i] = make_device(i);
	device_settle(rig.device);
}

static void check_counters(void)
{
	struct device_counters counters;

	device_counters(rig.device, &counters);
	g_assert(counters.merged <= counters.groups);
}

/* What happens beside requests. */
static void step_aside(struct fuzz *fuzz, uint8_t what)
{
	switch (what >> 4 & 7) {
	case 0:
		resize(fuzz);
		break;
	case 1:
		give_many();
		break;
	case 2:
		fuzz_close();
		break;
	case 3:
		light(fuzz);
		break;
	case 4:
		clock_skip_waits(true);
		device_flush(rig.devices, G_N_ELEMENTS(rig.devices));
		clock_skip_waits(false);
		break;
	case 5:
		set_mutate(0);
		break;
	case 6:
		succeed();
		break;
	default:
		set_mutate(what);
		break;
	}
}

/* Of a recorded session: a VMM's memory is large, and its guest silent. */
static void replay(struct fuzz *fuzz)
{
	struct fuzz_piece piece;

	if (ftruncate(shrinking_fd(), INT64_C(1) << 33) != 0)
		g_error("memfd: %s", g_strerror(errno));
	while (fuzz_next_piece(fuzz, &piece)) {
		struct vhost_user_header header = {0};
		int fds[7];

		memcpy(&header, piece.bytes, MIN(piece.size, sizeof(header)));
		for (unsigned int i = 0; i < piece.fds; i++)
			fds[i] = header.request == VHOST_USER_SET_VRING_KICK ? rig.kicks[i & 1]
				: header.request == VHOST_USER_SET_MEM_TABLE ||
					header.request == VHOST_USER_ADD_MEM_REG
				? shrinking_fd()
				: rig.call;
		fuzz_send(rig.vmm, piece.bytes, piece.size, fds, piece.fds);
		fuzz_turns(3);
		fuzz_drain(rig.vmm);
	}
}

static void step(struct fuzz *fuzz)
{
	uint8_t what = fuzz_u8(fuzz);

	switch (what % 8) {
	case 0:
	case 1:
	case 2: {
		uint8_t number = fuzz_u8(fuzz);

		request(fuzz, number % 48, fuzz_u8(fuzz) % 3, what & 0x10, what & 0x20);
		break;
	}
	case 3:
	case 4:
		offer(fuzz);
		break;
	case 5:
		press(fuzz);
		break;
	case 6:
		fuzz_drain(rig.vmm);
		break;
	default:
		step_aside(fuzz, what);
		break;
	}
	if ((what & 0xc0) == 0xc0)
		fault_turns(fuzz, 3);
	else if ((what & 0xe8) == 0x88)
		fuzz_turns_without_fds(3);
	else if (what & 0x08)
		fuzz_turns(3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	unsigned int fds;
	uint8_t how;

	if (!rig.ram)
		rig_init();
	fds = fuzz_open_fds();
	memset(rig.ram, 0, RAM_BYTES);
	how = fuzz_u8(&fuzz);
	connect_device(&fuzz, how >> 1 & 1, (how & 0xe) == 0xc);
	if (fuzz_is_recorded(&fuzz))
		replay(&fuzz);
	else if (!(how & 1))
		begin(&fuzz);
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++)
		step(&fuzz);
	fuzz_turns(3);
	set_mutate(0);
	check_counters();
	close(rig.vmm);
	/* With what was held back at the door. */
	clock_pass(AGES_MS);
	fuzz_turns(8);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		g_assert(!rig.listens[i]);
	g_assert(lit == 0);
	if (rig.shrinking_fd >= 0)
		close(rig.shrinking_fd);
	empty_eventfds();
	fuzz_check_account(rig.account);
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
