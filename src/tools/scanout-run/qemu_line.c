/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/scanout-run/qemu_line.h"

#include <string.h>

#include "config/input_kind.h"
#include "tools/scanout-run/properties.h"

#define MEBIBYTE (UINT64_C(1) << 20)

/* QEMU's, where the line has no -m; and the granule it rounds to. */
#define MEMORY_DEFAULT (128 * MEBIBYTE)
#define MEMORY_GRANULE UINT64_C(8192)

#define SHARE_ADVICE \
	"let scanout-run add the memory, or use memory-backend-memfd (or memory-backend-file with " \
	"share=on)"

G_DEFINE_QUARK(scanout - run - qemu - line, qemu_line_error)

/* What is collected on the way through the line and judged at its end. */
struct reading {
	struct qemu_line *line;
	GPtrArray *objects; /* of struct properties: each -object */
	GPtrArray *numa_memory; /* ids of memory of -numa nodes */
	char *machine_memory; /* id of the machine's memory, or NULL */
};

/* Options without an argument. All others have one. */
static const char *const switches[] = {"h", "help", "version", "mem-prealloc", "snapshot", "usb",
	"nographic", "curses", "sdl", "full-screen", "no-frame", "alt-grab", "ctrl-grab", "no-quit",
	"portrait", "win2k-hack", "no-fd-bootchk", "no-acpi", "no-hpet", "preconfig", "S", "s",
	"enable-kvm", "no-kvm", "enable-fips", "xen-attach", "xen-domid-restrict", "no-reboot",
	"no-shutdown", "daemonize", "only-migratable", "nodefaults", "no-user-config",
	"no-nodefconfig", "enable-sync-profile", "perfmap", "jitdump", "singlestep",
	"one-insn-per-tb", "semihosting", "old-param", NULL};

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, QEMU_LINE_ERROR, QEMU_LINE_ERROR_REFUSED, text);
	return false;
}

static bool refuse_display(GError **error, const char *option, const char *value)
{
	return refuse(error,
		"-%s%s%s is another display for the guest that scanoutd is to show: leave it out",
		option, value ? " " : "", value ? value : "");
}

static bool read_memory(struct reading *reading, const char *value, GError **error)
{
	struct properties *properties = properties_create(value, "size");
	const char *size = properties_get(properties, "size");
	bool known = !size || properties_parse_size(size, MEBIBYTE, &reading->line->memory);

	if (!known)
		refuse(error, "-m %s has no size that scanout-run understands", value);
	properties_destroy(properties);
	return known;
}

static bool read_machine(struct reading *reading, const char *value, GError **error)
{
	struct properties *properties = properties_create(value, "type");
	const char *memory = properties_get(properties, "memory-backend");
	const char *size = properties_get(properties, "memory.size");
	bool known = !size || properties_parse_size(size, MEBIBYTE, &reading->line->memory);

	if (!known)
		refuse(error, "-machine memory.size=%s is no size that scanout-run understands",
			size);
	if (memory) {
		g_free(reading->machine_memory);
		reading->machine_memory = g_strdup(memory);
	}
	properties_destroy(properties);
	return known;
}

static bool read_object(struct reading *reading, const char *value, GError **error)
{
	g_ptr_array_add(reading->objects, properties_create(value, "qom-type"));
	return true;
}

static bool read_numa(struct reading *reading, const char *value, GError **error)
{
	struct properties *properties = properties_create(value, "type");
	const char *memory = properties_get(properties, "memdev");

	if (memory)
		g_ptr_array_add(reading->numa_memory, g_strdup(memory));
	properties_destroy(properties);
	return true;
}

static bool read_vga(struct reading *reading, const char *value, GError **error)
{
	if (!g_str_equal(value, "none"))
		return refuse_display(error, "vga", value);
	reading->line->has_vga_none = true;
	return true;
}

static bool read_display(struct reading *reading, const char *value, GError **error)
{
	struct properties *properties = properties_create(value, "type");
	const char *type = properties_get(properties, "type");
	/* D-Bus shows nothing by itself, and is a way to tell the guest of another monitor. */
	bool allowed = type && (g_str_equal(type, "none") || g_str_equal(type, "dbus"));

	properties_destroy(properties);
	if (!allowed)
		return refuse_display(error, "display", value);
	reading->line->has_display = true;
	return true;
}

static bool is_display_device(const char *driver)
{
	static const char *const exact[] = {"VGA", "ati-vga", "bochs-display", "cirrus-vga",
		"isa-cirrus-vga", "isa-vga", "ramfb", "secondary-vga", "vmware-svga", NULL};
	static const char *const prefixes[] = {"virtio-gpu", "virtio-vga", "vhost-user-gpu",
		"vhost-user-vga", "qxl", NULL};

	if (g_strv_contains(exact, driver))
		return true;
	for (const char *const *prefix = prefixes; *prefix; prefix++)
		if (g_str_has_prefix(driver, *prefix))
			return true;
	return false;
}

static bool read_device(struct reading *reading, const char *value, GError **error)
{
	struct properties *properties = properties_create(value, "driver");
	const char *driver = properties_get(properties, "driver");
	bool allowed = !driver || !is_display_device(driver);

	if (!allowed)
		refuse_display(error, "device", driver);
	properties_destroy(properties);
	return allowed;
}

static bool read_switch(struct reading *reading, const char *name, GError **error)
{
	if (g_str_equal(name, "nographic"))
		reading->line->has_display = true;
	else if (g_str_equal(name, "curses") || g_str_equal(name, "sdl"))
		return refuse_display(error, name, NULL);
	else if (g_str_equal(name, "daemonize"))
		return refuse(error,
			"-daemonize leaves scanout-run nothing to wait for: leave it out");
	return true;
}

static bool read_vnc(struct reading *reading, const char *value, GError **error)
{
	return g_str_equal(value, "none") || refuse_display(error, "vnc", value);
}

static bool read_spice(struct reading *reading, const char *value, GError **error)
{
	return refuse_display(error, "spice", value);
}

static bool read_mem_path(struct reading *reading, const char *value, GError **error)
{
	return refuse(error, "-mem-path %s is memory that is not shared: %s", value, SHARE_ADVICE);
}

static bool read_readconfig(struct reading *reading, const char *value, GError **error)
{
	return refuse(error,
		"-readconfig %s hides from scanout-run what memory and display the guest has: "
		"give its content as options",
		value);
}

/* Options that say something about memory or display; all others are passed over. */
static bool read_option(struct reading *reading, const char *name, const char *value,
	GError **error)
{
	static const struct {
		const char *name;
		bool (*read)(struct reading *reading, const char *value, GError **error);
	} readers[] = {
		{"m", read_memory},
		{"machine", read_machine},
		{"M", read_machine},
		{"object", read_object},
		{"numa", read_numa},
		{"mem-path", read_mem_path},
		{"vga", read_vga},
		{"display", read_display},
		{"vnc", read_vnc},
		{"spice", read_spice},
		{"device", read_device},
		{"readconfig", read_readconfig},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		if (g_str_equal(name, readers[i].name))
			return readers[i].read(reading, value, error);
	return true;
}

/* NULL where the line has no -object of that id. */
static const struct properties *find_object(const struct reading *reading, const char *id)
{
	for (guint i = 0; i < reading->objects->len; i++) {
		const struct properties *object = g_ptr_array_index(reading->objects, i);
		const char *name = properties_get(object, "id");
		if (name && g_str_equal(name, id))
			return object;
	}
	return NULL;
}

/* The back-end maps the guest's memory: it must come from a file, and be shared. */
static bool check_shared(const struct reading *reading, const char *id, GError **error)
{
	static const struct {
		const char *type;
		bool shared; /* without share= */
	} types[] = {
		{"memory-backend-memfd", true},
		{"memory-backend-shm", true},
		{"memory-backend-file", false},
	};
	const struct properties *object = find_object(reading, id);
	const char *type = object ? properties_get(object, "qom-type") : NULL;

	if (!type)
		return refuse(error, "the memory \"%s\" has no -object on the line", id);
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(type, types[i].type) &&
			properties_get_switch(object, "share", types[i].shared))
			return true;
	return refuse(error, "the memory \"%s\" (%s) is not shared: %s", id, type, SHARE_ADVICE);
}

static bool judge_memory(struct reading *reading, GError **error)
{
	struct qemu_line *line = reading->line;

	if (!line->memory)
		line->memory = MEMORY_DEFAULT;
	line->memory = (line->memory + MEMORY_GRANULE - 1) / MEMORY_GRANULE * MEMORY_GRANULE;
	if (reading->machine_memory && !check_shared(reading, reading->machine_memory, error))
		return false;
	for (guint i = 0; i < reading->numa_memory->len; i++)
		if (!check_shared(reading, g_ptr_array_index(reading->numa_memory, i), error))
			return false;
	line->memory_is_shared = reading->machine_memory || reading->numa_memory->len;
	return true;
}

static bool read_arguments(struct reading *reading, char *const *arguments, GError **error)
{
	for (char *const *at = arguments + 1; *at; at++) {
		const char *name = *at;
		/* A disk image stands alone. */
		if (*name != '-' || !name[1])
			continue;
		name += g_str_has_prefix(name, "--") ? 2 : 1;
		if (g_strv_contains(switches, name)) {
			if (!read_switch(reading, name, error))
				return false;
			continue;
		}
		if (!at[1])
			return refuse(error, "-%s, the line's last word, has no argument", name);
		if (!read_option(reading, name, *++at, error))
			return false;
	}
	return true;
}

bool qemu_line_read(struct qemu_line *line, char *const *arguments, GError **error)
{
	struct reading reading = {
		.line = line,
		.objects = g_ptr_array_new_with_free_func((GDestroyNotify)properties_destroy),
		.numa_memory = g_ptr_array_new_with_free_func(g_free),
	};

	*line = (struct qemu_line){0};
	bool known = read_arguments(&reading, arguments, error) && judge_memory(&reading, error);
	g_ptr_array_unref(reading.objects);
	g_ptr_array_unref(reading.numa_memory);
	g_free(reading.machine_memory);
	return known;
}

static void add(GPtrArray *command, const char *option, char *value)
{
	g_ptr_array_add(command, g_strdup(option));
	g_ptr_array_add(command, value);
}

static char *size_text(uint64_t size)
{
	if (size % MEBIBYTE)
		return g_strdup_printf("%" G_GUINT64_FORMAT, size);
	return g_strdup_printf("%" G_GUINT64_FORMAT "M", size / MEBIBYTE);
}

static void add_memory(GPtrArray *command, uint64_t memory)
{
	g_autofree char *size = size_text(memory);

	add(command, "-object",
		g_strdup_printf("memory-backend-memfd,id=scanout-memory,size=%s,share=on", size));
	add(command, "-machine", g_strdup("memory-backend=scanout-memory"));
}

static void add_device(GPtrArray *command, const struct qemu_line_additions *additions)
{
	g_autofree char *path = properties_escape(additions->socket_path);
	GString *device = g_string_new(additions->vga ? "vhost-user-vga" : "vhost-user-gpu-pci");

	add(command, "-chardev", g_strdup_printf("socket,id=scanout-vhost,path=%s", path));
	g_string_append(device, ",id=scanout-gpu,chardev=scanout-vhost");
	if (additions->max_outputs)
		g_string_append_printf(device, ",max_outputs=%u", additions->max_outputs);
	add(command, "-device", g_string_free(device, FALSE));
}

static void add_input(GPtrArray *command, const char *prefix, const char *name)
{
	g_autofree char *path = properties_escape(prefix);

	add(command, "-chardev",
		g_strdup_printf("socket,id=scanout-%s,path=%s-%s.sock", name, path, name));
	add(command, "-device", g_strdup_printf("vhost-user-input-pci,chardev=scanout-%s", name));
}

static void add_inputs(GPtrArray *command, const struct qemu_line_additions *additions)
{
	for (enum input_kind kind = INPUT_KEYBOARD; kind < INPUT_PASSTHROUGH; kind++) {
		if (!(additions->inputs & 1u << kind))
			continue;
		if (kind != INPUT_TOUCH) {
			add_input(command, additions->input_prefix, input_kind_name(kind));
			continue;
		}
		for (unsigned int i = 0; i < additions->screens; i++) {
			g_autofree char *name = g_strdup_printf("%s%u", input_kind_name(kind), i);

			add_input(command, additions->input_prefix, name);
		}
	}
}

char **qemu_line_complete(const struct qemu_line *line, char *const *arguments,
	const struct qemu_line_additions *additions)
{
	GPtrArray *command = g_ptr_array_new();

	for (char *const *at = arguments; *at; at++)
		g_ptr_array_add(command, g_strdup(*at));
	if (!line->memory_is_shared)
		add_memory(command, line->memory);
	if (!line->has_vga_none)
		add(command, "-vga", g_strdup("none"));
	if (!line->has_display)
		add(command, "-display", g_strdup("none"));
	add_device(command, additions);
	add_inputs(command, additions);
	for (char *const *device = additions->evdev; device && *device; device++) {
		g_autofree char *path = properties_escape(*device);
		add(command, "-device", g_strdup_printf("virtio-input-host-pci,evdev=%s", path));
	}
	g_ptr_array_add(command, NULL);
	return (char **)g_ptr_array_free(command, FALSE);
}

char *qemu_line_quote(char *const *arguments)
{
	static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_./=,:@+%";
	GString *text = g_string_new(NULL);

	for (char *const *at = arguments; *at; at++) {
		if (text->len)
			g_string_append_c(text, ' ');
		if (**at && strspn(*at, plain) == strlen(*at)) {
			g_string_append(text, *at);
		} else {
			g_autofree char *quoted = g_shell_quote(*at);
			g_string_append(text, quoted);
		}
	}
	return g_string_free(text, FALSE);
}
