/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's whole life, from its configuration to its end, with two guests that show everything
 * that can be shown and one call that fails. Whatever call that is, a guest has a reply to each
 * request, or its session is closed, with a word, and the next one is whole; the guest beside it
 * does not notice; nothing is left open, and there is one line at most.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon.h"
#include "drm_double.h"
#include "harness.h"
#include "interpose.h"
#include "peers.h"

/* Of the monitors' mode: little, since every fault has two guests drawn anew. */
#define WIDTH DOUBLE_SMALL_WIDTH
#define HEIGHT DOUBLE_SMALL_HEIGHT

#define SESSIONS_MAX 3

/* Between two looks whether all is done. */
#define LOOK_MS 5

struct stage {
	char *folder;
	char *config;
	char *vmm_socket;
	char *backend_socket;
	char *runtime_folder;
	char *display_socket;
	struct peers_picture pictures[2];
	int listener; /* the back-end's */
	unsigned int running; /* guests */
	unsigned int closed; /* sessions that were closed before their end */
};

/* ---- the service manager ---- */

static int manager = -1; /* its socket, of this process */

/* It has read all that was sent before, as one that is never late: its queue may be as short as ten
 * messages, and a thread of its own would not be there where a fault forks. */
ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
	char text[256];

	while (manager >= 0 && recv(manager, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	return syscall(SYS_sendmsg, socket, message, flags);
}

static char *path_in(const struct stage *stage, const char *name)
{
	return g_build_filename(stage->folder, name, NULL);
}

/* ---- what is around the daemon ---- */

/* To which this user may give a file. */
static const char *own_group(void)
{
	/* cppcheck-suppress getgrgidCalled ; there is one thread */
	const struct group *group = getgrgid(getgid());

	g_assert_nonnull(group);
	return group->gr_name;
}

static void write_config(struct stage *stage)
{
	g_autofree char *drop_ins = g_strconcat(stage->config, ".d", NULL);
	g_autofree char *drop_in = g_build_filename(drop_ins, "1.conf", NULL);
	g_autofree char *text = g_strdup_printf("[daemon]\nstats=%s/stats.json\nvt=none\n"
						"seat-manager=no\nflip-timeout=500\n"
						"[input]\nseat=none\n"
						"[guest a]\nvmm-socket=%s\nbackend-socket=%s\n"
						"input=keyboard\nsocket-group=%s\n"
						"[guest b]\ndisplay-socket=%s\ninput=pointer\n"
						"scaling=fit\n",
		stage->folder, stage->vmm_socket, stage->backend_socket, own_group(),
		stage->display_socket);

	g_assert_true(g_file_set_contents(stage->config, text, -1, NULL));
	g_assert_cmpint(g_mkdir(drop_ins, 0700), ==, 0);
	g_assert_true(g_file_set_contents(drop_in, "[output DP-1]\nguest=a\n", -1, NULL));
}

/* READY=1, WATCHDOG=1 and what is to be kept go to a socket. */
static void set_up_manager(struct stage *stage)
{
	g_autofree char *path = path_in(stage, "notify");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(manager, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_setenv("NOTIFY_SOCKET", path, TRUE);
	g_setenv("FDSTORE", "512", TRUE);
	g_setenv("WATCHDOG_USEC", "10000000", TRUE);
}

/* A monitor without one is asked again for a while. */
static void give_edid(void)
{
	uint8_t edid[128] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x4c, 0x64};

	edid[18] = 1; /* version 1.3 */
	edid[19] = 3;
	for (size_t i = 0; i < sizeof(edid) - 1; i++)
		edid[sizeof(edid) - 1] = (uint8_t)(edid[sizeof(edid) - 1] - edid[i]);
	double_set_edid(0, edid, sizeof(edid));
	double_set_edid(1, edid, sizeof(edid));
}

static int open_card(struct stat *status)
{
	int card;

	double_reset();
	double_card.modes = &double_small_mode;
	double_card.mode_count = 1;
	double_card.crtcs = 2;
	double_card.connected[1] = true;
	double_card.events_at_once = true;
	card = double_open();
	give_edid();
	/* As one that was inherited. */
	g_assert_cmpint(fcntl(card, F_SETFD, 0), ==, 0);
	g_assert_cmpint(fstat(card, status), ==, 0);
	return card;
}

/* ---- the guests ---- */

static void end_guest(struct stage *stage, enum peers_result result, unsigned int closed)
{
	g_assert_cmpint(result, ==, PEERS_DONE);
	__atomic_add_fetch(&stage->closed, closed, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&stage->running, 1, __ATOMIC_RELEASE);
}

static gpointer run_relayed(gpointer data)
{
	struct stage *stage = data;
	enum peers_result result = PEERS_CLOSED;
	unsigned int sessions = 0;

	while (result == PEERS_CLOSED && sessions++ < SESSIONS_MAX)
		result = peers_relay(stage->vmm_socket, stage->listener, &stage->pictures[0]);
	end_guest(stage, result, sessions - 1);
	return NULL;
}

static gpointer run_direct(gpointer data)
{
	struct stage *stage = data;
	enum peers_result result = PEERS_CLOSED;
	unsigned int sessions = 0;

	while (result == PEERS_CLOSED && sessions++ < SESSIONS_MAX) {
		int socket = peers_connect(stage->display_socket);

		result = socket < 0 ? PEERS_LOST : peers_show(socket, &stage->pictures[1]);
	}
	end_guest(stage, result, sessions - 1);
	return NULL;
}

/* ---- the daemon ---- */

static bool is_lit(void)
{
	return double_value(DOUBLE_CRTC(0), "ACTIVE") && double_value(DOUBLE_CRTC(1), "ACTIVE");
}

/* When both guests have seen all, and both monitors are lit, as they are in the end. */
static gboolean end_if_done(gpointer data)
{
	const struct stage *stage = data;

	if (__atomic_load_n(&stage->running, __ATOMIC_ACQUIRE) > 0 || !is_lit())
		return G_SOURCE_CONTINUE;
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGTERM);
	return G_SOURCE_REMOVE;
}

static struct config *load_config(const struct stage *stage, int card, GError **error)
{
	struct config *config = config_load(stage->config, error);

	if (!config)
		return NULL;
	config->daemon.drm_fd = card;
	if (config_resolve(config, error))
		return config;
	config_destroy(config);
	return NULL;
}

/* Where nobody came to own it. */
static void close_card(int card, ino_t inode)
{
	struct stat status;

	if (fstat(card, &status) == 0 && status.st_ino == inode)
		close(card);
}

/* NULL, or why it did not start; the caller's. */
static char *run_daemon(struct stage *stage)
{
	g_autoptr(GError) error = NULL;
	struct stat status = {0};
	int card = open_card(&status);
	struct config *config = load_config(stage, card, &error);
	struct daemon *daemon = config ? daemon_create(config, &error) : NULL;
	GThread *threads[2] = {NULL};

	if (daemon) {
		stage->running = 2;
		threads[0] = g_thread_new("a", run_relayed, stage);
		threads[1] = g_thread_new("b", run_direct, stage);
		g_timeout_add(LOOK_MS, end_if_done, stage);
		g_assert_cmpint(daemon_run(daemon), ==, 0);
		daemon_destroy(daemon);
		g_thread_join(threads[0]);
		g_thread_join(threads[1]);
	} else {
		/* Whatever it is, it is told. */
		g_assert_nonnull(error);
		g_assert_true(faults_struck());
		close_card(card, status.st_ino);
	}
	if (config)
		config_destroy(config);
	g_assert_cmpstr(double_faults(), ==, NULL);
	/* It holds the other end of the card's fd. */
	double_reset();
	return daemon ? NULL : g_strdup(error->message);
}

static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void set_up(struct stage *stage)
{
	*stage = (struct stage){.folder = g_dir_make_tmp("test-fault-XXXXXX", NULL)};
	stage->config = path_in(stage, "scanoutd.conf");
	stage->vmm_socket = path_in(stage, "a.sock");
	stage->backend_socket = path_in(stage, "a-backend.sock");
	/* Its folder is the daemon's to make. */
	stage->runtime_folder = path_in(stage, "run");
	g_setenv("RUNTIME_DIRECTORY", stage->runtime_folder, TRUE);
	stage->display_socket = g_build_filename(stage->runtime_folder, "b.sock", NULL);
	/* The second one is scaled, and its cursor with it. */
	peers_make_picture(&stage->pictures[0], WIDTH, HEIGHT);
	peers_make_picture(&stage->pictures[1], WIDTH / 2, HEIGHT / 2);
	stage->listener = peers_listen(stage->backend_socket);
	write_config(stage);
	set_up_manager(stage);
	block_signals();
}

static void tear_down(struct stage *stage)
{
	for (size_t i = 0; i < G_N_ELEMENTS(stage->pictures); i++)
		peers_free_picture(&stage->pictures[i]);
	close(stage->listener);
	close(manager);
	faults_remove_folder(stage->folder);
	g_free(stage->config);
	g_free(stage->vmm_socket);
	g_free(stage->backend_socket);
	g_free(stage->display_socket);
	g_free(stage->runtime_folder);
	g_free(stage->folder);
}

/* What no fault is needed for, or what another line follows from. */
static bool is_usual(const char *line)
{
	return strstr(line, ": frames are copied: ") ||
		g_str_has_suffix(line, "picture not shown: the driver refuses a dumb buffer");
}

static void life(void)
{
	struct stage stage;
	g_autofree char *told = NULL;
	g_autofree char *before = NULL;

	faults_pause();
	set_up(&stage);
	/* GLib's own is there before any is counted. */
	g_main_context_default();
	before = faults_list_fds();
	faults_continue();
	told = run_daemon(&stage);
	if (told)
		g_assert_null(run_daemon(&stage));
	faults_expect_told(told, stage.closed);
	faults_expect_fds(before);
	tear_down(&stage);
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_set_usual(is_usual);
	faults_add("/fault/daemon/life", life, 40);
	return g_test_run();
}
