/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest guest with a picture and a keyboard, for the tests of the image: it is up within
 * milliseconds, also in an emulator in an emulator. Started by guest.S, without an operating
 * system, interrupts or a stack above 512 KiB; built by build_guest (library.sh) for 32 bits.
 *
 * It fills its screen with one colour and the middle of it with another, whose red is the code of
 * the key that was pressed last: so each key has a picture of its own, and what is not in the
 * picture has not arrived. Its first picture is told on the serial port. With "panic" as its
 * command line it says so on the serial port, draws nothing, and stays. Of the devices it knows
 * virtio's of QEMU on PCI: a GPU, and any number of input devices of which the keyboard is not the
 * last to be asked. What is not as it should be is a panic, too.
 */
#include <stddef.h>
#include <stdint.h>

#define SCREEN ((volatile uint32_t *)0x1000000)
#define SCREEN_BYTES (32U << 20)
#define AROUND 0x2b8a3eU /* tests/image/watch knows them */
#define MIDDLE_LOW 0x00c020U

#define QUEUE_SIZE 8U
#define INPUTS_MAX 8U

void guest(void);
extern const uint32_t command_line;

/* ---- the machine ---- */

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void barrier(void)
{
	__asm__ volatile("lock orl $0, (%%esp)" : : : "memory");
}

static void stay(void) __attribute__((noreturn));

static void stay(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void panic(const char *text) __attribute__((noreturn));

static void say(const char *text)
{
	for (; *text; text++)
		out8(0x3f8, *text);
}

static void panic(const char *text)
{
	say("guest panic: ");
	say(text);
	say("\n");
	stay();
}

static uint32_t pci_read(unsigned int slot, unsigned int offset)
{
	out32(0xcf8, 0x80000000U | slot << 11 | (offset & 0xfc));
	return in32(0xcfc) >> (offset & 3) * 8;
}

static void pci_write(unsigned int slot, unsigned int offset, uint32_t value)
{
	out32(0xcf8, 0x80000000U | slot << 11 | offset);
	out32(0xcfc, value);
}

/* ---- virtio on PCI, without interrupts ---- */

struct common {
	uint32_t device_feature_select, device_feature;
	uint32_t driver_feature_select, driver_feature;
	uint16_t config_vector, queue_count;
	uint8_t status, generation;
	uint16_t queue_select, queue_size, queue_vector, queue_enable, queue_notify;
	uint32_t queue_table[2], queue_available[2], queue_used[2];
};

struct part {
	uint32_t address[2];
	uint32_t size;
	uint16_t flags, next;
};

#define PART_NEXT 1
#define PART_WRITE 2

struct queue {
	struct part parts[QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE], event;
	} available;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t part, size;
		} ring[QUEUE_SIZE];
		uint16_t event;
	} used __attribute__((aligned(4)));
	volatile uint16_t *bell;
	uint16_t size; /* QEMU's vhost-user-input has 4 */
	uint16_t seen; /* of what is used */
} __attribute__((aligned(16)));

struct device {
	unsigned int slot;
	volatile struct common *common;
	uint8_t *bells;
	uint32_t bell_step;
};

static uint8_t *region(unsigned int slot, unsigned int capability)
{
	unsigned int bar = pci_read(slot, capability + 4) & 0xff;
	uint32_t base = pci_read(slot, 0x10 + bar * 4);

	if ((base & 6) == 4 && pci_read(slot, 0x14 + bar * 4) != 0)
		panic("a device lies above 4 GiB");
	return (uint8_t *)(base & ~15U) + pci_read(slot, capability + 8);
}

/* Finds its registers and agrees on no feature but that it is a device of version 1. */
static void open_device(struct device *device, unsigned int slot)
{
	volatile struct common *common;

	device->slot = slot;
	pci_write(slot, 4, pci_read(slot, 4) | 6);
	for (unsigned int at = pci_read(slot, 0x34) & 0xfc; at;
		at = pci_read(slot, at + 1) & 0xfc) {
		if ((pci_read(slot, at) & 0xff) != 9)
			continue;
		if ((pci_read(slot, at + 3) & 0xff) == 1)
			device->common = (volatile struct common *)region(slot, at);
		if ((pci_read(slot, at + 3) & 0xff) == 2) {
			device->bells = region(slot, at);
			device->bell_step = pci_read(slot, at + 16);
		}
	}
	common = device->common;
	if (!common || !device->bells)
		panic("a device without registers");
	common->status = 0;
	while (common->status != 0)
		;
	common->status = 1 | 2;
	common->driver_feature_select = 0;
	common->driver_feature = 0;
	common->driver_feature_select = 1;
	common->driver_feature = 1;
	common->status = 1 | 2 | 8;
	if (!(common->status & 8))
		panic("a device that is not of version 1");
}

static void open_queue(const struct device *device, struct queue *queue)
{
	volatile struct common *common = device->common;

	common->queue_select = 0;
	queue->size = common->queue_size < QUEUE_SIZE ? common->queue_size : QUEUE_SIZE;
	if (queue->size == 0)
		panic("a device without a queue");
	common->queue_size = queue->size;
	common->queue_table[0] = (uint32_t)queue->parts;
	common->queue_table[1] = 0;
	common->queue_available[0] = (uint32_t)&queue->available;
	common->queue_available[1] = 0;
	common->queue_used[0] = (uint32_t)&queue->used;
	common->queue_used[1] = 0;
	queue->bell = (volatile uint16_t *)(device->bells +
		common->queue_notify * device->bell_step);
	common->queue_enable = 1;
	common->status |= 4;
}

static void offer(struct queue *queue, uint16_t part)
{
	queue->available.ring[queue->available.index % queue->size] = part;
	barrier();
	queue->available.index++;
	barrier();
	*queue->bell = 0;
}

/* Which part has come back; false: none has. */
static int taken(struct queue *queue, uint32_t *part)
{
	if (*(volatile uint16_t *)&queue->used.index == queue->seen)
		return 0;
	barrier();
	*part = queue->used.ring[queue->seen++ % queue->size].part;
	return 1;
}

/* ---- the GPU ---- */

struct header {
	uint32_t type, flags, fence[2], context, padding;
};

struct rect {
	uint32_t x, y, width, height;
};

struct request {
	struct header header;
	uint32_t words[10];
};

struct answer {
	struct header header;
	struct {
		struct rect rect;
		uint32_t enabled, flags;
	} screens[16];
};

static struct device gpu;
static struct queue control;
static struct request request;
static struct answer answer;
static struct rect whole;

/* The words are at 24 bytes, where each command has its own. */
static void ask(uint32_t type, const uint32_t *words, unsigned int count)
{
	uint32_t part;

	request = (struct request){.header.type = type};
	for (unsigned int i = 0; i < count; i++)
		request.words[i] = words[i];
	control.parts[0] = (struct part){{(uint32_t)&request, 0},
		sizeof(request.header) + count * 4, PART_NEXT, 1};
	control.parts[1] = (struct part){{(uint32_t)&answer, 0}, sizeof(answer), PART_WRITE, 0};
	offer(&control, 0);
	while (!taken(&control, &part))
		;
	if (answer.header.type >> 8 != 0x11)
		panic("the GPU refuses");
}

static void draw(uint32_t key)
{
	uint32_t left = whole.width / 2 / 2, top = whole.height / 2 / 2;
	uint32_t right = left + whole.width / 2, bottom = top + whole.height / 2;
	uint32_t middle = MIDDLE_LOW | key << 16;

	for (uint32_t y = 0; y < whole.height; y++)
		for (uint32_t x = 0; x < whole.width; x++)
			SCREEN[y * whole.width + x] =
				x >= left && x < right && y >= top && y < bottom ? middle : AROUND;
	barrier();
}

static void show(void)
{
	ask(0x105, (uint32_t[]){0, 0, whole.width, whole.height, 0, 0, 1, 0}, 8);
	ask(0x104, (uint32_t[]){0, 0, whole.width, whole.height, 1, 0}, 6);
}

static void open_gpu(unsigned int slot)
{
	open_device(&gpu, slot);
	open_queue(&gpu, &control);
	ask(0x100, NULL, 0);
	whole = answer.screens[0].rect;
	if (whole.width == 0 || whole.height == 0 || whole.width > SCREEN_BYTES / 4 / whole.height)
		panic("a screen of no size");
	ask(0x101, (uint32_t[]){1, 2, whole.width, whole.height}, 4);
	ask(0x106, (uint32_t[]){1, 1, (uint32_t)SCREEN, 0, whole.width * whole.height * 4, 0}, 6);
	draw(0);
	ask(0x105, (uint32_t[]){0, 0, whole.width, whole.height, 0, 0, 1, 0}, 8);
	ask(0x103, (uint32_t[]){0, 0, whole.width, whole.height, 0, 1}, 6);
	show();
	say("guest: drawn\n");
}

/* ---- input ---- */

static struct input {
	struct device device;
	struct queue queue;
	struct {
		uint16_t type, code;
		uint32_t value;
	} events[QUEUE_SIZE];
} inputs[INPUTS_MAX];
static unsigned int input_count;

static void open_input(unsigned int slot)
{
	struct input *input = &inputs[input_count++];

	open_device(&input->device, slot);
	open_queue(&input->device, &input->queue);
	for (uint16_t i = 0; i < input->queue.size; i++) {
		input->queue.parts[i] = (struct part){{(uint32_t)&input->events[i], 0}, 8,
			PART_WRITE, 0};
		offer(&input->queue, i);
	}
}

static void read_input(struct input *input)
{
	uint32_t part;

	while (taken(&input->queue, &part)) {
		/* A key, pressed. */
		if (input->events[part].type == 1 && input->events[part].value == 1) {
			draw(input->events[part].code & 0xff);
			show();
		}
		offer(&input->queue, part);
	}
}

static int has_word(const char *text, const char *word)
{
	size_t i;

	for (; *text; text++) {
		for (i = 0; word[i] && text[i] == word[i]; i++)
			;
		if (!word[i])
			return 1;
	}
	return 0;
}

void guest(void)
{
	unsigned int found = 0;

	if (command_line && has_word((const char *)command_line, "panic"))
		panic("as it was told");
	for (unsigned int slot = 0; slot < 32; slot++) {
		if (pci_read(slot, 0) == 0x10501af4) {
			open_gpu(slot);
			found++;
		}
	}
	if (found == 0)
		panic("there is no GPU");
	for (unsigned int slot = 0; slot < 32; slot++) {
		if (pci_read(slot, 0) == 0x10521af4 && input_count < INPUTS_MAX)
			open_input(slot);
	}
	/* Awake: an idle processor would need interrupts. */
	for (;;) {
		for (unsigned int i = 0; i < input_count; i++)
			read_input(&inputs[i]);
		__asm__ volatile("pause");
	}
}
