/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost/signaller.h"
#include "vhost/vhost_internal.h"

/* ---- the device ---- */

static GString *events_of(void *data)
{
	return ((struct backend_fixture *)data)->events;
}

static bool get_config(void *data, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	g_string_append_printf(events_of(data), "get %u at %u\n", size, offset);
	if (offset > VMM_CONFIG_SIZE || size > VMM_CONFIG_SIZE - offset)
		return false;
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = BACKEND_CONFIG_BYTE(offset + i);
	return true;
}

static bool set_config(void *data, uint32_t offset, uint32_t size, const uint8_t *bytes)
{
	g_string_append_printf(events_of(data), "set %u at %u to %02x\n", size, offset,
		size ? bytes[0] : 0);
	return offset + size <= VMM_CONFIG_SIZE;
}

static void started(void *data, unsigned int ring)
{
	g_string_append_printf(events_of(data), "started %u\n", ring);
}

static void stopped(void *data, unsigned int ring)
{
	g_string_append_printf(events_of(data), "stopped %u\n", ring);
}

static void kicked(void *data, unsigned int ring)
{
	g_string_append_printf(events_of(data), "kicked %u\n", ring);
}

/* Destroying it from here is what devices do. */
static void closed(void *data)
{
	struct backend_fixture *fixture = data;

	g_string_append(fixture->events, "closed\n");
	vhost_destroy(fixture->vhost);
	fixture->vhost = NULL;
}

static const struct vhost_listener listener = {
	.get_config = get_config,
	.set_config = set_config,
	.started = started,
	.stopped = stopped,
	.kicked = kicked,
	.closed = closed,
};

/* ---- the fixture ---- */

struct backend_fixture *backend_fixture_new(void)
{
	struct backend_fixture *fixture = g_new0(struct backend_fixture, 1);
	g_autoptr(GError) error = NULL;
	int pair[2];

	vmm_open(&fixture->vmm);
	fixture->events = g_string_new(NULL);
	/* Its fd is the process's, and stays. */
	g_assert_true(signaller_install(NULL));
	fixture->fds = fixture_count_fds();
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->vmm.fd = pair[1];
	fixture->account = account_create("kiosk");
	fixture->vhost = vhost_create("kiosk", "keyboard", pair[0], fixture->account, &listener,
		fixture, &error);
	g_assert_no_error(error);
	return fixture;
}

void backend_fixture_free(struct backend_fixture *fixture)
{
	g_autofree char *log = fixture_log_take();

	g_assert_null(log);
	vhost_destroy(fixture->vhost);
	kept_fds_destroy(fixture->kept);
	g_free(fixture->journal);
	fixture_close_account(fixture->account);
	vmm_hang_up(&fixture->vmm);
	g_assert_cmpuint(fixture_count_fds(), ==, fixture->fds);
	vmm_close(&fixture->vmm);
	g_string_free(fixture->events, TRUE);
	g_free(fixture);
}

void backend_expect_events(struct backend_fixture *fixture, const char *events)
{
	g_assert_cmpstr(fixture->events->str, ==, events);
	g_string_truncate(fixture->events, 0);
}

void backend_expect_log(const char *text)
{
	g_autofree char *log = fixture_log_take();

	g_assert_nonnull(log);
	g_assert_null(strchr(log, '\n'));
	g_assert_true(g_str_has_prefix(log, "[kiosk] guest kiosk: keyboard: "));
	g_test_message("%s", log);
	g_assert_nonnull(strstr(log, text));
}

struct backend_fixture *backend_fixture_new_started(void)
{
	struct backend_fixture *fixture = backend_fixture_new();

	vmm_start(&fixture->vmm, 0);
	backend_expect_events(fixture, BACKEND_START_EVENTS);
	return fixture;
}

struct backend_fixture *backend_fixture_new_kept(void)
{
	struct backend_fixture *fixture = backend_fixture_new();

	fixture->journal = g_new0(struct vhost_journal, 1);
	fixture->kept = kept_fds_create(-1, NULL, NULL);
	g_assert_nonnull(fixture->kept);
	vhost_keep(fixture->vhost, fixture->journal, fixture->kept);
	vmm_start(&fixture->vmm, 0);
	backend_expect_events(fixture, BACKEND_START_EVENTS);
	return fixture;
}

static int duplicate(int fd)
{
	int other = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	g_assert_cmpint(other, >=, 0);
	return other;
}

void backend_succeed(struct backend_fixture *fixture)
{
	const int *kept = kept_fds_pair(fixture->kept);
	const int pair[] = {duplicate(kept[0]), duplicate(kept[1])};
	int fd = duplicate(fixture->vhost->stream.fd);
	g_autoptr(GError) error = NULL;

	vhost_leave(fixture->vhost);
	kept_fds_destroy(fixture->kept);
	fixture->kept = kept_fds_create_from(pair, NULL, &error);
	g_assert_no_error(error);
	fixture->vhost = vhost_adopt("kiosk", "keyboard", fd, fixture->account, fixture->journal,
		fixture->kept, &listener, fixture, &error);
	g_assert_no_error(error);
	kept_fds_settle(fixture->kept);
}

void backend_tell(struct backend_fixture *fixture, struct vmm_message message)
{
	vmm_send(&fixture->vmm, &message);
	fixture_settle();
}

uint64_t backend_ask(struct backend_fixture *fixture, struct vmm_message message)
{
	return vmm_ask(&fixture->vmm, &message);
}

void backend_expect_alive(struct backend_fixture *fixture)
{
	g_assert_cmpuint(backend_ask(fixture, vmm_message(VHOST_USER_GET_QUEUE_NUM, 0, NULL)), ==,
		VMM_QUEUES);
}
