/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filtered: becomes a program under a filter of system calls, as a service manager would start it,
 * and records by name what the filter would refuse. A refused call is carried out all the same, so
 * that one run names all of them.
 *
 *   filtered LIST RECORD PROGRAM [ARGUMENT…]
 *
 * LIST has a line for each system call of the machine: NUMBER NAME allowed | refused | known. What is known fails with
 * EPERM, as all that is refused does under the unit, and is not recorded. RECORD gets a line
 * "started" and then each refused call's name, once a start. Called by tests/lab/library.sh for
 * daemon/test-filter. The process keeps its number: who records is another one, that nobody waits
 * for, and that goes when the last process under the filter has gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

/* Numbers are below; no machine of ours has more. */
#define CALLS_MAX 1024

static struct {
	char name[48];
	uint32_t action; /* SECCOMP_RET_*; 0 is refused */
	bool seen;
} calls[CALLS_MAX];

static void fail(const char *what)
{
	fprintf(stderr, "filtered: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void read_list(const char *path)
{
	FILE *file = fopen(path, "re");
	char name[sizeof(calls[0].name)], word[16];
	int number;

	if (!file)
		fail(path);
	while (fscanf(file, "%d %47s %15s", &number, name, word) == 3) {
		if (number < 0 || number >= CALLS_MAX)
			continue;
		memcpy(calls[number].name, name, sizeof(name));
		if (strcmp(word, "allowed") == 0)
			calls[number].action = SECCOMP_RET_ALLOW;
		else if (strcmp(word, "known") == 0)
			calls[number].action = SECCOMP_RET_ERRNO | EPERM;
	}
	fclose(file);
	/* Between the filter and the program these are called: nobody could answer for them yet. */
	errno = EINVAL;
	if (calls[SYS_sendmsg].action != SECCOMP_RET_ALLOW ||
		calls[SYS_execve].action != SECCOMP_RET_ALLOW)
		fail(path);
}

/* Returns what tells of refused calls. */
static int install_filter(void)
{
	static struct sock_filter lines[CALLS_MAX * 2 + 8];
	struct sock_fprog program = {.filter = lines};
	int listener;

	lines[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, arch));
	lines[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1,
		0);
	lines[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_KILL_PROCESS);
	lines[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < CALLS_MAX; i++) {
		if (calls[i].action == 0)
			continue;
		lines[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i, 0,
			1);
		lines[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
			calls[i].action);
	}
	lines[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_USER_NOTIF);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("no new privileges");
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		fail("seccomp");
	return listener;
}

/* Space for one fd in a message. */
union fd_space {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int socket, int fd)
{
	union fd_space control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	char byte = 0;
	struct iovec place = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		_exit(125);
}

static int receive_fd(int socket)
{
	union fd_space control = {0};
	char byte;
	struct iovec place = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(socket, &message, 0) <= 0 || message.msg_controllen < sizeof(control))
		_exit(125);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* Names what was refused until nobody is under the filter any more. */
static void supervise(int listener, int record)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	struct pollfd told = {.fd = listener, .events = POLLIN};
	unsigned int number;

	while (poll(&told, 1, -1) >= 0 && !(told.revents & POLLHUP)) {
		memset(&call, 0, sizeof(call));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			continue;
		number = call.data.nr >= 0 && call.data.nr < CALLS_MAX ? (unsigned int)call.data.nr
								       : 0;
		if (!calls[number].seen)
			dprintf(record, "%s\n",
				calls[number].name[0] ? calls[number].name : "unknown");
		calls[number].seen = true;
		answer = (struct seccomp_notif_resp){.id = call.id,
			.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* The child of a child, which has nothing of what the program was given. */
static void supervisor_start(int socket, int record)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child > 0) {
		waitpid(child, NULL, 0);
		return;
	}
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	/* A test waits for the ends of the pipes that it has given to the program. */
	if (dup2(socket, 0) < 0 || dup2(record, 1) < 0)
		_exit(125);
	syscall(SYS_close_range, 2U, ~0U, 0U);
	supervise(receive_fd(0), 1);
	_exit(0);
}

int main(int argc, char *argv[])
{
	int record, pair[2];

	if (argc < 4) {
		fputs("filtered LIST RECORD PROGRAM [ARGUMENT…]\n", stderr);
		return 125;
	}
	read_list(argv[1]);
	record = open(argv[2], O_WRONLY | O_APPEND | O_CLOEXEC);
	if (record < 0)
		fail(argv[2]);
	dprintf(record, "started\n");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair");
	supervisor_start(pair[1], record);
	close(pair[1]);
	send_fd(pair[0], install_filter());
	execv(argv[3], argv + 3);
	_exit(126);
}
