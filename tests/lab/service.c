/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service NAME SOCKET JOURNAL PROGRAM [ARGUMENT…]: starts PROGRAM as a service manager does and
 * prints what it is told about its state (READY=1, STOPPING=1), a line each. It keeps no fds.
 *
 * PROGRAM inherits a socket that listens at SOCKET, named NAME; its standard error is the
 * journal's, which is ours (/run/systemd/journal must be free), and what it logs there natively is
 * written to the file JOURNAL, an empty line after each entry. SIGTERM is passed on. Exits with
 * PROGRAM's status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTIFY "/run/scanoutd-test-notify"
#define FIRST_FD 3

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static int bind_socket(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die(path);
	if (type == SOCK_STREAM && listen(fd, 8) != 0)
		die(path);
	return fd;
}

static int connect_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die(path);
	return fd;
}

static void run_program(char **command, const char *name, int listening, int error)
{
	char number[16];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", name, 1);
	setenv("NOTIFY_SOCKET", NOTIFY, 1);
	/* dup2 clears close-on-exec, but not where both numbers are the same. */
	listening = fcntl(listening, F_DUPFD_CLOEXEC, FIRST_FD + 1);
	if (dup2(error, STDERR_FILENO) < 0 || dup2(listening, FIRST_FD) < 0)
		die("dup2");
	execv(command[0], command);
	die(command[0]);
}

/* Prints whole messages of a datagram socket that are there now; `end` after each. */
static void print_datagrams(int fd, FILE *file, const char *end)
{
	char text[65536];
	ssize_t size;

	while ((size = recv(fd, text, sizeof(text), MSG_DONTWAIT)) > 0) {
		if (strncmp(text, "FDSTORE", strlen("FDSTORE")) == 0)
			continue;
		fwrite(text, 1, (size_t)size, file);
		fputs(end, file);
	}
	fflush(file);
}

int main(int argc, char **argv)
{
	sigset_t signals;
	struct signalfd_siginfo info;
	FILE *journal_file;
	int status;
	pid_t child;

	if (argc < 5)
		return 2;
	journal_file = fopen(argv[3], "we");
	if (journal_file == NULL)
		die(argv[3]);
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	int listening = bind_socket(argv[2], SOCK_STREAM);
	int notify = bind_socket(NOTIFY, SOCK_DGRAM);
	int journal = bind_socket("/run/systemd/journal/socket", SOCK_DGRAM);
	int output = bind_socket("/run/systemd/journal/stdout", SOCK_STREAM);
	int error = connect_socket("/run/systemd/journal/stdout");

	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0)
		run_program(argv + 4, argv[1], listening, error);

	struct pollfd events[] = {
		{.fd = notify, .events = POLLIN},
		{.fd = journal, .events = POLLIN},
		{.fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN},
	};

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (poll(events, 3, -1) < 0 && errno != EINTR)
			die("poll");
		print_datagrams(notify, stdout, "\n");
		print_datagrams(journal, journal_file, "\n");
		if ((events[2].revents & POLLIN) != 0 &&
			read(events[2].fd, &info, sizeof(info)) == sizeof(info) &&
			info.ssi_signo == SIGTERM)
			kill(child, SIGTERM);
	}
	print_datagrams(notify, stdout, "\n");
	print_datagrams(journal, journal_file, "\n");
	fclose(journal_file);
	close(output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
