/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A [lease] section's socket: who gets the outputs and when, what ends it, and that a client can
 * take no more than its turn, whatever it sends. The card is this test's: it says what it lends,
 * and counts.
 */
#include "lease/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel_fixture.h"
#include "fake/fake_kms.h"
#include "kms_lease.h"
#include "wire/closer.h"

/* ---- the card ---- */

struct kms_lease {
	enum kms_lease_state state;
	size_t outputs;
	uint32_t planes;
	const struct kms_output *first;
	int fd;
};

static struct {
	struct kms_lease *lease; /* NULL: nobody asks for one */
	unsigned int asked;
	struct kms_output outputs[2];
	struct kms_device card;
	bool lit; /* what is asked for is given at once */
	guint silence; /* until a client must have asked */
	char *log;
} world;

struct kms_lease *kms_lease_create(struct kms_device *device, struct kms_output *const *outputs,
	size_t count, uint32_t planes)
{
	g_assert_null(world.lease);
	world.lease = g_new0(struct kms_lease, 1);
	world.lease->outputs = count;
	world.lease->planes = planes;
	world.lease->first = outputs[0];
	world.lease->fd = -1;
	world.asked++;
	if (world.lit) {
		world.lease->state = KMS_LEASE_GIVEN;
		world.lease->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return world.lease;
}

enum kms_lease_state kms_lease_state(const struct kms_lease *lease)
{
	return lease->state;
}

int kms_lease_fd(const struct kms_lease *lease)
{
	return lease->fd;
}

void kms_lease_destroy(struct kms_lease *lease)
{
	if (!lease)
		return;
	g_assert_true(lease == world.lease);
	world.lease = NULL;
	if (lease->fd >= 0)
		close(lease->fd);
	g_free(lease);
}

/* ---- time ---- */

/* One that never comes by itself. */
guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
	world.silence = g_timeout_add(G_MAXINT, function, data);
	return world.silence;
}

/* ---- the fixture ---- */

struct fixture {
	char *folder;
	struct config_lease config;
	GPtrArray *sections;
	struct leases *leases;
	const struct lease *lease;
	size_t fds;
};

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE")) {
			g_free(world.log);
			world.log = g_strdup(fields[i].value);
		}
	}
	return G_LOG_WRITER_HANDLED;
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_main_context_default();
	memset(&world, 0, sizeof(world));
	strcpy(world.outputs[0].name, "DP-1");
	strcpy(world.outputs[1].name, "DP-2");
	world.card = (struct kms_device){.outputs = world.outputs, .output_count = 2};
	fixture->fds = fixture_count_fds();
	fixture->folder = g_dir_make_tmp("test-lease-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->config = (struct config_lease){.name = (char *)"cluster",
		.outputs = (char *)"DP-1;DP-2",
		.planes = KMS_LEASE_OVERLAYS,
		.socket = g_build_filename(fixture->folder, "lease", NULL)};
	fixture->sections = g_ptr_array_new();
	g_ptr_array_add(fixture->sections, &fixture->config);
	fixture->leases = leases_create(fixture->sections, NULL, &error);
	g_assert_no_error(error);
	fixture->lease = leases_at(fixture->leases, 0);
	leases_set_device(fixture->leases, 0, &world.card);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	leases_destroy(fixture->leases);
	g_assert_null(world.lease);
	while (closer_pending() > 0)
		g_thread_yield();
	g_assert_cmpuint(fixture_count_fds(), ==, fixture->fds);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_ptr_array_unref(fixture->sections);
	g_free(fixture->config.socket);
	g_free(fixture->folder);
	g_clear_pointer(&world.log, g_free);
}

static void turn(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void expect_state(const struct fixture *fixture, enum lease_state state)
{
	turn();
	g_assert_cmpint(lease_state(fixture->lease), ==, state);
}

/* kms/ has more to say of it. */
static void change(struct fixture *fixture, enum kms_lease_state state)
{
	world.lease->state = state;
	if (state == KMS_LEASE_GIVEN)
		world.lease->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	leases_outputs_changed(fixture->leases);
}

/* ---- the client: as libdlmclient ---- */

static int connect_client(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, fixture->config.socket);
	g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return client;
}

static void send_request(int client, int opcode)
{
	g_assert_cmpint(send(client, &opcode, sizeof(opcode), 0), ==, sizeof(opcode));
}

static int ask(const struct fixture *fixture)
{
	int client = connect_client(fixture);

	send_request(client, 0);
	turn();
	return client;
}

/* The answer, which must be there: one byte with one fd. */
static int take_lease(int client)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec room = {&byte, 1};
	struct msghdr message = {.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const struct cmsghdr *part;
	int fd;

	g_assert_cmpint(recvmsg(client, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), ==, 1);
	part = CMSG_FIRSTHDR(&message);
	g_assert_nonnull(part);
	g_assert_cmpuint(part->cmsg_len, ==, CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(part), sizeof(fd));
	return fd;
}

/* Nothing but the end comes, and it has come. */
static void expect_end(int client)
{
	char byte;

	turn();
	g_assert_cmpint(recv(client, &byte, 1, MSG_DONTWAIT), ==, 0);
	close(client);
}

static void expect_silence(int client)
{
	char byte;

	turn();
	g_assert_cmpint(recv(client, &byte, 1, MSG_DONTWAIT), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
}

static int hold(struct fixture *fixture)
{
	int client;

	world.lit = true;
	client = ask(fixture);
	/* kms/ tells it in the next turn. */
	leases_outputs_changed(fixture->leases);
	close(take_lease(client));
	expect_state(fixture, LEASE_HOLDS);
	return client;
}

/* ---- who gets it ---- */

static void test_gets_it(struct fixture *fixture, gconstpointer data)
{
	int client = ask(fixture);

	expect_state(fixture, LEASE_WAITS);
	g_assert_cmpuint(world.lease->outputs, ==, 2);
	g_assert_cmpuint(world.lease->planes, ==, KMS_LEASE_OVERLAYS);
	expect_silence(client);
	change(fixture, KMS_LEASE_GIVEN);
	close(take_lease(client));
	expect_state(fixture, LEASE_HOLDS);
	g_assert_cmpuint(lease_counters(fixture->lease)->clients, ==, 1);
	g_assert_cmpuint(lease_counters(fixture->lease)->given, ==, 1);
	/* What else happens to outputs is nothing to it. */
	leases_outputs_changed(fixture->leases);
	expect_silence(client);
	close(client);
	expect_state(fixture, LEASE_FREE);
	g_assert_null(world.lease);
	g_assert_cmpstr(world.log, ==,
		"lease cluster: its program has gone; the outputs are ours again");
}

static void test_gives_it_back(struct fixture *fixture, gconstpointer data)
{
	int client = hold(fixture);

	send_request(client, 1);
	expect_end(client);
	expect_state(fixture, LEASE_FREE);
	g_assert_cmpstr(world.log, ==, "lease cluster: given back; the outputs are ours again");
	/* The next one. */
	close(hold(fixture));
	expect_state(fixture, LEASE_FREE);
	g_assert_cmpuint(lease_counters(fixture->lease)->given, ==, 2);
}

/* No card, a connector that there is not: it is asked for when that may be otherwise. */
static void test_waits(struct fixture *fixture, gconstpointer data)
{
	int client;

	leases_set_device(fixture->leases, 0, NULL);
	client = ask(fixture);
	expect_state(fixture, LEASE_WAITS);
	leases_outputs_changed(fixture->leases);
	g_assert_cmpuint(world.asked, ==, 0);
	world.card.output_count = 1;
	leases_set_device(fixture->leases, 0, &world.card);
	g_assert_cmpuint(world.asked, ==, 0);
	world.card.output_count = 2;
	leases_outputs_changed(fixture->leases);
	g_assert_cmpuint(world.asked, ==, 1);
	/* The card goes before it is given. */
	leases_set_device(fixture->leases, 0, NULL);
	g_assert_null(world.lease);
	expect_silence(client);
	world.lit = true;
	leases_set_device(fixture->leases, 0, &world.card);
	leases_outputs_changed(fixture->leases);
	close(take_lease(client));
	close(client);
	expect_state(fixture, LEASE_FREE);
}

/* One that is not there is named, once for each client; another connector can be called so
 * meanwhile. */
static void test_moves(struct fixture *fixture, gconstpointer data)
{
	int client;

	strcpy(world.outputs[0].name, "DP-3");
	client = ask(fixture);
	g_assert_cmpstr(world.log, ==,
		"lease cluster: a program waits for outputs of which not all are there: "
		"DP-1;DP-2");
	g_clear_pointer(&world.log, g_free);
	leases_outputs_changed(fixture->leases);
	g_assert_null(world.log);
	g_assert_cmpuint(world.asked, ==, 0);
	strcpy(world.outputs[0].name, "DP-1");
	leases_outputs_changed(fixture->leases);
	g_assert_true(world.lease->first == &world.outputs[0]);
	/* Nothing was lit so far, and the monitors change places. */
	strcpy(world.outputs[0].name, "DP-2");
	strcpy(world.outputs[1].name, "DP-1");
	leases_outputs_changed(fixture->leases);
	g_assert_true(world.lease->first == &world.outputs[1]);
	strcpy(world.outputs[1].name, "DP-3");
	leases_outputs_changed(fixture->leases);
	g_assert_null(world.lease);
	expect_state(fixture, LEASE_WAITS);
	close(client);
	expect_state(fixture, LEASE_FREE);
}

/* Of another card: what the first one's outputs are called does not matter, nor that it goes. */
static void test_another_card(struct fixture *fixture, gconstpointer data)
{
	struct kms_output others[] = {{.name = "card0:DP-1"}, {.name = "card0:DP-2"}};
	struct kms_device other = {.outputs = others, .output_count = 2};
	int client;

	leases_set_device(fixture->leases, 0, NULL);
	fixture->config.card = 1;
	fixture->config.outputs = (char *)"card1:DP-2";
	strcpy(world.outputs[1].name, "card1:DP-2");
	leases_set_device(fixture->leases, 0, &other);
	client = ask(fixture);
	expect_state(fixture, LEASE_WAITS);
	g_assert_cmpuint(world.asked, ==, 0);
	world.lit = true;
	leases_set_device(fixture->leases, 1, &world.card);
	leases_outputs_changed(fixture->leases);
	close(take_lease(client));
	expect_state(fixture, LEASE_HOLDS);
	g_assert_true(world.lease->first == &world.outputs[1]);
	leases_set_device(fixture->leases, 0, NULL);
	expect_state(fixture, LEASE_HOLDS);
	leases_set_device(fixture->leases, 1, NULL);
	expect_end(client);
	expect_state(fixture, LEASE_FREE);
}

static void test_taken_back(struct fixture *fixture, gconstpointer data)
{
	int client = hold(fixture);

	change(fixture, KMS_LEASE_ENDED);
	g_assert_null(world.lease);
	expect_end(client);
	client = hold(fixture);
	leases_set_device(fixture->leases, 0, NULL);
	g_assert_null(world.lease);
	expect_end(client);
	expect_state(fixture, LEASE_FREE);
	g_assert_cmpstr(world.log, ==,
		"lease cluster: taken back, since the card has gone; the outputs are ours again");
}

static void test_refused(struct fixture *fixture, gconstpointer data)
{
	int client = ask(fixture);

	change(fixture, KMS_LEASE_ENDED);
	expect_end(client);
	expect_state(fixture, LEASE_FREE);
	g_assert_cmpuint(lease_counters(fixture->lease)->given, ==, 0);
}

/* The daemon ends. */
static void test_stop(struct fixture *fixture, gconstpointer data)
{
	int client = hold(fixture);

	leases_destroy(g_steal_pointer(&fixture->leases));
	g_assert_null(world.lease);
	expect_end(client);
}

/* ---- clients of every kind ---- */

/* It goes before it was given, or before it asked. */
static void test_goes(struct fixture *fixture, gconstpointer data)
{
	close(ask(fixture));
	expect_state(fixture, LEASE_FREE);
	close(connect_client(fixture));
	expect_state(fixture, LEASE_FREE);
	g_assert_null(world.lease);
	g_assert_cmpuint(lease_counters(fixture->lease)->clients, ==, 2);
	g_assert_cmpuint(lease_counters(fixture->lease)->faults, ==, 0);
}

static void test_garbage(struct fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *bytes;
		size_t size;
	} packets[] = {{"\2\0\0\0", 4}, {"\377\377\377\377", 4}, {"\0\0\0", 3}, {"\0\0\0\0\0", 5},
		{"\0\0\0\0\1\0\0\0", 8}, {"x", 1}};

	for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
		int client = connect_client(fixture);

		g_assert_cmpint(send(client, packets[i].bytes, packets[i].size, 0), >, 0);
		expect_end(client);
		expect_state(fixture, LEASE_FREE);
		g_assert_cmpuint(lease_counters(fixture->lease)->faults, ==, i + 1);
		g_assert_cmpstr(world.log, ==,
			"lease cluster: a client sent what is no request for a lease");
	}
	g_assert_cmpuint(world.asked, ==, 0);
}

/* Also of one that holds it: then it does no longer. */
static void test_asks_twice(struct fixture *fixture, gconstpointer data)
{
	int client = ask(fixture);

	send_request(client, 0);
	expect_end(client);
	g_assert_null(world.lease);
	client = hold(fixture);
	send_request(client, 0);
	expect_end(client);
	g_assert_null(world.lease);
	g_assert_cmpuint(lease_counters(fixture->lease)->faults, ==, 2);
}

/* A flood of requests is answered by the end at the second one; the rest is not read. */
static void test_flood(struct fixture *fixture, gconstpointer data)
{
	int client = connect_client(fixture);
	int opcode = 0;

	while (send(client, &opcode, sizeof(opcode), MSG_DONTWAIT) > 0)
		;
	turn();
	g_assert_cmpint(lease_state(fixture->lease), ==, LEASE_FREE);
	g_assert_cmpuint(lease_counters(fixture->lease)->faults, ==, 1);
	close(client);
}

/* One at a time: another one waits at the door. */
static void test_another(struct fixture *fixture, gconstpointer data)
{
	int client = hold(fixture);
	int other = ask(fixture);

	expect_silence(other);
	g_assert_cmpuint(lease_counters(fixture->lease)->clients, ==, 1);
	close(client);
	turn();
	leases_outputs_changed(fixture->leases);
	close(take_lease(other));
	close(other);
	expect_state(fixture, LEASE_FREE);
}

/* It keeps others out, so not for long. One that has asked may wait for ever. */
static void test_silent(struct fixture *fixture, gconstpointer data)
{
	int client = connect_client(fixture);

	expect_state(fixture, LEASE_SILENT);
	g_source_set_ready_time(g_main_context_find_source_by_id(NULL, world.silence), 0);
	expect_end(client);
	expect_state(fixture, LEASE_FREE);
	g_assert_cmpuint(lease_counters(fixture->lease)->faults, ==, 1);
	client = ask(fixture);
	g_assert_null(g_main_context_find_source_by_id(NULL, world.silence));
	close(client);
	expect_state(fixture, LEASE_FREE);
}

static void send_with_fds(int client)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = {0};
	const int fds[3] = {client, client, client};
	int opcode = 0;
	struct iovec bytes = {&opcode, sizeof(opcode)};
	const struct msghdr message = {.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	g_assert_cmpint(sendmsg(client, &message, 0), ==, sizeof(opcode));
}

/* Fds that nobody asked for are closed (tear_down() counts), and the request is one. */
static void test_fds(struct fixture *fixture, gconstpointer data)
{
	int client = connect_client(fixture);

	send_with_fds(client);
	expect_state(fixture, LEASE_WAITS);
	close(client);
	/* They are this very socket: its end comes when they have been closed. */
	while (lease_state(fixture->lease) != LEASE_FREE)
		g_main_context_iteration(NULL, TRUE);
}

/* ---- the start ---- */

static void test_no_socket(void)
{
	g_autofree char *path = g_strnfill(200, 'x');
	struct config_lease config = {.name = (char *)"long",
		.outputs = (char *)"DP-1",
		.socket = path};
	g_autoptr(GPtrArray) sections = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(sections, &config);
	g_assert_null(leases_create(sections, NULL, &error));
	g_assert_nonnull(error);
	g_assert_true(g_str_has_prefix(error->message, "lease long: "));
	leases_destroy(NULL);
	leases_set_device(NULL, 0, NULL);
	leases_outputs_changed(NULL);
	g_assert_cmpuint(leases_count(NULL), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_writer_func(record, NULL, NULL);
#define ADD(name, function) \
	g_test_add("/lease/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("gets-it", test_gets_it);
	ADD("gives-it-back", test_gives_it_back);
	ADD("waits", test_waits);
	ADD("moves", test_moves);
	ADD("another-card", test_another_card);
	ADD("taken-back", test_taken_back);
	ADD("refused", test_refused);
	ADD("stop", test_stop);
	ADD("goes", test_goes);
	ADD("garbage", test_garbage);
	ADD("asks-twice", test_asks_twice);
	ADD("flood", test_flood);
	ADD("another", test_another);
	ADD("silent", test_silent);
	ADD("fds", test_fds);
	g_test_add_func("/lease/no-socket", test_no_socket);
	return g_test_run();
}
