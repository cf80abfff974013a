/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the watchdog's question takes from the parts of the daemon: guests that wait, at their
 * sockets, and outputs with something to show, on a fake card.
 */
#include <drm_fourcc.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_dmabuf.h"
#include "fake/fake_kms.h"
#include "report/health_check.h"
#include "vhost_user_gpu.h"

#define WIDTH 64
#define HEIGHT 48

#define LIMIT_US (4 * KMS_FLIP_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND)
#define START_US G_TIME_SPAN_DAY

static void expect(struct health *health, const struct health_parts *parts, int64_t now_us,
	const char *complaint)
{
	g_autofree char *text = health_check(health, parts, now_us);

	g_assert_cmpstr(text, ==, complaint);
}

/* ---- guests ---- */

struct guests {
	struct kms_device *device;
	const struct kms_device *devices[1];
	struct layout *layout;
	struct config_guest configs[2];
	struct member *members[2];
	int peers[2]; /* their back-ends' ends */
	struct health *health;
	struct health_parts parts;
};

static char names[2][5] = {"well", "ivi"};

static void ignore(void *data)
{
}

static void guests_set_up(struct guests *guests, gconstpointer data)
{
	static const struct layout_listener listener = {ignore, ignore};
	struct layout_guest sections[2] = {0};
	const struct layout_options options = {.guests = sections, .guest_count = 2};

	fake_dmabuf_refuse_sync(false);
	guests->device = fake_card_create(2, WIDTH, HEIGHT);
	for (size_t i = 0; i < 2; i++) {
		int ends[2];

		guests->configs[i] = (struct config_guest){.name = names[i], .vm = names[i]};
		guests->members[i] = member_create(&guests->configs[i], NULL, 0, NULL);
		g_assert_nonnull(guests->members[i]);
		sections[i] = (struct layout_guest){
			.guest = member_guest(guests->members[i]),
			.blank_after_ms = LAYOUT_NEVER,
			.off_after_ms = LAYOUT_NEVER,
		};
		guest_set_device(sections[i].guest, 0, guests->device);
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
		guest_attach(sections[i].guest, ends[0]);
		guests->peers[i] = ends[1];
	}
	guests->layout = layout_create(&options, &listener, NULL);
	fake_card_listen(guests->device, layout_kms_listener(), guests->layout);
	layout_set_device(guests->layout, 0, guests->device);
	guests->health = health_create(0);
	guests->devices[0] = guests->device;
	guests->parts = (struct health_parts){guests->devices, 1, guests->members, 2};
}

static void guests_tear_down(struct guests *guests, gconstpointer data)
{
	layout_destroy(guests->layout);
	for (size_t i = 0; i < 2; i++) {
		member_destroy(guests->members[i]);
		close(guests->peers[i]);
	}
	health_destroy(guests->health);
	fake_card_destroy(guests->device);
}

static void say(const struct guests *guests, uint32_t request, const void *payload, uint32_t size,
	int fd)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	message_append(bytes, request, size, payload, size);
	fixture_send_on(guests->peers[1], bytes->data, bytes->len, &fd, fd >= 0);
	fixture_settle();
}

static void show_dmabuf(const struct guests *guests)
{
	const struct vhost_user_gpu_dmabuf_scanout scanout = {0, 0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT,
		WIDTH * 4, 0, (int32_t)DRM_FORMAT_XRGB8888};
	int fd = fake_dmabuf_create((size_t)WIDTH * HEIGHT * 4, NULL);

	say(guests, VHOST_USER_GPU_DMABUF_SCANOUT, &scanout, sizeof(scanout), fd);
	close(fd);
}

/* Returns since when it waits for the answer, which comes with the flip. */
static int64_t update(const struct guests *guests)
{
	const struct vhost_user_gpu_update all = {0, 0, 0, WIDTH, HEIGHT};

	say(guests, VHOST_USER_GPU_DMABUF_UPDATE, &all, sizeof(all), -1);
	return member_waiting_since(guests->members[1]);
}

static void test_guest(struct guests *guests, gconstpointer data)
{
	int64_t since_us;

	show_dmabuf(guests);
	/* They are there for long, and have asked for nothing. */
	expect(guests->health, &guests->parts, g_get_monotonic_time() + 2 * LIMIT_US, NULL);
	since_us = update(guests);
	g_assert_cmpint(since_us, >, 0);
	expect(guests->health, &guests->parts, since_us + LIMIT_US, NULL);
	expect(guests->health, &guests->parts, since_us + LIMIT_US + 1,
		"guest ivi has waited for an answer for 20 s");
	fake_flip(&guests->device->outputs[1]);
	expect(guests->health, &guests->parts, since_us + 2 * LIMIT_US, NULL);
}

/* Who goes on sending is in nobody's debt: of several that wait, the last one counts. */
static void test_guest_goes_on(struct guests *guests, gconstpointer data)
{
	int64_t first_us, last_us;

	show_dmabuf(guests);
	first_us = update(guests);
	while (g_get_monotonic_time() == first_us)
		;
	last_us = update(guests);
	g_assert_cmpint(last_us, >, first_us);
	expect(guests->health, &guests->parts, first_us + LIMIT_US + 1, NULL);
	expect(guests->health, &guests->parts, last_us + LIMIT_US + 1,
		"guest ivi has waited for an answer for 20 s");
	fake_flip(&guests->device->outputs[1]);
	fake_flip(&guests->device->outputs[1]);
}

/* It waits without a card, too, though not for long. */
static void test_without_card(struct guests *guests, gconstpointer data)
{
	const struct health_parts without = {NULL, 0, guests->members, 2};
	int64_t since_us;

	show_dmabuf(guests);
	since_us = update(guests);
	expect(guests->health, &without, since_us + LIMIT_US + 1,
		"guest ivi has waited for an answer for 20 s");
	fake_flip(&guests->device->outputs[1]);
	expect(guests->health, &without, since_us + LIMIT_US + 1, NULL);
}

/* ---- outputs ---- */

struct card {
	struct kms_device *device;
	const struct kms_device *devices[1];
	struct kms_buffer *buffer;
	struct health *health;
	struct health_parts parts;
	uint64_t serial;
};

static void ignore_presented(void *data, struct kms_output *output, uint64_t serial,
	const struct kms_presentation *presentation)
{
}

static void ignore_failed(void *data, struct kms_output *output, uint64_t serial, int error)
{
}

static void ignore_change(void *data, struct kms_output *output)
{
}

static void card_set_up(struct card *card, gconstpointer data)
{
	static const struct kms_listener listener = {
		.presented = ignore_presented,
		.commit_failed = ignore_failed,
		.output_changed = ignore_change,
	};

	fake_dmabuf_refuse_sync(false);
	card->device = fake_card_create(2, WIDTH, HEIGHT);
	fake_card_listen(card->device, &listener, NULL);
	card->buffer = kms_buffer_create_dumb(card->device, WIDTH, HEIGHT, NULL);
	card->health = health_create(0);
	card->devices[0] = card->device;
	card->parts.devices = card->devices;
	card->parts.device_count = 1;
}

static void card_tear_down(struct card *card, gconstpointer data)
{
	health_destroy(card->health);
	kms_buffer_unref(card->buffer);
	fake_card_destroy(card->device);
}

static void card_submit(struct card *card, struct kms_output *output)
{
	const struct kms_frame frame = {
		.serial = ++card->serial,
		.buffer = card->buffer,
		.source = {0, 0, WIDTH, HEIGHT},
		.destination = {0, 0, WIDTH, HEIGHT},
	};

	g_assert_cmpint(kms_output_submit(output, &frame), ==, KMS_SUBMIT_ACCEPTED);
}

#define STILL \
	"DP-2: nothing was shown and nothing failed for 20 s, though frames " \
	"are due"

static void test_output(struct card *card, gconstpointer data)
{
	struct kms_output *output = &card->device->outputs[1];

	/* Both are lit, and have nothing to show. */
	expect(card->health, &card->parts, START_US, NULL);
	expect(card->health, &card->parts, START_US + 2 * LIMIT_US, NULL);
	card_submit(card, output);
	expect(card->health, &card->parts, START_US + 2 * LIMIT_US, NULL);
	expect(card->health, &card->parts, START_US + 3 * LIMIT_US, NULL);
	expect(card->health, &card->parts, START_US + 3 * LIMIT_US + 1, STILL);
	/* It was shown: nothing is due. */
	fake_flip(output);
	expect(card->health, &card->parts, START_US + 4 * LIMIT_US, NULL);
	expect(card->health, &card->parts, START_US + 6 * LIMIT_US, NULL);
}

/* Nobody expects anything of one that is off, with a frame that is still on its way or without. */
static void test_output_off(struct card *card, gconstpointer data)
{
	struct kms_output *output = &card->device->outputs[1];

	card_submit(card, output);
	output->active = false;
	expect(card->health, &card->parts, START_US, NULL);
	expect(card->health, &card->parts, START_US + 2 * LIMIT_US, NULL);
	output->active = true;
	fake_flip(output);
}

/* Each of these says that the output moves, and none of the others does. */
static void test_progress(struct card *card, gconstpointer data)
{
	struct kms_output *output = &card->device->outputs[1];
	struct kms_output_counters *counters = &output->counters;
	uint64_t *const moving[] = {&counters->commits, &counters->frames_shown,
		&counters->commits_failed, &counters->flip_timeouts, &counters->mode_sets};
	uint64_t *const still[] = {&counters->frames_superseded, &counters->commits_slow,
		&counters->cursor_commits, &counters->vblanks_missed, &counters->tests,
		&counters->leases};
	int64_t now_us = START_US;

	g_assert_cmpuint((G_N_ELEMENTS(moving) + G_N_ELEMENTS(still)) * sizeof(uint64_t), ==,
		sizeof(*counters));
	card_submit(card, output);
	expect(card->health, &card->parts, now_us, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(moving); i++) {
		now_us += LIMIT_US + 1;
		expect(card->health, &card->parts, now_us, STILL);
		++*moving[i];
		expect(card->health, &card->parts, now_us, NULL);
	}
	now_us += LIMIT_US + 1;
	for (size_t i = 0; i < G_N_ELEMENTS(still); i++) {
		++*still[i];
		expect(card->health, &card->parts, now_us, STILL);
	}
	fake_flip(output);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	g_test_add("/health-check/guest", struct guests, NULL, guests_set_up, test_guest,
		guests_tear_down);
	g_test_add("/health-check/guest-goes-on", struct guests, NULL, guests_set_up,
		test_guest_goes_on, guests_tear_down);
	g_test_add("/health-check/without-card", struct guests, NULL, guests_set_up,
		test_without_card, guests_tear_down);
	g_test_add("/health-check/output", struct card, NULL, card_set_up, test_output,
		card_tear_down);
	g_test_add("/health-check/output-off", struct card, NULL, card_set_up, test_output_off,
		card_tear_down);
	g_test_add("/health-check/progress", struct card, NULL, card_set_up, test_progress,
		card_tear_down);
	return g_test_run();
}
