/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start-gpu BACKEND [OPTION…] -- VMM [ARGUMENT…]: starts a vhost-user back-end and its VMM as
 * libvirt does: with a pair of sockets, of which the back-end gets one end by --fd=N, and the VMM
 * the other, whose number stands for each @FD@ in its arguments. Becomes the VMM. The back-end's
 * process number is the first line on standard output.
 */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int usage(void)
{
	fputs("start-gpu BACKEND [OPTION…] -- VMM [ARGUMENT…]\n", stderr);
	return 2;
}

static int become(char **words)
{
	if (*words) {
		execvp(*words, words);
		fprintf(stderr, "%s: %m\n", *words);
	}
	return EXIT_FAILURE;
}

static int become_backend(char **words, int fd)
{
	g_autoptr(GPtrArray) command = g_ptr_array_new();
	g_autofree char *option = g_strdup_printf("--fd=%d", fd);

	for (; *words; words++)
		g_ptr_array_add(command, *words);
	g_ptr_array_insert(command, 1, option);
	g_ptr_array_add(command, NULL);
	/* A VMM that is killed takes it along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return become((char **)command->pdata);
}

static int become_vmm(char **words, int fd)
{
	g_autofree char *number = g_strdup_printf("%d", fd);

	for (char **at = words; *at; at++) {
		g_auto(GStrv) parts = g_strsplit(*at, "@FD@", -1);

		*at = g_strjoinv(number, parts);
	}
	return become(words);
}

int main(int argc, char **argv)
{
	int split = 1;
	int pair[2];
	pid_t backend;

	while (split < argc && strcmp(argv[split], "--") != 0)
		split++;
	if (split == 1 || split + 1 >= argc || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return usage();
	argv[split] = NULL;
	backend = fork();
	if (backend < 0)
		return usage();
	close(pair[backend == 0 ? 0 : 1]);
	if (backend == 0)
		return become_backend(argv + 1, pair[1]);
	printf("%d\n", (int)backend);
	fflush(stdout);
	return become_vmm(argv + split + 1, pair[0]);
}
