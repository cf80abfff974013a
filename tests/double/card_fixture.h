/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests of kms/ share: a device on the double, with everything written down that its
 * listener hears. One at a time; double_reset() and changes of double_card come before card_open().
 */
#ifndef DOUBLE_FIXTURE_H
#define DOUBLE_FIXTURE_H

#include "drm_double.h"

#include <kms.h>

struct card_output {
	struct kms_output *output;
	uint64_t presented; /* the last serial */
	unsigned int presentations;
	unsigned int idle; /* commits without a frame of ours that left it idle */
	struct kms_presentation presentation;
	bool busy_when_presented;
	uint64_t failed; /* the last serial */
	unsigned int failures;
	int error;
	unsigned int changes;
};

struct card_fixture {
	struct kms_device *device;
	struct card_output outputs[DOUBLE_CRTCS_MAX];
	size_t count;
	bool gone;
	GString *log; /* every line that was logged */
	uint64_t serial;
	/* Called when a frame was presented: for what callers do from there. */
	void (*on_presented)(struct card_fixture *fixture, struct card_output *output);
};

/* The g_test_init() of these tests: lines that are logged go to the fixture. */
void card_init(int *argc, char ***argv);

void card_open(struct card_fixture *fixture);
/* As card_open(), with a flip timeout. */
void card_open_timed(struct card_fixture *fixture, unsigned int flip_timeout_ms);
/* Every output on with this mode, NULL for the preferred one. */
void card_configure(struct card_fixture *fixture, const char *mode, bool keep_picture);
/* double_reset(), open, configure with the preferred mode; counters are zero after it. */
void card_start(struct card_fixture *fixture);
/* Ends the test: fails if the double found a fault, or if something was left behind. */
void card_finish(struct card_fixture *fixture);

/* Lets the main loop do what there is to do now. */
void card_turn(void);
/* A vblank on CRTC n, and what comes of it. */
void card_flip(unsigned int n);

/* Iterates the main loop until the condition holds; it fails the test after 20 s. */
#define card_wait(condition) \
	do { \
		bool card_tired = false; \
		guint card_guard = g_timeout_add_seconds(20, card_tire, &card_tired); \
		while (!(condition) && !card_tired) \
			g_main_context_iteration(NULL, TRUE); \
		g_assert_false(card_tired); \
		g_source_remove(card_guard); \
	} while (0)
gboolean card_tire(gpointer tired);

/* A whole-screen frame of a buffer with the next serial, and with damage if `damage` is not
 * NULL. */
enum kms_submit card_submit(struct card_fixture *fixture, size_t output, struct kms_buffer *buffer,
	const struct kms_rect *damage, size_t damage_count);

/* A dumb buffer of the output's mode. */
struct kms_buffer *card_buffer(struct card_fixture *fixture, size_t output);

/* The committed framebuffer of an output's primary plane. */
uint32_t card_shown(unsigned int n);

#endif
