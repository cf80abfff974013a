/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cases of kms/ in the lab share: a vkms card made to measure, a device on it with
 * everything written down that its listener hears, and what the kernel has, seen through a
 * descriptor of the test's own.
 */
#ifndef KMS_LAB_H
#define KMS_LAB_H

#include "../common/kernel.h"

#include <kms.h>
#include <xf86drmMode.h>

#define WAIT_SECONDS 20
#define OUTPUTS 3

struct watched {
	struct kms_output *output;
	uint64_t submitted;
	uint64_t presented;
	uint64_t presentations;
	uint64_t failed;
	unsigned int failures;
	int failure;
	unsigned int changes;
	/* While frames are left, the next one is submitted when one was presented. */
	unsigned int frames_left;
	struct kms_buffer *buffers[2];
};

struct lab {
	char name[16]; /* of the vkms card: each case has its own */
	char *path;
	int fd; /* the test's own, never master */
	unsigned int flip_timeout_ms; /* before the device is opened; 0: the default */
	struct kms_device *device;
	struct watched watched[OUTPUTS];
	size_t count;
	bool gone;
};

/* "create", "remove" or "connector" of tests/lab/vkms. */
void lab_change_vkms(struct lab *lab, const char *action, const char *index, const char *status);

/* A card of the shape that tests/lab/vkms takes. */
void lab_make_card(struct lab *lab, const char *shape);
void lab_remove_card(struct lab *lab);

extern const struct kms_listener lab_listener;
void lab_open_device(struct lab *lab);
void lab_open_device_on(struct lab *lab, int fd);
void lab_close_device(struct lab *lab);
/* Every output on. */
void lab_configure(struct lab *lab, const char *mode, bool keep_picture);

/* Two for each output. */
void lab_make_buffers(struct lab *lab);
enum kms_submit lab_submit(struct watched *watched, struct kms_buffer *buffer);

/* ---- what the kernel has ---- */

struct seen {
	uint32_t crtc;
	drmModeModeInfo mode;
	bool lit;
};

/* Of an object's property, which must be there. */
uint32_t lab_property_id(int fd, uint32_t object, uint32_t type, const char *name);
uint64_t lab_property(int fd, uint32_t object, uint32_t type, const char *name);
/* The nth CRTC. */
struct seen lab_look_at_crtc(struct lab *lab, int index);
/* The plane of a type on a CRTC; 0 if none is there. */
uint32_t lab_find_plane(struct lab *lab, uint32_t crtc, uint64_t type);
uint32_t lab_framebuffer_on(struct lab *lab, uint32_t crtc);

/* ---- the cases of trouble.c ---- */

void lab_add_trouble(void);

/* ---- the cases of layers.c ---- */

void lab_add_layers(void);

#endif
