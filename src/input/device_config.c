/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration space of a device (virtio 1.2, 5.8.4 and 5.8.5), as its VMM reads and writes
 * it. Called by device.c.
 */
#include <linux/virtio_input.h>
#include <string.h>

#include "input/device_internal.h"

static void put_text(struct virtio_input_config *config, const char *text)
{
	config->size = (uint8_t)strlen(text);
	memcpy(config->u.string, text, config->size);
}

/* Up to the last byte with a bit; a set without bits has no bytes, which means: no such type. */
static void put_bits(struct virtio_input_config *config, const uint8_t *bits, size_t size)
{
	while (size > 0 && bits[size - 1] == 0)
		size--;
	config->size = (uint8_t)size;
	memcpy(config->u.bitmap, bits, size);
}

static void put_type_bits(struct virtio_input_config *config,
	const struct input_description *description, uint8_t type)
{
	static const uint8_t repeat = 1 << REP_DELAY | 1 << REP_PERIOD;

	switch (type) {
	case EV_KEY:
		put_bits(config, description->keys, sizeof(description->keys));
		break;
	case EV_REL:
		put_bits(config, description->relative, sizeof(description->relative));
		break;
	case EV_ABS:
		put_bits(config, description->absolute, sizeof(description->absolute));
		break;
	case EV_MSC:
		put_bits(config, description->misc, sizeof(description->misc));
		break;
	case EV_SW:
		put_bits(config, description->switches, sizeof(description->switches));
		break;
	case EV_LED:
		put_bits(config, description->leds, sizeof(description->leds));
		break;
	case EV_REP:
		put_bits(config, &repeat, description->repeats ? 1 : 0);
		break;
	}
}

static void put_axis(struct virtio_input_config *config,
	const struct input_description *description, uint8_t axis)
{
	const struct input_absinfo *info;

	if (axis > ABS_MAX || !input_bit(description->absolute, axis))
		return;
	info = &description->axes[axis];
	config->size = sizeof(config->u.abs);
	config->u.abs.min = GUINT32_TO_LE((uint32_t)info->minimum);
	config->u.abs.max = GUINT32_TO_LE((uint32_t)info->maximum);
	config->u.abs.fuzz = GUINT32_TO_LE((uint32_t)info->fuzz);
	config->u.abs.flat = GUINT32_TO_LE((uint32_t)info->flat);
	config->u.abs.res = GUINT32_TO_LE((uint32_t)info->resolution);
}

static void make_config(const struct device *device, struct virtio_input_config *config)
{
	const struct device_memory *memory = device->memory;
	const struct input_description *description = &memory->description;

	memset(config, 0, sizeof(*config));
	config->select = memory->select;
	config->subsel = memory->subselect;
	/* Only sets and axes have parts. */
	if (memory->subselect && memory->select < VIRTIO_INPUT_CFG_EV_BITS)
		return;
	switch (memory->select) {
	case VIRTIO_INPUT_CFG_ID_NAME:
		put_text(config, description->name);
		break;
	case VIRTIO_INPUT_CFG_ID_SERIAL:
		put_text(config, description->serial);
		break;
	case VIRTIO_INPUT_CFG_ID_DEVIDS:
		config->size = sizeof(config->u.ids);
		config->u.ids.bustype = GUINT16_TO_LE(description->id.bustype);
		config->u.ids.vendor = GUINT16_TO_LE(description->id.vendor);
		config->u.ids.product = GUINT16_TO_LE(description->id.product);
		config->u.ids.version = GUINT16_TO_LE(description->id.version);
		break;
	case VIRTIO_INPUT_CFG_PROP_BITS:
		put_bits(config, description->properties, sizeof(description->properties));
		break;
	case VIRTIO_INPUT_CFG_EV_BITS:
		put_type_bits(config, description, memory->subselect);
		break;
	case VIRTIO_INPUT_CFG_ABS_INFO:
		put_axis(config, description, memory->subselect);
		break;
	}
}

bool device_get_config(const struct device *device, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	struct virtio_input_config config;

	if (offset > sizeof(config) || size > sizeof(config) - offset)
		return false;
	make_config(device, &config);
	memcpy(bytes, (const uint8_t *)&config + offset, size);
	return true;
}

/* A driver writes select and subsel, and a VMM may hand all of the space on; the rest is ours. */
bool device_set_config(struct device *device, uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	struct device_memory *memory = device->memory;
	struct virtio_input_config config = {
		.select = memory->select,
		.subsel = memory->subselect,
	};

	if (offset > sizeof(config) || size > sizeof(config) - offset)
		return false;
	memcpy((uint8_t *)&config + offset, bytes, size);
	memory->select = config.select;
	memory->subselect = config.subsel;
	return true;
}
