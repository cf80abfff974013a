/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What files and options leave open, and what of them must agree. Called once, by main, when both
 * have been read.
 */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/config.h"
#include "config/input_kind.h"
#include "config/resolve_internal.h"
#include "config/value.h"
#include "scene/png_file.h"
#include "vhost_user_gpu.h"

static bool fail(GError **error, const char *origin, const char *kind, const char *name,
	const char *format, ...) G_GNUC_PRINTF(5, 6);

static bool fail(GError **error, const char *origin, const char *kind, const char *name,
	const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: [%s %s]: %s", origin, kind, name,
		message);
	return false;
}

char *config_runtime_folder(void)
{
	const char *runtime = g_getenv("RUNTIME_DIRECTORY");
	const char *user = g_getenv("XDG_RUNTIME_DIR");

	/* systemd separates several by colons; the first is ours. */
	if (runtime != NULL && *runtime != '\0')
		return g_strndup(runtime, strcspn(runtime, ":"));
	/* Root has one after a login, too; but the same command must find the same sockets
	 * there. */
	if (geteuid() != 0 && user != NULL && *user != '\0')
		return g_build_filename(user, "scanoutd", NULL);
	return g_strdup("/run/scanoutd");
}

/* Not what lies in a folder in it, or beside it with the same beginning of its name. */
static bool is_in_folder(const char *path, const char *folder)
{
	g_autofree char *own = g_path_get_dirname(path);
	g_autofree char *canonical = g_canonicalize_filename(own, NULL);
	g_autofree char *wanted = g_canonicalize_filename(folder, NULL);

	return g_str_equal(canonical, wanted);
}

bool config_make_runtime_folder(const char *path, GError **error)
{
	g_autofree char *folder = config_runtime_folder();

	if (path == NULL || !is_in_folder(path, folder) || g_mkdir_with_parents(folder, 0755) == 0)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "the folder %s cannot be made: %s",
		folder, g_strerror(errno));
	return false;
}

GStrv resolve_split(const char *list)
{
	g_auto(GStrv) parts = g_strsplit(list != NULL ? list : "", ";", -1);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (char **part = parts; *part != NULL; part++) {
		if (*g_strstrip(*part) != '\0')
			g_ptr_array_add(names, g_strdup(*part));
	}
	g_ptr_array_add(names, NULL);
	return (GStrv)g_ptr_array_steal(names, NULL);
}

const char *resolve_claim_socket(GHashTable *seen, const char *path, const char *use)
{
	g_autofree char *canonical = g_canonicalize_filename(path, NULL);
	const char *other = g_hash_table_lookup(seen, canonical);

	if (other == NULL)
		g_hash_table_insert(seen, g_steal_pointer(&canonical), g_strdup(use));
	return other;
}

static bool check_socket(const struct config_guest *guest, const char *key, const char *path,
	GHashTable *seen, GError **error)
{
	g_autofree char *use = NULL;
	const char *other;

	if (path == NULL)
		return true;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return fail(error, guest->origin, "guest", guest->name,
			"%s=%s: a socket's path has at most %zu bytes", key, path,
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	use = g_strdup_printf("%s of [guest %s]", key, guest->name);
	other = resolve_claim_socket(seen, path, use);
	return other == NULL ||
		fail(error, guest->origin, "guest", guest->name, "%s=%s is %s already", key, path,
			other);
}

static bool check_file(const struct config_guest *guest, const char *key, const char *path,
	GHashTable *seen, GError **error)
{
	g_autofree char *use = g_strdup_printf("%s of [guest %s]", key, guest->name);
	const char *other;

	if (path == NULL)
		return true;
	if (!g_path_is_absolute(path))
		return fail(error, guest->origin, "guest", guest->name,
			"%s= must be a path that begins with /", key);
	other = resolve_claim_socket(seen, path, use);
	return other == NULL ||
		fail(error, guest->origin, "guest", guest->name, "%s=%s is %s already", key, path,
			other);
}

/* The longest name of a device behind the prefix. */
#define INPUT_SUFFIX "-keyboard.sock"

static bool resolve_input_prefix(struct config_guest *guest, GError **error)
{
	const char *own = guest->vmm_socket != NULL ? guest->vmm_socket : guest->display_socket;

	if (guest->input_prefix == NULL && own != NULL)
		guest->input_prefix = g_str_has_suffix(own, ".sock")
			? g_strndup(own, strlen(own) - strlen(".sock"))
			: g_strdup(own);
	if (guest->inputs == 0 || guest->input_prefix == NULL ||
		strlen(guest->input_prefix) + strlen(INPUT_SUFFIX) <
			sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return true;
	return fail(error, guest->origin, "guest", guest->name,
		"input-prefix=%s: too long for a socket's path with %s; give another, or input=none",
		guest->input_prefix, INPUT_SUFFIX);
}

/* The sockets of a machine's input devices: of all its guests' inputs, where the first says. */
static bool check_input_sockets(const struct config *config, guint index, GHashTable *seen,
	GError **error)
{
	const struct config_guest *first = g_ptr_array_index(config->guests, index);
	const struct config_guest *named = NULL;
	unsigned int inputs = 0;

	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		if (!g_str_equal(guest->vm, first->vm))
			continue;
		if (i < index)
			return true;
		inputs |= guest->inputs;
		if (named == NULL && guest->input_prefix != NULL)
			named = guest;
	}
	for (enum input_kind kind = 0; named != NULL && kind < INPUT_PASSTHROUGH; kind++) {
		const char *name = input_kind_name(kind);
		g_autofree char *path = g_strdup_printf("%s-%s%s.sock", named->input_prefix, name,
			kind == INPUT_TOUCH ? "0" : "");
		g_autofree char *use = g_strdup_printf("%s of [guest %s]", name, named->name);
		const char *other = inputs & 1u << kind ? resolve_claim_socket(seen, path, use)
							: NULL;

		if (other != NULL)
			return fail(error, named->origin, "guest", named->name,
				"input-prefix=%s: %s is %s already; give another",
				named->input_prefix, path, other);
	}
	return true;
}

/* systemd calls a file descriptor that nobody named so (keep/keep.c): a socket for such a guest
 * could not be told from it. */
#define NO_NAME "stored"

static bool resolve_guest(struct config_guest *guest, const char *folder, GHashTable *seen,
	GError **error)
{
	bool relay = guest->vmm_socket != NULL || guest->backend_socket != NULL;
	bool listening = guest->display_socket != NULL;
	bool inherited = guest->display_fd >= 0;

	if (strcmp(guest->name, NO_NAME) == 0)
		return fail(error, guest->origin, "guest", guest->name,
			"no guest can be called so: the service manager means what has no name by "
			"it");
	if (relay + listening + inherited > 1)
		return fail(error, guest->origin, "guest", guest->name,
			"use only one of vmm-socket= (with backend-socket=), display-socket= and "
			"display-fd=");
	if (!listening && !inherited) {
		if (guest->vmm_socket == NULL)
			guest->vmm_socket = g_strdup_printf("%s/%s.sock", folder, guest->name);
		if (guest->backend_socket == NULL)
			guest->backend_socket = g_strdup_printf("%s/%s-backend.sock", folder,
				guest->name);
	}
	if (guest->vm == NULL)
		guest->vm = g_strdup(guest->name);
	if (!guest->failed_given)
		guest->failed = picture_spec_copy(&guest->after);
	return config_resolve_alive(guest, folder, error) &&
		check_socket(guest, "alive-socket", guest->alive_socket, seen, error) &&
		check_socket(guest, "vmm-socket", guest->vmm_socket, seen, error) &&
		check_socket(guest, "backend-socket", guest->backend_socket, seen, error) &&
		check_socket(guest, "display-socket", guest->display_socket, seen, error) &&
		check_file(guest, "alive-file", guest->alive_file, seen, error) &&
		check_file(guest, "shown-file", guest->shown_file, seen, error) &&
		resolve_input_prefix(guest, error);
}

static bool fail_guest_needed(const struct config *config, const struct config_output *output,
	GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", guest->name);
	}
	return fail(error, output->origin, "output", output->name,
		"guest= is needed where there are several: %s", names->str);
}

/* `key` of a section names a guest that is not there. */
static bool fail_no_such_guest(const struct config *config, const char *origin, const char *section,
	const char *section_name, const char *key, const char *name, GError **error)
{
	struct config_nearest nearest;

	config_nearest_init(&nearest, name);
	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		config_nearest_offer(&nearest, guest->name);
	}
	fail(error, origin, section, section_name, "%s=%s: there is no [guest %s]", key, name,
		name);
	if (nearest.found != NULL)
		config_did_you_mean(error, nearest.found);
	return false;
}

/* The lowest scanout of the guest that no section before `output`, and none that names its scanout,
 * has in a layout with it. */
static int free_scanout(const struct config *config, const struct config_output *output)
{
	uint32_t taken = 0;

	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *other = g_ptr_array_index(config->outputs, i);

		if (!other->off && other->scanout >= 0 &&
			g_strcmp0(other->guest, output->guest) == 0 &&
			config_common_layout(config, other->layouts, output->layouts) != NULL)
			taken |= UINT32_C(1) << other->scanout;
	}
	return g_bit_nth_lsf(~(gulong)taken, -1);
}

static bool check_output_picture(const struct config_output *output, GError **error)
{
	if (!output->pictured || (output->guest == NULL && output->scanout < 0 && !output->off))
		return true;
	return fail(error, output->origin, "output", output->name,
		output->off ? "picture= has nothing to show with mode=off"
			    : "picture= is for an output without guest= and scanout=; a guest's "
			      "pictures are before=, after= and failed=");
}

/* A section that says neither guest= nor scanout= sets how its output looks, not what it shows. */
static bool resolve_output_guest(const struct config *config, struct config_output *output,
	GError **error)
{
	const struct config_guest *guest = g_ptr_array_index(config->guests, 0);

	if (!check_output_picture(output, error))
		return false;
	if (output->guest != NULL) {
		guest = config_find_guest(config, output->guest);
		if (guest == NULL)
			return fail_no_such_guest(config, output->origin, "output", output->name,
				"guest", output->guest, error);
	} else if (config->guests->len > 1) {
		return output->off || output->pictured || fail_guest_needed(config, output, error);
	} else if (output->scanout >= 0) {
		output->guest = g_strdup(guest->name);
	}
	if (!output->placed)
		output->place = guest->place;
	if (output->mode == NULL && !output->off)
		output->mode = g_strdup(guest->mode);
	return true;
}

/* Two lists may have a name in common: who comes first gets it. But nothing can be shown on an
 * output that is off, nor can an output look in two ways. */
static bool contradict(const struct config_output *a, const struct config_output *b)
{
	return a->off != b->off || (!a->off && (a->guest == NULL || b->guest == NULL));
}

static bool check_other_output(const struct config *config, const struct config_output *output,
	const struct config_output *other, const char *name, GError **error)
{
	const char *layout = config_common_layout(config, output->layouts, other->layouts);
	bool same = g_str_equal(output->name, other->name);
	g_auto(GStrv) others = resolve_split(other->name);

	if (layout == NULL ||
		(!same &&
			(!contradict(output, other) ||
				!g_strv_contains((const char *const *)others, name))))
		return true;
	/* Without layouts sections of one name are one. */
	if (same)
		return fail(error, output->origin, "output", output->name, CONFIG_LAYOUT_TWICE,
			other->origin, layout);
	return fail(error, output->origin, "output", output->name,
		"[output %s] has other settings for %s%s%s", other->name, name,
		*layout != '\0' ? " in layout " : "", layout);
}

static bool check_output_names(const struct config *config, guint index, GError **error)
{
	const struct config_output *output = g_ptr_array_index(config->outputs, index);
	g_auto(GStrv) names = resolve_split(output->name);

	if (names[0] == NULL)
		return fail(error, output->origin, "output", output->name, "names no output");
	for (char **name = names; *name != NULL; name++) {
		if (g_strv_contains((const char *const *)name + 1, *name))
			return fail(error, output->origin, "output", output->name, "names %s twice",
				*name);
		for (guint i = 0; i < index; i++) {
			if (!check_other_output(config, output,
				    g_ptr_array_index(config->outputs, i), *name, error))
				return false;
		}
	}
	return true;
}

static bool check_output_layouts(const struct config *config, const struct config_output *output,
	GError **error)
{
	g_autofree char *where = g_strdup_printf("%s: [output %s]: layout", output->origin,
		output->name);

	return config_check_layouts(config, where, output->layouts, error);
}

static bool resolve_outputs(struct config *config, GError **error)
{
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!check_output_layouts(config, output, error) ||
			!resolve_output_guest(config, output, error))
			return false;
	}
	for (guint i = 0; i < config->outputs->len; i++) {
		struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!check_output_names(config, i, error))
			return false;
		if (output->off || output->guest == NULL || output->scanout >= 0)
			continue;
		output->scanout = free_scanout(config, output);
		if (output->scanout >= VHOST_USER_GPU_SCANOUTS)
			return fail(error, output->origin, "output", output->name,
				"guest %s has no scanout left: a device has %d", output->guest,
				VHOST_USER_GPU_SCANOUTS);
	}
	return true;
}

/* ---- input ---- */

/* Behind the prefix stand the kinds of a machine's own devices, and touch screens with a number. */
static bool names_own_device(const char *name)
{
	for (enum input_kind kind = INPUT_KEYBOARD; kind < INPUT_PASSTHROUGH; kind++) {
		const char *own = input_kind_name(kind);

		if (g_str_has_prefix(name, own) &&
			(kind == INPUT_TOUCH || name[strlen(own)] == '\0'))
			return true;
	}
	return false;
}

static bool check_passthrough_socket(const struct config_guest *guest,
	const struct config_device *device, GHashTable *seen, GError **error)
{
	g_autofree char *path = g_strdup_printf("%s-%s.sock", guest->input_prefix, device->name);
	g_autofree char *use = g_strdup_printf("[device %s]", device->name);
	const char *other = resolve_claim_socket(seen, path, use);

	return other == NULL ||
		fail(error, device->origin, "device", device->name, "its socket %s is %s already",
			path, other);
}

static bool resolve_passthrough(const struct config *config, const struct config_device *device,
	GHashTable *seen, GError **error)
{
	const struct config_guest *guest = config_find_guest(config, device->guest);

	if (config->input.seat == NULL)
		return fail(error, device->origin, "device", device->name,
			"passthrough=yes needs a seat= in [input], not none: udev tells when the "
			"device is there");
	if (guest->input_prefix == NULL)
		return fail(error, device->origin, "device", device->name,
			"passthrough=yes needs input-prefix= in [guest %s], which has no socket",
			guest->name);
	if (names_own_device(device->name))
		return fail(error, device->origin, "device", device->name,
			"a device with passthrough=yes needs another name: its socket would be that of "
			"the machine's own");
	if (strlen(guest->input_prefix) + strlen("-.sock") + strlen(device->name) >=
		sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return fail(error, device->origin, "device", device->name,
			"%s-%s.sock: a socket's path has at most %zu bytes", guest->input_prefix,
			device->name, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	return check_passthrough_socket(guest, device, seen, error);
}

static bool resolve_device(const struct config *config, const struct config_device *device,
	GHashTable *seen, GError **error)
{
	if (device->guest != NULL && config_find_guest(config, device->guest) == NULL)
		return fail_no_such_guest(config, device->origin, "device", device->name, "guest",
			device->guest, error);
	if (device->passthrough && device->guest == NULL)
		return fail(error, device->origin, "device", device->name,
			"passthrough=yes needs guest=: whose it is");
	return !device->passthrough || resolve_passthrough(config, device, seen, error);
}

static bool resolve_input(const struct config *config, GHashTable *seen, GError **error)
{
	const char *focus = config->input.focus;

	if (focus != NULL && config_find_guest(config, focus) == NULL) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			"[input]: focus=%s: there is no [guest %s]", focus, focus);
		return false;
	}
	for (guint i = 0; i < config->devices->len; i++) {
		if (!resolve_device(config, g_ptr_array_index(config->devices, i), seen, error))
			return false;
	}
	return true;
}

static bool check_seat_manager(const struct config_daemon *daemon, GError **error)
{
	if (daemon->seat_manager != CONFIG_SEAT_MANAGER_YES || daemon->vt <= 0)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		"use only one of seat-manager=yes and vt=%d: a seat manager chooses the VT",
		daemon->vt);
	return false;
}

bool config_resolve(struct config *config, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *folder = config_runtime_folder();

	if (!check_seat_manager(&config->daemon, error))
		return false;
	if (config->guests->len == 0)
		config_add_guest(config, CONFIG_DEFAULT_GUEST, "default");
	for (guint i = 0; i < config->guests->len; i++) {
		if (!resolve_guest(g_ptr_array_index(config->guests, i), folder, seen, error))
			return false;
	}
	for (guint i = 0; i < config->guests->len; i++) {
		if (!check_input_sockets(config, i, seen, error))
			return false;
	}
	return config_resolve_layouts(config, error) &&
		resolve_leases(config, folder, seen, error) &&
		config_resolve_layers(config, error) && resolve_outputs(config, error) &&
		config_resolve_layer_scanouts(config, error) &&
		config_resolve_regions(config, error) && resolve_input(config, seen, error);
}

char *resolve_folder_fault(const char *path)
{
	g_autofree char *ours = config_runtime_folder();
	g_autofree char *folder = g_path_get_dirname(path);

	/* Who checks need not be who starts the daemon, so only root's own rights count. */
	if (g_file_test(folder, G_FILE_TEST_IS_DIR))
		return geteuid() != 0 || access(folder, W_OK) == 0
			? NULL
			: g_strdup_printf("nothing can be made in %s: %s", folder,
				  g_strerror(errno));
	if (!is_in_folder(path, ours))
		return g_strdup_printf("there is no folder %s", folder);
	while (!g_file_test(folder, G_FILE_TEST_EXISTS) && !g_str_equal(folder, "/") &&
		!g_str_equal(folder, ".")) {
		char *parent = g_path_get_dirname(folder);

		g_free(folder);
		folder = parent;
	}
	if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
		return g_strdup_printf("the folder %s cannot be made: %s is none", ours, folder);
	if (geteuid() == 0 && access(folder, W_OK) != 0)
		return g_strdup_printf("the folder %s cannot be made in %s: %s", ours, folder,
			g_strerror(errno));
	return NULL;
}

static bool check_guest_folders(const struct config_guest *guest, GError **error)
{
	const struct {
		const char *key;
		const char *path;
	} paths[] = {{"vmm-socket", guest->vmm_socket}, {"display-socket", guest->display_socket},
		{"input-prefix", guest->input_prefix}, {"alive-socket", guest->alive_socket},
		{"alive-file", guest->alive_file}, {"shown-file", guest->shown_file}};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *fault = paths[i].path != NULL ? resolve_folder_fault(paths[i].path)
							       : NULL;

		if (fault != NULL)
			return fail(error, guest->origin, "guest", guest->name, "%s=%s: %s",
				paths[i].key, paths[i].path, fault);
	}
	return true;
}

static bool check_stats_folder(const char *path, GError **error)
{
	g_autofree char *fault = path != NULL ? resolve_folder_fault(path) : NULL;

	if (fault == NULL)
		return true;
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "[daemon]: stats=%s: %s", path, fault);
	return false;
}

/* `section` and `name` are those of the section that has the key. */
static bool check_picture(const char *origin, const char *section, const char *name,
	const char *key, const struct picture_spec *spec, GError **error)
{
	g_autoptr(GError) fault = NULL;
	struct surface *surface;

	if (spec->kind != PICTURE_FILE)
		return true;
	surface = png_file_load(spec->path, &fault);
	surface_destroy(surface);
	return surface != NULL || fail(error, origin, section, name, "%s=%s", key, fault->message);
}

static bool check_pictures(const struct config_guest *guest, GError **error)
{
	const struct {
		const char *key;
		const struct picture_spec *spec;
	} pictures[] = {{"before", &guest->before}, {"after", &guest->after},
		{"failed", &guest->failed}, {"dead", &guest->dead}};

	for (size_t i = 0; i < G_N_ELEMENTS(pictures); i++) {
		if (!check_picture(guest->origin, "guest", guest->name, pictures[i].key,
			    pictures[i].spec, error))
			return false;
	}
	return true;
}

bool config_check_system(const struct config *config, GError **error)
{
	if (!check_stats_folder(config->daemon.stats, error))
		return false;
	for (guint i = 0; i < config->guests->len; i++) {
		const struct config_guest *guest = g_ptr_array_index(config->guests, i);

		if (guest->socket_group != NULL && getgrnam(guest->socket_group) == NULL)
			return fail(error, guest->origin, "guest", guest->name,
				"socket-group=%s: there is no group of that name",
				guest->socket_group);
		if (!check_guest_folders(guest, error) || !check_pictures(guest, error))
			return false;
	}
	for (guint i = 0; i < config->outputs->len; i++) {
		const struct config_output *output = g_ptr_array_index(config->outputs, i);

		if (!check_picture(output->origin, "output", output->name, "picture",
			    &output->picture, error))
			return false;
	}
	return config_check_layers(config, error) && resolve_check_leases(config, error);
}
