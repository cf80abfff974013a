/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restart-delay await UNIT, restart-delay ended UNIT [STATUS]: what the script of that name in
 * config/systemd does, for an image without a shell; the two are tested against each other. It
 * says how long a program that fails waits until it is started again: 1 s, and twice as long each
 * time that it fails again, up to 32 s; one that has run for a minute, or ended in order, begins
 * with 1 s again.
 *
 * A part of the image: ExecStartPre= and ExecStopPost= of scanout-guest@.service and
 * scanout-backend@.service there, as root. Owns /run/scanout-restart/UNIT: the delay, and when the
 * program was started, in seconds since the boot. STATUS is the file in which scanoutd is told why
 * its guest's VMM has ended; its folder is scanoutd's, so that nothing is written through it. A
 * fault costs the delay, not the start.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "/run/scanout-restart"
#define LAST_S 32
#define WELL_S 60

struct restart {
	long delay; /* seconds; 0: it has not failed so far */
	long began;
};

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (long)time.tv_sec;
}

static struct restart read_restart(const char *path)
{
	struct restart restart = {0, now()};
	FILE *file = fopen(path, "re");
	char line[64], *rest, *end;
	long delay, began;
	bool got;

	if (!file)
		return restart;
	got = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (!got)
		return restart;
	delay = strtol(line, &rest, 10);
	began = strtol(rest, &end, 10);
	if (end != rest && delay >= 0 && delay <= LAST_S)
		restart = (struct restart){delay, began};
	return restart;
}

static bool write_restart(const char *path, const struct restart *restart)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return false;
	fprintf(file, "%ld %ld\n", restart->delay, restart->began);
	return fclose(file) == 0;
}

static bool await(const char *path)
{
	struct restart restart = read_restart(path);

	if (restart.delay > 1)
		sleep((unsigned int)restart.delay - 1);
	restart.began = now();
	mkdir(FOLDER, 0755);
	return write_restart(path, &restart);
}

/* In the place of the file that is there, whatever that is. */
static bool write_status(const char *path, long delay)
{
	const char *code = getenv("EXIT_CODE");
	const char *status = getenv("EXIT_STATUS");
	bool exited = code && strcmp(code, "exited") == 0;
	char name[] = "/run/scanout-status.XXXXXX";
	int fd = mkstemp(name);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		return false;
	fprintf(file, "QEMU %s %s. It is started again in %ld s.\n",
		exited ? "ended with status" : "was ended by signal", status ? status : "", delay);
	fchmod(fd, 0644);
	if (fclose(file) == 0 && rename(name, path) == 0)
		return true;
	unlink(name);
	return false;
}

static bool ended(const char *path, const char *status)
{
	const char *result = getenv("SERVICE_RESULT");
	struct restart restart = read_restart(path);

	if (result && strcmp(result, "success") == 0)
		return unlink(path) == 0 || errno == ENOENT;
	if (restart.delay == 0 || now() - restart.began >= WELL_S)
		restart.delay = 1;
	else if (restart.delay < LAST_S)
		restart.delay *= 2;
	return write_restart(path, &restart) && (!status || write_status(status, restart.delay));
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	bool done;

	if (argc < 3 || argc > 4 || strchr(argv[2], '/') ||
		(strcmp(argv[1], "await") != 0 && strcmp(argv[1], "ended") != 0)) {
		fprintf(stderr, "usage: restart-delay await UNIT | ended UNIT [STATUS]\n");
		return 2;
	}
	snprintf(path, sizeof(path), FOLDER "/%s", argv[2]);
	if (strcmp(argv[1], "await") == 0)
		done = await(path);
	else
		done = ended(path, argv[3]);
	if (!done)
		fprintf(stderr, "restart-delay: %s: %s\n", argv[2], strerror(errno));
	return done ? 0 : 1;
}
