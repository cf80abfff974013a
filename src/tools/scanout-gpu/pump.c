/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-gpu/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/scanout-gpu/message.h"
#include "tools/scanout-gpu/session.h"

/* A guest can reset its GPU as fast as it likes, and each time a process is started, which may be a
 * GPU's: so many at once, and one in so long. A guest that boots again and again needs about three
 * a boot. */
#define STARTS_BURST 10
#define STARTS_PER_SECOND 2
#define START_US (G_USEC_PER_SEC / STARTS_PER_SECOND)

/* Of a process of its own, with a thread for each way. */
struct pump {
	int vmm_fd;
	pump_renew_func renew; /* or NULL */
	void *data;
	struct session *session;
	int read_fd; /* daemon_fd, as the thread has it that reads: its own */
	int64_t starts_us; /* until then those that there were use up what there may be in long */
	bool told_loop; /* the guest has had to wait for a start */
	GMutex lock; /* of what follows */
	GCond changed;
	int daemon_fd;
	bool renewing; /* daemon_fd has been shut down, and there will be another, or an end */
	bool at_end; /* … and all that came from it is the VMM's */
	bool over;
};

/* A session ends as a whole. */
static void end(struct pump *pump)
{
	g_mutex_lock(&pump->lock);
	pump->over = true;
	shutdown(pump->vmm_fd, SHUT_RDWR);
	shutdown(pump->daemon_fd, SHUT_RDWR);
	g_cond_broadcast(&pump->changed);
	g_mutex_unlock(&pump->lock);
}

static void complain(const struct message *message, const char *sender)
{
	if (message->fault)
		g_printerr("scanout-gpu: %s sent a message %s; the session ends\n", sender,
			message->fault);
}

/* The one before has been shut down. -1: there is none, which is said. */
static int connect_again(struct pump *pump)
{
	g_autoptr(GError) error = NULL;
	int fd = pump->renew(pump->data, &error);

	if (fd < 0)
		g_printerr(
			"scanout-gpu: the guest has reset its GPU, and there is no other back-end: %s\n",
			error->message);
	if (fd < 0 || session_replay(pump->session, fd))
		return fd;
	g_printerr("scanout-gpu: the guest has reset its GPU, and another back-end cannot be told "
		   "what this one was\n");
	close(fd);
	return -1;
}

/* The back-end that is there goes on meanwhile. False: the VMM has gone. */
static bool await_start(struct pump *pump)
{
	struct pollfd vmm = {.fd = pump->vmm_fd, .events = POLLRDHUP};
	const int64_t now_us = g_get_monotonic_time();
	int64_t early_us;

	pump->starts_us = MAX(pump->starts_us, now_us) + START_US;
	early_us = pump->starts_us - now_us - STARTS_BURST * START_US;
	if (early_us <= 0)
		return true;
	if (!pump->told_loop)
		g_printerr("scanout-gpu: the guest resets its GPU in a loop; it has to wait, as no "
			   "more than %d back-ends a second are started for it\n",
			STARTS_PER_SECOND);
	pump->told_loop = true;
	return poll(&vmm, 1, (int)(early_us / 1000) + 1) <= 0;
}

/* The other thread has none of its own: what has come from the one before goes to the VMM whole, and
 * nothing of this one is read in its place. False: it is over, and the fd is closed. */
static bool replace_connection(struct pump *pump, int fd)
{
	bool over;

	g_mutex_lock(&pump->lock);
	while (!pump->at_end && !pump->over)
		g_cond_wait(&pump->changed, &pump->lock);
	over = pump->over;
	if (!over) {
		close(pump->daemon_fd);
		pump->daemon_fd = fd;
		pump->at_end = false;
		pump->renewing = false;
		g_cond_broadcast(&pump->changed);
	}
	g_mutex_unlock(&pump->lock);
	if (over)
		close(fd);
	return !over;
}

/* The daemon hears that the VMM has gone, and that another one has come, with a back-end that knows
 * nothing of the guest. False: the session is to end. */
static bool begin_again(struct pump *pump)
{
	int fd;

	if (!await_start(pump))
		return false;
	g_mutex_lock(&pump->lock);
	pump->renewing = true;
	shutdown(pump->daemon_fd, SHUT_RDWR);
	g_mutex_unlock(&pump->lock);
	fd = connect_again(pump);
	return fd >= 0 && replace_connection(pump, fd);
}

static void *carry_to_daemon(void *data)
{
	static struct message message;
	struct pump *pump = data;
	bool goes_on = true;

	while (goes_on) {
		goes_on = message_take(pump->vmm_fd, &message);
		if (goes_on && session_note_request(pump->session, &message) && pump->renew) {
			goes_on = begin_again(pump);
			session_note_request(pump->session, &message);
		}
		goes_on = goes_on && message_give(pump->daemon_fd, &message);
		message_close_fds(&message);
	}
	complain(&message, "the VMM");
	end(pump);
	return NULL;
}

/* This one has ended. True: there is another one. */
static bool await_connection(struct pump *pump)
{
	bool is_there;

	g_mutex_lock(&pump->lock);
	is_there = pump->renewing;
	pump->at_end = is_there;
	g_cond_broadcast(&pump->changed);
	while (pump->renewing && !pump->over)
		g_cond_wait(&pump->changed, &pump->lock);
	is_there = is_there && !pump->over;
	pump->read_fd = pump->daemon_fd;
	g_mutex_unlock(&pump->lock);
	return is_there;
}

static void *carry_to_vmm(void *data)
{
	static struct message message;
	struct pump *pump = data;
	bool goes_on = true;

	while (goes_on) {
		if (message_take(pump->read_fd, &message)) {
			session_note_reply(pump->session, &message);
			goes_on = message_give(pump->vmm_fd, &message);
		} else {
			goes_on = message.fault == NULL && await_connection(pump);
		}
		message_close_fds(&message);
	}
	complain(&message, "scanoutd");
	end(pump);
	return NULL;
}

static void serve(struct pump *pump)
{
	GThread *thread;

	/* Other back-ends have no part in it. */
	fcntl(pump->vmm_fd, F_SETFD, FD_CLOEXEC);
	pump->session = session_create();
	pump->read_fd = pump->daemon_fd;
	g_mutex_init(&pump->lock);
	g_cond_init(&pump->changed);
	thread = g_thread_new("to-vmm", carry_to_vmm, pump);
	carry_to_daemon(pump);
	g_thread_join(thread);
	session_destroy(pump->session);
	/* g_thread_join() has the thread. */
	/* cppcheck-suppress memleak */
}

/* A process whose parent has ended: whoever becomes the back-end has no children that it knows
 * nothing of. False with errno. */
static bool start(struct pump *pump, int others)
{
	pid_t child = fork();

	if (child < 0)
		return false;
	if (child > 0) {
		/* It stays so where a parent of ours has it that nobody waits for children. */
		int status = 0;

		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			continue;
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
		return errno == 0;
	}
	child = fork();
	if (child != 0)
		_exit(child < 0 ? errno : 0);
	close(others);
	serve(pump);
	_exit(EXIT_SUCCESS);
}

bool pump_start(int vmm_fd, int daemon_fd, int others, pump_renew_func renew, void *data,
	GError **error)
{
	struct pump pump = {.vmm_fd = vmm_fd, .daemon_fd = daemon_fd, .renew = renew, .data = data};

	if (start(&pump, others))
		return true;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
		"no process for the VMM's connection: %s", g_strerror(errno));
	return false;
}
