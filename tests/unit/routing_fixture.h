/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of the host's events to the machines, for test-routing*: libinput is a double, the
 * machines' devices are written down, and what there is between is real. Guest a is on DP-1, b on
 * DP-2, each with a picture all over. Call fixture_init() of channel_fixture.h first.
 */
#ifndef TESTS_UNIT_ROUTING_FIXTURE_H
#define TESTS_UNIT_ROUTING_FIXTURE_H

#include <linux/input-event-codes.h>

#include "input/routing.h"
#include "libinput_double.h"
#include "record_sink.h"
#include "scene_fixture.h"

/* Devices that each machine has, beside two touch screens. */
#define KINDS (1u << INPUT_KEYBOARD | 1u << INPUT_POINTER | 1u << INPUT_PEN)

extern char routing_name_a[], routing_name_b[];

struct routing_fixture {
	struct scene *scene;
	struct config config;
	struct config_guest guests[2];
	struct machines *machines;
	struct recorded_machine recorded[2];
	struct routing *routing;
	struct seat *seat;
	struct libinput_device device; /* what it can do is the test's */
	GString *told; /* by the routing: "leave vt3 devices a- a+ " */
};

/* Writes into `told`. */
extern const struct routing_listener routing_fixture_listener;

/* `idle_ms`: idle-off= of guest a, or 0; `section`: [device], or NULL. */
void routing_set_up(struct routing_fixture *fixture, unsigned int kinds, gint64 idle_ms,
	struct config_device *section);
/* Both guests are of one machine, a. */
void routing_set_up_one_machine(struct routing_fixture *fixture, unsigned int kinds,
	struct config_device *section);
/* And b is on a layer, too: the lower right quarter of DP-1. */
void routing_set_up_layer(struct routing_fixture *fixture, unsigned int kinds,
	struct config_device *section);
void routing_tear_down(struct routing_fixture *fixture);

/* The device is there, and can do this. */
void routing_plug(struct routing_fixture *fixture, enum libinput_device_capability capability);
/* The guest has another picture, which reaches the glass. */
void routing_show(struct routing_fixture *fixture, size_t guest, uint32_t width, uint32_t height);

/* Lets the main loop do what there is to do now. */
void routing_turn(void);
/* And then the two machines have got exactly this since the last time. */
void routing_expect(struct routing_fixture *fixture, const char *a, const char *b);
void routing_expect_told(struct routing_fixture *fixture, const char *told);
/* Whatever it was. */
void routing_forget(struct routing_fixture *fixture);

/* ---- what happens on the host, on the device ---- */

void host_send(struct routing_fixture *fixture, struct libinput_event event);
void host_key(struct routing_fixture *fixture, uint32_t code, bool pressed);
/* All three are pressed, then released. */
void host_chord(struct routing_fixture *fixture, uint32_t first, uint32_t second, uint32_t third);
/* At x, x. */
void host_touch(struct routing_fixture *fixture, enum libinput_event_type type, int32_t slot,
	double x);
void host_tool(struct routing_fixture *fixture, bool near, bool down, double x);
void host_point(struct routing_fixture *fixture, double x, double y);
void host_button(struct routing_fixture *fixture, bool pressed);
void host_move(struct routing_fixture *fixture, double x, double raw_x);

/* What a machine gets at 0.5: of a finger (with the number of the touch), of a pen that comes
 * near. */
#define TOUCHED \
	"touch0 ABS_MT_SLOT=0 ABS_MT_TRACKING_ID=%d ABS_MT_POSITION_X=32768 " \
	"ABS_MT_POSITION_Y=32768 BTN_TOUCH=1 ABS_X=32768 ABS_Y=32768\n"
#define PEN_COMES \
	"pen BTN_TOOL_PEN=1 ABS_X=32768 ABS_Y=32768 ABS_PRESSURE=0 ABS_DISTANCE=0 ABS_TILT_X=0 " \
	"ABS_TILT_Y=0 ABS_Z=0 ABS_WHEEL=0\n"

#endif
