/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel module for the driver VM that does what a firmware does, and a kernel that is built with
 * SYSFB_SIMPLEFB: it sets a mode on QEMU's card (1024x768, 32 bits a pixel) and makes the platform
 * device of that framebuffer, which simpledrm drives. Built by the script beside it, loaded by
 * tests/driver/test-simpledrm once a boot, and never unloaded.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_data/simplefb.h>
#include <linux/platform_device.h>

#define WIDTH 1024
#define HEIGHT 768

/* The card's registers are two ports, which QEMU's documents call the Bochs dispi interface. */
#define DISPI_INDEX 0x1ce
#define DISPI_VALUE 0x1cf
#define DISPI_XRES 1
#define DISPI_YRES 2
#define DISPI_BPP 3
#define DISPI_ENABLE 4
#define DISPI_ENABLED_LINEAR 0x41

/* The old VGA's, which let the card show anything at all; a driver that has gone may have blanked
 * it. Reading the status makes what is written next an index. */
#define VGA_STATUS 0x3da
#define VGA_ATTRIBUTES 0x3c0
#define VGA_UNBLANKED 0x20

static void write_register(u16 index, u16 value)
{
	outw(index, DISPI_INDEX);
	outw(value, DISPI_VALUE);
}

static void set_mode(void)
{
	write_register(DISPI_ENABLE, 0);
	write_register(DISPI_XRES, WIDTH);
	write_register(DISPI_YRES, HEIGHT);
	write_register(DISPI_BPP, 32);
	write_register(DISPI_ENABLE, DISPI_ENABLED_LINEAR);
	inb(VGA_STATUS);
	outb(VGA_UNBLANKED, VGA_ATTRIBUTES);
}

static int __init firmware_init(void)
{
	const struct simplefb_platform_data framebuffer = {.width = WIDTH,
		.height = HEIGHT,
		.stride = WIDTH * 4,
		.format = "x8r8g8b8"};
	struct pci_dev *card = pci_get_device(0x1234, 0x1111, NULL);
	struct resource memory = {.name = "BOOTFB", .flags = IORESOURCE_MEM};
	struct platform_device_info info = {
		/* Not simple-framebuffer: in Debian's kernels that name is taken by a driver that
		 * is no DRM driver. */
		.name = "firmware-framebuffer",
		.id = 0,
		.res = &memory,
		.num_res = 1,
		.data = &framebuffer,
		.size_data = sizeof(framebuffer),
	};

	if (!card)
		return -ENODEV;
	set_mode();
	memory.start = pci_resource_start(card, 0);
	memory.end = memory.start + WIDTH * 4 * HEIGHT - 1;
	info.parent = &card->dev;
	return PTR_ERR_OR_ZERO(platform_device_register_full(&info));
}

module_init(firmware_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A framebuffer as the firmware of a PC leaves it");
