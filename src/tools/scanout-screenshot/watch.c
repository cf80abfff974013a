// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two loops over vblanks. Both look up the CRTC again in the state that was last photographed,
 * since an output can be switched on, off and to another CRTC while it is followed.
 */
#include "watch.h"

#include "error.h"
#include "vblank.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MAX_RECORDED 256 /* pictures kept in memory */
#define ATTEMPTS 3 /* for a stable photograph; more would cost the next vblank */

static volatile sig_atomic_t interrupted;

static void handle_signal(int number)
{
	interrupted = 1;
}

static int64_t deadline_after(int64_t duration)
{
	int64_t now = g_get_monotonic_time();

	return duration > G_MAXINT64 - now ? G_MAXINT64 : now + duration;
}

/* One look at the target. All zero before the first; the memory is used again by the next. */
struct look {
	uint32_t crtc_id; /* where it was taken, 0: nowhere */
	struct photograph photograph;
	struct picture part; /* what was cropped out of it */
	const struct picture
		*picture; /* one of the two above; NULL when there was nothing to see */
	bool missed; /* there was, but it went each time before it could be read */
};

static void look_finish(struct look *look)
{
	picture_finish(&look->photograph.picture);
	picture_finish(&look->part);
}

/* Takes a photograph of the target. True without a picture when the target shows nothing now. */
static bool look_at(struct look *look, struct photographer *photographer,
	const struct target *target, const struct watch_options *options, GError **error)
{
	g_autoptr(GError) problem = NULL;

	look->picture = NULL;
	look->missed = false;
	look->crtc_id = 0;
	if (!snapshot_read(&photographer->before, error))
		return false;
	look->crtc_id = target_find(target, &photographer->before);
	if (look->crtc_id == 0)
		return true;
	if (!photograph_take(photographer, look->crtc_id, ATTEMPTS, false, &look->photograph,
		    &problem)) {
		look->missed = g_error_matches(problem, SCREENSHOT_ERROR, SCREENSHOT_ERROR_CHANGED);
		if (look->missed ||
			g_error_matches(problem, SCREENSHOT_ERROR, SCREENSHOT_ERROR_OFF))
			return true;
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	look->picture = &look->photograph.picture;
	if (!options->crop)
		return true;
	look->picture = &look->part;
	return picture_crop(&look->photograph.picture, options->crop, &look->part, error);
}

static bool same_picture(const struct picture *a, const struct picture *b)
{
	struct picture_difference difference;

	return a->width == b->width && a->height == b->height &&
		picture_compare(a, b, 0, &difference);
}

enum watch_result watch_wait_picture(struct photographer *photographer, const struct target *target,
	const struct watch_options *options, const struct picture *expected, struct picture *seen,
	GError **error)
{
	int64_t deadline = deadline_after(options->duration);
	enum vblank_result wait = VBLANK_ARRIVED;
	enum watch_result result = WATCH_NO;
	struct vblank_clock clock;
	struct look look = {0};

	vblank_clock_init(&clock, photographer->card, 0);
	while (wait == VBLANK_ARRIVED) {
		struct vblank vblank;

		if (!look_at(&look, photographer, target, options, error)) {
			result = WATCH_FAILED;
			break;
		}
		if (look.picture && same_picture(look.picture, expected)) {
			result = WATCH_YES;
			break;
		}
		vblank_clock_move(&clock, look.crtc_id);
		wait = vblank_wait(&clock, deadline, &vblank, error);
	}
	if (wait == VBLANK_FAILED)
		result = WATCH_FAILED;
	if (look.picture)
		picture_copy(look.picture, seen);
	look_finish(&look);
	return result;
}

static void print_line(struct photographer *photographer, const struct vblank *vblank,
	const struct look *look, uint64_t checksum)
{
	size_t count;

	printf("sequence=%" PRIu64 " time_us=%" PRIu64 " crtc=%u", vblank->sequence,
		vblank->time_ns / 1000, look->crtc_id);
	if (look->picture) {
		count = snapshot_planes_on_crtc(&photographer->before, look->crtc_id,
			photographer->sorted);
		fputs(" fbs=", stdout);
		for (size_t i = 0; i < count; i++)
			printf("%s%u:%u", i ? "," : "", photographer->sorted[i]->id,
				photographer->sorted[i]->fb_id);
		printf(" checksum=%016" PRIx64 " stable=%s\n", checksum,
			look->photograph.stable ? "yes" : "no");
	} else {
		fputs(look->missed ? " stable=no\n" : " off\n", stdout);
	}
	fflush(stdout);
}

/* Pictures by their checksum, each once. */
struct recorder {
	GHashTable *pictures; /* uint64_t * to struct picture *, or to NULL where none is kept */
	bool keeps;
};

static void picture_free(gpointer data)
{
	struct picture *picture = data;

	if (picture)
		picture_finish(picture);
	g_free(picture);
}

static void recorder_add(struct recorder *recorder, uint64_t checksum,
	const struct picture *picture)
{
	struct picture *copy = NULL;

	if (g_hash_table_contains(recorder->pictures, &checksum))
		return;
	if (recorder->keeps && g_hash_table_size(recorder->pictures) < MAX_RECORDED) {
		copy = g_new0(struct picture, 1);
		picture_copy(picture, copy);
	}
	g_hash_table_insert(recorder->pictures, g_memdup2(&checksum, sizeof(checksum)), copy);
}

/* Written at the end: encoding takes longer than a vblank. */
static bool recorder_write(struct recorder *recorder, const char *folder, GError **error)
{
	GHashTableIter iterator;
	gpointer key, value;

	g_hash_table_iter_init(&iterator, recorder->pictures);
	while (g_hash_table_iter_next(&iterator, &key, &value)) {
		g_autofree char *path = g_strdup_printf("%s/%016" PRIx64 ".png", folder,
			*(uint64_t *)key);

		if (value && !picture_write_png(value, path, error))
			return false;
	}
	return true;
}

/* What was counted while watching. */
struct tally {
	uint64_t lines, missed, unstable, last_sequence;
};

static void tally_add(struct tally *tally, const struct vblank *vblank, const struct look *look)
{
	tally->lines++;
	tally->unstable += look->missed || (look->picture && !look->photograph.stable);
	if (tally->last_sequence && vblank->sequence > tally->last_sequence)
		tally->missed += vblank->sequence - tally->last_sequence - 1;
	tally->last_sequence = vblank->sequence;
}

/* False when something failed; ends otherwise as the options and signals say. */
static bool watch_loop(struct photographer *photographer, const struct target *target,
	const struct watch_options *options, struct recorder *recorder, struct tally *tally,
	struct look *look, GError **error)
{
	int64_t deadline = deadline_after(options->duration);
	struct vblank_clock clock;

	/* Maps what is on now: first touch of a buffer costs page faults, and so vblanks. */
	if (!look_at(look, photographer, target, options, error))
		return false;
	vblank_clock_init(&clock, photographer->card, look->crtc_id);
	puts("# watching");
	fflush(stdout);
	while (!interrupted && (options->frames == 0 || tally->lines < options->frames)) {
		enum vblank_result wait;
		struct vblank vblank;
		uint64_t checksum = 0;

		wait = vblank_wait(&clock, deadline, &vblank, error);
		if (wait != VBLANK_ARRIVED)
			return wait == VBLANK_DEADLINE;
		if (!look_at(look, photographer, target, options, error))
			return false;
		if (look->picture) {
			checksum = picture_checksum(look->picture);
			recorder_add(recorder, checksum, look->picture);
		}
		print_line(photographer, &vblank, look, checksum);
		tally_add(tally, &vblank, look);
		vblank_clock_move(&clock, look->crtc_id);
	}
	return true;
}

enum watch_result watch_print(struct photographer *photographer, const struct target *target,
	const struct watch_options *options, GError **error)
{
	struct sigaction action = {.sa_handler = handle_signal};
	struct recorder recorder = {
		.pictures = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
			picture_free),
		.keeps = options->record != NULL,
	};
	struct tally tally = {0};
	struct look look = {0};
	bool ok;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ok = watch_loop(photographer, target, options, &recorder, &tally, &look, error);
	if (ok && options->record)
		ok = recorder_write(&recorder, options->record, error);
	if (ok)
		printf("# lines=%" PRIu64 " missed=%" PRIu64 " distinct=%u unstable=%" PRIu64 "\n",
			tally.lines, tally.missed, g_hash_table_size(recorder.pictures),
			tally.unstable);
	look_finish(&look);
	g_hash_table_unref(recorder.pictures);
	return ok ? WATCH_YES : WATCH_FAILED;
}
