/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a relay is kept for the next process, over a keeper that is an array: found again as it
 * was left, begun anew where it is another version's or damaged, which is said, and done without
 * where nothing can be kept.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "guests/kept_relay.h"
#include "keeper_double.h"
#include "relay_fixture.h"
#include "scene/state.h"
#include "wire/kept_fds.h"
#include "wire/relay_state.h"

static void forget(const char *name)
{
	keeper_double.forget(keeper_double.data, name);
}

/* ---- tests ---- */

static struct kept_relay *create(void)
{
	return kept_relay_create(&keeper_double, "kiosk", NULL);
}

/* As its process ends: in order. */
static void leave(struct kept_relay *kept)
{
	keeper_double_stop(true);
	g_assert_true(kept_relay_stays(kept));
	kept_relay_destroy(kept);
	keeper_double_stop(false);
}

static void test_found_again(void)
{
	size_t fds = fixture_count_fds();
	struct kept_relay *kept = create();
	int memory = fixture_memfd('m');
	uint64_t number = kept_fds_add(kept_relay_fds(kept), memory, true);
	char tag = '-';
	int again;

	close(memory);
	g_assert_cmpuint(number, !=, 0);
	kept_relay_state(kept)->progress[0].sockets[0] = number;
	leave(kept);
	g_assert_cmpuint(keeper_double_count(), ==, 2);

	kept = create();
	g_assert_cmpuint(kept_relay_state(kept)->progress[0].sockets[0], ==, number);
	again = kept_fds_get(kept_relay_fds(kept), number);
	g_assert_cmpint(pread(again, &tag, 1, 0), ==, 1);
	g_assert_cmpint(tag, ==, 'm');
	close(again);
	/* The guest is no more. */
	g_assert_false(kept_relay_stays(kept));
	kept_relay_destroy(kept);
	g_assert_cmpuint(keeper_double_count(), ==, 0);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

/* Said, and then as if there had been nothing. */
static void expect_anew(void)
{
	struct kept_relay *kept = create();

	g_assert_cmpuint(rig_times_logged("have to connect again: "), ==, 1);
	rig_forget_log();
	g_assert_nonnull(kept_relay_fds(kept));
	g_assert_cmpuint(kept_relay_state(kept)->progress[0].sockets[0], ==, 0);
	g_assert_cmpuint(keeper_double_count(), ==, 2);
	kept_relay_destroy(kept);
	g_assert_cmpuint(keeper_double_count(), ==, 0);
}

static void test_other_version(void)
{
	struct kept_relay *kept = create();
	struct state_header *header = (struct state_header *)kept_relay_state(kept) - 1;

	kept_relay_state(kept)->progress[0].sockets[0] = 7;
	g_assert_cmpuint(header->version, ==, RELAY_STATE_VERSION);
	header->version++;
	leave(kept);
	expect_anew();
}

/* Its peers see the end of their connections, though the keeper goes on having these. */
static void test_hangs_up(void)
{
	struct kept_relay *kept = create();
	struct state_header *header = (struct state_header *)kept_relay_state(kept) - 1;
	int pair[2];
	char byte;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
		==, 0);
	g_assert_cmpuint(kept_fds_add(kept_relay_fds(kept), pair[0], false), !=, 0);
	close(pair[0]);
	header->version++;
	leave(kept);
	g_assert_cmpint(recv(pair[1], &byte, 1, 0), ==, -1);
	keeper_double_deafen(true);
	kept = create();
	g_assert_cmpint(recv(pair[1], &byte, 1, 0), ==, 0);
	keeper_double_deafen(false);
	kept_relay_destroy(kept);
	while (keeper_double_count() > 0) {
		forget("guest/relay-in/kiosk");
		forget("guest/relay-out/kiosk");
	}
	close(pair[1]);
	rig_forget_log();
}

/* Of the queue one end is there. */
static void test_half(void)
{
	struct kept_relay *kept = create();

	leave(kept);
	forget("guest/relay-out/kiosk");
	expect_anew();
}

static void test_no_room(void)
{
	size_t fds = fixture_count_fds();
	struct kept_relay *kept;

	keeper_double_fill(true);
	kept = create();
	g_assert_null(kept_relay_fds(kept));
	g_assert_null(kept_relay_state(kept));
	g_assert_false(kept_relay_stays(kept));
	kept_relay_destroy(kept);
	kept = kept_relay_create(NULL, "kiosk", NULL);
	g_assert_null(kept_relay_fds(kept));
	kept_relay_destroy(kept);
	kept_relay_destroy(NULL);
	keeper_double_fill(false);
	g_assert_cmpuint(keeper_double_count(), ==, 0);
	g_assert_cmpuint(fixture_count_fds(), ==, fds);
}

int main(int argc, char **argv)
{
	struct rig rig;
	int result;

	rig_setup(&argc, &argv);
	/* For its log. */
	rig_prepare(&rig);
	g_test_add_func("/kept-relay/found-again", test_found_again);
	g_test_add_func("/kept-relay/other-version", test_other_version);
	g_test_add_func("/kept-relay/hangs-up", test_hangs_up);
	g_test_add_func("/kept-relay/half", test_half);
	g_test_add_func("/kept-relay/no-room", test_no_room);
	result = g_test_run();
	rig_finish(&rig);
	return result;
}
