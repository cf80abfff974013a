/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "wire/kept_fds.h"
#include "wire/relay_state.h"

/* What was logged since the rig was made; of two, since the first of them was. */
static GString *logged;

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++)
		if (logged && g_str_equal(fields[i].key, "MESSAGE"))
			g_string_append_printf(logged, "%s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

void rig_setup(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	g_log_set_writer_func(record, NULL, NULL);
	/* GLib's own fds, made now, are no leak of the relay's. */
	rig_settle();
}

/* Whether the relays of the test that runs are kept. */
static bool keeps;

static struct test {
	void (*function)(void);
	bool kept;
} tests[128];
static size_t test_count;

static void run_test(gconstpointer data)
{
	const struct test *test = data;

	keeps = test->kept;
	test->function();
	keeps = false;
}

static void add_test(const char *path, void (*function)(void), bool kept)
{
	g_assert_cmpuint(test_count, <, G_N_ELEMENTS(tests));
	tests[test_count] = (struct test){function, kept};
	g_test_add_data_func(path, &tests[test_count++], run_test);
}

void rig_add(const char *path, void (*function)(void))
{
	g_autofree char *kept = g_strconcat(path, "-kept", NULL);

	add_test(path, function, false);
	add_test(kept, function, true);
}

void rig_add_kept(const char *path, void (*function)(void))
{
	add_test(path, function, true);
}

void rig_forget_log(void)
{
	g_string_truncate(logged, 0);
}

unsigned int rig_times_logged(const char *text)
{
	unsigned int count = 0;

	for (const char *at = logged->str; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void attached(void *data, int fd)
{
	struct rig *rig = data;

	g_assert_cmpint(rig->display, ==, -1);
	rig->display = fd;
	rig->attached++;
}

static bool adopted(void *data, int fd)
{
	struct rig *rig = data;

	g_assert_cmpint(rig->display, ==, -1);
	rig->adopted++;
	if (!rig->refuses)
		rig->display = fd;
	else if (fd >= 0)
		close(fd);
	return !rig->refuses;
}

static void scanouts(void *data, uint32_t count)
{
	struct rig *rig = data;

	const struct rlimit none = {.rlim_cur = 0, .rlim_max = rig->limit.rlim_max};

	rig->scanouts_told++;
	rig->scanouts = count;
	if (rig->runs_out)
		g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
}

static void detached(void *data)
{
	struct rig *rig = data;

	rig->detached++;
}

static void running(void *data, bool is_running)
{
	struct rig *rig = data;

	rig->running_told++;
	if (ioctl(rig->backend, FIONREAD, &rig->unread_when_told) != 0)
		rig->unread_when_told = -1;
	rig->running = is_running;
}

static void backend(void *data, bool there)
{
	struct rig *rig = data;

	rig->backend_told++;
	rig->backend_there = there;
}

const struct relay_listener rig_listener = {
	.attached = attached,
	.adopted = adopted,
	.scanouts = scanouts,
	.detached = detached,
	.running = running,
	.backend = backend,
};

void rig_settle(void)
{
	for (int turns = 0; g_main_context_iteration(NULL, FALSE); turns++)
		g_assert_cmpint(turns, <, 100000);
	/* What it closes is closed a moment later. */
	fixture_await_closers();
}

void rig_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_assert_cmpuint(strlen(path), <, sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	return address;
}

int rig_connect_to(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

int rig_listen_at(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	g_unlink(path);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(fd, 1), ==, 0);
	return fd;
}

bool rig_accept(struct rig *rig)
{
	rig->backend = accept4(rig->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return rig->backend >= 0;
}

void rig_prepare(struct rig *rig)
{
	g_autoptr(GError) error = NULL;

	*rig = (struct rig){
		.account = account_create("test"),
		.has_log = !logged,
		.vmm = -1,
		.listener = -1,
		.backend = -1,
		.display = -1,
		.fds_before = fixture_count_fds(),
	};
	if (rig->has_log)
		logged = g_string_new(NULL);
	for (size_t i = 0; i < RIG_FDS; i++)
		rig->fds[i] = fixture_memfd((char)('0' + i));
	rig->directory = g_dir_make_tmp("relay-XXXXXX", &error);
	g_assert_no_error(error);
	rig->vmm_path = g_build_filename(rig->directory, "vmm", NULL);
	rig->backend_path = g_build_filename(rig->directory, "backend", NULL);
	if (!keeps)
		return;
	rig->state = g_new0(struct relay_state, 1);
	rig->kept = kept_fds_create(-1, account_closer(rig->account), NULL);
	g_assert_nonnull(rig->kept);
}

void rig_create_relay(struct rig *rig)
{
	g_autoptr(GError) error = NULL;
	const struct relay_options options = {
		.name = "test",
		.account = rig->account,
		.vmm_path = rig->vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = rig->backend_path,
		.state = rig->state,
		.kept = rig->kept,
	};

	rig->relay = relay_create(&options, &rig_listener, rig, &error);
	g_assert_no_error(error);
}

void rig_connect(struct rig *rig)
{
	if (rig->listener < 0)
		rig->listener = rig_listen_at(rig->backend_path);
	rig->vmm = rig_connect_to(rig->vmm_path);
	rig_settle();
	g_assert_true(rig_accept(rig));
}

void rig_init(struct rig *rig)
{
	rig_prepare(rig);
	rig_create_relay(rig);
	rig_connect(rig);
}

void rig_replace_relay(struct rig *rig)
{
	int pair[2];

	relay_leave(rig->relay);
	relay_destroy(rig->relay);
	rig_settle();
	rig_close(&rig->display);
	for (size_t i = 0; i < G_N_ELEMENTS(pair); i++)
		pair[i] = fcntl(kept_fds_pair(rig->kept)[i], F_DUPFD_CLOEXEC, 3);
	kept_fds_destroy(rig->kept);
	rig->kept = kept_fds_create_from(pair, account_closer(rig->account), NULL);
	g_assert_nonnull(rig->kept);
	rig_create_relay(rig);
}

void rig_finish(struct rig *rig)
{
	relay_destroy(rig->relay);
	rig_settle();
	kept_fds_destroy(rig->kept);
	g_free(rig->state);
	fixture_close_account(rig->account);
	rig_close(&rig->vmm);
	rig_close(&rig->listener);
	rig_close(&rig->backend);
	rig_close(&rig->display);
	for (size_t i = 0; i < RIG_FDS; i++)
		rig_close(&rig->fds[i]);
	g_assert_cmpuint(fixture_count_fds(), ==, rig->fds_before);
	g_unlink(rig->backend_path);
	g_assert_cmpint(g_rmdir(rig->directory), ==, 0);
	g_free(rig->directory);
	g_free(rig->vmm_path);
	g_free(rig->backend_path);
	if (rig->has_log) {
		g_string_free(logged, TRUE);
		logged = NULL;
	}
}

struct rig_message rig_message(uint32_t request, uint32_t flags, uint32_t size)
{
	struct rig_message message = {.header = {request, flags, size}};

	for (uint32_t i = 0; i < size && i < sizeof(message.payload); i++)
		message.payload[i] = (uint8_t)(request + i * 7);
	return message;
}

size_t rig_message_size(const struct rig_message *message)
{
	return sizeof(message->header) + message->header.size;
}

void rig_send(int socket, const struct rig_message *message, const int *fds, size_t fd_count)
{
	fixture_send_on(socket, message, rig_message_size(message), fds, fd_count);
	rig_settle();
}

void rig_send_rest(int socket, const struct rig_message *message, size_t cut)
{
	fixture_send_on(socket, (const char *)message + cut, rig_message_size(message) - cut, NULL,
		0);
	rig_settle();
}

uint64_t rig_fill(struct rig *rig, int socket, const struct rig_message *message)
{
	uint64_t sent = 0;

	do {
		rig_send(socket, message, NULL, 0);
		sent++;
	} while (relay_counters(rig->relay)->messages == sent);
	return sent;
}

bool rig_receive(int socket, struct rig_message *message, int *fds, size_t *fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS_MAX)];
	} control;
	struct iovec iov = {&message->header, sizeof(message->header)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);

	*fd_count = 0;
	if (got < 0) {
		g_assert_cmpint(errno, ==, EAGAIN);
		return false;
	}
	g_assert_cmpint(got, ==, sizeof(message->header));
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
	if (rights) {
		*fd_count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(rights), *fd_count * sizeof(int));
	}
	g_assert_cmpuint(message->header.size, <=, VHOST_USER_PAYLOAD_MAX);
	if (message->header.size)
		g_assert_cmpint(read(socket, message->payload, message->header.size), ==,
			message->header.size);
	return true;
}

void rig_expect_nothing(int socket)
{
	char byte;

	g_assert_cmpint(recv(socket, &byte, 1, MSG_PEEK), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
}

void rig_expect_closed(int socket)
{
	char byte;
	ssize_t got = recv(socket, &byte, 1, MSG_PEEK);

	/* Reset, where the relay left bytes unread. */
	g_assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
}

/* The open file is the same, not only what it is of: its status flags are shared. */
static void expect_same_file(int a, int b)
{
	int flags = fcntl(a, F_GETFL);

	g_assert_cmpint(flags, >=, 0);
	g_assert_cmpint(fcntl(b, F_GETFL), ==, flags);
	g_assert_cmpint(fcntl(a, F_SETFL, flags ^ O_NONBLOCK), ==, 0);
	g_assert_cmpint(fcntl(b, F_GETFL), ==, flags ^ O_NONBLOCK);
	g_assert_cmpint(fcntl(a, F_SETFL, flags), ==, 0);
}

void rig_expect_message(int socket, const struct rig_message *wanted, const int *fds,
	size_t fd_count)
{
	struct rig_message got;
	int got_fds[VHOST_USER_FDS_MAX];
	size_t got_count;

	g_assert_true(rig_receive(socket, &got, got_fds, &got_count));
	g_assert_cmpmem(&got, rig_message_size(&got), wanted, rig_message_size(wanted));
	g_assert_cmpuint(got_count, ==, fd_count);
	for (size_t i = 0; i < fd_count; i++) {
		expect_same_file(got_fds[i], fds[i]);
		close(got_fds[i]);
	}
}

struct rig_direction rig_direction(struct rig *rig, bool up)
{
	return up ? (struct rig_direction){&rig->backend, &rig->vmm}
		  : (struct rig_direction){&rig->vmm, &rig->backend};
}

void rig_expect_forwarded(struct rig_direction way, const struct rig_message *message,
	const int *fds, size_t fd_count)
{
	rig_send(*way.from, message, fds, fd_count);
	rig_expect_message(*way.to, message, fds, fd_count);
}

void rig_expect_session_over(struct rig *rig, const char *text)
{
	if (rig->vmm >= 0)
		rig_expect_closed(rig->vmm);
	if (rig->backend >= 0)
		rig_expect_closed(rig->backend);
	g_assert_cmpuint(rig->detached, ==, 1);
	g_assert_cmpuint(rig_times_logged(text), ==, 1);
	g_assert_cmpuint(rig_times_logged("guest test: closing"), <=, 1);
	rig_close(&rig->vmm);
	rig_close(&rig->backend);
	rig_close(&rig->display);
	rig_connect(rig);
	struct rig_message message = rig_message(RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 8);
	rig_expect_forwarded(rig_direction(rig, false), &message, NULL, 0);
	g_assert_cmpuint(relay_counters(rig->relay)->vmms, ==, 2);
	g_assert_cmpuint(rig->detached, ==, 1);
}

const struct rig_message rig_swap_message = {
	.header = {VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0}};

int rig_receive_display_socket(struct rig *rig)
{
	struct rig_message got;
	int fds[VHOST_USER_FDS_MAX];
	size_t count;

	g_assert_true(rig_receive(rig->backend, &got, fds, &count));
	g_assert_cmpmem(&got, rig_message_size(&got), &rig_swap_message,
		rig_message_size(&rig_swap_message));
	g_assert_cmpuint(count, ==, 1);
	return fds[0];
}

void rig_swap(struct rig *rig, int fd)
{
	rig_send(rig->vmm, &rig_swap_message, &fd, 1);
	close(rig_receive_display_socket(rig));
}
