/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a guest outlives a process: it is gone on with where all of it is there, is what its
 * names say, and of this version; in every other case nothing of it is, which is said once where
 * there was a back-end, and kept anew.
 */
#include "guests/kept_guest.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_record.h"
#include "scene/state.h"
#include "wire/kept_fds.h"

/* As in kept_guest.c. */
static const char *const names[] = {"guest/queue-in/kiosk", "guest/queue-out/kiosk",
	"guest/display/kiosk"};

enum {
	QUEUE_IN,
	QUEUE_OUT,
	DISPLAY,
	PARTS,
};

/* ---- the keeper ---- */

static struct {
	int kept[PARTS]; /* another fd than its owner's; -1: nothing */
	bool full[PARTS]; /* it does not keep this one */
} store;

static size_t part_of(const char *name)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (g_str_equal(names[i], name))
			return i;
	}
	g_assert_not_reached();
}

static int take(void *data, const char *name)
{
	int kept = store.kept[part_of(name)];

	return kept >= 0 ? fcntl(kept, F_DUPFD_CLOEXEC, 0) : -1;
}

static void drop(size_t part)
{
	if (store.kept[part] >= 0)
		close(store.kept[part]);
	store.kept[part] = -1;
}

static bool keep(void *data, const char *name, int fd)
{
	size_t part = part_of(name);

	drop(part);
	if (store.full[part])
		return false;
	store.kept[part] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return true;
}

static bool forget(void *data, const char *name)
{
	drop(part_of(name));
	return true;
}

static const struct fd_keeper keeper = {take, keep, forget, NULL};

/* Takes the fd over. */
static void put(size_t part, int fd)
{
	drop(part);
	store.kept[part] = fd;
}

static void empty_store(void)
{
	for (size_t i = 0; i < PARTS; i++) {
		drop(i);
		store.full[i] = false;
	}
}

/* ---- a guest ---- */

static GString *logged;

static struct kept_guest *start(void)
{
	g_autoptr(GError) error = NULL;
	struct kept_guest *kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_HERE, NULL,
		&error);

	g_assert_no_error(error);
	return kept;
}

/* As a process that is killed leaves it: nothing is forgotten. */
static void die(struct kept_guest *kept)
{
	int left[PARTS];

	for (size_t i = 0; i < PARTS; i++) {
		left[i] = store.kept[i];
		store.kept[i] = -1;
	}
	kept_guest_destroy(kept);
	memcpy(store.kept, left, sizeof(left));
}

/* Its back-end's end of the display socket. */
static int attach(struct kept_guest *kept)
{
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	kept_guest_attached(kept, ends[0]);
	close(ends[0]);
	return ends[1];
}

/* With a state that says something; its back-end's end. */
static int leave_one(void)
{
	struct kept_guest *kept;
	int backend;

	empty_store();
	g_string_truncate(logged, 0);
	kept = start();
	kept_guest_state(kept)->used = 5;
	backend = attach(kept);
	die(kept);
	return backend;
}

static bool is_hung_up(int backend)
{
	char byte;

	return recv(backend, &byte, 1, MSG_DONTWAIT) == 0;
}

static void expect_new(int backend, const char *why)
{
	struct kept_guest *kept = start();

	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 0);
	g_assert_cmpint(kept_guest_take_display(kept), ==, -1);
	g_assert_true(is_hung_up(backend));
	g_assert_nonnull(strstr(logged->str, why));
	/* Once. */
	g_assert_nonnull(
		strstr(logged->str, "the scanoutd before this one has to connect again: "));
	g_assert_cmpstr(strchr(logged->str, '\n'), ==, "\n");
	/* And another one would go on with this. */
	g_assert_nonnull(kept_guest_fds(kept));
	g_assert_cmpint(store.kept[DISPLAY], ==, -1);
	close(backend);
	backend = attach(kept);
	kept_guest_state(kept)->used = 3;
	die(kept);
	kept = start();
	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 3);
	close(kept_guest_take_display(kept));
	kept_guest_destroy(kept);
	g_assert_true(is_hung_up(backend));
	close(backend);
}

/* ---- tests ---- */

static void test_goes_on(void)
{
	int backend = leave_one();
	struct kept_guest *kept = start();
	int display = kept_guest_take_display(kept);

	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 5);
	g_assert_cmpint(display, >=, 0);
	g_assert_cmpint(kept_guest_take_display(kept), ==, -1);
	g_assert_false(kept_guest_stays(kept));
	g_assert_cmpstr(logged->str, ==, "");
	close(display);
	kept_guest_destroy(kept);
	for (size_t i = 0; i < PARTS; i++)
		g_assert_cmpint(store.kept[i], ==, -1);
	g_assert_true(is_hung_up(backend));
	close(backend);
}

/* The state alone is of no use, and nobody is told. */
static void test_without_display(void)
{
	int backend = leave_one();
	struct kept_guest *kept;

	put(DISPLAY, -1);
	kept = start();
	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 0);
	g_assert_cmpint(kept_guest_take_display(kept), ==, -1);
	g_assert_nonnull(kept_guest_fds(kept));
	g_assert_cmpstr(logged->str, ==, "");
	kept_guest_destroy(kept);
	close(backend);
}

/* In the place of the queue that was left: another one, with this as the state. */
static void put_queue(int state)
{
	struct kept_fds *fds = kept_fds_create(state, NULL, NULL);
	const int *pair = kept_fds_pair(fds);

	put(QUEUE_IN, dup(pair[0]));
	put(QUEUE_OUT, dup(pair[1]));
	kept_fds_destroy(fds);
	close(state);
}

static int make_state(uint32_t version, off_t size)
{
	struct state_header header = {.version = version, .size = (uint64_t)size};
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	g_assert_cmpint(write(fd, &header, sizeof(header)), ==, sizeof(header));
	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	g_assert_cmpint(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), ==, 0);
	return fd;
}

/* Older and newer ones, larger and smaller. */
static void test_other_version(void)
{
	const off_t sizes[] = {sizeof(struct state_header), 4096, 1 << 24};

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		for (uint32_t version = STATE_VERSION - 1; version <= STATE_VERSION + 1;
			version += 2) {
			g_autofree char *why = g_strdup_printf(
				"state: version %u of %u bytes, not version %u of ", version,
				(unsigned int)sizes[i], STATE_VERSION);
			int backend = leave_one();

			put_queue(make_state(version, sizes[i]));
			expect_new(backend, why);
		}
	}
}

/* What others could still write to, or is no memory. */
static void test_no_state(void)
{
	int backend = leave_one();

	put_queue(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	expect_new(backend, "is no sealed memfd");
	backend = leave_one();
	put_queue(open("/dev/zero", O_RDWR | O_CLOEXEC));
	expect_new(backend, "is no sealed memfd");
	backend = leave_one();
	put_queue(make_state(STATE_VERSION, 8));
	expect_new(backend, "state: 8 bytes are too few");
}

/* Under their names: nothing, no socket, one of another sort, two that are no pair, one of a queue
 * twice. */
static void test_no_queue(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
	static const char why[] = "the file descriptors that it kept cannot be had";

	for (size_t part = QUEUE_IN; part <= QUEUE_OUT; part++) {
		int backend = leave_one();
		int others[2];

		put(part, -1);
		expect_new(backend, why);
		backend = leave_one();
		put(part, open("/dev/null", O_RDWR | O_CLOEXEC));
		expect_new(backend, why);
		backend = leave_one();
		for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
			g_assert_cmpint(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, others), ==,
				0);
			put(part, others[0]);
			expect_new(backend, why);
			close(others[1]);
			backend = leave_one();
		}
		put(part, dup(store.kept[QUEUE_IN + QUEUE_OUT - part]));
		expect_new(backend, why);
	}
}

/* All of it, or nothing. */
static void test_not_kept(void)
{
	for (size_t part = QUEUE_IN; part <= QUEUE_OUT; part++) {
		struct kept_guest *kept;
		int backend;

		empty_store();
		store.full[part] = true;
		kept = start();
		g_assert_null(kept_guest_fds(kept));
		backend = attach(kept);
		g_assert_false(kept_guest_stays(kept));
		for (size_t i = 0; i < PARTS; i++)
			g_assert_cmpint(store.kept[i], ==, -1);
		kept_guest_detached(kept);
		kept_guest_destroy(kept);
		close(backend);
	}
}

/* No fd is to be had but that of the state. What a predecessor kept is kept no longer either. */
static void test_no_fds(void)
{
	struct kept_guest *kept;
	struct rlimit before;
	struct rlimit least;
	int next;

	empty_store();
	put(QUEUE_OUT, open("/dev/null", O_RDWR | O_CLOEXEC));
	/* take() has none to give, since it is at the limit. */
	next = dup(STDIN_FILENO);
	close(next);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	least = before;
	least.rlim_cur = (rlim_t)next + 1;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &least), ==, 0);
	kept = start();
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
	g_assert_null(kept_guest_fds(kept));
	g_assert_cmpint(store.kept[QUEUE_OUT], ==, -1);
	kept_guest_destroy(kept);
}

static void test_no_keeper(void)
{
	struct kept_guest *kept = kept_guest_create(NULL, "kiosk", KEPT_DISPLAY_HERE, NULL, NULL);
	int backend;

	g_assert_nonnull(kept);
	g_assert_null(kept_guest_fds(kept));
	backend = attach(kept);
	kept_guest_detached(kept);
	g_assert_false(kept_guest_stays(kept));
	kept_guest_destroy(kept);
	kept_guest_destroy(NULL);
	close(backend);
}

/* The relay has the display socket, and says what is to become of the rest. */
static void test_with_relay(void)
{
	struct kept_guest *kept;

	empty_store();
	kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_WITH_RELAY, NULL, NULL);
	g_assert_false(kept_guest_is_left(kept));
	kept_guest_begin_anew(kept);
	kept_guest_state(kept)->used = 5;
	close(attach(kept));
	g_assert_cmpint(store.kept[DISPLAY], ==, -1);
	die(kept);
	kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_WITH_RELAY, NULL, NULL);
	g_assert_true(kept_guest_is_left(kept));
	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 5);
	g_assert_cmpint(kept_guest_take_display(kept), ==, -1);
	kept_guest_begin_anew(kept);
	g_assert_false(kept_guest_is_left(kept));
	g_assert_cmpuint(kept_guest_state(kept)->used, ==, 0);
	g_assert_nonnull(kept_guest_fds(kept));
	g_assert_false(kept_guest_stays(kept));
	kept_guest_destroy(kept);
	g_assert_cmpint(store.kept[QUEUE_IN], ==, -1);
}

/* Who could not read what the relay's display socket had dies before the relay hears of it. */
static void test_unread_with_relay(void)
{
	struct kept_guest *kept;

	empty_store();
	put_queue(make_state(STATE_VERSION - 1, 8));
	for (int deaths = 0; deaths < 2; deaths++) {
		kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_WITH_RELAY, NULL, NULL);
		g_assert_false(kept_guest_is_left(kept));
		die(kept);
	}
	kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_WITH_RELAY, NULL, NULL);
	g_assert_false(kept_guest_is_left(kept));
	kept_guest_begin_anew(kept);
	die(kept);
	kept = kept_guest_create(&keeper, "kiosk", KEPT_DISPLAY_WITH_RELAY, NULL, NULL);
	g_assert_true(kept_guest_is_left(kept));
	kept_guest_destroy(kept);
	g_string_truncate(logged, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	logged = log_record();
	for (size_t i = 0; i < PARTS; i++)
		store.kept[i] = -1;
	g_test_add_func("/kept-guest/goes-on", test_goes_on);
	g_test_add_func("/kept-guest/without-display", test_without_display);
	g_test_add_func("/kept-guest/other-version", test_other_version);
	g_test_add_func("/kept-guest/no-state", test_no_state);
	g_test_add_func("/kept-guest/no-queue", test_no_queue);
	g_test_add_func("/kept-guest/not-kept", test_not_kept);
	g_test_add_func("/kept-guest/no-fds", test_no_fds);
	g_test_add_func("/kept-guest/no-keeper", test_no_keeper);
	g_test_add_func("/kept-guest/with-relay", test_with_relay);
	g_test_add_func("/kept-guest/unread-with-relay", test_unread_with_relay);
	return g_test_run();
}
