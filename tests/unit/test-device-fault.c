/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio-input device whose guest or VMM does what it should not, or what it seldom does. */
#include <linux/virtio_input.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device_fixture.h"

/* Sizes that no driver has a reason for. */
static void test_buffers(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_EVENT_QUEUE];
	struct vring_used_elem element;
	struct virtio_input_event event;
	uint8_t *bytes = fixture->vmm.guest.bytes;

	/* Too small; larger than needed; in pieces of 1, 2 and 29 bytes. */
	driver_offer_buffer(driver, 0, DEVICE_BUFFER_OFFSET(0), 7, true);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	g_assert_false(driver_take_used(driver, &element));
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	g_assert_true(driver_take_used(driver, &element));
	g_assert_cmpuint(element.id, ==, 0);
	g_assert_cmpuint(element.len, ==, 0);
	memset(bytes + DEVICE_BUFFER_OFFSET(0), 0xee, 96);
	driver_offer_buffer(driver, 0, DEVICE_BUFFER_OFFSET(0), 32, true);
	for (uint16_t i = 1; i < 4; i++)
		driver_describe(driver, i,
			(struct vring_desc){GUEST_ADDRESS + DEVICE_BUFFER_OFFSET(1) +
					(i - 1u) * i / 2,
				i == 3 ? 29 : i,
				VRING_DESC_F_WRITE | (i < 3 ? VRING_DESC_F_NEXT : 0),
				(uint16_t)(i + 1)});
	driver_offer(driver, 1);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	for (uint32_t i = 0; i < 2; i++) {
		g_assert_true(driver_take_used(driver, &element));
		g_assert_cmpuint(element.id, ==, i);
		g_assert_cmpuint(element.len, ==, sizeof(event));
		memcpy(&event, bytes + DEVICE_BUFFER_OFFSET(i), sizeof(event));
		g_assert_cmpuint(GUINT16_FROM_LE(event.code), ==, i ? SYN_REPORT : KEY_A);
		g_assert_cmphex(bytes[DEVICE_BUFFER_OFFSET(i) + sizeof(event)], ==, 0xee);
	}
	g_assert_false(driver_take_used(driver, &element));
}

/* A VMM that takes its memory away while events come is gone in the next turn. */
static void test_shrunk_memory(void)
{
	for (int offered = 0; offered < 2; offered++) {
		g_autoptr(device_fixture) fixture = device_fixture_new_begun();

		if (offered)
			device_offer_all(fixture);
		guest_shrink(&fixture->vmm.guest);
		DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
		DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
		device_expect_heard(fixture, "");
		fixture_settle();
		device_expect_heard(fixture, "connected=0 ");
		device_expect_log(
			"[kiosk] guest kiosk: keyboard: closing vhost-user: the VMM took memory "
			"away that it had shared");
		vmm_close(&fixture->vmm);
		vmm_open(&fixture->vmm);
		device_begin(fixture);
		device_offer_all(fixture);
		DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
		device_expect(fixture, "KEY_A=1 \n");
	}
}

/* QEMU changes its memory under a device that runs: what comes between is late, and nothing is
 * lost. */
static void test_changed_memory(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct vmm *vmm = &fixture->vmm;
	struct vmm_message add = vmm_add_memory(vmm);
	const struct vmm_message remove = vmm_remove_memory();

	add.flags = VHOST_USER_NEED_REPLY;
	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1});
	device_expect(fixture, "KEY_A=1 \n");
	g_assert_cmpuint(vmm_ask(vmm, &remove), ==, 0);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 1});
	g_assert_cmpuint(vmm_ask(vmm, &add), ==, 0);
	fixture_settle();
	device_expect(fixture, "KEY_A=0 \nKEY_B=1 \n");
	device_expect_heard(fixture, "");
}

/* The queues go on where they were stopped. */
static void go_on(struct device_fixture *fixture, const uint16_t *bases)
{
	struct vmm *vmm = &fixture->vmm;

	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message messages[] = {
			VMM_MESSAGE(VHOST_USER_SET_VRING_BASE, VMM_STATE(i, bases[i])),
			vmm_message_with_fd(VHOST_USER_SET_VRING_KICK, i, vmm->kicks[i]),
			VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE, VMM_STATE(i, 1)),
		};

		for (size_t j = 0; j < G_N_ELEMENTS(messages); j++)
			vmm_send(vmm, &messages[j]);
	}
	fixture_settle();
}

/* A guest that breaks its ring is no guest that listens; when it has mended it, every release is
 * there. */
static void test_broken_ring(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_EVENT_QUEUE];
	uint16_t bases[VMM_QUEUES];
	uint16_t index;

	device_offer_all(fixture);
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 1}, {EV_KEY, KEY_B, 1}, {EV_KEY, KEY_C, 1});
	device_expect(fixture, "KEY_A=1 KEY_B=1 KEY_C=1 \n");
	index = driver->offered;
	driver_set_index(driver, (uint16_t)(index + VMM_QUEUE_SIZE + 1));
	/* Who sends it finds out, and who is told hears of it in the next turn. */
	DEVICE_SEND(fixture, {EV_KEY, KEY_A, 0});
	DEVICE_SEND(fixture, {EV_KEY, KEY_B, 0});
	device_expect_heard(fixture, "");
	device_expect_log("[kiosk] guest kiosk: keyboard: queue 0 stands still: the guest offers "
			  "9 buffers in a ring of 4");
	fixture_settle();
	device_expect_heard(fixture, "connected=0 ");
	DEVICE_SEND(fixture, {EV_KEY, KEY_C, 0});
	driver_set_index(driver, index);
	vmm_kick(&fixture->vmm, DEVICE_EVENT_QUEUE);
	device_expect(fixture, "");
	vmm_stop(&fixture->vmm, bases);
	device_expect_heard(fixture, "");
	go_on(fixture, bases);
	device_expect_heard(fixture, "connected=1 ");
	device_expect(fixture, "KEY_A=0 \nKEY_B=0 \nKEY_C=0 \n");
}

/* ---- the end ---- */

/* What a poll of ours finds instead of waiting; NULL: what there is. */
static struct {
	int (*instead)(struct pollfd *fds, nfds_t count, int timeout_ms);
	struct device_fixture *guest;
	unsigned int calls;
	unsigned int taken;
} polls;

static int kernel_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return polls.instead ? polls.instead(fds, count, timeout_ms)
			     : kernel_poll(fds, count, timeout_ms);
}

static int nothing_comes(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	polls.calls++;
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpint(timeout_ms, >, 0);
	g_assert_cmpint(timeout_ms, <=, 500);
	return 0;
}

/* At the end guests that take nothing have half a second together, and keep nobody else from his
 * releases. */
static void test_flush(void)
{
	g_autoptr(device_fixture) first = device_fixture_new_begun();
	g_autoptr(device_fixture) second = device_fixture_new_begun();
	g_autoptr(device_fixture) third = device_fixture_new_begun();
	g_autoptr(device_fixture) nobody = device_fixture_new();
	struct input_sink *sinks[] = {first->sink, second->sink, third->sink, nobody->sink};

	polls.instead = nothing_comes;
	polls.calls = 0;
	device_flush(sinks, G_N_ELEMENTS(sinks));
	g_assert_cmpuint(polls.calls, ==, 0);
	DEVICE_SEND(first, {EV_KEY, KEY_A, 1});
	DEVICE_SEND(second, {EV_KEY, KEY_A, 1});
	DEVICE_SEND(third, {EV_KEY, KEY_A, 1});
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		device_offer(third, head);
	g_assert_cmpint(eventfd_write(third->vmm.kicks[DEVICE_EVENT_QUEUE], 1), ==, 0);
	device_flush(sinks, G_N_ELEMENTS(sinks));
	g_assert_cmpuint(polls.calls, ==, 1);
	polls.instead = NULL;
	device_expect(third, "KEY_A=1 \n");
}

/* The driver takes one buffer after the other, and offers it again. */
static int buffer_comes(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct driver *driver = &polls.guest->vmm.drivers[DEVICE_EVENT_QUEUE];
	struct vring_used_elem element;

	while (driver_take_used(driver, &element))
		polls.taken++;
	device_offer(polls.guest, 0);
	g_assert_cmpint(eventfd_write(polls.guest->vmm.kicks[DEVICE_EVENT_QUEUE], 1), ==, 0);
	polls.calls++;
	return kernel_poll(fds, count, 0);
}

/* Buffers that come while it is waited for them. */
static void test_late_flush(void)
{
	g_autoptr(device_fixture) fixture = device_fixture_new_begun();
	struct driver *driver = &fixture->vmm.drivers[DEVICE_EVENT_QUEUE];
	struct vring_used_elem element;

	for (int i = 0; i < 4; i++)
		DEVICE_SEND(fixture, {EV_KEY, KEY_A, i % 2 == 0});
	polls.instead = buffer_comes;
	polls.guest = fixture;
	polls.calls = 0;
	polls.taken = 0;
	device_flush(&fixture->sink, 1);
	polls.instead = NULL;
	while (driver_take_used(driver, &element))
		polls.taken++;
	g_assert_cmpuint(polls.calls, ==, 8);
	g_assert_cmpuint(polls.taken, ==, 8);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add_func("/input/device-fault/buffers", test_buffers);
	g_test_add_func("/input/device-fault/shrunk-memory", test_shrunk_memory);
	g_test_add_func("/input/device-fault/changed-memory", test_changed_memory);
	g_test_add_func("/input/device-fault/broken-ring", test_broken_ring);
	g_test_add_func("/input/device-fault/flush", test_flush);
	g_test_add_func("/input/device-fault/late-flush", test_late_flush);
	return g_test_run();
}
