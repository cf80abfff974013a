/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libinput_double.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct libinput_double libinput_double;

/* libinput has events of before it is dispatched only when a context begins, ends or rests. */
static GQueue waiting = G_QUEUE_INIT, ready = G_QUEUE_INIT;
static int ready_fd = -1;

/* ---- the test's side ---- */

static void forget_events(GQueue *queue)
{
	g_queue_clear_full(queue, g_free);
}

void libinput_double_reset(void)
{
	libinput_double = (struct libinput_double){0};
	forget_events(&waiting);
	forget_events(&ready);
}

void libinput_double_finish(void)
{
	g_assert_cmpuint(libinput_double.contexts, ==, 0);
	g_assert_cmpuint(libinput_double.udevs, ==, 0);
	for (size_t i = 0; i < libinput_double.device_count; i++) {
		struct libinput_device *device = libinput_double.devices[i];

		g_assert_cmpuint(device->references, ==, 0);
		g_assert_null(device->user_data);
		if (device->udev_device)
			g_assert_cmpuint(device->udev_device->references, ==, 0);
		g_string_free(g_steal_pointer(&device->asked), TRUE);
	}
	g_clear_pointer(&libinput_double.seat, g_free);
	g_clear_pointer(&libinput_double.path, g_free);
}

static void append(GQueue *queue, const struct libinput_event *event)
{
	g_queue_push_tail(queue, g_memdup2(event, sizeof(*event)));
}

static void append_life(GQueue *queue, enum libinput_event_type type,
	struct libinput_device *device)
{
	append(queue, &(struct libinput_event){.type = type, .device = device});
}

void libinput_double_send(const struct libinput_event *event)
{
	const uint64_t one = 1;

	append(&waiting, event);
	g_assert_cmpint(write(ready_fd, &one, sizeof(one)), ==, sizeof(one));
}

void libinput_double_plug(struct libinput_device *device)
{
	g_assert_cmpuint(libinput_double.device_count, <, LIBINPUT_DOUBLE_DEVICES_MAX);
	device->asked = g_string_new(NULL);
	libinput_double.devices[libinput_double.device_count++] = device;
	if (libinput_double.contexts > 0)
		libinput_double_send(&(struct libinput_event){.type = LIBINPUT_EVENT_DEVICE_ADDED,
			.device = device});
}

void libinput_double_pull(struct libinput_device *device)
{
	libinput_double_send(
		&(struct libinput_event){.type = LIBINPUT_EVENT_DEVICE_REMOVED, .device = device});
}

void libinput_double_expect(const struct libinput_device *device, const char *asked)
{
	g_assert_cmpstr(device->asked->str, ==, asked);
	g_string_truncate(device->asked, 0);
}

void libinput_double_log(enum libinput_log_priority priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	libinput_double.log((struct libinput *)&libinput_double, priority, format, arguments);
	va_end(arguments);
}

/* ---- contexts ---- */

static void tell_all(enum libinput_event_type type)
{
	for (size_t i = 0; i < libinput_double.device_count; i++)
		append_life(&ready, type, libinput_double.devices[i]);
}

static struct libinput *create(const struct libinput_interface *interface, void *data)
{
	if (libinput_double.no_context)
		return NULL;
	g_assert_cmpuint(libinput_double.contexts, ==, 0);
	libinput_double.contexts = 1;
	libinput_double.interface = interface;
	libinput_double.data = data;
	ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return (struct libinput *)&libinput_double;
}

struct libinput *libinput_udev_create_context(const struct libinput_interface *interface,
	void *user_data, struct udev *udev)
{
	g_assert_true(udev == (struct udev *)&libinput_double.udevs);
	return create(interface, user_data);
}

int libinput_udev_assign_seat(struct libinput *libinput, const char *seat_id)
{
	if (libinput_double.no_seat)
		return -1;
	g_free(libinput_double.seat);
	libinput_double.seat = g_strdup(seat_id);
	tell_all(LIBINPUT_EVENT_DEVICE_ADDED);
	return 0;
}

struct libinput *libinput_path_create_context(const struct libinput_interface *interface,
	void *user_data)
{
	return create(interface, user_data);
}

struct libinput_device *libinput_path_add_device(struct libinput *libinput, const char *path)
{
	g_free(libinput_double.path);
	libinput_double.path = g_strdup(path);
	if (libinput_double.no_device)
		return NULL;
	tell_all(LIBINPUT_EVENT_DEVICE_ADDED);
	return libinput_double.devices[0];
}

void libinput_suspend(struct libinput *libinput)
{
	tell_all(LIBINPUT_EVENT_DEVICE_REMOVED);
}

int libinput_resume(struct libinput *libinput)
{
	if (libinput_double.stays_suspended)
		return -1;
	tell_all(LIBINPUT_EVENT_DEVICE_ADDED);
	return 0;
}

struct libinput *libinput_unref(struct libinput *libinput)
{
	libinput_double.contexts = 0;
	close(ready_fd);
	return NULL;
}

void libinput_log_set_handler(struct libinput *libinput, libinput_log_handler log_handler)
{
	libinput_double.log = log_handler;
}

void libinput_log_set_priority(struct libinput *libinput, enum libinput_log_priority priority)
{
	libinput_double.log_priority = priority;
}

int libinput_get_fd(struct libinput *libinput)
{
	return ready_fd;
}

int libinput_dispatch(struct libinput *libinput)
{
	uint64_t count;

	if (read(ready_fd, &count, sizeof(count)) < 0)
		return 0;
	while (!g_queue_is_empty(&waiting))
		g_queue_push_tail(&ready, g_queue_pop_head(&waiting));
	return 0;
}

struct libinput_event *libinput_get_event(struct libinput *libinput)
{
	return g_queue_pop_head(&ready);
}

/* ---- events ---- */

void libinput_event_destroy(struct libinput_event *event)
{
	g_free(event);
}

enum libinput_event_type libinput_event_get_type(struct libinput_event *event)
{
	return event->type;
}

struct libinput_device *libinput_event_get_device(struct libinput_event *event)
{
	return event->device;
}

/* A kind's own type is the same struct; it is an error to take an event for another kind. */
#define KIND(kind, first, last) \
	struct libinput_event_##kind *libinput_event_get_##kind##_event( \
		struct libinput_event *event) \
	{ \
		g_assert_cmpint(event->type, >=, first); \
		g_assert_cmpint(event->type, <=, last); \
		return (struct libinput_event_##kind *)event; \
	} \
	uint64_t libinput_event_##kind##_get_time_usec(struct libinput_event_##kind *event) \
	{ \
		return ((struct libinput_event *)event)->time_us; \
	}
#define GETTER(type, kind, name, field) \
	type libinput_event_##kind##_get_##name(struct libinput_event_##kind *event) \
	{ \
		return (type)((struct libinput_event *)event)->field; \
	}
/* In a width or a height of 1. */
#define TRANSFORMED(kind, name, field) \
	double libinput_event_##kind##_get_##name(struct libinput_event_##kind *event, \
		uint32_t size) \
	{ \
		g_assert_cmpuint(size, ==, 1); \
		return ((struct libinput_event *)event)->field; \
	}

KIND(keyboard, LIBINPUT_EVENT_KEYBOARD_KEY, LIBINPUT_EVENT_KEYBOARD_KEY)
GETTER(uint32_t, keyboard, key, code)
GETTER(enum libinput_key_state, keyboard, key_state, state)

KIND(pointer, LIBINPUT_EVENT_POINTER_MOTION, LIBINPUT_EVENT_POINTER_SCROLL_CONTINUOUS)
GETTER(uint32_t, pointer, button, code)
GETTER(enum libinput_button_state, pointer, button_state, state)
GETTER(double, pointer, dx, dx)
GETTER(double, pointer, dy, dy)
GETTER(double, pointer, dx_unaccelerated, raw_x)
GETTER(double, pointer, dy_unaccelerated, raw_y)
TRANSFORMED(pointer, absolute_x_transformed, x)
TRANSFORMED(pointer, absolute_y_transformed, y)

int libinput_event_pointer_has_axis(struct libinput_event_pointer *event,
	enum libinput_pointer_axis axis)
{
	return ((struct libinput_event *)event)->has_axis[axis];
}

double libinput_event_pointer_get_scroll_value(struct libinput_event_pointer *event,
	enum libinput_pointer_axis axis)
{
	return ((struct libinput_event *)event)->scroll[axis];
}

double libinput_event_pointer_get_scroll_value_v120(struct libinput_event_pointer *event,
	enum libinput_pointer_axis axis)
{
	return ((struct libinput_event *)event)->v120[axis];
}

KIND(touch, LIBINPUT_EVENT_TOUCH_DOWN, LIBINPUT_EVENT_TOUCH_FRAME)
GETTER(int32_t, touch, seat_slot, slot)
TRANSFORMED(touch, x_transformed, x)
TRANSFORMED(touch, y_transformed, y)

KIND(tablet_tool, LIBINPUT_EVENT_TABLET_TOOL_AXIS, LIBINPUT_EVENT_TABLET_TOOL_BUTTON)
GETTER(double, tablet_tool, pressure, pressure)
GETTER(double, tablet_tool, distance, distance)
GETTER(double, tablet_tool, tilt_x, tilt_x)
GETTER(double, tablet_tool, tilt_y, tilt_y)
GETTER(double, tablet_tool, rotation, rotation)
GETTER(double, tablet_tool, slider_position, slider)
GETTER(enum libinput_tablet_tool_tip_state, tablet_tool, tip_state, tip)
GETTER(enum libinput_tablet_tool_proximity_state, tablet_tool, proximity_state, state)
GETTER(uint32_t, tablet_tool, button, code)
GETTER(enum libinput_button_state, tablet_tool, button_state, state)
TRANSFORMED(tablet_tool, x_transformed, x)
TRANSFORMED(tablet_tool, y_transformed, y)

struct libinput_tablet_tool *libinput_event_tablet_tool_get_tool(
	struct libinput_event_tablet_tool *event)
{
	return &((struct libinput_event *)event)->tool;
}

enum libinput_tablet_tool_type libinput_tablet_tool_get_type(struct libinput_tablet_tool *tool)
{
	return tool->type;
}

uint64_t libinput_tablet_tool_get_serial(struct libinput_tablet_tool *tool)
{
	return tool->serial;
}

int libinput_tablet_tool_has_rotation(struct libinput_tablet_tool *tool)
{
	return tool->rotates;
}

KIND(switch, LIBINPUT_EVENT_SWITCH_TOGGLE, LIBINPUT_EVENT_SWITCH_TOGGLE)
GETTER(enum libinput_switch, switch, switch, code)
GETTER(enum libinput_switch_state, switch, switch_state, state)

/* ---- devices ---- */

struct libinput_device *libinput_device_ref(struct libinput_device *device)
{
	device->references++;
	return device;
}

struct libinput_device *libinput_device_unref(struct libinput_device *device)
{
	g_assert_cmpuint(device->references, >, 0);
	device->references--;
	return NULL;
}

void libinput_device_set_user_data(struct libinput_device *device, void *user_data)
{
	device->user_data = user_data;
}

void *libinput_device_get_user_data(struct libinput_device *device)
{
	return device->user_data;
}

const char *libinput_device_get_name(struct libinput_device *device)
{
	return device->name;
}

const char *libinput_device_get_sysname(struct libinput_device *device)
{
	return device->sysname;
}

unsigned int libinput_device_get_id_vendor(struct libinput_device *device)
{
	return device->vendor;
}

unsigned int libinput_device_get_id_product(struct libinput_device *device)
{
	return device->product;
}

int libinput_device_get_size(struct libinput_device *device, double *width, double *height)
{
	if (device->width_mm == 0)
		return -1;
	*width = device->width_mm;
	*height = device->height_mm;
	return 0;
}

int libinput_device_has_capability(struct libinput_device *device,
	enum libinput_device_capability capability)
{
	return device->capabilities >> capability & 1;
}

struct udev_device *libinput_device_get_udev_device(struct libinput_device *device)
{
	if (device->udev_device)
		device->udev_device->references++;
	return device->udev_device;
}

void libinput_device_led_update(struct libinput_device *device, enum libinput_led leds)
{
	g_string_append_printf(device->asked, "leds %d;", (int)leds);
}

/* ---- their options ---- */

static enum libinput_config_status ask(struct libinput_device *device, const char *what,
	double value)
{
	g_string_append_printf(device->asked, "%s %g;", what, value);
	return device->refuses ? LIBINPUT_CONFIG_STATUS_INVALID : LIBINPUT_CONFIG_STATUS_SUCCESS;
}

const char *libinput_config_status_to_str(enum libinput_config_status status)
{
	return status == LIBINPUT_CONFIG_STATUS_INVALID ? "refused" : "?";
}

int libinput_device_config_accel_is_available(struct libinput_device *device)
{
	return device->accelerates;
}

enum libinput_config_status libinput_device_config_accel_set_profile(struct libinput_device *device,
	enum libinput_config_accel_profile profile)
{
	return ask(device, "profile", profile);
}

enum libinput_config_status libinput_device_config_accel_set_speed(struct libinput_device *device,
	double speed)
{
	return ask(device, "speed", speed);
}

int libinput_device_config_scroll_has_natural_scroll(struct libinput_device *device)
{
	return device->scrolls_naturally;
}

enum libinput_config_status libinput_device_config_scroll_set_natural_scroll_enabled(
	struct libinput_device *device, int enable)
{
	return ask(device, "natural", enable);
}

int libinput_device_config_tap_get_finger_count(struct libinput_device *device)
{
	return device->tap_fingers;
}

enum libinput_config_status libinput_device_config_tap_set_enabled(struct libinput_device *device,
	enum libinput_config_tap_state enable)
{
	return ask(device, "tap", enable);
}

int libinput_device_config_left_handed_is_available(struct libinput_device *device)
{
	return device->has_hands;
}

enum libinput_config_status libinput_device_config_left_handed_set(struct libinput_device *device,
	int left_handed)
{
	return ask(device, "left-handed", left_handed);
}

int libinput_device_config_calibration_has_matrix(struct libinput_device *device)
{
	return device->calibrates;
}

enum libinput_config_status libinput_device_config_calibration_set_matrix(
	struct libinput_device *device, const float matrix[6])
{
	return ask(device, "matrix", (double)matrix[0]);
}

enum libinput_config_status libinput_device_config_send_events_set_mode(
	struct libinput_device *device, uint32_t mode)
{
	return ask(device, "events", mode);
}

/* ---- udev ---- */

struct udev *udev_new(void)
{
	if (libinput_double.no_udev)
		return NULL;
	libinput_double.udevs++;
	return (struct udev *)&libinput_double.udevs;
}

struct udev *udev_unref(struct udev *udev)
{
	if (udev)
		libinput_double.udevs--;
	return NULL;
}

struct udev_device *udev_device_new_from_devnum(struct udev *udev, char type, dev_t devnum)
{
	g_assert_cmpint(type, ==, 'c');
	if (libinput_double.known)
		libinput_double.known->references++;
	return libinput_double.known;
}

struct udev_device *udev_device_unref(struct udev_device *udev_device)
{
	if (udev_device)
		udev_device->references--;
	return NULL;
}

const char *udev_device_get_devnode(struct udev_device *udev_device)
{
	return udev_device->node;
}

const char *udev_device_get_property_value(struct udev_device *udev_device, const char *key)
{
	return g_strcmp0(udev_device->property, key) == 0 ? udev_device->value : NULL;
}

int udev_device_get_is_initialized(struct udev_device *udev_device)
{
	return udev_device->initialized;
}
