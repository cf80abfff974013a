/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries for the journal, at a socket of the test's; and a journal that sleeps, or is not
 * there. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "report/journal.h"

struct fixture {
	char *directory;
	char *path;
	int journal; /* the reader's end */
	int socket;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	fixture->directory = g_dir_make_tmp("journal-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->directory, "socket", NULL);
	g_strlcpy(address.sun_path, fixture->path, sizeof(address.sun_path));
	fixture->journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fixture->journal, (const struct sockaddr *)&address, sizeof(address)),
		==, 0);
	fixture->socket = journal_open();
	g_assert_cmpint(fixture->socket, >=, 0);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	close(fixture->socket);
	close(fixture->journal);
	g_unlink(fixture->path);
	g_rmdir(fixture->directory);
	g_free(fixture->path);
	g_free(fixture->directory);
}

static enum journal_result send_text(const struct fixture *fixture, const char *text)
{
	const GLogField field = {"MESSAGE", text, -1};

	return journal_send(fixture->socket, fixture->path, &field, 1);
}

static void expect(const struct fixture *fixture, const char *bytes, size_t size)
{
	char entry[16384];
	ssize_t got = recv(fixture->journal, entry, sizeof(entry), MSG_DONTWAIT);

	g_assert_cmpint(got, >=, 0);
	g_assert_cmpmem(entry, (size_t)got, bytes, size);
}

static void test_fields(struct fixture *fixture, gconstpointer data)
{
	static const char lines[] = "PRIORITY=4\nMESSAGE=guest kiosk: came\nEMPTY=\n"
				    "TWO\n\3\0\0\0\0\0\0\0a\nb\nRAW\n\2\0\0\0\0\0\0\0\0\1\n";
	const GLogField fields[] = {
		{"PRIORITY", "4", -1},
		{"MESSAGE", "guest kiosk: came", -1},
		{"EMPTY", "", -1},
		{"TWO", "a\nb", -1},
		{"RAW", "\0\1", 2},
	};

	g_assert_cmpint(journal_send(fixture->socket, fixture->path, fields, G_N_ELEMENTS(fields)),
		==, JOURNAL_SENT);
	expect(fixture, lines, sizeof(lines) - 1);
}

/* More than an entry may have, by a field of each form; the next one goes. */
static void test_too_much(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = g_strnfill(8192, 'x');

	g_assert_cmpint(send_text(fixture, text), ==, JOURNAL_FAILED);
	text[0] = '\n';
	g_assert_cmpint(send_text(fixture, text), ==, JOURNAL_FAILED);
	g_assert_cmpint(send_text(fixture, "next"), ==, JOURNAL_SENT);
	expect(fixture, "MESSAGE=next\n", 13);
}

static void test_asleep(struct fixture *fixture, gconstpointer data)
{
	unsigned int sent = 0;

	while (send_text(fixture, "a line") == JOURNAL_SENT)
		sent++;
	g_assert_cmpuint(sent, >, 0);
	g_assert_cmpint(send_text(fixture, "a line"), ==, JOURNAL_FULL);
	while (sent-- > 0)
		expect(fixture, "MESSAGE=a line\n", 15);
	g_assert_cmpint(send_text(fixture, "awake"), ==, JOURNAL_SENT);
	expect(fixture, "MESSAGE=awake\n", 14);
}

/* It is started anew: what comes then goes to the new one. */
static void test_not_there(struct fixture *fixture, gconstpointer data)
{
	struct fixture other;
	char *path;

	close(fixture->journal);
	g_assert_cmpint(send_text(fixture, "a line"), ==, JOURNAL_FAILED);
	g_unlink(fixture->path);
	g_assert_cmpint(send_text(fixture, "a line"), ==, JOURNAL_FAILED);
	set_up(&other, NULL);
	path = fixture->path;
	fixture->path = other.path;
	g_assert_cmpint(send_text(fixture, "again"), ==, JOURNAL_SENT);
	fixture->path = path;
	expect(&other, "MESSAGE=again\n", 14);
	tear_down(&other, NULL);
	fixture->journal = dup(fixture->socket);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/journal/fields", struct fixture, NULL, set_up, test_fields, tear_down);
	g_test_add("/journal/too-much", struct fixture, NULL, set_up, test_too_much, tear_down);
	g_test_add("/journal/asleep", struct fixture, NULL, set_up, test_asleep, tear_down);
	g_test_add("/journal/not-there", struct fixture, NULL, set_up, test_not_there, tear_down);
	return g_test_run();
}
