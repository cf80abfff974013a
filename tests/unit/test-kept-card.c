/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's fd that a predecessor kept: it is gone on with where it is the card that is asked for,
 * and in every other case closed, forgotten, and the card opened as if there had been none.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/cards.h"

/* ---- the world: cards are character devices that every machine has ---- */

static char full[] = "full";
static char random_numbers[] = "urandom";
static char missing[] = "missing";

struct kms_device {
	int fd;
	const struct device_opener *opener; /* NULL: the fd was inherited */
	bool gone;
};

static struct {
	unsigned int refusals; /* so many more devices cannot be made, though the node opens */
	unsigned int leftovers; /* closed */
	unsigned int lent; /* by a seat manager */
	unsigned int told_kept; /* devices that were told that they are kept */
	GString *story; /* what the keeper was told */
	const char *stored; /* the name of … */
	int stored_fd; /* … what it has; -1: nothing */
	bool keeps_nothing; /* the keeper */
	bool stopping; /* the keeper forgets nothing any more */
	bool never_again; /* who has dropped DRM master */
} world;

GQuark kms_error_quark(void)
{
	return g_quark_from_static_string("kms-error");
}

struct kms_device *kms_device_create(const struct kms_device_options *options,
	const struct kms_listener *listener, void *data, GError **error)
{
	g_autofree char *path = g_build_filename("/dev", options->path, NULL);
	struct kms_device *device = g_new0(struct kms_device, 1);

	device->fd = options->fd;
	if (options->fd < 0) {
		device->opener = options->opener;
		device->fd = device->opener->open(device->opener->data, path, O_RDWR | O_CLOEXEC);
	}
	if (device->fd >= 0 && world.refusals == 0)
		return device;
	if (device->fd >= 0) {
		world.refusals--;
		g_assert_nonnull(device->opener);
		device->opener->close(device->opener->data, device->fd);
	}
	g_free(device);
	g_set_error(error, KMS_ERROR, KMS_ERROR_NO_CARD, "%s: no card", path);
	return NULL;
}

bool kms_device_await(struct kms_device *device, void (*read)(void *data), void *data)
{
	return true;
}

void kms_device_destroy(struct kms_device *device)
{
	if (!device)
		return;
	if (device->opener)
		device->opener->close(device->opener->data, device->fd);
	else
		close(device->fd);
	g_free(device);
}

const char *kms_device_path(const struct kms_device *device)
{
	return "card";
}

bool kms_device_gone(const struct kms_device *device)
{
	return device->gone;
}

bool kms_device_revoked(const struct kms_device *device)
{
	return false;
}

void kms_device_pause(struct kms_device *device)
{
}

void kms_device_renew(struct kms_device *device)
{
}

bool kms_device_resume(struct kms_device *device, GError **error)
{
	if (world.never_again)
		g_set_error(error, kms_error_quark(), KMS_ERROR_OTHER_MASTER, "not yours");
	return !world.never_again;
}

int kms_device_duplicate(const struct kms_device *device)
{
	return fcntl(device->fd, F_DUPFD_CLOEXEC, 0);
}

void kms_device_keep(struct kms_device *device)
{
	world.told_kept++;
}

void kms_leftovers_close(int fd)
{
	world.leftovers++;
}

struct kms_watch *kms_watch_create(void (*changed)(void *data), void *data, GError **error)
{
	return NULL;
}

void kms_watch_destroy(struct kms_watch *watch)
{
	g_assert_null(watch);
}

/* ---- the keeper ---- */

static bool is_device(int fd, const char *path)
{
	struct stat a;
	struct stat b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_rdev == b.st_rdev;
}

static int take(void *data, const char *name)
{
	int fd = world.stored_fd;

	if (g_strcmp0(world.stored, name) != 0)
		return -1;
	world.stored_fd = -1;
	return fd;
}

static bool keep(void *data, const char *name, int fd)
{
	g_string_append_printf(world.story, "+%s %s ", name,
		is_device(fd, "/dev/full") ? full : random_numbers);
	return !world.keeps_nothing;
}

static bool forget(void *data, const char *name)
{
	if (world.stopping)
		return false;
	g_string_append_printf(world.story, "-%s ", name);
	return true;
}

static const struct fd_keeper keeper = {take, keep, forget, NULL};

static void expect(const char *story)
{
	g_assert_cmpstr(world.story->str, ==, story);
	g_string_truncate(world.story, 0);
}

/* What a predecessor kept; its number. */
static int store(const char *name, const char *path)
{
	world.stored = name;
	world.stored_fd = open(path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(world.stored_fd, >=, 0);
	return world.stored_fd;
}

/* ---- the cards ---- */

static void came(void *data, uint32_t card, struct kms_device *device)
{
}

static void going(void *data, uint32_t card, const char *path)
{
}

static void lost(void *data)
{
}

static struct cards *create_with(char *first, char *second, const struct device_opener *opener,
	int fd)
{
	static const struct cards_listener listener = {came, going, lost};
	static const struct kms_listener kms_listener;
	char *paths[] = {first, second, NULL};
	const struct cards_options options = {.paths = paths,
		.common = {.fd = fd, .opener = opener},
		.keeper = &keeper};

	return cards_create(&options, &kms_listener, NULL, &listener, NULL);
}

static struct cards *create(char *path)
{
	return create_with(path, NULL, NULL, -1);
}

static struct cards *start(char *path)
{
	struct cards *cards = create(path);

	g_assert_true(cards_open(cards, NULL));
	return cards;
}

static void set_up(void)
{
	world.refusals = 0;
	world.leftovers = 0;
	world.lent = 0;
	world.told_kept = 0;
	world.stored = NULL;
	world.stored_fd = -1;
	world.keeps_nothing = false;
	world.stopping = false;
	g_string_truncate(world.story, 0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* ---- tests ---- */

/* It is kept as long as it is there; not forgotten where we end. */
static void test_keeps(void)
{
	struct cards *cards;

	set_up();
	cards = start(full);
	expect("+card/0 full ");
	g_assert_cmpuint(world.told_kept, ==, 1);
	g_assert_false(cards_has_predecessor(cards, 0));
	cards_device(cards, 0)->gone = true;
	cards_gone(cards);
	world.refusals = 1;
	while (g_main_context_iteration(NULL, FALSE))
		;
	expect("-card/0 ");
	world.stopping = true;
	cards_destroy(cards);
	world.stopping = false;
	cards = start(full);
	expect("+card/0 full ");
	world.stopping = true;
	cards_destroy(cards);
	expect("");
}

/* No manager, or one that does not take it. */
static void test_not_kept(void)
{
	set_up();
	world.keeps_nothing = true;
	cards_destroy(start(full));
	g_assert_cmpuint(world.told_kept, ==, 0);
}

/* What comes after the cards was refused: nobody would take the picture off the screen, or be DRM
 * master. */
static void test_start_fails(void)
{
	set_up();
	cards_destroy(start(full));
	expect("+card/0 full -card/0 ");
	/* Nor does what a predecessor kept stay, where it was not asked for. */
	int stored = store("card/0", "/dev/full");
	cards_destroy(create(full));
	g_assert_false(is_open(stored));
	expect("-card/0 ");
}

static void test_goes_on(void)
{
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/0", "/dev/full");
	cards = start(full);
	g_assert_cmpint(cards_device(cards, 0)->fd, ==, stored);
	g_assert_cmpuint(world.leftovers, ==, 1);
	g_assert_true(cards_has_predecessor(cards, 0));
	g_assert_cmpuint(world.told_kept, ==, 1);
	expect("");
	/* Which is forgotten as any other. */
	cards_device(cards, 0)->gone = true;
	cards_gone(cards);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_false(cards_has_predecessor(cards, 0));
	expect("-card/0 -card/0 +card/0 full ");
	cards_destroy(cards);
}

/* Only who opened it is DRM master again when its terminal is shown again. */
static void test_comes_back(void)
{
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/0", "/dev/full");
	cards = start(full);
	cards_pause(cards);
	cards_resume(cards);
	g_assert_cmpint(cards_device(cards, 0)->fd, ==, stored);
	world.never_again = true;
	cards_pause(cards);
	cards_resume(cards);
	g_assert_true(is_device(cards_device(cards, 0)->fd, "/dev/full"));
	g_assert_false(cards_has_predecessor(cards, 0));
	expect("-card/0 -card/0 +card/0 full ");
	/* It is opened once. */
	stored = cards_device(cards, 0)->fd;
	cards_pause(cards);
	cards_resume(cards);
	g_assert_cmpint(cards_device(cards, 0)->fd, ==, stored);
	cards_destroy(cards);
}

/* It is unplugged in the turn in which its terminal is shown again. */
static void test_goes_as_it_comes_back(void)
{
	struct cards *cards;

	set_up();
	store("card/0", "/dev/full");
	cards = start(full);
	world.never_again = true;
	cards_pause(cards);
	cards_device(cards, 0)->gone = true;
	cards_gone(cards);
	cards_resume(cards);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_true(is_device(cards_device(cards, 0)->fd, "/dev/full"));
	g_assert_false(cards_device(cards, 0)->gone);
	/* One has come since, and stays. */
	expect("-card/0 -card/0 +card/0 full ");
	cards_destroy(cards);
}

/* The configuration names another card than it did, or the node is another card's by now. */
static void test_other_card(void)
{
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/0", "/dev/urandom");
	cards = start(full);
	g_assert_true(is_device(cards_device(cards, 0)->fd, "/dev/full"));
	g_assert_false(cards_has_predecessor(cards, 0));
	g_assert_cmpuint(world.leftovers, ==, 0);
	g_assert_false(is_open(stored));
	expect("-card/0 +card/0 full ");
	cards_destroy(cards);
}

static void test_missing(void)
{
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/0", "/dev/full");
	cards = start(missing);
	g_assert_null(cards_device(cards, 0));
	g_assert_false(is_open(stored));
	expect("-card/0 ");
	cards_destroy(cards);
}

/* No device can be made of it, such as of a card that was unplugged and came back. */
static void test_of_no_use(void)
{
	struct cards *cards;

	set_up();
	store("card/0", "/dev/full");
	world.refusals = 1;
	cards = start(full);
	g_assert_nonnull(cards_device(cards, 0));
	g_assert_false(cards_has_predecessor(cards, 0));
	expect("-card/0 +card/0 full ");
	cards_destroy(cards);
}

/* Each has its own. */
static void test_two(void)
{
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/1", "/dev/urandom");
	cards = create_with(full, random_numbers, NULL, -1);
	g_assert_true(cards_open(cards, NULL));
	g_assert_cmpint(cards_device(cards, 1)->fd, ==, stored);
	g_assert_false(cards_has_predecessor(cards, 0));
	g_assert_true(cards_has_predecessor(cards, 1));
	expect("+card/0 full ");
	cards_destroy(cards);
}

static int lend(void *data, const char *path, int flags)
{
	world.lent++;
	return open(path, flags);
}

static void take_back(void *data, int fd)
{
	close(fd);
}

/* A seat manager's goes with our session, and an inherited one belongs to who started us. */
static void test_others(void)
{
	static const struct device_opener seat = {lend, take_back, NULL};
	struct cards *cards;
	int stored;

	set_up();
	stored = store("card/0", "/dev/full");
	cards = create_with(full, NULL, &seat, -1);
	g_assert_true(cards_open(cards, NULL));
	g_assert_cmpuint(world.lent, ==, 1);
	g_assert_false(cards_has_predecessor(cards, 0));
	cards_destroy(cards);
	cards = create_with(NULL, NULL, NULL, open("/dev/full", O_RDWR | O_CLOEXEC));
	g_assert_true(cards_open(cards, NULL));
	g_assert_false(cards_has_predecessor(cards, 0));
	cards_destroy(cards);
	expect("");
	g_assert_cmpint(world.stored_fd, ==, stored);
	close(stored);
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
	world.story = g_string_new(NULL);
	g_test_add_func("/kept-card/keeps", test_keeps);
	g_test_add_func("/kept-card/not-kept", test_not_kept);
	g_test_add_func("/kept-card/start-fails", test_start_fails);
	g_test_add_func("/kept-card/goes-on", test_goes_on);
	g_test_add_func("/kept-card/comes-back", test_comes_back);
	g_test_add_func("/kept-card/goes-as-it-comes-back", test_goes_as_it_comes_back);
	g_test_add_func("/kept-card/other-card", test_other_card);
	g_test_add_func("/kept-card/missing", test_missing);
	g_test_add_func("/kept-card/of-no-use", test_of_no_use);
	g_test_add_func("/kept-card/two", test_two);
	g_test_add_func("/kept-card/others", test_others);
	return g_test_run();
}
