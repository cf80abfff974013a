/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests from the display socket to the card, for tests of the scene: a fake card
 * (fake/fake_kms.h), a layout, and for each guest a real channel with the test as its back-end at
 * the other end.
 *
 * Everything happens in one thread: a test sends, the main loop runs until nothing is ready, and
 * the test looks. Call fixture_init() of channel_fixture.h first.
 */
#ifndef SCANOUTD_TEST_SCENE_FIXTURE_H
#define SCANOUTD_TEST_SCENE_FIXTURE_H

#include <drm_fourcc.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "fake/fake_kms.h"
#include "scene/guest.h"
#include "scene/layout.h"

#define SCENE_GUESTS_MAX 4

/* Colours of test pictures. */
#define RED 0xff0000u
#define GREEN 0x00ff00u
#define BLUE 0x0000ffu

/* A picture as large as an output is by default. */
#define SCENE_WIDTH 64
#define SCENE_HEIGHT 48
#define SCENE_BYTES (SCENE_WIDTH * SCENE_HEIGHT * 4)
extern const struct kms_rect scene_full;

struct scene {
	struct kms_device *card;
	struct layout *layout;
	size_t guest_count;
	struct account *accounts[SCENE_GUESTS_MAX];
	struct guest *guests[SCENE_GUESTS_MAX];
	struct guest_state *states[SCENE_GUESTS_MAX];
	int peers[SCENE_GUESTS_MAX];
	int sockets[SCENE_GUESTS_MAX]; /* the guests' own ends, borrowed */
	struct kept_fds *kept[SCENE_GUESTS_MAX]; /* NULL without scene_options.kept */
	unsigned int detached[SCENE_GUESTS_MAX];
	unsigned int gone;
	unsigned int changed;
	GString *
		screens; /* what layout_listener.screen_changed was told, "a 0 64x48+0+0 531x299\n" */
	GString *lives; /* … and .life: "a dead\n" */
	unsigned int seen; /* how often layout_listener.seen was told */
	char *said; /* by the layout when it was configured, or NULL */
};

struct scene_options {
	size_t outputs; /* 0: one */
	uint32_t width; /* of their mode; 0: 64×48 */
	uint32_t height;
	uint32_t cards; /* that there can be: scene.card is the first; 0: one */
	size_t guests; /* 0: one; named "a", "b" … */
	enum place_policy policy;
	/* Of all guests; .after is failed, too. */
	struct picture_spec before;
	struct picture_spec after;
	struct alive_options alive;
	struct picture_spec dead;
	const struct region_options *regions;
	size_t region_count;
	const char *font; /* of cards: a path */
	bool later; /* the layout has no card so far */
	int64_t blank_after_ms; /* with off_after_ms; 0 and 0: never */
	int64_t off_after_ms;
	unsigned int flip_timeout_ms;
	enum answers_mode answers;
	enum firmware_pictures firmware;
	unsigned int firmware_patience_ms;
	unsigned int told_patience_ms;
	const struct layout_output *sections;
	size_t section_count;
	const struct layout_named *named;
	size_t named_count;
	const char *chosen;
	const struct layout_layer *layers;
	size_t layer_count;
	bool kept; /* guests survive */
	bool refuses_import; /* the card does, from the beginning */
};

struct scene *scene_create(const struct scene_options *options);
/* And guest 0 has drawn its scanout 0 red all over, as large as an output is by default. */
struct scene *scene_create_red(const struct scene_options *options);
/* Checks that no buffer is left. */
void scene_destroy(struct scene *scene);

/*
 * The process is killed: what it still has to say, until it is destroyed, goes nowhere. The next
 * one has another card, of the same kind, with its picture, and goes on with guest 0; false: it
 * cannot.
 */
struct scene *scene_succeed(struct scene *killed, const struct scene_options *options,
	bool goes_on);

/* Makes the card and the guests, but not the layout; for tests that change the card before it. */
struct scene *scene_prepare(const struct scene_options *options);
/* The layout, with the card where the options do not say that it comes later. */
void scene_configure(struct scene *scene, const struct scene_options *options);

/* layout_reconfigure() to the sections and layouts of the options. */
void scene_reconfigure(struct scene *scene, const struct scene_options *options);

/* Output 0 is what most tests look at. */
struct kms_output *scene_output(struct scene *scene, size_t index);

/* All that is in flight on output 0, or waits to be; without vblanks, for which one might wait for
 * another. */
void scene_settle(struct scene *scene);

/* A frame of this colour all over is on the way to the glass, or there. */
void scene_expect_color(struct kms_output *output, uint32_t color);

/* Paints the memory of a dma-buf of SCENE_BYTES. */
void scene_paint(uint32_t *memory, uint32_t color);
/* Guest 0 shows such a dma-buf on the scanout, or on scanout 0, painted before. Returns its
 * memory. */
uint32_t *scene_show_dmabuf_on(struct scene *scene, uint32_t scanout, uint32_t color);
uint32_t *scene_show_dmabuf(struct scene *scene, uint32_t color);

/* A new display socket for the guest. */
void scene_attach(struct scene *scene, size_t guest);
/* The back-end closes its end. */
void scene_hang_up(struct scene *scene, size_t guest);

/* Bytes of a message, all taken in; `fd` -1: none, else it is closed. */
void scene_send_raw(struct scene *scene, size_t guest, const void *bytes, size_t size, int fd);
void scene_send(struct scene *scene, size_t guest, uint32_t request, const void *payload,
	size_t size, int fd);

/* The messages, to guest 0. */
void scene_scanout(struct scene *scene, uint32_t scanout, uint32_t width, uint32_t height);
void scene_update(struct scene *scene, uint32_t scanout, struct kms_rect rect, uint32_t color);
/* Only the head and so many bytes of an UPDATE. */
void scene_half_update(struct scene *scene, uint32_t scanout, struct kms_rect rect, uint32_t color,
	size_t bytes);
/* And so many more pixels of it. */
void scene_more_pixels(struct scene *scene, uint32_t color, size_t bytes);
void scene_dmabuf(struct scene *scene, uint32_t scanout, uint32_t width, uint32_t height, int fd);
void scene_dmabuf_update(struct scene *scene, uint32_t scanout, struct kms_rect rect);
void scene_cursor(struct scene *scene, uint32_t scanout, int32_t x, int32_t y, uint32_t color);
void scene_cursor_pos(struct scene *scene, uint32_t scanout, int32_t x, int32_t y, bool visible);

/* An UPDATE or SCANOUT at once as a reader would never get it: in one piece with others. */
void scene_append_update(GByteArray *bytes, uint32_t scanout, struct kms_rect rect, uint32_t color);

/* Replies to DMABUF_UPDATE since the last call; any other reply fails the test. */
unsigned int scene_replies(struct scene *scene, size_t guest);
/* Runs the main loop until one came. */
void scene_wait_reply(struct scene *scene, size_t guest);

/* Lines of the log since the last call must contain the text, or be none. */
void scene_expect_log(const char *text);
void scene_expect_no_log(void);

#endif
