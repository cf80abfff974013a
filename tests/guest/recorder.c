/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorder CONTROL: tells what the guest's input devices are, and each event that they give.
 *
 * Runs in a guest's initramfs in the painter's place, where "recorder" is on the kernel's command
 * line. CONTROL is a serial port whose other end a test holds. On it the recorder says, one a line,
 * numbers in decimal and as linux/input-event-codes.h has them:
 *
 *   device NAME BUS VENDOR PRODUCT VERSION   a device is there; the four in hexadecimal …
 *   properties NAME N N-N …                  … with its INPUT_PROP_*, if any …
 *   codes NAME TYPE CODE CODE-CODE …         … what it can give of each type; EV_REP: 0-1 …
 *   axis NAME CODE MIN MAX FUZZ FLAT RESOLUTION     … and how each EV_ABS counts
 *   uevent NAME BYTES                        … what its kernel's event says, without the little that
 *                                            is added to each
 *   ready                                    once, after the devices that were there at the start
 *   NAME TYPE CODE VALUE                     an event, SYN_REPORT included, as it came
 *   removed NAME                             it is gone
 *
 * NAME is the device's name with '_' for what would part words; after a '/' its serial, if it has
 * one; and "#2" where the name is taken. Events of several devices come in the order of the
 * kernel's time. What it is told, one a line, it answers by "ok …" or "error …", after all events
 * before:
 *
 *   mark WORD                    ok WORD
 *   keep NAME CODE               from now on events are kept, so that telling them delays none; behind
 *                                the release of that key they are told, and then "ok". A group a
 *                                line: NAME GROUPS TYPE CODE VALUE …; of one device's groups behind
 *                                each other that are nothing but EV_REL, their sum, and how many
 *                                they were
 *   led NAME CODE VALUE          switches a LED of a device, as the guest's desktop would
 *   state NAME TYPE              ok N-N …: the EV_KEY that are pressed, the EV_LED that are lit
 *   value NAME CODE              ok VALUE: where an axis stands
 *   reboot | poweroff
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "/dev/input"
#define DEVICES 32
#define EVENTS 4096
#define KEPT 65536
#define GROUP 256 /* values */

struct device {
	int fd; /* -1: none */
	char node[32]; /* "event3" */
	char name[160];
};

struct recorder {
	int control;
	FILE *out;
	int watch; /* inotify on FOLDER */
	struct device devices[DEVICES];
	char command[512];
	size_t command_size;
	struct mark {
		const struct device *device; /* NULL: nothing is kept */
		uint16_t code;
		bool seen;
	} mark;
	struct record *kept; /* KEPT of them */
	size_t kept_count;
};

struct record {
	const struct device *device;
	struct input_event event;
};

static bool is_set(const uint8_t *bits, unsigned int bit)
{
	return bits[bit / 8] & (1u << bit % 8);
}

/* " 1-31 33" */
static void print_ranges(FILE *out, const uint8_t *bits, unsigned int count)
{
	for (unsigned int first = 0; first < count; first++) {
		unsigned int last = first;

		if (!is_set(bits, first))
			continue;
		while (last + 1 < count && is_set(bits, last + 1))
			last++;
		if (first == last)
			fprintf(out, " %u", first);
		else
			fprintf(out, " %u-%u", first, last);
		first = last;
	}
}

/* ---- devices ---- */

static bool is_taken(const struct recorder *recorder, const char *name)
{
	for (int i = 0; i < DEVICES; i++) {
		if (recorder->devices[i].fd >= 0 && strcmp(recorder->devices[i].name, name) == 0)
			return true;
	}
	return false;
}

static void name_device(const struct recorder *recorder, int fd, char *name, size_t size)
{
	char kernel_name[64] = "";
	char serial[64] = "";
	char plain[136];

	if (ioctl(fd, EVIOCGNAME(sizeof(kernel_name) - 1), kernel_name) < 0)
		strcpy(kernel_name, "nameless");
	if (ioctl(fd, EVIOCGUNIQ(sizeof(serial) - 1), serial) < 0)
		serial[0] = '\0';
	snprintf(plain, sizeof(plain), "%s%s%s", kernel_name, serial[0] ? "/" : "", serial);
	for (char *c = plain; *c; c++) {
		if (!isgraph((unsigned char)*c))
			*c = '_';
	}
	snprintf(name, size, "%s", plain);
	for (int i = 2; is_taken(recorder, name); i++)
		snprintf(name, size, "%s#%d", plain, i);
}

static void describe_axis(FILE *out, const struct device *device, unsigned int code)
{
	struct input_absinfo axis;

	if (ioctl(device->fd, EVIOCGABS(code), &axis) < 0)
		return;
	fprintf(out, "axis %s %u %d %d %d %d %d\n", device->name, code, axis.minimum, axis.maximum,
		axis.fuzz, axis.flat, axis.resolution);
}

static void describe(FILE *out, const struct device *device)
{
	struct input_id id = {0};
	uint8_t properties[INPUT_PROP_CNT / 8] = {0};
	uint8_t types[EV_CNT / 8] = {0};

	ioctl(device->fd, EVIOCGID, &id);
	ioctl(device->fd, EVIOCGPROP(sizeof(properties)), properties);
	ioctl(device->fd, EVIOCGBIT(0, sizeof(types)), types);
	fprintf(out, "device %s %04x %04x %04x %04x\n", device->name, id.bustype, id.vendor,
		id.product, id.version);
	fprintf(out, "properties %s", device->name);
	print_ranges(out, properties, INPUT_PROP_CNT);
	fputc('\n', out);
	for (unsigned int type = EV_SYN + 1; type < EV_CNT; type++) {
		uint8_t codes[KEY_CNT / 8] = {0};

		if (!is_set(types, type))
			continue;
		/* evdev knows no bits of EV_REP: there are these two. */
		if (type == EV_REP)
			codes[0] = 1u << REP_DELAY | 1u << REP_PERIOD;
		else
			ioctl(device->fd, EVIOCGBIT(type, sizeof(codes)), codes);
		fprintf(out, "codes %s %u", device->name, type);
		print_ranges(out, codes, KEY_CNT);
		fputc('\n', out);
		for (unsigned int code = 0; type == EV_ABS && code < ABS_CNT; code++) {
			if (is_set(codes, code))
				describe_axis(out, device, code);
		}
	}
}

/* The kernel has UEVENT_BUFFER_SIZE, 2048 bytes, for it, and the same text in sysfs. */
static void measure_uevent(FILE *out, const struct device *device)
{
	char path[96];
	char text[8192];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/input/%s/device/uevent", device->node);
	file = fopen(path, "re");
	if (!file)
		return;
	fprintf(out, "uevent %s %zu\n", device->name, fread(text, 1, sizeof(text), file));
	fclose(file);
}

/* Once for each node, whoever saw it first: the folder's list or inotify. */
static void add_device(struct recorder *recorder, const char *node)
{
	struct device *device = NULL;
	char path[64];
	int clock = CLOCK_MONOTONIC;
	int fd;

	if (strncmp(node, "event", 5) != 0 || strlen(node) >= sizeof(device->node))
		return;
	for (int i = 0; i < DEVICES; i++) {
		if (recorder->devices[i].fd < 0)
			device = &recorder->devices[i];
		else if (strcmp(recorder->devices[i].node, node) == 0)
			return;
	}
	if (!device)
		return;
	snprintf(path, sizeof(path), FOLDER "/%s", node);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	ioctl(fd, EVIOCSCLOCKID, &clock);
	snprintf(device->node, sizeof(device->node), "%s", node);
	name_device(recorder, fd, device->name, sizeof(device->name));
	device->fd = fd;
	describe(recorder->out, device);
	measure_uevent(recorder->out, device);
}

static void add_present_devices(struct recorder *recorder)
{
	for (int i = 0; i < DEVICES; i++) {
		char node[32];

		snprintf(node, sizeof(node), "event%d", i);
		add_device(recorder, node);
	}
}

static void add_new_devices(struct recorder *recorder)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t size = read(recorder->watch, buffer, sizeof(buffer));

	for (ssize_t at = 0; at < size;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		if (event->len)
			add_device(recorder, event->name);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

static struct device *find_device(struct recorder *recorder, const char *name)
{
	for (int i = 0; i < DEVICES; i++) {
		if (recorder->devices[i].fd >= 0 && strcmp(recorder->devices[i].name, name) == 0)
			return &recorder->devices[i];
	}
	return NULL;
}

/* ---- events ---- */

static int compare_records(const void *a, const void *b)
{
	const struct record *first = *(const struct record *const *)a;
	const struct record *second = *(const struct record *const *)b;

	if (first->event.input_event_sec != second->event.input_event_sec)
		return first->event.input_event_sec < second->event.input_event_sec ? -1 : 1;
	if (first->event.input_event_usec != second->event.input_event_usec)
		return first->event.input_event_usec < second->event.input_event_usec ? -1 : 1;
	/* What came first was read first. */
	return first < second ? -1 : first > second;
}

static void keep_record(struct recorder *recorder, const struct record *record)
{
	const struct input_event *event = &record->event;
	struct mark *mark = &recorder->mark;

	if (recorder->kept_count < KEPT)
		recorder->kept[recorder->kept_count++] = *record;
	mark->seen |= record->device == mark->device && event->type == EV_KEY &&
		event->code == mark->code && event->value == 0;
}

static void tell_records(struct recorder *recorder, const struct record *records, size_t count)
{
	static const struct record *sorted[EVENTS];

	for (size_t i = 0; i < count; i++)
		sorted[i] = &records[i];
	qsort(sorted, count, sizeof(sorted[0]), compare_records);
	for (size_t i = 0; i < count; i++) {
		const struct record *record = sorted[i];

		if (recorder->mark.device)
			keep_record(recorder, record);
		else
			fprintf(recorder->out, "%s %u %u %d\n", record->device->name,
				record->event.type, record->event.code, record->event.value);
	}
}

/* ---- events that are kept ---- */

/* A group, or several of nothing but motion added up. */
struct group {
	struct input_event values[GROUP];
	size_t count;
	unsigned int groups;
	bool motion;
};

static bool is_report(const struct input_event *event)
{
	return event->type == EV_SYN && event->code == SYN_REPORT;
}

static void add_value(struct group *group, const struct input_event *event)
{
	for (size_t i = 0; i < group->count; i++) {
		struct input_event *known = &group->values[i];

		if (event->type == EV_REL && known->type == EV_REL && known->code == event->code) {
			known->value += event->value;
			return;
		}
	}
	if (group->count < GROUP)
		group->values[group->count++] = *event;
}

/* The group of this device that begins at `first`, where that is not another's. What follows it. */
static size_t read_group(const struct recorder *recorder, const struct device *device, size_t first,
	struct group *group)
{
	*group = (struct group){.groups = 1, .motion = true};
	for (size_t i = first; i < recorder->kept_count; i++) {
		const struct record *record = &recorder->kept[i];

		if (record->device != device)
			return first;
		if (is_report(&record->event))
			return i + 1;
		group->motion &= record->event.type == EV_REL;
		if (group->count < GROUP)
			group->values[group->count++] = record->event;
	}
	return first;
}

static void print_group(const struct recorder *recorder, const struct device *device,
	const struct group *group)
{
	fprintf(recorder->out, "%s %u", device->name, group->groups);
	for (size_t i = 0; i < group->count; i++)
		fprintf(recorder->out, " %u %u %d", group->values[i].type, group->values[i].code,
			group->values[i].value);
	fputc('\n', recorder->out);
}

/* What is no whole group at the end is left out: there is none, for a driver reports whole ones. */
static void tell_kept(struct recorder *recorder)
{
	static struct group group, next;

	for (size_t at = 0; at < recorder->kept_count;) {
		const struct device *device = recorder->kept[at].device;
		size_t behind = read_group(recorder, device, at, &group);
		size_t behind_next;

		if (behind == at)
			break;
		while (group.motion &&
			(behind_next = read_group(recorder, device, behind, &next)) != behind &&
			next.motion) {
			for (size_t i = 0; i < next.count; i++)
				add_value(&group, &next.values[i]);
			group.groups++;
			behind = behind_next;
		}
		print_group(recorder, device, &group);
		at = behind;
	}
	fprintf(recorder->out, recorder->kept_count < KEPT ? "ok\n" : "error too many\n");
	recorder->kept_count = 0;
	recorder->mark = (struct mark){NULL};
}

static void remove_device(struct recorder *recorder, struct device *device)
{
	fprintf(recorder->out, "removed %s\n", device->name);
	close(device->fd);
	device->fd = -1;
}

/* True: there may be more. */
static bool read_device(struct device *device, struct record *records, size_t *count, bool *gone)
{
	struct input_event events[64];
	ssize_t size;

	if (*count + sizeof(events) / sizeof(events[0]) > EVENTS)
		return false;
	size = read(device->fd, events, sizeof(events));
	*gone = size < 0 && errno == ENODEV;
	for (ssize_t i = 0; i < size / (ssize_t)sizeof(events[0]); i++)
		records[(*count)++] = (struct record){device, events[i]};
	return size > 0;
}

/* Rounds are made until one finds nothing, so that no device's event is told before an earlier one
 * of another device. */
static void record_events(struct recorder *recorder)
{
	static struct record records[EVENTS];
	size_t count = 0;
	bool gone[DEVICES] = {false};
	bool more = true;

	while (more) {
		more = false;
		for (int i = 0; i < DEVICES; i++) {
			if (recorder->devices[i].fd >= 0 && !gone[i])
				more |= read_device(&recorder->devices[i], records, &count,
					&gone[i]);
		}
	}
	tell_records(recorder, records, count);
	if (recorder->mark.seen)
		tell_kept(recorder);
	for (int i = 0; i < DEVICES; i++) {
		if (gone[i])
			remove_device(recorder, &recorder->devices[i]);
	}
}

/* ---- commands ---- */

static int set_led(struct device *device, long code, long value)
{
	const struct input_event events[2] = {
		{.type = EV_LED, .code = (uint16_t)code, .value = (int32_t)value},
		{.type = EV_SYN, .code = SYN_REPORT},
	};

	return write(device->fd, events, sizeof(events)) == (ssize_t)sizeof(events) ? 0 : -errno;
}

static int print_state(FILE *out, struct device *device, long type)
{
	uint8_t bits[KEY_CNT / 8] = {0};
	int result = -EINVAL;

	if (type == EV_KEY)
		result = ioctl(device->fd, EVIOCGKEY(sizeof(bits)), bits);
	else if (type == EV_LED)
		result = ioctl(device->fd, EVIOCGLED(sizeof(bits)), bits);
	if (result < 0)
		return type == EV_KEY || type == EV_LED ? -errno : result;
	fprintf(out, "ok");
	print_ranges(out, bits, KEY_CNT);
	fputc('\n', out);
	return 1;
}

static int print_value(FILE *out, struct device *device, long code)
{
	struct input_absinfo axis;

	if (code < 0 || code > ABS_MAX || ioctl(device->fd, EVIOCGABS(code), &axis) < 0)
		return -EINVAL;
	fprintf(out, "ok %d\n", axis.value);
	return 1;
}

/* 0: it is still to be answered by "ok"; 1: it has been; or a negative errno. */
static int run_command(struct recorder *recorder, char *line)
{
	char *rest = NULL;
	char *command = strtok_r(line, " ", &rest);
	char *name = strtok_r(NULL, " ", &rest);
	struct device *device = name ? find_device(recorder, name) : NULL;
	long numbers[2] = {0, 0};
	int count = 0;

	if (!command)
		return -EINVAL;
	for (char *word = strtok_r(NULL, " ", &rest); word && count < 2;
		word = strtok_r(NULL, " ", &rest))
		numbers[count++] = strtol(word, NULL, 0);
	if (strcmp(command, "mark") == 0 && name) {
		fprintf(recorder->out, "ok %s\n", name);
		return 1;
	}
	if (strcmp(command, "reboot") == 0 || strcmp(command, "poweroff") == 0)
		return reboot(strcmp(command, "reboot") == 0 ? RB_AUTOBOOT : RB_POWER_OFF) < 0
			? -errno
			: 0;
	if (!device)
		return -ENODEV;
	if (strcmp(command, "keep") == 0 && count == 1) {
		recorder->mark = (struct mark){device, (uint16_t)numbers[0], false};
		return 0;
	}
	if (strcmp(command, "led") == 0 && count == 2)
		return set_led(device, numbers[0], numbers[1]);
	if (strcmp(command, "state") == 0 && count == 1)
		return print_state(recorder->out, device, numbers[0]);
	if (strcmp(command, "value") == 0 && count == 1)
		return print_value(recorder->out, device, numbers[0]);
	return -EINVAL;
}

static void run_line(struct recorder *recorder, char *line)
{
	int result;

	if (!line[0])
		return;
	record_events(recorder);
	result = run_command(recorder, line);
	if (result < 0)
		fprintf(recorder->out, "error %s\n", strerror(-result));
	else if (result == 0)
		fprintf(recorder->out, "ok\n");
}

/* A line that is too long is cut. False: the control's other end is gone. */
static bool read_commands(struct recorder *recorder)
{
	char buffer[256];
	ssize_t size = read(recorder->control, buffer, sizeof(buffer));

	if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	for (ssize_t i = 0; i < size; i++) {
		if (buffer[i] == '\n' || buffer[i] == '\r') {
			recorder->command[recorder->command_size] = '\0';
			recorder->command_size = 0;
			run_line(recorder, recorder->command);
		} else if (recorder->command_size + 1 < sizeof(recorder->command)) {
			recorder->command[recorder->command_size++] = buffer[i];
		}
	}
	return true;
}

/* ---- start ---- */

static bool open_control(struct recorder *recorder, const char *path)
{
	int out = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios settings;

	recorder->control = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (recorder->control < 0 || out < 0)
		return false;
	if (tcgetattr(recorder->control, &settings) == 0) {
		cfmakeraw(&settings);
		tcsetattr(recorder->control, TCSANOW, &settings);
	}
	recorder->out = fdopen(out, "w");
	return recorder->out != NULL;
}

static bool serve(struct recorder *recorder)
{
	struct pollfd fds[DEVICES + 2] = {
		{.fd = recorder->control, .events = POLLIN},
		{.fd = recorder->watch, .events = POLLIN},
	};

	for (int i = 0; i < DEVICES; i++)
		fds[i + 2] = (struct pollfd){.fd = recorder->devices[i].fd, .events = POLLIN};
	fflush(recorder->out);
	if (poll(fds, DEVICES + 2, -1) < 0)
		return errno == EINTR;
	record_events(recorder);
	if (fds[1].revents)
		add_new_devices(recorder);
	return !fds[0].revents || read_commands(recorder);
}

int main(int argc, char **argv)
{
	static struct record kept[KEPT];
	static struct recorder recorder = {.kept = kept};

	if (argc != 2) {
		fprintf(stderr, "usage: recorder CONTROL\n");
		return 2;
	}
	/* The kernel keeps some hundred events for a reader, and none for one that is late: it
	 * comes before the threads of interrupts (threadirqs). */
	sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 99});
	for (int i = 0; i < DEVICES; i++)
		recorder.devices[i].fd = -1;
	recorder.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (recorder.watch < 0 || inotify_add_watch(recorder.watch, FOLDER, IN_CREATE) < 0 ||
		!open_control(&recorder, argv[1])) {
		fprintf(stderr, "recorder: %s\n", strerror(errno));
		return 1;
	}
	add_present_devices(&recorder);
	fprintf(recorder.out, "ready\n");
	while (serve(&recorder)) {
	}
	return 1;
}
