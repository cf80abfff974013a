/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/seat_internal.h"
#include "log.h"
#include "turn.h"

G_DEFINE_QUARK(scanoutd_seat_error_quark, seat_error)

/* ---- device nodes ---- */

static int open_directly(void *data, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void close_directly(void *data, int fd)
{
	close(fd);
}

const struct device_opener seat_opener_direct = {open_directly, close_directly, NULL};

bool seat_is_passing(int number)
{
	return number == ETIMEDOUT || number == EMFILE || number == ENFILE || number == ENOMEM ||
		number == EAGAIN || number == EINTR;
}

static int open_restricted(const char *path, int flags, void *data)
{
	struct seat *seat = data;
	int fd = seat->opener.open(seat->opener.data, path, flags);

	if (fd >= 0) {
		seat_held_opened(seat, path, fd);
		return fd;
	}
	if (seat_is_passing(-fd)) {
		seat->misses = true;
		if (seat->options.missed)
			seat->options.missed(seat->options.missed_data);
	}
	if ((fd == -EACCES || fd == -EPERM) && !seat->told_permission) {
		seat->told_permission = true;
		log_daemon(G_LOG_LEVEL_WARNING,
			"%s may not be opened: %s; the group input may (usermod -aG input USER), as may "
			"root and whom a seat manager lets",
			path, g_strerror(-fd));
	} else {
		log_daemon(G_LOG_LEVEL_DEBUG, "%s cannot be opened: %s", path, g_strerror(-fd));
	}
	return fd;
}

static void close_restricted(int fd, void *data)
{
	struct seat *seat = data;

	seat->opener.close(seat->opener.data, fd);
}

static const struct libinput_interface node_interface = {
	.open_restricted = open_restricted,
	.close_restricted = close_restricted,
};

G_GNUC_PRINTF(3, 0)
static void write_log(struct libinput *libinput, enum libinput_log_priority priority,
	const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	log_daemon(priority == LIBINPUT_LOG_PRIORITY_ERROR ? G_LOG_LEVEL_WARNING
							   : G_LOG_LEVEL_DEBUG,
		"libinput: %s", g_strchomp(text));
}

/* ---- a device's options ---- */

static void check(const struct seat_device *device, const char *what, bool available,
	enum libinput_config_status status)
{
	if (available && status == LIBINPUT_CONFIG_STATUS_SUCCESS)
		return;
	log_daemon(G_LOG_LEVEL_WARNING, "input device \"%s\": %s %s", seat_device_name(device),
		what, available ? libinput_config_status_to_str(status) : "does not apply to it");
}

static void apply_pointer_options(const struct seat_device *device,
	const struct seat_device_options *options)
{
	struct libinput_device *libinput = device->device;
	bool accelerates = libinput_device_config_accel_is_available(libinput);

	if (options->profile != SEAT_PROFILE_DEFAULT)
		check(device, "acceleration-profile", accelerates,
			libinput_device_config_accel_set_profile(libinput,
				options->profile == SEAT_PROFILE_FLAT
					? LIBINPUT_CONFIG_ACCEL_PROFILE_FLAT
					: LIBINPUT_CONFIG_ACCEL_PROFILE_ADAPTIVE));
	if (options->acceleration != 0)
		check(device, "acceleration", accelerates,
			libinput_device_config_accel_set_speed(libinput, options->acceleration));
	if (options->natural_scrolling != SEAT_DEFAULT)
		check(device, "natural-scrolling",
			libinput_device_config_scroll_has_natural_scroll(libinput),
			libinput_device_config_scroll_set_natural_scroll_enabled(libinput,
				options->natural_scrolling == SEAT_ON));
	if (options->tap != SEAT_DEFAULT)
		check(device, "tap", libinput_device_config_tap_get_finger_count(libinput) > 0,
			libinput_device_config_tap_set_enabled(libinput,
				options->tap == SEAT_ON ? LIBINPUT_CONFIG_TAP_ENABLED
							: LIBINPUT_CONFIG_TAP_DISABLED));
}

static void apply_options(const struct seat_device *device,
	const struct seat_device_options *options)
{
	struct libinput_device *libinput = device->device;

	apply_pointer_options(device, options);
	if (options->left_handed != SEAT_DEFAULT)
		check(device, "left-handed",
			libinput_device_config_left_handed_is_available(libinput),
			libinput_device_config_left_handed_set(libinput,
				options->left_handed == SEAT_ON));
	if (options->calibrated)
		check(device, "calibration",
			libinput_device_config_calibration_has_matrix(libinput),
			libinput_device_config_calibration_set_matrix(libinput,
				options->calibration));
}

/* ---- devices that come and go ---- */

static void free_device(struct seat_device *device)
{
	libinput_device_set_user_data(device->device, NULL);
	libinput_device_unref(device->device);
	if (device->udev_device)
		udev_device_unref(device->udev_device);
	g_free(device);
}

static void device_added(struct seat *seat, struct libinput_device *libinput)
{
	struct seat_device_options options = {0};
	struct seat_device *device = g_new0(struct seat_device, 1);

	device->seat = seat;
	device->device = libinput_device_ref(libinput);
	device->udev_device = libinput_device_get_udev_device(libinput);
	if (seat->options.configure)
		seat->options.configure(seat->data, device, &options);
	if (options.ignore) {
		/* Closes it, where libinput can. */
		libinput_device_config_send_events_set_mode(libinput,
			LIBINPUT_CONFIG_SEND_EVENTS_DISABLED);
		free_device(device);
		return;
	}
	apply_options(device, &options);
	libinput_device_set_user_data(libinput, device);
	log_daemon(G_LOG_LEVEL_DEBUG, "input device \"%s\" (%s)", seat_device_name(device),
		seat_device_node(device));
	if (seat->listener->device_added)
		seat->listener->device_added(seat->data, device);
	seat_held_added(device);
}

static void device_removed(struct seat *seat, struct libinput_device *libinput)
{
	struct seat_device *device = libinput_device_get_user_data(libinput);

	if (!device)
		return;
	seat_device_release(device);
	if (seat->listener->device_removed)
		seat->listener->device_removed(seat->data, device);
	free_device(device);
}

void seat_device_tell(struct seat_device *device, const struct seat_event *event)
{
	device->seat->listener->event(device->seat->data, device, event);
}

/* ---- the main loop's source ---- */

static void drain(struct seat *seat)
{
	struct libinput_event *event;

	while ((event = libinput_get_event(seat->libinput)) != NULL) {
		struct libinput_device *libinput = libinput_event_get_device(event);
		struct seat_device *device = libinput_device_get_user_data(libinput);

		switch (libinput_event_get_type(event)) {
		case LIBINPUT_EVENT_DEVICE_ADDED:
			device_added(seat, libinput);
			break;
		case LIBINPUT_EVENT_DEVICE_REMOVED:
			device_removed(seat, libinput);
			break;
		default:
			if (device)
				seat_translate(device, event);
			break;
		}
		libinput_event_destroy(event);
	}
}

struct seat_source {
	GSource source;
	struct seat *seat;
	gpointer fd_tag;
};

static gboolean source_check(GSource *base)
{
	return g_source_query_unix_fd(base, ((struct seat_source *)base)->fd_tag) != 0;
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer data)
{
	struct seat *seat = ((struct seat_source *)base)->seat;

	turn_note();
	libinput_dispatch(seat->libinput);
	drain(seat);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
	.check = source_check,
	.dispatch = source_dispatch,
};

static void attach_source(struct seat *seat)
{
	struct seat_source *source;

	seat->source = g_source_new(&source_functions, sizeof(*source));
	source = (struct seat_source *)seat->source;
	source->seat = seat;
	source->fd_tag = g_source_add_unix_fd(seat->source, libinput_get_fd(seat->libinput),
		G_IO_IN);
	g_source_set_name(seat->source, "seat");
	g_source_set_can_recurse(seat->source, TRUE);
	g_source_attach(seat->source, NULL);
}

/* ---- life ---- */

static bool open_udev_seat(struct seat *seat, GError **error)
{
	seat->udev = udev_new();
	seat->libinput = seat->udev
		? libinput_udev_create_context(&node_interface, seat, seat->udev)
		: NULL;
	if (seat->libinput) {
		libinput_log_set_handler(seat->libinput, write_log);
		libinput_log_set_priority(seat->libinput, LIBINPUT_LOG_PRIORITY_INFO);
		if (libinput_udev_assign_seat(seat->libinput, seat->options.name) == 0)
			return true;
	}
	g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV,
		"the devices of %s cannot be watched: is udev there?", seat->options.name);
	return false;
}

static bool open_path_seat(struct seat *seat, GError **error)
{
	seat->libinput = libinput_path_create_context(&node_interface, seat);
	if (!seat->libinput) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV, "libinput cannot be used");
		return false;
	}
	libinput_log_set_handler(seat->libinput, write_log);
	libinput_log_set_priority(seat->libinput, LIBINPUT_LOG_PRIORITY_INFO);
	return true;
}

struct seat *seat_create(const struct seat_options *options, const struct seat_listener *listener,
	void *data, GError **error)
{
	struct seat *seat = g_new0(struct seat, 1);

	seat->options = *options;
	seat->opener = options->opener ? *options->opener : seat_opener_direct;
	seat->listener = listener;
	seat->data = data;
	seat->held_at_open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	seat->holding = g_ptr_array_new();
	if (!(options->name ? open_udev_seat(seat, error) : open_path_seat(seat, error))) {
		seat_destroy(seat);
		return NULL;
	}
	attach_source(seat);
	/* The devices that are there already. */
	drain(seat);
	return seat;
}

void seat_destroy(struct seat *seat)
{
	if (!seat)
		return;
	if (seat->libinput) {
		seat_suspend(seat);
		libinput_unref(seat->libinput);
	}
	if (seat->source) {
		g_source_destroy(seat->source);
		g_source_unref(seat->source);
	}
	if (seat->udev)
		udev_unref(seat->udev);
	g_hash_table_unref(seat->held_at_open);
	g_ptr_array_unref(seat->holding);
	g_free(seat);
}

/* libinput knows by udev's database what a device is. It would wait two seconds for one that is not
 * there, and then say no. */
static bool is_known_to_udev(const char *path)
{
	struct udev *udev = udev_new();
	struct udev_device *device = NULL;
	struct stat node;
	bool known;

	if (udev && stat(path, &node) == 0 && S_ISCHR(node.st_mode))
		device = udev_device_new_from_devnum(udev, 'c', node.st_rdev);
	known = device && udev_device_get_is_initialized(device);
	udev_device_unref(device);
	udev_unref(udev);
	return known;
}

bool seat_add_path(struct seat *seat, const char *path, GError **error)
{
	if (!is_known_to_udev(path)) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_DEVICE,
			"%s: no such device in udev's database, by which libinput knows them",
			path);
		return false;
	}
	if (!libinput_path_add_device(seat->libinput, path)) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_DEVICE,
			"%s is no input device that can be used", path);
		return false;
	}
	drain(seat);
	return true;
}

void seat_suspend(struct seat *seat)
{
	seat->misses = false;
	/* Removes every device: what is pressed on it is released first. */
	libinput_suspend(seat->libinput);
	drain(seat);
}

bool seat_resume(struct seat *seat, GError **error)
{
	if (libinput_resume(seat->libinput) != 0) {
		g_set_error(error, SEAT_ERROR, SEAT_ERROR_UDEV,
			"the devices cannot be opened again");
		return false;
	}
	drain(seat);
	return true;
}

bool seat_misses_devices(const struct seat *seat)
{
	return seat->misses;
}

/* ---- a device ---- */

unsigned int seat_device_capabilities(const struct seat_device *device)
{
	static const struct {
		enum libinput_device_capability libinput;
		enum seat_capability ours;
	} capabilities[] = {
		{LIBINPUT_DEVICE_CAP_KEYBOARD, SEAT_KEYBOARD},
		{LIBINPUT_DEVICE_CAP_POINTER, SEAT_POINTER},
		{LIBINPUT_DEVICE_CAP_TOUCH, SEAT_TOUCH},
		{LIBINPUT_DEVICE_CAP_TABLET_TOOL, SEAT_TABLET},
		{LIBINPUT_DEVICE_CAP_SWITCH, SEAT_SWITCH},
	};
	unsigned int set = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (libinput_device_has_capability(device->device, capabilities[i].libinput))
			set |= capabilities[i].ours;
	}
	return set;
}

const char *seat_device_name(const struct seat_device *device)
{
	return libinput_device_get_name(device->device);
}

uint32_t seat_device_vendor(const struct seat_device *device)
{
	return libinput_device_get_id_vendor(device->device);
}

uint32_t seat_device_product(const struct seat_device *device)
{
	return libinput_device_get_id_product(device->device);
}

const char *seat_device_node(const struct seat_device *device)
{
	const char *node = device->udev_device ? udev_device_get_devnode(device->udev_device)
					       : NULL;

	return node ? node : libinput_device_get_sysname(device->device);
}

const char *seat_device_property(const struct seat_device *device, const char *name)
{
	return device->udev_device ? udev_device_get_property_value(device->udev_device, name)
				   : NULL;
}

bool seat_device_size(const struct seat_device *device, double *width_mm, double *height_mm)
{
	return libinput_device_get_size(device->device, width_mm, height_mm) == 0;
}

void seat_device_set_leds(struct seat_device *device, uint32_t leds)
{
	unsigned int set = 0;

	if (leds & 1u << LED_NUML)
		set |= LIBINPUT_LED_NUM_LOCK;
	if (leds & 1u << LED_CAPSL)
		set |= LIBINPUT_LED_CAPS_LOCK;
	if (leds & 1u << LED_SCROLLL)
		set |= LIBINPUT_LED_SCROLL_LOCK;
	libinput_device_led_update(device->device, (enum libinput_led)set);
}

void seat_device_set_data(struct seat_device *device, void *data)
{
	device->data = data;
}

void *seat_device_data(const struct seat_device *device)
{
	return device->data;
}
