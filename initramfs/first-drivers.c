/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * first-drivers card, first-drivers processor: loads the drivers of the machine's graphics cards,
 * or of its processors (KVM), and of nothing else, so that the first picture does not wait until
 * udev has looked at all devices, nor the guest run without KVM since it was quicker than udev.
 *
 * A part of the image, started by scanout-drivers@.service before all others. What a driver is for
 * it says by an alias, which modprobe finds by that of a device: first of what is on the PCI bus,
 * then, as their drivers make devices of their own, of virtio's. What it does not find udev may.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALIASES_MAX 32
/* A processor's has all of its features. */
#define ALIAS_SIZE 4096

#define PCI_DISPLAY "0x03" /* a class begins with its base class */
#define VIRTIO_GPU "virtio:d00000010v" /* 16 */

struct aliases {
	char text[ALIASES_MAX][ALIAS_SIZE];
	size_t count;
};

/* The first line of it; false: there is none. */
static bool read_line(const char *device, const char *name, char *line, size_t size)
{
	char path[512];
	FILE *file;
	bool got;

	snprintf(path, sizeof(path), "%s/%s", device, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	got = fgets(line, (int)size, file) != NULL;
	fclose(file);
	line[got ? strcspn(line, "\n") : 0] = '\0';
	return got;
}

static void add(struct aliases *aliases, const char *device)
{
	if (aliases->count < ALIASES_MAX &&
		read_line(device, "modalias", aliases->text[aliases->count], ALIAS_SIZE))
		aliases->count++;
}

/* Of those devices whose attribute begins so. */
static void find(struct aliases *aliases, const char *bus, const char *attribute, const char *begin)
{
	DIR *folder = opendir(bus);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char device[384], line[64];

		snprintf(device, sizeof(device), "%s/%s", bus, entry->d_name);
		if (entry->d_name[0] != '.' && read_line(device, attribute, line, sizeof(line)) &&
			strncmp(line, begin, strlen(begin)) == 0)
			add(aliases, device);
	}
	if (folder)
		closedir(folder);
}

/* Whatever of it cannot be loaded: that is no reason to show nothing on another card. */
static void load(struct aliases *aliases)
{
	static char modprobe[] = "/usr/sbin/modprobe", all[] = "-abq";
	char *arguments[ALIASES_MAX + 3] = {modprobe, all};
	pid_t child;

	if (aliases->count == 0)
		return;
	for (size_t i = 0; i < aliases->count; i++)
		arguments[i + 2] = aliases->text[i];
	child = fork();
	if (child == 0) {
		execv(modprobe, arguments);
		fprintf(stderr, "first-drivers: %s: %s\n", modprobe, strerror(errno));
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	aliases->count = 0;
}

int main(int argc, char **argv)
{
	static struct aliases aliases;

	if (argc == 2 && strcmp(argv[1], "card") == 0) {
		find(&aliases, "/sys/bus/pci/devices", "class", PCI_DISPLAY);
		load(&aliases);
		find(&aliases, "/sys/bus/virtio/devices", "modalias", VIRTIO_GPU);
	} else if (argc == 2 && strcmp(argv[1], "processor") == 0) {
		add(&aliases, "/sys/devices/system/cpu");
	} else {
		fprintf(stderr, "usage: first-drivers card | processor\n");
		return 2;
	}
	load(&aliases);
	return 0;
}
