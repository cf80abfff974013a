/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hotplug EVENT [--times N] [--files FILE OTHER] [-- COMMAND…]: how long is an output without its
 * picture? Prints one line of JSON. With a command, the daemon's (its display socket is fd 100), it
 * plays the back-end of a guest that sends pixels and watches the CRTC; without, it does by libdrm
 * alone the least that there is to do (bare).
 *
 *   black   the guest disabled the scanout, the output is lit and black; from the first frame's last byte
 *           to its picture. Bare: a flip
 *   unlit   the same where the output has gone off. Bare: a mode set
 *   plug    from a monitor's uevent to the picture. Bare: hears of it by udev, looks, sets the mode
 *   storm   the same from the last one of a thousand uevents. A picture that is there already at that time
 *           and stays counts with the vblank that follows
 *   layout  from SIGHUP, OTHER having taken the place of FILE, to the first picture of the other layout:
 *           the guest's and LAYOUT_COLOUR take turns. Bare: a new buffer, filled, and a flip
 *   layout-mode   the same with layouts that differ in their modes, too. Bare: the same, and a mode set
 *
 * Keys: times; ms and vblanks with their p99 (of few times the longest), and bare's own mode_set_ms
 * with its p99: from its commit to the vblank that shows it. Runs in the lab, as root; the first
 * card is vkms's "bench".
 */
#include "hotplug.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS "/sys/kernel/config/vkms/bench/connectors/connector0/status"
#define UDEV_QUEUE "/run/udev/queue"
#define CONNECTED "1"
#define DISCONNECTED "2"
#define STORM 1000
#define NS_PER_MS 1e6

struct monitor {
	int status; /* the file */
	pid_t storm; /* 0: none */
	int word; /* the storm's: the time before its last uevent */
};

static void fail(const char *what)
{
	fprintf(stderr, "hotplug: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the monitor ---- */

static void set_status(const struct monitor *monitor, const char *status)
{
	if (pwrite(monitor->status, status, 1, 0) != 1)
		fail(STATUS);
}

uint64_t monitor_plug(const struct monitor *monitor)
{
	uint64_t ns = crtc_now_ns();

	set_status(monitor, CONNECTED);
	return ns;
}

void monitor_unplug(const struct monitor *monitor)
{
	set_status(monitor, DISCONNECTED);
}

void monitor_storm(struct monitor *monitor)
{
	int word[2];

	if (pipe2(word, O_CLOEXEC) < 0)
		fail("pipe");
	monitor->storm = fork();
	if (monitor->storm < 0)
		fail("fork");
	if (monitor->storm == 0) {
		uint64_t last = 0;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 1; i <= STORM; i++) {
			last = crtc_now_ns();
			set_status(monitor, i % 2 ? DISCONNECTED : CONNECTED);
		}
		_exit(write(word[1], &last, sizeof(last)) == sizeof(last) ? 0 : 1);
	}
	close(word[1]);
	monitor->word = word[0];
}

bool monitor_storm_over(struct monitor *monitor, uint64_t *ns)
{
	int status;

	if (monitor->storm) {
		if (waitpid(monitor->storm, &status, WNOHANG) == 0)
			return false;
		monitor->storm = 0;
		if (status != 0 || read(monitor->word, ns, sizeof(*ns)) != sizeof(*ns))
			fail("storm");
		close(monitor->word);
	}
	/* udevd's sign that it has events in hand. */
	return access(UDEV_QUEUE, F_OK) < 0;
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t quantile(uint64_t *sorted, uint32_t count, uint32_t percent)
{
	return sorted[MIN(count * percent / 100, count - 1)];
}

static void print_figures(const struct sample *samples, uint32_t count, uint64_t period_ns,
	bool bare)
{
	g_autofree uint64_t *taken = g_new0(uint64_t, count);
	g_autofree uint64_t *mode_set = g_new0(uint64_t, count);

	for (uint32_t i = 0; i < count; i++) {
		taken[i] = samples[i].to_ns - samples[i].from_ns;
		mode_set[i] = samples[i].to_ns - samples[i].mode_set_ns;
	}
	qsort(taken, count, sizeof(*taken), compare);
	qsort(mode_set, count, sizeof(*mode_set), compare);
	printf("{\"times\": %u, \"ms\": %.3f, \"ms_p99\": %.3f, \"vblanks\": %.3f, "
	       "\"vblanks_p99\": %.3f",
		count, (double)quantile(taken, count, 50) / NS_PER_MS,
		(double)quantile(taken, count, 99) / NS_PER_MS,
		(double)quantile(taken, count, 50) / (double)period_ns,
		(double)quantile(taken, count, 99) / (double)period_ns);
	if (bare)
		printf(", \"mode_set_ms\": %.3f, \"mode_set_ms_p99\": %.3f",
			(double)quantile(mode_set, count, 50) / NS_PER_MS,
			(double)quantile(mode_set, count, 99) / NS_PER_MS);
	printf("}\n");
}

static bool parse_event(const char *name, enum event *event)
{
	static const char *const names[] = {"black", "unlit", "plug", "storm", "layout",
		"layout-mode"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_strcmp0(name, names[i]) == 0) {
			*event = (enum event)i;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	struct monitor monitor = {.status = -1};
	g_autofree struct sample *samples = NULL;
	enum event event;
	uint32_t count = 20;
	uint64_t period_ns = 0;
	struct files files = {NULL, NULL};
	bool known = parse_event(argv[1], &event);

	argv += known ? 2 : 0;
	if (known && g_strcmp0(argv[0], "--times") == 0 && argv[1]) {
		count = (uint32_t)MAX(atoi(argv[1]), 1);
		argv += 2;
	}
	if (known && g_strcmp0(argv[0], "--files") == 0 && argv[1] && argv[2]) {
		files = (struct files){argv[1], argv[2]};
		argv += 3;
	}
	if (!known || (argv[0] && (strcmp(argv[0], "--") != 0 || !argv[1]))) {
		fprintf(stderr,
			"usage: hotplug black|unlit|plug|storm|layout|layout-mode [--times N] "
			"[--files FILE OTHER] [-- COMMAND…]\n");
		return 2;
	}
	monitor.status = open(STATUS, O_WRONLY | O_CLOEXEC);
	if (monitor.status < 0)
		fail(STATUS);
	samples = g_new0(struct sample, count);
	if (argv[0])
		ours_run(event, &monitor, &files, argv + 1, samples, count, &period_ns);
	else
		bare_run(event, &monitor, samples, count, &period_ns);
	print_figures(samples, count, period_ns, !argv[0]);
	return 0;
}
