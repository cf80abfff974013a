/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scripted back-end (tests/backend) on both of its sides. As a judge: every lie of a front-end,
 * played by hand here, must make it fail and say so. As a peer: a long script over each of the
 * three doors to our own channel, which must find every message right.
 */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../pattern.h"
#include "channel_fixture.h"
#include "wire/door.h"
#include "wire/relay.h"

static char *program_path(void)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	g_assert_cmpint(length, >, 0);
	self[length] = '\0';
	g_autofree char *folder = g_path_get_dirname(self);
	return g_build_filename(folder, "scripted-backend", NULL);
}

/* ---- running it ---- */

struct backend {
	GSubprocess *process;
	char *output;
	char *errors;
	bool done;
};

static void on_done(GObject *object, GAsyncResult *result, gpointer data)
{
	struct backend *backend = data;
	g_autoptr(GError) error = NULL;

	g_subprocess_communicate_utf8_finish(backend->process, result, &backend->output,
		&backend->errors, &error);
	g_assert_no_error(error);
	backend->done = true;
}

/* `fd`: becomes its fd 3, or -1. */
static void backend_start(struct backend *backend, int fd, const char *const *arguments)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(argv, program_path());
	for (; *arguments; arguments++)
		g_ptr_array_add(argv, g_strdup(*arguments));
	g_ptr_array_add(argv, NULL);
	if (fd >= 0)
		g_subprocess_launcher_take_fd(launcher, fd, 3);
	memset(backend, 0, sizeof(*backend));
	backend->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata,
		&error);
	g_assert_no_error(error);
	g_subprocess_communicate_utf8_async(backend->process, NULL, NULL, on_done, backend);
}

static void backend_wait(struct backend *backend)
{
	while (!backend->done)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_subprocess_get_if_exited(backend->process));
}

/* It must have passed (`part` NULL), or failed and said so. */
static void backend_finish(struct backend *backend, const char *part)
{
	backend_wait(backend);
	int status = g_subprocess_get_exit_status(backend->process);
	if (!part) {
		g_assert_cmpstr(backend->errors, ==, "");
		g_assert_cmpint(status, ==, 0);
	} else {
		g_assert_cmpint(status, ==, 1);
		if (!strstr(backend->errors, part))
			g_assert_cmpstr(backend->errors, ==, part);
	}
	g_object_unref(backend->process);
	g_free(backend->output);
	g_free(backend->errors);
}

/* ---- the judge ---- */

struct lie {
	const char *name;
	const char *script;
	/* Words of 32 bits that the front-end says, whatever it is asked. */
	uint32_t words[16];
	size_t word_count;
	size_t zeros; /* bytes behind them */
	bool closes; /* then */
	unsigned int
		last; /* so often is GET_PROTOCOL_FEATURES answered, which it asks at the end */
	const char *part; /* of what the judge says; NULL: it was no lie */
};

#define WORDS(...) .words = {__VA_ARGS__}, .word_count = G_N_ELEMENTS(((uint32_t[]){__VA_ARGS__}))
#define FEATURES 1, 4, 8, 3, 0

static const struct lie lies[] = {
	{"none", "post 0; post 0; wait", WORDS(10, 4, 0, 10, 4, 0), .last = 1},
	{"too-few", "post 0; post 0; wait", WORDS(10, 4, 0), .closes = true,
		.part = "line 3: wait: the socket is closed; 1 replies are missing"},
	{"twice", "flip 0", WORDS(10, 4, 0, 10, 4, 0),
		.part = "a reply to 10 that nobody waits for"},
	{"surplus-at-the-end", "post 0; wait", WORDS(10, 4, 0), .last = 2,
		.part = "a reply to 1 that nobody waits for"},
	{"out-of-order", "post 0; features; wait", WORDS(FEATURES, 10, 4, 0),
		.part = "a reply to 1, but the oldest request without one is 10"},
	{"no-reply-flag", "flip 0", WORDS(10, 0, 0), .part = "a reply to 10 with flags 0x0"},
	{"other-flags", "flip 0", WORDS(10, 5, 0), .part = "a reply to 10 with flags 0x5"},
	{"size-long", "flip 0", WORDS(10, 4, 4, 0),
		.part = "a reply to 10 of 4 bytes instead of 0"},
	{"size-short", "edid 0; wait", WORDS(11, 4, 1055),
		.part = "a reply to 11 of 1055 bytes instead of 1056"},
	{"cut", "edid 0; wait", WORDS(11, 4, 1056), .zeros = 20, .closes = true,
		.part = "closed the socket inside a reply"},
	{"edid-type", "edid 0; wait", WORDS(11, 4, 1056), .zeros = 1056,
		.part = "the reply to request 11 has type 0x0"},
	{"display-type", "display-info; wait", WORDS(3, 4, 408, 0x1104), .zeros = 404,
		.part = "the reply to request 3 has type 0x1104"},
	{"features", "features; wait", WORDS(1, 4, 8, 2, 0), .part = "lack EDID or DMABUF2"},
	{"display", "display-info; expect-display 0 0 0 0 0; expect-display 1 640 480 0 0",
		WORDS(3, 4, 408, 0x1101), .zeros = 404,
		.part = "line 3: expect-display: scanout 1 is not enabled"},
	{"no-edid", "edid 0; save-edid /dev/null", WORDS(11, 4, 1056, 0x1104), .zeros = 1052,
		.part = "the EDID is empty"},
	{"expected-no-edid", "edid 0; expect-no-edid",
		WORDS(11, 4, 1056, 0x1104, 0, 0, 0, 0, 0, 128), .zeros = 1028,
		.part = "the EDID has 128 bytes"},
	{"does-not-close", "wait-eof", .part = "nothing happened for 300 ms"},
	{"closes", "wait-eof", .closes = true},
};

struct liar {
	const struct lie *lie;
	GByteArray *heard; /* not a whole message yet */
};

static gboolean on_heard(gint fd, GIOCondition condition, gpointer data)
{
	static const uint32_t features[] = {FEATURES, FEATURES};
	struct liar *liar = data;
	struct vhost_user_gpu_header header;
	uint8_t bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got <= 0)
		return G_SOURCE_CONTINUE;
	g_byte_array_append(liar->heard, bytes, (guint)got);
	while (liar->heard->len >= sizeof(header)) {
		memcpy(&header, liar->heard->data, sizeof(header));
		if (liar->heard->len < sizeof(header) + header.size)
			break;
		g_byte_array_remove_range(liar->heard, 0, (guint)sizeof(header) + header.size);
		/* At once, or else it has gone before it sees the second. */
		size_t size = sizeof(features) / 2 * liar->lie->last;
		if (header.request == VHOST_USER_GPU_GET_PROTOCOL_FEATURES)
			g_assert_cmpint(send(fd, features, size, MSG_NOSIGNAL), ==, (ssize_t)size);
	}
	return G_SOURCE_CONTINUE;
}

static void test_lie(gconstpointer data)
{
	const struct lie *lie = data;
	static const uint8_t zeros[2000];
	struct backend backend;
	int pair[2];
	/* The one whose judgement is that nothing comes must not take long. */
	const char *limit = g_str_equal(lie->name, "does-not-close") ? "--timeout=0.3"
								     : "--timeout=30";

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	struct liar liar = {.lie = lie, .heard = g_byte_array_new()};
	guint source = 0;
	if (lie->last)
		source = g_unix_fd_add(pair[0], G_IO_IN, on_heard, &liar);
	g_assert_cmpint(write(pair[0], lie->words, lie->word_count * sizeof(uint32_t)), ==,
		(ssize_t)(lie->word_count * sizeof(uint32_t)));
	g_assert_cmpint(write(pair[0], zeros, lie->zeros), ==, (ssize_t)lie->zeros);
	if (lie->closes)
		g_assert_cmpint(shutdown(pair[0], SHUT_WR), ==, 0);
	backend_start(&backend, pair[1],
		(const char *const[]){limit, "--fd=3", "--do", lie->script, NULL});
	backend_finish(&backend, lie->part);
	if (source)
		g_source_remove(source);
	g_byte_array_free(liar.heard, TRUE);
	close(pair[0]);
}

/* ---- the doors ---- */

static const char long_script[] =
	"features; set-features; edid 5; display-info; wait\n"
	"scanout 0 16 8; update 0 0 0 16 8 pattern 1; update 0 3 2 5 4 ff8000\n"
	"split 1; update 0 1 1 3 2 pattern 2\n"
	"partial 33; update 0 2 2 9 3 pattern 3\n"
	"settle\n"
	"rest\n"
	"buffer a 64 48 kind=memfd; buffer b 64 48 kind=memfd stride=320 fourcc=AR24\n"
	"fill a pattern 7; fill b 102030; fill b pattern 8 10 10 20 20\n"
	"dmabuf 1 a; flip 1; dmabuf2 1 b flags=1 rect=4,4,40,30 modifier=0x10; flip 1 1 1 2 2\n"
	"repeat 3; cursor 2 -4 $i; hide 2 5 $i; repeat 2; post 1; end; end\n"
	"cursor-image 2 0 0 3 4 pattern 9; cursor-image 2 0 0 0 0 none\n"
	"dmabuf 1 none; dmabuf 1 a fds=0; flip 1\n"
	"update 7 0 0 4 4 000000; message 99 0102030405; flip 16\n"
	"deaf; edid 3; edid 16; display-info; hear; expect-no-edid\n";

/* What our side heard of it; the update's sums are compared with the picture that was drawn. */
static void check_heard(const char *events)
{
	static const char *const wanted[] = {
		"edid 5\n",
		"display_info\n",
		"scanout 0 16 8\n",
		"update_end 0 0 0 16 8 ",
		"update_end 0 3 2 5 4 ",
		"update_end 0 1 1 3 2 ",
		"update_end 0 2 2 9 3 ",
		"dmabuf_scanout 1 64x48+0+0 of 64x48 stride 256 fourcc 34325258 modifier "
		"ffffffffffffff upright fd ",
		"dmabuf_update 1 0 0 64 48\n",
		"dmabuf_scanout 1 40x30+4+4 of 64x48 stride 320 fourcc 34325241 modifier 10 inverted "
		"fd ",
		"dmabuf_update 1 1 1 2 2\n",
		"cursor_pos 2 -4 0 visible\n",
		"cursor_pos 2 5 0 hidden\n",
		"dmabuf_update 1 4 4 40 30\n",
		"cursor_pos 2 -4 2 visible\n",
		"cursor_update 2 0 0 hot 3 4 ",
		"cursor_update 2 0 0 hot 0 0 ",
		"dmabuf_scanout 1 0x0+0+0 of 0x0 stride 0 fourcc 00000000 modifier ffffffffffffff "
		"upright fd -",
		"dmabuf_update 1 0 0 0 0\n",
		"dmabuf_update 16 0 0 0 0\n",
		"edid 3\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		const char *found = strstr(events, wanted[i]);
		if (!found) {
			g_assert_cmpstr(events, ==, wanted[i]);
			return;
		}
		events = found;
	}
}

static bool inside(uint32_t x, uint32_t y, uint32_t left, uint32_t top, uint32_t width,
	uint32_t height)
{
	return x >= left && x < left + width && y >= top && y < top + height;
}

/* The script's four UPDATEs, one over the other. */
static void check_surface(const struct channel_fixture *fixture)
{
	for (uint32_t y = 0; y < 8; y++) {
		for (uint32_t x = 0; x < 16; x++) {
			uint32_t wanted = pattern_pixel(1, x, y), pixel;
			if (inside(x, y, 3, 2, 5, 4))
				wanted = 0xff8000;
			if (inside(x, y, 1, 1, 3, 2))
				wanted = pattern_pixel(2, x, y);
			if (inside(x, y, 2, 2, 9, 3))
				wanted = pattern_pixel(3, x, y);
			memcpy(&pixel, fixture->surface + y * fixture->stride + x * 4, 4);
			g_assert_cmphex(pixel, ==, wanted);
		}
	}
}

static void on_attached(void *data, int fd)
{
	fixture_attach(data, fd);
}

/* A fixture whose socket is to come by a door. */
static struct channel_fixture *empty_fixture(void)
{
	struct channel_fixture *fixture = fixture_create("kiosk", 16, 8, 4);

	channel_destroy(fixture->channel);
	fixture->channel = NULL;
	close(fixture->peer);
	fixture->peer = -1;
	fixture->reply_at_once = true;
	return fixture;
}

static void finish_long_script(struct backend *backend, struct channel_fixture *fixture)
{
	backend_finish(backend, NULL);
	fixture_settle();
	check_heard(fixture->events->str);
	check_surface(fixture);
	g_assert_true(g_str_has_suffix(fixture->events->str, "closed\n"));
	/* The faults that the script means: these, and no other. */
	g_autofree char *log = fixture_log_take();
	g_auto(GStrv) lines = g_strsplit(log ? log : "", "\n", -1);
	int guest_lines = 0;
	for (char **line = lines; *line; line++)
		guest_lines += strstr(*line, "not inside scanout 7") ||
			strstr(*line, "number 99 with 5 bytes") ||
			strstr(*line, "empty rectangle") || strstr(*line, "scanout 16");
	g_assert_cmpint(guest_lines, ==, 5);
	fixture_destroy(fixture);
}

static void test_inherited(void)
{
	struct channel_fixture *fixture = empty_fixture();
	g_autoptr(GError) error = NULL;
	struct backend backend;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	struct door *door = door_create_inherited(pair[0], on_attached, fixture, &error);
	g_assert_no_error(error);
	backend_start(&backend, pair[1],
		(const char *const[]){"--fd=3", "--do", long_script, NULL});
	finish_long_script(&backend, fixture);
	door_destroy(door);
}

static void test_listening(void)
{
	struct channel_fixture *fixture = empty_fixture();
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("test-doors-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "display", NULL);
	struct backend backend;

	struct door *door = door_create_path(&(struct door_options){.path = path}, on_attached,
		fixture, &error);
	g_assert_no_error(error);
	backend_start(&backend, -1,
		(const char *const[]){"--connect", path, "--do", long_script, NULL});
	finish_long_script(&backend, fixture);
	door_destroy(door);
	g_assert_cmpint(rmdir(folder), ==, 0);
}

static void on_scanouts(void *data, uint32_t count)
{
	g_assert_cmpuint(count, ==, 3);
}

static void on_detached(void *data)
{
}

/* Behind the relay, with a VMM that reboots in the middle of it. */
static void test_relay(void)
{
	static const struct relay_listener relay_listener = {on_attached, on_scanouts, on_detached,
		NULL};
	struct channel_fixture *fixture = empty_fixture();
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("test-doors-XXXXXX", NULL);
	g_autofree char *vmm_path = g_build_filename(folder, "vmm", NULL);
	g_autofree char *backend_path = g_build_filename(folder, "backend", NULL);
	g_autofree char *script = g_strconcat("vmm reboot;", long_script,
		"vmm reboot; flip 2; vmm exit", NULL);
	struct backend backend;
	const struct relay_options options = {
		.name = "kiosk",
		.vmm_path = vmm_path,
		.vmm_listen_fd = -1,
		.backend_path = backend_path,
	};

	struct relay *relay = relay_create(&options, &relay_listener, fixture, &error);
	g_assert_no_error(error);
	backend_start(&backend, -1,
		(const char *const[]){"--listen", backend_path, "--vmm", vmm_path, "--scanouts=3",
			"--do", script, NULL});
	finish_long_script(&backend, fixture);
	g_assert_cmpuint(relay_counters(relay)->sockets_swapped, ==, 1);
	g_assert_cmpuint(relay_counters(relay)->sockets_swallowed, ==, 2);
	relay_destroy(relay);
	g_assert_cmpint(rmdir(folder), ==, 0);
}

/* A program that it starts gets the socket's number, and its failure is the script's. */
static void test_program(void)
{
	struct backend backend;

	backend_start(&backend, -1,
		(const char *const[]){"--do", "wait-eof", "--", "/bin/sh", "-c",
			"test -S /proc/self/fd/{}", NULL});
	backend_finish(&backend, NULL);
	backend_start(&backend, -1,
		(const char *const[]){"--do", "wait-eof", "--", "/bin/sh", "-c", "exit 3", NULL});
	backend_finish(&backend, "/bin/sh ended with status 3");
}

/* ---- again ---- */

/* A front-end that listens, for one that closes each connection but the last after its first
 * request. */
struct killed {
	const char *name;
	const char *script;
	unsigned int connections;
	uint32_t last[8]; /* words that it says on the last one, which it closes then */
	size_t last_count;
	const char *part; /* of what the judge says; NULL: nothing, and the end is in order */
};

#define LAST(...) .last = {__VA_ARGS__}, .last_count = G_N_ELEMENTS(((uint32_t[]){__VA_ARGS__}))

static const struct killed kills[] = {
	{"goes-on", "again 2; flip 0", 3, LAST(10, 4, 0)},
	{"not-from-the-beginning", "run rmdir a-folder; again 1; flip 0", 2, LAST(10, 4, 0)},
	{"replies-of-another-connection", "again 1; flip 0", 2, LAST(10, 4, 0, 10, 4, 0),
		.part = "a reply to 10 that nobody waits for"},
	{"too-often", "again 1; flip 0; flip 0", 2, LAST(10, 4, 0),
		.part = "line 3: flip: the socket is closed; 1 replies are missing"},
	{"in-a-reply", "again 1; flip 0", 2, LAST(10, 4),
		.part = "the front-end closed the socket inside a reply"},
};

static void await_request(int fd)
{
	uint8_t request[64];

	g_assert_cmpint(recv(fd, request, sizeof(request), 0), >, 0);
}

static int accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	await_request(fd);
	return fd;
}

/* What is asked at the end of every script. */
static void answer_features(int fd)
{
	const uint32_t words[] = {FEATURES};

	await_request(fd);
	g_assert_cmpint(send(fd, words, sizeof(words), MSG_NOSIGNAL), ==, sizeof(words));
}

static void test_again(gconstpointer data)
{
	const struct killed *killed = data;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *folder = g_dir_make_tmp("test-again-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "display", NULL);
	g_autofree char *once = g_build_filename(folder, "once", NULL);
	g_autoptr(GString) script = g_string_new(killed->script);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct backend backend;
	int fd;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(listener, 1), ==, 0);
	g_assert_cmpint(g_mkdir(once, 0700), ==, 0);
	g_string_replace(script, "a-folder", once, 0);
	backend_start(&backend, -1,
		(const char *const[]){"--connect", path, "--do", script->str, NULL});
	for (unsigned int i = 1; i < killed->connections; i++)
		close(accept_one(listener));
	fd = accept_one(listener);
	g_assert_cmpint(send(fd, killed->last, killed->last_count * 4, MSG_NOSIGNAL), >, 0);
	if (killed->part == NULL)
		answer_features(fd);
	shutdown(fd, SHUT_WR);
	backend_finish(&backend, killed->part);
	close(fd);
	close(listener);
	rmdir(once);
	g_assert_cmpint(unlink(path), ==, 0);
	g_assert_cmpint(rmdir(folder), ==, 0);
}

/* ---- the script ---- */

static void test_bad_scripts(void)
{
	static const struct {
		const char *script;
		const char *part;
	} scripts[] = {
		{"cursor 0 0", "line 1: cursor: 1 more words are needed"},
		{"\n cursor 0 0 0 0", "line 2: cursor: \"0\" is one word too many"},
		{"jump", "line 1: jump: there is no such command"},
		{"scanout 0 x 1", "line 1: scanout: \"x\" is no number"},
		{"repeat 2\ncursor 0 0 0", "line 1: this repeat has no end"},
		{"repeat; end", "line 1: repeat N"},
		{"until /\ncursor 0 0 0", "line 1: this until has no end"},
		{"until; end", "line 1: until FILE"},
		{"until /; jump; end; until /nowhere; repeat 1; run exit 3; end; end",
			"line 6: run: \" exit 3\" failed with status 3"},
		{"dmabuf 0 nothing", "line 1: dmabuf: there is no buffer \"nothing\""},
		{"buffer a 1 1 kind=gold", "line 1: buffer: there is no memory \"gold\""},
		{"buffer a 1 1 size=3", "line 1: buffer: \"size=3\" is not understood"},
		{"buffer a 4 4 kind=null; fill a 000000",
			"line 2: fill: buffer \"a\" has no pixels"},
		{"update 0 0 0 1 1 red", "\"red\" is neither RRGGBB nor \"pattern\""},
		{"raw 012", "line 1: raw: \"012\" is not hex"},
		{"rest", "line 1: rest: no message is half sent"},
		{"vmm reboot", "line 1: vmm: there is no VMM of ours"},
		{"remove", "line 1: remove: no file: Invalid argument"},
		{"remove /nowhere", "line 1: remove: /nowhere: No such file or directory"},
		{"again", "line 1: again: again N"},
		{"again x", "line 1: again: "},
		{"run exit 4", "line 1: run: \" exit 4\" failed with status 4"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
		struct backend backend;
		int pair[2];
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
		backend_start(&backend, pair[1],
			(const char *const[]){"--fd=3", "--do", scripts[i].script, NULL});
		backend_finish(&backend, scripts[i].part);
		close(pair[0]);
	}
}

int main(int argc, char **argv)
{
	fixture_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autofree char *path = g_strconcat("/scripted-backend/judge/", lies[i].name, NULL);
		g_test_add_data_func(path, &lies[i], test_lie);
	}
	g_test_add_func("/scripted-backend/door/inherited", test_inherited);
	g_test_add_func("/scripted-backend/door/listening", test_listening);
	g_test_add_func("/scripted-backend/door/relay", test_relay);
	g_test_add_func("/scripted-backend/door/program", test_program);
	for (size_t i = 0; i < G_N_ELEMENTS(kills); i++) {
		g_autofree char *path = g_strconcat("/scripted-backend/again/", kills[i].name,
			NULL);
		g_test_add_data_func(path, &kills[i], test_again);
	}
	g_test_add_func("/scripted-backend/bad-scripts", test_bad_scripts);
	return g_test_run();
}
