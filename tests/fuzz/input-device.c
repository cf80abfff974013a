/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual input device between events that come and a VMM that sends what the input says:
 * requests that are nearly right, memory that comes, shrinks and goes, and a guest whose rings hold
 * anything. A second thread writes into the guest's memory all the while, as another of its
 * processors would.
 *
 * Covers: src/vhost/ src/input/device.c
 * Reaches: 80
 */
#include "input/device.h"

#include <errno.h>
#include <glib.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "input/description.h"
#include "vhost/signaller.h"
#include "vhost_user.h"

#define RAM_BYTES 0x40000u
#define RING_BYTES 0x20000u /* of RAM for each ring: descriptors, available, used */
#define AVAILABLE 0x8000u
#define USED 0x10000u
#define USER_ADDRESS 0x10000000u
#define STEPS_MAX 96

struct rig {
	struct input_sink *device;
	struct sockaddr_un address;
	uint8_t *ram; /* of the input that runs; the mutator writes into it */
	int ram_fd;
	int kicks[2];
	int call;
	int vmm;
};

static struct rig rig;

/* What the second thread does: 0 nothing; else a seed, for a while. Written with the mutex held. */
static gint mutate;
static GMutex mutex;
static GCond changed;

static void leds(void *data, uint32_t said, uint32_t leds)
{
	g_assert((leds & ~said) == 0);
}

static void connected(void *data, bool connected)
{
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
	uint8_t *ram = data;

	for (;;) {
		gint seed = g_atomic_int_get(&mutate);

		if (seed == 0) {
			await_seed();
			continue;
		}
		random = random * 1664525u + 1013904223u + (uint32_t)seed;
		/* Near the beginning of a ring's parts, where it is looked at. */
		((volatile uint8_t *)ram)[(random >> 30) * USED / 2 + (random >> 8) % 256] =
			(uint8_t)random;
	}
	return NULL;
}

/* What all inputs share. */
static void rig_init(void)
{
	g_autofree char *path = g_build_filename(fuzz_folder(), "device.sock", NULL);

	rig.address.sun_family = AF_UNIX;
	g_strlcpy(rig.address.sun_path, path, sizeof(rig.address.sun_path));
	rig.ram_fd = memfd_create("ram", MFD_CLOEXEC);
	if (ftruncate(rig.ram_fd, RAM_BYTES) != 0)
		g_error("memfd: %s", g_strerror(errno));
	rig.ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, rig.ram_fd, 0);
	rig.kicks[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig.kicks[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig.call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	/* There for good from its first use on. */
	if (!signaller_install(NULL))
		g_error("no signaller");
	g_thread_unref(g_thread_new("guest", mutator, rig.ram));
}

/* A device of its own for each input: its door lets only so many in a second. */
static void connect_device(void)
{
	const struct device_options options = {"fuzz", "keyboard", rig.address.sun_path, NULL};
	struct input_description description;
	g_autoptr(GError) error = NULL;

	input_describe(&description, INPUT_KEYBOARD, NULL);
	rig.device = device_create(&options, &description, &listener, NULL, &error);
	g_assert_no_error(error);
	rig.vmm = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(rig.vmm, (const struct sockaddr *)&rig.address, sizeof(rig.address)) != 0)
		g_error("connect: %s", g_strerror(errno));
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

static void send_message(struct message *message, int fd)
{
	size_t size = sizeof(message->header) + MIN(message->header.size, sizeof(message->payload));

	fuzz_send(rig.vmm, message, size, &fd, fd >= 0 ? 1 : 0);
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

static void put_region(struct message *message, struct fuzz *fuzz, bool odd)
{
	struct vhost_user_memory_region region = {0, RAM_BYTES, USER_ADDRESS, 0};
	uint64_t head = message->header.request == VHOST_USER_SET_MEM_TABLE ? 1 : 0;

	if (odd) {
		region.guest_address = fuzz_odd(fuzz);
		region.size = fuzz_odd(fuzz);
		region.user_address = fuzz_u8(fuzz) & 1 ? fuzz_u64(fuzz) : USER_ADDRESS;
		region.mmap_offset = fuzz_odd(fuzz);
	}
	put(message, 0, &head, sizeof(head));
	put(message, sizeof(head), &region, sizeof(region));
}

static void put_addresses(struct message *message, uint32_t ring, struct fuzz *fuzz, bool odd)
{
	uint64_t base = USER_ADDRESS + (uint64_t)(ring & 1) * RING_BYTES;
	struct vhost_user_vring_address address = {
		.index = ring,
		.descriptors = base,
		.available = base + AVAILABLE,
		.used = base + USED,
	};

	if (odd)
		address.used = USER_ADDRESS + fuzz_odd(fuzz);
	put(message, 0, &address, sizeof(address));
}

static void put_config(struct message *message, struct fuzz *fuzz, bool odd)
{
	const struct vhost_user_config config = {odd ? fuzz_odd(fuzz) : 0,
		odd ? fuzz_odd(fuzz) : 136, 0};
	uint8_t bytes[136];

	fuzz_copy(fuzz, bytes, 2);
	memset(bytes + 2, 0, sizeof(bytes) - 2);
	put(message, 0, &config, sizeof(config));
	put(message, sizeof(config), bytes, sizeof(bytes));
}

/* A request with the payload and the fd that belong to it, unless `odd`. */
static void request(struct fuzz *fuzz, uint32_t number, uint32_t ring, bool odd, bool need_reply)
{
	struct message message = {.header = {number, 1u | (need_reply ? 8u : 0u), 0}};
	uint64_t value = ring;
	int fd = -1;

	switch (number) {
	case VHOST_USER_SET_FEATURES:
		value = UINT64_C(1) << 32 | UINT64_C(1) << 30 | UINT64_C(1) << 29;
		value = odd ? fuzz_u64(fuzz) : value;
		put(&message, 0, &value, sizeof(value));
		break;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		value = odd ? fuzz_u64(fuzz) : 0xa228;
		put(&message, 0, &value, sizeof(value));
		break;
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_REM_MEM_REG:
		put_region(&message, fuzz, odd);
		fd = number == VHOST_USER_REM_MEM_REG ? -1 : odd ? rig.call : rig.ram_fd;
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
		value |= odd ? VHOST_USER_VRING_NO_FD : 0;
		put(&message, 0, &value, sizeof(value));
		fd = odd				      ? -1
			: number == VHOST_USER_SET_VRING_KICK ? rig.kicks[ring & 1]
							      : rig.call;
		break;
	case VHOST_USER_GET_CONFIG:
	case VHOST_USER_SET_CONFIG:
		put_config(&message, fuzz, odd);
		break;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		fd = rig.call;
		break;
	default:
		message.header.size = odd ? fuzz_pick(fuzz, 64) : 0;
		break;
	}
	send_message(&message, fd);
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
			.addr = kind & 1 ? fuzz_odd(fuzz) : 0x1c000u + index * 16u,
			.len = kind & 2 ? fuzz_odd(fuzz) : 8,
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

static void press(struct fuzz *fuzz)
{
	struct input_value values[8];
	size_t count = 1 + fuzz_pick(fuzz, G_N_ELEMENTS(values));

	for (size_t i = 0; i < count; i++)
		values[i] = (struct input_value){EV_KEY, fuzz_u8(fuzz), fuzz_u8(fuzz) & 1};
	input_sink_send(rig.device, values, count);
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
		set_mutate(what & 0x10 ? what : 0);
		break;
	}
	if ((what & 0xc0) == 0xc0)
		fuzz_turns_without_fds(3);
	else if (what & 0x08)
		fuzz_turns(3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {data, size};
	unsigned int fds;

	if (!rig.ram)
		rig_init();
	fds = fuzz_open_fds();
	memset(rig.ram, 0, RAM_BYTES);
	connect_device();
	if (!(fuzz_u8(&fuzz) & 1))
		begin(&fuzz);
	for (unsigned int i = 0; i < STEPS_MAX && fuzz.size > 0; i++)
		step(&fuzz);
	fuzz_turns(3);
	set_mutate(0);
	/* The VMM goes first, or the device. */
	close(rig.vmm);
	if (fuzz_u8(&fuzz) & 1)
		fuzz_turns(3);
	input_sink_destroy(rig.device);
	empty_eventfds();
	g_assert(fuzz_open_fds() == fds);
	return 0;
}
