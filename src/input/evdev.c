/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/evdev.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <libevdev/libevdev.h>
#include <string.h>

#include "input/backlog.h"
#include "input/description.h"
#include "log.h"
#include "turn.h"

struct evdev {
	char *node;
	struct device_opener opener;
	const struct evdev_listener *listener;
	void *data;
	struct libevdev *device;
	int fd; /* the opener's */
	guint source;
	bool grabbed;
	/* The group that is not complete yet. */
	struct input_value values[BACKLOG_GROUP_MAX];
	size_t count;
};

G_DEFINE_QUARK(scanoutd_evdev_error_quark, evdev_error)

/* ---- groups ---- */

static void tell(struct evdev *evdev)
{
	if (evdev->count > 0)
		evdev->listener->group(evdev->data, evdev->values, evdev->count);
	evdev->count = 0;
}

/* A group that is longer than any that the kernel makes is told in parts. */
static void add(struct evdev *evdev, uint16_t type, uint16_t code, int32_t value)
{
	if (evdev->count == BACKLOG_GROUP_MAX)
		tell(evdev);
	evdev->values[evdev->count++] = (struct input_value){type, code, value};
}

static void take(struct evdev *evdev, const struct input_event *event)
{
	switch (event->type) {
	case EV_SYN:
		/* Behind a SYN_DROPPED, libevdev makes up for what was lost, but not for what came
		 * before. */
		if (event->code == SYN_REPORT || event->code == SYN_DROPPED)
			tell(evdev);
		break;
	case EV_KEY:
		/* The guest repeats keys by itself. */
		if (event->value == 2)
			break;
		/* fallthrough */
	case EV_REL:
	case EV_ABS:
	case EV_MSC:
	case EV_SW:
		add(evdev, event->type, event->code, event->value);
		break;
	default:
		break;
	}
}

/* Where the kernel had to drop events, libevdev tells what is different now. */
static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct evdev *evdev = data;
	unsigned int flags = LIBEVDEV_READ_FLAG_NORMAL;
	struct input_event event;

	turn_note();
	for (;;) {
		int status = libevdev_next_event(evdev->device, flags, &event);

		if (status == -EAGAIN && flags == LIBEVDEV_READ_FLAG_SYNC) {
			flags = LIBEVDEV_READ_FLAG_NORMAL;
		} else if (status == -EAGAIN || status == -EINTR) {
			return G_SOURCE_CONTINUE;
		} else if (status < 0) {
			evdev->source = 0;
			evdev->listener->gone(evdev->data);
			return G_SOURCE_REMOVE;
		} else {
			if (status == LIBEVDEV_READ_STATUS_SYNC)
				flags = LIBEVDEV_READ_FLAG_SYNC;
			take(evdev, &event);
		}
	}
}

/* ---- where it stands ---- */

/* What a guest that begins to listen cannot know: where its levers and wheels are. Its kernel
 * leaves out what is nothing new. */
static void tell_state(struct evdev *evdev)
{
	int slot = libevdev_get_current_slot(evdev->device);

	for (unsigned int code = 0; code < ABS_MT_SLOT; code++) {
		if (libevdev_has_event_code(evdev->device, EV_ABS, code))
			add(evdev, EV_ABS, (uint16_t)code,
				libevdev_get_event_value(evdev->device, EV_ABS, code));
	}
	for (unsigned int code = 0; code < SW_CNT; code++) {
		if (libevdev_has_event_code(evdev->device, EV_SW, code))
			add(evdev, EV_SW, (uint16_t)code,
				libevdev_get_event_value(evdev->device, EV_SW, code));
	}
	/* The next finger in it would not say so. */
	if (slot >= 0)
		add(evdev, EV_ABS, ABS_MT_SLOT, slot);
	tell(evdev);
}

/* Sticks and hats, which spring back; of those that count from 0 the middle is not known. */
static void center_sticks(struct evdev *evdev)
{
	for (unsigned int code = 0; code < ABS_MT_SLOT; code++) {
		const struct input_absinfo *axis = libevdev_get_abs_info(evdev->device, code);

		if (axis && axis->minimum < 0 && axis->maximum > 0 && axis->value != 0)
			add(evdev, EV_ABS, (uint16_t)code, 0);
	}
}

static void release_all(struct evdev *evdev)
{
	evdev->count = 0;
	for (unsigned int code = 0; code < KEY_CNT; code++) {
		if (libevdev_get_event_value(evdev->device, EV_KEY, code))
			add(evdev, EV_KEY, (uint16_t)code, 0);
	}
	for (int slot = 0; slot < libevdev_get_num_slots(evdev->device); slot++) {
		if (libevdev_get_slot_value(evdev->device, (unsigned int)slot, ABS_MT_TRACKING_ID) <
			0)
			continue;
		add(evdev, EV_ABS, ABS_MT_SLOT, slot);
		add(evdev, EV_ABS, ABS_MT_TRACKING_ID, -1);
	}
	center_sticks(evdev);
	tell(evdev);
}

int evdev_grab(struct evdev *evdev)
{
	int error = libevdev_grab(evdev->device, LIBEVDEV_GRAB);

	if (error != 0)
		return -error;
	evdev->grabbed = true;
	tell_state(evdev);
	evdev->source = turn_often(
		turn_name(g_unix_fd_add(evdev->fd, G_IO_IN, readable, evdev), "evdev"));
	return 0;
}

bool evdev_is_down(const struct evdev *evdev, uint16_t code)
{
	return libevdev_get_event_value(evdev->device, EV_KEY, code) != 0;
}

void evdev_set_led(struct evdev *evdev, uint16_t code, bool on)
{
	if (libevdev_has_event_code(evdev->device, EV_LED, code))
		libevdev_kernel_set_led_value(evdev->device, code,
			on ? LIBEVDEV_LED_ON : LIBEVDEV_LED_OFF);
}

/* ---- description ---- */

static void describe_codes(const struct evdev *evdev, uint8_t *bits, unsigned int type,
	unsigned int count)
{
	for (unsigned int code = 0; code < count; code++) {
		if (libevdev_has_event_code(evdev->device, type, code))
			input_set_bit(bits, code);
	}
}

void evdev_describe(const struct evdev *evdev, struct input_description *description)
{
	const struct libevdev *device = evdev->device;
	const char *serial = libevdev_get_uniq(device);

	memset(description, 0, sizeof(*description));
	input_text_copy(description->name, sizeof(description->name), libevdev_get_name(device));
	if (serial)
		input_text_copy(description->serial, sizeof(description->serial), serial);
	description->id = (struct input_id){
		.bustype = (uint16_t)libevdev_get_id_bustype(device),
		.vendor = (uint16_t)libevdev_get_id_vendor(device),
		.product = (uint16_t)libevdev_get_id_product(device),
		.version = (uint16_t)libevdev_get_id_version(device),
	};
	for (unsigned int property = 0; property < INPUT_PROP_CNT; property++) {
		if (libevdev_has_property(device, property))
			input_set_bit(description->properties, property);
	}
	describe_codes(evdev, description->keys, EV_KEY, KEY_CNT);
	describe_codes(evdev, description->relative, EV_REL, REL_CNT);
	describe_codes(evdev, description->absolute, EV_ABS, ABS_CNT);
	describe_codes(evdev, description->misc, EV_MSC, MSC_CNT);
	describe_codes(evdev, description->switches, EV_SW, SW_CNT);
	describe_codes(evdev, description->leds, EV_LED, LED_CNT);
	description->repeats = libevdev_has_event_type(device, EV_REP);
	for (unsigned int code = 0; code < ABS_CNT; code++) {
		const struct input_absinfo *axis = libevdev_get_abs_info(device, code);

		if (!axis)
			continue;
		description->axes[code] = *axis;
		description->axes[code].value = 0;
	}
}

/* ---- life ---- */

/* By itself libevdev prints to standard error, devices' names too, whatever bytes these have. */
G_GNUC_PRINTF(6, 0)
static void write_log(enum libevdev_log_priority priority, void *data, const char *file, int line,
	const char *function, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	log_daemon(priority == LIBEVDEV_LOG_ERROR ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG,
		"libevdev: %s", g_strchomp(text));
}

struct evdev *evdev_open(const char *node, const struct device_opener *opener,
	const struct evdev_listener *listener, void *data, GError **error)
{
	struct evdev *evdev = g_new0(struct evdev, 1);
	int result;

	evdev->node = g_strdup(node);
	evdev->opener = opener ? *opener : seat_opener_direct;
	evdev->listener = listener;
	evdev->data = data;
	libevdev_set_log_function(write_log, NULL);
	evdev->fd = evdev->opener.open(evdev->opener.data, node, O_RDWR | O_NONBLOCK);
	result = evdev->fd < 0 ? evdev->fd : libevdev_new_from_fd(evdev->fd, &evdev->device);
	if (result >= 0)
		return evdev;
	g_set_error(error, EVDEV_ERROR,
		seat_is_passing(-result) ? EVDEV_ERROR_MOMENT : EVDEV_ERROR_OPEN,
		"%s cannot be used: %s", node, g_strerror(-result));
	evdev_close(evdev);
	return NULL;
}

void evdev_close(struct evdev *evdev)
{
	if (!evdev)
		return;
	if (evdev->grabbed)
		release_all(evdev);
	g_clear_handle_id(&evdev->source, g_source_remove);
	/* Ends the grab, which the opener's holders would keep. */
	if (evdev->grabbed)
		libevdev_grab(evdev->device, LIBEVDEV_UNGRAB);
	libevdev_free(evdev->device);
	if (evdev->fd >= 0)
		evdev->opener.close(evdev->opener.data, evdev->fd);
	g_free(evdev->node);
	g_free(evdev);
}
