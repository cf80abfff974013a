/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-gpu: started as a VMM's vhost-user-gpu back-end, by libvirt or by hand. Hands the VMM's
 * connection to scanoutd, and becomes the real back-end behind it: the same process, so that
 * whoever started it ends that. See scanout-gpu(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "tools/scanout-gpu/backends.h"
#include "tools/scanout-gpu/hand_over.h"
#include "tools/scanout-gpu/options.h"
#include "tools/scanout-gpu/pump.h"
#include "tools/scanout-gpu/vmm.h"
#include "tools/scanout-run/backend.h"

/* What a wrong command line ends with. */
#define EXIT_USAGE 2

/* What libvirt asks of any back-end of this kind. */
#define NO_FEATURES "{\n  \"type\": \"gpu\",\n  \"features\": []\n}\n"

static bool has_render_node(void)
{
	g_autoptr(GDir) directory = g_dir_open("/dev/dri", 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory)))
		if (g_str_has_prefix(name, "renderD"))
			return true;
	return false;
}

/*
 * What the real one says; but nothing where there is no render node: libvirt looks for one then,
 * and starts no domain that has none.
 */
static bool print_capabilities(const char *backend, GError **error)
{
	const char *const command[] = {backend, "--print-capabilities", NULL};
	g_autofree char *text = NULL;
	int status;

	if (!has_render_node()) {
		g_print("%s", NO_FEATURES);
		return true;
	}
	if (!g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text,
		    NULL, &status, error) ||
		!g_spawn_check_wait_status(status, error)) {
		g_prefix_error(error, "%s: ", backend);
		return false;
	}
	g_print("%s", text);
	return true;
}

/* The command line that makes `backend` serve `fd`, which is not closed when it starts. The words
 * are the caller's, g_strfreev(). */
static char **backend_command(const struct options *options, const char *backend, int fd)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *fd_option = g_strdup_printf("--fd=%d", fd);
	g_autofree char *node = g_strconcat("--render-node=", options->render_node, NULL);
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0)
		fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
	g_strv_builder_add_many(words, backend, fd_option, NULL);
	if (options->render_node)
		g_strv_builder_add(words, node);
	if (options->virgl)
		g_strv_builder_add(words, "--virgl");
	return g_strv_builder_end(words);
}

/* Does not return but on failure. */
static bool become_backend(const struct options *options, const char *backend, int fd,
	GError **error)
{
	g_auto(GStrv) command = backend_command(options, backend, fd);

	execvp(backend, command);
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", backend,
		g_strerror(errno));
	return false;
}

/* Where a VMM is handed over to, again where the guest has reset its GPU. */
struct place {
	const struct options *options;
	const char *backend;
	const char *path;
	struct backends backends; /* in the pump's process */
};

/* As pump_renew_func. */
static int start_again(void *data, GError **error)
{
	struct place *place = data;
	int daemon_fd, backend_fd;
	bool is_started;

	if (!hand_over(place->path, &daemon_fd, &backend_fd, error))
		return -1;
	g_auto(GStrv) command = backend_command(place->options, place->backend, backend_fd);
	is_started = backends_start(&place->backends, command, error);
	close(backend_fd);
	if (is_started)
		return daemon_fd;
	close(daemon_fd);
	return -1;
}

/* The VMM's connection stays the caller's. The back-end's own is returned, or -1 with an error. */
static int hand_vmm_over(struct place *place, int vmm_fd, GError **error)
{
	int daemon_fd, backend_fd;
	bool is_served;

	if (!hand_over(place->path, &daemon_fd, &backend_fd, error))
		return -1;
	is_served = pump_start(vmm_fd, daemon_fd, backend_fd, start_again, place, error);
	close(daemon_fd);
	if (is_served)
		return backend_fd;
	close(backend_fd);
	return -1;
}

/* Where to: *path is the caller's, and NULL where no guest of scanoutd's is meant. False without an
 * error: the VMM has gone. */
static bool find_daemon(const struct options *options, int vmm_fd, char **path, GError **error)
{
	g_autofree char *guest = g_strdup(options->guest);

	*path = g_strdup(options->vmm_socket);
	if (*path != NULL)
		return true;
	if (guest == NULL)
		guest = vmm_guest_name(vmm_fd, error);
	if (guest == NULL)
		return false;
	*path = hand_over_default_path(guest);
	/* Of a machine some VMs are shown by scanoutd, and some are not. */
	if (options->guest == NULL && !g_file_test(*path, G_FILE_TEST_EXISTS)) {
		g_printerr("scanout-gpu: there is no %s: \"%s\" is not shown by scanoutd\n", *path,
			guest);
		g_clear_pointer(path, g_free);
	}
	return true;
}

/* Else the VMM's name alone is why scanoutd is looked for. */
static bool is_asked_for(const struct options *options)
{
	return options->guest != NULL || options->vmm_socket != NULL;
}

static bool serve(const struct options *options, const char *backend, GError **error)
{
	g_autofree char *path = NULL;
	int vmm_fd = options->socket_path ? vmm_accept(options->socket_path, error) : options->fd;
	int fd;

	if (vmm_fd < 0)
		return false;
	g_autoptr(GError) failure = NULL;
	if (!find_daemon(options, vmm_fd, &path, &failure)) {
		bool has_gone = failure == NULL;

		if (failure)
			g_propagate_error(error, g_steal_pointer(&failure));
		return has_gone;
	}
	if (path == NULL)
		return become_backend(options, backend, vmm_fd, error);
	struct place place = {.options = options, .backend = backend, .path = path};
	fd = hand_vmm_over(&place, vmm_fd, &failure);
	/* What it listened at stays there when it has been stopped. */
	if (fd < 0 && !is_asked_for(options) &&
		g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_printerr("scanout-gpu: %s; the VMM is not shown by it\n", failure->message);
		return become_backend(options, backend, vmm_fd, error);
	}
	if (fd < 0) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	close(vmm_fd);
	return become_backend(options, backend, fd, error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *backend = NULL;
	struct options options;
	int status = EXIT_USAGE;

	setlocale(LC_ALL, "");
	g_set_printerr_handler(escape_print_message);
	if (options_read(&options, &argc, &argv, &error)) {
		backend = options.backend ? g_strdup(options.backend) : backend_find(&error);
		status = backend &&
				(options.print_capabilities ? print_capabilities(backend, &error)
							    : serve(&options, backend, &error))
			? EXIT_SUCCESS
			: EXIT_FAILURE;
	}
	if (error)
		g_printerr("scanout-gpu: %s\n", error->message);
	options_finish(&options);
	return status;
}
