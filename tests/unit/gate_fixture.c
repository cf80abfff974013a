/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate_fixture.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dbus_fixture.h"
#include "input/dbus/frame.h"
#include "wire/account.h"
#include "wire/closer.h"

static void put_u32(uint8_t *to, char order, uint32_t value)
{
	value = order == 'B' ? GUINT32_TO_BE(value) : GUINT32_TO_LE(value);
	memcpy(to, &value, sizeof(value));
}

void gate_fixture_make_head(uint8_t *head, char order, uint8_t type, uint32_t fields, uint32_t body)
{
	head[0] = (uint8_t)order;
	head[1] = type;
	head[2] = 0;
	head[3] = 1;
	put_u32(head + 4, order, body);
	put_u32(head + 8, order, 1);
	put_u32(head + 12, order, fields);
}

static gboolean note(int fd, GIOCondition condition, gpointer ready)
{
	*(bool *)ready = true;
	return G_SOURCE_CONTINUE;
}

static void await(int fd, GIOCondition condition)
{
	bool ready = false;
	guint id = g_unix_fd_add(fd, condition, note, &ready);

	UNTIL(ready);
	g_source_remove(id);
}

/* So many bytes, or as many as there are before the end. */
size_t gate_fixture_receive(int fd, uint8_t *bytes, size_t size)
{
	size_t all = 0;

	while (all < size) {
		ssize_t got;

		await(fd, G_IO_IN);
		got = recv(fd, bytes + all, size - all, MSG_DONTWAIT);
		if (got <= 0)
			break;
		all += (size_t)got;
	}
	return all;
}

void gate_fixture_send(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size > 0) {
		ssize_t sent = send(fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			await(fd, G_IO_OUT);
			continue;
		}
		at += sent;
		size -= (size_t)sent;
	}
}

void gate_fixture_expect_end(int fd)
{
	uint8_t byte;

	g_assert_cmpuint(gate_fixture_receive(fd, &byte, 1), ==, 0);
}

/* What is underway has come: nothing more does. */
void gate_fixture_expect_silence(int fd)
{
	uint8_t byte;

	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpint(recv(fd, &byte, 1, MSG_DONTWAIT), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
}

void gate_fixture_expect_text(int fd, const char *text)
{
	size_t size = strlen(text);
	g_autofree char *got = g_malloc0(size + 1);

	g_assert_cmpuint(gate_fixture_receive(fd, (uint8_t *)got, size), ==, size);
	g_assert_cmpstr(got, ==, text);
}

void gate_fixture_opened(void *data, GIOStream *stream, const GError *error)
{
	struct gate_fixture *rig = data;

	g_assert_true((stream != NULL) != (error != NULL));
	rig->told++;
	rig->error = error ? g_error_copy(error) : NULL;
	rig->stream = stream ? g_object_ref(stream) : NULL;
	if (stream)
		rig->local = g_socket_get_fd(
			g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)));
}

void gate_fixture_init(struct gate_fixture *rig)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autoptr(GError) error = NULL;

	*rig = (struct gate_fixture){.bus = -1, .local = -1};
	rig->folder = g_dir_make_tmp("scanoutd-gate-XXXXXX", &error);
	g_assert_no_error(error);
	rig->path = g_build_filename(rig->folder, "bus", NULL);
	rig->address = g_strdup_printf("unix:path=%s", rig->path);
	g_strlcpy(address.sun_path, rig->path, sizeof(address.sun_path));
	rig->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(rig->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(rig->listener, 4), ==, 0);
	rig->account = account_create("kiosk");
	dbus_budget_init(&rig->budget, g_get_monotonic_time());
}

void gate_fixture_connect(struct gate_fixture *rig)
{
	const struct dbus_gate_options options = {
		.guest = "kiosk",
		.address = rig->address,
		.account = rig->account,
		.budget = &rig->budget,
	};

	rig->gate = dbus_gate_create(&options, gate_fixture_opened, rig);
	gate_fixture_accept(rig);
}

void gate_fixture_accept(struct gate_fixture *rig)
{
	await(rig->listener, G_IO_IN);
	rig->bus = accept4(rig->listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(rig->bus, >=, 0);
}

/* The byte that the connection begins with, and the first line. */
void gate_fixture_expect_greeting(struct gate_fixture *rig)
{
	uint8_t zero = 1;

	g_assert_cmpuint(gate_fixture_receive(rig->bus, &zero, 1), ==, 1);
	g_assert_cmpuint(zero, ==, 0);
	gate_fixture_expect_text(rig->bus, "AUTH EXTERNAL ");
	for (uint8_t byte = 0; byte != '\n';)
		g_assert_cmpuint(gate_fixture_receive(rig->bus, &byte, 1), ==, 1);
}

void gate_fixture_open(struct gate_fixture *rig)
{
	gate_fixture_init(rig);
	gate_fixture_connect(rig);
	gate_fixture_expect_greeting(rig);
	gate_fixture_send(rig->bus, "OK " GATE_GUID "\r\n", strlen("OK " GATE_GUID "\r\n"));
	UNTIL(rig->told);
	g_assert_no_error(rig->error);
	gate_fixture_expect_text(rig->bus, "BEGIN\r\n");
	g_assert_cmpstr(dbus_gate_guid(rig->gate), ==, GATE_GUID);
}

void gate_fixture_close_local(struct gate_fixture *rig)
{
	if (rig->stream)
		g_io_stream_close(rig->stream, NULL, NULL);
	g_clear_object(&rig->stream);
}

void gate_fixture_close_bus(struct gate_fixture *rig)
{
	if (rig->bus >= 0)
		close(rig->bus);
	rig->bus = -1;
}

void gate_fixture_finish(struct gate_fixture *rig)
{
	dbus_gate_release(rig->gate);
	gate_fixture_close_local(rig);
	/* It is there until it has seen that. */
	if (rig->bus >= 0)
		gate_fixture_expect_end(rig->bus);
	gate_fixture_close_bus(rig);
	while (closer_pending() > 0 || g_main_context_iteration(NULL, FALSE))
		;
	account_destroy(rig->account);
	close(rig->listener);
	g_unlink(rig->path);
	g_rmdir(rig->folder);
	g_clear_error(&rig->error);
	g_free(rig->address);
	g_free(rig->path);
	g_free(rig->folder);
}

/* One message of `size` bytes, each of which is another than the one before; the caller's. */
uint8_t *gate_fixture_make_message(char order, uint8_t type, size_t size)
{
	uint8_t *message = g_malloc(size);

	for (size_t i = 0; i < size; i++)
		message[i] = (uint8_t)(i * 7);
	gate_fixture_make_head(message, order, type, 0, (uint32_t)size - DBUS_FRAME_HEAD);
	return message;
}

void gate_fixture_send_message(int fd, uint8_t type, size_t size)
{
	g_autofree uint8_t *message = gate_fixture_make_message('l', type, size);

	gate_fixture_send(fd, message, size);
}

void gate_fixture_expect_message(int fd, char order, uint8_t type, size_t size)
{
	g_autofree uint8_t *expected = gate_fixture_make_message(order, type, size);
	g_autofree uint8_t *got = g_malloc(size);

	g_assert_cmpuint(gate_fixture_receive(fd, got, size), ==, size);
	g_assert_cmpmem(got, size, expected, size);
}

/* A call goes out, so that an answer may come. */
void gate_fixture_call(struct gate_fixture *rig)
{
	gate_fixture_send_message(rig->local, DBUS_FRAME_CALL, 24);
	gate_fixture_expect_message(rig->bus, 'l', DBUS_FRAME_CALL, 24);
}
