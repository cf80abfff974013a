/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's descriptor that outlives the process that used it: its successor closes all that was
 * left open, and what is on the screen stays there, picture and mode, until it shows something of
 * its own.
 */
#include "card_fixture.h"

#include <drm_fourcc.h>
#include <fcntl.h>
#include <unistd.h>
#include <xf86drm.h>

/* What a process has open that is killed: a picture on the screen, a buffer that it was about to
 * show, one that has no framebuffer yet. */
static void die(struct card_fixture *card)
{
	uint32_t handles[4] = {0};
	uint32_t strides[4] = {0};
	const uint32_t offsets[4] = {0};
	uint32_t framebuffer;
	uint64_t size;
	int fd;

	card_show(card, 0);
	g_assert_false(kms_output_keeps_former(card->outputs[0].output));
	card_close(card);
	*card = (struct card_fixture){0};
	fd = double_open();
	for (int i = 0; i < 2; i++)
		g_assert_cmpint(
			drmModeCreateDumbBuffer(fd, 64, 64, 32, 0, &handles[0], &strides[0], &size),
			==, 0);
	g_assert_cmpint(drmModeAddFB2(fd, 64, 64, DRM_FORMAT_XRGB8888, handles, strides, offsets,
				&framebuffer, 0),
		==, 0);
	close(fd);
}

static void sweep(void)
{
	int fd = double_open();

	kms_leftovers_close(fd);
	close(fd);
}

/* As often as it may happen, no more is left than what the screen shows. */
static void succeed(struct card_fixture *card, unsigned int left)
{
	card_start(card);
	for (int generation = 0; generation < 3; generation++) {
		uint32_t shown;

		die(card);
		shown = card_shown(0);
		g_assert_cmpuint(double_framebuffer_count(), >, left);
		g_assert_cmpuint(double_handle_count(), >=, 2);
		sweep();
		g_assert_cmpuint(double_framebuffer_count(), ==, left);
		g_assert_cmpuint(double_handle_count(), ==, 0);
		g_assert_cmpuint(card_shown(0), ==, shown);

		double_counters = (struct double_counters){0};
		card_open(card);
		card_configure(card, NULL, true);
		/* The same picture, by a framebuffer of its own, without a mode set. */
		g_assert_cmpuint(double_counters.commits, ==, 1);
		g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
		g_assert_cmpuint(card_shown(0), !=, shown);
		g_assert_cmpuint(double_framebuffer(card_shown(0))->width, ==, 1024);
		g_assert_true(kms_output_keeps_former(card->outputs[0].output));
		g_assert_cmpstr(double_faults(), ==, NULL);
	}
}

static void test_closes(struct card_fixture *card)
{
	succeed(card, 0);
}

/* Without CLOSEFB what is shown can be closed only by the next one. */
static void test_removes(struct card_fixture *card)
{
	double_card.closefb = false;
	succeed(card, 1);
}

static void test_leases(struct card_fixture *card)
{
	const uint32_t objects[] = {DOUBLE_CRTC(0), DOUBLE_CONNECTOR(0), DOUBLE_PRIMARY(0)};
	uint32_t lessee;
	int fd = double_open();
	int leased = drmModeCreateLease(fd, objects, G_N_ELEMENTS(objects), O_CLOEXEC, &lessee);

	g_assert_cmpint(leased, >=, 0);
	kms_leftovers_close(fd);
	g_assert_cmpuint(double_lessees(), ==, 0);
	close(leased);
	close(fd);
}

/* Nothing can be asked of it: whoever makes a device of it will say so. */
static void test_gone(struct card_fixture *card)
{
	card_start(card);
	die(card);
	double_card.gone = true;
	sweep();
	double_card.gone = false;
	g_assert_cmpuint(double_handle_count(), >=, 2);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/leftovers/closes", test_closes);
	card_add_test("/kms/leftovers/removes", test_removes);
	card_add_test("/kms/leftovers/leases", test_leases);
	card_add_test("/kms/leftovers/gone", test_gone);
	return g_test_run();
}
