/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a picture lies on an output. A "look" below is a picture, or a part of it, after turning:
 * look coordinates are the CRTC's, picture coordinates what memory has.
 */
#include "scene/place.h"

#include <glib.h>
#include <math.h>

const char *place_policy_name(enum place_policy policy)
{
	static const char *const names[] = {
		[PLACE_FIT] = "fit",
		[PLACE_CENTER] = "center",
		[PLACE_NONE] = "none",
		[PLACE_FILL] = "fill",
		[PLACE_INTEGER] = "integer",
	};

	return (size_t)policy < G_N_ELEMENTS(names) ? names[policy] : "?";
}

/* In wl_output's order. */
static const struct {
	const char *word;
	enum kms_transform transform;
} transforms[] = {
	{"auto", PLACE_TRANSFORM_AUTO},
	{"normal", KMS_ROTATE_0},
	{"90", KMS_ROTATE_90},
	{"180", KMS_ROTATE_180},
	{"270", KMS_ROTATE_270},
	{"flipped", KMS_ROTATE_0 | KMS_REFLECT_X},
	{"flipped-90", KMS_ROTATE_90 | KMS_REFLECT_X},
	{"flipped-180", KMS_ROTATE_180 | KMS_REFLECT_X},
	{"flipped-270", KMS_ROTATE_270 | KMS_REFLECT_X},
};

G_STATIC_ASSERT(G_N_ELEMENTS(transforms) == PLACE_TRANSFORMS + 1);

const char *place_transform_word(size_t index, enum kms_transform *transform)
{
	if (index >= G_N_ELEMENTS(transforms))
		return NULL;
	*transform = transforms[index].transform;
	return transforms[index].word;
}

const char *place_transform_name(enum kms_transform transform)
{
	for (size_t i = 0; i < G_N_ELEMENTS(transforms); i++) {
		if (transforms[i].transform == transform)
			return transforms[i].word;
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

bool rect_cut(const struct kms_rect *rect, const struct kms_rect *strip, struct kms_rect *rest)
{
	*rest = *rect;
	if (rect_empty(strip) || !kms_rect_contains(rect, strip))
		return false;
	if (strip->width == rect->width) {
		rest->height -= strip->height;
		if (strip->y == rect->y)
			rest->y += strip->height;
		return strip->y == rect->y || strip->y == rest->y + rest->height;
	}
	if (strip->height == rect->height) {
		rest->width -= strip->width;
		if (strip->x == rect->x)
			rest->x += strip->width;
		return strip->x == rect->x || strip->x == rest->x + rest->width;
	}
	return false;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return kms_rect_equal(&a->source, &b->source) &&
		kms_rect_equal(&a->destination, &b->destination) && a->transform == b->transform &&
		a->scaled == b->scaled;
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

/* A rectangle of a width × height screen, as its viewer sees it, on the CRTC. */
static struct kms_rect turn_rect(enum kms_transform transform, uint32_t width, uint32_t height,
	const struct kms_rect *rect)
{
	double x0, y0, x1, y1;

	turn(transform, width, height, rect->x, rect->y, &x0, &y0);
	turn(transform, width, height, rect->x + rect->width, rect->y + rect->height, &x1, &y1);
	return (struct kms_rect){(int32_t)MIN(x0, x1), (int32_t)MIN(y0, y1), (int32_t)fabs(x1 - x0),
		(int32_t)fabs(y1 - y0)};
}

/* On a screen of this size that is not turned. */
static void place_upright(struct place *place, uint32_t width, uint32_t height,
	uint32_t screen_width, uint32_t screen_height, enum place_policy policy)
{
	/* The screen is wider in proportion than the picture. */
	bool wider = (uint64_t)screen_width * height >= (uint64_t)screen_height * width;
	int32_t cut_width = (int32_t)MIN(width, screen_width);
	int32_t cut_height = (int32_t)MIN(height, screen_height);
	uint32_t factor = MIN(screen_width / width, screen_height / height);
	struct kms_rect seen = {0, 0, (int32_t)width, (int32_t)height};
	struct kms_rect destination = {0, 0, (int32_t)screen_width, (int32_t)screen_height};

	if (policy == PLACE_INTEGER && factor == 0)
		policy = PLACE_FIT;

	switch (policy) {
	case PLACE_NONE:
		seen = (struct kms_rect){0, 0, cut_width, cut_height};
		destination = seen;
		break;
	case PLACE_CENTER:
		seen = centred(cut_width, cut_height, width, height);
		destination = centred(cut_width, cut_height, screen_width, screen_height);
		break;
	case PLACE_INTEGER:
		destination = centred((int32_t)(width * factor), (int32_t)(height * factor),
			screen_width, screen_height);
		break;
	case PLACE_FIT:
		if (wider)
			destination.width = scale_side(width, screen_height, height, screen_width);
		else
			destination.height = scale_side(height, screen_width, width, screen_height);
		destination = centred(destination.width, destination.height, screen_width,
			screen_height);
		break;
	case PLACE_FILL:
		if (wider)
			seen.height = scale_side(screen_height, width, screen_width, height);
		else
			seen.width = scale_side(screen_width, height, screen_height, width);
		seen = centred(seen.width, seen.height, width, height);
		break;
	}

	*place = (struct place){
		.source = seen,
		.destination = destination,
		.scaled = seen.width != destination.width || seen.height != destination.height,
	};
}

void place_compute(struct place *place, uint32_t width, uint32_t height, uint32_t mode_width,
	uint32_t mode_height, enum place_policy policy, enum kms_transform transform)
{
	bool sideways = place_is_sideways(transform);
	uint32_t screen_width = sideways ? mode_height : mode_width;
	uint32_t screen_height = sideways ? mode_width : mode_height;

	place_upright(place, width, height, screen_width, screen_height, policy);
	place->destination = turn_rect(transform, screen_width, screen_height, &place->destination);
	place->transform = transform;
}

void place_untransform(enum kms_transform transform, double x, double y, double *screen_x,
	double *screen_y)
{
	turn_back(transform, 1, 1, x, y, screen_x, screen_y);
}

void place_point_to_output(const struct place *place, double x, double y, double *output_x,
	double *output_y)
{
	const struct kms_rect *source = &place->source;
	const struct kms_rect *destination = &place->destination;
	int32_t look_width = place_is_sideways(place->transform) ? source->height : source->width;
	int32_t look_height = place_is_sideways(place->transform) ? source->width : source->height;
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
	int32_t look_width = place_is_sideways(place->transform) ? source->height : source->width;
	int32_t look_height = place_is_sideways(place->transform) ? source->width : source->height;
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
