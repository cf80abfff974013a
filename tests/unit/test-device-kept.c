/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-input device whose process is killed, before, in and after each call in which something
 * changes that outlives it, and goes on in another process: the VMM, which has not noticed, has
 * each answer once, and the guest each group of events once and whole, in their order; what it sees
 * pressed when its process is gone is released once, or goes on being pressed where somebody holds
 * it.
 *
 * This process is the VMM, its guest and the store; the daemon is a child, which is forked again as
 * often as it dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <linux/virtio_input.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device_script.h"
#include "input/device_internal.h"
#include "store_double.h"
#include "vhost/vhost_internal.h"
#include "vhost_fixture.h"
#include "wire/account.h"
#include "wire/kept_fds.h"

#define BUFFER_OFFSET(head) (0x8000u + 64u * (head))
/* Of the points where a daemon can die; no number of one kind is a multiple of it. */
#define ONCE_STEP 13

/* ---- what outlives a process ---- */

static struct shared {
	bool armed;
	unsigned int points; /* so far, of all processes */
	unsigned int kill_at; /* the next one; 0: none */
	unsigned int kill_every; /* from then on; 0: no more */
	unsigned int wanted; /* groups that the host has made */
	unsigned int begun, sent; /* of them */
	bool maybe[SCRIPT_GROUPS]; /* its sender was killed at it */
	bool holds; /* who comes after says that the keys are held */
	bool connected; /* as its owner was told */
	bool counts; /* that it was adopted */
	bool changed; /* another device is at the same place */
	bool away; /* none is there */
	bool ends;
} * shared;

static bool is_daemon;

/* ---- where it can be killed ---- */

static bool point(void)
{
	if (!is_daemon || !shared->armed || ++shared->points != shared->kill_at)
		return false;
	shared->kill_at = shared->kill_every ? shared->points + shared->kill_every : 0;
	return true;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void pass(void)
{
	if (point())
		die();
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
	struct timespec *timeout)
{
	int result;

	pass();
	result = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
	pass();
	return result;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	int result;

	pass();
	result = (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
	pass();
	return result;
}

void __real_vhost_note(struct vhost *vhost, enum vhost_step step);
void __wrap_vhost_note(struct vhost *vhost, enum vhost_step step);
void __wrap_vhost_note(struct vhost *vhost, enum vhost_step step)
{
	pass();
	/* In the middle of it. */
	if (point()) {
		memset(&vhost->journal->pictures[!vhost->journal->current], 0xa5,
			sizeof(struct vhost_picture));
		die();
	}
	__real_vhost_note(vhost, step);
	pass();
}

void __real_device_note(struct device *device);
void __wrap_device_note(struct device *device);
void __wrap_device_note(struct device *device)
{
	pass();
	if (point()) {
		memset(&device->memory->pictures[!device->memory->current], 0xa5,
			sizeof(struct device_picture));
		memset(&device->memory->backlog.place, 0xa5, sizeof(struct backlog_place));
		die();
	}
	__real_device_note(device);
	pass();
}

void __real_ring_use(struct ring *ring, const struct memory *memory, const struct ring_chain *chain,
	uint32_t written);
void __wrap_ring_use(struct ring *ring, const struct memory *memory, const struct ring_chain *chain,
	uint32_t written);
void __wrap_ring_use(struct ring *ring, const struct memory *memory, const struct ring_chain *chain,
	uint32_t written)
{
	pass();
	__real_ring_use(ring, memory, chain, written);
	pass();
}

uint64_t __real_kept_fds_add(struct kept_fds *kept, int fd, bool known);
uint64_t __wrap_kept_fds_add(struct kept_fds *kept, int fd, bool known);
uint64_t __wrap_kept_fds_add(struct kept_fds *kept, int fd, bool known)
{
	uint64_t number;

	pass();
	number = __real_kept_fds_add(kept, fd, known);
	pass();
	return number;
}

void __real_kept_fds_remove(struct kept_fds *kept, uint64_t number, bool known);
void __wrap_kept_fds_remove(struct kept_fds *kept, uint64_t number, bool known);
void __wrap_kept_fds_remove(struct kept_fds *kept, uint64_t number, bool known)
{
	pass();
	__real_kept_fds_remove(kept, number, known);
}

bool __real_kept_fds_tidy(struct kept_fds *kept);
bool __wrap_kept_fds_tidy(struct kept_fds *kept);
bool __wrap_kept_fds_tidy(struct kept_fds *kept)
{
	bool more;

	pass();
	more = __real_kept_fds_tidy(kept);
	pass();
	return more;
}

/* ---- the daemon ---- */

static int take(void *data, const char *name)
{
	return store_double_take(name);
}

static bool keep(void *data, const char *name, int fd)
{
	pass();
	store_double_tell(true, name, fd);
	pass();
	return true;
}

static bool forget(void *data, const char *name)
{
	pass();
	store_double_tell(false, name, -1);
	pass();
	return true;
}

static const struct fd_keeper keeper = {take, keep, forget, NULL};

/* Eventfds: of the host for the daemon, and of the daemon for who waits for it. */
static int wake, news;

static void send_groups(struct input_sink *sink)
{
	struct input_value values[SCRIPT_VALUES_MAX];

	/* Of one that somebody died of nobody knows whether the guest has it. */
	if (shared->begun > shared->sent) {
		shared->maybe[shared->sent] = true;
		shared->sent = shared->begun;
	}
	while (shared->connected && shared->sent < shared->wanted) {
		size_t count = script_make_group(shared->sent, values);

		shared->begun = shared->sent + 1;
		input_sink_send(sink, values, count);
		shared->sent++;
	}
}

static gboolean woken(gint fd, GIOCondition condition, gpointer data)
{
	eventfd_t count;

	eventfd_read(fd, &count);
	send_groups(data);
	return G_SOURCE_CONTINUE;
}

static void owner_leds(void *data, uint32_t said, uint32_t leds)
{
}

static void owner_connected(void *data, bool connected)
{
	shared->connected = connected;
	/* What waits for it is sent when it is known to whom. */
	if (connected)
		eventfd_write(wake, 1);
}

static const struct input_sink_listener owner = {owner_leds, owner_connected};

/* Whoever holds a key says so before the device is settled. */
static void hold_keys(struct input_sink *sink)
{
	for (uint16_t i = 0; shared->holds && i < SCRIPT_KEYS; i++) {
		const struct input_value value = {EV_KEY, (uint16_t)(KEY_1 + i), 1};

		if (device_sees_pressed(sink, value.code))
			input_sink_send(sink, &value, 1);
	}
}

static int serve(const char *path)
{
	struct account *account = account_create("kiosk");
	struct device_options options = {
		.guest = "kiosk",
		.device = "all",
		.path = path,
		.account = account,
		.keeper = &keeper,
		.keeps_vmm = true,
	};
	struct input_description description;
	struct input_sink *sink;
	g_autoptr(GError) error = NULL;

	shared->connected = false;
	script_describe(&description, shared->changed ? "other" : "all");
	sink = device_create(&options, shared->away ? NULL : &description, &owner, NULL, &error);
	g_assert_no_error(error);
	/* Of those before this one nobody died by itself. */
	if (!shared->counts)
		((struct device *)sink)->memory->vhost.adopted = 0;
	hold_keys(sink);
	device_settle(sink);
	g_unix_fd_add(wake, G_IO_IN, woken, sink);
	send_groups(sink);
	/* Until there is nothing to do. */
	while (g_main_context_iteration(NULL, FALSE))
		;
	eventfd_write(news, 1);
	while (!shared->ends)
		g_main_context_iteration(NULL, TRUE);
	input_sink_destroy(sink);
	account_destroy(account);
	return 0;
}

/* ---- the guest and its VMM ---- */

struct world {
	char *directory, *path;
	struct vmm vmm;
	pid_t daemon;
	int alive; /* ends when the daemon does */
	unsigned int lives;
	bool lost; /* the connection */
	struct script_guest guest;
};

static void wake_daemon(void)
{
	g_assert_cmpint(eventfd_write(wake, 1), ==, 0);
}

static void begin_daemon(struct world *world)
{
	int alive[2];

	store_double_follow();
	g_assert_cmpint(pipe(alive), ==, 0);
	g_assert_cmpuint(++world->lives, <, 2000);
	world->daemon = fork();
	g_assert_cmpint(world->daemon, >=, 0);
	if (world->daemon == 0) {
		is_daemon = true;
		/* With us. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(alive[0]);
		if (world->vmm.fd >= 0)
			close(world->vmm.fd);
		_exit(serve(world->path));
	}
	close(alive[1]);
	world->alive = alive[0];
}

/* Until the fd can be read, or there is news; meanwhile the daemon is begun again as often as it
 * dies. */
static void await(struct world *world, int fd)
{
	for (;;) {
		struct pollfd fds[] = {{fd, POLLIN, 0}, {news, POLLIN, 0}, {world->vmm.fd, 0, 0},
			{world->alive, POLLIN, 0}};
		eventfd_t count;
		int status;

		g_assert_cmpint(poll(fds, G_N_ELEMENTS(fds), -1), >, 0);
		world->lost = fds[2].revents != 0;
		if (fds[1].revents)
			eventfd_read(news, &count);
		if (fds[0].revents || fds[1].revents || world->lost)
			return;
		g_assert_cmpint(waitpid(world->daemon, &status, 0), ==, world->daemon);
		g_assert_true(WIFSIGNALED(status));
		g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
		close(world->alive);
		begin_daemon(world);
	}
}

/* False: the connection has ended. */
static bool hear(struct world *world, struct vmm_message *reply)
{
	while (!world->lost && !vmm_receive(&world->vmm, reply))
		await(world, world->vmm.fd);
	return !world->lost;
}

static bool say(struct world *world, const struct vmm_message *message)
{
	struct vmm_message reply;

	if (world->lost)
		return false;
	vmm_send(&world->vmm, message);
	if (!vmm_expects_reply(message))
		return true;
	if (!hear(world, &reply))
		return false;
	g_assert_cmpuint(reply.request, ==, message->request);
	if (message->flags & VHOST_USER_NEED_REPLY)
		g_assert_cmpuint(reply.words[0], ==, 0);
	return true;
}

static void offer(struct world *world, uint16_t head)
{
	driver_offer_buffer(&world->vmm.drivers[DEVICE_EVENT_QUEUE], head, BUFFER_OFFSET(head),
		sizeof(struct virtio_input_event), true);
}

static void kick(struct world *world)
{
	g_assert_cmpint(eventfd_write(world->vmm.kicks[DEVICE_EVENT_QUEUE], 1), ==, 0);
}

static bool take_buffer(struct world *world)
{
	struct driver *driver = &world->vmm.drivers[DEVICE_EVENT_QUEUE];
	struct virtio_input_event event;
	struct vring_used_elem element;

	if (!driver_take_used(driver, &element))
		return false;
	g_assert_cmpuint(element.len, ==, sizeof(event));
	memcpy(&event, world->vmm.guest.bytes + BUFFER_OFFSET(element.id), sizeof(event));
	script_take_event(&world->guest, &event);
	offer(world, (uint16_t)element.id);
	driver_set_used_event(driver, driver->seen);
	return true;
}

/* The guest sleeps until it is called, as guests do. */
static void take_buffers(struct world *world)
{
	int call = world->vmm.calls[DEVICE_EVENT_QUEUE];
	bool taken = false;
	eventfd_t count;

	while (take_buffer(world))
		taken = true;
	if (taken) {
		kick(world);
		return;
	}
	await(world, call);
	eventfd_read(call, &count);
}

/* All that are sure to come. */
static bool has_all(const struct world *world, unsigned int wanted)
{
	for (unsigned int i = world->guest.next; i < wanted; i++) {
		if (!shared->maybe[i])
			return false;
	}
	return !world->guest.within;
}

/* The host makes so many groups more, and the guest has them, or it is known that nobody has. */
static void make_groups(struct world *world, unsigned int count)
{
	unsigned int wanted = shared->wanted + count;

	g_assert_cmpuint(wanted, <=, SCRIPT_GROUPS);
	shared->wanted = wanted;
	wake_daemon();
	while (!world->lost && !has_all(world, wanted))
		take_buffers(world);
}

static void start(struct world *world)
{
	struct vmm_message messages[VMM_SCRIPT_MAX];
	size_t count = vmm_script(&world->vmm, messages);

	for (size_t i = 0; i < count && say(world, &messages[i]); i++) {
		shared->armed = true;
		world->vmm.shared |= messages[i].request == VHOST_USER_ADD_MEM_REG;
	}
}

static void stop(struct world *world)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message disable = VMM_MESSAGE(VHOST_USER_SET_VRING_ENABLE,
			VMM_STATE(i, 0));

		say(world, &disable);
	}
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message ask = VMM_MESSAGE(VHOST_USER_GET_VRING_BASE,
			VMM_STATE(i, 0));
		struct vmm_message reply;

		if (world->lost)
			return;
		vmm_send(&world->vmm, &ask);
		if (!hear(world, &reply))
			return;
		g_assert_cmpuint((uint32_t)reply.words[0], ==, i);
		while (i == DEVICE_EVENT_QUEUE && take_buffer(world))
			;
		g_assert_cmpuint(reply.words[0] >> 32, ==, world->vmm.drivers[i].seen);
	}
}

/* A driver that knows of nothing. */
static void start_anew(struct world *world)
{
	for (unsigned int i = 0; i < VMM_QUEUES; i++)
		driver_init(&world->vmm.drivers[i], &world->vmm.guest, VMM_QUEUE_SIZE, i * 0x1000);
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		offer(world, head);
	script_guest_reset(&world->guest);
	start(world);
}

static void reboot(struct world *world)
{
	stop(world);
	start_anew(world);
}

/* What the guest reads of its device. */
static void expect_name(struct world *world, const char *name)
{
	struct vmm_message set = vmm_config(VHOST_USER_SET_CONFIG, 0, 1);
	struct vmm_message get = vmm_config(VHOST_USER_GET_CONFIG, 0, VMM_CONFIG_SIZE);
	struct virtio_input_config config;
	struct vmm_message reply;

	((uint8_t *)set.words)[sizeof(struct vhost_user_config)] = VIRTIO_INPUT_CFG_ID_NAME;
	g_assert_true(say(world, &set));
	vmm_send(&world->vmm, &get);
	g_assert_true(hear(world, &reply));
	memcpy(&config, (uint8_t *)reply.words + sizeof(struct vhost_user_config), sizeof(config));
	g_assert_cmpmem(config.u.string, config.size, name, strlen(name));
}

/* ---- life ---- */

static struct world *world_new(unsigned int kill_at, unsigned int kill_every)
{
	struct world *world = g_new0(struct world, 1);

	memset(shared, 0, sizeof(*shared));
	shared->kill_at = kill_at;
	shared->kill_every = kill_every;
	store_double_open();
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world->guest.maybe = shared->maybe;
	script_guest_reset(&world->guest);
	vmm_open(&world->vmm);
	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		offer(world, head);
	world->directory = g_dir_make_tmp("test-device-kept-XXXXXX", NULL);
	world->path = g_build_filename(world->directory, "all.sock", NULL);
	begin_daemon(world);
	/* The first news is that there is a socket. */
	await(world, news);
	vmm_connect(&world->vmm, world->path);
	return world;
}

static void expect_end(const struct world *world)
{
	int status;

	g_assert_cmpint(waitpid(world->daemon, &status, 0), ==, world->daemon);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void world_free(struct world *world)
{
	shared->armed = false;
	shared->ends = true;
	wake_daemon();
	expect_end(world);
	store_double_close();
	close(world->alive);
	close(wake);
	close(news);
	vmm_close(&world->vmm);
	g_unlink(world->path);
	g_rmdir(world->directory);
	g_free(world->path);
	g_free(world->directory);
	g_free(world);
}

/* ---- tests ---- */

/* A day in the life of a guest, killed at this point and, unless 0, every so many from then on. How
 * many daemons lived. */
static unsigned int run(unsigned int kill_at, unsigned int kill_every)
{
	struct world *world = world_new(kill_at, kill_every);
	unsigned int lives;

	start(world);
	make_groups(world, 3);
	make_groups(world, 8);
	/* Its VMM is paused. */
	stop(world);
	start(world);
	make_groups(world, 5);
	reboot(world);
	make_groups(world, 7);
	shared->armed = false;
	shared->kill_at = 0;
	/* In which each key is pressed and released. */
	make_groups(world, 21);
	g_assert_false(world->lost);
	g_assert_false(script_is_pressed(&world->guest));
	lives = world->lives;
	world_free(world);
	return lives;
}

static void test_not_killed(void)
{
	g_assert_cmpuint(run(0, 0), ==, 1);
	for (unsigned int i = 0; i < SCRIPT_GROUPS; i++)
		g_assert_false(shared->maybe[i]);
}

/* Each of them is some milliseconds: not all points in one go. */
static void test_once(void)
{
	unsigned int points;

	run(0, 0);
	points = shared->points;
	g_test_message("%u points", points);
	g_assert_cmpuint(points, >, 400);
	for (unsigned int i = 1; i <= points; i += ONCE_STEP) {
		unsigned int lives = run(i, 0);

		/* How many points there are is not always the same, by a few. */
		g_assert_cmpuint(lives, ==, shared->points < i ? 1 : 2);
	}
}

static void test_often(void)
{
	for (unsigned int every = 23; every < 200; every += 16)
		g_assert_cmpuint(run(every, every), >, 1);
}

static void kill_daemon(const struct world *world)
{
	g_assert_cmpint(kill(world->daemon, SIGKILL), ==, 0);
}

/* Ten fingers and four keys, of which nobody goes on holding any. */
static void test_let_go(void)
{
	struct world *world = world_new(0, 0);

	start(world);
	make_groups(world, 24);
	g_assert_true(world->guest.keys[KEY_1] && world->guest.keys[KEY_4] &&
		world->guest.keys[BTN_TOUCH]);
	kill_daemon(world);
	while (script_is_pressed(&world->guest))
		take_buffers(world);
	/* Releases of what is released are nobody's business. */
	make_groups(world, 4 + 8);
	g_assert_false(script_is_pressed(&world->guest));
	g_assert_false(world->lost);
	world_free(world);
}

/* Keys are held on; fingers are not. */
static void test_held(void)
{
	struct world *world = world_new(0, 0);

	start(world);
	make_groups(world, 24);
	shared->holds = true;
	kill_daemon(world);
	while (world->guest.contacts[SCRIPT_FINGERS - 1] >= 0 || world->guest.keys[BTN_TOUCH])
		take_buffers(world);
	for (uint16_t i = 0; i < SCRIPT_KEYS; i++)
		g_assert_true(world->guest.keys[KEY_1 + i]);
	make_groups(world, 4);
	g_assert_false(script_is_pressed(&world->guest));
	g_assert_false(world->lost);
	world_free(world);
}

/* A connection that cannot be gone on with is closed, and the next one is let in. */
static void expect_refused(void (*spoil)(void))
{
	struct world *world = world_new(0, 0);

	start(world);
	make_groups(world, 24);
	kill_daemon(world);
	store_double_follow();
	spoil();
	while (!world->lost)
		await(world, world->vmm.fd);
	vmm_hang_up(&world->vmm);
	vmm_connect(&world->vmm, world->path);
	world->lost = false;
	start_anew(world);
	make_groups(world, 12);
	g_assert_false(world->lost);
	world_free(world);
}

static void spoil_queue(void)
{
	store_double_lose("/queue-out/");
}

static void test_refused(void)
{
	expect_refused(spoil_queue);
}

/* Which nobody dies of by itself. */
static void die_often(struct world *world)
{
	shared->counts = true;
	for (unsigned int i = 0; i < 2 * VHOST_ADOPTED_MAX; i++) {
		unsigned int lives = world->lives;

		kill_daemon(world);
		while (world->lives == lives)
			await(world, news);
		g_assert_false(world->lost);
	}
}

/* A guest to whom nothing happens outlives as many as there are; and its device is what it was,
 * whatever is at that place now, until another VMM comes. */
static void test_idle(void)
{
	struct world *world = world_new(0, 0);

	start(world);
	make_groups(world, 3);
	die_often(world);
	expect_name(world, "all");
	shared->away = true;
	die_often(world);
	expect_name(world, "all");
	shared->away = false;
	shared->changed = true;
	die_often(world);
	expect_name(world, "all");
	make_groups(world, 9);
	g_assert_false(world->lost);
	vmm_hang_up(&world->vmm);
	vmm_connect(&world->vmm, world->path);
	expect_name(world, "other");
	world_free(world);
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0,
		0);
	g_assert_true(shared != MAP_FAILED);
	g_test_add_func("/device/kept/not-killed", test_not_killed);
	g_test_add_func("/device/kept/once", test_once);
	g_test_add_func("/device/kept/often", test_often);
	g_test_add_func("/device/kept/let-go", test_let_go);
	g_test_add_func("/device/kept/held", test_held);
	g_test_add_func("/device/kept/refused", test_refused);
	g_test_add_func("/device/kept/idle", test_idle);
	return g_test_run();
}
