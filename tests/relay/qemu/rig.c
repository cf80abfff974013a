/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BACKEND "/usr/lib/qemu/vhost-user-gpu"
#define FIRMWARE "/usr/share/OVMF/OVMF_CODE_4M.fd"

static int count_fds(void)
{
	g_autoptr(GDir) fds = g_dir_open("/proc/self/fd", 0, NULL);
	int count = -1; /* the directory itself */

	g_assert_nonnull(fds);
	while (g_dir_read_name(fds))
		count++;
	return count;
}

static void die_with_test(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void program_ended(GPid pid, int status, gpointer data)
{
	struct program *program = data;

	g_spawn_close_pid(pid);
	program->ended = true;
}

static void program_start(struct program *program, const char *errors, const char *const *arguments)
{
	g_autoptr(GError) error = NULL;
	int input[2];
	int errors_fd = -1;

	program_kill(program);
	g_assert_true(g_unix_open_pipe(input, FD_CLOEXEC, NULL));
	if (errors)
		errors_fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	g_spawn_async_with_fds(NULL, (char **)arguments, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
		die_with_test, NULL, &program->pid, input[0], -1, errors_fd, &error);
	g_assert_no_error(error);
	close(input[0]);
	if (errors_fd >= 0)
		close(errors_fd);
	program->input = input[1];
	program->ended = false;
	g_child_watch_add(program->pid, program_ended, program);
}

void program_kill(struct program *program)
{
	if (!program->pid)
		return;
	if (!program->ended)
		kill(program->pid, SIGKILL);
	while (!program->ended)
		g_main_context_iteration(NULL, TRUE);
	close(program->input);
	program->pid = 0;
}

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	struct rig *rig = data;

	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE")) {
			g_test_message("log: %s", (const char *)fields[i].value);
			g_ptr_array_add(rig->log, g_strdup(fields[i].value));
		}
	}
	return G_LOG_WRITER_HANDLED;
}

static void attached(void *data, int fd)
{
	struct rig *rig = data;

	rig->attached++;
	display_begin(&rig->display, fd);
}

static void scanouts(void *data, uint32_t count)
{
	/* This firmware never reads the device's configuration. */
}

static void detached(void *data)
{
	struct rig *rig = data;

	rig->detached++;
}

static char *path_in(const struct rig *rig, const char *name)
{
	return g_build_filename(rig->directory, name, NULL);
}

void rig_init(struct rig *rig)
{
	static const struct relay_listener listener = {attached, scanouts, detached, NULL};
	static struct rig *recorded;
	g_autoptr(GError) error = NULL;

	/* GLib's own fds, made at the first child, are no leak of the relay's. */
	struct program first = {0};
	program_start(&first, NULL, (const char *const[]){"cat", NULL});
	program_kill(&first);

	*rig = (struct rig){.display.fd = -1, .fds_before = count_fds()};
	rig->log = g_ptr_array_new_with_free_func(g_free);
	rig->directory = g_dir_make_tmp("relay-XXXXXX", &error);
	g_assert_no_error(error);
	rig->qemu_errors = path_in(rig, "qemu-errors");
	/* The writer can be set once only; one rig runs at a time. */
	if (!recorded)
		g_log_set_writer_func(record, rig, NULL);
	g_assert_true(!recorded || recorded == rig);
	recorded = rig;

	g_autofree char *vmm_path = path_in(rig, "vmm");
	g_autofree char *backend_path = path_in(rig, "backend");
	const struct relay_options options = {
		.name = "test",
		.vmm_path = vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = backend_path,
	};
	rig->relay = relay_create(&options, &listener, rig, &error);
	g_assert_no_error(error);
}

static void remove_directory(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_assert_cmpint(g_unlink(file), ==, 0);
	}
	g_assert_cmpint(g_rmdir(path), ==, 0);
}

static bool all_vmms_gone(struct rig *rig)
{
	return rig->detached == relay_counters(rig->relay)->vmms;
}

void rig_finish(struct rig *rig)
{
	program_kill(&rig->qemu);
	program_kill(&rig->backend);
	rig_wait(rig, all_vmms_gone);
	relay_destroy(rig->relay);
	display_finish(&rig->display);
	g_assert_cmpint(count_fds(), ==, rig->fds_before);
	remove_directory(rig->directory);
	g_free(rig->directory);
	g_free(rig->qemu_errors);
	g_ptr_array_unref(rig->log);
}

void rig_start_backend(struct rig *rig)
{
	g_autofree char *path = path_in(rig, "backend");
	g_autofree char *option = g_strconcat("--socket-path=", path, NULL);
	const char *const arguments[] = {BACKEND, option, NULL};

	program_start(&rig->backend, NULL, arguments);
}

void rig_start_qemu(struct rig *rig, enum rig_memory memory)
{
	g_autofree char *chardev = g_strdup_printf("socket,id=vg,path=%s/vmm", rig->directory);
	const char *const arguments[] = {"qemu-system-x86_64", "-nodefaults", "-machine",
		memory == RIG_MEMORY_SHARED ? "q35,memory-backend=mem" : "q35", "-m", "256M",
		"-object", "memory-backend-memfd,id=mem,size=256M,share=on", "-vga", "none",
		"-display", "none", "-chardev", chardev, "-device", "vhost-user-gpu-pci,chardev=vg",
		"-drive", "if=pflash,format=raw,readonly=on,file=" FIRMWARE, "-qmp", "stdio", NULL};

	program_start(&rig->qemu, rig->qemu_errors, arguments);
	rig_qmp(rig, "qmp_capabilities");
}

void rig_qmp(struct rig *rig, const char *command)
{
	g_autofree char *text = g_strdup_printf("{\"execute\": \"%s\"}\n", command);

	g_assert_cmpint(write(rig->qemu.input, text, strlen(text)), ==, strlen(text));
}

static gboolean out_of_patience(gpointer data)
{
	g_error("waited %d s in vain for %s", RIG_PATIENCE_SECONDS, (const char *)data);
	return G_SOURCE_REMOVE;
}

void rig_wait_named(struct rig *rig, rig_condition condition, const char *name)
{
	guint patience = g_timeout_add_seconds(RIG_PATIENCE_SECONDS, out_of_patience,
		(gpointer)name);

	while (!condition(rig))
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(patience);
}

bool rig_has_logged(const struct rig *rig, const char *text)
{
	for (guint i = 0; i < rig->log->len; i++)
		if (strstr(g_ptr_array_index(rig->log, i), text))
			return true;
	return false;
}
