/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitors that come and go, and the card that goes: who is told, and what goes on.
 */
#include "card_fixture.h"
#include "device.h"
#include "double_private.h"
#include "hotplug.h"

#include <errno.h>
#include <libudev.h>
#include <string.h>

/* A storm has filled its socket's buffer, and what came last is lost. */
struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	errno = ENOBUFS;
	return NULL;
}

/* ---- monitors ---- */

static void probe(struct card_fixture *card, unsigned int n, bool connected)
{
	double_card.connected[n] = connected;
	kms_hotplug_probe(card->device->hotplug);
	card_wait(kms_output_connected(card->outputs[n].output) == connected);
	card_turn();
}

static void test_unplug(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	probe(card, 0, false);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpuint(seen->failures, ==, 1);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_cmpuint(seen->changes, ==, 1);
	g_assert_false(kms_output_active(seen->output));
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	/* The event of what was in flight still comes, and is nobody's any more. */
	card_flip(0);
	g_assert_cmpuint(seen->presentations, ==, 0);
	g_assert_cmpuint(double_value(DOUBLE_CRTC(0), "ACTIVE"), ==, 0);
	card_flip(0);
	g_assert_false(kms_output_holds(seen->output, card_picture(card, 0)));

	probe(card, 0, true);
	g_assert_true(kms_output_active(seen->output));
	card_flip(0);
	card_show(card, 0);
	/* Each round is told once. */
	g_assert_cmpuint(card->probes, ==, 2);
}

static void test_plugged_later(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.connected[1] = false;
	card_start(card);
	g_assert_false(kms_output_active(card->outputs[1].output));
	probe(card, 1, true);
	g_assert_true(kms_output_active(card->outputs[1].output));
	/* The one that runs does not notice. */
	g_assert_cmpuint(card->outputs[0].changes, ==, 0);
	g_assert_false(kms_output_busy(card->outputs[0].output));
	card_flip(1);
}

/* A monitor too many takes none of the others down. */
static void test_plugged_and_refused(struct card_fixture *card)
{
	double_card.crtcs = 2;
	double_card.active_max = 1;
	double_card.connected[1] = false;
	card_start(card);
	probe(card, 1, true);
	g_assert_true(kms_output_active(card->outputs[0].output));
	g_assert_false(kms_output_active(card->outputs[1].output));
	g_assert_nonnull(strstr(card->log->str, "DP-2: left off"));
	card_flip_all(card);
	g_assert_false(kms_output_busy(card->outputs[0].output));
}

/* Who asked hears of each round, last of all: nothing that it has changed is still to be told. */
static void test_probed(struct card_fixture *card)
{
	double_card.crtcs = 2;
	card_start(card);
	g_assert_cmpuint(card->probes, ==, 0);
	double_card.connected[0] = false;
	double_card.connected[1] = false;
	kms_hotplug_probe(card->device->hotplug);
	g_assert_cmpuint(card->probes, ==, 0);
	card_wait(card->probes == 1);
	g_assert_cmpuint(card->changes_when_probed, ==, 2);
	card_flip_all(card);
	/* Also where nothing has changed. */
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->probes == 2);
	g_assert_cmpuint(card->changes_when_probed, ==, 2);
}

/* What can drive a monitor is asked again as long as nobody says, and told when somebody does. */
static void test_probed_in_vain(struct card_fixture *card)
{
	unsigned int changes, probes;

	double_fail(DOUBLE_GET_ENCODER, EINTR, 0, 1000);
	card_open(card);
	card_turn();
	changes = card->outputs[0].changes;
	for (int i = 0; i < 2; i++) {
		probes = card->probes;
		kms_hotplug_probe(card->device->hotplug);
		card_wait(card->probes > probes);
		g_assert_cmpuint(card->outputs[0].changes, ==, changes);
	}
	double_fail(DOUBLE_GET_ENCODER, 0, 0, 0);
	kms_hotplug_probe(card->device->hotplug);
	card_wait(card->outputs[0].changes > changes);
	card_configure(card, NULL, false);
	g_assert_true(kms_output_active(card->outputs[0].output));
}

static void test_probed_by_resume(struct card_fixture *card)
{
	card_start(card);
	kms_device_pause(card->device);
	card_turn();
	g_assert_true(kms_device_resume(card->device, NULL));
	g_assert_cmpuint(card->probes, ==, 0);
	card_wait(card->probes == 1);
	card_flip_all(card);
}

static void test_lost_events(struct card_fixture *card)
{
	card_start(card);
	double_card.connected[0] = false;
	kms_hotplug_receive(card->device->hotplug);
	card_wait(!kms_output_connected(card->outputs[0].output));
	card_turn();
	card_flip(0);
}

/* ---- the card ---- */

/* Its removal was among what was lost, and nobody draws. */
static void test_lost_removal(struct card_fixture *card)
{
	card_start(card);
	double_card.gone = true;
	kms_hotplug_receive(card->device->hotplug);
	card_wait(card->gone);
}

static void test_unplugged_card(struct card_fixture *card)
{
	struct card_output *seen = &card->outputs[0];

	card_start(card);
	card_submit(card, 0);
	card_submit(card, 0);
	double_card.gone = true;
	card_flip(0);
	g_assert_cmpuint(seen->presented, ==, 1);
	g_assert_cmpuint(seen->failed, ==, 2);
	g_assert_cmpint(seen->error, ==, ENODEV);
	g_assert_true(card->gone);
	g_assert_false(kms_output_active(seen->output));
	g_assert_false(kms_device_resume(card->device, NULL));
}

static void test_unplugged_at_submit(struct card_fixture *card)
{
	card_start(card);
	card_picture(card, 0); /* made while the card is there */
	double_card.gone = true;
	g_assert_cmpint(card_submit(card, 0), ==, KMS_SUBMIT_OFF);
	/* Nobody is called from inside the caller's own call. */
	g_assert_false(card->gone);
	card_turn();
	g_assert_true(card->gone);
	g_assert_cmpuint(card->outputs[0].failures, ==, 0);
}

/* ---- a monitor that takes its time ---- */

static struct {
	GMutex mutex;
	GCond cond;
	bool asked;
	bool answers;
} monitor;

static void wait_for_monitor(void)
{
	g_mutex_lock(&monitor.mutex);
	monitor.asked = true;
	g_cond_broadcast(&monitor.cond);
	while (!monitor.answers)
		g_cond_wait(&monitor.cond, &monitor.mutex);
	g_mutex_unlock(&monitor.mutex);
}

static gboolean let_answer(gpointer data)
{
	g_mutex_lock(&monitor.mutex);
	monitor.answers = true;
	g_cond_broadcast(&monitor.cond);
	g_mutex_unlock(&monitor.mutex);
	return G_SOURCE_REMOVE;
}

/* The device is destroyed while its monitor is asked, and the answer comes after it. */
static void destroy_while_probing(struct card_fixture *card)
{
	monitor.asked = false;
	monitor.answers = false;
	double_ask_monitor = wait_for_monitor;
	kms_hotplug_probe(card->device->hotplug);
	g_mutex_lock(&monitor.mutex);
	while (!monitor.asked)
		g_cond_wait(&monitor.cond, &monitor.mutex);
	g_mutex_unlock(&monitor.mutex);
	g_assert_cmpuint(kms_probes(), ==, 1);
	/* Comes in the loop that card_close() runs when the device is destroyed. */
	g_idle_add(let_answer, NULL);
	card_close(card);
	g_assert_cmpuint(kms_probes(), ==, 0);
	double_ask_monitor = NULL;
}

/* The card goes: nobody waits for the answer, nor is told of it. Whoever opens it next is to be
 * master, though the probe has it open for longer. */
static void test_destroyed_while_probing(struct card_fixture *card)
{
	card_start(card);
	g_assert_true(double_objects.master);
	destroy_while_probing(card);
	g_assert_false(double_objects.master);
}

/* It is gone on with by somebody who has the same open file. */
static void test_kept_while_probing(struct card_fixture *card)
{
	card_start(card);
	kms_device_keep(card->device);
	destroy_while_probing(card);
	g_assert_true(double_objects.master);
}

int main(int argc, char **argv)
{
	card_init(&argc, &argv);
	card_add_test("/kms/device/monitor/unplug", test_unplug);
	card_add_test("/kms/device/monitor/plugged-later", test_plugged_later);
	card_add_test("/kms/device/monitor/plugged-and-refused", test_plugged_and_refused);
	card_add_test("/kms/device/monitor/probed", test_probed);
	card_add_test("/kms/device/monitor/probed-in-vain", test_probed_in_vain);
	card_add_test("/kms/device/monitor/probed-by-resume", test_probed_by_resume);
	card_add_test("/kms/device/monitor/lost-events", test_lost_events);
	card_add_test("/kms/device/gone/lost-removal", test_lost_removal);
	card_add_test("/kms/device/gone/at-flip", test_unplugged_card);
	card_add_test("/kms/device/gone/while-probing", test_destroyed_while_probing);
	card_add_test("/kms/device/kept/while-probing", test_kept_while_probing);
	card_add_test("/kms/device/gone/at-submit", test_unplugged_at_submit);
	return g_test_run();
}
