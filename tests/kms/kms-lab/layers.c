/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers above an output's picture on real planes: photographed, and compared with what
 * tests/lab/picture makes of the same numbers; and at different rates, where all that comes for a
 * vblank is to go with it. vkms has no zpos: overlays that overlap are no layers there, and this
 * test draws into the picture then, as the daemon's views have to.
 */
#include "lab.h"

#include "../../pattern.h"

#include <string.h>

#define WIDTH 640
#define HEIGHT 480

/* A layer of a guest's, and what it shows. */
struct layer {
	struct kms_output_layer *layer;
	struct kms_buffer *buffer;
	uint32_t pattern;
	struct kms_rect place;
	uint64_t submitted;
	uint64_t presented;
	uint64_t failed;
	uint64_t failures;
	/* While frames are left, each is submitted so many milliseconds after the one before was
	 * presented. */
	unsigned int frames_left;
	unsigned int draws_ms;
	guint timer;
	uint32_t first_sequence;
	uint32_t sequence;
};

static struct kms_frame frame_of(const struct layer *layer)
{
	struct kms_frame frame = kernel_frame(layer->buffer, layer->submitted);

	frame.destination = layer->place;
	return frame;
}

static void submit(struct layer *layer)
{
	struct kms_frame frame;

	layer->submitted++;
	frame = frame_of(layer);
	g_assert_cmpint(kms_output_layer_submit(layer->layer, &frame), ==, KMS_SUBMIT_ACCEPTED);
}

static gboolean drawn(gpointer data)
{
	struct layer *layer = data;

	layer->timer = 0;
	submit(layer);
	return G_SOURCE_REMOVE;
}

static void on_presented(void *data, uint64_t serial, const struct kms_presentation *presentation)
{
	struct layer *layer = data;

	g_assert_cmpuint(serial, ==, MAX(layer->presented, layer->failed) + 1);
	layer->presented = serial;
	if (!layer->first_sequence)
		layer->first_sequence = presentation->sequence;
	layer->sequence = presentation->sequence;
	if (!layer->frames_left)
		return;
	layer->frames_left--;
	layer->timer = g_timeout_add(layer->draws_ms, drawn, layer);
}

static void on_commit_failed(void *data, uint64_t serial, int error)
{
	struct layer *layer = data;

	layer->failed = serial;
	layer->failures++;
}

static void draw(struct kms_buffer *buffer, uint32_t pattern, const struct kms_rect *at)
{
	uint32_t stride;
	uint8_t *pixels = kms_buffer_pixels(buffer, &stride);
	int32_t right = MIN(at->x + at->width, (int32_t)kms_buffer_width(buffer));
	int32_t bottom = MIN(at->y + at->height, (int32_t)kms_buffer_height(buffer));

	for (int32_t y = MAX(0, at->y); y < bottom; y++) {
		uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * stride);

		for (int32_t x = MAX(0, at->x); x < right; x++)
			row[x] = pattern_pixel(pattern, (uint32_t)(x - at->x),
				(uint32_t)(y - at->y));
	}
}

static void make_layer(struct lab *lab, struct layer *layer, uint32_t pattern,
	const struct kms_rect *place)
{
	static const struct kms_layer_listener listener = {on_presented, on_commit_failed};
	const struct kms_rect all = {0, 0, place->width, place->height};
	g_autoptr(GError) error = NULL;

	*layer = (struct layer){.pattern = pattern, .place = *place};
	layer->layer = kms_output_layer_create(lab->watched[0].output, &listener, layer);
	g_assert_nonnull(layer->layer);
	layer->buffer = kms_buffer_create_dumb(lab->device, (uint32_t)place->width,
		(uint32_t)place->height, &error);
	g_assert_no_error(error);
	draw(layer->buffer, pattern, &all);
}

static void end_layer(struct layer *layer)
{
	kms_output_layer_destroy(layer->layer);
	kms_buffer_unref(layer->buffer);
}

/* From the bottom to the top, above the picture. */
static uint32_t arrange(struct lab *lab, struct layer *const *layers, size_t count)
{
	struct kms_frame frames[1 + KMS_LAYERS_MAX];
	struct kms_layer_wish wishes[1 + KMS_LAYERS_MAX] = {{NULL, &frames[0]}};

	frames[0] = kernel_frame(lab->watched[0].buffers[0], 0);
	for (size_t i = 0; i < count; i++) {
		frames[i + 1] = frame_of(layers[i]);
		wishes[i + 1] = (struct kms_layer_wish){layers[i]->layer, &frames[i + 1]};
	}
	return kms_output_arrange(lab->watched[0].output, wishes, count + 1);
}

/* As a view does it: who has no plane is drawn into the picture; all of it in one commit. */
static void show(struct lab *lab, struct layer *const *layers, size_t count)
{
	const struct kms_rect all = {0, 0, WIDTH, HEIGHT};
	struct watched *watched = &lab->watched[0];
	struct kms_buffer *picture = watched->buffers[watched->submitted % 2];
	uint32_t planes = arrange(lab, layers, count);

	kms_output_begin(watched->output);
	draw(picture, 1, &all);
	for (size_t i = 0; i < count; i++) {
		if (planes & UINT32_C(2) << i)
			submit(layers[i]);
		else
			draw(picture, layers[i]->pattern, &layers[i]->place);
	}
	g_assert_cmpint(lab_submit(watched, picture), ==, KMS_SUBMIT_ACCEPTED);
	kms_output_end(watched->output);
	kernel_wait(WAIT_SECONDS, watched->presented == watched->submitted);
}

static void run(const char *const *line)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	g_spawn_sync(NULL, (char **)line, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &text, &status,
		&error);
	g_assert_no_error(error);
	if (!g_spawn_check_wait_status(status, NULL))
		g_error("%s: %s", line[0], text);
}

/* The screen is what another program makes of the same numbers: the picture, then the layers, in
 * order. */
static void expect(const struct lab *lab, struct layer *const *layers, size_t count)
{
	static unsigned int pictures;
	g_autoptr(GPtrArray) line = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *camera = g_build_filename(g_getenv("BUILD"), "scanout-screenshot", NULL);
	g_autofree char *wanted = g_strdup_printf("/tmp/layers-%u.png", pictures++);

	g_ptr_array_add(line, g_build_filename(g_getenv("BUILD"), "lab", "picture", NULL));
	g_ptr_array_add(line, g_strdup(wanted));
	for (const char *const *word = (const char *const[]){"640", "480", "pattern", "1", "640",
		     "480", "0", "0", NULL};
		*word; word++)
		g_ptr_array_add(line, g_strdup(*word));
	for (size_t i = 0; i < count; i++) {
		const struct kms_rect *place = &layers[i]->place;
		const int numbers[] = {(int)layers[i]->pattern, place->width, place->height,
			place->x, place->y};

		g_ptr_array_add(line, g_strdup("pattern"));
		for (size_t n = 0; n < G_N_ELEMENTS(numbers); n++)
			g_ptr_array_add(line, g_strdup_printf("%d", numbers[n]));
	}
	g_ptr_array_add(line, NULL);
	run((const char *const *)line->pdata);
	run((const char *const[]){camera, "--card", lab->path, "--wait-picture", wanted,
		"--timeout", "5", NULL});
}

static void start(struct lab *lab, const char *shape)
{
	lab_make_card(lab, shape);
	lab_open_device(lab);
	lab_configure(lab, "640x480", false);
	lab_make_buffers(lab);
}

static void test_pictures(void)
{
	static const struct kms_rect places[] = {{10, 20, 200, 150}, {300, 200, 160, 120},
		{560, -40, 200, 200}};
	struct layer low, middle, high;
	struct lab lab;

	start(&lab, "--crtcs 1 --overlays 3");
	make_layer(&lab, &low, 2, &places[0]);
	make_layer(&lab, &middle, 3, &places[1]);
	make_layer(&lab, &high, 4, &places[2]);
	struct layer *const upright[] = {&low, &middle, &high};
	struct layer *const turned[] = {&high, &middle, &low};

	/* Side by side: each has a plane, one is partly outside. */
	g_assert_cmphex(arrange(&lab, upright, 3), ==, 15);
	show(&lab, upright, 3);
	g_assert_cmpuint(middle.presented, ==, 1);
	expect(&lab, upright, 3);

	/* One moves. */
	low.place.x = 100;
	show(&lab, upright, 3);
	expect(&lab, upright, 3);

	/* Like tiles, then the other way round. The uppermost keeps its plane, whoever is below one
	 * that is drawn is drawn. */
	middle.place = (struct kms_rect){200, 100, 160, 120};
	high.place = (struct kms_rect){330, 150, 200, 200};
	g_assert_cmphex(arrange(&lab, upright, 3) & 9, ==, 9);
	show(&lab, upright, 3);
	expect(&lab, upright, 3);
	g_assert_cmphex(arrange(&lab, turned, 3) & 9, ==, 9);
	show(&lab, turned, 3);
	expect(&lab, turned, 3);

	/* One goes, and what it covered is seen. */
	show(&lab, turned, 1);
	expect(&lab, turned, 1);
	end_layer(&low);
	end_layer(&middle);
	end_layer(&high);
	show(&lab, NULL, 0);
	expect(&lab, NULL, 0);
	g_assert_cmpuint(low.failures + middle.failures + high.failures, ==, 0);
	g_assert_cmpuint(kms_output_counters(lab.watched[0].output)->commits_failed, ==, 0);
	lab_remove_card(&lab);
}

/* Another master takes the card, and gives it back: all of it is there again. */
static void test_master(void)
{
	static const struct kms_rect places[] = {{10, 20, 200, 150}, {300, 200, 160, 120}};
	g_autoptr(GError) error = NULL;
	struct layer low, high;
	struct lab lab;

	start(&lab, "--crtcs 1 --overlays 2");
	make_layer(&lab, &low, 2, &places[0]);
	make_layer(&lab, &high, 3, &places[1]);
	struct layer *const layers[] = {&low, &high};

	show(&lab, layers, 2);
	kms_device_pause(lab.device);
	kms_device_resume(lab.device, &error);
	g_assert_no_error(error);
	kernel_wait(WAIT_SECONDS,
		kms_output_active(lab.watched[0].output) && !kms_output_due(lab.watched[0].output));
	expect(&lab, layers, 2);
	end_layer(&low);
	end_layer(&high);
	lab_remove_card(&lab);
}

/* Its monitor goes, and comes back; then the card does, with frames of all layers on their way. */
static void test_unplugged(void)
{
	static const struct kms_rect places[] = {{10, 20, 200, 150}, {300, 200, 160, 120},
		{400, 10, 100, 100}};
	struct layer stack[3];
	struct layer *const layers[] = {&stack[0], &stack[1], &stack[2]};
	struct kms_output *output;
	struct lab lab;

	start(&lab, "--crtcs 1 --overlays 3");
	output = lab.watched[0].output;
	for (size_t i = 0; i < 3; i++)
		make_layer(&lab, &stack[i], 2 + (uint32_t)i, &places[i]);
	show(&lab, layers, 3);
	lab_change_vkms(&lab, "connector", "0", "disconnected");
	kernel_wait(WAIT_SECONDS, !kms_output_active(output));
	g_assert_cmphex(arrange(&lab, layers, 3), ==, 0);
	lab_change_vkms(&lab, "connector", "0", "connected");
	kernel_wait(WAIT_SECONDS, kms_output_active(output));
	g_assert_cmphex(arrange(&lab, layers, 3), ==, 15);
	show(&lab, layers, 3);
	expect(&lab, layers, 3);

	kms_output_begin(output);
	for (size_t i = 0; i < 3; i++)
		submit(layers[i]);
	kms_output_end(output);
	lab_change_vkms(&lab, "remove", NULL, NULL);
	kernel_wait(WAIT_SECONDS, lab.gone);
	for (size_t i = 0; i < 3; i++) {
		g_assert_cmpuint(MAX(stack[i].presented, stack[i].failed), ==, stack[i].submitted);
		end_layer(&stack[i]);
	}
	lab_remove_card(&lab);
}

/* ---- rates ---- */

#define FRAMES 180

/* Runs a layer above a picture that brings a frame at every vblank, and returns how many commits
 * that took. */
static uint64_t run_beside(struct layer *layer, unsigned int frames, unsigned int draws_ms)
{
	static const struct kms_rect place = {10, 20, 200, 150};
	const struct kms_output_counters *counters;
	struct watched *watched;
	struct layer *layers[] = {layer};
	uint64_t commits;
	struct lab lab;

	start(&lab, "--crtcs 1 --overlays 1");
	watched = &lab.watched[0];
	counters = kms_output_counters(watched->output);
	make_layer(&lab, layer, 2, &place);
	show(&lab, layers, 1);
	commits = counters->commits;
	watched->frames_left = FRAMES - 1;
	layer->frames_left = frames - 1;
	layer->draws_ms = draws_ms;
	g_assert_cmpint(lab_submit(watched, watched->buffers[0]), ==, KMS_SUBMIT_ACCEPTED);
	submit(layer);
	kernel_wait(WAIT_SECONDS,
		watched->presented == FRAMES + 1 && layer->presented == frames + 1);
	g_test_message("%u frames of the layer in %u vblanks; %" G_GUINT64_FORMAT " vblanks missed",
		frames, layer->sequence - layer->first_sequence, counters->vblanks_missed);
	commits = counters->commits - commits;
	g_assert_cmpuint(counters->commits_failed, ==, 0);
	end_layer(layer);
	lab_remove_card(&lab);
	return commits;
}

/*
 * Both are at full rate: the picture's guest is there at once, the layer's takes half of the frame.
 * Who went alone would keep the other out of the vblank, so that there were two commits for each
 * frame.
 */
static void test_both_at_full_rate(void)
{
	struct layer layer;

	g_assert_cmpuint(run_beside(&layer, FRAMES, 8), <, FRAMES + FRAMES / 4);
}

/* The layer is slow: whatever it brings goes with a commit of the picture's, which misses none. */
static void test_one_is_slow(void)
{
	struct layer layer;

	g_assert_cmpuint(run_beside(&layer, FRAMES / 4, 40), <, FRAMES + FRAMES / 10);
}

/* And it is dead: each vblank brings a frame of the picture's. */
static void test_one_is_dead(void)
{
	struct layer layer;

	g_assert_cmpuint(run_beside(&layer, 1, 0), <=, FRAMES + 1);
}

void lab_add_layers(void)
{
	g_test_add_func("/kms-lab/layers/pictures", test_pictures);
	g_test_add_func("/kms-lab/layers/master", test_master);
	g_test_add_func("/kms-lab/layers/unplugged", test_unplugged);
	g_test_add_func("/kms-lab/layers/both-at-full-rate", test_both_at_full_rate);
	g_test_add_func("/kms-lab/layers/one-is-slow", test_one_is_slow);
	g_test_add_func("/kms-lab/layers/one-is-dead", test_one_is_dead);
}
