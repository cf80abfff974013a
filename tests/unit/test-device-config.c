/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a virtio-input device says of itself (virtio 1.2, 5.8.4 and 5.8.5). */
#include <linux/virtio_input.h>
#include <string.h>

#include "device_fixture.h"
#include "input/description.h"

static const struct {
	uint8_t select, subselect;
	const char *bytes; /* in hexadecimal, `size` of them */
} configurations[] = {
	{VIRTIO_INPUT_CFG_UNSET, 0, ""},
	{VIRTIO_INPUT_CFG_UNSET, 1, ""},
	{VIRTIO_INPUT_CFG_ID_NAME, 0, "616c6c"},
	{VIRTIO_INPUT_CFG_ID_NAME, 1, ""},
	{VIRTIO_INPUT_CFG_ID_SERIAL, 0, "c3a42031"},
	{VIRTIO_INPUT_CFG_ID_SERIAL, 255, ""},
	{VIRTIO_INPUT_CFG_ID_DEVIDS, 0, "0201040306050807"},
	{VIRTIO_INPUT_CFG_ID_DEVIDS, 2, ""},
	{0x04, 0, ""},
	{VIRTIO_INPUT_CFG_PROP_BITS, 0, "02"},
	{VIRTIO_INPUT_CFG_PROP_BITS, 1, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SYN, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_KEY, "02000040"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_REL, "0110"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_ABS, "0200000000000080"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_MSC, "10"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SW, "02"},
	{VIRTIO_INPUT_CFG_EV_BITS, 0x06, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_LED, "02"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_SND, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_REP, "03"},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_FF, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, EV_CNT, ""},
	{VIRTIO_INPUT_CFG_EV_BITS, 255, ""},
	/* Minimum, maximum, fuzz, flat, resolution; the axis that is none has no bit. */
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_X, ""},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_Y, "feffffffffff0000030000000400000005000000"},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_MAX, "0000000000000000000000000000000000000000"},
	{VIRTIO_INPUT_CFG_ABS_INFO, ABS_CNT, ""},
	{VIRTIO_INPUT_CFG_ABS_INFO, 255, ""},
	{0x13, 0, ""},
	{0xff, 0xff, ""},
};

/* As QEMU hands it on: all of the space, of which a driver can write two bytes. */
static void select_all(struct vmm *vmm, uint8_t select, uint8_t subselect)
{
	struct vmm_message message = vmm_config(VHOST_USER_SET_CONFIG, 0, VMM_CONFIG_SIZE);
	uint8_t *bytes = (uint8_t *)message.words + sizeof(struct vhost_user_config);

	memset(bytes, 0xee, VMM_CONFIG_SIZE);
	bytes[0] = select;
	bytes[1] = subselect;
	message.flags = VHOST_USER_NEED_REPLY;
	g_assert_cmpuint(vmm_ask(vmm, &message), ==, 0);
}

/* As a driver does, a byte a time. */
static void select_each(struct vmm *vmm, uint8_t select, uint8_t subselect)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct vmm_message message = vmm_config(VHOST_USER_SET_CONFIG, i, 1);

		((uint8_t *)message.words)[sizeof(struct vhost_user_config)] = i ? subselect
										 : select;
		vmm_send(vmm, &message);
	}
}

static void read_config(struct vmm *vmm, struct virtio_input_config *config)
{
	const struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	struct vmm_message reply;

	vmm_send(vmm, &get);
	fixture_settle();
	g_assert_true(vmm_receive(vmm, &reply));
	g_assert_cmpuint(reply.size, ==, sizeof(struct vhost_user_config) + sizeof(*config));
	memcpy(config, (uint8_t *)reply.words + sizeof(struct vhost_user_config), sizeof(*config));
}

static void test_configuration(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm *vmm = &fixture->vmm;

	vmm_connect(vmm, fixture->path);
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(configurations); i++) {
		size_t which = i / 2;
		uint8_t select = configurations[which].select;
		uint8_t subselect = configurations[which].subselect;
		struct virtio_input_config config;
		g_autoptr(GString) bytes = g_string_new(NULL);

		g_test_message("select %02x %02x", select, subselect);
		if (i % 2)
			select_each(vmm, select, subselect);
		else
			select_all(vmm, select, subselect);
		read_config(vmm, &config);
		g_assert_cmphex(config.select, ==, select);
		g_assert_cmphex(config.subsel, ==, subselect);
		g_assert_cmpuint(config.size, <=, sizeof(config.u));
		for (size_t byte = 0; byte < config.size; byte++)
			g_string_append_printf(bytes, "%02x", config.u.bitmap[byte]);
		g_assert_cmpstr(bytes->str, ==, configurations[which].bytes);
		for (size_t byte = config.size; byte < sizeof(config.u); byte++)
			g_assert_cmphex(config.u.bitmap[byte], ==, 0);
	}
	/* One VMM's choice is not the next one's. */
	vmm_hang_up(vmm);
	fixture_settle();
	vmm_connect(vmm, fixture->path);
	{
		struct virtio_input_config config;

		read_config(vmm, &config);
		g_assert_cmphex(config.select, ==, 0);
	}
}

/* A part of the space, as a VMM may ask for that knows which. */
static void test_part_of_configuration(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new();
	struct vmm *vmm = &fixture->vmm;
	const struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 2, 1);
	struct vmm_message reply;

	vmm_connect(vmm, fixture->path);
	select_each(vmm, VIRTIO_INPUT_CFG_ID_NAME, 0);
	vmm_send(vmm, &get);
	fixture_settle();
	g_assert_true(vmm_receive(vmm, &reply));
	g_assert_cmpuint(reply.size, ==, sizeof(struct vhost_user_config) + 1);
	g_assert_cmpuint(((uint8_t *)reply.words)[sizeof(struct vhost_user_config)], ==, 3);
}

/* Every kind says what fits, and names itself. */
static void test_kinds(void)
{
	static const struct input_screen screen = {"DP-1", 344, 194};

	for (enum input_kind kind = 0; kind < INPUT_PASSTHROUGH; kind++) {
		bool placed = kind == INPUT_TOUCH || kind == INPUT_PEN;
		struct input_description description;
		g_autofree char *name = g_strconcat("scanoutd ", input_kind_name(kind), NULL);

		input_describe(&description, kind, placed ? &screen : NULL);
		g_assert_cmpstr(description.name, ==, name);
		g_assert_cmpstr(description.serial, ==, placed ? "DP-1" : "");
		g_assert_true(!!input_bit(description.properties, INPUT_PROP_DIRECT) == placed);
		g_assert_true(!!input_bit(description.keys, BTN_LEFT) ==
			(kind == INPUT_POINTER || kind == INPUT_ABSOLUTE));
		g_assert_true(description.repeats == (kind == INPUT_KEYBOARD));
		for (unsigned int axis = 0; axis < ABS_CNT; axis++) {
			const struct input_absinfo *info = &description.axes[axis];

			if (input_bit(description.absolute, axis))
				g_assert_cmpint(info->minimum, <, info->maximum);
		}
		/* 65536 places on 344 mm. */
		if (placed)
			g_assert_cmpint(description.axes[ABS_X].resolution, ==, 191);
	}
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/device-config/configuration", test_configuration);
	g_test_add_func("/input/device-config/part-of-configuration", test_part_of_configuration);
	g_test_add_func("/input/device-config/kinds", test_kinds);
	return g_test_run();
}
