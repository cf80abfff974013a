/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers above the pictures of a card_fixture: of 100×100 pixels each, with all that their
 * listeners hear written down, and a card with shared overlays for them.
 */
#ifndef LAYERS_FIXTURE_H
#define LAYERS_FIXTURE_H

#include "card_fixture.h"

#define TEST_LAYERS 3
#define TEST_LAYER_SIZE 100

struct test_layer {
	struct kms_output_layer *layer;
	struct kms_buffer *buffer; /* what it shows */
	struct kms_rect place;
	uint64_t serial; /* submitted last */
	uint64_t presented; /* the last one */
	unsigned int presentations;
	uint32_t sequence; /* of the vblank of that */
	uint64_t failed;
	unsigned int failures;
	int error;
	void (*on_presented)(struct test_layer *layer);
};

struct layers_fixture {
	struct card_fixture *card;
	size_t output;
	size_t count;
	struct test_layer layers[TEST_LAYERS];
};

/* Three shared overlays, whose zpos can be set. */
void layers_shape(void);

/* Layers on an output that is on, each 50 pixels right of and below the one before. */
void layers_make(struct layers_fixture *fixture, struct card_fixture *card, size_t output,
	size_t count);
void layers_end(struct layers_fixture *fixture);

/* kms_output_arrange() of the output's picture and the layers. */
uint32_t layers_arrange(struct layers_fixture *fixture);

/* The next frame of a layer. */
enum kms_submit layers_submit(struct layers_fixture *fixture, size_t layer);

/* The picture and all the layers, up to the glass. */
void layers_show(struct layers_fixture *fixture);

#endif
