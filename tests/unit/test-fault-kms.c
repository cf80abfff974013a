/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's life on the double of libdrm with one call that fails: it is listed, taken over with the
 * picture that is there, shows frames and a cursor, changes a mode, loses its master and a monitor
 * and gets both back, and lends an output. Whatever failed, both outputs are lit in the end and
 * show what was submitted last, no frame is left without a word, and nothing was done that the
 * kernel forbids.
 */
#include <errno.h>
#include <fcntl.h>
#include <kms.h>
#include <kms_lease.h>
#include <string.h>
#include <unistd.h>

#include "drm_double.h"
#include "harness.h"
#include "interpose.h"

#define OUTPUTS 2

/* More than the longest of kms/'s own time limits here. */
#define PATIENCE_S 10

#define FLIP_TIMEOUT_MS 500

struct output {
	struct kms_output *output;
	struct kms_buffer *buffer;
	uint64_t serial; /* submitted last */
	uint64_t settled; /* presented or failed */
	uint64_t presented;
};

/* One above the first output's picture. */
struct layer {
	struct kms_output_layer *layer;
	struct kms_buffer *buffer;
	uint64_t serial;
	uint64_t settled;
	uint64_t presented;
};

struct stage {
	struct kms_device *device;
	struct output outputs[OUTPUTS];
	struct layer layer;
	unsigned int probes;
	const char *mode;
};

/* ---- the listener ---- */

static struct output *find(struct stage *stage, const struct kms_output *output)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (stage->outputs[i].output == output)
			return &stage->outputs[i];
	}
	g_assert_not_reached();
}

static void presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct output *ours = find(data, output);

	g_assert_cmpuint(serial, >, ours->settled);
	g_assert_cmpuint(serial, <=, ours->serial);
	ours->settled = serial;
	ours->presented = serial;
}

static void commit_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
	struct output *ours = find(data, output);

	g_assert_cmpuint(serial, >, ours->settled);
	g_assert_cmpuint(serial, <=, ours->serial);
	ours->settled = serial;
}

static void layer_presented(void *data, uint64_t serial,
	const struct kms_presentation *presentation)
{
	struct layer *layer = data;

	g_assert_cmpuint(serial, >, layer->settled);
	g_assert_cmpuint(serial, <=, layer->serial);
	layer->settled = serial;
	layer->presented = serial;
}

static void layer_failed(void *data, uint64_t serial, int error)
{
	struct layer *layer = data;

	g_assert_cmpuint(serial, >, layer->settled);
	g_assert_cmpuint(serial, <=, layer->serial);
	layer->settled = serial;
}

static void probed(void *data)
{
	((struct stage *)data)->probes++;
}

static void device_gone(void *data)
{
	g_assert_not_reached();
}

static const struct kms_listener listener = {
	.presented = presented,
	.commit_failed = commit_failed,
	.probed = probed,
	.device_gone = device_gone,
};

/* ---- the card ---- */

static void give_edid(unsigned int n)
{
	uint8_t edid[128] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x4c, 0x64};

	edid[18] = 1; /* version 1.3 */
	edid[19] = 3;
	for (size_t i = 0; i < sizeof(edid) - 1; i++)
		edid[sizeof(edid) - 1] = (uint8_t)(edid[sizeof(edid) - 1] - edid[i]);
	double_set_edid(n, edid, sizeof(edid));
}

static int open_card(void)
{
	int card;

	double_reset();
	double_card.crtcs = OUTPUTS;
	double_card.connected[1] = true;
	double_card.events_at_once = true;
	double_card.damage_clips = true;
	double_card.in_fences = true;
	double_card.zpos = true;
	double_card.shared_overlays = 1;
	double_light(0);
	card = double_open();
	for (unsigned int i = 0; i < OUTPUTS; i++)
		give_edid(i);
	return card;
}

static char *take_message(GError **error)
{
	char *message = g_strdup((*error)->message);

	g_clear_error(error);
	return message;
}

/* These return NULL, or why not; the caller's. */

static char *open_device(struct stage *stage)
{
	struct kms_device_options options = {.flip_timeout_ms = FLIP_TIMEOUT_MS};
	g_autoptr(GError) error = NULL;

	options.fd = open_card();
	stage->device = kms_device_create(&options, &listener, stage, &error);
	g_assert_true((stage->device != NULL) == (error == NULL));
	return error ? take_message(&error) : NULL;
}

static char *configure(struct stage *stage, const char *mode)
{
	struct kms_output_request requests[OUTPUTS] = {{.mode = mode, .keep_picture = true},
		{.mode = "800x600@75"}};
	g_autoptr(GError) error = NULL;
	size_t count = 0;

	for (size_t i = 0; i < OUTPUTS && i < kms_device_output_count(stage->device); i++) {
		requests[i].output = kms_device_output(stage->device, i);
		stage->outputs[i].output = requests[i].output;
		count++;
	}
	if (kms_device_configure(stage->device, requests, count, &error))
		return NULL;
	return take_message(&error);
}

/* ---- what is shown ---- */

static bool is_settled(const struct output *output)
{
	return output->settled == output->serial;
}

static void make_buffer(struct stage *stage, struct output *output)
{
	const struct kms_mode_info *mode = kms_output_mode(output->output);

	if (output->buffer && kms_buffer_width(output->buffer) == mode->width)
		return;
	kms_buffer_unref(output->buffer);
	output->buffer = kms_buffer_create_dumb(stage->device, mode->width, mode->height, NULL);
	/* There is no memory, once. */
	if (!output->buffer)
		output->buffer = kms_buffer_create_dumb(stage->device, mode->width, mode->height,
			NULL);
	g_assert_nonnull(output->buffer);
}

static void show(struct stage *stage, struct output *output)
{
	struct kms_rect all = {0};
	struct kms_frame frame = {.serial = ++output->serial, .transform = KMS_ROTATE_0};

	make_buffer(stage, output);
	all.width = (int32_t)kms_buffer_width(output->buffer);
	all.height = (int32_t)kms_buffer_height(output->buffer);
	frame.buffer = output->buffer;
	frame.source = frame.destination = all;
	frame.damage = &(struct kms_rect){0, 0, 16, 16};
	frame.damage_count = 1;
	if (kms_output_submit(output->output, &frame) != KMS_SUBMIT_ACCEPTED)
		output->settled = output->serial;
	FAULTS_AWAIT(is_settled(output), PATIENCE_S);
	g_assert_true(is_settled(output));
}

/* True: it has a plane, and whatever became of its frame was told. */
static bool show_layer(struct stage *stage)
{
	struct output *output = &stage->outputs[0];
	struct layer *layer = &stage->layer;
	struct kms_frame picture = {.buffer = output->buffer, .transform = KMS_ROTATE_0};
	struct kms_frame frame = {.transform = KMS_ROTATE_0};
	const struct kms_layer_wish wishes[] = {{NULL, &picture}, {layer->layer, &frame}};

	if (!layer->buffer)
		layer->buffer = kms_buffer_create_dumb(stage->device, 64, 32, NULL);
	if (!layer->buffer)
		return false;
	picture.source.width = (int32_t)kms_buffer_width(output->buffer);
	picture.source.height = (int32_t)kms_buffer_height(output->buffer);
	picture.destination = picture.source;
	frame.buffer = layer->buffer;
	frame.source = frame.destination = (struct kms_rect){0, 0, 64, 32};
	frame.serial = ++layer->serial;
	if (kms_output_arrange(output->output, wishes, 2) != 3 ||
		kms_output_layer_submit(layer->layer, &frame) != KMS_SUBMIT_ACCEPTED) {
		layer->settled = layer->serial;
		return false;
	}
	FAULTS_AWAIT(layer->settled == layer->serial, PATIENCE_S);
	g_assert_cmpuint(layer->settled, ==, layer->serial);
	return true;
}

static void stack(struct stage *stage)
{
	static const struct kms_layer_listener layer_listener = {layer_presented, layer_failed};

	if (!stage->outputs[0].output)
		return;
	stage->layer.layer = kms_output_layer_create(stage->outputs[0].output, &layer_listener,
		&stage->layer);
	g_assert_nonnull(stage->layer.layer);
	show_layer(stage);
}

/* As often as it takes: one of the questions can be the call that fails, and the answer then holds
 * for a moment. */
static bool try_layer(struct stage *stage)
{
	return show_layer(stage) && stage->layer.presented == stage->layer.serial;
}

static void show_all(struct stage *stage)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (stage->outputs[i].output)
			show(stage, &stage->outputs[i]);
	}
}

static void point(struct stage *stage)
{
	static uint32_t pixels[KMS_CURSOR_SIZE * KMS_CURSOR_SIZE];
	struct kms_output *output = stage->outputs[0].output;

	if (!output)
		return;
	memset(pixels, 0xff, sizeof(pixels));
	kms_output_set_cursor(output, pixels, 1, 1);
	kms_output_move_cursor(output, 20, 30);
	show_all(stage);
	kms_output_move_cursor(output, 25, 35);
	FAULTS_AWAIT(!kms_output_busy(output), PATIENCE_S);
	kms_output_set_cursor(output, NULL, 0, 0);
}

/* As a VT that is switched away from and back to; monitors are looked for then. */
static void leave_and_return(struct stage *stage, bool connected)
{
	unsigned int probes = stage->probes;

	kms_device_pause(stage->device);
	double_card.connected[1] = connected;
	/* What fails is tried again every second. */
	kms_device_resume(stage->device, NULL);
	FAULTS_AWAIT(stage->probes > probes, PATIENCE_S);
	g_assert_cmpuint(stage->probes, >, probes);
}

static bool is_lit(const struct stage *stage)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (!stage->outputs[i].output || !kms_output_active(stage->outputs[i].output))
			return false;
	}
	return true;
}

/* As the layout does, when there is another output, or what it asked for was not taken. */
static void configure_until_lit(struct stage *stage, const char *mode)
{
	g_free(configure(stage, mode));
	FAULTS_AWAIT(kms_device_output_count(stage->device) == OUTPUTS, PATIENCE_S);
	g_free(configure(stage, mode));
	FAULTS_AWAIT(is_lit(stage), PATIENCE_S);
	g_assert_true(is_lit(stage));
}

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0;
}

/* To another program and back. Whether it could be or not, it is ours again after that. */
static void lend(struct stage *stage)
{
	struct kms_lease *lease = kms_lease_create(stage->device, &stage->outputs[1].output, 1,
		KMS_LEASE_ALL_PLANES);
	int fd;

	FAULTS_AWAIT(kms_lease_state(lease) != KMS_LEASE_WAITING, PATIENCE_S);
	g_assert_cmpint(kms_lease_state(lease), !=, KMS_LEASE_WAITING);
	fd = kms_lease_fd(lease);
	kms_lease_destroy(lease);
	g_assert_cmpuint(double_lessees(), ==, 0);
	FAULTS_AWAIT(is_lit(stage), PATIENCE_S);
	g_assert_true(is_lit(stage));
	/* In a thread, which wakes no loop, when what is ours has been shown. */
	while (!is_closed(fd))
		g_main_context_iteration(NULL, FALSE);
}

static bool is_shown(const struct stage *stage)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (stage->outputs[i].presented != stage->outputs[i].serial)
			return false;
	}
	return true;
}

/* The one that fails can be this one, and then the next one is not; master is won back in a
 * second. */
static void expect_shown(struct stage *stage)
{
	show_all(stage);
	if (!is_shown(stage)) {
		FAULTS_AWAIT(is_lit(stage), PATIENCE_S);
		show_all(stage);
	}
	g_assert_true(is_shown(stage));
}

/* ---- the scenario ---- */

static bool is_usual(const char *line)
{
	return strstr(line, "DP-2: left off: ") != NULL ||
		strstr(line, "DP-2: cannot be lent") != NULL;
}

static void card(void)
{
	struct stage stage = {NULL};
	g_autofree char *before = NULL;
	g_autofree char *told = NULL;

	g_main_context_default();
	before = faults_list_fds();
	told = open_device(&stage);
	if (told)
		g_assert_null(open_device(&stage));
	if (!told)
		told = configure(&stage, NULL);
	show_all(&stage);
	point(&stage);
	stack(&stage);
	leave_and_return(&stage, false);
	show_all(&stage);
	leave_and_return(&stage, true);
	configure_until_lit(&stage, "640x480");
	expect_shown(&stage);
	if (!stage.layer.layer)
		stack(&stage);
	FAULTS_AWAIT(try_layer(&stage), PATIENCE_S);
	g_assert_cmpuint(stage.layer.presented, ==, stage.layer.serial);
	kms_output_layer_destroy(stage.layer.layer);
	lend(&stage);
	expect_shown(&stage);
	kms_buffer_unref(stage.layer.buffer);
	for (size_t i = 0; i < OUTPUTS; i++)
		kms_buffer_unref(stage.outputs[i].buffer);
	kms_device_destroy(stage.device);
	g_assert_cmpstr(double_faults(), ==, NULL);
	double_reset();
	faults_expect_told(told, 0);
	faults_expect_fds(before);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_set_usual(is_usual);
	faults_add("/fault/kms/card", card, 40);
	return g_test_run();
}
