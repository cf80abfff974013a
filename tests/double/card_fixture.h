/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests of kms/ share: a device on the double, with everything written down that its
 * listener hears, and the buffers that a test shows. card_add_test() makes one for each test and
 * ends it; the test changes double_card before it opens or starts.
 */
#ifndef DOUBLE_FIXTURE_H
#define DOUBLE_FIXTURE_H

#include "drm_double.h"

#include <kms.h>

struct card_output {
	struct kms_output *output;
	struct kms_buffer *picture; /* what card_submit() shows: NULL until it is asked for */
	uint64_t presented; /* the last serial */
	unsigned int presentations;
	unsigned int idle; /* commits without a frame of ours that left it idle */
	struct kms_presentation presentation;
	bool busy_when_presented;
	uint64_t failed; /* the last serial */
	unsigned int failures;
	int error;
	unsigned int blocked_when_failed; /* blocking commits until then */
	unsigned int changes;
};

struct card_fixture {
	struct kms_device *device;
	struct card_output outputs[DOUBLE_CRTCS_MAX];
	size_t count;
	struct kms_output_request requests[DOUBLE_CRTCS_MAX]; /* what card_configure() asked for */
	bool gone;
	unsigned int probes; /* rounds that are over */
	unsigned int changes_when_probed; /* of all outputs until then */
	GPtrArray *buffers; /* of card_buffer() */
	GString *log; /* every line that was logged */
	uint64_t serial;
	/* Called when a frame was presented: for what callers do from there. */
	void (*on_presented)(struct card_fixture *card, struct card_output *output);
};

typedef void card_test(struct card_fixture *card);

/* The g_test_init() of these tests: lines that are logged go to the fixture. */
void card_init(int *argc, char ***argv);
/* A g_test_add_func(): the test begins with the double as new and ends with card_finish(). */
void card_add_test(const char *path, card_test *test);

void card_open(struct card_fixture *card);
/* As a card that comes beside others: its outputs are found when they have been read. */
void card_open_nonblocking(struct card_fixture *card);
void card_find_outputs(struct card_fixture *card);
/* Every output on with this mode, NULL for the preferred one. */
void card_configure(struct card_fixture *card, const char *mode, bool keep_picture);
/* Output n on with its preferred mode, and every other one off. */
void card_configure_only(struct card_fixture *card, size_t n);
/* Opens and configures with the preferred mode; counters are zero after it. */
void card_start(struct card_fixture *card);
/* As card_start(), with a flip timeout. */
void card_start_timed(struct card_fixture *card, unsigned int flip_timeout_ms);
/* Gives up the buffers and the device, where a test has more to look at after that. */
void card_close(struct card_fixture *card);
/* Closes, and fails the test if the double found a fault. */
void card_finish(struct card_fixture *card);

/* Lets the main loop do what there is to do now. */
void card_turn(void);
/* A vblank on CRTC n, where a commit must be in flight, and what comes of it. */
void card_flip(unsigned int n);
/* A vblank on every CRTC that has a commit in flight. */
void card_flip_all(struct card_fixture *card);

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

/* A dumb buffer of the output's mode. It is the fixture's, until card_finish() or
 * card_release(). */
struct kms_buffer *card_buffer(struct card_fixture *card, size_t output);
void card_release(struct card_fixture *card, struct kms_buffer *buffer);
/* The one that card_submit() shows; another one where the mode has changed since. */
struct kms_buffer *card_picture(struct card_fixture *card, size_t output);

/* The next serial's frame: the whole of a buffer, pixel by pixel. */
struct kms_frame card_frame(struct card_fixture *card, struct kms_buffer *buffer);
/* Such a frame of the output's picture, or of a certain buffer. */
enum kms_submit card_submit(struct card_fixture *card, size_t output);
enum kms_submit card_submit_buffer(struct card_fixture *card, size_t output,
	struct kms_buffer *buffer);
/* The output's picture up to the glass: accepted, flipped, presented. */
void card_show(struct card_fixture *card, size_t output);

/* The flip of a frame is stuck: it is on the glass, and its event never comes. */
void card_submit_stuck(struct card_fixture *card, size_t output);
/* And until the flip timeout has reported it. */
void card_time_out(struct card_fixture *card, size_t output);

/* The committed framebuffer of an output's primary plane. */
uint32_t card_shown(unsigned int n);

#endif
