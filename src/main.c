/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanoutd: shows guests' scanouts on this machine's outputs. See scanoutd(8).
 *
 * Reads command line and configuration, and either answers a question (--list, --check-config,
 * --version) or runs the daemon.
 */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "config/config.h"
#include "config/options.h"
#include "daemon.h"
#include "escape.h"
#include "guest_limits.h"
#include "keep/keep.h"
#include "kms.h"
#include "log.h"
#include "report/log_writer.h"

#define VERSION "0.1.0"

/* One log line for each line of the message: a configuration can have several faults. */
static int fail(const GError *error)
{
	g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		log_daemon(G_LOG_LEVEL_CRITICAL, "%s", *line);
	return EXIT_FAILURE;
}

static int list_cards(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	if (!kms_list(text, &error))
		return fail(error);
	g_autofree char *printed = escape_new(text->str, "\n");

	fputs(printed, stdout);
	return EXIT_SUCCESS;
}

/* ---- file descriptors ---- */

/* Each guest holds some, and the service manager's limit of 1024 is for programs that use
 * select(). */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_daemon(G_LOG_LEVEL_WARNING, "file descriptors: %s", g_strerror(errno));
}

/* For how many guests the limit does, all at their worst: where it does not, and where somebody
 * `asked`. Too many have to wait for each other then, which is no reason not to start. */
static void tell_fd_limit(guint guests, bool asked)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
	uint64_t most;

	getrlimit(RLIMIT_NOFILE, &limit);
	most = guest_limits_guests(limit.rlim_cur);
	if (guests > most)
		log_daemon(G_LOG_LEVEL_WARNING,
			"file descriptors: the limit of %" PRIu64 " here is enough for %" PRIu64
			" guests at their worst, not for %u: raise it (LimitNOFILE= in the unit, ulimit "
			"-Hn in a shell)",
			(uint64_t)limit.rlim_cur, most, guests);
	else if (asked)
		printf("The limit of %" PRIu64 " file descriptors here is enough for %" PRIu64
		       " guests.\n",
			(uint64_t)limit.rlim_cur, most);
}

/* The same of what is kept for the next start, where somebody asked: who starts has no use for it,
 * and few guests have as many peers as they may. */
static void tell_store(guint guests)
{
	const unsigned int kept = keep_most();
	const uint64_t most = guest_limits_stored(kept);

	if (guests > most)
		log_daemon(G_LOG_LEVEL_WARNING,
			"file descriptors: the %u that the service manager keeps for another start "
			"(FileDescriptorStoreMax=) are enough for %" PRIu64
			" guests at their worst, not for %u: peers beyond them have to connect again "
			"then",
			kept, most, guests);
	else
		printf("The %u that the service manager keeps for another start "
		       "(FileDescriptorStoreMax=) are enough for %" PRIu64 " guests.\n",
			kept, most);
}

/* ---- what to do ---- */

static int run(const struct config *config, char **arguments)
{
	g_autoptr(GError) error = NULL;
	struct daemon *daemon;
	int status;

	tell_fd_limit(config->guests->len, false);
	daemon = daemon_create(config, &error);
	if (daemon == NULL)
		return fail(error);
	daemon_set_arguments(daemon, arguments);
	status = daemon_run(daemon);
	daemon_destroy(daemon);
	return status;
}

static int check_config(const struct config *config)
{
	g_autoptr(GError) error = NULL;

	if (!config_check_system(config, &error))
		return fail(error);
	printf("Configuration OK: guests: %u, output sections: %u", config->guests->len,
		config->outputs->len);
	if (config->leases->len > 0)
		printf(", leases: %u", config->leases->len);
	puts(".");
	tell_fd_limit(config->guests->len, true);
	tell_store(config->guests->len);
	return EXIT_SUCCESS;
}

static int read_config_and_run(const struct options *options, char **arguments)
{
	g_autoptr(GError) error = NULL;
	struct config *config = options_read(options, &error);
	int status = EXIT_SUCCESS;

	if (config == NULL) {
		if (options->action != OPTIONS_CHECK_CONFIG)
			daemon_give_back();
		return fail(error);
	}
	log_writer_set_level(config->daemon.log_level);
	if (options->action == OPTIONS_CHECK_CONFIG)
		status = check_config(config);
	else
		status = run(config, arguments);
	config_destroy(config);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct options options;
	int status;

	setlocale(LC_CTYPE, "");
	log_writer_install(G_LOG_LEVEL_INFO);
	raise_fd_limit();
	if (!options_init(&options, argv, &error))
		return fail(error);
	switch (options.action) {
	case OPTIONS_VERSION:
		puts("scanoutd " VERSION);
		status = EXIT_SUCCESS;
		break;
	case OPTIONS_LIST:
		status = list_cards();
		break;
	default:
		status = read_config_and_run(&options, argv);
	}
	options_finish(&options);
	return status;
}
