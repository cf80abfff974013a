/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole daemon on the libdrm double, which ends with another terminal in front, or without one:
 * whoever has that one is to find the card without a master, though somebody else keeps the
 * daemon's own descriptor of it. The session is wrapped, and says when it is left.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon.h"
#include "double_private.h"
#include "drm_double.h"

struct session;
bool __wrap_session_leaves(const struct session *session);
void __wrap_session_destroy(struct session *session);

static struct {
	bool leaves;
	unsigned int left;
	bool master_then;
} world;

bool __wrap_session_leaves(const struct session *session)
{
	return world.leaves;
}

/* The other terminal comes. */
void __wrap_session_destroy(struct session *session)
{
	g_assert_null(session);
	world.left++;
	world.master_then = double_objects.master;
}

/* `folder`: where its socket is. */
static struct config *configure(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "scanoutd.conf", NULL);
	g_autofree char *text = g_strdup_printf("[daemon]\nvt=none\nseat-manager=no\n"
						"[input]\nseat=none\n"
						"[guest kiosk]\ndisplay-socket=%s/x\ninput=none\n",
		folder);
	struct config *config;

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	config = config_load(path, NULL);
	g_assert_nonnull(config);
	double_reset();
	config->daemon.drm_fd = double_open();
	/* As one that was inherited. */
	g_assert_cmpint(fcntl(config->daemon.drm_fd, F_SETFD, 0), ==, 0);
	g_assert_true(config_resolve(config, NULL));
	g_unlink(path);
	return config;
}

static void test_leave(gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("test-daemon-XXXXXX", NULL);
	struct config *config = configure(folder);
	struct daemon *daemon;
	int kept;

	world.leaves = data != NULL;
	world.left = 0;
	kept = fcntl(config->daemon.drm_fd, F_DUPFD_CLOEXEC, 0);
	daemon = daemon_create(config, &error);
	g_assert_no_error(error);
	g_assert_true(double_objects.master);
	daemon_destroy(daemon);
	g_assert_cmpuint(world.left, ==, 1);
	g_assert_true(world.master_then == !world.leaves);
	g_assert_cmpstr(double_faults(), ==, NULL);
	close(kept);
	config_destroy(config);
	double_reset();
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static GLogWriterOutput say_nothing(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(say_nothing, NULL, NULL);
	g_test_add_data_func("/daemon/leave/another-terminal", "another", test_leave);
	g_test_add_data_func("/daemon/leave/none", NULL, test_leave);
	return g_test_run();
}
