/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two guests' keyboards, each with a VMM, and one call that fails: a key that is pressed is
 * released, whatever call that is, the guest is woken for both, and each request that wants a reply
 * has one or the VMM's socket was closed with a word, and the next VMM is served. The first one's
 * is a keyboard of the host's that is its own: udev, the node and the kernel's part of libevdev are
 * played.
 */
#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <linux/virtio_input.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device_fixture.h"
#include "harness.h"
#include "input/passthrough.h"
#include "interpose.h"
#include "peers.h"
#include "udev_double.h"

#define SESSIONS_MAX 3

/* Between two looks at what a VMM wants next. */
#define LOOK_MS 1

enum wish { WISH_NOTHING, WISH_PRESS, WISH_RELEASE };

struct keyboard {
	char *path;
	char *prefix; /* of one that is the guest's own */
	char *name;
	struct input_sink *sink;
	struct passthrough *passthrough; /* NULL: the sink is given what it sends */
	struct vmm vmm;
	bool connected;
	int wish; /* enum wish, of the VMM's thread */
	bool done;
	enum peers_result result;
	unsigned int closed; /* connections that were, before their end */
};

struct stage {
	char *folder;
	struct keyboard keyboards[2];
	GMainLoop *loop;
};

/* ---- the VMM, in a thread of its own ---- */

/* A VMM goes where what it needs is refused. */
static enum peers_result say(struct vmm *vmm, const struct vmm_message *message)
{
	g_autoptr(GByteArray) bytes = vmm_bytes(message);
	struct vhost_user_header header;
	uint64_t words[VMM_WORDS_MAX];

	if (!peers_send(vmm->fd, bytes->data, bytes->len, message->fd_count ? message->fds[0] : -1))
		return PEERS_CLOSED;
	if (!vmm_expects_reply(message))
		return PEERS_DONE;
	PEERS_TRY(peers_receive(vmm->fd, &header, sizeof(header), NULL));
	g_assert_cmpuint(header.request, ==, message->request);
	g_assert_cmphex(header.flags, ==, VHOST_USER_VERSION | VHOST_USER_REPLY);
	g_assert_cmpuint(header.size, <=, sizeof(words));
	PEERS_TRY(peers_receive(vmm->fd, words, header.size, NULL));
	return message->flags & VHOST_USER_NEED_REPLY && words[0] != 0 ? PEERS_CLOSED : PEERS_DONE;
}

static void offer(struct vmm *vmm, uint16_t head)
{
	driver_offer_buffer(&vmm->drivers[DEVICE_EVENT_QUEUE], head, DEVICE_BUFFER_OFFSET(head),
		sizeof(struct virtio_input_event), true);
}

static bool is_key(const struct vmm *vmm, uint32_t head, int32_t value)
{
	struct virtio_input_event event;

	memcpy(&event, vmm->guest.bytes + DEVICE_BUFFER_OFFSET(head), sizeof(event));
	return event.type == EV_KEY && event.code == KEY_A && (int32_t)event.value == value;
}

/* Looks at the ring only when it is called, as a driver does. */
static enum peers_result await_key(struct vmm *vmm, int32_t value)
{
	struct pollfd ready[] = {{.fd = vmm->calls[DEVICE_EVENT_QUEUE], .events = POLLIN},
		{.fd = vmm->fd, .events = POLLIN}};
	struct vring_used_elem element;
	bool found = false;
	eventfd_t calls;

	while (!found) {
		if (poll(ready, G_N_ELEMENTS(ready), PEERS_PATIENCE_MS) == 0)
			return PEERS_LOST;
		if (!ready[0].revents)
			return PEERS_CLOSED;
		g_assert_cmpint(eventfd_read(vmm->calls[DEVICE_EVENT_QUEUE], &calls), ==, 0);
		driver_set_used_event(&vmm->drivers[DEVICE_EVENT_QUEUE],
			vmm->drivers[DEVICE_EVENT_QUEUE].seen);
		while (driver_take_used(&vmm->drivers[DEVICE_EVENT_QUEUE], &element)) {
			found |= is_key(vmm, element.id, value);
			offer(vmm, (uint16_t)element.id);
			driver_set_used_event(&vmm->drivers[DEVICE_EVENT_QUEUE],
				vmm->drivers[DEVICE_EVENT_QUEUE].seen);
		}
		eventfd_write(vmm->kicks[DEVICE_EVENT_QUEUE], 1);
	}
	return PEERS_DONE;
}

static enum peers_result type(struct keyboard *keyboard)
{
	struct vmm *vmm = &keyboard->vmm;

	for (uint16_t head = 0; head < VMM_QUEUE_SIZE; head++)
		offer(vmm, head);
	eventfd_write(vmm->kicks[DEVICE_EVENT_QUEUE], 1);
	__atomic_store_n(&keyboard->wish, WISH_PRESS, __ATOMIC_RELEASE);
	PEERS_TRY(await_key(vmm, 1));
	__atomic_store_n(&keyboard->wish, WISH_RELEASE, __ATOMIC_RELEASE);
	return await_key(vmm, 0);
}

static enum peers_result use(struct keyboard *keyboard)
{
	struct vmm_message messages[VMM_SCRIPT_MAX];
	struct vmm *vmm = &keyboard->vmm;
	size_t count;

	vmm->fd = peers_connect(keyboard->path);
	if (vmm->fd < 0)
		return PEERS_LOST;
	count = vmm_script(vmm, messages);
	for (size_t i = 0; i < count; i++)
		PEERS_TRY(say(vmm, &messages[i]));
	PEERS_TRY(type(keyboard));
	for (unsigned int i = 0; i < VMM_QUEUES; i++) {
		const struct vmm_message stop = VMM_MESSAGE(VHOST_USER_GET_VRING_BASE,
			VMM_STATE(i, 0));

		PEERS_TRY(say(vmm, &stop));
	}
	g_assert_true(peers_is_silent(vmm->fd));
	return PEERS_DONE;
}

static gpointer run_vmm(gpointer data)
{
	struct keyboard *keyboard = data;
	unsigned int sessions = 0;

	keyboard->result = PEERS_CLOSED;
	while (keyboard->result == PEERS_CLOSED && sessions++ < SESSIONS_MAX) {
		vmm_open(&keyboard->vmm);
		keyboard->result = use(keyboard);
		vmm_close(&keyboard->vmm);
	}
	keyboard->closed = sessions - 1;
	__atomic_store_n(&keyboard->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- the host's own keyboard ---- */

/* After so long it is plugged in anew where it is not in use: its user asks for it once a second.
 * By the clock, as the patience of who waits for its keys. */
#define REPLUG_US 2500000

static struct {
	int fd; /* of the node that is open, an eventfd; or -1 */
	bool grabbed;
	int32_t values[8]; /* of the key, that the kernel has to tell */
	size_t told, count; /* … in turn with SYN_REPORT: twice as many */
	bool begins; /* it was grabbed since the last look */
	int64_t idle_us; /* since when it is not in use, or was plugged in; 0: it is in use */
	enum wish wish; /* what the guest waited for last */
} host;

/* An eventfd, which is readable when there is something to be told. */
static int open_host(void)
{
	host.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	host.told = host.count = 0;
	return host.fd;
}

int openat(int folder, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	if (g_str_equal(path, UDEV_DOUBLE_NODE))
		return open_host();
	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return openat(AT_FDCWD, path, flags, mode);
}

int libevdev_new_from_fd(int fd, struct libevdev **device)
{
	*device = libevdev_new();
	libevdev_set_name(*device, "keys");
	libevdev_enable_event_code(*device, EV_KEY, KEY_A, NULL);
	return 0;
}

int libevdev_grab(struct libevdev *device, enum libevdev_grab_mode mode)
{
	host.grabbed = mode == LIBEVDEV_GRAB;
	host.begins |= host.grabbed;
	return 0;
}

int libevdev_next_event(struct libevdev *device, unsigned int flags, struct input_event *event)
{
	eventfd_t woken;

	if (host.told == host.count) {
		eventfd_read(host.fd, &woken);
		return -EAGAIN;
	}
	*event = (struct input_event){.type = EV_SYN, .code = SYN_REPORT};
	if (host.told % 2 == 0) {
		event->type = EV_KEY;
		event->code = KEY_A;
		event->value = host.values[host.told / 2 % G_N_ELEMENTS(host.values)];
		libevdev_set_event_value(device, EV_KEY, KEY_A, event->value);
	}
	host.told++;
	return LIBEVDEV_READ_STATUS_SUCCESS;
}

static void press_own(int32_t value)
{
	host.values[host.count / 2 % G_N_ELEMENTS(host.values)] = value;
	host.count += 2;
	eventfd_write(host.fd, 1);
}

/* Pulled, and plugged in again, as a person does at last. */
static void replug(void)
{
	udev_double.action = "remove";
	udev_double_wake(1);
	while (g_main_context_iteration(NULL, FALSE))
		;
	udev_double.action = "add";
	udev_double_wake(1);
}

static void await_replug(void)
{
	int64_t now_us = g_get_monotonic_time();

	if (host.idle_us == 0)
		host.idle_us = now_us;
	if (now_us - host.idle_us < REPLUG_US)
		return;
	host.idle_us = now_us;
	replug();
}

/* Who sees nothing of what was pressed on one that is gone presses it again. */
static void repeat_own(void)
{
	if (host.wish != WISH_NOTHING)
		press_own(1);
	if (host.wish == WISH_RELEASE)
		press_own(0);
}

static bool is_in_use(struct keyboard *keyboard)
{
	if (!keyboard->passthrough)
		return keyboard->connected;
	if (!host.grabbed)
		await_replug();
	if (host.grabbed) {
		host.idle_us = 0;
		if (host.begins)
			repeat_own();
		host.begins = false;
	}
	return host.grabbed;
}

/* ---- who presses the key ---- */

static void press(struct keyboard *keyboard, int32_t value)
{
	const struct input_value values[] = {{EV_KEY, KEY_A, value}, {EV_SYN, SYN_REPORT, 0}};

	if (keyboard->passthrough) {
		host.wish = value ? WISH_PRESS : WISH_RELEASE;
		press_own(value);
		return;
	}
	input_sink_send(keyboard->sink, values, G_N_ELEMENTS(values));
}

static gboolean look(gpointer data)
{
	struct stage *stage = data;
	bool done = true;

	for (size_t i = 0; i < G_N_ELEMENTS(stage->keyboards); i++) {
		struct keyboard *keyboard = &stage->keyboards[i];
		int wish = __atomic_load_n(&keyboard->wish, __ATOMIC_ACQUIRE);
		bool is_done = __atomic_load_n(&keyboard->done, __ATOMIC_ACQUIRE);
		bool in_use = is_in_use(keyboard);

		done &= is_done && (!in_use || keyboard->passthrough);
		if (wish == WISH_NOTHING || !in_use)
			continue;
		__atomic_store_n(&keyboard->wish, WISH_NOTHING, __ATOMIC_RELEASE);
		press(keyboard, wish == WISH_PRESS);
	}
	if (done)
		g_main_loop_quit(stage->loop);
	return G_SOURCE_CONTINUE;
}

static void leds(void *data, uint32_t said, uint32_t on)
{
}

static void connected(void *data, bool connects)
{
	((struct keyboard *)data)->connected = connects;
}

static const struct input_sink_listener listener = {leds, connected};

/* ---- the scenario ---- */

/* A store that takes everything, and of which nobody asks anything back. */

static int take_nothing(void *data, const char *name)
{
	return -1;
}

static bool keep_it(void *data, const char *name, int fd)
{
	return true;
}

static bool forget_it(void *data, const char *name)
{
	return true;
}

static const struct fd_keeper keeper = {take_nothing, keep_it, forget_it, NULL};

/* These return NULL, or why there is no keyboard; the caller's. */

static char *make_keyboard(struct keyboard *keyboard)
{
	const struct device_options options = {.guest = keyboard->name,
		.device = "keyboard",
		.path = keyboard->path,
		.keeper = &keeper,
		.keeps_vmm = true};
	struct input_description description;
	g_autoptr(GError) error = NULL;

	device_fixture_describe(&description);
	keyboard->sink = device_create(&options, &description, &listener, keyboard, &error);
	g_assert_true((keyboard->sink != NULL) == (error == NULL));
	return error ? g_strdup(error->message) : NULL;
}

static char *make_own(struct keyboard *keyboard)
{
	static char name[] = "pad";
	static const struct config_device section = {.name = name};
	const struct passthrough_options options = {.section = &section,
		.seat = "seat0",
		.guest = keyboard->name,
		.prefix = keyboard->prefix};
	g_autoptr(GError) error = NULL;

	keyboard->passthrough = passthrough_create(&options, &error);
	g_assert_true((keyboard->passthrough != NULL) == (error == NULL));
	return error ? g_strdup(error->message) : NULL;
}

static void run_keyboards(struct stage *stage)
{
	guint source = g_timeout_add(LOOK_MS, look, stage);
	GThread *threads[G_N_ELEMENTS(stage->keyboards)];

	stage->loop = g_main_loop_new(NULL, FALSE);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("vmm", run_vmm, &stage->keyboards[i]);
	g_main_loop_run(stage->loop);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_source_remove(source);
	g_main_loop_unref(stage->loop);
}

static void check(const struct stage *stage, const char *told)
{
	unsigned int closed = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(stage->keyboards); i++) {
		g_assert_cmpint(stage->keyboards[i].result, ==, PEERS_DONE);
		closed += stage->keyboards[i].closed;
	}
	faults_expect_told(told, closed);
}

static void set_up(struct stage *stage)
{
	*stage = (struct stage){.folder = g_dir_make_tmp("test-fault-XXXXXX", NULL)};
	for (size_t i = 0; i < G_N_ELEMENTS(stage->keyboards); i++) {
		struct keyboard *keyboard = &stage->keyboards[i];

		keyboard->name = g_strdup_printf("guest%zu", i);
		keyboard->prefix = g_strdup_printf("%s/%zu", stage->folder, i);
		keyboard->path = g_strdup_printf("%s-pad.sock", keyboard->prefix);
	}
	g_main_context_default();
}

static void tear_down(struct stage *stage)
{
	for (size_t i = 0; i < G_N_ELEMENTS(stage->keyboards); i++) {
		g_free(stage->keyboards[i].name);
		g_free(stage->keyboards[i].path);
		g_free(stage->keyboards[i].prefix);
	}
	/* What could not be removed, or was not known to be ours, is there for the next one. */
	faults_remove_folder(stage->folder);
	g_free(stage->folder);
}

static void make(struct stage *stage, char **told)
{
	for (size_t i = 0; i < G_N_ELEMENTS(stage->keyboards); i++) {
		char *(*make_this)(struct keyboard *) = i == 0 ? make_own : make_keyboard;
		char *why = make_this(&stage->keyboards[i]);

		if (!why)
			continue;
		*told = why;
		g_assert_null(make_this(&stage->keyboards[i]));
	}
}

static void keyboards(void)
{
	struct stage stage;
	g_autofree char *before = NULL;
	g_autofree char *told = NULL;

	udev_double_reset(true);
	set_up(&stage);
	before = faults_list_fds();
	make(&stage, &told);
	run_keyboards(&stage);
	for (size_t i = 0; i < G_N_ELEMENTS(stage.keyboards); i++) {
		passthrough_destroy(stage.keyboards[i].passthrough);
		input_sink_destroy(stage.keyboards[i].sink);
	}
	check(&stage, told);
	faults_expect_fds(before);
	/* It is closed then, too. */
	g_assert_true(!host.grabbed || faults_is_in("libevdev_grab"));
	tear_down(&stage);
	udev_double_finish();
}

int main(int argc, char **argv)
{
	faults_init(&argc, &argv);
	faults_add("/fault/input/keyboards", keyboards, 40);
	return g_test_run();
}
