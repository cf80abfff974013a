/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-run's reading of QEMU command lines: what is accepted, what is added, what is refused and
 * in which words. Starts nothing.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "input/sink.h"
#include "tools/scanout-run/backend.h"
#include "tools/scanout-run/properties.h"
#include "tools/scanout-run/qemu_line.h"

#define DEVICE \
	" -chardev socket,id=scanout-vhost,path=/run/s -device " \
	"vhost-user-gpu-pci,id=scanout-gpu,chardev=scanout-vhost"
#define MEMORY(size) \
	" -object memory-backend-memfd,id=scanout-memory,size=" size \
	",share=on -machine memory-backend=scanout-memory"
#define HEADLESS " -vga none -display none"

/* What is added to a line, each shell-quoted. */
struct accepted {
	const char *line;
	const char *added;
};

static const struct accepted accepted[] = {
	/* Memory: -m in all its forms. */
	{"qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -m 512", MEMORY("512M") HEADLESS DEVICE},
	{"qemu --m 512", MEMORY("512M") HEADLESS DEVICE},
	{"qemu -m 512M", MEMORY("512M") HEADLESS DEVICE},
	{"qemu -m 2G", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m 2g", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m 1.5G", MEMORY("1536M") HEADLESS DEVICE},
	{"qemu -m 1T", MEMORY("1048576M") HEADLESS DEVICE},
	{"qemu -m 524288k", MEMORY("512M") HEADLESS DEVICE},
	{"qemu -m 536870912b", MEMORY("512M") HEADLESS DEVICE},
	{"qemu -m size=2G", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m size=2G,slots=4,maxmem=8G", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m 2G,slots=4,maxmem=8G", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m slots=4,maxmem=8G,size=1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -m slots=4,maxmem=8G", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -m 512 -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -m 1G -m slots=2,maxmem=2G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -m 0", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -machine q35,memory.size=1G", MEMORY("1024M") HEADLESS DEVICE},
	/* QEMU rounds to 8 KiB, and the memory must have exactly the machine's size. */
	{"qemu -m 1048577b", MEMORY("1056768") HEADLESS DEVICE},
	{"qemu -m 0.3M", MEMORY("319488") HEADLESS DEVICE},
	/* Machines. */
	{"qemu -M pc -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -M q35,accel=kvm -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -machine type=q35 -accel tcg", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -machine q35 -M smm=off", MEMORY("128M") HEADLESS DEVICE},
	/* Memory that is shared already. */
	{"qemu -m 1G -object memory-backend-memfd,id=a,size=1G -machine memory-backend=a",
		HEADLESS DEVICE},
	{"qemu -m 1G -M pc,memory-backend=a -object memory-backend-memfd,share=on,id=a,size=1G",
		HEADLESS DEVICE},
	{"qemu -M pc,memory-backend=a -object "
	 "memory-backend-file,id=a,mem-path=/dev/hugepages,size=1G,share=yes",
		HEADLESS DEVICE},
	{"qemu -M memory-backend=a -object memory-backend-shm,id=a,size=1G", HEADLESS DEVICE},
	{"qemu -M memory-backend=a -M pc -object "
	 "'{\"qom-type\": \"memory-backend-memfd\", \"id\": \"a\", \"share\": true, \"size\": 1}'",
		HEADLESS DEVICE},
	{"qemu -numa node,memdev=a -numa node,memdev=b "
	 "-object memory-backend-memfd,id=a,size=1G -object memory-backend-memfd,id=b,size=1G",
		HEADLESS DEVICE},
	{"qemu -numa node,nodeid=0 -smp 2 -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	/* An object that is no machine's memory is nobody's business. */
	{"qemu -object memory-backend-ram,id=x,size=1G", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -object rng-random,id=r", MEMORY("128M") HEADLESS DEVICE},
	/* Displays that show nothing. */
	{"qemu -vga none", MEMORY("128M") " -display none" DEVICE},
	{"qemu -display none", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -nographic", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -display dbus,p2p=on", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -vnc none", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -nodefaults -vga none -display none", MEMORY("128M") DEVICE},
	{"qemu -device virtio-net,netdev=n -netdev user,id=n", MEMORY("128M") HEADLESS DEVICE},
	/* Words that are arguments, or alone, are not taken for options. */
	{"qemu -kernel -vga -append 'quiet -m 4G'", MEMORY("128M") HEADLESS DEVICE},
	{"qemu disk.img -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -enable-kvm -S -no-reboot -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -name a,,b,debug-threads=on -m 1G", MEMORY("1024M") HEADLESS DEVICE},
};

struct refused {
	const char *line;
	const char *sentence; /* a part of it */
};

static const struct refused refused[] = {
	{"qemu -display gtk", "-display gtk is another display"},
	{"qemu -display gtk,gl=on", "-display gtk,gl=on is another display"},
	{"qemu -display sdl", "-display sdl is another display"},
	{"qemu -display egl-headless", "-display egl-headless is another display"},
	{"qemu -display vnc=:1", "-display vnc=:1 is another display"},
	{"qemu -display spice-app", "another display"},
	{"qemu -display curses", "another display"},
	{"qemu --display gtk", "another display"},
	{"qemu -nographic -display gtk", "-display gtk is another display"},
	{"qemu -sdl", "-sdl is another display"},
	{"qemu -curses", "-curses is another display"},
	{"qemu -vnc :1", "-vnc :1 is another display"},
	{"qemu -spice port=5900", "-spice port=5900 is another display"},
	{"qemu -vga std", "-vga std is another display"},
	{"qemu -vga virtio", "-vga virtio is another display"},
	{"qemu -vga none -vga qxl", "-vga qxl is another display"},
	{"qemu -device virtio-gpu-pci", "-device virtio-gpu-pci is another display"},
	{"qemu -device virtio-gpu-gl", "another display"},
	{"qemu -device driver=virtio-vga", "-device virtio-vga is another display"},
	{"qemu -device vhost-user-gpu-pci,chardev=x", "another display"},
	{"qemu -device vhost-user-vga,chardev=x", "another display"},
	{"qemu -device VGA", "another display"},
	{"qemu -device bochs-display", "another display"},
	{"qemu -device qxl-vga", "another display"},
	{"qemu -device ramfb", "another display"},
	{"qemu -device '{\"driver\": \"virtio-gpu-pci\"}'", "another display"},
	{"qemu -daemonize", "leave it out"},
	{"qemu -readconfig vm.cfg", "-readconfig vm.cfg hides"},
	{"qemu -mem-path /dev/hugepages", "-mem-path /dev/hugepages is memory that is not shared"},
	{"qemu -M memory-backend=a", "the memory \"a\" has no -object"},
	{"qemu -M memory-backend=a -object memory-backend-ram,id=a,size=1G",
		"the memory \"a\" (memory-backend-ram) is not shared"},
	{"qemu -M memory-backend=a -object memory-backend-ram,id=a,size=1G,share=on",
		"is not shared"},
	{"qemu -M memory-backend=a -object memory-backend-file,id=a,size=1G,mem-path=/x",
		"(memory-backend-file) is not shared"},
	{"qemu -M memory-backend=a -object memory-backend-memfd,id=a,size=1G,share=off",
		"(memory-backend-memfd) is not shared"},
	{"qemu -M memory-backend=a -object "
	 "'{\"qom-type\":\"memory-backend-file\",\"id\":\"a\",\"share\":false}'",
		"is not shared"},
	{"qemu -numa node,memdev=a -object memory-backend-ram,id=a,size=1G",
		"the memory \"a\" (memory-backend-ram) is not shared"},
	{"qemu -numa node,memdev=b -numa node,memdev=a -object memory-backend-memfd,id=b,size=1G",
		"the memory \"a\" has no -object"},
	{"qemu -m lots", "-m lots has no size"},
	{"qemu -m 1GB", "-m 1GB has no size"},
	{"qemu -m -1", "-m -1 has no size"},
	{"qemu -m 1e30", "-m 1e30 has no size"},
	{"qemu -m size=", "has no size"},
	{"qemu -M q35,memory.size=x", "memory.size=x is no size"},
	{"qemu -m", "-m, the line's last word, has no argument"},
};

static char **split(const char *line)
{
	g_autoptr(GError) error = NULL;
	char **arguments = NULL;

	g_shell_parse_argv(line, NULL, &arguments, &error);
	g_assert_no_error(error);
	return arguments;
}

static char *complete(const char *text, const struct qemu_line_additions *additions)
{
	g_auto(GStrv) arguments = split(text);
	g_autoptr(GError) error = NULL;
	struct qemu_line line;

	g_test_message("%s", text);
	g_assert_true(qemu_line_read(&line, arguments, &error));
	g_assert_no_error(error);
	g_auto(GStrv) command = qemu_line_complete(&line, arguments, additions);
	return qemu_line_quote(command);
}

static void test_accepted(void)
{
	const struct qemu_line_additions additions = {.socket_path = "/run/s"};

	for (size_t i = 0; i < G_N_ELEMENTS(accepted); i++) {
		g_autofree char *got = complete(accepted[i].line, &additions);
		g_auto(GStrv) arguments = split(accepted[i].line);
		g_autofree char *before = qemu_line_quote(arguments);
		g_autofree char *wanted = g_strconcat(before, accepted[i].added, NULL);
		g_assert_cmpstr(got, ==, wanted);
	}
}

static void test_refused(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_auto(GStrv) arguments = split(refused[i].line);
		g_autoptr(GError) error = NULL;
		struct qemu_line line;

		g_test_message("%s", refused[i].line);
		g_assert_false(qemu_line_read(&line, arguments, &error));
		g_assert_error(error, QEMU_LINE_ERROR, QEMU_LINE_ERROR_REFUSED);
		g_assert_nonnull(strstr(error->message, refused[i].sentence));
		/* One sentence. */
		g_assert_null(strchr(error->message, '\n'));
	}
}

static void test_additions(void)
{
	char *evdev[] = {(char *)"/dev/input/event3", (char *)"/dev/input/by-id/a,b c", NULL};
	const struct qemu_line_additions additions = {
		.socket_path = "/tmp/a,b/s",
		.vga = true,
		.max_outputs = 3,
		.inputs = 1u << INPUT_KEYBOARD | 1u << INPUT_TOUCH,
		.screens = 2,
		.input_prefix = "/tmp/a,b/vmm",
		.evdev = evdev,
	};
	g_autofree char *got = complete("qemu -m 64 -append 'it'\\''s x'", &additions);

	g_assert_cmpstr(got, ==,
		"qemu -m 64 -append 'it'\\''s x'" MEMORY("64M") HEADLESS
		" -chardev socket,id=scanout-vhost,path=/tmp/a,,b/s "
		"-device vhost-user-vga,id=scanout-gpu,chardev=scanout-vhost,max_outputs=3 "
		"-chardev socket,id=scanout-keyboard,path=/tmp/a,,b/vmm-keyboard.sock "
		"-device vhost-user-input-pci,chardev=scanout-keyboard "
		"-chardev socket,id=scanout-touch0,path=/tmp/a,,b/vmm-touch0.sock "
		"-device vhost-user-input-pci,chardev=scanout-touch0 "
		"-chardev socket,id=scanout-touch1,path=/tmp/a,,b/vmm-touch1.sock "
		"-device vhost-user-input-pci,chardev=scanout-touch1 "
		"-device virtio-input-host-pci,evdev=/dev/input/event3 "
		"-device 'virtio-input-host-pci,evdev=/dev/input/by-id/a,,b c'");
}

/* What is quoted means the same to a shell. */
static void test_quote(void)
{
	const char *const words[] = {"a", "", "b c", "it's", "$HOME", "\"", "\\", "a\nb", "*", "~",
		"#x", "ü", NULL};
	g_autofree char *text = qemu_line_quote((char *const *)words);
	g_auto(GStrv) again = split(text);

	g_assert_true(g_strv_equal((const char *const *)again, words));
	g_assert_true(g_str_has_prefix(text, "a '' 'b c' "));
}

static void test_properties(void)
{
	const struct {
		const char *text;
		const char *implied;
		const char *name;
		const char *value;
	} cases[] = {
		{"q35,a=b", "type", "type", "q35"},
		{"q35,a=b", "type", "a", "b"},
		{"a=b,q35", "type", "type", NULL},
		{"a=b,q35", "type", "q35", "on"},
		{"x,nosmm", "type", "smm", "off"},
		{"a=1,a=2", NULL, "a", "2"},
		{"a=1,,2,b=3", NULL, "a", "1,2"},
		{"a=1,,2,b=3", NULL, "b", "3"},
		{"a=,b=3", NULL, "a", ""},
		{"a=b=c", NULL, "a", "b=c"},
		{"", "type", "type", NULL},
		{",", "type", "type", NULL},
		{"{\"a\": \"b\"}", "type", "a", "b"},
		{" { \"a\" : 12 , \"b\":true}", NULL, "a", "12"},
		{" { \"a\" : 12 , \"b\":true}", NULL, "b", "true"},
		{"{\"a\": {\"b\": \"no\"}, \"c\": [1, \"}\"], \"d\": \"e\"}", NULL, "b", NULL},
		{"{\"a\": {\"b\": \"no\"}, \"c\": [1, \"}\"], \"d\": \"e\"}", NULL, "d", "e"},
		{"{\"a\": \"q\\\"r\"}", NULL, "a", "q\"r"},
		{"{\"a\"", NULL, "a", NULL},
		{"{\"a\":", NULL, "a", ""},
		{"{\"a\": \"b", NULL, "a", "b"},
		{"{\"a\": \"b\\", NULL, "a", "b"},
		{"{\"a\": [", NULL, "a", NULL},
		{"{", NULL, "a", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].text);
		struct properties *properties = properties_create(cases[i].text, cases[i].implied);
		g_assert_cmpstr(properties_get(properties, cases[i].name), ==, cases[i].value);
		properties_destroy(properties);
	}
	properties_destroy(NULL);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, text, -1, &error));
}

static void remove_files(const char *directory, const char *const *names)
{
	for (; *names; names++) {
		g_autofree char *path = g_build_filename(directory, *names, NULL);
		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_discovery(void)
{
	g_autofree char *first = g_dir_make_tmp("first-XXXXXX", NULL);
	g_autofree char *second = g_dir_make_tmp("second-XXXXXX", NULL);
	const char *const directories[] = {"/nowhere", first, second, NULL};
	g_autofree char *none = backend_discover(directories);

	g_assert_null(none);
	write_file(first, "10-net.json", "{\"type\": \"net\", \"binary\": \"/bin/sh\"}");
	write_file(first, "20-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/nowhere/gpu\"}");
	write_file(first, "30-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/bin/true\"}");
	write_file(first, "35-gpu.txt", "{\"type\": \"gpu\", \"binary\": \"/bin/ls\"}");
	write_file(first, "40-gpu.json", "{}");
	g_autofree char *only = backend_discover(directories);
	g_assert_cmpstr(only, ==, "/bin/true");

	/* By name of file over all directories; but one of the same name is hidden. */
	write_file(second, "20-gpu.json", "{\"type\": \"gpu\", \"binary\": \"/bin/ls\"}");
	g_autofree char *hidden = backend_discover(directories);
	g_assert_cmpstr(hidden, ==, "/bin/true");
	write_file(second, "25-gpu.json",
		"{\n  \"description\": \"a, {b}\",\n  \"tags\": [\"x\"],\n"
		"  \"type\": \"gpu\",\n  \"binary\": \"/bin/cat\"\n}\n");
	g_autofree char *earlier = backend_discover(directories);
	g_assert_cmpstr(earlier, ==, "/bin/cat");

	remove_files(first,
		(const char *const[]){"10-net.json", "20-gpu.json", "30-gpu.json", "35-gpu.txt",
			"40-gpu.json", NULL});
	remove_files(second, (const char *const[]){"20-gpu.json", "25-gpu.json", NULL});
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scanout-run/accepted", test_accepted);
	g_test_add_func("/scanout-run/refused", test_refused);
	g_test_add_func("/scanout-run/additions", test_additions);
	g_test_add_func("/scanout-run/quote", test_quote);
	g_test_add_func("/scanout-run/properties", test_properties);
	g_test_add_func("/scanout-run/discovery", test_discovery);
	return g_test_run();
}
