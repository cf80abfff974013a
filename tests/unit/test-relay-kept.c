/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay whose process is killed, before and after each system call and each call of its listener,
 * and goes on in another process: VMM and back-end, which have not noticed, have each message of
 * the other once, in order, whole and with its fds, in both directions; the display socket is the
 * one that the back-end has; and the successor knows what was known.
 */
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "relay_fixture.h"
#include "wire/kept_fds.h"
#include "wire/relay_state.h"

/* What outlives a process. */
static struct shared {
	struct relay_state state;
	unsigned int points; /* so far, of all processes */
	unsigned int kill_at; /* the next one; 0: none */
	unsigned int kill_every; /* from then on, … */
	unsigned int kills; /* … as long as there are any left */
	/* The process that was told last: so many scanouts, that the queues are stopped, of the
	 * display socket. */
	pid_t scanouts_told;
	pid_t stopped_told;
	pid_t display_told;
	unsigned int adopted;
	unsigned int attached;
} * shared;

/* ---- where it can be killed ---- */

static bool is_child;

static void point(void)
{
	if (!is_child || ++shared->points != shared->kill_at)
		return;
	if (shared->kills > 0) {
		shared->kills--;
		shared->kill_at = shared->points + shared->kill_every;
	}
	kill(getpid(), SIGKILL);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
	struct timespec *timeout)
{
	int result;

	point();
	/* A part of it at a time. */
	if (messages->msg_hdr.msg_iov->iov_len > 1500)
		messages->msg_hdr.msg_iov->iov_len = 1500;
	result = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
	point();
	return result;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	int result;

	point();
	result = (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
	point();
	return result;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t result;

	point();
	result = syscall(SYS_recvmsg, fd, message, flags);
	point();
	return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t result;

	point();
	result = syscall(SYS_sendmsg, fd, message, flags);
	point();
	return result;
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
	point();
	return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

/* ---- the listener ---- */

static void display_told(int fd)
{
	g_assert_cmpint(write(fd, "d", 1), ==, 1);
	shared->display_told = getpid();
	point();
}

static void on_attached(void *data, int fd)
{
	point();
	shared->attached++;
	display_told(fd);
}

static bool on_adopted(void *data, int fd)
{
	point();
	shared->adopted++;
	if (fd >= 0)
		display_told(fd);
	return true;
}

static void on_scanouts(void *data, uint32_t count)
{
	point();
	g_assert_cmpuint(count, ==, 3);
	shared->scanouts_told = getpid();
}

static void on_detached(void *data)
{
	g_assert_not_reached();
}

static void on_running(void *data, bool running)
{
	point();
	shared->stopped_told = running ? 0 : getpid();
}

static const struct relay_listener listener = {
	.attached = on_attached,
	.adopted = on_adopted,
	.scanouts = on_scanouts,
	.detached = on_detached,
	.running = on_running,
};

/* ---- what both sides say ---- */

/* Fds are memfds with a letter in them, which is the line's, counted on. */
struct line {
	uint32_t request, flags, size;
	size_t fds;
	size_t first_piece; /* sent by itself, with the fds; 0: the message is sent in one piece */
};

#define REPLY (VHOST_USER_VERSION | VHOST_USER_REPLY)

static const struct line vmm_lines[] = {
	{VHOST_USER_GET_FEATURES, VHOST_USER_VERSION, 0, 0, 0},
	{VHOST_USER_SET_BACKEND_REQ_FD, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0, 1, 0},
	{VHOST_USER_GET_CONFIG, VHOST_USER_VERSION, 32, 0, 0},
	{VHOST_USER_ADD_MEM_REG, VHOST_USER_VERSION, 40, 1, 0},
	/* Its fds come with its first bytes; and then it is long. */
	{RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 4096, 8, 7},
	{VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0, 1, 0},
	{VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, 40, 0, 0},
	{VHOST_USER_SET_VRING_KICK, VHOST_USER_VERSION, 8, 1, 0},
	{VHOST_USER_GPU_SET_SOCKET, VHOST_USER_VERSION, 0, 1, 0},
	{VHOST_USER_GET_VRING_BASE, VHOST_USER_VERSION, 8, 0, 0},
	{RIG_GET_QUEUE_NUM, VHOST_USER_VERSION, 20, 2, 13},
};

static const struct line backend_lines[] = {
	{VHOST_USER_GET_FEATURES, REPLY, 8, 0, 0},
	{VHOST_USER_GET_CONFIG, REPLY, 32, 0, 0},
	{31, REPLY, 20, 3, 0},
	{31, REPLY, 3000, 2, 14},
	{VHOST_USER_GET_VRING_BASE, REPLY, 8, 0, 0},
};

static struct rig_message message_of(const struct line *line)
{
	struct rig_message message = rig_message(line->request, line->flags, line->size);

	if (line->request == VHOST_USER_GET_CONFIG) {
		const struct vhost_user_config config = {.size = 20};
		const uint32_t scanouts = 3;

		memcpy(message.payload, &config, sizeof(config));
		memcpy(message.payload + sizeof(config) +
				G_STRUCT_OFFSET(struct virtio_gpu_config, num_scanouts),
			&scanouts, sizeof(scanouts));
	}
	return message;
}

static char tag_of(const struct line *line, size_t fd)
{
	return (char)('A' + line->request % 20 + line->size % 7 + fd);
}

/* The relay may be killed meanwhile. */
static void send_piece(int socket, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
	if (fixture_try_send(socket, bytes, size, fds, fd_count) < 0)
		g_assert_true(errno == EPIPE || errno == ECONNRESET);
}

static void send_line(int socket, const struct line *line)
{
	struct rig_message message = message_of(line);
	size_t size = rig_message_size(&message);
	size_t first = line->first_piece ? line->first_piece : size;
	int fds[VHOST_USER_FDS_MAX] = {0};

	for (size_t i = 0; i < line->fds; i++)
		fds[i] = fixture_memfd(tag_of(line, i));
	send_piece(socket, &message, first, fds, line->fds);
	if (first < size)
		send_piece(socket, (const char *)&message + first, size - first, NULL, 0);
	for (size_t i = 0; i < line->fds; i++)
		close(fds[i]);
}

static void expect_line(const struct line *line, const struct rig_message *got, const int *fds,
	size_t fd_count)
{
	struct rig_message wanted = message_of(line);

	g_assert_cmpmem(got, rig_message_size(got), &wanted, rig_message_size(&wanted));
	g_assert_cmpuint(fd_count, ==, line->fds);
	for (size_t i = 0; i < fd_count; i++) {
		char tag = '-';

		g_assert_cmpint(pread(fds[i], &tag, 1, 0), ==, 1);
		g_assert_cmpint(tag, ==, tag_of(line, i));
		close(fds[i]);
	}
}

/* ---- the peers, which outlive all ---- */

struct peers {
	char *directory;
	char *vmm_path;
	char *backend_path;
	int vmm_listener; /* the relay's */
	int backend_listener;
	int vmm;
	int backend;
	int display; /* the back-end's end */
	size_t vmm_got; /* lines of the back-end's */
	size_t backend_got;
	unsigned int answers; /* to the message 33 that asked for one */
};

static void connect_vmm(struct peers *peers)
{
	g_assert_cmpuint(peers->vmm_got + peers->backend_got, ==, 0);
	rig_close(&peers->vmm);
	peers->vmm = rig_connect_to(peers->vmm_path);
	for (size_t i = 0; i < G_N_ELEMENTS(vmm_lines); i++)
		send_line(peers->vmm, &vmm_lines[i]);
}

static void init_peers(struct peers *peers)
{
	*peers = (struct peers){.vmm = -1, .backend = -1, .display = -1};
	peers->directory = g_dir_make_tmp("relay-XXXXXX", NULL);
	peers->vmm_path = g_build_filename(peers->directory, "vmm", NULL);
	peers->backend_path = g_build_filename(peers->directory, "backend", NULL);
	peers->vmm_listener = rig_listen_at(peers->vmm_path);
	peers->backend_listener = rig_listen_at(peers->backend_path);
	connect_vmm(peers);
}

static void finish_peers(struct peers *peers)
{
	rig_close(&peers->vmm);
	rig_close(&peers->backend);
	rig_close(&peers->display);
	rig_close(&peers->vmm_listener);
	rig_close(&peers->backend_listener);
	g_unlink(peers->vmm_path);
	g_unlink(peers->backend_path);
	g_assert_cmpint(g_rmdir(peers->directory), ==, 0);
	g_free(peers->directory);
	g_free(peers->vmm_path);
	g_free(peers->backend_path);
}

/* The relay was killed before it was known that somebody had connected, and nothing had been said
 * to it then. */
static bool has_ended(int socket)
{
	char byte;
	ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static void accept_backend(struct peers *peers)
{
	g_assert_cmpuint(peers->backend_got, ==, 0);
	rig_close(&peers->backend);
	peers->backend = accept4(peers->backend_listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	g_assert_cmpint(peers->backend, >=, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(backend_lines); i++)
		send_line(peers->backend, &backend_lines[i]);
}

static bool vmm_receives(struct peers *peers)
{
	struct rig_message got;
	int fds[VHOST_USER_FDS_MAX];
	size_t count;

	if (!rig_receive(peers->vmm, &got, fds, &count))
		return false;
	if (got.header.request == VHOST_USER_GPU_SET_SOCKET) {
		peers->answers++;
		return true;
	}
	g_assert_cmpuint(peers->vmm_got, <, G_N_ELEMENTS(backend_lines));
	expect_line(&backend_lines[peers->vmm_got++], &got, fds, count);
	return true;
}

static bool backend_receives(struct peers *peers)
{
	struct rig_message got;
	int fds[VHOST_USER_FDS_MAX];
	size_t count;

	if (!rig_receive(peers->backend, &got, fds, &count))
		return false;
	g_assert_cmpuint(peers->backend_got, <, G_N_ELEMENTS(vmm_lines));
	if (got.header.request == VHOST_USER_GPU_SET_SOCKET) {
		g_assert_cmpint(peers->display, ==, -1);
		g_assert_cmpuint(vmm_lines[peers->backend_got].request, ==,
			VHOST_USER_GPU_SET_SOCKET);
		g_assert_cmpuint(count, ==, 1);
		peers->display = fds[0];
	} else {
		/* The second message 33 is swallowed. */
		if (vmm_lines[peers->backend_got].request == VHOST_USER_GPU_SET_SOCKET)
			peers->backend_got++;
		expect_line(&vmm_lines[peers->backend_got], &got, fds, count);
	}
	peers->backend_got++;
	return true;
}

static bool all_received(const struct peers *peers)
{
	return peers->vmm_got == G_N_ELEMENTS(backend_lines) &&
		peers->backend_got == G_N_ELEMENTS(vmm_lines) && peers->answers > 0;
}

/* ---- one process ---- */

static gboolean note_end(gint fd, GIOCondition condition, gpointer data)
{
	bool *ends = data;

	*ends = true;
	return G_SOURCE_REMOVE;
}

/* `in_order`: at its end it leaves the session to a successor. */
static G_NORETURN void serve(const struct peers *peers, const int pair[2], int end, bool in_order)
{
	struct relay_options options = {
		.name = "kiosk",
		.vmm_listen_fd = peers->vmm_listener,
		.backend_path = peers->backend_path,
		.state = &shared->state,
	};
	struct relay *relay;
	bool ends = false;

	is_child = true;
	/* Of those before this one nobody died by itself. */
	shared->state.adopted = 0;
	shared->scanouts_told = shared->stopped_told = shared->display_told = 0;
	options.kept = kept_fds_create_from(pair, NULL, NULL);
	g_assert_nonnull(options.kept);
	relay = relay_create(&options, &listener, NULL, NULL);
	g_assert_nonnull(relay);
	relay_adopt(relay);
	g_unix_fd_add(end, G_IO_IN, note_end, &ends);
	while (!ends)
		g_main_context_iteration(NULL, TRUE);
	rig_settle();
	if (in_order) {
		relay_leave(relay);
		relay_destroy(relay);
		kept_fds_destroy(options.kept);
	}
	_exit(0);
}

/* Until it dies, or all has been said. */
static void await_child(struct peers *peers, int process)
{
	struct pollfd fds[] = {
		{.fd = process, .events = POLLIN},
		{.fd = peers->backend_listener, .events = POLLIN},
		{.fd = peers->vmm, .events = POLLIN},
		{.fd = peers->backend, .events = POLLIN},
	};

	while (!all_received(peers) && !fds[0].revents) {
		g_assert_cmpint(poll(fds, G_N_ELEMENTS(fds), -1), >, 0);
		if (fds[1].revents) {
			accept_backend(peers);
			fds[3] = (struct pollfd){.fd = peers->backend, .events = POLLIN};
		}
		if (fds[2].revents && has_ended(peers->vmm)) {
			connect_vmm(peers);
			fds[2].fd = peers->vmm;
		} else if (fds[2].revents) {
			vmm_receives(peers);
		}
		if (fds[3].revents && has_ended(peers->backend))
			fds[3].fd = -1;
		else if (fds[3].revents)
			backend_receives(peers);
	}
}

/* ---- tests ---- */

/* Whoever served last knows all that was known; nothing comes twice. */
static void expect_end(struct peers *peers, pid_t child)
{
	char byte;

	g_assert_cmpuint(peers->answers, ==, 1);
	g_assert_cmpint(shared->scanouts_told, ==, child);
	g_assert_cmpint(shared->stopped_told, ==, child);
	g_assert_cmpint(shared->display_told, ==, child);
	g_assert_cmpint(recv(peers->display, &byte, 1, MSG_DONTWAIT), ==, 1);
	rig_expect_nothing(peers->vmm);
	rig_expect_nothing(peers->backend);
}

/* Whether this one came to its end, and was not killed. */
static bool live(struct peers *peers, const int pair[2], bool in_order)
{
	int end = eventfd(0, EFD_CLOEXEC);
	pid_t child = fork();
	int status, process;

	if (child == 0)
		serve(peers, pair, end, in_order);
	process = (int)syscall(SYS_pidfd_open, child, 0);
	g_assert_cmpint(process, >=, 0);
	await_child(peers, process);
	if (all_received(peers))
		g_assert_cmpint(eventfd_write(end, 1), ==, 0);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	close(process);
	close(end);
	if (WIFEXITED(status)) {
		g_assert_cmpint(WEXITSTATUS(status), ==, 0);
		expect_end(peers, child);
		return true;
	}
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (has_ended(peers->vmm))
		connect_vmm(peers);
	return false;
}

/* All that is said, killed at this point (0: at none) and so often again, so many points after
 * that. How many lived. */
static unsigned int run(unsigned int kill_at, unsigned int kills, unsigned int kill_every)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	unsigned int lives = 1;
	struct peers peers;

	memset(shared, 0, sizeof(*shared));
	shared->kill_at = kill_at;
	shared->kills = kills;
	shared->kill_every = kill_every;
	init_peers(&peers);
	while (!live(&peers, kept_fds_pair(kept), false))
		lives++;
	finish_peers(&peers);
	kept_fds_destroy(kept);
	return lives;
}

static void test_not_killed(void)
{
	g_assert_cmpuint(run(0, 0, 0), ==, 1);
}

/* At each point that there is, of which there are not always as many: it depends on who is
 * faster. */
static void test_once(void)
{
	unsigned int points = 1;

	while (run(points, 0, 0) == 2)
		points++;
	g_assert_cmpuint(points, >, 100);
	g_test_message("%u points", points);
}

/* Those that go on with it, too, and wherever they are with that. */
static void test_often(void)
{
	for (unsigned int every = 5; every < 150; every += 3)
		g_assert_cmpuint(run(every, 6, every), <=, 8);
}

/* Each leaves it to the next one, and nothing has been said meanwhile. */
static void test_in_order(void)
{
	struct kept_fds *kept = kept_fds_create(-1, NULL, NULL);
	struct peers peers;

	memset(shared, 0, sizeof(*shared));
	init_peers(&peers);
	for (unsigned int i = 0; i < 5; i++) {
		g_assert_true(live(&peers, kept_fds_pair(kept), true));
		g_assert_cmpuint(shared->adopted, ==, i);
	}
	g_assert_cmpuint(shared->attached, ==, 1);
	finish_peers(&peers);
	kept_fds_destroy(kept);
}

int main(int argc, char **argv)
{
	rig_setup(&argc, &argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0,
		0);
	g_assert_true(shared != MAP_FAILED);
	g_test_add_func("/relay/kept/not-killed", test_not_killed);
	g_test_add_func("/relay/kept/once", test_once);
	g_test_add_func("/relay/kept/often", test_often);
	g_test_add_func("/relay/kept/in-order", test_in_order);
	return g_test_run();
}
