/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests/fuzz/record writes of a peer's stream: its bytes from the first on, none left out,
 * runs of one byte in no more room than they need, and an end where a file is full.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUN 0x80
#define PIXELS 200000 /* of a picture of one color, bytes */
#define FILE_MAX 12000

/* `piece` is what is taken at once. */
static void send_all(int socket, int other, const uint8_t *bytes, size_t size, size_t piece)
{
	g_autofree uint8_t *came = g_malloc(piece);

	for (size_t at = 0; at < size;) {
		size_t part = MIN(piece, size - at);
		struct iovec iov = {came, piece};
		struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

		g_assert_cmpint(send(socket, bytes + at, part, 0), ==, part);
		g_assert_cmpint(recvmsg(other, &message, 0), ==, part);
		at += part;
	}
}

/* What the pieces of a file say, as fuzz_next_piece() reads them. */
static GByteArray *replay(const char *file, size_t size)
{
	GByteArray *stream = g_byte_array_new();
	const uint8_t *at = (const uint8_t *)file + 4;
	const uint8_t *end = (const uint8_t *)file + size;

	g_assert_cmpmem(file, 4, "peer", 4);
	while (at < end) {
		uint8_t kind = at[0];
		size_t length = (size_t)(at[1] | at[2] << 8);

		at += 3;
		g_assert_cmpuint(length, >, 0);
		for (size_t i = 0; i < length; i++)
			g_byte_array_append(stream, kind & RUN ? at : at + i, 1);
		at += kind & RUN ? 1 : length;
	}
	g_assert_true(at == end);
	return stream;
}

/* The file of a peer that has sent that, and what it says. */
static GByteArray *record(const uint8_t *bytes, size_t size, size_t piece, size_t *file_size)
{
	g_autofree char *folder = g_dir_make_tmp("test-fuzz-record-XXXXXX", NULL);
	g_autofree char *path = NULL;
	g_autofree char *file = NULL;
	GByteArray *stream;
	GDir *entries;
	int pair[2];

	g_setenv("RECORD", folder, TRUE);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	send_all(pair[0], pair[1], bytes, size, piece);
	close(pair[0]);
	close(pair[1]);
	entries = g_dir_open(folder, 0, NULL);
	path = g_build_filename(folder, g_dir_read_name(entries), NULL);
	g_assert_null(g_dir_read_name(entries));
	g_dir_close(entries);
	g_assert_true(g_file_get_contents(path, &file, file_size, NULL));
	stream = replay(file, *file_size);
	g_unlink(path);
	g_rmdir(folder);
	return stream;
}

static void test_pixels(void)
{
	static const uint8_t head[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	g_autofree uint8_t *bytes = g_malloc0(PIXELS + 2 * sizeof(head));
	g_autoptr(GByteArray) stream = NULL;
	size_t file_size;

	/* A header, a picture, and the next message. */
	memcpy(bytes, head, sizeof(head));
	memcpy(bytes + sizeof(head) + PIXELS, head, sizeof(head));
	stream = record(bytes, PIXELS + 2 * sizeof(head), 65536, &file_size);
	g_assert_cmpmem(stream->data, stream->len, bytes, PIXELS + 2 * sizeof(head));
	g_assert_cmpuint(file_size, <, 1000);
}

static void test_full(void)
{
	g_autofree uint8_t *bytes = g_malloc(2 * FILE_MAX);
	g_autoptr(GByteArray) stream = NULL;
	size_t file_size;

	for (size_t i = 0; i < (size_t)2 * FILE_MAX; i++)
		bytes[i] = (uint8_t)i;
	/* Small enough to have room behind what had none. */
	memset(bytes + (size_t)2 * FILE_MAX - 64, 0, 64);
	stream = record(bytes, (size_t)2 * FILE_MAX, 4096, &file_size);
	g_assert_cmpuint(file_size, <=, FILE_MAX + 4);
	g_assert_cmpuint(stream->len, >, FILE_MAX / 2);
	g_assert_cmpmem(stream->data, stream->len, bytes, stream->len);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fuzz/record/pixels", test_pixels);
	g_test_add_func("/fuzz/record/full", test_full);
	return g_test_run();
}
