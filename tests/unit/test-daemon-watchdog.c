/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole daemon on the libdrm double, and a service manager that expects its word in time: it
 * has it from a daemon that is idle and from one that shows what its guest sends, and not from one
 * whose loop turns while a guest sees nothing.
 *
 * kms/ gives up a flip that is stuck long before the watchdog would complain; so what makes the
 * daemon sick here is that this is out of order (kms_watchdog_run() is wrapped) and the flip's
 * event does not come. Time passes as the test says: the clock is the test's. The script runs
 * inside the daemon's main loop, in one of its callbacks.
 */
#include <drm_fourcc.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon.h"
#include "drm_double.h"
#include "fake/fake_dmabuf.h"
#include "kms.h"
#include "peers.h"
#include "vhost_user_gpu.h"

#define WIDTH DOUBLE_SMALL_WIDTH
#define HEIGHT DOUBLE_SMALL_HEIGHT

/* The service manager's limit; the daemon looks twice in it. */
#define LIMIT_US 4000
#define LOOK_MS (LIMIT_US / 2000)

/* Longer than anything may take, and so short that a flip is not given up. */
#define TOO_LONG_S 21
#define SOON_S 4

/* For all of it, which takes a fraction of a second. */
#define PATIENCE_S 60

/* ---- what is wrapped ---- */

static int64_t passed_s;

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int result = (int)syscall(SYS_clock_gettime, clock, time);

	if (clock == CLOCK_MONOTONIC)
		time->tv_sec += passed_s;
	return result;
}

struct kms_outputs;
bool __real_kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us);
bool __wrap_kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us);

static bool flips_are_unwatched;

bool __wrap_kms_watchdog_run(struct kms_outputs *outputs, int64_t now_us)
{
	return !flips_are_unwatched && __real_kms_watchdog_run(outputs, now_us);
}

/* ---- the stage ---- */

struct stage {
	char *folder;
	char *display_socket;
	char *notify_socket;
	int manager;
	int peer; /* the back-end's end */
	struct config *config;
	struct peers_picture picture;
	unsigned int ready; /* READY=1 so far */
};

static unsigned int logged_critical;
static unsigned int logged_well;
static char *complaint;

static GLogWriterOutput record(GLogLevelFlags level, const GLogField *fields, gsize count,
	gpointer data)
{
	const char *message = "";

	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE"))
			message = fields[i].value;
	}
	if (level == G_LOG_LEVEL_CRITICAL) {
		logged_critical++;
		g_free(complaint);
		complaint = g_strdup(message);
	}
	logged_well += g_str_equal(message, "all is well again");
	return G_LOG_WRITER_HANDLED;
}

static gboolean tire(gpointer tired)
{
	*(bool *)tired = true;
	return G_SOURCE_CONTINUE;
}

/* Runs the daemon's loop until the condition holds. */
#define AWAIT(condition) \
	do { \
		while (!(condition)) \
			g_main_context_iteration(NULL, TRUE); \
	} while (0)

/* … for as long as it takes to look so many times. */
static void let_it_look(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		bool over = false;
		guint timer = g_timeout_add(LOOK_MS + 1, tire, &over);

		AWAIT(over);
		g_source_remove(timer);
	}
}

/* How often the service manager was told that all is well, since it was last asked. */
static unsigned int told(struct stage *stage)
{
	unsigned int count = 0;
	char text[64] = "";
	ssize_t size;

	while ((size = recv(stage->manager, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[size] = '\0';
		stage->ready += g_str_equal(text, "READY=1");
		count += g_str_equal(text, "WATCHDOG=1");
	}
	return count;
}

static void expect_told(struct stage *stage)
{
	told(stage);
	for (unsigned int times = 0; times < 3;) {
		g_main_context_iteration(NULL, TRUE);
		times += told(stage);
	}
	g_assert_cmpstr(complaint, ==, NULL);
}

/* And the loop turns. */
static void expect_not_told(struct stage *stage, const char *why)
{
	AWAIT(complaint);
	g_assert_true(g_str_has_prefix(complaint, why));
	g_assert_cmpuint(logged_critical, ==, 1);
	told(stage);
	let_it_look(5);
	g_assert_cmpuint(told(stage), ==, 0);
	g_assert_cmpuint(logged_critical, ==, 1);
	g_assert_cmpuint(logged_well, ==, 0);
}

static void expect_well_again(struct stage *stage)
{
	AWAIT(logged_well);
	g_clear_pointer(&complaint, g_free);
	logged_critical = 0;
	logged_well = 0;
	flips_are_unwatched = false;
	expect_told(stage);
}

/* ---- the guest ---- */

static void say(const struct stage *stage, uint32_t request, const void *payload, size_t size,
	int fd)
{
	const struct vhost_user_gpu_header header = {request, 0, (uint32_t)size};
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
	g_byte_array_append(bytes, payload, (guint)size);
	g_assert_true(peers_send(stage->peer, bytes->data, bytes->len, fd));
}

static void send_update(const struct stage *stage)
{
	const struct vhost_user_gpu_update update = {0, 0, 0, WIDTH, HEIGHT};

	say(stage, VHOST_USER_GPU_DMABUF_UPDATE, &update, sizeof(update), -1);
}

static void await_reply(const struct stage *stage)
{
	struct vhost_user_gpu_header reply;

	AWAIT(!peers_is_silent(stage->peer));
	g_assert_cmpint(peers_receive(stage->peer, &reply, sizeof(reply), NULL), ==, PEERS_DONE);
	g_assert_cmpuint(reply.request, ==, VHOST_USER_GPU_DMABUF_UPDATE);
}

/* The update's frame is on its way to the glass. */
static void update(const struct stage *stage)
{
	unsigned int commits = double_counters.commits;

	send_update(stage);
	AWAIT(double_counters.commits > commits);
}

static void attach(struct stage *stage)
{
	const struct vhost_user_gpu_dmabuf_scanout scanout = {0, 0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT,
		WIDTH * 4, 0, (int32_t)DRM_FORMAT_XRGB8888};

	/* Its socket listens before the loop runs. */
	stage->peer = peers_connect(stage->display_socket);
	say(stage, VHOST_USER_GPU_DMABUF_SCANOUT, &scanout, sizeof(scanout),
		stage->picture.dmabufs[0]);
	update(stage);
	double_flip(0);
	await_reply(stage);
}

/* ---- the script ---- */

static void be_idle(struct stage *stage)
{
	expect_told(stage);
	passed_s += TOO_LONG_S;
	expect_told(stage);
}

/* Whenever it is looked at there is a frame under way, and a guest that waits. */
static void be_busy(struct stage *stage)
{
	update(stage);
	for (int i = 0; i < 2 * TOO_LONG_S / SOON_S; i++) {
		unsigned int commits = double_counters.commits;

		send_update(stage);
		expect_told(stage);
		passed_s += SOON_S;
		double_flip(0);
		AWAIT(double_counters.commits > commits);
		await_reply(stage);
		expect_told(stage);
	}
	double_flip(0);
	await_reply(stage);
}

/* The guest is told nothing of its frame. */
static void leave_guest_waiting(struct stage *stage)
{
	update(stage);
	expect_told(stage);
	flips_are_unwatched = true;
	passed_s += TOO_LONG_S;
	expect_not_told(stage, "guest kiosk has waited for an answer for 2");
	g_assert_true(peers_is_silent(stage->peer));
	double_flip(0);
	await_reply(stage);
	expect_well_again(stage);
}

/* Nobody waits for an answer to pixels, but they are not seen. */
static void show_no_pixels(struct stage *stage)
{
	const struct vhost_user_gpu_scanout scanout = {0, WIDTH, HEIGHT};
	const struct vhost_user_gpu_update all = {0, 0, 0, WIDTH, HEIGHT};
	const size_t size = sizeof(all) + (size_t)WIDTH * HEIGHT * 4;
	g_autofree uint8_t *pixels = g_malloc0(size);
	unsigned int commits = double_counters.commits;

	memcpy(pixels, &all, sizeof(all));
	say(stage, VHOST_USER_GPU_SCANOUT, &scanout, sizeof(scanout), -1);
	say(stage, VHOST_USER_GPU_UPDATE, pixels, size, -1);
	AWAIT(double_counters.commits > commits);
	expect_told(stage);
	flips_are_unwatched = true;
	passed_s += TOO_LONG_S;
	expect_not_told(stage, "DP-1: nothing was shown and nothing failed for 2");
	double_flip(0);
	expect_well_again(stage);
}

static gboolean run_script(gpointer data)
{
	struct stage *stage = data;

	be_idle(stage);
	attach(stage);
	be_idle(stage);
	be_busy(stage);
	leave_guest_waiting(stage);
	show_no_pixels(stage);
	be_idle(stage);
	g_assert_cmpuint(stage->ready, ==, 1);
	kill(getpid(), SIGTERM);
	return G_SOURCE_REMOVE;
}

/* ---- life ---- */

static void listen_as_manager(struct stage *stage)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *limit = g_strdup_printf("%d", LIMIT_US);

	stage->notify_socket = g_build_filename(stage->folder, "notify", NULL);
	g_strlcpy(address.sun_path, stage->notify_socket, sizeof(address.sun_path));
	stage->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(stage->manager, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_setenv("NOTIFY_SOCKET", stage->notify_socket, TRUE);
	g_setenv("WATCHDOG_USEC", limit, TRUE);
}

static int open_card(void)
{
	int card;

	double_reset();
	double_card.modes = &double_small_mode;
	double_card.mode_count = 1;
	card = double_open();
	/* As one that was inherited. */
	g_assert_cmpint(fcntl(card, F_SETFD, 0), ==, 0);
	return card;
}

static void set_up(struct stage *stage)
{
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	*stage = (struct stage){.folder = g_dir_make_tmp("test-daemon-XXXXXX", NULL)};
	stage->display_socket = g_build_filename(stage->folder, "display", NULL);
	peers_make_picture(&stage->picture, WIDTH, HEIGHT);
	listen_as_manager(stage);
	path = g_build_filename(stage->folder, "scanoutd.conf", NULL);
	text = g_strdup_printf("[daemon]\nvt=none\nseat-manager=no\n[input]\nseat=none\n"
			       "[guest kiosk]\ndisplay-socket=%s\ninput=none\n",
		stage->display_socket);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	stage->config = config_load(path, NULL);
	g_assert_nonnull(stage->config);
	stage->config->daemon.drm_fd = open_card();
	g_assert_true(config_resolve(stage->config, NULL));
	g_unlink(path);
}

static void tear_down(struct stage *stage)
{
	g_autofree char *lock = g_strconcat(stage->display_socket, ".lock", NULL);

	close(stage->peer);
	close(stage->manager);
	peers_free_picture(&stage->picture);
	config_destroy(stage->config);
	double_reset();
	g_unlink(stage->notify_socket);
	/* The daemon has left it to the next one. */
	g_unlink(stage->display_socket);
	g_unlink(lock);
	g_assert_cmpint(g_rmdir(stage->folder), ==, 0);
	g_free(stage->notify_socket);
	g_free(stage->display_socket);
	g_free(stage->folder);
}

static void test_watchdog(void)
{
	g_autoptr(GError) error = NULL;
	struct stage stage;
	struct daemon *daemon;

	set_up(&stage);
	daemon = daemon_create(stage.config, &error);
	g_assert_no_error(error);
	g_idle_add(run_script, &stage);
	g_assert_cmpint(daemon_run(daemon), ==, 0);
	daemon_destroy(daemon);
	g_assert_cmpstr(double_faults(), ==, NULL);
	tear_down(&stage);
}

int main(int argc, char **argv)
{
	sigset_t signals;

	g_test_init(&argc, &argv, NULL);
	/* Before any thread: they are the daemon's. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	/* Where what is awaited does not come. */
	alarm(PATIENCE_S);
	g_log_set_writer_func(record, NULL, NULL);
	g_test_add_func("/daemon/watchdog", test_watchdog);
	return g_test_run();
}
