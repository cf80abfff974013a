/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder with a configuration in it, loaded as the daemon does it, for test-config and
 * test-config-fault.
 */
#ifndef SCANOUTD_TEST_CONFIG_FIXTURE_H
#define SCANOUTD_TEST_CONFIG_FIXTURE_H

#include <glib.h>

#include "config/config.h"

struct config_fixture {
	char *folder;
	char *path; /* folder/scanoutd.conf */
};

/* Of g_test_add(). */
void config_fixture_set_up(struct config_fixture *fixture, gconstpointer data);
void config_fixture_tear_down(struct config_fixture *fixture, gconstpointer data);

void config_fixture_write(const struct config_fixture *fixture, const char *text);
void config_fixture_write_drop_in(const struct config_fixture *fixture, const char *name,
	const char *text);

/* Files, command line ("" for none) and what belongs together: all is well. */
struct config *config_fixture_load(const char *path, const char *command_line);
/* Something is not: the exact message, without the folder's name. */
void config_fixture_expect_error(const struct config_fixture *fixture, const char *command_line,
	const char *message);

#endif
