/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   unseen ──plugged in──▶ there ◀──plugged in / pulled──▶ away      (once seen, the socket stays)
 *                            │ while the guest's driver listens and the terminal is ours: grabbed
 */
#include "input/passthrough.h"

#include <errno.h>
#include <glib-unix.h>
#include <libudev.h>
#include <string.h>

#include "input/backlog.h"
#include "input/evdev.h"
#include "input/match.h"
#include "log.h"
#include "turn.h"

/* How often a device is asked for that another program has, which lets go without a word, or that
 * could not be opened for a reason that passes. */
#define TAKEN_RETRY_SECONDS 1

/* Events in one turn of the main loop. */
#define TURN_EVENTS 64

struct passthrough {
	struct passthrough_options options;
	struct udev *udev;
	struct udev_monitor *monitor;
	guint monitor_source;
	char *node; /* "/dev/input/event3"; NULL: it is not there */
	char *path; /* the same in /sys, which another device never has again; or NULL */
	struct evdev *evdev; /* NULL: not there, or nobody listens */
	struct input_sink *sink; /* NULL: never seen */
	guint retry_timer; /* while another program has the device, or it is missed; else 0 */
	bool missed; /* one was not looked at, for a reason that passes … */
	bool missed_logged; /* … which has been logged */
	char *refused; /* the node of which it was last said that it cannot be used; or NULL */
	bool complained; /* of that program */
	bool listens; /* the guest's driver */
	bool suspended;
	uint32_t leds; /* bit LED_*, that the guest has on, also while it is paused */
};

static const char *section_name(const struct passthrough *passthrough)
{
	return passthrough->options.section->name;
}

#define complain(passthrough, format, ...) \
	log_guest(G_LOG_LEVEL_WARNING, (passthrough)->options.guest, "device %s: " format, \
		section_name(passthrough), ##__VA_ARGS__)

/* ---- the host's device ---- */

static bool is_described(const struct input_description *description,
	const struct input_value *value)
{
	switch (value->type) {
	case EV_KEY:
		return value->code <= KEY_MAX && input_bit(description->keys, value->code);
	case EV_REL:
		return value->code <= REL_MAX && input_bit(description->relative, value->code);
	case EV_ABS:
		return value->code <= ABS_MAX && input_bit(description->absolute, value->code);
	case EV_MSC:
		return value->code <= MSC_MAX && input_bit(description->misc, value->code);
	case EV_SW:
		return value->code <= SW_MAX && input_bit(description->switches, value->code);
	default:
		return false;
	}
}

/* Another device in the place of the first may do what the guest was not told of. */
static void send_group(void *data, const struct input_value *values, size_t count)
{
	struct passthrough *passthrough = data;
	struct input_value described[BACKLOG_GROUP_MAX];
	size_t described_count = 0;

	if (passthrough->options.used)
		passthrough->options.used(passthrough->options.data, passthrough->options.guest);
	for (size_t i = 0; i < count; i++) {
		if (is_described(device_description(passthrough->sink), &values[i]))
			described[described_count++] = values[i];
	}
	if (described_count > 0)
		input_sink_send(passthrough->sink, described, described_count);
}

static void write_leds(struct passthrough *passthrough, uint32_t which, uint32_t leds)
{
	for (uint16_t code = 0; passthrough->evdev && code <= LED_MAX; code++) {
		if (which & UINT32_C(1) << code)
			evdev_set_led(passthrough->evdev, code, leds & UINT32_C(1) << code);
	}
}

/* What the guest has lit is nothing to whoever reads it next. */
static void close_device(struct passthrough *passthrough)
{
	write_leds(passthrough, passthrough->leds, 0);
	g_clear_pointer(&passthrough->evdev, evdev_close);
}

/* udev tells as well that it was pulled. */
static void device_gone(void *data)
{
	close_device(data);
}

static const struct evdev_listener evdev_listener = {
	.group = send_group,
	.gone = device_gone,
};

static gboolean retry(gpointer data);

static void retry_later(struct passthrough *passthrough)
{
	if (!passthrough->retry_timer)
		passthrough->retry_timer = turn_name(
			g_timeout_add_seconds(TAKEN_RETRY_SECONDS, retry, passthrough),
			"passthrough retry");
}

/* Says so once, until one was opened. */
static void miss(struct passthrough *passthrough, const char *reason)
{
	if (!passthrough->missed_logged)
		complain(passthrough, "%s; it is tried again", reason);
	passthrough->missed = true;
	passthrough->missed_logged = true;
	retry_later(passthrough);
}

/* Of several that a section means each is looked at as often as one of them is missed. */
static void refuse(struct passthrough *passthrough, const char *node, const char *reason)
{
	if (g_strcmp0(passthrough->refused, node) == 0)
		return;
	complain(passthrough, "%s", reason);
	g_free(passthrough->refused);
	passthrough->refused = g_strdup(node);
}

static struct evdev *open_node(struct passthrough *passthrough, const char *node)
{
	g_autoptr(GError) error = NULL;
	struct evdev *evdev = evdev_open(node, passthrough->options.opener, &evdev_listener,
		passthrough, &error);

	if (evdev) {
		passthrough->missed = false;
		passthrough->missed_logged = false;
		g_clear_pointer(&passthrough->refused, g_free);
	} else if (g_error_matches(error, EVDEV_ERROR, EVDEV_ERROR_MOMENT)) {
		miss(passthrough, error->message);
	} else {
		refuse(passthrough, node, error->message);
	}
	return evdev;
}

/* False: it is left to the program that has it, for now. */
static bool grab(struct passthrough *passthrough)
{
	int error = evdev_grab(passthrough->evdev);

	if (error != 0 && !passthrough->complained)
		complain(passthrough, "%s cannot be taken, and is tried again: %s",
			passthrough->node,
			error == EBUSY ? "another program has it" : g_strerror(error));
	passthrough->complained = error != 0;
	if (error == 0)
		return true;
	g_clear_pointer(&passthrough->evdev, evdev_close);
	retry_later(passthrough);
	return false;
}

/* What a predecessor of this process told the guest is pressed, and still is, is held on: only who
 * says so keeps it from being released (device_settle()), and to the guest that is nothing new. */
static void hold_on(const struct passthrough *passthrough)
{
	for (uint16_t code = 0; code <= KEY_MAX; code++) {
		const struct input_value value = {EV_KEY, code, 1};

		if (device_sees_pressed(passthrough->sink, code) &&
			evdev_is_down(passthrough->evdev, code))
			input_sink_send(passthrough->sink, &value, 1);
	}
}

/* Opens and grabs it where there is a use for it, else closes it. */
static void follow(struct passthrough *passthrough)
{
	/* One that is missed has no node, and is looked for again; but not while it cannot be
	 * had. */
	if (passthrough->node || passthrough->suspended)
		g_clear_handle_id(&passthrough->retry_timer, g_source_remove);
	if (!passthrough->node || !passthrough->listens || passthrough->suspended) {
		passthrough->complained = false;
		close_device(passthrough);
		return;
	}
	if (passthrough->evdev)
		return;
	passthrough->evdev = open_node(passthrough, passthrough->node);
	if (!passthrough->evdev || !grab(passthrough))
		return;
	hold_on(passthrough);
	write_leds(passthrough, UINT32_MAX, passthrough->leds);
}

/* ---- the guest's device ---- */

static void guest_connected(void *data, bool connected)
{
	struct passthrough *passthrough = data;

	passthrough->listens = connected;
	follow(passthrough);
}

static void guest_leds(void *data, uint32_t said, uint32_t leds)
{
	struct passthrough *passthrough = data;
	uint32_t changed = (passthrough->leds ^ leds) & said;

	passthrough->leds ^= changed;
	write_leds(passthrough, changed, leds);
}

static const struct input_sink_listener sink_listener = {
	.leds = guest_leds,
	.connected = guest_connected,
};

/* NULL: as a guest knows it that a predecessor of this process had; false without an error: there
 * is none. */
static bool make_sink(struct passthrough *passthrough, const struct input_description *description,
	GError **error)
{
	g_autofree char *path = g_strdup_printf("%s-%s.sock", passthrough->options.prefix,
		section_name(passthrough));
	const struct device_options options = {
		.guest = passthrough->options.guest,
		.device = section_name(passthrough),
		.path = path,
		.group = passthrough->options.group,
		.account = passthrough->options.account,
		.keeper = passthrough->options.keeper,
		.keeps_vmm = true,
	};

	passthrough->sink = device_create(&options, description, &sink_listener, passthrough,
		error);
	return passthrough->sink != NULL;
}

/* ---- udev ---- */

static const char *get_property(const void *data, const char *name)
{
	return udev_device_get_property_value((struct udev_device *)data, name);
}

static unsigned int capabilities(struct udev_device *device)
{
	static const struct {
		const char *property;
		enum seat_capability capability;
	} properties[] = {
		{"ID_INPUT_KEY", SEAT_KEYBOARD},
		{"ID_INPUT_KEYBOARD", SEAT_KEYBOARD},
		{"ID_INPUT_MOUSE", SEAT_POINTER},
		{"ID_INPUT_TOUCHPAD", SEAT_POINTER},
		{"ID_INPUT_POINTINGSTICK", SEAT_POINTER},
		{"ID_INPUT_TRACKBALL", SEAT_POINTER},
		{"ID_INPUT_TOUCHSCREEN", SEAT_TOUCH},
		{"ID_INPUT_TABLET", SEAT_TABLET},
		{"ID_INPUT_SWITCH", SEAT_SWITCH},
	};
	unsigned int set = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
		if (g_strcmp0(get_property(device, properties[i].property), "1") == 0)
			set |= properties[i].capability;
	}
	return set;
}

static uint32_t read_id(struct udev_device *parent, const char *attribute)
{
	const char *text = udev_device_get_sysattr_value(parent, attribute);

	return text ? (uint32_t)g_ascii_strtoull(text, NULL, 16) : 0;
}

static bool is_ours(const struct passthrough *passthrough, struct udev_device *device)
{
	struct udev_device *parent = udev_device_get_parent_with_subsystem_devtype(device, "input",
		NULL);
	const char *seat = get_property(device, "ID_SEAT");

	if (!g_str_has_prefix(udev_device_get_sysname(device), "event") || !parent ||
		!udev_device_get_devnode(device) ||
		!g_str_equal(seat ? seat : "seat0", passthrough->options.seat))
		return false;
	return match_section(passthrough->options.section,
		&(struct match_device){
			.name = udev_device_get_sysattr_value(parent, "name"),
			.vendor = read_id(parent, "id/vendor"),
			.product = read_id(parent, "id/product"),
			.capabilities = capabilities(device),
			.property = get_property,
			.data = device,
		});
}

static bool is_same(const struct input_description *a, const struct input_description *b)
{
	return g_str_equal(a->name, b->name) && memcmp(&a->id, &b->id, sizeof(a->id)) == 0;
}

/* False: there is no virtual device, nor can there be one. */
static bool plugged_in(struct passthrough *passthrough, struct udev_device *device, GError **error)
{
	const char *node = udev_device_get_devnode(device);
	struct input_description description;
	struct evdev *evdev;

	/* A seat manager would refuse it; passthrough_resume() looks again. */
	if (passthrough->suspended)
		return true;
	if (passthrough->node) {
		if (g_str_equal(passthrough->node, node))
			follow(passthrough);
		else
			complain(passthrough, "is %s already, and %s is ignored", passthrough->node,
				node);
		return true;
	}
	evdev = open_node(passthrough, node);
	if (!evdev)
		return true;
	evdev_describe(evdev, &description);
	evdev_close(evdev);
	if (!passthrough->sink && !make_sink(passthrough, &description, error))
		return false;
	if (!is_same(&description, device_description(passthrough->sink)))
		complain(passthrough,
			"%s is another device than the guest knows; what the first had not is left out",
			description.name);
	passthrough->node = g_strdup(node);
	passthrough->path = g_strdup(udev_device_get_syspath(device));
	follow(passthrough);
	return true;
}

static void pulled(struct passthrough *passthrough)
{
	g_clear_pointer(&passthrough->node, g_free);
	g_clear_pointer(&passthrough->path, g_free);
	follow(passthrough);
}

/* One of those that udev lists. */
static bool find_one(struct passthrough *passthrough, const char *path, GError **error)
{
	struct udev_device *device = udev_device_new_from_syspath(passthrough->udev, path);
	bool made = true;

	if (!device) {
		/* Else it has gone. */
		if (seat_is_passing(errno))
			miss(passthrough, "udev cannot be asked about one of the host's devices");
		return true;
	}
	if (is_ours(passthrough, device))
		made = plugged_in(passthrough, device, error);
	udev_device_unref(device);
	return made;
}

/* Those that are there; the monitor hears already, so that none is missed between. */
static bool find_present(struct passthrough *passthrough, GError **error)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(passthrough->udev);
	struct udev_list_entry *entry;
	bool made = true;

	passthrough->missed = false;
	if (!enumerate) {
		miss(passthrough, "the host's input devices cannot be listed");
		return true;
	}
	udev_enumerate_add_match_subsystem(enumerate, "input");
	udev_enumerate_add_match_sysname(enumerate, "event*");
	/* Those that it has found are listed. */
	if (udev_enumerate_scan_devices(enumerate) < 0)
		miss(passthrough, "not all of the host's input devices can be listed");
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
	{
		if (made)
			made = find_one(passthrough, udev_list_entry_get_name(entry), error);
	}
	udev_enumerate_unref(enumerate);
	return made;
}

static void device_changed(struct passthrough *passthrough, struct udev_device *device)
{
	const char *node = udev_device_get_devnode(device);
	g_autoptr(GError) error = NULL;

	if (g_strcmp0(udev_device_get_action(device), "remove") == 0) {
		if (node && g_strcmp0(node, passthrough->node) == 0)
			pulled(passthrough);
		if (node && g_strcmp0(node, passthrough->refused) == 0)
			g_clear_pointer(&passthrough->refused, g_free);
	} else if (is_ours(passthrough, device) && !plugged_in(passthrough, device, &error)) {
		complain(passthrough, "%s", error->message);
	}
}

/* One that is missed is not known yet, or is. */
static gboolean retry(gpointer data)
{
	struct passthrough *passthrough = data;

	turn_note();
	passthrough->retry_timer = 0;
	passthrough_retry(passthrough);
	return G_SOURCE_REMOVE;
}

void passthrough_retry(struct passthrough *passthrough)
{
	g_autoptr(GError) error = NULL;

	if (passthrough->node)
		follow(passthrough);
	else if (passthrough->missed && !find_present(passthrough, &error))
		complain(passthrough, "%s", error->message);
}

/* udev has said more than the socket had room for: what is there now counts. */
static void look_again(struct passthrough *passthrough)
{
	struct udev_device *device = passthrough->node
		? udev_device_new_from_syspath(passthrough->udev, passthrough->path)
		: NULL;
	g_autoptr(GError) error = NULL;

	if (passthrough->node && !device && !seat_is_passing(errno))
		pulled(passthrough);
	if (device)
		udev_device_unref(device);
	if (!find_present(passthrough, &error))
		complain(passthrough, "%s", error->message);
}

static gboolean devices_changed(gint fd, GIOCondition condition, gpointer data)
{
	struct passthrough *passthrough = data;
	struct udev_device *device = NULL;

	turn_note();
	for (int i = 0; i < TURN_EVENTS; i++) {
		errno = 0;
		device = udev_monitor_receive_device(passthrough->monitor);
		if (!device)
			break;
		device_changed(passthrough, device);
		udev_device_unref(device);
	}
	/* Events were lost, or one cannot be read. */
	if (!device && errno != EAGAIN && errno != EINTR)
		look_again(passthrough);
	return G_SOURCE_CONTINUE;
}

static bool watch(struct passthrough *passthrough)
{
	passthrough->udev = udev_new();
	if (passthrough->udev)
		passthrough->monitor = udev_monitor_new_from_netlink(passthrough->udev, "udev");
	if (!passthrough->monitor ||
		udev_monitor_filter_add_match_subsystem_devtype(passthrough->monitor, "input",
			NULL) < 0 ||
		udev_monitor_enable_receiving(passthrough->monitor) < 0)
		return false;
	passthrough->monitor_source = turn_name(
		g_unix_fd_add(udev_monitor_get_fd(passthrough->monitor), G_IO_IN, devices_changed,
			passthrough),
		"passthrough");
	return true;
}

/* ---- life ---- */

/* The guest of a predecessor of this process keeps its device, also where the host's is away. */
static bool make_left(struct passthrough *passthrough, GError **error)
{
	g_autoptr(GError) left_error = NULL;

	if (make_sink(passthrough, NULL, &left_error) || !left_error)
		return true;
	g_propagate_error(error, g_steal_pointer(&left_error));
	return false;
}

/* Nobody holds them, as evdev.c does when a device is pulled. */
static void center_sticks(struct passthrough *passthrough)
{
	const struct input_description *description = device_description(passthrough->sink);
	struct input_value values[ABS_MT_SLOT];
	size_t count = 0;

	for (uint16_t code = 0; code < ABS_MT_SLOT; code++) {
		const struct input_absinfo *axis = &description->axes[code];

		if (input_bit(description->absolute, code) && axis->minimum < 0 &&
			axis->maximum > 0)
			values[count++] = (struct input_value){EV_ABS, code, 0};
	}
	if (count > 0)
		input_sink_send(passthrough->sink, values, count);
}

struct passthrough *passthrough_create(const struct passthrough_options *options, GError **error)
{
	struct passthrough *passthrough = g_new0(struct passthrough, 1);

	passthrough->options = *options;
	if (!watch(passthrough)) {
		g_set_error_literal(error, SEAT_ERROR, SEAT_ERROR_UDEV,
			"the host's input devices cannot be watched: is udev there?");
		passthrough_destroy(passthrough);
		return NULL;
	}
	if (!make_left(passthrough, error) || !find_present(passthrough, error)) {
		passthrough_destroy(passthrough);
		return NULL;
	}
	if (passthrough->sink && !passthrough->node)
		center_sticks(passthrough);
	if (!passthrough->sink)
		log_guest(G_LOG_LEVEL_INFO, options->guest,
			"device %s: is not plugged in; its socket appears with it",
			section_name(passthrough));
	return passthrough;
}

void passthrough_destroy(struct passthrough *passthrough)
{
	if (!passthrough)
		return;
	g_clear_handle_id(&passthrough->retry_timer, g_source_remove);
	close_device(passthrough);
	input_sink_destroy(passthrough->sink);
	g_clear_handle_id(&passthrough->monitor_source, g_source_remove);
	if (passthrough->monitor)
		udev_monitor_unref(passthrough->monitor);
	if (passthrough->udev)
		udev_unref(passthrough->udev);
	g_free(passthrough->node);
	g_free(passthrough->path);
	g_free(passthrough->refused);
	g_free(passthrough);
}

void passthrough_suspend(struct passthrough *passthrough)
{
	passthrough->suspended = true;
	follow(passthrough);
}

void passthrough_resume(struct passthrough *passthrough)
{
	g_autoptr(GError) error = NULL;

	passthrough->suspended = false;
	if (!passthrough->node && !find_present(passthrough, &error))
		complain(passthrough, "%s", error->message);
	follow(passthrough);
}

const char *passthrough_guest(const struct passthrough *passthrough)
{
	return passthrough->options.guest;
}

const char *passthrough_name(const struct passthrough *passthrough)
{
	return section_name(passthrough);
}

void passthrough_append_device(const struct passthrough *passthrough, GPtrArray *sinks)
{
	if (passthrough->sink)
		g_ptr_array_add(sinks, passthrough->sink);
}

bool passthrough_counters(const struct passthrough *passthrough, struct device_counters *counters)
{
	if (passthrough->sink)
		device_counters(passthrough->sink, counters);
	return passthrough->sink != NULL;
}
