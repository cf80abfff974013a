/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several cards, each with a life of its own: who is told of which, and what each is called. */
#include <glib.h>
#include <string.h>

#include "session/cards.h"
#include "session/suspend.h"

/* ---- the world: cards by their paths ---- */

struct kms_device {
	char *path;
	char *name; /* kms_device_options.name */
	bool gone;
	bool paused;
	unsigned int renewed;
	bool nonblocking; /* kms_device_options.nonblocking: then … */
	void (*read)(void *data); /* … is to be called */
	void *read_data;
};

struct kms_watch {
	void (*changed)(void *data);
	void *data;
};

/* Whether the machine is suspended is this test's to say: see test-suspend. */
struct suspend {
	suspend_func resumed;
	void *data;
};

static struct {
	struct suspend suspend;
	GHashTable *missing; /* paths */
	unsigned int devices; /* that are there */
	struct kms_device *last; /* that was made */
	GPtrArray *watches;
	GString *story; /* what the listener was told */
} world;

GQuark kms_error_quark(void)
{
	return g_quark_from_static_string("kms-error");
}

struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error)
{
	const char *path = options->path ? options->path : "first";
	struct kms_device *device;

	if (g_hash_table_contains(world.missing, path)) {
		g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CARD, "%s: no card", path);
		return NULL;
	}
	device = g_new0(struct kms_device, 1);
	device->path = g_strdup(path);
	device->name = g_strdup(options->name);
	device->nonblocking = options->nonblocking;
	world.last = device;
	world.devices++;
	return device;
}

void kms_device_destroy(struct kms_device *device)
{
	if (!device)
		return;
	world.devices--;
	g_free(device->path);
	g_free(device->name);
	g_free(device);
}

const char *kms_device_path(const struct kms_device *device)
{
	return device->path;
}

bool kms_device_gone(const struct kms_device *device)
{
	return device->gone;
}

bool kms_device_await(struct kms_device *device, void (*read)(void *data), void *data)
{
	device->read = device->nonblocking ? read : NULL;
	device->read_data = data;
	return !device->nonblocking;
}

bool kms_device_revoked(const struct kms_device *device)
{
	return false;
}

void kms_device_pause(struct kms_device *device)
{
	device->paused = true;
}

bool kms_device_resume(struct kms_device *device, GError **error)
{
	device->paused = false;
	return true;
}

void kms_device_renew(struct kms_device *device)
{
	device->renewed++;
}

struct suspend *suspend_create(suspend_func resumed, void *data)
{
	world.suspend.resumed = resumed;
	world.suspend.data = data;
	return &world.suspend;
}

void suspend_destroy(struct suspend *suspend)
{
	g_assert_true(suspend == &world.suspend);
}

/* Nothing is kept here: see test-kept-card. */
void kms_leftovers_close(int fd)
{
	g_assert_not_reached();
}

void kms_device_keep(struct kms_device *device)
{
	g_assert_not_reached();
}

int kms_device_duplicate(const struct kms_device *device)
{
	g_assert_not_reached();
}

struct kms_watch *kms_watch_create(void (*changed)(void *data), void *data, GError **error)
{
	struct kms_watch *watch = g_new0(struct kms_watch, 1);

	watch->changed = changed;
	watch->data = data;
	g_ptr_array_add(world.watches, watch);
	return watch;
}

void kms_watch_destroy(struct kms_watch *watch)
{
	if (!watch)
		return;
	g_assert_true(g_ptr_array_remove(world.watches, watch));
	g_free(watch);
}

static void udev_speaks(void)
{
	for (guint i = world.watches->len; i-- > 0;) {
		struct kms_watch *watch = g_ptr_array_index(world.watches, i);

		watch->changed(watch->data);
	}
}

/* ---- who listens ---- */

static void came(void *data, uint32_t card, struct kms_device *device)
{
	g_string_append_printf(world.story, "%u+%s ", card, device->name ? device->name : "");
}

static void going(void *data, uint32_t card, const char *name)
{
	g_string_append_printf(world.story, "%u-%s ", card, name);
}

static void lost(void *data)
{
	g_string_append(world.story, "lost ");
}

static void expect(const char *story)
{
	g_assert_cmpstr(world.story->str, ==, story);
	g_string_truncate(world.story, 0);
}

static struct cards *create(char *const *paths)
{
	static const struct cards_listener listener = {came, going, lost};
	static const struct kms_listener kms_listener;
	const struct cards_options options = {.paths = paths, .common = {.fd = -1}};

	g_hash_table_remove_all(world.missing);
	g_string_truncate(world.story, 0);
	return cards_create(&options, &kms_listener, NULL, &listener, NULL);
}

static void finish(struct cards *cards)
{
	cards_destroy(cards);
	g_assert_cmpuint(world.devices, ==, 0);
	g_assert_cmpuint(world.watches->len, ==, 0);
}

static void lose(struct cards *cards, uint32_t card)
{
	cards_device(cards, card)->gone = true;
	cards_gone(cards);
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void set_missing(const char *path, bool missing)
{
	if (missing)
		g_hash_table_add(world.missing, g_strdup(path));
	else
		g_hash_table_remove(world.missing, path);
}

/* The outputs of the last one are read. */
static void read_outputs(void)
{
	g_assert_true(world.last->nonblocking);
	world.last->read(world.last->read_data);
}

static char first[] = "/dev/dri/card0";
static char second[] = "/dev/dri/by-path/pci-0000:01:00.0-card";
static char *both[] = {first, second, NULL};

/* ---- tests ---- */

/* One alone has no name: its outputs are called as everywhere in Linux. */
static void test_one(void)
{
	static char *one[] = {first, NULL};
	struct cards *cards = create(one);

	g_assert_true(cards_open(cards, NULL));
	expect("0+ ");
	g_assert_cmpuint(cards_count(cards), ==, 1);
	g_assert_cmpstr(kms_device_path(cards_device(cards, 0)), ==, first);
	g_assert_null(cards_device(cards, 1));
	finish(cards);
	cards = create(NULL);
	g_assert_true(cards_open(cards, NULL));
	g_assert_cmpstr(kms_device_path(cards_device(cards, 0)), ==, "first");
	finish(cards);
}

static void test_two(void)
{
	struct cards *cards = create(both);

	g_assert_true(cards_open(cards, NULL));
	expect("0+card0 1+pci-0000:01:00.0-card ");
	cards_pause(cards);
	for (uint32_t i = 0; i < 2; i++)
		g_assert_true(cards_device(cards, i)->paused);
	cards_resume(cards);
	for (uint32_t i = 0; i < 2; i++)
		g_assert_false(cards_device(cards, i)->paused);
	finish(cards);
}

/* Of those that are there, all modes are set again. */
static void test_resumes_from_suspend(void)
{
	struct cards *cards = create(both);

	set_missing(first, true);
	g_assert_true(cards_open(cards, NULL));
	world.suspend.resumed(world.suspend.data, 7500000);
	g_assert_cmpuint(cards_device(cards, 1)->renewed, ==, 1);
	finish(cards);
}

/* One that is not there is waited for, and keeps its number. */
static void test_one_comes_later(void)
{
	struct cards *cards = create(both);

	set_missing(first, true);
	g_assert_true(cards_open(cards, NULL));
	expect("1+pci-0000:01:00.0-card ");
	g_assert_null(cards_device(cards, 0));
	udev_speaks();
	expect("");
	set_missing(first, false);
	udev_speaks();
	/* The other's frames do not wait for it. */
	expect("");
	g_assert_null(cards_device(cards, 0));
	read_outputs();
	expect("0+card0 ");
	g_assert_nonnull(cards_device(cards, 0));
	finish(cards);
}

/* … and one that goes is nothing to the other. */
static void test_one_goes(void)
{
	struct cards *cards = create(both);
	const struct kms_device *other;

	g_assert_true(cards_open(cards, NULL));
	g_string_truncate(world.story, 0);
	other = cards_device(cards, 0);
	set_missing(second, true);
	lose(cards, 1);
	expect("1-/dev/dri/by-path/pci-0000:01:00.0-card ");
	g_assert_true(cards_device(cards, 0) == other);
	set_missing(second, false);
	udev_speaks();
	read_outputs();
	expect("1+pci-0000:01:00.0-card ");
	g_assert_true(cards_device(cards, 0) == other);
	/* Where none is left nobody waits for the first that comes. */
	set_missing(first, true);
	set_missing(second, true);
	lose(cards, 0);
	lose(cards, 1);
	expect("0-/dev/dri/card0 1-/dev/dri/by-path/pci-0000:01:00.0-card ");
	set_missing(second, false);
	udev_speaks();
	g_assert_false(world.last->nonblocking);
	expect("1+pci-0000:01:00.0-card ");
	finish(cards);
}

static void test_is_no_card(void)
{
	static char null[] = "/dev/null";
	static char *paths[] = {first, null, NULL};
	struct cards *cards = create(paths);
	g_autoptr(GError) error = NULL;

	g_assert_false(cards_open(cards, &error));
	g_assert_nonnull(strstr(error->message, "/dev/null"));
	finish(cards);
}

/* What is said is test-card's. */
static GLogWriterOutput say_nothing(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(say_nothing, NULL, NULL);
	world.missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	world.watches = g_ptr_array_new();
	world.story = g_string_new(NULL);
	g_test_add_func("/cards/one", test_one);
	g_test_add_func("/cards/two", test_two);
	g_test_add_func("/cards/resumes-from-suspend", test_resumes_from_suspend);
	g_test_add_func("/cards/one-comes-later", test_one_comes_later);
	g_test_add_func("/cards/one-goes", test_one_goes);
	g_test_add_func("/cards/is-no-card", test_is_no_card);
	return g_test_run();
}
