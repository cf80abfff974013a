/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for kms/ in the unit tests of src/: the calls of include/kms.h over a card of memory. It
 * keeps a frame's life as kms/ does (pending, queued, current; the newest pending one wins),
 * records every commit, and reports what a test tells it to: an event, a failure, an output that
 * goes off.
 *
 * The structs are open, so that a test can look and turn knobs.
 */
#ifndef SCANOUTD_TEST_FAKE_KMS_H
#define SCANOUTD_TEST_FAKE_KMS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kms.h"

#define FAKE_COMMITS_MAX 256

struct kms_buffer {
	struct kms_device *device;
	unsigned int references;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint32_t fourcc;
	bool imported;
	int dmabuf; /* given with it; -1: none was */
	uint8_t *pixels; /* of a dumb buffer */
};

struct fake_frame {
	struct kms_frame frame; /* buffer NULL: none */
	struct kms_rect damage[KMS_DAMAGE_MAX];
};

/* A layer above an output's picture; its frames flip with those of the output. */
struct kms_output_layer {
	struct kms_output *output;
	bool used;
	bool plane; /* by the last kms_output_arrange(), for frames of this kind: */
	struct kms_frame kind;
	uint32_t width, height, fourcc; /* … and of such buffers */
	bool imported;
	struct kms_layer_listener listener;
	void *data;
	uint16_t alpha;
	struct fake_frame pending, queued, current;
	unsigned int commits; /* with a frame of it */
	uint64_t dropped; /* a pending frame that lost its plane: told with the next event; or 0 */
};

struct kms_output {
	struct kms_device *device;
	char name[16];
	char monitor[32]; /* "": it says no name */
	bool connected;
	bool active;
	bool without_crtc; /* a test's, as kms_output_without_crtc() */
	bool setting_mode; /* a test's, as kms_output_setting_mode() */
	bool former; /* as kms_output_keeps_former() */
	/* kms_output_await_layers() said these last. */
	struct kms_rect awaited[KMS_LAYERS_MAX];
	size_t awaited_count;
	bool cursor_forgotten; /* kms_output_forget_cursor() */
	bool changed; /* active, by kms_device_configure(): to be told by fake_tell() */
	struct kms_mode_info mode;
	uint8_t edid[128];
	size_t edid_size;
	uint32_t width_mm, height_mm;

	/* What the driver can do. */
	bool cursor_plane;
	bool scaler;
	bool positions; /* planes that do not cover the CRTC */
	bool reflects; /* … and turns */
	enum kms_transform panel_transform;
	bool shows_dmabufs;
	bool refuses_submit; /* whatever the test said */
	unsigned int
		overlays; /* planes for layers; they show what the picture's shows, in any place */
	bool overlay_alpha; /* … also where they are translucent */

	struct fake_frame pending, queued, current;
	struct fake_frame commits[FAKE_COMMITS_MAX]; /* in order; no references held */
	size_t commit_count;
	unsigned int tests;
	struct kms_output_layer layers[KMS_LAYERS_MAX];
	unsigned int arrangements; /* kms_output_arrange() was asked */
	bool batched;

	bool cursor_in_flight; /* a commit of the cursor alone */
	bool cursor_visible;
	uint32_t cursor_pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	uint32_t cursor_hot_x, cursor_hot_y;
	int32_t cursor_x, cursor_y;
	unsigned int cursor_sets, cursor_moves;
	struct kms_output_counters counters; /* a test's: nothing here counts */
};

struct kms_device {
	struct kms_output *outputs;
	size_t output_count;
	const struct kms_listener *listener;
	void *data;
	unsigned int buffers; /* that exist */
	unsigned int given; /* of them those that an fd was given to: they may outlive the card */
	bool destroyed; /* but for these */
	bool gone; /* as kms_device_gone() has it */
	unsigned int imports;
	struct kms_device_counters counters; /* imports alone */
	unsigned int trims;
	bool refuses_import;
	bool has_seen; /* what is imported is found in the cache */
	bool refuses_dumb;
	bool refuses_configure;
	/* The last kms_device_configure(). */
	struct kms_output_request requests[KMS_OUTPUTS_MAX];
	size_t request_count;
	unsigned int configured;
};

/* Outputs "DP-1", "DP-2" … of the same mode at 60 Hz, connected and active, that can do everything
 * but scale. kms_device_configure() turns off what is not requested. */
struct kms_device *fake_card_create(size_t outputs, uint32_t width, uint32_t height);
/* Checks that every buffer is gone. */
void fake_card_destroy(struct kms_device *device);

void fake_card_listen(struct kms_device *device, const struct kms_listener *listener, void *data);

/* The page-flip event of the commit in flight, which must be there: of the picture, of layers, or
 * all. */
void fake_flip(struct kms_output *output);
/* … of a driver without vblank. */
void fake_flip_without_vblank(struct kms_output *output);
/* … of a commit of the cursor alone. */
void fake_flip_cursor(struct kms_output *output);
/* The frame in flight fails, and with it the pending one. */
void fake_fail(struct kms_output *output, int error);
/* Off: frames fail with EACCES. On: what kms/ does at resume but for the last picture. */
void fake_set_active(struct kms_output *output, bool active);
/* What kms/ tells from the main loop after a kms_device_configure(). */
void fake_tell(struct kms_device *device);
/* A round of probing is over. */
void fake_probe(struct kms_device *device);
/* Off, and what was on the glass is no more: the screen comes back black. */
void fake_unplug(struct kms_output *output);
void fake_set_mode(struct kms_output *output, uint32_t width, uint32_t height);

/* Something is in flight, of the picture or of a layer. */
bool fake_in_flight(const struct kms_output *output);

/* What is to be seen with the commit in flight: of the uppermost layer that has a plane and lies
 * there, else the picture's, as fake_pixel() has it; where buffers of both are dumb. */
uint32_t fake_seen(const struct kms_output *output, uint32_t x, uint32_t y);

/* The frame that was committed last. */
const struct kms_frame *fake_last(const struct kms_output *output);
/* Its pixel, if it is a dumb buffer shown in its own size over all of the CRTC. Without X. */
uint32_t fake_pixel(const struct kms_output *output, uint32_t x, uint32_t y);

#endif
