/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked into a daemon, lets a test in the lab say which of its calls fails next: by a line of 64
 * bytes in the file $FAULTS_REMOTE, "NUMBER NAME SKIP WHICH", padded with blanks.
 *
 *   NUMBER  another one for each fault
 *   NAME    of a call of interpose.c
 *   SKIP    calls of that name that do not fail before it
 *   WHICH   of the errnos that there are for it, from 0, around and around
 *
 * When it has failed, a line says so on standard error. No line of the daemon's is left out, however
 * fast one fault comes after another.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../interpose.h"
#include "report/log_rate.h"

#define LINE_SIZE 64

static const char *line;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char current[LINE_SIZE]; /* what was read last */
static char name[LINE_SIZE];
static unsigned int skip;
static unsigned int which;
static bool is_due;

static void read_line(void)
{
	char text[LINE_SIZE + 1] = "";
	unsigned int number;

	if (memcmp(line, current, LINE_SIZE) == 0)
		return;
	memcpy(current, line, LINE_SIZE);
	memcpy(text, current, LINE_SIZE);
	is_due = sscanf(text, "%u %63s %u %u", &number, name, &skip, &which) == 4;
}

static int choose(const struct faults_call *call)
{
	/* Each has one. */
	unsigned int count = 1;

	while (count < FAULTS_ERRORS_MAX && call->errors[count])
		count++;
	return call->errors[which % count];
}

static bool ask(const struct faults_call *call, int *error)
{
	bool strikes = false;

	pthread_mutex_lock(&lock);
	read_line();
	if (is_due && strcmp(call->name, name) == 0 && skip-- == 0) {
		is_due = false;
		strikes = true;
		dprintf(STDERR_FILENO, "fault: %s: %s\n", name, strerrorname_np(choose(call)));
		*error = choose(call);
	}
	pthread_mutex_unlock(&lock);
	return strikes;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULTS_REMOTE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, LINE_SIZE, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (memory == MAP_FAILED)
		return;
	line = memory;
	faults_set_asked(ask);
}

/* ---- in the place of log_rate.c ---- */

struct log_rate {
	char unused;
};

struct log_rate *log_rate_create(void)
{
	static struct log_rate none;

	return &none;
}

bool log_rate_takes(struct log_rate *rate, const char *guest, int64_t now_us,
	unsigned int *left_out)
{
	*left_out = 0;
	return true;
}

void log_rate_destroy(struct log_rate *rate)
{
}
