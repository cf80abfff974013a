/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scanout-run's reading of QEMU command lines: what is accepted, what is added, what is refused and
 * in which words. Starts nothing.
 */
#include <glib.h>
#include <string.h>

#include "input/sink.h"
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
	{"qemu -M memory-backend=a -object memory-backend-ram,id=a,size=1G,share=on",
		HEADLESS DEVICE},
	/* Memory beside the machine's, shared. */
	{"qemu -m 1G -object memory-backend-memfd,id=m,size=1G -device pc-dimm,memdev=m",
		MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -object memory-backend-file,id=n,mem-path=/n,share=on -device nvdimm,memdev=n",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -object memory-backend-ram,id=m,share=on -device virtio-mem-pci,memdev=m",
		MEMORY("128M") HEADLESS DEVICE},
	/* A device's, not the guest's. */
	{"qemu -object memory-backend-ram,id=m -device ivshmem-plain,memdev=m",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M microvm,pcie=on", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M microvm -M pcie=on", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M isapc -M virt", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M nonesuch", MEMORY("128M") HEADLESS DEVICE},
	/* Displays that show nothing. */
	{"qemu -vga none", MEMORY("128M") " -display none" DEVICE},
	{"qemu -display none", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -nographic", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -display dbus,p2p=on", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -display '{\"type\": \"none\"}'", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -vnc none", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -nodefaults -vga none -display none", MEMORY("128M") DEVICE},
	{"qemu -device virtio-net,netdev=n -netdev user,id=n", MEMORY("128M") HEADLESS DEVICE},
	/* Words that are arguments, or alone, are not taken for options. */
	{"qemu -kernel -vga -append 'quiet -m 4G'", MEMORY("128M") HEADLESS DEVICE},
	{"qemu disk.img -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -enable-kvm -S -no-reboot -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -async-teardown -m 4G", MEMORY("4096M") HEADLESS DEVICE},
	{"qemu -blockdev '{\"driver\":\"file\",\"filename\":\"-vga\"}' -m 1G",
		MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -name a,,b,debug-threads=on -m 1G", MEMORY("1024M") HEADLESS DEVICE},
};

/* Lines that are refused: with which words, and what --fix makes of them. */
struct refused {
	const char *line;
	const char *reasons[4]; /* a part of each */
	const char *kept; /* the line with every fix made, less what is added; NULL: none */
	const char *added;
};

#define SHARED_FIX "qemu -numa node,memdev=a -object memory-backend-memfd,id=a,size=1G,share=on"

static const struct refused refused[] = {
	/* Displays. */
	{"qemu -display gtk", {"-display gtk conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display gtk,gl=off",
		{"-display gtk,gl=off conflicts with scanoutd, which is the guest's display: "
		 "remove it$"},
		"qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display sdl,gl=on", {"remove it; for 3D, use scanout-run --virgl$"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display gtk,gl=es", {"--virgl"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display '{\"type\": \"gtk\", \"gl\": \"on\"}'",
		{"for 3D, use scanout-run --virgl$"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -m 2G -display egl-headless,rendernode=/dev/dri/renderD128",
		{"for 3D, use scanout-run --virgl --render-node=/dev/dri/renderD128$"},
		"qemu -m 2G", MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -display vnc=:1", {"-display vnc=:1 conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display spice-app", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -display curses", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu --display gtk", {"--display gtk conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -nographic -display gtk", {"-display gtk conflicts with scanoutd"},
		"qemu -nographic", MEMORY("128M") " -vga none" DEVICE},
	{"qemu -sdl", {"-sdl conflicts with scanoutd"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -curses", {"-curses conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -vnc :1", {"-vnc :1 conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -spice port=5900", {"-spice port=5900 conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -spice gl=on,rendernode=/dev/x", {"--virgl --render-node=/dev/x"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	/* QEMU's options are no GNU ones. */
	{"qemu --display=none", {"as a separate word: -display none$"}, NULL, NULL},
	{"qemu -m=2G -vga std", {"-m=2G: QEMU takes an option", "-vga std conflicts with scanoutd"},
		NULL, NULL},
	/* Graphics cards. */
	{"qemu -m 2G -vga std", {"-vga std conflicts with scanoutd"}, "qemu -m 2G",
		MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -vga virtio", {"-vga virtio conflicts.*use scanout-run --vga$"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -vga none -vga qxl", {"-vga qxl conflicts with scanoutd"}, "qemu -vga none",
		MEMORY("128M") " -display none" DEVICE},
	{"qemu -device virtio-gpu-pci", {"-device virtio-gpu-pci conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device virtio-gpu-pci,max_outputs=3,id=x", {"scanout-run has --max-outputs=3$"},
		"qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device virtio-gpu-gl", {"scanout-run has --virgl \\(3D\\)$"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device virtio-vga-gl,max_outputs=2",
		{"scanout-run has --virgl \\(3D\\), --max-outputs=2, --vga \\(firmware"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device driver=virtio-vga", {"-device driver=virtio-vga conflicts.* has --vga "},
		"qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -chardev socket,id=x,path=/x -device vhost-user-gpu-pci,chardev=x "
	 "-chardev socket,id=y,path=/y",
		{"vhost-user-gpu-pci,chardev=x conflicts with scanoutd"},
		"qemu -chardev socket,id=y,path=/y", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device vhost-user-vga,chardev=x", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device VGA", {"conflicts with scanoutd"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device bochs-display", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device qxl-vga", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device ramfb", {"conflicts with scanoutd"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device '{\"driver\": \"virtio-gpu-pci\"}'", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device '{\"driver\": \"\\u0071xl\"}'", {"conflicts with scanoutd"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device '{\"driver\": '", {"-device {\"driver\":  is not valid JSON"}, NULL, NULL},
	/* What we cannot follow. */
	{"qemu -daemonize -m 1G", {"-daemonize: .* remove it$"}, "qemu -m 1G",
		MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -readconfig vm.cfg", {"-readconfig vm.cfg hides"}, NULL, NULL},
	/* Memory. */
	{"qemu -mem-path /dev/hugepages -m 1G",
		{"-mem-path /dev/hugepages: this memory is not shared"}, "qemu -m 1G",
		MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -M memory-backend=a", {"the memory \"a\" of the machine has no -object"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M q35,memory-backend=a,smm=on -object memory-backend-ram,id=a,size=1G -m 1G",
		{"the memory \"a\" \\(memory-backend-ram\\) of the machine is not shared: remove "
		 "both its -object and memory-backend=a of -machine"},
		"qemu -M q35,smm=on -m 1G", MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -M memory-backend=a -object memory-backend-file,id=a,size=1G,mem-path=/x",
		{"\\(memory-backend-file\\) of the machine is not shared"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M memory-backend=a -object memory-backend-memfd,id=a,size=1G,share=off",
		{"\\(memory-backend-memfd\\) of the machine is not shared"}, "qemu",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -M memory-backend=a -object "
	 "'{\"qom-type\":\"memory-backend-file\",\"id\":\"a\",\"share\":false}'",
		{"of the machine is not shared"}, "qemu", MEMORY("128M") HEADLESS DEVICE},
	{"qemu -numa node,memdev=a -object memory-backend-ram,id=a,size=1G",
		{"\"a\" \\(memory-backend-ram\\) of -numa node is not shared: use memory-backend-"
		 "memfd"},
		SHARED_FIX, HEADLESS DEVICE},
	{"qemu -numa node,memdev=b -numa node,memdev=a -object memory-backend-memfd,id=b,size=1G",
		{"the memory \"a\" of -numa node has no -object"}, NULL, NULL},
	{"qemu -numa node,memdev=a -object memory-backend-file,id=a,size=1G,mem-path=/x",
		{"of -numa node is not shared"}, NULL, NULL},
	{"qemu -m 1G -device pc-dimm,memdev=a -object memory-backend-memfd,id=a,size=1G,share=off",
		{"of -device pc-dimm is not shared"},
		"qemu -m 1G -device pc-dimm,memdev=a -object "
		"memory-backend-memfd,id=a,size=1G,share=on",
		MEMORY("1024M") HEADLESS DEVICE},
	{"qemu -object memory-backend-file,id=n,mem-path=/n,size=1G -device nvdimm,memdev=n",
		{"\"n\" \\(memory-backend-file\\) of -device nvdimm is not shared"}, NULL, NULL},
	{"qemu -object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"m\",\"size\":1}' "
	 "-device '{\"driver\":\"virtio-mem-pci\",\"memdev\":\"m\"}'",
		{"of -device virtio-mem-pci is not shared"},
		"qemu -object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"m\",\"size\":1,"
		"\"share\":true}' -device '{\"driver\":\"virtio-mem-pci\",\"memdev\":\"m\"}'",
		MEMORY("128M") HEADLESS DEVICE},
	{"qemu -device pc-dimm,memdev=m -device pc-dimm,memdev=m", {"\"m\" of .* has no -object"},
		NULL, NULL},
	/* Sizes. */
	{"qemu -m lots", {"-m lots: not a valid size"}, NULL, NULL},
	{"qemu -m 1GB", {"-m 1GB: not a valid size"}, NULL, NULL},
	{"qemu -m -1", {"-m -1: not a valid size"}, NULL, NULL},
	{"qemu -m 1e30", {"-m 1e30: not a valid size"}, NULL, NULL},
	{"qemu -m size=", {"not a valid size"}, NULL, NULL},
	{"qemu -M q35,memory.size=x", {"memory.size=x: not a valid size"}, NULL, NULL},
	{"qemu -m", {"-m: the argument is missing"}, NULL, NULL},
	/* Machines without PCI. */
	{"qemu -M microvm -m 512M", {"microvm has no PCI.*-machine microvm,pcie=on"}, NULL, NULL},
	{"qemu -M microvm,pcie=off", {"microvm has no PCI"}, NULL, NULL},
	{"qemu -machine isapc", {"isapc has no PCI.*such as q35"}, NULL, NULL},
	{"qemu -M q35 -M none", {"none has no PCI"}, NULL, NULL},
	{"qemu -machine type=raspi3b", {"raspi3b has no PCI"}, NULL, NULL},
	{"qemu -M raspi4b -m 2G", {"raspi4b has no PCI"}, NULL, NULL},
	{"qemu -M mps2-an385", {"mps2-an385 has no PCI"}, NULL, NULL},
	/* As people type them, less what does not matter here. All reasons are told at once. */
	{"qemu -name win,process=win -machine q35,hpet=off,accel=kvm -m 4G -device virtio-balloon "
	 "-vga none -device virtio-vga-gl,xres=1280,yres=800 -display sdl,gl=on "
	 "-device usb-ehci,id=input -monitor unix:x.sock,server,nowait",
		{"virtio-vga-gl,xres=1280,yres=800 conflicts.*--virgl",
			"-display sdl,gl=on conflicts.*--virgl"},
		"qemu -name win,process=win -machine q35,hpet=off,accel=kvm -m 4G "
		"-device virtio-balloon -vga none -device usb-ehci,id=input "
		"-monitor unix:x.sock,server,nowait",
		MEMORY("4096M") " -display none" DEVICE},
	{"qemu -name guest=win,debug-threads=on -S -machine "
	 "pc-q35-5.1,accel=kvm,memory-backend=pc.ram -m 8062 "
	 "-object memory-backend-ram,id=pc.ram,size=8453619712 -no-hpet -boot strict=on",
		{"remove both its -object and memory-backend=pc.ram of -machine"},
		"qemu -name guest=win,debug-threads=on -S -machine pc-q35-5.1,accel=kvm -m 8062 "
		"-no-hpet -boot strict=on",
		MEMORY("8062M") HEADLESS DEVICE},
	{"qemu -object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"file\":\"/x.aes\"}' "
	 "-machine pc-q35-8.2,usb=off,memory-backend=pc.ram -accel kvm -m size=8388608k "
	 "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":8589934592}' "
	 "-device '{\"driver\":\"pcie-root-port\",\"port\":16,\"id\":\"pci.1\"}'",
		{"\"pc.ram\" \\(memory-backend-ram\\) of the machine is not shared"},
		"qemu -object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"file\":\"/x.aes\"}' "
		"-machine pc-q35-8.2,usb=off -accel kvm -m size=8388608k "
		"-device '{\"driver\":\"pcie-root-port\",\"port\":16,\"id\":\"pci.1\"}'",
		MEMORY("8192M") HEADLESS DEVICE},
	{"qemu -m 2G,slots=4,maxmem=8G -object memory-backend-ram,id=m1,size=1G "
	 "-device pc-dimm,id=d1,memdev=m1",
		{"\"m1\" \\(memory-backend-ram\\) of -device pc-dimm is not shared"},
		"qemu -m 2G,slots=4,maxmem=8G -object "
		"memory-backend-memfd,id=m1,size=1G,share=on -device pc-dimm,id=d1,memdev=m1",
		MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -m 2G,maxmem=8G -object memory-backend-ram,id=vm0,size=4G "
	 "-device virtio-mem-pci,id=vm0d,memdev=vm0,requested-size=1G",
		{"of -device virtio-mem-pci is not shared"},
		"qemu -m 2G,maxmem=8G -object memory-backend-memfd,id=vm0,size=4G,share=on "
		"-device virtio-mem-pci,id=vm0d,memdev=vm0,requested-size=1G",
		MEMORY("2048M") HEADLESS DEVICE},
	{"qemu -id 100 -name vm -daemonize -smp 4 -vnc unix:/x.vnc,password=on -m 4096 "
	 "-readconfig /x.cfg -device vmgenid,guid=x -device VGA,id=vga,bus=pcie.0,addr=0x1 "
	 "-machine type=q35+pve0",
		{"-daemonize", "-vnc unix:/x.vnc,password=on conflicts", "-readconfig /x.cfg hides",
			"-device VGA,id=vga,bus=pcie.0,addr=0x1 conflicts"},
		NULL, NULL},
};

/* QEMU only prints something, or starts a guest all the same. */
static const struct {
	const char *line;
	bool only_asks;
} asking[] = {
	{"qemu -h", true},
	{"qemu --help", true},
	{"qemu -version -display gtk", true},
	{"qemu -device help", true},
	{"qemu -device virtio-gpu-pci,help", true},
	{"qemu -device ?", true},
	{"qemu -M help", true},
	{"qemu -m 1G -machine q35,help", true},
	{"qemu -cpu help", true},
	{"qemu -accel help", true},
	{"qemu -display help", true},
	{"qemu -object memory-backend-ram,help", true},
	{"qemu -netdev user,help", true},
	{"qemu -vga help", true},
	{"qemu -dump-vmstate x.json", true},
	{"qemu -append help", false},
	{"qemu -name help", false},
	{"qemu -hda help", false},
	{"qemu help", false},
	{"qemu -kernel -version", false},
	{"qemu -device usb-help", false},
	{"qemu", false},
};

static char **split(const char *line)
{
	g_autoptr(GError) error = NULL;
	char **arguments = NULL;

	g_shell_parse_argv(line, NULL, &arguments, &error);
	g_assert_no_error(error);
	return arguments;
}

/* Quoted, with every fix made. */
static char *complete(const char *text, const struct qemu_line_additions *additions, guint reasons)
{
	g_auto(GStrv) arguments = split(text);
	struct qemu_line line;

	g_test_message("%s", text);
	qemu_line_read(&line, arguments);
	g_assert_false(line.only_asks);
	g_assert_cmpuint(line.reasons->len, ==, reasons);
	g_assert_true(qemu_line_can_be_fixed(&line));
	g_auto(GStrv) command = qemu_line_complete(&line, additions);
	qemu_line_finish(&line);
	return qemu_line_quote(command);
}

static void test_accepted(void)
{
	const struct qemu_line_additions additions = {.socket_path = "/run/s"};

	for (size_t i = 0; i < G_N_ELEMENTS(accepted); i++) {
		g_autofree char *got = complete(accepted[i].line, &additions, 0);
		g_auto(GStrv) arguments = split(accepted[i].line);
		g_autofree char *before = qemu_line_quote(arguments);
		g_autofree char *wanted = g_strconcat(before, accepted[i].added, NULL);
		g_assert_cmpstr(got, ==, wanted);
	}
}

static guint wanted_reasons(const struct refused *refused_line)
{
	guint count = 0;

	while (count < G_N_ELEMENTS(refused_line->reasons) && refused_line->reasons[count])
		count++;
	return count;
}

static void test_refused(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_auto(GStrv) arguments = split(refused[i].line);
		struct qemu_line line;

		g_test_message("%s", refused[i].line);
		qemu_line_read(&line, arguments);
		g_assert_false(line.only_asks);
		g_assert_cmpuint(line.reasons->len, ==, wanted_reasons(&refused[i]));
		for (guint j = 0; j < line.reasons->len; j++) {
			const char *text = g_array_index(line.reasons, struct qemu_reason, j).text;

			g_test_message("  %s", text);
			g_assert_true(g_regex_match_simple(refused[i].reasons[j], text, 0, 0));
			/* One sentence. */
			g_assert_null(strchr(text, '\n'));
		}
		g_assert_true(qemu_line_can_be_fixed(&line) == (refused[i].kept != NULL));
		qemu_line_finish(&line);
	}
}

/* QEMU's commas are written twice. */
static void test_bus(void)
{
	const struct qemu_line_additions additions = {.socket_path = "/run/s",
		.bus = "unix:path=/run/a,b"};
	g_autofree char *got = complete("qemu", &additions, 0);
	g_autofree char *own = complete("qemu -display none", &additions, 0);

	g_assert_cmpstr(got, ==,
		"qemu" MEMORY("128M") " -vga none -display dbus,addr=unix:path=/run/a,,b" DEVICE);
	g_assert_cmpstr(own, ==, "qemu -display none" MEMORY("128M") " -vga none" DEVICE);
}

static void test_fixed(void)
{
	const struct qemu_line_additions additions = {.socket_path = "/run/s"};

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		if (!refused[i].kept)
			continue;
		g_autofree char *got = complete(refused[i].line, &additions,
			wanted_reasons(&refused[i]));
		g_auto(GStrv) kept = split(refused[i].kept);
		g_autofree char *before = qemu_line_quote(kept);
		g_autofree char *wanted = g_strconcat(before, refused[i].added, NULL);
		g_assert_cmpstr(got, ==, wanted);
		/* What is left is a line that needs no fix. */
		g_autofree char *again = complete(refused[i].kept, &additions, 0);
		g_assert_cmpstr(again, ==, wanted);
	}
}

/* What --fix says that it did. */
static void test_fix_words(void)
{
	static const struct {
		const char *line;
		const char *fix;
	} cases[] = {
		{"qemu -display sdl,gl=on", "removed -display sdl,gl=on"},
		{"qemu -chardev socket,id=x,path=/x -device vhost-user-gpu-pci,chardev=x",
			"removed -device vhost-user-gpu-pci,chardev=x, and -chardev "
			"socket,id=x,path=/x"},
		{"qemu -M q35,memory-backend=a", "removed memory-backend=a of -machine"},
		{"qemu -M memory-backend=a -object memory-backend-ram,id=a,size=1G",
			"removed memory-backend=a of -machine, and -object "
			"memory-backend-ram,id=a,size=1G"},
		{"qemu -numa node,memdev=a -object memory-backend-ram,id=a",
			"replaced -object memory-backend-ram,id=a by -object "
			"memory-backend-memfd,id=a,share=on"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) arguments = split(cases[i].line);
		struct qemu_line line;

		qemu_line_read(&line, arguments);
		g_assert_cmpuint(line.reasons->len, ==, 1);
		g_assert_cmpstr(g_array_index(line.reasons, struct qemu_reason, 0).fix, ==,
			cases[i].fix);
		qemu_line_finish(&line);
	}
}

static void test_asking(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) {
		g_auto(GStrv) arguments = split(asking[i].line);
		struct qemu_line line;

		g_test_message("%s", asking[i].line);
		qemu_line_read(&line, arguments);
		g_assert_true(line.only_asks == asking[i].only_asks);
		g_assert_cmpuint(line.reasons->len, ==, 0);
		qemu_line_finish(&line);
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
	g_autofree char *got = complete("qemu -m 64 -append 'it'\\''s x'", &additions, 0);

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scanout-run/accepted", test_accepted);
	g_test_add_func("/scanout-run/refused", test_refused);
	g_test_add_func("/scanout-run/fixed", test_fixed);
	g_test_add_func("/scanout-run/bus", test_bus);
	g_test_add_func("/scanout-run/fix-words", test_fix_words);
	g_test_add_func("/scanout-run/asking", test_asking);
	g_test_add_func("/scanout-run/additions", test_additions);
	g_test_add_func("/scanout-run/quote", test_quote);
	return g_test_run();
}
