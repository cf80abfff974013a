/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-gpu, where the guest resets its GPU at a bad moment, or in a loop: nothing that was said is
 * lost or mixed up, and there are no more back-ends than there may be. (What another back-end is
 * told: test-scanout-gpu-session.c.)
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/scanout-gpu/backends.h"
#include "tools/scanout-gpu/message.h"
#include "tools/scanout-gpu/pump.h"
#include "vhost_user.h"

/* More than there may be of them at once. */
#define RESETS_MAX 16
#define BURST 10
#define START_US (G_USEC_PER_SEC / 2)

/* ---- the pump's process ---- */

/* Of the test's and the pump's. */
static struct shared {
	gint64 now_us; /* of the pump's clock; 0: the real one */
	gint64 waited_us; /* by it, for a start */
	bool leaves; /* the VMM goes in such a wait */
} * shared;

/* A thread there waits for the other one. */
static int waits = -1;

gint64 g_get_monotonic_time(void)
{
	struct timespec now;

	if (shared->now_us)
		return shared->now_us;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* A wait for nothing but the VMM's end is over at once, by our clock. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	/* The compiler knows of poll() that it only writes there. */
	const struct pollfd *volatile asked = fds;
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	if (shared->now_us && timeout_ms > 0 && count == 1 && asked->events == POLLRDHUP) {
		shared->now_us += timeout_ms * INT64_C(1000);
		shared->waited_us += timeout_ms * INT64_C(1000);
		return shared->leaves ? 1 : 0;
	}
	return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &timeout, NULL, 0L);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
	void (*real)(GCond * cond, GMutex * mutex) = dlsym(RTLD_NEXT, "g_cond_wait");

	if (waits >= 0)
		eventfd_write(waits, 1);
	real(cond, mutex);
}

/* Of each connection to scanoutd one end, in turn. */
struct connections {
	int own[RESETS_MAX];
	unsigned int next;
};

static int renew(void *data, GError **error)
{
	struct connections *connections = data;

	if (connections->next < RESETS_MAX)
		return connections->own[connections->next++];
	g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there are no more");
	return -1;
}

/* ---- VMM and scanoutd ---- */

struct ends {
	int vmm;
	int daemon; /* at present */
	int others[RESETS_MAX];
	unsigned int next;
	int errors; /* what is written to standard error there */
};

static void make_pair(int *pair)
{
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
}

static void start(struct ends *ends, size_t room)
{
	g_autoptr(GError) error = NULL;
	struct connections connections = {{0}, 0};
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	int value = (int)room;
	int errors[2], vmm[2], daemon[2], unused[2];

	make_pair(vmm);
	make_pair(daemon);
	make_pair(unused);
	for (int i = 0; i < RESETS_MAX; i++) {
		int pair[2];

		make_pair(pair);
		ends->others[i] = pair[0];
		connections.own[i] = pair[1];
	}
	if (room > 0)
		g_assert_cmpint(setsockopt(vmm[1], SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)),
			==, 0);
	g_assert_cmpint(pipe2(errors, O_CLOEXEC), ==, 0);
	dup2(errors[1], STDERR_FILENO);
	g_assert_true(pump_start(vmm[1], daemon[1], unused[1], renew, &connections, &error));
	dup2(before, STDERR_FILENO);
	g_assert_no_error(error);
	ends->vmm = vmm[0];
	ends->daemon = daemon[0];
	ends->next = 0;
	ends->errors = errors[0];
	close(before);
	close(errors[1]);
	close(vmm[1]);
	close(daemon[1]);
	close(unused[0]);
	close(unused[1]);
	for (int i = 0; i < RESETS_MAX; i++)
		close(connections.own[i]);
}

static void expect_end(int fd)
{
	char byte;

	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
}

/* The pump has ended, having said this. */
static void expect_over(struct ends *ends, const char *wanted)
{
	char text[512];
	size_t size = 0;
	ssize_t got;

	expect_end(ends->vmm);
	while ((got = read(ends->errors, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)got;
	text[size] = '\0';
	g_assert_cmpstr(text, ==, wanted);
	close(ends->errors);
	close(ends->vmm);
	close(ends->daemon);
	for (unsigned int i = ends->next; i < RESETS_MAX; i++)
		close(ends->others[i]);
}

static struct message message_of(uint32_t request, uint32_t size)
{
	struct message message = {.header = {request, VHOST_USER_VERSION, size}};

	memset(message.payload, (int)request, size);
	return message;
}

static struct message state_of(uint32_t request, uint32_t value)
{
	const struct vhost_user_vring_state state = {0, value};
	struct message message = message_of(request, sizeof(state));

	memcpy(message.payload, &state, sizeof(state));
	return message;
}

static void give(int fd, struct message message)
{
	g_assert_true(message_give(fd, &message));
}

static void expect(int fd, struct message wanted)
{
	struct message message;

	g_assert_true(message_take(fd, &message));
	g_assert_cmpmem(&message.header, sizeof(message.header), &wanted.header,
		sizeof(wanted.header));
	g_assert_cmpmem(message.payload, message.header.size, wanted.payload, wanted.header.size);
	g_assert_cmpuint(message.fd_count, ==, 0);
}

static void stop_queue(struct ends *ends)
{
	const struct message question = state_of(VHOST_USER_GET_VRING_BASE, 0);
	const struct message answer = state_of(VHOST_USER_GET_VRING_BASE, 7);

	give(ends->vmm, question);
	expect(ends->daemon, question);
	give(ends->daemon, answer);
	expect(ends->vmm, answer);
}

static const char loops[] =
	"scanout-gpu: the guest resets its GPU in a loop; it has to wait, as no "
	"more than 2 back-ends a second are started for it\n";

/* Another back-end is there. */
static void follow(struct ends *ends)
{
	expect_end(ends->daemon);
	close(ends->daemon);
	ends->daemon = ends->others[ends->next++];
	expect(ends->daemon, state_of(VHOST_USER_SET_VRING_BASE, 0));
}

static void reset(struct ends *ends)
{
	stop_queue(ends);
	give(ends->vmm, state_of(VHOST_USER_SET_VRING_BASE, 0));
	follow(ends);
}

/* The guest's queue begins anew, and the pump has seen to it as far as it can without the VMM: it
 * waits, or goes on with the other back-end too early. */
static void await_other(const struct ends *ends)
{
	struct pollfd fds[] = {{waits, POLLIN, 0}, {ends->others[ends->next], POLLIN, 0}};

	g_assert_cmpint(poll(fds, G_N_ELEMENTS(fds), -1), >, 0);
}

/* ---- tests ---- */

/* The one before has said what the VMM has no room for yet: all of that comes, and then what the other
 * one says. */
static void test_late(void)
{
	const size_t count = 8;
	struct ends ends;

	waits = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* For one message, or two. */
	start(&ends, VHOST_USER_PAYLOAD_MAX);
	stop_queue(&ends);
	for (uint32_t i = 0; i < count; i++)
		give(ends.daemon, message_of(100 + i, VHOST_USER_PAYLOAD_MAX));
	give(ends.vmm, state_of(VHOST_USER_SET_VRING_BASE, 0));
	give(ends.others[0], message_of(200, 8));
	await_other(&ends);
	for (uint32_t i = 0; i < count; i++)
		expect(ends.vmm, message_of(100 + i, VHOST_USER_PAYLOAD_MAX));
	expect(ends.vmm, message_of(200, 8));
	follow(&ends);
	shutdown(ends.daemon, SHUT_WR);
	expect_over(&ends, "");
	close(waits);
	waits = -1;
}

/* Half a message is nobody's. */
static void test_half(void)
{
	const struct message half = message_of(100, 64);
	struct ends ends;

	start(&ends, 0);
	stop_queue(&ends);
	g_assert_cmpint(send(ends.daemon, &half, 40, MSG_NOSIGNAL), ==, 40);
	give(ends.vmm, state_of(VHOST_USER_SET_VRING_BASE, 0));
	follow(&ends);
	give(ends.daemon, message_of(200, 8));
	expect(ends.vmm, message_of(200, 8));
	shutdown(ends.daemon, SHUT_WR);
	expect_over(&ends, "");
}

/* So many at once, and the others as time goes by; which is said once. */
static void test_loop(void)
{
	struct ends ends;

	shared->now_us = G_USEC_PER_SEC;
	start(&ends, 0);
	for (int i = 0; i < BURST; i++)
		reset(&ends);
	g_assert_cmpint(shared->waited_us, ==, 0);
	for (int i = 1; i <= 3; i++) {
		reset(&ends);
		g_assert_cmpint(shared->waited_us, >=, i * START_US);
		g_assert_cmpint(shared->waited_us, <, i * START_US + i * 2000);
	}
	/* As many as there were before, once it has rested. */
	shared->now_us += BURST * START_US;
	shared->waited_us = 0;
	for (int i = 0; i < RESETS_MAX - BURST - 3; i++)
		reset(&ends);
	g_assert_cmpint(shared->waited_us, ==, 0);
	shutdown(ends.daemon, SHUT_WR);
	expect_over(&ends, loops);
	shared->now_us = 0;
}

/* A VMM that goes while it waits has no other one started. */
static void test_gone(void)
{
	struct ends ends;

	shared->now_us = G_USEC_PER_SEC;
	shared->leaves = true;
	start(&ends, 0);
	for (int i = 0; i < BURST; i++)
		reset(&ends);
	stop_queue(&ends);
	give(ends.vmm, state_of(VHOST_USER_SET_VRING_BASE, 0));
	expect_end(ends.daemon);
	expect_end(ends.others[ends.next]);
	expect_over(&ends, loops);
	shared->leaves = false;
	shared->now_us = 0;
}

/* ---- back-ends that hang ---- */

/* One that does not end by itself, and has said its number. */
static pid_t start_hanging(struct backends *backends)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *script = NULL;
	char text[32] = "";
	int said[2];

	g_assert_cmpint(pipe2(said, O_CLOEXEC), ==, 0);
	g_assert_cmpint(fcntl(said[1], F_SETFD, 0), ==, 0);
	script = g_strdup_printf("echo $$ >&%d; exec %d>&- >/dev/null 2>&1 tail -f /dev/null",
		said[1], said[1]);
	const char *const command[] = {"sh", "-c", script, NULL};
	g_assert_true(backends_start(backends, (char **)command, &error));
	g_assert_no_error(error);
	close(said[1]);
	g_assert_cmpint(read(said[0], text, sizeof(text) - 1), >, 0);
	close(said[0]);
	return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

/* They are no more than two, and those that have gone have left nothing. */
static void test_hanging(void)
{
	struct backends backends = {0};
	pid_t numbers[6];

	/* As a service manager may have it. */
	signal(SIGCHLD, SIG_IGN);
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		numbers[i] = start_hanging(&backends);
		for (size_t j = 0; j <= i; j++)
			g_assert_cmpint(kill(numbers[j], 0), ==, j + 2 > i ? 0 : -1);
	}
	for (size_t i = G_N_ELEMENTS(numbers) - 2; i < G_N_ELEMENTS(numbers); i++) {
		kill(numbers[i], SIGKILL);
		g_assert_cmpint(waitpid(numbers[i], NULL, 0), ==, numbers[i]);
	}
}

/* There is no such program: nothing is left of it, either. */
static void test_none_to_start(void)
{
	g_autoptr(GError) error = NULL;
	struct backends backends = {0};
	const char *const command[] = {"/nonexistent/backend", NULL};
	pid_t number = start_hanging(&backends);

	g_assert_false(backends_start(&backends, (char **)command, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/backend"));
	g_assert_cmpint(kill(number, 0), ==, 0);
	g_clear_error(&error);
	g_assert_false(backends_start(&backends, (char **)command, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/backend"));
	g_assert_cmpint(kill(number, 0), ==, -1);
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0,
		0);
	g_assert_true(shared != MAP_FAILED);
	g_test_add_func("/scanout-gpu-reset/late", test_late);
	g_test_add_func("/scanout-gpu-reset/half", test_half);
	g_test_add_func("/scanout-gpu-reset/loop", test_loop);
	g_test_add_func("/scanout-gpu-reset/gone", test_gone);
	g_test_add_func("/scanout-gpu-reset/hanging", test_hanging);
	g_test_add_func("/scanout-gpu-reset/none-to-start", test_none_to_start);
	return g_test_run();
}
