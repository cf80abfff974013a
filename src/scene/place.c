/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a picture lies on an output. "Looks" below are the picture as it is seen, after turning:
 * look coordinates are what the policy works with, picture coordinates what memory has.
 */
#include "scene/place.h"

#include <glib.h>
#include <math.h>

static const struct {
	const char *word;
	enum place_policy policy;
} policies[] = {
	{"fit", PLACE_FIT},
	{"center", PLACE_CENTER},
	{"none", PLACE_NONE},
	{"fill", PLACE_FILL},
	{"integer", PLACE_INTEGER},
};

bool place_policy_parse(const char *word, enum place_policy *policy)
{
	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		if (g_str_equal(word, policies[i].word)) {
			*policy = policies[i].policy;
			return true;
		}
	}
	return false;
}

const char *place_policy_name(enum place_policy policy)
{
	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		if (policies[i].policy == policy)
			return policies[i].word;
	}
	return "?";
}

struct kms_rect rect_bounding(const struct kms_rect *a, const struct kms_rect *b)
{
	if (rect_empty(a))
		return *b;
	if (rect_empty(b))
		return *a;

	int32_t left = MIN(a->x, b->x);
	int32_t top = MIN(a->y, b->y);
	int32_t right = MAX(a->x + a->width, b->x + b->width);
	int32_t bottom = MAX(a->y + a->height, b->y + b->height);

	return (struct kms_rect){left, top, right - left, bottom - top};
}

bool rect_contains(const struct kms_rect *outer, const struct kms_rect *inner)
{
	return inner->x >= outer->x && inner->y >= outer->y &&
		inner->x + inner->width <= outer->x + outer->width &&
		inner->y + inner->height <= outer->y + outer->height;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return kms_rect_equal(&a->source, &b->source) &&
		kms_rect_equal(&a->destination, &b->destination) && a->transform == b->transform &&
		a->scaled == b->scaled;
}

static bool sideways(enum kms_transform transform)
{
	return transform & (KMS_ROTATE_90 | KMS_ROTATE_270);
}

/* A point of a width × height picture to where it is in its look. */
static void turn(enum kms_transform transform, double width, double height, double x, double y,
	double *look_x, double *look_y)
{
	if (transform & KMS_REFLECT_X)
		x = width - x;
	if (transform & KMS_REFLECT_Y)
		y = height - y;

	if (transform & KMS_ROTATE_90) {
		*look_x = y;
		*look_y = width - x;
	} else if (transform & KMS_ROTATE_180) {
		*look_x = width - x;
		*look_y = height - y;
	} else if (transform & KMS_ROTATE_270) {
		*look_x = height - y;
		*look_y = x;
	} else {
		*look_x = x;
		*look_y = y;
	}
}

/* And back; width and height are the picture's. */
static void turn_back(enum kms_transform transform, double width, double height, double look_x,
	double look_y, double *x, double *y)
{
	if (transform & KMS_ROTATE_90) {
		*x = width - look_y;
		*y = look_x;
	} else if (transform & KMS_ROTATE_180) {
		*x = width - look_x;
		*y = height - look_y;
	} else if (transform & KMS_ROTATE_270) {
		*x = look_y;
		*y = height - look_x;
	} else {
		*x = look_x;
		*y = look_y;
	}

	if (transform & KMS_REFLECT_X)
		*x = width - *x;
	if (transform & KMS_REFLECT_Y)
		*y = height - *y;
}

/* value × numerator ÷ denominator, to the nearest, 1 to limit. */
static int32_t scale_side(uint32_t value, uint32_t numerator, uint32_t denominator, uint32_t limit)
{
	uint64_t scaled = ((uint64_t)value * numerator + denominator / 2) / denominator;

	return (int32_t)CLAMP(scaled, 1, limit);
}

static struct kms_rect centred(int32_t width, int32_t height, uint32_t in_width, uint32_t in_height)
{
	return (struct kms_rect){((int32_t)in_width - width) / 2, ((int32_t)in_height - height) / 2,
		width, height};
}

void place_compute(struct place *place, uint32_t width, uint32_t height, uint32_t mode_width,
	uint32_t mode_height, enum place_policy policy, enum kms_transform transform)
{
	uint32_t look_width = sideways(transform) ? height : width;
	uint32_t look_height = sideways(transform) ? width : height;
	/* The mode is wider in proportion than the picture looks. */
	bool wider = (uint64_t)mode_width * look_height >= (uint64_t)mode_height * look_width;
	int32_t cut_width = (int32_t)MIN(look_width, mode_width);
	int32_t cut_height = (int32_t)MIN(look_height, mode_height);
	uint32_t factor = MIN(mode_width / look_width, mode_height / look_height);
	struct kms_rect seen = {0, 0, (int32_t)look_width, (int32_t)look_height};
	struct kms_rect destination = {0, 0, (int32_t)mode_width, (int32_t)mode_height};

	if (policy == PLACE_INTEGER && factor == 0)
		policy = PLACE_FIT;

	switch (policy) {
	case PLACE_NONE:
		seen = (struct kms_rect){0, 0, cut_width, cut_height};
		destination = seen;
		break;
	case PLACE_CENTER:
		seen = centred(cut_width, cut_height, look_width, look_height);
		destination = centred(cut_width, cut_height, mode_width, mode_height);
		break;
	case PLACE_INTEGER:
		destination = centred((int32_t)(look_width * factor),
			(int32_t)(look_height * factor), mode_width, mode_height);
		break;
	case PLACE_FIT:
		if (wider)
			destination.width = scale_side(look_width, mode_height, look_height,
				mode_width);
		else
			destination.height = scale_side(look_height, mode_width, look_width,
				mode_height);
		destination = centred(destination.width, destination.height, mode_width,
			mode_height);
		break;
	case PLACE_FILL:
		if (wider)
			seen.height = scale_side(mode_height, look_width, mode_width, look_height);
		else
			seen.width = scale_side(mode_width, look_height, mode_height, look_width);
		seen = centred(seen.width, seen.height, look_width, look_height);
		break;
	}

	double x0, y0, x1, y1;

	turn_back(transform, width, height, seen.x, seen.y, &x0, &y0);
	turn_back(transform, width, height, seen.x + seen.width, seen.y + seen.height, &x1, &y1);

	*place = (struct place){
		.source = {(int32_t)MIN(x0, x1), (int32_t)MIN(y0, y1), (int32_t)fabs(x1 - x0),
			(int32_t)fabs(y1 - y0)},
		.destination = destination,
		.transform = transform,
		.scaled = seen.width != destination.width || seen.height != destination.height,
	};
}

void place_point_to_output(const struct place *place, double x, double y, double *output_x,
	double *output_y)
{
	const struct kms_rect *source = &place->source;
	const struct kms_rect *destination = &place->destination;
	int32_t look_width = sideways(place->transform) ? source->height : source->width;
	int32_t look_height = sideways(place->transform) ? source->width : source->height;
	double look_x, look_y;

	turn(place->transform, source->width, source->height, x - source->x, y - source->y, &look_x,
		&look_y);
	*output_x = destination->x + look_x * destination->width / look_width;
	*output_y = destination->y + look_y * destination->height / look_height;
}

bool place_from_output(const struct place *place, double x, double y, double *picture_x,
	double *picture_y)
{
	const struct kms_rect *source = &place->source;
	const struct kms_rect *destination = &place->destination;
	int32_t look_width = sideways(place->transform) ? source->height : source->width;
	int32_t look_height = sideways(place->transform) ? source->width : source->height;
	double inside_x = CLAMP(x - destination->x, 0, destination->width);
	double inside_y = CLAMP(y - destination->y, 0, destination->height);

	turn_back(place->transform, source->width, source->height,
		inside_x * look_width / destination->width,
		inside_y * look_height / destination->height, picture_x, picture_y);
	*picture_x += source->x;
	*picture_y += source->y;
	return inside_x == x - destination->x && inside_y == y - destination->y;
}

struct kms_rect place_to_output(const struct place *place, const struct kms_rect *rect)
{
	struct kms_rect seen = rect_intersect(rect, &place->source);

	if (rect_empty(&seen))
		return (struct kms_rect){0};

	if (!place->scaled && place->transform == KMS_ROTATE_0) {
		seen.x += place->destination.x - place->source.x;
		seen.y += place->destination.y - place->source.y;
		return seen;
	}

	/* A scaled pixel reaches half a pixel of the picture into its neighbours. */
	int32_t reach = place->scaled ? 1 : 0;
	double x0, y0, x1, y1;

	place_point_to_output(place, seen.x - reach, seen.y - reach, &x0, &y0);
	place_point_to_output(place, seen.x + seen.width + reach, seen.y + seen.height + reach, &x1,
		&y1);

	int32_t left = (int32_t)floor(MIN(x0, x1));
	int32_t top = (int32_t)floor(MIN(y0, y1));
	struct kms_rect covered = {left, top, (int32_t)ceil(MAX(x0, x1)) - left,
		(int32_t)ceil(MAX(y0, y1)) - top};

	return rect_intersect(&covered, &place->destination);
}
