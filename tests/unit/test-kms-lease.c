/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outputs lent to another program, on the double: what it gets and when, that none of it is in a
 * commit of ours meanwhile (the double says so), and how each is taken back: with the last picture
 * until ours is shown, without a mode set where none is needed, and without a vblank of the
 * others'.
 */
#include "card_fixture.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Two outputs that show pictures; the second is lent. */
struct lent {
	struct kms_lease *lease;
	struct kms_output *output;
};

static void start_with(struct card_fixture *card, bool overlays)
{
	double_card.crtcs = 2;
	double_card.connected[1] = true;
	double_card.overlay_planes = overlays;
	double_card.shared_overlays = 1;
	double_card.rotation = true;
	card_start(card);
	card_show(card, 0);
	card_show(card, 1);
}

static void start(struct card_fixture *card)
{
	start_with(card, true);
}

static struct lent ask_for(struct card_fixture *card, uint32_t planes)
{
	struct lent lent = {.output = card->outputs[1].output};

	lent.lease = kms_lease_create(card->device, &lent.output, 1, planes);
	card_turn();
	return lent;
}

static struct lent ask(struct card_fixture *card)
{
	return ask_for(card, KMS_LEASE_ALL_PLANES);
}

static struct lent give(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	memset(&double_counters, 0, sizeof(double_counters));
	return lent;
}

/* Ours is on the glass again, and frames go there. */
static void expect_back(struct card_fixture *card)
{
	card_flip(1);
	g_assert_cmpuint(double_lessees(), ==, 0);
	g_assert_true(kms_output_active(card->outputs[1].output));
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 1);
	card_show(card, 1);
}

/* In a thread. */
static void await_closed(int fd)
{
	while (fcntl(fd, F_GETFD) >= 0)
		g_thread_yield();
}

static void probe(struct card_fixture *card, unsigned int n, bool connected)
{
	double_card.connected[n] = connected;
	kms_hotplug_probe(card->device->hotplug);
	card_wait(kms_output_connected(card->outputs[n].output) == connected);
	card_turn();
}

static void light_cursor(struct card_fixture *card, size_t n)
{
	g_autofree uint32_t *pixels = g_new(uint32_t, KMS_CURSOR_SIZE * KMS_CURSOR_SIZE);

	memset(pixels, 0xff, KMS_CURSOR_SIZE * KMS_CURSOR_SIZE * sizeof(*pixels));
	g_assert_true(kms_output_set_cursor(card->outputs[n].output, pixels, 0, 0));
}

/* ---- giving ---- */

static void test_objects(struct card_fixture *card)
{
	uint32_t shown;
	struct lent lent;

	start(card);
	shown = card_shown(1);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_cmpint(fcntl(kms_lease_fd(lent.lease), F_GETFD), >=, 0);
	g_assert_true(double_is_leased(DOUBLE_CONNECTOR(1)));
	g_assert_true(double_is_leased(DOUBLE_CRTC(1)));
	g_assert_true(double_is_leased(DOUBLE_PRIMARY(1)));
	g_assert_true(double_is_leased(DOUBLE_CURSOR(1)));
	g_assert_true(double_is_leased(DOUBLE_OVERLAY(1)));
	g_assert_false(double_is_leased(DOUBLE_SHARED(0)));
	g_assert_false(double_is_leased(DOUBLE_CRTC(0)));
	g_assert_false(double_is_leased(DOUBLE_PRIMARY(0)));
	/* Our last picture is there until the holder's first. */
	g_assert_cmpuint(card_shown(1), ==, shown);
	g_assert_nonnull(double_framebuffer(shown));
	g_assert_false(kms_output_active(lent.output));
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_OFF);
	g_assert_cmpuint(card->outputs[1].changes, ==, 1);
	g_assert_cmpuint(kms_output_counters(lent.output)->leases, ==, 1);
	/* Whatever is asked of the card meanwhile is asked of the rest. */
	card_show(card, 0);
	light_cursor(card, 0);
	card_show(card, 0);
	card->device->card->records.reset_wanted = true;
	kms_records_wake_at(&card->device->card->records, 0);
	card_turn();
	card_configure(card, NULL, false);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* Some of them: the picture's plane is nobody's to change then, nor is the cursor's, and it shows
 * what it did. */
static void test_planes(struct card_fixture *card)
{
	uint32_t shown;
	struct lent lent;

	start(card);
	shown = card_shown(1);
	lent = ask_for(card, KMS_LEASE_OVERLAYS);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_true(double_is_leased(DOUBLE_CONNECTOR(1)));
	g_assert_true(double_is_leased(DOUBLE_CRTC(1)));
	g_assert_true(double_is_leased(DOUBLE_OVERLAY(1)));
	g_assert_false(double_is_leased(DOUBLE_PRIMARY(1)));
	g_assert_false(double_is_leased(DOUBLE_CURSOR(1)));
	double_lessee_show_overlay(1);
	g_assert_cmpint(card_submit(card, 1), ==, KMS_SUBMIT_OFF);
	card_show(card, 0);
	light_cursor(card, 1);
	card->device->card->records.reset_wanted = true;
	kms_records_wake_at(&card->device->card->records, 0);
	card_turn();
	card_configure(card, NULL, false);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_cmpuint(card_shown(1), ==, shown);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(1), "FB_ID"), ==, 0);
	/* The holder's goes with the first of ours. */
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(1), "FB_ID"), !=, 0);
	kms_lease_destroy(lent.lease);
	expect_back(card);
	g_assert_cmpuint(double_value(DOUBLE_OVERLAY(1), "FB_ID"), ==, 0);
}

static void test_none_of_the_planes(struct card_fixture *card)
{
	struct lent lent;

	start_with(card, false);
	lent = ask_for(card, KMS_LEASE_OVERLAYS);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_cmpuint(double_lessees(), ==, 0);
	g_assert_cmpuint(card->outputs[1].changes, ==, 1);
	g_assert_nonnull(strstr(card->log->str,
		"DP-2: cannot be lent to another program: it has none of the planes that are to be "
		"lent"));
	kms_lease_destroy(lent.lease);
	card_show(card, 1);
	/* The others it has. */
	lent = ask_for(card, KMS_LEASE_CURSOR | KMS_LEASE_OVERLAYS);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_true(double_is_leased(DOUBLE_CURSOR(1)));
	g_assert_false(double_is_leased(DOUBLE_PRIMARY(1)));
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* Nothing of ours is in flight when the holder begins; what waited behind it is not shown. */
static void test_in_flight(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	card_submit(card, 1);
	card_submit_buffer(card, 1, card_buffer(card, 1));
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	g_assert_cmpint(kms_lease_fd(lent.lease), ==, -1);
	g_assert_cmpuint(double_lessees(), ==, 0);
	card_flip(1);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_cmpuint(card->outputs[1].presented, ==, card->serial - 1);
	g_assert_cmpuint(card->outputs[1].failed, ==, card->serial);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* Nor has it our cursor above its picture. */
static void test_cursor(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	light_cursor(card, 1);
	card_show(card, 1);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	kms_output_set_cursor(card->outputs[1].output, NULL, 0, 0);
	card_show(card, 1);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_cmpuint(double_value(DOUBLE_CURSOR(1), "FB_ID"), ==, 0);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

static void test_waits_for_monitor(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	probe(card, 1, false);
	card_flip(1);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	probe(card, 1, true);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	card_flip(1);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* Both at once, and all of both. */
static void test_two_outputs(struct card_fixture *card)
{
	struct kms_output *outputs[2];
	struct kms_lease *lease;

	start(card);
	outputs[0] = card->outputs[0].output;
	outputs[1] = card->outputs[1].output;
	card_submit(card, 1);
	lease = kms_lease_create(card->device, outputs, 2, KMS_LEASE_ALL_PLANES);
	card_turn();
	g_assert_cmpint(kms_lease_state(lease), ==, KMS_LEASE_WAITING);
	card_flip(1);
	g_assert_cmpint(kms_lease_state(lease), ==, KMS_LEASE_GIVEN);
	g_assert_cmpuint(double_lessees(), ==, 1);
	g_assert_true(double_is_leased(DOUBLE_CRTC(0)));
	g_assert_true(double_is_leased(DOUBLE_CRTC(1)));
	kms_lease_destroy(lease);
	card_flip(0);
	expect_back(card);
}

static void test_refused(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	double_fail(DOUBLE_CREATE_LEASE, EOPNOTSUPP, 0, 1);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_nonnull(strstr(card->log->str, "DP-2: cannot be lent to another program"));
	g_assert_cmpuint(card->outputs[1].changes, ==, 1);
	kms_lease_destroy(lent.lease);
	card_show(card, 1);
	/* What is of the moment is tried again. */
	double_fail(DOUBLE_CREATE_LEASE, EMFILE, 0, 1);
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	card_wait(kms_lease_state(lent.lease) == KMS_LEASE_GIVEN);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* One that is not wanted any more, before it was given. */
static void test_withdrawn(struct card_fixture *card)
{
	struct lent lent;

	start(card);
	card_submit(card, 1);
	lent = ask(card);
	kms_lease_destroy(lent.lease);
	card_flip(1);
	g_assert_cmpuint(double_lessees(), ==, 0);
	card_show(card, 1);
}

/* ---- taking back ---- */

static void test_same_mode(struct card_fixture *card)
{
	struct lent lent = give(card);
	uint32_t theirs = double_lessee_show(1, false);
	int fd = kms_lease_fd(lent.lease);

	kms_lease_destroy(lent.lease);
	g_assert_cmpuint(double_lessees(), ==, 0);
	/* One commit of that CRTC, no mode set, and with it all that the holder may have
	 * changed. */
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 0);
	g_assert_cmpuint(card_shown(1), !=, theirs);
	g_assert_cmpuint(double_value(DOUBLE_PRIMARY(1), "rotation"), ==, KMS_ROTATE_0);
	g_assert_false(double_committed(DOUBLE_PRIMARY(0), "FB_ID"));
	/* The holder's picture lives until ours is on the glass. */
	g_assert_cmpint(fcntl(fd, F_GETFD), >=, 0);
	expect_back(card);
	await_closed(fd);
}

static void test_other_mode(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_lessee_show(1, true);
	kms_lease_destroy(lent.lease);
	g_assert_cmpuint(double_counters.commits, ==, 1);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	expect_back(card);
}

/* It turned everything off. */
static void test_dark(struct card_fixture *card)
{
	struct lent lent = give(card);
	int fd = kms_lease_fd(lent.lease);

	double_darken(1);
	kms_lease_destroy(lent.lease);
	g_assert_cmpuint(double_counters.modeset_commits, ==, 1);
	expect_back(card);
	await_closed(fd);
}

/* Its last commit takes its time: others do not wait for that. */
static void test_busy_holder(struct card_fixture *card)
{
	struct lent lent = give(card);
	unsigned int shown = card->outputs[0].presentations;
	uint64_t mode_sets = kms_output_counters(card->outputs[0].output)->mode_sets;

	double_lessee_show(1, false);
	double_lessee_commit(1, true);
	card_submit(card, 0);
	kms_lease_destroy(lent.lease);
	for (int i = 0; i < 10; i++) {
		card_flip(0);
		g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_ACCEPTED);
	}
	g_assert_cmpuint(card->outputs[0].presentations, ==, shown + 10);
	g_assert_false(kms_output_busy(card->outputs[1].output));
	double_lessee_commit(1, false);
	card_wait(kms_output_busy(card->outputs[1].output));
	expect_back(card);
	g_assert_cmpuint(kms_output_counters(card->outputs[0].output)->mode_sets, ==, mode_sets);
	card_flip(0);
}

static void test_unplugged(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_lessee_show(1, false);
	probe(card, 1, false);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_cmpint(kms_lease_fd(lent.lease), ==, -1);
	g_assert_cmpuint(double_lessees(), ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	kms_lease_destroy(lent.lease);
	card_flip(1);
	probe(card, 1, true);
	expect_back(card);
}

/* The holder has switched it off before: nothing is to be done, and that once, also beside another
 * lease. */
static void test_dark_unplugged(struct card_fixture *card)
{
	struct lent lent = give(card);
	struct kms_output *others = card->outputs[0].output;
	struct kms_lease *other = kms_lease_create(card->device, &others, 1, KMS_LEASE_ALL_PLANES);

	card_turn();
	g_assert_cmpint(kms_lease_state(other), ==, KMS_LEASE_GIVEN);
	double_darken(1);
	probe(card, 1, false);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_null(lent.output->state.crtc);
	g_assert_false(card->device->modeset.wanted);
	kms_modeset_request(&card->device->modeset, false);
	g_assert_cmpuint(double_counters.commits, ==, 0);
	g_assert_cmpint(kms_lease_state(other), ==, KMS_LEASE_GIVEN);
	kms_lease_destroy(other);
	card_flip(0);
	kms_lease_destroy(lent.lease);
	probe(card, 1, true);
	expect_back(card);
}

/* It is to be off from now on. */
static void test_off(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_lessee_show(1, false);
	card_configure_only(card, 0);
	card_turn();
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(1), "ACTIVE"), ==, 0);
	card_flip(1);
	kms_lease_destroy(lent.lease);
}

/* ---- who is master ---- */

static void test_pause(struct card_fixture *card)
{
	struct lent lent = give(card);
	unsigned int changes = card->outputs[1].changes;

	double_lessee_show(1, true);
	kms_device_pause(card->device);
	g_assert_cmpuint(double_lessees(), ==, 0);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	card_turn();
	g_assert_cmpuint(card->outputs[1].changes, >, changes);
	kms_lease_destroy(lent.lease);
	/* Who asks meanwhile waits. */
	lent = ask(card);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_WAITING);
	g_assert_true(kms_device_resume(card->device, NULL));
	card_flip(0);
	card_flip(1);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	kms_lease_destroy(lent.lease);
	expect_back(card);
}

/* Modes are set again after a suspend: what is lent is its holder's business, and stays lent. */
static void test_suspended(struct card_fixture *card)
{
	uint32_t shown;
	struct lent lent;

	start(card);
	lent = ask(card);
	shown = double_lessee_show(1, false);
	kms_device_renew(card->device);
	card_turn();
	g_assert_true(double_committed(DOUBLE_CONNECTOR(0), "max bpc"));
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_GIVEN);
	g_assert_true(double_is_leased(DOUBLE_CRTC(1)));
	g_assert_cmpuint(card_shown(1), ==, shown);
	card_flip(0);
	card_show(card, 0);
	kms_lease_destroy(lent.lease);
}

/* A seat manager has taken master away before we hear of it: what we may not end then, we end
 * later. */
static void test_manager(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_card.manager = true;
	double_set_master(false);
	kms_device_pause(card->device);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	g_assert_cmpuint(double_lessees(), ==, 1);
	kms_lease_destroy(lent.lease);
	double_set_master(true);
	g_assert_true(kms_device_resume(card->device, NULL));
	g_assert_cmpuint(double_lessees(), ==, 0);
	card_flip(0);
	expect_back(card);
}

static void test_lost_master(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_set_master(false);
	double_card.other_master = true;
	card_submit(card, 0);
	card_turn();
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	kms_lease_destroy(lent.lease);
	double_card.other_master = false;
	card_wait(kms_output_active(card->outputs[0].output));
	g_assert_cmpuint(double_lessees(), ==, 0);
	card_flip(0);
	expect_back(card);
}

/* ---- the end ---- */

static void test_gone(struct card_fixture *card)
{
	struct lent lent = give(card);

	double_card.gone = true;
	card_submit(card, 0);
	card_turn();
	g_assert_true(card->gone);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	kms_lease_destroy(lent.lease);
}

/* With the device that goes first, and of use to nobody then. */
static void test_device_first(struct card_fixture *card)
{
	struct lent lent = give(card);
	int fd = kms_lease_fd(lent.lease);

	card_close(card);
	g_assert_cmpuint(double_lessees(), ==, 0);
	g_assert_cmpint(kms_lease_state(lent.lease), ==, KMS_LEASE_ENDED);
	await_closed(fd);
	kms_lease_destroy(lent.lease);
	kms_lease_destroy(NULL);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/lease/objects", test_objects);
	card_add_test("/kms/lease/planes", test_planes);
	card_add_test("/kms/lease/none-of-the-planes", test_none_of_the_planes);
	card_add_test("/kms/lease/in-flight", test_in_flight);
	card_add_test("/kms/lease/cursor", test_cursor);
	card_add_test("/kms/lease/waits-for-monitor", test_waits_for_monitor);
	card_add_test("/kms/lease/two-outputs", test_two_outputs);
	card_add_test("/kms/lease/refused", test_refused);
	card_add_test("/kms/lease/withdrawn", test_withdrawn);
	card_add_test("/kms/lease/same-mode", test_same_mode);
	card_add_test("/kms/lease/other-mode", test_other_mode);
	card_add_test("/kms/lease/dark", test_dark);
	card_add_test("/kms/lease/busy-holder", test_busy_holder);
	card_add_test("/kms/lease/unplugged", test_unplugged);
	card_add_test("/kms/lease/dark-unplugged", test_dark_unplugged);
	card_add_test("/kms/lease/off", test_off);
	card_add_test("/kms/lease/pause", test_pause);
	card_add_test("/kms/lease/suspended", test_suspended);
	card_add_test("/kms/lease/manager", test_manager);
	card_add_test("/kms/lease/lost-master", test_lost_master);
	card_add_test("/kms/lease/gone", test_gone);
	card_add_test("/kms/lease/device-first", test_device_first);
	return g_test_run();
}
