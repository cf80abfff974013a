/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card comes, goes, and comes again: what is taken when, what is said, and how long a card that
 * does not last is left alone.
 */
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#include "session/card.h"

/* ---- the world: a card that is there or not, udev, and time ---- */

struct kms_device {
	int number;
};

struct kms_watch {
	void (*changed)(void *data);
	void *data;
};

static struct {
	int refusal; /* enum kms_error; -1: the card can be had */
	bool udev;
	unsigned int asked; /* kms_device_create() */
	unsigned int devices; /* that are there */
	unsigned int pauses;
	unsigned int renewals;
	bool gone; /* the card that there is */
	bool slow; /* its outputs are not read at once; then … */
	void (*read)(void *data); /* … is to be called */
	void *read_data;
	bool revoked; /* the card is a lease that was taken back */
	bool resumes;
	struct kms_watch *watch;
	gint64 now_us;
	/* The timer: of so many seconds, 0: none is set. */
	guint timer;
	guint timer_s;
	GSourceFunc fire;
	gpointer fire_data;
	/* What the listener was told. */
	unsigned int came, going, lost;
	GString *log;
} world;

GQuark kms_error_quark(void)
{
	return g_quark_from_static_string("kms-error");
}

struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error)
{
	struct kms_device *device;

	world.asked++;
	if (world.refusal >= 0) {
		g_set_error(error, kms_error_quark(), world.refusal, "refusal %d", world.refusal);
		return NULL;
	}
	device = g_new0(struct kms_device, 1);
	device->number = (int)world.asked;
	world.devices++;
	return device;
}

void kms_device_destroy(struct kms_device *device)
{
	world.devices -= device != NULL;
	g_free(device);
}

bool kms_device_gone(const struct kms_device *device)
{
	return world.gone;
}

bool kms_device_await(struct kms_device *device, void (*read)(void *data), void *data)
{
	world.read = world.slow ? read : NULL;
	world.read_data = data;
	return !world.slow;
}

const char *kms_device_path(const struct kms_device *device)
{
	return "/dev/dri/card0";
}

bool kms_device_revoked(const struct kms_device *device)
{
	return world.revoked;
}

void kms_device_pause(struct kms_device *device)
{
	world.pauses++;
}

bool kms_device_resume(struct kms_device *device, GError **error)
{
	if (!world.resumes)
		g_set_error(error, kms_error_quark(), KMS_ERROR_OTHER_MASTER, "another's");
	return world.resumes;
}

void kms_device_renew(struct kms_device *device)
{
	world.renewals++;
}

struct kms_watch *kms_watch_create(void (*changed)(void *data), void *data, GError **error)
{
	struct kms_watch *watch;

	if (!world.udev) {
		g_set_error(error, kms_error_quark(), KMS_ERROR_NO_UDEV, "no udev");
		return NULL;
	}
	watch = g_new0(struct kms_watch, 1);
	watch->changed = changed;
	watch->data = data;
	g_assert_null(world.watch);
	world.watch = watch;
	return watch;
}

void kms_watch_destroy(struct kms_watch *watch)
{
	g_assert_true(watch == world.watch);
	world.watch = NULL;
	g_free(watch);
}

gint64 g_get_monotonic_time(void)
{
	return world.now_us;
}

/* One that never comes by itself. */
guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	g_assert_cmpuint(world.timer_s, ==, 0);
	world.timer = g_timeout_add(G_MAXINT, function, data);
	world.timer_s = interval;
	world.fire = function;
	world.fire_data = data;
	return world.timer;
}

gboolean g_source_remove(guint id)
{
	GSource *source = g_main_context_find_source_by_id(NULL, id);

	g_assert_nonnull(source);
	g_source_destroy(source);
	if (id == world.timer)
		world.timer_s = 0;
	return TRUE;
}

static void pass(guint seconds)
{
	world.now_us += seconds * G_USEC_PER_SEC;
}

/* The timer's time has come. */
static void ring(void)
{
	pass(world.timer_s);
	g_assert_cmpuint(world.timer_s, >, 0);
	g_source_destroy(g_main_context_find_source_by_id(NULL, world.timer));
	world.timer_s = 0;
	g_assert_false(world.fire(world.fire_data));
}

static void udev_speaks(void)
{
	g_assert_nonnull(world.watch);
	world.watch->changed(world.watch->data);
}

static GLogWriterOutput collect(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE") && level != G_LOG_LEVEL_DEBUG)
			g_string_append_printf(world.log, "%s\n", (const char *)fields[i].value);
	}
	return G_LOG_WRITER_HANDLED;
}

static void expect_log(const char *text)
{
	g_assert_cmpstr(world.log->str, ==, text);
	g_string_truncate(world.log, 0);
}

/* ---- who listens ---- */

static void came(void *data, struct kms_device *device)
{
	g_assert_nonnull(device);
	world.came++;
}

static void going(void *data)
{
	g_assert_cmpuint(world.devices, ==, 1);
	world.going++;
}

static void lost(void *data)
{
	world.lost++;
}

static const struct card_listener listener = {came, going, lost};
static const struct kms_listener kms_listener;

static struct card *make_card(const struct kms_device_options *options)
{
	GString *log = world.log;

	memset(&world, 0, sizeof(world));
	world.log = log;
	world.refusal = -1;
	world.udev = true;
	world.now_us = 1000 * G_USEC_PER_SEC;
	return card_create(options, &kms_listener, NULL, &listener, NULL);
}

static const struct kms_device_options any = {.fd = -1};

static void turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* It has gone, which is dealt with in the next turn. */
static void lose(struct card *card)
{
	unsigned int before = world.going;

	card_gone(card);
	turn();
	g_assert_cmpuint(world.going, ==, before);
	world.gone = true;
	card_gone(card);
	card_gone(card);
	g_assert_cmpuint(world.going, ==, before);
	turn();
	world.gone = false;
	g_assert_cmpuint(world.going, ==, before + 1);
}

static void finish(struct card *card)
{
	card_destroy(card);
	g_assert_cmpuint(world.devices, ==, 0);
	g_assert_null(world.watch);
	g_assert_cmpuint(world.timer_s, ==, 0);
}

/* ---- it comes ---- */

static void test_is_there(void)
{
	struct card *card = make_card(&any);

	g_assert_true(card_open(card, NULL));
	g_assert_cmpuint(world.came, ==, 1);
	g_assert_nonnull(card_device(card));
	g_assert_null(world.watch);
	expect_log("");
	finish(card);
}

/* One whose outputs are read beside the main loop comes when they have been, and is nobody's
 * before. */
static void test_is_read(void)
{
	struct card *card = make_card(&any);

	world.slow = true;
	g_assert_true(card_open(card, NULL));
	g_assert_null(card_device(card));
	g_assert_null(world.watch);
	card_pause(card);
	g_assert_cmpuint(world.pauses, ==, 1);
	world.resumes = true;
	card_resume(card);
	g_assert_cmpuint(world.came, ==, 0);
	world.read(world.read_data);
	g_assert_cmpuint(world.came, ==, 1);
	g_assert_nonnull(card_device(card));
	card_renew(card);
	g_assert_cmpuint(world.renewals, ==, 1);
	lose(card);
	/* And one that goes before was never there. */
	turn();
	g_assert_cmpuint(world.devices, ==, 1);
	world.gone = true;
	card_gone(card);
	turn();
	g_assert_cmpuint(world.devices, ==, 0);
	g_assert_cmpuint(world.came, ==, 1);
	g_assert_cmpuint(world.going, ==, 1);
	finish(card);
	g_string_truncate(world.log, 0);
}

/* udev tells of one that comes; another reason not to have it is said, too, but each once. */
static void test_comes_later(void)
{
	struct card *card = make_card(&any);

	world.refusal = KMS_ERROR_NO_CARD;
	g_assert_true(card_open(card, NULL));
	g_assert_cmpuint(world.timer_s, ==, 0);
	udev_speaks();
	expect_log("refusal 0; waiting for that to change\n");
	world.refusal = KMS_ERROR_PERMISSION;
	udev_speaks();
	udev_speaks();
	expect_log("refusal 1; waiting for that to change\n");
	g_assert_null(card_device(card));
	world.refusal = -1;
	udev_speaks();
	g_assert_cmpuint(world.came, ==, 1);
	expect_log("the card /dev/dri/card0 is there\n");
	finish(card);
}

/* Where no event would come it is asked for every two seconds. */
static void test_is_asked_for(void)
{
	static const int refusals[] = {KMS_ERROR_PERMISSION, KMS_ERROR_OTHER_MASTER};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		struct card *card = make_card(&any);

		world.refusal = refusals[i];
		g_assert_true(card_open(card, NULL));
		g_assert_cmpuint(world.timer_s, ==, 2);
		ring();
		g_assert_cmpuint(world.timer_s, ==, 2);
		world.refusal = -1;
		ring();
		g_assert_cmpuint(world.came, ==, 1);
		g_assert_cmpuint(world.timer_s, ==, 0);
		finish(card);
	}
	g_string_truncate(world.log, 0);
}

static void test_without_udev(void)
{
	struct card *card = make_card(&any);

	world.udev = false;
	world.refusal = KMS_ERROR_NO_CARD;
	g_assert_true(card_open(card, NULL));
	g_assert_cmpuint(world.timer_s, ==, 2);
	world.refusal = -1;
	ring();
	g_assert_cmpuint(world.came, ==, 1);
	finish(card);
	g_string_truncate(world.log, 0);
}

static void test_is_no_card(void)
{
	const struct kms_device_options options = {.fd = -1, .path = "/dev/null"};
	struct card *card = make_card(&options);
	g_autoptr(GError) error = NULL;

	g_assert_false(card_open(card, &error));
	g_assert_error(error, CARD_ERROR, CARD_ERROR_NO_DEVICE);
	g_assert_cmpuint(world.asked, ==, 0);
	finish(card);
}

/* ---- it goes ---- */

/* One that worked for a while is taken again at once, each time. */
static void test_comes_again(void)
{
	struct card *card = make_card(&any);

	g_assert_true(card_open(card, NULL));
	for (unsigned int i = 1; i <= 3; i++) {
		pass(61);
		lose(card);
		g_assert_cmpuint(world.came, ==, i + 1);
		g_assert_cmpuint(world.timer_s, ==, 0);
		expect_log("the card /dev/dri/card0 is there\n");
	}
	pass(61);
	world.refusal = KMS_ERROR_NO_CARD;
	lose(card);
	g_assert_null(card_device(card));
	expect_log("refusal 0; waiting for that to change\n");
	world.refusal = -1;
	udev_speaks();
	g_assert_cmpuint(world.came, ==, 5);
	expect_log("the card /dev/dri/card0 is there\n");
	finish(card);
}

/* One that does not last is left alone for longer each time, a minute at most; and once it has
 * lasted, no more. */
static void test_does_not_last(void)
{
	static const guint rests_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
	struct card *card = make_card(&any);
	unsigned int came_before;

	g_assert_true(card_open(card, NULL));
	lose(card);
	g_assert_cmpuint(world.came, ==, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(rests_s); i++) {
		pass(1);
		came_before = world.came;
		lose(card);
		g_assert_cmpuint(world.came, ==, came_before);
		g_assert_cmpuint(world.timer_s, ==, rests_s[i]);
		ring();
		g_assert_cmpuint(world.came, ==, came_before + 1);
	}
	pass(61);
	lose(card);
	g_assert_cmpuint(world.came, ==, came_before + 2);
	pass(1);
	lose(card);
	g_assert_cmpuint(world.timer_s, ==, 1);
	finish(card);
	g_string_truncate(world.log, 0);
}

/* Another driver's comes while the first one's is left alone. */
static void test_another_comes(void)
{
	struct card *card = make_card(&any);

	g_assert_true(card_open(card, NULL));
	lose(card);
	lose(card);
	g_assert_cmpuint(world.timer_s, ==, 1);
	g_assert_null(card_device(card));
	udev_speaks();
	g_assert_cmpuint(world.came, ==, 3);
	g_assert_cmpuint(world.timer_s, ==, 0);
	finish(card);
	g_string_truncate(world.log, 0);
}

static void test_inherited(void)
{
	const struct kms_device_options options = {.fd = 5};
	struct card *card = make_card(&options);

	g_assert_true(card_open(card, NULL));
	lose(card);
	g_assert_cmpuint(world.lost, ==, 1);
	g_assert_cmpuint(world.asked, ==, 1);
	card_destroy(card);
	card = make_card(&options);
	world.refusal = KMS_ERROR_NO_ATOMIC;
	g_assert_false(card_open(card, NULL));
	finish(card);
}

/* A lease that was taken back is no card any more, and no reason to stop; its fd is not asked
 * again. */
static void test_revoked(void)
{
	const struct kms_device_options options = {.fd = 5};
	struct card *card = make_card(&options);

	g_assert_true(card_open(card, NULL));
	world.revoked = true;
	lose(card);
	g_assert_null(card_device(card));
	card_pause(card);
	card_resume(card);
	card_retry(card);
	g_assert_cmpuint(world.asked, ==, 1);
	g_assert_cmpuint(world.lost, ==, 0);
	finish(card);
}

/* ---- the terminal ---- */

/* Away, no card is taken, whatever comes; back, it is. */
static void test_terminal(void)
{
	struct card *card = make_card(&any);

	world.refusal = KMS_ERROR_OTHER_MASTER;
	g_assert_true(card_open(card, NULL));
	card_pause(card);
	g_assert_null(world.watch);
	g_assert_cmpuint(world.timer_s, ==, 0);
	world.refusal = -1;
	card_retry(card);
	g_assert_cmpuint(world.came, ==, 0);
	card_resume(card);
	g_assert_cmpuint(world.came, ==, 1);
	g_string_truncate(world.log, 0);
	card_pause(card);
	g_assert_cmpuint(world.pauses, ==, 1);
	card_resume(card);
	expect_log("another's\n");
	world.resumes = true;
	card_resume(card);
	expect_log("");
	/* It goes while the terminal is away, also one that does not last. */
	for (int i = 0; i < 2; i++) {
		card_pause(card);
		lose(card);
		g_assert_null(card_device(card));
		g_assert_cmpuint(world.timer_s, ==, 0);
		card_resume(card);
		g_assert_nonnull(card_device(card));
	}
	finish(card);
	g_string_truncate(world.log, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	world.log = g_string_new(NULL);
	g_log_set_writer_func(collect, NULL, NULL);
	g_test_add_func("/card/is-there", test_is_there);
	g_test_add_func("/card/is-read", test_is_read);
	g_test_add_func("/card/comes-later", test_comes_later);
	g_test_add_func("/card/is-asked-for", test_is_asked_for);
	g_test_add_func("/card/without-udev", test_without_udev);
	g_test_add_func("/card/is-no-card", test_is_no_card);
	g_test_add_func("/card/comes-again", test_comes_again);
	g_test_add_func("/card/does-not-last", test_does_not_last);
	g_test_add_func("/card/another-comes", test_another_comes);
	g_test_add_func("/card/inherited", test_inherited);
	g_test_add_func("/card/revoked", test_revoked);
	g_test_add_func("/card/terminal", test_terminal);
	return g_test_run();
}
