/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hands: input devices of the host by uinput, in the lab, moved by lines on standard input. Each
 * line is answered by "ok …" when it is done, or "error …"; all devices are unplugged at its end.
 *
 *   plug NAME keyboard | mouse | absolute | switch | gamepad     ok /dev/input/eventN
 *   plug NAME touchscreen WIDTH HEIGHT                   the same; millimetres, 16 slots
 *   plug NAME pen WIDTH HEIGHT                           the same
 *   plug NAME touchpad WIDTH HEIGHT                      the same; one button, below its surface
 *   unplug NAME
 *   send NAME CODE VALUE [CODE VALUE …]                  one group: KEY_A 1, REL_X -5, SW_LID 1, …
 *   move NAME COUNT HERTZ [EVERY]                        COUNT groups of motion at that rate, and behind
 *                                                        each EVERY of them a button: see play()
 *   fingers NAME FINGERS FRAMES HERTZ                    down, frames of motion at that rate, up
 *   led NAME CODE                                        ok VALUE, when the host next switches it
 *
 * Axes of screens and touch pads are 0 to 10 times the millimetres, those of "absolute" 0 to 65535.
 * A node is there when it is printed; udev's word on it may come later (udevadm settle).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SLOTS 16
#define WORDS_MAX 128

struct hand {
	struct libevdev_uinput *uinput;
	int32_t width, height; /* of the axes of a screen */
	int32_t tracking_id;
	bool touchpad; /* tells how many fingers are down */
};

static GHashTable *hands;

static bool fail(const char *format, ...) G_GNUC_PRINTF(1, 2);

static bool fail(const char *format, ...)
{
	va_list arguments;

	printf("error ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	return false;
}

static void hand_free(gpointer data)
{
	struct hand *hand = data;

	libevdev_uinput_destroy(hand->uinput);
	g_free(hand);
}

/* ---- plug ---- */

static void enable_range(struct libevdev *device, unsigned int type, unsigned int first,
	unsigned int last)
{
	for (unsigned int code = first; code <= last; code++)
		libevdev_enable_event_code(device, type, code, NULL);
}

static void enable_axis(struct libevdev *device, unsigned int code, int32_t maximum,
	int32_t resolution)
{
	const struct input_absinfo axis = {.maximum = maximum, .resolution = resolution};

	libevdev_enable_event_code(device, EV_ABS, code, &axis);
}

static void make_keyboard(struct libevdev *device)
{
	enable_range(device, EV_KEY, KEY_ESC, KEY_MICMUTE);
	enable_range(device, EV_LED, LED_NUML, LED_SCROLLL);
}

static void make_mouse(struct libevdev *device)
{
	enable_range(device, EV_KEY, BTN_LEFT, BTN_TASK);
	enable_range(device, EV_REL, REL_X, REL_Y);
	libevdev_enable_event_code(device, EV_REL, REL_WHEEL, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_HWHEEL, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_WHEEL_HI_RES, NULL);
	libevdev_enable_event_code(device, EV_REL, REL_HWHEEL_HI_RES, NULL);
}

static void make_absolute(struct libevdev *device)
{
	enable_range(device, EV_KEY, BTN_LEFT, BTN_MIDDLE);
	enable_axis(device, ABS_X, 65535, 0);
	enable_axis(device, ABS_Y, 65535, 0);
}

/* What fingers touch. */
static void make_surface(struct libevdev *device, const struct hand *hand)
{
	libevdev_enable_event_code(device, EV_KEY, BTN_TOUCH, NULL);
	enable_axis(device, ABS_X, hand->width, 10);
	enable_axis(device, ABS_Y, hand->height, 10);
	enable_axis(device, ABS_MT_SLOT, SLOTS - 1, 0);
	enable_axis(device, ABS_MT_TRACKING_ID, 65535, 0);
	enable_axis(device, ABS_MT_POSITION_X, hand->width, 10);
	enable_axis(device, ABS_MT_POSITION_Y, hand->height, 10);
}

static void make_touchscreen(struct libevdev *device, const struct hand *hand)
{
	libevdev_enable_property(device, INPUT_PROP_DIRECT);
	make_surface(device, hand);
}

static const unsigned int finger_tools[] = {BTN_TOOL_FINGER, BTN_TOOL_DOUBLETAP, BTN_TOOL_TRIPLETAP,
	BTN_TOOL_QUADTAP, BTN_TOOL_QUINTTAP};

static void make_touchpad(struct libevdev *device, struct hand *hand)
{
	libevdev_enable_property(device, INPUT_PROP_POINTER);
	libevdev_enable_property(device, INPUT_PROP_BUTTONPAD);
	libevdev_enable_event_code(device, EV_KEY, BTN_LEFT, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(finger_tools); i++)
		libevdev_enable_event_code(device, EV_KEY, finger_tools[i], NULL);
	make_surface(device, hand);
	hand->touchpad = true;
}

static void make_pen(struct libevdev *device, const struct hand *hand)
{
	libevdev_enable_property(device, INPUT_PROP_DIRECT);
	libevdev_enable_event_code(device, EV_KEY, BTN_TOUCH, NULL);
	libevdev_enable_event_code(device, EV_KEY, BTN_STYLUS, NULL);
	libevdev_enable_event_code(device, EV_KEY, BTN_STYLUS2, NULL);
	libevdev_enable_event_code(device, EV_KEY, BTN_TOOL_PEN, NULL);
	libevdev_enable_event_code(device, EV_KEY, BTN_TOOL_RUBBER, NULL);
	enable_axis(device, ABS_X, hand->width, 10);
	enable_axis(device, ABS_Y, hand->height, 10);
	enable_axis(device, ABS_PRESSURE, 1023, 0);
	enable_axis(device, ABS_DISTANCE, 63, 0);
	libevdev_enable_event_code(device, EV_ABS, ABS_TILT_X,
		&(struct input_absinfo){.minimum = -64, .maximum = 63, .resolution = 57});
	libevdev_enable_event_code(device, EV_ABS, ABS_TILT_Y,
		&(struct input_absinfo){.minimum = -64, .maximum = 63, .resolution = 57});
}

/* Two sticks that rest in the middle, a pad of buttons: what libinput does not listen to. */
static void make_gamepad(struct libevdev *device)
{
	static const unsigned int sticks[] = {ABS_X, ABS_Y, ABS_RX, ABS_RY};
	const struct input_absinfo stick = {
		.minimum = -32768,
		.maximum = 32767,
		.fuzz = 16,
		.flat = 128,
	};

	enable_range(device, EV_KEY, BTN_SOUTH, BTN_THUMBR);
	for (size_t i = 0; i < G_N_ELEMENTS(sticks); i++)
		libevdev_enable_event_code(device, EV_ABS, sticks[i], &stick);
}

static bool make(struct libevdev *device, struct hand *hand, char **words, guint count)
{
	const char *kind = words[2];
	bool sized = count == 5;

	if (sized) {
		hand->width = 10 * atoi(words[3]);
		hand->height = 10 * atoi(words[4]);
	}
	if (strcmp(kind, "keyboard") == 0)
		make_keyboard(device);
	else if (strcmp(kind, "mouse") == 0)
		make_mouse(device);
	else if (strcmp(kind, "absolute") == 0)
		make_absolute(device);
	else if (strcmp(kind, "switch") == 0)
		enable_range(device, EV_SW, SW_LID, SW_TABLET_MODE);
	else if (strcmp(kind, "gamepad") == 0)
		make_gamepad(device);
	else if (strcmp(kind, "touchscreen") == 0 && sized)
		make_touchscreen(device, hand);
	else if (strcmp(kind, "touchpad") == 0 && sized)
		make_touchpad(device, hand);
	else if (strcmp(kind, "pen") == 0 && sized)
		make_pen(device, hand);
	else
		return false;
	return true;
}

static bool plug(char **words, guint count)
{
	struct libevdev *device = libevdev_new();
	struct hand *hand = g_new0(struct hand, 1);
	int error = -EINVAL;

	libevdev_set_name(device, words[1]);
	libevdev_set_id_bustype(device, BUS_USB);
	libevdev_set_id_vendor(device, 0x1209);
	libevdev_set_id_product(device, 1);
	if (make(device, hand, words, count))
		error = libevdev_uinput_create_from_device(device, LIBEVDEV_UINPUT_OPEN_MANAGED,
			&hand->uinput);
	libevdev_free(device);
	if (error < 0) {
		g_free(hand);
		return fail("plug: %s", g_strerror(-error));
	}
	g_hash_table_replace(hands, g_strdup(words[1]), hand);
	printf("ok %s\n", libevdev_uinput_get_devnode(hand->uinput));
	return true;
}

/* ---- moves ---- */

static bool write_event(const struct hand *hand, unsigned int type, unsigned int code,
	int32_t value)
{
	return libevdev_uinput_write_event(hand->uinput, type, code, value) == 0;
}

static bool end_group(const struct hand *hand)
{
	return write_event(hand, EV_SYN, SYN_REPORT, 0);
}

static bool send_group(const struct hand *hand, char **words, guint count)
{
	for (guint i = 2; i + 1 < count; i += 2) {
		int type = libevdev_event_type_from_code_name(words[i]);
		int code = libevdev_event_code_from_code_name(words[i]);

		if (type < 0 || code < 0)
			return fail("%s is no code", words[i]);
		if (!write_event(hand, (unsigned int)type, (unsigned int)code, atoi(words[i + 1])))
			return fail("%s: %s", words[1], g_strerror(errno));
	}
	end_group(hand);
	printf("ok\n");
	return true;
}

#define SECOND_NS INT64_C(1000000000)

/* Of a device that moves so many times a second. */
struct pace {
	int fd; /* of a timer */
	int64_t period_ns;
	int64_t due_ns; /* CLOCK_MONOTONIC: the last step was */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void pace_init(struct pace *pace, const char *hertz)
{
	pace->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	pace->period_ns = SECOND_NS / MAX(atoi(hertz), 1);
	pace->due_ns = now_ns();
}

static void pace_finish(struct pace *pace)
{
	close(pace->fd);
}

/* A hand that was late does not make up for it by a burst, nor by two steps behind each other:
 * neither does a device that its host has not asked in time. */
static bool pace_await(struct pace *pace)
{
	struct itimerspec timer = {.it_interval = {0}};
	uint64_t expired;

	pace->due_ns = MAX(pace->due_ns + pace->period_ns, now_ns() + pace->period_ns / 4);
	timer.it_value.tv_sec = pace->due_ns / SECOND_NS;
	timer.it_value.tv_nsec = pace->due_ns % SECOND_NS;
	timerfd_settime(pace->fd, TFD_TIMER_ABSTIME, &timer, NULL);
	return read(pace->fd, &expired, sizeof(expired)) == sizeof(expired);
}

/* Steps differ, so that one that is lost and one that comes twice do not make up for each other.
 * Left down, right down, left up, right up: the same button twice in a few milliseconds is a worn
 * one to libinput. */
static void play(const struct hand *hand, int step, int every)
{
	static const uint16_t buttons[] = {BTN_LEFT, BTN_RIGHT};

	write_event(hand, EV_REL, REL_X, 1 + step % 5);
	write_event(hand, EV_REL, REL_Y, -1 - step % 3);
	end_group(hand);
	if (every == 0 || (step + 1) % every != 0)
		return;
	step = (step + 1) / every - 1;
	write_event(hand, EV_KEY, buttons[step % 2], step / 2 % 2 == 0);
	end_group(hand);
}

static bool move(const struct hand *hand, char **words, guint count)
{
	int steps = atoi(words[2]);
	int every = count > 4 ? MAX(atoi(words[4]), 0) : 0;
	struct pace pace;
	int step = 0;

	pace_init(&pace, words[3]);
	while (step < steps && pace_await(&pace))
		play(hand, step++, every);
	pace_finish(&pace);
	printf("ok\n");
	return true;
}

static void press_surface(const struct hand *hand, int fingers, bool down)
{
	if (hand->touchpad && fingers <= (int)G_N_ELEMENTS(finger_tools))
		write_event(hand, EV_KEY, finger_tools[fingers - 1], down);
	write_event(hand, EV_KEY, BTN_TOUCH, down);
}

/* Finger n is in column n and goes down the surface. */
static void place_fingers(struct hand *hand, int fingers, int frame, int frames, bool begin)
{
	for (int finger = 0; finger < fingers; finger++) {
		write_event(hand, EV_ABS, ABS_MT_SLOT, finger);
		if (begin) {
			write_event(hand, EV_ABS, ABS_MT_TRACKING_ID, hand->tracking_id++);
			write_event(hand, EV_ABS, ABS_MT_POSITION_X,
				hand->width * (2 * finger + 1) / (2 * fingers));
		}
		write_event(hand, EV_ABS, ABS_MT_POSITION_Y,
			(int32_t)((int64_t)hand->height * (frame + 1) / (frames + 2)));
	}
	if (begin)
		press_surface(hand, fingers, true);
	end_group(hand);
}

static bool move_fingers(struct hand *hand, char **words)
{
	int fingers = CLAMP(atoi(words[2]), 1, SLOTS);
	int frames = atoi(words[3]);
	struct pace pace;
	int frame = 0;

	pace_init(&pace, words[4]);
	place_fingers(hand, fingers, 0, frames, true);
	while (frame < frames && pace_await(&pace))
		place_fingers(hand, fingers, ++frame, frames, false);
	pace_finish(&pace);
	for (int finger = 0; finger < fingers; finger++) {
		write_event(hand, EV_ABS, ABS_MT_SLOT, finger);
		write_event(hand, EV_ABS, ABS_MT_TRACKING_ID, -1);
	}
	press_surface(hand, fingers, false);
	end_group(hand);
	printf("ok\n");
	return true;
}

/* What the host writes to the device comes out of its uinput fd. */
static bool await_led(const struct hand *hand, const char *code_name)
{
	int code = libevdev_event_code_from_code_name(code_name);
	struct input_event event;

	while (read(libevdev_uinput_get_fd(hand->uinput), &event, sizeof(event)) == sizeof(event)) {
		if (event.type == EV_LED && event.code == code) {
			printf("ok %d\n", event.value);
			return true;
		}
	}
	return fail("%s: %s", code_name, g_strerror(errno));
}

/* ---- lines ---- */

static bool obey(char **words, guint count)
{
	struct hand *hand = count > 1 ? g_hash_table_lookup(hands, words[1]) : NULL;

	if (count >= 3 && strcmp(words[0], "plug") == 0)
		return plug(words, count);
	if (!hand)
		return fail("no such device, or command");
	if (count == 2 && strcmp(words[0], "unplug") == 0) {
		g_hash_table_remove(hands, words[1]);
		printf("ok\n");
		return true;
	}
	if (count >= 4 && count % 2 == 0 && strcmp(words[0], "send") == 0)
		return send_group(hand, words, count);
	if ((count == 4 || count == 5) && strcmp(words[0], "move") == 0)
		return move(hand, words, count);
	if (count == 5 && strcmp(words[0], "fingers") == 0)
		return move_fingers(hand, words);
	if (count == 3 && strcmp(words[0], "led") == 0)
		return await_led(hand, words[2]);
	return fail("%s is no command", words[0]);
}

int main(void)
{
	char line[4096];

	hands = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, hand_free);
	while (fgets(line, sizeof(line), stdin)) {
		g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", WORDS_MAX);

		if (words[0])
			obey(words, g_strv_length(words));
		fflush(stdout);
	}
	g_hash_table_unref(hands);
	return 0;
}
